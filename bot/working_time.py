"""Opening hours: is a service open at a moment, until when, and when does it open next."""

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
        for start, end in self._spans(contact, local.date()):
            if start <= local < end:
                return Opening(open=True, until=end if end < self._horizon(local.date()) else None)
            if local < start:
                return Opening(open=False, opens=start)
        return Opening(open=False)

    def _horizon(self, first: date) -> datetime:
        """The end of the days that are looked at from `first` on."""
        return datetime.combine(first + timedelta(days=LOOK_AHEAD_DAYS), time(), self._zone)

    def _spans(self, contact: Contact, first: date) -> list[tuple[datetime, datetime]]:
        """The times at which a service is open, in order, from the night before `first` on; what meets is joined."""
        days = (first + timedelta(days=offset) for offset in range(-1, LOOK_AHEAD_DAYS))
        spans: list[tuple[datetime, datetime]] = []
        for start, end in sorted(span for day in days for span in self._spans_of_day(contact, day)):
            if spans and start <= spans[-1][1]:
                spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
            else:
                spans.append((start, end))
        return spans

    def _spans_of_day(self, contact: Contact, day: date) -> Iterator[tuple[datetime, datetime]]:
        if contact.bank_holidays == "closed" and day in bank_holidays(self._region, day.year):
            return
        if not isinstance(contact.hours, dict):
            return
        for days, hours in contact.hours.items():
            if _covers(days, day.weekday()):
                opens, closes = (time.fromisoformat(text.replace("24:00", "00:00")) for text in hours.split("-"))
                end_day = day if closes > opens else day + timedelta(days=1)
                yield datetime.combine(day, opens, self._zone), datetime.combine(end_day, closes, self._zone)


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
