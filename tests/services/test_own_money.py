"""Linking accounts, topping up, cashing out, and what a person is told of their own money."""

from __future__ import annotations

from paybridge.storage.audit import audit
from tests.fakes.house import ALICE, BOB, DINNER, House, direct, keys, words
from tests.fakes.rail import UNSURE_WITHOUT_EFFECT, refuses

IBAN = "DE89 3704 0044 0532 0130 00"


async def test_an_account_counts_once_its_code_is_typed(house: House) -> None:
    begun = await house.hear(ALICE, f"!link bank {IBAN}")
    assert keys(begun) == ["link.begun"]
    assert "0532" not in words(begun)
    assert keys(await house.hear(ALICE, "!topup 5")) == ["error.no_linked_account"]
    assert keys(await house.hear(ALICE, "!link verify 9999")) == ["error.wrong_proof"]

    assert keys(await house.hear(ALICE, "!link verify 1234")) == ["link.verified"]
    assert keys(await house.hear(ALICE, "!topup 5")) == ["topup.card"]


async def test_three_wrong_codes_end_a_link(house: House) -> None:
    await house.hear(ALICE, f"!link bank {IBAN}")
    said = [keys(await house.hear(ALICE, "!link verify 0000")) for _ in range(3)]

    assert said == [["error.wrong_proof"], ["error.wrong_proof"], ["link.failed"]]
    assert keys(await house.hear(ALICE, "!link verify 1234")) == ["error.nothing_to_verify"]


async def test_linking_in_a_shared_room_is_refused(house: House) -> None:
    assert keys(await house.hear(ALICE, f"!link bank {IBAN}", DINNER)) == ["error.direct_only"]
    assert keys(await house.hear(ALICE, "!link list")) == ["link.none"]


async def test_a_card_number_is_refused_and_kept_nowhere(house: House) -> None:
    said = await house.hear(ALICE, "!link card 4242 4242 4242 4242")

    assert keys(said) == ["error.card_number_typed"]
    assert "4242" not in words(said)
    assert b"4242 4242" not in house.database.path.read_bytes()


async def test_an_account_number_stands_nowhere_in_the_database(house: House) -> None:
    await house.link(ALICE, IBAN)
    stored = b"".join(file.read_bytes() for file in house.database.path.parent.iterdir())

    assert b"DE89370400440532013000" not in stored
    assert b"0532 0130" not in stored


async def test_the_same_account_is_not_linked_twice(house: House) -> None:
    await house.link(ALICE, IBAN)

    assert keys(await house.hear(ALICE, f"!link bank {IBAN.lower()}")) == ["error.already_linked"]


async def test_default_and_removal(house: House) -> None:
    await house.link(ALICE, IBAN)
    await house.link(ALICE, "DE02120300000000202051")
    assert "1. •••• 3000 (default)" in words(await house.hear(ALICE, "!link list"))
    await house.hear(ALICE, "!link default 2")
    assert "2. •••• 2051 (default)" in words(await house.hear(ALICE, "!link list"))
    assert keys(await house.hear(ALICE, "!link remove 2")) == ["link.removed"]

    assert "1. •••• 3000 (default)" in words(await house.hear(ALICE, "!link list"))
    assert keys(await house.hear(ALICE, "!link remove 7")) == ["error.no_such_link"]


async def test_an_account_in_use_cannot_be_removed(house: House) -> None:
    house.rail.script = UNSURE_WITHOUT_EFFECT
    await house.link(ALICE)
    await house.hear(ALICE, "!topup 5 EUR")
    await house.hear(ALICE, "!yes")
    await house.carry()

    assert keys(await house.hear(ALICE, "!link remove 1")) == ["error.link_in_use"]


async def test_topup_and_cashout_go_through_the_rail_and_the_books_agree(house: House) -> None:
    await house.link(ALICE)
    await house.fund(ALICE, 5000)
    assert await house.balance(ALICE) == 5000
    card = await house.hear(ALICE, "!cashout 20.50 EUR", DINNER)
    assert [(say.room, say.person) for say in card] == [(DINNER, None), (None, ALICE)]
    await house.hear(ALICE, "!yes")
    assert await house.balance(ALICE) == 2950
    said = await house.carry()

    assert keys(said) == ["cashout.receipt"]
    report = audit(house.database.url)
    assert report.clearing[("bank", "EUR")] == -2950


async def test_cash_out_all_empties_the_balance(house: House) -> None:
    await house.link(ALICE)
    await house.fund(ALICE, 1234)
    await house.hear(ALICE, "!cashout all")
    await house.hear(ALICE, "!yes")
    await house.carry()

    assert await house.balance(ALICE) == 0
    assert keys(await house.hear(ALICE, "!cashout all")) == ["error.nothing_in_balance"]


async def test_a_refused_cash_out_gives_the_money_back(house: House) -> None:
    await house.link(ALICE)
    await house.fund(ALICE, 1000)
    house.rail.script = refuses("account_closed")
    await house.hear(ALICE, "!cashout 10 EUR")
    await house.hear(ALICE, "!yes")
    said = await house.carry()

    assert keys(said) == ["cashout.refused", "refused.account_closed"]
    assert await house.balance(ALICE) == 1000


async def test_more_than_the_balance_cannot_be_cashed_out(house: House) -> None:
    await house.link(ALICE)
    await house.fund(ALICE, 1000)

    assert keys(await house.hear(ALICE, "!cashout 10.01 EUR")) == ["error.not_enough_balance"]


async def test_two_cards_cannot_spend_one_balance(house: House) -> None:
    await house.link(ALICE)
    await house.fund(ALICE, 1000)
    first = (await house.hear(ALICE, "!cashout 10 EUR"))[0].facts["code"]
    second = (await house.hear(ALICE, "!cashout 10 EUR"))[0].facts["code"]
    await house.hear(ALICE, f"!confirm {first}")

    assert keys(await house.hear(ALICE, f"!confirm {second}")) == ["error.spent_meanwhile"]
    assert await house.balance(ALICE) == 0


async def test_history_tells_each_side_its_own(house: House) -> None:
    await house.link(ALICE)
    await house.link(BOB, "DE02120300000000202051")
    await house.hear(ALICE, f"!pay {BOB} 3 EUR", DINNER)
    await house.hear(ALICE, "!yes", DINNER)
    await house.carry()

    assert "-3.00 EUR to @bob:hs" in words(await house.hear(ALICE, "!history"))
    assert "3.00 EUR from @alice:hs" in words(await house.hear(BOB, "!history"))
    assert keys(await house.hear(BOB, "!history"))[0] == "history.page"


async def test_language_is_remembered(house: House) -> None:
    assert keys(await house.hear(ALICE, "!lang zh")) == ["lang.now"]
    (said,) = await house.hear(ALICE, "!余额")

    assert (said.language, said.key, said.room) == ("zh", "balance.told", direct(ALICE))
    assert keys(await house.hear(ALICE, "!lang klingon")) == ["error.unknown_language"]


async def test_the_status_of_ones_own_money_names_nobody(house: House) -> None:
    await house.link(ALICE)
    (card,) = await house.hear(ALICE, "!topup 5 EUR")
    payment = str(card.facts["payment"])

    assert keys(await house.hear(ALICE, f"!status {payment}")) == ["status.topup.awaiting_approval"]


async def test_who_may_only_receive_can_confirm_a_cash_out(house: House) -> None:
    shy = "@shy:hs"
    await house.link(ALICE)
    await house.link(shy, "DE02120300000000202051")
    house.rooms.join(DINNER, shy)
    await house.hear(ALICE, f"!pay {shy} 3 EUR", DINNER)
    await house.hear(ALICE, "!yes", DINNER)
    await house.carry()
    await house.hear(shy, "!cashout all")
    await house.hear(shy, "!yes")

    assert keys(await house.carry()) == ["cashout.receipt"]
