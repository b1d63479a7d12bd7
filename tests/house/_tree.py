"""The files of the project, as the house rules look at them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

# What tools and runs leave in the tree; .gitignore names the same. In another work tree `.git` is a file.
LEFT_BEHIND = {".git", ".venv", "node_modules", "__pycache__", "build", "dist", "data", "htmlcov"}


def files() -> Iterator[Path]:
    """Every file of the project, without what tools leave behind."""
    for folder, inner, names in os.walk(ROOT):
        inner[:] = [name for name in inner if not _left_behind(name)]
        yield from (Path(folder, name) for name in names if name != ".git")


def _left_behind(folder: str) -> bool:
    return folder in LEFT_BEHIND or folder.endswith((".egg-info", "_cache")) or folder == ".hypothesis"


def modules(*folders: str) -> list[Path]:
    """Every Python file below the named folders."""
    return sorted(file for folder in folders for file in (ROOT / folder).rglob("*.py") if _ours(file))


def _ours(file: Path) -> bool:
    return not any(_left_behind(part) for part in file.relative_to(ROOT).parts)


def named(file: Path) -> str:
    """The file as messages name it."""
    return file.relative_to(ROOT).as_posix()


def text(name: str) -> str:
    """What a file of the project says; nothing if it does not exist."""
    file = ROOT / name
    return file.read_text(encoding="utf-8") if file.exists() else ""
