"""Why a database cannot be opened; each message is one line for the operator."""

from __future__ import annotations


class DatabaseError(Exception):
    """The database cannot be used."""


class DatabaseUrlError(DatabaseError):
    """The URL names no database that there is a writer for."""


class DatabasePlaceError(DatabaseError):
    """The file or its directory cannot be read and written."""


class GuardsMissingError(DatabaseError):
    """The database does not guard itself as its migrations made it."""


class NewerDatabaseError(DatabaseError):
    """A newer version has used the database."""

    def __init__(self) -> None:
        super().__init__(
            "a newer version of PayBridge has used this database: run that one,"
            " or restore the backup from before (docs/backup.md)"
        )
