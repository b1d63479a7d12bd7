"""axe-core, which finds what keeps people from using a page."""

from __future__ import annotations

from pathlib import Path

from tests.flows.element.install import install

__all__ = ["HERE", "axe_source", "install"]

HERE = Path(__file__).parent


def axe_source() -> str:
    """The script that puts `axe` into a page."""
    install(HERE)
    return (HERE / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
