"""Short records around escalations: a talk that settled it, one considered and not raised, good practice.

Inspectors found that disagreements were settled in conversations that left no record. Each of these takes a few taps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.knowledge.partnership import Agency
from bot.knowledge.policy import EscalationPolicy, Option
from bot.privacy import Guard
from bot.tickets.fields import Field, FieldKind, Filled, read

NOT_SETTLED = "not-settled"
"""The outcome after which an escalation is opened."""
NOT_RAISED = (
    Option(id="explained", label="Their reasons were explained, and convinced me"),
    Option(id="changed-meanwhile", label="The decision was changed meanwhile"),
    Option(id="advice", label="My safeguarding lead advised against it"),
    Option(id="no-time", label="I had no time"),
    Option(id="relations", label="I did not want to strain relations"),
    Option(id="other", label="Another reason"),
)


class QuickKind(StrEnum):
    """Which short record it is."""

    TALK = "talk"
    CONSIDERED = "considered-not-escalated"
    WORKED_WELL = "worked-well"

    @property
    def label(self) -> str:
        """On its button."""
        return _LABELS[self]


_LABELS = {
    QuickKind.TALK: "We have talked",
    QuickKind.CONSIDERED: "Considered, not escalated",
    QuickKind.WORKED_WELL: "This worked well",
}


@dataclass(frozen=True)
class QuickForm:
    """The form of one short record."""

    kind: QuickKind
    policy: EscalationPolicy
    agencies: tuple[Agency, ...]

    def fields(self, today: str) -> tuple[Field, ...]:
        """What is asked; `today` stands in the day of a talk."""
        others = tuple(Option(id=agency.id, label=agency.name[:75]) for agency in self.agencies)
        other = Field("other", "The other agency", FieldKind.CHOICE, options=others)
        match self.kind:
            case QuickKind.TALK:
                both = (Option(id="yes", label="Yes"), Option(id="no", label="No"))
                return (
                    other,
                    Field("outcome", "What came of the talk?", FieldKind.CHOICE, options=self.policy.outcomes),
                    Field("both_told", "Do both of you know what was agreed?", FieldKind.CHOICE, options=both),
                    Field("text", "What was agreed, in a sentence? No names.", longest=300),
                    Field("day", "When did you talk?", FieldKind.DATE, initial=today),
                )
            case QuickKind.CONSIDERED:
                return (
                    other,
                    Field("reason", "What was it about?", FieldKind.CHOICE, options=self.policy.reasons),
                    Field("why_not", "Why was it not escalated?", FieldKind.CHOICE, options=NOT_RAISED),
                    Field("text", "Anything to add? No names.", optional=True, longest=300),
                )
            case QuickKind.WORKED_WELL:
                return (other, Field("text", "What worked well? No names.", longest=300))

    def read(self, values: Mapping[str, str | None], guard: Guard, now: datetime) -> Filled:
        """What was filled in.

        Raises: InvalidForm.
        """
        return read(self.fields(now.date().isoformat()), values, guard, now)


def is_not_settled(kind: QuickKind, filled: Filled) -> bool:
    """Whether a talk settled nothing, so that an escalation is to be opened at the stage that was reached."""
    return kind is QuickKind.TALK and filled.data.get("outcome") == NOT_SETTLED
