"""`report`: take-up and results, for publication or for managers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from bot.knowledge.model import KnowledgeBase
from bot.knowledge.partnership import Partnership
from bot.reporting.periods import NoPeriod, Period, parsed
from bot.reporting.published import NotPublished, length_of
from bot.reporting.report import Readers, Report, for_managers, for_publication
from handlers.command_line.past import reading
from handlers.command_line.shared import Failed, at_option, knowledge_or_fail, moment, settings_or_fail
from handlers.reports import objects, spreadsheet, text

ONLY_MANAGERS = (
    "{why}: nothing is published of it, so that no small number can be worked out from two reports. "
    "--for managers has any period"
)


def _page(made: Report) -> str:
    # Imported here: the other formats need no web server.
    from handlers.reports import page

    return page.report(made)


FORMATS: Mapping[str, Callable[[Report], str]] = {
    "text": text.report,
    "csv": spreadsheet.report,
    "json": objects.report,
    "html": _page,
}


@click.command()
@click.option("--period", "named", metavar="PERIOD", help='As "last month" (the default), "last year" or 2026-11.')
@click.option("--from", "first", metavar="DAY", help="From this day on, as 2026-11-01; with --to.")
@click.option("--to", "last", metavar="DAY", help="To the end of this day.")
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="text", show_default=True)
@click.option(
    "--for",
    "readers",
    type=click.Choice([one.value for one in Readers]),
    help="publication: whole months, quarters and reporting years, with small numbers hidden; the default where the "
    "period is one of those. managers: any period, everything.",
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write it into this file.")
@at_option
def report(
    named: str | None,
    first: str | None,
    last: str | None,
    form: str,
    readers: str | None,
    out: Path | None,
    at: str | None,
) -> None:
    """Report take-up and results: for publication, with small numbers hidden, or for managers, with everything."""
    if (first is None) != (last is None) or (named is not None and first is not None):
        raise click.UsageError("give --from with --to, or --period, or none of them")
    settings = settings_or_fail()
    now, knowledge = moment(at, settings), knowledge_or_fail(settings)
    period = _period(named if first is None else f"{first} {last}", now, knowledge.partnership)
    make = _made_for(readers, period, now, knowledge)
    with reading(settings) as tx:
        made = make(tx, knowledge, period, now)
    _write(FORMATS[form](made), out, form)


def _period(written: str | None, now: datetime, partnership: Partnership) -> Period:
    zone = ZoneInfo(partnership.time_zone)
    try:
        return parsed(written or "", now.astimezone(zone).date(), zone, partnership.reporting_year_from)
    except NoPeriod as error:
        raise click.UsageError(str(error)) from None


def _made_for(readers: str | None, period: Period, now: datetime, knowledge: KnowledgeBase) -> Callable[..., Report]:
    """Which report it is. Where nobody says for whom, a period of which nothing is published is for managers."""
    if readers == Readers.MANAGERS:
        return for_managers
    today = now.astimezone(period.zone).date()
    try:
        length_of(period, today, knowledge.partnership.reporting_year_from)
    except NotPublished as error:
        why = ONLY_MANAGERS.format(why=error)
        if readers is not None:
            raise click.UsageError(why) from None
        click.echo(f"{why}, and here it is.", err=True)
        return for_managers
    return for_publication


def _write(content: str, out: Path | None, form: str) -> None:
    if out is None:
        click.echo(content, nl=not content.endswith("\n"))
        return
    try:
        # A spreadsheet program takes "–" for three other letters, where the file has no mark of its encoding.
        out.write_text(content, encoding="utf-8-sig" if form == "csv" else "utf-8", newline="")
    except OSError as error:
        raise Failed(f"{out} cannot be written: {error.strerror}") from None
    click.echo(f"{out}: written", err=True)
