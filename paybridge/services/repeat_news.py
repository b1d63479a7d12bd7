"""What a payer is told about their repeats, by direct message."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from paybridge.domain.facts import Facts, Who
from paybridge.domain.repeat import Repeat
from paybridge.domain.rhythm import Unit
from paybridge.domain.windows import zone_named
from paybridge.services.notes import open_note
from paybridge.services.says import Say

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from paybridge.domain.errors import UserError
    from paybridge.domain.rhythm import Rhythm
    from paybridge.services.limits import Limits
    from paybridge.services.ports import Book, Clock, Vault
    from paybridge.services.settings import Settings

DAYS_SHOWN: Final = 3
_ONE: Final[Mapping[Unit, str]] = {Unit.WEEK: "weekly", Unit.MONTH: "monthly", Unit.YEAR: "yearly"}
_SEVERAL: Final[Mapping[Unit, str]] = {Unit.WEEK: "weeks", Unit.MONTH: "months", Unit.YEAR: "years"}


class RepeatNews:
    """Makes the messages about repeats; each has an id of its own, so that it is said once."""

    def __init__(self, book: Book, vault: Vault, clock: Clock, settings: Settings, limits: Limits) -> None:
        self._book = book
        self._vault = vault
        self._clock = clock
        self._settings = settings
        self._limits = limits

    async def notice(self, repeat: Repeat) -> tuple[Say, ...]:
        """It is paid at its `act`, unless the payer says otherwise."""
        lines = tuple(f"!repeat {word} {repeat.id}" for word in ("skip", "pause", "stop"))
        return (await self._say(repeat, "repeat.notice", await self._when(repeat), lines),)

    async def too_late(self, repeat: Repeat) -> tuple[Say, ...]:
        """A payment was not made in time, and only the payer knows whether it still shall be."""
        return (await self._say(repeat, "repeat.too_late", {"day": repeat.day}, (_by_hand(repeat),)),)

    async def may_be_paid(self, repeat: Repeat) -> tuple[Say, ...]:
        """The books were restored, and what they forgot may be this very payment."""
        return (await self._say(repeat, "repeat.may_be_paid", {"day": repeat.day}, (_by_hand(repeat),)),)

    async def not_paid(self, repeat: Repeat, error: UserError | None) -> tuple[Say, ...]:
        """A payment was refused: when it is tried again, or that the repeat is paused now; and why.

        A rail that refused has been heard already (`error` None).
        """
        if repeat.act is not None:
            said = await self._say(repeat, "repeat.again", await self._when(repeat))
        else:
            said = await self._say(
                repeat, "repeat.given_up", {"day": repeat.day}, (f"!repeat resume {repeat.id}",)
            )
        if error is None:
            return (said,)
        why = Say(
            id=f"{said.id}/why",
            key=error.key,
            language=said.language,
            person=repeat.payer_mxid,
            facts=error.facts(),
            lines=error.lines(),
        )
        return said, why

    async def begun(self, repeat: Repeat) -> tuple[Say, ...]:
        """It was approved."""
        return (await self._say(repeat, "repeat.begun", {"day": repeat.day}),)

    async def facts(self, repeat: Repeat, names: Mapping[str, str | None]) -> Facts:
        """The terms, as a card or a list shows them."""
        payer = await self._book.person(repeat.payer)
        note = open_note(self._vault, payer, repeat.note) if payer else None
        return {
            "payment": repeat.id,
            "payee": Who(repeat.payee_mxid, names.get(repeat.payee_mxid)),
            "amount": repeat.amount,
            "cap": repeat.cap,
            "note": ({"words": note},) if note else (),
            "until": () if repeat.until is None else ({"day": repeat.until},),
            **often(repeat),
        }

    async def zone(self, repeat: Repeat) -> str:
        """The name of the zone in which the payer's days begin now."""
        return self._limits.zone(await self._limits.standing(repeat.payer), self._clock.now())

    async def _when(self, repeat: Repeat) -> Facts:
        assert repeat.act is not None  # asked by the callers
        local: datetime = repeat.act.astimezone(zone_named(await self.zone(repeat)))
        return {"day": repeat.day, "at": local}

    async def _say(self, repeat: Repeat, key: str, facts: Facts, lines: tuple[str, ...] = ()) -> Say:
        payer = await self._book.person(repeat.payer)
        shown: Facts = {
            "payment": repeat.id,
            "payee": Who(repeat.payee_mxid),
            "amount": repeat.amount,
        }
        return Say(
            # Each message is about another version of it.
            id=f"{repeat.id}/{key.removeprefix('repeat.')}/{repeat.version}",
            key=key,
            language=(payer.language if payer else None) or self._settings.language,
            person=repeat.payer_mxid,
            facts={**shown, **facts},
            lines=lines,
        )


def _by_hand(repeat: Repeat) -> str:
    return f"!pay {repeat.payee_mxid} {repeat.amount.plain()} {repeat.amount.currency}"


def often(repeat: Repeat) -> Facts:
    """How often, and the next days, which say more than words could."""
    return {**how_often(repeat.rhythm), "days": tuple({"day": day} for day in _next_days(repeat))}


def how_often(rhythm: Rhythm) -> Facts:
    """How often, one of six facts being there."""
    told = _ONE[rhythm.unit] if rhythm.every == 1 else _SEVERAL[rhythm.unit]
    kinds = (*_ONE.values(), *_SEVERAL.values())
    every: Facts = {} if rhythm.every == 1 else {"every": rhythm.every}
    return {kind: (every,) if kind == told else () for kind in kinds}


def _next_days(repeat: Repeat) -> list[date]:
    days = [repeat.rhythm.day_at(repeat.number + ahead) for ahead in range(DAYS_SHOWN)]
    return [day for day in days if repeat.until is None or day <= repeat.until]
