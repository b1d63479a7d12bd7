"""One way to copy the books while they are in use, whichever engine keeps them: into a SQLite file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.storage.postgres.connection import SCHEME
from paybridge.storage.postgres.copying import copy_to_file
from paybridge.storage.sqlite.connection import path_of
from paybridge.storage.sqlite.copying import copy_books as copy_file

if TYPE_CHECKING:
    from pathlib import Path


def copy_books(url: str, to: Path) -> None:
    """Copy the database as it is at one moment, whoever writes meanwhile, or `DatabaseError`."""
    if url.startswith(SCHEME):
        copy_to_file(url, to)
    else:
        copy_file(path_of(url), to)
