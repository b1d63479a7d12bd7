"""The pages behind one-time links: approving a payment, setting up a second factor, linking an account."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Final

from aiohttp import web

from paybridge.domain.errors import UserError
from paybridge.domain.factor import only_digits
from paybridge.domain.people import LinkState
from paybridge.services.factors import CountedError
from paybridge.services.one_time_links import LinkGoneError
from paybridge.services.visits import CardShown, EnrolmentShown, LinkingShown, Visits
from paybridge.web.answering import guarded
from paybridge.web.browser import Gate
from paybridge.web.wording import STATIC, Html, Wording

TOKEN: Final = "{token:[^/]{1,100}}"  # noqa: S105  a pattern
FILE: Final = "{name:" + "|".join(name.replace(".", "[.]") for name in sorted(STATIC)) + "}"


class DigitsMissingError(UserError):
    """What was typed are not six digits."""

    key = "error.digits_missing"


class Visiting:
    """`/approve/...` and `/enrol/...`. GET and HEAD use nothing up; only our own form does anything."""

    def __init__(
        self,
        visits: Visits,
        words: Wording,
        gate: Gate,
        language: str,
        beside: Sequence[web.RouteDef] = (),
    ) -> None:
        self.visits = visits
        self.words = words
        self.gate = gate
        self.language = language
        self._beside = beside

    def routes(self) -> list[web.RouteDef]:
        """The routes of all pages and of their files."""
        return [
            web.get(f"/approve/{TOKEN}", self.see_card),
            web.post(f"/approve/{TOKEN}", self.answer_card),
            web.get(f"/enrol/{TOKEN}", self.see_enrolment),
            web.post(f"/enrol/{TOKEN}", self.enrol),
            web.post(f"/approve/{TOKEN}/passkey", self.ask_passkey),
            web.get(f"/passkey/{TOKEN}", self.see_new_passkey),
            web.post(f"/passkey/{TOKEN}", self.add_passkey),
            web.post(f"/passkey/{TOKEN}/passkey", self.ask_new_passkey),
            web.get(f"/link/{TOKEN}", self.see_linking),
            web.post(f"/link/{TOKEN}", self.link_account),
            web.get(f"/static/{FILE}", self.file),
            *self._beside,
        ]

    async def file(self, request: web.Request) -> web.Response:
        """The style of the pages."""
        self.gate.check_host(request)
        return self.words.file(request.match_info["name"])

    @guarded
    async def see_card(self, request: web.Request) -> web.Response:
        token = request.match_info["token"]
        return self._card(token, await self.visits.card(token))

    @guarded
    async def answer_card(self, request: web.Request) -> web.Response:
        token = request.match_info["token"]
        form = await self.gate.read_form(request, token)
        shown = await self.visits.card(token)
        try:
            if form.get("deed") == "decline":
                await self.visits.decline(token)
                return self._done("web.declined", shown)
            if form.get("deed") == "passkey":
                await self.visits.approve_by_passkey(token, form.get("answer", ""))
            else:
                await self.visits.approve(token, _digits(form.get("digits", "")))
        except LinkGoneError:
            raise
        except UserError as error:
            refused = self.words.refusal(error, shown.language)
            return await self._card_again(token, refused, error)
        return self._done("web.approved", shown)

    @guarded
    async def see_enrolment(self, request: web.Request) -> web.Response:
        token = request.match_info["token"]
        return self._enrolment(token, await self.visits.enrolment(token))

    @guarded
    async def enrol(self, request: web.Request) -> web.Response:
        token = request.match_info["token"]
        form = await self.gate.read_form(request, token)
        shown = await self.visits.enrolment(token)
        try:
            codes = await self.visits.enrol(token, _digits(form.get("digits", "")))
        except LinkGoneError:
            raise
        except UserError as error:
            refused = self.words.refusal(error, shown.language)
            again = await self.visits.enrolment(token)
            return self._enrolment(token, again, refused, _status(error))
        return self.words.page("enrolled.html", shown.language, codes=codes)

    @guarded
    async def ask_passkey(self, request: web.Request) -> web.Response:
        """The question for a passkey that our page asks for when its button is pressed."""
        token = request.match_info["token"]
        await self.gate.read_form(request, token)
        return await question(self.visits.ask_passkey(token))

    @guarded
    async def see_new_passkey(self, request: web.Request) -> web.Response:
        token = request.match_info["token"]
        return self._new_passkey(token, await self.visits.passkey(token))

    @guarded
    async def ask_new_passkey(self, request: web.Request) -> web.Response:
        token = request.match_info["token"]
        await self.gate.read_form(request, token)
        return await question(self.visits.ask_new_passkey(token))

    @guarded
    async def add_passkey(self, request: web.Request) -> web.Response:
        token = request.match_info["token"]
        form = await self.gate.read_form(request, token)
        language = await self.visits.passkey(token)
        name = form.get("name", "")
        try:
            await self.visits.add_passkey(token, form.get("answer", ""), name)
        except LinkGoneError:
            raise
        except UserError as error:
            refused = self.words.refusal(error, language)
            again = await self.visits.passkey(token)
            return self._new_passkey(token, again, name, refused, _status(error))
        return self.words.page("passkey_added.html", language, called=name)

    @guarded
    async def see_linking(self, request: web.Request) -> web.Response:
        token = request.match_info["token"]
        return self._linking(token, await self.visits.linking(token))

    @guarded
    async def link_account(self, request: web.Request) -> web.Response:
        token = request.match_info["token"]
        form = await self.gate.read_form(request, token)
        shown = await self.visits.linking(token)
        number, holder = form.get("number", "").strip(), form.get("holder", "").strip()
        try:
            digits = _digits(form.get("digits", "")) if shown.factor else None
            link = await self.visits.link_account(token, number, holder, digits)
        except LinkGoneError:
            raise
        except UserError as error:
            refused = self.words.refusal(error, shown.language)
            again = await self.visits.linking(token)
            # What was typed does not come back: it may be a card's number.
            return self._linking(token, again, refused, _status(error))
        proven = link.state is LinkState.VERIFIED
        return self.words.page("linked.html", shown.language, account=link.masked, proven=proven)

    # ------------------------------------------------------------ pages

    def _card(
        self, token: str, shown: CardShown, refused: Html | None = None, status: int = 200
    ) -> web.Response:
        return self.words.page(
            "approve.html",
            shown.language,
            status,
            card=shown.transfer,
            facts=shown.facts,
            source=shown.source,
            passkey=shown.passkey,
            proof=self.gate.proof(token),
            refused=refused,
        )

    async def _card_again(self, token: str, refused: Html, error: UserError) -> web.Response:
        """The card with what was wrong; if the third wrong code ended the link, `LinkGoneError`."""
        return self._card(token, await self.visits.card(token), refused, _status(error))

    def _enrolment(
        self, token: str, shown: EnrolmentShown, refused: Html | None = None, status: int = 200
    ) -> web.Response:
        import segno  # noqa: PLC0415 - only who is shown a code pays for it

        picture = segno.make(shown.link, error="m", micro=False).svg_inline(
            scale=5, border=4, dark="#000", light="#fff", omitsize=True, svgclass="code", lineclass=None
        )
        return self.words.page(
            "enrol.html",
            shown.language,
            status,
            key=shown.key,
            link=shown.link,
            picture=Html(picture),
            proof=self.gate.proof(token),
            refused=refused,
        )

    def _new_passkey(
        self, token: str, language: str, name: str = "", refused: Html | None = None, status: int = 200
    ) -> web.Response:
        proof = self.gate.proof(token)
        return self.words.page("passkey.html", language, status, proof=proof, called=name, refused=refused)

    def _linking(
        self, token: str, shown: LinkingShown, refused: Html | None = None, status: int = 200
    ) -> web.Response:
        proof = self.gate.proof(token)
        return self.words.page(
            "link.html", shown.language, status, factor=shown.factor, proof=proof, refused=refused
        )

    def _done(self, what: str, shown: CardShown) -> web.Response:
        return self.words.page("done.html", shown.language, what=what, facts=shown.facts)


def _digits(typed: str) -> str:
    digits = only_digits(typed)
    if digits is None:
        raise DigitsMissingError
    return digits


async def question(asked: Awaitable[str]) -> web.Response:
    """The question as JSON; whatever makes it impossible is said by the page when its form is sent."""
    try:
        return web.json_response(text=await asked)
    except LinkGoneError:
        return web.json_response({}, status=410)
    except UserError:
        return web.json_response({}, status=409)


def _status(error: UserError) -> int:
    return 422 if isinstance(error, CountedError | DigitsMissingError) else 409
