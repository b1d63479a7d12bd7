"""A sentence of a catalogue, taken apart once: words, places for facts, and what is bold or to be copied."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape
from typing import Final

_TOKEN: Final = re.compile(r"%\((?P<fact>\w+)\)s|(?P<percent>%%)|(?P<code>`)|(?P<strong>\*\*)|(?P<line>\n)")


class BadSentenceError(ValueError):
    """A sentence opens bold or a line to copy, and does not close it."""


@dataclass(frozen=True, slots=True)
class Words:
    """Words as the catalogue has them."""

    text: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fact goes; `to_copy` if it becomes part of a line that a person copies."""

    fact: str
    to_copy: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """An HTML tag that plain text does without."""

    tag: str


@dataclass(frozen=True, slots=True)
class Template:
    """The parts of one sentence in order."""

    parts: tuple[Words | Place | Mark, ...]

    @property
    def places(self) -> frozenset[str]:
        """The names of the facts it needs."""
        return frozenset(part.fact for part in self.parts if isinstance(part, Place))


@dataclass(slots=True)
class Page:
    """What is being written, in plain text and in HTML side by side."""

    text: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    formatted: bool = False

    def write(self, text: str) -> None:
        """Write text that means only itself."""
        self.text.append(text)
        self.html.append(escape(text).replace("\n", "<br>"))

    def mark(self, tag: str) -> None:
        """Write a tag, which plain text does without."""
        self.html.append(tag)
        self.formatted = True

    def person(self, name: str, mxid: str, link: str) -> None:
        """Write the name, which anyone may take, and always the full id behind it, which nobody else has."""
        behind = f" ({mxid})" if name else ""
        self.text.append((name or mxid) + behind)
        self.html.append(f'<a href="{escape(link)}">{escape(name or mxid)}</a>{escape(behind)}')
        self.formatted = True


def template_of(sentence: str) -> Template:
    """Take a sentence apart: `%(fact)s`, `%%`, backticks round a line to copy, two asterisks round bold."""
    parts: list[Words | Place | Mark] = []
    open_tags: list[str] = []
    end = 0
    for found in _TOKEN.finditer(sentence):
        if found.start() > end:
            parts.append(Words(sentence[end : found.start()]))
        end = found.end()
        match found.lastgroup:
            case "fact":
                parts.append(Place(found["fact"], to_copy="code" in open_tags))
            case "percent":
                parts.append(Words("%"))
            case "line":
                parts.append(Words("\n"))
            case tag:
                parts.append(_toggle(str(tag), open_tags))
    parts.append(Words(sentence[end:]))
    if open_tags:
        raise BadSentenceError(sentence)
    return Template(tuple(parts))


def _toggle(tag: str, open_tags: list[str]) -> Mark:
    if open_tags and open_tags[-1] == tag:
        open_tags.pop()
        return Mark(f"</{tag}>")
    if tag in open_tags:
        raise BadSentenceError(f"<{tag}> is closed across another")
    open_tags.append(tag)
    return Mark(f"<{tag}>")
