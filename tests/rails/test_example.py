"""The example in docs/add-a-rail.md is a rail that keeps the contract."""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncIterator
from importlib import import_module
from itertools import count
from pathlib import Path

import aiohttp
import pytest

from paybridge.domain.leg import LegKind
from paybridge.domain.money import Money
from paybridge.rails._frame import RailClass
from paybridge.services.ports import Order, Rail, Settled
from tests.rails.contract import RailContract

PAGE = Path(__file__).parents[2] / "docs" / "add-a-rail.md"


class ExampleTrial:
    def __init__(self, rail: Rail) -> None:
        self.rail = rail
        self._numbers = count(1)

    async def order(self, kind: LegKind | None = None) -> Order:
        return Order(f"leg-{next(self._numbers)}", kind or LegKind.COLLECT, Money(1250, "EUR"), "", "pizza")

    async def moved(self, reference: str) -> list[Money]:
        outcome = await self.rail.query(reference, None)
        return [outcome.amount] if isinstance(outcome, Settled) else []


@pytest.fixture
async def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ExampleTrial]:
    example = max(re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL), key=len)
    tmp_path.joinpath("example_drawer.py").write_text(example, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    drawer: RailClass = import_module("example_drawer").DrawerRail
    async with aiohttp.ClientSession() as http:
        yield ExampleTrial(drawer(drawer.Options(), http))
    del sys.modules["example_drawer"]


class TestExampleRail(RailContract):
    pass
