"""`paybridge downgrade`: the books go back by one migration, for the version that ran before."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from paybridge.cli._frame import ConfigFile, books_at, load, told


def downgrade(
    config: ConfigFile,
    *,
    losing: Annotated[
        bool, typer.Option("--losing", help="Also if rows are lost for which the older books have no room.")
    ] = False,
) -> None:
    """Take the newest migration back, with the bot stopped; the books as they were stay in a file."""
    from paybridge.storage.errors import DatabaseError
    from paybridge.storage.going_back import go_back
    from paybridge.storage.postgres.__main__ import OWNER_URL

    loaded = load(config)
    with told(DatabaseError, OSError):
        file = loaded.database.file
        url = books_at(loaded) if file is not None else os.environ.get(OWNER_URL) or books_at(loaded)
        went = go_back(url, loaded.data_dir if file is None else file.parent, losing=losing)
    typer.echo(
        f"The books went back from migration {went.came_from} to {went.went_to}. Start the version before:"
        " this one would bring them forward again."
    )
    for one in went.lost:
        typer.echo(f"Lost: {one}")
    typer.echo(f"As they were, unsealed: {went.kept}. Delete it when you need it no more.")
