"""How an escalation stands, in words that claim no more than is confirmed. Nothing that was typed is in them.

While the partnership has not confirmed its timescales, a date is "suggested", and nothing is "due" or "overdue".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from bot.knowledge.partnership import Partnership
from bot.knowledge.policy import EscalationPolicy, Option
from bot.tickets.clock import Clock
from bot.tickets.escalation import Escalation, Kind, Side, Stand

NOT_A_REFERRAL = "This is not a referral, and nobody is watching it tonight."
PROVISIONAL = "provisional: the partnership has not confirmed its timescales yet"
NOT_YET_TOLD = "NOT YET TOLD"


@dataclass(frozen=True)
class Standing:
    """One escalation, the policy that it began under, and its clock, in words."""

    state: Escalation
    policy: EscalationPolicy
    clock: Clock
    partnership: Partnership

    # Names

    def agency(self, agency_id: str | None) -> str:
        """An agency's name; its id where it is no longer listed."""
        known = self.partnership.agency_by_id.get(agency_id or "")
        return known.name if known else (agency_id or "an agency that is not known")

    def side(self, side: Side) -> str:
        """Who acts on a side."""
        match side:
            case Side.RAISING:
                return self.agency(self.state.raising)
            case Side.RECEIVING:
                return self.agency(self.state.receiving)
            case Side.PARTNERSHIP:
                return "the partnership"
        return "the bot"

    @property
    def title(self) -> str:
        """Reference and the two agencies."""
        return f"{self.state.reference}: {self.agency(self.state.raising)} to {self.agency(self.state.receiving)}"

    @property
    def stage(self) -> str:
        """The stage's title."""
        stage = self.policy.stage_by_id.get(self.state.stage)
        return stage.title if stage else self.state.stage

    def stage_title(self, stage_id: str) -> str:
        stage = self.policy.stage_by_id.get(stage_id)
        return stage.title if stage else stage_id

    # How it stands

    def until(self) -> str:
        """Until when the move is waited for, in words that claim no more than is confirmed."""
        due = self.clock.due_of(self.state)
        if due is None:
            return self._not_running()
        if self.policy.timescales_confirmed:
            return f"due by {day(due)}"
        return f"suggested by {day(due)} ({PROVISIONAL})"

    def _not_running(self) -> str:
        if self.state.stand is Stand.NOT_TOLD:
            return f"the clock starts when they are told; then {self._allowed()}"
        return "no date runs just now"

    def _allowed(self) -> str:
        """What the stage allows, in words that claim no more than is confirmed."""
        stage = self.policy.stage_by_id.get(self.state.stage)
        hurried = self.state.urgent and self.state.stage in self.policy.urgent_stages
        allowed = 1 if hurried or stage is None else stage.working_days
        days = "1 working day" if allowed == 1 else f"{allowed} working days"
        if self.policy.timescales_confirmed:
            return f"the policy allows {days}"
        return f"{days} {'is' if allowed == 1 else 'are'} suggested ({PROVISIONAL})"

    def stands(self) -> str:
        """How it stands, and whose move it is."""
        state = self.state
        other = self.side(Side.PARTNERSHIP if state.last else Side.RECEIVING)
        match state.stand:
            case Stand.NOT_TOLD:
                return f"{NOT_YET_TOLD}: {other} does not know of {'this stage' if state.stages_told else 'it'}"
            case Stand.TOLD:
                return f"{other} was told on {moment(state.stage_since, self.zone)}, and has not answered yet"
            case Stand.ACKNOWLEDGED:
                return f"{other} has it, and it is being talked about"
            case Stand.MISDIRECTED:
                return f"{other} says that it is not theirs; {self.side(Side.RAISING)} names the right agency"
            case Stand.PROPOSED:
                return f"{self.side(state.proposed_by or Side.RAISING)} proposed an outcome; the other side answers"
            case Stand.WITHDRAWN:
                return f"withdrawn on {moment(state.closed_at, self.zone)}"
        how = {
            Kind.AGREED: "both agencies agreed",
            Kind.DECIDED: "the partnership decided",
            Kind.LAPSED: "not confirmed by the other agency",
        }
        said = how.get(state.closed_as, "") if state.closed_as else ""
        return f"closed on {moment(state.closed_at, self.zone)}: {said}"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.partnership.time_zone)

    def lines(self) -> list[str]:
        """Stage, how it stands, and the date: what a channel message or a notice may say."""
        lines = [self.stage, first_upper(self.stands()) + "."]
        if self.state.is_open:
            move = self.state.move
            if move is not None:
                lines.append(f"Whose move: {self.side(move)}. {first_upper(self.until())}.")
            if self.state.urgent:
                lines.append("Marked as urgent.")
        return lines

    def other_name(self) -> str:
        """Whom the stage has to reach."""
        return self.side(Side.PARTNERSHIP if self.state.last else Side.RECEIVING)

    def not_a_referral(self, now: datetime) -> str:
        """That nobody watches, and when somebody looks next."""
        look = self.clock.next_office_time(now)
        when = "in office hours today" if look == now else f"on {moment(look, self.zone)}"
        return f"{NOT_A_REFERRAL} The next look is expected {when}. If the child is not safe until then, ring:"


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
