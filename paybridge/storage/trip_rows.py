"""Between trips with their people and expenses and the rows of their tables, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paybridge.domain.money import Money
from paybridge.domain.trip import Expense, ExpenseState, Part, Traveller, Trip, TripState
from paybridge.storage.moments import microseconds, moment

if TYPE_CHECKING:
    from collections.abc import Mapping


def trip_row(trip: Trip) -> dict[str, Any]:
    return {
        "id": trip.id,
        "state": trip.state.value,
        "opener": trip.opener,
        "currency": trip.currency,
        "room": trip.room,
        "created": microseconds(trip.created),
        "expenses": trip.expenses,
        "name": trip.name,
        "version": trip.version,
    }


def trip_of(row: Mapping[str, Any]) -> Trip:
    return Trip(
        id=row["id"],
        state=TripState(row["state"]),
        opener=row["opener"],
        currency=row["currency"],
        room=row["room"],
        created=moment(row["created"]),
        expenses=row["expenses"],
        name=row["name"],
        version=row["version"],
    )


def traveller_row(traveller: Traveller) -> dict[str, Any]:
    return {
        "id": traveller.id,
        "trip": traveller.trip,
        "person": traveller.person,
        "mxid": traveller.mxid,
        "version": traveller.version,
    }


def traveller_of(row: Mapping[str, Any]) -> Traveller:
    return Traveller(
        id=row["id"], trip=row["trip"], person=row["person"], mxid=row["mxid"], version=row["version"]
    )


def expense_row(expense: Expense) -> dict[str, Any]:
    return {
        "id": expense.id,
        "trip": expense.trip,
        "number": expense.number,
        "writer": expense.writer,
        "amount": expense.amount.minor,
        "currency": expense.amount.currency,
        "spent": expense.spent.minor,
        "spent_currency": expense.spent.currency,
        "rate": expense.rate,
        "state": expense.state.value,
        "created": microseconds(expense.created),
        "note": expense.note,
        "version": expense.version,
    }


def expense_of(row: Mapping[str, Any]) -> Expense:
    return Expense(
        id=row["id"],
        trip=row["trip"],
        number=row["number"],
        writer=row["writer"],
        amount=Money(row["amount"], row["currency"]),
        spent=Money(row["spent"], row["spent_currency"]),
        rate=row["rate"],
        state=ExpenseState(row["state"]),
        created=moment(row["created"]),
        note=row["note"],
        version=row["version"],
    )


def part_row(part: Part) -> dict[str, Any]:
    return {
        "id": part.id,
        "expense": part.expense,
        "person": part.person,
        "paid": part.paid.minor,
        "owed": part.owed.minor,
        "currency": part.paid.currency,
        "odd": int(part.odd),
        "version": part.version,
    }


def part_of(row: Mapping[str, Any]) -> Part:
    return Part(
        id=row["id"],
        expense=row["expense"],
        person=row["person"],
        paid=Money(row["paid"], row["currency"]),
        owed=Money(row["owed"], row["currency"]),
        odd=bool(row["odd"]),
        version=row["version"],
    )
