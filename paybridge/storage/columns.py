"""Columns and conditions as every table and every migration writes them; their types never change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import BigInteger, CheckConstraint, Column, Integer, LargeBinary, Text, text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from enum import StrEnum

# SQLite's strict tables know INTEGER only; it holds 64 bits there.
BIG: Final = BigInteger().with_variant(Integer(), "sqlite")

# By bytes, so that both engines sort alike and find a beginning by the index.
TEXT: Final = Text().with_variant(Text(collation="C"), "postgresql")


def where(condition: str) -> dict[str, Any]:
    """The keywords that make an index partial, in either engine."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


def in_list(column: str, values: Iterable[StrEnum]) -> str:
    """The SQL condition that `column` is one of `values`, in their alphabetical order."""
    return f"{column} IN ({', '.join(repr(str(value)) for value in sorted(values))})"


def check(name: str, condition: str) -> CheckConstraint:
    return CheckConstraint(condition, name=name)


def text_column(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, TEXT, nullable=null)


def number_column(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, BIG, nullable=null)


def bytes_column(name: str, *, null: bool = False) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=null)


def id_column() -> Column[str]:
    return Column("id", TEXT, primary_key=True)


def row_number(name: str) -> Column[int]:
    return Column(name, BIG, primary_key=True, autoincrement=True)
