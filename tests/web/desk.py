"""A desk that takes webhooks as the house would, and keeps them."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry

from paybridge.services.figures import Figures, LateTally, Live, StepTally
from paybridge.services.ports import NotSentError, WebhookRefusedError
from paybridge.web import Metrics, UnknownRailError


class Desk:
    def __init__(self) -> None:
        self.taken: list[tuple[str, Mapping[str, str], bytes]] = []

    async def take(self, rail: str, headers: Mapping[str, str], body: bytes) -> None:
        if rail != "bank":
            raise UnknownRailError(rail)
        if body == b"forged":
            raise WebhookRefusedError("bad signature")
        if body == b"away":
            raise NotSentError("the rail is away")
        if body == b"broken":
            raise RuntimeError("disk full of secrets")
        self.taken.append((rail, headers, body))


def no_metrics() -> Metrics:
    """For what is about something else: asking for them would fail."""

    async def measure() -> Figures:
        raise AssertionError("nobody asks for figures here")

    return Metrics(CollectorRegistry(), measure, StepTally(), LateTally(), tuple, Live())
