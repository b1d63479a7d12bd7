"""The rows of a card that are there or not: as texts fill them in, each by a sentence of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.services.ports import PayeeMatch

if TYPE_CHECKING:
    from paybridge.domain.facts import Facts
    from paybridge.domain.transfer import Transfer
    from paybridge.services.holders import Holder


def page(link: str | None) -> tuple[Facts, ...]:
    """The row with the link to the card's page, if there is one."""
    return ({"link": link},) if link else ()


def tail(masked: str) -> str:
    """The little of an account that a room may see: two figures, or the bank of an address."""
    shown = masked.rpartition("•")[2].strip()
    return shown if shown.startswith("@") else shown[-2:]


def straight(transfer: Transfer, holder: Holder | None) -> Facts:
    """The row that says that the payee's account is paid, and what its bank says of its holder: no names."""
    said = {
        PayeeMatch.MATCH: "straight_named",
        PayeeMatch.CLOSE: "straight_close",
        PayeeMatch.NONE: "straight_other",
        PayeeMatch.NOT_POSSIBLE: "straight_unchecked",
    }
    chosen = said[PayeeMatch.NOT_POSSIBLE if holder is None else holder.match]
    return {row: ({},) if transfer.is_direct and row == chosen else () for row in said.values()}
