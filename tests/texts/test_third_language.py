"""A language is one file: a catalogue put beside the others is found, chosen, counted with and spoken."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

import pytest
from babel import Locale
from babel.messages.pofile import read_po, write_po

from paybridge.domain.money import Money
from paybridge.texts import Texts, shipped

if TYPE_CHECKING:
    from pathlib import Path

    from babel.messages.catalog import Catalog

HERE = resources.files("paybridge.texts")
POLISH = "polski, pl, Polish"


@pytest.fixture
def with_polish(tmp_path: Path) -> Texts:
    """The languages that are shipped, and one that is made up: English words under Polish rules."""
    for language in shipped():
        (tmp_path / f"{language}.po").write_bytes((HERE / f"{language}.po").read_bytes())
    with (HERE / "en.po").open("rb") as source:
        english = read_po(source, locale="en")
    with (tmp_path / "pl.po").open("wb") as target:
        write_po(target, _polish(english), width=0)
    return Texts(tmp_path)


def _polish(english: Catalog) -> Catalog:
    english.locale = Locale.parse("pl")
    english.mime_headers = [
        (name, "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);")
        if name == "Plural-Forms"
        else (name, value)
        for name, value in english.mime_headers
    ]
    for message in english:
        if message.id == "lang.names":
            message.string = POLISH
        elif message.id and isinstance(message.string, tuple):
            message.string = tuple(f"{message.string[1]} [{form}]" for form in range(3))
        elif message.id:
            message.string = f"{message.string} [pl]"
    return english


def test_it_is_found_by_its_file_and_chosen_by_its_names(with_polish: Texts) -> None:
    assert set(with_polish.languages) == {*shipped(), "pl"}
    assert [with_polish.chosen_by()[name] for name in ("polski", "pl", "polish")] == ["pl"] * 3


def test_it_has_every_key_and_every_fact(with_polish: Texts) -> None:
    keys = with_polish.keys("en")

    assert with_polish.keys("pl") == keys
    assert {
        key for key in keys if with_polish.placeholders(key, "pl") != with_polish.placeholders(key)
    } == set()


@pytest.mark.parametrize(("count", "form"), [(1, 0), (2, 1), (4, 1), (5, 2), (12, 2), (22, 1), (25, 2)])
def test_it_counts_by_its_own_rules(with_polish: Texts, count: int, form: int) -> None:
    said = with_polish.render("error.wrong_proof", "pl", {"count": count})

    assert said.text.endswith(f"[{form}]")


def test_it_writes_money_and_sentences_in_its_own_way(with_polish: Texts) -> None:
    facts = {"most": Money.of("12345.60", "EUR")}

    assert with_polish.render("error.over_the_room_limit", "pl", facts).text == (
        "In this room one payment may be at most 12\u00a0345,60 EUR. [pl]"
    )
    assert with_polish.render("lang.now", "pl", {}).text.endswith("[pl]")


@pytest.mark.parametrize("language", shipped())
def test_every_catalogue_counts_as_cldr_says(language: str) -> None:
    with (HERE / f"{language}.po").open("rb") as source:
        catalogue = read_po(source, locale=language)
    from_file = {
        line for line in (HERE / f"{language}.po").read_text("utf-8").splitlines() if "Plural-Forms" in line
    }
    rule = Locale.parse(language).plural_form
    categories = {rule(count) for count in range(1000)}

    assert len(from_file) == 1
    assert f"nplurals={len(categories)};" in next(iter(from_file))
    assert catalogue.num_plurals == len(categories)
