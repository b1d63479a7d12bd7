"""`paybridge audit` and `reconcile` beside a real bank: differences are named, silence is no agreement."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest

from paybridge.__main__ import main
from paybridge.app import statements as app_statements
from paybridge.domain import leg as legs
from paybridge.domain.leg import LegEffect, LegKind, LegState
from paybridge.domain.money import Money
from paybridge.domain.transfer import TransferKind, TransferState
from paybridge.services import checks_kept
from paybridge.services.checks_kept import Kept
from paybridge.services.ports import RailError, Step
from paybridge.services.reconciliation import Match, code_of
from paybridge.services.statement_check import Difference
from paybridge.services.statements import Told
from tests.bank.bank_client import KEY, BankClient, bank_process
from tests.fakes.database import START, open_book
from tests.fakes.records import a_leg, a_transfer, people

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from paybridge.config import Config
    from tests.cli.test_commandline import Captured

CENTS = 1250
FIRST = "PB-TOPUP"
EUROS = Money(CENTS, "EUR")
LEG_1 = code_of("leg-1", Match.MISSING_HERE, None, EUROS)
LEG_2 = code_of("leg-2", Match.MISSING_THERE, EUROS, None)
Statements = Mapping[str, Told | RailError]


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[BankClient]:
    async with (
        bank_process(tmp_path / "bank") as (_, url),
        aiohttp.ClientSession() as session,
    ):
        yield BankClient(session, url)


async def collected_there(bank: BankClient, reference: str) -> None:
    """A collect that the bank has carried out."""
    order = await bank.prepared(await bank.link(), CENTS, reference=reference)
    await bank.execute(order, key=reference)


async def collected_here(folder: Path, reference: str, name: str = FIRST) -> None:
    """A collect that our books hold for settled."""
    book, _, _, database = await open_book(folder)
    payment = replace(a_transfer(name, state=TransferState.SETTLED, cents=CENTS), kind=TransferKind.TOPUP)
    leg = replace(a_leg(reference, payment.id, kind=LegKind.COLLECT, cents=CENTS), state=LegState.SETTLED)
    booked = replace(a_leg(f"{reference}/book", payment.id, number=2, cents=CENTS), state=LegState.SETTLED)
    journals = (
        *legs.journals(leg, LegEffect.PAY, held_before=False),
        *legs.journals(booked, LegEffect.PAY, held_before=True),
    )
    enrolled = people("anna", "bob") if name == FIRST else Step()
    await book.commit(enrolled + Step(records=(payment, leg, booked), journals=journals))
    await database.close()


async def audited(folder: Path, url: str, capsys: Captured, *more: str) -> tuple[int, str]:
    return await told_by("audit", folder, url, capsys, *more)


async def reconciled(folder: Path, url: str, capsys: Captured, *more: str) -> tuple[int, str]:
    return await told_by("reconcile", folder, url, capsys, *more)


async def told_by(
    command: str, folder: Path, url: str, capsys: Captured, *more: str, closed: str = ""
) -> tuple[int, str]:
    config = folder / "config.yaml"
    config.write_text(
        "homeserver: {url: 'http://hs', user_id: '@bot:hs', password: hush}\n"
        f"data_dir: {folder}\n"
        f"rails: {{bank: {{url: '{url}', api_key: {KEY}}}}}\n"
        f"reconciliation: {{closed: [{closed}]}}\n"
    )
    status = await asyncio.to_thread(main, [command, "--config", str(config), *more])
    said = capsys.readouterr()
    assert said.err == ""
    return status, said.out


async def test_books_and_bank_that_agree_are_sound(
    bank: BankClient, tmp_path: Path, capsys: Captured
) -> None:
    await collected_there(bank, "leg-1")
    await collected_here(tmp_path, "leg-1")

    status, told = await audited(tmp_path, bank.url, capsys)

    assert (status, "The books are sound." in told) == (0, True)


async def test_a_payment_that_only_the_bank_knows_is_named(
    bank: BankClient, tmp_path: Path, capsys: Captured
) -> None:
    await collected_there(bank, "leg-1")
    await collected_here(tmp_path, "leg-2")

    status, told = await audited(tmp_path, bank.url, capsys)

    assert status == 1
    assert "WRONG: rail bank: order leg-1 moved 12.50 EUR there and nothing here (lines ent_" in told
    assert "WRONG: rail bank: order leg-2 moved 12.50 EUR here and nothing there" in told
    assert "2 problems" in told


async def test_a_payment_that_is_made_during_the_audit_is_not_held_for_wrong(
    bank: BankClient, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    await collected_here(tmp_path, "leg-1")
    for reference in ("leg-1", "leg-2", "leg-3"):
        await collected_there(bank, reference)
    ask = app_statements.statements

    async def meanwhile(config: Config) -> Statements:
        # The books were read: a bot that runs goes on.
        await collected_here(tmp_path, "leg-2", "PB-LATER")
        return await ask(config)

    monkeypatch.setattr(app_statements, "statements", meanwhile)
    status, told = await audited(tmp_path, bank.url, capsys)

    assert "leg-2" not in told
    assert "order leg-3 moved 12.50 EUR there and nothing here" in told, "nobody here knows this one"
    assert status == 1


async def test_the_bank_is_left_alone_if_that_is_wished(
    bank: BankClient, tmp_path: Path, capsys: Captured
) -> None:
    await collected_here(tmp_path, "leg-2")

    status, _ = await audited(tmp_path, bank.url, capsys, "--no-rails")

    assert status == 0


async def test_a_bank_that_does_not_answer_is_no_agreement(tmp_path: Path, capsys: Captured) -> None:
    await collected_here(tmp_path, "leg-1")

    status, told = await audited(tmp_path, "http://127.0.0.1:9", capsys)

    assert status == 3
    assert "The books are sound." in told
    assert "NOT ASKED: bank: " in told


async def test_the_audit_as_json_has_the_shape_that_the_docs_promise(
    bank: BankClient, tmp_path: Path, capsys: Captured
) -> None:
    await collected_there(bank, "leg-1")
    await collected_here(tmp_path, "leg-1")
    await collected_there(bank, "leg-9")

    status, told = await audited(tmp_path, bank.url, capsys, "--json")

    said = json.loads(told)
    assert status == 1
    assert len(said.pop("head")) == 64
    (difference,) = said.pop("differences")
    (line,) = difference.pop("lines")
    assert line.startswith("ent_")
    assert difference == {
        "rail": "bank",
        "order": "leg-9",
        "class": "missing_here",
        "there": {"currency": "EUR", "minor": CENTS},
        "here": None,
    }
    balances = {one["there"]["currency"]: one for one in said.pop("balances")}
    held = balances["EUR"]["there"]["minor"]
    assert balances["EUR"] == {
        "rail": "bank",
        "there": {"currency": "EUR", "minor": held},
        "here": {"currency": "EUR", "minor": CENTS},
        "explained": {"currency": "EUR", "minor": held - CENTS},
        "agrees": True,
    }
    (problem,) = said.pop("problems")
    assert problem.startswith("rail bank: order leg-9 moved 12.50 EUR there and nothing here")
    assert said == {
        "version": 1,
        "sound": False,
        "journals": 2,
        "entries": 4,
        "accounts": 3,
        "totals": [
            {"kind": "held", "currency": "EUR", "minor": 0},
            {"kind": "person", "currency": "EUR", "minor": CENTS},
            {"kind": "rail_clearing", "currency": "EUR", "minor": -CENTS},
        ],
        "held_by_rails": [{"rail": "bank", "currency": "EUR", "minor": CENTS}],
        "not_asked": [],
    }
    page = (Path(__file__).parents[2] / "docs" / "commandline.md").read_text()
    assert [name for name in json.loads(told) if f"`{name}`" not in page] == []


async def test_a_balance_that_its_own_statement_does_not_explain_is_named(
    bank: BankClient, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    await collected_there(bank, "leg-1")
    await collected_here(tmp_path, "leg-1")
    ask = app_statements.statements

    async def a_cent_less(config: Config) -> Statements:
        told = (await ask(config))["bank"]
        assert isinstance(told, Told)
        balances = [one - Money(1, one.currency) for one in told.balances if one.currency == "EUR"]
        return {"bank": replace(told, balances=balances)}

    monkeypatch.setattr(app_statements, "statements", a_cent_less)
    status, told = await audited(tmp_path, bank.url, capsys)

    assert status == 1
    assert re.search(r"WRONG: rail bank: holds [\d.]+ EUR, the books say 12.50 EUR and its statement", told)
    assert "1 problems" in told


async def test_reconcile_lists_each_order_that_differs_with_its_class(
    bank: BankClient, tmp_path: Path, capsys: Captured
) -> None:
    for reference in ("leg-1", "leg-3"):
        await collected_there(bank, reference)
    await collected_here(tmp_path, "leg-2")
    await collected_here(tmp_path, "leg-3", "PB-LATER")

    status, told = await reconciled(tmp_path, bank.url, capsys, "--days", "0")

    rows = [re.findall(r"[\w.-]+(?: [\w.-]+)*", line) for line in told.splitlines()]
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert status == 1
    assert ["bank", "1", "0", "2"] in rows, "one agrees, none is under way"
    assert ["bank", "leg-1", "missing here", "12.50 EUR", "nothing", today, LEG_1] in rows
    assert ["bank", "leg-2", "missing there", "nothing", "12.50 EUR", f"{START:%Y-%m-%d}", LEG_2] in rows


@pytest.mark.parametrize("command", ["reconcile", "audit"])
async def test_what_operators_have_settled_by_hand_is_no_difference_until_it_changes(
    bank: BankClient, tmp_path: Path, capsys: Captured, command: str
) -> None:
    await collected_there(bank, "leg-1")
    await collected_here(tmp_path, "leg-2")

    one, told = await told_by(command, tmp_path, bank.url, capsys, closed=f"'{LEG_2}'")
    both, _ = await told_by(command, tmp_path, bank.url, capsys, closed=f"'{LEG_1}', '{LEG_2}'")

    assert (one, both) == (1, 0)
    assert "leg-1" in told
    assert "leg-2" not in told
    assert code_of("leg-1", Match.MISSING_HERE, None, Money(CENTS + 1, "EUR")) != LEG_1


async def test_reconcile_ends_well_where_the_window_agrees(
    bank: BankClient, tmp_path: Path, capsys: Captured
) -> None:
    await collected_there(bank, "leg-1")
    await collected_here(tmp_path, "leg-1")

    assert (await reconciled(tmp_path, bank.url, capsys))[0] == 0


async def test_reconcile_compares_what_the_bot_found_before_though_it_is_older(
    bank: BankClient, tmp_path: Path, capsys: Captured
) -> None:
    await collected_here(tmp_path, "leg-2")
    fresh, _ = await reconciled(tmp_path, bank.url, capsys)
    known = Difference("leg-2", "EUR", Match.MISSING_THERE, Money(CENTS, "EUR"), None, START)
    _, mailbox, _, database = await open_book(tmp_path)
    await checks_kept.remember(mailbox, "bank", Kept(START, START, differences=(known,)))
    await database.close()
    status, told = await reconciled(tmp_path, bank.url, capsys)

    assert fresh == 0, "it was made before the last thirty days"
    assert status == 1
    assert "leg-2" in told


async def test_reconcile_with_a_bank_that_does_not_answer_is_no_agreement(
    tmp_path: Path, capsys: Captured
) -> None:
    await collected_here(tmp_path, "leg-1")

    status, told = await reconciled(tmp_path, "http://127.0.0.1:9", capsys)

    assert status == 3
    assert "NOT ASKED: bank: " in told
