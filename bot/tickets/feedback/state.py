"""A feedback request, as it stands after the last of its events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.knowledge.feedback import ACKNOWLEDGEMENT, STRATEGY_MINUTES
from bot.tickets.ticket import Event, Kind, Side, Ticket


class Stand(StrEnum):
    """How a feedback request stands."""

    HELD = "not-late-yet"
    """The MASH does not see it: the time in which the referrer should hear is not over."""
    ASKED = "asked"
    FOUND = "found"
    UNMATCHED = "cannot-match"
    """The MASH rings the referrer."""
    NOT_RECEIVED = "not-received"
    """The referrer sends the referral again."""
    ANSWERED = "answered"
    """The referrer says whether it is what they needed."""
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


OPEN = frozenset(Stand) - {Stand.CLOSED, Stand.WITHDRAWN}
WITH_MASH = frozenset({Stand.ASKED, Stand.FOUND, Stand.UNMATCHED})
UNANSWERED = WITH_MASH | {Stand.HELD}


@dataclass(frozen=True, kw_only=True)
class FeedbackRequest(Ticket):
    """How a feedback request stands after its last event."""

    needs: tuple[str, ...]
    """What the referrer asked for: ids of the rules' list."""
    referred_at: datetime
    """When the referral was made, or made again."""
    made_how: str
    made_to: str
    stand: Stand
    school: bool = False
    """Whether a school asks: where the rules say so, it should hear before its own day ends."""
    setting: str | None = None
    changed: bool = False
    """Whether something had changed for the child since the referral."""
    asked_at: datetime | None = None
    """When it reached the MASH; None while it is held."""
    found_at: datetime | None = None
    taken_by: str | None = None
    """Who of the MASH is on it."""
    answered_at: datetime | None = None
    """When the referrer was told."""
    how_told: str | None = None
    told_by: str | None = None
    """The role of whoever told them."""
    satisfied: str | None = None
    escalation: str | None = None
    """The escalation that came of it."""

    @property
    def is_open(self) -> bool:
        return self.stand in OPEN

    @property
    def move(self) -> Side | None:
        """Whose move it is; None while it is held, and once it is closed."""
        if self.stand in WITH_MASH:
            return Side.RECEIVING
        return Side.RAISING if self.stand in (Stand.NOT_RECEIVED, Stand.ANSWERED) else None

    @property
    def about_minutes(self) -> bool:
        """Whether it is for strategy minutes, which run on a clock of their own."""
        return self.needs == (STRATEGY_MINUTES,)

    @property
    def found_is_enough(self) -> bool:
        """Whether all that was asked is whether the referral arrived."""
        return self.needs == (ACKNOWLEDGEMENT,)


def opened(event: Event) -> FeedbackRequest:
    """The request that an OPENED event begins."""
    data = event.data
    held = bool(data.get("held"))
    return FeedbackRequest(
        reference=event.ticket,
        opened_at=event.at,
        raiser=data.get("raiser"),
        raising=data["raising"],
        policy=data["policy"],
        waiting_since=event.at,
        wait=event.seq,
        needs=tuple(data["needs"]),
        referred_at=datetime.fromisoformat(data["referred"]),
        made_how=data["made_how"],
        made_to=data["made_to"],
        stand=Stand.HELD if held else Stand.ASKED,
        school=bool(data.get("school")),
        setting=data.get("setting"),
        changed=data.get("changed") == "yes",
        asked_at=None if held else event.at,
    )


def after(state: FeedbackRequest, event: Event) -> FeedbackRequest:
    """How a request stands after one more event."""
    data, at = event.data, event.at
    waiting: dict[str, Any] = {"waiting_since": at, "wait": event.seq, "reminded": frozenset()}
    closed: dict[str, Any] = {"stand": Stand.CLOSED, "closed_at": at, "closed_as": event.kind}
    unanswered: dict[str, Any] = {"answered_at": None, "how_told": None, "told_by": None}
    asked: dict[str, Any] = {"stand": Stand.ASKED, "asked_at": at}
    again: dict[str, Any] = {"stand": Stand.HELD, "asked_at": None} if data.get("held") else asked
    match event.kind:
        case Kind.MASH_ASKED | Kind.NOT_HEARD:
            return replace(state, **asked)  # the prompts go on as they were
        case Kind.FOUND if state.found_is_enough:
            found: dict[str, Any] = {"found_at": at, "answered_at": at, "how_told": "here"}
            return replace(state, stand=Stand.ANSWERED, **found, **waiting)
        case Kind.FOUND:
            return replace(state, stand=Stand.FOUND, found_at=at)
        case Kind.TAKEN:
            return replace(state, taken_by=event.person_id)
        case Kind.UNMATCHED:
            return replace(state, stand=Stand.UNMATCHED, taken_by=event.person_id)
        case Kind.NOT_RECEIVED:
            return replace(state, stand=Stand.NOT_RECEIVED, found_at=None, taken_by=None, **waiting)
        case Kind.RESENT:
            sent: dict[str, Any] = {"referred_at": datetime.fromisoformat(data["referred"])}
            sent |= {"made_how": data["made_how"], "made_to": data["made_to"]}
            return replace(state, **sent, **again, **waiting)
        case Kind.ANSWERED:
            told: dict[str, Any] = {"answered_at": _moment(data.get("on"), at), "how_told": data["how"]}
            return replace(state, stand=Stand.ANSWERED, told_by=data.get("told_by"), **told, **waiting)
        case Kind.HEARD:
            heard: dict[str, Any] = {"answered_at": _moment(data.get("on"), at), "how_told": data["how"]}
            return replace(state, **heard, **closed, **waiting)
        case Kind.SATISFIED:
            return replace(state, satisfied="yes", **closed, **waiting)
        case Kind.NOT_SATISFIED:
            return replace(state, satisfied="no", taken_by=None, **unanswered, **asked, **waiting)
        case Kind.ESCALATED:
            linked = replace(state, escalation=data["escalation"])
            return replace(linked, satisfied="no", **closed, **waiting) if state.stand is Stand.ANSWERED else linked
        case Kind.LAPSED:
            return replace(state, **closed, **waiting)
        case Kind.WITHDRAWN:
            return replace(state, **{**closed, "stand": Stand.WITHDRAWN}, **waiting)
        case Kind.REOPENED:
            open_: dict[str, Any] = {"closed_at": None, "closed_as": None, "satisfied": None, "taken_by": None}
            return replace(state, **open_, **unanswered, **again, **waiting)
        case Kind.REMINDED:
            return replace(state, reminded=state.reminded | {data["step"]})
        case Kind.LEFT:
            return replace(state, raiser_left=True)
    return state  # the others tell of something, and change nothing


def folded(events: Iterable[Event]) -> FeedbackRequest:
    """How a request stands after all its events, oldest first."""
    first, *rest = events
    state = opened(first)
    for event in rest:
        state = after(state, event)
    return state


def _moment(given: str | None, otherwise: datetime) -> datetime:
    return datetime.fromisoformat(given) if given else otherwise
