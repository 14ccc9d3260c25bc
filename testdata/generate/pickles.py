"""Pickles, and what CPython makes of them.

pickles.py FOLDER               writes FOLDER/pickle: corpus.jsonl and attacks.jsonl, and copies python2.json
pickles.py --python2 PYTHON     prints pickle/python2.json, whose pickles Python 2.7 wrote once

corpus.jsonl, a line for each pickle: `name`, `encoding`, `pickle` (base64), and
- `value`: what pickle.loads gives, see Canonical; absent where it is that of the line before;
- `error`: [class, text] instead, where it raises;
- `cuts`: for each beginning of a short pickle, E (EOFError), T (truncated) or ? (something else, or not asked);
- `dis`: what pickletools.dis prints, where it prints.

attacks.jsonl: `name`, `pickle`, and npload's answer, which is `kind` (an ErrorKind) or `text` (the calls as they stay);
`python`: [class, text] of CPython, where it may be asked; `verdict` of a scan, where it is more than "not safe".

Canonical: `root` and `nodes`, the numbered objects by first visit, breadth first. {"r": n} is node n; {"i": digits}, {"f": bits},
{"c": [bits, bits]}, {"s": text}, {"w": hex of UTF-8 with surrogates}, {"b": hex}, {"e": type of an empty constant}, {"x": repr},
{"g": type}, {"dtype": descr}, {"scalar": [descr, hex]}, {"range": …} and {"slice": …} stand where they occur.
"""

import base64
import collections
import contextlib
import datetime
import decimal
import fractions
import io
import json
import math
import os
import pickle
import pickletools
import random
import struct
import subprocess
import sys
import uuid
import warnings

import ml_dtypes
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
PROTOCOLS = range(6)
REPR = (datetime.date, datetime.time, datetime.timedelta, datetime.timezone, decimal.Decimal, fractions.Fraction, uuid.UUID)


# What CPython made, as JSON: atoms in place, everything else numbered by first visit, breadth first.


class Canonical:
    def __init__(self, root):
        self.numbers, self.queue, self.nodes = {}, [], []
        self.root = self.value(root)
        for obj in self.queue:  # grows as it goes
            self.nodes.append(self.node(obj))

    def json(self):
        return {"root": self.root, "nodes": self.nodes}

    def value(self, obj):
        atom = self.atom(obj)
        if atom is not NotImplemented:
            return atom
        if id(obj) not in self.numbers:
            self.numbers[id(obj)] = len(self.queue)
            self.queue.append(obj)
        return {"r": self.numbers[id(obj)]}

    def atom(self, obj):
        kind = type(obj)
        if obj is None or kind is bool:
            return obj
        if kind is int:
            return {"i": str(obj)}
        if kind is float:
            return {"f": double(obj)}
        if kind is complex:
            return {"c": [double(obj.real), double(obj.imag)]}
        if kind is str:
            try:
                obj.encode()
                return {"s": obj}
            except UnicodeEncodeError:
                return {"w": obj.encode("utf-8", "surrogatepass").hex()}
        if kind is bytes:
            return {"b": obj.hex()}
        if kind in (tuple, frozenset) and not obj:
            return {"e": kind.__name__}
        if kind in (range, slice):
            return {kind.__name__: [self.atom(part) for part in (obj.start, obj.stop, obj.step)]}
        if isinstance(obj, REPR):
            return {"x": repr(obj)}
        if kind is type:
            return {"g": f"{obj.__module__}.{obj.__qualname__}"}
        if isinstance(obj, np.dtype):
            return {"dtype": descr(obj)}
        if isinstance(obj, np.generic) or type(obj).__module__ == "ml_dtypes":
            return {"scalar": [descr(np.asarray(obj).dtype), np.asarray(obj).tobytes().hex()]}
        return NotImplemented

    def node(self, obj):
        kind = type(obj)
        if kind in (list, tuple):
            return [kind.__name__, *map(self.value, obj)]
        if kind in (set, frozenset):
            return [kind.__name__, *self.elements(obj)]
        if kind in (dict, collections.OrderedDict, collections.Counter):
            return [kind.__name__, *self.pairs(obj)]
        if kind is collections.defaultdict:
            return [kind.__name__, self.value(obj.default_factory), *self.pairs(obj)]
        if kind is collections.deque:
            return [kind.__name__, obj.maxlen, *map(self.value, obj)]
        if kind is bytearray:
            return [kind.__name__, obj.hex()]
        if kind is np.ndarray and obj.dtype.hasobject:  # StringDType's says so too
            return ["objects", descr(obj.dtype), list(obj.shape), *map(self.value, obj.ravel().tolist())]
        if kind is np.ndarray:
            return ["array", descr(obj.dtype), list(obj.shape), obj.tobytes().hex()]
        raise TypeError(f"no canonical form of {kind}")

    def pairs(self, mapping):
        return [self.value(part) for pair in mapping.items() for part in pair]

    def elements(self, items):
        def element(obj):
            if type(obj) is tuple and obj:
                return {"t": [element(part) for part in obj]}
            if type(obj) is frozenset and obj:
                return {"fs": sorted(map(element, obj), key=text)}
            return self.atom(obj)

        return sorted(map(element, items), key=text)


def text(value):
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def double(value):
    return struct.pack(">d", value).hex()


def descr(dtype):
    if isinstance(dtype, np.dtypes.StringDType):
        return repr(dtype)
    if dtype.type.__module__ == "ml_dtypes":
        return repr(dtype.name)
    if dtype.subdtype:
        return f"({descr(dtype.base)}, {dtype.shape})"
    try:
        return repr(np.lib.format.dtype_to_descr(dtype))
    except ValueError:  # fields that overlap or are out of order
        fields = [dtype.fields[name] for name in dtype.names]
        formats = ", ".join(descr(field[0]) for field in fields)
        offsets = [field[1] for field in fields]
        return f"{{'names': {list(dtype.names)}, 'formats': [{formats}], 'offsets': {offsets}, 'itemsize': {dtype.itemsize}}}"


# The corpus.


def values():
    """Names and values; those that are shared are shared on purpose."""
    yield "none", None
    yield "bools", [True, False, [0, 1]]
    edges = [0, 1, -1, 127, 128, 255, 256, -128, -129, 65535, 65536, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1]
    yield "ints", edges + [2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64, 10**30, -(10**30), 1 << 2040, -(1 << 2100)]
    floats = [0.0, -0.0, 1.5, -2.25, 1e300, 5e-324, 2**53 + 2.0, math.pi, math.inf, -math.inf, math.nan, 0.1, 1e16, 1e-5]
    yield "floats", floats
    yield "complex", [1 + 2j, complex(-0.0, math.inf), complex(0.0, -0.0)]
    yield "texts", ["", "a", "naïve", "日本", "😀", "\ud800", "a\udfffb", "\x00\n\r\x1a\\u0041\\", "'\"", "x" * 300, "é" * 200]
    yield "bytes", [b"", b"a", bytes(range(256)), b"x" * 300, b"'\"\\\n"]
    yield "bytearray", [bytearray(), bytearray(b"ab\xff"), bytearray(300)]
    yield "tuples", [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), ((),), ((1, (2, (3,))),)]
    yield "lists", [[], [1], [[]], [[], [[]]], list(range(1100))]
    yield "dicts", [{}, {1: 2}, {"a": {"b": {}}}, {i: str(i) for i in range(1100)}]
    yield "dict-keys", {None: 0, True: 1, 2: 2, 2.5: 3, "s": 4, b"b": 5, (1, (2,)): 6, frozenset([1, 2]): 7, 1 + 2j: 8, 10**30: 9}
    yield "sets", [set(), {1, 2, 3}, {"a", b"a", None, 1.5, (1, "x")}, frozenset(), frozenset([1, "b"]), {frozenset([1]), frozenset()}]
    yield "set-large", set(range(1100))
    shared, key = [1], ("k", "ey")
    yield "shared", [shared, shared, {"x": shared}, (shared,), key, {key: key}]
    a = [1]
    b = [a, a]
    c = [b, b]
    yield "diamonds", [c, c, a]
    loop = []
    loop.append(loop)
    yield "list-in-itself", loop
    ring = {}
    ring["ring"] = ring
    ring["list"] = [ring]
    yield "dict-in-itself", ring
    knot = ([],)
    knot[0].append(knot)
    yield "tuple-in-itself", knot
    knots = []
    knots.append((knots, knots, [knots]))
    yield "list-in-tuple-in-itself", knots
    yield "ranges", [range(3), range(1, 10**30, 7), range(5, 0, -1)]
    yield "slices", [slice(None), slice(1, None, 2), slice("a", 2.5, None)]
    yield "ellipses", [type(None) is None, int, list, dict, bytes, complex]
    order = collections.OrderedDict([("b", 1), ("a", shared), (3, shared)])
    yield "ordered-dicts", [order, order, collections.OrderedDict()]
    default = collections.defaultdict(list, {"a": [1], "b": shared})
    yield "default-dicts", [default, collections.defaultdict(None, {1: default}), collections.defaultdict(set)]
    yield "counters", [collections.Counter("hello"), collections.Counter()]
    deque = collections.deque([1, shared, "x"])
    yield "deques", [deque, collections.deque([], 0), collections.deque(range(50), 3), deque]
    own = collections.deque()
    own.append(own)
    yield "deque-in-itself", own
    yield "dates", [datetime.date.min, datetime.date.max, datetime.date(2024, 2, 29)]
    zones = [datetime.timezone.utc, datetime.timezone(datetime.timedelta(hours=-23, minutes=-59)), datetime.timezone(datetime.timedelta(seconds=1), "näme")]
    yield "zones", zones
    yield "times", [datetime.time(), datetime.time(23, 59, 59, 999999), datetime.time(1, 2, tzinfo=zones[1])]
    yield "datetimes", [datetime.datetime.min, datetime.datetime.max, datetime.datetime(2024, 2, 29, 1, 2, 3, 4, zones[2])]
    yield "timedeltas", [datetime.timedelta.min, datetime.timedelta.max, datetime.timedelta(), datetime.timedelta(1, 2, 3)]
    yield "decimals", [decimal.Decimal(text) for text in ("0", "-0.00", "1.50", "1E+5", "-1.2E-300", "Infinity", "NaN", "-sNaN12", "9" * 60)]
    yield "fractions", [fractions.Fraction(3, 4), fractions.Fraction(-3), fractions.Fraction(10**40, 3)]
    yield "uuids", [uuid.UUID(int=5), uuid.UUID("12345678-1234-5678-1234-567812345678")]
    yield "fold", [datetime.datetime(2024, 10, 27, 2, fold=1), datetime.time(2, fold=1)]


def arrays():
    for name in ("?", "i1", "<i2", ">i4", "<u8", "<f2", ">f8", "<c8", "S5", "<U3", ">U2", "V3", "<M8[25s]", "<m8[ns]", "<M8", "g", "G"):
        dtype = np.dtype(name)
        data = bytes((i * 37 + 11) % 251 for i in range(dtype.itemsize * 6))
        if name == "?":
            data = bytes([0, 1, 1, 0, 0, 1])
        if dtype.kind == "U":
            data = np.array(["a", "é", "日"] * 2, dtype).tobytes()
        yield f"array-{name}", np.frombuffer(data, dtype).reshape(2, 3).copy()
    cube = np.arange(24, dtype="<i2").reshape(2, 3, 4)
    yield "array-fortran", np.asfortranarray(cube)
    yield "array-transposed", cube.transpose(1, 0, 2)
    yield "array-strided", cube[:, ::2, ::-1]
    yield "array-0d", np.array(1.5)
    yield "array-empty", [np.zeros((0, 3)), np.zeros((2, 0), "S0")]
    struct_ = np.dtype([("a", "<i2"), (("title", "b"), "u1", (2, 3)), ("c", [("x", "S2"), ("y", ">f4")])], align=True)
    yield "array-struct", np.zeros(2, struct_)
    shifted = np.dtype({"names": ["x", "y"], "formats": ["<f4", "u1"], "offsets": [4, 1], "itemsize": 16})
    yield "array-struct-offsets", np.zeros(2, shifted)
    objects = np.array([None, "x", [1], 2.5], object)
    objects[0] = objects
    yield "array-objects", [objects, objects]
    yield "array-objects-2d", np.asfortranarray(np.array([[1, "a", None], [2, "b", ()]], object))
    yield "array-struct-objects", np.array([(1, None), (2, "x")], [("a", "i4"), ("b", "O")])
    yield "array-texts", np.array(["a", "bc", "日" * 20], np.dtypes.StringDType())
    yield "array-texts-na", np.array(["a", None], np.dtypes.StringDType(na_object=None, coerce=False))
    yield "array-texts-nan", np.array(["a", math.nan], np.dtypes.StringDType(na_object=math.nan))
    f4 = np.zeros(3, "f4")
    yield "arrays-shared", [f4, f4, {"w": f4, "d": f4.dtype}, np.dtype("f4")]
    yield "scalars", [np.float64(1.5), np.int8(-1), np.bool_(True), np.str_("aé"), np.bytes_(b"ab"), np.datetime64("2020-01-01"), np.void(b"abc"), np.zeros(1, "i2,>f4,(2,)S3")[0]]
    yield "dtypes", [np.dtype(d) for d in ("<f8", ">M8[D]", "S0", "(2,)i4", "O")] + [struct_, shifted, np.dtypes.StringDType()]
    for name in ("bfloat16", "float8_e4m3fn", "float8_e5m2", "int4", "uint4", "float8_e8m0fnu"):
        dtype = np.dtype(getattr(ml_dtypes, name))
        yield f"ml-{name}", [np.array([[1, 2], [3, 1]], dtype), dtype, dtype.type(1)]


def generated(seed, size):
    """A random value; containers are shared and put into themselves."""
    rng, made = random.Random(seed), []

    def atom():
        return rng.choice(
            (
                lambda: None,
                lambda: rng.random() < 0.5,
                lambda: rng.randrange(-300, 300),
                lambda: rng.randrange(-(2 ** rng.randrange(1, 300)), 2 ** rng.randrange(1, 300)),
                lambda: struct.unpack("<d", rng.randbytes(8))[0],
                lambda: "".join(rng.choice((chr(rng.randrange(128)), *"éß日語😀\ud83d\udc00")) for _ in range(rng.randrange(6))),
                lambda: rng.randbytes(rng.randrange(6)),
                lambda: datetime.datetime(rng.randrange(1, 9999), rng.randrange(1, 13), rng.randrange(1, 29), rng.randrange(24)),
                lambda: fractions.Fraction(rng.randrange(-99, 99), rng.randrange(1, 99)),
                lambda: decimal.Decimal(rng.randrange(-999, 999)).scaleb(rng.randrange(-20, 20)),
            )
        )()

    def hashable(depth):
        if depth and rng.random() < 0.2:
            return rng.choice((tuple, frozenset))(hashable(depth - 1) for _ in range(rng.randrange(4)))
        value = atom()
        return 0.5 if value != value else value

    def value(depth):
        if made and rng.random() < 0.15:
            return rng.choice(made)
        if not depth or rng.random() < 0.3:
            return atom()
        kind = rng.choice((list, list, dict, dict, tuple, set, bytearray, collections.OrderedDict, collections.deque, "default", "array"))
        count = rng.randrange(size)
        if kind == "array":
            dtype = rng.choice(("<i2", ">f4", "S3", "<U2", "?", "<c16"))
            return np.zeros((count, 2), dtype)
        if kind is tuple:
            out = tuple(value(depth - 1) for _ in range(count))
            made.append(out)
            return out
        out = collections.defaultdict(dict) if kind == "default" else kind()
        made.append(out)
        for _ in range(count):
            if isinstance(out, dict):
                out[hashable(2)] = value(depth - 1)
            elif kind is set:
                out.add(hashable(2))
            elif kind is bytearray:
                out.append(rng.randrange(256))
            else:
                out.append(value(depth - 1))
        return out

    return [value(4) for _ in range(3)]


PYTHON2 = r'''
import base64, collections, datetime, decimal, fractions, json, pickle, cPickle, uuid
class New(object): pass
shared = [1]
loop = []; loop.append(loop)
values = [
    ("numbers", [None, True, False, 0, 1, -1, 255, 70000, -70000, 2**31, 2**40, 10**30, -10**30, 5L, 0L, 1.5, -0.0, 1e300, float("inf"), 1+2j]),
    ("ascii", ["", "abc", "it's", 'say "x"', "tab\tnew\nback\\", u"u", u"\xe9\u65e5\U0001f600\\"]),
    ("latin1", ["caf\xe9", "\x00\x80\xff"]),
    ("long-string", "x" * 300),
    ("containers", [(), (1,), (1, 2, 3, 4), [], [1, 2], {}, {"a": 1, 2: (3,)}, set([1, 2]), frozenset(["a"]), xrange(3), bytearray("x\xff")]),
    ("identity", [shared, shared, {"x": shared}, loop]),
    ("collections", [collections.OrderedDict([("b", 1), ("a", shared)]), collections.defaultdict(list, {"a": shared}), collections.Counter("aab"), collections.deque([1, 2], 3)]),
    ("numeric", [decimal.Decimal("1.50"), fractions.Fraction(3, 4), uuid.UUID(int=5)]),
    ("times", [datetime.date(2020, 1, 2), datetime.datetime(2020, 1, 2, 3, 4, 5, 6), datetime.time(1, 2), datetime.timedelta(1, 2, 3)]),
]
out = {}
for name, value in values:
    for protocol in range(3):
        for module in (pickle, cPickle):
            out["%s-%s-%d" % (name, module.__name__, protocol)] = base64.b64encode(module.dumps(value, protocol))
print json.dumps(out, sort_keys=True, indent=1, separators=(",", ": "))
'''

# Of Python 2.7 with numpy 1.16: pickle.dumps(numpy.array([[1, 2], [3, 200]], "<i2"), p) for p = 0 and 2.
NUMPY_PYTHON2 = {
    "numpy-0": b"cnumpy.core.multiarray\n_reconstruct\np0\n(cnumpy\nndarray\np1\n(I0\ntp2\nS'b'\np3\ntp4\nRp5\n(I1\n(I2\nI2\ntp6\n"
    b"cnumpy\ndtype\np7\n(S'i2'\np8\nI0\nI1\ntp9\nRp10\n(I3\nS'<'\np11\nNNNI-1\nI-1\nI0\ntp12\nbI00\n"
    b"S'\\x01\\x00\\x02\\x00\\x03\\x00\\xc8\\x00'\np13\ntp14\nb.",
    "numpy-2": b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x00cnumpy\nndarray\nq\x01K\x00\x85q\x02U\x01bq\x03\x87q\x04Rq\x05"
    b"(K\x01K\x02K\x02\x86q\x06cnumpy\ndtype\nq\x07U\x02i2q\x08K\x00K\x01\x87q\tRq\n(K\x03U\x01<q\x0bNNNJ\xff\xff\xff\xffJ\xff\xff"
    b"\xff\xffK\x00tq\x0cb\x89U\x08\x01\x00\x02\x00\x03\x00\xc8\x00q\rtq\x0eb.",
}


def pickles():
    """Names, encodings and pickles."""
    for name, value in [*values(), *arrays()]:
        for protocol in PROTOCOLS:
            yield f"{name}-{protocol}", "ASCII", pickle.dumps(value, protocol)
    for seed in range(40):
        value = generated(seed, 3 + seed % 5)
        for protocol in PROTOCOLS:
            yield f"generated-{seed}-{protocol}", "ASCII", pickle.dumps(value, protocol)
    for name, data in by_hand().items():
        yield f"by-hand-{name}", "ASCII", data
    with open(os.path.join(HERE, "..", "pickle", "python2.json")) as file:
        python2 = {name: base64.b64decode(data) for name, data in json.load(file).items()}
    for name, data in [*python2.items(), *NUMPY_PYTHON2.items()]:
        for encoding in ("ASCII", "latin1", "bytes"):
            yield f"python2-{name}-{encoding}", encoding, data


def by_hand():
    """What no pickler writes and CPython reads."""
    return {
        "stop-leaves-values": b"K\x01K\x02.",
        "stop-leaves-marks-below": b"(K\x01K\x02.",
        "pop-mark-by-pop": b"K\x07(0.",
        "pop-mark": b"K\x07(K\x01K\x021.",
        "dup": b"]2a.",
        "mark-list": b"(K\x01K\x02l.",
        "mark-dict": b"(K\x01K\x02K\x03K\x04d.",
        "dict-equal-keys": b"(K\x01K\x02G?\xf0\0\0\0\0\0\0K\x03\x88K\x04d.",
        "set-equal-items": b"\x8f(K\x01\x88G?\xf0\0\0\0\0\0\0K\x02\x8c\x01a\x8c\x01aK\x01\x85K\x01\x85\x90.",
        "dict-many-equal-keys": b"}(" + b"".join(b"K%cK%c" % (i % 20, i) for i in range(60)) + b"u.",
        "setitems-of-none": b"}(u.",
        "appends-of-none": b"](e.",
        "memo-holes": b"K\x05r\x00\x00\x01\x00K\x06q\x07j\x00\x00\x01\x00h\x07\x86.",
        "memo-put-twice": b"K\x01q\x000K\x02q\x00h\x00h\x00\x86.",
        "memoize-after-holes": b"K\x01q\x05K\x02\x94h\x01h\x05\x87.",
        "put-get-text": b"K\x01p100\ng100\ng 100 \n\x87.",
        "frame-too-short": b"\x80\x04\x95\x01\x00\x00\x00\x00\x00\x00\x00K\x01K\x02\x86.",
        "frame-in-frame": b"\x80\x04\x95\x0c\x00\x00\x00\x00\x00\x00\x00\x95\x03\x00\x00\x00\x00\x00\x00\x00K\x01.",
        "frame-of-nothing": b"\x95\x00\x00\x00\x00\x00\x00\x00\x00N.",
        "proto-twice": b"\x80\x02\x80\x05N.",
        "int-lines": b"(I00\nI01\nI0\nI1\nI001\nI010\nI0x1F\nI-5\nI 7\nI99999999999999999999\nI+1\nl.",
        "long-lines": b"(L5L\nL5\nL-5L\nL0x10L\nL 7 \nL1_000L\nl.",
        "float-lines": b"(F1\nF.5\nF5.\nF1e5\nF-inf\nFInfinity\nF1E-400\nl.",
        "string-escapes": b"S'a\\n\\x41\\101\\7\\q\\'\"\\\\'\n.",
        "string-double-quoted": b'S"it\'s"\n.',
        "long1-empty": b"(\x8a\x00\x8b\x00\x00\x00\x00l.",
        "long1-padded": b"(\x8a\x03\xff\x00\x00\x8a\x03\xff\xff\xff\x8a\x0a\x01" + bytes(9) + b"l.",
        "bytearray-of-bytes": b"c__builtin__\nbytearray\n(c_codecs\nencode\n(V\xe9\nVlatin1\ntRtR.",
        "inst-of-a-known-type": b"(F1.0\nF2.0\ni__builtin__\ncomplex\n.",
        "obj-of-a-known-type": b"(c__builtin__\ncomplex\nF1.0\nF2.0\no.",
        "newobj-ex-of-nothing": b"\x80\x04cuuid\nUUID\n)\x81}\x8c\x03intK\x05sb.",
        "append-to-shared": b"]q\x00]h\x00ah\x00K\x01a0.",
        "tail": b"K\x01.garbage",
    }


def cuts(data, encoding):
    """What CPython says of each beginning: E (EOFError), T (truncated), ? (something else).

    Behind empty bytes CPython says truncated, though nothing is cut: that is left open too."""
    out = ""
    empty = set()
    with contextlib.suppress(ValueError):  # lines that only CPython reads
        for _, arg, _, end in pickletools._genops(data, yield_end_pos=True):
            if arg in (b"", bytearray()):
                empty.add(end)
    for end in range(len(data)):
        if end in empty:
            out += "?"
            continue
        try:
            with warnings.catch_warnings(action="ignore"):
                pickle.loads(data[:end], encoding=encoding)
            out += "?"
        except EOFError:
            out += "E"
        except pickle.UnpicklingError as error:
            out += "T" if "truncated" in str(error) else "?"
        except Exception:
            out += "?"
    return out


def disassembly(data):
    out = io.StringIO()
    try:
        pickletools.dis(data, out)
    except Exception:
        return None
    return out.getvalue()


def corpus():
    """A line without value and error has the value of the line before."""
    before = None
    for name, encoding, data in pickles():
        line = {"name": name, "encoding": encoding, "pickle": base64.b64encode(data).decode()}
        try:
            with warnings.catch_warnings(action="ignore"):  # escapes that Python 2 lets stand
                value = pickle.loads(data, encoding=encoding)
            line["value"] = Canonical(value).json()
            if line["value"] == before:
                del line["value"]
            else:
                before = line["value"]
        except (UnicodeDecodeError, ValueError, TypeError) as error:
            line["error"] = [type(error).__name__, str(error)]
        if len(data) < 400 and "error" not in line:
            line["cuts"] = cuts(data, encoding)
            line["dis"] = disassembly(data) if encoding == "ASCII" else None
        yield {key: part for key, part in line.items() if part is not None}


# Attacks: what Objects says (a kind, or the text of the inert result) and how a scan judges.


def short(text):
    return b"\x8c" + bytes([len(text)]) + text.encode()


def attacks():
    touch = b"S'touch canary'\n"
    system = b"cos\nsystem\n"
    run = [
        ("reduce", system + b"(" + touch + b"tR.", "os.system('touch canary')"),
        ("inst", b"(" + touch + b"ios\nsystem\n.", "os.system('touch canary')"),
        ("obj", b"(" + system + touch + b"o.", "os.system('touch canary')"),
        ("newobj", b"\x80\x02" + b"csubprocess\nPopen\n(" + touch + b"t\x81.", "subprocess.Popen('touch canary')"),
        ("newobj-ex", b"\x80\x04csubprocess\nPopen\n)}S'args'\n" + touch + b"s\x92.", "subprocess.Popen(**{'args': 'touch canary'})"),
        ("build", b"csite\nX\n)R(S'__setstate__'\n" + system + b"d" + b"b" + touch + b"b.", None),
        ("stack-global", b"\x80\x04" + short("os") + short("system") + b"\x93" + short("touch canary") + b"\x85R.", "os.system('touch canary')"),
        ("stack-global-memoised", b"\x80\x04" + short("os") + b"\x940" + short("system") + b"\x940" + short("json") + b"0h\x00h\x01\x93" + short("touch canary") + b"\x85R.", "os.system('touch canary')"),
        ("stack-global-via-dup", b"\x80\x04" + short("sys") + b"2\x93.", "sys.sys"),
        ("python-2-name", b"ccommands\ngetoutput\n(" + touch + b"tR.", "subprocess.getoutput('touch canary')"),
        ("python-2-builtin", b"c__builtin__\neval\n(S'1'\ntR.", "eval('1')"),
        ("getattr-chain", b"c__builtin__\ngetattr\n(cbuiltins\ndict\nS'__class__'\ntR.", "getattr(dict, '__class__')"),
        ("attrgetter", b"coperator\nattrgetter\n(S'system'\ntR(cposix\n__dict__\ntR.", "operator.attrgetter('system')(posix.__dict__)"),
        ("resolve-name", b"cpkgutil\nresolve_name\n(S'os:system'\ntR(" + touch + b"tR.", "pkgutil.resolve_name('os:system')('touch canary')"),
        ("dotted-name", b"\x80\x04" + short("datetime") + short("sys.modules") + b"\x93.", "datetime.sys.modules"),
        ("re-export", b"\x80\x04" + short("numpy") + short("__builtins__") + b"\x93.", "numpy.__builtins__"),
        ("dotted-known", b"\x80\x04" + short("collections") + short("deque.__init__") + b"\x93.", "collections.deque.__init__"),
        ("call-in-a-list", b"](" + system + b"(" + touch + b"tRe.", "[os.system('touch canary')]"),
        ("call-thrown-away", system + b"(" + touch + b"tR0N.", "None"),
        ("call-in-the-memo", system + b"(" + touch + b"tRq\x000N.", "None"),
        ("garbage-after", system + b"(" + touch + b"tR.\xff\xff\xff", "os.system('touch canary')"),
        ("second-pickle", b"N." + system + b"(" + touch + b"tR.", "None"),
        ("known-with-other-arguments", b"c_codecs\nencode\n(S'x'\nS'rot13'\ntR.", "_codecs.encode('x', 'rot13')"),
        ("range-of-floats", b"c__builtin__\nxrange\n(F1.0\nF2.0\nF1.0\ntR.", "range(1.0, 2.0, 1.0)"),
        ("deque-of-a-range", b"ccollections\ndeque\n(c__builtin__\nrange\n(K\x00J\xff\xff\xff\x7fK\x01tRtR.", "collections.deque(range(0, 2147483647))"),
        ("set-of-a-range", b"c__builtin__\nset\n(c__builtin__\nrange\n(K\x00J\xff\xff\xff\x7fK\x01tRtR.", "set(range(0, 2147483647))"),
        ("bytearray-of-a-length", b"c__builtin__\nbytearray\n(J\xff\xff\xff\x7ftR.", "bytearray(2147483647)"),
        ("bytes-of-a-length", b"c__builtin__\nbytes\n(J\xff\xff\xff\x7ftR.", "bytes(2147483647)"),
        ("default-factory", b"ccollections\ndefaultdict\n(" + system + b"tR.", "collections.defaultdict(os.system)"),
        ("decimal-not-canonical", b"cdecimal\nDecimal\n(S'1_0'\ntR.", "decimal.Decimal('1_0')"),
        ("fraction-not-in-lowest-terms", b"cfractions\nFraction\n(K\x02K\x04tR.", "fractions.Fraction(2, 4)"),
        ("date-of-no-day", b"\x80\x04cdatetime\ndate\nC\x04\x07\xe7\x02\x1e\x85R.", "datetime.date(b'\\x07\\xe7\\x02\\x1e')"),
        ("subclass-of-ndarray", b"cnumpy.core.multiarray\n_reconstruct\n(cevil\nndarray\nK\x00\x85S'b'\ntR.", "numpy.core.multiarray._reconstruct(evil.ndarray, (0,), 'b')"),
        ("int-called", b"K\x01)R.", "Type"),
        ("stack-global-computed", b"\x80\x04" + short("os") + b"c__builtin__\nchr\nK\x01\x85R\x93.", "Type"),
        ("extension", b"\x80\x02\x82\x01.", "Extension"),
        ("extension-2", b"\x80\x02\x83\x01\x01.", "Extension"),
        ("extension-4", b"\x80\x02\x84\x01\x01\x00\x00.", "Extension"),
        ("extension-0", b"\x80\x02\x82\x00.", "Extension"),
        ("extension-negative", b"\x80\x02\x84\xff\xff\xff\xff.", "Extension"),
        ("persistent-id", b"Pabc\n.", "PersistentId"),
        ("persistent-id-binary", b"\x80\x01K\x01Q.", "PersistentId"),
        ("persistent-id-not-ascii", b"P\xe9\n.", "PersistentId"),
        ("buffer", b"\x80\x05\x97.", "Buffer"),
        ("readonly-of-an-int", b"\x80\x05K\x01\x98.", "Type"),
    ]
    dangerous = [name for name, _, _ in run[: [name for name, _, _ in run].index("second-pickle") + 1]]
    dangerous += ["stack-global-computed"]
    broken = [
        ("setitem-on-a-list", b"]K\x00K\x01s.", "Type"),
        ("setitem-on-a-tuple", b")K\x00K\x01s.", "Type"),
        ("setitem-on-bytes", b"C\x01xK\x00K\x01s.", "Type"),
        ("setitem-on-none", b"NK\x00K\x01s.", "Type"),
        ("setitems-on-an-int", b"K\x01(K\x00K\x01u.", "Type"),
        ("setitem-on-a-deque", b"ccollections\ndeque\n((ltRK\x00K\x01s.", "Type"),
        ("append-on-a-dict", b"}K\x01a.", "Type"),
        ("append-on-a-tuple", b")K\x01a.", "Type"),
        ("append-on-a-bytearray", b"\x80\x05\x96\x01\x00\x00\x00\x00\x00\x00\x00xK\x01a.", "Type"),
        ("appends-on-a-set", b"\x8f(K\x01e.", "Type"),
        ("additems-on-a-list", b"](K\x01\x90.", "Type"),
        ("additems-on-a-frozenset", b"(\x91(K\x01\x90.", "Type"),
        ("build-on-a-list", b"]}b.", "Type"),
        ("build-on-an-int", b"K\x01}b.", "Type"),
        ("build-on-a-global", b"c__builtin__\nlist\n}b.", "Type"),
        ("reduce-of-no-tuple", b"c__builtin__\nset\n]R.", "Type"),
        ("newobj-of-no-tuple", b"\x80\x02c__builtin__\nset\nN\x81.", "Type"),
        ("newobj-ex-of-no-dict", b"\x80\x04c__builtin__\nset\n)]\x92.", "Type"),
        ("stack-global-of-bytes", b"\x80\x04C\x02osC\x06system\x93.", "Type"),
        ("unhashable-key", b"}]K\x01s.", "Unhashable"),
        ("unhashable-in-a-tuple", b"}]\x85K\x01s.", "Unhashable"),
        ("unhashable-element", b"\x8f(}\x90.", "Unhashable"),
        ("unhashable-in-a-frozenset", b"(]\x91.", "Unhashable"),
        ("unhashable-in-a-set-call", b"c__builtin__\nset\n(]]atR.", "Unhashable"),
        ("memo-hole", b"K\x01q\x01h\x00.", "Memo"),
        ("memo-missing", b"h\x00.", "Memo"),
        ("memo-missing-long", b"j\xff\xff\xff\xff.", "Memo"),
        ("memo-missing-line", b"g7\n.", "Memo"),
        ("memo-negative-get", b"g-1\n.", "Memo"),
        ("memo-negative-put", b"K\x01p-1\n.", "Argument"),
        ("memo-no-number", b"K\x01px\n.", "Argument"),
        ("memoize-nothing", b"\x94.", "Stack"),
        ("put-a-mark", b"K\x01(q\x00.", "Stack"),
        ("stop-on-nothing", b".", "Stack"),
        ("stop-on-a-mark", b"K\x01(.", "Stack"),
        ("pop-nothing", b"0.", "Stack"),
        ("pop-mark-without-mark", b"K\x011.", "Stack"),
        ("tuple-without-mark", b"K\x01t.", "Stack"),
        ("tuple2-of-one", b"K\x01\x86.", "Stack"),
        ("tuple3-across-a-mark", b"K\x01K\x01(K\x01\x87.", "Stack"),
        ("append-on-nothing", b"K\x01a.", "Stack"),
        ("append-across-a-mark", b"](K\x01a.", "Stack"),
        ("dup-nothing", b"2.", "Stack"),
        ("setitems-odd", b"}(K\x01u.", "Stack"),
        ("dict-odd", b"(K\x01d.", "Stack"),
        ("obj-of-nothing", b"(o.", "Stack"),
        ("build-on-nothing", b"}b.", "Stack"),
        ("reduce-on-nothing", b")R.", "Stack"),
        ("binpersid-on-nothing", b"Q.", "Stack"),
        ("opcode-unknown", b"\xff.", "Opcode"),
        ("opcode-unknown-later", b"K\x01\x00.", "Opcode"),
        ("protocol-6", b"\x80\x06N.", "Argument"),
        ("protocol-255", b"\x80\xffN.", "Argument"),
        ("nothing", b"", "Empty"),
        ("no-stop", b"K\x01", "Empty"),
        ("frame-too-long", b"\x80\x04\x95\x03\x00\x00\x00\x00\x00\x00\x00N.", "Truncated"),
        ("frame-of-2-to-the-64", b"\x80\x04\x95" + b"\xff" * 8 + b"N.", "Truncated"),
        ("long-of-10-to-the-9-digits", b"\x8b\xff\xff\xff\x7f\x01", "Truncated"),
        ("long-negative-count", b"\x8b\xff\xff\xff\xff.", "Argument"),
        ("string-negative-count", b"T\xff\xff\xff\xff.", "Argument"),
        ("bytes-of-2-to-the-63", b"\x8e" + b"\xff" * 7 + b"\x7f.", "Truncated"),
        ("text-of-2-to-the-63", b"\x8d" + b"\xff" * 7 + b"\x7f.", "Truncated"),
        ("bytearray-of-2-to-the-63", b"\x96" + b"\xff" * 7 + b"\x7f.", "Truncated"),
        ("string-not-quoted", b"Sabc\n.", "Argument"),
        ("string-half-quoted", b"S'abc\n.", "Argument"),
        ("string-one-quote", b"S'\n.", "Argument"),
        ("string-bad-escape", b"S'\\x4'\n.", "Argument"),
        ("string-not-ascii", b"U\x01\xe9.", "Encoding"),
        ("text-not-utf-8", b"\x8c\x01\xff.", "Encoding"),
        ("text-overlong", b"\x8c\x02\xc0\x80.", "Encoding"),
        ("unicode-bad-escape", b"V\\u004\n.", "Encoding"),
        ("global-not-utf-8", b"c\xff\nx\n.", "Encoding"),
        ("int-no-number", b"Ix\n.", "Argument"),
        ("int-empty", b"I\n.", "Argument"),
        ("int-python-2-octal", b"I09\n.", "Argument"),
        ("float-no-number", b"Fx\n.", "Argument"),
        ("float-spaced", b"F 1\n.", "Argument"),
        ("float-too-large", b"F1e999\n.", "Argument"),
        ("long-no-number", b"LxL\n.", "Argument"),
        ("line-without-end", b"I12", "Truncated"),
    ]
    dtype = b"cnumpy\ndtype\n(S'f8'\nI00\nI01\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntb"
    array = b"cnumpy._core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85S'b'\ntR"
    void = b"cnumpy\ndtype\n(S'V8'\nI00\nI01\ntR(I3\nS'|'\n"
    numpy = [
        ("array-data-short", array + b"(K\x01(K\x02t" + dtype + b"\x89C\x08" + bytes(8) + b"tb.", "Refused"),
        ("array-data-long", array + b"(K\x01(K\x01t" + dtype + b"\x89C\x09" + bytes(9) + b"tb.", "Refused"),
        ("array-shape-overflows", array + b"(K\x01(J\xff\xff\xff\x7fJ\xff\xff\xff\x7fJ\xff\xff\xff\x7ft" + dtype + b"\x89C\x00tb.", "Refused"),
        ("array-shape-negative", array + b"(K\x01(I-1\nt" + dtype + b"\x89C\x00tb.", "Refused"),
        ("array-of-no-dtype", array + b"(K\x01(K\x00tN\x89C\x00tb.", "Refused"),
        ("array-of-the-dtype-type", array + b"(K\x01(K\x00tcnumpy\ndtype\n\x89C\x00tb.", "Refused"),
        ("array-state-of-four", array + b"((K\x00t" + dtype + b"\x89C\x00tb.", "Refused"),
        ("objects-from-bytes", array + b"(K\x01(K\x01tcnumpy\ndtype\n(S'O8'\nI00\nI01\ntR(I3\nS'|'\nNNNI-1\nI-1\nI63\ntb\x89C\x08" + b"A" * 8 + b"tb.", "Refused"),
        ("objects-of-another-count", array + b"(K\x01(K\x02tcnumpy\ndtype\n(S'O8'\nI00\nI01\ntR(I3\nS'|'\nNNNI-1\nI-1\nI63\ntb\x89]tb.", "Refused"),
        ("texts-that-are-none", array + b"(K\x01(K\x01tcnumpy._core._internal\n_convert_to_stringdtype_kwargs\n(I01\ntR\x89]K\x01atb.", "Refused"),
        ("dtype-itemsize-of-another", b"cnumpy\ndtype\n(S'S5'\nI00\nI01\ntR(I3\nS'|'\nNNNI500\nI1\nI0\ntb.", "Refused"),
        ("dtype-field-outside", void + b"N(S'a'\nt(S'a'\n(" + dtype + b"I4\ntdI8\nI1\nI0\ntb.", "Refused"),
        ("dtype-field-negative", void + b"N(S'a'\nt(S'a'\n(" + dtype + b"I-4\ntdI8\nI1\nI0\ntb.", "Refused"),
        ("dtype-field-missing", void + b"N(S'a'\nt}I8\nI1\nI0\ntb.", "Refused"),
        ("dtype-field-twice", void + b"N(S'a'\nS'a'\nt(S'a'\n(" + dtype + b"I0\ntdI8\nI1\nI0\ntb.", "Refused"),
        ("dtype-subarray-of-another-size", void + b"(" + dtype + b"(I2\ntt" + b"NNI8\nI1\nI0\ntb.", "Refused"),
        ("dtype-metadata-no-unit", b"cnumpy\ndtype\n(S'M8'\nI00\nI01\ntR(I4\nS'<'\nNNNI-1\nI-1\nI0\n(N(S'fortnight'\nI1\nI1\nI1\nttt" + b"b.", "Refused"),
        ("dtype-of-a-crash", b"cnumpy\ndtype\n(S'V2147483647'\nI00\nI01\ntR.", "numpy.dtype('V2147483647', False, True)"),
        ("dtype-by-a-repeat", b"cnumpy\ndtype\n(S'99999999f8'\nI00\nI01\ntR.", "numpy.dtype('99999999f8', False, True)"),
        ("scalar-short", b"cnumpy._core.multiarray\nscalar\n(" + dtype + b"C\x04" + bytes(4) + b"tR.", "numpy._core.multiarray.scalar(dtype('<f8'), b'\\x00\\x00\\x00\\x00')"),
        ("buffer-short", b"cnumpy._core.numeric\n_frombuffer\n(C\x04" + bytes(4) + dtype + b"(K\x01tS'C'\ntR.", None),
        ("uuid-too-large", b"cuuid\nUUID\n)\x81}S'int'\nL999999999999999999999999999999999999999999L\nsb.", "Refused"),
        ("uuid-attributes", b"cuuid\nUUID\n)\x81}S'__class__'\nK\x01sb.", "Refused"),
    ]
    for name, data, expected in run:
        yield name, data, expected, None, "Dangerous" if name in dangerous else None
    for name, data, expected in numpy:
        yield name, data, expected, None, None
    for name, data, expected in broken:
        yield name, data, expected, python_error(data), None


def python_error(data):
    """What CPython says of a pickle that is only broken."""
    try:
        pickle.loads(data)
        return None
    except Exception as error:
        return [type(error).__name__, str(error)]


def attack_lines():
    for name, data, expected, python, verdict in attacks():
        line = {"name": name, "pickle": base64.b64encode(data).decode()}
        if expected is not None:
            line["kind" if expected[:1].isupper() and expected.isalnum() and expected != "None" else "text"] = expected
        if python:
            line["python"] = python
        if verdict:
            line["verdict"] = verdict
        yield line


def write(folder):
    os.makedirs(os.path.join(folder, "pickle"), exist_ok=True)
    with open(os.path.join(HERE, "..", "pickle", "python2.json")) as file:
        python2 = file.read()
    with open(os.path.join(folder, "pickle", "python2.json"), "w") as file:
        file.write(python2)
    for name, lines in (("corpus", corpus()), ("attacks", attack_lines())):
        with open(os.path.join(folder, "pickle", name + ".jsonl"), "w") as file:
            for line in lines:
                file.write(json.dumps(line, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    if sys.argv[1] == "--python2":
        print(subprocess.run([sys.argv[2], "-c", PYTHON2], stdout=subprocess.PIPE, text=True, check=True).stdout, end="")
    else:
        write(sys.argv[1])
