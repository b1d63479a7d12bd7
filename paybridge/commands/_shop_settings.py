"""What an owner sets of a shop: when it is open, where its money goes, who acts for it; and its log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paybridge.commands._frame import (
    Answer,
    Call,
    Facts,
    PayeeMissingError,
    UnknownPayeeError,
    UserError,
    read_who,
)
from paybridge.commands._shop_words import (
    ActOfShop,
    is_right,
    opens_next,
    read_hours,
    read_rights,
    rights_facts,
)

if TYPE_CHECKING:
    from paybridge.commands._frame import (
        Known,
    )
    from paybridge.commands._shop_words import (
        Right,
        Shop,
    )

HOURS: Final = frozenset({"hours", "营业时间"})
STAFF: Final = frozenset({"staff", "员工"})
ACCOUNT: Final = frozenset({"account", "账户"})
LOG: Final = frozenset({"log", "记录"})
SETTINGS: Final = HOURS | STAFF | ACCOUNT | LOG
_REMOVE: Final = frozenset({"remove", "删"})
_ALWAYS: Final = frozenset({"always", "any", "全天"})
_BALANCE: Final = frozenset({"balance", "off", "none", "余额"})


class StaffNotFoundError(UserError):
    """Nobody here is called so, and it is no Matrix id."""

    key = "error.staff_not_found"

    def __init__(self, *, typed: str) -> None:
        super().__init__(typed=typed)

    def lines(self) -> tuple[str, ...]:
        return ("!shop staff @bob:example.org serve refund",)


async def change(call: Call) -> Answer | None:
    """Set what the words say; None if they only name it, to be told."""
    word = call.first.casefold()
    if word in LOG:
        return await _log(call)
    if not call.rest:
        return None
    if word in HOURS:
        return await _hours(call)
    return await (_account(call) if word in ACCOUNT else _staff(call))


async def told(call: Call, shop: Shop) -> Facts:
    """What `!shop` says of these."""
    desk, me = call.desk, call.speaker.person
    zone = await desk.stock.zone(me.id)
    opens = opens_next(shop, desk.clock.now(), zone)
    direct = [link.masked for link in await desk.book.links(me.id) if link.takes_direct]
    return {
        "hours": ({"words": shop.hours, "zone": zone},) if shop.hours else (),
        "always": () if shop.hours else ({"zone": zone},),
        "opens": ({"at": opens},) if opens else (),
        "account": tuple({"account": masked} for masked in direct),
        "balance": () if direct else ({},),
        "staff": tuple(
            {"who": call.who(mxid), **rights_facts(rights)}
            for mxid, rights in await desk.staffing.staff_of(shop)
        ),
    }


async def _hours(call: Call) -> Answer:
    hours = None if call.rest.casefold() in _ALWAYS else read_hours(call.rest)
    step = await call.desk.shops.open_at(call.speaker, hours)
    zone = await call.desk.stock.zone(call.speaker.person.id)
    facts: Facts = {
        "hours": ({"words": str(hours), "zone": zone},) if hours else (),
        "always": () if hours else ({},),
    }
    return Answer(step + await call.desk.staffing.changed(call.speaker), key="shop.hours", facts=facts)


async def _account(call: Call) -> Answer:
    """The same choice as that of `!accounts direct`."""
    linking, noted = call.desk.linking, await call.desk.staffing.changed(call.speaker)
    if call.rest.casefold() in _BALANCE:
        return Answer(await linking.choose_none_direct(call.speaker) + noted, key="link.none_direct")
    changed = await linking.choose_direct(call.speaker, call.rest)
    return Answer(changed.step + noted, key="link.direct", facts={"account": changed.link.masked})


async def _staff(call: Call) -> Answer:
    first, _, behind = call.rest.partition(" ")
    if first.casefold() in _REMOVE:
        other = await _person(call, behind)
        step, say = await call.desk.staffing.dismiss(call.speaker, other)
        return Answer(step, key="shop.staff_gone", facts={"who": call.who(other.mxid)}, says=(say,))
    named, rights = _apart(call.rest)
    other = await _person(call, named)
    step, say = await call.desk.staffing.hire(call.speaker, other, rights)
    facts: Facts = {"who": call.who(other.mxid), **rights_facts(rights)}
    return Answer(step, key="shop.staff", facts=facts, says=(say,))


async def _person(call: Call, words: str) -> Known:
    try:
        who = read_who(words, await call.people())
    except (UnknownPayeeError, PayeeMissingError) as error:
        raise StaffNotFoundError(typed=words[:40]) from error
    return await call.desk.people.know(who)


def _apart(words: str) -> tuple[str, frozenset[Right]]:
    """Who is named, and the rights behind: what is no right is a part of a name, but for a full id."""
    typed = words.split()
    names = 1
    if not typed[0].startswith("@"):
        names = len(typed)
        while names > 1 and is_right(typed[names - 1]):
            names -= 1
    return " ".join(typed[:names]), read_rights(typed[names:])


async def _log(call: Call) -> Answer:
    zone = await call.zone()
    rows: tuple[Facts, ...] = tuple(
        {
            "at": done.act.at.astimezone(zone),
            "who": call.who(done.actor) if done.actor else "?",
            **{
                what.value: ({"about": done.about or "?"},) if done.act.what is what else ()
                for what in ActOfShop
            },
        }
        for done in await call.desk.staffing.log(call.speaker)
    )
    return Answer(key="shop.log" if rows else "shop.log_empty", facts={"acts": rows})
