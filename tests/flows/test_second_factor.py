"""The second factor as people meet it: a picture to scan, six digits to type, and messages that go away."""

from __future__ import annotations

import re
import struct
import time
import zlib
from typing import TYPE_CHECKING

import pyotp
import zxingcpp

from paybridge.demo.person import Person
from tests.flows.dinner import about, dinner, payment_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from paybridge.demo.stage import Stage
    from paybridge.demo.timeline import Seen
    from tests.harness import People

LINK = re.compile(r"otpauth://\S+")
STEP_SECONDS = 30


async def downloaded(person: Person, seen: Seen) -> bytes:
    """The picture of an encrypted message, as a client opens it."""
    return await person.download(seen)


def seen_by_a_phone(png: bytes) -> str:
    """What a reader of codes makes of a black and white PNG."""
    width, height = struct.unpack(">II", png[16:24])
    packed, place = b"", 8
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        if png[place + 4 : place + 8] == b"IDAT":
            packed += png[place + 8 : place + 8 + length]
        place += length + 12
    raw, stride, above = zlib.decompress(packed), (width + 7) // 8 + 1, bytes((width + 7) // 8)
    shades = bytearray()
    for row in range(height):
        how, *filtered = raw[row * stride : (row + 1) * stride]
        assert how in {0, 2}  # none, or the difference to the row above
        above = (
            bytes(filtered)
            if how == 0
            else bytes((a + b) % 256 for a, b in zip(above, filtered, strict=True))
        )
        shades += bytes(255 if above[x // 8] >> (7 - x % 8) & 1 else 0 for x in range(width))
    (read,) = zxingcpp.read_barcodes(memoryview(bytes(shades)).cast("B", shape=(height, width)))
    return str(read.text)


def is_gone(message: Seen) -> Callable[[Seen], bool]:
    return lambda seen: seen.event_id == message.event_id and seen.redacted


def next_code(link: str, after: int = 0) -> tuple[str, int]:
    """The code of the earliest step later than `after` that the bot takes now, and that step."""
    codes = pyotp.parse_uri(link)
    assert isinstance(codes, pyotp.TOTP)
    now = int(time.time() // STEP_SECONDS)
    step = max(now - 1, after + 1)
    return codes.generate_otp(step), step


async def test_a_factor_is_scanned_typed_asked_for_and_used_up(stage: Stage, people: People) -> None:
    alice, bob = await dinner(stage, people, "Alice", "Bob", linked=("Alice", "Bob"))
    typed = await alice.types("!mfa on", alice.chat)
    begun = await alice.hears("otpauth://", alice.chat, after=typed)
    picture = await alice.hears("QR code", alice.chat, after=typed)
    found = LINK.search(begun.body)
    assert found is not None
    assert isinstance(alice.person, Person)
    link, scanned = found[0], seen_by_a_phone(await downloaded(alice.person, picture))
    code, step = next_code(link)
    done = await alice.asks(f"!mfa on {code}", "Your second factor is on", alice.chat)
    for secret in (begun, picture):
        await alice.person.wait_for(alice.chat, is_gone(secret))
    card = await alice.drafts(f"!pay {bob.id} 40 EUR")
    own = await alice.hears("type the six digits of", alice.chat)
    refused = await alice.asks("!yes", "needs your second factor")
    code, _ = next_code(link, step)
    await alice.types(code, alice.chat)
    receipt = await bob.sees(payment_of(card), "settled")
    again = await alice.asks(f"!mfa test {code}", "does not fit", alice.chat)

    assert scanned == link
    assert len(re.findall(r"^(?:[A-Z2-7]{4}-){3}[A-Z2-7]{4}$", done.body, re.MULTILINE)) == 10
    assert "40.00 EUR" in own.body
    assert f"!confirm {about(card)['code']} 123456" in refused.body
    assert "Nothing was sent" not in again.body
    assert receipt.body.startswith(f"✓ Alice ({alice.id}) paid Bob ({bob.id}) 40.00 EUR")
    assert await alice.moved(payment_of(card)) == [-4000]
