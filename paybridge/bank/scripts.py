"""Accounts whose last four digits decide what happens to an order, the way test cards do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Direction(StrEnum):
    """Which way money goes, seen from whoever holds the settlement account."""

    COLLECT = "collect"
    PAYOUT = "payout"
    DIRECT = "direct"
    """From one linked account to another; the settlement account has no part in it."""


class Manner(StrEnum):
    """How an order's execution is answered once its effect, if any, is on disk."""

    PROMPT = "prompt"
    SILENCE = "silence"
    BAD_GATEWAY = "bad gateway"


@dataclass(frozen=True, slots=True)
class Script:
    """What an account does; the defaults are those of an ordinary account."""

    name: str
    iban: str
    does: str
    can_be_linked: bool = True
    refuses: Mapping[Direction, str] = field(default_factory=lambda: MappingProxyType({}))
    takes_effect: bool = True
    slow: bool = False
    manner: Manner = Manner.PROMPT
    announced_twice: bool = False
    misreported_by: int = 0
    reverses: bool = False
    named: str | None = None
    """What checking the holder's name says, whatever the name."""

    @property
    def digits(self) -> str:
        """The last four digits: every number that ends in them follows this script, whatever its scheme."""
        return self.iban[-4:]


ORDINARY = Script(
    "ordinary", "DE89370400440532013000", "Settles at once, as does every account not listed here."
)
SCRIPTED = (
    Script(
        "no funds",
        "DE52370400440532019001",
        "Collecting is refused with `insufficient_funds`, whatever the balance; payouts settle.",
        refuses=MappingProxyType({Direction.COLLECT: "insufficient_funds"}),
    ),
    Script(
        "closed",
        "DE25370400440532019002",
        "Cannot be linked: `unknown_account`.",
        can_be_linked=False,
    ),
    Script(
        "slow",
        "DE95370400440532019003",
        "Answers `pending` and settles after `--slow-seconds` (3); a webhook or a question then says so.",
        slow=True,
    ),
    Script(
        "silent, settles",
        "DE68370400440532019004",
        "Settles, but holds the connection for `--hang-seconds` (30) and closes it without an answer.",
        manner=Manner.SILENCE,
    ),
    Script(
        "silent, does nothing",
        "DE41370400440532019005",
        "Moves no money, holds the connection for `--hang-seconds` (30) and closes it without an answer.",
        takes_effect=False,
        manner=Manner.SILENCE,
    ),
    Script(
        "502 before",
        "DE14370400440532019006",
        "Moves no money and answers with a 502 page in HTML.",
        takes_effect=False,
        manner=Manner.BAD_GATEWAY,
    ),
    Script(
        "502 after",
        "DE84370400440532019007",
        "Settles and answers with a 502 page in HTML.",
        manner=Manner.BAD_GATEWAY,
    ),
    Script(
        "told twice",
        "DE57370400440532019008",
        "Settles and sends three webhooks: two with the same id and a third with an id of its own.",
        announced_twice=True,
    ),
    Script(
        "wrong amount",
        "DE30370400440532019009",
        "Settles the right amount but reports 0.01 too much everywhere except in statements.",
        misreported_by=1,
    ),
    Script(
        "takes nothing",
        "DE03370400440532019010",
        "Can be linked and collected from, but refuses payouts with `account_closed`.",
        refuses=MappingProxyType({Direction.PAYOUT: "account_closed"}),
    ),
    Script(
        "takes back",
        "DE73370400440532019011",
        "Settles, and after `--reverse-seconds` (10) the money goes back where it came from: `reversed`.",
        reverses=True,
    ),
    Script(
        "another name",
        "DE46370400440532019012",
        "Checking its holder's name says `no_match`, whatever the name.",
        named="no_match",
    ),
    Script(
        "a close name",
        "DE19370400440532019013",
        "Checking its holder's name says `close_match`, and how its holder is called.",
        named="close_match",
    ),
    Script(
        "no word of its name",
        "DE89370400440532019014",
        "Checking its holder's name is `not_possible`.",
        named="not_possible",
    ),
)
_BY_DIGITS = MappingProxyType({script.digits: script for script in SCRIPTED})


def script_of(digits: str) -> Script:
    """The script that an account whose number ends in these digits follows."""
    return _BY_DIGITS.get(digits, ORDINARY)
