"""A code counts once, forwards only, and wrong ones lock the factor for longer each time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paybridge.domain import factor as factors
from paybridge.domain.approval import Allowance, needs_factor
from paybridge.domain.factor import Factor, FactorState
from paybridge.domain.transfer import TransferKind
from tests.fakes.database import START
from tests.fakes.records import a_transfer, euros

ACTIVE = Factor("anna", b"sealed", FactorState.ACTIVE, START, devices=("PHONE",))
ALLOWANCE = Allowance(euros(3000), euros(10_000), 5)
NOW_STEP = factors.step_at(START)


@given(st.integers(-5, 5), st.integers(-300, 300))
def test_a_step_is_taken_if_it_is_the_present_one_or_the_last_and_is_newer_than_every_used_one(
    last: int, seconds: int
) -> None:
    now = START + timedelta(seconds=seconds)
    known = replace(ACTIVE, last_step=NOW_STEP + last)
    taken = factors.steps_taken(known, now)

    assert set(taken) == {
        step for step in (factors.step_at(now), factors.step_at(now) - 1) if step > NOW_STEP + last
    }


@given(st.lists(st.integers(-90, 90), max_size=30))
def test_whatever_the_clock_does_no_step_is_taken_twice(moves: list[int]) -> None:
    known, now, seen = ACTIVE, START, set[int]()
    for move in moves:
        now += timedelta(seconds=move)
        for step in factors.steps_taken(known, now)[:1]:
            assert step not in seen
            seen.add(step)
            known = factors.used(known, step)


def test_five_wrong_codes_lock_for_a_quarter_of_an_hour_and_then_for_twice_as_long_each_time() -> None:
    known, locks = ACTIVE, list[timedelta | None]()
    for _ in range(14):
        known = factors.failed(known, START)
        locks.append(known.locked_until - START if known.locked_until else None)

    minutes = [lock.total_seconds() / 60 if lock else None for lock in locks]
    assert minutes == [None] * 4 + [15, 30, 60, 120, 240, 480, 960, 1440, 1440, 1440]


def test_a_right_code_forgives_wrong_ones_and_stops_a_reset() -> None:
    known = replace(ACTIVE, wrong=4, locked_until=START, reset_at=START + timedelta(hours=24))
    after = factors.used(known, NOW_STEP, "LAPTOP")

    assert (after.wrong, after.locked_until, after.reset_at) == (0, None, None)
    assert after.devices == ("PHONE", "LAPTOP")
    assert factors.used(after, NOW_STEP + 1, "LAPTOP").devices == ("PHONE", "LAPTOP")


def test_an_operators_reset_ends_the_factor_at_its_time_and_not_before() -> None:
    known = replace(ACTIVE, reset_at=START)

    assert known.is_active(START - timedelta(seconds=1))
    assert not known.is_active(START)
    assert not replace(ACTIVE, state=FactorState.PENDING).is_active(START)


@pytest.mark.parametrize(
    ("cents", "factor", "known", "device", "needed"),
    [
        (3000, ACTIVE, True, "PHONE", False),
        (3001, ACTIVE, True, "PHONE", True),
        (100, ACTIVE, False, "PHONE", True),
        (100, ACTIVE, True, "LAPTOP", True),
        (100, ACTIVE, True, None, False),
        (100, replace(ACTIVE, light_count=5), True, "PHONE", True),
        (3000, replace(ACTIVE, light_sum=7000), True, "PHONE", False),
        (3000, replace(ACTIVE, light_sum=7001), True, "PHONE", True),
    ],
)
def test_what_a_payment_needs(
    *, cents: int, factor: Factor, known: bool, device: str | None, needed: bool
) -> None:
    payment = a_transfer("PB-1", cents=cents)

    assert needs_factor(payment, ALLOWANCE, factor, known_payees=known, device=device) is needed


@pytest.mark.parametrize(
    ("kind", "needed"),
    [(TransferKind.TOPUP, False), (TransferKind.REFUND, False), (TransferKind.CASHOUT, True)],
)
def test_what_ones_own_money_needs(kind: TransferKind, *, needed: bool) -> None:
    transfer = a_transfer("PB-1", kind=kind, cents=1)

    assert needs_factor(transfer, ALLOWANCE, ACTIVE, known_payees=True, device="PHONE") is needed


@pytest.mark.parametrize(
    ("words", "anywhere", "alone"),
    [
        ("123456", "123456", "123456"),
        (" 123 456 ", "123456", "123456"),
        ("on 123456", "123456", None),
        ("7Q4F 123 456", "123456", None),
        ("1234567", None, None),
        ("12345", None, None),
        ("123456 7", "123456", None),
        ("٠١٢٣٤٥", None, None),
        ("", None, None),
    ],
)
def test_six_digits_are_found(words: str, anywhere: str | None, alone: str | None) -> None:
    assert (factors.read_digits(words), factors.only_digits(words)) == (anywhere, alone)
