"""The second factor: set up, asked for, used once, burned where others read it, locked, ended."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.proof import OwnDevice, Trust
from tests.fakes.database import ask_raw
from tests.fakes.house import ALICE, BOB, CAROL, DINNER, House, direct, keys, words
from tests.services.authenticator import STEP, listed, scanned, with_factor

if TYPE_CHECKING:
    from paybridge.services.says import Say

LAPTOP = OwnDevice(Trust.CROSS_SIGNED_TOFU, "LAPTOP")


async def card(house: House, line: str, room: str | None = DINNER) -> list[Say]:
    return await house.hear(ALICE, line, room)


# ---------------------------------------------------------------- setting it up


async def test_a_factor_counts_once_its_first_code_was_typed_and_its_secret_is_taken_back(
    house: House,
) -> None:
    phone, begun = await scanned(house)
    before = keys(await house.hear(ALICE, "!mfa"))
    done = await house.hear(ALICE, f"!mfa on {phone.shows()}")

    assert keys(begun) == ["mfa.picture", "mfa.begun"]
    assert begun[0].qr == begun[1].facts["link"]
    assert before == ["mfa.is_off"]
    assert keys(done) == ["mfa.on", "mfa.hidden", "mfa.hidden"]
    assert {say.takes_back for say in done[1:]} == {say.slot for say in begun}
    assert keys(await house.hear(ALICE, "!mfa")) == ["mfa.is_on"]
    assert keys(await house.hear(ALICE, "!mfa on")) == ["error.factor_there"]


async def test_a_wrong_first_code_activates_nothing(house: House) -> None:
    phone, _ = await scanned(house)
    wrong = f"{(int(phone.shows()) + 1) % 1_000_000:06}"

    assert keys(await house.hear(ALICE, f"!mfa on {wrong}")) == ["error.wrong_code"]
    assert keys(await house.hear(ALICE, "!mfa")) == ["mfa.is_off"]
    assert keys(await house.hear(BOB, "!mfa on 123456")) == ["error.nothing_to_activate"]


async def test_the_secret_and_the_recovery_codes_stand_nowhere_in_the_database(house: House) -> None:
    phone, codes = await with_factor(house)
    await house.send_all()
    del phone
    stored = b"".join(file.read_bytes() for file in house.database.path.parent.iterdir())
    (row,) = await ask_raw(house.database, "SELECT secret FROM factor")

    assert len(codes) == 10
    for code in codes:
        assert code.encode() not in stored
        assert code.replace("-", "").encode() not in stored
    assert b"otpauth" not in stored
    assert len(row[0]) > 32


async def test_setting_up_is_for_the_direct_message_and_a_proven_device(house: House) -> None:
    unproven = OwnDevice(Trust.UNVERIFIED, "PHONE")

    assert keys(await house.hear(ALICE, "!mfa on", DINNER)) == ["error.direct_only"]
    assert keys(await house.hear(ALICE, "!mfa on", proof=unproven)) == ["error.device_not_proven"]


# ---------------------------------------------------------------- paying with it


async def test_a_payment_to_somebody_new_asks_for_it_and_the_six_digits_alone_approve_it(
    house: House,
) -> None:
    phone, _ = await with_factor(house)
    shown = await card(house, f"!pay {BOB} 5 EUR")
    easy = await house.hear(ALICE, "!yes", DINNER)
    said = await house.hear(ALICE, phone.shows_next())
    await house.carry()

    assert [(say.key, say.room or say.person) for say in shown] == [("pay.card", DINNER), ("pay.card", ALICE)]
    for say in shown:
        assert "type the six digits of your authenticator in our direct message" in words([say])
    assert keys(easy) == ["error.factor_needed"]
    assert easy[0].lines == (f"!confirm {shown[0].facts['code']} 123456",)
    assert keys(said) == ["pay.on_its_way"]
    assert await house.balance(BOB) == 500


async def test_small_payments_to_somebody_known_need_no_code_until_they_add_up(house: House) -> None:
    phone, _ = await with_factor(house)
    await card(house, f"!pay {BOB} 5 EUR")
    await house.hear(ALICE, phone.shows_next())
    await house.carry()
    told: list[str] = []
    for _ in range(6):
        await card(house, f"!pay {BOB} 2 EUR")
        told += keys(await house.hear(ALICE, "!yes", DINNER))
        await house.carry()
    await house.hear(ALICE, phone.shows_next())
    await card(house, f"!pay {BOB} 2 EUR")
    again = keys(await house.hear(ALICE, "!yes", DINNER))

    assert told == ["pay.on_its_way"] * 5 + ["error.factor_needed"]
    assert again == ["pay.on_its_way"]


async def test_more_than_a_code_alone_may_approve_is_possible_with_the_factor(house: House) -> None:
    phone, _ = await with_factor(house)
    shown = await card(house, f"!pay {BOB} 250 EUR")
    said = await house.hear(ALICE, f"!confirm {shown[0].facts['code']} {phone.shows_next()}")
    await house.carry()

    assert keys(said) == ["pay.on_its_way"]
    assert await house.balance(BOB) == 25_000


async def test_a_new_device_is_asked_for_it_even_for_little(house: House) -> None:
    phone, _ = await with_factor(house)
    await card(house, f"!pay {BOB} 5 EUR")
    await house.hear(ALICE, phone.shows_next())
    await card(house, f"!pay {BOB} 2 EUR")
    new = keys(await house.hear(ALICE, "!yes", DINNER, proof=LAPTOP))
    await house.hear(ALICE, phone.shows_next(), proof=LAPTOP)
    await card(house, f"!pay {BOB} 2 EUR")

    assert new == ["error.factor_needed"]
    assert keys(await house.hear(ALICE, "!yes", DINNER, proof=LAPTOP)) == ["pay.on_its_way"]


async def test_a_cashout_always_asks_for_it(house: House) -> None:
    phone, _ = await with_factor(house)
    await house.fund(ALICE, 900)
    shown = await house.hear(ALICE, "!cashout 1 EUR")
    easy = keys(await house.hear(ALICE, "!yes"))

    assert "type the six digits of your authenticator here" in words(shown)
    assert easy == ["error.factor_needed"]
    assert keys(await house.hear(ALICE, phone.shows_next())) == ["cashout.on_its_way"]


async def test_with_several_cards_open_the_digits_say_not_which(house: House) -> None:
    phone, _ = await with_factor(house)
    await card(house, f"!pay {BOB} 5 EUR")
    await card(house, f"!pay {BOB} 6 EUR")
    digits = phone.shows_next()

    assert keys(await house.hear(ALICE, digits)) == ["error.several_cards_open"]
    (newest, _) = await house.book.awaiting_approval((await house.desk.people.know(ALICE)).person.id)
    assert keys(await house.hear(ALICE, f"!confirm {newest.code} {digits}")) == ["pay.on_its_way"]


# ---------------------------------------------------------------- once, and nowhere else


async def test_the_same_code_twice_counts_once_also_at_the_same_moment(house: House) -> None:
    phone, _ = await with_factor(house)
    for _ in range(20):
        shown = [await card(house, f"!pay {BOB} 5 EUR") for _ in range(2)]
        digits = phone.shows_next()
        said = await asyncio.gather(
            *(house.hear(ALICE, f"!confirm {one[0].facts['code']} {digits}") for one in shown)
        )
        await house.hear(ALICE, f"!confirm {shown[0][0].facts['code']} {phone.shows_next()}")
        await house.hear(ALICE, f"!confirm {shown[1][0].facts['code']} {phone.shows_next()}")

        assert sorted(keys(said[0] + said[1])) == ["error.wrong_code", "pay.on_its_way"]
        await house.carry()


async def test_a_code_of_before_stays_used_when_the_clock_steps_back(house: House) -> None:
    phone, _ = await with_factor(house)
    digits = phone.shows_next()
    await house.hear(ALICE, f"!mfa test {digits}")
    house.clock.pass_by(-STEP)
    older = phone.shows()
    house.clock.pass_by(STEP)

    assert keys(await house.hear(ALICE, f"!mfa test {digits}")) == ["error.wrong_code"]
    assert keys(await house.hear(ALICE, f"!mfa test {older}")) == ["error.wrong_code"]


@pytest.mark.parametrize(
    "line", ["!confirm 7Q4F {digits}", "!yes {digits}", "{digits}", "!mfa test {digits}"]
)
async def test_a_code_typed_where_others_read_it_is_used_up_whatever_it_was_for(
    house: House, line: str
) -> None:
    phone, _ = await with_factor(house)
    await card(house, f"!pay {BOB} 5 EUR")
    digits = phone.shows_next()
    said = await house.hear(ALICE, line.format(digits=digits), DINNER, event="$typed")
    later = keys(await house.hear(ALICE, digits))

    assert keys(said) == ["error.code_in_room", "mfa.hidden"]
    assert said[1].takes_back == "$typed"
    assert later == ["error.wrong_code"]
    assert await house.balance(BOB) == 0


async def test_figures_that_are_no_code_are_nobodys_business(house: House) -> None:
    phone, _ = await with_factor(house)
    wrong = f"{(int(phone.shows_next()) + 1) % 1_000_000:06}"

    assert await house.hear(ALICE, wrong, DINNER) == []
    assert await house.hear(BOB, "123456", DINNER) == []
    assert await house.hear(BOB, "123456") == []
    assert keys(await house.hear(ALICE, phone.shows())) == ["error.nothing_to_confirm"]


async def test_nobody_elses_code_counts_and_nobody_else_locks(house: House) -> None:
    phone, _ = await with_factor(house)
    shown = await card(house, f"!pay {BOB} 5 EUR")
    for _ in range(6):
        await house.hear(CAROL, f"!confirm {shown[0].facts['code']} 000000", DINNER)
        await house.hear(CAROL, "!mfa test 000000")

    assert keys(await house.hear(ALICE, phone.shows_next())) == ["pay.on_its_way"]


# ---------------------------------------------------------------- wrong codes, and getting back in


async def test_wrong_codes_are_warned_of_then_locked_and_a_right_one_does_not_help_meanwhile(
    house: House,
) -> None:
    phone, _ = await with_factor(house)
    wrong = f"{(int(phone.shows_next()) + 1) % 1_000_000:06}"
    said = [(await house.hear(ALICE, f"!mfa test {wrong}"))[0] for _ in range(5)]
    locked = keys(await house.hear(ALICE, f"!mfa test {phone.shows()}"))
    house.clock.pass_by(timedelta(minutes=15))

    assert [say.key for say in said] == [
        *["error.wrong_code"] * 2,
        *["error.wrong_code_warned"] * 2,
        "error.factor_locked",
    ]
    assert [say.facts.get("count") for say in said[2:4]] == [2, 1]
    assert locked == ["error.factor_locked"]
    assert keys(await house.hear(ALICE, f"!mfa test {phone.shows_next()}")) == ["mfa.works"]


async def test_a_wrong_card_and_a_wrong_factor_read_alike(house: House) -> None:
    phone, _ = await with_factor(house)
    shown = await card(house, f"!pay {BOB} 5 EUR")
    digits = phone.shows_next()
    wrong_card = await house.hear(ALICE, f"!confirm ZZZZ {digits}")
    wrong_factor = await house.hear(ALICE, f"!confirm {shown[0].facts['code']} 000000")

    assert words(wrong_card) == words(wrong_factor)


async def test_a_recovery_code_ends_the_factor_once(house: House) -> None:
    phone, codes = await with_factor(house)
    ended = keys(await house.hear(ALICE, f"!mfa reset {codes[3].lower()}"))
    phone, _ = await scanned(house)
    await house.hear(ALICE, f"!mfa on {phone.shows()}")
    again = keys(await house.hear(ALICE, f"!mfa reset {codes[3]}"))
    old = keys(await house.hear(ALICE, f"!mfa reset {codes[4]}"))

    assert ended == ["mfa.off"]
    assert again == old == ["error.wrong_code"]


async def test_a_code_of_the_factor_ends_it_and_renews_its_recovery_codes(house: House) -> None:
    phone, codes = await with_factor(house)
    (renewed,) = await house.hear(ALICE, f"!mfa recovery {phone.shows_next()}")
    fresh = listed(renewed)
    old = keys(await house.hear(ALICE, f"!mfa reset {codes[0]}"))
    off = keys(await house.hear(ALICE, f"!mfa reset {phone.shows_next()}"))

    assert set(fresh).isdisjoint(codes)
    assert old == ["error.wrong_code"]
    assert off == ["mfa.off"]
    assert keys(await house.hear(ALICE, "!mfa")) == ["mfa.is_off"]
    assert direct(ALICE) == renewed.room


async def test_what_is_not_understood_is_said_with_what_to_type(house: House) -> None:
    assert keys(await house.hear(ALICE, "!mfa dance")) == ["error.what_about_the_factor"]
    assert keys(await house.hear(ALICE, "!mfa reset")) == ["mfa.how_to_reset"]
    assert keys(await house.hear(ALICE, "!mfa test 123456")) == ["error.no_factor"]


async def test_somebody_without_a_factor_is_told_to_set_one_up_when_the_allowance_is_used_up(
    house: House,
) -> None:
    await house.link(ALICE)
    await house.link(BOB, "DE02120300000000202051")
    for _ in range(5):
        await card(house, f"!pay {BOB} 1 EUR")
        await house.hear(ALICE, "!yes", DINNER)
    (said,) = await card(house, f"!pay {BOB} 1 EUR")

    assert said.key == "error.allowance_used_up"
    assert said.lines == ("!mfa on",)
