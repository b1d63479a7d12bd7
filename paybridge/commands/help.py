"""`!help`: what there is to type, and three examples of each."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, Facts, Role, Step, command, commands


@command("help", usage="[pay]", examples=("!help", "!help pay"), aliases=("帮助",), role=Role.RECEIVE)
async def help_(call: Call) -> Answer:
    """The verbs, or one verb's usage and examples."""
    wanted = call.first.lstrip("!").casefold()
    every = commands()
    chosen = next((one for one in every.values() if wanted in {one.verb, *one.aliases}), None)
    if wanted and chosen is not None:
        facts: Facts = {
            "verb": f"!{chosen.verb}",
            "usage": f"!{chosen.verb} {chosen.usage}".strip(),
            "aliases": ({"names": ", ".join(f"!{alias}" for alias in chosen.aliases)},)
            if chosen.aliases
            else (),
        }
        return Answer(key=f"help.{chosen.verb}", facts=facts, lines=chosen.examples)
    # Who was written down has been met; in a room, it would be read by everybody else.
    first = call.speaker.is_new and call.room.private
    met = call.speaker.introduction if first else Step()
    return Answer(met, key="help.all", facts={"welcome": ({},) if first else ()})
