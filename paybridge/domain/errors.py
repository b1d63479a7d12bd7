"""What every refusal to a person has in common: a key for its sentence, and the facts in it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from paybridge.domain.facts import Fact, Facts


class UserError(Exception):
    """A refusal with facts; its sentence lives in `texts` under `key`.

    A kind of refusal is a subclass that names its key, and hands its facts on by name:

        class NotEnoughMoneyError(UserError):
            key = "error.not_enough_money"
            private = True

            def __init__(self, *, needed: Money, spendable: Money) -> None:
                super().__init__(needed=needed, spendable=spendable)
    """

    key: ClassVar[str]
    """Names the sentence, as in "error.bad_grouping"."""

    private: ClassVar[bool] = False
    """Whether its facts are for a direct message only."""

    tells_amounts: ClassVar[bool] = False
    """Whether its facts hold the amount of a payment, which not every room may read."""

    def __init__(self, **facts: Fact) -> None:
        super().__init__(*facts.values())
        self._facts = MappingProxyType(facts)

    def facts(self) -> Facts:
        """What the sentence is filled with; the names are those of its placeholders."""
        return self._facts

    def lines(self) -> tuple[str, ...]:
        """Whole lines to copy instead, where the refusal itself knows some that could work."""
        return ()

    def __str__(self) -> str:
        """For logs: the key and the names of the facts, never what they hold (some are private)."""
        return f"{self.key} ({', '.join(self._facts)})" if self._facts else self.key
