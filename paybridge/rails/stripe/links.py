"""What people link: a card or a SEPA debit by its PaymentMethod, or a bank account that is paid out to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Final, Self

from pydantic import Field

from paybridge.rails._frame import Linked, LinkRefusedError, OrderRefusedError
from paybridge.rails._http import Said
from paybridge.rails.stripe.answers import BANK_ACCOUNT, Id
from paybridge.rails.stripe.client import StripeClient

METHOD: Final = re.compile(r"pm_[A-Za-z0-9_]{1,200}", re.ASCII)
ACCOUNT: Final = re.compile(rf"{BANK_ACCOUNT}[A-Za-z0-9_]{{1,200}}", re.ASCII)
CARD: Final = "card"
DEBIT: Final = "sepa_debit"
EURO: Final = "EUR"


class _Shown(Said):
    last4: Annotated[str, Field(max_length=4)]


class _Method(Said):
    id: Id
    type: str
    livemode: bool
    card: _Shown | None = None
    sepa_debit: _Shown | None = None

    @property
    def shown(self) -> _Shown | None:
        return self.card if self.type == CARD else self.sepa_debit if self.type == DEBIT else None


class _Named(Said):
    id: Id


class _Account(Said):
    id: Id
    last4: Annotated[str, Field(max_length=4)]
    currency: str


@dataclass(frozen=True, slots=True)
class Payer:
    """Whose money is collected: a PaymentMethod, the customer that it is attached to, and its kind."""

    method: str
    customer: str
    kind: str

    @classmethod
    def read(cls, token: str) -> Self:
        """The payer of a link, or `OrderRefusedError`. One without a kind is a card."""
        method, customer, kind = (*token.split(":"), CARD)[:3] if token.count(":") in {1, 2} else ("", "", "")
        if not method.startswith("pm_") or not customer.startswith("cus_") or kind not in {CARD, DEBIT}:
            raise OrderRefusedError("nothing_is_collected_from_it")
        return cls(method, customer, kind)


def payee(token: str) -> str:
    """The bank account of a link, or `OrderRefusedError`."""
    if not ACCOUNT.fullmatch(token):
        raise OrderRefusedError("nothing_is_paid_out_to_it")
    return token


async def link(stripe: StripeClient, details: str) -> Linked:
    """Link what has this id, which only who gave it to Stripe knows; `LinkRefusedError`."""
    if ACCOUNT.fullmatch(details):
        return await _link_account(stripe, details)
    if METHOD.fullmatch(details):
        return await _link_method(stripe, details)
    raise LinkRefusedError("no_payment_method")


async def unlink(stripe: StripeClient, token: str) -> None:
    """Detach a PaymentMethod; one that is not attached is gone already. A bank account stays there."""
    if ACCOUNT.fullmatch(token):
        return
    answer = await stripe.post(f"/v1/payment_methods/{Payer.read(token).method}/detach", {})
    if answer.complaint is None:
        answer.read(_Method)


async def _link_method(stripe: StripeClient, details: str) -> Linked:
    answer = await stripe.get(f"/v1/payment_methods/{details}")
    if answer.complaint is not None:
        raise LinkRefusedError("no_payment_method")
    method = answer.read(_Method)
    if method.livemode:
        raise LinkRefusedError("real_money")
    if method.shown is None:
        raise LinkRefusedError("not_a_card_or_debit")
    customer = (await stripe.post("/v1/customers", {}, f"customer-{details}")).read(_Named)
    attached = await stripe.post(
        f"/v1/payment_methods/{details}/attach", {"customer": customer.id}, f"attach-{details}"
    )
    complaint = attached.complaint
    if complaint is not None:
        raise LinkRefusedError(complaint.code or complaint.type)
    attached.read(_Method)
    return Linked(f"{method.id}:{customer.id}:{method.type}", f"••{method.shown.last4}", verified=True)


async def _link_account(stripe: StripeClient, details: str) -> Linked:
    ours = (await stripe.get("/v1/account")).read(_Named)
    answer = await stripe.get(f"/v1/accounts/{ours.id}/external_accounts/{details}")
    if answer.complaint is not None:
        raise LinkRefusedError("no_bank_account")
    account = answer.read(_Account)
    if account.id != details or account.currency.upper() != EURO:
        raise LinkRefusedError("bad_currency")
    return Linked(account.id, f"••{account.last4}", verified=True, currency=EURO)
