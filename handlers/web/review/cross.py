"""A table of two things laid out crosswise: where most is, is darkest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.reporting.tables import Table, Value
from handlers.web.review import words
from handlers.web.review.drilling import rows_behind
from handlers.web.review.filters import Filters
from handlers.web.review.shown import Names

SHADES = 5


@dataclass(frozen=True)
class Cell:
    """`shade`: 0 where there is nothing, up to `SHADES`. `address`: the rows that were counted."""

    text: str
    shade: int
    address: str | None


@dataclass(frozen=True)
class Line:
    """One row: its name, its cells, and their sum."""

    name: str
    cells: tuple[Cell, ...]
    total: str


@dataclass(frozen=True)
class Cross:
    """What a template makes a cross table of."""

    id: str
    title: str
    means: str
    note: str
    by: tuple[str, ...]
    across: tuple[str, ...]
    lines: tuple[Line, ...]
    totals: tuple[str, ...]
    total: str
    csv: str


def crossed(table: Table, chosen: Filters, names: Names, order: Sequence[str] = ()) -> Cross:
    """A table by two things with one count. `order`: of the columns, where they have one; else the most go first."""
    rows = {(str(row[0]), str(row[1])): row for row in table.rows}
    down, across = _sums(rows, 0), _sums(rows, 1)
    in_order = {name: place for place, name in enumerate(order)}
    columns = sorted(across, key=lambda name: (in_order.get(name, len(order)), -across[name], name))
    most = max((int(row[2] or 0) for row in rows.values()), default=0)
    column = table.columns[0].name

    def cell(row: tuple[Value, ...] | None) -> Cell:
        value = int(row[2] or 0) if row else 0
        if row is None or not value:
            return Cell("0" if row else "", 0, None)
        return Cell(words.number(value), -(-value * SHADES // most), rows_behind(table, row, column, chosen))

    def called(place: int, name: str) -> str:
        return names.get(table.by[place], {}).get(name, name)

    return Cross(
        id=table.id,
        title=table.title,
        means=table.means,
        note=table.note,
        by=table.by,
        across=tuple(called(1, name) for name in columns),
        lines=tuple(
            Line(called(0, name), tuple(cell(rows.get((name, other))) for other in columns), words.number(total))
            for name, total in down.items()
        ),
        totals=tuple(words.number(across[name]) for name in columns),
        total=words.number(sum(down.values())),
        csv=chosen.address(f"/review/figures/{table.id}.csv"),
    )


def _sums(rows: dict[tuple[str, str], tuple[Value, ...]], place: int) -> dict[str, int]:
    """The sums of one side, in the order of the table."""
    found: dict[str, int] = {}
    for key, row in rows.items():
        found[key[place]] = found.get(key[place], 0) + int(row[2] or 0)
    return found
