"""Puts the web pages together, where the operator has said how people reach them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from paybridge.services.link_deeds import LinkDeeds
from paybridge.services.shop_door import ShopDoor
from paybridge.services.visits import Visits
from paybridge.web import CheckoutPages, Gate, ShopPages, Visiting, Wording

if TYPE_CHECKING:
    from paybridge.services.desk import Desk
    from paybridge.services.ports import Wakeup
    from paybridge.texts import Texts


def visiting(desk: Desk, wakeup: Wakeup, texts: Texts, monotonic: Callable[[], float]) -> Visiting | None:
    """The pages over the use cases of the desk; None without `web.public_url`."""
    address = desk.settings.public_url
    if address is None:
        return None
    deeds = LinkDeeds(desk.book, desk.vault, desk.clock, desk.settings, wakeup, desk.links)
    visits = Visits(
        book=desk.book,
        mailbox=desk.mailbox,
        vault=desk.vault,
        clock=desk.clock,
        settings=desk.settings,
        deeds=deeds,
        links=desk.links,
        approvals=desk.approvals,
        cancellations=desk.cancellations,
        factors=desk.factors,
        passkeys=desk.passkeys,
        news=desk.news,
        linking=desk.linking,
        standings=desk.standings,
    )

    def seal(token: str) -> str:
        return desk.vault.fingerprint("web|form", token.encode()).hex()

    language, words, gate = desk.settings.language, Wording(texts), Gate(address, seal, monotonic)
    door = ShopDoor(desk.book, desk.clock, desk.chance, desk.settings, desk.links, deeds, desk.passkeys)
    shop = ShopPages(door, desk.shop_view, words, gate, language)
    checkout = CheckoutPages(desk.checkout, words, gate, language, desk.settings.bot)
    return Visiting(visits, words, gate, language, beside=[*shop.routes(), *checkout.routes()])
