"""A year of plausible use, made from a seed: people ask, raise, answer and forget through the real services.

The clock moves from 1 April 2026 to 31 March 2027 and a few days on, so that some of it is still open at the end.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import conftest
from ticketing import MANAGER, OFFICER, Office, town

from bot.access import AgencySource, Viewer
from bot.answering.matching.matcher import Candidate, Ranking
from bot.answering.reply import Reply, Status
from bot.config import ROOT
from bot.ledger import NotFound, NotNow
from bot.storage import outbox, questions, quick_records
from bot.storage.database import Transaction, utc
from bot.storage.questions import Question, new_id
from bot.tickets.escalations.quick import NOT_RAISED, QuickForm, QuickKind
from bot.tickets.feedback.moves import NOT_ENOUGH
from bot.tickets.moves import HOW_TOLD
from bot.tickets.no_answer import Did, NoAnswer, Waited
from bot.tickets.ticket import Kind
from bot.working_time import bank_holidays

LONDON = ZoneInfo("Europe/London")
FIRST, LAST = date(2026, 4, 1), date(2027, 3, 31)
DAYS = (LAST - FIRST).days + 1
CONFIRMED_FROM = date(2026, 9, 7)
"""From this day on the partnership's times are confirmed."""
ENGLAND = ROOT / "knowledge" / "england"

AGENCIES = """
name: Yearly Safeguarding Children Partnership
emergency_contacts: [front-door, duty-team]
agencies:
  - id: high-school
    name: High School
    kind: school
    leads: [{role: Designated safeguarding lead, slack: U0DSL}]
  - id: primary-school
    name: Primary School
    kind: school
    leads: [{role: Headteacher, slack: U0HEADTEACHER}]
  - id: social-care
    name: Yearly Council
    kind: social-care
    leads:
      - {role: Team manager, slack: U0TEAM, deputy: {role: Deputy team manager, slack: U0DEPUTY}}
      - {role: Head of service, slack: U0SERVICE, stages: [stage-3]}
  - {id: police, name: Yearly Police, kind: police, leads: [{role: Sergeant, slack: U0SERGEANT}]}
  - {id: hospital, name: Yearly Hospital, kind: hospital, leads: [{role: Named nurse, slack: U0NURSE}]}
  - {id: gp, name: Green Surgery, kind: gp}
  - {id: health-visiting, name: Health visiting, kind: health-visiting}
"""
"""Five agencies whose leads the bot can tell, and two in which it reaches nobody."""
LEADS = {
    "high-school": "U0DSL",
    "primary-school": "U0HEADTEACHER",
    "social-care": "U0TEAM",
    "police": "U0SERGEANT",
    "hospital": "U0NURSE",
}
ASKING = {
    "high-school": 25, "primary-school": 20, "social-care": 8, "police": 5, "hospital": 12, "gp": 4,
    "health-visiting": 14, None: 12,
}  # fmt: skip
"""How often each agency asks; of some askers it is not known."""
TOPICS = {
    "neglect": ("tool", "signs", "referral"),
    "early-help": ("assessment", "consent"),
    "mash": ("referral", "feedback", "hours", "thresholds"),
    "no-guidance-yet": ("gangs", "hoarding"),
}
MISSED = (
    "what do we do about head lice",
    "What do we do about head lice?",
    "who pays for the taxi to contact",
    "policy on tattoos",
    "can we film in the playground",
    "is vaping a safeguarding matter",
)
STATUSES = {
    Status.ANSWERED: 70, Status.CHOOSE: 9, Status.NO_GUIDANCE: 10, Status.SMALL_TALK: 3, Status.IDENTIFIERS: 3,
    Status.INDIVIDUAL_CASE: 3, Status.TOO_LONG: 1, Status.BUSY: 1,
}  # fmt: skip
CHANNELS = {"slack": 80, "web": 18, "terminal": 2}
WITH_ENTRY = frozenset({Status.ANSWERED, Status.INDIVIDUAL_CASE})

ESCALATIONS = {
    "ack propose agree file follow-up": 20,
    "ack view agree-to-theirs": 10,
    "propose agree": 8,
    "ack propose decline hand-on ack propose agree file": 9,
    "hand-on propose agree": 8,
    "ack hand-on hand-on hand-on decide follow-up": 7,
    "hand-on urgent propose agree": 4,
    "urgent ack propose agree": 4,
    "ack propose": 6,
    "withdraw": 4,
    "ack propose withdraw": 3,
    "wrong redirect ack propose agree": 5,
    "ack wrong": 2,
    "ack propose agree reopen ack propose agree": 5,
    "ack propose agree reopen propose agree": 3,
    "propose agree reopen": 2,
    "withdraw reopen hand-on decide": 2,
    "ack": 4,
    "add": 4,
}
"""What is done with an escalation, one after the other, and how often that happens."""
REQUESTS = {
    "found answer satisfied": 20,
    "answer satisfied": 20,
    "take answer": 12,
    "answer not-satisfied answer satisfied": 8,
    "answer not-satisfied": 3,
    "heard": 10,
    "withdraw": 7,
    "not-heard answer satisfied": 6,
    "unmatched answer satisfied": 5,
    "not-received resend answer satisfied": 6,
    "not-received": 2,
    "answer escalate": 5,
    "escalate answer satisfied": 3,
    "answer satisfied reopen answer": 4,
    "withdraw reopen": 2,
    "take": 3,
    "": 4,
}
"""What is done with a feedback request."""


def office_of_the_year(folder: Path, data: Path) -> Office:
    """An office before the year begins. `folder`: where its knowledge goes, beside nothing else."""
    folder.mkdir(parents=True)
    (folder / "contacts.yaml").write_text(conftest.CONTACTS, encoding="utf-8")
    (folder / "private-fostering.yaml").write_text(conftest.PRIVATE_FOSTERING, encoding="utf-8")
    (folder / "safer-sleep.yaml").write_text(conftest.SAFER_SLEEP, encoding="utf-8")
    town(folder, ENGLAND)
    (folder / "partnership.yaml").write_text(AGENCIES, encoding="utf-8")
    for topic, names in TOPICS.items():
        lines = [f"topic: {topic}", "entries:"]
        for number, name in enumerate(names):
            lines += [f"  - id: {name}", f"    title: {topic} {name}", "    answer: Talk to your lead first."]
            lines += [f"    phrases: [{topic} {name}]", f"    review_by: 2026-{number * 2 + 5:02d}-01"]
            if number % 2:
                lines.append("    approval: {status: approved, by: Policy subgroup, on: 2026-01-12}")
        (folder / f"{topic}.yaml").write_text("\n".join(lines), encoding="utf-8")
    begins = datetime.combine(FIRST, time(8), LONDON)
    return Office(folder, data, now=begins, managers=[MANAGER], officers=[OFFICER], channel="C0ESCALATE")


def lived_in(office: Office, *, seed: int = 7, asked: int = 3000, raised: int = 250) -> None:
    """Let a year pass. `asked`: questions; `raised`: escalations and feedback requests, about half of each."""
    Year(office, seed).pass_by(asked, raised)


Acts = Iterator[timedelta]
"""What somebody does, one act after the other, each after a pause."""


class Year:
    """People who use the bot."""

    def __init__(self, office: Office, seed: int) -> None:
        self._office = office
        self._draw = random.Random(seed)
        self._coming: list[tuple[datetime, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._viewers: dict[str, Viewer] = {}
        self._judging: list[tuple[datetime, str, bool]] = []

    def pass_by(self, asked: int, raised: int) -> None:
        """Everything that happens, in its order."""
        for week in range(0, DAYS, 7):
            self._at(_local(FIRST + timedelta(days=week + 7), 0), partial(self._ask, week, asked))
        for _ in range(raised):
            story = self._escalation if self._draw.random() < 0.5 else self._request
            self._at(self._moment(), partial(self._go_on, story()))
        for _ in range(raised // 2):
            self._at(self._moment(), self._record_in_short)
        self._at(_local(CONFIRMED_FROM, 6), self._confirm)
        for number in range(DAYS + 4):
            day = FIRST + timedelta(days=number)
            if day.weekday() < 5 and day not in bank_holidays("ENG", day.year):
                for hour in (9, 12, 17):
                    self._at(_local(day, hour) + timedelta(minutes=1), self._tick)
        while self._coming and self._coming[0][0] < _local(LAST + timedelta(days=5), 8):
            self._office.now, _, act = heapq.heappop(self._coming)
            act()
        self._judge(self._office.now)

    # When

    def _at(self, moment: datetime, act: Callable[[], None]) -> None:
        heapq.heappush(self._coming, (moment, next(self._numbers), act))

    def _go_on(self, story: Acts) -> None:
        """Let a story go on until its next pause."""
        pause = next(story, None)
        self._deliver()
        if pause is not None:
            self._at(self._office.now + pause, partial(self._go_on, story))

    def _moment(self) -> datetime:
        """A moment of the year: mostly in office hours, and sometimes at night or at a weekend."""
        draw = self._draw
        day = FIRST + timedelta(days=draw.randrange(DAYS))
        if draw.random() < 0.85:
            while day.weekday() > 4:
                day = FIRST + timedelta(days=draw.randrange(DAYS))
            return _local(day, 8) + timedelta(seconds=draw.randrange(10 * 3600), microseconds=draw.randrange(10**6))
        return _local(day, 0) + timedelta(seconds=draw.randrange(24 * 3600))

    def _pause(self) -> timedelta:
        """Minutes, hours, or days."""
        draw = self._draw
        longest = draw.choices((3600, 8 * 3600, 3 * 86_400, 9 * 86_400), (3, 3, 4, 1))[0]
        return timedelta(seconds=60 + draw.randrange(longest))

    # Who

    def _viewer(self, name: str, agency: str | None = None, **roles: bool) -> Viewer:
        if name not in self._viewers:
            leads = [agency] if agency and LEADS.get(agency) == name else []
            self._viewers[name] = self._office.viewer(name, agency=agency, leads=leads, **roles)
        return self._viewers[name]

    def _practitioner(self, agency: str) -> Viewer:
        return self._viewer(f"U0{agency.replace('-', '').upper()}{self._draw.randrange(3)}", agency)

    def _lead(self, agency: str) -> Viewer | None:
        return self._viewer(LEADS[agency], agency) if agency in LEADS else None

    @property
    def _manager(self) -> Viewer:
        return self._viewer(MANAGER, manager=True)

    # Questions

    def _ask(self, week: int, asked: int) -> None:
        """The questions of a week, recorded at its end."""
        days = min(7, DAYS - week)
        moments = sorted(self._asked_in(week, days) for _ in range(round(asked * days / DAYS)))
        made = [self._question(moment) for moment in moments]
        knowledge = self._office.library.knowledge

        def work(tx: Transaction) -> None:
            for question in made:
                questions.record(tx, question, knowledge)

        self._office.store.submit(work).result()
        for question in made:
            self._judged(question)
        self._judge(self._office.now)

    def _asked_in(self, week: int, days: int) -> datetime:
        draw = self._draw
        day = FIRST + timedelta(days=week + draw.randrange(days))
        hour = draw.choices(range(24), [1] * 7 + [3, 8, 10, 9, 8, 6, 7, 8, 8, 5, 3] + [2] * 6)[0]
        return _local(day, hour) + timedelta(seconds=draw.randrange(3600), microseconds=draw.randrange(10**6))

    def _question(self, moment: datetime) -> Question:
        draw, knowledge = self._draw, self._office.library.knowledge
        assert knowledge is not None
        entries = list(knowledge.entries.values())
        entry = draw.choices(entries, [1 / (1 + number) for number in range(len(entries))])[0]
        status = draw.choices(list(STATUSES), list(STATUSES.values()))[0]
        ranking = Ranking((Candidate(entry.full_id, 0.9, 0.9, None),), round(draw.random(), 3))
        given = entry if status in WITH_ENTRY and draw.random() < 0.95 else None
        agency = draw.choices(list(ASKING), list(ASKING.values()))[0]
        channel = draw.choices(list(CHANNELS), list(CHANNELS.values()))[0]
        asker = self._practitioner(agency).person if agency and channel == "slack" else None
        return Question(
            id=new_id(),
            at=moment,
            channel=channel,
            text=draw.choice(MISSED) if status is Status.NO_GUIDANCE else draw.choice(entry.phrases),
            reply=Reply(status, entry=given, ranking=ranking, knowledge_version=knowledge.version),
            emergency=draw.random() < 0.03,
            ms=draw.uniform(1, 9),
            person_id=asker.id if asker else None,
            agency=agency,
            agency_source=AgencySource.REMEMBERED if agency else AgencySource.UNKNOWN,
        )

    def _judged(self, question: Question) -> None:
        """Some are judged, some of these again, and some much later."""
        draw, at = self._draw, question.at
        while draw.random() < 0.22 and question.reply.status is not Status.IDENTIFIERS:
            at += timedelta(seconds=draw.randrange(draw.choice((600, 86_400 * 40))))
            self._judging.append((at, question.id, draw.random() < 0.8))

    def _judge(self, until: datetime) -> None:
        due = sorted(verdict for verdict in self._judging if verdict[0] <= until)
        self._judging = [verdict for verdict in self._judging if verdict[0] > until]

        def work(tx: Transaction) -> None:
            for at, question, helpful in due:
                questions.judge(tx, question, helpful=helpful, at=at, person_id=None)

        self._office.store.submit(work).result()

    # Escalations

    def _escalation(self) -> Acts:
        draw = self._draw
        raising, receiving = draw.choice(list(filter(None, ASKING))), draw.choice((*LEADS, "social-care", "gp"))
        while raising == receiving:
            raising = draw.choice(list(filter(None, ASKING)))
        by = self._practitioner(raising)
        choices = {"receiving": receiving, "reason": self._of("reasons"), "child_safe": draw.choice(("yes", "no"))}
        if choices["child_safe"] == "no":
            choices["done"] = "rang-duty-team"
        if draw.random() < 0.08:
            choices["urgent"] = "yes"
        if draw.random() < 0.06:
            choices |= {"stage": "stage-2", "stage_why": "The first was tried by telephone."}
        somebody = draw.random() < 0.06
        if somebody:
            heard = self._office.now.astimezone(LONDON).date() - timedelta(days=2)
            choices |= {"raising": raising, "received_on": heard.isoformat(), "heard_by": "phone"}
            choices |= {"from_whom": "A health visitor"}
            by = self._manager
        told = self._office.raise_(by, for_somebody=somebody, **choices)
        plan = draw.choices(list(ESCALATIONS), list(ESCALATIONS.values()))[0]
        yield from self._escalated(told.reference, by, plan.split())

    def _escalated(self, reference: str, by: Viewer, plan: list[str]) -> Acts:
        yield from self._tell_by_hand(reference, by)
        for act in plan:
            yield self._pause()
            self._act(reference, by, act)
            if act in ("hand-on", "redirect", "reopen"):
                yield from self._tell_by_hand(reference, by)

    def _tell_by_hand(self, reference: str, by: Viewer) -> Acts:
        """Where the bot reaches nobody, the raiser mostly tells them, and writes it down at once or later."""
        state = self._office.state(reference)
        if state.receiving in LEADS or self._draw.random() < 0.1:
            return
        told = self._office.now + self._pause()
        yield told - self._office.now
        later = self._pause() if self._draw.random() < 0.4 else timedelta()
        if later:
            yield later
        on = {"on": told.astimezone(LONDON).isoformat(timespec="minutes")} if later else {}
        self._move(Kind.TOLD, by, reference, how="phone", whom="The practice manager", **on)

    def _act(self, reference: str, by: Viewer, act: str) -> None:
        office, draw = self._office, self._draw
        state = office.state(reference)
        other = self._lead(state.receiving)
        outcome = {
            "outcome": self._of("outcomes"), "change": self._of("changes"), "child_safe": "yes", "voice": "not-known",
            "agreed": "A visit this week.",
        }  # fmt: skip
        move = partial(self._move, reference=reference)
        match act:
            case "ack":
                move(Kind.ACKNOWLEDGED, other or self._manager)
            case "view":
                move(Kind.VIEW_GIVEN, other or self._manager, view="The threshold was not met.")
            case "add":
                move(Kind.ADDED, by, note="It happened again.")
            case "propose":
                move(Kind.PROPOSED, other or by, **outcome)
            case "agree-to-theirs":
                move(Kind.PROPOSED, by, **outcome)
                move(Kind.AGREED, other or self._manager)
            case "agree" | "decline":
                proposed_by_them = other is not None and state.proposer == other.person.id
                kind = Kind.AGREED if act == "agree" else Kind.DECLINED
                move(kind, by if proposed_by_them else other or self._manager, **_why(kind))
            case "hand-on":
                later = {"stage-1": "stage-2", "stage-2": "stage-3", "stage-3": "stage-4"}.get(state.stage, "stage-4")
                if draw.random() < 0.1:
                    later = "stage-4"
                move(Kind.HANDED_ON, by, stage=later, why="It could not be settled.")
            case "urgent":
                move(Kind.MADE_URGENT, by, why="The child goes home tomorrow.")
            case "wrong":
                move(Kind.WRONG_AGENCY, other or self._manager, why="They live elsewhere.")
            case "redirect":
                agencies = [name for name in (*LEADS, "gp") if name not in (state.raising, state.receiving)]
                move(Kind.REDIRECTED, by, receiving=draw.choice(agencies))
            case "decide":
                if not state.last:
                    move(Kind.HANDED_ON, by, stage="stage-4", why="The partnership is to decide.")
                    self._deliver()
                move(Kind.DECIDED, self._manager, **outcome)
            case "follow-up":
                move(Kind.FOLLOWED_UP, by, happened="partly")
            case "withdraw" | "reopen" | "file":
                kind = {"withdraw": Kind.WITHDRAWN, "reopen": Kind.REOPENED, "file": Kind.FILED}[act]
                move(kind, by, **_why(kind))

    def _of(self, name: str) -> str:
        knowledge = self._office.library.knowledge
        assert knowledge is not None
        return str(self._draw.choice(getattr(knowledge.escalation, name)).id)

    def _move(self, kind: Kind, by: Viewer, reference: str, **values: str) -> bool:
        """Make a move where it is open; whether it was."""
        work = self._office.move if reference.startswith("ESC") else self._office.respond
        try:
            work(kind, by, reference, **values)
        except (NotNow, NotFound):
            return False
        return True

    # Feedback requests

    def _request(self) -> Acts:
        office, draw = self._office, self._draw
        by = self._practitioner(draw.choice(("high-school", "primary-school", "hospital", "gp", "police")))
        referred = office.now.astimezone(LONDON).date() - timedelta(days=draw.choice((0, 0, 1, 2, 4, 9)))
        needs = draw.choice(("decision", "decision,next-steps", "acknowledgement", "strategy-minutes"))
        told = office.ask(by, day=referred.isoformat(), needs=needs, made_how="e-mail", made_to="front-door")
        plan = draw.choices(list(REQUESTS), list(REQUESTS.values()))[0].split()
        for act in plan:
            for _ in range(5):  # the MASH answers once it was asked
                yield self._pause()
                if act == "escalate":
                    done = yield from self._escalate(told.reference, by)
                else:
                    done = self._respond(told.reference, by, act)
                if done:
                    break

    def _respond(self, reference: str, by: Viewer, act: str) -> bool:
        draw, officer = self._draw, self._viewer(OFFICER, mash=True)
        how = {"how": draw.choice(HOW_TOLD).id}
        if act in ("answer", "heard") and draw.random() < 0.3:
            referred = self._office.request(reference).referred_at
            earlier = max(referred, self._office.now - timedelta(hours=draw.randrange(40)))
            how["on"] = min(earlier, self._office.now).astimezone(LONDON).isoformat(timespec="minutes")
        move = partial(self._move, reference=reference)
        today = self._office.now.astimezone(LONDON).date().isoformat()
        match act:
            case "found" | "take" | "unmatched" | "not-received":
                kinds = {"found": Kind.FOUND, "take": Kind.TAKEN, "unmatched": Kind.UNMATCHED}
                return move(kinds.get(act, Kind.NOT_RECEIVED), officer)
            case "answer":
                return move(Kind.ANSWERED, officer, told_by="social-worker", **how)
            case "heard":
                return move(Kind.HEARD, by, **how)
            case "resend":
                return move(Kind.RESENT, by, day=today, made_how="phone", made_to="front-door")
            case "satisfied":
                return move(Kind.SATISFIED, by)
            case "not-satisfied":
                return move(Kind.NOT_SATISFIED, by, lacking=draw.choice(NOT_ENOUGH).id)
            case "not-heard":
                return move(Kind.NOT_HEARD, by)
        kind = {"withdraw": Kind.WITHDRAWN, "reopen": Kind.REOPENED}[act]
        return move(kind, by, **_why(kind))

    def _escalate(self, reference: str, by: Viewer) -> Iterator[timedelta]:
        """Go on to an escalation, which then goes its own way."""
        office = self._office
        looked = office.look(by, reference)
        if not office.feedback.may_escalate(looked, by):
            return False
        form, begun = office.feedback.escalation(looked, by)
        typed = {"disagree": "We disagree with it.", "want": "A visit this week.", "child_safe": "yes"}
        values = {"receiving": "social-care", "reason": self._of("reasons"), **begun, **typed}
        claim = office.claim()
        told = office.run(office.feedback.escalate(reference, form, values, by, claim=claim))
        story = self._escalated(told.reference, by, ["ack", "propose", "agree"])
        self._at(office.now + self._pause(), partial(self._go_on, story))
        yield timedelta(minutes=1)
        return True

    # Short records

    def _record_in_short(self) -> None:
        office, draw = self._office, self._draw
        agency = draw.choice(list(ASKING))
        kind = draw.choice((*QuickKind, None))
        if kind is None:
            self._no_answer(agency)
            return
        knowledge = office.library.knowledge
        assert knowledge is not None
        assert knowledge.escalation is not None
        form = QuickForm(kind, knowledge.escalation, knowledge.partnership.agencies)
        values = {
            "other": "social-care", "outcome": self._of("outcomes"), "reason": self._of("reasons"),
            "both_told": "yes", "why_not": draw.choice(NOT_RAISED).id, "text": "We agreed on a visit.",
            "day": office.now.astimezone(LONDON).date().isoformat(),
        }  # fmt: skip
        asked = {field.name for field in form.fields(values["day"])}
        filled = form.read(
            {name: value for name, value in values.items() if name in asked}, office.service.guard, office.now
        )
        by = self._practitioner(agency) if agency else self._viewer("U0NOBODY")
        office.run(office.service.quick(kind, filled, by, channel="slack", claim=office.claim()))

    def _no_answer(self, agency: str | None) -> None:
        draw, at = self._draw, self._office.now
        rang = at - timedelta(minutes=draw.randrange(7 * 24 * 60))
        contact = draw.choice(("front-door", "duty-team", "duty-team"))
        record = NoAnswer(contact, rang, draw.choice(list(Waited)), draw.choice(list(Did)))
        add = partial(
            quick_records.add_no_answer, record=record, at=at, channel="slack", person_id=None, agency=agency
        )
        self._office.store.submit(add).result()

    # What happens by itself

    def _confirm(self) -> None:
        """The partnership confirms its times: what is raised from now on has them."""
        policy = (ENGLAND / "escalation-policy.yaml").read_text("utf-8")
        rules = self._office.library._layers[-1] / "mash-feedback.yaml"
        rules.write_text(rules.read_text("utf-8").replace("confirmed: false", "confirmed: true"), encoding="utf-8")
        self._office.policy_becomes(policy.replace("timescales_confirmed: false", "timescales_confirmed: true"))

    def _tick(self) -> None:
        if self._office.rows("SELECT 1 FROM tickets WHERE next_look <= :now LIMIT 1", now=utc(self._office.now)):
            self._office.tick()
            self._deliver()

    def _deliver(self) -> None:
        """What waits goes out, in one transaction; a few messages do not get through, and some of them never will."""
        office, draw = self._office, self._draw
        delivered = office.records.upkeep.delivered

        def work(tx: Transaction) -> int:
            waiting = outbox.due(tx, "slack", office.now, limit=1000)
            for message in waiting:
                if draw.random() < 0.01:
                    outbox.failed(tx, message, "ratelimited", office.now, for_good=draw.random() < 0.3)
                else:
                    outbox.delivered(tx, message.id, office.now)
                    delivered(tx, message, office.now)
            return len(waiting)

        waits = "SELECT 1 FROM outbox WHERE delivered IS NULL AND given_up IS NULL AND due <= :now LIMIT 1"
        while office.rows(waits, now=utc(office.now)) and office.store.submit(work).result():
            pass


def _why(kind: Kind) -> dict[str, str]:
    return {"why": "There is more to it."} if kind in (Kind.DECLINED, Kind.WITHDRAWN, Kind.REOPENED) else {}


def _local(day: date, hour: int) -> datetime:
    """A moment of London's clock, in UTC: sums of moments are right then, also where the clocks change."""
    return datetime.combine(day, time(hour), LONDON).astimezone(UTC)
