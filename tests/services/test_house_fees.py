"""What the house takes stands on the card, is booked with the payment, and the books still sum."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from paybridge.domain.fee import Fee
from paybridge.domain.leg import LegKind, LegState
from paybridge.domain.region import Region
from paybridge.services.ports import RailEvent
from paybridge.storage.audit import audit
from tests.fakes.database import ask_raw
from tests.fakes.house import ALICE, BOB, CAROL, DINNER, House, direct, keys, open_house, words
from tests.fakes.rail import refuses
from tests.fakes.records import euros

REGION = Region(fees={"EUR": Fee(flat=euros(10), basis_points=50, least=euros(0), most=None)})
FEE = 15  # of 10 EUR: 10 cents and half a percent


@pytest.fixture
async def charging(tmp_path: Path) -> AsyncIterator[House]:
    """Whatever a test does, the books must pass the audit at its end."""
    opened = await open_house(tmp_path, region=REGION)
    await opened.link(ALICE)
    yield opened
    await opened.database.close()

    assert audit(f"sqlite+aiosqlite:///{tmp_path / 'paybridge.db'}").problems == ()


async def taken(house: House) -> int:
    """What the house has taken so far."""
    rows = await ask_raw(house.database, "SELECT balance FROM account WHERE owner = 'house' AND kind = 'fee'")
    return sum(int(balance) for (balance,) in rows)


async def enrol(house: House) -> None:
    await house.link(BOB, "DE02120300000000202051")


async def test_the_card_shows_fee_and_total_before_anything_is_approved(charging: House) -> None:
    charging.rail.fee = 25
    (card,) = await charging.hear(ALICE, f"!pay {BOB} 10 EUR", DINNER)

    assert "Fee 0.40 EUR" in words([card])
    assert "10.40 EUR" in words([card])
    assert await taken(charging) == 0


async def test_from_the_balance_one_journal_books_payment_and_fee(charging: House) -> None:
    await enrol(charging)
    await charging.fund(ALICE, 2000)
    await charging.hear(ALICE, f"!pay {BOB} 10 EUR", DINNER)
    assert keys(await charging.hear(ALICE, "!yes", DINNER)) == ["pay.receipt"]
    lines = await ask_raw(
        charging.database,
        "SELECT account.kind, entry.amount FROM journal JOIN entry ON entry.journal = journal.id"
        " JOIN account ON account.id = entry.account WHERE journal.kind = 'book' ORDER BY journal.id, line",
    )

    assert lines[-3:] == [("person", -1000 - FEE), ("person", 1000), ("fee", FEE)]
    assert (await charging.balance(ALICE), await charging.balance(BOB)) == (1000 - FEE, 1000)
    assert await taken(charging) == FEE


async def test_a_balance_that_covers_the_amount_but_not_the_fee_does_not_pay(charging: House) -> None:
    await charging.fund(ALICE, 1000)
    said = await charging.hear(ALICE, f"!pay {BOB} 10 EUR from balance", DINNER)

    assert keys(said)[-1] == "error.not_enough_balance"
    assert "10.15 EUR" in words(said)


async def test_from_an_account_the_rail_brings_in_what_the_house_takes_too(charging: House) -> None:
    await enrol(charging)
    await charging.hear(ALICE, f"!pay {BOB} 10 EUR", DINNER)
    await charging.hear(ALICE, "!yes", DINNER)
    assert keys(await charging.carry()) == ["pay.receipt"]

    assert [order.amount.minor for order in charging.rail.moved] == [1000 + FEE]
    assert (await charging.balance(ALICE), await charging.balance(BOB)) == (0, 1000)
    assert await taken(charging) == FEE


async def test_what_the_rail_refuses_costs_nothing(charging: House) -> None:
    charging.rail.script = refuses("insufficient_funds")
    await charging.hear(ALICE, f"!pay {BOB} 10 EUR", DINNER)
    await charging.hear(ALICE, "!yes", DINNER)
    await charging.carry()

    assert await taken(charging) == 0
    assert await charging.balance(ALICE) == 0


async def test_each_payment_of_a_card_for_several_has_its_fee(charging: House) -> None:
    await enrol(charging)
    (card,) = await charging.hear(ALICE, f"!pay {BOB} {CAROL} 10 EUR each", DINNER)
    await charging.hear(ALICE, "!yes", DINNER)
    await charging.carry()

    assert "0.30 EUR" in words([card])
    assert "20.30 EUR" in words([card])
    assert await taken(charging) == 2 * FEE


async def test_where_the_house_takes_a_fee_nobody_is_paid_past_the_books(charging: House) -> None:
    charging.rail.flows |= {LegKind.DIRECT}
    await enrol(charging)
    assert keys(await charging.hear(BOB, "!accounts direct 1")) == ["link.direct"]
    await charging.hear(ALICE, f"!pay {BOB} 10 EUR", DINNER)
    await charging.hear(ALICE, "!yes", DINNER)
    await charging.carry()

    assert [(order.kind, order.amount.minor) for order in charging.rail.moved] == [
        (LegKind.COLLECT, 1000 + FEE)
    ]
    assert await charging.balance(BOB) == 1000


async def test_unclaimed_money_goes_back_without_the_fee(charging: House) -> None:
    await charging.hear(ALICE, f"!pay {BOB} 10 EUR", DINNER)
    await charging.hear(ALICE, "!yes", DINNER)
    await charging.carry()
    await charging.hear(ALICE, "!undo", DINNER)

    assert await charging.balance(ALICE) == 1000
    assert await taken(charging) == FEE


async def test_topups_cashouts_and_refunds_are_free(charging: House) -> None:
    await enrol(charging)
    await charging.fund(ALICE, 3000)
    await charging.hear(ALICE, f"!pay {BOB} 10 EUR", DINNER)
    (receipt,) = await charging.hear(ALICE, "!yes", DINNER)
    assert await taken(charging) == FEE
    (refund,) = await charging.hear(BOB, f"!refund {receipt.facts['payment']}", DINNER)
    assert "Fee 0.00 EUR" in words([refund])
    await charging.hear(BOB, "!yes", DINNER)
    await charging.hear(ALICE, "!cashout 5 EUR", direct(ALICE))
    await charging.hear(ALICE, "!yes", direct(ALICE))
    await charging.carry()

    assert await charging.balance(ALICE) == 3000 - FEE - 500
    assert await taken(charging) == FEE


@pytest.mark.parametrize("enrolled", [True, False])
async def test_a_chargeback_is_borne_by_who_has_it_and_the_fee_by_the_payer(
    charging: House, *, enrolled: bool
) -> None:
    if enrolled:
        await enrol(charging)
    (card,) = await charging.hear(ALICE, f"!pay {BOB} 10 EUR", DINNER)
    await charging.hear(ALICE, "!yes", DINNER)
    await charging.carry()
    payment = str(card.facts["payment"])
    charging.rail.take_back(f"{payment}/1")
    await charging.reconciler.hint(RailEvent("back", f"{payment}/1"))
    await charging.carry()
    leg = await charging.book.leg_by_reference(f"{payment}/1")
    owed = await ask_raw(charging.database, "SELECT balance FROM account WHERE kind = 'receivable'")

    assert leg is not None
    assert (leg.state, leg.taken_back) == (LegState.REVERSED, 1000 + FEE)
    assert (await charging.balance(ALICE), await charging.balance(BOB)) == (0, 0)
    assert owed == [(-FEE,)]
    assert await taken(charging) == FEE


async def test_another_fee_makes_another_code(charging: House) -> None:
    (card,) = await charging.hear(ALICE, f"!pay {BOB} 10 EUR", DINNER)
    transfer = await charging.book.transfer(str(card.facts["payment"]))
    assert transfer is not None

    assert transfer.house_fee == FEE
    assert str(FEE) in transfer.terms.replace(".", "")
    assert transfer.total == euros(1000 + FEE)


async def test_fees_tells_the_house_and_the_rail_together(charging: House) -> None:
    charging.rail.fee = 25
    told = words(await charging.hear(ALICE, "!fees 10 EUR", direct(ALICE)))

    assert "from your balance, to anybody here: 0.15 EUR" in told
    assert "(!pay): fee 0.40 EUR, 10.40 EUR in all" in told
    assert "(!topup): fee 0.25 EUR, 10.25 EUR in all" in told
    assert "(!cashout): fee 0.25 EUR, 10.25 EUR in all" in told
