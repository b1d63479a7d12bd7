"""The book: steps go to the writer, questions to the reader."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from paybridge.domain.bundle import bundled
from paybridge.domain.history import EVERYTHING
from paybridge.domain.ledger import AccountKind
from paybridge.domain.money import Money
from paybridge.domain.receipt import Booked
from paybridge.domain.region import Spent
from paybridge.domain.statement import Booking
from paybridge.domain.transfer import TransferState
from paybridge.services.figures import StepTally
from paybridge.services.ports import ApprovedSoFar, Due, Errand, StepRefusedError
from paybridge.storage import contact_questions as contacts
from paybridge.storage import (
    contact_rows,
    factor_rows,
    history_rows,
    one_time_rows,
    rows,
    split_rows,
    standing_rows,
)
from paybridge.storage import history_questions as history
from paybridge.storage import questions as ask
from paybridge.storage.admin_book import SqlAdminBook
from paybridge.storage.kitty_reading import KittyReading
from paybridge.storage.membership_reading import MembershipReading
from paybridge.storage.moments import microseconds, moment
from paybridge.storage.repeat_reading import RepeatReading
from paybridge.storage.sale_reading import SaleReading
from paybridge.storage.shop_reading import ShopReading
from paybridge.storage.shop_view_reading import ShopViewReading
from paybridge.storage.ticket_reading import TicketReading
from paybridge.storage.tie_book import SqlTieBook
from paybridge.storage.trip_reading import TripReading
from paybridge.storage.works import WriteStep

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import Executable

    from paybridge.domain.bundle import Bundle
    from paybridge.domain.contact import Block, Contact
    from paybridge.domain.deeds import Deed
    from paybridge.domain.factor import Factor, RecoveryCode
    from paybridge.domain.history import Bookmark, Mark, Sought
    from paybridge.domain.leg import Leg
    from paybridge.domain.one_time_link import OneTimeLink
    from paybridge.domain.passkey import Ceremony, Passkey
    from paybridge.domain.people import Link, Person
    from paybridge.domain.pinning import PinnedKey
    from paybridge.domain.policy import RoomPolicy
    from paybridge.domain.region import Spans
    from paybridge.domain.request import Request
    from paybridge.domain.split import Share, Split
    from paybridge.domain.standing import Standing
    from paybridge.domain.transfer import Transfer, TransferKind
    from paybridge.domain.webhook import Webhook
    from paybridge.services.acquaintances import ReminderTimes
    from paybridge.services.ports import Step
    from paybridge.storage.reading import Facts, Reading
    from paybridge.storage.row import Row
    from paybridge.storage.writing import Writing

_LONGEST_CARD: Final = timedelta(hours=1)
"""How long before its approval a payment was drafted, at the most."""


class SqlBook(
    KittyReading,
    MembershipReading,
    RepeatReading,
    SaleReading,
    ShopReading,
    ShopViewReading,
    TicketReading,
    TripReading,
):
    """`Book` on the database."""

    def __init__(self, writer: Writing, reader: Reading) -> None:
        self._writer = writer
        self._reader = reader
        self.tally = StepTally()
        self.admin = SqlAdminBook(reader)
        self.ties = SqlTieBook(reader)

    async def commit(self, step: Step) -> None:
        try:
            await self._writer.run(WriteStep(step))
        except StepRefusedError:
            self.tally.refused += 1
            raise
        self.tally.committed += 1

    # ------------------------------------------------------------ people

    async def person(self, person: str) -> Person | None:
        row = await self._reader.first(ask.PERSON, {"id": person})
        return None if row is None else rows.person_of(row)

    async def person_of(self, mxid: str) -> Person | None:
        row = await self._reader.first(ask.PERSON_OF, {"mxid": mxid})
        return None if row is None else rows.person_of(row)

    async def mxids_of(self, person: str) -> Sequence[str]:
        return [row["mxid"] for row in await self._reader.rows(ask.MXIDS, {"person": person})]

    async def links(self, person: str) -> Sequence[Link]:
        return [rows.link_of(row) for row in await self._reader.rows(ask.LINKS, {"person": person})]

    async def link(self, link: str) -> Link | None:
        row = await self._reader.first(ask.LINK, {"id": link})
        return None if row is None else rows.link_of(row)

    # ------------------------------------------------------------ money

    async def balances(self, person: str) -> Sequence[Money]:
        return await self._moneys(person, AccountKind.PERSON)

    async def held(self, person: str) -> Sequence[Money]:
        return await self._moneys(person, AccountKind.HELD)

    async def owed(self, person: str) -> Sequence[Money]:
        return [-money for money in await self._moneys(person, AccountKind.RECEIVABLE)]

    async def balance(self, person: str, currency: str) -> Money:
        minor = await self._reader.scalar(ask.BALANCE, {"owner": person, "currency": currency})
        return Money(minor or 0, currency)

    async def _moneys(self, owner: str, kind: AccountKind) -> Sequence[Money]:
        listed = await self._reader.rows(ask.BALANCES, {"owner": owner, "kind": kind.value})
        return [Money(row["balance"], row["currency"]) for row in listed]

    # ------------------------------------------------------------ transfers

    async def transfer(self, transfer: str) -> Transfer | None:
        row = await self._reader.first(ask.TRANSFER, {"id": transfer})
        return None if row is None else rows.transfer_of(row)

    async def bundle(self, bundle: str) -> Bundle | None:
        parts = await self._transfers(ask.BUNDLE, {"bundle": bundle})
        return bundled(bundle, parts) if parts else None

    async def awaiting_approval(self, payer: str) -> Sequence[Transfer]:
        return await self._open_of(payer, TransferState.AWAITING_APPROVAL)

    async def under_way(self, payer: str) -> Sequence[Transfer]:
        return await self._transfers(ask.UNDER_WAY, {"payer": payer})

    async def claimable_from(self, payer: str) -> Sequence[Transfer]:
        return await self._open_of(payer, TransferState.CLAIMABLE)

    async def coming_to(self, payee: str) -> Sequence[Transfer]:
        return await self._transfers(ask.COMING_TO, {"payee": payee})

    async def claimable(self, payee: str) -> Sequence[Transfer]:
        return await self._transfers(ask.CLAIMABLE, {"payee": payee})

    async def history(
        self, person: str, limit: int, sought: Sought = EVERYTHING, after: Mark | None = None
    ) -> Sequence[Transfer]:
        facts = history.facts_of(person, sought, after, limit)
        return await self._transfers(history.transfers_of(history.shape_of(sought)), facts)

    async def history_of_requests(
        self, person: str, limit: int, sought: Sought, after: Mark | None = None
    ) -> Sequence[Request]:
        facts = history.facts_of(person, sought, after, limit)
        return await self._requests(history.requests_of(history.shape_of(sought)), facts)

    async def bookmark(self, person: str) -> Bookmark | None:
        row = await self._reader.first(history.BOOKMARK, {"person": person})
        return None if row is None else history_rows.bookmark_of(row)

    async def contacts(self, person: str) -> Sequence[Contact]:
        listed = await self._reader.rows(contacts.CONTACTS, {"person": person})
        return [contact_rows.contact_of(row) for row in listed]

    async def block(self, person: str, other: str) -> Block | None:
        row = await self._reader.first(contacts.BLOCK, {"id": f"{person}|{other}"})
        return None if row is None else contact_rows.block_of(row)

    async def blocked_by(self, person: str) -> Sequence[str]:
        return [row["other"] for row in await self._reader.rows(contacts.BLOCKED_BY, {"person": person})]

    async def namesakes(self, localpart: str, limit: int) -> Sequence[str]:
        # ";" comes right behind ":" in the order of bytes.
        asked: Facts = {"first": f"@{localpart}:", "behind": f"@{localpart};", "limit": limit}
        return [row["mxid"] for row in await self._reader.rows(history.NAMESAKES, asked)]

    async def paid_before(self, payer: str) -> Sequence[str]:
        return [row["payee_mxid"] for row in await self._reader.rows(ask.PAID_BEFORE, {"payer": payer})]

    async def approved_so_far(self, payer: str) -> ApprovedSoFar:
        listed = await self._reader.rows(ask.APPROVED_SO_FAR, {"payer": payer})
        return ApprovedSoFar(
            sum(row["count"] for row in listed), {row["currency"]: int(row["sum"]) for row in listed}
        )

    async def spent(self, payer: str, currency: str, kinds: Collection[TransferKind], spans: Spans) -> Spent:
        night = spans.night.start if spans.night else spans.day.end
        starts = {"day": spans.day.start, "month": spans.month.start, "night": night}
        asked: Facts = {
            "payer": payer,
            "currency": currency,
            "since": microseconds(min(starts.values()) - _LONGEST_CARD),
            **{span: microseconds(start) for span, start in starts.items()},
        }
        (row,) = await self._reader.rows(ask.spent_on(frozenset(kinds)), asked)
        sums = {span: Money(int(row[span]), currency) for span in starts}
        return Spent(count=int(row["count"]), **sums)

    async def standing(self, person: str) -> Standing | None:
        row = await self._reader.first(ask.STANDING, {"person": person})
        return None if row is None else standing_rows.standing_of(row)

    async def expired_transfers(self, at: datetime, limit: int) -> Sequence[Transfer]:
        return await self._transfers(ask.EXPIRED_TRANSFERS, {"at": microseconds(at), "limit": limit})

    async def _open_of(self, payer: str, state: TransferState) -> Sequence[Transfer]:
        found = await self._transfers(ask.OPEN_OF_PAYER[state], {"payer": payer})
        # There are few or none: the database need not set up to sort them.
        return sorted(found, key=lambda one: (one.created, one.id), reverse=True)

    async def _transfers(self, statement: Executable, facts: Facts) -> Sequence[Transfer]:
        return [rows.transfer_of(row) for row in await self._reader.rows(statement, facts)]

    async def currencies(self, person: str) -> Sequence[str]:
        return [row["currency"] for row in await self._reader.rows(history.CURRENCIES, {"person": person})]

    async def bookings(self, person: str, currency: str, before: int, limit: int) -> Sequence[Booking]:
        asked: Facts = {"person": person, "currency": currency, "before": before, "limit": limit}
        return [history_rows.booking_of(row) for row in await self._reader.rows(history.BOOKINGS, asked)]

    async def booked(self, transfer: str) -> Booked | None:
        # Their keys begin with the transfer's id; "0" comes right behind "/" in the order of bytes.
        asked = {"first": f"{transfer}/", "behind": f"{transfer}0"}
        row = await self._reader.first(ask.BOOKED, asked)
        return None if row is None else Booked(row["id"], row["hash"])

    # ------------------------------------------------------------ legs

    async def legs(self, transfer: str) -> Sequence[Leg]:
        return [rows.leg_of(row) for row in await self._reader.rows(ask.LEGS, {"transfer": transfer})]

    async def due_legs(self, errand: Errand, rail: str, at: datetime, limit: int) -> Sequence[Due]:
        asked: Facts = {"rail": rail, "at": microseconds(at), "limit": limit}
        return await self._due(ask.DUE_LEGS[errand], asked)

    async def open_legs(self, errand: Errand, rail: str) -> Sequence[str]:
        return [row["id"] for row in await self._reader.rows(ask.OPEN_LEGS[errand], {"rail": rail})]

    async def legs_on(self, errand: Errand, legs: Sequence[str]) -> Sequence[Due]:
        if not legs:
            return ()
        names = ask.names_of(legs)
        return await self._due(ask.legs_among(errand, len(names)), names)

    async def next_due(self, errand: Errand, after: datetime) -> datetime | None:
        earliest = await self._reader.scalar(ask.NEXT_DUE[errand], {"after": microseconds(after)})
        return None if earliest is None else moment(earliest)

    async def _due(self, statement: Executable, facts: Facts) -> Sequence[Due]:
        return [_due_of(row) for row in await self._reader.rows(statement, facts)]

    async def leg_by_reference(self, reference: str) -> Leg | None:
        row = await self._reader.first(ask.LEG, {"id": reference})
        return None if row is None else rows.leg_of(row)

    # ------------------------------------------------------------ requests

    async def request(self, request: str) -> Request | None:
        row = await self._reader.first(ask.REQUEST, {"id": request})
        return None if row is None else rows.request_of(row)

    async def split(self, split: str) -> Split | None:
        row = await self._reader.first(ask.SPLIT, {"id": split})
        return None if row is None else split_rows.split_of(row)

    async def splits_of(self, payer: str) -> Sequence[Split]:
        return [split_rows.split_of(row) for row in await self._reader.rows(ask.SPLITS_OF, {"payer": payer})]

    async def shares(self, split: str) -> Sequence[Share]:
        return [split_rows.share_of(row) for row in await self._reader.rows(ask.SHARES, {"split": split})]

    async def share_asked_by(self, request: str) -> Share | None:
        row = await self._reader.first(ask.SHARE_ASKED_BY, {"request": request})
        return None if row is None else split_rows.share_of(row)

    async def requests_of(self, asker: str) -> Sequence[Request]:
        return await self._requests(ask.REQUESTS_OF, {"asker": asker})

    async def requests_made(self, asker: str, since: datetime) -> int:
        asked: Facts = {"asker": asker, "since": microseconds(since)}
        return int(await self._reader.scalar(contacts.REQUESTS_MADE, asked) or 0)

    async def not_reminded(self, before: datetime, limit: int) -> Sequence[Request]:
        asked: Facts = {"asked_before": microseconds(before), "limit": limit}
        return await self._requests(contacts.NOT_REMINDED, asked)

    async def not_claimed(self, times: ReminderTimes, limit: int) -> Sequence[Transfer]:
        asked: Facts = {
            "first": microseconds(times.first),
            "last": microseconds(times.last),
            "reminded_before": microseconds(times.reminded),
            "limit": limit,
        }
        return await self._transfers(contacts.NOT_CLAIMED, asked)

    async def requests_to(self, asked: str) -> Sequence[Request]:
        return await self._requests(ask.REQUESTS_TO, {"asked": asked})

    async def expired_requests(self, at: datetime, limit: int) -> Sequence[Request]:
        return await self._requests(ask.EXPIRED_REQUESTS, {"at": microseconds(at), "limit": limit})

    async def _requests(self, statement: Executable, facts: Facts) -> Sequence[Request]:
        return [rows.request_of(row) for row in await self._reader.rows(statement, facts)]

    async def room_policy(self, room: str) -> RoomPolicy | None:
        row = await self._reader.first(ask.ROOM_POLICY, {"room": room})
        return None if row is None else rows.room_policy_of(row)

    async def heard(self, webhook: Webhook) -> bool:
        return await self._reader.first(ask.HEARD, {"id": webhook.id, "body": webhook.body}) is not None

    async def made_by(self, event: str) -> Sequence[str]:
        return [row["payment"] for row in await self._reader.rows(ask.MADE_BY, {"event": event})]

    async def factor(self, person: str) -> Factor | None:
        row = await self._reader.first(ask.FACTOR, {"person": person})
        return None if row is None else factor_rows.factor_of(row)

    async def factors_to_reset(self) -> Sequence[Factor]:
        return [factor_rows.factor_of(row) for row in await self._reader.rows(ask.FACTORS_TO_RESET, {})]

    async def open_deeds(self) -> Sequence[Deed]:
        return [factor_rows.deed_of(row) for row in await self._reader.rows(ask.OPEN_DEEDS, {})]

    async def recovery_codes(self, person: str) -> Sequence[RecoveryCode]:
        found = await self._reader.rows(ask.RECOVERY_CODES, {"person": person})
        return [factor_rows.recovery_code_of(row) for row in found]

    async def passkeys(self, person: str) -> Sequence[Passkey]:
        found = await self._reader.rows(ask.PASSKEYS, {"person": person})
        return [factor_rows.passkey_of(row) for row in found]

    async def ceremony(self, ceremony: str) -> Ceremony | None:
        row = await self._reader.first(ask.CEREMONY, {"id": ceremony})
        return None if row is None else factor_rows.ceremony_of(row)

    async def one_time_link(self, link: str) -> OneTimeLink | None:
        row = await self._reader.first(ask.ONE_TIME_LINK, {"id": link})
        return None if row is None else one_time_rows.one_time_link_of(row)

    async def pinned_key(self, mxid: str) -> PinnedKey | None:
        row = await self._reader.first(ask.PINNED_KEY, {"mxid": mxid})
        return None if row is None else rows.pinned_key_of(row)

    async def frozen_keys(self) -> Sequence[PinnedKey]:
        return [rows.pinned_key_of(row) for row in await self._reader.rows(ask.FROZEN_KEYS, {})]

    async def next_expiry(self) -> datetime | None:
        """When the next card, claimable transfer or request runs out."""
        earliest = await self._reader.scalar(ask.NEXT_EXPIRY, {})
        return None if earliest is None else moment(earliest)


def _due_of(row: Row) -> Due:
    its = len(ask.ITS_TRANSFER)
    owner = {name[its:]: value for name, value in row.items() if name.startswith(ask.ITS_TRANSFER)}
    return Due(rows.leg_of(row), rows.transfer_of(owner))
