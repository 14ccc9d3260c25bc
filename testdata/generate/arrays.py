"""Arrays whose values are the extremes of their dtype."""

import numpy as np
from build import without_padding

UNITS = ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"]
INTS = ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]
FLOATS = ["f2", "f4", "f8"]
COMPLEX = ["c8", "c16"]
LONG = ["f16", "c32"]


def ints(code):
    info = np.iinfo(code)
    return np.array([0, 1, info.max, info.min, info.max - 1, 7 if info.min == 0 else -7], code)


def floats(code):
    info = np.finfo(code)
    values = [np.nan, np.inf, -np.inf, -0.0, info.tiny, info.smallest_subnormal, info.max, info.min, 1.5, -info.eps, 0.1, 1e4]
    return np.array(values, code)


def complexes(code):
    real = floats({"c8": "f4", "c16": "f8", "c32": "f16"}[code])
    array = np.zeros(real.size, code)
    array.real, array.imag = real, real[::-1]
    return array


def long_doubles(code):
    if code == "c32":
        return without_padding(complexes(code))
    return without_padding(floats(code))


def numbers(code):
    """Twelve (ints: six) extreme values of a typestr without byte order, in native order."""
    if code in INTS:
        return ints(code)
    if code in FLOATS:
        return floats(code)
    if code in COMPLEX:
        return complexes(code)
    if code in LONG:
        return long_doubles(code)
    if code == "b1":
        return np.array([True, False, True, True, False, False])
    raise ValueError(code)


def swapped(array):
    """The same values in big-endian bytes."""
    return array.byteswap().view(array.dtype.newbyteorder(">"))


def text():
    return np.array(["", "a", "naïve", "日本語", "🦀 crab", "tab\t'\"\\", "\x7f\x80é", "nul\0in"], "U8")


def raw_text(*points, length=2):
    """A U array holding these code points, one to each element's first place, even if no str may."""
    array = np.zeros((len(points), length), "<u4")
    array[:, 0] = points
    array[:, 1] = ord("x")
    return array.view(f"<U{length}")[:, 0]


def times(kind, unit, values=(0, 1, -1, 1234567, "NaT")):
    """Times by their integers, so that no calendar rule applies; NaT is the smallest int64."""
    least = np.iinfo("i8").min
    array = np.array([least if value == "NaT" else value for value in values], "i8")
    return array.view(f"{kind}8[{unit}]" if unit else f"{kind}8")
