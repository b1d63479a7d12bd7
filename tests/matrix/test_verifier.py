"""All verifications together: who is answered, how often, for how long, and what the operator can do."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from vodozemac import Sas

from paybridge.matrix.devices import NOBODY, Household
from paybridge.matrix.letters import Seal
from paybridge.matrix.overhearing import Heard
from paybridge.matrix.verification.asking import FOLDER, SOCKET, NotRunningError, ask
from paybridge.matrix.verification.carrier import InRoom
from paybridge.matrix.verification.cases import Judgement
from paybridge.matrix.verification.incoming import MOST_WAITING, Incoming
from paybridge.matrix.verification.limits import MOST_PER_HOUR, PATIENCE
from paybridge.matrix.verification.looking import OUTCOMES, judge, look
from paybridge.matrix.verification.sas import Side
from paybridge.matrix.verification.terminal import Fingerprints, Terminal
from paybridge.matrix.verification.verifier import Verifier
from paybridge.matrix.wire import NotNowError, TokenRevokedError
from tests.fakes.database import StoodClock
from tests.fakes.verifying import Peer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from paybridge.domain.facts import Facts

ALICE = "@alice:hs"
ROOM = "!room:hs"
SEAL = Seal(*("curve", "session", 0, "ed", "PHONE"), forwarded=False)
AT_HOME = Household({"PHONE": ("curve", "phone")}, "M", frozenset({"PHONE"}))
PREFIX = "m.key.verification."


class SteadyChance:
    def number(self) -> int:
        return 0

    def token(self) -> str:
        return "token"


@dataclass
class Around:
    """Everything that the verifier deals with, written down."""

    clock: StoodClock = field(default_factory=StoodClock)
    sent: list[tuple[Side, InRoom | None, str, str, Mapping[str, Any]]] = field(default_factory=list)
    told: list[tuple[str, str]] = field(default_factory=list)
    vouched: list[tuple[str, str]] = field(default_factory=list)
    household: Household = AT_HOME
    owned: bool = True
    away: int = 0
    revoked: bool = False

    async def send(
        self, to: Side, way: InRoom | None, transaction: str, kind: str, content: Mapping[str, Any]
    ) -> None:
        if self.revoked:
            raise TokenRevokedError
        if self.away:
            self.away -= 1
            raise NotNowError("away")
        self.sent.append((to, way, transaction, kind.removeprefix(PREFIX), content))

    def outdated(self, people: Iterable[str]) -> None:
        assert list(people) == [ALICE]

    async def of(self, mxid: str) -> Household:
        return self.household if mxid == ALICE else NOBODY

    async def owns(self, _sender: str, _seal: Seal) -> bool:
        return self.owned

    async def vouch(self, mxid: str, master: str) -> None:
        self.vouched.append((mxid, master))

    async def tell(self, mxid: str, key: str, _facts: Facts) -> None:
        self.told.append((mxid, key))

    @property
    def now(self) -> int:
        return int(self.clock.now().timestamp() * 1000)

    @property
    def said(self) -> list[str]:
        return [kind if kind != "cancel" else str(content["code"]) for _, _, _, kind, content in self.sent]


class House:
    """A verifier, what comes to it, and one peer who talks with it."""

    def __init__(self, around: Around) -> None:
        self.around = around
        self.incoming = Incoming("@bot:hs", lambda mxid: mxid != "@blocked:hs")
        self.verifier = Verifier(
            us=Side("@bot:hs", "BOT"),
            keys={"ed25519:BOT": "bot", "ed25519:B": "B"},
            incoming=self.incoming,
            carrier=around,
            devices=around,
            senders=around,
            vouching=around,
            clock=around.clock,
            chance=SteadyChance(),
            tell=around.tell,
            new_sas=Sas,
        )
        self.peer = Peer()

    async def hear(self, kind: str, content: Mapping[str, Any], *, sender: str = ALICE, **more: Any) -> None:  # noqa: ANN401 - JSON
        """A message to the device, and what comes of it."""
        content = {"transaction_id": self.peer.transaction, **content, **more}
        self.incoming.to_device([{"type": PREFIX + kind, "sender": sender, "content": content}])
        await self.settle()

    async def overhear(
        self, event: str, kind: str, content: Mapping[str, Any], seal: Seal | None = None, sender: str = ALICE
    ) -> bool:
        """An event in a room, and what comes of it."""
        theirs = self.incoming.in_room(Heard(ROOM, event, sender, self.around.now), kind, content, seal)
        await self.settle()
        return theirs

    async def settle(self) -> None:
        while self.incoming.waiting:
            await self.verifier.take(await self.incoming.next())

    async def until_shown(self) -> int:
        """Return the number by which the operator knows it."""
        await self.hear("request", self.peer.request(self.around.now))
        await self.hear("start", self.peer.start())
        await self.hear("key", self.peer.key())
        self.peer.take_key(self.around.sent[-1][4])
        return self.verifier.pending()[-1].number

    async def until_done(self) -> int:
        number = await self.until_shown()
        await self.hear("mac", self.peer.mac())
        await self.hear("done", {})
        return number


@pytest.fixture
def around() -> Around:
    return Around()


@pytest.fixture
def house(around: Around) -> House:
    return House(around)


async def test_a_person_is_answered_shown_the_codes_and_trusted_no_more_for_it(
    house: House, around: Around
) -> None:
    await house.until_done()

    assert around.said == ["ready", "accept", "key", "mac", "done"]
    assert {(to, way, transaction) for to, way, transaction, _, _ in around.sent} == {
        (Side(ALICE, "PHONE"), None, "t1")
    }
    assert around.told == [(ALICE, "verification.compare")]
    assert around.vouched == []
    assert [(one.person, one.they_agree, one.you_agree) for one in house.verifier.pending()] == [
        (ALICE, True, False)
    ]


@pytest.mark.parametrize("seal", [None, SEAL], ids=["plain", "encrypted"])
async def test_in_a_room_the_answer_goes_the_way_in_which_it_was_asked(
    house: House, around: Around, seal: Seal | None
) -> None:
    peer, reference = house.peer, {"m.relates_to": {"rel_type": "m.reference", "event_id": "$1"}}
    peer.transaction = "$1"
    asked = {"msgtype": "m.key.verification.request", "to": "@bot:hs", **peer.request()}
    assert await house.overhear("$1", "m.room.message", asked, seal)
    start = {**peer.start(), **reference}
    assert await house.overhear("$2", PREFIX + "start", start, seal)
    assert await house.overhear("$3", PREFIX + "key", {**peer.key(), **reference}, seal)
    accepted = around.sent[1][4]
    peer.take_key(around.sent[-1][4])
    assert await house.overhear("$4", PREFIX + "mac", {**peer.mac(), **reference}, seal)

    assert peer.is_committed(accepted["commitment"], start)
    assert around.said == ["ready", "accept", "key", "mac", "done"]
    assert {(way, transaction) for _, way, transaction, _, _ in around.sent} == {
        (InRoom(ROOM, encrypted=seal is not None), "$1")
    }


async def test_an_event_that_was_not_encrypted_by_its_sender_is_passed_over(
    house: House, around: Around
) -> None:
    around.owned = False
    asked = {"msgtype": "m.key.verification.request", "to": "@bot:hs", **house.peer.request()}

    assert await house.overhear("$1", "m.room.message", asked, SEAL)
    assert around.sent == []


async def test_what_others_say_to_each_other_in_a_room_is_none_of_the_bots_business(
    house: House, around: Around
) -> None:
    reference = {"m.relates_to": {"rel_type": "m.reference", "event_id": "$1"}}
    asked = {"msgtype": "m.key.verification.request", "to": "@carol:hs", **house.peer.request()}

    assert await house.overhear("$1", "m.room.message", asked)
    assert await house.overhear("$2", PREFIX + "key", {**house.peer.key(), **reference})
    assert await house.overhear("$3", PREFIX + "request", house.peer.request())
    assert not await house.overhear("$4", "m.room.message", {"msgtype": "m.text", "body": "hi"})
    assert not await house.overhear("$5", "m.room.topic", {})
    assert around.sent == []


@pytest.mark.parametrize("sender", ["@blocked:hs", "@bot:hs"])
async def test_whoever_may_not_is_not_answered(house: House, around: Around, sender: str) -> None:
    await house.hear("request", house.peer.request(around.now), sender=sender)
    await house.hear("start", house.peer.start(), sender=sender)

    assert around.sent == []


@pytest.mark.parametrize(
    ("kind", "answered"),
    [("start", True), ("key", True), ("mac", True), ("done", False), ("cancel", False), ("ready", False)],
)
async def test_what_belongs_to_no_verification_is_told_so_once_and_never_in_a_circle(
    house: House, around: Around, kind: str, *, answered: bool
) -> None:
    contents = {"start": house.peer.start(), "key": house.peer.key(), "mac": {"mac": {"a": "b"}, "keys": "c"}}
    await house.hear(kind, contents.get(kind, {}))

    assert around.said == (["m.unknown_transaction"] if answered else [])


async def test_what_is_malformed_ends_its_own_verification_only(house: House, around: Around) -> None:
    await house.hear("request", house.peer.request(around.now))
    await house.hear("key", {"key": 5}, sender="@carol:hs")
    await house.hear("key", {"key": 5}, transaction_id="another")
    before = list(around.said)
    await house.hear("key", {"key": 5})

    assert before == ["ready"]
    assert around.said == ["ready", "m.invalid_message"]


async def test_what_only_the_bot_says_ends_the_verification(house: House, around: Around) -> None:
    await house.hear("request", house.peer.request(around.now))
    await house.hear("accept", {})

    assert around.said == ["ready", "m.unexpected_message"]


async def test_the_same_message_told_again_by_a_sync_counts_once(house: House, around: Around) -> None:
    request = house.peer.request(around.now)
    await house.hear("request", request)
    await house.hear("start", house.peer.start())
    await house.hear("start", house.peer.start())
    await house.hear("request", request)

    assert around.said == ["ready", "accept"]


@pytest.mark.parametrize("minutes", [-11, 6])
async def test_a_request_of_long_ago_or_of_the_future_is_passed_over(
    house: House, around: Around, minutes: int
) -> None:
    await house.hear("request", house.peer.request(around.now + minutes * 60_000))
    await house.hear("request", {"from_device": "PHONE", "methods": ["m.sas.v1"]}, transaction_id="t2")

    assert around.sent == []


async def test_a_new_verification_takes_the_place_of_the_persons_last_one(
    house: House, around: Around
) -> None:
    await house.until_shown()
    house.peer = Peer(transaction="t2")
    await house.until_done()

    assert around.said[3:5] == ["m.user", "ready"]
    assert [one.number for one in house.verifier.pending()] == [2]


async def test_people_do_not_disturb_each_other(house: House, around: Around) -> None:
    await house.hear("request", house.peer.request(around.now), sender="@carol:hs")
    await house.until_done()

    assert "m.user" not in around.said
    assert [one.person for one in house.verifier.pending()] == ["@carol:hs", ALICE]


async def test_ten_in_an_hour_are_enough_for_one_person(house: House, around: Around) -> None:
    for number in range(MOST_PER_HOUR + 1):
        await house.hear("request", house.peer.request(around.now), transaction_id=str(number))
    refused = around.said[-1]
    around.clock.pass_by(timedelta(hours=1))
    await house.hear("request", house.peer.request(around.now), transaction_id="later")

    assert refused == "m.user"
    assert around.said[-1] == "ready"


async def test_what_nobody_goes_on_with_is_over_after_ten_minutes(house: House, around: Around) -> None:
    number = await house.until_shown()
    around.clock.pass_by(PATIENCE - timedelta(seconds=1))
    await house.verifier.tidy()
    before = list(around.said)
    around.clock.pass_by(timedelta(seconds=1))
    await house.verifier.tidy()

    assert before[-1] == "key"
    assert around.said[-1] == "m.timeout"
    assert house.verifier.pending() == []
    assert await house.verifier.judge(number, alike=True) is Judgement.GONE


async def test_one_that_is_done_ends_silently(house: House, around: Around) -> None:
    await house.until_done()
    around.clock.pass_by(PATIENCE)
    await house.verifier.tidy()

    assert around.said[-1] == "done"
    assert house.verifier.pending() == []


async def test_the_operator_may_say_yes_before_the_person_does(house: House, around: Around) -> None:
    number = await house.until_shown()
    judged = await house.verifier.judge(number, alike=True)
    before = list(around.vouched)
    await house.hear("mac", house.peer.mac())
    await house.hear("done", {})

    assert (judged, before) == (Judgement.WAITING, [])
    assert around.vouched == [(ALICE, "M")]
    assert house.verifier.pending() == []


async def test_the_operator_may_say_yes_afterwards(house: House, around: Around) -> None:
    number = await house.until_done()

    assert await house.verifier.judge(number, alike=True) is Judgement.VERIFIED
    assert around.vouched == [(ALICE, "M")]
    assert await house.verifier.judge(number, alike=True) is Judgement.GONE


async def test_the_operators_yes_is_worth_nothing_when_the_keys_do_not_fit(
    house: House, around: Around
) -> None:
    number = await house.until_shown()
    await house.verifier.judge(number, alike=True)
    around.household = replace(AT_HOME, master="ANOTHER", keys={"PHONE": ("curve", "other")})
    await house.hear("mac", house.peer.mac())

    assert around.said[-1] == "m.key_mismatch"
    assert around.vouched == []


async def test_one_session_vouched_for_is_no_identity(house: House, around: Around) -> None:
    around.household = replace(AT_HOME, master=None)
    number = await house.until_done()

    assert await house.verifier.judge(number, alike=True) is Judgement.NO_IDENTITY
    assert around.vouched == []


@pytest.mark.parametrize("afterwards", [False, True])
async def test_the_operators_no_ends_it_and_the_person_is_told(
    house: House, around: Around, *, afterwards: bool
) -> None:
    number = await (house.until_done() if afterwards else house.until_shown())

    assert await house.verifier.judge(number, alike=False) is Judgement.REFUSED
    assert around.said[-1] == ("done" if afterwards else "m.mismatched_sas")
    assert around.told[-1] == (ALICE, "verification.differed")
    assert await house.verifier.judge(number, alike=True) is Judgement.GONE


@pytest.mark.parametrize("alike", [True, False])
async def test_before_there_are_codes_there_is_nothing_to_judge(
    house: House, around: Around, *, alike: bool
) -> None:
    await house.hear("request", house.peer.request(around.now))

    assert await house.verifier.judge(1, alike=alike) is Judgement.TOO_EARLY


async def test_a_person_who_saw_other_codes_is_warned(house: House, around: Around) -> None:
    await house.until_shown()
    await house.hear("cancel", {"code": "m.mismatched_sas"})

    assert around.told[-1] == (ALICE, "verification.differed")
    assert house.verifier.pending() == []


async def test_a_homeserver_that_is_away_costs_one_verification_and_nothing_else(
    house: House, around: Around
) -> None:
    around.away = 1
    await house.hear("request", house.peer.request(around.now))
    house.peer = Peer(transaction="t2")
    await house.until_done()

    assert around.said == ["ready", "accept", "key", "mac", "done"]


async def test_a_token_that_was_revoked_is_for_others_to_deal_with(house: House, around: Around) -> None:
    around.revoked = True

    with pytest.raises(TokenRevokedError):
        await house.hear("request", house.peer.request(around.now))


async def test_more_than_can_wait_is_dropped(house: House, around: Around) -> None:
    for number in range(MOST_WAITING + 3):
        content = {"transaction_id": str(number), **house.peer.request(around.now)}
        house.incoming.to_device([{"type": PREFIX + "request", "sender": ALICE, "content": content}])

    assert (house.incoming.waiting, house.incoming.dropped) == (MOST_WAITING, 3)


async def test_it_works_by_itself_until_it_is_stopped(house: House, around: Around) -> None:
    working = asyncio.ensure_future(house.verifier.run())
    content = {"transaction_id": "t1", **house.peer.request(around.now)}
    house.incoming.to_device([{"type": PREFIX + "request", "sender": ALICE, "content": content}, "odd", {}])
    async with asyncio.timeout(10):
        while not around.sent:  # noqa: ASYNC110 - nothing rings
            await asyncio.sleep(0)
    around.clock.pass_by(PATIENCE)
    house.incoming.to_device([{"type": PREFIX + "done", "sender": ALICE, "content": {"transaction_id": "x"}}])
    async with asyncio.timeout(10):
        while house.verifier.pending():  # noqa: ASYNC110 - nothing rings
            await asyncio.sleep(0)
    working.cancel()

    assert around.said == ["ready", "m.timeout"]


# ---------------------------------------------------------------- the terminal


@pytest.fixture(params=["short", "a-long-name-" * 12])
async def data_dir(request: pytest.FixtureRequest, tmp_path: Path, house: House) -> AsyncIterator[Path]:
    """Where a terminal listens; a socket's whole name may only be short."""
    folder = tmp_path / request.param
    ours = Fingerprints("@bot:hs", "BOT", "abcdefgh", "ijklmnop")
    terminal = asyncio.ensure_future(Terminal(folder, house.verifier, ours).run())
    async with asyncio.timeout(10):
        while not (folder / FOLDER / SOCKET).exists():  # noqa: ASYNC110 - nothing rings
            await asyncio.sleep(0)
    yield folder
    terminal.cancel()
    await asyncio.wait([terminal])


async def test_the_operator_sees_keys_and_codes_and_is_heard(house: House, data_dir: Path) -> None:
    nobody = await asyncio.to_thread(look, data_dir)
    number = await house.until_done()
    seen = await asyncio.to_thread(look, data_dir)
    judged = await asyncio.to_thread(judge, data_dir, number, alike=True)
    (waiting,) = seen.waiting

    assert "ijkl mnop" in nobody.keys
    assert "session BOT  abcd efgh" in nobody.keys
    assert "Nobody is verifying it now" in nobody.keys
    assert waiting.can_be_judged
    assert " ".join(map(str, house.peer.decimals)) in " ".join(waiting.words.split())
    assert "They found the codes alike." in waiting.words
    assert judged == OUTCOMES[Judgement.VERIFIED]


async def test_only_the_owner_reaches_the_socket(data_dir: Path) -> None:
    folder, file = data_dir / FOLDER, data_dir / FOLDER / SOCKET

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("order", [{"order": "pay"}, {"order": "judge", "number": "1", "alike": True}, [], 5])
async def test_what_is_no_order_gets_no_answer_and_the_next_one_does(data_dir: Path, order: Any) -> None:  # noqa: ANN401 - JSON
    with pytest.raises(NotRunningError):
        await asyncio.to_thread(ask, data_dir, order)

    assert (await asyncio.to_thread(look, data_dir)).waiting == ()


def test_without_a_bot_there_is_nobody_to_ask(tmp_path: Path) -> None:
    with pytest.raises(NotRunningError, match="does not answer"):
        look(tmp_path)


def test_every_outcome_has_its_words() -> None:
    assert OUTCOMES.keys() == set(Judgement)
