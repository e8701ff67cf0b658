"""The history of tickets: events that are only ever added, each chained to the one before by an HMAC.

What somebody typed stands apart, and only its digest in the chain: retention may remove the text, and the chain can
still be verified.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.storage.database import Row, Transaction, utc
from bot.tickets.ticket import Event, Kind, Side

FIRST = "0" * 64
"""What the first event is chained to."""


class History:
    """Adds events, reads them, and verifies them with a key of its own."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def add(self, tx: Transaction, event: Event) -> Event:
        """Record an event after the last one of all tickets; the event with its place."""
        last = tx.one("SELECT seq, mac FROM events ORDER BY seq DESC LIMIT 1")
        seq, prev = (last["seq"] + 1, last["mac"]) if last else (1, FIRST)
        salt, body = secrets.token_hex(16), _plain(event.typed)
        digest = _digest(salt, body) if event.typed else None
        row = {
            "seq": seq,
            "ticket": event.ticket,
            "kind": event.kind.value,
            "at": utc(event.at),
            "side": event.side.value,
            "person_id": event.person_id,
            "data": _plain(event.data),
            "body_digest": digest,
            "prev": prev,
        }
        tx.execute(
            "INSERT INTO events (seq, ticket, kind, at, side, person_id, data, body_digest, prev, mac) VALUES "
            "(:seq, :ticket, :kind, :at, :side, :person_id, :data, :body_digest, :prev, :mac)",
            **row,
            mac=self._mac(row),
        )
        if digest is not None:
            tx.execute(
                "INSERT INTO event_bodies (seq, salt, body) VALUES (:seq, :salt, :body)",
                seq=seq,
                salt=salt,
                body=body,
            )
        return replace(event, seq=seq)

    def is_ours(self, tx: Transaction) -> bool:
        """Whether the last event was chained with this key; so it is while there is none."""
        last = tx.one("SELECT * FROM events ORDER BY seq DESC LIMIT 1")
        return last is None or hmac.compare_digest(last["mac"].encode(), self._mac(last).encode())

    def verify(self, tx: Transaction) -> Iterator[str]:
        """What is wrong with the history, a line each; nothing where it is whole."""
        prev, expected = FIRST, 1
        for row in tx.all(
            "SELECT e.*, b.salt, b.body FROM events e LEFT JOIN event_bodies b ON b.seq = e.seq ORDER BY e.seq"
        ):
            seq = row["seq"]
            if seq != expected:
                yield f"event {expected} is missing"
            if row["prev"] != prev:
                yield f"event {seq} does not follow the one before it"
            if not hmac.compare_digest(row["mac"].encode(), self._mac(row).encode()):
                yield f"event {seq} of {row['ticket']} was changed"
            if row["body"] is not None and _digest(row["salt"], row["body"]) != row["body_digest"]:
                yield f"the text of event {seq} of {row['ticket']} was changed"
            prev, expected = row["mac"], seq + 1

    def _mac(self, row: Row) -> str:
        names = ("seq", "ticket", "kind", "at", "side", "person_id", "data", "body_digest", "prev")
        return hmac.new(self._key, _plain([row[name] for name in names]).encode(), hashlib.sha256).hexdigest()


def has_begun(tx: Transaction) -> bool:
    """Whether there is any event."""
    return tx.one("SELECT 1 FROM events LIMIT 1") is not None


def of(tx: Transaction, ticket: str) -> list[Event]:
    """A ticket's events, oldest first."""
    rows = tx.all(
        "SELECT e.*, b.body FROM events e LEFT JOIN event_bodies b ON b.seq = e.seq WHERE e.ticket = :ticket "
        "ORDER BY e.seq",
        ticket=ticket,
    )
    return [
        Event(
            ticket=row["ticket"],
            kind=Kind(row["kind"]),
            at=datetime.fromisoformat(row["at"]),
            side=Side(row["side"]),
            person_id=row["person_id"],
            data=json.loads(row["data"]),
            typed=json.loads(row["body"]) if row["body"] else {},
            seq=row["seq"],
        )
        for row in rows
    ]


def exported(tx: Transaction) -> list[Row]:
    """Every event, without what was typed, oldest first."""
    return tx.all(f"SELECT {', '.join(EXPORTED)} FROM events ORDER BY seq")  # noqa: S608 - names only


EXPORTED = ("seq", "ticket", "kind", "at", "side", "person_id", "data", "body_digest", "prev", "mac")


def _plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _digest(salt: str, body: str) -> str:
    return hashlib.sha256((salt + body).encode()).hexdigest()
