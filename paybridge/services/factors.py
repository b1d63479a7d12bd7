"""Second factors: setting one up, giving its codes, getting back in without it."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import pyotp

from paybridge.domain import factor as factors
from paybridge.domain.errors import UserError
from paybridge.domain.factor import Factor, FactorState, RecoveryCode
from paybridge.domain.people import check_not_frozen
from paybridge.services.ports import Book, Chance, Clock, Step, Vault

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from paybridge.domain.people import Person
    from paybridge.services.people import Known

RECOVERY_CODES: Final = 10
ISSUER: Final = "PayBridge"
_BASE32: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_SECRET_LETTERS: Final = 32  # 160 bits, as RFC 4226 section 4 recommends
_RECOVERY_LETTERS: Final = 16  # 80 bits


class CountedError(UserError):
    """A refusal that is counted: `step` is written although what was asked for is not done."""

    step: Step = Step()


class WrongFactorError(CountedError):
    """The code is not right, or was used. Which of several things was wrong is never said."""

    key = "error.wrong_code"

    def __init__(self, step: Step) -> None:
        super().__init__()
        self.step = step


class FactorWarnedError(CountedError):
    """The code is not right, and few tries are left."""

    key = "error.wrong_code_warned"

    def __init__(self, step: Step, *, left: int) -> None:
        super().__init__(count=left)
        self.step = step


class FactorLockedError(CountedError):
    """Too many wrong codes: none is looked at for a while."""

    key = "error.factor_locked"

    def __init__(self, *, until: datetime, step: Step | None = None) -> None:
        super().__init__(until=until)
        self.step = Step() if step is None else step


class TypedInRoomError(CountedError):
    """A one-time code was typed where others read it: it is used up, whatever it was for."""

    key = "error.code_in_room"

    def __init__(self, step: Step) -> None:
        super().__init__()
        self.step = step


class NoFactorError(UserError):
    """The person has set up no second factor."""

    key = "error.no_factor"

    def lines(self) -> tuple[str, ...]:
        return ("!mfa on",)


class FactorThereError(UserError):
    """There is a second factor already."""

    key = "error.factor_there"

    def lines(self) -> tuple[str, ...]:
        return ("!mfa test 123456",)


class NothingToActivateError(UserError):
    """No second factor waits for its first code."""

    key = "error.nothing_to_activate"

    def lines(self) -> tuple[str, ...]:
        return ("!mfa on",)


class NothingToKeepError(UserError):
    """No reset of this person's factor waits."""

    key = "error.nothing_to_keep"


@dataclass(frozen=True, slots=True)
class Begun:
    """A factor that waits for its first code: the key to type, the link to scan, the slot to say them in."""

    step: Step
    key: str
    link: str
    slot: str


@dataclass(frozen=True, slots=True)
class Recovered:
    """New recovery codes, said once; only their hashes are kept.

    `slot` is where the secret of the factor was said.
    """

    step: Step
    codes: tuple[str, ...]
    slot: str


class Factors:
    """The use cases around second factors. A code is used in the step of what it approves."""

    def __init__(self, book: Book, vault: Vault, clock: Clock, chance: Chance) -> None:
        self._book = book
        self._vault = vault
        self._clock = clock
        self._chance = chance

    async def active(self, person: str) -> Factor | None:
        """The factor that this person must be asked for, if there is one."""
        found = await self._book.factor(person)
        return found if found is not None and found.is_active(self._clock.now()) else None

    async def begin(self, known: Known) -> Begun:
        """A new secret, which counts once its first code is typed."""
        check_not_frozen(known.person)
        before = await self._book.factor(known.person.id)
        now = self._clock.now()
        if before is not None and before.is_active(now):
            raise FactorThereError
        secret = self._letters(_SECRET_LETTERS)
        made = Factor(
            person=known.person.id,
            secret=self._vault.seal(known.person.key, _context(known.person), secret.encode()),
            state=FactorState.PENDING,
            since=now,
            version=0 if before is None else before.version,
        )
        return self._begun(known, made, known.introduction + Step(records=(made,)))

    async def waiting(self, known: Known) -> Begun | None:
        """The factor that waits for its first code, as it was when it was begun."""
        found = await self._book.factor(known.person.id)
        if found is None or found.state is not FactorState.PENDING:
            return None
        return self._begun(known, found, Step())

    def _begun(self, known: Known, factor: Factor, step: Step) -> Begun:
        secret = self._vault.open(known.person.key, _context(known.person), factor.secret).decode()
        grouped = " ".join(secret[place : place + 4] for place in range(0, len(secret), 4))
        label = quote(f"{ISSUER}:{known.mxid}", safe="")
        link = f"otpauth://totp/{label}?secret={secret}&issuer={ISSUER}"
        return Begun(step, grouped, link, _slot(factor))

    async def activate(self, known: Known, digits: str, device: str | None) -> Recovered:
        """The first code of a new factor: it counts from now on, and recovery codes are made."""
        check_not_frozen(known.person)
        found = await self._book.factor(known.person.id)
        if found is None or found.state is not FactorState.PENDING:
            raise FactorThereError if await self.active(known.person.id) else NothingToActivateError
        taken = self._take(found, known.person, digits, device)
        renewed = await self._renew(found)
        active = replace(taken, state=FactorState.ACTIVE, since=self._clock.now())
        return replace(renewed, step=renewed.step + Step(records=(active,)))

    async def use(self, person: Person, digits: str, device: str | None) -> Factor:
        """The factor once `digits` were used; whoever asked writes it with what they approve.

        Raises `NoFactorError` or a `CountedError`, whose step is to be written.
        """
        found = await self.active(person.id)
        if found is None:
            raise NoFactorError
        return self._take(found, person, digits, device)

    async def burn(self, person: Person, digits: str) -> TypedInRoomError | None:
        """What to say of a code that was typed where others read it; nothing if it is no code of theirs."""
        found = await self._book.factor(person.id)
        if found is None or found.state is FactorState.OFF:
            return None
        step = self._step_of(found, person, digits)
        return None if step is None else TypedInRoomError(Step(records=(factors.burnt(found, step),)))

    async def renew(self, person: Person, digits: str, device: str | None) -> Recovered:
        """New recovery codes in place of the old ones, for a code."""
        taken = await self.use(person, digits, device)
        renewed = await self._renew(taken)
        return replace(renewed, step=renewed.step + Step(records=(taken,)))

    async def switch_off(self, person: Person, word: str, device: str | None) -> Step:
        """End the factor, for a code of it or a recovery code, each of which counts once."""
        check_not_frozen(person)
        given, step = await self.give(person, word, device)
        return Step(records=(replace(given, state=FactorState.OFF),)) + step

    async def keep(self, person: Person) -> Step:
        """Stop an operator's reset that waits; raises `NothingToKeepError` if none does."""
        found = await self.active(person.id)
        if found is None or found.reset_at is None:
            raise NothingToKeepError
        return Step(records=(factors.kept(found),))

    async def give(self, person: Person, word: str, device: str | None) -> tuple[Factor, Step]:
        """The factor once a code of it or a recovery code was used, and what else is then to be written.

        Raises `NoFactorError` or a `CountedError`, whose step is to be written.
        """
        digits = factors.only_digits(word)
        if digits is not None:
            return await self.use(person, digits, device), Step()
        found = await self.active(person.id)
        if found is None:
            raise NoFactorError
        now = self._clock.now()
        if found.is_locked(now) and found.locked_until is not None:
            raise FactorLockedError(until=found.locked_until)
        code = await self._recovery_code(person.id, word)
        if code is None:
            raise self._wrong(found)
        given = replace(found, wrong=0, locked_until=None, reset_at=None)
        return given, Step(records=(replace(code, used=True),))

    # ------------------------------------------------------------ inside

    def _take(self, found: Factor, person: Person, digits: str, device: str | None) -> Factor:
        now = self._clock.now()
        if found.is_locked(now) and found.locked_until is not None:
            raise FactorLockedError(until=found.locked_until)
        step = self._step_of(found, person, digits)
        if step is None:
            raise self._wrong(found)
        return factors.used(found, step, device)

    def _step_of(self, found: Factor, person: Person, digits: str) -> int | None:
        """The step that shows these digits, if it is one of those that are taken now."""
        secret = self._vault.open(person.key, _context(person), found.secret).decode()
        codes = pyotp.TOTP(secret)
        right = [
            step
            for step in factors.steps_taken(found, self._clock.now())
            if hmac.compare_digest(codes.generate_otp(step).encode(), digits.encode())
        ]
        return right[0] if right else None

    def _wrong(self, found: Factor) -> CountedError:
        counted = factors.failed(found, self._clock.now())
        step = Step(records=(counted,))
        if counted.locked_until is not None:
            return FactorLockedError(until=counted.locked_until, step=step)
        if counted.wrong >= factors.WARN_AT:
            return FactorWarnedError(step, left=factors.LOCK_AT - counted.wrong)
        return WrongFactorError(step)

    async def _renew(self, factor: Factor) -> Recovered:
        """Ten codes; those of before count no more."""
        person = factor.person
        old = [replace(code, used=True) for code in await self._book.recovery_codes(person)]
        codes = tuple(self._letters(_RECOVERY_LETTERS) for _ in range(RECOVERY_CODES))
        hashes = await self._vault.hash_codes(codes)
        new = [RecoveryCode(self._chance.token(), person, hashed) for hashed in hashes]
        shown = tuple("-".join(code[place : place + 4] for place in range(0, len(code), 4)) for code in codes)
        return Recovered(Step(records=(*old, *new)), shown, _slot(factor))

    async def _recovery_code(self, person: str, word: str) -> RecoveryCode | None:
        bare = "".join(letter for letter in word.upper() if letter in _BASE32)
        kept: Sequence[RecoveryCode] = await self._book.recovery_codes(person)
        found = await self._vault.find_code([code.hash for code in kept], bare)
        return None if found is None else kept[found]

    def _letters(self, count: int) -> str:
        bits = int(self._chance.token() + self._chance.token(), 16)
        return "".join(_BASE32[bits >> 5 * place & 31] for place in range(count))


def _slot(factor: Factor) -> str:
    return f"factor/{factor.person}/{int(factor.since.timestamp() * 1000)}"


def _context(person: Person) -> str:
    return f"factor|{person.id}|secret"
