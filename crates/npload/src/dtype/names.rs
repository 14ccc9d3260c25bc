//! The names and character codes of dtypes.

use super::number::{ByteOrder, Number};
use super::platform::{INTP, LONG, LONG_DOUBLE, UINTP, ULONG};
use super::{DType, TimeUnit};

/// What a character code stands for: `d`, `?`, `S`.
pub(super) fn from_code(code: char, order: ByteOrder) -> Option<DType> {
    let number = match code {
        '?' => Number::Bool,
        'b' => Number::Int8,
        'B' => Number::UInt8,
        'h' => Number::Int16,
        'H' => Number::UInt16,
        'i' => Number::Int32,
        'I' => Number::UInt32,
        'l' => LONG,
        'L' => ULONG,
        'q' => Number::Int64,
        'Q' => Number::UInt64,
        'n' | 'p' => INTP,
        'N' | 'P' => UINTP,
        'e' => Number::Float16,
        'f' => Number::Float32,
        'd' => Number::Float64,
        'g' => LONG_DOUBLE.0,
        'F' => Number::Complex64,
        'D' => Number::Complex128,
        'G' => LONG_DOUBLE.1,
        'S' => return Some(DType::Bytes(0)),
        'c' => return Some(DType::Bytes(1)),
        'U' => return Some(DType::Str(0, order)),
        'V' => return Some(DType::Void(0)),
        'O' => return Some(DType::Object),
        'M' => return Some(DType::DateTime(TimeUnit::GENERIC, order)),
        'm' => return Some(DType::TimeDelta(TimeUnit::GENERIC, order)),
        _ => return None,
    };
    Some(DType::number(number, order))
}

/// What a name stands for: those in NumPy's `sctypeDict`, and ml_dtypes'.
pub(super) fn from_name(name: &str) -> Option<DType> {
    let number = match name {
        "bool_" => Number::Bool,
        "byte" => Number::Int8,
        "ubyte" => Number::UInt8,
        "short" => Number::Int16,
        "ushort" => Number::UInt16,
        "intc" => Number::Int32,
        "uintc" => Number::UInt32,
        "long" => LONG,
        "ulong" => ULONG,
        "longlong" => Number::Int64,
        "ulonglong" => Number::UInt64,
        "int" | "int_" | "intp" => INTP,
        "uint" | "uintp" => UINTP,
        "half" => Number::Float16,
        "single" => Number::Float32,
        "double" | "float" => Number::Float64,
        "longdouble" => LONG_DOUBLE.0,
        "csingle" => Number::Complex64,
        "cdouble" | "complex" => Number::Complex128,
        "clongdouble" => LONG_DOUBLE.1,
        "bytes" | "bytes_" => return Some(DType::Bytes(0)),
        "str" | "str_" | "unicode" => return Some(DType::Str(0, ByteOrder::NATIVE)),
        "void" => return Some(DType::Void(0)),
        "object" | "object_" => return Some(DType::Object),
        name => Number::from_name(name)?,
    };
    Some(DType::number(number, ByteOrder::NATIVE))
}
