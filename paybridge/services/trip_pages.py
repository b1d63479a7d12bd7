"""What is told of a trip: the list, an expense, and a plan that says why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from paybridge.domain.facts import Fact, Facts, Who
from paybridge.domain.money import Money
from paybridge.domain.trip import Way
from paybridge.services.news import called

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.domain.trip import Balance, Debt, Entry, Expense
    from paybridge.services.trips import Outline

MOST_NAMES: Final = 4
MOST_LETTERS: Final = 40
"""Of a note or a name where many stand in one message, which Matrix lets be 64 KiB long."""
MOST_REASONS: Final = 60
"""Lines of a plan that say why: with more, nobody would read them."""

Names: TypeAlias = Mapping[str, str | None]


def title(outline: Outline) -> Facts:
    """Which trip it is."""
    name: tuple[Facts, ...] = ({"words": outline.name},) if outline.name else ()
    return {"name": name, "payment": outline.trip.id}


def people(outline: Outline, names: Names) -> Facts:
    """Who is in the trip."""
    everybody = tuple[Facts, ...]({"who": _who(one.mxid, names)} for one in outline.travellers)
    return {**title(outline), "currency": outline.trip.currency, "people": everybody}


def added(outline: Outline, entry: Entry, note: str, names: Names) -> Facts:
    """One expense, with everybody's part of it."""
    mxids = outline.mxids
    parts = sorted(entry.parts, key=lambda part: (part.paid.is_zero, mxids[part.person]))
    rows: list[Facts] = []
    for part in parts:
        odd: tuple[Facts, ...] = ({"odd": Money(1, part.owed.currency)},) if part.odd else ()
        rows.append(
            {
                "who": _who(mxids[part.person], names),
                "paid": _if(part.paid),
                "owed": ({"amount": part.owed, "odd": odd},) if part.owed.is_positive else (),
            }
        )
    return {**_expense(entry.expense, note), "parts": tuple(rows)}


def removed(outline: Outline, entry: Entry) -> Facts:
    """The expense that counts no more."""
    return _expense(entry.expense, (outline.notes or {}).get(entry.expense.id, ""))


def status(outline: Outline, names: Names) -> Facts:
    """Every expense that counts, and how everybody stands."""
    mxids = outline.mxids
    rows: list[Facts] = []
    for entry in outline.counted:
        payers = [mxids[part.person] for part in entry.parts if part.paid.is_positive]
        sharers = [mxids[part.person] for part in entry.parts if part.owed.is_positive]
        few = len(sharers) <= MOST_NAMES
        rows.append(
            {
                **_expense(entry.expense, (outline.notes or {}).get(entry.expense.id, "")[:MOST_LETTERS]),
                "payers": _list(payers, names),
                "sharers": ({"names": _list(sharers, names)},) if few else (),
                "many": () if few else ({"many": len(sharers)},),
            }
        )
    total = sum((entry.expense.amount for entry in outline.counted), Money.zero(outline.trip.currency))
    return {
        **title(outline),
        "expenses": tuple(rows),
        "total": total,
        "balances": _balances(outline, outline.balances, names),
    }


def plan(outline: Outline, names: Names) -> Facts:
    """Who owes whom how much and why, and, if that is fewer payments, how all could be settled at once."""
    pairs, net = outline.plan(Way.PAIRS), outline.plan(Way.NET)
    fewer: tuple[Facts, ...] = ()
    if len(net) < len(pairs):
        fewer = (
            {
                "count": len(net),
                "pairs": len(pairs),
                "payments": tuple(_debt(outline, debt, names) for debt in net),
                "balances": _balances(outline, outline.balances, names),
            },
        )
    explained = sum(len(debt.why) for debt in pairs) <= MOST_REASONS
    return {
        **title(outline),
        "debts": tuple(
            {**_debt(outline, debt, names), "why": _why(outline, debt) if explained else ()}
            for debt in pairs[:MOST_REASONS]
        ),
        "fewer": fewer,
    }


def _expense(expense: Expense, note: str) -> Facts:
    rate: tuple[Facts, ...] = ({"spent": expense.spent, "rate": expense.rate},) if expense.rate else ()
    return {
        "number": expense.number,
        "amount": expense.amount,
        "spent": rate,
        "note": ({"words": note},) if note else (),
    }


def _why(outline: Outline, debt: Debt) -> tuple[Facts, ...]:
    expenses = {entry.expense.number: entry.expense for entry in outline.entries}
    rows: list[Facts] = []
    for reason in debt.why:
        note = (outline.notes or {}).get(expenses[reason.number].id, "")[:MOST_LETTERS]
        less = reason.amount.is_negative
        rows.append(
            {
                "number": reason.number,
                "note": ({"words": note},) if note else (),
                "more": () if less else _if(reason.amount),
                "less": _if(-reason.amount) if less else (),
            }
        )
    return tuple(rows)


def _debt(outline: Outline, debt: Debt, names: Names) -> Mapping[str, Fact]:
    mxids = outline.mxids
    return {
        "debtor": _who(mxids[debt.debtor], names),
        "creditor": _who(mxids[debt.creditor], names),
        "amount": debt.amount,
    }


def _balances(outline: Outline, found: Sequence[Balance], names: Names) -> tuple[Facts, ...]:
    mxids = outline.mxids
    return tuple(
        {
            "who": _who(mxids[one.person], names),
            "paid": one.paid,
            "owed": one.owed,
            "gets": _if(one.left),
            "gives": _if(-one.left),
            "even": ({},) if one.left.is_zero else (),
        }
        for one in found
    )


def _if(amount: Money) -> tuple[Facts, ...]:
    return ({"amount": amount},) if amount.is_positive else ()


def _who(mxid: str, names: Names) -> Who:
    return Who(mxid, names.get(mxid))


def _list(mxids: Sequence[str], names: Names) -> str:
    return ", ".join(called(mxid, names)[:MOST_LETTERS] for mxid in sorted(mxids))
