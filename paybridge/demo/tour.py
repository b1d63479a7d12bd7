"""`make tour`: plays an evening of six and a day of a shop, and writes them down as pages of docs/."""

from __future__ import annotations

import asyncio
import logging
import re
import string
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

from paybridge.demo import shop_day
from paybridge.demo.evening import NAMES, Evening
from paybridge.demo.homeserver import Homeserver
from paybridge.demo.person import Person
from paybridge.demo.program import ProgramError
from paybridge.demo.shop_day import ShopDay
from paybridge.demo.stage import Choices, Stage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.demo.scene import Line

DOCS: Final = Path(__file__).parents[2] / "docs"
PAGE: Final = DOCS / "tour.md"
SHOP_PAGE: Final = DOCS / "shop-day.md"
PASSWORD: Final = "paybridge-demo"  # noqa: S105 - of throwaway accounts on loopback
HEAD: Final = """# {title}

Written by `make tour` from what {who} people typed and read in an encrypted room on a real homeserver,
with a simulated bank. Ids, codes, dates and times are made the same in every run; the rest stands as it
was said. Each line begins with where it was said and by whom; *(edited)* marks a message that took the
place of an earlier one, so that a payment stays one message from its card to its receipt. What else can
be typed is in [commands.md](commands.md).
"""
EVENING: Final = HEAD.format(title="An evening of six", who="six")
SHOP_DAY: Final = HEAD.format(title="A day of a small shop", who="four")
PAYMENT: Final = re.compile(r"\bPB-[0-9A-Z]{5,}\b")
STABLE: Final = (
    (re.compile(r"\b20\d\d-(\d{5})\b"), r"2026-\1"),
    (re.compile(r"(!confirm) [0-9A-Z]{4}\b"), r"\1 7Q4F"),
    (re.compile(r"(!link verify) \d{4}\b"), r"\1 1234"),
    (re.compile(r"\b[A-Z][a-z]{2} \d{1,2}, 20\d\d\b"), "Nov 27, 2026"),
    (re.compile(r"\b(?:January|February|March|April|May|June|July|August|September|October|November|December)"
                r" 20\d\d\b"), "November 2026"),
    (re.compile(r"\b20\d\d-\d\d-\d\d \d\d:\d\d(?::\d\d)?"), "2026-11-27 20:00"),
    (re.compile(r"\b20\d\d-\d\d\b(?!-)"), "2026-11"),
    (re.compile(r"\b\d\d:\d\d UTC\b"), "20:00 UTC"),
)  # fmt: skip


def page(told: Sequence[Line | str], head: str = EVENING) -> str:
    """The page of an evening; two evenings with the same words give the same page."""
    parts = [head]
    for one in told:
        if isinstance(one, str):
            parts.extend(["```\n"] if len(parts) > 1 else [])
            parts.append(f"{one}\n\n```text")
        else:
            mark = " (edited)" if one.edited else ""
            text = one.text.replace("\n", "\n    ")
            parts.append(f"[{one.where}] {one.who}{mark}: {text}".replace(": \n", ":\n"))
    return _stable("\n".join([*parts, "```", ""]))


def _stable(text: str) -> str:
    letters: dict[str, str] = {}
    for found in PAYMENT.findall(text):
        letters.setdefault(found, f"PB-{string.ascii_uppercase[len(letters)] * 5}")
    text = PAYMENT.sub(lambda match: letters[match[0]], text)
    for pattern, words in STABLE:
        text = pattern.sub(words, text)
    return text


async def _play(kind: type[Evening | ShopDay], names: Sequence[str]) -> Sequence[Line | str]:
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="paybridge-tour-")))
        homeserver = await stack.enter_async_context(Homeserver(directory / "homeserver"))
        await asyncio.to_thread((directory / "stage").mkdir)
        choices = Choices(config={"permissions": {homeserver.server_name: "merchant"}})
        stage = await stack.enter_async_context(Stage(directory / "stage", homeserver, choices=choices))
        people = {}
        for name in names:
            user_id = await homeserver.register(name.lower(), PASSWORD, name)
            people[name] = await Person.arrive(homeserver.url, user_id, PASSWORD, directory / name, name)
            stack.push_async_callback(people[name].leave)
        scene = kind(stage, people)
        await scene.spend()
        audited = await stage.audit()
        if not audited.passed:
            raise ProgramError(audited.output)
        return scene.told


if __name__ == "__main__":
    logging.getLogger("nio").setLevel(logging.CRITICAL)
    PAGE.write_text(page(asyncio.run(_play(Evening, NAMES))), encoding="utf-8")
    SHOP_PAGE.write_text(page(asyncio.run(_play(ShopDay, shop_day.NAMES)), SHOP_DAY), encoding="utf-8")
