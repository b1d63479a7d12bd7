"""What somebody reads whose client shows text alone: no sign, colour or grid says what the words do not."""

from __future__ import annotations

import re
import unicodedata
from itertools import product
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.facts import Who
from paybridge.texts import Texts
from tests.fakes.refusals import EVIL, plausible

if TYPE_CHECKING:
    from paybridge.domain.facts import Fact, Facts

TEXTS = Texts()
LANGUAGES = TEXTS.languages
KEYS = TEXTS.keys()
PAGES = ("web.", "statement.")
SAID = sorted(key for key in KEYS if not key.startswith(PAGES))
"""What stands in messages; pages and files have a layout of their own."""
LONGEST_LINE = 350
SIGNS = {"✓", "✗", "⚠", "↩", "\N{MULTIPLICATION SIGN}", "+"}


def facts_of(key: str, rows: int = 1) -> Facts:
    """Plausible facts, and so many rows for each place that has rows."""
    facts: dict[str, Fact] = {}
    for name in TEXTS.placeholders(key):
        row, usual = f"{key}.{name}", plausible(name)
        if row in KEYS:
            facts[name] = (facts_of(row),) * rows
        elif isinstance(usual, Who):
            facts[name] = Who(usual.mxid, "Anna")
        else:
            facts[name] = usual.replace(EVIL, "").strip() if isinstance(usual, str) else usual
    return facts


def plain(key: str, language: str) -> str:
    return TEXTS.render(key, language, facts_of(key)).text


def is_sign(char: str) -> bool:
    return unicodedata.category(char) in {"So", "Sm", "Sk"}


def in_words(text: str) -> str:
    return "".join(char for char in text if not is_sign(char))


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_their_signs_no_two_sentences_say_the_same(language: str) -> None:
    texts = {plain(key, language) for key in SAID}

    assert len({in_words(text) for text in texts}) == len(texts)


@pytest.mark.parametrize(("language", "key"), list(product(LANGUAGES, SAID)))
def test_a_sign_stands_beside_words_and_is_one_that_plain_fonts_have(language: str, key: str) -> None:
    text = plain(key, language)
    signs = {char for char in text if is_sign(char)}

    assert signs <= SIGNS
    assert not signs or any(char.isalpha() for char in text)


@pytest.mark.parametrize(("language", "key"), list(product(LANGUAGES, SAID)))
def test_no_sentence_needs_a_grid_a_colour_or_a_wide_window(language: str, key: str) -> None:
    rendered = TEXTS.render(key, language, facts_of(key))
    bare = TEXTS.render(key, language, facts_of(key, rows=0)).text

    assert re.search(r"[\t|\u2500-\u257f]| {2}", rendered.text) is None
    assert re.search(r"colou?r|style=", rendered.html or "") is None
    assert max(map(len, bare.split("\n"))) <= LONGEST_LINE
