"""Questions asked, the version of the knowledge that answered them, and what people thought of the answers."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from bot.access import AgencySource
from bot.answering.reply import Reply, Status
from bot.knowledge.model import KnowledgeBase
from bot.storage import versions
from bot.storage.database import Row, Transaction, utc

KEPT_TEXT = frozenset({Status.ANSWERED, Status.CHOOSE, Status.NO_GUIDANCE, Status.SMALL_TALK, Status.INDIVIDUAL_CASE})
"""Only what came past the identifiers step is kept: what was stopped before it was never looked at for names."""


def new_id() -> str:
    """An id that cannot be guessed."""
    return secrets.token_hex(12)


@dataclass(frozen=True)
class Question:
    """One question as it is recorded."""

    id: str
    at: datetime
    channel: str
    text: str | None
    """None where nothing of it may be kept."""
    reply: Reply
    emergency: bool
    ms: float
    person_id: str | None = None
    agency: str | None = None
    agency_source: AgencySource = AgencySource.UNKNOWN
    thread: str | None = None


def record(tx: Transaction, question: Question, knowledge: KnowledgeBase | None) -> None:
    """Record a question, and the knowledge that it was answered from when that version is new."""
    reply = question.reply
    version = None
    if knowledge is not None and reply.knowledge_version == knowledge.version:
        version = knowledge.version
        versions.use(tx, knowledge, question.at)
    tx.execute(
        "INSERT INTO questions (id, at, channel, person_id, agency, agency_source, thread, text, status, emergency, "
        "entry, score, knowledge_version, ms) VALUES (:id, :at, :channel, :person_id, :agency, :agency_source, "
        ":thread, :text, :status, :emergency, :entry, :score, :version, :ms)",
        id=question.id,
        at=utc(question.at),
        channel=question.channel,
        person_id=question.person_id,
        agency=question.agency,
        agency_source=question.agency_source.value,
        thread=question.thread,
        text=question.text if reply.status in KEPT_TEXT else None,
        status=reply.status.value,
        emergency=int(question.emergency),
        entry=reply.answer_id,
        score=round(reply.ranking.confidence, 5) if reply.ranking.candidates else None,
        version=version,
        ms=round(question.ms, 3),
    )


def last_entry(tx: Transaction, thread: str) -> str | None:
    """The entry that the last question of a thread was answered with."""
    row = tx.one(
        "SELECT entry FROM questions WHERE thread = :thread AND entry IS NOT NULL ORDER BY at DESC LIMIT 1",
        thread=thread,
    )
    return None if row is None else row["entry"]


def judge(
    tx: Transaction,
    question_id: str,
    *,
    helpful: bool,
    at: datetime,
    person_id: str | None,
    missing: str | None = None,
) -> bool:
    """Record whether an answer helped, and what was missing (free of identifiers); False: no such question."""
    if tx.one("SELECT 1 FROM questions WHERE id = :id", id=question_id) is None:
        return False
    tx.execute(
        "INSERT INTO verdicts (id, question_id, at, person_id, helpful, missing) "
        "VALUES (:id, :question, :at, :person, :helpful, :missing)",
        id=new_id(),
        question=question_id,
        at=utc(at),
        person=person_id,
        helpful=int(helpful),
        missing=missing,
    )
    # The last verdict stands with the question too: figures are counted without looking up those of each.
    tx.execute(
        "UPDATE questions SET helpful = "
        "(SELECT helpful FROM verdicts WHERE question_id = :id ORDER BY at DESC, id DESC LIMIT 1) WHERE id = :id",
        id=question_id,
    )
    return True


@dataclass(frozen=True)
class Unanswered:
    """A question that no entry answered, or whose answer did not help: how often, and what was said to be missing."""

    text: str
    times: int
    missing: tuple[str, ...]


def unanswered(tx: Transaction, since: datetime) -> list[Unanswered]:
    """The questions since `since` for which there was no guidance, or whose last verdict was "not helpful"."""
    rows = tx.all(
        "SELECT q.text, v.missing FROM questions q LEFT JOIN verdicts v ON v.id = "
        "(SELECT id FROM verdicts WHERE question_id = q.id ORDER BY at DESC, id DESC LIMIT 1) "
        "WHERE q.text IS NOT NULL AND q.at >= :since AND (q.status = 'no_guidance' OR v.helpful = 0) ORDER BY q.at",
        since=utc(since),
    )
    found: dict[str, list[str | None]] = {}
    for row in rows:
        found.setdefault(" ".join(row["text"].split()), []).append(row["missing"])
    return [Unanswered(text, len(said), tuple(dict.fromkeys(filter(None, said)))) for text, said in found.items()]


def exported(tx: Transaction) -> list[Row]:
    """Every column of every question, oldest first, with the last verdict on it."""
    return tx.all(
        "SELECT q.*, v.helpful, v.missing FROM questions q LEFT JOIN verdicts v ON v.id = "
        "(SELECT id FROM verdicts WHERE question_id = q.id ORDER BY at DESC, id DESC LIMIT 1) ORDER BY q.at, q.id"
    )


EXPORTED = (
    "id", "at", "channel", "person_id", "agency", "agency_source", "thread", "text", "status", "emergency", "entry",
    "score", "knowledge_version", "ms", "helpful", "missing",
)  # fmt: skip
