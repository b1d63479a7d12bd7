"""`make demo KEEP=1`: everything stays, with a prompt to type as Alice or Bob."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console

    from paybridge.demo.stage import Stage
    from paybridge.demo.story import Story

WELCOME = """
Everything is still running. Log in with any Matrix client on this machine:
  homeserver  {url}
  accounts    @alice:{server} and @bob:{server}, password {password}
  bank        {bank} shows every account's statement
Or type here:
  alice: !balance          in Alice's direct message with the bot
  bob# !pay @alice:{server} 1 EUR     in the room that they share
  (Ctrl-D or quit ends it all)
"""
_LOOK_AGAIN_SECONDS = 2.0


async def hand_over(console: Console, stage: Stage, story: Story, password: str) -> None:
    """Read lines until the end, and say them as Alice or Bob."""
    server = stage.homeserver.server_name
    console.print(
        WELCOME.format(url=stage.homeserver.url, server=server, password=password, bank=stage.bank_url),
        markup=False,
    )
    lines = lines_of(sys.stdin)
    while (line := await _next_line(lines, story)) is not None and line.strip() != "quit":
        await _say(console, story, line.strip())
    if line is None and not sys.stdin.isatty():
        # Nobody is there to wait for the last answers.
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        story.transcript.catch_up()


def lines_of(typed: TextIO) -> asyncio.Queue[str | None]:
    """Each line as it is typed, and None at the end.

    A file cannot be watched as a terminal can, and a thread that is a daemon keeps nobody from leaving.
    """
    lines = asyncio.Queue[str | None]()
    reading = partial(_read, typed, asyncio.get_running_loop(), lines)
    threading.Thread(target=reading, name="reads what is typed", daemon=True).start()
    return lines


def _read(typed: TextIO, loop: asyncio.AbstractEventLoop, lines: asyncio.Queue[str | None]) -> None:
    # The demo may have ended meanwhile, and its loop with it.
    with contextlib.suppress(RuntimeError):
        for line in typed:
            loop.call_soon_threadsafe(lines.put_nowait, line)
        loop.call_soon_threadsafe(lines.put_nowait, None)


async def _next_line(lines: asyncio.Queue[str | None], story: Story) -> str | None:
    """The next line typed; what is said meanwhile is printed as it comes."""
    while True:
        story.transcript.catch_up()
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(lines.get(), _LOOK_AGAIN_SECONDS)


async def _say(console: Console, story: Story, line: str) -> None:
    people = {"alice": story.alice, "bob": story.bob}
    for mark in (":", "#"):
        name, found, words = line.partition(mark)
        person = people.get(name.strip().casefold())
        if found and person is not None:
            room = story.dinner if mark == "#" else story.chat_of(person)
            await person.say(room, words.strip(), mention=_mentioned(story, words))
            return
    if line:
        console.print("Begin with “alice: ” or “bob: ” (direct), “alice# ” or “bob# ” (shared room).")


def _mentioned(story: Story, words: str) -> str | None:
    ids = (story.alice.user_id, story.bob.user_id)
    return next((user_id for user_id in ids if user_id in words), None)
