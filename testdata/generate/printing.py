"""Prints printing.jsonl: arrays, and NumPy's str and repr of them at the default print options."""

import base64
import io
import itertools

import numpy as np
from arrays import COMPLEX, FLOATS, INTS, LONG, UNITS, long_doubles, numbers, raw_text, swapped, text, times, without_padding
from build import header, npy
from mltypes import HALVES, noted, patterns, void
from oracle import dump, ml_dtype, printed

RNG = np.random.default_rng(1234)


def floats():
    """Lists whose digits, exponents and padding depend on each other."""
    yield from [
        [0.0], [1.0], [-1.0], [1, 2, 3], [0.5, 1, 1.5], [0.1, 0.2, 0.3], [0.1 + 0.2], [1 / 3, 2 / 3], [1e-5, 1], [1e-4, 1],
        [0.0001, 0.001], [0.00012, 1], [9.9e-5, 1], [1, 1e8], [1, 99999999.0], [1, 1e7], [1, 1000], [1, 1001], [0.001, 1], [0.001, 1.001], [0.01, 10.01],
        [1e15], [1e16], [1e17], [123456789012345680.0], [1e15, 1], [1e16, 1], [1e16, 1e15], [1234567.8], [12345678.9], [123456789.9], [0.000123456789],
        [1e5, 1e6, 1e7], [1e-300, 1e300], [1e100], [-1e100], [1e-100], [1e99, 1e100], [1e-99, 1e-100], [5e-324], [1.7976931348623157e308],
        [np.nan], [np.inf], [-np.inf], [np.nan, 1], [np.inf, 1], [-np.inf, 1], [np.nan, 1.5, -2], [np.nan, -np.inf, np.inf], [np.nan, 1e-10], [np.inf, 1e20],
        [-np.inf, 1e20, 1], [np.nan] * 3, [-0.0], [0.0, -0.0], [-0.0, 1.5], [1, -1], [10, -1], [1, -10], [100, -0.5], [-100, 0.5], [1.10, 2.25, 3.125],
        [3.14159265358979], [2.718281828459045, 100], [1.00000001, 1], [1.000000001, 1], [1.0000000001], [0.999999999], [0.9999999999, 1], [9.99999999], [99999999.5],
        [1e-8, 1], [1e-9, 1], [1.5e-8, 1], [2.5], [0.5, 1e3], [0.25, 999], [1.2345678, 12.345678, 123.45678], [1.23456789, 123456.789], [100000.5, 0.000001],
        [1e3, 1e-3], [1e4, 1e-4], [1e2, 1e-1], [12345.678], [65504], [6.1e-5], [1e-7], [3e-8, 65504], [0.1, 1000.5], [1.5, 1000.25, 3], [4, 4.0001], [1e22], [1e23],
        [2**53], [2.0**53 + 2], [0.3, 0.1, 0.7], [33554432.0], [16777216.0, 1], [1.1754943508222875e-38], [3.4028234663852886e38], [8388608.5], [1e10, -1e10, 0],
    ]  # fmt: skip
    for _ in range(25):
        size = int(RNG.integers(1, 7))
        yield list(RNG.choice([-1, 1], size) * RNG.random(size) * 10.0 ** RNG.integers(-9, 10, size))
    for digits in range(1, 9):
        yield list(np.round(RNG.random(4) * 10.0 ** RNG.integers(-2, 4), digits))


def numeric():
    for i, values in enumerate(floats()):
        yield np.array(values)
        if max(map(abs, values)) < 1e38 and i % 2 == 0:
            yield np.array(values, "f4")
        if max(map(abs, values)) < 65000 and i % 3 == 0:
            yield np.array(values, "f2")
        if i % 6 == 0:
            yield without_padding(np.array(values, "f16"))
    for code in ["b1", *INTS, *FLOATS, *COMPLEX, *LONG]:
        array = numbers(code)
        yield array
        yield array[:6].reshape(2, 3)
        yield array[:6].reshape(3, 1, 2)
        yield array[2:4].reshape(1, 1, 1, 2)
        if array.itemsize > 1:
            yield swapped(array)
    for code in FLOATS:
        for value in numbers(code):
            yield np.array(value)
        bits = RNG.integers(0, 256, (6, 5 * np.dtype(code).itemsize), dtype="u1").view(code)
        yield from bits
    yield from (np.array(value) for value in (1e16, 1e15, 123456789.123, 1e-4, 1e-5, 0.1, 1 / 3, 100.0, 1e22))
    for value in long_doubles("f16"):
        yield without_padding(np.array([value], "f16")).reshape(())
    yield without_padding(np.array([np.longdouble(1) / 3, np.longdouble(2) ** 63, np.longdouble("1e-4000"), np.longdouble("1e4000")]))
    yield without_padding(np.array([np.longdouble(1) / 3]))
    yield without_padding(np.array([1, 2.5, -3], "f16"))
    yield without_padding(np.array([1 + 2j, -1.5j], "c32"))


def complexes():
    yield from [
        np.array(values)
        for values in [
            [1 + 2j], [1j], [-1j], [0j], [1 - 2j, -3 + 4j], [1.5 + 1e-5j], [1e10 + 1j], [1e16 + 1e-16j], [complex(np.nan, 1)], [complex(1, np.nan)], [complex(np.inf, -np.inf)],
            [complex(np.nan, np.nan)], [complex(-0.0, -0.0)], [complex(0.0, -0.0), 1], [1 + 2j, 100 + 0.25j], [1 / 3 + 2j / 3], [10 + 1j, 1 + 10j], [complex(1, np.inf), 2 - 3j], [1e-5 + 1e5j, 1],
            [complex(np.nan, 1), 2 + 3.25j], [1.25 + 2j, -10 - 100.5j],
        ]
    ]  # fmt: skip
    yield np.array(1 + 2j)
    yield np.array(complex(np.nan, -np.inf))
    yield np.array([1 / 3 + 2j, 1e9], "c8")
    yield np.array([[1 + 2j, 3], [4j, -5.5]])
    yield np.array(1.5 - 0.1j, "c8")


def integers():
    yield np.arange(30)
    yield np.arange(100).reshape(10, 10)
    yield np.arange(24, dtype="u1").reshape(2, 3, 4)
    yield np.arange(48, dtype="i2").reshape(2, 3, 2, 4) - 20
    yield np.arange(16, dtype="i1").reshape((2, 2, 2, 2))
    yield np.array([5, -1000, 33])
    yield np.array([[1], [1000], [-10]], "i2")
    yield np.array([10**18, -1])
    yield np.arange(40, dtype="u8") * 10**17
    yield np.array(7)
    yield np.array(-7, "i1")
    yield np.array([True, False])
    yield np.array(True)
    yield np.array([[True], [False]])
    yield np.arange(40) % 3 == 0
    yield np.array([0, 2, 255], "u1").view("b1")
    yield np.ones((1, 2, 1, 2, 1), "i4")
    yield np.arange(32, dtype="i4").reshape((2,) * 5)


def empties():
    kinds = ["f8", "f4", "i8", "i4", "u1", "b1", "c16", "S3", "S0", "U2", "U0", "V4", "V0", "M8[s]", "m8", ">f8", [("a", "f4")], "f2"]
    for kind in kinds:
        yield np.zeros((0,), kind)
        yield np.zeros((0, 3), kind)
    for shape in [(3, 0), (1, 0, 2), (0, 0), (2, 3, 0), (0, 1, 1, 1)]:
        yield np.zeros(shape)
        yield np.zeros(shape, "i4")


def wrapped():
    """Rows and elements that do not fit into 75 columns."""
    yield np.arange(26)
    yield np.arange(25) + 100
    yield np.linspace(0, 1, 23)
    yield np.linspace(0, 1, 24, dtype="f4").reshape(2, 12)
    yield np.arange(60).reshape(2, 30)
    yield np.arange(120).reshape(2, 2, 30) * 1000
    yield np.arange(20) * 10**12
    yield np.arange(15) * (1 + 1j)
    for width in (10, 60, 64, 65, 66, 70, 72, 73, 74, 75, 76, 80, 120):
        yield np.array(["x" * width])
        yield np.array(["x" * width, "y"])
        yield np.array([b"z" * (width // 2)] * 3)
    yield np.array([["word", "a longer word"], ["x" * 50, "y" * 40]])
    yield np.array(["several", "words", "that", "wrap", "around", "the", "end", "of", "the", "line", "here", "and", "again", "once"])
    yield np.array("x" * 100)
    for count in range(12, 20):
        yield np.full(count, 12.25)
    for count in (17, 18, 19, 24, 25, 37, 38):
        yield np.full(count, 1, "i1")
        yield np.full(count, 123, "u1").reshape(1, -1)
    yield np.full((1, 1, 19), 100, "i2")
    yield np.zeros((2, 1, 1, 40), "u1")


def summarised():
    """More than 1000 elements."""
    yield np.arange(1000, dtype="i2")
    yield np.arange(1001, dtype="i2")
    yield np.arange(1001, dtype="u2").astype("u1")
    yield np.zeros(1001, "b1")
    yield np.zeros((1001, 1), "u1")
    yield np.zeros((1, 1001), "u1")
    yield (np.arange(1200) % 251).astype("u1").reshape(40, 30)
    yield (np.arange(1100) % 251).astype("u1").reshape(11, 10, 10)
    yield (np.arange(1296) % 251).astype("u1").reshape(6, 6, 6, 6)
    yield (np.arange(1372) % 251).astype("u1").reshape(7, 7, 7, 4)
    yield (np.arange(1200) % 251).astype("u1").reshape(2, 2, 300)
    yield (np.arange(1200) % 251).astype("u1").reshape(300, 2, 2)
    yield (np.arange(1080) % 251).astype("i1").reshape(2, 3, 4, 5, 9)
    yield np.zeros((6, 200), "u1")
    yield np.zeros((7, 200), "u1")
    yield np.zeros((200, 6), "u1")
    yield np.zeros((200, 7), "u1")
    yield np.linspace(-2, 2, 1001).astype("f2")
    sixteen = np.zeros(1001, "f2")
    sixteen[500] = np.nan
    yield sixteen
    sixteen = np.zeros(1001, "f2")
    sixteen[[0, -1]] = 0.001, 1000
    yield sixteen
    yield np.full(1001, np.nan, "f2")
    yield np.asfortranarray((np.arange(1200) % 251).astype("u1").reshape(30, 40))
    yield np.array([b"a", b"bcd"] * 501, "S3")
    yield np.array(["a", "é"] * 501, "U1")
    yield np.zeros(1001, "V1")
    yield np.zeros(1001, "S0")
    yield np.zeros((0, 2000), "u1")
    yield np.zeros(1001, [("a", "u1"), ("b", "?")])
    yield np.arange(1001, dtype="u2").view("u1").view([("x", "u1"), ("y", "u1")])
    yield np.arange(1003, dtype="u4") * 4000001
    yield np.zeros((501, 2), [("s", "u1", (2,))])
    yield np.arange(1001).view("M8[D]")
    yield np.zeros(2, [("wide", "u1", (1100,))])
    yield np.zeros(1, [("sub", "u1", (3, 400))])


def words():
    yield text()
    yield text().reshape(2, 4)
    yield from (np.array(word) for word in ("", "a", "naïve", "🦀", "it's", 'say "x"', "both ' and \"", "new\nline", "tab\t", "nul\0in", "back\\slash", "\x7f", "\xa0", "\xad", "\u200b", "\u2028", "\ufeff", "\u0301", "日本"))
    yield from (np.array([word]) for word in ("it's", 'say "x"', "both ' and \"", "new\nline", "nul\0in", "\x1b[0m", "\x80\x9f", "\xad", "\u200b", "\u2028", "\u0378", "\ue000", "e\u0301"))
    yield raw_text(0xD800, 0x110000, 0x41)
    yield raw_text(0xD83E)[:1].reshape(())
    yield np.array(["a", "bcd"], ">U3")
    yield from (np.array(word, f"S{max(len(word), 1)}") for word in (b"", b"a", b"it's", b'"', b"'\"", b"\n\t\\", b"\0x", b"\xff\x80"))
    yield np.array([b"", b"a", b"it's", b'"', b"'\"", b"\n\t\\", b"\0x", b"\xff\x80", b"end\0"])
    yield np.array([[b"a", b"bc"], [b"def", b""]])
    yield np.array([b"\0\1", b"ab", b"'\\"], "V2")
    yield np.array(b"\0\1\xff", "V3")
    yield np.frombuffer(bytes(range(64)), "V16").reshape(2, 2)
    yield np.zeros(3, "V0")
    yield np.zeros((), "U0")
    yield np.zeros(2, "S0")


def datetimes():
    values = (0, 1, -1, 12345, -98765, 10**9, "NaT")
    for kind, unit in itertools.product("Mm", UNITS):
        yield times(kind, unit, values)
        yield times(kind, unit, (86_399,)).reshape(())
    for kind, unit in itertools.product("Mm", ("7D", "25s", "3M", "10Y", "100ns")):
        yield times(kind, unit, values)
    yield times("m", "", values)
    yield times("m", "", (5,)).reshape(())
    for kind in "Mm":
        yield times(kind, "s", ("NaT",))
        yield times(kind, "s", ("NaT",)).reshape(())
        yield times(kind, "D", ("NaT", 10, 200)).reshape(3, 1)
        yield times(kind, "ns", (2**63 - 1, -(2**63) + 1))
        yield swapped(times(kind, "ms", (1, 1000, "NaT")))
        yield times(kind, "h", tuple(range(12)))
    yield times("M", "", ("NaT", "NaT"))
    yield times("M", "D", (-719528, -719529, -719163, 2932896, 2932897, 10**7, -(10**7)))
    yield times("M", "s", (-62135596801, 253402300799, 253402300800, -(2**45), 2**45))
    yield times("M", "Y", (-1970, -1971, 7999, 8030, 8029, 98029, -11970))
    yield times("M", "D", (59, 60, 11016, 11017, -25509))
    yield times("M", "as", (2**63 - 1, -(2**63) + 1))


def structs():
    yield np.array([(1, 2.5), (30, -4)], [("a", "i4"), ("b", "f8")])
    yield np.array([(1, 1e10), (2, 1e-10)], [("a", "i4"), ("b", "f8")])
    yield np.array((1, 2.5), [("a", "i4"), ("b", "f8")])
    yield np.array([(1, "x"), (22, "yyy")], [("n", "u1"), ("s", "U3")])
    yield np.array([(b"it's", "a'b", True)], [("s", "S5"), ("u", "U4"), ("t", "?")])
    yield np.array([((1, 2), 3), ((40, 5), 6)], [("p", [("x", "i2"), ("y", "i2")]), ("z", "i2")])
    yield np.array([([1, 2, 3],), ([40, 5, 6],)], [("v", "i2", (3,))])
    yield np.array([([[1, 2], [3, 4.5]],)], [("m", "f4", (2, 2))])
    yield np.array([[(1,), (2,)], [(3,), (4,)]], [("only", "f4")])
    padded = np.zeros(1, np.dtype([("a", "u1"), ("b", "f8")], align=True))
    padded["a"], padded["b"] = 1, 2.5
    yield padded
    yield np.zeros(2, {"names": ["a", "b"], "formats": ["i2", "f4"], "offsets": [3, 9], "itemsize": 17})
    yield np.array([(1, 2)], [(("Title", "a"), "i4"), ("b", "i4")])
    yield np.array([("2020-01-01", 5), ("NaT", 6)], [("t", "M8[D]"), ("d", "m8[s]")])
    yield np.array([(1 + 2j, np.nan)], [("c", "c8"), ("f", "f2")])
    yield np.array([(True, 1), (False, 200)], [("b", "?"), ("u", "u1")])
    yield np.array([(b"\0\1", b"")], [("v", "V2"), ("e", "V0")])
    yield np.zeros(3, [])
    yield np.zeros((), [])
    yield np.zeros(2, [("e", []), ("x", "u1")])
    yield np.zeros(2, [("größe", "f4"), ("日本", "i2")])
    yield np.zeros(2, [("none", "f4", (0,)), ("x", "u1")])
    yield np.zeros(3, [(f"field_{i}", "f8") for i in range(12)])
    yield np.zeros((2, 2), [(f"f{i}", "u1") for i in range(8)])
    yield np.array([(1.5, [(1, 2), (3, 4)])], [("a", "f4"), ("s", [("x", "u1"), ("y", "u1")], (2,))])
    yield np.array([(np.inf, 1), (-0.0, -1)], [("a", ">f4"), ("b", ">i2")])
    yield np.array([([["a", "b"]],)], [("w", "U1", (1, 2))])
    yield np.array([(list(range(30)),)], [("long", "u1", (30,))])
    yield np.array([(np.arange(24).reshape(2, 3, 4),)], [("cube", "i2", (2, 3, 4))])
    yield np.array([(1 / 3, 1 / 3)], [("a", "f4"), ("b", "f8")])


def ml_arrays():
    """(name, bit patterns)"""
    for name, bits in patterns():
        step = max(bits.size // 24, 1)
        some = bits[::step]
        yield name, some
        yield name, bits[-1:].reshape(())
        yield name, np.resize(bits, (2, 2))
        yield name, bits[:0].reshape(0, 2)
        for value in bits[:: max(bits.size // 6, 1)]:
            yield name, np.array(value)
        if name not in HALVES:
            yield name, np.resize(bits, 40)
    yield "bfloat16", (np.arange(1002, dtype="<u2") + 0x3F80).reshape(2, 501)
    yield "float8_e4m3fn", np.resize(np.arange(126, dtype="u1"), 1200)
    yield "int4", np.resize(np.arange(16, dtype="u1"), (40, 26))


def show(data, source=None):
    array = np.load(io.BytesIO(data))
    if source:
        array = array.view(ml_dtype(source))
    words = printed(array)
    line = {"npy_base64": base64.b64encode(data).decode(), "str": words["str"], "repr": words["array_repr"]}
    print(dump({**line, "ml": source} if source else line))


def npy_bytes(array):
    fortran = array.flags.f_contiguous and not array.flags.c_contiguous
    descr = np.lib.format.dtype_to_descr(array.dtype)
    text = header(descr, array.shape, fortran)
    version = (1, 0) if all(character <= "\xff" for character in text) else (3, 0)
    return npy(text, array.tobytes("F" if fortran else "C"), version, align=1)


def main():
    seen = set()
    for part in (numeric, complexes, integers, empties, wrapped, summarised, words, datetimes, structs):
        for array in part():
            data = npy_bytes(np.asarray(array))
            if data not in seen:
                seen.add(data)
                show(data)
    for name, bits in ml_arrays():
        show(noted(void(bits.itemsize), bits.shape, name, bits.tobytes(), align=1), name)
    show(noted([("w", "<V2"), ("n", "|u1")], (2,), "{'w': bfloat16}", bytes.fromhex("803f01c07f02"), align=1), "[('w', bfloat16), ('n', 'u1')]")


if __name__ == "__main__":
    main()
