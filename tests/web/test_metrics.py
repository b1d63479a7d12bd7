"""The figures are told as Prometheus reads them, each by the name that the docs explain."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

from paybridge.demo.homeserver import free_port
from paybridge.services.figures import (
    SPANS,
    Durations,
    Figures,
    LateTally,
    LedgerStands,
    Live,
    OpenLegs,
    StatementStands,
    StepTally,
)
from paybridge.web.metrics import METRICS, Metrics
from paybridge.web.server import serve_web
from tests.web.desk import Desk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from paybridge.web import WebServer

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FIGURES = Figures(
    at=NOW,
    legs=[
        OpenLegs("bank", "unsure", 3, 2, NOW - timedelta(seconds=90)),
        OpenLegs("stripe", "reserved", 1, 0, None),
    ],
    expiring={"awaiting_approval": 4, "claimable": 5},
    open_requests=6,
    letters_waiting=7,
    posts_waiting=8,
    oldest_letter=NOW - timedelta(seconds=13),
)


STANDS = [StatementStands("bank", NOW - timedelta(hours=3), {"missing_here": 2, "duplicate": 0})]


SPANS_TOLD: dict[tuple[str, ...], float] = {
    ("paybridge_rail_call_seconds_bucket", "execute", span, "bank"): count
    for span, count in [
        *(("0.01", 1), ("0.05", 1), ("0.1", 1), ("0.25", 2), ("0.5", 2), ("1.0", 2)),
        *(("2.5", 2), ("5.0", 2), ("10.0", 2), ("30.0", 2), ("60.0", 2)),
        *(("300.0", 3), ("3600.0", 3), ("+Inf", 3)),
    ]
}


NOTHING_TOLD: dict[tuple[str, ...], float] = {
    ("paybridge_stage_seconds_bucket", span, "answered"): 0 for span in (*map(str, SPANS), "+Inf")
}


KINDS = {"call", "class", "le", "outcome", "rail", "reason", "stage", "state"}


async def measure() -> Figures:
    return FIGURES


@pytest.fixture
async def server() -> AsyncIterator[WebServer]:
    took = Durations()
    for seconds in (0.01, 0.2, 90.0):
        took.took(seconds)
    metrics = Metrics(
        CollectorRegistry(),
        measure,
        StepTally(committed=9, refused=1),
        LateTally(2, 3, 4),
        lambda: STANDS,
        Live(
            {"error.too_long": 11},
            {"bank": {"execute": took}},
            {"answered": Durations()},
            unread=lambda: 12,
            silence=lambda: 14.5,
            audited=lambda: LedgerStands(NOW - timedelta(hours=1), 15),
        ),
    )
    server = await serve_web(
        "127.0.0.1", 0, version="1.2.3", parts={}, take_webhook=Desk().take, metrics=metrics
    )
    yield server
    await server.close()


async def told(client: aiohttp.ClientSession) -> dict[tuple[str, ...], float]:
    async with client.get("/metrics") as answer:
        assert answer.status == 200
        assert answer.content_type == "text/plain"
        text = await answer.text()
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


async def test_every_figure_is_told_with_its_labels(client: aiohttp.ClientSession) -> None:
    assert await told(client) == {
        ("paybridge_legs", "bank", "unsure"): 3,
        ("paybridge_legs", "stripe", "reserved"): 1,
        ("paybridge_legs_due", "bank", "unsure"): 2,
        ("paybridge_legs_due", "stripe", "reserved"): 0,
        ("paybridge_legs_oldest_due_seconds", "bank", "unsure"): 90,
        ("paybridge_legs_oldest_due_seconds", "stripe", "reserved"): 0,
        ("paybridge_transfers_expiring", "awaiting_approval"): 4,
        ("paybridge_transfers_expiring", "claimable"): 5,
        ("paybridge_requests_open",): 6,
        ("paybridge_inbox_letters_waiting",): 7,
        ("paybridge_outbox_posts_waiting",): 8,
        ("paybridge_inbox_oldest_seconds",): 13,
        ("paybridge_outbox_oldest_seconds",): 0,
        ("paybridge_sync_age_seconds",): 14.5,
        ("paybridge_ledger_audit_age_seconds",): 3600,
        ("paybridge_ledger_audit_problems",): 15,
        **NOTHING_TOLD,
        ("paybridge_stage_seconds_count", "answered"): 0,
        ("paybridge_stage_seconds_sum", "answered"): 0,
        ("paybridge_contradictions_total",): 2,
        ("paybridge_reversals_total",): 3,
        ("paybridge_suspensions_total",): 4,
        ("paybridge_statement_age_seconds", "bank"): 10_800,
        ("paybridge_statement_differences", "missing_here", "bank"): 2,
        ("paybridge_statement_differences", "duplicate", "bank"): 0,
        ("paybridge_commands_refused_total", "error.too_long"): 11,
        ("paybridge_messages_unread_total",): 12,
        **SPANS_TOLD,
        ("paybridge_rail_call_seconds_count", "execute", "bank"): 3,
        ("paybridge_rail_call_seconds_sum", "execute", "bank"): pytest.approx(90.21),
        ("paybridge_steps_total", "committed"): 9,
        ("paybridge_steps_total", "refused"): 1,
    }


async def test_no_metric_is_told_that_is_not_in_the_table(client: aiohttp.ClientSession) -> None:
    names = {re.sub("_(bucket|count|sum)$", "", sample[0]) for sample in await told(client)}

    assert names == set(METRICS)


async def test_a_label_names_a_kind_of_thing_and_its_values_are_few(client: aiohttp.ClientSession) -> None:
    async with client.get("/metrics") as answer:
        text = await answer.text()
    labels = {
        (name, value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        for name, value in sample.labels.items()
    }

    assert {name for name, _ in labels} == KINDS
    assert [value for _, value in labels if not re.fullmatch(r"[a-z_.]+|[0-9.]+|\+Inf", value)] == []


MONITORING = Path(__file__).parents[2] / "deploy" / "monitoring"
PATIENCE_SECONDS = 60
# What turns a figure into an alarm, or its absence into a zero.
JUDGEMENT = re.compile(r"\s*(?:==|>)\s*[\d*. ]+(?=$| and )|\s+or vector\(0\)")


def questions() -> list[str]:
    """What alerts and dashboard ask, without what would hide that there is nothing."""
    rules = YAML(typ="safe").load(MONITORING / "alerts.yaml")
    board = json.loads((MONITORING / "grafana" / "dashboards" / "paybridge.json").read_text())
    asked = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    asked += [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    return [JUDGEMENT.sub("", each) for each in asked]


async def found(prometheus: str, question: str) -> list[Any]:
    async with (
        aiohttp.ClientSession(prometheus) as asking,
        asking.get("/api/v1/query", params={"query": question}) as answer,
    ):
        told = await answer.json()
        assert told["status"] == "success", f"{question}: {told}"
        series: list[Any] = told["data"]["result"]
        return series


async def scraped_twice(prometheus: str) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                series = await found(prometheus, "count_over_time(up[10m])")
            except aiohttp.ClientConnectionError:
                series = []
            if series and int(series[0]["value"][1]) > 1:
                return
            await asyncio.sleep(0.2)


@pytest.mark.slow
async def test_a_real_prometheus_with_our_config_finds_what_every_alert_and_panel_asks_for(
    server: WebServer, tmp_path: Path
) -> None:
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("NO PROMETHEUS ASKS FOR OUR METRICS: it is not installed (Debian package prometheus)")
    shutil.copy(MONITORING / "alerts.yaml", tmp_path)
    config = (MONITORING / "prometheus.yaml").read_text()
    config = config.replace("paybridge:8080", server.url.removeprefix("http://")).replace("15s", "1s")
    (tmp_path / "prometheus.yaml").write_text(config)
    at = f"127.0.0.1:{free_port()}"
    with (tmp_path / "log").open("wb") as log:
        running = await asyncio.create_subprocess_exec(
            program,
            *(f"--config.file={tmp_path / 'prometheus.yaml'}", f"--storage.tsdb.path={tmp_path / 'series'}"),
            f"--web.listen-address={at}",
            stderr=log,
        )
        try:
            await scraped_twice(f"http://{at}")
            empty = [each for each in questions() if not await found(f"http://{at}", each)]
            nonsense = await found(f"http://{at}", "paybridge_no_such_figure")
        finally:
            running.terminate()
            await running.wait()

    assert nonsense == []
    assert empty == []
