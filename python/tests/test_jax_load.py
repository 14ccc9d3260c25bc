"""npload.jax.load of one array: what jnp.load gives, its dtypes, and where values do not fit."""

from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest

import npload
import npload.jax
from conftest import TESTDATA
from expected import entries_for
from jax_here import DEVICES, P, assert_equal, saved_by_jax
from made import header, npy

NATIVE = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "f2", "f4", "c8"]
WIDE = {"i8": "i4", "u8": "u4", "f8": "f4", "c16": "c8"}
LOADERS = {"npload": npload.jax.load, "jax": jnp.load}


@pytest.fixture(params=list(LOADERS))
def either(request: pytest.FixtureRequest) -> Any:
    """`npload.jax.load`, and then `jnp.load`: the test passes with either."""
    return LOADERS[request.param]


# What JAX promises of save, savez and load.
@pytest.mark.parametrize("dtype", [*NATIVE, *WIDE, "bfloat16"])
@pytest.mark.parametrize("shape", [(), (1,), (0,), (3, 0), (7,), (2, 3, 4)])
def test_what_jnp_save_wrote_loads_as_it_was(either: Any, dtype: str, shape: Any, tmp_path: Path) -> None:
    array = jnp.asarray(np.arange(24)[: int(np.prod(shape))].reshape(shape).astype(jnp.dtype(dtype)))
    jnp.save(tmp_path / "x.npy", array)
    loaded = either(tmp_path / "x.npy")
    assert isinstance(loaded, jax.Array)
    assert_equal(loaded, array)
    assert not loaded.committed and loaded.devices() == {DEVICES[0]}


def test_it_loads_from_memory_and_from_where_a_file_stands(either: Any, tmp_path: Path) -> None:
    arrays = [jnp.arange(3), jnp.ones((2, 2), jnp.bfloat16), jnp.float32(7)]
    stream = io.BytesIO(b"".join(map(saved_by_jax, arrays)))
    for array in arrays:
        assert_equal(either(stream), array)
    with pytest.raises(EOFError):
        either(stream)
    (tmp_path / "x.npy").write_bytes(saved_by_jax(arrays[1]))
    with open(tmp_path / "x.npy", "rb") as file:
        assert_equal(either(file), arrays[1])
    for path in (str(tmp_path / "x.npy"), os.fsencode(tmp_path / "x.npy"), tmp_path / "x.npy"):
        assert_equal(either(path), arrays[1])


def test_positions_and_keywords_mean_what_they_mean_to_numpy(either: Any, tmp_path: Path) -> None:
    objects = np.array([{"a": 1}, None])
    np.save(tmp_path / "o.npy", objects)
    assert_equal(either(tmp_path / "o.npy", None, True), objects)
    assert_equal(either(tmp_path / "o.npy", allow_pickle=True, fix_imports=True, encoding="latin1"), objects)
    with pytest.raises(ValueError, match="Object arrays cannot be loaded when allow_pickle=False"):
        either(tmp_path / "o.npy")
    (tmp_path / "p.pkl").write_bytes(pickle.dumps([1, "two"]))
    assert either(tmp_path / "p.pkl", allow_pickle=True) == [1, "two"]
    with pytest.raises(ValueError, match="pickled"):
        either(tmp_path / "p.pkl")
    with pytest.raises(ValueError, match="encoding must be"):
        either(tmp_path / "o.npy", encoding="utf-8")
    with pytest.raises(ValueError, match="max_header_size"):
        either(tmp_path / "o.npy", max_header_size=10)
    with pytest.raises(FileNotFoundError):
        either(tmp_path / "none.npy")
    (tmp_path / "empty.npy").write_bytes(b"")
    with pytest.raises(EOFError, match="No data left in file"):
        either(tmp_path / "empty.npy")


@pytest.mark.parametrize("dtype", ["S3", "U2", "M8[s]", "m8[ns]", "V5", "f16", "c32", [("a", "i4"), ("b", "f8")]])
def test_what_jax_has_no_arrays_of_is_numpys(either: Any, dtype: Any, tmp_path: Path) -> None:
    array = np.zeros((2, 3), dtype)
    np.save(tmp_path / "x.npy", array)
    assert_equal(either(tmp_path / "x.npy"), array)


def test_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    data = saved_by_jax(jnp.arange(5, dtype="f4"))
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(data,))
    writer.start()
    assert_equal(npload.jax.load(tmp_path / "pipe"), jnp.arange(5, dtype="f4"))
    writer.join()


@pytest.mark.parametrize("path", sorted((TESTDATA / "npy").glob("*.npy")), ids=lambda path: path.name)
def test_every_file_that_jax_loads_loads_the_same(path: Path) -> None:
    known = [entry for entry in entries_for("file") if entry.becomes not in ("restored", "read")]
    if any(entry.names(f"npy/{path.name}") for entry in known):
        return  # what npload does with it is told there
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            theirs = jnp.load(path)
        except Exception:
            theirs = None
        try:
            ours = npload.jax.load(path, on_narrow="allow")
        except Exception:
            ours = None
    if isinstance(theirs, jax.Array):
        if "-ml-" not in path.name and not path.name.startswith("ml-"):
            assert_equal(ours, theirs)
    elif theirs is not None:
        # Big-endian numbers and ml_dtypes become JAX's here; all else is NumPy's array in both.
        if isinstance(ours, jax.Array):
            assert not theirs.dtype.isnative or path.name.startswith("ml-")
            assert ours.shape == theirs.shape
        else:
            assert type(ours) is type(theirs)


# dtypes
NAMES = [
    "bfloat16", "float8_e3m4", "float8_e4m3", "float8_e4m3b11fnuz", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2",
    "float8_e5m2fnuz", "float8_e8m0fnu", "float4_e2m1fn", "float6_e2m3fn", "float6_e3m2fn", "int1", "int2", "int4",
    "uint1", "uint2", "uint4",
]  # fmt: skip


def held(dtype: Any) -> bool:
    """Whether this JAX has arrays of a dtype."""
    try:
        jax.device_put(np.zeros(2, dtype))
    except Exception:
        return False
    return True


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("way", ["name", "note", "dtype="])
def test_every_type_of_ml_dtypes(name: str, way: str, tmp_path: Path) -> None:
    dtype = np.dtype(getattr(ml_dtypes, name))
    values = np.array([0, 1, 1, 0] if name.endswith("int1") else [1, 1, 1, 1]).astype(dtype)
    void = f"|V{dtype.itemsize}"
    text = header(name if way == "name" else void, (4,))
    if way == "note":
        text = text.rstrip("\n") + f" # dtype: {name}\n"
    data = npy(text, values.tobytes())
    (tmp_path / "x.npy").write_bytes(data)
    if not held(dtype):
        if way == "dtype=":
            with pytest.raises(TypeError, match=f"has no arrays of {name}"):
                npload.jax.load(tmp_path / "x.npy", dtype=dtype)
        else:
            assert_equal(npload.jax.load(tmp_path / "x.npy"), values)
        return
    options: Any = {"dtype": dtype} if way == "dtype=" else {}
    for file in (tmp_path / "x.npy", io.BytesIO(data)):
        loaded = npload.jax.load(file, **options)
        assert isinstance(loaded, jax.Array) and loaded.dtype == dtype
        assert np.asarray(loaded).tobytes() == values.tobytes()


@pytest.mark.parametrize("dtype", ["i2", "i4", "i8", "u8", "f2", "f4", "f8", "c8", "c16"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_big_endian_and_fortran(dtype: str, order: Any, tmp_path: Path) -> None:
    array = np.arange(600 * 70).reshape(600, 70)
    for spelt in (f">{dtype}", f"<{dtype}"):
        np.save(tmp_path / "x.npy", np.asarray(array.astype(spelt), order=order))
        expected = jnp.asarray(array.astype(dtype))
        for file in (tmp_path / "x.npy", io.BytesIO((tmp_path / "x.npy").read_bytes())):
            assert_equal(npload.jax.load(file), expected)
        assert_equal(npload.jax.load(tmp_path / "x.npy", mmap_mode="r"), expected)


@pytest.mark.parametrize(("found", "dtype"), [("f4", "bfloat16"), ("f4", "float8_e4m3fn"), ("i4", "i1"), ("i2", "f4"),
                                              ("f8", "f2"), ("i4", "int4"), ("f4", "c8"), ("?", "i4")])  # fmt: skip
def test_dtype_converts(found: str, dtype: str, tmp_path: Path) -> None:
    array = np.array([[0, 1, 1], [1, 0, 1]], found)
    np.save(tmp_path / "x.npy", array)
    assert_equal(npload.jax.load(tmp_path / "x.npy", dtype=dtype), jnp.asarray(array.astype(jnp.dtype(dtype))))


def test_dtype_refuses_what_it_would_lose(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([1.5, 1e6], "f4"))
    with pytest.raises(TypeError, match=r"x\.npy: its elements are float32, and dtype=int32 would lose"):
        npload.jax.load(tmp_path / "x.npy", dtype="i4")
    with pytest.raises(OverflowError, match=r"x\.npy: element \(1,\) is 1000000\.0, which float16 cannot hold"):
        npload.jax.load(tmp_path / "x.npy", dtype="f2")
    np.save(tmp_path / "x.npy", np.array([1, 127, 128]))
    with pytest.raises(OverflowError, match=r"element \(2,\) is 128, which int8"):
        npload.jax.load(tmp_path / "x.npy", dtype="i1")
    np.save(tmp_path / "x.npy", np.zeros(3, "V3"))
    with pytest.raises(TypeError, match=r"x\.npy: its elements are 3 bytes without a name"):
        npload.jax.load(tmp_path / "x.npy", dtype="bfloat16")


# 64 bits
TOO_WIDE = {
    "i8": ([1, -(2**31), 2**31 - 1], [2**31, -(2**31) - 1, 2**40]),
    "u8": ([1, 2**32 - 1], [2**32, 2**63]),
    "f8": ([0.1, np.inf, -np.inf, np.nan, 1e-300, 3.4e38], [1e39, -1e300]),
    "c16": ([0.1 + 2j, complex(np.inf, 1)], [1e39 + 1j, 1j * 1e39]),
}


@pytest.mark.parametrize("dtype", TOO_WIDE)
@pytest.mark.parametrize("size", [1, 300_000, 2_000_000])
def test_values_that_fit_narrow_silently_and_others_do_not(dtype: str, size: int, tmp_path: Path) -> None:
    fitting, others = TOO_WIDE[dtype]
    array = np.resize(np.array(fitting, dtype), size)
    np.save(tmp_path / "x.npy", array)
    with np.errstate(over="ignore", invalid="ignore"):
        assert_equal(npload.jax.load(tmp_path / "x.npy"), jnp.load(tmp_path / "x.npy"))
        for value in others:
            array[size // 2] = value
            np.save(tmp_path / "x.npy", array)
            place = rf"x\.npy: element \({size // 2},\) is .*, which {np.dtype(WIDE[dtype])} cannot hold\. JAX makes"
            with pytest.raises(OverflowError, match=place + ".*jax_enable_x64.*on_narrow"):
                npload.jax.load(tmp_path / "x.npy")
            with pytest.warns(UserWarning, match=place) as told:
                warned = npload.jax.load(tmp_path / "x.npy", on_narrow="warn")
            assert [warning.filename for warning in told] == [__file__]
            allowed = npload.jax.load(tmp_path / "x.npy", on_narrow="allow")
            assert_equal(warned, allowed)
            assert_equal(allowed, jnp.load(tmp_path / "x.npy"))


def test_the_place_of_a_value_is_that_in_the_whole_array(tmp_path: Path) -> None:
    array = np.zeros((16, 8), "i8")
    array[13, 5] = 2**40
    np.save(tmp_path / "x.npy", np.asfortranarray(array))
    sharding = jax.sharding.NamedSharding(jax.sharding.Mesh(np.array(DEVICES), ("x",)), P("x"))
    for options in ({}, {"sharding": sharding}, {"mmap_mode": "r", "sharding": sharding}):
        with pytest.raises(OverflowError, match=r"element \(13, 5\) is 1099511627776"):
            npload.jax.load(tmp_path / "x.npy", **options)


SIXTY_FOUR = """
import sys, jax, numpy as np, npload.jax
jax.config.update("jax_enable_x64", True)
for path in sys.argv[1:]:
    loaded, whole = npload.jax.load(path), np.load(path)
    assert isinstance(loaded, jax.Array) and loaded.dtype == whole.dtype and not loaded.weak_type, path
    assert np.asarray(loaded).tobytes() == whole.tobytes(), path
"""


def test_with_64_bits_everything_stays_as_it_is(tmp_path: Path) -> None:
    paths = []
    for dtype, (fitting, others) in TOO_WIDE.items():
        for size in (5, 50_000):
            paths.append(str(tmp_path / f"{dtype}-{size}.npy"))
            np.save(paths[-1], np.resize(np.array(fitting + others, dtype), size))
    subprocess.run([sys.executable, "-P", "-W", "error", "-c", SIXTY_FOUR, *paths], check=True)
    with jax.enable_x64(True):
        assert npload.jax.load(paths[0]).dtype == np.int64


def test_arguments_that_mean_nothing_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.arange(3))
    load: Any = npload.jax.load
    with pytest.raises(ValueError, match="on_narrow must be 'error', 'warn' or 'allow', not 'ignore'"):
        load(tmp_path / "x.npy", on_narrow="ignore")
    with pytest.raises(TypeError, match="has no arrays of"):
        load(tmp_path / "x.npy", dtype="U3")
    with pytest.raises(TypeError, match="allow_pickle is True or False"):
        load(tmp_path / "x.npy", allow_pickle="safe")
    with pytest.raises(TypeError, match=r"device must be a jax\.Device, not str"):
        load(tmp_path / "x.npy", device="cpu")
    with pytest.raises(TypeError, match=r"sharding must be a jax\.sharding\.Sharding"):
        load(tmp_path / "x.npy", sharding=P("x"))
    with pytest.raises(TypeError, match="shardings by key are for archives"):
        load(tmp_path / "x.npy", sharding={"x": None})
    with pytest.raises(ValueError, match="device and sharding exclude each other"):
        load(tmp_path / "x.npy", device=DEVICES[0], sharding=jax.sharding.SingleDeviceSharding(DEVICES[0]))
    np.save(tmp_path / "s.npy", np.array(["a"]))
    with pytest.raises(TypeError, match=r"s\.npy: JAX .* has no arrays of <U1, so that it cannot be put on devices"):
        load(tmp_path / "s.npy", device=DEVICES[0])
    (tmp_path / "p.pkl").write_bytes(pickle.dumps([1]))
    with pytest.raises(TypeError, match=r"p\.pkl is a pickle"):
        load(tmp_path / "p.pkl", safe_pickle=True, device=DEVICES[0])
    assert load(tmp_path / "p.pkl", safe_pickle=True) == [1]


def test_import_npload_imports_no_jax() -> None:
    script = "import sys, npload; print('jax' in sys.modules)"
    assert isolated(script) == "False\n"


@pytest.mark.parametrize(("jax_", "told"), [("None", "and there is none"), ("Old", "and this is JAX 0.7.2")])
def test_without_a_jax_that_will_do_the_import_says_so(jax_: str, told: str) -> None:
    script = f"""
import sys, types
Old = types.ModuleType("jax")
Old.__version__ = "0.7.2"
sys.modules["jax"] = {jax_}
try:
    import npload.jax
except ImportError as err:
    print(err)
import npload
"""
    assert isolated(script) == f"npload.jax needs JAX 0.8 or newer (pip install 'jax>=0.8'), {told}\n"


def isolated(script: str) -> str:
    """What a script prints in a Python of its own."""
    return subprocess.run(
        [sys.executable, "-P", "-W", "error", "-c", script], capture_output=True, text=True, check=True
    ).stdout
