"""The parts of `!admin` that are about one person."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, Known, Who, read_person, told_of, with_full_ids


async def freeze(call: Call, words: str) -> Answer:
    """Freeze somebody, who is told, with the reason if one stands behind the name."""
    known, reason = await _whom(call, words)
    administration = call.desk.administration
    step, stopped = await administration.freeze(call.speaker.mxid, known, reason)
    return Answer(
        step,
        key="admin.frozen",
        facts={"who": Who(known.mxid), **told_of(stopped, reason)},
        says=administration.tell_frozen(call.spoken.event, known, stopped, reason),
    )


async def _whom(call: Call, words: str) -> tuple[Known, str]:
    """The person who is named first, and the words behind."""
    typed, _, rest = with_full_ids(words, call.spoken.pills).partition(" ")
    return await call.desk.people.know(read_person(typed, call.named)), rest[:140]
