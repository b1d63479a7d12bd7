"""What stands behind a verb: whom, how much, what for. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from paybridge.domain.amounts import NoAmountError, ReadAmount, find_amount
from paybridge.domain.contact import as_called
from paybridge.domain.errors import UserError
from paybridge.domain.numerals import without_unseen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paybridge.domain.money import Money
    from paybridge.domain.spoken import Pill

_MARK: Final = "\ue000"
"""Stands for a pill among the words: from the private use area, and taken out of what people type."""
_MARKED: Final = re.compile(f"{_MARK}([0-9]+)")
TOWARDS: Final = frozenset({"to", "给", "到"})
_FROM: Final = frozenset({"from", "从", "用"})
SOURCES: Final = frozenset({"balance", "bank", "card", "main", "余额", "银行", "银行卡", "卡"})
"""The sources that may end a line, behind the note: there, "from" may as well be a part of it."""
_WHAT_FOR: Final = frozenset({"for", "用于", "为"})
LINKING_WORDS: Final = TOWARDS | _WHAT_FOR
_FLEXIBLE: Final = frozenset({"flexible", "随意"})
_MOST_NAMES_SHOWN: Final = 5
_MOST_WORDS_OF_A_NAME: Final = 6


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
        self.author = author
        self.typed = typed


class NameAndPillDifferError(UserError):
    """A mention shows the full id of somebody else than it leads to."""

    key = "error.name_and_pill_differ"

    def __init__(self, *, shown: str, target: str) -> None:
        super().__init__(shown=shown, target=target)


@dataclass(frozen=True, slots=True)
class Named:
    """How the payee may be told: pills, who wrote the message replied to, the room's members, own names.

    `contacts` are the names that whoever typed has given people (`as_called`), and whom they mean.
    """

    pills: tuple[Pill, ...]
    is_reply: bool
    reply_author: str | None
    members: Mapping[str, str | None]
    contacts: Mapping[str, str] = field(default_factory=dict)
    _names: dict[str, list[str]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def called(self, seen: str) -> Sequence[str]:
        """Who in the room is called so (`_as_seen`, or a line's end and "@bob"); each name is read once."""
        for mxid, shown in () if self._names else self.members.items():
            for name in (_as_seen(shown or ""), "\n" + mxid.partition(":")[0]):
                self._names.setdefault(name, []).append(mxid)
        return self._names.get(seen, ()) if seen else ()


@dataclass(frozen=True, slots=True)
class PaymentWords:
    """What was read: the payee's Matrix id, the amount (with its "3 x"), the note, the source if named."""

    payee: str
    amount: ReadAmount
    note: str
    source: str = ""


def read_payment(words: str, people: Named, default_currency: str) -> PaymentWords:
    """Read payee and money, in either order, the note behind them, and "from card" before or behind it."""
    marked, pills = mark_pills(words, people.pills)
    typed = marked.split()
    seen = [masked(word) for word in typed]
    amount, place = find_amount(seen, default_currency=default_currency)
    before, source = source_behind(without_linking(typed[: place.start]))
    after, source = source_before(typed[place.stop :], source)
    if before:
        payee = resolve(" ".join(before), pills, people)
    else:
        payee, after = _payee_behind(after, pills, people)
    after, source = source_before(after, source)
    if not source and after and after[-1].casefold() in SOURCES:
        after, source = source_behind(after)
    if _second_payee(after, pills, people) not in {None, payee}:
        raise SeveralPayeesError
    if people.is_reply and people.reply_author not in {None, payee}:
        raise ReplyAndPillDifferError(author=people.reply_author or "", typed=payee)
    if after and after[0].casefold() in LINKING_WORDS:
        after = after[1:]
    return PaymentWords(payee, amount, unmark(" ".join(after), pills), source)


def read_person(typed: str, people: Named) -> str:
    """The Matrix id of the one person whom `typed` names: a full id, `@localpart`, or a name in the room."""
    return resolve(typed, (), people)


def read_amount_only(words: str, default_currency: str) -> Money:
    """Read an amount that stands alone (with words behind it that say nothing)."""
    amount, _ = find_amount(words.split(), default_currency=default_currency)
    return amount.money


def read_refund(words: str, currency: str) -> tuple[Money | None, str]:
    """How much is to be given back (None: all of it), and the note behind it."""
    typed = words.split()
    try:
        amount, place = find_amount(typed, default_currency=currency)
    except NoAmountError:
        amount, place = None, slice(0, 0)
    before, after = typed[: place.start], typed[place.stop :]
    note = [word for word in before if word.casefold() not in LINKING_WORDS] + after
    if note and note[0].casefold() in LINKING_WORDS:
        note = note[1:]
    return None if amount is None else amount.money, " ".join(note)


def read_flexible(words: str) -> tuple[str, bool]:
    """The words without "flexible", and whether that stood there: before "for", or as the last word.

    Elsewhere it is a part of the note.
    """
    typed = words.split()
    note = next((at for at, word in enumerate(typed) if word.casefold() in _WHAT_FOR), len(typed))
    places = [at for at, word in enumerate(typed) if word.casefold() in _FLEXIBLE]
    for at in places:
        if at < note or (at == len(typed) - 1 and at > note + 1):
            return " ".join(typed[:at] + typed[at + 1 :]), True
    return words, False


def read_account(words: str, *, towards: bool = False) -> tuple[str, str]:
    """The words without "from card" (`towards`: "to main") in them, and the account that it names."""
    typed = words.split()
    marks = TOWARDS if towards else _FROM
    for place, word in enumerate(typed[:-1]):
        if word.casefold() in marks:
            return " ".join(typed[:place] + typed[place + 2 :]), typed[place + 1]
    return words, ""


def with_account(line: str, typed: str, other: str) -> str:
    """The line with another account where `typed` is named as one."""
    words = line.split()
    for place, word in enumerate(words[:-1]):
        if word.casefold() in _FROM | TOWARDS and words[place + 1] == typed:
            return " ".join([*words[: place + 1], other, *words[place + 2 :]])
    return line


def with_full_ids(line: str, pills: Sequence[Pill]) -> str:
    """The line with each pill as the full id that it leads to, which is unique where a name need not be."""
    try:
        marked, used = mark_pills(line, pills)
    except NameAndPillDifferError:
        # It shows what it does not lead to: only what was typed is surely meant.
        marked, used = line.replace(_MARK, ""), ()
    return " ".join(_MARKED.sub(lambda found: used[int(found[1])].mxid, marked).split())


def mark_pills(words: str, pills: Sequence[Pill]) -> tuple[str, tuple[Pill, ...]]:
    """Put one mark in place of each pill's text, in their order."""
    used: list[Pill] = []
    nowhere: set[str] = set()
    text = words.replace(_MARK, "")
    start = 0
    for pill in pills:
        if pill.text.startswith("@") and ":" in pill.text and pill.text != pill.mxid:
            raise NameAndPillDifferError(shown=pill.text, target=pill.mxid)
        found = _shown(text, pill, start, nowhere)
        if found is None:
            continue
        mark = f" {_MARK}{len(used)} "
        text = text[: found.start] + mark + text[found.stop :].removeprefix(":")
        start = found.start + len(mark)
        used.append(pill)
    return text, tuple(used)


def _shown(text: str, pill: Pill, start: int, nowhere: set[str]) -> slice | None:
    """Where a pill stands in the plain text, in any of the ways in which clients write one.

    `nowhere` keeps the ways in which no pill before was written: hundreds of one name take one look.
    """
    localpart = pill.mxid.partition(":")[0]
    link = f"https://matrix.to/#/{pill.mxid}"
    forms = (f"[{pill.text}]({link})", link, pill.mxid, f"@{pill.text}", pill.text, localpart)
    found: list[slice] = []
    for form in forms:
        place = _place_of(text, form, start) if form.strip(" @") and form not in nowhere else None
        if place is None:
            nowhere.add(form)
        else:
            found.append(place)
    return min(found, key=lambda place: (place.start, -place.stop), default=None)


def _place_of(text: str, form: str, start: int) -> slice | None:
    """The first place of `form` where it is a whole word; "@bob" is not one in "@bob:example.org"."""
    at = text.find(form, start)
    while at >= 0:
        end = at + len(form)
        longer_id = form.startswith("@") and text[end : end + 1] == ":" and text[end + 1 : end + 2].isalnum()
        if not longer_id and not _grown_together(text, at) and not _grown_together(text, end):
            return slice(at, end)
        at = text.find(form, at + 1)
    return None


def _grown_together(text: str, place: int) -> bool:
    """Whether one word or number goes on across `place`: a name "5" does not stand in "15" or in "1.5"."""
    left, right, behind = text[place - 1 : place], text[place : place + 1], text[place + 1 : place + 2]
    if left in {".", ","}:
        return right.isdecimal()
    if right in {".", ","}:
        return left.isdecimal() and behind.isdecimal()
    return all(char.isalnum() and unicodedata.category(char) != "Lo" for char in (left, right))


def unmark(text: str, pills: Sequence[Pill]) -> str:
    return _MARKED.sub(lambda found: pills[int(found[1])].text, text)


def without_linking(words: list[str]) -> list[str]:
    """The words without "to" in front of them and "for" behind."""
    while words and words[-1].casefold() in LINKING_WORDS:
        words = words[:-1]
    return words[1:] if words and words[0].casefold() in TOWARDS else words


def source_before(words: list[str], known: str) -> tuple[list[str], str]:
    """The words without "from card" in front, and the source: the `known` one, or what stood there."""
    if not known and len(words) > 1 and words[0].casefold() in _FROM and not is_address(words[1]):
        return words[2:], words[1]
    return words, known


def source_behind(words: list[str]) -> tuple[list[str], str]:
    """The words without "from card" at their end, and the source that is named there."""
    if len(words) > 1 and words[-2].casefold() in _FROM and not is_address(words[-1]):
        return words[:-2], words[-1]
    return words, ""


def masked(word: str) -> str:
    """The word for the eyes of the amount reader: names and addresses are never amounts."""
    return "@" if is_address(word) else word


def is_address(word: str) -> bool:
    return word.startswith(("@", _MARK))


def _payee_behind(after: list[str], pills: Sequence[Pill], people: Named) -> tuple[str, list[str]]:
    """The payee among the words behind the amount, and the words that are left."""
    rest = after[1:] if after and after[0].casefold() in TOWARDS else after
    if rest and is_address(rest[0]):
        return resolve(rest[0], pills, people), rest[1:]
    length = words_of_a_name(rest, people)
    if length:
        return resolve(" ".join(rest[:length]), pills, people), rest[length:]
    if people.is_reply:
        if people.reply_author is None:
            raise ReplyNotProvenError
        return people.reply_author, after
    if rest:
        raise UnknownPayeeError(typed=rest[0][:40])
    raise PayeeMissingError


def _second_payee(after: list[str], pills: Sequence[Pill], people: Named) -> str | None:
    """Somebody whom the words behind payee and amount name too: by an address, or as in "to Carol"."""
    towards = bool(after) and after[0].casefold() in TOWARDS
    rest = after[1:] if towards else after
    if rest and is_address(rest[0]):
        return _resolve_or_none(rest[0], pills, people)
    length = words_of_a_name(rest, people) if towards else 0
    return resolve(" ".join(rest[:length]), pills, people) if length else None


def words_of_a_name(words: list[str], people: Named) -> int:
    """How many of the first words are the name of somebody in the room; the longest name counts.

    None are behind "for": a note begins there, whatever people call themselves.
    """
    if words and words[0].casefold() in LINKING_WORDS:
        return 0
    for length in range(min(len(words), _MOST_WORDS_OF_A_NAME), 0, -1):
        if _called(" ".join(words[:length]), people):
            return length
    return 0


def _resolve_or_none(typed: str, pills: Sequence[Pill], people: Named) -> str | None:
    try:
        return resolve(typed, pills, people)
    except UserError:
        return None


def resolve(typed: str, pills: Sequence[Pill], people: Named) -> str:
    """The Matrix id of whoever is meant by `typed`; never a guess."""
    words = typed.split()
    if len([word for word in words if is_address(word)]) > 1:
        raise SeveralPayeesError
    marked = _MARKED.fullmatch(typed)
    if marked:
        return pills[int(marked[1])].mxid
    address = typed.rstrip(",:;") if len(words) == 1 and typed.startswith("@") else ""
    if ":" in address:
        return address
    found = list(people.called(f"\n{address}")) if address else _called(typed, people)
    if len(found) > 1:
        raise AmbiguousPayeeError(typed=unmark(typed, pills)[:40], candidates=sorted(found))
    if not found:
        raise UnknownPayeeError(typed=unmark(typed, pills)[:40])
    return found[0]


def _called(name: str, people: Named) -> list[str]:
    """Whom the sender calls so, else whoever in the room has a name that reads like this one.

    What nobody sees makes no difference. A contact comes first: anyone may take any name in a room.
    """
    bare = name.strip(",:;")
    if people.contacts and as_called(bare) in people.contacts:
        return [people.contacts[as_called(bare)]]
    return list(people.called(_as_seen(bare)))


def _as_seen(name: str) -> str:
    return " ".join(without_unseen(name).casefold().split())
