"""Families of published counts: records that are counted by several of their properties, in the order of a ring."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

from bot.answering.reply import Status
from bot.knowledge.model import KnowledgeBase
from bot.knowledge.partnership import Agency
from bot.reporting.disclosure import By, Cut, Key
from bot.reporting.escalations import OPEN, ended
from bot.reporting.feedback import is_over
from bot.reporting.figures import UNKNOWN, Figures, names_of
from bot.reporting.source import topic_of
from bot.storage.database import Row
from bot.storage.quick_records import NO_ANSWER
from bot.tickets.escalations.quick import QuickKind
from bot.tickets.escalations.state import Stand

OTHERS = "others"
"""Whatever is on no list, such as a topic that was taken out since."""
UNLISTED = frozenset({OTHERS, UNKNOWN})
"""What is shown only where there is one."""
SETTLED = "settled"
YES, NO = "yes", "no"
NONE = ""
"""In place of what only some records have, such as a change for the child."""
NOT_FOR_GUIDANCE = "not-for-guidance"
"""Small talk, texts that were handed back, and the like: nobody is asked whether those replies helped."""
WITHOUT_ENTRY = (Status.CHOOSE, Status.NO_GUIDANCE, Status.INDIVIDUAL_CASE)
IN_TIME, LATE, TOLD, NOT_TOLD = "in time", "late", "told", "not told"

WHAT: Mapping[str, str] = {
    Status.CHOOSE.value: "A choice of entries",
    Status.NO_GUIDANCE.value: "No guidance found",
    Status.INDIVIDUAL_CASE.value: "Asked the bot to decide",
    NOT_FOR_GUIDANCE: "No question for guidance: small talk, handed back, too long and the like",
}
STATES: Mapping[str, str] = {
    IN_TIME: "Told in time",
    LATE: "Told later",
    TOLD: "Told",
    NOT_TOLD: "Not told yet, or withdrawn",
}


@dataclass(frozen=True)
class Lists:
    """What each property may be. All of it is printed, also where there is none, so that a list tells nothing."""

    knowledge: KnowledgeBase
    by_kind: bool = False
    """Whether agencies stand for their kinds."""

    @cached_property
    def groups(self) -> dict[str, str]:
        """What each agency is counted under."""
        agencies = self.knowledge.partnership.agencies
        return {agency.id: agency.kind.value if self.by_kind else agency.id for agency in agencies}

    @cached_property
    def names(self) -> dict[str, dict[str, str]]:
        """What the values of each property are called, in the order in which they are listed."""
        known = names_of(self.knowledge)
        others = {OTHERS: "Others, listed no longer"}
        groups = {group: self._group(group) for group in dict.fromkeys(self.groups.values())}
        groups |= {UNKNOWN: "Not known"}
        return {
            **dict.fromkeys(("agency", "raising", "receiving"), groups),
            "what": known["topic"] | others | dict(WHAT),
            "state": {one: name for one, name in STATES.items() if self.is_confirmed or one in (TOLD, NOT_TOLD)},
            "way": known["how told"] | others,
            "kind": {kind: known["kind"][kind] for kind in (*QuickKind, NO_ANSWER)} | others,
            **{name: known[name] | others for name in ("channel", "reason", "stage", "outcome", "change")},
        }

    @property
    def is_confirmed(self) -> bool:
        """Whether the partnership has confirmed when feedback is expected: else none is called in time."""
        rules = self.knowledge.feedback
        return rules is not None and rules.timescales_confirmed

    def group(self, agency: str | None) -> str:
        """What an agency is counted under."""
        return self.groups.get(agency or "", UNKNOWN)

    def listed(self, name: str, value: str | None) -> str:
        """A property's value, as far as it is on its list."""
        return value if value in self.names[name] else OTHERS

    def keys(self, by: By) -> Iterable[Key]:
        """Every cell of a cut."""
        if by == ENDS:
            return [(end_of(outcome), outcome) for outcome in self.names["outcome"]]
        if by == CHANGES:
            return [*((SETTLED, change) for change in self.names["change"]), *UNSETTLED]
        if by == STATE:
            return [(state, was_told(state)) for state in self.names["state"]]
        if by == WAYS:
            return [*((YES, way) for way in self.names["way"]), UNTOLD]
        return product(*(self.names[name] for name in by))

    def never(self, by: By) -> frozenset[Key]:
        """Cells that everybody knows to be nought: an agency that raises an escalation with itself."""
        policy = self.knowledge.escalation
        if by != PAIRS or policy is None or policy.inside_one_agency:
            return frozenset()
        sizes = Counter(self.groups.values())
        return frozenset((group, group) for group, size in sizes.items() if size == 1)

    def _group(self, group: str) -> str:
        agencies: Mapping[str, Agency] = self.knowledge.partnership.agency_by_id
        return group.replace("-", " ").capitalize() if self.by_kind else agencies[group].name


PAIRS = ("raising", "receiving")
ENDS, CHANGES = ("end", "outcome"), ("end", "change")
UNSETTLED = ((OPEN, NONE), (Stand.WITHDRAWN.value, NONE))
STATE, WAYS = ("state", "told"), ("told", "way")
DEPENDENT = frozenset({ENDS, CHANGES, STATE, WAYS})
"""Of these two properties, one follows from the other."""
UNTOLD = (NO, NONE)
UNPRINTED = frozenset({*UNSETTLED, UNTOLD})
"""Cells that repeat those of the cut beside them."""


class Counts(Figures):
    """The rows that figures are counted from, with the properties that published counts are counted by."""

    def asked(self, lists: Lists) -> Counter[Key]:
        """Questions by agency, channel and what came of them: the topic of an entry, else the status."""
        found: Counter[Key] = Counter()
        for row in self._questions:
            what = lists.listed("what", topic_of(row["entry"])) if row["entry"] else _without_entry(row["status"])
            found[lists.group(row["agency"]), lists.listed("channel", row["channel"]), what] += row["questions"]
        return found

    def raised(self, lists: Lists) -> Counter[Key]:
        """Escalations by both agencies, reason, stage, end, outcome and change."""
        return Counter(
            (
                lists.group(row["raising"]),
                lists.group(row["receiving"]),
                *(lists.listed(name, row[name]) for name in ("reason", "stage")),
                *_ended(row, lists),
            )
            for row in self._escalations
        )

    def requested(self, lists: Lists) -> Counter[Key]:
        """Feedback requests by agency, how they stand, whether the referrer was told, and how."""
        found: Counter[Key] = Counter()
        for row in self._requests:
            state = self._state(row, lists)
            way = lists.listed("way", row["how_told"]) if state != NOT_TOLD else NONE
            found[lists.group(row["raising"]), state, was_told(state), way] += 1
        return found

    def recorded(self, lists: Lists) -> Counter[Key]:
        """Short records by agency and kind."""
        return Counter((lists.group(row["agency"]), lists.listed("kind", row["kind"])) for row in self._records)

    def _state(self, row: Row, lists: Lists) -> str:
        if not row["answered_at"]:
            return NOT_TOLD
        if not lists.is_confirmed or row["policy"] not in self._confirmed or not is_over(row, self.now):
            return TOLD
        return IN_TIME if row["answered_at"] <= row["expected_at"] else LATE


@dataclass(frozen=True)
class Family:
    """Records of one sort, and by what they are counted in public."""

    name: str
    has: By
    records: Callable[[Counts, Lists], Mapping[Key, int]] = field(repr=False)
    cuts: tuple[By, ...]
    """What is printed of a reporting year: the total first, those that share a property beside each other."""
    monthly: tuple[By, ...] = ()
    """What is printed of a month, as of the year, of what can change no more: the total, and the year's last cut."""

    def number(self, counts: Counts, lists: Lists, **having: str) -> int:
        """How many of its records have some properties."""
        wanted = {self.has.index(name): value for name, value in having.items()}
        records = self.records(counts, lists).items()
        return sum(number for key, number in records if all(key[place] == value for place, value in wanted.items()))

    def cut(self, counts: Counts, by: By, lists: Lists) -> Cut:
        """Its records, counted by some properties."""
        records = self.records(counts, lists)
        seen = {pair for record in records for pair in zip(self.has, record, strict=True)}
        unseen = {(name, value) for name in by for value in UNLISTED} - seen
        found = {key: 0 for key in lists.keys(by) if unseen.isdisjoint(zip(by, key, strict=True))}
        places = [self.has.index(name) for name in by]
        for record, number in records.items():
            found[tuple(record[place] for place in places)] += number
        # Of two properties that are independent each is listed by itself.
        certain = frozenset(key for key in found if len(by) == 1 or by in DEPENDENT if not UNLISTED.isdisjoint(key))
        return Cut(by, found, certain, lists.never(by), UNPRINTED & set(found))


FAMILIES = (
    Family(
        "questions",
        ("agency", "channel", "what"),
        Counts.asked,
        ((), ("channel",), ("agency",), ("agency", "what"), ("what",)),
        ((), ("what",)),
    ),
    Family(
        "escalations",
        (*PAIRS, "reason", "stage", "end", "outcome", "change"),
        Counts.raised,
        ((), ("reason",), ("stage",), ENDS, CHANGES, ("raising",), PAIRS, ("receiving",)),
    ),
    Family(
        "feedback requests",
        ("agency", *STATE, "way"),
        Counts.requested,
        ((), ("agency",), ("agency", "state"), STATE, WAYS),
    ),
    Family(
        "short records",
        ("agency", "kind"),
        Counts.recorded,
        ((), ("agency",), ("agency", "kind"), ("kind",)),
    ),
)
QUESTIONS, ESCALATIONS, REQUESTS, RECORDS = FAMILIES


def end_of(outcome: str) -> str:
    """Whether an escalation was settled, withdrawn, or is open."""
    return outcome if outcome in (OPEN, Stand.WITHDRAWN.value) else SETTLED


def was_told(state: str) -> str:
    """Whether a referrer was told, as a property."""
    return NO if state == NOT_TOLD else YES


def _ended(row: Row, lists: Lists) -> Key:
    outcome = lists.listed("outcome", ended(row))
    end = end_of(outcome)
    return end, outcome, lists.listed("change", row["change"]) if end == SETTLED else NONE


def _without_entry(status: str) -> str:
    return status if status in WITHOUT_ENTRY else NOT_FOR_GUIDANCE
