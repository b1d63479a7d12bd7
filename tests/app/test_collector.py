"""The collector leaves alone what was there when the program started."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

from paybridge.app.collector import spare_what_is_loaded

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def _restored() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


@pytest.mark.usefixtures("_restored")
def test_what_is_loaded_is_not_looked_at_again_and_garbage_still_is() -> None:
    loaded = len(gc.get_objects())
    spare_what_is_loaded()

    circle: list[object] = []
    circle.append(circle)
    del circle

    assert gc.get_freeze_count() > loaded / 2
    assert len(gc.get_objects()) < loaded / 2
    assert gc.collect() >= 1
    assert gc.isenabled()
