"""The rows behind the figures, as lists: on the page by fifties, and whole for a spreadsheet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.reporting import rows
from bot.reporting.names import names_of
from bot.storage import question_rows, ticket_rows
from bot.storage.database import Transaction
from bot.storage.question_rows import NOT_KNOWN, Which
from handlers.web.review import listings
from handlers.web.review.drilling import YES
from handlers.web.review.filters import Filters, choices
from handlers.web.review.listings import Column, Naming
from handlers.web.review.room import Room
from handlers.web.review.spreadsheet import spreadsheet

PAGE = 50
"""Rows."""


@dataclass(frozen=True)
class Found:
    """Some rows of a list, and how many there are."""

    rows: Sequence[Any]
    total: int


@dataclass(frozen=True)
class Span:
    """Which rows are wanted; all of them where `limit` is negative."""

    limit: int
    offset: int

    def of(self, rows: Sequence[Any]) -> Found:
        """These, of rows that were read whole."""
        end = None if self.limit < 0 else self.offset + self.limit
        return Found(rows[self.offset : end], len(rows))


Asked = dict[str, str]
Read = Callable[[Transaction, Filters, Asked, Span], Found]


@dataclass(frozen=True)
class List:
    """One list: by what it can be chosen, how it is read, and what stands in it."""

    name: str
    title: str
    choices: tuple[str, ...]
    read: Read
    columns: Callable[[Naming], tuple[Column, ...]]
    empty: str
    means: str = ""
    topical: bool = False
    """Whether the filter by topic counts here."""


class Lists:
    """Each list with its filters, its choices and its file."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.lists = (
            List(
                "questions",
                "Questions",
                ("status", "entry", "channel", "emergency", "judged", "unanswered", "like"),
                self._questions,
                listings.questions,
                "No such question was asked in this period.",
                "The text stands here where it named nobody. Each leads to the reply as it was given.",
                topical=True,
            ),
            List(
                "escalations",
                "Escalations",
                (
                    "receiving",
                    "reason",
                    "stage",
                    "outcome",
                    "change",
                    "open",
                    "age",
                    "acknowledged",
                    "ended",
                    "timed",
                ),
                self._tickets("escalation"),
                listings.escalations,
                "No such escalation was raised in this period.",
                "Each leads to its history. That you read it is recorded in it.",
            ),
            List(
                "feedback",
                "MASH feedback requests",
                ("how_told", "open", "age", "answered", "over", "judged", "escalated"),
                self._tickets("feedback"),
                listings.feedback,
                "No such feedback request was made in this period.",
                "Each leads to its history. That you read it is recorded in it.",
            ),
            List(
                "records",
                "Short records",
                ("kind", "service", "hour"),
                _records,
                listings.records,
                "No such short record was kept in this period.",
                "What was chosen in each. The sentences in them are in “export quick-records”.",
            ),
            List(
                "guidance",
                "Entries of the guidance",
                ("due", "draft"),
                self._entries,
                listings.entries,
                "No entry is due for review, or draft.",
                "In use now, whatever the period: those whose review comes first stand first.",
            ),
            List(
                "deliveries",
                "Messages that did not get through",
                ("given_up",),
                _deliveries,
                listings.deliveries,
                "Every message got through.",
                "By now, whatever the period. What they tell of is recorded all the same.",
            ),
        )
        self.routes = [
            route
            for each in self.lists
            for route in (
                Route(f"/review/{each.name}", self._page_of(each)),
                Route(f"/review/{each.name}.csv", self._file_of(each)),
            )
        ]

    def _page_of(self, which: List) -> Callable[[Request], Any]:
        async def page(request: Request) -> Response:
            chosen, asked = self._room.filters(request), self._asked(request, which)
            number = _number(request.query_params.get("page", ""))
            span = Span(PAGE, (number - 1) * PAGE)
            found = await self._room.read(lambda tx: which.read(tx, chosen, asked, span))
            naming = self._naming()
            last = max(1, -(-found.total // PAGE))
            here = f"/review/{which.name}"
            return self._room.page(
                request,
                "list.html",
                {
                    "filters": chosen,
                    "list": which,
                    "topical": which.topical,
                    "kept": {name: value for name, value in asked.items() if name != "agency"},
                    "columns": which.columns(naming),
                    "rows": found.rows,
                    "total": found.total,
                    "first": span.offset + 1,
                    "number": number,
                    "last": last,
                    "earlier": chosen.address(here, **asked, page=str(number - 1)) if number > 1 else None,
                    "later": chosen.address(here, **asked, page=str(number + 1)) if number < last else None,
                    "csv": chosen.address(f"{here}.csv", **asked),
                    "chips": _chips(asked, naming),
                    "without": chosen.address(here),
                },
            )

        return page

    def _file_of(self, which: List) -> Callable[[Request], Any]:
        async def file(request: Request) -> Response:
            chosen, asked = self._room.filters(request), self._asked(request, which)
            found = await self._room.read(lambda tx: which.read(tx, chosen, asked, Span(-1, 0)))
            columns = which.columns(self._naming())
            cells = ({column.head: column.text(row) for column in columns} for row in found.rows)
            return spreadsheet(which.name, chosen.scope.period, [column.head for column in columns], cells)

        return file

    def _asked(self, request: Request, which: List) -> Asked:
        asked = choices(request.query_params, which.choices)
        if request.query_params.get("agency") == NOT_KNOWN:
            asked["agency"] = NOT_KNOWN
        return asked

    def _naming(self) -> Naming:
        knowledge = self._room.knowledge
        return Naming(names_of(knowledge), knowledge, self._room.zone)

    # How each is read

    def _questions(self, tx: Transaction, chosen: Filters, asked: Asked, span: Span) -> Found:
        scope, now = chosen.scope, self._room.desk.clock()
        which = Which(
            begins=scope.period.begins,
            ends=scope.period.ends,
            agency=asked.get("agency", scope.agency),
            topic=scope.topic,
            entry=asked.get("entry"),
            status=asked.get("status"),
            channel=asked.get("channel"),
            answered="entry" in asked,
            emergency=asked.get("emergency") == YES,
            judged=asked.get("judged") == YES,
            unanswered=asked.get("unanswered") == YES,
            ids=rows.alike(tx, scope, asked["like"], self._room.knowledge, now) if "like" in asked else None,
        )
        return Found(question_rows.rows(tx, which, span.limit, span.offset), question_rows.count(tx, which))

    def _tickets(self, kind: str) -> Read:
        def read(tx: Transaction, chosen: Filters, asked: Asked, span: Span) -> Found:
            return span.of(rows.tickets(tx, kind, chosen.scope, asked, self._room.moment()))

        return read

    def _entries(self, tx: Transaction, chosen: Filters, asked: Asked, span: Span) -> Found:
        return span.of(rows.entries(self._room.knowledge, asked, self._room.today))


def _records(tx: Transaction, chosen: Filters, asked: Asked, span: Span) -> Found:
    return span.of(rows.records(tx, chosen.scope, asked))


def _deliveries(tx: Transaction, chosen: Filters, asked: Asked, span: Span) -> Found:
    return span.of(ticket_rows.stuck(tx, given_up=asked.get("given_up") == YES))


def _number(text: str) -> int:
    """The number of a page; the first where it is none."""
    return int(text) if text.isdecimal() and 0 < len(text) < 7 and int(text) else 1


_CHOICES = {
    "like": "worded like one that was not answered",
    "open": "open now",
    "emergency": "with the emergency card",
    "judged": "judged by who asked",
    "unanswered": "without an answer, or one that did not help",
    "acknowledged": "acknowledged",
    "answered": "answered",
    "escalated": "that went on as an escalation",
    "over": "whose expected time is over",
    "timed": "with confirmed days",
    "due": "whose review day has passed",
    "draft": "still draft",
    "given_up": "given up",
}


def _chips(asked: Asked, naming: Naming) -> list[str]:
    """What was chosen, in words."""
    said = []
    for name, value in asked.items():
        if name in _CHOICES:
            said.append(_CHOICES[name])
        elif (name, value) == ("agency", NOT_KNOWN):
            said.append("agency not known")
        else:
            what = {"ended": "stage", "receiving": "agency", "how_told": "how told"}.get(name, name)
            head = {"ended": "past stage", "receiving": "to", "how_told": "told"}.get(name, name)
            said.append(f"{head}: {naming.of(what, value)}")
    return said
