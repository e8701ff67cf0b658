"""The SQLite file: one writer thread, reads elsewhere, migrations under a lock after a copy.

`Store.submit(work)` runs `work(tx)` on the writer inside BEGIN IMMEDIATE. One writer keeps the slowest of many
writes near 80 ms, where a pool of them was seen to wait 350 ms for the lock. `work` does SQL only.

What waits in the queue is committed together, since to reach the disk takes most of the time: each `work` in a
savepoint of its own, so that one that fails leaves the others alone, and nobody hears of success before the COMMIT.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlite_utils import Database

from bot.storage.migrations import migrations
from bot.storage.outcomes import LookUps, Outcome, Waiting, still_wanted, tell

log = logging.getLogger(__name__)
T = TypeVar("T")

QUEUE_SIZE = 1000
GROUP_SIZE = 64
"""No more is committed together, so that other processes get at the file in between."""
BUSY_TIMEOUT_SECONDS = 5.0
COPIES_KEPT = 5


class Busy(Exception):
    """The queue of writes is full; ask again later."""


class Closed(Exception):
    """The store takes no more reads and writes: the program is stopping."""


class DatabaseUnusable(Exception):
    """The file cannot be opened or brought to the shape that this version needs; the message says why."""


Row = Mapping[str, Any]
Job = tuple[Callable[["Transaction"], Any], Waiting]


class Transaction:
    """SQL inside one transaction, or for reading. Parameters are named."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, **parameters: object) -> int:
        """Run a statement; how many rows it changed."""
        return self._connection.execute(sql, parameters).rowcount

    def one(self, sql: str, **parameters: object) -> Row | None:
        """The first row, if any."""
        row: sqlite3.Row | None = self._connection.execute(sql, parameters).fetchone()
        return None if row is None else dict(row)

    def all(self, sql: str, **parameters: object) -> list[Row]:
        """All rows."""
        return [dict(row) for row in self._connection.execute(sql, parameters)]


def utc(moment: datetime) -> str:
    """A moment as the database keeps it: ISO-8601, UTC, to the microsecond, so that text order is time order."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def connect(path: Path) -> sqlite3.Connection:
    """A connection with the settings that every one needs."""
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "recursive_triggers=ON",
        "secure_delete=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def migrate(path: Path) -> None:
    """Bring the file to this version's shape: under a lock, and after a copy where it held anything.

    Raises: DatabaseUnusable; the file is then as it was.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with (path.parent / f"{path.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            existed = path.exists() and path.stat().st_size > 0
            connection = connect(path)
            try:
                db = Database(connection)
                pending = migrations.pending(db)
                if pending and existed:
                    _copy(connection, path)
                if pending:
                    migrations.apply(db)
            finally:
                connection.close()
    except (OSError, sqlite3.Error) as error:
        raise DatabaseUnusable(f"the database {path} cannot be used: {error}") from error


def _copy(connection: sqlite3.Connection, path: Path) -> None:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    target = path.with_name(f"{path.stem}-before-{stamp}{path.suffix}")
    with sqlite3.connect(target) as copy:
        connection.backup(copy)
    copy.close()
    for old in sorted(path.parent.glob(f"{path.stem}-before-*{path.suffix}"))[:-COPIES_KEPT]:
        old.unlink()


def quick_check(path: Path) -> str:
    """What SQLite says of the file's health: "ok", or what is wrong.

    Raises: DatabaseUnusable.
    """
    try:
        connection = connect(path)
        try:
            return str(connection.execute("PRAGMA quick_check").fetchone()[0])
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise DatabaseUnusable(f"the database {path} cannot be used: {error}") from error


class Store:
    """The open database. Create it after `migrate`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._places = threading.BoundedSemaphore(QUEUE_SIZE)
        self._closed = False
        self._closing = threading.Condition()
        self._reads = 0
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._look_ups = LookUps(self.read)
        self._writer = threading.Thread(target=self._write_all, name="writer", daemon=True)
        self._writer.start()

    def submit(self, work: Callable[[Transaction], T]) -> Future[T]:
        """Run `work` on the writer, in one transaction; the future holds its result or its exception.

        Raises: Busy, Closed.
        """
        future: Future[T] = Future()
        self._put(work, future)
        return future

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """As `submit`, awaited. Raises also what `work` raises."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._put(work, future)
        return await future

    def _put(self, work: Callable[[Transaction], Any], future: Waiting) -> None:
        with self._closing:
            if self._closed:
                raise Closed
            if not self._places.acquire(blocking=False):
                raise Busy
            self._queue.put((work, future))

    async def check_writable(self) -> None:
        """Begin and end a transaction on the writer, which takes the lock that a write needs.

        Raises: Busy, Closed, sqlite3.Error.
        """
        await self.write(lambda tx: tx.execute("DELETE FROM claims WHERE 0"))

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Read on this thread's own connection, all of it as of one moment; nothing can be written.

        Raises: Closed.
        """
        with self._closing:
            if self._closed:
                raise Closed
            self._reads += 1
        try:
            connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
            if connection is None:
                connection = connect(self._path)
                connection.execute("PRAGMA query_only=ON")
                self._local.connection = connection
                self._readers.append(connection)
            connection.execute("BEGIN")
            try:
                yield Transaction(connection)
            finally:
                if connection.in_transaction:
                    connection.execute("COMMIT")
        finally:
            with self._closing:
                self._reads -= 1
                self._closing.notify_all()

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on another thread, reading."""

        def run() -> T:
            with self.reading() as tx:
                return work(tx)

        return await asyncio.to_thread(run)

    async def look_up(self, work: Callable[[Transaction], T]) -> T:
        """As `read`, for a few rows: what comes while another is under way is read after it, all together."""
        return await self._look_ups.do(work)

    @contextmanager
    def alone(self, what: str) -> Iterator[bool]:
        """Whether this is the only process that does `what` just now; it is kept from the others meanwhile.

        A process that dies lets go of it. (SQLite is one machine's; another database has locks of its own.)
        """
        with (self._path.parent / f"{self._path.name}.{what}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def close(self, timeout: float = 20.0) -> bool:
        """Take no more, write what was taken, and close; whether all of it was written in `timeout` seconds."""
        deadline = time.monotonic() + timeout
        with self._closing:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._writer.join(timeout)
        with self._closing:
            # A connection that is closed while another thread reads from it takes the whole process down.
            if self._closing.wait_for(lambda: self._reads == 0, max(0.0, deadline - time.monotonic())):
                for connection in self._readers:
                    connection.close()
        return not self._writer.is_alive()

    def _write_all(self) -> None:
        connection: sqlite3.Connection | None = None
        for group in self._groups():
            self._places.release(len(group))
            wanted = [(work, future) for work, future in group if still_wanted(future)]
            works = [work for work, _ in wanted]
            try:
                connection = connection or connect(self._path)
                outcomes = _together(connection, works) or [_alone(connection, work) for work in works]
            except BaseException as error:
                outcomes = [Outcome(error=error)] * len(wanted)
            tell([(future, outcome) for (_, future), outcome in zip(wanted, outcomes, strict=True)])
        if connection is not None:
            connection.close()

    def _groups(self) -> Iterator[list[Job]]:
        """What waits, in its order, until the end is reached. Nobody is waited for once there is something."""
        job: Job | None
        while (job := self._queue.get()) is not None:
            group = [job]
            while len(group) < GROUP_SIZE and not self._queue.empty() and (job := self._queue.get()) is not None:
                group.append(job)
            yield group
            if job is None:
                return


def _together(connection: sqlite3.Connection, works: Sequence[Callable[[Transaction], Any]]) -> list[Outcome] | None:
    """Several works in one transaction; None where there are not several, or where all of it was rolled back.

    Raises: sqlite3.Error where the lock cannot be had.
    """
    if len(works) < 2:
        return None
    connection.execute("BEGIN IMMEDIATE")
    try:
        outcomes = [_in_savepoint(connection, work) for work in works]
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        return None
    return outcomes


def _in_savepoint(connection: sqlite3.Connection, work: Callable[[Transaction], Any]) -> Outcome:
    """Raises: sqlite3.Error where the work cannot be undone alone: SQLite has rolled back all."""
    connection.execute("SAVEPOINT one")
    try:
        outcome = Outcome(work(Transaction(connection)))
    except BaseException as error:
        connection.execute("ROLLBACK TO one")
        outcome = Outcome(error=error)
    connection.execute("RELEASE one")
    return outcome


def _alone(connection: sqlite3.Connection, work: Callable[[Transaction], Any]) -> Outcome:
    try:
        return Outcome(_in_transaction(connection, work))
    except BaseException as error:
        return Outcome(error=error)


def _in_transaction(connection: sqlite3.Connection, work: Callable[[Transaction], T]) -> T:
    # IMMEDIATE: reading and then writing beside another process would fail at once with a deferred BEGIN.
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work(Transaction(connection))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result
