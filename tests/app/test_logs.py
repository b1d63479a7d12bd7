"""The log is one line an event, for people or programs, and holds no secret."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from paybridge.app import set_up_logging


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def fail() -> None:
    raise ConnectionError("http://hs/?access_token=hush8")


def test_json_is_one_object_a_line() -> None:
    stream = io.StringIO()
    set_up_logging("info", "json", stream)
    structlog.stdlib.get_logger("paybridge.test").info("leg sent", leg="L1", failures=3)
    logging.getLogger("library").warning("two\nlines")

    first, second = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert (first["event"], first["leg"], first["failures"], first["level"]) == ("leg sent", "L1", 3, "info")
    assert first["logger"] == "paybridge.test"
    assert (second["event"], second["level"]) == ("two\nlines", "warning")


def test_what_is_below_the_level_is_not_logged() -> None:
    stream = io.StringIO()
    set_up_logging("warning", "console", stream)
    structlog.stdlib.get_logger("paybridge.test").info("chatter")
    logging.getLogger("library").info("chatter")

    assert stream.getvalue() == ""


def test_what_a_chat_library_says_at_its_usual_level_is_not_logged() -> None:
    stream = io.StringIO()
    set_up_logging("debug", "console", stream)
    logging.getLogger("nio.client").info("an event with what somebody wrote")

    assert stream.getvalue() == ""


@pytest.mark.parametrize("form", ["console", "json"])
def test_secrets_are_hidden_by_name_and_by_shape(form: str) -> None:
    stream = io.StringIO()
    set_up_logging("info", "json" if form == "json" else "console", stream)
    log = structlog.stdlib.get_logger("paybridge.test")
    log.info("x", password="hush1", inner={"api_key": "hush2", "fine": "seen"}, code="hush3")
    log.info("GET /sync?access_token=hush4&since=s1 with Bearer hush5")
    log.info("keys", given=["bank_test_hush6", "whsec_hush7="])
    try:
        fail()
    except ConnectionError:
        log.exception("failed")
        logging.getLogger("library").exception("failed for syt_%s", "hush9")

    written = stream.getvalue()
    assert "hush" not in written
    assert "seen" in written
    assert "since=s1" in written
    assert written.count("ConnectionError") >= 2
