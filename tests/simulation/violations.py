"""What must never happen, as an error that ends a seed."""

from __future__ import annotations


class ViolationError(Exception):
    """Money, or a promise about it, is not as it must be."""
