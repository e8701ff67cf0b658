"""Messages waiting to be delivered, stored in the transaction of what they announce."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from bot.storage.database import Row, Transaction, utc

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
GIVEN_UP_AFTER = 60
"""Attempts: a little over two days."""


class MessageKind(StrEnum):
    """How a message is shown."""

    TEXT = "text"
    TICKET = "ticket"
    """A text about a ticket, with a button that opens it."""
    REMINDER = "reminder"
    """As that, with a button to put reminders off."""
    PROMPT = "prompt"
    """As that, with the buttons that answer what it asks, as they are open when it goes out."""
    LIST = "list"
    """What waits for the MASH, as it stands when the message goes out."""
    CARD = "card"
    """A ticket as it stands when the message goes out: posted once in a channel, then kept up to date."""
    DIGEST = "digest"
    """A digest as it was made: JSON of `bot.reporting.digest.Digest`, kept until it went through."""


@dataclass(frozen=True)
class Waiting:
    """One message for one recipient."""

    id: str
    channel: str
    recipient: str
    message: str
    attempts: int
    kind: MessageKind = MessageKind.TEXT
    ticket: str | None = None
    wait: int | None = None
    """The event that is answered when this is delivered: the other agency has been told then."""


def queue(
    tx: Transaction,
    channel: str,
    recipient: str,
    message: str,
    at: datetime,
    *,
    kind: MessageKind = MessageKind.TEXT,
    ticket: str | None = None,
    dedupe: str | None = None,
    wait: int | None = None,
) -> None:
    """Queue a message, in the transaction of what it announces. With `dedupe`, once for that name."""
    tx.execute(
        "INSERT INTO outbox (id, created, due, channel, recipient, message, kind, ticket, dedupe, wait) VALUES "
        "(:id, :at, :at, :channel, :recipient, :message, :kind, :ticket, :dedupe, :wait) ON CONFLICT DO NOTHING",
        id=secrets.token_hex(12),
        at=utc(at),
        channel=channel,
        recipient=recipient,
        message=message,
        kind=kind.value,
        ticket=ticket,
        dedupe=dedupe,
        wait=wait,
    )


def due(tx: Transaction, channel: str, now: datetime, limit: int = 20) -> list[Waiting]:
    """The messages of a channel that are due, as they were queued; none goes before an earlier one to its recipient.

    In the order of the rows, which is that of the events: of two that come at once, the later clock may write first.
    """
    rows = tx.all(
        "SELECT id, channel, recipient, message, attempts, kind, ticket, wait FROM outbox o "
        "WHERE delivered IS NULL AND given_up IS NULL "
        "AND due <= :now AND channel = :channel AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.channel = o.channel "
        "AND e.recipient = o.recipient AND e.delivered IS NULL AND e.given_up IS NULL AND e.rowid < o.rowid "
        "AND e.due > :now) ORDER BY rowid LIMIT :limit",
        now=utc(now),
        channel=channel,
        limit=limit,
    )
    return [_waiting(row) for row in rows]


_COLUMNS = "id, channel, recipient, message, attempts, kind, ticket, wait"


def telling(tx: Transaction, channel: str, recipient: str) -> list[Waiting]:
    """The messages to somebody that are to tell them of a stage, and wait."""
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM outbox WHERE channel = :channel AND recipient = :recipient "  # noqa: S608 - names
        "AND wait IS NOT NULL AND delivered IS NULL AND given_up IS NULL ORDER BY rowid",
        channel=channel,
        recipient=recipient,
    )
    return [_waiting(row) for row in rows]


def is_told_elsewhere(tx: Transaction, waiting: Waiting) -> bool:
    """Whether another message tells, or told, somebody else of the same stage."""
    row = tx.one(
        "SELECT 1 FROM outbox WHERE ticket = :ticket AND wait = :wait AND id <> :id AND given_up IS NULL",
        ticket=waiting.ticket,
        wait=waiting.wait,
        id=waiting.id,
    )
    return row is not None


def _waiting(row: Row) -> Waiting:
    return Waiting(**{**row, "kind": MessageKind(row["kind"])})


def posted(tx: Transaction, ticket: str, channel: str, recipient: str) -> str | None:
    """The id of the message in which a ticket stands in a channel, where there is one."""
    row = tx.one(
        "SELECT message_id FROM posted WHERE ticket = :ticket AND channel = :channel AND recipient = :recipient",
        ticket=ticket,
        channel=channel,
        recipient=recipient,
    )
    return None if row is None else row["message_id"]


def keep_posted(tx: Transaction, ticket: str, channel: str, recipient: str, message_id: str) -> None:
    """Keep in which message a ticket stands in a channel."""
    tx.execute(
        "INSERT INTO posted (ticket, channel, recipient, message_id) VALUES (:ticket, :channel, :recipient, :id) "
        "ON CONFLICT (ticket, channel, recipient) DO UPDATE SET message_id = excluded.message_id",
        ticket=ticket,
        channel=channel,
        recipient=recipient,
        id=message_id,
    )


def begin(tx: Transaction, message_id: str, at: datetime) -> bool:
    """A message is about to be sent. Whether it was before, and a process died then: it may be sent twice.

    `repeats` counts that.
    """
    row = tx.one("SELECT sending FROM outbox WHERE id = :id", id=message_id)
    again = row is not None and row["sending"] is not None
    tx.execute(
        "UPDATE outbox SET sending = :at, repeats = repeats + :again WHERE id = :id",
        at=utc(at),
        again=int(again),
        id=message_id,
    )
    return again


def repeats(tx: Transaction, begins: datetime = FIRST, ends: datetime = LAST) -> int:
    """How often a message that is counted may have been sent once more, of those that were queued in a period."""
    row = tx.one(
        "SELECT coalesce(sum(repeats), 0) AS repeats FROM outbox WHERE created >= :begins AND created < :ends",
        begins=utc(begins),
        ends=utc(ends),
    )
    return int(row["repeats"]) if row else 0


def delivered(tx: Transaction, message_id: str, at: datetime) -> None:
    """A message is through. Of a digest, which may quote questions, nothing stays."""
    tx.execute(
        f"UPDATE outbox SET delivered = :at, sending = NULL, {_EMPTIED} WHERE id = :id",  # noqa: S608 - names only
        at=utc(at),
        id=message_id,
    )


_EMPTIED = f"message = CASE kind WHEN '{MessageKind.DIGEST}' THEN '' ELSE message END"


def failed(
    tx: Transaction,
    waiting: Waiting,
    error: str,
    at: datetime,
    pause: timedelta | None = None,
    *,
    for_good: bool = False,
) -> None:
    """A message is not through. It is tried again after `pause`, or after a time that doubles up to an hour.

    It is given up after many attempts, or at once where it failed `for_good`.

    `error` names the kind of error; it never holds what somebody typed.
    """
    attempts = waiting.attempts + 1
    wait = pause or min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(attempts - 1, 10))
    given_up = for_good or attempts >= GIVEN_UP_AFTER
    emptied = f", {_EMPTIED}" if given_up else ""
    tx.execute(
        "UPDATE outbox SET attempts = :attempts, last_error = :error, due = :due, given_up = :given_up, "  # noqa: S608
        f"sending = NULL{emptied} WHERE id = :id",
        attempts=attempts,
        error=error,
        due=utc(at + wait),
        given_up=utc(at) if given_up else None,
        id=waiting.id,
    )


def undelivered(tx: Transaction) -> int:
    """How many messages wait, whether they are due or not."""
    row = tx.one("SELECT count(*) AS waiting FROM outbox WHERE delivered IS NULL AND given_up IS NULL")
    return int(row["waiting"]) if row else 0


def troubled(tx: Transaction) -> list[Row]:
    """Messages that were tried and are not through, those given up first."""
    return tx.all(
        "SELECT channel, recipient, attempts, last_error, given_up FROM outbox "
        "WHERE delivered IS NULL AND attempts > 0 ORDER BY given_up IS NULL, created"
    )
