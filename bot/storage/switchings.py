"""When guidance was switched off and on. Only added to; the last line counts."""

from __future__ import annotations

from datetime import datetime

from bot.storage.database import Transaction, utc


def add(tx: Transaction, reason: str | None, at: datetime, person_id: str | None) -> None:
    """Switch guidance off for a reason, or on again without one. `person_id`: None for the command line."""
    tx.execute(
        "INSERT INTO switchings (at, off, reason, person_id) VALUES (:at, :off, :reason, :person)",
        at=utc(at),
        off=int(reason is not None),
        reason=reason,
        person=person_id,
    )


def off_because(tx: Transaction) -> str | None:
    """Why guidance is switched off; None while it is on."""
    row = tx.one("SELECT reason FROM switchings WHERE seq = (SELECT max(seq) FROM switchings)")
    return None if row is None else row["reason"]
