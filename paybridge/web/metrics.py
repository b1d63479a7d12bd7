"""The figures of the queues, as Prometheus reads them; labels are rails and states, never who or what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0

from paybridge.services.figures import (
    SPANS,
    Durations,
    Figures,
    LateTally,
    LedgerStands,
    Live,
    StatementStands,
    StepTally,
)

Measure = Callable[[], Awaitable[Figures]]
"""Counts everything now."""

METRICS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "paybridge_legs": "Open legs, by rail and state.",
        "paybridge_legs_due": "Open legs whose time has come, by rail and state.",
        "paybridge_legs_oldest_due_seconds": "For how long the oldest due leg has been due.",
        "paybridge_transfers_expiring": "Open cards and unclaimed money, by state.",
        "paybridge_requests_open": "Requests that wait for an answer.",
        "paybridge_inbox_letters_waiting": "Messages that have come and are not handled.",
        "paybridge_outbox_posts_waiting": "Messages that are to be said and are not sent.",
        "paybridge_inbox_oldest_seconds": "How long ago the oldest message that waits has come.",
        "paybridge_outbox_oldest_seconds": "How long ago the oldest message that is not sent was written.",
        "paybridge_sync_age_seconds": "How long ago the homeserver last answered a sync.",
        "paybridge_ledger_audit_age_seconds": "How long ago the ledger was audited.",
        "paybridge_ledger_audit_problems": "What the last audit of the ledger found to be wrong.",
        "paybridge_stage_seconds": "How long people waited, by stage.",
        "paybridge_contradictions_total": "How often a rail contradicted the books about what is over.",
        "paybridge_reversals_total": "Settled orders that a rail took back later.",
        "paybridge_suspensions_total": "Refused orders that a rail executed after all.",
        "paybridge_statement_age_seconds": "How long ago a rail's statement was compared with the books.",
        "paybridge_statement_differences": "Orders that a rail's statement and the books have otherwise.",
        "paybridge_steps_total": "Steps since the start, by whether the database took them.",
        "paybridge_commands_refused_total": "Commands that were refused, by reason.",
        "paybridge_messages_unread_total": "Messages whose room key did not come in time.",
        "paybridge_rail_call_seconds": "How long calls to rails took, by rail and call.",
    }
)
"""Every metric, and what it says."""


class Metrics:
    """`GET /metrics`. What it tells is counted when it is asked; `registry` is its own."""

    def __init__(
        self,
        registry: CollectorRegistry,
        measure: Measure,
        tally: StepTally,
        late: LateTally,
        statements: Callable[[], Sequence[StatementStands]],
        live: Live,
    ) -> None:
        self._registry = registry
        self._measure = measure
        self._tally = tally
        self._late = late
        self._statements = statements
        self._live = live
        self._figures: Figures | None = None
        registry.register(self)

    async def get(self, _request: web.Request) -> web.Response:
        """Everything in Prometheus' text format."""
        self._figures = await self._measure()
        return web.Response(
            body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_PLAIN_1_0_0}
        )

    def collect(self) -> Iterator[Metric]:
        """What the registry asks for; nothing before anybody has asked us."""
        if self._figures is None:
            return
        yield from _legs(self._figures)
        yield _gauge("paybridge_transfers_expiring", self._figures.expiring)
        yield _number("paybridge_requests_open", self._figures.open_requests)
        yield _number("paybridge_inbox_letters_waiting", self._figures.letters_waiting)
        yield _number("paybridge_outbox_posts_waiting", self._figures.posts_waiting)
        yield _age("paybridge_inbox_oldest_seconds", self._figures.oldest_letter, self._figures.at)
        yield _age("paybridge_outbox_oldest_seconds", self._figures.oldest_post, self._figures.at)
        yield from _ledger(self._live.audited(), self._figures.at)
        yield _total("paybridge_contradictions_total", self._late.contradictions)
        yield _total("paybridge_reversals_total", self._late.reversals)
        yield _total("paybridge_suspensions_total", self._late.suspensions)
        yield from _statements(self._statements(), self._figures.at)
        yield from _live(self._live)
        name = "paybridge_steps_total"
        steps = CounterMetricFamily(name, METRICS[name], labels=["outcome"])
        steps.add_metric(["committed"], self._tally.committed)
        steps.add_metric(["refused"], self._tally.refused)
        yield steps


def _legs(figures: Figures) -> Iterator[Metric]:
    names = ("paybridge_legs", "paybridge_legs_due", "paybridge_legs_oldest_due_seconds")
    count, due, oldest = (GaugeMetricFamily(name, METRICS[name], labels=["rail", "state"]) for name in names)
    for legs in figures.legs:
        labels = [legs.rail, legs.state]
        since = legs.oldest_due or figures.at
        count.add_metric(labels, legs.count)
        due.add_metric(labels, legs.due)
        oldest.add_metric(labels, (figures.at - since).total_seconds())
    yield from (count, due, oldest)


def _live(live: Live) -> Iterator[Metric]:
    name = "paybridge_commands_refused_total"
    refused = CounterMetricFamily(name, METRICS[name], labels=["reason"])
    for reason, count in live.refused.items():
        refused.add_metric([reason], count)
    name = "paybridge_rail_call_seconds"
    calls = HistogramMetricFamily(name, METRICS[name], labels=["rail", "call"])
    for rail, by_call in live.calls.items():
        for call, took in by_call.items():
            calls.add_metric([rail, call], buckets=_buckets(took), sum_value=took.total)
    name = "paybridge_stage_seconds"
    stages = HistogramMetricFamily(name, METRICS[name], labels=["stage"])
    for stage, took in live.stages.items():
        stages.add_metric([stage], buckets=_buckets(took), sum_value=took.total)
    yield from (refused, calls, stages)
    if (silence := live.silence()) is not None:
        yield _number("paybridge_sync_age_seconds", silence)
    yield _total("paybridge_messages_unread_total", live.unread())


def _buckets(took: Durations) -> list[tuple[str, float]]:
    return list(zip((*map(str, SPANS), "+Inf"), took.up_to(), strict=True))


def _ledger(stands: LedgerStands | None, now: datetime) -> Iterator[Metric]:
    """Nothing before the first audit, rather than that all is well."""
    if stands is not None:
        yield _age("paybridge_ledger_audit_age_seconds", stands.audited, now)
        yield _number("paybridge_ledger_audit_problems", stands.problems)


def _age(name: str, since: datetime | None, now: datetime) -> Metric:
    """0 where nothing waits."""
    return _number(name, 0 if since is None else (now - since).total_seconds())


def _statements(stands: Sequence[StatementStands], now: datetime) -> Iterator[Metric]:
    name = "paybridge_statement_age_seconds"
    age = GaugeMetricFamily(name, METRICS[name], labels=["rail"])
    name = "paybridge_statement_differences"
    differences = GaugeMetricFamily(name, METRICS[name], labels=["rail", "class"])
    for one in stands:
        age.add_metric([one.rail], (now - one.compared).total_seconds())
        for kind, count in one.differences.items():
            differences.add_metric([one.rail, kind], count)
    yield from (age, differences)


def _gauge(name: str, by_state: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(name, METRICS[name], labels=["state"])
    for state, count in by_state.items():
        family.add_metric([state], count)
    return family


def _number(name: str, value: float) -> Metric:
    return GaugeMetricFamily(name, METRICS[name], value=value)


def _total(name: str, value: int) -> Metric:
    return CounterMetricFamily(name, METRICS[name], value=value)
