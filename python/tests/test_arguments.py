"""The arguments of `load`: NumPy's signature, and what is refused before anything is opened."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npload


def test_the_signature_begins_with_numpys_and_goes_on_keyword_only() -> None:
    theirs = inspect.signature(np.load).parameters
    ours = inspect.signature(npload.load).parameters
    assert list(ours)[: len(theirs)] == list(theirs)
    for name, parameter in theirs.items():
        assert ours[name].default == parameter.default, name
        assert ours[name].kind == parameter.kind, name
    extra = {name: ours[name] for name in list(ours)[len(theirs) :]}
    assert {name: parameter.default for name, parameter in extra.items()} == {
        "safe_pickle": False,
        "verify": None,
        "threads": None,
        "out": None,
        "progress": None,
    }
    assert all(parameter.kind is inspect.Parameter.KEYWORD_ONLY for parameter in extra.values())


def test_numpys_arguments_in_numpys_order(both: Any, npy: Path) -> None:
    assert both(npy, None, False, True, "ASCII", max_header_size=10000).tolist() == list(range(10))
    assert both(file=npy, mmap_mode=None, allow_pickle=False, fix_imports=True, encoding="latin1").shape == (10,)


def test_extras_by_position_are_refused(both: Any, npy: Path) -> None:
    with pytest.raises(TypeError):
        both(npy, None, False, True, "ASCII", 10000)


def test_unknown_arguments_are_refused(both: Any, npy: Path) -> None:
    with pytest.raises(TypeError, match="mmap"):
        both(npy, mmap="r")


def test_no_file_at_all_is_refused(both: Any) -> None:
    with pytest.raises(TypeError):
        both()


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "LATIN1", "", None, 1])
def test_other_encodings_are_refused_before_the_file_is_looked_for(both: Any, encoding: Any) -> None:
    with pytest.raises(ValueError, match="encoding must be 'ASCII', 'latin1', or 'bytes'"):
        both("/does/not/exist.npy", encoding=encoding)


@pytest.mark.parametrize("encoding", ["ASCII", "latin1", "bytes"])
def test_the_three_encodings_are_taken(both: Any, npy: Path, encoding: str) -> None:
    assert both(npy, encoding=encoding).size == 10


@pytest.mark.parametrize("allow", [True, False, 0, 1, np.True_, np.False_])
def test_allow_pickle_takes_booleans(both: Any, npy: Path, allow: Any) -> None:
    assert both(npy, allow_pickle=allow).size == 10


@pytest.mark.parametrize("allow", [True, 1, np.True_])
def test_allow_pickle_when_true_reads_objects(both: Any, tmp_path: Path, allow: Any) -> None:
    np.save(tmp_path / "o.npy", np.array([None, 1], dtype=object))
    assert both(tmp_path / "o.npy", allow_pickle=allow).tolist() == [None, 1]


@pytest.mark.parametrize("allow", ["safe", "", None, 2, -1, 1.0, [], np.int64(3)])
def test_other_values_of_allow_pickle_are_type_errors_before_the_file_is_looked_for(allow: Any) -> None:
    with pytest.raises(TypeError, match="allow_pickle"):
        npload.load("/does/not/exist.npy", allow_pickle=allow)


def test_safe_pickle_false_is_as_if_not_given(npy: Path) -> None:
    assert npload.load(npy, safe_pickle=False).size == 10


@pytest.mark.parametrize("verify", [None, True, False])
def test_verify_takes_none_true_and_false(npz: Path, verify: Any) -> None:
    with npload.load(npz, verify=verify) as archive:
        assert archive["b"].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("verify", ["yes", 2.5, []])
def test_other_values_of_verify_are_type_errors(npy: Path, verify: Any) -> None:
    with pytest.raises(TypeError, match="verify"):
        npload.load(npy, verify=verify)


@pytest.mark.parametrize("threads", [None, 1, 2, 7])
def test_threads_is_a_number_of_threads(npy: Path, threads: Any) -> None:
    assert npload.load(npy, threads=threads).tolist() == list(range(10))


def test_no_threads_at_all_is_refused(npy: Path) -> None:
    with pytest.raises(ValueError, match="threads"):
        npload.load(npy, threads=0)


@pytest.mark.parametrize("threads", ["two", 1.5])
def test_threads_of_another_type_are_refused(npy: Path, threads: Any) -> None:
    with pytest.raises(TypeError):
        npload.load(npy, threads=threads)


@pytest.mark.parametrize("size", [10**30, 1 << 63, np.int64(10000)])
def test_max_header_size_of_any_integer(both: Any, npy: Path, size: Any) -> None:
    assert both(npy, max_header_size=size).size == 10


@pytest.mark.parametrize("size", [0, -1, 10, np.int64(5)])
def test_a_small_max_header_size_refuses_the_header_and_names_itself(both: Any, npy: Path, size: Any) -> None:
    with pytest.raises(ValueError, match="max_header_size"):
        both(npy, max_header_size=size)


def test_allow_pickle_lifts_max_header_size(both: Any, npy: Path) -> None:
    assert both(npy, allow_pickle=True, max_header_size=10).size == 10


def test_max_header_size_counts_for_members_too(both: Any, npz: Path) -> None:
    with both(npz, max_header_size=10) as archive, pytest.raises(ValueError, match="max_header_size"):
        archive["a"]
