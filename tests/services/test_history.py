"""`!history`: what people look for, told to them alone, page by page."""

from __future__ import annotations

from datetime import timedelta

from paybridge.domain.spoken import Pill
from tests.fakes.house import ALICE, BOB, CAROL, DINNER, House, direct, keys, words

ACCOUNTS = {
    ALICE: "DE89370400440532013000",
    BOB: "DE02120300000000202051",
    CAROL: "DE02500105170137075030",
}


async def some_payments(house: House) -> None:
    """Alice pays Bob twice in the room and Carol once, and asks Carol for money."""
    for mxid, number in ACCOUNTS.items():
        await house.link(mxid, number)
    await house.fund(ALICE, 5000)
    for line in ("!pay 3 EUR @bob taxi", "!pay 4 EUR @carol", "!pay 5 EUR @bob"):
        house.clock.at += timedelta(seconds=1)
        await house.hear(ALICE, line, DINNER)
        await house.hear(ALICE, "!yes", DINNER)
        await house.carry()
    await house.hear(ALICE, "!request @carol 6 EUR", DINNER)


def amounts(told: str) -> list[str]:
    return [line.split(" · ")[2].split(" EUR")[0] for line in told.splitlines() if " · " in line]


async def told(house: House, line: str, mxid: str = ALICE, room: str | None = None) -> str:
    return words(await house.hear(mxid, line, room))


async def test_a_person_a_month_a_kind_and_a_room_can_be_looked_for(house: House) -> None:
    await some_payments(house)
    month = f"{house.clock.now():%B}"

    assert amounts(await told(house, "!history")) == ["-5.00", "-4.00", "-3.00", "50.00"]
    assert amounts(await told(house, "!history @bob")) == ["-5.00", "-3.00"]
    assert amounts(await told(house, "!history @bob:hs")) == ["-5.00", "-3.00"]
    assert amounts(await told(house, "!history with Carol", room=DINNER)) == ["-4.00"]
    assert amounts(await told(house, "!history topups")) == ["50.00"]
    assert amounts(await told(house, f"!history sent {month}")) == ["-5.00", "-4.00", "-3.00"]
    assert amounts(await told(house, "!history here", room=DINNER)) == ["-5.00", "-4.00", "-3.00"]
    assert amounts(await told(house, "!history here")) == ["50.00"]
    assert amounts(await told(house, "!history requests")) == ["6.00"]
    assert await told(house, "!history 2020-01") == "Nothing of yours fits that."


async def test_a_pill_names_whose_payments_are_meant(house: House) -> None:
    await some_payments(house)
    said = await house.hear(
        ALICE, "!history Bobby in the taxi", DINNER, pills=(Pill(BOB, "Bobby in the taxi"),)
    )

    assert amounts(words(said)) == ["-5.00", "-3.00"]


async def test_the_title_says_what_was_looked_for_in_each_language(house: House) -> None:
    await some_payments(house)
    month = house.clock.now()
    said = await told(house, f"!history @bob sent {month:%Y-%m} here", room=DINNER)
    asked = await told(house, "!history requests", CAROL)
    await house.hear(ALICE, "!lang zh")
    chinese = await told(house, f"!记录 @bob {month.month}月")

    assert f"Payments that you sent, with @bob:hs, in {month:%B %Y}, made in that room:\n" in said
    assert "Requests:\n" in asked
    assert " · 6.00 EUR @alice:hs asked you (open)" in asked
    title = f"付款记录，与 @bob:hs，{month.year}年{month.month}月："  # noqa: RUF001 - as Chinese is written
    assert chinese.startswith(f"{title}\n")


async def test_more_goes_on_where_the_last_page_ended_whatever_was_paid_since(house: House) -> None:
    await house.link(ALICE)
    for cents in range(1, 24):
        house.clock.at += timedelta(seconds=1)
        await house.fund(ALICE, cents)
    first = await told(house, "!history topups")
    await house.fund(ALICE, 99)
    second = await told(house, "!history more", room=DINNER)
    third = await told(house, "!history more")
    end = await told(house, "!history more")
    again = await told(house, "!history")

    assert amounts(first) == [f"0.{cents:02}" for cents in range(23, 13, -1)]
    assert first.endswith("There is more: !history more")
    assert amounts(second) == [f"0.{cents:02}" for cents in range(13, 3, -1)]
    assert "Topups, continued:" in second
    assert amounts(third) == ["0.03", "0.02", "0.01"]
    assert "There is more" not in third
    assert end == "That was all."
    assert amounts(again)[:2] == ["0.99", "0.23"]


async def test_each_person_goes_on_with_their_own_page(house: House) -> None:
    await some_payments(house)
    await told(house, "!history")

    assert keys(await house.hear(BOB, "!history more")) == ["history.end"]


async def test_what_nobody_can_look_for_is_refused_and_tells_nothing_of_others(house: House) -> None:
    await some_payments(house)

    for typed in ("@nobody", "nonsense", "@carol"):
        said = await house.hear(BOB, f"!history {typed}")

        assert keys(said) == ["error.not_sought"]
    assert keys(await house.hear(BOB, "!history @carol:hs")) == ["history.none"]


async def test_in_a_room_only_the_pointer_is_said(house: House) -> None:
    await some_payments(house)
    said = await house.hear(ALICE, "!history here", DINNER)

    assert [(say.key, say.room, say.person) for say in said] == [
        ("reply.see_direct_message", DINNER, None),
        ("history.page", None, ALICE),
    ]
    assert (await house.hear(ALICE, "!history"))[0].room == direct(ALICE)


async def test_where_somebody_stopped_reading_holds_no_matrix_id(house: House) -> None:
    await some_payments(house)
    await told(house, "!history @bob:hs")
    await told(house, "!history more")
    alice = await house.book.person_of(ALICE)
    assert alice is not None
    kept = await house.book.bookmark(alice.id)
    bob = await house.book.person_of(BOB)

    assert kept is not None
    assert bob is not None
    assert kept.sought.other == bob.id
