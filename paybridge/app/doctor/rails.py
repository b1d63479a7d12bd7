"""Asks each configured rail whether it is there, and a sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import aiohttp

from paybridge.rails._frame import RailClass, find_rails
from paybridge.services.finding import Finding, bad, good, note
from paybridge.services.ports import NotASandboxError, RailError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from paybridge.config import Config
    from paybridge.services.ports import Rail

PATIENCE_SECONDS: Final = 20.0


async def check_rails(config: Config) -> Sequence[Finding]:
    """How each rail is, in the config's order."""
    if not config.rails:
        none = "none is configured: people can neither top up nor cash out"
        return [note("rails", none, "set one under rails (config.example.yaml)")]
    found = find_rails()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE_SECONDS)) as http:
        asked = (_rail(name, found[name], options, http) for name, options in config.rails.items())
        return await asyncio.gather(*asked)


async def _rail(name: str, make: RailClass, options: BaseModel, http: aiohttp.ClientSession) -> Finding:
    part = f"rail {name}"
    rail: Rail | None = None
    try:
        rail = make(options, http)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await rail.prove_sandbox()
            await rail.alive()
    except NotASandboxError as error:
        return bad(
            part, _told(error), f"see rails.{name}: PayBridge moves no real money, and does not start so"
        )
    except RailError as error:
        fix = f"see rails.{name}, and that its peer runs; people can pay again when it is back"
        return bad(part, f"does not answer as it should: {_told(error)}", fix)
    except TimeoutError:
        return bad(
            part, f"does not answer within {PATIENCE_SECONDS:.0f} seconds", f"see rails.{name}, and its peer"
        )
    except Exception as error:  # noqa: BLE001  a plug-in may raise anything; the others are told of still
        return bad(part, f"failed: {type(error).__name__}", "its author should know")
    finally:
        if rail is not None:
            await rail.close()
    return good(part, "answers, and is a sandbox")


def _told(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
