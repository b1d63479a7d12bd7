"""What is set under `rails.bank`: where the bank is, and the secrets shared with it."""

from __future__ import annotations

from typing import Final

from pydantic import Field, SecretStr, field_validator

from paybridge.rails._address import bare_hosts, host_of, may_be_at, root_of
from paybridge.rails._frame import RailOptions
from paybridge.rails.bank.webhook import read_secrets

KEY_PREFIX: Final = "bank_test_"


class BankOptions(RailOptions):
    """The bank; it must be a sandbox, such as the one that `paybridge bank` runs."""

    url: str = Field(description="Root of the bank's provider API.")
    api_key: SecretStr = Field(description=f"The bank's key for us; starts with {KEY_PREFIX}.")
    webhook_secret: SecretStr | None = Field(
        None,
        description="What webhooks are signed with: whsec_..., or several with commas while one is changed.",
    )
    timeout_seconds: float = Field(
        10.0,
        gt=0,
        le=120,
        description="How long to wait for an answer. After that an order is unsure, not failed.",
    )
    allow_hosts: frozenset[str] = Field(
        frozenset(), description="Hosts other than this machine at which the bank may be."
    )

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        return root_of(url)

    @field_validator("api_key")
    @classmethod
    def _is_for_tests(cls, key: SecretStr) -> SecretStr:
        secret = key.get_secret_value()
        if not secret.startswith(KEY_PREFIX) or secret == KEY_PREFIX:
            raise ValueError(f"only test keys ({KEY_PREFIX}…) are accepted")
        if not secret.isascii() or not secret.isprintable() or " " in secret:
            raise ValueError("contains a character that no key has")
        return key

    @field_validator("webhook_secret")
    @classmethod
    def _are_secrets(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None:
            read_secrets(secret.get_secret_value())
        return secret

    @field_validator("allow_hosts")
    @classmethod
    def _are_hosts(cls, hosts: frozenset[str]) -> frozenset[str]:
        return bare_hosts(hosts)

    @property
    def host(self) -> str:
        """The host alone, in lower case."""
        return host_of(self.url)

    @property
    def may_be_spoken_to(self) -> bool:
        """Whether the bank is on this machine or at a host that the operator listed."""
        return may_be_at(self.url, self.allow_hosts)
