"""A bot that is killed again and again under load: what it acknowledged stands, once, and every message arrives."""

import itertools
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import httpx
import pytest
from slack_stand_in import PATIENCE
from slack_workspace import SECRET, Client, rows_of
from ticket_load import ESCALATION, FEEDBACK, references_in, sent_directly
from ticketing import town

from bot.config import ROOT
from bot.storage.database import Closed, Store, connect, migrate
from bot.storage.history import History
from bot.storage.outbox import MessageKind
from handlers.slack import ticket_views

KILLS = int(os.environ.get("KILLS", "100"))
SEED = int(os.environ.get("SEED", "20261127"))
"""Of the moments; `SEED=7 KILLS=500 pytest -s tests/test_durability.py` tries others, and more of them."""
RAISING = 3
"""Threads, each of which begins one ticket after the other: escalations and feedback requests in turn."""
PEOPLE = 30
LIFE_SECONDS = 0.12
"""A bot lives so long at most after it has acknowledged something, or where it is killed while it starts, in all."""
KILLED_AT_THE_START = 0.2
"""The share of bots that are killed whether they have acknowledged anything yet or not."""
DELIVERY_SECONDS = 120
MANAGER, CHANNEL, LEAD, OFFICER, MASH_CHANNEL = "U0ANN", "C0ESCALATE", "U0TEAM", "U0MASH", "C0MASH"
BEGUN_WITH = {"ESC": ("opened", "other-agency-told"), "MASH": ("opened",)}
"""What has happened to a ticket on which nobody has acted yet."""

NURSERY = """
import os, runpy, sys
sys.argv = [sys.argv[1], "serve"]
sys.path.insert(0, os.path.dirname(sys.argv[0]))
import app, handlers.server
for _ in sys.stdin:
    process = os.fork()
    if not process:
        runpy.run_path(sys.argv[0], run_name="__main__")
    print(process, flush=True)
    os.waitpid(process, 0)
    print("ended", flush=True)
"""
"""Forks a bot for each line. What `app.py serve` imports is there already: that takes most of the time of a start."""


class Place:
    """Where one bot after the other runs: its settings, its database and its port."""

    def __init__(self, folder, knowledge, stand_in):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.folder = folder
        self.url = f"http://127.0.0.1:{port}"
        self.database = folder / "data" / "safeguarding.db"
        self.log = folder / "log.txt"
        self._settings = {
            "PATH": os.environ["PATH"],
            "PARTNERSHIP": knowledge.name,
            "KNOWLEDGE_DIR": str(knowledge.parent),
            "DATABASE_URL": f"sqlite:///{self.database}",
            "PORT": str(port),
            "SLACK_BOT_TOKEN": "xoxb-test",
            "SLACK_SIGNING_SECRET": SECRET,
            "SLACK_API_URL": stand_in.api_url,
            "MANAGERS": MANAGER,
            "ESCALATIONS_CHANNEL": CHANNEL,
            "MASH_OFFICERS": OFFICER,
            "MASH_CHANNEL": MASH_CHANNEL,
            "SEMANTIC_MODEL": str(folder / "no-model"),
        }

    @contextmanager
    def running(self, *command, **more):
        """A process with these settings; it is killed at the end, if it still runs."""
        with (
            self.log.open("a") as log,
            subprocess.Popen(
                [sys.executable, *command], cwd=self.folder, env=self._settings, stderr=log, text=True, **more
            ) as process,
        ):
            try:
                yield process
            finally:
                process.kill()

    def serving(self):
        """`python app.py serve`, from scratch."""
        return self.running(ROOT / "app.py", "serve")

    @contextmanager
    def forking(self):
        """Gives what starts a bot that was forked; that gives what kills it."""
        with self.running("-c", NURSERY, ROOT / "app.py", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as nursery:

            def start():
                nursery.stdin.write("one more\n")
                nursery.stdin.flush()
                process = int(nursery.stdout.readline())

                def kill():
                    os.kill(process, signal.SIGKILL)
                    assert nursery.stdout.readline() == "ended\n"

                return kill

            yield start

    def rows(self, sql, *parameters):
        return rows_of(self.database, sql, *parameters)


@dataclass
class Load:
    """Tickets of both kinds that several people begin at once, each sent again until it is acknowledged."""

    place: Place
    stand_in: object
    acknowledged: dict = field(default_factory=dict)
    """view -> references."""
    raisers: dict = field(default_factory=dict)
    """view -> user."""
    cut_off: int = 0
    """Submissions that were on their way, or taken and not answered, when the bot was killed."""
    wrong: list = field(default_factory=list)
    ending: threading.Event = field(default_factory=threading.Event)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def __enter__(self):
        numbers = itertools.count()
        self._threads = [threading.Thread(target=self._send_one_by_one, args=(numbers,)) for _ in range(RAISING)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        """Begin none any more, and wait until those that were begun are acknowledged."""
        self.ending.set()
        for thread in self._threads:
            thread.join(2 * PATIENCE)
            assert not thread.is_alive()

    def wait_for_one_more(self):
        """Wait until one more is acknowledged than at the call."""
        with self.changed:
            count = len(self.acknowledged)
            assert self.changed.wait_for(lambda: len(self.acknowledged) > count, PATIENCE), self.wrong

    @contextmanager
    def person(self):
        with httpx.Client(base_url=self.place.url, timeout=PATIENCE, trust_env=False) as http:
            yield Client(self.stand_in, http)

    def _send_one_by_one(self, numbers):
        with self.person() as person:
            while not self.ending.is_set():
                number = next(numbers)
                view = f"V{number:05}"
                user = self.raisers[view] = f"U0P{number % PEOPLE:03}"
                deadline = time.monotonic() + 2 * PATIENCE
                while not (references := self._sent(person, user, view)):
                    if time.monotonic() > deadline:
                        self.wrong.append(f"{view} is not acknowledged")
                        return
                with self.changed:
                    self.acknowledged[view] = references
                    self.changed.notify_all()

    def _sent(self, person, user, view):
        try:
            answer = sent(person, user, view)
        except httpx.ConnectError:
            threading.Event().wait(0.01)  # there is no bot just now
            return ()
        except httpx.TransportError:
            self.cut_off += 1
            return ()
        return references_in(answer)


def sent(person, user, view):
    """Send a form: an escalation, or what became of a referral of today and its minutes, in turn.

    The answer is not late yet, so that request is held; for minutes no time is known, so that one is the MASH's.
    """
    if int(view[1:]) % 2 == 0:
        return sent_directly(person, ESCALATION, user, view)
    today = datetime.now(ZoneInfo("Europe/London")).date().isoformat()
    return sent_directly(person, FEEDBACK, user, view, day=today, needs="decision,strategy-minutes")


@pytest.fixture
def place(tmp_path, smalltown, stand_in):
    town(smalltown, ROOT / "knowledge" / "england")
    return Place(tmp_path, smalltown, stand_in)


def test_a_bot_that_is_killed_a_hundred_times_under_load_loses_nothing_that_it_acknowledged(place, stand_in):
    chance = random.Random(SEED)
    print(f"SEED={SEED} KILLS={KILLS}")
    with place.forking() as start, Load(place, stand_in) as load:
        with place.serving():  # killed too: a bot from scratch, with whatever it does once only
            load.wait_for_one_more()
        for _ in range(KILLS - 1):
            kill = start()
            if chance.random() >= KILLED_AT_THE_START:
                load.wait_for_one_more()
            threading.Event().wait(chance.uniform(0, LIFE_SECONDS))
            kill()
        with place.serving() as last:
            load.end()
            assert load.wrong == []
            again = sent_again(load)
            wait_until_delivered(place)
            last.send_signal(signal.SIGTERM)
            assert last.wait(2 * PATIENCE) in (0, -signal.SIGTERM)
    begun = Counter(len(references) for references in load.acknowledged.values())
    print(f"{begun[1]} escalations, {begun[2]} pairs of requests, {load.cut_off} submissions cut off")
    assert load.cut_off >= KILLS / 10, "hardly any bot was killed while it had something to do"
    assert again == load.acknowledged
    assert_each_stands_once(place, load)
    assert_the_file_is_whole(place)
    assert_every_message_arrived_in_order(place, stand_in)
    assert "Traceback" not in place.log.read_text("utf-8")


def sent_again(load):
    """What each submission is answered with that is sent once more."""
    with load.person() as person:
        return {view: references_in(sent(person, load.raisers[view], view)) for view in load.acknowledged}


def wait_until_delivered(place):
    deadline = time.monotonic() + DELIVERY_SECONDS
    while (left := place.rows("SELECT count(*) AS n FROM outbox WHERE delivered IS NULL")[0]["n"]) > 0:
        assert time.monotonic() < deadline, f"{left} messages are left"
        threading.Event().wait(0.1)


def assert_each_stands_once(place, load):
    """Each acknowledged reference with its first event and its messages, none twice, and without a gap."""
    references = [row["reference"] for row in place.rows("SELECT reference FROM tickets")]
    assert sorted(name for names in load.acknowledged.values() for name in names) == sorted(references)
    years = defaultdict(list)
    for reference in references:
        prefix, year, number = reference.split("-")
        years[prefix, year].append(int(number))
    for numbers in years.values():
        assert sorted(numbers) == list(range(1, len(numbers) + 1))
    people = {row["id"]: row["channel_user_id"] for row in place.rows("SELECT * FROM people")}
    first = {row["ticket"]: row for row in place.rows("SELECT * FROM events WHERE kind = 'opened'")}
    kinds = Counter((row["ticket"], row["kind"]) for row in place.rows("SELECT ticket, kind FROM events"))
    assert kinds == {(name, kind): 1 for name in references for kind in BEGUN_WITH[name.partition("-")[0]]}
    queued = {row["dedupe"] for row in place.rows("SELECT dedupe FROM outbox")}
    for view, names in load.acknowledged.items():
        for reference in names:
            event, by = first[reference], load.raisers[view]
            assert people[event["person_id"]] == by
            name = f"{reference}:{event['seq']}"
            if reference.startswith("ESC"):
                assert {f"recorded:{reference}", f"card:{name}", f"tell:{name}:{LEAD}"} <= queued
            else:
                assert f"{name}:{by}" in queued
    # Of a request and the one beside it both stand, or neither.
    assert {len(names) for names in load.acknowledged.values()} == {1, 2}
    stands = Counter(row["stand"] for row in place.rows("SELECT stand FROM tickets WHERE kind = 'feedback'"))
    assert stands["not-late-yet"] == stands["asked"] == stands.total() / 2


def assert_the_file_is_whole(place):
    with closing(connect(place.database)) as connection:
        assert [tuple(row) for row in connection.execute("PRAGMA integrity_check")] == [("ok",)]
        assert list(connection.execute("PRAGMA foreign_key_check")) == []
    store = Store(place.database)
    try:
        with store.reading() as tx:
            assert list(History((place.folder / "data" / "audit.key").read_text("ascii")).verify(tx)) == []
    finally:
        store.close()


def assert_every_message_arrived_in_order(place, stand_in):
    """Each recipient was sent what was queued for them, in its order; at least once, and none before its turn."""
    queued, arrived = defaultdict(list), defaultdict(list)
    shown = defaultdict(list)
    for row in place.rows("SELECT * FROM outbox ORDER BY rowid"):
        assert row["given_up"] is None
        if row["kind"] not in (MessageKind.CARD, MessageKind.LIST):
            queued[row["recipient"]].append(ticket_views.notice(row["message"], row["ticket"]).text)
    for call in stand_in.taken():
        if call.method in ("chat.postMessage", "chat.update"):
            if call.channel == CHANNEL:
                shown[re.search(r"ESC-\d{4}-\d{4,}", call.text)[0]].append(call.text)
            elif call.channel != MASH_CHANNEL:
                arrived[call.channel].append(call.text)
    # What was sent and not yet marked when the bot was killed is sent again, before anything else to them.
    assert {who: [text for text, _ in itertools.groupby(texts)] for who, texts in arrived.items()} == queued
    # To the MASH one message a day, however often the bot was started on it.
    days = Counter(row["day"] for row in place.rows("SELECT date(created) AS day FROM outbox WHERE kind = 'list'"))
    assert set(days.values()) <= {1}
    cards = Counter(row["ticket"] for row in place.rows("SELECT ticket FROM outbox WHERE kind = 'card'"))
    assert cards.keys() == shown.keys()
    for reference, texts in shown.items():
        assert len(texts) >= cards[reference]
        assert "was told on" in texts[-1], "the channel's message does not show how it stands at last"


# Stopping while somebody reads: a connection that is closed under a read takes the whole process down


@pytest.fixture
def store(tmp_path):
    migrate(tmp_path / "safeguarding.db")
    return Store(tmp_path / "safeguarding.db")


MANY_ROWS = "WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 300) SELECT x FROM c"


@contextmanager
def reading(store):
    """Within this another thread is in the middle of a read; gives what lets it go on, and what it has read."""
    begun, go_on, found = threading.Event(), threading.Event(), []

    def read():
        with store.reading() as tx:
            begun.set()
            go_on.wait(PATIENCE)
            found.append(tx.one("SELECT count(*) AS n FROM tickets"))

    thread = threading.Thread(target=read)
    thread.start()
    assert begun.wait(PATIENCE)
    yield go_on, found
    go_on.set()
    thread.join(PATIENCE)
    assert found == [{"n": 0}]


def test_closing_waits_for_a_read_and_refuses_further_ones(store):
    with reading(store) as (go_on, found):
        closing_it = threading.Thread(target=store.close)
        closing_it.start()
        closing_it.join(0.1)
        assert closing_it.is_alive()
        with pytest.raises(Closed), store.reading():
            pass
        go_on.set()
        closing_it.join(PATIENCE)
        assert not closing_it.is_alive()
        assert found == [{"n": 0}]


def test_closing_waits_no_longer_for_a_read_than_it_was_told(store):
    with reading(store):
        begun = time.monotonic()
        assert store.close(timeout=0.2)
        assert time.monotonic() - begun < PATIENCE / 3
    assert store.close()


def test_many_reads_while_the_store_is_closed_end_in_peace(tmp_path):
    migrate(tmp_path / "safeguarding.db")
    for _ in range(20):
        store, ended = Store(tmp_path / "safeguarding.db"), []

        def read(store=store, ended=ended):
            try:
                while True:
                    with store.reading() as tx:
                        tx.all(MANY_ROWS)
            except Closed:
                ended.append(True)

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        assert store.close()
        for thread in threads:
            thread.join(PATIENCE)
        assert ended == [True] * 4
