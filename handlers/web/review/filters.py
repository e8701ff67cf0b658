"""What somebody looks at: period, agency and topic, as the address says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from starlette.datastructures import QueryParams

from bot.knowledge.model import KnowledgeBase
from bot.reporting.figures import Scope
from bot.reporting.periods import NoPeriod, Period, parsed
from bot.storage.question_rows import NOT_KNOWN

PERIODS = (
    "this week", "last week", "this month", "last month", "this quarter", "last quarter", "this year", "last year",
)  # fmt: skip
USUAL = "last month"
NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,99}")
"""An id: agencies and topics that are no longer listed can still be looked at."""
LONGEST = 100
"""Characters of any value of an address."""


@dataclass(frozen=True)
class Filters:
    """The filters of one page."""

    scope: Scope
    period: str
    """As it stands in the address."""
    problem: str = ""
    """What was wrong with the address; then the usual period is shown."""

    def address(self, path: str, **more: str) -> str:
        """A page with the same filters. `more`: further choices; an agency there takes the place of the filter's."""
        values = {"period": self.period, "agency": self.scope.agency, "topic": self.scope.topic, **more}
        return f"{path}?{urlencode({name: value for name, value in values.items() if value})}"

    def before(self) -> Scope:
        """The same over the period before."""
        return replace(self.scope, period=self.scope.period.before())


def filters(query: QueryParams, knowledge: KnowledgeBase, today: date) -> Filters:
    """What the address asks for; where it makes no sense, the usual period, and what is wrong."""
    partnership = knowledge.partnership
    given = choices(query, ("period", "was", "from", "to", "agency", "topic"))
    agency, topic = (given[name] if NAME.fullmatch(given.get(name, "")) else None for name in ("agency", "topic"))
    if agency == NOT_KNOWN:  # a choice of lists, since no figure is of those who did not say
        agency = None
    words = given.get("period", USUAL)

    def read(text: str) -> Period:
        return parsed(text, today, ZoneInfo(partnership.time_zone), partnership.reporting_year_from)

    try:
        period = read(words)
        days = f"{given.get('from', period.first)} {given.get('to', period.last)}"
        # The form sends both: where the period is the one that was shown, the days count where they were changed.
        if words == given.get("was") and days != f"{period.first} {period.last}":
            words, period = days, read(days)
        return Filters(Scope(period, agency, topic), words)
    except NoPeriod as error:
        return Filters(Scope(read(USUAL), agency, topic), USUAL, str(error))


def choices(query: QueryParams, names: Iterable[str]) -> dict[str, str]:
    """What the address chooses, of some names."""
    found = {name: query.get(name, "").strip()[:LONGEST] for name in names}
    return {name: value for name, value in found.items() if value}
