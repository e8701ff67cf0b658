"""`export` and `doctor`: the operator's."""

from __future__ import annotations

import csv
import json
import sys

import click

from bot.doctor import examine
from bot.storage import questions
from bot.storage.database import DatabaseUnusable, Store, migrate
from bot.storage.export import rows_as_csv
from handlers.command_line.shared import Failed, settings_or_fail


@click.group()
def export() -> None:
    """Write records out, every column."""


@export.command("questions")
@click.option("--format", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True)
def export_questions(form: str) -> None:
    """Questions that were asked; the text only where it passed the identifiers step."""
    settings = settings_or_fail()
    try:
        migrate(settings.database)
    except DatabaseUnusable as error:
        raise Failed(str(error)) from None
    store = Store(settings.database)
    try:
        with store.reading() as tx:
            rows = questions.exported(tx)
            columns = questions.EXPORTED
    finally:
        store.close()
    if form == "json":
        click.echo(json.dumps([dict(row) for row in rows], ensure_ascii=False, indent=1))
    else:
        rows_as_csv(columns, rows, csv.writer(sys.stdout))


@click.command()
def doctor() -> None:
    """Check settings, knowledge, database and what is installed; exits 1 where something is wrong."""
    findings = examine(settings_or_fail())
    for finding in findings:
        click.echo(f"{'ok   ' if finding.ok else 'WRONG'} {finding.what}: {finding.says}")
    if not all(finding.ok for finding in findings):
        raise Failed("something is wrong; see the lines above")
