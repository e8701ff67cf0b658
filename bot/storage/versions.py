"""The versions of the knowledge: each one's content, and which was in use from when on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.knowledge.model import KnowledgeBase
from bot.storage.database import Row, Transaction, utc


@dataclass(frozen=True)
class Kept:
    """A version that was in use."""

    version: str
    since: datetime
    content: str


def use(tx: Transaction, knowledge: KnowledgeBase, at: datetime) -> None:
    """Keep a version that is in use at `at`."""
    last = tx.one(
        "SELECT version FROM knowledge_in_use WHERE since <= :at ORDER BY since DESC, rowid DESC LIMIT 1", at=utc(at)
    )
    # Asked first: every question that is recorded comes by here, and the content is large.
    if last is not None and last["version"] == knowledge.version:
        return
    tx.execute(
        "INSERT INTO knowledge_versions (version, first_used, content) VALUES (:version, :at, :content) "
        "ON CONFLICT (version) DO NOTHING",
        version=knowledge.version,
        at=utc(at),
        content=knowledge.content,
    )
    tx.execute(
        "INSERT INTO knowledge_in_use (since, version) VALUES (:at, :version)",
        at=utc(at),
        version=knowledge.version,
    )


def tell(tx: Transaction, version: str) -> Kept | None:
    """Mark the version in use as told to people; the one told before it, where that is another."""
    row = tx.one(f"{_IN_USE}WHERE u.told = 1 ORDER BY u.since DESC, u.rowid DESC LIMIT 1")
    if row is not None and row["version"] == version:
        return None
    tx.execute(
        "UPDATE knowledge_in_use SET told = 1 WHERE rowid = "
        "(SELECT rowid FROM knowledge_in_use WHERE version = :version ORDER BY since DESC, rowid DESC LIMIT 1)",
        version=version,
    )
    return None if row is None else _kept(row)


_IN_USE = (
    "SELECT u.since, u.version, v.content FROM knowledge_in_use u JOIN knowledge_versions v ON v.version = u.version "
)


def in_use_before(tx: Transaction, end: datetime) -> Kept | None:
    """The version that was in use last before `end`; None where nothing was kept by then."""
    row = tx.one(f"{_IN_USE}WHERE u.since < :end ORDER BY u.since DESC, u.rowid DESC LIMIT 1", end=utc(end))
    return None if row is None else _kept(row)


def came_into_use(tx: Transaction, start: datetime, end: datetime) -> list[Kept]:
    """The versions that came into use from `start` until before `end`, oldest first."""
    rows = tx.all(
        f"{_IN_USE}WHERE u.since >= :start AND u.since < :end ORDER BY u.since, u.rowid",
        start=utc(start),
        end=utc(end),
    )
    return [_kept(row) for row in rows]


def by_id(tx: Transaction, beginning: str) -> list[Kept]:
    """The versions whose ids begin so, each as it was last in use."""
    rows = tx.all(
        "SELECT max(u.since) AS since, u.version, v.content FROM knowledge_in_use u "
        "JOIN knowledge_versions v ON v.version = u.version "
        "WHERE substr(u.version, 1, :length) = :beginning GROUP BY u.version",
        beginning=beginning,
        length=len(beginning),
    )
    return [_kept(row) for row in rows]


def _kept(row: Row) -> Kept:
    return Kept(row["version"], datetime.fromisoformat(row["since"]), row["content"])
