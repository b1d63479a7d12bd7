"""`paybridge run --write-config` writes a config to fill in, once, and starts only what is filled in."""

from __future__ import annotations

from pathlib import Path

import pytest

from paybridge.__main__ import main
from paybridge.config import ConfigError, check_edited, load_config, master_key_of
from paybridge.config.fresh import write_unedited

Captured = pytest.CaptureFixture[str]
SECRETS = ["bank-api-key", "bank-webhook-secret", "master.key"]


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("HOMESERVER__URL", "HOMESERVER__USER_ID", "HOMESERVER__PASSWORD"):
        monkeypatch.delenv(f"PAYBRIDGE__{key}", raising=False)


def start(path: Path) -> int:
    return main(["run", "--write-config", "--config", str(path)])


def test_where_there_is_no_config_one_is_written_for_its_owner_alone(
    tmp_path: Path, capsys: Captured
) -> None:
    path = tmp_path / "kept" / "config.yaml"

    assert start(path) == 0

    said = capsys.readouterr().out
    config = load_config(path, {})
    assert [word in said for word in (f"edit {path}", "url", "user_id", "password", "admins")] == [True] * 5
    assert config.data_dir == path.parent
    assert len(master_key_of(config).reveal()) == 32
    assert sorted(file.name for file in path.parent.iterdir()) == sorted([*SECRETS, "config.yaml"])
    assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_config_that_nobody_has_filled_in_is_not_started_and_not_written_anew(
    tmp_path: Path, capsys: Captured
) -> None:
    path = tmp_path / "config.yaml"
    start(path)
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    capsys.readouterr()

    assert start(path) == 2
    assert capsys.readouterr().err == (
        f"config: homeserver.url: is still the example's: write yours in {path} (and 2 more)\n"
    )
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_without_the_option_a_config_that_is_not_there_stays_so(tmp_path: Path, capsys: Captured) -> None:
    assert main(["run", "--config", str(tmp_path / "config.yaml")]) == 2
    assert "cannot be read: No such file" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_what_the_environment_says_need_not_be_filled_in(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    write_unedited(path, bytes)
    account = {
        "PAYBRIDGE__HOMESERVER__URL": "http://hs",
        "PAYBRIDGE__HOMESERVER__USER_ID": "@bot:hs",
        "PAYBRIDGE__HOMESERVER__PASSWORD": "hush",
    }

    check_edited(load_config(path, account), path)
    with pytest.raises(ConfigError, match=r"homeserver\.user_id: is still the example's"):
        check_edited(
            load_config(path, account | {"PAYBRIDGE__HOMESERVER__USER_ID": "@paybridge:example.org"}), path
        )


def test_a_folder_that_cannot_be_written_is_one_line_that_names_it_and_the_user(
    tmp_path: Path, capsys: Captured
) -> None:
    (tmp_path / "file").touch()

    assert start(tmp_path / "file" / "config.yaml") == 2

    said = capsys.readouterr().err
    assert said.startswith(f"config: {tmp_path / 'file'}: cannot be written by user ")
    assert said.count("\n") == 1


def test_secrets_that_are_there_are_kept(tmp_path: Path) -> None:
    (tmp_path / "bank-api-key").write_text("bank_test_kept\n")
    write_unedited(tmp_path / "config.yaml", bytes)

    assert (tmp_path / "bank-api-key").read_text() == "bank_test_kept\n"
