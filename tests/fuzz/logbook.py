"""Counting what the bot logs instead of writing it: every strange input would be a line."""

from __future__ import annotations

import logging
import traceback
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from structlog.typing import EventDict

BUGS = ("handling_failed", "letter_stays")
"""What the bot logs when it meets an error of its own."""


@dataclass
class Logbook:
    """The log by what it says and the error that it names, and where errors of the bot's own arose."""

    lines: Counter[str] = field(default_factory=Counter)
    bugs: list[str] = field(default_factory=list)

    def count(self, _logger: object, _method: str, line: EventDict) -> EventDict:
        """As a processor of structlog."""
        error = line.get("error")
        self.lines[f"{line['event']} ({error})" if error else str(line["event"])] += 1
        if line["event"] in BUGS:
            self.bugs.append(traceback.format_exc())
        raise structlog.DropEvent


@contextmanager
def counted() -> Iterator[Logbook]:
    """Nothing is written, everything is counted."""
    book = Logbook()
    before = structlog.get_config()
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    structlog.configure(processors=[book.count], wrapper_class=structlog.BoundLogger)
    try:
        yield book
    finally:
        structlog.configure(**before)
        logging.disable(disabled)
