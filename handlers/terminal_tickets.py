"""Escalations as plain text and as JSON, for `ticket` and for `chat`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from bot.answering.reply import ContactNow
from bot.escalations import Recorded
from bot.knowledge.partnership import Partnership
from bot.ledger import Looked
from bot.storage.tickets import Line
from bot.tickets.escalation import Event, Stand
from bot.tickets.fields import Field
from bot.tickets.moves import Move
from bot.tickets.notices import Speaking
from bot.tickets.raising import ANOTHER_WAY, Door
from bot.tickets.standing import day, first_upper
from handlers import terminal

DANGER = "This is not a referral. In danger ring 999."
STANDS: Mapping[Stand, str] = {
    Stand.NOT_TOLD: "NOT YET TOLD",
    Stand.TOLD: "told, no answer yet",
    Stand.ACKNOWLEDGED: "they have it",
    Stand.MISDIRECTED: "wrong agency",
    Stand.PROPOSED: "an outcome is proposed",
    Stand.CLOSED: "closed",
    Stand.WITHDRAWN: "withdrawn",
}


# Lists


def listed(lines: Sequence[Line], partnership: Partnership) -> str:
    """Each in two lines; nothing typed is in it."""
    return "\n".join(text for line in lines for text in _in_short(line, partnership))


def _in_short(line: Line, partnership: Partnership) -> Iterator[str]:
    urgent = " (urgent)" if line.urgent else ""
    yield f"{line.reference}  {_name(line.raising, partnership)} to {_name(line.receiving, partnership)}{urgent}"
    if line.closed_at is not None:
        ended = line.closed_at.astimezone(ZoneInfo(partnership.time_zone))
        yield f"    {first_upper(STANDS[line.stand])} on {day(ended)}"
        return
    date = f"; {'due' if line.confirmed else 'suggested'} by {day(line.due)}" if line.due else ""
    yield terminal.wrapped(f"    {line.stage_title}; {STANDS[line.stand]}; {_whose(line, partnership)}{date}", "    ")


def _whose(line: Line, partnership: Partnership) -> str:
    sides = {"raising": _name(line.raising, partnership), "receiving": _name(line.receiving, partnership)}
    return f"whose move: {sides.get(line.move or '', 'the partnership')}"


def _name(agency_id: str, partnership: Partnership) -> str:
    known = partnership.agency_by_id.get(agency_id)
    return known.name if known else agency_id


# One escalation


def ticket(looked: Looked) -> str:
    """How it stands, and its history with what was typed."""
    speaking = looked.speaking
    lines = [speaking.title, "=" * min(terminal.WIDTH, len(speaking.title)), *stands(speaking), ""]
    if speaking.state.stand is Stand.NOT_TOLD:
        lines += ["A text to send", terminal.wrapped(f"  “{speaking.to_send()}”", "  "), ""]
    lines.append("What happened")
    for happened in speaking.history(looked.events):
        lines += [terminal.wrapped(line, "    ") for line in terminal.harmless(happened).split("\n")]
    return "\n".join([*lines, "", DANGER])


def copy(looked: Looked) -> str:
    """Plain text for the child's record, as long as its lines are."""
    return terminal.harmless(looked.speaking.for_the_record(looked.events))


def stands(speaking: Speaking) -> list[str]:
    """How it stands, without what was typed."""
    return [terminal.wrapped(line) for line in speaking.lines()]


def moved(speaking: Speaking, said: str) -> str:
    """What was done, and how it stands now."""
    return "\n".join([said, speaking.title, *stands(speaking)])


def moves(offered: Sequence[Move]) -> str:
    """What can be done, numbered."""
    return "\n".join(f"  {number}. {move.label}" for number, move in enumerate(offered, 1))


# Raising


def another_way(chosen: Door, contacts: tuple[ContactNow, ...]) -> str:
    """Where an escalation is not the way: what is, and whom to ring."""
    return "\n\n".join(part for part in (terminal.wrapped(ANOTHER_WAY[chosen]), terminal.to_ring(contacts)) if part)


def recorded(found: Recorded) -> str:
    """Reference, stage, who talks to whom, the date, that nobody watches it tonight, and the numbers to ring."""
    lines = [terminal.wrapped(line) for line in found.lines]
    return "\n".join([*lines, terminal.to_ring(found.contacts), "", f"Type `ticket {found.reference}` to open it."])


def summary(fields: Sequence[Field], values: Mapping[str, str | None]) -> str:
    """What was filled in, to be looked at once more before it is recorded."""
    shown = []
    for field in fields:
        value = values.get(field.name)
        if value:
            label = next((option.label for option in field.options if option.id == value), value)
            shown.append(terminal.wrapped(f"  {field.label}: {label}", "      "))
    return "\n".join(shown)


# JSON


def line_as_object(line: Line) -> dict[str, Any]:
    """One line of a list. `date_is`: whether `due` is a date that counts, or one that is suggested."""
    return {
        "reference": line.reference,
        "opened_at": line.opened_at.isoformat(),
        "raising": line.raising,
        "receiving": line.receiving,
        "reason": line.reason,
        "stage": line.stage,
        "stand": line.stand.value,
        "urgent": line.urgent,
        "move": line.move.value if line.move else None,
        "due": line.due.isoformat() if line.due else None,
        "date_is": _date_is(confirmed=line.confirmed) if line.due else None,
        "closed_at": line.closed_at.isoformat() if line.closed_at else None,
        "outcome": line.outcome,
    }


def as_object(looked: Looked) -> dict[str, Any]:
    """One escalation with its history and what was typed."""
    state, speaking = looked.state, looked.speaking
    due = speaking.clock.due_of(state)
    return {
        "reference": state.reference,
        "opened_at": state.opened_at.isoformat(),
        "raising": state.raising,
        "receiving": state.receiving,
        "reason": state.reason,
        "stage": state.stage,
        "stand": state.stand.value,
        "urgent": state.urgent,
        "move": state.move.value if state.move else None,
        "due": due.isoformat() if due else None,
        "date_is": _date_is(confirmed=speaking.policy.timescales_confirmed) if due else None,
        "closed_at": state.closed_at.isoformat() if state.closed_at else None,
        "outcome": vars(state.outcome) if state.outcome else None,
        "policy": state.policy,
        "lines": speaking.lines(),
        "moves": [move.kind.value for move in looked.moves],
        "events": [_event_as_object(event) for event in looked.events],
    }


def _event_as_object(event: Event) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "at": event.at.isoformat(),
        "kind": event.kind.value,
        "side": event.side.value,
        "person_id": event.person_id,
        "data": dict(event.data),
        "typed": dict(event.typed),
    }


def _date_is(*, confirmed: bool) -> str:
    return "due" if confirmed else "suggested"
