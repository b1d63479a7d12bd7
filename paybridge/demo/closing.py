"""How the demo ends: the ledger is audited, and both banks' statements are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from paybridge.demo.program import ProgramError
from paybridge.demo.story import ALICES_IBAN, BOBS_IBAN
from paybridge.domain.money import Money

if TYPE_CHECKING:
    from rich.console import Console

    from paybridge.demo.stage import Stage


async def show_the_books(console: Console, stage: Stage) -> None:
    """Print the audit and the statements, or raise `ProgramError` if the books are wrong."""
    for name, iban in (("Alice", ALICES_IBAN), ("Bob", BOBS_IBAN)):
        await _show_statement(console, stage, name, iban)
    audited = await stage.audit()
    console.print("\n[bold]The ledger's audit[/bold]  (paybridge audit)")
    console.print(audited.output.rstrip(), markup=False)
    if not audited.passed:
        raise ProgramError("the audit found problems")


async def _show_statement(console: Console, stage: Stage, name: str, iban: str) -> None:
    statement = await stage.statement(iban)
    currency = str(statement["currency"])
    table = Table(title=f"{name}'s bank statement, {iban}", title_justify="left", title_style="bold")
    table.add_column("Text", overflow="fold")
    table.add_column("Amount", justify="right")
    table.add_column("Balance", justify="right")
    for entry in statement["entries"]:
        amounts = (Money(int(entry[key]), currency).plain() for key in ("amount", "balance_after"))
        table.add_row(str(entry["text"]), *amounts)
    console.print()
    console.print(table)
