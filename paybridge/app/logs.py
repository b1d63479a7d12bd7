"""Sets up the log: one line an event on standard error, for people or as JSON, without secrets."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final, Literal, TextIO

import structlog

HIDDEN: Final = "(hidden)"

_SECRET_NAME: Final = re.compile(
    r"passw|secret|token|api_?key|master_?key|pickle|seed|credential|authorization|cookie|private|signature|totp|"
    r"^(?:code|pin|otp|iban|number|account)$",
    re.IGNORECASE,
)
_SECRET_TEXT: Final = re.compile(
    r"(?P<keep>(?:access_token|password|secret|api_key|token)[\"']?\s*[=:]\s*[\"']?|Bearer\s+)[^\s\"'&,}]+"
    r"|\b(?:syt|mct|mat|mar|bank_test|whsec|sk_test|rk_test)_[A-Za-z0-9+/=_\-]+",
    re.IGNORECASE,
)
# These tell much at their usual levels, sometimes with what an event held.
_QUIET: Final = ("nio", "aiohttp.access", "sqlalchemy", "alembic", "peewee", "asyncio")

Event = MutableMapping[str, Any]


def set_up_logging(
    level: Literal["debug", "info", "warning", "error"],
    form: Literal["console", "json"],
    stream: TextIO | None = None,
) -> None:
    """Send all that is logged at `level` and above to `stream`, or else to standard error."""
    to = stream or sys.stderr
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer(ensure_ascii=False, default=repr)
    if form == "console":
        renderer = structlog.dev.ConsoleRenderer(
            colors=to.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # Makes text of a traceback, without the values of variables, so that it is searched for secrets too.
        structlog.processors.format_exc_info,
        hide_secrets,
    ]
    handler = logging.StreamHandler(to)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def hide_secrets(_logger: object, _method: str, event: Event) -> Event:
    """Hide values whose names sound like a secret, and what looks like one in any text."""
    return {name: _hidden(name, value) for name, value in event.items()}


def _hidden(name: str, value: object) -> object:
    # Names with an underscore in front are structlog's own.
    if value is None or isinstance(value, bool) or name.startswith("_"):
        return value
    if _SECRET_NAME.search(name):
        return HIDDEN
    match value:
        case int() | float():
            return value
        case dict():
            return {key: _hidden(str(key), inner) for key, inner in value.items()}
        case list() | tuple():
            return [_hidden("", inner) for inner in value]
        case _:
            text = value if isinstance(value, str) else repr(value)
            return _SECRET_TEXT.sub(lambda found: (found["keep"] or "") + HIDDEN, text)
