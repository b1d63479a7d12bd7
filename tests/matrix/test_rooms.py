"""Rooms as the homeserver describes them: what people may be called in them."""

from __future__ import annotations

from typing import Any

import pytest

from paybridge.matrix.rooms import KnownRooms


class OneRoom:
    """A homeserver with one room, in which Eve has chosen her name."""

    def __init__(self, name: object) -> None:
        self.name = name

    async def get(self, *_path: str, query: object = None) -> dict[str, Any]:
        del query
        profile = {"membership": "join", "displayname": self.name}
        return {"chunk": [{"state_key": "@eve:hs", "content": profile}]}


async def name_of_eve(name: object) -> str | None:
    rooms = KnownRooms(OneRoom(name), None, "@bot:hs")  # type: ignore[arg-type]  # nobody else is asked
    return (await rooms.roster("!room:hs")).joined["@eve:hs"]


@pytest.mark.parametrize("name", ["Eve", "eve@example.org", "Eve: really", "@eve", "at 5: home", "\u202eevE"])
async def test_people_are_called_as_they_like(name: str) -> None:
    assert await name_of_eve(name) == name


@pytest.mark.parametrize(
    "name", ["@bob:hs", "Bob (@bob:hs)", "Bob @b\u200bob:\u200bhs", "\uff20bob\uff1ahs", None, 5, ["Eve"]]
)
async def test_but_not_by_a_matrix_id(name: object) -> None:
    assert await name_of_eve(name) is None
