//! The list.

use crate::dtype::ML_DTYPES;

/// A global that the machine knows: exactly these modules and names, under every path at which
/// NumPy's and Python's pickles name them.
///
/// ```
/// use npload_pickle::Known;
/// assert_eq!(Known::find("numpy._core.multiarray", "_reconstruct"), Some(Known::NdReconstruct));
/// assert_eq!(Known::find("numpy", "__builtins__"), None);
/// assert_eq!(Known::find("builtins", "eval"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Known {
    /// `builtins.complex`.
    Complex,
    /// `builtins.bytes`.
    Bytes,
    /// `builtins.bytearray`.
    ByteArray,
    /// `builtins.set`.
    Set,
    /// `builtins.frozenset`.
    FrozenSet,
    /// `builtins.range`.
    Range,
    /// `builtins.slice`.
    Slice,
    /// `builtins.object`, as a base.
    Object,
    /// Another type of `builtins`, as a default factory.
    Type(&'static str),
    /// `_codecs.encode`, by which protocols below 3 write bytes.
    Encode,
    /// `copyreg._reconstructor`, by which protocols 0 and 1 write objects.
    Reconstructor,
    /// `collections.OrderedDict`.
    OrderedDict,
    /// `collections.defaultdict`.
    DefaultDict,
    /// `collections.Counter`.
    Counter,
    /// `collections.deque`.
    Deque,
    /// `datetime.date`.
    Date,
    /// `datetime.time`.
    Time,
    /// `datetime.datetime`.
    DateTime,
    /// `datetime.timedelta`.
    TimeDelta,
    /// `datetime.timezone`.
    TimeZone,
    /// `decimal.Decimal`.
    Decimal,
    /// `fractions.Fraction`.
    Fraction,
    /// `uuid.UUID`.
    Uuid,
    /// `numpy.ndarray`.
    NdArray,
    /// `numpy.dtype`.
    DTypeType,
    /// `numpy.core.multiarray._reconstruct`, in old files `numpy.core._internal._reconstruct`.
    NdReconstruct,
    /// `numpy.core.multiarray.scalar`.
    Scalar,
    /// `numpy.core.numeric._frombuffer`.
    FromBuffer,
    /// `numpy.dtypes.StringDType`.
    StringDType,
    /// `numpy.core._internal._convert_to_stringdtype_kwargs`.
    StringDTypeKwargs,
    /// A type of `ml_dtypes`, as a dtype.
    MlDtypes(&'static str),
}

impl Known {
    /// The entry for a module and a name, by Python 3's names.
    #[must_use]
    pub fn find(module: &str, name: &str) -> Option<Known> {
        Some(match (module, name) {
            ("builtins", name) => return Self::builtin(name),
            ("_codecs", "encode") => Known::Encode,
            ("copyreg", "_reconstructor") => Known::Reconstructor,
            ("collections", "OrderedDict") => Known::OrderedDict,
            ("collections", "defaultdict") => Known::DefaultDict,
            ("collections", "Counter") => Known::Counter,
            ("collections", "deque") => Known::Deque,
            ("datetime", "date") => Known::Date,
            ("datetime", "time") => Known::Time,
            ("datetime", "datetime") => Known::DateTime,
            ("datetime", "timedelta") => Known::TimeDelta,
            ("datetime", "timezone") => Known::TimeZone,
            ("decimal", "Decimal") => Known::Decimal,
            ("fractions", "Fraction") => Known::Fraction,
            ("uuid", "UUID") => Known::Uuid,
            ("numpy", "ndarray") => Known::NdArray,
            ("numpy", "dtype") => Known::DTypeType,
            (
                "numpy.core.multiarray"
                | "numpy._core.multiarray"
                | "numpy.core._internal"
                | "numpy._core._internal",
                "_reconstruct",
            ) => Known::NdReconstruct,
            ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar") => Known::Scalar,
            ("numpy.core.numeric" | "numpy._core.numeric", "_frombuffer") => Known::FromBuffer,
            ("numpy.dtypes", "StringDType") => Known::StringDType,
            (
                "numpy.core._internal" | "numpy._core._internal",
                "_convert_to_stringdtype_kwargs",
            ) => Known::StringDTypeKwargs,
            ("ml_dtypes" | "ml_dtypes._ml_dtypes_ext", name) => {
                let entry = ML_DTYPES.iter().find(|entry| entry.0 == name)?;
                Known::MlDtypes(entry.0)
            }
            _ => return None,
        })
    }

    fn builtin(name: &str) -> Option<Known> {
        Some(match name {
            "complex" => Known::Complex,
            "bytes" => Known::Bytes,
            "bytearray" => Known::ByteArray,
            "set" => Known::Set,
            "frozenset" => Known::FrozenSet,
            "range" => Known::Range,
            "slice" => Known::Slice,
            "object" => Known::Object,
            "bool" => Known::Type("bool"),
            "dict" => Known::Type("dict"),
            "float" => Known::Type("float"),
            "int" => Known::Type("int"),
            "list" => Known::Type("list"),
            "str" => Known::Type("str"),
            "tuple" => Known::Type("tuple"),
            _ => return None,
        })
    }

    /// Whether it may be a `defaultdict`'s factory: a builtin type, which makes an empty value.
    #[must_use]
    pub fn is_factory(self) -> bool {
        matches!(
            self,
            Known::Type(_)
                | Known::Complex
                | Known::Bytes
                | Known::ByteArray
                | Known::Set
                | Known::FrozenSet
        )
    }
}
