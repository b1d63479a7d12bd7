"""House rule: what people can type or set stands in the docs, or the build fails."""

from __future__ import annotations

import re
from importlib import import_module
from types import ModuleType

import typer

from tests.house import _tree

TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)
MENTION = re.compile(r"`[^`\n]*?\bmake ([a-z][a-z-]*)|^\s*make ([a-z][a-z-]*)", re.MULTILINE)


def test_every_make_target_that_the_docs_mention_exists() -> None:
    makefile = _tree.text("Makefile")
    pages = [_tree.named(file) for file in _tree.files() if file.suffix == ".md"]
    mentioned = {
        (page, target)
        for page in pages
        for groups in MENTION.findall(_tree.text(page))
        for target in groups
        if target
    }

    assert mentioned
    assert {mention for mention in mentioned if mention[1] not in TARGET.findall(makefile)} == set()


def test_every_subcommand_is_explained_in_commandline_md() -> None:
    page = _tree.text("docs/commandline.md")

    assert [name for name in _subcommands() if f"`paybridge {name}" not in page] == []


def test_every_chat_command_is_explained_in_commands_md() -> None:
    page = _tree.text("docs/commands.md")

    assert [name for name in _chat_commands() if f"`!{name}" not in page] == []


def test_every_option_is_explained_in_configuration_md() -> None:
    page = _tree.text("docs/configuration.md")

    assert [key for key in _config_keys() if f"`{key}`" not in page] == []


def test_every_metric_is_explained_in_metrics_md_and_nothing_else_is() -> None:
    rows = re.findall(r"^\| `(paybridge_\w+)` \|", _tree.text("docs/metrics.md"), re.MULTILINE)

    assert sorted(rows) == sorted(import_module("paybridge.web.metrics").METRICS)


def _module(name: str) -> ModuleType | None:
    """The module, or None if there is no such file."""
    return import_module(name) if _tree.text(f"{name.replace('.', '/')}.py") else None


def _subcommands() -> list[str]:
    entry = _module("paybridge.__main__")
    if entry is None:
        return []
    app = next(thing for thing in vars(entry).values() if isinstance(thing, typer.Typer))
    return sorted(typer.main.get_group(app).commands)


def _chat_commands() -> list[str]:
    """Every verb and its aliases."""
    frame = _module("paybridge.commands._frame")
    found = frame.commands().values() if frame else []
    return sorted({word for command in found for word in (command.verb, *command.aliases)})


def _config_keys() -> list[str]:
    """Every key that an operator can set; a section is explained by the keys in it."""
    shape = _module("paybridge.config.shape")
    if shape is None:
        return []
    keys = shape.all_keys(import_module("paybridge.config").known_options())
    sections = {name.rpartition(".")[0] for name in keys}
    return sorted(set(keys) - sections)
