"""Which values survive a conversion, and what is said of those that do not."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest

import npload.jax
from jax_here import SHARDINGS
from npload.jax._values import is_held

INTEGERS = [np.dtype(kind + size) for kind in "iu" for size in "1248"]


def converted(path: Path, array: Any, dtype: Any) -> Any:
    np.save(path / "x.npy", array)
    return npload.jax.load(path / "x.npy", dtype=dtype)


@pytest.mark.parametrize(("source", "target"), list(itertools.permutations(INTEGERS, 2)), ids=str)
def test_integers_fit_or_are_told(source: np.dtype[Any], target: np.dtype[Any], tmp_path: Path) -> None:
    info = np.iinfo(source)
    with jax.enable_x64(True):
        for value in {info.min, -1, 0, 1, 127, 128, 255, 2**31 - 1, 2**31, 2**32 - 1, info.max}:
            if not info.min <= value <= info.max:
                continue
            array = np.array([0, value], source)
            if np.iinfo(target).min <= value <= np.iinfo(target).max:
                assert converted(tmp_path, array, target).tolist() == [0, value]
            else:
                with pytest.raises(OverflowError, match=rf"element \(1,\) is {value}, which {target}"):
                    converted(tmp_path, array, target)


SMALL_FLOATS = [
    dtype
    for name in dir(ml_dtypes)
    if name.startswith(("float", "bfloat")) and is_held(dtype := np.dtype(getattr(ml_dtypes, name)))
]


@pytest.mark.parametrize("target", SMALL_FLOATS, ids=str)
@pytest.mark.parametrize("value", [1e39, -1e39, np.nan, np.inf, -np.inf])
def test_a_float_stays_finite_or_what_it_is(target: np.dtype[Any], value: float, tmp_path: Path) -> None:
    with np.errstate(all="ignore"):
        made = float(np.float64(value).astype(target))
    held = (np.isnan(value) and np.isnan(made)) or made == value
    for source in ("f8", "g"):
        if held:
            np.testing.assert_array_equal(
                np.asarray(converted(tmp_path, np.array([1, value], source), target)).astype("f8"), [1, value]
            )
        else:
            with pytest.raises(OverflowError, match=r"element \(1,\)"):
                converted(tmp_path, np.array([1, value], source), target)


def test_integers_beyond_a_float_without_infinities_are_told(tmp_path: Path) -> None:
    float4 = ml_dtypes.float4_e2m1fn
    if not is_held(np.dtype(float4)):
        pytest.skip("this JAX has no float4_e2m1fn")
    assert converted(tmp_path, np.array([-6, 4]), float4).tolist() == [-6, 4]
    with pytest.raises(OverflowError, match="is 1000000, which float4"):
        converted(tmp_path, np.array([1, 10**6]), float4)


def test_long_doubles_beyond_double_are_told(tmp_path: Path) -> None:
    with pytest.raises(OverflowError, match=r"is 1e\+400"):
        converted(tmp_path, np.array([np.longdouble("1e400")]), "f4")
    with pytest.raises(OverflowError, match=r"is \(1\+1e\+400j\)"):
        converted(tmp_path, np.array([1 + 1j * np.longdouble("1e400")]), "c8")


# Two bytes without a name: bfloat16, as jnp.save writes it.
@pytest.mark.parametrize("dtype", ["f2", "f4", "c8"])
def test_bfloat16_converts_to_other_floats(dtype: str, tmp_path: Path) -> None:
    jnp.save(tmp_path / "x.npy", jnp.array([1, -2.5], jnp.bfloat16))
    loaded = npload.jax.load(tmp_path / "x.npy", dtype=dtype)
    assert loaded.dtype == dtype and loaded.tolist() == [1, -2.5]
    jnp.savez(tmp_path / "x.npz", a=jnp.array([1, -2.5], jnp.bfloat16))
    tree = npload.jax.load_tree(tmp_path / "x.npz", {"a": jax.ShapeDtypeStruct((2,), "bfloat16")})
    assert tree["a"].tolist() == [1, -2.5]
    with pytest.raises(ValueError, match="has dtype bfloat16, and the target float16"):
        npload.jax.load_tree(tmp_path / "x.npz", {"a": jax.ShapeDtypeStruct((2,), "float16")})


def test_bytes_without_a_name_are_no_integers(tmp_path: Path) -> None:
    jnp.save(tmp_path / "x.npy", jnp.array([1, -2.5], jnp.bfloat16))
    with pytest.raises(TypeError, match=r"x\.npy: its elements are bfloat16, and dtype=int16 would lose"):
        npload.jax.load(tmp_path / "x.npy", dtype="i2")
    np.save(tmp_path / "x.npy", np.zeros(3, "V1"))
    for dtype in ("i1", "u1", "f4"):
        with pytest.raises(TypeError, match=r"x\.npy: its elements are 1 bytes without a name"):
            npload.jax.load(tmp_path / "x.npy", dtype=dtype)


def test_texts_and_times_are_no_numbers(tmp_path: Path) -> None:
    for array in (np.array(["a"]), np.array([1], "m8[s]")):
        np.savez(tmp_path / "x.npz", a=array)
        with (
            npload.jax.load(tmp_path / "x.npz", dtype="f4") as arrays,
            pytest.raises(TypeError, match=r"x\.npz: member 'a': its elements are .*, and dtype= is for numbers"),
        ):
            arrays.load_all()


def test_the_byte_order_of_dtype_does_not_matter(tmp_path: Path) -> None:
    assert converted(tmp_path, np.array([1.5]), ">f4").tolist() == [1.5]


def test_what_jax_holds_is_not_asked_of_a_guard(tmp_path: Path) -> None:
    is_held.cache_clear()
    np.save(tmp_path / "x.npy", np.array([1], "i2"))
    with jax.transfer_guard("disallow_explicit"), pytest.raises(RuntimeError, match="Disallowed"):
        npload.jax.load(tmp_path / "x.npy")
    assert isinstance(npload.jax.load(tmp_path / "x.npy"), jax.Array)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_contexts_of_jax_count_for_all_members(save: Any, tmp_path: Path) -> None:
    save(tmp_path / "x.npz", a=np.arange(8.0), b=np.arange(2**40, 2**40 + 8))
    for sharding in (None, SHARDINGS["half replicated"]):
        with jax.enable_x64(True), npload.jax.load(tmp_path / "x.npz", sharding=sharding) as arrays:
            loaded = arrays.load_all()
            assert (loaded["a"].dtype, loaded["b"].dtype) == ("f8", "i8")
            assert loaded["b"].tolist() == list(range(2**40, 2**40 + 8))
    warned = npload.jax.load(tmp_path / "x.npz", sharding=SHARDINGS["half replicated"], on_narrow="warn")
    with warned as arrays, pytest.warns(UserWarning, match="cannot hold") as warnings:
        arrays.load_all()
    assert warnings[0].filename == __file__


def test_targets_of_64_bits_are_what_jax_makes_of_them(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=np.arange(3), t=np.array(["x"]))
    target = {"a": np.zeros(3, "i8"), "t": np.array(["?"])}
    tree = npload.jax.load_tree(tmp_path / "x.npz", target)
    assert (tree["a"].dtype, tree["a"].tolist(), tree["t"].tolist()) == ("i4", [0, 1, 2], ["x"])


def test_targets_that_cannot_be_are_told_by_their_paths(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", **{"a/b": np.zeros(1)})
    leaf = jax.ShapeDtypeStruct((1,), "f4")
    with pytest.raises(ValueError, match="two leaves of the path 'a/b'"):
        npload.jax.load_tree(tmp_path / "x.npz", {"a/b": leaf, "a": {"b": leaf}})
    # Random keys are what a file may have; this one has not.
    with pytest.raises(ValueError, match="a/b: has dtype float64, and the target .*key<threefry2x32>"):
        npload.jax.load_tree(tmp_path / "x.npz", {"a": {"b": jax.random.key(0)}})


def test_members_may_be_asked_for_by_their_whole_names(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", w=np.zeros(8, "f4"))
    with npload.jax.load(tmp_path / "x.npz", sharding={"w": SHARDINGS["half replicated"]}) as arrays:
        assert arrays["w.npy"].sharding == arrays["w"].sharding == SHARDINGS["half replicated"]
