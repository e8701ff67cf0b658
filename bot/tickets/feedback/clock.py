"""The clock of feedback requests: when a referrer should have heard, and who is prompted while nothing was heard.

The one working day is national guidance (Working Together to Safeguard Children; Keeping Children Safe in Education);
it and all other times come from the version of mash-feedback.yaml that the request began under.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import count

from bot.knowledge.feedback import MashFeedback
from bot.tickets.clock import Audience, Clock, Reminder
from bot.tickets.feedback.state import UNANSWERED, FeedbackRequest, Stand
from bot.tickets.ticket import Kind

HEARD_YET, LEAD_RINGS, OFFER = "heard-yet", "lead-rings", "offer-escalation"
CONFIRM, SEND_AGAIN = "confirm", "send-again"
AFTER_TOO = 1
"""Working days until whoever has to confirm, or to send again, is asked once more."""


class FeedbackClock(Clock[FeedbackRequest]):
    """Reckons under one version of the rules."""

    def __init__(self, rules: MashFeedback, *, time_zone: str, region: str) -> None:
        super().__init__(rules.office.opens, rules.office.closes, time_zone=time_zone, region=region)
        self._rules = rules

    def referred(self, day: date, clock: time | None) -> datetime:
        """When a referral was made; without a time, at the end of that day's office hours."""
        return self._at(day, clock or self._closes)

    def expected(self, state: FeedbackRequest) -> datetime | None:
        """By when the referrer should have heard; None for strategy minutes while no time limit is known."""
        allowed = self._rules.strategy_minutes if state.about_minutes else self._rules.decision
        if allowed is None:
            return None
        if allowed.hours is not None:
            return self.office_time_after(state.referred_at, allowed.hours)
        last = self._days.after(self.day(state.referred_at), allowed.working_days or 0)
        early = self._rules.schools_before if state.school else None
        clock = time.fromisoformat(early) if early else self._closes
        # What is expected on the day itself and was referred after that hour is expected on the next.
        on_the_day = self._at(last, clock)
        return on_the_day if state.referred_at <= on_the_day else self._at(self._days.after(last, 1), clock)

    def is_late(self, state: FeedbackRequest, at: datetime) -> bool:
        """Whether the referrer should have heard by now; nothing is late of which no time is known."""
        expected = self.expected(state)
        return expected is not None and at > expected

    def heard_yet(self, state: FeedbackRequest) -> datetime:
        """On which morning the referrer is asked whether they have heard: never before it is late."""
        morning = self._morning(self.day(state.referred_at), self._rules.prompts.heard_yet)
        expected = self.expected(state)
        return morning if expected is None else max(morning, self.next_morning(expected))

    def mash_is_asked(self, state: FeedbackRequest) -> datetime:
        """When the MASH is asked of what is held, unless the referrer says before whether they have heard."""
        morning = self.heard_yet(state)
        return max(morning, self._at(self.day(morning), time.fromisoformat(self._rules.held_until)))

    def due_of(self, state: FeedbackRequest) -> date | None:
        """Until when something is expected: an answer of the MASH, then the referrer's word on it."""
        if state.stand is Stand.ANSWERED and state.waiting_since is not None:
            return self._days.after(self.day(state.waiting_since), self._rules.confirm_days)
        expected = self.expected(state) if state.stand in UNANSWERED else None
        return None if expected is None else self.day(expected)

    def by_itself(self, state: FeedbackRequest) -> tuple[datetime, Kind] | None:
        """What is held reaches the MASH; an answer on which the referrer says nothing closes unconfirmed."""
        if state.stand is Stand.HELD:
            return self.mash_is_asked(state), Kind.MASH_ASKED
        due = self.due_of(state)
        return (self._at(due, self._closes), Kind.LAPSED) if due and state.stand is Stand.ANSWERED else None

    def reminders(self, state: FeedbackRequest) -> Iterator[Reminder]:
        """Prompts to the referrer while nothing was heard, then to their lead and the partnership; they never end.

        What is asked when it is late already is prompted from the day on which it was asked.
        """
        if not state.is_open or state.waiting_since is None:
            return
        prompts, asked = self._rules.prompts, self.day(state.waiting_since)
        if state.stand is Stand.ANSWERED:
            yield Reminder(CONFIRM, self._morning(asked, AFTER_TOO), Audience.RAISER)
            return
        if state.stand is Stand.NOT_RECEIVED:
            yield Reminder(SEND_AGAIN, self._morning(asked, AFTER_TOO), Audience.DEPUTY)
            last = self._days.after(asked, AFTER_TOO + 1)
        else:
            heard_yet = self.heard_yet(state)
            if heard_yet > state.waiting_since and (state.stand is Stand.HELD or self.expected(state) is None):
                yield Reminder(HEARD_YET, heard_yet, Audience.RAISER)
            first = max(self.day(heard_yet), self._days.after(asked, 0))
            yield Reminder(LEAD_RINGS, self._morning(first, prompts.lead_rings - prompts.heard_yet), Audience.DEPUTY)
            offer = self._morning(first, prompts.offer_escalation - prompts.heard_yet)
            if state.escalation is None:
                yield Reminder(OFFER, offer, Audience.RAISER)
            last = self._days.after(first, prompts.partnership - prompts.heard_yet)
        yield Reminder("partnership", self._at(last, self._opens), Audience.PARTNERSHIP)
        for number in count(1):
            last = self._days.after(last, prompts.then_every)
            yield Reminder(f"again-{number}", self._at(last, self._opens), Audience.PARTNERSHIP)

    def time_to_answer(self, state: FeedbackRequest) -> timedelta | None:
        """The office time from the referral until the referrer was told."""
        return None if state.answered_at is None else self.working_time(state.referred_at, state.answered_at)
