"""From one letter to what was spoken: read, proven, and placed in its room."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from paybridge.domain.proof import HomeserverOnly
from paybridge.domain.spoken import Gesture, Spoken, Trouble
from paybridge.matrix import letters, marks, reading
from paybridge.matrix.crypto import session_of
from paybridge.matrix.intake import read_cipher
from paybridge.matrix.overhearing import Heard, Overhear, Overhears, nobody, nobody_else
from paybridge.matrix.sender import Proven
from paybridge.matrix.wire import RefusedError
from paybridge.services.ports import SealBrokenError

if TYPE_CHECKING:
    from paybridge.domain.bridges import Bridges
    from paybridge.matrix.crypto import Crypto
    from paybridge.matrix.direct import DirectRooms
    from paybridge.matrix.letters import Told
    from paybridge.matrix.reading import Me, Words
    from paybridge.matrix.replies import Replies
    from paybridge.matrix.rooms import KnownRooms
    from paybridge.matrix.sender import Senders
    from paybridge.matrix.withholding import KeptBack
    from paybridge.services.ports import Letter, Mailbox, RoomFacts, Vault

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNREADABLE = "unreadable:"

log = structlog.stdlib.get_logger(__name__)


class Understanding:
    """Asks everyone who knows something about a message."""

    def __init__(  # noqa: PLR0913 - everyone who knows something
        self,
        *,
        crypto: Crypto,
        vault: Vault,
        mailbox: Mailbox,
        rooms: KnownRooms,
        senders: Senders,
        replies: Replies,
        direct: DirectRooms,
        me: Me,
        kept_back: KeptBack,
        bridges: Bridges,
        overhears: Overhears = nobody,
    ) -> None:
        self._crypto = crypto
        self._vault = vault
        self._mailbox = mailbox
        self._rooms = rooms
        self._senders = senders
        self._replies = replies
        self._direct = direct
        self.me = me
        self._kept_back = kept_back
        self._bridges = bridges
        self._overhears = overhears

    def missing_key(self, letter: Letter) -> tuple[str, str] | None:
        """The (room, session) of the room key that the letter still waits for, if it does."""
        try:
            told = self._read(letter)
        except SealBrokenError:
            return None
        session = session_of(told.cipher) if told is not None and told.cipher is not None else None
        if session is None or self._kept_back.by(letter.sender, letter.room, session):
            # There is nothing to wait for: who wrote it is told at once.
            return None
        return letter.room, session

    async def of(self, letter: Letter) -> Spoken | Gesture | None:
        """What the letter says, None if it is no command after all or its room is no longer ours."""
        heard = Heard(letter.room, letter.event, letter.sender, _milliseconds(letter.received))
        try:
            told = self._read(letter, partial(self._overhears, heard))
            if told is None or self._bridges.denying(letter.sender) is not None:
                # Nobody hears of it either: two programs would answer each other for ever.
                return None
            if told.sign is not None:
                return Gesture(letter.event, letter.room, letter.sender, told.sign.kind, told.sign.target)
            facts = await self._rooms.facts(letter.room)
        except (SealBrokenError, RefusedError) as error:
            log.warning("letter_passed_over", letter=letter.event, error=type(error).__name__)
            return None
        if told.content is None:
            return await self._unreadable(letter, told, facts)
        words = reading.read(told.content, self.me)
        if words is None:
            return None
        if facts.direct and facts.encrypted:
            await self._direct.met(letter.sender, letter.room)
        proven = await self._prove(letter, told, facts)
        if proven.trouble is None and words.bodies_differ:
            proven = replace(proven, trouble=Trouble.BODIES_DIFFER)
        if proven.trouble is None and words.several_lines:
            proven = replace(proven, trouble=Trouble.SEVERAL_LINES)
        return await self._spoken(letter, told, words, proven, facts)

    def _read(self, letter: Letter, overhear: Overhear = nobody_else) -> Told | None:
        """The letter as far as it can be read now; its room key may have come since it was written down."""
        told = letters.unseal(self._vault, letter.payload)
        if told.cipher is None:
            return told
        return read_cipher(self._crypto, self.me, letter.room, told.cipher, told.sent, overhear)

    async def _prove(self, letter: Letter, told: Told, facts: RoomFacts) -> Proven:
        found = marks.read(told.content or {})
        if told.seal is not None:
            return await self._senders.prove(letter.event, letter.sender, told.seal, found)
        return await self._senders.prove_unsealed(letter.sender, found, encrypted_room=facts.encrypted)

    async def _spoken(
        self, letter: Letter, told: Told, words: Words, proven: Proven, facts: RoomFacts
    ) -> Spoken:
        answered = words.reply_to
        author = await self._replies.author(letter.room, answered) if answered is not None else None
        return Spoken(
            event=letter.event,
            room=letter.room,
            sender=letter.sender,
            proof=proven.proof,
            body=words.body,
            sent=_moment(told.sent),
            seen=letter.received,
            encrypted=facts.encrypted,
            direct=facts.direct,
            pills=words.pills,
            reply_author=author,
            is_reply=answered is not None,
            to_bot=words.to_bot,
            trouble=proven.trouble,
        )

    async def _unreadable(self, letter: Letter, told: Told, facts: RoomFacts) -> Spoken | None:
        """Said once per sender and room key: most of what nobody can read is chat that is not for us.

        Whose client keeps its keys back makes new ones all the time: among others that is said once.
        """
        session = session_of(told.cipher or {})
        withheld = self._kept_back.by(letter.sender, letter.room, session)
        once = letter.room if withheld and not facts.direct else session
        if not await self._mailbox.first_seen(f"{UNREADABLE}{letter.sender}|{once}", letter.event):
            return None
        return Spoken(
            event=letter.event,
            room=letter.room,
            sender=letter.sender,
            proof=HomeserverOnly(),
            body="",
            sent=_moment(told.sent),
            seen=letter.received,
            encrypted=True,
            direct=facts.direct,
            trouble=Trouble.KEY_WITHHELD if withheld else Trouble.UNREADABLE,
        )


def _milliseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)


def _moment(milliseconds: int) -> datetime:
    """The origin's time, which may be any number: far ones are as far as time goes."""
    try:
        return EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC) if milliseconds > 0 else datetime.min.replace(tzinfo=UTC)
