"""From a `Say` of the outbox to a message: what leads, the sentence, and lines to copy."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from paybridge.texts._format import seen
from paybridge.texts._texts import Rendered

_BLANK_LINES = re.compile(r"\n\n+")
_BLANK_BREAKS = re.compile(r"(?:<br>){2,}")

if TYPE_CHECKING:
    from paybridge.services.says import Say
    from paybridge.texts._texts import Texts


def render_say(texts: Texts, say: Say) -> Rendered:
    """The message that `say` means, in its language; whom it mentions are those that it notifies."""
    sentence = texts.render(say.key, say.language, say.facts)
    text = _BLANK_LINES.sub("\n", sentence.text).strip("\n")
    html = _BLANK_BREAKS.sub("<br>", sentence.html or _as_html(sentence.text))
    html = html.removeprefix("<br>").removesuffix("<br>")
    if say.lead is not None:
        lead = texts.render(say.lead, say.language, {}).text
        text, html = f"{lead} {text}", f"{escape(lead)} {html}"
    # They may hold what people typed, or call themselves.
    for line in map(seen, say.lines):
        text, html = f"{text}\n{line}", f"{html}<br><code>{escape(line)}</code>"
    plain = sentence.html is None and not say.lines
    return Rendered(text, None if plain else html, say.notify)


def _as_html(text: str) -> str:
    return escape(text).replace("\n", "<br>")
