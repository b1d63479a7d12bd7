"""Which of a person's linked accounts is meant: the one that they name, else the default that fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paybridge.domain.errors import UserError
from paybridge.domain.leg import LegKind
from paybridge.domain.people import Link, LinkState
from paybridge.services.ports import Book, Rail

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from paybridge.services.nicknames import Nicknames

BALANCE_WORDS: Final = frozenset({"balance", "余额"})
DEFAULT_WORDS: Final = frozenset({"main", "default", "默认"})
_SPOKEN: Final[Mapping[str, frozenset[str]]] = {
    "bank": frozenset({"iban", "upi", "pix"}),
    "银行": frozenset({"iban", "upi", "pix"}),
    "card": frozenset({"card", "payment_method"}),
    "卡": frozenset({"card", "payment_method"}),
    "银行卡": frozenset({"card", "payment_method"}),
}
"""What people call the kinds of account that rails link."""
_LONGEST_NUMBER: Final = 2
_SHORTEST_TAIL: Final = 3
_LONGEST_SHOWN: Final = 40


class NoLinkedAccountError(UserError):
    """The person has no verified account that could be used."""

    key = "error.no_linked_account"


class CurrencyNotHeldError(UserError):
    """No account that could be meant holds this currency."""

    key = "error.currency_not_held"

    def __init__(self, *, currency: str, held: str) -> None:
        super().__init__(currency=currency, held=held)


class WrongWayError(UserError):
    """The accounts that could be meant take no order of this kind: a card is not paid out to."""

    key = "error.account_wrong_way"
    private = True

    def __init__(self, *, account: str) -> None:
        super().__init__(account=account)

    def lines(self) -> tuple[str, ...]:
        return ("!accounts",)


class UnknownAccountError(UserError):
    """The person has no verified account that is called that."""

    key = "error.unknown_account"
    private = True

    def __init__(self, *, typed: str) -> None:
        super().__init__(typed=typed[:_LONGEST_SHOWN])

    def lines(self) -> tuple[str, ...]:
        return ("!accounts",)


class AmbiguousAccountError(UserError):
    """Several accounts are called that. Each candidate begins with its number in the list, as `1. DE89`."""

    key = "error.ambiguous_account"
    private = True

    def __init__(self, *, typed: str, candidates: Sequence[str]) -> None:
        super().__init__(typed=typed[:_LONGEST_SHOWN], candidates=", ".join(candidates))
        self.typed = typed
        self.numbers = tuple(one.partition(".")[0] for one in candidates)


class Accounts:
    """Finds a person's account for an order."""

    def __init__(self, book: Book, rails: Mapping[str, Rail], nicknames: Nicknames) -> None:
        self._book = book
        self._rails = rails
        self._nicknames = nicknames

    async def choose(self, person: str, kind: LegKind, currency: str | None, said: str = "") -> Link:
        """The verified account for an order of `kind` in `currency` (None: whichever it holds).

        `said` is what the person calls it: its number in their list, its nickname, the end of its own number,
        `bank`, `card`, `upi`, the name of a rail, `main`. Without it, the default account if it fits, else
        the oldest one that does. Raises what keeps every one from fitting, and never picks one of several by
        a guess.
        """
        links = await self._book.links(person)
        verified = [link for link in links if link.state is LinkState.VERIFIED]
        if not verified:
            raise NoLinkedAccountError
        meant = self._called(said, person, links) if said else verified
        meant = [link for link in meant if link in verified]
        if not meant:
            raise UnknownAccountError(typed=said)
        held = [link for link in meant if currency is None or self._holds(link, currency)]
        if not held:
            raise CurrencyNotHeldError(currency=currency or "", held=self._held_by(meant))
        fitting = [link for link in held if self._takes(link, kind)]
        if not fitting:
            raise WrongWayError(account=held[0].masked)
        if said and len(fitting) > 1:
            candidates = [f"{links.index(link) + 1}. {link.masked}" for link in fitting]
            raise AmbiguousAccountError(typed=said, candidates=candidates)
        return next((link for link in fitting if link.is_default), fitting[0])

    async def direct(self, payee: str, source: Link, currency: str) -> Link | None:
        """The payee's account that they want to be paid straight into, if the source's rail can do that."""
        if not self._takes(source, LegKind.DIRECT) or source.rail not in self._rails:
            return None
        for link in await self._book.links(payee):
            wanted = link.takes_direct and link.state is LinkState.VERIFIED and link.rail == source.rail
            # Who shares an account with the payer cannot be paid from it into it.
            if wanted and self._holds(link, currency) and link.number_hash != source.number_hash:
                return link
        return None

    def fits(self, link: Link, kind: LegKind, currency: str) -> bool:
        """Whether the account holds the currency and its rail takes orders of this kind."""
        return self._holds(link, currency) and self._takes(link, kind)

    def can_be_direct(self, link: Link) -> bool:
        """Whether the account's rail can pay straight into it."""
        return link.rail in self._rails and self._takes(link, LegKind.DIRECT)

    def words_with_a_meaning(self) -> Collection[str]:
        """What no account can be called, because it means something else where an account is named."""
        kinds = {kind for rail in self._rails.values() for kind in rail.capabilities().links}
        return BALANCE_WORDS | DEFAULT_WORDS | _SPOKEN.keys() | self._rails.keys() | kinds

    def _called(self, said: str, person: str, links: Sequence[Link]) -> Sequence[Link]:
        """The accounts of the list that are called so."""
        word = said.casefold()
        if word in DEFAULT_WORDS:
            return [link for link in links if link.is_default]
        if word.isdecimal() and len(word) <= _LONGEST_NUMBER:
            return links[int(word) - 1 :][:1] if int(word) else ()
        found_by = self._nicknames.found_by(person, said)
        named = [link for link in links if link.nickname_hash == found_by]
        return named or [link for link in links if self._is_of(word, link) or _ends_in(word, link)]

    def _is_of(self, word: str, link: Link) -> bool:
        """Whether `word` is the account's rail, or a kind of account that this rail links."""
        rail = self._rails.get(link.rail)
        kinds = rail.capabilities().links if rail else frozenset()
        return word == link.rail or word in kinds or bool(_SPOKEN.get(word, frozenset()) & kinds)

    def _holds(self, link: Link, currency: str) -> bool:
        rail = self._rails.get(link.rail)
        if link.currency is not None or rail is None:
            return link.currency in {None, currency}
        return currency in rail.capabilities().currencies

    def _held_by(self, links: Sequence[Link]) -> str:
        held: set[str] = set()
        for link in links:
            rail = self._rails.get(link.rail)
            every = rail.capabilities().currencies if rail else frozenset()
            held |= every if link.currency is None else {link.currency}
        return ", ".join(sorted(held))

    def _takes(self, link: Link, kind: LegKind) -> bool:
        """Whether the account's rail takes such orders; one that is not there is found away later."""
        rail = self._rails.get(link.rail)
        return rail is None or kind in rail.capabilities().flows


def _ends_in(word: str, link: Link) -> bool:
    shown = "".join(link.masked.split()).casefold()
    return len(word) >= _SHORTEST_TAIL and shown.endswith(word)
