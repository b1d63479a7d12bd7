"""What the use cases need of the book for splits, as a Protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from paybridge.domain.split import Share, Split

if TYPE_CHECKING:
    from collections.abc import Sequence

SplitRecord = Split | Share


class SplitBook(Protocol):
    """The part of the book that keeps splits and their shares."""

    async def split(self, split: str) -> Split | None: ...
    async def splits_of(self, payer: str) -> Sequence[Split]:
        """The person's open splits, newest first."""

    async def shares(self, split: str) -> Sequence[Share]:
        """Everybody's share of it, in the order of their Matrix ids."""

    async def share_asked_by(self, request: str) -> Share | None:
        """The share that this request asks for, if it belongs to a split."""
