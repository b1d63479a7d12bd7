"""Compares what people typed, the bot's books and the bank's own: what was lost, doubled or left hanging."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paybridge.storage.audit import audit
from tests.crashes.homeserver import TYPED

if TYPE_CHECKING:
    from tests.crashes.world import World

FINAL = {"settled", "refused"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Counts, and each fault in one line."""

    payments: int
    refused: int
    at_the_bank: int
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    wrong: tuple[str, ...]

    @property
    def faults(self) -> tuple[str, ...]:
        return (*self.lost, *self.doubled, *self.wrong)


def judge(world: World) -> Verdict:
    """Everything must be done: the bot has lived until nothing was left."""
    typed = [json.loads(line) for line in (world.folder / TYPED).read_text("utf-8").splitlines()]
    done = {event for (event,) in world.books("SELECT event FROM letter WHERE done = 1")}
    lost = [
        f"{event['event']} was never handled: {event['body']}"
        for event in typed
        if event["event"] not in done
    ]

    made = Counter(event for (event,) in world.books("SELECT event FROM origin"))
    doubled = [f"{event} made {count} payments" for event, count in made.items() if count > 1]

    replies = {row[0] for row in world.books("SELECT id FROM post WHERE id LIKE '%/reply'")}
    sent = Counter(line["transaction"] for line in world.said())
    posts = world.books("SELECT id, state, event FROM post")
    lost += [f"post {post} is {state}" for post, state, _ in posts if state != "sent"]
    events = Counter(event for _, _, event in posts)
    lost += [f"{event} was never sent" for event in events if event.removeprefix("$") not in sent]
    lost += [
        f"{event['event']} has neither effect nor answer: {event['body']}"
        for event in typed
        if event["body"].startswith(("!pay", "!topup", "!cashout"))
        and event["event"] not in made
        and f"{event['event']}/reply" not in replies
    ]

    ((linked,),) = world.books("SELECT count(*) FROM link WHERE state = 'verified'")
    if linked != len(world.people):
        lost.append(f"{linked} of {len(world.people)} people have a linked account")

    transfers = world.books("SELECT id, kind, state, payer, payee, amount, source FROM transfer")
    wrong = [f"payment {one} is {state}" for one, _, state, *_ in transfers if state not in FINAL]
    legs, at_bank = _legs(world, lost, doubled, wrong)
    wrong += _balances(world, transfers)
    ((held,),) = world.books("SELECT coalesce(sum(balance), 0) FROM account WHERE kind = 'held'")
    if held:
        wrong.append(f"{held} is still held")
    ((clearing,),) = world.books("SELECT coalesce(sum(balance), 0) FROM account WHERE kind = 'rail_clearing'")
    if -int(clearing) != at_bank:
        wrong.append(f"the books say that the bank holds {-int(clearing)}, the bank {at_bank}")
    wrong += audit(world.url).problems
    refused = sum(state == "refused" for _, _, state, *_ in transfers)
    return Verdict(len(transfers), refused, legs, tuple(lost), tuple(doubled), tuple(wrong))


def _legs(world: World, lost: list[str], doubled: list[str], wrong: list[str]) -> tuple[int, int]:
    """Each settled leg is exactly one movement at the bank, of its amount; each refused one is none."""
    moved: dict[str, list[int]] = {}
    sign = {"collect": 1, "payout": -1}
    for reference, direction, amount in world.bank(
        "SELECT payment.reference, payment.direction, movement.amount FROM movement"
        " JOIN payment ON payment.id = movement.payment WHERE movement.kind = 'payment'"
        # What passes through the account of things in transit moves twice; it leaves a customer once.
        " AND (SELECT kind FROM account WHERE id = CASE payment.direction WHEN 'collect' THEN movement.source"
        " ELSE movement.destination END) = 'customer'"
    ):
        moved.setdefault(reference, []).append(sign[direction] * int(amount))
    legs = world.books("SELECT id, kind, state, amount FROM leg WHERE kind IN ('collect', 'payout')")
    for leg, kind, state, amount in legs:
        at_bank = moved.pop(leg, [])
        if len(at_bank) > 1:
            doubled.append(f"leg {leg} moved {len(at_bank)} times at the bank")
        elif state == "settled" and at_bank != [sign[kind] * amount]:
            lost.append(f"leg {leg} is settled, the bank moved {at_bank}")
        elif state != "settled" and at_bank:
            lost.append(f"leg {leg} is {state}, the bank moved {at_bank}")
    wrong += [f"the bank moved {reference}, which the books do not know" for reference in moved]
    settled = sum(sign[kind] * amount for _, kind, state, amount in legs if state == "settled")
    return sum(state == "settled" for _, _, state, _ in legs), settled


def _balances(world: World, transfers: list[tuple[object, ...]]) -> list[str]:
    """What each person must have by the payments that settled, beside what the ledger says."""
    due: Counter[object] = Counter()
    for _, kind, state, payer, payee, amount, source in transfers:
        if state != "settled":
            continue
        assert isinstance(amount, int)
        if kind == "cashout" or (kind == "pay" and source is None):
            due[payer] -= amount
        if kind == "pay":
            due[payee] += amount
        elif kind == "topup":
            due[payer] += amount
    have = Counter(dict(world.books("SELECT owner, balance FROM account WHERE kind = 'person'")))
    return [
        f"{person} has {have[person]}, the payments come to {due[person]}"
        for person in {*due, *have}
        if due[person] != have[person]
    ]
