"""The evidence page: policy, one anonymised case, trend, learning, and the guidance that changed, with dates."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.knowledge.partnership import AgencyKind
from bot.ledger import NoPolicy, NotFound
from bot.reporting import evidence
from bot.reporting.changed import Changed, guidance_changes
from bot.reporting.evidence import Case
from bot.reporting.names import names_of
from bot.reporting.tables import Table
from bot.storage import ticket_rows, versions
from bot.storage.database import Row, Transaction
from bot.storage.versions import Kept
from bot.tickets.ticket import Side
from handlers import wording
from handlers.web.rendering import Refused
from handlers.web.review import charts, words
from handlers.web.review.counted import Counted, counted
from handlers.web.review.drilling import YES
from handlers.web.review.filters import Filters, choices
from handlers.web.review.one import REFERENCE
from handlers.web.review.room import UNREADABLE, Room
from handlers.web.review.shown import shown
from handlers.web.review.spreadsheet import spreadsheet

RESULTS = ("escalations-by-outcome", "escalations-by-change", "days-by-stage")
CASES_OFFERED = 200


@dataclass(frozen=True)
class Read:
    """What stands around the case."""

    cases: list[Row]
    trend: Table
    results: Counted
    changed: list[Changed]
    in_use: Kept | None


class Evidence:
    """Drawn up for one period and one case that a manager picks. That the case was read is recorded in it."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.routes = [
            Route("/review/evidence", self.page),
            Route("/review/evidence/trend.csv", self.trend),
        ]

    async def page(self, request: Request) -> Response:
        """The page, with the case that was picked."""
        chosen, knowledge = self._room.filters(request), self._room.knowledge
        asked = choices(request.query_params, ("case", "learning"))
        case = await self._case(request, asked)
        found = await self._room.read(lambda tx: self._read(tx, chosen))
        names = names_of(knowledge)
        policy = case.policy if case else knowledge.escalation
        return self._room.page(
            request,
            "evidence.html",
            {
                "filters": chosen,
                "kept": asked,
                "asked": asked,
                "cases": [(row["reference"], _offered(row, names, self._room)) for row in found.cases],
                "case": case,
                "sides": _sides(case) if case else {},
                "Side": Side,
                "policy": policy,
                "in_use": found.in_use and found.in_use.since.astimezone(self._room.zone).date(),
                "draft": any(entry.is_draft for entry in knowledge.entries_of("escalation")),
                "trend": shown(found.trend, chosen, names),
                "chart": _chart(found.trend),
                "csv": chosen.address("/review/evidence/trend.csv"),
                "results": [shown(found.results[name], chosen, names) for name in RESULTS],
                "changed": found.changed,
            },
        )

    async def trend(self, request: Request) -> Response:
        """The trend for a spreadsheet."""
        chosen, knowledge, now = self._room.filters(request), self._room.knowledge, self._room.desk.clock()
        table = await self._room.read(lambda tx: evidence.trend(tx, chosen.scope, knowledge, now))
        return spreadsheet("trend", chosen.scope.period, table.heads, table.as_objects())

    def _read(self, tx: Transaction, chosen: Filters) -> Read:
        knowledge, now, period = self._room.knowledge, self._room.desk.clock(), chosen.scope.period
        rows = ticket_rows.opened(tx, "escalation", period.begins, period.ends)
        cases = [
            row
            for row in rows
            if row["closed_at"] and row["outcome"] and chosen.scope.agency in (None, row["raising"])
        ]
        return Read(
            cases[:CASES_OFFERED],
            evidence.trend(tx, chosen.scope, knowledge, now),
            counted(tx, chosen.scope, knowledge, now, RESULTS),
            guidance_changes(
                tx, period.begins, now, lambda moment: moment.astimezone(self._room.zone).date(), chosen.scope.topic
            ),
            versions.in_use_before(tx, now),
        )

    async def _case(self, request: Request, asked: dict[str, str]) -> Case | None:
        """The case that was picked, read as any record is."""
        reference = asked.get("case", "").upper()
        if not REFERENCE.fullmatch(reference) or not reference.startswith("ESC"):
            return None
        try:
            looked = await self._room.records.escalations.look(reference, self._room.viewer(request))
        except NotFound:
            return None
        except NoPolicy:
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, UNREADABLE) from None
        return evidence.anonymised(looked.speaking, looked.events, with_learning=asked.get("learning") == YES)


def _offered(row: Row, names: dict[str, dict[str, str]], room: Room) -> str:
    agencies = names["agency"]
    raising, receiving = (agencies.get(row[name], row[name]) for name in ("raising", "receiving"))
    closed = words.day(row["closed_at"], room.zone)
    return f"{row['reference']}: {raising} to {receiving}, closed {closed}"


def _sides(case: Case) -> dict[Side, str]:
    """Who acted, by kind."""
    raising, receiving = (
        wording.agency_kind(AgencyKind(kind)) if kind else "An agency" for kind in (case.raising, case.receiving)
    )
    return {
        Side.RAISING: f"{raising} (raised it)",
        Side.RECEIVING: f"{receiving} (the other agency)",
        Side.PARTNERSHIP: "The partnership",
        Side.BOT: "The bot",
    }


def _chart(trend: Table) -> charts.Columns:
    """Escalations and feedback requests by month."""
    place = trend.heads.index
    labels = [str(row[0])[:3] for row in trend.rows]
    escalations = [int(row[place("escalations")] or 0) for row in trend.rows]
    requests = [int(row[place("feedback requests")] or 0) for row in trend.rows]
    return charts.columns(labels, [escalations, requests], ["escalations", "feedback requests"])
