"""Every figure counted a second time, in plain Python over the raw rows of the database. Nothing of `bot` is used."""

from __future__ import annotations

import json
import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import yaml

LONDON = ZoneInfo("Europe/London")
UNKNOWN = "not known"
BANK_HOLIDAYS = {
    date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 4), date(2026, 5, 25), date(2026, 8, 31), date(2026, 12, 25),
    date(2026, 12, 28), date(2027, 1, 1), date(2027, 3, 26), date(2027, 3, 29), date(2027, 5, 3),
}  # fmt: skip
"""Of England, as they are published."""
OPENS, CLOSES = time(9), time(17)
ALLOWED = {"stage-1": 1, "stage-2": 2, "stage-3": 2, "stage-4": 5}
HURRIED = {"stage-1", "stage-2"}
CLOSES_IT = {"outcome-agreed", "closed-unconfirmed", "partnership-decided", "withdrawn"}


def is_working(day):
    return day.weekday() < 5 and day not in BANK_HOLIDAYS


def day_of(moment):
    return moment.astimezone(LONDON).date()


def days_from(first, last):
    """The days after one until another."""
    return [first + timedelta(days=number) for number in range(1, (last - first).days + 1)]


def working_days(first, last):
    return sum(map(is_working, days_from(first, last)))


def later_by(day, count):
    """The day that is so many working days later."""
    while count:
        day += timedelta(days=1)
        count -= is_working(day)
    return day


def office_minutes(begun, ended):
    """Whole minutes of office time between two moments."""
    passed = timedelta()
    for day in [day_of(begun), *days_from(day_of(begun), day_of(ended))]:
        if is_working(day):
            opens, closes = (datetime.combine(day, clock, LONDON).astimezone(UTC) for clock in (OPENS, CLOSES))
            passed += max(min(ended, closes) - max(begun, opens), timedelta())
    return passed // timedelta(minutes=1)


def office_day(moment):
    """The day of the next office time."""
    day = day_of(moment)
    if is_working(day) and moment.astimezone(LONDON).time() < CLOSES:
        return day
    return later_by(day, 1)


def at_least(values, share):
    """The smallest of the values that so many of a hundred do not exceed."""
    return min((one for one in values if sum(v <= one for v in values) * 100 >= share * len(values)), default=None)


def middle(values):
    return statistics.median(values) if values else None


def part(some, whole):
    return some / whole if whole else None


def most_first(counts):
    return sorted(((*key, count) for key, count in counts.items()), key=lambda row: (-row[-1], row[:-1]))


def likeness(one, other):
    """Of 100: how much of two texts, their words in alphabetical order, is their longest common subsequence."""
    a, b = (" ".join(sorted(text.lower().split())) for text in (one, other))
    longest = [0] * (len(b) + 1)
    for letter in a:
        before, longest = longest, [0] * (len(b) + 1)
        for place, other_letter in enumerate(b, 1):
            same = letter == other_letter
            longest[place] = before[place - 1] + 1 if same else max(before[place], longest[place - 1])
    return 200 * longest[-1] / (len(a) + len(b))


class Raw:
    """The rows as they are in the database, and what is counted from them in plain Python."""

    def __init__(self, office):
        self.now = office.now
        self._counted = {}
        tables = ("questions", "verdicts", "events", "quick_records", "outbox", "policies")
        self.rows = {table: office.rows(f"SELECT * FROM {table}") for table in tables}
        folder = office.library._layers[-1]
        self.topics = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in folder.glob("*.yaml")}
        self.confirmed = {
            row["version"]: json.loads(row["content"])["timescales_confirmed"] for row in self.rows["policies"]
        }

    @cached_property
    def verdicts(self):
        """The last verdict on each question that has one."""
        last = {}
        for row in sorted(self.rows["verdicts"], key=lambda row: (row["at"], row["id"])):
            last[row["question_id"]] = bool(row["helpful"])
        return last

    @cached_property
    def histories(self):
        """The events of each ticket, in their order."""
        found = defaultdict(list)
        for row in sorted(self.rows["events"], key=lambda row: row["seq"]):
            found[row["ticket"]].append({**row, "at": moment(row["at"]), "data": json.loads(row["data"])})
        return found

    @cached_property
    def escalations(self):
        return [escalated(self, events) for ticket, events in self.histories.items() if ticket.startswith("ESC")]

    @cached_property
    def requests(self):
        return [requested(self, events) for ticket, events in self.histories.items() if ticket.startswith("MASH")]

    def count(self, scope):
        """Every figure of a scope: id -> rows."""
        if scope not in self._counted:
            self._counted[scope] = self._count(scope)
        return self._counted[scope]

    def _count(self, scope):
        period = scope.period
        begins = datetime.combine(period.first, time(), LONDON).astimezone(UTC)
        ends = datetime.combine(period.last + timedelta(days=1), time(), LONDON).astimezone(UTC)

        def within(at):
            return begins <= at < ends

        def ours(agency):
            return scope.agency in (None, agency)

        asked = [
            row
            for row in self.rows["questions"]
            if within(moment(row["at"])) and ours(row["agency"])
            if scope.topic is None or (row["entry"] or "").startswith(f"{scope.topic}.")
        ]
        records = [row for row in self.rows["quick_records"] if within(moment(row["at"])) and ours(row["agency"])]
        escalations = [one for one in self.escalations if within(one.opened) and ours(one.raising)]
        requests = [one for one in self.requests if within(one.opened) and ours(one.raising)]
        return {
            **self._of_questions(asked),
            **_of_escalations(escalations),
            **self._of_requests(requests),
            **_of_records(records),
            "open-by-age": self._open(ours),
            "guidance": self._guidance(),
            "delivery": self._delivery(),
        }

    def _of_questions(self, asked):
        given = [row for row in asked if row["entry"]]
        judged = [row for row in asked if row["id"] in self.verdicts]
        missed = [
            row
            for row in sorted(asked, key=lambda row: (row["at"], row["id"]))
            if row["text"] and (row["status"] == "no_guidance" or self.verdicts.get(row["id"]) is False)
        ]
        groups = []
        for row in missed[-500:]:
            for group in groups:
                if likeness(group[0], row["text"]) >= 80:
                    group.append(row["text"])
                    break
            else:
                groups.append([row["text"]])
        by_entry = []
        for entry, count in most_first(Counter((row["entry"],) for row in given)):
            verdicts = [self.verdicts[row["id"]] for row in judged if row["entry"] == entry]
            by_entry.append((entry, count, len(verdicts), part(sum(verdicts), len(verdicts))))
        helped = sum(self.verdicts[row["id"]] for row in judged)
        return {
            "questions-by-status": most_first(Counter((row["status"],) for row in asked)),
            "questions-by-channel": most_first(Counter((row["channel"],) for row in asked)),
            "questions-by-entry": by_entry,
            "questions-by-topic": most_first(Counter((row["entry"].split(".")[0],) for row in given)),
            "questions-by-topic-and-agency": most_first(
                Counter((row["entry"].split(".")[0], row["agency"] or UNKNOWN) for row in given)
            ),
            "helpful": [(len(judged), part(helped, len(judged)))],
            "emergencies": [(sum(row["emergency"] for row in asked),)],
            "unanswered": most_first(Counter({(group[0],): len(group) for group in groups})),
        }

    def _of_requests(self, requests):
        agencies = sorted({one.raising for one in requests})
        return {
            "feedback": [self._answered(requests)],
            "feedback-by-agency": [
                (agency, *self._answered([one for one in requests if one.raising == agency])) for agency in agencies
            ],
            "feedback-by-way": most_first(Counter((one.how,) for one in requests if one.answered)),
        }

    def _answered(self, requests):
        answered = [one for one in requests if one.answered]
        over = [
            one
            for one in requests
            if one.confirmed and one.expected and (one.answered or one.expected < (one.closed or self.now))
        ]
        in_time = [one for one in over if one.answered and one.answered <= one.expected]
        judged = [one.satisfied for one in requests if one.satisfied is not None]
        hours = [office_minutes(one.referred, one.answered) / 60 for one in answered]
        return (
            len(requests), len(answered), len(over), part(len(in_time), len(over)), middle(hours), len(judged),
            part(sum(judged), len(judged)), sum(one.escalated for one in requests),
        )  # fmt: skip

    def _open(self, ours):
        rows = []
        for kind, tickets in (("escalation", self.escalations), ("feedback", self.requests)):
            ages = [
                working_days(day_of(one.opened), day_of(self.now))
                for one in tickets
                if one.closed is None and ours(one.raising)
            ]
            rows += [
                (kind, "to 1 working day", sum(age <= 1 for age in ages)),
                (kind, "2 to 5 working days", sum(2 <= age <= 5 for age in ages)),
                (kind, "6 to 10 working days", sum(6 <= age <= 10 for age in ages)),
                (kind, "over 10 working days", sum(age > 10 for age in ages)),
            ]
        return rows

    def _guidance(self):
        entries = [entry for topic in self.topics.values() for entry in topic.get("entries", ())]
        reviews = [date.fromisoformat(str(entry["review_by"])) for entry in entries if "review_by" in entry]
        drafts = [entry for entry in entries if entry.get("approval", {}).get("status", "draft") == "draft"]
        return [(len(entries), sum(day < day_of(self.now) for day in reviews), len(drafts))]

    def _delivery(self):
        troubled = [row for row in self.rows["outbox"] if row["attempts"] and not row["delivered"]]
        return [(len(troubled), sum(row["given_up"] is not None for row in troubled))]


def moment(text):
    return datetime.fromisoformat(text)


@dataclass
class Escalated:
    opened: datetime
    raising: str
    receiving: str
    reason: str
    stage: str
    confirmed: bool
    urgent: datetime | None
    told: datetime | None = None
    acknowledged: datetime | None = None
    closed: datetime | None = None
    ending: str | None = None
    change: str | None = None


def escalated(raw, events):
    """What became of an escalation, from its events."""
    first, data = events[0], events[0]["data"]
    one = Escalated(
        first["at"], data["raising"], data["receiving"], data["reason"], data["stage"],
        raw.confirmed[data["policy"]], first["at"] if data["urgent"] else None,
    )  # fmt: skip
    one.spans, running, proposed = {}, None, {}
    for event in events[1:]:
        kind, at, data = event["kind"], event["at"], event["data"]
        if kind == "other-agency-told":
            running = moment(data["on"]) if "on" in data else at
            one.told = one.told or running
            one.spans[one.stage] = (running, None)
        elif kind == "acknowledged":
            one.acknowledged = one.acknowledged or at
        elif kind == "made-urgent":
            one.urgent = at
        elif kind == "redirected":
            one.receiving, one.told, one.acknowledged, one.spans, running = data["receiving"], None, None, {}, None
        elif kind == "reopened":
            one.closed = one.ending = one.change = running = None
        elif kind == "outcome-proposed":
            proposed = data
        if kind == "handed-on" or kind in CLOSES_IT:
            if running is not None:
                one.spans[one.stage] = (running, at)
            if kind == "handed-on":
                one.stage, running = data["stage"], None
            else:
                outcome = {"partnership-decided": data, "withdrawn": {}}.get(kind, proposed)
                one.closed, one.ending, one.change = at, outcome.get("outcome", "withdrawn"), outcome.get("change")
    return one


def is_in_time(one, stage, told, ended):
    last = later_by(day_of(told), ALLOWED[stage])
    if one.urgent is not None:
        hurried = office_day(max(told, one.urgent)) if stage in HURRIED else last
        last = min(last, hurried)
    return day_of(ended) <= last


def _of_escalations(escalations):
    minutes = [office_minutes(one.told, one.acknowledged) for one in escalations if one.acknowledged]
    hours = [passed / 60 for passed in minutes]
    by_stage = []
    for stage in ALLOWED:
        over = [
            (one, *one.spans[stage]) for one in escalations if stage in one.spans and one.spans[stage][1] is not None
        ]
        days = [working_days(day_of(told), day_of(ended)) for _, told, ended in over]
        timed = [is_in_time(one, stage, told, ended) for one, told, ended in over if one.confirmed]
        if over:
            numbers = (len(days), middle(days), at_least(days, 90), len(timed), part(sum(timed), len(timed)))
            by_stage.append((stage, *numbers))
    return {
        "escalations-by-agencies": most_first(Counter((one.raising, one.receiving) for one in escalations)),
        "escalations-by-reason": most_first(Counter((one.reason,) for one in escalations)),
        "escalations-by-stage": most_first(Counter((one.stage,) for one in escalations)),
        "escalations-by-outcome": most_first(Counter((one.ending or "open",) for one in escalations)),
        "escalations-by-change": most_first(Counter((one.change,) for one in escalations if one.change)),
        "time-to-acknowledge": [(len(hours), middle(hours), at_least(hours, 90))],
        "days-by-stage": by_stage,
    }


@dataclass
class Requested:
    opened: datetime
    raising: str
    referred: datetime
    confirmed: bool
    expected: datetime | None = None
    answered: datetime | None = None
    how: str | None = None
    satisfied: bool | None = None
    closed: datetime | None = None
    escalated: bool = False


def requested(raw, events):
    """What became of a feedback request, from its events."""
    first, data = events[0], events[0]["data"]
    needs = data["needs"]
    one = Requested(first["at"], data["raising"], moment(data["referred"]), raw.confirmed[data["policy"]])
    waits = False
    for event in events[1:]:
        kind, at, data = event["kind"], event["at"], event["data"]
        if kind in ("referrer-told", "heard-already"):
            one.answered, one.how, waits = moment(data["on"]) if "on" in data else at, data["how"], True
        elif kind == "referral-found" and needs == ["acknowledgement"]:
            one.answered, one.how, waits = at, "here", True
        elif kind == "sent-again":
            one.referred = moment(data["referred"])
        elif kind in ("what-was-needed", "not-what-was-needed"):
            one.satisfied = kind == "what-was-needed"
        elif kind == "escalated":
            one.escalated = True
            one.satisfied = False if waits else one.satisfied
        if kind in ("not-what-was-needed", "reopened"):
            one.answered, waits = None, False
        if kind == "reopened":
            one.closed = one.satisfied = None
        over = kind in ("heard-already", "what-was-needed", "closed-unconfirmed", "withdrawn")
        if over or (kind == "escalated" and waits):
            one.closed, waits = at, False
    if needs != ["strategy-minutes"]:
        last = later_by(day_of(one.referred), 1)
        one.expected = datetime.combine(last, CLOSES, LONDON).astimezone(UTC)
    return one


def _of_records(records):
    calls = Counter(
        (row["contact"], f"{moment(row['rang_at']).astimezone(LONDON).hour:02d}:00")
        for row in records
        if row["kind"] == "no-adequate-answer"
    )
    return {
        "records-by-kind": most_first(Counter((row["kind"], row["agency"] or UNKNOWN) for row in records)),
        "no-answer-by-service-and-hour": sorted((*key, count) for key, count in calls.items()),
    }
