"""The container image, built by a real engine and run with as few rights as an operator can give it.

`PAYBRIDGE_TEST_ENGINE` names the engine; else docker or podman is taken, whichever answers.
"""

from __future__ import annotations

import gzip
import json
import os
import secrets
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from paybridge.demo.homeserver import free_port
from tests.harness import PASSWORD

if TYPE_CHECKING:
    from tests.harness import People

pytestmark = [pytest.mark.slow, pytest.mark.long]

ROOT = Path(__file__).parents[2]
ENGINES = ("docker", "podman")
BASE = "python:3.12-slim"
MISTAKE = 2
MB = 1_000_000
OURS_MB = 75
"""The most that our layers may take when they are fetched, above those of the base: 66 as this is written."""
READS_ALL = """
import importlib, pkgutil, sys
import paybridge
from paybridge.texts import Texts
from pylopdf_fonts_zh_cn import sans_path
from schwifty import IBAN
import fpdf

left_out = ("paybridge.demo", "paybridge.conformance", "paybridge.storage.migrations")
for module in pkgutil.walk_packages(paybridge.__path__, "paybridge."):
    if not module.name.startswith(left_out):
        importlib.import_module(module.name)
assert IBAN("DE02120300000000202051").country.name == "Germany"
for language in Texts().languages:
    from babel import Locale
    assert Locale.parse(language).months["format"]["wide"][1]
pdf = fpdf.FPDF()
pdf.add_font("sans", fname=sans_path())
pdf.set_font("sans", size=10)
pdf.add_page()
pdf.cell(text="\u6536\u636e")
print(len(pdf.output()) > 1000)
"""
# Root may hand a folder to anybody, everybody else only to themselves.
USER = 4711 if os.geteuid() == 0 else os.geteuid()
FEW_RIGHTS = (
    *("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
    *("--network", "host", "--user", f"{USER}:{USER}"),
)


@dataclass(frozen=True)
class Engine:
    """A container engine's command line."""

    name: str

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603  an engine that whoever runs the tests has chosen
            [self.name, *arguments], capture_output=True, text=True, check=False
        )

    def says(self, *arguments: str) -> str:
        """What a command prints that must succeed."""
        ran = self(*arguments)
        assert ran.returncode == 0, f"{arguments}: {ran.stderr}"
        return ran.stdout


@pytest.fixture(scope="module")
def engine() -> Engine:
    named = os.environ.get("PAYBRIDGE_TEST_ENGINE")
    for name in (named,) if named else ENGINES:
        if shutil.which(name) and Engine(name)("info").returncode == 0:
            found = Engine(name)
            break
    else:
        pytest.skip(
            "THE IMAGE IS NOT TESTED: no container engine answers (docker, podman, PAYBRIDGE_TEST_ENGINE)"
        )
    if found("image", "inspect", BASE).returncode and found("pull", BASE).returncode:
        pytest.skip(f"THE IMAGE IS NOT TESTED: {found.name} cannot get {BASE}")
    return found


@pytest.fixture(scope="module")
def image(engine: Engine) -> Iterator[str]:
    tag = f"paybridge-test:{secrets.token_hex(4)}"
    engine.says("build", "--network", "host", "-f", str(ROOT / "docker" / "Dockerfile"), "-t", tag, str(ROOT))
    yield tag
    engine("image", "rm", "--force", tag)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """An empty folder that belongs to the user in the container, who must also get to it."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(folder, USER, USER)
    return folder


def run(engine: Engine, image: str, data: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return engine("run", "--rm", *FEW_RIGHTS, *options, "-v", f"{data}:/data", image)


def test_it_runs_as_nobody_special_says_what_it_is_and_brings_no_installer(
    engine: Engine, image: str
) -> None:
    (told,) = json.loads(engine.says("image", "inspect", image))
    settings: dict[str, Any] = told["Config"]
    labels = {key.removeprefix("org.opencontainers.image.") for key in settings["Labels"]}
    looked = engine("run", "--rm", "--entrypoint", "python", image, "-m", "pip")

    assert settings["User"].split(":")[0] not in {"", "0", "root"}
    assert {"title", "description", "licenses", "version", "revision"} <= labels
    assert set(settings["Volumes"]) == {"/data"}
    assert looked.returncode != 0
    assert "No module named" in looked.stderr


def layers(engine: Engine, image: str, folder: Path) -> dict[str, int]:
    """The bytes of each layer as it is fetched (with gzip), by its digest."""
    archive = folder / f"{image.replace(':', '-')}.tar"
    engine.says("save", "--output", str(archive), image)
    (told,) = json.loads(engine.says("image", "inspect", image))
    with tarfile.open(archive) as saved:
        manifest = saved.extractfile("manifest.json")
        assert manifest is not None
        (first,) = json.load(manifest)
        sizes = []
        for name in first["Layers"]:
            layer = saved.extractfile(name)
            assert layer is not None
            content = layer.read()
            sizes.append(len(content if content[:2] == b"\x1f\x8b" else gzip.compress(content, 6)))
    archive.unlink()
    return dict(zip(told["RootFS"]["Layers"], sizes, strict=True))


def test_what_we_add_to_the_base_is_small_to_fetch_and_nothing_that_runs_was_taken_out(
    engine: Engine, image: str, tmp_path: Path
) -> None:
    base, whole = layers(engine, BASE, tmp_path), layers(engine, image, tmp_path)
    ours = sum(size for layer, size in whole.items() if layer not in base) / MB
    print(f"image: base {sum(base.values()) / MB:.1f} MB, ours {ours:.1f} MB")  # noqa: T201  a measure
    read = engine.says("run", "--rm", *FEW_RIGHTS, "--entrypoint", "python", image, "-c", READS_ALL)

    assert set(base) < set(whole)
    assert ours < OURS_MB
    assert read == "True\n"


@pytest.mark.parametrize("profile", ["sandbox-bank", "postgres", "monitoring", "demo"])
def test_the_compose_file_is_one_that_compose_understands(engine: Engine, profile: str) -> None:
    if engine("compose", "version").returncode:
        pytest.skip(f"COMPOSE.YAML IS NOT TESTED: {engine.name} has no compose")
    file = str(ROOT / "docker" / "compose.yaml")
    engine.says(
        "compose", "-f", file, "--env-file", str(ROOT / "docker" / "env.example"), "config", "--quiet"
    )
    services = engine.says("compose", "-f", file, "--profile", profile, "config", "--services").split()

    assert "paybridge" in services
    assert len(services) > 1


def test_the_first_run_writes_a_config_to_fill_in_and_the_second_asks_for_it(
    engine: Engine, image: str, data: Path
) -> None:
    first = run(engine, image, data)
    config = data / "config.yaml"
    written = config.read_bytes()
    second = run(engine, image, data)

    assert (first.returncode, first.stderr) == (0, "")
    assert "edit /data/config.yaml" in first.stdout
    assert (config.stat().st_mode & 0o777, config.stat().st_uid) == (0o600, USER)
    assert (second.returncode, second.stdout, second.stderr.count("\n")) == (MISTAKE, "", 1)
    assert "homeserver.url: is still the example's" in second.stderr
    assert config.read_bytes() == written


def test_a_folder_that_it_cannot_write_is_one_line(engine: Engine, image: str, data: Path) -> None:
    ran = run(
        engine,
        image,
        data,
        "--mount",
        "type=tmpfs,destination=/data/other",
        "-w",
        "/data/other",
        "-e",
        "PAYBRIDGE_CONFIG=/config.yaml",
    )

    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (MISTAKE, "", 1)
    assert f"cannot be written by user {USER}" in ran.stderr or f"(as user {USER})" in ran.stderr


async def test_with_an_account_it_starts_is_healthy_and_ends_well_within_two_seconds(
    engine: Engine, image: str, data: Path, people: People
) -> None:
    me = await people.account("PayBridge")
    listen = f"127.0.0.1:{free_port()}"
    account = {
        "PAYBRIDGE__HOMESERVER__URL": people.homeserver.url,
        "PAYBRIDGE__HOMESERVER__USER_ID": me,
        "PAYBRIDGE__HOMESERVER__PASSWORD": PASSWORD,
        "PAYBRIDGE__WEB__LISTEN": listen,
    }
    environment = [word for key, value in account.items() for word in ("-e", f"{key}={value}")]
    container = f"paybridge-test-{secrets.token_hex(4)}"
    engine.says("run", "-d", "--name", container, *FEW_RIGHTS, *environment, "-v", f"{data}:/data", image)
    try:
        alice = await people.arrive("Alice")
        chat = await alice.direct_room_with(me)
        await alice.wait_for_member(chat, me)
        await alice.say(chat, "!help")
        helped = await alice.wait_for(chat, lambda seen: "!pay" in seen.body)
        (told,) = json.loads(engine.says("image", "inspect", image))
        check = told["Config"]["Healthcheck"]["Test"]
        healthy = engine("exec", container, *check[1:])
        engine.says("stop", "--time", "2", container)
        (state,) = json.loads(engine.says("inspect", container))
        logged = engine("logs", container).stderr
    finally:
        engine("rm", "--force", container)
    (data / "master.key").write_text("ab" * 32)
    other = run(engine, image, data, *environment)

    assert helped.encrypted
    assert (healthy.returncode, healthy.stdout) == (0, f"{listen} answers 200\n")
    # An engine that has to kill says 137.
    assert state["State"]["ExitCode"] == 0
    assert "Traceback" not in logged
    complaint = [line for line in other.stderr.splitlines() if "master key" in line]
    assert (other.returncode, len(complaint)) == (MISTAKE, 1)
    assert "Traceback" not in other.stderr
