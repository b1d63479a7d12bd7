"""What names an account at the bank: an IBAN, a UPI id or a Pix key, told apart by their shapes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Scheme:
    """One way to pay at the bank: its currency, the most of an order, and how the bank calls its numbers."""

    currency: str
    most: int
    field: str
    shape: str


_CPF: Final = r"[0-9]{3}\.?[0-9]{3}\.?[0-9]{3}-?[0-9]{2}"
_CNPJ: Final = r"[0-9]{2}\.?[0-9]{3}\.?[0-9]{3}/?[0-9]{4}-?[0-9]{2}"
_PHONE: Final = r"\+55\(?[0-9]{2}\)?[0-9]{4,5}-?[0-9]{4}"
_EMAIL: Final = r"[^@\s]{1,64}@[^@\s.]+(?:\.[^@\s.]+)+"
_RANDOM: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

SCHEMES: Final[Mapping[str, Scheme]] = {
    "iban": Scheme("EUR", 99_999_999_999, "iban", r"[a-z]{2}[0-9]{2}[a-z0-9]{11,30}"),
    "upi": Scheme("INR", 1_00_000_00, "upi_id", r"[a-z0-9][a-z0-9._-]{1,254}@[a-z][a-z0-9]{1,63}"),
    "pix": Scheme("BRL", 1_000_000_00, "pix_key", f"{_CPF}|{_CNPJ}|{_PHONE}|{_EMAIL}|{_RANDOM}"),
}
"""By kind of link. Limits are those of SCT Inst (EPC004-16), of NPCI for people, and the bank's own for Pix.

No two shapes overlap: what follows the @ of a UPI id has no dot, and that of an e-mail address has one.
"""


def kind_of(details: str) -> str | None:
    """The kind of account that `details` names, in any case; None if it is none of ours."""
    compact = details if "@" in details else "".join(details.split())
    return next(
        (kind for kind, scheme in SCHEMES.items() if re.fullmatch(scheme.shape, compact, re.IGNORECASE)), None
    )
