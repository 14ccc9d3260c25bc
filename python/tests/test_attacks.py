"""No attack is called safe, nothing of them runs, and each is alive: CPython runs it.

What `npload scan` says of all pickles of attacks.py and files of attack_files.py, and the same files loaded by
CPython in a process of its own: a test that passed for a payload that was dead would say nothing.
"""

from __future__ import annotations

import _compat_pickle
import contextlib
import io
import json
import pickle
import pickletools
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

from attack_files import FILES, HARMLESS, File
from attacks import ATTACKS, PAYLOAD, Attack, Payload
from test_command import command

# All pickles of a file, one after the other, as programs read them.
LOAD = "import pickle\nwith open(path, 'rb') as file:\n    while True: pickle.load(file)"


def canary_of(data: bytes, loader: str, folder: Path) -> bool:
    """Return whether Python, loading the file, makes the canary."""
    folder.mkdir()
    (folder / "file").write_bytes(data)
    code = f"path = 'file'\n{loader}"
    done = [sys.executable, "-W", "ignore", "-c", code]
    subprocess.run(done, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    return (folder / "canary").exists()


def scanned(folder: Path, *arguments: str) -> dict[str, Any]:
    """Return what a scan says of each file in a folder; nothing may run."""
    done = command("scan", "--json", *arguments, str(folder))
    assert not (folder / "canary").exists() and not Path("canary").exists()
    document = json.loads(done.stdout)
    assert done.returncode == (0 if document["verdict"] == "safe" else 1)
    return {Path(file["file"]).name: file for file in document["files"]}


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """All of attacks.py, scanned at once."""
    folder = tmp_path_factory.mktemp("attacks")
    for attack in ATTACKS:
        (folder / f"attack-{attack.name}").write_bytes(attack.data)
    for file in FILES:
        (folder / f"file-{file.name}").write_bytes(file.data)
    for name, data in HARMLESS:
        (folder / f"harmless-{name}").write_bytes(data)
    return scanned(folder)


@pytest.fixture(scope="module")
def alive(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bool]:
    """Whether CPython makes the canary of each attack and file, by its name."""
    folder = tmp_path_factory.mktemp("alive")
    jobs = [(attack.name, attack.data, LOAD) for attack in ATTACKS]
    jobs += [(file.name, file.data, file.loader) for file in FILES]
    with ThreadPoolExecutor(4) as threads:
        canaries = threads.map(lambda job: canary_of(job[1], job[2], folder / job[0]), jobs)
        return dict(zip((job[0] for job in jobs), canaries, strict=True))


def parameters(attacks: list[Any]) -> Any:
    return pytest.mark.parametrize("attack", [pytest.param(attack, id=attack.name) for attack in attacks])


@parameters(ATTACKS)
def test_no_attack_is_called_safe(attack: Attack, scan: dict[str, Any]) -> None:
    verdict = scan[f"attack-{attack.name}"]["verdict"]
    assert verdict in (["dangerous"] if attack.live else ["dangerous", "unknown"])


@parameters(FILES)
def test_no_file_around_an_attack_is_called_safe(attack: File, scan: dict[str, Any]) -> None:
    assert scan[f"file-{attack.name}"]["verdict"] == "dangerous"


@pytest.mark.parametrize("name", [name for name, _ in HARMLESS])
def test_plain_values_are_called_safe(name: str, scan: dict[str, Any]) -> None:
    assert scan[f"harmless-{name}"]["verdict"] == "safe"


@parameters(ATTACKS)
def test_attacks_that_are_live_make_the_canary(attack: Attack, alive: dict[str, bool]) -> None:
    assert alive[attack.name] == attack.live


@parameters(FILES)
def test_files_around_attacks_make_the_canary(attack: File, alive: dict[str, bool]) -> None:
    assert alive[attack.name]


def test_names_are_there_once() -> None:
    names = [thing[0] for things in (ATTACKS, FILES, HARMLESS) for thing in things]  # type: ignore[attr-defined]
    assert len(set(names)) == len(names)


def test_a_cut_attack_is_not_safe(tmp_path: Path) -> None:
    for length in range(1, len(PAYLOAD)):
        (tmp_path / f"{length}.pkl").write_bytes(PAYLOAD[:length])
    assert {file["verdict"] for file in scanned(tmp_path).values()} <= {"unknown", "dangerous"}


def test_what_is_called_safe_looks_up_nothing_that_is_not_told(tmp_path: Path) -> None:
    """Mutants of all pickles: of those that a scan calls safe, CPython asks for no global but those listed."""
    chance = random.Random(7)
    pickles = [attack.data for attack in ATTACKS if len(attack.data) < 3000] + [data for _, data in HARMLESS]
    mutants = []
    for number in range(1500):
        mutant = bytearray(chance.choice(pickles))
        at = chance.randrange(len(mutant))
        if chance.random() < 0.5:
            mutant[at] = chance.randrange(256)
        else:
            mutant[at:at] = chance.choice(pickles)[: chance.randint(1, 100)]
        mutants.append(bytes(mutant))
        (tmp_path / str(number)).write_bytes(mutant)
    safe = {int(name): file for name, file in scanned(tmp_path).items() if file["verdict"] == "safe"}
    assert len(safe) > 50
    for number, file in safe.items():
        told = {finding["global"] for part in file["parts"] for finding in part["findings"]}
        for unpickler in (pickle.Unpickler, pickle._Unpickler):  # type: ignore[attr-defined]
            assert {name for name in asked_for(mutants[number], unpickler) if not name & told} == set()


def asked_for(data: bytes, unpickler: Any) -> set[frozenset[str]]:
    """Return each global that CPython's loader asks for, by its name and by Python 3's."""
    asked = set()

    class Recorder(unpickler):  # type: ignore[misc]
        def find_class(self, module: str, name: str) -> Any:
            renamed = _compat_pickle.NAME_MAPPING.get((module, name))
            renamed = renamed or (_compat_pickle.IMPORT_MAPPING.get(module, module), name)
            asked.add(frozenset([f"{module}.{name}", ".".join(renamed)]))
            return super().find_class(module, name)

    file = io.BytesIO(data)
    with contextlib.suppress(Exception):
        while file.tell() < len(data):
            Recorder(file).load()
    return asked


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)], ids=str)
def test_files_of_joblibs_are_followed_across_their_arrays(compress: Any, tmp_path: Path) -> None:
    arrays = {"a": np.arange(1000.0), "b": np.array([{}, "x"], object), "c": np.ones((3, 4), ">f4", "F")}
    joblib.dump(arrays, tmp_path / "arrays", compress=compress)
    joblib.dump({**arrays, "e": Payload()}, tmp_path / "payload", compress=compress)
    joblib.dump([np.array([Payload()], object)], tmp_path / "objects", compress=compress)
    files = scanned(tmp_path)
    assert {name: file["verdict"] for name, file in files.items()} == {
        "arrays": "unknown",
        "payload": "dangerous",
        "objects": "dangerous",
    }
    allowed = scanned(tmp_path, "--allow", "joblib.numpy_pickle.NumpyArrayWrapper")
    assert allowed["arrays"]["verdict"] == "safe"
    assert allowed["payload"]["verdict"] == "dangerous"


def test_listings_of_opcodes_are_those_of_pickletools(tmp_path: Path) -> None:
    for name, data in HARMLESS[::5]:
        (tmp_path / name).write_bytes(data)
        out = io.StringIO()
        pickletools.dis(data, out)
        assert command("disasm", str(tmp_path / name)).stdout == out.getvalue(), name
