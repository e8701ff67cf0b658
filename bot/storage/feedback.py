"""How each feedback request stands, for lists. Nothing that was typed is in them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.knowledge.feedback import MashFeedback
from bot.storage import tickets
from bot.storage.database import Row, Transaction, utc
from bot.storage.tickets import policy, text
from bot.tickets.feedback.state import WITH_MASH, FeedbackRequest, Stand
from bot.tickets.ticket import Side

KIND = "feedback"
BETWEEN = " "


@dataclass(frozen=True)
class Line:
    """One feedback request of a list."""

    reference: str
    opened_at: datetime
    raising: str
    setting: str | None
    referred_at: datetime
    expected_at: datetime | None
    """By when the referrer should have heard; None where no time is known."""
    stand: Stand
    taken: bool
    """Whether somebody of the MASH is on it."""
    move: Side | None
    due: date | None
    closed_at: datetime | None
    escalation: str | None
    confirmed: bool
    """Whether the times of its rules were confirmed: while not, an answer is expected and never due."""


def put(
    tx: Transaction,
    state: FeedbackRequest,
    *,
    due: date | None,
    next_look: datetime | None,
    expected: datetime | None,
    time_to_answer: timedelta | None,
) -> None:
    """Keep how a request stands now, in the transaction of the event that made it so."""
    row = {
        "reference": state.reference,
        "kind": KIND,
        "opened_at": utc(state.opened_at),
        "raiser": state.raiser,
        "raising": state.raising,
        "policy": state.policy,
        "stand": state.stand.value,
        "move": state.move.value if state.move else None,
        "due": due.isoformat() if due else None,
        "next_look": text(next_look),
        "closed_at": text(state.closed_at),
        "closed_as": state.closed_as.value if state.closed_as else None,
        "setting": state.setting,
        "needs": BETWEEN.join(state.needs),
        "referred_at": utc(state.referred_at),
        "expected_at": text(expected),
        "asked_at": text(state.asked_at),
        "found_at": text(state.found_at),
        "taken": int(state.taken_by is not None),
        "answered_at": text(state.answered_at),
        "working_minutes": tickets.minutes(time_to_answer),
        "how_told": state.how_told,
        "told_by": state.told_by,
        "satisfied": state.satisfied,
        "escalation": state.escalation,
    }
    tickets.put(tx, row)


def of_person(tx: Transaction, person_id: str, limit: int = 100) -> list[Line]:
    """The requests that somebody made, open ones first, the newest first."""
    rows = tx.all(
        "SELECT * FROM tickets WHERE kind = 'feedback' AND raiser = :person "
        "ORDER BY closed_at IS NOT NULL, opened_at DESC, reference DESC LIMIT :limit",
        person=person_id,
        limit=limit,
    )
    return _lines(tx, rows)


def of_agencies(tx: Transaction, agencies: Collection[str], limit: int = 100) -> list[Line]:
    """The requests of some agencies, open ones first, the longest expected first."""
    names = {f"a{number}": agency for number, agency in enumerate(sorted(agencies))}
    listed = ", ".join(f":{name}" for name in names) or "NULL"
    sql = (
        f"SELECT * FROM tickets WHERE kind = 'feedback' AND raising IN ({listed}) "  # noqa: S608 - names only
        f"ORDER BY closed_at IS NOT NULL, {_OLDEST} LIMIT :limit"
    )
    return _lines(tx, tx.all(sql, **names, limit=limit))


def every(tx: Transaction, limit: int = 1000) -> list[Line]:
    """All requests, open ones first, the longest expected first."""
    sql = f"SELECT * FROM tickets WHERE kind = 'feedback' ORDER BY closed_at IS NOT NULL, {_OLDEST} LIMIT :limit"  # noqa: S608
    return _lines(tx, tx.all(sql, limit=limit))


def with_mash(tx: Transaction, limit: int = 1000) -> list[Line]:
    """The MASH's list: what has reached it and is not answered, the longest expected first."""
    sql = f"SELECT * FROM tickets WHERE {_WITH_MASH} ORDER BY {_OLDEST} LIMIT :limit"  # noqa: S608 - names only
    return _lines(tx, tx.all(sql, **_STANDS, limit=limit))


def count_with_mash(tx: Transaction) -> int:
    """How many there are in the MASH's list."""
    row = tx.one(f"SELECT count(*) AS count FROM tickets WHERE {_WITH_MASH}", **_STANDS)  # noqa: S608 - names only
    return int(row["count"]) if row else 0


def held_until(tx: Transaction, begin: datetime, end: datetime) -> int:
    """How many are held of which the referrer should hear between two moments."""
    row = tx.one(
        "SELECT count(*) AS count FROM tickets WHERE kind = 'feedback' AND closed_at IS NULL AND stand = :held "
        "AND expected_at BETWEEN :begin AND :end",
        held=Stand.HELD.value,
        begin=utc(begin),
        end=utc(end),
    )
    return int(row["count"]) if row else 0


_OLDEST = "expected_at IS NULL, expected_at, opened_at, reference"
_STANDS = {f"s{number}": stand.value for number, stand in enumerate(sorted(WITH_MASH))}
_WITH_MASH = f"kind = 'feedback' AND closed_at IS NULL AND stand IN ({', '.join(f':{name}' for name in _STANDS)})"


def _lines(tx: Transaction, rows: Sequence[Row]) -> list[Line]:
    rules = {version: policy(tx, version, MashFeedback) for version in {row["policy"] for row in rows}}
    return [
        Line(
            reference=row["reference"],
            opened_at=datetime.fromisoformat(row["opened_at"]),
            raising=row["raising"],
            setting=row["setting"],
            referred_at=datetime.fromisoformat(row["referred_at"]),
            expected_at=datetime.fromisoformat(row["expected_at"]) if row["expected_at"] else None,
            stand=Stand(row["stand"]),
            taken=bool(row["taken"]),
            move=Side(row["move"]) if row["move"] else None,
            due=date.fromisoformat(row["due"]) if row["due"] else None,
            closed_at=datetime.fromisoformat(row["closed_at"]) if row["closed_at"] else None,
            escalation=row["escalation"],
            confirmed=rules[row["policy"]].timescales_confirmed,
        )
        for row in rows
    ]


EXPORTED = (
    "reference", "kind", "opened_at", "raising", "setting", "needs", "referred_at", "expected_at", "asked_at",
    "found_at", "answered_at", "working_hours", "how_told", "told_by", "satisfied", "escalation", "stand",
    "closed_at", "closed_as", "raiser", "policy", "move", "due", "next_look", "taken",
)  # fmt: skip


def exported(tx: Transaction) -> list[Row]:
    """Every feedback request, oldest first: `working_hours` are office hours from the referral to the answer."""
    stored = ", ".join("working_minutes" if name == "working_hours" else name for name in EXPORTED)
    rows = tx.all(f"SELECT {stored} FROM tickets WHERE kind = 'feedback' ORDER BY opened_at, reference")  # noqa: S608
    return [
        {name: row[name] if name != "working_hours" else _hours(row["working_minutes"]) for name in EXPORTED}
        for row in rows
    ]


def _hours(minutes: int | None) -> float | None:
    return None if minutes is None else round(minutes / 60, 1)
