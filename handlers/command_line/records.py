"""`export` and `doctor`: the operator's."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Sequence

import click

from bot.answering.guidance import Directory
from bot.doctor import examine
from bot.storage import escalations, feedback, history, questions, quick_records
from bot.storage.database import Row, Transaction
from bot.storage.export import rows_as_csv
from handlers import wording
from handlers.command_line.past import reading
from handlers.command_line.shared import Failed, knowledge_or_fail, settings_or_fail


@click.group()
def export() -> None:
    """Write records out, every column."""


format_option = click.option("--format", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True)


@export.command("questions")
@format_option
def export_questions(form: str) -> None:
    """Questions that were asked; the text only where it passed the identifiers step."""
    _export(questions.exported, questions.EXPORTED, form)


@export.command("quick-records")
@format_option
def export_quick_records(form: str) -> None:
    """Short records: talks that settled it, what was not escalated, what worked well, and who gave no answer."""
    _export(quick_records.exported, quick_records.EXPORTED, form)


@export.command("escalations")
@format_option
def export_escalations(form: str) -> None:
    """Escalations as they stand now, with nothing that was typed."""
    _export(escalations.exported, escalations.EXPORTED, form)


@export.command("feedback")
@format_option
def export_feedback(form: str) -> None:
    """Feedback requests as they stand now, with the working hours until each was answered; nothing that was typed."""
    _export(feedback.exported, feedback.EXPORTED, form)


@export.command("events")
@format_option
def export_events(form: str) -> None:
    """The history of all tickets, event by event, with nothing that was typed."""
    _export(history.exported, history.EXPORTED, form)


def _export(read: Callable[[Transaction], list[Row]], columns: Sequence[str], form: str) -> None:
    with reading(settings_or_fail()) as tx:
        rows = read(tx)
    if form == "json":
        click.echo(json.dumps([dict(row) for row in rows], ensure_ascii=False, indent=1))
    else:
        rows_as_csv(columns, rows, csv.writer(sys.stdout))


@click.command()
@click.option("--pin", is_flag=True, help="Print the text to pin or bookmark in channels instead.")
def doctor(pin: bool) -> None:
    """Check settings, knowledge, database and what is installed; exits 1 where something is wrong."""
    settings = settings_or_fail()
    if pin:
        knowledge = knowledge_or_fail(settings)
        click.echo(wording.pinned(Directory(knowledge.contacts, knowledge.partnership), settings.public_url))
        return
    findings = examine(settings)
    for finding in findings:
        click.echo(f"{'ok   ' if finding.ok else 'WRONG'} {finding.what}: {finding.says}")
    if not all(finding.ok for finding in findings):
        raise Failed("something is wrong; see the lines above")
