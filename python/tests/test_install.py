"""npload in the place of `numpy.load`: results exactly NumPy's, for a block, a process, a script."""

from __future__ import annotations

import inspect
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npload
from conftest import TESTDATA
from expected import entries_for
from made import npy
from test_same_as_numpy import FILES
from told import same, told

NUMPYS = np.load
DIFFERENCES = entries_for("file")
RESTORED = [entry for entry in DIFFERENCES if entry.reason.startswith("ml_dtypes come back")]


def test_a_with_block_replaces_and_puts_back() -> None:
    with npload.installed():
        assert np.load is not NUMPYS
        with npload.installed():
            assert np.load is not NUMPYS
        assert np.load is not NUMPYS
    assert np.load is NUMPYS


def test_a_with_block_puts_back_after_an_exception() -> None:
    with pytest.raises(LookupError), npload.installed():
        raise LookupError
    assert np.load is NUMPYS


def test_installing_twice_and_uninstalling_once() -> None:
    try:
        npload.install()
        npload.install()
        assert np.load is not NUMPYS
    finally:
        npload.uninstall()
    assert np.load is NUMPYS
    npload.uninstall()
    assert np.load is NUMPYS


def test_numpys_load_is_never_lost() -> None:
    try:
        npload.install()
        ours = np.load
        np.load = wrapper = lambda *args: ours(*args)
        npload.install()
        npload.uninstall()
        assert np.load is wrapper
        np.load = ours
        npload.uninstall()
        assert np.load is NUMPYS
    finally:
        np.load = NUMPYS


def test_what_is_installed_has_numpys_signature() -> None:
    with npload.installed():
        assert inspect.signature(np.load) == inspect.signature(NUMPYS)
        assert np.load.__name__ == "load"
        with pytest.raises(TypeError):
            np.load(TESTDATA / "npy" / "i4-le-1d.npy", verify=True)  # type: ignore[call-overload]


def test_warnings_point_at_the_line_that_loads(tmp_path: Path) -> None:
    path = tmp_path / "python2.npy"
    path.write_bytes(npy("{'descr': '<i4', 'fortran_order': False, 'shape': (1L,)}", b"\0\0\0\0"))
    with warnings.catch_warnings(record=True) as kept:
        warnings.simplefilter("always")
        npload.load(path)
        with npload.installed():
            np.load(path)
    assert [warning.filename for warning in kept] == [__file__, __file__]
    assert kept[1].lineno == kept[0].lineno + 2


@pytest.mark.numpy_leaks
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("name", FILES)
def test_results_are_exactly_numpys(name: str) -> None:
    with npload.installed():
        ours = told(np.load, TESTDATA / name)
    theirs = told(np.load, TESTDATA / name)
    difference = next((entry for entry in DIFFERENCES if entry.names(name)), None)
    if difference is None or (difference in RESTORED and "read" not in difference.becomes):
        assert same(ours, theirs), (ours, theirs)


def test_archives_are_not_mapped(npz: Path) -> None:
    with npload.installed(), np.load(npz, mmap_mode="r") as archive:
        assert type(archive["a"]) is np.ndarray
        assert isinstance(archive, np.lib.npyio.NpzFile)


def test_files_are_mapped(npy: Path) -> None:
    with npload.installed():
        assert type(np.load(npy, mmap_mode="r")) is np.memmap


def test_an_archive_of_an_installed_load_reads_on_after_it(npz: Path) -> None:
    with npload.installed():
        archive = np.load(npz)
    with archive:
        assert archive["b"].tolist() == [0, 1, 2, 3, 4]


SCRIPT = """
import sys, os
import numpy as np
from numpy import load
assert load is np.load
assert "npload" in repr(type(np.load(sys.argv[1]))), type(np.load(sys.argv[1]))
print(__name__, sys.argv, sys.path[0], os.path.basename(__file__), np.load(sys.argv[1])["b"].sum())
sys.exit(7)
"""


def run(*arguments: str, cwd: Path | None = None) -> Any:
    return subprocess.run(
        [sys.executable, "-m", "npload.run", *arguments], capture_output=True, text=True, cwd=cwd or "/", timeout=60
    )


def test_a_script_runs_with_its_arguments_and_status(npz: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    done = run(str(script), str(npz), "--flag", "-m")
    assert done.returncode == 7, done.stderr
    assert done.stdout == f"__main__ {[str(script), str(npz), '--flag', '-m']} {tmp_path} script.py 10\n"


def test_a_module_runs(npz: Path, tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(SCRIPT)
    done = run("-m", "module", str(npz), cwd=tmp_path)
    assert done.returncode == 7, done.stderr
    assert done.stdout.startswith("__main__ ['") and done.stdout.endswith("module.py 10\n")


def test_a_script_that_raises_shows_its_own_traceback(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("raise LookupError('mine')")
    done = run(str(tmp_path / "script.py"))
    assert done.returncode == 1
    assert done.stderr.endswith("LookupError: mine\n")
    assert "script.py" in done.stderr


def test_no_script_is_a_usage_error() -> None:
    done = run()
    assert done.returncode == 2
    assert "Usage" in done.stderr


def test_a_missing_script_is_an_error(tmp_path: Path) -> None:
    done = run(str(tmp_path / "missing.py"))
    assert done.returncode != 0
    assert "missing.py" in done.stderr
