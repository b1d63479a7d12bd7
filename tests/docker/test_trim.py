"""What is taken out of the image is what nothing reads; what the bot needs stays."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TRIM = Path(__file__).parents[2] / "docker" / "trim.py"
STAY = (
    "babel/locale-data/de.dat",
    "babel/locale-data/root.dat",
    "babel/global.dat",
    "paybridge/texts/de.po",
    "paybridge/testing.py",
    "pycountry/databases/iso3166-1.json",
    "pylopdf_fonts_zh_cn/NotoSansSC-Regular.otf",
    "library/core.so",
    "tests_of_credit.py",
)
GO = (
    "babel/locale-data/en.dat",
    "babel/locale-data/de_AT.dat",
    "pycountry/locales/de/LC_MESSAGES/iso3166-1.mo",
    "pylopdf_fonts_zh_cn/NotoSerifSC-Regular.otf",
    "library/core.c",
    "library/core.pyi",
    "library/tests/test_core.py",
    "library/inner/SelfTest/vectors/one.txt",
)


def trim(site: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  our own program
        [sys.executable, TRIM, site], capture_output=True, text=True, check=False
    )


def test_only_languages_with_a_catalogue_and_what_runs_stay(tmp_path: Path) -> None:
    for name in (*STAY, *GO):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")

    ran = trim(tmp_path)
    left = {str(each.relative_to(tmp_path)) for each in tmp_path.rglob("*") if each.is_file()}

    assert (ran.returncode, ran.stderr) == (0, "")
    assert left == set(STAY)


def test_an_environment_without_these_libraries_is_let_be(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_bytes(b"x")

    assert trim(tmp_path).stdout == "0.0 MB taken out\n"
    assert [each.name for each in tmp_path.iterdir()] == ["module.py"]
