"""Every protection is needed: with it taken away, the tests that name it fail."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.hostile.borrowed import BORROWED, lend
from tests.hostile.unsafe import PREFIX, SWITCHES

if TYPE_CHECKING:
    from paybridge.demo.homeserver import Homeserver

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FAILED = re.compile(r"^FAILED \S+::(\w+)", re.MULTILINE)


def test_every_switch_names_tests_that_exist() -> None:
    there = set(
        re.findall(r"^async def (test_\w+)", "".join(map(_read, HERE.glob("test_*.py"))), re.MULTILINE)
    )

    assert {test for switch in SWITCHES.values() for test in switch.tests} <= there


def test_the_product_knows_no_such_switch() -> None:
    assert [file.name for file in (ROOT / "paybridge").rglob("*.py") if "UNSAFE" in _read(file)] == []


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("name", SWITCHES)
async def test_without_this_protection_its_tests_fail(name: str, homeserver: Homeserver) -> None:
    wanted = SWITCHES[name].tests
    ran = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rf", "-k", " or ".join(wanted)),
        str(HERE),
        cwd=ROOT,
        env={**os.environ, f"{PREFIX}{name}": "1", BORROWED: json.dumps(lend(homeserver))},
        stdout=PIPE,
        stderr=STDOUT,
    )
    output = (await ran.communicate())[0].decode(errors="replace")

    assert set(FAILED.findall(output)) == set(wanted), output[-4_000:]


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8")
