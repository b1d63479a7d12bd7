"""`!lang`: the language in which a person is spoken to."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, Role, UserError, command

MOST_LINES = 5


class UnknownLanguageError(UserError):
    """There is no such language here."""

    key = "error.unknown_language"

    def __init__(self, *, languages: str) -> None:
        super().__init__(languages=languages)
        self._codes = languages.split(", ")

    def lines(self) -> tuple[str, ...]:
        return tuple(f"!lang {code}" for code in self._codes[:MOST_LINES])


@command("lang", usage="en | zh", examples=("!lang zh", "!lang en"), aliases=("语言",), role=Role.RECEIVE)
async def lang(call: Call) -> Answer:
    """Remember the language, and answer in it."""
    chosen_by = call.desk.settings.languages
    language = chosen_by.get(call.words.casefold())
    if language is None:
        raise UnknownLanguageError(languages=", ".join(sorted(set(chosen_by.values()))))
    return Answer(call.desk.people.speak(call.speaker, language), key="lang.now", language=language)
