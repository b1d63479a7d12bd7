"""docs/deploy.md tells operators of services, profiles, commands and keys that there are."""

from __future__ import annotations

import re
from pathlib import Path

import typer
from ruamel.yaml import YAML

import paybridge.web
from paybridge.__main__ import app
from paybridge.config.load import known_options
from paybridge.config.shape import all_keys

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "deploy.md").read_text()
SERVICES = YAML(typ="safe").load(ROOT / "docker" / "compose.yaml")["services"]
COMPOSE = re.compile(r"docker compose (?:run|exec)((?: --\S+)*) (\w+)(?: (?:paybridge )?([a-z-]+))?")
OWN = re.compile(r"`paybridge ([a-z][a-z-]*)|bin/paybridge ([a-z][a-z-]*)")


def commands() -> set[str]:
    return set(typer.main.get_group(app).commands)


def test_every_container_that_is_to_be_run_is_a_service() -> None:
    found = COMPOSE.findall(PAGE)

    assert {service for _, service, _ in found} == {"paybridge", "demo"}
    assert {command for _, _, command in found if command} <= commands()


def test_every_command_exists() -> None:
    found = {name for names in OWN.findall(PAGE) for name in names if name}

    assert {"init", "renew-config"} <= found <= commands()


def test_every_profile_has_its_row_and_no_other() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE)
    profiles = {profile for service in SERVICES.values() for profile in service.get("profiles", [])}

    assert {*rows, "demo"} == profiles


def test_every_key_exists() -> None:
    named = set(re.findall(r"`((?:web|database|rails|homeserver)\.[a-z_.]+)`", PAGE))

    assert named
    assert named <= set(all_keys(known_options()))


def test_the_snippet_for_traefik_is_yaml_for_a_service_of_ours() -> None:
    (snippet,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    labels = YAML(typ="safe").load(snippet)["services"]["paybridge"]["labels"]

    assert "paybridge" in SERVICES
    assert all(isinstance(value, str) for value in labels.values())


def test_every_proxy_keeps_what_is_for_operators_inside() -> None:
    section = PAGE.partition("## Behind a reverse proxy")[2].partition("\n## ")[0]
    proxies = re.findall(r"```[a-z]*\n(.*?)```", section, re.DOTALL)

    assert len(proxies) == 3
    assert [word for proxy in proxies for word in ("healthz", "readyz", "metrics") if word not in proxy] == []


def test_what_keeps_tokens_out_of_logs_names_every_page_that_has_one() -> None:
    sources = "".join(file.read_text() for file in Path(paybridge.web.__file__).parent.glob("*.py"))
    with_tokens = set(re.findall(r'f"/(\w+)/\{TOKEN\}"', sources))
    (kept_out,) = re.findall(r"location ~ \^/\(([\w|]+)\)/ \{", PAGE)

    assert with_tokens
    assert set(kept_out.split("|")) == with_tokens
