"""ml_dtypes: restored where a name or a note says so; without the package void, and a warning."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import npload
from conftest import TESTDATA
from made import archive, npy

NAMES = [
    "bfloat16", "float8_e3m4", "float8_e4m3", "float8_e4m3b11fnuz", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2",
    "float8_e5m2fnuz", "float8_e8m0fnu", "float4_e2m1fn", "float6_e2m3fn", "float6_e3m2fn", "int1", "int2", "int4",
    "uint1", "uint2", "uint4",
]  # fmt: skip


def noted(name: str, shape: tuple[int, ...] = (3,), data: bytes | None = None) -> bytes:
    size = np.dtype(getattr(ml_dtypes, name)).itemsize
    text = f"{{'descr': '|V{size}', 'fortran_order': False, 'shape': {shape}, }} # dtype: {name}\n"
    return npy(text, bytes(range(size * 3)) if data is None else data)


@pytest.mark.parametrize("name", NAMES)
def test_every_type_by_its_note_and_by_its_name(name: str, tmp_path: Path) -> None:
    dtype = np.dtype(getattr(ml_dtypes, name))
    (tmp_path / "x.npy").write_bytes(noted(name))
    expected = np.frombuffer(bytes(range(dtype.itemsize * 3)), dtype)
    for loaded in (
        npload.loads(noted(name)),
        npload.load(tmp_path / "x.npy"),
        npload.load(tmp_path / "x.npy", mmap_mode="r"),
        npload.loads(archive({"w.npy": noted(name)}))["w"],
        npload.loads(archive({"w.npy": noted(name)})).load_all()["w"],
        npload.loads(npy(f"{{'descr': '{name}', 'fortran_order': False, 'shape': (3,)}}", expected.tobytes())),
    ):
        assert loaded.dtype == dtype
        assert loaded.tobytes() == expected.tobytes()


def test_structs_by_their_note() -> None:
    text = "{'descr': [('w', '|V2'), ('n', '<i4')], 'fortran_order': False, 'shape': (1,)} # dtype: {'w': bfloat16}\n"
    loaded = npload.loads(npy(text, b"\x80\x3f\x07\0\0\0"))
    assert loaded.dtype == np.dtype([("w", ml_dtypes.bfloat16), ("n", "<i4")])
    assert float(loaded["w"][0]) == 1 and loaded["n"][0] == 7


def test_a_note_that_does_not_fit_is_ignored() -> None:
    for text in ("# dtype: bfloat17", "# bfloat16", "# dtype: float64"):
        data = npy(f"{{'descr': '|V2', 'fortran_order': False, 'shape': (1,)}} {text}\n", b"\0\0")
        assert npload.loads(data).dtype == np.dtype("V2")
    data = npy("{'descr': '<i2', 'fortran_order': False, 'shape': (1,)} # dtype: bfloat16\n", b"\0\0")
    assert npload.loads(data).dtype == np.dtype("<i2")


def test_void_without_a_note_stays_void() -> None:
    loaded = npload.load(TESTDATA / "npy" / "ml-bfloat16-void-without-note.npy")
    assert loaded.dtype == np.dtype("V2")


def test_plain_numpy_still_reads_noted_files() -> None:
    loaded = np.load(TESTDATA / "npy" / "ml-bfloat16-note.npy")
    assert loaded.dtype == np.dtype("V2")


BLOCKED = """
import sys, warnings
sys.modules["ml_dtypes"] = None
import numpy, npload
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    array = npload.load(sys.argv[1])
told = [(w.category.__name__, "ml_dtypes" in str(w.message), "bfloat16" in str(w.message)) for w in caught]
print(array.dtype.str, array.shape, told)
"""


@pytest.mark.parametrize("name", ["bfloat16-note", "bfloat16-name"])
def test_without_the_package_void_and_a_warning(name: str) -> None:
    out = isolated(BLOCKED, str(TESTDATA / "npy" / f"ml-{name}.npy"))
    array = npload.load(TESTDATA / "npy" / f"ml-{name}.npy")
    assert out == f"|V2 {array.shape} [('UserWarning', True, True)]\n"


def test_without_the_package_one_byte_types_are_v1() -> None:
    out = isolated(BLOCKED, str(TESTDATA / "npy" / "ml-int4-note.npy"))
    assert out.startswith("|V1 ") and "('UserWarning', True, False)" in out


def test_the_package_is_not_imported_until_it_is_needed(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.arange(3))
    script = "import sys, npload; npload.load(sys.argv[1]); print('ml_dtypes' in sys.modules)"
    assert isolated(script, str(tmp_path / "x.npy")) == "False\n"


def test_install_restores_nothing_as_numpy_does_not() -> None:
    path: Any = TESTDATA / "npy" / "ml-bfloat16-note.npy"
    with npload.installed():
        assert np.load(path).dtype == np.dtype("V2")


def isolated(script: str, *arguments: str) -> str:
    """What a script prints in a Python of its own."""
    return subprocess.run(
        [sys.executable, "-P", "-W", "error", "-c", script, *arguments], capture_output=True, text=True, check=True
    ).stdout


def test_a_module_beside_the_data_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "ml_dtypes.py").write_text("open('ran', 'w').close()")
    (tmp_path / "a.npy").write_bytes(noted("bfloat16"))
    script = "import npload; print(npload.load('a.npy').dtype)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.stdout == "|V2\n", done.stderr
    assert "ml_dtypes is in the current folder" in done.stderr
    assert not (tmp_path / "ran").exists()
