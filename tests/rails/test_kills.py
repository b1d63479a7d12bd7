"""Killing the payer in the middle of things pays nothing twice, and whoever judges that would see it."""

from __future__ import annotations

import random

import pytest

from paybridge.domain.leg import LegKind
from paybridge.domain.money import Money
from paybridge.services.ports import Order
from tests.rails import lnbits, localstripe
from tests.rails.bank_trial import BankTrial
from tests.rails.kills import Count, run
from tests.rails.lightning_trial import LightningTrial
from tests.rails.payer import Kept, Task
from tests.rails.stripe_trial import StripeTrial

ORDER = Order("leg-1", LegKind.COLLECT, Money(1250, "EUR"), "link", "")
ONCE = [ORDER.amount]


@pytest.mark.slow
@pytest.mark.parametrize(
    "trial", [BankTrial(), StripeTrial(), LightningTrial()], ids=lambda trial: trial.rail
)
async def test_a_payer_that_is_killed_pays_every_order_once(
    trial: BankTrial | StripeTrial | LightningTrial,
) -> None:
    if trial.rail == "stripe" and not localstripe.is_installed():
        pytest.skip("localstripe is not installed: python -m tests.rails.localstripe")
    if trial.rail == "lightning" and not lnbits.is_installed():
        pytest.skip(lnbits.MISSING)
    count = await run(trial, payments=20, kills=3, chance=random.Random(7))  # noqa: S311  no secret

    assert count.kills == 3
    assert (count.twice, count.missing) == (0, 0)


@pytest.mark.parametrize(
    ("moved", "twice", "missing"),
    [(ONCE, 0, 0), ([], 0, 1), (ONCE * 2, 1, 0), ([Money(1, "EUR")], 0, 1), ([*ONCE, Money(1, "EUR")], 1, 0)],
)
def test_the_judge_sees_what_was_paid_twice_or_not_at_all(
    moved: list[Money], twice: int, missing: int
) -> None:
    count = Count("a peer")
    count.judge(ORDER, moved)

    assert (count.twice, count.missing) == (twice, missing)


def test_a_line_of_the_journal_that_was_cut_off_is_not_there() -> None:
    kept = Kept.read(
        b'["executing", "a", "1"]\n["executing", "b", "2"]\n["settled", "a", ""]\n["settled", "b'
    )

    assert kept.executing == {"b"}


def test_a_task_is_read_as_it_was_written() -> None:
    task = Task("bank", {"url": "there"}, (ORDER,))

    assert Task.read(task.written()) == task
