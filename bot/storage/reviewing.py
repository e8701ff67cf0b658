"""The doors of the review pages: links and sessions, of which only digests are kept, and refusals by day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from bot.storage.database import Row, Transaction, utc


@dataclass(frozen=True)
class Link:
    """A link that was handed to somebody."""

    person_id: str
    ends: datetime
    used: bool


@dataclass(frozen=True)
class Session:
    """Somebody who is signed in."""

    person_id: str
    began: datetime
    seen: datetime


def add_link(tx: Transaction, digest: str, person_id: str, made: datetime, ends: datetime) -> None:
    """Keep a link that is handed out."""
    tx.execute(
        "INSERT INTO review_links (digest, person_id, made, ends) VALUES (:digest, :person, :made, :ends)",
        digest=digest,
        person=person_id,
        made=utc(made),
        ends=utc(ends),
    )


def link(tx: Transaction, digest: str) -> Link | None:
    """A link that was handed out and is not forgotten."""
    row = tx.one("SELECT person_id, ends, used FROM review_links WHERE digest = :digest", digest=digest)
    return None if row is None else Link(row["person_id"], datetime.fromisoformat(row["ends"]), bool(row["used"]))


def use_link(tx: Transaction, digest: str, at: datetime) -> bool:
    """Use a link up; False where somebody did before, or where its time is over."""
    return (
        tx.execute(
            "UPDATE review_links SET used = :at WHERE digest = :digest AND used IS NULL AND ends > :at",
            digest=digest,
            at=utc(at),
        )
        == 1
    )


def add_session(tx: Transaction, digest: str, person_id: str, at: datetime) -> None:
    """Begin a session."""
    tx.execute(
        "INSERT INTO review_sessions (digest, person_id, began, seen) VALUES (:digest, :person, :at, :at)",
        digest=digest,
        person=person_id,
        at=utc(at),
    )


def session(tx: Transaction, digest: str) -> Session | None:
    """A session that was not ended."""
    row = tx.one("SELECT person_id, began, seen FROM review_sessions WHERE digest = :digest", digest=digest)
    return None if row is None else _session(row)


def see(tx: Transaction, digest: str, at: datetime) -> None:
    """Note that somebody is still there."""
    tx.execute("UPDATE review_sessions SET seen = :at WHERE digest = :digest", at=utc(at), digest=digest)


def end(tx: Transaction, digest: str) -> None:
    """End one session."""
    tx.execute("DELETE FROM review_sessions WHERE digest = :digest", digest=digest)


def end_all_of(tx: Transaction, person_id: str) -> None:
    """End somebody's sessions, and make their links worthless."""
    tx.execute("DELETE FROM review_sessions WHERE person_id = :person", person=person_id)
    tx.execute("DELETE FROM review_links WHERE person_id = :person", person=person_id)


def forget_before(tx: Transaction, moment: datetime) -> None:
    """Forget links and sessions that ended before a moment."""
    tx.execute("DELETE FROM review_links WHERE ends < :moment", moment=utc(moment))
    tx.execute("DELETE FROM review_sessions WHERE seen < :moment", moment=utc(moment))


def add_refusals(tx: Transaction, day: date, counts: Mapping[str, int]) -> None:
    """Count refusals of a day, by why."""
    for why, count in counts.items():
        tx.execute(
            "INSERT INTO review_refusals (day, why, count) VALUES (:day, :why, :count) "
            "ON CONFLICT (day, why) DO UPDATE SET count = count + excluded.count",
            day=day.isoformat(),
            why=why,
            count=count,
        )


def refusals(tx: Transaction, since: date) -> dict[str, int]:
    """How often each refusal happened from a day on."""
    rows = tx.all(
        "SELECT why, sum(count) AS count FROM review_refusals WHERE day >= :since GROUP BY why ORDER BY why",
        since=since.isoformat(),
    )
    return {row["why"]: int(row["count"]) for row in rows}


def _session(row: Row) -> Session:
    return Session(row["person_id"], datetime.fromisoformat(row["began"]), datetime.fromisoformat(row["seen"]))
