//! Where dtypes differ between platforms: C's `long` and `long double`. All of it is here.

use super::Number;

/// C's `long`: 8 bytes, except on Windows and on 32-bit machines.
pub(super) const LONG: Number = if cfg!(all(target_pointer_width = "64", not(windows))) {
    Number::Int64
} else {
    Number::Int32
};

/// C's `unsigned long`.
pub(super) const ULONG: Number = match LONG {
    Number::Int32 => Number::UInt32,
    _ => Number::UInt64,
};

/// NumPy's `intp`, the type of indices; `int` too, since NumPy 2.
pub(super) const INTP: Number = if cfg!(target_pointer_width = "64") {
    Number::Int64
} else {
    Number::Int32
};

/// NumPy's `uintp`.
pub(super) const UINTP: Number = match INTP {
    Number::Int32 => Number::UInt32,
    _ => Number::UInt64,
};

/// The size of the `long double` that files hold, in bytes: 16 where x86-64 Linux and 64-bit ARM
/// Linux wrote them (x87 extended precision and IEEE quadruple). Where `long double` is `double`
/// (Windows, macOS on ARM), NumPy's own is `'<f8'` and it reads no `'<f16'`; npload keeps the bytes.
pub(super) const LONG_DOUBLE_SIZE: usize = 16;

/// What the character codes `g` and `G` and the names `longdouble` and `clongdouble` stand for.
pub(super) const LONG_DOUBLE: (Number, Number) = if cfg!(any(
    windows,
    all(target_vendor = "apple", target_arch = "aarch64")
)) {
    (Number::Float64, Number::Complex128)
} else {
    (Number::LongDouble, Number::CLongDouble)
};
