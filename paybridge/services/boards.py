"""The board of a split: one message in the room, kept up to date, that says in words who has paid."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from paybridge.domain.facts import Fact, Facts, Who
from paybridge.domain.money import Money
from paybridge.domain.request import Request, RequestState
from paybridge.domain.split import Share, ShareState, Split, SplitState
from paybridge.services.news import called, names_in
from paybridge.services.notes import open_note
from paybridge.services.ports import Book, Rooms, Step, Vault
from paybridge.services.says import Say
from paybridge.services.told import without_amounts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paybridge.domain.people import Person
    from paybridge.services.policies import Policies
    from paybridge.services.settings import Settings

STANDS: Final = ("own", "cash", "left_out", "open", "paid", "declined", "expired", "cancelled")
"""Each has a sentence of its own on the board."""


class Boards:
    """Makes the board of a split from the book, or from what is about to be written."""

    def __init__(
        self, book: Book, vault: Vault, rooms: Rooms, settings: Settings, policies: Policies
    ) -> None:
        self._book = book
        self._vault = vault
        self._rooms = rooms
        self._settings = settings
        self._policies = policies

    async def after(self, changed: Request) -> tuple[Step, tuple[Say, ...]] | None:
        """What a request's new state means for the split that it belongs to; None if it belongs to none.

        The split is a part of the step: of two changes in the same moment, the second one is decided again.
        """
        share = await self._book.share_asked_by(changed.id)
        split = await self._book.split(share.split) if share is not None else None
        if split is None or split.state is not SplitState.OPEN:
            return None
        shares = await self._book.shares(split.id)
        requests = {**await self.requests(shares), changed.id: changed}
        now = settled(split, shares, requests)
        return Step(records=(now,)), await self.show(now, shares, requests)

    async def requests(self, shares: Sequence[Share]) -> Mapping[str, Request]:
        """The requests by which the shares are asked for, by id."""
        found = [await self._book.request(share.request) for share in shares if share.request is not None]
        return {request.id: request for request in found if request is not None}

    async def show(
        self,
        split: Split,
        shares: Sequence[Share],
        requests: Mapping[str, Request],
        *,
        ping: bool = False,
    ) -> tuple[Say, ...]:
        """The board as it is once `split` is written; whoever is asked is pinged if `ping`."""
        payer = await self._book.person(split.payer)
        language = (payer.language if payer else None) or self._settings.language
        names = await names_in(self._rooms, split.room, *(share.mxid for share in shares))
        facts = self.facts(split, shares, requests, names, payer)
        waiting = tuple(share.mxid for share in shares if stands(share, requests) == "open")
        board = Say(
            id=f"{split.id}/board/{split.version}",
            key=f"split.{split.state}",
            language=language,
            room=split.room,
            facts=facts,
            slot=split.id,
            notify=waiting if ping else (),
            about=about_split(split, shares, requests),
        )
        if not await self._policies.hides_amounts(split.room):
            return (board,)
        hidden = replace(board, key=f"split.private.{split.state}", about=without_amounts(board.about or {}))
        own = replace(
            board,
            id=f"{board.id}/own",
            room=None,
            person=split.payer_mxid,
            slot=f"{split.id}/{split.payer_mxid}",
            notify=(),
        )
        return replace(hidden, facts=_without_sums(facts)), own

    def facts(
        self,
        split: Split,
        shares: Sequence[Share],
        requests: Mapping[str, Request],
        names: Mapping[str, str | None],
        payer: Person | None,
    ) -> Facts:
        """What the board says: the sum, each share and where it stands, what is in and what is open."""
        note = open_note(self._vault, payer, split.note) if payer else None
        words: tuple[Facts, ...] = ({"words": note},) if note else ()
        what: tuple[Facts, ...] = ({"amount": split.amount, "note": words},)
        nothing = Money.zero(split.amount.currency)
        stand = {share.id: stands(share, requests) for share in shares}
        paid = [share.amount for share in shares if stand[share.id] in {"paid", "cash"}]
        asked = [share.amount for share in shares if stand[share.id] not in {"own", "left_out"}]
        return {
            "payment": split.id,
            "payer": Who(split.payer_mxid, names.get(split.payer_mxid)),
            "payer_name": called(split.payer_mxid, names),
            "amount": split.amount,
            "note": words,
            "bill": () if split.trip else what,
            "dues": what if split.trip else (),
            "shares": tuple(_row(share, stand[share.id], names) for share in _in_order(shares)),
            "paid": sum(paid, nothing),
            "asked": sum(asked, nothing),
        }


def stands(share: Share, requests: Mapping[str, Request]) -> str:
    """Where a share stands, as one of `STANDS`; an accepted one is open until it is paid."""
    request = requests.get(share.request or "")
    if share.state is not ShareState.ASKED or request is None:
        return share.state.value
    return RequestState.OPEN.value if request.state is RequestState.ACCEPTED else request.state.value


def settled(split: Split, shares: Sequence[Share], requests: Mapping[str, Request]) -> Split:
    """The split, which is settled once everybody's share is paid or carried."""
    over = {"own", "cash", "left_out", "paid"}
    if all(stands(share, requests) in over for share in shares):
        return replace(split, state=SplitState.SETTLED)
    return split


def about_split(
    split: Split, shares: Sequence[Share], requests: Mapping[str, Request]
) -> Mapping[str, object]:
    """The content of `org.paybridge.payment` of a split, for programs."""
    return {
        "v": 1,
        "id": split.id,
        "kind": "split",
        "state": split.state.value,
        "amount": {"value": split.amount.plain(), "currency": split.amount.currency},
        "payee": split.payer_mxid,
        "shares": [
            {"payer": share.mxid, "request": share.request, "state": stands(share, requests)}
            for share in _in_order(shares)
        ],
    }


def _in_order(shares: Sequence[Share]) -> list[Share]:
    return sorted(shares, key=lambda share: (share.state is not ShareState.OWN, share.mxid))


def _row(share: Share, stand: str, names: Mapping[str, str | None]) -> Facts:
    said: dict[str, Fact] = {
        "who": Who(share.mxid, names.get(share.mxid)),
        "amount": share.amount,
        "odd": ({"odd": Money(1, share.amount.currency)},) if share.odd else (),
    }
    told: Facts = {"request": share.request or ""}
    return {**said, **{name: (told,) if name == stand else () for name in STANDS}}


def _without_sums(facts: Facts) -> Facts:
    kept = {name: facts[name] for name in ("payment", "payer", "payer_name")}
    rows = facts["shares"]
    assert isinstance(rows, tuple)  # made above
    shown = ("who", *STANDS)
    return {**kept, "shares": tuple({name: row[name] for name in shown} for row in rows)}
