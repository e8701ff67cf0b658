"""Tickets as JSON, for `ticket list --json` and `ticket show --json`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from bot.ledger import Looked
from bot.storage import escalations, feedback
from bot.tickets.escalations.state import Escalation
from bot.tickets.feedback.notices import FeedbackSpeaking
from bot.tickets.feedback.state import FeedbackRequest
from bot.tickets.ticket import Event
from handlers.terminal_tickets import Line


def line_as_object(line: Line) -> dict[str, Any]:
    """One line of a list. `date_is`: whether `due` is a date that counts, or one that is suggested or expected."""
    if isinstance(line, escalations.Line):
        return {
            **_head(line, escalations.KIND),
            "receiving": line.receiving,
            "reason": line.reason,
            "stage": line.stage,
            "stand": line.stand.value,
            "urgent": line.urgent,
            **_move(line, line.due, "due" if line.confirmed else "suggested"),
            "outcome": line.outcome,
        }
    return {
        **_head(line, feedback.KIND),
        "setting": line.setting,
        "referred_at": line.referred_at.isoformat(),
        "expected_at": _text(line.expected_at),
        "stand": line.stand.value,
        "taken": line.taken,
        **_move(line, line.due, "due" if line.confirmed else "expected"),
        "escalation": line.escalation,
    }


def as_object(looked: Looked[Any]) -> dict[str, Any]:
    """One ticket with its history and what was typed."""
    state, speaking = looked.state, looked.speaking
    due, confirmed = speaking.clock.due_of(state), speaking.policy.timescales_confirmed
    if isinstance(state, Escalation):
        own = {
            **_head(state, escalations.KIND),
            "receiving": state.receiving,
            "reason": state.reason,
            "stage": state.stage,
            "stand": state.stand.value,
            "urgent": state.urgent,
            **_move(state, due, "due" if confirmed else "suggested"),
            "outcome": vars(state.outcome) if state.outcome else None,
        }
    else:
        own = {
            **_head(state, feedback.KIND),
            **_asked(speaking, state),
            "stand": state.stand.value,
            "taken": state.taken_by is not None,
            **_move(state, due, "due" if confirmed else "expected"),
            **_answered(state),
            "escalation": state.escalation,
        }
    return {
        **own,
        "policy": state.policy,
        "lines": speaking.lines(),
        "moves": [move.kind.value for move in looked.moves],
        "events": [_event_as_object(event) for event in looked.events],
    }


def _head(ticket: Line | Escalation | FeedbackRequest, kind: str) -> dict[str, Any]:
    return {
        "reference": ticket.reference,
        "kind": kind,
        "opened_at": ticket.opened_at.isoformat(),
        "raising": ticket.raising,
    }


def _move(ticket: Line | Escalation | FeedbackRequest, due: date | None, date_is: str) -> dict[str, Any]:
    return {
        "move": ticket.move.value if ticket.move else None,
        "due": due.isoformat() if due else None,
        "date_is": date_is if due else None,
        "closed_at": _text(ticket.closed_at),
    }


def _asked(speaking: FeedbackSpeaking, state: FeedbackRequest) -> dict[str, Any]:
    return {
        "setting": state.setting,
        "needs": list(state.needs),
        "referred_at": state.referred_at.isoformat(),
        "expected_at": _text(speaking.clock.expected(state)),
        "made_how": state.made_how,
        "made_to": state.made_to,
        "changed": state.changed,
    }


def _answered(state: FeedbackRequest) -> dict[str, Any]:
    return {
        "asked_at": _text(state.asked_at),
        "found_at": _text(state.found_at),
        "answered_at": _text(state.answered_at),
        "how_told": state.how_told,
        "told_by": state.told_by,
        "satisfied": state.satisfied,
        "closed_as": state.closed_as.value if state.closed_as else None,
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


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
