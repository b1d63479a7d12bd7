"""What a room's policy says, however its state event is written, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paybridge.domain.errors import UserError
from paybridge.domain.money import Money
from paybridge.domain.policy import (
    Asking,
    Flaw,
    NobodyMayAskError,
    OnlyModeratorsMayAskError,
    OverTheRoomLimitError,
    Policy,
    Receipts,
    Setting,
    StatedPolicy,
    check_asking,
    check_payment,
    policy_from_json,
    read_policy,
)
from paybridge.domain.policy_words import read_wish

MONEY = st.builds(Money, st.integers(min_value=0, max_value=10**9), st.sampled_from(["EUR", "USD", "JPY"]))
POLICIES = st.builds(
    Policy,
    currency=st.none() | st.sampled_from(["EUR", "USD", "JPY"]),
    receipts=st.sampled_from(Receipts),
    requests=st.sampled_from(Asking),
    limit=st.none() | MONEY,
    language=st.none() | st.sampled_from(["en", "zh"]),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
CONTENT = st.fixed_dictionaries(
    {},
    optional={
        "v": st.just(1) | JSON,
        "currency": st.just("EUR") | JSON,
        "language": st.just("zh") | JSON,
        "receipts": st.sampled_from(Receipts).map(str) | JSON,
        "requests": st.sampled_from(Asking).map(str) | JSON,
        "limit": st.fixed_dictionaries({"value": st.just("20.00") | JSON, "currency": st.just("EUR") | JSON})
        | JSON,
    },
)
FULL: dict[str, Any] = {
    "v": 1,
    "currency": "EUR",
    "receipts": "private",
    "requests": "nobody",
    "limit": {"value": "20.00", "currency": "EUR"},
    "language": "zh",
}


def euros(cents: int) -> Money:
    return Money(cents, "EUR")


def test_a_whole_policy_is_read() -> None:
    assert read_policy(FULL) == StatedPolicy(
        Policy("EUR", Receipts.PRIVATE, Asking.NOBODY, euros(2000), "zh")
    )


@pytest.mark.parametrize("content", [{"v": 1}, {}, {"v": 1, "org.example.more": [1]}])
def test_what_is_not_said_holds_nobody(content: object) -> None:
    assert read_policy(content) == StatedPolicy()


@pytest.mark.parametrize("version", [0, 2, "1", 1.0, True, None, [1], {}])
def test_another_version_does_not_count_at_all(version: object) -> None:
    assert read_policy({**FULL, "v": version}) == StatedPolicy(flaws=(Flaw.VERSION,))


@pytest.mark.parametrize("content", [None, [], "v", 1])
def test_content_that_is_no_object_does_not_count(content: object) -> None:
    assert read_policy(content) == StatedPolicy(flaws=(Flaw.VERSION,))


MISREAD: dict[str, list[object]] = {
    "currency": ["eur", "XXQ", "€", 978, ["EUR"], {}, "E" * 60_000],
    "language": ["ZH", "klingon", "z", "", "zh\n", 1, True, ["zh"], {}],
    "receipts": ["PRIVATE", "secret", 1, None, [], {"private": True}],
    "requests": ["Nobody", "", 0, None, ["nobody"]],
    "limit": [
        "20 EUR",
        20,
        [20, "EUR"],
        {},
        {"value": "20.00"},
        {"value": 20, "currency": "EUR"},
        {"value": 20.0, "currency": "EUR"},
        {"value": "20,00", "currency": "EUR"},
        {"value": "20.001", "currency": "EUR"},
        {"value": "-1", "currency": "EUR"},
        {"value": "1e3", "currency": "EUR"},
        {"value": "NaN", "currency": "EUR"},
        {"value": "9" * 60_000, "currency": "EUR"},
        {"value": "9" * 32, "currency": "EUR"},
        {"value": "20.00", "currency": "euro"},
        {"value": "٢٠", "currency": "EUR"},
    ],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in MISREAD.items() for value in values]
)
def test_a_part_that_cannot_be_read_is_left_out_and_named(name: str, value: object) -> None:
    read = read_policy({**FULL, name: value})

    assert read == StatedPolicy(read_policy(FULL).policy.taking(Setting(name), Policy()), (Flaw(name),))


@given(CONTENT | JSON)
def test_whatever_the_content_is_it_is_read(content: object) -> None:
    read = read_policy(content)

    assert read_policy(read.policy.content()) == StatedPolicy(read.policy)


@given(POLICIES)
def test_a_kept_policy_comes_back_as_it_was(policy: Policy) -> None:
    assert policy_from_json(policy.to_json()) == policy


@pytest.mark.parametrize("text", ["{", "[]", '{"v":2}', '{"v":1,"receipts":"none"}'])
def test_what_nobody_kept_is_no_policy(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        policy_from_json(text)


@given(POLICIES, POLICIES)
def test_tightening_loosens_neither(own: Policy, by: Policy) -> None:
    both = own.tightened(by)

    for one in (own, by):
        assert list(Receipts).index(both.receipts) >= list(Receipts).index(one.receipts)
        assert list(Asking).index(both.requests) >= list(Asking).index(one.requests)
        if one.limit is not None and both.limit is not None and one.limit.currency == both.limit.currency:
            assert both.limit <= one.limit
    assert (both.limit is None) == (own.limit is None and by.limit is None)


@given(POLICIES, POLICIES)
def test_tightening_twice_is_tightening_once(own: Policy, by: Policy) -> None:
    assert own.tightened(by).tightened(by) == own.tightened(by)
    assert own.tightened(Policy()) == own
    assert Policy().tightened(by) == by


def test_where_two_currencies_meet_the_one_that_tightens_holds() -> None:
    own = Policy(currency="USD", limit=Money(100, "USD"))
    by = Policy(currency="EUR", limit=euros(2000))

    assert own.tightened(by) == by


@pytest.mark.parametrize(
    ("limit", "amount", "fits"),
    [
        (None, euros(10**9), True),
        (euros(2000), euros(2000), True),
        (euros(2000), euros(2001), False),
        (euros(2000), Money(1, "USD"), False),
        (euros(0), euros(1), False),
    ],
)
def test_one_payment_may_not_be_over_the_limit(limit: Money | None, amount: Money, *, fits: bool) -> None:
    if fits:
        check_payment(Policy(limit=limit), amount)
    else:
        with pytest.raises(OverTheRoomLimitError) as refused:
            check_payment(Policy(limit=limit), amount)
        assert refused.value.facts() == {"most": limit}


@pytest.mark.parametrize(
    ("requests", "power", "refused"),
    [
        (Asking.ANYONE, -1, None),
        (Asking.MODERATORS, 49, OnlyModeratorsMayAskError),
        (Asking.MODERATORS, 50, None),
        (Asking.NOBODY, 2**53, NobodyMayAskError),
    ],
)
def test_who_may_ask(requests: Asking, power: int, refused: type[UserError] | None) -> None:
    policy = Policy(requests=requests)
    if refused is None:
        check_asking(policy, power)
    else:
        with pytest.raises(refused):
            check_asking(policy, power)


@pytest.mark.parametrize(
    ("words", "setting", "wish"),
    [
        ("currency eur", Setting.CURRENCY, Policy(currency="EUR")),
        ("currency none", Setting.CURRENCY, Policy()),
        ("receipts PRIVATE", Setting.RECEIPTS, Policy(receipts=Receipts.PRIVATE)),
        ("Receipts  public", Setting.RECEIPTS, Policy()),
        ("requests nobody", Setting.REQUESTS, Policy(requests=Asking.NOBODY)),
        ("requests moderators", Setting.REQUESTS, Policy(requests=Asking.MODERATORS)),
        ("requests members", Setting.REQUESTS, Policy()),
        ("requests anyone", Setting.REQUESTS, Policy()),
        ("limit 20 EUR", Setting.LIMIT, Policy(limit=euros(2000))),
        ("limit 12,50 €", Setting.LIMIT, Policy(limit=euros(1250))),
        ("limit 20", Setting.LIMIT, Policy(limit=Money(2000, "USD"))),
        ("limit none", Setting.LIMIT, Policy()),
        ("language 中文", Setting.LANGUAGE, Policy(language="zh")),
        ("language EN", Setting.LANGUAGE, Policy(language="en")),
        ("语言 none", Setting.LANGUAGE, Policy()),
        ("收据 私密", Setting.RECEIPTS, Policy(receipts=Receipts.PRIVATE)),
    ],
)
def test_what_is_typed_is_read(words: str, setting: Setting, wish: Policy) -> None:
    languages = {"en": "en", "zh": "zh", "中文": "zh"}

    assert read_wish(words, "USD", languages) == (setting, wish)


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ("colour blue", "error.no_such_setting"),
        ("receipts", "error.no_such_choice"),
        ("receipts maybe", "error.no_such_choice"),
        ("requests everyone", "error.no_such_choice"),
        ("currency", "error.unknown_currency"),
        ("currency BTX", "error.unknown_currency"),
        ("limit", "error.no_amount"),
        ("limit -5 EUR", "error.negative_amount"),
        ("limit 0 EUR", "error.zero_amount"),
        ("limit all", "error.word_amount"),
        ("language klingon", "error.no_such_choice"),
    ],
)
def test_what_cannot_be_meant_is_refused(words: str, key: str) -> None:
    with pytest.raises(UserError) as refused:
        read_wish(words, "EUR")
    assert refused.value.key == key
