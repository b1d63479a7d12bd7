"""A circuit breaker: what misbehaves several times in a row is left alone for a while, then tried once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum


class Pass(Enum):
    """Whether a call may go ahead: as usual, as the probe of a half-open circuit, or not.

    `LOOK` is for calls that only look whether something is there: they go ahead while it does not rest, and
    count when they go badly, but do not prove that it works.
    """

    YES = "yes"
    PROBE = "probe"
    LOOK = "look"
    NO = "no"


@dataclass(slots=True)
class Breaker:
    """Opens when one call has gone badly `threshold` times in a row, for `rest` seconds, then ever longer.

    Each kind of call is counted by itself, so that one that works hides no other. `monotonic` counts seconds,
    `longest` bounds the rest, in seconds.
    """

    monotonic: Callable[[], float]
    threshold: int = 3
    rest: float = 5.0
    longest: float = 300.0
    reason: str = ""
    """What went badly last."""
    _bad: dict[str, int] = field(default_factory=dict)
    _openings: int = 0
    _open_until: float | None = None
    _probing: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it has opened, and no probe has gone well since."""
        return self._open_until is not None

    @property
    def resting(self) -> bool:
        """Whether nothing may pass now."""
        return self._open_until is not None and self.monotonic() < self._open_until

    def enter(self) -> Pass:
        """Whether a call may go ahead; whoever got `PROBE` must say how it went, or `give_back` it."""
        if self._open_until is None:
            return Pass.YES
        if self.resting or self._probing:
            return Pass.NO
        self._probing = True
        return Pass.PROBE

    def good(self, passed: Pass, what: str) -> None:
        """The call `what` went well. While the circuit is open, only the probe's word counts."""
        if passed is Pass.LOOK or (passed is Pass.YES and self.is_open):
            return
        self._bad.pop(what, None)
        self._open_until = None
        if not self._bad:
            self._openings = 0
        self.give_back(passed)

    def bad(self, passed: Pass, what: str, how: str) -> None:
        """The call `what` misbehaved."""
        self.reason = f"{what}: {how}"
        self._bad[what] = self._bad.get(what, 0) + 1
        self.give_back(passed)
        if self.is_open and passed is Pass.YES:
            return  # it began before the circuit opened
        if self.is_open or self._bad[what] >= self.threshold:
            self._open_until = self.monotonic() + min(self.rest * 2.0**self._openings, self.longest)
            self._openings = min(self._openings + 1, 30)

    def give_back(self, passed: Pass) -> None:
        """The call was taken back before it ended, and says nothing."""
        if passed is Pass.PROBE:
            self._probing = False
