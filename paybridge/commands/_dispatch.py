"""The one dispatcher: finds the command, runs it, and commits its step together with what it says.

It is the only place in chat where an error becomes a reply.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import structlog

from paybridge.commands import _verbs
from paybridge.commands._bridged import FOR_EVERYONE, DirectOnlyError, answer_bridged
from paybridge.commands._corrections import corrections
from paybridge.commands._frame import Answer, Call, Command, Place, with_full_ids
from paybridge.domain.errors import UserError
from paybridge.domain.factor import only_digits, read_digits
from paybridge.domain.people import check_not_frozen
from paybridge.domain.permissions import NotAllowedError, Role
from paybridge.domain.proof import ViaBridgeBot, may_move_money
from paybridge.domain.request import Request
from paybridge.domain.split import Split
from paybridge.domain.spoken import Gesture, Origin, Trouble
from paybridge.domain.transfer import Transfer
from paybridge.services.factors import CountedError, TypedInRoomError
from paybridge.services.figures import Durations
from paybridge.services.homes import brought_home
from paybridge.services.open_cards import ConfirmedAlreadyError
from paybridge.services.patience import Patience
from paybridge.services.ports import (
    AlreadyDoneError,
    BookUnavailableError,
    OverdraftError,
    RoomsAwayError,
    StaleError,
    Step,
    Wakeup,
)
from paybridge.services.says import Say, seal
from paybridge.services.tries import TRIES, BusyError, SpentMeanwhileError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paybridge.domain.spoken import Spoken
from paybridge.domain.proof import DeviceNotProvenError
from paybridge.services.desk import Desk

log = structlog.get_logger(__name__)

MOST_SAID_AGAIN: Final = 200
"""Letters of what was typed that a suggestion repeats."""
STOPPING_TRIES: Final = 50
"""What stops everything at once meets whatever is on its way in that moment."""
NOTHING_SENT: Final = "lead.nothing_sent"


class InternalError(UserError):
    """Something went wrong that is nobody's fault but ours."""

    key = "error.internal"


class TooLongError(UserError):
    """The command is longer than anybody types."""

    key = "error.too_long"

    def __init__(self, *, most: int) -> None:
        super().__init__(most=most)


class Dispatcher:
    """Hands messages to commands."""

    def __init__(self, desk: Desk, commands: Mapping[str, Command], wakeup: Wakeup) -> None:
        self._desk = desk
        self._commands = commands
        self._wakeup = wakeup
        self._patience = Patience(desk.settings.bridges, desk.clock.now)
        self.refused: Counter[str] = Counter()
        self.answered = Durations()

    async def handle(self, heard: Spoken | Gesture) -> None:
        """Answer one message or gesture: its effect, its reply and "done" are one transaction.

        Whatever it is, it is done afterwards; only a database that cannot be written leaves it for later.
        """
        try:
            if isinstance(heard, Gesture):
                await self._follow(heard)
            else:
                await self._take(heard)
        except AlreadyDoneError:
            if await self._desk.mailbox.is_done(heard.event):
                return
            # What it says has been said before: one of many stale commands.
            await self._desk.mailbox.finish(heard.event)

    async def _follow(self, gesture: Gesture) -> None:
        """Stop what the gesture may stop; what was confirmed in the same moment stays so."""
        for _ in range(TRIES):
            step, says = await self._desk.gestures.follow(gesture)
            try:
                await self._commit(gesture, step, says)
            except StaleError:
                continue
            return
        await self._commit(gesture, Step(), ())

    async def _take(self, spoken: Spoken) -> None:
        """Run the message if it is a command, or say why not, or leave it alone."""
        digits = only_digits(spoken.body)
        if digits is not None and await self._take_digits(spoken, digits):
            return
        typed = _verbs.read_verb(spoken)
        role = self._desk.settings.permissions.role_of(spoken.sender)
        command = _verbs.find(self._commands, typed.verb) if typed else None
        if command is None and typed is not None and typed.slash:
            # It may be a command of somebody else's.
            typed = None
        if role is Role.BLOCKED:
            await self._commit(spoken, Step(), ())
        elif _verbs.types_card_number(spoken):
            # Before anything that would say it again.
            await self._commit(spoken, Step(), (self._card_number(spoken, command),))
        elif spoken.trouble is not None and not _helps(spoken.trouble, command):
            await self._commit(spoken, Step(), self._troubled(spoken, command))
        elif typed is None:
            await self._commit(spoken, Step(), ())
        elif command is None:
            await self._commit(spoken, Step(), await self._unknown(spoken, typed))
        elif self._is_stale(spoken) and not command.only_stops:
            await self._commit(spoken, Step(), (self._stale(spoken),))
        else:
            await self._run(spoken, typed, command, role)

    async def _take_digits(self, spoken: Spoken, digits: str) -> bool:
        """Six digits alone: in the direct message they approve the one card that is open.

        Anywhere else, a code of the sender's is used up. Whoever has no second factor means something else by
        them. Returns whether this was all.
        """
        person = await self._desk.book.person_of(spoken.sender)
        if spoken.trouble is not None or person is None or self._is_stale(spoken):
            return False
        if spoken.direct and spoken.encrypted:
            if await self._desk.factors.active(person.id) is None:
                return False
            role = self._desk.settings.permissions.role_of(spoken.sender)
            await self._run(spoken, _verbs.Typed("yes", digits), self._commands["yes"], role)
            return True
        for _ in range(TRIES):
            burnt = await self._desk.factors.burn(person, digits)
            if burnt is None:
                return False
            call = await self._call(spoken, _verbs.Typed("mfa", digits))
            with contextlib.suppress(StaleError):
                await self._commit(spoken, burnt.step, self._refuse(self._commands["mfa"], call, burnt))
                return True
        return False

    async def _run(self, spoken: Spoken, typed: _verbs.Typed, command: Command, role: Role) -> None:
        """Run a command; one that lost a race decides again."""
        for _ in range(STOPPING_TRIES if command.only_stops else TRIES):
            call = await self._call(spoken, typed)
            step, says = await self._decide(command, call, role)
            try:
                await self._commit(spoken, step, says)
            except StaleError:
                continue
            except OverdraftError:
                await self._commit(spoken, Step(), self._refuse(command, call, SpentMeanwhileError()))
            return
        call = await self._call(spoken, typed)
        await self._commit(spoken, Step(), self._refuse(command, call, BusyError()))

    async def _decide(self, command: Command, call: Call, role: Role) -> tuple[Step, tuple[Say, ...]]:
        """What the command does and says; a refusal changes nothing, but that some are counted."""
        try:
            answer = await self._answer(command, call, role)
        except CountedError as error:
            return error.step, self._refuse(command, call, error)
        except UserError as error:
            return Step(), self._refuse(command, call, error, private=await self._is_private(call, error))
        except (BookUnavailableError, RoomsAwayError, AlreadyDoneError, StaleError, OverdraftError):
            raise
        except Exception:
            # A bug: nothing was written, which is what the person must know.
            log.exception("command failed", verb=command.verb)
            return Step(), self._refuse(command, call, InternalError())
        step = answer.step + Step(records=_origins(answer.step, call.spoken.event))
        return step, (*self._reply(command, call, answer), *answer.says)

    async def _commit(self, heard: Spoken | Gesture, step: Step, says: tuple[Say, ...]) -> None:
        now = self._desk.clock.now()
        if says and step == Step() and self._patience.is_over(heard.sender):
            says = ()
        told = await brought_home(self._desk.book, self._desk.settings.bridges, says)
        posts = tuple(seal(self._desk.vault, say, now) for say in told)
        try:
            await self._desk.book.commit(step + Step(posts=posts, done=(heard.event,)))
        except BookUnavailableError:
            # It may be written all the same, and what it says is then to be said.
            self._wakeup.ring()
            raise
        self._wakeup.ring()
        if says and not isinstance(heard, Gesture):
            self.answered.took((now - heard.seen).total_seconds())

    async def _call(self, spoken: Spoken, typed: _verbs.Typed) -> Call:
        speaker = await self._desk.people.know(spoken.sender)
        bridged = isinstance(spoken.proof, ViaBridgeBot)
        return Call(
            spoken=spoken,
            speaker=speaker,
            room=await self._desk.rooms.facts(spoken.room),
            words=typed.words,
            verb=typed.verb,
            desk=self._desk,
            language=await self._desk.policies.language(spoken.room, speaker.person.language),
            home=await self._desk.bridged.home(speaker.person.id) if bridged else spoken.sender,
        )

    async def _answer(self, command: Command, call: Call, role: Role) -> Answer:
        if role < command.role:
            raise NotAllowedError
        if len(call.words) > _verbs.LONGEST:
            raise TooLongError(most=_verbs.LONGEST)
        if command.takes_factor and not call.room.private:
            digits = read_digits(call.words)
            burnt = await self._desk.factors.burn(call.speaker.person, digits) if digits else None
            if burnt is not None:
                raise burnt
        proof = call.spoken.proof
        if isinstance(proof, ViaBridgeBot):
            return await answer_bridged(command, call, proof)
        if command.place is Place.DIRECT_ONLY and not call.room.private:
            raise DirectOnlyError
        if command.proven and not may_move_money(proof, self._desk.settings.required_trust):
            raise DeviceNotProvenError
        if not command.while_frozen:
            check_not_frozen(call.speaker.person)
        return await command.run(call)

    # ------------------------------------------------------------ words back

    def _reply(self, command: Command, call: Call, answer: Answer) -> tuple[Say, ...]:
        if answer.key is None:
            return ()
        reply = Say(
            id=f"{call.spoken.event}/reply",
            key=answer.key,
            language=answer.language or call.language,
            facts=answer.facts,
            lines=answer.lines,
            file=answer.file,
        )
        return self._placed(reply, call, private=answer.private or command.place is Place.ANSWERED_DIRECTLY)

    async def _is_private(self, call: Call, error: UserError) -> bool:
        """Whether the room must not read why."""
        return error.tells_amounts and await self._desk.policies.hides_amounts(call.room.id)

    def _refuse(
        self, command: Command, call: Call, error: UserError, *, private: bool = False
    ) -> tuple[Say, ...]:
        log.info("refused", verb=command.verb, why=error.key)
        self.refused[error.key] += 1
        reply = Say(
            id=f"{call.spoken.event}/reply",
            key=error.key,
            language=call.language,
            facts=error.facts(),
            # Of a payment that was confirmed before, something was.
            lead=NOTHING_SENT
            if command.moves_money and not isinstance(error, ConfirmedAlreadyError)
            else None,
            lines=corrections(command, call, error),
        )
        says = self._placed(reply, call, private=private or error.private)
        if isinstance(error, TypedInRoomError):
            # If the room lets the bot; the code is used up either way.
            taken = replace(
                reply, id=f"{call.spoken.event}/hide", key="mfa.hidden", facts={}, lead=None, lines=()
            )
            says += (replace(taken, room=call.room.id, takes_back=call.spoken.event),)
        return says

    def _placed(self, reply: Say, call: Call, *, private: bool) -> tuple[Say, ...]:
        """In the room; what is private goes to the direct message, and the room is told where it went."""
        event = call.spoken.event
        if not private or call.room.private:
            return (replace(reply, room=call.room.id, reply_to=event),)
        pointer = Say(
            id=f"{event}/pointer",
            key="reply.see_direct_message" if call.home else "reply.not_over_a_bridge",
            language=call.language,
            room=call.room.id,
            lead=reply.lead,
            reply_to=event,
        )
        return (pointer, replace(reply, person=call.home)) if call.home else (pointer,)

    def _is_stale(self, spoken: Spoken) -> bool:
        now, most = self._desk.clock.now(), self._desk.settings.freshness
        return abs(now - spoken.sent) > most or abs(now - spoken.seen) > most

    def _card_number(self, spoken: Spoken, command: Command | None) -> Say:
        """Advice to delete it; for numbers alone once an hour, as they may be no cards at all."""
        hour = self._desk.clock.now().strftime("%Y%m%d%H")
        alone = f"card/{spoken.room}/{spoken.sender}/{hour}"
        return Say(
            id=f"{spoken.event}/reply" if command else alone,
            key="error.card_number_typed",
            language=self._desk.settings.language,
            room=spoken.room,
            lead=NOTHING_SENT if command is not None and command.moves_money else None,
            reply_to=spoken.event,
        )

    def _stale(self, spoken: Spoken) -> Say:
        """One message per room and a few minutes, however many old commands of however many people arrive."""
        window = int(self._desk.clock.now().timestamp() // self._desk.settings.freshness.total_seconds())
        return Say(
            id=f"stale/{spoken.room}/{window}",
            key="reply.too_old",
            language=self._desk.settings.language,
            room=spoken.room,
            lines=(spoken.body.strip()[:MOST_SAID_AGAIN],),
        )

    def _troubled(self, spoken: Spoken, command: Command | None) -> tuple[Say, ...]:
        """Why a message was not acted on. Chat that is no command of ours is left alone."""
        assert spoken.trouble is not None  # asked by the caller
        unreadable = spoken.body == ""
        if not unreadable and command is None:
            return ()
        return (
            Say(
                id=f"{spoken.event}/reply",
                key=f"trouble.{spoken.trouble.value}",
                language=self._desk.settings.language,
                room=spoken.room,
                lines=(spoken.body,) if spoken.trouble is Trouble.SEVERAL_LINES else (),
                reply_to=spoken.event,
            ),
        )

    async def _unknown(self, spoken: Spoken, typed: _verbs.Typed) -> tuple[Say, ...]:
        """Suggest in the direct message; in a room, where other bots listen too, only if a verb is near."""
        for_us = spoken.direct or spoken.to_bot
        near = _verbs.nearest(self._commands, typed.verb, for_us=for_us)
        if near is None and not for_us:
            return ()
        person = await self._desk.book.person_of(spoken.sender)
        return (
            Say(
                id=f"{spoken.event}/reply",
                key="reply.unknown_verb_near" if near else "reply.unknown_verb",
                language=(person.language if person else None) or self._desk.settings.language,
                room=spoken.room,
                facts={"verb": typed.verb},
                lines=(self._meant(spoken, typed, near) if near else "!help",),
                reply_to=spoken.event,
            ),
        )

    def _meant(self, spoken: Spoken, typed: _verbs.Typed, near: str) -> str:
        """The line with the verb that was probably meant, but for words that may hold a one-time code."""
        command = _verbs.find(self._commands, near)
        if command is None or command.takes_factor or len(typed.words) > MOST_SAID_AGAIN:
            return f"!{near}"
        return f"!{near} {with_full_ids(typed.words, spoken.pills)}".rstrip()


def _origins(step: Step, event: str) -> tuple[Origin, ...]:
    """By which message each payment, request and split was made that the step makes."""
    # A bundle stands for its payments, and a split for the requests that are made with it.
    split = any(isinstance(record, Split) for record in step.records)
    made = [record for record in step.records if record.version == 0]
    names = [one.bundle or one.id for one in made if isinstance(one, Transfer)]
    names += [one.id for one in made if isinstance(one, Split) or (isinstance(one, Request) and not split)]
    return tuple(Origin(name, event) for name in dict.fromkeys(names))


def _helps(trouble: Trouble, command: Command | None) -> bool:
    """Whether somebody of another master key asks for what anyone may have, or stops what is theirs."""
    if command is None or trouble is not Trouble.MASTER_KEY_CHANGED:
        return False
    return command.verb == FOR_EVERYONE or command.only_stops
