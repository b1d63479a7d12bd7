"""Examines an installation for all that an operator could mend, and how; it changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from paybridge.app.doctor.books import check_books
from paybridge.app.doctor.machine import check_disk, check_files
from paybridge.app.doctor.rails import check_rails
from paybridge.app.doctor.web import check_web
from paybridge.app.system import SystemClock
from paybridge.app.wiring import matrix_options
from paybridge.config import ConfigError, check_edited
from paybridge.domain.bridges import Tier
from paybridge.matrix.checkup import check_matrix
from paybridge.services.finding import Finding, bad, good, note

if TYPE_CHECKING:
    from paybridge.config import Config
    from paybridge.services.ports import Clock


async def examine(config: Config, file: Path, clock: Clock | None = None) -> tuple[Finding, ...]:
    """How every part is, the bot running or not. `file` is where the config was read."""
    found = await asyncio.gather(
        check_books(config),
        check_matrix(matrix_options(config), clock or SystemClock()),
        check_rails(config),
        check_web(config),
    )
    here = (_config(config, file), check_files(config, file), check_disk(config), _registrations(config))
    return tuple(chain(*here, *found))


def _config(config: Config, file: Path) -> Iterator[Finding]:
    try:
        check_edited(config, file)
    except ConfigError as error:
        yield bad("config", str(error).removeprefix("config: "), f"edit {file}")
    else:
        yield good("config", f"{file} can be used")


def _registrations(config: Config) -> Iterator[Finding]:
    """Which ghosts nothing shows to be reserved; a registration that is named was read with the config."""
    for number, row in enumerate(config.bridges):
        if row.registration is None and config.effective_bridges().rows[number].tier is not Tier.DENIED:
            yield note(
                f"registration {row.id}",
                "nothing shows that the homeserver lets nobody but the bridge have its ghosts' ids",
                f"name the bridge's registration file in bridges[{number}].registration",
            )
