"""The Matrix surroundings of the flow tests: one homeserver for the whole run, and people on it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from paybridge.demo.person import Person

if TYPE_CHECKING:
    from pathlib import Path

    from paybridge.demo.homeserver import Homeserver

PASSWORD = "correct horse battery staple"


@dataclass
class People:
    """Makes people whose names nobody else in this run has, and sees them off at the end."""

    homeserver: Homeserver
    directory: Path
    password: str = PASSWORD
    _here: list[Person] = field(default_factory=list)

    async def account(self, name: str = "someone") -> str:
        """Register an account without any client, and return its user id."""
        localpart = f"{''.join(filter(str.isalnum, name.lower()))}-{secrets.token_hex(4)}"
        return await self.homeserver.register(localpart, self.password, name)

    async def arrive(self, name: str = "someone", *, user_id: str | None = None, **options: Any) -> Person:  # noqa: ANN401 - as there
        """Bring a new person, or one more device of `user_id`; the options are those of `Person.arrive`."""
        user_id = user_id or await self.account(name)
        store = self.directory / secrets.token_hex(8)
        person = await Person.arrive(self.homeserver.url, user_id, self.password, store, name, **options)
        self._here.append(person)
        return person

    async def leave(self) -> None:
        for person in self._here:
            await person.leave()
