"""Opening hours (is a service open, until when, when next?) and working days."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from bot.knowledge.hours import DAYS, WhenClosed
from bot.knowledge.model import Contact

LAST_HOUR = timedelta(hours=1)
LOOK_AHEAD_DAYS = 15
"""Longer than any run of closed days: Christmas and a weekend together close an office for five."""


@dataclass(frozen=True)
class Opening:
    """Whether a service is open at one moment. Times are in the partnership's zone."""

    open: bool | None
    """None: its hours are not known."""
    always: bool = False
    until: datetime | None = None
    """None while open: no end is in sight."""
    opens: datetime | None = None


@lru_cache(maxsize=32)
def bank_holidays(region: str, year: int) -> frozenset[date]:
    """The bank holidays of a region of the United Kingdom ("ENG", "WLS", "SCT", "NIR") in one year."""
    return frozenset(holidays.country_holidays("GB", subdiv=region, years=year))


class OpeningHours:
    """Answers for all contacts of one partnership."""

    def __init__(self, contacts: Mapping[str, Contact], *, time_zone: str, region: str) -> None:
        self._contacts = contacts
        self._zone = ZoneInfo(time_zone)
        self._region = region

    def at(self, contact: Contact, moment: datetime) -> Opening:
        """Whether `contact` is open at `moment` (aware, any zone)."""
        local = moment.astimezone(self._zone)
        hours = contact.hours
        if hours == "always":
            return Opening(open=True, always=True)
        if hours == "unknown":
            return Opening(open=None)
        if isinstance(hours, WhenClosed):
            other = self._contacts.get(hours.when_closed)
            if other is None or isinstance(other.hours, WhenClosed):
                return Opening(open=None)
            opening = self.at(other, moment)
            if opening.open is None or opening.always:
                return Opening(open=None if opening.open is None else False)
            return Opening(open=not opening.open, until=opening.opens, opens=opening.until)
        region = self._region if contact.bank_holidays == "closed" else None
        for start, end in _spans(tuple(hours.items()), self._zone, region, local.date()):
            if start <= local < end:
                return Opening(open=True, until=end if end < self._horizon(local.date()) else None)
            if local < start:
                return Opening(open=False, opens=start)
        return Opening(open=False)

    def _horizon(self, first: date) -> datetime:
        """The end of the days that are looked at from `first` on."""
        return datetime.combine(first + timedelta(days=LOOK_AHEAD_DAYS), time(), self._zone)


Span = tuple[datetime, datetime]
"""From when until when a service is open."""
ByDay = tuple[tuple[str, str], ...]
"""Days and times, such as `("mon-fri", "09:00-17:00")`."""


@lru_cache(maxsize=1024)
def _spans(hours: ByDay, zone: ZoneInfo, region: str | None, first: date) -> tuple[Span, ...]:
    """The times at which a service is open, in order, from the night before `first` on; what meets is joined.

    `region`: whose bank holidays it is closed on, if on any.
    """
    days = (first + timedelta(days=offset) for offset in range(-1, LOOK_AHEAD_DAYS))
    open_days = (day for day in days if region is None or day not in bank_holidays(region, day.year))
    spans: list[Span] = []
    for start, end in sorted(span for day in open_days for span in _spans_of_day(hours, zone, day)):
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return tuple(spans)


def _spans_of_day(hours: ByDay, zone: ZoneInfo, day: date) -> Iterator[Span]:
    for days, times in hours:
        if _covers(days, day.weekday()):
            opens, closes = (time.fromisoformat(text.replace("24:00", "00:00")) for text in times.split("-"))
            end_day = day if closes > opens else day + timedelta(days=1)
            yield datetime.combine(day, opens, zone), datetime.combine(end_day, closes, zone)


def _covers(days: str, weekday: int) -> bool:
    first, _, last = days.partition("-")
    start, end = DAYS.index(first), DAYS.index(last or first)
    return start <= weekday <= end if start <= end else weekday >= start or weekday <= end


def closes_soon(opening: Opening, moment: datetime) -> bool:
    """Whether an open service closes within the hour."""
    return bool(opening.open) and opening.until is not None and opening.until - moment <= LAST_HOUR


def in_words(opening: Opening, moment: datetime) -> str:
    """Such as "open until 17:00", "closes at 17:00, ring now", "opens Monday 9:00", "open day and night".

    A day a week or more away is named with its date.
    """
    if opening.always:
        return "open day and night" if opening.open else "closed"
    if opening.open is None:
        return "hours not confirmed"
    change = opening.until if opening.open else opening.opens
    if change is None:
        return "open now" if opening.open else "closed"
    clock = f"{change.hour}:{change.minute:02d}"
    today = moment.astimezone(change.tzinfo).date()
    days_away = (change.date() - today).days
    day = f"{change:%A}" if days_away < 7 else f"{change:%A} {change.day} {change:%B}"
    if closes_soon(opening, moment):
        return f"closes at {clock}, ring now"
    if opening.open:
        return f"open until {clock}" if days_away == 0 else f"open until {clock} on {day}"
    if days_away == 0:
        return f"opens {clock}"
    return f"opens tomorrow ({day}) {clock}" if days_away == 1 else f"opens {day} {clock}"


class WorkingDays:
    """Monday to Friday without the bank holidays of a region. Days are the partnership's."""

    def __init__(self, region: str) -> None:
        self._region = region

    def is_working(self, day: date) -> bool:
        """Whether offices are open on a day."""
        return day.weekday() < 5 and day not in bank_holidays(self._region, day.year)

    def after(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`; for 0 the day itself, or the first working day that follows it."""
        if count == 0:
            return day if self.is_working(day) else self.after(day, 1)
        return self._walk(day, count, timedelta(days=1))

    def before(self, day: date, count: int) -> date:
        """The `count`-th working day before `day`; for 0 as `after`."""
        return self.after(day, 0) if count == 0 else self._walk(day, count, timedelta(days=-1))

    def _walk(self, day: date, count: int, step: timedelta) -> date:
        while count > 0:
            day += step
            count -= self.is_working(day)
        return day

    def between(self, first: date, last: date) -> int:
        """The working days after `first` until `last`: 0 where both are the same day."""
        if last <= first:
            return 0
        weeks, rest = divmod((last - first).days, 7)
        weekdays = weeks * 5 + sum((last - timedelta(days=n)).weekday() < 5 for n in range(rest))
        years = range(first.year, last.year + 1)
        holidays_of_them = (day for year in years for day in bank_holidays(self._region, year))
        return weekdays - sum(first < day <= last and day.weekday() < 5 for day in holidays_of_them)


class OfficeHours:
    """Working days with the hours of one partnership's offices. Moments given are aware, in any zone."""

    def __init__(self, opens: time, closes: time, *, time_zone: str, region: str) -> None:
        self._opens = opens
        self._closes = closes
        self._zone = ZoneInfo(time_zone)
        self._days = WorkingDays(region)

    def day(self, moment: datetime) -> date:
        """The partnership's day at a moment."""
        return moment.astimezone(self._zone).date()

    def next_office_time(self, moment: datetime) -> datetime:
        """The moment itself in office hours, else the next opening of the offices."""
        local = moment.astimezone(self._zone)
        if self._days.is_working(local.date()):
            if local.time() < self._opens:
                return self._at(local.date(), self._opens)
            if local.time() < self._closes:
                return moment
        return self._at(self._days.after(local.date(), 1), self._opens)

    def next_morning(self, moment: datetime) -> datetime:
        """The opening of the offices on the next working day."""
        return self._morning(self.day(moment), 1)

    def working_days(self, begun: datetime, ended: datetime) -> int:
        """How many working days passed; 0 within one day."""
        return self._days.between(self.day(begun), self.day(ended))

    def working_time(self, begun: datetime, ended: datetime) -> timedelta:
        """How much office time passed between two moments: nothing at night, at weekends and on bank holidays."""
        passed, day = timedelta(), self.day(begun)
        while day <= self.day(ended):
            if self._days.is_working(day):
                first, last = max(begun, self._at(day, self._opens)), min(ended, self._at(day, self._closes))
                passed += max(last - first, timedelta())
            day += timedelta(days=1)
        return passed

    def office_time_after(self, moment: datetime, allowed: timedelta) -> datetime:
        """When so much office time has passed; what ends with the office's day ends on that day."""
        at = self.next_office_time(moment)
        while (left := self._at(self.day(at), self._closes) - at) < allowed:
            allowed -= left
            at = self.next_morning(at)
        return at + allowed

    def _morning(self, day: date, count: int) -> datetime:
        return self._at(self._days.after(day, count), self._opens)

    def _at(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, self._zone)
