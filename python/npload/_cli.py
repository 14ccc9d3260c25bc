"""The command `npload`."""

import signal
import sys

from npload._npload import run_command


def main() -> None:
    """Run the command with the process's arguments, and end with its status."""
    # The command is not Python: Ctrl-C is to end it at once.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(run_command(["npload", *sys.argv[1:]]))
