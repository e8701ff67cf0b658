"""Dates in the knowledge: one way to write each, so that no number is taken for a day."""

from __future__ import annotations

import calendar
import re
from datetime import date
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PARTIAL = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")


def _day(value: object) -> date:
    """Dates stay text in the file; here they become days, with a message that an editor understands."""
    if isinstance(value, date):
        return value
    if isinstance(value, str) and _DAY.fullmatch(value) and (day := _existing(value)):
        return day
    raise ValueError(f"{value!r} is not a date; write it as 2026-11-21")


def _partial_date(value: object) -> str:
    """A bare year may have been read as a number."""
    text = str(value)
    if text == "undated" or (_PARTIAL.fullmatch(text) and _existing(f"{text}-01-01"[:10])):
        return text
    raise ValueError(f"{text!r} is not a date; write 2026-11-21, 2026-11, 2026 or undated")


def _existing(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def is_older(text: str | None, months: int, today: date) -> bool:
    """Whether a source's date, taken as late as it can be, lies more than `months` back; an undated one is not."""
    if text is None or text == "undated":
        return False
    year, month = int(text[:4]), int(text[5:7] or 12)
    day = int(text[8:10] or calendar.monthrange(year, month)[1])
    expires = year * 12 + month - 1 + months
    return (today.year * 12 + today.month - 1, today.day) > (expires, day)


Day = Annotated[date, BeforeValidator(_day)]
PartialDate = Annotated[
    str,
    BeforeValidator(_partial_date),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^(\d{4}(-\d{2}(-\d{2})?)?|undated)$"},
                {"type": "integer", "minimum": 1000, "maximum": 9999},
            ]
        }
    ),
]
"""A day, a month, a year, or "undated"."""
