"""`!item`: what a merchant's shop sells."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from paybridge.commands._frame import (
    Answer,
    Call,
    Facts,
    Place,
    Role,
    Say,
    UserError,
    command,
    read_amount_only,
    read_line,
    read_rate,
)
from paybridge.commands._shop_words import (
    Line,
    menu_row,
)

if TYPE_CHECKING:
    from paybridge.commands._shop_words import Counter, Item

ADD = frozenset({"add", "加"})
STOCK = frozenset({"stock", "库存"})
PRICE = frozenset({"price", "价"})
REMOVE = frozenset({"remove", "删"})
QR = frozenset({"qr", "二维码"})
TAX = frozenset({"tax", "税"})
VARIANT = frozenset({"variant", "规格"})
WITHOUT_END = frozenset({"any", "不限"})
QUOTED = re.compile(r"[\"“”„«»](.+?)[\"“”„«»]")
VARYING = re.compile(
    r"(?:[\"“”„«»](?P<quoted>.+?)[\"“”„«»]|(?P<bare>[^\"“”„«»]+?))\s+"
    r"[\"“”„«»](?P<variant>.+?)[\"“”„«»]\s+(?P<behind>.+)"
)
MOST_STOCK = 1_000_000


class NoItemPagesError(UserError):
    """The operator has set up no web pages."""

    key = "error.no_item_pages"

    def lines(self) -> tuple[str, ...]:
        return ("!item",)


class NotAnItemError(UserError):
    """The words do not say what is to be done about which item."""

    key = "error.not_an_item"


@command(
    "item",
    usage=(
        'add "Latte" 3.20 EUR [tax 7%] [stock 40] | variant "Latte" "large" +0.80 | stock "Latte" 40'
        ' | price "Latte" 3 EUR | remove | qr'
    ),
    examples=(
        '!item add "Latte" 3.20 EUR tax 7% stock 40',
        '!item variant "Latte" "large" +0.80',
        '!item stock "Latte" 40',
        '!item price "Latte" 3.50 EUR',
        '!item remove "Latte"',
        '!item qr "Latte"',
        "!item",
    ),
    aliases=("商品",),
    place=Place.ANSWERED_DIRECTLY,
    role=Role.MERCHANT,
    proven=True,
)
async def item(call: Call) -> Answer:
    """Add an item, change or remove one, or list them."""
    counter = await call.desk.orders.own(call.speaker)
    if not call.words:
        rows: tuple[Facts, ...] = tuple(_row(call, name, one) for name, one in counter.items)
        return Answer(key="item.list" if rows else "menu.empty", facts={"shop": counter.name, "items": rows})
    word, quoted = call.first.casefold(), QUOTED.search(call.rest)
    if word in VARIANT:
        return await _vary(call, counter)
    if quoted is None or word not in ADD | STOCK | PRICE | REMOVE | QR:
        raise NotAnItemError
    behind = call.rest[quoted.end() :].split()
    if word in ADD:
        return await _add(call, counter, quoted[1], behind)
    if word in QR:
        return _picture(call, counter, quoted[1])
    return _change(call, counter, quoted[1], word, behind)


def _row(call: Call, name: str, item: Item) -> Facts:
    return {**menu_row(name, item), "checkout": call.desk.checkout.item_rows(item)}


def _picture(call: Call, counter: Counter, typed: str) -> Answer:
    """The address of the item's page as a picture, to print and put on the counter."""
    name, found = counter.find(typed)
    rows = call.desk.checkout.item_rows(found)
    if not rows:
        raise NoItemPagesError
    url = str(rows[0]["checkout"])
    said = Say(
        id=f"{call.spoken.event}/reply",
        key="item.page",
        language=call.language,
        person=call.speaker.mxid,
        facts={"name": name, "checkout": url},
    )
    picture = replace(said, id=f"{said.id}/picture", key="item.picture", facts={"name": name}, qr=url)
    return Answer(says=(picture, said))


async def _add(call: Call, counter: Counter, name: str, behind: list[str]) -> Answer:
    behind, rate = _cut(behind, TAX)
    behind, stock = _cut(behind, STOCK)
    line = read_line(f"{name} {' '.join(behind)}", await call.currency(), read_rate(rate) if rate else 0)
    added, step = await call.desk.orders.add(counter, line, _count(stock) if stock else None)
    return Answer(step, key="item.added", facts=_row(call, line.words, added))


async def _vary(call: Call, counter: Counter) -> Answer:
    """Another item, called as the first with a word behind, for so much more or less, of the same tax."""
    read = VARYING.fullmatch(call.rest)
    if read is None:
        raise NotAnItemError
    behind, stock = _cut(read["behind"].split(), STOCK)
    name, base = counter.find(read["quoted"] or read["bare"])
    more = read_amount_only(" ".join(behind).removeprefix("+").removeprefix("-"), base.price.currency)
    if more.currency != base.price.currency:
        raise NotAnItemError
    price = base.price - more if behind[0].startswith("-") else base.price + more
    if not price.is_positive:
        raise NotAnItemError
    line = Line(f"{name} {read['variant'].strip()}", 1, price, base.rate)
    added, step = await call.desk.orders.add(counter, line, _count(stock) if stock else None)
    return Answer(step, key="item.added", facts=_row(call, line.words, added))


def _change(call: Call, counter: Counter, typed: str, word: str, behind: list[str]) -> Answer:
    desk = call.desk.orders
    name, found = counter.find(typed)
    if word in REMOVE:
        return Answer(desk.remove(found), key="item.removed", facts={"name": name})
    if not behind:
        raise NotAnItemError
    if word in PRICE:
        price = read_amount_only(" ".join(behind), found.price.currency)
        changed, step = desk.reprice(found, price)
    else:
        changed, step = desk.restock(found, _count(behind[0]))
    return Answer(step, key="item.changed", facts=_row(call, name, changed))


def _cut(typed: list[str], marks: frozenset[str]) -> tuple[list[str], str]:
    """The words without a mark and the word behind it, and that word."""
    for at, word in enumerate(typed[:-1]):
        if word.casefold() in marks:
            return typed[:at] + typed[at + 2 :], typed[at + 1]
    return typed, ""


def _count(word: str) -> int | None:
    if word.casefold() in WITHOUT_END:
        return None
    if not (word.isascii() and word.isdecimal()) or int(word[:9]) > MOST_STOCK:
        raise NotAnItemError
    return int(word)
