"""How a feedback request stands, in words that claim no more than is confirmed. Nothing that was typed is in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.knowledge.feedback import MashFeedback
from bot.tickets.feedback.clock import FeedbackClock
from bot.tickets.feedback.state import FeedbackRequest, Stand
from bot.tickets.moves import HOW_TOLD
from bot.tickets.ticket import Kind, Side
from bot.tickets.words import Words, day, first_upper, label, moment

MASH = "the MASH"
NO_LIMIT = "no time limit for minutes is known here: ask who circulates them, and by when"

STANDS: Mapping[Stand, str] = {
    Stand.HELD: "not late yet, so the MASH has not been asked",
    Stand.ASKED: "asked, no answer yet",
    Stand.FOUND: "the MASH found the referral, no answer yet",
    Stand.UNMATCHED: "the MASH cannot match it, and rings the referrer",
    Stand.NOT_RECEIVED: "THE MASH HAS NOT RECEIVED THE REFERRAL",
    Stand.ANSWERED: "the referrer was told",
    Stand.CLOSED: "closed",
    Stand.WITHDRAWN: "withdrawn",
}
"""In a few words, for lists."""


@dataclass(frozen=True)
class FeedbackStanding(Words[FeedbackRequest, MashFeedback, FeedbackClock]):
    """One feedback request, the rules that it began under, and its clock, in words."""

    mash_reached: bool = True
    """Whether the bot reaches anybody of the MASH."""

    def side(self, side: Side) -> str:
        match side:
            case Side.RAISING:
                return self.agency(self.state.raising)
            case Side.RECEIVING:
                return MASH
            case Side.PARTNERSHIP:
                return "the partnership"
        return "the bot"

    @property
    def title(self) -> str:
        setting = f", {self.state.setting}" if self.state.setting else ""
        referred = day(self.clock.day(self.state.referred_at))
        return f"{self.state.reference}: {self.agency(self.state.raising)}{setting}, referral of {referred}"

    def needed(self) -> str:
        """What was asked for."""
        return "; ".join(label(self.policy.needs, need) for need in self.state.needs)

    def expected(self, *, with_source: bool = False) -> str:
        """By when the referrer should have heard, in words that claim no more than is confirmed."""
        expected = self.clock.expected(self.state)
        if expected is None:
            return NO_LIMIT
        at = moment(expected, self.zone)
        said = f"due by {at}" if self.policy.timescales_confirmed else f"expected by {at} (provisional)"
        return f"{said}. {self._basis()}" if with_source else said

    def _basis(self) -> str:
        """Where the expectation comes from, and whether the partnership has confirmed it."""
        source = None if self.state.about_minutes else next((source.title for source in self.policy.sources), None)
        basis = f"Basis: {source}" if source else "Basis: the partnership's own setting"
        confirmed = self.policy.timescales_confirmed
        return basis if confirmed else f"{basis}. The partnership has not confirmed its times yet"

    def age(self, at: datetime) -> str:
        """How late it is, in words that claim no more than is confirmed."""
        expected, asked = self.clock.expected(self.state), self.state.asked_at or self.state.opened_at
        return age(self.clock, expected, asked, at, confirmed=self.policy.timescales_confirmed)

    def stands(self) -> str:
        """How it stands."""
        state = self.state
        match state.stand:
            case Stand.HELD:
                return "not late yet, so the MASH has not been asked"
            case Stand.ASKED if not self.mash_reached:
                return "not answered, and the bot reaches nobody of the MASH: ring the front door"
            case Stand.ASKED:
                taken = ", and somebody there is on it" if state.taken_by else ""
                return f"the MASH was asked on {moment(state.asked_at, self.zone)}{taken}"
            case Stand.FOUND:
                return f"the MASH found the referral on {moment(state.found_at, self.zone)}; no answer yet"
            case Stand.UNMATCHED:
                return "the MASH cannot match it to a referral, and rings the referrer"
            case Stand.NOT_RECEIVED:
                return "the MASH has not received this referral: it has to be sent again"
            case Stand.ANSWERED:
                return f"{self.answered()}; the referrer says whether it is what they needed"
            case Stand.WITHDRAWN:
                return f"withdrawn on {moment(state.closed_at, self.zone)}"
        how = {
            Kind.HEARD: "the referrer had heard",
            Kind.SATISFIED: "it was what the referrer needed",
            Kind.ESCALATED: f"it went on as {state.escalation}",
            Kind.LAPSED: "the referrer did not say whether it was what they needed",
        }
        said = how.get(state.closed_as, "") if state.closed_as else ""
        return f"closed on {moment(state.closed_at, self.zone)}: {said}"

    def answered(self) -> str:
        """That, when, how and by which role the referrer was told."""
        state = self.state
        if state.how_told == "here":
            return f"the MASH said here on {moment(state.answered_at, self.zone)} that the referral arrived"
        how = label(HOW_TOLD, state.how_told or "").lower()
        role = f", by {label(self.policy.told_by, state.told_by).lower()}" if state.told_by else ""
        return f"the referrer was told {how} on {moment(state.answered_at, self.zone)}{role}"

    def lines(self) -> list[str]:
        state = self.state
        lines = [f"Asked for: {self.needed()}.", f"{first_upper(self.stands())}."]
        if state.stand in (Stand.HELD, Stand.ASKED, Stand.FOUND, Stand.UNMATCHED):
            lines.append(f"{first_upper(self.expected())}.")
        elif state.stand is Stand.ANSWERED and (due := self.clock.due_of(state)) is not None:
            lines.append(f"Without a word from the referrer it closes after {day(due)}.")
        if state.escalation and state.is_open:
            lines.append(f"Linked with {state.escalation}.")
        return lines


def age(clock: FeedbackClock, expected: datetime | None, asked: datetime, at: datetime, *, confirmed: bool) -> str:
    """How late an answer is; where no time is known, how long ago it was asked."""
    if expected is None:
        ago = clock.working_days(asked, at)
        return f"asked {_days(ago)} ago" if ago else "asked today"
    if at <= expected:
        word = "due" if confirmed else "expected"
        today = clock.day(at) == clock.day(expected)
        return f"{word} today" if today else f"{word} by {day(clock.day(expected))}"
    late = clock.working_days(expected, at)
    how_long = _days(late) if late else "less than a working day"
    return f"{how_long} late" if confirmed else f"{how_long} past what is expected"


def _days(count: int) -> str:
    return "1 working day" if count == 1 else f"{count} working days"
