"""`!shop`: who a merchant is on their invoices."""

from __future__ import annotations

import re

from paybridge.commands import _shop_settings
from paybridge.commands._frame import Answer, Call, Details, Facts, Place, Purpose, Role, UserError, command

OPEN = frozenset({"open", "开"})
SET = frozenset({"set", "设"})
CLOSE = frozenset({"close", "关"})
PAGE = frozenset({"page", "网页"})
QUOTED = re.compile(r"[\"“”„«»](.*?)[\"“”„«»]")
PARTS = {"name": "name", "address": "address", "taxid": "tax_id", "prefix": "prefix"}


class NoShopPagesError(UserError):
    """The operator has set up no web pages."""

    key = "error.no_shop_pages"

    def lines(self) -> tuple[str, ...]:
        return ("!order",)


class ShopNotReadError(UserError):
    """A word says nothing that is known of a shop."""

    key = "error.shop_not_read"

    def __init__(self, *, typed: str) -> None:
        super().__init__(typed=typed)


@command(
    "shop",
    usage=(
        'open "Corner Café" [address "…"] [taxid DE123456789] [prefix CC]'
        ' | set address "…" | hours … | account … | staff @someone … | log | page [close] | close'
    ),
    examples=(
        '!shop open "Corner Café" address "Main Street 1, 10115 Berlin" taxid DE123456789 prefix CC',
        "!shop",
        '!shop set address "Main Street 2, 10115 Berlin"',
        "!shop hours mon-fri 08:00-18:00, sat 09:00-13:00",
        "!shop staff @bob:example.org serve refund",
        "!shop staff remove @bob:example.org",
        "!shop account balance",
        "!shop log",
        "!shop page",
        "!shop page close",
        "!shop close",
    ),
    aliases=("店",),
    place=Place.ANSWERED_DIRECTLY,
    role=Role.MERCHANT,
    proven=True,
)
async def shop(call: Call) -> Answer:
    """Open a shop, change what it says of itself, show or close it."""
    word, desk = call.first.casefold(), call.desk.shops
    if word in CLOSE:
        return Answer(await desk.close(call.speaker), key="shop.closed")
    if word in PAGE:
        return await _page(call)
    if word in OPEN:
        parts = _read(f"name {call.rest}")
        details = Details(parts.pop("name", ""), **parts)
        step, key = await desk.open(call.speaker, details), "shop.opened"
    elif word in SET:
        details, step = await desk.change(call.speaker, **_read(call.rest))
        step += await call.desk.staffing.changed(call.speaker)
        key = "shop.changed"
    elif word and word not in _shop_settings.SETTINGS:
        raise ShopNotReadError(typed=call.first[:40])
    else:
        return await _shop_settings.change(call) or await _told(call)
    return Answer(step, key=key, facts=_facts(details))


async def _told(call: Call) -> Answer:
    found = await call.desk.shops.of(call.speaker)
    details = call.desk.shops.details(found, call.speaker.person)
    facts = {**_facts(details), **await _shop_settings.told(call, found)}
    return Answer(key="shop.told", facts=facts)


async def _page(call: Call) -> Answer:
    """A link to the shop's pages, or the end of every visit there."""
    desk, me = call.desk.shops, call.speaker
    if call.rest.casefold() in CLOSE:
        return Answer(await desk.end_visits(me), key="shop.page_closed")
    if call.rest:
        raise ShopNotReadError(typed=call.rest[:40])
    page = call.desk.links.make(me.person.id, Purpose.SHOP, (await desk.of(me)).id)
    if page is None:
        raise NoShopPagesError
    return Answer(page.step, key="shop.page", facts={"link": page.url})


def _read(words: str) -> dict[str, str]:
    """Each part by its name: the words in quotes behind it, or the one word."""
    found: dict[str, str] = {}
    rest = words.strip()
    while rest:
        word, _, behind = rest.partition(" ")
        part, behind = PARTS.get(word.casefold()), behind.strip()
        quoted = QUOTED.match(behind)
        if part is None or not behind:
            raise ShopNotReadError(typed=word[:40])
        value = quoted[1] if quoted else behind.split(maxsplit=1)[0]
        rest = behind[quoted.end() if quoted else len(value) :].strip()
        found[part] = " ".join(value.split())
    if not found:
        raise ShopNotReadError(typed=words[:40])
    return found


def _facts(details: Details) -> Facts:
    return {
        "name": details.name,
        "address": ({"words": details.address},) if details.address else (),
        "taxid": ({"words": details.tax_id},) if details.tax_id else (),
        "prefix": ({"words": details.prefix},) if details.prefix else (),
        "missing": () if details.address else ({},),
    }
