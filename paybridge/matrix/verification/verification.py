"""One verification that somebody asked the bot for: what each message of theirs makes of it, and the answers.

The bot never starts one itself, and never says first that the codes are alike: it cannot look. It answers
once the other side has said so, which proves the bot to them and nothing to the bot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from paybridge.matrix.verification import sas
from paybridge.matrix.verification.messages import (
    PREFIX,
    SAS,
    Cancel,
    Done,
    Key,
    Mac,
    Message,
    Request,
    Start,
)
from paybridge.matrix.verification.moves import MOVES, Happening, State
from paybridge.matrix.verification.sas import Codes, Secret, Side

if TYPE_CHECKING:
    from datetime import datetime

    import vodozemac

Answer: TypeAlias = tuple[str, Mapping[str, Any]]
KeysById: TypeAlias = Mapping[str, str]

UNEXPECTED = "m.unexpected_message"
INVALID = "m.invalid_message"
UNKNOWN_METHOD = "m.unknown_method"
UNKNOWN_TRANSACTION = "m.unknown_transaction"
KEY_MISMATCH = "m.key_mismatch"
MISMATCHED_SAS = "m.mismatched_sas"
TIMEOUT = "m.timeout"
USER = "m.user"

READY = f"{PREFIX}ready"
ACCEPT = f"{PREFIX}accept"
KEY = f"{PREFIX}key"
MAC = f"{PREFIX}mac"
DONE = f"{PREFIX}done"
CANCEL = f"{PREFIX}cancel"

HAPPENS: Mapping[type[Any], Happening] = {
    Start: Happening.START,
    Key: Happening.KEY,
    Mac: Happening.MAC,
    Done: Happening.DONE,
    Cancel: Happening.CANCEL,
}


class FoulError(Exception):
    """The other side may not say that, or not now; the verification ends with this code."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Verification:
    """One verification, from the bot's side.

    `secret` and `codes` are there from SHOWN on; `vouched` are the ids of those keys of theirs that they have
    vouched for and that we know, from CONFIRMED on.
    """

    transaction: str
    us: Side
    them: Side
    until: datetime
    state: State = State.READY
    our_sas: vodozemac.Sas | None = field(default=None, repr=False)
    mac: str = sas.MAC
    secret: Secret | None = field(default=None, repr=False)
    codes: Codes | None = None
    vouched: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Turn:
    """What came of a message: the verification as it is now, and what to answer."""

    verification: Verification
    answers: tuple[Answer, ...] = ()


def begin(verification: Verification, request: Request) -> Turn:
    """Agree to be verified, unless they know no way that we know."""
    if SAS not in request.methods:
        return end(verification, UNKNOWN_METHOD, "with a bot, only codes can be compared")
    return Turn(verification, ((READY, {"from_device": verification.us.device, "methods": [SAS]}),))


def hear(
    verification: Verification, message: Message, new_sas: vodozemac.Sas, ours: KeysById, theirs: KeysById
) -> Turn:
    """What `message` makes of a verification; one that may not be said now ends it.

    `ours` and `theirs` are the public keys, by key id, that each side can vouch for. `new_sas` is used up by
    a start.
    """
    try:
        state = _next(verification, HAPPENS.get(type(message)))
        match message:
            case Start():
                return _accept(verification, message, new_sas, state)
            case Key():
                return _show(verification, message, state)
            case Mac():
                return _confirm(verification, message, ours, theirs, state)
            case _:
                return Turn(replace(verification, state=state))
    except FoulError as foul:
        return end(verification, foul.code, foul.reason)


def end(verification: Verification, code: str, reason: str) -> Turn:
    """End a verification and tell the other side why, unless they take no more of it."""
    told = verification.state not in {State.DONE, State.CANCELLED}
    answers = (cancellation(code, reason),) if told else ()
    return Turn(replace(verification, state=State.CANCELLED), answers)


def expire(verification: Verification) -> Turn:
    """Nobody went on for too long."""
    _next(verification, Happening.OVERTIME)
    return end(verification, TIMEOUT, "it took too long")


def deny(verification: Verification) -> Turn:
    """The operator saw other codes; `FoulError` if there are none to see yet, or no longer."""
    _next(verification, Happening.DENY)
    return end(verification, MISMATCHED_SAS, "the codes differ")


def cancellation(code: str, reason: str) -> Answer:
    return CANCEL, {"code": code, "reason": reason}


def _next(verification: Verification, happening: Happening | None) -> State:
    state = None if happening is None else MOVES.get((verification.state, happening))
    if state is None:
        raise FoulError(UNEXPECTED, f"not while it is {verification.state}")
    return state


def _accept(verification: Verification, start: Start, new_sas: vodozemac.Sas, state: State) -> Turn:
    if start.device != verification.them.device:
        raise FoulError(INVALID, "started by another device than asked")
    strings = [kind for kind in sas.STRINGS if kind in start.strings]
    mac = next((kind for kind in sas.MACS if kind in start.macs), None)
    if start.method != SAS or mac is None or not strings:
        raise FoulError(UNKNOWN_METHOD, "no way in common")
    if sas.AGREEMENT not in start.agreements or sas.HASH not in start.hashes:
        raise FoulError(UNKNOWN_METHOD, "no way in common")
    try:
        bound = sas.commitment(new_sas.public_key.to_base64(), start.content)
    except (ValueError, RecursionError) as error:
        raise FoulError(INVALID, "cannot be hashed") from error
    answer = {
        "method": SAS,
        "key_agreement_protocol": sas.AGREEMENT,
        "hash": sas.HASH,
        "message_authentication_code": mac,
        "short_authentication_string": strings,
        "commitment": bound,
    }
    return Turn(replace(verification, state=state, our_sas=new_sas, mac=mac), ((ACCEPT, answer),))


def _show(verification: Verification, key: Key, state: State) -> Turn:
    assert verification.our_sas is not None  # since ACCEPTED
    our_key = verification.our_sas.public_key.to_base64()
    try:
        secret = sas.agree(verification.our_sas, key.key, verification.mac)
    except ValueError as error:
        raise FoulError(INVALID, "no key") from error
    them, us = (verification.them, key.key), (verification.us, our_key)
    codes = secret.codes(sas.codes_info(them, us, verification.transaction))
    shown = replace(verification, state=state, our_sas=None, secret=secret, codes=codes)
    return Turn(shown, ((KEY, {"key": our_key}),))


def _confirm(verification: Verification, mac: Mac, ours: KeysById, theirs: KeysById, state: State) -> Turn:
    secret = verification.secret
    assert secret is not None  # since SHOWN
    us, them, transaction = verification.us, verification.them, verification.transaction

    def is_right(text: str, key_id: str, theirs: str) -> bool:
        return secret.is_mac(theirs, text, sas.mac_info(them, us, transaction, key_id))

    vouched = frozenset(mac.macs.keys() & theirs.keys())
    if not is_right(",".join(sorted(mac.macs)), sas.KEY_IDS, mac.ids):
        raise FoulError(KEY_MISMATCH, "another list of keys")
    if not vouched or not all(is_right(theirs[key_id], key_id, mac.macs[key_id]) for key_id in vouched):
        raise FoulError(KEY_MISMATCH, "other keys than those that the homeserver shows")

    def vouch(text: str, key_id: str) -> str:
        return secret.mac(text, sas.mac_info(us, them, transaction, key_id))

    answer = {
        "mac": {key_id: vouch(key, key_id) for key_id, key in ours.items()},
        "keys": vouch(",".join(sorted(ours)), sas.KEY_IDS),
    }
    confirmed = replace(verification, state=state, vouched=vouched)
    return Turn(confirmed, ((MAC, answer), (DONE, {})))
