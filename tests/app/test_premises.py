"""What the running program tells operators is what its books and rails say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from paybridge.app.premises import HousePremises
from paybridge.app.proving import ProvenRails
from paybridge.app.supervisor import Backoff
from paybridge.domain.month import Month
from paybridge.services.checks_kept import Kept
from paybridge.services.premises import Audited
from paybridge.storage.figures import SqlFigures
from tests.fakes.house import ALICE, open_house
from tests.fakes.rail import ScriptedRail

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 2, tzinfo=UTC)


async def test_books_and_rails_are_told_as_they_are(tmp_path: Path) -> None:
    house = await open_house(tmp_path)
    await house.link(ALICE)
    await house.fund(ALICE, 500)

    async def compare(rail: str) -> Kept | None:
        return None if rail == "internal" else Kept(NOW, NOW, 3, 1, failures=1, silent="away")

    noted: list[tuple[datetime, Audited]] = []
    premises = HousePremises(
        holder="here",
        clock=house.clock,
        counting=SqlFigures(house.database.reader),
        rails=ProvenRails({"bank": ScriptedRail(name="bank")}, Backoff(jitter=lambda: 0), lambda _: None),
        names=("bank",),
        compared=tuple,
        compare_now=compare,
        url=house.database.url,
        noted=lambda began, found: noted.append((began, found)),
    )
    sight = await premises.look()
    audited = await premises.audit()
    inside, outside = await premises.compare("internal"), await premises.compare("bank")
    march = await premises.export(Month(2026, 3), 100_000)
    long = await premises.export(Month(2026, 3), 10)
    await house.database.close()

    assert (sight.acting, sight.rails) == ("here", {"bank": "bank has not answered yet"})
    assert (audited.journals, audited.problems) == (2, ())
    assert noted == [(house.clock.now(), audited)]
    assert (outside.matched, outside.under_way, outside.silent) == (3, 1, "away")
    assert inside.silent is not None
    assert march is not None
    assert "Assets:Rail:Bank" in march
    assert long is None
