"""What a rail takes back comes from whoever has it, the rest is owed, and the books stay balanced."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from paybridge.domain import ledger
from paybridge.domain.leg import LegKind, LegState
from paybridge.domain.reversal import bearers, take_back
from paybridge.domain.transfer import TransferState
from tests.fakes.records import a_leg, a_transfer, euros

if TYPE_CHECKING:
    from paybridge.domain.ledger import Account, Journal

PAID = 1250
HAD_BY_PEOPLE = (TransferState.SETTLED, TransferState.CLAIMED, TransferState.RETURNED)
cents = st.integers(0, 2 * PAID)
part = st.integers(1, PAID)


def moved(journal: Journal) -> Counter[Account]:
    sums: Counter[Account] = Counter()
    for line in journal.lines:
        sums[line.account] += line.amount.minor
    return sums


@given(st.sampled_from(HAD_BY_PEOPLE), part, st.integers(0, PAID), cents, cents)
def test_each_bears_their_share_as_far_as_they_have_it(
    state: TransferState, back: int, refunded: int, annas: int, bobs: int
) -> None:
    returned = state is TransferState.RETURNED
    transfer = replace(a_transfer("PB-1", state=state), refunded=0 if returned else refunded)
    leg = a_leg("PB-1/1", "PB-1", kind=LegKind.COLLECT, state=LegState.SETTLED)
    has = {"anna": annas, "bob": bobs}
    shares = bearers(transfer, euros(back))
    journal, losses = take_back(transfer, leg, euros(back), {who: euros(sum_) for who, sum_ in has.items()})
    sums = moved(journal)

    bobs_share = 0 if returned else min(back, PAID - refunded)
    assert {who: share.minor for who, share in shares.items()} == {
        who: share for who, share in (("bob", bobs_share), ("anna", back - bobs_share)) if share
    }
    assert sums[ledger.clearing("bank")] == back
    assert sum(sums.values()) == 0
    for loss in losses:
        assert loss.taken + loss.owes == shares[loss.person]
        assert loss.taken.minor == min(has[loss.person], shares[loss.person].minor)
        assert sums[ledger.person(loss.person)] == -loss.taken.minor
        assert sums[ledger.receivable(loss.person)] == -loss.owes.minor


@given(part)
def test_unclaimed_money_goes_back_and_the_rest_of_it_to_the_payer(back: int) -> None:
    transfer = a_transfer("PB-1", state=TransferState.CLAIMABLE)
    leg = a_leg("PB-1/1", "PB-1", kind=LegKind.COLLECT, state=LegState.SETTLED)
    journal, losses = take_back(transfer, leg, euros(back), {"bob": euros(0)})
    sums = moved(journal)

    assert losses == ()
    assert sums[ledger.claimable("bob")] == -PAID
    assert sums[ledger.person("anna")] == PAID - back
    assert sums[ledger.clearing("bank")] == back


@given(part)
def test_a_payout_that_comes_back_is_its_owners_again(back: int) -> None:
    transfer = a_transfer("PB-1", payee="anna", state=TransferState.SETTLED)
    leg = a_leg("PB-1/1", "PB-1", kind=LegKind.PAYOUT, state=LegState.SETTLED)
    journal, losses = take_back(transfer, leg, euros(back), {"anna": euros(0)})

    assert losses == ()
    assert moved(journal) == {ledger.clearing("bank"): -back, ledger.person("anna"): back}
