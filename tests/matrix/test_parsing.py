"""JSON of any depth is read as far as it matters."""

from __future__ import annotations

import json

import pytest

from paybridge.matrix.parsing import parse


def nested(depth: int, inside: str = "1") -> str:
    return '{"a":[' * depth + inside + "]}" * depth


def test_ordinary_json_is_read_whole() -> None:
    thing = {"text": 'a "quoted" [bracket] \\', "list": [1, [2, {"three": None}]]}

    assert parse(json.dumps(thing).encode()) == thing


@pytest.mark.parametrize("depth", [1_000, 50_000])
def test_what_is_nested_too_deep_costs_nothing_but_itself(depth: int) -> None:
    deep = nested(depth, r'"a \" ]}]} string"')
    told = parse(f'{{"before":{deep},"next_batch":"s1","also":[{deep},2],"text":"[{{["}}'.encode())

    assert (told["next_batch"], told["also"][1], told["text"]) == ("s1", 2, "[{[")
    assert set(told["before"]) == {"a"}


@pytest.mark.parametrize("broken", ["[" * 100_000, "{" * 5_000 + '"a"', "", "nonsense", '"' + "[" * 5_000])
def test_what_is_no_json_is_refused(broken: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        parse(broken.encode())


@pytest.mark.parametrize("sign", ["", "-"])
def test_a_number_longer_than_any_number_costs_nothing_but_itself(sign: str) -> None:
    long = f"{sign}1{'0' * 5_000}"
    told = parse(f'{{"before":[{long},-12],"deep":{nested(2_000, long)},"next_batch":"s1"}}'.encode())

    assert (told["before"], told["next_batch"]) == ([None, -12], "s1")
