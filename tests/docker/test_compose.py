"""compose.yaml starts programs that exist, with few rights and with files that are there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from paybridge.__main__ import main
from paybridge.config.load import known_options
from paybridge.config.shape import all_keys, names_allowed

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
COMPOSE: dict[str, Any] = YAML(typ="safe").load(DOCKER / "compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")
OURS = {"paybridge", "bank", "demo", "postgres-tables"}


def standing() -> set[str]:
    """The services that run without a profile."""
    return {name for name, service in SERVICES.items() if "profiles" not in service}


def test_the_bot_alone_runs_without_a_profile() -> None:
    profiles = {profile for service in SERVICES.values() for profile in service.get("profiles", [])}

    assert standing() == {"paybridge"}
    assert profiles == {"sandbox-bank", "postgres", "demo", "monitoring"}


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"postgres"}))
def test_a_service_runs_as_nobody_special_and_can_write_in_its_volumes_alone(name: str) -> None:
    service = SERVICES[name]

    assert service["user"].split(":")[0] not in {"0", "root"}
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_nothing_is_published_beyond_this_machine() -> None:
    ports = [VARIABLE.sub(r"\2", port) for service in SERVICES.values() for port in service.get("ports", [])]

    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_what_the_bot_waits_for_may_be_left_out() -> None:
    waited = SERVICES["paybridge"]["depends_on"]

    assert set(waited) <= set(SERVICES) - standing()
    assert [name for name, how in waited.items() if how["required"]] == []


def test_the_bank_is_started_with_options_that_it_knows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SERVICES["bank"]["command"], "--help"]) == 0
    assert "Run a bank simulator" in capsys.readouterr().out


def test_every_file_that_is_mounted_is_there() -> None:
    mounted = [volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])]
    files = [volume for volume in mounted if volume.startswith(".")]

    assert files
    assert [file for file in files if not (DOCKER / file).exists()] == []


def test_every_variable_has_its_line_in_the_example_and_is_kept_from_the_bot() -> None:
    text = (DOCKER / "compose.yaml").read_text()
    used = {name for name, _ in VARIABLE.findall(text)}
    example = (DOCKER / "env.example").read_text()
    offered = set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE))

    assert offered == used | {"COMPOSE_PROFILES"}
    assert [file["path"] for file in SERVICES["paybridge"]["env_file"]] == ["bot.env"]


def test_what_our_containers_are_told_are_keys_of_the_config() -> None:
    allowed = set(names_allowed(all_keys(known_options())))
    told = {key for name in OURS for key in SERVICES[name].get("environment", {}) if "__" in key}

    assert told
    assert {key.removeprefix("PAYBRIDGE__").lower().replace("__", ".") for key in told} <= allowed


def test_the_images_of_ours_are_stages_of_the_dockerfile() -> None:
    stages = set(re.findall(r"^FROM \S+ AS (\w+)$", (DOCKER / "Dockerfile").read_text(), re.MULTILINE))
    builds = [SERVICES[name]["build"] for name in OURS]

    assert {build["target"] for build in builds if "target" in build} == {"demo"} <= stages
    assert {(DOCKER / build["context"] / build["dockerfile"]).resolve() for build in builds} == {
        DOCKER / "Dockerfile"
    }


def test_the_context_leaves_out_secrets_and_everything_else_that_the_image_does_not_copy() -> None:
    let_in = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (DOCKER / "Dockerfile").read_text(), re.MULTILINE)

    assert sorted(let_in) == sorted(file for line in copied for file in line.split())


def test_images_are_named_after_the_version_that_they_hold() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    named = {SERVICES[name]["image"].partition(":")[2] for name in OURS}
    labelled = re.findall(r"^ARG VERSION=(\S+)$", (DOCKER / "Dockerfile").read_text(), re.MULTILINE)

    assert (named, labelled) == ({version}, [version])
