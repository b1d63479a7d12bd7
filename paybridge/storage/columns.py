"""Columns and conditions as every table writes them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, Column, Integer, LargeBinary, Text

# SQLite's strict tables know INTEGER only; it holds 64 bits there.
BIG: Final = BigInteger().with_variant(Integer(), "sqlite")


def check(name: str, condition: str) -> CheckConstraint:
    return CheckConstraint(condition, name=name)


def text_column(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, Text, nullable=null)


def number_column(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, BIG, nullable=null)


def bytes_column(name: str, *, null: bool = False) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=null)


def id_column() -> Column[str]:
    return Column("id", Text, primary_key=True)


def row_number(name: str) -> Column[int]:
    return Column(name, BIG, primary_key=True, autoincrement=True)
