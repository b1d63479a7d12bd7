"""Draws takings as bars: an SVG without any script or style of its own, with words in place of it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

from paybridge.web.wording import Html

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.domain.takings_report import MonthIn, Report
    from paybridge.web.wording import Wording

WIDTH: Final = 640
HEIGHT: Final = 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 4, 4, 36, 34
_FEW: Final = 12
"""So many bars have each their name below; of more, each fifth."""
_STEP: Final = 5


@dataclass(frozen=True, slots=True)
class Bar:
    """One place of a chart: what came is drawn up, what went (negative) down; `told` says both in words."""

    name: str
    came: int
    went: int
    told: str


@dataclass(frozen=True, slots=True)
class Legend:
    """What a chart is called, what it shows in a sentence, and how its highest bar is told."""

    id: str
    title: str
    words: str
    highest: str


def takings_chart(words: Wording, language: str, report: Report, one: MonthIn) -> Html:
    """Each day of the month."""
    best = max(one.days, key=lambda day: day.taken)
    facts = {"day": best.day, "most": best.taken, "taken": one.whole.taken, "given": one.whole.given}
    drawn = [
        Bar(
            name=f"{day.day.day}" if day.day else "",
            came=day.taken.minor,
            went=day.given.minor,
            told=words.text(language, "takings.day", day=day.day, taken=day.taken, given=day.given),
        )
        for day in one.days
    ]
    legend = Legend(
        id=f"chart-{one.currency}",
        title=words.text(language, "takings.chart", month=report.month, currency=one.currency),
        words=words.text(language, "takings.chart_words", **facts),
        highest=words.text(language, "web.money", money=best.taken),
    )
    return bars(drawn, legend)


def bars(drawn: Sequence[Bar], legend: Legend) -> Html:
    """The chart; whoever does not see it is told the title and the words."""
    top = max((bar.came for bar in drawn), default=0)
    low = min((bar.went for bar in drawn), default=0)
    # Whole numbers throughout: sums of money are larger than what a float tells apart.
    range_ = max(top - low, 1)
    inner = HEIGHT - _TOP - _BOTTOM
    base = _TOP + inner * top // range_
    place = (WIDTH - _LEFT - _RIGHT) / max(len(drawn), 1)
    told_by = f"{legend.id}-title {legend.id}-words"
    parts = [
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{told_by}">',
        f'<title id="{legend.id}-title">{escape(legend.title)}</title>',
        f'<desc id="{legend.id}-words">{escape(legend.words)}</desc>',
    ]
    if top > 0:
        parts.append(f'<text class="most" x="{_LEFT}" y="{_TOP - 8}">{escape(legend.highest)}</text>')
    for number, bar in enumerate(drawn):
        at, wide = _LEFT + number * place, place * 0.72
        up, down = inner * bar.came // range_, inner * -bar.went // range_
        parts.append(f"<g><title>{escape(bar.told)}</title>")
        if bar.came > 0:
            parts.append(_rectangle("came", at, base - max(up, 1), wide, max(up, 1)))
        if bar.went < 0:
            parts.append(_rectangle("went", at, base, wide, max(down, 1)))
        parts.append("</g>")
        if len(drawn) <= _FEW or number % _STEP == 0:
            middle = at + wide / 2
            parts.append(
                f'<text x="{middle:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(bar.name)}</text>'
            )
    parts.append(f'<path class="base" d="M{_LEFT} {base}H{WIDTH - _RIGHT}"/></svg>')
    return Html("".join(parts))


def _rectangle(kind: str, x: float, y: int, width: float, height: int) -> str:
    return f'<rect class="{kind}" x="{x:.1f}" y="{y}" width="{width:.1f}" height="{height}"/>'
