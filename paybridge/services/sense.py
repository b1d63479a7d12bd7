"""Whether what a rail answered can be true at all: its types, and amounts, currencies and times that can be.

Rails are written by others. What passes here has the shape that it claims; whether it is right is for
whoever asked to compare.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeVar, get_args

from paybridge.domain.currencies import EXPONENTS
from paybridge.domain.leg import LegKind
from paybridge.domain.money import MAX_MINOR, Money
from paybridge.services.rail import (
    Capabilities,
    Linked,
    NotFound,
    Outcome,
    Page,
    PayeeCheck,
    PayeeMatch,
    Pending,
    Quote,
    RailError,
    RailEvent,
    Refused,
    Reversed,
    Settled,
    StatementLine,
    Unsure,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

LONGEST_WAIT: Final = timedelta(days=7)
LONGEST_WINDOW: Final = timedelta(days=100 * 366)
LONGEST_HANDLE: Final = 1000
LONGEST_ID: Final = 255
LONGEST_SHAPE: Final = 1000
LINK: Final = re.compile(r"[a-z][a-z0-9+.-]{1,30}:[!-~]{1,2000}", re.ASCII)
MOST_EVENTS: Final = 1000
NOTHING: Final = timedelta(0)


class NonsenseError(RailError):
    """A rail's answer cannot be true: it has the wrong type, or holds what cannot be."""


def sensible_capabilities(told: object) -> Capabilities:
    """Known currencies and kinds, 0 < least <= most, no negative times, ...; or `NonsenseError`."""
    can = _is(told, Capabilities, "capabilities")
    _demand(
        _fits(can.currencies, frozenset) and bool(can.currencies) and can.currencies <= EXPONENTS.keys(),
        "its currencies",
    )
    _demand(
        _fits(can.flows, frozenset)
        and bool(can.flows)
        and all(isinstance(flow, LegKind) for flow in can.flows),
        "its kinds of orders",
    )
    _demand(_whole(can.least) and _whole(can.most) and 0 < can.least <= can.most <= MAX_MINOR, "its limits")
    _demand(
        can.most_in.keys() <= can.currencies
        and all(_whole(most) and can.least <= most <= MAX_MINOR for most in can.most_in.values()),
        "its limits by currency",
    )
    _demand(can.shapes.keys() <= can.links and all(map(_is_shape, can.shapes.values())), "its shapes")
    _demand(_between(NOTHING, can.idempotency_window, LONGEST_WINDOW), "its idempotency window")
    _demand(_between(NOTHING, can.money_can_come_back_for, LONGEST_WINDOW), "how long money can come back")
    _demand(isinstance(can.not_found_is_final, bool), "whether not found is final")
    _demand(isinstance(can.checks_payees, bool), "whether it checks payees")
    return can


def sensible_outcome(told: object, currency: str | None = None) -> Outcome:
    """One of the outcomes, whole; money in it is in `currency` if one is given. Or `NonsenseError`."""
    outcome: Outcome = _is(told, get_args(Outcome), "an outcome")
    match outcome:
        case Settled(remote_id=remote, amount=amount, fee=fee, took=took):
            _demand(_text(remote, LONGEST_ID), "the id of a payment")
            _demand(_fits(amount, Money) and amount.is_positive, "the amount of a payment")
            _demand(_fits(fee, Money) and not fee.is_negative, "the fee of a payment")
            _demand(fee.currency == amount.currency == (currency or amount.currency), "a payment's currency")
            _demand(took is None or isinstance(took, timedelta), "how long a payment took")
        case Reversed(remote_id=remote, amount=amount, fee=kept):
            _demand(_text(remote, LONGEST_ID), "the id of a payment")
            _demand(_fits(amount, Money) and amount.is_positive, "the amount that came back")
            _demand(amount.currency == (currency or amount.currency), "the currency of what came back")
            if kept is not None:
                _demand(_fits(kept, Money) and not kept.is_negative, "the fee of what came back")
                _demand(kept.currency == amount.currency, "the currency of that fee")
        case Pending(next_poll=wait, asks=link):
            _demand(_between(NOTHING, wait, LONGEST_WAIT), "when to ask again")
            _demand(_is_link(link), "what the payer has to open")
        case Refused(code=text) | Unsure(reason=text):
            _demand(isinstance(text, str), "a reason")
        case NotFound(final=final):
            _demand(isinstance(final, bool), "whether not found is final")
    return outcome


def sensible_quote(told: object, currency: str) -> Quote:
    """0 <= fee <= highest fee, in `currency`; or `NonsenseError`."""
    quote = _is(told, Quote, "a quote")
    for fee in (quote.fee, quote.highest_fee):
        _demand(_fits(fee, Money) and fee.currency == currency and not fee.is_negative, "a fee")
    _demand(quote.fee <= quote.highest_fee, "a fee above the highest fee")
    return quote


def sensible_handle(told: object) -> str:
    """A text of at most 1000 characters that is not empty; or `NonsenseError`."""
    _demand(_text(told, LONGEST_HANDLE), "a handle")
    return _is(told, str, "a handle")


def sensible_link(told: object) -> Linked:
    """A token, what may be shown of the account, and whether it is proven; or `NonsenseError`."""
    linked = _is(told, Linked, "a link")
    _demand(_text(linked.token, LONGEST_ID), "the token of a link")
    _demand(_text(linked.masked, LONGEST_ID), "what a link shows")
    _demand(isinstance(linked.verified, bool), "whether a link is proven")
    _demand(linked.currency is None or linked.currency in EXPONENTS, "the currency of a link")
    return linked


def sensible_check(told: object) -> PayeeCheck:
    """One of the answers, with a holder's name if it is a close one; or `NonsenseError`."""
    check = _is(told, PayeeCheck, "a check of a payee")
    _demand(_fits(check.match, PayeeMatch), "whether a name matches")
    _demand(check.holder is None or _text(check.holder, LONGEST_ID), "the name of a holder")
    return check


def sensible_reference(told: object) -> str | None:
    """Our reference of an order, or None; or `NonsenseError`."""
    _demand(told is None or _text(told, LONGEST_ID), "the reference of an order")
    return None if told is None else _is(told, str, "a reference")


def sensible_events(told: object) -> Sequence[RailEvent]:
    """At most 1000 events, each with an id and a reference; or `NonsenseError`."""
    _demand(isinstance(told, list | tuple), "events")
    events = [_is(one, RailEvent, "an event") for one in _is(told, Iterable, "events")]
    _demand(len(events) <= MOST_EVENTS, "so many events")
    for event in events:
        _demand(_text(event.id, LONGEST_ID) and _text(event.reference, LONGEST_ID), "an event's id")
    return events


def sensible_page(told: object) -> Page:
    """Lines with ids, money and times that have a zone, and a cursor or None; or `NonsenseError`."""
    page = _is(told, Page, "a page")
    _demand(isinstance(page.lines, list | tuple), "the lines of a statement")
    for line in page.lines:
        _is(line, StatementLine, "a line of a statement")
        _demand(_text(line.id, LONGEST_ID), "a line's id")
        _demand(line.reference is None or isinstance(line.reference, str), "a line's reference")
        _demand(isinstance(line.amount, Money), "a line's amount")
        _demand(_fits(line.at, datetime) and line.at.tzinfo is not None, "a line's time")
    _demand(page.next is None or isinstance(page.next, str), "a cursor")
    _demand(page.balance is None or isinstance(page.balance, Money), "a balance")
    _demand(
        isinstance(page.balances, list | tuple) and all(isinstance(one, Money) for one in page.balances),
        "balances",
    )
    return page


def _is(told: object, wanted: type[T] | tuple[type[T], ...], what: str) -> T:
    if not isinstance(told, wanted):
        raise NonsenseError(f"{type(told).__name__} is not {what}")
    return told


def _fits(told: object, wanted: type) -> bool:
    """`isinstance`, for a field that no type can be trusted about."""
    return isinstance(told, wanted)


def _demand(truth: bool, what: str) -> None:  # noqa: FBT001  the claim itself
    if not truth:
        raise NonsenseError(f"{what} cannot be")


def _whole(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool)


def _text(told: object, longest: int) -> bool:
    return isinstance(told, str) and 0 < len(told) <= longest


def _is_shape(told: object) -> bool:
    try:
        return _text(told, LONGEST_SHAPE) and bool(re.compile(str(told)))
    except re.error:
        return False


def _is_link(told: object) -> bool:
    return told is None or (isinstance(told, str) and bool(LINK.fullmatch(told)))


def _between(least: timedelta, told: object, most: timedelta) -> bool:
    return isinstance(told, timedelta) and least <= told <= most
