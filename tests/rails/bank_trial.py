"""The bank's rail against a running bank, whose own books are the judge; and its trial."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import aiohttp
from pydantic import SecretStr

from paybridge.bank.options import BankOptions as SimulatorOptions
from paybridge.bank.program import running_bank
from paybridge.bank.scripts import ORDINARY, SCRIPTED
from paybridge.conformance.inbox import Inbox
from paybridge.conformance.proxy import FaultProxy
from paybridge.conformance.trial import Behaviour, Delivery, Ground
from paybridge.domain.leg import LegKind
from paybridge.domain.money import Money
from paybridge.rails.bank import BankRail
from paybridge.rails.bank.options import BankOptions
from paybridge.services.ports import Order, Outcome, Rail

SLOW = timedelta(minutes=1)
CAP = Money(7, "EUR")
KEY = "bank_test_for_the_contract"
SECRET = "whsec_Zm9yIHRoZSBjb250cmFjdCBhbG9uZQ=="
NEXT_SECRET = "whsec_dGhlIG9uZSB0aGF0IGNvbWVzIG5leHQ="
IBANS: Mapping[str, str] = {script.name: script.iban for script in (ORDINARY, *SCRIPTED)}


@dataclass(frozen=True, slots=True)
class Scheme:
    """Accounts of one of the bank's schemes: `number` is where a script's digits are put in."""

    currency: str
    number: str
    bad_number: str
    other: str

    def number_of(self, script: str) -> str:
        return self.number.format(iban=IBANS[script], digits=IBANS[script][-4:])


SEPA = Scheme("EUR", "{iban}", "DE00370400440532013000", "DE02120300000000202051")
UPI = Scheme("INR", "anna{digits}@okbank", "an na@ok.bank@x", "bob@okbank")
PIX = Scheme("BRL", "ana{digits}@exemplo.com.br", "123.456.789-00", "bob@exemplo.com.br")


class Watch:
    """The bank's clock: the real time, put forward by `ahead`."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class RunningBank:
    """A rail to a bank, the bank's books, and a proxy that breaks what passes through it."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        inbox: Inbox,
        watch: Watch,
        proxy: FaultProxy,
        books: Path,
        scheme: Scheme = SEPA,
    ) -> None:
        self.http = http
        self.inbox = inbox
        self.watch = watch
        self.proxy = proxy
        self.rail = self.rail_to(proxy.target)
        self.scheme = scheme
        self._books = books
        self._numbers = count(1)

    def rail_to(self, address: str, *, timeout_seconds: float = 30) -> BankRail:
        options = BankOptions(
            url=address,
            api_key=SecretStr(KEY),
            webhook_secret=SecretStr(SECRET),
            timeout_seconds=timeout_seconds,
        )
        return BankRail(options, self.http)

    async def order(self) -> Order:
        return await self.order_on("ordinary", LegKind.COLLECT)

    async def order_on(self, script: str, kind: LegKind) -> Order:
        """An order on a verified link to the account that follows a script."""
        linked = await self.rail.link(self.scheme.number_of(script))
        await self.rail.verify(linked.token, await self.proof(linked.token))
        to = await self._other_account() if kind is LegKind.DIRECT else None
        return Order(f"leg-{next(self._numbers)}", kind, self.money(1250), linked.token, "pizza\n🍕", to)

    async def _other_account(self) -> str:
        """A verified link to an account of somebody else's, who is paid directly."""
        linked = await self.rail.link(self.scheme.other)
        await self.rail.verify(linked.token, await self.proof(linked.token))
        return linked.token

    def money(self, minor: int) -> Money:
        return Money(minor, self.scheme.currency)

    async def proof(self, token: str) -> str:
        return str(self._read("SELECT code FROM link WHERE id = ?", token)[0][0])

    async def moved(self, reference: str) -> list[Money]:
        rows = self._read(
            "SELECT movement.amount FROM movement JOIN payment ON payment.id = movement.payment"
            " JOIN account ON account.id = movement.destination"
            " WHERE payment.reference = ? AND movement.kind = 'payment' AND account.kind <> 'in_transit'",
            reference,
        )
        return [self.money(int(str(amount))) for (amount,) in rows]

    async def webhook(self, order: Order) -> tuple[dict[str, str], bytes, datetime]:
        await self.execute(order)
        headers, raw = await self.inbox.next()
        return headers, raw, datetime.now(UTC)

    async def execute(self, order: Order) -> tuple[str, Outcome]:
        """Prepare and execute an order; its handle and what came of it."""
        handle = await self.rail.prepare(order)
        return handle, await self.rail.execute(handle, f"key-{order.reference}", self.money(CAP.minor))

    def _read(self, sql: str, *given: str) -> list[tuple[object, ...]]:
        with contextlib.closing(sqlite3.connect(f"file:{self._books}?mode=ro", uri=True)) as books:
            return books.execute(sql, given).fetchall()


@contextlib.asynccontextmanager
async def running(
    folder: Path, inbox: Inbox, http: aiohttp.ClientSession, scheme: Scheme = SEPA
) -> AsyncIterator[RunningBank]:
    """A bank in this process, on a port and in a folder of its own; orders are made in `scheme`."""
    options = SimulatorOptions(
        data=folder,
        api_key=KEY,
        webhook_url=inbox.address,
        webhook_secrets=(NEXT_SECRET, SECRET),
        collect_fee_minor=7,
        settlement_opening_minor=1_000_000,
        slow_seconds=SLOW.total_seconds(),
    )
    watch = Watch()
    async with running_bank(options, clock=watch) as address, FaultProxy(address) as proxy:
        yield RunningBank(http, inbox, watch, proxy, folder / "bank.sqlite3", scheme)


SCRIPTS: Mapping[Behaviour, str] = {
    Behaviour.SETTLES: "ordinary",
    Behaviour.REFUSES: "no funds",
    Behaviour.SETTLES_LATE: "slow",
    Behaviour.MISREPORTS: "wrong amount",
    Behaviour.TELLS_OFTEN: "told twice",
}


class BankStand:
    """A running bank as the conformance kit sees it."""

    executes = "^POST /v1/orders/[^/]+/execute$"
    asks = "^GET /v1/orders"
    prepares = "^POST /v1/orders$"
    about = "^GET /v1/about$"
    webhook_age = timedelta(minutes=5)
    live_options = ({"url": "http://127.0.0.1:1", "api_key": "bank_live_1234"},)

    def __init__(self, bank: RunningBank, kind: type[BankRail] = BankRail) -> None:
        self._bank = bank
        self._kind = kind
        self.details = bank.scheme.number_of(ORDINARY.name)
        self.bad_details = bank.scheme.bad_number
        self.address = bank.proxy.target
        self.options = {"url": self.address, "api_key": KEY}

    def rail(self, address: str | None = None, *, patience: float = 30.0) -> Rail:
        return self._rail(address or self.address, SECRET, patience)

    def rail_after_rotation(self) -> Rail:
        return self._rail(self.address, NEXT_SECRET)

    def rail_with_another_key(self) -> Rail:
        return self._rail(self.address, "whsec_b3RoZXI=")

    async def order(
        self, kind: LegKind | None = None, behaviour: Behaviour = Behaviour.SETTLES
    ) -> Order | None:
        return await self._bank.order_on(SCRIPTS[behaviour], kind or LegKind.COLLECT)

    async def moved(self, reference: str) -> list[Money]:
        return await self._bank.moved(reference)

    async def proof(self, token: str) -> str:
        return await self._bank.proof(token)

    async def holder(self, token: str) -> str:
        del token
        return "Anna Schmidt"  # the first who is asked for is whom the bank takes for the holder

    async def let_settle(self) -> None:
        self._bank.watch.ahead += SLOW

    async def let_expire(self) -> None:
        self._bank.watch.ahead += timedelta(hours=2)

    async def webhooks(self, order: Order, count: int = 1) -> list[Delivery]:
        await self._bank.execute(order)
        came = [await self._bank.inbox.next() for _ in range(count)]
        return [Delivery(headers, raw, datetime.now(UTC)) for headers, raw in came]

    def as_if_live(self, body: bytes) -> bytes:
        return body.replace(b'"sandbox": true', b'"sandbox": false')

    def _rail(self, address: str, secret: str, patience: float = 30.0) -> BankRail:
        options = BankOptions(
            url=address,
            api_key=SecretStr(KEY),
            webhook_secret=SecretStr(secret),
            timeout_seconds=patience,
        )
        return self._kind(options, self._bank.http)


class BankTrial:
    """The bank's rail, or one of its kind, on a bank in this process."""

    rail = "bank"
    peer = "the bank simulator"
    kind: type[BankRail] = BankRail
    scheme = SEPA

    @contextlib.asynccontextmanager
    async def stand(self, ground: Ground) -> AsyncIterator[BankStand]:
        async with running(ground.folder, ground.inbox, ground.http, self.scheme) as bank:
            yield BankStand(bank, self.kind)


class UpiTrial(BankTrial):
    """The same with UPI ids, in rupees."""

    peer = "the bank simulator, by UPI"
    scheme = UPI


class PixTrial(BankTrial):
    """The same with Pix keys, in reais."""

    peer = "the bank simulator, by Pix"
    scheme = PIX
