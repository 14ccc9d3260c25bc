"""Archives as mappings and trees of JAX's arrays, and what is installed in jnp.load's place."""

from __future__ import annotations

import inspect
import io
import pickle
import threading
import warnings
import zipfile
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from jax.sharding import NamedSharding

import npload.jax
from conftest import TESTDATA
from expected import entries_for
from jax_here import DEVICES, LINE, SHARDINGS, P, assert_equal, savez, zipped
from made import saved

MODEL = {
    "embed": np.arange(64 * 1024, dtype="f4").reshape(64, 1024),
    "layers/0/w": np.asfortranarray(np.arange(64 * 48, dtype="f4").reshape(64, 48)),
    "layers/0/b": np.arange(8, dtype=">i2"),
    "layers/1/w": np.arange(128 * 64, dtype="i8").reshape(64, 128),
    "step": np.int64(7),
}


@pytest.fixture(params=["stored", "deflated"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """MODEL in an archive."""
    return savez(tmp_path / "model.npz", request.param == "deflated", **MODEL)


def expected(array: Any) -> Any:
    """What JAX makes of an array in native order."""
    return jnp.asarray(array.astype(array.dtype.newbyteorder("=")))


def test_a_mapping_of_jaxs_arrays(model: Path) -> None:
    with npload.jax.load(model) as arrays:
        assert isinstance(arrays, npload.jax.NpzArrays)
        assert list(arrays) == arrays.files == list(MODEL) and len(arrays) == len(MODEL)
        assert "embed" in arrays and "none" not in arrays
        assert dict(arrays).keys() == MODEL.keys()
        for key, array in MODEL.items():
            assert_equal(arrays[key], expected(array))
            assert not arrays[key].committed
        assert repr(arrays).startswith("JaxNpzFile '") and "embed: float32 (64, 1024)" in repr(arrays)
        with pytest.raises(KeyError, match="none is not a file in the archive"):
            arrays["none"]
        assert_equal(arrays["embed.npy"], arrays["embed"])
    with pytest.raises(ValueError, match="closed"):
        arrays["embed"]


def test_all_at_once(model: Path) -> None:
    with npload.jax.load(model) as arrays:
        for keys in (None, ["step", "embed"], []):
            loaded = arrays.load_all(keys)
            assert list(loaded) == (list(MODEL) if keys is None else keys)
            for key, array in loaded.items():
                assert_equal(array, expected(MODEL[key]))
        with pytest.raises(KeyError, match="none is not a file"):
            arrays.load_all(["none"])


def test_whole_names_and_an_archive_in_memory(model: Path) -> None:
    names = [f"{key}.npy" for key in MODEL]
    for file in (model, io.BytesIO(model.read_bytes())):
        for sharding in (None, lambda key, told: SHARDINGS["replicated"] if told.shape else None):
            with npload.jax.load(file, sharding=sharding) as arrays:
                loaded = arrays.load_all(names)
                assert list(loaded) == names
                for name, array in loaded.items():
                    assert_equal(np.asarray(array), np.asarray(expected(MODEL[name[:-4]])))
            if hasattr(file, "seek"):
                file.seek(0)


def test_what_jnp_savez_wrote(tmp_path: Path) -> None:
    jnp.savez(tmp_path / "x.npz", jnp.arange(3), w=jnp.ones((2, 2)), c=jnp.array([1 + 2j]))
    theirs = jnp.load(tmp_path / "x.npz")
    with theirs, npload.jax.load(tmp_path / "x.npz") as ours:
        assert ours.files == theirs.files
        for key in ours:
            # JAX gives NumPy's arrays.
            assert_equal(ours[key], jnp.asarray(theirs[key]))
    jnp.savez(tmp_path / "x.npz", w=jnp.ones((2, 2), jnp.bfloat16))
    with npload.jax.load(tmp_path / "x.npz") as ours:
        assert_equal(ours["w"], jnp.ones((2, 2), jnp.bfloat16))


def by_key(key: str, told: jax.ShapeDtypeStruct) -> Any:
    if told.shape == (8,):
        return DEVICES[3]
    return SHARDINGS["blocks"] if key.endswith("w") or key == "embed" else None


SHARDED = {"embed": SHARDINGS["blocks"], "layers/0/w": SHARDINGS["blocks"], "layers/0/b": DEVICES[3],
           "layers/1/w": SHARDINGS["blocks"], "step": None}  # fmt: skip


@pytest.mark.parametrize("given", [SHARDED, by_key], ids=["mapping", "function"])
@pytest.mark.parametrize("mode", [None, "r"])
@pytest.mark.filterwarnings("ignore:.*compressed.*:UserWarning")
def test_shardings_by_key(model: Path, given: Any, mode: Any) -> None:
    with npload.jax.load(model, mode, sharding=given) as arrays:
        for loaded in (dict(arrays), arrays.load_all()):
            assert list(loaded) == list(MODEL)
            for key, array in loaded.items():
                place = SHARDED[key]
                if place is None:
                    assert not array.committed
                elif isinstance(place, jax.Device):
                    assert array.devices() == {place}
                else:
                    assert array.sharding == place
                assert_equal(np.asarray(array), np.asarray(expected(MODEL[key])))


def test_shardings_that_are_not_for_these_keys_are_refused(model: Path) -> None:
    with pytest.raises(ValueError, match=r"nothing for \['layers/0/w'.*\], and \['wrong'\] are not in the archive"):
        npload.jax.load(model, sharding={"embed": None, "wrong": None})
    with (
        npload.jax.load(model, sharding=lambda key, told: "cpu") as arrays,
        pytest.raises(TypeError, match="the sharding of 'embed' must be"),
    ):
        arrays["embed"]
    with npload.jax.load(model, sharding=dict.fromkeys(MODEL)) as arrays:
        assert_equal(arrays["step"], jnp.int32(7) + jnp.zeros((), "i4"))


def test_the_function_hears_what_will_be_on_the_devices(model: Path) -> None:
    heard = {}

    def place(key: str, told: jax.ShapeDtypeStruct) -> None:
        heard[key] = (told.shape, told.dtype)

    with npload.jax.load(model, sharding=place) as arrays:
        arrays.load_all()
    assert heard == {key: (array.shape, expected(array).dtype) for key, array in MODEL.items()}


def test_all_that_is_not_jaxs_is_as_npload_gives_it(tmp_path: Path) -> None:
    objects = np.array([{"a": 1}, None])
    path = zipped(
        tmp_path / "x.npz",
        {"text.npy": saved(np.array(["a", "b"])), "note.txt": b"hello", "o.npy": saved(objects),
         "v.npy": saved(np.ones(3, ml_dtypes.bfloat16)), "n.npy": saved(np.arange(3))},
    )  # fmt: skip
    with npload.jax.load(path) as arrays:
        assert_equal(arrays["text"], np.array(["a", "b"]))
        assert arrays["note.txt"] == b"hello"
        assert_equal(arrays["v"], jnp.ones(3, jnp.bfloat16))
        with pytest.raises(ValueError, match="Object arrays cannot be loaded"):
            arrays["o"]
    with npload.jax.load(path, safe_pickle=True) as arrays:
        loaded = arrays.load_all()
        assert_equal(loaded["o"], objects)
        assert_equal(loaded["n"], jnp.arange(3))
        assert loaded["note.txt"] == b"hello"
    with (
        npload.jax.load(path, device=DEVICES[0]) as arrays,
        pytest.raises(TypeError, match=r"x\.npz: member 'text': JAX .* has no arrays of <U1"),
    ):
        arrays["text"]


def test_values_that_do_not_fit_name_their_member(tmp_path: Path) -> None:
    path = savez(tmp_path / "x.npz", a=np.arange(3), b=np.array([[0, 2**40]]))
    with npload.jax.load(path) as arrays:
        assert_equal(arrays["a"], jnp.arange(3))
        for load in (lambda: arrays["b"], arrays.load_all):
            with pytest.raises(OverflowError, match=r"x\.npz: member 'b': element \(0, 1\) is 1099511627776"):
                load()
    with npload.jax.load(path, on_narrow="allow") as arrays:
        assert arrays["b"].tolist() == [[0, 0]]


@pytest.mark.parametrize("deflated", [False, True])
@pytest.mark.parametrize("sharding", [None, SHARDINGS["rows"], SHARDINGS["columns"]])
def test_a_wrong_checksum_is_found_in_every_way_to_load_it_whole(tmp_path: Path, deflated: bool, sharding: Any) -> None:
    array = np.arange(64 * 4096, dtype="i4").reshape(64, 4096)
    data = bytearray(savez(tmp_path / "x.npz", deflated, w=array).read_bytes())
    with zipfile.ZipFile(tmp_path / "x.npz") as archive:
        info = archive.getinfo("w.npy")
    if deflated:
        # The sum itself: a changed stream would be found by its decoder.
        sum_ = info.CRC.to_bytes(4, "little")
        data = bytearray(bytes(data).replace(sum_, (info.CRC ^ 1).to_bytes(4, "little")))
    else:
        data[100_000] ^= 1
    (tmp_path / "x.npz").write_bytes(data)
    with npload.jax.load(tmp_path / "x.npz", sharding=sharding) as arrays:
        for load in (lambda: arrays["w"], arrays.load_all):
            with pytest.raises(zipfile.BadZipFile, match="Bad CRC-32 for file 'w.npy'"):
                load()
    with npload.jax.load(tmp_path / "x.npz", sharding=sharding, verify=False) as arrays:
        arrays["w"].block_until_ready()


def test_threads_share_an_archive(model: Path) -> None:
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(20):
                for key, array in MODEL.items():
                    np.testing.assert_array_equal(np.asarray(arrays[key]), array)
        except BaseException as err:
            failures.append(err)

    with npload.jax.load(model, sharding=by_key) as arrays:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []


# trees
def test_names_are_paths(model: Path) -> None:
    tree = npload.jax.load_tree(model)
    assert jax.tree.structure(tree) == jax.tree.structure(
        {"embed": 0, "layers": {"0": {"w": 0, "b": 0}, "1": {"w": 0}}, "step": 0}
    )
    assert_equal(tree["layers"]["0"]["b"], expected(MODEL["layers/0/b"]))


def structs(**changes: Any) -> Any:
    struct: Any = jax.ShapeDtypeStruct
    return {
        "embed": struct((64, 1024), "float32", sharding=SHARDINGS["rows"]),
        "layers": [
            {"w": struct((64, 48), "float32"), "b": struct((8,), "int16")},
            {"w": struct((64, 128), "int32", sharding=SHARDINGS["blocks"])},
        ],
        "step": struct((), "int32"),
        **changes,
    }


def test_a_target_is_checked_and_followed(model: Path) -> None:
    tree = npload.jax.load_tree(model, structs())
    assert isinstance(tree["layers"], list)
    assert tree["embed"].sharding == SHARDINGS["rows"] and tree["layers"][1]["w"].sharding == SHARDINGS["blocks"]
    assert not tree["step"].committed
    assert_equal(tree["layers"][0]["w"], expected(MODEL["layers/0/w"]))
    again = npload.jax.load_tree(model, tree)
    assert jax.tree.map(lambda a: a.sharding, again) == jax.tree.map(lambda a: a.sharding, tree)


def test_shardings_are_a_target_too_and_a_sharding_overrides(model: Path) -> None:
    replicated = NamedSharding(LINE, P())
    tree = npload.jax.load_tree(model, jax.tree.map(lambda _: replicated, structs()))
    assert all(leaf.sharding == replicated for leaf in jax.tree.leaves(tree))
    tree = npload.jax.load_tree(model, structs(), device=DEVICES[2])
    assert all(leaf.devices() == {DEVICES[2]} for leaf in jax.tree.leaves(tree))


def test_every_mismatch_is_told_at_once(model: Path) -> None:
    struct: Any = jax.ShapeDtypeStruct
    wrong = structs(step=struct((2,), "float32"), head=struct((3,), "float32"), layers=[{"w": struct((64, 49), "f4")}])
    with pytest.raises(ValueError, match="does not fit the target") as raised:
        npload.jax.load_tree(model, wrong)
    assert str(raised.value).splitlines()[1:] == [
        "  head: is in the target, and not in the file",
        "  layers/0/w: has shape (64, 48), and the target (64, 49)",
        "  step: has shape (), and the target (2,)",
        "  step: has dtype int64, and the target float32",
        "  layers/0/b: is in the file, and not in the target",
        "  layers/1/w: is in the file, and not in the target",
    ]
    with pytest.raises(TypeError, match=r"a target's leaves are .*, and embed is str"):
        npload.jax.load_tree(model, {"embed": "x"})


def test_bytes_without_a_name_are_what_the_target_says(tmp_path: Path) -> None:
    path = savez(tmp_path / "x.npz", a=np.ones(3, ml_dtypes.float8_e4m3fn), b=np.ones(3, ml_dtypes.bfloat16))
    struct: Any = jax.ShapeDtypeStruct
    target = {"a": struct((3,), ml_dtypes.float8_e4m3fn), "b": struct((3,), "bfloat16")}
    tree = npload.jax.load_tree(path, target)
    assert_equal(tree["a"], jnp.ones(3, jnp.float8_e4m3fn))
    assert_equal(tree["b"], jnp.ones(3, jnp.bfloat16))
    target["a"] = struct((3,), "bfloat16")
    with pytest.raises(ValueError, match=r"a: has dtype \|V1, and the target bfloat16"):
        npload.jax.load_tree(path, target)


def test_what_is_no_tree(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.npz", {"a.npy": saved(np.arange(2)), "a/b.npy": saved(np.arange(2))})
    with pytest.raises(ValueError, match="is no tree: 'a' is an array, and 'a/b' is in it"):
        npload.jax.load_tree(path)
    np.save(tmp_path / "x.npy", np.arange(2))
    with pytest.raises(ValueError, match="is no archive"):
        npload.jax.load_tree(tmp_path / "x.npy")


# installed
JAXS = jnp.load


def test_a_with_block_replaces_and_puts_back() -> None:
    with npload.jax.installed():
        assert jnp.load is not JAXS and inspect.signature(jnp.load) == inspect.signature(JAXS)
        with npload.jax.installed():
            assert jnp.load is not JAXS
        assert jnp.load is not JAXS
    assert jnp.load is JAXS
    with pytest.raises(LookupError), npload.jax.installed():
        raise LookupError
    assert jnp.load is JAXS
    try:
        npload.jax.install()
        npload.jax.install()
        assert jnp.load is not JAXS
    finally:
        npload.jax.uninstall()
    npload.jax.uninstall()
    assert jnp.load is JAXS


@pytest.mark.parametrize("path", sorted((TESTDATA / "npy").glob("*.npy")), ids=lambda path: path.name)
@pytest.mark.parametrize("mode", [None, "r"])
def test_results_are_exactly_jaxs(path: Path, mode: Any) -> None:
    known = [entry for entry in entries_for("file") if entry.becomes != "restored"]
    if any(entry.names(f"npy/{path.name}") for entry in known + (entries_for("mapped") if mode else [])):
        return  # what npload does with it is told there
    results: list[Any] = []
    for load in ("npload", "jax"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                if load == "jax":
                    results.append(jnp.load(path, mode))
                else:
                    with npload.jax.installed():
                        results.append(jnp.load(path, mode))
            except Exception as err:
                results.append(err)
    ours, theirs = results
    if isinstance(theirs, Exception):
        assert isinstance(ours, type(theirs))
        return
    assert_equal(ours, theirs)
    if isinstance(ours, jax.Array):
        assert not ours.committed and not theirs.committed


def test_archives_and_pickles_are_jaxs_too(model: Path, tmp_path: Path) -> None:
    with npload.jax.installed(), jnp.load(model) as archive:
        assert isinstance(archive, np.lib.npyio.NpzFile) and type(archive["embed"]) is np.ndarray
        assert jnp.load(io.BytesIO(pickle.dumps([1])), allow_pickle=True) == [1]
        with pytest.raises(TypeError):
            jnp.load(model, device=DEVICES[0])


def test_what_is_installed_copies_what_is_mapped_where_jax_does(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros(100_000, "f4"))
    theirs = jnp.load(tmp_path / "x.npy", mmap_mode="r")
    with npload.jax.installed():
        ours = jnp.load(tmp_path / "x.npy", mmap_mode="r")
    with (tmp_path / "x.npy").open("r+b") as file:
        file.seek(128)
        file.write(b"\1" * 8)
    # JAX 0.8 does not copy it, newer ones do.
    assert_equal(ours, theirs)
