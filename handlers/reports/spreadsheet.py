"""A report as one CSV file: its tables one after the other, and nothing in it that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from bot.reporting.report import Report
from bot.reporting.tables import Table, Value
from bot.storage.export import safe_cell
from handlers.reports.grid import NOTHING

DIGITS = 4
"""After the point, of shares and times."""


def report(made: Report) -> str:
    """All of it. What is left out is "–"."""
    text = io.StringIO()
    csv.writer(text).writerows([safe_cell(cell) for cell in row] for row in _rows(made))
    return text.getvalue()


def _rows(made: Report) -> Iterator[tuple[Value, ...]]:
    yield from ((line,) for line in (made.marking, made.title, made.partnership, *made.notes, made.empty) if line)
    for table in made.tables:
        yield ()
        yield from ((line,) for line in (table.title, table.means, table.note, made.marking) if line)
        yield from _table(table)


def _table(table: Table) -> Iterator[tuple[Value, ...]]:
    yield table.heads
    yield from (tuple(plain(cell) if cell is not None else NOTHING for cell in row) for row in table.rows)


def plain(value: Value) -> Value:
    """A number with no more digits than it is worth."""
    return round(value, DIGITS) if isinstance(value, float) else value
