"""What every test shares: hypothesis without a stopwatch, and the mark of the flow tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

FLOWS = Path(__file__).parent / "flows"

# A slow machine is not a bug, and a failure found once must be found again by whoever reads about it.
settings.register_profile("paybridge", deadline=None, print_blob=True)
settings.load_profile("paybridge")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything under `tests/flows` as a flow, so that no file can forget to."""
    for item in items:
        if FLOWS in item.path.parents:
            item.add_marker(pytest.mark.flow)
