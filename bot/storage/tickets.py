"""How each ticket stands after its last event, for lists and for the clockwork; and the policies they began under."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bot.knowledge.policy import EscalationPolicy
from bot.storage.database import Row, Transaction, utc
from bot.tickets.escalation import Escalation, Side, Stand

ESCALATION = "escalation"


@dataclass(frozen=True)
class Line:
    """One ticket of a list. Nothing that was typed is in it."""

    reference: str
    opened_at: datetime
    raising: str
    receiving: str
    reason: str
    stage: str
    stand: Stand
    urgent: bool
    move: Side | None
    due: date | None
    closed_at: datetime | None
    outcome: str | None
    stage_title: str = ""
    """Its name in the policy that the ticket began under."""
    confirmed: bool = False
    """Whether that policy's timescales were confirmed: while not, a date is suggested and never due."""


def keep_policy(tx: Transaction, policy: EscalationPolicy) -> str:
    """Keep a version of the policy; its name."""
    content = policy.model_dump_json()
    version = hashlib.sha256(content.encode()).hexdigest()[:16]
    tx.execute(
        "INSERT INTO policies (version, content) VALUES (:version, :content) ON CONFLICT (version) DO NOTHING",
        version=version,
        content=content,
    )
    return version


def policy(tx: Transaction, version: str) -> EscalationPolicy:
    """A version of the policy that was kept."""
    row = tx.one("SELECT content FROM policies WHERE version = :version", version=version)
    assert row is not None  # noqa: S101 - tickets refer to it
    return EscalationPolicy.model_validate_json(row["content"])


def put(tx: Transaction, state: Escalation, *, due: date | None, next_look: datetime | None) -> None:
    """Keep how a ticket stands now, in the transaction of the event that made it so."""
    outcome = state.outcome
    row = {
        "reference": state.reference,
        "kind": ESCALATION,
        "opened_at": utc(state.opened_at),
        "raiser": state.raiser,
        "raising": state.raising,
        "receiving": state.receiving,
        "reason": state.reason,
        "policy": state.policy,
        "stage": state.stage,
        "stand": state.stand.value,
        "urgent": int(state.urgent),
        "move": state.move.value if state.move else None,
        "due": due.isoformat() if due else None,
        "next_look": utc(next_look) if next_look else None,
        "told_at": _text(min(state.stages_told.values(), default=None)),
        "acknowledged_at": _text(state.acknowledged_at),
        "closed_at": _text(state.closed_at),
        "closed_as": state.closed_as.value if state.closed_as else None,
        "outcome": outcome.outcome if outcome else None,
        "change": outcome.change if outcome else None,
        "child_safe": outcome.child_safe if outcome else None,
        "voice": outcome.voice if outcome else None,
    }
    tx.execute(
        f"INSERT INTO tickets ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)}) "  # noqa: S608
        f"ON CONFLICT (reference) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in row)}",
        **row,
    )
    tx.execute("DELETE FROM ticket_people WHERE ticket = :ticket", ticket=state.reference)
    for person in {person for people in state.named.values() for person in people}:
        tx.execute(
            "INSERT INTO ticket_people (ticket, person_id) VALUES (:ticket, :person)",
            ticket=state.reference,
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


def of_person(tx: Transaction, person_id: str, limit: int = 100) -> list[Line]:
    """The tickets that somebody raised or is named on, open ones first, the newest first."""
    return _lines(
        tx,
        tx.all(
            "SELECT * FROM tickets WHERE raiser = :person OR reference IN "
            "(SELECT ticket FROM ticket_people WHERE person_id = :person) "
            "ORDER BY closed_at IS NOT NULL, opened_at DESC, reference DESC LIMIT :limit",
            person=person_id,
            limit=limit,
        ),
    )


def of_agencies(tx: Transaction, agencies: Collection[str], limit: int = 100) -> list[Line]:
    """The tickets in which an agency takes part, open ones first, the nearest date first."""
    names = {f"a{number}": agency for number, agency in enumerate(sorted(agencies))}
    listed = ", ".join(f":{name}" for name in names) or "NULL"
    return _lines(
        tx,
        tx.all(
            f"SELECT * FROM tickets WHERE raising IN ({listed}) OR receiving IN ({listed}) "  # noqa: S608 - names only
            f"ORDER BY {_ORDER} LIMIT :limit",
            **names,
            limit=limit,
        ),
    )


def every(tx: Transaction, limit: int = 1000) -> list[Line]:
    """All tickets, open ones first, the nearest date first."""
    return _lines(tx, tx.all(f"SELECT * FROM tickets ORDER BY {_ORDER} LIMIT :limit", limit=limit))  # noqa: S608


_ORDER = "closed_at IS NOT NULL, due IS NULL, due, opened_at, reference"


def open_of(tx: Transaction, person_id: str) -> list[str]:
    """The open tickets that somebody raised."""
    rows = tx.all(
        "SELECT reference FROM tickets WHERE raiser = :person AND closed_at IS NULL ORDER BY reference",
        person=person_id,
    )
    return [row["reference"] for row in rows]


def _lines(tx: Transaction, rows: Sequence[Row]) -> list[Line]:
    policies = {version: policy(tx, version) for version in {row["policy"] for row in rows}}
    return [
        Line(
            reference=row["reference"],
            opened_at=datetime.fromisoformat(row["opened_at"]),
            raising=row["raising"],
            receiving=row["receiving"],
            reason=row["reason"],
            stage=row["stage"],
            stand=Stand(row["stand"]),
            urgent=bool(row["urgent"]),
            move=Side(row["move"]) if row["move"] else None,
            due=date.fromisoformat(row["due"]) if row["due"] else None,
            closed_at=datetime.fromisoformat(row["closed_at"]) if row["closed_at"] else None,
            outcome=row["outcome"],
            stage_title=policies[row["policy"]].stage_by_id[row["stage"]].title,
            confirmed=policies[row["policy"]].timescales_confirmed,
        )
        for row in rows
    ]


def _text(moment: datetime | None) -> str | None:
    return utc(moment) if moment else None


EXPORTED = (
    "reference", "kind", "opened_at", "raiser", "raising", "receiving", "reason", "policy", "stage", "stand",
    "urgent", "move", "due", "next_look", "told_at", "acknowledged_at", "closed_at", "closed_as", "outcome", "change",
    "child_safe", "voice",
)  # fmt: skip


def exported(tx: Transaction) -> list[Row]:
    """Every column of every escalation, oldest first."""
    return tx.all(
        f"SELECT {', '.join(EXPORTED)} FROM tickets WHERE kind = :kind ORDER BY opened_at, reference",  # noqa: S608
        kind=ESCALATION,
    )
