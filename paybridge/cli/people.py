"""`paybridge factors` and `paybridge people`: what only an operator may decide about somebody."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from paybridge.cli._frame import ConfigFile, Mistake, books_at, load, order_deed, told

User = Annotated[str, typer.Argument(help="The full Matrix id, such as @anna:example.org.")]
MOMENT: Final = "%Y-%m-%d %H:%M UTC"

factors = typer.Typer(help="Second factors that were lost.", no_args_is_help=True)
people = typer.Typer(help="People who have frozen, and what was decided about whom.", no_args_is_help=True)


@factors.command()
def reset(
    user: User,
    config: ConfigFile,
    *,
    cancel: Annotated[bool, typer.Option("--cancel", help="Stop a reset that waits.")] = False,
) -> None:
    """End somebody's second factor after 24 hours, in which they can stop it; the bot may be running."""
    from paybridge.domain.deeds import DeedKind
    from paybridge.storage.deeds import standing_of
    from paybridge.storage.errors import DatabaseError

    url = books_at(load(config))
    with told(DatabaseError):
        standing = standing_of(url, user)
    if not standing.has_factor:
        raise Mistake(f"{user} has no second factor")
    if cancel and standing.reset_at is None:
        raise Mistake(f"no reset of the second factor of {user} waits")
    if not cancel and standing.reset_at is not None:
        raise Mistake(f"the second factor of {user} ends {standing.reset_at:{MOMENT}} already")
    order_deed(url, standing.person, DeedKind.KEEP_FACTOR if cancel else DeedKind.RESET_FACTOR)
    typer.echo(
        f"The second factor of {user} stays; the bot tells them within a minute."
        if cancel
        else f"The bot tells {user} within a minute. Their second factor ends 24 hours later; until then it"
        " is asked for, and they can stop this with `!mfa keep`."
    )


@people.command()
def frozen(config: ConfigFile) -> None:
    """Name everyone who has stopped everything of theirs with `!freeze`, and since when."""
    from paybridge.storage.deeds import frozen_people
    from paybridge.storage.errors import DatabaseError

    with told(DatabaseError):
        found = frozen_people(books_at(load(config)))
    for mxid, since in found:
        typer.echo(f"{mxid} since {since:{MOMENT}}")
    if not found:
        typer.echo("Nobody has frozen.")


@people.command()
def unfreeze(user: User, config: ConfigFile) -> None:
    """Let somebody pay again who froze without a second factor, once you have made sure that it is them."""
    from paybridge.domain.deeds import DeedKind
    from paybridge.storage.deeds import standing_of
    from paybridge.storage.errors import DatabaseError

    url = books_at(load(config))
    with told(DatabaseError):
        standing = standing_of(url, user)
    if not standing.frozen:
        held = ": an operator has; see `paybridge admin unfreeze`" if standing.stopped else ""
        raise Mistake(f"{user} has not frozen{held}")
    order_deed(url, standing.person, DeedKind.UNFREEZE)
    typer.echo(f"{user} can pay again within a minute, and is told so.")


@people.command()
def decided(config: ConfigFile) -> None:
    """List every decision of an operator about a person, when it was made and when the bot did it."""
    from paybridge.storage.deeds import deeds_so_far
    from paybridge.storage.errors import DatabaseError

    with told(DatabaseError):
        for at, kind, done, mxid in deeds_so_far(books_at(load(config))):
            end = f"done {done:{MOMENT}}" if done else "not done yet"
            typer.echo(f"{at:{MOMENT}} {kind} {mxid or 'somebody who was erased'}, {end}")
