"""The part of `paybridge admin` that stops and lets new payments over a rail."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from paybridge.cli._frame import ConfigFile, Mistake, account, books_at, load, told

MOMENT: Final = "%Y-%m-%d %H:%M UTC"
Rail = Annotated[str, typer.Argument(help="The rail, as the config names it.")]

rails = typer.Typer(help="Rails, and new payments over them.", no_args_is_help=True)


@rails.command()
def paused(config: ConfigFile) -> None:
    """Name the rails that take no new payments."""
    from paybridge.storage.errors import DatabaseError
    from paybridge.storage.pausing import paused_rails

    with told(DatabaseError):
        found = paused_rails(books_at(load(config)))
    for rail, since, by in found:
        typer.echo(f"{rail} since {since:{MOMENT}}, by {by}")
    if not found:
        typer.echo("Every rail takes payments.")


@rails.command()
def pause(rail: Rail, config: ConfigFile) -> None:
    """Let a rail take no new payments from now on; what is on its way goes on."""
    from paybridge.app import SystemClock
    from paybridge.storage.errors import DatabaseError
    from paybridge.storage.pausing import pause_rail, paused_rails

    loaded = load(config)
    url = books_at(loaded)
    if rail not in loaded.rails:
        raise Mistake(f"no rail is called {rail}, only {', '.join(loaded.rails) or 'none'}")
    with told(DatabaseError):
        if rail in {name for name, _, _ in paused_rails(url)}:
            raise Mistake(f"{rail} is paused already")
        pause_rail(url, rail, account(), SystemClock().now())
    typer.echo(f"{rail} takes no new payments; what is on its way goes on.")


@rails.command()
def resume(rail: Rail, config: ConfigFile) -> None:
    """Let a rail take payments again."""
    from paybridge.app import SystemClock
    from paybridge.storage.errors import DatabaseError
    from paybridge.storage.pausing import paused_rails, resume_rail

    url = books_at(load(config))
    with told(DatabaseError):
        if rail not in {name for name, _, _ in paused_rails(url)}:
            raise Mistake(f"{rail} is not paused")
        resume_rail(url, rail, account(), SystemClock().now())
    typer.echo(f"{rail} takes payments again.")
