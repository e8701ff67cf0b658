"""A table of figures as a page shows it: names in place of ids, numbers as people read them, each with its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.reporting.tables import Table, Unit
from handlers.web.review import charts, words
from handlers.web.review.drilling import rows_behind
from handlers.web.review.filters import Filters

Names = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Cell:
    """One cell. `address`: its rows; `bar`: of 100, where a bar stands beside the number."""

    text: str
    address: str | None = None
    bar: float | None = None


@dataclass(frozen=True)
class Row:
    """Its names, which head it, and its numbers."""

    heads: tuple[str, ...]
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Shown:
    """What a template makes a table of."""

    id: str
    title: str
    means: str
    note: str
    by: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    hidden: int = 0
    """How many further rows there are."""
    csv: str = ""
    """Where the whole table can be had for a spreadsheet."""


def shown(
    table: Table,
    chosen: Filters,
    names: Names,
    *,
    only: Sequence[str] = (),
    most: int | None = None,
    bar: str | None = None,
) -> Shown:
    """A table with its links. `only`: some of its columns; `most`: rows; `bar`: the column that has bars."""
    named = table.named(names)
    picked = [column for column in table.columns if not only or column.name in only]
    places = {column.name: table.heads.index(column.name) for column in picked}
    bars = charts.widths(table, bar) if bar else ()
    rows = []
    for number, (row, with_names) in enumerate(zip(table.rows, named.rows, strict=True)):
        cells = []
        for column in picked:
            value = row[places[column.name]]
            address = rows_behind(table, row, column.name, chosen) if column.unit is Unit.COUNT and value else None
            width = bars[number] if column.name == bar else None
            cells.append(Cell(words.number(value, column.unit), address, width))
        rows.append(Row(tuple(str(cell) for cell in with_names[: len(table.by)]), tuple(cells)))
    return Shown(
        table.id,
        table.title,
        table.means,
        table.note,
        table.by,
        tuple(column.name for column in picked),
        tuple(rows[:most]),
        max(0, len(rows) - most) if most is not None else 0,
        chosen.address(f"/review/figures/{table.id}.csv"),
    )
