"""Turns templates into pages in a person's language; every sentence on them comes from `texts`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial
from html import escape
from importlib import resources
from typing import Final

import jinja2
from aiohttp import hdrs, web

from paybridge.domain.errors import UserError
from paybridge.domain.facts import Fact
from paybridge.domain.invoice import rate_text
from paybridge.services.factors import WrongFactorError
from paybridge.texts import Texts, clean
from paybridge.web.browser import PAGE_HEADERS

FILES: Final = resources.files("paybridge.web") / "pages"
STATIC: Final = {
    "page.css": "text/css",
    "icon.svg": "image/svg+xml",
    "passkey.js": "text/javascript",
    "checkout.js": "text/javascript",
}
"""The files that pages ask for, and their types."""
FOR_A_YEAR: Final = "public, max-age=31536000, immutable"
_LONGEST_WISH: Final = 200


class Html(str):
    """Text that is HTML already, made by us; templates write it as it is."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


class Wording:
    """Renders the templates of `pages/`. Facts are never taken for markup."""

    def __init__(self, texts: Texts) -> None:
        self.texts = texts
        self._files = {name: (FILES / name).read_bytes() for name in STATIC}
        self._pages = jinja2.Environment(
            loader=jinja2.FunctionLoader(lambda name: (FILES / name).read_text(encoding="utf-8")),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )

    def page(self, name: str, language: str, status: int = 200, **facts: object) -> web.Response:
        """A page with its headers."""
        language = self.texts.language_for(language)
        text = self._pages.get_template(name).render(
            facts,
            lang=language,
            say=partial(self._say, language),
            clean=clean,
            rate_text=rate_text,
            file=self._address,
        )
        return web.Response(
            text=text, status=status, content_type="text/html", charset="utf-8", headers=PAGE_HEADERS
        )

    def refusal(self, error: UserError, language: str) -> Html:
        """Why something was not done, with the lines to type in the chat."""
        # On the page of a card it can only be the digits, which the chat does not say.
        key = "web.wrong_digits" if isinstance(error, WrongFactorError) else error.key
        said = self._say(self.texts.language_for(language), key, **error.facts())
        return Html(said + _lines(error.lines()))

    def text(self, language: str, key: str, /, **facts: Fact) -> str:
        """A sentence without any markup."""
        return self.texts.render(key, self.texts.language_for(language), facts).text

    def language_of(self, request: web.Request, otherwise: str) -> str:
        """The first language that the browser asks for, where nobody is known whose it could be."""
        wished = request.headers.get(hdrs.ACCEPT_LANGUAGE, "")[:_LONGEST_WISH]
        first = wished.split(",")[0].split(";")[0].strip()
        return self.texts.language_for(first) if first not in {"", "*"} else otherwise

    def file(self, name: str) -> web.Response:
        """A file that pages ask for; its address changes with what it holds, so that browsers may keep it."""
        return web.Response(
            body=self._files[name], content_type=STATIC[name], headers={hdrs.CACHE_CONTROL: FOR_A_YEAR}
        )

    def _address(self, name: str) -> str:
        return f"../static/{name}?{hashlib.sha256(self._files[name]).hexdigest()[:12]}"

    def _say(self, language: str, key: str, /, **facts: Fact) -> Html:
        said = self.texts.render(key, language, facts)
        return Html(escape(said.text) if said.html is None else said.html)


def _lines(lines: Sequence[str]) -> str:
    return "".join(f"<br><code>{escape(clean(line))}</code>" for line in lines)
