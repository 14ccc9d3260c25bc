"""`npload.jax.save`, `savez` and `save_tree`: what is saved comes back, and JAX and NumPy read it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import npload
import npload.jax
from jax_here import SHARDINGS, P, pointer

DTYPES = ["float32", "bfloat16", "float16", "int8", "bool", "complex64", "float8_e4m3fn", "float8_e5m2", "int4"]


@pytest.mark.parametrize("name", DTYPES)
def test_every_dtype_comes_back(name: str, tmp_path: Path) -> None:
    array = jnp.arange(12).astype(name).reshape(3, 4)
    npload.jax.save(tmp_path / "x.npy", array)
    npload.jax.savez(tmp_path / "x.npz", array, w=array)
    loaded = npload.jax.load(tmp_path / "x.npy")
    assert loaded.dtype == array.dtype and bool((loaded == array).all())
    with npload.jax.load(tmp_path / "x.npz") as arrays:
        assert arrays.files == ["w", "arr_0"]
        assert arrays["w"].dtype == array.dtype and bool((arrays["arr_0"] == array).all())


def test_jax_reads_what_is_saved_byte_for_byte(tmp_path: Path) -> None:
    for array in (jnp.arange(6.0).reshape(2, 3), jnp.ones(3, jnp.int8)):
        mine, theirs = io.BytesIO(), io.BytesIO()
        npload.jax.save(mine, array)
        jnp.save(theirs, array)
        assert mine.getvalue() == theirs.getvalue()
    npload.jax.save(tmp_path / "b.npy", jnp.array([1.5], jnp.bfloat16))
    assert jnp.load(tmp_path / "b.npy").dtype == jnp.bfloat16


@pytest.mark.parametrize("implementation", ["threefry2x32", "rbg"])
def test_random_keys_come_back(implementation: str, tmp_path: Path) -> None:
    key = jax.random.key(7, impl=implementation)
    keys = jax.random.split(key, (8, 2))
    npload.jax.save(tmp_path / "k.npy", key)
    npload.jax.savez(tmp_path / "k.npz", keys, x=jnp.ones(2))
    for given, loaded in (
        (key, npload.jax.load(tmp_path / "k.npy")),
        (keys, npload.jax.load(tmp_path / "k.npz")["arr_0"]),
        (keys, npload.jax.load(tmp_path / "k.npz").load_all()["arr_0"]),
    ):
        assert loaded.dtype == given.dtype and loaded.shape == given.shape
        assert bool((jax.random.key_data(loaded) == jax.random.key_data(given)).all())
    npload.jax.save(tmp_path / "k.npy", keys)
    spread = npload.jax.load(tmp_path / "k.npy", sharding=SHARDINGS["rows"])
    assert spread.sharding.is_equivalent_to(SHARDINGS["rows"], 2) and spread.dtype == keys.dtype
    # NumPy reads them as what they are.
    assert np.load(tmp_path / "k.npy").shape == (8, 2)


def test_keys_of_another_jax_are_refused_by_name(tmp_path: Path) -> None:
    array = np.zeros(2, [("key<rot13>", "u4", (2,))])
    npload.save(tmp_path / "k.npy", array)
    with pytest.raises(TypeError, match="rot13"):
        npload.jax.load(tmp_path / "k.npy")


def tree() -> Any:
    return {
        "layers": [
            {"w": jnp.ones((8, 3), jnp.bfloat16), "b": jnp.zeros(3)},
            {"w": jnp.full((8, 3), 2.0), "b": jnp.ones(3)},
        ],
        "key": jax.random.key(1),
        "step": 3,
    }


@pytest.mark.parametrize("compression", ["stored", "deflate", "zstd"])
def test_trees_come_back_in_their_structure(compression: Any, tmp_path: Path) -> None:
    saved = tree()
    npload.jax.save_tree(tmp_path / "model", saved, compression=compression)
    nested = npload.jax.load_tree(tmp_path / "model.npz")
    assert sorted(nested) == ["key", "layers", "step"] and nested["layers"]["1"]["w"][0, 0] == 2
    target = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(jnp.shape(leaf), jnp.asarray(leaf).dtype), saved)
    loaded = npload.jax.load_tree(tmp_path / "model.npz", target)
    assert jax.tree.structure(loaded) == jax.tree.structure(saved)
    for a, b in zip(jax.tree.leaves(loaded), jax.tree.leaves(saved), strict=True):
        b = jnp.asarray(b)
        assert a.dtype == b.dtype and a.shape == b.shape and bool((a == b).all())


def test_stored_trees_are_the_memory_of_the_file(tmp_path: Path) -> None:
    npload.jax.save_tree(tmp_path / "model.npz", {"a": jnp.ones(3), "b": {"c": jnp.ones(100_000)}})
    with npload.load(tmp_path / "model.npz", mmap_mode="r") as mapped:
        for key in mapped.files:
            array = mapped[key]
            assert pointer(jax.device_put(array)) == array.__array_interface__["data"][0]


def test_sharded_arrays_are_saved_whole(tmp_path: Path) -> None:
    array = jax.device_put(jnp.arange(64.0).reshape(8, 8), SHARDINGS["blocks"])
    npload.jax.save(tmp_path / "x.npy", array)
    assert np.array_equal(np.load(tmp_path / "x.npy"), np.arange(64.0).reshape(8, 8))
    back = npload.jax.load(tmp_path / "x.npy", sharding=SHARDINGS["columns"])
    assert back.sharding.spec == P(None, "x")


def test_trees_that_no_archive_can_be_are_refused(tmp_path: Path) -> None:
    for wrong in ({"a": 1, "a/b": 2}, {"a": {"b": 1}, "a/b": 2}):
        with pytest.raises(ValueError, match="a/b"):
            npload.jax.save_tree(tmp_path / "x.npz", wrong)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        npload.jax.save_tree(tmp_path / "x.npz", {"a": object()})
    assert not list(tmp_path.iterdir())
