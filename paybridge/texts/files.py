"""The file that goes with a message: which one, its key says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.texts.invoice_files import make_invoice
from paybridge.texts.statement_files import Made
from paybridge.texts.statement_files import make_file as make_statement

if TYPE_CHECKING:
    from paybridge.services.says import Say
    from paybridge.texts._texts import Texts


def make_file(texts: Texts, say: Say) -> Made:
    """The file that is made of the message's facts."""
    return make_invoice(texts, say) if say.key == "invoice.file" else make_statement(texts, say)
