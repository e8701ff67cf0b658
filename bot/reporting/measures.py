"""The figures that the digest and Home show, each taken from where it is defined: `bot.reporting.figures`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.answering.reply import Status
from bot.reporting.escalations import OPEN
from bot.reporting.figures import Figures
from bot.reporting.tables import Unit, Value
from bot.storage.quick_records import NO_ANSWER


@dataclass(frozen=True)
class Measured:
    """A figure of the digest: where it comes from."""

    name: str
    count: Callable[[Figures], Value]
    charted: str = ""
    unit: Unit = Unit.COUNT


def _answered(figures: Figures) -> int:
    return int(figures.questions_by_status().value("questions", Status.ANSWERED) or 0)


def _closed(figures: Figures) -> int:
    ended = figures.escalations_by_outcome()
    return ended.total("escalations") - int(ended.value("escalations", OPEN) or 0)


def no_answers(figures: Figures) -> int:
    """Calls without an adequate answer."""
    return sum(int(row[-1] or 0) for row in figures.records_by_kind().rows if row[0] == NO_ANSWER)


def questions(figures: Figures) -> int:
    """All that were asked."""
    return figures.questions_by_status().total("questions")


def without_guidance(figures: Figures) -> int:
    """Questions for which there was none."""
    return int(figures.questions_by_status().value("questions", Status.NO_GUIDANCE) or 0)


MEASURED = (
    Measured("Questions", questions, "Questions"),
    Measured("Answered with an entry", _answered, "Answered"),
    Measured("Without guidance", without_guidance, "Without guidance"),
    Measured("Emergency card shown", lambda figures: figures.emergencies().value("questions"), "Emergency card"),
    Measured(
        "Answers that helped, of those judged", lambda figures: figures.helpful().value("helpful"), "", Unit.SHARE
    ),
    Measured(
        "Escalations raised", lambda figures: figures.escalations_by_agencies().total("escalations"), "Escalations"
    ),
    Measured("Of these acknowledged by now", lambda figures: figures.time_to_acknowledge().value("acknowledged")),
    Measured("Of these closed by now", _closed),
    Measured("MASH feedback asked for", lambda figures: figures.feedback().value("asked"), "Feedback requests"),
    Measured("Of these answered by now", lambda figures: figures.feedback().value("answered")),
    Measured(
        "Office hours to the answer, median", lambda figures: figures.feedback().value("median hours"), "", Unit.HOURS
    ),
    Measured("Calls without an adequate answer", no_answers, "No adequate answer"),
    Measured("Other short records", lambda figures: figures.records_by_kind().total("records") - no_answers(figures)),
)
"""In the order of the digest. The first of a group is said; what follows from it begins with "of these"."""
