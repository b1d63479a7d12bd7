"""The judge of a soak run finds what grows, and lets alone what only goes up and down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.soak.figures import Minute, growth, percentile

STEADY = Minute(
    number=1, commands=90, answer_seconds=[0.2], memory=120, files=40, letters=0, posts=0, late=0, doubled=0
)


def minutes(**values: Sequence[int]) -> list[Minute]:
    """A run in which this figure was so much, minute by minute."""
    ((name, each),) = values.items()
    changes: list[dict[str, Any]] = [{name: value} for value in each]
    return [replace(STEADY, **change) for change in changes]


@pytest.mark.parametrize(
    "steady",
    [
        minutes(memory=[90, 120, 121, 119, 124, 122, 121, 126, 123]),
        minutes(files=[20, 40, 55, 41, 40, 42, 56, 40, 41]),
        minutes(posts=[0, 3, 90, 0, 2, 0, 80, 1, 0]),
        minutes(memory=[100, 200]),
    ],
)
def test_what_goes_up_and_down_does_not_grow(steady: Sequence[Minute]) -> None:
    assert growth(steady) == []


@pytest.mark.parametrize(
    "growing",
    [
        minutes(memory=[100, 110, 120, 130, 140, 150, 160, 170, 180]),
        minutes(files=[40, 42, 44, 48, 52, 56, 60, 64, 68]),
        minutes(letters=[0, 10, 20, 30, 40, 50, 60, 70, 80]),
    ],
)
def test_what_goes_up_all_the_time_grows(growing: Sequence[Minute]) -> None:
    assert len(growth(growing)) == 1


def test_a_percentile_is_one_of_the_values() -> None:
    assert [percentile([3, 1, 2, 4], percent) for percent in (50, 95)] == [2, 4]
