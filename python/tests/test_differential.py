"""Everything that is at hand loads as NumPy loads it: values, layout, and the classes of exceptions."""

import importlib.util
import json
import pathlib
import sys
import warnings

import numpy as np
import pytest
from conftest import TESTDATA, assert_same_outcome, manifest, outcome

import npload

DIFFERENCES = json.loads((pathlib.Path(__file__).parent / "differences.json").read_text())


def is_better(line):
    """Whether npload is meant to differ for this file."""
    return any(key in line for key in ("better", "npload")) or any(
        is_better(member) for member in line.get("members", [])
    )


def known(name):
    """Whether this NumPy or Python is known to differ for that file from the pinned ones."""
    versions = (f"numpy {np.__version__}", "python {}.{}".format(*sys.version_info))
    return any(name in DIFFERENCES.get(version, {}) for version in versions)


@pytest.fixture(autouse=True)
def no_descriptor_leaks():
    """NumPy leaks: this is not looked at here."""


LINES = [line for line in manifest() if not is_better(line)]


@pytest.mark.parametrize("line", LINES, ids=lambda line: line["file"])
@pytest.mark.parametrize("allow_pickle", [False, True])
def test_test_data_loads_as_in_numpy(line, allow_pickle):
    if known(line["file"]):
        pytest.skip("this version of NumPy or Python differs: see differences.json")
    compare(TESTDATA / line["file"], allow_pickle=allow_pickle)


@pytest.mark.parametrize("mode", ["r", "c"])
def test_test_data_is_mapped_as_in_numpy(mode):
    for line in LINES:
        if line["file"].endswith(".npy") and not known(line["file"]):
            compare(TESTDATA / line["file"], mmap_mode=mode)


def shipped():
    """Return the array files that NumPy and SciPy bring along."""
    for package in ("numpy", "scipy"):
        spec = importlib.util.find_spec(package)
        if spec is not None:
            root = pathlib.Path(spec.origin).parent
            yield from sorted(root.rglob("*.np[yz]"))


@pytest.mark.parametrize("path", list(shipped()), ids=lambda path: path.name)
def test_files_of_numpy_and_scipy_load_as_in_numpy(path):
    compare(path, allow_pickle=True)
    compare(path)


def compare(path, **arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = outcome(np.load, path, **arguments)
        ours = outcome(npload.load, path, **arguments)
    assert_same_outcome(ours, theirs)
