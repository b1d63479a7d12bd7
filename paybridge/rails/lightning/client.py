"""How LNbits is spoken with: its payments, invoices, and what it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeAlias

import aiohttp
from pydantic import Field

from paybridge.rails import _http
from paybridge.rails._http import LostTrackError, Said, complaint_in
from paybridge.rails.lightning.answers import MSAT, Row, Rows, Told
from paybridge.rails.lightning.options import LightningOptions

LONGEST_ANSWER: Final = 8 * 1024 * 1024
ERRORS_BEGIN: Final = 400  # RFC 9110 section 15.5
NOT_FOUND: Final = 404
NO_PAYMENT: Final = "Payment does not exist."
"""LNbits' own words: what has no such page says another thing, with 404 too."""

PAYMENTS: Final = "/api/v1/payments"
PAGE: Final = 200
NOTE_SECONDS: Final = 60
"""After that a note is an expired invoice: it stays, and LNbits asks its node about it no more."""


class Complaint(Said):
    """LNbits' no: words, and a `status` if it is about a payment. It comes as 520 then."""

    detail: Any
    status: str | None = None

    @property
    def word(self) -> str:
        return str(self.detail)


Answer: TypeAlias = "_http.Answer[Complaint]"


class About(Said):
    """What LNbits is; `funding_source` is told to administrators alone."""

    version: str
    funding_source: str | None = None


class _Found(Said):
    details: Row


class _Reserve(Said):
    fee_reserve: Annotated[int, Field(ge=0)]


class LNbitsClient:
    """Speaks with LNbits, as the owner of one wallet."""

    def __init__(self, options: LightningOptions, http: aiohttp.ClientSession) -> None:
        """Keep the address and the keys; nothing is sent yet."""
        common = (options.timeout_seconds, LONGEST_ANSWER, complaint, http)
        self._wallet = _http.Peer("LNbits", options.url, options.admin_key, *common, key_in="X-Api-Key")
        self._account = _http.Peer("LNbits", options.url, options.access_token, *common)

    async def about(self) -> Answer:
        """`About`, if it is to be read."""
        return await self._account.ask("GET", "/api/v1/status")

    async def told(self, reference: str) -> Told:
        """Everything in our wallet that carries this reference, pending payments asked about anew."""
        params = {"external_id": reference, "recheck_pending": "true", "limit": str(PAGE)}
        page = await self._page(params)
        if page.total != len(page.data) or any(row.external_id != reference for row in page.data):
            raise LostTrackError("LNbits does not tell what carries a reference")
        return Told(reference, sorted(page.data, key=lambda row: (row.at, row.payment_hash)))

    async def page(self, offset: int) -> Rows:
        """Payments in the order in which they were made, from `offset` on, whatever became of them."""
        params = {"limit": str(PAGE), "offset": str(offset), "sortby": "created_at", "direction": "asc"}
        return await self._page(params)

    async def of_hash(self, payment_hash: str) -> Row | None:
        """The payment of our wallet with this hash, the one that goes out if there are two."""
        answer = await self._wallet.ask("GET", f"{PAYMENTS}/{payment_hash}")
        if answer.status == NOT_FOUND and answer.complaint == Complaint(detail=NO_PAYMENT):
            return None
        return answer.read(_Found).details

    async def note(self, reference: str, facts: Mapping[str, str], satoshis: int = 1) -> Row:
        """Keep facts at LNbits: an invoice of its own (`internal`), which its node never hears of."""
        return await self._made(reference, facts, {"amount": satoshis, "internal": True}, NOTE_SECONDS)

    async def invoice(
        self,
        reference: str,
        facts: Mapping[str, str],
        satoshis: int,
        text: str,
        seconds: int,
        webhook: str | None,
    ) -> Row:
        """An invoice that anybody may pay for so many seconds."""
        asked: dict[str, object] = {"amount": satoshis, "memo": text}
        if webhook is not None:
            asked["webhook"] = webhook
        return await self._made(reference, facts, asked, seconds)

    async def reserve(self, invoice: str) -> int:
        """What LNbits would set aside for fees, in satoshis, rounded up: it never pays more."""
        answer = await self._wallet.ask("GET", f"{PAYMENTS}/fee-reserve", params={"invoice": invoice})
        return -(-answer.read(_Reserve).fee_reserve // MSAT)

    async def pay(self, invoice: str, reference: str, facts: Mapping[str, str], key: str) -> Answer:
        """Pay an invoice. LNbits and its node pay a payment hash once; `key` is only for its log."""
        body = {"out": True, "bolt11": invoice, "external_id": reference, "extra": {"paybridge": facts}}
        return await self._wallet.ask("POST", PAYMENTS, body=_json(body), key=key)

    async def _made(
        self, reference: str, facts: Mapping[str, str], asked: Mapping[str, object], seconds: int
    ) -> Row:
        body = {
            "out": False,
            "unit": "sat",
            "memo": "PayBridge",
            **asked,
            "expiry": seconds,
            "external_id": reference,
            "extra": {"paybridge": facts},
        }
        answer = await self._wallet.ask("POST", PAYMENTS, body=_json(body))
        made = answer.read(Row)
        if made.external_id != reference or made.note is None:
            raise LostTrackError("LNbits does not keep what it is given")
        return made

    async def _page(self, params: Mapping[str, str]) -> Rows:
        return (await self._wallet.ask("GET", f"{PAYMENTS}/paginated", params=params)).read(Rows)


def complaint(status: int, body: bytes) -> Complaint | None:
    """LNbits' own no; None if this is a yes, or an error page from something in between."""
    return complaint_in(Complaint, body) if status >= ERRORS_BEGIN else None


def _json(body: Mapping[str, object]) -> tuple[str, bytes]:
    return "application/json", json.dumps(body).encode()
