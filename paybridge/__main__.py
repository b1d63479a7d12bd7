"""The `paybridge` command line: every mistake of the person at it is one line on standard error."""

from __future__ import annotations

import asyncio
import os
import secrets
import shlex
import signal
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlsplit

import typer
from typer.exceptions import TyperException

from paybridge.cli import (
    admin,
    backup,
    books,
    doctor,
    downgrade,
    keys,
    people,
    receipts,
    reconcile,
    renew_config,
    tickets,
)
from paybridge.cli._frame import MISTAKE, ConfigFile, Mistake, account, books_at, load, told
from paybridge.cli.first_config import first_config

# What a command needs is imported when it runs, so that `paybridge --help` answers at once.
if TYPE_CHECKING:
    from paybridge.config import Config
    from paybridge.config.fresh import Answers
    from paybridge.domain.pinning import Freeze

BANK: Final = "http://127.0.0.1:8090"
HTTP_PORT: Final = 80
MOMENT: Final = "%Y-%m-%d %H:%M UTC"

app = typer.Typer(
    name="paybridge",
    help="A self-hosted Matrix bot that lets people pay, request and split money by chat.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001  typer calls it with the option's value
    if wanted:
        typer.echo(f"paybridge {version('paybridge')}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    _version: Annotated[
        bool, typer.Option("--version", help="Say the version.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    pass


@app.command()
def run(
    config: ConfigFile,
    *,
    write_config: Annotated[
        bool, typer.Option("--write-config", help="If there is no config yet, write one to fill in, and end.")
    ] = False,
) -> None:
    """Run the bot until it is told to stop."""
    if write_config and not config.exists() and not first_config(config):
        return
    loaded = load(config)

    from paybridge.app import FatalError, set_up_logging
    from paybridge.app.collector import spare_what_is_loaded
    from paybridge.app.wiring import run as run_house
    from paybridge.config import ConfigError, check_edited
    from paybridge.vault import MasterKeyError
    from paybridge.web import WebError

    set_up_logging(loaded.logging.level, loaded.logging.format)
    with told(ConfigError, FatalError, MasterKeyError, WebError):
        check_edited(loaded, config)
        spare_what_is_loaded()
        asyncio.run(run_house(loaded))


@app.command("check-config")
def check_config(config: ConfigFile) -> None:
    """Say whether a config can be used; nothing is started and nothing written."""
    loaded = load(config)
    rails = ", ".join(sorted(loaded.rails)) or "none"
    typer.echo(f"{config} can be used: {loaded.homeserver.user_id}, rails: {rails}")


@app.command()
def init(  # noqa: PLR0913  every answer can be given as an option
    *,
    config: Annotated[
        Path, typer.Option("--config", "-c", envvar="PAYBRIDGE_CONFIG", help="The file to write.")
    ] = Path("config.yaml"),
    homeserver: Annotated[str | None, typer.Option(help="Where the homeserver answers.")] = None,
    user_id: Annotated[str | None, typer.Option(help="The bot's full Matrix id.")] = None,
    password: Annotated[str | None, typer.Option(help="Its password; seen by others in `ps`.")] = None,
    password_file: Annotated[Path | None, typer.Option(help="File that holds its password.")] = None,
    access_token: Annotated[str | None, typer.Option(help="Instead: the token of a login.")] = None,
    device_id: Annotated[str | None, typer.Option(help="The device of that token.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder for all that the bot keeps.")] = None,
    bank_url: Annotated[str | None, typer.Option(help="Where the bank answers; '' for none.")] = None,
    admin: Annotated[str | None, typer.Option(help="The Matrix id that may do everything.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a config, but not its secrets.")] = False,
) -> None:
    """Write a config with new secrets; asks for what no option says."""
    from paybridge.config import ConfigError
    from paybridge.config.fresh import AlreadyThereError, Answers, write_fresh

    asked = None in {homeserver, user_id} or not (password or password_file or access_token)
    if config.exists() and not force:
        raise Mistake(f"{config} is there already; --force replaces it and keeps its secrets")
    homeserver = homeserver or typer.prompt(
        "Where does the homeserver answer", default="http://localhost:8008"
    )
    user_id = user_id or typer.prompt("The bot's full Matrix id, such as @paybridge:example.org")
    if password_file is not None:
        password = _read(password_file)
    if not (password or access_token):
        password = typer.prompt("Its password (nothing to use an access token)", "", hide_input=True) or None
    if not (password or access_token):
        access_token = typer.prompt("Its access token", hide_input=True)
    if access_token and not device_id:
        device_id = typer.prompt("The device id of that access token")
    if data_dir is None:
        data_dir = Path(typer.prompt("Folder for all that the bot keeps", "data") if asked else "data")
    if bank_url is None:
        bank_url = typer.prompt("Where does the bank answer ('-' for no bank)", BANK) if asked else BANK
    answers = Answers(
        homeserver=homeserver,
        user_id=user_id,
        password=password,
        access_token=access_token,
        device_id=device_id,
        data_dir=data_dir,
        bank_url=bank_url if bank_url not in {"", "-"} else None,
        admin=admin,
    )
    with told(ConfigError, AlreadyThereError):
        written = write_fresh(config, answers, secrets.token_bytes, force=force)
    _say_what_is_next(config, answers, written)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").removesuffix("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Mistake(f"--password-file: cannot read {path}: {error}") from error


def _say_what_is_next(config: Path, answers: Answers, written: Config) -> None:
    from paybridge.config.fresh import API_KEY_FILE, WEBHOOK_SECRET_FILE, is_on_this_machine

    data = written.data_dir
    typer.echo(f"Wrote {config}. Its secrets lie in {data}; keep a copy of master.key in another place.")
    if answers.bank_url is not None and is_on_this_machine(answers.bank_url):
        bank = ["paybridge", "bank", "--data", str(data / "bank"), "--api-key-file", str(data / API_KEY_FILE)]
        bank += ["--port", str(urlsplit(answers.bank_url).port or HTTP_PORT)]
        bank += ["--webhook-secret-file", str(data / WEBHOOK_SECRET_FILE)]
        bank += ["--webhook-url", f"http://{written.web.listen}/hooks/bank"]
        typer.echo(f"Next, start the bank:\n  {shlex.join(bank)}\nThen, in another terminal, the bot:")
    else:
        typer.echo("Next, start the bot:")
    typer.echo(f"  {shlex.join(['paybridge', 'run', '--config', str(config)])}")


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
)
def bank(context: typer.Context) -> None:
    """Run the bank simulator; `paybridge bank --help` names its options."""
    from paybridge.bank import bank_command

    program = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    program.command()(bank_command)
    raise typer.Exit(program(context.args, prog_name="paybridge bank", standalone_mode=False) or 0)


@app.command()
def verify(
    config: ConfigFile,
    *,
    alike: Annotated[int | None, typer.Option(help="Say that the codes of this number are alike.")] = None,
    differ: Annotated[int | None, typer.Option(help="Say that the codes of this number differ.")] = None,
) -> None:
    """Show the running bot's keys and who is verifying it, and say if the codes are alike."""
    from paybridge.matrix.verification.asking import NotRunningError
    from paybridge.matrix.verification.looking import judge, look

    data_dir = load(config).data_dir
    answers = {number: answer for number, answer in ((alike, True), (differ, False)) if number is not None}
    with told(NotRunningError):
        for number, answer in answers.items():
            typer.echo(judge(data_dir, number, alike=answer))
        if answers:
            return
        seen = look(data_dir)
        typer.echo(seen.keys)
        for one in seen.waiting:
            typer.echo(one.words)
            if one.can_be_judged and (said := _ask_about(one.person)) is not None:
                typer.echo(judge(data_dir, one.number, alike=said))


def _ask_about(person: str) -> bool | None:
    """Whether the person sees the same; None if that is for later."""
    typer.echo(f"What does {person} see? Ask them, but not by Matrix.")
    said = typer.prompt("The same (yes, no, later)", "later").strip().lower()
    return {"yes": True, "no": False}.get(said)


app.command()(books.audit)
app.command()(reconcile.reconcile)
app.command()(doctor.doctor)
app.command()(renew_config.renew_config)
app.command()(backup.backup)
app.command()(backup.restore)
app.command()(downgrade.downgrade)
app.command("export")(books.export_books)
app.command("verify-receipt")(receipts.verify_receipt)
app.command("receipt-key")(receipts.receipt_key)

app.add_typer(keys.keys, name="keys")

app.add_typer(admin.admin, name="admin")
app.add_typer(people.factors, name="factors")
app.add_typer(people.people, name="people")
app.add_typer(tickets.ticket, name="ticket")

identity = typer.Typer(
    help="People whose encryption identity is another one than at first: nothing is done for them.",
    no_args_is_help=True,
)
app.add_typer(identity, name="identity")


@identity.command("list")
def list_identities(config: ConfigFile) -> None:
    """Name everyone who is frozen, and until when; the bot may be running."""
    from paybridge.storage.errors import DatabaseError
    from paybridge.storage.identities import frozen_identities

    with told(DatabaseError):
        found = frozen_identities(books_at(load(config)))
    for pinned in found:
        freeze = pinned.freeze
        if freeze is not None:
            typer.echo(f"{pinned.mxid} since {freeze.since:{MOMENT}}, {_end_of(freeze)}")
            typer.echo(f"  was {pinned.key}\n  now {freeze.other or 'none'}")
    if not found:
        typer.echo("Nobody is frozen.")


@identity.command()
def accept(
    user: Annotated[str, typer.Argument(help="The full Matrix id, such as @anna:example.org.")],
    config: ConfigFile,
) -> None:
    """Take somebody's new encryption identity now, once you have made sure that it is theirs."""
    from paybridge.app import SystemClock
    from paybridge.storage.errors import DatabaseError
    from paybridge.storage.identities import accept_identity

    with told(DatabaseError):
        pinned = accept_identity(books_at(load(config)), user, SystemClock().now(), account())
    assert pinned.freeze is not None  # else there would have been nothing to accept
    typer.echo(f"{user} is now known by {pinned.freeze.other}; the bot tells them within a minute.")


def _end_of(freeze: Freeze) -> str:
    return "until they have an identity again" if freeze.until is None else f"until {freeze.until:{MOMENT}}"


def _end(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, and return what the process shall end with."""
    if os.getpid() == 1:
        # In a container nothing ends the first process that it does not handle itself.
        signal.signal(signal.SIGTERM, _end)
    try:
        return app(arguments, prog_name="paybridge", standalone_mode=False) or 0
    except TyperException as error:
        line = " ".join(error.format_message().split())
        if line:
            sys.stderr.write(f"{line}\n")
        return getattr(error, "exit_code", MISTAKE)
    except typer.Abort:
        sys.stderr.write("Stopped without an answer; every question has an option, see --help.\n")
        return MISTAKE
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
