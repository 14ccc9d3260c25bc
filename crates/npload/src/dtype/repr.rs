//! Dtypes as NumPy shows them: `str`, `repr`, `name`, `str` attribute.

use std::fmt;

use super::number::ByteOrder;
use super::{DType, Field, Struct, Subarray};
use crate::python_repr;

impl DType {
    /// NumPy's `dtype.str`: `<f8`, `|b1`, `>M8[25s]`, `|V12` for a struct.
    ///
    /// ```
    /// use npload::DType;
    /// assert_eq!(DType::parse("float64")?.typestr(), "<f8");
    /// assert_eq!(DType::parse("?")?.typestr(), "|b1");
    /// # Ok::<(), npload::Error>(())
    /// ```
    #[must_use]
    pub fn typestr(&self) -> String {
        let order = match self {
            // ml_dtypes' types of one byte have an order in NumPy, always this machine's.
            DType::Number(number, order) if number.itemsize() > 1 || number.is_ml_dtype() => {
                symbol(*order)
            }
            DType::Str(_, order) | DType::DateTime(_, order) | DType::TimeDelta(_, order) => {
                symbol(*order)
            }
            _ => "|",
        };
        match self {
            DType::Object => "|O".to_owned(),
            DType::Str(len, _) => format!("{order}U{len}"),
            DType::DateTime(unit, _) => format!("{order}M8{unit}"),
            DType::TimeDelta(unit, _) => format!("{order}m8{unit}"),
            _ => format!("{order}{}{}", self.kind(), self.itemsize()),
        }
    }

    /// NumPy's `dtype.name`: `float64`, `datetime64[s]`, `void96`, `bfloat16`.
    #[must_use]
    pub fn name(&self) -> String {
        let stem = match self {
            DType::Number(number, _) => return number.name().to_owned(),
            DType::Object => return "object".to_owned(),
            DType::DateTime(unit, _) => return format!("datetime64{unit}"),
            DType::TimeDelta(unit, _) => return format!("timedelta64{unit}"),
            DType::Bytes(_) => "bytes",
            DType::Str(..) => "str",
            DType::Void(_) | DType::Struct(_) | DType::Subarray(_) => "void",
        };
        match self.itemsize() {
            // NumPy leaves the bits out of a type without a size, and of an empty struct.
            0 => stem.to_owned(),
            size => format!("{stem}{}", size.saturating_mul(8)),
        }
    }

    /// NumPy's `repr(dtype)`: `dtype('float64')`, `dtype('>f8')`, `dtype([('a', '<i4')])`.
    #[must_use]
    pub fn repr(&self) -> String {
        let aligned = matches!(self, DType::Struct(s) if s.aligned);
        format!(
            "dtype({}{})",
            self.construction(false),
            if aligned { ", align=True" } else { "" }
        )
    }

    /// What `numpy.dtype` takes to make it again; `short` is how it stands in a struct.
    fn construction(&self, short: bool) -> String {
        match self {
            DType::Struct(s) => s.construction(false),
            DType::Subarray(s) => s.construction(),
            DType::Object => "'O'".to_owned(),
            DType::Bytes(0) => "'S'".to_owned(),
            DType::Void(0) => "'V'".to_owned(),
            DType::Bytes(len) => format!("'S{len}'"),
            DType::Void(len) => format!("'V{len}'"),
            DType::Str(0, order) => format!("'{}U'", symbol(*order)),
            DType::Number(number, _) if number.is_ml_dtype() => number.name().to_owned(),
            DType::Number(number, order) => {
                let one_byte = number.itemsize() == 1;
                if number.kind() == 'b' {
                    if short { "'?'" } else { "'bool'" }.to_owned()
                } else if !short && (one_byte || *order == ByteOrder::NATIVE) {
                    format!("'{}'", number.name())
                } else {
                    let order = if one_byte { "" } else { symbol(*order) };
                    format!("'{order}{}{}'", number.kind(), number.itemsize())
                }
            }
            DType::Str(..) | DType::DateTime(..) | DType::TimeDelta(..) => {
                format!("'{}'", self.typestr())
            }
        }
    }
}

/// NumPy's `str(dtype)`: `float64`, `>f8`, `[('a', '<i4')]`.
impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DType::Struct(s) => f.pad(&s.construction(true)),
            DType::Subarray(s) => f.pad(&s.construction()),
            DType::Bytes(_) | DType::Str(..) | DType::Void(_) => f.pad(&self.typestr()),
            _ if self.is_native() => f.pad(&self.name()),
            _ => f.pad(&self.typestr()),
        }
    }
}

fn symbol(order: ByteOrder) -> &'static str {
    match order {
        ByteOrder::Little => "<",
        ByteOrder::Big => ">",
    }
}

impl Struct {
    /// A list where that says it all, else a dictionary with offsets. `with_align`: NumPy's
    /// `str` tells in it whether the struct is aligned, and its `repr` outside of it.
    fn construction(&self, with_align: bool) -> String {
        if self.is_packed() && !(with_align && self.aligned) {
            return format!("[{}]", joined(&self.fields, Field::construction));
        }
        let mut titles = String::new();
        if self.fields.iter().any(|field| field.title.is_some()) {
            let title = |field: &Field| {
                field
                    .title
                    .as_deref()
                    .map_or("None".into(), python_repr::text)
            };
            titles = format!("'titles': [{}], ", joined(&self.fields, title));
        }
        format!(
            "{{'names': [{}], 'formats': [{}], 'offsets': [{}], {titles}'itemsize': {}{}}}",
            joined(&self.fields, |field| python_repr::text(&field.name)),
            joined(&self.fields, |field| field.dtype.construction(true)),
            joined(&self.fields, |field| field.offset.to_string()),
            self.itemsize,
            if with_align && self.aligned {
                ", 'aligned': True"
            } else {
                ""
            },
        )
    }
}

fn joined(fields: &[Field], show: impl Fn(&Field) -> String) -> String {
    fields.iter().map(show).collect::<Vec<_>>().join(", ")
}

impl Field {
    /// The name as a descr has it: text, or `(title, name)`.
    pub(super) fn name_repr(&self) -> String {
        let name = python_repr::text(&self.name);
        match &self.title {
            Some(title) => format!("({}, {name})", python_repr::text(title)),
            None => name,
        }
    }

    fn construction(&self) -> String {
        let name = self.name_repr();
        match &self.dtype {
            DType::Subarray(s) => {
                format!(
                    "({name}, {}, {})",
                    s.base.construction(true),
                    s.shape_repr()
                )
            }
            dtype => format!("({name}, {})", dtype.construction(true)),
        }
    }
}

impl Subarray {
    fn construction(&self) -> String {
        format!("({}, {})", self.base.construction(true), self.shape_repr())
    }

    /// The shape as a Python tuple.
    pub(super) fn shape_repr(&self) -> String {
        crate::npy::tuple_repr(&self.shape)
    }
}
