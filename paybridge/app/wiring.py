"""Puts the whole program together: every part is made once, handed what it needs, and kept running."""

from __future__ import annotations

import asyncio
import math
import random
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from functools import partial
from importlib.metadata import version

import aiohttp
import structlog
from prometheus_client import CollectorRegistry
from structlog.contextvars import bound_contextvars

from paybridge.app.bells import Bell, Bells
from paybridge.app.founding import open_books
from paybridge.app.guarding import guard_rail
from paybridge.app.pages import visiting
from paybridge.app.premises import HousePremises
from paybridge.app.proving import ProvenRails
from paybridge.app.supervisor import Backoff, FatalError, Supervisor
from paybridge.app.system import SystemChance, SystemClock
from paybridge.app.turn import Turn
from paybridge.commands._dispatch import Dispatcher
from paybridge.commands._frame import commands
from paybridge.config import MASTER_KEY_FILE, Config, Role, check_data_dir, master_key_of
from paybridge.domain.bridges import Bridges
from paybridge.domain.facts import Facts
from paybridge.domain.spoken import Gesture, Spoken
from paybridge.domain.webhook import webhook
from paybridge.matrix.account import MatrixOptions
from paybridge.matrix.bot import MatrixSide
from paybridge.matrix.login import CannotLogInError
from paybridge.matrix.upkeep import KeysRefusedError
from paybridge.matrix.wire import TokenRevokedError
from paybridge.rails._frame import NotASandboxError, find_rails
from paybridge.services.admin_room import AdminRoom
from paybridge.services.after_restore import AfterRestore
from paybridge.services.checks_kept import Kept
from paybridge.services.courier import Courier
from paybridge.services.daily_check import DailyCheck, Rhythm
from paybridge.services.deeds import Deeds
from paybridge.services.desk import open_desk
from paybridge.services.execution import Execution
from paybridge.services.expirer import Expirer
from paybridge.services.figures import Figures, Live, StatementStands
from paybridge.services.kitty_keeper import KittyKeeper
from paybridge.services.late_news import LateNews
from paybridge.services.ledger_head import LedgerHead
from paybridge.services.outcomes import Outcomes
from paybridge.services.pinning import Pins
from paybridge.services.ports import Post, Step, Vault
from paybridge.services.reconciler import Reconciler
from paybridge.services.reminders import Reminders
from paybridge.services.repeater import Repeater
from paybridge.services.says import Say, seal, unseal
from paybridge.services.their_ids import by_our_reference
from paybridge.services.ticket_offers import TicketOffers
from paybridge.storage import Database, DatabaseError
from paybridge.storage.figures import SqlFigures
from paybridge.storage.rail_legs import RailLegs
from paybridge.texts import Rendered, Texts
from paybridge.texts.files import make_file
from paybridge.texts.narrow import render_narrow
from paybridge.texts.saying import render_say
from paybridge.vault import MasterKey, WrongMasterKeyError, open_vault
from paybridge.vault.passkeys import WebAuthn
from paybridge.web import Check, Metrics, UnknownRailError, serve_web

log = structlog.stdlib.get_logger(__name__)

CANNOT_BE_HELPED = (FatalError, TokenRevokedError, CannotLogInError, KeysRefusedError, NotASandboxError)
"""What running a task again cannot mend: the program ends, and says why."""


async def run(config: Config, *, ready: Callable[[str], None] | None = None) -> None:
    """Run the bot until it is told to stop.

    `ready` is told the web server's address once it listens. Raises what one line can tell the operator:
    `FatalError`, `ConfigError`, `MasterKeyError` or `WebError`.
    """
    check_data_dir(config)
    async with AsyncExitStack() as stack:
        try:
            house = await _House.build(config, stack)
            await house.run(stack, ready)
        except (DatabaseError, *CANNOT_BE_HELPED) as error:
            raise FatalError(str(error)) from error


class _House:
    """All parts of one running installation."""

    def __init__(self, config: Config, database: Database, vault: Vault, http: aiohttp.ClientSession) -> None:
        self._config = config
        self._database = database
        self._vault = vault
        self._clock = SystemClock()
        self._chance = SystemChance()
        self._bells = Bells()
        self._supervisor = Supervisor(Backoff(jitter=random.random), time.monotonic, fatal=CANNOT_BE_HELPED)
        found = find_rails()
        made = {
            name: guard_rail(name, partial(found[name], options, http), time.monotonic)
            for name, options in config.rails.items()
        }
        self._turn = Turn(database.lease)
        texts = Texts()
        settings = replace(config.settings(), languages=texts.chosen_by(), version=version("paybridge"))
        beside = RailLegs(database.url)
        admin = AdminRoom(database.book, vault, self._clock, self, config.admin.room, settings.language)
        restored = AfterRestore(
            book=database.book, books=beside, mailbox=database.mailbox, clock=self._clock, admin=admin
        )
        self._rails = ProvenRails(
            made, Backoff(jitter=random.random, most=15.0), self._rail_is_there, restored.clear
        )
        self._pins = Pins(database.book, vault, self._clock, settings, self, Bell())
        self._matrix = MatrixSide(
            matrix_options(config),
            mailbox=database.mailbox,
            pins=self._pins,
            vault=vault,
            clock=self._clock,
            chance=self._chance,
            render=partial(_rendered, texts),
            make_file=partial(make_file, texts),
            may_invite=lambda mxid: config.role_of(mxid) > Role.BLOCKED,
            on_set_aside=self._set_aside,
            tell=self._tell,
            turn=self._turn if database.lease.span < math.inf else None,
        )
        self._head = LedgerHead(beside, self._clock, admin, asyncio.sleep)
        desk = open_desk(
            book=database.book,
            mailbox=database.mailbox,
            vault=vault,
            clock=self._clock,
            chance=self._chance,
            rooms=self._matrix.rooms,
            rails=self._rails,
            settings=settings,
            ceremonies=WebAuthn(settings.public_url) if settings.public_url else None,
            premises=HousePremises(
                holder=socket.gethostname(),
                clock=self._clock,
                counting=SqlFigures(database.reader),
                rails=self._rails,
                names=config.rails,
                compared=self._compared,
                compare_now=self._compare_now,
                url=database.url,
                noted=self._head.note,
            ),
        )
        self._dispatcher = Dispatcher(desk, commands(), self)
        self._motions = partial(desk.motions.run, self, Bell())
        self._deeds = Deeds(database.book, vault, self._clock, settings, desk.freezing, self, Bell())
        self._visiting = visiting(desk, self, texts, time.monotonic)
        book, clock, rails, news = database.book, self._clock, self._rails, desk.news
        outcomes = Outcomes(book, vault, clock, settings, news, desk.requests, self, jitter=random.random)
        self._live = Live(
            self._dispatcher.refused,
            {name: rail.took for name, rail in made.items()},
            {"answered": self._dispatcher.answered, "settled": outcomes.settled},
            unread=lambda: self._matrix.counted()[0],
            silence=lambda: self._matrix.counted()[1],
            audited=lambda: self._head.stands,
        )
        execution = Execution(clock, outcomes, desk.news, rails.lost)
        bell, times = self._bells.bell, config.reconciliation
        self._courier = Courier(book, clock, rails, outcomes, execution, bell("courier"))
        self._late_news = LateNews(book, clock, outcomes, desk.news)
        self._reconciler = Reconciler(
            book,
            clock,
            rails,
            outcomes,
            execution,
            self._late_news,
            bell("reconciler"),
            lambda: self._courier.driving,
        )
        self._statements = DailyCheck(
            books=beside,
            mailbox=database.mailbox,
            clock=clock,
            rails=rails,
            names=config.rails,
            admin=admin,
            hint=self._reconciler.hint,
            pause=asyncio.sleep,
            rhythm=Rhythm(timedelta(hours=times.hours), timedelta(days=times.days)),
            closed=times.closed,
        )
        self._kitties = KittyKeeper(desk, outcomes, bell("kitties"))
        self._repeater = Repeater(desk, outcomes, bell("repeater"))
        self._reminders = Reminders(book, clock, settings, outcomes, desk.blocking, asyncio.sleep)
        self._expirer = Expirer(desk, outcomes, bell("expirer"))
        self._ticket_offers = TicketOffers(desk, outcomes, bell("tickets"))

    @classmethod
    async def build(cls, config: Config, stack: AsyncExitStack) -> _House:
        url = config.database.url
        holder = f"{socket.gethostname()}:{config.data_dir}"
        database, vault = await open_books(
            url,
            holder,
            lambda founded: master_key_of(config, founded=founded),
            partial(_opened, config),
        )
        stack.push_async_callback(database.close)
        http = await stack.enter_async_context(aiohttp.ClientSession())
        return cls(config, database, vault, http)

    async def run(self, stack: AsyncExitStack, ready: Callable[[str], None] | None) -> None:
        """Serve health first, so that a start that waits for its homeserver can be watched."""
        web = await serve_web(
            self._config.web.host,
            self._config.web.port,
            version=version("paybridge"),
            parts=self._parts(),
            take_webhook=self._take_webhook,
            visiting=self._visiting,
            metrics=Metrics(
                CollectorRegistry(),
                self._measure,
                self._database.book.tally,
                self._late_news.tally,
                self._statements.stands,
                self._live,
            ),
        )
        stack.push_async_callback(web.close)
        stack.push_async_callback(self._rails.close)
        stack.push_async_callback(self._matrix.close)
        if ready is not None:
            ready(web.url)
        log.info("started", web=web.url, user=self._config.homeserver.user_id)
        self._supervisor.spawn("matrix-start", self._start_matrix())
        stack.push_async_callback(self._turn.end)
        await self._supervisor.run(
            {"lease": self._turn.run}
            | self._turn.when_it_comes(
                {
                    "courier": self._courier.run,
                    "expirer": self._expirer.run,
                    "head": self._head.run,
                    "deeds": self._deeds.run,
                    "kitties": self._kitties.run,
                    "motions": self._motions,
                    "identities": self._pins.run,
                    "rails": self._rails.prove_all,
                    "rails-lost": self._rails.watch,
                    "reconciler": self._reconciler.run,
                    "reminders": self._reminders.run,
                    "repeater": self._repeater.run,
                    "statements": self._compare_statements,
                    "tickets": self._ticket_offers.run,
                }
            )
        )

    def ring(self) -> None:
        """Something was committed: whoever waits for work looks, first what answers people."""
        self._matrix.ring()
        self._bells.ring()

    def _rail_is_there(self, name: str) -> None:
        """A rail has proven itself or is back: what waits for it waits no longer."""
        self._courier.wake(name)
        self._reconciler.wake(name)

    async def _compare_statements(self) -> None:
        """A rail that answers at the start is not held for one that is away."""
        await self._rails.tried()
        await self._statements.run()

    async def _start_matrix(self) -> None:
        """Where another process may act, this one's device is ready before its turn comes."""
        hot = self._database.lease.span < math.inf
        if not hot:
            await self._turn.comes()
        await self._matrix.start(self._hear)
        following = self._matrix.following_tasks() if hot else {}
        for name, task in following.items():
            self._supervisor.keep(name, task)
        if hot:
            await self._turn.comes()
            await self._matrix.take_over()
            log.info("acts", user=self._config.homeserver.user_id)
        for name, task in self._matrix.tasks().items():
            if name not in following:
                self._supervisor.keep(name, task)

    async def _hear(self, heard: Spoken | Gesture) -> None:
        """Nobody hears that the bank is away only because the bot has just started and has not asked it."""
        await self._rails.tried()
        with bound_contextvars(event=heard.event):
            await self._dispatcher.handle(heard)

    def _parts(self) -> Mapping[str, Check]:
        async def matrix() -> str | None:
            return self._matrix.readiness()

        async def tasks() -> str | None:
            failing = self._supervisor.failing()
            return "; ".join(f"{name} {reason}" for name, reason in failing.items()) or None

        async def turn() -> str | None:
            return "stands by: another process acts on this database" if self._turn.waiting else None

        return {
            "turn": turn,
            "matrix": matrix,
            "database": self._database.trouble,
            "tasks": tasks,
            **{f"rail {name}": self._rails.check(name) for name in self._config.rails},
        }

    def _compared(self) -> Sequence[StatementStands]:
        return self._statements.stands()

    async def _compare_now(self, rail: str) -> Kept | None:
        return await self._statements.now(rail)

    async def _measure(self) -> Figures:
        return await SqlFigures(self._database.reader).figures(self._clock.now())

    async def _take_webhook(self, rail: str, headers: Mapping[str, str], raw: bytes) -> None:
        """A webhook is a hint: the rail is asked about the order, and its answer counts."""
        known = self._rails.get(rail)
        if known is None:
            raise UnknownRailError(rail)
        now = self._clock.now()
        for told in known.parse_webhook(headers, raw, now):
            event = await by_our_reference(known, told)
            if event is None:
                continue
            await self._reconciler.hint(event, webhook(rail, event.id, event.reference, raw, now))

    def _set_aside(self, post: Post, reason: str) -> None:
        """What a room no longer takes is said to the payer in their direct message."""
        log.warning("post set aside", post=post.id, why=reason)
        say = unseal(self._vault, post)
        payer = say.about.get("payer") if say.about else None
        if post.room is not None and isinstance(payer, str):
            direct = replace(say, id=f"{post.id}/aside", room=None, person=payer, slot=None, reply_to=None)
            self._supervisor.spawn("aside", self._post(direct))

    async def _tell(self, mxid: str, key: str, facts: Facts) -> None:
        """Say something to one person in their direct message."""
        person = await self._database.book.person_of(mxid)
        language = (person.language if person else None) or self._config.settings().language
        await self._post(
            Say(f"told/{self._chance.token()}", key=key, language=language, person=mxid, facts=facts)
        )

    async def _post(self, say: Say) -> None:
        await self._database.book.commit(Step(posts=(seal(self._vault, say, self._clock.now()),)))
        self.ring()


def _opened(config: Config, master: MasterKey, check: bytes) -> Vault:
    try:
        return open_vault(master, check)
    except WrongMasterKeyError as error:
        file = config.vault.master_key_file or config.data_dir / MASTER_KEY_FILE
        if file.with_name(f"{file.name}.new").exists():
            message = f"{error}; a change of it was interrupted: run `paybridge keys rotate` again"
            raise WrongMasterKeyError(message) from error
        raise


def matrix_options(config: Config) -> MatrixOptions:
    login = config.homeserver
    return MatrixOptions(
        url=login.url,
        user_id=login.user_id,
        data_dir=config.data_dir,
        password=login.password.get_secret_value() if login.password else None,
        access_token=login.access_token.get_secret_value() if login.access_token else None,
        device_id=login.device_id,
        device_name=login.device_name,
        invites_from_shared_rooms=config.invites.from_shared_rooms,
        bridges=config.effective_bridges(),
    )


def _rendered(texts: Texts, say: Say, over: Bridges | None) -> Rendered:
    if over is None:
        return render_say(texts, say)
    return render_narrow(texts, say, lambda mxid: over.of(mxid) is not None)
