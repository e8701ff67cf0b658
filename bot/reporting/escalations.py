"""Figures of escalations: who disagrees with whom, about what, where it settles, and in how many working days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.reporting.source import MINUTES, UNKNOWN, Source, rows_of
from bot.reporting.tables import Column, Table, Unit, Value, counted, median, percentile, share
from bot.storage import figures
from bot.storage.database import Row

OPEN = "open"


class EscalationFigures(Source):
    """Each is of the escalations that were raised in the period, and of how they stand by now."""

    def escalations_by_agencies(self) -> Table:
        """Who escalates to whom."""
        return self._count_of_escalations(
            "escalations-by-agencies",
            "Who escalates to whom",
            "Escalations raised in the period, by the raising agency and the other one: where the first was the "
            "wrong one, the agency that was named then.",
            ("raising", "receiving"),
        )

    def escalations_by_reason(self) -> Table:
        """What they are about."""
        return self._count_of_escalations(
            "escalations-by-reason",
            "Escalations by reason",
            "Escalations raised in the period, by reason.",
            ("reason",),
        )

    def escalations_by_stage(self) -> Table:
        """How far they go."""
        return self._count_of_escalations(
            "escalations-by-stage",
            "Escalations by stage reached",
            "Escalations raised in the period, by the furthest stage that they have reached by now, begun or not.",
            ("stage",),
        )

    def escalations_by_outcome(self) -> Table:
        """How they ended."""
        return Table(
            "escalations-by-outcome",
            "Escalations by outcome",
            "Escalations raised in the period, by how they have ended by now: with the outcome that both agreed to, "
            "that the partnership decided, or that one proposed and the other did not answer in time; withdrawn; or "
            "still open.",
            ("outcome",),
            (Column("escalations"),),
            rows_of(counted(self._escalations, lambda row: (ended(row),))),
        )

    def escalations_by_change(self) -> Table:
        """What changed for the child."""
        settled = [row for row in self._escalations if row["closed_at"] and row["change"]]
        return Table(
            "escalations-by-change",
            "What changed for the child",
            "Escalations raised in the period that have ended with an outcome by now, by what changed for the child.",
            ("change",),
            (Column("escalations"),),
            rows_of(counted(settled, lambda row: (row["change"],))),
        )

    def time_to_acknowledge(self) -> Table:
        """How long until the other agency said that it has it."""
        minutes = [row["acknowledged_minutes"] for row in self._escalations]
        hours = [passed / MINUTES for passed in minutes if passed is not None]
        return Table(
            "time-to-acknowledge",
            "Time to acknowledge an escalation",
            "Office hours from when the other agency was first told until it first said that it has it, for "
            "escalations raised in the period that it has acknowledged by now. Where the first agency was the "
            "wrong one, of the right one.",
            (),
            (
                Column("acknowledged"),
                Column("median hours", Unit.HOURS, of="acknowledged"),
                Column("90th percentile hours", Unit.HOURS, of="acknowledged"),
            ),
            ((len(hours), median(hours), percentile(hours, 0.9)),),
        )

    def days_by_stage(self) -> Table:
        """How long each stage takes, and where its days are confirmed, how many end in time."""
        over: dict[str, list[Row]] = {}
        for row in figures.stages_ended(self.tx, self._begins, self._ends):
            if self._is_of_agency(row["raising"]):
                over.setdefault(row["stage"], []).append(row)
        places = self._places()
        rows = tuple(
            (stage, *_taken(over[stage])) for stage in sorted(over, key=lambda stage: (places.get(stage, 99), stage))
        )
        return Table(
            "days-by-stage",
            "Working days by stage",
            "Stages that are over by now of escalations raised in the period: the working days after the day on "
            "which whoever acts at the stage was told, until the day on which it was handed on or the escalation "
            "closed; 0 where that is the same day. What was opened again and begun again counts from then on. In "
            "time: ended on the last day allowed or before, of the stages whose days the partnership had confirmed "
            "when the escalation was raised.",
            ("stage",),
            (
                Column("stages"),
                Column("median days", Unit.DAYS, of="stages"),
                Column("90th percentile days", Unit.DAYS, of="stages"),
                Column("with confirmed days"),
                Column("in time", Unit.SHARE, of="with confirmed days"),
            ),
            rows,
            ""
            if not rows or any(row[4] for row in rows)
            else "No share in time is given: the days were not confirmed.",
        )

    def _places(self) -> Mapping[str, int]:
        """The order of the policy's stages; those of earlier policies follow."""
        policy = self.knowledge.escalation
        return {stage.id: place for place, stage in enumerate(policy.stages)} if policy else {}

    def _count_of_escalations(self, name: str, title: str, means: str, by: tuple[str, ...]) -> Table:
        found = counted(self._escalations, lambda row: tuple(row[one] or UNKNOWN for one in by))
        return Table(name, title, means, by, (Column("escalations"),), rows_of(found))


def ended(row: Row) -> str:
    """How an escalation has ended by now: an outcome of its policy, withdrawn, or open."""
    if row["closed_at"] is None:
        return OPEN
    return str(row["outcome"] or row["closed_as"])


def _taken(stages: Sequence[Row]) -> tuple[Value, ...]:
    """The numbers of one stage."""
    days = [row["working_days"] for row in stages]
    timed = [row["in_time"] for row in stages if row["in_time"] is not None]
    return (len(days), median(days), percentile(days, 0.9), len(timed), share(sum(timed), len(timed)))
