"""`paybridge admin`: what operators do in their room, at the command line beside a running bot."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from paybridge.cli._frame import ConfigFile, Mistake, books_at, load, order_deed, told
from paybridge.cli._tables import AsJson, show_table
from paybridge.cli.admin_orders import limits, stop, suspense, unfreeze, waiting
from paybridge.cli.admin_rails import rails
from paybridge.cli.people import User

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


admin = typer.Typer(help="What operators do; the bot may be running.", no_args_is_help=True)
admin.command()(unfreeze)
admin.command()(limits)
admin.add_typer(suspense, name="suspense")
admin.add_typer(rails, name="rails")
admin.command()(waiting)
admin.command()(stop)


@admin.command()
def status(config: ConfigFile, *, as_json: AsJson = False) -> None:
    """Tell how the books stand: open payments and orders, what waits, who is frozen, the last act."""
    from paybridge.storage.errors import DatabaseError
    from paybridge.storage.overall import overall

    with told(DatabaseError):
        found = overall(books_at(load(config)))
    if as_json:
        typer.echo(json.dumps({"version": 1, **found}, indent=2))
        return
    for title in ("payments", "orders", "waiting"):
        show_table(title, ("", "how many"), [(name, str(count)) for name, count in found[title].items()])
    for rail in found["paused"]:
        typer.echo(f"{rail} takes no new payments.")
    frozen = [(one["user"], one["by"], one["since"]) for one in found["frozen"]]
    if frozen:
        show_table("frozen", ("user", "by", "since"), frozen)


@admin.command()
def freeze(user: User, config: ConfigFile) -> None:
    """Let nothing of somebody be paid until an operator lets them go; they are told."""
    from paybridge.domain.deeds import DeedKind
    from paybridge.storage.deeds import standing_of
    from paybridge.storage.errors import DatabaseError

    url = books_at(load(config))
    with told(DatabaseError):
        standing = standing_of(url, user)
    if standing.stopped:
        raise Mistake(f"an operator has frozen {user} already")
    order_deed(url, standing.person, DeedKind.FREEZE)
    typer.echo(f"{user} is frozen within a minute, and is told so; they cannot end it themselves.")


@admin.command()
def log(
    config: ConfigFile,
    *,
    last: Annotated[int, typer.Option("--last", min=1, help="How many, the newest.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List what operators did, in their room and at the command line, oldest first."""
    from paybridge.storage.acting import told_acts
    from paybridge.storage.errors import DatabaseError

    with told(DatabaseError):
        found = told_acts(books_at(load(config)), last)
    if as_json:
        typer.echo(json.dumps({"version": 1, "acts": found}, indent=2))
    elif not found:
        typer.echo("No operator has done anything yet.")
    else:
        columns = ("number", "at", "by", "via", "kind", "user", "about", "told")
        show_table("what operators did", columns, [_cells(columns, act) for act in found])


def _cells(columns: Sequence[str], act: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple("" if act[name] is None else str(act[name]) for name in columns)
