"""`paybridge audit` and `paybridge export`: what others can prove about the books, read-only."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, TextIO

import typer

from paybridge.cli._frame import NOT_ASKED, ConfigFile, Mistake, books_at, load, told

if TYPE_CHECKING:
    from paybridge.app.statements import Reconciled
    from paybridge.config import Config
    from paybridge.domain.money import Money
    from paybridge.storage.audit import AuditReport


DAY: Final = "%Y-%m-%d"
HASH: Final = re.compile("[0-9a-f]{64}")


def audit(
    config: ConfigFile,
    *,
    rails: Annotated[
        bool, typer.Option("--rails/--no-rails", help="Compare with the statements of the rails.")
    ] = True,
    head: Annotated[
        str | None,
        typer.Option("--head", metavar="HASH", help="A last hash of before, which must still be there."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Say it as one JSON object, for programs.")] = False,
) -> None:
    """Prove the books from outside, read-only; 1 if anything is wrong, 3 if a rail could not be asked."""
    from paybridge.storage.audit import audit as audit_books
    from paybridge.storage.errors import DatabaseError

    loaded = load(config)
    if head is not None and not HASH.fullmatch(head):
        raise Mistake("--head: a hash is 64 hex digits")
    with told(DatabaseError):
        report = audit_books(books_at(loaded), head=head)
        compared = _compared(loaded) if rails else None
    problems = (*report.problems, *(compared.problems if compared is not None else ()))
    if as_json:
        typer.echo(json.dumps(_as_json(report, compared, problems), indent=2))
    else:
        _print(report, compared, problems)
    if problems:
        raise typer.Exit(1)
    if compared is not None and compared.silent:
        raise typer.Exit(NOT_ASKED)


def _compared(config: Config) -> Reconciled:
    from paybridge.app.statements import reconcile
    from paybridge.storage.rail_legs import rail_books

    return reconcile(config, lambda: rail_books(config.database.url))


def export_books(
    config: ConfigFile,
    *,
    form: Annotated[
        Literal["beancount", "hledger", "csv"], typer.Option("--format", "-f", help="For which program.")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; left out: standard output.")
    ] = None,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=[DAY], help="First day, in UTC; else the very first.")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=[DAY], help="Last day, in UTC; else until now.")
    ] = None,
) -> None:
    """Write the books for another bookkeeping program; the bot may be running."""
    from paybridge.storage.errors import DatabaseError
    from paybridge.storage.export import Period, export

    if first is not None and last is not None and first > last:
        raise Mistake("--from: is a later day than --to")
    period = Period(first and first.date(), last and last.date())
    with told(DatabaseError):
        lines = export(books_at(load(config)), form, period)
        if output is None:
            for line in lines:
                typer.echo(line)
            return
        with told(OSError), _whole(output) as file:
            file.writelines(f"{line}\n" for line in lines)
    typer.echo(f"Wrote {output}.")


@contextmanager
def _whole(path: Path) -> Iterator[TextIO]:
    """A file for its owner's eyes only that appears once it is complete, or not at all."""
    unfinished = path.with_name(f".{path.name}.new")
    opened = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(opened, "w", encoding="utf-8") as file:
            yield file
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _print(report: AuditReport, compared: Reconciled | None, problems: Sequence[str]) -> None:
    from rich.console import Console
    from rich.table import Table

    from paybridge.domain.money import Money

    table = Table("account", "sum", title="All accounts", title_justify="left")
    table.columns[1].justify = "right"
    for (kind, currency), minor in sorted(report.totals.items()):
        table.add_row(kind, str(Money(minor, currency)))
    for (rail, currency), minor in sorted(report.clearing.items()):
        table.add_row(f"held by {rail}", str(Money(-minor, currency)))
    for one in compared.balances if compared is not None else ():
        if not (one.there.is_zero and one.here.is_zero):
            table.add_row(f"held by {one.rail}, says {one.rail}", str(one.there))
    console = Console(highlight=False, markup=False)
    console.print(table)
    console.print(f"{report.journals} journals, {report.entries} entries, {report.accounts} accounts")
    console.print(f"last hash {report.head}", soft_wrap=True)
    for problem in problems:
        console.print(f"WRONG: {problem}", soft_wrap=True)
    console.print(f"{len(problems)} problems" if problems else "The books are sound.")
    for rail, why in compared.silent.items() if compared is not None else ():
        console.print(f"NOT ASKED: {rail}: {why}", soft_wrap=True)


def _as_json(report: AuditReport, compared: Reconciled | None, problems: Sequence[str]) -> object:
    """The shape that docs/commandline.md promises; amounts are in minor units."""
    told: dict[str, object] = {
        "version": 1,
        "sound": not problems,
        "problems": list(problems),
        "journals": report.journals,
        "entries": report.entries,
        "accounts": report.accounts,
        "head": report.head,
        "totals": [
            {"kind": kind, "currency": currency, "minor": minor}
            for (kind, currency), minor in sorted(report.totals.items())
        ],
        "held_by_rails": [
            {"rail": rail, "currency": currency, "minor": -minor}
            for (rail, currency), minor in sorted(report.clearing.items())
        ],
    }
    if compared is None:
        return told
    return told | {
        "differences": [
            {
                "rail": rail,
                "order": one.reference,
                "class": one.match.value,
                "there": _minor(one.theirs),
                "here": _minor(one.ours),
                "lines": list(one.lines),
            }
            for rail, found in compared.differences.items()
            for one in found
        ],
        "balances": [
            {
                "rail": one.rail,
                "there": _minor(one.there),
                "here": _minor(one.here),
                "explained": _minor(one.explained),
                "agrees": one.agrees,
            }
            for one in compared.balances
        ],
        "not_asked": [{"rail": rail, "why": why} for rail, why in compared.silent.items()],
    }


def _minor(money: Money | None) -> object:
    return None if money is None else {"currency": money.currency, "minor": money.minor}
