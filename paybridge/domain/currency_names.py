"""What people write for a currency: codes, symbols and names, each with the currencies it may mean."""
# ruff: noqa: RUF001 - names in other scripts

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from paybridge.domain.currencies import EXPONENTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def words_of(*lines: str) -> frozenset[str]:
    """Give all words of these lines."""
    return frozenset(word for line in lines for word in line.split())


def _table(*lines: str) -> Mapping[str, tuple[str, ...]]:
    """Read lines such as "kr krona: SEK NOK": every name before the colon may mean each code behind it."""

    def entries() -> Iterator[tuple[str, tuple[str, ...]]]:
        for line in lines:
            names, codes = line.split(": ")
            for name in names.split():
                yield name.replace("_", " "), tuple(codes.split())

    return MappingProxyType(dict(entries()))


_DOLLARS = "USD CAD AUD NZD HKD SGD TWD MXN ARS CLP COP BRL JMD TTD BBD BSD BMD BND BZD FJD GYD KYD LRD NAD"
_RUPEES = "INR PKR LKR NPR MUR SCR"
_YUANS = "CNY TWD HKD"

# Upper and lower case differ: "R" is the rand, "r" is nothing.
_SYMBOLS: Final = _table(
    f"$: {_DOLLARS} SBD SRD XCD",
    "US$: USD", "C$ CA$ Can$: CAD", "A$ AU$: AUD", "NZ$: NZD", "HK$: HKD", "S$ SG$: SGD", "NT$: TWD",
    "R$: BRL", "MX$ Mex$: MXN", "J$: JMD", "TT$: TTD",
    "¥: JPY CNY", "JP¥: JPY", "CN¥ RMB: CNY",
    "€: EUR", "£ UK£ GB£: GBP", "₹: INR", "₨ Rs Rs.: " + _RUPEES, "₩: KRW", "₽: RUB", "₺: TRY", "₴: UAH",
    "₫: VND", "₪: ILS", "₱: PHP", "฿: THB", "₦: NGN", "₵: GHS", "₸: KZT", "₡: CRC", "₲: PYG", "₮: MNT",
    "₭: LAK", "₾: GEL", "₼: AZN", "֏: AMD", "៛: KHR", "৳: BDT", "؋: AFN",
    "R: ZAR", "zł: PLN", "Kč: CZK", "Ft: HUF", "RM: MYR", "Rp Rp.: IDR", "Fr Fr. SFr SFr.: CHF",
)  # fmt: skip

# Written in any case; a name of two words has "_" for its space.
_NAMES: Final = _table(
    "euro euros eur. 欧元 歐元 евро: EUR",
    f"dollar dollars buck bucks: {_DOLLARS} SBD SRD XCD",
    "us_dollar us_dollars american_dollars 美元 美金: USD",
    "canadian_dollar canadian_dollars 加元: CAD", "australian_dollar australian_dollars 澳元: AUD",
    "港币 港元 港幣: HKD", "singapore_dollar singapore_dollars: SGD", "台币 新台币 台幣 新台幣: TWD",
    "pound pounds: GBP EGP LBP SDG SSP SYP", "quid sterling 英镑 英鎊: GBP",
    "yen 円 日元 日圆 日円: JPY", f"元 块 块钱 圆 圓: {_YUANS}", "yuan renminbi 人民币 人民幣: CNY",
    "won: KRW KPW", "원 韩元 韓元: KRW",
    f"rupee rupees: {_RUPEES}", "indian_rupee indian_rupees: INR",
    "franc francs: CHF XOF XAF XPF CDF RWF BIF DJF GNF KMF",
    "swiss_franc swiss_francs sfr 瑞郎 瑞士法郎: CHF",
    "kr kr. krone kroner krona kronor: SEK NOK DKK ISK",
    "danish_kroner: DKK", "swedish_kronor: SEK", "norwegian_kroner: NOK",
    "peso pesos: MXN ARS CLP COP CUP DOP PHP UYU", "real reais: BRL", "rand: ZAR",
    "zloty zlotys złoty złotych: PLN",
    "koruna korun: CZK", "forint forints: HUF", "lei leu: RON MDL", "lira liras: TRY", "shekel shekels: ILS",
    "ruble rubles rouble roubles: RUB BYN", "руб руб. рубль рублей: RUB", "hryvnia гривень грн: UAH",
    "baht: THB", "dong: VND", "ringgit: MYR", "rupiah: IDR", "naira: NGN", "taka: BDT",
    "dirham dirhams: AED MAD", "riyal riyals: SAR QAR YER OMR",
    "dinar dinars: KWD BHD IQD JOD LYD TND DZD RSD",
    "sats satoshi satoshis: SAT",
)  # fmt: skip

# Codes that are also names or everyday words: `!pay 5 Bob` names a payee. Only capitals make them currencies;
# so with codes of funds and index units, which nobody means by accident.
_ONLY_CAPITALS: Final = words_of(
    "ALL AMD BAM BIF BOB COP CUP DOP ERN GEL HUF JOD LAK MAD MOP NAD NIO PEN RON RUB SAR SOS TOP TRY VED ZAR",
    "BOV CHE CHW CLF COU MXV USN UYI UYW XAD",
)

NOT_OURS: Final = words_of(
    "btc xbt bitcoin bitcoins mbtc eth ether usdt usdc dai xmr ltc doge sol bnb xrp ada xau xag xdr",
    "ang bgn hrk dem frf itl zwl sll cuc",
    "m mm mn mio b bn billion billions trillion milliard milliarden dozen percent %",
)
"""Words that, right behind a number, show that it is no amount we could pay (in lower case)."""

SUBUNITS: Final = words_of(
    "¢ c ct cts cent cents centime centimes penny pennies pence p paisa paise öre øre kopek kopeks grosz",
    "groszy 分 角 毛 毛钱 分钱",
)
"""Parts of a unit (in lower case)."""

POWERS: Final[Mapping[str, int]] = MappingProxyType(
    {"k": 3, "hundred": 2, "thousand": 3, "million": 6, "millions": 6}
    | {"lakh": 5, "lakhs": 5, "lac": 5, "lacs": 5, "crore": 7, "crores": 7, "cr": 7}
    | {"百": 2, "千": 3, "万": 4, "萬": 4, "百万": 6, "千万": 7, "亿": 8, "億": 8},
)
"""Words that stand for a power of ten, and which (in lower case)."""

INDIAN_GROUPING: Final = frozenset({"INR", "PKR", "NPR", "BDT", "LKR", "BTN"})
"""Currencies of places that write 1,00,000."""


def meanings(mark: str) -> tuple[str, ...]:
    """Tell which currencies `mark` may mean; none if it is no mark of a currency."""
    if mark in _SYMBOLS:
        return _SYMBOLS[mark]
    code = mark.upper()
    if code in EXPONENTS and (mark == code or code not in _ONLY_CAPITALS):
        return (code,)
    return _NAMES.get(mark.casefold(), ())
