"""The same sentences for whoever reads them over a bridge: three short lines of plain text."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import TYPE_CHECKING, Final

from paybridge.domain.facts import Fact, Facts, Who
from paybridge.texts._format import seen
from paybridge.texts._texts import Rendered, Texts

if TYPE_CHECKING:
    from paybridge.services.says import Say

LINES: Final = 3
BYTES: Final = 350
"""Of one line: an IRC line has 512, of which the network and the bridge take some for who speaks where."""
STARTS_A_COMMAND: Final = ("!", "\uff01", "/", ".")
ARROW: Final = "→ "
ROOM: Final = BYTES - len(ARROW.encode())
BETWEEN: Final = "·"
CODE, END_OF_CODE = "<code>", "</code>"
LINK: Final = "link"
"""The fact that is a link for one person alone; its other forms are pictures and files."""


@dataclass(frozen=True, slots=True)
class Clip:
    """How many bytes a name and any other text may have."""

    name: int
    text: int


CLIPS: Final = (Clip(48, 120), Clip(24, 40))


@dataclass(frozen=True, slots=True)
class Piece:
    """A text that stays in one line as far as it fits into one; `mxid` and `link`: it names that person."""

    text: str
    mxid: str | None = None
    link: str = ""

    @property
    def size(self) -> int:
        return len(self.text.encode())


Line = tuple[Piece, ...]
SPACE: Final = Piece(" ")


@dataclass(slots=True)
class _Strip:
    """The paper: every line as its words, one after the other. Ghosts are called by their name alone."""

    is_ghost: Callable[[str], bool]
    clip: Clip
    lines: list[list[Piece]] = field(default_factory=lambda: [[]])
    _copied: list[str] | None = None

    def write(self, text: str) -> None:
        if self._copied is not None:
            self._copied.append(text)
            return
        for number, line in enumerate(text.split("\n")):
            if number:
                self.lines.append([])
            for count, word in enumerate(line.split(" ")):
                self.lines[-1] += [SPACE] if count else []
                self.lines[-1] += [Piece(word)] if word else []

    def mark(self, tag: str) -> None:
        """What is bold is not shown so; a line to copy stays together."""
        if tag == CODE:
            self._copied = []
        elif tag == END_OF_CODE:
            self.lines[-1].append(Piece("".join(self._copied or ())))
            self._copied = None

    def person(self, name: str, mxid: str, link: str) -> None:
        ghost = self.is_ghost(mxid)
        called = clipped(name or (nick(mxid) if ghost else mxid), self.clip.name if name else BYTES)
        self.lines[-1].append(Piece(called, mxid, link))
        if name and not ghost:
            self.lines[-1] += [SPACE, Piece(f"({mxid})")]


def render_narrow(texts: Texts, say: Say, is_ghost: Callable[[str], bool]) -> Rendered:
    """What `say` means within the limits of a bridge; a link, which is one person's, is not told there."""
    if say.qr is not None or say.file is not None or LINK in say.facts:
        say = replace(say, key="reply.not_over_a_bridge", facts={}, lead=None, lines=(), qr=None, file=None)
    lines: list[Line] = []
    for clip in CLIPS:
        lines = _fitted(_written(texts, say, is_ghost, clip))
        if len(lines) <= LINES:
            return _rendered(say, lines, is_ghost)
    more = texts.render("reply.more_than_fits", say.language, {}).text
    kept = [*lines[: LINES - 1], _with_room(lines[LINES - 1], more)]
    return replace(_rendered(say, kept, is_ghost), cut=True)


def nick(mxid: str) -> str:
    """What a ghost without a name is called: what its id says."""
    return mxid.removeprefix("@").partition(":")[0].rpartition("_")[2]


def clipped(text: str, most: int) -> str:
    """At most so many bytes of a text, cut between two characters as people see them."""
    if len(text.encode()) <= most:
        return text
    return f"{_beginning(text, most - len('…'.encode())).rstrip()}…"


def _beginning(text: str, most: int) -> str:
    kept = text.encode()[: max(most, 0)].decode(errors="ignore")
    end = len(kept)
    # Marks belong to the letter before them.
    while end and end < len(text) and unicodedata.category(text[end]).startswith("M"):
        end -= 1
    return text[:end]


def _written(texts: Texts, say: Say, is_ghost: Callable[[str], bool], clip: Clip) -> list[Line]:
    strip = _Strip(is_ghost, clip)
    if say.lead is not None:
        texts.write(strip, say.lead, say.language, {})
        strip.write(" ")
    texts.write(strip, say.key, say.language, _shorter(say.facts, clip))
    for line in say.lines:
        strip.lines.append([Piece(clipped(seen(line), clip.text))])
    return [trimmed for line in strip.lines if (trimmed := _trimmed(line))]


def _shorter(facts: Facts, clip: Clip) -> dict[str, Fact]:
    return {name: _short(fact, clip) for name, fact in facts.items()}


def _short(fact: Fact, clip: Clip) -> Fact:
    match fact:
        case str():
            return clipped(seen(fact), clip.text)
        case Who(mxid, name):
            return Who(mxid, clipped(seen(name), clip.name) if name else None)
        case tuple():
            return tuple(_shorter(row, clip) for row in fact if LINK not in row)
    return fact


def _trimmed(line: Sequence[Piece]) -> Line:
    first, last = 0, len(line)
    while first < last and not line[first].text.strip():
        first += 1
    while first < last and not line[last - 1].text.strip():
        last -= 1
    return tuple(line[first:last])


# ---------------------------------------------------------------- into lines


def _fitted(lines: Sequence[Line]) -> list[Line]:
    """In as few lines as it must be, none of them too long; as they were if there are few enough."""
    if len(lines) > LINES or any(_size(line) > ROOM for line in lines):
        lines = _joined(lines)
    if len(lines) > LINES or any(_size(line) > ROOM for line in lines):
        lines = _wrapped(_one(lines))
    return list(lines)


def _joined(lines: Sequence[Line]) -> list[Line]:
    """Neighbours that fit into one line, in one."""
    joined: list[Line] = []
    for line in lines:
        together = _one([joined[-1], line]) if joined else ()
        if joined and _size(together) <= ROOM:
            joined[-1] = together
        else:
            joined.append(line)
    return joined


def _one(lines: Sequence[Line]) -> Line:
    pieces: list[Piece] = []
    for line in lines:
        if pieces:
            pieces += [SPACE] if line[0].text.startswith(BETWEEN) else [SPACE, Piece(BETWEEN), SPACE]
        pieces += line
    return tuple(pieces)


def _wrapped(line: Line) -> list[Line]:
    wrapped: list[list[Piece]] = [[]]
    left = ROOM
    for piece in (part for whole in line for part in _parts(whole)):
        if piece.size > left:
            wrapped.append([])
            left = ROOM
        wrapped[-1].append(piece)
        left -= piece.size
    return [trimmed for each in wrapped if (trimmed := _trimmed(each))]


def _parts(piece: Piece) -> list[Piece]:
    """A piece that no line has room for, in as many as it takes."""
    parts: list[Piece] = []
    rest = piece.text
    while len(rest.encode()) > ROOM:
        part = _beginning(rest, ROOM) or rest[:1]
        parts.append(Piece(part))
        rest = rest[len(part) :]
    return [*parts, replace(piece, text=rest)]


def _with_room(line: Line, more: str) -> Line:
    """The line with that sentence at its end, of whose other words as many stay as there is room for."""
    last = (Piece("…"), SPACE, Piece(more))
    kept = list(line)
    while kept and _size(kept) + _size(last) > ROOM:
        kept.pop()
    return (*kept, *last)


def _size(line: Sequence[Piece]) -> int:
    return sum(piece.size for piece in line)


def _rendered(say: Say, lines: Sequence[Line], is_ghost: Callable[[str], bool]) -> Rendered:
    safe = [_unlike_a_command(line) for line in lines]
    named = [piece.mxid for line in safe for piece in line if piece.mxid is not None]
    mentions = dict.fromkeys((*say.notify, *filter(is_ghost, named)))
    text = "\n".join("".join(piece.text for piece in line) for line in safe)
    html = "<br>".join("".join(map(_html, line)) for line in safe) if named else None
    return Rendered(text, html, tuple(mentions))


def _unlike_a_command(line: Line) -> Line:
    """Programs on the other side listen to lines that begin with a sign."""
    return (Piece(ARROW), *line) if line[0].text.startswith(STARTS_A_COMMAND) else line


def _html(piece: Piece) -> str:
    if piece.mxid is None:
        return escape(piece.text)
    return f'<a href="{escape(piece.link)}">{escape(piece.text)}</a>'
