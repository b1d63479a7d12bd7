"""Whatever people paid for each other: balances come to nothing, and so does what is open after the plan."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paybridge.domain.amount_errors import TooLargeError
from paybridge.domain.money import MAX_MINOR, Money
from paybridge.domain.split import How, Wanted
from paybridge.domain.trip import (
    MOST_EXPENSES,
    MOST_MINOR,
    Balance,
    Debt,
    Entry,
    Expense,
    ExpenseState,
    Part,
    RateNotReadError,
    RateTooSmallError,
    Reason,
    balances,
    checked,
    convert,
    debts,
    divide_spent,
    fewest,
    read_rate,
)
from paybridge.domain.zero_sums import MOST_TRIED, payments

CREATED = datetime(2026, 1, 1, tzinfo=UTC)
ANN, BOB, CAROL, DAVE = "ann", "bob", "carol", "dave"


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def entry(number: int, paid: dict[str, int], owed: dict[str, int]) -> Entry:
    amount = eur(sum(paid.values()))
    expense = Expense(f"T/{number}", "T", number, ANN, amount, amount, ExpenseState.COUNTED, CREATED)
    people = sorted({*paid, *owed})
    return Entry(
        expense,
        tuple(
            Part(f"T/{number}/{who}", expense.id, who, eur(paid.get(who, 0)), eur(owed.get(who, 0)))
            for who in people
        ),
    )


DINNER = entry(1, {ANN: 3000}, {ANN: 1000, BOB: 1000, CAROL: 1000})
TAXI = entry(2, {BOB: 600}, {ANN: 300, BOB: 300})
MUSEUM = entry(3, {BOB: 4000}, {CAROL: 4000})


def left(entries: list[Entry]) -> dict[str, int]:
    return {balance.person: balance.left.minor for balance in balances(entries, "EUR")}


def test_a_balance_is_what_somebody_paid_less_what_they_carry() -> None:
    assert left([DINNER, TAXI, MUSEUM]) == {ANN: 1700, BOB: 3300, CAROL: -5000}
    assert balances([], "EUR", [DAVE]) == (Balance(DAVE, eur(0), eur(0)),)


def test_a_debt_names_every_expense_that_made_it_and_what_goes_against_it() -> None:
    assert debts([DINNER, TAXI, MUSEUM], "EUR") == (
        Debt(BOB, ANN, eur(700), (Reason(1, eur(1000)), Reason(2, eur(-300)))),
        Debt(CAROL, ANN, eur(1000), (Reason(1, eur(1000)),)),
        Debt(CAROL, BOB, eur(4000), (Reason(3, eur(4000)),)),
    )


def test_what_was_removed_counts_for_nothing() -> None:
    gone = replace(DINNER, expense=replace(DINNER.expense, state=ExpenseState.REMOVED))

    assert left([gone]) == {}
    assert debts([gone, TAXI], "EUR") == (Debt(ANN, BOB, eur(300), (Reason(2, eur(300)),)),)


def test_debts_that_go_round_in_a_circle_need_no_payment() -> None:
    circle = [entry(1, {ANN: 500}, {BOB: 500}), entry(2, {BOB: 500}, {CAROL: 500})]
    circle.append(entry(3, {CAROL: 500}, {ANN: 500}))

    assert len(debts(circle, "EUR")) == 3
    assert fewest(balances(circle, "EUR"), "EUR") == ()


def test_the_fewest_payments_leave_out_whoever_only_stands_between() -> None:
    chain = [entry(1, {ANN: 500}, {BOB: 500}), entry(2, {BOB: 500}, {CAROL: 500})]

    assert fewest(balances(chain, "EUR"), "EUR") == (Debt(CAROL, ANN, eur(500)),)


def test_several_who_paid_one_expense_get_back_what_is_over_their_own_share() -> None:
    hotel = entry(1, {ANN: 6000, BOB: 3000}, {ANN: 3000, BOB: 3000, CAROL: 3000})

    assert debts([hotel], "EUR") == (Debt(CAROL, ANN, eur(3000), (Reason(1, eur(3000)),)),)


def test_groups_are_found_that_settle_among_themselves() -> None:
    # By size alone, five payments: the largest debtor does not owe the largest creditor's group.
    sums = {"a": 700, "b": -300, "c": -400, "d": 600, "e": -500, "f": -100}

    assert len(payments(sums)) == 4


@pytest.mark.parametrize(
    ("typed", "rate"), [("0.0061", "0.0061"), ("0,0061", "0.0061"), ("163", "163"), ("1.234", "1.234")]
)
def test_a_rate_is_read_exactly(typed: str, rate: str) -> None:
    assert read_rate(typed) == Decimal(rate)


@pytest.mark.parametrize(
    "typed", ["", "0", "0.0", "1,234", "-1", "1e3", "x", "1.2.3", ".5", "1/3", "٣", "9" * 40]
)
def test_what_is_no_rate_or_could_be_two_is_refused(typed: str) -> None:
    with pytest.raises(RateNotReadError):
        read_rate(typed)


def test_a_sum_is_converted_to_the_nearest_minor_unit_halves_to_even() -> None:
    assert convert(Money(4000, "JPY"), Decimal("0.0061"), "EUR") == eur(2440)
    assert convert(Money(5, "USD"), Decimal("0.5"), "EUR") == eur(2)
    assert convert(Money(7, "USD"), Decimal("0.5"), "EUR") == eur(4)
    assert convert(eur(100), Decimal(163), "JPY") == Money(163, "JPY")
    with pytest.raises(RateTooSmallError):
        convert(Money(1, "JPY"), Decimal("0.0001"), "EUR")


def test_all_expenses_of_a_trip_together_still_are_money() -> None:
    assert MOST_MINOR * MOST_EXPENSES <= MAX_MINOR
    with pytest.raises(TooLargeError):
        checked(MOST_MINOR + 1, "EUR")
    with pytest.raises(TooLargeError):
        convert(Money(MOST_MINOR, "EUR"), Decimal(10**9), "JPY")


def test_what_does_not_divide_goes_to_whoever_paid_then_to_the_first_by_id() -> None:
    wanted = [Wanted("@ann:hs"), Wanted("@bob:hs", own=True), Wanted("@carol:hs")]

    assert [piece.amount.minor for piece in divide_spent(eur(1000), eur(1000), wanted)] == [333, 334, 333]


def test_exact_sums_of_another_currency_weigh_what_they_were() -> None:
    wanted = [Wanted("@ann:hs", How.EXACT, 1000), Wanted("@bob:hs", own=True)]
    pieces = divide_spent(Money(4000, "JPY"), eur(2440), wanted)

    assert [piece.amount.minor for piece in pieces] == [610, 1830]


PEOPLE = [f"p{number}" for number in range(20)]


@st.composite
def entries(draw: st.DrawFn, most_people: int = 20) -> list[Entry]:
    people = PEOPLE[: draw(st.integers(2, most_people))]
    found = []
    for number in range(1, draw(st.integers(1, 8)) + 1):
        payers = draw(st.dictionaries(st.sampled_from(people), st.integers(1, 10**6), min_size=1, max_size=3))
        sharers = draw(st.lists(st.sampled_from(people), min_size=1, max_size=8, unique=True))
        pieces = eur(sum(payers.values())).split([draw(st.integers(1, 5)) for _ in sharers])
        found.append(
            entry(number, payers, dict(zip(sharers, (piece.minor for piece in pieces), strict=True)))
        )
    return found


def paid_off(before: dict[str, int], plan: tuple[Debt, ...]) -> dict[str, int]:
    """What is left once everybody has paid what the plan says."""
    after = Counter(before)
    for debt in plan:
        after[debt.debtor] += debt.amount.minor
        after[debt.creditor] -= debt.amount.minor
    return {person: minor for person, minor in after.items() if minor}


@given(entries())
def test_balances_sum_to_zero(found: list[Entry]) -> None:
    assert sum(left(found).values()) == 0


@given(entries())
def test_paying_each_debt_settles_every_balance_and_each_debt_is_the_sum_of_its_reasons(
    found: list[Entry],
) -> None:
    plan = debts(found, "EUR")

    assert paid_off(left(found), plan) == {}
    assert all(debt.amount.is_positive and debt.debtor != debt.creditor for debt in plan)
    assert all(sum(reason.amount.minor for reason in debt.why) == debt.amount.minor for debt in plan)
    assert len({frozenset((debt.debtor, debt.creditor)) for debt in plan}) == len(plan)


@given(entries())
def test_the_fewest_payments_settle_every_balance_with_one_less_than_there_are_people(
    found: list[Entry],
) -> None:
    before = left(found)
    plan = fewest(balances(found, "EUR"), "EUR")

    assert paid_off(before, plan) == {}
    assert all(debt.amount.is_positive for debt in plan)
    assert len(plan) <= max(len([minor for minor in before.values() if minor]) - 1, 0)
    assert not {debt.debtor for debt in plan} & {debt.creditor for debt in plan}


@given(entries(most_people=MOST_TRIED))
def test_among_a_dozen_no_plan_has_fewer_payments_than_the_one_pair_by_pair(found: list[Entry]) -> None:
    assert len(fewest(balances(found, "EUR"), "EUR")) <= len(debts(found, "EUR"))


def most_groups(sums: list[int]) -> int:
    """Into how many groups of zero sum these can be parted, by trying every group of the first one."""
    if not sums:
        return 0
    places = range(1, len(sums))
    tried = (chosen for size in range(len(sums)) for chosen in combinations(places, size))
    return max(
        (
            1 + most_groups([sums[place] for place in places if place not in chosen])
            for chosen in tried
            if sums[0] + sum(sums[place] for place in chosen) == 0
        ),
        default=-100,
    )


@given(st.lists(st.integers(-6, 6).filter(bool), min_size=1, max_size=5))
def test_no_way_is_shorter_than_the_one_that_is_found(some: list[int]) -> None:
    sums = [*some, -sum(some)] if sum(some) else some
    named = {f"p{number}": minor for number, minor in enumerate(sums)}

    assert len(payments(named)) == len(sums) - most_groups(sums)


@given(entries(), st.randoms(use_true_random=False))
def test_the_plan_does_not_depend_on_the_order_of_people(found: list[Entry], chance: object) -> None:
    before = list(balances(found, "EUR"))
    shuffled = list(before)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis hands in a Random

    assert fewest(shuffled, "EUR") == fewest(before, "EUR")
