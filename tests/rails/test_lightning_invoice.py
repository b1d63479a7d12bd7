"""Invoices and LNURLs are read as their specifications say, by the examples in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paybridge.rails._outside import Outside
from paybridge.rails.lightning import bech32
from paybridge.rails.lightning.invoice import Invoice
from paybridge.rails.lightning.payees import Payees
from paybridge.services.ports import LinkRefusedError

# Examples of BOLT 11.
HASH = "0001020304050607080900010203040506070809000102030405060708090102"
DONATION = (
    "lnbc1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqq"
    "syqcyq5rqwzqfqypqdpl2pkx2ctnv5sxxmmwwd5kgetjypeh2ursdae8g6twvus8g6rfwvs8qun0dfjkxaq9qrsgq357wnc5r2ueh7ck6"
    "q93dj32dlqnls087fxdwk8qakdyafkq3yap9us6v52vjjsrvywa6rt52cm9r9zqt8r2t7mlcwspyetp5h2tztugp9lfyql"
)
COFFEE = (
    "lnbc2500u1pvjluezpp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdq5xysxxatsyp3k7enxv4jsxqzpuaztr"
    "nwngzn3kdzw5hydlzf03qdgm2hdq27cqv3agm2awhz5se903vruatfhq77w3ls4evs3ch9zw97j25emudupq63nyw24cg27h2rspfj9srp"
)
# The example of LUD-01.
LNURL = (
    "LNURL1DP68GURN8GHJ7UM9WFMXJCM99E3K7MF0V9CXJ0M385EKVCENXC6R2C35XVUKXEFCV5MKVV34X5EKZD3EV56NYD3HXQURZEPEXEJX"
    "XEPNXSCRVWFNV9NXZCN9XQ6XYEFHVGCXXCMYXYMNSERXFQ5FNS"
)
SAYS = "https://service.com/api?q=3fc3645b439ce8e7f2553a69e5267081d96dcd340693afabe04be7b0ccd178df"

payees = Payees(Outside(frozenset({"ln.test:8080", "10.0.0.7"}), 5.0, 1000))


def is_none(written: str) -> bool:
    try:
        Invoice.read(written)
    except ValueError:
        return True
    return False


def test_an_invoice_tells_its_network_amount_and_hash() -> None:
    assert Invoice.read(COFFEE) == Invoice("bc", 250_000_000, HASH, None)
    assert Invoice.read(COFFEE.upper()) == Invoice.read(COFFEE)


def test_an_invoice_whose_payer_chooses_the_amount_has_none() -> None:
    assert Invoice.read(DONATION) == Invoice("bc", None, HASH, None)


@given(at=st.integers(min_value=0, max_value=len(COFFEE) - 1), letter=st.sampled_from(bech32.LETTERS))
def test_an_invoice_with_one_wrong_letter_is_none(at: int, letter: str) -> None:
    changed = COFFEE[:at] + letter + COFFEE[at + 1 :]
    if changed == COFFEE:
        return

    assert is_none(changed)


@given(st.text(max_size=300))
def test_what_is_no_invoice_is_a_value_error(text: str) -> None:
    assert is_none("ln" + text)


@pytest.mark.parametrize("written", ["", "lnbc", "lnbc1", COFFEE[:-1], COFFEE[:60] + COFFEE[60:].upper()])
def test_a_part_of_an_invoice_is_none(written: str) -> None:
    assert is_none(written)


@pytest.mark.parametrize(
    ("details", "url", "masked"),
    [
        ("Anna@ln.example.org", "https://ln.example.org/.well-known/lnurlp/anna", "a••@ln.example.org"),
        ("anna@ln.test:8080", "http://ln.test:8080/.well-known/lnurlp/anna", "a••@ln.test:8080"),
        (LNURL, SAYS, "••@service.com"),
        (LNURL.lower(), SAYS, "••@service.com"),
        (f"lightning:{LNURL}", SAYS, "••@service.com"),
        ("lnurlp://ln.example.org/Anna", "https://ln.example.org/Anna", "••@ln.example.org"),
    ],
)
def test_a_payee_is_named_by_address_or_lnurl(details: str, url: str, masked: str) -> None:
    named = payees.named(details)

    assert (named.url, named.masked) == (url, masked)


@pytest.mark.parametrize(
    "details",
    [
        "anna",
        "anna@",
        "@ln.example.org",
        "anna@127.0.0.1",
        "anna@127.0.0.1:80",
        "anna@[::1]",
        "anna@10.0.0.8",
        "anna@ln.example.org:8080",
        "anna@ln.example.org/../",
        "an na@ln.example.org",
        "ann?a@ln.example.org",
        "lnurlp://127.0.0.1/anna",
        "lnurlp://who@ln.example.org/",
        "https://ln.example.org/anna",
        COFFEE,
        LNURL[:-1],
        "DE89370400440532013000",
        "",
    ],
)
def test_what_names_no_payee_or_a_private_one_cannot_be_linked(details: str) -> None:
    with pytest.raises(LinkRefusedError):
        payees.named(details)
