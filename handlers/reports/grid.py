"""A table as it is read: its cells in words, and what is counted by two things as rows and columns."""

from __future__ import annotations

from dataclasses import dataclass

from bot.reporting.tables import Table, Unit, Value

NOTHING = "–"
"""Where there is nothing to count from, or it is left out."""


@dataclass(frozen=True)
class Line:
    """A row: what heads it, and its cells."""

    heads: tuple[str, ...]
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Grid:
    """What stands above, and the rows. `across`: what the columns are, where they are no measures."""

    corner: tuple[str, ...]
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    across: str = ""


def grid(table: Table) -> Grid:
    """A table's rows and columns."""
    if len(table.by) == 2 and len(table.columns) == 1:
        return _crossed(table)
    place = len(table.by)
    lines = tuple(
        Line(tuple(map(str, row[:place])), tuple(map(number, row[place:], (column.unit for column in table.columns))))
        for row in table.rows
    )
    return Grid(table.by, tuple(column.name for column in table.columns), lines)


def _crossed(table: Table) -> Grid:
    """What is counted by two things: the first down, the second across. A pair that is not listed was not seen."""
    found = {(str(down), str(over)): value for down, over, value in table.rows}
    downs, overs = (tuple(dict.fromkeys(pair[place] for pair in found)) for place in (0, 1))
    lines = (Line((down,), tuple(number(found.get((down, over), 0)) for over in overs)) for down in downs)
    return Grid(table.by[:1], overs, tuple(lines), table.by[1])


def number(value: Value, unit: Unit = Unit.COUNT) -> str:
    """A cell as people read it: "1,204", "42%", "3.5"."""
    if value is None or isinstance(value, str):
        return value or NOTHING
    if unit is Unit.SHARE:
        return f"{value:.0%}"
    return f"{value:,.1f}" if isinstance(value, float) and not value.is_integer() else f"{value:,.0f}"
