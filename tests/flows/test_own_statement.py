"""A month's statement as people get it: a file that only their client can open, with sums that are right."""

from __future__ import annotations

import csv
import io
from contextlib import closing
from typing import TYPE_CHECKING

from pypdfium2 import PdfDocument

from paybridge.demo.person import Person
from tests.flows.dinner import dinner, payment_of
from tests.flows.test_second_factor import downloaded

if TYPE_CHECKING:
    from paybridge.demo.stage import Stage
    from tests.harness import People

BOTH = ("Alice", "Bob")


async def test_a_statement_comes_as_an_encrypted_file_whose_sums_are_right(
    stage: Stage, people: People
) -> None:
    alice, bob = await dinner(stage, people, *BOTH, linked=BOTH)
    assert isinstance(bob.person, Person)
    paid = payment_of(await alice.pays(f"!pay {bob.id} 10 EUR for pizza"))
    card = await bob.drafts(f"!refund {paid} 4 EUR")
    await bob.confirms(card)
    await alice.sees(payment_of(card), "settled")
    as_table = await bob.asks("!statement csv", "Your statement for", bob.chat)
    pointer = await bob.asks("!statement", "direct message")
    as_pages = await bob.hears("Your statement for", bob.chat, after=as_table.event_id)

    table = await downloaded(bob.person, as_table)
    rows = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"))))
    assert [(row["What"], row["With"], row["Amount"], row["Balance"]) for row in rows] == [
        ("Opening balance", "", "", "0.00"),
        ("Received", f"'{alice.id}", "10.00", "10.00"),
        ("Refund given", f"'{alice.id}", "-4.00", "6.00"),
        ("Closing balance", "", "", "6.00"),
    ]
    assert rows[1]["Note"] == "pizza"
    pages = await downloaded(bob.person, as_pages)
    with closing(PdfDocument(pages)) as opened:
        told = opened[0].get_textpage().get_text_range()
    assert "Closing balance 6.00 EUR" in told
    assert "Received 1 10.00 EUR" in told
    for seen, name in ((as_table, "csv"), (as_pages, "pdf")):
        assert seen.encrypted
        assert seen.content["msgtype"] == "m.file"
        assert seen.content["filename"].endswith(f".{name}")
        assert "url" not in seen.content
    assert "statement" not in pointer.body
