"""What was typed, said and booked while the bot was killed: plain values, with which the judge works."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from paybridge.demo.timeline import Event

PAYMENT = "org.paybridge.payment"
NOTE = re.compile(r"“((?:item|loan)\d+)”")
FROM_BALANCE = "from your PayBridge balance"
NOT_APPROVED = frozenset({"awaiting_approval", "cancelled", "expired"})
FINAL = frozenset({"settled", "refused", "cancelled", "expired"})


class Effect(Enum):
    """What a command does when it is not refused."""

    CARD = "card"
    REQUEST = "request"
    APPROVED = "approved"
    CANCELLED = "cancelled"
    DECLINED = "declined"


EFFECTS: Mapping[str, Effect] = {
    "pay": Effect.CARD,
    "accept": Effect.CARD,
    "topup": Effect.CARD,
    "cashout": Effect.CARD,
    "request": Effect.REQUEST,
    "confirm": Effect.APPROVED,
    "yes": Effect.APPROVED,
    "cancel": Effect.CANCELLED,
    "decline": Effect.DECLINED,
}


@dataclass(frozen=True, slots=True)
class Typed:
    """One message of a person. `subject` is what its effect is known by: a note, or a payment's id."""

    event: str
    who: str
    room: str
    line: str
    verb: str
    subject: str = ""
    in_chat: bool = False
    """Typed in the direct message."""

    @property
    def effect(self) -> Effect | None:
        return EFFECTS.get(self.verb)

    @property
    def expects(self) -> bool:
        """Whether the bot must answer; chat that is no command must get none."""
        return self.verb != "chat"


@dataclass(frozen=True, slots=True)
class About:
    """What the bot tells programs about a payment; the amount in minor units, 0 where it is hidden."""

    id: str
    kind: str
    state: str
    payer: str
    payee: str
    minor: int
    code: str
    expires: int


@dataclass(frozen=True, slots=True)
class Said:
    """One event of the bot: a message, or an edit of the message `replaces`, which then says `body`."""

    event: str
    room: str
    body: str
    reply_to: str | None = None
    replaces: str | None = None
    about: About | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a statement, in minor units, below zero: taken from the account."""

    minor: int
    text: str


def read(event: Event, room: str) -> Said:
    """The bot's message in an event that could be decrypted."""
    content = _mapping(event.get("content"))
    relation = _mapping(content.get("m.relates_to"))
    edited = relation.get("rel_type") == "m.replace"
    shown = _mapping(content.get("m.new_content")) if edited else content
    reply = _mapping(relation.get("m.in_reply_to")).get("event_id")
    told = _mapping(shown.get(PAYMENT))
    return Said(
        event=str(event["event_id"]),
        room=room,
        body=str(shown.get("body", "")),
        reply_to=str(reply) if reply else None,
        replaces=str(relation["event_id"]) if edited else None,
        about=_about(told) if told else None,
    )


class Heard:
    """What the bot said, by what it was about."""

    def __init__(self, said: Iterable[Said] = ()) -> None:
        self.said: dict[str, Said] = {}
        self.replies: defaultdict[str, list[Said]] = defaultdict(list)
        self.payments: defaultdict[str, list[Said]] = defaultdict(list)
        self.effects: defaultdict[tuple[Effect, str], set[str]] = defaultdict(set)
        for one in said:
            self.take(one)

    def take(self, said: Said) -> None:
        """Take in an event; the same one again changes nothing."""
        if said.event in self.said:
            return
        self.said[said.event] = said
        if said.reply_to is not None:
            self.replies[said.reply_to].append(said)
        if said.about is not None:
            self.payments[said.about.id].append(said)
            for effect, subject in _effects(said, said.about):
                self.effects[effect, subject].add(said.about.id)

    def has_answered(self, typed: Typed) -> bool:
        """Whether a command has shown its effect or been replied to; enough for a person to go on."""
        effect = typed.effect
        return typed.event in self.replies or (
            effect is not None and typed.subject != "" and bool(self.effects.get((effect, typed.subject)))
        )

    def last(self, payment: str) -> About:
        """What was told last about a payment in the room of its first message, with its amount."""
        told = [said for said in self.payments[payment] if said.about is not None]
        abouts = [said.about for said in told if said.about is not None and said.room == told[0].room]
        return replace(abouts[-1], minor=max(about.minor for about in abouts))


def _effects(said: Said, about: About) -> Iterable[tuple[Effect, str]]:
    noted = NOTE.search(said.body)
    note = noted[1] if noted else ""
    if about.kind == "request":
        if about.state == "open":
            yield Effect.REQUEST, note
        if about.state == "declined":
            yield Effect.DECLINED, about.id
    elif about.state not in NOT_APPROVED:
        yield Effect.APPROVED, about.id
    elif about.state == "awaiting_approval":
        of_own = about.kind != "pay"
        yield Effect.CARD, own_money(about.kind, about.payer, about.minor) if of_own else note
    if about.state == "cancelled":
        yield Effect.CANCELLED, about.id


def own_money(kind: str, payer: str, minor: int) -> str:
    """The subject of a topup or cash-out, which has no note: nobody types the same amount for it twice."""
    return f"{kind} {payer} {minor}"


def _about(told: Mapping[str, Any]) -> About:
    amount = _mapping(told.get("amount")).get("value", 0)
    return About(
        id=str(told["id"]),
        kind=str(told["kind"]),
        state=str(told["state"]),
        payer=str(told["payer"]),
        payee=str(told["payee"]),
        minor=int(Decimal(str(amount)) * 100),
        code=str(told.get("code", "")),
        expires=int(told.get("expires_ts", 0)),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
