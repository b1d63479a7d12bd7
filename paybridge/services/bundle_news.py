"""What people are told about a card for several payments; each payment's own news come from `News`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING, Final

from paybridge.domain.bundle import Bundle
from paybridge.domain.facts import Facts, Who
from paybridge.domain.money import Money
from paybridge.domain.transfer import Transfer, TransferState
from paybridge.services.card_rows import straight, tail
from paybridge.services.lookalikes import alike
from paybridge.services.news import called, names_in
from paybridge.services.notes import open_note
from paybridge.services.says import Say
from paybridge.services.told import without_amounts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paybridge.domain.people import Person
    from paybridge.services.homes import Homes
    from paybridge.services.payments import DraftedBundle
    from paybridge.services.policies import Policies
    from paybridge.services.ports import Book, RoomFacts, Rooms, Vault
    from paybridge.services.settings import Settings
    from paybridge.services.strength import Strength

APPROVED: Final = "approved"
_IN_DIRECT_ROOM: Final = 2  # the person and the bot


class BundleNews:
    """Makes the one message about a bundle: its card, and then what became of it."""

    def __init__(
        self,
        book: Book,
        vault: Vault,
        rooms: Rooms,
        settings: Settings,
        policies: Policies,
        strength: Strength,
        homes: Homes,
    ) -> None:
        self._book = book
        self._vault = vault
        self._rooms = rooms
        self._settings = settings
        self._policies = policies
        self._strength = strength
        self._homes = homes

    async def card(self, drafted: DraftedBundle, payer: Person, room: RoomFacts) -> tuple[Say, ...]:
        """Everything that is approved: each payee with their full id and amount, the sum, the code."""
        bundle, link = drafted.bundle, drafted.link
        hides = await self._policies.hides_amounts(bundle.room)
        alone = hides or len(room.members) <= _IN_DIRECT_ROOM
        paid = await self._book.paid_before(bundle.payer)
        to_type: Facts = {
            "code": bundle.code,
            "minutes": int((bundle.expires - bundle.created).total_seconds() // 60),
            "until": f"{bundle.expires.astimezone(UTC):%H:%M} UTC",
        }
        strong = await self._strength.needs_factor(bundle)
        parts: tuple[Facts, ...] = tuple(
            {
                **_part(part, room.members),
                **straight(part, drafted.holders.get(part.payee_mxid)),
                "alike": _alike(part, paid, room.members),
            }
            for part in bundle.parts
        )
        facts: Facts = {
            **self._facts(bundle, payer, room.members),
            "parts": parts,
            "easy": () if strong else (to_type,),
            "strong": (to_type,) if strong else (),
            "bank": ({"account": link.masked if alone else f"••{tail(link.masked)}"},) if link else (),
            "balance": ({},) if link is None else (),
        }
        says = await self._placed(bundle, "card", payer, facts, hides=hides)
        if strong and not alone:
            own = {**facts, "bank": ({"account": link.masked},) if link else ()}
            says += (self._to_payer(bundle, "card", payer, own),)
        return await self._homes.ask(bundle, says, strong=strong)

    async def approved(self, bundle: Bundle) -> tuple[Say, ...]:
        """All payments are approved; each goes on by itself, under its own id."""
        return await self._changed(bundle, APPROVED)

    async def closed(self, bundle: Bundle) -> tuple[Say, ...]:
        """The card was cancelled or has expired; nothing was sent to anybody."""
        return await self._changed(bundle, bundle.parts[0].state.value)

    async def _changed(self, bundle: Bundle, what: str) -> tuple[Say, ...]:
        payer = await self._book.person(bundle.payer)
        assert payer is not None  # a transfer's payer is a foreign key
        names = await names_in(self._rooms, bundle.room, bundle.payer_mxid, *bundle.payees)
        facts: Facts = {
            **self._facts(bundle, payer, names),
            "parts": tuple(_part(part, names) for part in bundle.parts),
        }
        hides = await self._policies.hides_amounts(bundle.room)
        return await self._placed(bundle, what, payer, facts, hides=hides)

    def _facts(self, bundle: Bundle, payer: Person, names: Mapping[str, str | None]) -> Facts:
        note = open_note(self._vault, payer, bundle.parts[0].note)
        return {
            "payment": bundle.id,
            "payer": Who(bundle.payer_mxid, names.get(bundle.payer_mxid)),
            "payer_name": called(bundle.payer_mxid, names),
            "amount": bundle.amount,
            "fee": bundle.fees,
            "total": bundle.total,
            "note": ({"words": note},) if note else (),
        }

    async def _placed(
        self, bundle: Bundle, what: str, payer: Person, facts: Facts, *, hides: bool
    ) -> tuple[Say, ...]:
        said = Say(
            id=f"{bundle.id}/{what}",
            key=f"bundle.{what}",
            language=await self._policies.language(bundle.room, payer.language),
            room=bundle.room,
            facts=facts,
            slot=bundle.id,
            about=about_bundle(bundle, what),
        )
        if not hides:
            return (said,)
        shown = {name: facts[name] for name in ("payment", "payer", "payer_name")}
        hidden = replace(
            said,
            key=f"bundle.private.{what}",
            facts=shown,
            about=without_amounts({**about_bundle(bundle, what), "parts": []}),
        )
        own = replace(
            said,
            id=f"{said.id}/own",
            room=None,
            person=bundle.payer_mxid,
            slot=f"{bundle.id}/{bundle.payer_mxid}",
        )
        return hidden, own

    def _to_payer(self, bundle: Bundle, what: str, payer: Person, facts: Facts) -> Say:
        return Say(
            id=f"{bundle.id}/{what}/payer",
            key=f"bundle.{what}",
            language=payer.language or self._settings.language,
            person=bundle.payer_mxid,
            facts=facts,
            about=about_bundle(bundle, what),
        )


def _part(part: Transfer, names: Mapping[str, str | None]) -> Facts:
    each: Facts = {}
    if part.times:
        each = {"times": part.times, "each": Money(part.amount.minor // part.times, part.amount.currency)}
    return {
        "payment": part.id,
        "payee": Who(part.payee_mxid, names.get(part.payee_mxid)),
        "amount": part.amount,
        "times": (each,) if each else (),
        "fee": ({"fee": part.fees},) if part.fees.is_positive else (),
    }


def _alike(part: Transfer, paid: Sequence[str], names: Mapping[str, str | None]) -> tuple[Facts, ...]:
    """Somebody else whom a new payee may be mistaken for: paid before, or here in the room."""
    if part.payee_mxid in paid:
        return ()
    other = alike(part.payee_mxid, (*paid, *names))
    return () if other is None else ({"who": Who(other, names.get(other))},)


def about_bundle(bundle: Bundle, state: str) -> Mapping[str, object]:
    """The content of `org.paybridge.payment` of a bundle, for programs."""
    waits = bundle.is_open and state == "card"
    told: dict[str, object] = {
        "v": 1,
        "id": bundle.id,
        "kind": "bundle",
        "state": TransferState.AWAITING_APPROVAL.value if waits else state,
        "amount": {"value": bundle.amount.plain(), "currency": bundle.amount.currency},
        "fee": {"value": bundle.fees.plain(), "currency": bundle.fees.currency},
        "payer": bundle.payer_mxid,
        "parts": [
            {"id": part.id, "payee": part.payee_mxid, "amount": part.amount.plain()} for part in bundle.parts
        ],
        "expires_ts": int(bundle.expires.astimezone(UTC).timestamp() * 1000),
    }
    if waits:
        told["code"] = bundle.code
    return told
