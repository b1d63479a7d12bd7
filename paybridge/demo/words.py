"""The contents of the messages that a person types, as chat clients write them."""

from __future__ import annotations

from html import escape
from typing import Any


def plain(text: str) -> dict[str, Any]:
    """A text, which mentions nobody."""
    return {"msgtype": "m.text", "body": text, "m.mentions": {}}


def with_pill(text: str, user_id: str, name: str) -> dict[str, Any]:
    """A text in which the user's id, where it stands, is a pill; elsewhere the pill comes first."""
    before, found, after = text.partition(user_id)
    if not found:
        before, after = "", f": {text}"
    pill = f'<a href="https://matrix.to/#/{user_id}">{escape(name)}</a>'
    return {
        "msgtype": "m.text",
        "body": f"{before}{name}{after}",
        "format": "org.matrix.custom.html",
        "formatted_body": f"{escape(before)}{pill}{escape(after)}",
        "m.mentions": {"user_ids": [user_id]},
    }


def in_reply_to(content: dict[str, Any], event_id: str, sender: str | None) -> dict[str, Any]:
    """The same content as a reply, which also mentions whom it answers, as Element does."""
    mentioned = list(content.get("m.mentions", {}).get("user_ids", []))
    if sender is not None and sender not in mentioned:
        mentioned.append(sender)
    return {
        **content,
        "m.mentions": {"user_ids": mentioned} if mentioned else {},
        "m.relates_to": {"m.in_reply_to": {"event_id": event_id}},
    }


def edit_of(event_id: str, content: dict[str, Any]) -> dict[str, Any]:
    """The content that replaces that of an earlier message."""
    return {
        "msgtype": "m.text",
        "body": f"* {content['body']}",
        "m.mentions": {},
        "m.new_content": content,
        "m.relates_to": {"rel_type": "m.replace", "event_id": event_id},
    }
