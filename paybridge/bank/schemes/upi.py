"""UPI, the Unified Payments Interface: rupees between addresses like anna@okbank."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from urllib.parse import quote, urlencode

from paybridge.bank.schemes._frame import BadNumberError, Cap, Number

ADDRESS = re.compile(r"([a-z0-9][a-z0-9._-]{1,254})@([a-z][a-z0-9]{1,63})")
INDIA = timezone(timedelta(hours=5, minutes=30))
MOST_A_DAY = 20
SHOWN = 2


class Upi:
    """INR; 1,00,000 rupees a payment and a day and 20 payments a day, as NPCI caps payments to people."""

    name = "upi"
    detail = "upi_id"
    bad_number_code = "bad_upi_id"
    currency = "INR"
    digits = 2
    highest_amount = 1_00_000_00
    opening_balance = 50_000_00
    verification_amount = 1_00
    settlement_number = "paybridge@sandbox"

    def read(self, given: str) -> Number:
        """The account behind a UPI id, in any case; `BadNumberError` when it is none."""
        written = given.strip().lower()
        found = ADDRESS.fullmatch(written)
        if found is None:
            message = "a UPI id looks like name@bank"
            raise BadNumberError(message)
        name, handle = found.groups()
        return Number(written, f"{name[:SHOWN]}••••@{handle}", handle)

    def script_digits(self, written: str) -> str:
        """The end of the part before the @."""
        return written.partition("@")[0][-4:]

    def caps(self, at: datetime) -> tuple[Cap, ...]:
        """One for the day, as it is in India."""
        midnight = at.astimezone(INDIA).replace(hour=0, minute=0, second=0, microsecond=0)
        return (Cap(midnight, self.highest_amount, "daily_limit", MOST_A_DAY),)

    def code(self, written: str, holder: str, amount: int, text: str) -> str:
        """The intent link of NPCI's linking specification, which is also what the QR code holds."""
        asked = {"pa": written, "pn": holder}
        if amount:
            asked["am"] = f"{amount // 100}.{amount % 100:02d}"
        asked["cu"] = self.currency
        if text:
            asked["tn"] = text
        return f"upi://pay?{urlencode(asked, quote_via=quote, safe='@')}"
