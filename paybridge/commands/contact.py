"""`!contact`: names of one's own for people, which count before the names that they give themselves."""

from __future__ import annotations

from paybridge.commands._frame import (
    Answer,
    Call,
    PayeeMissingError,
    Place,
    UserError,
    command,
    read_person,
    with_full_ids,
)

ADD = frozenset({"add", "new", "添加"})
LIST = frozenset({"", "list", "列表"})
RENAME = frozenset({"rename", "改名"})
REMOVE = frozenset({"remove", "delete", "删除"})
BETWEEN = frozenset({"to", "as", "为"})


class WhatAboutContactsError(UserError):
    """It is none of the things that can be done with contacts."""

    key = "error.what_about_contacts"


class NewNameMissingError(UserError):
    """The old name, the new one, or the word between them is missing."""

    key = "error.new_name_missing"

    def lines(self) -> tuple[str, ...]:
        return ("!contact rename mum to mother",)


@command(
    "contact",
    usage="add mum @someone | list | rename mum to mother | remove mum",
    examples=(
        "!contact add mum @anna:example.org",
        "!contact list",
        "!contact rename mum to mother",
        "!contact remove mum",
    ),
    aliases=("contacts", "联系人"),
    place=Place.ANSWERED_DIRECTLY,
    proven=True,
    while_frozen=True,
)
async def contact(call: Call) -> Answer:
    """Give somebody a name, list, rename or remove; told to nobody else."""
    what = call.first.casefold()
    if what in LIST:
        return await _list(call)
    if what in ADD:
        return await _add(call)
    if what in RENAME:
        return await _rename(call)
    if what in REMOVE:
        step, card = await call.desk.contacts.remove(call.speaker, call.rest)
        return Answer(step, key="contact.removed", facts={"name": card.name, "who": card.mxid})
    raise WhatAboutContactsError


async def _list(call: Call) -> Answer:
    cards = await call.desk.contacts.of(call.speaker.person)
    if not cards:
        return Answer(key="contact.none", lines=("!contact add mum @anna:example.org",))
    rows = tuple({"name": card.name, "who": card.mxid} for card in cards)
    return Answer(key="contact.list", facts={"rows": rows, "count": len(rows)})


async def _add(call: Call) -> Answer:
    """Whoever is meant stands before or behind the name, or wrote the message that is replied to."""
    words = with_full_ids(call.rest, call.spoken.pills).split()
    addresses = [word for word in words if word.startswith("@")]
    name = " ".join(word for word in words if not word.startswith("@"))
    if len(addresses) > 1 or not (addresses or call.spoken.reply_author):
        raise PayeeMissingError
    mxid = read_person(addresses[0], call.named) if addresses else str(call.spoken.reply_author)
    step, kept = await call.desk.contacts.add(call.speaker, name, mxid)
    return Answer(step, key="contact.added", facts={"name": kept, "who": mxid}, lines=(_pay(call, kept),))


async def _rename(call: Call) -> Answer:
    words = call.rest.split()
    between = next((at for at, word in enumerate(words) if word.casefold() in BETWEEN), 0)
    old, new = " ".join(words[:between]), " ".join(words[between + 1 :])
    if not old or not new:
        raise NewNameMissingError
    step, card = await call.desk.contacts.rename(call.speaker, old, new)
    return Answer(step, key="contact.renamed", facts={"name": card.name, "who": card.mxid})


def _pay(call: Call, name: str) -> str:
    return f"!pay {name} 5 {call.desk.settings.currency}"
