"""What stands behind a verb: whom, how much, what for. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from paybridge.domain.amounts import ReadAmount, find_amount
from paybridge.domain.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paybridge.domain.money import Money
    from paybridge.domain.spoken import Pill

_MARK: Final = "\ue000"
"""Stands for a pill among the words: from the private use area, and taken out of what people type."""
_LINKING_WORDS: Final = frozenset({"for", "to", "给", "用于", "为"})
_MOST_NAMES_SHOWN: Final = 5


class PayeeMissingError(UserError):
    """Nobody is named."""

    key = "error.payee_missing"


class UnknownPayeeError(UserError):
    """Nobody in the room is called that."""

    key = "error.unknown_payee"

    def __init__(self, *, typed: str) -> None:
        super().__init__(typed=typed)


class AmbiguousPayeeError(UserError):
    """Several people in the room are called that."""

    key = "error.ambiguous_payee"

    def __init__(self, *, typed: str, candidates: Sequence[str]) -> None:
        super().__init__(typed=typed, candidates=", ".join(candidates[:_MOST_NAMES_SHOWN]))
        self.candidates = tuple(candidates)


class SeveralPayeesError(UserError):
    """More than one person is named."""

    key = "error.several_payees"


class ReplyNotProvenError(UserError):
    """Who wrote the message replied to cannot be proven."""

    key = "error.reply_not_proven"


class ReplyAndPillDifferError(UserError):
    """The message replied to is by one person, and another one is named."""

    key = "error.reply_and_pill_differ"

    def __init__(self, *, author: str, typed: str) -> None:
        super().__init__(author=author, typed=typed)


class NameAndPillDifferError(UserError):
    """A mention shows the full id of somebody else than it leads to."""

    key = "error.name_and_pill_differ"

    def __init__(self, *, shown: str, target: str) -> None:
        super().__init__(shown=shown, target=target)


@dataclass(frozen=True, slots=True)
class Named:
    """How the payee may be told: pills, who wrote the message replied to, and the room's members."""

    pills: tuple[Pill, ...]
    is_reply: bool
    reply_author: str | None
    members: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class PaymentWords:
    """What was read: the payee's Matrix id, the amount (with its "3 x"), and the note."""

    payee: str
    amount: ReadAmount
    note: str


def read_payment(words: str, people: Named, default_currency: str) -> PaymentWords:
    """Read payee and money, in either order, and the note behind them."""
    marked, pills = _mark_pills(words, people.pills)
    typed = marked.split()
    masked = [_masked(word) for word in typed]
    amount, place = find_amount(masked, default_currency=default_currency)
    before, after = typed[: place.start], typed[place.stop :]
    while before and before[-1].casefold() in _LINKING_WORDS:
        before = before[:-1]
    if before:
        payee = _resolve(" ".join(before), pills, people)
    else:
        payee, after = _payee_behind(after, pills, people)
    if any(
        _is_address(word) and _resolve_or_none(word, pills, people) not in {None, payee} for word in after[:1]
    ):
        raise SeveralPayeesError
    if people.is_reply and people.reply_author not in {None, payee}:
        raise ReplyAndPillDifferError(author=people.reply_author or "", typed=payee)
    if after and after[0].casefold() in _LINKING_WORDS:
        after = after[1:]
    return PaymentWords(payee, amount, _unmark(" ".join(after), pills))


def read_amount_only(words: str, default_currency: str) -> Money:
    """Read an amount that stands alone (with words behind it that say nothing)."""
    amount, _ = find_amount(words.split(), default_currency=default_currency)
    return amount.money


def fill_in(example: str, *, payee: str | None, amount: Money | None) -> str:
    """An example line with the payee and amount that the person meant, as far as they are known."""
    line = example
    if payee is not None:
        line = line.replace("@bob:example.org", payee)
    if amount is not None:
        line = line.replace("12.50 EUR", f"{amount.plain()} {amount.currency}")
    return line


def _mark_pills(words: str, pills: Sequence[Pill]) -> tuple[str, tuple[Pill, ...]]:
    """Put one mark in place of each pill's text, in their order."""
    used: list[Pill] = []
    text = words.replace(_MARK, "")
    start = 0
    for pill in pills:
        shown = next((form for form in (pill.text, pill.mxid) if form and text.find(form, start) >= 0), None)
        if shown is None:
            continue
        if pill.text.startswith("@") and ":" in pill.text and pill.text != pill.mxid:
            raise NameAndPillDifferError(shown=pill.text, target=pill.mxid)
        at = text.find(shown, start)
        text = f"{text[:at]} {_MARK}{len(used)} {text[at + len(shown) :].removeprefix(':')}"
        start = at + len(_MARK) + 2
        used.append(pill)
    return text, tuple(used)


def _unmark(text: str, pills: Sequence[Pill]) -> str:
    for number, pill in enumerate(pills):
        text = text.replace(f"{_MARK}{number}", pill.text)
    return text


def _masked(word: str) -> str:
    """The word for the eyes of the amount reader: names and addresses are never amounts."""
    return "@" if _is_address(word) else word


def _is_address(word: str) -> bool:
    return word.startswith(("@", _MARK))


def _payee_behind(after: list[str], pills: Sequence[Pill], people: Named) -> tuple[str, list[str]]:
    """The payee among the words behind the amount, and the words that are left."""
    rest = after[1:] if after and after[0].casefold() in {"to", "给"} else after
    if rest and _is_address(rest[0]):
        return _resolve(rest[0], pills, people), rest[1:]
    if people.is_reply:
        if people.reply_author is None:
            raise ReplyNotProvenError
        return people.reply_author, after
    for length in range(min(len(rest), 6), 0, -1):
        name = " ".join(rest[:length])
        if _called(name, people.members):
            return _resolve(name, pills, people), rest[length:]
    if rest:
        raise UnknownPayeeError(typed=rest[0][:40])
    raise PayeeMissingError


def _resolve_or_none(typed: str, pills: Sequence[Pill], people: Named) -> str | None:
    try:
        return _resolve(typed, pills, people)
    except UserError:
        return None


def _resolve(typed: str, pills: Sequence[Pill], people: Named) -> str:
    """The Matrix id of whoever is meant by `typed`; never a guess."""
    words = typed.split()
    if len([word for word in words if _is_address(word)]) > 1:
        raise SeveralPayeesError
    if typed.startswith(_MARK):
        return pills[int(typed[1:])].mxid if typed[1:].isdecimal() else _unknown(typed)
    if typed.startswith("@") and ":" in typed:
        return typed
    if typed.startswith("@"):
        found = [mxid for mxid in people.members if mxid.split(":", 1)[0] == typed]
    else:
        found = _called(typed, people.members)
    if len(found) > 1:
        raise AmbiguousPayeeError(typed=typed[:40], candidates=sorted(found))
    return found[0] if found else _unknown(typed)


def _unknown(typed: str) -> str:
    raise UnknownPayeeError(typed=typed.strip(_MARK)[:40])


def _called(name: str, members: Mapping[str, str | None]) -> list[str]:
    wanted = name.strip(",:").casefold()
    return [mxid for mxid, shown in members.items() if shown is not None and shown.casefold() == wanted]
