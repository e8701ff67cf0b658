"""What changed in the guidance and in the policies, when it came into use, and what of it somebody had suggested."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from bot.knowledge.model import KnowledgeBase
from bot.knowledge.versions import SAID, Kind, NotReadable, Subject, changes, restored
from bot.storage import corrections, versions
from bot.storage.corrections import Settled
from bot.storage.database import Transaction
from bot.storage.versions import Kept

VERSIONS_READ = 60
"""The newest: each is a whole state that has to be read."""
SETTLED_WITHIN = timedelta(days=7)
"""A correction may be settled before what it led to comes into use."""
RULES = {"escalation": "The escalation policy", "feedback": "The rules for MASH feedback"}


@dataclass(frozen=True)
class Changed:
    """What changed in the guidance or in a policy, and when that came into use."""

    on: date
    what: str
    title: str
    entry: str | None
    suggested: tuple[date, ...]
    """When practitioners suggested a correction to it that an editor took up."""


def guidance_changes(
    tx: Transaction, begins: datetime, now: datetime, day: Callable[[datetime], date], topic: str | None
) -> list[Changed]:
    """What changed from a moment until now, the newest first. `topic`: entries of that topic alone."""
    first = versions.in_use_before(tx, begins)
    in_use = [first, *versions.came_into_use(tx, begins, now + timedelta(seconds=1))][-VERSIONS_READ:]
    taken_up = corrections.taken_up(tx)
    found: list[Changed] = []
    before = _read(in_use[0])
    for kept in filter(None, in_use[1:]):
        after = _read(kept)
        if before is not None and after is not None:
            found += _between(before, after, day(kept.since), day, taken_up)
        before = after or before
    wanted = (change for change in found if topic is None or (change.entry or "").partition(".")[0] == topic)
    return list(wanted)[::-1]


def _read(kept: Kept | None) -> KnowledgeBase | None:
    """A state that was kept, where it can still be read."""
    try:
        return restored(kept.content, kept.version) if kept else None
    except NotReadable:
        return None


def _alone(this: KnowledgeBase, other: KnowledgeBase) -> KnowledgeBase:
    """A state with the entries alone that the other has otherwise: to compare all of them takes a while."""
    entries = {name: entry for name, entry in this.entries.items() if entry != other.entries.get(name)}
    return replace(this, entries=entries, contacts={})


def _between(
    before: KnowledgeBase,
    after: KnowledgeBase,
    on: date,
    day: Callable[[datetime], date],
    taken_up: Sequence[Settled],
) -> list[Changed]:
    found = []
    for change in changes(_alone(before, after), _alone(after, before)):
        fields = [field.name for field in change.fields]
        if change.subject is Subject.SETTINGS and change.id in RULES:
            found.append(Changed(on, "Changed", RULES[change.id], None, ()))
        if change.subject is not Subject.ENTRY:
            continue
        what = {Kind.NEW: "New", Kind.REMOVED: "Removed", Kind.CHANGED: "Changed"}[change.kind]
        if change.kind is Kind.CHANGED and not set(fields) & set(SAID):
            if "approval" not in fields:
                continue
            what = "Draft again" if after.entries[change.id].is_draft else "Approved"
        days = tuple(
            day(correction.at)
            for correction in taken_up
            if correction.entry == change.id and day(correction.at) <= on <= day(correction.settled) + SETTLED_WITHIN
        )
        found.append(Changed(on, what, change.title, change.id, days))
    return found
