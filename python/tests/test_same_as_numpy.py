"""Every file at hand gives what NumPy gives: the same array to the flag, or the same exception class."""

from __future__ import annotations

import io
import json
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npload
from conftest import TESTDATA
from expected import entries_for
from told import Told, same, told

pytestmark = [
    pytest.mark.numpy_leaks,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]  # archives that NumPy refuses
MANIFEST = [json.loads(line) for line in (TESTDATA / "manifest.jsonl").read_text("ascii").splitlines()]
FILES = [line["file"] for line in MANIFEST]
LINES = {line["file"]: line for line in MANIFEST}
SAME_HERE = entries_for("file_same")
DIFFERENCES = entries_for("file")


def installed() -> list[Path]:
    """Every .npy and .npz that NumPy and SciPy ship."""
    found: list[Path] = []
    for package in ("numpy", "scipy"):
        spec = find_spec(package)
        for folder in (spec.submodule_search_locations or []) if spec else []:
            found += sorted(path for path in Path(folder).rglob("*.np[yz]"))
    return found


def without(told: Told, *members: str) -> Told:
    """What was told of an archive, but for some members."""
    names = {*members, *(f"{member}.npy" for member in members)}
    return {**told, "members": {key: value for key, value in told["members"].items() if key not in names}}


@pytest.mark.parametrize("name", FILES)
def test_test_data_by_path(name: str) -> None:
    ours, theirs = told(npload.load, TESTDATA / name), told(np.load, TESTDATA / name)
    difference = next((entry for entry in DIFFERENCES if entry.names(name)), None)
    if difference is None or any(entry.names(name) for entry in SAME_HERE):
        assert same(ours, theirs), (ours, theirs)
        return
    assert not same(ours, theirs), f"no longer a difference: {difference.reason}"
    if difference.members:
        others = without(ours, *difference.members), without(theirs, *difference.members)
        assert same(*others), others
        for key, becomes in difference.members.items():
            check(ours["members"][key], becomes, name, key)
    else:
        check(ours, difference.becomes, name, None)


def check(ours: Told, becomes: str, name: str, key: str | None) -> None:
    """That npload gives what differences.toml says: an exception's class, what the manifest says that npload
    restores, what another file holds, or an array of no elements."""
    how, _, of = becomes.partition(" ")
    if how == "restored":
        line = LINES[name]
        said = line.get("npload") or (line.get("arrays") if key is None else None)
        if key is not None:
            member = next(member for member in line["members"] if member["key"] == key)
            said = member.get("npload") or [member["array"]]
        expected = said[0].get("npload", said[0])
        assert ours["class"] == "numpy.ndarray"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = npload.load(TESTDATA / name)
        array = value if key is None else value[key]
        assert str(array.dtype) == expected["dtype"]
        assert str(array) == expected["str"]
    elif how == "warned":
        assert ours.pop("warnings") == ["UserWarning"]
        check(ours, of, name, key)
    elif how == "read":
        assert "error" not in ours
    elif how == "as":
        assert ours == told(npload.load, TESTDATA / of)
    else:
        assert ours.get("error", [None])[0] == becomes


@pytest.mark.parametrize("name", FILES)
def test_test_data_with_pickles_allowed(name: str) -> None:
    # Pickles are not NumPy's but Python's, and max_header_size is lifted: differences are fewer.
    if any(entry.names(name) for entry in [*DIFFERENCES, *entries_for("pickles_allowed")]):
        pytest.skip("a difference: see differences.toml")
    ours, theirs = (told(load, TESTDATA / name, allow_pickle=True) for load in (npload.load, np.load))
    assert same(ours, theirs), (ours, theirs)


@pytest.mark.parametrize("mode", ["r", "c"])
@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".npy")])
def test_test_data_mapped(name: str, mode: str) -> None:
    if any(entry.names(name) for entry in [*DIFFERENCES, *entries_for("mapped")]):
        pytest.skip("a difference: see differences.toml")
    ours, theirs = (told(load, TESTDATA / name, mmap_mode=mode) for load in (npload.load, np.load))
    assert same(ours, theirs), (ours, theirs)


@pytest.mark.parametrize("name", FILES)
def test_test_data_from_an_open_file_and_the_position_after_it(name: str) -> None:
    if any(entry.names(name) for entry in DIFFERENCES):
        pytest.skip("a difference: see test_test_data_by_path")
    seen: list[list[Any]] = []
    for load in (npload.load, np.load):
        mine: list[Any] = []
        with open(TESTDATA / name, "rb") as file:
            while True:
                result = told(load, file)
                mine.append(result)
                if "class" not in result:
                    break
                mine.append(file.tell())
        seen.append(mine)
    ours, theirs = seen
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs, strict=True):
        assert same(mine, other) if isinstance(mine, dict) else mine == other


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("np")])
def test_test_data_from_memory(name: str) -> None:
    if any(entry.names(name) for entry in DIFFERENCES):
        pytest.skip("a difference: see test_test_data_by_path")
    data = (TESTDATA / name).read_bytes()
    theirs = told(np.load, io.BytesIO(data))
    assert same(told(npload.load, io.BytesIO(data)), theirs)
    assert same(told(npload.loads, data), theirs)


@pytest.mark.parametrize("path", installed(), ids=lambda path: path.name)
@pytest.mark.parametrize("allow_pickle", [False, True])
def test_what_numpy_and_scipy_ship(path: Path, allow_pickle: bool) -> None:
    def options() -> dict[str, Any]:
        return {"allow_pickle": allow_pickle, "encoding": "latin1"}

    assert same(told(npload.load, path, **options()), told(np.load, path, **options()))


def test_numpy_and_scipy_ship_something() -> None:
    assert len(installed()) > 10


def test_each_difference_is_about_a_file() -> None:
    for entry in DIFFERENCES:
        assert any(entry.names(name) for name in FILES), entry


# What users match on, and what NumPy's own tests match on: the beginning of the message is NumPy's.
SAME_BEGINNING = [
    line["file"]
    for line in MANIFEST
    if line["kind"] == "error"
    and "npload" not in line
    and line["error"]["message"].startswith(
        (
            "EOF: reading",
            "Failed to read all data for array.",
            "Header does not contain the correct keys",
            "Header is not a dictionary",
            "No data left in file",
            "Object arrays cannot be loaded when allow_pickle=False",
            "This file contains pickled (object) data.",
            "descr is not a valid dtype descriptor",
            "fortran_order is not a valid bool",
            "shape is not valid",
            "we only support format version",
            "Header info length",
            "File is not a zip file",
        )
    )
]


@pytest.mark.parametrize("name", SAME_BEGINNING)
def test_messages_begin_as_numpys(name: str) -> None:
    if any(entry.names(name) for entry in [*DIFFERENCES, *entries_for("message")]):
        pytest.skip("a difference: see differences.toml")
    message = LINES[name]["error"]["message"]
    # The first sentence: what follows is a place or advice.
    beginning = message.partition(":")[0].partition(" (file seems")[0].partition(". ")[0].partition(" (")[0]
    with pytest.raises(Exception) as caught:
        npload.load(TESTDATA / name)
    assert str(caught.value).startswith(beginning)
