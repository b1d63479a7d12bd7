"""A commit whose answer is lost may be durable: what it says is sent without waiting for something else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from paybridge.commands._dispatch import Dispatcher
from paybridge.commands._frame import commands
from paybridge.services.outcomes import Outcomes
from paybridge.services.ports import BookUnavailableError, Step
from tests.fakes.house import ALICE, House, direct, keys

if TYPE_CHECKING:
    from paybridge.storage.book import SqlBook


class CutOffBook:
    """Writes every step, and is cut off before it can say so."""

    def __init__(self, book: SqlBook) -> None:
        self._book = book

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the book has
        return getattr(self._book, name)

    async def commit(self, step: Step) -> None:
        await self._book.commit(step)
        raise BookUnavailableError


class CountedRings:
    def __init__(self) -> None:
        self.rings = 0

    def ring(self) -> None:
        self.rings += 1


async def test_a_reply_that_may_be_written_is_looked_for(house: House) -> None:
    rung = CountedRings()
    desk = replace(house.desk, book=CutOffBook(house.book))
    house.dispatcher = Dispatcher(desk, commands(), rung)
    with pytest.raises(BookUnavailableError):
        await house.hear(ALICE, "!help", direct(ALICE))

    assert keys(await house.said()) == ["help.all"]
    assert rung.rings == 1


async def test_an_outcome_that_may_be_written_is_looked_for(house: House) -> None:
    rung = CountedRings()
    desk = house.desk
    outcomes = Outcomes(
        CutOffBook(house.book), desk.vault, house.clock, desk.settings, desk.news, desk.requests, rung,
        jitter=lambda: 0,
    )  # fmt: skip
    with pytest.raises(BookUnavailableError):
        await outcomes.commit(Step())

    assert rung.rings == 1
