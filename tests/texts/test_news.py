"""Whatever happens to money of whatever kind, the news about it has all the facts that its sentence needs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest

from paybridge.domain.approval import Allowance
from paybridge.domain.bundle import bundled
from paybridge.domain.leg import LegKind
from paybridge.domain.money import Money
from paybridge.domain.people import Person
from paybridge.domain.permissions import Permissions
from paybridge.domain.policy import Policy, Receipts, RoomPolicy, StatedPolicy
from paybridge.domain.reversal import Loss
from paybridge.domain.transfer import TransferKind, TransferState
from paybridge.services.bundle_news import BundleNews
from paybridge.services.news import News
from paybridge.services.payments import DraftedBundle
from paybridge.services.policies import Policies
from paybridge.services.ports import Book, RoomFacts, Rooms, Step, Vault
from paybridge.services.settings import Settings
from paybridge.texts import Texts
from paybridge.texts.saying import render_say
from tests.fakes.records import a_link, a_person, a_transfer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paybridge.domain.bundle import Card
    from paybridge.domain.transfer import Transfer
    from paybridge.services.homes import Homes
    from paybridge.services.says import Say
    from paybridge.services.strength import Strength

TEXTS = Texts()
MEMBERS = {"@anna:test": "Anna", "@bob:test": "Bob", "@pay:test": "PayBridge"}


class Shelf:
    """What news asks a book: who somebody is, and what is kept of a room."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    async def person(self, person: str) -> Person:
        return a_person(person)

    async def paid_before(self, _payer: str) -> tuple[str, ...]:
        return ()

    async def room_policy(self, room: str) -> RoomPolicy:
        return RoomPolicy(room, self.policy)


class OneRoom:
    """A room with everyone in it."""

    async def facts(self, room: str) -> RoomFacts:
        return RoomFacts(room, encrypted=True, direct=False, members=MEMBERS)

    async def stated_policy(self, room: str) -> StatedPolicy:
        del room
        return StatedPolicy()


class Strong:
    """Whether the second factor is needed."""

    def __init__(self, *, strong: bool) -> None:
        self._strong = strong

    async def needs_factor(self, transfer: Transfer) -> bool:
        return self._strong and transfer.kind is not TransferKind.REFUND


class NoGhosts:
    """Nobody writes through a bridge."""

    async def ask(self, card: Card, says: tuple[Say, ...], *, strong: bool) -> tuple[Say, ...]:
        del card, strong
        return says

    async def receipts(
        self, transfer: Transfer, says: Sequence[Say], to_payer: Mapping[str, str]
    ) -> tuple[Say, ...]:
        del transfer, to_payer
        return tuple(says)


def news_with(policy: Policy, *, strong: bool = False) -> News:
    nothing = Money.zero("EUR")
    settings = Settings("@pay:test", "EUR", Allowance(nothing, nothing, 0), Permissions())
    book, rooms = cast("Book", Shelf(policy)), cast("Rooms", OneRoom())
    policies = Policies(book, rooms, settings)
    return News(
        book,
        cast("Vault", None),
        rooms,
        settings,
        policies,
        cast("Strength", Strong(strong=strong)),
        cast("Homes", NoGhosts()),
    )


@pytest.fixture
def news() -> News:
    return news_with(Policy())


@pytest.fixture
def private_news() -> News:
    return news_with(Policy(receipts=Receipts.PRIVATE))


async def _everything(news: News, kind: TransferKind) -> list[Say]:
    """All that can be told about a transfer of this kind."""
    payee = "bob" if kind.between_people else "anna"
    original = "PB-2ABCD" if kind is TransferKind.REFUND else None
    made = {
        state: replace(a_transfer("PB-7K3QD", payee=payee, kind=kind, state=state), original=original)
        for state in TransferState
    }
    awaiting, settled = made[TransferState.AWAITING_APPROVAL], made[TransferState.SETTLED]
    says: list[Say] = []
    for link in (None, a_link("link", "anna")):
        says += await news.card(awaiting, a_person("anna"), link, MEMBERS)
    says += await news.arrived(settled)
    for state in (TransferState.CANCELLED, TransferState.EXPIRED):
        says += await news.closed(made[state])
    if kind is TransferKind.REFUND:
        return says  # it moves in our own books, where no rail can keep anybody waiting
    says += await news.on_its_way(made[TransferState.APPROVED])
    lost = Money.of("5", "EUR")
    for losses in ((), (Loss(payee, lost, Money.zero("EUR")), Loss("anna", lost, lost))):
        says += await news.reversed(made[TransferState.REVERSED], lost, losses)
    for moved in (LegKind.COLLECT, LegKind.DIRECT, LegKind.PAYOUT):
        says += await news.moved_late(made[TransferState.REFUSED], moved)
    for unsure in (True, False):
        says += await news.delayed(made[TransferState.APPROVED], unsure=unsure)
    for code in ("insufficient_funds", "account_closed", "fee_over_cap", "bad_day"):
        says += await news.refused(made[TransferState.REFUSED], code)
    if kind is TransferKind.PAY:
        says += await news.arrived(made[TransferState.CLAIMABLE])
        says += await news.claimed(made[TransferState.CLAIMED])
        for why in ("expired", "sent_back", "taken_back"):
            says += await news.returned(made[TransferState.RETURNED], why)
    return says


async def _all_of_a_bundle(policy: Policy, *, strong: bool) -> list[Say]:
    """All that can be told about two payments on one card, with a warning and a fee."""
    nothing = Money.zero("EUR")
    settings = Settings("@pay:test", "EUR", Allowance(nothing, nothing, 0), Permissions())
    book, rooms = cast("Book", Shelf(policy)), cast("Rooms", OneRoom())
    policies = Policies(book, rooms, settings)
    news = BundleNews(
        book,
        cast("Vault", None),
        rooms,
        settings,
        policies,
        cast("Strength", Strong(strong=strong)),
        cast("Homes", NoGhosts()),
    )
    parts = (
        replace(a_transfer("PB-22222"), payee_mxid="@b0b:test", times=2, fee=Money(5, "EUR")),
        replace(a_transfer("PB-33333"), payee_mxid="@carol:test", destination="hers"),
    )
    waiting = [replace(part, state=TransferState.AWAITING_APPROVAL, bundle="PB-7K3QD") for part in parts]
    made = bundled("PB-7K3QD", waiting)
    says: list[Say] = []
    for link in (None, a_link("link", "anna")):
        drafted = DraftedBundle(made, link, Step(), {})
        says += await news.card(drafted, a_person("anna"), await OneRoom().facts("!room"))
    says += await news.approved(made)
    for state in (TransferState.CANCELLED, TransferState.EXPIRED):
        says += await news.closed(bundled(made.id, [replace(part, state=state) for part in made.parts]))
    return says


@pytest.mark.parametrize("strong", [False, True])
@pytest.mark.parametrize("receipts", Receipts)
async def test_all_news_of_a_bundle_can_be_told_in_every_language(
    receipts: Receipts, *, strong: bool
) -> None:
    says = await _all_of_a_bundle(Policy(receipts=receipts), strong=strong)
    for say in says:
        for language in TEXTS.languages:
            text = TEXTS.render(say.key, language, say.facts).text

            assert "PB-7K3QD" in text, say.key
    hidden = [say for say in says if say.key.startswith("bundle.private")]
    assert bool(hidden) is (receipts is Receipts.PRIVATE)


@pytest.mark.parametrize("strong", [False, True])
@pytest.mark.parametrize("kind", TransferKind)
async def test_all_news_can_be_told_in_every_language(kind: TransferKind, *, strong: bool) -> None:
    for say in await _everything(news_with(Policy(), strong=strong), kind):
        for language in TEXTS.languages:
            text = TEXTS.render(say.key, language, say.facts).text

            assert "PB-7K3QD" in text, say.key


async def test_a_private_room_is_told_everything_but_amounts(private_news: News) -> None:
    says = await _everything(private_news, TransferKind.PAY)
    in_room = [say for say in says if say.room is not None]

    assert len(in_room) == len([say for say in says if say.id.endswith("/own")])
    for say in in_room:
        assert not [fact for fact in say.facts.values() if isinstance(fact, Money)]
        assert say.about is not None
        assert {"amount", "fee"} & set(say.about) == set()
        for language in TEXTS.languages:
            text = TEXTS.render(say.key, language, say.facts).text
            assert "PB-7K3QD" in text, say.key
            assert "12" not in text, say.key


async def test_the_payer_reads_everything_with_amounts_in_one_message_of_their_own(
    private_news: News,
) -> None:
    says = await _everything(private_news, TransferKind.PAY)
    own = [say for say in says if say.id.endswith("/own")]

    assert {say.person for say in own} == {"@anna:test"}
    assert len({say.slot for say in own}) == 1
    for say in own:
        assert say.about is not None
        assert say.about["amount"] == {"value": "12.50", "currency": "EUR"}
        for language in TEXTS.languages:
            assert "PB-7K3QD" in TEXTS.render(say.key, language, say.facts).text, say.key


async def test_ones_own_money_is_told_as_ever_in_a_private_room(news: News, private_news: News) -> None:
    for kind in (TransferKind.TOPUP, TransferKind.CASHOUT):
        assert await _everything(private_news, kind) == await _everything(news, kind)


async def test_a_card_says_what_is_approved_and_what_to_type(news: News) -> None:
    card = a_transfer("PB-7K3QD")
    link = a_link("link", "anna")

    (said,) = await news.card(card, a_person("anna"), link, MEMBERS)
    payee, money, to_type = render_say(TEXTS, said).text.splitlines()

    assert payee == "12.50 EUR to Bob (@bob:test)"
    assert money == "Fee 0.00 EUR, total 12.50 EUR, from your account ••00 · PB-7K3QD"
    assert f"type !yes or !confirm {card.code} within 10 minutes (until " in to_type
    assert "!cancel PB-7K3QD" in to_type
