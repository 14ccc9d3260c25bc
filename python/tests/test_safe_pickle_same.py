"""`safe_pickle=True` beside Python's own `pickle`: the same objects, for everything that is data."""

from __future__ import annotations

import base64
import collections
import datetime
import decimal
import io
import json
import math
import pickle
import uuid
import warnings
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import npload
from conftest import TESTDATA
from same import assert_same

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)

texts = st.text() | st.text(st.characters(categories=["Cs", "Lu"]), max_size=3)
numbers = st.integers() | st.integers(-(2**200), 2**200) | st.floats() | st.complex_numbers() | st.booleans()
zones = st.none() | st.builds(
    datetime.timezone,
    st.timedeltas(datetime.timedelta(hours=-23), datetime.timedelta(hours=23)),
)
times = (
    st.dates()
    | st.times()
    | st.timedeltas()
    | st.datetimes()
    | st.builds(lambda time, zone: time.replace(tzinfo=zone, fold=1), st.datetimes(), zones)
    | st.builds(lambda time, zone: time.replace(tzinfo=zone), st.times(), zones)
)
others = (
    st.decimals()
    | st.fractions(max_denominator=10**20)
    | st.uuids()
    | st.builds(range, st.integers(), st.integers(), st.integers(1, 2**70))
    | st.builds(slice, st.none() | st.integers(), st.text(max_size=2), st.none())
)
DTYPES = [
    "?",
    "<i2",
    ">i4",
    "<u8",
    "<f2",
    ">f8",
    "<f4",
    "<c16",
    "g",
    "S3",
    "<U2",
    ">U2",
    "<M8[s]",
    "<m8[25us]",
    ">M8[D]",
    "V5",
]
plain_dtypes = st.sampled_from(DTYPES).map(np.dtype) | st.just(np.dtype(ml_dtypes.bfloat16))
structs = st.lists(plain_dtypes, min_size=1, max_size=3).map(
    lambda parts: np.dtype([(f"f{at}", part, (2,) if at == 2 else ()) for at, part in enumerate(parts)])
)


@st.composite
def arrays(draw: Any) -> Any:
    """Numbers, structs, objects; C, Fortran and neither; small and large."""
    dtype = draw(plain_dtypes | structs)
    shape = tuple(draw(st.lists(st.integers(0, 4), max_size=3)))
    if draw(st.integers(0, 20)) == 0:
        shape = (draw(st.integers(5_000, 40_000)), *shape[:1])
    count = math.prod(shape)
    data = draw(st.binary(min_size=1, max_size=40)) * (count * dtype.itemsize // 1 + 1)
    array = (
        np.frombuffer(data[: count * dtype.itemsize], dtype=dtype).reshape(shape)
        if dtype.itemsize
        else np.zeros(shape, dtype)
    )
    if draw(st.booleans()):
        array = array.copy()
    if draw(st.booleans()):
        array = np.asfortranarray(array)
    if draw(st.booleans()) and array.ndim == 3:
        array = array.transpose(1, 0, 2)
    return array


scalars = (
    arrays().filter(lambda array: array.size > 0 and array.dtype.kind not in "UV").map(lambda array: array.ravel()[0])
)
leaves = st.none() | numbers | texts | st.binary() | times | others
hashable = st.recursive(
    leaves.filter(lambda leaf: not isinstance(leaf, slice) and "sNaN" not in repr(leaf)),
    lambda inside: st.lists(inside, max_size=3).map(tuple) | st.frozensets(inside, max_size=3),
    max_leaves=6,
)


def object_array(items: list[Any]) -> Any:
    """An array of these objects."""
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def shared(items: list[Any]) -> Any:
    """The same objects several times, and a list that holds itself."""
    everything: list[Any] = [items, *items, {"again": items}, tuple(items)]
    everything.append(everything)
    return everything


def containers(inside: Any) -> Any:
    lists = st.lists(inside, max_size=4)
    dicts = st.dictionaries(hashable, inside, max_size=4)
    return (
        lists
        | lists.map(tuple)
        | dicts
        | st.sets(hashable, max_size=4)
        | lists.map(shared)
        | lists.map(object_array)
        | st.builds(collections.deque, lists, st.none() | st.integers(0, 5))
        | dicts.map(collections.OrderedDict)
        | dicts.map(lambda items: collections.defaultdict(list, items))
        | st.lists(texts, max_size=5).map(collections.Counter)
    )


objects = st.recursive(leaves | hashable | st.binary().map(bytearray) | arrays() | scalars, containers, max_leaves=12)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(objects, st.sampled_from(PROTOCOLS))
def test_what_pickle_makes(value: Any, protocol: int) -> None:
    data = pickle.dumps(value, protocol)
    assert_same(npload.loads(data, safe_pickle=True), pickle.loads(data))


SPECIAL: dict[str, Any] = {
    "an aligned struct": np.zeros(2, np.dtype([("a", "u1"), ("b", "f8")], align=True)),
    "titles": np.zeros(2, np.dtype([(("title", "a"), "i4")])),
    "overlapping fields": np.zeros(
        2, np.dtype({"names": ["a", "b"], "formats": ["i4", "i2"], "offsets": [0, 2], "itemsize": 9})
    ),
    "metadata": np.dtype("f8", metadata={"unit": "m"}),
    "strings": np.array(["a", "\0b", "c" * 100], np.dtypes.StringDType()),
    "missing strings": np.array(["a", None], np.dtypes.StringDType(na_object=None)),
    "nan strings": np.array(["a", math.nan], np.dtypes.StringDType(na_object=math.nan, coerce=False)),
    "structs with objects": np.array(
        [(1, "a", 2.5, b"x", "u", None, 1j, np.datetime64(5, "s"), True, (None, [1]))],
        [
            ("i", "i2"),
            ("o", object),
            ("f", "f4"),
            ("s", "S2"),
            ("u", "U2"),
            ("p", object),
            ("c", "c8"),
            ("m", "M8[s]"),
            ("b", "?"),
            ("n", [("x", object), ("y", object)]),
        ],
    ),
    "subarrays of objects": np.zeros(2, [("o", object, (2,)), ("i", "i4", (2,))]),
    "classes": [int, dict, list, np.ndarray, np.dtype, complex, collections.OrderedDict, uuid.UUID, object],
    "dtypes": [np.dtype("f8"), np.dtype(">i4"), np.dtype("S5"), np.dtype([("a", "f4", (2, 3))]), np.dtype("M8[25s]")],
    "a decimal of many digits": [decimal.Decimal("1." + "1" * 500 + "E+99999"), decimal.Decimal("-sNaN12")],
    "unsafe uuids": [uuid.UUID(int=1, is_safe=safe) for safe in uuid.SafeUUID],
    "utc": [datetime.UTC, datetime.timezone(datetime.timedelta(hours=1), "name")],
    "long bytes": [b"x" * 5000, bytearray(b"y" * 5000), "z" * 5000, "é" * 5000, "€" * 5000],
    "arrays of bytes kinds": [np.frombuffer(b"x" * 100_000, "u1"), np.full(70_000, 3, "i1"), np.full((300, 300), 1.5)],
    "a big int": [10**4000, -(2**63), 2**63, 2**64, -(2**63) - 1],
    "many small": [{"n": n, "text": f"t{n}"} for n in range(3000)],
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", SPECIAL)
def test_special_values(name: str, protocol: int) -> None:
    data = pickle.dumps(SPECIAL[name], protocol)
    ours = npload.loads(data, safe_pickle=True)
    assert_same(ours, pickle.loads(data))
    if name == "metadata":
        assert ours.metadata == {"unit": "m"}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_values_that_hold_themselves(protocol: int) -> None:
    array = np.empty((2, 1), dtype=object)
    table: dict[str, Any] = {}
    items: list[Any] = [array, table, (table, array)]
    queue: collections.deque[Any] = collections.deque()
    default: Any = collections.defaultdict(list)
    default["self"] = default
    queue.append(queue)
    array[0, 0], array[1, 0] = items, array
    table["t"] = table
    items.extend([items, queue, default, array])
    for value in (array, table, items, queue, default):
        data = pickle.dumps(value, protocol)
        assert_same(npload.loads(data, safe_pickle=True), pickle.loads(data))


def corpus() -> list[tuple[str, str, bytes]]:
    """Pickles of Python 3.13 and 2.7: name, encoding, bytes."""
    lines = (TESTDATA / "pickle" / "corpus.jsonl").read_text().splitlines()
    entries = [json.loads(line) for line in lines]
    return [(entry["name"], entry["encoding"], base64.b64decode(entry["pickle"])) for entry in entries]


class Pipe(io.BytesIO):
    """A stream that cannot go back."""

    def seek(self, offset: int, whence: int = 0) -> int:
        raise OSError("a pipe")


def by_every_way(folder: Path, data: bytes, encoding: str) -> list[Any]:
    """The same pickle from bytes, from a file and from streams."""
    (folder / "x").write_bytes(data)
    sources: list[Any] = [io.BytesIO(data), folder / "x", Pipe(data), io.BufferedReader(io.BytesIO(data))]
    with open(folder / "x", "rb") as file:
        loaded = [npload.load(source, encoding=encoding, safe_pickle=True) for source in [*sources, file]]
    return [npload.loads(data, encoding=encoding, safe_pickle=True), *loaded]


def test_values_of_every_kind_by_every_way(tmp_path: Path) -> None:
    for name, value in SPECIAL.items():
        for protocol in PROTOCOLS:
            for whole in (value, [value, np.zeros(10_000), value, bytearray(b"abc"), np.arange(3.0)]):
                data = pickle.dumps(whole, protocol)
                for loaded in by_every_way(tmp_path, data, "ASCII"):
                    try:
                        assert_same(loaded, pickle.loads(data))
                    except AssertionError as err:
                        raise AssertionError(f"{name}, protocol {protocol}: {err}") from err


@pytest.mark.filterwarnings("ignore")
def test_the_corpus(tmp_path: Path) -> None:
    loaded = refused = 0
    for name, encoding, data in corpus():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                theirs = pickle.loads(data, encoding=encoding)
        except Exception:
            with pytest.raises((pickle.UnpicklingError, EOFError, UnicodeError)):
                npload.loads(data, encoding=encoding, safe_pickle=True)
            refused += 1
            continue
        try:
            ours = by_every_way(tmp_path, data, encoding)
        except pickle.UnpicklingError as err:
            assert "The globals that it names" in str(err) or "not for this" in str(err), (name, str(err))
            refused += 1
            continue
        for value in ours:
            try:
                assert_same(value, theirs)
            except AssertionError as err:
                raise AssertionError(f"{name}: {err}") from err
        loaded += 1
    assert loaded > 700, (loaded, refused)


def test_cpythons_own_test_data() -> None:
    pickletester = pytest.importorskip("test.pickletester", reason="this Python is without its test package")
    datas = {
        name: data for name, data in vars(pickletester).items() if name.startswith("DATA") and isinstance(data, bytes)
    }
    assert len(datas) >= 10
    loaded = 0
    for name, data in datas.items():
        try:
            ours = npload.loads(data, safe_pickle=True)
        except pickle.UnpicklingError as err:
            assert "The globals that it names" in str(err), (name, str(err))
            continue
        assert_same(ours, pickle.loads(data))
        loaded += 1
    assert loaded >= 3


def pickles_of_packages() -> list[Path]:
    """Pickles that installed packages ship, among them NumPy's own of Python 2."""
    folder = Path(np.__file__).parents[1]
    kinds = {".pkl", ".pickle", ".npy", ".npz"}
    return [path for path in sorted(folder.rglob("*")) if path.suffix in kinds and path.stat().st_size < 1 << 22]


@pytest.mark.filterwarnings("ignore")
def test_pickles_that_packages_ship() -> None:
    loaded = 0
    paths = pickles_of_packages()
    assert paths
    for path in paths:
        try:
            ours = npload.load(path, encoding="latin1", safe_pickle=True)
            if isinstance(ours, npload.NpzFile):
                with ours, np.load(path, encoding="latin1", allow_pickle=True) as theirs:
                    for key in ours.files:
                        assert_same(ours[key], theirs[key])
            elif ours.dtype.hasobject or path.suffix != ".npy":
                assert_same(ours, np.load(path, encoding="latin1", allow_pickle=True))
            loaded += 1
        except pickle.UnpicklingError as err:
            assert "The globals that it names" in str(err), (path, str(err))
    assert loaded > 5
