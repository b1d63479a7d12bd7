"""Without a second factor, a code approves only so much at once, so much in all, and so many times."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paybridge.domain.approval import (
    Allowance,
    AllowanceUsedUpError,
    Most,
    OverTheEachLimitError,
    check_allowance,
)
from paybridge.domain.errors import UserError
from paybridge.domain.money import Money
from paybridge.domain.transfer import TransferKind
from tests.fakes.records import a_transfer, euros

ALLOWED = Allowance(each=euros(3000), total=euros(10000), count=5)


@pytest.mark.parametrize(
    ("cents", "count", "spent"), [(1, 0, 0), (3000, 0, 0), (3000, 4, 7000), (1, 4, 9999)]
)
def test_within_the_allowance_a_code_is_enough(cents: int, count: int, spent: int) -> None:
    check_allowance(a_transfer("PB-7K3QD", cents=cents), ALLOWED, count=count, spent=euros(spent))


def test_more_than_one_payment_may_be_is_refused() -> None:
    with pytest.raises(OverTheEachLimitError) as refused:
        check_allowance(a_transfer("PB-7K3QD", cents=3001), ALLOWED, count=0, spent=euros(0))

    assert refused.value.facts() == {"most": euros(3000)}


def test_another_currency_is_never_within_it() -> None:
    yen = replace(a_transfer("PB-7K3QD"), amount=Money(1, "JPY"), fee=Money(0, "JPY"))

    with pytest.raises(OverTheEachLimitError):
        check_allowance(yen, ALLOWED, count=0, spent=euros(0))


def test_another_currency_has_amounts_of_its_own_and_the_count_is_shared() -> None:
    rupees = Most(Money.of("2500", "INR"), Money.of("8000", "INR"))
    allowed = replace(ALLOWED, others={"INR": rupees})
    payment = replace(a_transfer("PB-7K3QD"), amount=rupees.each, fee=Money(0, "INR"))
    one = Money(1, "INR")
    spent = rupees.total - rupees.each

    check_allowance(payment, allowed, count=4, spent=spent)

    with pytest.raises(OverTheEachLimitError) as over:
        check_allowance(replace(payment, amount=rupees.each + one), allowed, count=0, spent=one)
    with pytest.raises(AllowanceUsedUpError) as used_up:
        check_allowance(payment, allowed, count=0, spent=spent + one)
    with pytest.raises(AllowanceUsedUpError):
        check_allowance(payment, allowed, count=5, spent=Money(0, "INR"))
    assert over.value.facts() == {"most": rupees.each}
    assert used_up.value.facts()["left"] == rupees.each - one


@pytest.mark.parametrize(
    ("cents", "count", "spent", "left", "left_count"),
    [(1, 5, 0, 10000, 0), (2, 0, 9999, 1, 5), (1, 9, 12000, 0, 0), (3000, 3, 7001, 2999, 2)],
)
def test_a_used_up_allowance_says_what_is_left(
    cents: int, count: int, spent: int, left: int, left_count: int
) -> None:
    with pytest.raises(AllowanceUsedUpError) as refused:
        check_allowance(a_transfer("PB-7K3QD", cents=cents), ALLOWED, count=count, spent=euros(spent))

    assert refused.value.facts() == {
        "total": euros(10000),
        "count": 5,
        "left": euros(left),
        "left_count": left_count,
    }


@pytest.mark.parametrize("kind", [TransferKind.TOPUP, TransferKind.CASHOUT])
def test_moving_money_between_ones_own_accounts_is_exempt(kind: TransferKind) -> None:
    check_allowance(a_transfer("PB-7K3QD", kind=kind, cents=10**9), ALLOWED, count=99, spent=euros(10**9))


@given(st.lists(st.integers(1, 4000), max_size=30))
def test_no_row_of_payments_gets_past_the_allowance(row: list[int]) -> None:
    count, spent = 0, 0
    for cents in row:
        try:
            check_allowance(a_transfer("PB-7K3QD", cents=cents), ALLOWED, count=count, spent=euros(spent))
        except UserError:
            continue
        count, spent = count + 1, spent + cents

    assert count <= ALLOWED.count
    assert spent <= ALLOWED.total.minor
