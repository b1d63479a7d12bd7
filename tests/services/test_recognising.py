"""What people mean to link, whichever rails are there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from paybridge.domain.leg import LegKind
from paybridge.domain.money import MAX_MINOR
from paybridge.services.rail import Capabilities
from paybridge.services.recognising import LONGEST, Meant, meant
from paybridge.services.sense import NonsenseError, sensible_capabilities


def linking(**shapes: str) -> Capabilities:
    """A rail whose numbers have these shapes, by kind of account."""
    return Capabilities(
        currencies=frozenset({"EUR"}),
        flows=frozenset({LegKind.COLLECT}),
        links=frozenset({*shapes, "thing"}),
        least=1,
        most=100,
        idempotency_window=timedelta(days=1),
        not_found_is_final=True,
        money_can_come_back_for=timedelta(0),
        shapes=shapes,
    )


RAILS = {
    "bank": linking(iban="[a-z]{2}[0-9]{4,}", email=r"[^@\s]+@[^@\s]+"),
    "lightning": linking(address=r"[^@\s]+@[^@\s]+\.[a-z]+"),
    "stripe": linking(),
}


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("de12 3456", [Meant("bank", "de12 3456")]),
        ("anna@here", [Meant("bank", "anna@here")]),
        ("anna@here.org", [Meant("bank", "anna@here.org"), Meant("lightning", "anna@here.org")]),
        ("address anna@here.org", [Meant("lightning", "anna@here.org")]),
        ("Lightning anna@here.org", [Meant("lightning", "anna@here.org")]),
        ("stripe pm_1", [Meant("stripe", "pm_1")]),
        ("stripe", [Meant("stripe", "")]),
        ("thing pm_1", []),
        ("address anna@here", []),
        ("an na@here", []),
        ("a" * LONGEST + "@here", []),
        ("", []),
    ],
)
def test_a_number_is_recognised_by_its_shape_or_by_what_stands_before_it(
    typed: str, expected: list[Meant]
) -> None:
    assert meant(typed, RAILS) == expected


@pytest.mark.parametrize(
    "changed",
    [
        {"shapes": {"thing": "("}},
        {"shapes": {"thing": ""}},
        {"shapes": {"thing": None}},
        {"shapes": {"no kind of its own": "[0-9]+"}},
        {"most_in": {"JPY": 100}},
        {"most_in": {"EUR": 0}},
        {"most_in": {"EUR": MAX_MINOR + 1}},
        {"most_in": {"EUR": "100"}},
        {"checks_payees": "yes"},
    ],
)
def test_shapes_and_limits_that_cannot_be_are_nonsense(changed: dict[str, Any]) -> None:
    can = linking()
    assert sensible_capabilities(can) is can

    with pytest.raises(NonsenseError):
        sensible_capabilities(replace(can, **changed))
