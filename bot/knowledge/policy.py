"""escalation-policy.yaml: the stages, who talks to whom, how long, and the closed lists of an escalation."""

from __future__ import annotations

from datetime import time
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from bot.knowledge.shapes import Line, Shape, Slug, Source

Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Days = Annotated[int, Field(ge=0, le=60)]
FEWEST_MINUTES = 120
"""Of an office day: half of it is an hour at least, so that a reminder before the date comes before the one on it."""


class Option(Shape):
    """One choice of a closed list. Its id stands in the records and never changes its meaning."""

    id: Slug
    label: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=75)]


class Stage(Shape):
    """A step of the policy: who talks to whom, and the working days allowed."""

    id: Slug
    title: Line
    who: Line
    working_days: Annotated[int, Field(ge=1, le=60)]


class Reminders(Shape):
    """When somebody is reminded: on working days, within these hours."""

    begin: Clock = "09:00"
    end: Clock = "17:00"
    deputy_after: Days = 2
    """Working days after the date until the deputies are told too."""
    partnership_after: Days = 3
    """Until the partnership's managers are told too."""
    then_every: Annotated[int, Field(ge=1, le=60)] = 5
    """Working days between the reminders after that, until somebody acts."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.closes.hour * 60 + self.closes.minute < self.opens.hour * 60 + self.opens.minute + FEWEST_MINUTES:
            raise ValueError("`end` is two hours after `begin` at the earliest")
        if max(self.deputy_after, 1) > max(self.partnership_after, 1):
            raise ValueError("the deputies are told before the partnership: `deputy_after` is the smaller number")
        return self

    @property
    def opens(self) -> time:
        return time.fromisoformat(self.begin)

    @property
    def closes(self) -> time:
        return time.fromisoformat(self.end)


class EscalationPolicySource(Shape):
    """One layer's escalation-policy.yaml. What a partnership gives replaces England's defaults, field by field."""

    name: Line | None = None
    """What the partnership calls it, such as "Escalation policy" or "Resolution policy"."""
    timescales_confirmed: bool | None = None
    """Whether the partnership has confirmed the working days. While it has not, they are suggestions."""
    day_one: Literal["next-working-day", "same-day"] | None = None
    """Which day counts as the first: the working day after the other agency is told, or the day itself."""
    inside_one_agency: bool | None = None
    """Whether the policy covers disagreements inside one agency too."""
    stages: Annotated[tuple[Stage, ...], Field(min_length=1, max_length=8)] | None = None
    urgent_stages: tuple[Slug, ...] | None = None
    """Stages that an urgent escalation passes on one working day."""
    reasons: Annotated[tuple[Option, ...], Field(min_length=1, max_length=20)] | None = None
    outcomes: Annotated[tuple[Option, ...], Field(min_length=1, max_length=10)] | None = None
    changes: Annotated[tuple[Option, ...], Field(min_length=1, max_length=10)] | None = None
    """What changed for the child."""
    answer_days: Annotated[int, Field(ge=1, le=60)] | None = None
    """Working days in which the other agency answers a proposed outcome; then it closes as not confirmed by it."""
    follow_up_days: Annotated[int, Field(ge=1, le=250)] | None = None
    """Working days after closing until the raiser is asked whether it happened."""
    reminders: Reminders | None = None
    sources: tuple[Source, ...] | None = None


class EscalationPolicy(Shape):
    """The policy as all layers together give it."""

    name: Line
    timescales_confirmed: bool
    day_one: Literal["next-working-day", "same-day"]
    inside_one_agency: bool
    stages: tuple[Stage, ...]
    urgent_stages: tuple[Slug, ...]
    reasons: tuple[Option, ...]
    outcomes: tuple[Option, ...]
    changes: tuple[Option, ...]
    answer_days: int
    follow_up_days: int
    reminders: Reminders
    sources: tuple[Source, ...] = ()

    @cached_property
    def stage_by_id(self) -> dict[str, Stage]:
        return {stage.id: stage for stage in self.stages}

    def after(self, stage_id: str) -> Stage | None:
        """The stage that follows; None after the last."""
        position = [stage.id for stage in self.stages].index(stage_id)
        return self.stages[position + 1] if position + 1 < len(self.stages) else None

    def is_last(self, stage_id: str) -> bool:
        """Whether the partnership itself decides at this stage."""
        return self.after(stage_id) is None
