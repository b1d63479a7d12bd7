"""What the use cases need of Web Authentication: questions for a browser, and what its answers prove."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class AnswerProvesNothingError(Exception):
    """An answer is not what it should be; the text says why, for the log, and holds nothing of the answer."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """What an answer says of itself, before anything of it is proven: its challenge, its credential's id."""

    challenge: bytes
    credential: bytes


@dataclass(frozen=True, slots=True)
class Attested:
    """A new credential: its id, its public key (COSE), and how often it has signed."""

    credential: bytes
    public_key: bytes
    sign_count: int


class Ceremonies(Protocol):
    """Questions and answers of Web Authentication, for one origin; questions and answers are JSON.

    What reads an answer raises `AnswerProvesNothingError`.
    """

    def ask_to_enrol(self, challenge: bytes, person: str, name: str, known: Sequence[bytes]) -> str:
        """What `navigator.credentials.create` wants; `known` are ids of credentials that are there already.

        `person` is the person's opaque id, `name` what they are shown by.
        """

    def ask_to_approve(self, challenge: bytes, known: Sequence[bytes]) -> str:
        """What `navigator.credentials.get` wants, with the ids of the credentials that may answer."""

    def claimed(self, answer: str) -> Claimed:
        """What the answer says of itself."""

    def enrolled(self, answer: str, challenge: bytes) -> Attested:
        """The credential that this answer brings, if it answers this challenge."""

    def approved(self, answer: str, challenge: bytes, person: str, public_key: bytes) -> int:
        """How often the credential has signed, if the answer is its signature of this challenge."""
