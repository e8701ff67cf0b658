"""What figures are counted from: rows of a period, grouped where there are many. Of what was typed only questions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.storage.database import Row, Transaction, utc


def question_groups(tx: Transaction, begins: datetime, ends: datetime) -> Sequence[Row]:
    """Questions asked in a period, by status, entry, agency and channel.

    `judged`: on how many of them there is a verdict; `helped`: of how many the last verdict is that it helped;
    `emergencies`: how many told of danger.
    """
    return tx.all(
        "SELECT status, entry, agency, channel, count(*) AS questions, count(helpful) AS judged, "
        "coalesce(sum(helpful), 0) AS helped, sum(emergency) AS emergencies "
        "FROM questions WHERE at >= :begins AND at < :ends GROUP BY status, entry, agency, channel",
        begins=utc(begins),
        ends=utc(ends),
    )


def without_answer(
    tx: Transaction, begins: datetime, ends: datetime, *, agency: str | None, topic: str | None, limit: int
) -> Sequence[Row]:
    """Questions of a period without guidance, or whose last verdict was "not helpful": ids and texts, oldest first.

    `agency` and `topic`: only theirs; None for all. `limit`: no more than so many, the newest.
    """
    rows = tx.all(
        "SELECT id, text FROM questions WHERE at >= :begins AND at < :ends AND text IS NOT NULL "
        "AND (status = 'no_guidance' OR helpful = 0) AND (:agency IS NULL OR agency = :agency) "
        "AND (:topic IS NULL OR substr(entry, 1, length(:topic) + 1) = :topic || '.') "
        "ORDER BY at DESC, id DESC LIMIT :limit",
        begins=utc(begins),
        ends=utc(ends),
        agency=agency,
        topic=topic,
        limit=limit,
    )
    return rows[::-1]


def escalations_opened(tx: Transaction, begins: datetime, ends: datetime) -> Sequence[Row]:
    """The escalations that were raised in a period."""
    return tx.all(
        "SELECT raising, receiving, reason, stage, closed_at, closed_as, outcome, change, acknowledged_minutes "
        "FROM tickets WHERE kind = 'escalation' AND opened_at >= :begins AND opened_at < :ends",
        begins=utc(begins),
        ends=utc(ends),
    )


def stages_ended(tx: Transaction, begins: datetime, ends: datetime) -> Sequence[Row]:
    """The stages of the escalations raised in a period that are over: working days taken, and whether in time."""
    return tx.all(
        "SELECT t.raising, s.stage, s.working_days, s.in_time FROM tickets t "
        "JOIN ticket_stages s ON s.ticket = t.reference "
        "WHERE t.kind = 'escalation' AND t.opened_at >= :begins AND t.opened_at < :ends AND s.ended IS NOT NULL",
        begins=utc(begins),
        ends=utc(ends),
    )


def requests_opened(tx: Transaction, begins: datetime, ends: datetime) -> Sequence[Row]:
    """The feedback requests that were made in a period."""
    return tx.all(
        "SELECT raising, policy, expected_at, answered_at, working_minutes, how_told, satisfied, escalation, "
        "closed_at FROM tickets WHERE kind = 'feedback' AND opened_at >= :begins AND opened_at < :ends",
        begins=utc(begins),
        ends=utc(ends),
    )


def tickets_open(tx: Transaction, kind: str) -> Sequence[Row]:
    """When the tickets of a kind that are open now were opened, and by which agency."""
    return tx.all("SELECT opened_at, raising FROM tickets WHERE kind = :kind AND closed_at IS NULL", kind=kind)


def quick_records(tx: Transaction, begins: datetime, ends: datetime) -> Sequence[Row]:
    """The short records that were made in a period."""
    return tx.all(
        "SELECT kind, agency, contact, rang_at FROM quick_records WHERE at >= :begins AND at < :ends",
        begins=utc(begins),
        ends=utc(ends),
    )


def delivery_failures(tx: Transaction) -> Row:
    """How many messages were tried and are not through, and how many of them were given up."""
    row = tx.one(
        "SELECT count(*) AS troubled, coalesce(sum(given_up IS NOT NULL), 0) AS given_up FROM outbox "
        "WHERE delivered IS NULL AND attempts > 0"
    )
    assert row is not None  # noqa: S101 - an aggregate has one row
    return row
