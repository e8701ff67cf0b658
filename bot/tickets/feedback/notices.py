"""What is said about a feedback request. Only `history` and `for_the_record` hold what somebody typed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from bot.tickets.clock import Reminder
from bot.tickets.feedback.clock import CONFIRM, HEARD_YET, LEAD_RINGS, OFFER, SEND_AGAIN
from bot.tickets.feedback.moves import NOT_ENOUGH
from bot.tickets.feedback.standing import FeedbackStanding
from bot.tickets.feedback.state import Stand
from bot.tickets.moves import HOW_TOLD
from bot.tickets.ticket import Event, Kind, Side
from bot.tickets.words import day, first_upper, label, moment

ALWAYS = (
    "Keep a note of each time you chase. Put no names or details into the chat. If anything changes for the child, "
    "ring now: do not wait for this."
)
LABELS = {
    "council_reference": "The council's reference",
    "own_reference": "The referrer's own reference",
    "phone": "The referrer's work telephone",
    "outcome": "What was decided",
    "note": "Note",
    "why": "Why",
}
WITHHELD = "withheld"
"""The mark of an answer that is not shown to whoever looks."""
NOT_SHOWN = "not shown here, since your work address is not known to be of this agency: ask the MASH by phone"


class FeedbackSpeaking(FeedbackStanding):
    """What is said when, and what stands in the history."""

    typed_labels = LABELS

    # What is said when

    def recorded(self, now: datetime) -> list[str]:
        """What the referrer sees when it is recorded."""
        state = self.state
        lines = [f"Recorded as {state.reference}: {self.needed()}."]
        if state.changed:
            lines.insert(0, "Something has changed: ring now, and say that it is new. Do not wait for this.")
        lines.append(f"{first_upper(self.expected(with_source=True))}.")
        if state.stand is Stand.HELD:
            lines.append(self._meanwhile())
        elif self.mash_reached:
            lines.append(f"It is on the MASH's list now, {self.age(now)}.")
        if not self.mash_reached:
            lines.append("NOBODY OF THE MASH IS TOLD: the bot cannot reach them here. Ring the front door yourself.")
        if self.clock.is_late(state, now):
            lines.append(
                "You need not wait: your manager or safeguarding lead can ring, and you can raise an escalation."
            )
        return [*lines, self._always(now), self.not_a_referral(now)]

    def _always(self, now: datetime) -> str:
        """What every word about something that is waited for adds."""
        if self.clock.is_late(self.state, now):
            return f"You may be the only one who knows that this is late. {ALWAYS}"
        return f"Should it be late, you may be the only one who knows. {ALWAYS}"

    def _meanwhile(self) -> str:
        asked = day(self.clock.day(self.clock.heard_yet(self.state)))
        return (
            f"It is not late yet, so the MASH is not asked now. The bot asks you on {asked} whether you have heard"
            f"{', and then the MASH' if self.mash_reached else ''}. Meanwhile do what you can for the child, and "
            "note when you hear."
        )

    def happened(self, event: Event) -> str:
        """What the referrer is told of an event. Nothing typed is in it."""
        who = "" if event.side is Side.BOT else f"{self.side(event.side)} "
        head = f"{self.title}. {first_upper(f'{who}{self.in_short(event)}')}."
        match event.kind:
            case Kind.UNMATCHED:
                rest = ["Have your own record at hand when they ring: details go by phone, not here."]
            case Kind.NOT_RECEIVED:
                rest = [
                    "Ring now, make the referral again, and send it in writing.",
                    "Then open this and press “I have sent it again”: the clock starts with that.",
                ]
            case Kind.ANSWERED | Kind.FOUND if self.state.stand is Stand.ANSWERED:
                rest = [
                    "Is this what you needed? Open it and say yes or no. If you disagree with what was decided, an "
                    "escalation can be raised from there."
                ]
            case _:
                rest = self.lines()
        return "\n".join([head, *rest])

    def reminder(self, step: Reminder, now: datetime) -> str:
        """A prompt, for whoever it is that is prompted."""
        stands = f"{self.title}. {first_upper(self.stands())}."
        if step.step == CONFIRM:
            return f"{stands}\nIs it what you needed? Open it and say so."
        if step.step == SEND_AGAIN:
            return f"{stands}\nHas it been sent again? Ring first. Then open this and say when you sent it."
        said = {
            HEARD_YET: f"Have you heard yet? Open it and say so.{self._else()}",
            LEAD_RINGS: "No answer yet. Today the referrer's manager or safeguarding lead rings the front door.",
            OFFER: "Still no answer. The first stage of the escalation policy can be started from here.",
        }.get(step.step, "Still nothing. The partnership's managers are told too.")
        return "\n".join(
            [stands, said, f"{first_upper(self.expected())}.", self._always(now), self.not_a_referral(now)]
        )

    def _else(self) -> str:
        if self.state.stand is not Stand.HELD or not self.mash_reached:
            return ""
        at = self.clock.mash_is_asked(self.state).astimezone(self.zone)
        return f" Else the MASH is asked at {at.hour}:{at.minute:02d}."

    # In the history

    def in_short(self, event: Event) -> str:
        data = event.data
        match event.kind:
            case Kind.OPENED:
                referred = moment(datetime.fromisoformat(data["referred"]), self.zone)
                return f"asked about the referral of {referred}"
            case Kind.MASH_ASKED:
                return "it stands in the MASH's list now"
            case Kind.NOT_HEARD:
                return "has not heard yet; it stands in the MASH's list now"
            case Kind.FOUND:
                return "has found the referral: it arrived"
            case Kind.TAKEN:
                return "is on it"
            case Kind.UNMATCHED:
                return "cannot match it to a referral, and will ring"
            case Kind.NOT_RECEIVED:
                return "HAS NOT RECEIVED THIS REFERRAL"
            case Kind.RESENT:
                return f"sent the referral again on {moment(datetime.fromisoformat(data['referred']), self.zone)}"
            case Kind.ANSWERED:
                how, on = label(HOW_TOLD, data["how"]).lower(), moment(_given(event), self.zone)
                by = f" by {label(self.policy.told_by, data['told_by']).lower()}" if "told_by" in data else ""
                return f"records that the referrer was told {how} on {on}{by}"
            case Kind.HEARD:
                heard = moment(_given(event), self.zone)
                return f"had heard already, {label(HOW_TOLD, data['how']).lower()} on {heard}"
            case Kind.SATISFIED:
                return "says that it was what they needed; closed"
            case Kind.NOT_SATISFIED:
                return f"says that it was not what they needed: {label(NOT_ENOUGH, data['lacking']).lower()}"
            case Kind.ESCALATED:
                return f"raised {data['escalation']} about it"
            case Kind.ADDED:
                return "added a reference or number"
            case Kind.WITHDRAWN:
                return "withdrew it"
            case Kind.REOPENED:
                return "asked again"
            case Kind.LAPSED:
                return "closed, since the referrer did not say whether it was what they needed"
            case Kind.REMINDED:
                return "prompted"
            case Kind.READ:
                return "read by somebody who is not part of it"
            case Kind.LEFT:
                agency = self.partnership.agency_by_id.get(self.state.raising)
                over = "; their agency's lead takes it over" if agency and agency.leads else ""
                return f"the referrer has left{over}"
        return event.kind.value

    def chosen(self, event: Event) -> Iterator[tuple[str, str]]:
        data = event.data
        if "made_how" in data:
            yield "How", label(self.policy.made_how, data["made_how"])
            yield "To whom", label(self.policy.made_to, data["made_to"])
        if "needs" in data:
            yield "Asked for", "; ".join(label(self.policy.needs, need) for need in data["needs"])
        if "beside" in data:
            yield "Asked beside", data["beside"]
        if data.get("changed") == "yes":
            yield "Has anything changed since", "yes: told to ring now"
        if data.get(WITHHELD):
            yield "What was decided", NOT_SHOWN

    def for_the_record(self, events: Iterable[Event]) -> str:
        return "\n".join(
            [
                f"What became of the referral: {self.state.reference}",
                "Child: ______________________________    Date of birth: ______________",
                f"From {self.agency(self.state.raising)} to the MASH",
                f"{first_upper(self.expected(with_source=True))}.",
                *self.lines(),
                *self.copied(events),
            ]
        )


def _given(event: Event) -> datetime:
    """When it was, where that was said; else when it was recorded."""
    return datetime.fromisoformat(event.data.get("on", event.at.isoformat()))
