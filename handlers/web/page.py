"""The page: a question box, replies as cards, every entry at a permanent address. Works without JavaScript."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bot.access import AgencySource
from bot.answering import messages
from bot.answering.reply import EmergencyCard, Status
from bot.desk import Answered, Desk
from bot.knowledge.markdown import parse, spans
from bot.knowledge.model import Agency, Entry, KnowledgeBase, Topic
from bot.privacy import Guard
from handlers import wording
from handlers.web.guards import HEADERS, MAX_BODY_BYTES, from_elsewhere

HERE = Path(__file__).parent
YEAR_SECONDS = 365 * 24 * 3600
MAX_MISSING = 1000
"""Characters of "what was missing?"."""


def templates() -> Environment:
    """The templates: everything typed is escaped, and a name that is not there is an error."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"wording": wording, "Status": Status}
    environment.filters |= {"blocks": parse, "spans": spans}
    return environment


NO_PAGE = "There is no page at this address. Ask your question, or look through the topics."
UNREADABLE = "This form could not be read. Ask again, please."


class Refused(HTTPException):
    """A refusal whose words are written for practitioners. The detail of any other HTTPException is not shown."""


class Page:
    """The routes of the page."""

    def __init__(self, desk: Desk, key: str) -> None:
        self.desk = desk
        self._key = key.encode()
        self._templates = templates()
        self.routes = [
            Route("/", self.home, methods=["GET"]),
            Route("/", self.ask, methods=["POST"]),
            Route("/verdict", self.verdict, methods=["POST"]),
            Route("/guidance", self.all_guidance),
            Route("/guidance/{entry_id}", self.guidance),
            Mount("/static", StaticFiles(directory=HERE / "static"), name="static"),
        ]

    async def home(self, request: Request) -> Response:
        """The empty page."""
        return self._page(request, "home.html", {})

    async def ask(self, request: Request) -> Response:
        """One question. Asked by POST, so that it stands in no address, history or log."""
        if from_elsewhere(request):
            raise Refused(403, "This form was sent from another site.")
        text, after, chosen = await _typed(request, "text", "after", "agency")
        agency, source = self._agency(request, chosen)
        client = request.client.host if request.client else "unknown"

        def answer() -> tuple[EmergencyCard | None, Answered]:
            card = self.desk.alarm(text, agency)
            return card, self.desk.answer(
                text,
                channel="web",
                asker=f"web:{client}",
                agency=agency,
                agency_source=source,
                previous=after or None,
                emergency=card is not None,
            )

        # A question takes milliseconds. To look through a megabyte takes seconds, for which nobody else should wait.
        card, answered = answer() if len(text) <= messages.MAX_QUESTION else await asyncio.to_thread(answer)
        response = self._answer(request, text, card, answered, agency, after)
        self._remember(response, request, chosen, agency)
        # Recorded after the answer is on its way: nobody waits for the disk.
        response.background = BackgroundTask(self.desk.record, answered)
        return response

    def _answer(
        self,
        request: Request,
        text: str,
        card: EmergencyCard | None,
        answered: Answered,
        agency: Agency | None,
        after: str,
    ) -> Response:
        reply = answered.reply
        content: dict[str, object] = {
            "text": text,
            "card": card,
            "reply": reply,
            "after": reply.subject or after,
            # Nothing that was typed is lost, also when the fault is ours.
            "give_back": reply.give_back or (text if reply.status is Status.ERROR else ""),
            "question_id": answered.question.id,
            "signature": self._signature(answered.question.id),
        }
        if _in_place(request):
            return self._html("exchange.html", request, agency, content)
        return self._page(request, "home.html", content, agency)

    async def verdict(self, request: Request) -> Response:
        """Whether an answer helped; when not, what was missing."""
        if from_elsewhere(request):
            raise Refused(403, "This form was sent from another site.")
        question_id, signature, helpful, missing = await _typed(
            request, "question", "signature", "helpful", "missing"
        )
        if not hmac.compare_digest(signature.encode(), self._signature(question_id).encode()):
            raise Refused(400, "This form is from an older page. Ask again, please.")
        missing = missing.strip()[:MAX_MISSING]
        guidance = self.desk.library.guidance
        found = (guidance.guard if guidance else Guard()).find(missing)
        state: dict[str, object] = {
            "question_id": question_id,
            "signature": signature,
            "missing": missing,
            "problem": "",
        }
        if found:
            state["problem"] = messages.identifiers(found)
            return self._part_or_page(request, "missing.html", state)
        if helpful == "no" and not missing:
            await self.desk.judge(question_id, helpful=False)
            return self._part_or_page(request, "missing.html", state)
        saved = await self.desk.judge(question_id, helpful=helpful == "yes", missing=missing or None)
        return self._part_or_page(request, "thanks.html", {"saved": saved})

    async def all_guidance(self, request: Request) -> Response:
        """Every entry, by topic."""
        return self._page(request, "guidance.html", {})

    async def guidance(self, request: Request) -> Response:
        """One entry at its permanent address: to link to, readable without account or script."""
        entry_id = request.path_params["entry_id"]
        agency, _ = self._agency(request, "")
        reply = self.desk.show(entry_id, agency)
        if reply is None:
            raise Refused(404, "There is no guidance at this address (any more). Ask, or look at the topics.")
        content: dict[str, object] = {"reply": reply, "after": entry_id}
        if _in_place(request):
            title = reply.entry.title if reply.entry else ""
            return self._html("exchange.html", request, agency, content | {"text": title})
        return self._page(request, "entry.html", content, agency)

    async def problem(self, request: Request, error: Exception) -> Response:
        """An error page that says what to do, and never how it happened."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        if isinstance(error, Refused):
            says = error.detail
        elif status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
            says = NO_PAGE
        else:
            says = messages.ERROR if status >= 500 else UNREADABLE
        name = "refused.html" if _in_place(request) else "problem.html"
        response = self._page(request, name, {"says": says}, status_code=status)
        # What answers a fault of ours stands outside of SecurityHeaders.
        response.headers.update(HEADERS)
        return response

    # What the pages share

    def _agency(self, request: Request, chosen: str) -> tuple[Agency | None, AgencySource]:
        known = self.desk.library.directory.partnership.agency_by_id
        remembered = request.cookies.get("agency", "")
        if chosen in known:
            return known[chosen], AgencySource.REMEMBERED if chosen == remembered else AgencySource.DECLARED
        if chosen == "" and request.method == "GET" and remembered in known:
            return known[remembered], AgencySource.REMEMBERED
        return None, AgencySource.UNKNOWN

    def _remember(self, response: Response, request: Request, chosen: str, agency: Agency | None) -> None:
        if agency is not None and chosen != request.cookies.get("agency"):
            response.set_cookie(
                "agency",
                agency.id,
                max_age=YEAR_SECONDS,
                httponly=True,
                samesite="lax",
                secure=request.url.scheme == "https",
            )
        elif agency is None and "agency" in request.cookies:
            response.delete_cookie("agency")

    def _signature(self, question_id: str) -> str:
        return hmac.new(self._key, b"verdict:" + question_id.encode(), hashlib.sha256).hexdigest()

    def _part_or_page(self, request: Request, part: str, content: Mapping[str, object]) -> Response:
        if _in_place(request):
            return self._html(part, request, None, content)
        return self._page(request, "part.html", {**content, "part": part})

    def _page(
        self,
        request: Request,
        name: str,
        content: Mapping[str, object],
        agency: Agency | None = None,
        status_code: int = 200,
    ) -> Response:
        if agency is None and request.method == "GET":
            agency, _ = self._agency(request, "")
        return self._html(name, request, agency, content, status_code)

    def _html(
        self,
        name: str,
        request: Request,
        agency: Agency | None,
        content: Mapping[str, object],
        status_code: int = 200,
    ) -> HTMLResponse:
        library = self.desk.library
        directory = library.directory
        at = self.desk.clock()
        base: dict[str, object] = {
            "partnership": directory.partnership,
            "agency": agency,
            "to_ring": directory.to_ring(at),
            "topics": _topics(library.knowledge),
            "drafts": any(e.is_draft for e in library.knowledge.entries.values()) if library.knowledge else False,
            "draft_notice": messages.draft(directory.partnership.name),
            "max_question": messages.MAX_QUESTION,
            "text": "",
            "card": None,
            "reply": None,
            "after": "",
            "give_back": "",
            "question_id": "",
            "signature": "",
        }
        html = self._templates.get_template(name).render({**base, **content})
        # One address serves the whole page and the piece, and the choice of agency shows in both.
        return HTMLResponse(html, status_code, {"Vary": "HX-Request, Cookie"})


def _topics(knowledge: KnowledgeBase | None) -> list[tuple[Topic, list[Entry]]]:
    """Each topic with its entries."""
    return [(topic, knowledge.entries_of(topic.id)) for topic in knowledge.topics.values()] if knowledge else []


async def _typed(request: Request, *names: str) -> list[str]:
    """Fields as text that can be kept and shown: an upload is no text, and half a character is replaced.

    Raises: HTTPException where the form cannot be read.
    """
    try:
        async with request.form(max_fields=10, max_part_size=MAX_BODY_BYTES) as form:
            values = [form.get(name) for name in names]
    except UnicodeError:  # it is not in the character set that it names
        raise HTTPException(HTTPStatus.BAD_REQUEST) from None
    return [value.encode("utf-8", "replace").decode() if isinstance(value, str) else "" for value in values]


def _in_place(request: Request) -> bool:
    """Whether the page's script asks for a piece, to put it in place, and not for a whole page."""
    return request.headers.get("hx-request") == "true"
