"""Closing an account: giving back what is not theirs, and erasing what is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from paybridge.domain import ledger
from paybridge.domain.bundle import cards
from paybridge.domain.errors import UserError
from paybridge.domain.repeat import stopped
from paybridge.domain.shop import ShopState
from paybridge.services.factors import NoFactorError
from paybridge.services.ports import RailError, Step
from paybridge.services.sources import RailAwayError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paybridge.domain.money import Money
    from paybridge.domain.people import Person
    from paybridge.services.cancellations import Cancellations
    from paybridge.services.claims import Claims
    from paybridge.services.factors import Factors
    from paybridge.services.people import Known
    from paybridge.services.ports import Book, Clock, Rail
    from paybridge.services.requests import Requests
    from paybridge.services.says import Say
    from paybridge.services.settings import Settings
    from paybridge.services.splits import Splits


class NobodyToForgetError(UserError):
    """The bot keeps nothing about this person."""

    key = "error.nobody_to_forget"


class CashOutFirstError(UserError):
    """There is money in the balance."""

    key = "error.cash_out_first"
    private = True

    def __init__(self, *, balances: Sequence[Money]) -> None:
        super().__init__(sums=tuple({"amount": money} for money in balances))
        self._balances = tuple(balances)

    def lines(self) -> tuple[str, ...]:
        return tuple(f"!cashout {money.plain()} {money.currency}" for money in self._balances)


class OwesFirstError(UserError):
    """A bank took back what the person had spent already."""

    key = "error.owes_first"
    private = True

    def __init__(self, *, owed: Sequence[Money]) -> None:
        super().__init__(sums=tuple({"amount": money} for money in owed))


class UnderWayFirstError(UserError):
    """Payments from or to the person have not ended."""

    key = "error.under_way_first"

    def __init__(self, *, payments: Sequence[str]) -> None:
        super().__init__(payments=", ".join(payments))


class UnclaimedFirstError(UserError):
    """Money that the person sent waits for somebody to claim it, and would come back to nobody."""

    key = "error.unclaimed_first"

    def __init__(self, *, payments: Sequence[str]) -> None:
        super().__init__(payments=", ".join(payments))
        self._payments = tuple(payments)

    def lines(self) -> tuple[str, ...]:
        return tuple(f"!cancel {payment}" for payment in self._payments)


@dataclass(frozen=True, slots=True)
class Inventory:
    """What erasing would do: whether a code is needed, and how many payments go back to who sent them."""

    needs_factor: bool
    returned: int


class Forgetting:
    """The use case behind `!forget-me`. Amounts stay in the books, under an id that leads to nobody."""

    def __init__(  # noqa: PLR0913, PLR0917 - the ports, and the use cases that closing an account asks
        self,
        book: Book,
        clock: Clock,
        settings: Settings,
        rails: Mapping[str, Rail],
        factors: Factors,
        claims: Claims,
        requests: Requests,
        splits: Splits,
        cancellations: Cancellations,
    ) -> None:
        self._book = book
        self._clock = clock
        self._settings = settings
        self._rails = rails
        self._factors = factors
        self._claims = claims
        self._requests = requests
        self._splits = splits
        self._cancellations = cancellations

    async def look(self, known: Known) -> Inventory:
        """What erasing this person would do now, or the error that says what must be done first."""
        if known.is_new:
            raise NobodyToForgetError
        person = known.person.id
        under_way = [*await self._book.under_way(person), *await self._book.coming_to(person)]
        if under_way or await self._book.held(person):
            raise UnderWayFirstError(payments=sorted({transfer.id for transfer in under_way}))
        if unclaimed := await self._book.claimable_from(person):
            raise UnclaimedFirstError(payments=[transfer.id for transfer in unclaimed])
        if owed := await self._book.owed(person):
            raise OwesFirstError(owed=owed)
        if balances := await self._book.balances(person):
            raise CashOutFirstError(balances=balances)
        has_factor = await self._factors.active(person) is not None
        return Inventory(has_factor, len(await self._book.claimable(person)))

    async def forget(self, known: Known, word: str, device: str | None) -> tuple[Step, tuple[Say, ...]]:
        """Give back what waits for the person, close what is open, and erase them: one step.

        `word` is a code of their factor or a recovery code, if they have one. Their accounts are unlinked at
        their rails first; unlinked twice does no harm. Raises what `look` does, `RailAwayError`, or a
        `CountedError`, whose step is to be written.
        """
        await self.look(known)
        person = known.person
        try:
            given, step = await self._factors.give(person, word, device)
            step += Step(records=(given,))
        except NoFactorError:
            step = Step()
        says: tuple[Say, ...] = ()
        for card in cards(await self._book.awaiting_approval(person.id)):
            more, told = await self._cancellations.close_card(card)
            step, says = step + more, (*says, *told)
        for transfer in await self._book.claimable(person.id):
            more, told = await self._claims.send_back(known, transfer.id)
            step, says = step + more, (*says, *told)
        for stand in await self._splits.own(known):
            more, told = await self._splits.close(stand)
            step, says = step + more, (*says, *told)
        shop = await self._book.shop_of(person.id)
        if shop is not None:
            step += Step(records=(replace(shop, state=ShopState.CLOSED),))
        step += Step(records=tuple(stopped(one) for one in await self._book.repeats_of(person.id)))
        for request in await self._book.requests_of(person.id):
            if await self._book.share_asked_by(request.id) is not None:
                continue
            asked = await self._requests.cancel(request)
            step, says = step + asked.step, (*says, *asked.says)
        for request in await self._book.requests_to(person.id):
            asked = await self._requests.decline(request, known, "")
            step, says = step + asked.step, (*says, *asked.says)
        await self._unlink(person.id)
        erased = await self._erased(person)
        # Money that came in since it was looked at makes this stale, in whatever currency is usual here.
        usual = {self._settings.currency, *self._settings.allowance.others}
        empties = tuple((ledger.person(person.id), currency) for currency in sorted(usual))
        gone = tuple(one.id for one in erased)
        return step + Step(records=erased, empties=empties, forgets=gone), says

    async def _erased(self, person: Person) -> tuple[Person, ...]:
        """The person, and what their ghosts were before they were theirs, as they will be."""
        formers = [await self._book.person(one) for one in await self._book.ties.formers(person.id)]
        there = (person, *(one for one in formers if one is not None and not one.is_erased))
        now = self._clock.now()
        return tuple(replace(one, key=b"", language=None, frozen=now) for one in there)

    async def _unlink(self, person: str) -> None:
        for link in await self._book.links(person):
            rail = self._rails.get(link.rail)
            try:
                if rail is not None:
                    await rail.unlink(link.token)
            except RailError as error:
                raise RailAwayError from error
