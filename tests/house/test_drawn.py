"""What is drawn from the code says what the code says."""

from __future__ import annotations

from pathlib import Path

from docs.__main__ import transfers_page

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_of_transfers_follows_the_tables_of_moves() -> None:
    assert (DOCS / "transfers.md").read_text() == transfers_page(), "run `make docs`"
