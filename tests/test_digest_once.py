"""Each weekly digest is queued once: whatever the clocks do, however many processes run, whenever one is killed."""

import asyncio
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from slack_workspace import SECRET, rows_of
from ticketing import AUDIT_KEY, TOWN, Office, office_in, records_of, town

from bot import digests as making
from bot import outbox as sending
from bot.config import ROOT
from bot.desk import Desk
from bot.digests import Recipients
from bot.outbox import NotSent
from bot.reporting.digest import Audience
from bot.storage import digests, outbox, versions
from bot.storage.database import Store, migrate

ENGLAND = ROOT / "knowledge" / "england"
MANAGERS, NEWS = ("U0ANN", "U0BEN"), "C0NEWS"
EVERYBODY = Recipients(MANAGERS, None, NEWS)
MONDAY = datetime(2026, 4, 27, 8, 0, tzinfo=UTC)  # 9:00 in London
ONCE = [
    ("2026-W17", "managers", "U0ANN"),
    ("2026-W17", "managers", "U0BEN"),
    ("2026-W18", "practitioners", NEWS),
]
LONDON, NINE = ZoneInfo("Europe/London"), clock_time(9)
KILLS = int(os.environ.get("KILLS", "100"))
SEED = int(os.environ.get("SEED", "20261127"))
"""`SEED=7 KILLS=500 pytest -s tests/test_digest_once.py -k killed` tries other moments, and more of them."""
LIFE_SECONDS = 0.35
"""A process lives so long at most."""
SLACK_SECONDS = 0.02
"""Slack takes so long to answer, so that processes die meanwhile too."""


@pytest.fixture
def start(smalltown, tmp_path):
    """Starts an office of the small town on the one database; what is still open is closed afterwards."""
    started = []

    def starting(recipients=EVERYBODY, partnership=""):
        if not started:
            started.append(office_in(smalltown, ENGLAND, tmp_path / "data", recipients=recipients))
            (smalltown / "partnership.yaml").write_text(TOWN + partnership, "utf-8")
            started[0].library.open()
            assert started[0].library.faults == ()
        else:
            started.append(Office(smalltown, tmp_path / "data", recipients=recipients))
        return started[-1]

    yield starting
    for office in started:
        office.close()


def queued(office):
    """The digests, each as often as it was queued; what the table says and what waits to be sent are the same."""
    kept = office.rows("SELECT week, audience, recipient FROM digests ORDER BY week, audience, recipient")
    named = [(row["week"], row["audience"], row["recipient"]) for row in kept]
    sent = [row["dedupe"] for row in office.rows("SELECT dedupe FROM outbox WHERE kind = 'digest'")]
    assert sorted(sent) == sorted(f"digest:{':'.join(one)}" for one in named)
    return named


def weeks(office, audience="managers"):
    return [
        week for week, of, recipient in queued(office) if (of, recipient) in ((audience, "U0ANN"), (audience, NEWS))
    ]


def tick_at(office, *moments):
    for moment in moments:
        office.now = moment
        office.tick()


# When


@pytest.mark.parametrize(
    "monday",
    [
        datetime(2026, 3, 23, 9, 0, tzinfo=UTC),
        datetime(2026, 3, 30, 8, 0, tzinfo=UTC),  # the clocks went forward
        datetime(2026, 10, 19, 8, 0, tzinfo=UTC),
        datetime(2026, 10, 26, 9, 0, tzinfo=UTC),  # and back
        datetime(2027, 3, 22, 9, 0, tzinfo=UTC),
        datetime(2027, 3, 29, 8, 0, tzinfo=UTC),  # forward, and Easter Monday
        datetime(2027, 11, 1, 9, 0, tzinfo=UTC),  # back
        datetime(2026, 5, 4, 8, 0, tzinfo=UTC),  # a bank holiday
        datetime(2026, 12, 28, 9, 0, tzinfo=UTC),  # Boxing Day's
    ],
    ids=lambda at: at.date().isoformat(),
)
def test_it_is_monday_nine_oclock_in_london_bank_holiday_or_not(start, monday):
    office = start()
    tick_at(office, monday - timedelta(days=6))
    assert len(queued(office)) == 3
    tick_at(office, monday - timedelta(microseconds=1))
    assert len(queued(office)) == 3
    tick_at(office, monday, monday + timedelta(days=6, hours=14))
    assert len(queued(office)) == 6
    assert Counter(row["at"][:16] for row in office.rows("SELECT at FROM digests"))[f"{monday:%Y-%m-%dT%H:%M}"] == 3


@pytest.mark.parametrize("sunday", [date(2026, 3, 29), date(2026, 10, 25), date(2027, 3, 28), date(2027, 10, 31)])
@pytest.mark.parametrize("when", ["", 'digest: {day: sun, time: "01:30"}\n'], ids=["monday", "in the hour that goes"])
def test_around_a_change_of_the_clocks_there_is_one_a_week(start, sunday, when):
    office = start(partnership=when)
    begin = datetime(sunday.year, sunday.month, sunday.day, tzinfo=UTC) - timedelta(days=8)
    tick_at(office, *(begin + timedelta(minutes=30 * step) for step in range(48 * 17)))
    for audience in ("managers", "practitioners"):
        found = weeks(office, audience)
        assert len(found) == len(set(found)) >= 3
        numbers = [date.fromisocalendar(int(name[:4]), int(name[6:]), 1).toordinal() for name in found]
        assert {later - earlier for earlier, later in pairwise(numbers)} == {7}


def test_after_weeks_of_downtime_only_the_last_one_is_caught_up(start):
    office = start()
    tick_at(office, MONDAY)
    tick_at(office, MONDAY + timedelta(days=30, hours=5))  # a Wednesday, four weeks later
    assert weeks(office) == ["2026-W17", "2026-W21"]
    assert weeks(office, "practitioners") == ["2026-W18", "2026-W22"]
    tick_at(office, MONDAY + timedelta(days=34, hours=20))
    assert len(weeks(office)) == 2


@pytest.mark.parametrize("begun_with", ["the server", "a ticket"])
def test_what_was_due_before_the_bot_was_first_in_use_is_not_sent(start, begun_with):
    office = start()
    office.now = MONDAY + timedelta(seconds=1)
    if begun_with == "a ticket":
        office.raise_()
    else:
        office.store.submit(lambda tx: versions.use(tx, office.library.knowledge, office.now)).result()
    tick_at(office, MONDAY + timedelta(days=2))
    assert queued(office) == []
    tick_at(office, MONDAY + timedelta(days=7))
    assert weeks(office) == ["2026-W18"]


def test_who_is_named_later_waits_for_the_next_one(start):
    tick_at(start(Recipients(("U0ANN",))), MONDAY)
    later = start(Recipients(("U0ANN", "U0BEN"), "C0DIGEST"))
    tick_at(later, MONDAY + timedelta(days=1))
    assert queued(later) == [("2026-W17", "managers", "U0ANN")]
    tick_at(later, MONDAY + timedelta(days=7))
    assert queued(later) == [("2026-W17", "managers", "U0ANN"), ("2026-W18", "managers", "C0DIGEST")]


def test_a_clock_that_is_put_back_brings_back_no_earlier_digest(start):
    office = start()
    tick_at(office, MONDAY, MONDAY - timedelta(seconds=1))
    assert queued(office) == ONCE


def test_where_nobody_gets_any_nothing_is_made(start, monkeypatch):
    office = start(Recipients())
    monkeypatch.setattr(making, "Figures", None)
    tick_at(office, MONDAY)
    assert queued(office) == []


def test_a_digest_that_cannot_be_made_keeps_no_ticket_waiting_and_is_made_later(start, monkeypatch, caplog):
    office = start()
    with monkeypatch.context() as patch:
        patch.setattr(making, "for_managers", None)
        office.now = MONDAY
        office.raise_()
        assert office.tick() == 0
        office.now = MONDAY + timedelta(days=2)
        assert office.tick() == 1
    assert "a digest could not be queued: TypeError at digests.py" in caplog.text
    office.tick()
    assert queued(office) == ONCE


# Several processes at once


def test_two_processes_that_are_started_a_hundred_times_around_the_hour_queue_each_once(start, smalltown):
    office = start()
    tick_at(office, MONDAY - timedelta(days=6))
    before, library = queued(office), office.library
    chance = random.Random(SEED)
    moments = [[MONDAY + timedelta(seconds=chance.randint(-90, 90)) for _ in range(50)] for _ in range(2)]

    def run(mine):
        for moment in mine:
            store = Store(office.database)
            try:
                desk = Desk(library, store, lambda moment=moment: moment)
                asyncio.run(records_of(desk, recipients=EVERYBODY).upkeep.tick())
            finally:
                store.close()

    threads = [threading.Thread(target=run, args=(mine,)) for mine in moments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(queued(office)) == sorted([*before, *ONCE])


@pytest.mark.parametrize("point", ["add", "queue"])
@pytest.mark.parametrize("call", [1, 2, 3])
def test_whatever_fails_while_it_is_queued_leaves_nothing_behind_and_it_is_queued_later(
    start, monkeypatch, point, call
):
    office = start()
    module = digests if point == "add" else outbox
    usual, calls = getattr(module, point), []

    def failing(*arguments, **more):
        calls.append(arguments)
        if len(calls) == call:
            raise RuntimeError
        return usual(*arguments, **more)

    with monkeypatch.context() as patch:
        patch.setattr(module, point, failing)
        tick_at(office, MONDAY)
    assert queued(office) == (ONCE[:2] if call == 3 else [])
    tick_at(office, MONDAY)
    assert queued(office) == ONCE


# Sent twice only where a process died in between, and counted then


def deliver(office, send):
    return office.run(sending.deliver(office.store, "slack", send, lambda: office.now))


class Died(BaseException):
    """The process is gone."""


def test_a_process_that_died_between_sending_and_recording_is_logged_and_counted(start, caplog, monkeypatch):
    office = start(Recipients(("U0ANN",)))
    tick_at(office, MONDAY)
    posted = []

    async def dies(waiting):
        posted.append(waiting.message)
        raise Died

    async def takes(waiting):
        posted.append(waiting.message)

    with pytest.raises(Died):
        deliver(office, dies)
    assert caplog.text == ""
    assert deliver(office, takes) == 1
    assert "a digest may be sent twice: the process died while it was on its way" in caplog.text
    assert len(posted) == 2
    assert posted[0] == posted[1]
    assert deliver(office, takes) == 0
    with office.store.reading() as tx:
        assert outbox.repeats(tx) == 1
    office.now = MONDAY + timedelta(hours=1)
    one = making.this_week(Audience.MANAGERS, office.now, office.library.knowledge.partnership)
    parts = {part.heading: part.lines for part in office.run(office.records.digests.made(one, private=True)).parts}
    assert "Delivery" not in parts, "of the week that is told, nothing was sent twice"
    one = making.this_week(Audience.MANAGERS, MONDAY + timedelta(days=7), office.library.knowledge.partnership)
    parts = {part.heading: part.lines for part in office.run(office.records.digests.made(one, private=True)).parts}
    assert parts["Delivery"] == ("1 digest may have been sent twice.",)


def test_what_slack_refused_is_sent_again_without_being_counted(start, caplog):
    office = start(Recipients(("U0ANN",)))
    tick_at(office, MONDAY)

    async def refuses(waiting):
        raise NotSent("fatal_error")

    async def takes(waiting):
        return None

    assert deliver(office, refuses) == 0
    office.now += timedelta(minutes=1)
    assert deliver(office, takes) == 1
    assert "twice" not in caplog.text
    with office.store.reading() as tx:
        assert outbox.repeats(tx) == 0


# Processes that are really killed

NURSERY = """
import os, sys
sys.path.insert(0, sys.argv[1])
import app, handlers.slack.once
for moment in sys.stdin:
    process = os.fork()
    if not process:
        os.dup2(2, 1)
        app.main(["tick", "--at", moment.strip()])
    print(process, flush=True)
    sys.stdin.readline()
    os.waitpid(process, 0)
    print("ended", flush=True)
"""
"""Forks a `tick` for each line, and waits for its end when it is told to: until then nobody else has its number."""


class Place:
    """Where one process after the other runs."""

    def __init__(self, folder, knowledge, stand_in):
        self.folder, self.database, self.log = folder, folder / "data" / "safeguarding.db", folder / "log.txt"
        self.settings = {
            "PATH": os.environ["PATH"],
            "PARTNERSHIP": knowledge.name,
            "KNOWLEDGE_DIR": str(knowledge.parent),
            "DATABASE_URL": f"sqlite:///{self.database}",
            "SLACK_BOT_TOKEN": "xoxb-test",
            "SLACK_SIGNING_SECRET": SECRET,
            "SLACK_API_URL": stand_in.api_url,
            "MANAGERS": ",".join(MANAGERS),
            "NEWS_CHANNEL": NEWS,
            "SEMANTIC_MODEL": str(folder / "no-model"),
            "ALLOW_TIME_TRAVEL": "1",
        }

    @contextmanager
    def ticking(self):
        """Gives what runs `tick` at a moment, and kills it after so many seconds, if it still runs."""
        command = [sys.executable, "-c", NURSERY, ROOT]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with (
            self.log.open("a") as log,
            subprocess.Popen(command, cwd=self.folder, env=self.settings, stderr=log, **pipes) as nursery,
        ):

            def tick(moment, seconds=None):
                nursery.stdin.write(f"{moment.isoformat()}\n")
                nursery.stdin.flush()
                process = int(nursery.stdout.readline())
                if seconds is not None:
                    time.sleep(seconds)
                    os.kill(process, signal.SIGKILL)
                nursery.stdin.write("\n")
                nursery.stdin.flush()
                assert nursery.stdout.readline() == "ended\n"

            try:
                yield tick
            finally:
                nursery.stdin.close()

    def rows(self, sql):
        return rows_of(self.database, sql)


WHOSE = {**dict.fromkeys(MANAGERS, "managers"), NEWS: "practitioners"}
BEFORE = [("2026-W16", "managers", "U0ANN"), ("2026-W17", "practitioners", NEWS)]


def with_those_of_the_week_before(database):
    """Else a process before the hour would catch them up."""
    store = Store(database)
    for one in BEFORE:
        store.submit(lambda tx, one=one: digests.add(tx, *one, MONDAY - timedelta(days=7))).result()
    store.close()


def test_processes_that_are_killed_a_hundred_times_around_the_hour_send_each_digest_once_or_count_it(
    tmp_path, smalltown, stand_in, monkeypatch
):
    print(f"SEED={SEED} KILLS={KILLS}")
    town(smalltown, ENGLAND)
    place, usual = Place(tmp_path, smalltown, stand_in), stand_in.receive
    migrate(place.database)
    (place.database.parent / "audit.key").write_text(AUDIT_KEY, "ascii")
    with_those_of_the_week_before(place.database)

    def slowly(*arguments):
        answer = usual(*arguments)
        time.sleep(SLACK_SECONDS)
        return answer

    monkeypatch.setattr(stand_in, "receive", slowly)

    chance = random.Random(SEED)
    with place.ticking() as one, place.ticking() as other:
        for number in range(KILLS // 10):
            monday = datetime.combine(MONDAY.date() + timedelta(days=7 * number), NINE, LONDON)

            def kill(tick, lives, monday=monday):
                for second, life in enumerate(lives, -1):
                    tick(monday + timedelta(seconds=second), life)

            killing = [
                threading.Thread(target=kill, args=(tick, [chance.uniform(0, LIFE_SECONDS) for _ in range(5)]))
                for tick in (one, other)
            ]
            for thread in killing:
                thread.start()
            for thread in killing:
                thread.join()
            one(monday + timedelta(hours=1))
    wanted = [*BEFORE, *(once for number in range(KILLS // 10) for once in of_week(number))]
    rows = place.rows("SELECT week, audience, recipient FROM digests")
    assert sorted(tuple(row.values()) for row in rows) == sorted(wanted)
    kept = {row["dedupe"]: row for row in place.rows("SELECT * FROM outbox")}
    assert len(kept) == len(wanted) - len(BEFORE)
    posted = Counter(
        f"digest:{re.search(r'20[0-9]+-W[0-9]+', call.text)[0]}:{WHOSE[call.channel]}:{call.channel}"
        for call in stand_in.taken("chat.postMessage")
    )
    assert posted.keys() == kept.keys()
    for name, row in kept.items():
        assert row["delivered"] is not None
        assert posted[name] <= 1 + row["repeats"]
    counted, twice = sum(row["repeats"] for row in kept.values()), posted.total() - len(kept)
    log = place.log.read_text("utf-8")
    print(f"{len(kept)} digests, {twice} posted once more, {counted} counted")
    assert log.count("a digest may be sent twice") <= counted
    assert "Traceback" not in log


def of_week(number):
    """What is queued on the Monday so many weeks later."""
    later = timedelta(days=7 * number)
    for week, audience, recipient in ONCE:
        monday = date.fromisocalendar(int(week[:4]), int(week[6:]), 1) + later
        year, count, _ = monday.isocalendar()
        yield f"{year}-W{count:02d}", audience, recipient
