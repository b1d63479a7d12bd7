"""The part of the audit that holds payments against the ledger: what they say happened was booked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from paybridge.storage.outside import Outside

_RESERVED: Final = frozenset({"reserved", "prepared", "executing", "unsure"})
_ALL_LEGS_SETTLED: Final = frozenset({"settled", "claimable", "claimed", "returned"})
_AT_THE_RAIL: Final = frozenset({"collect", "payout", "suspend"})
NOT_TWICE: Final = "not twice"
_MOVED: Final = frozenset({"settled", "reversed"})

_LEGS: Final = """
    SELECT leg.id, leg.kind, leg.state, leg.owner, leg.amount, leg.fee, leg.highest_fee, leg.currency,
        leg.to_person, leg.to_claim, leg.taken_back, transfer.refunded, transfer.id, transfer.state, EXISTS (
            SELECT 1 FROM leg AS other
            WHERE other.transfer = leg.transfer AND other.kind = 'collect'
                AND other.state IN ('reversed', 'settled')
        )
    FROM leg JOIN transfer ON transfer.id = leg.transfer ORDER BY leg.id
"""
_BOOKED: Final = """
    SELECT leg.id, journal.idem,
        CAST(sum(CASE WHEN entry.amount > 0 THEN entry.amount ELSE 0 END) AS BIGINT),
        CAST(sum(CASE WHEN account.kind = 'rail_clearing' THEN abs(entry.amount) ELSE 0 END) AS BIGINT)
    FROM leg
    JOIN journal ON journal.idem IN (
        leg.id || '/collect', leg.id || '/book', leg.id || '/hold', leg.id || '/release',
        leg.id || '/payout', leg.id || '/suspend', leg.id || '/reversal', leg.id || '/not twice',
        leg.id || '/assigned'
    )
    JOIN entry ON entry.journal = journal.id JOIN account ON account.id = entry.account
    GROUP BY leg.id, journal.id, journal.idem ORDER BY leg.id
"""
_REFUNDS: Final = """
    SELECT paid.id, paid.refunded, CAST(coalesce(sum(given.amount), 0) AS BIGINT), count(
        CASE WHEN given.payer <> paid.payee OR given.payee <> paid.payer OR given.currency <> paid.currency
        THEN 1 END
    )
    FROM transfer AS paid
    LEFT JOIN transfer AS given ON given.original = paid.id AND given.state IN ('approved', 'settled')
    WHERE paid.refunded > 0 OR given.id IS NOT NULL
    GROUP BY paid.id, paid.refunded ORDER BY paid.id
"""
_TORN: Final = """
    SELECT bundle FROM transfer WHERE bundle IS NOT NULL GROUP BY bundle
    HAVING count(CASE WHEN state IN ('drafted', 'awaiting_approval', 'expired') THEN 1 END)
        NOT IN (0, count(*))
    ORDER BY bundle
"""
_SHARED_OTHERWISE: Final = """
    SELECT split.id, split.amount, CAST(coalesce(sum(share.amount), 0) AS BIGINT), count(
        CASE WHEN request.amount <> share.amount OR request.asked <> share.person
            OR request.asker <> split.payer OR request.currency <> split.currency THEN 1 END
    )
    FROM split LEFT JOIN share ON share.split = split.id
    LEFT JOIN request ON request.id = share.request AND share.state = 'asked'
    GROUP BY split.id, split.amount ORDER BY split.id
"""
_TOLD_OTHERWISE: Final = """
    SELECT expense.id, expense.amount, CAST(coalesce(sum(expense_part.paid), 0) AS BIGINT),
        CAST(coalesce(sum(expense_part.owed), 0) AS BIGINT)
    FROM expense LEFT JOIN expense_part ON expense_part.expense = expense.id
    GROUP BY expense.id, expense.amount ORDER BY expense.id
"""
_ANSWERED_OTHERWISE: Final = """
    SELECT request.id, request.state, request.amount, request.flexible, request.paid,
        CAST(coalesce(sum(answer.amount), 0) - coalesce(max(invoice.tip), 0) AS BIGINT)
    FROM request LEFT JOIN invoice ON invoice.id = request.id
    LEFT JOIN transfer AS answer ON answer.request = request.id
        AND answer.state IN ('settled', 'claimable', 'claimed', 'returned', 'reversed')
    WHERE request.paid > 0 OR request.state = 'paid' OR answer.id IS NOT NULL
    GROUP BY request.id, request.state, request.amount, request.flexible, request.paid ORDER BY request.id
"""


def payment_problems(outside: Outside) -> Iterator[str]:
    """Every leg, transfer and account that does not agree with what was booked."""
    held: Counter[tuple[str, str]] = Counter()
    booked = groupby(outside.rows(_BOOKED), key=itemgetter(0))
    next_booked = next(booked, None)
    for row in outside.rows(_LEGS):
        leg = _Leg(*row)
        found: list[tuple[Any, ...]] = []
        # Both are in the order of the legs' ids.
        if next_booked is not None and next_booked[0] == leg.id:
            found = list(next_booked[1])
            next_booked = next(booked, None)
        yield from _booked_otherwise(leg, found)
        if leg.stands != "approved" and leg.state in _RESERVED:
            yield f"leg {leg.id}: is {leg.state} while transfer {leg.payment} is {leg.stands}"
        if leg.stands in _ALL_LEGS_SETTLED and leg.state != "settled":
            yield f"leg {leg.id}: is {leg.state} while transfer {leg.payment} is {leg.stands}"
        if leg.state == "reversed" and leg.stands != "reversed":
            yield f"leg {leg.id}: is reversed while transfer {leg.payment} is {leg.stands}"
        if leg.kind == "payout" and leg.state in _RESERVED:
            held[leg.owner, leg.currency] += leg.reserve
        if leg.stands == "approved" and leg.state == "settled" and leg.fed and leg.kind != "payout":
            held[leg.owner, leg.currency] += leg.amount if leg.kind == "collect" else -leg.amount - leg.fee
    yield from _transfers_without_legs(outside)
    yield from _reversed_without_reason(outside)
    yield from _refunded_otherwise(outside)
    for (bundle,) in outside.rows(_TORN):
        yield f"bundle {bundle}: some of its payments were approved and others were not"
    yield from _shared_otherwise(outside)
    yield from _told_otherwise(outside)
    yield from _answered_otherwise(outside)
    yield from _other_sums(outside, "held", held)
    yield from _other_sums(outside, "claimable", _claimable(outside))


@dataclass(frozen=True, slots=True)
class _Leg:
    """A row of `_LEGS`; amounts in minor units. `fed` says that a collect has brought the money in."""

    id: str
    kind: str
    state: str
    owner: str
    amount: int
    fee: int
    highest_fee: int
    currency: str
    to: str | None
    to_claim: int
    taken_back: int
    refunded: int
    payment: str
    stands: str
    fed: int

    @property
    def reserve(self) -> int:
        return self.amount + self.highest_fee

    @property
    def through_rail(self) -> int:
        """What goes over our account at the rail when it settles."""
        return self.amount + self.fee if self.kind == "payout" else self.amount

    @property
    def had_twice(self) -> int:
        """What the payer would have twice: refunded in our books, and taken back past them."""
        return max(self.refunded + self.taken_back - self.amount, 0) if self.kind == "direct" else 0

    @property
    def moves_nothing(self) -> bool:
        return self.kind == "book" and self.to == self.owner and not self.to_claim and not self.fed


def _expected(leg: _Leg) -> Mapping[str, int]:
    """The journals that a leg must have by now, and how much each moves; a reversal, how much at the rail.

    A direct leg has none: its money went past our books.
    """
    expected: dict[str, int] = {}
    if leg.kind == "payout" and (leg.state in _RESERVED | _MOVED | {"refused", "suspended"}):
        expected["hold"] = leg.reserve
    if leg.kind == "payout" and leg.state in {"refused", "suspended"}:
        expected["release"] = leg.reserve
    if leg.kind == "payout" and leg.state in _MOVED:
        expected["payout"] = leg.reserve
    if leg.kind == "collect" and leg.state in _MOVED:
        expected["collect"] = leg.amount
    if leg.kind == "book" and leg.state == "settled" and not leg.moves_nothing:
        expected["book"] = leg.amount + leg.fee
    if leg.state == "suspended" and leg.kind != "direct":
        expected["suspend"] = leg.through_rail
    if leg.state == "reversed" and leg.kind != "direct":
        expected["reversal"] = leg.taken_back
    return expected


def _booked_otherwise(leg: _Leg, found: list[tuple[Any, ...]]) -> Iterator[str]:
    booked = {}
    for _, idem, moved, cleared in found:
        name = idem.removeprefix(f"{leg.id}/")
        # Where unclaimed money is taken back in part, the rest moves too: what counts is the rail's side.
        booked[name] = cleared if name == "reversal" else moved
        if name in _AT_THE_RAIL and cleared != leg.through_rail:
            yield f"journal {idem}: {cleared} went through the rail, the leg says {leg.through_rail}"
    # As much as the payer still had: the ledger's own rules bound it from the other side.
    if booked.pop(NOT_TWICE, 0) > leg.had_twice:
        yield f"leg {leg.id}: its journal {NOT_TWICE} moves more than the payer had twice"
    # What lay in suspense is given to somebody as a whole, once somebody has decided to whom.
    if (assigned := booked.pop("assigned", None)) is not None and (
        leg.state != "suspended" or assigned != leg.through_rail
    ):
        yield f"leg {leg.id}: its journal assigned moves {assigned}, and {leg.through_rail} lay in suspense"
    expected = _expected(leg)
    for name in sorted(expected.keys() | booked.keys()):
        if booked.get(name) != expected.get(name):
            yield (
                f"leg {leg.id}: its journal {name} should move {expected.get(name, 'nothing')}"
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


def _reversed_without_reason(outside: Outside) -> Iterator[str]:
    rows = outside.rows(
        "SELECT id FROM transfer WHERE state = 'reversed' AND NOT EXISTS ("
        "SELECT 1 FROM leg WHERE leg.transfer = transfer.id AND leg.state = 'reversed') ORDER BY id"
    )
    for (transfer,) in rows:
        yield f"transfer {transfer}: is reversed and none of its legs is"


def _refunded_otherwise(outside: Outside) -> Iterator[str]:
    rows = outside.rows(_REFUNDS)
    for transfer, counted, given, strange in rows:
        if counted != given:
            yield f"transfer {transfer}: says that {counted} was refunded, and its refunds sum to {given}"
        if strange:
            yield f"transfer {transfer}: was refunded by or to somebody else"


def _shared_otherwise(outside: Outside) -> Iterator[str]:
    for split, amount, shared, strange in outside.rows(_SHARED_OTHERWISE):
        if amount != shared:
            yield f"split {split}: is of {amount}, and its shares sum to {shared}"
        if strange:
            yield f"split {split}: somebody is asked for something else than their share"


def _told_otherwise(outside: Outside) -> Iterator[str]:
    for expense, amount, paid, owed in outside.rows(_TOLD_OTHERWISE):
        if not amount == paid == owed:
            yield f"expense {expense}: is of {amount}, and its parts sum to {paid} paid and {owed} carried"


def _answered_otherwise(outside: Outside) -> Iterator[str]:
    for request, state, amount, flexible, paid, given in outside.rows(_ANSWERED_OTHERWISE):
        if paid != given:
            yield f"request {request}: says that {paid} was paid, and its payments sum to {given}"
        if (state == "paid") != (paid > 0 if flexible else paid == amount):
            yield f"request {request}: is {state}, and {paid} of {amount} was paid"


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
