"""Protections taken away one at a time."""

from __future__ import annotations

from typing import Any

PREFIX = "PAYBRIDGE_UNSAFE_"
SWITCHES: dict[str, Any] = {}
