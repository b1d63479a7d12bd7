"""What people are told about a transfer: one message in the room, brought up to date."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING

from paybridge.domain.facts import Fact, Facts, Who
from paybridge.domain.kitty import is_kitty
from paybridge.domain.leg import LegKind
from paybridge.domain.money import Money
from paybridge.domain.transfer import Transfer, TransferKind, TransferState
from paybridge.services import card_rows
from paybridge.services.holders import NOBODY_ASKED, Holder
from paybridge.services.lookalikes import alike
from paybridge.services.notes import open_note
from paybridge.services.ports import RoomsAwayError
from paybridge.services.purses import names_of_purses
from paybridge.services.says import Say
from paybridge.services.told import about, without_amounts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paybridge.domain.leg import Leg
    from paybridge.domain.people import Link, Person
    from paybridge.domain.reversal import Loss
    from paybridge.services.homes import Homes
    from paybridge.services.policies import Policies
    from paybridge.services.ports import Book, Rooms, Vault
    from paybridge.services.settings import Settings
    from paybridge.services.strength import Strength

UNSURE = "unsure"
SAID_IN_WORDS = frozenset(
    {
        "insufficient_funds",
        "account_closed",
        "fee_over_cap",
        "daily_limit",
        "night_limit",
        "invoice_expired",
        "payment_failed",
        "payee_away",
        "authentication_required",
        "card_declined",
        "payment_intent_authentication_failure",
    }
)
_IN_DIRECT_ROOM = 2  # the person and the bot
_SHOWN_TO_ALL = ("payment", "payer", "payee", "payer_name", "payee_name", "original")
_IN_OWN_ROOM = {
    "pay.receipt": "pay.own.receipt",
    "pay.waiting": "pay.own.waiting",
    "pay.refused": "pay.own.refused",
    "refund.receipt": "refund.own.receipt",
}
"""What the payer reads in their direct message, where the other sentence speaks to the room."""


class News:
    """Makes the messages about transfers; each has an id of its own, so that it is said once."""

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

    async def card(
        self,
        transfer: Transfer,
        payer: Person,
        link: Link | None,
        names: Mapping[str, str | None],
        holder: Holder | None = None,
        *,
        page: str | None = None,
    ) -> tuple[Say, ...]:
        """The card: everything that is approved, and the line to type. `holder` is that of a paid account.

        `page` is a link by which it can be approved, for the payer alone.
        """
        facts = dict(self._facts(transfer, payer, names))
        minutes = int((transfer.expires - transfer.created).total_seconds() // 60)
        hides = await self._hides(transfer)
        alone = not transfer.kind.between_people or self._is_private(names) or hides
        shown = card_rows.tail(link.masked) if link else ""
        to_type: Facts = {
            "code": transfer.code,
            "minutes": minutes,
            "until": f"{transfer.expires.astimezone(UTC):%H:%M} UTC",
        }
        strong = await self._strength.needs_factor(transfer)
        facts |= {
            **to_type,
            "easy": () if strong else (to_type,),
            "strong": (to_type,) if strong else (),
            "bank": ({"account": link.masked if alone else f"••{shown}"},) if link else (),
            "balance": ({},) if link is None else (),
            "alike": await self._alike(transfer, names),
            **(NOBODY_ASKED if holder is None or transfer.is_direct else holder.facts()),
            **card_rows.straight(transfer, holder),
            "page": card_rows.page(page if alone else None),
        }
        says = await self._placed(transfer, "card", f"{transfer.kind}.card", payer, facts, hides=hides)
        if strong and not alone:
            bank: tuple[Facts, ...] = ({"account": link.masked},) if link else ()
            own = {**facts, "bank": bank, "page": card_rows.page(page)}
            says += (self._to_payer(transfer, "card", f"{transfer.kind}.card", payer, own),)
        return await self._homes.ask(transfer, says, strong=strong)

    async def terms(self, transfer: Transfer) -> Facts:
        """What a card says is approved, for showing it elsewhere to its payer."""
        payer, names = await self._payer_and_names(transfer)
        return {**self._facts(transfer, payer, names), "alike": await self._alike(transfer, names)}

    async def on_its_way(self, transfer: Transfer) -> tuple[Say, ...]:
        """The approval has been taken; the courier goes on."""
        payer, names = await self._payer_and_names(transfer)
        facts = self._facts(transfer, payer, names)
        return await self._in_place(transfer, "on_its_way", f"{transfer.kind}.on_its_way", payer, facts)

    async def arrived(self, transfer: Transfer) -> tuple[Say, ...]:
        """The receipt; a payee who must act, or who left the room, is told in a direct message too."""
        payer, names = await self._payer_and_names(transfer)
        waits = transfer.state is TransferState.CLAIMABLE
        facts = dict(self._facts(transfer, payer, names)) | {"until": transfer.expires}
        called: tuple[Facts, ...] = ({"payee_name": facts["payee_name"]},)
        bridged = self._settings.bridges.of(transfer.payee_mxid) is not None
        here = transfer.payee_mxid in names
        facts |= {"chat": () if bridged else called, "bridge": called if bridged else ()}
        facts |= {"here": called if here else ()}
        key = f"{transfer.kind}.{'waiting' if waits else 'receipt'}"
        notify = (transfer.payee_mxid,) if here and transfer.kind.between_people else ()
        hides = await self._hides(transfer)
        says = [*await self._placed(transfer, "receipt", key, payer, facts, notify, hides=hides)]
        if transfer.kind.between_people and (waits or not here or hides):
            received = "claim.waiting" if waits else f"{transfer.kind}.received"
            says.append(await self._to_payee(transfer, received, facts))
        return await self._homes.receipts(transfer, says, _IN_OWN_ROOM)

    async def claimed(self, transfer: Transfer) -> tuple[Say, ...]:
        """The payee took the money."""
        payer, names = await self._payer_and_names(transfer)
        facts = self._facts(transfer, payer, names)
        return await self._in_place(transfer, "claimed", "pay.claimed", payer, facts)

    async def returned(self, transfer: Transfer, why: str) -> tuple[Say, ...]:
        """The money is back with the payer; `why` is `expired`, `sent_back` or `taken_back`."""
        payer, names = await self._payer_and_names(transfer)
        facts = self._facts(transfer, payer, names)
        room = await self._in_place(transfer, "returned", f"pay.returned.{why}", payer, facts)
        return (*room, self._to_payer(transfer, "returned", "pay.returned.to_payer", payer, facts))

    async def refused(self, transfer: Transfer, code: str) -> tuple[Say, ...]:
        """The rail refused for good. The reason concerns the payer's account: by direct message."""
        payer, names = await self._payer_and_names(transfer)
        facts = dict(self._facts(transfer, payer, names)) | {"reason": code}
        # What is short in a cash-out is our account at the rail, which is not the person's to fill.
        ours = transfer.kind is TransferKind.CASHOUT and code == "insufficient_funds"
        known = code if code in SAID_IN_WORDS and not ours else "other"
        room = await self._in_place(transfer, "refused", f"{transfer.kind}.refused", payer, facts)
        return (*room, self._to_payer(transfer, "refused", f"refused.{known}", payer, facts))

    async def their_turn(self, transfer: Transfer, leg: Leg, link: str) -> tuple[Say, ...]:
        """The rail waits for the payer, who opens `link`: to copy, and as a picture, by direct message.

        Said again after the rail's answers were unclear for a while.
        """
        payer, names = await self._payer_and_names(transfer)
        facts = dict(self._facts(transfer, payer, names)) | {"amount": leg.amount}
        said = self._to_payer(transfer, f"turn/{leg.attempts}", "turn", payer, facts)
        picture = replace(said, id=f"{said.id}/picture", key="turn.picture", facts={}, qr=link)
        return (picture, replace(said, lines=(link,)))

    async def reversed(self, transfer: Transfer, amount: Money, losses: Sequence[Loss]) -> tuple[Say, ...]:
        """The rail took `amount` back after all; whoever loses by it is told what, by direct message."""
        payer, names = await self._payer_and_names(transfer)
        facts = dict(self._facts(transfer, payer, names)) | {"back": amount}
        says = [*await self._in_place(transfer, "reversed", f"{transfer.kind}.reversed", payer, facts)]
        for loss in losses:
            person = payer if loss.person == payer.id else await self._book.person(loss.person)
            says.append(
                Say(
                    id=f"{transfer.id}/reversed/{loss.person}",
                    key="reversal.borne",
                    language=(person.language if person else None) or self._settings.language,
                    person=transfer.payer_mxid if loss.person == transfer.payer else transfer.payee_mxid,
                    facts={
                        "payment": transfer.id,
                        "taken": loss.taken,
                        "owed": ({"owes": loss.owes},) if loss.owes.is_positive else (),
                    },
                )
            )
        return tuple(says)

    async def moved_late(self, transfer: Transfer, kind: LegKind) -> tuple[Say, ...]:
        """The rail moved the money of a refused transfer after all; the payer is told so."""
        payer, names = await self._payer_and_names(transfer)
        facts = self._facts(transfer, payer, names)
        keys = {LegKind.COLLECT: "late.collected", LegKind.DIRECT: "late.direct"}
        key = keys.get(kind, "late.paid_out")
        return (self._to_payer(transfer, "late", key, payer, facts),)

    async def delayed(self, transfer: Transfer, *, unsure: bool) -> tuple[Say, ...]:
        """It takes longer: the rail does not answer (`unsure`: after the order may have left)."""
        payer, names = await self._payer_and_names(transfer)
        facts = self._facts(transfer, payer, names)
        what = "unsure" if unsure else "delayed"
        state = UNSURE if unsure else None
        return await self._in_place(transfer, what, f"{transfer.kind}.{what}", payer, facts, state=state)

    async def closed(self, transfer: Transfer) -> tuple[Say, ...]:
        """The card was cancelled or has expired; nothing was sent."""
        payer, names = await self._payer_and_names(transfer)
        facts = self._facts(transfer, payer, names)
        return await self._in_place(transfer, "closed", f"{transfer.kind}.{transfer.state}", payer, facts)

    async def _alike(self, transfer: Transfer, names: Mapping[str, str | None]) -> tuple[Facts, ...]:
        """Somebody else whom a new payee may be mistaken for: paid before, or here in the room."""
        if transfer.kind is not TransferKind.PAY:
            return ()
        paid = await self._book.paid_before(transfer.payer)
        if transfer.payee_mxid in paid:
            return ()
        other = alike(transfer.payee_mxid, (*paid, *names))
        return () if other is None else ({"who": Who(other, names.get(other))},)

    async def _payer_and_names(self, transfer: Transfer) -> tuple[Person, Mapping[str, str | None]]:
        payer = await self._book.person(transfer.payer)
        assert payer is not None  # a transfer's payer is a foreign key
        names = await names_in(self._rooms, transfer.room, transfer.payer_mxid, transfer.payee_mxid)
        return payer, {**names, **await names_of_purses(self._book, self._vault, transfer)}

    def _is_private(self, names: Mapping[str, str | None]) -> bool:
        return len(names) <= _IN_DIRECT_ROOM

    def _facts(self, transfer: Transfer, payer: Person, names: Mapping[str, str | None]) -> Facts:
        note = open_note(self._vault, payer, transfer.note)
        times: tuple[Facts, ...] = ()
        if transfer.times:
            each = Money(transfer.amount.minor // transfer.times, transfer.amount.currency)
            times = ({"times": transfer.times, "each": each},)
        cashout = f"!cashout {transfer.amount.plain()} {transfer.amount.currency}"
        purse = is_kitty(transfer.payee_mxid)
        names_alone: Facts = {"payee_name": called(transfer.payee_mxid, names)}
        facts: dict[str, Fact] = {
            "payment": transfer.id,
            "amount": transfer.amount,
            "fee": transfer.fees,
            "total": transfer.total,
            "payer": _who(transfer.payer_mxid, names),
            "payee": _who(transfer.payee_mxid, names),
            "payer_name": called(transfer.payer_mxid, names),
            "payee_name": called(transfer.payee_mxid, names),
            "note": ({"words": note},) if note else (),
            "times": times,
            "cashout": cashout,
            "original": transfer.original or "",
            # Straight to an account of the payee's, or into their balance.
            "straight": (names_alone,) if transfer.is_direct else (),
            "kept": () if transfer.is_direct or purse else ({**names_alone, "cashout": cashout},),
            "kitty": (names_alone,) if purse else (),
        }
        return facts

    async def _hides(self, transfer: Transfer) -> bool:
        """Whether the room must not see amounts; those of one's own money are never said in a room."""
        return transfer.kind.between_people and await self._policies.hides_amounts(transfer.room)

    async def _in_place(
        self,
        transfer: Transfer,
        what: str,
        key: str,
        payer: Person,
        facts: Facts,
        state: str | None = None,
    ) -> tuple[Say, ...]:
        """The message about the transfer, where it stands; if that hides amounts, the payer's own as well."""
        hides = await self._hides(transfer)
        return await self._placed(transfer, what, key, payer, facts, state=state, hides=hides)

    async def _placed(  # noqa: PLR0913 - one message: about what, in which words, for whom, and where
        self,
        transfer: Transfer,
        what: str,
        key: str,
        payer: Person,
        facts: Facts,
        notify: tuple[str, ...] = (),
        *,
        hides: bool,
        state: str | None = None,
    ) -> tuple[Say, ...]:
        in_room = transfer.kind.between_people
        said = Say(
            id=f"{transfer.id}/{what}",
            key=key,
            language=await self._policies.language(transfer.room, payer.language),
            room=transfer.room if in_room else None,
            person=None if in_room else transfer.payer_mxid,
            facts=facts,
            slot=transfer.id,
            notify=notify,
            about=about(transfer, state),
        )
        if not hides:
            return (said,)
        hidden = replace(
            said,
            key=f"{transfer.kind}.private.{key.split('.')[1]}",
            facts={name: facts[name] for name in _SHOWN_TO_ALL},
            notify=(),
            about=without_amounts(about(transfer, state)),
        )
        own = replace(
            said,
            id=f"{said.id}/own",
            key=_IN_OWN_ROOM.get(key, key),
            room=None,
            person=transfer.payer_mxid,
            slot=f"{transfer.id}/{transfer.payer_mxid}",
            notify=(),
        )
        return hidden, own

    def _to_payer(self, transfer: Transfer, what: str, key: str, payer: Person, facts: Facts) -> Say:
        return Say(
            id=f"{transfer.id}/{what}/payer",
            key=key,
            language=payer.language or self._settings.language,
            person=transfer.payer_mxid,
            facts=facts,
            about=about(transfer, None),
        )

    async def _to_payee(self, transfer: Transfer, key: str, facts: Facts) -> Say:
        payee = await self._book.person(transfer.payee)
        language = payee.language if payee else None
        return Say(
            id=f"{transfer.id}/receipt/payee",
            key=key,
            language=language or self._settings.language,
            person=transfer.payee_mxid,
            facts=facts,
            about=about(transfer, None),
        )


async def names_in(rooms: Rooms, room: str, *agreed: str) -> Mapping[str, str | None]:
    """Who is joined to the room, by their display names.

    A homeserver that is away must not keep money from being booked: then those who `agreed` count as there.
    """
    try:
        return (await rooms.facts(room)).members
    except RoomsAwayError:
        return dict.fromkeys(agreed)


def _who(mxid: str, names: Mapping[str, str | None]) -> Fact:
    """A person with their full id, which cannot be mistaken; a kitty by its name, as its id is nobody's."""
    name = names.get(mxid)
    return name if name is not None and is_kitty(mxid) else Who(mxid, name)


def called(mxid: str, names: Mapping[str, str | None]) -> str:
    """What people call somebody, once the full id has been said in the same message."""
    return names.get(mxid) or mxid.removeprefix("@").partition(":")[0]
