"""The overview: to look at, not to read. Each number leads to its rows; every figure is one of `bot.reporting`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.knowledge.model import KnowledgeBase
from bot.reporting import over_time
from bot.reporting.figures import AGES
from bot.reporting.tables import Table
from bot.reviewing import Refusal
from bot.storage import reviewing
from bot.storage.database import Transaction
from bot.storage.quick_records import NO_ANSWER
from handlers.web.review import charts, drilling, words
from handlers.web.review.counted import ALL, Counted, counted
from handlers.web.review.cross import crossed
from handlers.web.review.filters import Filters
from handlers.web.review.room import Room
from handlers.web.review.shown import shown
from handlers.web.review.spreadsheet import spreadsheet

QUESTIONS_SHOWN, ROWS_SHOWN = 10, 8
HOURS = tuple(f"{hour:02d}:00" for hour in range(24))
REFUSALS_OF = timedelta(days=30)
SHOWN = (
    "questions-over-time", "questions-by-status", "questions-by-topic", "helpful", "emergencies", "unanswered",
    "escalations-by-agencies", "escalations-by-stage-and-outcome", "escalations-by-reason", "escalations-by-change",
    "days-by-stage", "open-by-age", "feedback", "feedback-by-agency", "feedback-by-way", "records-by-kind",
    "no-answer-by-service-and-hour", "guidance", "delivery",
)  # fmt: skip
WITH_BEFORE = (
    "questions-by-status", "questions-over-time", "helpful", "emergencies", "escalations-by-agencies", "feedback",
    "no-answer-by-service-and-hour",
)  # fmt: skip
"""Tables that are compared with the period before."""


@dataclass(frozen=True)
class Seen:
    """What the overview shows: the figures of the period and of the one before, and who was not let in."""

    now: Counted
    before: Counted
    refused: Mapping[str, int]


@dataclass(frozen=True)
class Tile:
    """One figure at a glance."""

    label: str
    value: str
    says: str
    address: str | None = None


class Overview:
    """The overview, and all figures as tables."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.routes = [
            Route("/review", self.overview),
            Route("/review/figures", self.figures),
            Route("/review/figures/{name}.csv", self.one_as_csv),
        ]

    async def overview(self, request: Request) -> Response:
        """Everything at a glance."""
        chosen, knowledge, now = self._room.filters(request), self._room.knowledge, self._room.desk.clock()
        since = self._room.today - REFUSALS_OF
        seen = await self._room.read(lambda tx: _read(tx, chosen, knowledge, now, since))
        return self._room.page(request, "overview.html", {"filters": chosen, **_content(chosen, seen, now)})

    async def figures(self, request: Request) -> Response:
        """Every table, with its definition."""
        chosen, knowledge, now = self._room.filters(request), self._room.knowledge, self._room.desk.clock()
        found = await self._room.read(lambda tx: counted(tx, chosen.scope, knowledge, now))
        tables = [shown(table, chosen, found.names) for table in found.tables.values()]
        return self._room.page(request, "figures.html", {"filters": chosen, "tables_shown": tables})

    async def one_as_csv(self, request: Request) -> Response:
        """One table for a spreadsheet."""
        chosen, knowledge, now = self._room.filters(request), self._room.knowledge, self._room.desk.clock()
        name = request.path_params["name"]
        if name not in ALL:
            raise self._room.nothing_there()
        found = await self._room.read(lambda tx: counted(tx, chosen.scope, knowledge, now, [name]))
        table = found.named(name)
        return spreadsheet(name, chosen.scope.period, table.heads, table.as_objects())


def _read(tx: Transaction, chosen: Filters, knowledge: KnowledgeBase, now: datetime, since: date) -> Seen:
    return Seen(
        counted(tx, chosen.scope, knowledge, now, SHOWN),
        counted(tx, chosen.before(), knowledge, now, WITH_BEFORE),
        reviewing.refusals(tx, since),
    )


def _content(chosen: Filters, seen: Seen, now: datetime) -> dict[str, object]:
    figures, names = seen.now, seen.now.names

    def table(name: str, bar: str | None = None, most: int | None = ROWS_SHOWN, only: tuple[str, ...] = ()) -> object:
        return shown(figures[name], chosen, names, bar=bar, most=most, only=only)

    def cross(name: str, order: tuple[str, ...] = ()) -> object:
        return crossed(figures[name], chosen, names, order)

    return {
        "before": chosen.scope.period.before(),
        "running": chosen.scope.period.ends > now,
        "tiles": _tiles(chosen, seen),
        "over_time": _over_time(chosen, seen, now.astimezone(chosen.scope.period.zone).date()),
        "times": table("questions-over-time", most=None),
        "topics": table("questions-by-topic", "questions"),
        "statuses": table("questions-by-status", "questions", None),
        "unanswered": table("unanswered", "questions", QUESTIONS_SHOWN),
        "who": cross("escalations-by-agencies"),
        "settled": cross("escalations-by-stage-and-outcome"),
        "reasons": table("escalations-by-reason", "escalations"),
        "changes": table("escalations-by-change", "escalations"),
        "stages": table("days-by-stage", "median days", None, ("stages", "median days", "90th percentile days")),
        "to_feedback": table("feedback-by-agency", "median hours", None, ("asked", "answered", "median hours")),
        "told": table("feedback-by-way", "requests"),
        "ages": cross("open-by-age", tuple(name for _, name in AGES)),
        "services": cross("no-answer-by-service-and-hour", HOURS),
        "records": cross("records-by-kind"),
        "guidance": table("guidance"),
        "delivery": table("delivery"),
        "refused": [(Refusal(why).label, count) for why, count in seen.refused.items() if why in set(Refusal)],
    }


def _tiles(chosen: Filters, seen: Seen) -> list[Tile]:
    now, before = seen.now, seen.before

    def tile(label: str, name: str, column: str, *key: str) -> Tile:
        """The sum of a column of counts, or of one of its rows."""
        table, earlier = now[name], before[name]
        value, was = (one.value(column, *key) or 0 if key else one.total(column) for one in (table, earlier))
        row = (*key, *(None for _ in table.columns))
        address = drilling.rows_behind(table, row, column, chosen) if key or not table.by else None
        page = drilling.BEHIND[name].page
        return Tile(label, words.number(value), words.more(value, was), address or chosen.address(page))

    def share(label: str, name: str, column: str, of: str) -> Tile:
        """A figure of a table with a single row; it leads to the rows that it is of."""
        table, unit = now[name], next(c.unit for c in now[name].columns if c.name == column)
        value, was = table.value(column), before[name].value(column)
        address = drilling.rows_behind(table, table.rows[0], of, chosen)
        return Tile(label, words.number(value, unit), words.more(value, was, unit), address)

    def open_now(label: str, kind: str, page: str) -> Tile:
        count = sum(int(row[2] or 0) for row in now["open-by-age"].rows if row[0] == kind)
        return Tile(label, words.number(count), "at this moment", chosen.address(page, open=drilling.YES))

    calls = tile("Calls without an adequate answer", "no-answer-by-service-and-hour", "calls")
    calls = replace(calls, address=chosen.address(drilling.RECORDS, kind=NO_ANSWER))
    return [
        tile("Questions", "questions-by-status", "questions"),
        tile("Without guidance", "questions-by-status", "questions", "no_guidance"),
        share("Answers that helped", "helpful", "helpful", "judged"),
        tile("Emergency card shown", "emergencies", "questions"),
        calls,
        tile("Escalations raised", "escalations-by-agencies", "escalations"),
        open_now("Escalations open now", "escalation", drilling.ESCALATIONS),
        tile("MASH feedback asked for", "feedback", "asked"),
        share("Office hours until told, median", "feedback", "median hours", "answered"),
        open_now("Feedback requests open now", "feedback", drilling.FEEDBACK),
    ]


def _over_time(chosen: Filters, seen: Seen, today: date) -> charts.Columns:
    """Questions by day, week or month, those without guidance on top, and the period before as a line."""
    table, earlier = seen.now["questions-over-time"], seen.before["questions-over-time"]
    labels = [over_time.in_short(span) for span in over_time.spans(chosen.scope.period, today)]
    unanswered = _numbers(table, "no guidance")
    rest = [all_ - some for all_, some in zip(_numbers(table, "questions"), unanswered, strict=True)]
    return charts.columns(labels, [rest, unanswered], ["others", "without guidance"], _numbers(earlier, "questions"))


def _numbers(table: Table, column: str) -> list[int]:
    place = table.heads.index(column)
    return [int(row[place] or 0) for row in table.rows]
