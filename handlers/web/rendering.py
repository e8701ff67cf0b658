"""What the pages share: templates, who asks, what is signed, forms read and errors shown."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from bot.access import AgencySource
from bot.answering import messages
from bot.answering.reply import EmergencyCard, Status
from bot.desk import Desk
from bot.knowledge.markdown import parse, spans
from bot.knowledge.model import Entry, KnowledgeBase, Topic
from bot.knowledge.partnership import Agency
from bot.privacy import Guard
from bot.tickets.no_answer import can_be_reported
from handlers import wording
from handlers.web.guards import HEADERS, MAX_BODY_BYTES, from_elsewhere

HERE = Path(__file__).parent

NO_PAGE = "There is no page at this address. Ask your question, or look through the topics."
UNREADABLE = "This form could not be read. Ask again, please."


def templates() -> Environment:
    """The templates: everything typed is escaped, and a name that is not there is an error."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"wording": wording, "Status": Status, "can_be_reported": can_be_reported}
    environment.filters |= {"blocks": parse, "spans": spans}
    return environment


class Refused(HTTPException):
    """A refusal whose words are written for practitioners. The detail of any other HTTPException is not shown."""


class Rendering:
    """Renders templates for one desk."""

    def __init__(self, desk: Desk, key: str) -> None:
        self.desk = desk
        self._key = key.encode()
        self.templates = templates()

    def agency(self, request: Request, chosen: str = "") -> tuple[Agency | None, AgencySource]:
        """The asker's agency: as chosen in the form, else as remembered."""
        known = self.desk.library.directory.partnership.agency_by_id
        remembered = request.cookies.get("agency", "")
        if chosen in known:
            return known[chosen], AgencySource.REMEMBERED if chosen == remembered else AgencySource.DECLARED
        if chosen == "" and request.method == "GET" and remembered in known:
            return known[remembered], AgencySource.REMEMBERED
        return None, AgencySource.UNKNOWN

    def signature(self, purpose: str, value: str) -> str:
        """Proves that we handed `value` out for `purpose`."""
        return hmac.new(self._key, f"{purpose}:{value}".encode(), hashlib.sha256).hexdigest()

    def signed(self, purpose: str, value: str, signature: str) -> bool:
        """Whether `signature` is ours."""
        return hmac.compare_digest(signature.encode(), self.signature(purpose, value).encode())

    def identifiers_in(self, text: str) -> str | None:
        """Why a text cannot be kept, where it names somebody."""
        guidance = self.desk.library.guidance
        found = (guidance.guard if guidance else Guard()).find(text)
        return messages.identifiers(found) if found else None

    def card(self, text: str, request: Request) -> EmergencyCard | None:
        """The emergency card, when what was typed calls for it."""
        return self.desk.alarm(text, self.agency(request)[0])

    def part_or_page(self, request: Request, part: str, content: Mapping[str, object]) -> Response:
        """A piece for the page's script, or the same piece in a whole page."""
        if in_place(request):
            return self.html(part, request, None, content)
        return self.page(request, "part.html", {**content, "part": part})

    def page(
        self,
        request: Request,
        name: str,
        content: Mapping[str, object],
        agency: Agency | None = None,
        status_code: int = 200,
    ) -> Response:
        """A whole page."""
        if agency is None and request.method == "GET":
            agency, _ = self.agency(request)
        return self.html(name, request, agency, content, status_code)

    def html(
        self,
        name: str,
        request: Request,
        agency: Agency | None,
        content: Mapping[str, object],
        status_code: int = 200,
    ) -> HTMLResponse:
        """A template with what every template may need."""
        library = self.desk.library
        directory = library.directory
        at = self.desk.clock()
        base: dict[str, object] = {
            "partnership": directory.partnership,
            "agency": agency,
            "to_ring": directory.to_ring(at),
            "topics": topics_of(library.knowledge),
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
        html = self.templates.get_template(name).render({**base, **content})
        # One address serves the whole page and the piece, and the choice of agency shows in both.
        return HTMLResponse(html, status_code, {"Vary": "HX-Request, Cookie"})

    async def problem(self, request: Request, error: Exception) -> Response:
        """An error page that says what to do, and never how it happened."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        if isinstance(error, Refused):
            says = error.detail
        elif status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
            says = NO_PAGE
        else:
            says = messages.ERROR if status >= 500 else UNREADABLE
        name = "refused.html" if in_place(request) else "problem.html"
        response = self.page(request, name, {"says": says}, status_code=status)
        # What answers a fault of ours stands outside of SecurityHeaders.
        response.headers.update(HEADERS)
        return response


def topics_of(knowledge: KnowledgeBase | None) -> list[tuple[Topic, list[Entry]]]:
    """Each topic with its entries."""
    return [(topic, knowledge.entries_of(topic.id)) for topic in knowledge.topics.values()] if knowledge else []


async def typed(request: Request, *names: str) -> list[str]:
    """Fields as text that can be kept and shown: an upload is no text, and half a character is replaced.

    Raises: Refused for a form of another site; HTTPException where the form cannot be read.
    """
    if from_elsewhere(request):
        raise Refused(403, "This form was sent from another site.")
    try:
        async with request.form(max_fields=10, max_part_size=MAX_BODY_BYTES) as form:
            values = [form.get(name) for name in names]
    except UnicodeError:  # it is not in the character set that it names
        raise HTTPException(HTTPStatus.BAD_REQUEST) from None
    return [value.encode("utf-8", "replace").decode() if isinstance(value, str) else "" for value in values]


def in_place(request: Request) -> bool:
    """Whether the page's script asks for a piece, to put it in place, and not for a whole page."""
    return request.headers.get("hx-request") == "true"
