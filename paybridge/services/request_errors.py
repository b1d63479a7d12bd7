"""Why a request is not made or answered, or nobody is reminded of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.domain.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from paybridge.domain.money import Money


class AskingYourselfError(UserError):
    """Asker and asked are one person."""

    key = "error.asking_yourself"


class NoSuchPaymentError(UserError):
    """There is no such payment or request, or it is not this person's."""

    key = "error.no_such_payment"

    def __init__(self, *, payment: str) -> None:
        super().__init__(payment=payment)


class NothingToAnswerError(UserError):
    """Nobody asks this person for money."""

    key = "error.nothing_to_answer"

    def lines(self) -> tuple[str, ...]:
        return ("!help request",)


class WhichRequestError(UserError):
    """Several requests are open to this person."""

    key = "error.which_request"

    def __init__(self, *, requests: Sequence[str]) -> None:
        super().__init__(requests=", ".join(requests))
        self.ids = tuple(requests)


class RequestExpiredError(UserError):
    """The request's time is over."""

    key = "error.request_expired"

    def __init__(self, *, payment: str) -> None:
        super().__init__(payment=payment)


class TooManyRequestsError(UserError):
    """So many open requests between two people are a nuisance."""

    key = "error.too_many_requests"

    def __init__(self, *, most: int) -> None:
        super().__init__(most=most)


class NothingAskedError(UserError):
    """Nobody has been asked by this person, or all have answered."""

    key = "error.nothing_asked"

    def lines(self) -> tuple[str, ...]:
        return ("!help request",)


class WhichReminderError(UserError):
    """Several requests of this person are open."""

    key = "error.which_reminder"

    def __init__(self, *, requests: Sequence[str]) -> None:
        super().__init__(requests=", ".join(requests))
        self._requests = tuple(requests)

    def lines(self) -> tuple[str, ...]:
        return tuple(f"!remind {request}" for request in self._requests[:3])


class RemindedAlreadyError(UserError):
    """It is not a day since whoever is asked last heard of it."""

    key = "error.reminded_already"

    def __init__(self, *, payment: str, until: datetime) -> None:
        super().__init__(payment=payment, until=until)

    def lines(self) -> tuple[str, ...]:
        return (f"!status {self.facts()['payment']}",)


class MoreThanLeftError(UserError):
    """What is to be paid of a request is more than is left of it."""

    key = "error.more_than_left"

    def __init__(self, *, payment: str, left: Money) -> None:
        super().__init__(payment=payment, left=left)
        self._payment = payment

    def lines(self) -> tuple[str, ...]:
        return (f"!accept {self._payment}",)


class AskedInCurrencyError(UserError):
    """What is to be paid of a request is money of another currency."""

    key = "error.asked_in_currency"

    def __init__(self, *, payment: str, amount: Money) -> None:
        super().__init__(payment=payment, amount=amount)
        self._line = f"!accept {payment} {amount.plain()} {amount.currency}"

    def lines(self) -> tuple[str, ...]:
        return (self._line,)


class ShareInPartsError(UserError):
    """The request is for a share of a split, which is paid as a whole."""

    key = "error.share_in_parts"

    def __init__(self, *, payment: str) -> None:
        super().__init__(payment=payment)
        self._payment = payment

    def lines(self) -> tuple[str, ...]:
        return (f"!accept {self._payment}",)


class TooManyTodayError(UserError):
    """So many requests in a day are a nuisance."""

    key = "error.too_many_requests_today"

    def __init__(self, *, most: int) -> None:
        super().__init__(most=most)

    def lines(self) -> tuple[str, ...]:
        return ("!help request",)


class RequestNotTakenError(UserError):
    """Whoever is asked has too many requests open, or has blocked the asker, who is not told which."""

    key = "error.request_not_taken"

    def __init__(self, *, asked: str) -> None:
        super().__init__(asked=asked)

    def lines(self) -> tuple[str, ...]:
        return ("!help request",)
