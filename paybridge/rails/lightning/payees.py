"""Whom people name to be paid: a lightning address or an LNURL, and the invoice that is given (LUD-06)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, ValidationError

from paybridge.rails._frame import LinkRefusedError, OrderRefusedError, RailError
from paybridge.rails._http import Said
from paybridge.rails._outside import ForbiddenAddressError, NobodyThereError, Outside
from paybridge.rails.lightning import bech32
from paybridge.rails.lightning.invoice import Invoice

Read = TypeVar("Read", bound=BaseModel)

LONGEST_URL: Final = 500
ADDRESS: Final = r"[a-z0-9._+-]{1,64}@[a-z0-9.-]{1,200}(?::[0-9]{1,5})?"
LNURL: Final = r"(?:lightning:)?lnurl1[02-9ac-hj-np-z]{20,1000}"
_ADDRESS: Final = re.compile(f"({ADDRESS})", re.ASCII)


class _PayRequest(Said):
    """What a payee's server says of itself (LUD-06); amounts are in thousandths of a satoshi."""

    tag: Literal["payRequest"]
    callback: str
    minSendable: Annotated[int, Field(gt=0)]  # noqa: N815  LUD-06's word
    maxSendable: Annotated[int, Field(gt=0)]  # noqa: N815  LUD-06's word
    metadata: str


class _Given(Said):
    pr: str


@dataclass(frozen=True, slots=True)
class Named:
    """Where a payee is asked, and what may be shown of it."""

    url: str
    masked: str


@dataclass(frozen=True, slots=True)
class Payees:
    """Asks the servers of payees, by the guard for addresses that people give."""

    outside: Outside

    def named(self, details: str) -> Named:
        """The payee whom a lightning address (LUD-16), an LNURL (LUD-01) or `lnurlp://` (LUD-17) names.

        `LinkRefusedError` if it names none.
        """
        typed = details.strip().lower().removeprefix("lightning:")
        try:
            if _ADDRESS.fullmatch(typed):
                name, _, domain = typed.rpartition("@")
                url = f"{self._scheme(domain)}://{domain}/.well-known/lnurlp/{name}"
                masked = f"{name[0]}••@{domain}"
            else:
                url = self._written(details.strip(), typed)
                masked = f"••@{urlsplit(url).hostname}"
            self.outside.allowed(url)
        except (ValueError, ForbiddenAddressError) as error:
            raise LinkRefusedError("no_lightning_address") from error
        if len(url) > LONGEST_URL:
            raise LinkRefusedError("no_lightning_address")
        return Named(url, masked)

    async def must_be_there(self, url: str) -> None:
        """`LinkRefusedError` unless somebody is paid there."""
        try:
            await self._ask(url)
        except RailError as error:
            raise LinkRefusedError("no_lightning_address") from error

    async def invoice(self, url: str, msat: int) -> str:
        """A fresh invoice of this payee's for exactly this amount.

        `OrderRefusedError` if they take no such amount, or give an invoice for anything else.
        `ForbiddenAddressError` or `NobodyThereError` if they cannot be asked.
        """
        told = await self._ask(url)
        if not told.minSendable <= msat <= told.maxSendable:
            raise OrderRefusedError("bad_amount")
        given = await self._read(_Given, told.callback, {"amount": str(msat)})
        try:
            invoice = Invoice.read(given.pr)
        except ValueError as error:
            raise OrderRefusedError("bad_invoice") from error
        meant = hashlib.sha256(told.metadata.encode()).hexdigest()
        if invoice.msat != msat or invoice.description_hash != meant:
            raise OrderRefusedError("bad_invoice")
        return given.pr.lower()

    async def _ask(self, url: str) -> _PayRequest:
        return await self._read(_PayRequest, url)

    async def _read(self, shape: type[Read], url: str, params: dict[str, str] | None = None) -> Read:
        try:
            return shape.model_validate_json(await self.outside.get(url, params))
        except ValidationError as error:
            raise NobodyThereError("no LNURL-pay") from error

    def _scheme(self, domain: str) -> str:
        """Plain HTTP is for the operator's own sandbox alone."""
        host, _, port = domain.partition(":")
        return "http" if self.outside.is_trusted(host, int(port or 80)) else "https"

    def _written(self, given: str, typed: str) -> str:
        if typed.startswith("lnurlp://"):
            rest = given[len("lnurlp://") :]
            return f"{self._scheme(rest.partition('/')[0])}://{rest}"
        begins, groups = bech32.decode(typed)
        if begins != "lnurl":
            raise ValueError("no LNURL")
        return bech32.octets(groups).decode("ascii")
