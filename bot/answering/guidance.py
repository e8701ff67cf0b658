"""All that answering needs of one state of the knowledge: entries, matcher, privacy guard, opening hours."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

from bot.answering import messages
from bot.answering.matching.matcher import Matcher, make_matcher, semantic_index
from bot.answering.matching.semantic import Encoder
from bot.answering.matching.thresholds import Thresholds, shipped
from bot.answering.reply import SMALL_TALK_TOPIC, ContactNow, EmergencyCard
from bot.knowledge.dates import is_older
from bot.knowledge.hours import WhenClosed
from bot.knowledge.loading import load
from bot.knowledge.model import Contact, ContactsSource, Entry, KnowledgeBase, plain
from bot.knowledge.partnership import AgencyKind, Partnership
from bot.privacy import Guard
from bot.working_time import OpeningHours, closes_soon, in_words

log = logging.getLogger(__name__)

ALWAYS_THERE = ("police-101", "emergency-999")
OWN_POWERS = frozenset({AgencyKind.POLICE, AgencyKind.AMBULANCE})


@dataclass(frozen=True)
class Directory:
    """The services, and which of them is open when."""

    contacts: dict[str, Contact]
    partnership: Partnership
    as_of: date | None = None
    """Set when this is the last good copy: the day it was saved."""

    @cached_property
    def _hours(self) -> OpeningHours:
        return OpeningHours(
            self.contacts, time_zone=self.partnership.time_zone, region=self.partnership.bank_holidays
        )

    def now(self, contact: Contact, at: datetime) -> ContactNow:
        """One service at one moment."""
        opening = self._hours.at(contact, at)
        instead = self._stand_in(contact) if opening.open is False or closes_soon(opening, at) else None
        old = contact.source is not None and is_older(
            contact.source.date, self.partnership.number_max_age_months, at.date()
        )
        return ContactNow(contact, opening, in_words(opening, at), instead, old)

    def _stand_in(self, contact: Contact) -> Contact | None:
        """Who takes over when a service closes."""
        if isinstance(contact.hours, WhenClosed):
            return self.contacts.get(contact.hours.when_closed)
        return self.contacts.get(contact.out_of_hours or "")

    def in_order(self, names: Iterable[str], at: datetime) -> tuple[ContactNow, ...]:
        """Services to ring, never a closed one first: who stands in goes before it, else whoever is always there."""
        wanted: dict[str, ContactNow] = {}
        for name in names:
            contact = self.contacts.get(name)
            if contact is None:
                continue
            now = self.now(contact, at)
            if now.opening.open is False and now.next is not None:
                wanted.setdefault(now.next.id, self.now(now.next, at))
            wanted.setdefault(name, now)
        if wanted and all(now.opening.open is False for now in wanted.values()):
            wanted |= {now.contact.id: now for now in self._somebody(at)}
        # A closed one never comes first, nor does one that nobody knows how to reach, where another can be.
        return tuple(sorted(wanted.values(), key=lambda c: (c.opening.open is False, not _reachable(c.contact))))

    def _somebody(self, at: datetime) -> Iterator[ContactNow]:
        """Who is there when all those asked for are closed."""
        for name in (*self.duty, *ALWAYS_THERE):
            if name in self.contacts and (now := self.now(self.contacts[name], at)).opening.open is not False:
                yield now
                return

    @property
    def duty(self) -> tuple[str, ...]:
        """The services that take a worry about a child, by the day and by night."""
        return self.partnership.emergency_contacts or ("front-door", "emergency-duty-team")

    def to_ring(self, at: datetime) -> tuple[ContactNow, ...]:
        """Whom to ring when the bot itself cannot help."""
        return self.in_order(self.duty, at)

    def card(self, at: datetime, kind: AgencyKind | None = None) -> EmergencyCard:
        """The card for a child in danger now."""
        duty = tuple(c for c in self.to_ring(at) if c.opening.open is not False)[:1]
        known = any(now.contact.numbers for now in duty)
        own_powers = kind in OWN_POWERS
        return EmergencyCard(
            first=messages.EMERGENCY_FIRST_OWN_POWERS if own_powers else messages.EMERGENCY_FIRST,
            then=messages.EMERGENCY_THEN if known else messages.EMERGENCY_THEN_UNKNOWN,
            contacts=duty,
            as_of=self.as_of if duty else None,
        )


def _reachable(contact: Contact) -> bool:
    return bool(contact.numbers or contact.email or contact.web)


NO_DIRECTORY = Directory({}, Partnership())
"""For when neither the knowledge nor its last good copy can be read: 999 and 101 are in the code."""


def save_copy(knowledge: KnowledgeBase, folder: Path, on: date) -> None:
    """Keep the contacts on disk, for the day on which the knowledge cannot be read. A failure is logged, no more."""
    content = {
        "saved": on.isoformat(),
        "partnership": plain(knowledge.partnership),
        "contacts": [plain(contact) for contact in knowledge.contacts.values()],
    }
    path = folder / COPY
    try:
        folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
        partial.replace(path)
    except OSError:
        log.exception("the copy of the contacts could not be saved")


COPY = "last-good-contacts.json"


def last_good_copy(folder: Path) -> Directory:
    """The contacts as last saved, with the day of saving; without any where there is no copy that can be read."""
    try:
        content = json.loads((folder / COPY).read_text(encoding="utf-8"))
        contacts = ContactsSource.model_validate({"contacts": content["contacts"]}).contacts
        partnership = Partnership.model_validate(content["partnership"])
        saved = date.fromisoformat(content["saved"])
    except FileNotFoundError:
        return NO_DIRECTORY
    except (OSError, ValueError, KeyError, TypeError):
        log.exception("the last good copy of the contacts cannot be read")
        return NO_DIRECTORY
    return Directory({contact.id: contact for contact in contacts}, partnership, saved)


@dataclass(frozen=True)
class Guidance:
    """One state of the knowledge, ready to answer from. Immutable: a changed file makes a new one."""

    knowledge: KnowledgeBase
    directory: Directory
    matcher: Matcher
    guard: Guard
    thresholds: Thresholds
    small_talk: dict[str, Entry]

    @classmethod
    def of(
        cls,
        knowledge: KnowledgeBase,
        *,
        encoder: Encoder | None = None,
        cache: Path | None = None,
        thresholds: Thresholds | None = None,
    ) -> Guidance:
        """Index `knowledge`: by words at once; by meaning too where there is an `encoder`, which takes seconds."""
        small_talk = _small_talk(knowledge)
        entries = [*knowledge.entries.values(), *small_talk.values()]
        semantic = semantic_index(entries, encoder, cache) if encoder and entries else None
        chosen = thresholds or shipped(meaning=semantic is not None)
        return cls(
            knowledge=knowledge,
            directory=Directory(knowledge.contacts, knowledge.partnership),
            matcher=make_matcher(knowledge, list(small_talk.values()), semantic, chosen.words_weight),
            guard=Guard.for_knowledge(knowledge),
            thresholds=chosen,
            small_talk=small_talk,
        )

    def entry(self, full_id: str) -> Entry | None:
        """An entry of the knowledge, or of the built-in small talk."""
        return self.knowledge.entries.get(full_id) or self.small_talk.get(full_id)


def _small_talk(knowledge: KnowledgeBase) -> dict[str, Entry]:
    """The built-in small talk without the phrases that the knowledge itself claims."""
    claimed = {phrase.lower() for entry in knowledge.entries.values() for phrase in (entry.title, *entry.phrases)}
    built_in = load([Path(__file__).with_name("small_talk")])
    kept = {}
    for full_id, entry in built_in.entries.items():
        phrases = tuple(phrase for phrase in entry.phrases if phrase.lower() not in claimed)
        # An entry of the knowledge that claims half of it serves the same need.
        if len(phrases) * 2 > len(entry.phrases) and entry.topic == SMALL_TALK_TOPIC:
            kept[full_id] = dataclasses.replace(entry, phrases=phrases)
    return kept
