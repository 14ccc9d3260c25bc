"""`npload stats` beside NumPy."""

from __future__ import annotations

import itertools
import json
import math
import os
import resource
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

COMMAND = Path(sys.executable).with_name("npload")
RANDOM = np.random.default_rng(5)

INTEGERS = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]
FLOATS = ["f2", "f4", "f8", "g", "c8", "c16", "G"]
TIMES = ["M8[D]", "m8[25s]"]


def stats(*arguments: str | Path) -> list[dict[str, Any]]:
    done = subprocess.run(
        [COMMAND, "stats", "--json", *map(str, arguments)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["arrays"]


def made(dtype: str, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Random values, zeros and what is no number among them."""
    kind = np.dtype(dtype).kind
    if kind in "iu":
        info = np.iinfo(dtype)
        values = RANDOM.integers(info.min, info.max, shape, dtype, endpoint=True)
    elif kind == "b":
        return RANDOM.random(shape) < 0.5
    elif kind in "mM":
        values = RANDOM.integers(-100_000, 100_000, shape).astype(dtype)
    else:
        values = np.asarray(RANDOM.standard_normal(shape) * 100 + 3, dtype)
        if kind == "c":
            values = np.asarray(values + 1j * RANDOM.standard_normal(shape), dtype)
    values = np.asarray(values)
    values[RANDOM.random(shape) < 0.1] = 0
    if kind in "fc":
        values[RANDOM.random(shape) < 0.1] = np.nan
    elif kind in "mM":
        values[RANDOM.random(shape) < 0.1] = "NaT"
    return values


def numbers(told: Any, dtype: np.dtype[Any]) -> Any:
    """What JSON says as an array."""
    if dtype.kind == "M":
        return np.asarray(told, dtype)
    if dtype.kind == "m":
        _, count = np.datetime_data(dtype)
        flat = [text if text == "NaT" else int(text.split()[0]) // count for text in np.ravel(told)]
        return np.asarray(flat, dtype).reshape(np.shape(told))
    plain = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}

    def number(value: Any) -> Any:
        return plain[value] if isinstance(value, str) else value

    array = np.asarray(told, object)
    array = np.asarray([number(value) for value in array.ravel()]).reshape(array.shape)
    if dtype.kind == "c":
        return array[..., 0].astype(float) + 1j * array[..., 1].astype(float)
    return array


def check(told: dict[str, Any], values: np.ndarray[Any, Any], axis: int | None) -> None:
    native = values.astype(values.dtype.newbyteorder("="))
    times = native.dtype.kind in "mM"
    wide = native if times else native.astype("c16" if native.dtype.kind == "c" else "f8")
    missing = np.isnat(native) if times else np.isnan(wide)
    np.testing.assert_array_equal(told["nan"], missing.sum(axis))
    if native.dtype.kind != "M":
        zeros = ((native.view("i8") if times else native) == 0).sum(axis)
        np.testing.assert_array_equal(told["zeros"], zeros)
    assert told["count"] == (values.size if axis is None else values.shape[axis])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        if native.dtype.kind in "biu":
            least, greatest = native.min(axis), native.max(axis)
        elif times:
            # numpy.nanmin knows no NaT, but fmin does.
            least, greatest = np.fmin.reduce(native, axis), np.fmax.reduce(native, axis)
        else:
            narrow = wide if native.dtype.kind == "c" or native.dtype.char == "g" else native
            least, greatest = np.nanmin(narrow, axis), np.nanmax(narrow, axis)
        for name, expected in (("min", least), ("max", greatest)):
            found = numbers(told[name], native.dtype)
            if native.dtype.kind in "fc":
                # JSON has as few digits as tell a value from its neighbours.
                np.testing.assert_allclose(
                    found, np.asarray(expected, wide.dtype), rtol=1e-3 if native.dtype == "f2" else 1e-7
                )
            else:
                np.testing.assert_array_equal(found, expected)
        if not times:
            mean, std = np.nanmean(wide, axis), np.nanstd(wide, axis)
            np.testing.assert_allclose(numbers(told["mean"], wide.dtype), mean, rtol=1e-10, atol=1e-12)
            np.testing.assert_allclose(numbers(told["std"], np.dtype("f8")), std, rtol=1e-12)
        elif native.dtype.kind == "m" and axis is None:
            unit = np.datetime_data(native.dtype)[1]
            known = native[~np.isnat(native)].astype("i8")
            assert int(told["mean"].split()[0]) == int(known.sum() / known.size) * unit


@pytest.mark.parametrize("dtype", INTEGERS + FLOATS + TIMES)
def test_every_dtype_in_every_layout_agrees_with_numpy(dtype: str, tmp_path: Path) -> None:
    shapes = [(40, 30, 5), (3, 7), (50,), (1, 1000)]
    layouts = itertools.product("<>", "CF", shapes)
    arrays = {
        f"a{i}": made(dtype, shape).astype(np.dtype(dtype).newbyteorder(byteorder), order=order)
        for i, (byteorder, order, shape) in enumerate(layouts)
    }
    stored, deflated, npy = (tmp_path / name for name in ("s.npz", "d.npz", "x.npy"))
    np.savez(stored, **arrays)
    np.savez_compressed(deflated, **arrays)
    for path, axis in itertools.product((stored, deflated), (None, 0, -1)):
        told = stats(path, *([] if axis is None else ["--axis", str(axis)]))
        for one, values in zip(told, arrays.values(), strict=True):
            check(one, values, axis)
    for name, axis in (("a0", 1), ("a12", None), ("a12", 1)):
        np.save(npy, arrays[name])
        [one] = stats(npy, *([] if axis is None else ["--axis", str(axis)]))
        check(one, arrays[name], axis)


@pytest.mark.parametrize("dtype", ["f4", ">i2", "c8"])
def test_large_arrays_agree_along_every_axis(dtype: str, tmp_path: Path) -> None:
    for shape, order in itertools.product([(1100, 1000), (7, 160_000), (160_000, 7), (30, 40, 900)], "CF"):
        values = made(np.dtype(dtype).newbyteorder("=").str, shape).astype(dtype, order=order)
        np.save(tmp_path / "x.npy", values)
        for axis in (None, 0, values.ndim - 1):
            more = [] if axis is None else ["--axis", str(axis - values.ndim)]
            [told] = stats(tmp_path / "x.npy", *more)
            check(told, values, axis)


def test_slices_are_taken_first(tmp_path: Path) -> None:
    values = made("f8", (30, 40, 5))
    for order in "CF":
        np.save(tmp_path / "x.npy", np.asarray(values, order=order))
        for text, part in (
            ("::-1, 3", values[::-1, 3]),
            ("::-3, ::-1, ::2", values[::-3, ::-1, ::2]),
            ("None, 5:7", values[None, 5:7]),
            ("-1", values[-1]),
        ):
            for axis in (None, part.ndim - 1):
                [told] = stats(tmp_path / "x.npy", text, *([] if axis is None else ["--axis", str(axis)]))
                check(told, part, axis)


def test_fields_of_structs_are_told_one_by_one(tmp_path: Path) -> None:
    dtype = np.dtype([("a", ">i4"), ("s", "S3"), ("b", [("x", "f4", (2, 3)), ("y", "<u2")], (4,))])
    values = np.zeros((50, 8), dtype)
    values["a"] = made("i4", values.shape)
    values["b"]["x"] = made("f4", values["b"]["x"].shape)
    values["b"]["y"] = made("u2", values["b"]["y"].shape)
    for order in "CF":
        np.save(tmp_path / "x.npy", np.asarray(values, order=order))
        for axis in (None, 0, 1):
            told = stats(tmp_path / "x.npy", *([] if axis is None else ["--axis", str(axis)]))
            assert [one["field"] for one in told] == ["['a']", "['s']", "['b']['x']", "['b']['y']"]
            assert told[1]["count"] is None
            check(told[0], values["a"], axis)
            check(told[2], values["b"]["x"], axis)
            check(told[3], values["b"]["y"], axis)
        [told_a] = stats(tmp_path / "x.npy", "['b'][3]['x'][:, 1]")
        check(told_a, values["b"][3]["x"][:, 1], None)


def test_small_noise_on_large_numbers_has_its_std(tmp_path: Path) -> None:
    values = 1e9 + RANDOM.standard_normal(1_000_000) * 1e-3
    np.save(tmp_path / "x.npy", values)
    [told] = stats(tmp_path / "x.npy")
    assert math.isclose(told["mean"], values.mean(), rel_tol=1e-15)
    # numpy.std rounds the mean, as large as it is; the difference from 1e9 is exact.
    assert math.isclose(told["std"], (values - 1e9).std(), rel_tol=1e-12)
    assert stats(tmp_path / "x.npy") == stats(tmp_path / "x.npy")


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), ()])
def test_arrays_of_no_or_one_element_have_statistics(shape: tuple[int, ...], tmp_path: Path) -> None:
    for dtype in ("i4", "f8", "M8[s]", "c16"):
        np.save(tmp_path / "x.npy", np.zeros(shape, dtype))
        [told] = stats(tmp_path / "x.npy")
        nothing = {"M": "NaT", "c": ["NaN", "NaN"]}.get(np.dtype(dtype).kind, "NaN")
        if shape:
            expected = "NaN" if dtype == "i4" else nothing
            assert (told["count"], told["min"], told["mean"]) == (0, expected, nothing)
        else:
            assert told["count"] == 1
        for axis in range(len(shape)):
            [told] = stats(tmp_path / "x.npy", "--axis", str(axis))
            assert np.shape(told["nan"]) == np.zeros(shape).sum(axis).shape


def test_ml_dtypes_are_numbers(tmp_path: Path) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    for name in ("bfloat16", "float8_e4m3fn", "float8_e5m2", "int4"):
        values = np.asarray(RANDOM.integers(-7, 7, (30, 20))).astype(getattr(ml_dtypes, name))
        header = f"{{'descr': '{name}', 'fortran_order': False, 'shape': (30, 20), }}".encode()
        magic = b"\x93NUMPY\x01\0" + len(header).to_bytes(2, "little")
        (tmp_path / "x.npy").write_bytes(magic + header + values.tobytes())
        [told] = stats(tmp_path / "x.npy")
        wide = values.astype("f8")
        assert (told["dtype"], told["min"], told["max"]) == (name, wide.min(), wide.max())
        assert math.isclose(told["mean"], wide.mean(), abs_tol=1e-12)
        assert math.isclose(told["std"], wide.std(), rel_tol=1e-12)


def peak(*arguments: str) -> int:
    """The most memory that the command takes, in bytes."""
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.execv(COMMAND, [str(COMMAND), "stats", *arguments])
    _, status, usage = os.wait4(child, 0)
    assert status == 0
    return usage.ru_maxrss * 1024


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_AS"), reason="no limits here")
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    small, large = tmp_path / "small.npy", tmp_path / "large.npy"
    for path, rows in ((small, 1000), (large, 1_000_000)):
        array = np.lib.format.open_memmap(path, "w+", "f8", (rows, 300))
        del array
    deflated = tmp_path / "x.npz"
    np.savez_compressed(deflated, a=np.zeros((40_000, 300)))
    least = peak(str(small))
    for arguments in ([large], [large, "--axis", "0"], [large, ":, ::2"], [deflated], [deflated, "--axis", "0"]):
        assert peak(*map(str, arguments)) < least + (24 << 20), arguments
