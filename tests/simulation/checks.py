"""What must hold after every commit and when everything has settled; looked up in the bare tables."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from paybridge.services.ports import AlreadyDoneError
from paybridge.services.reconciliation import Match, compare
from paybridge.storage.audit import audit
from paybridge.storage.rows import leg_of
from paybridge.storage.works import Failed, FinishLetter, WriteStep
from tests.simulation.rail import Stage
from tests.simulation.violations import ViolationError
from tests.simulation.wealth import elsewhere_than_due

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence
    from typing import Any

    from paybridge.domain.leg import Leg
    from paybridge.services.ports import Post, Step
    from paybridge.services.says import Say
    from paybridge.storage.works import Answer, Work
    from tests.simulation.rail import Bank

_NEVER_NEGATIVE: Final = frozenset({"person", "held", "claimable", "fee"})
_ACCOUNTS: Final = "SELECT id, owner, kind, currency, balance, floor FROM account"
_HOLDS: Final = """
    SELECT account.owner, account.balance, coalesce((
        SELECT sum(leg.amount + leg.highest_fee) FROM leg JOIN transfer ON transfer.id = leg.transfer
        WHERE leg.owner = account.owner AND leg.currency = account.currency AND leg.kind = 'payout'
            AND leg.state IN ('reserved', 'prepared', 'executing', 'unsure')
            AND transfer.state = 'approved'
    ), 0) AS due
    FROM account WHERE account.kind = 'held' AND account.balance <> due
"""
_LATELY: Final = """
    SELECT journal, account, currency, amount, balance_after FROM entry WHERE journal > ?
    ORDER BY journal, line
"""
_REFUNDS: Final = """
    SELECT paid.id, paid.amount, paid.refunded, coalesce((
        SELECT sum(given.amount) FROM transfer AS given
        WHERE given.original = paid.id AND given.state = 'settled'
    ), 0) AS back
    FROM transfer AS paid WHERE paid.refunded <> back OR back > paid.amount
"""
_LEFT: Final = """
    SELECT balance_after FROM entry WHERE balance_after > 0 AND (account, version) = (
        SELECT account.id, max(entry.version) FROM entry JOIN account ON account.id = entry.account
        WHERE account.owner = ? AND account.kind = 'person' AND entry.journal <= ?
    )
"""
_SUSPENDED: Final = """
    SELECT coalesce(sum(CASE kind WHEN 'collect' THEN amount ELSE -(amount + fee) END), 0)
    FROM leg WHERE state = 'suspended'
"""
_LEGS: Final = """
    SELECT leg.id, leg.state, leg.amount, leg.fee, leg.taken_back, leg.kind, transfer.state
    FROM leg JOIN transfer ON transfer.id = leg.transfer WHERE leg.rail = 'bank'
"""
_MOVED: Final = frozenset({"settled", "reversed", "suspended"})
_STARTED: Final = """
    SELECT id, state FROM transfer WHERE state = 'approved' OR (state = 'awaiting_approval' AND expires < ?)
"""


class Checks:
    """Follows one database. `before` and `after` stand around every commit."""

    def __init__(self, connection: sqlite3.Connection, unseal: Callable[[Post], Say]) -> None:
        self._connection = connection
        self._unseal = unseal
        self._journal: int = self._one("SELECT coalesce(max(id), 0) FROM journal")
        rows = connection.execute("SELECT id, balance FROM account")
        self._balances: Counter[int] = Counter(dict(rows))
        self._was: set[tuple[str, str]] = set()
        self.answers: Counter[str] = Counter()
        """How often each event was answered."""
        self.said: Counter[str] = Counter()
        """How many posts each event led to."""
        self.quietly: set[str] = set()
        """Events that were done without a step: what there was to say had been said."""

    def before(self, works: Sequence[Work]) -> None:
        """Note what a refused step would have in common with what is there already."""
        self._was = {mark for work in works if isinstance(work, WriteStep) for mark in self._marks(work.step)}

    def after(self, works: Sequence[Work], outcomes: Sequence[Answer | Failed]) -> None:
        """Look at what has been committed."""
        moved = False
        taken: set[tuple[str, str]] = set()
        for work, outcome in zip(works, outcomes, strict=True):
            if isinstance(work, FinishLetter):
                self.quietly.add(work.event)
            if isinstance(work, WriteStep) and not isinstance(outcome, Failed):
                moved = moved or bool(work.step.records or work.step.journals)
                taken |= _named(work.step)
                self._count(work.step)
        for work, outcome in zip(works, outcomes, strict=True):
            if isinstance(work, WriteStep) and isinstance(outcome, Failed):
                self._left_no_trace(work.step, outcome, taken)
        if moved:
            self._sums()

    def _count(self, step: Step) -> None:
        for event in step.done:
            self.answers[event] += 1
            self.said[event] += len(step.posts)
        if step.done and (step.journals or step.records):
            for post in step.posts:
                say = self._unseal(post)
                if say.key.startswith("error."):
                    raise ViolationError(f"refused with an effect: {say.key}")

    def _marks(self, step: Step) -> set[tuple[str, str]]:
        """What of this step is in the database."""
        return {mark for mark in _named(step) if self._is_there(*mark)}

    def _is_there(self, kind: str, name: str) -> bool:
        question = {
            "post": "SELECT 1 FROM post WHERE id = ?",
            "journal": "SELECT 1 FROM journal WHERE idem = ?",
            "done": "SELECT 1 FROM letter WHERE event = ? AND done = 1",
        }[kind]
        return self._connection.execute(question, (name,)).fetchone() is not None

    def _left_no_trace(self, step: Step, outcome: Failed, taken: set[tuple[str, str]]) -> None:
        left = self._marks(step) - self._was - taken
        if left:
            raise ViolationError(f"a refused step ({outcome.error!r}) left {sorted(left)}")
        if isinstance(outcome.error, AlreadyDoneError) and not self._marks(step):
            raise ViolationError("a step is refused as done, and nothing of it is")

    def _sums(self) -> None:
        wrong = [
            f"{held} is held of {owner}, and live transfers account for {due}"
            for owner, held, due in self._rows(_HOLDS)
        ]
        accounts = self._rows(_ACCOUNTS)
        owed = {account: owner for account, owner, kind, *_ in accounts if kind == "receivable"}
        owing: list[tuple[str, int]] = []
        per_journal: Counter[tuple[int, str]] = Counter()
        for journal, account, currency, amount, left in self._rows(_LATELY, self._journal):
            self._journal = journal
            per_journal[journal, currency] += amount
            self._balances[account] += amount
            if self._balances[account] != left:
                wrong.append(f"entries of account {account} sum to {self._balances[account]}, not {left}")
            if account in owed:
                owing.append((owed[account], journal))
        wrong += [f"journal {journal} does not balance" for (journal, _), sum_ in per_journal.items() if sum_]
        sums: Counter[str] = Counter()
        suspended = self._one(_SUSPENDED)
        for account, owner, kind, currency, balance, floor in accounts:
            sums[currency] += balance
            if balance < 0 and (floor is not None or kind in _NEVER_NEGATIVE):
                wrong.append(f"{kind} of {owner} is below its floor: {balance}")
            if kind == "receivable" and balance > 0:
                wrong.append(f"{owner} is owed {balance}")
            if kind == "suspense":
                suspended -= balance
            if balance != self._balances[account]:
                told = f"account {account} has {balance}"
                wrong.append(f"{told}, its entries sum to {self._balances[account]}")
        wrong += [f"{currency} sums to {total}" for currency, total in sums.items() if total]
        wrong += [f"suspense is off by {suspended}"] if suspended else []
        wrong += [
            f"{owner} owes although {left} was left to them"
            for owner, journal in owing
            for (left,) in self._rows(_LEFT, owner, journal)
        ]
        wrong += [
            f"{back} of {amount} of {payment} was refunded, and it says {refunded}"
            for payment, amount, refunded, back in self._rows(_REFUNDS)
        ]
        if wrong:
            raise ViolationError("; ".join(wrong))

    # ---------------------------------------------------------------- in the end

    def open_work(self, now: int) -> list[str]:
        """What has not settled yet; `now` in microseconds."""
        letters = self._rows("SELECT event FROM letter WHERE done = 0")
        posts = self._rows("SELECT id FROM post WHERE state = 'waiting'")
        asked = self._rows("SELECT id FROM leg WHERE due IS NOT NULL AND state IN ('settled', 'refused')")
        return [
            *(f"letter {event}" for (event,) in letters),
            *(f"post {post}" for (post,) in posts),
            *(f"leg {leg} is asked about" for (leg,) in asked),
            *(f"transfer {name} is {state}" for name, state in self._rows(_STARTED, now)),
        ]

    def books_agree(self, bank: Bank) -> None:
        """Every leg ended as the bank's truth says, and the bank holds what the books say that it does."""
        wrong = []
        for leg, state, amount, fee, back, kind, transfer in self._rows(_LEGS):
            kept = bank.orders.get(leg)
            moved, taken_back = bank.effects(leg), 0 if kept is None else kept.taken_back
            if state == "refused" and taken_back == amount:
                continue  # it came and went before we knew of it
            if moved != (state in _MOVED) or taken_back != back or bool(back) != (state == "reversed"):
                wrong.append(
                    f"leg {leg} of a {transfer} transfer is {state} less {back}, the bank moved money"
                    f" {moved} times and took back {taken_back}"
                )
            elif moved and (kept is None or kept.order.amount.minor != amount):
                wrong.append(f"leg {leg}: other amounts")
            elif moved and kept is not None and kind == "payout" and fee != kept.fee:
                wrong.append(f"leg {leg}: other fees")
        wrong += elsewhere_than_due(self._connection)
        wrong += [
            f"the bank's statement does not match: {compared}"
            for compared in compare(self._legs_at_the_bank(), bank.moved)
            if compared.match is not Match.MATCHED
        ]
        holds = sum(line.amount.minor for line in bank.moved)
        booked = self._one("SELECT coalesce(sum(balance), 0) FROM account WHERE kind = 'rail_clearing'")
        if holds != -booked:
            wrong.append(f"the bank holds {holds} for us, and the books say {-booked}")
        wrong += [
            f"{reference} is pending for ever"
            for reference, kept in bank.orders.items()
            if kept.stage is Stage.PENDING
        ]
        if wrong:
            raise ViolationError("; ".join(wrong))

    def _legs_at_the_bank(self) -> list[Leg]:
        found = self._connection.execute("SELECT * FROM leg WHERE rail = 'bank'")
        names = [column[0] for column in found.description]
        return [leg_of(dict(zip(names, row, strict=True))) for row in found]

    def audit(self) -> None:
        """The product's own audit, on a copy."""
        with tempfile.NamedTemporaryFile(dir=_quick_folder()) as copy:
            copy.write(self._connection.serialize())
            copy.flush()
            problems = audit(f"sqlite+aiosqlite:///{copy.name}").problems
        if problems:
            raise ViolationError(f"audit: {'; '.join(problems)}")

    def _rows(self, question: str, *facts: int | str) -> list[tuple[Any, ...]]:
        return self._connection.execute(question, facts).fetchall()

    def _one(self, question: str) -> int:
        found: int = self._connection.execute(question).fetchone()[0]
        return found


def _named(step: Step) -> set[tuple[str, str]]:
    """Everything of the step that has a name of its own in the database."""
    return {
        *(("post", post.id) for post in step.posts),
        *(("journal", journal.idem) for journal in step.journals),
        *(("done", event) for event in step.done),
    }


def _quick_folder() -> str | None:
    memory = Path("/dev/shm")  # noqa: S108 - a file in memory with a random name, where there is such a thing
    return str(memory) if memory.is_dir() else None
