"""Rows as CSV that is safe to open in a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from bot.storage.database import Row

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


class RowWriter(Protocol):
    """What `csv.writer` returns."""

    def writerow(self, row: Iterable[Any], /) -> Any: ...


def rows_as_csv(columns: Sequence[str], rows: Iterable[Row], writer: RowWriter) -> None:
    """Write a heading and the rows."""
    writer.writerow(columns)
    for row in rows:
        writer.writerow([safe_cell(row[column]) for column in columns])


def safe_cell(value: object) -> object:
    """A cell that a spreadsheet shows and does not run: text that could be a formula gets an apostrophe in front."""
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA):
        return "'" + value
    return "" if value is None else value
