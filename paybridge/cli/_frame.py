"""What the commands of the command line share: the config, and mistakes that are one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from typer.exceptions import TyperException

# What a command needs is imported when it runs, so that `paybridge --help` answers at once.
if TYPE_CHECKING:
    from paybridge.config import Config
    from paybridge.domain.deeds import DeedKind

MISTAKE: Final = 2
NOT_ASKED: Final = 3

ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", envvar="PAYBRIDGE_CONFIG", help="The config, a YAML file.")
]


class Mistake(TyperException):
    """Something that the person at the command line can put right; the text is one line for them."""

    exit_code = MISTAKE


@contextmanager
def told(*errors: type[Exception]) -> Iterator[None]:
    """Make a mistake of `errors`, whose texts are one line for the operator."""
    try:
        yield
    except errors as error:
        raise Mistake(str(error)) from error


def load(path: Path) -> Config:
    """The config in this file, which need not be sound for the person to be told why."""
    from paybridge.config import ConfigError, load_config

    with told(ConfigError):
        return load_config(path)


def books_at(config: Config) -> str:
    """The URL of the books, a file of which must be there."""
    file = config.database.file
    if file is not None and not file.exists():
        raise Mistake(f"there are no books yet in {file}")
    return config.database.url


def account() -> str:
    """Who is at the command line: an account of the machine, as the log of operators names it."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "nobody"  # in a container that runs as a number without a name


def order_deed(url: str, person: str, kind: DeedKind) -> None:
    """Write down what is to be done about a person, for the bot to do."""
    from paybridge.app import SystemChance, SystemClock
    from paybridge.domain.deeds import Deed
    from paybridge.storage.deeds import order_deed as order
    from paybridge.storage.errors import DatabaseError

    with told(DatabaseError):
        order(url, Deed(SystemChance().token(), kind, person, SystemClock().now()), account())
