"""References, such as ESC-2026-0007: without gaps, counted in the transaction of what they name."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.storage.database import Transaction

LONDON = ZoneInfo("Europe/London")


def next_reference(tx: Transaction, prefix: str, at: datetime) -> str:
    """The next number of the year, which is London's."""
    name = f"{prefix}-{at.astimezone(LONDON).year}"
    tx.execute(
        "INSERT INTO counters (name, value) VALUES (:name, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1",
        name=name,
    )
    row = tx.one("SELECT value FROM counters WHERE name = :name", name=name)
    assert row is not None  # noqa: S101 - just written
    return f"{name}-{row['value']:04d}"
