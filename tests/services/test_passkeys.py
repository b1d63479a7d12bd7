"""Passkeys: enrolled beside a second factor, each approving just one payment, refused if anything is off."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pyotp
import pytest

from paybridge.domain.bundle import Bundle, bundled
from paybridge.domain.factor import FactorState
from paybridge.domain.passkey import CHALLENGE_LIFE, MOST_PASSKEYS
from paybridge.domain.transfer import NotPossibleNowError, TransferState
from paybridge.services.factors import CountedError, NoFactorError
from paybridge.services.open_cards import CardExpiredError
from paybridge.services.passkeys import (
    NoPasskeyError,
    PasskeyCopiedError,
    PasskeyNameError,
    PasskeyRefusedError,
    TooManyPasskeysError,
)
from paybridge.services.ports import SealBrokenError, StaleError, Step
from tests.fakes.authenticator import SoftAuthenticator, to_bytes, to_text
from tests.fakes.database import ask_raw
from tests.fakes.house import ALICE, BOB, CAROL, DINNER, House, keys, words

if TYPE_CHECKING:
    from paybridge.domain.people import Person
    from paybridge.domain.transfer import Transfer

STEP = timedelta(seconds=30)


@dataclass
class Alice:
    """Alice, her phone with an authenticator app, and her passkeys."""

    house: House
    codes: pyotp.TOTP
    phone: SoftAuthenticator

    def digits(self) -> str:
        """Of a step that was not used yet."""
        self.house.clock.pass_by(STEP)
        return self.codes.at(self.house.clock.now())

    async def person(self, mxid: str = ALICE) -> Person:
        found = await self.house.book.person_of(mxid)
        assert found is not None
        return found

    async def enrol(self, name: str = "Phone", phone: SoftAuthenticator | None = None) -> None:
        person = await self.person()
        asked = await self.house.desk.passkeys.ask_to_enrol(person, ALICE)
        await self.house.book.commit(asked.step)
        answer = (phone or self.phone).enrol(asked.options)
        await self.house.book.commit(await self.house.desk.passkeys.enrol(person, answer, name))

    async def card(self, line: str = "!pay @carol:hs 20 EUR") -> Transfer:
        await self.house.hear(ALICE, line, DINNER)
        return (await self.house.book.awaiting_approval((await self.person()).id))[0]

    async def asked(self, card: Transfer, mxid: str = ALICE) -> str:
        asked = await self.house.desk.passkeys.ask_to_approve(await self.person(mxid), card)
        await self.house.book.commit(asked.step)
        return asked.options

    async def approve(self, card: Transfer, answer: str) -> Step:
        """Approve and write it, as a page does; a refusal that is counted is written too."""
        try:
            step, _ = await self.house.desk.approvals.approve_by_passkey(card, answer)
        except CountedError as error:
            await self.house.book.commit(error.step)
            raise
        await self.house.book.commit(step)
        return step

    async def state_of(self, card: Transfer) -> TransferState:
        found = await self.house.book.transfer(card.id)
        assert found is not None
        return found.state


@pytest.fixture
async def alice(house: House) -> Alice:
    """She and Bob have linked accounts, and she a second factor and one passkey."""
    await house.link(ALICE)
    await house.link(BOB, "DE02120300000000202051")
    begun = await house.hear(ALICE, "!mfa on")
    codes = pyotp.parse_uri(str(begun[1].facts["link"]))
    assert isinstance(codes, pyotp.TOTP)
    await house.hear(ALICE, f"!mfa on {codes.at(house.clock.now())}")
    alice = Alice(house, codes, SoftAuthenticator())
    await alice.enrol()
    await house.said()
    return alice


# ---------------------------------------------------------------- the good path


async def test_a_passkey_approves_a_payment_that_needs_the_second_factor(alice: Alice, house: House) -> None:
    card = await alice.card()
    asked = await alice.asked(card)
    await alice.approve(card, alice.phone.approve(asked))
    (held,) = await house.desk.passkeys.held(await alice.person())

    assert await alice.state_of(card) is TransferState.APPROVED
    assert (held.number, held.name, held.taken) == (1, "Phone", True)
    assert held.last_used == house.clock.now()


async def test_its_approval_begins_the_small_payments_anew(alice: Alice, house: House) -> None:
    person = await alice.person()
    first = await alice.card("!pay @bob:hs 20 EUR")
    await alice.approve(first, alice.phone.approve(await alice.asked(first)))
    for _ in range(2):
        await house.hear(ALICE, "!confirm " + (await alice.card("!pay @bob:hs 5 EUR")).code)
    factor = await house.book.factor(person.id)
    again = await alice.card("!pay @bob:hs 5 EUR")
    await alice.approve(again, alice.phone.approve(await alice.asked(again)))
    after = await house.book.factor(person.id)

    assert factor is not None
    assert after is not None
    assert (factor.light_count, factor.light_sum) == (2, 1000)
    assert (after.light_count, after.light_sum) == (0, 0)


async def test_several_may_be_had_and_each_approves(alice: Alice, house: House) -> None:
    laptop = SoftAuthenticator(count=None, packed=True)
    await alice.enrol("Laptop", laptop)
    told = await house.said()
    for phone in (alice.phone, laptop, laptop):
        card = await alice.card()
        await alice.approve(card, phone.approve(await alice.asked(card)))

        assert await alice.state_of(card) is TransferState.APPROVED
    names = [held.name for held in await house.desk.passkeys.held(await alice.person())]

    assert keys(told) == ["mfa.passkey_added"]
    assert told[0].person == ALICE
    assert "Laptop" in words(told)
    assert names == ["Phone", "Laptop"]


async def test_the_question_is_for_this_site_this_person_and_their_own_passkeys(
    alice: Alice, house: House
) -> None:
    person = await alice.person()
    asked = json.loads((await house.desk.passkeys.ask_to_enrol(person, ALICE)).options)
    to_approve = json.loads(await alice.asked(await alice.card()))
    (credential,) = alice.phone.keys

    assert asked["rp"]["id"] == to_approve["rpId"] == "pay.example.org"
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert to_approve["userVerification"] == "required"
    assert to_bytes(asked["user"]["id"]) == person.id.encode()
    assert [one["id"] for one in asked["excludeCredentials"]] == [to_text(credential)]
    assert [one["id"] for one in to_approve["allowCredentials"]] == [to_text(credential)]
    assert len(to_bytes(to_approve["challenge"])) == 32


# ---------------------------------------------------------------- case 42: anything off is refused


async def test_case_42_an_answer_counts_once(alice: Alice) -> None:
    card = await alice.card()
    answer = alice.phone.approve(await alice.asked(card))
    await alice.approve(card, answer)

    with pytest.raises(PasskeyRefusedError):
        await alice.house.desk.passkeys.use(await alice.person(), card, answer)
    with pytest.raises(NotPossibleNowError):
        await alice.approve(replace(card, state=TransferState.APPROVED), answer)


async def test_case_42_of_two_who_give_one_answer_at_once_one_is_refused(alice: Alice) -> None:
    card = await alice.card()
    answer = alice.phone.approve(await alice.asked(card))
    decided = [(await alice.house.desk.approvals.approve_by_passkey(card, answer))[0] for _ in range(2)]
    done = await asyncio.gather(*map(alice.house.book.commit, decided), return_exceptions=True)

    assert [type(one) for one in done if one is not None] == [StaleError]
    assert await alice.state_of(card) is TransferState.APPROVED


@pytest.mark.parametrize(
    "off",
    [
        SoftAuthenticator(origin="https://pay.example.org.evil.net"),
        SoftAuthenticator(origin="http://pay.example.org"),
        SoftAuthenticator(origin="https://pay.example.org:8443"),
        SoftAuthenticator(rp_id="example.org"),
        SoftAuthenticator(verifies=False),
        SoftAuthenticator(cross_origin=True),
    ],
    ids=["other site", "no TLS", "other port", "other rp id", "person not verified", "in a frame"],
)
async def test_case_42_a_wrong_site_or_an_unproven_person_is_refused_and_the_challenge_used_up(
    alice: Alice, house: House, off: SoftAuthenticator
) -> None:
    card = await alice.card()
    off.keys, off.handle = alice.phone.keys, alice.phone.handle
    asked = await alice.asked(card)
    with pytest.raises(PasskeyRefusedError):
        await alice.approve(card, off.approve(asked))
    with pytest.raises(PasskeyRefusedError):
        await alice.approve(card, alice.phone.approve(asked))
    person = await alice.person()
    enrolling = await house.desk.passkeys.ask_to_enrol(person, ALICE)
    await house.book.commit(enrolling.step)

    assert await alice.state_of(card) is TransferState.AWAITING_APPROVAL
    with pytest.raises(PasskeyRefusedError):
        await house.desk.passkeys.enrol(person, off.enrol(enrolling.options), "Other")


async def test_case_42_the_challenge_of_one_payment_approves_no_other_one(alice: Alice) -> None:
    small, large = await alice.card(), await alice.card("!pay @carol:hs 2000 EUR")
    answer = alice.phone.approve(await alice.asked(small))

    with pytest.raises(PasskeyRefusedError):
        await alice.approve(large, answer)
    assert await alice.state_of(large) is TransferState.AWAITING_APPROVAL

    await alice.approve(small, answer)
    assert await alice.state_of(small) is TransferState.APPROVED


async def test_case_42_the_challenge_of_one_payment_fits_no_other_terms_of_it(alice: Alice) -> None:
    card = await alice.card()
    answer = alice.phone.approve(await alice.asked(card))
    others = [
        replace(card, amount=card.amount + card.amount),
        replace(card, payee=card.payer, payee_mxid=ALICE),
        replace(card, source=None if card.source else "another account"),
        replace(card, fee=card.amount),
        replace(card, nonce="another"),
    ]

    for other in others:
        with pytest.raises(PasskeyRefusedError):
            await alice.house.desk.passkeys.use(await alice.person(), other, answer)


async def test_case_42_the_challenge_of_a_payment_to_several_fits_all_of_it_and_nothing_less(
    alice: Alice, house: House
) -> None:
    await house.hear(ALICE, f"!pay {BOB} {CAROL} 20 EUR each", DINNER)
    person = await alice.person()
    card = await house.desk.approvals.find(person.id, None)
    assert isinstance(card, Bundle)
    asked = await house.desk.passkeys.ask_to_approve(person, card)
    await house.book.commit(asked.step)
    answer = alice.phone.approve(asked.options)
    changed = replace(card, parts=(card.parts[0], replace(card.parts[1], nonce="another")))
    for other in (card.parts[0], bundled(card.id, card.parts[:1]), changed):
        with pytest.raises(PasskeyRefusedError):
            await house.desk.passkeys.use(person, other, answer)
    step, _ = await house.desk.approvals.approve_by_passkey(card, answer)
    await house.book.commit(step)

    assert [await alice.state_of(part) for part in card.parts] == [TransferState.APPROVED] * 2


async def test_case_42_a_made_up_challenge_or_one_of_an_enrolment_approves_nothing(
    alice: Alice, house: House
) -> None:
    card = await alice.card()
    asked = json.loads(await alice.asked(card))
    enrolling = await house.desk.passkeys.ask_to_enrol(await alice.person(), ALICE)
    await house.book.commit(enrolling.step)

    for challenge in (to_text(bytes(32)), json.loads(enrolling.options)["challenge"]):
        with pytest.raises(PasskeyRefusedError):
            await alice.approve(card, alice.phone.approve(json.dumps(asked | {"challenge": challenge})))
    assert await alice.state_of(card) is TransferState.AWAITING_APPROVAL


async def test_case_42_an_answer_comes_too_late_after_five_minutes(alice: Alice, house: House) -> None:
    card = await alice.card()
    answer = alice.phone.approve(await alice.asked(card))
    house.clock.pass_by(CHALLENGE_LIFE)

    with pytest.raises(CardExpiredError):
        await alice.approve(card, answer)
    with pytest.raises(PasskeyRefusedError):
        await house.desk.passkeys.use(await alice.person(), card, answer)


async def test_case_42_a_passkey_that_counts_backwards_is_refused_told_and_taken_no_more(
    alice: Alice, house: House
) -> None:
    for _ in range(3):
        card = await alice.card()
        await alice.approve(card, alice.phone.approve(await alice.asked(card)))
    card = await alice.card()
    copy = SoftAuthenticator(count=1, keys=alice.phone.keys, handle=alice.phone.handle)
    await house.said()
    with pytest.raises(PasskeyCopiedError):
        await alice.approve(card, copy.approve(await alice.asked(card)))
    told = await house.said()
    (held,) = await house.desk.passkeys.held(await alice.person())

    assert keys(told) == ["mfa.passkey_copied"]
    assert told[0].person == ALICE
    assert "Phone" in words(told)
    assert not held.taken
    assert await alice.state_of(card) is TransferState.AWAITING_APPROVAL
    with pytest.raises(NoPasskeyError):
        await alice.asked(card)


async def test_the_passkey_of_somebody_else_approves_nothing(alice: Alice, house: House) -> None:
    await house.link(CAROL, "DE75512108001245126199")
    carol = await alice.person(CAROL)
    begun = await house.hear(CAROL, "!mfa on")
    codes = pyotp.parse_uri(str(begun[1].facts["link"]))
    assert isinstance(codes, pyotp.TOTP)
    await house.hear(CAROL, f"!mfa on {codes.at(house.clock.now())}")
    asked = await house.desk.passkeys.ask_to_enrol(carol, CAROL)
    await house.book.commit(asked.step)
    hers = SoftAuthenticator()
    await house.book.commit(await house.desk.passkeys.enrol(carol, hers.enrol(asked.options), "Hers"))
    card = await alice.card()
    (credential,) = hers.keys

    with pytest.raises(PasskeyRefusedError):
        await alice.approve(card, hers.approve(await alice.asked(card), credential=credential))
    assert await alice.state_of(card) is TransferState.AWAITING_APPROVAL


async def test_a_signature_by_another_key_is_refused(alice: Alice) -> None:
    card = await alice.card()
    (credential,) = alice.phone.keys
    stranger = SoftAuthenticator(handle=alice.phone.handle)
    stranger.enrol(json.dumps({"user": {"id": ""}, "challenge": "", "rp": {"id": "x"}}))
    stranger.keys = {credential: next(iter(stranger.keys.values()))}

    with pytest.raises(PasskeyRefusedError):
        await alice.approve(card, stranger.approve(await alice.asked(card)))


@pytest.mark.parametrize(
    "answer", ["", "null", "[]", "{}", '{"rawId": 1}', "x" * 100_000, '{"rawId": "\\ud800"}']
)
async def test_what_is_no_answer_is_refused(alice: Alice, answer: str) -> None:
    card = await alice.card()

    with pytest.raises(PasskeyRefusedError):
        await alice.approve(card, answer)
    with pytest.raises(PasskeyRefusedError):
        await alice.house.desk.passkeys.enrol(await alice.person(), answer, "Name")


# ---------------------------------------------------------------- beside the second factor


async def test_passkeys_end_with_the_factor_that_they_stand_beside(alice: Alice, house: House) -> None:
    await house.hear(ALICE, f"!mfa reset {alice.digits()}")
    person = await alice.person()

    assert not await house.desk.passkeys.can_approve(person.id)
    with pytest.raises(NoFactorError):
        await house.desk.passkeys.ask_to_enrol(person, ALICE)

    begun = await house.hear(ALICE, "!mfa on")
    codes = pyotp.parse_uri(str(begun[1].facts["link"]))
    assert isinstance(codes, pyotp.TOTP)
    house.clock.pass_by(STEP)
    await house.hear(ALICE, f"!mfa on {codes.at(house.clock.now())}")
    (held,) = await house.desk.passkeys.held(person)

    assert not held.taken
    assert not await house.desk.passkeys.can_approve(person.id)


async def test_an_operators_reset_that_was_asked_for_is_over_once_a_passkey_was_used(
    alice: Alice, house: House
) -> None:
    person = await alice.person()
    factor = await house.book.factor(person.id)
    assert factor is not None
    await house.book.commit(
        Step(records=(replace(factor, reset_at=house.clock.now() + timedelta(hours=24)),))
    )
    card = await alice.card()
    await alice.approve(card, alice.phone.approve(await alice.asked(card)))
    after = await house.book.factor(person.id)

    assert after is not None
    assert (after.reset_at, after.state) == (None, FactorState.ACTIVE)


async def test_only_so_many_may_be_had(alice: Alice, house: House) -> None:
    for number in range(MOST_PASSKEYS - 1):
        await alice.enrol(f"Key {number}", SoftAuthenticator())

    with pytest.raises(TooManyPasskeysError):
        await house.desk.passkeys.ask_to_enrol(await alice.person(), ALICE)


@pytest.mark.parametrize("name", ["", "   ", "x" * 41, "a\x00b", "a\u202eb"])
async def test_a_name_is_short_and_can_be_read(alice: Alice, house: House, name: str) -> None:
    asked = await house.desk.passkeys.ask_to_enrol(await alice.person(), ALICE)
    await house.book.commit(asked.step)

    with pytest.raises(PasskeyNameError):
        await house.desk.passkeys.enrol(await alice.person(), alice.phone.enrol(asked.options), name)


# ---------------------------------------------------------------- at rest


async def test_name_credential_and_key_stand_nowhere_in_the_database_in_clear(
    alice: Alice, house: House
) -> None:
    asked = await alice.asked(await alice.card())
    challenge = to_bytes(json.loads(asked)["challenge"])
    (credential,) = alice.phone.keys
    public = next(iter(alice.phone.keys.values())).public_key().public_numbers()
    stored = b"".join(file.read_bytes() for file in house.database.path.parent.iterdir())

    for secret in (b"Phone", credential, public.x.to_bytes(32, "big"), challenge, challenge.hex().encode()):
        assert secret not in stored
    assert to_text(challenge).encode() not in stored


async def test_a_public_key_of_somebody_else_put_in_its_place_opens_nothing(alice: Alice) -> None:
    laptop = SoftAuthenticator()
    await alice.enrol("Laptop", laptop)
    person = await alice.person()
    first, second = await alice.house.book.passkeys(person.id)
    swapped = replace(first, public_key=second.public_key)
    passkeys = alice.house.desk.passkeys

    assert await ask_raw(alice.house.database, "SELECT count(*) FROM passkey") == [(2,)]
    with pytest.raises(SealBrokenError):
        passkeys._open(person, swapped, "public_key")  # noqa: SLF001 - the one place where a key is opened
