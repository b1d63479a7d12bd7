"""From a message to a verb and its words; and which verb was probably meant."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from paybridge.domain.cards import holds_card_number
from paybridge.domain.proof import ViaBridgeBot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paybridge.domain.spoken import Spoken

LONGEST: Final = 2000
"""Letters of a command that are looked at; a longer one is refused."""
_NEAR: Final = 0.7
_NEAR_FOR_US: Final = 0.6
"""Where nobody else listens, a wrong guess bothers nobody."""
_NEAR_IN_CHINESE: Final = 0.5
"""Verbs of two characters: with one of them wrong, half of the word is right."""
_FIRST_WORDS: Final = frozenset(
    {"help", "?", "hi", "hello", "hey", "start", "/start", "帮助", "你好", "您好"}
)
"""What people say to a bot that they do not know yet."""
_LONGEST_VERB: Final = 24
_NO_CARD: Final = re.compile(r"@\S+|\+[0-9]+|https?://\S+")
"""Matrix ids, telephone numbers as ghosts are called, links."""


class Spelled(Protocol):
    """What has a verb, and other names for it."""

    @property
    def verb(self) -> str: ...

    @property
    def aliases(self) -> tuple[str, ...]: ...


AnyCommand = TypeVar("AnyCommand", bound=Spelled)


@dataclass(frozen=True, slots=True)
class Typed:
    """A verb as typed, in small letters, and the words behind it.

    `slash`: typed as on networks that have slash commands, where other bots listen to them too.
    """

    verb: str
    words: str
    slash: bool = False


def read_verb(spoken: Spoken) -> Typed | None:
    """The verb and words of a message, or None if it is not meant as a command."""
    body = spoken.body.strip()
    if spoken.direct and body.replace("\uff1f", "?").rstrip(".! ").casefold() in _FIRST_WORDS:
        return Typed("help", "")
    # On networks with slash commands, people know no others.
    addressed = spoken.to_bot or spoken.direct or isinstance(spoken.proof, ViaBridgeBot)
    slash = addressed and body.startswith("/")
    if slash or body.startswith(("!", "\uff01")):
        body = body[1:]
    elif not spoken.to_bot:
        return None
    if not body or body[0].isspace():
        return None
    verb, *words = body.split(maxsplit=1)
    verb = verb.casefold()
    if not verb or len(verb) > _LONGEST_VERB or not verb.replace("-", "").isalpha():
        return None
    return Typed(verb, "".join(words).strip(), slash)


def types_card_number(spoken: Spoken) -> bool:
    """Whether a card number stands in the message; people's names and ids may hold long numbers too."""
    words = spoken.body
    for pill in spoken.pills:
        words = words.replace(pill.text, " ") if pill.text else words
    return holds_card_number(_NO_CARD.sub(" ", words))


def find(commands: Mapping[str, AnyCommand], verb: str) -> AnyCommand | None:
    """The command with this verb or alias."""
    direct = commands.get(verb)
    if direct is not None:
        return direct
    return next((command for command in commands.values() if verb in command.aliases), None)


def nearest(commands: Mapping[str, Spelled], verb: str, *, for_us: bool = False) -> str | None:
    """The verb that was probably meant, if one is near; `for_us` says that nobody else can be meant."""
    every = [name for command in commands.values() for name in (command.verb, *command.aliases)]
    cutoff = _NEAR_FOR_US if for_us else _NEAR
    near = difflib.get_close_matches(verb, every, n=1, cutoff=cutoff if verb.isascii() else _NEAR_IN_CHINESE)
    return near[0] if near else None
