"""Asking what became of a referral: which one it is, how it was made, and what is needed. No free text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from bot.knowledge.feedback import STRATEGY_MINUTES, MashFeedback
from bot.knowledge.partnership import Agency, AgencyKind
from bot.privacy import Guard
from bot.tickets.feedback.clock import FeedbackClock
from bot.tickets.fields import BETWEEN, CLOCKS_DIFFER, Field, FieldKind, Filled, InvalidForm, read
from bot.tickets.moves import option

CHANGED = (option("no", "No"), option("yes", "Yes"))


@dataclass(frozen=True)
class AskForm:
    """The form as it is shown to one person."""

    rules: MashFeedback
    clock: FeedbackClock
    agencies: tuple[Agency, ...]
    agency: str | None
    """The referrer's agency, where it is known; asked for else."""

    def required(self) -> tuple[Field, ...]:
        """What must be filled in."""
        every = tuple(option(agency.id, agency.name[:75]) for agency in self.agencies)
        settings = tuple(option(str(number), name[:75]) for number, name in enumerate(self._settings))
        return (
            *((Field("raising", "Your agency", FieldKind.CHOICE, options=every),) if self.agency is None else ()),
            *((Field("setting", "Your setting", FieldKind.CHOICE, options=settings),) if settings else ()),
            *referral_fields(self.rules),
            Field("needs", "What do you need?", FieldKind.CHOICES, options=self.rules.needs),
            Field("changed", "Has anything changed for the child since?", FieldKind.CHOICE, options=CHANGED),
        )

    def further(self) -> tuple[Field, ...]:
        """What helps the MASH to find it, and to ring back."""
        return further_fields()

    def fields(self) -> tuple[Field, ...]:
        return (*self.required(), *self.further())

    def read(self, values: Mapping[str, str | None], guard: Guard, now: datetime) -> tuple[Filled, ...]:
        """What was filled in: a request, or two where strategy minutes are asked for beside the rest.

        Raises: InvalidForm.
        """
        filled = read(self.fields(), values, guard, now)
        data = dict(filled.data)
        needs = list(dict.fromkeys(data.pop("needs").split(BETWEEN)))
        agency = next((a for a in self.agencies if a.id == data.get("raising", self.agency)), None)
        common = {
            **with_moment(data, self.clock, now),
            "raising": agency.id if agency else self.agency,
            **({"setting": self._settings[int(data["setting"])]} if "setting" in data else {}),
            **({"school": True} if agency and agency.kind is AgencyKind.SCHOOL else {}),
        }
        rest = [need for need in needs if need != STRATEGY_MINUTES]
        parts = [part for part in (rest, [STRATEGY_MINUTES] if STRATEGY_MINUTES in needs else []) if part]
        return tuple(Filled({**common, "needs": part}, filled.typed) for part in parts)

    @property
    def _settings(self) -> tuple[str, ...]:
        return next((agency.settings for agency in self.agencies if agency.id == self.agency), ())


def referral_fields(rules: MashFeedback) -> tuple[Field, ...]:
    """When the referral was made, how, and to whom."""
    return (
        Field("day", "On which day did you refer?", FieldKind.DATE),
        Field("time", "At what time?", FieldKind.TIME, hint="Empty: the end of that day.", optional=True),
        Field("made_how", "How did you refer?", FieldKind.CHOICE, options=rules.made_how),
        Field("made_to", "To whom?", FieldKind.CHOICE, options=rules.made_to),
    )


def further_fields() -> tuple[Field, ...]:
    """References, and where the referrer is rung."""
    return (
        Field("council_reference", "The council's reference, if you have one", FieldKind.REFERENCE, optional=True),
        Field("own_reference", "Your own case reference", FieldKind.REFERENCE, optional=True),
        Field(
            "phone",
            "Your work telephone",
            FieldKind.PHONE,
            optional=True,
            hint="For the MASH, to ring you.",
        ),
    )


def with_moment(data: Mapping[str, Any], clock: FeedbackClock, now: datetime) -> dict[str, Any]:
    """A referral's day and time as one moment.

    Raises: InvalidForm where it lies ahead.
    """
    kept = {name: value for name, value in data.items() if name not in ("day", "time")}
    given = time.fromisoformat(data["time"]) if "time" in data else None
    at = clock.referred(date.fromisoformat(data["day"]), given)
    if given is not None and at > now + CLOCKS_DIFFER:
        raise InvalidForm({"time": "That lies ahead. Say when it was."})
    return {**kept, "referred": at.isoformat()}
