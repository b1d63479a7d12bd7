"""`!repeat`: a payment that is approved once and then comes round by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.commands._frame import (
    Answer,
    Call,
    Facts,
    Step,
    Terms,
    command,
    looks_like_payment_id,
    read_amount_only,
    read_payment,
    read_rhythm,
)

if TYPE_CHECKING:
    from paybridge.commands._frame import Repeat

LIST = frozenset({"list", "status", "列表"})
PAUSE = frozenset({"pause", "暂停"})
RESUME = frozenset({"resume", "继续"})
SKIP = frozenset({"skip", "跳过"})
STOP = frozenset({"stop", "end", "cancel", "停止", "取消"})
CHANGE = frozenset({"change", "改"})


@command(
    "repeat",
    usage="@someone 600 EUR monthly 1st [until 2027-06] [max 650 EUR] [for rent] | pause PB-7K3QD | …",
    examples=(
        "!repeat @bob:example.org 600 EUR monthly 1st until 2027-06 max 650 EUR for rent",
        "!repeat @bob:example.org 5 EUR weekly friday",
        "!repeat @bob:example.org 20 EUR every 2 weeks",
        "!repeat @bob:example.org 90 EUR yearly 1 march",
        "!repeat",
        "!repeat pause PB-7K3QD",
        "!repeat resume PB-7K3QD",
        "!repeat skip PB-7K3QD",
        "!repeat stop PB-7K3QD",
        "!repeat change PB-7K3QD 620 EUR",
    ),
    aliases=("standing", "定期"),
    moves_money=True,
    while_frozen=True,
)
async def repeat(call: Call) -> Answer:
    """Offer a repeat, list them, or do something about one."""
    word = call.first.casefold()
    if not word or word in LIST:
        return await _list(call)
    if word in CHANGE:
        return await _change(call)
    if word in PAUSE | RESUME | SKIP | STOP:
        return await _move(call, word)
    return await _offer(call)


async def _move(call: Call, word: str) -> Answer:
    desk = call.desk.repeats
    found = await desk.find(call.speaker, call.rest.split(maxsplit=1)[0] if call.rest else "")
    if word in PAUSE:
        what, changed = "repeat.paused", await desk.pause(found)
    elif word in RESUME:
        what, changed = "repeat.resumed", await desk.resume(found, call.speaker, call.spoken.proof)
    elif word in SKIP:
        what, changed = "repeat.skipped", await desk.skip(found)
    elif found.club is not None:
        step, says = await call.desk.memberships.stop(found)
        stopped: Facts = {"payment": found.id, "payee": call.who(found.payee_mxid)}
        return Answer(step, key="repeat.stopped", facts=stopped, says=says, private=True)
    else:
        what, changed = "repeat.stopped", await desk.stop(found)
    if what != "repeat.stopped" and changed.state == "ended":
        what = "repeat.over"
    facts: Facts = {"payment": changed.id, "payee": call.who(changed.payee_mxid), "day": changed.day}
    return Answer(Step(records=(changed,)), key=what, facts=facts, private=True)


async def _offer(call: Call) -> Answer:
    read = read_rhythm(call.words, call.today(await call.zone_name()))
    said = read_payment(read.rest, await call.people(), await call.currency())
    amount = said.amount.money
    cap = read_amount_only(read.most, amount.currency) if read.most else amount
    terms = Terms(amount, cap, read.rhythm, read.until, said.note)
    payee = await call.desk.people.know(said.payee)
    offered, step = await call.desk.repeats.offer(call.speaker, payee, terms, call.room)
    return await _card(call, offered, step)


async def _change(call: Call) -> Answer:
    first, _, rest = call.rest.partition(" ")
    named = looks_like_payment_id(first)
    found = await call.desk.repeats.find(call.speaker, first if named else "")
    amount = read_amount_only(rest if named else call.rest, found.amount.currency)
    changed, step = await call.desk.repeats.change(found, call.speaker, amount, call.room, call.spoken.proof)
    if changed.id != found.id:
        return await _card(call, changed, step)
    return Answer(step, key="repeat.changed", facts=await _facts(call, changed), private=True)


async def _card(call: Call, offered: Repeat, step: Step) -> Answer:
    assert offered.act is not None  # until when the card holds
    facts: Facts = {**await _facts(call, offered), "code": offered.code, "expires": offered.act}
    return Answer(step, key="repeat.card", facts=facts, private=True)


async def _list(call: Call) -> Answer:
    own = await call.desk.repeats.own(call.speaker)
    if not own:
        return Answer(key="repeat.none", private=True)
    rows: list[Facts] = [
        {
            **await _facts(call, one),
            "active": ({"day": one.day},) if one.state == "active" else (),
            "paused": ({},) if one.state == "paused" else (),
        }
        for one in own
    ]
    return Answer(key="repeat.list", facts={"repeats": tuple(rows)}, private=True)


async def _facts(call: Call, one: Repeat) -> Facts:
    return await call.desk.repeat_news.facts(one, call.room.members)
