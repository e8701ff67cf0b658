"""The figures of a page: all of them or some, with what the ids in their rows are called."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from bot.knowledge.model import KnowledgeBase
from bot.reporting import over_time
from bot.reporting.figures import EVERY, Figures, Scope
from bot.reporting.names import names_of
from bot.reporting.tables import Table
from bot.storage.database import Transaction

MORE: Mapping[str, Callable[[Transaction, Scope, date], Table]] = {
    "questions-over-time": over_time.questions_over_time,
    "tickets-over-time": over_time.tickets_over_time,
    "escalations-by-stage-and-outcome": over_time.settled,
}
"""Beside the figures themselves: what changes over time, and where escalations settle."""
ALL = (*EVERY, *MORE)
UNANSWERED = "unanswered"


@dataclass(frozen=True)
class Counted:
    """Tables by their ids."""

    tables: Mapping[str, Table]
    names: Mapping[str, Mapping[str, str]]
    """By what is counted -> id -> name."""

    def __getitem__(self, name: str) -> Table:
        return self.tables[name]

    def named(self, name: str) -> Table:
        """One table with names in place of ids."""
        return self.tables[name].named(self.names)


def counted(
    tx: Transaction, scope: Scope, knowledge: KnowledgeBase, now: datetime, wanted: Collection[str] = ALL
) -> Counted:
    """The tables that are wanted."""
    figures = Figures(tx, scope, knowledge, now)
    tables = {name: figure(figures) for name, figure in EVERY.items() if name in wanted}
    today = now.astimezone(scope.period.zone).date()
    tables |= {name: figure(tx, scope, today) for name, figure in MORE.items() if name in wanted}
    spans = over_time.spans(scope.period, today)
    names = {**names_of(knowledge), "when": {over_time.key(span): over_time.called(span) for span in spans}}
    if UNANSWERED in tables:
        # In an address stands an id: no text that anybody typed.
        groups = figures.groups_without_answer().groups
        tables[UNANSWERED] = replace(
            tables[UNANSWERED], rows=tuple((group.ids[0], len(group.ids)) for group in groups)
        )
        names["question"] = {group.ids[0]: group.text for group in groups}
    return Counted(tables, names)
