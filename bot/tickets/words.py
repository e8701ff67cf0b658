"""What is said about any ticket. Nothing that was typed is in it, but in `history`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, ClassVar, Generic, Self, TypeVar
from zoneinfo import ZoneInfo

from bot.knowledge.partnership import Partnership
from bot.knowledge.policy import Option
from bot.tickets.clock import Clock
from bot.tickets.ticket import Event, Kind, Side, Ticket

S = TypeVar("S", bound=Ticket)
P = TypeVar("P")
C = TypeVar("C", bound=Clock)  # type: ignore[type-arg]  # a type variable cannot depend on another

NOT_A_REFERRAL = "This is not a referral, and nobody is watching it tonight."
NOT_IN_HISTORY = frozenset({Kind.REMINDED, Kind.READ, Kind.SNOOZED})


@dataclass(frozen=True)
class Words(ABC, Generic[S, P, C]):
    """One ticket, the rules that it began under, and its clock, in words."""

    state: S
    policy: P
    clock: C
    partnership: Partnership

    typed_labels: ClassVar[Mapping[str, str]] = {}
    """How the typed parts of an event are headed, in the order in which they are shown."""

    def becoming(self, state: S) -> Self:
        """The same about the ticket as it stands now."""
        return replace(self, state=state)

    def agency(self, agency_id: str | None) -> str:
        """An agency's name; its id where it is no longer listed."""
        known = self.partnership.agency_by_id.get(agency_id or "")
        return known.name if known else (agency_id or "an agency that is not known")

    @abstractmethod
    def side(self, side: Side) -> str:
        """Who acts on a side."""

    @property
    @abstractmethod
    def title(self) -> str:
        """Reference, and between whom it is."""

    @abstractmethod
    def lines(self) -> list[str]:
        """How it stands, whose move it is, and the date: what a channel message or a notice may say."""

    @abstractmethod
    def in_short(self, event: Event) -> str:
        """What happened, as the end of a sentence that begins with who did it."""

    @abstractmethod
    def chosen(self, event: Event) -> Iterator[tuple[str, str]]:
        """What was chosen beside what the event's line says: heading and text."""

    @abstractmethod
    def for_the_record(self, events: Iterable[Event]) -> str:
        """Plain text for the child's own record in an agency's system, with a line for the child's name."""

    def to_send(self) -> str | None:
        """A text with which a person tells the other side, where the bot has not; it names nobody."""
        return None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.partnership.time_zone)

    def not_a_referral(self, now: datetime) -> str:
        """That nobody watches, and when somebody looks next."""
        look = self.clock.next_office_time(now)
        when = "in office hours today" if look == now else f"on {moment(look, self.zone)}"
        return f"{NOT_A_REFERRAL} The next look is expected {when}. If the child is not safe until then, ring:"

    def happened(self, event: Event) -> str:
        """What the others are told of an event. Nothing typed is in it."""
        who = "" if event.side is Side.BOT else f"{self.side(event.side)} "
        return "\n".join([f"{self.title}. {first_upper(f'{who}{self.in_short(event)}')}.", *self.lines()])

    def history(self, events: Iterable[Event]) -> Iterator[str]:
        """Each event in a line or more, with what was typed, for those who may read it."""
        order = {name: place for place, name in enumerate(self.typed_labels)}
        for event in events:
            if event.kind in NOT_IN_HISTORY:
                continue
            by = "the bot" if event.side is Side.BOT else self.side(event.side)
            behind = ", recorded at the command line" if event.data.get("operator") else ""
            behind += ", as the partnership was told" if event.data.get("on_behalf") else ""
            lines = [f"{moment(event.at, self.zone)}, {by}{behind}: {self.in_short(event)}"]
            lines += [f"  {heading}: {text}" for heading, text in self.chosen(event)]
            typed = sorted(event.typed.items(), key=lambda item: (order.get(item[0], len(order)), item[0]))
            lines += [f"  {self.typed_labels.get(name, name)}: {text}" for name, text in typed]
            yield "\n".join(lines)

    def copied(self, events: Iterable[Event]) -> list[str]:
        """The end of the text for the record: what happened, and where it was copied from."""
        return [
            "",
            "What happened",
            *self.history(events),
            "",
            f"{self.partnership.name}. Copied from the guidance bot; the bot holds no name of the child.",
        ]


AnyWords = Words[Any, Any, Any]


def day(moment_or_day: date) -> str:
    """Such as "Monday 30 November 2026"."""
    return f"{moment_or_day:%A} {moment_or_day.day} {moment_or_day:%B %Y}"


def moment(at: datetime | None, zone: ZoneInfo) -> str:
    """Such as "Monday 30 November 2026, 9:05"."""
    if at is None:
        return "a day that is not known"
    local = at.astimezone(zone)
    return f"{day(local)}, {local.hour}:{local.minute:02d}"


def first_upper(text: str) -> str:
    """The first letter as at the beginning of a sentence."""
    return text[:1].upper() + text[1:]


def label(options: Iterable[Option], name: str) -> str:
    """What a choice is called; its id where it is no longer offered."""
    return next((option.label for option in options if option.id == name), name)
