"""`!mfa`: the second factor, set up and looked after in the direct message."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from paybridge.commands._frame import (
    Answer,
    Call,
    Facts,
    Place,
    Purpose,
    Role,
    Say,
    Step,
    UserError,
    command,
    read_digits,
)


class WhatAboutTheFactorError(UserError):
    """What follows the verb is none of the things that can be done."""

    key = "error.what_about_the_factor"


@command(
    "mfa",
    usage="on | on 123456 | test 123456 | recovery 123456 | reset CODE | keep | list | passkey 123456",
    examples=(
        "!mfa on",
        "!mfa on 123456",
        "!mfa test 123456",
        "!mfa recovery 123456",
        "!mfa reset 123456",
        "!mfa keep",
        "!mfa list",
        "!mfa passkey 123456",
        "!mfa passkey remove 1 123456",
    ),
    aliases=("factor", "验证"),
    place=Place.DIRECT_ONLY,
    role=Role.RECEIVE,
    proven=True,
    takes_factor=True,
    while_frozen=True,
)
async def mfa(call: Call) -> Answer:
    """Set up an authenticator and passkeys, try it, renew recovery codes, or get rid of it."""
    if not call.words:
        has = await call.desk.factors.active(call.speaker.person.id) is not None
        return Answer(key="mfa.is_on" if has else "mfa.is_off")
    deed = _DEEDS.get(call.first.casefold())
    if deed is None:
        raise WhatAboutTheFactorError
    return await deed(call)


async def _on(call: Call) -> Answer:
    digits = read_digits(call.rest)
    if digits is not None:
        done = await call.desk.factors.activate(call.speaker, digits, call.device)
        hidden = tuple(_hide(call, slot) for slot in _slots(done.slot))
        return Answer(done.step, key="mfa.on", facts=_listed(done.codes), says=hidden)
    begun = await call.desk.factors.begin(call.speaker)
    words, picture = _slots(begun.slot)
    page = call.desk.links.make(call.speaker.person.id, Purpose.ENROL, begun.slot)
    shown = Say(
        id=f"{call.spoken.event}/reply",
        key="mfa.begun",
        language=call.language,
        room=call.room.id,
        facts={"key": begun.key, "link": begun.link, "page": ({"link": page.url},) if page else ()},
        lines=("!mfa on 123456",),
        slot=words,
    )
    step = begun.step + page.step if page else begun.step
    return Answer(step, says=(_picture(shown, picture, begun.link), shown))


def _listed(codes: Sequence[str]) -> Facts:
    return {"codes": tuple({"code": code} for code in codes)}


def _slots(slot: str) -> tuple[str, str]:
    """The message with the key in words, and the picture: both are taken back once the factor works."""
    return slot, f"{slot}/picture"


def _picture(shown: Say, slot: str, link: str) -> Say:
    return replace(shown, id=f"{shown.id}/picture", key="mfa.picture", facts={}, lines=(), slot=slot, qr=link)


def _hide(call: Call, slot: str) -> Say:
    return Say(
        id=f"{call.spoken.event}/{slot}",
        key="mfa.hidden",
        language=call.language,
        room=call.room.id,
        takes_back=slot,
    )


async def _test(call: Call) -> Answer:
    taken = await call.desk.factors.use(call.speaker.person, read_digits(call.rest) or "", call.device)
    return Answer(Step(records=(taken,)), key="mfa.works")


async def _recovery(call: Call) -> Answer:
    done = await call.desk.factors.renew(call.speaker.person, read_digits(call.rest) or "", call.device)
    return Answer(done.step, key="mfa.recovery", facts=_listed(done.codes))


async def _reset(call: Call) -> Answer:
    if not call.rest:
        return Answer(key="mfa.how_to_reset")
    step = await call.desk.factors.switch_off(call.speaker.person, call.rest, call.device)
    return Answer(step, key="mfa.off")


async def _keep(call: Call) -> Answer:
    return Answer(await call.desk.factors.keep(call.speaker.person), key="mfa.kept")


async def _list(call: Call) -> Answer:
    if await call.desk.factors.active(call.speaker.person.id) is None:
        return Answer(key="mfa.is_off")
    rows = tuple(
        {
            "number": held.number,
            "name": held.name,
            "added": held.added,
            "used": ({"at": held.last_used},) if held.last_used else (),
            "off": () if held.taken else ({"number": held.number},),
        }
        for held in await call.desk.passkeys.held(call.speaker.person)
    )
    return Answer(key="mfa.list", facts={"passkeys": rows})


async def _passkey(call: Call) -> Answer:
    words = call.rest.split()
    digits = read_digits(words[-1]) if words else None
    match words:
        case [_] if digits is not None:
            return await _add_passkey(call, digits)
        case ["remove", number, _] if digits is not None and number.isdecimal():
            person = call.speaker.person
            step = await call.desk.passkeys.remove(person, int(number), digits, call.device)
            return Answer(step, key="mfa.passkey_removed", facts={"number": int(number)})
        case ["rename", number, *name, _] if digits is not None and number.isdecimal() and name:
            called = " ".join(name)
            person = call.speaker.person
            step = await call.desk.passkeys.rename(person, int(number), called, digits, call.device)
            return Answer(step, key="mfa.passkey_renamed", facts={"number": int(number), "name": called})
        case _:
            return Answer(key="mfa.how_to_passkey")


async def _add_passkey(call: Call, digits: str) -> Answer:
    person = call.speaker.person
    await call.desk.passkeys.check_room_for_one(person)
    taken = await call.desk.factors.use(person, digits, call.device)
    page = call.desk.links.make(person.id, Purpose.PASSKEY, "passkey")
    if page is None:
        return Answer(key="mfa.how_to_passkey")
    return Answer(Step(records=(taken,)) + page.step, key="mfa.passkey_link", facts={"link": page.url})


_DEEDS: Final[Mapping[str, Callable[[Call], Awaitable[Answer]]]] = {
    "on": _on,
    "test": _test,
    "recovery": _recovery,
    "reset": _reset,
    "off": _reset,
    "keep": _keep,
    "list": _list,
    "passkey": _passkey,
}
