"""When the bank settles: always, or between two times of the day."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from paybridge.bank.errors import BankStartError

WRITTEN = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])-([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Hours:
    """From `opens` until `closes`, in UTC; over midnight if that is the later one."""

    opens: time
    closes: time

    def settles_at(self, now: datetime) -> datetime:
        """Now if the bank is open, else the moment at which it opens next."""
        here = now.astimezone(UTC)
        clock = here.time()
        if self.opens < self.closes:
            is_open = self.opens <= clock < self.closes
        else:
            is_open = clock >= self.opens or clock < self.closes
        if is_open:
            return now
        today = datetime.combine(here.date(), self.opens, UTC)
        return today if today > here else today + timedelta(days=1)


def read_hours(written: str) -> Hours:
    """The hours in a text such as 08:00-18:00, or `BankStartError`."""
    found = WRITTEN.fullmatch(written.strip())
    if found is None:
        message = f"{written!r} are no opening hours, which look like 08:00-18:00"
        raise BankStartError(message)
    begin_hour, begin_minute, end_hour, end_minute = map(int, found.groups())
    hours = Hours(time(begin_hour, begin_minute), time(end_hour, end_minute))
    if hours.opens == hours.closes:
        message = f"{written!r} are no opening hours: they begin when they end"
        raise BankStartError(message)
    return hours
