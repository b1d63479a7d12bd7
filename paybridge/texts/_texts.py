"""Sentences filled with facts: from a key, a language and facts to plain text and HTML."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from importlib import resources
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import quote

from paybridge.domain.facts import Fact, Facts, Who
from paybridge.domain.money import Money
from paybridge.domain.month import Month
from paybridge.texts import _format
from paybridge.texts._catalogue import Catalogue, load
from paybridge.texts._template import Mark, Page, Place, Template, Words

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from importlib.resources.abc import Traversable

FALLBACK: Final = "en"
NAMES: Final = "lang.names"
"""The sentence that is a list of a language's names."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message: plain text, the same as HTML if that adds anything, and whom it mentions.

    `cut`: something of it had no room.
    """

    text: str
    html: str | None
    mentions: tuple[str, ...]
    cut: bool = False


class Paper(Protocol):
    """Whatever a sentence is written on, in parts."""

    def write(self, text: str) -> None: ...
    def mark(self, tag: str) -> None: ...
    def person(self, name: str, mxid: str, link: str) -> None: ...


class Texts:
    """The sentences of every language that has a catalogue here."""

    def __init__(self, folder: Traversable | None = None) -> None:
        """Read every catalogue of a folder, or of this package; BadCatalogueError if one cannot be used."""
        files = (folder or resources.files("paybridge.texts")).iterdir()
        catalogues = (load(file) for file in files if file.name.endswith(".po"))
        self._catalogues: Mapping[str, Catalogue] = {each.language: each for each in catalogues}

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages there are, by code."""
        return tuple(sorted(self._catalogues))

    def chosen_by(self) -> Mapping[str, str]:
        """From each name that chooses a language, in small letters, to its code; its own name comes first."""
        return {
            name.casefold(): language
            for language in self.languages
            for name in (*self.names_of(language), language)
        }

    def names_of(self, language: str) -> Sequence[str]:
        """What a language is called by its own catalogue; its code, if that says nothing."""
        if NAMES not in self._catalogues[language].sentences:
            return (language,)
        named = self.render(NAMES, language, {}).text
        return tuple(name.strip() for name in named.split(","))

    def language_for(self, wanted: str) -> str:
        """Give the nearest language there is: "zh-Hans-CN" is served by "zh", an unknown one by English."""
        primary = wanted.replace("_", "-").split("-")[0].casefold()
        return primary if primary in self._catalogues else FALLBACK

    def keys(self, language: str = FALLBACK) -> frozenset[str]:
        """All keys of a catalogue."""
        return frozenset(self._catalogues[language].sentences)

    def placeholders(self, key: str, language: str = FALLBACK) -> frozenset[str]:
        """The names of the facts that a sentence needs, over all its plural forms."""
        return frozenset[str]().union(*(form.places for form in self._catalogues[language].sentences[key]))

    def render(
        self,
        key: str,
        language: str,
        facts: Facts,
        *,
        zone: str | None = None,
        notify: Collection[str] = (),
    ) -> Rendered:
        """Fill the sentence of `key`; a language that lacks it says it in English.

        `zone` is where the reader lives; without it, times are told in the offset that they have. `notify`
        names the facts whose people are mentioned, so that their clients ring. KeyError if no catalogue has
        the key or a fact is missing: only a bug can do that.
        """
        page = Page()
        _Writer(self, self.language_for(language), zone).write(page, key, facts)
        people = (facts[name] for name in notify)
        mentions = tuple(dict.fromkeys(who.mxid for who in people if isinstance(who, Who)))
        return Rendered("".join(page.text), "".join(page.html) if page.formatted else None, mentions)

    def write(self, paper: Paper, key: str, language: str, facts: Facts) -> None:
        """Write the sentence of `key` on other paper than that of `render`, which see."""
        _Writer(self, self.language_for(language), None).write(paper, key, facts)

    def sentence(self, key: str, language: str, facts: Facts) -> tuple[Template, Catalogue]:
        """Find the sentence of `key`, in the plural form for the fact `count`, and whose it is."""
        catalogue = self._catalogues[language]
        if key not in catalogue.sentences:
            catalogue = self._catalogues[FALLBACK]
        count = facts.get("count")
        return catalogue.pick(key, count if isinstance(count, int) else 1), catalogue


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes sentences for one reader. What stands in facts is never taken for markup."""

    texts: Texts
    language: str
    zone: str | None

    def write(self, page: Paper, key: str, facts: Facts) -> None:
        template, catalogue = self.texts.sentence(key, self.language, facts)
        for part in template.parts:
            match part:
                case Words(text):
                    page.write(text)
                case Mark(tag):
                    page.mark(tag)
                case Place(name, to_copy):
                    row = f"{key}.{name}"
                    # What an older version has put into the outbox knows nothing of rows that are new.
                    fact = facts.get(name, ()) if row in catalogue.sentences else facts[name]
                    self._fill(page, row, fact, catalogue, to_copy=to_copy)

    def _fill(self, page: Paper, row: str, fact: Fact, catalogue: Catalogue, *, to_copy: bool) -> None:
        match fact:
            case tuple():
                for number, facts in enumerate(fact):
                    page.write("\n" if number else "")
                    self.write(page, row, facts)
            case Who() if not to_copy:
                _write_person(page, fact)
            case _:
                page.write(_to_copy(fact) if to_copy else self._shown(fact, catalogue))

    def _shown(self, fact: Fact, catalogue: Catalogue) -> str:
        match fact:
            case Money():
                return _format.money_text(fact, catalogue.locale)
            case int():
                return _format.number_text(fact, catalogue.locale)
            case datetime():  # before date: every datetime is a date too
                return _format.time_text(fact, catalogue.locale, self.zone)
            case date():
                return _format.date_text(fact, catalogue.locale)
            case Month():
                return _format.month_text(fact, catalogue.locale)
        return _format.clean(str(fact or ""))


def _to_copy(fact: Fact) -> str:
    """Write a fact as a command reads it, the same in every language."""
    match fact:
        case Money():
            return _format.money_to_copy(fact)
        case Who():
            return _format.seen(fact.mxid)
        case date():
            return f"{fact:%Y-%m-%d}"
    return _format.clean("" if fact is None else str(fact))


def _write_person(page: Paper, who: Who) -> None:
    target = quote(who.mxid, safe="@:", errors="replace")
    page.person(_format.clean(who.name or ""), _format.clean(who.mxid), f"https://matrix.to/#/{target}")
