"""The shapes of the knowledge base: what an editor may write, and what the bot reads.

The `*Source` models hold one file to its grammar (unknown keys are refused). The rest is what all layers
together say: frozen, complete, safe to share between threads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from bot.knowledge.dates import Day, PartialDate
from bot.knowledge.hours import Hours

if TYPE_CHECKING:
    from bot.knowledge.policy import EscalationPolicy

SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
FULL_ID = r"^[a-z0-9]+(-[a-z0-9]+)*\.[a-z0-9]+(-[a-z0-9]+)*$"

Slug = Annotated[str, StringConstraints(pattern=SLUG, max_length=80)]
FullId = Annotated[str, StringConstraints(pattern=FULL_ID, max_length=160)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=600)]
Phrase = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400)]
Prose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=12_000)]


class Shape(BaseModel):
    """What an editor writes: unknown keys are refused, and nothing changes once it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class AgencyKind(StrEnum):
    """The professions that an entry can hold a line for."""

    SCHOOL = "school"
    EARLY_YEARS = "early-years"
    COLLEGE = "college"
    GP = "gp"
    HEALTH_VISITING = "health-visiting"
    MIDWIFERY = "midwifery"
    HOSPITAL = "hospital"
    MENTAL_HEALTH = "mental-health"
    AMBULANCE = "ambulance"
    POLICE = "police"
    PROBATION = "probation"
    YOUTH_JUSTICE = "youth-justice"
    SOCIAL_CARE = "social-care"
    EARLY_HELP = "early-help"
    HOUSING = "housing"
    FIRE = "fire"
    VOLUNTARY = "voluntary"
    OTHER = "other"


class Rule(Shape):
    """A duty ("must", from law) or a piece of guidance ("should"), with what it rests on."""

    text: Line
    basis: Line | None = None


class Source(Shape):
    """Where a fact comes from. `date` is the source's own (a day, month or year, or "undated"); an Act has none."""

    title: Line
    date: PartialDate | None = None
    url: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")] | None = None


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


Email = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, pattern=r"^[^@\s]+@[^@\s]+\.[a-z]+$")]


class LeadContact(Shape):
    """A role that acts for an agency, and where it is reached at work."""

    role: Line
    """Such as "Designated safeguarding lead"; no name is needed."""
    email: Email | None = None
    slack: Annotated[str, StringConstraints(pattern=r"^[UW][A-Z0-9]{4,}$")] | None = None
    """Their Slack user id: they are told there."""


class Lead(LeadContact):
    """Who acts for an agency in escalations, at some stages or at all."""

    stages: tuple[Slug, ...] = ()
    """Ids of escalation-policy.yaml; empty: every stage."""
    deputy: LeadContact | None = None
    away: tuple[Day, Day] | None = None
    """First and last day on which the deputy acts instead, as [2026-12-21, 2027-01-04]."""

    def acting(self, on: date) -> LeadContact:
        """Who is told on a day: the lead, or the deputy while the lead is away."""
        away = self.away is not None and self.away[0] <= on <= self.away[1]
        return self.deputy if away and self.deputy is not None else self


class Agency(Shape):
    """An organisation of the partnership's closed list."""

    id: Slug
    name: Line
    kind: AgencyKind
    domains: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]+\.[a-z]+$")], ...] = ()
    leads: tuple[Lead, ...] = ()
    """Who acts for it in escalations, by stage."""
    settings: tuple[Line, ...] = ()
    """Its schools, practices or wards, where records should tell them apart."""

    def leads_at(self, stage_id: str) -> tuple[Lead, ...]:
        """Those who act at a stage: the ones named for it, else the ones named for every stage."""
        named = tuple(lead for lead in self.leads if stage_id in lead.stages)
        return named or tuple(lead for lead in self.leads if not lead.stages)


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is not a time zone; write it as Europe/London") from None
    return name


class Partnership(Shape):
    """partnership.yaml."""

    name: Line = "your safeguarding children partnership"
    area: Line = "your area"
    time_zone: Annotated[Line, AfterValidator(_time_zone)] = "Europe/London"
    bank_holidays: Literal["ENG", "WLS", "SCT", "NIR"] = "ENG"
    owner: Line | None = None
    emergency_contacts: tuple[Slug, ...] = ()
    """Whom the emergency card names after 999: the first of them that is open."""
    number_max_age_months: Annotated[int, Field(ge=1, le=240)] = 24
    """How old the source of a telephone number may be before the number carries a warning."""
    changed_entries: Literal["show-draft", "show-approved"] = "show-draft"
    """What is shown once an approved text was changed: the changed draft, or the text that was approved last."""
    topics: tuple[Slug, ...] = ()
    """The order in which topics are listed; those not named here follow."""
    agencies: tuple[Agency, ...] = ()

    @cached_property
    def agency_by_id(self) -> dict[str, Agency]:
        return {agency.id: agency for agency in self.agencies}

    def agency_for_email(self, address: str) -> Agency | None:
        """The agency that owns the e-mail's domain, if any."""
        domain = address.rpartition("@")[2].lower()
        return next((a for a in self.agencies if domain in a.domains), None)


class Glossary(Shape):
    """glossary.yaml: an abbreviation or another word for it -> what it stands for."""

    glossary: dict[Line, tuple[Line, ...]] = {}


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
