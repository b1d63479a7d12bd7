"""`!link`: the accounts that money comes from and goes to; in the direct message only."""

from __future__ import annotations

from typing import Final

from paybridge.commands._frame import (
    NOBODY_ASKED,
    Answer,
    Call,
    Facts,
    Link,
    LinkState,
    Place,
    Purpose,
    Role,
    UserError,
    command,
)
from paybridge.commands._ghosts import said_by_ghost

NONE_WORDS: Final = frozenset({"off", "none", "关"})
HOLDER_WORDS: Final = frozenset({"name", "户名"})


class NoPagesError(UserError):
    """The operator has set up no web pages."""

    key = "error.no_pages"

    def lines(self) -> tuple[str, ...]:
        return ("!link bank DE89 3704 0044 0532 0130 00",)


@command(
    "link",
    usage=(
        "[bank] IBAN, UPI id, Pix key or lightning address [name Anna Schmidt] | verify CODE"
        " | page | list | default 1 | direct 1 | rename 1 savings | remove 1"
    ),
    examples=(
        "!link bank DE89 3704 0044 0532 0130 00",
        "!link anna@okbank",
        "!link anna@okbank name Anna Schmidt",
        "!link page",
        "!link verify 4821",
        "!accounts",
        "!accounts default 2",
        "!accounts direct 1",
        "!accounts rename 1 savings",
    ),
    aliases=("accounts", "绑定", "账户"),
    place=Place.DIRECT_ONLY,
    role=Role.RECEIVE,
    proven=True,
    over_bridge=said_by_ghost,
)
async def link(call: Call) -> Answer:
    """Link, prove, list, choose and remove accounts."""
    match call.first.casefold():
        case "verify" | "code":
            return await _verify(call)
        case "list" | "":
            return await _list(call)
        case "default" | "direct" | "remove" | "unlink" as wish:
            return await _change(call, wish)
        case "rename":
            return await _rename(call)
        case "page" | "网页":
            return await _page(call)
        case _:
            return await _begin(call)


async def _change(call: Call, wish: str) -> Answer:
    """Do with one account of the list what is wished."""
    linking, me, typed = call.desk.linking, call.speaker, call.rest
    if wish == "direct" and typed.casefold() in NONE_WORDS:
        return Answer(await linking.choose_none_direct(me), key="link.none_direct")
    if wish == "default":
        changed, key = await linking.choose_default(me, typed), "link.default"
    elif wish == "direct":
        changed, key = await linking.choose_direct(me, typed), "link.direct"
    else:
        changed, key = await linking.remove(me, typed), "link.removed"
    return Answer(changed.step, key=key, facts={"account": changed.link.masked})


async def _rename(call: Call) -> Answer:
    number, _, nickname = call.rest.partition(" ")
    changed = await call.desk.linking.rename(call.speaker, number, nickname.strip())
    facts: Facts = {"account": changed.link.masked, "nickname": nickname.strip()}
    if changed.link.nickname is None:
        return Answer(changed.step, key="link.nameless", facts=facts)
    return Answer(changed.step, key="link.renamed", facts=facts)


async def _begin(call: Call) -> Answer:
    words, holder = _holder_apart(call.words)
    named = call.desk.linking.named(words)
    holder = holder or call.room.members.get(call.speaker.mxid) or ""
    changed = await call.desk.linking.begin(call.speaker, named, holder)
    agreed = await call.desk.standings.agree(call.speaker.person.id)
    return Answer(changed.step + agreed, key=changed.begun, facts=changed.begun_facts)


async def _page(call: Call) -> Answer:
    """A link to a page on which the number is typed, so that it never stands in the chat."""
    page = call.desk.links.make(call.speaker.person.id, Purpose.LINK, "account")
    if page is None:
        raise NoPagesError
    return Answer(call.speaker.introduction + page.step, key="link.page", facts={"link": page.url})


def _holder_apart(words: str) -> tuple[str, str]:
    """The words before "name", and the holder's name behind it."""
    typed = words.split()
    for place, word in enumerate(typed[1:], start=1):
        if word.casefold() in HOLDER_WORDS:
            return " ".join(typed[:place]), " ".join(typed[place + 1 :])
    return words, ""


async def _verify(call: Call) -> Answer:
    changed = await call.desk.linking.verify(call.speaker, call.rest)
    if changed.link.state is LinkState.FAILED:
        return Answer(changed.step, key="link.failed", facts={"account": changed.link.masked})
    waiting = await call.desk.book.claimable(call.speaker.person.id)
    facts: Facts = {
        "account": changed.link.masked,
        "waiting": tuple({"amount": one.amount, "payer": one.payer_mxid} for one in waiting),
        **(NOBODY_ASKED if changed.holder is None else changed.holder.facts()),
    }
    lines = ("!claim",) if waiting else ()
    return Answer(changed.step, key="link.verified", facts=facts, lines=lines)


async def _list(call: Call) -> Answer:
    links = await call.desk.book.links(call.speaker.person.id)
    if not links:
        return Answer(key="link.none", lines=("!link bank DE89 3704 0044 0532 0130 00",))
    rows = tuple(
        _row(number, one, call.desk.nicknames.of(call.speaker.person, one))
        for number, one in enumerate(links, start=1)
    )
    return Answer(key="link.list", facts={"rows": rows})


def _row(number: int, one: Link, nickname: str | None) -> Facts:
    return {
        "number": number,
        "account": one.masked,
        "nickname": ({"word": nickname},) if nickname else (),
        "currency": ({"code": one.currency},) if one.currency else (),
        "pending": ({},) if one.state is LinkState.PENDING else (),
        "failed": ({},) if one.state is LinkState.FAILED else (),
        "direct": ({},) if one.takes_direct else (),
        "default": ({},) if one.is_default and one.state is LinkState.VERIFIED else (),
    }
