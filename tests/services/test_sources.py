"""Which account a payment comes from, a topup too, and a cash-out goes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paybridge.domain.leg import LegKind
from paybridge.services.ports import PayeeCheck, PayeeMatch
from tests.fakes.house import ALICE, BOB, DINNER, House, keys, open_house, words
from tests.fakes.rail import ScriptedRail

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

FIRST, SECOND = "DE89370400440532013000", "DE02120300000000202051"
CARD = "pm_card_visa"


@pytest.fixture
def cards() -> ScriptedRail:
    """A rail of cards, which can only be collected from."""
    return ScriptedRail("plastic", flows=frozenset({LegKind.COLLECT}), links=frozenset({"payment_method"}))


@pytest.fixture
async def house(tmp_path: Path, cards: ScriptedRail) -> AsyncIterator[House]:
    """Alice has two accounts at the bank and a card; the first account is her default."""
    opened = await open_house(tmp_path, {"plastic": cards})
    await opened.link(ALICE, FIRST)
    await opened.link(ALICE, SECOND)
    await opened.hear(ALICE, f"!link plastic {CARD}")
    await opened.hear(ALICE, "!link verify 1234")
    yield opened
    await opened.database.close()


async def paid_from(house: House, cards: ScriptedRail, line: str) -> str:
    """Pay, and say whose money moved."""
    before = len(house.rail.moved), len(cards.moved)
    (card,) = await house.hear(ALICE, line, DINNER)
    assert card.key == "pay.card", words([card])
    await house.hear(ALICE, f"!confirm {card.facts['code']}", DINNER)
    await house.carry()
    if len(cards.moved) > before[1]:
        return "card"
    if len(house.rail.moved) > before[0]:
        person = await house.book.person_of(ALICE)
        assert person is not None
        links = await house.book.links(person.id)
        return next(link.masked for link in links if link.token == house.rail.moved[-1].link)
    return "balance"


@pytest.mark.parametrize(
    ("line", "source"),
    [
        (f"!pay {BOB} 5 EUR", "•••• 3000"),
        (f"!pay {BOB} 5 EUR from card", "card"),
        (f"!pay {BOB} 5 EUR from plastic for pizza", "card"),
        (f"!pay 5 EUR from card {BOB} for pizza", "card"),
        (f"!pay {BOB} from card 5 EUR", "card"),
        (f"!pay {BOB} 5 EUR for pizza from card", "card"),
        (f"!pay {BOB} 5 EUR from 2", "•••• 2051"),
        (f"!pay {BOB} 5 EUR from 2051", "•••• 2051"),
        (f"!pay {BOB} 5 EUR from main", "•••• 3000"),
        (f"!付 {BOB} 5 EUR 用 卡", "card"),
    ],
)
async def test_the_source_that_is_named_pays(
    house: House, cards: ScriptedRail, line: str, source: str
) -> None:
    assert await paid_from(house, cards, line) == source


async def test_a_balance_that_covers_it_pays_unless_another_source_is_named(
    house: House, cards: ScriptedRail
) -> None:
    await house.fund(ALICE, 1000)

    assert await paid_from(house, cards, f"!pay {BOB} 5 EUR") == "balance"
    assert await paid_from(house, cards, f"!pay {BOB} 5 EUR from 1") == "•••• 3000"
    assert await paid_from(house, cards, f"!pay {BOB} 5 EUR from balance") == "balance"
    assert keys(await house.hear(ALICE, f"!pay {BOB} 1 EUR from balance", DINNER)) == [
        "reply.see_direct_message",
        "error.not_enough_balance",
    ]


async def test_the_source_stands_on_the_card_and_the_code_belongs_to_it(house: House) -> None:
    (default,) = await house.hear(ALICE, f"!pay {BOB} 5 EUR", DINNER)
    (other,) = await house.hear(ALICE, f"!pay {BOB} 5 EUR from 2", DINNER)

    assert "from your account ••00" in words([default])
    assert "from your account ••51" in words([other])
    assert default.facts["code"] != other.facts["code"]


async def test_a_name_that_several_accounts_have_is_asked_about(house: House) -> None:
    said = await house.hear(ALICE, f"!pay {BOB} 5 EUR from bank for the bank", DINNER)

    assert keys(said) == ["reply.see_direct_message", "error.ambiguous_account"]
    assert "1. •••• 3000, 2. •••• 2051" in words(said)
    assert said[1].lines == (
        f"!pay {BOB} 5 EUR from 1 for the bank",
        f"!pay {BOB} 5 EUR from 2 for the bank",
    )
    assert "3000" not in words(said[:1])


@pytest.mark.parametrize("source", ["savings", "9", "0", "4444"])
async def test_an_account_that_is_none_of_theirs_pays_nothing(house: House, source: str) -> None:
    said = await house.hear(ALICE, f"!pay {BOB} 5 EUR from {source}", DINNER)

    assert keys(said) == ["reply.see_direct_message", "error.unknown_account"]
    assert said[1].lines == ("!accounts",)


async def test_an_account_that_is_not_proven_pays_nothing(house: House) -> None:
    await house.hear(ALICE, "!link bank DE02500105170137075030")

    said = await house.hear(ALICE, f"!pay {BOB} 5 EUR from 4", DINNER)

    assert keys(said)[-1] == "error.unknown_account"


async def test_a_cash_out_goes_where_it_is_told_to(house: House) -> None:
    await house.fund(ALICE, 1000)
    for line, account in (
        ("!cashout 1 EUR", "3000"),
        ("!cashout 1 EUR to 2", "2051"),
        ("!提现 1 EUR 到 main", "3000"),
    ):
        (card,) = await house.hear(ALICE, line)
        assert f"to your account •••• {account}" in words([card])

    assert keys(await house.hear(ALICE, "!cashout 1 EUR to card")) == ["error.account_wrong_way"]
    assert keys(await house.hear(ALICE, "!cashout all to 2")) == ["cashout.card"]


async def test_a_card_that_is_the_default_is_not_cashed_out_to(house: House) -> None:
    await house.fund(ALICE, 1000)
    await house.hear(ALICE, "!accounts default 3")

    assert "to your account •••• 3000" in words(await house.hear(ALICE, "!cashout 1 EUR"))


async def test_of_a_rail_that_cannot_ask_for_a_holder_s_name_nothing_is_said(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def not_possible(*_: object) -> PayeeCheck:
        return PayeeCheck(PayeeMatch.NOT_POSSIBLE)

    # As the guard around every rail has it.
    monkeypatch.setattr(ScriptedRail, "check_payee", not_possible, raising=False)
    await house.fund(ALICE, 1000)

    assert "holder" not in words(await house.hear(ALICE, "!cashout 1 EUR"))


async def test_a_topup_comes_from_where_it_is_told_to(house: House, cards: ScriptedRail) -> None:
    await house.hear(ALICE, "!topup 5 EUR from card")
    await house.hear(ALICE, "!yes")
    await house.carry()

    assert len(cards.moved) == 1


async def test_a_request_can_be_accepted_from_a_chosen_account(house: House) -> None:
    (asked,) = await house.hear(BOB, f"!request {ALICE} 5 EUR", DINNER)

    card = await house.hear(ALICE, f"!accept {asked.facts['payment']} from 2", DINNER)

    assert "from your account ••51" in words(card)


async def test_the_list_of_accounts_is_where_one_is_chosen_and_unlinked(house: House) -> None:
    await house.hear(ALICE, "!accounts default 2")
    listed = words(await house.hear(ALICE, "!accounts"))
    await house.hear(ALICE, "!accounts unlink 1")

    assert "2. •••• 2051 (default)" in listed
    assert "1. •••• 2051 (default)" in words(await house.hear(ALICE, "!账户"))
