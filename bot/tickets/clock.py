"""What the clocks of tickets share: when something falls due by itself, and who is reminded when."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Generic, TypeVar

from bot.tickets.ticket import Kind, Ticket
from bot.working_time import OfficeHours

S = TypeVar("S", bound=Ticket)


class Audience(StrEnum):
    """Who is reminded."""

    MOVER = "mover"
    """The side whose move it is."""
    DEPUTY = "deputy"
    """Its deputies too."""
    PARTNERSHIP = "partnership"
    """And the partnership's managers."""
    UNFILED = "unfiled"
    """After closing: the sides that have not filed it in their own systems."""
    RAISER = "raiser"
    """Whoever raised it."""


@dataclass(frozen=True)
class Reminder:
    """One reminder of one move that is waited for. `step` names it, so that it is sent once."""

    step: str
    at: datetime
    audience: Audience


class Clock(OfficeHours, ABC, Generic[S]):
    """Reckons for one partnership under one version of the rules. Days are working days."""

    @abstractmethod
    def due_of(self, state: S) -> date | None:
        """Until when the move is waited for; None where no date is set, or where it is closed."""

    @abstractmethod
    def by_itself(self, state: S) -> tuple[datetime, Kind] | None:
        """What happens next when nobody does anything, and when; None where nothing does."""

    @abstractmethod
    def reminders(self, state: S) -> Iterator[Reminder]:
        """The reminders of the move that is waited for, in their order; they may never end."""
