"""The one place in which an error of a page becomes a page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Protocol, TypeVar

import structlog
from aiohttp import web

from paybridge.services.one_time_links import LinkGoneError
from paybridge.services.ports import BookUnavailableError, RoomsAwayError
from paybridge.services.shop_door import SessionOverError
from paybridge.web.browser import Gate, NotFromOurPageError
from paybridge.web.wording import Wording

log = structlog.stdlib.get_logger(__name__)


class Pages(Protocol):
    """What every group of pages has: its words, the gate before it, and the house's language."""

    @property
    def words(self) -> Wording: ...
    @property
    def gate(self) -> Gate: ...
    @property
    def language(self) -> str: ...


P = TypeVar("P", bound=Pages)


def guarded(
    handler: Callable[[P, web.Request], Awaitable[web.Response]],
) -> Callable[[P, web.Request], Awaitable[web.Response]]:
    """Answer with what the handler does, or with the page of its error."""

    @wraps(handler)
    async def answer(self: P, request: web.Request) -> web.Response:
        self.gate.check_host(request)
        words, otherwise = self.words, self.words.language_of(request, self.language)
        try:
            return await handler(self, request)
        except LinkGoneError as error:
            # The same page whatever the link was: who guesses learns nothing of it.
            return words.page("gone.html", error.language or otherwise, 410 if error.known else 404)
        except SessionOverError:
            return words.page("shop_over.html", otherwise, 403)
        except NotFromOurPageError:
            return words.page("said.html", otherwise, 403, what="web.not_from_our_page")
        except (BookUnavailableError, RoomsAwayError):
            return words.page("said.html", otherwise, 503, what="web.try_again")
        except web.HTTPException:
            raise
        except Exception:
            # The path holds the token.
            log.exception("page failed", page=handler.__name__)
            return words.page("said.html", otherwise, 500, what="web.failed")

    return answer
