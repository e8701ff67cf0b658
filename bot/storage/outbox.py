"""Messages waiting to be delivered, stored in the transaction of what they announce."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.storage.database import Row, Transaction, utc

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
GIVEN_UP_AFTER = 60
"""Attempts: a little over two days."""


@dataclass(frozen=True)
class Waiting:
    """One message for one recipient."""

    id: str
    channel: str
    recipient: str
    message: str
    attempts: int


def queue(tx: Transaction, channel: str, recipient: str, message: str, at: datetime) -> None:
    """Queue a message, in the transaction of what it announces."""
    tx.execute(
        "INSERT INTO outbox (id, created, due, channel, recipient, message) "
        "VALUES (:id, :at, :at, :channel, :recipient, :message)",
        id=secrets.token_hex(12),
        at=utc(at),
        channel=channel,
        recipient=recipient,
        message=message,
    )


def due(tx: Transaction, channel: str, now: datetime, limit: int = 20) -> list[Waiting]:
    """The messages of a channel that are due, oldest first; none goes before an earlier one to the same recipient."""
    rows = tx.all(
        "SELECT id, channel, recipient, message, attempts FROM outbox o WHERE delivered IS NULL AND given_up IS NULL "
        "AND due <= :now AND channel = :channel AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.channel = o.channel "
        "AND e.recipient = o.recipient AND e.delivered IS NULL AND e.given_up IS NULL AND e.rowid < o.rowid "
        "AND e.due > :now) ORDER BY created, rowid LIMIT :limit",
        now=utc(now),
        channel=channel,
        limit=limit,
    )
    return [Waiting(**row) for row in rows]


def delivered(tx: Transaction, message_id: str, at: datetime) -> None:
    """A message is through."""
    tx.execute("UPDATE outbox SET delivered = :at WHERE id = :id", at=utc(at), id=message_id)


def failed(tx: Transaction, waiting: Waiting, error: str, at: datetime, pause: timedelta | None = None) -> None:
    """A message is not through. It is tried again after `pause`, or after a time that doubles up to an hour.

    `error` names the kind of error; it never holds what somebody typed.
    """
    attempts = waiting.attempts + 1
    wait = pause or min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(attempts - 1, 10))
    tx.execute(
        "UPDATE outbox SET attempts = :attempts, last_error = :error, due = :due, given_up = :given_up "
        "WHERE id = :id",
        attempts=attempts,
        error=error,
        due=utc(at + wait),
        given_up=utc(at) if attempts >= GIVEN_UP_AFTER else None,
        id=waiting.id,
    )


def troubled(tx: Transaction) -> list[Row]:
    """Messages that were tried and are not through, those given up first."""
    return tx.all(
        "SELECT channel, recipient, attempts, last_error, given_up FROM outbox "
        "WHERE delivered IS NULL AND attempts > 0 ORDER BY given_up IS NULL, created"
    )
