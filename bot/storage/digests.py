"""The weekly digests that were queued, each once; and what they are made from that no figure counts."""

from __future__ import annotations

from datetime import datetime

from bot.storage.database import Row, Transaction, utc


def is_queued(tx: Transaction, week: str, audience: str) -> bool:
    """Whether a week's digest for an audience was queued, to whomever."""
    row = tx.one(
        "SELECT 1 FROM digests WHERE week = :week AND audience = :audience LIMIT 1", week=week, audience=audience
    )
    return row is not None


def is_past(tx: Transaction, week: str, audience: str) -> bool:
    """Whether a week's digest for an audience was queued, or that of a later week: a clock may have been put back."""
    row = tx.one(
        "SELECT 1 FROM digests WHERE week >= :week AND audience = :audience LIMIT 1", week=week, audience=audience
    )
    return row is not None


def add(tx: Transaction, week: str, audience: str, recipient: str, at: datetime) -> bool:
    """Keep that a digest is queued, in the transaction that queues it; False where it was before."""
    added = tx.execute(
        "INSERT INTO digests (week, audience, recipient, at) VALUES (:week, :audience, :recipient, :at) "
        "ON CONFLICT DO NOTHING",
        week=week,
        audience=audience,
        recipient=recipient,
        at=utc(at),
    )
    return added == 1


def in_use_since(tx: Transaction) -> datetime | None:
    """When the bot was first in use here; None where nothing was kept of it yet."""
    row = tx.one(
        "SELECT min(at) AS at FROM (SELECT min(since) AS at FROM knowledge_in_use "
        "UNION ALL SELECT min(at) FROM questions UNION ALL SELECT min(opened_at) FROM tickets)"
    )
    return None if row is None or row["at"] is None else datetime.fromisoformat(row["at"])


def last_moves(tx: Transaction) -> dict[str, datetime]:
    """When somebody last did anything about each open ticket; the bot's own events and readings are nothing done."""
    rows = tx.all(
        "SELECT e.ticket, max(e.at) AS at FROM events e JOIN tickets t ON t.reference = e.ticket "
        "WHERE t.closed_at IS NULL AND e.side <> 'bot' AND e.kind NOT IN ('read', 'snoozed') GROUP BY e.ticket"
    )
    return {row["ticket"]: datetime.fromisoformat(row["at"]) for row in rows}


def closed(tx: Transaction, begins: datetime, ends: datetime) -> list[Row]:
    """The tickets that were closed in a period, in that order: what they are, and how they ended."""
    return tx.all(
        "SELECT reference, kind, raising, receiving, closed_as, outcome FROM tickets "
        "WHERE closed_at >= :begins AND closed_at < :ends ORDER BY closed_at, reference",
        begins=utc(begins),
        ends=utc(ends),
    )
