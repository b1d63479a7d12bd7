"""`make docs`: draws the pages that follow from the code, so that they cannot say anything else."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeVar

from docs.regions import regions_page
from paybridge.domain.leg import LEG_MOVES, LegHappening
from paybridge.domain.request import REQUEST_MOVES
from paybridge.domain.transfer import TRANSFER_MOVES, TransferHappening

State = TypeVar("State", bound=StrEnum)
Happening = TypeVar("Happening", bound=StrEnum)

LATE: Final = frozenset({TransferHappening.REVERSE, LegHappening.REVERSE, LegHappening.SUCCEED_LATE})
"""What may still befall something that has ended."""

HERE = Path(__file__).parent
PAGE = """# The life of a transfer

Drawn by `make docs` from the tables of moves in `paybridge/domain`; a test compares them. A move that is
not here is refused, by the domain and again by the database, and changes nothing.

## A transfer: what two people agreed to

`drafted` is never stored. While it is `approved`, people are told `under_way` or `unsure`, which come from
its legs.

{transfer}

## A leg: one order to a rail, or one booking in our ledger

What the move does to the ledger stands behind it: `hold` sets the payer's money aside, `pay` books it to
whom it is due, `release` gives it back; `take_back` and `suspend` are told in [reversals.md](reversals.md).
A book leg goes from `ready` to `settled` by `book`; no other does.

{leg}

## A request

{request}
"""


def transfers_page() -> str:
    """The page with all three diagrams."""
    legs = {key: (move.to, f" / {move.effect}") for key, move in LEG_MOVES.items()}
    return PAGE.format(
        transfer=_diagram({key: (to, "") for key, to in TRANSFER_MOVES.items()}),
        leg=_diagram(legs),
        request=_diagram({key: (to, "") for key, to in REQUEST_MOVES.items()}),
    )


def _diagram(moves: Mapping[tuple[State, Happening], tuple[State, str]]) -> str:
    lines = ["```mermaid", "stateDiagram-v2"]
    starts = [state for state, _ in moves if state not in {to for to, _ in moves.values()}]
    lines += [f"    [*] --> {starts[0]}"] if starts else [f"    [*] --> {next(iter(moves))[0]}"]
    lines += [
        f"    {state} --> {to}: {happening}{effect}" for (state, happening), (to, effect) in moves.items()
    ]
    ends = {to for to, _ in moves.values()} - {state for state, happening in moves if happening not in LATE}
    lines += [f"    {end} --> [*]" for end in sorted(ends)]
    return "\n".join([*lines, "```"])


if __name__ == "__main__":
    (HERE / "transfers.md").write_text(transfers_page())
    (HERE / "regions.md").write_text(regions_page())
