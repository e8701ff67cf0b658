"""People as the database knows them: a random id, and where they write from."""

from __future__ import annotations

import secrets

from bot.access import AgencySource, Person
from bot.storage.database import Row, Transaction


def find_or_add(tx: Transaction, channel: str, channel_user_id: str) -> Person:
    """The person behind a channel's user id; recorded when new."""
    tx.execute(
        "INSERT INTO people (id, channel, channel_user_id) VALUES (:id, :channel, :user) "
        "ON CONFLICT (channel, channel_user_id) DO NOTHING",
        id=secrets.token_hex(12),
        channel=channel,
        user=channel_user_id,
    )
    person = find(tx, channel, channel_user_id)
    assert person is not None  # noqa: S101 - just inserted
    return person


def find(tx: Transaction, channel: str, channel_user_id: str) -> Person | None:
    """The person behind a channel's user id, if known."""
    row = tx.one(
        "SELECT * FROM people WHERE channel = :channel AND channel_user_id = :user",
        channel=channel,
        user=channel_user_id,
    )
    return None if row is None else _person(row)


def of_id(tx: Transaction, person_id: str) -> Person | None:
    """The person of an id."""
    row = tx.one("SELECT * FROM people WHERE id = :id", id=person_id)
    return None if row is None else _person(row)


def address(tx: Transaction, channel: str, person_id: str) -> str | None:
    """Where somebody is written to in a channel; None where they are not of it."""
    row = tx.one("SELECT channel, channel_user_id FROM people WHERE id = :id", id=person_id)
    return row["channel_user_id"] if row is not None and row["channel"] == channel else None


def set_agency(tx: Transaction, person_id: str, agency: str, source: AgencySource) -> None:
    """Keep a person's agency. What they said themselves is not replaced by what an e-mail address suggests."""
    tx.execute(
        "UPDATE people SET agency = :agency, agency_source = :source WHERE id = :id "
        "AND (:source = 'declared' OR agency IS NULL)",
        agency=agency,
        source=source.value,
        id=person_id,
    )


def set_asked(tx: Transaction, person_id: str) -> None:
    """Note that a person was asked for their agency."""
    tx.execute("UPDATE people SET agency_asked = 1 WHERE id = :id", id=person_id)


def _person(row: Row) -> Person:
    return Person(
        id=row["id"],
        channel=row["channel"],
        agency=row["agency"],
        agency_source=AgencySource(row["agency_source"]),
        agency_asked=bool(row["agency_asked"]),
        address=row["channel_user_id"],
    )
