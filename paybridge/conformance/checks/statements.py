"""What a rail promises about its statement, which our books are compared with."""

from __future__ import annotations

from collections import Counter

from paybridge.conformance.bench import Bench, NotOfferedError, listed, promised
from paybridge.domain.leg import LegKind
from paybridge.services.ports import Order, Page, Rail


async def check_statement_complete(bench: Bench) -> None:
    """The statement tells every movement once, with our reference and its sign, its fee apart or in it."""
    orders = await _executed(bench)
    lines = [line for page in await _pages(bench.rail, None) for line in page.lines]

    ids = Counter(line.id for line in lines)
    promised(not ids or max(ids.values()) == 1, "a line came twice")
    for order in orders:
        told = [line.amount for line in lines if line.reference == order.reference]
        fee = (await bench.rail.quote(order)).highest_fee
        if order.kind is LegKind.DIRECT:
            promised(not told, f"{listed(told)} was told of an order that went past our account")
            continue
        if order.kind is LegKind.COLLECT:
            fitting = [amount for amount in told if order.amount - fee <= amount <= order.amount]
        else:
            fitting = [amount for amount in told if order.amount <= -amount <= order.amount + fee]
        promised(len(fitting) == 1, f"a {order.kind} of {order.amount} was told as {listed(told)}")


async def check_statement_overlapping(bench: Bench) -> None:
    """Pages that are read again, from any cursor, have the same lines under the same ids."""
    await _executed(bench)
    pages = await _pages(bench.rail, None)
    for number, page in enumerate(pages):
        if page.next is None:
            continue
        later = [line for other in pages[number + 1 :] for line in other.lines]
        again = [line for other in await _pages(bench.rail, page.next) for line in other.lines]

        promised(again[: len(later)] == later, "it told something else the second time")
    first = [line for page in pages for line in page.lines]
    again = [line for page in await _pages(bench.stand.rail(), None) for line in page.lines]
    promised(again == first, "a new rail tells something else")


async def _executed(bench: Bench) -> list[Order]:
    orders = []
    for kind in sorted(bench.rail.capabilities().flows - {LegKind.BOOK}):
        for _ in range(2):
            order = await bench.order(kind)
            await bench.executed(order)
            orders.append(order)
    if not orders or not (await bench.rail.statement(None)).lines:
        raise NotOfferedError("it has no statement")
    return orders


async def _pages(rail: Rail, cursor: str | None) -> list[Page]:
    pages = [await rail.statement(cursor)]
    while pages[-1].next is not None:
        pages.append(await rail.statement(pages[-1].next))
        promised(len(pages) < 1000, "the statement does not end")  # noqa: PLR2004  a thousand pages are too many
    return pages
