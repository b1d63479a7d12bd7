"""Failpoints: named places at which a test can have the process die, stumble or stand still.

Nothing that an operator sets switches one on: only a program of the tests calls `arm`. Until then a
failpoint is one look into an empty dict. docs/testing.md says where each one stands.
"""

from __future__ import annotations

import os
import re
import signal
import time
from dataclasses import dataclass
from typing import Final

_ORDER: Final = re.compile(
    r"([a-z._]+)=(kill|raise|delay:([0-9]{1,5})|count)(?:@([1-9][0-9]{0,5}))?", re.ASCII
)


class FailpointError(Exception):
    """What an armed failpoint raises: an error that nobody has foreseen."""


class BadFailpointError(ValueError):
    """An order that `arm` cannot read."""


@dataclass(slots=True)
class _Armed:
    action: str
    seconds: float
    at: int
    """The hit that counts, from 1; 0 for every one."""
    hits: int = 0


_armed: dict[str, _Armed] = {}


def failpoint(name: str) -> None:
    """Do here what `name` was armed with; nothing, outside of the tests that arm it."""
    if _armed:
        _hit(name)


def arm(orders: str) -> None:
    """Arm failpoints instead of those armed before, as in `storage.before_commit=kill@3 rail.sent=delay:200`.

    `kill` is SIGKILL of this process, `raise` raises `FailpointError`, `delay:200` has the thread stand still
    for 200 ms, `count` only counts. `@3` means the third hit alone. Raises `BadFailpointError`.
    """
    read = dict(map(_read, orders.split()))
    _armed.clear()
    _armed.update(read)


def hits(name: str) -> int:
    """How often an armed failpoint was reached."""
    return _armed[name].hits


def _read(order: str) -> tuple[str, _Armed]:
    found = _ORDER.fullmatch(order)
    if found is None:
        raise BadFailpointError(order)
    name, action, milliseconds, at = found.groups()
    return name, _Armed(action.partition(":")[0], int(milliseconds or 0) / 1000, int(at or 0))


def _hit(name: str) -> None:
    armed = _armed.get(name)
    if armed is None:
        return
    armed.hits += 1
    if armed.at not in {0, armed.hits}:
        return
    if armed.action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif armed.action == "raise":
        raise FailpointError(name)
    elif armed.action == "delay":
        time.sleep(armed.seconds)
