"""Takes out of an environment what the bot never reads when it runs: `trim.py SITE-PACKAGES`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Final

TESTS: Final = {"test", "tests", "SelfTest"}
SOURCES: Final = {".c", ".cpp", ".h", ".hpp", ".pxd", ".pxi", ".pyi", ".pyx"}
"""What extension modules were made of, and what only type checkers read."""


def trim(site: Path) -> int:
    """Remove it, and give the number of bytes that are free now."""
    before = _size(site)
    for folder in [each for each in site.glob("*/**") if each.name in TESTS and each.is_dir()]:
        shutil.rmtree(folder, ignore_errors=True)
    for file in [each for each in site.rglob("*") if each.suffix in SOURCES]:
        file.unlink()
    # Names of countries in other languages: people here see ISO's codes.
    shutil.rmtree(site / "pycountry" / "locales", ignore_errors=True)
    # PDF files are set in the sans-serif face.
    (site / "pylopdf_fonts_zh_cn" / "NotoSerifSC-Regular.otf").unlink(missing_ok=True)
    kept = {"root", *(each.stem for each in (site / "paybridge" / "texts").glob("*.po"))}
    for locale in (site / "babel" / "locale-data").glob("*.dat"):
        if locale.stem not in kept:
            locale.unlink()
    return before - _size(site)


def _size(folder: Path) -> int:
    return sum(each.lstat().st_size for each in folder.rglob("*"))


if __name__ == "__main__":
    sys.stdout.write(f"{trim(Path(sys.argv[1])) / 1e6:.1f} MB taken out\n")
