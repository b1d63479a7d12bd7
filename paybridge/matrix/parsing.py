"""Reading JSON that a parser gives up on: only what lies too deep and numbers too long are left out."""

from __future__ import annotations

import json
import re
from typing import Any

DEEPEST = 100
MOST_FIGURES = 100
TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)


def parse(text: bytes) -> Any:  # noqa: ANN401 - JSON
    """The value, or `ValueError`.

    One event nested a thousand times, or one number of five thousand figures, would otherwise make a whole
    sync unreadable, and the bot deaf for good.
    """
    try:
        return json.loads(text)
    except (RecursionError, ValueError):
        return json.loads(_levelled(text), parse_int=_whole)


def _whole(figures: str) -> int | None:
    return int(figures) if len(figures) <= MOST_FIGURES else None


def _levelled(text: bytes) -> bytes:
    """The same JSON with null for each list and object below the deepest level."""
    kept: list[bytes] = []
    depth = start = 0
    for token in TOKEN.finditer(text):
        sign = token.group()
        if sign in b"[{":
            depth += 1
            if depth == DEEPEST + 1:
                kept += text[start : token.start()], b"null"
        elif sign in b"]}":
            depth -= 1
            if depth == DEEPEST:
                start = token.end()
    return b"".join([*kept, text[start:]]) if depth == 0 else b""
