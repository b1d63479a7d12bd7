"""On each engine a person whose key is destroyed is taken out everywhere but in the books."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.deeds import Deed, DeedKind
from paybridge.domain.factor import Factor, FactorState, RecoveryCode
from paybridge.domain.people import NOBODY
from paybridge.domain.request import RequestState
from paybridge.domain.transfer import TransferState
from paybridge.services.ports import BookUnavailableError, Letter, StaleError, Step, StepRefusedError
from tests.fakes.database import START, ask_raw
from tests.fakes.records import a_booking, a_link, a_request, a_topup, a_transfer, people

if TYPE_CHECKING:
    from paybridge.services.ports import Mailbox
    from paybridge.storage.database import Database


async def lived(database: Database, mailbox: Mailbox) -> None:
    """Anna has paid Bob, was paid by him, asked him, and typed something."""
    done = TransferState.SETTLED
    await database.book.commit(
        people("anna", "bob")
        + Step(
            records=(
                a_link("link", "anna"),
                a_link("bobs", "bob"),
                Factor("anna", b"sealed", FactorState.ACTIVE, START),
                RecoveryCode("r1", "anna", "hash", used=True),
                RecoveryCode("r2", "bob", "hash"),
                Deed("d1", DeedKind.UNFREEZE, "anna", START),
                replace(a_transfer("PB-1", state=done), note=b"hers"),
                replace(
                    a_transfer("PB-2", state=done),
                    payer="bob",
                    payer_mxid="@bob:test",
                    payee="anna",
                    payee_mxid="@anna:test",
                    note=b"his",
                ),
                replace(a_request("r1"), state=RequestState.DECLINED, note=b"hers", reason=b"his"),
            ),
            journals=(a_topup("t", "anna", 60), a_booking("b/1", "anna", "bob", 60)),
        )
    )
    letters = [
        Letter(f"${name}", "!room:test", f"@{name}:test", START, b"sealed") for name in ("anna", "bob")
    ]
    await mailbox.receive(letters, "token")
    for letter in letters:
        await mailbox.finish(letter.event)


async def test_nothing_leads_to_them_any_more_and_the_rest_is_as_it_was(
    database: Database, mailbox: Mailbox
) -> None:
    await lived(database, mailbox)
    anna = await database.book.person("anna")
    assert anna is not None
    await database.book.commit(Step(records=(replace(anna, key=b"", frozen=START),), forgets=("anna",)))
    paid, got = await database.book.transfer("PB-1"), await database.book.transfer("PB-2")
    request = await database.book.request("r1")
    assert paid is not None
    assert got is not None
    assert request is not None

    assert await database.book.person_of("@anna:test") is None
    assert await database.book.person_of("@bob:test") is not None
    assert (paid.payer, paid.payer_mxid, paid.payee_mxid, paid.note) == ("anna", NOBODY, "@bob:test", None)
    assert (got.payer_mxid, got.payee_mxid, got.note) == ("@bob:test", NOBODY, b"his")
    assert {request.asker_mxid, request.asked_mxid} == {NOBODY, "@bob:test"}
    assert await ask_raw(database, "SELECT id FROM link") == [("bobs",)]
    assert await ask_raw(database, "SELECT id FROM recovery_code") == [("r2",)]
    assert await ask_raw(database, "SELECT person FROM factor") == []
    assert await ask_raw(database, "SELECT person FROM deed") == [("anna",)]
    assert await ask_raw(database, "SELECT sender FROM letter ORDER BY number") == [(NOBODY,), ("@bob:test",)]
    assert await database.wrapped_keys() == {"bob": b"wrapped key of bob"}


async def test_whose_key_is_there_is_not_forgotten_and_nothing_of_the_step_is_written(
    database: Database, mailbox: Mailbox
) -> None:
    await lived(database, mailbox)

    with pytest.raises((StepRefusedError, BookUnavailableError)):
        await database.book.commit(Step(records=(a_transfer("PB-9"),), forgets=("anna",)))
    assert await database.book.transfer("PB-9") is None
    assert await database.book.person_of("@anna:test") is not None


async def test_a_matrix_id_becomes_nobodys_and_no_other(database: Database, mailbox: Mailbox) -> None:
    await lived(database, mailbox)

    for change in (
        "UPDATE transfer SET payer_mxid = '@eve:test' WHERE id = 'PB-1'",
        "UPDATE request SET asked_mxid = '@eve:test'",
        "UPDATE letter SET sender = '@eve:test'",
        "UPDATE letter SET room = '!other:test'",
        "DELETE FROM recovery_code",
    ):
        with pytest.raises(Exception, match=r"keeps its terms|is answered once|stays used"):
            await ask_raw(database, change)


async def test_what_needs_somebody_to_be_there_is_stale_once_they_are_gone(
    database: Database, mailbox: Mailbox
) -> None:
    await lived(database, mailbox)
    anna = await database.book.person("anna")
    assert anna is not None
    frozen = replace(anna, frozen=START)
    await database.book.commit(Step(records=(frozen,)))
    await database.book.commit(Step(records=(a_transfer("PB-3"),), alive=("anna",)))
    gone = replace(frozen, key=b"", version=2)
    await database.book.commit(Step(records=(gone,), forgets=("anna",)))

    with pytest.raises(StaleError):
        await database.book.commit(Step(records=(a_transfer("PB-4"),), alive=("anna",)))


THEIRS_ON_SQLITE = """
    SELECT held.name FROM sqlite_master AS held, pragma_foreign_key_list(held.name) AS keys
    WHERE held.type = 'table' AND keys."table" = 'person' AND held.name NOT IN ('deed', 'transfer')
    """
KEPT_ON_SQLITE = """
    SELECT tbl_name FROM sqlite_master
    WHERE type = 'trigger' AND sql LIKE '%BEFORE DELETE ON%' AND sql NOT LIKE '%length(key)%'
    """
THEIRS_ON_POSTGRES = """
    SELECT class.relname FROM pg_constraint AS found JOIN pg_class AS class ON class.oid = found.conrelid
    WHERE found.contype = 'f' AND found.confrelid = 'person'::regclass
    AND class.relname NOT IN ('deed', 'transfer')
    """
KEPT_ON_POSTGRES = """
    SELECT class.relname FROM pg_trigger JOIN pg_class AS class ON class.oid = tgrelid
    JOIN pg_proc AS called ON called.oid = tgfoid
    WHERE tgtype & 8 > 0 AND tgtype & 1 > 0 AND called.proname = 'refuse' AND NOT tgisinternal
    """


async def test_no_table_refuses_to_let_go_of_what_is_only_theirs(database: Database) -> None:
    """A table that names a person loses their rows; one that keeps its rows must allow that."""
    on_sqlite = database.url.startswith("sqlite")
    theirs = await ask_raw(database, THEIRS_ON_SQLITE if on_sqlite else THEIRS_ON_POSTGRES)
    kept = await ask_raw(database, KEPT_ON_SQLITE if on_sqlite else KEPT_ON_POSTGRES)

    assert ("link",) in theirs
    assert ("journal",) in kept
    assert set(theirs) & set(kept) == set()
