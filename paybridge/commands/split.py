"""`!split`: divide what one paid among several, and keep a board of who has paid their share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.commands._frame import (
    Answer,
    Call,
    Facts,
    UserError,
    command,
    looks_like_payment_id,
    read_amount_only,
    read_payment_id,
    read_shares,
    read_who,
)

if TYPE_CHECKING:
    from paybridge.commands._frame import SharesWords, Stand

STATUS = frozenset({"status", "list", "状态"})
REMIND = frozenset({"remind", "提醒"})
PAID = frozenset({"paid", "cash", "已付"})
LEAVE_OUT = frozenset({"leave-out", "leave", "skip", "排除"})
CHANGE = frozenset({"change", "改"})
CLOSE = frozenset({"close", "关闭"})
CASH = frozenset({"cash", "现金"})


class NobodyInTheRoomError(UserError):
    """Nobody else is joined to the room."""

    key = "error.nobody_in_the_room"


@command(
    "split",
    usage="60 EUR @someone @others [x2 | 40% | 12 EUR] [not me] [for dinner] | remind | paid @someone | …",
    examples=(
        "!split 60 EUR @bob:example.org @carol:example.org for dinner",
        "!split 60 EUR @bob:example.org x2 @carol:example.org",
        "!split 60 EUR @bob:example.org 40% @carol:example.org 60%",
        "!split 60 EUR @bob:example.org 12.50 EUR @carol:example.org rest not me",
        "!split 60 EUR room",
        "!split",
        "!split remind PB-7K3QD",
        "!split paid @bob:example.org",
        "!split leave-out @bob:example.org",
        "!split change PB-7K3QD 66 EUR",
        "!split close PB-7K3QD",
    ),
    aliases=("分摊", "aa"),
    moves_money=True,
)
async def split(call: Call) -> Answer:
    """Open a split, or do something about one that is open."""
    word = call.first.casefold()
    if not word or word in STATUS or looks_like_payment_id(word):
        return await _status(call, call.rest if word in STATUS else call.words)
    desk = call.desk.splits
    if word in REMIND:
        step, says = await desk.remind(await _meant(call, call.rest))
    elif word in CLOSE:
        step, says = await desk.close(await _meant(call, call.rest))
    elif word in CHANGE:
        stand, rest = await _named(call)
        step, says = await desk.change(stand, read_amount_only(rest, stand.split.amount.currency))
    elif word in PAID:
        stand, rest = await _named(call)
        step, says = await desk.paid_in_cash(stand, read_who(_without_cash(rest), await call.people()))
    elif word in LEAVE_OUT:
        stand, rest = await _named(call)
        step, says = await desk.leave_out(stand, read_who(rest, await call.people()))
    else:
        return await _open(call)
    return Answer(step, says=says)


async def _open(call: Call) -> Answer:
    said = read_shares(call.words, await call.people(), await call.currency(), call.speaker.mxid)
    if said.room:
        return _list_room(call, said)
    step, says = await call.desk.splits.open(call.speaker, said.total, said.wanted, said.note, call.room)
    return Answer(step, says=says)


def _list_room(call: Call, said: SharesWords) -> Answer:
    """Who is in the room, and the line that asks them: nobody is asked whom nobody has read."""
    nobody = {call.speaker.mxid, call.desk.settings.bot}
    others = sorted(mxid for mxid in call.room.members if mxid not in nobody and call.may_pay(mxid))
    if not others:
        raise NobodyInTheRoomError
    note = f" for {said.note}" if said.note else ""
    without_me = "" if said.with_me else " not me"
    line = f"!split {said.total.plain()} {said.total.currency} {' '.join(others)}{without_me}{note}"
    people: tuple[Facts, ...] = tuple({"who": call.who(mxid)} for mxid in others)
    return Answer(key="split.room", facts={"people": people}, lines=(line,))


async def _status(call: Call, typed: str) -> Answer:
    if typed.strip():
        stand = await call.desk.splits.find(call.speaker, read_payment_id(typed.split(maxsplit=1)[0]))
        private = await call.desk.policies.hides_amounts(stand.split.room)
        return Answer(key=f"split.{stand.split.state}", facts=_board(call, stand), private=private)
    found = await call.desk.splits.own(call.speaker)
    if not found:
        return Answer(key="split.none")
    rows: list[Facts] = []
    hides = await call.desk.policies.hides_amounts(call.room.id)
    for stand in found:
        hides = hides or await call.desk.policies.hides_amounts(stand.split.room)
        facts = _board(call, stand)
        rows.append({name: facts[name] for name in ("payment", "amount", "note", "paid", "asked")})
    return Answer(key="split.list", facts={"splits": tuple(rows)}, private=hides)


def _board(call: Call, stand: Stand) -> Facts:
    return call.desk.boards.facts(
        stand.split, stand.shares, stand.requests, call.room.members, call.speaker.person
    )


async def _named(call: Call) -> tuple[Stand, str]:
    """The split that the words name behind the verb, or the only open one, and the words that are left."""
    first, _, rest = call.rest.partition(" ")
    if looks_like_payment_id(first):
        return await call.desk.splits.find(call.speaker, read_payment_id(first)), rest.strip()
    return await call.desk.splits.find(call.speaker, ""), call.rest


async def _meant(call: Call, typed: str) -> Stand:
    name = read_payment_id(typed.split(maxsplit=1)[0]) if typed.strip() else ""
    return await call.desk.splits.find(call.speaker, name)


def _without_cash(words: str) -> str:
    return " ".join(word for word in words.split() if word.casefold() not in CASH)
