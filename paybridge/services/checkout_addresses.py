"""Where the public pages of invoices and items stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paybridge.domain.sale import Item
    from paybridge.services.ports import Vault
    from paybridge.services.settings import Settings


def invoice_url(vault: Vault, settings: Settings, payment: str) -> str | None:
    """The address of an invoice's page, by the id of its request; None without `public_url`."""
    base = settings.public_url
    return None if base is None else f"{base}/pay/{payment}.{page_seal(vault, payment)}"


def item_url(settings: Settings, item: Item) -> str | None:
    """The address of an item's page, for as long as there is the item: its id has 128 random bits."""
    base = settings.public_url
    return None if base is None else f"{base}/buy/{item.id}"


def page_seal(vault: Vault, payment: str) -> str:
    """What nobody can guess of an invoice's address: 128 bits of a keyed hash, as hex digits."""
    return vault.fingerprint("checkout.invoice", payment.encode()).hex()[:32]
