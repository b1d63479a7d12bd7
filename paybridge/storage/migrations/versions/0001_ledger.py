"""The ledger: accounts, journals in a hash chain, entries; the database itself refuses what breaks them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0001"
down_revision: Final = None

BIG: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

GUARDS: Final = (
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


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
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
        sa.ForeignKeyConstraint(
            ["journal"],
            ["journal.id"],
        ),
        sa.PrimaryKeyConstraint("journal"),
        sqlite_strict=True,
    )
    op.create_table(
        "journal",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("idem", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("transfer", sa.Text(), nullable=False),
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
        sa.Column("currency", sa.Text(), nullable=False),
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
    op.create_index("entry_of_account", "entry", ["account", "version"], unique=True)
    for guard in GUARDS:
        op.execute(guard)
