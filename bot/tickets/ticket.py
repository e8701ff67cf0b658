"""A ticket: what happened to it, event by event. How it stands is worked out from them, and never stored as such."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Side(StrEnum):
    """As whom somebody acts on a ticket."""

    RAISING = "raising"
    """Whoever raised it, or asked, and their agency."""
    RECEIVING = "receiving"
    """Whoever is to answer: the other agency, or the MASH."""
    PARTNERSHIP = "partnership"
    BOT = "bot"

    @property
    def other(self) -> Side:
        """The agency on the other side; of the partnership and the bot, nobody."""
        return {Side.RAISING: Side.RECEIVING, Side.RECEIVING: Side.RAISING}.get(self, self)


BOTH = frozenset({Side.RAISING, Side.RECEIVING})


class Kind(StrEnum):
    """What can happen to a ticket."""

    # To any
    OPENED = "opened"
    ADDED = "added"
    WITHDRAWN = "withdrawn"
    REOPENED = "reopened"
    LAPSED = "closed-unconfirmed"
    REMINDED = "reminded"
    READ = "read"
    LEFT = "raiser-left"

    # To an escalation
    TOLD = "other-agency-told"
    ACKNOWLEDGED = "acknowledged"
    TALKER_NAMED = "talker-named"
    VIEW_GIVEN = "view-given"
    MADE_URGENT = "made-urgent"
    WRONG_AGENCY = "wrong-agency"
    REDIRECTED = "redirected"
    HANDED_ON = "handed-on"
    PROPOSED = "outcome-proposed"
    AGREED = "outcome-agreed"
    DECLINED = "outcome-declined"
    DECIDED = "partnership-decided"
    FILED = "filed"
    FOLLOWED_UP = "followed-up"
    CHASED = "chased"
    SNOOZED = "snoozed"

    # To a feedback request
    MASH_ASKED = "mash-asked"
    """It was held until an answer was late; then it reached the MASH."""
    NOT_HEARD = "not-heard-yet"
    """The referrer says so, and it reaches the MASH at once."""
    FOUND = "referral-found"
    TAKEN = "taken-on"
    UNMATCHED = "cannot-match"
    NOT_RECEIVED = "not-received"
    RESENT = "sent-again"
    ANSWERED = "referrer-told"
    HEARD = "heard-already"
    SATISFIED = "what-was-needed"
    NOT_SATISFIED = "not-what-was-needed"
    ESCALATED = "escalated"


@dataclass(frozen=True)
class Event:
    """One line of a ticket's history. `data` holds choices and dates; `typed` what somebody wrote."""

    ticket: str
    kind: Kind
    at: datetime
    side: Side
    person_id: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)
    """Empty where there was none, or where it was removed when its time was up."""
    seq: int = 0
    """Its place in the history of all tickets; given when it is recorded."""


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """How a ticket stands after its last event: what every kind of ticket has."""

    reference: str
    opened_at: datetime
    raiser: str | None
    """The person who raised it; None where a manager recorded it for somebody whom the bot does not know."""
    raising: str
    """Their agency."""
    policy: str
    """The version of the rules that it began under."""
    recorded_by: str | None = None
    """The manager who recorded it for somebody else."""
    waiting_since: datetime | None = None
    """Since when somebody's move is waited for."""
    wait: int = 0
    """The event that began the waiting."""
    reminded: frozenset[str] = frozenset()
    """The reminders that were sent while this move is waited for."""
    snoozed_until: datetime | None = None
    closed_at: datetime | None = None
    closed_as: Kind | None = None
    raiser_left: bool = False

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """Whether anything is still to come of it."""

    @property
    @abstractmethod
    def move(self) -> Side | None:
        """Whose move it is; None once it is closed."""
