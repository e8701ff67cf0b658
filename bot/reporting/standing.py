"""Figures of short records, and of how things stand at this moment: what is open, the guidance, delivery."""

from __future__ import annotations

from datetime import datetime

from bot.reporting.source import UNKNOWN, Source, rows_of
from bot.reporting.tables import Column, Table, Value, counted
from bot.storage import figures
from bot.storage.database import Row
from bot.working_time import WorkingDays

AGES = (
    (0, "to 1 working day"),
    (2, "2 to 5 working days"),
    (6, "6 to 10 working days"),
    (11, "over 10 working days"),
)
"""From how many working days on an open ticket is of which age."""


class RecordFigures(Source):
    """Each is of the short records that were made in the period."""

    def records_by_kind(self) -> Table:
        """What people recorded in a few taps."""
        return Table(
            "records-by-kind",
            "Short records",
            "Short records made in the period, by kind and by the agency of whoever made them: talks about a "
            "disagreement, settled or not; escalations that were considered and not raised; what worked well; and "
            "calls without an adequate answer.",
            ("kind", "agency"),
            (Column("records"),),
            rows_of(counted(self._records, lambda row: (row["kind"], row["agency"] or UNKNOWN))),
        )

    def no_answer_by_service_and_hour(self) -> Table:
        """Which services gave no adequate answer, and at what hour."""
        calls = [row for row in self._records if row["contact"] and row["rang_at"]]
        found = counted(calls, lambda row: (row["contact"], self._hour(row)))
        return Table(
            "no-answer-by-service-and-hour",
            "No adequate answer, by service and hour",
            "Calls without an adequate answer that were recorded in the period, by the service that was rung and the "
            "hour at which it was.",
            ("service", "hour"),
            (Column("calls"),),
            tuple(sorted((*key, count) for key, count in found.items())),
        )

    def _hour(self, row: Row) -> str:
        return f"{datetime.fromisoformat(row['rang_at']).astimezone(self.scope.period.zone):%H}:00"


class StandingFigures(Source):
    """Each is of this moment, and of no period."""

    def open_by_age(self) -> Table:
        """What is open now, by how long."""
        days = WorkingDays(self.knowledge.partnership.bank_holidays)
        today = self._day(self.now)
        rows: list[tuple[Value, ...]] = []
        for kind in ("escalation", "feedback"):
            ages = [
                age_of(days.between(self._day(datetime.fromisoformat(row["opened_at"])), today))
                for row in figures.tickets_open(self.tx, kind)
                if self._is_of_agency(row["raising"])
            ]
            rows += [(kind, name, ages.count(name)) for _, name in AGES]
        return Table(
            "open-by-age",
            "Open now, by age",
            "Escalations and feedback requests that are open at this moment, whenever they were raised or asked, "
            "by the working days after that day until today.",
            ("kind", "age"),
            (Column("open"),),
            tuple(rows),
        )

    def guidance(self) -> Table:
        """How much of the guidance is due for review, and how much is still draft."""
        entries, today = list(self.knowledge.entries.values()), self._day(self.now)
        due = sum(entry.review_by is not None and entry.review_by < today for entry in entries)
        return Table(
            "guidance",
            "Guidance",
            "Entries in use now: all, those whose review day has passed, and those that nobody has approved.",
            (),
            (Column("entries"), Column("due for review"), Column("draft")),
            ((len(entries), due, sum(entry.is_draft for entry in entries)),),
        )

    def delivery(self) -> Table:
        """Messages that did not get through."""
        row = figures.delivery_failures(self.tx)
        return Table(
            "delivery",
            "Messages that did not get through",
            "Messages that were tried and are not through by now, whenever they were queued, and how many of them "
            "were given up.",
            (),
            (Column("messages"), Column("given up")),
            ((row["troubled"], row["given_up"]),),
        )


def age_of(days: int) -> str:
    """Which of the ages that are told apart something is of, by working days."""
    return next(name for begin, name in reversed(AGES) if days >= begin)
