"""`python -m paybridge.conformance --rail NAME`: the kit without knowing pytest."""

from __future__ import annotations

import os
import sys

KIT = ("-m", "pytest", "-p", "paybridge.conformance.plugin", "--pyargs", "paybridge.conformance")

if __name__ == "__main__":
    os.execv(sys.executable, [sys.executable, *KIT, *sys.argv[1:]])  # noqa: S606  no shell, and our own Python
