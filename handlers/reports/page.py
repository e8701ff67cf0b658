"""A report as one page (HTML) that needs nothing else: to print, to send, to put on a website."""

from __future__ import annotations

from bot.reporting.report import Report
from handlers.reports.grid import grid
from handlers.web.rendering import HERE, templates


def report(made: Report) -> str:
    """All of it."""
    return (
        templates()
        .get_template("report.html")
        .render(
            made=made,
            tables=[(table, grid(table)) for table in made.tables],
            day=made.made.astimezone(made.period.zone).date(),
            style=(HERE / "static" / "report.css").read_text(encoding="utf-8"),
        )
    )
