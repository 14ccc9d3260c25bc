"""Types: the stubs say what the package does, a typical program checks, and wrong calls are found."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import npload

HERE = Path(__file__).parent
PACKAGE = Path(npload.__file__).parent
SAMPLE = HERE / "typed_sample.py"


def tool(*arguments: str, cwd: Path) -> Any:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    return subprocess.run(
        [sys.executable, "-P", "-m", *arguments], capture_output=True, text=True, cwd=cwd, env=environment, timeout=280
    )


def needs(module: str) -> Any:
    return pytest.mark.skipif(find_spec(module) is None, reason=f"{module} is not installed")


def test_the_package_says_that_it_is_typed() -> None:
    assert (PACKAGE / "py.typed").exists()


@needs("mypy")
def test_mypy_checks_the_sample(tmp_path: Path) -> None:
    cache = f"--cache-dir={tmp_path}"
    done = tool("mypy", "--strict", "--warn-unused-ignores", cache, "--config-file=", str(SAMPLE), cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@needs("mypy")
def test_mypy_checks_the_package(tmp_path: Path) -> None:
    config = ["--config-file", str(HERE.parent / "pyproject.toml")]
    done = tool("mypy", "--strict", f"--cache-dir={tmp_path}", *config, "-p", "npload", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@needs("mypy")
def test_the_stubs_are_what_runs(tmp_path: Path) -> None:
    allowed = ["--ignore-unused-allowlist", "--allowlist", str(HERE / "stubtest.txt")]
    config = ["--mypy-config-file", str(HERE.parent / "pyproject.toml")]
    done = tool("mypy.stubtest", "npload", *allowed, *config, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@needs("pyright")
def test_pyright_checks_the_sample_and_all_is_typed(tmp_path: Path) -> None:
    python = f"--pythonpath={sys.executable}"
    done = tool("pyright", python, str(SAMPLE), cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    done = tool("pyright", python, "--verifytypes", "npload", "--ignoreexternal", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
