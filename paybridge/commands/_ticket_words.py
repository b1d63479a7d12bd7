"""What `!ticket` needs of the rest of the house: the words for its deeds, and readers of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paybridge.domain.proof import DeviceNotProvenError, may_move_money
from paybridge.domain.ticket import TicketState
from paybridge.domain.ticket_code import looks_like_code, read_ticket_id
from paybridge.domain.ticket_words import NotAGigError, read_gig, read_pieces
from paybridge.services.ticket_door import MOST_LISTED
from paybridge.services.tickets import Show

if TYPE_CHECKING:
    from paybridge.commands._frame import Call

__all__ = [
    "CLOSE",
    "DOOR",
    "GIVE",
    "LEAVE",
    "LIST",
    "MINE",
    "MOST_LISTED",
    "NEW",
    "REFUND",
    "SHOW",
    "STAFF",
    "TO",
    "WAIT",
    "NotAGigError",
    "Show",
    "TicketState",
    "check_proven",
    "looks_like_code",
    "read_gig",
    "read_pieces",
    "read_ticket_id",
]

NEW: Final = frozenset({"new", "新"})
MINE: Final = frozenset({"mine", "我的"})
SHOW: Final = frozenset({"show", "出示"})
GIVE: Final = frozenset({"give", "转给"})
CLOSE: Final = frozenset({"close", "停售"})
DOOR: Final = frozenset({"door", "验票"})
LIST: Final = frozenset({"list", "名单"})
STAFF: Final = frozenset({"staff", "门卫"})
REFUND: Final = frozenset({"refund", "退"})
WAIT: Final = frozenset({"wait", "候补"})
LEAVE: Final = frozenset({"leave", "off", "退出"})
TO: Final = frozenset({"to", "给"})


def check_proven(call: Call) -> None:
    """Raise unless it was typed on a device that could approve a payment: it changes whose something is."""
    if not may_move_money(call.spoken.proof, call.desk.settings.required_trust):
        raise DeviceNotProvenError
