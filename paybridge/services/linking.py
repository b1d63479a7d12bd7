"""Linking an account at a rail: named by its number, proven by a code that only its holder is shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from paybridge.domain.errors import UserError
from paybridge.domain.people import Link, LinkState
from paybridge.services.accounts import Accounts, WrongWayError
from paybridge.services.holders import NOBODY_ASKED, Holder, Holders
from paybridge.services.nicknames import Nicknames, NicknameTakenError
from paybridge.services.ports import Book, Chance, Clock, LinkRefusedError, Rail, RailError, Step, Vault
from paybridge.services.recognising import BANK, Meant, canonical, joined, the_one
from paybridge.services.sources import RailAwayError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paybridge.domain.facts import Facts
    from paybridge.services.people import Known

MOST_LINKS = 10


class AccountRefusedError(UserError):
    """The rail does not take this account."""

    key = "error.account_refused"


class AlreadyLinkedError(UserError):
    """The person has linked this account before."""

    key = "error.already_linked"

    def __init__(self, *, account: str) -> None:
        super().__init__(account=account)


class TooManyLinksError(UserError):
    """Nobody needs that many accounts."""

    key = "error.too_many_links"

    def __init__(self, *, most: int) -> None:
        super().__init__(most=most)


class NothingToVerifyError(UserError):
    """No account waits for its code."""

    key = "error.nothing_to_verify"


class WrongProofError(UserError):
    """That is not the code in the statement."""

    key = "error.wrong_proof"

    def __init__(self, *, left: int) -> None:
        super().__init__(count=left)


class NoSuchLinkError(UserError):
    """The person has no account with that number in the list."""

    key = "error.no_such_link"

    def __init__(self, *, typed: str) -> None:
        super().__init__(typed=typed)

    def lines(self) -> tuple[str, ...]:
        return ("!accounts",)


class WhichLinkError(UserError):
    """No account is named where one is needed."""

    key = "error.which_link"

    def lines(self) -> tuple[str, ...]:
        return ("!accounts",)


class LinkInUseError(UserError):
    """A payment from or to this account is under way."""

    key = "error.link_in_use"


@dataclass(frozen=True, slots=True)
class Changed:
    """A link as it will be, the step that writes it, and what its bank says of its holder if it was asked."""

    link: Link
    step: Step
    holder: Holder | None = None

    @property
    def begun(self) -> str:
        """The sentence that says how the account, just named, is proven."""
        if self.link.state is LinkState.VERIFIED:
            return "link.verified"
        return "link.begun" if self.link.rail == BANK else "link.begun_elsewhere"

    @property
    def begun_facts(self) -> Facts:
        """The facts of that sentence."""
        return {"account": self.link.masked, "waiting": (), **NOBODY_ASKED}


class Linking:
    """The use cases around linked accounts."""

    def __init__(  # noqa: PLR0913, PLR0917 - the ports, and what accounts are called
        self,
        book: Book,
        vault: Vault,
        clock: Clock,
        chance: Chance,
        rails: Mapping[str, Rail],
        holders: Holders,
        accounts: Accounts,
        nicknames: Nicknames,
    ) -> None:
        self._book = book
        self._vault = vault
        self._clock = clock
        self._chance = chance
        self._rails = rails
        self._holders = holders
        self._accounts = accounts
        self._nicknames = nicknames

    def named(self, words: str) -> Meant:
        """The account that `words` name: a number, alone or behind the name of a rail or of a kind.

        Raises what `recognising.the_one` raises.
        """
        every = {name: rail.capabilities() for name, rail in self._rails.items()}
        return the_one(words, {name: can for name, can in every.items() if can.links})

    async def begin(self, owner: Known, named: Meant, holder: str) -> Changed:
        """Name an account at a rail; the rail then gives its holder a code, a bank in its statement.

        `holder` is the name that money to this account is meant for; nothing if nobody knows.

        The rail is given the number as it was typed, without spaces between groups; two that differ in case
        or punctuation are one account.
        """
        rail_name, typed = named.rail, joined(named.number)
        compact = typed.upper()
        mine = await self._book.links(owner.person.id)
        live = [link for link in mine if link.state in {LinkState.PENDING, LinkState.VERIFIED}]
        hashed = self._vault.fingerprint("link.number", f"{rail_name}|{canonical(typed)}".encode())
        for link in live:
            if link.number_hash == hashed and link.state is LinkState.VERIFIED:
                raise AlreadyLinkedError(account=link.masked)
        if len(live) >= MOST_LINKS:
            raise TooManyLinksError(most=MOST_LINKS)
        try:
            linked = await self._rail(rail_name).link(typed)
        except LinkRefusedError as error:
            raise AccountRefusedError from error
        except RailError as error:
            raise RailAwayError from error
        link_id = self._chance.token()
        link = Link(
            id=link_id,
            person=owner.person.id,
            rail=rail_name,
            token=linked.token,
            masked=linked.masked,
            number=self._vault.seal(owner.person.key, f"link|{owner.person.id}|number", compact.encode()),
            number_hash=hashed,
            state=LinkState.VERIFIED if linked.verified else LinkState.PENDING,
            is_default=not any(other.is_default for other in live),
            created=self._clock.now(),
            currency=linked.currency,
            holder=self._holders.seal(owner.person, holder),
        )
        superseded = tuple(
            replace(old, state=LinkState.REMOVED, is_default=False)
            for old in live
            if old.number_hash == hashed
        )
        if any(old.is_default for old in live if old.number_hash == hashed):
            link = replace(link, is_default=True)
        return Changed(link, owner.introduction + Step(records=(*superseded, link)))

    async def verify(self, owner: Known, code: str) -> Changed:
        """Prove the newest account that waits for its code; it fails for good after too many wrong ones."""
        waiting = [
            link for link in await self._book.links(owner.person.id) if link.state is LinkState.PENDING
        ]
        if not waiting:
            raise NothingToVerifyError
        link = waiting[-1]
        try:
            await self._rail(link.rail).verify(link.token, code)
        except LinkRefusedError as error:
            if error.tries_left:
                raise WrongProofError(left=error.tries_left) from error
            failed = replace(link, state=LinkState.FAILED, is_default=False)
            return Changed(failed, Step(records=(failed,)))
        except RailError as error:
            raise RailAwayError from error
        verified = replace(link, state=LinkState.VERIFIED)
        # Not before: who cannot read its statement learns no holder's name.
        holder = await self._holders.check(owner.person, verified)
        return Changed(verified, Step(records=(verified,)), holder)

    async def choose_default(self, owner: Known, typed: str) -> Changed:
        """Make the account with this number in the list the default."""
        links = await self._book.links(owner.person.id)
        chosen = _pick(links, typed)
        others = tuple(
            replace(link, is_default=False) for link in links if link.is_default and link.id != chosen.id
        )
        now_default = replace(chosen, is_default=True)
        return Changed(now_default, Step(records=(*others, now_default)))

    async def choose_direct(self, owner: Known, typed: str) -> Changed:
        """Have the account with this number in the list paid straight into, instead of the balance.

        One account for each currency; the one that was it in the same currency is it no longer.
        """
        links = await self._book.links(owner.person.id)
        chosen = _pick(links, typed)
        if chosen.state is not LinkState.VERIFIED or not self._accounts.can_be_direct(chosen):
            raise WrongWayError(account=chosen.masked)
        others = tuple(
            replace(link, takes_direct=False)
            for link in links
            if link.takes_direct and link.currency == chosen.currency and link.id != chosen.id
        )
        wanted = replace(chosen, takes_direct=True)
        return Changed(wanted, Step(records=(*others, wanted)))

    async def choose_none_direct(self, owner: Known) -> Step:
        """Have everything paid into the balance again."""
        links = await self._book.links(owner.person.id)
        return Step(records=tuple(replace(link, takes_direct=False) for link in links if link.takes_direct))

    async def rename(self, owner: Known, typed: str, nickname: str) -> Changed:
        """Call the account with this number in the list so; without a word, it has no name of its own again.

        Raises `UnfitNicknameError` and `NicknameTakenError`.
        """
        links = await self._book.links(owner.person.id)
        chosen = _pick(links, typed)
        if not nickname:
            nameless = replace(chosen, nickname=None, nickname_hash=None)
            return Changed(nameless, Step(records=(nameless,)))
        words = self._accounts.words_with_a_meaning()
        sealed, found_by = self._nicknames.seal(owner.person, nickname, words)
        for other in links:
            if other.id != chosen.id and other.nickname_hash == found_by:
                raise NicknameTakenError(account=other.masked)
        named = replace(chosen, nickname=sealed, nickname_hash=found_by)
        return Changed(named, Step(records=(named,)))

    async def remove(self, owner: Known, typed: str) -> Changed:
        """Unlink the account with this number in the list; another becomes the default."""
        links = await self._book.links(owner.person.id)
        chosen = _pick(links, typed)
        for transfer in await self._book.under_way(owner.person.id):
            if chosen.id in {transfer.source, transfer.destination}:
                raise LinkInUseError
        try:
            await self._rail(chosen.rail).unlink(chosen.token)
        except RailError as error:
            raise RailAwayError from error
        removed = replace(
            chosen,
            state=LinkState.REMOVED,
            is_default=False,
            takes_direct=False,
            number=b"",
            holder=None,
            nickname=None,
            nickname_hash=None,
        )
        rest = [link for link in links if link.id != chosen.id and link.state is LinkState.VERIFIED]
        heir = (replace(rest[0], is_default=True),) if chosen.is_default and rest else ()
        return Changed(removed, Step(records=(removed, *heir)))

    def _rail(self, name: str) -> Rail:
        rail = self._rails.get(name)
        if rail is None:
            raise RailAwayError
        return rail


def _pick(links: Sequence[Link], typed: str) -> Link:
    if typed.isdecimal() and len(typed) <= len(str(MOST_LINKS)) and 1 <= int(typed) <= len(links):
        return links[int(typed) - 1]
    raise NoSuchLinkError(typed=typed[:20]) if typed.strip() else WhichLinkError
