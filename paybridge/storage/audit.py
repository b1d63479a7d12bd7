"""Proves the books from outside: read-only, with arithmetic of its own, nothing taken from the writer."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from paybridge.storage.audit_acts import act_problems
from paybridge.storage.audit_payments import payment_problems
from paybridge.storage.outside import Outside, opened

if TYPE_CHECKING:
    from collections.abc import Mapping

_NEGATIVE_KINDS: Final = frozenset({"rail_clearing", "equity", "suspense", "receivable"})
_LINES: Final = 2


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What the books hold, in minor units, and every row that is not as it should be.

    `totals` are per account kind and currency, `clearing` per rail and currency (minus what the rail holds
    for us). `head` is the last hash of the chain in hex: kept elsewhere, it proves later that nothing was
    rewritten.
    """

    journals: int
    entries: int
    accounts: int
    problems: tuple[str, ...]
    totals: Mapping[tuple[str, str], int]
    clearing: Mapping[tuple[str, str], int]
    head: str


@dataclass(slots=True)
class _Account:
    owner: str
    kind: str
    currency: str
    balance: int
    floor: int | None
    version: int
    summed: int = 0
    counted: int = 0


@dataclass(slots=True)
class _Findings:
    accounts: dict[int, _Account]
    problems: list[str] = field(default_factory=list)
    journals: int = 0
    entries: int = 0
    head: bytes = bytes(32)
    wanted: bytes | None = None

    def follow(self, head: bytes) -> None:
        """Come to the next link of the chain."""
        self.head = head
        if head == self.wanted:
            self.wanted = None


def audit(url: str, *, head: str | None = None) -> AuditReport:
    """Read every row of the ledger and the payments as they are at one moment, or `DatabaseError`.

    `head` is one that the ledger had before, in hex: its journal must still be there.
    """
    with opened(url, "audit") as outside:
        return _audit(outside, head)


def _audit(outside: Outside, head: str | None) -> AuditReport:
    rows = outside.rows("SELECT id, owner, kind, currency, balance, floor, version FROM account")
    accounts = {number: _Account(*rest) for number, *rest in rows}
    findings = _Findings(accounts, wanted=None if head is None else bytes.fromhex(head))
    findings.problems += outside.damage()
    findings.follow(findings.head)
    _walk_journals(outside, findings)
    if findings.wanted is not None:
        findings.problems.append(
            f"chain: no journal has the hash {head}: the ledger was rewritten, or is another one"
        )
    _check_accounts(findings)
    findings.problems += payment_problems(outside)
    findings.problems += act_problems(outside)
    totals: Counter[tuple[str, str]] = Counter()
    for account in accounts.values():
        totals[account.kind, account.currency] += account.balance
    return AuditReport(
        journals=findings.journals,
        entries=findings.entries,
        accounts=len(accounts),
        problems=tuple(findings.problems),
        totals=dict(totals),
        clearing={
            (account.owner, account.currency): account.balance
            for account in accounts.values()
            if account.kind == "rail_clearing"
        },
        head=findings.head.hex(),
    )


# ---------------------------------------------------------------- journals and their chain


def _walk_journals(outside: Outside, findings: _Findings) -> None:
    entries = outside.rows(
        "SELECT journal, line, account, currency, amount, balance_after, version"
        " FROM entry ORDER BY journal, line"
    )
    by_journal = groupby(entries, key=itemgetter(0))
    number_of_next, lines_of_next = next(by_journal, (None, iter(())))
    journals = outside.rows(
        "SELECT id, idem, kind, transfer, created, prev_hash, hash FROM journal ORDER BY id"
    )
    for journal in journals:
        while number_of_next is not None and number_of_next < journal[0]:
            findings.problems.append(f"entry {number_of_next}/1: belongs to no journal")
            number_of_next, lines_of_next = next(by_journal, (None, iter(())))
        lines: list[tuple[Any, ...]] = []
        if number_of_next == journal[0]:
            lines = list(lines_of_next)
            number_of_next, lines_of_next = next(by_journal, (None, iter(())))
        _check_journal(journal, lines, findings)
    if number_of_next is not None:
        findings.problems.append(f"entry {number_of_next}/1: belongs to no journal")


def _check_journal(journal: tuple[Any, ...], lines: list[tuple[Any, ...]], findings: _Findings) -> None:
    number, idem, kind, transfer, created, prev_hash, stored = journal
    wrong = findings.problems.append
    findings.journals += 1
    if number != findings.journals:
        wrong(f"journal {number}: stands at place {findings.journals}")
        findings.journals = number
    if prev_hash != findings.head:
        wrong(f"journal {number}: does not follow the journal before it")
    findings.follow(stored)
    told = [
        [account.owner, account.kind, currency, amount]
        for _, _, row, currency, amount, _, _ in lines
        if (account := findings.accounts.get(row)) is not None
    ]
    content = json.dumps(
        [prev_hash.hex(), idem, kind, transfer, created, told], ensure_ascii=True, separators=(",", ":")
    )
    if hashlib.sha256(content.encode("ascii")).digest() != stored:
        wrong(f"journal {number}: its hash is not that of what it says")
    sums: Counter[str] = Counter()
    for line in lines:
        sums[line[3]] += line[4]
        _check_entry(line, findings)
    if len(lines) < _LINES or any(sums.values()):
        wrong(f"journal {number}: does not balance")


def _check_entry(line: tuple[Any, ...], findings: _Findings) -> None:
    journal, place, row, currency, amount, balance_after, version = line
    name, wrong = f"entry {journal}/{place}", findings.problems.append
    findings.entries += 1
    account = findings.accounts.get(row)
    if account is None:
        wrong(f"{name}: there is no account {row}")
        return
    account.summed += amount
    account.counted += 1
    if currency != account.currency:
        wrong(f"{name}: is in {currency}, its account in {account.currency}")
    if balance_after != account.summed:
        wrong(f"{name}: says {balance_after} is left, the entries say {account.summed}")
    if version != account.counted:
        wrong(f"{name}: is numbered {version} of its account, and is the {account.counted}.")
    if account.kind not in _NEGATIVE_KINDS and account.summed < 0:
        wrong(f"{name}: takes a {account.kind} account below zero")


def _check_accounts(findings: _Findings) -> None:
    by_currency: Counter[str] = Counter()
    for number, account in findings.accounts.items():
        name, wrong = f"account {number}", findings.problems.append
        by_currency[account.currency] += account.balance
        if account.balance != account.summed:
            wrong(f"{name}: has {account.balance}, its entries sum to {account.summed}")
        if account.version != account.counted:
            wrong(f"{name}: is at version {account.version} after {account.counted} entries")
        if account.floor != (None if account.kind in _NEGATIVE_KINDS else 0):
            wrong(f"{name}: a {account.kind} account has the floor {account.floor}")
    for currency, total in by_currency.items():
        if total:
            findings.problems.append(f"{currency}: all accounts sum to {total}")
