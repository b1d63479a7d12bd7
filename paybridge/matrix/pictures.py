"""A text as a QR code, sent as an encrypted picture: who shows it to a camera need not type it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

import segno
from nio.crypto.attachments import encrypt_attachment

if TYPE_CHECKING:
    from paybridge.matrix.contents import Rendered
    from paybridge.matrix.wire import Wire

PNG: Final = "image/png"
_SCALE: Final = 8
"""Pixels a module: a phone reads it off another phone's screen."""


def drawn(text: str) -> tuple[bytes, int]:
    """A PNG of the text's QR code, and how many pixels wide and high it is."""
    code = segno.make(text, error="m", micro=False)
    file = io.BytesIO()
    code.save(file, kind="png", scale=_SCALE, border=4)
    return file.getvalue(), int(code.symbol_size(scale=_SCALE, border=4)[0])


async def qr_message(wire: Wire, text: str, rendered: Rendered) -> dict[str, Any]:
    """The content of the message; only who has its key can open the file that the homeserver keeps."""
    picture, pixels = drawn(text)
    sealed, keys = encrypt_attachment(picture)
    file = {"url": await wire.upload(sealed), **keys}
    info = {"mimetype": PNG, "size": len(picture), "w": pixels, "h": pixels}
    return {"msgtype": "m.image", "body": rendered.text, "file": file, "info": info, "m.mentions": {}}
