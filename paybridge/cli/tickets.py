"""`paybridge ticket`: codes of tickets are looked at without the bot and its books."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from paybridge.cli._frame import Mistake
from paybridge.cli.receipts import key_to_check_with

ticket = typer.Typer(help="Tickets at a door without a connection.", no_args_is_help=True)


@ticket.callback()
def tickets() -> None:
    """Look at tickets where the bot cannot be asked."""


@ticket.command()
def check(
    codes: Annotated[list[str], typer.Argument(help="Codes; - reads them from standard input, one a line.")],
    *,
    key: Annotated[str | None, typer.Option("--key", help="The house's key, 64 hex digits.")] = None,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Instead: the config of the house whose key it is.")
    ] = None,
    event: Annotated[
        str | None, typer.Option("--event", help="Only for the event with this id, EV-...")
    ] = None,
) -> None:
    """Check the signature of each code, and that none comes twice; 1 if one is not good."""
    from paybridge.domain.ticket_code import NotATicketError, read_gig_id, read_ticket_code
    from paybridge.vault import is_signed

    wanted = bytes.fromhex(key_to_check_with(key, config))
    only = None if event is None else read_gig_id(event)
    if event is not None and only is None:
        raise Mistake("--event: an event's id is EV- and eight letters")
    seen: set[str] = set()
    bad = 0
    for line in _lines(codes):
        try:
            code = read_ticket_code(line)
        except NotATicketError:
            code = None
        if code is None or not is_signed(wanted, code.text.encode(), code.signature):
            verdict = f"NOT GENUINE: {line[:40]}"
        elif only is not None and code.gig != only:
            verdict = f"ANOTHER EVENT: {code.ticket} is for {code.gig}"
        elif code.ticket in seen:
            verdict = f"TWICE: {code.ticket}"
        else:
            seen.add(code.ticket)
            typer.echo(f"genuine: {code.ticket} for {code.gig}")
            continue
        bad += 1
        typer.echo(verdict)
    if bad:
        raise typer.Exit(1)


def _lines(codes: list[str]) -> list[str]:
    """The codes; of a table, the first column."""
    if codes != ["-"]:
        return codes
    lines = sys.stdin.read().splitlines()
    return [word for line in lines if (word := line.split(",")[0].strip(' "\t'))]
