"""`make kit`: the conformance kit on each rail of the house, and its table in docs/rails.md."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.rails.trials import TRIALS

PAGE = Path(__file__).parents[2] / "docs" / "rails.md"
BEGIN, END = "<!-- made by `make kit` -->\n", "<!-- until here -->\n"


def main() -> int:
    named = [f"--trial={trial.__module__}:{trial.__name__}" for trial in TRIALS]
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder, "table.md")
        kit = [sys.executable, "-m", "paybridge.conformance", "-q", "-p", "no:cacheprovider"]
        ended = subprocess.run([*kit, f"--rail-table={table}", *named], check=False)  # noqa: S603  our own
        drawn = table.read_text(encoding="utf-8")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}{drawn}{END}{after}", encoding="utf-8")
    return ended.returncode


if __name__ == "__main__":
    sys.exit(main())
