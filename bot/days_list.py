"""What waits for the MASH, the longest expected first, in words that claim no more than is confirmed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.knowledge.partnership import Partnership
from bot.storage.feedback import Line
from bot.tickets.feedback.clock import FeedbackClock
from bot.tickets.feedback.standing import age
from bot.tickets.words import first_upper, moment

AGES = (
    ("by less than a working day", 0, 1),
    ("by 1 to 4 working days", 1, 5),
    ("by 5 working days or more", 5, 10_000),
)
"""In the message of the day: in words, from how many working days, and to fewer than how many."""


@dataclass(frozen=True)
class DaysList:
    """What the MASH's message of the day says."""

    lines: tuple[Line, ...]
    """What waits for the MASH, the longest expected first."""
    held: int
    """Requests that it does not see yet, and of which the referrer should hear today."""
    clock: FeedbackClock
    at: datetime
    partnership: Partnership

    def summary(self) -> str:
        """How many there are and how old, in words that claim no more than is confirmed."""
        text = f"{_count(len(self.lines), 'feedback request waits', 'feedback requests wait')} for the MASH."
        ages = Counter(self._days_late(line) for line in self.lines if self._is_late(line))
        if ages:
            late = "late" if all(line.confirmed for line in self.lines) else "past what is expected"
            parts = ((sum(ages[days] for days in ages if first <= days < end), words) for words, first, end in AGES)
            text += f" {ages.total()} {late}: {', '.join(f'{count} {words}' for count, words in parts if count)}."
        if self.held:
            text += f" Of {self.held} more the time is not over: the referrers should hear today."
        return text

    def in_short(self, line: Line) -> str:
        """One request of the list, with nothing that was typed."""
        known = self.partnership.agency_by_id.get(line.raising)
        who = ", ".join(filter(None, (known.name if known else line.raising, line.setting)))
        referred = moment(line.referred_at, ZoneInfo(self.partnership.time_zone))
        how_old = age(self.clock, line.expected_at, line.opened_at, self.at, confirmed=line.confirmed)
        taken = " Somebody is on it." if line.taken else ""
        return f"{line.reference}: {who}. Referral of {referred}. {first_upper(how_old)}.{taken}"

    def _is_late(self, line: Line) -> bool:
        return line.expected_at is not None and self.at > line.expected_at

    def _days_late(self, line: Line) -> int:
        return self.clock.working_days(line.expected_at or self.at, self.at)


def _count(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"
