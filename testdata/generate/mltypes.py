"""ml_dtypes arrays: as plain np.save writes them, with npload's note, and with a name for a descr."""

import ml_dtypes
import numpy as np
from build import Case, header, npy, saved

FLOATS8 = ["float8_e4m3", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e4m3b11fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e3m4", "float8_e8m0fnu"]
BITS = {"float6_e2m3fn": 6, "float6_e3m2fn": 6, "float4_e2m1fn": 4, "int4": 4, "uint4": 4, "int2": 2, "uint2": 2, "int1": 1, "uint1": 1}
BF16 = [0x0000, 0x8000, 0x3F80, 0xBF80, 0x3FC0, 0x4049, 0x7F80, 0xFF80, 0x7FC0, 0xFFC1, 0x0001, 0x8001, 0x007F, 0x0080, 0x7F7F, 0xFF7F, 0x4B00, 0x3DCD]
HALVES = {"complex32": [0x3C00, 0xC000, 0x7C00, 0x7E00, 0x0001, 0x8000], "bcomplex32": [0x3F80, 0xC000, 0x7F80, 0x7FC0, 0x0001, 0x8000]}
NAMED = "an ml_dtypes name is read"


def patterns():
    """For each type its bit patterns: all of them, for the one-byte types."""
    yield "bfloat16", np.array(BF16, "<u2")
    for name in FLOATS8:
        yield name, np.arange(256, dtype="u1")
    for name, bits in BITS.items():
        yield name, np.arange(2**bits, dtype="u1")
    for name, halves in HALVES.items():
        yield name, np.array(halves, "<u2").view("<u4")


def void(size):
    """The descr that npload writes."""
    return f"|V{size}" if size == 1 else f"<V{size}"


def noted(descr, shape, note, data, fortran=False, **kwargs):
    return npy(f"{header(descr, shape, fortran)} # dtype: {note}", data, **kwargs)


def case(name, *args, **kwargs):
    return Case(f"npy/ml-{name}.npy", *args, **kwargs)


def cases():
    for name, bits in patterns():
        yield from each_type(name, bits)
    yield from junk_bits()
    yield from layouts()
    yield from structs()
    yield from ignored_notes()


def each_type(name, bits):
    size, data = bits.itemsize, bits.tobytes()
    few = np.resize(bits[bits.size // 3 :], 4)
    equivalent = npy(header(void(size), (4,)), few.tobytes())
    plain = saved(few.view(getattr(ml_dtypes, name)))
    yield case(f"{name}-note", noted(void(size), bits.shape, name, data), ml=name)
    yield case(f"{name}-name", npy(header(name, (4,)), few.tobytes()), NAMED, equivalent, name)
    if name == "float8_e5m2":
        yield case(f"{name}-plain", plain, "'<f1' is float8_e5m2", equivalent, name)
    else:
        yield case(f"{name}-plain", plain)


def junk_bits():
    """Bits above the type's width, which ml_dtypes never writes."""
    for name in BITS:
        data = np.array([0x00, 0x10, 0x55, 0x80, 0xAA, 0xC3, 0xF0, 0xFF], "u1")
        yield case(f"{name}-note-junk-bits", noted("|V1", (8,), name, data.tobytes()), ml=name)


def layouts():
    six = np.array(BF16[:6], "<u2").tobytes()
    for kind, args in {
        "0d": ((), False, six[4:6]),
        "2d-c": ((2, 3), False, six),
        "2d-f": ((2, 3), True, six),
        "empty": ((0, 3), False, b""),
    }.items():
        shape, fortran, data = args
        yield case(f"bfloat16-note-{kind}", noted("<V2", shape, "bfloat16", data, fortran), ml="bfloat16")
    many = (np.arange(1200, dtype="<u2") + 0x3F80).tobytes()
    yield case("bfloat16-note-1200-elements", noted("<V2", (1200,), "bfloat16", many), ml="bfloat16")
    yield case("bfloat16-note-bar-void", noted("|V2", (3,), "bfloat16", six[:6]), ml="bfloat16")
    yield case("bfloat16-note-v2", noted("<V2", (3,), "bfloat16", six[:6], version=(2, 0)), ml="bfloat16")
    yield case("bfloat16-note-v3", noted("<V2", (3,), "bfloat16", six[:6], version=(3, 0)), ml="bfloat16")
    yield case("bfloat16-note-unaligned", noted("<V2", (3,), "bfloat16", six[:6], align=1), ml="bfloat16")
    yield case("bfloat16-void-without-note", saved(np.frombuffer(six, "V2")))


def structs():
    fields = [("w", "<V2"), ("scale", "<f4")]
    data = b"".join(bits.to_bytes(2, "little") + np.float32(i / 4).tobytes() for i, bits in enumerate(BF16[2:5]))
    source = "[('w', bfloat16), ('scale', '<f4')]"
    yield case("struct-note", noted(fields, (3,), "{'w': bfloat16}", data), ml=source)
    named = npy(header([("w", "bfloat16"), ("scale", "<f4")], (3,)), data)
    yield case("struct-name", named, NAMED, npy(header(fields, (3,)), data), source)
    two = [("a", "|V1"), ("b", "<i2"), ("c", "|V1")]
    yield case(
        "struct-note-two-fields",
        noted(two, (2,), "{'a': float8_e4m3fn, 'c': int4}", bytes([0x38, 1, 0, 7, 0xC0, 2, 0, 9])),
        ml="[('a', float8_e4m3fn), ('b', '<i2'), ('c', int4)]",
    )
    sub = [("m", "<V2", (2, 2)), ("n", "u1")]
    data = b"".join(bits.to_bytes(2, "little") for bits in BF16[2:6]) + b"\5"
    yield case("struct-note-subarray", noted(sub, (1,), "{'m': bfloat16}", data), ml="[('m', bfloat16, (2, 2)), ('n', 'u1')]")


def ignored_notes():
    """Notes that promise what the bytes are not: the array stays as NumPy reads it."""
    data = bytes(range(48, 60))
    for name, descr, shape, note in [
        ("on-a-float", "<f4", (3,), "bfloat16"),
        ("of-another-size", "<V2", (6,), "float8_e4m3fn"),
        ("of-another-size-4", "|V4", (3,), "bfloat16"),
        ("unknown-name", "<V2", (6,), "bfloat17"),
        ("numpy-name", "<V2", (6,), "float16"),
        ("empty", "<V2", (6,), ""),
        ("code", "<V2", (6,), "__import__('os')"),
        ("struct-note-on-plain", "<V2", (6,), "{'w': bfloat16}"),
        ("plain-note-on-struct", [("w", "<V2")], (6,), "bfloat16"),
        ("of-an-unknown-field", [("w", "<V2")], (6,), "{'x': bfloat16}"),
        ("on-a-float-field", [("w", "<f2")], (6,), "{'w': bfloat16}"),
    ]:
        yield case(f"note-ignored-{name}", noted(descr, shape, note, data))
    text = npy("# dtype: bfloat16\n" + header("<V2", (6,)), data)
    yield case("note-ignored-before-the-dict", text)
    inside = header("<V2", (6,)).replace("{", "{ # dtype: bfloat16\n")
    yield case("note-ignored-inside-the-dict", npy(inside, data))
    yield case("note-ignored-in-a-string", npy(header([("# dtype: bfloat16", "<V2")], (6,)), data))
