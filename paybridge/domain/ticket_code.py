"""The code of a ticket: a short signed text that fits a QR code's letters and digits."""

from __future__ import annotations

import re
from base64 import b32decode, b32encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from paybridge.domain.errors import UserError
from paybridge.domain.ids import ALPHABET, spell

if TYPE_CHECKING:
    from paybridge.domain.ticket import Ticket

_MARK: Final = "PBT1"
_LETTERS: Final = f"[{ALPHABET}]"
_GIG: Final = re.compile(f"EV-?({_LETTERS}{{8}})")
_TICKET: Final = re.compile(f"PB-?({_LETTERS}{{5,12}})-([1-9][0-9]?)")
_CODE: Final = re.compile(
    f"({_MARK}:({_LETTERS}{{8}}):({_LETTERS}{{5,12}}):([1-9][0-9]?):(0|[1-9][0-9]?)):([A-Z2-7]{{103}})"
)
_PADDING: Final = "="


class NotATicketError(UserError):
    """The word is no code of a ticket, and no ticket's name."""

    key = "error.not_a_ticket"

    def __init__(self, *, typed: str) -> None:
        super().__init__(typed=typed)

    def lines(self) -> tuple[str, ...]:
        return ("!ticket mine",)


@dataclass(frozen=True, slots=True)
class Code:
    """A code apart: what it says, and the signature (64 bytes, Ed25519) of `text`."""

    gig: str
    ticket: str
    turn: int
    text: str
    signature: bytes


def gig_id(number: int) -> str:
    """The name of an event that `number` (random, handed in) spells: `EV-` and eight letters."""
    return "EV-" + spell(number, 8)


def code_text(ticket: Ticket) -> str:
    """What is signed: the event, the ticket, and how often it was given on."""
    payment = ticket.booking.removeprefix("PB-")
    return f"{_MARK}:{ticket.gig.removeprefix('EV-')}:{payment}:{ticket.number}:{ticket.turn}"


def with_signature(text: str, signature: bytes) -> str:
    """The code that people keep, in letters that a QR code has a short form for (ISO/IEC 18004, table 5)."""
    return f"{text}:{b32encode(signature).decode().rstrip(_PADDING)}"


def read_ticket_code(typed: str) -> Code:
    """Take a code apart, or NotATicketError; whether its signature is good is not looked at."""
    found = _CODE.fullmatch(typed.strip().upper())
    if found is None:
        raise NotATicketError(typed=typed.strip()[:40])
    text, gig, payment, number, turn, signature = found.groups()
    whole = b32decode(signature + _PADDING * (-len(signature) % 8))
    return Code(f"EV-{gig}", f"PB-{payment}-{number}", int(turn), text, whole)


def looks_like_code(typed: str) -> bool:
    """Whether the word begins as a ticket's code does."""
    return typed.upper().startswith(f"{_MARK}:")


def read_ticket_id(typed: str) -> str:
    """The name of a ticket, "PB-7K3QD-1", also out of its code; or NotATicketError."""
    found = _TICKET.fullmatch(typed.strip().upper())
    return f"PB-{found[1]}-{found[2]}" if found else read_ticket_code(typed).ticket


def read_gig_id(typed: str) -> str | None:
    """The name of an event, "EV-7K3QD9XM", if it is one."""
    found = _GIG.fullmatch(typed.strip().upper())
    return f"EV-{found[1]}" if found else None
