"""The catalogue of one language: its sentences by key, with their plural forms."""

from __future__ import annotations

import re
from dataclasses import dataclass
from gettext import c2py
from io import StringIO
from typing import TYPE_CHECKING, Final

from babel import Locale
from babel.messages.pofile import read_po

from paybridge.texts._template import Template, template_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from importlib.resources.abc import Traversable

    from babel.messages.catalog import Message

_KEY_LINE: Final = re.compile(r'^msgid "(.+)"$', re.MULTILINE)


class BadCatalogueError(ValueError):
    """A catalogue in which a key stands twice, or has no sentence."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What one language says."""

    language: str
    locale: Locale
    sentences: Mapping[str, tuple[Template, ...]]
    plural_form: Callable[[int], int]

    def pick(self, key: str, count: int) -> Template:
        """Give the sentence of a key, in the plural form for `count`; KeyError if there is none."""
        forms = self.sentences[key]
        return forms[0] if len(forms) == 1 else forms[self.plural_form(abs(count))]


def load(file: Traversable) -> Catalogue:
    """Read `xx.po`, named after its language; BadCatalogueError if it cannot be used as it is."""
    language = file.name.removesuffix(".po")
    source = file.read_text("utf-8")
    catalogue = read_po(StringIO(source), locale=language, abort_invalid=True)
    sentences = {_forms(each.id)[0]: _templates(each) for each in catalogue if each.id}
    keys = _KEY_LINE.findall(source)
    if len(keys) != len(sentences):
        twice = sorted({key for key in keys if keys.count(key) > 1})
        raise BadCatalogueError(f"{file.name}: keys that stand twice: {twice}")
    return Catalogue(language, Locale.parse(language), sentences, c2py(catalogue.plural_expr))


def _forms(text: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    """Give the plural forms, which are one where nothing is counted."""
    return (text or "",) if isinstance(text, str | None) else tuple(text)


def _templates(message: Message) -> tuple[Template, ...]:
    forms = _forms(message.string)
    if not all(forms):
        raise BadCatalogueError(f"{message.id}: has no sentence")
    return tuple(template_of(form) for form in forms)
