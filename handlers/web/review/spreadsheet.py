"""A table or a list as a file for a spreadsheet, in which nothing that was typed runs as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from starlette.responses import Response

from bot.reporting.periods import Period
from bot.storage.database import Row
from bot.storage.export import rows_as_csv


def spreadsheet(name: str, period: Period, heads: Sequence[str], rows: Iterable[Row]) -> Response:
    """A file whose name says what it is, of which days, and for whom."""
    text = io.StringIO()
    rows_as_csv(heads, rows, csv.writer(text))
    file = f"for-managers-{name}-{period.first.isoformat()}-to-{period.last.isoformat()}.csv"
    return Response(
        # With the mark of its encoding: without it Excel takes "–" for three other letters.
        text.getvalue().encode("utf-8-sig"),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{file}"'},
    )
