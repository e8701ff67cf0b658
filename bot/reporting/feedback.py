"""Figures of feedback requests: who asks what became of a referral, who hears in time, and whether it was enough."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property

from bot.knowledge.feedback import MashFeedback
from bot.reporting.source import MINUTES, Source, rows_of
from bot.reporting.tables import Column, Table, Unit, Value, counted, median, share
from bot.storage import tickets
from bot.storage.database import Row, utc

COLUMNS = (
    Column("asked"),
    Column("answered"),
    Column("over"),
    Column("in time", Unit.SHARE, of="over"),
    Column("median hours", Unit.HOURS, of="answered"),
    Column("judged"),
    Column("satisfied", Unit.SHARE, of="judged"),
    Column("escalated"),
)
MEANS = (
    "Answered: the referrer was told, by whomever, and has not asked again since, nor said that it was not what they "
    "needed. Over: of those for which the partnership had confirmed a time when they were made, the ones that are "
    "answered, and the ones that were still open and not answered when that time had passed. In time: of these, told "
    "by then. Hours: office hours from the referral, or from when it was sent again, until the referrer was told. "
    "Judged: the referrer has said since they last asked whether it was what they needed; to go on to an escalation "
    "after an answer counts as no. Escalated: an escalation was raised about it."
)


class FeedbackFigures(Source):
    """Each is of the requests that were made in the period, and of how they stand by now."""

    def feedback(self) -> Table:
        """All of it in one row."""
        return Table(
            "feedback",
            "MASH feedback",
            f"Feedback requests made in the period. {MEANS}",
            (),
            COLUMNS,
            (self._numbers(self._requests),),
            self._unconfirmed(),
        )

    def feedback_by_agency(self) -> Table:
        """Who asked, who was answered in time, how long it took, and what came of it."""
        by_agency: dict[str, list[Row]] = {}
        for row in self._requests:
            by_agency.setdefault(row["raising"], []).append(row)
        return Table(
            "feedback-by-agency",
            "MASH feedback by agency",
            f"Feedback requests made in the period, by the referrer's agency. {MEANS}",
            ("agency",),
            COLUMNS,
            tuple((agency, *self._numbers(by_agency[agency])) for agency in sorted(by_agency)),
            self._unconfirmed(),
        )

    def feedback_by_way(self) -> Table:
        """How referrers were told."""
        told = [row for row in self._requests if row["how_told"]]
        return Table(
            "feedback-by-way",
            "How referrers were told",
            "Feedback requests made in the period that are answered by now, by how the referrer was told.",
            ("how told",),
            (Column("requests"),),
            rows_of(counted(told, lambda row: (row["how_told"],))),
        )

    def _numbers(self, rows: Sequence[Row]) -> tuple[Value, ...]:
        answered = [row for row in rows if row["answered_at"]]
        over = [row for row in rows if row["policy"] in self._confirmed and is_over(row, self.now)]
        in_time = [row for row in over if row["answered_at"] and row["answered_at"] <= row["expected_at"]]
        hours = [row["working_minutes"] / MINUTES for row in answered]
        judged = [row["satisfied"] for row in rows if row["satisfied"]]
        return (
            len(rows),
            len(answered),
            len(over),
            share(len(in_time), len(over)),
            median(hours),
            len(judged),
            share(judged.count("yes"), len(judged)),
            sum(row["escalation"] is not None for row in rows),
        )

    @cached_property
    def _confirmed(self) -> frozenset[str]:
        """The versions of the rules, of those that the requests were made under, whose times were confirmed."""
        versions = {row["policy"] for row in self._requests}
        return frozenset(
            version for version in versions if tickets.policy(self.tx, version, MashFeedback).timescales_confirmed
        )

    def _unconfirmed(self) -> str:
        unconfirmed = self._requests and not self._confirmed
        return "No share in time is given: the expected times were not confirmed." if unconfirmed else ""


def is_over(row: Row, now: datetime) -> bool:
    """Whether a request was answered, or its time passed without an answer while it was open."""
    if row["expected_at"] is None:
        return False
    return bool(row["answered_at"]) or row["expected_at"] < (row["closed_at"] or utc(now))
