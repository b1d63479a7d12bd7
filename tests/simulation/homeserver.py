"""What people type and what they see: a timeline, and what was said under which transaction id."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from paybridge.app.bells import Bell
from tests.simulation.violations import ViolationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from paybridge.domain.spoken import Pill
    from paybridge.services.ports import Post
    from paybridge.services.says import Say


@dataclass(frozen=True, slots=True)
class Typed:
    """One message of a person's."""

    event: str
    room: str
    sender: str
    body: str
    sent: datetime
    pills: tuple[Pill, ...] = ()


@dataclass
class Homeserver:
    """Outlives every engine. People learn codes and ids from what was said, as they would by reading."""

    unseal: Callable[[Post], Say]
    timeline: list[Typed] = field(default_factory=list)
    bell: Bell = field(default_factory=Bell)
    seen: dict[str, str] = field(default_factory=dict)
    """What was said, by transaction id: the event that it became."""
    codes: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    payments: list[str] = field(default_factory=list)
    got: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """The payments that each person got."""

    def type(self, typed: Typed) -> None:
        self.timeline.append(typed)
        self.bell.ring()

    def by_event(self, event: str) -> Typed:
        return self.timeline[int(event.removeprefix("$typed-"))]

    def say(self, post: Post, transaction: str) -> str:
        """Put a message into a room, once for each transaction id."""
        event = self.seen.get(transaction)
        if event is not None:
            return event
        if post.id != transaction:
            raise ViolationError(f"{post.id} is said under the transaction id {transaction}")
        event = self.seen[transaction] = f"$said-{len(self.seen)}"
        say = self.unseal(post)
        payment = say.facts.get("payment")
        if isinstance(payment, str) and payment not in self.payments[-20:]:
            self.payments.append(payment)
        if say.about and say.about["kind"] == "pay" and say.about["state"] in {"settled", "claimed"}:
            got = self.got[str(say.about["payee"])]
            if say.about["id"] not in got:
                got.append(str(say.about["id"]))
        code = say.facts.get("code")
        payer = say.about.get("payer") if say.about else say.person
        if isinstance(code, str) and isinstance(payer, str):
            self.codes[payer].append(code)
        return event
