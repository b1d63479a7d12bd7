"""Rails are found by their file, and by the entry points of installed packages."""

from __future__ import annotations

from pathlib import Path

import pytest

from paybridge import rails
from paybridge.rails._frame import RailOptions, UnusableRailError, find_rails

A_RAIL = """
from paybridge.rails._frame import RailOptions

class Tin:
    name = "tin"
    protocol = 1
    Options = RailOptions
"""


def install(folder: Path, source: str, entry: str) -> None:
    """Make `folder` look like a place where a package with this entry point was installed."""
    (folder / "tin_package.py").write_text(source, encoding="utf-8")
    info = folder / "tin_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: tin-package\nVersion: 1.0\n", encoding="utf-8"
    )
    (info / "entry_points.txt").write_text(f"[paybridge.rails]\n{entry}\n", encoding="utf-8")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "tin_package", raising=False)
    return tmp_path


def test_every_file_and_folder_without_an_underscore_is_a_rail() -> None:
    (folder,) = rails.__path__
    files = {path.stem for path in Path(folder).iterdir() if not path.name.startswith(("_", "."))}

    assert set(find_rails()) == files >= {"bank", "internal"}


def test_every_rail_has_options_of_its_own_that_refuse_what_they_do_not_know() -> None:
    for rail in find_rails().values():
        assert issubclass(rail.Options, RailOptions)
        assert rail.Options is not RailOptions
        assert rail.Options.model_config.get("extra") == "forbid"
        assert rail.Options.model_config.get("frozen") is True


def test_a_rail_of_an_installed_package_is_found(site: Path) -> None:
    install(site, A_RAIL, "tin = tin_package:Tin")

    assert find_rails()["tin"].name == "tin"


@pytest.mark.parametrize(
    ("source", "entry", "message"),
    [
        (A_RAIL, "box = tin_package:Tin", "rail box calls itself tin"),
        (A_RAIL.replace('"tin"', '"bank"'), "bank = tin_package:Tin", "two rails are called bank"),
        (A_RAIL, "tin = tin_package:Can", "rail tin cannot be loaded"),
        (A_RAIL, "tin = no_such_package:Tin", "rail tin cannot be loaded"),
        (A_RAIL, "tin = tin_package", "rail tin: tin_package is no class"),
        (A_RAIL + "\nraise OSError('no tin\\nleft')", "tin = tin_package:Tin", "tin_package:Tin: no tin$"),
        (A_RAIL.replace("protocol = 1", ""), "tin = tin_package:Tin", "no class with a name, a protocol and"),
        (
            A_RAIL.replace("= 1", "= 2"),
            "tin = tin_package:Tin",
            "rail tin speaks version 2 of the rail protocol, and only 1 is spoken here",
        ),
        (
            A_RAIL.replace("RailOptions\n", "int\n").replace("import int", "import RailOptions"),
            "tin = tin_package:Tin",
            "is no class",
        ),
    ],
)
def test_a_rail_that_cannot_be_used_is_named(site: Path, source: str, entry: str, message: str) -> None:
    install(site, source, entry)

    with pytest.raises(UnusableRailError, match=message):
        find_rails()
