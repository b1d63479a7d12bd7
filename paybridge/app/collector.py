"""How often Python looks for garbage that refers to itself: seldom, and never among what was loaded."""

from __future__ import annotations

import gc
from typing import Final

# Few things here refer to each other in a circle, while every payment makes some thousand that do not.
# Looking after each 700 took a fifth of the CPU of a payment, most of it among modules and classes.
_THRESHOLDS: Final = (50_000, 20, 20)


def spare_what_is_loaded() -> None:
    """To be called once everything is imported."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
