"""Tickets as plain text, for `ticket` and for `chat`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from bot.answering.reply import ContactNow
from bot.casework import Recorded
from bot.knowledge.partnership import Partnership
from bot.ledger import Looked
from bot.storage.escalations import Line as EscalationLine
from bot.storage.feedback import Line as FeedbackLine
from bot.tickets.escalations.raising import ANOTHER_WAY, Door
from bot.tickets.escalations.standing import STANDS
from bot.tickets.feedback.standing import MASH
from bot.tickets.feedback.standing import STANDS as FEEDBACK_STANDS
from bot.tickets.feedback.state import UNANSWERED
from bot.tickets.fields import BETWEEN, Field, FieldKind
from bot.tickets.ticket import Side
from bot.tickets.words import AnyWords, day, first_upper, moment
from handlers import terminal

Line = EscalationLine | FeedbackLine

DANGER = "This is not a referral. In danger ring 999."
TOO_LATE = "Somebody was quicker, or this is not open any more. This is how it stands now."


# Lists


def listed(lines: Sequence[Line], partnership: Partnership) -> str:
    """Each in two lines; nothing typed is in it."""
    return "\n".join(text for line in lines for text in _in_short(line, partnership))


def _in_short(line: Line, partnership: Partnership) -> Iterator[str]:
    zone = ZoneInfo(partnership.time_zone)
    if isinstance(line, EscalationLine):
        yield f"{line.reference}  {_between(line, partnership)}"
        stands, standing = STANDS[line.stand], _escalation(line, partnership)
    else:
        yield f"{line.reference}  {_about(line, partnership, zone)}"
        stands, standing = FEEDBACK_STANDS[line.stand], _request(line, partnership, zone)
    if line.closed_at is not None:
        standing = iter([f"{first_upper(stands)} on {day(line.closed_at.astimezone(zone))}"])
    yield terminal.wrapped(f"    {'; '.join(standing)}", "    ")


def _between(line: EscalationLine, partnership: Partnership) -> str:
    urgent = " (urgent)" if line.urgent else ""
    return f"{_name(line.raising, partnership)} to {_name(line.receiving, partnership)}{urgent}"


def _escalation(line: EscalationLine, partnership: Partnership) -> Iterator[str]:
    """How an open one stands, whose move it is, and until when."""
    yield line.stage_title
    yield STANDS[line.stand]
    sides = {Side.RAISING: _name(line.raising, partnership), Side.RECEIVING: _name(line.receiving, partnership)}
    yield f"whose move: {sides.get(line.move or Side.PARTNERSHIP, 'the partnership')}"
    if line.due is not None:
        yield f"{'due' if line.confirmed else 'suggested'} by {day(line.due)}"


def _about(line: FeedbackLine, partnership: Partnership, zone: ZoneInfo) -> str:
    setting = f", {line.setting}" if line.setting else ""
    return f"{_name(line.raising, partnership)}{setting}: referral of {day(line.referred_at.astimezone(zone))}"


def _request(line: FeedbackLine, partnership: Partnership, zone: ZoneInfo) -> Iterator[str]:
    """How an open one stands, whose move it is, and until when."""
    yield first_upper(FEEDBACK_STANDS[line.stand])
    if line.taken:
        yield "somebody there is on it"
    if line.move is not None:
        yield f"whose move: {MASH if line.move is Side.RECEIVING else _name(line.raising, partnership)}"
    if line.stand in UNANSWERED and line.expected_at is not None:
        yield f"{'due' if line.confirmed else 'expected'} by {moment(line.expected_at, zone)}"
    elif line.due is not None:
        yield f"closes after {day(line.due)}"
    if line.escalation is not None:
        yield f"linked with {line.escalation}"


def _name(agency_id: str, partnership: Partnership) -> str:
    known = partnership.agency_by_id.get(agency_id)
    return known.name if known else agency_id


# One ticket


def ticket(looked: Looked[Any]) -> str:
    """How it stands, and its history with what was typed."""
    speaking = looked.speaking
    lines = [speaking.title, "=" * min(terminal.WIDTH, len(speaking.title)), *stands(speaking), ""]
    if (to_send := speaking.to_send()) is not None:
        lines += ["A text to send", terminal.wrapped(f"  “{to_send}”", "  "), ""]
    lines.append("What happened")
    for happened in speaking.history(looked.events):
        lines += [terminal.wrapped(line, "    ") for line in terminal.harmless(happened).split("\n")]
    return "\n".join([*lines, "", DANGER])


def copy(looked: Looked[Any]) -> str:
    """Plain text for the child's record, as long as its lines are."""
    return terminal.harmless(looked.speaking.for_the_record(looked.events))


def stands(speaking: AnyWords) -> list[str]:
    """How it stands, without what was typed."""
    return [terminal.wrapped(line) for line in speaking.lines()]


def moved(speaking: AnyWords, said: str) -> str:
    """What was done, and how it stands now."""
    return "\n".join([said, speaking.title, *stands(speaking)])


def too_late(speaking: AnyWords) -> str:
    """That a move is not open any more, and how it stands."""
    return moved(speaking, TOO_LATE)


def numbered(labels: Iterable[str]) -> str:
    """What can be chosen."""
    return "\n".join(f"  {number}. {label}" for number, label in enumerate(labels, 1))


# A new one


def another_way(chosen: Door, contacts: tuple[ContactNow, ...]) -> str:
    """Where an escalation is not the way: what is, and whom to ring."""
    return "\n\n".join(part for part in (terminal.wrapped(ANOTHER_WAY[chosen]), terminal.to_ring(contacts)) if part)


def recorded(found: Recorded) -> str:
    """What whoever recorded it is told, and the numbers to ring."""
    lines = [terminal.wrapped(line) for line in found.lines]
    return "\n".join([*lines, terminal.to_ring(found.contacts), "", f"Type `ticket {found.reference}` to open it."])


def summary(fields: Sequence[Field], values: Mapping[str, str | None]) -> str:
    """What was filled in, to be looked at once more before it is recorded."""
    shown = []
    for field in fields:
        if value := values.get(field.name):
            labels = {option.id: option.label for option in field.options}
            parts = value.split(BETWEEN) if field.kind is FieldKind.CHOICES else [value]
            chosen = "; ".join(labels.get(part, part) for part in parts)
            colon = "" if field.label.endswith("?") else ":"
            shown.append(terminal.wrapped(f"  {field.label}{colon} {chosen}", "      "))
    return "\n".join(shown)
