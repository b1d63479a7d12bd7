"""The real use cases over a real database and vault, for people who pay each other from their balances."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from bench._money import PEOPLE, fill, mxid
from paybridge.app.system import SystemChance, SystemClock
from paybridge.domain.approval import Allowance
from paybridge.domain.money import Money
from paybridge.domain.permissions import EVERYONE, Permissions, Role
from paybridge.domain.policy import StatedPolicy
from paybridge.domain.power import Powers
from paybridge.domain.proof import OwnDevice, Trust
from paybridge.services.desk import Desk, open_desk
from paybridge.services.payments import Wish
from paybridge.services.ports import RoomFacts, StaleError, Step
from paybridge.services.says import seal
from paybridge.services.settings import Settings
from paybridge.vault import MasterKey, Vault, found_vault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from paybridge.services.ports import Book, Mailbox, Rail
    from paybridge.services.says import Say

IN_A_ROOM: Final = 10
_PROOF: Final = OwnDevice(Trust.CROSS_SIGNED_TOFU, "PHONE")
_NO_LIMIT: Final = Money(10**12, "EUR")


class SmallRooms:
    """Encrypted rooms of ten people each, as the homeserver would describe them."""

    def __init__(self) -> None:
        self._facts = {room_of(first): _room(first) for first in range(0, PEOPLE, IN_A_ROOM)}

    async def facts(self, room: str) -> RoomFacts:
        return self._facts[room]

    async def stated_policy(self, room: str) -> StatedPolicy:  # noqa: ARG002 - every room says nothing
        return StatedPolicy()

    async def powers(self, room: str) -> Powers:  # noqa: ARG002 - the same in every room
        return Powers()

    async def named(self, typed: str) -> str | None:
        return typed

    async def predecessor(self, room: str) -> str | None:  # noqa: ARG002 - no room was upgraded
        return None


def room_of(person: int) -> str:
    return f"!room-{person // IN_A_ROOM}:bench"


def neighbours(number: int) -> tuple[int, int]:
    """Two different people of one room, spread over all rooms."""
    payer = number * 7919 % PEOPLE
    first = payer - payer % IN_A_ROOM
    return payer, first + (payer + 1 + number % (IN_A_ROOM - 1)) % IN_A_ROOM


def _room(first: int) -> RoomFacts:
    members = {mxid(number): f"Person {number}" for number in range(first, first + IN_A_ROOM)}
    return RoomFacts(room_of(first), encrypted=True, direct=False, members=members)


def settings() -> Settings:
    """No limit is in the way of a benchmark; each is checked all the same."""
    return Settings(
        bot="@paybridge:bench",
        currency="EUR",
        allowance=Allowance(_NO_LIMIT, _NO_LIMIT, 10**9),
        permissions=Permissions({EVERYONE: Role.USER}),
    )


@dataclass(slots=True)
class Office:
    """Everybody at the desk; `steps` counts what was committed."""

    desk: Desk
    steps: int = 0

    @classmethod
    async def open(
        cls, book: Book, mailbox: Mailbox, rails: Mapping[str, Rail] | None = None
    ) -> tuple[Office, Vault]:
        """An office in which everybody has money."""
        vault, _ = found_vault(MasterKey(bytes(32)))
        await fill(book, key=vault.new_key())
        desk = open_desk(
            book=book,
            mailbox=mailbox,
            vault=vault,
            clock=SystemClock(),
            chance=SystemChance(),
            rooms=SmallRooms(),
            rails=rails or {},
            settings=settings(),
        )
        return cls(desk), vault

    def payments(self, numbers: range) -> Sequence[Callable[[], Awaitable[None]]]:
        """Whole payments to make, one for each number."""
        return [partial(self.pay, number) for number in numbers]

    async def pay(self, number: int) -> None:
        """Draft with its card, then find the card by its code, approve and settle: as two messages would."""
        code = None
        while code is None:
            # Of five letters, two may be the same by chance; the dispatcher tries again as well.
            with suppress(StaleError):
                code = await self._draft(number)
        desk = self.desk
        knows = await desk.people.know(mxid(neighbours(number)[0]))
        found = await desk.approvals.find(knows.person.id, code)
        step, says = await desk.approvals.approve(found, _PROOF)
        await self._commit(step, says, f"$confirm-{number}")

    async def _draft(self, number: int) -> str:
        """The card's code."""
        payer, payee = neighbours(number)
        desk, facts = self.desk, await self.desk.rooms.facts(room_of(payer))
        knows = await desk.people.know(mxid(payer))
        wish = Wish(await desk.people.know(mxid(payee)), Money(1, "EUR"), "pizza")
        drafted = await desk.payments.draft(knows, wish, facts)
        card = await desk.news.card(drafted.transfer, knows.person, drafted.source.link, facts.members)
        await self._commit(drafted.step, card, f"$draft-{number}")
        return drafted.transfer.code

    async def _commit(self, step: Step, says: Sequence[Say], event: str) -> None:
        now = self.desk.clock.now()
        posts = tuple(seal(self.desk.vault, say, now) for say in says)
        await self.desk.book.commit(step + Step(posts=posts, done=(event,)))
        self.steps += 1
