"""`!lang`: the language in which a person is spoken to."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, Role, UserError, command

LANGUAGES = {
    "en": "en", "english": "en", "英文": "en", "英语": "en",
    "zh": "zh", "cn": "zh", "chinese": "zh", "中文": "zh", "汉语": "zh",
}  # fmt: skip


class UnknownLanguageError(UserError):
    """There is no such language here."""

    key = "error.unknown_language"


@command("lang", usage="en | zh", examples=("!lang zh", "!lang en"), aliases=("语言",), role=Role.RECEIVE)
async def lang(call: Call) -> Answer:
    """Remember the language, and answer in it."""
    language = LANGUAGES.get(call.first.casefold())
    if language is None:
        raise UnknownLanguageError
    return Answer(call.desk.people.speak(call.speaker, language), key=f"lang.now.{language}")
