"""The history of tickets: only ever added to, and chained, so that whatever was done to it afterwards is found."""

import os
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from bot.config import WrongSetting, audit_key, read_settings
from bot.records import matching_audit_key
from bot.storage import history, people
from bot.storage.database import Store, connect, migrate
from bot.storage.history import History
from bot.tickets.ticket import Event, Kind, Side

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
KEY, OTHER_KEY = "a" * 64, "b" * 64
ONE, TWO = "ESC-2026-0001", "ESC-2026-0002"
DISAGREE = "The referral was turned down although the child is at home alone."
OPENED = {"raising": "high-school", "receiving": "social-care", "reason": "roles", "child_safe": "yes"}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "data" / "safeguarding.db"
    migrate(path)
    return path


@pytest.fixture
def store(path):
    store = Store(path)
    yield store
    store.close()


@pytest.fixture
def written(store):
    """Six events of two tickets, the third and the fifth without a text; as they were added."""

    def work(tx):
        person = people.find_or_add(tx, "slack", "U0ANN").id
        events = [
            Event(ONE, Kind.OPENED, NOON, Side.RAISING, person, OPENED, {"disagree": DISAGREE, "want": "A visit."}),
            Event(
                TWO, Kind.OPENED, NOON, Side.RAISING, person, OPENED, {"disagree": "The plan drifts.", "want": "£5"}
            ),
            Event(ONE, Kind.TOLD, NOON + timedelta(hours=1), Side.BOT),
            Event(
                ONE, Kind.VIEW_GIVEN, NOON + timedelta(hours=2), Side.RECEIVING, person, {}, {"view": "It stands."}
            ),
            Event(TWO, Kind.ACKNOWLEDGED, NOON + timedelta(hours=3), Side.RECEIVING, person, {"operator": True}),
            Event(
                TWO, Kind.WITHDRAWN, NOON + timedelta(hours=4), Side.RAISING, person, {}, {"why": "Settled – 结束"}
            ),
        ]
        return [History(KEY).add(tx, event) for event in events]

    return store.submit(work).result(10)


@pytest.fixture
def tampered(path, written):
    """Does something to the file as somebody would who has it, without triggers and foreign keys."""

    def tamper(*statements):
        with closing(sqlite3.connect(path)) as connection:
            for trigger in ("events_are_never_changed", "events_are_never_removed"):
                connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
            for statement in statements:
                assert connection.execute(statement).rowcount == 1
            connection.commit()

    return tamper


def found(store, key=KEY):
    with store.reading() as tx:
        return list(History(key).verify(tx))


# What is read is what was written


def test_a_tickets_events_are_read_as_they_were_added_oldest_first(store, written):
    with store.reading() as tx:
        assert history.of(tx, ONE) == [event for event in written if event.ticket == ONE]
        assert history.of(tx, TWO) == [event for event in written if event.ticket == TWO]
        assert history.of(tx, "ESC-2026-0003") == []
    assert [event.seq for event in written] == [1, 2, 3, 4, 5, 6]


def test_what_is_exported_holds_nothing_that_was_typed(store, written):
    with store.reading() as tx:
        rows = history.exported(tx)
    assert [row["seq"] for row in rows] == [event.seq for event in written]
    assert tuple(rows[0]) == history.EXPORTED
    assert DISAGREE not in str(rows)


def test_an_event_that_is_not_committed_leaves_no_gap(store, written):
    def work(tx):
        History(KEY).add(tx, Event(ONE, Kind.CHASED, NOON, Side.RAISING))
        raise ValueError("and then it failed")

    with pytest.raises(ValueError, match="and then it failed"):
        store.submit(work).result(10)
    added = store.submit(lambda tx: History(KEY).add(tx, Event(ONE, Kind.CHASED, NOON, Side.RAISING))).result(10)
    assert added.seq == 7
    assert found(store) == []


# Verifying


def test_of_a_whole_history_nothing_is_said(store, written):
    assert found(store) == []


def test_of_an_empty_history_nothing_is_said(store):
    assert found(store) == []


def test_with_another_key_every_event_is_said_to_be_changed(store, written):
    assert found(store, OTHER_KEY) == [f"event {event.seq} of {event.ticket} was changed" for event in written]


@pytest.mark.parametrize(
    "change",
    [
        "at = '2026-11-20T12:59:59.000000Z'",
        "kind = 'outcome-agreed'",
        'data = \'{"how":"phone"}\'',
        "data = '{} '",
        "person_id = (SELECT id FROM people)",
        "ticket = 'ESC-2026-0002'",
        "side = 'raising'",
        "body_digest = 'x'",
        "mac = 'm'",
        "mac = 'é'",
    ],
)
def test_an_event_that_was_changed_is_named(store, tampered, change):
    tampered(f"UPDATE events SET {change} WHERE seq = 3")
    ticket = TWO if change.startswith("ticket") else ONE
    said = [f"event 3 of {ticket} was changed"]
    if change.startswith("mac"):
        said.append("event 4 does not follow the one before it")
    assert found(store) == said


def test_an_event_that_was_chained_anew_to_another_is_named(store, tampered):
    tampered("UPDATE events SET prev = (SELECT e.prev FROM events e WHERE e.seq = 2) WHERE seq = 4")
    assert found(store) == ["event 4 does not follow the one before it", f"event 4 of {ONE} was changed"]


@pytest.mark.parametrize("seq", [1, 3, 5])
def test_an_event_that_was_removed_is_missed(store, tampered, seq):
    tampered(f"DELETE FROM events WHERE seq = {seq}")
    assert found(store) == [f"event {seq} is missing", f"event {seq + 1} does not follow the one before it"]


def test_an_event_that_was_inserted_at_the_end_is_named(store, tampered):
    tampered(
        "INSERT INTO events (seq, ticket, kind, at, side, data, prev, mac) SELECT 7, ticket, 'outcome-agreed', at, "
        "side, data, mac, mac FROM events WHERE seq = 6"
    )
    assert found(store) == [f"event 7 of {TWO} was changed"]


def test_an_event_that_was_inserted_between_others_is_named_with_all_that_had_to_move(store, tampered):
    tampered(
        *(f"UPDATE events SET seq = {seq + 1} WHERE seq = {seq}" for seq in (6, 5, 4)),
        "INSERT INTO events (seq, ticket, kind, at, side, data, prev, mac) SELECT 4, ticket, 'chased', at, side, "
        "data, mac, 'made up' FROM events WHERE seq = 3",
    )
    said = found(store)
    assert f"event 4 of {ONE} was changed" in said
    assert "event 5 does not follow the one before it" in said
    assert {f"event {seq} of {ticket} was changed" for seq, ticket in ((5, ONE), (6, TWO), (7, TWO))} <= {*said}


def test_two_events_that_were_swapped_are_named(store, tampered):
    tampered(
        "UPDATE events SET seq = 99 WHERE seq = 3",
        "UPDATE events SET seq = 3 WHERE seq = 4",
        "UPDATE events SET seq = 4 WHERE seq = 99",
    )
    said = found(store)
    assert {f"event 3 of {ONE} was changed", f"event 4 of {ONE} was changed"} <= {*said}
    assert {f"event {seq} does not follow the one before it" for seq in (3, 4, 5)} <= {*said}


@pytest.mark.parametrize("change", ["body = replace(body, 'alone', 'safe')", "salt = 'x'"])
def test_a_text_that_was_altered_is_named_and_the_event_itself_is_not(store, tampered, change):
    tampered(f"UPDATE event_bodies SET {change} WHERE seq = 1")
    assert found(store) == [f"the text of event 1 of {ONE} was changed"]


def test_a_text_that_was_put_under_an_event_without_one_is_named(store, tampered):
    tampered("INSERT INTO event_bodies (seq, salt, body) VALUES (3, 's', '{}')")
    assert found(store) == [f"the text of event 3 of {ONE} was changed"]


def test_texts_that_were_exchanged_are_named(store, tampered):
    tampered(
        "UPDATE event_bodies SET seq = 99 WHERE seq = 1",
        "UPDATE event_bodies SET seq = 1 WHERE seq = 2",
        "UPDATE event_bodies SET seq = 2 WHERE seq = 99",
    )
    assert found(store) == [
        f"the text of event {seq} of {ticket} was changed" for seq, ticket in ((1, ONE), (2, TWO))
    ]


def test_a_history_whose_texts_were_removed_when_their_time_was_up_can_still_be_verified(store, written):
    store.submit(lambda tx: tx.execute("DELETE FROM event_bodies WHERE seq IN (1, 4)")).result(10)
    assert found(store) == []
    with store.reading() as tx:
        opened, _, given = history.of(tx, ONE)
    assert (opened.typed, opened.data) == ({}, OPENED)
    assert given.typed == {}
    store.submit(lambda tx: History(KEY).add(tx, Event(ONE, Kind.CHASED, NOON, Side.RAISING))).result(10)
    assert found(store) == []


def test_every_fault_is_said_and_not_the_first_alone(store, tampered):
    tampered(
        "UPDATE events SET kind = 'chased' WHERE seq = 3",
        "DELETE FROM events WHERE seq = 5",
        "UPDATE event_bodies SET body = '{}' WHERE seq = 6",
    )
    assert found(store) == [
        f"event 3 of {ONE} was changed",
        "event 5 is missing",
        "event 6 does not follow the one before it",
        f"the text of event 6 of {TWO} was changed",
    ]


# Only ever added to


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE events SET kind = 'withdrawn' WHERE seq = 1",
        "UPDATE events SET data = '{}'",
        "UPDATE events SET prev = NULL, mac = '' WHERE seq = 6",
        "DELETE FROM events WHERE seq = 6",
        "DELETE FROM events",
        "REPLACE INTO events (seq, ticket, kind, at, mac) VALUES (6, 'ESC-2026-0002', 'chased', '', '')",
    ],
)
def test_an_event_can_be_neither_changed_nor_removed_by_the_program(store, path, written, sql):
    with pytest.raises(sqlite3.IntegrityError, match="events are only ever added"):
        store.submit(lambda tx: tx.execute(sql)).result(10)
    with closing(connect(path)) as connection, pytest.raises(sqlite3.IntegrityError, match="only ever added"):
        connection.execute(sql)
    assert found(store) == []


# The key


def settings_in(folder):
    return read_settings({"DATABASE_URL": f"sqlite:///{folder}/data/safeguarding.db"}, dotenv=folder / "none.env")


def test_the_key_is_made_once_for_its_owner_alone(tmp_path):
    settings = settings_in(tmp_path)
    before = os.umask(0)
    try:
        key = audit_key(settings)
    finally:
        os.umask(before)
    (file,) = (tmp_path / "data").iterdir()
    assert file.name == "audit.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(key) == 64
    assert audit_key(settings_in(tmp_path)) == key == file.read_text("ascii")


def test_two_places_have_two_keys(tmp_path):
    assert audit_key(settings_in(tmp_path / "one")) != audit_key(settings_in(tmp_path / "two"))


def test_many_who_start_at_once_have_one_key(tmp_path):
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(audit_key, [settings_in(tmp_path)] * 64))
    assert len(keys) == 1
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["audit.key"]


def test_a_program_that_was_stopped_while_it_made_the_key_leaves_none_and_the_next_one_makes_it(
    tmp_path, monkeypatch
):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stopped)
    with pytest.raises(KeyboardInterrupt):
        audit_key(settings_in(tmp_path))
    monkeypatch.undo()
    assert not (tmp_path / "data" / "audit.key").exists()
    assert len(audit_key(settings_in(tmp_path))) == 64


@pytest.mark.parametrize("content", [b"", b"too short", b"\xff" * 64])
def test_a_file_without_a_key_stops_the_program_and_is_left_alone(tmp_path, content):
    file = tmp_path / "data" / "audit.key"
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(WrongSetting, match=r"audit\.key"):
        audit_key(settings_in(tmp_path))
    assert file.read_bytes() == content


def test_a_server_whose_key_is_not_the_histories_stops_with_one_line(tmp_path):
    settings = read_settings({"DATABASE_URL": f"sqlite:///{tmp_path}/data/s.db"}, dotenv=tmp_path / "none")
    migrate(settings.database)
    store = Store(settings.database)
    history = History(matching_audit_key(settings, store))
    store.submit(lambda tx: history.add(tx, Event("ESC-2026-0001", Kind.READ, NOON, Side.BOT))).result()
    assert matching_audit_key(settings, store)
    (tmp_path / "data" / "audit.key").write_text("b" * 64)
    with pytest.raises(WrongSetting, match=r"audit\.key is not the key of this database"):
        matching_audit_key(settings, store)
    (tmp_path / "data" / "audit.key").unlink()
    with pytest.raises(WrongSetting, match=r"audit\.key is missing"):
        matching_audit_key(settings, store)
    assert not (tmp_path / "data" / "audit.key").exists(), "a new key would hide that the old one is gone"
    store.close()
