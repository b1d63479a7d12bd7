"""Sentences come out whole, in every language, and say only what they should."""
# ruff: noqa: RUF001 - Chinese punctuation is meant

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime
from io import BytesIO
from zipfile import Path as ZipPath
from zipfile import ZipFile

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from paybridge.domain import amount_errors
from paybridge.domain.amounts import AmountError, read_amount
from paybridge.domain.currencies import EXPONENTS
from paybridge.domain.facts import Fact, Who
from paybridge.domain.money import MAX_MINOR, Money
from paybridge.texts import Texts, clean
from paybridge.texts._catalogue import BadCatalogueError
from paybridge.texts._format import money_text, money_to_copy
from paybridge.texts._template import BadSentenceError, template_of

TEXTS = Texts()
LANGUAGES = TEXTS.languages
ALL = [(language, key) for language in LANGUAGES for key in sorted(TEXTS.keys(language))]

HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Plural-Forms: {}\\n"\n'
ENGLISH = (
    HEADER.format("nplurals=2; plural=(n != 1);")
    + r"""
msgid "say"
msgstr "%(what)s"
msgid "tell"
msgstr "To %(payee)s: **%(amount)s** for %(what)s,\nby `!pay %(payee)s %(amount)s %(what)s`, 100%% sure"
msgid "only.english"
msgstr "hello"
msgid "beers"
msgid_plural "beers"
msgstr[0] "%(count)s beer"
msgstr[1] "%(count)s beers"
msgid "page"
msgstr "Page:\n%(rows)s\nend"
msgid "page.rows"
msgstr "%(who)s: %(amount)s"
"""
)
CHINESE = HEADER.format("nplurals=1; plural=0;") + 'msgid "say"\nmsgstr "说：%(what)s"\n'


def catalogues(**sources: str) -> ZipPath:
    packed = BytesIO()
    with ZipFile(packed, "w") as archive:
        for language, source in sources.items():
            archive.writestr(f"{language}.po", source)
    return ZipPath(ZipFile(packed))


@pytest.fixture
def small() -> Texts:
    return Texts(catalogues(en=ENGLISH, zh=CHINESE))


def test_english_and_chinese_are_shipped() -> None:
    assert {"en", "zh"} <= set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_catalogue_has_the_same_keys(language: str) -> None:
    assert TEXTS.keys(language) == TEXTS.keys("en")


@pytest.mark.parametrize(("language", "key"), ALL)
def test_every_sentence_needs_the_same_facts_in_every_language(language: str, key: str) -> None:
    assert TEXTS.placeholders(key, language) == TEXTS.placeholders(key, "en")


@pytest.mark.parametrize(("language", "key"), ALL)
def test_every_sentence_renders(language: str, key: str) -> None:
    facts: dict[str, Fact] = {name: f"({name})" for name in TEXTS.placeholders(key, language)}
    if "count" in facts:
        facts["count"] = 2

    rendered = TEXTS.render(key, language, facts)

    assert rendered.text.strip()
    assert "%(" not in rendered.text
    assert "`" not in rendered.text
    assert "**" not in rendered.text


AMOUNT_ERRORS = [
    error
    for error in vars(amount_errors).values()
    if isinstance(error, type) and issubclass(error, AmountError) and "key" in vars(error)
]


@pytest.mark.parametrize("error", AMOUNT_ERRORS)
def test_every_amount_error_has_its_sentence(error: type[AmountError]) -> None:
    assert error.key in TEXTS.keys("en")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "typed", ["", "5", "1.234 EUR", "12.505 KWD", "$5", "€5 USD", "1.5 JPY", "99999999億円", "5 BTC"]
)
def test_a_refused_amount_is_explained_with_its_own_facts(language: str, typed: str) -> None:
    with pytest.raises(AmountError) as refused:
        read_amount(typed, default_currency=None)

    text = TEXTS.render(refused.value.key, language, refused.value.facts()).text

    assert all(clean(fact) in text for fact in refused.value.facts().values() if isinstance(fact, str))


def test_of_two_readings_each_can_be_copied() -> None:
    with pytest.raises(amount_errors.AmbiguousAmountError) as refused:
        read_amount("12.505 KWD", default_currency=None)
    html = TEXTS.render(refused.value.key, "en", refused.value.facts()).html

    assert html is not None
    assert "<code>12505.0000 KWD</code>" in html
    assert "<code>12.5050 KWD</code>" in html


sums = st.builds(Money, st.integers(1, MAX_MINOR), st.sampled_from(sorted(EXPONENTS)))


@given(sums)
def test_money_to_copy_reads_back_as_the_same_money_for_anyone(money: Money) -> None:
    typed = money_to_copy(money)

    assert read_amount(typed, default_currency=None).money == money
    assert read_amount(typed, default_currency=None, number_format="comma").money == money
    assert read_amount(typed, default_currency=None, number_format="point").money == money


@pytest.mark.parametrize("language", LANGUAGES)
@given(money=sums)
def test_money_as_shown_reads_back_as_the_same_money(language: str, money: Money) -> None:
    locale = Locale.parse(language)
    uses_comma = "," in money_text(Money(15, "EUR"), locale)
    typed = money_text(money, locale)

    read = read_amount(typed, default_currency=None, number_format="comma" if uses_comma else "point")

    assert read.money == money


def test_money_is_written_with_the_figures_of_the_language_and_its_code(small: Texts) -> None:
    facts: dict[str, Fact] = {"what": Money(123450, "EUR")}

    assert small.render("say", "en", facts).text == "1,234.50 EUR"
    assert small.render("say", "zh", facts).text == "说：1,234.50 EUR"
    assert small.render("say", "en", {"what": Money(-5, "EUR")}).text == "-0.05 EUR"
    assert small.render("say", "en", {"what": Money(1234, "JPY")}).text == "1,234 JPY"


def test_times_are_those_of_the_reader_and_say_so(small: Texts) -> None:
    facts: dict[str, Fact] = {"what": datetime(2026, 10, 1, 21, 45, tzinfo=UTC)}

    assert small.render("say", "en", facts).text == "Oct 1, 2026 21:45 UTC"
    assert small.render("say", "en", facts, zone="Europe/Rome").text == "Oct 1, 2026 23:45 UTC+2"
    assert small.render("say", "zh", facts, zone="Asia/Kolkata").text == "说：2026年10月2日 03:15 UTC+5:30"
    assert small.render("say", "en", facts, zone="America/New_York").text == "Oct 1, 2026 17:45 UTC-4"
    assert small.render("say", "en", facts, zone="No/Where").text == "Oct 1, 2026 21:45 UTC"
    assert small.render("say", "en", {"what": date(2026, 10, 1)}).text == "Oct 1, 2026"


def test_a_whole_sentence_in_text_and_html(small: Texts) -> None:
    facts: dict[str, Fact] = {
        "payee": Who("@b:hs", "Bob"),
        "amount": Money(123450, "EUR"),
        "what": "pi**zz**a",
    }

    rendered = small.render("tell", "en", facts, notify=("payee",))

    assert rendered.text == (
        "To Bob (@b:hs): 1,234.50 EUR for pi**zz**a,\nby !pay @b:hs 1234.50 EUR pi**zz**a, 100% sure"
    )
    assert rendered.html == (
        'To <a href="https://matrix.to/#/@b:hs">Bob</a> (@b:hs): <strong>1,234.50 EUR</strong> for pi**zz**a,'
        "<br>by <code>!pay @b:hs 1234.50 EUR pi**zz**a</code>, 100% sure"
    )
    assert rendered.mentions == ("@b:hs",)


def test_nobody_is_mentioned_unasked_and_a_bare_sentence_needs_no_html(small: Texts) -> None:
    assert small.render("say", "en", {"what": Who("@b:hs", "Bob")}).mentions == ()
    assert small.render("say", "en", {"what": "hi & <bye>"}).html is None
    assert small.render("say", "en", {"what": "hi & <bye>"}).text == "hi & <bye>"


def test_someone_without_a_name_is_shown_by_id(small: Texts) -> None:
    rendered = small.render("say", "en", {"what": Who("@b:hs", "\u200b")})

    assert rendered.text == "@b:hs"
    assert rendered.html == '<a href="https://matrix.to/#/@b:hs">@b:hs</a>'


def test_html_in_facts_is_shown_and_not_obeyed(small: Texts) -> None:
    evil = "<b>\"&'</b>`x` %(amount)s"
    facts: dict[str, Fact] = {"payee": Who('@b"<i>:hs', evil), "amount": Money(1, "EUR"), "what": evil}

    html = small.render("tell", "en", facts).html

    assert html is not None
    assert "<b>" not in html
    assert "<i>" not in html
    assert html.count('"') == len('""')
    assert "&lt;b&gt;" in html
    assert "%(amount)s" in html


@given(st.text())
def test_facts_cannot_hide_reorder_or_break_lines(text: str) -> None:
    line = clean(text)

    assert "\n" not in line
    assert not {"Cc", "Cs", "Co", "Cn"} & {unicodedata.category(char) for char in line}
    assert set(line) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u200b\u200e\u200f\ufeff") == set()
    assert clean(line.strip("\u2068\u2069")) == line


def test_bidi_is_stripped_and_right_to_left_text_is_isolated(small: Texts) -> None:
    assert small.render("say", "en", {"what": "a\u202eb\u2066c\r\nd\te\u200b"}).text == "abc d e"
    assert small.render("say", "en", {"what": "\u05d0"}).text == "\u2068\u05d0\u2069"


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 beers"), (1, "1 beer"), (2, "2 beers"), (1000, "1,000 beers")]
)
def test_what_is_counted_stands_in_its_plural_form(small: Texts, count: int, text: str) -> None:
    assert small.render("beers", "en", {"count": count}).text == text


def test_rows_are_written_one_per_line_by_their_own_sentence(small: Texts) -> None:
    rows: Fact = (
        {"who": Who("@a:hs"), "amount": Money(100, "EUR")},
        {"who": Who("@b:hs"), "amount": Money(200, "EUR")},
    )

    rendered = small.render("page", "en", {"rows": rows})

    assert rendered.text == "Page:\n@a:hs: 1.00 EUR\n@b:hs: 2.00 EUR\nend"
    assert rendered.html is not None
    assert rendered.html.count("<br>") == 3


def test_no_rows_and_no_fact_are_written_as_nothing(small: Texts) -> None:
    assert small.render("page", "en", {"rows": ()}).text == "Page:\n\nend"
    assert small.render("say", "en", {"what": None}).text == ""
    assert small.render("say", "en", {"what": 0}).text == "0"


def test_a_language_that_lacks_a_sentence_or_does_not_exist_says_it_in_english(small: Texts) -> None:
    assert small.render("only.english", "zh", {}).text == "hello"
    assert small.render("only.english", "xx", {}).text == "hello"
    assert small.render("say", "zh-Hans-CN", {"what": "x"}).text == "说：x"


def test_an_unknown_key_or_a_missing_fact_is_a_bug(small: Texts) -> None:
    with pytest.raises(KeyError):
        small.render("no.such", "en", {})
    with pytest.raises(KeyError):
        small.render("say", "en", {})


@pytest.mark.parametrize("sentence", ["`open", "**open", "**a `b** c`"])
def test_markup_that_is_not_closed_is_refused(sentence: str) -> None:
    with pytest.raises(BadSentenceError):
        template_of(sentence)


@pytest.mark.parametrize(
    "entries", ['msgid "a"\nmsgstr ""\n', 'msgid "a"\nmsgstr "x"\n\nmsgid "a"\nmsgstr "y"\n']
)
def test_a_catalogue_with_a_key_twice_or_without_a_sentence_is_refused(entries: str) -> None:
    files = catalogues(en=HEADER.format("nplurals=2; plural=(n != 1);") + entries)

    with pytest.raises(BadCatalogueError):
        Texts(files)


def test_a_message_of_an_older_version_has_no_rows_that_are_new() -> None:
    facts: dict[str, Fact] = {name: f"({name})" for name in TEXTS.placeholders("pay.receipt")}
    for row in ("note", "straight", "kept", "kitty"):
        facts[row] = ()
    with_all = TEXTS.render("pay.receipt", "en", facts).text
    del facts["kitty"]

    assert TEXTS.render("pay.receipt", "en", facts).text == with_all
    del facts["amount"]
    with pytest.raises(KeyError, match="amount"):
        TEXTS.render("pay.receipt", "en", facts)
