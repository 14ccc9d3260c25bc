"""
Run an unchanged program with npload in the place of `numpy.load`.

Usage: ``python -m npload.run script.py [argument…]`` or ``python -m npload.run -m module [argument…]``
"""

import os
import runpy
import sys

from npload._install import install


def main() -> None:
    """Run what the arguments name."""
    arguments = sys.argv[1:]
    if not arguments or arguments == ["-m"] or arguments[0] in ("-h", "--help"):
        print((__doc__ or "").strip(), file=sys.stderr)
        sys.exit(0 if arguments in (["-h"], ["--help"]) else 2)
    install()
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        sys.path[0] = os.getcwd()
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        sys.path[0] = os.path.dirname(os.path.abspath(arguments[0]))
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    main()
