"""House rule: what people can type or set stands in the docs, or the build fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import get_args, get_origin

import typer
from pydantic import BaseModel
from pydantic_settings import BaseSettings

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
    """Commands are found by their file, so the files are the list."""
    folder = _tree.ROOT / "paybridge" / "commands"
    return sorted(
        file.stem.replace("_", "-") for file in folder.glob("*.py") if not file.stem.startswith("_")
    )


def _config_keys() -> list[str]:
    config = _module("paybridge.config")
    if config is None:
        return []
    wholes = [
        thing
        for thing in vars(config).values()
        if isinstance(thing, type) and issubclass(thing, BaseSettings) and thing.__module__ == config.__name__
    ]

    assert len(wholes) == 1, "paybridge.config holds one BaseSettings: the whole configuration"
    return sorted(_keys(wholes[0]))


def _keys(model: type[BaseModel], before: str = "") -> Iterator[str]:
    """Every key as the docs write it: `section.key`, `lists[].key`, `tables.<name>.key`."""
    for name, field in model.model_fields.items():
        key = f"{before}{field.alias or name}"
        inner = list(_models(field.annotation, ""))
        if not inner:
            yield key
        for joint, section in inner:
            yield from _keys(section, f"{key}{joint}.")


def _models(annotation: object, joint: str) -> Iterator[tuple[str, type[BaseModel]]]:
    """The models inside an annotation, each with how one gets to it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield joint, annotation
    into = {dict: ".<name>", list: "[]", tuple: "[]"}.get(get_origin(annotation), "")
    for argument in get_args(annotation):
        yield from _models(argument, joint + into)
