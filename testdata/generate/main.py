"""Writes the corpus into a folder: main.py FOLDER, or main.py --large FOLDER."""

import base64
import json
import os
import subprocess
import sys
import tempfile

import large
import malformed
import malformed_npz
import mltypes
import npy
import npz
import pickles

TABLES = ("dtypes", "headers", "printing", "mlvalues", "objects")  # scripts that write NAME.jsonl
HERE = os.path.dirname(os.path.abspath(__file__))


def write(folder, cases):
    """Writes the files; returns the notes that the oracle wants on them."""
    notes, taken = {}, set()
    for case in cases:
        path = os.path.join(folder, case.path)
        if case.path.lower() in taken:
            raise SystemExit(f"two cases are called {case.path}, where case does not count")
        taken.add(case.path.lower())
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(case.data)
        note = {"better": case.better, "equivalent": base64.b64encode(case.equivalent).decode(), "ml": case.ml}
        if any(note.values()):
            notes[case.path] = note
    return notes


def run(script, *args, stdin=""):
    script = os.path.join(HERE, script)
    return subprocess.run([sys.executable, script, *args], input=stdin, stdout=subprocess.PIPE, text=True, check=True).stdout


def describe(folder, notes):
    """What NumPy says of the files, then what npload restores."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as out:
        json.dump(notes, out)
        out.flush()
        lines = run("oracle.py", folder, out.name)
        return run("oracle.py", "--restore", folder, out.name, stdin=lines)


def save(folder, name, text):
    with open(os.path.join(folder, name), "w") as out:
        out.write(text)


def main(folder):
    notes = write(folder, (case for part in (npy, mltypes, npz, malformed, malformed_npz) for case in part.cases()))
    save(folder, "manifest.jsonl", describe(folder, notes))
    for script in TABLES:
        save(folder, f"{script}.jsonl", run(f"{script}.py"))
    pickles.write(folder)


def main_large(folder):
    notes = write(folder, large.cases())
    save(folder, "manifest.jsonl", describe(folder, notes))


if __name__ == "__main__":
    if sys.argv[1] == "--large":
        main_large(sys.argv[2])
    else:
        main(sys.argv[1])
