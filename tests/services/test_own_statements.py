"""`!statement`: a month's opening balance, every line and what it comes to, as a table and as pages."""

from __future__ import annotations

import csv
import io
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from pypdfium2 import PdfDocument

from paybridge.texts.statement_files import harmless, make_file
from tests.fakes.house import ALICE, BOB, CAROL, DINNER, TEXTS, House, direct, keys, words

if TYPE_CHECKING:
    from paybridge.services.says import Say

NOTE = "=HYPERLINK(evil)"


async def a_spring(house: House) -> None:
    """February: Alice tops up. March: she pays Bob twice, once from her bank, and gets a part back."""
    await house.link(ALICE)
    await house.link(BOB, "DE02120300000000202051")
    house.clock.at = datetime(2026, 2, 27, 12, tzinfo=UTC)
    await house.fund(ALICE, 5000)
    house.clock.at = datetime(2026, 3, 2, 12, tzinfo=UTC)
    paid = await pay(house, f"!pay 12.50 EUR @bob {NOTE}")
    await pay(house, "!pay 20 EUR @bob from bank")
    house.clock.pass_by(timedelta(seconds=1))
    await house.hear(BOB, f"!refund {paid} 2.50 EUR", DINNER)
    await house.hear(BOB, "!yes", DINNER)
    await house.carry()


async def pay(house: House, line: str) -> str:
    house.clock.pass_by(timedelta(seconds=1))
    card = await house.hear(ALICE, line, DINNER)
    await house.hear(ALICE, "!yes", DINNER)
    await house.carry()
    return str(card[-1].facts["payment"])


async def table(house: House, mxid: str, line: str) -> list[dict[str, str]]:
    """The rows of the CSV that somebody gets, by English names."""
    (say,) = await house.hear(mxid, line)
    made = make_file(TEXTS, say)
    assert made.mimetype == "text/csv"
    return list(csv.DictReader(io.StringIO(made.data.decode("utf-8-sig"))))


def pages(say: Say) -> str:
    made = make_file(TEXTS, say)
    assert made.mimetype == "application/pdf"
    with closing(PdfDocument(made.data)) as opened:
        return "\f".join(page.get_textpage().get_text_range() for page in opened)


async def test_each_line_has_the_balance_after_it_and_the_last_is_what_the_person_has(house: House) -> None:
    await a_spring(house)
    rows = await table(house, ALICE, "!statement 2026-03 csv")

    assert [(row["What"], row["Amount"], row["Change of balance"], row["Balance"]) for row in rows] == [
        ("Opening balance", "", "", "50.00"),
        ("Sent", "-12.50", "-12.50", "37.50"),
        ("Sent", "-20.00", "0.00", ""),
        ("Refund received", "2.50", "2.50", "40.00"),
        ("Closing balance", "", "", "40.00"),
    ]
    assert await house.balance(ALICE) == 4000
    assert {row["Currency"] for row in rows} == {"EUR"}
    assert rows[1]["Time (UTC)"] == "2026-03-02 12:00:01"


async def test_months_lead_on_to_each_other(house: House) -> None:
    await a_spring(house)
    february = await table(house, ALICE, "!statement february csv")
    april = await table(house, ALICE, "!statement 2026-04 csv")

    assert [(row["What"], row["Balance"]) for row in february] == [
        ("Opening balance", "0.00"),
        ("Topped up", "50.00"),
        ("Closing balance", "50.00"),
    ]
    assert [row["Balance"] for row in april] == ["40.00", "40.00"]
    assert keys(await house.hear(ALICE, "!statement 2026-01 csv")) == ["statement.empty"]


async def test_the_other_side_reads_it_from_theirs(house: House) -> None:
    await a_spring(house)
    rows = await table(house, BOB, "!statement 2026-03 csv")

    assert [(row["What"], row["With"], row["Change of balance"]) for row in rows[1:-1]] == [
        ("Received", "'@alice:hs", "12.50"),
        ("Received", "'@alice:hs", "20.00"),
        ("Refund given", "'@alice:hs", "-2.50"),
    ]
    assert keys(await house.hear(CAROL, "!statement 2026-03")) == ["statement.empty"]


async def test_case_63_no_cell_that_somebody_typed_can_be_a_formula(house: House) -> None:
    await a_spring(house)
    rows = await table(house, BOB, "!statement 2026-03 csv")

    assert rows[1]["Note"] == f"'{NOTE}"
    for row in rows:
        assert not row["Note"].startswith(("=", "+", "-", "@"))
        assert not row["With"].startswith(("=", "+", "-", "@"))


@pytest.mark.parametrize("typed", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "\u200b=1"])
def test_what_begins_as_a_formula_is_quoted(typed: str) -> None:
    assert harmless(typed).startswith("'")
    assert harmless("dinner = 5") == "dinner = 5"


async def test_the_pdf_says_the_same_and_what_each_kind_comes_to(house: House) -> None:
    await a_spring(house)
    (say,) = await house.hear(ALICE, "!statement 2026-03")
    told = pages(say)

    assert "PayBridge statement, March 2026" in told
    assert "Opening balance 50.00 EUR" in told
    assert "Closing balance 40.00 EUR" in told
    assert "Sent 1 -12.50 EUR" in told
    assert "Sent, by account 1 -20.00 EUR" in told
    assert "Refund received 1 2.50 EUR" in told
    assert "@bob:hs" in told
    assert NOTE in told


async def test_the_pdf_is_in_the_persons_language(house: House) -> None:
    await a_spring(house)
    await house.hear(ALICE, "!lang zh")
    (say,) = await house.hear(ALICE, "!对账单 3月")
    told = pages(say)

    assert "PayBridge 对账单" in told
    assert "2026年3月" in told
    assert "期末余额 40.00 EUR" in told
    assert "付出" in told


async def test_a_long_month_has_many_pages_and_every_line_once(house: House) -> None:
    await house.link(ALICE)
    for cents in range(1, 61):
        house.clock.pass_by(timedelta(seconds=1))
        await house.fund(ALICE, cents)
    (say,) = await house.hear(ALICE, "!statement")
    told = pages(say)

    assert len(told.split("\f")) > 1
    assert told.count("Topped up") == 61  # each line, and the total
    assert "Topped up 60 18.30 EUR" in told


async def test_it_goes_to_the_direct_message_alone(house: House) -> None:
    await a_spring(house)
    pointer, sent = await house.hear(ALICE, "!statement 2026-03", DINNER)

    assert (pointer.key, pointer.room, pointer.file) == ("reply.see_direct_message", DINNER, None)
    assert (sent.key, sent.room, sent.person, sent.file) == ("statement.sent", None, ALICE, "pdf")
    assert "EUR: 50.00 EUR at its beginning, 40.00 EUR at its end, 3 lines" in words([sent])
    assert (await house.hear(ALICE, "!statement csv"))[0].room == direct(ALICE)


async def test_what_is_no_month_is_refused(house: House) -> None:
    assert keys(await house.hear(ALICE, "!statement yesterday")) == ["error.not_a_statement"]
    assert keys(await house.hear(ALICE, "!statement 2026-13")) == ["error.not_a_statement"]


async def test_months_and_times_are_those_of_the_persons_zone(house: House) -> None:
    await a_spring(house)
    await house.hear(ALICE, "!zone Asia/Tokyo")
    house.clock.at = datetime(2026, 3, 31, 15, tzinfo=UTC)
    await pay(house, "!pay 1 EUR @bob")
    rows = await table(house, ALICE, "!statement csv")

    assert [row["Time (Asia/Tokyo)"] for row in rows] == ["", "2026-04-01 00:00:01", ""]
    assert [row["Balance"] for row in rows] == ["40.00", "39.00", "39.00"]
    assert "1.00 EUR" in words(await house.hear(ALICE, "!history april"))
    assert keys(await house.hear(ALICE, "!history 2026-05")) == ["history.none"]
