"""The judge itself: each fault that is planted in a faultless record is found, and named as what it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.chaos.facts import About, Entry, Said, Typed, own_money, read
from tests.chaos.judge import POINTER, Run, judge, judge_books
from tests.chaos.party import balance_in

ANNA, BORIS = "@anna:demo.local", "@boris:demo.local"
ROOM, CHAT, BORIS_CHAT = "!room:demo.local", "!chat:demo.local", "!other:demo.local"
CODE = "7Q4F"


def typed(event: str, line: str, subject: str = "", room: str = ROOM, who: str = ANNA) -> Typed:
    verb = line.split(maxsplit=1)[0].lstrip("!") if line.startswith("!") else "chat"
    return Typed(event, who, room, line, verb, subject, in_chat=room in {CHAT, BORIS_CHAT})


def about(payment: str, state: str, kind: str = "pay", payee: str = BORIS, minor: int = 1250) -> About:
    return About(payment, kind, state, ANNA, payee, minor, CODE, 0)


def told(event: str, body: str, what: About, *, edits: str | None = None, room: str = ROOM) -> Said:
    return Said(event, room, body, replaces=edits, about=what)


PAID = (
    told("$card", "12.50 EUR to Boris for “item1” from your bank", about("PB-AAAAA", "awaiting_approval")),
    told("$way", "12.50 EUR is on its way.", about("PB-AAAAA", "under_way"), edits="$card"),
    told("$receipt", "Anna paid Boris 12.50 EUR for “item1”", about("PB-AAAAA", "settled"), edits="$card"),
)
OWED = (
    told("$ask", "Boris asks Anna for “loan2”", about("PB-RRRRR", "open", "request", minor=300)),
    told(
        "$card2",
        "3.00 EUR to Boris for “loan2” from your PayBridge balance",
        about("PB-BBBBB", "awaiting_approval", minor=300),
    ),
    told(
        "$receipt2",
        "Anna paid Boris 3.00 EUR for “loan2”",
        about("PB-BBBBB", "settled", minor=300),
        edits="$card2",
    ),
)
TOPPED_UP = (
    told(
        "$card3",
        "Top up with 30.03 EUR",
        about("PB-CCCCC", "awaiting_approval", "topup", ANNA, 3003),
        room=CHAT,
    ),
    told(
        "$receipt3",
        "30.03 EUR is here",
        about("PB-CCCCC", "settled", "topup", ANNA, 3003),
        edits="$card3",
        room=CHAT,
    ),
)
REPLIES = (
    Said("$pointer1", ROOM, POINTER, reply_to="$topup"),
    Said("$pointer2", ROOM, POINTER, reply_to="$balance"),
    Said("$told", CHAT, "Your PayBridge balance: 27.03 EUR"),
    Said("$what", ROOM, "I do not know “!pays”.", reply_to="$pays"),
)
FAULTLESS = Run(
    typed=(
        typed("$pay", "!pay Boris 12.50 EUR for item1", "item1"),
        typed("$confirm", f"!confirm {CODE}", "PB-AAAAA"),
        typed("$request", "!request Anna 3 EUR for loan2", "loan2", who=BORIS),
        typed("$accept", "!accept PB-RRRRR", "loan2"),
        typed("$yes", "!yes"),
        typed("$topup", "!topup 30.03 EUR", own_money("topup", ANNA, 3003)),
        typed("$confirm3", f"!confirm {CODE}", "PB-CCCCC", CHAT),
        typed("$balance", "!balance"),
        typed("$pays", "!pays 3 EUR"),
        typed("$lunch", "lunch?"),
    ),
    said=(*PAID, *OWED, *TOPPED_UP, *REPLIES),
    chats={ANNA: CHAT, BORIS: BORIS_CHAT},
    statements={ANNA: (Entry(-3003, "PayBridge PB-CCCCC"), Entry(-1250, "PayBridge PB-AAAAA")), BORIS: ()},
    balances={ANNA: 2703, BORIS: 1550},
)


def without(*events: str) -> Run:
    return replace(FAULTLESS, said=tuple(said for said in FAULTLESS.said if said.event not in events))


def with_more(*said: Said) -> Run:
    return replace(FAULTLESS, said=(*FAULTLESS.said, *said))


def again(event: str, **other: object) -> Said:
    """What was said once more, as an event of its own."""
    first = next(said for said in FAULTLESS.said if said.event == event)
    return replace(first, event=f"{event}-again", **other)  # type: ignore[arg-type]  # fields of Said, by name


def test_a_faultless_record_is_clean() -> None:
    assert judge(FAULTLESS).clean
    assert judge_books(FAULTLESS).clean


@pytest.mark.parametrize(
    "events",
    [
        pytest.param(("$card", "$way", "$receipt"), id="a command without a card"),
        pytest.param(("$way", "$receipt"), id="a confirmation without effect"),
        pytest.param(("$receipt",), id="a payment that never ended"),
        pytest.param(("$card2", "$receipt2"), id="a request that was accepted in vain"),
        pytest.param(("$receipt2",), id="a yes without effect"),
        pytest.param(("$ask",), id="a request that nobody heard of"),
        pytest.param(("$pointer1",), id="no word in the room about a card elsewhere"),
        pytest.param(("$card3", "$receipt3"), id="a word about a card that never came"),
        pytest.param(("$pointer2", "$told"), id="a question without an answer"),
        pytest.param(("$told",), id="a word about an answer that never came"),
        pytest.param(("$what",), id="nonsense that nobody refused"),
    ],
)
def test_what_was_never_said_is_found_lost(events: tuple[str, ...]) -> None:
    assert judge(without(*events)).lost
    assert not judge(without(*events)).doubled


@pytest.mark.parametrize(
    "extra",
    [
        pytest.param(again("$what"), id="a reply twice"),
        pytest.param(again("$pointer1"), id="a pointer twice"),
        pytest.param(again("$told"), id="a private answer twice"),
        pytest.param(again("$card"), id="a card twice"),
        pytest.param(again("$card", about=about("PB-DDDDD", "awaiting_approval")), id="a command run twice"),
        pytest.param(again("$ask", about=about("PB-SSSSS", "open", "request")), id="a request made twice"),
        pytest.param(again("$way"), id="an edit twice"),
        pytest.param(again("$receipt", body="Anna paid Boris (again)"), id="two receipts in other words"),
        pytest.param(
            again("$receipt", replaces=None, about=about("PB-AAAAA", "under_way")), id="a new message"
        ),
        pytest.param(Said("$refusal", ROOM, "Nothing was sent.", reply_to="$pay"), id="effect and refusal"),
        pytest.param(Said("$hello", ROOM, "Hello!", reply_to="$lunch"), id="an answer to no command"),
        pytest.param(
            told("$own", "2.00 EUR", about("PB-EEEEE", "settled"), edits="$x"), id="approved by nobody"
        ),
    ],
)
def test_what_was_said_twice_is_found_doubled(extra: Said) -> None:
    assert judge(with_more(extra)).doubled


def test_the_same_event_seen_by_two_people_is_one() -> None:
    assert judge(with_more(*FAULTLESS.said)).clean


def test_a_message_that_the_bot_could_not_read_is_a_fault_although_it_says_so() -> None:
    sorry = "I could not read that message: your client did not share its key with me."
    run = replace(without("$what"), said=(*without("$what").said, Said("$no", ROOM, sorry, reply_to="$pays")))

    assert judge(run).wrong
    assert not judge(run).lost


def test_an_expiry_notice_ends_every_command_of_that_person_in_that_room() -> None:
    notice = Said("$late", ROOM, "That reached me too late, so nothing was done.\n!pays 3 EUR")
    late = replace(FAULTLESS, typed=(*FAULTLESS.typed, typed("$pays2", "!pays 3 EUR")))
    run = replace(late, said=tuple(said for said in (*late.said, notice) if said.event != "$what"))

    assert judge(run).clean
    assert judge(run).expired == 2


def test_a_room_that_hides_amounts_shows_the_payer_more_in_their_own_and_that_is_no_double() -> None:
    hidden = replace(again("$receipt", body="Anna paid Boris"), about=about("PB-AAAAA", "settled", minor=0))
    own = again("$receipt", room=CHAT, replaces=None)
    said = tuple(hidden if said.event == "$receipt" else said for said in FAULTLESS.said)
    run = replace(FAULTLESS, said=(*said, own))

    assert judge(run).clean
    assert judge_books(run).clean


def test_news_out_of_order_is_found() -> None:
    card, way, receipt = PAID

    assert judge(replace(FAULTLESS, said=(card, receipt, way, *OWED, *TOPPED_UP, *REPLIES))).wrong


@pytest.mark.parametrize(
    ("entries", "fault"),
    [
        pytest.param((Entry(-1250, "PB-AAAAA"),), "lost", id="a debit is missing"),
        pytest.param(
            (Entry(-3003, "PB-CCCCC"), Entry(-1250, "PB-AAAAA"), Entry(-1250, "PB-AAAAA")),
            "doubled",
            id="two",
        ),
        pytest.param(
            (Entry(-3003, "PB-CCCCC"), Entry(-1250, "PB-AAAAA"), Entry(-300, "PB-BBBBB")),
            "doubled",
            id="a debit for what the balance paid",
        ),
        pytest.param((Entry(-3003, "PB-CCCCC"), Entry(-1251, "PB-AAAAA")), "wrong", id="a cent too much"),
        pytest.param(
            (Entry(-3003, "PB-CCCCC"), Entry(-1250, "PB-AAAAA"), Entry(-1, "PB-ZZZZZ")),
            "wrong",
            id="a debit of no payment",
        ),
    ],
)
def test_a_statement_that_does_not_fit_the_receipts_is_found(entries: tuple[Entry, ...], fault: str) -> None:
    verdict = judge_books(replace(FAULTLESS, statements={ANNA: entries, BORIS: ()}))

    assert getattr(verdict, fault)


@pytest.mark.parametrize(
    ("words", "minor"),
    [
        ("Your PayBridge balance: 27.03 EUR", 2703),
        ("Your PayBridge balance: 1,586.71 EUR", 158671),
        ("Your PayBridge balance is empty.", None),
    ],
)
def test_a_balance_is_read_as_people_read_it(words: str, minor: int | None) -> None:
    assert balance_in(words) == minor


def test_a_balance_that_does_not_fit_the_receipts_is_found() -> None:
    assert judge_books(replace(FAULTLESS, balances={ANNA: 2702, BORIS: 1550})).wrong


def test_an_edit_says_what_it_makes_of_the_message() -> None:
    content = {
        "body": "* paid",
        "m.new_content": {"body": "paid for “item1”", "org.paybridge.payment": {"id": "PB-AAAAA"} | TERMS},
        "m.relates_to": {"rel_type": "m.replace", "event_id": "$card"},
    }
    said = read({"event_id": "$edit", "content": content}, ROOM)

    assert (said.body, said.replaces, said.reply_to) == ("paid for “item1”", "$card", None)
    assert said.about == About("PB-AAAAA", "pay", "settled", ANNA, BORIS, 1250, "", 7)


TERMS = {
    "kind": "pay",
    "state": "settled",
    "payer": ANNA,
    "payee": BORIS,
    "expires_ts": 7,
    "amount": {"value": "12.50", "currency": "EUR"},
    "fee": {"value": "0.00", "currency": "EUR"},
}
