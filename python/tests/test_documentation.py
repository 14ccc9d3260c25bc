"""Docstrings: there, in NumPy's style, with examples that run."""

from __future__ import annotations

import doctest
import inspect
import pydoc
from typing import Any

import numpy as np
import pytest

import npload

PUBLIC = {name: getattr(npload, name) for name in npload.__all__}
FUNCTIONS = {name: thing for name, thing in PUBLIC.items() if not inspect.isclass(thing)}


def examples() -> list[Any]:
    finder = doctest.DocTestFinder(recurse=True)
    found: dict[str, doctest.DocTest] = {}
    for name, thing in {"npload": npload, **PUBLIC}.items():
        for test in finder.find(thing, name if name == "npload" else f"npload.{name}", module=False, globs={}):  # type: ignore[arg-type]
            if test.examples:
                found[test.name] = test
    return [pytest.param(test, id=name) for name, test in sorted(found.items())]


@pytest.mark.parametrize("test", examples())
def test_examples_run(test: doctest.DocTest, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    test.globs.update(np=np, npload=npload)
    said: list[str] = []
    results = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=said.append)
    assert results.failed == 0, "".join(said)


def test_there_are_examples() -> None:
    assert {param.id for param in examples()} >= {
        "npload.load",
        "npload.open",
        "npload.peek",
        "npload.loads",
        "npload.load_many",
    }


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_everything_public_is_documented(name: str) -> None:
    doc = inspect.getdoc(PUBLIC[name])
    assert doc and len(doc) > 20
    if inspect.isclass(PUBLIC[name]):
        for attribute, thing in vars(PUBLIC[name]).items():
            if not attribute.startswith("_") and (callable(thing) or isinstance(thing, property)):
                assert inspect.getdoc(thing), f"{name}.{attribute}"


# Return nothing.
SAVES = {"edit_npz", "save", "save_npz", "savez", "savez_compressed"}


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - {"install", "uninstall", "installed"}))
def test_functions_document_each_parameter_as_numpy_does(name: str) -> None:
    doc = inspect.getdoc(FUNCTIONS[name]) or ""
    for section in ("Parameters", *([] if name in SAVES else ["Returns"]), "Examples"):
        assert f"{section}\n{'-' * len(section)}" in doc
    for parameter in inspect.signature(FUNCTIONS[name]).parameters:
        assert parameter in doc, parameter


def test_help_reads_well() -> None:
    text = pydoc.plain(pydoc.render_doc(npload.load))
    signature = " ".join(text.partition("load(")[2].split())
    assert signature.startswith("file, mmap_mode=None, allow_pickle=False, fix_imports=True, encoding='ASCII', *,")
    assert "///" not in text and "builtin_function" not in text


def test_functions_say_which_module_they_are_of() -> None:
    for name, thing in PUBLIC.items():
        assert thing.__module__.startswith("npload"), name
        assert thing.__name__ == name
