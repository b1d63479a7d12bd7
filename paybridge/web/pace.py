"""How often one address may ask: a store of permissions for each, which fills up again as time passes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

MOST_ADDRESSES: Final = 4096
"""Addresses that are remembered; the one that was quiet longest is forgotten first, and may begin anew."""


@dataclass(slots=True)
class _Store:
    left: float
    at: float


class Pace:
    """Lets `burst` requests of an address through at once, and `each_second` in the long run.

    `monotonic` counts seconds.
    """

    def __init__(self, each_second: float, burst: int, monotonic: Callable[[], float]) -> None:
        self._each_second = each_second
        self._burst = burst
        self._monotonic = monotonic
        self._stores: OrderedDict[str, _Store] = OrderedDict()

    def allows(self, address: str) -> bool:
        """Whether this address may ask now; that it asked counts only if it may."""
        now = self._monotonic()
        store = self._stores.pop(address, None) or _Store(self._burst, now)
        self._stores[address] = store
        if len(self._stores) > MOST_ADDRESSES:
            self._stores.popitem(last=False)
        store.left = min(self._burst, store.left + (now - store.at) * self._each_second)
        store.at = now
        if store.left < 1:
            return False
        store.left -= 1
        return True
