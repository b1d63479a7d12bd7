"""A desk that takes webhooks as the house would, and keeps them."""

from __future__ import annotations

from collections.abc import Mapping

from paybridge.services.ports import WebhookRefusedError
from paybridge.web import UnknownRailError


class Desk:
    def __init__(self) -> None:
        self.taken: list[tuple[str, Mapping[str, str], bytes]] = []

    async def take(self, rail: str, headers: Mapping[str, str], body: bytes) -> None:
        if rail != "bank":
            raise UnknownRailError(rail)
        if body == b"forged":
            raise WebhookRefusedError("bad signature")
        if body == b"broken":
            raise RuntimeError("disk full of secrets")
        self.taken.append((rail, headers, body))
