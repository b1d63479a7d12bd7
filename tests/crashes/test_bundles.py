"""The process dies while several payments are approved by one code: all of them are, or none."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.database import ask_raw
from tests.fakes.house import ALICE, BOB, CAROL, DINNER, House, open_house

REPOSITORY = Path(__file__).parents[2]
TYPED = "$yes"


async def draft(house: House) -> None:
    """Alice has 25 EUR, and a card for paying 10 to each of two."""
    await house.link(ALICE)
    await house.fund(ALICE, 2500)
    await house.hear(ALICE, f"!pay {BOB} {CAROL} 10 EUR each", DINNER)


PROGRAM = """
import asyncio, sys
from pathlib import Path
from paybridge.failpoints import arm
from tests.crashes.test_bundles import TYPED, draft
from tests.fakes.database import ask_raw
from tests.fakes.house import ALICE, DINNER, open_house

async def die():
    house = await open_house(Path(sys.argv[1]))
    await draft(house)
    arm(sys.argv[2])
    await house.hear(ALICE, "!yes", DINNER, event=TYPED)

asyncio.run(die())
"""


async def found(house: House) -> tuple[int, list[str]]:
    """What Alice has left, and where the two payments stand."""
    told = await ask_raw(house.database, "SELECT state FROM transfer WHERE bundle IS NOT NULL")
    return await house.balance(ALICE), [str(state) for (state,) in told]


@pytest.mark.parametrize(
    ("failpoint", "left", "state"),
    [("storage.before_commit", 2500, "awaiting_approval"), ("storage.after_commit", 500, "claimable")],
)
def test_a_kill_leaves_all_payments_approved_or_none_and_the_same_message_pays_once(
    tmp_path: Path, failpoint: str, left: int, state: str
) -> None:
    died = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", PROGRAM, str(tmp_path), f"{failpoint}=kill"],
        cwd=REPOSITORY,
        check=False,
        capture_output=True,
        text=True,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr

    async def live_on() -> tuple[tuple[int, list[str]], tuple[int, list[str]]]:
        house = await open_house(tmp_path)
        after_the_kill = await found(house)
        await house.hear(ALICE, "!yes", DINNER, event=TYPED)
        in_the_end = await found(house)
        await house.database.close()
        return after_the_kill, in_the_end

    after_the_kill, in_the_end = asyncio.run(live_on())

    assert after_the_kill == (left, [state, state])
    assert in_the_end == (500, ["claimable", "claimable"])
