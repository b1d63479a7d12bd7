"""Tables, the book and the writer: the only package that knows SQL."""

from paybridge.storage.database import Database, open_database, vault_check
from paybridge.storage.errors import DatabaseError

__all__ = ["Database", "DatabaseError", "open_database", "vault_check"]
