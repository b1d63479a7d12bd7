"""Counting what the bot logs instead of writing it: every strange input would be a line."""

from __future__ import annotations

import logging
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from structlog.typing import EventDict


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """The log's lines by what they say, and by the error that they name."""
    lines: Counter[str] = Counter()

    def count(_logger: object, _method: str, line: EventDict) -> EventDict:
        error = line.get("error")
        lines[f"{line['event']} ({error})" if error else str(line["event"])] += 1
        raise structlog.DropEvent

    before = structlog.get_config()
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    structlog.configure(processors=[count], wrapper_class=structlog.BoundLogger)
    try:
        yield lines
    finally:
        structlog.configure(**before)
        logging.disable(disabled)
