"""Webhooks of Stripe: signed as docs.stripe.com/webhooks says, and only ever a reason to ask."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from paybridge.rails._frame import RailEvent, WebhookRefusedError
from paybridge.rails._freshness import must_be_fresh
from paybridge.rails.stripe.answers import REFERENCE


class _Object(BaseModel):
    """What changed: an intent, a refund or a payout carries our reference, a dispute only its intent."""

    payment_intent: Annotated[str, Field(pattern=r"^pi_[A-Za-z0-9_]{1,250}$")] | None = None
    metadata: dict[str, str] = Field(default_factory=dict)


class _Data(BaseModel):
    object: _Object


class _Event(BaseModel):
    id: str = Field(min_length=1, max_length=255)
    livemode: bool
    data: _Data


def read_webhook(
    secrets: Sequence[str], headers: Mapping[str, str], raw: bytes, now: datetime
) -> tuple[RailEvent, ...]:
    """The one event in a webhook that one of `secrets` signed within five minutes of `now`.

    None if it is about nothing that we ordered. `WebhookRefusedError` if it is not genuine.
    """
    given = {name.lower(): value for name, value in headers.items()}
    signed = [part.partition("=")[::2] for part in given.get("stripe-signature", "").split(",")]
    timestamp = next((value for name, value in signed if name == "t"), "")
    theirs = [value.encode("utf-8", "replace") for name, value in signed if name == "v1"]
    ours = [
        hmac.new(secret.encode(), timestamp.encode("utf-8", "replace") + b"." + raw, hashlib.sha256)
        .hexdigest()
        .encode()
        for secret in secrets
    ]
    # Every pair is compared, each in constant time, so that time tells nothing about any secret.
    matches = [hmac.compare_digest(one, other) for one in ours for other in theirs]
    if not any(matches):
        raise WebhookRefusedError("nobody we know signed it")
    must_be_fresh(timestamp, now)
    try:
        event = _Event.model_validate_json(raw)
    except ValidationError as error:
        raise WebhookRefusedError("it cannot be read") from error
    if event.livemode:
        raise WebhookRefusedError("it is about real money")
    about = event.data.object
    reference = about.metadata.get(REFERENCE)
    if reference:
        return (RailEvent(event.id, reference),)
    return (RailEvent(event.id, about.payment_intent, by_their_id=True),) if about.payment_intent else ()
