"""A room's policy: its currency and language, who sees amounts, who may ask, and how much one may pay."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, TypeVar

from paybridge.domain.currencies import EXPONENTS
from paybridge.domain.errors import UserError
from paybridge.domain.money import Money, MoneyError
from paybridge.domain.power import MODERATOR

if TYPE_CHECKING:
    from paybridge.domain.facts import Fact

POLICY_EVENT: Final = "org.paybridge.policy"
VERSION: Final = 1


class Receipts(StrEnum):
    """Whether the room sees amounts; later ones are tighter."""

    PUBLIC = "public"
    PRIVATE = "private"


class Asking(StrEnum):
    """Who may ask for money in the room; later ones are tighter."""

    ANYONE = "anyone"
    MODERATORS = "moderators"
    NOBODY = "nobody"


_RECEIPTS: Final = tuple(Receipts)
_ASKING: Final = tuple(Asking)


class Setting(StrEnum):
    """What a policy settles, by the names of its fields."""

    CURRENCY = "currency"
    RECEIPTS = "receipts"
    REQUESTS = "requests"
    LIMIT = "limit"
    LANGUAGE = "language"


class Flaw(StrEnum):
    """Why a state event, or this part of it, does not count."""

    VERSION = "v"
    CURRENCY = "currency"
    RECEIPTS = "receipts"
    REQUESTS = "requests"
    LIMIT = "limit"
    LANGUAGE = "language"
    SENDER = "sender"
    """Its sender lacks the power to set it, or is not told."""


class OverTheRoomLimitError(UserError):
    """More than one payment may be in this room, or in another currency than its limit."""

    key = "error.over_the_room_limit"

    def __init__(self, *, most: Money) -> None:
        super().__init__(most=most)
        self.most = most


class NobodyMayAskError(UserError):
    """Nobody may ask for money in this room."""

    key = "error.nobody_may_ask"


class OnlyModeratorsMayAskError(UserError):
    """Only moderators may ask for money in this room."""

    key = "error.only_moderators_may_ask"


class MayNotSetPolicyError(UserError):
    """Whoever typed it lacks the power to change the room's policy."""

    key = "error.may_not_set_policy"

    def __init__(self, *, needed: int, candidates: str) -> None:
        super().__init__(needed=needed, able=({"candidates": candidates},) if candidates else ())


class HeldByOperatorError(UserError):
    """The operator's own policy is tighter."""

    key = "error.held_by_operator"

    def __init__(self, *, setting: str, held: Fact) -> None:
        super().__init__(setting=setting, held=held)


class HeldByStateEventError(UserError):
    """The room's state event says something tighter, or names another currency."""

    key = "error.held_by_state_event"

    def __init__(self, *, setting: str, held: Fact) -> None:
        super().__init__(setting=setting, held=held)


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds in a room; None means that nothing is said about it."""

    currency: str | None = None
    receipts: Receipts = Receipts.PUBLIC
    requests: Asking = Asking.ANYONE
    limit: Money | None = None
    language: str | None = None

    def tightened(self, by: Policy) -> Policy:
        """The tighter of both in everything; where neither is (two currencies, two languages), `by` holds."""
        return Policy(
            currency=by.currency or self.currency,
            receipts=max(self.receipts, by.receipts, key=_RECEIPTS.index),
            requests=max(self.requests, by.requests, key=_ASKING.index),
            limit=_lower(self.limit, by.limit),
            language=by.language or self.language,
        )

    def taking(self, setting: Setting, other: Policy) -> Policy:
        """The same, but with this setting as in `other`."""
        changed: dict[str, Any] = {setting.value: getattr(other, setting.value)}
        return replace(self, **changed)

    def fact(self, setting: Setting) -> Fact:
        """What stands at this setting, to be told."""
        value: Fact = getattr(self, setting.value)
        return value

    def content(self) -> dict[str, object]:
        """The content of a state event that says this, which `read_policy` reads."""
        told: dict[str, object] = {
            "v": VERSION,
            "receipts": self.receipts.value,
            "requests": self.requests.value,
        }
        if self.currency is not None:
            told["currency"] = self.currency
        if self.language is not None:
            told["language"] = self.language
        if self.limit is not None:
            told["limit"] = {"value": self.limit.plain(), "currency": self.limit.currency}
        return told

    def to_json(self) -> str:
        """The content as text, to keep."""
        return json.dumps(self.content(), sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class RoomPolicy:
    """What the bot keeps about a room: typed by those with the power to, or inherited at an upgrade."""

    room: str
    policy: Policy
    version: int = 0


@dataclass(frozen=True, slots=True)
class StatedPolicy:
    """What a room's state event says as far as it counts, and why the rest does not."""

    policy: Policy = Policy()
    flaws: tuple[Flaw, ...] = ()


def read_policy(content: object) -> StatedPolicy:
    """Read the content of a state event, which may be anything; what cannot be read is left out and named.

    Content without anything in it is what remains when a policy is taken back: it says nothing.
    """
    if not isinstance(content, Mapping):
        return StatedPolicy(flaws=(Flaw.VERSION,))
    if not content:
        return StatedPolicy()
    version = content.get("v")
    if type(version) is not int or version != VERSION:
        return StatedPolicy(flaws=(Flaw.VERSION,))
    currency, receipts = content.get("currency"), content.get("receipts", Receipts.PUBLIC)
    requests, limit = content.get("requests", Asking.ANYONE), content.get("limit")
    language = content.get("language")
    flawed = {
        Flaw.CURRENCY: currency is not None and not _is_currency(currency),
        Flaw.RECEIPTS: _member(Receipts, receipts) is None,
        Flaw.REQUESTS: _member(Asking, requests) is None,
        Flaw.LIMIT: limit is not None and _money(limit) is None,
        Flaw.LANGUAGE: language is not None and not _is_language(language),
    }
    policy = Policy(
        currency=currency if isinstance(currency, str) and _is_currency(currency) else None,
        receipts=_member(Receipts, receipts) or Receipts.PUBLIC,
        requests=_member(Asking, requests) or Asking.ANYONE,
        limit=_money(limit),
        language=language if isinstance(language, str) and _is_language(language) else None,
    )
    return StatedPolicy(policy, tuple(flaw for flaw, is_flawed in flawed.items() if is_flawed))


def policy_from_json(text: str) -> Policy:
    """Read what `Policy.to_json` wrote, or ValueError."""
    read = read_policy(json.loads(text))
    if read.flaws:
        raise ValueError(f"not a policy: {', '.join(read.flaws)}")
    return read.policy


def check_payment(policy: Policy, amount: Money) -> None:
    """Raise if one payment of `amount` (without its fee) may not be made under this policy.

    A payment in another currency than the limit's is never within it, as nothing is ever converted.
    """
    limit = policy.limit
    if limit is not None and (amount.currency != limit.currency or amount > limit):
        raise OverTheRoomLimitError(most=limit)


def check_asking(policy: Policy, power: int) -> None:
    """Raise if somebody with this power level may not ask for money under this policy."""
    if policy.requests is Asking.NOBODY:
        raise NobodyMayAskError
    if policy.requests is Asking.MODERATORS and power < MODERATOR:
        raise OnlyModeratorsMayAskError


Choice = TypeVar("Choice", bound=StrEnum)


def _member(kind: type[Choice], value: object) -> Choice | None:
    return next((choice for choice in kind if choice.value == value), None)


def _is_language(value: object) -> bool:
    """Whether it is shaped as a code of ISO 639; what the bot does not speak, it says in English."""
    return isinstance(value, str) and re.fullmatch("[a-z]{2,3}", value) is not None


def _is_currency(value: object) -> bool:
    return isinstance(value, str) and value in EXPONENTS


def _money(value: object) -> Money | None:
    match value:
        case {"value": str(text), "currency": str(currency)}:
            try:
                money = Money.of(text, currency)
            except MoneyError:
                return None
            return None if money.is_negative else money
    return None


def _lower(own: Money | None, theirs: Money | None) -> Money | None:
    if own is None or theirs is None:
        return theirs or own
    if own.currency != theirs.currency:
        return theirs
    return min(own, theirs)
