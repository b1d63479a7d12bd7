"""What Alice and Bob do in the demo: link accounts, pay, claim, reply, ask, refuse, top up and cash out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from paybridge.demo.person import Person, Seen
    from paybridge.demo.stage import Stage
    from paybridge.demo.transcript import Transcript

ALICES_IBAN: Final = "DE89 3704 0044 0532 0130 00"
BOBS_IBAN: Final = "DE02 1203 0000 0000 2020 51"
KEY: Final = "org.paybridge.payment"


@dataclass
class Story:
    """The conversation. Each step types something and waits until the answer can be read."""

    stage: Stage
    alice: Person
    bob: Person
    transcript: Transcript
    dinner: str
    alices_chat: str
    bobs_rooms: dict[str, str] = field(default_factory=dict)

    async def tell(self) -> None:
        """Everything, in order."""
        self.transcript.heading()
        await self._alice_links()
        await self._pay_somebody_new()
        await self._pay_by_reply()
        await self._ask()
        await self._mistakes()
        await self._own_money()

    def chat_of(self, person: Person) -> str:
        """A person's direct message with the bot."""
        if person is self.alice:
            return self.alices_chat
        return next(room for room, label in self.bobs_rooms.items() if label == "direct")

    async def _alice_links(self) -> None:
        chat = self.alices_chat
        self.transcript.aside("Alice opens a direct message with the bot and links her bank account.")
        await self._answered(self.alice, chat, "!help", "!pay @someone")
        await self._answered(self.alice, chat, f"!link bank {ALICES_IBAN}", "almost linked")
        code = await self.stage.code_in_statement(ALICES_IBAN)
        self.transcript.aside(f"She looks into her bank's app: a line of 0.01 EUR says “PAYBRIDGE {code}”.")
        await self._answered(self.alice, chat, f"!link verify {code}", "is linked")
        await self._answered(self.alice, chat, "!link list", "(default)")

    async def _pay_somebody_new(self) -> None:
        self.transcript.aside("In their encrypted room she pays Bob, who has never spoken to the bot.")
        await self._pay(f"!pay {self.bob.user_id} 12,50 EUR for pizza", "!yes", "claimable")
        told = await self.bob.wait_for(None, lambda seen: "!link bank" in seen.body)
        self.bobs_rooms[told.room_id] = "direct"
        self.transcript.aside("Bob is told by direct message. He links his own account and claims the money.")
        await self._answered(self.bob, told.room_id, f"!link bank {BOBS_IBAN}", "almost linked")
        code = await self.stage.code_in_statement(BOBS_IBAN)
        await self._answered(self.bob, told.room_id, f"!link verify {code}", "is linked")
        await self._answered(self.bob, told.room_id, "!claim", "now in your PayBridge balance")
        await self._both_see(_state("claimed"))

    async def _pay_by_reply(self) -> None:
        self.transcript.aside("A reply says who is meant; the code is typed instead of !yes.")
        drinks = await self.bob.say(self.dinner, "I got the drinks, that was 5 each")
        await self._both_see(lambda seen: seen.event_id == drinks and seen.readable)
        await self._pay("!pay 5 EUR", "!confirm", "settled", reply_to=drinks)

    async def _ask(self) -> None:
        self.transcript.aside("Bob asks for money, Alice accepts.")
        line = f"!request {self.alice.user_id} 8 EUR for taxi"
        typed = await self.bob.say(self.dinner, line, mention=self.alice.user_id)
        asked = await self.alice.wait_for(self.dinner, _state("open"), after=typed)
        await self._both_see(_same(asked))
        payment = str(asked.content[KEY]["id"])
        await self._pay(f"!accept {payment}", "!yes", "settled")
        await self._both_see(lambda seen: _is(seen, asked, "paid"))
        await self._answered(self.bob, self.dinner, f"!status {payment}", "has paid")

    async def _mistakes(self) -> None:
        self.transcript.aside("Mistakes cost nothing.")
        pay = f"!pay {self.bob.user_id}"
        await self._answered(self.alice, self.dinner, f"{pay} 1.234 EUR", "Nothing was sent.")
        await self._answered(self.alice, self.dinner, f"{pay} 0 EUR", "Nothing was sent.")
        typed = await self.alice.say(self.dinner, f"{pay} 3 EUR for nothing")
        card = await self.alice.wait_for(self.dinner, _state("awaiting_approval"), after=typed)
        await self._both_see(_same(card))
        await self.alice.say(self.dinner, "!cancel")
        await self._both_see(lambda seen: _is(seen, card, "cancelled"))

    async def _own_money(self) -> None:
        self.transcript.aside("Money moves on: Alice tops up, Bob cashes out to his bank.")
        await self._approve_directly(self.alice, self.alices_chat, "!topup 50 EUR")
        await self._answered(self.alice, self.alices_chat, "!balance", "Your PayBridge balance")
        await self._answered(self.alice, self.alices_chat, "!history", "latest")
        bobs_chat = self.chat_of(self.bob)
        await self._approve_directly(self.bob, bobs_chat, "!cashout 5 EUR")
        await self._answered(self.bob, bobs_chat, "!lang zh", "中文")
        await self._answered(self.bob, bobs_chat, "!balance", "EUR")

    async def _pay(self, line: str, confirm: str, ends: str, *, reply_to: str | None = None) -> None:
        """Alice types a payment, reads the card, confirms it, and the receipt comes."""
        mention = self.bob.user_id if self.bob.user_id in line else None
        typed = await self.alice.say(self.dinner, line, reply_to=reply_to, mention=mention)
        card = await self.alice.wait_for(self.dinner, _state("awaiting_approval"), after=typed)
        await self._both_see(_same(card))
        code = str(card.content[KEY]["code"])
        await self.alice.say(self.dinner, f"{confirm} {code}" if confirm == "!confirm" else confirm)
        await self._both_see(lambda seen: _is(seen, card, ends))

    async def _approve_directly(self, person: Person, chat: str, line: str) -> None:
        typed = await person.say(chat, line)
        card = await person.wait_for(chat, _state("awaiting_approval"), after=typed)
        self.transcript.catch_up()
        await person.say(chat, "!yes")
        await person.wait_for(chat, lambda seen: _is(seen, card, "settled"))
        self.transcript.catch_up()

    async def _answered(self, person: Person, room: str, line: str, words: str) -> None:
        mention = next((who for who in (self.alice.user_id, self.bob.user_id) if who in line), None)
        typed = await person.say(room, line, mention=mention)
        answer = await person.wait_for(
            room, lambda seen: seen.sender == self.stage.bot_id and words in seen.body, after=typed
        )
        if room == self.dinner:
            await self._both_see(_same(answer))
        self.transcript.catch_up()

    async def _both_see(self, fits: Callable[[Seen], bool]) -> None:
        """Wait until it has reached both of them, and print what is new."""
        for person in (self.alice, self.bob):
            await person.wait_for(self.dinner, fits)
        self.transcript.catch_up()


def _state(wanted: str) -> Callable[[Seen], bool]:
    return lambda seen: _of(seen).get("state") == wanted


def _same(message: Seen) -> Callable[[Seen], bool]:
    return lambda seen: seen.event_id == message.event_id and seen.readable


def _is(seen: Seen, card: Seen, state: str) -> bool:
    return seen.event_id == card.event_id and _of(seen).get("state") == state


def _of(seen: Seen) -> dict[str, object]:
    about = seen.content.get(KEY)
    return about if isinstance(about, dict) else {}
