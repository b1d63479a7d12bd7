"""No sentence of another language was left in English."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from paybridge.texts import shipped
from paybridge.texts._catalogue import load
from paybridge.texts._template import Template, Words

HERE = resources.files("paybridge.texts")
ENGLISH = load(HERE / "en.po").sentences
OTHERS = [language for language in shipped() if language != "en"]
A_WORD = re.compile(r"[A-Za-z]{3,}")


def _words(template: Template) -> str:
    return "".join(part.text for part in template.parts if isinstance(part, Words))


@pytest.mark.parametrize("language", OTHERS)
def test_no_sentence_says_what_the_english_one_says(language: str) -> None:
    sentences = load(HERE / f"{language}.po").sentences
    same = {
        key
        for key, forms in ENGLISH.items()
        if A_WORD.search(_words(forms[-1])) and _words(forms[-1]) == _words(sentences[key][-1])
    }

    assert same == set()
