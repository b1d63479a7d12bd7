"""A config is read from a file, the environment and files of secrets; the environment counts more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from paybridge.config import Config, Role
from paybridge.domain.money import Money
from paybridge.domain.policy import Asking, Policy, Receipts
from paybridge.domain.proof import Trust

Load = Callable[..., Config]
Written = dict[str, Any]


def revealed(secret: SecretStr | None) -> str:
    assert secret is not None
    return secret.get_secret_value()


def test_a_small_config_is_filled_in_with_defaults(load: Load, written: Written, tmp_path: Path) -> None:
    config = load(written)

    assert config.homeserver.url == "http://localhost:8008"
    assert config.data_dir == tmp_path / "data"
    assert config.database.url == f"sqlite+aiosqlite:///{tmp_path}/data/paybridge.db"
    assert config.vault.master_key_file == tmp_path / "data" / "master.key"
    assert (config.web.host, config.web.port) == ("127.0.0.1", 8080)
    assert (config.currency, config.region, config.language) == ("EUR", "eu", "en")
    assert config.verification.required is Trust.CROSS_SIGNED_TOFU
    assert config.rails == {}


def test_the_use_cases_get_plain_values(load: Load, written: Written) -> None:
    written |= {
        "currency": "JPY",
        "rules": {"limits": {"unchecked": {"JPY": {"each": "5000"}}}},
        "cards": {"minutes": 2},
        "verification": {"required": "cross-signed-verified"},
    }

    settings = load(written).settings()

    assert settings.bot == "@bot:hs"
    assert settings.allowance.each == Money(30, "JPY")
    assert settings.allowance.total == Money(100, "JPY")
    assert settings.card_life == timedelta(minutes=2)
    assert settings.required_trust is Trust.CROSS_SIGNED_VERIFIED
    assert settings.permissions.role_of("@anyone:hs") is Role.USER


def test_the_environment_counts_more_than_the_file(load: Load, written: Written) -> None:
    env = {
        "PAYBRIDGE__HOMESERVER__URL": "https://elsewhere.example",
        "PAYBRIDGE__CARDS__MINUTES": "9",
        "PAYBRIDGE__APPROVAL__WITHOUT_FACTOR__EACH": "12.50",
        "PAYBRIDGE__ADMINS": '["@root:hs"]',
        "PAYBRIDGE__RAILS__PIGEON__LOFT": "Dover",
        "PAYBRIDGE_CONFIG": "not one of ours",
    }

    config = load(written, env)

    assert config.homeserver.url == "https://elsewhere.example"
    assert config.cards.minutes == 9
    assert config.settings().allowance.each == Money(1250, "EUR")
    assert config.role_of("@root:hs") is Role.ADMIN
    assert config.rails["pigeon"].model_dump()["loft"] == "Dover"


def test_what_holds_in_every_room_is_the_operators(load: Load, written: Written) -> None:
    policy = {"receipts": "private", "requests": "moderators", "limit": "20"}

    assert load(written).settings().policy == Policy()
    assert load(written | {"policy": policy}).settings().policy == Policy(
        receipts=Receipts.PRIVATE, requests=Asking.MODERATORS, limit=Money(2000, "EUR")
    )


def test_a_section_given_whole_comes_before_its_single_keys(load: Load, written: Written) -> None:
    env = {
        "PAYBRIDGE__RAILS__PIGEON__BIRDS": "3",
        "PAYBRIDGE__RAILS": "{pigeon: {loft: Calais, birds: 2}}",
    }

    config = load(written, env)

    assert config.rails["pigeon"].model_dump() == {"loft": "Calais", "birds": 3, "ring": None}


def test_a_secret_may_look_like_yaml_in_the_environment(load: Load, written: Written) -> None:
    config = load(written, {"PAYBRIDGE__HOMESERVER__PASSWORD": "[not: a list"})

    assert revealed(config.homeserver.password) == "[not: a list"


def test_a_secret_is_read_from_its_file_without_the_last_line_break(
    load: Load, written: Written, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text(" from a file \n")
    del written["homeserver"]["password"]
    written["homeserver"]["password_file"] = "secret"

    config = load(written)

    assert revealed(config.homeserver.password) == " from a file "


def test_a_file_of_a_secret_in_the_environment_takes_the_place_of_the_secret_in_the_config(
    load: Load, written: Written, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("from a file")

    config = load(written, {"PAYBRIDGE__HOMESERVER__PASSWORD_FILE": str(tmp_path / "secret")})

    assert revealed(config.homeserver.password) == "from a file"


def test_a_rails_secret_has_a_file_too(load: Load, written: Written, tmp_path: Path) -> None:
    (tmp_path / "ring").write_text("gold\r\n")
    written["rails"] = {"pigeon": {"loft": "Dover", "ring_file": str(tmp_path / "ring")}}

    assert revealed(load(written).rails["pigeon"].model_dump()["ring"]) == "gold"


def test_books_elsewhere_start_at_the_configs_folder_too(
    load: Load, written: Written, tmp_path: Path
) -> None:
    config = load(written | {"database": {"url": "sqlite+aiosqlite:///books/b.db"}})

    assert config.database.url == f"sqlite+aiosqlite:///{tmp_path}/books/b.db"
    assert config.database.file == tmp_path / "books" / "b.db"


def test_a_section_with_nothing_in_it_is_a_section_of_defaults(load: Load) -> None:
    config = load(
        "homeserver:\n  url: http://hs\n  user_id: '@bot:hs'\n  password: x\n  access_token:\n"
        "data_dir: data\nweb:\nrails:\npermissions:\n"
    )

    assert config.web.port == 8080
    assert config.homeserver.access_token is None


def test_permissions_go_from_the_person_over_the_server_to_everyone(load: Load, written: Written) -> None:
    written["permissions"] = {"@eve:hs": "blocked", "hs": "merchant", "*": "receive"}
    written["admins"] = ["@root:far.example"]

    config = load(written)

    assert config.role_of("@eve:hs") is Role.BLOCKED
    assert config.role_of("@shop:hs") is Role.MERCHANT
    assert config.role_of("@anyone:elsewhere") is Role.RECEIVE
    assert config.role_of("@root:far.example") is Role.ADMIN


def test_without_permissions_only_people_of_the_bots_own_server_may_do_anything(
    load: Load, written: Written
) -> None:
    written["admins"] = ["@root:far.example"]

    config = load(written)

    assert config.role_of("@ann:hs") is Role.USER
    assert config.role_of("@ann:HS") is Role.BLOCKED
    assert config.role_of("@stranger:far.example") is Role.BLOCKED
    assert config.role_of("@root:far.example") is Role.ADMIN


def test_no_secret_shows_when_a_config_is_printed(load: Load, written: Written) -> None:
    config = load(written)

    assert "very secret" not in repr(config)
    assert "very secret" not in config.model_dump_json()
