"""Becoming the bot on the homeserver: with the token that we have, or once, by password, as a new device."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from paybridge.matrix.account import Account, MatrixOptions
from paybridge.matrix.crypto import store_file
from paybridge.matrix.wire import NotNowError, RefusedError, TokenRevokedError, Wire

if TYPE_CHECKING:
    from paybridge.services.ports import Chance

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DEVICE_LETTERS = 10

log = structlog.stdlib.get_logger(__name__)


class CannotLogInError(Exception):
    """The account cannot be used as it is configured; the text says what to change."""


async def log_in(wire: Wire, options: MatrixOptions, chance: Chance) -> Account:
    """The account to use from now on; its token is set on `wire`.

    A password is used once in a device's life. Raises `CannotLogInError`, `TokenRevokedError` or
    `NotNowError`.
    """
    options.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    saved = Account.load(options.account_file)
    if saved is not None and saved.user_id != options.user_id:
        raise CannotLogInError(f"{options.account_file} belongs to {saved.user_id}, not {options.user_id}")
    if options.access_token is not None:
        account = await _with_token(wire, options, saved, chance)
    elif saved is not None and saved.access_token is not None:
        account = await _again(wire, options, saved, chance)
    else:
        account = await _with_password(wire, options, saved, chance)
    account.save(options.account_file)
    wire.token = account.access_token or ""
    return account


async def _with_token(wire: Wire, options: MatrixOptions, saved: Account | None, chance: Chance) -> Account:
    wire.token = options.access_token or ""
    device = await _whose_token(wire, options)
    if saved is None or saved.device_id != device:
        saved = Account(options.user_id, device, chance.token())
    account = replace(saved, access_token=options.access_token)
    if not store_file(options.crypto_dir, account).exists() and await _has_keys(wire, account):
        raise CannotLogInError(
            f"the keys of device {device} are not in {options.crypto_dir}, so that what is sent to it "
            "could not be read: configure the token of a new device, or a password"
        )
    return account


async def _again(wire: Wire, options: MatrixOptions, saved: Account, chance: Chance) -> Account:
    wire.token = saved.access_token or ""
    if store_file(options.crypto_dir, saved).exists():
        await _whose_token(wire, options)
        return saved
    if options.password is None:
        raise CannotLogInError(
            f"the keys of device {saved.device_id} are gone from {options.crypto_dir}: configure a password, "
            "so that the bot can log in as a new device"
        )
    log.warning("crypto_store_lost", device=saved.device_id)
    await _forget_device(wire)
    return await _with_password(wire, options, None, chance)


async def _with_password(
    wire: Wire, options: MatrixOptions, begun: Account | None, chance: Chance
) -> Account:
    if options.password is None:
        raise CannotLogInError("neither a password nor an access token is configured")
    account = begun or Account(options.user_id, _new_device_id(chance), chance.token())
    account.save(options.account_file)
    wire.token, wire.revoked = "", False
    try:
        answer = await wire.post(
            "login",
            body={
                "type": "m.login.password",
                "identifier": {"type": "m.id.user", "user": options.user_id},
                "password": options.password,
                "device_id": account.device_id,
                "initial_device_display_name": options.device_name,
            },
        )
    except RefusedError as error:
        raise CannotLogInError(
            f"the homeserver refuses the password of {options.user_id} ({error.code})"
        ) from error
    return replace(account, user_id=str(answer["user_id"]), access_token=str(answer["access_token"]))


async def _whose_token(wire: Wire, options: MatrixOptions) -> str:
    """The device that the token is for, which must be a device of the configured user."""
    answer = await wire.get("account", "whoami")
    user, device = answer.get("user_id"), answer.get("device_id")
    if user != options.user_id or not isinstance(device, str):
        raise CannotLogInError(f"the access token belongs to {user}, not to a device of {options.user_id}")
    if options.access_token is not None and options.device_id not in {None, device}:
        raise CannotLogInError(f"the access token is for device {device}, not {options.device_id}")
    return device


async def _has_keys(wire: Wire, account: Account) -> bool:
    answer = await wire.post("keys", "query", body={"device_keys": {account.user_id: [account.device_id]}})
    return account.device_id in answer.get("device_keys", {}).get(account.user_id, {})


async def _forget_device(wire: Wire) -> None:
    """So that nobody goes on encrypting for keys that no longer exist."""
    try:
        await wire.post("logout", body={})
    except (RefusedError, NotNowError, TokenRevokedError) as error:
        log.warning("old_device_stays", error=type(error).__name__)


def _new_device_id(chance: Chance) -> str:
    number = chance.number()
    letters = []
    for _ in range(DEVICE_LETTERS):
        number, place = divmod(number, len(LETTERS))
        letters.append(LETTERS[place])
    return "".join(letters)
