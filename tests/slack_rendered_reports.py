"""What the Slack handler makes of managers' reports, with content of every kind; a part of the table."""

from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

from slack_content import AT, Content

from bot.reporting.periods import month
from bot.reporting.report import Readers, Report
from bot.reporting.tables import Column, Table, Unit
from handlers.slack import report_views
from handlers.slack.render import Outgoing

PERIOD = month(date(2026, 11, 1), ZoneInfo("Europe/London"))


def tables(content: Content) -> Iterator[Table]:
    """As long as names and numbers may be; one without rows, one of a single row, one of several measures."""
    value, line = 10**content.many % 10**12, content.line
    measures = (Column("questions"), Column(line), Column("median hours", Unit.HOURS), Column("helpful", Unit.SHARE))
    numbers = (value, None, 2.25, 0.5)
    rows = tuple((f"{number} {line}", *numbers) for number in content.each())
    yield Table("in-brief", line, line, ("figure",), measures, rows, line)
    yield Table("by-agency", line, line, ("agency",), measures * 3, tuple((row[0], *numbers * 3) for row in rows))
    pairs = tuple((row[0], f"{number} {line}", value) for row in rows[:12] for number in content.each(30))
    yield Table("questions-by-topic", line, line, ("topic", "agency"), (Column("questions"),), pairs)
    yield Table("feedback", line, line, (), measures, (numbers,))
    yield Table("unanswered", line, line, ("question",), (Column("questions"),), ((line, value),))


def reports(content: Content) -> Iterator[Outgoing]:
    found = tuple(tables(content))
    for listed, notes, empty in ((found, (content.line,) * 3, ""), (found[:1], (), content.line), ((), (), "")):
        yield report_views.report(Report(Readers.MANAGERS, content.line, PERIOD, AT, listed, notes, empty))


REPORTS = {"report_views.report": reports}
"""Each renderer of reports, and what it makes of any content."""
