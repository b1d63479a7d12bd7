"""Facts survive being stored."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paybridge.domain.currencies import EXPONENTS
from paybridge.domain.errors import UserError
from paybridge.domain.facts import Fact, NotFactsError, Who, from_json, to_json
from paybridge.domain.money import MAX_MINOR, Money

zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
single = st.one_of(
    st.none(),
    st.text(),
    st.integers(-(2**63), 2**63),
    st.builds(Money, st.integers(-MAX_MINOR, MAX_MINOR), st.sampled_from(sorted(EXPONENTS))),
    st.builds(Who, st.text(), st.none() | st.text()),
    st.datetimes(timezones=zones),
    st.dates(),
)
all_facts = st.dictionaries(
    st.text(max_size=20),
    st.recursive(
        single,
        lambda inner: st.lists(st.dictionaries(st.text(max_size=9), inner, max_size=3), max_size=3).map(
            tuple
        ),
        max_leaves=8,
    ),
    max_size=6,
)


@given(all_facts)
def test_facts_read_back_exactly(facts: dict[str, Fact]) -> None:
    back = from_json(to_json(facts))

    assert back == facts
    assert {name: type(fact) for name, fact in back.items()} == {n: type(f) for n, f in facts.items()}


def test_facts_are_written_compactly() -> None:
    facts: dict[str, Fact] = {"amount": Money(1250, "EUR"), "payee": Who("@b:hs", "Bob"), "n": 1}

    assert to_json(facts) == '{"amount":["money",1250,"EUR"],"payee":["who","@b:hs","Bob"],"n":1}'


def test_a_time_keeps_its_instant_and_a_date_stays_a_date() -> None:
    at, on = datetime(2026, 10, 1, 21, 45, tzinfo=UTC), date(2026, 10, 1)

    assert from_json(to_json({"at": at, "on": on})) == {"at": at, "on": on}


@pytest.mark.parametrize(
    "text",
    ["", "[]", "5", '{"a":', '{"a":{}}', '{"a":1.5}', '{"a":["gold",1]}', '{"a":["money",1,"???"]}',
     '{"a":["money","1","EUR"]}', '{"a":["time","soon"]}', '{"a":["rows",5]}', "[" * 99_999],
)  # fmt: skip
def test_what_was_never_written_is_not_read(text: str) -> None:
    with pytest.raises(NotFactsError):
        from_json(text)


class EmptyPurseError(UserError):
    key = "error.empty_purse"
    private = True

    def __init__(self, *, owner: Who, held: Money) -> None:
        super().__init__(owner=owner, held=held)


def test_a_refusal_carries_its_facts_but_does_not_print_them() -> None:
    error = EmptyPurseError(owner=Who("@a:hs"), held=Money(5, "EUR"))

    assert error.facts() == {"owner": Who("@a:hs"), "held": Money(5, "EUR")}
    assert str(error) == "error.empty_purse (owner, held)"
    assert error.private
    assert not UserError.private
