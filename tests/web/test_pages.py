"""The pages behind one-time links: what they show and do, once, for the right person, from our page alone."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from paybridge.domain.one_time_link import hash_of
from paybridge.domain.transfer import TransferState
from tests.fakes.database import ask_raw
from tests.fakes.house import ALICE, BOB, CAROL, DINNER, House, keys, open_house, words
from tests.web.visitors import HOST, PUBLIC, SAME_ORIGIN, Browser, Phone, card, enrolled, path_in, with_factor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

WRONG = {"deed": "approve", "digits": "000000"}


async def states(house: House) -> list[TransferState]:
    """The states of all payments."""
    return [TransferState(row[0]) for row in await ask_raw(house.database, "SELECT state FROM transfer")]


async def bobs(house: House) -> int:
    await house.carry()
    return await house.balance(BOB)


# ---------------------------------------------------------------- what it is good for


async def test_a_payment_is_approved_on_its_page_with_the_second_factor(
    house: House, browser: Browser
) -> None:
    phone = await with_factor(house)
    path = await card(house)
    page = await browser.open(path)
    done = await browser.fill_in(path, deed="approve", digits=phone.shows_next())
    said = keys(await house.said())

    assert page.status == 200
    for shown in ("40.00 EUR", "Bob", BOB, "pizza", "Fee", "Total", "•• 3000"):
        assert shown in page.words
    assert done.status == 200
    assert "Approved" in done.words
    assert said == ["pay.on_its_way"]
    assert await bobs(house) == 4000


async def test_a_payment_is_declined_on_its_page_without_any_digits(house: House, browser: Browser) -> None:
    await with_factor(house)
    path = await card(house)
    done = await browser.fill_in(path, deed="decline")

    assert "Declined" in done.words
    assert keys(await house.said()) == ["pay.cancelled"]
    assert await states(house) == [TransferState.CANCELLED]
    assert await bobs(house) == 0


async def test_a_cash_out_shows_the_account_and_is_approved_on_its_page(
    house: House, browser: Browser
) -> None:
    phone = await with_factor(house)
    await house.fund(ALICE, 900)
    (shown,) = await house.hear(ALICE, "!cashout 1 EUR")
    page = await browser.open(path_in(shown))
    await browser.fill_in(path_in(shown), deed="approve", digits=phone.shows_next())

    assert "Approve this cash-out" in page.words
    assert "•• 3000" in page.words
    assert "page: https://pay.example.org/approve/" in words([shown])
    assert keys(await house.said()) == ["cashout.on_its_way"]


async def test_a_second_factor_is_set_up_on_its_page_and_its_key_is_taken_back(
    house: House, browser: Browser
) -> None:
    begun = await house.hear(ALICE, "!mfa on")
    await house.send_all()
    path = path_in(begun[1])
    page = await browser.open(path)
    phone = Phone(house, str(begun[1].facts["link"]))
    done = await browser.fill_in(path, digits=phone.shows_next())
    said = await house.said()

    assert str(begun[1].facts["key"]) in page.words
    assert "<svg" in page.html
    assert len(re.findall(r"(?:[A-Z2-7]{4}-){3}[A-Z2-7]{4}", done.html)) == 10
    assert keys(said) == ["mfa.on_by_page", "mfa.hidden", "mfa.hidden"]
    assert {say.takes_back for say in said[1:]} == {say.slot for say in begun}
    assert keys(await house.hear(ALICE, f"!mfa test {phone.shows_next()}")) == ["mfa.works"]
    assert (await browser.open(path)).status == 410


async def test_pages_speak_the_language_of_their_person_or_of_the_browser(
    house: House, browser: Browser
) -> None:
    await with_factor(house)
    await house.hear(ALICE, "!lang zh")
    path = await card(house)
    page = await browser.open(path, **{"Accept-Language": "en"})
    unknown = await browser.open("/approve/" + "a" * 43, **{"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"})

    assert '<html lang="zh">' in page.html
    assert "确认这笔付款" in page.words
    assert '<html lang="zh">' in unknown.html


async def test_without_a_public_address_no_link_is_offered(tmp_path: Path) -> None:
    house = await open_house(tmp_path)
    await house.link(ALICE)
    begun = await house.hear(ALICE, "!mfa on")
    await house.database.close()

    assert begun[1].facts["page"] == ()
    assert "http" not in words(begun).replace("otpauth://", "")


async def test_a_low_value_payment_is_offered_no_page(house: House) -> None:
    phone = await with_factor(house)
    await house.hear(ALICE, f"!pay {BOB} 5 EUR", DINNER)
    await house.hear(ALICE, phone.shows_next())
    await house.carry()
    (shown,) = await house.hear(ALICE, f"!pay {BOB} 2 EUR", DINNER)

    assert shown.facts["page"] == ()


async def test_what_people_wrote_is_shown_on_a_page_and_never_obeyed(house: House, browser: Browser) -> None:
    await with_factor(house)
    path = await card(house, f"!pay {BOB} 40 EUR <script>alert(1)</script> \u202eevil")
    page = await browser.open(path)

    assert "<script" not in page.html
    assert "&lt;script&gt;" in page.html
    assert "\u202e" not in page.html


# ---------------------------------------------------------------- case 41: once, the right person


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_case_41_looking_at_a_link_never_uses_it_up(
    house: House, browser: Browser, method: str
) -> None:
    phone = await with_factor(house)
    path = await card(house)
    seen = [(await browser.open(path, method)).status for _ in range(5)]
    before = await states(house)
    await browser.fill_in(path, deed="approve", digits=phone.shows_next())

    assert seen == [200] * 5
    assert before == [TransferState.AWAITING_APPROVAL]
    assert await bobs(house) == 4000


async def test_case_41_a_link_that_was_used_does_nothing_more_and_says_what_to_type(
    house: House, browser: Browser
) -> None:
    phone = await with_factor(house)
    path = await card(house)
    proof = (await browser.open(path)).proof
    form = {"proof": proof, "deed": "approve", "digits": phone.shows_next()}
    first = await browser.send(path, form)
    second = await browser.send(path, {**form, "digits": phone.shows_next()})
    declined = await browser.send(path, {**form, "deed": "decline"})
    looked = await browser.open(path)

    assert [one.status for one in (first, second, declined, looked)] == [200, 410, 410, 410]
    assert "!status" in second.words
    assert keys(await house.said()) == ["pay.on_its_way"]
    assert await bobs(house) == 4000


async def test_case_41_of_two_forms_at_the_same_moment_one_counts(house: House, browser: Browser) -> None:
    phone = await with_factor(house)
    for _ in range(10):
        path = await card(house)
        form = {"proof": (await browser.open(path)).proof, "deed": "approve", "digits": phone.shows_next()}
        answers = await asyncio.gather(*(browser.send(path, form) for _ in range(3)))
        statuses = sorted(one.status for one in answers)

        assert statuses == [200, 410, 410]
        house.clock.pass_by(timedelta(minutes=2))
    assert await bobs(house) == 40_000


@pytest.mark.parametrize("deed", ["approve", "decline"])
async def test_case_41_a_link_is_used_up_by_the_very_step_that_it_sets_off(
    house: House, browser: Browser, deed: str
) -> None:
    phone = await with_factor(house)
    path = await card(house)
    kept = "SELECT used, wrong FROM one_time_link WHERE purpose = 'approve'"
    await browser.open(path)
    await browser.fill_in(path, deed="approve", digits="000000")
    before = await ask_raw(house.database, kept)
    await browser.fill_in(path, deed=deed, digits=phone.shows_next())

    assert [tuple(row) for row in before] == [(0, 1)]
    assert [tuple(row) for row in await ask_raw(house.database, kept)] == [(1, 1)]


async def test_case_41_page_and_chat_together_pay_once(house: House, browser: Browser) -> None:
    phone = await with_factor(house)
    path = await card(house)
    page = await browser.open(path)
    in_chat = keys(await house.hear(ALICE, phone.shows_next()))
    late = await browser.send(path, {"proof": page.proof, "deed": "approve", "digits": phone.shows_next()})

    assert in_chat == ["pay.on_its_way"]
    assert late.status == 410
    assert await bobs(house) == 4000


async def test_case_41_a_link_is_over_after_ten_minutes_and_with_its_card(
    house: House, browser: Browser
) -> None:
    begun = await house.hear(ALICE, "!mfa on")
    path = path_in(begun[1])
    house.clock.pass_by(timedelta(minutes=9, seconds=59))
    still = await browser.open(path)
    house.clock.pass_by(timedelta(seconds=1))
    over = await browser.open(path)
    await with_factor(house)
    paying = await card(house)
    house.clock.pass_by(timedelta(minutes=5))

    assert [still.status, over.status] == [200, 410]
    assert (await browser.open(paying)).status == 410


async def test_case_41_nobody_elses_code_approves_and_three_wrong_ones_end_the_link_not_the_factor(
    house: House, browser: Browser
) -> None:
    phone = await with_factor(house)
    carols = await enrolled(house, CAROL)
    path = await card(house)
    proof = (await browser.open(path)).proof
    answers = []
    for _ in range(4):
        form = {"proof": proof, "deed": "approve", "digits": carols.shows_next()}
        answers.append(await browser.send(path, form))

    assert [one.status for one in answers] == [422, 422, 410, 410]
    assert "These digits are not right" in answers[0].words
    assert 'aria-invalid="true"' in answers[0].html
    assert keys(await house.hear(ALICE, f"!mfa test {phone.shows_next()}")) == ["mfa.works"]
    assert await bobs(house) == 0


async def test_case_41_a_link_serves_its_own_purpose_alone(house: House, browser: Browser) -> None:
    begun = await house.hear(ALICE, "!mfa on")
    enrol = path_in(begun[1])
    await with_factor(house)
    approve = await card(house)
    swapped = [
        await browser.open(approve.replace("/approve/", "/enrol/")),
        await browser.open(enrol.replace("/enrol/", "/approve/")),
    ]

    assert [one.status for one in swapped] == [404, 404]


async def test_case_41_a_newer_key_ends_the_link_of_the_one_before(house: House, browser: Browser) -> None:
    first = path_in((await house.hear(ALICE, "!mfa on"))[1])
    house.clock.pass_by(timedelta(seconds=1))
    second = path_in((await house.hear(ALICE, "!mfa on"))[1])

    assert (await browser.open(first)).status == 410
    assert (await browser.open(second)).status == 200


async def test_case_41_only_the_hash_of_a_token_is_kept(house: House) -> None:
    await with_factor(house)
    token = (await card(house)).rpartition("/")[2]
    await house.send_all()
    stored = b"".join(file.read_bytes() for file in house.database.path.parent.iterdir())
    (row,) = await ask_raw(house.database, "SELECT id FROM one_time_link WHERE purpose = 'approve'")

    assert len(token) == 43
    assert row[0] == hash_of(token)
    assert token.encode() not in stored


async def test_case_41_somebody_whose_identity_is_frozen_approves_nothing(
    house: House, browser: Browser
) -> None:
    phone = await with_factor(house)
    await house.pins.meet(ALICE, "first", vouched=True)
    path = await card(house)
    proof = (await browser.open(path)).proof
    await house.pins.meet(ALICE, "second", vouched=True)
    refused = await browser.send(path, {"proof": proof, "deed": "approve", "digits": phone.shows_next()})

    assert refused.status == 409
    assert "encryption identity" in refused.words
    assert await states(house) == [TransferState.AWAITING_APPROVAL]


async def test_what_a_page_refuses_changes_nothing_and_leaves_the_link_open(
    house: House, browser: Browser
) -> None:
    phone = await with_factor(house)
    path = await card(house)
    no_digits = await browser.fill_in(path, deed="approve", digits="12345")
    house.rooms.leave(DINNER, BOB)
    gone = await browser.fill_in(path, deed="approve", digits=phone.shows_next())
    house.rooms.join(DINNER, BOB)
    done = await browser.fill_in(path, deed="approve", digits=phone.shows_next())

    assert [one.status for one in (no_digits, gone, done)] == [422, 409, 200]
    assert await bobs(house) == 4000


# ---------------------------------------------------------------- case 43: forged forms, frames, hosts


@pytest.mark.parametrize(
    "sent",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site", "Origin": "https://other.example.org"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": PUBLIC},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://pay.example.org"},
        {"Origin": "null"},
        {},
    ],
    ids=str,
)
async def test_case_43_a_form_from_anywhere_else_is_refused(
    house: House, browser: Browser, sent: dict[str, str]
) -> None:
    phone = await with_factor(house)
    path = await card(house)
    proof = (await browser.open(path)).proof
    digits = phone.shows_next()
    refused = await browser.send(path, {"proof": proof, "deed": "approve", "digits": digits}, sent)

    assert refused.status == 403
    assert await states(house) == [TransferState.AWAITING_APPROVAL]
    assert keys(await house.hear(ALICE, f"!mfa test {digits}")) == ["mfa.works"]


@pytest.mark.parametrize(
    "sent", [SAME_ORIGIN, {"Origin": PUBLIC}, {"Sec-Fetch-Site": "same-origin"}], ids=str
)
async def test_case_43_our_own_form_is_taken_from_every_browser(
    house: House, browser: Browser, sent: dict[str, str]
) -> None:
    await with_factor(house)
    path = await card(house)
    proof = (await browser.open(path)).proof

    assert (await browser.send(path, {"proof": proof, "deed": "decline"}, sent)).status == 200


@pytest.mark.parametrize("given", ["", "0" * 64, "ä", None, "other"])
async def test_case_43_a_form_without_the_proof_of_its_own_page_is_refused(
    house: House, browser: Browser, given: str | None
) -> None:
    await with_factor(house)
    path = await card(house)
    other = (await browser.open(await card(house))).proof
    proof = {} if given is None else {"proof": other if given == "other" else given}
    refused = await browser.send(path, {**proof, "deed": "decline"})

    assert refused.status == 403
    assert await states(house) == [TransferState.AWAITING_APPROVAL] * 2


@pytest.mark.parametrize(
    "host",
    ["evil.example", "pay.example.org.evil.example", "pay.example.org:8443", "x@pay.example.org", "", "["],
)
async def test_case_43_a_forged_host_header_gets_no_page(house: House, browser: Browser, host: str) -> None:
    await with_factor(house)
    path = await card(house)
    refused = await browser.open(path, Host=host)
    posted = await browser.send(path, {"deed": "decline"}, {**SAME_ORIGIN, "Host": host})

    assert [refused.status, posted.status] == [421, 421]
    assert host == "" or host not in refused.html + str(refused.headers)
    assert (await browser.open(path, Host=f"{HOST.upper()}:443")).status == 200


async def test_case_43_no_page_can_be_framed_cached_or_told_to_anybody(
    house: House, browser: Browser
) -> None:
    await with_factor(house)
    enrol = path_in((await house.hear(CAROL, "!mfa on"))[1])
    pages = [await browser.open(path) for path in (await card(house), enrol, "/approve/" + "a" * 43)]

    assert [page.status for page in pages] == [200, 200, 404]
    for page in pages:
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert page.headers["X-Frame-Options"] == "DENY"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in page.headers


async def test_case_43_a_page_asks_nobody_else_for_anything_and_holds_no_script_or_style_of_its_own(
    house: House, browser: Browser
) -> None:
    await with_factor(house)
    enrol = path_in((await house.hear(CAROL, "!mfa on"))[1])
    for path in (await card(house), enrol, "/approve/x"):
        page = await browser.open(path)
        asked = re.findall(r'(?:src|action|data|<link[^>]* href)="?([^" >]*)', page.html)

        assert asked
        assert all(one.startswith("../static/") for one in asked)
        assert not re.search(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=", page.html)
    style = await browser.open("/static/page.css")
    assert "immutable" in style.headers["Cache-Control"]
    assert "url(" not in style.html
    assert "@import" not in style.html


@pytest.mark.parametrize(
    "path", ["/approve/x", "/approve/x?next=https://evil.example", "/approve//evil.example"]
)
async def test_case_43_nothing_is_ever_sent_on_to_another_place(browser: Browser, path: str) -> None:
    for method in ("GET", "POST"):
        answer = await browser.open(path, method)

        assert answer.status in {403, 404}
        assert "Location" not in answer.headers
        assert "evil" not in answer.html


async def test_case_43_a_form_is_short_plain_and_says_its_length(house: House, browser: Browser) -> None:
    await with_factor(house)
    path = await card(house)
    proof = (await browser.open(path)).proof
    form = {"proof": proof, "deed": "decline"}
    long = await browser.send(path, {**form, "digits": "1" * 17_000})
    as_json = browser.session.post(path, json=form, headers={**browser.headers, **SAME_ORIGIN})

    async def pieces() -> AsyncIterator[bytes]:
        yield b"deed=decline"

    unknown = browser.session.post(
        path,
        data=pieces(),
        headers={**browser.headers, **SAME_ORIGIN, "Content-Type": "application/x-www-form-urlencoded"},
    )
    async with as_json as json_answer, unknown as endless:
        statuses = (long.status, json_answer.status, endless.status)

    assert statuses == (413, 415, 411)
    assert await states(house) == [TransferState.AWAITING_APPROVAL]


async def test_a_link_is_not_tried_faster_than_a_person_types(house: House, browser: Browser) -> None:
    await with_factor(house)
    path = await card(house)
    statuses = [(await browser.send(path, {"proof": "no"})).status for _ in range(8)]
    house.clock.pass_by(timedelta(seconds=5))

    assert statuses == [403] * 6 + [429] * 2
    assert (await browser.send(path, {"proof": "no"})).status == 403


# ---------------------------------------------------------------- case 44: guessing


async def test_case_44_a_guessed_id_shows_nobodys_payment(house: House, browser: Browser) -> None:
    await with_factor(house)
    path = await card(house)
    alice = (await house.desk.people.know(ALICE)).person.id
    (payment,) = await house.book.awaiting_approval(alice)
    token = path.rpartition("/")[2]
    guesses = [
        payment.id,
        payment.code,
        hash_of(token),
        token[:-1],
        token[:-1] + "!",
        token.lower(),
        "..",
        "%00",
    ]
    answers = [await browser.open(f"/approve/{guess}") for guess in guesses]
    elsewhere = [await browser.open(f"/{place}/{payment.id}") for place in ("receipt", "receipts", "status")]

    assert {one.status for one in (*answers, *elsewhere)} == {404}
    for one in (*answers, *elsewhere):
        assert "40.00" not in one.words
        assert BOB not in one.words


async def test_no_page_writes_its_token_or_what_was_typed_into_the_log(
    house: House, browser: Browser
) -> None:
    await with_factor(house)
    path = await card(house)
    with capture_logs() as lines:
        await browser.fill_in(path, **WRONG)
        house.rooms.away = True
        away = await browser.fill_in(path, deed="approve", digits="123456")

    assert away.status == 503
    assert path.rpartition("/")[2] not in str(lines)
    assert "000000" not in str(lines)
