//! The classes of what is built, looked up when a pickle first needs them.

use npload_pickle::Known;
use pyo3::prelude::*;

use super::value::Value;
use crate::ml_dtypes::ml_dtypes;

/// For the length of one load.
pub(super) struct Classes<'py> {
    py: Python<'py>,
    found: Vec<(Known, Bound<'py, PyAny>)>,
}

impl<'py> Classes<'py> {
    pub(super) fn new(py: Python<'py>) -> Self {
        let found = Vec::new();
        Classes { py, found }
    }

    /// The class, or whatever else the global is.
    pub(super) fn get(&mut self, known: Known) -> PyResult<Bound<'py, PyAny>> {
        if let Some((_, class)) = self.found.iter().find(|found| found.0 == known) {
            return Ok(class.clone());
        }
        let (module, name) = place(known);
        let class = match known {
            Known::MlDtypes(_) => ml_dtypes(self.py)?.getattr(name)?,
            _ => self.py.import(module)?.getattr(name)?,
        };
        self.found.push((known, class.clone()));
        Ok(class)
    }

    /// Which of those that were looked up is an object's class.
    pub(super) fn of(&self, value: &Value) -> Option<Known> {
        let class = value.type_of();
        let mut found = self.found.iter();
        found
            .find(|found| found.1.as_ptr() == class.cast())
            .map(|found| found.0)
    }
}

/// Whether it only exists to be called.
pub(super) fn is_function(known: Known) -> bool {
    matches!(
        known,
        Known::Encode
            | Known::Reconstructor
            | Known::NdReconstruct
            | Known::Scalar
            | Known::FromBuffer
            | Known::StringDTypeKwargs
    )
}

/// Whether methods of it are written in Python, or its module may have to be imported first.
pub(super) fn is_python(known: Known) -> bool {
    matches!(
        known,
        Known::Counter | Known::Decimal | Known::Fraction | Known::Uuid | Known::MlDtypes(_)
    )
}

/// Its module and its name.
pub(super) fn place(known: Known) -> (&'static str, &'static str) {
    match known {
        Known::Complex => ("builtins", "complex"),
        Known::Bytes => ("builtins", "bytes"),
        Known::ByteArray => ("builtins", "bytearray"),
        Known::Set => ("builtins", "set"),
        Known::FrozenSet => ("builtins", "frozenset"),
        Known::Range => ("builtins", "range"),
        Known::Slice => ("builtins", "slice"),
        Known::Object => ("builtins", "object"),
        Known::Type(name) => ("builtins", name),
        Known::Encode => ("_codecs", "encode"),
        Known::Reconstructor => ("copyreg", "_reconstructor"),
        Known::OrderedDict => ("collections", "OrderedDict"),
        Known::DefaultDict => ("collections", "defaultdict"),
        Known::Counter => ("collections", "Counter"),
        Known::Deque => ("collections", "deque"),
        Known::Date => ("datetime", "date"),
        Known::Time => ("datetime", "time"),
        Known::DateTime => ("datetime", "datetime"),
        Known::TimeDelta => ("datetime", "timedelta"),
        Known::TimeZone => ("datetime", "timezone"),
        Known::Decimal => ("decimal", "Decimal"),
        Known::Fraction => ("fractions", "Fraction"),
        Known::Uuid => ("uuid", "UUID"),
        Known::NdArray => ("numpy", "ndarray"),
        Known::DTypeType => ("numpy", "dtype"),
        Known::NdReconstruct => ("numpy._core.multiarray", "_reconstruct"),
        Known::Scalar => ("numpy._core.multiarray", "scalar"),
        Known::FromBuffer => ("numpy._core.numeric", "_frombuffer"),
        Known::StringDType => ("numpy.dtypes", "StringDType"),
        Known::StringDTypeKwargs => ("numpy._core._internal", "_convert_to_stringdtype_kwargs"),
        Known::MlDtypes(name) => ("ml_dtypes", name),
        // A newer list than this one.
        _ => ("builtins", "object"),
    }
}
