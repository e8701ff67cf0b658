"""What the review pages share: their templates, the filters in the address, and reading the records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from http import HTTPStatus
from typing import TypeVar
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from bot.access import Viewer
from bot.answering import messages
from bot.knowledge.model import KnowledgeBase
from bot.ledger import reading
from bot.records import Records
from bot.reporting.names import names_of
from bot.reporting.rows import Moment
from bot.storage.database import Transaction
from bot.working_time import WorkingDays
from handlers.web.rendering import Refused, Rendering
from handlers.web.review import words
from handlers.web.review.filters import PERIODS, Filters, filters

T = TypeVar("T")

NO_PAGE = "There is no such page here (any more)."
UNREADABLE = "The guidance files cannot be read just now, and the figures need them. What is recorded is not lost."
PAGES = (
    ("/review", "Overview"),
    ("/review/questions", "Questions"),
    ("/review/escalations", "Escalations"),
    ("/review/feedback", "MASH feedback"),
    ("/review/records", "Short records"),
    ("/review/figures", "All figures"),
    ("/review/evidence", "Evidence"),
)


class Room:
    """One desk, seen by a manager."""

    def __init__(self, rendering: Rendering, records: Records) -> None:
        self.desk = rendering.desk
        self.records = records
        self._templates = rendering.templates
        self._templates.globals |= {"words": words}

    @property
    def knowledge(self) -> KnowledgeBase:
        """The knowledge in use.

        Raises: Refused where none can be read.
        """
        knowledge = self.desk.library.knowledge
        if knowledge is None:
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, UNREADABLE)
        return knowledge

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.desk.library.directory.partnership.time_zone)

    @property
    def today(self) -> date:
        return self.desk.clock().astimezone(self.zone).date()

    def moment(self) -> Moment:
        """What "by now" means."""
        region = self.desk.library.directory.partnership.bank_holidays
        return Moment(self.desk.clock(), self.zone, WorkingDays(region))

    def viewer(self, request: Request) -> Viewer:
        """Who looks: the door has let them in."""
        found: Viewer = request.state.viewer
        return found

    def filters(self, request: Request) -> Filters:
        """What the address asks for.

        Raises: Refused.
        """
        return filters(request.query_params, self.knowledge, self.today)

    def nothing_there(self) -> Refused:
        """To raise where an address names nothing that there is."""
        return Refused(HTTPStatus.NOT_FOUND, NO_PAGE)

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Read the records.

        Raises: NotSaved.
        """
        return await reading(self.desk, work)

    def page(
        self, request: Request, name: str, content: Mapping[str, object], status: int = HTTPStatus.OK
    ) -> HTMLResponse:
        """A page with its navigation. With `filters` in the content, they stand above it."""
        base: dict[str, object] = {
            "pages": PAGES,
            "here": request.scope["path"],
            "filters": None,
            "periods": PERIODS,
            "topical": True,
            "names": names_of(self.knowledge) if content.get("filters") else {},
        }
        return self.html(f"review/{name}", {**base, **content}, status)

    def problem(self, request: Request, says: str, status: int) -> Response:
        """A page that says what is wrong, to whoever it is: nothing else stands on it."""
        return self.html("review/problem.html", {"says": says}, status)

    def html(self, name: str, content: Mapping[str, object], status: int = HTTPStatus.OK) -> HTMLResponse:
        """A template with what each of these needs."""
        partnership = self.desk.library.directory.partnership
        base: dict[str, object] = {
            "partnership": partnership,
            "now": self.desk.clock().astimezone(self.zone),
            "draft_notice": messages.draft(partnership.name),
        }
        return HTMLResponse(self._templates.get_template(name).render({**base, **content}), status)
