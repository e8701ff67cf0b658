"""A partnership with records of some years, for reports: rows as the services would leave them, from a seed."""

import random
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from ticketing import town

from bot.config import ROOT
from bot.knowledge.loading import layers_of, load
from bot.knowledge.model import KnowledgeBase
from bot.storage.database import Transaction, connect, migrate, utc
from bot.storage.quick_records import NO_ANSWER
from bot.tickets.moves import HOW_TOLD

LONDON = ZoneInfo("Europe/London")
ENGLAND = ROOT / "knowledge" / "england"
PARTNERSHIP = """
name: Smalltown Safeguarding Children Partnership
emergency_contacts: [front-door, duty-team]
agencies:
  - {id: high-school, name: High School, kind: school}
  - {id: primary-school, name: Primary School, kind: school}
  - {id: social-care, name: Smalltown Council, kind: social-care}
  - {id: police, name: Town Police, kind: police}
  - {id: gp, name: Green Surgery, kind: gp}
"""
AGENCIES = ("high-school", "primary-school", "social-care", "police", "gp")
STATUSES = {
    "answered": 60, "choose": 8, "no_guidance": 12, "individual_case": 4, "small_talk": 6, "identifiers": 4,
    "error": 1,
}  # fmt: skip


def knowledge_of(folder: Path, *, confirmed: bool = False) -> KnowledgeBase:
    """The partnership. `folder`: of the tiny one."""
    more = "answered_by: social-care\n" + ("timescales_confirmed: true\n" if confirmed else "")
    town(folder, ENGLAND, feedback=more)
    (folder / "partnership.yaml").write_text(PARTNERSHIP, encoding="utf-8")
    return load(layers_of(folder.parent, folder.name))


@dataclass(frozen=True)
class Much:
    """How many records there are of each kind."""

    questions: int = 0
    escalations: int = 0
    requests: int = 0
    records: int = 0


def fill(database: Path, knowledge: KnowledgeBase, first: date, last: date, much: Much, seed: int = 1) -> None:
    """Add records of the days from `first` to `last`; some agencies, topics and reasons have far more than others."""
    migrate(database)
    with closing(connect(database)) as connection:
        tx = Transaction(connection)
        connection.execute("BEGIN")
        _Filling(tx, knowledge, random.Random(seed), first, (last - first).days + 1).all(much)
        connection.execute("COMMIT")


@dataclass
class _Filling:
    tx: Transaction
    knowledge: KnowledgeBase
    draw: random.Random
    first: date
    days: int

    def all(self, much: Much) -> None:
        policy, rules = self.knowledge.escalation, self.knowledge.feedback
        for name, content in (("policy", policy), ("rules", rules)):
            self.tx.execute(
                "INSERT OR IGNORE INTO policies (version, content) VALUES (:name, :content)",
                name=name,
                content=content.model_dump_json(),
            )
        for make, count in (
            (self._question, much.questions),
            (self._escalation, much.escalations),
            (self._request, much.requests),
            (self._record, much.records),
        ):
            for _ in range(count):
                make(f"{self.first}-{self.draw.getrandbits(64):x}")

    def _question(self, name: str) -> None:
        status = self.draw.choices(list(STATUSES), list(STATUSES.values()))[0]
        entry = self._one(list(self.knowledge.entries)) if status == "answered" else None
        judged = status == "answered" and self.draw.random() < 0.2
        self._insert(
            "questions",
            id=name,
            at=utc(self._moment()),
            channel=self._one(["slack", "web", "terminal"]),
            agency=self._one([*AGENCIES, None]),
            agency_source="declared",
            status=status,
            entry=entry,
            emergency=int(self.draw.random() < 0.05),
            helpful=int(self.draw.random() < 0.8) if judged else None,
            ms=1.0,
        )

    def _escalation(self, name: str) -> None:
        policy, at = self.knowledge.escalation, self._moment()
        raising, receiving = self.draw.sample(AGENCIES, 2)
        settled, withdrawn = self.draw.random() < 0.7, self.draw.random() < 0.3
        self._insert(
            "tickets",
            reference=f"ESC-{name}",
            kind="escalation",
            opened_at=utc(at),
            raising=raising,
            receiving=receiving,
            policy="policy",
            reason=self._one([option.id for option in policy.reasons]),
            stage=self._one([stage.id for stage in policy.stages]),
            stand="closed" if settled else "withdrawn" if withdrawn else "told",
            closed_at=utc(at + timedelta(days=5)) if settled or withdrawn else None,
            closed_as="agreed" if settled else "withdrawn" if withdrawn else None,
            outcome=self._one([option.id for option in policy.outcomes]) if settled else None,
            change=self._one([option.id for option in policy.changes]) if settled else None,
            acknowledged_minutes=self.draw.randrange(2000) if self.draw.random() < 0.8 else None,
        )

    def _request(self, name: str) -> None:
        at = self._moment()
        told = self.draw.random() < 0.8
        self._insert(
            "tickets",
            reference=f"MASH-{name}",
            kind="feedback",
            opened_at=utc(at),
            raising=self._one(AGENCIES),
            policy="rules",
            stand="answered" if told else "asked",
            expected_at=utc(at + timedelta(days=1)),
            answered_at=utc(at + timedelta(hours=self.draw.randrange(60))) if told else None,
            working_minutes=self.draw.randrange(1200) if told else None,
            how_told=self._one([option.id for option in HOW_TOLD]) if told else None,
            satisfied=self._one(["yes", "no", None]) if told else None,
        )

    def _record(self, name: str) -> None:
        kind = self._one(["talk", NO_ANSWER, "worked-well", "considered-not-escalated"])
        called = {"contact": "front-door", "rang_at": utc(self._moment())} if kind == NO_ANSWER else {}
        self._insert(
            "quick_records",
            reference=f"QR-{name}",
            kind=kind,
            at=utc(self._moment()),
            channel="slack",
            agency=self._one(AGENCIES),
            **called,
        )

    def _one(self, choices):
        """The first far more often than the last."""
        return self.draw.choices(choices, [1 / (1 + place) for place in range(len(choices))])[0]

    def _moment(self) -> datetime:
        day = self.first + timedelta(days=self.draw.randrange(self.days))
        return datetime(day.year, day.month, day.day, 12, tzinfo=UTC) + timedelta(minutes=self.draw.randrange(300))

    def _insert(self, table: str, **columns) -> None:
        names = ", ".join(columns)
        self.tx.execute(f"INSERT INTO {table} ({names}) VALUES (:{', :'.join(columns)})", **columns)
