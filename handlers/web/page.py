"""The page: a question box, replies as cards, and whether they helped. Works without JavaScript."""

from __future__ import annotations

import asyncio

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bot.answering import messages
from bot.answering.reply import EmergencyCard, Status
from bot.desk import Answered
from bot.knowledge.partnership import Agency
from handlers.web.rendering import HERE, Refused, Rendering, in_place, typed

YEAR_SECONDS = 365 * 24 * 3600
MAX_MISSING = 1000
"""Characters of "what was missing?"."""


class Page:
    """Asking, and the verdict on the answer."""

    def __init__(self, rendering: Rendering) -> None:
        self.desk = rendering.desk
        self._rendering = rendering
        self.routes = [
            Route("/", self.home, methods=["GET"]),
            Route("/", self.ask, methods=["POST"]),
            Route("/verdict", self.verdict, methods=["POST"]),
            Mount("/static", StaticFiles(directory=HERE / "static"), name="static"),
        ]

    async def home(self, request: Request) -> Response:
        """The empty page."""
        return self._rendering.page(request, "home.html", {})

    async def ask(self, request: Request) -> Response:
        """One question. Asked by POST, so that it stands in no address, history or log."""
        text, after, chosen = await typed(request, "text", "after", "agency")
        agency, source = self._rendering.agency(request, chosen)
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
            "signature": self._rendering.signature("verdict", answered.question.id),
        }
        if in_place(request):
            return self._rendering.html("exchange.html", request, agency, content)
        return self._rendering.page(request, "home.html", content, agency)

    async def verdict(self, request: Request) -> Response:
        """Whether an answer helped; when not, what was missing."""
        question_id, signature, helpful, missing = await typed(request, "question", "signature", "helpful", "missing")
        if not self._rendering.signed("verdict", question_id, signature):
            raise Refused(400, "This form is from an older page. Ask again, please.")
        # A browser sends each line break as two characters.
        missing = missing.replace("\r\n", "\n").strip()[:MAX_MISSING]
        state: dict[str, object] = {
            "question_id": question_id,
            "signature": signature,
            "missing": missing,
            "problem": self._rendering.identifiers_in(missing) or "",
            "card": self._rendering.card(missing, request),
        }
        if state["problem"]:
            return self._rendering.part_or_page(request, "missing.html", state)
        if helpful == "no" and not missing:
            await self.desk.judge(question_id, helpful=False)
            return self._rendering.part_or_page(request, "missing.html", state)
        saved = await self.desk.judge(question_id, helpful=helpful == "yes", missing=missing or None)
        return self._rendering.part_or_page(request, "thanks.html", {**state, "saved": saved})

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
