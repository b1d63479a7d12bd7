"""Files and pictures that only the room can open: encrypted before the homeserver keeps them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final, Protocol

from nio.crypto.attachments import encrypt_attachment

if TYPE_CHECKING:
    from paybridge.matrix.contents import Rendered
    from paybridge.matrix.wire import Wire
    from paybridge.services.says import Say

PNG: Final = "image/png"
_SCALE: Final = 8
"""Pixels a module: a phone reads it off another phone's screen."""


class Made(Protocol):
    """A file to send."""

    @property
    def name(self) -> str: ...
    @property
    def mimetype(self) -> str: ...
    @property
    def data(self) -> bytes: ...


class FileMaker(Protocol):
    """Makes the file that goes with what is to be said; may take a second, in a thread."""

    def __call__(self, say: Say) -> Made: ...


def no_files(say: Say) -> Made:
    """For who never says anything with a file: only a bug could ask for one."""
    raise AssertionError(f"{say.key} is said with a file where none is made")


def drawn(text: str) -> tuple[bytes, int]:
    """A PNG of the text's QR code, and how many pixels wide and high it is."""
    import segno  # noqa: PLC0415 - only who is shown a code pays for it

    code = segno.make(text, error="m", micro=False)
    file = io.BytesIO()
    code.save(file, kind="png", scale=_SCALE, border=4)
    return file.getvalue(), int(code.symbol_size(scale=_SCALE, border=4)[0])


async def qr_message(wire: Wire, text: str, rendered: Rendered) -> dict[str, Any]:
    """The content of a message that shows the text to a camera, so that nobody need type it."""
    picture, pixels = drawn(text)
    info = {"mimetype": PNG, "size": len(picture), "w": pixels, "h": pixels}
    file = await _kept(wire, picture)
    return {"msgtype": "m.image", "body": rendered.text, "file": file, "info": info, "m.mentions": {}}


async def file_message(wire: Wire, made: Made, rendered: Rendered) -> dict[str, Any]:
    """The content of a message with a file; what it says stands beside it."""
    return {
        "msgtype": "m.file",
        "body": rendered.text,
        "filename": made.name,
        "file": await _kept(wire, made.data),
        "info": {"mimetype": made.mimetype, "size": len(made.data)},
        "m.mentions": {},
    }


async def _kept(wire: Wire, plain: bytes) -> dict[str, Any]:
    """Where the homeserver keeps the file, and the key that opens it."""
    sealed, keys = encrypt_attachment(plain)
    return {"url": await wire.upload(sealed), **keys}
