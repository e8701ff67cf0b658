"""Raising an escalation: the right door first, then five fields, and what may be added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.access import Viewer
from bot.knowledge.partnership import Agency
from bot.knowledge.policy import EscalationPolicy, Option
from bot.privacy import Guard
from bot.tickets.fields import Field, FieldKind, Filled, InvalidForm, read
from bot.tickets.moves import YES_NO


class Door(StrEnum):
    """What somebody wants to raise, and so which way it goes."""

    DECISION = "decision"
    HARM = "harm"
    CONDUCT = "conduct"
    INSIDE = "inside"

    @property
    def label(self) -> str:
        return _DOORS[self]


_DOORS = {
    Door.DECISION: "A decision or plan for a child, by another agency",
    Door.HARM: "Somebody who works with children may have harmed one",
    Door.CONDUCT: "A colleague's conduct or practice",
    Door.INSIDE: "A disagreement inside my own agency",
}

ANOTHER_WAY: Mapping[Door, str] = {
    Door.HARM: (
        "This goes to the LADO (local authority designated officer), not through an escalation. Tell your senior "
        "manager or safeguarding lead at once, then the LADO within one working day. In an emergency ring 999, and "
        "the front door. Nothing is recorded here."
    ),
    Door.CONDUCT: (
        "This is for their manager first, or for a complaint, or for your agency's whistleblowing route, and not for "
        "an escalation. If a child may have been harmed, choose that instead. Nothing is recorded here."
    ),
    Door.INSIDE: (
        "Your own agency's route settles this: your manager or safeguarding lead first. The partnership's policy is "
        "for disagreements between agencies. Nothing is recorded here."
    ),
}
"""What is said where an escalation is not the way."""
CONTACTS = {Door.HARM: ("lado", "front-door")}
"""Whom to ring then."""

DONE = (
    Option(id="rang-999", label="I rang 999"),
    Option(id="rang-duty-team", label="I rang the duty team"),
    Option(id="told-lead", label="I told my manager or safeguarding lead"),
    Option(id="nothing-yet", label="Nothing yet"),
)
URGENT = (Option(id="yes", label="Yes, it cannot wait"), Option(id="no", label="No"))
HEARD_BY = (Option(id="phone", label="They rang"), Option(id="letter", label="They wrote"))


@dataclass(frozen=True)
class RaiseForm:
    """The form as it is shown to one person."""

    policy: EscalationPolicy
    agencies: tuple[Agency, ...]
    agency: str | None
    """The raiser's agency, where it is known; asked for else."""
    for_somebody: bool = False
    """Whether a manager records it for somebody who rang or wrote."""
    not_safe: bool = False
    """Whether the child was said not to be safe: then what was done is asked, below the card."""
    stage: str | None = None
    """The stage that was reached by talking before."""

    def required(self) -> tuple[Field, ...]:
        """What must be filled in: five fields, and the agency where it is not known."""
        return (
            *self._from_whom(),
            Field("receiving", "The other agency", FieldKind.CHOICE, options=self._agencies()),
            Field("reason", "What is it about?", FieldKind.CHOICE, options=self.policy.reasons),
            Field("disagree", "What do you disagree with?", hint="The decision, not the people. No names."),
            Field("want", "What do you want to happen?", hint="For the child, and by when. No names."),
            Field("child_safe", "Is the child safe now?", FieldKind.CHOICE, options=YES_NO),
            *(
                (Field("done", "What have you done about it?", FieldKind.CHOICE, options=DONE),)
                if self.not_safe
                else ()
            ),
        )

    def further(self) -> tuple[Field, ...]:
        """What may be filled in now, or added later."""
        stages = tuple(Option(id=stage.id, label=stage.title[:75]) for stage in self.policy.stages)
        settings = next((a.settings for a in self.agencies if a.id == self.agency), ())
        named = tuple(Option(id=str(number), label=name[:75]) for number, name in enumerate(settings))
        return (
            Field("urgent", "Is it urgent?", FieldKind.CHOICE, options=URGENT, optional=True),
            *((Field("setting", "Your setting", FieldKind.CHOICE, options=named, optional=True),) if named else ()),
            Field("level", "Level of need in dispute", optional=True, longest=120),
            Field("own_reference", "Your own case reference", FieldKind.REFERENCE, optional=True),
            Field("since", "Since when do you disagree?", FieldKind.DATE, optional=True),
            Field("talks", "Talks held so far", optional=True),
            Field(
                "stage", "Begin at another stage", FieldKind.CHOICE, options=stages, optional=True, initial=self.stage
            ),
            Field("stage_why", "Why at that stage?", optional=True, hint="Needed where a stage is skipped."),
        )

    def fields(self) -> tuple[Field, ...]:
        return (*self.required(), *self.further())

    def read(self, values: Mapping[str, str | None], guard: Guard, now: datetime) -> Filled:
        """What was filled in.

        Raises: InvalidForm; where the child is not safe and nobody said what was done, it says so too.
        """
        filled = read(self.fields(), values, guard, now)
        data, problems = dict(filled.data), {}
        raising = data.get("raising", self.agency)
        if data["receiving"] == raising and not self.policy.inside_one_agency:
            problems["receiving"] = "That is your own agency: its own route settles this. Choose the other agency."
        first = self.policy.stages[0].id
        if data.get("stage", first) not in (first, self.stage) and "stage_why" not in filled.typed:
            problems["stage_why"] = "Say why it begins at a later stage."
        if data["child_safe"] == "no" and "done" not in data:
            problems["child_safe"] = "In danger ring 999 first. Then say what has been done."
        if problems:
            raise InvalidForm(problems)
        settings = next((a.settings for a in self.agencies if a.id == self.agency), ())
        if "setting" in data:
            data["setting"] = settings[int(data["setting"])]
        return Filled(data, filled.typed)

    def _agencies(self) -> tuple[Option, ...]:
        own = None if self.policy.inside_one_agency else self.agency
        return tuple(Option(id=a.id, label=a.name[:75]) for a in self.agencies if a.id != own)

    def _from_whom(self) -> tuple[Field, ...]:
        every = tuple(Option(id=a.id, label=a.name[:75]) for a in self.agencies)
        if self.for_somebody:
            return (
                Field("raising", "Who disagrees? Their agency", FieldKind.CHOICE, options=every),
                Field("received_on", "When did they ring or write?", FieldKind.DATE),
                Field("heard_by", "How?", FieldKind.CHOICE, options=HEARD_BY),
                Field("from_whom", "Who? Their role, not their name", longest=120),
            )
        if self.agency is None:
            return (Field("raising", "Your agency", FieldKind.CHOICE, options=every),)
        return ()


def needs_card(values: Mapping[str, str | None]) -> bool:
    """Whether the child was said not to be safe, and nobody said yet what was done about it."""
    return values.get("child_safe") == "no" and not values.get("done")


def is_allowed_for_somebody(viewer: Viewer) -> bool:
    """Whether somebody may record an escalation for another who rang or wrote."""
    return viewer.manager or viewer.operator
