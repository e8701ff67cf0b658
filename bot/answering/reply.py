"""What comes back for a question: a reply with exactly one status; beside it, when a child is in danger, a card."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from bot.answering.matching.matcher import Ranking
from bot.knowledge.model import Contact, Entry, Topic
from bot.knowledge.partnership import Agency
from bot.privacy import Found
from bot.working_time import Opening


class Status(StrEnum):
    """How a question ended."""

    ANSWERED = "answered"
    CHOOSE = "choose"
    NO_GUIDANCE = "no_guidance"
    SMALL_TALK = "small_talk"
    IDENTIFIERS = "identifiers"
    INDIVIDUAL_CASE = "individual_case"
    TOO_LONG = "too_long"
    EMPTY = "empty"
    BUSY = "busy"
    SWITCHED_OFF = "switched_off"
    ERROR = "error"


@dataclass(frozen=True)
class Asked:
    """A question, and what is known around it."""

    text: str
    at: datetime
    agency: Agency | None = None
    previous: str | None = None
    """The entry that the question before it in the same thread was answered with."""
    busy: bool = False
    switched_off: str | None = None
    """Why guidance is switched off, if it is."""


@dataclass(frozen=True)
class ContactNow:
    """A service and whether it is open at the moment of asking."""

    contact: Contact
    opening: Opening
    hours: str
    """In words, such as "open until 17:00"."""
    next: Contact | None = None
    """Whom to ring instead: while it is closed, and in its last hour, from its closing on."""
    old: bool = False
    """Whether the number's source is older than the partnership allows."""


@dataclass(frozen=True)
class EmergencyCard:
    """What to do when a child is in danger now. Needs neither database, nor YAML, nor network."""

    first: str
    then: str
    contacts: tuple[ContactNow, ...] = ()
    as_of: date | None = None
    """Set when the contacts come from the last good copy on disk: the day of that copy."""


@dataclass(frozen=True)
class Reply:
    """The answer to one question."""

    status: Status
    message: str = ""
    """What the bot says itself; the guidance is in `entry`."""
    entry: Entry | None = None
    for_agency: str | None = None
    """The entry's own line for the asker's agency."""
    contacts: tuple[ContactNow, ...] = ()
    others: tuple[Entry, ...] = ()
    """Further entries offered as "did you mean", best first."""
    related: tuple[Entry, ...] = ()
    topics: tuple[Topic, ...] = ()
    found: tuple[Found, ...] = ()
    give_back: str | None = None
    """What was typed, handed back to edit; only ever to the person who typed it."""
    without: str | None = None
    """The same with identifiers masked: what "ask without it" asks."""
    draft: str | None = None
    """The notice that the guidance is not approved yet."""
    ranking: Ranking = field(default_factory=lambda: Ranking((), 0.0), repr=False)
    knowledge_version: str | None = None

    @property
    def shown(self) -> tuple[str, ...]:
        """The ids that the practitioner sees, best first, three at most."""
        entries = (*((self.entry,) if self.entry else ()), *self.others)
        return tuple(entry.full_id for entry in entries if entry.topic != SMALL_TALK_TOPIC)[:3]

    @property
    def answer_id(self) -> str | None:
        """The id of the entry that is answered with; None where nothing of the knowledge is."""
        return self.entry.full_id if self.entry and self.entry.topic != SMALL_TALK_TOPIC else None

    @property
    def subject(self) -> str | None:
        """The entry that a further question in the same thread leans on: the answer, else the first shown."""
        return self.answer_id or next(iter(self.shown), None)


SMALL_TALK_TOPIC = "bot"
