"""Every figure, each defined once: what is counted, in words and in code.

Whoever shows figures (the review pages, reports, the digest, chat) takes them from here. Times are of the office. A
figure of nothing is None and shown as "–", never as nought. An agency that is not known is counted as "not known",
and its share is said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.reporting.escalations import EscalationFigures
from bot.reporting.feedback import FeedbackFigures
from bot.reporting.names import names_of
from bot.reporting.questions import ALIKE, COMPARED, QuestionFigures
from bot.reporting.source import UNKNOWN, Scope
from bot.reporting.standing import AGES, RecordFigures, StandingFigures
from bot.reporting.tables import Table

__all__ = ["AGES", "ALIKE", "COMPARED", "EVERY", "FOR_MANAGERS", "UNKNOWN", "Figures", "Scope", "names_of"]


class Figures(QuestionFigures, EscalationFigures, FeedbackFigures, RecordFigures, StandingFigures):
    """The figures of one scope, read in one transaction."""


EVERY: Mapping[str, Callable[[Figures], Table]] = {
    name.replace("_", "-"): getattr(Figures, name)
    for name in (
        "questions_by_status", "questions_by_channel", "questions_by_entry", "questions_by_topic",
        "questions_by_topic_and_agency", "helpful", "emergencies", "unanswered", "escalations_by_agencies",
        "escalations_by_reason", "escalations_by_stage", "escalations_by_outcome", "escalations_by_change",
        "time_to_acknowledge", "days_by_stage", "open_by_age", "feedback", "feedback_by_agency", "feedback_by_way",
        "records_by_kind", "no_answer_by_service_and_hour", "guidance", "delivery",
    )
}  # fmt: skip
"""Each figure by its id, in the order in which they are shown."""
FOR_MANAGERS = frozenset({"unanswered"})
"""Figures with practitioners' own words in them: never in anything that is published."""
