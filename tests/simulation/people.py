"""People who act at random: they pay, confirm twice, cancel, ask, claim, send back, and type nonsense."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paybridge.domain.spoken import Pill
from tests.fakes.house import ALICE, BOB, CAROL, DINNER, direct

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.dice import Dice
    from tests.simulation.homeserver import Homeserver

EVERYONE: Final = (ALICE, BOB, CAROL)
GARBAGE: Final = (
    "!pay", "!pay @bob:hs", "!pay @bob:hs 0", "!pay @bob:hs -5 EUR", "!pay @nobody:hs 5 EUR", "!confirm",
    "!confirm 0000", "!cancel PB-XXXXX", "!claim PB-XXXXX", "!return", "!pya @bob:hs 5", "!", "hello there",
    "!pay @bob:hs 1e9 EUR", "!pay @bob:hs 12.345 EUR", "!topup all", "!cashout 99999 EUR", "!accept PB-XXXXX",
    "!pay @alice:hs @bob:hs 5 EUR", "!pay @bob:hs 3 KWD", "!policy", "!yes please", "!decline", "!status",
    "!refund", "!refund PB-XXXXX 1 EUR",
)  # fmt: skip

Line = tuple[str, str, str]
"""Who types, in which room, and what."""


class People:
    """Chooses who does what next."""

    def __init__(self, dice: Dice, homeserver: Homeserver) -> None:
        self._dice = dice
        self._homeserver = homeserver
        self._acts: tuple[tuple[int, Callable[[str], list[Line]]], ...] = (
            (24, self._pay),
            (30, self._confirm),
            (8, self._cancel),
            (8, self._request),
            (8, self._answer_request),
            (7, self._claim),
            (10, self._topup),
            (10, self._cashout),
            (14, self._refund),
            (6, self._link),
            (3, self._look),
            (4, self._garbage),
        )
        self._weights = [name for name, (weight, _) in enumerate(self._acts) for _ in range(weight)]

    def act(self) -> list[tuple[str, str, str, tuple[Pill, ...]]]:
        """What somebody types now: sender, room, words and mentions of each message."""
        with_cards = [who for who in EVERYONE if self._homeserver.codes[who]]
        choose_from = with_cards if with_cards and self._dice.chance(0.5) else EVERYONE
        who = self._dice.one_of(choose_from)
        _, act = self._acts[self._weights[self._dice.whole(0, len(self._weights) - 1)]]
        lines = act(who)
        return [(*line, _pills(line[2])) for line in lines]

    def _amount(self) -> str:
        cents = self._dice.whole(1, 900) if self._dice.chance(0.6) else self._dice.whole(900, 9000)
        return f"{cents // 100}.{cents % 100:02} EUR"

    def _other(self, who: str) -> str:
        return self._dice.one_of([other for other in EVERYONE if other != who])

    def _id(self) -> str:
        known = self._homeserver.payments[-6:]
        return self._dice.one_of(known) if known else "PB-XXXXX"

    def _pay(self, who: str) -> list[Line]:
        return self._and_confirm(who, (who, DINNER, f"!pay {self._other(who)} {self._amount()} lunch"))

    def _and_confirm(self, who: str, line: Line) -> list[Line]:
        """Often at once: whoever types quickly types before the card is there."""
        room = line[1] if self._dice.chance(0.5) else direct(who)
        return [line, (who, room, "!yes")] if self._dice.chance(0.5) else [line]

    def _confirm(self, who: str) -> list[Line]:
        """By code or by word, sometimes twice, seldom without a card."""
        codes = self._homeserver.codes[who]
        room = DINNER if self._dice.chance(0.5) else direct(who)
        if not codes and self._dice.chance(0.9):
            return self._pay(who)
        if codes and self._dice.chance(0.8):
            lines = [(who, room, f"!confirm {codes.pop()}")]
        else:
            lines = [(who, room, "!yes")]
        return lines * 2 if self._dice.chance(0.25) else lines

    def _cancel(self, who: str) -> list[Line]:
        return [(who, DINNER, "!cancel" if self._dice.chance(0.4) else f"!cancel {self._id()}")]

    def _request(self, who: str) -> list[Line]:
        return [(who, DINNER, f"!request {self._other(who)} {self._amount()} taxi")]

    def _answer_request(self, who: str) -> list[Line]:
        which = "" if self._dice.chance(0.5) else f" {self._id()}"
        if self._dice.chance(0.7):
            return self._and_confirm(who, (who, DINNER, f"!accept{which}"))
        return [(who, DINNER, f"!decline{which}")]

    def _claim(self, who: str) -> list[Line]:
        if self._dice.chance(0.6):
            return [(CAROL, direct(CAROL), "!claim")]
        return [(who, DINNER, f"!return {self._id()}")]

    def _refund(self, who: str) -> list[Line]:
        """All or a part, sometimes twice at once, seldom of what they never got."""
        got = self._homeserver.got
        paid = [one for one in EVERYONE if got[one]]
        if not paid and self._dice.chance(0.8):
            return self._pay(who)
        who = self._dice.one_of(paid) if paid and self._dice.chance(0.9) else who
        which = self._dice.one_of(got[who][-4:]) if got[who] and self._dice.chance(0.9) else self._id()
        how_much = "" if self._dice.chance(0.5) else f" {self._amount()}"
        line = (who, DINNER, f"!refund {which}{how_much}")
        confirmed = [line, (who, DINNER, "!yes")]
        if self._dice.chance(0.25):
            return [line, *confirmed, *confirmed]
        return confirmed if self._dice.chance(0.7) else [line]

    def _topup(self, who: str) -> list[Line]:
        return self._and_confirm(who, (who, direct(who), f"!topup {self._amount()}"))

    def _cashout(self, who: str) -> list[Line]:
        who = self._dice.one_of((ALICE, BOB, who))
        how_much = "all" if self._dice.chance(0.3) else self._amount()
        return self._and_confirm(who, (who, direct(who), f"!cashout {how_much}"))

    def _link(self, who: str) -> list[Line]:
        if who != CAROL and self._dice.chance(0.8):
            who = CAROL
        code = "1234" if self._dice.chance(0.8) else "0000"
        return [
            (who, direct(who), "!link bank DE89370400440532013000"),
            (who, direct(who), f"!link verify {code}"),
        ]

    def _look(self, who: str) -> list[Line]:
        return [
            (who, direct(who), self._dice.one_of(("!balance", "!history", "!status", "!help", "!lang zh")))
        ]

    def _garbage(self, who: str) -> list[Line]:
        return [(who, DINNER, self._dice.one_of(GARBAGE))]


def _pills(words: str) -> tuple[Pill, ...]:
    return tuple(Pill(word, word) for word in words.split() if word in EVERYONE)
