"""`!link`: the accounts that money comes from and goes to; in the direct message only."""

from __future__ import annotations

from typing import Final

from paybridge.commands._frame import (
    Answer,
    Call,
    Facts,
    Link,
    LinkState,
    Place,
    Role,
    UserError,
    command,
)

BANK: Final = "bank"
"""The rail that people link without knowing what a rail is, also while it is away."""


class WhatToLinkError(UserError):
    """The word behind `!link` is none of the known ones."""

    key = "error.what_to_link"


class AccountNumberMissingError(UserError):
    """`!link bank`, or another rail, without a number."""

    key = "error.account_number_missing"


@command(
    "link",
    usage="bank IBAN | verify CODE | list | default 1 | remove 1",
    examples=("!link bank DE89 3704 0044 0532 0130 00", "!link verify 4821", "!link list"),
    aliases=("绑定",),
    place=Place.DIRECT_ONLY,
    role=Role.RECEIVE,
    proven=True,
)
async def link(call: Call) -> Answer:
    """Link, prove, list, choose and remove accounts."""
    match call.first.casefold():
        case "verify" | "code":
            return await _verify(call)
        case "list" | "":
            return await _list(call)
        case "default":
            changed = await call.desk.linking.choose_default(call.speaker, call.rest)
            return Answer(changed.step, key="link.default", facts={"account": changed.link.masked})
        case "remove":
            changed = await call.desk.linking.remove(call.speaker, call.rest)
            return Answer(changed.step, key="link.removed", facts={"account": changed.link.masked})
        case rail if rail == BANK or rail in call.desk.linking.offered():
            return await _begin(call, rail)
        case _:
            raise WhatToLinkError


async def _begin(call: Call, rail: str) -> Answer:
    if not call.rest:
        raise AccountNumberMissingError
    changed = await call.desk.linking.begin(call.speaker, rail, call.rest)
    key = "link.begun" if rail == BANK else "link.begun_elsewhere"
    if changed.link.state is LinkState.VERIFIED:
        key = "link.verified"
    return Answer(changed.step, key=key, facts={"account": changed.link.masked, "waiting": ()})


async def _verify(call: Call) -> Answer:
    changed = await call.desk.linking.verify(call.speaker, call.rest)
    if changed.link.state is LinkState.FAILED:
        return Answer(changed.step, key="link.failed", facts={"account": changed.link.masked})
    waiting = await call.desk.book.claimable(call.speaker.person.id)
    facts: Facts = {
        "account": changed.link.masked,
        "waiting": tuple({"amount": one.amount, "payer": one.payer_mxid} for one in waiting),
    }
    lines = ("!claim",) if waiting else ()
    return Answer(changed.step, key="link.verified", facts=facts, lines=lines)


async def _list(call: Call) -> Answer:
    links = await call.desk.book.links(call.speaker.person.id)
    if not links:
        return Answer(key="link.none", lines=("!link bank DE89 3704 0044 0532 0130 00",))
    rows = tuple(_row(number, one) for number, one in enumerate(links, start=1))
    return Answer(key="link.list", facts={"rows": rows})


def _row(number: int, one: Link) -> Facts:
    return {
        "number": number,
        "account": one.masked,
        "pending": ({},) if one.state is LinkState.PENDING else (),
        "failed": ({},) if one.state is LinkState.FAILED else (),
        "default": ({},) if one.is_default and one.state is LinkState.VERIFIED else (),
    }
