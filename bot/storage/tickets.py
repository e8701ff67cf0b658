"""What every kind of ticket has in the database: the rules it began under, and how it stands after its last event."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from bot.knowledge.shapes import Shape
from bot.storage.database import Row, Transaction, utc

P = TypeVar("P", bound=Shape)


def keep_policy(tx: Transaction, policy: Shape) -> str:
    """Keep a version of the rules of a kind of ticket; its name."""
    content = policy.model_dump_json()
    version = hashlib.sha256(content.encode()).hexdigest()[:16]
    tx.execute(
        "INSERT INTO policies (version, content) VALUES (:version, :content) ON CONFLICT (version) DO NOTHING",
        version=version,
        content=content,
    )
    return version


def policy(tx: Transaction, version: str, shape: type[P]) -> P:
    """A version of the rules that was kept."""
    row = tx.one("SELECT content FROM policies WHERE version = :version", version=version)
    assert row is not None  # noqa: S101 - tickets refer to it
    return shape.model_validate_json(row["content"])


def put(tx: Transaction, row: Row, people: Iterable[str] = ()) -> None:
    """Keep how a ticket stands now, in the transaction of the event that made it so. `people`: who is named on it."""
    tx.execute(
        f"INSERT INTO tickets ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)}) "  # noqa: S608
        f"ON CONFLICT (reference) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in row)}",
        **row,
    )
    tx.execute("DELETE FROM ticket_people WHERE ticket = :ticket", ticket=row["reference"])
    for person in sorted(set(people)):
        tx.execute(
            "INSERT INTO ticket_people (ticket, person_id) VALUES (:ticket, :person)",
            ticket=row["reference"],
            person=person,
        )


def to_look_at(tx: Transaction, at: datetime, limit: int = 200) -> list[str]:
    """The tickets that the clockwork has to look at by now, the longest waiting first."""
    rows = tx.all(
        "SELECT reference FROM tickets WHERE next_look <= :at ORDER BY next_look, reference LIMIT :limit",
        at=utc(at),
        limit=limit,
    )
    return [row["reference"] for row in rows]


def open_of(tx: Transaction, person_id: str) -> list[str]:
    """The open tickets that somebody raised."""
    rows = tx.all(
        "SELECT reference FROM tickets WHERE raiser = :person AND closed_at IS NULL ORDER BY reference",
        person=person_id,
    )
    return [row["reference"] for row in rows]


def exported(tx: Transaction, kind: str, columns: Sequence[str]) -> list[Row]:
    """Every ticket of a kind, oldest first."""
    return tx.all(
        f"SELECT {', '.join(columns)} FROM tickets WHERE kind = :kind ORDER BY opened_at, reference",  # noqa: S608
        kind=kind,
    )


def minutes(passed: timedelta | None) -> int | None:
    """A length of time as it is kept."""
    return None if passed is None else int(passed / timedelta(minutes=1))


def text(moment: datetime | None) -> str | None:
    """A moment as it is kept."""
    return utc(moment) if moment else None
