"""The tables of a report for publication: each number in them as `bot.reporting.published` prints it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from bot.reporting.disclosure import FEW, FEWEST, LEFT_OUT, NEVER, By, Shown, of_a_part
from bot.reporting.families import (
    CHANGES,
    ENDS,
    ESCALATIONS,
    FAMILIES,
    NOT_FOR_GUIDANCE,
    PAIRS,
    QUESTIONS,
    RECORDS,
    REQUESTS,
    STATE,
    UNPRINTED,
    WAYS,
    YES,
    Counts,
    Family,
    Lists,
)
from bot.reporting.periods import Period
from bot.reporting.published import Length, Printed, Publisher, of_length, parts
from bot.reporting.tables import Column, Table, Unit, Value, share

ALL = "All"
"""The row, or the column, of totals."""
HEADS: Mapping[str, str] = {
    "what": "what came of it",
    "raising": "raised by",
    "receiving": "raised with",
    "state": "told or not",
    "way": "how told",
}
"""What stands above the values of a property, where that is not its own name."""
WHAT_CAME_OF_IT = Table(
    "questions-by-what-came-of-it",
    "Questions by what came of them",
    "Every question asked in the period, by the topic of the entry that its reply gave, or else by what came of it. "
    "Where there are none, none were seen here: that says nothing about what an agency knows.",
    (),
    (Column("questions"),),
    (),
)
INNER_LEFT_OUT = "Its inner cells are left out, since small numbers could be worked out from them."


@dataclass(frozen=True)
class PublicTables:
    """The tables of one period."""

    publisher: Publisher
    period: Period
    length: Length

    @cached_property
    def lists(self) -> Lists:
        """Only of a year something is printed by agency."""
        is_year = self.length is Length.YEAR
        return self.publisher.lists(self.period) if is_year else Lists(self.publisher.knowledge)

    @cached_property
    def printed(self) -> dict[str, Printed]:
        """What is printed of each family, of which anything is."""
        families = [family for family in FAMILIES if of_length(family, self.length) and self._has_rules(family)]
        return {one.name: self.publisher.printed(one, self.period, self.length, self.lists) for one in families}

    @property
    def is_empty(self) -> bool:
        """Whether there are fewer than five of everything."""
        return all(one.total == FEW for one in self.printed.values())

    def all(self) -> Iterator[Table]:
        """Each, in the order in which they are shown."""
        yield self._in_brief()
        if self.is_empty:
            return
        match self.length:
            case Length.MONTH:
                yield self._by(QUESTIONS, "what", ("what",), WHAT_CAME_OF_IT)
            case Length.YEAR:
                yield self._by_agency()
                yield from self._questions()
                yield from self._escalations() if ESCALATIONS.name in self.printed else ()
                yield from self._feedback() if REQUESTS.name in self.printed else ()
                yield self._across(RECORDS, "kind", "agency", self._counts.records_by_kind())

    def _has_rules(self, family: Family) -> bool:
        """Whether there are lists to count by: without a policy there are no reasons, stages and outcomes."""
        knowledge = self.publisher.knowledge
        rules = {ESCALATIONS.name: knowledge.escalation, REQUESTS.name: knowledge.feedback}
        return rules.get(family.name, knowledge) is not None

    @property
    def _counts(self) -> Counts:
        return self.publisher.counts(self.period)

    # Families together

    def _in_brief(self) -> Table:
        before = self.period.before()
        rows = (
            (name.capitalize(), one.total.value, self._of(one.family, before)) for name, one in self.printed.items()
        )
        return Table(
            "in-brief",
            "In brief",
            f"How many were asked, raised or made in the period, and in the one before, {before}.",
            ("number of",),
            (Column("in the period"), Column("in the one before")),
            tuple(rows),
        )

    def _of(self, family: Family, before: Period) -> Value:
        """The total of the period before, as it was printed then, or where that follows from what was.

        How a year would be printed now may differ, since some of what is printed of it has changed since.
        """
        length = Length.QUARTER if self.length is Length.YEAR else self.length
        totals = [self.publisher.printed(family, one, length, self.lists).total for one in parts(before, length)]
        if len(totals) == 1:
            return totals[0].value
        return sum(one.least for one in totals) if all(one.is_exact for one in totals) else None

    def _by_agency(self) -> Table:
        all_sides = ((QUESTIONS, "agency"), (ESCALATIONS, "raising"), (REQUESTS, "agency"))
        sides = [(family, name) for family, name in all_sides if family.name in self.printed]
        cuts = [self.printed[family.name].cuts[(name,)] for family, name in sides]
        rows = (
            (name, *(cut.get((agency,), NEVER).value for cut in cuts))
            for agency, name in self.lists.names["agency"].items()
            if any((agency,) in cut for cut in cuts)
        )
        totals = (self.printed[family.name].total.value for family, _ in sides)
        return Table(
            "by-agency",
            "Use by agency (for section 11)",
            "Questions asked, escalations raised and feedback requests made in the period, by the agency of whoever "
            "asked, raised or made them.",
            ("agency",),
            tuple(Column(family.name) for family, _ in sides),
            (*rows, (ALL, *totals)),
            self._collapsed,
        )

    # Families one by one

    def _questions(self) -> Iterator[Table]:
        counts, asked = self._counts, QUESTIONS.number(self._counts, self.lists)
        base = replace(WHAT_CAME_OF_IT, id="questions-by-what-came-of-it-and-agency")
        yield self._across(QUESTIONS, "what", "agency", base)
        yield self._by(QUESTIONS, "channel", ("channel",), counts.questions_by_channel())
        emergencies = counts.emergencies().total("questions")
        yield _row(counts.emergencies(), of_a_part({"questions": emergencies}, asked - emergencies))
        helped, did_not = _parted(counts.helpful(), "judged", "helpful")
        for_guidance = asked - QUESTIONS.number(counts, self.lists, what=NOT_FOR_GUIDANCE)
        shown = of_a_part({"helped": helped, "did not help": did_not}, for_guidance - helped - did_not)
        yield _row(counts.helpful(), shown, _share("share that helped", *shown.values()))

    def _escalations(self) -> Iterator[Table]:
        counts = self._counts
        raised, answered = ESCALATIONS.number(counts, self.lists), counts.time_to_acknowledge()
        acknowledged = answered.total("acknowledged")
        shown = of_a_part({"acknowledged": acknowledged}, raised - acknowledged)
        yield self._across(ESCALATIONS, *PAIRS, counts.escalations_by_agencies())
        yield self._by(ESCALATIONS, "reason", ("reason",), counts.escalations_by_reason())
        yield self._by(ESCALATIONS, "stage", ("stage",), counts.escalations_by_stage())
        yield self._by(ESCALATIONS, "outcome", ENDS, counts.escalations_by_outcome())
        yield self._by(ESCALATIONS, "change", CHANGES, counts.escalations_by_change())
        yield _row(answered, shown, _median(answered, shown["acknowledged"].least >= FEWEST))

    def _feedback(self) -> Iterator[Table]:
        counts, printed = self._counts, self.printed[REQUESTS.name]
        enough, not_enough = _parted(counts.feedback(), "judged", "satisfied")
        requested, told = (REQUESTS.number(counts, self.lists, **only) for only in ({}, {"told": YES}))
        outside = min(told - enough, requested - enough - not_enough)
        five_were_told = any(shown.least >= FEWEST for (_, was), shown in printed.cuts[STATE].items() if was == YES)
        yield replace(
            self._across(REQUESTS, "agency", "state", FEEDBACK),
            note=_joined("" if self.lists.is_confirmed else NOT_CONFIRMED, self._collapsed),
        )
        yield self._by(REQUESTS, "way", WAYS, counts.feedback_by_way())
        yield _row(TIME_TO_FEEDBACK, {}, _median(counts.feedback(), five_were_told))
        yield _row(SATISFIED, of_a_part({"what they needed": enough, "not what they needed": not_enough}, outside))

    # How a table is made

    def _by(self, family: Family, name: str, by: By, base: Table) -> Table:
        """A cut by one property, with its total."""
        printed = self.printed[family.name]
        names, place = self.lists.names[name], by.index(name)
        cells = {key[place]: shown for key, shown in printed.cuts[by].items() if key not in UNPRINTED}
        rows = [(names[one], cells[one].value) for one in names if one in cells]
        # What is left out of the cut, such as escalations without an outcome, is no part of its total.
        total = [(ALL, printed.total.value)] if len(cells) == len(printed.cuts[by]) else []
        return replace(base, by=(HEADS.get(name, name),), columns=base.columns[-1:], rows=(*rows, *total))

    def _across(self, family: Family, down: str, over: str, base: Table) -> Table:
        """A cut by two properties, with its totals both ways."""
        printed = self.printed[family.name]
        inner = next(cut for by, cut in printed.cuts.items() if set(by) == {down, over})
        order = next(by for by in printed.cuts if set(by) == {down, over})
        downs, overs = (self._listed(printed, name) for name in (down, over))
        rows: list[tuple[Value, ...]] = []
        for one, name in downs.items():
            cells = ((overs[other], inner[_key(order, {down: one, over: other})]) for other in overs)
            rows += [(name, head, shown.value) for head, shown in cells]
            rows.append((name, ALL, self._margin(printed, down, one).value))
        rows += [(ALL, head, self._margin(printed, over, one).value) for one, head in overs.items()]
        is_left_out = all(shown == LEFT_OUT for shown in inner.values())
        return replace(
            base,
            by=(HEADS.get(down, down), HEADS.get(over, over)),
            columns=base.columns[-1:],
            rows=(*rows, (ALL, ALL, printed.total.value)),
            note=_joined(INNER_LEFT_OUT if is_left_out else "", self._collapsed),
        )

    def _listed(self, printed: Printed, name: str) -> dict[str, str]:
        """The values of a property that are listed, with their names."""
        by = next(by for by in printed.cuts if by in ((name,), STATE) and name in by)
        values = {key[by.index(name)] for key in printed.cuts[by]}
        return {value: called for value, called in self.lists.names[name].items() if value in values}

    def _margin(self, printed: Printed, name: str, value: str) -> Shown:
        """What is printed of all that has one value of a property."""
        return next(
            shown
            for by, cut in printed.cuts.items()
            if by in ((name,), STATE) and name in by
            for key, shown in cut.items()
            if key[by.index(name)] == value
        )

    @property
    def _collapsed(self) -> str:
        """Which agencies are counted together."""
        if not self.lists.by_kind:
            return ""
        kinds: dict[str, list[str]] = {}
        for agency in self.publisher.knowledge.partnership.agencies:
            kinds.setdefault(self.lists.group(agency.id), []).append(agency.name)
        together = (
            f"{self.lists.names['agency'][kind]}: {', '.join(names)}"
            for kind, names in kinds.items()
            if len(names) > 1
        )
        return f"Agencies are counted by their kind, since most are below five by themselves. {'; '.join(together)}."


NOT_CONFIRMED = "None is called in time: the expected times are not confirmed."
FEEDBACK = Table(
    "feedback-by-agency",
    "MASH feedback",
    "Feedback requests made in the period, by the referrer's agency and by whether the referrer was told by now what "
    "became of the referral.",
    (),
    (Column("requests"),),
    (),
)
TIME_TO_FEEDBACK = Table(
    "time-to-feedback",
    "Time to MASH feedback",
    "Of the feedback requests made in the period whose referrer was told by now: office hours from the referral, or "
    "from when it was sent again, until then.",
    (),
    (),
    (),
)
SATISFIED = Table(
    "feedback-was-enough",
    "Was MASH feedback what referrers needed?",
    "Feedback requests made in the period of which the referrer has said by now whether the answer was what they "
    "needed; to go on to an escalation after an answer counts as no.",
    (),
    (),
    (),
)


def _row(base: Table, shown: Mapping[str, Shown], *more: tuple[Column, Value]) -> Table:
    """A table of one row."""
    counts = ((Column(name), one.value) for name, one in shown.items())
    columns, values = zip(*counts, *more, strict=True)
    return replace(base, by=(), columns=columns, rows=(values,))


def _parted(found: Table, whole: str, part: str) -> tuple[int, int]:
    """A share as the counts that it is made of: how many, and how many not."""
    total = found.total(whole)
    count = round(float(found.value(part) or 0) * total)
    return count, total - count


def _share(name: str, part: Shown, rest: Shown) -> tuple[Column, Value]:
    """A share that follows from what is printed, and tells nothing more."""
    both = part.is_exact and rest.is_exact
    return Column(name, Unit.SHARE), share(part.least, part.least + rest.least) if both else None


def _median(found: Table, is_given: bool) -> tuple[Column, Value]:
    """A median, where it is printed that five or more stand behind it: that it is given tells nothing then."""
    return Column("median hours", Unit.HOURS), found.value("median hours") if is_given else None


def _key(by: By, values: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(values[name] for name in by)


def _joined(*notes: str) -> str:
    return " ".join(filter(None, notes))
