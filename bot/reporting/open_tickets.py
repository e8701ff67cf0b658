"""What is open now: what is past its date, what comes this week, and where nothing moves. Nothing that was typed.

While timescales are not confirmed nothing is "due" or "late": a date is suggested, or expected, and it has passed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.knowledge.partnership import Partnership
from bot.storage import digests, escalations, feedback
from bot.storage.database import Transaction
from bot.storage.escalations import Line as Escalation
from bot.storage.feedback import Line as Request
from bot.tickets.escalations.standing import STANDS
from bot.tickets.escalations.state import Stand
from bot.tickets.feedback.standing import MASH
from bot.tickets.feedback.standing import STANDS as REQUEST_STANDS
from bot.tickets.feedback.state import UNANSWERED
from bot.tickets.feedback.state import Stand as RequestStand
from bot.tickets.ticket import Kind, Side
from bot.tickets.words import day, first_upper
from bot.working_time import WorkingDays

SILENT_DAYS = 5
"""Working days without anything that somebody did."""
COMING = timedelta(days=7)
HELD = "The MASH has not been asked yet"
"""Of a request that is held, whatever its date: it is held until the morning after that."""
ENDED = {
    Kind.LAPSED.value: "closed without an answer to it",
    Kind.WITHDRAWN.value: "Withdrawn",
    Kind.SATISFIED.value: "It was what the referrer needed",
    Kind.HEARD.value: "The referrer had heard",
    Kind.ESCALATED.value: "It went on as an escalation",
}
"""How tickets end, beside the outcome that an escalation has."""


@dataclass(frozen=True)
class OpenTicket:
    """One of them, in words that may stand in a channel."""

    stands: str
    """Reference, agencies, stage, how it stands, and whose move it is."""
    moved: date
    """When somebody last did anything about it."""
    told: bool = True
    """Whether the other side knows of it."""
    waits: bool = True
    """Whether it waits for somebody; else it closes by itself."""
    on: date | None = None
    """Until when the move is waited for."""
    passes: datetime | None = None
    """When that is over."""
    word: str = "due"

    def says(self, *, past: bool = False, silent: bool = False) -> str:
        """One line."""
        said = [self.stands]
        if self.on is not None:
            said.append(first_upper(f"{'was ' if past else ''}{self.word} by {day(self.on)}{self._provisional}."))
        if silent:
            said.append(f"Nothing was recorded since {day(self.moved)}.")
        return " ".join(said)

    @property
    def _provisional(self) -> str:
        return "" if self.word == "due" else " (provisional)"


@dataclass(frozen=True)
class Standing:
    """The open tickets, each once; those of which nothing is to be said are left out."""

    past: tuple[str, ...]
    silent: tuple[str, ...]
    coming: tuple[str, ...]


def standing(tickets: Sequence[OpenTicket], now: datetime, partnership: Partnership) -> Standing:
    """What has to be said of them."""
    days, today = WorkingDays(partnership.bank_holidays), now.astimezone(ZoneInfo(partnership.time_zone)).date()
    past, silent, coming = [], [], []
    for ticket in tickets:
        quiet = ticket.waits and days.between(ticket.moved, today) >= SILENT_DAYS
        if ticket.passes is not None and ticket.passes <= now:
            past.append(ticket.says(past=True, silent=quiet))
        elif quiet or not ticket.told:
            silent.append(ticket.says(silent=quiet))
        elif ticket.passes is not None and ticket.passes <= now + COMING:
            coming.append(ticket.says())
    return Standing(tuple(past), tuple(silent), tuple(coming))


def read(tx: Transaction, partnership: Partnership) -> list[OpenTicket]:
    """Every open ticket, escalations first, the nearest date first."""
    moves, zone = digests.last_moves(tx), ZoneInfo(partnership.time_zone)

    def moved(line: Escalation | Request) -> date:
        return moves.get(line.reference, line.opened_at).astimezone(zone).date()

    return [
        *(_escalation(line, moved(line), partnership) for line in escalations.every(tx) if line.closed_at is None),
        *(_request(line, moved(line), partnership) for line in feedback.every(tx) if line.closed_at is None),
    ]


def _escalation(line: Escalation, moved: date, partnership: Partnership) -> OpenTicket:
    raising, receiving = (name_of(agency, partnership) for agency in (line.raising, line.receiving))
    whose = {Side.RAISING: raising, Side.RECEIVING: receiving}.get(line.move or Side.PARTNERSHIP, "the partnership")
    urgent = " Urgent." if line.urgent else ""
    zone, passes = ZoneInfo(partnership.time_zone), None
    if line.due is not None:
        passes = datetime.combine(line.due + timedelta(days=1), time(), zone)
    return OpenTicket(
        f"{line.reference}: {raising} to {receiving}.{urgent} {line.stage_title}; {STANDS[line.stand]}. "
        f"Whose move: {whose}.",
        moved,
        told=line.stand is not Stand.NOT_TOLD,
        on=line.due,
        passes=passes,
        word="due" if line.confirmed else "suggested",
    )


def _request(line: Request, moved: date, partnership: Partnership) -> OpenTicket:
    expected = line.expected_at if line.stand in UNANSWERED else None
    stands = HELD if line.stand is RequestStand.HELD else first_upper(REQUEST_STANDS[line.stand])
    return OpenTicket(
        f"{line.reference}: {name_of(line.raising, partnership)} to {MASH}. {stands}.",
        moved,
        waits=line.stand not in (RequestStand.ANSWERED, RequestStand.HELD),
        on=expected and expected.astimezone(ZoneInfo(partnership.time_zone)).date(),
        passes=expected,
        word="due" if line.confirmed else "expected",
    )


def name_of(agency: str | None, partnership: Partnership) -> str:
    """An agency's name; its id where it is no longer listed."""
    known = partnership.agency_by_id.get(agency or "")
    return known.name if known else (agency or "an agency that is not known")


def closed_in(tx: Transaction, begins: datetime, ends: datetime, names: dict[str, dict[str, str]]) -> Iterator[str]:
    """What was closed in a period, a line each: between whom, and how it ended. `names`: see `figures.names_of`."""
    agencies = names.get("agency", {})
    for row in digests.closed(tx, begins, ends):
        raising, receiving = (agencies.get(row[side] or "", row[side]) for side in ("raising", "receiving"))
        ended = [names.get("outcome", {}).get(row["outcome"] or "", ""), ENDED.get(row["closed_as"], "")]
        yield f"{row['reference']}: {raising} to {receiving or MASH}. {'; '.join(filter(None, ended)) or 'Closed'}."
