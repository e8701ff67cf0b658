"""The fields of the tickets' forms, and how what was filled in is read. Every channel shows the same fields."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from bot.answering import messages
from bot.knowledge.policy import Option
from bot.privacy import Guard

LONGEST = 1000
REFERENCE = re.compile(r"[A-Za-z0-9/-]{1,20}")
"""A case reference of an agency's own."""
PHONE = re.compile(r"(?=(?:\D*\d){5})[0-9+() -]{5,20}(?: ?(?:ext|x)\.? ?[0-9]{1,6})?")
BETWEEN = ","
"""Between the choices of a field that takes several."""
CLOCKS_DIFFER = timedelta(minutes=2)
LONDON = ZoneInfo("Europe/London")
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Longer ago than any childhood that is still one: a slip in the year."""


class FieldKind(StrEnum):
    """What is filled in."""

    TEXT = "text"
    CHOICE = "choice"
    DATE = "date"
    MOMENT = "moment"
    TIME = "time"
    """Of a day that another field gives, as 14:30."""
    CHOICES = "choices"
    """One or more."""
    PHONE = "phone"
    """A telephone number at work, for those who are to ring back."""
    REFERENCE = "reference"
    PERSON = "person"
    """A member of the channel; only channels that know their members show it."""


TYPED = frozenset({FieldKind.TEXT, FieldKind.REFERENCE, FieldKind.PHONE})
"""What somebody wrote, and did not choose."""


class InvalidForm(Exception):
    """What was filled in cannot be recorded. `problems`: field -> what to do."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(problems.values()))
        self.problems = dict(problems)


@dataclass(frozen=True)
class Field:
    """One field of a form."""

    name: str
    label: str
    kind: FieldKind = FieldKind.TEXT
    hint: str = ""
    options: tuple[Option, ...] = ()
    optional: bool = False
    longest: int = LONGEST
    """Characters of a text."""
    initial: str | None = None
    """What stands in it at first."""


@dataclass(frozen=True)
class Filled:
    """What was filled in: `data` holds choices, dates and people; `typed` what somebody wrote."""

    data: Mapping[str, Any] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)


def read(fields: Iterable[Field], values: Mapping[str, str | None], guard: Guard, now: datetime) -> Filled:
    """Read what was filled in. Dates are ISO days, moments ISO, London's without a zone; neither may lie ahead.

    Raises: InvalidForm with every problem at once. A text that identifies somebody is one; nothing of it is in there.
    """
    data: dict[str, str] = {}
    typed: dict[str, str] = {}
    problems: dict[str, str] = {}
    for item in fields:
        value = (values.get(item.name) or "").strip()
        if not value:
            if not item.optional:
                problems[item.name] = _missing(item)
        elif (problem := _problem(item, value, guard, now)) is not None:
            problems[item.name] = problem
        elif item.kind in TYPED:
            typed[item.name] = value
        elif item.kind is FieldKind.MOMENT and (moment := _moment(value)) is not None:
            data[item.name] = moment.isoformat()
        else:
            data[item.name] = value
    if problems:
        raise InvalidForm(problems)
    return Filled(data, typed)


def _missing(item: Field) -> str:
    match item.kind:
        case FieldKind.PHONE:
            return "Write a telephone number."
        case FieldKind.TEXT | FieldKind.REFERENCE:
            return "Write something here, in a sentence or two."
        case FieldKind.DATE | FieldKind.MOMENT | FieldKind.TIME:
            return "Say when it was."
        case FieldKind.CHOICES:
            return "Choose one or more."
    return "Choose one."


def _problem(item: Field, value: str, guard: Guard, now: datetime) -> str | None:
    match item.kind:
        case FieldKind.TEXT:
            if len(value) > item.longest:
                return f"Say it in {item.longest:,} characters at most; this has {len(value):,}."
            found = guard.find(value)
            return messages.identifiers(found) if found else None
        case FieldKind.REFERENCE:
            wrong = REFERENCE.fullmatch(value) is None
            return "A reference has 1 to 20 letters, digits, / or -, and no spaces." if wrong else None
        case FieldKind.CHOICE:
            return None if value in {option.id for option in item.options} else "Choose one of these."
        case FieldKind.CHOICES:
            known = {option.id for option in item.options}
            return None if known.issuperset(value.split(BETWEEN)) else "Choose among these."
        case FieldKind.PHONE:
            wrong = PHONE.fullmatch(value) is None
            return "Write a telephone number, such as 01632 960000 or 01632 960000 ext 12." if wrong else None
        case FieldKind.TIME:
            return None if re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value) else "Write the time as 14:30."
        case FieldKind.PERSON:
            return None if re.fullmatch(r"[A-Za-z0-9-]{1,60}", value) else "Choose a person."
        case FieldKind.DATE:
            return _in_the_past(_day(value), EARLIEST.date(), now.astimezone(LONDON).date())
        case FieldKind.MOMENT:
            return _in_the_past(_moment(value), EARLIEST, now + CLOCKS_DIFFER)


def _in_the_past(given: date | None, earliest: date, latest: date) -> str | None:
    if given is None:
        return "Write the day as 2026-11-27, and a time as 2026-11-27T14:30."
    if given < earliest:
        return "That is too long ago. Look at the year again."
    return "That lies ahead. Say when it was." if given > latest else None


def _day(value: str) -> date | None:
    try:
        return date.fromisoformat(value) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value) else None
    except ValueError:
        return None


def _moment(value: str) -> datetime | None:
    try:
        given = datetime.fromisoformat(value)
    except ValueError:
        return None
    return given if given.tzinfo else given.replace(tzinfo=LONDON)
