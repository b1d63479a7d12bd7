"""What people do in the crash tests beside paying: orders, invoices, a trip, what repeats; and its judge.

The first of them has a shop and a membership to offer, the fourth writes down what a trip costs, the last
but one pays by a repeat, and the last is a member.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

import pyotp

from paybridge.domain.rhythm import Rhythm, Unit
from tests.crashes.homeserver import direct

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from random import Random

    from tests.crashes.world import World

STOCK: Final[Mapping[int, int]] = {50: 500, 75: 12}
"""So many pieces of each thing there are at first, by its price in cents: one of them sells out."""
REPEATED, DUES = 321, 432
"""Cents that nobody types by hand."""
MOST_EXPENSES: Final = 50
_SECRET: Final = re.compile(r"secret=([A-Z2-7]+)")
_STEP: Final = timedelta(seconds=30)
_TRIES: Final = 5


class NotBegunError(Exception):
    """What the tests are about did not even begin."""


def open_all(world: World) -> None:
    """The shop, the trip, and the two who approve what repeats, with their authenticators."""
    keeper, traveller, (payer, member) = world.people[0], world.people[3], world.people[-2:]
    latte, cake = STOCK.values()
    world.type(
        [
            (keeper, '!shop open "Corner" address "Main Street 1, 10115 Berlin"'),
            (keeper, f'!item add "Latte" 0.50 EUR stock {latte}'),
            (keeper, f'!item add "Cake" 0.75 EUR stock {cake}'),
            (keeper, '!membership new "Club" 4.32 EUR monthly'),
            (keeper, f"!trip start Rome EUR {traveller}"),
            (member, "!topup 100 EUR"),
            (member, "!yes"),
            (payer, "!mfa on"),
            (member, "!mfa on"),
        ]
    )
    world.finish()
    phones = {
        who: pyotp.TOTP(secret[1])
        for who in (payer, member)
        for line in world.said()
        if line["room"] == direct(who) and (secret := _SECRET.search(line["body"] or ""))
    }
    _until(world, "SELECT count(*) FROM factor WHERE state = 'active'", phones, "!mfa on", _STEP)
    world.type([(payer, f"!repeat {keeper} 3.21 EUR weekly"), (member, '!membership join "Club"')])
    world.finish()
    _until(world, "SELECT count(*) FROM repeat WHERE state = 'active'", phones, "!yes", timedelta())


def _until(
    world: World, question: str, phones: Mapping[str, pyotp.TOTP], verb: str, before: timedelta
) -> None:
    """Both type a code, of the step `before` this one, until the books say that both were right.

    A code may be of a step too long ago once it is read.
    """
    for _ in range(_TRIES):
        at = datetime.now(UTC) - before
        world.type([(who, f"{verb} {phone.at(at)}") for who, phone in phones.items()])
        world.finish()
        if world.books(question) == [(len(phones),)]:
            return
    raise NotBegunError(f"{verb}: {world.books(question)}")


def come_due(world: World) -> None:
    """The day of everything that repeats has come, and its notice is over: the books are told so."""
    now = _microseconds(datetime.now(UTC))
    told = _microseconds(datetime.now(UTC) - timedelta(days=2))
    world.alter(
        f"UPDATE repeat SET act = {now}, told = {told}, version = version + 1"  # noqa: S608 - numbers
        " WHERE state = 'active' AND transfer IS NULL"
    )


def order(chance: Random) -> str:
    """A basket: mostly of what is always there, sometimes of what sells out."""
    return chance.choice(("!order 1 latte", "!order 2 latte", "!order 1 latte, 1 cake", "!order 1 cake"))


def pays_by_hand(world: World, who: str) -> bool:
    """Whether this person types a payment this time: not who has a factor, nor who accepts an invoice."""
    return who not in {*world.people[-2:], _accepts(world)}


def beside(world: World) -> list[tuple[str, str]]:
    """What some people type besides: an invoice, which is accepted the next time, and an expense."""
    keeper, traveller, buyer = world.people[0], world.people[3], _accepts(world)
    return [
        (keeper, f'!invoice {_invoiced(world, world.rounds)} "2x Latte 0.50"'),
        (traveller, "!trip add 1.10 EUR snack"),
        *((buyer, line) for line in ("!accept", "!yes") if world.rounds),
    ]


def _accepts(world: World) -> str:
    return _invoiced(world, world.rounds - 1)


def _invoiced(world: World, number: int) -> str:
    buyers = world.people[4:-2]
    return buyers[number % len(buyers)]


def finish(world: World) -> None:
    """One more day of everything that repeats; then live until nothing of it is due or under way.

    Whoever was refused what they wanted to confirm, because it is sold out or the bank was away, still has
    that card, and cancels it.
    """
    come_due(world)
    left = world.books(
        "SELECT payer_mxid, coalesce(bundle, id) FROM transfer WHERE state = 'awaiting_approval'"
    )
    world.type([(who, f"!cancel {card}") for who, card in sorted(set(left))])
    world.finish()
    for _ in range(_TRIES):
        now = _microseconds(datetime.now(UTC))
        waiting = world.books(
            f"SELECT id FROM repeat WHERE act <= {now} OR transfer IS NOT NULL"  # noqa: S608 - a number
        ) + world.books("SELECT id FROM post WHERE state = 'waiting'")
        if not waiting:
            return
        world.finish()


def judge_errands(
    world: World, typed: Sequence[Mapping[str, str]], lost: list[str], doubled: list[str], wrong: list[str]
) -> str:
    """Adds what is lost, doubled or wrong, and tells how much there was."""
    sold = _judge_stock(world, wrong)
    numbers = world.books(
        "SELECT number FROM invoice UNION ALL SELECT number FROM sale WHERE number IS NOT NULL ORDER BY 1"
    )
    if [number for (number,) in numbers] != list(range(1, len(numbers) + 1)):
        wrong.append(f"invoices are numbered {numbers}")
    ((expenses,),) = world.books("SELECT count(*) FROM expense")
    added = sum(event["body"].startswith("!trip add") for event in typed)
    if expenses != min(added, MOST_EXPENSES):
        (lost if expenses < added else doubled).append(f"{added} expenses were typed, {expenses} are kept")
    ((due,),) = world.books(
        "SELECT coalesce(sum(transfer.amount), 0) FROM invoice JOIN request ON request.id = invoice.id"
        " JOIN transfer ON transfer.request = request.id WHERE transfer.state = 'settled'"
    )
    ((paid,),) = world.books("SELECT coalesce(sum(paid), 0) FROM request JOIN invoice USING (id)")
    if due != paid:
        wrong.append(f"invoices are paid {paid}, their payments come to {due}")
    lost += _unheard(world, typed)
    periods = _judge_repeats(world, lost, doubled, wrong)
    return f"{sold} pieces sold, {len(numbers)} invoices, {expenses} expenses, {periods} periods paid"


def _unheard(world: World, typed: Sequence[Mapping[str, str]]) -> list[str]:
    """Each approval that was typed carried out one card, or was told why not."""
    replies = {event for (event,) in world.books("SELECT id FROM post WHERE id LIKE '%/reply'")}
    said = [event for event in typed if event["body"] == "!yes" and event["sender"] not in world.people[-2:]]
    missing = Counter(event["sender"] for event in said if f"{event['event']}/reply" not in replies)
    cards = world.books(
        "SELECT DISTINCT payer_mxid, coalesce(bundle, id) FROM transfer WHERE state IN ('settled', 'refused')"
    )
    missing.subtract(payer for payer, _ in cards if payer not in world.people[-2:])
    return [f"{who} approved {count} cards to no effect" for who, count in missing.items() if count]


def _judge_stock(world: World, wrong: list[str]) -> int:
    """What is left and what was sold come to what there was; only what is paid for is taken."""
    taken: Counter[str] = Counter()
    for item, pieces, state, payment in world.books(
        "SELECT taking.item, taking.pieces, taking.state, transfer.state FROM taking"
        " JOIN sale ON sale.id = taking.sale JOIN transfer ON transfer.id = sale.id"
    ):
        if (state == "taken") != (payment == "settled"):
            wrong.append(f"{pieces} of {item} are {state}, their payment is {payment}")
        taken[item] += pieces * (state == "taken")
    for item, price, left in world.books("SELECT id, price, stock FROM item"):
        if left < 0 or left + taken[item] != STOCK[price]:
            wrong.append(f"of {STOCK[price]} at {price} cents, {taken[item]} are sold and {left} left")
    return taken.total()


def _judge_repeats(world: World, lost: list[str], doubled: list[str], wrong: list[str]) -> int:
    """Each period that a repeat has left behind was paid once, and no payment is for none."""
    paid = world.books(
        "SELECT repeat, day FROM instalment JOIN transfer ON transfer.id = instalment.transfer"
        " WHERE transfer.state = 'settled' ORDER BY number"
    )
    made = Counter(world.books("SELECT payer, amount FROM transfer WHERE state = 'settled'"))
    members = world.books("SELECT paid_until FROM member")
    total = 0
    for repeat, amount, number, club, payer, *rhythm in world.books(
        "SELECT id, amount, number, club, payer, unit, every, start, day FROM repeat WHERE state <> 'offered'"
    ):
        days = [day for of, day in paid if of == repeat]
        payments = made[payer, amount]
        total += len(days)
        day_at = _days(*rhythm)
        if payments > len(days):
            doubled.append(f"{repeat} has {len(days)} periods and {payments} payments")
        if days != [day_at(at).isoformat() for at in range(number)]:
            lost.append(f"{repeat} is at period {number}, paid are {days}")
        if club is not None and members != [(day_at(number).isoformat(),)]:
            wrong.append(f"{repeat} paid {number} periods, the member is paid until {members}")
    return total


def _days(unit: str, every: int, start: str, day: int) -> Callable[[int], date]:
    return Rhythm(Unit(unit), every, date.fromisoformat(start), day).day_at


def _microseconds(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)
