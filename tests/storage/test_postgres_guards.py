"""PostgreSQL itself refuses what breaks the books: to the owner by its triggers, to the bot by its rights."""

# ruff: noqa: PT012 - what is refused is a transaction of several statements

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from paybridge.domain.one_time_link import OneTimeLink, Purpose
from paybridge.domain.passkey import PasskeyState
from paybridge.domain.pinning import PinnedKey
from paybridge.domain.policy import Policy, RoomPolicy
from paybridge.domain.spoken import Origin
from paybridge.domain.webhook import webhook
from paybridge.services.ports import Letter, Post, Step
from paybridge.storage.database import open_database
from paybridge.storage.postgres.roles import LEDGER, grant
from tests.fakes import postgres
from tests.fakes.database import START, StoodClock, ask_raw, name_of
from tests.fakes.records import (
    a_booking,
    a_ceremony,
    a_leg,
    a_passkey,
    a_request,
    a_topup,
    a_transfer,
    euros,
    people,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from paybridge.storage.database import Database

ENGINES = ("postgres",)

Refused = asyncpg.IntegrityConstraintViolationError

CONTENT = """
    SELECT 'account', md5(string_agg(a::text, ';' ORDER BY id)) FROM account AS a
    UNION ALL SELECT 'journal', md5(string_agg(j::text, ';' ORDER BY id)) FROM journal AS j
    UNION ALL SELECT 'entry', md5(string_agg(e::text, ';' ORDER BY journal, line)) FROM entry AS e
    UNION ALL SELECT 'seal', md5(string_agg(s::text, ';' ORDER BY journal)) FROM seal AS s
    UNION ALL SELECT 'transfer', md5(string_agg(t::text, ';' ORDER BY id)) FROM transfer AS t
    UNION ALL SELECT 'post', md5(string_agg(p::text, ';' ORDER BY id)) FROM post AS p
    UNION ALL SELECT 'letter', md5(string_agg(l::text, ';' ORDER BY number)) FROM letter AS l
"""


@pytest.fixture
async def filled(database: Database) -> Database:
    """A book of two journals; account 1 is Anna's, 2 the bank's, 3 Bob's."""
    step = people("anna", "bob") + Step(
        records=(
            a_request("r1"),
            a_transfer("PB-1", request="r1"),
            a_leg("l1", "PB-1"),
            RoomPolicy("!room:test", Policy()),
            PinnedKey("@anna:test", "first"),
            Origin("PB-1", "$1"),
            webhook("bank", "evt_1", "l1", b"{}", START),
            a_passkey("removed", state=PasskeyState.REMOVED),
            a_passkey("suspect", state=PasskeyState.SUSPECT),
            a_ceremony("challenge", used=True),
            OneTimeLink("a" * 64, "anna", Purpose.APPROVE, "PB-1", START, used=True),
        ),
        journals=(a_topup("t/1", "anna", 500),),
        posts=(Post("p1", "!room:test", None, None, b"sealed", START),),
        done=("$done",),
    )
    await database.book.commit(step)
    await database.book.commit(Step(journals=(a_booking("b/1", "anna", "bob", 200),)))
    await database.mailbox.receive([Letter("$1", "!room:test", "@anna:test", START, b"sealed")], "s1")
    await database.mailbox.first_seen("key", "$1")
    await database.mailbox.sent("p1", "$sent", "!room:test")
    return database


@pytest.fixture
async def raw(filled: Database) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the owner of all tables."""
    connection = await postgres.connect(name_of(filled))
    yield connection
    await connection.close()


@pytest.fixture
async def bot(filled: Database) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the role that runs the bot."""
    name = name_of(filled)
    owner = await postgres.connect(name)
    if not await owner.fetchval("SELECT 1 FROM pg_roles WHERE rolname = 'the bot'"):
        await owner.execute('CREATE ROLE "the bot" LOGIN')
    await grant(owner, "the bot")
    await owner.close()
    connection = await postgres.connect(name, "the bot")
    yield connection
    await connection.close()


async def journal(raw: asyncpg.Connection, number: int = 3, idem: str = "x", **wrong: bytes) -> None:
    head = await raw.fetchval("SELECT hash FROM journal ORDER BY id DESC LIMIT 1")
    await raw.execute(
        "INSERT INTO journal (id, idem, kind, transfer, created, prev_hash, hash)"
        " VALUES ($1, $2, 'book', 'PB', 1, $3, $4)",
        number,
        idem,
        wrong.get("prev_hash", head),
        bytes([number]) * 32,
    )


async def entry(
    raw: asyncpg.Connection, line: int, of: int, minor: int, *, number: int = 3, **wrong: object
) -> None:
    held = await raw.fetchrow("SELECT currency, balance, version FROM account WHERE id = $1", of)
    row = {
        "journal": number,
        "line": line,
        "account": of,
        "currency": held["currency"],
        "amount": minor,
        "balance_after": held["balance"] + minor,
        "version": held["version"] + 1,
    } | wrong
    await raw.execute("INSERT INTO entry VALUES ($1, $2, $3, $4, $5, $6, $7)", *row.values())


async def seal(raw: asyncpg.Connection, number: int = 3) -> None:
    await raw.execute("INSERT INTO seal VALUES ($1)", number)


async def test_a_journal_that_obeys_is_taken(raw: asyncpg.Connection) -> None:
    async with raw.transaction():
        await journal(raw)
        await entry(raw, 1, 1, -300)
        await entry(raw, 2, 3, 300)
        await seal(raw)

    assert await raw.fetchval("SELECT balance FROM account WHERE id = 3") == 500


async def test_an_unbalanced_journal_is_refused(raw: asyncpg.Connection) -> None:
    with pytest.raises(Refused, match="does not balance"):
        async with raw.transaction():
            await journal(raw)
            await entry(raw, 1, 1, -300)
            await entry(raw, 2, 3, 299)
            await seal(raw)


async def test_a_journal_of_one_line_or_none_is_refused(raw: asyncpg.Connection) -> None:
    with pytest.raises(Refused, match="two lines"):
        async with raw.transaction():
            await journal(raw)
            await seal(raw)


@pytest.mark.parametrize("under", ["SELECT 1", "SAVEPOINT s; SAVEPOINT t", "SET CONSTRAINTS ALL DEFERRED"])
async def test_a_journal_without_a_seal_fails_its_commit(raw: asyncpg.Connection, under: str) -> None:
    before = await raw.fetch(CONTENT)
    with pytest.raises(Refused, match="seal"):
        async with raw.transaction():
            await raw.execute(under)
            await journal(raw)
            await entry(raw, 1, 1, -300)
            if under.startswith("SAVEPOINT"):
                await raw.execute("RELEASE t; RELEASE s")

    assert await raw.fetch(CONTENT) == before


async def test_a_seal_that_was_undone_with_its_savepoint_seals_nothing(raw: asyncpg.Connection) -> None:
    with pytest.raises(Refused, match="seal"):
        async with raw.transaction():
            await journal(raw)
            await entry(raw, 1, 1, -300)
            await entry(raw, 2, 3, 300)
            await raw.execute("SAVEPOINT s")
            await seal(raw)
            await raw.execute("ROLLBACK TO s")
            await entry(raw, 3, 3, 300)


async def test_an_overdraft_is_refused(raw: asyncpg.Connection) -> None:
    with pytest.raises(Refused, match="account_above_floor"):
        async with raw.transaction():
            await journal(raw)
            await entry(raw, 1, 1, -301)


@pytest.mark.parametrize(
    "wrong", [{"currency": "JPY"}, {"balance_after": 999}, {"version": 7}, {"account": 99}]
)
async def test_an_entry_that_does_not_follow_from_its_account_is_refused(
    raw: asyncpg.Connection, wrong: dict[str, Any]
) -> None:
    with pytest.raises(Refused, match=r"does not follow|entry_account_fkey"):
        async with raw.transaction():
            await journal(raw)
            await entry(raw, 1, 1, -300, **wrong)


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("(3, 1, 1, 'EUR', -301, -1, 3), (3, 2, 1, 'EUR', 301, 300, 4)", "account_above_floor"),
        ("(3, 1, 2, 'EUR', -1000000000000000, -1000000000000500, 2)", "account_bounded"),
        ("(3, 1, 1, 'EUR', -100, 200, 3), (3, 2, 1, 'EUR', 100, 300, 5)", "does not follow"),
        ("(3, 1, 1, 'EUR', -100, 200, 3), (3, 2, 1, 'EUR', 100, 400, 4)", "does not follow"),
        ("(3, 1, 1, 'EUR', -100, 200, 3), (3, 2, 1, 'JPY', 100, 300, 4)", "does not follow"),
        ("(3, 1, 1, 'EUR', -100, 200, 3), (1, 9, 3, 'EUR', 100, 300, 2)", "is sealed"),
    ],
)
async def test_of_entries_written_together_each_must_hold(
    raw: asyncpg.Connection, lines: str, why: str
) -> None:
    with pytest.raises(Refused, match=why):
        async with raw.transaction():
            await journal(raw)
            await raw.execute(f"INSERT INTO entry VALUES {lines}")  # noqa: S608 - the lines stand above


async def test_of_journals_written_together_each_must_follow_the_one_before(raw: asyncpg.Connection) -> None:
    head = await raw.fetchval("SELECT hash FROM journal ORDER BY id DESC LIMIT 1")
    with pytest.raises(Refused, match="head of the chain"):
        async with raw.transaction():
            await raw.execute(
                "INSERT INTO journal (id, idem, kind, transfer, created, prev_hash, hash) VALUES"
                " (3, 'x', 'book', 'PB', 1, $1, $2), (4, 'y', 'book', 'PB', 1, $3, $3)",
                head,
                bytes([3]) * 32,
                bytes([4]) * 32,
            )


@pytest.mark.parametrize("inside", ["SELECT 1", "SAVEPOINT s"])
async def test_a_late_entry_into_an_old_journal_is_refused(raw: asyncpg.Connection, inside: str) -> None:
    with pytest.raises(Refused, match="is sealed"):
        async with raw.transaction():
            await raw.execute(inside)
            await entry(raw, 3, 3, 100, number=1)


async def test_an_entry_into_a_journal_that_another_one_is_writing_is_refused(
    filled: Database, raw: asyncpg.Connection
) -> None:
    other = await postgres.connect(name_of(filled))
    async with raw.transaction():
        await journal(raw)
        with pytest.raises(Refused, match=r"entry_journal_fkey|no journal"):
            await entry(other, 9, 3, 100, number=3)
        await entry(raw, 1, 1, -300)
        await entry(raw, 2, 3, 300)
        await seal(raw)
    with pytest.raises(Refused, match="is sealed"):
        await entry(other, 9, 3, 100, number=3)
    await other.close()

    assert await raw.fetchval("SELECT count(*) FROM entry WHERE journal = 3") == 2


async def test_an_old_view_of_the_books_lets_no_late_entry_in(
    filled: Database, raw: asyncpg.Connection
) -> None:
    other = await postgres.connect(name_of(filled))
    await other.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM journal")
    async with raw.transaction():
        await journal(raw)
        await entry(raw, 1, 1, -300)
        await entry(raw, 2, 3, 300)
        await seal(raw)

    with pytest.raises((Refused, asyncpg.SerializationError)):
        await other.execute("INSERT INTO entry VALUES (3, 3, 1, 'EUR', 100, 400, 3)")
    await other.close()


async def test_a_balance_moved_beside_its_entry_is_refused(raw: asyncpg.Connection) -> None:
    with pytest.raises(Refused):
        async with raw.transaction():
            await journal(raw)
            await raw.execute(
                "WITH added AS (INSERT INTO entry VALUES (3, 1, 1, 'EUR', -100, 200, 3) RETURNING *)"
                " UPDATE account SET balance = 200, version = 3 FROM added WHERE id = added.account"
            )


async def test_of_two_who_follow_the_same_journal_one_is_refused(
    filled: Database, raw: asyncpg.Connection
) -> None:
    other = await postgres.connect(name_of(filled))
    transaction = raw.transaction()
    await transaction.start()
    await journal(raw)
    await entry(raw, 1, 1, -300)
    await entry(raw, 2, 3, 300)
    await seal(raw)
    forking = asyncio.ensure_future(journal(other, idem="y"))
    while not await raw.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110 - the server tells nobody
        await asyncio.sleep(0)
    await transaction.commit()

    with pytest.raises(Refused, match=r"journal_pkey|journal_one_follower|head of the chain"):
        await forking
    await other.close()


async def test_a_replayed_idempotency_key_is_refused(raw: asyncpg.Connection) -> None:
    with pytest.raises(Refused, match="journal_idem_key"):
        await journal(raw, idem="t/1")


async def test_the_chain_has_no_forks_and_no_gaps(raw: asyncpg.Connection) -> None:
    first = await raw.fetchval("SELECT hash FROM journal WHERE id = 1")
    for wrong in ({"prev_hash": first}, {"prev_hash": bytes(32)}):
        with pytest.raises(Refused, match=r"head of the chain|journal_one_follower"):
            await journal(raw, **wrong)
    for number in (9, 0):
        with pytest.raises(Refused, match="head of the chain"):
            await journal(raw, number)


ATTACKS = [
    "UPDATE entry SET amount = amount + 1",
    "UPDATE entry SET amount = amount WHERE journal = 1",
    "DELETE FROM entry WHERE journal = 2",
    "TRUNCATE entry",
    "TRUNCATE entry, seal, journal, account CASCADE",
    "INSERT INTO entry SELECT * FROM entry ON CONFLICT (journal, line) DO UPDATE SET amount = 0",
    "UPDATE journal SET created = 0",
    "UPDATE journal SET hash = prev_hash WHERE id = 1",
    "DELETE FROM journal WHERE id = 2",
    "TRUNCATE journal CASCADE",
    "DELETE FROM seal",
    "UPDATE seal SET journal = 9",
    "INSERT INTO seal VALUES (1) ON CONFLICT (journal) DO UPDATE SET journal = 7",
    "TRUNCATE seal CASCADE",
    "UPDATE account SET balance = balance + 1 WHERE id = 1",
    "UPDATE account SET balance = 1000000, version = version + 1 WHERE id = 1",
    "UPDATE account SET version = version + 1",
    "UPDATE account SET version = 1, balance = 500 WHERE id = 1",
    "UPDATE account SET owner = 'mallory' WHERE id = 1",
    "UPDATE account SET floor = NULL WHERE id = 1",
    "UPDATE account SET currency = 'KWD' WHERE id = 1",
    "UPDATE account SET id = 9 WHERE id = 1",
    "DELETE FROM account WHERE id = 1",
    "TRUNCATE account CASCADE",
    "INSERT INTO account VALUES (9, 'mallory', 'person', 'EUR', 100, 0, 0)",
    "INSERT INTO account VALUES (9, 'mallory', 'person', 'EUR', 0, NULL, 0)",
    "INSERT INTO account VALUES (9, 'mallory', 'rail_clearing', 'EUR', 0, 0, 0)",
    "INSERT INTO account VALUES (9, 'mallory', 'treasure', 'EUR', 0, 0, 0)",
    "UPDATE transfer SET amount = 1",
    "UPDATE transfer SET payer = 'bob'",
    "UPDATE transfer SET state = 'gone'",
    "DELETE FROM transfer",
    "TRUNCATE transfer CASCADE",
    "UPDATE leg SET amount = 1",
    "UPDATE leg SET rail = 'other'",
    "DELETE FROM leg",
    "UPDATE request SET amount = 1",
    "DELETE FROM request",
    "UPDATE letter SET done = 0 WHERE event = '$done'",
    "UPDATE letter SET done = 1 WHERE event = '$1'",
    "DELETE FROM letter",
    "UPDATE post SET state = 'waiting'",
    "DELETE FROM post",
    "TRUNCATE post",
    "UPDATE seen SET event = '$2'",
    "DELETE FROM seen",
    "INSERT INTO vault_check VALUES (2, '')",
    "DELETE FROM room_policy",
    "UPDATE origin SET event = '$2'",
    "UPDATE webhook SET id = 'evt_2'",
    "DELETE FROM webhook",
    "TRUNCATE webhook",
    "UPDATE passkey SET public_key = ''",
    "UPDATE passkey SET person = 'bob'",
    "UPDATE passkey SET sign_count = 4",
    "UPDATE passkey SET state = 'active'",
    "UPDATE passkey SET state = 'suspect' WHERE id = 'removed'",
    "DELETE FROM passkey",
    "UPDATE ceremony SET used = 0",
    "UPDATE ceremony SET bound = 'another payment'",
    "UPDATE ceremony SET expires = expires + 1",
    "DELETE FROM ceremony",
    "TRUNCATE passkey",
    "TRUNCATE ceremony",
    "UPDATE one_time_link SET used = 0",
    "UPDATE one_time_link SET person = 'bob'",
    "UPDATE one_time_link SET expires = expires + 1",
    "DELETE FROM one_time_link",
    "TRUNCATE one_time_link",
    "DELETE FROM pinned_key",
    "UPDATE pinned_key SET until = 1",
    "INSERT INTO lease VALUES ('writer', 'x', 9, 0); UPDATE lease SET epoch = 1",
    "INSERT INTO lease VALUES ('writer', 'x', 9, 0); DELETE FROM lease",
]


@pytest.mark.parametrize("change", ATTACKS)
async def test_a_change_behind_the_books_back_is_refused_even_to_the_owner(
    raw: asyncpg.Connection, change: str
) -> None:
    before = await raw.fetch(CONTENT)
    with pytest.raises(Refused):
        async with raw.transaction():
            await raw.execute("SAVEPOINT s")
            await raw.execute(change)

    assert await raw.fetch(CONTENT) == before


# ---------------------------------------------------------------- the role that runs the bot


async def test_the_bots_role_can_do_all_that_the_bot_does(filled: Database, bot: asyncpg.Connection) -> None:
    assert not await bot.fetchval("SELECT count(*) FROM pg_tables WHERE tableowner = current_user")

    as_bot = await open_database(postgres.url_of(name_of(filled), "the bot"), StoodClock())
    book, mailbox = as_bot.book, as_bot.mailbox
    transfer = await book.transfer("PB-1")
    assert transfer is not None
    await as_bot.keep_vault_check(b"check")
    assert await as_bot.lease.acquire()
    await mailbox.receive([Letter("$2", "!room:test", "@anna:test", START, b"sealed")], "s2")
    step = Step((transfer,), (a_booking("b/2", "anna", "bob", 100), a_topup("t/2", "carol", 7)), (), ("$2",))
    await book.commit(step + Step(posts=(Post("p2", "!room:test", None, "slot", b"sealed", START),)))
    await mailbox.sent("p2", "$sent2", "!room:test")
    await mailbox.remember("name", "value")
    assert await mailbox.first_seen("key2", "$2")
    assert await as_bot.lease.renew()
    await as_bot.lease.release()
    await as_bot.close()

    assert await filled.book.balance("bob", "EUR") == euros(300)
    assert await filled.mailbox.slot("slot") == ("!room:test", "$sent2")


@pytest.mark.parametrize("change", [one for one in ATTACKS if LEDGER & set(one.split())])
async def test_the_bots_role_may_not_even_try(bot: asyncpg.Connection, change: str) -> None:
    with pytest.raises((asyncpg.InsufficientPrivilegeError, Refused)):
        await bot.execute(change)


@pytest.mark.parametrize(
    "attack",
    [
        *(f"INSERT INTO {table} DEFAULT VALUES" for table in sorted(LEDGER)),
        *(f"ALTER TABLE {table} DISABLE TRIGGER ALL" for table in sorted(LEDGER)),
        "DROP TRIGGER entry_update ON entry",
        "DROP FUNCTION refuse() CASCADE",
        "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'",
        "ALTER FUNCTION refuse() SET search_path = pg_temp",
        "ALTER TABLE account DROP CONSTRAINT account_above_floor",
        "ALTER TABLE account OWNER TO CURRENT_USER",
        "CREATE TRIGGER mine BEFORE UPDATE ON account FOR EACH ROW EXECUTE FUNCTION refuse('x')",
        "CREATE RULE mine AS ON INSERT TO account DO INSTEAD NOTHING",
        "SET session_replication_role = replica",
        "SET ROLE postgres",
        "SELECT entries_move_balances()",
        "CREATE TEMP TABLE x (); CREATE TRIGGER x AFTER INSERT ON x EXECUTE FUNCTION entries_move_balances()",
        "UPDATE alembic_version SET version_num = '0001'",
    ],
)
async def test_the_bots_role_cannot_undo_a_guard(
    filled: Database, bot: asyncpg.Connection, attack: str
) -> None:
    before = await ask_raw(filled, CONTENT)
    with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.FeatureNotSupportedError)):
        await bot.execute(attack)

    assert await ask_raw(filled, CONTENT) == before


@pytest.mark.parametrize("shadow", ["account", "entry", "journal", "seal"])
async def test_a_table_put_in_front_of_ours_is_not_looked_at(
    filled: Database, bot: asyncpg.Connection, shadow: str
) -> None:
    await bot.execute(f"CREATE TEMP TABLE {shadow} (LIKE public.{shadow})")
    unbalanced = (
        '[{"idem":"z","kind":"book","transfer":"PB","created":1,"said":"z",'
        '"lines":[["anna","person","EUR",-1],["bob","person","EUR",2]]}]'
    )
    accounts = '[["anna","person","EUR",0],["bob","person","EUR",0]]'
    before = await ask_raw(filled, CONTENT)
    with pytest.raises(Refused, match="does not balance"):
        await bot.execute("SELECT book($1::jsonb, $2::jsonb)", accounts, unbalanced)

    assert await ask_raw(filled, CONTENT) == before
