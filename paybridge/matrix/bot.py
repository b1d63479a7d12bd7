"""The Matrix side as the rest of the program sees it: start it, run its tasks, ring it, ask how it is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

import aiohttp
import structlog

from paybridge.matrix.backoff import Backoff
from paybridge.matrix.crosssigning import NotPublishedError, Seeds, describe_device, publish
from paybridge.matrix.crypto import Crypto
from paybridge.matrix.devices import Devices
from paybridge.matrix.direct import DirectRooms
from paybridge.matrix.files import FileMaker, no_files
from paybridge.matrix.hearing import PATIENCE_FOR_KEYS_SECONDS, Handler, Hearing
from paybridge.matrix.held import Held
from paybridge.matrix.identity import Identity
from paybridge.matrix.intake import Intake
from paybridge.matrix.invites import Invites, MayInvite
from paybridge.matrix.login import CannotLogInError, log_in
from paybridge.matrix.outbox import OnSetAside, Outbox
from paybridge.matrix.overhearing import either
from paybridge.matrix.place import Place
from paybridge.matrix.predecessor import Predecessor
from paybridge.matrix.reading import Me
from paybridge.matrix.replies import Replies
from paybridge.matrix.rooms import KnownRooms
from paybridge.matrix.sender import Senders
from paybridge.matrix.sharing import RoomKeys
from paybridge.matrix.sync import SyncLoop
from paybridge.matrix.understanding import Understanding
from paybridge.matrix.unheard import Unheard
from paybridge.matrix.upkeep import Upkeep
from paybridge.matrix.verification.incoming import Incoming
from paybridge.matrix.verification.wiring import Around, nobody_told, open_verification
from paybridge.matrix.wire import NotNowError, RefusedError, Wire
from paybridge.matrix.withholding import KeptBack
from paybridge.services.ports import BookUnavailableError

if TYPE_CHECKING:
    from paybridge.matrix.account import MatrixOptions
    from paybridge.matrix.contents import Renderer
    from paybridge.matrix.verification.terminal import Terminal
    from paybridge.matrix.verification.verifier import Tell, Verifier
    from paybridge.services.pinning import Pins
    from paybridge.services.ports import Chance, Clock, Mailbox, Rooms, Vault

T = TypeVar("T")
Task = Callable[[], Awaitable[None]]

FLUSH_SECONDS = 5.0
FOLLOWING = ("matrix-sync", "matrix-keys")

log = structlog.stdlib.get_logger(__name__)


class Turns(Protocol):
    """Whoever knows which of several processes acts."""

    @property
    def waiting(self) -> bool:
        """Whether another one does."""

    @property
    def sure(self) -> bool:
        """Whether this one does, and none can have taken over without its knowing."""


@dataclass(frozen=True, slots=True)
class _Running:
    """What there is once the bot is logged in."""

    crypto: Crypto
    seeds: Seeds
    incoming: Incoming
    unheard: Unheard
    predecessor: Predecessor
    upkeep: Upkeep
    sync: SyncLoop
    hearing: Hearing
    outbox: Outbox
    verifier: Verifier
    terminal: Terminal


class MatrixSide:
    """One bot account on one homeserver.

    `start` once, then run every one of `tasks` until the end, then `close`. A task that raises
    `TokenRevokedError`, `CannotLogInError` or `KeysRefusedError` cannot be helped by running it again.

    Where another process may act for the bot, `turn` says whose turn it is. Until it is this one's, only
    `following_tasks` run: the device is logged in and given all keys, and nobody hears of it. Then comes
    `take_over`.
    """

    def __init__(  # noqa: PLR0913 - the ports, and the three answers that others give
        self,
        options: MatrixOptions,
        *,
        mailbox: Mailbox,
        pins: Pins,
        vault: Vault,
        clock: Clock,
        chance: Chance,
        render: Renderer,
        may_invite: MayInvite,
        on_set_aside: OnSetAside,
        make_file: FileMaker = no_files,
        tell: Tell = nobody_told,
        key_patience: float = PATIENCE_FOR_KEYS_SECONDS,
        turn: Turns | None = None,
    ) -> None:
        self._options = options
        self._mailbox = mailbox
        self._pins = pins
        self._vault = vault
        self._clock = clock
        self._chance = chance
        self._render = render
        self._on_set_aside = on_set_aside
        self._make_file = make_file
        self._tell = tell
        self._key_patience = key_patience
        self._turn = turn
        self._follows = turn is not None
        self._identity = Identity(options.seeds_file, mailbox, vault, shared=turn is not None)
        self._wire = Wire(options.url)
        self._known_rooms = KnownRooms(self._wire, mailbox, options.user_id)
        self._direct = DirectRooms(self._wire, self._known_rooms, mailbox, options.user_id)
        self._invites = Invites(
            self._wire,
            self._known_rooms,
            chance,
            options.user_id,
            may_invite=may_invite,
            from_shared_rooms=options.invites_from_shared_rooms,
        )
        self._may_verify = may_invite
        self._running: _Running | None = None

    @property
    def rooms(self) -> Rooms:
        return self._known_rooms

    async def direct_room(self, mxid: str) -> str:
        """The direct message room with this person, made if there is none."""
        return await self._direct.room(mxid)

    async def start(self, handler: Handler) -> None:
        """Log in and make the bot's keys known; waits for a homeserver that is away.

        `handler` is given what people say. It finishes the letter in its own commit; should it raise, it is
        given the same again, three times at most.
        """
        # Before anything can be sent to the device: what comes to a new one comes after this.
        newest = await self._patiently(self._mailbox.sync_token)
        account = await self._patiently(lambda: log_in(self._wire, self._options, self._chance))
        crypto = Crypto(account, self._options.crypto_dir)
        try:
            await self._patiently(lambda: self._find_place(crypto.device_id, newest))
            seeds = await self._patiently(self._seeds)
            if self._follows:
                self._known_rooms.follow()
            self._running = await self._assemble(crypto, seeds, handler)
            await self._patiently(lambda: self._make_known(crypto))
        except BaseException:
            self._running = None
            crypto.close()
            raise

    async def take_over(self) -> None:
        """From now on this process acts, and goes on where another one may have been ended at any point."""
        running = self._started()
        await self._patiently(self._identity.share)
        await self._patiently(self._known_rooms.take_over)
        await self._patiently(running.predecessor.left)
        await self._patiently(running.sync.take_over)
        running.incoming.listens = running.unheard.listens = True
        self._follows = False

    def following_tasks(self) -> Mapping[str, Task]:
        """Those of `tasks` that run already while another process acts."""
        return {name: task for name, task in self.tasks().items() if name in FOLLOWING}

    def tasks(self) -> Mapping[str, Task]:
        """What must run for as long as the program does, by name; only after `start`."""
        running = self._started()
        return {
            "matrix-sync": running.sync.run,
            "matrix-hearing": running.hearing.run,
            "matrix-outbox": running.outbox.run,
            "matrix-keys": running.upkeep.run,
            "matrix-invites": self._invites.run,
            "matrix-verification": running.verifier.run,
            "matrix-terminal": running.terminal.run,
            "matrix-unheard": running.unheard.run,
        }

    def ring(self) -> None:
        """There may be something to send."""
        if self._running is not None:
            self._running.outbox.ring()

    def counted(self) -> tuple[int, float | None]:
        """Messages whose room key did not come since the start, and seconds since the last good sync."""
        running = self._running
        return (0, None) if running is None else (running.hearing.unread, running.sync.silence)

    def readiness(self) -> str | None:
        """None if people can talk with the bot, else what is wrong."""
        if self._wire.revoked:
            return "matrix: the access token was revoked"
        if not self._wire.working:
            return "matrix: homeserver unreachable"
        if self._running is None or not self._running.sync.synced:
            return "matrix: not synced yet"
        if self._follows and self._turn is not None and not self._turn.waiting:
            return "matrix: takes over"
        return None

    async def close(self) -> None:
        """Send what can be sent at once, and let go of everything. The tasks have ended before."""
        running, self._running = self._running, None
        if running is not None and self._follows:
            running.crypto.close()
        elif running is not None:
            try:
                async with asyncio.timeout(FLUSH_SECONDS):
                    await running.outbox.flush()
            except TimeoutError:
                log.warning("posts_left_for_the_next_start")
            finally:
                running.crypto.close()
        await self._wire.close()

    async def _find_place(self, device: str, newest: str | None) -> None:
        """A device that has not synced yet begins where those before it were."""
        place = Place(self._options.crypto_dir, device)
        if newest is not None and place.read() is None and await self._mailbox.sync_token(device) is None:
            place.keep(newest)

    async def _assemble(self, crypto: Crypto, seeds: Seeds, handler: Handler) -> _Running:
        me = Me(crypto.user_id, await self._patiently(self._own_name))
        incoming = Incoming(crypto.user_id, self._may_verify)
        unheard = Unheard(
            self._wire, self._mailbox, self._options.bridges, crypto.user_id, self._chance, self._tell
        )
        incoming.listens = unheard.listens = not self._follows
        overhears = either(incoming.in_room, unheard.in_room)
        predecessor = Predecessor(self._wire, self._mailbox, self._vault, crypto.user_id)
        devices = Devices(self._wire, crypto)
        kept_back = KeptBack()
        senders = Senders(devices, self._mailbox, self._pins, self._options.bridges)
        room_keys = RoomKeys(self._wire, crypto, devices, self._pins, self._chance)
        upkeep = Upkeep(self._wire, crypto, room_keys, self._chance)
        hearing = Hearing(
            mailbox=self._mailbox,
            understanding=Understanding(
                crypto=crypto,
                vault=self._vault,
                mailbox=self._mailbox,
                rooms=self._known_rooms,
                senders=senders,
                replies=Replies(self._wire, crypto, self._known_rooms, senders),
                direct=self._direct,
                me=me,
                kept_back=kept_back,
                bridges=self._options.bridges,
                overhears=overhears,
            ),
            handler=handler,
            chance=self._chance,
            key_patience=self._key_patience,
        )
        intake = Intake(
            wire=self._wire,
            crypto=crypto,
            rooms=self._known_rooms,
            vault=self._vault,
            clock=self._clock,
            me=me,
            overhears=overhears,
        )

        def came_to_device(events: Sequence[object]) -> None:
            kept_back.take(events)
            incoming.to_device(events)

        sync = SyncLoop(
            wire=self._wire,
            crypto=crypto,
            devices=devices,
            upkeep=upkeep,
            rooms=self._known_rooms,
            invites=self._invites,
            intake=intake,
            mailbox=self._mailbox,
            place=Place(self._options.crypto_dir, crypto.device_id),
            held=Held(self._mailbox, self._clock),
            chance=self._chance,
            heard=hearing.heard,
            came_to_device=came_to_device,
            follows=self._follows,
        )
        outbox = Outbox(
            mailbox=self._mailbox,
            vault=self._vault,
            render=self._render,
            wire=self._wire,
            rooms=self._known_rooms,
            direct=self._direct,
            room_keys=room_keys,
            chance=self._chance,
            on_set_aside=self._on_set_aside,
            predecessor=predecessor,
            make_file=self._make_file,
            bridges=self._options.bridges,
            may_act=lambda: self._turn is None or self._turn.sure,
        )
        verifier, terminal = open_verification(
            crypto,
            seeds,
            Around(self._wire, self._mailbox, self._clock, self._chance, self._tell, self._options.data_dir),
            incoming=incoming,
            devices=devices,
            senders=senders,
            send_encrypted=outbox.send,
        )
        return _Running(
            crypto, seeds, incoming, unheard, predecessor, upkeep, sync, hearing, outbox, verifier, terminal
        )

    async def _make_known(self, crypto: Crypto) -> None:
        """Upload the device's keys if the server lacks them, and sign them with the bot's own identity."""
        ours = describe_device(crypto.user_id, crypto.device_id, **crypto.identity_keys)
        there = await self._wire.post(
            "keys", "query", body={"device_keys": {crypto.user_id: [crypto.device_id]}}
        )
        theirs = there.get("device_keys", {}).get(crypto.user_id, {}).get(crypto.device_id)
        if theirs is None:
            crypto.olm.account.shared = False
        elif theirs.get("keys") != ours["keys"]:
            raise CannotLogInError(
                f"the homeserver knows device {crypto.device_id} by other keys than those in "
                f"{self._options.crypto_dir}: what is sent to it could not be read; start with a new device"
            )
        await self._started().upkeep.tend()
        try:
            await publish(
                self._wire.session,
                homeserver=self._wire.url,
                access_token=self._wire.token,
                user_id=crypto.user_id,
                device_keys=ours,
                seeds=self._started().seeds,
                password=self._options.password,
            )
        except (aiohttp.ClientError, TimeoutError) as error:
            raise NotNowError("cross-signing") from error
        except NotPublishedError as error:
            # People can still talk with the bot; their clients show a shield beside what it says.
            log.warning("not_cross_signed", why=str(error))

    async def _seeds(self) -> Seeds:
        may_make = self._turn is None or not self._turn.waiting
        return await self._identity.seeds(self._random_bytes, may_make=may_make)

    def _random_bytes(self, count: int) -> bytes:
        words = (self._chance.number().to_bytes(8, "big") for _ in range(-(-count // 8)))
        return b"".join(words)[:count]

    async def _own_name(self) -> str | None:
        try:
            name = (await self._wire.get("profile", self._options.user_id)).get("displayname")
        except RefusedError:
            return None
        return name if isinstance(name, str) else None

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        backoff = Backoff(self._chance)
        while True:
            try:
                return await ask()
            except NotNowError as error:
                log.warning("start_delayed", why=str(error))
                await asyncio.sleep(backoff.seconds(error.after))
            except BookUnavailableError as error:
                log.warning("start_delayed", why=str(error))
                await asyncio.sleep(backoff.seconds())

    def _started(self) -> _Running:
        if self._running is None:
            raise RuntimeError("the Matrix side has not been started")
        return self._running
