"""What a formatted body shows: its words, and the people that it mentions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import unquote

from paybridge.domain.spoken import Pill

MOST_HTML = 8_000
MOST_TAGS = 500
MXID = re.compile(r"@[^\s:]{1,200}:[A-Za-z0-9.\-:\[\]]{1,230}")
HIDDEN = {"mx-reply", "script", "style"}
QUOTING = {"blockquote", "code", "pre"}
BREAKING = {"br", "p", "div", "li", "tr", "hr", "h1", "h2", "h3", "h4", "h5", "h6"}
# What makes the same words mean something else, or hides them until somebody looks: 5<sup>0</sup> is not 50.
ALTERING = {"del", "s", "strike", "sup", "sub", "details", "ol", "ul", "table", "ruby", "rt"}
ALTERING_WAYS = {"color", "data-mx-color", "data-mx-bg-color", "data-mx-spoiler", "data-mx-maths", "style"}


class TooMuchError(Exception):
    """The HTML is larger or more tangled than any message that a person types."""


@dataclass(frozen=True, slots=True)
class Rich:
    """A formatted body: words and pills in their order.

    `quotes` says that it opens with code or a quote, `alters` that its words do not mean what they say.
    """

    parts: tuple[str | Pill, ...]
    quotes: bool
    alters: bool = False

    @property
    def pills(self) -> tuple[Pill, ...]:
        return tuple(part for part in self.parts if isinstance(part, Pill))


def parse(html: str) -> Rich:
    """Read a formatted body, or `TooMuchError`."""
    if len(html) > MOST_HTML:
        raise TooMuchError
    reader = _Reader()
    try:
        reader.feed(html)
        reader.close()
    except (AssertionError, ValueError) as error:  # what the parser raises on some broken declarations
        raise TooMuchError from error
    return Rich(tuple(part for part in reader.parts if part), reader.quotes, reader.alters)


def linked_person(href: str) -> str | None:
    """The Matrix id that a link names, as a matrix.to link or a matrix: URI (MSC2312)."""
    for start, sigil in (("https://matrix.to/#/", ""), ("http://matrix.to/#/", ""), ("matrix:u/", "@")):
        if href.lower().startswith(start):
            mxid = sigil + unquote(href[len(start) :].partition("?")[0])
            return mxid if MXID.fullmatch(mxid) else None
    return None


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str | Pill] = []
        self.quotes = False
        self.alters = False
        self._tags = 0
        self._hidden = 0
        self._quoting = 0
        self._mentions: str | None = None
        self._name = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tags += 1
        if self._tags > MOST_TAGS:
            raise TooMuchError
        given = dict(attrs)
        if not self._hidden and (tag in ALTERING or ALTERING_WAYS & given.keys()):
            self.alters = True
        if tag in HIDDEN:
            self._hidden += 1
        elif tag in QUOTING:
            self._quoting += 1
        elif tag in BREAKING:
            self._say("\n")
        elif tag == "a":
            self._end_mention()
            self._mentions = None if self._hidden else linked_person(given.get("href") or "")
        elif tag == "img":
            self._say(given.get("alt") or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # HTML knows no self-closing tags: `<code/>` opens a code block, as browsers see it.
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag in QUOTING:
            self._quoting = max(0, self._quoting - 1)
        elif tag in BREAKING:
            self._say("\n")
        elif tag == "a":
            self._end_mention()

    def handle_data(self, data: str) -> None:
        self._say(data)

    def close(self) -> None:
        super().close()
        self._end_mention()

    def _say(self, words: str) -> None:
        if self._hidden:
            return
        if self._mentions is not None:
            self._name += words
            return
        if self._quoting and words.strip() and not any(_shows(part) for part in self.parts):
            self.quotes = True
        if self.parts and isinstance(self.parts[-1], str):
            self.parts[-1] += words
        else:
            self.parts.append(words)

    def _end_mention(self) -> None:
        if self._mentions is not None:
            self.parts.append(Pill(self._mentions, " ".join(self._name.split())))
        self._mentions, self._name = None, ""


def _shows(part: str | Pill) -> bool:
    return isinstance(part, Pill) or bool(part.strip())
