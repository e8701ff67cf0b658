"""How each escalation stands, for lists. Nothing that was typed is in them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.knowledge.policy import EscalationPolicy
from bot.storage import tickets
from bot.storage.database import Row, Transaction, utc
from bot.storage.tickets import policy, text
from bot.tickets.escalations.state import Escalation, Stand
from bot.tickets.ticket import Side

KIND = "escalation"


@dataclass(frozen=True)
class Line:
    """One escalation of a list."""

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


@dataclass(frozen=True)
class Span:
    """One stage of an escalation: from when those who act at it were told until it ended."""

    stage: str
    began: datetime
    ended: datetime | None = None
    working_days: int | None = None
    """That passed; None where it is not over."""
    in_time: bool | None = None
    """Whether it ended on the last day allowed, or before; None where it is not over, or its days not confirmed."""


def put(
    tx: Transaction,
    state: Escalation,
    *,
    due: date | None,
    next_look: datetime | None,
    spans: Iterable[Span],
    time_to_acknowledge: timedelta | None,
) -> None:
    """Keep how an escalation stands now, in the transaction of the event that made it so."""
    outcome = state.outcome
    row = {
        "reference": state.reference,
        "kind": KIND,
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
        "told_at": text(state.told_at),
        "acknowledged_at": text(state.acknowledged_at),
        "acknowledged_minutes": tickets.minutes(time_to_acknowledge),
        "closed_at": text(state.closed_at),
        "closed_as": state.closed_as.value if state.closed_as else None,
        "outcome": outcome.outcome if outcome else None,
        "change": outcome.change if outcome else None,
        "child_safe": outcome.child_safe if outcome else None,
        "voice": outcome.voice if outcome else None,
    }
    tickets.put(tx, row, (person for people in state.named.values() for person in people))
    tx.execute("DELETE FROM ticket_stages WHERE ticket = :ticket", ticket=state.reference)
    for span in spans:
        tx.execute(
            "INSERT INTO ticket_stages (ticket, stage, began, ended, working_days, in_time) "
            "VALUES (:ticket, :stage, :began, :ended, :days, :in_time)",
            ticket=state.reference,
            stage=span.stage,
            began=utc(span.began),
            ended=text(span.ended),
            days=span.working_days,
            in_time=None if span.in_time is None else int(span.in_time),
        )


def of_person(tx: Transaction, person_id: str, limit: int = 100) -> list[Line]:
    """The tickets that somebody raised or is named on, open ones first, the newest first."""
    return _lines(
        tx,
        tx.all(
            "SELECT * FROM tickets WHERE kind = 'escalation' AND (raiser = :person OR reference IN "
            "(SELECT ticket FROM ticket_people WHERE person_id = :person)) "
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
            f"SELECT * FROM tickets WHERE kind = 'escalation' AND "  # noqa: S608 - names only
            f"(raising IN ({listed}) OR receiving IN ({listed})) "
            f"ORDER BY {_ORDER} LIMIT :limit",
            **names,
            limit=limit,
        ),
    )


def every(tx: Transaction, limit: int = 1000) -> list[Line]:
    """All tickets, open ones first, the nearest date first."""
    sql = f"SELECT * FROM tickets WHERE kind = 'escalation' ORDER BY {_ORDER} LIMIT :limit"  # noqa: S608
    return _lines(tx, tx.all(sql, limit=limit))


_ORDER = "closed_at IS NOT NULL, due IS NULL, due, opened_at, reference"


def _lines(tx: Transaction, rows: Sequence[Row]) -> list[Line]:
    policies = {version: policy(tx, version, EscalationPolicy) for version in {row["policy"] for row in rows}}
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


EXPORTED = (
    "reference", "kind", "opened_at", "raiser", "raising", "receiving", "reason", "policy", "stage", "stand",
    "urgent", "move", "due", "next_look", "told_at", "acknowledged_at", "acknowledged_minutes", "closed_at",
    "closed_as", "outcome", "change", "child_safe", "voice",
)  # fmt: skip


def exported(tx: Transaction) -> list[Row]:
    """Every column of every escalation, oldest first."""
    return tickets.exported(tx, KIND, EXPORTED)
