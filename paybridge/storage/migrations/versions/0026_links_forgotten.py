"""One-time links of somebody who had themselves erased go with them."""

from __future__ import annotations

from typing import Final

from paybridge.storage.guards import set_up

revision: Final = "0026"
down_revision: Final = "0025"

SQLITE: Final = (
    "DROP TRIGGER one_time_link_delete",
    """
    CREATE TRIGGER one_time_link_delete BEFORE DELETE ON one_time_link
    WHEN (SELECT length(key) FROM person WHERE id = old.person) > 0
    BEGIN
        SELECT raise(ABORT, 'a one-time link stays used, and the same person has it');
    END
    """,
)
POSTGRESQL: Final = (
    "DROP TRIGGER one_time_link_delete ON one_time_link",
    """
    CREATE TRIGGER one_time_link_delete BEFORE DELETE ON one_time_link
    FOR EACH ROW EXECUTE FUNCTION stay_while_there('a one-time link stays used, and the same person has it')
    """,
)


def upgrade() -> None:
    set_up(sqlite=SQLITE, postgresql=POSTGRESQL)
