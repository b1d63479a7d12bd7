r"""Every sentence a person reads, in each language.

To add a sentence, append an entry to every catalogue here (`en.po`, `zh.po`), in the group of its key:

    msgid "pay.card"
    msgstr ""
    "**%(payee)s gets %(amount)s**\n"
    "To send it: `!confirm %(code)s`"

- `%(name)s` is filled with the fact of that name: money, people, times and numbers as the language writes
  them, text with everything unseen taken out. Facts are never taken for markup. `%%` is a percent sign.
- Backticks hold a line to copy: in it facts stand as a command reads them ("1234.50 EUR", a full Matrix id).
- `**bold**`; `\n` ends a line. Nothing else is markup.
- A sentence that counts has `msgid_plural` (the same key) and `msgstr[0]`, `msgstr[1]`, ... as the header of
  its catalogue says; the fact named `count` chooses.
- A fact that is a tuple of rows writes each row by the sentence `<key>.<name>`, one per line.
- A refusal says what is wrong, in plain words; that nothing was sent, and what to type, is said around it.

To add a language, add its catalogue: `xx.po` (docs/translate.md). Tests compare all catalogues.
"""

from importlib import resources

from paybridge.texts._format import clean
from paybridge.texts._texts import Rendered, Texts

__all__ = ["Rendered", "Texts", "clean", "shipped"]


def shipped() -> tuple[str, ...]:
    """The codes of the languages that have a catalogue here, without reading them."""
    files = resources.files(__name__).iterdir()
    return tuple(sorted(file.name.removesuffix(".po") for file in files if file.name.endswith(".po")))
