"""Every refusal that there is, with facts as they may really come, or as hostile as people can make them."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from datetime import UTC, datetime
from typing import Any

import paybridge
from paybridge.domain.errors import UserError
from paybridge.domain.facts import Fact, Who
from paybridge.domain.money import Money

SUMS = (Money(123400, "EUR"), Money(123, "EUR"))
EVIL = "<b>`**%(x)s &amp; \u202e"


def refusals() -> list[type[UserError]]:
    """Every kind of refusal that there is."""
    for module in pkgutil.walk_packages(paybridge.__path__, "paybridge."):
        if not module.name.endswith("__main__") and ".migrations" not in module.name:
            importlib.import_module(module.name)
    found: list[type[UserError]] = []
    waiting: list[type[UserError]] = [UserError]
    while waiting:
        kinds = waiting.pop().__subclasses__()
        waiting += kinds
        found += [kind for kind in kinds if kind.__module__.startswith("paybridge.") and "key" in vars(kind)]
    return sorted(found, key=lambda kind: kind.__name__)


def made(kind: type[UserError]) -> UserError:
    """A refusal of this kind, with plausible facts."""
    names = [name for name in inspect.signature(kind).parameters if name != "facts"]
    facts: dict[str, Any] = {name: plausible(name) for name in names}
    return kind(**facts | {name: SUMS for name in names if name in {"readings", "balances", "owed"}})


def plausible(name: str) -> Fact:
    """A fact as it may really come, and as hostile as people can make it where they write it."""
    match name:
        case "amount" | "fee" | "total" | "each" | "needed" | "spendable" | "most" | "least" | "left":
            return Money(1250, "EUR")
        case "count" | "times" | "minutes" | "number" | "left_count":
            return 3
        case "payer" | "payee" | "asker" | "asked" | "who" | "author":
            return Who("@anna:example.org", EVIL)
        case "until" | "at":
            return datetime(2026, 10, 1, 21, 45, tzinfo=UTC)
        case "candidates" | "payments":
            return "PB-7K3QD, PB-9XW2M"
        case _:
            return f"({name}) {EVIL}"
