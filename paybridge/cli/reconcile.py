"""`paybridge reconcile`: the books against the statements of the rails, order by order, read-only."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Final

import typer

from paybridge.cli._frame import NOT_ASKED, ConfigFile, books_at, load, told

if TYPE_CHECKING:
    from paybridge.domain.money import Money
    from paybridge.services.ports import RailError
    from paybridge.services.statement_check import Checked

WIDE: Final = 160


def reconcile(
    config: ConfigFile,
    *,
    days: Annotated[
        int, typer.Option("--days", min=0, help="How many days back; 0 for all that there ever was.")
    ] = 30,
) -> None:
    """Compare the books with the rails' statements; 1 if they differ, 3 if a rail could not be asked."""
    from paybridge.app import SystemClock
    from paybridge.app.statements import compare_windows
    from paybridge.services.ports import RailError
    from paybridge.storage.errors import DatabaseError

    loaded = load(config)
    with told(DatabaseError):
        books_at(loaded)
        found = asyncio.run(compare_windows(loaded, days or None, SystemClock()))
    checked = {rail: one for rail, one in found.items() if not isinstance(one, RailError)}
    silent = {rail: one for rail, one in found.items() if isinstance(one, RailError)}
    _print(checked, silent)
    if any(one.differences for one in checked.values()):
        raise typer.Exit(1)
    if silent:
        raise typer.Exit(NOT_ASKED)


def _print(checked: Mapping[str, Checked], silent: Mapping[str, RailError]) -> None:
    from rich.console import Console
    from rich.table import Table

    # What is read by a program or kept in a file has room for whole lines.
    console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else WIDE)
    table = Table("rail", "agree", "under way", "differ", title="Orders", title_justify="left")
    for rail, one in checked.items():
        table.add_row(rail, *map(str, (one.matched, one.under_way, len(one.differences))))
    for rail in silent:
        table.add_row(rail, "-", "-", "-")
    console.print(table)
    if any(one.differences for one in checked.values()):
        console.print(_differences(checked))
    for rail, error in silent.items():
        console.print(f"NOT ASKED: {rail}: {str(error) or type(error).__name__}", soft_wrap=True)


def _differences(checked: Mapping[str, Checked]) -> object:
    from rich.table import Table

    names = ("rail", "order", "class", "there", "here", "since", "code")
    table = Table(*names, title="Differ", title_justify="left")
    for rail, one in checked.items():
        for found in one.differences:
            table.add_row(
                rail,
                found.reference,
                found.match.value.replace("_", " "),
                _amount(found.theirs),
                _amount(found.ours),
                f"{found.since:%Y-%m-%d}",
                found.code,
            )
    for column in table.columns[3:5]:
        column.justify = "right"
    return table


def _amount(money: Money | None) -> str:
    return "nothing" if money is None else str(money)
