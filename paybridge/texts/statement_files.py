"""A statement as a file in the person's language: a table for spreadsheets, or pages to print."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, cast
from zoneinfo import ZoneInfo

from babel import Locale

from paybridge.domain.money import Money
from paybridge.domain.month import Month
from paybridge.texts import _format

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fpdf import FPDF

    from paybridge.domain.facts import Fact, Facts
    from paybridge.services.says import Say
    from paybridge.texts._texts import Texts

COLUMNS: Final = (
    "statement.column.at",
    "statement.column.payment",
    "statement.column.what",
    "statement.column.other",
    "statement.column.amount",
    "statement.column.balance",
    "statement.column.note",
)
_STARTS_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_WIDTHS: Final = (30, 22, 36, 46, 28, 28, 77)
"""Of the columns of a page on its side, in millimetres."""
_SMALL, _PLAIN, _LARGE = 8, 9, 14
_HEIGHT: Final = 5.5


@dataclass(frozen=True, slots=True)
class Made:
    """A file: its name, its media type and what is in it."""

    name: str
    mimetype: str
    data: bytes


def make_file(texts: Texts, say: Say) -> Made:
    """The file that goes with a statement or an export; takes a second of CPU for a PDF."""
    month = say.facts["month"]
    name = f"paybridge-{month}.{say.file}"
    if say.file == "beancount":
        return Made(name, "text/plain", str(say.facts["text"]).encode())
    words = Words(texts, say.language)
    if say.file == "csv":
        return Made(name, "text/csv", _table(words, say.facts))
    return Made(name, "application/pdf", _pages(words, say.facts))


class Words:
    """The words and figures of one language."""

    def __init__(self, texts: Texts, language: str) -> None:
        self._texts = texts
        self._language = texts.language_for(language)
        self.locale = Locale.parse(self._language)

    def __call__(self, key: str, facts: Mapping[str, Fact] | None = None, *, zone: str = "UTC") -> str:
        return self._texts.render(key, self._language, facts or {}, zone=zone).text

    def what(self, line: Facts) -> str:
        return self(f"statement.what.{line['what']}")

    def money(self, fact: Fact) -> str:
        return _format.money_text(fact, self.locale) if isinstance(fact, Money) else ""


# ---------------------------------------------------------------- for spreadsheets


def harmless(text: str) -> str:
    """A text that a spreadsheet would calculate is quoted, as OWASP advises against CSV injection."""
    seen = _format.seen(text)
    return f"'{seen}" if seen.startswith(_STARTS_A_FORMULA) else seen


def _table(words: Words, facts: Facts) -> bytes:
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\r\n")
    columns = [*COLUMNS[:4], "statement.column.currency", *COLUMNS[4:]]
    zone = {"zone": facts["zone"]}
    rows.writerow([*(words(column, zone) for column in columns), words("statement.column.change")])
    for section in rows_of(facts["sections"]):
        ends = {"opening": words("statement.opening"), "closing": words("statement.closing")}
        rows.writerow(_end(ends["opening"], section, "opening"))
        for line in rows_of(section["lines"]):
            at, other = line["at"], line["other"]
            assert isinstance(at, datetime)  # as the command wrote it
            rows.writerow(
                [
                    f"{_local(at, facts):%Y-%m-%d %H:%M:%S}",
                    line["payment"],
                    words.what(line),
                    harmless(str(other or "")),
                    section["currency"],
                    _plain(line["amount"]),
                    _plain(line["balance"]),
                    harmless(str(line["note"])),
                    _plain(line["change"]),
                ]
            )
        rows.writerow(_end(ends["closing"], section, "closing"))
    # Spreadsheets take a file without the mark for one in an encoding of their own.
    return ("\ufeff" + written.getvalue()).encode()


def _end(what: str, section: Facts, name: str) -> list[object]:
    return ["", "", what, "", section["currency"], "", _plain(section[name]), "", ""]


def _local(at: datetime, facts: Facts) -> datetime:
    return at.astimezone(ZoneInfo(str(facts["zone"])))


def _plain(fact: Fact) -> str:
    """A figure as programs read it: a number, not a text, so that its minus is one."""
    return fact.plain() if isinstance(fact, Money) else ""


def rows_of(fact: Fact) -> Sequence[Facts]:
    return cast("Sequence[Facts]", fact or ())


# ---------------------------------------------------------------- to print


def _pages(words: Words, facts: Facts) -> bytes:
    from fpdf import FPDF  # noqa: PLC0415 - heavy; only who asks for a statement pays for it
    from fpdf.enums import XPos, YPos  # noqa: PLC0415 - as above
    from pylopdf_fonts_zh_cn import sans_path  # noqa: PLC0415 - as above

    month, at = facts["month"], facts["at"]
    assert isinstance(month, Month)  # as the command wrote them
    assert isinstance(at, datetime)
    title = words("statement.title", {"month": month})
    said = words("statement.made", {"who": facts["who"], "at": at}, zone=str(facts["zone"]))

    class Page(FPDF):
        def footer(self) -> None:
            self.set_y(-12)
            self.set_font("sans", size=_SMALL)
            self.cell(0, _HEIGHT, f"{title} · {self.page_no()} / {{nb}}", align="C")

    pdf = Page(orientation="landscape", format="A4")
    pdf.set_creation_date(at)
    pdf.set_title(title)
    pdf.set_lang(words.locale.language)
    pdf.add_font("sans", fname=str(sans_path()))
    pdf.set_margins(15, 15)
    pdf.set_auto_page_break(auto=True, margin=18)
    pdf.add_page()
    for size, text in ((_LARGE, title), (_PLAIN, said)):
        pdf.set_font("sans", size=size)
        pdf.cell(0, size * 0.6, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    for section in rows_of(facts["sections"]):
        pdf.ln(4)
        pdf.set_font("sans", size=_PLAIN)
        _lines(pdf, words, facts, section)
        _totals(pdf, words, section)
    return bytes(pdf.output())


def _lines(pdf: FPDF, words: Words, facts: Facts, section: Facts) -> None:
    with pdf.table(
        col_widths=_WIDTHS,
        line_height=_HEIGHT,
        borders_layout="HORIZONTAL_LINES",
        first_row_as_headings=False,
        text_align=("LEFT", "LEFT", "LEFT", "LEFT", "RIGHT", "RIGHT", "LEFT"),
        repeat_headings=0,
    ) as table:
        table.row([words(column, {"zone": facts["zone"]}) for column in COLUMNS])
        table.row(["", "", words("statement.opening"), "", "", words.money(section["opening"]), ""])
        for line in rows_of(section["lines"]):
            at, balance = line["at"], line["balance"]
            assert isinstance(at, datetime)  # as the command wrote it
            straight = words("statement.straight") if balance is None else words.money(balance)
            table.row(
                [
                    f"{_local(at, facts):%Y-%m-%d %H:%M}",
                    str(line["payment"]),
                    words.what(line),
                    _format.seen(str(line["other"] or "")),
                    words.money(line["amount"]),
                    straight,
                    _format.seen(str(line["note"])),
                ]
            )
        table.row(["", "", words("statement.closing"), "", "", words.money(section["closing"]), ""])


def _totals(pdf: FPDF, words: Words, section: Facts) -> None:
    pdf.ln(3)
    totals = rows_of(section["totals"])
    if not totals:
        return
    with pdf.table(
        width=110,
        align="LEFT",
        col_widths=(60, 15, 35),
        line_height=_HEIGHT,
        borders_layout="HORIZONTAL_LINES",
        first_row_as_headings=False,
        text_align=("LEFT", "RIGHT", "RIGHT"),
    ) as table:
        for total in totals:
            what = words.what(total)
            if total["straight"]:
                what = words("statement.what_straight", {"what": what})
            table.row([what, str(total["count"]), words.money(total["sum"])])
