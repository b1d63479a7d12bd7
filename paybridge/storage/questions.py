"""What the book asks the database: statements made once, with named parameters."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    case,
    func,
    select,
    text,
    union_all,
)

from paybridge.domain.ledger import AccountKind
from paybridge.domain.leg import ENDED_AT_A_RAIL, LegState
from paybridge.domain.passkey import PasskeyState
from paybridge.domain.people import LinkState
from paybridge.domain.transfer import TransferKind, TransferState
from paybridge.services.ports import Errand
from paybridge.storage.columns import in_list
from paybridge.storage.deed_tables import deed
from paybridge.storage.factor_tables import ceremony, factor, passkey, recovery_code
from paybridge.storage.one_time_tables import one_time_link
from paybridge.storage.pinning_tables import pinned_key
from paybridge.storage.split_tables import IS_OPEN_SPLIT, share, split
from paybridge.storage.standing_tables import standing
from paybridge.storage.tables import (
    IS_BUNDLED,
    IS_CLAIMABLE,
    IS_DUE_LEG,
    IS_EXPIRING,
    IS_OPEN,
    IS_OPEN_LEG,
    IS_OPEN_REQUEST,
    OPEN_STATES,
    account,
    identity,
    journal,
    leg,
    link,
    origin,
    person,
    request,
    room_policy,
    transfer,
)
from paybridge.storage.tie_tables import WAS_ANOTHER, tie
from paybridge.storage.webhook_tables import webhook

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlalchemy import Column


_NEVER_APPROVED: Final = (
    TransferState.DRAFTED,
    TransferState.AWAITING_APPROVAL,
    TransferState.CANCELLED,
    TransferState.EXPIRED,
)
ITS_TRANSFER: Final = "its_transfer_"
"""What the columns of a leg's transfer begin with where both are asked for."""

_LIMIT: Final = bindparam("limit", type_=Integer)
_AFTER: Final = bindparam("after", type_=BigInteger)
_AT: Final = bindparam("at", type_=BigInteger)
_ERRANDS: Final = {
    Errand.SEND: (LegState.RESERVED, LegState.PREPARED),
    Errand.ASK: (LegState.EXECUTING, LegState.UNSURE, *sorted(ENDED_AT_A_RAIL)),
}
_ON: Final = {
    errand: and_(text(f"leg.{IS_DUE_LEG}"), text(in_list("leg.state", states)))
    for errand, states in _ERRANDS.items()
}


def _newest_first(statement: Select[Any]) -> Select[Any]:
    return statement.order_by(transfer.c.created.desc(), transfer.c.id.desc())


def _is_none_of(states: Iterable[TransferState]) -> ColumnElement[bool]:
    # For a list of more than two, SQLite makes a table each time.
    return and_(*(transfer.c.state != state.value for state in states))


def _approved_by_payer() -> tuple[ColumnElement[bool], ...]:
    """The payments to others that the person approved and no rail refused."""
    return (
        transfer.c.payer == bindparam("payer"),
        transfer.c.kind == TransferKind.PAY.value,
        _is_none_of((*_NEVER_APPROVED, TransferState.REFUSED)),
    )


def _open_of_payer(state: TransferState) -> Select[Any]:
    # The state is no parameter: SQLite would plan anew at each value, to see whether a partial index fits.
    return select(transfer).where(
        text(f"transfer.{IS_OPEN}"),
        transfer.c.payer == bindparam("payer"),
        text(in_list("transfer.state", (state,))),
    )


def _with_transfer() -> Select[Any]:
    # In one question: between two of them somebody may move both.
    its = (column.label(f"{ITS_TRANSFER}{column.name}") for column in transfer.c)
    return select(leg, *its).join_from(leg, transfer, transfer.c.id == leg.c.transfer)


def _newest_requests(whose: ColumnElement[bool]) -> Select[Any]:
    found = select(request).where(text(IS_OPEN_REQUEST), whose)
    return found.order_by(request.c.created.desc(), request.c.id.desc())


def _is_of(column: Column[str], name: str) -> ColumnElement[bool]:
    """That it is the person's, or of what a ghost of theirs was before it was theirs."""
    person = bindparam(name, type_=Text)
    formers = select(tie.c.former).where(text(WAS_ANOTHER), tie.c.person == person)
    return column.in_(union_all(select(person), formers))


def _next_expiry() -> Select[Any]:
    ends = union_all(
        select(func.min(transfer.c.expires).label("at")).where(text(IS_EXPIRING)),
        select(func.min(request.c.expires).label("at")).where(text(IS_OPEN_REQUEST)),
    ).subquery()
    return select(func.min(ends.c.at))


PERSON: Final = select(person).where(person.c.id == bindparam("id"))
WRAPPED_KEYS: Final = select(person.c.id, person.c.key).where(text("length(key) > 0")).order_by(person.c.id)
PERSON_OF: Final = (
    select(person)
    .select_from(person.join(identity, identity.c.person == person.c.id))
    .where(identity.c.mxid == bindparam("mxid"))
)
LINK: Final = select(link).where(link.c.id == bindparam("id"))
LINKS: Final = (
    select(link)
    .where(link.c.person == bindparam("person"), link.c.state != LinkState.REMOVED.value)
    .order_by(link.c.created, link.c.id)
)
BALANCE: Final = select(account.c.balance).where(
    account.c.owner == bindparam("owner"),
    account.c.kind == AccountKind.PERSON.value,
    account.c.currency == bindparam("currency"),
)
TRANSFER: Final = select(transfer).where(transfer.c.id == bindparam("id"))
BUNDLE: Final = select(transfer).where(
    text(f"transfer.{IS_BUNDLED}"), transfer.c.bundle == bindparam("bundle")
)
OPEN_OF_PAYER: Final = {state: _open_of_payer(state) for state in OPEN_STATES}
PAID_BEFORE: Final = (
    select(transfer.c.payee_mxid).distinct().where(*_approved_by_payer()).order_by(transfer.c.payee_mxid)
)
APPROVED_SO_FAR: Final = (
    select(transfer.c.currency, func.count().label("count"), func.sum(transfer.c.amount).label("sum"))
    .where(*_approved_by_payer())
    .group_by(transfer.c.currency)
)
BOOKED: Final = (
    select(journal.c.id, journal.c.hash)
    .where(journal.c.idem >= bindparam("first"), journal.c.idem < bindparam("behind"))
    .order_by(journal.c.id.desc())
    .limit(1)
)
STANDING: Final = select(standing).where(standing.c.person == bindparam("person"))
LEGS: Final = select(leg).where(leg.c.transfer == bindparam("transfer")).order_by(leg.c.number)
LEG: Final = select(leg).where(leg.c.id == bindparam("id"))
ROOM_POLICY: Final = select(room_policy).where(room_policy.c.room == bindparam("room"))
MXIDS: Final = (
    select(identity.c.mxid)
    .where(identity.c.person == bindparam("person"))
    .order_by(identity.c.since, identity.c.mxid)
)
BALANCES: Final = (
    select(account.c.balance, account.c.currency)
    .where(account.c.owner == bindparam("owner"), account.c.kind == bindparam("kind"), account.c.balance != 0)
    .order_by(account.c.currency)
)
UNDER_WAY: Final = _newest_first(
    _open_of_payer(TransferState.APPROVED).where(
        select(leg.c.id).where(leg.c.transfer == transfer.c.id, text(f"leg.{IS_OPEN_LEG}")).exists()
    )
)
COMING_TO: Final = _newest_first(
    select(transfer).where(
        transfer.c.payee == bindparam("payee"), transfer.c.state == TransferState.APPROVED.value
    )
)
CLAIMABLE: Final = _newest_first(
    select(transfer).where(text(IS_CLAIMABLE), _is_of(transfer.c.payee, "payee"))
)
EXPIRED_TRANSFERS: Final = (
    select(transfer)
    .where(text(IS_EXPIRING), transfer.c.expires <= _AT)
    .order_by(transfer.c.expires)
    .limit(_LIMIT)
)
NEXT_EXPIRY: Final = _next_expiry()
DUE_LEGS: Final = {
    errand: _with_transfer()
    .where(on, leg.c.rail == bindparam("rail"), leg.c.due <= _AT)
    .order_by(leg.c.due)
    .limit(_LIMIT)
    for errand, on in _ON.items()
}
OPEN_LEGS: Final = {
    errand: select(leg.c.id).where(on, leg.c.rail == bindparam("rail")).order_by(leg.c.due)
    for errand, on in _ON.items()
}
NEXT_DUE: Final = {
    errand: select(leg.c.due).where(on, leg.c.due > _AFTER).order_by(leg.c.due).limit(1)
    for errand, on in _ON.items()
}
REQUEST: Final = select(request).where(request.c.id == bindparam("id"))
SPLIT: Final = select(split).where(split.c.id == bindparam("id"))
SPLITS_OF: Final = (
    select(split)
    .where(text(f"split.{IS_OPEN_SPLIT}"), split.c.payer == bindparam("payer"))
    .order_by(split.c.created.desc(), split.c.id.desc())
)
SHARES: Final = select(share).where(share.c.split == bindparam("split")).order_by(share.c.mxid)
SHARE_ASKED_BY: Final = select(share).where(share.c.request == bindparam("request"))
REQUESTS_OF: Final = _newest_requests(_is_of(request.c.asker, "asker"))
REQUESTS_TO: Final = _newest_requests(_is_of(request.c.asked, "asked"))
EXPIRED_REQUESTS: Final = (
    select(request)
    .where(text(IS_OPEN_REQUEST), request.c.expires <= _AT)
    .order_by(request.c.expires)
    .limit(_LIMIT)
)
MADE_BY: Final = (
    select(origin.c.payment).where(origin.c.event == bindparam("event")).order_by(origin.c.payment)
)
FACTOR: Final = select(factor).where(factor.c.person == bindparam("person"))
FACTORS_TO_RESET: Final = select(factor).where(text("reset_at IS NOT NULL")).order_by(factor.c.reset_at)
OPEN_DEEDS: Final = select(deed).where(text("done IS NULL")).order_by(deed.c.at)
RECOVERY_CODES: Final = (
    select(recovery_code)
    .where(recovery_code.c.person == bindparam("person"), recovery_code.c.used == 0)
    .order_by(recovery_code.c.id)
)
PASSKEYS: Final = (
    select(passkey)
    .where(passkey.c.person == bindparam("person"), passkey.c.state != PasskeyState.REMOVED.value)
    .order_by(passkey.c.added, passkey.c.id)
)
CEREMONY: Final = select(ceremony).where(ceremony.c.id == bindparam("id"))
ONE_TIME_LINK: Final = select(one_time_link).where(one_time_link.c.id == bindparam("id"))
HEARD: Final = (
    select(webhook.c.id)
    .where(webhook.c.id == bindparam("id"))
    .union_all(select(webhook.c.id).where(webhook.c.body == bindparam("body")))
)
PINNED_KEY: Final = select(pinned_key).where(pinned_key.c.mxid == bindparam("mxid"))
FROZEN_KEYS: Final = select(pinned_key).where(text("since IS NOT NULL")).order_by(pinned_key.c.mxid)


@cache
def spent_on(kinds: frozenset[TransferKind]) -> Select[Any]:
    """How many transfers of these kinds the payer approved since `day`, and sums since each of the spans.

    Sums are in one currency. `since` is a time before which none of them can have been drafted.
    """
    at = func.coalesce(transfer.c.approved, transfer.c.created)

    def added(since: str, what: ColumnElement[int]) -> ColumnElement[int]:
        start = bindparam(since, type_=BigInteger)
        return func.coalesce(func.sum(case((at >= start, what), else_=0)), 0).label(since)

    of_currency = case((transfer.c.currency == bindparam("currency"), transfer.c.amount), else_=0)
    count = func.coalesce(func.sum(case((at >= bindparam("day", type_=BigInteger), 1), else_=0)), 0)
    return select(
        count.label("count"), *(added(span, of_currency) for span in ("day", "month", "night"))
    ).where(
        transfer.c.payer == bindparam("payer"),
        transfer.c.created >= bindparam("since", type_=BigInteger),
        text(in_list("transfer.kind", kinds)),
        _is_none_of((*_NEVER_APPROVED, TransferState.REFUSED)),
    )


def names_of(ids: Collection[str]) -> Mapping[str, str]:
    """Facts for a statement about any of `ids`, of which there is at least one.

    The last one is repeated until they are a power of two, so that few statements serve every number.
    """
    listed = list(ids)
    size = 1 << (len(listed) - 1).bit_length()
    return {f"id{number}": listed[min(number, len(listed) - 1)] for number in range(size)}


@cache
def legs_among(errand: Errand, many: int) -> Select[Any]:
    """The legs on this errand among `many` ids, each with its transfer."""
    return _with_transfer().where(_ON[errand], leg.c.id.in_(_ids(many)))


def _ids(many: int) -> list[BindParameter[str]]:
    return [bindparam(f"id{number}", type_=Text) for number in range(many)]
