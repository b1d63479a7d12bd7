"""The judge of a run: from what was typed, said and booked, what was lost, doubled or wrong."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.chaos.facts import FINAL, FROM_BALANCE, NOT_APPROVED, About, Effect, Entry, Heard, Said, Typed

POINTER = "I have written to you in our direct message."
TOO_LATE = "That reached me too late"
UNREADABLE = "I could not read that message"
OWN_MONEY = frozenset({"topup", "cashout"})


@dataclass(frozen=True, slots=True)
class Run:
    """All that is known at the end; `chats` are the direct rooms by person, balances in minor units."""

    typed: Sequence[Typed]
    said: Sequence[Said]
    chats: Mapping[str, str]
    statements: Mapping[str, Sequence[Entry]] = field(default_factory=dict)
    balances: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is not as it should be, a line each; `expired` counts commands that ended in a notice."""

    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    wrong: tuple[str, ...]
    expired: int

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.wrong)


def judge(run: Run) -> Verdict:
    """Everything that a run shows, short of the audit."""
    heard = Heard(run.said)
    notices = _notices(run, heard)
    judged = _Judged(run, heard)
    judged.commands(notices)
    judged.private_answers()
    return Verdict(
        lost=(*judged.lost, *_unfinished(heard)),
        doubled=(*judged.doubled, *_said_twice(heard)),
        wrong=(*_unread(heard), *_out_of_order(heard)),
        expired=judged.expired,
    )


def judge_books(run: Run) -> Verdict:
    """What the bank's statements and the balances told say against the messages."""
    heard = Heard(run.said)
    lost, doubled, wrong = [], [], []
    for payment, about in _transfers(heard):
        entries = [e.minor for e in run.statements.get(about.payer, ()) if payment in e.text.split()]
        expected = _expected_entries(heard, payment, about)
        if len(entries) > len(expected):
            doubled.append(f"bank: {payment} ({about.state}) booked {entries}, not {expected}")
        elif len(entries) < len(expected):
            lost.append(f"bank: {payment} ({about.state}) booked {entries}, not {expected}")
        elif entries != expected:
            wrong.append(f"bank: {payment} ({about.state}) booked {entries}, not {expected}")
    wrong += _unknown_entries(run, heard) + _balances(run, heard)
    return Verdict(tuple(lost), tuple(doubled), tuple(wrong), 0)


def approved(heard: Heard) -> list[About]:
    """The transfers that were approved, as they were told last."""
    return [about for _, about in _transfers(heard) if about.state not in NOT_APPROVED]


class _Judged:
    """The match of commands with what came of them."""

    def __init__(self, run: Run, heard: Heard) -> None:
        self._run = run
        self._heard = heard
        self.lost: list[str] = []
        self.doubled: list[str] = []
        self.expired = 0
        self._private = Counter[str]()

    def commands(self, notices: set[tuple[str, str]]) -> None:
        """Each ends in one reply or one effect. A `!yes` approves whatever card was open."""
        silent: defaultdict[tuple[Effect, str], list[Typed]] = defaultdict(list)
        agreed: defaultdict[str, list[Typed]] = defaultdict(list)
        for typed in self._run.typed:
            if self._replied(typed):
                continue
            if typed.verb == "yes":
                agreed[typed.who].append(typed)
            elif typed.effect is not None:
                silent[typed.effect, typed.subject].append(typed)
            elif typed.expects:
                self._unanswered([typed], notices)
        by_yes = self._effects(silent, notices)
        for who in dict.fromkeys([*agreed, *by_yes]):
            self._unanswered(agreed[who][by_yes[who] :], notices)
            if by_yes[who] > len(agreed[who]):
                self.doubled.append(f"{who}: {by_yes[who]} approved by {len(agreed[who])} of `!yes`")

    def _effects(
        self, silent: Mapping[tuple[Effect, str], Sequence[Typed]], notices: set[tuple[str, str]]
    ) -> Counter[str]:
        """Match commands with effects; returns by person how many approvals only a `!yes` explains."""
        by_yes: Counter[str] = Counter()
        for effect, subject in dict.fromkeys([*silent, *self._heard.effects]):
            waiting = silent.get((effect, subject), ())
            done = self._heard.effects.get((effect, subject), set())
            self._unanswered(waiting[len(done) :], notices)
            if effect is Effect.APPROVED and len(done) > len(waiting):
                by_yes[self._heard.last(subject).payer] += 1
            elif len(done) > len(waiting):
                self.doubled.append(
                    f"{effect.value} {subject!r}: {len(done)} effects ({', '.join(sorted(done))})"
                    f" of {len(waiting)} commands without a reply"
                )
        return by_yes

    def private_answers(self) -> None:
        """What was told in direct messages, without naming what it answers."""
        for who, chat in self._run.chats.items():
            told = sum(
                said.room == chat
                and said.reply_to is None
                and said.about is None
                and TOO_LATE not in said.body
                for said in self._heard.said.values()
            )
            expected = self._private[who]
            if told > expected:
                self.doubled.append(f"{who}: {told} private answers to {expected} commands")
            elif told < expected:
                self.lost.append(f"{who}: {told} private answers to {expected} commands")

    def _replied(self, typed: Typed) -> bool:
        """Whether it has ended in a reply. A mere pointer to a card in the direct message is none."""
        replies = self._heard.replies.get(typed.event, [])
        if len(replies) > 1 or (replies and not typed.expects):
            self.doubled.append(f"{len(replies)} replies to {_line(typed)}: {[one.body for one in replies]}")
        card_elsewhere = typed.verb in OWN_MONEY and not typed.in_chat
        if card_elsewhere and all(one.body == POINTER for one in replies):
            if not replies and self._heard.has_answered(typed):
                self.lost.append(f"no pointer to the card of {_line(typed)}")
            return False
        if any(one.body.endswith(POINTER) for one in replies):
            self._private[typed.who] += 1
        return bool(replies)

    def _unanswered(self, waiting: Iterable[Typed], notices: set[tuple[str, str]]) -> None:
        for typed in waiting:
            if (typed.who, typed.room) in notices:
                self.expired += 1
            else:
                self.lost.append(f"nothing came of {_line(typed)}")


def _line(typed: Typed) -> str:
    return f"{typed.who} {typed.line!r} {typed.event}"


def _notices(run: Run, heard: Heard) -> set[tuple[str, str]]:
    """Who was told where that something came too late; one notice covers an hour of old commands."""
    bodies = [(said.room, said.body) for said in heard.said.values() if TOO_LATE in said.body]
    return {
        (typed.who, typed.room)
        for typed in run.typed
        for room, body in bodies
        if room == typed.room and typed.line in body
    }


def _transfers(heard: Heard) -> list[tuple[str, About]]:
    last = {payment: heard.last(payment) for payment in heard.payments}
    return [(payment, about) for payment, about in last.items() if about.kind != "request"]


def _unfinished(heard: Heard) -> Iterator[str]:
    for payment, about in _transfers(heard):
        if about.state not in FINAL | {"awaiting_approval"}:
            yield f"{payment} is still {about.state}"


def _said_twice(heard: Heard) -> Iterator[str]:
    for payment, told in _by_room(heard):
        words = Counter((about.state, said.body) for said, about in told)
        for (state, body), count in words.items():
            if count > 1:
                yield f"{payment}: {state} said {count} times: {body!r}"
        receipts = [said for said, about in told if about.state == "settled"]
        if len(receipts) > 1:
            yield f"{payment}: {len(receipts)} receipts"
        # A refusal's reason is a message of its own; all else is one message that is edited.
        first = [said.body for said, about in told if said.replaces is None and about.state != "refused"]
        if len(first) > 1:
            yield f"{payment}: {len(first)} messages instead of one: {first}"


def _by_room(heard: Heard) -> Iterator[tuple[str, list[tuple[Said, About]]]]:
    """What was said about each payment in each room: payers see in their own what a room must not."""
    for payment, told in heard.payments.items():
        rooms: defaultdict[str, list[tuple[Said, About]]] = defaultdict(list)
        for said in told:
            if said.about is not None:
                rooms[said.room].append((said, said.about))
        for there in rooms.values():
            yield payment, there


def _unread(heard: Heard) -> Iterator[str]:
    for said in heard.said.values():
        if UNREADABLE in said.body:
            yield f"the bot could not read {said.reply_to}"


def _out_of_order(heard: Heard) -> Iterator[str]:
    for payment, told in _by_room(heard):
        states = [about.state for _, about in told if about.kind != "request"]
        ended = [place for place, state in enumerate(states) if state in FINAL]
        if ended and any(state not in FINAL for state in states[ended[0] :]):
            yield f"{payment}: news out of order: {states}"


def _expected_entries(heard: Heard, payment: str, about: About) -> list[int]:
    if about.state != "settled":
        return []
    if about.kind == "cashout":
        return [about.minor]
    from_balance = any(
        FROM_BALANCE in said.body and said.about is not None and said.about.state == "awaiting_approval"
        for said in heard.payments[payment]
    )
    return [] if from_balance else [-about.minor]


def _unknown_entries(run: Run, heard: Heard) -> list[str]:
    known = {payment for payment, _ in _transfers(heard)}
    return [
        f"bank: {who} has an entry of no payment: {entry}"
        for who, entries in run.statements.items()
        for entry in entries
        if not known & set(entry.text.split())
    ]


def _balances(run: Run, heard: Heard) -> list[str]:
    expected: Counter[str] = Counter()
    for payment, about in _transfers(heard):
        if about.state != "settled":
            continue
        if about.kind == "cashout":
            expected[about.payer] -= about.minor
            continue
        expected[about.payee] += about.minor
        if not _expected_entries(heard, payment, about):
            expected[about.payer] -= about.minor
    return [
        f"{who} was told a balance of {told}, the receipts come to {expected[who]}"
        for who, told in run.balances.items()
        if told != expected[who]
    ]
