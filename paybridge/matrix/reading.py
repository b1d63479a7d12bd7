"""What a person's message says, if it may be meant for the bot at all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from paybridge.domain.spoken import Pill
from paybridge.matrix import marks, pills

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_LETTERS = 4_000
HTML = "org.matrix.custom.html"
# The full-width mark is what a Chinese keyboard types.
SIGNS = "!\uff01/"
COMMAND = re.compile(rf"[{SIGNS}]\w")
# A one-time code said by itself, or a card number that must not stay in a chat.
DIGITS = re.compile(r"\d[\d \-]{4,22}\d")
MARKDOWN = str.maketrans("", "", "*_~`\\|")
AFTER_A_NAME = ":,"
# The same command once more, for bots to read (MSC4391); the second name is that of the proposal's draft.
FOR_BOTS = ("m.bot.command", "org.matrix.msc4391.command")


@dataclass(frozen=True, slots=True)
class Me:
    """How people address the bot."""

    mxid: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """The sender's own words, one line.

    `reply_to` is the event that is answered; `to_bot`: a mention of the bot in front is cut off;
    `bodies_differ`: what is shown is not what is written; `several_lines`: more follows this first line.
    """

    body: str
    pills: tuple[Pill, ...] = ()
    reply_to: str | None = None
    to_bot: bool = False
    bodies_differ: bool = False
    several_lines: bool = False


def read(content: object, me: Me) -> Words | None:
    """The words of a content that looks like a command, else None; never raises, whatever it is given."""
    if not isinstance(content, Mapping) or content.get("msgtype") != "m.text":
        return None
    body, relation = content.get("body"), content.get("m.relates_to")
    if not isinstance(body, str) or _is_edit(content, relation) or not _is_text(body):
        return None
    reply_to = _reply(relation)
    own = body if reply_to is None else _without_quote(body)
    line = _own_line(own)
    if line is None:
        return _of_several(own, content)
    try:
        rich = _rich(content, whole=len(body) <= MOST_LETTERS)
    except pills.TooMuchError:
        return _candidate(line, None, reply_to, me, differ=True)
    if rich is not None and rich.quotes:
        return None
    differ = len(body) > MOST_LETTERS or (rich is not None and (rich.alters or not shows(rich, line)))
    words = _candidate(line, rich, reply_to, me, differ=differ)
    return words and replace(words, bodies_differ=differ or not agrees(content, words.body))


def _of_several(body: str, content: Mapping[str, object]) -> Words | None:
    """The first of several lines if it is a command: it is not run, but its sender is told."""
    first = next(iter(body[:MOST_LETTERS].strip().splitlines()), "").strip()
    if not COMMAND.match(first):
        return None
    try:
        rich = _rich(content, whole=len(body) <= MOST_LETTERS)
    except pills.TooMuchError:
        return None
    return None if rich is not None and rich.quotes else Words(first, several_lines=True)


def kept(content: Mapping[str, object], words: Words) -> dict[str, object]:
    """As much of a content as `read` needs to read the same again, and nothing of unknown size or depth."""
    texts = {name: content.get(name) for name in ("msgtype", "body", "format", "formatted_body")}
    less: dict[str, object] = {name: text for name, text in texts.items() if isinstance(text, str)}
    less |= marks.kept(content)
    if words.reply_to is not None:
        less["m.relates_to"] = {"m.in_reply_to": {"event_id": words.reply_to}}
    if words.bodies_differ and any(name in content for name in FOR_BOTS):
        # Reads as one that says something else, whatever it said.
        less[FOR_BOTS[0]] = {}
    return less


def agrees(content: Mapping[str, object], line: str) -> bool:
    """Whether what the content holds for bots, if anything, says the very words that people see.

    The arguments are an object, which has no order: they must be the same words, in whatever order.
    """
    seen = sorted(_words_of(line.lstrip(SIGNS)))
    return all(_told(content[name]) == seen for name in FOR_BOTS if name in content)


def _told(for_bots: object) -> list[str] | None:
    """The words of a command for bots, sorted; None if they are anything but text and whole numbers."""
    if not isinstance(for_bots, Mapping) or not isinstance(for_bots.get("command"), str):
        return None
    arguments = for_bots.get("arguments", {})
    if not isinstance(arguments, Mapping):
        return None
    texts = [for_bots["command"].lstrip(SIGNS)]
    for value in arguments.values():
        for each in value if isinstance(value, list) else [value]:
            if not isinstance(each, str | int) or isinstance(each, bool):
                return None
            texts.append(str(each))
    return sorted(word for text in texts for word in _words_of(text))


def _words_of(text: str) -> list[str]:
    return text.casefold().split()


def shows(rich: pills.Rich, line: str) -> bool:
    """Whether a formatted body shows what the plain one says, markdown signs and spacing aside.

    A pill may stand in the plain body as its text, as the full id, or as a markdown link.
    """
    plain = _skeleton(line).strip()
    choices = [_choices(part) for part in rich.parts]
    if choices and isinstance(rich.parts[0], str):
        choices[0] = {choice.lstrip() for choice in choices[0]}
    if choices and isinstance(rich.parts[-1], str):
        choices[-1] = {choice.rstrip() for choice in choices[-1]}
    reached = {0}
    for choice in choices:
        reached = {at + len(text) for at in reached for text in choice if plain.startswith(text, at)}
    return len(plain) in reached


def _candidate(
    line: str, rich: pills.Rich | None, reply_to: str | None, me: Me, *, differ: bool
) -> Words | None:
    named = rich.pills if rich is not None else ()
    cut = _after_pill(line, rich, me) if rich is not None else None
    if cut is not None:
        named = named[1:]
    else:
        cut = _after_name(line, me)
    if cut is None and not COMMAND.match(line) and not DIGITS.fullmatch(line):
        return None
    return Words(
        body=line if cut is None else cut,
        pills=named,
        reply_to=reply_to,
        to_bot=cut is not None,
        bodies_differ=differ,
    )


def _after_pill(line: str, rich: pills.Rich, me: Me) -> str | None:
    """What follows a mention of the bot in front, None if there is none."""
    first = next((part for part in rich.parts if isinstance(part, Pill) or part.strip()), None)
    if not isinstance(first, Pill) or first.mxid != me.mxid:
        return None
    ways = sorted({first.text, first.mxid, f"@{first.text}", *_markdown_links(first)}, key=len, reverse=True)
    return _cut(line, [way for way in ways if way.strip("@")], must_follow="")


def _after_name(line: str, me: Me) -> str | None:
    by_id = _cut(line, [me.mxid], must_follow="")
    if by_id is not None or not me.name:
        return by_id
    return _cut(line, [f"@{me.name}", me.name], must_follow=AFTER_A_NAME)


def _cut(line: str, names: Iterable[str], *, must_follow: str) -> str | None:
    for name in names:
        if line[: len(name)].casefold() != name.casefold():
            continue
        rest = line[len(name) :].lstrip()
        if must_follow and not rest.startswith(tuple(must_follow)):
            continue
        return rest[1:].lstrip() if rest.startswith(tuple(AFTER_A_NAME)) else rest
    return None


def _is_edit(content: Mapping[str, object], relation: object) -> bool:
    replaces = isinstance(relation, Mapping) and relation.get("rel_type") == "m.replace"
    return replaces or "m.new_content" in content


def _is_text(body: str) -> bool:
    """Whether the text is one at all: JSON may hold halves of characters, which nothing can store."""
    try:
        body.encode()
    except UnicodeEncodeError:
        return False
    return True


def _reply(relation: object) -> str | None:
    """The event that is answered; what a thread adds for clients that know no threads is no answer."""
    if not isinstance(relation, Mapping):
        return None
    if relation.get("rel_type") == "m.thread" and relation.get("is_falling_back") is True:
        return None
    answered = relation.get("m.in_reply_to")
    event = answered.get("event_id") if isinstance(answered, Mapping) else None
    return event if isinstance(event, str) and event.startswith("$") and _is_text(event) else None


def _without_quote(body: str) -> str:
    lines = body.split("\n")
    quoted = next((number for number, line in enumerate(lines) if not line.startswith(">")), len(lines))
    rest = lines[quoted:]
    return "\n".join(rest[1:] if quoted and rest and not rest[0].strip() else rest)


def _own_line(body: str) -> str | None:
    lines = body[:MOST_LETTERS].strip().splitlines()
    return lines[0] if len(lines) == 1 and lines[0] else None


def _rich(content: Mapping[str, object], *, whole: bool) -> pills.Rich | None:
    formatted = content.get("formatted_body")
    if content.get("format") != HTML or not isinstance(formatted, str):
        return None
    if not whole or not _is_text(formatted):
        raise pills.TooMuchError
    return pills.parse(formatted)


def _choices(part: str | Pill) -> set[str]:
    if isinstance(part, str):
        return {_skeleton(part)}
    localpart = part.mxid.partition(":")[0]
    ways = {part.text, part.mxid, f"@{part.text}", localpart, *_markdown_links(part)}
    return {_skeleton(way) for way in ways}


def _markdown_links(pill: Pill) -> tuple[str, str]:
    link = f"https://matrix.to/#/{pill.mxid}"
    return f"[{pill.text}]({link})", link


def _skeleton(text: str) -> str:
    return re.sub(r"\s+", " ", text.translate(MARKDOWN))
