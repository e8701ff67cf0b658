"""`kb show --on` and `kb diff`: what the bot said before, from the versions that the database kept."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import click

from bot.config import Settings
from bot.knowledge.model import Entry, KnowledgeBase
from bot.knowledge.versions import Change, Kind, NotReadable, changes, restored
from bot.storage import versions
from bot.storage.database import DatabaseUnusable, Store, Transaction, migrate
from bot.storage.versions import Kept
from handlers.command_line.shared import Failed, knowledge_or_fail
from handlers.wording import day

ZONE = ZoneInfo("Europe/London")
EVER = datetime(9999, 1, 1, tzinfo=ZONE)


@contextmanager
def reading(settings: Settings) -> Iterator[Transaction]:
    """The database, to read.

    Raises: Failed.
    """
    try:
        migrate(settings.database)
    except DatabaseUnusable as error:
        raise Failed(str(error)) from None
    store = Store(settings.database)
    try:
        with store.reading() as tx:
            yield tx
    finally:
        store.close()


def entry_on(settings: Settings, entry_id: str, text: str) -> tuple[Entry, str]:
    """An entry as the bot last gave it on a day, and a line that says which version that was.

    Raises: Failed.
    """
    start, end = _span_of(text)
    with reading(settings) as tx:
        kept = _kept_on(tx, text)
        began_with = versions.in_use_before(tx, start)
        on_that_day = [*([began_with] if began_with else []), *versions.came_into_use(tx, start, end)]
    entry = _restored(kept).entries.get(entry_id)
    if entry is None:
        raise Failed(f"{entry_id}: there was no such entry on {day(start.date())} (version {kept.version})")
    said = f"As it was on {day(start.date())}: version {kept.version}, in use since {_moment(kept.since)}."
    earlier = [other for other in on_that_day if other.version != kept.version]
    if earlier:
        times = "; ".join(f"{other.version} since {_moment(other.since)}" for other in earlier)
        said += f" Other versions were in use earlier that day: {times}."
    return entry, said


def knowledge_at(settings: Settings, text: str | None) -> tuple[KnowledgeBase, str]:
    """The knowledge of a day or of a version's id, or the files as they stand (None), and its name.

    Raises: Failed.
    """
    if text is None:
        knowledge = knowledge_or_fail(settings)
        return knowledge, f"the files now ({knowledge.version})"
    with reading(settings) as tx:
        found = [_kept_on(tx, text)] if _is_day(text) else versions.by_id(tx, text) if text else []
    if len(found) != 1:
        how_many = "several versions begin so" if found else "no such version was kept"
        raise Failed(f"{text}: {how_many}; give a day (2026-05-03) or the id of a version")
    return _restored(found[0]), f"version {found[0].version}, in use since {_moment(found[0].since)}"


def last_in_use(settings: Settings) -> tuple[KnowledgeBase, str]:
    """The knowledge that was in use last.

    Raises: Failed where none was kept.
    """
    with reading(settings) as tx:
        kept = versions.in_use_before(tx, EVER)
    if kept is None:
        raise Failed("no version was kept yet: the bot has not answered from any")
    return _restored(kept), f"version {kept.version}, in use since {_moment(kept.since)}"


def diff_lines(found: list[Change]) -> Iterator[str]:
    """What changed, an entry or a service at a time."""
    for change in found:
        what = {Kind.NEW: "new", Kind.CHANGED: "changed", Kind.REMOVED: "removed"}[change.kind]
        yield f"{what} {change.id}: {change.title}"
        if change.kind is not Kind.CHANGED:
            continue
        for field in change.fields:
            yield f"  {field.name}"
            for line in difflib.ndiff(field.before, field.after):
                if not line.startswith("?"):
                    yield f"    {line}"


def differences(before: KnowledgeBase, after: KnowledgeBase) -> list[str]:
    """The lines of `kb diff`."""
    return list(diff_lines(changes(before, after)))


def _is_day(text: str) -> bool:
    return re.fullmatch(r"[12]\d{3}-\d{2}-\d{2}", text) is not None


def _span_of(text: str) -> tuple[datetime, datetime]:
    """The day's beginning and end by London's clock.

    Raises: click.BadParameter.
    """
    try:
        found = date.fromisoformat(text) if _is_day(text) else None
    except ValueError:
        found = None
    if found is None:
        raise click.BadParameter(f"{text!r} is not a day; write it as 2026-05-03")
    return datetime.combine(found, time(), ZONE), datetime.combine(found + timedelta(days=1), time(), ZONE)


def _kept_on(tx: Transaction, text: str) -> Kept:
    start, end = _span_of(text)
    kept = versions.in_use_before(tx, end)
    if kept is None:
        first = next(iter(versions.came_into_use(tx, end, EVER)), None)
        since = f"; the first version kept came into use on {_moment(first.since)}" if first else " yet"
        raise Failed(f"nothing was in use by {day(start.date())}{since}")
    return kept


def _restored(kept: Kept) -> KnowledgeBase:
    try:
        return restored(kept.content, kept.version)
    except NotReadable as error:
        raise Failed(str(error)) from None


def _moment(at: datetime) -> str:
    local = at.astimezone(ZONE)
    return f"{day(local.date())}, {local:%H:%M}"
