"""What is to be said, before it has words: a key, facts, a place; sealed into the outbox."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from paybridge.domain import facts as fact_codec
from paybridge.services.ports import Post, Vault

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from paybridge.domain.facts import Facts

OUTBOX_CONTEXT = "outbox|system|payload"
_IN_FULL = json.JSONEncoder(ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Say:
    """One message to come.

    Exactly one of `room` and `person` (a Matrix id, for a direct message) is set. `slot`: messages with
    one slot are one message, brought up to date by edits. `notify` are Matrix ids that are pinged. `about`
    goes into the content as `org.paybridge.payment`. `language` as BCP 47, `en` or `zh`. `lead` is the key
    of a sentence that goes before ("Nothing was sent."), `lines` are lines to copy that follow. `qr` is a
    text to show as a picture. `file` is the form (`pdf`) of a file that is made of the facts. `takes_back`
    says nothing new: it redacts the message in that slot, or with that event id. One that `invites` a Matrix
    id into its room says nothing either.
    """

    id: str
    key: str
    language: str
    room: str | None = None
    person: str | None = None
    facts: Facts = field(default_factory=dict)
    slot: str | None = None
    notify: tuple[str, ...] = ()
    about: Mapping[str, object] | None = None
    reply_to: str | None = None
    lead: str | None = None
    lines: tuple[str, ...] = ()
    qr: str | None = None
    takes_back: str | None = None
    file: str | None = None
    invites: str | None = None


def seal(vault: Vault, say: Say, at: datetime) -> Post:
    """The outbox row of `say`."""
    plain = _IN_FULL.encode(
        {
            "key": say.key,
            "language": say.language,
            "facts": fact_codec.to_json(say.facts),
            "notify": list(say.notify),
            "about": say.about,
            "reply_to": say.reply_to,
            "lead": say.lead,
            "lines": list(say.lines),
            "qr": say.qr,
            "takes_back": say.takes_back,
            "file": say.file,
            "invites": say.invites,
        }
    ).encode()
    return Post(say.id, say.room, say.person, say.slot, vault.seal(vault.system, OUTBOX_CONTEXT, plain), at)


def unseal(vault: Vault, post: Post) -> Say:
    """The `Say` that `seal` put into an outbox row."""
    told = json.loads(vault.open(vault.system, OUTBOX_CONTEXT, post.payload))
    return Say(
        id=post.id,
        key=told["key"],
        language=told["language"],
        room=post.room,
        person=post.person,
        facts=fact_codec.from_json(told["facts"]),
        slot=post.slot,
        notify=tuple(told["notify"]),
        about=told["about"],
        reply_to=told["reply_to"],
        lead=told["lead"],
        lines=tuple(told["lines"]),
        qr=told.get("qr"),
        takes_back=told.get("takes_back"),
        file=told.get("file"),
        invites=told.get("invites"),
    )
