"""`paybridge verify-receipt` and `receipt-key`: receipts are checked without the bot and its books."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from paybridge.cli._frame import ConfigFile, Mistake, books_at, load, told

KEY: Final = re.compile("[0-9a-f]{64}")


def verify_receipt(
    line: Annotated[str, typer.Argument(help="The receipt; - reads it from standard input.")] = "-",
    *,
    key: Annotated[str | None, typer.Option("--key", help="The house's key, 64 hex digits.")] = None,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Instead: the config of the house whose key it is.")
    ] = None,
) -> None:
    """Check the signature of a receipt, offline; 1 if this house did not sign exactly that."""
    from paybridge.domain.receipt import NotAReceiptError, read_receipt
    from paybridge.vault import is_signed

    wanted = key_to_check_with(key, config)
    with told(NotAReceiptError):
        receipt = read_receipt(sys.stdin.read() if line == "-" else line)
    if receipt.key.hex() != wanted or not is_signed(
        bytes.fromhex(wanted), receipt.text.encode(), receipt.signature
    ):
        typer.echo("NOT GENUINE: this house did not sign that.")
        raise typer.Exit(1)
    typer.echo("genuine: this house signed that")
    for name, value in receipt.fields.items():
        typer.echo(f"  {name}: {value}")


def key_to_check_with(key: str | None, config: Path | None) -> str:
    """The house's key as it was typed, or of the house with this config; 64 hex digits."""
    if (key is None) is (config is None):
        raise Mistake("whose key it is says one of --key and --config")
    wanted = key.lower() if key is not None else _key_of(config) if config is not None else ""
    if not KEY.fullmatch(wanted):
        raise Mistake("--key: a key is 64 hex digits")
    return wanted


def receipt_key(config: ConfigFile) -> None:
    """Say the key by which others check this house's receipts."""
    typer.echo(_key_of(config))


def _key_of(config: Path) -> str:
    from paybridge.config import master_key_of
    from paybridge.storage import DatabaseError, vault_check
    from paybridge.vault import MasterKeyError, WrongMasterKeyError, open_vault

    loaded = load(config)
    with told(DatabaseError, MasterKeyError, WrongMasterKeyError):
        check = asyncio.run(vault_check(books_at(loaded)))
        if check is None:
            raise Mistake("there are no books yet, and so no key")
        return open_vault(master_key_of(loaded, founded=True), check).public_key.hex()
