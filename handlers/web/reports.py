"""Two short forms beside the guidance: "I rang and got no adequate answer", and "suggest a correction"."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot import reports
from bot.knowledge.model import Contact
from bot.storage.questions import new_id
from bot.tickets import no_answer
from bot.tickets.fields import InvalidForm
from bot.tickets.no_answer import Did, NextStep, Waited
from handlers.web.rendering import Refused, Rendering, typed

MAX_CORRECTION = 1000
"""Characters of a suggested correction."""
OLD_FORM = "This form is from an older page. Open it again, please."
NOT_SAVED = "This could not be saved just now. Press the button again in a moment; what you filled in is still here."


class Reports:
    """What practitioners report. Each form carries a number of its own, so that sending it twice records it once."""

    def __init__(self, rendering: Rendering) -> None:
        self.desk = rendering.desk
        self._reports = reports.Reports(rendering.desk)
        self._rendering = rendering
        self.routes = [
            Route("/no-answer/{contact}", self.no_answer, methods=["GET"]),
            Route("/no-answer/{contact}", self.record_no_answer, methods=["POST"]),
            Route("/correction/{entry}", self.correction, methods=["GET"]),
            Route("/correction/{entry}", self.suggest, methods=["POST"]),
        ]

    async def no_answer(self, request: Request) -> Response:
        """What to do next, at once; and the form."""
        contact, step = self._reported(request)
        return self._no_answer(request, contact, step, self._new_form("no-answer"))

    async def record_no_answer(self, request: Request) -> Response:
        """Record it; then the next step again, with the reference."""
        contact, step = self._reported(request)
        names = ("number", "signature", "rang_at", "waited", "did")
        form = dict(zip(names, await typed(request, *names), strict=True))
        self._ours("no-answer", form)
        try:
            record = no_answer.parse(
                contact, self._moment(form["rang_at"]), form["waited"], form["did"], self.desk.clock()
            )
        except InvalidForm as error:
            return self._no_answer(request, contact, step, form, error.problems)
        agency = self._agency_of(request)
        reference = await self._reports.no_answer(
            record, channel="web", claim=f"form:{form['number']}", agency=agency
        )
        if reference is None:
            return self._no_answer(request, contact, step, form, {"form": NOT_SAVED})
        return self._no_answer(request, contact, step, form, reference=reference)

    def _reported(self, request: Request) -> tuple[Contact, NextStep]:
        name = request.path_params["contact"]
        step = self._reports.next_step(name)
        if step is None:
            raise Refused(404, "There is no such service (any more). Who to ring now stands below.")
        return self.desk.library.directory.contacts[name], step

    def _no_answer(
        self,
        request: Request,
        contact: Contact,
        step: NextStep,
        form: dict[str, str],
        problems: dict[str, str] | None = None,
        reference: str | None = None,
    ) -> Response:
        content: dict[str, object] = {
            "contact": contact,
            "step": step,
            "form": {"waited": "", "did": "", "rang_at": self._local_now(), **form},
            "problems": problems or {},
            "reference": reference,
            "waits": list(Waited),
            "deeds": list(Did),
        }
        return self._rendering.part_or_page(request, "no_answer.html", content | {"heading": "No adequate answer"})

    async def correction(self, request: Request) -> Response:
        """The form."""
        return self._correction(request, self._new_form("correction"))

    async def suggest(self, request: Request) -> Response:
        """Record a suggestion, unless it names somebody; then it is handed back."""
        names = ("number", "signature", "text")
        form = dict(zip(names, await typed(request, *names), strict=True))
        self._ours("correction", form)
        # A browser counts a line break as one character and sends two.
        form["text"] = form["text"].replace("\r\n", "\n").strip()[:MAX_CORRECTION]
        problem = self._rendering.identifiers_in(form["text"])
        if not form["text"]:
            problem = "Write what is wrong, or what it should say."
        if problem is None:
            agency = self._agency_of(request)
            saved = await self._reports.correction(
                self._entry(request), form["text"], channel="web", claim=f"form:{form['number']}", agency=agency
            )
            if saved:
                return self._correction(request, form, saved=True)
            problem = NOT_SAVED
        return self._correction(request, form, problem)

    def _correction(
        self, request: Request, form: dict[str, str], problem: str | None = None, *, saved: bool = False
    ) -> Response:
        entry_id = self._entry(request)
        knowledge = self.desk.library.knowledge
        content: dict[str, object] = {
            "entry": knowledge.entries[entry_id] if knowledge else None,
            "form": {"text": "", **form},
            "problem": problem,
            "saved": saved,
            "owner": knowledge.owner_of(knowledge.entries[entry_id]) if knowledge else "",
            "card": self._rendering.card(form.get("text", ""), request),
        }
        return self._rendering.part_or_page(request, "correction.html", content | {"heading": "Suggest a correction"})

    def _entry(self, request: Request) -> str:
        knowledge, name = self.desk.library.knowledge, str(request.path_params["entry"])
        if knowledge is None or name not in knowledge.entries:
            raise Refused(404, "There is no guidance of this name (any more).")
        return name

    def _new_form(self, purpose: str) -> dict[str, str]:
        number = new_id()
        return {"number": number, "signature": self._rendering.signature(purpose, number)}

    def _ours(self, purpose: str, form: dict[str, str]) -> None:
        if not self._rendering.signed(purpose, form["number"], form["signature"]):
            raise Refused(400, OLD_FORM)

    def _agency_of(self, request: Request) -> str | None:
        """The agency that this browser remembers."""
        remembered = request.cookies.get("agency", "")
        return remembered if remembered in self.desk.library.directory.partnership.agency_by_id else None

    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.desk.library.directory.partnership.time_zone)

    def _local_now(self) -> str:
        return f"{self.desk.clock().astimezone(self._zone()):%Y-%m-%dT%H:%M}"

    def _moment(self, text: str) -> datetime | None:
        """The time in a form's field, which is the partnership's; None where it is none."""
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            return None
        return found if found.tzinfo else found.replace(tzinfo=self._zone())
