"""All randomness of one seed, and the trace that two runs of it must have in common."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

LINES_SHOWN: Final = 60


@dataclass
class Dice:
    """Draws from one seed (a text), in the order of what happens."""

    seed: str
    calm: bool = False
    """No more misfortune: what is left may settle."""

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - to be drawn again, not to be secret

    def happens(self, probability: float) -> bool:
        """Whether a misfortune of this probability befalls us now."""
        return not self.calm and self._random.random() < probability

    def chance(self, probability: float) -> bool:
        """Whether something harmless happens, also in calm times."""
        return self._random.random() < probability

    def between(self, least: float, most: float) -> float:
        return least + (most - least) * self._random.random()

    def whole(self, least: int, most: int) -> int:
        return self._random.randint(least, most)

    def one_of(self, things: Sequence[str]) -> str:
        return things[int(self._random.random() * len(things))]

    # As `services.ports.Chance`:

    def number(self) -> int:
        return self._random.getrandbits(64)

    def token(self) -> str:
        return f"{self._random.getrandbits(128):032x}"


@dataclass
class Trace:
    """What happened, as a hash; its last lines are kept for whoever looks into a failure."""

    keep: bool = False
    lines: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)

    def add(self, at: float, what: str, about: str = "") -> None:
        """Note `what` happened at virtual time `at`; `what` is counted."""
        line = f"{at:.6f} {what} {about}"
        self._hash.update(line.encode())
        self.counts[what] += 1
        if self.keep:
            self.lines.append(line)

    def tell(self, *lines: str) -> None:
        """Say more to whoever looks into a failure."""
        if self.keep:
            self.lines.extend(line.rstrip() for line in lines)

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()
