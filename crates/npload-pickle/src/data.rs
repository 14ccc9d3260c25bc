//! Values of types on the list, their contents checked: what [`Builder::construct`] makes.
//!
//! [`Builder::construct`]: crate::Builder::construct

use std::sync::Arc;

use num_bigint::BigInt;

pub use crate::dtype::{DType, Extent, Field, NaObject};

/// A value of a type on the list. `V` is the builder's handle.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Data<V> {
    /// `builtins.complex`.
    Complex(f64, f64),
    /// `builtins.bytearray` of a bytes value.
    ByteArray(V),
    /// `builtins.set` of the items of a list or tuple.
    Set(V),
    /// `builtins.frozenset` of the items of a list or tuple.
    FrozenSet(V),
    /// `builtins.range`; all three are ints, the last not 0.
    Range(V, V, V),
    /// `builtins.slice`; anything that Python's slice holds.
    Slice(V, V, V),
    /// `collections.OrderedDict` with its first pairs; more may follow.
    OrderedDict(Vec<(V, V)>),
    /// `collections.defaultdict` and its factory: `None` or a global of a builtin type.
    DefaultDict(V),
    /// `collections.Counter` of a dict.
    Counter(V),
    /// `collections.deque` of the items of a list or tuple, if there is one, with its `maxlen`.
    Deque(Option<V>, Option<u64>),
    /// `datetime.date`.
    Date(Date),
    /// `datetime.time`; its zone is a [`Data::TimeZone`].
    Time(Time, Option<V>),
    /// `datetime.datetime`; its zone is a [`Data::TimeZone`].
    DateTime(Date, Time, Option<V>),
    /// `datetime.timedelta`.
    TimeDelta(TimeDelta),
    /// `datetime.timezone`: less than a day from UTC, and a name that is a str.
    TimeZone(TimeDelta, Option<V>),
    /// `decimal.Decimal` by its canonical text.
    Decimal(String),
    /// `fractions.Fraction` in lowest terms, the second positive.
    Fraction(BigInt, BigInt),
    /// `uuid.UUID`, and whether it was made safely, if that is known.
    Uuid(u128, Option<bool>),
    /// `numpy.dtype`, with the metadata that somebody hung on it.
    DType(Arc<DType>, Option<V>),
    /// A scalar of NumPy's: its dtype, and bytes of its size.
    Scalar(Arc<DType>, V),
    /// `numpy.ndarray`.
    Array(Array<V>),
}

impl<V> Data<V> {
    /// The name of its type, as Python has it.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Data::Complex(..) => "complex",
            Data::ByteArray(_) => "bytearray",
            Data::Set(_) => "set",
            Data::FrozenSet(_) => "frozenset",
            Data::Range(..) => "range",
            Data::Slice(..) => "slice",
            Data::OrderedDict(_) => "OrderedDict",
            Data::DefaultDict(_) => "defaultdict",
            Data::Counter(_) => "Counter",
            Data::Deque(..) => "deque",
            Data::Date(_) => "date",
            Data::Time(..) => "time",
            Data::DateTime(..) => "datetime",
            Data::TimeDelta(_) => "timedelta",
            Data::TimeZone(..) => "timezone",
            Data::Decimal(_) => "Decimal",
            Data::Fraction(..) => "Fraction",
            Data::Uuid(..) => "UUID",
            Data::DType(..) => "dtype",
            Data::Scalar(..) => "NumPy scalar",
            Data::Array(_) => "ndarray",
        }
    }
}

/// An array whose shape, dtype and contents fit each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Array<V> {
    /// The dtype.
    pub dtype: Arc<DType>,
    /// The dtype's own value, which other arrays may share.
    pub dtype_value: V,
    /// The shape.
    pub shape: Vec<u64>,
    /// Whether the first index varies fastest.
    pub fortran: bool,
    /// How the axes are transposed after that, if they are.
    pub axes: Option<Vec<usize>>,
    /// Whether NumPy swaps the bytes of a plain dtype to the machine's order: it does so when it
    /// sets a state, but not over a buffer.
    pub to_native: bool,
    /// The elements.
    pub contents: Contents<V>,
}

/// The elements of an array.
#[derive(Clone, Debug, PartialEq)]
pub enum Contents<V> {
    /// Bytes, a bytearray or a buffer, of exactly the array's size.
    Bytes(V),
    /// A list of exactly as many objects, for dtypes that hold objects or `StringDType`'s texts.
    Objects(V),
}

/// A day that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "Python's names")]
pub struct Date {
    pub year: u16,
    pub month: u8,
    pub day: u8,
}

/// A time that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "Python's names")]
pub struct Time {
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
    pub microsecond: u32,
    pub fold: bool,
}

/// A span of time, normalised as Python's: only the days may be negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "Python's names")]
pub struct TimeDelta {
    pub days: i32,
    pub seconds: u32,
    pub microseconds: u32,
}
