"""Our accounts under names that bookkeeping programs take, each name standing for one account only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from paybridge.storage.export.books import Account

# What people own is what we owe; what a rail holds for us is what we have.
BRANCH: Final = {
    "rail_clearing": "Assets:Rail",
    "suspense": "Assets:Suspense",
    "receivable": "Assets:Receivable",
    "person": "Liabilities:Person",
    "held": "Liabilities:Held",
    "claimable": "Liabilities:Claimable",
    "fee": "Income:Fee",
    "equity": "Equity:Own",
}
_PLAIN: Final = re.compile(r"[a-z0-9]")


def account_name(account: Account) -> str:
    """The name by beancount's rules, which are the narrowest: letters, digits, hyphens, a capital first."""
    escaped = "".join(map(_escaped, account.owner))
    # No escape holds an x, so that nobody's own name begins like that.
    owner = escaped if _PLAIN.match(escaped) else f"x-x-{escaped}"
    return f"{BRANCH[account.kind]}:{owner[0].upper()}{owner[1:]}"


def _escaped(sign: str) -> str:
    if sign == "-":
        return "--"
    return sign if _PLAIN.fullmatch(sign) else f"-{ord(sign):x}-"
