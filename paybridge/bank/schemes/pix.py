"""Pix: reais between keys, which are a tax number, a phone, an e-mail address or a random key."""

from __future__ import annotations

import binascii
import re
import unicodedata
from datetime import datetime, timedelta, timezone

from paybridge.bank.schemes._frame import BadNumberError, Cap, Number

# Brazil keeps no summer time since 2019.
BRASILIA = timezone(timedelta(hours=-3))
NIGHT_BEGINS, NIGHT_ENDS = 20, 6
NIGHT_LIMIT = 1_000_00
LONGEST_GIVEN = 77
LONGEST_NAME, LONGEST_TEXT = 25, 40
CITY = "BRASILIA"

PHONE = re.compile(r"\+55[0-9]{10,11}")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
RANDOM_KEY = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
CPF_DIGITS, CNPJ_DIGITS = 11, 14
CPF_WEIGHTS = (tuple(range(10, 1, -1)), tuple(range(11, 1, -1)))
CNPJ_WEIGHTS = ((5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2), (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2))


class Pix:
    """BRL; at night, from 20:00 to 6:00, 1,000 reais in all, as Resolution BCB 142 has it for people."""

    name = "pix"
    detail = "pix_key"
    bad_number_code = "bad_pix_key"
    currency = "BRL"
    digits = 2
    highest_amount = 1_000_000_00
    opening_balance = 5_000_00
    verification_amount = 1
    settlement_number = "pagamentos@paybridge.example"

    def read(self, given: str) -> Number:
        """The account behind a key of any of the five kinds; `BadNumberError` when it is none."""
        plain = given.strip().lower()
        figures = re.sub(r"[.\-/\s()]", "", plain)
        if len(plain) > LONGEST_GIVEN:
            message = "that is too long to be a Pix key"
            raise BadNumberError(message)
        if RANDOM_KEY.fullmatch(plain) or EMAIL.fullmatch(plain):
            written = plain
        elif PHONE.fullmatch(figures) or _is_tax_number(figures):
            written = figures
        else:
            message = "a Pix key is a CPF, a CNPJ, a phone with +55, an e-mail address or a random key"
            raise BadNumberError(message)
        return Number(written, f"Pix ••••{written[-4:]}", "Pix")

    def script_digits(self, written: str) -> str:
        """The end of the key, or of what stands before the @."""
        return written.partition("@")[0][-4:]

    def caps(self, at: datetime) -> tuple[Cap, ...]:
        """One while it is night in Brasilia, for that night."""
        here = at.astimezone(BRASILIA)
        if NIGHT_ENDS <= here.hour < NIGHT_BEGINS:
            return ()
        evening = here if here.hour >= NIGHT_BEGINS else here - timedelta(days=1)
        began = evening.replace(hour=NIGHT_BEGINS, minute=0, second=0, microsecond=0)
        return (Cap(began, NIGHT_LIMIT, "night_limit"),)

    def code(self, written: str, holder: str, amount: int, text: str) -> str:
        """The static BR Code: EMV merchant-presented fields, closed by CRC-16/CCITT-FALSE."""
        account = _field("00", "br.gov.bcb.pix") + _field("01", written)
        if text:
            account += _field("02", _plain(text, LONGEST_TEXT))
        fields = _field("00", "01") + _field("26", account) + _field("52", "0000") + _field("53", "986")
        if amount:
            fields += _field("54", f"{amount // 100}.{amount % 100:02d}")
        name = _plain(holder, LONGEST_NAME)
        fields += _field("58", "BR") + _field("59", name) + _field("60", CITY)
        fields += _field("62", _field("05", "***")) + "6304"
        return f"{fields}{binascii.crc_hqx(fields.encode(), 0xFFFF):04X}"


def _field(number: str, value: str) -> str:
    return f"{number}{len(value):02d}{value}"


def _plain(words: str, longest: int) -> str:
    """ASCII only, as EMV fields count bytes."""
    folded = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
    return folded[:longest].strip()


def _is_tax_number(figures: str) -> bool:
    """Whether the check digits of a CPF or CNPJ are right."""
    if not figures.isascii() or not figures.isdigit() or len(set(figures)) == 1:
        return False
    if len(figures) == CPF_DIGITS:
        weights = CPF_WEIGHTS
    elif len(figures) == CNPJ_DIGITS:
        weights = CNPJ_WEIGHTS
    else:
        return False
    return all(_check_digit(figures, row) == int(figures[len(row)]) for row in weights)


def _check_digit(figures: str, weights: tuple[int, ...]) -> int:
    rest = sum(int(figure) * weight for figure, weight in zip(figures, weights, strict=False)) % 11
    return 0 if rest < 2 else 11 - rest  # noqa: PLR2004 - the rule of both numbers: 10 and 11 become 0
