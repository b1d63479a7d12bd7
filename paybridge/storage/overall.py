"""How the books stand, for whoever looks from beside a bot that may be running."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from paybridge.storage.moments import moment
from paybridge.storage.motion_tables import IS_WAITING
from paybridge.storage.outside import opened
from paybridge.storage.tables import IS_OPEN, IS_OPEN_LEG, IS_OPEN_REQUEST, IS_STOOD_STILL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paybridge.storage.outside import Outside

_PAYMENTS: Final = f"SELECT state, count(*) FROM transfer WHERE {IS_OPEN} GROUP BY state ORDER BY state"  # noqa: S608 - our own words
_REQUESTS: Final = f"SELECT count(*) FROM request WHERE {IS_OPEN_REQUEST}"  # noqa: S608 - our own words
_LEGS: Final = f"SELECT state, count(*) FROM leg WHERE {IS_OPEN_LEG} GROUP BY state ORDER BY state"  # noqa: S608 - our own words
_ASKED: Final = f"SELECT count(*) FROM motion WHERE {IS_WAITING}"  # noqa: S608 - our own words
_PAUSED: Final = "SELECT rail FROM rail_pause WHERE since IS NOT NULL ORDER BY rail"
_LETTERS: Final = "SELECT count(*) FROM letter WHERE done = 0"
_POSTS: Final = "SELECT count(*) FROM post WHERE state = 'waiting'"
_STILL: Final = f"""
    SELECT identity.mxid, person.frozen, person.stopped
    FROM person JOIN identity ON identity.person = person.id WHERE {IS_STOOD_STILL} ORDER BY identity.mxid
    """  # noqa: S608 - our own words


def overall(url: str) -> Mapping[str, Any]:
    """Open payments and orders by state, what waits, and who is frozen; or `DatabaseError`."""
    with opened(url, "read") as outside:
        return {
            "payments": dict(outside.rows(_PAYMENTS)) | {"requests": _one(outside, _REQUESTS)},
            "orders": dict(outside.rows(_LEGS)),
            "paused": [rail for (rail,) in outside.rows(_PAUSED)],
            "waiting": {
                "for operators": _one(outside, _ASKED),
                "to read": _one(outside, _LETTERS),
                "to say": _one(outside, _POSTS),
            },
            "frozen": [
                {
                    "user": mxid,
                    "by": "operator" if stopped is not None else "themselves",
                    "since": moment(frozen if stopped is None else stopped).isoformat(),
                }
                for mxid, frozen, stopped in outside.rows(_STILL)
            ],
        }


def _one(outside: Outside, question: str) -> int:
    ((count,),) = outside.rows(question)
    return int(count)
