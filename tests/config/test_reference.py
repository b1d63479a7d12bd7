"""The example config and docs/configuration.md hold every key of the model, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from paybridge.config import known_options, load_config
from paybridge.config.reference import document, example
from paybridge.config.shape import all_keys

HOUSE = Path(__file__).parents[2]
EXAMPLE = HOUSE / "config.example.yaml"
OUTDATED = "draw it anew: python -m paybridge.config"


def keys_in(tree: dict[str, Any], prefix: str = "") -> set[str]:
    found = set()
    for name, value in tree.items():
        found.add(prefix + name)
        if isinstance(value, dict):
            found |= keys_in(value, f"{prefix}{name}.")
    return found


def test_the_example_loads_once_its_placeholders_are_filled(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    filled = tmp_path / "config.yaml"
    filled.write_text(text.replace("CHANGE-ME", "changed").replace("example.org", "hs.example"))

    config = load_config(filled, {})

    assert config.homeserver.url == "https://matrix.hs.example"
    assert set(config.rails) == {"bank", "internal"}


def test_the_example_holds_every_key_of_the_model_once() -> None:
    every_line = re.sub(r"(?m)^( *)#(?! )", r"\1", EXAMPLE.read_text(encoding="utf-8"))

    assert keys_in(YAML(typ="safe", pure=True).load(every_line)) == set(all_keys(known_options()))


def test_every_key_says_what_it_is_for() -> None:
    silent = [
        name
        for name, key in all_keys(known_options()).items()
        if not (key.field.description or (key.section and key.section.__doc__))
    ]

    assert silent == []


def test_the_example_is_as_the_program_draws_it() -> None:
    assert EXAMPLE.read_text(encoding="utf-8") == example(known_options()), OUTDATED


def test_the_table_of_keys_is_as_the_program_draws_it() -> None:
    shown = (HOUSE / "docs" / "configuration.md").read_text(encoding="utf-8")

    assert shown == document(known_options()), OUTDATED
