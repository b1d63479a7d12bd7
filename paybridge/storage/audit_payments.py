"""The part of the audit that holds payments against the ledger: what they say happened was booked."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from paybridge.storage.outside import Outside

_RESERVED: Final = frozenset({"reserved", "prepared", "executing", "unsure"})
_ALL_LEGS_SETTLED: Final = frozenset({"settled", "claimable", "claimed", "returned"})

_LEGS: Final = """
    SELECT leg.id, leg.kind, leg.state, leg.owner, leg.amount, leg.fee, leg.highest_fee, leg.currency,
        leg.to_person, leg.to_claim, transfer.id, transfer.state, EXISTS (
            SELECT 1 FROM leg AS other
            WHERE other.transfer = leg.transfer AND other.kind = 'collect' AND other.state = 'settled'
        )
    FROM leg JOIN transfer ON transfer.id = leg.transfer ORDER BY leg.id
"""
_BOOKED: Final = """
    SELECT leg.id, journal.idem,
        CAST(sum(CASE WHEN entry.amount > 0 THEN entry.amount ELSE 0 END) AS BIGINT),
        CAST(sum(CASE WHEN account.kind = 'rail_clearing' THEN abs(entry.amount) ELSE 0 END) AS BIGINT)
    FROM leg
    JOIN journal ON journal.idem IN (
        leg.id || '/collect', leg.id || '/book', leg.id || '/hold', leg.id || '/release', leg.id || '/payout'
    )
    JOIN entry ON entry.journal = journal.id JOIN account ON account.id = entry.account
    GROUP BY leg.id, journal.id, journal.idem ORDER BY leg.id
"""


def payment_problems(outside: Outside) -> Iterator[str]:
    """Every leg, transfer and account that does not agree with what was booked."""
    held: Counter[tuple[str, str]] = Counter()
    booked = groupby(outside.rows(_BOOKED), key=itemgetter(0))
    next_booked = next(booked, None)
    for row in outside.rows(_LEGS):
        leg, kind, state, owner, amount, fee, highest_fee, currency, to, to_claim, payment, stands, fed = row
        reserve = amount + highest_fee
        nothing_to_move = kind == "book" and to == owner and not to_claim and not fed
        expected = {} if nothing_to_move else _expected(kind, state, amount, reserve)
        found: list[tuple[Any, ...]] = []
        # Both are in the order of the legs' ids.
        if next_booked is not None and next_booked[0] == leg:
            found = list(next_booked[1])
            next_booked = next(booked, None)
        yield from _booked_otherwise(leg, expected, found, amount + fee if kind == "payout" else amount)
        if stands != "approved" and state in _RESERVED:
            yield f"leg {leg}: is {state} while transfer {payment} is {stands}"
        if stands in _ALL_LEGS_SETTLED and state != "settled":
            yield f"leg {leg}: is {state} while transfer {payment} is {stands}"
        if kind == "payout" and state in _RESERVED:
            held[owner, currency] += reserve
        if stands == "approved" and state == "settled" and fed and kind != "payout":
            held[owner, currency] += amount if kind == "collect" else -amount
    yield from _transfers_without_legs(outside)
    yield from _other_sums(outside, "held", held)
    yield from _other_sums(outside, "claimable", _claimable(outside))


def _expected(kind: str, state: str, amount: int, reserve: int) -> Mapping[str, int]:
    """The journals that a leg must have by now, and how much each moves."""
    match kind, state:
        case "collect", "settled":
            return {"collect": amount}
        case "book", "settled":
            return {"book": amount}
        case "payout", "settled":
            return {"hold": reserve, "payout": reserve}
        case "payout", "refused":
            return {"hold": reserve, "release": reserve}
        case "payout", _ if state in _RESERVED:
            return {"hold": reserve}
        case _:
            return {}


def _booked_otherwise(
    leg: str, expected: Mapping[str, int], found: list[tuple[Any, ...]], through_rail: int
) -> Iterator[str]:
    booked = {}
    for _, idem, moved, cleared in found:
        name = idem.removeprefix(f"{leg}/")
        booked[name] = moved
        if name in {"collect", "payout"} and cleared != through_rail:
            yield f"journal {idem}: {cleared} went through the rail, the leg says {through_rail}"
    for name in sorted(expected.keys() | booked.keys()):
        if booked.get(name) != expected.get(name):
            yield (
                f"leg {leg}: its journal {name} should move {expected.get(name, 'nothing')}"
                f" and moves {booked.get(name, 'nothing')}"
            )


def _transfers_without_legs(outside: Outside) -> Iterator[str]:
    marks = ", ".join("?" for _ in _ALL_LEGS_SETTLED)
    rows = outside.rows(
        f"SELECT id, state FROM transfer WHERE state IN ({marks})"  # noqa: S608 - question marks only
        " AND NOT EXISTS (SELECT 1 FROM leg WHERE leg.transfer = transfer.id) ORDER BY id",
        *sorted(_ALL_LEGS_SETTLED),
    )
    for transfer, state in rows:
        yield f"transfer {transfer}: is {state} and has no leg"


def _claimable(outside: Outside) -> Counter[tuple[str, str]]:
    rows = outside.rows(
        "SELECT payee, currency, CAST(sum(amount) AS BIGINT) FROM transfer"
        " WHERE state = 'claimable' GROUP BY payee, currency"
    )
    return Counter({(payee, currency): total for payee, currency, total in rows})


def _other_sums(outside: Outside, kind: str, expected: Counter[tuple[str, str]]) -> Iterator[str]:
    rows = outside.rows("SELECT owner, currency, balance FROM account WHERE kind = ?", kind)
    found = Counter({(owner, currency): balance for owner, currency, balance in rows})
    for owner, currency in sorted(expected.keys() | found.keys()):
        if expected[owner, currency] != found[owner, currency]:
            yield (
                f"account {kind} of {owner} in {currency}: holds {found[owner, currency]},"
                f" the payments say {expected[owner, currency]}"
            )
