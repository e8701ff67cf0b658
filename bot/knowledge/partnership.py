"""partnership.yaml: who the partnership is, the organisations in it, and who acts for them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints

from bot.knowledge.dates import Day
from bot.knowledge.hours import DAYS
from bot.knowledge.policy import Clock
from bot.knowledge.shapes import FullId, Line, Shape, Slug

FIRST_MONTH = 4
"""Of a reporting year, where the partnership sets none: April."""


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


class DigestTime(Shape):
    """When the weekly digests go out, bank holiday or not."""

    day: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"] = "mon"
    time: Clock = "09:00"
    """By the partnership's clock, as "09:00"."""

    def on(self, monday: date, zone: ZoneInfo) -> datetime:
        """When they go out in the week that begins on `monday`."""
        day = monday + timedelta(days=DAYS.index(self.day))
        return datetime.combine(day, time.fromisoformat(self.time), zone)


def _week(name: str) -> str:
    try:
        date.fromisocalendar(int(name[:4]), int(name[6:]), 1)
    except ValueError:
        raise ValueError(f"{name}: that year has no such week") from None
    return name


class PlannedEntry(Shape):
    """An entry that practitioners are shown in one week's digest."""

    week: Annotated[str, StringConstraints(pattern=r"^\d{4}-W\d{2}$"), AfterValidator(_week)]
    """The week in which the digest goes out, as 2026-W46."""
    entry: FullId
    """As topic.id."""


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
    reporting_year_from: Annotated[int, Field(ge=1, le=12)] = FIRST_MONTH
    """The month, as a number, with which the year begins that the partnership reports on."""
    topics: tuple[Slug, ...] = ()
    """The order in which topics are listed; those not named here follow."""
    agencies: tuple[Agency, ...] = ()
    digest: DigestTime = DigestTime()
    """When the weekly digests go out."""
    entries_of_the_week: tuple[PlannedEntry, ...] = ()
    """What practitioners are shown in which week; in the others, what was asked most."""

    @cached_property
    def agency_by_id(self) -> dict[str, Agency]:
        return {agency.id: agency for agency in self.agencies}

    def agency_for_email(self, address: str) -> Agency | None:
        """The agency that owns the e-mail's domain, if any."""
        domain = address.rpartition("@")[2].lower()
        return next((a for a in self.agencies if domain in a.domains), None)
