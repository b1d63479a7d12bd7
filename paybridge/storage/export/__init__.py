"""The books in the formats of other bookkeepers' programs, so that these can judge them."""

from paybridge.storage.export.books import Period
from paybridge.storage.export.writing import FORMATS, export

__all__ = ["FORMATS", "Period", "export"]
