"""However an expense is said, it is read as something sound or refused; names are gone through once."""

from __future__ import annotations

from collections import UserDict
from collections.abc import ItemsView

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paybridge.commands._each import read_each
from paybridge.commands._grammar import Named
from paybridge.commands._shares import read_shares
from paybridge.commands._trip_words import TripWords, read_expense, read_start, read_travellers
from paybridge.domain.errors import UserError
from paybridge.domain.split import How, Wanted
from paybridge.domain.spoken import Pill

ME, ANN, BOB = "@me:hs", "@ann:hs", "@bob:hs"
PILLS = (Pill(ANN, "Ann Lee"), Pill(BOB, "Bob"))
NAMES = {ME: "Me", ANN: "Ann Lee", BOB: "Bob"}
HERE = Named((), is_reply=False, reply_author=None, members=NAMES)
MENTIONED = Named(PILLS, is_reply=False, reply_author=None, members=NAMES)


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("Rome EUR", TripWords("Rome", "EUR", ())),
        ("Rome", TripWords("Rome", None, ())),
        ("", TripWords("", None, ())),
        ("New Year in Rome eur with @ann:hs and @bob", TripWords("New Year in Rome", "EUR", (ANN, BOB))),
        ("Japan ¥ @all", TripWords("Japan ¥", None, ())),
        ("Japan 円 @all", TripWords("Japan", "JPY", ())),
    ],
)
def test_a_trip_has_a_name_a_currency_and_people(words: str, read: TripWords) -> None:
    assert read_start(words, HERE) == read


def test_mentions_are_people_wherever_they_stand() -> None:
    told = read_expense("30 EUR by Ann Lee dinner Bob x2 me", MENTIONED, "EUR", ME)

    assert read_start("Rome EUR Ann Lee, Bob", MENTIONED).people == (ANN, BOB)
    assert read_travellers("Bob and Ann Lee", MENTIONED) == (BOB, ANN)
    assert told.payers == (Wanted(ANN),)
    assert told.sharers == (Wanted(BOB, weight=2), Wanted(ME))
    assert told.note == "dinner"


def test_a_name_in_the_note_is_nobody() -> None:
    told = read_expense("30 EUR Ann Lee's birthday cake, Bob brought it @all", HERE, "EUR", ME)

    assert (told.payers, told.sharers) == ((Wanted(ME),), ())
    assert told.note == "Ann Lee's birthday cake, Bob brought it"


def test_a_share_may_be_exact_in_what_was_spent() -> None:
    told = read_expense("4000 JPY at 0,0061 ramen @ann 1000 JPY me rest", HERE, "EUR", ME)

    assert str(told.rate) == "0.0061"
    assert told.sharers == (Wanted(ANN, How.EXACT, 1000), Wanted(ME))
    assert read_expense("9 EUR @ann 2.50 EUR", HERE, "EUR", ME).sharers == (Wanted(ANN, How.EXACT, 250),)


WORDS = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "30",
                "EUR",
                "5.50",
                "4000",
                "JPY",
                "at",
                "0.0061",
                "by",
                "paid",
                "for",
                "with",
                "not",
                "me",
                "and",
            ]
        ),
        st.sampled_from(
            [
                ANN,
                "@bob",
                "@zoe",
                "Ann Lee",
                "Bob",
                "@all",
                "all",
                "大家",
                "由",
                "按",
                "x2",
                "40%",
                "rest",
                "€",
                "@",
                "¥",
                "\ue0001",
            ]
        ),
        st.sampled_from(["with", "40%", "rest", "€", "@", "¥", "\ue0001"]),
        st.text(max_size=5),
    ),
    max_size=14,
).map(" ".join)


@given(WORDS, st.sampled_from([HERE, MENTIONED]))
@settings(max_examples=600, deadline=None)
def test_whatever_is_said_of_an_expense_is_read_or_refused(words: str, people: Named) -> None:
    read_start_or_refuse(words, people)
    try:
        told = read_expense(words, people, "EUR", ME)
    except UserError:
        return

    assert told.spent.is_positive
    assert told.rate is None or (told.rate > 0 and told.spent.currency != "EUR")
    assert all(one.mxid.startswith("@") and one.weight > 0 for one in (*told.payers, *told.sharers))
    assert told.payers


def read_start_or_refuse(words: str, people: Named) -> None:
    try:
        said = read_start(words, people)
    except UserError:
        return

    assert all(mxid.startswith("@") for mxid in said.people)


class Counted(UserDict[str, str | None]):
    """A room's members, and how often somebody went through all of them."""

    times = 0

    def items(self) -> ItemsView[str, str | None]:
        self.times += 1
        return super().items()


@pytest.mark.parametrize(
    "line", ["30 EUR " + "with with x " * 160, "30 EUR " + "by Bob " * 200, "30 EUR " + "@bob " * 300]
)
def test_however_long_a_line_is_the_names_in_the_room_are_gone_through_once(line: str) -> None:
    for read in (read_shares, read_expense):
        people = a_room()
        read(line, people, "EUR", ME)

        assert times(people) <= 1


def test_however_many_get_the_same_the_names_in_the_room_are_gone_through_once() -> None:
    people = a_room()
    told = read_each("30 EUR each " + "@bob Bob " * 200, people, "EUR")

    assert told is not None
    assert len(told.payees) == 400
    assert times(people) == 1


def a_room() -> Named:
    return Named((), is_reply=False, reply_author=None, members=Counted({ANN: "Ann Lee", BOB: "Bob"}))


def times(people: Named) -> int:
    assert isinstance(people.members, Counted)
    return people.members.times
