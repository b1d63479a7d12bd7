"""What is left of a kitty is shared out to the last cent, and approvals of who does not count are none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paybridge.domain.kitty import (
    Assent,
    Kitty,
    KittyState,
    NeedsNotPossibleError,
    Proposal,
    ProposalKind,
    ProposalOverError,
    ProposalState,
    check_needs,
    check_open,
    counted,
    ended,
    is_hopeless,
    is_kitty,
    kitty_mxid,
    needed,
    shares,
)
from paybridge.domain.money import Money

NOW = datetime(2026, 3, 2, tzinfo=UTC)
FLAT = Kitty("PB-FLAT2", KittyState.OPEN, "anna", "EUR", "!room:test", NOW, 2, b"sealed")
ONE = Proposal(
    "PB-XNE22",
    FLAT.id,
    ProposalKind.CLOSE,
    ProposalState.OPEN,
    "anna",
    "@a:t",
    NOW,
    NOW + timedelta(days=3),
    "n",
)


def said(person: str, *, approves: bool = True) -> Assent:
    return Assent(f"x/{person}", "x", person, f"@{person}:t", "CXDE", approves=approves, strong=False, at=NOW)


PUT = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=3), st.integers(1, 10**9), min_size=1, max_size=12
)


@given(st.integers(1, 10**9), PUT)
def test_what_is_left_is_shared_exactly_and_nobody_is_a_cent_off(minor: int, put: dict[str, int]) -> None:
    parts = shares(Money(minor, "EUR"), put)
    total = sum(put.values())

    assert sum(part.minor for part in parts.values()) == minor
    for person, weight in put.items():
        got = parts[person].minor if person in parts else 0
        assert abs(got * total - minor * weight) < total


@given(PUT)
def test_who_put_in_everything_gets_everything_back(put: dict[str, int]) -> None:
    left = Money(sum(put.values()), "EUR")

    assert {person: part.minor for person, part in shares(left, put).items()} == put


def test_approvals_count_once_and_only_of_those_who_are_fit() -> None:
    all_said = (said("anna"), said("bob"), said("carol", approves=False))

    assert [one.person for one in counted(all_said, {"anna", "carol"})] == ["anna"]


@pytest.mark.parametrize(
    ("kind", "fit", "count"), [("pay", 1, 2), ("close", 1, 1), ("close", 0, 1), ("close", 3, 2)]
)
def test_only_closing_takes_fewer_where_fewer_are_left(kind: str, fit: int, count: int) -> None:
    assert needed(FLAT, ProposalKind(kind), fit) == count


def test_it_is_hopeless_when_too_few_have_not_said_no() -> None:
    fit = {"anna", "bob", "carol"}
    no = said("carol", approves=False)

    assert not is_hopeless((said("anna"), no), fit, 2)
    assert is_hopeless((said("anna"), no), fit, 3)


@pytest.mark.parametrize("needs", [0, 4, -1])
def test_as_many_approve_as_there_are_and_one_at_least(needs: int) -> None:
    with pytest.raises(NeedsNotPossibleError):
        check_needs(needs, 3)


def test_nothing_ends_twice_and_nothing_is_said_to_what_is_over() -> None:
    done = ended(ONE, ProposalState.DONE, 2)

    with pytest.raises(ProposalOverError):
        ended(done, ProposalState.EXPIRED)
    with pytest.raises(ProposalOverError):
        check_open(ONE, ONE.expires)


def test_another_amount_or_payee_is_another_code() -> None:
    pay = Proposal(
        *("PB-XNE22", FLAT.id, ProposalKind.PAY, ProposalState.OPEN, "anna", "@a:t", NOW, NOW, "nonce"),
        *("bob", "@bob:t", Money(3000, "EUR")),
    )
    more = Proposal(
        *("PB-XNE22", FLAT.id, ProposalKind.PAY, ProposalState.OPEN, "anna", "@a:t", NOW, NOW, "nonce"),
        *("bob", "@bob:t", Money(3001, "EUR")),
    )

    assert pay.code != more.code


def test_what_stands_for_a_kitty_is_nobodys_matrix_id() -> None:
    assert is_kitty(kitty_mxid("PB-FLAT2"))
    assert not is_kitty("@kitty-flat2:example.org")
