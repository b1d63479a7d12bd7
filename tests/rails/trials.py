"""The trials of this repository's rails: each rail on each peer that it is tried against."""

from __future__ import annotations

from typing import Final

from paybridge.conformance.trial import Trial
from tests.rails.bank_trial import BankTrial, PixTrial, UpiTrial
from tests.rails.internal_trial import InternalTrial
from tests.rails.lightning_trial import LightningTrial
from tests.rails.stripe_trial import StripeTrial

TRIALS: Final[tuple[type[Trial], ...]] = (
    InternalTrial,
    BankTrial,
    UpiTrial,
    PixTrial,
    StripeTrial,
    LightningTrial,
)
