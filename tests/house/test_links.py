"""House rule: what the docs point at is there: pages, headings, files, commands of chat and shell."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING

import typer

from tests.house import _tree

if TYPE_CHECKING:
    from pathlib import Path

LINK = re.compile(r"(?<!!)\[[^\]\n]+\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
TRANSCRIPTS = {"text"}
"""What was said, wrong commands too, is no line to copy."""


def pages() -> list[str]:
    return sorted(_tree.named(file) for file in _tree.files() if file.suffix == ".md")


def anchor(heading: str) -> str:
    """The name of a heading in a link, as GitHub and the site make it."""
    bare = re.sub(r"[^\w\- ]", "", heading.strip().lower().replace("`", ""))
    return bare.replace(" ", "-")


def headings(page: str) -> set[str]:
    without_code = FENCE.sub("", _tree.text(page))
    return {anchor(found) for found in re.findall(r"^#+ (.+)$", without_code, re.MULTILINE)}


def typed(page: str, start: str) -> list[str]:
    """The lines of the page's code that begin so."""
    blocks = [code for form, code in FENCE.findall(_tree.text(page)) if form not in TRANSCRIPTS]
    lines = [line.strip().removeprefix("venv/bin/") for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith(start)]


def test_every_link_leads_somewhere() -> None:
    broken = []
    for page in pages():
        for target in LINK.findall(FENCE.sub("", _tree.text(page))):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, place = target.partition("#")
            file = (_tree.ROOT / page).parent / path if path else _tree.ROOT / page
            if not file.exists() or (place and place not in headings(_tree.named(file.resolve()))):
                broken.append(f"{page}: {target}")

    assert len(pages()) > 20
    assert broken == []


def test_every_line_for_the_shell_names_a_command() -> None:
    entry = import_module("paybridge.__main__")
    app = next(thing for thing in vars(entry).values() if isinstance(thing, typer.Typer))
    known = set(typer.main.get_group(app).commands)
    lines = [(page, line) for page in pages() for line in typed(page, "paybridge ")]
    unknown = [
        (page, line)
        for page, line in lines
        if (word := line.split()[1]) not in known and not word.startswith(("-", "["))
    ]

    assert lines
    assert unknown == []


def test_every_line_for_the_chat_names_a_command() -> None:
    commands = import_module("paybridge.commands._frame").commands().values()
    known = {word for command in commands for word in (command.verb, *command.aliases)}
    lines = [(page, line) for page in pages() for line in typed(page, "!")]

    assert len(lines) > 100
    assert [(page, line) for page, line in lines if line[1:].split()[0] not in known] == []


def test_the_site_is_built_without_a_warning_and_every_page_is_in_its_menu(tmp_path: Path) -> None:
    shutil.copytree(_tree.ROOT / "docs", tmp_path / "docs")
    shutil.copy(_tree.ROOT / "mkdocs.yml", tmp_path)
    built = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    menu = _tree.text("mkdocs.yml").partition("\nnav:\n")[2]
    written = [
        page.relative_to(_tree.ROOT / "docs").as_posix() for page in (_tree.ROOT / "docs").rglob("*.md")
    ]

    assert built.returncode == 0, built.stdout + built.stderr
    assert (tmp_path / "build" / "site" / "commands.html").exists()
    assert [page for page in written if f"- {page}\n" not in menu] == []
