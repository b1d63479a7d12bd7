"""Why a ghost and a person of Matrix do not become one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.domain.errors import UserError
from paybridge.services.factors import CountedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.services.ports import Step


class NoSuchBridgeError(UserError):
    """The bot knows no network of that name."""

    key = "error.no_such_bridge"

    def __init__(self, *, typed: str, bridges: Sequence[str]) -> None:
        super().__init__(typed=typed)
        self._bridges = tuple(bridges)

    def lines(self) -> tuple[str, ...]:
        return tuple(f"!me {bridge}" for bridge in self._bridges[:5])


class TooManyCodesError(UserError):
    """The person was given many codes within an hour."""

    key = "error.too_many_tie_codes"


class NoTieCodeError(UserError):
    """The words are no code."""

    key = "error.no_tie_code"

    def lines(self) -> tuple[str, ...]:
        return ("!me 7K3Q-D2MW",)


class WrongTieCodeError(CountedError):
    """Nobody was given that code for this network, or it has been used. Which of these is not said."""

    key = "error.wrong_tie_code"

    def __init__(self, step: Step) -> None:
        super().__init__()
        self.step = step


class TieCodeOverError(CountedError):
    """The code's ten minutes are over. Only who knows the code is told."""

    key = "error.tie_code_over"

    def __init__(self, step: Step) -> None:
        super().__init__()
        self.step = step


class TooManyGuessesError(UserError):
    """The ghost has said many wrong codes."""

    key = "error.too_many_guesses"


class AlreadyTiedError(UserError):
    """The ghost is linked, to whomever."""

    key = "error.already_tied"


class OnlyGhostsError(UserError):
    """It was typed on another network, but under the person's own Matrix id."""

    key = "error.only_ghosts"


class NobodyClaimedError(UserError):
    """No ghost has said a code of this person's that still counts, and none of theirs has stopped."""

    key = "error.nobody_claimed"

    def lines(self) -> tuple[str, ...]:
        return ("!me list",)


class WhichGhostError(UserError):
    """Several ghosts of the person have stopped."""

    key = "error.which_ghost"

    def __init__(self, *, numbers: Sequence[int]) -> None:
        super().__init__()
        self._numbers = tuple(numbers)

    def lines(self) -> tuple[str, ...]:
        return tuple(f"!me yes {number}" for number in self._numbers[:3])


class NoSuchGhostError(UserError):
    """The person has no ghost of that number in their list."""

    key = "error.no_such_ghost"

    def lines(self) -> tuple[str, ...]:
        return ("!me list",)


class GhostChangedError(CountedError):
    """Since the person was told of it, the ghost has left, come back or changed."""

    key = "error.ghost_changed"

    def __init__(self, step: Step, *, bridge: str) -> None:
        super().__init__()
        self.step = step
        self._bridge = bridge

    def lines(self) -> tuple[str, ...]:
        return (f"!me {self._bridge}",)


class TieFactorNeededError(UserError):
    """Whoever has a second factor gives its code."""

    key = "error.tie_factor_needed"

    def lines(self) -> tuple[str, ...]:
        return ("!me yes 123456",)


class GhostUnderWayError(UserError):
    """Money of the ghost's is on its way, or is owed by it."""

    key = "error.ghost_under_way"
