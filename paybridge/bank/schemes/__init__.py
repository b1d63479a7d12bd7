"""The payment schemes that the bank speaks."""

from paybridge.bank.schemes._frame import BadNumberError, Number, Scheme
from paybridge.bank.schemes.sepa_instant import SepaInstant

SCHEMES: tuple[Scheme, ...] = (SepaInstant(),)

__all__ = ["SCHEMES", "BadNumberError", "Number", "Scheme"]
