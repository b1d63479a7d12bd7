"""`paybridge doctor`: everything about an installation that could be wrong, each with what mends it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from paybridge.cli._frame import ConfigFile

if TYPE_CHECKING:
    from paybridge.services.finding import Finding

WIDE: Final = 200
MARKS: Final = {"good": "✓", "note": "!", "bad": "✗", "unknown": "?"}
STYLES: Final = {"good": "green", "note": "yellow", "bad": "bold red", "unknown": "dim"}


def doctor(
    config: ConfigFile,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Say it as one JSON object, for programs.")] = False,
) -> None:
    """Examine the installation, the bot running or not; changes nothing. 1 if anything is bad."""
    from paybridge.app.doctor import examine
    from paybridge.config import ConfigError, load_config
    from paybridge.services.finding import State, bad

    try:
        found: Sequence[Finding] = asyncio.run(examine(load_config(config), config))
    except ConfigError as error:
        found = (
            bad(
                "config",
                str(error).removeprefix("config: "),
                f"edit {config}; docs/configuration.md has every key",
            ),
        )
    wrong = sum(one.state is State.BAD for one in found)
    if as_json:
        typer.echo(json.dumps(_as_json(found), indent=2, ensure_ascii=False))
    else:
        _print(found)
    if wrong:
        raise typer.Exit(1)


def _as_json(found: Sequence[Finding]) -> object:
    """The shape that docs/commandline.md promises."""
    return {
        "version": 1,
        "well": not any(one.state.value == "bad" for one in found),
        "findings": [
            {"part": one.part, "state": one.state.value, "says": one.says, "fix": one.fix} for one in found
        ],
    }


def _print(found: Sequence[Finding]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # What is read by a program or kept in a file has room for whole lines.
    console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else WIDE)
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for one in found:
        says = Text(one.says)
        if one.fix:
            says.append(f"\n→ {one.fix}", "dim")
        state = one.state.value
        table.add_row(Text(MARKS[state], STYLES[state]), Text(one.part), says)
    console.print(table)
    counted = Counter(one.state.value for one in found)
    words = (f"{counted[state]} {state}" for state in MARKS if counted[state])
    console.print(f"{len(found)} looked at: {', '.join(words)}")
