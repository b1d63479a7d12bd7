"""The kit as a pytest plug-in: `pytest --pyargs paybridge.conformance --rail NAME`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from paybridge.conformance.trial import Trial

RESULTS: Final = pytest.StashKey[dict[tuple[str, str, str], str]]()
"""By rail, peer and check: `kept`, `broken`, or `left out` and why."""

MARKS: Final = {"kept": "✓", "broken": "✗"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--rail` and `--trial`, each as often as wanted, and `--rail-table`."""
    group = parser.getgroup("paybridge", "conformance of payment rails")
    group.addoption(
        "--rail", action="append", default=[], metavar="NAME", help="an installed rail, by its name"
    )
    group.addoption(
        "--trial", action="append", default=[], metavar="MODULE:NAME", help="a trial that is no entry point"
    )
    group.addoption("--rail-table", metavar="FILE", help="write the results as a table in Markdown")


def pytest_configure(config: pytest.Config) -> None:
    """Begin with no results."""
    config.stash[RESULTS] = {}


def trials(config: pytest.Config) -> list[Trial]:
    """The trials that were asked for, or `pytest.UsageError`."""
    # Only now: a run of other tests shall not load any of this.
    from paybridge.conformance.running import NoTrialError, trial_at, trial_of  # noqa: PLC0415 - as said

    try:
        found = [trial_of(name) for name in config.getoption("--rail")]
        return found + [trial_at(place) for place in config.getoption("--trial")]
    except NoTrialError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """One line for each check that was broken or left out, and the table."""
    results = config.stash[RESULTS]
    if not results:
        return
    terminalreporter.section("promises")
    for (rail, peer, says), result in results.items():
        if result != "kept":
            terminalreporter.line(f"{rail} on {peer}: {result}: {says}")
    table = drawn(results)
    terminalreporter.line(table)
    if (file := config.getoption("--rail-table")) is not None:
        Path(file).write_text(table, encoding="utf-8")


def drawn(results: dict[tuple[str, str, str], str]) -> str:
    """A table in Markdown: a row for each check, a column for each rail on its peer."""
    columns = list(dict.fromkeys((rail, peer) for rail, peer, _ in results))
    rows = list(dict.fromkeys(says for _, _, says in results))
    head = " | ".join(f"`{rail}` on {peer}" for rail, peer in columns)
    lines = [f"| promise | {head} |", "| --- |" + " :-: |" * len(columns)]
    for says in rows:
        marks = (results.get((rail, peer, says), "") for rail, peer in columns)
        lines.append(f"| {says} | " + " | ".join(MARKS.get(mark, "-") for mark in marks) + " |")
    kept = " | ".join(
        str(sum(results.get((rail, peer, says)) == "kept" for says in rows)) for rail, peer in columns
    )
    return "\n".join([*lines, f"| kept, of {len(rows)} | {kept} |", ""])
