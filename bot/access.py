"""People and what is known of them: who asks, and from which agency."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
