"""Answers of passkeys as the library reads them: right ones are taken, and of all others it says the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paybridge.services.webauthn import AnswerProvesNothingError
from paybridge.vault.passkeys import WebAuthn
from tests.fakes.authenticator import ORIGIN, SoftAuthenticator, to_bytes, to_text

CHALLENGE = bytes(range(32))
OURS = WebAuthn(ORIGIN)
PHONE = SoftAuthenticator()
ENROLLED = PHONE.enrol(OURS.ask_to_enrol(CHALLENGE, "alice", "@alice:hs", ()))
ATTESTED = OURS.enrolled(ENROLLED, CHALLENGE)
APPROVED = PHONE.approve(OURS.ask_to_approve(CHALLENGE, [ATTESTED.credential]))
FIELDS = {
    ENROLLED: ("clientDataJSON", "attestationObject"),
    APPROVED: ("clientDataJSON", "authenticatorData", "signature", "userHandle"),
}


def read(answer: str, text: str) -> None:
    """Take it for what the answer that it was made of is."""
    if answer is ENROLLED:
        OURS.enrolled(text, CHALLENGE)
    else:
        OURS.approved(text, CHALLENGE, "alice", ATTESTED.public_key)


def test_a_right_answer_says_what_it_answers_and_how_often_the_passkey_has_signed() -> None:
    claimed = OURS.claimed(APPROVED)
    count = OURS.approved(APPROVED, CHALLENGE, "alice", ATTESTED.public_key)

    assert claimed.challenge == CHALLENGE
    assert claimed.credential == ATTESTED.credential
    assert count == 1


@pytest.mark.parametrize("answer", [ENROLLED, APPROVED], ids=["enrolled", "approved"])
@given(data=st.data())
def test_of_an_answer_that_was_changed_nothing_is_proven(answer: str, data: st.DataObject) -> None:
    told: dict[str, Any] = json.loads(answer)
    field = data.draw(st.sampled_from(FIELDS[answer]))
    plain = to_bytes(told["response"][field])
    place = data.draw(st.integers(0, len(plain) - 1))
    cut = data.draw(st.booleans())
    changed = plain[:place] if cut else plain[:place] + data.draw(st.binary(max_size=9)) + plain[place + 1 :]
    told["response"][field] = to_text(changed)
    if changed == plain:
        return
    try:
        read(answer, json.dumps(told))
    except AnswerProvesNothingError:
        return

    # An enrolment without an attestation is signed by nobody; an empty handle says nothing.
    assert answer is ENROLLED or (field, changed) == ("userHandle", b"")


@given(text=st.text() | st.recursive(st.none() | st.text(), st.lists).map(json.dumps))
def test_what_is_no_answer_at_all_proves_nothing(text: str) -> None:
    with pytest.raises(AnswerProvesNothingError):
        OURS.claimed(text)
    for answer in FIELDS:
        with pytest.raises(AnswerProvesNothingError):
            read(answer, text)


def test_a_key_that_is_none_is_refused_when_it_is_enrolled() -> None:
    told = json.loads(ENROLLED)
    attestation = bytearray(to_bytes(told["response"]["attestationObject"]))
    x = PHONE.keys[ATTESTED.credential].public_key().public_numbers().x.to_bytes(32, "big")
    at = attestation.index(x)
    attestation[at : at + 32] = b"\xff" * 32  # more than the field of P-256 has
    told["response"]["attestationObject"] = to_text(bytes(attestation))

    with pytest.raises(AnswerProvesNothingError):
        OURS.enrolled(json.dumps(told), CHALLENGE)
