"""Run NumPy's own tests of `load` with ours in its place: all pass but those listed as different.

Usage: python numpy_suite.py …/run_numpy_suite.py
"""

import json
import pathlib
import subprocess
import sys
import tempfile

DIFFERENT = json.loads((pathlib.Path(__file__).parent / "numpy_suite.json").read_text())


def main():
    with tempfile.NamedTemporaryFile("r") as told:
        run = [sys.executable, sys.argv[1], "--impl", "npload:load", "--json", told.name]
        subprocess.run(run, stdout=subprocess.DEVNULL)
        result = json.load(told)
    failed = {name for name, how in result["tests"].items() if how in ("failed", "error")}
    passed = sum(how == "passed" for how in result["tests"].values())
    for name in sorted(failed - set(DIFFERENT)):
        print(f"FAILED {name}\n{result['failures'].get(name, '')}")
    for name in sorted(set(DIFFERENT) - failed):
        print(f"listed as different, and passes: {name}")
    if result["fallback"]:
        print(f"passed on to NumPy: {result['fallback']}")
    print(f"NumPy's own suite: {passed} passed, {len(failed & set(DIFFERENT))} deliberately different")
    ok = failed == set(DIFFERENT) and not result["fallback"] and passed and not result["collect_errors"]
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
