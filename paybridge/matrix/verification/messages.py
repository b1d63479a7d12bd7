"""What the two sides of a verification say to each other.

Matrix client-server API, "Key verification framework". Whatever a stranger sends is read into one of these,
or is a `MalformedError`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

PREFIX = "m.key.verification."
REQUEST = "m.key.verification.request"
MESSAGE = "m.room.message"
SAS = "m.sas.v1"

LONGEST_ID = 255
MOST_KEYS = 20
MOST_CHOICES = 50


class MalformedError(ValueError):
    """The content is not what its type says."""


@dataclass(frozen=True, slots=True)
class Request:
    """Someone asks to verify each other. `sent` is the time in milliseconds that they claim, if they do."""

    device: str
    methods: tuple[str, ...]
    sent: int | None


@dataclass(frozen=True, slots=True)
class Start:
    """The other side begins, and says what it can do. `content` is what both will have hashed."""

    device: str
    method: str
    agreements: tuple[str, ...]
    hashes: tuple[str, ...]
    macs: tuple[str, ...]
    strings: tuple[str, ...]
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Key:
    """The other side's key for this one verification."""

    key: str


@dataclass(frozen=True, slots=True)
class Mac:
    """The other side found the same codes, and vouches for its keys. `macs` by key id; `ids` over the ids."""

    macs: Mapping[str, str]
    ids: str


@dataclass(frozen=True, slots=True)
class Done:
    """The other side is done."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """The other side stops."""

    code: str


Message: TypeAlias = Request | Start | Key | Mac | Done | Cancel


def is_verification(kind: object, content: object) -> bool:
    """Whether an event of this type and content belongs to a verification."""
    if not isinstance(kind, str) or not isinstance(content, Mapping):
        return False
    return kind.startswith(PREFIX) or (kind == MESSAGE and content.get("msgtype") == REQUEST)


def transaction(content: Mapping[str, Any]) -> str:
    """The verification that a message to a device belongs to."""
    return _id(content, "transaction_id")


def reference(content: Mapping[str, Any]) -> str:
    """The verification that an event in a room belongs to: the id of the event that asked for it."""
    relation = content.get("m.relates_to")
    if not isinstance(relation, Mapping) or relation.get("rel_type") != "m.reference":
        raise MalformedError("no reference")
    return _id(relation, "event_id")


def read(kind: str, content: Mapping[str, Any]) -> Message | None:
    """The message, None if it is of a kind that nobody says to the bot, or `MalformedError`."""
    reader = _READERS.get(kind.removeprefix(PREFIX))
    return None if reader is None else reader(content)


def _request(content: Mapping[str, Any]) -> Request:
    sent = content.get("timestamp")
    return Request(
        device=_id(content, "from_device"),
        methods=_texts(content, "methods"),
        sent=sent if isinstance(sent, int) else None,
    )


def _start(content: Mapping[str, Any]) -> Start:
    method = _text(content, "method")
    if method != SAS:
        return Start(_id(content, "from_device"), method, (), (), (), (), content)
    return Start(
        device=_id(content, "from_device"),
        method=method,
        agreements=_texts(content, "key_agreement_protocols"),
        hashes=_texts(content, "hashes"),
        macs=_texts(content, "message_authentication_codes"),
        strings=_texts(content, "short_authentication_string"),
        content=content,
    )


def _mac(content: Mapping[str, Any]) -> Mac:
    macs = content.get("mac")
    if not isinstance(macs, Mapping) or not 0 < len(macs) <= MOST_KEYS:
        raise MalformedError("mac")
    ids = _text(content, "keys")
    if not all(isinstance(text, str) and text.isascii() for text in (ids, *macs.keys(), *macs.values())):
        raise MalformedError("mac")
    return Mac(dict(macs), ids)


def _key(content: Mapping[str, Any]) -> Key:
    return Key(_text(content, "key"))


def _done(_content: Mapping[str, Any]) -> Done:
    return Done()


def _cancel(content: Mapping[str, Any]) -> Cancel:
    code = content.get("code")
    return Cancel(code if isinstance(code, str) else "")


def _id(content: Mapping[str, Any], name: str) -> str:
    value = _text(content, name)
    if not 0 < len(value) <= LONGEST_ID or not value.isprintable():
        raise MalformedError(name)
    return value


def _text(content: Mapping[str, Any], name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str):
        raise MalformedError(name)
    return value


def _texts(content: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = content.get(name)
    if not isinstance(values, list) or len(values) > MOST_CHOICES:
        raise MalformedError(name)
    return tuple(value for value in values if isinstance(value, str))


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Message]] = {
    "request": _request,
    "start": _start,
    "key": _key,
    "mac": _mac,
    "done": _done,
    "cancel": _cancel,
}
