"""What is due for the editors, by owner: drafts, reviews, suggested corrections, old numbers, open points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from bot.knowledge.dates import is_older
from bot.knowledge.model import Contact, Entry, KnowledgeBase, OpenPoint
from bot.storage.corrections import Correction

SOON = timedelta(days=30)


@dataclass
class Desk:
    """What one owner has to look at."""

    owner: str
    entries: int = 0
    drafts: list[Entry] = field(default_factory=list)
    changed: list[Entry] = field(default_factory=list)
    """Drafts of which an earlier text was approved."""
    due: list[Entry] = field(default_factory=list)
    """Entries whose day of review is past or comes within thirty days, the earliest first."""
    corrections: list[Correction] = field(default_factory=list)
    old_numbers: list[Contact] = field(default_factory=list)
    to_confirm: list[OpenPoint] = field(default_factory=list)


def review(knowledge: KnowledgeBase, corrections: Sequence[Correction], today: date) -> list[Desk]:
    """What each owner has to look at, in the order in which owners first appear."""
    desks: dict[str, Desk] = {}

    def desk(owner: str) -> Desk:
        return desks.setdefault(owner, Desk(owner))

    for entry in knowledge.entries.values():
        own = desk(knowledge.owner_of(entry))
        own.entries += 1
        if entry.is_draft:
            own.drafts.append(entry)
        if entry.approved_before or entry.draft_waits:
            own.changed.append(entry)
        if entry.review_by and entry.review_by <= today + SOON:
            own.due.append(entry)
    partnership = knowledge.partnership
    general = partnership.owner or next(iter(desks), "nobody named")
    for correction in corrections:
        subject = knowledge.entries.get(correction.entry)
        desk(knowledge.owner_of(subject) if subject else general).corrections.append(correction)
    for contact in knowledge.contacts.values():
        seen = contact.source.date if contact.source else None
        if is_older(seen, partnership.number_max_age_months, today) or seen == "undated":
            desk(general).old_numbers.append(contact)
    desk(general).to_confirm.extend(knowledge.to_confirm)
    for own in desks.values():
        own.due.sort(key=lambda entry: entry.review_by or today)
    return list(desks.values())


def drafts_by_owner(desks: Sequence[Desk]) -> Mapping[str, int]:
    """How many drafts each owner has."""
    return {own.owner: len(own.drafts) for own in desks}
