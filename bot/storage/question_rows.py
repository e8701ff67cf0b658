"""Questions one by one, for managers: those that a figure was counted from, and those with a word in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.storage.database import Row, Transaction, utc

_LAST_VERDICT = (
    "LEFT JOIN verdicts v ON v.id = "
    "(SELECT id FROM verdicts WHERE question_id = q.id ORDER BY at DESC, id DESC LIMIT 1)"
)
_COLUMNS = (
    "q.id, q.at, q.channel, q.agency, q.text, q.status, q.emergency, q.entry, q.knowledge_version, q.helpful, "
    "v.missing"
)
NOT_KNOWN = "not-known"
"""In place of an agency's id: those who did not say theirs."""


@dataclass(frozen=True)
class Which:
    """Which questions. None, False and empty: it does not matter."""

    begins: datetime | None = None
    ends: datetime | None = None
    agency: str | None = None
    topic: str | None = None
    entry: str | None = None
    status: str | None = None
    channel: str | None = None
    answered: bool = False
    """Those that an entry answered."""
    emergency: bool = False
    judged: bool = False
    unanswered: bool = False
    """Those that no entry answered, or whose last verdict was that the answer did not help."""
    ids: tuple[str, ...] | None = None
    words: tuple[str, ...] = ()
    """All of them stand in the text that was kept."""


def count(tx: Transaction, which: Which) -> int:
    """How many there are."""
    where, values = _where(which)
    row = tx.one(f"SELECT count(*) AS count FROM questions q WHERE {where}", **values)  # noqa: S608
    return int(row["count"]) if row else 0


def rows(tx: Transaction, which: Which, limit: int = -1, offset: int = 0) -> Sequence[Row]:
    """The questions with their last verdict, the newest first. `limit`: all where it is negative."""
    where, values = _where(which)
    return tx.all(
        f"SELECT {_COLUMNS} FROM questions q {_LAST_VERDICT} WHERE {where} "  # noqa: S608 - of names and parameters
        "ORDER BY q.at DESC, q.id LIMIT :limit OFFSET :offset",
        **values,
        limit=limit,
        offset=offset,
    )


def one(tx: Transaction, question_id: str) -> Row | None:
    """A single question with its last verdict."""
    return tx.one(f"SELECT {_COLUMNS} FROM questions q {_LAST_VERDICT} WHERE q.id = :id", id=question_id)  # noqa: S608


def by_status(tx: Transaction, which: Which) -> dict[str, int]:
    """How many there are of each status."""
    where, values = _where(which)
    found = tx.all(
        f"SELECT q.status, count(*) AS count FROM questions q WHERE {where} GROUP BY q.status",  # noqa: S608
        **values,
    )
    return {row["status"]: int(row["count"]) for row in found}


def _where(which: Which) -> tuple[str, dict[str, object]]:
    """The condition in SQL, and its parameters."""
    of_agency = "q.agency IS NULL" if which.agency == NOT_KNOWN else "q.agency = :agency"
    conditions = [
        condition
        for value, condition in (
            (which.begins, "q.at >= :begins"),
            (which.ends, "q.at < :ends"),
            (which.agency, of_agency),
            (which.topic, "substr(q.entry, 1, length(:topic) + 1) = :topic || '.'"),
            (which.entry, "q.entry = :entry"),
            (which.status, "q.status = :status"),
            (which.channel, "q.channel = :channel"),
            (which.answered, "q.entry IS NOT NULL"),
            (which.emergency, "q.emergency = 1"),
            (which.judged, "q.helpful IS NOT NULL"),
            (which.unanswered, "q.text IS NOT NULL AND (q.status = 'no_guidance' OR q.helpful = 0)"),
        )
        if value
    ]
    values: dict[str, object] = {
        "begins": which.begins and utc(which.begins),
        "ends": which.ends and utc(which.ends),
        "agency": which.agency,
        "topic": which.topic,
        "entry": which.entry,
        "status": which.status,
        "channel": which.channel,
    }
    if which.ids is not None:
        names = {f"id{number}": one_id for number, one_id in enumerate(which.ids)}
        conditions.append(f"q.id IN ({', '.join(f':{name}' for name in names) or 'NULL'})")
        values |= names
    for number, word in enumerate(which.words):
        conditions.append(f"q.text LIKE :word{number} ESCAPE '\\'")
        values[f"word{number}"] = f"%{_escaped(word)}%"
    return " AND ".join(conditions) or "1", values


def _escaped(word: str) -> str:
    """A word as LIKE reads it."""
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
