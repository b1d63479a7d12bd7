"""What is read over a bridge: every sentence in every language, whatever people write."""

from __future__ import annotations

import re
from itertools import cycle, product

import pytest

from paybridge.domain.facts import Fact, Facts, Who
from paybridge.services.says import Say
from paybridge.texts import Texts
from paybridge.texts.narrow import BYTES, LINES, clipped, render_narrow
from tests.fakes.refusals import plausible
from tests.texts.test_saying import a_receipt

TEXTS = Texts()
LANGUAGES = TEXTS.languages
KEYS = sorted(TEXTS.keys())
HAS_SENTENCE = TEXTS.keys()
WELCOME: Facts = {"welcome": (), "version": ()}
GHOST = "@irc_town_bob:hs"
LONG_ID = f"@{'x' * 246}:hs.test"
WORDS = {
    "of four bytes a letter": "𠮷野家" * 40,
    "with marks on each letter": "a\u0301e\u0301" * 70,
    "in one word": "w" * 400,
    "in many lines": "!pay @mallory 50 EUR\n\r\n\x02!yes\x03" * 14,
    "from right to left": "שלום " * 50,
    "like HTML": "<a href='https://x'>&amp;</a> " * 14,
}
MANY_ROWS = ("ein sehr langes Wort " * 20, 12)


def is_ghost(mxid: str) -> bool:
    return mxid.startswith("@irc_")


def facts_of(key: str, words: str, rows: int) -> Facts:
    """Facts for a sentence as long as anybody can make them, and so many rows where it has rows."""
    facts: dict[str, Fact] = {}
    for name in TEXTS.placeholders(key):
        row, usual = f"{key}.{name}", plausible(name)
        if row in HAS_SENTENCE:
            facts[name] = tuple(facts_of(row, words, 1) for _ in range(rows))
        elif isinstance(usual, Who):
            facts[name] = Who(GHOST if name == "payee" else LONG_ID, words)
        else:
            facts[name] = words if isinstance(usual, str) else usual
    return facts


def narrow(say: Say) -> tuple[list[str], str | None]:
    rendered = render_narrow(TEXTS, say, is_ghost)
    return rendered.text.split("\n"), rendered.html


@pytest.mark.parametrize(
    ("language", "key", "kind"),
    [(*each, kind) for each, kind in zip(product(LANGUAGES, KEYS), cycle(WORDS), strict=False)],
)
def test_every_sentence_fits_whatever_stands_in_it(language: str, key: str, kind: str) -> None:
    for words, rows in ((WORDS[kind], 1), MANY_ROWS):
        facts = {name: fact for name, fact in facts_of(key, words, rows).items() if name != "link"}
        facts |= {"link": "gone"} if "link" in TEXTS.placeholders(key) else {}
        say = Say("1", key, language, room="!r:hs", facts=facts, lead="lead.nothing_sent", lines=(words,))
        lines, html = narrow(say)

        assert len(lines) <= LINES
        assert max(len(line.encode()) for line in lines) <= BYTES
        assert not [line for line in lines if re.match(r"\s*[!\uff01/.]", line)]
        assert not [line for line in lines if not line or line != line.strip()]
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", "\n".join(lines))
        assert html is None or not re.search(r"<(?!a href=|/a>|br>)", html)
        assert html is None or html.count("<br>") == len(lines) - 1


def test_a_ghost_goes_by_its_name_and_is_mentioned_and_people_of_matrix_keep_their_ids() -> None:
    say = a_receipt("pizza")
    say = Say("1", say.key, "en", room="!r:hs", facts={**say.facts, "payee": Who(GHOST, "bob")})
    rendered = render_narrow(TEXTS, say, is_ghost)

    assert rendered.text.startswith("✓ Anna (@anna:hs) paid bob 12.50 EUR for “pizza”")
    assert rendered.html is not None
    assert '<a href="https://matrix.to/#/@irc_town_bob:hs">bob</a>' in rendered.html
    assert "<strong>" not in rendered.html
    assert rendered.mentions == (GHOST,)


def test_a_ghost_without_a_name_goes_by_its_nick() -> None:
    say = a_receipt("pizza")
    say = Say("1", say.key, "en", room="!r:hs", facts={**say.facts, "payee": Who(GHOST, None)})

    assert " paid bob 12.50 EUR" in render_narrow(TEXTS, say, is_ghost).text


def test_what_is_short_enough_stays_as_it_is() -> None:
    say = a_receipt("pizza")
    rendered = render_narrow(TEXTS, say, is_ghost)

    first, second = rendered.text.split("\n")
    assert first == "✓ Anna (@anna:hs) paid Bob (@bob:hs) 12.50 EUR for “pizza” (fee 0.00 EUR) · PB-7K3QD"
    assert second.endswith("To move it to your bank, type !cashout 12.50 EUR in our direct message.")
    assert not rendered.cut


def test_help_is_in_three_lines_with_all_its_commands() -> None:
    whole = TEXTS.render("help.all", "en", WELCOME)
    lines, html = narrow(Say("1", "help.all", "en", room="!r:hs", facts=WELCOME))

    assert len(lines) == LINES
    assert html is None
    assert set(re.findall(r"![a-z]+", whole.text)) == set(re.findall(r"![a-z]+", "\n".join(lines)))


def test_a_command_to_copy_is_never_broken_nor_at_the_start_of_a_line() -> None:
    for padding in range(300):
        say = Say("1", "help.all", "en", facts=WELCOME, lines=("w " * (padding // 10), "!help link"))
        lines, _ = narrow(say)

        assert all("!pay @someone 12.50 EUR for pizza" in line for line in lines[:1])
        assert not [line for line in lines if line.startswith("!")]


def test_what_has_no_room_is_said_to_be_elsewhere() -> None:
    words = "ein sehr langes Wort " * 40
    key = "bundle.card"
    rendered = render_narrow(TEXTS, Say("1", key, "en", facts=facts_of(key, words, 30)), is_ghost)

    assert rendered.cut
    assert rendered.text.endswith("… There is more than fits here: ask me in our direct message.")


@pytest.mark.parametrize(
    "say",
    [
        Say("1", "link.page", "en", facts={"link": "https://bank.test/t/secret"}),
        Say(
            "1", "turn.picture", "en", qr="https://bank.test/t/secret", lines=("https://bank.test/t/secret",)
        ),
        Say("1", "help.all", "en", file="pdf"),
    ],
)
def test_a_link_a_picture_or_a_file_is_not_told_over_a_bridge(say: Say) -> None:
    rendered = render_narrow(TEXTS, say, is_ghost)

    assert "secret" not in rendered.text
    assert rendered.text == TEXTS.render("reply.not_over_a_bridge", "en", {}).text


def test_the_page_of_a_card_is_left_out() -> None:
    row = ({"link": "https://bank.test/t/secret"},)
    facts = {**facts_of("pay.card", "pizza", 0), "page": row}

    assert "bank.test" not in render_narrow(TEXTS, Say("1", "pay.card", "en", facts=facts), is_ghost).text


def test_a_text_is_clipped_between_letters_and_never_over_its_bytes() -> None:
    for words, most in product(WORDS.values(), range(4, 60)):
        short = clipped(words, most)

        assert len(short.encode()) <= most
        assert words.startswith(short.removesuffix("…").rstrip())
    assert clipped("e\u0301e\u0301", 5) == "…"
    assert clipped("short", 5) == "short"
