"""The commands that write, beside NumPy, safetensors, zipfile and csv: convert, pack, extract, align, diff."""

from __future__ import annotations

import csv
import json
import math
import os
import re
import resource
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

safetensors = pytest.importorskip("safetensors")
from safetensors.numpy import load_file, save_file  # noqa: E402

COMMAND = Path(sys.executable).with_name("npload")
RANDOM = np.random.default_rng(7)

TENSORS = ["?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", "c8"]
ORDINARY = [*TENSORS, ">i4", ">f8", "c16", "g", "S5", "U4", "M8[D]", "m8[ms]", "V3"]


def run(*arguments: str | Path, code: int = 0, **more: Any) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False, **more
    )
    assert done.returncode == code, (arguments, done.stdout, done.stderr)
    return done


def made(dtype: str, shape: tuple[int, ...] = (3, 4)) -> np.ndarray[Any, Any]:
    """Random bytes as elements, with which nothing is wrong."""
    wanted = np.dtype(dtype)
    if wanted.kind == "b":
        return RANDOM.random(shape) < 0.5
    if wanted.kind == "U":
        return np.full(shape, "é中x")
    raw = RANDOM.integers(0, 256, (math.prod(shape), wanted.itemsize), np.uint8)
    if wanted == np.longdouble:
        return RANDOM.standard_normal(shape).astype(wanted)
    return raw.reshape(-1).view(wanted).reshape(shape)


def same(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> None:
    assert a.dtype == b.dtype and a.shape == b.shape
    assert np.ascontiguousarray(a).tobytes() == np.ascontiguousarray(b).tobytes()


def test_npz_of_npy_is_what_numpy_reads(tmp_path: Path) -> None:
    for dtype, order in [("f4", "C"), (">f8", "F"), ("U4", "C"), ("m8[ms]", "F")]:
        array = np.asarray(made(dtype), order=order)  # type: ignore[call-overload]
        np.save(tmp_path / "x.npy", array)
        run("convert", "-f", tmp_path / "x.npy", tmp_path / "x.npz", "--compression", "deflate")
        with np.load(tmp_path / "x.npz") as archive:
            assert archive.files == ["x"]
            same(archive["x"], array)
            assert archive["x"].flags.f_contiguous == array.flags.f_contiguous
        run("convert", "-f", tmp_path / "x.npz", tmp_path / "y.npy")
        assert (tmp_path / "x.npy").read_bytes() == (tmp_path / "y.npy").read_bytes()


def test_safetensors_and_npz_become_each_other(tmp_path: Path) -> None:
    arrays = {f"layer.{i}/{dtype}": made(dtype) for i, dtype in enumerate(TENSORS)}
    arrays["scalar"] = np.asarray(2.5, "f4")
    arrays["nothing"] = np.zeros((0, 3), "i2")
    arrays["é中"] = np.arange(3, dtype="u1")
    save_file(arrays, tmp_path / "x.safetensors")
    run("convert", tmp_path / "x.safetensors", tmp_path / "x.npz")
    with np.load(tmp_path / "x.npz") as archive:
        assert set(archive.files) == set(arrays)
        for name, array in arrays.items():
            same(archive[name], array)
    run("convert", tmp_path / "x.npz", tmp_path / "y.safetensors")
    back = load_file(tmp_path / "y.safetensors")
    assert set(back) == set(arrays)
    for name, array in arrays.items():
        same(back[name], array)
    run("diff", tmp_path / "x.safetensors", tmp_path / "y.safetensors")
    run("convert", f"{tmp_path}/y.safetensors:layer.8/i8", tmp_path / "one.npy")
    same(np.load(tmp_path / "one.npy"), arrays["layer.8/i8"])
    folder = tmp_path / "out"
    run("extract", tmp_path / "x.safetensors", "-C", folder)
    same(np.load(folder / "layer.8" / "i8.npy"), arrays["layer.8/i8"])


def test_safetensors_are_little_endian_in_c_order_and_aligned(tmp_path: Path) -> None:
    big, columns = made(">f8"), np.asfortranarray(made("i4"))
    np.savez_compressed(tmp_path / "x.npz", odd=np.ones(3, "u1"), big=big, columns=columns)
    run("convert", tmp_path / "x.npz", tmp_path / "x.safetensors")
    back = load_file(tmp_path / "x.safetensors")
    same(back["big"], big.astype("<f8"))
    same(back["columns"], np.ascontiguousarray(columns))
    data = (tmp_path / "x.safetensors").read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    assert (8 + size) % 64 == 0
    for name, itemsize in (("big", 8), ("columns", 4)):
        assert header[name]["data_offsets"][0] % itemsize == 0


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("BF16", ml_dtypes.bfloat16),
        ("F8_E4M3", ml_dtypes.float8_e4m3fn),
        ("F8_E5M2", ml_dtypes.float8_e5m2),
        ("F8_E8M0", ml_dtypes.float8_e8m0fnu),
    ],
)
def test_types_of_ml_dtypes_are_tensors(tmp_path: Path, name: str, dtype: Any) -> None:
    import npload

    array = np.arange(64, dtype="u1").view(dtype)
    npload.save(tmp_path / "x.npy", array)
    run("convert", tmp_path / "x.npy", tmp_path / "x.safetensors")
    with safetensors.safe_open(tmp_path / "x.safetensors", "numpy") as file:
        assert file.get_slice("x").get_dtype() == name
        assert file.get_slice("x").get_shape() == list(array.shape)
    run("convert", tmp_path / "x.safetensors", tmp_path / "y.npz")
    same(npload.load(tmp_path / "y.npz")["x"], array)


@pytest.mark.parametrize("dtype", ["M8[D]", "S3", "U2", "V4", "g", "c16", [("a", "f4")]])
def test_what_has_no_counterpart_is_named(tmp_path: Path, dtype: Any) -> None:
    np.savez(tmp_path / "x.npz", fine=np.ones(2), odd=np.zeros(2, dtype))
    done = run("convert", tmp_path / "x.npz", tmp_path / "x.safetensors", code=1)
    assert re.search(r'member "odd": .* have no counterpart in safetensors', done.stderr)
    assert not (tmp_path / "x.safetensors").exists()


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i1", "u8", "?", "c16"])
def test_csv_is_exact(tmp_path: Path, dtype: str) -> None:
    array = made(dtype, (20, 3))
    np.save(tmp_path / "x.npy", array)
    run("convert", tmp_path / "x.npy", tmp_path / "x.csv")
    with open(tmp_path / "x.csv", newline="") as file:
        rows = list(csv.reader(file))
    words = {"True": True, "False": False}
    if dtype == "?":
        read: Any = [[words[cell] for cell in row] for row in rows]
    elif dtype == "c16":
        read = [[complex(cell) for cell in row] for row in rows]
    else:
        read = [[np.dtype(dtype).type(cell) for cell in row] for row in rows]
    np.testing.assert_array_equal(np.asarray(read, dtype), array)
    run("convert", tmp_path / "x.csv", tmp_path / "y.npy", "--dtype", dtype)
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), array)


def test_tables_have_names_and_come_back(tmp_path: Path) -> None:
    dtype = [("id", "<i8"), ("weight", "<f8"), ("na,me", "<U6"), ("ok", "?")]
    table = np.array([(1, 0.1, 'a"b', True), (-2, math.nan, "x\ny", False), (3, 2.0, " é", True)], dtype)
    np.save(tmp_path / "t.npy", table)
    run("convert", tmp_path / "t.npy", tmp_path / "t.csv")
    with open(tmp_path / "t.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["id", "weight", "na,me", "ok"]
    assert rows[2] == ["-2", "nan", "x\ny", "False"]
    run("convert", tmp_path / "t.csv", tmp_path / "u.npz")
    with np.load(tmp_path / "u.npz") as archive:
        back = archive["t"]
    assert back.dtype.names == table.dtype.names
    assert [back.dtype[i].kind for i in range(4)] == list("ifUb")
    for name in table.dtype.names or ():
        np.testing.assert_array_equal(back[name], table[name])


def test_numpys_own_csv_is_read(tmp_path: Path) -> None:
    array = RANDOM.standard_normal((10, 4))
    np.savetxt(tmp_path / "x.csv", array, delimiter=",")
    run("convert", tmp_path / "x.csv", tmp_path / "x.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), np.loadtxt(tmp_path / "x.csv", delimiter=","))
    text = "a,b,c\n1,2.5,x\n3,,yy\n"
    done = run("convert", "-", "-", "--from", "csv", "--to", "csv", input=text, code=2)
    assert "csv already" in done.stderr
    piped = subprocess.run(
        [COMMAND, "convert", "-", "-", "--from", "csv", "--to", "npy"],
        input=text.encode(),
        capture_output=True,
        check=True,
    )
    (tmp_path / "p.npy").write_bytes(piped.stdout)
    back = np.load(tmp_path / "p.npy")
    assert back.dtype == np.dtype([("a", "<i8"), ("b", "<f8"), ("c", "<U2")])
    assert math.isnan(back["b"][1])


def test_packed_archives_are_zip_files(tmp_path: Path) -> None:
    paths = []
    for i, dtype in enumerate(ORDINARY):
        np.save(tmp_path / f"a{i}.npy", made(dtype))
        paths.append(tmp_path / f"a{i}.npy")
    np.save(tmp_path / "objects.npy", np.array([1, "two", None], object), allow_pickle=True)
    paths.append(tmp_path / "objects.npy")
    for compression in ("stored", "deflate"):
        archive = tmp_path / f"{compression}.npz"
        run("pack", archive, *paths, "--compression", compression)
        with zipfile.ZipFile(archive) as file:
            assert file.testzip() is None
            for path in paths:
                assert file.read(path.name) == path.read_bytes()
        if unzip := shutil.which("unzip"):
            subprocess.run([unzip, "-tq", archive], check=True, capture_output=True)
        out = tmp_path / compression
        run("extract", archive, "-C", out)
        for path in paths:
            assert (out / path.name).read_bytes() == path.read_bytes()
        run("extract", archive, "-C", out, code=1)
        run("extract", archive, "-C", out, "--force")


def test_names_that_lead_elsewhere_are_refused(tmp_path: Path) -> None:
    names = ["../up.npy", "/etc/npload-test", "a/../../up.npy", "fine/in.npy", "..", "C/../x"]
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as file:
        for name in names:
            file.writestr(name, b"x")
    done = run("extract", tmp_path / "x.npz", "-C", tmp_path / "out" / "deep", code=1)
    assert done.stderr.count("leads out of the folder") == len(names) - 1
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {"x.npz", "out/deep/fine/in.npy"}


def test_objects_are_copied_and_never_run(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return os.system, (f"touch {tmp_path}/ran",)

    np.save(tmp_path / "evil.npy", np.array([Evil()], object), allow_pickle=True)
    run("pack", tmp_path / "x.npz", tmp_path / "evil.npy")
    run("extract", tmp_path / "x.npz", "-C", tmp_path / "out")
    run("align", tmp_path / "x.npz", "--to", "4096")
    run("diff", tmp_path / "evil.npy", f"{tmp_path}/x.npz:evil")
    run("convert", tmp_path / "evil.npy", tmp_path / "y.npz")
    for to in ("x.csv", "x.safetensors"):
        run("convert", tmp_path / "evil.npy", tmp_path / to, code=1)
    assert (tmp_path / "out" / "evil.npy").read_bytes() == (tmp_path / "evil.npy").read_bytes()
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("to", [64, 4096])
def test_aligned_archives_are_mapped(tmp_path: Path, to: int) -> None:
    import npload

    arrays = {f"a{i}": made("f4", (i, 3)) for i in range(1, 8)}
    np.savez(tmp_path / "x.npz", **arrays)
    with zipfile.ZipFile(tmp_path / "x.npz", "a") as file:
        file.writestr("README.txt", "text", zipfile.ZIP_DEFLATED)
    run("align", tmp_path / "x.npz", "--to", str(to))
    with zipfile.ZipFile(tmp_path / "x.npz") as file:
        assert file.testzip() is None and file.read("README.txt") == b"text"
    told = json.loads(run("info", "--json", tmp_path / "x.npz").stdout)["files"][0]["arrays"]
    assert all(array["data_offset"] % to == 0 for array in told if array["kind"] == "array")
    mapped = npload.load(tmp_path / "x.npz", mmap_mode="r")
    for name, array in arrays.items():
        same(np.asarray(mapped[name]), array)
    mapped.close()
    assert "already" in run("align", tmp_path / "x.npz", "--to", str(to)).stdout


def compared(a: Path, b: Path, *more: str, code: int = 1) -> dict[str, Any]:
    return json.loads(run("diff", "--json", a, b, *more, code=code).stdout)


@pytest.mark.parametrize(
    "dtypes", [("f4", "f4"), ("f8", ">f8"), ("f4", "f8"), ("i8", "i8"), ("u1", "f4"), ("c8", "c16"), ("f2", "f2")]
)
@pytest.mark.parametrize("orders", ["CC", "CF", "FF"])
def test_differences_are_numpys(tmp_path: Path, dtypes: tuple[str, str], orders: str) -> None:
    shape = (37, 5, 11)
    a = (RANDOM.standard_normal(shape) * 50 + 60).astype(dtypes[0])
    b = a.astype(dtypes[1])
    places = RANDOM.random(shape) < 0.01
    b[places] += np.asarray(3, b.dtype)
    if np.dtype(dtypes[0]).kind in "fc" and np.dtype(dtypes[1]).kind in "fc":
        a[0, 0, 0] = b[0, 0, 0] = np.nan
        a[1, 1, 1] = np.nan
        b[1, 1, 1] = 2
    np.save(tmp_path / "a.npy", np.asarray(a, order=orders[0]))  # type: ignore[call-overload]
    np.save(tmp_path / "b.npy", np.asarray(b, order=orders[1]))  # type: ignore[call-overload]
    (told,) = compared(tmp_path / "a.npy", tmp_path / "b.npy", "--values")["arrays"]
    wide = "c16" if "c" in dtypes[0] + dtypes[1] else ("i8" if a.dtype.kind == b.dtype.kind == "i" else "f8")
    x, y = a.astype(wide), b.astype(wide)
    differ = (x != y) & ~(np.isnan(x) & np.isnan(y))
    assert told["differ"] == differ.sum() and told["count"] == a.size
    with np.errstate(invalid="ignore", divide="ignore"):
        absolute = np.where(differ, abs(x - y), 0)
        relative = np.where(differ, abs(x - y) / abs(y), 0)
    assert told["max_abs"] == np.nanmax(absolute)
    assert float(told["max_rel"]) == pytest.approx(np.nanmax(relative))
    assert absolute[tuple(told["at"])] == told["max_abs"]
    assert told["nan"] == (np.isnan(x) != np.isnan(y)).sum()


def test_tolerances_are_numpys(tmp_path: Path) -> None:
    a = RANDOM.standard_normal(1000)
    b = a * (1 + RANDOM.standard_normal(1000) * 1e-5)
    np.save(tmp_path / "a.npy", a)
    np.save(tmp_path / "b.npy", b)
    for rtol, atol in ((1e-5, 0.0), (0.0, 1e-5), (1e-6, 1e-6)):
        told = compared(tmp_path / "a.npy", tmp_path / "b.npy", f"--rtol={rtol}", f"--atol={atol}")
        assert told["arrays"][0]["differ"] == (~np.isclose(a, b, rtol, atol)).sum()
    compared(tmp_path / "a.npy", tmp_path / "b.npy", "--rtol=1e-3", code=0)


def peak(*arguments: str | Path) -> int:
    """The most memory that the command has had, in bytes."""
    script = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, COMMAND, *map(str, arguments)], capture_output=True, text=True, check=True
    )
    return int(done.stdout) * 1024


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_AS"), reason="no limits here")
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    rows = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", "f4", (100_000, 1000))  # sparse: 400 MB
    rows[12_345, 678] = 1.5
    del rows
    columns = np.lib.format.open_memmap(tmp_path / "f.npy", "w+", "f4", (10_000, 10_000), fortran_order=True)
    del columns
    np.save(tmp_path / "small.npy", np.zeros(3))
    least = peak("convert", tmp_path / "small.npy", tmp_path / "small.npz")
    some, tens = 48 << 20, 140 << 20
    for bound, *arguments in [
        (some, "convert", tmp_path / "x.npy", tmp_path / "x.npz", "--compression", "deflate", "--level", "1"),
        (some, "convert", tmp_path / "x.npz", tmp_path / "z.npz", "--compression", "zstd"),
        (some, "convert", tmp_path / "x.npz", tmp_path / "x.safetensors"),
        (some, "diff", tmp_path / "x.safetensors", tmp_path / "x.npz"),
        (some, "convert", "-f", f"{tmp_path}/x.safetensors:x", tmp_path / "y.npy"),
        (some, "extract", "-f", tmp_path / "z.npz", "-C", tmp_path / "out"),
        (tens, "convert", "-f", tmp_path / "f.npy", tmp_path / "x.safetensors"),
    ]:
        assert peak(*arguments) < least + bound, arguments
    run("diff", tmp_path / "x.npy", tmp_path / "y.npy")


def test_a_csv_of_any_length_is_read_in_bounded_memory(tmp_path: Path) -> None:
    line = b"1,2.5,abc\n"
    with open(tmp_path / "x.csv", "wb") as file:
        for _ in range(100):
            file.write(line * 60_000)
    (tmp_path / "small.csv").write_bytes(line)
    least = peak("convert", tmp_path / "small.csv", tmp_path / "small.npy", "--header", "no")
    most = peak("convert", tmp_path / "x.csv", tmp_path / "x.npy", "--dtype", "i4,f8,S3")
    assert most < least + (16 << 20)
    assert np.load(tmp_path / "x.npy", mmap_mode="r").shape == (6_000_000,)


def test_arrays_beyond_4_gib_are_packed_and_extracted(tmp_path: Path) -> None:
    size = (4 << 30) + (1 << 20) + 17
    array = np.lib.format.open_memmap(tmp_path / "large.npy", "w+", "u1", (size,))  # sparse
    array[-1] = 7
    del array
    np.save(tmp_path / "after.npy", np.arange(3))
    archive = tmp_path / "x.npz"
    run("pack", archive, tmp_path / "large.npy", tmp_path / "after.npy", "--compression", "zstd")
    with zipfile.ZipFile(archive) as file:
        assert [info.file_size for info in file.infolist()] == [size + 128, 24 + 128]
    run("diff", tmp_path / "large.npy", f"{archive}:large")
    os.truncate(tmp_path / "large.npy", 4 << 30)
    assert "not fully written" in run("pack", "-f", archive, tmp_path / "large.npy", code=1).stderr


def pair(tmp_path: Path, a: Any, b: Any, *options: str, code: int) -> Any:
    for name, array in (("a", a), ("b", b)):
        np.save(tmp_path / f"{name}.npy", array)
    found = json.loads(run("diff", "--json", tmp_path / "a.npy", tmp_path / "b.npy", *options, code=code).stdout)
    assert found["equal"] is (code == 0)
    return found["arrays"][0]


def test_arrays_of_objects_have_dtypes(tmp_path: Path) -> None:
    one = np.array([(1, None)], [("a", "i4"), ("o", "O")])
    other = np.array([(1, None)], [("zz", ">i8"), ("o", "O")])
    assert any("dtype" in note for note in pair(tmp_path, one, other, code=1)["notes"])
    pair(tmp_path, one, one, code=0)


def test_what_doubles_do_not_tell_apart_differs(tmp_path: Path) -> None:
    long = np.ones(1, "G")
    more = long.copy()
    more.real = 1 + np.finfo("g").eps
    assert pair(tmp_path, long, more, code=1)["differ"] == 1
    exact = np.array([2**53 + 1])
    assert pair(tmp_path, exact, np.array([2**53 + 0j]), "--values", code=1)["differ"] == 1
    assert pair(tmp_path, np.array([2**53 + 0j]), exact, "--values", code=1)["differ"] == 1
    pair(tmp_path, exact - 1, np.array([2**53 + 0j]), "--values", code=0)


def test_elements_of_no_bytes_are_compared(tmp_path: Path) -> None:
    empty = np.zeros(3, [("x", "U1")])
    run_of = np.array([("x",), ("",), ("y",)], [("x", "U1")])
    np.save(tmp_path / "a.npy", empty)
    (tmp_path / "zero.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:128].replace(b"'<U1'", b"'<U0'"))
    np.save(tmp_path / "b.npy", run_of)
    found = run("diff", "--json", "--values", tmp_path / "zero.npy", tmp_path / "b.npy", code=1)
    assert json.loads(found.stdout)["arrays"][0]["differ"] == 2
    run("diff", "--values", tmp_path / "zero.npy", tmp_path / "a.npy")


def test_where_values_differ_is_beyond_the_tolerance(tmp_path: Path) -> None:
    found = pair(tmp_path, np.array([100, 0.001]), np.array([101, 0.002]), "--rtol", "0.1", code=1)
    assert (found["at"], found["max_abs"]) == ([1], 1.0)


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1"])
def test_standard_output_by_another_name_has_the_file_alone(tmp_path: Path, name: str) -> None:
    np.save(tmp_path / "x.npy", np.arange(6.0))
    expected = (tmp_path / "x.npy").read_bytes()
    for force in ([], ["-f"]):
        arguments = [COMMAND, "convert", tmp_path / "x.npy", name, "--to", "npy", *force]
        piped = subprocess.run(arguments, stdout=subprocess.PIPE, timeout=60, check=True)
        assert piped.stdout == expected
        with (tmp_path / "out").open("wb") as out:
            subprocess.run(arguments, stdout=out, timeout=60, check=True)
        assert (tmp_path / "out").read_bytes() == expected


def test_options_that_say_nothing_of_a_file_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=np.arange(3))
    for options in (["--dtype", "f4"], ["--delimiter", ";"], ["--metadata", "a=b"]):
        run("convert", tmp_path / "x.npz", tmp_path / "y.npz", *options, code=2)
    run("convert", tmp_path / "x.npz", tmp_path / "y.npy", "--key", "q", code=2)
    assert "no npy file" in run("convert", tmp_path / "x.npz", tmp_path / "y.npy", "--from", "npy", code=1).stderr
    run("align", "-", code=2)
    assert not (tmp_path / "y.npz").exists()


def test_a_line_of_names_is_told_from_values(tmp_path: Path) -> None:
    (tmp_path / "pandas.csv").write_text(",a,b\n0,1,2.5\n1,2,3.5\n")
    run("convert", tmp_path / "pandas.csv", tmp_path / "pandas.npy")
    table = np.load(tmp_path / "pandas.npy")
    assert table.dtype == [("index", "<i8"), ("a", "<i8"), ("b", "<f8")] and table["b"].tolist() == [2.5, 3.5]
    (tmp_path / "odd.csv").write_text("1e999\n1_000\n")
    run("convert", tmp_path / "odd.csv", tmp_path / "odd.npy")
    assert np.load(tmp_path / "odd.npy").tolist() == ["1e999", "1_000"]


def test_nothing_but_a_file_is_written_over(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=np.arange(3))
    (tmp_path / "out").mkdir()
    os.mkfifo(tmp_path / "out" / "a.npy")
    for force in ([], ["--force"]):
        done = run("extract", *force, "-C", tmp_path / "out", tmp_path / "x.npz", code=1)
        assert "is no file" in done.stderr


def test_a_mark_in_a_cell_is_no_mark_of_the_file(tmp_path: Path) -> None:
    texts = np.array(["\ufeffabc", "d"])
    np.save(tmp_path / "x.npy", texts)
    run("convert", tmp_path / "x.npy", tmp_path / "x.csv")
    run("convert", "--header", "no", tmp_path / "x.csv", tmp_path / "y.npy")
    same(np.load(tmp_path / "y.npy"), texts)


@pytest.mark.parametrize("shape", [[0, 2**63], [0, 2**40, 2**40, 2**40]])
def test_shapes_that_no_array_has_are_refused(tmp_path: Path, shape: list[int]) -> None:
    header = json.dumps({"t": {"dtype": "F32", "shape": shape, "data_offsets": [0, 0]}}).encode()
    (tmp_path / "x.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    done = run("convert", tmp_path / "x.safetensors", tmp_path / "x.npz", code=1)
    assert "no memory could hold" in done.stderr


def test_lines_of_many_cells_take_little_memory(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"," * 4_000_000 + b"\n")
    done = run("convert", tmp_path / "x.csv", tmp_path / "x.npy", code=1)
    assert "262144 are the most" in done.stderr
