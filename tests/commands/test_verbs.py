"""A message is a command only if it begins as one; a verb that nearly exists is found, never run."""
# ruff: noqa: RUF001 - full-width signs are meant

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paybridge.commands._frame import commands
from paybridge.commands._verbs import Typed, find, nearest, read_verb
from paybridge.domain.proof import HomeserverOnly
from paybridge.domain.spoken import Spoken

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def spoken(body: str, *, to_bot: bool = False, direct: bool = False) -> Spoken:
    return Spoken(
        event="$1",
        room="!r:hs",
        sender="@anna:hs",
        proof=HomeserverOnly(),
        body=body,
        sent=NOON,
        seen=NOON,
        encrypted=True,
        direct=direct,
        to_bot=to_bot,
    )


@pytest.mark.parametrize(
    ("body", "verb", "words"),
    [
        ("!pay @bob 5", "pay", "@bob 5"),
        ("!PAY @bob 5", "pay", "@bob 5"),
        ("！pay @bob 5", "pay", "@bob 5"),
        ("  !pay   @bob  5 ", "pay", "@bob  5"),
        ("!pay\u00a0@bob 5", "pay", "@bob 5"),
        ("！付　@bob 5", "付", "@bob 5"),
        ("!pay\t@bob 5", "pay", "@bob 5"),
        ("!yes", "yes", ""),
        ("!forget-me", "forget-me", ""),
    ],
)
def test_a_verb_and_its_words_are_told_apart(body: str, verb: str, words: str) -> None:
    assert read_verb(spoken(body)) == Typed(verb, words)


@pytest.mark.parametrize(
    "body", ["pay @bob 5", "", "!", "! pay", "!!", "!!pay", "!?", "!5", "wow!", "！", "!pay!", "!" + "a" * 25]
)
def test_what_does_not_begin_as_a_command_is_none(body: str) -> None:
    assert read_verb(spoken(body)) is None


def test_a_mention_of_the_bot_stands_for_the_mark() -> None:
    assert read_verb(spoken("pay @bob 5", to_bot=True)) == Typed("pay", "@bob 5")
    assert read_verb(spoken("!pay @bob 5", to_bot=True)) == Typed("pay", "@bob 5")
    assert read_verb(spoken("", to_bot=True)) is None


@pytest.mark.parametrize("body", ["help", "Help!", "?", "\uff1f", "hi", "Hello.", "/start", "帮助", "你好"])
def test_what_people_say_first_is_a_call_for_help_where_only_the_bot_listens(body: str) -> None:
    assert read_verb(spoken(body, direct=True)) == Typed("help", "")
    assert read_verb(spoken(body)) is None


@pytest.mark.parametrize("body", ["hi there", "help me pay Bob", "yes", "thanks", "5"])
def test_what_is_only_said_to_the_bot_is_no_command(body: str) -> None:
    assert read_verb(spoken(body, direct=True)) is None


def test_a_slash_stands_for_the_mark_where_only_the_bot_listens() -> None:
    assert read_verb(spoken("/pay @bob 5", direct=True)) == Typed("pay", "@bob 5", slash=True)
    assert read_verb(spoken("/pay @bob 5", to_bot=True)) == Typed("pay", "@bob 5", slash=True)
    assert read_verb(spoken("/pay @bob 5")) is None


@pytest.mark.parametrize("body", ["/", "/ pay", "//pay", "/anna/pay", "/5", "!/pay"])
def test_a_slash_before_anything_but_a_verb_is_none(body: str) -> None:
    assert read_verb(spoken(body, direct=True)) is None


@given(st.text(), st.booleans())
def test_any_message_is_a_verb_or_none(body: str, to_bot: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
    typed = read_verb(spoken(body, to_bot=to_bot))

    assert typed is None or (typed.verb == typed.verb.casefold() and typed.verb.strip() == typed.verb)


def test_every_verb_and_alias_leads_to_its_own_command() -> None:
    every = [(word, one) for one in commands().values() for word in (one.verb, *one.aliases)]

    assert len({word for word, _ in every}) == len(every)
    assert all(find(commands(), word) is one for word, one in every)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("payy", "pay"),
        ("blance", "balance"),
        ("confrim", "confirm"),
        ("付钱", "pay"),
        ("撤消", "cancel"),
        ("查余额", "balance"),
    ],
)
def test_a_slip_finds_what_was_meant(typed: str, meant: str) -> None:
    near = nearest(commands(), typed)

    assert find(commands(), typed) is None
    assert near is not None
    assert find(commands(), near) is commands()[meant]


@pytest.mark.parametrize("typed", ["weather", "roll", "xyzzy", "天气"])
def test_the_verb_of_another_bot_is_near_to_none(typed: str) -> None:
    assert nearest(commands(), typed) is None


def test_another_bot_s_verb_is_no_slip_in_a_room_and_is_one_where_only_we_listen() -> None:
    assert nearest(commands(), "pai") is None
    assert nearest(commands(), "pai", for_us=True) == "pay"
    assert nearest(commands(), "weather", for_us=True) is None
