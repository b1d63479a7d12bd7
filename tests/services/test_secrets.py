"""Nothing that a person keeps secret stands in clear in logs, tracebacks, reprs or the database's files."""

from __future__ import annotations

import io
import logging
import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
import structlog

from paybridge.app import set_up_logging
from paybridge.services.ports import SealBrokenError
from paybridge.vault import MasterKey, WrongMasterKeyError, found_vault, open_vault
from tests.fakes.database import ask_raw
from tests.fakes.house import ALICE, BOB, DINNER, House, keys
from tests.services.authenticator import Authenticator, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

IBAN = "DE89370400440532013000"
OTHER_IBAN = "DE02120300000000202051"
NOTE = "quincejelly"
HOLDER = "Zylphia Quux"
NICKNAME = "mattress"
SHOWN_AS = "Bobbington Plume"
CARD = "4111 1111 1111 1111"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that is logged at debug level."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    set_up_logging("debug", "console", stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


async def a_whole_story(house: House) -> list[str]:
    """Alice links, sets up a factor, pays, asks, gets much of it wrong, and freezes; returns her secrets."""
    room = house.rooms.known[DINNER]
    house.rooms.known[DINNER] = replace(room, members={**room.members, BOB: SHOWN_AS})
    await house.hear(ALICE, f"!link bank {IBAN} name {HOLDER}")
    await house.hear(ALICE, "!link verify 9999")
    await house.hear(ALICE, "!link verify 1234")
    await house.hear(ALICE, f"!link rename 1 {NICKNAME}")
    begun = await house.hear(ALICE, "!mfa on")
    link = str(begun[1].facts["link"])
    phone = Authenticator(house, link)
    codes = [phone.shows()]
    (on,) = [say for say in await house.hear(ALICE, f"!mfa on {codes[0]}") if say.key == "mfa.on"]
    recovery = listed(on)
    await house.fund(ALICE, 5_000)
    await house.hear(ALICE, f"!pay @bob:hs 12 EUR {NOTE}", DINNER)
    codes.append(phone.shows_next())
    await house.hear(ALICE, codes[-1])
    await house.hear(BOB, f"!request @alice:hs 2 EUR {NOTE}", DINNER)
    await house.hear(ALICE, f"!decline {NOTE}", DINNER)
    await house.hear(ALICE, f"my card is {CARD}", DINNER)
    await house.hear(ALICE, f"!pay @bob:hs 5 EUR {CARD}", DINNER)
    await house.hear(ALICE, f"!mfa test {recovery[0]}")
    await house.hear(ALICE, "!freeze")
    await house.hear(ALICE, f"!unfreeze {recovery[1]}")
    await house.send_all()
    secret = parse_qs(urlsplit(link).query)["secret"][0]
    return [
        IBAN,
        "DE89 3704 0044 0532 0130 00",
        NOTE,
        HOLDER,
        NICKNAME,
        SHOWN_AS,
        CARD,
        CARD.replace(" ", ""),
        secret,
        *recovery,
        *(code.replace("-", "") for code in recovery),
        *codes,
    ]


def stands_in(secret: str, text: str) -> bool:
    """Whether it is there by itself: six digits may well be a part of a longer number."""
    return re.search(rf"(?<![0-9a-fA-F.]){re.escape(secret)}(?![0-9a-fA-F])", text) is not None


async def test_a_whole_story_at_debug_level_logs_no_secret_also_when_it_breaks(
    house: House, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = await a_whole_story(house)

    async def breaks(_rail: object, details: str) -> None:
        raise RuntimeError(f"{len(details)} letters")

    monkeypatch.setattr(type(house.rail), "link", breaks)
    broken = keys(await house.hear(ALICE, f"!link bank {OTHER_IBAN} name {HOLDER}"))
    told = log.getvalue()

    assert broken == ["error.internal"]
    assert "Traceback" in told
    assert "refused" in told
    assert [secret for secret in (*secrets, OTHER_IBAN) if stands_in(secret, told)] == []


async def test_the_files_of_the_database_hold_no_secret_in_clear(house: House) -> None:
    secrets = await a_whole_story(house)
    files = [file for file in house.database.path.parent.iterdir() if file.is_file()]
    stored = b"\n".join(file.read_bytes() for file in files)

    assert any(file.name.endswith("-wal") for file in files)
    long_ones = [secret for secret in secrets if len(secret) > 6]
    assert [secret for secret in long_ones if secret.encode() in stored] == []
    assert [secret for secret in long_ones if secret.encode("utf-16-le") in stored] == []


async def test_what_is_shown_of_records_and_of_the_vault_holds_no_secret(house: House) -> None:
    secrets = await a_whole_story(house)
    person = await house.book.person_of(ALICE)
    assert person is not None
    shown = "\n".join(
        map(
            repr,
            [
                person,
                await house.book.links(person.id),
                await house.book.factor(person.id),
                await house.book.recovery_codes(person.id),
                await house.book.history(person.id, 10),
                house.desk.vault,
                MasterKey(b"k" * 32),
            ],
        )
    )

    assert [secret for secret in secrets if stands_in(secret, shown)] == []
    assert "kkkk" not in shown


async def test_whoever_steals_the_database_opens_nothing_without_the_master_key(house: House) -> None:
    await a_whole_story(house)
    ((check,),) = await ask_raw(house.database, "SELECT value FROM vault_check")
    people = dict(await ask_raw(house.database, "SELECT id, key FROM person"))
    notes = await ask_raw(house.database, "SELECT payer, note FROM transfer WHERE note IS NOT NULL")
    secrets = await ask_raw(house.database, "SELECT person, secret FROM factor")
    thiefs, _ = found_vault(MasterKey(b"t" * 32))

    assert notes
    assert secrets
    with pytest.raises(WrongMasterKeyError):
        open_vault(MasterKey(b"t" * 32), check)
    for owner, sealed in notes:
        with pytest.raises(SealBrokenError):
            thiefs.open(people[owner], f"note|{owner}|words", sealed)
    for owner, sealed in secrets:
        with pytest.raises(SealBrokenError):
            thiefs.open(people[owner], f"factor|{owner}|secret", sealed)
        assert house.desk.vault.open(people[owner], f"factor|{owner}|secret", sealed)
