"""What somebody reads who mistook a verb, an id or a person: the line that was probably meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes.house import ALICE, BOB, CAROL, DINNER, keys

if TYPE_CHECKING:
    from tests.fakes.house import House


async def test_a_verb_that_is_nearly_one_is_suggested_with_the_words_behind_it(house: House) -> None:
    (said,) = await house.hear(ALICE, f"!pays {BOB} 5 EUR for tea", DINNER)

    assert (said.key, said.lines) == ("reply.unknown_verb_near", (f"!pay {BOB} 5 EUR for tea",))


async def test_a_suggestion_repeats_no_digits_that_may_be_a_code(house: House) -> None:
    (confirm,) = await house.hear(ALICE, "!comfirm 7Q4F 493021", DINNER)
    (factor,) = await house.hear(ALICE, "!unfreeeze 493021", DINNER)

    assert confirm.lines == ("!confirm",)
    assert factor.lines == ("!unfreeze",)


async def test_a_suggestion_repeats_no_more_than_people_type(house: House) -> None:
    (said,) = await house.hear(ALICE, f"!pays {BOB} 5 EUR {'tea ' * 50}", DINNER)

    assert said.lines == ("!pay",)


@pytest.mark.parametrize(
    ("typed", "line"),
    [("payy", "!help pay"), ("!Requst", "!help request"), ("weather", "!help"), ("x" * 400, "!help")],
)
async def test_help_with_what_is_no_verb_says_so(house: House, typed: str, line: str) -> None:
    (said,) = await house.hear(ALICE, f"!help {typed}")

    assert said.key.startswith("reply.unknown_verb")
    assert said.lines == (line,)
    assert len(str(said.facts["verb"])) <= 24


async def test_help_with_an_alias_explains_its_command(house: House) -> None:
    assert keys(await house.hear(ALICE, "!help \uff01付")) == ["help.pay"]
    assert keys(await house.hear(ALICE, "!help /PAY")) == ["help.pay"]


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("!accept PB-22222", "!requests"),
        ("!decline PB-22222", "!requests"),
        ("!remind PB-22222", "!requests"),
        ("!split PB-22222", "!split"),
        ("!repeat pause PB-22222", "!repeat"),
        ("!status PB-22222", "!history"),
        ("!refund PB-22222", "!history"),
        ("!cancel PB-22222", "!history"),
        ("!unfreeze 123456", "!help freeze"),
    ],
)
async def test_who_mistakes_an_id_reads_where_the_ids_stand(house: House, line: str, instead: str) -> None:
    (said,) = await house.hear(ALICE, line)

    assert said.key in {"error.no_such_payment", "error.not_frozen"}
    assert said.lines == (instead,)


async def test_a_reply_to_one_person_that_names_another_offers_both(house: House) -> None:
    (said,) = await house.hear(ALICE, f"!pay {CAROL} 5 EUR", DINNER, reply_author=BOB)
    (by_name,) = await house.hear(ALICE, "!pay Carol 5 EUR", DINNER, reply_author=BOB)

    assert said.lines == (f"!pay {CAROL} 5 EUR", f"!pay {BOB} 5 EUR")
    assert by_name.lines == (f"!pay {BOB} 12.50 EUR for pizza",)


async def test_who_wants_the_history_as_a_file_reads_what_makes_one(house: House) -> None:
    (said,) = await house.hear(ALICE, "!history export csv")
    (other,) = await house.hear(ALICE, "!history exported")

    assert (said.key, said.lines) == ("error.not_sought", ("!statement csv", "!statement pdf"))
    assert other.lines == ("!history",)


async def test_an_account_that_is_not_named_is_asked_for(house: House) -> None:
    (said,) = await house.hear(ALICE, "!link default")
    (other,) = await house.hear(ALICE, "!link remove 9")

    assert (said.key, said.lines) == ("error.which_link", ("!accounts",))
    assert (other.key, other.lines) == ("error.no_such_link", ("!accounts",))


async def test_of_several_splits_each_is_a_line_to_copy(house: House) -> None:
    boards = [await house.hear(ALICE, f"!split 9 EUR {BOB} {CAROL}", DINNER) for _ in range(2)]
    ids = {str(board[0].facts["payment"]) for board in boards}
    (close,) = await house.hear(ALICE, "!split close", DINNER)
    (paid,) = await house.hear(ALICE, f"!split paid {BOB} cash", DINNER)

    assert set(close.lines) == {f"!split close {one}" for one in ids}
    assert set(paid.lines) == {f"!split paid {one} {BOB} cash" for one in ids}


async def test_an_example_for_two_names_two_people_of_the_room(house: House) -> None:
    (said,) = await house.hear(ALICE, "!split dinner", DINNER)

    assert said.lines == (f"!split 60 EUR {BOB} {CAROL} for dinner",)


async def test_the_line_that_is_offered_for_two_pays_both(house: House) -> None:
    await house.link(ALICE)
    for behind in (CAROL, "to Carol"):
        (refused,) = await house.hear(ALICE, f"!pay {BOB} 5 EUR {behind}", DINNER)
        (line,) = refused.lines
        (card,) = await house.hear(ALICE, line, DINNER)

        assert refused.key == "error.several_payees"
        assert card.key == "bundle.card"
        assert len(card.facts["parts"]) == 2  # type: ignore[arg-type]  # rows
