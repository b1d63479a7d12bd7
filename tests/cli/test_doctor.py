"""`paybridge doctor` says of each part how it is and what mends it, for people and for programs."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from paybridge.__main__ import main
from paybridge.app.doctor.machine import check_disk, check_files
from paybridge.config import load_config
from paybridge.config.fresh import Answers, write_fresh
from paybridge.demo.homeserver import free_port
from paybridge.services.finding import State

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A config as `init` writes it; nothing is where it points."""
    for name in [name for name in os.environ if name.startswith("PAYBRIDGE")]:
        monkeypatch.delenv(name)
    nowhere = f"http://127.0.0.1:{free_port()}"
    answers = Answers(homeserver=nowhere, user_id="@bot:hs", password="hush", bank_url=nowhere)
    write_fresh(tmp_path / "config.yaml", answers, bytes)
    return tmp_path / "config.yaml"


def test_for_people_each_line_has_its_fix_below(config: Path, capsys: Captured) -> None:
    assert main(["doctor", "--config", str(config)]) == 1

    lines = capsys.readouterr().out.splitlines()
    [place] = [number for number, line in enumerate(lines) if "✗  homeserver" in line]
    assert "does not answer" in lines[place]
    assert "→ see that homeserver.url is right" in lines[place + 1]
    assert lines[-1].endswith("2 bad, 1 unknown")


def test_for_programs_it_is_one_object_without_a_secret(config: Path, capsys: Captured) -> None:
    assert main(["doctor", "--json", "--config", str(config)]) == 1

    said = capsys.readouterr().out
    told = json.loads(said)
    assert (told["version"], told["well"]) == (1, False)
    assert {tuple(one) for one in told["findings"]} == {("part", "state", "says", "fix")}
    assert [one["part"] for one in told["findings"] if one["state"] == "bad"] == ["homeserver", "rail bank"]
    assert [one for one in told["findings"] if one["state"] == "bad" and not one["fix"]] == []
    assert "hush" not in said


def test_a_config_that_cannot_be_read_is_a_finding_too(tmp_path: Path, capsys: Captured) -> None:
    assert main(["doctor", "--json", "--config", str(tmp_path / "none.yaml")]) == 1

    [one] = json.loads(capsys.readouterr().out)["findings"]
    assert (one["part"], one["state"]) == ("config", "bad")


def test_it_makes_nothing(config: Path) -> None:
    before = sorted(config.parent.rglob("*"))
    main(["doctor", "--config", str(config)])

    assert sorted(config.parent.rglob("*")) == before


@pytest.mark.parametrize(
    ("free", "state"), [(50 * 2**20, State.BAD), (500 * 2**20, State.NOTE), (5 * 2**30, State.GOOD)]
)
def test_a_disk_is_bad_when_it_is_full_and_noted_before(
    config: Path, monkeypatch: pytest.MonkeyPatch, free: int, state: State
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    (found,) = check_disk(load_config(config, {}))

    assert found.state is state


def test_a_closed_folder_protects_what_lies_in_it(config: Path) -> None:
    loaded = load_config(config, {})
    (loaded.data_dir / "master.key").chmod(0o644)
    (closed,) = check_files(loaded, config)
    loaded.data_dir.chmod(0o755)
    (opened,) = check_files(loaded, config)

    assert closed.state is State.GOOD
    assert (opened.state, opened.fix) == (State.BAD, f"chmod go= {loaded.data_dir / 'master.key'}")
