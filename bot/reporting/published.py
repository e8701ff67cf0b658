"""What is printed of a month, a quarter or a reporting year, family by family.

Of a month and a quarter little is printed, so that much of a year can be: what is told of the one cannot be told of
the other. A longer period is printed in sight of what is printed of the shorter ones within it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntEnum

from bot.knowledge.model import KnowledgeBase
from bot.reporting.disclosure import FEWEST, By, Cut, Key, Shown, printed
from bot.reporting.families import FAMILIES, Counts, Family, Lists
from bot.reporting.figures import Scope
from bot.reporting.periods import Period, month
from bot.storage.database import Transaction

MOSTLY = 0.5
"""Where more of a year's cells by agency are below five, agencies are counted by their kinds."""


class Length(IntEnum):
    """How long a published period is, in months. Those of one length do not overlap; a year holds whole others."""

    MONTH = 1
    QUARTER = 3
    YEAR = 12


WITHIN: Mapping[Length, tuple[tuple[Length, By], ...]] = {
    Length.MONTH: (),
    Length.QUARTER: ((Length.MONTH, ("month",)),),
    Length.YEAR: ((Length.MONTH, ("month", "quarter")), (Length.QUARTER, ("quarter",))),
}
"""The shorter periods within a longer one, from the shortest, and the properties that tell each from the others."""


def of_length(family: Family, length: Length) -> tuple[By, ...]:
    """What is printed of a family in a period of some length."""
    return {Length.MONTH: family.monthly, Length.QUARTER: ((),), Length.YEAR: family.cuts}[length]


class NotPublished(ValueError):
    """A period of which nothing is published; the message says why."""


def length_of(period: Period, today: date, first_month: int) -> Length:
    """Which of the published lengths a period has. `first_month`: of the reporting year.

    Raises: NotPublished.
    """
    months = parts(period, Length.MONTH)
    is_whole = period.first.day == 1 and months[-1].last == period.last
    length = next((one for one in Length if one == len(months)), None)
    if not is_whole or length is None or (period.first.month - first_month) % length != 0:
        raise NotPublished(f"{period} is no whole month, quarter or reporting year")
    if period.last >= today:
        raise NotPublished(f"{period} is not over yet")
    return length


def parts(period: Period, length: Length) -> list[Period]:
    """The periods of a length that a period is made of, or that it begins with."""
    months = [month(period.first, period.zone)]
    while months[-1].last < period.last:
        months.append(month(months[-1].ends.date(), period.zone))
    groups = [months[place : place + length] for place in range(0, len(months), length)]
    return [group[0] if length == 1 else Period(group[0].first, group[-1].last, period.zone) for group in groups]


@dataclass(frozen=True)
class Printed:
    """What is printed of one family in one period."""

    family: Family
    lists: Lists
    cuts: Mapping[By, Mapping[Key, Shown]]

    @property
    def total(self) -> Shown:
        return self.cuts[()][()]


@dataclass(frozen=True)
class Publisher:
    """Makes what is printed, from the records as they are now, read in one transaction."""

    tx: Transaction = field(repr=False)
    knowledge: KnowledgeBase
    now: datetime
    _counts: dict[Period, Counts] = field(default_factory=dict, init=False, repr=False)
    _printed: dict[tuple[str, Period], Printed] = field(default_factory=dict, init=False, repr=False)

    def counts(self, period: Period) -> Counts:
        """The rows of a period, each read once."""
        if period not in self._counts:
            self._counts[period] = Counts(self.tx, Scope(period), self.knowledge, self.now)
        return self._counts[period]

    def lists(self, year: Period) -> Lists:
        """Each agency by itself; by its kind where most of the year's cells would be below five."""
        single, kinds = Lists(self.knowledge), Lists(self.knowledge, by_kind=True)
        if len(kinds.names["agency"]) == len(single.names["agency"]):
            return single
        cells = [
            number
            for family in FAMILIES
            for by in family.cuts
            if {"agency", "raising", "receiving"} & set(by)
            for number in family.cut(self.counts(year), by, single).counts.values()
        ]
        return kinds if sum(number < FEWEST for number in cells) > MOSTLY * len(cells) else single

    def printed(self, family: Family, period: Period, length: Length, lists: Lists) -> Printed:
        """One family's counts as they are printed."""
        if (family.name, period) not in self._printed:
            ring = self._ring(family, period, length, lists)
            self._printed[family.name, period] = Printed(family, lists, printed(ring))
        return self._printed[family.name, period]

    def _ring(self, family: Family, period: Period, length: Length, lists: Lists) -> list[Cut]:
        """The cuts of a period, and those that were printed of the shorter ones within it."""
        return [
            *(family.cut(self.counts(period), by, lists) for by in of_length(family, length)),
            *(
                self._earlier(family, by, period, shorter, names, lists)
                for shorter, names in WITHIN[length]
                for by in reversed(of_length(family, shorter))
            ),
        ]

    def _earlier(self, family: Family, by: By, whole: Period, length: Length, names: By, lists: Lists) -> Cut:
        """What was printed of all periods of a length within a longer one, as one cut."""
        counts, before = dict[Key, int](), dict[Key, Shown]()
        quarters = parts(whole, Length.QUARTER)
        for period in parts(whole, length):
            quarter = next(one for one in quarters if one.first <= period.first <= one.last)
            dates = {"month": str(period.first), "quarter": str(quarter.first)}
            called = tuple(dates[name] for name in names)
            shown = self.printed(family, period, length, lists).cuts[by]
            for key, number in family.cut(self.counts(period), by, lists).counts.items():
                counts[*key, *called] = number
                before[*key, *called] = shown[key]
        return Cut((*by, *names), counts, before=before)
