"""Writes the config down for people: a commented example, and the table in docs/configuration.md."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Collection, Iterator, Mapping
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Final

from paybridge.config.shape import RAILS, Key, Options, all_keys
from paybridge.config.sources import PREFIX

WIDTH: Final = 100
PLACEHOLDERS: Final[Mapping[str, object]] = MappingProxyType(
    {
        "homeserver.url": "https://matrix.example.org",
        "homeserver.user_id": "@paybridge:example.org",
        "homeserver.password": "CHANGE-ME",
        "data_dir": "data",
        "admins": ["@you:example.org"],
        "rails.bank.url": "http://127.0.0.1:8090",
        "rails.bank.api_key": "bank_test_CHANGE-ME",
        "rails.internal": None,
    }
)
"""What stands in config.example.yaml instead of an operator's own values."""

_PLAIN: Final = re.compile(r"[A-Za-z/](?:[A-Za-z0-9_./:+-]*[A-Za-z0-9_/])?", re.ASCII)
_READ_AS_SOMETHING_ELSE: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_HEAD: Final = """\
# The config of PayBridge. A line with a # right before its key stands for what holds if it is left out.
# Every key can also be set by an environment variable, PAYBRIDGE__SECTION__KEY in capitals, and every
# secret can be read from a file: write its key with _file behind it, and the file's path.
"""


def example(rails: Options, values: Mapping[str, object] = PLACEHOLDERS) -> str:
    """A config in which every key stands with what it is for; those in `values` are set.

    A value for `key_file` of a secret is set in the place of the secret itself.
    """
    lines = [_HEAD.rstrip("\n")]
    for name, told in blocks(rails, values):
        depth = name.count(".")
        if depth == 0:
            lines.append("")
        lines += [("  " * depth) + line for line in told]
    return "\n".join(lines) + "\n"


def blocks(rails: Options, values: Mapping[str, object]) -> Iterator[tuple[str, list[str]]]:
    """Each key in its order with its lines: what it is for, and the key itself, set if it is in `values`."""
    for name, key in all_keys(rails).items():
        width = WIDTH - 2 * name.count(".")
        comment = textwrap.wrap(_meaning(key), width, initial_indent="# ", subsequent_indent="# ")
        yield name, [*comment, *_setting(name, key, values)]


def _setting(name: str, key: Key, values: Mapping[str, object]) -> Iterator[str]:
    last = name.rpartition(".")[2]
    if key.section is not None or name == RAILS:
        # A rail is there by standing there, other sections always are.
        used = not _is_rail(name) or any(f"{known}.".startswith(f"{name}.") for known in values)
        yield f"{last}:" if used else f"#{last}:"
    elif f"{name}_file" in values:
        yield f"{last}_file: {_yaml(values[f'{name}_file'])}"
    elif name in values:
        yield f"{last}: {_yaml(values[name])}"
    else:
        yield f"#{last}: {_yaml(_default(key))}"


def _is_rail(name: str) -> bool:
    return name.rpartition(".")[0] == RAILS


def _yaml(value: object) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _READ_AS_SOMETHING_ELSE:
        return value
    return json.dumps(value, ensure_ascii=False)


def _default(key: Key) -> object:
    if key.field.is_required():
        return ""
    default: object = key.field.get_default(call_default_factory=True, validated_data={})
    if isinstance(default, Enum):
        return getattr(default, "label", default.value)
    if isinstance(default, Path):
        return str(default)
    if isinstance(default, Mapping):
        return dict(default)
    if isinstance(default, Collection) and not isinstance(default, str):
        return list(default)
    return "" if default is None else default


def _meaning(key: Key) -> str:
    """What the key says of itself, else what its section says."""
    told = key.field.description or (key.section.__doc__ if key.section is not None else None) or ""
    return " ".join(told.split())


def table(rails: Options) -> str:
    """Every key, as a table in Markdown; a section is told by the keys in it, if it has any."""
    rows = ["| key | meaning | if left out |", "| --- | --- | --- |"]
    keys = all_keys(rails)
    sections = {name.rpartition(".")[0] for name in keys}
    for name, key in keys.items():
        if name not in sections:
            rows.append(f"| `{name}` | {_meaning(key).replace('|', chr(92) + '|')} | {_if_left_out(key)} |")
    return "\n".join(rows) + "\n"


def _if_left_out(key: Key) -> str:
    if key.section is not None:
        return ""
    if key.field.is_required():
        return "must be given, secret" if key.is_secret else "must be given"
    default = _default(key)
    secret = "secret" if key.is_secret else ""
    shown = "" if default in ("", [], {}) else f"`{default}`"
    return ", ".join(part for part in (shown, secret) if part)


def document(rails: Options) -> str:
    """docs/configuration.md."""
    return f"""\
# Configuration

PayBridge reads one YAML file: `paybridge run --config FILE`. `paybridge init` writes one, and
`paybridge check-config --config FILE` says whether it can be used. `config.example.yaml` shows every key.

- **Environment.** Every key can be set by a variable: `{PREFIX}HOMESERVER__URL` is `homeserver.url`. It
  counts more than the file. A key that holds a list or a mapping takes YAML:
  `{PREFIX}PERMISSIONS='{{"*": user}}'`.
- **Secrets in files.** Every secret can be read from a file: `homeserver.password_file` in YAML, or
  `{PREFIX}HOMESERVER__PASSWORD_FILE`. One line break at its end is not part of the secret.
- **Mistakes.** An unknown key is refused, and the nearest right one named. Whatever is wrong is told in one
  line that names the key, before anything starts, and never shows a value that may be secret.
- **No real money.** A live credential (`sk_live_...` and its like) is refused wherever it stands.
- **Paths.** A relative path starts at the folder in which the config lies.

The table is drawn from the program by `python -m paybridge.config`.

{table(rails)}"""
