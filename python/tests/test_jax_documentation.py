"""npload.jax is documented, and the examples run: those of docstrings and those of docs/jax.md."""

from __future__ import annotations

import doctest
import inspect
import re
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import npload
import npload.jax
from test_jax_hosts import run

PAGE = Path(__file__).resolve().parents[2] / "docs" / "jax.md"
PUBLIC = {name: getattr(npload.jax, name) for name in npload.jax.__all__}
FLAGS = doctest.ELLIPSIS


def examples() -> list[Any]:
    finder = doctest.DocTestFinder(recurse=True)
    found = [test for name, thing in PUBLIC.items() for test in finder.find(thing, f"npload.jax.{name}", module=False)]  # type: ignore[arg-type]
    parser = doctest.DocTestParser()
    # One after the other: the page tells a story.
    found.append(parser.get_doctest(PAGE.read_text(encoding="utf-8"), {}, "docs/jax.md", str(PAGE), 0))
    return [pytest.param(test, id=test.name) for test in found if test.examples]


@pytest.mark.parametrize("test", examples())
def test_examples_run(test: doctest.DocTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    test.globs.update(np=np, jnp=jnp, npload=npload)
    said: list[str] = []
    results = doctest.DocTestRunner(optionflags=FLAGS).run(test, out=said.append)
    assert results.failed == 0, "".join(said)


def test_there_are_examples_of_all_that_loads() -> None:
    assert {param.id for param in examples()} >= {"npload.jax.load", "npload.jax.load_tree", "docs/jax.md"}


def test_the_recipe_for_two_hosts(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.arange(32, dtype="f4").reshape(8, 4))
    recipe = re.search(r"# two-hosts\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert recipe is not None
    before = f"""
import os, sys, json
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=4"
os.environ["JAX_PLATFORMS"] = "cpu"
os.chdir({str(tmp_path)!r})
coordinator, me = "127.0.0.1:" + sys.argv[1], int(sys.argv[2])
import jax
jax.config.update("jax_cpu_collectives_implementation", "gloo")
"""
    after = "\nprint(json.dumps([float(mean), len(x.addressable_shards)]))\njax.distributed.shutdown()"
    assert run(before + recipe[1] + after) == [[15.5, 4], [15.5, 4]]


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_everything_public_is_documented(name: str) -> None:
    thing = PUBLIC[name]
    doc = inspect.getdoc(thing)
    assert doc and len(doc) > 20
    assert thing.__module__.startswith("npload.jax") and thing.__name__ == name
    if inspect.isclass(thing):
        for attribute, inner in vars(thing).items():
            if not attribute.startswith("_") and (callable(inner) or isinstance(inner, property)):
                assert inspect.getdoc(inner), f"{name}.{attribute}"
    elif name.startswith("load"):
        for section in ("Parameters", "Returns", "Raises", "Examples"):
            assert f"{section}\n{'-' * len(section)}" in doc
        for parameter in inspect.signature(thing).parameters:
            assert parameter in doc, parameter


def test_it_takes_what_numpy_load_takes() -> None:
    ours, numpys = inspect.signature(npload.jax.load), inspect.signature(np.load)
    for name, parameter in numpys.parameters.items():
        assert ours.parameters[name].kind == parameter.kind
        assert ours.parameters[name].default == parameter.default
