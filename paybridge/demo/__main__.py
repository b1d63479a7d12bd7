"""`make demo`: a payment in an encrypted room, from nothing, on this machine alone."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from paybridge.demo.closing import show_the_books
from paybridge.demo.homeserver import Homeserver, HomeserverError
from paybridge.demo.person import NothingSeenError, Person, PersonError
from paybridge.demo.program import ProgramError
from paybridge.demo.prompt import hand_over
from paybridge.demo.stage import Choices, Stage
from paybridge.demo.story import Story
from paybridge.demo.transcript import Reader, Transcript

PASSWORD: Final = "paybridge-demo"  # noqa: S105 - of throwaway accounts on loopback
FAILED: Final = 1
INTERRUPTED: Final = 130


def main(
    *, keep: Annotated[bool, typer.Option(help="Leave everything running, and offer a prompt.")] = False
) -> None:
    """Run the demo on a throwaway homeserver; no money in it is real."""
    console = Console(highlight=False, soft_wrap=False)
    # What the people's client library tells of its own work is no part of the conversation.
    logging.getLogger("nio").setLevel(logging.CRITICAL)
    raise SystemExit(asyncio.run(_until_interrupted(console, keep=keep)))


async def _until_interrupted(console: Console, *, keep: bool) -> int:
    """Ctrl-C ends the demo and everything that it started."""
    playing = asyncio.ensure_future(_play(console, keep=keep))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, playing.cancel)
    try:
        await playing
    except asyncio.CancelledError:
        console.print("\nStopped; nothing is left running.")
        return INTERRUPTED
    except (HomeserverError, ProgramError, PersonError, NothingSeenError) as error:
        console.print(f"\nThe demo did not get through: {error}", style="bold red", markup=False)
        return FAILED
    return 0


async def _play(console: Console, *, keep: bool) -> None:
    began = time.monotonic()

    def tell(what: str) -> None:
        console.print(f"[{time.monotonic() - began:5.1f} s] {what}", markup=False)

    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="paybridge-demo-")))
        tell("starting a throwaway homeserver (Synapse, on loopback only)")
        homeserver = await stack.enter_async_context(Homeserver(directory / "homeserver"))
        # Whoever tries it out may open a shop, too.
        choices = Choices(config={"permissions": {homeserver.server_name: "merchant"}})
        stage = await stack.enter_async_context(
            Stage(await _made(directory / "stage"), homeserver, tell=tell, choices=choices)
        )
        tell("Alice and Bob arrive, with encryption and cross-signing as in Element")
        alice = await _arrive(stack, stage, directory, "Alice")
        bob = await _arrive(stack, stage, directory, "Bob")
        story = await _meet(console, stage, alice, bob)
        tell("ready; here is what they write and read")
        await story.tell()
        await show_the_books(console, stage)
        console.print(f"\nDone in {time.monotonic() - began:.1f} s.", markup=False)
        if keep:
            await hand_over(console, stage, story, PASSWORD)


async def _made(directory: Path) -> Path:
    await asyncio.to_thread(directory.mkdir)
    return directory


async def _arrive(stack: AsyncExitStack, stage: Stage, directory: Path, name: str) -> Person:
    user_id = await stage.homeserver.register(name.lower(), PASSWORD, name)
    person = await Person.arrive(stage.homeserver.url, user_id, PASSWORD, directory / name, name)
    stack.push_async_callback(person.leave)
    return person


async def _meet(console: Console, stage: Stage, alice: Person, bob: Person) -> Story:
    """One room for three, and Alice's direct message with the bot."""
    dinner = await alice.create_room("Dinner", [bob.user_id, stage.bot_id])
    chat = await alice.direct_room_with(stage.bot_id)
    await alice.wait_for_member(dinner, bob.user_id)
    await alice.wait_for_member(dinner, stage.bot_id)
    await alice.wait_for_member(chat, stage.bot_id)
    names = {alice.user_id: "Alice", bob.user_id: "Bob", stage.bot_id: "PayBridge"}
    bobs_rooms = {dinner: "Dinner"}
    readers = (
        Reader(alice, "Alice", {dinner: "Dinner", chat: "direct"}),
        Reader(bob, "Bob", bobs_rooms),
    )
    return Story(stage, alice, bob, Transcript(console, readers, names), dinner, chat, bobs_rooms)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        typer.run(main)
    sys.exit(INTERRUPTED)
