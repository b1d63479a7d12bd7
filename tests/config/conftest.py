"""A small sound config to start from, and a rail whose options the tests know."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, SecretStr

from paybridge.config import Config, load_config


class PigeonOptions(BaseModel):
    """A pigeon that carries coins."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    loft: str
    ring: SecretStr | None = None
    birds: int = 1


Load = Callable[..., Config]


@pytest.fixture
def written() -> dict[str, Any]:
    return {
        "homeserver": {"url": "http://localhost:8008", "user_id": "@bot:hs", "password": "very secret"},
        "data_dir": "data",
    }


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load_written(tree: object, env: Mapping[str, str] | None = None) -> Config:
        path = tmp_path / "config.yaml"
        with path.open("w", encoding="utf-8") as file:
            # JSON is YAML too.
            file.write(tree if isinstance(tree, str) else json.dumps(tree))
        return load_config(path, env or {}, rails={"pigeon": PigeonOptions})

    return load_written
