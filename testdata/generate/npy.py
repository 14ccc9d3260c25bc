"""The corpus of .npy files: every dtype, order, byte order and version, and every style of header."""

import numpy as np
from arrays import COMPLEX, FLOATS, INTS, LONG, UNITS, numbers, raw_text, swapped, text, times
from build import Case, header, npy, saved, zipped


def case(name, *args, **kwargs):
    return Case(f"npy/{name}.npy", *args, **kwargs)


def cases():
    yield from plain()
    yield from booleans()
    yield from strings()
    yield from datetimes()
    yield from structs()
    yield from objects()
    yield from header_styles()
    yield from streams()
    yield from exact_shapes()


def layouts(name, array, order="le"):
    """A 1-d array in both memory orders, in 0 to 4 dimensions, and empty; the version changes along."""
    six = array[:6]
    yield case(f"{name}-{order}-0d", saved(array[0].reshape(()) if array.ndim > 1 else array[:1].reshape(())))
    yield case(f"{name}-{order}-1d", saved(array))
    yield case(f"{name}-{order}-2d-c", saved(six.reshape(2, 3), (2, 0)))
    yield case(f"{name}-{order}-2d-f", saved(np.asfortranarray(six.reshape(2, 3)), (3, 0)))


def more_layouts(name, array):
    six = array[:6]
    yield case(f"{name}-le-3d-c", saved(six.reshape(1, 3, 2)))
    yield case(f"{name}-le-3d-f", saved(np.asfortranarray(np.stack([six.reshape(3, 2)] * 2)), (2, 0)))
    yield case(f"{name}-le-4d-f", saved(np.asfortranarray(six.reshape(1, 2, 3, 1))))
    yield case(f"{name}-le-empty-0", saved(array[:0]))
    yield case(f"{name}-le-empty-3-0-2", saved(np.zeros((3, 0, 2), array.dtype), (3, 0)))


def plain():
    for code in ["b1", *INTS, *FLOATS, *COMPLEX, *LONG]:
        array = numbers(code)
        yield from layouts(code, array)
        yield from more_layouts(code, array)
        if array.itemsize > 1:
            yield from layouts(code, swapped(array), "be")
            yield case(f"{code}-be-empty-2-0", saved(np.zeros((2, 0), swapped(array).dtype)))
    yield case("f16-with-bytes-in-its-padding", npy(header("<f16", (1,)), bytes.fromhex("00000000000000c0ff3f") + b"\xab" * 6))
    yield case("f4-fortran-flag-1d", npy(header("<f4", (3,), True), numbers("f4")[:3].tobytes()))
    yield case("f4-fortran-flag-0d", npy(header("<f4", (), True), numbers("f4")[8:9].tobytes()))
    yield case("f4-fortran-flag-one-column", npy(header("<f4", (3, 1), True), numbers("f4")[:3].tobytes()))
    yield case("f8-32-dimensions", saved(np.array([0.5, 2.0]).reshape((1,) * 31 + (2,))))
    yield case("i4-64-dimensions", saved(np.arange(4, dtype="<i4").reshape((1,) * 62 + (2, 2))))
    yield case("i2-strided-source", saved(np.arange(12, dtype="<i2").reshape(3, 4)[::2, ::-1]))
    yield case("i4-1100-elements", saved(np.arange(1100, dtype="<i4")))
    for nan, bits in {"signalling": 0x7FA00001, "payload": 0x7FC12345, "negative": 0xFFC00000}.items():
        yield case(f"f4-nan-{nan}", npy(header("<f4", (1,)), np.array([bits], "<u4").tobytes()))


def booleans():
    yield case("b1-bytes-other-than-0-and-1", npy(header("|b1", (8,)), bytes([0, 1, 2, 127, 128, 255, 1, 0])))
    yield case("b1-question-mark", npy(header("?", (2,)), b"\1\0"))


def strings():
    words = np.array([b"", b"a", b"tab\t'\"\\", b"\0in", b"\xff\xfe", b"trail"], "S6")
    yield from layouts("bytes6", words)
    yield from more_layouts("bytes6", words)
    unicode = text()
    yield from layouts("text8", unicode)
    yield from more_layouts("text8", unicode)
    yield from layouts("text8", unicode.astype(">U8"), "be")
    yield case("text2-lone-surrogates", saved(raw_text(0xD800, 0xDFFF, 0xDC80)))
    yield case("text2-surrogate-pair", saved(np.array([[0xD83E, 0xDD80]], "<u4").view("<U2")[:, 0]))
    yield case("text2-code-points-over-10ffff", saved(raw_text(0x110000, 0xFFFFFFFF)))
    yield case("text2-noncharacters", saved(raw_text(0xFFFE, 0xFFFF, 0x10FFFF, 0xFEFF)))
    yield case("text1-be-lone-surrogate", npy(header(">U1", (1,)), b"\0\0\xd8\0"))
    for descr in ("|S0", "<U0", ">U0", "|V0"):
        name = {"|S0": "bytes0", "<U0": "text0", ">U0": "text0-be", "|V0": "void0"}[descr]
        yield case(f"{name}-3-elements", npy(header(descr, (3,))))
        yield case(f"{name}-0d", npy(header(descr, ())))
    yield case("bytes0-empty", npy(header("|S0", (0, 4))))
    yield case("bytes-of-2-gib-empty", npy(header("|S2147483647", (0,))))
    yield case("void-of-2-gib-empty", npy(header("|V2147483647", (0,))))
    yield case("bytes-without-size", npy(header("S", (2,))))
    yield case("text-without-size", npy(header("U", (2,))))
    void = np.array([b"\0\1\2\3\4", b"abcde", b"\xff\xfe\xfd\xfc\xfb", b"\0\0\0\0\0", b"'\"\\\n\t", b"12345"], "V5")
    yield from layouts("void5", void)
    yield from more_layouts("void5", void)
    yield case("void1", saved(np.array([0, 65, 255], "u1").view("V1")))
    yield case("void16-0d", saved(np.arange(16, dtype="u1").view("V16").reshape(())))


UNIT_NAMES = dict(zip(UNITS, ["year", "month", "week", "day", "hour", "minute", *UNITS[6:]]))


def datetimes():
    for kind, word in {"M": "datetime", "m": "timedelta"}.items():
        for unit, name in UNIT_NAMES.items():
            yield case(f"{word}-{name}", saved(times(kind, unit)))
        for unit, name in {"7D": "7-days", "25s": "25s", "3M": "3-months", "10Y": "10-years", "100ns": "100ns", "2147483647s": "2147483647s"}.items():
            yield case(f"{word}-{name}", saved(times(kind, unit)))
        yield from layouts(f"{word}-day", np.resize(times(kind, "D"), 6))
        yield from layouts(f"{word}-ns", swapped(np.resize(times(kind, "ns"), 6)), "be")
        yield case(f"{word}-ns-extremes", saved(times(kind, "ns", (2**63 - 1, -(2**63) + 1, "NaT"))))
        yield case(f"{word}-s-extremes", saved(times(kind, "s", (2**40, -(2**40), 253402300800, -62167219201, -62167219200))))
        yield case(f"{word}-empty", saved(times(kind, "us", ())))
        yield case(f"{word}-all-nat", saved(times(kind, "s", ("NaT", "NaT"))))
    yield case("timedelta-generic", saved(times("m", "")))
    yield case("timedelta-generic-be", saved(swapped(times("m", ""))))
    yield case("datetime-generic-nat", saved(times("M", "", ("NaT", "NaT"))))
    yield case("datetime-generic-values", saved(times("M", "", (0, 1, "NaT"))))
    yield case("datetime-divided-unit", npy(header("<M8[s/4]", (2,)), bytes(16)))
    yield case("datetime-leap-days", saved(np.array(["2000-02-29", "1900-02-28", "2100-03-01", "0000-01-01", "-0001-12-31"], "M8[D]")))
    yield case("datetime-minutes", saved(np.array(["1969-12-31T23:59", "2038-01-19T03:14", "NaT"], "M8[m]")))


def structs():
    def filled(dtype, count=3):
        size = np.dtype(dtype).itemsize
        data = (np.arange(size * count) * 37 % 120).astype("u1")
        array = np.zeros(count, dtype)
        fill(array, data.tobytes())
        return array

    point = [("x", "<f4"), ("y", "<i2")]
    yield from layouts("struct-point", filled(point, 6))
    yield from more_layouts("struct-point", filled(point, 6))
    yield from layouts("struct-point", filled([("x", ">f4"), ("y", ">i2")], 6), "be")
    shapes = {
        "one-field": [("only", "<f8")],
        "mixed": [("b", "?"), ("i", "<i8"), ("s", "S3"), ("u", "<U2"), ("v", "V3"), ("c", "<c8"), ("t", "<M8[us]"), ("d", "<m8[D]")],
        "mixed-byte-orders": [("a", "<i4"), ("b", ">i4"), ("c", "u1"), ("d", ">U1")],
        "nested": [("p", point), ("q", [("r", point), ("s", "u1")])],
        "subarrays": [("m", "<i2", (2, 3)), ("v", "u1", (4,)), ("e", "<f4", (1,))],
        "subarray-of-structs": [("grid", point, (2, 2)), ("n", "u1")],
        "subarray-empty": [("none", "<f4", (0,)), ("two", "<i2", (2, 0)), ("n", "u1")],
        "subarray-of-strings": [("w", "S2", (2,)), ("x", "<U1", (2,))],
        "titles": [(("Title of x", "x"), "<f4"), (("Größe", "y"), "<i2")],
        "titles-nested": [(("outer", "o"), [(("inner", "i"), "<f4")])],
        "names-unicode": [("größe", "<f4"), ("日本", "<i2")],
        "names-odd": [("with space", "u1"), ("quote'\"", "u1"), ("back\\slash", "u1"), ("new\nline", "u1"), ("f0", "u1")],
        "names-astral": [("🦀", "u1")],
        "empty-strings": [("s", "S0"), ("u", "<U0"), ("n", "u1")],
        "ml-free-void": [("w", "V2"), ("x", "V1")],
        "deep": [("a", [("b", [("c", [("d", [("e", "<i2")])])])])],
    }
    for name, dtype in shapes.items():
        yield case(f"struct-{name}", saved(filled(dtype)))
    yield case("struct-names-unicode-0d", saved(filled(shapes["names-unicode"], 1).reshape(())))
    yield case("struct-names-latin1", saved(filled([("é", "<f4")]), (2, 0)))
    yield case("struct-many-fields", saved(filled([(f"field{i:03}", "u1") for i in range(150)], 2)))
    aligned = np.dtype([("a", "u1"), ("b", "<f8"), ("c", "<i2")], align=True)
    yield case("struct-aligned", saved(filled(aligned)))
    fortran = np.zeros((2, 3), aligned, order="F")
    fortran[...] = filled(aligned, 6).reshape(2, 3)
    yield case("struct-aligned-2d-f", saved(fortran))
    yield case("struct-aligned-nested", saved(filled(np.dtype([("p", aligned), ("q", "u1")], align=True))))
    offsets = np.dtype({"names": ["a", "b"], "formats": ["<i2", "<f4"], "offsets": [3, 9], "itemsize": 17})
    yield case("struct-offsets", saved(filled(offsets)))
    yield case("struct-offsets-subarray", saved(filled([("o", offsets, (2,)), ("n", "u1")])))
    yield case("struct-padding-not-zero", npy(header([("a", "u1"), ("", "|V3"), ("b", "<i4")], (2,)), bytes(range(1, 17))))
    yield case("struct-padding-only", npy(header([("", "|V4")], (3,)), bytes(range(12))))
    yield case("struct-named-void-is-no-padding", npy(header([("", "|V2"), ("x", "|V2")], (2,)), bytes(range(8))))
    yield case("struct-no-fields", npy(header([], (3,))))
    yield case("struct-no-fields-0d", npy(header([], ())))
    yield case("struct-no-fields-nested", npy(header([("e", []), ("x", "u1")], (2,)), b"\1\2"))
    yield case("struct-empty-name", npy(header([("", "<f4"), ("y", "<i2")], (1,)), bytes(6)))
    yield case("struct-comma-string", npy(header("f4,i2", (2,)), bytes(range(12))))
    yield case("struct-comma-string-subarrays", npy(header("(2,3)u1, >i2, 3S2", (1,)), bytes(range(48, 62))))
    yield case("struct-int-shape", npy(header([("a", "<i2", 3)], (1,)), bytes(range(6))))
    yield case("subarray-at-top", npy(header(("<f4", (2,)), (3,)), bytes(24)))
    yield case("subarray-at-top-fortran", npy(header(("<i2", (2,)), (2, 3), True), bytes(range(24))))
    yield case("subarray-at-top-no-elements", npy(header(("<f4", (2,)), (0, 3))))
    yield case("subarray-at-top-one-value", npy(header(("<f4", (1,)), ()), numbers("f4")[8:9].tobytes()))
    yield case("subarray-at-top-one-value-each", npy(header(("<f4", (1, 1)), (2,)), numbers("f4")[8:10].tobytes()))
    yield case("subarray-at-top-of-structs", npy(header(([("a", "u1")], (1,)), (3,)), b"\1\2\3"))
    yield case("subarray-of-one", npy(header(("<f4", 1), (3,)), bytes(12)))
    yield case("subarray-of-nothing", npy(header(("<f4", ()), (3,)), bytes(12)))


def fill(array, data):
    """Writes readable values into every field, and zeros into the padding between them."""
    if array.dtype.names is not None:
        for i, name in enumerate(array.dtype.names):
            fill(array[name], data[i + 1 :] + data[: i + 1])
    elif array.dtype.kind == "U":
        array[...] = np.resize(np.array(["ab", "é", "🦀z"]), array.shape)
    elif array.size and array.itemsize:
        numbers = np.resize(np.frombuffer(data, "u1"), array.shape)
        kind = array.dtype.kind
        if kind == "S":
            array[...] = np.resize(np.array([b"ab", b"c", b"'d"]), array.shape)
        elif kind == "V":
            array[...] = np.resize(np.frombuffer(data * 8, "u1"), (*array.shape, array.itemsize)).view(array.dtype)[..., 0]
        elif kind == "b":
            array[...] = numbers % 2
        elif kind in "mM":
            array[...] = numbers.astype("i8").astype(array.dtype)
        else:
            array[...] = numbers.astype(array.dtype) / (1 if kind in "iu" else 8)


def objects():
    yield case("object", saved(np.array([1, "two", None, [3.5]], object)))
    yield case("object-0d", saved(np.array({"a": 1}, object)))
    yield case("object-struct", saved(np.array([(1, "x")], [("n", "<i4"), ("o", "O")])))
    yield case("object-empty", saved(np.zeros((0,), object)))
    yield case("object-stringdtype", saved(np.array(["a", "long enough to leave the arena, surely"], np.dtypes.StringDType())))


def header_styles():
    data = np.array([1.5, -2.0, 3.25], "<f4").tobytes()
    styles = {
        "keys-in-another-order": "{'shape': (3,), 'descr': '<f4', 'fortran_order': False}",
        "no-trailing-comma": "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}",
        "double-quotes": '{"descr": "<f4", "fortran_order": False, "shape": (3,)}',
        "triple-quotes": "{'''descr''': \"\"\"<f4\"\"\", 'fortran_order': False, 'shape': (3,)}",
        "raw-and-u-prefixes": "{u'descr': r'<f4', U'fortran_order': False, R'shape': (3,)}",
        "escapes": r"{'\x64escr': '\74\u0066\N{DIGIT FOUR}', 'fortran\137order': False, 'sh\U00000061pe': (3,)}",
        "backslash-newline": "{'des\\\ncr': '<f4', 'fortran_order': False, 'shape': (3,)}",
        "implicit-concatenation": "{'des' 'cr': '<' \"f4\", 'fortran_' 'order': False, 'shape': (3,)}",
        "comments": "{'descr': '<f4', # the dtype\n 'fortran_order': False, # the order\n 'shape': (3,) # the shape\n} # done",
        "newlines": "{\n  'descr':\n '<f4',\n\n 'fortran_order': False,\n\t'shape': (\n3,\n)\n}\n\n",
        "carriage-returns": "{'descr': '<f4',\r\n'fortran_order': False,\r'shape': (3,)}\r\n",
        "hex-shape": "{'descr': '<f4', 'fortran_order': False, 'shape': (0x3,)}",
        "octal-shape": "{'descr': '<f4', 'fortran_order': False, 'shape': (0o3,)}",
        "binary-shape": "{'descr': '<f4', 'fortran_order': False, 'shape': (0b11,)}",
        "underscores-in-shape": "{'descr': '<f4', 'fortran_order': False, 'shape': (0_0, 0x0_3)}",
        "plus-sign": "{'descr': '<f4', 'fortran_order': False, 'shape': (+3,)}",
        "minus-zero": "{'descr': '<f4', 'fortran_order': False, 'shape': (3, -0)}",
        "parentheses": "(({'descr': ('<f4'), 'fortran_order': (False), 'shape': ((3),)}))",
        "duplicate-keys": "{'descr': '>c16', 'shape': (9, 9), 'descr': '<f4', 'fortran_order': False, 'shape': (3,)}",
        "spaces-everywhere": "  \t{ 'descr' : '<f4' , 'fortran_order' : False , 'shape' : ( 3 , ) , }   ",
        "form-feed": "\f{'descr': '<f4',\f'fortran_order': False, 'shape': (3,)}",
        "no-spaces": "{'descr':'<f4','fortran_order':False,'shape':(3,)}",
        "invalid-escape": r"{'descr': [('\d', '<f4')], 'fortran_order': False, 'shape': (3,)}",
        "comment-on-its-own-line": "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}\n# only a comment\n\n",
        "bare-typestr": "{'descr': 'f4', 'fortran_order': False, 'shape': (3,)}",
        "native-typestr": "{'descr': '=f4', 'fortran_order': False, 'shape': (3,)}",
        "bar-typestr": "{'descr': '|f4', 'fortran_order': False, 'shape': (3,)}",
        "long-name": "{'descr': 'float32', 'fortran_order': False, 'shape': (3,)}",
        "letter-code": "{'descr': 'f', 'fortran_order': False, 'shape': (3,)}",
        "letter-code-double": "{'descr': 'd', 'fortran_order': False, 'shape': (1,)}",
    }
    for name, head in styles.items():
        yield case(f"header-{name}", npy(head, data))
    yield case("header-unaligned", npy(header(), data, align=1))
    yield case("header-aligned-to-16", npy(header(), data, align=16))
    yield case("header-aligned-to-4096", npy(header(), data, align=4096))
    yield case("header-without-newline", npy(header(), data, align=1, end=b""))
    yield case("header-without-newline-v3", npy(header(), data, (3, 0), align=1, end=b""))
    yield case("header-9999-characters", npy(header() + " " * (9999 - len(header()) - 1), data, align=1))
    yield case("header-10000-characters", npy(header() + " " * (10000 - len(header()) - 1), data, align=1))
    wide = header([("é" * 10, "<f4")], (3,))
    yield case("header-9999-characters-more-bytes", npy(wide + " " * (9999 - len(wide) - 1), data, (3, 0), align=1))
    yield case("python2-long-shape", npy(header().replace("(3,)", "(3L,)"), data))
    yield case("python2-long-shape-2d-f", npy(header(fortran=True).replace("(3,)", "(1L, 3L)"), data))
    yield case("python2-long-shape-v2", npy(header().replace("(3,)", "(3L,)"), data, (2, 0)))
    yield case("python2-long-spaced", npy(header().replace("(3,)", "(3 L,)"), data))
    yield case("python2-struct-str-names", npy(header([("x", "<f4")], (3,)).replace("(3,)", "(3L,)"), data))
    yield case("latin1-name-v1", npy(header([("é", "<f4")], (3,)), data))
    yield case("utf8-name-v3", npy(header([("é", "<f4")], (3,)), data, (3, 0)))


def streams():
    one, two = saved(np.array([1.0, 2.0])), saved(np.array([[3, 4]], "<i4"))
    fortran = saved(np.asfortranarray(np.arange(6, dtype=">u2").reshape(2, 3)), (2, 0))
    yield case("stream-two-arrays", one + two)
    yield case("stream-five-arrays", one + fortran + two + saved(np.zeros((0, 2))) + saved(np.array("last")))
    yield case("stream-then-zeros", one + bytes(16))
    yield case("stream-then-one-byte", one + b"x")
    yield case("stream-then-text", one + b"text after the array\n")
    yield case("stream-then-truncated", one + two[:-1])
    yield case("stream-then-object", one + saved(np.array([None], object)))
    yield case("stream-then-npz", one + zipped({"a.npy": two, "readme": b"words"}))
    yield case("stream-zero-dimensional", saved(np.array(1, "i1")) + saved(np.array(2, "i1")))


def exact_shapes():
    """Products that leave int64: NumPy wraps or refuses, npload counts exactly (CONTRACT §7)."""
    for shape in [(2**32, 2**32, 0), (2**63 - 1, 2, 0), (0, 2**62, 4)]:
        name = "x".join(map(str, shape))
        head = npy(header("<f4", shape))
        yield case(f"empty-shape-{name}", head, better="shape products are exact: size 0")
