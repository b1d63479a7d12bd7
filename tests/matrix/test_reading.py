"""What is read as a command, what is passed over, and that nothing a stranger writes breaks the reading."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paybridge.demo.words import edit_of, in_reply_to, plain, with_pill
from paybridge.domain.spoken import Pill
from paybridge.matrix.pills import linked_person
from paybridge.matrix.reading import MOST_LETTERS, Me, Words, kept, read

ME = Me("@paybridge:hs.org", "PayBridge")
BOB = "@bob:hs.org"


def rich(body: str, formatted: str) -> dict[str, Any]:
    return plain(body) | {"format": "org.matrix.custom.html", "formatted_body": formatted}


def pill(mxid: str, text: str) -> str:
    return f'<a href="https://matrix.to/#/{mxid}">{text}</a>'


@pytest.mark.parametrize(
    "body",
    [
        "!pay @bob:hs.org 5 EUR",
        "  !help  ",
        "/pay Bob 5",
        "\uff01付 @bob:hs.org 5 EUR",
        "!付 5",
        "!balance\n",
    ],
)
def test_one_line_that_begins_like_a_command_is_read(body: str) -> None:
    assert read(plain(body), ME) == Words(body.strip())


@pytest.mark.parametrize("digits", ["493021", "493 021", "4111 1111 1111 1111", "4111-1111-1111-1111"])
def test_digits_alone_are_read_as_they_may_be_a_code_or_must_not_stay(digits: str) -> None:
    assert read(plain(digits), ME) == Words(digits)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "   ",
        "hello",
        "!",
        "! pay",
        "!!!",
        "> !pay @bob:hs.org 5 EUR",
        "5 EUR",
        "12",
        "`!pay @bob:hs.org 5 EUR`",
        "PayBridge is nice",
        "\ud800",
        "!pay \udfff",
    ],
)
def test_other_chat_is_passed_over(body: str) -> None:
    assert read(plain(body), ME) is None


@pytest.mark.parametrize("kind", ["m.notice", "m.emote", "m.image", "m.file", None, 5, []])
def test_only_text_messages_are_read(kind: object) -> None:
    assert read(plain("!help") | {"msgtype": kind}, ME) is None


def test_an_edit_is_not_a_command() -> None:
    assert read(edit_of("$card", plain("!pay Bob 5")), ME) is None
    assert read(plain("!pay Bob 5") | {"m.new_content": plain("!pay Bob 5")}, ME) is None
    assert read(plain("!help") | {"m.relates_to": {"rel_type": "m.replace", "event_id": "$card"}}, ME) is None


def test_a_reply_is_read_without_its_quote() -> None:
    quoted = plain("> <@bob:hs.org> !pay Mallory 500 EUR\n> really\n\n!pay 5 EUR")

    assert read(in_reply_to(quoted, "$lunch", BOB), ME) == Words("!pay 5 EUR", reply_to="$lunch")


def test_a_quote_that_is_all_there_is_says_nothing() -> None:
    assert read(in_reply_to(plain("> !pay Mallory 500 EUR"), "$lunch", BOB), ME) is None
    assert read(plain("> quoted\n\n!pay 5 EUR"), ME) is None


def test_a_formatted_reply_shows_its_own_words_only() -> None:
    content = rich(
        "> <@bob:hs.org> hi\n\n!pay 5 EUR",
        f"<mx-reply><blockquote>{pill(BOB, 'Bob')} hi</blockquote></mx-reply>!pay 5 EUR",
    )

    assert read(in_reply_to(content, "$lunch", BOB), ME) == Words("!pay 5 EUR", reply_to="$lunch")


def test_what_a_thread_adds_for_old_clients_is_no_reply() -> None:
    fallback = {
        "rel_type": "m.thread",
        "event_id": "$root",
        "is_falling_back": True,
        "m.in_reply_to": {"event_id": "$last"},
    }

    assert read(plain("!pay 5") | {"m.relates_to": fallback}, ME) == Words("!pay 5")
    real = fallback | {"is_falling_back": False}
    assert read(plain("!pay 5") | {"m.relates_to": real}, ME) == Words("!pay 5", reply_to="$last")


def test_a_pill_names_whom_its_link_names() -> None:
    content = with_pill(f"!pay {BOB} 5 EUR", BOB, "Mallory <b>")

    assert read(content, ME) == Words("!pay Mallory <b> 5 EUR", pills=(Pill(BOB, "Mallory <b>"),))


@pytest.mark.parametrize(
    "in_body", ["Bob", "@Bob", BOB, "@bob", f"[Bob](https://matrix.to/#/{BOB})", f"https://matrix.to/#/{BOB}"]
)
def test_a_pill_may_stand_in_the_plain_body_in_any_usual_way(in_body: str) -> None:
    words = read(rich(f"!pay {in_body} 5", f"<p>!pay {pill(BOB, 'Bob')} 5</p>\n"), ME)

    assert words == Words(f"!pay {in_body} 5", pills=(Pill(BOB, "Bob"),))


@pytest.mark.parametrize(
    ("body", "formatted"),
    [
        ("!pay Bob 5 EUR", "!pay Bob 50 EUR"),
        ("!pay Bob 5 EUR", f"!pay {pill(BOB, 'Alice')} 5 EUR"),
        ("!pay Bob 5 EUR", "!pay Bob 5 EUR for nothing"),
        ("!pay Bob 5 EUR for nothing", "!pay Bob 5 EUR"),
        ("!pay Bob 50 EUR", "!pay Bob 5 0 EUR"),
        ("!pay Bob 5 EUR", "Hello"),
        ("!pay Bob 5 EUR", "<img alt='!pay Bob 6 EUR'>"),
        ("!pay Bob 5 EUR", "<b>" * 600 + "!pay Bob 5 EUR"),
        ("!pay Bob 5 EUR", "!pay Bob 5 EUR" + " " * 9_000),
        ("!pay Bob 50 EUR", "!pay Bob 5<sup>0</sup> EUR"),
        ("!pay Bob 50 5 EUR", "!pay Bob <del>50</del> 5 EUR"),
        ("!pay Bob 95 EUR", '!pay Bob <font color="#ffffff">9</font>5 EUR'),
        ("!pay Bob 95 EUR", '!pay Bob <span data-mx-spoiler="">9</span>5 EUR'),
        ("!pay Bob 5 EUR", "!pay Bob <details>5 EUR</details>"),
        ("!pay Bob 5 EUR", '!pay Bob <ol start="9"><li>5 EUR</li></ol>'),
    ],
)
def test_bodies_that_show_different_things_are_in_trouble(body: str, formatted: str) -> None:
    words = read(rich(body, formatted), ME)

    assert words is not None
    assert words.bodies_differ


@pytest.mark.parametrize(
    ("body", "formatted"),
    [
        ("!pay Bob 5 EUR **pizza**", "!pay Bob 5 EUR <strong>pizza</strong>"),
        ("!pay Bob 5 EUR a_b", "!pay Bob 5 EUR a_b"),
        ("!pay Bob 5 EUR `x`", "!pay Bob 5 EUR <code>x</code>"),
        ("!pay Bob 5 EUR R&B", "!pay Bob 5 EUR R&amp;B"),
        ("!pay Bob 5 EUR :pizza:", '!pay Bob 5 EUR <img src="mxc://x" alt=":pizza:">'),
        ("!pay Bob 5 EUR", "<p>!pay&nbsp;Bob <!-- 500 -->5 EUR</p>"),
    ],
)
def test_bodies_that_show_the_same_are_fine(body: str, formatted: str) -> None:
    assert read(rich(body, formatted), ME) == Words(body)


MSC4391 = ("m.bot.command", "org.matrix.msc4391.command")


@pytest.mark.parametrize("name", MSC4391)
@pytest.mark.parametrize(
    "arguments",
    [
        {"to": BOB, "amount": "5 EUR", "note": "for pizza"},
        {"note": "for pizza", "amount": "5 eur", "to": BOB},
        {"words": [BOB, 5, "EUR", "for", "pizza"]},
    ],
)
def test_a_command_for_bots_that_says_the_same_words_is_fine(name: str, arguments: dict[str, Any]) -> None:
    line = f"!pay {BOB} 5 EUR for pizza"

    for verb in ("pay", "!Pay"):
        assert read(plain(line) | {name: {"command": verb, "arguments": arguments}}, ME) == Words(line)
    asked = plain(f"PayBridge: {line[1:]}") | {name: {"command": "pay", "arguments": arguments}}
    assert read(asked, ME) == Words(line[1:], to_bot=True)
    assert read(plain("!help") | {name: {"command": "help"}}, ME) == Words("!help")


@pytest.mark.parametrize("name", MSC4391)
@pytest.mark.parametrize(
    "for_bots",
    [
        {"command": "pay", "arguments": {"to": BOB, "amount": "50 EUR"}},
        {"command": "pay", "arguments": {"to": "@eve:hs.org", "amount": "5 EUR"}},
        {"command": "request", "arguments": {"to": BOB, "amount": "5 EUR"}},
        {"command": "pay", "arguments": {"to": BOB, "amount": "5 EUR", "more": "5"}},
        {"command": "pay", "arguments": {"to": BOB, "amount": "5"}},
        {"command": "pay", "arguments": {"to": BOB, "amount": {"value": "5 EUR"}}},
        {"command": "pay", "arguments": {"to": BOB, "amount": [["5", "EUR"]]}},
        {"command": "pay", "arguments": {"to": BOB, "amount": "5 EUR", "now": True}},
        {"command": "pay", "arguments": {"to": BOB, "amount": "5 EUR", "fee": None}},
        {"command": "pay", "arguments": [BOB, "5 EUR"]},
        {"command": ["pay"]},
        {},
        [],
        None,
        "pay",
    ],
)
def test_a_command_for_bots_that_says_anything_else_is_in_trouble(name: str, for_bots: object) -> None:
    content = plain(f"!pay {BOB} 5 EUR") | {name: for_bots}
    words = read(content, ME)

    assert words == Words(f"!pay {BOB} 5 EUR", bodies_differ=True)
    assert read(kept(content, words), ME) == words


def test_of_two_commands_for_bots_both_must_say_the_same() -> None:
    said = [{"command": "pay", "arguments": {"to": BOB, "amount": what}} for what in ("5 EUR", "6 EUR")]
    both = plain(f"!pay {BOB} 5 EUR") | dict(zip(MSC4391, said, strict=True))

    assert read(both, ME) == Words(f"!pay {BOB} 5 EUR", bodies_differ=True)


@pytest.mark.parametrize("tag", ["code", "pre", "blockquote"])
def test_what_stands_in_code_or_a_quote_is_not_a_command(tag: str) -> None:
    assert read(rich("!pay Bob 5 EUR", f"<p> <{tag}>!pay Bob 5 EUR</{tag}>"), ME) is None


@pytest.mark.parametrize(
    "content",
    [
        plain("PayBridge: pay Bob 5"),
        plain("paybridge, pay Bob 5"),
        plain("@PayBridge: pay Bob 5"),
        plain("@paybridge:hs.org: pay Bob 5"),
        plain("@paybridge:hs.org pay Bob 5"),
        rich("PayBridge: pay Bob 5", f"{pill(ME.mxid, 'PayBridge')}: pay Bob 5"),
        rich("PayBridge pay Bob 5", f"{pill(ME.mxid, 'PayBridge')} pay Bob 5"),
        rich("@paybridge:hs.org pay Bob 5", f"<p>{pill('%40paybridge%3Ahs.org', 'PayBridge')} pay Bob 5</p>"),
    ],
)
def test_a_mention_of_the_bot_in_front_is_cut_off(content: dict[str, Any]) -> None:
    assert read(content, ME) == Words("pay Bob 5", to_bot=True)


def test_a_mention_of_the_bot_further_on_is_a_pill_like_any_other() -> None:
    words = read(rich("!pay PayBridge 5", f"!pay {pill(ME.mxid, 'PayBridge')} 5"), ME)

    assert words == Words("!pay PayBridge 5", pills=(Pill(ME.mxid, "PayBridge"),))


def test_a_very_long_message_is_cut_and_in_trouble() -> None:
    words = read(plain("!pay Bob 5 EUR " + "x" * 60_000), ME)

    assert words is not None
    assert (len(words.body), words.bodies_differ) == (MOST_LETTERS, True)


@pytest.mark.parametrize(
    ("href", "person"),
    [
        ("https://matrix.to/#/@bob:hs.org", BOB),
        ("https://matrix.to/#/%40bob%3Ahs.org?via=hs.org", BOB),
        ("matrix:u/bob:hs.org", BOB),
        ("HTTPS://matrix.to/#/@bob:hs.org", BOB),
        ("https://matrix.to/#/!room:hs.org", None),
        ("https://matrix.to.evil.org/#/@bob:hs.org", None),
        ("https://evil.org/#/@bob:hs.org", None),
        ("https://matrix.to/#/@bob", None),
        ("https://matrix.to/#/@b ob:hs.org", None),
        ("", None),
    ],
)
def test_only_links_to_people_name_people(href: str, person: str | None) -> None:
    assert linked_person(href) == person


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
fragments = st.lists(
    st.sampled_from(
        [
            "!pay",
            "<a href=",
            "https://matrix.to/#/",
            "@bob:hs.org",
            "'",
            '"',
            ">",
            "</a>",
            "<",
            "<![",
            "<!--",
            "&#",
            "<code>",
            "</code>",
            "<mx-reply>",
            "</p>",
            "<?",
            "&nbsp;",
            "5 EUR",
            "\n",
            "\x00",
            "PayBridge",
            ":",
            "]]>",
        ]
    ),
    max_size=30,
).map("".join)
contents = st.fixed_dictionaries(
    {"msgtype": st.just("m.text") | json_values, "body": fragments | json_values},
    optional={
        "format": st.just("org.matrix.custom.html"),
        "formatted_body": fragments | json_values,
        "m.relates_to": st.fixed_dictionaries({"m.in_reply_to": json_values}) | json_values,
        "m.new_content": json_values,
        "m.bot.command": json_values,
    },
)


@given(contents | json_values)
def test_reading_never_fails_and_gives_at_most_one_line(content: object) -> None:
    words = read(content, ME)

    assert words is None or (len(words.body.splitlines()) <= 1 and len(words.body) <= MOST_LETTERS)


@given(contents)
def test_what_is_kept_of_a_message_reads_the_same_again(content: dict[str, Any]) -> None:
    words = read(content, ME)

    if words is not None:
        again = read(kept(content, words), ME)
        assert again == words


def test_a_deeply_nested_content_is_read_no_deeper_than_its_text() -> None:
    deep: Any = []
    for _ in range(900):
        deep = [deep]
    content = plain("!help") | {"deep": deep, "m.relates_to": {"m.in_reply_to": deep}}
    words = read(content, ME)

    assert words == Words("!help")
    assert set(kept(content, words)) == {"msgtype", "body"}


def test_the_first_of_several_lines_is_told_apart() -> None:
    assert read(plain("!pay Bob 5\n!yes"), ME) == Words("!pay Bob 5", several_lines=True)
    assert read(plain("!pay Bob 5 EUR\u2028and more"), ME) == Words("!pay Bob 5 EUR", several_lines=True)
    assert read(plain("hello\n!pay Bob 5"), ME) is None
    assert read(rich("!pay Bob 5\n!yes", "<pre><code>!pay Bob 5\n!yes</code></pre>"), ME) is None
