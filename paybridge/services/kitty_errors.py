"""Why something about a room's kitty is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.domain.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.domain.money import Money


class NoKittyError(UserError):
    """The room has no kitty."""

    key = "error.no_kitty"

    def lines(self) -> tuple[str, ...]:
        return ("!kitty open Flat EUR treasurers @anna @bob needs 2",)


class KittyOpenError(UserError):
    """The room has a kitty already."""

    key = "error.kitty_open"


class KittyClosedError(UserError):
    """The kitty that the money was to go into is closed."""

    key = "error.kitty_closed"


class KittyNameMissingError(UserError):
    """A kitty has a name."""

    key = "error.kitty_name_missing"

    def lines(self) -> tuple[str, ...]:
        return ("!kitty open Flat EUR treasurers @anna @bob needs 2",)


class KittyNeedsPowerError(UserError):
    """Whoever opens a room's kitty has the power to set its policy."""

    key = "error.kitty_needs_power"

    def __init__(self, *, needed: int) -> None:
        super().__init__(needed=needed)


class KittyHiddenError(UserError):
    """In a room that must not see amounts there is no shared purse."""

    key = "error.kitty_hidden"


class KittyCurrencyError(UserError):
    """A kitty has one currency."""

    key = "error.kitty_currency"

    def __init__(self, *, currency: str) -> None:
        super().__init__(currency=currency)


class KittyShortError(UserError):
    """There is less in the kitty than is to be paid with the fee."""

    key = "error.kitty_short"

    def __init__(self, *, needed: Money, balance: Money) -> None:
        super().__init__(needed=needed, balance=balance)

    def lines(self) -> tuple[str, ...]:
        return ("!kitty",)


class NotATreasurerError(UserError):
    """Only treasurers propose, approve and decline."""

    key = "error.not_a_treasurer"

    def __init__(self, *, treasurers: str) -> None:
        super().__init__(treasurers=treasurers)


class TreasurerAlreadyError(UserError):
    """The person is a treasurer."""

    key = "error.treasurer_already"

    def __init__(self, *, who: str) -> None:
        super().__init__(who=who)


class NoSuchTreasurerError(UserError):
    """The person is no treasurer."""

    key = "error.no_such_treasurer"

    def __init__(self, *, who: str) -> None:
        super().__init__(who=who)


class NoSuchProposalError(UserError):
    """No open proposal of the person's kitties has that code."""

    key = "error.no_such_proposal"

    def lines(self) -> tuple[str, ...]:
        return ("!kitty",)


class TooManyProposalsError(UserError):
    """So many proposals wait already."""

    key = "error.too_many_proposals"

    def __init__(self, *, most: int) -> None:
        super().__init__(most=most)


class KittyUnderWayError(UserError):
    """Money of the kitty's is on its way in, or waits to be claimed."""

    key = "error.kitty_under_way"

    def __init__(self, *, payments: Sequence[str]) -> None:
        super().__init__(payments=", ".join(payments))


class NobodyToPayBackError(UserError):
    """Whoever put something in had themselves erased."""

    key = "error.nobody_to_pay_back"
