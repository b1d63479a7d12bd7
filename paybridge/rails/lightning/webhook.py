"""Webhooks of LNbits: unsigned, so each carries a proof that only LNbits was given, and is but a hint."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from paybridge.rails._frame import RailEvent, WebhookRefusedError

_TEXT: Final = TypeAdapter(str)


class _Facts(BaseModel):
    proof: str


class _Extra(BaseModel):
    paybridge: _Facts


class _Payment(BaseModel):
    payment_hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    status: str = Field(max_length=40)
    external_id: str = Field(min_length=1, max_length=128)
    extra: _Extra


def proof_of(key: str, reference: str) -> str:
    """What the webhook of an order must carry. It goes to LNbits with the invoice, and nowhere else."""
    return hmac.new(key.encode(), b"webhook:" + reference.encode(), hashlib.sha256).hexdigest()


def read_webhook(key: str, raw: bytes) -> tuple[RailEvent, ...]:
    """The one event in a webhook, or `WebhookRefusedError`.

    The same again is the same event. It has no time: one that is sent again later makes us ask, and no more.
    """
    try:
        payment = _Payment.model_validate_json(_unwrapped(raw))
    except ValidationError as error:
        raise WebhookRefusedError("it cannot be read") from error
    expected = proof_of(key, payment.external_id)
    if not hmac.compare_digest(expected.encode(), payment.extra.paybridge.proof.encode()):
        raise WebhookRefusedError("nobody we know sent it")
    return (RailEvent(f"{payment.payment_hash}:{payment.status}", payment.external_id),)


def _unwrapped(raw: bytes) -> bytes:
    """LNbits writes JSON into a text of JSON."""
    try:
        return _TEXT.validate_json(raw).encode()
    except ValueError:
        return raw
