"""Where a config comes from: the file, then the environment, then the files that hold secrets."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from paybridge.config.errors import ConfigError
from paybridge.config.shape import FILE, RAILS, Key, is_one_word, names_allowed

PREFIX: Final = "PAYBRIDGE__"

Tree = dict[str, Any]
"""A config as it was written, before anything in it is checked."""

_LARGEST_FILE: Final = 1_048_576
_DUPLICATE: Final = re.compile(r'duplicate key "([^"]*)"')
_LIVE: Final = re.compile(r"(?:sk|rk|pk)_live_|whsec_live|\blive_[A-Za-z0-9]{20}")


def read_yaml(path: Path) -> Tree:
    """The mapping that the file holds, or `ConfigError`."""
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_FILE).decode()
    except OSError as error:
        raise ConfigError.at(str(path), f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError.at(str(path), "is not text in UTF-8") from None
    return _mapping(str(path), text)


def _mapping(where: str, text: str) -> Tree:
    tree = _parse(where, text)
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise ConfigError.at(where, "must hold keys and values")
    return tree


def _parse(where: str, text: str) -> Any:  # noqa: ANN401  YAML holds anything
    try:
        return YAML(typ="safe", pure=True).load(text)
    except DuplicateKeyError as error:
        # ruamel's own words would show both values.
        found = _DUPLICATE.search(error.problem or "")
        name = f"the key {found[1]}" if found else "a key"
        raise ConfigError.at(where, f"{_line(error)}{name} stands there twice") from None
    except MarkedYAMLError as error:
        raise ConfigError.at(where, f"{_line(error)}is not YAML: {error.problem}") from None
    except YAMLError:
        raise ConfigError.at(where, "is not YAML") from None


def _line(error: MarkedYAMLError) -> str:
    return f"line {error.problem_mark.line + 1}: " if error.problem_mark is not None else ""


def put_environment(tree: Tree, env: Mapping[str, str], keys: Mapping[str, Key]) -> None:
    """Put every `PAYBRIDGE__SECTION__KEY` over what the file says, sections before single keys."""
    given = {_name(variable): variable for variable in env if variable.startswith(PREFIX)}
    for name in sorted(given, key=lambda name: (name.count("."), name)):
        variable = given[name]
        if name not in names_allowed(keys):
            raise ConfigError.at(variable, no_such_key(name, names_allowed(keys)))
        word = name not in keys or is_one_word(keys[name].field)
        _put(tree, name, env[variable] if word else _parse(variable, env[variable]))
        # A secret and its file are two ways to say one thing: the environment's way takes the other's place.
        other = name.removesuffix(FILE) if name.endswith(FILE) else name + FILE
        if other not in given:
            _drop(tree, other)


def _name(variable: str) -> str:
    return variable.removeprefix(PREFIX).lower().replace("__", ".")


def _section(tree: Tree, name: str) -> Tree | None:
    """The mapping in which the last part of `name` stands, if the tree has one there."""
    inner: object = tree
    for section in name.split(".")[:-1]:
        inner = inner.get(section) if isinstance(inner, dict) else None
    return inner if isinstance(inner, dict) else None


def _put(tree: Tree, name: str, value: object) -> None:
    *sections, last = name.split(".")
    for section in sections:
        inner = tree.get(section)
        if not isinstance(inner, dict):
            inner = tree[section] = {}
        tree = inner
    tree[last] = value


def _drop(tree: Tree, name: str) -> None:
    section = _section(tree, name)
    if section is not None:
        section.pop(name.rpartition(".")[2], None)


def drop_nulls(tree: Tree, keys: Mapping[str, Key]) -> None:
    """Take a known key without a value as left out; a rail without options is there, with its defaults."""
    for name in keys:
        section, last = _section(tree, name), name.rpartition(".")[2]
        if section is not None and last in section and section[last] is None:
            if name.rpartition(".")[0] == RAILS:
                section[last] = {}
            else:
                del section[last]


def read_secret_files(tree: Tree, keys: Mapping[str, Key], folder: Path) -> None:
    """Replace every `..._file` of a secret by what the file holds, without its last line break."""
    for name, key in keys.items():
        section, last = _section(tree, name), name.rpartition(".")[2]
        if not key.is_secret or name + FILE in keys or section is None or last + FILE not in section:
            continue
        if last in section:
            raise ConfigError.at(name, f"give this or {last}{FILE}, not both")
        section[last] = _secret(name + FILE, folder / Path(str(section.pop(last + FILE))).expanduser())


def _secret(key: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_FILE).decode()
    except OSError as error:
        raise ConfigError.at(key, f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError.at(key, f"{path} is not text in UTF-8") from None
    secret = text.removesuffix("\n").removesuffix("\r")
    if not secret:
        raise ConfigError.at(key, f"{path} is empty")
    return secret


def refuse_live_credentials(value: object, name: str = "") -> None:
    """Refuse whatever opens a door to real money, wherever it stands; the error names only the key."""
    if isinstance(value, str) and _LIVE.search(value):
        raise ConfigError.at(name, "holds a live credential; PayBridge takes only test credentials")
    if isinstance(value, dict):
        for key, inner in value.items():
            refuse_live_credentials(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            refuse_live_credentials(inner, f"{name}[{place}]")


def no_such_key(name: str, allowed: Iterable[str]) -> str:
    """That a key does not exist, and which one was perhaps meant."""
    allowed = list(allowed)
    section, dot, _ = name.rpartition(".")
    siblings = [known for known in allowed if known.startswith(section + dot) and known != section]
    near = difflib.get_close_matches(name, siblings, 1) or difflib.get_close_matches(name, allowed, 1)
    return f"no such key, did you mean {near[0]}?" if near else "no such key"
