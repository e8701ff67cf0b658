"""Figures of questions: what was asked, by whom, what came of it, and whether it helped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter

from rapidfuzz import fuzz

from bot.reporting.source import UNKNOWN, Source, rows_of, topic_of
from bot.reporting.tables import Column, Table, Unit, counted, share
from bot.storage import figures
from bot.storage.database import Row

ALIKE = 80
"""Of 100: how like the words of two unanswered questions are, in whichever order, that are counted together."""
COMPARED = 500
"""Unanswered questions that are compared with each other; the newest."""


@dataclass(frozen=True)
class Group:
    """Questions that are worded alike: the first wording, and their ids."""

    text: str
    ids: tuple[str, ...]


@dataclass(frozen=True)
class Unanswered:
    """What could not be answered, like with like, the largest group first."""

    groups: tuple[Group, ...]
    more: bool
    """Whether there are more than are compared."""


class QuestionFigures(Source):
    """Each is of the questions that were asked in the period."""

    def questions_by_status(self) -> Table:
        """Questions by what came of them."""
        return Table(
            "questions-by-status",
            "Questions by what came of them",
            "Every question asked in the period, by the status of its reply.",
            ("status",),
            (Column("questions"),),
            rows_of(counted(self._questions, lambda row: (row["status"],), _questions)),
        )

    def questions_by_channel(self) -> Table:
        """Questions by where they were asked."""
        return Table(
            "questions-by-channel",
            "Questions by channel",
            "Every question asked in the period, by where it was asked.",
            ("channel",),
            (Column("questions"),),
            rows_of(counted(self._questions, lambda row: (row["channel"],), _questions)),
        )

    def questions_by_entry(self) -> Table:
        """Questions by the entry of their reply, and what people thought of it."""
        asked, judged, helped = (
            counted(self._with_entry, lambda row: (row["entry"],), itemgetter(measure))
            for measure in ("questions", "judged", "helped")
        )
        rows = tuple(
            (*entry, count, judged[entry], share(helped[entry], judged[entry])) for entry, count in asked.items()
        )
        return Table(
            "questions-by-entry",
            "Questions by entry",
            "Questions of the period whose reply gave an entry, by that entry; how many of them somebody judged, "
            "and of these the share whose last verdict was that it helped.",
            ("entry",),
            (Column("questions"), Column("judged"), Column("helpful", Unit.SHARE, of="judged")),
            rows,
        )

    def questions_by_topic(self) -> Table:
        """Questions by the topic of the entry that their reply gave."""
        return Table(
            "questions-by-topic",
            "Questions by topic",
            "Questions of the period whose reply gave an entry, by the entry's topic.",
            ("topic",),
            (Column("questions"),),
            rows_of(counted(self._with_entry, lambda row: (topic_of(row["entry"]),), _questions)),
        )

    def questions_by_topic_and_agency(self) -> Table:
        """Who asks about what. No questions seen is not the same as not knowing."""
        found = counted(self._with_entry, lambda row: (topic_of(row["entry"]), row["agency"] or UNKNOWN), _questions)
        unknown = sum(count for (_, agency), count in found.items() if agency == UNKNOWN)
        of_all = share(unknown, sum(found.values()))
        return Table(
            "questions-by-topic-and-agency",
            "Questions by topic and agency",
            "Questions of the period whose reply gave an entry, by its topic and the asker's agency. Where there are "
            "none, none were seen here: that says nothing about what an agency knows.",
            ("topic", "agency"),
            (Column("questions"),),
            rows_of(found),
            "" if of_all is None else f"Of {of_all:.0%} of these the agency is not known.",
        )

    def helpful(self) -> Table:
        """Whether replies helped."""
        judged, helped = (sum(row[measure] for row in self._questions) for measure in ("judged", "helped"))
        return Table(
            "helpful",
            "Did answers help?",
            "Questions of the period that somebody judged by now, and the share whose last verdict was that the "
            "reply helped.",
            (),
            (Column("judged"), Column("helpful", Unit.SHARE, of="judged")),
            ((judged, share(helped, judged)),),
        )

    def emergencies(self) -> Table:
        """How often the emergency card was shown."""
        return Table(
            "emergencies",
            "Emergency card shown",
            "Questions of the period in which the alarm saw danger, so that the card with 999 came first.",
            (),
            (Column("questions"),),
            ((sum(row["emergencies"] for row in self._questions),),),
        )

    def unanswered(self) -> Table:
        """What could not be answered, like with like. The texts are practitioners' own: for managers only."""
        found = self.groups_without_answer()
        newest = f"; there are more, and these are the newest {COMPARED}" if found.more else ""
        return Table(
            "unanswered",
            "Asked and not answered",
            "Questions of the period for which there was no guidance, or whose last verdict was that the reply did "
            f"not help, as long as their text is kept. Those that are worded alike are counted together{newest}.",
            ("question",),
            (Column("questions"),),
            tuple((group.text, len(group.ids)) for group in found.groups),
        )

    def groups_without_answer(self) -> Unanswered:
        """What `unanswered` counts, with the questions behind it."""
        rows = figures.without_answer(
            self.tx,
            self._begins,
            self._ends,
            agency=self.scope.agency,
            topic=self.scope.topic,
            limit=COMPARED + 1,  # one more than is compared shows that there are more
        )
        return Unanswered(_alike(rows[-COMPARED:]), more=len(rows) > COMPARED)

    @property
    def _with_entry(self) -> Iterable[Row]:
        return (row for row in self._questions if row["entry"])


_questions = itemgetter("questions")


def _alike(rows: Iterable[Row]) -> tuple[Group, ...]:
    """Questions that are worded alike under the first of them, the largest group first."""
    found: list[tuple[str, str, list[str]]] = []
    for row in rows:
        text = " ".join(row["text"].split())
        plain = text.lower()
        ids = next((ids for first, _, ids in found if fuzz.token_sort_ratio(plain, first) >= ALIKE), None)
        if ids is None:
            found.append((plain, text, [row["id"]]))
        else:
            ids.append(row["id"])
    groups = (Group(text, tuple(ids)) for _, text, ids in found)
    return tuple(sorted(groups, key=lambda group: (-len(group.ids), group.text)))
