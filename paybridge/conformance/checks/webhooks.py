"""What a rail promises about webhooks: nothing is believed but who signed it, and when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from paybridge.conformance.bench import Bench, promised
from paybridge.conformance.trial import Behaviour, Delivery
from paybridge.services.ports import Rail, WebhookRefusedError

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def _refuses(rail: Rail, headers: Mapping[str, str], raw: bytes, now: datetime, what: str) -> None:
    try:
        told = rail.parse_webhook(headers, raw, now)
    except WebhookRefusedError:
        return
    promised(truth=False, otherwise=f"{what} was taken: {told}")


async def _one(bench: Bench) -> tuple[str, Delivery]:
    telling = bench.telling
    order = await bench.order()
    return order.reference, (await telling.webhooks(order))[0]


async def check_webhook_out_of_nothing(bench: Bench) -> None:
    """Nobody can forge a webhook out of nothing."""
    for raw in (b"", b"{}", b"null", b"\xff", b"[" * 5000):
        _refuses(bench.rail, {}, raw, LONG_AGO, f"{raw[:10]!r}")


async def check_webhook_names_its_order(bench: Bench) -> None:
    """A webhook names its order, and twice the same, in whatever case its headers are, is one event."""
    reference, came = await _one(bench)

    once = bench.rail.parse_webhook(came.headers, came.raw, came.at)
    shouted = {name.upper(): value for name, value in came.headers.items()}
    twice = bench.rail.parse_webhook(shouted, came.raw, came.at)

    promised([event.reference for event in once] == [reference], f"it was read as {once}")
    promised(list(twice) == list(once), f"first {once}, then {twice}")


async def check_webhook_ids(bench: Bench) -> None:
    """Two events about one payment name one order, in whatever order and however often they come."""
    telling = bench.telling
    order = await bench.order(behaviour=Behaviour.TELLS_OFTEN)
    came = await telling.webhooks(order, 3)
    events = [bench.rail.parse_webhook(one.headers, one.raw, one.at)[0] for one in (*reversed(came), *came)]

    promised({event.reference for event in events} == {order.reference}, f"they were read as {events}")
    promised(len({event.id for event in events}) > 1, "two events had one id")


async def check_webhook_forged(bench: Bench) -> None:
    """A webhook whose body was changed, or that nobody signed, is refused."""
    reference, came = await _one(bench)

    changed = came.raw.replace(reference.encode(), b"leg-of-another")
    _refuses(bench.rail, came.headers, changed, came.at, "a changed body")
    _refuses(bench.rail, came.headers, came.raw + b" ", came.at, "a longer body")
    kept = {name: value for name, value in came.headers.items() if "signature" not in name.lower()}
    _refuses(bench.rail, kept, came.raw, came.at, "a body that nobody signed")


async def check_webhook_by_a_stranger(bench: Bench) -> None:
    """A webhook signed with a key that is not ours is refused."""
    rotating = bench.rotating
    _, came = await _one(bench)

    _refuses(rotating.rail_with_another_key(), came.headers, came.raw, came.at, "a stranger's webhook")


async def check_webhook_stale(bench: Bench) -> None:
    """A webhook from too long ago, or from the future, is refused."""
    age = bench.telling.webhook_age + timedelta(minutes=1)
    _, came = await _one(bench)

    _refuses(bench.rail, came.headers, came.raw, came.at + age, "an old webhook")
    _refuses(bench.rail, came.headers, came.raw, came.at - age, "a webhook from the future")


async def check_webhook_key_rotated(bench: Bench) -> None:
    """While the key changes, a webhook signed with the old and the next key is taken by either."""
    rotating = bench.rotating
    _, came = await _one(bench)
    old = bench.rail.parse_webhook(came.headers, came.raw, came.at)
    rotated = rotating.rail_after_rotation().parse_webhook(came.headers, came.raw, came.at)

    promised(list(old) == list(rotated), f"with the old key {old}, with the next {rotated}")
