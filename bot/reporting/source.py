"""What figures are counted from: a scope, and the rows of it, each read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property

from bot.knowledge.model import KnowledgeBase
from bot.reporting.periods import Period
from bot.reporting.tables import Value
from bot.storage import figures
from bot.storage.database import Row, Transaction

UNKNOWN = "not known"
MINUTES = 60
"""Of an hour."""


@dataclass(frozen=True)
class Scope:
    """What figures are counted over."""

    period: Period
    agency: str | None = None
    """Only what this agency asked or raised."""
    topic: str | None = None
    """Of questions: only those whose reply gave an entry of this topic."""


@dataclass(frozen=True)
class Source:
    """The rows of one scope. Whoever makes it reads all of it in one transaction, so that figures agree."""

    tx: Transaction = field(repr=False)
    scope: Scope
    knowledge: KnowledgeBase
    now: datetime

    @cached_property
    def _questions(self) -> list[Row]:
        rows = figures.question_groups(self.tx, self._begins, self._ends)
        return [row for row in rows if self._is_of_agency(row["agency"]) and self._is_of_topic(row["entry"])]

    @cached_property
    def _escalations(self) -> list[Row]:
        rows = figures.escalations_opened(self.tx, self._begins, self._ends)
        return [row for row in rows if self._is_of_agency(row["raising"])]

    @cached_property
    def _requests(self) -> list[Row]:
        rows = figures.requests_opened(self.tx, self._begins, self._ends)
        return [row for row in rows if self._is_of_agency(row["raising"])]

    @cached_property
    def _records(self) -> list[Row]:
        rows = figures.quick_records(self.tx, self._begins, self._ends)
        return [row for row in rows if self._is_of_agency(row["agency"])]

    @property
    def _begins(self) -> datetime:
        return self.scope.period.begins

    @property
    def _ends(self) -> datetime:
        return self.scope.period.ends

    def _is_of_agency(self, agency: str | None) -> bool:
        return self.scope.agency is None or agency == self.scope.agency

    def _is_of_topic(self, entry: str | None) -> bool:
        return self.scope.topic is None or topic_of(entry) == self.scope.topic

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self.scope.period.zone).date()


def topic_of(entry: str | None) -> str:
    """The topic of an entry's full id; empty where there is none."""
    return (entry or "").partition(".")[0]


def rows_of(found: Mapping[tuple[str, ...], int]) -> tuple[tuple[Value, ...], ...]:
    """Counts as the rows of a table."""
    return tuple((*key, count) for key, count in found.items())
