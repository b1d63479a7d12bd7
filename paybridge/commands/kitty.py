"""`!kitty`: the room's shared purse, out of which money goes when enough of its treasurers approve."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from paybridge.commands._frame import (
    Answer,
    Call,
    KittyWanted,
    ProposalKind,
    Purse,
    UserError,
    command,
    kitty_pages,
    kitty_words,
    read_code,
    read_one,
)

if TYPE_CHECKING:
    from paybridge.commands._frame import Facts

OPEN = frozenset({"open", "new", "start", "开", "开设"})
PUT = frozenset({"put", "add", "in", "存", "放入", "加"})
PAY = frozenset({"pay", "付", "付款"})
DECLINE = frozenset({"decline", "no", "拒绝"})
TREASURERS = frozenset({"treasurers", "treasurer", "司库"})
REMOVE = frozenset({"remove", "out", "删", "移除"})
NEEDS = frozenset({"needs", "need", "需要"})
CLOSE = frozenset({"close", "end", "关闭"})
STATEMENT = frozenset({"statement", "list", "对账单", "明细"})
Do: TypeAlias = Callable[[Call, Purse], Awaitable[Answer]]


class KittyWhatError(UserError):
    """A kitty does no such thing."""

    key = "error.kitty_what"

    def lines(self) -> tuple[str, ...]:
        return ("!help kitty",)


@command(
    "kitty",
    usage="[open Flat EUR treasurers @a @b needs 2 | put 20 EUR | pay @someone 30 EUR for pizza | …]",
    examples=(
        "!kitty",
        "!kitty open Flat EUR treasurers @anna:example.org @bob:example.org needs 2",
        "!kitty put 20 EUR",
        "!kitty pay @dave:example.org 30 EUR for pizza",
    ),
    aliases=("公账",),
    moves_money=True,
)
async def kitty(call: Call) -> Answer:
    """Open the room's kitty, or do something with it; alone, show it."""
    word = call.first.casefold()
    if word in OPEN:
        return await _open(call)
    if word in DECLINE:
        return await _decline(call)
    purse = await call.desk.kitties.find(call.room)
    for words, do in _DOING:
        if word in words:
            return await do(call, purse)
    if word:
        raise KittyWhatError
    return Answer(key="kitty.status", facts=await _status(call, purse), private=await _hides(call))


async def _open(call: Call) -> Answer:
    said = kitty_words.read_open(call.rest, await call.people(), call.speaker.mxid)
    step, purse = await call.desk.kitties.open(
        call.speaker,
        said.name,
        said.currency or await call.currency(),
        said.treasurers,
        said.needs,
        call.room,
        call.spoken.proof,
    )
    return Answer(
        step,
        key="kitty.opened",
        facts=kitty_pages.title(purse),
        lines=(f"!kitty put 20 {purse.kitty.currency}",),
    )


async def _put(call: Call, purse: Purse) -> Answer:
    said = kitty_words.read_put(call.rest, purse.kitty.currency)
    drafted = await call.desk.kitties.put(call.speaker, purse, said.amount, said.source, said.note)
    card = await call.desk.news.card(
        drafted.transfer,
        call.speaker.person,
        drafted.source.link,
        {**call.room.members, purse.kitty.mxid: purse.name},
        drafted.holder,
        page=drafted.page,
    )
    return Answer(drafted.step, says=card)


async def _status(call: Call, purse: Purse) -> Facts:
    assents = {one.id: await call.desk.book.assents(one.id) for one in purse.proposals}
    return kitty_pages.status(purse, assents)


async def _hides(call: Call) -> bool:
    return await call.desk.policies.hides_amounts(call.room.id)


async def _pay(call: Call, purse: Purse) -> Answer:
    said = read_one(call.rest, await call.people(), purse.kitty.currency)
    payee = await call.desk.people.know(said.payee)
    return await _propose(
        call, purse, KittyWanted(ProposalKind.PAY, payee, said.amount.money, note=said.note)
    )


async def _treasurers(call: Call, purse: Purse) -> Answer:
    word, _, name = call.rest.partition(" ")
    kind = ProposalKind.REMOVE if word.casefold() in REMOVE else ProposalKind.ADD
    named = kitty_words.read_treasurers(name, await call.people(), call.speaker.mxid)
    if len(named) != 1 or word.casefold() not in REMOVE | PUT:
        raise KittyWhatError
    return await _propose(call, purse, KittyWanted(kind, await call.desk.people.know(named[0])))


async def _needs(call: Call, purse: Purse) -> Answer:
    wanted = KittyWanted(ProposalKind.NEEDS, needs=kitty_words.read_number(call.rest))
    return await _propose(call, purse, wanted)


async def _close(call: Call, purse: Purse) -> Answer:
    return await _propose(call, purse, KittyWanted(ProposalKind.CLOSE))


async def _propose(call: Call, purse: Purse, wanted: KittyWanted) -> Answer:
    step, says = await call.desk.proposals.propose(call.speaker, purse, wanted, call.spoken.proof)
    return Answer(step, says=says)


async def _decline(call: Call) -> Answer:
    one = await call.desk.proposals.found(call.speaker.person.id, read_code(call.rest))
    step, says = await call.desk.proposals.decline(one, call.speaker)
    return Answer(step, says=says)


async def _statement(call: Call, purse: Purse) -> Answer:
    facts = await call.desk.kitties.statement(purse)
    return Answer(key="kitty.statement", facts=facts, private=await _hides(call))


_DOING: Final[tuple[tuple[frozenset[str], Do], ...]] = (
    (PUT, _put),
    (PAY, _pay),
    (TREASURERS, _treasurers),
    (NEEDS, _needs),
    (CLOSE, _close),
    (STATEMENT, _statement),
)
