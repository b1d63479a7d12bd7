"""A message of the outbox: what leads, its sentence, and the lines to copy; nothing in it is obeyed."""

from __future__ import annotations

from paybridge.domain.facts import Fact, Who
from paybridge.domain.money import Money
from paybridge.services.says import Say
from paybridge.texts import Texts
from paybridge.texts.saying import render_say

TEXTS = Texts()


def a_receipt(note: str, name: str = "Anna") -> Say:
    facts: dict[str, Fact] = {
        "payment": "PB-7K3QD",
        "amount": Money(1250, "EUR"),
        "fee": Money(0, "EUR"),
        "payer": Who("@anna:hs", name),
        "payee": Who("@bob:hs", "Bob"),
        "payee_name": "Bob",
        "note": ({"words": note},),
        "kept": ({"payee_name": "Bob", "cashout": "!cashout 12.50 EUR"},),
        "straight": (),
    }
    return Say("PB-7K3QD/receipt", "pay.receipt", "en", room="!r:hs", facts=facts, notify=("@bob:hs",))


def test_a_bare_sentence_stays_plain() -> None:
    rendered = render_say(TEXTS, Say("1", "error.code_missing", "en", room="!r:hs"))

    assert rendered.text.startswith("I see no code there.")
    assert rendered.html is None
    assert rendered.mentions == ()


def test_a_part_that_is_not_there_leaves_no_empty_line() -> None:
    row: dict[str, Fact] = {
        "payment": "PB-7K3QD",
        "amount": Money(800, "EUR"),
        "who": "@bob:hs",
        "until": "noon",
        "part": (),
        "flexible": (),
    }
    facts: dict[str, Fact] = {"some_to": (), "to": (), "some_by": ({},), "by": (row,)}

    rendered = render_say(TEXTS, Say("1", "requests.list", "en", room="!r:hs", facts=facts))

    assert rendered.text.startswith("You ask for\nPB-7K3QD")
    assert rendered.html is not None
    assert rendered.html.startswith("<strong>You ask for</strong><br>PB-7K3QD")


def test_what_leads_stands_in_front_in_the_same_language() -> None:
    english = Say("1", "error.nothing_in_balance", "en", room="!r:hs", lead="lead.nothing_sent")
    chinese = Say("1", "error.nothing_in_balance", "zh", room="!r:hs", lead="lead.nothing_sent")

    assert render_say(TEXTS, english).text == "Nothing was sent. Your PayBridge balance is empty."
    assert render_say(TEXTS, chinese).text.startswith("未转出任何款项。")


def test_what_leads_stands_in_front_in_html_too() -> None:
    facts: dict[str, Fact] = {"payment": "PB-7K3QD"}
    say = Say("1", "error.not_possible_now", "en", room="!r:hs", facts=facts, lead="lead.nothing_sent")

    html = render_say(TEXTS, say).html

    assert html is not None
    assert html.startswith("Nothing was sent. That is no longer possible")
    assert "<code>!status PB-7K3QD</code>" in html


def test_lines_to_copy_follow_each_on_its_own_line() -> None:
    say = Say("1", "link.none", "en", room="!r:hs", lines=("!link bank DE89", "!pay <@b:hs> 5 & more"))

    rendered = render_say(TEXTS, say)

    assert rendered.text.splitlines()[-2:] == ["!link bank DE89", "!pay <@b:hs> 5 & more"]
    assert rendered.html is not None
    assert rendered.html.endswith(
        "<br><code>!link bank DE89</code><br><code>!pay &lt;@b:hs&gt; 5 &amp; more</code>"
    )


def test_only_those_who_are_notified_are_mentioned() -> None:
    assert render_say(TEXTS, a_receipt("pizza")).mentions == ("@bob:hs",)


def test_a_hostile_note_is_shown_and_not_obeyed() -> None:
    note = "<b>bold</b> **x** `!yes`\n✓ @eve:hs paid"

    rendered = render_say(TEXTS, a_receipt(note))

    assert rendered.html is not None
    assert "<b>" not in rendered.html
    assert "&lt;b&gt;bold&lt;/b&gt;" in rendered.html
    assert "<code>!yes" not in rendered.html
    assert len(rendered.text.splitlines()) == len(render_say(TEXTS, a_receipt("pizza")).text.splitlines())


def test_a_note_or_name_cannot_turn_the_reading_direction() -> None:
    rendered = render_say(TEXTS, a_receipt("\u202e05.21\u2066", name="\u202eannA\u200b"))

    for text in (rendered.text, rendered.html or ""):
        assert not set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u200b") & set(text)


def test_right_to_left_words_stay_among_themselves() -> None:
    assert (
        "\u2068\u05e9\u05dc\u05d5\u05dd\u2069"
        in render_say(TEXTS, a_receipt("\u05e9\u05dc\u05d5\u05dd")).text
    )
