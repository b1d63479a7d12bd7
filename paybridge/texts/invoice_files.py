"""An invoice as pages to print, with what the law of the EU wants on it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final

from paybridge.texts._format import seen
from paybridge.texts.statement_files import Made, Words, rows_of

if TYPE_CHECKING:
    from fpdf import FPDF

    from paybridge.domain.facts import Facts
    from paybridge.services.says import Say
    from paybridge.texts._texts import Texts

TAX_ID: Final = "invoice.paper.taxid"
SELLER: Final = "invoice.paper.seller"
SELLER_ALONE: Final = "invoice.paper.seller.alone"
"""Of an order at a shop that never said where it is."""
HEADING: Final = (
    SELLER,
    TAX_ID,
    "invoice.paper.day",
    "invoice.paper.buyer",
    "invoice.paper.payment",
)
COLUMNS: Final = (
    "invoice.column.pieces",
    "invoice.column.words",
    "invoice.column.each",
    "invoice.column.rate",
    "invoice.column.sum",
)
TAX_COLUMNS: Final = (
    "invoice.column.rate",
    "invoice.column.net",
    "invoice.column.tax",
    "invoice.column.gross",
)
_PLAIN, _BOLD, _LARGE = 9, 12, 15
_HEIGHT: Final = 5.5
_CODE: Final = 34.0
"""The side of the QR code, in millimetres."""
_QUIET: Final = 4
"""Modules of white around it (ISO/IEC 18004)."""


def make_invoice(texts: Texts, say: Say) -> Made:
    """The pages of the invoice that the message is about; takes a second of CPU."""
    words = Words(texts, say.language)
    return Made(f"{say.facts['number']}.pdf", "application/pdf", _pages(words, say.facts))


def _pages(words: Words, facts: Facts) -> bytes:
    from fpdf import FPDF  # noqa: PLC0415 - heavy; only who asks for an invoice pays for it
    from fpdf.enums import XPos, YPos  # noqa: PLC0415 - as above
    from pylopdf_fonts_zh_cn import sans_path  # noqa: PLC0415 - as above

    title = words("invoice.paper.title", {"number": facts["number"]})
    pdf = FPDF(format="A4")
    pdf.set_title(title)
    pdf.set_lang(words.locale.language)
    day = facts["day"]
    assert isinstance(day, date)  # as the use case wrote it
    # Of the same facts it is the same file, whenever it is made.
    pdf.set_creation_date(datetime(day.year, day.month, day.day, tzinfo=UTC))
    pdf.add_font("sans", fname=str(sans_path()))
    pdf.set_margins(18, 18)
    pdf.set_auto_page_break(auto=True, margin=18)
    pdf.add_page()

    def line(text: str, size: int = _PLAIN) -> None:
        pdf.set_font("sans", size=size)
        pdf.multi_cell(0, size * 0.55, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    line(title, _LARGE)
    pdf.ln(3)
    for key in HEADING:
        if key == SELLER and not facts["address"]:
            line(words(SELLER_ALONE, facts))
        elif key != TAX_ID or facts["taxid"]:
            line(words(key, facts))
    pdf.ln(4)
    _lines(pdf, words, facts)
    pdf.ln(4)
    _taxes(pdf, words, facts)
    pdf.ln(4)
    line(words("invoice.paper.total", facts), _BOLD)
    line(words("invoice.paper.rounding", facts))
    line(words(f"invoice.paper.{facts['state']}", facts))
    if facts["state"] == "open":
        _code(pdf, f"!accept {facts['payment']}")
    return bytes(pdf.output())


def _lines(pdf: FPDF, words: Words, facts: Facts) -> None:
    with pdf.table(
        col_widths=(18, 84, 26, 20, 26),
        line_height=_HEIGHT,
        borders_layout="HORIZONTAL_LINES",
        first_row_as_headings=False,
        text_align=("RIGHT", "LEFT", "RIGHT", "RIGHT", "RIGHT"),
    ) as table:
        table.row([words(column) for column in COLUMNS])
        for line in rows_of(facts["lines"]):
            table.row(
                [
                    str(line["pieces"]),
                    seen(str(line["words"])),
                    words.money(line["each"]),
                    f"{line['rate']} %",
                    words.money(line["sum"]),
                ]
            )
        for discount in rows_of(facts["discount"]):
            table.row(["", words("invoice.column.discount"), "", "", f"-{words.money(discount['off'])}"])


def _taxes(pdf: FPDF, words: Words, facts: Facts) -> None:
    with pdf.table(
        width=120,
        align="LEFT",
        col_widths=(24, 32, 32, 32),
        line_height=_HEIGHT,
        borders_layout="HORIZONTAL_LINES",
        first_row_as_headings=False,
        text_align="RIGHT",
    ) as table:
        table.row([words(column) for column in TAX_COLUMNS])
        for tax in rows_of(facts["taxes"]):
            sums = (words.money(tax[name]) for name in ("net", "tax", "gross"))
            table.row([f"{tax['rate']} %", *sums])


def _code(pdf: FPDF, text: str) -> None:
    """What to type, for a phone that sees the paper."""
    import segno  # noqa: PLC0415 - only who is shown a code pays for it

    matrix = segno.make(text, error="m", micro=False).matrix
    side = _CODE / (len(matrix) + 2 * _QUIET)
    left, top = pdf.l_margin, pdf.get_y() + 3
    pdf.set_fill_color(0)
    for down, row in enumerate(matrix):
        for across, dark in enumerate(row):
            if dark:
                pdf.rect(left + (across + _QUIET) * side, top + (down + _QUIET) * side, side, side, style="F")
