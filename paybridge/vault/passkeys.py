"""Checks what passkeys sign, with the library `webauthn`, for the origin at which people reach the bot."""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, Field

from paybridge.services.webauthn import AnswerProvesNothingError, Attested, Claimed

if TYPE_CHECKING:
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

RP_NAME: Final = "PayBridge"
LONGEST_ANSWER: Final = 16 * 1024
_MILLISECONDS: Final = 120_000
_LONGEST_ID: Final = 1023  # bytes: W3C Web Authentication level 3, section 4, "Credential ID"


class _Response(BaseModel):
    client_data: str = Field(alias="clientDataJSON")
    user_handle: str | None = Field(None, alias="userHandle")


class _Answer(BaseModel):
    """What every answer has; the library reads the rest."""

    raw_id: str = Field(alias="rawId")
    response: _Response


class _ClientData(BaseModel):
    challenge: str
    cross_origin: bool = Field(default=False, alias="crossOrigin")


class WebAuthn:
    """`Ceremonies` for the origin of `public_url`.

    The library takes a while and some memory to load, so that it is loaded when a passkey first wants it.
    """

    def __init__(self, public_url: str) -> None:
        parts = urlsplit(public_url)
        self._rp_id = parts.hostname or ""
        self._origin = f"{parts.scheme}://{parts.netloc}"

    def ask_to_enrol(self, challenge: bytes, person: str, name: str, known: Sequence[bytes]) -> str:
        from webauthn import generate_registration_options, options_to_json
        from webauthn.helpers import structs

        return options_to_json(
            generate_registration_options(
                rp_id=self._rp_id,
                rp_name=RP_NAME,
                user_id=person.encode(),
                user_name=name,
                challenge=challenge,
                timeout=_MILLISECONDS,
                authenticator_selection=structs.AuthenticatorSelectionCriteria(
                    resident_key=structs.ResidentKeyRequirement.PREFERRED,
                    user_verification=structs.UserVerificationRequirement.REQUIRED,
                ),
                exclude_credentials=_described(known),
            )
        )

    def ask_to_approve(self, challenge: bytes, known: Sequence[bytes]) -> str:
        from webauthn import generate_authentication_options, options_to_json
        from webauthn.helpers import structs

        return options_to_json(
            generate_authentication_options(
                rp_id=self._rp_id,
                challenge=challenge,
                timeout=_MILLISECONDS,
                allow_credentials=_described(known),
                user_verification=structs.UserVerificationRequirement.REQUIRED,
            )
        )

    def claimed(self, answer: str) -> Claimed:
        read = _read(answer)
        return Claimed(_bytes(_client_data(read).challenge), _bytes(read.raw_id))

    def enrolled(self, answer: str, challenge: bytes) -> Attested:
        from webauthn import verify_registration_response
        from webauthn.helpers import decode_credential_public_key, decoded_public_key_to_cryptography

        _check_frame(_read(answer))
        with _proving():
            found = verify_registration_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                require_user_verification=True,
            )
            # A key that is none would only be found out when it is to approve something.
            decoded_public_key_to_cryptography(decode_credential_public_key(found.credential_public_key))
        if len(found.credential_id) > _LONGEST_ID:
            raise AnswerProvesNothingError("the credential's id is too long")
        return Attested(found.credential_id, found.credential_public_key, found.sign_count)

    def approved(self, answer: str, challenge: bytes, person: str, public_key: bytes) -> int:
        from webauthn import verify_authentication_response

        read = _read(answer)
        _check_frame(read)
        handle = read.response.user_handle
        if handle and _bytes(handle) != person.encode():
            raise AnswerProvesNothingError("the credential is kept for somebody else")
        with _proving():
            found = verify_authentication_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                credential_public_key=public_key,
                # Counting is ours: whoever counts backwards is told so.
                credential_current_sign_count=0,
                require_user_verification=True,
            )
        return found.new_sign_count


def _described(known: Sequence[bytes]) -> list[PublicKeyCredentialDescriptor]:
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

    return [PublicKeyCredentialDescriptor(id=credential) for credential in known]


def _read(answer: str) -> _Answer:
    if len(answer) > LONGEST_ANSWER:
        raise AnswerProvesNothingError("the answer is too long")
    with _proving():
        return _Answer.model_validate_json(answer)


def _client_data(read: _Answer) -> _ClientData:
    client_data = _bytes(read.response.client_data)
    with _proving():
        return _ClientData.model_validate_json(client_data)


def _check_frame(read: _Answer) -> None:
    """Somebody else's page may have had ours within it (W3C Web Authentication level 3, section 13.4.9)."""
    if _client_data(read).cross_origin:
        raise AnswerProvesNothingError("answered within a page of somebody else's")


def _bytes(text: str) -> bytes:
    """What is written in base64url without padding (RFC 4648 section 5)."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise AnswerProvesNothingError("no base64url where it should be") from error


@contextmanager
def _proving() -> Iterator[None]:
    """What the library says of an answer becomes ours; over garbage it stumbles in several other ways."""
    from cbor2 import CBORError
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        yield
    except WebAuthnException as error:
        raise AnswerProvesNothingError(str(error)) from error
    except (CBORError, ValueError, TypeError, LookupError, AttributeError, struct.error) as error:
        raise AnswerProvesNothingError(type(error).__name__) from error
