"""Corrections that people suggest to an entry, until an editor settles them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.storage.database import Row, Transaction, utc
from bot.storage.questions import new_id


@dataclass(frozen=True)
class Correction:
    """What somebody thinks is wrong with an entry. The text passed the privacy guard."""

    id: str
    at: datetime
    entry: str
    text: str
    agency: str | None


def suggest(
    tx: Transaction,
    entry: str,
    text: str,
    *,
    at: datetime,
    channel: str,
    knowledge_version: str | None,
    person_id: str | None,
    agency: str | None,
) -> str:
    """Record a suggested correction; its id."""
    known = tx.one("SELECT 1 FROM knowledge_versions WHERE version = :version", version=knowledge_version)
    correction_id = new_id()[:8]
    tx.execute(
        "INSERT INTO corrections (id, at, entry, knowledge_version, text, channel, person_id, agency) "
        "VALUES (:id, :at, :entry, :version, :text, :channel, :person, :agency)",
        id=correction_id,
        at=utc(at),
        entry=entry,
        version=knowledge_version if known else None,
        text=text,
        channel=channel,
        person=person_id,
        agency=agency,
    )
    return correction_id


def unsettled(tx: Transaction) -> list[Correction]:
    """Those that nobody has settled, oldest first."""
    rows = tx.all("SELECT id, at, entry, text, agency FROM corrections WHERE settled IS NULL ORDER BY at, id")
    return [_correction(row) for row in rows]


@dataclass(frozen=True)
class Settled:
    """A correction for which an entry was changed: to which, when it was suggested, and when that was settled."""

    entry: str
    at: datetime
    settled: datetime


def taken_up(tx: Transaction) -> list[Settled]:
    """Those for which an entry was changed, oldest first."""
    rows = tx.all("SELECT entry, at, settled FROM corrections WHERE settled_as = 'changed' ORDER BY at, id")
    moments = datetime.fromisoformat
    return [Settled(row["entry"], moments(row["at"]), moments(row["settled"])) for row in rows]


def settle(tx: Transaction, correction_id: str, settled_as: str, at: datetime) -> bool:
    """Settle one: the entry was "changed", or is "kept" as it is. False: there is no such open correction."""
    return (
        tx.execute(
            "UPDATE corrections SET settled = :at, settled_as = :settled_as WHERE id = :id AND settled IS NULL",
            at=utc(at),
            settled_as=settled_as,
            id=correction_id,
        )
        == 1
    )


def _correction(row: Row) -> Correction:
    return Correction(row["id"], datetime.fromisoformat(row["at"]), row["entry"], row["text"], row["agency"])
