"""The quick record "I rang and got no adequate answer": what to do next, at once, and a record to measure by.

Inspectors found in 2022 that the response out of hours was not routinely effective. What is recorded holds nothing
typed: which service, when, how long one waited, and what one did.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.answering.guidance import Directory
from bot.answering.reply import ContactNow
from bot.knowledge.model import Contact, Entry
from bot.tickets.fields import InvalidForm

LONGEST_AGO = timedelta(days=7)
"""Later, nobody remembers when it was."""
ENTRIES = ("contacts.emergency-duty-team", "escalation.immediate-risk", "escalation.when-to-use")
"""What to read next, where the knowledge has it."""
ALWAYS_ON = frozenset({"emergency-999"})


class Waited(StrEnum):
    """How long somebody waited for an answer."""

    TWENTY_MINUTES = "20-minutes"
    HOUR = "an-hour"
    NEVER = "never-answered"
    NO_HELP = "answered-without-help"

    @property
    def label(self) -> str:
        return _WAITED[self]


_WAITED: Mapping[Waited, str] = {
    Waited.TWENTY_MINUTES: "20 minutes or so",
    Waited.HOUR: "an hour or longer",
    Waited.NEVER: "nobody answered at all",
    Waited.NO_HELP: "somebody answered, but it did not help",
}


class Did(StrEnum):
    """What somebody did then."""

    RANG_999 = "rang-999"
    RANG_AGAIN = "rang-again"
    RANG_ANOTHER = "rang-another-service"
    TOLD_LEAD = "told-safeguarding-lead"
    NOTHING_YET = "nothing-yet"

    @property
    def label(self) -> str:
        return _DID[self]


_DID: Mapping[Did, str] = {
    Did.RANG_999: "rang 999",
    Did.RANG_AGAIN: "rang again",
    Did.RANG_ANOTHER: "rang another service",
    Did.TOLD_LEAD: "told my manager or safeguarding lead",
    Did.NOTHING_YET: "nothing yet",
}


@dataclass(frozen=True)
class NoAnswer:
    """Somebody rang a service and got no adequate answer."""

    contact: str
    rang_at: datetime
    waited: Waited
    did: Did


def parse(contact: Contact, rang_at: datetime | None, waited: str, did: str, now: datetime) -> NoAnswer:
    """What was filled in, as a record.

    Raises: InvalidForm.
    """
    problems = {}
    if rang_at is None or rang_at > now + timedelta(minutes=1) or rang_at < now - LONGEST_AGO:
        problems["rang_at"] = "Say when you rang: a time in the last seven days, not in the future."
    if waited not in set(Waited):
        problems["waited"] = "Choose how long you waited."
    if did not in set(Did):
        problems["did"] = "Choose what you did."
    if problems or rang_at is None:
        raise InvalidForm(problems)
    return NoAnswer(contact.id, rang_at, Waited(waited), Did(did))


@dataclass(frozen=True)
class NextStep:
    """What to do when a service did not answer: lines to read in order, and who else can be rung now."""

    lines: tuple[str, ...]
    contacts: tuple[ContactNow, ...]
    entries: tuple[Entry, ...]


def next_step(contact: Contact, directory: Directory, entries: Mapping[str, Entry], at: datetime) -> NextStep:
    """What to do now. Needs no record, and is given before anything is asked."""
    others = (*directory.partnership.emergency_contacts, contact.out_of_hours or "", "police-101")
    offered = directory.in_order([name for name in dict.fromkeys(others) if name != contact.id], at)
    return NextStep(
        lines=(
            "Is a child in danger now? Ring 999 and say that a child is at risk. If help is slow, ring again.",
            f"Otherwise ring {contact.name.partition(' (')[0]} again. Ask for the manager on duty, and note the time "
            "and who you spoke to.",
            "Tell your own manager or safeguarding lead now that you cannot get through. You are still responsible "
            "for the child until somebody has taken the worry over from you.",
        ),
        contacts=tuple(now for now in offered if now.opening.open is not False and now.contact.id != contact.id),
        entries=tuple(entries[name] for name in ENTRIES if name in entries),
    )


def can_be_reported(contact: Contact) -> bool:
    """Whether a service stands under "I rang and got no adequate answer": one with a number, but not 999."""
    return bool(contact.numbers) and contact.id not in ALWAYS_ON
