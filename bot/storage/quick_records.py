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
    return _insert(
        tx,
        at,
        kind=NO_ANSWER,
        channel=channel,
        person_id=person_id,
        agency=agency,
        contact=record.contact,
        rang_at=utc(record.rang_at),
        waited=record.waited.value,
        did=record.did.value,
    )


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
    return _insert(
        tx,
        at,
        kind=kind,
        channel=channel,
        person_id=person_id,
        agency=agency,
        data=json.dumps(dict(data), sort_keys=True),
        text=text,
    )


def _insert(tx: Transaction, at: datetime, **columns: str | None) -> str:
    """Insert a record under the next reference of the year."""
    reference = next_reference(tx, "QR", at)
    row = {"reference": reference, "at": utc(at), **columns}
    names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
    tx.execute(f"INSERT INTO quick_records ({names}) VALUES ({values})", **row)  # noqa: S608 - names of columns
    return reference


def exported(tx: Transaction) -> list[Row]:
    """Every column of every quick record, oldest first."""
    return tx.all("SELECT * FROM quick_records ORDER BY at, reference")


EXPORTED = (
    "reference", "kind", "at", "channel", "person_id", "agency", "contact", "rang_at", "waited", "did", "data",
    "text",
)  # fmt: skip
