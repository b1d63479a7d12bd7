"""A config of an older version gets the keys that are new, and keeps everything that its operator wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from paybridge.__main__ import main
from paybridge.config import ConfigError, load_config
from paybridge.config.fresh import Answers, write_fresh
from paybridge.config.load import known_options
from paybridge.config.renewal import renew
from paybridge.config.shape import all_keys

Captured = pytest.CaptureFixture[str]

OLD = """\
# Our bot. Ask Anna before you change anything!
homeserver:
    url: http://hs        # the one in the cellar
    user_id: "@bot:hs"
    password: "a: 'b' #1"
data_dir: data

permissions:
  "*": user
  example.org: merchant
claims: {days: 3}
rails:
  internal:
  # The bank of the house.
  bank:
    url: http://127.0.0.1:8090
    api_key_file: key

# The end.
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(OLD)
    path.chmod(0o600)
    (tmp_path / "key").write_text("bank_test_x\n")
    return path


def test_every_line_stays_in_its_order_and_means_the_same(old: Path) -> None:
    before = load_config(old, {})
    renew(old)
    lines = old.read_text().splitlines()
    places = [lines.index(line) for line in OLD.splitlines() if line]

    assert places == sorted(places)
    assert load_config(old, {}) == before
    assert old.stat().st_mode & 0o777 == 0o600


def test_new_keys_stand_in_their_sections_as_comments(old: Path) -> None:
    done = renew(old)
    text = old.read_text()

    assert "    #device_name: PayBridge\ndata_dir: data\n" in text
    assert '    #webhook_secret: ""\n' in text
    assert "  #lightning:\n" in text
    assert text.index("#webhook_secret") < text.index("#lightning:")
    assert text.index("#lightning:") < text.index("# The end.") < text.index("#currency: EUR")
    assert {"homeserver.device_name", "rails.lightning.url", "reconciliation.hours"} <= set(done.added)
    assert not {"rails.bank.api_key", "homeserver.url", "permissions"} & set(done.added)


def test_a_section_written_in_one_line_is_left_alone(old: Path) -> None:
    done = renew(old)

    assert "claims: {days: 3}\nrails:" in old.read_text()
    assert not [key for key in done.added if key.startswith("claims")]


def test_a_key_that_is_switched_on_afterwards_holds(old: Path) -> None:
    renew(old)
    old.write_text(old.read_text().replace("#device_name: PayBridge", "device_name: Purse"))

    assert load_config(old, {}).homeserver.device_name == "Purse"


def test_the_config_of_before_is_kept_and_never_written_over(old: Path) -> None:
    first = renew(old)
    old.write_text(OLD + "#\n")
    second = renew(old)

    assert first.backup is not None
    assert second.backup is not None
    assert (first.backup.read_text(), second.backup.read_text()) == (OLD, OLD + "#\n")


def test_what_mentions_everything_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    write_fresh(path, Answers(homeserver="http://hs", user_id="@bot:hs", password="hush"), bytes)
    before = path.read_bytes()

    assert renew(path).backup is None
    assert path.read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["config.yaml", "data"]


def test_one_that_mentions_next_to_nothing_gets_every_key(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("data_dir: data\nhomeserver:\n  url: http://hs\n  user_id: '@bot:hs'\n  password: hush\n")
    before = load_config(path, {})
    done = renew(path)
    there = {"data_dir", "homeserver", "homeserver.url", "homeserver.user_id", "homeserver.password"}

    assert set(done.added) | there == set(all_keys(known_options()))
    assert load_config(path, {}) == before
    assert renew(path).backup is None


def test_a_config_that_is_wrong_is_not_renewed(old: Path) -> None:
    wrong = OLD.replace("user_id", "user_di")
    old.write_text(wrong)

    with pytest.raises(ConfigError, match="did you mean"):
        renew(old)
    assert old.read_text() == wrong


def test_the_command_names_what_it_added_and_where_the_old_one_is(old: Path, capsys: Captured) -> None:
    assert main(["renew-config", "--config", str(old)]) == 0
    said = capsys.readouterr().out
    assert main(["renew-config", "--config", str(old)]) == 0

    assert "  homeserver.device_name\n" in said
    assert said.endswith(f"The config of before is {old}.old1.\n")
    assert capsys.readouterr().out == f"{old} mentions every key already.\n"
