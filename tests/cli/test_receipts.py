"""`paybridge verify-receipt`: good and bad receipts, with the house's key or its config."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from paybridge.__main__ import main
from paybridge.domain.receipt import Booked, receipt_line, receipt_text
from paybridge.domain.transfer import TransferState
from paybridge.storage import open_database
from paybridge.vault import MasterKey, Vault, found_vault, open_vault, rotated
from tests.cli.test_backup import config_in, key_in
from tests.fakes.database import START, StoodClock
from tests.fakes.records import a_transfer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.test_commandline import Captured


def receipt_of(vault: Vault) -> str:
    paid = a_transfer("PB-7K3QD", state=TransferState.SETTLED)
    text = receipt_text(paid, Booked(7, bytes(32)), START, vault.public_key, hides=False)
    return receipt_line(text, vault.sign(text.encode()))


async def founded(folder: Path) -> Vault:
    """The vault of new books."""
    vault, check = found_vault(MasterKey.from_file(folder / "master.key"))
    database = await open_database(f"sqlite+aiosqlite:///{folder / 'paybridge.db'}", StoodClock())
    await database.lease.acquire()
    await database.keep_vault_check(check)
    await database.lease.release()
    await database.close()
    return vault


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return found_vault(MasterKey.generate(tmp_path / "one.key"))[0]


def test_a_genuine_receipt_is_told_field_by_field(vault: Vault, capsys: Captured) -> None:
    code = main(["verify-receipt", receipt_of(vault), "--key", vault.public_key.hex()])
    said = capsys.readouterr().out

    assert code == 0
    assert said.startswith("genuine")
    assert "  amount: 12.50\n" in said
    assert "  payer: @anna:test\n" in said


def test_a_changed_receipt_and_one_signed_by_somebody_else_are_not_genuine(
    vault: Vault, tmp_path: Path, capsys: Captured
) -> None:
    other = found_vault(MasterKey.generate(tmp_path / "other.key"))[0]
    key = ["--key", vault.public_key.hex()]

    for line in (receipt_of(vault).replace("12.50", "99.50"), receipt_of(other)):
        assert main(["verify-receipt", line, *key]) == 1
        assert capsys.readouterr().out.startswith("NOT GENUINE")


def test_the_key_must_come_from_somewhere_else_than_the_line(vault: Vault, capsys: Captured) -> None:
    assert main(["verify-receipt", receipt_of(vault)]) == 2
    assert main(["verify-receipt", receipt_of(vault), "--key", "abc"]) == 2
    assert main(["verify-receipt", "nonsense", "--key", vault.public_key.hex()]) == 2
    assert capsys.readouterr().out == ""


def test_the_key_is_that_of_the_house_of_a_config(tmp_path: Path, capsys: Captured) -> None:
    config = config_in(tmp_path)
    key_in(tmp_path)
    vault = asyncio.run(founded(tmp_path / "data"))
    assert main(["receipt-key", "--config", str(config)]) == 0
    key = capsys.readouterr().out.strip()

    assert key == vault.public_key.hex()
    assert main(["verify-receipt", receipt_of(vault), "--config", str(config)]) == 0


def test_the_key_stays_when_the_master_key_is_replaced(tmp_path: Path) -> None:
    vault, check = found_vault(MasterKey.generate(tmp_path / "one.key"))
    new = MasterKey.generate(tmp_path / "two.key")

    assert open_vault(new, rotated(vault, check, new)).public_key == vault.public_key
