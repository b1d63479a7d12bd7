"""A house of its own for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paybridge.storage.audit import audit
from tests.fakes.house import House, open_house

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Whatever a test does, the books must pass the audit at its end."""
    opened = await open_house(tmp_path)
    yield opened
    await opened.database.close()

    assert audit(f"sqlite+aiosqlite:///{tmp_path / 'paybridge.db'}").problems == ()
