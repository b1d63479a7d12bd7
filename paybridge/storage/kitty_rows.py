"""Between kitties with their treasurers and proposals and the rows of their tables, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from paybridge.domain.kitty import (
    Assent,
    Kitty,
    KittyState,
    Proposal,
    ProposalKind,
    ProposalState,
    Treasurer,
)
from paybridge.domain.money import Money
from paybridge.storage.moments import microseconds, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from paybridge.services.ports import Record


def kitty_row(kitty: Kitty) -> dict[str, Any]:
    return {
        "id": kitty.id,
        "state": kitty.state.value,
        "opener": kitty.opener,
        "currency": kitty.currency,
        "room": kitty.room,
        "created": microseconds(kitty.created),
        "needs": kitty.needs,
        "name": kitty.name,
        "version": kitty.version,
    }


def kitty_of(row: Mapping[str, Any]) -> Kitty:
    return Kitty(
        id=row["id"],
        state=KittyState(row["state"]),
        opener=row["opener"],
        currency=row["currency"],
        room=row["room"],
        created=moment(row["created"]),
        needs=row["needs"],
        name=row["name"],
        version=row["version"],
    )


def treasurer_row(treasurer: Treasurer) -> dict[str, Any]:
    return {
        "id": treasurer.id,
        "kitty": treasurer.kitty,
        "person": treasurer.person,
        "mxid": treasurer.mxid,
        "active": int(treasurer.active),
        "version": treasurer.version,
    }


def treasurer_of(row: Mapping[str, Any]) -> Treasurer:
    return Treasurer(
        id=row["id"],
        kitty=row["kitty"],
        person=row["person"],
        mxid=row["mxid"],
        active=bool(row["active"]),
        version=row["version"],
    )


def proposal_row(proposal: Proposal) -> dict[str, Any]:
    return {
        "id": proposal.id,
        "kitty": proposal.kitty,
        "kind": proposal.kind.value,
        "state": proposal.state.value,
        "by_person": proposal.by,
        "by_mxid": proposal.by_mxid,
        "created": microseconds(proposal.created),
        "expires": microseconds(proposal.expires),
        "nonce": proposal.nonce,
        "person": proposal.person,
        "mxid": proposal.mxid,
        "amount": proposal.amount.minor if proposal.amount else None,
        "currency": proposal.amount.currency if proposal.amount else None,
        "needs": proposal.needs,
        "note": proposal.note,
        "needed": proposal.needed,
        "version": proposal.version,
    }


def proposal_of(row: Mapping[str, Any]) -> Proposal:
    return Proposal(
        id=row["id"],
        kitty=row["kitty"],
        kind=ProposalKind(row["kind"]),
        state=ProposalState(row["state"]),
        by=row["by_person"],
        by_mxid=row["by_mxid"],
        created=moment(row["created"]),
        expires=moment(row["expires"]),
        nonce=row["nonce"],
        person=row["person"],
        mxid=row["mxid"],
        amount=None if row["amount"] is None else Money(row["amount"], row["currency"]),
        needs=row["needs"],
        note=row["note"],
        needed=row["needed"],
        version=row["version"],
    )


def assent_row(assent: Assent) -> dict[str, Any]:
    return {
        "id": assent.id,
        "proposal": assent.proposal,
        "person": assent.person,
        "mxid": assent.mxid,
        "code": assent.code,
        "approves": int(assent.approves),
        "strong": int(assent.strong),
        "at": microseconds(assent.at),
        "version": assent.version,
    }


def assent_of(row: Mapping[str, Any]) -> Assent:
    return Assent(
        id=row["id"],
        proposal=row["proposal"],
        person=row["person"],
        mxid=row["mxid"],
        code=row["code"],
        approves=bool(row["approves"]),
        strong=bool(row["strong"]),
        at=moment(row["at"]),
        version=row["version"],
    )


ROW_OF: Final[Mapping[type[Record], Callable[[Any], dict[str, Any]]]] = {
    Kitty: kitty_row,
    Treasurer: treasurer_row,
    Proposal: proposal_row,
    Assent: assent_row,
}
