"""For an inspector: one anonymised case from start to close, and twelve months of figures.

Nothing that was typed is in it, but the learning where a manager picks it; agencies are named by what kind they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.knowledge.model import KnowledgeBase
from bot.knowledge.partnership import Partnership
from bot.knowledge.policy import EscalationPolicy
from bot.reporting.figures import Figures, Scope
from bot.reporting.periods import Period, month
from bot.reporting.tables import Column, Table, Unit
from bot.storage.database import Transaction
from bot.tickets.escalations.notices import Speaking
from bot.tickets.moves import YES_NO
from bot.tickets.ticket import Event, Side
from bot.tickets.ticket import Kind as Happened
from bot.tickets.words import label

MONTHS = 12
LEARNING = "learning"

EVENTS: Mapping[Happened, str] = {
    Happened.OPENED: "Raised",
    Happened.ADDED: "Something was added",
    Happened.WITHDRAWN: "Withdrawn",
    Happened.REOPENED: "Opened again",
    Happened.LAPSED: "Closed, as the other agency did not answer the outcome",
    Happened.REMINDED: "Reminded",
    Happened.READ: "Read by a manager",
    Happened.LEFT: "Taken over by the lead, as whoever raised it had left",
    Happened.TOLD: "The other agency was told",
    Happened.ACKNOWLEDGED: "The other agency said that it has it",
    Happened.TALKER_NAMED: "Somebody was named to talk",
    Happened.VIEW_GIVEN: "A view was given",
    Happened.MADE_URGENT: "Made urgent",
    Happened.WRONG_AGENCY: "Said to be for another agency",
    Happened.REDIRECTED: "The right agency was named",
    Happened.HANDED_ON: "Taken to the next stage",
    Happened.PROPOSED: "An outcome was proposed",
    Happened.AGREED: "The outcome was agreed, and it was closed",
    Happened.DECLINED: "The outcome was not agreed",
    Happened.DECIDED: "The partnership decided, and it was closed",
    Happened.FILED: "Filed in an agency's own system",
    Happened.FOLLOWED_UP: "It was said whether what was agreed happened",
    Happened.CHASED: "An answer was asked for",
    Happened.SNOOZED: "Reminders were put off",
    Happened.MASH_ASKED: "The MASH was asked",
    Happened.NOT_HEARD: "Not heard yet",
    Happened.FOUND: "The referral was found",
    Happened.TAKEN: "Somebody of the MASH took it on",
    Happened.UNMATCHED: "It could not be matched to a referral",
    Happened.NOT_RECEIVED: "The referral had not arrived",
    Happened.RESENT: "The referral was sent again",
    Happened.ANSWERED: "The referrer was told",
    Happened.HEARD: "The referrer had heard",
    Happened.SATISFIED: "It was what the referrer needed",
    Happened.NOT_SATISFIED: "It was not what the referrer needed",
    Happened.ESCALATED: "It went on as an escalation",
}
"""What happened, in words that hold nothing of the case."""
LEFT_OUT = frozenset({Happened.READ, Happened.SNOOZED})


@dataclass(frozen=True)
class Step:
    """One event: its day, whose it was, and what kind it is."""

    on: date
    side: Side
    what: str


@dataclass(frozen=True)
class Passed:
    """One stage of the case. `in_time`: None where the days were not confirmed, or it is not over."""

    title: str
    began: date
    ended: date | None
    working_days: int | None
    allowed: int


@dataclass(frozen=True)
class Case:
    """One escalation without anything that says whose it is."""

    policy: EscalationPolicy
    raising: str | None
    """The kind of the agency, where it is listed."""
    receiving: str | None
    reason: str
    urgent: bool
    steps: tuple[Step, ...]
    stages: tuple[Passed, ...]
    outcome: str
    change: str
    child_safe: str
    voice: str
    learning: tuple[str, ...]
    """What was typed as learning; empty unless a manager picked it."""
    closed: date | None


def anonymised(speaking: Speaking, events: Sequence[Event], *, with_learning: bool) -> Case:
    """A case of an escalation and its history."""
    state, policy, clock, partnership = speaking.state, speaking.policy, speaking.clock, speaking.partnership
    outcome = state.outcome
    stages = []
    for stage_id, began in state.stages_told.items():
        ended = state.stages_ended.get(stage_id)
        over = ended if ended is not None and ended >= began else None
        days = clock.working_days(began, over) if over else None
        stage = policy.stage_by_id[stage_id]
        on = clock.day(over) if over else None
        stages.append(Passed(stage.title, clock.day(began), on, days, stage.working_days))
    typed = [event.typed[LEARNING] for event in events if event.typed.get(LEARNING)]
    return Case(
        policy=policy,
        raising=_kind(partnership, state.raising),
        receiving=_kind(partnership, state.receiving),
        reason=label(policy.reasons, state.reason),
        urgent=state.urgent,
        steps=tuple(_step(event, speaking) for event in events if _is_told(event, speaking)),
        stages=tuple(stages),
        outcome=label(policy.outcomes, outcome.outcome) if outcome else "",
        change=label(policy.changes, outcome.change) if outcome else "",
        child_safe=label(YES_NO, outcome.child_safe) if outcome else "",
        voice=label(YES_NO, outcome.voice) if outcome else "",
        learning=tuple(typed) if with_learning else (),
        closed=clock.day(state.closed_at) if state.closed_at else None,
    )


def _is_told(event: Event, speaking: Speaking) -> bool:
    """Whether an event belongs to the way from start to close."""
    closed = speaking.state.closed_at
    reminder_after = event.kind is Happened.REMINDED and closed is not None and event.at > closed
    return event.kind not in LEFT_OUT and not reminder_after


def _step(event: Event, speaking: Speaking) -> Step:
    what = EVENTS[event.kind]
    if event.kind is Happened.HANDED_ON:
        what = f"Taken to {speaking.stage_title(event.data['stage'])}"
    return Step(speaking.clock.day(event.at), event.side, what)


def _kind(partnership: Partnership, agency_id: str) -> str | None:
    agency = partnership.agency_by_id.get(agency_id)
    return agency.kind.value if agency else None


def trend(tx: Transaction, scope: Scope, knowledge: KnowledgeBase, now: datetime) -> Table:
    """The last twelve months of a period, or until now."""
    rows = []
    for period in _months(scope.period, now.astimezone(scope.period.zone).date()):
        figures = Figures(tx, Scope(period, scope.agency, scope.topic), knowledge, now)
        statuses, feedback = figures.questions_by_status(), figures.feedback()
        rows.append(
            (
                period.name,
                statuses.total("questions"),
                statuses.value("questions", "no_guidance") or 0,
                figures.escalations_by_agencies().total("escalations"),
                feedback.value("asked"),
                feedback.value("median hours"),
            )
        )
    return Table(
        "trend",
        "Twelve months",
        "By month: questions asked, those without guidance, escalations raised, feedback requests made, and the "
        "median of the office hours from a referral until its referrer was told.",
        ("month",),
        (
            Column("questions"),
            Column("no guidance"),
            Column("escalations"),
            Column("feedback requests"),
            Column("median hours", Unit.HOURS, of="feedback requests"),
        ),
        tuple(rows),
    )


def _months(period: Period, today: date) -> list[Period]:
    found = [month(min(period.last, today), period.zone)]
    while len(found) < MONTHS:
        found.append(month(found[-1].first - timedelta(days=1), period.zone))
    return found[::-1]
