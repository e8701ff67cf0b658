"""The rows behind a figure: chosen exactly as the figure counts them, so that what is listed is what was counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from bot.knowledge.feedback import MashFeedback
from bot.knowledge.model import Entry, KnowledgeBase
from bot.reporting.escalations import ended
from bot.reporting.feedback import is_over
from bot.reporting.figures import Figures, Scope
from bot.reporting.standing import age_of
from bot.storage import ticket_rows
from bot.storage import tickets as stored
from bot.storage.database import Row, Transaction
from bot.storage.question_rows import NOT_KNOWN
from bot.working_time import WorkingDays

Is = Callable[[Row], bool]


@dataclass(frozen=True)
class Moment:
    """What "by now" means: the moment, and the days that count."""

    now: datetime
    zone: ZoneInfo
    days: WorkingDays

    def age(self, kept: str) -> int:
        """Working days since a moment that was kept."""
        return self.days.between(self._day(datetime.fromisoformat(kept)), self._day(self.now))

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()


def alike(
    tx: Transaction, scope: Scope, question_id: str, knowledge: KnowledgeBase, now: datetime
) -> tuple[str, ...]:
    """The ids of the questions without an answer that are counted together with one of them."""
    groups = Figures(tx, scope, knowledge, now).groups_without_answer().groups
    return next((group.ids for group in groups if question_id in group.ids), ())


def tickets(tx: Transaction, kind: str, scope: Scope, asked: Mapping[str, str], moment: Moment) -> list[Row]:
    """Escalations or feedback requests, the newest first. `asked`: by what they were chosen, such as their reason.

    Those that are open now are of no period: with `open` the scope's does not count.
    """
    if asked.get("open") == "yes":
        found = ticket_rows.open_now(tx, kind)
    else:
        found = ticket_rows.opened(tx, kind, scope.period.begins, scope.period.ends)
    tests: list[Is] = [lambda row: scope.agency in (None, row["raising"])]
    tests += [CHOICES[name](value, moment) for name, value in asked.items() if name in CHOICES]
    if "over" in asked:
        confirmed = _confirmed(tx, found)
        tests.append(lambda row: row["policy"] in confirmed and is_over(row, moment.now))
    if "ended" in asked:
        tests.append(_in(_past_stage(tx, scope, asked["ended"], confirmed="timed" in asked)))
    return [row for row in found if all(test(row) for test in tests)]


def _has(name: str) -> Callable[[str, Moment], Is]:
    """That something stands there."""
    return lambda value, moment: lambda row: row[name] not in (None, "")


def _equals(name: str) -> Callable[[str, Moment], Is]:
    return lambda value, moment: lambda row: row[name] == value


CHOICES: Mapping[str, Callable[[str, Moment], Is]] = {
    **{name: _equals(name) for name in ("receiving", "reason", "stage", "how_told")},
    "outcome": lambda value, moment: lambda row: ended(row) == value,
    "change": lambda value, moment: lambda row: row["closed_at"] is not None and row["change"] == value,
    "age": lambda value, moment: lambda row: age_of(moment.age(row["opened_at"])) == value,
    "acknowledged": _has("acknowledged_minutes"),
    "answered": _has("answered_at"),
    "judged": _has("satisfied"),
    "escalated": _has("escalation"),
}
"""By what tickets can be chosen, beside their period and agency."""


def _in(references: frozenset[str]) -> Is:
    return lambda row: row["reference"] in references


def _confirmed(tx: Transaction, requests: Sequence[Row]) -> frozenset[str]:
    """The versions of the rules of feedback requests whose times were confirmed."""
    return frozenset(
        version
        for version in {row["policy"] for row in requests}
        if stored.policy(tx, version, MashFeedback).timescales_confirmed
    )


def _past_stage(tx: Transaction, scope: Scope, stage: str, *, confirmed: bool) -> frozenset[str]:
    """The escalations that are over a stage. `confirmed`: of which its days were."""
    return frozenset(
        span["ticket"]
        for span in ticket_rows.stages_over(tx, scope.period.begins, scope.period.ends)
        if span["stage"] == stage and not (confirmed and span["in_time"] is None)
    )


def records(tx: Transaction, scope: Scope, asked: Mapping[str, str]) -> list[Row]:
    """Short records, the newest first."""
    agency = asked.get("agency", scope.agency)
    zone = scope.period.zone

    def is_asked(row: Row) -> bool:
        return (
            (agency is None or (row["agency"] or NOT_KNOWN) == agency)
            and asked.get("kind") in (None, row["kind"])
            and asked.get("service") in (None, row["contact"])
            and asked.get("hour") in (None, _hour(row["rang_at"], zone))
        )

    return [row for row in ticket_rows.records(tx, scope.period.begins, scope.period.ends) if is_asked(row)]


def _hour(rang_at: str | None, zone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(rang_at).astimezone(zone):%H}:00" if rang_at else ""


def entries(knowledge: KnowledgeBase, asked: Mapping[str, str], today: date) -> list[Entry]:
    """Entries in use, by the day on which they are to be reviewed."""

    def is_asked(entry: Entry) -> bool:
        due = entry.review_by is not None and entry.review_by < today
        return (asked.get("due") != "yes" or due) and (asked.get("draft") != "yes" or entry.is_draft)

    return sorted(
        filter(is_asked, knowledge.entries.values()), key=lambda entry: (entry.review_by or date.max, entry.full_id)
    )
