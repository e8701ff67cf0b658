"""The clock of escalations: until when a stage lasts, and when somebody is reminded. Days are working days.

Allowances, and which day counts as the first, come from the policy that the escalation began under.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import count

from bot.knowledge.policy import EscalationPolicy
from bot.tickets.clock import Audience, Clock, Reminder
from bot.tickets.escalations.state import Escalation, Stand
from bot.tickets.ticket import BOTH, Kind

FILED_AFTER = 2
"""Working days after closing until the sides that have not filed it are asked once more."""


class EscalationClock(Clock[Escalation]):
    """Reckons under one version of the escalation policy."""

    def __init__(self, policy: EscalationPolicy, *, time_zone: str, region: str) -> None:
        hours = policy.reminders
        super().__init__(hours.opens, hours.closes, time_zone=time_zone, region=region)
        self._policy = policy

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

    def due_at(self, stage_id: str, told: datetime, state: Escalation) -> date:
        """The last day of a stage of an escalation, urgent or not.

        One that is made urgent later has its working day from then on: no date lies in the past at once.
        """
        due = self.due(stage_id, told)
        if not state.urgent:
            return due
        since = max(told, state.urgent_since or told)
        return min(due, self.due(stage_id, since, urgent=True))

    def due_of(self, state: Escalation) -> date | None:
        """Until when the move is waited for; None where no date is set, or where it is closed."""
        if state.stand is Stand.PROPOSED and state.waiting_since is not None:
            return self._days.after(self.day(state.waiting_since), self._policy.answer_days)
        if state.stand in (Stand.TOLD, Stand.ACKNOWLEDGED) and state.stage_since is not None:
            return self.due_at(state.stage, state.stage_since, state)
        return None

    def by_itself(self, state: Escalation) -> tuple[datetime, Kind] | None:
        """A proposed outcome that nobody answers closes as not confirmed, at the end of its last day."""
        due = self.due_of(state)
        return (self._at(due, self._closes), Kind.LAPSED) if due and state.stand is Stand.PROPOSED else None

    def _after_closing(self, state: Escalation, closed: datetime) -> Iterator[Reminder]:
        """Each side is asked once more whether it filed it, and the raiser, weeks later, whether it happened."""
        if len(state.filed) < len(BOTH):
            yield Reminder("filed", self._morning(self.day(closed), FILED_AFTER), Audience.UNFILED)
        if not state.followed_up:
            weeks_later = self._morning(self.day(closed), self._policy.follow_up_days)
            yield Reminder("follow-up", weeks_later, Audience.RAISER)

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
        if due is not None and since < self._at(due, self._closes):
            before = self._due_soon(due, began)
            if before > since:
                yield Reminder("before", before, Audience.MOVER)
            last_hour = self._at(due, self._closes) - timedelta(hours=1)
            yield Reminder("on", max(last_hour, self.next_office_time(since)), Audience.MOVER)
        base = max(due or began, began)
        yield Reminder("after-1", self._morning(base, 1), Audience.MOVER)
        yield Reminder("deputy", self._morning(base, max(hours.deputy_after, 1)), Audience.DEPUTY)
        last = self._days.after(base, max(hours.partnership_after, 1))
        yield Reminder("partnership", self._at(last, self._opens), Audience.PARTNERSHIP)
        for number in count(1):
            last = self._days.after(last, hours.then_every)
            yield Reminder(f"again-{number}", self._at(last, self._opens), Audience.PARTNERSHIP)

    def _due_soon(self, due: date, began: date) -> datetime:
        """Half of the allowance before its end, and half a working day at least."""
        halves = max(self._days.between(began, due), 1)
        whole, half = divmod(halves, 2)
        if half:
            noon = (datetime.combine(due, self._opens) + (self._office_day() / 2)).time()
            return self._at(self._days.before(due, whole), noon)
        return self._at(self._days.before(due, whole - 1), self._opens)

    def _office_day(self) -> timedelta:
        day = date(2000, 1, 1)
        return datetime.combine(day, self._closes) - datetime.combine(day, self._opens)
