"""Asks the running bot how it is, and whether it can be reached from outside."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

import aiohttp

from paybridge.services.finding import Finding, bad, good, note, unknown

if TYPE_CHECKING:
    from paybridge.config import Config

PATIENCE_SECONDS: Final = 20.0
EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  what is asked, not listened on
REASONS: Final = (aiohttp.ClientError, TimeoutError, OSError, ValueError)


async def check_web(config: Config) -> Sequence[Finding]:
    """Whether the bot runs and what keeps it from its work, and whether webhooks come through."""
    patience = aiohttp.ClientTimeout(total=PATIENCE_SECONDS)
    async with aiohttp.ClientSession(timeout=patience) as http:
        running, finding = await _bot(config, http)
        found = [finding, await _outside(config, http, running=running)]
        if config.web.public_url is not None and running:
            found.append(await _pages(config.web.public_url, http))
        return found


async def _bot(config: Config, http: aiohttp.ClientSession) -> tuple[bool, Finding]:
    part, host = "bot", EVERYWHERE.get(config.web.host, config.web.host)
    url = f"http://{f'[{host}]' if ':' in host else host}:{config.web.port}"
    if not config.web.port:
        return False, unknown(part, "web.listen names no port at which it could be asked")
    try:
        alive = await _json(http, f"{url}/healthz")
        ready = await _json(http, f"{url}/readyz")
        parts: Mapping[str, str] = ready["parts"]
    except REASONS:
        return False, note(
            part, f"it does not run, or not at {url}", "start it; the rest was examined all the same"
        )
    except (KeyError, TypeError):
        elsewhere = "stop it, or set web.listen to another port"
        return False, bad(part, f"another program answers at {url}", elsewhere)
    wrong = [f"{name}: {word}" for name, word in parts.items() if word != "ok"]
    if wrong:
        return True, bad(part, f"it runs, but {'; '.join(wrong)}", "the lines below and its log say why")
    if alive.get("version") != version("paybridge"):
        older = f"it runs as version {alive.get('version')}, and {version('paybridge')} is installed"
        return True, note(part, older, "start it again")
    return True, good(part, f"it runs and can serve people ({url})")


async def _outside(config: Config, http: aiohttp.ClientSession, *, running: bool) -> Finding:
    part, public = "webhooks", config.web.public_url
    if public is None:
        return unknown(
            part, "web.public_url is not set: rails are asked instead, and no web pages are offered"
        )
    if not running:
        return unknown(part, f"whether {public} leads to the bot shows only while it runs")
    fix = "see the reverse proxy (docs/deploy.md): /hooks/ must come through to web.listen as it is"
    try:
        # What takes webhooks takes nothing else, and says so in its own words.
        async with http.get(f"{public}/hooks/doctor") as answer:
            ours = answer.status == HTTPStatus.METHOD_NOT_ALLOWED and "error" in json.loads(
                await answer.text()
            )
            status = answer.status
    except aiohttp.ClientError as error:
        return bad(part, f"{public} cannot be reached from here: {' '.join(str(error).split())}", fix)
    except (TimeoutError, OSError):
        return bad(part, f"{public} does not answer from here", fix)
    except (ValueError, TypeError):
        ours = False
        status = 0
    if not ours:
        what = f" (status {status})" if status else ""
        return bad(part, f"{public}/hooks/ does not lead to the bot{what}", fix)
    return good(part, f"{public}/hooks/ leads to the bot")


async def _pages(public: str, http: aiohttp.ClientSession) -> Finding:
    """Pages answer only those who ask for them by the right name."""
    part, url = "pages", f"{public}/static/page.css"
    try:
        async with http.get(url) as answer:
            status = answer.status
    except REASONS:
        return bad(part, f"{url} cannot be reached from here", "see the reverse proxy (docs/deploy.md)")
    if status == HTTPStatus.MISDIRECTED_REQUEST:
        host = "have the reverse proxy pass on the Host that browsers send (docs/deploy.md)"
        return bad(part, f"the bot is asked for pages by another name than that in {public}", host)
    if status != HTTPStatus.OK:
        missing = "if web.public_url is new, start the bot again; else see the reverse proxy (docs/deploy.md)"
        return bad(part, f"{public} shows no pages of the bot (status {status})", missing)
    return good(part, f"{public} shows the bot's pages")


async def _json(http: aiohttp.ClientSession, url: str) -> dict[str, Any]:
    async with http.get(url) as answer:
        told: dict[str, Any] = await answer.json(content_type=None)
        return told
