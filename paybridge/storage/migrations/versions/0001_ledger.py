"""The ledger: accounts, journals in a hash chain, entries; the database itself refuses what breaks them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, TEXT
from paybridge.storage.guards import function, kept, refused, refused_update, set_up

revision: Final = "0001"
down_revision: Final = None

CHANGES: Final = ("UPDATE", "DELETE", "TRUNCATE")

SQLITE: Final = (
    """
    CREATE TRIGGER account_insert BEFORE INSERT ON account BEGIN
        SELECT raise(ABORT, 'accounts begin empty') WHERE new.balance <> 0 OR new.version <> 0;
    END
    """,
    """
    CREATE TRIGGER account_terms BEFORE UPDATE ON account
    WHEN (new.id, new.owner, new.kind, new.currency, new.floor)
        IS NOT (old.id, old.owner, old.kind, old.currency, old.floor)
    BEGIN
        SELECT raise(ABORT, 'accounts keep owner, kind, currency and floor');
    END
    """,
    """
    CREATE TRIGGER account_update BEFORE UPDATE OF balance, version ON account BEGIN
        SELECT raise(ABORT, 'balances change by entries only')
        WHERE new.version <> old.version + 1 OR NOT EXISTS (
            SELECT 1 FROM entry
            WHERE account = new.id AND version = new.version AND balance_after = new.balance
        );
    END
    """,
    """
    CREATE TRIGGER account_delete BEFORE DELETE ON account BEGIN
        SELECT raise(ABORT, 'accounts are never deleted');
    END
    """,
    """
    CREATE TRIGGER journal_insert BEFORE INSERT ON journal BEGIN
        SELECT raise(ABORT, 'journals follow the head of the chain')
        WHERE new.id IS NOT (SELECT coalesce(max(id), 0) + 1 FROM journal)
            OR new.prev_hash IS NOT coalesce(
                (SELECT hash FROM journal ORDER BY id DESC LIMIT 1), zeroblob(32)
            );
    END
    """,
    """
    CREATE TRIGGER journal_update BEFORE UPDATE ON journal BEGIN
        SELECT raise(ABORT, 'journals are append-only');
    END
    """,
    """
    CREATE TRIGGER journal_delete BEFORE DELETE ON journal BEGIN
        SELECT raise(ABORT, 'journals are append-only');
    END
    """,
    """
    CREATE TRIGGER entry_insert BEFORE INSERT ON entry BEGIN
        SELECT raise(ABORT, 'the journal is sealed')
        WHERE EXISTS (SELECT 1 FROM seal WHERE journal = new.journal);
        SELECT raise(ABORT, 'the entry does not follow from its account')
        WHERE NOT EXISTS (
            SELECT 1 FROM account
            WHERE id = new.account AND currency = new.currency
                AND balance + new.amount = new.balance_after AND version + 1 = new.version
        );
    END
    """,
    """
    CREATE TRIGGER entry_inserted AFTER INSERT ON entry BEGIN
        UPDATE account SET balance = new.balance_after, version = new.version WHERE id = new.account;
    END
    """,
    """
    CREATE TRIGGER entry_update BEFORE UPDATE ON entry BEGIN
        SELECT raise(ABORT, 'entries are append-only');
    END
    """,
    """
    CREATE TRIGGER entry_delete BEFORE DELETE ON entry BEGIN
        SELECT raise(ABORT, 'entries are append-only');
    END
    """,
    """
    CREATE TRIGGER seal_insert BEFORE INSERT ON seal BEGIN
        SELECT raise(ABORT, 'the journal does not balance')
        WHERE EXISTS (
            SELECT 1 FROM entry AS line WHERE line.journal = new.journal AND (
                SELECT sum(amount) FROM entry WHERE journal = line.journal AND currency = line.currency
            ) <> 0
        );
        SELECT raise(ABORT, 'a journal has two lines at least')
        WHERE (SELECT count(*) FROM entry WHERE journal = new.journal) < 2;
    END
    """,
    """
    CREATE TRIGGER seal_update BEFORE UPDATE ON seal BEGIN
        SELECT raise(ABORT, 'seals are append-only');
    END
    """,
    """
    CREATE TRIGGER seal_delete BEFORE DELETE ON seal BEGIN
        SELECT raise(ABORT, 'seals are append-only');
    END
    """,
)


POSTGRESQL: Final = (
    function(
        "refuse()",
        """
        BEGIN
            RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = 'check_violation';
        END
        """,
    ),
    """
    CREATE TRIGGER account_insert BEFORE INSERT ON account FOR EACH ROW
    WHEN (new.balance <> 0 OR new.version <> 0) EXECUTE FUNCTION refuse('accounts begin empty')
    """,
    refused_update(
        "account",
        "account_terms",
        kept("id owner kind currency floor"),
        "accounts keep owner, kind, currency and floor",
    ),
    # The entries of one account are numbered without a gap: nothing but the newest of them can be followed.
    refused_update(
        "account",
        "account_update",
        f"{kept('balance version')} AND new.version <= old.version",
        "balances change by entries only",
    ),
    function(
        "accounts_follow_entries()",
        """
        BEGIN
            PERFORM 1 FROM changed LEFT JOIN entry
                ON entry.account = changed.id AND entry.version = changed.version
            WHERE changed.version > 0 AND entry.balance_after IS DISTINCT FROM changed.balance;
            IF FOUND THEN
                RAISE EXCEPTION 'balances change by entries only' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        END
        """,
    ),
    """
    CREATE TRIGGER account_updated AFTER UPDATE ON account REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_follow_entries()
    """,
    refused("account", "DELETE", "accounts are never deleted"),
    refused("account", "TRUNCATE", "accounts are never deleted"),
    function(
        "journals_follow_head()",
        """
        BEGIN
            PERFORM 1 FROM added LEFT JOIN journal AS before ON before.id = added.id - 1
            WHERE added.prev_hash IS DISTINCT FROM coalesce(before.hash, decode(repeat('00', 32), 'hex'))
                OR (before.id IS NULL AND added.id <> 1);
            IF FOUND THEN
                RAISE EXCEPTION 'journals follow the head of the chain' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        END
        """,
    ),
    """
    CREATE TRIGGER journal_inserted AFTER INSERT ON journal REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION journals_follow_head()
    """,
    *(refused("journal", deed, "journals are append-only") for deed in CHANGES),
    # A journal that can be seen is one of this transaction, or was committed together with its seal, which
    # the later statement then sees. Every entry must hold, each after those before it, though accounts are
    # updated once in the end.
    function(
        "entries_move_balances()",
        """
        BEGIN
            PERFORM 1 FROM added WHERE NOT EXISTS (SELECT 1 FROM journal WHERE id = added.journal);
            IF FOUND THEN
                RAISE EXCEPTION 'there is no journal for the entry' USING ERRCODE = 'check_violation';
            END IF;
            PERFORM 1 FROM added JOIN seal ON seal.journal = added.journal;
            IF FOUND THEN
                RAISE EXCEPTION 'the journal is sealed' USING ERRCODE = 'check_violation';
            END IF;
            PERFORM 1 FROM account WHERE id IN (SELECT account FROM added) ORDER BY id FOR UPDATE;
            PERFORM 1 FROM (
                SELECT account, currency, amount, balance_after, version,
                    lag(balance_after) OVER own AS balance_before, lag(version) OVER own AS version_before
                FROM added WINDOW own AS (PARTITION BY account ORDER BY version)
            ) AS line LEFT JOIN account ON account.id = line.account
            WHERE account.currency IS DISTINCT FROM line.currency
                OR coalesce(line.balance_before, account.balance) + line.amount <> line.balance_after
                OR coalesce(line.version_before, account.version) + 1 <> line.version;
            IF FOUND THEN
                RAISE EXCEPTION 'the entry does not follow from its account'
                    USING ERRCODE = 'check_violation';
            END IF;
            PERFORM 1 FROM added JOIN account ON account.id = added.account
            WHERE added.balance_after < account.floor;
            IF FOUND THEN
                RAISE EXCEPTION 'an entry violates account_above_floor'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'account_above_floor';
            END IF;
            PERFORM 1 FROM added WHERE balance_after NOT BETWEEN -1000000000000000 AND 1000000000000000;
            IF FOUND THEN
                RAISE EXCEPTION 'an entry violates account_bounded'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'account_bounded';
            END IF;
            UPDATE account SET balance = newest.balance_after, version = newest.version
            FROM (
                SELECT DISTINCT ON (account) account, balance_after, version
                FROM added ORDER BY account, version DESC
            ) AS newest
            WHERE account.id = newest.account;
            RETURN NULL;
        END
        """,
    ),
    """
    CREATE TRIGGER entry_inserted AFTER INSERT ON entry REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION entries_move_balances()
    """,
    *(refused("entry", deed, "entries are append-only") for deed in CHANGES),
    function(
        "seals_prove_balance()",
        """
        BEGIN
            PERFORM 1 FROM added JOIN entry ON entry.journal = added.journal
            GROUP BY added.journal, entry.currency HAVING sum(entry.amount) <> 0;
            IF FOUND THEN
                RAISE EXCEPTION 'the journal does not balance' USING ERRCODE = 'check_violation';
            END IF;
            PERFORM 1 FROM added
            WHERE (SELECT count(*) FROM entry WHERE entry.journal = added.journal) < 2;
            IF FOUND THEN
                RAISE EXCEPTION 'a journal has two lines at least' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        END
        """,
    ),
    """
    CREATE TRIGGER seal_inserted AFTER INSERT ON seal REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION seals_prove_balance()
    """,
    *(refused("seal", deed, "seals are append-only") for deed in CHANGES),
    # Accounts are locked in the order of their ids and the head of the chain last, so that no two writers
    # wait for each other. What a journal says comes as the text that its hash covers.
    function(
        "book(accounts jsonb, journals jsonb)",
        """
        DECLARE
            told jsonb;
            last bigint;
            head bytea;
            chain bytea[];
        BEGIN
            INSERT INTO account (owner, kind, currency, balance, floor, version)
            SELECT row ->> 0, row ->> 1, row ->> 2, 0, (row ->> 3)::bigint, 0
            FROM jsonb_array_elements(accounts) AS row
            WHERE NOT EXISTS (
                SELECT 1 FROM account
                WHERE owner = row ->> 0 AND kind = row ->> 1 AND currency = row ->> 2
            )
            ON CONFLICT (owner, kind, currency) DO NOTHING;
            PERFORM 1 FROM jsonb_array_elements(accounts) AS row JOIN account
                ON owner = row ->> 0 AND kind = row ->> 1 AND currency = row ->> 2
            ORDER BY account.id FOR UPDATE OF account;
            PERFORM pg_advisory_xact_lock(7291);
            SELECT id, hash INTO last, head FROM journal ORDER BY id DESC LIMIT 1;
            last := coalesce(last, 0);
            head := coalesce(head, decode(repeat('00', 32), 'hex'));
            chain := ARRAY[head];
            FOR told IN SELECT value FROM jsonb_array_elements(journals) LOOP
                head := sha256(
                    convert_to('["' || encode(head, 'hex') || '",' || (told ->> 'said'), 'UTF8')
                );
                chain := chain || head;
            END LOOP;
            INSERT INTO journal (id, idem, kind, transfer, created, prev_hash, hash)
            SELECT last + n, row ->> 'idem', row ->> 'kind', row ->> 'transfer', (row ->> 'created')::bigint,
                chain[n], chain[n + 1]
            FROM jsonb_array_elements(journals) WITH ORDINALITY AS told (row, n) ORDER BY n;
            INSERT INTO entry (journal, line, account, currency, amount, balance_after, version)
            SELECT last + n, place, account.id, account.currency, moved,
                account.balance + sum(moved) OVER own, account.version + row_number() OVER own
            FROM (
                SELECT n, place, line ->> 0 AS owner, line ->> 1 AS kind, line ->> 2 AS currency,
                    (line ->> 3)::bigint AS moved
                FROM jsonb_array_elements(journals) WITH ORDINALITY AS told (row, n),
                    jsonb_array_elements(row -> 'lines') WITH ORDINALITY AS lines (line, place)
            ) AS line JOIN account USING (owner, kind, currency)
            WINDOW own AS (PARTITION BY account.id ORDER BY n, place)
            ORDER BY n, place;
            INSERT INTO seal (journal)
            SELECT last + n FROM generate_series(1, jsonb_array_length(journals)) AS n;
        END
        """,
        returns="void",
    ),
)


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    # The seal and its journal point to each other; SQLite lets the table that is pointed to come later.
    proof = sa.ForeignKeyConstraint(["journal"], ["journal.id"])
    op.create_table(
        "account",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("balance", BIG, nullable=False),
        sa.Column("floor", BIG, nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint(
            "(floor IS NULL) = (kind IN ('equity', 'rail_clearing', 'receivable', 'suspense'))",
            name="account_floor_of_kind",
        ),
        sa.CheckConstraint(
            "kind IN ('claimable', 'equity', 'fee', 'held', 'person', 'rail_clearing', 'receivable',"
            " 'suspense')",
            name="account_kind",
        ),
        sa.CheckConstraint("balance BETWEEN -1000000000000000 AND 1000000000000000", name="account_bounded"),
        sa.CheckConstraint("floor IS NULL OR balance >= floor", name="account_above_floor"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("owner", "kind", "currency"),
        sqlite_strict=True,
    )
    op.create_table(
        "seal",
        sa.Column("journal", BIG, autoincrement=False, nullable=False),
        *([proof] if sqlite else []),
        sa.PrimaryKeyConstraint("journal"),
        sqlite_strict=True,
    )
    op.create_table(
        "journal",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("idem", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("transfer", TEXT, nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("prev_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("length(prev_hash) = 32 AND length(hash) = 32", name="journal_hash_length"),
        sa.ForeignKeyConstraint(["id"], ["seal.journal"], initially="DEFERRED", deferrable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("idem"),
        sqlite_strict=True,
    )
    op.create_table(
        "entry",
        sa.Column("journal", BIG, nullable=False),
        sa.Column("line", BIG, nullable=False),
        sa.Column("account", BIG, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("balance_after", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint(
            "amount <> 0 AND amount BETWEEN -1000000000000000 AND 1000000000000000", name="entry_amount"
        ),
        sa.ForeignKeyConstraint(
            ["account"],
            ["account.id"],
        ),
        sa.ForeignKeyConstraint(
            ["journal"],
            ["journal.id"],
        ),
        sa.PrimaryKeyConstraint("journal", "line"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    if not sqlite:
        op.create_foreign_key("seal_journal_fkey", "seal", "journal", ["journal"], ["id"])
        op.create_index("journal_one_follower", "journal", ["prev_hash"], unique=True)
    op.create_index("entry_of_account", "entry", ["account", "version"], unique=True)
    set_up(sqlite=SQLITE, postgresql=POSTGRESQL)
