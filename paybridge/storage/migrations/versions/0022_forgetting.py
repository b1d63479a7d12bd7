"""Somebody can be forgotten: their Matrix ids become one that is nobody's, and what is only theirs goes."""

from __future__ import annotations

from typing import Final

from paybridge.storage.guards import function, kept, refused_update, set_up

revision: Final = "0022"
down_revision: Final = "0021"

NOBODY: Final = "@erased:erased.invalid"
TRANSFER: Final = "id kind payer payee amount currency room created original bundle"
REQUEST: Final = "id asker asked amount currency room created"
LETTER: Final = "number event room received payload done"
POST: Final = "number id room slot payload created state event reason"


def _erased_alone(*columns: str) -> str:
    """The condition under which a Matrix id becomes another one than nobody's."""
    return " OR ".join(f"new.{name} <> old.{name} AND new.{name} <> '{NOBODY}'" for name in columns)


GUARDS: Final = (
    ("transfer", "transfer_terms", kept(TRANSFER), "a transfer keeps its terms"),
    ("transfer", "transfer_people", _erased_alone("payer_mxid", "payee_mxid"), "a transfer keeps its terms"),
    ("request", "request_terms", kept(REQUEST), "a request keeps its terms"),
    ("request", "request_people", _erased_alone("asker_mxid", "asked_mxid"), "a request keeps its terms"),
    (
        "letter",
        "letter_update",
        f"old.done = 1 AND ({kept(LETTER)} OR {_erased_alone('sender')})",
        "a letter is answered once",
    ),
    (
        "post",
        "post_update",
        f"old.state = 'sent' AND ({kept(POST)} OR {_erased_alone('person')})",
        "a post is sent once",
    ),
)
BEFORE: Final = (
    ("transfer", "transfer_terms"),
    ("request", "request_terms"),
    ("letter", "letter_update"),
    ("post", "post_update"),
    *((table, f"{table}_delete") for table in ("recovery_code", "passkey", "ceremony")),
)
# What must not be deleted while its owner is there.
STAYS: Final = {
    "recovery_code": "what was used stays used",
    "passkey": "a passkey stays what it was",
    "ceremony": "what was used stays used",
}

SQLITE: Final = (
    *(f"DROP TRIGGER {name}" for _, name in BEFORE),
    *(
        f"""
    CREATE TRIGGER {name} BEFORE UPDATE ON {table} WHEN {when.replace("IS DISTINCT FROM", "IS NOT")}
    BEGIN
        SELECT raise(ABORT, '{message}');
    END
    """
        for table, name, when, message in GUARDS
    ),
    *(
        f"""
    CREATE TRIGGER {table}_delete BEFORE DELETE ON {table}
    WHEN (SELECT length(key) FROM person WHERE id = old.person) > 0
    BEGIN
        SELECT raise(ABORT, '{message}');
    END
    """  # noqa: S608 - our own words
        for table, message in STAYS.items()
    ),
)

# Whatever names a person is theirs and goes, but for what others or the books need.
FORGET: Final = """
    DECLARE
        theirs record;
    BEGIN
        PERFORM 1 FROM person WHERE id = gone AND length(key) = 0;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'only whose key is destroyed is forgotten' USING ERRCODE = 'PB003';
        END IF;
        UPDATE transfer SET payer_mxid = '{NOBODY}', note = NULL WHERE payer = gone;
        UPDATE transfer SET payee_mxid = '{NOBODY}' WHERE payee = gone;
        UPDATE request SET asker_mxid = '{NOBODY}', note = NULL WHERE asker = gone;
        UPDATE request SET asked_mxid = '{NOBODY}', reason = NULL WHERE asked = gone;
        UPDATE letter SET sender = '{NOBODY}'
        WHERE done = 1 AND sender IN (SELECT mxid FROM identity WHERE person = gone);
        UPDATE post SET person = '{NOBODY}'
        WHERE state = 'sent' AND person IN (SELECT mxid FROM identity WHERE person = gone);
        FOR theirs IN
            SELECT class.relname AS name, attribute.attname AS place
            FROM pg_constraint AS found
            JOIN pg_class AS class ON class.oid = found.conrelid
            JOIN pg_attribute AS attribute
            ON attribute.attrelid = class.oid AND attribute.attnum = found.conkey[1]
            WHERE found.contype = 'f' AND found.confrelid = 'person'::regclass
            AND class.relname NOT IN ('deed', 'transfer')
        LOOP
            EXECUTE format('DELETE FROM %I WHERE %I = $1', theirs.name, theirs.place) USING gone;
        END LOOP;
    END
    """.replace("{NOBODY}", NOBODY)

POSTGRESQL: Final = (
    *(f"DROP TRIGGER {name} ON {table}" for table, name in BEFORE),
    *(refused_update(table, name, when, message) for table, name, when, message in GUARDS),
    function(
        "stay_while_there()",
        """
        BEGIN
            PERFORM 1 FROM person WHERE id = old.person AND length(key) > 0;
            IF FOUND THEN
                RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = 'check_violation';
            END IF;
            RETURN old;
        END
        """,
    ),
    *(
        f"CREATE TRIGGER {table}_delete BEFORE DELETE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION stay_while_there('{message}')"
        for table, message in STAYS.items()
    ),
    function("forget(gone text)", FORGET, returns="void"),
)


def upgrade() -> None:
    set_up(sqlite=SQLITE, postgresql=POSTGRESQL)
