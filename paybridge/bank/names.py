"""Verification of payee: whether a name that somebody has in mind is that of an account's holder."""

from __future__ import annotations

import difflib
import re
import sqlite3
import unicodedata
from enum import StrEnum

from paybridge.bank import ledger, links
from paybridge.bank.desk import Desk
from paybridge.bank.errors import BankError
from paybridge.bank.scripts import script_of

LONGEST_NAME = 140
NEAR = 0.8
TITLES = frozenset({"mr", "mrs", "ms", "dr", "prof", "herr", "frau", "sr", "sra", "shri", "smt"})


class Match(StrEnum):
    """How the EPC's scheme for verification of payee (EPC218-23) answers."""

    MATCH = "match"
    CLOSE = "close_match"
    NONE = "no_match"
    NOT_POSSIBLE = "not_possible"


def check(desk: Desk, details: dict[str, object], name: str) -> dict[str, object]:
    """The answer for the account of a link or number; the holder's name comes with a close match alone.

    An account without a holder's name takes the first one that it is checked for, as if that person had
    opened it.
    """
    if not 1 <= len(name.strip()) <= LONGEST_NAME:
        raise BankError(422, "bad_name", f"A name has 1 to {LONGEST_NAME} characters.")
    account = _account(desk, details)
    scripted = script_of(links.scheme_of_account(account).script_digits(account["number"])).named
    holder: str = account["holder"]
    if scripted is None and holder.startswith(ledger.NAMELESS):
        holder = " ".join(name.split())
        desk.books.execute("UPDATE account SET holder = ? WHERE id = ?", (holder, account["id"]))
    match = compare(name, holder) if scripted is None else Match(scripted)
    return {"result": match, "name": holder if match is Match.CLOSE else None}


def compare(asked: str, holder: str) -> Match:
    """A match whatever the order, case, accents and titles; close if little is wrong or a part is missing."""
    ours, theirs = _words(asked), _words(holder)
    if sorted(ours) == sorted(theirs):
        return Match.MATCH
    shorter, longer = sorted((ours, theirs), key=len)
    shared = set(ours) & set(theirs)
    is_part = len(shorter) > 1 and all(any(_stands_for(one, other) for other in longer) for one in shorter)
    alike = difflib.SequenceMatcher(None, " ".join(sorted(ours)), " ".join(sorted(theirs))).ratio()
    return Match.CLOSE if (is_part and shared) or alike >= NEAR else Match.NONE


def _account(desk: Desk, details: dict[str, object]) -> sqlite3.Row:
    if "link" in details:
        number = links.find(desk.books, str(details["link"]))["number"]
    else:
        number = links.read(details)[1].written
    account = ledger.by_number(desk.books, number)
    if account is None or account["kind"] != "customer":
        raise BankError(422, "unknown_account", "No open account has this number.")
    return account


def _words(name: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", name.casefold())
    bare = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return [word for word in re.findall(r"\w+", bare) if word not in TITLES]


def _stands_for(one: str, other: str) -> bool:
    """The same word, or the initial of it."""
    return one == other or (len(one) == 1 and other.startswith(one)) or (len(other) == 1 and one[0] == other)
