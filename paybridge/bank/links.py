"""Links: proof, by a code in a statement, that whoever links an account can read its statements."""

from __future__ import annotations

import hmac
import sqlite3
from dataclasses import dataclass

from paybridge.bank import ledger
from paybridge.bank.desk import Desk
from paybridge.bank.errors import BankError
from paybridge.bank.schemes import SCHEMES, BadNumberError, Number, Scheme
from paybridge.bank.scripts import Script, script_of

TRIES = 3


@dataclass(frozen=True, slots=True)
class Check:
    """What a code did to a link: the state it is in now, and whether this code was right."""

    state: str
    right: bool
    tries_left: int


def make(desk: Desk, details: dict[str, object]) -> dict[str, object]:
    """A pending link to an account, whose holder now finds the code in its statement."""
    scheme, number = read(details)
    books, at = desk.books, desk.at
    known = ledger.by_number(books, number.written)
    ours = known is not None and known["kind"] != "customer"
    if ours or not script_of(scheme.script_digits(number.written)).can_be_linked:
        raise BankError(422, "unknown_account", "No open account has this number.")
    account = ledger.open_customer_account(books, scheme, number, at)
    link, code = desk.new_id("lnk_"), desk.new_code()
    world = ledger.account_id(books, "world", scheme.currency)
    text = f"PAYBRIDGE {code}"
    ledger.move(
        books, ledger.Movement(at, "verification", world, account["id"], scheme.verification_amount, text)
    )
    books.execute(
        "INSERT INTO link (id, account, scheme, state, code, tries_left, made_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (link, account["id"], scheme.name, "pending", code, TRIES, at),
    )
    return {"id": link, "masked": number.masked, "bank_name": number.bank_name, "state": "pending"}


def verify(desk: Desk, link: str, code: str) -> Check:
    """Try a code on a link. A wrong one uses up a try, so its outcome is returned and not raised."""
    row = find(desk.books, link)
    if row["state"] != "pending":
        return Check(row["state"], row["state"] == "verified", row["tries_left"])
    right = hmac.compare_digest(row["code"].encode(), code.encode())
    tries_left = row["tries_left"] if right else row["tries_left"] - 1
    state = "verified" if right else "pending" if tries_left else "failed"
    desk.books.execute("UPDATE link SET state = ?, tries_left = ? WHERE id = ?", (state, tries_left, link))
    return Check(state, right, tries_left)


def remove(desk: Desk, link: str) -> None:
    """Take a link back for good; the account itself stays."""
    find(desk.books, link)
    desk.books.execute("UPDATE link SET state = 'removed' WHERE id = ?", (link,))


def find(books: sqlite3.Connection, link: str) -> sqlite3.Row:
    """The link together with its account's number, or `BankError` 404."""
    row: sqlite3.Row | None = books.execute(
        "SELECT link.*, account.number, account.currency FROM link JOIN account ON account.id = link.account"
        " WHERE link.id = ?",
        (link,),
    ).fetchone()
    if row is None:
        raise BankError(404, "not_found", "There is no such link.")
    return row


def script_for(link: sqlite3.Row) -> Script:
    """What the account behind a link, as `find` gives it, does with its orders."""
    return script_of(scheme_of_account(link).script_digits(link["number"]))


def scheme_of_account(account: sqlite3.Row) -> Scheme:
    """The scheme of an account, or of a link to one: each is of its currency's."""
    return next(scheme for scheme in SCHEMES if scheme.currency == account["currency"])


def read(details: dict[str, object]) -> tuple[Scheme, Number]:
    """The account that a request names by the field of a scheme; `BankError` if it names none."""
    for scheme in SCHEMES:
        given = details.get(scheme.detail)
        if isinstance(given, str):
            try:
                return scheme, scheme.read(given)
            except BadNumberError as error:
                raise BankError(422, scheme.bad_number_code, f"{error}.") from error
    known = ", ".join(scheme.detail for scheme in SCHEMES)
    raise BankError(400, "bad_request", f"An account is named by one of: {known}.")
