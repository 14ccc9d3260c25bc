"""What an array is once it is loaded (CONTRACT §3): hypothesis asks NumPy for all kinds of them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import npload
from made import archive, saved
from told import told, told_array

DTYPES = (
    hnp.scalar_dtypes()
    | hnp.byte_string_dtypes()
    | hnp.unicode_string_dtypes()
    | hnp.nested_dtypes(max_leaves=4)
    | hnp.array_dtypes(max_size=4)
)
ARRAYS = DTYPES.flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
)


@pytest.mark.filterwarnings("ignore:Stored array in format")
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(array=ARRAYS, fortran=st.booleans())
def test_any_array_that_numpy_writes(array: Any, fortran: bool) -> None:
    if fortran:
        array = np.asfortranarray(array)
    try:
        data = saved(array)
        expected = told(np.load, io.BytesIO(data))
    except (ValueError, TypeError):
        return  # not NumPy's to write
    assert told(npload.load, io.BytesIO(data)) == expected
    assert told(npload.loads, data) == expected
    packed = archive({"a.npy": data}, 8)
    assert told(npload.load, io.BytesIO(packed)) == told(np.load, io.BytesIO(packed))


@pytest.mark.parametrize("shape", [(), (1,), (0,), (3, 0, 2), (2, 3), (1,) * 32], ids=str)
def test_results_are_writable_plain_arrays(both: Any, shape: tuple[int, ...]) -> None:
    loaded = both(io.BytesIO(saved(np.zeros(shape))))
    assert type(loaded) is np.ndarray
    assert loaded.shape == shape
    assert loaded.flags.writeable
    assert loaded.flags.aligned
    loaded[...] = 5
    assert (loaded == 5).all()


def test_fortran_order_comes_back_in_fortran_order(both: Any) -> None:
    loaded = both(io.BytesIO(saved(np.asfortranarray(np.arange(6).reshape(2, 3)))))
    assert loaded.flags.f_contiguous and not loaded.flags.c_contiguous
    assert loaded.strides == (8, 16)
    assert loaded.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_byte_order_is_kept(both: Any) -> None:
    loaded = both(io.BytesIO(saved(np.arange(3, dtype=">f8"))))
    assert loaded.dtype.str == ">f8"
    assert loaded.tolist() == [0, 1, 2]


def test_bools_other_than_0_and_1_are_kept(both: Any) -> None:
    data = saved(np.zeros(4, bool))[:-4] + b"\0\1\2\xff"
    assert both(io.BytesIO(data)).view("u1").tolist() == [0, 1, 2, 255]


def test_texts_of_lone_surrogates_are_kept(both: Any) -> None:
    array = np.array(["\ud800", "a\udfff"])
    assert both(io.BytesIO(saved(array))).tolist() == ["\ud800", "a\udfff"]


def test_an_array_is_its_own_and_no_view_of_a_shared_buffer() -> None:
    data = saved(np.arange(5))
    first, second = npload.loads(data), npload.loads(data)
    first[:] = 9
    assert second.tolist() == [0, 1, 2, 3, 4]
    assert not np.shares_memory(first, second)


@pytest.mark.parametrize("nbytes", [64 << 10, (64 << 10) + 8, 1 << 20, 5 << 20])
def test_arrays_of_64_kib_and_more_lie_at_64_bytes(nbytes: int, tmp_path: Any) -> None:
    np.save(tmp_path / "x.npy", np.zeros(nbytes, "u1"))
    np.savez(tmp_path / "x.npz", a=np.zeros(3), b=np.zeros(nbytes, "u1"))
    np.savez_compressed(tmp_path / "c.npz", a=np.zeros(3), b=np.zeros(nbytes, "u1"))
    with npload.load(tmp_path / "x.npz") as stored, npload.load(tmp_path / "c.npz") as packed:
        loaded = [
            npload.load(tmp_path / "x.npy"),
            npload.load(io.BytesIO((tmp_path / "x.npy").read_bytes())),
            npload.loads((tmp_path / "x.npy").read_bytes()),
            stored["b"],
            packed["b"],
            stored.load_all()["b"],
            packed.load_all()["b"],
        ]
    for array in loaded:
        assert array.ctypes.data % 64 == 0
        assert array.flags.writeable
        assert array.nbytes == nbytes


def test_small_arrays_own_their_memory() -> None:
    loaded = npload.loads(saved(np.arange(5)))
    assert loaded.flags.owndata or loaded.base is not None


def test_memory_lives_as_long_as_any_view(tmp_path: Any) -> None:
    array = np.arange(1 << 18)
    np.save(tmp_path / "x.npy", array)
    np.savez(tmp_path / "x.npz", a=array, b=array)
    views = [npload.load(tmp_path / "x.npy")[1000:2000]]
    with npload.load(tmp_path / "x.npz") as npz:
        views += [npz["a"][1000:2000], npz.load_all()["b"][1000:2000]]
    views.append(npload.load(tmp_path / "x.npy", mmap_mode="r")[1000:2000])
    for _ in range(20):
        np.full(1 << 18, -1)
    for view in views:
        assert view.tolist() == list(range(1000, 2000))


def test_reshaping_and_copying() -> None:
    array = npload.loads(saved(np.arange(6))).reshape(2, 3)
    assert array.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert array.copy().flags.owndata
    assert told_array(array.ravel())["shape"] == (6,)


def test_arrays_of_more_than_4_gib_of_nothing(both: Any) -> None:
    loaded = both(io.BytesIO(saved(np.empty((1 << 33, 0), "u1"))))
    assert loaded.shape == (1 << 33, 0)
