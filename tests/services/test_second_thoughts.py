"""A rail that thinks again about an order that was over is asked, and what follows is booked and told."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from paybridge.domain.leg import LegState
from paybridge.domain.money import Money
from paybridge.domain.transfer import TransferState
from paybridge.services.courier import Courier
from paybridge.services.ports import RailEvent, StaleError
from paybridge.storage.book import SqlBook
from tests.fakes.database import ask_raw
from tests.fakes.house import ALICE, BOB, DINNER, keys, words
from tests.fakes.rail import SETTLES, Script, refuses

if TYPE_CHECKING:
    from tests.fakes.house import House

OVER = [(SETTLES, LegState.SETTLED), (refuses("insufficient_funds"), LegState.REFUSED)]


async def a_payment_that_is_over(house: House, script: Script = SETTLES, *, enrolled: bool = True) -> str:
    """Alice's payment of 5 EUR to Bob, as far as the rail lets it go; returns its id."""
    house.rail.script = script
    await house.link(ALICE)
    if enrolled:
        await house.link(BOB, "DE02120300000000202051")
    (card,) = await house.hear(ALICE, f"!pay {BOB} 5 EUR", DINNER)
    await house.hear(ALICE, "!yes", DINNER)
    await house.carry()
    return str(card.facts["payment"])


async def balances(house: House) -> tuple[int, int]:
    return await house.balance(ALICE), await house.balance(BOB)


async def ledger(house: House, kind: str) -> dict[str, int]:
    """The balances of accounts of one kind that are not zero, by owner; people by their Matrix id."""
    found = await ask_raw(
        house.database,
        "SELECT kind, coalesce(mxid, owner), balance FROM account"
        " LEFT JOIN identity ON identity.person = owner WHERE balance <> 0",
    )
    return {owner: balance for of_kind, owner, balance in found if of_kind == kind}


async def states(house: House, payment: str) -> tuple[TransferState, LegState]:
    transfer, leg = await house.book.transfer(payment), await house.book.leg_by_reference(f"{payment}/1")
    assert transfer is not None
    assert leg is not None
    assert leg.due is None
    return transfer.state, leg.state


async def news(house: House, payment: str, says: str | None = None) -> list[str]:
    """A webhook has come, and what follows is done."""
    await house.reconciler.hint(RailEvent("event", f"{payment}/1", says))
    return keys(await house.carry())


# ---------------------------------------------------------------- taken back


async def test_what_a_rail_takes_back_is_taken_from_whoever_got_it(house: House) -> None:
    payment = await a_payment_that_is_over(house)
    house.rail.take_back(f"{payment}/1")
    await house.reconciler.hint(RailEvent("event", f"{payment}/1", "reversed"))
    said = await house.carry()

    assert keys(said) == ["pay.reversed", "reversal.borne"]
    assert words(said[:1]) == (
        f"⚠ The bank has taken back 5.00 EUR of what Alice (@alice:hs) paid Bob (@bob:hs)."
        f" Whoever it concerns has a direct message. {payment}"
    )
    assert said[1].person == BOB
    assert "5.00 EUR has left your PayBridge balance." in words(said[1:])
    assert "you owe" not in words(said[1:])
    assert await balances(house) == (0, 0)
    assert await states(house, payment) == (TransferState.REVERSED, LegState.REVERSED)
    assert await ledger(house, "rail_clearing") == {}
    assert house.late_news.tally.reversals == 1
    assert keys(await house.hear(ALICE, f"!status {payment}")) == ["status.reversed"]
    assert "(taken back by the bank)" in words(await house.hear(ALICE, "!history"))


async def test_what_was_spent_meanwhile_is_owed(house: House) -> None:
    payment = await a_payment_that_is_over(house)
    await house.hear(BOB, "!cashout 3 EUR")
    await house.hear(BOB, "!yes")
    await house.carry()
    house.rail.take_back(f"{payment}/1")
    await house.reconciler.hint(RailEvent("event", f"{payment}/1"))
    said = await house.carry()

    assert "2.00 EUR has left your PayBridge balance." in words(said)
    assert "you owe 3.00 EUR" in words(said)
    assert await balances(house) == (0, 0)
    assert await ledger(house, "receivable") == {BOB: -300}


async def test_nobody_owes_what_came_in_while_it_was_worked_out(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = await a_payment_that_is_over(house)
    house.rail.take_back(f"{payment}/1")

    async def as_it_was(_: SqlBook, _person: str, currency: str) -> Money:
        return Money(200, currency)

    with monkeypatch.context() as patched:
        patched.setattr(SqlBook, "balance", as_it_was)
        early = await news(house, payment, "reversed")
    kept = await balances(house)
    later = keys(await house.carry())

    assert early == []
    assert kept == (0, 500)
    assert later == ["pay.reversed", "reversal.borne"]
    assert await ledger(house, "receivable") == {}


async def test_a_part_that_is_taken_back_leaves_the_rest(house: House) -> None:
    payment = await a_payment_that_is_over(house)
    house.rail.take_back(f"{payment}/1", 200)
    await news(house, payment)

    assert await balances(house) == (0, 300)
    assert await states(house, payment) == (TransferState.REVERSED, LegState.REVERSED)


async def test_what_had_been_refunded_is_taken_from_the_payer(house: House) -> None:
    payment = await a_payment_that_is_over(house)
    await house.hear(BOB, f"!refund {payment} 2")
    await house.hear(BOB, "!yes")
    house.rail.take_back(f"{payment}/1")
    await house.reconciler.hint(RailEvent("event", f"{payment}/1"))
    said = await house.carry()

    assert {say.person for say in said if say.key == "reversal.borne"} == {ALICE, BOB}
    assert await balances(house) == (0, 0)
    assert await ledger(house, "receivable") == {}
    assert keys(await house.hear(BOB, f"!refund {payment} 1")) == ["error.not_possible_now"]


async def test_unclaimed_money_is_taken_back_before_anybody_has_it(house: House) -> None:
    payment = await a_payment_that_is_over(house, enrolled=False)
    house.rail.take_back(f"{payment}/1", 400)
    said = await news(house, payment)
    await house.link(BOB, "DE02120300000000202051")

    assert said == ["pay.reversed"]
    assert keys(await house.hear(BOB, "!claim")) == ["error.nothing_to_claim"]
    assert await balances(house) == (100, 0)
    assert await ledger(house, "claimable") == {}


async def test_returned_money_is_taken_back_from_the_payer(house: House) -> None:
    payment = await a_payment_that_is_over(house, enrolled=False)
    await house.hear(BOB, f"!return {payment}")
    house.rail.take_back(f"{payment}/1")
    await news(house, payment)

    assert await balances(house) == (0, 0)
    assert await states(house, payment) == (TransferState.REVERSED, LegState.REVERSED)


async def test_a_topup_that_is_taken_back_and_a_cashout_that_comes_back(house: House) -> None:
    await house.link(ALICE)
    topup = str((await house.hear(ALICE, "!topup 9 EUR"))[0].facts["payment"])
    await house.hear(ALICE, "!yes")
    await house.carry()
    cashout = str((await house.hear(ALICE, "!cashout 4 EUR"))[0].facts["payment"])
    await house.hear(ALICE, "!yes")
    await house.carry()
    house.rail.take_back(f"{cashout}/1")
    back = await news(house, cashout)
    balance = await house.balance(ALICE)
    house.rail.take_back(f"{topup}/1")
    gone = await news(house, topup)

    assert (back, balance) == (["cashout.reversed"], 900)
    assert gone == ["topup.reversed", "reversal.borne"]
    assert await house.balance(ALICE) == 0
    assert await ledger(house, "rail_clearing") == {}
    assert keys(await house.hear(ALICE, f"!status {cashout}")) == ["status.cashout.reversed"]
    assert keys(await house.hear(ALICE, f"!status {topup}")) == ["status.topup.reversed"]


async def test_an_order_that_is_taken_back_before_we_heard_that_it_settled_is_refused(house: House) -> None:
    house.rail.script = Script(answers_execute=False)
    await house.link(ALICE)
    (card,) = await house.hear(ALICE, f"!pay {BOB} 5 EUR", DINNER)
    payment = str(card.facts["payment"])
    await house.hear(ALICE, "!yes", DINNER)
    await house.courier.settle_down()
    house.rail.take_back(f"{payment}/1")
    said = await news(house, payment)

    assert said[-2:] == ["pay.refused", "refused.other"]
    assert await states(house, payment) == (TransferState.REFUSED, LegState.REFUSED)


async def test_an_order_of_which_a_part_came_back_before_we_heard_of_it_settles_and_is_reversed(
    house: House,
) -> None:
    house.rail.script = Script(answers_execute=False)
    await house.link(ALICE)
    await house.link(BOB, "DE02120300000000202051")
    (card,) = await house.hear(ALICE, f"!pay {BOB} 5 EUR", DINNER)
    payment = str(card.facts["payment"])
    await house.hear(ALICE, "!yes", DINNER)
    await house.courier.settle_down()
    house.rail.take_back(f"{payment}/1", 100)
    await news(house, payment)
    await house.carry()

    assert await balances(house) == (0, 400)
    assert await states(house, payment) == (TransferState.REVERSED, LegState.REVERSED)


@pytest.mark.parametrize("back", [400, 100])
async def test_a_payout_that_came_back_before_we_heard_of_it_has_cost_its_fee(
    house: House, back: int
) -> None:
    await house.link(ALICE)
    await house.fund(ALICE, 900)
    house.rail.fee = 7
    house.rail.script = Script(answers_execute=False)
    cashout = str((await house.hear(ALICE, "!cashout 4 EUR"))[0].facts["payment"])
    await house.hear(ALICE, "!yes")
    await house.courier.settle_down()
    house.rail.take_back(f"{cashout}/1", back)
    said = await news(house, cashout)
    said += keys(await house.carry())

    assert said[-1] == "cashout.reversed"
    assert await states(house, cashout) == (TransferState.REVERSED, LegState.REVERSED)
    assert await house.balance(ALICE) == 900 - 407 + back


async def test_news_that_came_while_the_rail_was_away_is_not_lost(house: House) -> None:
    payment = await a_payment_that_is_over(house)
    house.rail.take_back(f"{payment}/1")
    house.rail.reachable = False
    quiet = await news(house, payment)
    house.rail.reachable = True
    house.clock.pass_by(timedelta(minutes=15))
    said = keys(await house.carry())

    assert quiet == []
    assert said == ["pay.reversed", "reversal.borne"]


async def test_who_is_told_of_it_a_moment_later_finds_that_it_is_booked(house: House) -> None:
    payment = await a_payment_that_is_over(house)
    leg, transfer = await house.book.leg_by_reference(f"{payment}/1"), await house.book.transfer(payment)
    assert leg is not None
    assert transfer is not None
    house.rail.take_back(leg.id)
    await news(house, payment)

    with pytest.raises(StaleError):
        await house.late_news.take(leg, transfer, await house.rail.query(leg.id, leg.handle))
    assert house.late_news.tally.reversals == 1


async def test_news_that_comes_while_the_order_is_in_hand_is_to_be_told_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = await a_payment_that_is_over(house)
    house.rail.take_back(f"{payment}/1")
    with monkeypatch.context() as patched:
        patched.setattr(Courier, "driving", property(lambda _: {f"{payment}/1"}))
        with pytest.raises(StaleError):
            await news(house, payment, "reversed")
        known = await news(house, payment, "settled")
    later = await news(house, payment, "reversed")

    assert known == []
    assert later == ["pay.reversed", "reversal.borne"]


# ---------------------------------------------------------------- moved late


async def test_what_a_rail_collects_after_it_refused_is_nobodys_until_somebody_decides(house: House) -> None:
    payment = await a_payment_that_is_over(house, refuses("insufficient_funds"))
    house.rail.move_late(f"{payment}/1")
    with capture_logs() as logs:
        said = await news(house, payment)

    assert said == ["late.collected"]
    assert [line["log_level"] for line in logs] == ["error"]
    assert await balances(house) == (0, 0)
    assert await ledger(house, "suspense") == {"bank": 500}
    assert await states(house, payment) == (TransferState.REFUSED, LegState.SUSPENDED)
    assert house.late_news.tally.suspensions == 1


async def test_what_a_rail_pays_out_after_it_refused_is_missing_until_somebody_decides(house: House) -> None:
    await house.link(ALICE)
    await house.fund(ALICE, 900)
    house.rail.script = refuses("account_closed")
    cashout = str((await house.hear(ALICE, "!cashout 4 EUR"))[0].facts["payment"])
    await house.hear(ALICE, "!yes")
    await house.carry()
    house.rail.move_late(f"{cashout}/1")
    await house.reconciler.hint(RailEvent("event", f"{cashout}/1"))
    said = await house.carry()

    assert [(say.key, say.person) for say in said] == [("late.paid_out", ALICE)]
    assert await house.balance(ALICE) == 900
    assert await ledger(house, "suspense") == {"bank": -400}


# ---------------------------------------------------------------- nothing new, or nonsense


@pytest.mark.parametrize(("script", "state"), OVER)
async def test_a_rail_that_still_says_the_same_alerts_nobody(
    house: House, script: Script, state: LegState
) -> None:
    payment = await a_payment_that_is_over(house, script)
    asked = len(house.rail.calls)
    with capture_logs() as logs:
        said = await news(house, payment) + await news(house, payment, state.value)

    assert (logs, said) == ([], [])
    assert house.late_news.tally.contradictions == 0
    # Only the webhook that did not say what the books say was worth a question.
    assert house.rail.calls[asked:] == [("query", f"{payment}/1")]


async def test_a_rail_that_forgets_what_it_settled_is_an_alert_and_moves_nothing(
    house: House,
) -> None:
    payment = await a_payment_that_is_over(house)
    before = await balances(house)
    house.rail.forget(f"{payment}/1")
    with capture_logs() as logs:
        said = await news(house, payment)

    assert [(line["log_level"], line["leg"]) for line in logs] == [("error", f"{payment}/1")]
    assert house.late_news.tally.contradictions == 1
    assert (await balances(house), said) == (before, [])
    assert await states(house, payment) == (TransferState.SETTLED, LegState.SETTLED)


async def test_more_than_the_order_cannot_come_back(house: House) -> None:
    payment = await a_payment_that_is_over(house)
    house.rail.take_back(f"{payment}/1", 501)
    said = await news(house, payment)

    assert said == []
    assert house.late_news.tally.contradictions == 1
    assert await balances(house) == (0, 500)


async def test_news_told_twice_is_booked_once(house: House) -> None:
    payment = await a_payment_that_is_over(house)
    house.rail.take_back(f"{payment}/1")
    await news(house, payment)
    said = await news(house, payment)

    assert said == []
    assert house.late_news.tally.reversals == 1
