"""A transfer and a request make the moves of their tables and no other."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paybridge.domain import request as requests
from paybridge.domain import transfer as transfers
from paybridge.domain.money import Money
from paybridge.domain.request import REQUEST_MOVES, RequestHappening, RequestState
from paybridge.domain.transfer import (
    TRANSFER_MOVES,
    NotPossibleNowError,
    TransferHappening,
    TransferState,
)
from tests.fakes.database import START
from tests.fakes.records import a_request, a_transfer

LATER = START + timedelta(minutes=1)
NOT_TRANSFER_MOVES = sorted(set(product(TransferState, TransferHappening)) - set(TRANSFER_MOVES))
NOT_REQUEST_MOVES = sorted(set(product(RequestState, RequestHappening)) - set(REQUEST_MOVES))
OVER = {
    TransferState.SETTLED,
    TransferState.CLAIMED,
    TransferState.RETURNED,
    TransferState.REFUSED,
    TransferState.CANCELLED,
    TransferState.EXPIRED,
    TransferState.REVERSED,
}
REVERSIBLE = {TransferState.SETTLED, TransferState.CLAIMED, TransferState.RETURNED}
ANSWERED = {RequestState.PAID, RequestState.DECLINED, RequestState.CANCELLED, RequestState.EXPIRED}


@pytest.mark.parametrize(("before", "happening"), sorted(TRANSFER_MOVES))
def test_a_transfer_makes_each_move_of_the_table(before: TransferState, happening: TransferHappening) -> None:
    transfer = a_transfer("PB-7K3QD", state=before)

    moved = transfers.advance(transfer, happening, LATER)
    approved = LATER if happening is TransferHappening.APPROVE else None

    assert moved == replace(
        transfer, state=TRANSFER_MOVES[before, happening], updated=LATER, approved=approved
    )


@pytest.mark.parametrize(("before", "happening"), NOT_TRANSFER_MOVES)
def test_every_other_move_is_refused_and_changes_nothing(
    before: TransferState, happening: TransferHappening
) -> None:
    transfer = a_transfer("PB-7K3QD", state=before)

    with pytest.raises(NotPossibleNowError) as refused:
        transfers.advance(transfer, happening, LATER)

    assert transfer == a_transfer("PB-7K3QD", state=before)
    assert refused.value.facts() == {"payment": "PB-7K3QD", "state": before, "wanted": happening}


@given(st.lists(st.sampled_from(TransferHappening)))
def test_what_is_over_stays_over_unless_a_rail_takes_it_back(happenings: list[TransferHappening]) -> None:
    transfer, ended = a_transfer("PB-7K3QD", state=TransferState.DRAFTED), None
    for happening in happenings:
        try:
            transfer = transfers.advance(transfer, happening, LATER)
        except NotPossibleNowError:
            continue

        assert ended is None or (ended in REVERSIBLE and transfer.state is TransferState.REVERSED)
        ended = transfer.state if transfer.state in OVER else None


@given(st.lists(st.sampled_from(TransferHappening)))
def test_money_goes_to_nobody_without_an_approval(happenings: list[TransferHappening]) -> None:
    transfer, approved = a_transfer("PB-7K3QD", state=TransferState.DRAFTED), False
    for happening in happenings:
        try:
            transfer = transfers.advance(transfer, happening, LATER)
        except NotPossibleNowError:
            continue
        approved = approved or happening is TransferHappening.APPROVE

        assert approved or transfer.state not in {
            TransferState.SETTLED,
            TransferState.CLAIMABLE,
            TransferState.CLAIMED,
        }


def test_the_total_is_amount_and_fee() -> None:
    assert replace(a_transfer("PB-7K3QD", cents=1250), fee=Money(30, "EUR")).total == Money(1280, "EUR")


@pytest.mark.parametrize(("before", "happening"), sorted(REQUEST_MOVES))
def test_a_request_makes_each_move_of_the_table(before: RequestState, happening: RequestHappening) -> None:
    request = replace(a_request("PB-7K3QD"), state=before)

    moved = requests.advance(request, happening)

    assert moved == replace(request, state=REQUEST_MOVES[before, happening])


@pytest.mark.parametrize(("before", "happening"), NOT_REQUEST_MOVES)
def test_every_other_move_of_a_request_is_refused_and_changes_nothing(
    before: RequestState, happening: RequestHappening
) -> None:
    request = replace(a_request("PB-7K3QD"), state=before)

    with pytest.raises(NotPossibleNowError) as refused:
        requests.advance(request, happening)

    assert request == replace(a_request("PB-7K3QD"), state=before)
    assert refused.value.facts() == {"payment": "PB-7K3QD", "state": before, "wanted": happening}


@given(st.lists(st.sampled_from(RequestHappening)))
def test_a_request_is_answered_once(happenings: list[RequestHappening]) -> None:
    request, answers = a_request("PB-7K3QD"), 0
    for happening in happenings:
        try:
            request = requests.advance(request, happening)
        except NotPossibleNowError:
            continue
        answers += request.state in ANSWERED

    assert answers == (request.state in ANSWERED)
