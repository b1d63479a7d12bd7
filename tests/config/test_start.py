"""A start needs a folder that can be written and the right master key, and says what is missing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from paybridge.config import Config, ConfigError, check_data_dir, master_key_of
from paybridge.vault import MasterKey, MasterKeyError

Load = Callable[..., Config]
Written = dict[str, Any]


def test_the_data_folder_is_made_for_its_owner_alone(load: Load, written: Written, tmp_path: Path) -> None:
    config = load(written | {"data_dir": "some/where"})

    check_data_dir(config)

    assert (tmp_path / "some" / "where").stat().st_mode & 0o777 == 0o700
    assert list((tmp_path / "some" / "where").iterdir()) == []


def test_a_data_folder_that_cannot_be_made_is_told_in_one_line(
    load: Load, written: Written, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    config = load(written | {"data_dir": "file/below"})

    with pytest.raises(ConfigError) as caught:
        check_data_dir(config)

    assert str(caught.value) == f"config: data_dir: cannot write in {tmp_path}/file/below: Not a directory"


def test_the_master_key_comes_from_the_config_or_its_file(
    load: Load, written: Written, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    file.write_text("ab" * 32)
    file.chmod(0o600)
    from_file = master_key_of(load(written | {"vault": {"master_key_file": "key"}}))
    from_config = master_key_of(load(written | {"vault": {"master_key": "ab" * 32}}))

    assert from_file.reveal() == from_config.reveal() == bytes.fromhex("ab" * 32)


def test_the_master_key_comes_from_a_command_which_no_shell_reads(load: Load, written: Written) -> None:
    key = "ab" * 32
    prints = [sys.executable, "-c", f"print('  {key}; $HOME  '[:66])"]
    config = load(written | {"vault": {"master_key_command": prints}})

    assert master_key_of(config).reveal() == bytes.fromhex(key)
    assert not (config.data_dir / "master.key").exists()


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("import sys; print('ab' * 32); sys.exit(3)", "{python} ended with 3"),
        ("print('secret-but-no-key')", "{python} printed no master key (64 hex digits or base64)"),
        ("print('\u00e4' * 64)", "{python} printed no master key (64 hex digits or base64)"),
        ("", "{python} printed no master key (64 hex digits or base64)"),
    ],
)
def test_a_command_that_prints_no_key_ends_the_start_in_one_line_that_says_nothing_it_printed(
    load: Load, written: Written, program: str, told: str, capfd: pytest.CaptureFixture[str]
) -> None:
    loud = f"import sys; sys.stderr.write('secret-complaint')\n{program}"
    config = load(written | {"vault": {"master_key_command": [sys.executable, "-c", loud]}})

    with pytest.raises(MasterKeyError) as caught:
        master_key_of(config)
    told = told.format(python=sys.executable)
    assert str(caught.value) == f"vault.master_key_command: {told}"
    assert caught.value.__cause__ is None
    assert "secret" not in "".join(capfd.readouterr())


def test_a_command_that_is_not_there_or_hangs_ends_the_start(load: Load, written: Written) -> None:
    config = load(written | {"vault": {"master_key_command": ["/nowhere/key"]}})

    with pytest.raises(MasterKeyError, match="master_key_command: cannot run /nowhere/key: No such file"):
        master_key_of(config)
    with pytest.raises(MasterKeyError, match=r"printed no key within 0\.2 seconds"):
        MasterKey.from_command([sys.executable, "-c", "import time; time.sleep(600)"], patience=0.2)


def test_the_master_key_has_one_source(load: Load, written: Written) -> None:
    command, itself, file = (
        {"master_key_command": ["key"]},
        {"master_key": "ab" * 32},
        {"master_key_file": "k"},
    )

    for pair in (command | itself, command | file, itself | file):
        with pytest.raises(ConfigError, match="not both"):
            load(written | {"vault": pair})


def test_the_very_first_start_makes_a_master_key_and_the_next_ones_take_it(
    load: Load, written: Written
) -> None:
    config = load(written)
    check_data_dir(config)
    made = master_key_of(config)

    assert master_key_of(config).reveal() == made.reveal()
    assert (config.data_dir / "master.key").stat().st_mode & 0o777 == 0o600


def test_a_master_key_that_got_lost_is_never_replaced_by_a_new_one(load: Load, written: Written) -> None:
    config = load(written)
    check_data_dir(config)
    assert config.database.file is not None
    config.database.file.write_bytes(b"")

    with pytest.raises(MasterKeyError, match="cannot read the master key"):
        master_key_of(config)
    assert not (config.data_dir / "master.key").exists()


def test_books_on_a_server_that_have_a_key_are_given_no_new_one(load: Load, written: Written) -> None:
    url = "postgresql+asyncpg://paybridge@db.example.org/paybridge"
    config = load(written | {"database": {"url": url}})
    check_data_dir(config)

    with pytest.raises(MasterKeyError, match="cannot read the master key"):
        master_key_of(config, founded=True)
    assert not (config.data_dir / "master.key").exists()
