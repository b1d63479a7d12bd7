"""People who come by a one-time link: what they are shown, and what they do there, once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from paybridge.domain.one_time_link import OneTimeLink, Purpose
from paybridge.domain.people import check_not_frozen
from paybridge.domain.transfer import Transfer, TransferState
from paybridge.services.one_time_links import LinkGoneError
from paybridge.services.people import Known
from paybridge.services.ports import Step
from paybridge.services.says import Say

if TYPE_CHECKING:
    from paybridge.domain.facts import Facts
    from paybridge.domain.people import Link, Person
    from paybridge.services.approvals import Approvals
    from paybridge.services.cancellations import Cancellations
    from paybridge.services.factors import Factors
    from paybridge.services.link_deeds import LinkDeeds
    from paybridge.services.linking import Linking
    from paybridge.services.news import News
    from paybridge.services.one_time_links import OneTimeLinks
    from paybridge.services.passkeys import Asked, Passkeys
    from paybridge.services.ports import Book, Clock, Mailbox, Vault
    from paybridge.services.settings import Settings
    from paybridge.services.standings import Standings


@dataclass(frozen=True, slots=True)
class CardShown:
    """A payment as its page shows it: `facts` as on its card, `source` the account, or None (balance).

    `passkey` says whether the person has one that could approve it.
    """

    transfer: Transfer
    facts: Facts
    source: str | None
    language: str
    passkey: bool


@dataclass(frozen=True, slots=True)
class EnrolmentShown:
    """A second factor that waits for its first code: the key in letters, and as a link for its app."""

    key: str
    link: str
    language: str


@dataclass(frozen=True, slots=True)
class LinkingShown:
    """Who may link an account: `factor` says that it takes the digits of their second factor."""

    language: str
    factor: bool


class Visits:
    """The same use cases as the chat's commands, for who holds a link; each deed uses the link up.

    A page proves no device, so the link alone approves nothing: the person's second factor does.
    """

    def __init__(  # noqa: PLR0913 - the ports, and the use cases behind the pages
        self,
        *,
        book: Book,
        mailbox: Mailbox,
        vault: Vault,
        clock: Clock,
        settings: Settings,
        deeds: LinkDeeds,
        links: OneTimeLinks,
        approvals: Approvals,
        cancellations: Cancellations,
        factors: Factors,
        passkeys: Passkeys,
        news: News,
        linking: Linking,
        standings: Standings,
    ) -> None:
        self._book = book
        self._mailbox = mailbox
        self._vault = vault
        self._clock = clock
        self._settings = settings
        self._deeds = deeds
        self._links = links
        self._approvals = approvals
        self._cancellations = cancellations
        self._factors = factors
        self._passkeys = passkeys
        self._news = news
        self._linking = linking
        self._standings = standings

    async def card(self, token: str) -> CardShown:
        """The open card that the link is about, or `LinkGoneError`."""
        link = await self._links.find(token, Purpose.APPROVE)
        card, payer = await self._card(link)
        account = card.source or card.destination
        shown = await self._book.link(account) if account and not card.is_direct else None
        if card.is_direct and card.source:
            shown = await self._book.link(card.source)
        return CardShown(
            card,
            await self._news.terms(card),
            shown.masked if shown else None,
            self._language(payer),
            passkey=await self._passkeys.can_approve(payer.id),
        )

    async def approve(self, token: str, digits: str) -> Transfer:
        """Approve the card with the second factor's digits; the transfer as it then stands.

        Raises what an approval raises; a wrong code is counted, and the third ends the link.
        """

        async def decide(link: OneTimeLink) -> tuple[Step, tuple[Say, ...], Transfer]:
            card, _ = await self._card(link)
            step, says = await self._approvals.approve_by_factor(card, digits)
            return step, says, card

        return await self._deeds.done(token, Purpose.APPROVE, decide)

    async def ask_passkey(self, token: str) -> str:
        """A question for a passkey, as JSON, whose answer approves just this card."""
        link = await self._links.find(token, Purpose.APPROVE)
        card, payer = await self._card(link)
        return await self._asked(await self._passkeys.ask_to_approve(payer, card))

    async def approve_by_passkey(self, token: str, answer: str) -> Transfer:
        """Approve the card with the answer of a passkey to a question about it, as `approve` does."""

        async def decide(link: OneTimeLink) -> tuple[Step, tuple[Say, ...], Transfer]:
            card, _ = await self._card(link)
            step, says = await self._approvals.approve_by_passkey(card, answer)
            return step, says, card

        return await self._deeds.done(token, Purpose.APPROVE, decide)

    async def decline(self, token: str) -> Transfer:
        """Cancel the card, as `!cancel` does."""

        async def decide(link: OneTimeLink) -> tuple[Step, tuple[Say, ...], Transfer]:
            card, _ = await self._card(link)
            step, says = await self._cancellations.close_card(card)
            return step, says, card

        return await self._deeds.done(token, Purpose.APPROVE, decide)

    async def enrolment(self, token: str) -> EnrolmentShown:
        """The factor that the link sets up, or `LinkGoneError`."""
        link = await self._links.find(token, Purpose.ENROL)
        known = await self._known(link)
        begun = await self._factors.waiting(known)
        if begun is None or begun.slot != link.subject:
            raise LinkGoneError(known=True, language=known.person.language)
        return EnrolmentShown(begun.key, begun.link, self._language(known.person))

    async def enrol(self, token: str, digits: str) -> tuple[str, ...]:
        """Switch the factor on with its first code; its recovery codes, which are said nowhere else."""

        async def decide(link: OneTimeLink) -> tuple[Step, tuple[Say, ...], tuple[str, ...]]:
            known = await self._known(link)
            begun = await self._factors.waiting(known)
            if begun is None or begun.slot != link.subject:
                raise LinkGoneError(known=True, language=known.person.language)
            done = await self._factors.activate(known, digits, None)
            return done.step, await self._enrolled(known, done.slot), done.codes

        return await self._deeds.done(token, Purpose.ENROL, decide)

    async def passkey(self, token: str) -> str:
        """The language of who may add a passkey by this link, or `LinkGoneError`."""
        known = await self._known(await self._links.find(token, Purpose.PASSKEY))
        return self._language(known.person)

    async def ask_new_passkey(self, token: str) -> str:
        """A question for the browser, as JSON, whose answer is a new passkey."""
        known = await self._known(await self._links.find(token, Purpose.PASSKEY))
        return await self._asked(await self._passkeys.ask_to_enrol(known.person, known.mxid))

    async def add_passkey(self, token: str, answer: str, name: str) -> None:
        """Keep the passkey that this answer brings; its person is told of it in the direct message."""

        async def decide(link: OneTimeLink) -> tuple[Step, tuple[Say, ...], None]:
            known = await self._known(link)
            return await self._passkeys.enrol(known.person, answer, name), (), None

        await self._deeds.done(token, Purpose.PASSKEY, decide)

    async def linking(self, token: str) -> LinkingShown:
        """Who may link an account by this link, or `LinkGoneError`."""
        known = await self._known(await self._links.find(token, Purpose.LINK))
        factor = await self._factors.active(known.person.id)
        return LinkingShown(self._language(known.person), factor is not None)

    async def link_account(self, token: str, number: str, holder: str, digits: str | None) -> Link:
        """Name an account, as `!link` does, which also says in the direct message how it is proven.

        Whoever has a second factor gives its `digits`: some rails want no other proof of an account.
        """

        async def decide(link: OneTimeLink) -> tuple[Step, tuple[Say, ...], Link]:
            known = await self._known(link)
            check_not_frozen(known.person)
            given = Step()
            if await self._factors.active(known.person.id) is not None:
                given = Step(records=(await self._factors.use(known.person, digits or "", None),))
            changed = await self._linking.begin(known, self._linking.named(number), holder)
            agreed = await self._standings.agree(known.person.id)
            said = Say(
                id=f"{link.id}/linked",
                key=changed.begun,
                language=self._language(known.person),
                person=known.mxid,
                facts=changed.begun_facts,
            )
            return given + changed.step + agreed, (said,), changed.link

        return await self._deeds.done(token, Purpose.LINK, decide)

    # ------------------------------------------------------------ inside

    async def _asked(self, asked: Asked) -> str:
        await self._book.commit(asked.step)
        return asked.options

    async def _card(self, link: OneTimeLink) -> tuple[Transfer, Person]:
        """The open card of the link's person."""
        payer = await self._book.person(link.person)
        card = await self._book.transfer(link.subject)
        assert payer is not None  # a link's person is a foreign key
        open_now = (
            card is not None
            and card.payer == link.person
            and card.bundle is None  # its payments are approved together
            and card.state is TransferState.AWAITING_APPROVAL
            and card.expires > self._clock.now()
        )
        if card is None or not open_now:
            raise LinkGoneError(known=True, language=payer.language)
        return card, payer

    async def _known(self, link: OneTimeLink) -> Known:
        person = await self._book.person(link.person)
        assert person is not None  # a link's person is a foreign key
        mxids = await self._book.mxids_of(link.person)
        if not mxids:
            raise LinkGoneError(known=True, language=person.language)
        return Known(person, mxids[0], Step())

    async def _enrolled(self, known: Known, slot: str) -> tuple[Say, ...]:
        """The messages with the key are taken back where they were said, and it is said what happened."""
        said = await self._mailbox.slot(slot)
        room = said[0] if said else None
        language = self._language(known.person)
        hidden = tuple(
            Say(
                id=f"{slot}/hide/{number}",
                key="mfa.hidden",
                language=language,
                room=room,
                person=None if room else known.mxid,
                takes_back=one,
            )
            for number, one in enumerate((slot, f"{slot}/picture"))
        )
        done = Say(
            id=f"{slot}/on",
            key="mfa.on_by_page",
            language=language,
            room=room,
            person=None if room else known.mxid,
        )
        return (done, *hidden)

    def _language(self, person: Person) -> str:
        return person.language or self._settings.language
