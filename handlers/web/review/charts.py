"""Charts as the server draws them: coordinates for the templates, which make SVG of them.

They work without script, print sharp, and stand beside a table that says the same; see decision 11.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.reporting.tables import Table

WIDTH, HEIGHT = 420, 190
LEFT, RIGHT, TOP, BOTTOM = 30, 14, 10, 22
LABELS = 7
"""Along the time; more would run into each other on a phone."""


@dataclass(frozen=True)
class Bar:
    """A part of a column."""

    x: float
    y: float
    width: float
    height: float
    part: int
    """Which of the parts it is: they differ in colour."""
    says: str


@dataclass(frozen=True)
class Mark:
    """A line of the scale, or a label along the time."""

    at: float
    text: str


@dataclass(frozen=True)
class Columns:
    """Columns over time, in parts; and a line for the period before."""

    bars: tuple[Bar, ...]
    scale: tuple[Mark, ...]
    labels: tuple[Mark, ...]
    before: str
    """The points of the line; empty where there was nothing."""
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def columns(
    labels: Sequence[str], parts: Sequence[Sequence[int]], says: Sequence[str], before: Sequence[int] = ()
) -> Columns:
    """Columns of which each part stands on the one before it. `says`: of each part, what it counts."""
    totals = [sum(values) for values in zip(*parts, strict=True)]
    highest = top_of(max([*totals, *before], default=0))
    across, up = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    step = across / max(1, len(labels))
    bars = []
    for place, label in enumerate(labels):
        base = 0
        for part, values in enumerate(parts):
            height = values[place] / highest * up
            y = TOP + up - base / highest * up - height
            if values[place]:
                said = f"{label}: {values[place]} {says[part]}"
                bars.append(Bar(r(LEFT + place * step + step * 0.12), r(y), r(step * 0.76), r(height), part, said))
            base += values[place]
    every = -(-len(labels) // LABELS)
    return Columns(
        tuple(bars),
        tuple(Mark(r(TOP + up - value / highest * up), str(value)) for value in (0, highest // 2, highest)),
        tuple(
            Mark(r(LEFT + (place + 0.5) * step), label) for place, label in enumerate(labels) if place % every == 0
        ),
        " ".join(
            f"{r(LEFT + (place + 0.5) * step)},{r(TOP + up - value / highest * up)}"
            for place, value in enumerate(before[: len(labels)])
        )
        if any(before)
        else "",
    )


def top_of(highest: int) -> int:
    """The top of a scale: an even number that reads well, not below the highest value."""
    size = 1
    while True:
        for steps in (2, 4, 6, 8, 10):
            if size * steps >= highest:
                return size * steps
        size *= 10


def r(value: float) -> float:
    """Rounded for the page."""
    return round(value, 1)


def widths(table: Table, column: str) -> tuple[float, ...]:
    """Of 100, how wide the bar of each row is; the widest is the highest number."""
    place = table.heads.index(column)
    numbers = [float(row[place] or 0) for row in table.rows]
    most = max(numbers, default=0)
    return tuple(r(value / most * 100) if most else 0.0 for value in numbers)
