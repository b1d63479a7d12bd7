"""Why something about a trip is refused."""

from __future__ import annotations

from paybridge.domain.errors import UserError


class NoTripError(UserError):
    """No trip is open in the room."""

    key = "error.no_trip"

    def lines(self) -> tuple[str, ...]:
        return ("!trip start Rome EUR",)


class TripOpenError(UserError):
    """The room has a trip, and one is enough."""

    key = "error.trip_open"

    def lines(self) -> tuple[str, ...]:
        return ("!trip", "!trip settle")


class NotYourTripError(UserError):
    """Whoever types is not in the room's trip."""

    key = "error.not_your_trip"

    def __init__(self, *, who: str) -> None:
        super().__init__(who=who)

    def lines(self) -> tuple[str, ...]:
        return (f"!trip with {self.facts()['who']}",)


class NotTravellingError(UserError):
    """Somebody who is named is not in the trip."""

    key = "error.not_travelling"

    def __init__(self, *, who: str) -> None:
        super().__init__(who=who)

    def lines(self) -> tuple[str, ...]:
        return (f"!trip with {self.facts()['who']}",)


class AlreadyTravellingError(UserError):
    """Somebody is in the trip already."""

    key = "error.already_travelling"

    def __init__(self, *, who: str) -> None:
        super().__init__(who=who)

    def lines(self) -> tuple[str, ...]:
        return ("!trip",)


class NobodyTravelsAlongError(UserError):
    """A trip is of several people."""

    key = "error.nobody_travels_along"

    def lines(self) -> tuple[str, ...]:
        return ("!help trip",)


class RateMissingError(UserError):
    """An expense is in another currency than the trip, and nothing says what that is worth."""

    key = "error.rate_missing"

    def __init__(self, *, spent: str, currency: str) -> None:
        super().__init__(spent=spent, currency=currency)

    def lines(self) -> tuple[str, ...]:
        return ("!help trip",)


class TooManyExpensesError(UserError):
    """A trip has no more expenses than somebody can keep in view."""

    key = "error.too_many_expenses"

    def __init__(self, *, most: int) -> None:
        super().__init__(most=most)

    def lines(self) -> tuple[str, ...]:
        return ("!trip settle",)


class NoSuchExpenseError(UserError):
    """No expense of the trip has this number, or it was removed."""

    key = "error.no_such_expense"

    def __init__(self, *, number: int) -> None:
        super().__init__(number=number)

    def lines(self) -> tuple[str, ...]:
        return ("!trip",)


class NotEvenError(UserError):
    """Somebody still owes something."""

    key = "error.not_even"

    def lines(self) -> tuple[str, ...]:
        return ("!trip settle", "!trip close anyway")
