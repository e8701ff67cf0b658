"""Quick records: short reports that are complete when they are made."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.storage.database import Row, Transaction, utc
from bot.tickets.no_answer import NoAnswer

LONDON = ZoneInfo("Europe/London")
NO_ANSWER = "no-adequate-answer"


def add_no_answer(
    tx: Transaction,
    record: NoAnswer,
    *,
    at: datetime,
    channel: str,
    person_id: str | None,
    agency: str | None,
) -> str:
    """Record that a service gave no adequate answer; the reference, such as QR-2026-0007."""
    reference = _next_reference(tx, at)
    tx.execute(
        "INSERT INTO quick_records (reference, kind, at, channel, person_id, agency, contact, rang_at, waited, did) "
        "VALUES (:reference, :kind, :at, :channel, :person, :agency, :contact, :rang_at, :waited, :did)",
        reference=reference,
        kind=NO_ANSWER,
        at=utc(at),
        channel=channel,
        person=person_id,
        agency=agency,
        contact=record.contact,
        rang_at=utc(record.rang_at),
        waited=record.waited.value,
        did=record.did.value,
    )
    return reference


def _next_reference(tx: Transaction, at: datetime) -> str:
    """The next number of the year, without gaps: counted in the transaction of what it names."""
    name = f"QR-{at.astimezone(LONDON).year}"
    tx.execute(
        "INSERT INTO counters (name, value) VALUES (:name, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1",
        name=name,
    )
    row = tx.one("SELECT value FROM counters WHERE name = :name", name=name)
    assert row is not None  # noqa: S101 - just written
    return f"{name}-{row['value']:04d}"


def exported(tx: Transaction) -> list[Row]:
    """Every column of every quick record, oldest first."""
    return tx.all("SELECT * FROM quick_records ORDER BY at, reference")


EXPORTED = (
    "reference", "kind", "at", "channel", "person_id", "agency", "contact", "rang_at", "waited", "did",
)  # fmt: skip
