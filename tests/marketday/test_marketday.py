"""A small market day on a real homeserver; `make marketday` plays a whole one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paybridge.demo.homeserver import Homeserver
from tests.marketday.day import Size, play
from tests.marketday.square import GIG

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
async def test_books_bank_and_stock_agree_after_a_day_on_which_the_bot_was_killed(tmp_path: Path) -> None:
    async with Homeserver(tmp_path / "homeserver") as homeserver:
        verdict = await play(homeserver, tmp_path, Size(shops=3, people=8, orders=80), 4711, print)

    assert not verdict.wrong, "\n".join(verdict.wrong)
    assert verdict.orders == 80
    assert verdict.paid
    assert verdict.sold_out + verdict.paid == verdict.orders
    assert verdict.refunded
    assert verdict.tickets_sold == verdict.let_in == GIG.stock < verdict.tickets
