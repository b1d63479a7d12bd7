"""After a refusal: corrected lines to copy, made from what the person typed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from paybridge.commands._each import with_each
from paybridge.commands._grammar import (
    AmbiguousPayeeError,
    ReplyAndPillDifferError,
    SeveralPayeesError,
    with_account,
    with_full_ids,
)
from paybridge.domain.amounts import AmbiguousAmountError, AmbiguousCurrencyError
from paybridge.domain.approval import OverTheEachLimitError
from paybridge.domain.policy import OverTheRoomLimitError
from paybridge.services.accounts import AmbiguousAccountError, NoLinkedAccountError
from paybridge.services.claims import LinkFirstError
from paybridge.services.request_errors import NoSuchPaymentError, WhichRequestError
from paybridge.services.sources import NothingToPayWithError
from paybridge.services.splits import WhichSplitError

if TYPE_CHECKING:
    from paybridge.commands._frame import Call, Command
    from paybridge.domain.errors import UserError
from paybridge.domain.money import Money

MOST_LINES = 3
_LISTED_BY = {
    "accept": "!requests",
    "claim": "!claim",
    "decline": "!requests",
    "remind": "!requests",
    "repeat": "!repeat",
    "split": "!split",
}
"""What lists that of which somebody mistook the id, by the verb that takes it."""
_EXAMPLE_AMOUNT: Final = re.compile(r"\b[0-9.]+ EUR\b")
LINK_EXAMPLE = "!link bank DE89 3704 0044 0532 0130 00"


def corrections(command: Command, call: Call, error: UserError) -> tuple[str, ...]:
    """What to type instead; at least one line, and only lines that could work."""
    return error.lines() or _rewritten(command, call, error) or (_instead(command, call, error),)


def _rewritten(command: Command, call: Call, error: UserError) -> tuple[str, ...]:
    """The line as it was typed, once for each way in which it could be meant."""
    match error:
        case AmbiguousAmountError(readings=readings):
            line, typed = _as_typed(call), str(error.facts()["typed"])
            forms = [f"{reading.plain()} {reading.currency}" for reading in readings]
            return tuple(line.replace(typed, form, 1) for form in forms)
        case AmbiguousCurrencyError(candidates=candidates):
            line, symbol = _as_typed(call), str(error.facts()["symbol"])
            codes = [code for code in candidates if code == call.desk.settings.currency] or candidates[:3]
            return tuple(" ".join(line.replace(symbol, f" {code} ", 1).split()) for code in codes)
        case AmbiguousPayeeError() | ReplyAndPillDifferError() | SeveralPayeesError():
            return _for_whom(command, call, error)
        case WhichRequestError(ids=ids) | WhichSplitError(ids=ids):
            words = with_full_ids(call.words, call.spoken.pills)
            # What is to be done with a split stands in front of its id.
            deed, _, rest = words.partition(" ") if isinstance(error, WhichSplitError) else ("", "", words)
            return tuple(_line(command.verb, deed, one, rest) for one in ids[:MOST_LINES])
        case AmbiguousAccountError(typed=typed, numbers=numbers):
            line = _as_typed(call)
            return tuple(with_account(line, typed, number) for number in numbers[:MOST_LINES])
        case _:
            return ()


def _line(verb: str, *words: str) -> str:
    return " ".join([f"!{verb}", *filter(None, words)])


def _for_whom(
    command: Command, call: Call, error: AmbiguousPayeeError | ReplyAndPillDifferError | SeveralPayeesError
) -> tuple[str, ...]:
    """The line as it was typed, for each person who may be meant."""
    line = _as_typed(call)
    match error:
        case AmbiguousPayeeError(candidates=candidates):
            typed = str(error.facts()["typed"])
            return tuple(line.replace(typed, mxid, 1) for mxid in candidates[:MOST_LINES])
        case ReplyAndPillDifferError(author=author, typed=typed) if typed in line:
            return (line, line.replace(typed, author, 1))
        case SeveralPayeesError() if command.verb == "pay":
            return (with_each(line, call.desk.settings.currency),)
    return ()


def _instead(command: Command, call: Call, error: UserError) -> str:
    """What has to be done first, or an example."""
    match error:
        case NoLinkedAccountError() | LinkFirstError() | NothingToPayWithError():
            return LINK_EXAMPLE
        case NoSuchPaymentError():
            return _LISTED_BY.get(command.verb, "!history")
        case OverTheEachLimitError() | OverTheRoomLimitError():
            return _within(command, call, error)
        case _:
            return _example(command, call)


def _within(command: Command, call: Call, error: OverTheEachLimitError | OverTheRoomLimitError) -> str:
    """As much as may be paid, or what raises that: an accepted request has the amount that it has."""
    if error.most.is_positive and "EUR" in command.examples[0]:
        return _example(command, call, error.most)
    return "!policy" if isinstance(error, OverTheRoomLimitError) else "!mfa on"


def _as_typed(call: Call) -> str:
    return with_full_ids(call.spoken.body, call.spoken.pills)


def _example(command: Command, call: Call, amount: Money | None = None) -> str:
    """The command's first example, with a payee of this very room and the currency of this bot."""
    others = [mxid for mxid in call.room.members if mxid not in {call.spoken.sender, call.desk.settings.bot}]
    pills = [pill.mxid for pill in call.spoken.pills]
    payee = call.spoken.reply_author or next(iter(pills), None) or next(iter(sorted(others)), None)
    another = next((mxid for mxid in sorted(others) if mxid != payee), None)
    line = fill_in(command.examples[0], payee=payee, another=another, amount=amount)
    return line if amount is not None else line.replace(" EUR", f" {call.desk.settings.currency}")


def fill_in(
    example: str, *, payee: str | None, amount: Money | None = None, another: str | None = None
) -> str:
    """An example line with the payee and amount that the person meant, as far as they are known.

    Where an example names two people and nobody is known beside the payee, it is for the payee alone.
    """
    line = example
    if payee is not None:
        line = line.replace("@bob:example.org", payee)
        line = line.replace(" @carol:example.org", f" {another}" if another else "")
    if amount is not None:
        line = _EXAMPLE_AMOUNT.sub(f"{amount.plain()} {amount.currency}", line)
    return line
