"""A webhook of a rail that was taken: kept, so that whatever comes twice is one thing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Webhook:
    """One event of a rail. `id` names rail and event, `body` is a hash (hex) of what was said there."""

    id: str
    rail: str
    body: str
    received: datetime
    version: int = 0


def webhook(rail: str, event: str, reference: str, raw: bytes, received: datetime) -> Webhook:
    """The record of the event, about the order `reference`, that came in the body `raw`.

    One body may tell of several orders; about each it says one thing, under whatever id it comes again.
    """
    said = hashlib.sha256(b"\0".join((rail.encode(), reference.encode(), raw)))
    return Webhook(f"{rail}/{event}", rail, said.hexdigest(), received)
