"""Dashboard, alerts and runbook speak of metrics and of each other as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from paybridge.web.metrics import METRICS

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "deploy" / "monitoring"
# A histogram is asked for by its buckets.
NAME = re.compile(r"\bpaybridge_\w+?(?=_bucket\b|\b)")
SELECTED = re.compile(r"(\bpaybridge_\w+?)(?:_bucket)?\{([^}]*)\}")
LABEL = re.compile(r"\b(\w+)\s*(?:=~|!~|!=|=)")
ROW = re.compile(r"^\| `(paybridge_\w+)` \| (.*?) \|", re.MULTILINE)
BY_PROMETHEUS = {"up"}


def yaml(path: Path) -> Any:  # noqa: ANN401  YAML holds anything
    return YAML(typ="safe").load(path)


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml(MONITORING / "alerts.yaml")["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    board = json.loads((MONITORING / "grafana" / "dashboards" / "paybridge.json").read_text())
    found: list[dict[str, Any]] = board["panels"]
    return found


def shown() -> list[str]:
    return [target["expr"] for panel in panels() for target in panel["targets"]]


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in rules())
    yield from shown()


def labels_of() -> dict[str, set[str]]:
    """The labels of each metric, as docs/metrics.md has them."""
    rows = ROW.findall((ROOT / "docs" / "metrics.md").read_text())
    return {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}


def test_every_metric_that_is_shown_or_watched_exists() -> None:
    named = {name for expression in expressions() for name in NAME.findall(expression)}

    assert named
    assert named - set(METRICS) == set()


def test_every_metric_stands_on_the_dashboard() -> None:
    assert set(METRICS) - {name for expression in shown() for name in NAME.findall(expression)} == set()


def test_a_metric_is_chosen_by_labels_that_it_has() -> None:
    labels = labels_of()
    chosen = [
        (name, label)
        for expression in expressions()
        for name, inside in SELECTED.findall(expression)
        for label in LABEL.findall(inside)
    ]

    assert chosen
    assert [(name, label) for name, label in chosen if label not in labels[name]] == []


def test_what_names_a_row_of_a_panel_is_a_label_of_its_metric() -> None:
    labels = labels_of()
    for panel in panels():
        for target in panel["targets"]:
            named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            (metric, *_) = NAME.findall(target["expr"]) or [""]

            assert named <= labels.get(metric, set()), target


def test_every_alert_has_its_entry_in_the_runbook_and_every_entry_its_alert() -> None:
    entries = re.findall(r"^## (\w+)$", (ROOT / "docs" / "runbook.md").read_text(), re.MULTILINE)

    assert entries == [rule["alert"] for rule in rules()]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
def test_an_alert_says_how_grave_it_is_what_is_wrong_and_where_to_read_on(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"]["summary"].endswith(".")
    assert rule["annotations"]["runbook"] == f"docs/runbook.md#{rule['alert'].lower()}"


def test_panels_lie_beside_each_other_and_ask_the_source_that_is_provided() -> None:
    (source,) = yaml(MONITORING / "grafana" / "datasources" / "prometheus.yaml")["datasources"]
    taken = [
        (x, y)
        for panel in panels()
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]

    assert len(taken) == len(set(taken))
    assert {panel["datasource"]["uid"] for panel in panels()} == {source["uid"]}
    assert source["url"] == "http://prometheus:9090"
