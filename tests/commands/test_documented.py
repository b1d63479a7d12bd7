"""The page about chat commands says what is in the code: usage, other names, who, where, examples."""

from __future__ import annotations

from pathlib import Path

import pytest

from paybridge.commands._frame import Command, Place, commands
from paybridge.commands._verbs import find

PAGE = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
WHERE = {
    Place.ANYWHERE: "anywhere",
    Place.ANSWERED_DIRECTLY: "told directly",
    Place.DIRECT_ONLY: "direct message only",
}
EVERY = sorted(commands().values(), key=lambda one: one.verb)


@pytest.mark.parametrize("command", EVERY, ids=lambda one: one.verb)
def test_the_table_has_the_row_of_each_command(command: Command) -> None:
    usage = f"!{command.verb} {command.usage}".strip().replace("|", "\\|")
    also = " ".join(f"`!{alias}`" for alias in command.aliases)

    assert f"| `{usage}` | {also} | {command.role.label} | {WHERE[command.place]} |" in PAGE


@pytest.mark.parametrize("command", EVERY, ids=lambda one: one.verb)
def test_each_command_is_explained_with_its_examples(command: Command) -> None:
    lines = PAGE.splitlines()

    assert f"**`!{command.verb}`**" in PAGE
    assert [example for example in command.examples if example not in lines] == []


@pytest.mark.parametrize("command", EVERY, ids=lambda one: one.verb)
def test_each_example_begins_with_its_own_verb(command: Command) -> None:
    assert command.examples
    assert {find(commands(), example[1:].split()[0]) for example in command.examples} == {command}


def test_the_table_names_no_command_that_does_not_exist() -> None:
    rows = [line.split("`")[1] for line in PAGE.splitlines() if line.startswith("| `!")]

    assert sorted(row[1:].split()[0] for row in rows) == [command.verb for command in EVERY]
