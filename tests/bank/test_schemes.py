"""UPI and Pix beside SEPA: numbers, limits by the local clock, and QR codes that a phone reads."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import segno
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st

from paybridge.bank.schemes import SCHEMES, BadNumberError, Spent
from paybridge.bank.schemes.pix import Pix
from paybridge.bank.schemes.upi import Upi
from tests.bank.bank_client import BankClient, MovableClock

NUMBERS = {
    "upi_id": ("anna@okbank", "INR"),
    "pix_key": ("123.456.789-09", "BRL"),
}


def seen_by_a_phone(payload: str) -> str:
    """What a reader of codes makes of the picture."""
    code = segno.make(payload, error="m", micro=False)
    rows = [bytes(0 if dark else 255 for dark in row) for row in code.matrix_iter(scale=3, border=4)]
    picture = memoryview(b"".join(rows)).cast("B", shape=(len(rows), len(rows[0])))
    (read,) = zxingcpp.read_barcodes(picture)
    return str(read.text)


@pytest.mark.parametrize(
    ("given", "written", "masked"),
    [
        ("Anna.K@OkBank", "anna.k@okbank", "an••••@okbank"),
        (" 9876543210@upi ", "9876543210@upi", "98••••@upi"),
    ],
)
def test_a_upi_id_is_read_in_any_case(given: str, written: str, masked: str) -> None:
    number = Upi().read(given)

    assert (number.written, number.masked) == (written, masked)


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("123.456.789-09", "12345678909"),
        ("11.222.333/0001-81", "11222333000181"),
        ("+55 (11) 91234-5678", "+5511912345678"),
        ("Loja@Exemplo.com.br", "loja@exemplo.com.br"),
        ("123E4567-E89B-42D3-A456-426614174000", "123e4567-e89b-42d3-a456-426614174000"),
    ],
)
def test_a_pix_key_of_each_kind_is_read(given: str, written: str) -> None:
    assert Pix().read(given).written == written


@pytest.mark.parametrize("given", ["", "anna", "anna@", "@okbank", "an na@okbank", "anna@ok@bank", "a" * 300])
def test_what_is_no_upi_id_is_refused(given: str) -> None:
    with pytest.raises(BadNumberError):
        Upi().read(given)


@pytest.mark.parametrize(
    "given",
    ["", "123.456.789-00", "111.111.111-11", "11.222.333/0001-80", "+4915112345678", "a@b", "١٢٣٤٥٦٧٨٩٠٩"],
)
def test_what_is_no_pix_key_is_refused(given: str) -> None:
    with pytest.raises(BadNumberError):
        Pix().read(given)


@given(st.text(max_size=90))
def test_whatever_is_typed_is_a_number_or_a_clear_refusal(typed: str) -> None:
    for scheme in SCHEMES:
        try:
            number = scheme.read(typed)
        except BadNumberError as error:
            told = str(error)
        else:
            told = scheme.read(number.written).masked

        assert told


@pytest.mark.parametrize(
    ("at", "began"),
    [
        (datetime(2026, 3, 1, 22, 59, tzinfo=UTC), None),
        (datetime(2026, 3, 1, 23, 0, tzinfo=UTC), datetime(2026, 3, 1, 23, 0, tzinfo=UTC)),
        (datetime(2026, 3, 2, 8, 59, tzinfo=UTC), datetime(2026, 3, 1, 23, 0, tzinfo=UTC)),
        (datetime(2026, 3, 2, 9, 0, tzinfo=UTC), None),
    ],
)
def test_night_in_brasilia_is_one_span_over_midnight(at: datetime, began: datetime | None) -> None:
    assert [cap.since for cap in Pix().caps(at)] == ([] if began is None else [began])


def test_the_day_of_upi_begins_at_midnight_in_india() -> None:
    (cap,) = Upi().caps(datetime(2026, 3, 1, 18, 45, tzinfo=UTC))

    assert cap.since == datetime(2026, 3, 1, 18, 30, tzinfo=UTC)
    assert not cap.refuses(1, Spent(1_00_000_00 - 1, 19))
    assert cap.refuses(2, Spent(1_00_000_00 - 1, 19))
    assert cap.refuses(1, Spent(0, 20)), "twenty payments are a day's worth"


@pytest.mark.parametrize("detail", NUMBERS)
async def test_money_is_collected_and_paid_out_in_each_scheme(bank: BankClient, detail: str) -> None:
    number, currency = NUMBERS[detail]
    link = await linked(bank, detail, number)

    collected = await ordered(bank, link, "collect", 200_00, currency)
    paid = await ordered(bank, link, "payout", 50_00, currency)

    assert (collected["state"], paid["state"]) == ("settled", "settled")
    statement = (await bank.call("GET", f"/v1/statement?currency={currency}")).body
    assert [entry["amount"] for entry in statement["entries"]] == [200_00, -50_00]
    assert (statement["balance"], statement["currency"]) == (150_00, currency)
    euros = (await bank.call("GET", "/v1/statement")).body
    assert (euros["entries"], euros["currency"]) == ([], "EUR")


async def test_a_day_s_limit_holds_until_midnight_in_india(bank: BankClient, clock: MovableClock) -> None:
    link = await linked(bank, "upi_id", "anna@okbank")
    await ordered(bank, link, "collect", 40_000_00, "INR")
    await ordered(bank, link, "payout", 40_000_00, "INR")

    first = await ordered(bank, link, "collect", 60_000_00 + 1, "INR")
    clock.move(hours=7)
    next_day = await ordered(bank, link, "collect", 45_000_00, "INR")

    assert (first["state"], first["code"]) == ("refused", "daily_limit")
    assert next_day["state"] == "settled"


async def test_at_night_pix_takes_a_thousand_reais_in_all(bank: BankClient, clock: MovableClock) -> None:
    link = await linked(bank, "pix_key", "+5511912345678")
    clock.move(hours=12)

    small = await ordered(bank, link, "collect", 900_00, "BRL")
    more = await ordered(bank, link, "collect", 100_01, "BRL")
    received = await ordered(bank, link, "payout", 800_00, "BRL")

    assert (small["state"], more["code"], received["state"]) == ("settled", "night_limit", "settled")


async def test_a_quote_for_an_account_says_which_limit_would_be_broken(
    bank: BankClient, clock: MovableClock
) -> None:
    upi, pix = await linked(bank, "upi_id", "anna@okbank"), await linked(bank, "pix_key", "+5511912345678")
    await ordered(bank, upi, "collect", 40_000_00, "INR")
    clock.move(hours=12)

    async def quoted(link: str | None, amount: int, currency: str, direction: str = "collect") -> object:
        asked = {"direction": direction, "amount": amount, "currency": currency}
        answer = await bank.call("POST", "/v1/quotes", asked | ({} if link is None else {"link": link}))
        return answer.body.get("error", answer.body.get("fee"))

    assert await quoted(pix, 1_000_00, "BRL") == 0
    assert await quoted(pix, 1_000_01, "BRL") == "night_limit"
    assert await quoted(pix, 1_000_01, "BRL", "payout") == 0
    assert await quoted(None, 1_000_01, "BRL") == 0
    assert await quoted(upi, 1_000_00, "BRL") == "bad_currency"
    assert await quoted("lnk_none", 1_000_00, "BRL") == "link_not_verified"
    clock.move(hours=-7)
    assert await quoted(upi, 60_000_00, "INR") == 0
    assert await quoted(upi, 60_000_01, "INR") == "daily_limit"


async def test_the_statement_of_every_currency_is_in_the_order_of_booking(bank: BankClient) -> None:
    links = {detail: await linked(bank, detail, number) for detail, (number, _) in NUMBERS.items()}
    for detail in (*links, *links):
        amount = 10_00 + len((await bank.statement("?currency=all"))["entries"])
        await ordered(bank, links[detail], "collect", amount, NUMBERS[detail][1])

    first = await bank.statement("?currency=all&limit=3")
    rest = await bank.statement(f"?currency=all&after={first['next']}")

    told = [(entry["currency"], entry["amount"]) for entry in (*first["entries"], *rest["entries"])]
    currencies = [NUMBERS[detail][1] for detail in (*links, *links)]
    assert told == [(currency, 10_00 + place) for place, currency in enumerate(currencies)]
    assert set(first["balances"]) == {"EUR", "INR", "BRL"}
    assert sum(rest["balances"].values()) == sum(amount for _, amount in told)


@pytest.mark.parametrize(
    ("detail", "number"), [("upi_id", "anna9001@okbank"), ("pix_key", "ana9001@x.com.br")]
)
async def test_the_digits_of_a_number_script_it_in_every_scheme(
    bank: BankClient, detail: str, number: str
) -> None:
    link = await linked(bank, detail, number)

    order = await ordered(bank, link, "collect", 10_00, NUMBERS[detail][1])

    assert order["code"] == "insufficient_funds"


async def test_an_order_in_another_currency_than_its_account_is_refused(bank: BankClient) -> None:
    link = await linked(bank, "upi_id", "anna@okbank")

    answer = await bank.call("POST", "/v1/orders", wish("R-1", link, "collect", 10_00, "EUR"))

    assert (answer.status, answer.body["error"]) == (422, "bad_currency")


async def test_a_phone_reads_every_scheme_s_code(bank: BankClient) -> None:
    await bank.link()
    await linked(bank, "upi_id", "anna@okbank")
    await linked(bank, "pix_key", "123.456.789-09")
    said = {}
    for number in ("DE89370400440532013000", "anna@okbank", "12345678909"):
        path = f"/accounts/{number}/code?amount=1250&text=Pizza%20%26%20co"
        said[number] = str((await bank.call("GET", path)).body)

        assert seen_by_a_phone(said[number]) == said[number]

    epc = said["DE89370400440532013000"].split("\n")
    assert epc[:4] == ["BCD", "002", "1", "SCT"]
    assert epc[6:8] == ["DE89370400440532013000", "EUR12.50"]
    assert said["anna@okbank"].startswith("upi://pay?pa=anna@okbank&pn=")
    assert "&am=12.50&cu=INR&tn=Pizza%20%26%20co" in said["anna@okbank"]
    assert "br.gov.bcb.pix0111123456789090210Pizza & co" in said["12345678909"]
    assert "5303986540512.505802BR" in said["12345678909"]


def test_a_br_code_ends_in_the_checksum_of_the_central_bank_s_manual() -> None:
    # The manual's own example of a static code without an amount.
    code = Pix().code("123e4567-e12b-12d1-a456-426655440000", "Fulano de Tal", 0, "")

    assert code.startswith("00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-426655440000")
    assert code.endswith("5204000053039865802BR5913Fulano de Tal6008BRASILIA62070503***63041D3D")


async def linked(bank: BankClient, detail: str, number: str) -> str:
    """A verified link, by the code in the account's statement."""
    link = str((await bank.call("POST", "/v1/links", {detail: number})).body["id"])
    statement = (await bank.call("GET", f"/accounts/{number.replace('/', '%2F')}/statement")).body
    code = next(entry["text"] for entry in statement["entries"] if "PAYBRIDGE" in entry["text"])
    verified = await bank.call("POST", f"/v1/links/{link}/verify", {"code": code.split()[-1]})
    assert verified.status == 200
    return link


def wish(reference: str, link: str, direction: str, amount: int, currency: str) -> dict[str, object]:
    return {
        "reference": reference,
        "direction": direction,
        "link": link,
        "amount": amount,
        "currency": currency,
        "text": "test",
    }


async def ordered(
    bank: BankClient, link: str, direction: str, amount: int, currency: str
) -> dict[str, object]:
    """Prepare and execute one order."""
    reference = f"{direction}-{link}-{amount}"
    order = (await bank.call("POST", "/v1/orders", wish(reference, link, direction, amount, currency))).body
    executed = await bank.call(
        "POST",
        f"/v1/orders/{order['id']}/execute",
        {"fee_cap": 0},
        headers={"Idempotency-Key": reference},
    )
    answer: dict[str, object] = executed.body
    return answer
