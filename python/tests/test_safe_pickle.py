"""`safe_pickle=True`: where it is taken, what it refuses and how, and that it costs no more than it may."""

from __future__ import annotations

import base64
import decimal
import fractions
import gc
import gzip
import io
import json
import os
import pickle
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npload
from conftest import TESTDATA
from made import archive, header, npy, saved
from same import assert_same
from test_pickles import OBJECTS, python_2

REFUSED = "The globals that it names"


@pytest.mark.parametrize("name", OBJECTS)
def test_object_arrays_from_every_source(tmp_path: Path, name: str) -> None:
    array = OBJECTS[name]
    np.save(tmp_path / "o.npy", array)
    np.savez(tmp_path / "o.npz", o=array, n=np.arange(3))
    data = (tmp_path / "o.npy").read_bytes()
    with open(tmp_path / "o.npy", "rb") as file, npload.load(tmp_path / "o.npz", safe_pickle=True) as npz:
        for loaded in (
            npload.load(tmp_path / "o.npy", safe_pickle=True),
            npload.load(file, safe_pickle=True),
            npload.load(io.BytesIO(data), safe_pickle=True),
            npload.load(Stream(data), safe_pickle=True),
            npload.loads(data, safe_pickle=True),
            npload.load_many([tmp_path / "o.npy"], safe_pickle=True)[0],
            npz["o"],
            npz.load_all()["o"],
            npz.load_all(["o"])["o"],
        ):
            assert_same(loaded, np.load(io.BytesIO(data), allow_pickle=True))
        with npload.NpzFile(tmp_path / "o.npz", safe_pickle=True) as again, pickle.loads(pickle.dumps(npz)) as copied:
            assert repr(again["o"]) == repr(copied["o"]) == repr(array)


class Stream(io.RawIOBase):
    """A pipe: bytes one after the other."""

    def __init__(self, data: bytes) -> None:
        self.file = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self.file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        raise OSError("a pipe")


class Other(io.BytesIO):
    """A file of which only `read` and `seek` are known."""


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("kind", ["bytes", "file", "other"])
def test_the_position_is_exactly_behind_a_pickle(tmp_path: Path, protocol: int, kind: str) -> None:
    values = [OBJECTS["1-d"], [1, "two", {3: None}], np.zeros(50_000), ["the last"]]
    data = b"".join(pickle.dumps(value, protocol) for value in values) + b"rest"
    (tmp_path / "x").write_bytes(data)
    opened: dict[str, Any] = {"bytes": io.BytesIO(data), "file": open(tmp_path / "x", "rb"), "other": Other(data)}
    with opened["file"]:
        for value in values:
            assert_same(npload.load(opened[kind], safe_pickle=True), pickle.loads(pickle.dumps(value, protocol)))
        assert opened[kind].read() == b"rest"


def test_arrays_one_after_the_other() -> None:
    file = io.BytesIO(saved(OBJECTS["1-d"]) + saved(np.arange(3)) + saved(OBJECTS["0-d"]) + b"rest")
    assert npload.load(file, safe_pickle=True).tolist() == [1, "two", None, [3]]
    assert npload.load(file, safe_pickle=True).tolist() == [0, 1, 2]
    assert npload.load(file, safe_pickle=True).tolist() == {"a": 1}
    assert file.read() == b"rest"


def test_both_kinds_of_reading_are_a_value_error(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=np.arange(3))
    with pytest.raises(ValueError, match="safe_pickle=True reads pickles as data"):
        npload.NpzFile(tmp_path / "x.npz", allow_pickle=True, safe_pickle=True)
    for call in (npload.load, npload.loads, npload.load_many):
        with pytest.raises(ValueError, match="safe_pickle=True reads pickles as data"):
            call(b"x", allow_pickle=True, safe_pickle=True)
    with pytest.raises(TypeError, match="safe_pickle is True or False"):
        npload.load(tmp_path / "x.npy", safe_pickle="yes")


def test_max_header_size_stays_in_force() -> None:
    data = npy(header("|O", (1,)) + " " * 20_000, b"]" + b".")
    with pytest.raises(ValueError, match="max_header_size"):
        npload.loads(data, safe_pickle=True)


def test_objects_are_not_mapped(tmp_path: Path) -> None:
    np.save(tmp_path / "o.npy", OBJECTS["1-d"])
    with pytest.raises(ValueError, match="Python objects in dtype"):
        npload.load(tmp_path / "o.npy", mmap_mode="r", safe_pickle=True)


@pytest.mark.parametrize(
    ("value", "described", "message"),
    [
        ([1], header("|O", (1,)), "holds a list"),
        (np.array([1, None]), header("|O", (3,)), r"shape \[3\], and the pickled array has shape \[2\]"),
        (np.zeros(2), header("|O", (2,)), "dtype object, and the pickled array has dtype float64"),
        (np.array([[1, None], [2, 3]]), header("|O", (2, 2), True), "fortran_order True"),
        (np.zeros(2, [("a", object)]), header("|O", (2,)), "dtype object"),
    ],
)
def test_the_array_must_be_the_headers(value: Any, described: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        npload.loads(npy(described, pickle.dumps(value)), safe_pickle=True)


def test_texts_of_stringdtype_under_an_object_header() -> None:
    array = np.array(["a", "bc"], np.dtypes.StringDType())
    loaded = npload.loads(npy(header("|O", (2,)), pickle.dumps(array)), safe_pickle=True)
    assert loaded.dtype == array.dtype and loaded.tolist() == ["a", "bc"]


def test_texts_of_python_2_by_encoding() -> None:
    data = python_2(b"caf\xe9")
    assert npload.loads(data, encoding="latin1", safe_pickle=True).tolist() == ["café"]
    assert npload.loads(data, encoding="bytes", safe_pickle=True).tolist() == [b"caf\xe9"]
    with pytest.raises(
        UnicodeError, match=r"(?s)^Unpickling a python object failed: .*need to pass the encoding= option"
    ):
        npload.loads(data, safe_pickle=True)


# What is refused, and how.


class Evil:
    def __init__(self, call: Any, *args: Any) -> None:
        self.call, self.args = call, args

    def __reduce__(self) -> Any:
        return self.call, self.args


def test_a_refusal_says_what_where_and_what_to_do(tmp_path: Path) -> None:
    array = np.array([{"fine": np.float64(1)}, Evil(print, "ran")], dtype=object)
    np.save(tmp_path / "o.npy", array)
    data = (tmp_path / "o.npy").read_bytes()
    with pytest.raises(pickle.UnpicklingError) as caught:
        npload.load(tmp_path / "o.npy", safe_pickle=True)
    text = str(caught.value)
    at = data.index(b"\x93", data.index(b"print"))  # STACK_GLOBAL
    assert text.startswith(f"STACK_GLOBAL: builtins.print is not on the safe list [{tmp_path}/o.npy, byte {at}]")
    for part in (REFUSED, "numpy._core.multiarray._reconstruct (byte", f"builtins.print (byte {at}, refused)"):
        assert part in text
    assert "npload scan" in text and "allow_pickle=True" in text
    np.savez(tmp_path / "o.npz", o=array)
    with npload.load(tmp_path / "o.npz", safe_pickle=True) as npz, pytest.raises(pickle.UnpicklingError) as caught:
        npz["o"]
    assert f'{tmp_path}/o.npz, member "o", byte ' in str(caught.value)


def test_all_globals_are_listed_and_not_only_the_first() -> None:
    data = pickle.dumps([Evil(print, 1), Evil(eval, "2"), {"k": Evil(exec, "3")}])
    with pytest.raises(pickle.UnpicklingError, match=r"print .*refused.*eval .*refused.*exec .*refused"):
        npload.loads(data, safe_pickle=True)


def test_a_file_that_is_no_pickle(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"cnothing here")
    with pytest.raises(
        pickle.UnpicklingError, match=r"^Failed to interpret file .*x'\) as a pickle: GLOBAL: .*truncated"
    ) as caught:
        npload.load(tmp_path / "x", safe_pickle=True)
    assert isinstance(caught.value.__cause__, pickle.UnpicklingError)
    (tmp_path / "e").write_bytes(b"")
    with pytest.raises(EOFError, match="No data left in file"):
        npload.load(tmp_path / "e", safe_pickle=True)


CANARY = "touch canary"


def attacks() -> list[tuple[str, bytes]]:
    """Pickles that run something, or that crash what is careless."""
    text = b"\x8c\x0ctouch canary"
    system = b"\x8c\x02os\x8c\x06system\x93"
    made = [
        ("reduce", b"cos\nsystem\n(S'touch canary'\ntR."),
        ("inst", b"(S'touch canary'\nios\nsystem\n."),
        ("obj", b"(cos\nsystem\nS'touch canary'\no."),
        ("newobj", b"\x80\x04" + system + text + b"\x85\x81."),
        ("newobj_ex", b"\x80\x04" + system + text + b"\x85}\x92."),
        (
            "build",
            b"\x80\x04\x8c\x0bcollections\x8c\x0bOrderedDict\x93)R}\x8c\x0c__setstate__"
            + system
            + b"sb"
            + text
            + b"b.",
        ),
        ("build of a class", b"cbuiltins\nobject\n}S'x'\nK\x01sb."),
        ("memoised names", b"\x80\x04\x8c\x02os\x94\x8c\x06system\x940000h\0h\1\x93" + text + b"\x85R."),
        ("a factory", b"ccollections\ndefaultdict\n(cos\nsystem\ntR."),
        ("a class that is called", b"cbuiltins\nint\n(S'1'\ntR."),
        ("getattr", b"cbuiltins\ngetattr\n(cos\nsystem\nS'x'\ntR."),
        ("dotted", b"\x80\x04\x8c\x05numpy\x8c\x11__builtins__.eval\x93."),
        ("a function as a value", b"c_codecs\nencode\n."),
        ("a function in a list", b"](c_codecs\nencode\ne."),
        ("setitem on a list", b"]K\x01K\x02s."),
        ("setitem on None", b"NK\x01K\x02s."),
        ("append to a dict", b"}K\x01a."),
        ("append to a tuple", b")K\x01a."),
        ("additems to a dict", b"\x80\x04}(K\x01\x90."),
        ("a hole in the memo", b"h\x05."),
        ("a large memo index", b"Nr\xff\xff\xff\xffj\xfe\xff\xff\xff."),
        ("underflow", b"0."),
        ("underflow below a mark", b"K\x01(\x85."),
        ("no mark", b"t."),
        ("nothing at the end", b"."),
        ("nested lists", b"]" * 100_000 + b"a" * 99_999 + b"."),
        ("nested tuples", b")" + b"\x85" * 100_000 + b"."),
        ("a long that is not there", b"\x8b\xff\xff\xff\x7f."),
        ("a decimal long", b"L" + b"9" * 1_000_000 + b"L\n."),
        ("bytes that are not there", b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7f."),
        ("a frame that lies", b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7fN."),
        ("an unhashable key", b"}]Ns."),
        ("an unhashable element", b"\x80\x04\x8f(]\x90."),
        ("a persistent id", b"Pid\n."),
        ("an extension", b"\x82\x01."),
        ("a buffer", b"\x80\x05\x97."),
        ("a memory view", b"\x80\x05\x96\x01\0\0\0\0\0\0\0a\x97\x98."),
        ("a read-only bytearray", b"\x80\x05\x96\x01\0\0\0\0\0\0\0a\x98."),
        ("a dtype's state", b"cnumpy\ndtype\n(S'f8'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI9999999999999\ntbK\x01b."),
        (
            "an array's state",
            b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n(I1000000000\ntcnumpy\ndtype\n(S'f8'\nI0\nI1\ntRI00\nS''\ntb.",
        ),
        ("a range without a step", b"cbuiltins\nrange\n(K\x00K\x01K\x00tR."),
        ("a UUID in itself", b"cuuid\nUUID\n)\x81\x94}h\0Nsb."),
    ]
    lines = (TESTDATA / "pickle" / "attacks.jsonl").read_text().splitlines()
    entries = [json.loads(line) for line in lines]
    return made + [(f"file: {entry['name']}", base64.b64decode(entry["pickle"])) for entry in entries]


@pytest.mark.parametrize(("name", "data"), attacks(), ids=lambda value: value if isinstance(value, str) else "")
def test_attacks_do_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, data: bytes) -> None:
    monkeypatch.chdir(tmp_path)
    gc_was = gc.isenabled()
    before = time.monotonic()
    (tmp_path / "attack").write_bytes(data)
    members = archive({"raw": data, "o.npy": npy(header("|O", (1,)), data)})
    outcomes = []
    for load in (
        lambda: npload.loads(data, safe_pickle=True),
        lambda: npload.load("attack", safe_pickle=True),
        lambda: npload.load(Stream(data), safe_pickle=True),
        lambda: npload.loads(members, safe_pickle=True)["o"],
    ):
        try:
            load()
            outcomes.append("data")
        except (pickle.UnpicklingError, EOFError, UnicodeError, ValueError) as err:
            outcomes.append(type(err).__name__)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["attack"]
    assert gc.isenabled() == gc_was
    assert time.monotonic() - before < 20
    if not name.startswith("file: "):
        assert "data" not in outcomes, outcomes


def long(number: int) -> bytes:
    data = number.to_bytes(number.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


PRIME = sys.hash_info.modulus


@pytest.mark.parametrize("kind", ["ints", "tuples", "a set", "a frozenset", "complex", "one by one"])
def test_keys_that_collide_do_not_take_time_without_end(kind: str) -> None:
    count = 150_000
    match kind:
        case "ints":
            data = b"\x80\x04}(" + b"".join(long(n * PRIME) + b"N" for n in range(1, count)) + b"u."
        case "one by one":
            data = b"\x80\x04}" + b"".join(long(n * PRIME) + b"Ns" for n in range(1, count)) + b"."
        case "tuples":
            data = b"\x80\x04}(" + b"".join(long(n * PRIME) + b"\x85N" for n in range(1, count)) + b"u."
        case "a set":
            data = b"\x80\x04\x8f(" + b"".join(long(n * PRIME) for n in range(1, count)) + b"\x90."
        case "a frozenset":
            data = b"\x80\x04(" + b"".join(long(n * PRIME) for n in range(1, count)) + b"\x91."
        case _:
            floats = [(float(10**9 * 1000003 - 1000003 * n), float(n)) for n in range(1, count)]
            parts = [np.array(pair, ">f8").tobytes() for pair in floats]
            data = b"\x80\x04cbuiltins\ncomplex\n\x94}("
            data += b"".join(b"h\0G" + part[:8] + b"G" + part[8:] + b"\x86RN" for part in parts) + b"u."
    before = time.monotonic()
    with pytest.raises(pickle.UnpicklingError, match="collide"):
        npload.loads(data, safe_pickle=True)
    assert time.monotonic() - before < 30


def test_honest_tables_of_numbers_load() -> None:
    for value in (
        {n: n for n in range(300_000)},
        {float(n) / 3: n for n in range(100_000)},
        {(n, str(n)): n for n in range(100_000)},
        set(range(0, 2**40, 2**22)),
        frozenset(range(100_000)),
    ):
        assert npload.loads(pickle.dumps(value), safe_pickle=True) == value


@pytest.mark.parametrize("wrap", [b"\x85", b"(\x91"], ids=["tuples", "frozensets"])
def test_sharing_is_not_multiplied_by_hashing(wrap: bytes) -> None:
    # Each holds the one before twice; two such towers are equal, and only a look at 2**60 values would tell.
    level = b"h\0h\0\x86\x85q\0" if wrap == b"\x85" else b"(h\0h\0K\x01\x86\x91q\0"
    tower = b")q\0" + level * 60
    data = b"\x80\x04}(" + tower + b"N" + tower + b"Nu."
    before = time.monotonic()
    with pytest.raises(pickle.UnpicklingError, match="steps of hashing|share items too often"):
        npload.loads(data, safe_pickle=True)
    assert time.monotonic() - before < 10


# Exceptions.


@pytest.mark.parametrize(
    "data",
    [
        b"U\x03a\xe9b.",
        b"S'a\\xe9b'\n.",
        b"T\2\0\0\0\xe9\xea.",
        b"X\3\0\0\0a\xffb.",
        b"\x8c\2\xe2\x82.",
        b"X\3\0\0\0\xf0(\x8c.",
    ],
)
def test_bytes_that_are_no_text_are_pythons_own_error(data: bytes) -> None:
    with pytest.raises(UnicodeDecodeError) as expected:
        pickle.loads(data)
    with pytest.raises(pickle.UnpicklingError) as found:
        npload.loads(data, safe_pickle=True)
    cause = found.value.__cause__
    assert isinstance(cause, UnicodeDecodeError)
    assert cause.args == expected.value.args
    assert "byte 0" in cause.__notes__[0]
    array = pickle.dumps(np.array([1], object), 2).replace(b"K\x01a", data[:-1] + b"a")
    assert data[:-1] in array
    array = npy(header("|O", (1,)), array)
    with pytest.raises(UnicodeError) as expected_of_array:
        np.load(io.BytesIO(array), allow_pickle=True)
    with pytest.raises(UnicodeError) as found_of_array:
        npload.load(io.BytesIO(array), safe_pickle=True)
    assert str(found_of_array.value) == str(expected_of_array.value)


def test_no_memory_is_not_what_the_file_says() -> None:
    script = """
import io, pickle, resource, sys
import numpy, npload
text = "\\xe9" * (96 << 20)
data = b"\\x80\\x02c_codecs\\nencode\\nX" + (192 << 20).to_bytes(4, "little") + text.encode()
data += b"X\\6\\0\\0\\0latin1\\x86R."
del text
used = int(open("/proc/self/statm").read().split()[0]) * 4096
resource.setrlimit(resource.RLIMIT_AS, (used + (140 << 20),) * 2)
try:
    npload.loads(data, safe_pickle=True)
except MemoryError:
    print("MemoryError")
"""
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("MemoryError\n", "")


def test_long_decimals_load() -> None:
    value = [decimal.Decimal("7" * 100_000), decimal.Decimal("-1." + "3" * 5000 + "E+9")]
    assert npload.loads(pickle.dumps(value), safe_pickle=True) == value


def test_a_file_that_becomes_shorter_while_it_is_read_says_where(tmp_path: Path) -> None:
    path = tmp_path / "shrinks.pkl"
    path.write_bytes(pickle.dumps([list(range(3_000_000)), bytes(1 << 20)]))
    size = path.stat().st_size

    def cut(*_: object) -> None:
        os.truncate(path, size - 1000)

    before = signal.signal(signal.SIGALRM, cut)
    signal.setitimer(signal.ITIMER_REAL, 0.03)
    try:
        with pytest.raises(pickle.UnpicklingError) as err:
            npload.load(path, safe_pickle=True)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    text = str(err.value)
    found = re.search(r"1048576 bytes expected at byte (\d+), ", text)
    assert found
    assert 0 < size - (1 << 20) - int(found[1]) < 8
    assert f"the file has {size - 1000} now" in text
    assert f"[{path}, byte" in text


# What it costs.


@pytest.mark.parametrize("protocol", range(2, 6))
def test_large_arrays_are_aligned(tmp_path: Path, protocol: int) -> None:
    arrays = {str(n): np.full(20_000 + n * 1000, n, "<f8") for n in range(40)}
    (tmp_path / "x.pkl").write_bytes(pickle.dumps(arrays, protocol))
    for loaded in (
        npload.load(tmp_path / "x.pkl", safe_pickle=True),
        npload.loads((tmp_path / "x.pkl").read_bytes(), safe_pickle=True),
    ):
        for name, array in arrays.items():
            assert loaded[name].ctypes.data % 64 == 0
            assert loaded[name].flags.writeable and (loaded[name] == array).all()
            loaded[name][:] = -1
        assert all((array == -1).all() for array in loaded.values())


def test_frames_that_lie_around_long_bytes(tmp_path: Path) -> None:
    payload = b"B\0\0\x02\0" + b"x" * (2 << 16)
    for frame in (3, 5, 6, 100, len(payload), len(payload) + 1):
        data = b"\x80\x04]\x95" + frame.to_bytes(8, "little") + b"(" + payload + b"K\x01" + payload + b"e."
        (tmp_path / "x.pkl").write_bytes(data)
        assert_same(npload.load(tmp_path / "x.pkl", safe_pickle=True), npload.loads(data, safe_pickle=True))


PEAK = """
import pickle, resource, sys
import numpy, npload
import npload._pickles
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before = peak()
loaded = npload.load(sys.argv[1], safe_pickle=True)
print((peak() - before) / sum(array.nbytes for array in loaded.values()))
"""


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_peak_memory_is_near_the_results(tmp_path: Path, protocol: int) -> None:
    arrays = {str(n): np.full(32_768, n, "<f8") for n in range(200)}
    (tmp_path / "x.pkl").write_bytes(pickle.dumps(arrays, protocol))
    run = [sys.executable, "-P", "-c", PEAK, str(tmp_path / "x.pkl")]
    ratio = float(subprocess.run(run, check=True, capture_output=True, text=True).stdout)
    assert ratio < 1.3


FAILING = [
    pickle.dumps([{"a": [1.5, "text", b"bytes"]}, (1, 2), np.arange(3), {1, 2}])[:-1] + b"\x93.",
    b"\x80\x04]\x94(K\x01\x8c\x03abc}\x94\x8c\x01kh\0s]" + b"NNN\xff",
    pickle.dumps([np.zeros(50_000), {"k": Evil(print, 1)}, frozenset([(1, 2)])]),
    b"}](K\x01K\x02es.",
    pickle.dumps({"x": np.array([{"a": 1}], object)})[:-30],
]


def test_nothing_leaks_over_loads_that_succeed_and_fail(tmp_path: Path) -> None:
    value = [{"n": 1.5, "t": "text"}, np.array([[1], None], object), np.zeros(20_000), {(1, 2)}, bytearray(5000), 2**80]
    good = pickle.dumps(value)
    (tmp_path / "x").write_bytes(good)

    def once() -> None:
        npload.loads(good, safe_pickle=True)
        npload.load(tmp_path / "x", safe_pickle=True)
        for data in FAILING:
            with pytest.raises((pickle.UnpicklingError, EOFError)):
                npload.loads(data, safe_pickle=True)

    # Lists of free objects fill up first; what leaks goes on.
    growths = []
    for _ in range(8):
        gc.collect()
        before = sys.getallocatedblocks()
        for _ in range(300):
            once()
        gc.collect()
        growths.append(sys.getallocatedblocks() - before)
        if growths[-1] < 100:
            return
    raise AssertionError(f"blocks that stay: {growths}")


def test_deep_values_are_dropped_without_a_deep_stack() -> None:
    deep = b"\x80\x04" + b"]" * 4900 + b"a" * 4899 + b"."
    tuples = b"\x80\x04)" + b"\x85" * 9900 + b"."
    state = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\0tS'b'\ntR(K\1)"
    state += b"cnumpy\ndtype\n(S'O8'\nI0\nI1\ntRI00\n]("
    nested = state * 160 + b"N" + b"etb" * 160 + b"."
    with pytest.raises(pickle.UnpicklingError, match="more than 500 values in each other"):
        npload.loads(state * 170 + b"N" + b"etb" * 170 + b".", safe_pickle=True)

    def run() -> None:
        for data in (deep, tuples, nested):
            value = npload.loads(data, safe_pickle=True)
            assert value is not None
            del value

    before = threading.stack_size(512 << 10)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    threading.stack_size(before)
    run()


def test_the_collector_is_as_it_was() -> None:
    data = pickle.dumps([Evil(print, 1)])
    for enabled in (True, False):
        (gc.enable if enabled else gc.disable)()
        try:
            npload.loads(pickle.dumps([1]), safe_pickle=True)
            assert gc.isenabled() == enabled
            with pytest.raises(pickle.UnpicklingError):
                npload.loads(data, safe_pickle=True)
            assert gc.isenabled() == enabled
        finally:
            gc.enable()


# What a few bytes may not cost.


DTYPE = b"cnumpy\ndtype\nX\x02\0\0\0%s\x89\x88\x87R(K\x03X\x01\0\0\0%sNNN%stb"
ARRAY = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85C\x01b\x87R"
NO_SIZE = b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\0"


@pytest.mark.parametrize("protocol", range(6))
def test_long_and_short_arrays_by_every_way(tmp_path: Path, protocol: int) -> None:
    value = [np.zeros(20_000), np.arange(3.0), bytearray(b"abc"), np.zeros(5, "i1"), b"x" * 70_000, bytearray(70_000)]
    value += [np.array([np.arange(10_000), bytearray(2000)], object), {"a": value[0], "b": np.arange(200)}]
    data = pickle.dumps(value, protocol)
    array = np.empty(len(value), object)
    array[:] = value
    member = npy(header("|O", array.shape), pickle.dumps(array, protocol))
    (tmp_path / "x").write_bytes(data)
    (tmp_path / "x.gz").write_bytes(gzip.compress(data, 1))
    (tmp_path / "x.npy").write_bytes(member)
    (tmp_path / "x.npz").write_bytes(archive({"x.npy": member}))
    for load in (
        lambda: npload.load(tmp_path / "x", safe_pickle=True),
        lambda: npload.load(io.BytesIO(data), safe_pickle=True),
        lambda: npload.load(Stream(data), safe_pickle=True),
        lambda: npload.load(gzip.open(tmp_path / "x.gz"), safe_pickle=True),
        lambda: npload.load(tmp_path / "x.npy", safe_pickle=True).tolist(),
        lambda: npload.load(tmp_path / "x.npz", safe_pickle=True)["x"].tolist(),
        lambda: npload.loads(member, safe_pickle=True).tolist(),
    ):
        assert_same(load(), pickle.loads(data))


def test_a_memo_with_holes_takes_no_memory() -> None:
    data, places = b"\x80\x02N", 0
    while 2 * places + 1023 < 2**32:
        data += b"r" + (2 * places + 1023).to_bytes(4, "little")
        places = 2 * places + 1024
    assert npload.loads(data + b".", safe_pickle=True) is None


def test_a_buffer_that_many_arrays_share() -> None:
    dtype = DTYPE % (b"u1", b"|", NO_SIZE)

    def shared(count: int) -> bytes:
        data = b"\x80\x05\x96" + (1 << 20).to_bytes(8, "little") + bytes(1 << 20) + b"\x940"
        data += b"cnumpy._core.numeric\n_frombuffer\n\x940" + dtype + b"\x940"
        data += b"(h\0h\2J\0\0\x10\0\x85\x8c\x01Ct\x940"
        return data + b"(" + b"h\1h\3R" * count + b"t."

    assert len(npload.loads(shared(2), safe_pickle=True)) == 2
    with pytest.raises(pickle.UnpicklingError, match="share a buffer"):
        npload.loads(shared(1000), safe_pickle=True)


@pytest.mark.parametrize("kind", ["U0", "S0", "V0"])
def test_elements_without_size_stay_without(kind: str) -> None:
    order = b">" if kind == "U0" else b"|"
    dtype = DTYPE % (kind.encode(), order, b"K\0K\x04K\0")
    data = b"\x80\x03" + ARRAY + b"(K\1\x8a\x05\0\0\0\0\x01\x85" + dtype + b"\x89C\0tb."
    loaded = npload.loads(data, safe_pickle=True)
    assert (loaded.shape, loaded.nbytes, loaded.dtype.kind) == ((1 << 32,), 0, kind[0])


@pytest.mark.parametrize("dtype", [">i4", ">U3", ">c16", ">M8[s]", ">f2"])
def test_bytes_are_swapped_in_place(dtype: str) -> None:
    for shape in ((3,), (2, 3), (0,), (), (40_000,)):
        array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
        for value in (array, np.asfortranarray(array)):
            for protocol in range(5):
                data = pickle.dumps(value, protocol)
                assert_same(npload.loads(data, safe_pickle=True), pickle.loads(data))


class State:
    """An array of a struct with objects, its elements at will."""

    def __init__(self, dtype: Any, *elements: Any) -> None:
        self.dtype, self.elements = np.dtype(dtype), list(elements)

    def __reduce__(self) -> Any:
        state = (1, (len(self.elements),), self.dtype, False, self.elements)
        return np._core.multiarray._reconstruct, (np.ndarray, (0,), b"b"), state


def test_elements_are_not_converted() -> None:
    laughs: Any = {}
    for _ in range(100):
        laughs = {"a": laughs, "b": laughs}
    for value, base in [
        (laughs, "U2"),
        (decimal.Decimal("1E+1000000"), "i8"),
        ("12", "i8"),
        (fractions.Fraction(1, 3), "f8"),
    ]:
        array = np.empty(1, object)
        array[0] = value
        for given in (array, np.array([array], object)):
            data = pickle.dumps(State([("o", "O"), ("s", base, (1,))], (None, given)))
            with pytest.raises(pickle.UnpicklingError, match="does not fit its dtype"):
                npload.loads(data, safe_pickle=True)
    for value, base in [(np.str_("1" * 4), "g"), (np.datetime64(1, "s"), "M8[s]"), (np.float64(1), "f8")]:
        data = pickle.dumps(State([("o", "O"), ("s", base)], (None, value)))
        with pytest.raises(pickle.UnpicklingError, match="does not fit its dtype"):
            npload.loads(data, safe_pickle=True)
    honest = np.zeros(
        2, [("o", "O"), ("s", ">i2", (2, 2)), ("n", [("x", "g"), ("y", "O", (2,))], (2,)), ("t", "M8[s]")]
    )
    honest["n"]["y"] = [1]
    data = pickle.dumps(honest)
    assert repr(npload.loads(data, safe_pickle=True)) == repr(honest)


def test_large_keys_are_work() -> None:
    large = b"\x8b" + (40_001).to_bytes(4, "little") + b"\x55" * 40_000 + b"\1"
    keys = {
        "int": large + b"q\0",
        "range": b"cbuiltins\nrange\nK\0" + large + b"K\x01\x87Rq\0",
        "slice": b"cbuiltins\nslice\nK\0" + large + b"K\x01\x87Rq\0",
    }
    for key in keys.values():
        before = time.monotonic()
        with pytest.raises(pickle.UnpicklingError, match="steps of hashing|1024 bits|slice is called"):
            npload.loads(b"\x80\x02" + key + b"0(" + b"h\0" * 200_000 + b"tq\x010}h\1Ns.", safe_pickle=True)
        assert time.monotonic() - before < 5


def test_a_large_tuple_may_be_the_key_of_many_dicts() -> None:
    key = tuple(range(1000))
    nested = tuple((n, (str(n), n)) for n in range(300))
    for value in [{key: n} for n in range(100_000)], [{nested} for _ in range(20_000)]:
        loaded = npload.loads(pickle.dumps(value), safe_pickle=True)
        assert loaded == value
        assert next(iter(loaded[0])) is next(iter(loaded[-1]))


def test_a_decimal_keeps_its_hash() -> None:
    key = tuple([decimal.Decimal("7" * 4000)] * 200_000)
    assert npload.loads(pickle.dumps({key: 1}), safe_pickle=True) == {key: 1}


def test_a_frozenset_keeps_its_hash() -> None:
    key = frozenset(range(1000))
    value = [{key: n} for n in range(2000)]
    assert npload.loads(pickle.dumps(value), safe_pickle=True) == value


def test_a_counter_is_of_a_dict() -> None:
    for data in (b"ccollections\nCounter\nccollections\nOrderedDict\n)R\x85R.",):
        with pytest.raises(pickle.UnpicklingError, match="Counter"):
            npload.loads(data, safe_pickle=True)


def test_time_between_keys_is_not_the_keys() -> None:
    # Values that take long to make, from a file: 200 × 4 MB.
    arrays = {(n, str(n)): np.full(500_000, n) for n in range(50)}
    assert npload.loads(pickle.dumps(arrays), safe_pickle=True).keys() == arrays.keys()


def test_dtypes_of_dates_are_shared() -> None:
    value = [np.datetime64(n, "D") for n in range(60_000)] + [np.timedelta64(3, "25s")]
    data = pickle.dumps(value)
    before = time.monotonic()
    loaded = npload.loads(data, safe_pickle=True)
    assert time.monotonic() - before < 2
    assert repr(loaded) == repr(value)


def test_a_scalars_dtype_keeps_its_metadata() -> None:
    value = np.zeros(1, np.dtype([("a", "i4")], metadata={"x": 1}))[0]
    assert npload.loads(pickle.dumps(value), safe_pickle=True).dtype.metadata == {"x": 1}


def test_many_long_bytes_in_a_frame(tmp_path: Path) -> None:
    one = b"B\0\0\x01\0" + bytes(1 << 16) + b"0"
    count = 2000
    frame = one * count + b"N."
    (tmp_path / "x").write_bytes(b"\x80\x04\x95" + len(frame).to_bytes(8, "little") + frame)
    before = time.monotonic()
    assert npload.load(tmp_path / "x", safe_pickle=True) is None
    assert time.monotonic() - before < 5


def test_subarray_dtypes_are_no_arrays() -> None:
    part = DTYPE % (b"f8", b"<", NO_SIZE)
    sub = b"cnumpy\ndtype\nX\x03\0\0\0V16\x89\x88\x87R(K\x03X\x01\0\0\0|" + part + b"K\x02\x85\x86NNK\x10K\x01K\0tb"
    assert npload.loads(b"\x80\x03" + sub + b".", safe_pickle=True) == np.dtype(("f8", (2,)))
    for data in (
        ARRAY + b"(K\1K\x03\x85" + sub + b"\x89C\x30" + bytes(48) + b"tb.",
        b"cnumpy.core.multiarray\nscalar\n" + sub + b"C\x10" + bytes(16) + b"\x86R.",
    ):
        with pytest.raises(pickle.UnpicklingError):
            npload.loads(b"\x80\x03" + data, safe_pickle=True)


DEEP = """
import pickle, sys, npload
kind, count, end = sys.argv[1], int(sys.argv[2]), bytes.fromhex(sys.argv[3])
put = lambda at: b"r" + at.to_bytes(4, "little") + b"0"
get = lambda at: b"j" + at.to_bytes(4, "little")
data = b"\\x80\\x04"
if kind == "arrays":
    new = b"cnumpy.core.multiarray\\n_reconstruct\\ncnumpy\\nndarray\\nK\\0\\x85C\\x01b\\x87R"
    data += b"cnumpy\\ndtype\\nX\\x01\\0\\0\\0O\\x89\\x88\\x87R"
    data += b"(K\\x03X\\x01\\0\\0\\0|NNNJ\\xff\\xff\\xff\\xffJ\\xff\\xff\\xff\\xffK?tb" + put(count + 1)
    link = lambda at: get(at) + b"(K\\1K\\1\\x85" + get(count + 1) + b"\\x89]" + get(at + 1) + b"atb0"
else:
    new = b"ccollections\\n" + kind.encode() + b"\\n)R"
    link = lambda at: get(at) + (b"N" + get(at + 1) + b"s0" if kind == "defaultdict" else get(at + 1) + b"a0")
data += b"".join(new + put(at) for at in range(count + 1)) + b"".join(link(at) for at in range(count)) + get(0) + end
try:
    value = npload.loads(data, safe_pickle=True)
    del value
    print("loaded")
except pickle.UnpicklingError as err:
    print(err)
"""


@pytest.mark.parametrize("kind", ["arrays", "defaultdict", "deque"])
@pytest.mark.parametrize("end", [b".", b"NN\x93."], ids=["data", "refused"])
def test_what_grows_deep_afterwards_is_dropped(kind: str, end: bytes) -> None:
    for count, expected in (
        (80, "loaded" if end == b"." else "STACK_GLOBAL"),
        (200_000, "values in each other; only allow_pickle"),
    ):
        run = [sys.executable, "-P", "-c", DEEP, kind, str(count), end.hex()]
        done = subprocess.run(run, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert re.search(expected, done.stdout), done.stdout


@pytest.mark.parametrize("module", ["ml_dtypes", "decimal", "fractions", "uuid"])
def test_modules_in_the_current_folder_are_not_run(tmp_path: Path, module: str) -> None:
    names = {"ml_dtypes": "bfloat16", "decimal": "Decimal", "fractions": "Fraction", "uuid": "UUID"}
    name = names[module].encode()
    made = {"ml_dtypes": b"cnumpy\ndtype\n(cml_dtypes\nbfloat16\nI0\nI1\ntR", "uuid": b"cuuid\nUUID\n"}
    made["decimal"] = b"cdecimal\nDecimal\n(V1\ntR"
    made["fractions"] = b"cfractions\nFraction\n(V1/2\ntR"
    assert name in made[module]
    script = f"""
import sys, npload
sys.path.insert(0, "")
open("{module}.py", "w").write("open('canary', 'w')")
try: npload.loads({made[module] + b"."!r}, safe_pickle=True)
except Exception as err: print(err)
"""
    subprocess.run([sys.executable, "-P", "-c", script], check=True, cwd=tmp_path)
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("protocol", range(6))
def test_streams_that_can_peek_stop_behind_the_pickle(protocol: int) -> None:
    values = [[1, "two", {3: None}], list(range(50_000)), np.zeros(50_000), "t" * 300_000, ["the last"]]
    data = gzip.compress(b"".join(pickle.dumps(value, protocol) for value in values) + b"rest", 1)
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
        for value in values:
            assert_same(npload.load(file, safe_pickle=True), value)
        assert file.read() == b"rest"


def test_streams_that_can_peek_are_read_by_pieces() -> None:
    data = pickle.dumps([str(n) for n in range(200_000)], 2)
    calls = 0

    class Counted(gzip.GzipFile):
        def read(self, size: int | None = -1) -> bytes:
            nonlocal calls
            calls += 1
            return super().read(size)

    with Counted(fileobj=io.BytesIO(gzip.compress(data, 1))) as file:
        assert len(npload.load(file, safe_pickle=True)) == 200_000
    assert calls < 2000


class Seeks:
    """A reader that can seek and cannot peek, and counts its reads."""

    def __init__(self, data: bytes) -> None:
        self.file = io.BytesIO(data)
        self.reads = 0

    def read(self, size: int = -1) -> bytes:
        self.reads += 1
        return self.file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell()

    def seekable(self) -> bool:
        return True


@pytest.mark.parametrize("protocol", range(6))
def test_streams_that_seek_are_read_by_pieces_and_stop_behind_the_pickle(protocol: int) -> None:
    values = [[1, "two", {3: None}], list(range(50_000)), np.zeros(50_000), "t" * 300_000, ["the last"]]
    file = Seeks(b"".join(pickle.dumps(value, protocol) for value in values) + b"rest")
    for value in values:
        assert_same(npload.load(file, safe_pickle=True), value)
    assert file.reads < 500
    assert file.read() == b"rest"


def test_a_stream_that_seeks_less_than_it_says_loses_nothing() -> None:
    class Says(Seeks):
        def seek(self, offset: int, whence: int = 0) -> int:
            raise OSError("a pipe")

    class Shows(Seeks):
        def seek(self, offset: int, whence: int = 0) -> int:
            if offset < 0:
                raise OSError("not back")
            return super().seek(offset, whence)

    # Longer than what tells that it is a pickle.
    data = pickle.dumps(list(range(1000)), 2) + b"rest"
    file = Says(data)
    assert npload.load(file, safe_pickle=True) == list(range(1000))
    assert file.read() == b"rest"
    with pytest.raises(OSError, match="not back"):
        npload.load(Shows(data), safe_pickle=True)
