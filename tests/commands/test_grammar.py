"""What stands behind a verb is read as it was meant, or refused with the reason: whom, how much, what for."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paybridge.commands._corrections import fill_in
from paybridge.commands._grammar import (
    AmbiguousPayeeError,
    NameAndPillDifferError,
    Named,
    PayeeMissingError,
    ReplyAndPillDifferError,
    ReplyNotProvenError,
    SeveralPayeesError,
    UnknownPayeeError,
    read_account,
    read_amount_only,
    read_payment,
    read_refund,
    with_full_ids,
)
from paybridge.commands._verbs import read_verb, types_card_number
from paybridge.domain.amounts import AmbiguousAmountError, NoAmountError, WordAmountError
from paybridge.domain.errors import UserError
from paybridge.domain.factor import read_digits
from paybridge.domain.ids import read_code, read_payment_id
from paybridge.domain.money import Money
from paybridge.domain.policy_words import read_wish
from paybridge.domain.proof import HomeserverOnly
from paybridge.domain.spoken import Pill, Spoken

BOB, ANN, ANN_TOO, LI = "@bob:hs.org", "@ann:hs.org", "@ann:other.org", "@li:hs.org"
MEMBERS = {
    BOB: "Bob",
    ANN: "Ann Lee",
    ANN_TOO: "Ann Lee",
    LI: "小李",
    "@max:hs.org": "Max 2",
    "@x:hs.org": None,
}
BOB_PILL = Pill(BOB, "Bob")


def named(*pills: Pill, reply_to: str | None = None, is_reply: bool = False) -> Named:
    return Named(pills, is_reply or reply_to is not None, reply_to, MEMBERS)


def spoken(line: str, pills: list[Pill]) -> Spoken:
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    return Spoken(
        event="$1", room="!r:hs", sender="@anna:hs", proof=HomeserverOnly(), body=line, sent=noon, seen=noon,
        encrypted=True, direct=True, pills=tuple(pills),
    )  # fmt: skip


def euros(cents: int) -> Money:
    return Money(cents, "EUR")


@pytest.mark.parametrize(
    ("words", "cents", "note"),
    [
        ("Bob 12.50 EUR", 1250, ""),
        ("12.50 EUR Bob", 1250, ""),
        ("12,50 € Bob pizza", 1250, "pizza"),
        ("€12.50 Bob for pizza", 1250, "pizza"),
        ("bob 5 for 2 pizzas and 3 colas", 500, "2 pizzas and 3 colas"),
        ("5 EUR to Bob for pizza", 500, "pizza"),
        ("to Bob 5 EUR", 500, ""),
        ("Bob, 5 EUR", 500, ""),
        ("@bob 5 EUR", 500, ""),
        ("@bob, 5 EUR", 500, ""),
        ("5 @bob:hs.org", 500, ""),
        ("@bob:hs.org: 5 coffee", 500, "coffee"),
        ("3x12.50 EUR Bob", 3750, ""),
        ("Bob 5 EUR for", 500, ""),
        ("Bob 5 EUR to the bakery", 500, "the bakery"),
        ("给 Bob 5 EUR 披萨", 500, "披萨"),
        ("Bob 5元", 500, ""),
    ],
)
def test_payee_and_amount_stand_in_either_order(words: str, cents: int, note: str) -> None:
    read = read_payment(words, named(), "EUR" if "元" not in words else "CNY")

    assert read.payee == BOB
    assert read.amount.money.minor == cents
    assert read.note == note


def test_a_count_is_kept_beside_the_sum() -> None:
    amount = read_payment("@bob 3x12.50 EUR", named(), "EUR").amount

    assert (amount.times, amount.each, amount.money) == (3, euros(1250), euros(3750))


@pytest.mark.parametrize(
    "words",
    [
        "Bob 5 EUR tea",
        "Bob: 5 EUR tea",
        "@Bob 5 EUR tea",
        "@bob 5 EUR tea",
        "@bob:hs.org 5 EUR tea",
        "@bob:hs.org: 5 EUR tea",
        "[Bob](https://matrix.to/#/@bob:hs.org) 5 EUR tea",
        "https://matrix.to/#/@bob:hs.org 5 EUR tea",
        "5 EUR Bob tea",
        "5 EUR to Bob tea",
        "给Bob 5 EUR tea",
    ],
)
def test_a_mention_is_found_however_the_client_writes_it(words: str) -> None:
    read = read_payment(words, named(BOB_PILL), "EUR")

    assert (read.payee, read.amount.money, read.note) == (BOB, euros(500), "tea")


def test_a_mention_decides_where_a_name_could_not() -> None:
    read = read_payment("Ann Lee 5 EUR", named(Pill(ANN_TOO, "Ann Lee")), "EUR")

    assert read.payee == ANN_TOO


@pytest.mark.parametrize("name", ["5", "15", "EUR", "1", "5 EUR", "."])
def test_a_mention_that_looks_like_a_figure_cannot_change_the_amount(name: str) -> None:
    read = read_payment(f"15 EUR {name}", named(Pill(BOB, name)), "EUR")

    assert (read.payee, read.amount.money) == (BOB, euros(1500))


def test_a_mention_in_the_note_is_kept_as_words() -> None:
    pills = (BOB_PILL, *(Pill(f"@p{n}:hs.org", f"P{n}") for n in range(12)))
    words = "Bob 5 EUR for cake with " + " ".join(pill.text for pill in pills[1:])

    read = read_payment(words, named(*pills), "EUR")

    assert read.payee == BOB
    assert read.note == "cake with " + " ".join(pill.text for pill in pills[1:])


def test_a_mention_of_one_id_that_leads_to_another_is_refused() -> None:
    with pytest.raises(NameAndPillDifferError) as refused:
        read_payment("@ann:hs.org 5 EUR", named(Pill(BOB, ANN)), "EUR")

    assert refused.value.facts() == {"shown": ANN, "target": BOB}


@pytest.mark.parametrize(
    "words", ["Bob 5 EUR @li", "Bob 5 EUR to 小李", "5 EUR Bob @li:hs.org", "@bob @li 5 EUR"]
)
def test_two_payees_are_refused(words: str) -> None:
    with pytest.raises(SeveralPayeesError):
        read_payment(words, named(), "EUR")


def test_two_mentions_are_refused() -> None:
    with pytest.raises(SeveralPayeesError):
        read_payment("Bob 小李 5 EUR", named(BOB_PILL, Pill(LI, "小李")), "EUR")


@pytest.mark.parametrize(
    ("words", "note"),
    [("5 EUR", ""), ("5 EUR pizza", "pizza"), ("5 EUR for Bob", "Bob"), ("5 EUR Bob x", "x")],
)
def test_a_reply_names_the_payee(words: str, note: str) -> None:
    read = read_payment(words, named(reply_to=BOB), "EUR")

    assert (read.payee, read.note) == (BOB, note)


@pytest.mark.parametrize(
    "words", ["5 EUR 小李", "5 EUR to 小李", "小李 5 EUR", "@li 5 EUR", "5 EUR @li:hs.org tea"]
)
def test_a_reply_to_one_person_that_names_another_is_refused(words: str) -> None:
    with pytest.raises(ReplyAndPillDifferError) as refused:
        read_payment(words, named(reply_to=BOB), "EUR")

    assert refused.value.facts() == {"author": BOB, "typed": LI}


def test_a_reply_and_a_mention_of_its_author_agree() -> None:
    assert read_payment("Bob 5 EUR", named(BOB_PILL, reply_to=BOB), "EUR").payee == BOB


def test_a_reply_and_a_mention_of_somebody_else_are_refused() -> None:
    with pytest.raises(ReplyAndPillDifferError):
        read_payment("Bob 5 EUR", named(BOB_PILL, reply_to=LI), "EUR")


def test_a_reply_whose_author_is_not_proven_names_nobody() -> None:
    with pytest.raises(ReplyNotProvenError):
        read_payment("5 EUR pizza", named(is_reply=True), "EUR")

    assert read_payment("Bob 5 EUR", named(is_reply=True), "EUR").payee == BOB


@pytest.mark.parametrize("words", ["Ann Lee 5 EUR", "5 EUR ann lee", "@ann 5 EUR"])
def test_a_name_that_two_people_have_is_refused_with_both(words: str) -> None:
    with pytest.raises(AmbiguousPayeeError) as refused:
        read_payment(words, named(), "EUR")

    assert refused.value.candidates == (ANN, ANN_TOO)


@pytest.mark.parametrize("twin", ["Bob\u200b", "bob ", "\u202eBob", "BOB"])
def test_a_name_that_looks_the_same_is_the_same(twin: str) -> None:
    people = Named((), is_reply=False, reply_author=None, members={BOB: "Bob", "@eve:hs.org": twin})

    with pytest.raises(AmbiguousPayeeError):
        read_payment("Bob 5 EUR", people, "EUR")


@pytest.mark.parametrize("nameless", ["", "\u200b", " "])
def test_somebody_without_a_visible_name_is_not_paid_by_accident(nameless: str) -> None:
    people = Named((), is_reply=False, reply_author=None, members={"@eve:hs.org": nameless})

    with pytest.raises(UnknownPayeeError):
        read_payment(", 5 EUR", people, "EUR")


@pytest.mark.parametrize("name", ["for", "to", "for pizza"])
def test_nobody_is_paid_for_a_name_that_begins_a_note(name: str) -> None:
    people = Named((), is_reply=False, reply_author=None, members={"@eve:hs.org": name})

    with pytest.raises((UnknownPayeeError, PayeeMissingError)):
        read_payment("5 EUR for pizza", people, "EUR")


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("Carol 5 EUR", "Carol"),
        ("5 EUR Carol tea", "Carol"),
        ("hey Bob 5 EUR", "hey Bob"),
        ("@carol 5", "@carol"),
    ],
)
def test_a_name_that_nobody_has_is_refused_as_typed(words: str, shown: str) -> None:
    with pytest.raises(UnknownPayeeError) as refused:
        read_payment(words, named(BOB_PILL), "EUR")

    assert refused.value.facts() == {"typed": shown}


@pytest.mark.parametrize("words", ["5 EUR", "5 EUR to", "for 5 EUR"])
def test_nobody_named_is_said(words: str) -> None:
    with pytest.raises(PayeeMissingError):
        read_payment(words, named(), "EUR")


def test_a_character_that_stands_for_a_mention_cannot_be_typed() -> None:
    with pytest.raises(UserError):
        read_payment("\ue0000 5 EUR", named(BOB_PILL), "EUR")
    with pytest.raises(UserError):
        read_payment("\ue000 5 EUR", named(BOB_PILL), "EUR")

    assert read_payment("Bob 5 EUR \ue0001", named(BOB_PILL), "EUR").note == "1"


@pytest.mark.parametrize(
    ("words", "reason"),
    [("Bob pizza", NoAmountError), ("Bob all", WordAmountError), ("Bob 1.234 EUR", AmbiguousAmountError)],
)
def test_a_bad_amount_says_its_own_reason(words: str, reason: type[UserError]) -> None:
    with pytest.raises(reason):
        read_payment(words, named(), "EUR")


def test_an_amount_alone_is_read() -> None:
    assert read_amount_only("12,50 €", "EUR") == euros(1250)
    assert read_amount_only("50", "EUR") == euros(5000)


def test_an_example_is_filled_with_what_is_known() -> None:
    example = "!pay @bob:example.org 12.50 EUR for pizza"

    assert fill_in(example, payee=LI, amount=euros(700)) == f"!pay {LI} 7.00 EUR for pizza"
    assert fill_in(example, payee=None, amount=None) == example


SOME_WORDS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "Bob",
            "@bob",
            "@ann",
            BOB,
            "@:",
            "@",
            "to",
            "for",
            "给",
            "5",
            "EUR",
            "12,50",
            "€",
            "-",
            ":",
            "\ue0000",
            "3x",
        ]
    ),
)
SOME_PILLS = st.builds(
    Pill,
    st.sampled_from([BOB, LI, "@e:x"]),
    st.one_of(st.text(max_size=4), st.sampled_from(["Bob", "5", "@a:b"])),
)


LINES = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["!", "\uff01", "/", "! ", "", "!!"]),
        st.one_of(st.sampled_from(["pay", "request", "付", "PAY", "refund"]), st.text(max_size=6)),
        st.sampled_from([" ", "\u3000", "", "\n"]),
        st.lists(SOME_WORDS, max_size=8).map(" ".join),
    ),
)
READERS = (
    lambda line, _: read_amount_only(line, "EUR"),
    lambda line, _: read_refund(line, "EUR"),
    lambda line, _: read_account(line),
    lambda line, _: read_account(line, towards=True),
    lambda line, _: read_payment_id(line),
    lambda line, _: read_code(line),
    lambda line, _: read_digits(line),
    lambda line, _: read_wish(line, "EUR"),
    with_full_ids,
)


def read_or_refuse(line: str, pills: list[Pill], reply: str | None, *, is_reply: bool) -> None:
    """Read a line in every way in which a command does: each gives something sound, or refuses."""
    heard = spoken(line, pills)
    types_card_number(heard)
    typed = read_verb(heard)
    words = line if typed is None else typed.words
    for reader in READERS:
        with contextlib.suppress(UserError):
            reader(words, pills)
    try:
        read = read_payment(words, named(*pills, reply_to=reply, is_reply=is_reply), "EUR")
    except UserError:
        return

    assert read.payee.startswith("@")
    assert reply in {None, read.payee}
    assert read.amount.money.is_positive


LINE_AND_PEOPLE = {
    "line": LINES,
    "pills": st.lists(SOME_PILLS, max_size=3),
    "reply": st.sampled_from([None, BOB, LI]),
    "is_reply": st.booleans(),
}


@given(**LINE_AND_PEOPLE)
@settings(max_examples=2_000, deadline=None)
def test_whatever_is_typed_is_read_or_refused(
    line: str, pills: list[Pill], reply: str | None, *, is_reply: bool
) -> None:
    read_or_refuse(line, pills, reply, is_reply=is_reply)


@pytest.mark.slow
@given(**LINE_AND_PEOPLE)
@settings(max_examples=20_000, deadline=None)
def test_very_much_of_what_is_typed_is_read_or_refused(
    line: str, pills: list[Pill], reply: str | None, *, is_reply: bool
) -> None:
    read_or_refuse(line, pills, reply, is_reply=is_reply)


@pytest.mark.parametrize("piece", ["1", "1 ", "x", "@", "Bob ", "1.", "给", "for ", "\u200b", "é", "[a]("])
def test_a_message_as_long_as_matrix_lets_it_be_is_read_or_refused(piece: str) -> None:
    line = "!pay " + piece * (65_536 // len(piece.encode()))
    crowd = [Pill(f"@{number}:hs.org", piece.strip() or "x") for number in range(200)]

    read_or_refuse(line[:2_005], crowd, None, is_reply=False)
    heard = spoken(line, crowd)

    assert read_verb(heard) is not None
    assert types_card_number(heard) in {True, False}


def test_a_line_to_copy_has_full_ids_in_place_of_mentions() -> None:
    said = with_full_ids("!pay Bob 1.234  EUR for Bob", (Pill("@bob:hs", "Bob"),))

    assert said == "!pay @bob:hs 1.234 EUR for Bob"


def test_a_line_to_copy_keeps_a_mention_of_one_id_that_leads_to_another_as_typed() -> None:
    said = with_full_ids("!topup @bob:hs 1.234 EUR", (Pill("@mallory:hs", "@bob:hs"),))

    assert said == "!topup @bob:hs 1.234 EUR"
