"""Operators see and steer the house from their room: rails, comparisons, the ledger's audit, its export."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.services.administration import MOST_EXPORTED
from paybridge.texts import Texts
from paybridge.texts.statement_files import make_file
from tests.fakes.database import ask_raw
from tests.fakes.house import ADA, ALICE, BOB, DINNER, OFFICE, ROOT, House, keys, words

if TYPE_CHECKING:
    import pytest

    from paybridge.domain.month import Month
    from tests.fakes.house import Standing


async def test_a_paused_rail_takes_no_new_payment_and_no_approval_and_what_is_on_its_way_goes_on(
    house: House,
) -> None:
    await house.link(ALICE)
    await house.link(BOB, "DE02120300000000202051")
    await house.hear(ALICE, "!topup 9 EUR")
    await house.hear(ALICE, "!yes")
    await house.hear(ALICE, "!topup 5 EUR")
    paused = await house.hear(ROOT, "!admin rails pause bank", OFFICE)
    again = await house.hear(ADA, "!admin rails pause bank", OFFICE)
    confirmed = await house.hear(ALICE, "!yes")
    drafted = await house.hear(ALICE, f"!pay {BOB} 20 EUR", DINNER)
    out = await house.hear(ALICE, "!cashout 5 EUR")
    carried = await house.carry()
    from_balance = await house.hear(ALICE, f"!pay {BOB} 2 EUR", DINNER)
    told = words(await house.hear(ADA, "!admin rails", OFFICE))
    status = words(await house.hear(ADA, "!admin status", OFFICE))
    resumed = await house.hear(ADA, "!admin rails resume bank", OFFICE)

    assert keys(paused) == ["admin.paused"]
    assert keys(again) == ["error.paused_already"]
    assert keys(confirmed) == ["error.rail_paused"]
    assert drafted[-1].key == "error.rail_paused"
    assert out[-1].key == "error.rail_paused"
    assert "topup.receipt" in keys(carried)
    assert await house.balance(ALICE) == 900
    assert from_balance[-1].key == "pay.card"
    assert f"bank takes no new payments, since Mar 2, 2026 09:00 UTC by {ROOT}" in told
    assert f"Takes no new payments: bank, paused by {ROOT}" in status
    assert keys(resumed) == ["admin.resumed"]
    assert (await house.hear(ALICE, "!cashout 5 EUR"))[-1].key == "cashout.card"
    assert keys(await house.hear(ADA, "!admin rails resume bank", OFFICE)) == ["error.paused_already"]


async def test_rails_that_are_not_there_and_half_orders_change_nothing(house: House) -> None:
    for line, key in (
        ("rails pause gold", "error.no_such_rail"),
        ("rails pause", "error.what_about_rails"),
        ("rails burn bank", "error.what_about_rails"),
        ("reconcile gold", "error.no_such_rail"),
        ("export", "error.which_month"),
        ("export nonsense", "error.which_month"),
    ):
        assert keys(await house.hear(ROOT, f"!admin {line}", OFFICE)) == [key]
    assert await ask_raw(house.database, "SELECT count(*) FROM act") == [(0,)]
    assert await house.book.admin.paused() == []


async def test_the_books_are_audited_and_compared_at_once_and_the_log_keeps_what_came_of_it(
    house: House,
) -> None:
    await house.link(ALICE)
    await house.fund(ALICE, 500)
    sound = await house.hear(ROOT, "!admin audit", OFFICE)
    compared = await house.hear(ROOT, "!admin reconcile", OFFICE)
    one = await house.hear(ROOT, "!admin reconcile bank", OFFICE)
    status = words(await house.hear(ADA, "!admin status", OFFICE))

    assert "The books are sound: 2 journals" in words(sound)
    assert words(compared) == words(one)
    assert "bank: 3 orders agree, 1 are under way, 0 differ" in words(compared)
    assert "Last !admin audit: Mar 2, 2026 09:00 UTC, 0 wrong of 2" in status
    assert "Last !admin reconcile: Mar 2, 2026 09:00 UTC, bank: 0" in status


async def test_the_books_of_a_month_come_as_a_file(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    (said,) = await house.hear(ROOT, "!admin export 2026-02", OFFICE)
    made = make_file(Texts(), said)

    async def too_long(_: Standing, _month: Month, most: int) -> None:
        assert most == MOST_EXPORTED

    monkeypatch.setattr("tests.fakes.house.Standing.export", too_long)
    (refused,) = await house.hear(ROOT, "!admin export 2026-02", OFFICE)

    assert (said.key, said.file, said.room) == ("admin.exported", "beancount", OFFICE)
    assert (made.name, made.mimetype) == ("paybridge-2026-02.beancount", "text/plain")
    assert made.data == b"; the books of 2026-02\n"
    assert refused.key == "error.too_much_to_export"
