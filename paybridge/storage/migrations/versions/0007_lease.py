"""Which of several processes on one PostgreSQL writes; on SQLite a lock on the file says so."""

from __future__ import annotations

from typing import Final

from paybridge.storage.guards import function, refused, set_up

revision: Final = "0007"
down_revision: Final = "0006"

POSTGRESQL: Final = (
    """
    CREATE TABLE lease (
        name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
        holder TEXT COLLATE "C" NOT NULL,
        epoch BIGINT NOT NULL,
        until BIGINT NOT NULL
    )
    """,
    """
    CREATE TRIGGER lease_update BEFORE UPDATE ON lease FOR EACH ROW
    WHEN (new.name <> old.name OR new.epoch < old.epoch OR new.epoch = old.epoch AND new.holder <> old.holder)
    EXECUTE FUNCTION refuse('a lease never goes back')
    """,
    refused("lease", "DELETE", "a lease never goes back"),
    refused("lease", "TRUNCATE", "a lease never goes back"),
    # The row stays locked until the transaction ends: nobody takes over while it is being written.
    function(
        "fence(held bigint)",
        """
        DECLARE
            lent record;
        BEGIN
            SELECT epoch, until INTO lent FROM lease WHERE name = 'writer' FOR SHARE;
            IF held = 0 THEN
                IF lent.until > (extract(epoch FROM clock_timestamp()) * 1000000)::bigint THEN
                    RAISE EXCEPTION 'another process writes this database' USING ERRCODE = 'PB001';
                END IF;
            ELSIF lent.epoch IS DISTINCT FROM held THEN
                RAISE EXCEPTION 'another process has taken this database over' USING ERRCODE = 'PB001';
            END IF;
        END
        """,
        returns="void",
    ),
)


def upgrade() -> None:
    set_up(postgresql=POSTGRESQL)
