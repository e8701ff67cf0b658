"""The shapes of the knowledge base: what an editor may write, and what the bot reads.

The `*Source` models hold one file to its grammar (unknown keys are refused). The rest is what all layers
together say: frozen, complete, safe to share between threads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from bot.knowledge.dates import Day
from bot.knowledge.feedback import MashFeedback
from bot.knowledge.hours import Hours
from bot.knowledge.partnership import AgencyKind, Partnership
from bot.knowledge.policy import EscalationPolicy
from bot.knowledge.shapes import FullId, Line, Phrase, Prose, Shape, Slug, Source


class Rule(Shape):
    """A duty ("must", from law) or a piece of guidance ("should"), with what it rests on."""

    text: Line
    basis: Line | None = None


class Approval(Shape):
    """Who stands behind an entry. All that we ship is draft."""

    status: Literal["draft", "approved"] = "draft"
    by: Line | None = None
    on: Day | None = None


class ApprovedText(Shape):
    """What an entry said when it was approved: all that a practitioner reads."""

    title: Line
    answer: Prose
    must: tuple[Rule, ...] = ()
    should: tuple[Rule, ...] = ()
    steps: tuple[Line, ...] = ()
    contacts: tuple[Slug, ...] = ()
    for_: dict[AgencyKind, Line] = Field(default={}, alias="for")
    confirm_locally: Line | None = None
    kind: Literal["guidance", "signpost"] = "guidance"
    sources: tuple[Source, ...] = ()


class Approved(Shape):
    """A file of the folder `approved`: by whom, when, and which text. Written by `kb approve`."""

    entry: FullId
    by: Line
    on: Day
    text: ApprovedText


class OpenPoint(Shape):
    """Something that the partnership has still to confirm, and the entries and services that wait for it."""

    id: Slug
    text: Line
    entries: tuple[FullId, ...] = ()
    contacts: tuple[Slug, ...] = ()


class ToConfirmSource(Shape):
    """to-confirm.yaml: what no entry may fill in until the partnership has confirmed it."""

    to_confirm: tuple[OpenPoint, ...] = ()


class EntrySource(Shape):
    """One entry as one file gives it; a partnership's file may give only what it replaces."""

    id: Slug
    """Small letters, digits and hyphens. With the topic before it, it is the entry's permanent address."""
    omit: bool = False
    """true removes England's entry of this id from the partnership's guidance."""
    title: Line | None = None
    """A short heading."""
    answer: Prose | None = None
    """40 to 120 words; the first sentence answers the question. Paragraphs, lists, **bold** and links."""
    must: tuple[Rule, ...] | None = None
    """Duties in law, each with its basis."""
    should: tuple[Rule, ...] | None = None
    """Guidance that is not law."""
    steps: tuple[Line, ...] | None = None
    """What to do, in order."""
    contacts: tuple[Slug, ...] | None = None
    """Ids from contacts.yaml. No telephone number stands in any text."""
    for_: dict[AgencyKind, Line] | None = Field(default=None, alias="for")
    """A line for one kind of agency, such as gp or police."""
    confirm_locally: Line | None = None
    """What the partnership has still to confirm; practitioners see it."""
    kind: Literal["guidance", "signpost"] | None = None
    """signpost: we hold no guidance on this, and say who to ask."""
    sources: tuple[Source, ...] | None = None
    """Where the facts come from, each with its own date."""
    compiled: Day | None = None
    """When it was written, as 2026-11-21."""
    approval: Approval | None = None
    """draft. Approvals are given with `python app.py kb approve`."""
    review_by: Day | None = None
    """When it has to be looked at again, as 2027-05-21."""
    phrases: tuple[Phrase, ...] | None = None
    """How practitioners ask for it, in their own words: twenty or more."""
    never: tuple[Phrase, ...] | None = None
    """Questions that share words with it and that it must not answer."""
    related: tuple[FullId, ...] | None = None
    """Ids of entries to look at next, as topic.id."""


class TopicSource(Shape):
    """The head of a topic file; each of its `entries` is an EntrySource."""

    topic: Slug
    title: Line | None = None
    owner: Line | None = None


class Number(Shape):
    """A telephone number: as people read it, and as a telephone dials it."""

    display: Line
    dial: Annotated[str, StringConstraints(pattern=r"^(\+[1-9]\d{6,14}|\d{3,6})$")]


class Contact(Shape):
    """A named service. Its `source` dates the number: the day the source was published, never the day of writing."""

    id: Slug
    name: Line
    numbers: tuple[Number, ...] = ()
    email: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[a-z]+$")] | None = None
    web: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")] | None = None
    hours: Hours = "unknown"
    bank_holidays: Literal["open", "closed"] = "closed"
    out_of_hours: Slug | None = None
    source: Source | None = None
    note: Line | None = None
    confirm: bool = False
    """Whether the number or its hours are still to be confirmed by the partnership."""


class ContactsSource(Shape):
    """contacts.yaml. `required` names the contacts that every partnership must define."""

    contacts: tuple[Contact, ...] = ()
    required: tuple[Slug, ...] = ()


class Glossary(Shape):
    """glossary.yaml: an abbreviation or another word for it -> what it stands for."""

    glossary: dict[Line, tuple[Line, ...]] = Field(default={})


@dataclass(frozen=True)
class Entry:
    """One piece of guidance as all layers together give it."""

    topic: str
    id: str
    title: str
    answer: str
    must: tuple[Rule, ...] = ()
    should: tuple[Rule, ...] = ()
    steps: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()
    for_agency: dict[AgencyKind, str] = field(default_factory=dict)
    confirm_locally: str | None = None
    signpost: bool = False
    sources: tuple[Source, ...] = ()
    compiled: date | None = None
    approval: Approval = field(default_factory=Approval)
    review_by: date | None = None
    phrases: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    approved_before: date | None = None
    """Of a draft: when an earlier text of it was approved."""
    draft_waits: bool = False
    """Whether the text approved last is shown while a changed draft waits for approval."""

    @property
    def full_id(self) -> str:
        """`topic.id`."""
        return f"{self.topic}.{self.id}"

    @property
    def is_draft(self) -> bool:
        return self.approval.status == "draft"


@dataclass(frozen=True)
class Topic:
    """A topic: its name for people, and who looks after it."""

    id: str
    title: str
    owner: str | None


def titled(topic: str) -> str:
    """The heading of a topic that gives none."""
    return topic.replace("-", " ").capitalize()


@dataclass(frozen=True)
class KnowledgeBase:
    """Everything the bot knows, from all layers."""

    topics: dict[str, Topic]
    entries: dict[str, Entry]
    contacts: dict[str, Contact]
    partnership: Partnership
    glossary: dict[str, tuple[str, ...]]
    to_confirm: tuple[OpenPoint, ...]
    escalation: EscalationPolicy | None
    """None where no layer gives one: escalations cannot be raised then."""
    feedback: MashFeedback | None
    """None where no layer gives rules for it: feedback cannot be asked for then."""
    version: str
    """A hash of the content: the same content has the same version, wherever it is loaded."""
    content: str
    """The content itself as canonical JSON, which the database keeps for each version answered from."""

    def entries_of(self, topic: str) -> list[Entry]:
        """The entries of one topic, in the order of the file."""
        return [entry for entry in self.entries.values() if entry.topic == topic]

    def owner_of(self, entry: Entry) -> str:
        """Who looks after an entry: its topic's owner, else the partnership's."""
        return self.topics[entry.topic].owner or self.partnership.owner or "nobody named"

    def contacts_of(self, entry: Entry) -> list[Contact]:
        return [self.contacts[name] for name in entry.contacts if name in self.contacts]


def plain(value: Any) -> Any:
    """Models as plain data for canonical JSON, without what is empty."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return value
