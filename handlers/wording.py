"""How dates, sources and services read, in every channel alike."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from datetime import date

from bot.answering.guidance import Directory
from bot.answering.reply import ContactNow, EmergencyCard
from bot.knowledge.hours import DAYS, WhenClosed
from bot.knowledge.model import Contact, Entry
from bot.knowledge.partnership import AgencyKind
from bot.knowledge.shapes import Source


def day(moment: date) -> str:
    """Such as "18 July 2022"."""
    return f"{moment.day} {moment:%B} {moment.year}"


def partial_day(text: str) -> str:
    """A source's date as people read it: "18 July 2022", "July 2020", "2013", "undated"."""
    match text.count("-"):
        case 2:
            return day(date.fromisoformat(text))
        case 1:
            return f"{date.fromisoformat(text + '-01'):%B %Y}"
    return text


def source(item: Source) -> str:
    """A source and its date."""
    return f"{item.title} ({partial_day(item.date)})" if item.date else item.title


def compiled(entry: Entry) -> str:
    """When we wrote it, and until when it counts before it is looked at again."""
    parts = []
    if entry.approval.status == "approved" and entry.approval.by and entry.approval.on:
        parts.append(f"approved by {entry.approval.by} on {day(entry.approval.on)}")
    if entry.compiled:
        parts.append(f"compiled {day(entry.compiled)}")
    if entry.review_by:
        parts.append(f"to be reviewed by {day(entry.review_by)}")
    text = ", ".join(parts)
    return text[:1].upper() + text[1:] + "." if text else ""


NOT_KNOWN = "number not known"


def ways(contact: Contact) -> str:
    """How to reach a service, in a line."""
    known = [*(number.display for number in contact.numbers), contact.email, contact.web]
    return ", ".join(way for way in known if way) or NOT_KNOWN


def number_as_of(now: ContactNow) -> str:
    """How old a number is, and whether it is confirmed; empty for 999 and 101."""
    contact = now.contact
    if contact.source is None or not (contact.confirm or now.old) or not (contact.numbers or contact.email):
        return ""
    seen = contact.source.date
    when = "an undated source" if seen in (None, "undated") else f"a source of {partial_day(seen or '')}"
    return f"{'old number: ' if now.old else ''}from {when}, confirm locally"


def seen(item: Source) -> str:
    """How old a number is, by its source."""
    return "source undated" if item.date in (None, "undated") else f"source of {partial_day(item.date or '')}"


_DAYS = dict(zip(DAYS, calendar.day_name, strict=True))


def timetable(contact: Contact, contacts: Mapping[str, Contact]) -> str:
    """When a service is open in general, for paper: "Monday to Friday 9:00 to 17:00, not on bank holidays"."""
    match contact.hours:
        case "always":
            return "day and night"
        case "unknown":
            return "hours not confirmed"
        case WhenClosed(when_closed=other):
            name = contacts[other].name.partition(" (")[0] if other in contacts else other
            return f"whenever {name} is closed"
    spans = []
    for days, span in contact.hours.items():
        first, _, last = days.partition("-")
        opens, closes = (clock.lstrip("0") if not clock.startswith("00") else clock[1:] for clock in span.split("-"))
        named = f"{_DAYS[first]} to {_DAYS[last]}" if last else _DAYS[first]
        spans.append(f"{named} {opens} to {closes}")
    return "; ".join(spans) + (", not on bank holidays" if contact.bank_holidays == "closed" else "")


_AGENCY_KINDS = {
    AgencyKind.EARLY_YEARS: "Early years",
    AgencyKind.GP: "General practice",
    AgencyKind.VOLUNTARY: "Voluntary and faith groups",
    AgencyKind.OTHER: "Others",
    AgencyKind.FIRE: "Fire and rescue",
}


def agency_kind(kind: AgencyKind) -> str:
    """A profession's name."""
    return _AGENCY_KINDS.get(kind, kind.value.replace("-", " ").capitalize())


def hours(now: ContactNow) -> str:
    """When a service can be reached, and who can be reached instead, where that is near or now."""
    if now.next is None:
        return now.hours
    name = now.next.name.partition(" (")[0]
    if now.opening.open:
        return f"{now.hours}; after that {name}, {ways(now.next)}"
    return f"{now.hours}; until then {name}" if now.opening.opens else f"closed; ring {name}"


def contact_line(now: ContactNow) -> str:
    """A service in one line, without its number."""
    return f"{now.contact.name}: {hours(now)}"


def pinned(directory: Directory, public_url: str | None) -> str:
    """The text to pin in a channel: numbers with their hours, since nobody knows when it will be read."""
    lines = ["A child in danger now: ring 999. Not an emergency: police on 101."]
    for name in directory.duty:
        contact = directory.contacts.get(name)
        if contact is not None:
            seen_when = f"; {seen(contact.source)}, confirm locally" if contact.confirm and contact.source else ""
            lines.append(f"{contact.name}: {ways(contact)} ({timetable(contact, directory.contacts)}{seen_when})")
    lines.append(
        "Ask me without names: mention me here, write to me directly, or type /safeguarding and your question."
    )
    lines.append("Asking is not a referral. The guidance is the partnership's; drafts say that they are drafts.")
    if public_url:
        lines.append(f"All guidance, also when chat is down: {public_url}/guidance")
    return "\n".join(lines)


def card_lines(card: EmergencyCard) -> list[str]:
    """The emergency card as plain lines."""
    lines = [card.first, card.then]
    for now in card.contacts:
        lines.append(f"{now.contact.name}: {ways(now.contact)} ({hours(now)})")
        if not now.contact.numbers and now.contact.note:
            lines.append(now.contact.note)
    if card.as_of is not None:
        lines.append(f"This number is from a copy saved on {day(card.as_of)}; the guidance cannot be read just now.")
    return lines
