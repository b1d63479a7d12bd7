"""The example in docs/add-a-rail.md as a package of somebody else: built, installed, tried and used."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from paybridge.app.guarding import guard_rail
from paybridge.domain.money import Money
from paybridge.rails._frame import find_rails
from tests.fakes.house import ALICE, BOB, DINNER, keys, open_house

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "add-a-rail.md"
CONFIG = """\
homeserver:
  url: http://127.0.0.1:1
  user_id: "@paybridge:example.org"
  password: secret
data_dir: data
rails:
  drawer:
    most: 100
"""


def run(*command: str, site: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """A command in a Python that finds what is installed in `site`, and this PayBridge."""
    env = {**os.environ, "PYTHONPATH": f"{site}{os.pathsep}{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(  # noqa: S603  our own Python, and no shell
        [sys.executable, *command], cwd=folder, env=env, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the wheel of the example was installed."""
    source, site = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("site")
    page = PAGE.read_text(encoding="utf-8")
    project = next(
        block for block in re.findall(r"```toml\n(.*?)```", page, re.DOTALL) if "[project]" in block
    )
    rail, trial = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (source / "pyproject.toml").write_text(project, encoding="utf-8")
    package = source / "paybridge_drawer"
    package.mkdir()
    package.joinpath("__init__.py").write_text('"""A cash drawer."""\n', encoding="utf-8")
    package.joinpath("rail.py").write_text(rail, encoding="utf-8")
    package.joinpath("trial.py").write_text(trial, encoding="utf-8")
    offline = ("--quiet", "--disable-pip-version-check", "--no-deps", "--no-index")
    built = run(
        "-m", "pip", "wheel", *offline, "--no-build-isolation", "--wheel-dir", str(source), ".",
        site=site, folder=source,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    (wheel,) = source.glob("paybridge_drawer-1.0-*.whl")
    installed = run(
        "-m", "pip", "install", *offline, "--target", str(site), str(wheel), site=site, folder=source
    )
    assert installed.returncode == 0, installed.stderr
    return site


def test_the_example_passes_the_kit(site: Path, tmp_path: Path) -> None:
    table = tmp_path / "table.md"
    kit = run(
        "-m", "paybridge.conformance", "-q", "-p", "no:cacheprovider", "--rail", "drawer",
        "--rail-table", str(table), site=site, folder=tmp_path,
    )  # fmt: skip

    assert kit.returncode == 0, kit.stdout + kit.stderr
    assert "| `drawer` on a drawer |" in table.read_text(encoding="utf-8")
    assert "✗" not in table.read_text(encoding="utf-8")


def test_the_kit_is_a_pytest_plugin_by_its_entry_point(site: Path, tmp_path: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    ((name, module),) = project["project"]["entry-points"]["pytest11"].items()
    info = tmp_path / "as_installed-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: as-installed\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[pytest11]\n{name} = {module}\n")
    both = Path(f"{site}{os.pathsep}{tmp_path}")
    command = ("-m", "pytest", "-q", "--pyargs", "paybridge.conformance", "--rail", "drawer")

    kit = run(*command, "-k", "preparing or limits", site=both, folder=tmp_path)

    assert kit.returncode == 0, kit.stdout + kit.stderr
    assert "kept, of" in kit.stdout


def test_a_rail_without_a_trial_is_told_in_one_line(site: Path, tmp_path: Path) -> None:
    kit = run("-m", "paybridge.conformance", "--rail", "tin", site=site, folder=tmp_path)

    assert kit.returncode != 0
    assert "0 packages offer a trial for the rail tin" in kit.stdout + kit.stderr


def test_the_house_takes_the_example_without_a_change(site: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    fine = run("-m", "paybridge", "check-config", "--config", str(config), site=site, folder=tmp_path)
    config.write_text(CONFIG.replace("most: 100", "least: 100"), encoding="utf-8")
    wrong = run("-m", "paybridge", "check-config", "--config", str(config), site=site, folder=tmp_path)
    elsewhere = run(
        "-m", "paybridge", "check-config", "--config", str(config), site=tmp_path, folder=tmp_path
    )

    assert fine.returncode == 0, fine.stdout + fine.stderr
    assert "rails.drawer.least" in wrong.stdout + wrong.stderr
    assert "rails.drawer" in elsewhere.stdout + elsewhere.stderr


async def test_the_house_pays_by_the_example_without_a_change(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(site)
    drawer = find_rails()["drawer"]
    async with aiohttp.ClientSession() as http:
        rail: Any = drawer(drawer.Options(), http)
        guarded = guard_rail("drawer", lambda: rail, time.monotonic)
        house = await open_house(tmp_path, {"drawer": guarded})
        begun = await house.hear(ALICE, "!link drawer drawer-7")
        await house.hear(ALICE, f"!link verify {rail.note_in('link-0')}")
        await house.hear(ALICE, f"!pay {BOB} 12,50 EUR for pizza", DINNER)
        await house.hear(ALICE, "!yes", DINNER)
        receipt = await house.carry()
        became = [outcome.amount for outcome in rail._became.values()]  # noqa: SLF001  what really moved

    assert keys(begun) == ["link.begun_elsewhere"]
    assert keys(receipt) == ["pay.waiting", "claim.waiting"]
    assert became == [Money(1250, "EUR")]
    await house.database.close()
