"""A month of a shop as a file in its language: a table for spreadsheets, or pages to print."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

from paybridge.domain.invoice import rate_text
from paybridge.domain.takings import TAKINGS
from paybridge.texts import _format
from paybridge.texts.statement_files import Made, Words, harmless

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fpdf import FPDF

    from paybridge.domain.money import Money
    from paybridge.domain.takings import Takings
    from paybridge.domain.takings_report import AtRate, MonthIn, Report
    from paybridge.texts._texts import Texts

COLUMNS: Final = (
    "takings.column.kind",
    "takings.column.name",
    "takings.column.currency",
    "takings.column.count",
    "takings.column.taken",
    "takings.column.given",
    "takings.column.left",
    "takings.column.tax",
)
_SMALL, _PLAIN, _LARGE = 8, 9, 14
_HEIGHT: Final = 5.5
_FIGURES: Final = 30
"""Millimetres of a column of sums."""


def make_takings(texts: Texts, report: Report, language: str, form: str) -> Made:
    """The file of the report, `csv` or `pdf`; takes a second of CPU for a PDF."""
    words = Words(texts, language)
    name = f"{report.month}.{form}"
    if form == "csv":
        return Made(f"shop-{name}", "text/csv", _table(words, report))
    return Made(f"shop-{name}", "application/pdf", _pages(words, report))


def rate_name(words: Words, row: AtRate) -> str:
    """What a rate is called: "7 %", or tips."""
    if row.rate is None:
        return words("takings.tips")
    return words("takings.rate", {"rate": rate_text(row.rate)})


# ---------------------------------------------------------------- for spreadsheets


def _table(words: Words, report: Report) -> bytes:
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\r\n")
    rows.writerow([words(column, {"zone": report.zone}) for column in COLUMNS])
    for one in report.currencies:
        for kind, name, count, sums, tax in _rows(words, one):
            told = [*(money.plain() for money in sums), "" if tax is None else tax.plain()]
            rows.writerow([words(f"takings.kind.{kind}"), harmless(name), one.currency, count, *told])
    # Spreadsheets take a file without the mark for one in an encoding of their own.
    return ("\ufeff" + written.getvalue()).encode()


def _rows(
    words: Words, one: MonthIn
) -> Sequence[tuple[str, str, int | str, tuple[Money, Money, Money], Money | None]]:
    """Kind, name, count, the three sums and the tax of each line."""
    nothing = one.whole.taken - one.whole.taken
    days = [("day", f"{day.day}", day.count(*TAKINGS), _sums(day), None) for day in one.days]
    items = [("item", item.name, item.pieces, (item.gross, nothing, item.gross), None) for item in one.sold]
    rates = [
        ("tax", rate_name(words, row), "", (row.taken, row.given, row.left), row.tax) for row in one.rates
    ]
    month = ("month", "", one.whole.count(*TAKINGS), _sums(one.whole), None)
    return [*days, *items, *rates, month]


def _sums(takings: Takings) -> tuple[Money, Money, Money]:
    return takings.taken, takings.given, takings.left


# ---------------------------------------------------------------- to print


def _pages(words: Words, report: Report) -> bytes:
    from fpdf import FPDF  # noqa: PLC0415 - heavy; only who asks for a report pays for it
    from fpdf.enums import XPos, YPos  # noqa: PLC0415 - as above
    from pylopdf_fonts_zh_cn import sans_path  # noqa: PLC0415 - as above

    title = words("takings.title", {"month": report.month, "shop": report.shop})
    said = words("takings.made", {"at": report.at, "zone": report.zone}, zone=report.zone)

    class Page(FPDF):
        def footer(self) -> None:
            self.set_y(-12)
            self.set_font("sans", size=_SMALL)
            self.cell(0, _HEIGHT, f"{title} · {self.page_no()} / {{nb}}", align="C")

    pdf = Page(format="A4")
    pdf.set_creation_date(report.at)
    pdf.set_title(title)
    pdf.set_lang(words.locale.language)
    pdf.add_font("sans", fname=str(sans_path()))
    pdf.set_margins(15, 15)
    pdf.set_auto_page_break(auto=True, margin=18)
    pdf.add_page()
    for size, text in ((_LARGE, title), (_PLAIN, said)):
        pdf.set_font("sans", size=size)
        pdf.multi_cell(0, size * 0.6, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.set_font("sans", size=_PLAIN)
    for one in report.currencies:
        _currency(pdf, words, one)
    return bytes(pdf.output())


def _currency(pdf: FPDF, words: Words, one: MonthIn) -> None:
    sums = [words(f"takings.column.{name}") for name in ("taken", "given", "left")]
    parts = [
        [words(f"shop_view.sort.{part.sort}", {"count": part.count}), words.money(part.sum)]
        for part in one.whole.parts
    ]
    parts.append([words("shop_view.left_of_it"), words.money(one.whole.left)])
    _part(pdf, words("takings.kind.month"), [[one.currency, words("takings.column.sum")], *parts])
    rates = [
        [rate_name(words, row), *map(words.money, (row.taken, row.given, row.left, row.tax))]
        for row in one.rates
    ]
    _part(pdf, words("takings.kind.tax"), [[one.currency, *sums, words("takings.column.tax")], *rates])
    items = [[_format.seen(item.name), f"{item.pieces}", words.money(item.gross)] for item in one.sold]
    headings = [one.currency, words("takings.column.pieces"), words("takings.column.taken")]
    _part(pdf, words("takings.kind.item"), [headings, *items])
    days = [
        [_format.date_text(day.day, words.locale), *map(words.money, _sums(day))]
        for day in one.days
        if day.day is not None and day.parts
    ]
    _part(pdf, words("takings.kind.day"), [[one.currency, *sums], *days])


def _part(pdf: FPDF, title: str, rows: Sequence[Sequence[str]]) -> None:
    """A table with its title, unless it has nothing but its headings."""
    if len(rows) == 1:
        return
    pdf.ln(4)
    pdf.set_font("sans", size=_PLAIN + 2)
    pdf.cell(0, _HEIGHT, title, new_x="LMARGIN", new_y="NEXT")
    pdf.set_font("sans", size=_PLAIN)
    figures = len(rows[0]) - 1
    with pdf.table(
        col_widths=(180 - figures * _FIGURES, *[_FIGURES] * figures),
        line_height=_HEIGHT,
        borders_layout="HORIZONTAL_LINES",
        first_row_as_headings=False,
        text_align=("LEFT", *["RIGHT"] * figures),
        repeat_headings=0,
    ) as table:
        for row in rows:
            table.row(row)
