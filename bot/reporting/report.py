"""A report on take-up and results: for publication, with small numbers hidden, or for managers, with everything."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial

from bot.answering import messages
from bot.knowledge.model import KnowledgeBase
from bot.reporting.digest import Measure
from bot.reporting.families import ESCALATIONS, FAMILIES, QUESTIONS, REQUESTS, YES, Counts, Lists
from bot.reporting.figures import EVERY, Figures, Scope, names_of
from bot.reporting.measures import MEASURED
from bot.reporting.periods import Period
from bot.reporting.public_tables import PublicTables
from bot.reporting.published import Length, Publisher, length_of
from bot.reporting.tables import Column, Table, Unit, Value
from bot.storage.database import Transaction

TITLE = "Take-up and results"
MARKED = "For managers, not for publication"
NOTHING = "Nothing was asked, raised or recorded in this period."
TOO_LITTLE = "There is nothing to publish of this period. In it there were fewer than five {}."
SIGNS = (
    "“<5” stands for none to four. “5+” stands for five or more: the number is hidden, since a “<5” could be worked "
    "out from it. “–” stands for what is left out, since too few stand behind it, or what cannot be. Totals count "
    "what is hidden too."
)
ONCE = "Published once: a second edition, beside this one, could let small numbers be worked out."
LITTLE_OF_IT = {
    Length.MONTH: "Of a month only the questions are published, and nothing by agency: what is told of a month "
    "cannot be told of the reporting year. The rest is published with the quarter and, once, with the year.",
    Length.QUARTER: "Of a quarter only the totals are published: what is told of a quarter cannot be told of the "
    "reporting year. The rest is published once, with the year.",
}
AT_LEAST = frozenset({"in-brief", "open-by-age", "guidance", "delivery"})
"""What is shown of a period in which there was nothing: the one before, and how things stand at this moment."""


class Readers(StrEnum):
    """Whom a report is for."""

    PUBLICATION = "publication"
    MANAGERS = "managers"


@dataclass(frozen=True)
class Report:
    """A report, before any format. What is said of all of it stands in `notes`."""

    readers: Readers
    partnership: str
    period: Period
    made: datetime
    tables: tuple[Table, ...]
    notes: tuple[str, ...] = ()
    empty: str = ""
    """That there is nothing to report, where that is so."""

    @property
    def title(self) -> str:
        return f"{TITLE}, {self.period}"

    @property
    def marking(self) -> str:
        """What every page and sheet of it says; empty where it may be published."""
        return MARKED if self.readers is Readers.MANAGERS else ""


def for_publication(tx: Transaction, knowledge: KnowledgeBase, period: Period, now: datetime) -> Report:
    """What may be published of a whole month, quarter or reporting year.

    Raises: NotPublished.
    """
    partnership = knowledge.partnership
    today = now.astimezone(period.zone).date()
    length = length_of(period, today, partnership.reporting_year_from)
    found = PublicTables(Publisher(tx, knowledge, now), period, length)
    notes = (*_draft(knowledge), SIGNS, LITTLE_OF_IT.get(length, ONCE))
    *others, last = found.printed
    names = f"{', '.join(others)} and {last}, of each" if others else last
    empty = TOO_LITTLE.format(names) if found.is_empty else ""
    return Report(Readers.PUBLICATION, partnership.name, period, now, tuple(found.all()), notes, empty)


def for_managers(
    tx: Transaction, knowledge: KnowledgeBase, period: Period, now: datetime, *, only: Collection[str] = ()
) -> Report:
    """Everything, of any period. `only`: the ids of the tables that are wanted; none: all of them."""
    counts, names = Counts(tx, Scope(period), knowledge, now), names_of(knowledge)
    before = Figures(tx, Scope(period.before()), knowledge, now)
    is_empty = not any(family.records(counts, Lists(knowledge)) for family in FAMILIES)
    made: dict[str, Callable[[], Table]] = {
        "in-brief": lambda: in_brief(counts, before),
        "by-agency": lambda: by_agency(counts),
        **{name: partial(figure, counts) for name, figure in EVERY.items()},
    }
    wanted = [name for name in made if name in (only or made) and (name in AT_LEAST or not is_empty)]
    return Report(
        Readers.MANAGERS,
        knowledge.partnership.name,
        period,
        now,
        tuple(made[name]().named(names) for name in wanted),
        tuple(_draft(knowledge)),
        NOTHING if is_empty else "",
    )


def in_brief(now: Figures, before: Figures) -> Table:
    """The main figures beside those of the period before."""
    measures = (Measure(one.name, one.count(now), one.count(before), one.unit) for one in MEASURED)
    return Table(
        "in-brief",
        "In brief",
        f"The main figures of the period, and of the one before, {before.scope.period}.",
        ("figure",),
        (Column("in the period"), Column("in the one before")),
        tuple((one.name, *(_as_read(one, value) for value in (one.now, one.before))) for one in measures),
    )


def by_agency(counts: Counts) -> Table:
    """The section 11 view: what each agency asked, raised and made."""
    lists = Lists(counts.knowledge)
    sides = ((QUESTIONS, "agency"), (ESCALATIONS, "raising"), (ESCALATIONS, "receiving"), (REQUESTS, "agency"))
    cuts = [family.cut(counts, (name,), lists).counts for family, name in sides]
    return Table(
        "by-agency",
        "Use by agency (for section 11)",
        "Questions asked, escalations raised and received, and feedback requests made in the period, by agency; and "
        "how many of those requests are answered by now.",
        ("agency",),
        tuple(
            map(Column, ("questions", "escalations raised", "escalations received", "feedback requests", "answered"))
        ),
        tuple(
            (
                name,
                *(cut.get((agency,), 0) for cut in cuts),
                REQUESTS.number(counts, lists, agency=agency, told=YES),
            )
            for agency, name in lists.names["agency"].items()
        ),
    )


def _as_read(measure: Measure, value: Value) -> Value:
    """Counts as numbers; in one column with them, shares and times as people read them."""
    return value if measure.unit is Unit.COUNT or value is None else measure.shown(value)


def _draft(knowledge: KnowledgeBase) -> Iterator[str]:
    """Where guidance is named: that it is a draft."""
    if any(entry.is_draft for entry in knowledge.entries.values()):
        yield f"{messages.draft(knowledge.partnership.name)}: the guidance whose topics and titles are named here."
