"""Whether a webhook is from now: one that somebody kept and sends again later is refused."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from paybridge.rails._frame import WebhookRefusedError

MOST_AWAY: Final = timedelta(minutes=5)
"""How far a webhook's time may be from ours, either way: a replay later than that is refused."""

_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}", re.ASCII)


def must_be_fresh(timestamp: str, now: datetime) -> None:
    """`WebhookRefusedError` unless these seconds since 1970 are close to `now`.

    Only after the signature was found right: an unsigned time says nothing.
    """
    away = abs(now.timestamp() - int(timestamp)) if _TIMESTAMP.fullmatch(timestamp) else None
    if away is None or away > MOST_AWAY.total_seconds():
        raise WebhookRefusedError("it is not from now")
