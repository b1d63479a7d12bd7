"""Examines the bot's account on its homeserver with the token that it has, and changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import aiohttp

from paybridge.matrix.account import Account, MatrixOptions
from paybridge.matrix.bridgecheck import check_bridges
from paybridge.matrix.crosssigning import BrokenChainError, Seeds, public, public_key, verify_chain
from paybridge.matrix.crypto import store_file
from paybridge.matrix.wire import NotNowError, RefusedError, TokenRevokedError, Wire
from paybridge.services.finding import Finding, bad, good, note, unknown

if TYPE_CHECKING:
    from paybridge.services.ports import Clock

PATIENCE_SECONDS: Final = 20.0
SKEW_SECONDS: Final = 20.0
"""One-time codes hold for 30 seconds; whoever types one needs some of them."""
SKEW_SEEN_SECONDS: Final = 3.0
FEW_KEYS: Final = 10
AT_ONCE: Final = 8
ROOMS_NAMED: Final = 5

NEVER = (NotNowError, RefusedError, TokenRevokedError)


async def check_matrix(options: MatrixOptions, clock: Clock) -> Sequence[Finding]:
    """How the homeserver, its clock and the account are; what hangs on something that fails is left out."""
    wire = Wire(options.url)
    try:
        answered, findings = await _homeserver(wire, clock)
        if not answered:
            return findings
        account, finding = await _login(wire, options)
        findings = (*findings, finding)
        if account is None:
            return findings
        asked = (
            _device(wire, options, account),
            _one_time_keys(wire),
            _limits(wire, account),
            _rooms(wire),
            check_bridges(wire, options.bridges),
        )
        return (*findings, *(one for found in await asyncio.gather(*asked) for one in found))
    finally:
        await wire.close()


async def _homeserver(wire: Wire, clock: Clock) -> tuple[bool, tuple[Finding, ...]]:
    part, url = "homeserver", f"{wire.url}/_matrix/client/versions"
    fix = "see that homeserver.url is right and can be reached from here (in a container: from inside it)"
    before = clock.now()
    try:
        patience = aiohttp.ClientTimeout(total=PATIENCE_SECONDS)
        async with wire.session.get(url, timeout=patience) as answer:
            body, date = await answer.json(content_type=None), answer.headers.get("Date")
            status = answer.status
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return False, (bad(part, f"{wire.url} does not answer: {_told(error)}", fix),)
    except ValueError:
        return False, (bad(part, f"what answers at {wire.url} is no homeserver", fix),)
    versions = body.get("versions") if isinstance(body, Mapping) else None
    if status != HTTPStatus.OK or not isinstance(versions, list):
        return False, (bad(part, f"what answers at {wire.url} is no homeserver (status {status})", fix),)
    newest = str(versions[-1]) if versions else "no version"
    spoken = [version for version in versions if str(version).startswith("v1.")]
    if not spoken:
        old = f"{wire.url} speaks {newest} at most, the bot v1.1 and newer"
        return False, (bad(part, old, "update the homeserver"),)
    return True, (
        good(part, f"{wire.url} answers and speaks up to {newest}"),
        _clock(date, before, clock.now()),
    )


def _clock(date: str | None, before: datetime, after: datetime) -> Finding:
    """How far the homeserver's time is from the span in which it was asked; it is told in whole seconds."""
    part = "clock"
    try:
        theirs = parsedate_to_datetime(date or "")
    except ValueError:
        return unknown(part, "the homeserver does not say what time it is")
    theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
    seconds = max((before - theirs).total_seconds() - 1, (theirs - after).total_seconds())
    apart = f"this machine's clock and the homeserver's are {seconds:.0f} seconds apart"
    fix = "let both follow a time server (timedatectl set-ntp true)"
    if seconds > SKEW_SECONDS:
        return bad(
            part, f"{apart}: people's one-time codes will be refused if it is this one that is wrong", fix
        )
    if seconds > SKEW_SEEN_SECONDS:
        return note(part, apart, fix)
    return good(part, "this machine's clock agrees with the homeserver's")


async def _login(wire: Wire, options: MatrixOptions) -> tuple[Account | None, Finding]:
    """Whose the token is; None if there is none or it does not work."""
    part, file = "account", options.account_file
    try:
        saved = Account.load(file)
    except (ValueError, OSError) as error:
        return None, bad(part, str(error), f"move {file} away; the bot then logs in as a new device")
    token = options.access_token or (saved.access_token if saved is not None else None)
    if token is None:
        return None, unknown(part, "the bot has not logged in yet", "start the bot once; then ask again")
    if saved is not None and saved.user_id != options.user_id:
        wrong = f"{file} belongs to {saved.user_id}, not to {options.user_id}"
        return None, bad(
            part, wrong, "set homeserver.user_id back, or give the other account a data_dir of its own"
        )
    wire.token = token
    return await _whose(wire, options, saved)


async def _whose(wire: Wire, options: MatrixOptions, saved: Account | None) -> tuple[Account | None, Finding]:
    """The account of the token that `wire` has."""
    part, file = "account", options.account_file
    try:
        told = await wire.get("account", "whoami", patience=PATIENCE_SECONDS)
    except TokenRevokedError:
        return None, bad(
            part,
            "the homeserver no longer accepts the bot's access token: someone has logged its device out",
            f"move {file} away (or set a new token); the bot then logs in as a new device",
        )
    except NEVER as error:
        return None, bad(part, f"the homeserver does not say whose the token is: {error}", "see its log")
    user, device = told.get("user_id"), told.get("device_id")
    if user != options.user_id or not isinstance(device, str):
        wrong = f"the access token belongs to {user}, not to a device of {options.user_id}"
        return None, bad(part, wrong, "set homeserver.user_id and homeserver.access_token of one account")
    account = (
        saved if saved is not None and saved.device_id == device else Account(options.user_id, device, "")
    )
    return account, good(part, f"{user} is logged in as device {device}")


async def _device(wire: Wire, options: MatrixOptions, account: Account) -> Sequence[Finding]:
    """What others see of the bot: its device's keys, and the identity that has signed them."""
    found: list[Finding] = []
    if not store_file(options.crypto_dir, account).exists():
        found.append(
            bad(
                "device's secrets",
                f"the keys of device {account.device_id} are not in {options.crypto_dir}:"
                " what is sent to it cannot be read",
                "restore them from a backup, or let the bot log in as a new device, with a password",
            )
        )
    try:
        told = await wire.post("keys", "query", body={"device_keys": {account.user_id: []}})
    except NEVER as error:
        return [*found, unknown("device", f"the homeserver does not tell the bot's keys: {error}")]
    return [*found, *_seen(_Published.of(told, account), options, account)]


@dataclass(frozen=True)
class _Published:
    """What the homeserver tells everybody of one device's keys and the identity above them."""

    device: Mapping[str, Any]
    self_signing: Mapping[str, Any]
    master: Mapping[str, Any]

    @classmethod
    def of(cls, told: Mapping[str, Any], account: Account) -> _Published:
        def part(kind: str, *names: str) -> Mapping[str, Any]:
            thing: object = told.get(kind)
            for name in names:
                thing = thing.get(name) if isinstance(thing, Mapping) else None
            return thing if isinstance(thing, Mapping) else {}

        user = account.user_id
        return cls(
            part("device_keys", user, account.device_id),
            part("self_signing_keys", user),
            part("master_keys", user),
        )


def _seen(published: _Published, options: MatrixOptions, account: Account) -> Sequence[Finding]:
    user, device = account.user_id, account.device_id
    again = "start the bot, which publishes and signs its keys; its log says what the homeserver refuses"
    if not published.device:
        return [
            bad("device", f"the homeserver has no keys of device {device}: nobody can encrypt for it", again)
        ]
    if not published.master:
        return [bad("cross-signing", f"{user} has no identity: people's clients warn of its device", again)]
    try:
        verify_chain(published.device, published.self_signing, published.master, user)
        master = public_key(published.master, "master", user)
    except BrokenChainError as error:
        return [bad("cross-signing", f"people's clients warn of the bot's device: {error.why}", again)]
    known = good("device", f"the homeserver has the keys of device {device}")
    try:
        ours = public(Seeds.load(options.seeds_file).master)
    except (OSError, ValueError):
        return [
            known,
            bad(
                "cross-signing",
                f"{options.seeds_file}, which holds the bot's identity, cannot be read",
                "restore it from a backup: with another one, everybody who has verified the bot is warned",
            ),
        ]
    if ours != master:
        return [
            known,
            bad(
                "cross-signing",
                f"the identity that people see is another than that in {options.seeds_file}:"
                " somebody has reset it",
                "find out who knows the bot's password and change it; with the new password in the config,"
                " the bot publishes its own identity again",
            ),
        ]
    return [
        known,
        good("cross-signing", f"device {device} is signed by the bot's identity, as clients see it"),
    ]


async def _one_time_keys(wire: Wire) -> Sequence[Finding]:
    part = "one-time keys"
    try:
        # Uploading nothing changes nothing, and is answered with how many there are.
        told = await wire.post("keys", "upload", body={})
    except NEVER as error:
        return [unknown(part, f"the homeserver does not say how many there are: {error}")]
    counts = told.get("one_time_key_counts")
    count = counts.get("signed_curve25519", 0) if isinstance(counts, Mapping) else 0
    fill = "start the bot, which fills them up; if it runs, its log says what the homeserver refuses"
    if not count:
        return [bad(part, "none is left: who has never spoken with the bot may be unable to begin", fill)]
    if count < FEW_KEYS:
        return [note(part, f"only {count} are left", fill)]
    return [good(part, f"{count} wait for new devices")]


async def _limits(wire: Wire, account: Account) -> Sequence[Finding]:
    """Synapse tells an administrator, which the bot should not be."""
    part, path = "rate limits", f"/_synapse/admin/v1/users/{account.user_id}/override_ratelimit"
    told: object = None
    try:
        patience = aiohttp.ClientTimeout(total=PATIENCE_SECONDS)
        headers = {"Authorization": f"Bearer {wire.token}"}
        async with wire.session.get(f"{wire.url}{path}", headers=headers, timeout=patience) as answer:
            if answer.status == HTTPStatus.OK:
                told = await answer.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        told = None
    lift = (
        f'lift them for the bot; with Synapse, as an administrator: POST {path} {{"messages_per_second": 0}}'
    )
    if not isinstance(told, Mapping):
        return [
            unknown(part, "only an administrator of the homeserver sees whether the bot is limited", lift)
        ]
    if told.get("messages_per_second") == 0:
        return [good(part, "the bot is not limited")]
    return [note(part, "the bot is limited as everybody is", lift)]


async def _rooms(wire: Wire) -> Sequence[Finding]:
    part = "rooms"
    try:
        told = await wire.get("joined_rooms")
    except NEVER as error:
        return [unknown(part, f"the homeserver does not say in which rooms the bot is: {error}")]
    rooms = [room for room in told.get("joined_rooms", []) if isinstance(room, str)]
    gate = asyncio.Semaphore(AT_ONCE)

    async def is_open(room: str) -> bool:
        async with gate:
            try:
                await wire.get("rooms", room, "state", "m.room.encryption")
            except RefusedError as error:
                return error.status == HTTPStatus.NOT_FOUND
            return False

    try:
        opens = [
            room
            for room, is_so in zip(rooms, await asyncio.gather(*map(is_open, rooms)), strict=True)
            if is_so
        ]
    except NEVER as error:
        return [unknown(part, f"the homeserver does not say which rooms are encrypted: {error}")]
    if not opens:
        return [
            good(
                part,
                f"the bot is in {len(rooms)}, all of them encrypted" if rooms else "the bot is in none yet",
            )
        ]
    names = ", ".join(opens[:ROOMS_NAMED]) + (" ..." if len(opens) > ROOMS_NAMED else "")
    return [
        note(
            part,
            f"{len(opens)} of {len(rooms)} are not encrypted, so that nothing is paid there: {names}",
            "turn encryption on in the settings of the room, or have the bot leave",
        )
    ]


def _told(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
