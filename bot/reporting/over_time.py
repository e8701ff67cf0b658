"""What changes over a period, and where escalations settle: for those who look and do not read."""

from __future__ import annotations

from datetime import date, timedelta

from bot.reporting.escalations import ended
from bot.reporting.figures import Scope
from bot.reporting.periods import Period
from bot.reporting.tables import Column, Table, counted
from bot.storage import figures, question_rows, ticket_rows
from bot.storage.database import Transaction
from bot.storage.question_rows import Which

DAYS_SHOWN, WEEKS_SHOWN, MONTHS_SHOWN = 31, 27, 36
"""A longer period is shown by weeks, and those that are longer still by months or years."""


def spans(period: Period, today: date) -> tuple[Period, ...]:
    """A period in parts to look at: days, weeks from Monday on, months or years; none that is still to come.

    None reaches beyond the period.
    """
    found: list[Period] = []
    first = period.first
    while first <= period.last and (first <= today or not found):
        last = min(_last_of(first, period.days), period.last)
        found.append(Period(first, last, period.zone))
        first = last + timedelta(days=1)
    return tuple(found)


def _last_of(day: date, days: int) -> date:
    if days <= DAYS_SHOWN:
        return day
    if days <= WEEKS_SHOWN * 7:
        return day + timedelta(days=6 - day.weekday())
    if days <= MONTHS_SHOWN * 31:
        return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return date(day.year, 12, 31)


def key(span: Period) -> str:
    """A part of a period as it stands in a table, and in an address."""
    return f"{span.first.isoformat()} {span.last.isoformat()}"


def called(span: Period) -> str:
    """A part of a period in few words."""
    first, last = span.first, span.last
    if first == last:
        return f"{first.day} {first:%b}"
    if first.day == 1 and (last + timedelta(days=1)).day == 1 and first.month == last.month:
        return f"{first:%b %Y}"
    if (first.month, last.month) == (1, 12):
        return str(first.year)
    return f"{first.day} {first:%b} to {last.day} {last:%b}"


def in_short(span: Period) -> str:
    """The same for the foot of a chart: when it begins."""
    if span.first == span.last or span.days < 8:
        return f"{span.first.day} {span.first:%b}"
    return f"{span.first:%b}" if span.days < 32 else str(span.first.year)


def questions_over_time(tx: Transaction, scope: Scope, today: date) -> Table:
    """How much is asked, and how much of it could not be answered."""
    rows = []
    for span in spans(scope.period, today):
        which = Which(span.begins, span.ends, scope.agency, scope.topic)
        found = question_rows.by_status(tx, which)
        rows.append((key(span), sum(found.values()), found.get("no_guidance", 0)))
    return Table(
        "questions-over-time",
        "Questions over time",
        "Every question asked in the period, and those for which there was no guidance, by when they were asked.",
        ("when",),
        (Column("questions"), Column("no guidance")),
        tuple(rows),
    )


def tickets_over_time(tx: Transaction, scope: Scope, today: date) -> Table:
    """How many escalations are raised and how much feedback is asked for."""
    rows = []
    for span in spans(scope.period, today):
        escalations, requests = (
            ticket_rows.count(tx, kind, span.begins, span.ends, scope.agency) for kind in ("escalation", "feedback")
        )
        rows.append((key(span), escalations, requests))
    return Table(
        "tickets-over-time",
        "Escalations and feedback requests over time",
        "Escalations raised and feedback requests made in the period, by when that was.",
        ("when",),
        (Column("escalations"), Column("feedback requests")),
        tuple(rows),
    )


def settled(tx: Transaction, scope: Scope, today: date) -> Table:
    """At which stage escalations end, and how."""
    rows = figures.escalations_opened(tx, scope.period.begins, scope.period.ends)
    ours = (row for row in rows if scope.agency in (None, row["raising"]))
    found = counted(ours, lambda row: (str(row["stage"]), ended(row)))
    return Table(
        "escalations-by-stage-and-outcome",
        "Where escalations settle",
        "Escalations raised in the period, by the stage that they have reached by now and how they have ended there: "
        "the outcome that was agreed or decided, withdrawn, or open.",
        ("stage", "outcome"),
        (Column("escalations"),),
        tuple(sorted((*names, count) for names, count in found.items())),
    )
