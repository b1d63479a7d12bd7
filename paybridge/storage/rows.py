"""Between the records of the domain and the rows of the tables, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from paybridge.domain.acts import Act
from paybridge.domain.contact import Block, Contact
from paybridge.domain.deeds import Deed
from paybridge.domain.factor import Factor, RecoveryCode
from paybridge.domain.history import Bookmark
from paybridge.domain.leg import Leg, LegKind, LegState
from paybridge.domain.membership import Club, Member
from paybridge.domain.money import CurrencyMismatchError, Money
from paybridge.domain.motions import Motion
from paybridge.domain.one_time_link import OneTimeLink
from paybridge.domain.own_cap import OwnCap
from paybridge.domain.passkey import Ceremony, Passkey
from paybridge.domain.people import Identity, Link, LinkState, Person
from paybridge.domain.pinning import Freeze, PinnedKey
from paybridge.domain.policy import RoomPolicy, policy_from_json
from paybridge.domain.rail_pause import RailPause
from paybridge.domain.repeat import Instalment, Repeat
from paybridge.domain.request import Request, RequestState
from paybridge.domain.shop_session import ShopSession
from paybridge.domain.split import Share, Split
from paybridge.domain.spoken import Origin
from paybridge.domain.standing import Standing
from paybridge.domain.tie import Guesses, Tie
from paybridge.domain.transfer import Transfer, TransferKind, TransferState
from paybridge.domain.trip import Expense, Part, Traveller, Trip
from paybridge.domain.webhook import Webhook
from paybridge.storage import (
    act_rows,
    contact_rows,
    factor_rows,
    history_rows,
    kitty_rows,
    membership_rows,
    motion_rows,
    one_time_rows,
    own_cap_tables,
    pause_tables,
    repeat_rows,
    sale_rows,
    shop_rows,
    shop_session_rows,
    split_rows,
    standing_rows,
    ticket_rows,
    tie_rows,
    trip_rows,
)
from paybridge.storage.moments import microseconds, microseconds_or_none, moment, moment_or_none

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from paybridge.services.ports import Record
    from paybridge.storage.row import Row


def _minor(money: Money, currency: str) -> int:
    # A row has one currency for all its sums.
    if money.currency != currency:
        raise CurrencyMismatchError(money.currency, currency)
    return money.minor


def row_of(record: Record) -> dict[str, Any]:
    """The row that holds `record`, by column name."""
    return _ROW_OF[type(record)](record)


def _person_row(person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "key": person.key,
        "created": microseconds(person.created),
        "language": person.language,
        "frozen": microseconds_or_none(person.frozen),
        "stopped": microseconds_or_none(person.stopped),
        "version": person.version,
    }


def person_of(row: Row) -> Person:
    return Person(
        id=row["id"],
        key=row["key"],
        created=moment(row["created"]),
        language=row["language"],
        frozen=moment_or_none(row["frozen"]),
        stopped=moment_or_none(row["stopped"]),
        version=row["version"],
    )


def _identity_row(identity: Identity) -> dict[str, Any]:
    return {
        "mxid": identity.mxid,
        "person": identity.person,
        "since": microseconds(identity.since),
        "version": identity.version,
    }


def _link_row(link: Link) -> dict[str, Any]:
    return {
        "id": link.id,
        "person": link.person,
        "rail": link.rail,
        "token": link.token,
        "masked": link.masked,
        "number": link.number,
        "number_hash": link.number_hash,
        "state": link.state.value,
        "is_default": int(link.is_default),
        "currency": link.currency,
        "holder": link.holder,
        "nickname": link.nickname,
        "nickname_hash": link.nickname_hash,
        "takes_direct": int(link.takes_direct),
        "created": microseconds(link.created),
        "version": link.version,
    }


def link_of(row: Row) -> Link:
    return Link(
        id=row["id"],
        person=row["person"],
        rail=row["rail"],
        token=row["token"],
        masked=row["masked"],
        number=row["number"],
        number_hash=row["number_hash"],
        state=LinkState(row["state"]),
        is_default=bool(row["is_default"]),
        created=moment(row["created"]),
        currency=row["currency"],
        holder=row["holder"],
        nickname=row["nickname"],
        nickname_hash=row["nickname_hash"],
        takes_direct=bool(row["takes_direct"]),
        version=row["version"],
    )


def _request_row(request: Request) -> dict[str, Any]:
    return {
        "id": request.id,
        "state": request.state.value,
        "asker": request.asker,
        "asker_mxid": request.asker_mxid,
        "asked": request.asked,
        "asked_mxid": request.asked_mxid,
        "amount": request.amount.minor,
        "currency": request.amount.currency,
        "room": request.room,
        "created": microseconds(request.created),
        "expires": microseconds(request.expires),
        "note": request.note,
        "transfer": request.transfer,
        "reason": request.reason,
        "reminded": microseconds_or_none(request.reminded),
        "paid": request.paid,
        "flexible": int(request.flexible),
        "version": request.version,
    }


def request_of(row: Row) -> Request:
    return Request(
        id=row["id"],
        state=RequestState(row["state"]),
        asker=row["asker"],
        asker_mxid=row["asker_mxid"],
        asked=row["asked"],
        asked_mxid=row["asked_mxid"],
        amount=Money(row["amount"], row["currency"]),
        room=row["room"],
        created=moment(row["created"]),
        expires=moment(row["expires"]),
        note=row["note"],
        transfer=row["transfer"],
        reason=row["reason"],
        reminded=moment_or_none(row["reminded"]),
        paid=row["paid"],
        flexible=bool(row["flexible"]),
        version=row["version"],
    )


def _transfer_row(transfer: Transfer) -> dict[str, Any]:
    return {
        "id": transfer.id,
        "kind": transfer.kind.value,
        "state": transfer.state.value,
        "payer": transfer.payer,
        "payer_mxid": transfer.payer_mxid,
        "payee": transfer.payee,
        "payee_mxid": transfer.payee_mxid,
        "amount": transfer.amount.minor,
        "fee": _minor(transfer.fee, transfer.amount.currency),
        "currency": transfer.amount.currency,
        "room": transfer.room,
        "created": microseconds(transfer.created),
        "expires": microseconds(transfer.expires),
        "nonce": transfer.nonce,
        "source": transfer.source,
        "destination": transfer.destination,
        "note": transfer.note,
        "times": transfer.times,
        "request": transfer.request,
        "original": transfer.original,
        "refunded": transfer.refunded,
        "bundle": transfer.bundle,
        "reason": transfer.reason,
        "updated": microseconds_or_none(transfer.updated),
        "approved": microseconds_or_none(transfer.approved),
        "house_fee": transfer.house_fee,
        "paid_before": transfer.paid_before,
        "reminded": microseconds_or_none(transfer.reminded),
        "version": transfer.version,
    }


def transfer_of(row: Row) -> Transfer:
    return Transfer(
        id=row["id"],
        kind=TransferKind(row["kind"]),
        state=TransferState(row["state"]),
        payer=row["payer"],
        payer_mxid=row["payer_mxid"],
        payee=row["payee"],
        payee_mxid=row["payee_mxid"],
        amount=Money(row["amount"], row["currency"]),
        fee=Money(row["fee"], row["currency"]),
        room=row["room"],
        created=moment(row["created"]),
        expires=moment(row["expires"]),
        nonce=row["nonce"],
        source=row["source"],
        destination=row["destination"],
        note=row["note"],
        times=row["times"],
        request=row["request"],
        original=row["original"],
        refunded=row["refunded"],
        bundle=row["bundle"],
        reason=row["reason"],
        updated=moment_or_none(row["updated"]),
        approved=moment_or_none(row["approved"]),
        house_fee=row["house_fee"],
        paid_before=row["paid_before"],
        reminded=moment_or_none(row["reminded"]),
        version=row["version"],
    )


def _leg_row(leg: Leg) -> dict[str, Any]:
    return {
        "id": leg.id,
        "transfer": leg.transfer,
        "number": leg.number,
        "kind": leg.kind.value,
        "state": leg.state.value,
        "rail": leg.rail,
        "owner": leg.owner,
        "amount": leg.amount.minor,
        "fee": _minor(leg.fee, leg.amount.currency),
        "highest_fee": _minor(leg.highest_fee, leg.amount.currency),
        "currency": leg.amount.currency,
        "link": leg.link,
        "to_person": leg.to,
        "to_link": leg.to_link,
        "to_claim": int(leg.to_claim),
        "handle": leg.handle,
        "remote_id": leg.remote_id,
        "code": leg.code,
        "attempts": leg.attempts,
        "taken_back": leg.taken_back,
        "due": microseconds_or_none(leg.due),
        "version": leg.version,
    }


def leg_of(row: Row) -> Leg:
    return Leg(
        id=row["id"],
        transfer=row["transfer"],
        number=row["number"],
        kind=LegKind(row["kind"]),
        state=LegState(row["state"]),
        rail=row["rail"],
        owner=row["owner"],
        amount=Money(row["amount"], row["currency"]),
        fee=Money(row["fee"], row["currency"]),
        highest_fee=Money(row["highest_fee"], row["currency"]),
        link=row["link"],
        to=row["to_person"],
        to_link=row["to_link"],
        to_claim=bool(row["to_claim"]),
        handle=row["handle"],
        remote_id=row["remote_id"],
        code=row["code"],
        attempts=row["attempts"],
        taken_back=row["taken_back"],
        due=moment_or_none(row["due"]),
        version=row["version"],
    )


def _pinned_key_row(pinned: PinnedKey) -> dict[str, Any]:
    freeze = pinned.freeze
    return {
        "mxid": pinned.mxid,
        "key": pinned.key,
        "other": None if freeze is None else freeze.other,
        "since": None if freeze is None else microseconds(freeze.since),
        "until": None if freeze is None else microseconds_or_none(freeze.until),
        "version": pinned.version,
    }


def pinned_key_of(row: Row) -> PinnedKey:
    since = moment_or_none(row["since"])
    freeze = None if since is None else Freeze(row["other"], since, moment_or_none(row["until"]))
    return PinnedKey(row["mxid"], row["key"], freeze, row["version"])


def room_policy_of(row: Row) -> RoomPolicy:
    return RoomPolicy(row["room"], policy_from_json(row["policy"]), row["version"])


def _room_policy_row(policy: RoomPolicy) -> dict[str, Any]:
    return {"room": policy.room, "policy": policy.policy.to_json(), "version": policy.version}


def _origin_row(origin: Origin) -> dict[str, Any]:
    return {"payment": origin.payment, "event": origin.event, "version": origin.version}


def _webhook_row(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "rail": webhook.rail,
        "body": webhook.body,
        "received": microseconds(webhook.received),
        "version": webhook.version,
    }


_ROW_OF: Final[Mapping[type[Record], Callable[[Any], dict[str, Any]]]] = {
    Person: _person_row,
    Identity: _identity_row,
    Link: _link_row,
    Request: _request_row,
    Transfer: _transfer_row,
    Leg: _leg_row,
    RoomPolicy: _room_policy_row,
    PinnedKey: _pinned_key_row,
    Origin: _origin_row,
    Factor: factor_rows.factor_row,
    Deed: factor_rows.deed_row,
    Repeat: repeat_rows.repeat_row,
    Instalment: repeat_rows.instalment_row,
    **sale_rows.ROW_OF,
    **ticket_rows.ROW_OF,
    ShopSession: shop_session_rows.shop_session_row,
    Club: membership_rows.club_row,
    Member: membership_rows.member_row,
    **shop_rows.ROW_OF,
    Trip: trip_rows.trip_row,
    Traveller: trip_rows.traveller_row,
    Expense: trip_rows.expense_row,
    Part: trip_rows.part_row,
    **kitty_rows.ROW_OF,
    Split: split_rows.split_row,
    Share: split_rows.share_row,
    RecoveryCode: factor_rows.recovery_code_row,
    Passkey: factor_rows.passkey_row,
    Ceremony: factor_rows.ceremony_row,
    OneTimeLink: one_time_rows.one_time_link_row,
    Webhook: _webhook_row,
    Bookmark: history_rows.bookmark_row,
    Act: act_rows.act_row,
    Motion: motion_rows.motion_row,
    RailPause: pause_tables.rail_pause_row,
    OwnCap: own_cap_tables.own_cap_row,
    Standing: standing_rows.standing_row,
    Tie: tie_rows.tie_row,
    Guesses: tie_rows.guesses_row,
    Contact: contact_rows.contact_row,
    Block: contact_rows.block_row,
}
