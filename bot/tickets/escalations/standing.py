"""How an escalation stands, in words that claim no more than is confirmed. Nothing that was typed is in them.

While the partnership has not confirmed its timescales, a date is "suggested", and nothing is "due" or "overdue".
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.knowledge.policy import EscalationPolicy
from bot.tickets.escalations.clock import EscalationClock
from bot.tickets.escalations.state import Escalation, Stand
from bot.tickets.ticket import Kind, Side
from bot.tickets.words import Words, day, first_upper, moment

PROVISIONAL = "provisional: the partnership has not confirmed its timescales yet"
NOT_YET_TOLD = "NOT YET TOLD"

STANDS: Mapping[Stand, str] = {
    Stand.NOT_TOLD: NOT_YET_TOLD,
    Stand.TOLD: "told, no answer yet",
    Stand.ACKNOWLEDGED: "they have it",
    Stand.MISDIRECTED: "wrong agency",
    Stand.PROPOSED: "an outcome is proposed",
    Stand.CLOSED: "closed",
    Stand.WITHDRAWN: "withdrawn",
}
"""In a few words, for lists."""


class Standing(Words[Escalation, EscalationPolicy, EscalationClock]):
    """One escalation, the policy that it began under, and its clock, in words."""

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
