"""The clock of escalations: until when a stage lasts, and when somebody is reminded. Days are working days.

Allowances, and which day counts as the first, come from the policy that the escalation began under.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import count
from zoneinfo import ZoneInfo

from bot.knowledge.policy import EscalationPolicy
from bot.tickets.escalation import Escalation, Stand
from bot.tickets.moves import BOTH
from bot.working_time import WorkingDays

FILED_AFTER = 2
"""Working days after closing until the sides that have not filed it are asked once more."""


class Audience(StrEnum):
    """Who is reminded."""

    MOVER = "mover"
    """The side whose move it is."""
    DEPUTY = "deputy"
    """Its deputies too."""
    PARTNERSHIP = "partnership"
    """And the partnership's managers."""
    UNFILED = "unfiled"
    """After closing: the sides that have not filed it in their own systems."""
    RAISER = "raiser"
    """Some weeks after closing: did it happen?"""


@dataclass(frozen=True)
class Reminder:
    """One reminder of one move that is waited for. `step` names it, so that it is sent once."""

    step: str
    at: datetime
    audience: Audience


class Clock:
    """Reckons for one partnership under one version of the policy."""

    def __init__(self, policy: EscalationPolicy, *, time_zone: str, region: str) -> None:
        self._policy = policy
        self._zone = ZoneInfo(time_zone)
        self._days = WorkingDays(region)

    def day(self, moment: datetime) -> date:
        """The partnership's day at a moment."""
        return moment.astimezone(self._zone).date()

    def due(self, stage_id: str, told: datetime, *, urgent: bool = False) -> date:
        """The last day of a stage of which the other agency was told at `told`.

        An urgent escalation passes the policy's urgent stages on one working day. That, like the first day of a
        policy that counts the day itself, is the day of the telling, or where no office time is left on it, the next.
        """
        first = self.day(self.next_office_time(told))
        if urgent and stage_id in self._policy.urgent_stages:
            return first
        allowed = self._policy.stage_by_id[stage_id].working_days
        if self._policy.day_one == "same-day":
            return self._days.after(first, allowed - 1)
        return self._days.after(self.day(told), allowed)

    def due_of(self, state: Escalation) -> date | None:
        """Until when the move is waited for; None where no date is set, or where it is closed."""
        if state.stand is Stand.PROPOSED and state.waiting_since is not None:
            return self._days.after(self.day(state.waiting_since), self._policy.answer_days)
        if state.stand in (Stand.TOLD, Stand.ACKNOWLEDGED) and state.stage_since is not None:
            due = self.due(state.stage, state.stage_since)
            if not state.urgent:
                return due
            # One that is made urgent later has its working day from then on: no date lies in the past at once.
            since = max(state.stage_since, state.urgent_since or state.stage_since)
            return min(due, self.due(state.stage, since, urgent=True))
        return None

    def lapses(self, state: Escalation) -> datetime | None:
        """When a proposed outcome that nobody answers closes as not confirmed: at the end of its last day."""
        due = self.due_of(state)
        return self._at(due, self._policy.reminders.closes) if due and state.stand is Stand.PROPOSED else None

    def _after_closing(self, state: Escalation, closed: datetime) -> Iterator[Reminder]:
        """Each side is asked once more whether it filed it, and the raiser, weeks later, whether it happened."""
        if len(state.filed) < len(BOTH):
            yield Reminder("filed", self._morning(self.day(closed), FILED_AFTER), Audience.UNFILED)
        if not state.followed_up:
            weeks_later = self._morning(self.day(closed), self._policy.follow_up_days)
            yield Reminder("follow-up", weeks_later, Audience.RAISER)

    def next_office_time(self, moment: datetime) -> datetime:
        """The moment itself in office hours, else the next opening of the offices."""
        local, hours = moment.astimezone(self._zone), self._policy.reminders
        if self._days.is_working(local.date()):
            if local.time() < hours.opens:
                return self._at(local.date(), hours.opens)
            if local.time() < hours.closes:
                return moment
        return self._at(self._days.after(local.date(), 1), hours.opens)

    def next_morning(self, moment: datetime) -> datetime:
        """The opening of the offices on the next working day."""
        return self._morning(self.day(moment), 1)

    def working_days(self, begun: datetime, ended: datetime) -> int:
        """How many working days passed; 0 within one day."""
        return self._days.between(self.day(begun), self.day(ended))

    def reminders(self, state: Escalation) -> Iterator[Reminder]:
        """The reminders of the move that is waited for, in their order; once it is closed, what is asked then.

        Where a date is set, the mover is reminded before it, on it and after it; where none is (the other agency is
        not told yet, or it was the wrong one), or where it had passed when the waiting began, from the next working
        day on. While an escalation is open they never end.
        """
        if state.stand is Stand.CLOSED and state.closed_at is not None:
            yield from sorted(self._after_closing(state, state.closed_at), key=lambda step: step.at)
        if not state.is_open or state.waiting_since is None:
            return
        hours, due, since = self._policy.reminders, self.due_of(state), state.waiting_since
        began = self.day(since)
        if due is not None and since < self._at(due, hours.closes):
            before = self._due_soon(due, began)
            if before > since:
                yield Reminder("before", before, Audience.MOVER)
            last_hour = self._at(due, hours.closes) - timedelta(hours=1)
            yield Reminder("on", max(last_hour, self.next_office_time(since)), Audience.MOVER)
        base = max(due or began, began)
        yield Reminder("after-1", self._morning(base, 1), Audience.MOVER)
        yield Reminder("deputy", self._morning(base, max(hours.deputy_after, 1)), Audience.DEPUTY)
        last = self._days.after(base, max(hours.partnership_after, 1))
        yield Reminder("partnership", self._at(last, hours.opens), Audience.PARTNERSHIP)
        for number in count(1):
            last = self._days.after(last, hours.then_every)
            yield Reminder(f"again-{number}", self._at(last, hours.opens), Audience.PARTNERSHIP)

    def _due_soon(self, due: date, began: date) -> datetime:
        """Half of the allowance before its end, and half a working day at least."""
        halves = max(self._days.between(began, due), 1)
        whole, half = divmod(halves, 2)
        hours = self._policy.reminders
        if half:
            noon = (datetime.combine(due, hours.opens) + (self._office_day() / 2)).time()
            return self._at(self._days.before(due, whole), noon)
        return self._at(self._days.before(due, whole - 1), hours.opens)

    def _office_day(self) -> timedelta:
        hours, day = self._policy.reminders, date(2000, 1, 1)
        return datetime.combine(day, hours.closes) - datetime.combine(day, hours.opens)

    def _morning(self, day: date, count: int) -> datetime:
        return self._at(self._days.after(day, count), self._policy.reminders.opens)

    def _at(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, self._zone)
