"""Quick records: short reports that are complete when they are made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.storage.database import Row, Transaction, utc
from bot.storage.references import next_reference
from bot.tickets.no_answer import NoAnswer

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
    reference = next_reference(tx, "QR", at)
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


def add(
    tx: Transaction,
    kind: str,
    data: Mapping[str, Any],
    text: str | None,
    *,
    at: datetime,
    channel: str,
    person_id: str | None,
    agency: str | None,
) -> str:
    """Keep a short record of another kind: its choices, and a sentence that passed the privacy guard."""
    reference = next_reference(tx, "QR", at)
    tx.execute(
        "INSERT INTO quick_records (reference, kind, at, channel, person_id, agency, data, text) VALUES "
        "(:reference, :kind, :at, :channel, :person, :agency, :data, :text)",
        reference=reference,
        kind=kind,
        at=utc(at),
        channel=channel,
        person=person_id,
        agency=agency,
        data=json.dumps(dict(data), sort_keys=True),
        text=text,
    )
    return reference


def exported(tx: Transaction) -> list[Row]:
    """Every column of every quick record, oldest first."""
    return tx.all("SELECT * FROM quick_records ORDER BY at, reference")


EXPORTED = (
    "reference", "kind", "at", "channel", "person_id", "agency", "contact", "rang_at", "waited", "did", "data",
    "text",
)  # fmt: skip
