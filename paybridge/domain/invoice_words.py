"""What a merchant types: "2x Latte 3.20; Cake 4.50" tax 7% discount 10% tip ok expires 2h. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from paybridge.domain.amounts import find_amount
from paybridge.domain.errors import UserError
from paybridge.domain.invoice import MOST_PIECES, WHOLE, Bill, Line, check_bill

if TYPE_CHECKING:
    from paybridge.domain.money import Money

_QUOTED: Final = re.compile(r"[\"“”„«»](.+?)[\"“”„«»]")
_PIECES: Final = re.compile(r"([0-9]{1,5})\s*[x×*]\s*(.+)", re.IGNORECASE)  # noqa: RUF001 - people type both
_RATE: Final = re.compile(r"([0-9]{1,2})(?:[.,]([0-9]{1,2}))?\s?[%％]")  # noqa: RUF001 - as above
_SPAN: Final = re.compile(r"([0-9]{1,4})(m|min|h|d|分钟|小时|天)")
_SPANS: Final = {
    "m": timedelta(minutes=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "分钟": timedelta(minutes=1),
    "小时": timedelta(hours=1),
    "天": timedelta(days=1),
}
SHORTEST: Final = timedelta(minutes=5)
LONGEST: Final = timedelta(days=45)
_TAX: Final = frozenset({"tax", "vat", "税"})
_DISCOUNT: Final = frozenset({"discount", "折扣"})
_TIP: Final = frozenset({"tip", "小费"})
_PARTS: Final = frozenset({"parts", "分期"})
_EXPIRES: Final = frozenset({"expires", "有效"})
_LINES: Final = re.compile("[;\uff1b]")
_OK: Final = frozenset({"ok", "yes", "可"})
_MOST_WORDS: Final = 80


class NoLinesError(UserError):
    """Nothing in quotes says what is billed."""

    key = "error.no_lines"


class LineNotReadError(UserError):
    """A line of the invoice does not say what costs how much."""

    key = "error.line_not_read"

    def __init__(self, *, typed: str) -> None:
        super().__init__(typed=typed)


class InvoiceWordNotReadError(UserError):
    """A word behind the lines says nothing that is known."""

    key = "error.invoice_word_not_read"

    def __init__(self, *, typed: str) -> None:
        super().__init__(typed=typed)


@dataclass(frozen=True, slots=True)
class InvoiceWords:
    """What was read: whom it is for (words in front), what is billed, and how it may be paid until when."""

    who: str
    bill: Bill
    tips: bool
    parts: bool
    life: timedelta | None


def read_invoice(words: str, default_currency: str) -> InvoiceWords:
    """Read an invoice; prices have their tax in them. Raises what amounts do, and what `check_bill` does.

    Also NoLinesError, LineNotReadError and InvoiceWordNotReadError.
    """
    quoted = _QUOTED.search(words)
    if quoted is None:
        raise NoLinesError
    who, typed = words[: quoted.start()].strip(), words[quoted.end() :].split()
    rate, discount, tips, parts, life = 0, "", False, False, None
    while typed:
        word, value = typed[0].casefold(), typed[1] if len(typed) > 1 else ""
        taken = 2
        if word in _TAX:
            rate = read_rate(value)
        elif word in _DISCOUNT:
            discount, taken = _amount_words(typed)
        elif word in _TIP | _PARTS and value.casefold() in _OK:
            tips, parts = tips or word in _TIP, parts or word in _PARTS
        elif word in _EXPIRES:
            life = _span(value)
        else:
            raise InvoiceWordNotReadError(typed=typed[0][:40])
        typed = typed[taken:]
    written = [part for part in _LINES.split(quoted[1]) if part.strip()]
    lines = tuple(read_line(part, default_currency, rate) for part in written)
    if not lines:
        raise NoLinesError
    for line in lines:
        if line.each.currency != lines[0].each.currency:
            raise LineNotReadError(typed=line.words)
    bill = _discounted(Bill(lines), discount)
    check_bill(bill)
    return InvoiceWords(who, bill, tips, parts, life)


def read_line(typed: str, default_currency: str, rate: int) -> Line:
    """Read "2x Latte 3.20 EUR 7%": how many, what, for how much each; its own rate, if it has one."""
    words = typed.strip()
    pieces, counted = 1, _PIECES.fullmatch(words)
    if counted is not None:
        pieces, words = int(counted[1]), counted[2]
    parts = words.split()
    if parts and _RATE.fullmatch(parts[-1]):
        rate = read_rate(parts.pop())
    named, price = _price(parts)
    if not named or not 1 <= pieces <= MOST_PIECES:
        raise LineNotReadError(typed=typed.strip()[:40])
    read, place = find_amount(price, default_currency=default_currency)
    if read.times or place.start != 0 or place.stop != len(price):
        raise LineNotReadError(typed=typed.strip()[:40])
    return Line(" ".join(named)[:_MOST_WORDS], pieces, read.money, rate)


def read_rate(typed: str) -> int:
    """A rate in hundredths of a percent: "7%", "19.5%"."""
    found = _RATE.fullmatch(typed.rstrip(",;"))
    if found is None:
        raise InvoiceWordNotReadError(typed=typed[:40] or "%")
    return int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0"))


def is_rate(typed: str) -> bool:
    """Whether the word is written as a rate."""
    return _RATE.fullmatch(typed) is not None


def _price(parts: list[str]) -> tuple[list[str], list[str]]:
    """The name, and the one or two words of the price at the end."""
    two = len(parts) > 1 and any(letter.isdigit() for letter in parts[-2]) and not _has_digit(parts[-1])
    at = len(parts) - (2 if two else 1)
    return parts[:at], parts[at:]


def _has_digit(word: str) -> bool:
    return any(letter.isdigit() for letter in word)


def _amount_words(typed: list[str]) -> tuple[str, int]:
    """What follows "discount": a rate, or an amount of one word or two."""
    behind = typed[2] if len(typed) > 2 else ""  # noqa: PLR2004 - the word behind the figure
    known = _TAX | _TIP | _PARTS | _EXPIRES
    if len(typed) > 1 and behind and not is_rate(typed[1]) and behind.casefold() not in known:
        return f"{typed[1]} {behind}", 3
    return (typed[1] if len(typed) > 1 else "%"), 2


def _discounted(bill: Bill, typed: str) -> Bill:
    if not typed:
        return bill
    if is_rate(typed):
        return Bill(bill.lines, discount_rate=min(read_rate(typed), WHOLE))
    money = _money(typed, bill.currency)
    if money.currency != bill.currency:
        raise InvoiceWordNotReadError(typed=typed[:40])
    return Bill(bill.lines, discount=money.minor)


def _money(typed: str, currency: str) -> Money:
    return find_amount(typed.split(), default_currency=currency)[0].money


def _span(typed: str) -> timedelta:
    found = _SPAN.fullmatch(typed.casefold())
    span = _SPANS[found[2]] * int(found[1]) if found else timedelta(0)
    if not SHORTEST <= span <= LONGEST:
        raise InvoiceWordNotReadError(typed=typed[:40] or "expires")
    return span
