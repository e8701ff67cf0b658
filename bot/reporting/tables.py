"""A table of figures, with the words that define it: what every page, report, export and digest shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

Value = int | float | str | None
"""A cell; None where there is nothing to count from, which is not nought."""


class Unit(StrEnum):
    """What the numbers of a column are. Of small numbers a count is hidden, and what few stand behind is left out."""

    COUNT = "count"
    SHARE = "share"
    """Of 1."""
    DAYS = "working days"
    HOURS = "working hours"


@dataclass(frozen=True)
class Column:
    """A measure: what its numbers are, and of how many things they tell."""

    name: str
    unit: Unit = Unit.COUNT
    of: str | None = None
    """For a share or a time: the column of counts that stands behind it."""


@dataclass(frozen=True)
class Table:
    """Figures by one or two things. `rows`: the names first, then the numbers."""

    id: str
    title: str
    means: str
    """Its definition in words."""
    by: tuple[str, ...]
    """What it is counted by, such as ("agency",); empty: a single row."""
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    note: str = ""
    """What has to be known to read it rightly, such as a share that is not known."""

    @property
    def heads(self) -> tuple[str, ...]:
        return (*self.by, *(column.name for column in self.columns))

    def total(self, name: str) -> int:
        """The sum of a column of counts."""
        place = self.heads.index(name)
        return sum(int(row[place] or 0) for row in self.rows)

    def value(self, name: str, *key: str) -> Value:
        """One number; None where there is no such row."""
        place = self.heads.index(name)
        return next((row[place] for row in self.rows if row[: len(self.by)] == key), None)

    def named(self, names: Mapping[str, Mapping[str, str]]) -> Table:
        """The same with names in place of ids: by what is counted -> id -> name."""

        def shown(row: tuple[Value, ...]) -> tuple[Value, ...]:
            heads = (names.get(by, {}).get(str(cell), cell) for by, cell in zip(self.by, row, strict=False))
            return (*heads, *row[len(self.by) :])

        return replace(self, rows=tuple(shown(row) for row in self.rows))

    def as_objects(self) -> list[dict[str, Value]]:
        """A list of rows with their heads."""
        return [dict(zip(self.heads, row, strict=True)) for row in self.rows]


def counted(
    items: Iterable[Any], by: Callable[[Any], tuple[str, ...]], weight: Callable[[Any], int] = lambda item: 1
) -> dict[tuple[str, ...], int]:
    """How many there are of each, the most first."""
    found: dict[tuple[str, ...], int] = {}
    for item in items:
        key = by(item)
        found[key] = found.get(key, 0) + weight(item)
    return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` of all do not exceed (nearest rank); None of none."""
    ordered = sorted(values)
    if not ordered:
        return None
    rank = max(1, -(-round(share * 1000) * len(ordered) // 1000))
    return ordered[rank - 1]


def median(values: Sequence[float]) -> float | None:
    """The middle value, or the mean of the two in the middle; None of none."""
    ordered = sorted(values)
    if not ordered:
        return None
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def share(part: int, whole: int) -> float | None:
    """A part of a whole; None of nothing."""
    return None if whole == 0 else part / whole
