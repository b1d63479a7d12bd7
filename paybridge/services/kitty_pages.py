"""What is told of a kitty: the purse, a proposal, and the statement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from paybridge.domain.facts import Fact, Facts, Who
from paybridge.domain.kitty import ProposalKind, counted, needed, put_in
from paybridge.domain.money import Money
from paybridge.domain.transfer import TransferState
from paybridge.services.news import called

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.domain.kitty import Assent, Proposal
    from paybridge.domain.transfer import Transfer
    from paybridge.services.kitties import Purse

Names: TypeAlias = Mapping[str, str | None]
MOVED: Final = frozenset(
    {
        TransferState.SETTLED,
        TransferState.CLAIMABLE,
        TransferState.CLAIMED,
        TransferState.RETURNED,
        TransferState.REVERSED,
    }
)
"""Payments that a statement tells of; of those that came back, that too."""
MOST_LINES: Final = 30
_BACK: Final = frozenset({TransferState.RETURNED, TransferState.REVERSED})
_THERE: Final[tuple[Facts, ...]] = ({},)


def title(purse: Purse) -> Facts:
    """Which kitty it is, and how many must approve."""
    return {
        "name": purse.name,
        "kitty": purse.kitty.id,
        "needs": purse.kitty.needs,
        "of": len(purse.treasurers),
        "treasurers": tuple(
            {"who": who(one.mxid, purse.room.members), "away": () if one.person in purse.fit else _THERE}
            for one in purse.treasurers
        ),
        "currency": purse.kitty.currency,
    }


def status(purse: Purse, assents: Mapping[str, Sequence[Assent]]) -> Facts:
    """The purse as everybody in the room may see it, with what waits (`assents` by proposal)."""
    waiting = tuple(
        {**_wanted(one, purse.room.members), "code": one.code, **_approvals(purse, one, assents[one.id])}
        for one in purse.proposals
    )
    return {**title(purse), "balance": purse.balance, "waiting": ({"proposals": waiting},) if waiting else ()}


def proposal(purse: Purse, one: Proposal, note: str, assents: Sequence[Assent]) -> Facts:
    """What is proposed, by whom, and who has approved it so far."""
    return {
        "name": purse.name,
        "payment": one.id,
        "by": who(one.by_mxid, purse.room.members),
        "until": one.expires,
        "note": ({"words": note},) if note else (),
        **_wanted(one, purse.room.members),
        **_approvals(purse, one, assents),
    }


def who(mxid: str, names: Names) -> Who:
    return Who(mxid, names.get(mxid))


def _wanted(one: Proposal, names: Names) -> Facts:
    """One row under the name of what is wanted, and none under the others."""
    someone: dict[str, Fact] = {"who": who(one.mxid, names)} if one.mxid else {}
    if one.amount is not None:
        someone["amount"] = one.amount
    if one.needs is not None:
        someone["number"] = one.needs
    return {kind.value: (someone,) if kind is one.kind else () for kind in ProposalKind}


def _approvals(purse: Purse, one: Proposal, assents: Sequence[Assent]) -> Facts:
    count = counted(assents, purse.fit)
    names = ", ".join(called(each.mxid, purse.room.members) for each in count)
    return {
        "have": len(count),
        "needed": needed(purse.kitty, one.kind, len(purse.fit)),
        "approved": ({"names": names},) if names else (),
    }


def closed(purse: Purse, parts: Sequence[tuple[str, Money]]) -> Facts:
    """Who (Matrix id) got how much back."""
    rows = tuple[Facts, ...]({"who": who(mxid, purse.room.members), "amount": part} for mxid, part in parts)
    return {"name": purse.name, "kitty": purse.kitty.id, "parts": rows}


def statement(
    purse: Purse,
    moved: Sequence[Transfer],
    notes: Mapping[str, str],
    approved: Mapping[str, Sequence[Assent]],
) -> Facts:
    """The newest of what was put in and paid, oldest first, what each put in by all, and what is left.

    `notes` and who `approved` are by the payment's id.
    """
    names, kitty = purse.room.members, purse.kitty
    rows: list[Facts] = []
    for one in moved[-MOST_LINES:]:
        into = one.payee == kitty.id
        words = notes.get(one.id, "")
        by = ", ".join(called(each.mxid, names) for each in approved.get(one.id, ()))
        rows.append(
            {
                "at": (one.approved or one.created).date(),
                "amount": one.amount,
                "payment": one.id,
                "put": ({"who": who(one.payer_mxid, names)},) if into else (),
                "paid": () if into else ({"who": who(one.payee_mxid, names)},),
                "note": ({"words": words},) if words else (),
                "by": ({"names": by},) if by else (),
                "back": _THERE if one.state in _BACK else (),
            }
        )
    put = put_in(moved, kitty.id)
    latest = {one.payer: one.payer_mxid for one in moved if one.payee == kitty.id}
    sums = tuple[Facts, ...](
        {"who": who(latest[person], names), "amount": Money(minor, kitty.currency)}
        for person, minor in put.items()
    )
    earlier = len(moved) - len(rows)
    return {
        "name": purse.name,
        "kitty": kitty.id,
        "balance": purse.balance,
        "earlier": ({"count": earlier},) if earlier else (),
        "moved": tuple(rows),
        "sums": ({"people": sums},) if sums else (),
    }
