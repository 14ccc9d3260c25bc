"""Prints headers.jsonl: header texts, valid and not, and what NumPy's header reader says of each."""

import io
import random
import struct
import warnings

from isolate import answers
from numpy.lib import _format_impl
from oracle import STRAY, dump, error

import numpy as np

LONGEST_MESSAGE = 64
VALID = [
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }",
    "{'descr':'<f4','fortran_order':True,'shape':(2,3)}",
    "{'shape': (), 'fortran_order': False, 'descr': '|S5'}",
    "{'descr': [('a', '<i4'), ('b', '|u1', (2,))], 'fortran_order': False, 'shape': (3L, 4L), }",
    "{'descr': [(('t', 'x'), '<M8[ns]'), ('', '|V4')], 'fortran_order': False, 'shape': (1,)}  \n",
    "{\"descr\": '>c' \"16\", # note\n 'fortran_order': False, 'shape': (0x1F, 1_0)}\n",
]


def with_shape(text):
    return f"{{'descr':'<f4','fortran_order':False,'shape':{text}}}"


def with_order(text):
    return f"{{'descr':'<f4','fortran_order':{text},'shape':(3,)}}"


def with_descr(text):
    return f"{{'descr':{text},'fortran_order':False,'shape':(3,)}}"


def with_name(text):
    """The string becomes a field's name, so that the answer tells what it means."""
    return with_descr(f"[({text},'u1')]")


def numbers():
    yield from "0 1 10 007 00 0_0 0_1 1_000 1__0 1_ _1 0x10 0X1f 0xFF 0x 0x_1f 0x1_f 0xg 0o17 0O17 0o8 0o 0o_7 0b101 0B1 0b2 0b 0b_1 0b1_0 01 09 0e1 1e3 1E+3 1e 1e-2 1.0 1. .5 . 1.e2 1_0.0_1 1._5 1_e3 1j 1J 1.5j 0j 1e3j 1+2j 1-2j -1+2j -1-2j 1j+2 1+2 1-1 2*3 2**3 3/1 7//2 7%4 1<<2 6>>1 6&3 6|1 6^1 1@1 +3 -3 --3 +-3 -+3 ++3 ~3 - + not3 3L 3l 0x3L 3LL 3_L 1.5L 3jL 3if 3and4 3or4 3x 3_x 0xL 1if1else2 3in[3] 3is3".split()
    yield from [str(2**31), str(2**63 - 1), str(2**63), str(2**64), str(-(2**63)), str(-(2**63) - 1), "1" + "0" * 30, "1" + "0" * 400, "9" * 4300, "9" * 4301, "0x" + "f" * 16, "0x" + "f" * 17, "0x" + "f" * 1000, "0b" + "1" * 64, "0" * 50, "-0", "- 3", "-\t3", "(3)", "((3))", "+(3)", "-(3)", "-(-3)", "1 + 2j", "(1)+(2j)", "-(1+2j)", "1e400", "1e-400", "-1e400", "1.7976931348623157e308", "3 L", "3\nL", "3 # L", "٣", "३", "3\xa0", "3\u2003", "inf", "nan", "True", "False", "None", "true", "false", "null", "__debug__", "Ellipsis", "NotImplemented", "...", "....", "3...", "1 2", "1;2", "np.int64(3)", "int(3)", "np.uint8( 3 )", "numpy.int64(3)", "np.int64('3')", "np.int64(-3)", "np.float64(3)", "np.int64(3", "np . int64(3)", "np.int64(3,)", "(yield)", "await 3", "lambda:3", "3 if 1 else 2", "x:=3", "*a", "**a", "'3'", "b'3'", "f'{3}'", "3.real", "[3][0]", "(3,)[0]", "{3}", "[3]", "(3,)", "()", "{}", "{3:3}"]


def containers():
    yield from ["()", "(,)", "(3)", "(3,)", "(3,4)", "(3,4,)", "(3,,4)", "( 3 , 4 )", "(\n3,\n4\n)", "((3,4))", "((3,4),)", "(3 4)", "(3;4)", "(3,4", "3,4)", "3,4", "3,", "[3,4]", "[]", "{3,4}", "{3:4}", "{}", "set()", "set( )", "set([3])", "set(())", "frozenset()", "tuple()", "tuple((3,4))", "dict()", "list()", "(3,*(4,))", "(*(3,4),)", "*(3,4)", "*(3,4),", "(3,(4,5))", "(3,[4])", "(3,{4})", "(3,{})", "(3,None)", "(3,...)", "(3,'4')", "(3,'4'", "(3,4]", "[3,4)", "(3,4}", "{3,4)", "((3,4)", "(3,4))", "(3,4)()", "(3,4)[0]", "(3,4).x", "(3,4)+(5,)", "(3,)*2", "()+()", "(3 if 1 else 4,)", "(i for i in (3,4))", "[i for i in (3,4)]", "(3,4)==(3,4)", "not ()", "(True,3)", "(False,)", "(True,False)", "(3,True,)", "(-1,)", "(-1,-1)", "(+3,)", "(3.0,)", "(3j,)", "(1e400,)", "(3,\\\n4)", "(3,\\ \n4)", "(3\\\n,4)", "(3,#c\n4)", "(3,# )\n4)", "(3,\t4)", "(3,\f4)", "(3,\v4)", "(3,\x1f4)", "(3,\xa04)", "(3,\u20284)", "(3,\r4)", "(3,\r\n4)", "(3,\x004)", "(3L,4)", "(3L,4L)", "(3L)", "(3L L,)", "(3LL,)", "(L3,)", "(3,L)", "('3L',)", "('3' L,)", "(3.5L,)", "(3 L ,)", "(-3L,)", "(+3L,)", "(0x3L,)", "(0b1L,)", "(3\nL,)", "(3L4,)", "(03L,)", "(1_0L,)"]
    for depth in (1, 5, 30, 64, 98, 100, 200, 201):
        for pair in ("()", "[]"):
            yield pair[0] * depth + "3" + pair[1] * depth
        yield "(" * depth + "3" + ",)" * depth
        yield "-" * depth + "3"
        yield "{1:" * depth + "3" + "}" * depth
    yield from ["(" * n for n in (1, 50, 99, 100, 199, 200, 201, 1000)]
    yield from [")" * n for n in (1, 100)]
    yield "(" + "1," * 65 + ")"
    yield "(" + "1," * 300 + ")"
    yield "1" + "+1" * 200
    yield "not " * 200 + "1"
    yield "'a'" * 300


def strings():
    for prefix in ["", "u", "U", "r", "R", "b", "B", "br", "bR", "Br", "BR", "rb", "rB", "Rb", "RB", "f", "F", "fr", "rf", "FR", "t", "ur", "ru", "bu", "ub", "fb", "rr", "uu", "x", "u ", "r\n"]:
        for body in ["'a'", '"a"', "'''a'''", "'\\n'"]:
            yield prefix + body
    escapes = ["\\n", "\\t", "\\r", "\\a", "\\b", "\\f", "\\v", "\\\\", "\\'", '\\"', "\\0", "\\00", "\\000", "\\0000", "\\7", "\\77", "\\177", "\\377", "\\400", "\\777", "\\8", "\\9", "\\08", "\\x41", "\\x4", "\\x", "\\xg0", "\\xff", "\\X41", "\\u0041", "\\u00e9", "\\u41", "\\u", "\\ud800", "\\udfff", "\\ud83e\\udd80", "\\U00000041", "\\U0001f980", "\\U0010ffff", "\\U00110000", "\\U0041", "\\Uffffffff", "\\N{DIGIT FOUR}", "\\N{digit four}", "\\N{LATIN SMALL LETTER E WITH ACUTE}", "\\N{no such}", "\\N{}", "\\N{DIGIT", "\\N", "\\N{CJK UNIFIED IDEOGRAPH-4E00}", "\\N{HANGUL SYLLABLE GA}", "\\N{BEL}", "\\N{NULL}", "\\N{BELL}", "\\d", "\\w", "\\ ", "\\(", "\\é", "\\\n", "\\\r", "\\\r\n", "a\\\nb", "\\\\\n", "\\"]
    for escape in escapes:
        for form in ("'%s'", "'''%s'''", "b'%s'", "r'%s'"):
            yield form % escape
        yield f"'x{escape}y'"
    yield from ["''", "''''''", "'a' 'b'", "'a''b'", '\'a\'"b"', "'a' b'b'", "b'a' b'b'", "b'a' 'b'", "u'a' r'\\n' '\\n'", "'a'\n'b'", "('a'\n'b')", "'a' # c\n 'b'", "'a' f'b'", "f'a' 'b'", "f''", "f'{1}'", "f'{{'", "f'{'", "'a' + 'b'", "'a' * 2", "'a' % ()", "'%s' % 'a'", "'a'.upper()", "'a'[0]", "'a", "a'", "'", '"', "'''", "'''a''", '"""a"""', '"""a', "'a\nb'", "'''a\nb'''", "'''a\r\nb'''", "'''a\rb'''", "'''\\\nb'''", "'it''s'", '"it\'s"', "'\\''", "'#'", "'a'#b", "'{'", "'\t'", "'\f'", "'\x01'", "'\x7f'", "'\x85'", "'\xa0'", "'é'", "'日本'", "'🦀'", "'\ufeff'", "'\u2028'", "'\x00'", "b'é'", "b'\\xe9'", "b'\\u0041'", "'a' 'b' 'c' 'd'", "(('a'))", "('a',)", "'a',", "str('a')", "a", "é", "日本", "'a'L", "'a' L", "3L"]


def structures():
    for key in ["descr", "fortran_order", "shape"]:
        yield VALID[0].replace(f"'{key}'", f"'{key}' 'x'")
        yield VALID[0].replace(f"'{key}'", f"b'{key}'")
        yield VALID[0].replace(f"'{key}'", key)
        yield VALID[0].replace(f"'{key}'", f"'{key.upper()}'")
        yield VALID[0].replace(f"'{key}':", f"'{key}'")
        yield VALID[0].replace(f"'{key}':", f"'{key}'=")
        yield VALID[0].replace(f"'{key}'", f"('{key}')")
        yield VALID[0].replace(f"'{key}'", f"('{key}',)")
        yield VALID[0].replace(f"'{key}'", f"u'{key}'")
    body = VALID[0][1:-1]
    yield from [f"{{{body} 'extra': 1}}", f"{{1: 2, {body}}}", f"{{**{{{body}}}}}", f"{{**{{}}, {body}}}", f"dict({body})", f"[{body}]", f"({body})", body, f"{{{body}", f"{body}}}", f"{{{{{body}}}}}", f"({{{body}}})", f"({{{body}}},)", f"[{{{body}}}]", f"{{{body},}}", f"{{,{body}}}", f"{{{body}}};", f"{{{body}}};{{}}", f"{{{body}}},", f"{{{body}}}\n{{}}", f"{{{body}}}[0]", f"{{{body}}}.x", f"{{{body}}} if 1 else 2", f"{{{body}}} | {{}}", f"x={{{body}}}", f"return {{{body}}}", f"eval({{{body}}})", f"-{{{body}}}", f"not {{{body}}}", f"{{{body}}}{{{body}}}", "{}", "{ }", "{,}", "{:}", "{1}", "{1:}", "{:1}", "{1:1", "{}}", "{1:1,,}", "{1:1 2:2}", "{1:1;2:2}", "{'descr':1,'descr':2}", "", " ", "\n", "\t", "#", "# only", "\\", "\\\n", "\0", "None", "1", "'a'", "a", "pass", "import os", "...", "()", "[]", "lambda: {}", "@", "$", "?", "!", "`a`", "a b", "1 2", "if 1: {}", "for", "{'descr': print}"]
    for before in [" ", "  ", "\t", "\n", "\n\n", "\r\n", "\r", "\f", " \n", " \t\n  ", "\n ", "\n\t", "#c\n", "# c\n#d\n ", "\\\n", " \\\n", "\ufeff", "\xa0", "\v", "\0", ";", ",", "(", "#", "\u3000", "\x1c", "\x85"]:
        yield before + VALID[1]
    for after in [" ", "\t", "\n", "\n\n\n", "\r\n", "\r", "\f", "\v", "\0", " \\\n", "\\\n", "\\", "\\ ", " #c", "#c\n", "\n#c", "\n #c", "\n  ", "\n \n", ";", ",", ")", "}", ":", ".", "'", "\xa0", "\x1a", "\x85", "\u2028", "\n;", "x", " x", "\nx", "\n x", "1", " L", "L", "#\0", "#é", "#日", "#\r", "# a\rb", "# dtype: bfloat16", "\n# dtype: bfloat16\n", "\x00" * 20, " " * 60 + "\n"]:
        yield VALID[1] + after
    for between in ["\n", "\r", "\t", "\f", "\v", "\0", "\\\n", "\\", "#c\n", "#c\r", "\xa0", "\x85", "\u2028", "\x1b", ";", " ", "  \n  "]:
        yield VALID[1].replace("'fortran_order':", f"'fortran_order':{between}")
        yield VALID[1].replace(",'shape'", f"{between},'shape'")
    yield from (with_order(text) for text in ["True", "False", "0", "1", "None", "'True'", "true", "TRUE", "(True)", "((False))", "(True,)", "not True", "True and False", "1==1", "bool(1)", "b'1'", "[]", "{}", "0.0", "-True", "+False", "True L", "np.True_", "...", "TrueFalse", "True False"])


def mutations(count):
    """Valid headers with characters dropped, doubled, swapped or changed."""
    rng = random.Random(2024)
    alphabet = "{}()[]',:\" \n\t#\\0123LxbruTFNone_.+-<>=|fiSUVM\xe9;*@"
    for _ in range(count):
        text = list(rng.choice(VALID))
        for _ in range(rng.choice([1, 1, 1, 2, 3])):
            at = rng.randrange(len(text))
            how = rng.randrange(4)
            if how == 0:
                del text[at]
            elif how == 1:
                text.insert(at, rng.choice(alphabet))
            elif how == 2:
                text[at] = rng.choice(alphabet)
            elif at:
                text[at - 1], text[at] = text[at], text[at - 1]
        yield "".join(text)


def random_bytes(count):
    """Bytes that are no header at all, and latin1 or utf-8 noise in one."""
    rng = random.Random(2023)
    for _ in range(count):
        noise = bytes(rng.choice([rng.randrange(256), rng.randrange(32, 127)]) for _ in range(rng.randrange(1, 12)))
        at = rng.randrange(len(VALID[1]))
        yield rng.choice([noise, VALID[1][:at].encode() + noise + VALID[1][at:].encode()])


def questions():
    """(version, header bytes); what is not latin1 goes into version 3.0, Python 2's L into both."""
    texts = [*VALID, *structures()]
    texts += [with_shape(f"({text},)") for text in numbers()]
    texts += [with_shape(text) for text in containers()]
    texts += [with_name(text) for text in strings()]
    texts += [with_descr(text) for text in ["'<f4'", "'f4,i4'", "['ab']", "[]", "()", "None", "'O'", "{'a':1}", "('<f4',(2,))", "('<f4',{'x':1})", "4", "'bfloat16'", "'<f1'", "'<f5'", "'>i2'", "'=i2'", "'M8[s/0]'"]]
    rng = random.Random(2022)
    for text in [*texts, *mutations(1000)]:
        latin = all(character <= "\xff" for character in text)
        versions = [(1, 0)] if latin else [(3, 0)]
        if latin and ("L" in text or rng.random() < 0.05):
            versions = [(1, 0), (3, 0)]
        for version in versions:
            yield version, text.encode("utf8" if version == (3, 0) else "latin1")
    for data in random_bytes(150):
        yield rng.choice([(1, 0), (2, 0), (3, 0)]), data


def shape_of(shape):
    """JSON's integers, but hexadecimal strings beyond int64, where JSON readers differ; bools stay bools."""
    return [value if -(2**63) <= value < 2**63 else hex(value) for value in shape]


def ask(question):
    version, data = question
    size = struct.pack("<H" if version == (1, 0) else "<I", len(data))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            shape, fortran, dtype = _format_impl._read_array_header(io.BytesIO(size + data), version)
        except Exception as problem:
            problem = error(problem)
            line = {"error": {"class": problem["class"], "message": problem["message"][:LONGEST_MESSAGE]}}
            if problem["class"] in STRAY:
                line["better"] = "a ValueError"
            if better := BETTER.get(data):
                line["better"] = better
            return line
    told = list(dict.fromkeys(f"{w.category.__name__}: {w.message}" for w in caught))
    descr = repr(np.lib.format.dtype_to_descr(dtype))
    return {"ok": {"shape": shape_of(shape), "fortran": fortran, "descr": descr, "dtype": repr(dtype), "warnings": told}}


WROTE = "NumPy wrote it and cannot read it: read, with a warning"
BETTER = {with_shape(f"({text},)").encode(): WROTE for text in ("np.int64(3)",)}
BETTER |= {with_descr("('<f4',{'x':1})").encode(): WROTE}
BETTER |= {with_descr(f"'{name}'").encode(): "an ml_dtypes name is read" for name in ("bfloat16", "<f1")}


def main():
    asked = list(dict.fromkeys(questions()))
    for (version, data), answer in zip(asked, answers(ask, asked)):
        print(dump({"header_hex": data.hex(), "version": list(version), **answer}))


if __name__ == "__main__":
    main()
