"""What a flower stand and its customers type on one day, from opening to a refund."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from paybridge.demo.scene import Scene, about, of

if TYPE_CHECKING:
    from paybridge.demo.person import Seen

OWNER: Final = "Fleur"
NAMES: Final = (OWNER, "Gus", "Hana", "Ivo")
IBANS: Final = {
    OWNER: "DE88 3704 0044 7210 0010 07",
    "Gus": "DE61 3704 0044 7210 0010 08",
    "Hana": "DE34 3704 0044 7210 0010 09",
    "Ivo": "DE07 3704 0044 7210 0010 10",
}


@dataclass
class ShopDay(Scene):
    """The day of a small shop, whose owner and three customers share a room."""

    name: str = "Market"
    gus: str = ""
    """The order that Gus made, by its payment."""

    invoice: bytes = b""
    """The invoice as a PDF, as its buyer's client opens it."""

    async def spend(self) -> None:
        """Everything, in order."""
        await self.gather(OWNER)
        for name in NAMES:
            await self.links(name, IBANS[name])
        self.told.clear()
        await self._opens()
        await self._an_order()
        await self._sold_out()
        await self._money_back()
        await self._an_invoice()
        await self._takings()

    @property
    def _chat(self) -> str:
        return self.chats[OWNER]

    async def _opens(self) -> None:
        self.told.append(
            "“Market” is a room of a flower stand, three of its customers and the bot. Fleur, whom the"
            " operator made a merchant, opens her shop in her direct message with the bot."
        )
        address = 'address "Market Square 1, 10115 Berlin" taxid DE123456789 prefix FS'
        await self.asks(OWNER, f'!shop open "Flower Stand" {address}', "is open", self._chat)
        await self.asks(OWNER, '!item add "Tulip" 1.50 EUR tax 7% stock 40', "Tulip", self._chat)
        await self.asks(OWNER, '!item add "Rose" 3.20 EUR tax 7% stock 4', "Rose", self._chat)
        await self.asks(OWNER, '!item add "Vase" 12 EUR tax 19%', "Vase", self._chat)

    async def _an_order(self) -> None:
        self.told.append(
            "Gus reads the menu and orders. He pays as anybody pays anybody, from his bank account; Fleur"
            " hears of it when the money has arrived, and he at each step."
        )
        await self.asks("Gus", "!menu", "sells")
        typed = await self.types("Gus", "!order 3 tulips, 2 roses, 1 vase")
        await self.sees("Gus", lambda seen: "basket" in seen.body, after=typed)
        self.gus = await self._confirms("Gus", await self.card("Gus", typed))
        await self._hears(OWNER, "New order", self.gus)
        await self._hears("Gus", "Flower Stand", self.gus)
        await self.asks(OWNER, "!order ready 1", "is told", self._chat)
        await self._hears("Gus", "is ready ·", self.gus)
        await self.asks(OWNER, "!order done 1", "is told", self._chat)
        await self._hears("Gus", "is completed ·", self.gus)

    async def _sold_out(self) -> None:
        self.told.append("Hana wants more roses than there are left. Nothing is charged.")
        await self.asks("Hana", "!order 3 roses", "left")

    async def _money_back(self) -> None:
        self.told.append(
            "One of the roses was broken. Fleur gives that line back: the card says what goes back, with the"
            " tax that is in it."
        )
        typed = await self.types(OWNER, "!order refund 1 1 rose", self._chat)
        await self.sees(OWNER, lambda seen: "goes back" in seen.body, self._chat, after=typed)
        card = await self.sees(
            OWNER, lambda seen: of(seen).get("state") == "awaiting_approval", self._chat, after=typed
        )
        await self.types(OWNER, f"!confirm {of(card)['code']}", self._chat)
        await self.sees(OWNER, about(str(of(card)["id"]), "settled"), self._chat)

    async def _an_invoice(self) -> None:
        self.told.append(
            "Ivo ordered by telephone, and Fleur sends him an invoice: lines, tax, the next number of the"
            " year. He pays it with a tip, and has it as a PDF."
        )
        ivo = self.id_of("Ivo")
        typed = await self.types(OWNER, f'!invoice {ivo} "Bouquet 19.90; Delivery 4.90" tax 7% tip ok')
        await self.sees("Ivo", lambda seen: "Invoice FS" in seen.body, after=typed)
        asked = await self.sees("Ivo", lambda seen: of(seen).get("state") == "open", after=typed)
        payment = str(of(asked)["id"])
        await self.pays("Ivo", f"!accept {payment} tip 5%")
        chat = self.chats["Ivo"]
        file = await self.asks("Ivo", f"!invoice {payment}", "FS-", chat)
        self.invoice = await self.people["Ivo"].download(file)

    async def _takings(self) -> None:
        self.told.append("In the evening Fleur looks at what she took and what is left.")
        await self.asks(OWNER, "!item", "Rose", self._chat)
        await self.asks(OWNER, "!history", "Your latest", self._chat)
        await self.asks(OWNER, "!balance", "balance", self._chat)

    async def _confirms(self, name: str, card: Seen) -> str:
        await self.types(name, f"!confirm {of(card)['code']}")
        payment = str(of(card)["id"])
        await self.sees(
            name, lambda seen: (of(seen).get("id"), of(seen).get("state")) == (payment, "settled")
        )
        return payment

    async def _hears(self, name: str, words: str, payment: str) -> None:
        """In the direct message."""
        await self.sees(name, lambda seen: words in seen.body and payment in seen.body, self.chats[name])
