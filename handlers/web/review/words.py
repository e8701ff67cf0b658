"""How figures, statuses and times read on the review pages."""

from __future__ import annotations

from datetime import datetime, tzinfo

from bot.reporting.tables import Unit, Value

NOTHING = "–"
"""Where there is nothing to count from, which is not nought."""


def number(value: Value, unit: Unit = Unit.COUNT) -> str:
    """A cell: "1,204", "42 %", "3.5"; a dash where there is nothing to count from."""
    match value:
        case None:
            return NOTHING
        case str():
            return value
        case _ if unit is Unit.SHARE:
            return f"{value:.0%}".replace("%", " %")
        case float() if not value.is_integer():
            return f"{value:,.1f}"
    return f"{value:,.0f}"


def moment(kept: str | None, zone: tzinfo) -> str:
    """When something was, of what the database keeps: "20 Nov 2026, 12:00"."""
    if kept is None:
        return NOTHING
    at = datetime.fromisoformat(kept).astimezone(zone)
    return f"{at.day} {at:%b %Y, %H:%M}"


def day(kept: str | None, zone: tzinfo) -> str:
    """The same without the time of day."""
    return NOTHING if kept is None else moment(kept, zone).partition(",")[0]


def more(now: Value, before: Value, unit: Unit = Unit.COUNT) -> str:
    """How a figure differs from the one before: "12 more than 36"."""
    if not isinstance(before, int | float):
        return "nothing to compare with"
    was = number(before, unit)
    if not isinstance(now, int | float):
        return f"was {was}"
    if number(now, unit) == was:
        return f"was {was} too"
    word = "more" if now > before else "fewer" if unit is Unit.COUNT else "less"
    change = number(round(abs(now - before) * 100) if unit is Unit.SHARE else abs(now - before))
    points = " points" if unit is Unit.SHARE else ""
    return f"{change}{points} {word}, was {was}"
