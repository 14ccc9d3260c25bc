"""The command `npload` that the wheel brings."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from conftest import TESTDATA

COMMAND = Path(sys.executable).with_name("npload")


def command(*arguments: str) -> Any:
    return subprocess.run([COMMAND, *arguments], capture_output=True, text=True, timeout=60)


def test_info_tells_what_is_in_an_archive(npz: Path) -> None:
    done = command("info", str(npz))
    assert done.returncode == 0, done.stderr
    for word in ("a", "float64", "(3, 4)", "b", "int64", "(5,)"):
        assert word in done.stdout
    shown = json.loads(command("info", "--json", str(npz)).stdout)
    assert "float64" in json.dumps(shown) or "<f8" in json.dumps(shown)


def test_show_prints_as_numpy_prints(npy: Path) -> None:
    done = command("show", str(npy))
    assert done.returncode == 0, done.stderr
    assert "[0 1 2 3 4 5 6 7 8 9]" in done.stdout
    assert "[2 3]" in command("show", str(npy), "2:4").stdout


def test_verify_finds_damage(npz: Path) -> None:
    assert command("verify", str(npz)).returncode == 0
    done = command("verify", str(TESTDATA / "malformed" / "crc-stored.npz"))
    assert done.returncode != 0


def test_a_missing_file_is_an_error_on_standard_error() -> None:
    done = command("info", "/does/not/exist.npy")
    assert done.returncode != 0
    assert done.stdout == ""
    assert "/does/not/exist.npy" in done.stderr


def test_help_and_version() -> None:
    assert "info" in command("--help").stdout
    assert command("--version").stdout.startswith("npload ")


def test_a_pipe_that_is_closed_is_no_traceback(npz: Path) -> None:
    done = subprocess.run(f"{COMMAND} --help | head -c 1", shell=True, capture_output=True, text=True)
    assert "Traceback" not in done.stderr
