"""Webhooks of the bank: signed as Standard Webhooks 1.0 says, and only ever a reason to ask."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from pydantic import BaseModel, Field, ValidationError

from paybridge.rails._frame import RailEvent, WebhookRefusedError
from paybridge.rails._freshness import must_be_fresh

SECRET_PREFIX: Final = "whsec_"  # noqa: S105  the public prefix of every such secret


_CLAIMS: Final[Mapping[str, str]] = {
    "order.settled": "settled",
    "order.refused": "refused",
    "order.reversed": "reversed",
}


class _About(BaseModel):
    reference: str = Field(min_length=1, max_length=64)


class _Notice(BaseModel):
    type: str = ""
    data: _About


def read_secrets(written: str) -> tuple[bytes, ...]:
    """The keys in `whsec_<base64>`, several with commas between, or `ValueError`."""
    return tuple(_read_secret(one.strip()) for one in written.split(","))


def read_webhook(
    secrets: Sequence[bytes], headers: Mapping[str, str], raw: bytes, now: datetime
) -> tuple[RailEvent, ...]:
    """The one event in a webhook that one of `secrets` signed within five minutes of `now`.

    `WebhookRefusedError` otherwise. A webhook that comes twice is the same event twice, by its id.
    """
    given = {name.lower(): value for name, value in headers.items()}
    event = given.get("webhook-id", "")
    timestamp = given.get("webhook-timestamp", "")
    signatures = list(_signatures(given.get("webhook-signature", "")))
    try:
        signed = f"{event}.{timestamp}.".encode() + raw
    except UnicodeEncodeError as error:
        raise WebhookRefusedError("its headers are not text") from error
    if not event or not _is_signed(secrets, signed, signatures):
        raise WebhookRefusedError("nobody we know signed it")
    must_be_fresh(timestamp, now)
    try:
        notice = _Notice.model_validate_json(raw)
    except ValidationError as error:
        raise WebhookRefusedError("it names no order") from error
    return (RailEvent(event, notice.data.reference, _CLAIMS.get(notice.type)),)


def _read_secret(written: str) -> bytes:
    try:
        key = base64.b64decode(written.removeprefix(SECRET_PREFIX), validate=True)
    except ValueError:
        key = b""
    if not written.startswith(SECRET_PREFIX) or not key:
        raise ValueError(f"is written {SECRET_PREFIX} and then base64, several with commas between")
    return key


def _signatures(header: str) -> Iterator[bytes]:
    for versioned in header.split(" "):
        version, _, encoded = versioned.partition(",")
        if version == "v1":
            try:
                yield base64.b64decode(encoded, validate=True)
            except ValueError:
                continue


def _is_signed(secrets: Sequence[bytes], signed: bytes, signatures: Sequence[bytes]) -> bool:
    expected = [hmac.digest(secret, signed, hashlib.sha256) for secret in secrets]
    # Every pair is compared, each in constant time, so that time tells nothing about any secret.
    matches = [hmac.compare_digest(ours, theirs) for ours in expected for theirs in signatures]
    return any(matches)
