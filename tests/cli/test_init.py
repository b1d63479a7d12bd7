"""`paybridge init` writes a config that works, for its owner's eyes alone, and never over another."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from paybridge.__main__ import main
from paybridge.config import load_config, master_key_of

Captured = pytest.CaptureFixture[str]
ANSWERS = ["--homeserver", "http://localhost:8008", "--user-id", "@bot:hs", "--password", "a: 'b' #1"]
SECRETS = ["bank-api-key", "bank-webhook-secret", "master.key"]


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_what_it_writes_loads_and_only_its_owner_can_read_it(tmp_path: Path, capsys: Captured) -> None:
    assert main(["init", *ANSWERS, "--admin", "@root:hs"]) == 0

    config = load_config(tmp_path / "config.yaml", {})
    bank = config.rails["bank"].model_dump()
    assert config.homeserver.password is not None
    assert config.homeserver.password.get_secret_value() == "a: 'b' #1"
    assert config.admins == ("@root:hs",)
    assert config.data_dir == tmp_path / "data"
    assert bank["api_key"].get_secret_value().startswith("bank_test_")
    assert bank["webhook_secret"].get_secret_value().startswith("whsec_")
    assert len(master_key_of(config).reveal()) == 32
    assert mode(tmp_path / "config.yaml") == 0o600
    assert mode(tmp_path / "data") == 0o700
    assert [mode(tmp_path / "data" / name) for name in SECRETS] == [0o600] * 3
    assert capsys.readouterr().out.endswith("  paybridge run --config config.yaml\n")


def test_the_line_for_the_bank_is_one_that_the_bank_understands(tmp_path: Path, capsys: Captured) -> None:
    main(["init", *ANSWERS, "--bank-url", "http://localhost:9"])
    [line] = [line for line in capsys.readouterr().out.splitlines() if "paybridge bank" in line]

    words = line.split()
    assert words[words.index("--port") + 1] == "9"
    assert words[words.index("--webhook-url") + 1] == "http://127.0.0.1:8080/hooks/bank"
    assert Path(words[words.index("--api-key-file") + 1]) == tmp_path / "data" / "bank-api-key"
    assert main([*words[1:], "--help"]) == 0


def test_a_second_init_is_refused_and_changes_nothing(tmp_path: Path, capsys: Captured) -> None:
    main(["init", *ANSWERS])
    before = (tmp_path / "config.yaml").read_bytes()

    assert main(["init", *ANSWERS, "--admin", "@root:hs"]) == 2
    assert (
        capsys.readouterr().err == "config.yaml is there already; --force replaces it and keeps its secrets\n"
    )
    assert (tmp_path / "config.yaml").read_bytes() == before


def test_force_replaces_the_config_and_keeps_every_secret(tmp_path: Path) -> None:
    main(["init", *ANSWERS])
    before = {name: (tmp_path / "data" / name).read_bytes() for name in SECRETS}

    assert main(["init", *ANSWERS, "--admin", "@root:hs", "--force"]) == 0
    assert load_config(tmp_path / "config.yaml", {}).admins == ("@root:hs",)
    assert {name: (tmp_path / "data" / name).read_bytes() for name in SECRETS} == before


def test_a_wrong_answer_writes_nothing(tmp_path: Path, capsys: Captured) -> None:
    assert main(["init", *ANSWERS, "--homeserver", "hs"]) == 2
    assert capsys.readouterr().err == "config: homeserver.url: must begin with http:// or https://\n"
    assert list(tmp_path.iterdir()) == []


def test_a_token_and_no_bank_are_possible_too(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    token = ["--access-token", "syt_x", "--device-id", "ABC"]

    assert main(["init", *ANSWERS[:4], *token, "--bank-url", "", "--config", "elsewhere/c.yaml"]) == 0

    config = load_config(tmp_path / "elsewhere" / "c.yaml", {})
    assert config.homeserver.device_id == "ABC"
    assert config.homeserver.password is None
    assert set(config.rails) == {"internal"}
    assert config.data_dir == tmp_path / "elsewhere" / "data"


def test_it_asks_for_what_no_option_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getpass", lambda *_, **__: "hush")
    monkeypatch.setattr("sys.stdin", io.StringIO("http://hs\n@bot:hs\nkept\n-\n"))

    assert main(["init"]) == 0

    config = load_config(tmp_path / "config.yaml", {})
    assert config.homeserver.url == "http://hs"
    assert config.data_dir == tmp_path / "kept"


def test_nobody_to_ask_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))

    assert main(["init"]) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("Stopped without an answer")
    assert list(tmp_path.iterdir()) == []


def test_a_password_file_that_cannot_be_read_is_one_line(capsys: Captured) -> None:
    assert main(["init", *ANSWERS[:4], "--password-file", "nowhere"]) == 2
    assert capsys.readouterr().err.startswith("--password-file: cannot read nowhere: ")
