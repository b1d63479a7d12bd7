"""Room keys that are kept back: which ones others keep from the bot, and word of those that it keeps."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

WITHHELD: Final = "m.room_key.withheld"
MEGOLM: Final = "m.megolm.v1.aes-sha2"

UNVERIFIED: Final = "m.unverified"
NO_OLM: Final = "m.no_olm"
ON_PURPOSE: Final = (UNVERIFIED, "m.blacklisted")
REASONS: Final = {
    UNVERIFIED: "This device is not signed by the identity that the sender knows.",
    NO_OLM: "No secure channel to this device could be opened.",
}

MOST_NOTED: Final = 1000
"""Strangers may send as many as they like; the oldest are forgotten."""

LONGEST_ID: Final = 255


class KeptBack:
    """Room keys that other people's clients say they do not share with this device.

    It is only the homeserver's word, and only changes how an unreadable message is answered.
    """

    def __init__(self) -> None:
        self._noted: OrderedDict[tuple[str, str, str], bool] = OrderedDict()

    def take(self, events: Iterable[object]) -> None:
        """Note the withheld keys among what came to the device."""
        for event in events:
            content = event.get("content") if isinstance(event, Mapping) else None
            if not isinstance(event, Mapping) or event.get("type") != WITHHELD:
                continue
            if not isinstance(content, Mapping) or content.get("algorithm") != MEGOLM:
                continue
            named = (event.get("sender"), content.get("room_id"), content.get("session_id"))
            if all(isinstance(name, str) and len(name) <= LONGEST_ID for name in named):
                sender, room, session = map(str, named)
                self._note((sender, room, session), on_purpose=content.get("code") in ON_PURPOSE)

    def by(self, sender: str, room: str, session: str | None) -> bool:
        """Whether this person's client has said that it keeps this room key from us on purpose."""
        return self._noted.get((sender, room, session or ""), False)

    def _note(self, key: tuple[str, str, str], *, on_purpose: bool) -> None:
        self._noted[key] = on_purpose
        self._noted.move_to_end(key)
        while len(self._noted) > MOST_NOTED:
            self._noted.popitem(last=False)


def notice(
    room: str, session: str, sender_key: str, devices: Collection[tuple[str, str]], code: str
) -> dict[str, Any]:
    """The body of `sendToDevice` that tells these (person, device) that they do not get a room key, and why.

    Client-server API, `m.room_key.withheld`; without a secure channel it is about every key at once.
    """
    content = {"algorithm": MEGOLM, "code": code, "reason": REASONS[code], "sender_key": sender_key}
    if code != NO_OLM:
        content |= {"room_id": room, "session_id": session}
    messages: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for mxid, device in devices:
        messages[mxid][device] = content
    return {"messages": messages}
