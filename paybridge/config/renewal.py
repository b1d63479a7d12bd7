"""Brings a config to this version: what it does not mention is added as a comment, the rest stays."""

from __future__ import annotations

import os
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from paybridge.config.errors import ConfigError
from paybridge.config.load import known_options, load_config
from paybridge.config.reference import blocks
from paybridge.config.shape import FILE, Options

_KEY: Final = re.compile(r"(?P<indent> *)#?(?P<name>[a-z_0-9]+):(?P<value>.*)")
_TOP: Final = ""
"""The parent of keys that stand in no section."""


@dataclass(frozen=True, slots=True)
class Renewed:
    """The keys that were added to a config, and where the config of before is kept; None if nothing was."""

    added: Sequence[str]
    backup: Path | None


def renew(path: Path) -> Renewed:
    """Add every key that the config in `path` does not mention, each as a comment with what it is for.

    Nothing that is there is touched: the new file means what the old one meant, or `ConfigError`. The old one
    is kept beside it under a name that is free.
    """
    before = load_config(path, {})
    old = path.read_text(encoding="utf-8")
    new, added = _renewed(old, known_options())
    if not added:
        return Renewed((), None)
    try:
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        fresh = Path(beside)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(new)
                file.flush()
                os.fsync(file.fileno())
            fresh.chmod(path.stat().st_mode & 0o777)
            if load_config(fresh, {}) != before:
                raise ConfigError.at(str(path), "cannot be added to: its sections are not written as usual")
            backup = _kept(path)
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError.at(str(path), f"cannot be written: {error.strerror}") from None
    return Renewed(added, backup)


def _kept(path: Path) -> Path:
    """The same file under a second name, which no other file has."""
    for number in count(1):
        backup = path.with_name(f"{path.name}.old{number}")
        try:
            os.link(path, backup)
        except FileExistsError:
            continue
        return backup
    raise AssertionError  # numbers do not end


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a key stands, how far in, where what belongs to it ends, and if a value is beside it."""

    line: int
    indent: int
    end: int
    closed: bool


def _renewed(text: str, rails: Options) -> tuple[str, list[str]]:
    lines = text.splitlines()
    places = _places(lines)
    added: dict[str, str] = {}
    """Each new key, and the key of the file below which it goes."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for name, told in blocks(rails, {}):
        parent = name.rpartition(".")[0]
        if name in places or name + FILE in places:
            continue
        below = added.get(parent, parent)
        if below != _TOP and (below not in places or places[below].closed):
            continue
        indent = _indent_below(below, places) + 2 * (name.count(".") - (below.count(".") + 1 if below else 0))
        added[name] = below
        if not parent:
            groups[below].append("")
        groups[below] += [" " * indent + line for line in told]
    # From the end on, so that places stay right; where two groups meet, the inner one comes first.
    for below in sorted(groups, key=lambda below: (-_end(below, places, lines), len(below))):
        end = _end(below, places, lines)
        lines[end:end] = groups[below]
    return "\n".join(lines) + "\n", list(added)


def _places(lines: Sequence[str]) -> Mapping[str, _Place]:
    return dict(_found(lines))


def _found(lines: Sequence[str]) -> Iterator[tuple[str, _Place]]:
    above: list[tuple[int, str]] = []
    for number, line in enumerate(lines):
        key = _KEY.fullmatch(line)
        if key is None:
            continue
        indent = len(key["indent"])
        while above and above[-1][0] >= indent:
            above.pop()
        above.append((indent, key["name"]))
        value = key["value"].strip()
        name = ".".join(part for _, part in above)
        yield name, _Place(number, indent, _block_end(lines, number, indent), value[:1] not in {"", "#"})


def _block_end(lines: Sequence[str], number: int, indent: int) -> int:
    """The line after the last one that is further in than the key; blank ones at the end do not count."""
    end = number + 1
    for later in range(number + 1, len(lines)):
        if not lines[later].strip():
            continue
        if len(lines[later]) - len(lines[later].lstrip()) <= indent:
            break
        end = later + 1
    return end


def _indent_below(below: str, places: Mapping[str, _Place]) -> int:
    if below == _TOP:
        return 0
    siblings = (place.indent for name, place in places.items() if name.rpartition(".")[0] == below)
    return next(siblings, places[below].indent + 2)


def _end(below: str, places: Mapping[str, _Place], lines: Sequence[str]) -> int:
    return len(lines) if below == _TOP else places[below].end
