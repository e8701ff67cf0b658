"""mash-feedback.yaml: until when a referrer should have heard, what is done meanwhile, and what the bot may carry."""

from __future__ import annotations

from datetime import time, timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from bot.knowledge.policy import Clock, Option
from bot.knowledge.shapes import Shape, Slug, Source

STRATEGY_MINUTES = "strategy-minutes"
"""The need that runs on a clock of its own."""
ACKNOWLEDGEMENT = "acknowledgement"
"""The need that is met once the referral was found."""


class Carried(StrEnum):
    """What the bot itself may carry of an answer."""

    TOLD_ONLY = "told_only"
    """That, when and by which role the referrer was told. The answer itself goes by phone or secure e-mail."""
    CODE = "code"
    """One of `outcomes` too."""
    CODE_AND_NOTE = "code_and_note"
    """And a sentence."""


class Allowance(Shape):
    """How long something may take: in working days (to the end of the last), or in office hours."""

    working_days: Annotated[int, Field(ge=0, le=60)] | None = None
    working_hours: Annotated[int, Field(ge=1, le=200)] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.working_days is None) == (self.working_hours is None):
            raise ValueError("give `working_days` or `working_hours`")
        return self

    @property
    def hours(self) -> timedelta | None:
        """The office hours, where it is counted in them."""
        return None if self.working_hours is None else timedelta(hours=self.working_hours)


class Office(Shape):
    """The hours in which referrals are worked on and people are reminded."""

    begin: Clock = "09:00"
    end: Clock = "17:00"

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.begin >= self.end:
            raise ValueError("`end` is later than `begin`")
        return self

    @property
    def opens(self) -> time:
        return time.fromisoformat(self.begin)

    @property
    def closes(self) -> time:
        return time.fromisoformat(self.end)


class Prompts(Shape):
    """On which working day after the referral what happens, while nothing was heard."""

    heard_yet: Annotated[int, Field(ge=1, le=30)] = 2
    """The referrer is asked whether they have heard; then the request reaches the MASH."""
    lead_rings: Annotated[int, Field(ge=1, le=30)] = 3
    """The referrer's manager or safeguarding lead is asked to ring."""
    offer_escalation: Annotated[int, Field(ge=1, le=30)] = 4
    """The first stage of the escalation policy is offered."""
    partnership: Annotated[int, Field(ge=1, le=60)] = 5
    """The partnership's managers are told too."""
    then_every: Annotated[int, Field(ge=1, le=60)] = 5
    """Working days between the reminders after that, until somebody acts."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        days = [self.heard_yet, self.lead_rings, self.offer_escalation, self.partnership]
        if days != sorted(set(days)):
            raise ValueError("each of `heard_yet`, `lead_rings`, `offer_escalation`, `partnership` is on a later day")
        return self


class MashFeedbackSource(Shape):
    """One layer's mash-feedback.yaml. What a partnership gives replaces England's defaults, field by field."""

    timescales_confirmed: bool | None = None
    """Whether the partnership has confirmed the times. While it has not, they are what is expected, not due."""
    decision: Allowance | None = None
    """From the referral until the referrer should know the decision."""
    strategy_minutes: Allowance | None = None
    """From the referral until strategy minutes are expected; not set where no time limit is known."""
    schools_before: Clock | None = None
    """What a school asks is expected before this time of the last day, since its own day ends then. Not set: none."""
    held_until: Clock | None = None
    """Until when on the morning of `heard_yet` the referrer's answer is waited for before the MASH is asked."""
    confirm_days: Annotated[int, Field(ge=1, le=60)] | None = None
    """Working days in which the referrer says whether the answer was what they needed; then it closes unconfirmed."""
    feedback_content: Carried | None = None
    office: Office | None = None
    prompts: Prompts | None = None
    answered_by: Slug | None = None
    """The agency of partnership.yaml that the MASH belongs to: whom an escalation goes to that follows from it."""
    needs: Annotated[tuple[Option, ...], Field(min_length=1, max_length=10)] | None = None
    """What can be asked for."""
    made_how: Annotated[tuple[Option, ...], Field(min_length=1, max_length=10)] | None = None
    made_to: Annotated[tuple[Option, ...], Field(min_length=1, max_length=10)] | None = None
    told_by: Annotated[tuple[Option, ...], Field(min_length=1, max_length=10)] | None = None
    """Roles of the MASH."""
    outcomes: Annotated[tuple[Option, ...], Field(min_length=1, max_length=20)] | None = None
    """What became of a referral, for `code`."""
    sources: tuple[Source, ...] | None = None


class MashFeedback(Shape):
    """The rules as all layers together give them."""

    timescales_confirmed: bool
    decision: Allowance
    strategy_minutes: Allowance | None = None
    schools_before: Clock | None = None
    held_until: Clock
    confirm_days: int
    feedback_content: Carried
    office: Office
    prompts: Prompts
    answered_by: Slug | None = None
    needs: tuple[Option, ...]
    made_how: tuple[Option, ...]
    made_to: tuple[Option, ...]
    told_by: tuple[Option, ...]
    outcomes: tuple[Option, ...]
    sources: tuple[Source, ...] = ()
