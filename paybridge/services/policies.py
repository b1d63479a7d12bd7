"""What holds in a room: what is typed there, its state event and the operator's own, the tightest of them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from paybridge.domain import policy as rules
from paybridge.domain.policy import (
    POLICY_EVENT,
    HeldByOperatorError,
    HeldByStateEventError,
    MayNotSetPolicyError,
    Policy,
    Receipts,
    RoomPolicy,
    Setting,
    StatedPolicy,
)
from paybridge.domain.proof import DeviceNotProvenError, Proof, may_move_money
from paybridge.services.ports import Book, Rooms, RoomsAwayError, StaleError, Step

if TYPE_CHECKING:
    from paybridge.domain.money import Money
    from paybridge.services.settings import Settings

UPGRADES: Final = 5
"""How many upgrades back a policy is looked for."""
_NAMES_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Holding:
    """What holds in a room, and what its state event says of it."""

    policy: Policy
    stated: StatedPolicy


class Policies:
    """Tells and changes what holds in rooms."""

    def __init__(self, book: Book, rooms: Rooms, settings: Settings) -> None:
        self._book = book
        self._rooms = rooms
        self._settings = settings

    async def of(self, room: str) -> Policy:
        """What holds in the room now; `RoomsAwayError` if the homeserver cannot be asked."""
        return (await self.holding(room)).policy

    async def holding(self, room: str) -> Holding:
        """The same, with what the room's state event says."""
        kept, stated = await self._kept(room), await self._rooms.stated_policy(room)
        return Holding(self._together(kept.policy, stated.policy), stated)

    async def currency(self, room: str) -> str:
        """What an amount without a currency is in."""
        return (await self.of(room)).currency or self._settings.currency

    async def language(self, room: str, own: str | None) -> str:
        """In which language somebody is spoken to in the room: their `own`, the room's, the bot's."""
        if own is not None:
            return own
        try:
            return (await self.of(room)).language or self._settings.language
        except RoomsAwayError:
            return self._settings.language

    async def hides_amounts(self, room: str) -> bool:
        """Whether the room must not see amounts; so too while nobody can tell."""
        try:
            return (await self.of(room)).receipts is Receipts.PRIVATE
        except RoomsAwayError:
            return True

    async def check_payment(self, room: str, amount: Money) -> None:
        """Raise `OverTheRoomLimitError` if one payment in the room may not be as much."""
        rules.check_payment(await self.of(room), amount)

    async def check_request(self, room: str, asker: str, amount: Money) -> None:
        """Raise if `asker` (Matrix id) may not ask for money in the room, or if nobody could pay as much."""
        policy = await self.of(room)
        rules.check_asking(policy, (await self._rooms.powers(room)).of(asker))
        rules.check_payment(policy, amount)

    async def change(
        self, room: str, mxid: str, proof: Proof, setting: Setting, wish: Policy
    ) -> tuple[Step, Holding]:
        """The step that makes `setting` as it is in `wish`, and what holds then.

        Raises unless it is proven that `mxid` typed it, they have the power that the state event would take,
        and neither the operator nor the state event says something tighter.
        """
        if not may_move_money(proof, self._settings.required_trust):
            raise DeviceNotProvenError
        await self._check_power(room, mxid)
        kept, stated = await self._kept(room), await self._rooms.stated_policy(room)
        changed = replace(kept, policy=kept.policy.taking(setting, wish))
        held = ((HeldByOperatorError, self._settings.policy), (HeldByStateEventError, stated.policy))
        for holder, by in held:
            if changed.policy.tightened(by).fact(setting) != wish.fact(setting):
                raise holder(setting=setting.value, held=by.fact(setting))
        return Step(records=(changed,)), Holding(self._together(changed.policy, stated.policy), stated)

    async def _check_power(self, room: str, mxid: str) -> None:
        powers = await self._rooms.powers(room)
        needed = powers.needed_to_send(POLICY_EVENT)
        if powers.of(mxid) >= needed:
            return
        members = (await self._rooms.facts(room)).members
        able = sorted(who for who in members if who != self._settings.bot and powers.of(who) >= needed)
        raise MayNotSetPolicyError(needed=needed, candidates=", ".join(able[:_NAMES_SHOWN]))

    def _together(self, kept: Policy, stated: Policy) -> Policy:
        return kept.tightened(stated).tightened(self._settings.policy)

    async def _kept(self, room: str, upgrades: int = UPGRADES) -> RoomPolicy:
        """What is kept of the room; a room that comes from an upgrade starts with what held in the old one.

        That is written down when it is first asked for: from then on, the old room no longer counts.
        """
        found = await self._book.room_policy(room)
        before = await self._rooms.predecessor(room) if found is None and upgrades else None
        if found is not None or before is None:
            return found or RoomPolicy(room, Policy())
        kept, stated = await self._kept(before, upgrades - 1), await self._rooms.stated_policy(before)
        inherited = RoomPolicy(room, kept.policy.tightened(stated.policy))
        # Two who ask at the same time find the same; the first one writes it.
        with suppress(StaleError):
            await self._book.commit(Step(records=(inherited,)))
        return await self._book.room_policy(room) or inherited
