"""People, the real bank and its three schemes: linking, paying, and the limits of the accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paybridge.rails.bank import BankRail
from paybridge.services.ports import NotSentError, PayeeCheck
from tests.fakes.house import ALICE, BOB, DINNER, keys, words
from tests.services.town import NUMBERS

if TYPE_CHECKING:
    from tests.services.town import OpenTown


@pytest.mark.parametrize("currency", NUMBERS)
async def test_money_goes_in_and_out_of_an_account_of_each_scheme(open_town: OpenTown, currency: str) -> None:
    town = await open_town(currency)
    number = NUMBERS[currency]
    await town.link(ALICE, number)

    topped_up = await town.do(ALICE, f"!topup 200 {currency}")
    paid = await town.do(ALICE, f"!pay {BOB} 30 {currency} from bank", DINNER)
    cashed_out = await town.do(ALICE, "!cashout all")

    assert (topped_up, paid, cashed_out) == (
        ["topup.receipt"],
        ["pay.waiting", "claim.waiting"],
        ["cashout.receipt"],
    )
    assert await town.balance(ALICE, currency) == 0
    assert [entry["amount"] for entry in await town.entries(number)][:3] == [200_00, -30_00, -200_00]


async def test_an_account_s_currency_follows_from_what_names_it(
    open_town: OpenTown,
) -> None:
    town = await open_town("EUR")
    for number in NUMBERS.values():
        await town.link(ALICE, number)

    listed = words(await town.house.hear(ALICE, "!accounts"))

    assert "1. DE89 •••• 3000 EUR (default)" in listed
    assert "2. an••••@okbank INR" in listed
    assert "3. Pix ••••5678 BRL" in listed


async def test_without_a_word_the_account_that_holds_the_currency_is_used(
    open_town: OpenTown,
) -> None:
    town = await open_town("EUR")
    for number in NUMBERS.values():
        await town.link(ALICE, number)

    for currency in ("BRL", "INR", "EUR"):
        await town.do(ALICE, f"!topup 50 {currency}")

    for currency, number in NUMBERS.items():
        assert (await town.entries(number))[0]["amount"] == -50_00
        assert await town.balance(ALICE, currency) == 50_00
    refused = await town.house.hear(ALICE, "!topup 5 JPY")
    assert keys(refused) == ["error.currency_not_held"]
    assert "BRL, EUR, INR" in words(refused)


async def test_what_a_pix_account_may_send_at_night_is_said_before_anything_is_confirmed(
    open_town: OpenTown,
) -> None:
    town = await open_town("BRL")
    await town.link(ALICE, NUMBERS["BRL"])
    town.clock.move(hours=13)
    await town.do(ALICE, "!topup 900 BRL")

    said = await town.house.hear(ALICE, "!topup 100.01 BRL")

    assert keys(said) == ["error.night_limit"]
    assert words(said).startswith("Nothing was sent. That is more than your account may send at night.")
    town.clock.move(hours=9)
    assert await town.do(ALICE, "!topup 100.01 BRL") == ["topup.receipt"]


async def test_a_limit_that_is_reached_after_the_card_was_shown_is_a_clear_refusal(
    open_town: OpenTown,
) -> None:
    town = await open_town("INR")
    await town.link(ALICE, NUMBERS["INR"])
    first = (await town.house.hear(ALICE, "!topup 26000 INR"))[0].facts["code"]
    assert keys(await town.house.hear(ALICE, "!topup 1,00,000.01 INR")) == ["error.outside_rail_limits"]
    for _ in range(20):
        (card,) = await town.house.hear(ALICE, "!topup 1 INR")
        await town.house.hear(ALICE, f"!confirm {card.facts['code']}")
        await town.house.carry()
    await town.house.hear(ALICE, f"!confirm {first}")

    said = await town.house.carry()

    assert keys(said) == ["topup.refused", "refused.daily_limit"]
    assert "may still send today" in words(said)
    assert keys(await town.house.hear(ALICE, "!topup 1 INR")) == ["error.daily_limit"]


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("!link upi DE89 3704 0044 0532 0130 00", "error.what_to_link"),
        ("!link upi anna@okbank", "link.begun"),
        ("!link pix anna@okbank", "error.what_to_link"),
        ("!link my anna@okbank", "error.what_to_link"),
        ("!link bank an na@okbank", "error.account_refused"),
        ("!link bank anna@exemplo.com.br", "link.begun"),
        ("!link 123.456.789-09", "link.begun"),
        ("!link 11.222.333/0001-81", "link.begun"),
        ("!link 123E4567-E89B-42D3-A456-426614174000", "link.begun"),
        ("!link 123.456.789-00", "error.account_refused"),
        ("!link DE00 3704 0044 0532 0130 00", "error.account_refused"),
        ("!link nothing of the kind", "error.what_to_link"),
        ("!link bank", "error.account_number_missing"),
        ("!link bank nothing", "error.account_refused"),
    ],
)
async def test_what_is_typed_is_recognised_or_refused(open_town: OpenTown, typed: str, key: str) -> None:
    town = await open_town("EUR")

    assert keys(await town.house.hear(ALICE, typed)) == [key]


CLOSE, OTHER, SILENT = (f"DE{check}3704004405320190{end}" for check, end in ((19, 13), (46, 12), (89, 14)))


@pytest.mark.parametrize(
    ("number", "linked", "card"),
    [
        (f"{NUMBERS['EUR']} name Anna Schmidt", "its holder is Anna Schmidt", "held by Anna Schmidt ✓"),
        (NUMBERS["EUR"], "its holder is Alice", "held by Alice ✓"),
        (
            f"{CLOSE} name Anna",
            "close to “Anna”",
            "“Account holder at Commerzbank”, which is close to “Anna”",
        ),
        (f"{OTHER} 户名 Anna", "not called “Anna”", "⚠ The bank says that its holder is not called “Anna”"),
        (f"{SILENT} name Anna", "could not check", "The bank could not check its holder"),
    ],
)
async def test_whose_the_account_is_stands_on_the_card_before_money_goes_there(
    open_town: OpenTown, number: str, linked: str, card: str
) -> None:
    town = await open_town("EUR")
    told = await town.link(ALICE, number)
    await town.do(ALICE, "!topup 10 EUR")

    assert linked in told
    assert card in words(await town.house.hear(ALICE, "!cashout 5 EUR"))


async def test_a_bank_that_cannot_be_asked_for_the_name_keeps_nobody_from_their_money(
    open_town: OpenTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise NotSentError("away")

    town = await open_town("EUR")
    await town.link(ALICE, NUMBERS["EUR"])
    await town.do(ALICE, "!topup 10 EUR")
    monkeypatch.setattr(BankRail, "check_payee", away)

    said = await town.house.hear(ALICE, "!cashout 5 EUR")

    assert keys(said) == ["cashout.card"]
    assert "The bank could not check its holder" in words(said)


async def test_a_holder_s_name_stands_nowhere_in_the_database(
    open_town: OpenTown,
) -> None:
    town = await open_town("EUR")
    await town.link(ALICE, f"{NUMBERS['EUR']} name Wilhelmine Grünwald")

    stored = b"".join(file.read_bytes() for file in town.house.database.path.parent.iterdir())

    assert b"Wilhelmine" not in stored


async def test_a_payment_in_another_currency_than_the_bot_s_goes_from_bank_to_bank(
    open_town: OpenTown,
) -> None:
    town = await open_town("EUR")
    for number in NUMBERS.values():
        await town.link(ALICE, number)
    await town.link(BOB, "bob@okbank")

    paid = await town.do(ALICE, f"!pay {BOB} ₹2500 for the taxi", DINNER)
    cashed_out = await town.do(BOB, "!cashout all")

    assert (paid, cashed_out) == (["pay.receipt"], ["cashout.receipt"])
    assert (await town.entries("anna@okbank"))[0]["amount"] == -2500_00
    assert (await town.entries("bob@okbank"))[0]["amount"] == 2500_00
    assert keys(await town.house.hear(ALICE, f"!pay {BOB} 2500.01 INR", DINNER)) == [
        "error.over_the_each_limit"
    ]


async def test_one_account_written_in_two_ways_is_linked_once(
    open_town: OpenTown,
) -> None:
    town = await open_town("BRL")
    await town.link(ALICE, NUMBERS["BRL"])

    assert keys(await town.house.hear(ALICE, "!link +5511912345678")) == ["error.already_linked"]
    assert keys(await town.house.hear(ALICE, "!link a.b@okbank")) == ["link.begun"]
    assert keys(await town.house.hear(ALICE, "!link ab@okbank")) == ["link.begun"]
    assert words(await town.house.hear(ALICE, "!accounts")).count("ab••••@okbank") == 1


async def test_nobody_learns_whose_an_account_is_before_they_have_proven_it(
    open_town: OpenTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    check = BankRail.check_payee

    async def noted(rail: BankRail, token: str, name: str) -> PayeeCheck:
        asked.append(name)
        return await check(rail, token, name)

    monkeypatch.setattr(BankRail, "check_payee", noted)
    town = await open_town("EUR")
    await town.house.hear(ALICE, f"!link {NUMBERS['EUR']} name Anna Schmidt")
    await town.house.hear(ALICE, "!link verify nothing")
    assert asked == []
    await town.link(BOB, f"{NUMBERS['EUR']} name Bob Meier")

    assert asked == ["Bob Meier"]
