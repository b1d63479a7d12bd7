"""The payment schemes that the bank speaks."""

from paybridge.bank.schemes._frame import BadNumberError, Cap, Number, Scheme, Spent
from paybridge.bank.schemes.pix import Pix
from paybridge.bank.schemes.sepa_instant import SepaInstant
from paybridge.bank.schemes.upi import Upi

SCHEMES: tuple[Scheme, ...] = (SepaInstant(), Upi(), Pix())


def scheme_of(currency: str) -> Scheme | None:
    """The scheme that moves this currency; each moves one of its own."""
    return next((scheme for scheme in SCHEMES if scheme.currency == currency), None)


__all__ = ["SCHEMES", "BadNumberError", "Cap", "Number", "Scheme", "Spent", "scheme_of"]
