"""Reads a config and checks all of it, so that whatever is wrong is said before anything starts."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from paybridge.config.errors import ConfigError
from paybridge.config.model import Config
from paybridge.config.registration import check_registrations
from paybridge.config.shape import RAILS, Options, all_keys, names_allowed
from paybridge.config.sources import (
    Tree,
    drop_nulls,
    no_such_key,
    put_environment,
    read_secret_files,
    read_yaml,
    refuse_live_credentials,
)
from paybridge.rails._frame import UnusableRailError, find_rails

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Model = TypeVar("Model", bound=BaseModel)
Fault = tuple[str, str]
"""A key, and what is wrong with it."""

# pydantic names the checks it made ("function-after[...]") and that it looked at a key in its locations.
_NOT_A_KEY = re.compile(r"\[|function-")


def known_options() -> Options:
    """The option model of every rail that is installed, by name, or `ConfigError`."""
    try:
        return {name: rail.Options for name, rail in find_rails().items()}
    except UnusableRailError as error:
        raise ConfigError.at("rails", str(error)) from None


def load_config(path: Path, env: Mapping[str, str] = os.environ, *, rails: Options | None = None) -> Config:
    """The config in the file at `path` under the environment `env`, or `ConfigError`.

    `rails` are the option models to know instead of those of the installed rails.
    """
    options = known_options() if rails is None else rails
    keys = all_keys(options)
    tree = read_yaml(path)
    put_environment(tree, env, keys)
    drop_nulls(tree, keys)
    read_secret_files(tree, keys, path.absolute().parent)
    refuse_live_credentials(tree)
    faults: list[Fault] = []
    tree[RAILS] = _rails(tree.get(RAILS, {}), options, faults)
    config = _validated(Config, tree, "", options, faults)
    if config is None or faults:
        raise ConfigError.of(faults)
    settled = config.settled(path.absolute().parent)
    check_registrations(settled.bridges, settled.effective_bridges().rows, config.homeserver.server_name)
    return settled


def _rails(written: object, options: Options, faults: list[Fault]) -> object:
    if not isinstance(written, dict):
        return written
    read: dict[str, BaseModel] = {}
    for name, values in written.items():
        key = f"{RAILS}.{name}"
        if name not in options:
            faults.append((key, no_such_key(key, [f"{RAILS}.{known}" for known in options])))
            continue
        rail = _validated(options[name], values, f"{key}.", options, faults)
        if rail is not None:
            read[name] = rail
    return read


def _validated(
    model: type[Model], values: Tree, prefix: str, options: Options, faults: list[Fault]
) -> Model | None:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        allowed = names_allowed(all_keys(options))
        errors = error.errors(include_url=False, include_input=False)
        # A misspelt key also leaves the right one missing: the spelling is what to mend.
        errors.sort(key=lambda one: one["type"] != "extra_forbidden")
        faults.extend(_fault(one, prefix, allowed) for one in errors)
        return None


def _fault(error: ErrorDetails, prefix: str, allowed: Sequence[str]) -> Fault:
    key = prefix.rstrip(".") if not error["loc"] else prefix + _dotted(error["loc"])
    context: Mapping[str, Any] = error.get("ctx", {})
    match error["type"]:
        case "extra_forbidden":
            return key, no_such_key(key, allowed)
        case "missing":
            return key, "is missing"
        case "at_key":
            return ".".join(part for part in (key, context["key"]) if part), error["msg"]
        case _:
            fault = error["msg"].removeprefix("Value error, ").removeprefix("Input ").removeprefix("Value ")
            return key, fault


def _dotted(location: Sequence[int | str]) -> str:
    dotted = ""
    for part in location:
        if isinstance(part, int):
            dotted += f"[{part}]"
        elif not _NOT_A_KEY.match(part):
            dotted += f".{part}"
    return dotted.removeprefix(".")
