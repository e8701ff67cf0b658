"""Periods that figures are counted over: whole days of the partnership, such as a week, a month, a reporting year."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.knowledge.partnership import FIRST_MONTH

WEEK = timedelta(days=7)
YEAR, QUARTER = 12, 3
"""Months."""


class NoPeriod(ValueError):
    """What was written is no period; the message says how one is written."""


@dataclass(frozen=True)
class Period:
    """From the beginning of one day to the end of another."""

    first: date
    last: date
    zone: ZoneInfo
    name: str = ""
    """Of a week, a month or a reporting year, such as "2026-W46", "November 2026" or "2026/27"."""

    @property
    def begins(self) -> datetime:
        return datetime.combine(self.first, time(), self.zone)

    @property
    def ends(self) -> datetime:
        """The moment after it."""
        return datetime.combine(self.last + timedelta(days=1), time(), self.zone)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def before(self) -> Period:
        """The period before it: of whole months as many months, such as the year before a year; else as many days."""
        if self.first.day == 1 and (self.last + timedelta(days=1)).day == 1:
            count = (self.last.year - self.first.year) * YEAR + self.last.month - self.first.month + 1
            first = _months_before(self.first, count)
            if self.name and count == YEAR:
                return reporting_year(first, self.zone, first.month)
            return _months(first, count, self.zone)
        if self == week(self.first, self.zone):
            return week(self.first - WEEK, self.zone)
        length = timedelta(days=self.days)
        return Period(self.first - length, self.last - length, self.zone)

    def __str__(self) -> str:
        days = f"{_day(self.first)} to {_day(self.last)}"
        return f"{self.name} ({days})" if self.name else days


def week(of: date, zone: ZoneInfo) -> Period:
    """The week, Monday to Sunday, that a day is in."""
    year, number, weekday = of.isocalendar()
    first = of - timedelta(days=weekday - 1)
    return Period(first, first + timedelta(days=6), zone, f"{year}-W{number:02d}")


def month(of: date, zone: ZoneInfo) -> Period:
    """The month that a day is in."""
    return _months(of.replace(day=1), 1, zone)


def reporting_year(of: date, zone: ZoneInfo, first_month: int = FIRST_MONTH) -> Period:
    """The reporting year that a day is in. `first_month`: `reporting_year_from` of the partnership."""
    begins = date(of.year if of.month >= first_month else of.year - 1, first_month, 1)
    name = str(begins.year) if first_month == 1 else f"{begins.year}/{(begins.year + 1) % 100:02d}"
    return _months(begins, YEAR, zone, name)


def parsed(text: str, today: date, zone: ZoneInfo, first_month: int = FIRST_MONTH) -> Period:
    """A period as people write it: "last week", "this month", "2026-W46", "2026-11", "2026-11-01 2026-11-30".

    Nothing at all is the month before. Years are of this century. `first_month`: see `reporting_year`.
    Raises: NoPeriod.
    """
    words = " ".join(text.lower().split()) or "last month"
    try:
        return _parsed(words, today, zone, first_month)
    except ValueError:
        raise NoPeriod(
            f"{text[:40]!r} is no period; write last week, this month, last quarter, last year, 2026-W46, 2026-11 or "
            "2026-11-01 2026-11-30"
        ) from None


def _parsed(words: str, today: date, zone: ZoneInfo, first_month: int) -> Period:
    if found := re.fullmatch(r"(this|last) (week|month|quarter|year)", words):
        return _from_today(found[2], found[1] == "last", today, zone, first_month)
    if found := re.fullmatch(r"(20[0-9]{2})-w([0-9]{2})", words):
        return week(date.fromisocalendar(int(found[1]), int(found[2]), 1), zone)
    if found := re.fullmatch(r"(20[0-9]{2})-([0-9]{2})", words):
        return month(date(int(found[1]), int(found[2]), 1), zone)
    first, _, last = words.partition(" ")
    period = Period(_written(first), _written(last), zone)
    if period.last < period.first:
        raise ValueError
    return period


def _from_today(unit: str, last: bool, today: date, zone: ZoneInfo, first_month: int) -> Period:
    match unit:
        case "week":
            return week(today - WEEK if last else today, zone)
        case "month":
            return month(_months_before(today, int(last)), zone)
        case "quarter":
            begins = date(today.year, today.month - (today.month - 1) % QUARTER, 1)
            return _months(_months_before(begins, QUARTER * last), QUARTER, zone)
    return reporting_year(_months_before(today, YEAR * last), zone, first_month)


def _written(day: str) -> date:
    """A day as 2026-11-01, and in no other way."""
    if not re.fullmatch(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", day):
        raise ValueError
    return date.fromisoformat(day)


def _months(first: date, count: int, zone: ZoneInfo, name: str = "") -> Period:
    """Whole months from the first day of one on; a single one has its name."""
    after = _months_before(first, -count)
    return Period(first, after - timedelta(days=1), zone, name or (f"{first:%B %Y}" if count == 1 else ""))


def _months_before(day: date, count: int) -> date:
    """The first of the month so many months before; after, where `count` is negative."""
    months = day.year * YEAR + day.month - 1 - count
    return date(months // YEAR, months % YEAR + 1, 1)


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
