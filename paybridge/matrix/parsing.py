"""Reading JSON that may be nested deeper than a parser goes: what lies too deep is left out, not the rest."""

from __future__ import annotations

import json
import re
from typing import Any

DEEPEST = 100
TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)


def parse(text: bytes) -> Any:  # noqa: ANN401 - JSON
    """The value, or `ValueError`.

    One event nested a thousand times would otherwise make a whole sync unreadable, and the bot deaf for good.
    """
    try:
        return json.loads(text)
    except RecursionError:
        return json.loads(_levelled(text))


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
