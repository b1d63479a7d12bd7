"""Passkeys: enrolling one, approving one payment with it, looking after those that are there."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import structlog

from paybridge.domain import passkey as passkeys
from paybridge.domain.bundle import Card, parts_of
from paybridge.domain.errors import UserError
from paybridge.domain.factor import strongly_approved
from paybridge.domain.passkey import (
    CHALLENGE_LIFE,
    LONGEST_NAME,
    MOST_PASSKEYS,
    Ceremony,
    Passkey,
    PasskeyState,
    Purpose,
)
from paybridge.services.factors import CountedError, Factors, NoFactorError
from paybridge.services.ports import Book, Chance, Clock, Step, Vault
from paybridge.services.says import Say, seal
from paybridge.services.webauthn import AnswerProvesNothingError, Ceremonies

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from paybridge.domain.factor import Factor
    from paybridge.domain.facts import Facts
    from paybridge.domain.people import Person
    from paybridge.services.settings import Settings
    from paybridge.services.webauthn import Claimed

log = structlog.stdlib.get_logger(__name__)

_CHALLENGE: Final = "passkey challenge"
_BOUND: Final = "passkey terms"
_MARK: Final = "passkey credential"


class PasskeysAwayError(UserError):
    """The bot has no web address at which a passkey could be used."""

    key = "error.passkeys_away"


class NoPasskeyError(UserError):
    """The person has no passkey of this number, or none at all that counts."""

    key = "error.no_passkey"

    def lines(self) -> tuple[str, ...]:
        return ("!mfa list",)


class TooManyPasskeysError(UserError):
    """One more would be more than a person may have."""

    key = "error.too_many_passkeys"

    def __init__(self) -> None:
        super().__init__(count=MOST_PASSKEYS)

    def lines(self) -> tuple[str, ...]:
        return ("!mfa list",)


class PasskeyNameError(UserError):
    """The name is empty or too long."""

    key = "error.passkey_name"

    def __init__(self) -> None:
        super().__init__(most=LONGEST_NAME)


class PasskeyRefusedError(CountedError):
    """An answer was refused; its challenge, if it is one of ours, is used up. What was wrong is not said."""

    key = "error.passkey_refused"

    def __init__(self, step: Step | None = None) -> None:
        super().__init__()
        self.step = Step() if step is None else step


class PasskeyCopiedError(CountedError):
    """The passkey has counted backwards: there may be a copy of it, and it is not taken any more."""

    key = "error.passkey_copied"

    def __init__(self, step: Step, *, name: str) -> None:
        super().__init__(name=name)
        self.step = step


@dataclass(frozen=True, slots=True)
class Asked:
    """A question for the browser, as JSON; its challenge counts once the step is written."""

    step: Step
    options: str


@dataclass(frozen=True, slots=True)
class Held:
    """A passkey as its person sees it; `number` counts from 1, oldest first."""

    number: int
    name: str
    added: datetime
    last_used: datetime | None
    taken: bool


class Passkeys:
    """The use cases around passkeys, which stand beside a second factor and end with it."""

    def __init__(
        self,
        book: Book,
        vault: Vault,
        clock: Clock,
        chance: Chance,
        factors: Factors,
        settings: Settings,
        ceremonies: Ceremonies | None,
    ) -> None:
        self._book = book
        self._vault = vault
        self._clock = clock
        self._chance = chance
        self._factors = factors
        self._settings = settings
        self._ceremonies = ceremonies

    # ------------------------------------------------------------ what there is

    async def held(self, person: Person) -> Sequence[Held]:
        """The person's passkeys, oldest first; one that is not taken is suspect, or of an earlier factor."""
        factor = await self._factors.active(person.id)
        return [
            Held(
                number,
                self._open(person, passkey, "name").decode(),
                passkey.added,
                passkey.last_used,
                factor is not None and passkey.is_taken(factor),
            )
            for number, passkey in enumerate(await self._book.passkeys(person.id), start=1)
        ]

    async def can_approve(self, person: str) -> bool:
        """Whether the person could approve a payment with a passkey now."""
        return self._ceremonies is not None and bool(await self._taken(person))

    async def rename(self, person: Person, number: int, name: str, digits: str, device: str | None) -> Step:
        """Another name for one of them, for a code of the second factor."""
        found = await self._numbered(person, number)
        sealed = self._sealed_name(person, found.id, name)
        taken = await self._factors.use(person, digits, device)
        return Step(records=(taken, replace(found, name=sealed)))

    async def remove(self, person: Person, number: int, digits: str, device: str | None) -> Step:
        """One of them counts no more, for a code of the second factor."""
        found = await self._numbered(person, number)
        taken = await self._factors.use(person, digits, device)
        return Step(records=(taken, replace(found, state=PasskeyState.REMOVED)))

    async def check_room_for_one(self, person: Person) -> None:
        """Raise unless the person could enrol one more now."""
        if self._ceremonies is None:
            raise PasskeysAwayError
        if await self._factors.active(person.id) is None:
            raise NoFactorError
        if len(await self._book.passkeys(person.id)) >= MOST_PASSKEYS:
            raise TooManyPasskeysError

    # ------------------------------------------------------------ enrolling

    async def ask_to_enrol(self, person: Person, mxid: str) -> Asked:
        """A question that makes a new passkey for this person."""
        await self.check_room_for_one(person)
        challenge, step = self._challenge(person.id, Purpose.ENROL, self._bound(""))
        known = [
            self._open(person, passkey, "credential") for passkey in await self._book.passkeys(person.id)
        ]
        return Asked(step, self._ready.ask_to_enrol(challenge, person.id, mxid, known))

    async def enrol(self, person: Person, answer: str, name: str) -> Step:
        """The passkey that this answer brings; the person is told of it in their direct message."""
        await self.check_room_for_one(person)
        if not _is_name(name):
            raise PasskeyNameError
        claimed, over = await self._answered(person.id, Purpose.ENROL, self._bound(""), answer)
        try:
            attested = self._ready.enrolled(answer, claimed.challenge)
        except AnswerProvesNothingError as error:
            raise _refused(error, over) from error
        made = self._chance.token()
        passkey = Passkey(
            id=made,
            person=person.id,
            mark=self._mark(attested.credential),
            credential=self._seal(person, made, "credential", attested.credential),
            public_key=self._seal(person, made, "public_key", attested.public_key),
            name=self._sealed_name(person, made, name),
            added=self._clock.now(),
            sign_count=attested.sign_count,
        )
        if passkey.mark in {there.mark for there in await self._book.passkeys(person.id)}:
            raise PasskeyRefusedError(over)
        told = await self._tell(person, "mfa.passkey_added", {"name": _trimmed(name)}, made)
        return over + Step(records=(passkey,)) + told

    # ------------------------------------------------------------ approving

    async def ask_to_approve(self, person: Person, card: Card) -> Asked:
        """A question whose answer approves exactly this payment on exactly these terms."""
        return await self._ask(person, Purpose.APPROVE, self._bound_to(card))

    async def use(self, person: Person, card: Card, answer: str) -> Step:
        """What an answer that approves this payment changes; whoever asked writes it with the approval.

        Raises a `CountedError`, whose step is to be written.
        """
        step, _, factor = await self._answer(person, Purpose.APPROVE, self._bound_to(card), answer)
        return step + Step(records=(strongly_approved(factor),))

    # ------------------------------------------------------------ entering

    async def ask_to_enter(self, person: Person, link: str) -> Asked:
        """A question whose answer opens what this one-time link (its id) leads to, and approves nothing."""
        return await self._ask(person, Purpose.ENTER, self._bound(link))

    async def enter(self, person: Person, link: str, answer: str) -> tuple[Step, str]:
        """What an answer to that question changes, and the id of the passkey; as `use` does."""
        step, passkey, factor = await self._answer(person, Purpose.ENTER, self._bound(link), answer)
        return step + Step(records=(factor,)), passkey

    async def is_taken(self, person: str, passkey: str) -> bool:
        """Whether this passkey (its id) of the person counts now."""
        return any(one.id == passkey for one in await self._taken(person))

    # ------------------------------------------------------------ inside

    @property
    def _ready(self) -> Ceremonies:
        assert self._ceremonies is not None  # it was asked before
        return self._ceremonies

    async def _taken(self, person: str) -> Sequence[Passkey]:
        factor = await self._factors.active(person)
        if factor is None:
            return []
        return [passkey for passkey in await self._book.passkeys(person) if passkey.is_taken(factor)]

    async def _ask(self, person: Person, purpose: Purpose, bound: str) -> Asked:
        if self._ceremonies is None:
            raise PasskeysAwayError
        taken = await self._taken(person.id)
        if not taken:
            raise NoPasskeyError
        challenge, step = self._challenge(person.id, purpose, bound)
        known = [self._open(person, passkey, "credential") for passkey in taken]
        return Asked(step, self._ready.ask_to_approve(challenge, known))

    async def _answer(
        self, person: Person, purpose: Purpose, bound: str, answer: str
    ) -> tuple[Step, str, Factor]:
        """What the answer changes, the passkey's id, and the factor beside it; or a `CountedError`."""
        if self._ceremonies is None:
            raise PasskeysAwayError
        claimed, over = await self._answered(person.id, purpose, bound, answer)
        mark = self._mark(claimed.credential)
        found = next((one for one in await self._taken(person.id) if one.mark == mark), None)
        factor = await self._factors.active(person.id)
        if found is None or factor is None:
            raise PasskeyRefusedError(over)
        public_key = self._open(person, found, "public_key")
        try:
            count = self._ready.approved(answer, claimed.challenge, person.id, public_key)
        except AnswerProvesNothingError as error:
            raise _refused(error, over) from error
        if passkeys.counts_backwards(found, count):
            name = self._open(person, found, "name").decode()
            log.warning("a passkey has counted backwards", told=count, before=found.sign_count)
            told = await self._tell(person, "mfa.passkey_copied", {"name": name}, found.id)
            raise PasskeyCopiedError(over + Step(records=(passkeys.suspected(found),)) + told, name=name)
        used = passkeys.used(found, count, self._clock.now())
        # Whoever has the passkey has not lost it: an operator's reset that was asked for is over.
        return over + Step(records=(used,)), found.id, replace(factor, reset_at=None)

    async def _numbered(self, person: Person, number: int) -> Passkey:
        there = await self._book.passkeys(person.id)
        if not 1 <= number <= len(there):
            raise NoPasskeyError
        return there[number - 1]

    def _challenge(self, person: str, purpose: Purpose, bound: str) -> tuple[bytes, Step]:
        """A challenge of 256 bits, made of what it is bound to and of chance; only its hash is kept."""
        random = f"{self._chance.token()}{self._chance.token()}"
        challenge = hashlib.sha256(f"{purpose}\n{person}\n{bound}\n{random}".encode()).digest()
        expires = self._clock.now() + CHALLENGE_LIFE
        kept = Ceremony(self._hash(_CHALLENGE, challenge), person, purpose, bound, expires)
        return challenge, Step(records=(kept,))

    async def _answered(self, person: str, purpose: Purpose, bound: str, answer: str) -> tuple[Claimed, Step]:
        """What the answer claims, and the step that uses its challenge up, which must be open for just this.

        A challenge that was given to somebody else, or for something else, is left as it is.
        """
        try:
            claimed = self._ready.claimed(answer)
        except AnswerProvesNothingError as error:
            raise _refused(error) from error
        ceremony = await self._book.ceremony(self._hash(_CHALLENGE, claimed.challenge))
        if ceremony is None or not ceremony.is_open(person, purpose, bound, self._clock.now()):
            log.info("passkey refused", why="no such challenge is open for this")
            raise PasskeyRefusedError
        return claimed, Step(records=(passkeys.answered(ceremony),))

    async def _tell(self, person: Person, key: str, facts: Facts, about: str) -> Step:
        """A message to the person in their direct message, whoever set it off."""
        now = self._clock.now()
        (mxid, *_) = await self._book.mxids_of(person.id)
        said = f"passkey/{about}/{key}"
        language = person.language or self._settings.language
        return Step(
            posts=(seal(self._vault, Say(said, key=key, language=language, person=mxid, facts=facts), now),)
        )

    def _bound_to(self, card: Card) -> str:
        terms = (f"{part.nonce}\n{part.terms}" for part in parts_of(card))
        return self._bound("\n\n".join((card.id, *terms)))

    def _bound(self, terms: str) -> str:
        return self._hash(_BOUND, terms.encode())

    def _mark(self, credential: bytes) -> str:
        return self._hash(_MARK, credential)

    def _hash(self, purpose: str, plain: bytes) -> str:
        return self._vault.fingerprint(purpose, plain).hex()

    def _sealed_name(self, person: Person, passkey: str, name: str) -> bytes:
        if not _is_name(name):
            raise PasskeyNameError
        return self._seal(person, passkey, "name", _trimmed(name).encode())

    def _seal(self, person: Person, passkey: str, column: str, plain: bytes) -> bytes:
        return self._vault.seal(person.key, _context(person, passkey, column), plain)

    def _open(self, person: Person, passkey: Passkey, column: str) -> bytes:
        sealed: bytes = getattr(passkey, column)
        return self._vault.open(person.key, _context(person, passkey.id, column), sealed)


def _trimmed(name: str) -> str:
    return " ".join(name.split())


def _is_name(name: str) -> bool:
    bare = _trimmed(name)
    return 0 < len(bare) <= LONGEST_NAME and bare.isprintable()


def _context(person: Person, passkey: str, column: str) -> str:
    return f"passkey|{person.id}|{passkey}|{column}"


def _refused(error: AnswerProvesNothingError, step: Step | None = None) -> PasskeyRefusedError:
    log.info("passkey refused", why=str(error))
    return PasskeyRefusedError(step)
