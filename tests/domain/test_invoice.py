"""Invoices: every cent is somewhere, tax is rounded once for each rate, and words are read exactly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paybridge.domain.amounts import NegativeError, ZeroError
from paybridge.domain.errors import UserError
from paybridge.domain.invoice import (
    WHOLE,
    Bill,
    Invoice,
    Line,
    NothingLeftToAskError,
    NoTipHereError,
    Paper,
    TipTooMuchError,
    TooManyLinesError,
    check_tip,
    paper_from_json,
    part_of,
    shared,
)
from paybridge.domain.invoice_words import (
    InvoiceWordNotReadError,
    LineNotReadError,
    NoLinesError,
    read_invoice,
)
from paybridge.domain.money import Money
from paybridge.domain.shop import Details, ShopWordsError, checked, number_text

LINES = st.lists(
    st.builds(
        Line,
        st.just("thing"),
        st.integers(1, 50),
        st.integers(1, 100_000).map(lambda minor: Money(minor, "EUR")),
        st.sampled_from((0, 500, 700, 1900, 1950, 2100)),
    ),
    min_size=1,
    max_size=12,
).map(tuple)


def plain(bill: Bill) -> list[tuple[int, str, str]]:
    return [(tax.rate, tax.net.plain(), tax.tax.plain()) for tax in bill.taxes]


@given(LINES, st.integers(0, WHOLE - 1))
def test_net_and_tax_of_all_rates_are_the_total_and_each_is_rounded_once(
    lines: tuple[Line, ...], discount: int
) -> None:
    bill = Bill(lines, discount_rate=discount)

    assert sum(tax.net.minor + tax.tax.minor for tax in bill.taxes) == bill.total.minor
    assert sum(tax.gross.minor for tax in bill.taxes) == bill.before.minor - bill.reduced_by.minor
    for tax in bill.taxes:
        exact = Fraction(tax.gross.minor * tax.rate, WHOLE + tax.rate)

        assert abs(tax.tax.minor - exact) <= Fraction(1, 2)
        assert tax.net.minor >= 0


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=20), st.data())
def test_what_is_shared_is_all_there_and_nobody_is_a_whole_unit_off(
    weights: list[int], data: st.DataObject
) -> None:
    amount = data.draw(st.integers(0, sum(weights)))
    shares = shared(amount, weights)

    assert sum(shares) == amount
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - Fraction(amount * weight, sum(weights))) < 1
        assert 0 <= share <= weight


def test_half_a_cent_is_rounded_up() -> None:
    assert part_of(Money(5, "EUR"), 10_00) == Money(1, "EUR")
    assert part_of(Money(4, "EUR"), 10_00) == Money(0, "EUR")


def test_a_paper_comes_back_as_it_was() -> None:
    bill = read_invoice('@b "2x Latte 3.20 7%; Bag 1 19%" discount 10%', "EUR").bill
    details = Details("Café “Ecke”", "Straße 1", "DE1", "CC")
    paper = Paper(details, "CC-2026-00001", datetime(2026, 3, 2, tzinfo=UTC), bill)

    assert paper_from_json(paper.to_json()) == paper


@pytest.mark.parametrize(
    ("words", "total", "taxes"),
    [
        ('@b "2x Latte 3.20; Cake 4.50" tax 7%', "10.90", [(700, "10.19", "0.71")]),
        (
            "@b “Latte 3,20 €; Book 10 EUR 19%” tax 7%",
            "13.20",
            [(700, "2.99", "0.21"), (1900, "8.40", "1.60")],
        ),
        ('@b "Latte €3.20" discount 1 EUR tax 19.5%', "2.20", [(1950, "1.84", "0.36")]),
        (
            '@b "2 x Latte 3.20 7%; Book 10 19%; 7up 2" discount 10%',
            "16.56",
            [
                (0, "1.80", "0.00"),
                (700, "5.38", "0.38"),
                (1900, "7.56", "1.44"),
            ],
        ),
        ('@b "拿铁 3.20；蛋糕 4.50" 税 7% 小费 可', "7.70", [(700, "7.20", "0.50")]),  # noqa: RUF001 - as typed in Chinese
    ],
)
def test_lines_discount_and_tax_are_read(words: str, total: str, taxes: list[tuple[int, str, str]]) -> None:
    bill = read_invoice(words, "EUR").bill

    assert (bill.total.plain(), plain(bill)) == (total, taxes)


def test_how_it_may_be_paid_is_read() -> None:
    read = read_invoice('@bob "Latte 3.20" tip ok parts ok expires 2h', "EUR")
    bare = read_invoice('@bob "Latte 3.20"', "EUR")

    assert (read.who, read.tips, read.parts, read.life) == ("@bob", True, True, timedelta(hours=2))
    assert (bare.tips, bare.parts, bare.life) == (False, False, None)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("@b 5 EUR", NoLinesError),
        ('@b " ; "', NoLinesError),
        ('@b "Latte"', LineNotReadError),
        ('@b "2x 3.20"', LineNotReadError),
        ('@b "0x Latte 3.20"', LineNotReadError),
        ('@b "Latte 3x4.20"', LineNotReadError),
        ('@b "Latte 3 EUR; Cake 3 USD"', LineNotReadError),
        ('@b "Latte 0"', ZeroError),
        ('@b "Latte -3"', NegativeError),
        ('@b "Latte 3" foo', InvoiceWordNotReadError),
        ('@b "Latte 3" tax', InvoiceWordNotReadError),
        ('@b "Latte 3" tax seven', InvoiceWordNotReadError),
        ('@b "Latte 3" tip no', InvoiceWordNotReadError),
        ('@b "Latte 3" expires 1m', InvoiceWordNotReadError),
        ('@b "Latte 3" expires 2y', InvoiceWordNotReadError),
        ('@b "Latte 3" discount 1 USD', InvoiceWordNotReadError),
        ('@b "Latte 3" discount 3 EUR', NothingLeftToAskError),
        ('@b "Latte 3" discount 4 EUR', NothingLeftToAskError),
        (f'@b "{";".join(["a 1"] * 31)}"', TooManyLinesError),
    ],
)
def test_what_cannot_be_billed_is_refused_by_its_name(words: str, error: type[UserError]) -> None:
    with pytest.raises(error):
        read_invoice(words, "EUR")


@given(st.text(max_size=50))
def test_whatever_is_typed_is_read_or_refused(words: str) -> None:
    try:
        read = read_invoice(f'@b "a 1; {words}" {words}', "EUR")
    except UserError:
        return

    assert read.bill.total.is_positive


def test_a_tip_is_taken_where_the_invoice_says_so_and_up_to_as_much_again() -> None:
    total = Money(1000, "EUR")
    takes = Invoice("PB-1", "shop", 2026, 1, b"", tips=True, parts=False)
    check_tip(takes, total, total)

    with pytest.raises(TipTooMuchError):
        check_tip(takes, Money(1001, "EUR"), total)
    with pytest.raises(TipTooMuchError):
        check_tip(takes, Money(1, "USD"), total)
    with pytest.raises(NoTipHereError):
        check_tip(Invoice("PB-1", "shop", 2026, 1, b"", tips=False, parts=False), Money(1, "EUR"), total)


def test_a_number_has_its_prefix_and_year() -> None:
    assert number_text("CC", 2026, 7) == "CC-2026-00007"
    assert number_text("", 2026, 123456) == "2026-123456"


@pytest.mark.parametrize(
    "details",
    [
        Details(""),
        Details("x" * 201),
        Details("Café", "x" * 201),
        Details("Café", tax_id="?"),
        Details("Café", prefix="too long for it"),
        Details("Café", prefix="C/C"),
    ],
)
def test_what_cannot_stand_on_paper_is_refused(details: Details) -> None:
    with pytest.raises(ShopWordsError):
        checked(details)
