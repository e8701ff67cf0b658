"""Claims: what was done once is not done again, whatever is delivered twice."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.storage.database import Transaction, utc

KEPT = timedelta(days=7)
"""Slack repeats an event for an hour at most."""
KNOWLEDGE_FAULT = "knowledge-fault:"
"""Begins the claims of broken states that were told. They hold until released, however long that takes."""


def claim(tx: Transaction, key: str, at: datetime, result: str | None = None) -> bool:
    """Claim `key` in the transaction of what it protects; False where it was claimed before."""
    return (
        tx.execute(
            "INSERT INTO claims (key, at, result) VALUES (:key, :at, :result) ON CONFLICT (key) DO NOTHING",
            key=key,
            at=utc(at),
            result=result,
        )
        == 1
    )


def claimed(tx: Transaction, key: str) -> bool:
    """Whether `key` was claimed."""
    return tx.one("SELECT 1 FROM claims WHERE key = :key", key=key) is not None


def result_of(tx: Transaction, key: str) -> str | None:
    """What came of what was claimed with `key`, where it was."""
    row = tx.one("SELECT result FROM claims WHERE key = :key", key=key)
    return None if row is None else row["result"]


def release(tx: Transaction, beginning: str) -> int:
    """Remove the claims whose keys begin so; how many there were."""
    return tx.execute(
        "DELETE FROM claims WHERE substr(key, 1, :length) = :beginning", beginning=beginning, length=len(beginning)
    )


def forget_old(tx: Transaction, now: datetime) -> int:
    """Remove claims that nothing can repeat any more."""
    return tx.execute(
        "DELETE FROM claims WHERE at < :before AND substr(key, 1, :length) <> :lasting",
        before=utc(now - KEPT),
        lasting=KNOWLEDGE_FAULT,
        length=len(KNOWLEDGE_FAULT),
    )
