"""Everything that is at hand loads as NumPy loads it: values, layout, and the classes of exceptions."""

import gc
import importlib.util
import json
import pathlib
import sys
import warnings

import numpy as np
import pytest
from conftest import TESTDATA, assert_same_outcome, manifest, outcome

import npload
from npload._npload import load_exactly

HERE = pathlib.Path(__file__).parent
DIFFERENCES = json.loads((HERE / "differences.json").read_text())
DELIBERATE = json.loads((HERE / "deliberate.json").read_text())


def is_better(line):
    """Whether npload is meant to differ for this file."""
    return any(key in line for key in ("better", "npload")) or any(
        is_better(member) for member in line.get("members", [])
    )


def known(name):
    """Whether this NumPy or Python is known to differ for that file from the pinned ones."""
    versions = (f"numpy {np.__version__}", f"python {sys.version_info[0]}.{sys.version_info[1]}")
    return any(name in DIFFERENCES.get(version, {}) for version in versions)


@pytest.fixture(autouse=True)
def no_descriptor_leaks():
    """Clear away what NumPy leaves open after a failure; npload's leaks are looked for elsewhere."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()


def compared(line):
    """Whether this file is to load as in NumPy, here."""
    return not is_better(line) and line["file"] not in DELIBERATE and not known(line["file"])


LINES = [line for line in manifest() if compared(line)]


def loads(line):
    """Return the loads that are held to NumPy's results: `load` restores the dtypes of ml_dtypes."""
    return [load_exactly] if "/ml-" in line["file"] else [npload.load, load_exactly]


@pytest.mark.parametrize("line", LINES, ids=lambda line: line["file"])
@pytest.mark.parametrize("allow_pickle", [False, True])
def test_test_data_loads_as_in_numpy(line, allow_pickle):
    for load in loads(line):
        compare(load, TESTDATA / line["file"], allow_pickle=allow_pickle)


@pytest.mark.parametrize("mode", ["r", "c"])
def test_test_data_is_mapped_as_in_numpy(mode):
    for line in LINES:
        # NumPy's mapping adds the axes of a subarray at the top, which its load does not.
        if line["file"].endswith(".npy") and "/subarray-" not in line["file"]:
            for load in loads(line):
                compare(load, TESTDATA / line["file"], mmap_mode=mode)


@pytest.mark.parametrize("name", DELIBERATE)
def test_what_is_listed_as_different_is_different(name):
    ways = [{"allow_pickle": False}, {"allow_pickle": True}]
    if name.endswith(".npy"):
        ways.append({"mmap_mode": "r"})
    if known(name):
        pytest.skip("this version of NumPy or Python differs: see differences.json")
    with pytest.raises(AssertionError):
        for arguments in ways:
            compare(npload.load, TESTDATA / name, **arguments)


def shipped():
    """Return the array files that NumPy and SciPy bring along."""
    for package in ("numpy", "scipy"):
        spec = importlib.util.find_spec(package)
        if spec is not None:
            root = pathlib.Path(spec.origin).parent
            yield from sorted(root.rglob("*.np[yz]"))


@pytest.mark.parametrize("path", list(shipped()), ids=lambda path: path.name)
def test_files_of_numpy_and_scipy_load_as_in_numpy(path):
    for load in (npload.load, load_exactly):
        compare(load, path, allow_pickle=True)
        compare(load, path)


def compare(load, path, **arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = outcome(np.load, path, **arguments)
        ours = outcome(load, path, **arguments)
    assert_same_outcome(ours, theirs)
