"""What goes back of an order has its tax exactly, however it is cut, and never more than was ordered."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paybridge.domain.invoice import Bill, Line
from paybridge.domain.money import Money
from paybridge.domain.order_refund import MoreThanOrderedError, RefundLine, given_back, taxes_back
from paybridge.domain.sale import Taking, TakingState, looks_like_order

RATES = st.sampled_from((0, 500, 700, 1900, 2550))
LINES = st.lists(
    st.builds(
        lambda pieces, each, rate: Line("x", pieces, Money(each, "EUR"), rate),
        st.integers(1, 12),
        st.integers(1, 99_99),
        RATES,
    ),
    min_size=1,
    max_size=6,
)


@given(lines=LINES, data=st.data())
@settings(deadline=None)
def test_all_refunds_together_have_the_taxes_of_the_bill(lines: list[Line], data: st.DataObject) -> None:
    bill = Bill(tuple(lines))
    left = {at: line.pieces for at, line in enumerate(lines)}
    before: dict[int, int] = {}
    sums: dict[int, list[int]] = {one.rate: [0, 0, 0] for one in bill.taxes}
    while left:
        at = data.draw(st.sampled_from(sorted(left)))
        pieces = data.draw(st.integers(1, left[at]))
        for one in taxes_back(bill, before, {at: pieces}):
            assert one.gross == one.net + one.tax
            assert not one.tax.is_negative
            for place, money in enumerate((one.gross, one.net, one.tax)):
                sums[one.rate][place] += money.minor
        before[at] = before.get(at, 0) + pieces
        left[at] -= pieces
        left = {place: count for place, count in left.items() if count}

    assert sums == {one.rate: [one.gross.minor, one.net.minor, one.tax.minor] for one in bill.taxes}


@given(st.integers(1, 50), st.lists(st.integers(1, 20), max_size=12))
def test_no_piece_goes_back_twice(ordered: int, wanted: list[int]) -> None:
    taking = Taking("t", "PB-7K3QD", "item", ordered, 320, TakingState.TAKEN)
    back = 0
    for pieces in wanted:
        line = RefundLine("r/0", "r", "t", pieces)
        try:
            taking = given_back(taking, line, "Latte", restocks=pieces % 2 == 0)
        except MoreThanOrderedError:
            assert back + pieces > ordered
            continue
        back += pieces

    assert taking.refunded == back <= ordered
    assert taking.restocked <= taking.refunded


@pytest.mark.parametrize("word", ["12", "PB-7K3QD", "pb-7k3qd"])
def test_an_order_is_named_by_its_payment_or_its_number(word: str) -> None:
    assert looks_like_order(word)


@pytest.mark.parametrize("word", ["2 latte", "latte", "", "-1", "1.5"])
def test_what_is_wanted_names_no_order(word: str) -> None:
    assert not looks_like_order(word)
