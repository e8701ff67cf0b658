"""A report as JSON: each table as a list of objects, with its definition."""

from __future__ import annotations

import json

from bot.reporting.report import Report
from handlers.reports.spreadsheet import plain


def report(made: Report) -> str:
    """All of it. What is left out, or has nothing to count from, is null; a hidden count is a text, such as "<5"."""
    return json.dumps(
        {
            "title": made.title,
            "partnership": made.partnership,
            "for": made.readers.value,
            "marking": made.marking or None,
            "from": made.period.first.isoformat(),
            "to": made.period.last.isoformat(),
            "made": made.made.isoformat(),
            "notes": list(made.notes),
            "empty": made.empty or None,
            "tables": [
                {
                    "id": table.id,
                    "title": table.title,
                    "definition": table.means,
                    "note": table.note or None,
                    "marking": made.marking or None,
                    "by": list(table.by),
                    "columns": [{"name": column.name, "unit": column.unit.value} for column in table.columns],
                    "rows": [{name: plain(cell) for name, cell in row.items()} for row in table.as_objects()],
                }
                for table in made.tables
            ],
        },
        ensure_ascii=False,
        indent=1,
    )
