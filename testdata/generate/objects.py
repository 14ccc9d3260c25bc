"""Prints objects.jsonl: arrays of Python objects as `np.save` writes them, and NumPy's texts of them.

A line: `npy_base64`, `shape`, `fortran`, `str` (absent for an array of no axes, where NumPy asks the object),
`repr`.
"""

import base64
import collections
import datetime
import decimal
import fractions
import io
import json
import random
import uuid

import numpy as np

RANDOM = random.Random(4)
SHAPES = [(), (1,), (3,), (7,), (2, 2), (0,), (2, 0), (3, 2, 2), (40, 30)]
CHARACTERS = [0x00, 0x09, 0x0A, 0x27, 0x22, 0x5C, 0x7F, 0x85, 0xA0, 0xAD, 0xE9, 0x300, 0x378, 0x2028, 0x202E, 0xD800, 0xE000, 0x1F600, 0xE0001]


def unpadded(scalar):
    """The same long double, with zeros where its bytes mean nothing: what stands there is left over from before."""
    data = bytearray(scalar.tobytes())
    for at in range(0, len(data), 16):
        data[at + 10 : at + 16] = bytes(6)
    return np.frombuffer(bytes(data), scalar.dtype)[0]


def text():
    return "".join(chr(RANDOM.choice([*CHARACTERS, RANDOM.randrange(32, 127)])) for _ in range(RANDOM.randrange(8)))


def atom():
    pick = RANDOM.choice
    number = RANDOM.randrange
    return pick(
        [
            lambda: None,
            lambda: pick([True, False]),
            lambda: number(-(10 ** number(1, 30)), 10 ** number(1, 30)),
            lambda: pick([0.0, -0.0, 1.5, 1e300, 5e-324, float("nan"), float("inf"), RANDOM.random() * 10 ** number(-20, 20)]),
            text,
            lambda: bytes(number(256) for _ in range(number(6))),
            lambda: datetime.datetime(2020, 1, number(1, 29), number(24), 1, number(60), number(2) * 17),
            lambda: datetime.timedelta(days=number(-3, 3), seconds=number(100)),
            lambda: decimal.Decimal(number(1000)) / 8,
            lambda: fractions.Fraction(number(9), 7),
            lambda: uuid.UUID(int=RANDOM.getrandbits(128)),
            lambda: complex(pick([0, 1, -1.5]), pick([0, 2, -0.0, float("nan")])),
            lambda: range(number(5)),
            lambda: range(1, number(9), 2),
            lambda: slice(1, None, 2),
            lambda: bytearray(b"ab"),
            lambda: collections.OrderedDict(a=1),
        ]
    )()


def value(depth=0):
    if depth == 0 and RANDOM.random() < 0.15:
        return RANDOM.choice(
            [np.float64(1.5), np.float32(0.1), np.int8(-7), np.arange(RANDOM.randrange(5)), np.array([1.5, 1e-9], ">f4"), np.ones((2, 2), "?")]
        )
    if depth > 2 or RANDOM.random() < 0.6:
        return atom()
    items = [value(depth + 1) for _ in range(RANDOM.randrange(4))]
    return RANDOM.choice([list, tuple, lambda items: {str(i): item for i, item in enumerate(items)}, lambda _: {RANDOM.randrange(5)}])(items)


def arrays():
    for number in range(220):
        array = np.empty(RANDOM.choice(SHAPES[: 8 if number < 200 else 9]), object)
        for index in np.ndindex(array.shape):
            array[index] = value() if array.size < 100 else RANDOM.randrange(100)
        yield np.asfortranarray(array) if RANDOM.random() < 0.3 else array
    strings = ["", "a", text(), "long enough to leave the arena of the array"]
    yield np.array(strings, np.dtypes.StringDType())
    yield np.array([*strings, None], np.dtypes.StringDType(na_object=None))
    yield np.array([*strings, np.nan], np.dtypes.StringDType(na_object=np.nan, coerce=False))
    yield np.array([(1, "x"), (2, None)], [("n", "<i4"), ("o", "O")])


def of_numpy():
    inner = np.array(["x", None, [1]], object)
    own = np.empty(1, object)
    own[0] = own
    fields = [("a", "<i4"), ("b", "<U2")]
    return [
        *(np.str_("h\xe9'"), np.str_(""), np.bytes_(b"q\x00'"), np.void(b"ab"), np.bool_(True), np.half(1.5), np.uint64(2**63)),
        *(np.complex64(1 + 2j), np.complex128(complex("nan-infj")), unpadded(np.longdouble("1.25")), unpadded(np.clongdouble(1 - 2j))),
        *(np.datetime64("2020-01-02T03:04", "m"), np.datetime64("2020", "Y"), np.datetime64("2020-01-02T03", "h")),
        *(np.datetime64("2020-01-02", "2D"), np.datetime64("NaT", "s"), np.datetime64("1969-12-31T23:59:59.000000001")),
        *(np.timedelta64(3, "h"), np.timedelta64("NaT", "s"), np.timedelta64(-3, "25s")),
        *(np.array((1, "x"), fields)[()], np.array((1, 2.5), [("a", "i1"), ("b", "f8")])[()]),
        *(np.dtype("f4"), np.dtype(">f4"), np.dtype("?"), np.dtype(fields), np.dtype([("a", "i1"), ("b", "i4")], align=True)),
        *(np.dtype("M8[s]"), np.dtype("O"), np.dtype("U3"), np.dtypes.StringDType(na_object=None)),
        *(inner, [inner, inner], {"k": np.arange(3)}, (np.arange(30).reshape(5, 6),), np.array(5), [np.float64(1.5)]),
        *(np.empty((0, 2), object), np.array(["a"], np.dtypes.StringDType()), own, np.array((1, "x"), [("a", "i4"), ("o", "O")])),
    ]


def arrays_of_numpy():
    values = of_numpy()
    for item in values:
        array = np.empty(1, object)
        array[0] = item
        yield array
    array = np.empty(len(values), object)
    array[:] = values
    yield array
    yield np.array([(1, "x"), (2, [3])], np.dtype([("n", "i1"), ("o", "O")], align=True))


def line(array):
    out = io.BytesIO()
    np.save(out, array)
    fortran = array.flags.f_contiguous and not array.flags.c_contiguous
    told = {"npy_base64": base64.b64encode(out.getvalue()).decode(), "shape": array.shape, "fortran": fortran}
    if array.shape:
        told["str"] = str(array)
    return json.dumps(told | {"repr": repr(array)})


for array in [*arrays(), *arrays_of_numpy()]:
    print(line(array))
