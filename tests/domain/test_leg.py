"""A leg makes the moves of its table and no other, and money is held exactly while its fate is open."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paybridge.domain import ledger
from paybridge.domain import leg as legs
from paybridge.domain.leg import (
    ENDED_AT_A_RAIL,
    LEG_MOVES,
    OPEN_LEG_STATES,
    InvalidLegMoveError,
    Leg,
    LegEffect,
    LegHappening,
    LegKind,
    LegState,
)
from tests.fakes.records import a_leg, euros

if TYPE_CHECKING:
    from paybridge.domain.ledger import Account, Journal

AMOUNT, HIGHEST_FEE = 1250, 40
FATE_OPEN = {LegState.RESERVED, LegState.PREPARED, LegState.EXECUTING, LegState.UNSURE}
ALL = sorted(product(LegKind, LegState, LegHappening))


def _belongs(kind: LegKind, happening: LegHappening) -> bool:
    """What is booked in our own ledger goes to no rail, and the other way round; all can be cancelled."""
    return happening is LegHappening.CANCEL or (happening is LegHappening.BOOK) is (kind is LegKind.BOOK)


MOVES = [each for each in ALL if each[1:] in LEG_MOVES and _belongs(each[0], each[2])]
NOT_MOVES = sorted(set(ALL) - set(MOVES))


@pytest.mark.parametrize(("kind", "before", "happening"), MOVES)
def test_a_leg_makes_each_move_of_the_table(kind: LegKind, before: LegState, happening: LegHappening) -> None:
    leg = a_leg("PB-7K3QD/1", "PB-7K3QD", kind=kind, state=before)
    move = LEG_MOVES[before, happening]

    assert legs.advance(leg, happening) == (replace(leg, state=move.to), move.effect)


@pytest.mark.parametrize(("kind", "before", "happening"), NOT_MOVES)
def test_every_other_move_is_refused_and_changes_nothing(
    kind: LegKind, before: LegState, happening: LegHappening
) -> None:
    leg = a_leg("PB-7K3QD/1", "PB-7K3QD", kind=kind, state=before)

    with pytest.raises(InvalidLegMoveError):
        legs.advance(leg, happening)

    assert leg == a_leg("PB-7K3QD/1", "PB-7K3QD", kind=kind, state=before)


def test_a_leg_that_is_over_moves_only_when_its_rail_says_otherwise() -> None:
    late = {(before, happening) for before, happening in LEG_MOVES if before not in OPEN_LEG_STATES}

    assert {before for before, _ in LEG_MOVES} == OPEN_LEG_STATES | ENDED_AT_A_RAIL
    assert late == {
        (LegState.SETTLED, LegHappening.REVERSE),
        (LegState.REFUSED, LegHappening.SUCCEED_LATE),
    }


def test_only_a_clear_answer_ends_a_leg_that_was_sent() -> None:
    ends = {happening for (before, happening), move in LEG_MOVES.items() if before is LegState.UNSURE}

    assert ends == {LegHappening.SETTLE, LegHappening.REFUSE, LegHappening.RESUME}
    assert (LegState.EXECUTING, LegHappening.CANCEL) not in LEG_MOVES
    assert (LegState.UNSURE, LegHappening.CANCEL) not in LEG_MOVES


def _history(kind: LegKind, happenings: list[LegHappening], fee: int) -> tuple[Leg, list[Journal]]:
    """The leg after everything that could happen of `happenings`, and all that was booked."""
    leg = a_leg("PB-7K3QD/1", "PB-7K3QD", kind=kind, cents=AMOUNT, highest_fee=HIGHEST_FEE)
    booked: list[Journal] = []
    for happening in happenings:
        try:
            leg, effect = legs.advance(leg, happening)
        except InvalidLegMoveError:
            continue
        leg = replace(leg, fee=euros(fee))
        booked += legs.journals(leg, effect, held_before=False)
    return leg, booked


def _balances(booked: list[Journal]) -> Counter[Account]:
    sums: Counter[Account] = Counter()
    for journal in booked:
        for line in journal.lines:
            sums[line.account] += line.amount.minor
    return sums


happenings = st.lists(st.sampled_from(LegHappening), max_size=30)
likely = st.lists(
    st.sampled_from(
        sorted(set(LegHappening) - {LegHappening.RESERVE, LegHappening.BOOK, LegHappening.CANCEL})
    ),
    max_size=20,
).map(lambda rest: [LegHappening.RESERVE, *rest])


@given(st.one_of(happenings, likely), st.integers(0, HIGHEST_FEE))
def test_money_is_held_exactly_while_its_fate_is_open(history: list[LegHappening], fee: int) -> None:
    leg, booked = _history(LegKind.PAYOUT, history, fee)

    held = AMOUNT + HIGHEST_FEE if leg.state in FATE_OPEN else 0
    spent = AMOUNT + fee if leg.state in {LegState.SETTLED, LegState.REVERSED} else 0
    late = AMOUNT + fee if leg.state is LegState.SUSPENDED else 0
    balances = _balances(booked)
    assert balances[ledger.held("anna")] == held
    assert balances[ledger.clearing("bank")] == spent + late
    assert balances[ledger.suspense("bank")] == -late
    assert balances[ledger.person("anna")] == -held - spent


@given(st.sampled_from(LegKind), st.one_of(happenings, likely), st.integers(0, HIGHEST_FEE))
def test_nothing_is_booked_twice_and_nothing_gets_lost(
    kind: LegKind, history: list[LegHappening], fee: int
) -> None:
    _, booked = _history(kind, history, fee)

    assert len({journal.idem for journal in booked}) == len(booked)
    assert sum(_balances(booked).values()) == 0


@given(st.one_of(happenings, likely))
def test_a_collect_brings_money_in_only_once_it_has_settled(history: list[LegHappening]) -> None:
    leg, booked = _history(LegKind.COLLECT, history, 0)

    arrived = AMOUNT if leg.state in {LegState.SETTLED, LegState.REVERSED} else 0
    late = AMOUNT if leg.state is LegState.SUSPENDED else 0
    assert _balances(booked)[ledger.held("anna")] == arrived
    assert _balances(booked)[ledger.suspense("bank")] == late
    assert _balances(booked)[ledger.clearing("bank")] == -arrived - late


@pytest.mark.parametrize("held_before", [True, False])
@pytest.mark.parametrize("to_claim", [True, False])
def test_a_booking_goes_from_payer_to_payee(*, held_before: bool, to_claim: bool) -> None:
    leg = replace(a_leg("PB-7K3QD/2", "PB-7K3QD", cents=AMOUNT), to_claim=to_claim)

    done, effect = legs.advance(leg, LegHappening.BOOK)
    balances = _balances(list(legs.journals(done, effect, held_before=held_before)))

    giver = ledger.held("anna") if held_before else ledger.person("anna")
    taker = ledger.claimable("bob") if to_claim else ledger.person("bob")
    assert balances == {giver: -AMOUNT, taker: AMOUNT}


def test_booking_ones_own_balance_to_oneself_is_nothing_to_write() -> None:
    leg = a_leg("PB-7K3QD/2", "PB-7K3QD", owner="anna", to="anna")

    assert legs.journals(leg, LegEffect.PAY, held_before=False) == ()
    assert len(legs.journals(leg, LegEffect.PAY, held_before=True)) == 1


def test_the_key_of_a_leg_is_one_for_ever() -> None:
    leg = a_leg("PB-7K3QD/1", "PB-7K3QD", kind=LegKind.PAYOUT, state=LegState.EXECUTING)
    lost, _ = legs.advance(leg, LegHappening.LOSE_TRACK)
    resumed, _ = legs.advance(replace(lost, attempts=9, version=4), LegHappening.RESUME)

    assert leg.key == lost.key == resumed.key
