"""Some days one by one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.knowledge.model import KnowledgeBase
from bot.reporting.figures import Figures, Scope
from bot.reporting.measures import questions, without_guidance
from bot.reporting.periods import Period
from bot.storage.database import Transaction


@dataclass(frozen=True)
class Day:
    """What was asked on one day."""

    date: date
    questions: int
    unanswered: int
    emergencies: int


def last_days(tx: Transaction, count: int, knowledge: KnowledgeBase, now: datetime) -> list[Day]:
    """The figures of so many days, today the last. A day begins at midnight of the partnership."""
    zone = ZoneInfo(knowledge.partnership.time_zone)
    today = now.astimezone(zone).date()
    days = [today - timedelta(days=ago) for ago in reversed(range(count))]
    return [_day(day, Figures(tx, Scope(Period(day, day, zone)), knowledge, now)) for day in days]


def _day(day: date, figures: Figures) -> Day:
    emergencies = int(figures.emergencies().value("questions") or 0)
    return Day(day, questions(figures), without_guidance(figures), emergencies)
