"""What is set under `rails.lightning`: where LNbits is, its keys, and whose addresses may be private."""

from __future__ import annotations

from typing import Final

from pydantic import Field, SecretStr, field_validator

from paybridge.rails._address import bare_hosts, host_of, may_be_at, root_of
from paybridge.rails._frame import MAX_MINOR, RailOptions

LONGEST_WAIT: Final = 7 * 86_400


class LightningOptions(RailOptions):
    """LNbits 1.6 or newer; it must be a sandbox: a FakeWallet, or a node of a test network."""

    url: str = Field(description="Root of LNbits.")
    admin_key: SecretStr = Field(description="Admin key of the wallet that holds people's money.")
    access_token: SecretStr = Field(
        description="Access token of an account of LNbits. An administrator's is told that the funding "
        "source is FakeWallet; with another one, its invoices must be of a test network."
    )
    webhook_url: str | None = Field(
        None, description="Where LNbits reaches /hooks/lightning; without it, LNbits is asked now and then."
    )
    allow_hosts: frozenset[str] = Field(
        frozenset(), description="Hosts other than this machine at which LNbits may be."
    )
    payee_hosts: frozenset[str] = Field(
        frozenset(),
        description="HOST or HOST:PORT of a sandbox whose lightning addresses people may link although it is "
        "private or speaks plain HTTP. Any other address must be public and HTTPS.",
    )
    invoice_seconds: int = Field(
        3600, ge=60, le=LONGEST_WAIT, description="How long a payer has to pay the invoice of a top-up."
    )
    most: int = Field(1_000_000, ge=1, le=MAX_MINOR, description="The most that one order may move, in SAT.")
    reserve_percent: int = Field(
        1, ge=0, le=100, description="LNBITS_RESERVE_FEE_PERCENT, rounded up: the most that routing may cost."
    )
    reserve_least: int = Field(
        2, ge=0, le=100_000, description="LNBITS_RESERVE_FEE_MIN in SAT: what is set aside at least."
    )
    timeout_seconds: float = Field(
        20.0,
        gt=0,
        le=120,
        description="How long to wait for an answer. After that an order is unsure, not failed.",
    )

    @field_validator("url", "webhook_url")
    @classmethod
    def _is_an_address(cls, url: str | None) -> str | None:
        return None if url is None else root_of(url)

    @field_validator("admin_key", "access_token")
    @classmethod
    def _is_a_key(cls, key: SecretStr) -> SecretStr:
        secret = key.get_secret_value()
        if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
            raise ValueError("is empty, or contains a character that no key has")
        return key

    @field_validator("allow_hosts", "payee_hosts")
    @classmethod
    def _are_hosts(cls, hosts: frozenset[str]) -> frozenset[str]:
        return bare_hosts(hosts)

    @property
    def host(self) -> str:
        """The host alone, in lower case."""
        return host_of(self.url)

    @property
    def may_be_spoken_to(self) -> bool:
        """Whether LNbits is on this machine or at a host that the operator listed."""
        return may_be_at(self.url, self.allow_hosts)
