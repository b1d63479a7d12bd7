"""House rule: every dependency is explained, and nothing is explained that is not one."""

from __future__ import annotations

import re
import tomllib
from itertools import chain

from tests.house import _tree

NAME = re.compile(r"[A-Za-z0-9_.-]+")
ROW = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)


def test_every_dependency_is_explained_and_every_explanation_has_its_dependency() -> None:
    project = tomllib.loads(_tree.text("pyproject.toml"))
    extras = project["project"]["optional-dependencies"].values()
    asked = [*project["build-system"]["requires"], *project["project"]["dependencies"], *chain(*extras)]
    needed = {match.group() for requirement in asked if (match := NAME.match(requirement))}

    assert set(ROW.findall(_tree.text("docs/dependencies.md"))) == needed


def test_the_locks_pin_everything_by_hash_and_name_no_place_to_download_from() -> None:
    for name in ("requirements.lock", "requirements-demo.lock", "requirements-dev.lock"):
        lock = re.sub(r"\\\n\s*", "", _tree.text(name))
        pins = [line for line in lock.splitlines() if line and not line.lstrip().startswith("#")]

        assert pins, name
        assert [pin for pin in pins if not re.match(r"[a-z0-9.-]+==\S+ .*--hash=sha256:", pin)] == []
