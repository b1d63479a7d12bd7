"""Run a Python module as a program that dies with whoever started it, however that one dies.

The starter keeps the write end of our standard input open and never writes to it. When it goes away, even by
SIGKILL, the pipe ends and so do we.
"""

import os
import runpy
import sys
import threading


def main() -> None:
    """Run the module named first on the command line with the rest as its arguments."""
    threading.Thread(target=_leave_when_the_starter_is_gone, daemon=True).start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _leave_when_the_starter_is_gone() -> None:
    while os.read(0, 1024):
        continue
    # Not sys.exit: only the whole process may end here, and there is no one left to be polite to.
    os._exit(1)


if __name__ == "__main__":
    main()
