"""What is drawn from the code says what the code says."""

from __future__ import annotations

from pathlib import Path

from docs.__main__ import transfers_page
from docs.regions import regions_page

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_of_transfers_follows_the_tables_of_moves() -> None:
    assert (DOCS / "transfers.md").read_text() == transfers_page(), "run `make docs`"


def test_the_page_of_regions_follows_their_files() -> None:
    assert (DOCS / "regions.md").read_text() == regions_page(), "run `make docs`"
