"""partnership.yaml: who the partnership is, the organisations in it, and who acts for them."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints

from bot.knowledge.dates import Day
from bot.knowledge.shapes import Line, Shape, Slug


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
