"""`!help`: what there is to type, and three examples of each."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, Facts, Role, Step, command, commands, find, nearest

MOST_SAID_AGAIN = 24
"""Letters of an unknown verb."""


@command("help", usage="[pay]", examples=("!help", "!help pay"), aliases=("帮助",), role=Role.RECEIVE)
async def help_(call: Call) -> Answer:
    """The verbs, or one verb's usage and examples."""
    wanted = call.first.lstrip("!\uff01/").casefold()[:MOST_SAID_AGAIN]
    chosen = find(commands(), wanted) if wanted else None
    if chosen is not None:
        facts: Facts = {
            "verb": f"!{chosen.verb}",
            "usage": f"!{chosen.verb} {chosen.usage}".strip(),
            "aliases": ({"names": ", ".join(f"!{alias}" for alias in chosen.aliases)},)
            if chosen.aliases
            else (),
        }
        return Answer(key=f"help.{chosen.verb}", facts=facts, lines=chosen.examples)
    near = nearest(commands(), wanted, for_us=True) if wanted else None
    if wanted:
        key = "reply.unknown_verb_near" if near else "reply.unknown_verb"
        return Answer(key=key, facts={"verb": wanted}, lines=(f"!help {near}" if near else "!help",))
    # Who was written down has been met; in a room, it would be read by everybody else.
    first = call.speaker.is_new and call.room.private
    met = call.speaker.introduction if first else Step()
    return Answer(met, key="help.all", facts=_all(call, first=first))


def _all(call: Call, *, first: bool) -> Facts:
    version = call.desk.settings.version
    return {"welcome": ({},) if first else (), "version": ({"number": version},) if version else ()}
