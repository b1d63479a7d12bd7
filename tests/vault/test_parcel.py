"""A parcel comes out as it went in, or not at all."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paybridge.services.ports import SealBrokenError
from paybridge.vault import MasterKey
from paybridge.vault.parcel import PIECE, OpeningReader, SealingWriter

KEY, OTHER = MasterKey(b"k" * 32), MasterKey(b"o" * 32)
HEAD, SEALED = 36, PIECE + 16


def sealed(plain: bytes, key: MasterKey | str = KEY, step: int = 10_000) -> bytes:
    target = io.BytesIO()
    with SealingWriter(target, key) as writer:
        for start in range(0, len(plain), step):
            writer.write(plain[start : start + step])
    return target.getvalue()


def opened(parcel: bytes, key: MasterKey | str = KEY, step: int = -1) -> bytes:
    reader = OpeningReader(io.BytesIO(parcel), key)
    parts = []
    while part := reader.read(step):
        parts.append(part)
    return b"".join(parts)


@given(
    st.sampled_from([0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * PIECE + 7]),
    st.sampled_from([1000, PIECE, 10 * PIECE]),
)
def test_it_comes_out_as_it_went_in(length: int, step: int) -> None:
    plain = bytes(number * 7 % 256 for number in range(256)) * (length // 256 + 1)

    assert opened(sealed(plain[:length], step=step), step=step) == plain[:length]


def test_the_same_is_never_sealed_twice_alike() -> None:
    assert sealed(b"the same") != sealed(b"the same")


@pytest.mark.parametrize("place", [0, 20, HEAD, HEAD + 5, HEAD + SEALED, HEAD + 2 * SEALED + 3, -1])
def test_one_bit_changed_anywhere_is_noticed(place: int) -> None:
    parcel = bytearray(sealed(b"x" * (2 * PIECE + 100)))
    parcel[place] ^= 1

    with pytest.raises(SealBrokenError):
        opened(bytes(parcel))


@pytest.mark.parametrize("kept", [0, HEAD - 1, HEAD, HEAD + 10, HEAD + SEALED, HEAD + 2 * SEALED, -1])
def test_what_was_cut_off_is_noticed(kept: int) -> None:
    parcel = sealed(b"x" * (2 * PIECE + 100))

    with pytest.raises(SealBrokenError):
        opened(parcel[:kept])


def test_pieces_cannot_be_left_out_moved_or_added() -> None:
    parcel = sealed(b"a" * PIECE + b"b" * PIECE + b"c")
    head, first, second, last = (
        parcel[:HEAD],
        parcel[HEAD : HEAD + SEALED],
        parcel[HEAD + SEALED : HEAD + 2 * SEALED],
        parcel[HEAD + 2 * SEALED :],
    )

    for forged in (head + second + first + last, head + first + last, parcel + last, head + last):
        with pytest.raises(SealBrokenError):
            opened(forged)


def test_another_key_opens_nothing_at_once() -> None:
    with pytest.raises(SealBrokenError, match="the key is wrong"):
        OpeningReader(io.BytesIO(sealed(b"secret")), OTHER)


def test_a_passphrase_opens_what_it_sealed_and_nothing_else_does() -> None:
    parcel = sealed(b"secret", "correct horse")

    assert opened(parcel, "correct horse") == b"secret"
    with pytest.raises(SealBrokenError, match="the key is wrong"):
        opened(parcel, "wrong horse")
    with pytest.raises(SealBrokenError, match="it was sealed with a passphrase"):
        opened(parcel)
    with pytest.raises(SealBrokenError, match="it was sealed with the master key"):
        opened(sealed(b"secret"), "correct horse")


def test_what_broke_off_while_it_was_sealed_is_no_parcel() -> None:
    target = io.BytesIO()

    def break_off() -> None:
        with SealingWriter(target, KEY) as writer:
            writer.write(b"half")
            raise ConnectionError

    with pytest.raises(ConnectionError):
        break_off()
    with pytest.raises(SealBrokenError):
        opened(target.getvalue())


def test_what_is_no_parcel_is_said_to_be_none() -> None:
    with pytest.raises(SealBrokenError, match="no backup of PayBridge"):
        opened(b"something else entirely, and long enough to be one")
