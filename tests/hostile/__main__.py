"""`make hostile`: runs every case of docs/threats.md and prints which passed."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CASE = re.compile(r"::test_case_(\d+)_")
NIO = re.compile(r"::test_nio_row_")
WORST_FIRST = ("failed", "skipped", "passed")


class Cases:
    """Notes what became of the tests of each case."""

    def __init__(self) -> None:
        self._outcomes: defaultdict[str, list[str]] = defaultdict(list)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        found = CASE.search(report.nodeid)
        if (found is None and NIO.search(report.nodeid) is None) or (
            report.when != "call" and report.outcome == "passed"
        ):
            return
        # A test that cannot be set up, or that leaves something broken behind, has failed too.
        self._outcomes[f"case {found[1]}" if found else "nio"].append(report.outcome)

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("cases")
        for case, outcomes in sorted(self._outcomes.items()):
            worst = next(outcome for outcome in WORST_FIRST if outcome in outcomes)
            terminalreporter.line(f"{case:<8} {worst:<8} (tests: {len(outcomes)})")


if __name__ == "__main__":
    sys.exit(pytest.main([str(HERE), "-q", "-m", "not slow", *sys.argv[1:]], plugins=[Cases()]))
