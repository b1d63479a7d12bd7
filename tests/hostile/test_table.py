"""Every case that docs/threats.md lists has its test, and the page names where it is."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ROW = re.compile(r"^\| (\d+) \|.*\| `(tests/[\w/]+\.py)` \|$", re.MULTILINE)
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
DEFINED = re.compile(r"^(?:async )?def (test_\w+)", re.MULTILINE)
CASE = re.compile(r"^async def test_case_(\d+)_", re.MULTILINE)
CASES = {*range(1, 36), 61, 62}


def test_every_case_has_a_test_where_the_page_says() -> None:
    listed = {(int(number), file) for number, file in ROW.findall(_page())}
    there = {
        (int(number), f"tests/hostile/{file.name}")
        for file in HERE.glob("test_*.py")
        for number in CASE.findall(file.read_text(encoding="utf-8"))
    }

    assert {number for number, _ in there} >= CASES
    assert listed >= there
    assert {(number, file) for number, file in listed if file.startswith("tests/hostile/")} <= there


def test_every_test_that_the_page_names_exists() -> None:
    named = NAMED.findall(_page())

    assert named
    assert [(file, test) for file, test in named if test not in _tests_in(file)] == []


def _page() -> str:
    return (ROOT / "docs/threats.md").read_text(encoding="utf-8")


def _tests_in(file: str) -> list[str]:
    return DEFINED.findall((ROOT / file).read_text(encoding="utf-8"))
