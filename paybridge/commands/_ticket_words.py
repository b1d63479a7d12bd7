"""What `!ticket` needs of the rest of the house: the words for its deeds, and readers of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paybridge.domain.proof import DeviceNotProvenError, may_move_money
from paybridge.domain.ticket import Ticket
from paybridge.domain.ticket_code import read_ticket_id
from paybridge.domain.ticket_words import read_gig, read_pieces
from paybridge.services.tickets import Show

if TYPE_CHECKING:
    from paybridge.commands._frame import Call

__all__ = [
    "CLOSE",
    "GIVE",
    "MINE",
    "NEW",
    "SHOW",
    "TO",
    "Show",
    "Ticket",
    "check_proven",
    "read_gig",
    "read_pieces",
    "read_ticket_id",
]

NEW: Final = frozenset({"new", "新"})
MINE: Final = frozenset({"mine", "我的"})
SHOW: Final = frozenset({"show", "出示"})
GIVE: Final = frozenset({"give", "转给"})
CLOSE: Final = frozenset({"close", "停售"})
TO: Final = frozenset({"to", "给"})


def check_proven(call: Call) -> None:
    """Raise unless it was typed on a device that could approve a payment: it changes whose something is."""
    if not may_move_money(call.spoken.proof, call.desk.settings.required_trust):
        raise DeviceNotProvenError
