"""Every key that the product says has its sentence, every sentence is said, and all of them come out well."""

from __future__ import annotations

import ast
import re
from html.parser import HTMLParser
from itertools import product
from pathlib import Path

import pytest

import paybridge
from paybridge.commands._frame import commands
from paybridge.commands._verbs import find
from paybridge.commands.history import UNUSUAL
from paybridge.commands.verify import SAID_OF
from paybridge.domain.errors import UserError
from paybridge.domain.facts import Fact, Facts, Who
from paybridge.domain.money import Money
from paybridge.domain.motions import MotionState
from paybridge.domain.region import Level
from paybridge.domain.request import RequestState
from paybridge.domain.sale import SaleState
from paybridge.domain.split import SplitState
from paybridge.domain.spoken import Trouble
from paybridge.domain.statement import What
from paybridge.domain.takings import Sort as TakingSort
from paybridge.domain.transfer import TransferKind, TransferState
from paybridge.services.checkout import PageState
from paybridge.services.news import SAID_IN_WORDS, UNSURE
from paybridge.services.told import UNDER_WAY
from paybridge.texts import Texts
from tests.fakes.refusals import EVIL, made, plausible, refusals

TEXTS = Texts()
LANGUAGES = TEXTS.languages
KEYS = sorted(TEXTS.keys())
HAS_SENTENCE = TEXTS.keys()
PRODUCT = Path(paybridge.__file__).parent

# Keys that the source puts together from parts; all others stand in it as they are.
BY_RAIL = (TransferKind.PAY, TransferKind.TOPUP, TransferKind.CASHOUT)
FATES = ("card", "on_its_way", "receipt", "refused", "unsure", "delayed", "cancelled", "expired")
COMPOSED = {
    *(f"{kind}.{fate}" for kind, fate in product(BY_RAIL, (*FATES, "reversed"))),
    *(f"refund.{fate}" for fate in ("card", "receipt", "received", "cancelled", "expired")),
    "pay.received",
    "pay.waiting",
    *(f"pay.private.{fate}" for fate in (*FATES, "waiting", "claimed", "returned", "reversed")),
    *(f"refund.private.{fate}" for fate in ("card", "receipt", "cancelled", "expired")),
    *(f"status.refund.{state}" for state in ("awaiting_approval", "settled", "cancelled", "expired")),
    *(f"pay.returned.{why}" for why in ("expired", "sent_back", "taken_back")),
    *(
        f"bundle.{whose}{what}"
        for whose, what in product(("", "private."), ("card", "approved", "cancelled", "expired"))
    ),
    *(f"split.{whose}{state}" for whose, state in product(("", "private."), SplitState)),
    *(f"refused.{code}" for code in (*SAID_IN_WORDS, "other")),
    *(
        f"request.{whose}{what}"
        for whose, what in product(
            ("", "private."), ("asked", "reminded", "declined", "cancelled", "expired", "part", "paid")
        )
    ),
    *(
        f"status.{state}"
        for state in {*TransferState, UNDER_WAY, UNSURE} - {TransferState.DRAFTED, TransferState.APPROVED}
    ),
    *(
        f"status.{kind}.{state}"
        for kind, state in product(
            (TransferKind.TOPUP, TransferKind.CASHOUT),
            (
                "awaiting_approval",
                UNDER_WAY,
                UNSURE,
                "settled",
                "refused",
                "cancelled",
                "expired",
                "reversed",
            ),
        )
    ),
    *(f"status.request.{state}" for state in RequestState),
    *(f"invoice.paper.{state}" for state in RequestState),
    *(f"invoice.paper.{state}" for state in ("ordered", "given_back")),
    *(f"order.{state}" for state in {*SaleState, "part", "declined"} - {SaleState.PENDING}),
    *(f"web.checkout.{state}" for state in (*PageState, "who_pays", "who_buys")),
    *(f"help.{verb}" for verb in commands()),
    *(f"trouble.{trouble}" for trouble in Trouble),
    *(f"web.approve.{kind}" for kind in TransferKind),
    *(f"shop_view.sort.{sort}" for sort in TakingSort),
    *(f"shop_view.state.{state}" for state in SaleState),
    *(f"shop_view.nav.{page}" for page in ("today", "month", "orders")),
    *(f"takings.kind.{kind}" for kind in ("day", "item", "tax", "month")),
    *(
        f"takings.column.{name}"
        for name in ("rate", "item", "day", "orders", "pieces", "taken", "given", "left", "tax")
    ),
    *(f"web.{deed}_what" for deed in ("approved", "declined")),
    *(f"history.page.rows.{state}" for state in UNUSUAL),
    *(f"limits.raised.{level}" for level in Level if level is not Level.UNCHECKED),
    *(f"statement.what.{what}" for what in What),
    *(f"admin.motion_{state}" for state in MotionState if state is not MotionState.WAITING),
    *(f"verify.{said}" for said in (*SAID_OF.values(), "not_paid")),
}


def _literals() -> set[str]:
    """Every piece of text that stands in the source of the product."""
    found: set[str] = set()
    for file in PRODUCT.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def _said_on_pages() -> set[str]:
    """The key of each `say("...")` that stands whole in a template."""
    pages = [page.read_text(encoding="utf-8") for page in PRODUCT.rglob("*.html")]
    return {key for page in pages for key in re.findall(r"""\bsay\(["']([a-z._]+)["'][,)]""", page)}


ON_PAGES = _said_on_pages()
LITERALS = _literals() | ON_PAGES


def _keys_in_source() -> list[tuple[str, str]]:
    """(module, key) of each `key = "..."` and `key="..."`, by whatever conditions it is chosen."""
    found: set[tuple[str, str]] = set()
    for file in PRODUCT.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            found |= {(file.relative_to(PRODUCT).as_posix(), key) for key in _key_of(node)}
    return sorted(found)


def _key_of(node: ast.AST) -> set[str]:
    match node:
        case ast.keyword(arg="key" | "lead", value=value):
            values = ast.walk(value)
        case ast.Assign(targets=[ast.Name(id="key")], value=value):
            values = ast.walk(value)
        case _:
            return set()
    texts = (each.value for each in values if isinstance(each, ast.Constant) and isinstance(each.value, str))
    return {text for text in texts if re.fullmatch(r"[a-z]+(\.[a-z_]+)+", text)}


REFUSALS = refusals()


@pytest.mark.parametrize(("module", "key"), _keys_in_source())
def test_every_key_in_the_source_has_its_sentence(module: str, key: str) -> None:
    assert key in HAS_SENTENCE, module


def test_every_key_on_a_page_has_its_sentence() -> None:
    assert "web.enrol" in ON_PAGES
    assert ON_PAGES <= HAS_SENTENCE


@pytest.mark.parametrize("key", sorted(COMPOSED))
def test_every_key_that_is_put_together_has_its_sentence(key: str) -> None:
    assert key in HAS_SENTENCE


@pytest.mark.parametrize("kind", REFUSALS)
def test_every_refusal_has_a_sentence_for_its_facts(kind: type[UserError]) -> None:
    error = made(kind)

    assert TEXTS.placeholders(kind.key) <= set(error.facts())


@pytest.mark.parametrize("key", KEYS)
def test_no_sentence_is_left_over(key: str) -> None:
    parent, _, row = key.rpartition(".")
    is_row = parent in HAS_SENTENCE and row in TEXTS.placeholders(parent)

    assert is_row or key in COMPOSED or key in LITERALS


def test_every_language_is_chosen_by_its_own_name_and_its_code_and_no_name_by_two() -> None:
    chosen_by = TEXTS.chosen_by()
    names = [name.casefold() for each in LANGUAGES for name in TEXTS.names_of(each)]

    assert len(names) == len(set(names))
    assert {language: chosen_by[language] for language in LANGUAGES} == dict(
        zip(LANGUAGES, LANGUAGES, strict=True)
    )
    assert (chosen_by["中文"], chosen_by["english"], chosen_by["chinese"]) == ("zh", "en", "zh")


def _facts(key: str) -> Facts:
    """Plausible facts for a sentence, two rows for each place that has rows."""
    facts: dict[str, Fact] = {}
    for name in TEXTS.placeholders(key):
        row = f"{key}.{name}"
        facts[name] = (_facts(row), _facts(row)) if row in HAS_SENTENCE else plausible(name)
    return facts


class _Tags(HTMLParser):
    """Fails where tags are not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.seen.add(tag)
        if tag == "br":
            self.words += "\n"
        else:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.mark.parametrize(("language", "key"), list(product(LANGUAGES, KEYS)))
def test_every_sentence_comes_out_as_balanced_html_that_says_the_same(language: str, key: str) -> None:
    rendered = TEXTS.render(key, language, _facts(key))
    tags = _Tags()
    tags.feed(rendered.html or "")
    tags.close()

    assert tags.open == []
    assert tags.seen <= {"a", "br", "code", "strong"}
    assert rendered.html is None or tags.words == rendered.text


@pytest.mark.parametrize(("language", "key"), list(product(LANGUAGES, KEYS)))
def test_no_sentence_shows_its_own_markup_in_plain_text(language: str, key: str) -> None:
    facts = {name: _mild(fact) for name, fact in _facts(key).items()}

    text = TEXTS.render(key, language, facts).text

    assert "**" not in text
    assert "`" not in text
    assert "%(" not in text
    assert "  " not in text


def _mild(fact: Fact) -> Fact:
    match fact:
        case str():
            return fact.replace(EVIL, "").strip()
        case Who(mxid=mxid):
            return Who(mxid, "Anna")
        case tuple():
            return tuple({name: _mild(inner) for name, inner in row.items()} for row in fact)
        case _:
            return fact


@pytest.mark.parametrize(("language", "key"), list(product(LANGUAGES, KEYS)))
def test_every_line_to_copy_is_a_command_that_exists(language: str, key: str) -> None:
    html = TEXTS.render(key, language, _facts(key)).html or ""

    for line in re.findall(r"<code>!([^<]*)</code>", html):
        assert find(commands(), line.split()[0]) is not None, line


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_line_under_a_refused_amount_can_be_copied_alone(language: str) -> None:
    error = "error.ambiguous_amount"
    facts: Facts = {"typed": "1.234", "first": Money(123400, "EUR"), "second": Money(123, "EUR")}

    html = TEXTS.render(error, language, facts).html

    assert html is not None
    assert "<code>1234.00 EUR</code>" in html
