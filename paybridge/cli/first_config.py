"""The first `paybridge run --write-config`: a config to fill in, and what to fill in."""

from __future__ import annotations

import secrets
from pathlib import Path

import typer

from paybridge.cli._frame import load, told


def first_config(path: Path) -> bool:
    """Write a config with new secrets where there is none; whether the bot can start with it already.

    It can where the environment says everything that the operator would have to fill in.
    """
    from paybridge.config import ConfigError, check_edited
    from paybridge.config.fresh import write_unedited

    with told(ConfigError):
        write_unedited(path, secrets.token_bytes)
        typer.echo(f"Wrote {path}, for your eyes only, and new secrets beside it.")
        try:
            check_edited(load(path), path)
        except ConfigError:
            _say_what_to_edit(path)
            return False
    return True


def _say_what_to_edit(path: Path) -> None:
    typer.echo(
        f"Now edit {path}: under homeserver the url, the user_id and the password of the bot's account;"
        " your own Matrix id under admins; a rail under rails.\n"
        "Then start again. Keep a copy of master.key in another place: without it the books cannot be read."
    )
