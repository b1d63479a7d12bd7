"""What is set under `rails.stripe`: a key for tests, and the secrets that webhooks are signed with."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from paybridge.rails._frame import RailOptions

KEYS: Final = re.compile(r"(?:sk|rk)_test_[A-Za-z0-9_]{4,200}", re.ASCII)
STRIPE: Final = "api.stripe.com"
HERE: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class StripeOptions(RailOptions):
    """Stripe in test mode, or a stand-in for it on this machine."""

    api_key: SecretStr = Field(description="Stripe's secret key; only test keys (sk_test_, rk_test_).")
    url: str = Field(
        f"https://{STRIPE}", description="Root of Stripe's API, or of a stand-in for it on this machine."
    )
    webhook_secret: SecretStr | None = Field(
        None, description="What webhooks are signed with: whsec_..., or several with commas between."
    )
    return_url: str | None = Field(
        None,
        description="Where the page of 3-D Secure sends people when they are done, an address of yours. "
        "Without it, a card that wants its holder is refused.",
    )
    timeout_seconds: float = Field(
        20.0,
        gt=0,
        le=50,
        description="How long to wait for an answer. After that an order is unsure, not failed.",
    )

    @field_validator("api_key")
    @classmethod
    def _is_for_tests(cls, key: SecretStr) -> SecretStr:
        if not KEYS.fullmatch(key.get_secret_value()):
            raise ValueError("only test keys (sk_test_…, rk_test_…) are accepted")
        return key

    @field_validator("url")
    @classmethod
    def _is_stripe_or_here(cls, url: str) -> str:
        bad = f"must be https://{STRIPE}, or http://HOST:PORT on this machine"
        try:
            parts = urlsplit(url)
            here = parts.scheme == "http" and parts.hostname in HERE and parts.port != 0
        except ValueError as error:
            raise ValueError(bad) from error
        if url.rstrip("/") != f"https://{STRIPE}" and (not here or any(sign in url for sign in "@?# ")):
            raise ValueError(bad)
        return url.rstrip("/")

    @field_validator("return_url")
    @classmethod
    def _is_an_address(cls, url: str | None) -> str | None:
        if url is not None and not re.fullmatch(r"https?://[!-~]{1,2000}", url):
            raise ValueError("must be an address that starts with https:// or http://")
        return url

    @field_validator("webhook_secret")
    @classmethod
    def _are_secrets(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and not all(
            re.fullmatch(r"whsec_[!-~]+", one) for one in split_secrets(secret.get_secret_value())
        ):
            raise ValueError("is written whsec_..., several with commas between")
        return secret


def split_secrets(written: str) -> tuple[str, ...]:
    """The secrets, one by one; Stripe signs with the whole text, prefix and all."""
    return tuple(one.strip() for one in written.split(","))
