"""Prints dtypes.jsonl: descr literals, and the dtype that NumPy makes of each."""

import ast
import random
import warnings

import numpy as np
from arrays import UNITS
from isolate import answers
from oracle import STRAY, dump, error

ORDERS = ["", "<", ">", "=", "|"]
ML_NAMES = "bfloat16 float8_e4m3 float8_e4m3fn float8_e4m3fnuz float8_e4m3b11fnuz float8_e5m2 float8_e5m2fnuz float8_e3m4 float8_e8m0fnu float6_e2m3fn float6_e3m2fn float4_e2m1fn int4 uint4 int2 uint2 int1 uint1 complex32 bcomplex32".split()
METADATA = ["('<f4', {'a': 1})", "('|O', {'vlen': 's'})", "('|i1', {'enum': {'FALSE': 0, 'TRUE': 1}})", "('|S5', {})", "[('x', ('<f4', {'a': 1}))]"]


def names():
    yield from (name for name in np.sctypeDict if isinstance(name, str))
    yield from "float int bool complex str bytes void object unicode string long ulong int0 uint0 object0 bool8 float_ int_ complex_ str_ bytes_ unicode_ datetime timedelta record recarray buffer bit".split()
    yield from "Float32 FLOAT32 float32_ float-32 numpy.float32 np.float32 float16x float24 int7 int24 int256 uint5 complex512 float512 bool_ bool16 single double half quad longlong longfloat clongfloat cfloat".split()
    yield from (chr(code) for code in range(32, 127))
    yield from ML_NAMES


def typestrs():
    for kind in "biufcSUVOMm":
        for size in (0, 1, 2, 3, 4, 8, 16, 32):
            for order in ORDERS if size in (1, 4, 8) or kind in "SUV" else ORDERS[:3]:
                yield f"{order}{kind}{size}"
        for order in ORDERS:
            yield order + kind
    for kind in "?abBchHiIlLqQnNpPefdgFDGtTAEZWwxyz":
        for size in ("", 1, 2, 4, 8, 16):
            yield f"{kind}{size}"
        yield f">{kind}"
    yield from "<? >? =? |? ?1 ?2 ^f4 !f4 @f4 ~f4 <<f4 <>f4 =<f4 <=f4 f4< <f4< f4> |i4 |f8 |c16 |b1 >b1 >S3 >V3 =S3 =U3 |U3 |M8 |m8[s] >M8[D] =M8[D]".split()
    yield from "f04 f004 f+4 f-4 f4.0 f4. f0x4 f4L f4_ f_4 f4\0 S05 S00 S-0 S-1 S+1 U-1 V-1 S1.5 S1e3 S1000000 U1000 V70000 f10 f12 f24 g16 i9 u16 c64 i128 S9223372036854775807 S18446744073709551616".split()
    yield from "S2147483647 S2147483648 V2147483647 V2147483648 U536870911 U536870912 U2147483647 S4294967296 S4294967301 f4294967300 i8589934596".split()
    yield from "a a1 a5 <a5 >a5 |a5 A5 O4 O8 O16 |O |O8 <O >O8 T8 T16 |T16 <T16 M4 M16 m1 M8s M8[] m8[] M8[ M8] M8[[s]] M8[s]] M8[s]x M8[s]4 M 8[s] ".split()
    yield from ["µ", "é", "f４", "\uff46４", "Ω8", "<f4é", "日本", "\ud800", "f4\n", "\tf4", "f4\r", "", "\0", "\0f4"]


def datetimes():
    for kind in "Mm":
        for unit in [*UNITS, "B", "generic", "μs", "µs", "y", "mo", "d", "H", "min", "S", "sec", "Ms", "NS", "AS", "hs", "second", "years"]:
            yield f"{kind}8[{unit}]"
        for unit in UNITS:
            for form in (f"7{unit}", f"{unit}/1", f"{unit}/2", f"{unit}/1000", f"10{unit}/5"):
                yield f"<{kind}8[{form}]"
    for divided in ["Y/4", "Y/12", "Y/13", "Y/52", "Y/365", "M/4", "M/30", "M/31", "W/7", "W/168", "D/24", "D/1440", "D/86400", "h/60", "h/3600", "m/60", "s/4", "s/1000000", "s/3", "ms/1000000000", "as/1", "as/2", "3s/4", "s/0", "s/-4", "s/", "/4", "s/4/2", "Y/24", "0s/4", "D/7", "s/1001"]:
        yield f"M8[{divided}]"
    for multiple in ["0s", "00s", "1s", "01s", "+1s", "-1s", " 1s", "1 s", "s ", " s", "1.5s", "1e3s", "0x10s", "1_0s", "2147483647s", "2147483648s", "4294967297s", "9223372036854775807s", "9223372036854775808s", "99999999999999999999s", "1generic", "2generic", "25", "s25", "1,s", "s,1", "(s)", "'s'", "s;"]:
        yield f"m8[{multiple}]"
    for name in ["datetime64", "timedelta64"]:
        yield from (f"{name}[{unit}]" for unit in ("s", "ns", "25s", "Y/4", "generic", "bad", ""))
        yield from (f"<{name}", f">{name}[s]", f"{name}8", f"{name}[s", f"{name}s]")
    yield from "M8[s][ns] <M8[ns]  M[s] m[D] >M[us] M4[s] M16[s] M8[D]D =m8[h] |M8[h] f8[s] i8[ns] S8[s] V8[Y] M08[s] M8 [s]".split(" ")


def commas():
    yield from ["f4,f4", "f4, f4", "f4 ,f4", " f4,f4", "f4,f4 ", "f4,f4,", "f4,", ",f4", ",", ",,", "f4,,f4", "f4;f4", "f4 f4", "f4\tf4", "f4,\tf4", "f4,\nf4", "i4,S3,U2", "?,b,B", "f4,O", "float32,int8", "f4,float", "f4,nope", "f4,f5", "d,f,e,g"]
    yield from ["3f4", "3f4,i2", "(2,3)f4,i4", "(2,3)f4", "(2,)f4", "(2)f4", "(2,)f4,i4", "(2)f4,i4", "()f4", "()f4,i4", "(0,)f4", "0f4", "0f4,i4", "1f4", "1f4,i4", "(1,)f4,i4", "(2,3,)f4,i4", "( 2 , 3 )f4,i4", "(2,3) f4,i4", " (2,3)f4,i4", "(2,3f4,i4", "2,3)f4", "((2,3))f4,i4", "(2,-3)f4,i4", "-3f4", "-3f4,i4", "+3f4,i4", "(2.5,)f4,i4", "(a,)f4,i4", "03f4,i4", "3 f4,i4", "3  f4", "3", "3,", "3,4", "(2,3)", "(2,3),i4", "(2 3)f4,i4", "(,)f4,i4", "(2,,3)f4,i4", "1000000f4,i4", "2147483648f4,i4", "(65536,65536)f4,i4"]
    yield from ["<f4,>i4", ">f4,<i4", "=f4,|i1", "<3f4,i4", ">3f4,i4", "3<f4,i4", "3>f4,i4", "<3<f4,i4", "<3>f4,i4", "=3<f4,i4", "=3>f4,i4", "|3f4,i4", "|3>f4,i4", "<(2,)>f4,i4", ">(2,)f4,i4", "(2,)>f4,i4", "> 3f4,i4", ">3 f4,i4", "3 >f4,i4", "<f4,<", "<,f4"]
    yield from ["M8[s],i4", "M8[25s],m8[D]", "i4,M8[s/4]", "3M8[ns],i2", "M8[s,ns],i4", "(2,)M8[us],f4", "M8[],i4", "S,U,V", "S0,i4", "2S3,2U1,V5", "S3 ,i4", "f4,f4,f4,f4,f4,f4,f4,f4,f4,f4,f4,f4", "a5,i4", "f4,a5", "T,i4", "c8,c16,F,D,G", "f.4,i4", "f4.,i4", "f-4,i4", "f4[s],i4", "i4,3", "bool,bool", "?,?", "3?,i4", "datetime64[s],i4", "timedelta64[D],timedelta64[h]", "f4,f4\0", "é,i4", "f4,µ", "{'a':1},i4"]


def lists():
    yield from ["[]", "[('a', '<f4')]", "[('a', 'f4'), ('b', '>i2')]", "[('a', '|u1'), ('', '|V3'), ('b', '<i4')]", "[('', '|V3')]", "[('', '|V3'), ('', '|V2')]", "[('', '|V0'), ('a', 'u1')]", "[('', 'V'), ('a', 'u1')]", "[('a', 'u1'), ('', '|V7')]", "[('', '|V2', (3,)), ('a', 'u1')]", "[('', 'f4'), ('a', 'f4')]", "[('', 'f4')]", "[('', 'f4'), ('', 'i4')]", "[('', 'S3'), ('a', 'f4')]", "[('', []), ('a', 'f4')]", "[('', [('x', 'u1')]), ('a', 'f4')]"]
    yield from ["[('a', 'f4', 3)]", "[('a', 'f4', (3,))]", "[('a', 'f4', (2, 3))]", "[('a', 'f4', ())]", "[('a', 'f4', 1)]", "[('a', 'f4', (1,))]", "[('a', 'f4', (1, 1))]", "[('a', 'f4', 0)]", "[('a', 'f4', (0,))]", "[('a', 'f4', (2, 0))]", "[('a', 'f4', [2, 3])]", "[('a', 'f4', True)]", "[('a', 'f4', False)]", "[('a', 'f4', (True, 2))]", "[('a', 'f4', -1)]", "[('a', 'f4', (-1,))]", "[('a', 'f4', 1.5)]", "[('a', 'f4', '2')]", "[('a', 'f4', None)]", "[('a', 'f4', (2**1,))]".replace("2**1", "2"), "[('a', 'f4', 2147483647)]", "[('a', 'f4', 2147483648)]", "[('a', 'f4', 536870912)]", "[('a', 'f4', (65536, 65536))]", "[('a', 'f4', (65536, 65536, 0))]", f"[('a', 'u1', {(1,) * 32!r})]", f"[('a', 'u1', {(1,) * 33!r})]", f"[('a', 'u1', {(1,) * 64!r})]", f"[('a', 'u1', {(1,) * 65!r})]", "[('a', 'f4', 99999999999999999999)]", "[('a', 'f4', {2})]", "[('a', 'f4', {2: 3})]", "[('a', 'f4', b'2')]", "[('a', 'f4', 'f4')]", "[('a', 'S0', 2)]", "[('a', 'U0', (2,))]", "[('a', 'V0', 5)]", "[('a', 'S3', 2)]", "[('a', ('f4', (2,)), (3,))]", "[('a', ('f4', (2,)))]", "[('a', ('f4', 2), 3)]", "[('a', [('x', 'u1')], 2)]", "[('a', [], 2)]", "[('a', [])]", "[('a', [('b', [])])]"]
    yield from ["[(('t', 'a'), 'f4')]", "[(('t', 'a'), 'f4', 2)]", "[(('t', ''), 'f4')]", "[(('', 'a'), 'f4')]", "[(('', ''), 'f4')]", "[(('', ''), 'V3'), ('a', 'u1')]", "[(('a', 'a'), 'f4')]", "[((None, 'a'), 'f4')]", "[((1, 'a'), 'f4')]", "[((('x', 'y'), 'a'), 'f4')]", "[(('t', None), 'f4')]", "[(('t', 1), 'f4')]", "[(('t',), 'f4')]", "[((), 'f4')]", "[(('t', 'a', 'b'), 'f4')]", "[(['t', 'a'], 'f4')]", "[(('t', 'a'), 'f4'), ('t', 'f4')]", "[('t', 'f4'), (('t', 'a'), 'f4')]", "[(('t', 'a'), 'f4'), (('t', 'b'), 'f4')]", "[(('b', 'a'), 'f4'), (('a', 'b'), 'f4')]", "[(('t', 'a'), 'f4'), (('u', 'a'), 'f4')]", "[(('é', 'a'), 'f4')]", "[((b't', 'a'), 'f4')]", "[((('t',), 'a'), 'f4')]", "[((1.5, 'a'), 'f4')]", "[(([], 'a'), 'f4')]"]
    yield from ["[('a', 'f4'), ('a', 'f4')]", "[('a', 'f4'), ('A', 'f4')]", "[('é', 'f4')]", "[('🦀', 'f4')]", "[('\\ud800', 'f4')]", "[('a\\0b', 'f4')]", "[('\\0', 'f4')]", "[('a b', 'f4')]", "[(\"it's\", 'f4')]", "[('\"', 'f4')]", "[('\\n', 'f4')]", "[(1, 'f4')]", "[(None, 'f4')]", "[(b'a', 'f4')]", "[(1.5, 'f4')]", "[(True, 'f4')]", "[({}, 'f4')]", "[([], 'f4')]", "[('a',)]", "[()]", "[('a', 'f4', 2, 3)]", "['ab']", "['abc']", "['a']", "['']", "['ab', 'cd']", "['f4']", "['abf']", "['af2']", "[['a', 'f4']]", "[['a', 'f4', 2]]", "[['a', 'f4', [2]]]", "[{'a': 'f4'}]", "[{'a', 'f'}]", "[{'ab': 1, 'cd': 2}]", "[1]", "[None]", "[1.5]", "[b'ab']", "[b'a']", "['a', 'f4']", "['a', ('b', 'f4')]", "[('a', 'f4'), 3]", "[('a', None)]", "[('a', 4)]", "[('a', 1.5)]", "[('a', True)]", "[('a', b'f4')]", "[('a', '')]", "[('a', 'nope')]", "[('a', {})]", "[('a', {'b': 'f4'})]", "[('a', {'names': ['x'], 'formats': ['f4']})]", "[('a', ())]", "[('a', ('f4',))]", "[('a', 'f4,i4')]", "[('a', 'f4,i4', 2)]", "[('a', 'O')]", "[('a', 'T')]", "[('a', [('o', 'O')])]", "[('a', 'O', 2)]", "[('a', '|V2147483647')]", "[('a', '|V2147483647'), ('b', 'u1')]", "[('', '|V2147483647'), ('b', 'u1')]", "[('a', '|V2147483647'), ('b', '|V2147483647')]", "[('a', 'a5')]", "[('a', 'M8[s/4]')]", "[('a', 'm8')]", "[('a', 'M8')]", "[('f0', 'f4'), ('', 'f4')]", "[('f1', 'f4'), ('', 'f4')]", "[('', 'f4'), ('f0', 'f4')]"]
    yield repr([(f"f{i}", "u1") for i in range(300)])
    nested = "'u1'"
    for depth in range(1, 40):
        nested = f"[('a', {nested})]"
        if depth in (5, 15, 30, 39):
            yield nested


def others():
    yield from ["('f4', 2)", "('f4', (2,))", "('f4', (2, 3))", "('f4', ())", "('f4', 1)", "('f4', (1,))", "('f4', 0)", "('f4', (0,))", "('f4', [2])", "('f4', -1)", "('f4', (-1,))", "('f4', True)", "('f4', False)", "('f4', None)", "('f4', 'i4')", "('i4', 'f4')", "('i4', 'u4')", "('f8', '<i8')", "('V4', 'f4')", "('V4', 'i2')", "('S4', 'f4')", "('f4', 'f8')", "('f4', '>f4')", "('f4', '')", "('f4', 'nope')", "('S', 5)", "('S0', 5)", "('U', 5)", "('V', 5)", "('V0', 5)", "('V', (5,))", "('S', (5,))", "('S3', 5)", "('a', 5)", "('M8', 5)", "('M8', ('s', 1))", "('M8[s]', 2)", "('O', 2)", "('O', (2,))", "('f4',)", "()", "('f4', 2, 3)", "('f4', (2,), 'x')", "(('f4', 2), 3)", "((('f4', 2), 3), 4)", "([('a', 'f4')], 2)", "([('a', 'f4')], 'V4')", "([], 2)", "([], 0)", "(None, 2)", "(4, 2)", "('', 2)", "({}, 2)", "('nope', 2)", "('f4,i4', 2)", "('f4', {})", "('f4', {'x': 1})", "('f4', [('a', 'i2'), ('b', 'i2')])", "('f4', [('a', 'i2')])", "('i4', [('a', 'i2'), ('b', 'i2')])", "('i4', ['ab'])", "('u8', {'names': ['a'], 'formats': ['u1']})", "('f4', 2147483648)", "('f4', (65536, 65536))", "(('a', 'f4'), ('b', 'f4'))", "[('a', 'f4')], ", "('f4', 2.0)", "('f4', b'2')", "('f4', {2})", f"('u1', {(1,) * 64!r})", f"('u1', {(1,) * 65!r})"]
    yield from ["None", "True", "False", "0", "4", "-1", "1.5", "1j", "b''", "b'f4'", "...", "{}", "{'a': 'f4'}", "{'a': ('f4', 0)}", "{'names': ['a'], 'formats': ['f4']}", "{'names': ['a'], 'formats': ['f4'], 'offsets': [4], 'itemsize': 16}", "{'ab': 1}", "{'abc': 1}", "{1: 2}", "{'f4'}", "{'ab'}", "{('a', 'f4')}", "{1}"]
    yield from METADATA


def spaced():
    for text in ["f4", "<f4", "float32", "S5", "M8[s]", "f4,i4", "(2,)f4", "(2,3)f4,i4"]:
        for before, after in [(" ", ""), ("", " "), (" ", " "), ("\t", ""), ("", "\n"), ("", "\t"), ("\n", "\n"), ("", "  ")]:
            yield before + text + after
    yield from ["f 4", "< f4", "S 5", "M8 [s]", "M8[ s]", "M8[s ]", "( 2,)f4", "(2 ,)f4", "(2,) f4", "f4 , i4", "f4  ,  i4", "float 32", "3 f4"]


def random_lists(count):
    """Structs with everything at once."""
    rng = random.Random(20250)

    def leaf():
        return rng.choice(["<f4", ">f8", "|u1", "?", "<i2", ">U3", "|S5", "|V4", "<M8[ns]", ">m8[25s]", "<c8", "<f2", "f4,i2", "|S0", "V0", "<f16", "3i2"])

    def fields(depth):
        made, used = [], set()
        for _ in range(rng.randrange(1, 5)):
            name = rng.choice("abcdefgé") if rng.random() < 0.92 else rng.choice(["", "日本", "x y"])
            if rng.random() < 0.2:
                made.append(("", f"|V{rng.randrange(0, 9)}"))
                continue
            if name in used and rng.random() < 0.9:
                continue
            used.add(name)
            if rng.random() < 0.15:
                name = (rng.choice(["T", "Title", "a", ""]), name)
            kind = fields(depth - 1) if depth and rng.random() < 0.3 else leaf()
            if rng.random() < 0.1:
                kind = (kind, (rng.randrange(0, 3),))
            if rng.random() < 0.3:
                made.append((name, kind, tuple(rng.randrange(0, 4) for _ in range(rng.randrange(0, 4)))))
            else:
                made.append((name, kind))
        return made

    for _ in range(count):
        yield repr(fields(2))


def random_strings(count):
    """Typestrs with a character added, dropped or changed."""
    rng = random.Random(20251)
    seeds = ["<f4", ">c16", "|S12", "<U3", "<M8[25s]", "m8[D]", "f4,i4", "(2,3)f4,>i2", "3u1", "float32", "|V5", "timedelta64[ns]"]
    for _ in range(count):
        text = list(rng.choice(seeds))
        for _ in range(rng.choice([1, 1, 2])):
            at = rng.randrange(len(text) + 1)
            how = rng.randrange(3)
            if how == 0:
                text.insert(at, rng.choice("<>=|0123456789fiucSUVMm[]()/, ?s"))
            elif text:
                at = min(at, len(text) - 1)
                text[at : at + 1] = rng.choice("<>=|123489fiucSUVMm[](), ?sD") if how == 1 else []
        yield "".join(text)


def literals():
    for part in (names(), typestrs(), datetimes(), commas(), spaced(), random_strings(500)):
        yield from (repr(text) for text in part)
    yield from lists()
    yield from others()
    yield from random_lists(350)


def describe(dtype):
    try:
        descr = repr(np.lib.format.dtype_to_descr(dtype))
    except ValueError:
        descr = None
    fields = None
    if dtype.names is not None:
        fields = []
        for name in dtype.names:
            inner, offset, *title = dtype.fields[name]
            title = title[0] if title else None
            title = title if title is None or isinstance(title, str) else {"repr": repr(title)}
            fields.append([name, title, str(inner), offset])
    return {
        "str": str(dtype),
        "repr": repr(dtype),
        "descr": descr,
        "itemsize": dtype.itemsize,
        "alignment": dtype.alignment,
        "kind": dtype.kind,
        "hasobject": dtype.hasobject,
        "names": list(dtype.names) if dtype.names is not None else None,
        "fields": fields,
        "subdtype": [str(dtype.subdtype[0]), list(dtype.subdtype[1])] if dtype.subdtype else None,
    }


def ask(literal):
    value = ast.literal_eval(literal)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            line = {"ok": describe(np.lib.format.descr_to_dtype(value))}
        except Exception as problem:
            problem = error(problem)
            line = {"error": {"class": problem["class"], "message": problem["message"]}}
            if problem["class"] in STRAY - {"TypeError"}:
                line["better"] = "a ValueError"
            if value in ML_NAMES:
                line["better"] = "an ml_dtypes name is read"
            if literal in METADATA:
                line["better"] = "read without the metadata, with a warning"
    if caught:
        line["warnings"] = list(dict.fromkeys(f"{w.category.__name__}: {w.message}" for w in caught))
    return line


def main():
    asked = list(dict.fromkeys(literals()))
    for literal, answer in zip(asked, answers(ask, asked)):
        print(dump({"descr": literal, **answer}))


if __name__ == "__main__":
    main()
