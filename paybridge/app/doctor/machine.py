"""Looks at the machine: who can read and write the bot's files, and how much room there is for more."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from paybridge.services.finding import Finding, bad, good, note

if TYPE_CHECKING:
    from paybridge.config import Config

MIB: Final = 1024 * 1024
LITTLE_ROOM: Final = 1024 * MIB
NO_ROOM: Final = 100 * MIB
OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
NAMED: Final = 4


def check_files(config: Config, file: Path) -> Iterator[Finding]:
    """Whether nobody else can read the bot's files, and the bot can write them."""
    part, folder = "files", config.data_dir
    if not folder.exists():
        yield note(part, f"{folder} is not there yet; the first start makes it")
        return
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        user = os.geteuid()
        yield bad(part, f"user {user} cannot write in {folder}", f"chown -R {user} {folder}")
        return
    everything = [file, folder, *sorted(folder.rglob("*"))]
    mine = [path for path in everything if not path.is_symlink() and path.exists()]
    stuck = [
        path for path in mine if path.is_file() and path != file and not os.access(path, os.R_OK | os.W_OK)
    ]
    shown = [path for path in mine if _is_shown(path, folder)]
    if stuck:
        user = os.geteuid()
        yield bad(part, f"user {user} cannot write {_names(stuck)}", f"chown -R {user} {folder}")
    if shown:
        yield bad(part, f"others on this machine can read {_names(shown)}", f"chmod go= {_names(shown, ' ')}")
    if not (stuck or shown):
        yield good(part, f"{folder} and {file} are for the bot's eyes alone")


def check_disk(config: Config) -> Iterator[Finding]:
    """Whether there is room for the books to grow."""
    there = next(path for path in (config.data_dir, *config.data_dir.parents) if path.exists())
    free = shutil.disk_usage(there).free
    says = f"{free // MIB:,} MiB are free below {there}"
    if free < NO_ROOM:
        yield bad(
            "disk", says, "make room: without any, nothing can be booked and the bot stops serving people"
        )
    elif free < LITTLE_ROOM:
        yield note("disk", says, "make room before it is needed")
    else:
        yield good("disk", says)


def _is_shown(path: Path, folder: Path) -> bool:
    """A file that others can read, unless a folder of the bot's that is closed protects it."""
    closed = not folder.stat().st_mode & OTHERS
    return path.is_file() and bool(path.stat().st_mode & OTHERS) and not (closed and folder in path.parents)


def _names(paths: list[Path], between: str = ", ") -> str:
    more = f"{between}..." if len(paths) > NAMED else ""
    return between.join(map(str, paths[:NAMED])) + more
