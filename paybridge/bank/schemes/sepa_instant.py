"""SEPA Instant Credit Transfer: euros between IBANs."""

from __future__ import annotations

from datetime import datetime

from schwifty import IBAN
from schwifty.exceptions import SchwiftyException

from paybridge.bank.schemes._frame import BadNumberError, Cap, Number

LONGEST_GIVEN = 64
LONGEST_NAME = 70
LONGEST_TEXT = 140


class SepaInstant:
    """EUR; amounts up to 999,999,999.99 as in the EPC's SCT Inst rulebook, numbers as in ISO 13616."""

    name = "sepa_instant"
    detail = "iban"
    bad_number_code = "bad_iban"
    currency = "EUR"
    digits = 2
    highest_amount = 99_999_999_999
    opening_balance = 1_000_00
    verification_amount = 1
    settlement_number = "DE41370400440000000001"

    def read(self, given: str) -> Number:
        """The account that an IBAN names, in any case and spacing; `BadNumberError` when it is none."""
        if len(given) > LONGEST_GIVEN:
            message = "that is too long to be an IBAN"
            raise BadNumberError(message)
        try:
            iban = IBAN(given)
            bank_name = iban.bank_name
        except SchwiftyException as error:
            raise BadNumberError(str(error)) from error
        if not iban.in_sepa_zone:
            message = "that account is outside SEPA"
            raise BadNumberError(message)
        written = str(iban)
        return Number(written, f"{written[:4]} •••• {written[-4:]}", bank_name or "unknown bank")

    def script_digits(self, written: str) -> str:
        """The end of the IBAN."""
        return written[-4:]

    def caps(self, _at: datetime) -> tuple[Cap, ...]:
        """None: the rulebook leaves limits to each customer's agreement."""
        return ()

    def code(self, written: str, holder: str, amount: int, text: str) -> str:
        """The payload of EPC069-12 version 2, in UTF-8."""
        euros = f"EUR{amount // 100}.{amount % 100:02d}" if amount else ""
        lines = (
            *("BCD", "002", "1", "SCT", ""),
            *(holder[:LONGEST_NAME], written, euros, "", "", text[:LONGEST_TEXT]),
        )
        return "\n".join(lines).rstrip("\n")
