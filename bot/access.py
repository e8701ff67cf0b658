"""People, what is known of them, and what their work entitles them to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bot.knowledge.partnership import Agency, LeadContact


class AgencySource(StrEnum):
    """How an asker's agency is known."""

    DOMAIN = "domain"
    REMEMBERED = "remembered"
    DECLARED = "declared"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Person:
    """Somebody who writes to the bot. Everything else refers to `id`, so erasing blanks one row."""

    id: str
    channel: str
    agency: str | None = None
    agency_source: AgencySource = AgencySource.UNKNOWN
    agency_asked: bool = False
    """Whether they were asked for their agency: nobody is asked twice."""
    address: str | None = None
    """Their id in the channel: where they are written to."""


@dataclass(frozen=True)
class Viewer:
    """Whoever looks at tickets or acts on them."""

    person: Person
    leads: frozenset[str] = frozenset()
    """The agencies that they act for, as a lead or a deputy."""
    manager: bool = False
    """Whether they are one of the partnership's managers."""
    mash: bool = False
    """Whether they work in the MASH."""
    address_of: str | None = None
    """The agency that their verified work address belongs to."""
    operator: bool = False
    """Whether they sit at the machine itself, at its command line: each of their events is marked so."""


LOCAL_OPERATOR = "local operator"
"""The person behind the command line."""


def agencies_led(agencies: Iterable[Agency], *, slack: str | None = None, email: str | None = None) -> frozenset[str]:
    """The agencies for which somebody is a lead or a deputy, by their Slack id or their verified e-mail address."""
    address = email.lower() if email else None

    def is_them(contact: LeadContact | None) -> bool:
        if contact is None:
            return False
        return (slack is not None and contact.slack == slack) or (address is not None and contact.email == address)

    return frozenset(
        agency.id for agency in agencies if any(is_them(lead) or is_them(lead.deputy) for lead in agency.leads)
    )
