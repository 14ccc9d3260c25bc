//! What pickles hold: the types of [`npload_pickle`](https://docs.rs/npload-pickle) that objects are
//! made of. The machine itself, and what looks for attacks, are that crate's alone.

pub use npload_pickle::{
    Array, Contents, DType, Data, Date, DeserializeLimits, Encoding, Error, ErrorKind, Extent,
    Field, GlobalName, Id, Known, Limits, NaObject, NdArray, NdData, Object, ObjectRef, Objects,
    Op, Options, PrintOptions, Reduced, Result, Scalar, Text, Time, TimeDelta, num_bigint,
    serde_core,
};
