"""What whoever starts the bank can choose, checked before a port is opened or a file is made."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from paybridge.bank.errors import BankStartError
from paybridge.bank.hours import Hours

if TYPE_CHECKING:
    from pathlib import Path

KEY_PREFIX = "bank_test_"
SECRET_PREFIX = "whsec_"  # noqa: S105  the public prefix of every Standard Webhooks secret, not a secret
DAY_SECONDS = 86_400
HIGHEST_PORT = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class BankOptions:
    """Amounts are in minor units; `webhook_secrets` are all used at once, so that one can be rotated out."""

    data: Path
    api_key: str
    host: str = "127.0.0.1"
    port: int = 0
    webhook_url: str | None = None
    webhook_secrets: tuple[str, ...] = ()
    collect_fee_minor: int = 0
    payout_fee_minor: int = 0
    settlement_opening_minor: int = 0
    hours: Hours | None = None
    slow_seconds: float = 3.0
    reverse_seconds: float = 10.0
    hang_seconds: float = 30.0
    idempotency_window_seconds: int = 30 * DAY_SECONDS

    def __post_init__(self) -> None:
        """Refuse what could reach a real bank or would fail only later, with `BankStartError`."""
        if not self.api_key.startswith(KEY_PREFIX) or self.api_key == KEY_PREFIX:
            message = f"the bank simulator takes only API keys that start with {KEY_PREFIX}"
            raise BankStartError(message)
        if not 0 <= self.port <= HIGHEST_PORT:
            message = f"{self.port} is not a port"
            raise BankStartError(message)
        numbers = (
            self.collect_fee_minor,
            self.payout_fee_minor,
            self.settlement_opening_minor,
            self.slow_seconds,
            self.reverse_seconds,
            self.hang_seconds,
        )
        if min(numbers) < 0 or self.idempotency_window_seconds < 1:
            message = "fees, balances and times of the bank simulator cannot be negative"
            raise BankStartError(message)
        self._check_webhook()

    def _check_webhook(self) -> None:
        if self.webhook_url is None:
            return
        url = urlsplit(self.webhook_url)
        if url.scheme not in {"http", "https"} or not url.hostname:
            message = f"{self.webhook_url!r} is not an http or https address for webhooks"
            raise BankStartError(message)
        if not self.webhook_secrets:
            message = "webhooks need a secret to be signed with"
            raise BankStartError(message)
        for secret in self.webhook_secrets:
            secret_bytes(secret)


def secret_bytes(secret: str) -> bytes:
    """The bytes that `whsec_<base64>` stands for, as the Standard Webhooks specification writes secrets."""
    encoded = secret.removeprefix(SECRET_PREFIX)
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if encoded == secret or not raw:
        message = f"a webhook secret is written {SECRET_PREFIX} and then base64"
        raise BankStartError(message)
    return raw
