"""`!history`: a person's payments, newest first, told to them alone."""

from __future__ import annotations

from dataclasses import replace

from paybridge.commands._frame import (
    EVERYTHING,
    NOBODY,
    Answer,
    Bookmark,
    Call,
    Fact,
    Facts,
    Mark,
    Place,
    Request,
    Role,
    Sort,
    Sought,
    Step,
    Transfer,
    TransferKind,
    UnknownPayeeError,
    UserError,
    command,
    read_person,
    read_search,
    with_full_ids,
)

PAGE = 10
MOST_NAMESAKES = 50
AS_A_FILE = frozenset({"export", "csv", "pdf", "导出"})
UNUSUAL = (
    "awaiting_approval", "under_way", "unsure", "claimable", "returned", "refused", "cancelled", "expired",
    "reversed",
)  # fmt: skip
"""States that a line of history names; settled and claimed payments need no word."""
OF_REQUESTS = ("open", "accepted", "paid", "declined")
"""States that only requests have."""


class NotSoughtError(UserError):
    """The words are nothing that can be looked for."""

    key = "error.not_sought"

    def __init__(self, *, typed: str) -> None:
        super().__init__(typed=typed)
        self._wants_a_file = not AS_A_FILE.isdisjoint(typed.casefold().split())

    def lines(self) -> tuple[str, ...]:
        return ("!statement csv", "!statement pdf") if self._wants_a_file else ()


@command(
    "history",
    usage="[@someone] [2026-10] [here] [sent | received | requests | refunds | topups | cashouts] | more",
    examples=("!history", "!history @bob:example.org october", "!history refunds here", "!history more"),
    aliases=("记录",),
    place=Place.ANSWERED_DIRECTLY,
    role=Role.RECEIVE,
)
async def history(call: Call) -> Answer:
    """The newest payments of those that are looked for, or those behind the last page."""
    me = call.speaker.person.id
    kept = await call.desk.book.bookmark(me)
    line = with_full_ids(call.words, call.spoken.pills)
    zone = await call.zone_name()
    search = read_search(line, call.language, call.today(zone))
    goes_on = line != "" and search.more
    if goes_on and kept is None:
        return Answer(key="history.end")
    if goes_on and kept is not None:
        sought, after = kept.sought, kept.mark
    else:
        other_person = await _other(call, search.who) if search.who else None
        room = call.room.id if search.here else None
        sought, after = Sought(other_person, search.month, room, search.sort, zone), None
    found = await _found(call, sought, after)
    if not found:
        return Answer(key="history.end" if goes_on else _nothing(sought))
    rows = [await _row(call, each) for each in found[:PAGE]]
    last = found[:PAGE][-1]
    mark = Mark(last.created, last.id)
    place = Bookmark(me, sought, mark, kept.version if kept else 0)
    other = await _mxid_of(call, sought.other) if sought.other else ""
    facts = _title(sought, len(rows), other, goes_on=goes_on) | {
        "rows": tuple(rows),
        "more": ({},) if len(found) > PAGE else (),
    }
    return Answer(Step(records=(place,)), key="history.page", facts=facts)


def _nothing(sought: Sought) -> str:
    return "history.empty" if _is_everything(sought) else "history.none"


def _is_everything(sought: Sought) -> bool:
    return sought == replace(EVERYTHING, zone=sought.zone)


async def _found(call: Call, sought: Sought, after: Mark | None) -> tuple[Transfer | Request, ...]:
    """A page, and one more if there are more."""
    book = call.desk.book
    found: list[Transfer | Request] = []
    for one in await _mine(call):
        if sought.sort is Sort.REQUESTS:
            found += await book.history_of_requests(one, PAGE + 1, sought, after)
        else:
            found += await book.history(one, PAGE + 1, sought, after)
    return tuple(sorted(found, key=lambda each: (each.created, each.id), reverse=True)[: PAGE + 1])


async def _mine(call: Call) -> tuple[str, ...]:
    """Who the speaker is in the books: also what their ghosts were before they were theirs."""
    me = call.speaker.person.id
    return (me, *await call.desk.book.ties.formers(me))


async def _other(call: Call, typed: str) -> str:
    """The person who is looked for: somebody of this room, or a payment partner; "" if nobody knows them."""
    try:
        mxid = read_person(typed, await call.people())
    except UnknownPayeeError as error:
        return await _partner(call, typed, error)
    found = await call.desk.book.person_of(mxid)
    return "" if found is None else found.id


async def _partner(call: Call, typed: str, error: UnknownPayeeError) -> str:
    """The one person of this localpart whom the speaker has paid or been paid by."""
    localpart = typed.removeprefix("@")
    if localpart == typed or not localpart or len(localpart.split()) > 1:
        raise NotSoughtError(typed=typed[:40]) from error
    me, book = call.speaker.person.id, call.desk.book
    namesakes = await book.namesakes(localpart, MOST_NAMESAKES)
    people = {person.id for mxid in namesakes if (person := await book.person_of(mxid)) is not None}
    paid = [person for person in people if await book.history(me, 1, Sought(person))]
    if len(paid) != 1:
        raise NotSoughtError(typed=typed[:40]) from error
    return paid[0]


async def _mxid_of(call: Call, person: str) -> str:
    """How somebody is called, of whom no more is kept than the id."""
    return next(iter(await call.desk.book.mxids_of(person)), NOBODY)


def _title(sought: Sought, count: int, other: str, *, goes_on: bool) -> dict[str, Fact]:
    """What the page lists, each part there or not."""
    latest = _is_everything(sought) and not goes_on
    kinds: dict[str, Fact] = {sort.value: ({},) if sort is sought.sort else () for sort in Sort}
    return kinds | {
        "latest": ({"count": count},) if latest else (),
        "all": ({},) if sought.sort is None and not latest else (),
        "other": ({"who": other},) if other else (),
        "month": ({"month": sought.month},) if sought.month else (),
        "here": ({},) if sought.room else (),
        "continued": ({},) if goes_on else (),
    }


async def _row(call: Call, found: Transfer | Request) -> Facts:
    """One line of the page."""
    state = found.state.value if isinstance(found, Request) else await call.desk.overview.state_of(found)
    told: dict[str, Fact] = {shown: ({},) if shown == state else () for shown in (*UNUSUAL, *OF_REQUESTS)}
    told |= {"at": found.created, "payment": found.id}
    mine = await _mine(call)
    if isinstance(found, Request):
        return told | _of_request(mine, found)
    outgoing = found.payer in mine
    person, mxid = (found.payee, found.payee_mxid) if outgoing else (found.payer, found.payer_mxid)
    side = await call.side(person, mxid)
    return told | _of_transfer(found, side if isinstance(side, str) else mxid, outgoing=outgoing)


def _of_transfer(transfer: Transfer, other: str, *, outgoing: bool) -> dict[str, Fact]:
    """The amount is signed as the person's balance or account feels it."""
    own = not transfer.kind.between_people
    return {
        "amount": transfer.amount if own or not outgoing else -transfer.amount,
        "topup": ({},) if transfer.kind is TransferKind.TOPUP else (),
        "cashout": ({},) if transfer.kind is TransferKind.CASHOUT else (),
        "refund": ({"original": transfer.original},) if transfer.original else (),
        "to": ({"who": other},) if not own and outgoing else (),
        "by": ({"who": other},) if not own and not outgoing else (),
        "asked": (),
        "asked_by": (),
        "part": (),
    }


def _of_request(mine: tuple[str, ...], request: Request) -> dict[str, Fact]:
    made = request.asker in mine
    nothing: dict[str, Fact] = {"topup": (), "cashout": (), "refund": (), "to": (), "by": ()}
    return nothing | {
        "amount": request.shown,
        "asked": ({"who": request.asked_mxid},) if made else (),
        "part": ({"sum": request.paid_so_far, "whole": request.amount},) if request.paid_in_part else (),
        "asked_by": () if made else ({"who": request.asker_mxid},),
    }
