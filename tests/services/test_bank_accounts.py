"""People, the real bank and its three schemes: linking, paying, and the limits of the accounts."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp
import pytest
from pydantic import SecretStr

from paybridge.bank import BankOptions as SimulatorOptions
from paybridge.bank import running_bank
from paybridge.rails.bank import BankRail
from paybridge.rails.bank.options import BankOptions
from paybridge.services.ports import NotSentError, PayeeCheck, RailEvent
from paybridge.storage.audit import audit
from tests.bank.bank_client import MovableClock
from tests.fakes.house import ALICE, BOB, DINNER, House, keys, open_house, words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

KEY = "bank_test_accounts"
NUMBERS = {"EUR": "DE89 3704 0044 0532 0130 00", "INR": "anna@okbank", "BRL": "+55 (11) 91234-5678"}


@dataclass
class Town:
    """A house, the bank that its rail speaks to, and the bank's clock."""

    house: House
    bank: str
    http: aiohttp.ClientSession
    clock: MovableClock

    async def entries(self, number: str) -> list[dict[str, object]]:
        compact = "".join(number.split())
        async with self.http.get(f"{self.bank}/accounts/{compact}/statement") as answer:
            found: list[dict[str, object]] = (await answer.json())["entries"]
            return found

    async def link(self, mxid: str, number: str) -> str:
        """Link an account as people do: read the code in its statement. What is said in the end."""
        assert keys(await self.house.hear(mxid, f"!link {number}")) == ["link.begun"]
        told = next(str(entry["text"]) for entry in await self.entries(re.split(" name | 户名 ", number)[0]))
        code = re.fullmatch(r"PAYBRIDGE ([0-9]{4})", told)
        assert code is not None
        said = await self.house.hear(mxid, f"!link verify {code[1]}")
        assert keys(said) == ["link.verified"]
        return words(said)

    async def do(self, mxid: str, line: str, room: str | None = None) -> list[str]:
        """Type a line, confirm its card, and let everything settle; what the last messages were."""
        assert (await self.house.hear(mxid, line, room))[-1].key.endswith(".card")
        await self.house.hear(mxid, "!yes", room)
        return keys(await self.house.carry())

    async def balance(self, mxid: str, currency: str) -> int:
        person = await self.house.book.person_of(mxid)
        assert person is not None
        return (await self.house.book.balance(person.id, currency)).minor


@pytest.fixture
async def open_town(tmp_path: Path) -> AsyncIterator[Callable[[str], Awaitable[Town]]]:
    async with AsyncExitStack() as stack:

        async def open_one(currency: str = "EUR") -> Town:
            options = SimulatorOptions(data=tmp_path / "bank", api_key=KEY)
            http = await stack.enter_async_context(aiohttp.ClientSession())
            clock = MovableClock()
            address = await stack.enter_async_context(running_bank(options, clock=clock))
            rail = BankRail(BankOptions(url=address, api_key=SecretStr(KEY)), http)
            await rail.prove_sandbox()
            house = await open_house(tmp_path / "house", {"bank": rail}, currency)
            stack.push_async_callback(house.database.close)
            return Town(house, address, http, clock)

        (tmp_path / "house").mkdir()
        yield open_one


@pytest.mark.parametrize("currency", NUMBERS)
async def test_money_goes_in_and_out_of_an_account_of_each_scheme(
    open_town: Callable[[str], Awaitable[Town]], currency: str
) -> None:
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
    open_town: Callable[[str], Awaitable[Town]],
) -> None:
    town = await open_town("EUR")
    for number in NUMBERS.values():
        await town.link(ALICE, number)

    listed = words(await town.house.hear(ALICE, "!accounts"))

    assert "1. DE89 •••• 3000 EUR (default)" in listed
    assert "2. an••••@okbank INR" in listed
    assert "3. Pix ••••5678 BRL" in listed


async def test_without_a_word_the_account_that_holds_the_currency_is_used(
    open_town: Callable[[str], Awaitable[Town]],
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
    open_town: Callable[[str], Awaitable[Town]],
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
    open_town: Callable[[str], Awaitable[Town]],
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
async def test_what_is_typed_is_recognised_or_refused(
    open_town: Callable[[str], Awaitable[Town]], typed: str, key: str
) -> None:
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
    open_town: Callable[[str], Awaitable[Town]], number: str, linked: str, card: str
) -> None:
    town = await open_town("EUR")
    told = await town.link(ALICE, number)
    await town.do(ALICE, "!topup 10 EUR")

    assert linked in told
    assert card in words(await town.house.hear(ALICE, "!cashout 5 EUR"))


async def test_a_bank_that_cannot_be_asked_for_the_name_keeps_nobody_from_their_money(
    open_town: Callable[[str], Awaitable[Town]], monkeypatch: pytest.MonkeyPatch
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
    open_town: Callable[[str], Awaitable[Town]],
) -> None:
    town = await open_town("EUR")
    await town.link(ALICE, f"{NUMBERS['EUR']} name Wilhelmine Grünwald")

    stored = b"".join(file.read_bytes() for file in town.house.database.path.parent.iterdir())

    assert b"Wilhelmine" not in stored


async def test_a_payment_in_another_currency_than_the_bot_s_goes_from_bank_to_bank(
    open_town: Callable[[str], Awaitable[Town]],
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


async def direct_town(open_town: Callable[[str], Awaitable[Town]], of_bob: str = "bob@okbank") -> Town:
    """Alice and Bob have accounts at the bank, and Bob wants to be paid straight into his."""
    town = await open_town("INR")
    await town.link(ALICE, "anna@okbank")
    await town.link(BOB, f"{of_bob} name Bob Meier")
    assert keys(await town.house.hear(BOB, "!accounts direct 1")) == ["link.direct"]
    return town


async def test_who_wants_it_is_paid_straight_into_their_account(
    open_town: Callable[[str], Awaitable[Town]],
) -> None:
    town = await direct_town(open_town)
    (card,) = await town.house.hear(ALICE, f"!pay {BOB} 20 INR for tea", DINNER)
    await town.house.hear(ALICE, "!yes", DINNER)
    receipt = await town.house.carry()

    assert "from your account ••@okbank, straight to an account that is in their name" in words([card])
    assert "Meier" not in words([card])
    assert keys(receipt) == ["pay.receipt"]
    assert "Bob: it is in your account at the bank." in words(receipt)
    assert (await town.entries("anna@okbank"))[0]["amount"] == -20_00
    assert (await town.entries("bob@okbank"))[0]["amount"] == 20_00
    assert [await town.balance(mxid, "INR") for mxid in (ALICE, BOB)] == [0, 0]
    assert audit(town.house.database.url).problems == ()


async def test_nobody_is_paid_directly_who_does_not_want_it_any_more(
    open_town: Callable[[str], Awaitable[Town]],
) -> None:
    town = await direct_town(open_town)
    (card,) = await town.house.hear(ALICE, f"!pay {BOB} 20 INR", DINNER)
    assert "paid straight into" in words(await town.house.hear(BOB, "!accounts"))
    assert keys(await town.house.hear(BOB, "!accounts direct off")) == ["link.none_direct"]

    assert keys(await town.house.hear(ALICE, "!yes", DINNER)) == ["error.payees_account_gone"]
    await town.house.hear(ALICE, f"!cancel {card.facts['payment']}", DINNER)
    assert await town.do(ALICE, f"!pay {BOB} 20 INR", DINNER) == ["pay.receipt"]
    assert await town.balance(BOB, "INR") == 20_00


async def test_the_balance_and_other_currencies_pay_into_the_balance(
    open_town: Callable[[str], Awaitable[Town]],
) -> None:
    town = await direct_town(open_town)
    await town.do(ALICE, "!topup 50 INR")
    await town.house.hear(ALICE, f"!pay {BOB} 20 INR", DINNER)
    from_balance = await town.house.hear(ALICE, "!yes", DINNER)

    assert keys(from_balance) == ["pay.receipt"]
    assert "it is in your PayBridge balance" in words(from_balance)
    assert await town.balance(BOB, "INR") == 20_00


@pytest.mark.parametrize(
    ("of_bob", "said", "outcome"),
    [
        ("bob9010@okbank", "in their name", ["pay.refused", "refused.account_closed"]),
        ("bob9012@okbank", "its holder is called otherwise", ["pay.receipt"]),
        ("bob9013@okbank", "close to theirs", ["pay.receipt"]),
    ],
)
async def test_what_the_payee_s_bank_says_counts_before_and_after(
    open_town: Callable[[str], Awaitable[Town]], of_bob: str, said: str, outcome: list[str]
) -> None:
    town = await direct_town(open_town, of_bob)

    assert said in words(await town.house.hear(ALICE, f"!pay {BOB} 20 INR", DINNER))
    await town.house.hear(ALICE, "!yes", DINNER)
    assert keys(await town.house.carry()) == outcome
    assert audit(town.house.database.url).problems == ()


async def test_what_was_paid_directly_is_taken_back_past_the_books_too(
    open_town: Callable[[str], Awaitable[Town]],
) -> None:
    town = await open_town("INR")
    await town.link(ALICE, "anna9011@okbank")
    await town.link(BOB, "bob@okbank")
    await town.house.hear(BOB, "!accounts direct 1")
    await town.do(ALICE, f"!pay {BOB} 20 INR", DINNER)
    await town.do(BOB, "!topup 50 INR")
    assert await town.balance(BOB, "INR") == 50_00

    town.clock.move(minutes=1)
    person = await town.house.book.person_of(ALICE)
    assert person is not None
    (paid,) = await town.house.book.history(person.id, None, 1)
    (leg,) = await town.house.book.legs(paid.id)
    await town.house.reconciler.hint(RailEvent("evt", leg.id, "reversed"))
    said = await town.house.carry()

    assert keys(said) == ["pay.reversed"]
    assert (await town.entries("bob@okbank"))[0]["amount"] == -20_00
    assert await town.balance(BOB, "INR") == 50_00
    assert audit(town.house.database.url).problems == ()


async def test_what_was_refunded_of_a_direct_payment_is_not_had_twice_when_that_is_taken_back(
    open_town: Callable[[str], Awaitable[Town]],
) -> None:
    town = await open_town("INR")
    await town.link(ALICE, "anna9011@okbank")
    await town.link(BOB, "bob@okbank")
    await town.house.hear(BOB, "!accounts direct 1")
    await town.do(ALICE, f"!pay {BOB} 20 INR", DINNER)
    await town.do(BOB, "!topup 50 INR")
    person = await town.house.book.person_of(ALICE)
    assert person is not None
    (paid,) = await town.house.book.history(person.id, None, 1)
    await town.do(BOB, f"!refund {paid.id} 8 INR", DINNER)
    assert (await town.balance(ALICE, "INR"), await town.balance(BOB, "INR")) == (8_00, 42_00)

    town.clock.move(minutes=1)
    await town.house.reconciler.hint(RailEvent("evt", f"{paid.id}/1", "reversed"))
    said = await town.house.carry()

    assert keys(said) == ["pay.reversed", "reversal.borne"]
    assert said[1].person == ALICE
    assert (await town.balance(ALICE, "INR"), await town.balance(BOB, "INR")) == (0, 50_00)
    assert audit(town.house.database.url).problems == ()


async def test_one_account_written_in_two_ways_is_linked_once(
    open_town: Callable[[str], Awaitable[Town]],
) -> None:
    town = await open_town("BRL")
    await town.link(ALICE, NUMBERS["BRL"])

    assert keys(await town.house.hear(ALICE, "!link +5511912345678")) == ["error.already_linked"]
    assert keys(await town.house.hear(ALICE, "!link a.b@okbank")) == ["link.begun"]
    assert keys(await town.house.hear(ALICE, "!link ab@okbank")) == ["link.begun"]
    assert words(await town.house.hear(ALICE, "!accounts")).count("ab••••@okbank") == 1


async def test_nobody_learns_whose_an_account_is_before_they_have_proven_it(
    open_town: Callable[[str], Awaitable[Town]], monkeypatch: pytest.MonkeyPatch
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


async def test_who_shares_an_account_with_the_payer_is_paid_into_their_balance(
    open_town: Callable[[str], Awaitable[Town]],
) -> None:
    town = await direct_town(open_town, "anna@okbank")

    assert await town.do(ALICE, f"!pay {BOB} 20 INR", DINNER) == ["pay.receipt"]
    assert await town.balance(BOB, "INR") == 20_00
