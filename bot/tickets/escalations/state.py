"""An escalation, as it stands after the last of its events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from bot.tickets.ticket import Event, Kind, Side, Ticket


class Stand(StrEnum):
    """How an escalation stands."""

    NOT_TOLD = "not-told"
    """The other agency has not been told yet: the clock does not run."""
    TOLD = "told"
    ACKNOWLEDGED = "acknowledged"
    MISDIRECTED = "wrong-agency"
    PROPOSED = "outcome-proposed"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


OPEN = frozenset(Stand) - {Stand.CLOSED, Stand.WITHDRAWN}


@dataclass(frozen=True)
class Outcome:
    """How an escalation ended, or is proposed to end: choices of the policy's closed lists."""

    outcome: str
    change: str
    child_safe: str
    voice: str


@dataclass(frozen=True, kw_only=True)
class Escalation(Ticket):
    """How an escalation stands after its last event."""

    receiving: str
    """The other agency."""
    reason: str
    child_safe: str
    stage: str
    stand: Stand
    last: bool = False
    """Whether the partnership decides at this stage."""
    urgent: bool = False
    urgent_since: datetime | None = None
    received_on: date | None = None
    stage_since: datetime | None = None
    """When the stage began: when the other agency was told of it."""
    told_at: datetime | None = None
    """When the other agency was first told."""
    acknowledged_at: datetime | None = None
    """When the other agency first said that it has it."""
    proposed_by: Side | None = None
    proposer: str | None = None
    """Who proposed the outcome: nobody agrees to their own, also where they act for both sides."""
    outcome: Outcome | None = None
    named: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The people whom each side named to talk, by their ids."""
    filed: frozenset[Side] = frozenset()
    followed_up: bool = False
    stages_told: Mapping[str, datetime] = field(default_factory=dict)
    """When each stage that was reached began; one that was opened again, when it last did."""
    stages_ended: Mapping[str, datetime] = field(default_factory=dict)
    """When each stage that began ended last: it was handed on, or the escalation closed."""

    @property
    def is_open(self) -> bool:
        return self.stand in OPEN

    @property
    def move(self) -> Side | None:
        """Whose move it is; None once it is closed."""
        match self.stand:
            case Stand.NOT_TOLD | Stand.MISDIRECTED:
                return Side.RAISING
            case Stand.TOLD | Stand.ACKNOWLEDGED:
                return Side.PARTNERSHIP if self.last else Side.RECEIVING
            case Stand.PROPOSED:
                return self.proposed_by.other if self.proposed_by else Side.RECEIVING
        return None

    def agency_of(self, side: Side) -> str | None:
        """The agency on a side."""
        return {Side.RAISING: self.raising, Side.RECEIVING: self.receiving}.get(side)


def opened(event: Event) -> Escalation:
    """The escalation that an OPENED event begins."""
    data = event.data
    received = data.get("received_on")
    return Escalation(
        reference=event.ticket,
        opened_at=event.at,
        raiser=data.get("raiser"),
        raising=data["raising"],
        receiving=data["receiving"],
        reason=data["reason"],
        child_safe=data["child_safe"],
        policy=data["policy"],
        stage=data["stage"],
        stand=Stand.NOT_TOLD,
        last=bool(data.get("last")),
        urgent=bool(data.get("urgent")),
        urgent_since=event.at if data.get("urgent") else None,
        recorded_by=event.person_id if event.side is Side.PARTNERSHIP else None,
        received_on=date.fromisoformat(received) if received else None,
        waiting_since=event.at,
        wait=event.seq,
    )


def after(state: Escalation, event: Event) -> Escalation:
    """How an escalation stands after one more event."""
    data, at = event.data, event.at
    waiting: dict[str, Any] = {"waiting_since": at, "wait": event.seq, "reminded": frozenset(), "snoozed_until": None}
    nothing_proposed: dict[str, Any] = {"proposed_by": None, "proposer": None, "outcome": None}
    ended: dict[str, Any] = {"stages_ended": state.stages_ended}
    if state.stage_since is not None:
        ended = {"stages_ended": {**state.stages_ended, state.stage: at}}
    closed: dict[str, Any] = {"closed_at": at, "closed_as": event.kind, **ended}
    match event.kind:
        case Kind.TOLD:
            began = data.get("on")
            since = datetime.fromisoformat(began) if began else at
            told = {**state.stages_told, state.stage: since}
            first = state.told_at or since
            return replace(state, stand=Stand.TOLD, stage_since=since, told_at=first, stages_told=told, **waiting)
        case Kind.ACKNOWLEDGED:
            return replace(state, stand=Stand.ACKNOWLEDGED, acknowledged_at=state.acknowledged_at or at)
        case Kind.TALKER_NAMED:
            named = state.named.get(event.side.value, frozenset()) | {data["person"]}
            return replace(state, named={**state.named, event.side.value: named})
        case Kind.MADE_URGENT:
            return replace(state, urgent=True, urgent_since=at)
        case Kind.WRONG_AGENCY:
            return replace(state, stand=Stand.MISDIRECTED, **waiting)
        case Kind.REDIRECTED:
            # The clock starts anew: the right agency was not told before, and the wrong one's people see it no more.
            anew: dict[str, Any] = {"stage_since": None, "told_at": None, "acknowledged_at": None}
            anew |= {"stages_told": {}, "stages_ended": {}}
            still = {side: people for side, people in state.named.items() if side != Side.RECEIVING.value}
            return replace(state, receiving=data["receiving"], stand=Stand.NOT_TOLD, named=still, **anew, **waiting)
        case Kind.HANDED_ON:
            return replace(
                state,
                stage=data["stage"],
                last=bool(data.get("last")),
                stand=Stand.NOT_TOLD,
                stage_since=None,
                **nothing_proposed,
                **ended,
                **waiting,
            )
        case Kind.PROPOSED:
            proposed: dict[str, Any] = {"proposed_by": event.side, "proposer": event.person_id}
            return replace(state, stand=Stand.PROPOSED, outcome=_outcome(data), **proposed, **waiting)
        case Kind.DECLINED:
            # It goes on where it was: the stage's own date still counts, where it had begun.
            before = Stand.NOT_TOLD if state.stage_since is None else Stand.ACKNOWLEDGED
            return replace(state, stand=before, **nothing_proposed, **waiting)
        case Kind.AGREED | Kind.LAPSED:
            return replace(state, stand=Stand.CLOSED, **closed, **waiting)
        case Kind.DECIDED:
            return replace(state, stand=Stand.CLOSED, outcome=_outcome(data), **closed, **waiting)
        case Kind.WITHDRAWN:
            return replace(state, stand=Stand.WITHDRAWN, **nothing_proposed, **closed, **waiting)
        case Kind.REOPENED:
            again: dict[str, Any] = {"closed_at": None, "closed_as": None, "filed": frozenset(), "followed_up": False}
            return replace(state, stand=Stand.NOT_TOLD, stage_since=None, **nothing_proposed, **again, **waiting)
        case Kind.FILED:
            return replace(state, filed=state.filed | {event.side})
        case Kind.FOLLOWED_UP:
            return replace(state, followed_up=True)
        case Kind.REMINDED:
            return replace(state, reminded=state.reminded | {data["step"]})
        case Kind.SNOOZED:
            return replace(state, snoozed_until=datetime.fromisoformat(data["until"]))
        case Kind.LEFT:
            return replace(state, raiser_left=True)
    return state  # the others tell of something, and change nothing


def folded(events: Iterable[Event]) -> Escalation:
    """How an escalation stands after all its events, oldest first."""
    first, *rest = events
    state = opened(first)
    for event in rest:
        state = after(state, event)
    return state


def _outcome(data: Mapping[str, Any]) -> Outcome:
    return Outcome(data["outcome"], data["change"], data["child_safe"], data["voice"])
