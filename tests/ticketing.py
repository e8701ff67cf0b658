"""Escalations for tests: the service, and a small town whose agencies have leads."""

import asyncio
import itertools
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from bot import outbox
from bot.access import Viewer
from bot.announcing import Announcer
from bot.answering.library import Library
from bot.desk import Desk
from bot.digests import Recipients
from bot.escalations import EscalationLedger, Escalations
from bot.feedback import Feedback, FeedbackLedger
from bot.mash import Mash
from bot.outbox import NotSent
from bot.records import Records
from bot.storage import history
from bot.storage.database import Store, migrate
from bot.tickets.escalations.state import folded
from bot.tickets.feedback import state as feedback_state

AUDIT_KEY = "a" * 64


def records_of(desk, *, managers=(), channel=None, officers=(), mash_channel=None, enabled=True, recipients=None):
    """The records on a desk's database and clock."""
    announcer = Announcer(tuple(managers), channel, enabled=enabled)
    mash = Mash(tuple(officers), mash_channel, tuple(managers), enabled=enabled)
    escalations = Escalations(EscalationLedger(desk, AUDIT_KEY, announcer))
    feedback = Feedback(FeedbackLedger(desk, AUDIT_KEY, mash), escalations)
    return Records(desk, escalations, feedback, recipients or Recipients())


TOWN = """
name: Smalltown Safeguarding Children Partnership
emergency_contacts: [front-door, duty-team]
agencies:
  - id: high-school
    name: High School
    kind: school
    domains: [school.example]
    leads:
      - {role: Designated safeguarding lead, slack: U0DSL, email: dsl@school.example}
      - {role: Head of safeguarding, slack: U0HEAD, stages: [stage-3]}
  - id: social-care
    name: Smalltown Council
    kind: social-care
    leads:
      - role: Team manager
        slack: U0TEAM
        deputy: {role: Deputy team manager, slack: U0DEPUTY}
      - {role: Head of service, slack: U0SERVICE, stages: [stage-3]}
  - {id: gp, name: Green Surgery, kind: gp}
"""
"""Two agencies with leads whom the bot can tell, and one without."""
LADO = """
  - id: lado
    name: Smalltown LADO
    numbers: [{display: "01632 960003", dial: "+441632960003"}]
    hours: unknown
"""
GUIDANCE = """
topic: escalation
entries:
  - id: overview
    title: We disagree about a child
    answer: Talk to them first, then raise it.
    phrases: [how do we raise a disagreement, who settles a disagreement about a decision]
"""


def _laid_over(england, given):
    """England's file with some of its keys replaced."""
    names = [line.partition(":")[0] for line in given.splitlines()]
    kept = [line for line in england.read_text("utf-8").splitlines() if line.partition(":")[0] not in names]
    return "\n".join([*kept, given])


def town(folder, england, policy="name: Resolution policy\n", feedback="answered_by: social-care\n"):
    """Turn the tiny partnership in `folder` into one with agencies that have leads, and with a policy."""
    (folder / "partnership.yaml").write_text(TOWN, encoding="utf-8")
    contacts = (folder / "contacts.yaml").read_text("utf-8")
    (folder / "contacts.yaml").write_text(contacts.rstrip() + LADO, encoding="utf-8")
    (folder / "escalation.yaml").write_text(GUIDANCE, encoding="utf-8")
    (folder / "escalation-policy.yaml").write_text(_laid_over(england / "escalation-policy.yaml", policy), "utf-8")
    (folder / "mash-feedback.yaml").write_text(_laid_over(england / "mash-feedback.yaml", feedback), "utf-8")
    return folder


TEACHER, DSL, TEAM, DEPUTY, SERVICE = "U0ANNA", "U0DSL", "U0TEAM", "U0DEPUTY", "U0SERVICE"
MANAGER, TALKER, STRANGER, OFFICER = "U0ANN", "U0TALKER", "U0NOBODY", "U0MASH"
MONDAY = datetime(2026, 4, 27, 9, 0, tzinfo=UTC)  # 10:00 in London
RAISED = {
    "receiving": "social-care",
    "reason": "referral-criteria",
    "disagree": "The referral was turned down.",
    "want": "A social worker sees the child this week.",
    "child_safe": "yes",
}
ASKED = {
    "day": "2026-04-24",
    "made_how": "phone",
    "made_to": "front-door",
    "needs": "decision,next-steps",
    "changed": "no",
}
OUTCOME = {
    "outcome": "decision-changed",
    "change": "seen-sooner",
    "child_safe": "yes",
    "voice": "yes",
    "agreed": "A visit this week.",
}


class Office:
    """The service on a real database without any channel: people who act, and a clock that a test moves."""

    def __init__(self, folder, data, *, now=MONDAY, **announcer):
        self.now = now
        data.mkdir(parents=True, exist_ok=True)
        self.database = data / "safeguarding.db"
        self.library = Library(folder.parent, folder.name, data, lambda: self.now)
        self.library.open()
        assert self.library.faults == ()
        migrate(self.database)
        self.store = Store(self.database)
        self.desk = Desk(self.library, self.store, lambda: self.now)
        self.records = records_of(self.desk, **announcer)
        self.service = self.records.escalations
        self.feedback = self.records.feedback
        self._loop = asyncio.Runner()
        self._claims = itertools.count(1)

    def close(self):
        self._loop.close()
        self.store.close()

    def run(self, work):
        """What a coroutine returns."""
        return self._loop.run(work)

    def viewer(self, name, *, agency=None, leads=(), **roles):
        """Somebody of the workspace, and what they are entitled to."""
        person = self.run(self.desk.person("slack", name))
        return Viewer(replace(person, agency=agency), frozenset(leads), **roles)

    @property
    def teacher(self):
        return self.viewer(TEACHER, agency="high-school")

    @property
    def school_lead(self):
        return self.viewer(DSL, agency="high-school", leads=["high-school"])

    @property
    def council_lead(self):
        return self.viewer(TEAM, agency="social-care", leads=["social-care"])

    @property
    def officer(self):
        return self.viewer(OFFICER, mash=True)

    @property
    def manager(self):
        return self.viewer(MANAGER, manager=True)

    def claim(self):
        return f"view:{next(self._claims)}"

    def raise_(self, by=None, *, claim=None, link=None, for_somebody=False, reached=None, **changes):
        """Raise an escalation; what is said of it."""
        by = by or self.teacher
        form = self.service.form(by, for_somebody=for_somebody, stage=reached)
        form = replace(form, not_safe="done" in changes)
        values = {**RAISED, **changes}
        return self.run(self.service.raise_(form, values, by, claim=claim or self.claim(), link=link))

    def move(self, kind, by, reference="ESC-2026-0001", *, claim=None, **values):
        """Make a move; how it stands then."""
        return self.run(self.service.move(reference, kind, values, by, claim=claim or self.claim())).state

    def look(self, by, reference="ESC-2026-0001"):
        return self.run(self.records.of(reference).look(reference, by))

    def ask(self, by=None, *, claim=None, **changes):
        """Ask what became of a referral; what is said of it."""
        by = by or self.teacher
        values = {**ASKED, **changes}
        return self.run(self.feedback.ask(self.feedback.form(by), values, by, claim=claim or self.claim()))

    def respond(self, kind, by, reference="MASH-2026-0001", *, claim=None, **values):
        """Make a move on a feedback request; how it stands then."""
        return self.run(self.feedback.move(reference, kind, values, by, claim=claim or self.claim())).state

    def request(self, reference="MASH-2026-0001"):
        """A feedback request as it stands."""
        return feedback_state.folded(self.events(reference))

    def list_of_the_day(self):
        return self.run(self.feedback.days_list())

    def tick(self):
        return self.run(self.records.upkeep.tick())

    def deliver(self, refuse=()):
        """Send what waits, as a channel that takes all but what goes to `refuse`; the messages sent."""
        sent = []

        async def send(waiting):
            if waiting.recipient in refuse:
                raise NotSent("refused")
            sent.append(waiting)
            return f"{len(sent)}.0"

        deliver = partial(outbox.deliver, self.store, "slack", send, self.desk.clock, self.records.upkeep.delivered)
        while self.run(deliver()):
            pass
        return sent

    def policy_becomes(self, policy):
        """An editor saves another policy, and the bot takes it in."""
        path = self.library._layers[-1] / "escalation-policy.yaml"
        path.write_text(policy, encoding="utf-8")
        self.library.refresh()
        assert self.library.refresh(), self.library.faults

    def rows(self, sql, **parameters):
        with self.store.reading() as tx:
            return tx.all(sql, **parameters)

    def events(self, reference="ESC-2026-0001"):
        with self.store.reading() as tx:
            return history.of(tx, reference)

    def state(self, reference="ESC-2026-0001"):
        return folded(self.events(reference))

    def outbox(self, *, since=0):
        """The messages that were queued after row `since`, oldest first, each with its row."""
        return self.rows("SELECT rowid AS row, * FROM outbox WHERE rowid > :since ORDER BY rowid", since=since)


def office_in(
    folder, england, data, *, policy="name: Resolution policy\n", feedback="answered_by: social-care\n", **announcer
):
    """An office of the small town, with its policies as `town` writes them."""
    return Office(town(folder, england, policy, feedback), data, **announcer)
