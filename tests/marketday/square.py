"""The market square: shops with a catalogue each, their customers, and one encrypted room for each shop."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Final

from paybridge.demo.stage import Choices, Stage
from tests.chaos.party import CHOICES as UNLIMITED
from tests.chaos.talker import Talker
from tests.flows.dinner import Guest

if TYPE_CHECKING:
    from paybridge.demo.homeserver import Homeserver
    from tests.harness import People

PATIENCE_SECONDS: Final = 240.0
LEFT: Final = re.compile(r"· (.+?): \*{0,2}[\d.]+ EUR\*{0,2}(?:, (?:(\d+) left|(sold out)))?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Goods:
    """Something on sale: the price in cents with its tax in percent, and how many there are."""

    name: str
    cents: int
    tax: int
    stock: int


@dataclass(frozen=True, slots=True)
class Stall:
    """A shop before it opens."""

    owner: str
    name: str
    goods: Sequence[Goods]


STALLS: Final = (
    Stall("Fleur", "Flower Stand", (Goods("Tulip", 150, 7, 60), Goods("Rose", 320, 7, 25))),
    Stall("Karim", "Corner Café", (Goods("Latte", 320, 19, 70), Goods("Cake", 450, 7, 20))),
    Stall("Nora", "Night Owls", (Goods("Poster", 800, 19, 40), Goods("Record", 1999, 19, 15))),
)


GIG: Final = Goods("Gig", 500, 0, 35)
"""What tickets are sold for; nothing else costs as much."""


@dataclass
class Shop:
    """An open shop: who runs it, from which direct message, and the room in which people order."""

    stall: Stall
    talker: Talker
    room: str = ""

    @property
    def id(self) -> str:
        return self.talker.id

    async def left(self) -> Mapping[str, int]:
        """How many the bot says are left of each of its goods."""
        guest = self.talker.guest
        told = await guest.asks("!item", f"What {self.stall.name} sells", guest.chat)
        found = {name: 0 if out else int(left) for name, left, out in LEFT.findall(told.body)}
        assert set(found) == {goods.name for goods in self.stall.goods}, told.body
        return found


@dataclass
class Square:
    """All of it, and what our account at the bank held before anybody paid."""

    stage: Stage
    shops: Sequence[Shop]
    customers: Sequence[Talker]
    held_before: int
    opening: Mapping[str, Sequence[str]] = field(default_factory=dict)

    async def held(self) -> int:
        """What our own account at the bank has gained since, in cents."""
        return await _held(self.stage) - self.held_before


def choices(owners: Sequence[str]) -> Choices:
    """The bot's config: who may open a shop, and no cap that a busy day would meet."""
    permissions = {owners[0].partition(":")[2]: "user", **dict.fromkeys(owners, "merchant")}
    return Choices(config={**(UNLIMITED.config or {}), "permissions": permissions})


async def open_square(stage: Stage, owners: Sequence[str], people: People, size: int, seed: int) -> Square:
    """Everybody arrives and links an account; shops open; then all go to the room of each shop."""
    shops = [
        Shop(stall, await _talker(stage, people, stall.owner, owner, Random(seed + number)))  # noqa: S311 - seeded
        for number, (stall, owner) in enumerate(zip(STALLS, owners, strict=False))
    ]
    names = [f"Guest {number + 1}" for number in range(size)]
    customers = await asyncio.gather(
        *(_talker(stage, people, name, None, Random(f"{seed} {name}")) for name in names)  # noqa: S311 - seeded
    )
    everybody = [*customers, *(shop.talker for shop in shops)]
    await asyncio.gather(*(one.guest.links() for one in everybody))
    await asyncio.gather(*(_opens(shop) for shop in shops))
    for shop in shops:
        await _gathers(shop, customers, stage)
    for one in customers:
        one.rooms = {shop.room: {shop.id: shop.stall.owner} for shop in shops}
    for shop in shops:
        shop.talker.rooms = {shop.room: {}}
    for one in everybody:
        one.forget()
    opening = {
        one.id: [str(entry["id"]) for entry in (await stage.statement(one.guest.iban))["entries"]]
        for one in everybody
    }
    return Square(stage, shops, customers, await _held(stage), opening)


async def owners_of(homeserver: Homeserver, people: People, shops: int) -> list[str]:
    """Accounts of those who will run the shops; the config must name them before the bot starts."""
    assert homeserver is people.homeserver
    return [await people.account(stall.owner) for stall in STALLS[:shops]]


async def _talker(stage: Stage, people: People, name: str, mxid: str | None, chance: Random) -> Talker:
    person = await people.arrive(name, user_id=mxid)
    return Talker(Guest(person, stage), person, {}, chance, count(1))


async def _opens(shop: Shop) -> None:
    guest, stall = shop.talker.guest, shop.stall
    address = 'address "Market Square 1, 10115 Berlin" taxid DE123456789'
    await guest.asks(f'!shop open "{stall.name}" {address}', stall.name, guest.chat)
    for goods in stall.goods:
        price = f"{goods.cents / 100:.2f} EUR tax {goods.tax}% stock {goods.stock}"
        await guest.asks(f'!item add "{goods.name}" {price}', f"{goods.stock} there", guest.chat)


async def _gathers(shop: Shop, customers: Sequence[Talker], stage: Stage) -> None:
    host, invited = shop.talker.person, [*(one.id for one in customers), stage.bot_id]
    shop.room = await host.create_room(shop.stall.name, invited)
    for who in invited:
        await host.wait_for_member(shop.room, who)
    shop.talker.guest.room = shop.room


async def _held(stage: Stage) -> int:
    return int((await stage.bank_api("/v1/statement"))["balance"])
