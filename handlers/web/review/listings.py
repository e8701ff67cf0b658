"""What stands in each list: its columns, on the page and in the spreadsheet. Of what was typed, only questions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from bot.knowledge.model import Entry, KnowledgeBase
from bot.storage.database import Row
from bot.tickets.escalations.quick import NOT_RAISED
from bot.tickets.escalations.standing import STANDS
from bot.tickets.escalations.state import Stand
from bot.tickets.feedback.standing import STANDS as REQUEST_STANDS
from bot.tickets.feedback.state import Stand as RequestStand
from bot.tickets.moves import YES_NO
from bot.tickets.no_answer import Did, Waited
from bot.tickets.words import first_upper, label
from handlers import wording
from handlers.web.review import words
from handlers.web.review.shown import Names

Text = Callable[[Any], str]


@dataclass(frozen=True)
class Column:
    """One column. `text`: a cell of it."""

    head: str
    text: Text
    address: Callable[[Any], str | None] = lambda row: None
    """Where the cell leads."""
    wide: bool = False


@dataclass(frozen=True)
class Naming:
    """How the ids and moments in rows read."""

    names: Names
    knowledge: KnowledgeBase
    zone: tzinfo

    def of(self, what: str, name: str | None) -> str:
        """What an id is called; nothing where there is none, the id itself where it is no longer listed."""
        return self.names.get(what, {}).get(name, name) if name else ""

    def moment(self, name: str) -> Text:
        return lambda row: words.moment(row[name], self.zone) if row[name] else ""

    def day(self, name: str) -> Text:
        return lambda row: words.day(row[name], self.zone) if row[name] else ""

    def named(self, what: str, name: str) -> Text:
        return lambda row: self.of(what, row[name])


def questions(naming: Naming) -> tuple[Column, ...]:
    """Questions, as they were asked."""
    return (
        Column("When", naming.moment("at"), lambda row: f"/review/questions/{row['id']}"),
        Column("Question", lambda row: " ".join((row["text"] or "").split()) or "not kept", wide=True),
        Column("What came of it", naming.named("status", "status")),
        Column("Entry", naming.named("entry", "entry")),
        Column("Agency", lambda row: naming.of("agency", row["agency"]) or "not known"),
        Column("Channel", naming.named("channel", "channel")),
        Column("Emergency card", lambda row: "yes" if row["emergency"] else ""),
        Column("Helped", lambda row: {1: "yes", 0: "no"}.get(row["helpful"], "")),
        Column("Said to be missing", lambda row: row["missing"] or ""),
    )


def _ticket(row: Row) -> str:
    return f"/review/tickets/{row['reference']}"


def escalations(naming: Naming) -> tuple[Column, ...]:
    """Escalations, as each stands."""
    return (
        Column("Reference", lambda row: row["reference"], _ticket),
        Column("Raised", naming.day("opened_at")),
        Column("From", naming.named("agency", "raising")),
        Column("To", naming.named("agency", "receiving")),
        Column("About", naming.named("reason", "reason")),
        Column("Stage", naming.named("stage", "stage")),
        Column("How it stands", lambda row: first_upper(STANDS[Stand(row["stand"])].lower())),
        Column("Closed", naming.day("closed_at")),
        Column("Outcome", naming.named("outcome", "outcome")),
        Column("For the child", naming.named("change", "change")),
    )


def feedback(naming: Naming) -> tuple[Column, ...]:
    """Feedback requests, as each stands. An answer is expected, and never late here."""

    def hours(row: Row) -> str:
        minutes = row["working_minutes"]
        return "" if minutes is None else words.number(round(minutes / 60, 1))

    return (
        Column("Reference", lambda row: row["reference"], _ticket),
        Column("Asked", naming.day("opened_at")),
        Column("Agency", naming.named("agency", "raising")),
        Column("Referral of", naming.day("referred_at")),
        Column("How it stands", lambda row: first_upper(REQUEST_STANDS[RequestStand(row["stand"])].lower())),
        Column("Expected by", naming.moment("expected_at")),
        Column("Told", naming.moment("answered_at")),
        Column("How", naming.named("how told", "how_told")),
        Column("Office hours", hours),
        Column("What they needed", lambda row: label(YES_NO, row["satisfied"]) if row["satisfied"] else ""),
        Column(
            "Went on as",
            lambda row: row["escalation"] or "",
            lambda row: f"/review/tickets/{row['escalation']}" if row["escalation"] else None,
        ),
    )


def records(naming: Naming) -> tuple[Column, ...]:
    """Short records: what was chosen in each."""
    return (
        Column("Reference", lambda row: row["reference"]),
        Column("When", naming.moment("at")),
        Column("Kind", naming.named("kind", "kind")),
        Column("Agency", lambda row: naming.of("agency", row["agency"]) or "not known"),
        Column("What it says", lambda row: "; ".join(_said(row, naming)), wide=True),
    )


def _said(row: Row, naming: Naming) -> list[str]:
    if row["contact"]:
        service = naming.of("service", row["contact"])
        rang = words.moment(row["rang_at"], naming.zone)
        return [f"{service}, rang {rang}", f"waited: {Waited(row['waited']).label}", f"then: {Did(row['did']).label}"]
    data, policy = json.loads(row["data"]), naming.knowledge.escalation
    options: Mapping[str, Sequence[Any]] = {
        "outcome": policy.outcomes if policy else (),
        "reason": policy.reasons if policy else (),
        "why_not": NOT_RAISED,
    }
    said = [f"with {naming.of('agency', data['other'])}"] if "other" in data else []
    said += [label(options[name], data[name]) for name in options if name in data]
    return [*said, *(["both were told"] if data.get("both_told") == "yes" else [])]


def entries(naming: Naming) -> tuple[Column, ...]:
    """Entries of the guidance in use."""

    def review(entry: Entry) -> str:
        return wording.day(entry.review_by) if entry.review_by else ""

    def approved(entry: Entry) -> str:
        approval = entry.approval
        by = f" by {approval.by} on {wording.day(approval.on)}" if approval.by and approval.on else ""
        return "Draft, not approved" if entry.is_draft else f"Approved{by}"

    return (
        Column("Entry", lambda entry: entry.title, lambda entry: f"/guidance/{entry.full_id}", wide=True),
        Column("Topic", lambda entry: naming.of("topic", entry.topic)),
        Column("Looked after by", naming.knowledge.owner_of),
        Column("Approval", approved),
        Column("To be reviewed by", review),
    )


def deliveries(naming: Naming) -> tuple[Column, ...]:
    """Messages that did not get through; to whom, only where that is a channel."""
    return (
        Column("Queued", naming.moment("created")),
        Column("By", naming.named("channel", "channel")),
        Column("To", lambda row: row["recipient"] if row["recipient"][:1] in "CG" else "a person"),
        Column(
            "About",
            lambda row: row["ticket"] or "",
            lambda row: f"/review/tickets/{row['ticket']}" if row["ticket"] else None,
        ),
        Column("Attempts", lambda row: str(row["attempts"])),
        Column("Error", lambda row: row["last_error"] or ""),
        Column("Given up", naming.moment("given_up")),
    )
