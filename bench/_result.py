"""What a benchmark hands back: a value, the floor measured in the same run, and the ratio it has to reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Result:
    """One measured figure.

    `value` and `floor` are of one unit and of one run, so that `ratio` (value / floor) says something on any
    machine. `wants` tells which side of `goal` is good: "at_least" for rates, "at_most" for times. A goal of
    0 asks for nothing: the figure is told, no more.
    """

    name: str
    value: float
    floor: float
    goal: float
    wants: Literal["at_least", "at_most"] = "at_least"

    def __post_init__(self) -> None:
        if self.floor <= 0:
            raise ValueError(f"{self.name}: nothing can be compared with a floor of {self.floor}")

    @property
    def ratio(self) -> float:
        return self.value / self.floor

    @property
    def holds(self) -> bool:
        return self.ratio >= self.goal if self.wants == "at_least" else self.ratio <= self.goal

    def as_row(self) -> dict[str, str | float | bool]:
        """The row of `results.json`."""
        return {
            "name": self.name,
            "value": round(self.value, 3),
            "floor": round(self.floor, 3),
            "ratio": round(self.ratio, 3),
            "goal": self.goal,
            "holds": self.holds,
        }
