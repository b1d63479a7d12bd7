"""The one part that knows every other: the real clock and chance, the log, the supervisor, the wiring."""

from paybridge.app.bells import Bell, Bells
from paybridge.app.logs import set_up_logging
from paybridge.app.supervisor import Backoff, FatalError, Supervisor
from paybridge.app.system import SystemChance, SystemClock

__all__ = [
    "Backoff",
    "Bell",
    "Bells",
    "FatalError",
    "Supervisor",
    "SystemChance",
    "SystemClock",
    "set_up_logging",
]
