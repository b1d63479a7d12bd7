"""What a rail is made of: everything its author needs, its options, and how rails are found."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any, Final, Protocol, TypeGuard

import aiohttp
from pydantic import BaseModel, ConfigDict

from paybridge import rails
from paybridge.domain.currencies import EXPONENTS
from paybridge.domain.leg import LegKind
from paybridge.domain.money import MAX_MINOR, Money, MoneyError
from paybridge.services.ports import (
    Capabilities,
    EventNaming,
    Linked,
    LinkRefusedError,
    NoStatementError,
    NotASandboxError,
    NotFound,
    NotSentError,
    Order,
    OrderRefusedError,
    Outcome,
    Page,
    PayeeCheck,
    PayeeChecking,
    PayeeMatch,
    Pending,
    Prepared,
    Quote,
    Rail,
    RailError,
    RailEvent,
    Refunding,
    Refused,
    Reversed,
    Settled,
    StatementLine,
    ThrottledError,
    Unsure,
    WebhookRefusedError,
)

__all__ = [
    "EXPONENTS",
    "MAX_MINOR",
    "Capabilities",
    "EventNaming",
    "LegKind",
    "LinkRefusedError",
    "Linked",
    "Money",
    "MoneyError",
    "NoStatementError",
    "NotASandboxError",
    "NotFound",
    "NotSentError",
    "Order",
    "OrderRefusedError",
    "Outcome",
    "Page",
    "PayeeCheck",
    "PayeeChecking",
    "PayeeMatch",
    "Pending",
    "Prepared",
    "Quote",
    "Rail",
    "RailClass",
    "RailError",
    "RailEvent",
    "RailOptions",
    "Refunding",
    "Refused",
    "Reversed",
    "Settled",
    "StatementLine",
    "ThrottledError",
    "Unsure",
    "UnusableRailError",
    "WebhookRefusedError",
    "check_order",
    "find_rails",
]

ENTRY_POINTS: Final = "paybridge.rails"
"""The entry-point group in which an installed package offers its rail; the entry's name is the rail's."""

PROTOCOLS: Final = frozenset({1})
"""The versions of `Rail` that are spoken here."""


def check_order(order: Order, can: Capabilities) -> None:
    """`OrderRefusedError` unless a rail that can do this takes orders of this kind, currency and size."""
    if order.kind not in can.flows:
        raise OrderRefusedError("bad_kind")
    if order.amount.currency not in can.currencies:
        raise OrderRefusedError("bad_currency")
    if not can.least <= order.amount.minor <= can.most:
        raise OrderRefusedError("bad_amount")


class RailOptions(BaseModel):
    """What is set under `rails.<name>` in the configuration; a rail's options are a subclass of this.

    A validator raises `ValueError` with one short line; the key is put before it. What was set is never
    repeated in a message, since it may be a secret.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class RailClass(Protocol):
    """A rail before it is built: its name, its options, and a call that makes it and does nothing else."""

    name: str
    protocol: int
    """The version of `Rail` that it was written for: a figure in its own source, never taken from here."""
    Options: type[RailOptions]

    def __call__(self, options: Any, http: aiohttp.ClientSession, /) -> Rail:  # noqa: ANN401  its own Options
        """The rail with these `Options`. `http` is shared and stays open; whoever made it closes it."""
        ...


class UnusableRailError(Exception):
    """A rail was found that cannot be used; the message is one line for the operator."""


def find_rails() -> Mapping[str, RailClass]:
    """Every rail by name: one for each file or folder beside this one, and those of installed packages.

    `UnusableRailError` if a file holds no rail, a name is not its rail's own, two rails share one, or a rail
    speaks another version of the protocol.
    """
    found: dict[str, RailClass] = {}
    for name, rail in _all_offered():
        if rail.name != name:
            raise UnusableRailError(f"rail {name} calls itself {rail.name}")
        if rail.protocol not in PROTOCOLS:
            raise UnusableRailError(_cannot_be_spoken(rail))
        if name in found:
            raise UnusableRailError(f"two rails are called {name}")
        found[name] = rail
    return MappingProxyType(found)


def _cannot_be_spoken(rail: RailClass) -> str:
    spoken = ", ".join(str(version) for version in sorted(PROTOCOLS))
    version = f"version {rail.protocol} of the rail protocol"
    return f"rail {rail.name} speaks {version}, and only {spoken} is spoken here"


def _all_offered() -> Iterator[tuple[str, RailClass]]:
    for module in pkgutil.iter_modules(rails.__path__):
        if not module.name.startswith("_"):
            yield module.name, _only_rail_in(f"{rails.__name__}.{module.name}")
    for entry in sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: entry.name):
        yield entry.name, _offered_by(entry)


def _only_rail_in(module_name: str) -> RailClass:
    held = [thing for thing in vars(import_module(module_name)).values() if _is_rail(thing)]
    if len(held) != 1:
        raise UnusableRailError(f"{module_name} must hold one rail class, and holds {len(held)}")
    return held[0]


def _offered_by(entry: EntryPoint) -> RailClass:
    try:
        offered = entry.load()
    except Exception as error:  # whatever a stranger's module does when it is imported
        said = str(error).partition("\n")[0]
        raise UnusableRailError(f"rail {entry.name} cannot be loaded from {entry.value}: {said}") from error
    if not _is_rail(offered):
        raise UnusableRailError(
            f"rail {entry.name}: {entry.value} is no class with a name, a protocol and Options"
        )
    return offered


def _is_rail(thing: object) -> TypeGuard[RailClass]:
    options = getattr(thing, "Options", None)
    return (
        inspect.isclass(thing)
        and isinstance(getattr(thing, "name", None), str)
        and isinstance(getattr(thing, "protocol", None), int)
        and inspect.isclass(options)
        and issubclass(options, RailOptions)
    )
