"""The SQLite file: its shape, its one writer, its readers, its history and its claims."""

import asyncio
import hashlib
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from bot.storage import claims, database, people
from bot.storage.database import Busy, Closed, DatabaseUnusable, Store, Transaction, connect, migrate, utc
from bot.storage.history import History
from bot.storage.migrations import migrations
from bot.tickets.ticket import Event, Kind, Side

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TABLES = {
    "people",
    "knowledge_versions",
    "questions",
    "verdicts",
    "claims",
    "counters",
    "events",
    "event_bodies",
    "outbox",
    "knowledge_in_use",
    "corrections",
    "quick_records",
    "switchings",
    "policies",
    "tickets",
    "ticket_people",
    "ticket_stages",
    "digests",
    "review_links",
    "review_sessions",
    "review_refusals",
    "posted",
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "safeguarding.db"


@pytest.fixture
def store(path):
    migrate(path)
    store = Store(path)
    yield store
    store.close()


def dump(path):
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def tables(path):
    with closing(sqlite3.connect(path)) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        return {name for name in names if not name.startswith("_")}


def copies(path):
    return sorted(path.parent.glob("safeguarding-before-*.db"))


def make_older(path):
    """A file as the first version made it, with a person in it."""
    path.parent.mkdir(parents=True)
    with closing(connect(path)) as connection:
        migrations.apply(Database(connection), stop_before="m002_events_and_outbox")
        connection.execute("INSERT INTO people (id, channel) VALUES ('p1', 'slack')")


def people_in(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT id FROM people").fetchall()


def with_a_further_step(step):
    """The steps of this version and one more."""
    further = Migrations(migrations.name)
    for known in migrations._migrations:
        further(name=known.name)(known.fn)
    further(name="m999_further")(step)
    return further


def add(tx, name="x", value=1):
    tx.execute("INSERT INTO counters (name, value) VALUES (:name, :value)", name=name, value=value)


def names(store):
    with store.reading() as tx:
        return [row["name"] for row in tx.all("SELECT name FROM counters ORDER BY rowid")]


class Gate:
    """A work that holds the writer until it is let go."""

    def __init__(self, store):
        self.entered, self.opened = threading.Event(), threading.Event()
        self.future = store.submit(self._work)
        assert self.entered.wait(10)

    def _work(self, tx):
        self.entered.set()
        assert self.opened.wait(10)

    def open(self):
        self.opened.set()


# Migrations


def test_migrating_from_nothing_makes_every_table_and_no_copy(path):
    migrate(path)
    assert tables(path) == TABLES
    assert copies(path) == []


def test_migrating_twice_changes_nothing_and_makes_no_copy(path):
    migrate(path)
    before = dump(path)
    migrate(path)
    assert dump(path) == before
    assert copies(path) == []


def test_an_empty_file_is_migrated_without_a_copy(path):
    path.parent.mkdir()
    path.touch()
    migrate(path)
    assert tables(path) == TABLES
    assert copies(path) == []


def test_an_older_file_is_copied_before_it_is_migrated(path):
    make_older(path)
    before = dump(path)
    migrate(path)
    (copy,) = copies(path)
    assert dump(copy) == before
    assert tables(path) == TABLES
    assert people_in(path) == people_in(copy) == [("p1",)]


def test_a_copy_holds_what_still_stands_in_the_write_ahead_log(path):
    make_older(path)
    with closing(connect(path)) as reader:
        reader.execute("SELECT * FROM people").fetchall()
        reader.execute("INSERT INTO people (id, channel) VALUES ('p2', 'slack')")
        assert path.with_name(f"{path.name}-wal").stat().st_size > 0
        migrate(path)
    assert people_in(copies(path)[0]) == [("p1",), ("p2",)]


ESCALATIONS = [
    ("ESC-2026-0001", "p1", "told", "receiving", "2026-11-23", "2026-11-23T09:00:00.000000Z", None, None),
    ("ESC-2026-0002", "p2", "closed", None, None, None, "2026-11-20T12:00:00.000000Z", "outcome-agreed"),
    ("ESC-2026-0003", None, "not-told", "raising", None, "2026-11-23T09:00:00.000000Z", None, None),
]
"""Reference, raiser, stand, move, due, next look, closed at and as."""
NAMED = [("ESC-2026-0001", "p2"), ("ESC-2026-0001", "p3"), ("ESC-2026-0002", "p1")]
KEY = "a" * 64


def make_one_with_escalations(path):
    """A file as the version made it that had escalations only: with people on them, their history and messages."""
    path.parent.mkdir(parents=True)
    with closing(connect(path)) as connection:
        migrations.apply(Database(connection), stop_before="m007_feedback_requests")
        connection.execute("INSERT INTO policies VALUES ('v1', '{}')")
        for name in ("p1", "p2", "p3"):
            connection.execute(
                "INSERT INTO people (id, channel, channel_user_id) VALUES (?, 'slack', ?)", (name, name)
            )
        for reference, raiser, stand, move, due, look, closed, closed_as in ESCALATIONS:
            connection.execute(
                "INSERT INTO tickets (reference, kind, opened_at, raiser, raising, receiving, reason, policy, stage, "
                "stand, urgent, move, due, next_look, told_at, closed_at, closed_as, outcome, child_safe) VALUES "
                "(?, 'escalation', ?, ?, 'school', 'council', 'roles', 'v1', 'stage-1', ?, 1, ?, ?, ?, ?, ?, ?, "
                "'changed', 'yes')",
                (reference, utc(NOON), raiser, stand, move, due, look, utc(NOON), closed, closed_as),
            )
            tx, history = Transaction(connection), History(KEY)
            data, typed = {"raising": "school"}, {"disagree": "It was turned down."}
            history.add(tx, Event(reference, Kind.OPENED, NOON, Side.RAISING, raiser, data, typed))
            history.add(tx, Event(reference, Kind.TOLD, NOON, Side.BOT))
            connection.execute(
                "INSERT INTO outbox (id, created, due, channel, recipient, message, kind, ticket, dedupe, wait) "
                "VALUES (?1, ?2, ?2, 'slack', 'U0TEAM', 'It was raised.', 'ticket', ?1, ?1, 1)",
                (reference, utc(NOON)),
            )
        connection.executemany("INSERT INTO ticket_people VALUES (?, ?)", NAMED)
        connection.execute("INSERT INTO counters VALUES ('ESC-2026', 3)")
        connection.execute("INSERT INTO posted VALUES ('ESC-2026-0001', 'slack', 'C0ESCALATE', '1.0')")


def kept_in(path):
    """Table -> its rows, each as what stands in it by column; without what is empty."""
    with closing(connect(path)) as connection:
        return {
            table: [
                {name: value for name, value in dict(row).items() if value is not None}
                for row in connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2")
            ]
            for table in tables(path)
        }


def test_a_file_with_escalations_takes_in_feedback_requests_and_loses_nothing(path):
    make_one_with_escalations(path)
    before = kept_in(path)
    migrate(path)
    after = kept_in(path)
    for row in before["tickets"]:
        row["next_look"] = row["opened_at"]  # since the figures, each is looked at once more
    for table, rows in before.items():  # later versions add columns
        found = [{name: row[name] for name in was} for was, row in zip(rows, after[table], strict=True)]
        assert found == rows
    assert len(after["tickets"]) == len(after["ticket_people"]) == 3
    with closing(connect(path)) as connection:
        assert list(connection.execute("PRAGMA foreign_key_check")) == []
        assert [tuple(row) for row in connection.execute("PRAGMA integrity_check")] == [("ok",)]
        pointed_at = {row["table"] for row in connection.execute("PRAGMA foreign_key_list(ticket_people)")}
        assert pointed_at == {"tickets", "people"}
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute("INSERT INTO ticket_people VALUES ('ESC-2026-0009', 'p1')")
        assert list(History(KEY).verify(Transaction(connection))) == []
    store = Store(path)
    store.submit(
        lambda tx: tx.execute(
            "INSERT INTO tickets (reference, kind, opened_at, raising, policy, stand, needs, referred_at) "
            "VALUES ('MASH-2026-0001', 'feedback', :at, 'school', 'v1', 'asked', 'decision', :at)",
            at=utc(NOON),
        )
    ).result(10)
    store.close()


@pytest.mark.parametrize(("earlier", "kept", "oldest_is_kept"), [(4, 5, True), (5, 5, False)])
def test_five_copies_are_kept_and_the_oldest_goes(path, earlier, kept, oldest_is_kept):
    make_older(path)
    old = [path.with_name(f"safeguarding-before-2020010{day}T000000000000.db") for day in range(1, earlier + 1)]
    for file in old:
        file.touch()
    migrate(path)
    assert len(copies(path)) == kept
    assert old[0].exists() is oldest_is_kept
    assert tables(copies(path)[-1])


def test_a_migration_that_fails_leaves_the_file_as_it_was(path, monkeypatch):
    migrate(path)
    with closing(connect(path)) as connection:
        connection.execute("INSERT INTO people (id, channel) VALUES ('p1', 'slack')")
    before, content = dump(path), hashlib.sha256(path.read_bytes()).hexdigest()

    def half(db):
        db.executescript("CREATE TABLE half (id INTEGER); DELETE FROM people; INSERT INTO missing VALUES (1);")

    monkeypatch.setattr(database, "migrations", with_a_further_step(half))
    with pytest.raises(DatabaseUnusable, match="missing"):
        migrate(path)
    assert dump(path) == before
    assert hashlib.sha256(path.read_bytes()).hexdigest() == content
    assert dump(copies(path)[0]) == before


def test_a_file_whose_migration_failed_can_be_migrated_once_the_step_is_put_right(path, monkeypatch):
    migrate(path)

    def wrong(db):
        db.executescript("CREATE TABLE added (id INTEGER); INSERT INTO missing VALUES (1);")

    def right(db):
        db.executescript("CREATE TABLE added (id INTEGER);")

    monkeypatch.setattr(database, "migrations", with_a_further_step(wrong))
    with pytest.raises(DatabaseUnusable):
        migrate(path)
    assert tables(path) == TABLES
    monkeypatch.setattr(database, "migrations", with_a_further_step(right))
    migrate(path)
    assert tables(path) == {*TABLES, "added"}


def test_of_two_steps_the_one_that_failed_leaves_nothing_and_the_one_that_ran_stays(path, monkeypatch):
    make_older(path)

    def half(db):
        db.executescript("CREATE TABLE half (id INTEGER); INSERT INTO missing VALUES (1);")

    monkeypatch.setattr(database, "migrations", with_a_further_step(half))
    with pytest.raises(DatabaseUnusable):
        migrate(path)
    assert tables(path) == TABLES
    assert people_in(path) == [("p1",)]


def test_a_file_that_is_no_database_is_refused_and_left_alone(path):
    path.parent.mkdir()
    content = b"minutes of the policy subgroup\n" * 200
    path.write_bytes(content)
    with pytest.raises(DatabaseUnusable, match=r"safeguarding\.db cannot be used"):
        migrate(path)
    assert path.read_bytes() == content


def test_a_folder_in_the_place_of_the_file_is_refused(path):
    path.mkdir(parents=True)
    with pytest.raises(DatabaseUnusable):
        migrate(path)


def test_a_file_in_the_place_of_the_folder_is_refused(path):
    path.parent.touch()
    with pytest.raises(DatabaseUnusable):
        migrate(path)


def test_many_who_migrate_an_older_file_at_once_migrate_it_once(path):
    make_older(path)
    barrier = threading.Barrier(8)

    def one(_):
        barrier.wait(10)
        migrate(path)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(8)))
    assert tables(path) == TABLES
    assert len(copies(path)) == 1


# Connections


@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("secure_delete", 1)]
)
def test_every_connection_has_the_settings_that_keep_what_was_written(store, pragma, value):
    with store.reading() as tx:
        read = tx.one(f"PRAGMA {pragma}")
    assert store.submit(lambda tx: tx.one(f"PRAGMA {pragma}")).result(10) == read == {pragma: value}


def test_a_reference_to_nobody_is_refused(store):
    def work(tx):
        tx.execute("INSERT INTO event_bodies (seq, salt, body) VALUES (7, 's', 'b')")

    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        store.submit(work).result(10)


def test_reading_writes_nothing(store):
    with store.reading() as tx, pytest.raises(sqlite3.OperationalError, match="readonly"):
        add(tx)
    assert names(store) == []


def test_a_read_sees_what_was_written_before_it(store):
    store.submit(add).result(10)
    assert names(store) == ["x"]
    assert asyncio.run(store.read(lambda tx: tx.one("SELECT value FROM counters"))) == {"value": 1}


def test_a_read_does_not_wait_for_a_write(store):
    store.submit(add).result(10)
    gate = Gate(store)
    assert names(store) == ["x"]
    gate.open()
    gate.future.result(10)


# One writer


def test_a_write_returns_what_its_work_returns(store):
    def work(tx):
        add(tx, value=41)
        return tx.execute("UPDATE counters SET value = value + 1")

    assert store.submit(work).result(10) == 1
    assert asyncio.run(store.write(lambda tx: tx.one("SELECT value FROM counters"))) == {"value": 42}
    assert asyncio.run(store.write(lambda tx: tx.one("SELECT value FROM counters WHERE name = 'y'"))) is None


def test_a_work_that_fails_is_rolled_back_and_its_exception_handed_on(store):
    def work(tx):
        add(tx)
        raise LookupError("not this one")

    with pytest.raises(LookupError, match="not this one"):
        store.submit(work).result(10)
    with pytest.raises(LookupError, match="not this one"):
        asyncio.run(store.write(work))
    assert names(store) == []


def test_the_writer_goes_on_after_a_work_that_failed(store):
    failing = store.submit(lambda tx: tx.execute("INSERT INTO missing VALUES (1)"))
    following = store.submit(add)
    assert isinstance(failing.exception(10), sqlite3.OperationalError)
    assert following.result(10) is None
    assert names(store) == ["x"]


def test_a_statement_that_ends_the_transaction_by_itself_does_not_stop_the_writer(store):
    """SQLite itself rolls back on some errors; the writer must not fall over the missing transaction."""

    def work(tx):
        add(tx)
        tx.execute("INSERT OR ROLLBACK INTO counters (name, value) VALUES ('x', 2)")

    with pytest.raises(sqlite3.IntegrityError):
        store.submit(work).result(10)
    store.submit(lambda tx: add(tx, "y")).result(10)
    assert names(store) == ["y"]


def test_writes_happen_in_the_order_in_which_they_were_taken(store):
    gate = Gate(store)
    futures = [store.submit(lambda tx, name=f"n{i}": add(tx, name)) for i in range(20)]
    gate.open()
    for future in futures:
        future.result(10)
    assert names(store) == [f"n{i}" for i in range(20)]


def test_a_write_that_was_cancelled_while_it_waited_is_not_done(store):
    gate = Gate(store)
    cancelled, kept = store.submit(add), store.submit(lambda tx: add(tx, "y"))
    assert cancelled.cancel()
    gate.open()
    kept.result(10)
    assert names(store) == ["y"]


def test_reading_and_then_writing_holds_others_off_from_the_first_read(store, path):
    """With a deferred transaction the other would write in between, and this write would fail at once."""
    other = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    others = []

    def work(tx):
        before = tx.one("SELECT count(*) AS n FROM counters")
        try:
            other.execute("INSERT INTO counters (name, value) VALUES ('other', 1)")
        except sqlite3.OperationalError as error:
            others.append(str(error))
        add(tx, value=before["n"])

    store.submit(work).result(10)
    other.close()
    assert others == ["database is locked"]
    assert names(store) == ["x"]


def test_reading_and_then_writing_beside_another_connection_does_not_fail(store, path):
    store.submit(add).result(10)

    def others():
        with closing(connect(path)) as connection:
            for _ in range(50):
                connection.execute("UPDATE counters SET value = value + 1")

    def work(tx):
        value = tx.one("SELECT value FROM counters")["value"]
        tx.execute("UPDATE counters SET value = :value", value=value + 1)

    thread = threading.Thread(target=others)
    thread.start()
    futures = [store.submit(work) for _ in range(50)]
    for future in futures:
        future.result(20)
    thread.join(20)
    with store.reading() as tx:
        assert tx.one("SELECT value FROM counters") == {"value": 101}


# Writes that wait are committed together


@pytest.fixture
def commits(monkeypatch, path):
    """The commits of the writer of a store that is made after this, as they happen."""
    happened = []

    def traced(path):
        connection = connect(path)
        connection.set_trace_callback(lambda sql: happened.append(sql) if sql == "COMMIT" else None)
        return connection

    monkeypatch.setattr(database, "connect", traced)
    migrate(path)
    happened.clear()
    return happened


@pytest.mark.parametrize(
    ("waiting", "groups"), [(1, 1), (2, 1), (database.GROUP_SIZE, 1), (database.GROUP_SIZE + 1, 2)]
)
def test_what_waits_is_committed_together_up_to_a_measure(commits, store, waiting, groups):
    gate = Gate(store)
    futures = [store.submit(lambda tx, name=f"n{i}": add(tx, name)) for i in range(waiting)]
    gate.open()
    for future in futures:
        future.result(10)
    assert len(commits) == 1 + groups, "the gate's own, and one for each group"
    assert names(store) == [f"n{i}" for i in range(waiting)]


def _fails(tx):
    raise LookupError("not this one")


def _rolls_all_back(tx):
    tx.execute("INSERT OR ROLLBACK INTO counters (name, value) VALUES ('lost', 2)")


def _cannot_be_committed(tx):
    tx.execute("PRAGMA defer_foreign_keys = ON")
    tx.execute("INSERT INTO verdicts (id, question_id, at, helpful) VALUES ('v', 'nobody', 'now', 1)")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (_fails, LookupError),
        (_rolls_all_back, sqlite3.IntegrityError),
        (_cannot_be_committed, sqlite3.IntegrityError),
    ],
)
def test_of_those_committed_together_one_that_fails_leaves_nothing_and_the_others_stand(store, fault, error):
    def work(tx):
        add(tx, "lost")
        fault(tx)

    gate = Gate(store)
    before, failing = store.submit(lambda tx: add(tx, "a")), store.submit(work)
    after, last = store.submit(lambda tx: "done"), store.submit(lambda tx: add(tx, "b"))
    gate.open()
    assert isinstance(failing.exception(10), error)
    assert (before.result(10), after.result(10), last.result(10)) == (None, "done", None)
    assert names(store) == ["a", "b"]
    with store.reading() as tx:
        assert tx.all("SELECT * FROM verdicts") == []


def test_nobody_hears_of_success_before_it_is_on_the_disk(store, path):
    seen = []

    def look(_):
        with closing(sqlite3.connect(path)) as connection:
            seen.append([name for (name,) in connection.execute("SELECT name FROM counters ORDER BY name")])

    gate = Gate(store)
    futures = [store.submit(lambda tx, name=name: add(tx, name)) for name in "abc"]
    for future in futures:
        future.add_done_callback(look)
    gate.open()
    for future in futures:
        future.result(10)
    store.submit(lambda tx: None).result(10)  # all before it have been told by then
    assert seen == [["a", "b", "c"]] * 3


def test_where_another_process_holds_the_file_those_who_wait_together_wait_once(path, monkeypatch):
    monkeypatch.setattr(database, "BUSY_TIMEOUT_SECONDS", 0.3)
    migrate(path)
    store = Store(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        futures = [store.submit(add) for _ in range(20)]
        assert all(isinstance(future.exception(10), sqlite3.OperationalError) for future in futures)
        assert time.monotonic() - begun < 10 * database.BUSY_TIMEOUT_SECONDS
    store.submit(add).result(10)
    assert names(store) == ["x"]
    store.close()


def test_a_full_queue_says_busy_and_loses_nothing_that_it_took(store):
    gate = Gate(store)
    taken = [store.submit(lambda tx, i=i: i) for i in range(database.QUEUE_SIZE)]
    with pytest.raises(Busy):
        store.submit(add)
    gate.open()
    assert [future.result(20) for future in taken] == list(range(database.QUEUE_SIZE))
    store.submit(add).result(10)
    assert names(store) == ["x"]


# Closing


def test_closing_refuses_more_and_writes_what_was_taken(store, path):
    gate = Gate(store)
    futures = [store.submit(lambda tx, name=f"n{i}": add(tx, name)) for i in range(20)]
    assert store.close(timeout=0.01) is False
    with pytest.raises(Closed):
        store.submit(add)
    with pytest.raises(Closed):
        asyncio.run(store.write(add))
    gate.open()
    assert store.close() is True
    assert [future.exception(0) for future in futures] == [None] * 20
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM counters").fetchone() == (20,)


def test_closing_twice_is_no_fault(store):
    store.submit(add).result(10)
    assert store.close() is True
    assert store.close() is True


def test_closing_with_a_full_queue_does_not_wait_longer_than_it_was_told(store):
    gate = Gate(store)
    for i in range(database.QUEUE_SIZE):
        store.submit(lambda tx, i=i: i)
    closed = []
    thread = threading.Thread(target=lambda: closed.append(store.close(timeout=0.05)), daemon=True)
    thread.start()
    thread.join(3)
    in_time = list(closed)
    gate.open()
    thread.join(20)
    assert in_time == [False]


def test_after_closing_everything_stands_in_the_one_file(store, path):
    store.submit(add).result(10)
    assert names(store) == ["x"]
    store.close()
    assert not path.with_name(f"{path.name}-wal").exists()


# History


def put_event(tx, seq=1, kind="opened"):
    tx.execute(
        "INSERT INTO events (seq, ticket, kind, at, mac) VALUES (:seq, 'E-1', :kind, :at, 'm')",
        seq=seq,
        kind=kind,
        at=utc(NOON),
    )


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE events SET kind = 'closed'",
        "UPDATE events SET mac = 'm' WHERE seq = 1",
        "UPDATE OR REPLACE events SET seq = 2 WHERE seq = 1",
        "DELETE FROM events",
        "DELETE FROM events WHERE seq = 2",
        "INSERT OR REPLACE INTO events (seq, ticket, kind, at, mac) VALUES (1, 'E-1', 'closed', '', 'n')",
        "INSERT INTO events (seq, ticket, kind, at, mac) VALUES (1, 'E-1', 'closed', '', 'n') "
        "ON CONFLICT (seq) DO UPDATE SET kind = 'closed'",
    ],
)
def test_an_event_is_never_changed_and_never_removed(store, sql):
    store.submit(put_event).result(10)
    store.submit(lambda tx: put_event(tx, seq=2, kind="answered")).result(10)
    with pytest.raises(sqlite3.IntegrityError, match="events are only ever added"):
        store.submit(lambda tx: tx.execute(sql)).result(10)
    with store.reading() as tx:
        assert tx.all("SELECT seq, kind, mac FROM events ORDER BY seq") == [
            {"seq": 1, "kind": "opened", "mac": "m"},
            {"seq": 2, "kind": "answered", "mac": "m"},
        ]


def test_the_text_of_an_event_can_be_removed_and_the_event_stays(store):
    def work(tx):
        put_event(tx)
        tx.execute("INSERT INTO event_bodies (seq, salt, body) VALUES (1, 's', 'what was typed')")
        tx.execute("DELETE FROM event_bodies")
        return tx.one("SELECT count(*) AS n FROM events")

    assert store.submit(work).result(10) == {"n": 1}


# Claims


def test_a_claim_is_made_once(store):
    def work(tx):
        assert claims.claimed(tx, "k") is False
        assert claims.claim(tx, "k", NOON) is True
        assert claims.claimed(tx, "k") is True
        assert claims.claim(tx, "k", NOON) is False

    store.submit(work).result(10)
    assert store.submit(lambda tx: claims.claim(tx, "other", NOON)).result(10) is True


def test_a_claim_goes_with_the_work_that_failed(store):
    def work(tx):
        claims.claim(tx, "k", NOON)
        raise LookupError

    with pytest.raises(LookupError):
        store.submit(work).result(10)
    assert store.submit(lambda tx: claims.claim(tx, "k", NOON)).result(10) is True


def test_of_fifty_who_claim_at_once_one_wins(store, path):
    """Half of them through a second process' store on the same file."""
    second = Store(path)
    barrier = threading.Barrier(50)

    def one(i):
        barrier.wait(10)
        return (store if i % 2 else second).submit(lambda tx: claims.claim(tx, "k", NOON, str(i)))

    with ThreadPoolExecutor(50) as pool:
        won = [future.result(20) for future in pool.map(one, range(50))]
    second.close()
    assert sorted(won) == [False] * 49 + [True]
    with store.reading() as tx:
        assert tx.all("SELECT key, result FROM claims") == [{"key": "k", "result": str(won.index(True))}]


def test_a_claim_is_kept_for_seven_days_and_no_longer(store):
    def work(tx):
        claims.claim(tx, "kept", NOON)
        claims.claim(tx, "forgotten", NOON - timedelta(microseconds=1))
        return claims.forget_old(tx, NOON + claims.KEPT), claims.claimed(tx, "kept"), claims.claimed(tx, "forgotten")

    assert store.submit(work).result(10) == (1, True, False)


# People and times


def test_a_person_is_added_once_for_each_channel_that_they_write_from(store):
    def work(tx):
        assert people.find(tx, "slack", "U1") is None
        asking = [("slack", "U1"), ("slack", "U1"), ("mail", "U1"), ("slack", "U2")]
        return [people.find_or_add(tx, channel, user) for channel, user in asking]

    first, again, by_mail, another = store.submit(work).result(10)
    assert first == again
    assert len({first.id, by_mail.id, another.id}) == 3
    assert "U1" not in first.id


MOMENTS = st.datetimes(
    min_value=datetime(1990, 1, 1),
    max_value=datetime(2200, 1, 1),
    timezones=st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)


@hypothesis_settings(deadline=None, max_examples=200)
@given(MOMENTS, MOMENTS)
def test_the_order_of_times_as_text_is_their_order_in_time(one, other):
    assert (utc(one) < utc(other)) == (one < other)
    assert (utc(one) == utc(other)) == (one == other)
    assert datetime.fromisoformat(utc(one)) == one
