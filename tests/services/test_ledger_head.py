"""The ledger's last hash is said to the operators once a day, and the audit knows it again."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import TYPE_CHECKING

from paybridge.services.admin_room import AdminRoom
from paybridge.services.figures import LedgerStands
from paybridge.services.ledger_head import LedgerHead
from paybridge.services.ports import Step
from paybridge.services.premises import Audited
from paybridge.storage.audit import audit
from paybridge.storage.rail_legs import RailLegs
from tests.fakes.house import QuietBell, keys, words
from tests.fakes.records import a_topup, people

if TYPE_CHECKING:
    from tests.fakes.house import House

ADMINS = "!admins:hs"


def head_of(house: House, room: str | None = ADMINS) -> LedgerHead:
    admin = AdminRoom(house.book, house.desk.vault, house.clock, QuietBell(), room, "en")

    async def pause(seconds: float) -> None:
        raise AssertionError(f"nobody waits {seconds} s here")

    return LedgerHead(RailLegs(house.database.url), house.clock, admin, pause)


async def test_the_head_is_said_once_a_day_by_whichever_process(house: House) -> None:
    await house.book.commit(people("anna") + Step(journals=(a_topup("t/1", "anna", 100),)))
    head = head_of(house)
    await head.look()
    said = await house.said()
    await head.look()
    await head_of(house).look()
    again = await house.said()
    house.clock.pass_by(timedelta(days=1))
    await head.look()
    tomorrow = await house.said()

    report = audit(house.database.url)
    assert keys(said) == keys(tomorrow) == ["ledger.head"]
    assert said[0].room == ADMINS
    assert "The ledger has 1 journals" in words(said)
    assert f"\n{report.head}\n" in words(said)
    assert again == []


async def test_of_an_empty_ledger_nothing_is_said(house: House) -> None:
    await head_of(house).look()

    assert await house.said() == []


async def test_without_a_room_nothing_is_said(house: House) -> None:
    await house.book.commit(people("anna") + Step(journals=(a_topup("t/1", "anna", 100),)))
    await head_of(house, None).look()

    assert await house.said() == []


async def test_a_head_that_was_said_before_is_known_to_the_audit_until_the_past_is_rewritten(
    house: House,
) -> None:
    await house.book.commit(people("anna") + Step(journals=(a_topup("t/1", "anna", 100),)))
    old = audit(house.database.url).head
    await house.book.commit(Step(journals=(a_topup("t/2", "anna", 100),)))

    assert audit(house.database.url, head=old).problems == ()
    assert audit(house.database.url, head="00" * 32).problems == ()
    assert audit(house.database.url, head="ab" * 32).problems == (
        f"chain: no journal has the hash {'ab' * 32}: the ledger was rewritten, or is another one",
    )


async def test_the_ledger_is_audited_once_a_day_and_what_is_wrong_is_said(house: House) -> None:
    await house.book.commit(people("anna") + Step(journals=(a_topup("t/1", "anna", 100),)))
    head = head_of(house)
    await head.audit()
    sound, said = head.stands, await house.said()
    connection = sqlite3.connect(house.database.path)
    connection.executescript("DROP TRIGGER account_update; UPDATE account SET balance = balance + 1")
    connection.close()
    house.clock.pass_by(timedelta(hours=23))
    await head.audit()
    same_day = head.stands
    house.clock.pass_by(timedelta(hours=1))
    await head.audit()
    # The house audits its books once more when it closes.
    connection = sqlite3.connect(house.database.path)
    connection.execute("UPDATE account SET balance = balance - 1")
    connection.commit()
    connection.close()

    assert sound == same_day == LedgerStands(house.clock.now() - timedelta(days=1), 0)
    assert said == []
    assert head.stands is not None
    assert head.stands.problems > 0
    assert keys(await house.said()) == ["ledger.unsound"]


async def test_an_audit_that_operators_asked_for_counts_as_the_one_of_the_day(house: House) -> None:
    head, began = head_of(house), house.clock.now()
    house.clock.pass_by(timedelta(hours=23))
    asked = house.clock.now()
    head.note(asked, Audited(7, ("balance: wrong",), "00"))
    head.note(began, Audited(7, (), "00"))
    house.clock.pass_by(timedelta(hours=2))
    await head.audit()

    assert head.stands == LedgerStands(asked, 1)
