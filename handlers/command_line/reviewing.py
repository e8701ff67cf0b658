"""`kb review` and `kb gaps`: what is due for the editors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta

import click

from bot.answering.guidance import Guidance
from bot.config import Settings
from bot.gaps import gaps
from bot.review import Desk, review
from bot.storage import corrections, questions
from bot.storage.database import Store
from handlers import wording
from handlers.command_line.past import reading
from handlers.command_line.shared import Failed, json_option, knowledge_or_fail, settings_or_fail


@click.command("review")
@json_option
@click.option("--changed", metavar="CORRECTION", help="Settle a suggested correction: the entry was changed.")
@click.option("--kept", metavar="CORRECTION", help="Settle a suggested correction: the entry stays as it is.")
def kb_review(as_json: bool, changed: str | None, kept: str | None) -> None:
    """Say what is due, by owner: reviews, drafts, suggested corrections, old numbers, points to confirm."""
    settings = settings_or_fail()
    if changed is not None and kept is not None:
        raise click.UsageError("settle one correction at a time: --changed or --kept")
    if changed is not None or kept is not None:
        _settle(settings, changed or kept or "", "kept" if changed is None else "changed")
        return
    with reading(settings) as tx:
        suggested = corrections.unsettled(tx)
    today = datetime.now(UTC).date()
    desks = review(knowledge_or_fail(settings), suggested, today)
    click.echo(_review_json(desks) if as_json else "\n".join(_review_lines(desks, today)))


def _settle(settings: Settings, correction_id: str, settled_as: str) -> None:
    at = datetime.now(UTC)
    with reading(settings):  # migrates, and says what is wrong
        pass
    store = Store(settings.database)
    try:
        settled = store.submit(lambda tx: corrections.settle(tx, correction_id, settled_as, at)).result()
    finally:
        store.close()
    if not settled:
        raise Failed(f"{correction_id}: no such open correction; `kb review` lists them")
    outcome = "was changed" if settled_as == "changed" else "stays as it is"
    click.echo(f"{correction_id}: settled, the entry {outcome}")


def _review_lines(desks: list[Desk], today: date) -> Iterator[str]:
    for own in desks:
        yield f"{own.owner}: {own.entries} entries, {len(own.drafts)} draft"
        if own.changed:
            yield "  changed since approval, to be approved again:"
            yield from (f"    {entry.full_id}" for entry in own.changed)
        if own.due:
            yield "  due for review:"
        for entry in own.due:
            when = wording.day(entry.review_by) if entry.review_by else ""
            yield f"    {entry.full_id}: {when}{', late' if entry.review_by and entry.review_by < today else ''}"
        if own.corrections:
            yield "  corrections that people suggest (settle with --changed ID or --kept ID):"
        for item in own.corrections:
            yield f"    {item.id}  {item.entry}, {wording.day(item.at.date())}: {' '.join(item.text.split())}"
        if own.old_numbers:
            yield "  numbers from an old or undated source, to be checked:"
        for contact in own.old_numbers:
            seen = wording.partial_day(contact.source.date or "undated") if contact.source else "undated"
            yield f"    {contact.id}: {wording.ways(contact)} ({seen})"
        if own.to_confirm:
            yield f"  {len(own.to_confirm)} points to confirm:"
        for number, point in enumerate(own.to_confirm, 1):
            yield f"    {number}. {' '.join(point.text.split())}"
        yield ""


def _review_json(desks: list[Desk]) -> str:
    return json.dumps(
        [
            {
                "owner": own.owner,
                "entries": own.entries,
                "drafts": len(own.drafts),
                "changed": [entry.full_id for entry in own.changed],
                "due": [
                    {"id": entry.full_id, "review_by": entry.review_by and entry.review_by.isoformat()}
                    for entry in own.due
                ],
                "corrections": [asdict(item) | {"at": item.at.isoformat()} for item in own.corrections],
                "old_numbers": [contact.id for contact in own.old_numbers],
                "to_confirm": [point.id for point in own.to_confirm],
            }
            for own in desks
        ],
        ensure_ascii=False,
        indent=1,
    )


@click.command("gaps")
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 3650), help="How far back to look.")
@json_option
def kb_gaps(days: int, as_json: bool) -> None:
    """Group the questions that were not answered, each with the command that would close the gap."""
    settings = settings_or_fail()
    guidance = Guidance.of(knowledge_or_fail(settings))
    with reading(settings) as tx:
        asked = questions.unanswered(tx, datetime.now(UTC) - timedelta(days=days))
    found = gaps(asked, guidance)
    if as_json:
        items = [{name: value for name, value in asdict(gap).items() if name != "known"} for gap in found]
        items = [item | {"commands": gap.commands} for item, gap in zip(items, found, strict=True)]
        click.echo(json.dumps(items, ensure_ascii=False, indent=1))
        return
    if not found:
        click.echo(f"No question went unanswered in the last {days} days.")
    for gap in found:
        click.echo(f"{gap.asked} × {gap.questions[0]}")
        for question in gap.questions[1:4]:
            click.echo(f"    also: {question}")
        for text in gap.missing[:3]:
            click.echo(f"    said to be missing: {text}")
        if gap.to_nearest:
            click.echo(f"  if it belongs to “{gap.nearest_title}”:\n    {gap.to_nearest}")
        click.echo(f"  {'else, as' if gap.to_nearest else 'as'} an entry of its own:\n    {gap.commands[-1]}\n")


COMMANDS = (kb_review, kb_gaps)
