"""From a figure to its rows: which list, and which choices of it, stand behind each number of each table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.reporting.figures import UNKNOWN
from bot.reporting.tables import Table, Value
from bot.storage.question_rows import NOT_KNOWN
from handlers.web.review.filters import Filters

QUESTIONS, ESCALATIONS, FEEDBACK, RECORDS, GUIDANCE, DELIVERIES = (
    f"/review/{name}" for name in ("questions", "escalations", "feedback", "records", "guidance", "deliveries")
)
YES = "yes"


@dataclass(frozen=True)
class Behind:
    """The list behind a table. `by`: the choices that the names of a row make, in their order."""

    page: str
    by: tuple[str, ...] = ()
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Of a column of counts: the choices that it makes besides. A column that is not here has no list of its own."""


_ALL: Mapping[str, str] = {}
_FEEDBACK: Mapping[str, Mapping[str, str]] = {
    "asked": _ALL,
    **{name: {name: YES} for name in ("answered", "over", "judged", "escalated")},
}
BEHIND: Mapping[str, Behind] = {
    "questions-over-time": Behind(
        QUESTIONS, ("period",), {"questions": _ALL, "no guidance": {"status": "no_guidance"}}
    ),
    "questions-by-status": Behind(QUESTIONS, ("status",), {"questions": _ALL}),
    "questions-by-channel": Behind(QUESTIONS, ("channel",), {"questions": _ALL}),
    "questions-by-entry": Behind(QUESTIONS, ("entry",), {"questions": _ALL, "judged": {"judged": YES}}),
    "questions-by-topic": Behind(QUESTIONS, ("topic",), {"questions": _ALL}),
    "questions-by-topic-and-agency": Behind(QUESTIONS, ("topic", "agency"), {"questions": _ALL}),
    "helpful": Behind(QUESTIONS, (), {"judged": {"judged": YES}}),
    "emergencies": Behind(QUESTIONS, (), {"questions": {"emergency": YES}}),
    "unanswered": Behind(QUESTIONS, ("like",), {"questions": {"unanswered": YES}}),
    "tickets-over-time": Behind(ESCALATIONS, ("period",), {"escalations": _ALL}),
    "escalations-by-agencies": Behind(ESCALATIONS, ("agency", "receiving"), {"escalations": _ALL}),
    "escalations-by-reason": Behind(ESCALATIONS, ("reason",), {"escalations": _ALL}),
    "escalations-by-stage": Behind(ESCALATIONS, ("stage",), {"escalations": _ALL}),
    "escalations-by-outcome": Behind(ESCALATIONS, ("outcome",), {"escalations": _ALL}),
    "escalations-by-stage-and-outcome": Behind(ESCALATIONS, ("stage", "outcome"), {"escalations": _ALL}),
    "escalations-by-change": Behind(ESCALATIONS, ("change",), {"escalations": _ALL}),
    "time-to-acknowledge": Behind(ESCALATIONS, (), {"acknowledged": {"acknowledged": YES}}),
    "days-by-stage": Behind(ESCALATIONS, ("ended",), {"stages": _ALL, "with confirmed days": {"timed": YES}}),
    "feedback": Behind(FEEDBACK, (), _FEEDBACK),
    "feedback-by-agency": Behind(FEEDBACK, ("agency",), _FEEDBACK),
    "feedback-by-way": Behind(FEEDBACK, ("how_told",), {"requests": _ALL}),
    "records-by-kind": Behind(RECORDS, ("kind", "agency"), {"records": _ALL}),
    "no-answer-by-service-and-hour": Behind(RECORDS, ("service", "hour"), {"calls": _ALL}),
    "guidance": Behind(GUIDANCE, (), {"entries": _ALL, "due for review": {"due": YES}, "draft": {"draft": YES}}),
    "delivery": Behind(DELIVERIES, (), {"messages": _ALL, "given up": {"given_up": YES}}),
}
"""By the id of a table. "open-by-age" has two lists: see `rows_behind`."""
OPEN_BY_AGE = "open-by-age"
_OPEN = {"escalation": ESCALATIONS, "feedback": FEEDBACK}


def rows_behind(table: Table, row: Sequence[Value], column: str, chosen: Filters) -> str | None:
    """The address of the rows behind one number, where it has a list; `row` with ids, not names."""
    key = [str(cell) for cell in row[: len(table.by)]]
    if table.id == OPEN_BY_AGE:
        kind, age = key
        return chosen.address(_OPEN[kind], open=YES, age=age)
    behind = BEHIND.get(table.id)
    if behind is None or column not in behind.columns:
        return None
    named = {name: _in_an_address(value) for name, value in zip(behind.by, key, strict=True)}
    return chosen.address(behind.page, **named, **behind.columns[column])


def _in_an_address(name: str) -> str:
    return NOT_KNOWN if name == UNKNOWN else name
