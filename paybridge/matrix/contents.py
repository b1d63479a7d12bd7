"""The content of a message to send: a new one, or one that takes an earlier one's place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.domain.bridges import Bridges
    from paybridge.services.says import Say

PAYMENT = "org.paybridge.payment"
HTML = "org.matrix.custom.html"


class Rendered(Protocol):
    """A message in words: plain, perhaps as HTML too, and whom it pings."""

    @property
    def text(self) -> str: ...
    @property
    def html(self) -> str | None: ...
    @property
    def mentions(self) -> Sequence[str]: ...
    @property
    def cut(self) -> bool:
        """Whether something of it had no room."""


class Renderer(Protocol):
    """Finds the words for what is to be said, within the limits of a bridge if it is read `over` one."""

    def __call__(self, say: Say, over: Bridges | None = None, /) -> Rendered: ...


def new_message(say: Say, rendered: Rendered) -> dict[str, Any]:
    content = _content(say, rendered)
    if say.reply_to is not None:
        content["m.relates_to"] = {"m.in_reply_to": {"event_id": say.reply_to}}
    return content


def edit(say: Say, rendered: Rendered, event: str) -> dict[str, Any]:
    """An edit of `event`.

    Programs find the payment inside and outside of the new content; clients that know no edits show the new
    text after a star.
    """
    new = _content(say, rendered)
    outer = {**new, "body": f"* {rendered.text}"}
    if rendered.html is not None:
        outer["formatted_body"] = f"* {rendered.html}"
    # An edit pings only whom it says outside (Matrix client-server API, "User and room mentions").
    outer["m.mentions"] = _mentions(say.notify)
    return {**outer, "m.new_content": new, "m.relates_to": {"rel_type": "m.replace", "event_id": event}}


def _content(say: Say, rendered: Rendered) -> dict[str, Any]:
    content: dict[str, Any] = {
        "msgtype": "m.text",
        "body": rendered.text,
        "m.mentions": _mentions(rendered.mentions),
    }
    if rendered.html is not None:
        content |= {"format": HTML, "formatted_body": rendered.html}
    if say.about is not None:
        content[PAYMENT] = dict(say.about)
    return content


def _mentions(people: Sequence[str]) -> dict[str, Any]:
    return {"user_ids": list(people)} if people else {}
