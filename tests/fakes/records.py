"""Records for tests: sound ones, of which a test changes what it is about."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from paybridge.domain import ledger
from paybridge.domain.leg import Leg, LegKind, LegState
from paybridge.domain.money import Money
from paybridge.domain.passkey import Ceremony, Passkey, PasskeyState, Purpose
from paybridge.domain.people import Identity, Link, LinkState, Person
from paybridge.domain.request import Request, RequestState
from paybridge.domain.transfer import Transfer, TransferKind, TransferState
from paybridge.services.ports import Step
from tests.fakes.database import START

if TYPE_CHECKING:
    from datetime import datetime

    from paybridge.domain.ledger import Journal


def euros(cents: int) -> Money:
    return Money(cents, "EUR")


def a_person(name: str) -> Person:
    return Person(name, b"wrapped key of " + name.encode(), START)


def an_identity(name: str) -> Identity:
    return Identity(f"@{name}:test", name, START)


def people(*names: str) -> Step:
    """A step that enrols them."""
    return Step(records=(*map(a_person, names), *map(an_identity, names)))


def a_link(
    name: str, person: str, *, is_default: bool = False, state: LinkState = LinkState.VERIFIED
) -> Link:
    return Link(
        id=name,
        person=person,
        rail="bank",
        token=f"token of {name}",
        masked="DE..3000",
        number=b"sealed",
        number_hash=b"hash",
        state=state,
        is_default=is_default,
        created=START,
    )


def a_transfer(
    name: str,
    *,
    payer: str = "anna",
    payee: str = "bob",
    state: TransferState = TransferState.AWAITING_APPROVAL,
    kind: TransferKind = TransferKind.PAY,
    cents: int = 1250,
    created: datetime = START,
    request: str | None = None,
) -> Transfer:
    return Transfer(
        id=name,
        kind=kind,
        state=state,
        payer=payer,
        payer_mxid=f"@{payer}:test",
        payee=payee,
        payee_mxid=f"@{payee}:test",
        amount=euros(cents),
        fee=euros(0),
        room="!room:test",
        created=created,
        expires=created + timedelta(minutes=10),
        nonce="nonce",
        request=request,
    )


def a_leg(
    name: str,
    transfer: str,
    *,
    number: int = 1,
    kind: LegKind = LegKind.BOOK,
    state: LegState = LegState.READY,
    owner: str = "anna",
    to: str | None = "bob",
    cents: int = 1250,
    highest_fee: int = 0,
    due: datetime | None = None,
) -> Leg:
    return Leg(
        id=name,
        transfer=transfer,
        number=number,
        kind=kind,
        state=state,
        rail="bank",
        owner=owner,
        amount=euros(cents),
        fee=euros(0),
        highest_fee=euros(highest_fee),
        to=to,
        due=due,
    )


def a_request(name: str, *, asker: str = "bob", asked: str = "anna") -> Request:
    return Request(
        id=name,
        state=RequestState.OPEN,
        asker=asker,
        asker_mxid=f"@{asker}:test",
        asked=asked,
        asked_mxid=f"@{asked}:test",
        amount=euros(1250),
        room="!room:test",
        created=START,
        expires=START + timedelta(days=7),
    )


def a_passkey(name: str, *, person: str = "anna", state: PasskeyState = PasskeyState.ACTIVE) -> Passkey:
    return Passkey(
        id=name,
        person=person,
        mark=f"mark of {name}",
        credential=b"sealed id",
        public_key=b"sealed key",
        name=b"sealed name",
        added=START,
        sign_count=5,
        state=state,
    )


def a_ceremony(name: str, *, person: str = "anna", used: bool = False) -> Ceremony:
    return Ceremony(name, person, Purpose.APPROVE, "terms", START + timedelta(minutes=5), used=used)


def a_topup(idem: str, person: str, cents: int) -> Journal:
    """Money from the bank to the person's balance."""
    return ledger.move(
        idem,
        "topup",
        "PB-TEST2",
        euros(cents),
        giver=ledger.clearing("bank"),
        taker=ledger.person(person),
    )


def a_booking(idem: str, payer: str, payee: str, cents: int) -> Journal:
    """Money from one balance to another."""
    return ledger.move(
        idem,
        "book",
        "PB-TEST2",
        euros(cents),
        giver=ledger.person(payer),
        taker=ledger.person(payee),
    )
