"""What the tests share: the test data, and how two results are compared."""

import gc
import json
import os
import pathlib
import pickle

import numpy as np
import pytest

import npload

TESTDATA = pathlib.Path(__file__).resolve().parents[2] / "testdata"


def manifest():
    """Return the lines of the test data's manifest."""
    with open(TESTDATA / "manifest.jsonl") as lines:
        return [json.loads(line) for line in lines]


def assert_same(ours, numpys):
    """Assert that two loaded values are the same to a program."""
    assert type(ours) is type(numpys)
    if isinstance(numpys, np.ndarray):
        assert ours.dtype == numpys.dtype
        assert ours.dtype.byteorder == numpys.dtype.byteorder
        assert ours.dtype.metadata == numpys.dtype.metadata
        assert ours.shape == numpys.shape
        if numpys.size:
            assert ours.strides == numpys.strides
        for flag in ("C_CONTIGUOUS", "F_CONTIGUOUS", "WRITEABLE", "ALIGNED"):
            assert ours.flags[flag] == numpys.flags[flag], flag
        assert contents(ours) == contents(numpys)
    else:
        assert pickle.dumps(ours) == pickle.dumps(numpys)


def contents(array):
    """Return the elements' bytes; of padding NumPy keeps what was in memory."""
    if array.dtype.hasobject:
        return pickle.dumps(array.tolist())
    if array.dtype.names:
        return [contents(array[name]) for name in array.dtype.names]
    return array.tobytes()


def outcome(load, path, **arguments):
    """Return what a load gives, as values that can be compared after the file is closed."""
    try:
        loaded = load(path, **arguments)
    except Exception as err:
        return err
    if not isinstance(loaded, np.lib.npyio.NpzFile):
        return loaded
    with loaded as npz:
        return {key: member(npz, key) for key in npz.files}


def member(npz, key):
    """Return a member, or the exception that it raises."""
    try:
        return npz[key]
    except Exception as err:
        return err


def assert_same_outcome(ours, numpys):
    """Assert that two loads ended alike: the same value, or an exception of the same class."""
    if isinstance(numpys, Exception):
        assert isinstance(ours, type(numpys)), f"{ours!r} and not {numpys!r}"
    elif isinstance(numpys, dict):
        assert isinstance(ours, dict), repr(ours)
        assert list(ours) == list(numpys)
        for key in numpys:
            assert_same_outcome(ours[key], numpys[key])
    else:
        assert not isinstance(ours, Exception), repr(ours)
        assert_same(ours, numpys)


@pytest.fixture
def array():
    """Return an array with two axes of different lengths."""
    return np.arange(12.0).reshape(3, 4)


@pytest.fixture
def npy(tmp_path, array):
    """Return the path of an npy file of `array`."""
    path = tmp_path / "array.npy"
    np.save(path, array)
    return path


@pytest.fixture
def npz(tmp_path, array):
    """Return the path of an archive with `array` and others."""
    path = tmp_path / "arrays.npz"
    np.savez(path, a=array, b=np.arange(5), c=np.float32(7))
    return path


@pytest.fixture(autouse=True)
def no_descriptor_leaks():
    """Assert that a test leaves no file open."""
    before = len(os.listdir("/proc/self/fd"))
    yield
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= before


@pytest.fixture(autouse=True)
def examples(doctest_namespace):
    """Give examples the names that they use."""
    doctest_namespace.update(np=np, npload=npload)
