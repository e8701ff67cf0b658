"""Tickets and short records one by one, for managers: those that a figure was counted from. Nothing typed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.storage.database import Row, Transaction, utc


def opened(tx: Transaction, kind: str, begins: datetime, ends: datetime) -> Sequence[Row]:
    """The tickets of a kind that were opened in a period, the newest first."""
    return tx.all(
        "SELECT * FROM tickets WHERE kind = :kind AND opened_at >= :begins AND opened_at < :ends "
        "ORDER BY opened_at DESC, reference DESC",
        kind=kind,
        begins=utc(begins),
        ends=utc(ends),
    )


def count(tx: Transaction, kind: str, begins: datetime, ends: datetime, agency: str | None) -> int:
    """How many tickets of a kind were opened in a period, by an agency or by all."""
    row = tx.one(
        "SELECT count(*) AS count FROM tickets WHERE kind = :kind AND opened_at >= :begins AND opened_at < :ends "
        "AND (:agency IS NULL OR raising = :agency)",
        kind=kind,
        begins=utc(begins),
        ends=utc(ends),
        agency=agency,
    )
    return int(row["count"]) if row else 0


def open_now(tx: Transaction, kind: str) -> Sequence[Row]:
    """The tickets of a kind that are open, the newest first."""
    return tx.all(
        "SELECT * FROM tickets WHERE kind = :kind AND closed_at IS NULL ORDER BY opened_at DESC, reference DESC",
        kind=kind,
    )


def exists(tx: Transaction, reference: str) -> bool:
    """Whether there is a ticket of a reference."""
    return tx.one("SELECT 1 FROM tickets WHERE reference = :reference", reference=reference) is not None


def stages_over(tx: Transaction, begins: datetime, ends: datetime) -> Sequence[Row]:
    """The stages of the escalations opened in a period that are over, and whether in time, where that is known."""
    return tx.all(
        "SELECT s.ticket, s.stage, s.working_days, s.in_time FROM ticket_stages s JOIN tickets t "
        "ON t.reference = s.ticket WHERE t.kind = 'escalation' AND t.opened_at >= :begins AND t.opened_at < :ends "
        "AND s.ended IS NOT NULL",
        begins=utc(begins),
        ends=utc(ends),
    )


def records(tx: Transaction, begins: datetime, ends: datetime) -> Sequence[Row]:
    """The short records of a period, the newest first."""
    return tx.all(
        "SELECT reference, kind, at, agency, contact, rang_at, waited, did, data FROM quick_records "
        "WHERE at >= :begins AND at < :ends ORDER BY at DESC, reference DESC",
        begins=utc(begins),
        ends=utc(ends),
    )


def stuck(tx: Transaction, *, given_up: bool) -> Sequence[Row]:
    """Messages that were tried and are not through, the oldest first. `given_up`: those that nobody tries again."""
    return tx.all(
        "SELECT created, channel, recipient, ticket, attempts, last_error, given_up FROM outbox "
        "WHERE delivered IS NULL AND attempts > 0 AND (:all OR given_up IS NOT NULL) ORDER BY created, rowid",
        all=int(not given_up),
    )
