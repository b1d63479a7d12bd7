"""What `paybridge verify` shows the operator, and what came of their word, as lines to print."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from paybridge.matrix.verification.asking import NotRunningError, ask
from paybridge.matrix.verification.cases import Judgement

if TYPE_CHECKING:
    from pathlib import Path

GROUP = 4

OUTCOMES: Mapping[Judgement, str] = {
    Judgement.GONE: "That one is over: they stopped, or it took over ten minutes. Let them begin again.",
    Judgement.TOO_EARLY: "They have not begun to compare yet.",
    Judgement.REFUSED: "Stopped, and they are told that the codes differ.",
    Judgement.WAITING: "Noted: the bot trusts them as soon as they have confirmed in their own client.",
    Judgement.NO_IDENTITY: "They vouched for one session, but for no identity that signs all of theirs.",
    Judgement.VERIFIED: "Verified: the bot trusts every session that they sign, as far as it trusts anyone.",
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """One verification that is under way, in words."""

    number: int
    person: str
    can_be_judged: bool
    words: str


@dataclass(frozen=True, slots=True)
class Seen:
    """The bot's own keys in words, and everyone who is verifying it."""

    keys: str
    waiting: tuple[Waiting, ...]


def look(data_dir: Path) -> Seen:
    """What there is to see of the bot that runs with this data directory, or `NotRunningError`."""
    told = ask(data_dir, {"order": "list"})
    try:
        waiting = tuple(map(_waiting, told["pending"]))
        keys = (
            f"{told['user']} is known by\n"
            f"  its identity  {grouped(told['master_key'])}\n"
            f"  session {told['device']}  {grouped(told['device_key'])}"
        )
    except (KeyError, TypeError) as error:
        raise NotRunningError(data_dir) from error
    if not waiting:
        keys += "\nNobody is verifying it now. In Element, open its profile and choose to verify it."
    return Seen(keys, waiting)


def judge(data_dir: Path, number: int, *, alike: bool) -> str:
    """Tell the bot whether the codes are alike, and return what came of it."""
    told = ask(data_dir, {"order": "judge", "number": number, "alike": alike})
    try:
        return OUTCOMES[Judgement(told["judgement"])]
    except (KeyError, ValueError) as error:
        raise NotRunningError(data_dir) from error


def grouped(key: str) -> str:
    """A key in groups that can be read aloud, as clients show it."""
    return " ".join(textwrap.wrap(key, GROUP))


def _waiting(row: Mapping[str, Any]) -> Waiting:
    has_codes = row["emoji"] is not None
    lines = [f"\n{row['number']}  {row['person']}, session {row['device']}"]
    if has_codes:
        lines += ["   " + "   ".join(f"{picture} {name}" for picture, name in row["emoji"])]
        lines += ["   " + "  ".join(map(str, row["decimals"]))]
    lines.append(f"   {_how_far(row, has_codes=has_codes)}")
    return Waiting(row["number"], row["person"], has_codes and not row["you_agree"], "\n".join(lines))


def _how_far(row: Mapping[str, Any], *, has_codes: bool) -> str:
    if not has_codes:
        return "They have not begun to compare yet."
    if row["you_agree"]:
        return "You found the codes alike; they have yet to confirm."
    return "They found the codes alike." if row["they_agree"] else "They have yet to confirm."
