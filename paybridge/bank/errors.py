"""The two ways in which the bank says no: it refuses a request, or it refuses to start."""

from __future__ import annotations


class BankError(Exception):
    """A request that the bank turns down; it becomes `{"error", "message", ...facts}` under `status`."""

    def __init__(self, status: int, code: str, message: str, **facts: str | int | bool) -> None:
        """Say no with an HTTP status, a stable code for programs and a sentence for people."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.facts = facts


class BankStartError(Exception):
    """The bank cannot start as it was asked to; the message is one line for whoever started it."""
