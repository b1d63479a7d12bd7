"""The bank as a program: the command line, and the real clock and chance that everything else is handed."""

import asyncio
import contextlib
import logging
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from paybridge.bank.bank import Bank
from paybridge.bank.errors import BankStartError
from paybridge.bank.hours import read_hours
from paybridge.bank.options import KEY_PREFIX, BankOptions
from paybridge.bank.surroundings import Surroundings

DEFAULT_PORT = 8090
KEY_FILE = "api-key"


def real_surroundings(clock: Callable[[], datetime] | None = None) -> Surroundings:
    """Real chance, and the real time unless a clock is given."""
    return Surroundings(
        clock=clock or (lambda: datetime.now(UTC)),
        new_id=lambda prefix: prefix + secrets.token_hex(12),
        new_code=lambda: f"{secrets.randbelow(10_000):04d}",
    )


@contextlib.asynccontextmanager
async def running_bank(
    options: BankOptions, *, clock: Callable[[], datetime] | None = None
) -> AsyncIterator[str]:
    """A bank that runs for as long as the block, and its address."""
    bank = Bank(options, real_surroundings(clock))
    address = await bank.start()
    work = asyncio.create_task(bank.work())
    try:
        yield address
    finally:
        work.cancel()
        [ended] = await asyncio.gather(work, return_exceptions=True)
        await bank.stop()
    if isinstance(ended, Exception):
        raise ended


async def serve(options: BankOptions, *, ready: Callable[[str], None] | None = None) -> None:
    """Run a bank until cancelled, and call `ready` with its address; `BankStartError` if it cannot start."""
    bank = Bank(options, real_surroundings())
    address = await bank.start()
    try:
        if ready is not None:
            ready(address)
        await bank.work()
    finally:
        await bank.stop()


def bank_command(  # noqa: PLR0913  every option of the command line is a parameter
    *,
    data: Annotated[Path, typer.Option(help="Folder for the bank's books.")],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 picks a free one.")] = DEFAULT_PORT,
    api_key: Annotated[str | None, typer.Option(help=f"API key; starts with {KEY_PREFIX}.")] = None,
    api_key_file: Annotated[Path | None, typer.Option(help="File that holds the API key.")] = None,
    webhook_url: Annotated[str | None, typer.Option(help="Where webhooks are posted.")] = None,
    webhook_secret: Annotated[str | None, typer.Option(help="whsec_..., or several with commas.")] = None,
    webhook_secret_file: Annotated[Path | None, typer.Option(help="File that holds them.")] = None,
    collect_fee_minor: Annotated[int, typer.Option(help="Fee for collecting, in cents.")] = 0,
    payout_fee_minor: Annotated[int, typer.Option(help="Fee for paying out, in cents.")] = 0,
    settlement_opening_minor: Annotated[
        int, typer.Option(help="Opening balance of the settlement account, in cents.")
    ] = 0,
    hours: Annotated[
        str | None, typer.Option(help="When orders settle, as 08:00-18:00 in UTC; always if left out.")
    ] = None,
    slow_seconds: Annotated[float, typer.Option(help="After how long slow accounts settle.")] = 3.0,
    reverse_seconds: Annotated[
        float, typer.Option(help="After how long accounts that take money back do so.")
    ] = 10.0,
    hang_seconds: Annotated[float, typer.Option(help="How long silent accounts hold a connection.")] = 30.0,
) -> None:
    """Run a bank simulator; no money in it is real."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        secret = _given_or_in_file("webhook secret", webhook_secret, webhook_secret_file) or ""
        options = BankOptions(
            data=data,
            api_key=_given_or_in_file("API key", api_key, api_key_file) or own_key(data),
            host=host,
            port=port,
            webhook_url=webhook_url,
            webhook_secrets=tuple(one.strip() for one in secret.split(",") if one.strip()),
            collect_fee_minor=collect_fee_minor,
            payout_fee_minor=payout_fee_minor,
            settlement_opening_minor=settlement_opening_minor,
            hours=None if hours is None else read_hours(hours),
            slow_seconds=slow_seconds,
            reverse_seconds=reverse_seconds,
            hang_seconds=hang_seconds,
        )
        asyncio.run(_serve_until_told_to_stop(options))
    except BankStartError as error:
        sys.stderr.write(f"{error}\n")
        raise typer.Exit(1) from error


async def _serve_until_told_to_stop(options: BankOptions) -> None:
    serving = asyncio.create_task(serve(options, ready=_say_ready))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, serving.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await serving


def _say_ready(address: str) -> None:
    sys.stdout.write(f"bank simulator listening on {address}\n")
    sys.stdout.flush()


def _given_or_in_file(what: str, given: str | None, file: Path | None) -> str | None:
    if given is not None and file is not None:
        raise BankStartError(f"the {what} is given twice: by itself and as a file")
    if file is None:
        return given
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BankStartError(f"the {what} cannot be read from {file}: {error}") from error


def own_key(data: Path) -> str:
    """The key that this bank made for itself when it first ran."""
    file = data / KEY_FILE
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(KEY_PREFIX + secrets.token_urlsafe(24) + "\n", encoding="utf-8")
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise BankStartError(f"the bank cannot keep its API key in {file}: {error}") from error
