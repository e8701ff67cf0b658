"""What is said about an escalation, and to whom. Only `history` and `for_the_record` hold what somebody typed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime

from bot.knowledge.partnership import LeadContact
from bot.tickets.clock import Audience, Reminder
from bot.tickets.escalations.moves import HAPPENED
from bot.tickets.escalations.raising import DONE, HEARD_BY
from bot.tickets.escalations.standing import NOT_YET_TOLD, Standing
from bot.tickets.escalations.state import Stand
from bot.tickets.moves import HOW_TOLD, YES_NO
from bot.tickets.ticket import Event, Kind, Side
from bot.tickets.words import day, first_upper, label, moment

LABELS = {
    "disagree": "What they disagree with",
    "want": "What they want",
    "level": "Level of need in dispute",
    "own_reference": "Own case reference",
    "talks": "Talks held",
    "stage_why": "Why at this stage",
    "why": "Why",
    "whom": "Whom",
    "talker": "Who will talk",
    "view": "View",
    "note": "Note",
    "agreed": "What was agreed, or the reasons",
    "learning": "Learning",
    "link": "The message it began with",
    "from_whom": "Who rang or wrote",
}


class Speaking(Standing):
    """What is said when, and what stands in the history."""

    typed_labels = LABELS

    # What is said when

    def recorded(self, told: Iterable[LeadContact], now: datetime) -> list[str]:
        """What the raiser sees when it is recorded. `told`: who is being told by the bot."""
        state, stage = self.state, self.policy.stage_by_id[self.state.stage]
        leads = [contact.role for contact in told]
        if leads:
            telling = (
                f"The bot is telling {', '.join(leads)} of {self.other_name()} now. {first_upper(self.until())}."
            )
        else:
            telling = (
                f"{NOT_YET_TOLD}: the bot cannot reach anybody of {self.other_name()} for this stage. Tell them "
                f"yourself, then press “They have been told”: {self.until()}."
            )
        return [
            f"Recorded as {state.reference}: {self.agency(state.raising)} to {self.agency(state.receiving)}.",
            f"{stage.title}. {stage.who}.",
            telling,
            self.not_a_referral(now),
        ]

    def to_send(self) -> str | None:
        return self._to_send() if self.state.stand is Stand.NOT_TOLD else None

    def _to_send(self) -> str:
        state, stage = self.state, self.policy.stage_by_id[self.state.stage]
        return (
            f"We have raised {state.reference} under the {self.policy.name}, from {self.agency(state.raising)} to "
            f"{self.agency(state.receiving)}. {stage.title}: {stage.who}. Please say that you have it, who will talk "
            "to us, and when. I will tell you the child's details by telephone or secure e-mail."
        )

    def told(self) -> str:
        """What a lead of the other agency is told, or where the partnership decides, its managers.

        The clock starts with this message.
        """
        stage = self.policy.stage_by_id[self.state.stage]
        whose, then = "was raised to your agency", "say that you have it, who will talk, or that it is not yours"
        if self.state.last:
            whose, then = "has come to the partnership, which decides now", "see both views and record the decision"
        return _said(
            f"{self.title}. An escalation under the {self.policy.name} {whose}.",
            f"{stage.title}. {stage.who}. From now {self._allowed()}.",
            *(["Marked as urgent."] if self.state.urgent else []),
            f"Open it to {then}. It is not a referral.",
        )

    def tell_them(self, role: str | None) -> str:
        """What the raiser and managers are told while nobody can be reached by the bot."""
        whom = f"Tell {role} of {self.other_name()}" if role else f"Tell {self.other_name()}"
        return _said(
            f"{self.title}. {NOT_YET_TOLD}: the bot cannot reach anybody there.",
            f"{whom}, by phone or secure e-mail. A text to send:",
            f"“{self._to_send()}”",
            "Then open it and press “They have been told”: the clock starts with that.",
        )

    def ask_them(self) -> str:
        """What both the proposer and managers are told while the bot reaches nobody who can answer an outcome."""
        due = self.clock.due_of(self.state)
        when = f" after {day(due)}" if due else ""
        return _said(
            f"{self.title}. An outcome is proposed, and the bot cannot reach anybody of the other side.",
            "Tell them by phone or secure e-mail, and ask for their answer. Without one it closes as not confirmed "
            f"by them{when}.",
        )

    def reminder(self, step: Reminder, now: datetime) -> str:
        """A reminder, for whoever it is that is reminded."""
        if step.audience is Audience.UNFILED:
            return self.ask_whether_filed()
        if step.audience is Audience.RAISER:
            return self.ask_whether_it_happened()
        why = {
            Audience.MOVER: "A reminder",
            Audience.DEPUTY: "Nobody has acted yet, so the deputies are told too",
            Audience.PARTNERSHIP: "Nobody has acted yet, so the partnership is told too",
        }[step.audience]
        return _said(f"{self.title}. {why}.", *self.lines(), self.not_a_referral(now))

    def ask_whether_filed(self) -> str:
        return f"{self.title}. It is closed. Is it filed in your own system? Open it for a copy, then press “Filed”."

    def ask_whether_it_happened(self) -> str:
        return f"{self.title}. It was closed some weeks ago. Did what was agreed happen? Open it and say so."

    # With what was typed

    def for_the_record(self, events: Iterable[Event]) -> str:
        """Plain text for the child's own record in an agency's system, with a line for the child's name."""
        return "\n".join(
            [
                f"{self.policy.name}: {self.state.reference}",
                "Child: ______________________________    Date of birth: ______________",
                f"From {self.agency(self.state.raising)} to {self.agency(self.state.receiving)}",
                f"About: {label(self.policy.reasons, self.state.reason)}",
                *self.lines(),
                *self._outcome(),
                *self.copied(events),
            ]
        )

    def _outcome(self) -> Iterator[str]:
        found = self.state.outcome
        if found is None:
            return
        proposed = "Proposed outcome, not agreed yet" if self.state.is_open else "Outcome"
        yield f"{proposed}: {label(self.policy.outcomes, found.outcome)}"
        yield f"What changed for the child: {label(self.policy.changes, found.change)}"
        yield f"Child safe meanwhile: {label(YES_NO, found.child_safe)}"
        yield f"Child's own view part of it: {label(YES_NO, found.voice)}"

    def chosen(self, event: Event) -> Iterator[tuple[str, str]]:
        """What was chosen beside what the event's line says."""
        data = event.data
        if "done" in data:
            yield "What was done about the child's safety", label(DONE, data["done"])
        for name, heading in (("since", "Disagreed since"), ("received_on", "Received on")):
            if name in data:
                yield heading, day(date.fromisoformat(data[name]))
        if "feedback" in data:
            yield "From the feedback request", data["feedback"]
        if "heard_by" in data:
            yield "Heard", label(HEARD_BY, data["heard_by"])
        if "setting" in data:
            yield "Setting", data["setting"]

    def in_short(self, event: Event) -> str:
        data = event.data
        match event.kind:
            case Kind.OPENED:
                stage = self.stage_title(data["stage"])
                on_behalf = ", recorded for somebody who rang or wrote" if event.side is Side.PARTNERSHIP else ""
                safe = label(YES_NO, data["child_safe"]).lower()
                return f"raised at {stage}{on_behalf}; child safe now: {safe}"
            case Kind.TOLD:
                how = label(HOW_TOLD, data["how"]).lower() if "how" in data else "in Slack"
                if data.get("how") == "here":
                    return "opened it, and so knows of it"
                on = f" on {moment(datetime.fromisoformat(data['on']), self.zone)}" if "on" in data else ""
                return f"the other agency was told {how}{on}"
            case Kind.ACKNOWLEDGED:
                return "says that it has it"
            case Kind.TALKER_NAMED:
                return "named who will talk"
            case Kind.VIEW_GIVEN:
                return "gave its view"
            case Kind.ADDED:
                return "added something"
            case Kind.MADE_URGENT:
                return "made it urgent"
            case Kind.WRONG_AGENCY:
                better = f"; they think of {self.agency(data['better'])}" if "better" in data else ""
                return f"says that it is the wrong agency{better}"
            case Kind.REDIRECTED:
                return f"named {self.agency(data['receiving'])} as the right agency"
            case Kind.HANDED_ON:
                return f"took it to {self.stage_title(data['stage'])}"
            case Kind.PROPOSED:
                return f"proposed an outcome: {self._ended(data)}"
            case Kind.AGREED:
                return "agreed to the outcome; closed"
            case Kind.DECLINED:
                return "did not agree to the outcome"
            case Kind.DECIDED:
                return f"decided: {self._ended(data)}; closed"
            case Kind.LAPSED:
                return "closed as not confirmed by the other agency, which did not answer"
            case Kind.WITHDRAWN:
                return "withdrew it"
            case Kind.REOPENED:
                return "opened it again"
            case Kind.FILED:
                return "filed it in its own system"
            case Kind.FOLLOWED_UP:
                return f"said whether it happened: {label(HAPPENED, data['happened']).lower()}"
            case Kind.CHASED:
                return "asked for an answer"
            case Kind.SNOOZED:
                return "put reminders off"
            case Kind.REMINDED:
                return "reminded"
            case Kind.READ:
                return "read by somebody who is not part of it"
            case Kind.LEFT:
                return "the person who raised it has left; their agency's lead takes it over"
        return event.kind.value

    def _ended(self, data: Mapping[str, str]) -> str:
        changed = label(self.policy.changes, data["change"]).lower()
        return f"{label(self.policy.outcomes, data['outcome']).lower()}; for the child: {changed}"


def _said(*lines: str) -> str:
    return "\n".join(lines)
