"""Installs axe-core: `python -m tests.web.axe`."""

from __future__ import annotations

import sys

from tests.web.axe import HERE, install

sys.stdout.write("installed\n" if install(HERE) else "already installed\n")
