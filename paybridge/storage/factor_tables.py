"""The tables of second factors: authenticators, recovery codes, passkeys and their challenges."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Table, UniqueConstraint

from paybridge.domain.factor import FactorState
from paybridge.domain.passkey import PasskeyState, Purpose
from paybridge.storage.columns import (
    TEXT,
    bytes_column,
    check,
    id_column,
    in_list,
    number_column,
    text_column,
    where,
)
from paybridge.storage.tables import metadata

factor: Final = Table(
    "factor",
    metadata,
    Column("person", TEXT, ForeignKey("person.id"), primary_key=True),
    bytes_column("secret"),
    text_column("state"),
    number_column("since"),
    number_column("last_step"),
    number_column("wrong"),
    number_column("locked_until", null=True),
    number_column("reset_at", null=True),
    number_column("light_count"),
    number_column("light_sum"),
    text_column("devices"),
    number_column("version"),
    check("factor_state", in_list("state", FactorState)),
    check("factor_counts", "wrong >= 0 AND light_count >= 0 AND light_sum >= 0"),
    Index("factor_reset", "reset_at", **where("reset_at IS NOT NULL")),
    sqlite_strict=True,
)

recovery_code: Final = Table(
    "recovery_code",
    metadata,
    id_column(),
    Column("person", TEXT, ForeignKey("person.id"), nullable=False),
    text_column("hash"),
    number_column("used"),
    number_column("version"),
    check("recovery_code_used", "used IN (0, 1)"),
    Index("recovery_code_of_person", "person"),
    sqlite_strict=True,
)

passkey: Final = Table(
    "passkey",
    metadata,
    id_column(),
    Column("person", TEXT, ForeignKey("person.id"), nullable=False),
    text_column("mark"),
    bytes_column("credential"),
    bytes_column("public_key"),
    bytes_column("name"),
    number_column("added"),
    number_column("sign_count"),
    text_column("state"),
    number_column("last_used", null=True),
    number_column("version"),
    UniqueConstraint("mark"),
    check("passkey_state", in_list("state", PasskeyState)),
    check("passkey_sign_count", "sign_count >= 0"),
    Index("passkey_of_person", "person"),
    sqlite_strict=True,
)

ceremony: Final = Table(
    "ceremony",
    metadata,
    id_column(),
    Column("person", TEXT, ForeignKey("person.id"), nullable=False),
    text_column("purpose"),
    text_column("bound"),
    number_column("expires"),
    number_column("used"),
    number_column("version"),
    check("ceremony_purpose", in_list("purpose", Purpose)),
    check("ceremony_used", "used IN (0, 1)"),
    sqlite_strict=True,
)
