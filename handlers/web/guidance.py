"""All guidance on one page, for reading, linking and printing; and each entry at its permanent address."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import segno
from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bot.answering import messages
from bot.answering.guidance import Directory
from bot.knowledge.model import KnowledgeBase
from handlers.web.rendering import HERE, Refused, Rendering, in_place, templates, topics_of

VALID = timedelta(days=28)
"""How long a printed sheet may hang, where no entry has to be reviewed before."""


class GuidancePages:
    """The guidance to read through, without asking."""

    def __init__(self, rendering: Rendering, public_url: str | None) -> None:
        self.desk = rendering.desk
        self._rendering = rendering
        self._public_url = public_url
        self.routes = [
            Route("/guidance", self.all_guidance),
            Route("/guidance/{entry_id}", self.one),
        ]

    async def all_guidance(self, request: Request) -> Response:
        """Every entry, whole, by topic."""
        self._refuse_while_off()
        knowledge = self.desk.library.knowledge
        if knowledge is None:
            return self._rendering.page(request, "unreadable.html", {})
        address = self._public_url or str(request.base_url).rstrip("/")
        html = sheet(self._rendering.templates, knowledge, self.desk.library.directory, address, self.desk.clock())
        return HTMLResponse(html)

    async def one(self, request: Request) -> Response:
        """One entry at its permanent address: to link to, readable without account or script."""
        self._refuse_while_off()
        entry_id = request.path_params["entry_id"]
        agency, _ = self._rendering.agency(request)
        reply = self.desk.show(entry_id, agency)
        if reply is None:
            raise Refused(404, "There is no guidance at this address (any more). Ask, or look at the topics.")
        content: dict[str, object] = {"reply": reply, "after": entry_id}
        if in_place(request):
            title = reply.entry.title if reply.entry else ""
            return self._rendering.html("exchange.html", request, agency, content | {"text": title})
        return self._rendering.page(request, "entry.html", content, agency)

    def _refuse_while_off(self) -> None:
        if self.desk.switched_off is not None:
            raise Refused(503, messages.switched_off(self.desk.switched_off))


def sheet(
    environment: Environment,
    knowledge: KnowledgeBase,
    directory: Directory,
    address: str | None,
    at: datetime,
    *,
    alone: bool = False,
) -> str:
    """All guidance as one page. `address`: of the live page, for links and the QR code; `alone`: holds its own style.

    A number's hours stand there as a timetable: on paper nobody knows what is open now.
    """
    today = at.astimezone(ZoneInfo(knowledge.partnership.time_zone)).date()
    return environment.get_template("sheet.html").render(
        partnership=knowledge.partnership,
        topics=topics_of(knowledge),
        knowledge=knowledge,
        entries=knowledge.entries,
        contacts=knowledge.contacts,
        duty=[knowledge.contacts[name] for name in directory.duty if name in knowledge.contacts],
        draft_notice=messages.draft(knowledge.partnership.name),
        drafts=sum(entry.is_draft for entry in knowledge.entries.values()),
        today=today,
        valid_until=valid_until(knowledge, today),
        version=knowledge.version,
        address=address,
        qr=_qr(f"{address}/guidance") if address else None,
        style=(HERE / "static" / "sheet.css").read_text(encoding="utf-8") if alone else None,
    )


def _qr(address: str) -> str | None:
    """The address as a QR code; None where it is too long for one."""
    try:
        code: str = segno.make(address, micro=False).svg_inline(omitsize=True, border=2)
    except segno.DataOverflowError:
        return None
    return code


def standalone(knowledge: KnowledgeBase, address: str | None, at: datetime) -> str:
    """All guidance as a file that needs nothing else, for `kb print`."""
    directory = Directory(knowledge.contacts, knowledge.partnership)
    return sheet(templates(), knowledge, directory, address, at, alone=True)


def valid_until(knowledge: KnowledgeBase, today: date) -> date:
    """Until when a sheet printed today counts: four weeks, or until the first entry has to be looked at again."""
    reviews = [entry.review_by for entry in knowledge.entries.values() if entry.review_by and entry.review_by > today]
    return min([today + VALID, *reviews])
