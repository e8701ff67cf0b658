"""Many people raise or ask something at once, or the database is stuck: each is kept once, or stays with its writer.

Everything here is run over both kinds of ticket.
"""

import asyncio
import sqlite3
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import aiohttp
import pytest
from slack_stand_in import PATIENCE, Hangs
from slack_workspace import ASKER, Client
from ticket_load import BOTH, reference_in, sent_directly
from ticketing import town

from bot.answering.guidance import Guidance
from bot.config import ROOT
from bot.knowledge.loading import layers_of, load
from bot.storage import database
from handlers.slack.saving import NOT_SAVED

SLACK_WAITS = 3.0
"""Seconds."""
AT_ONCE = 200
GOES = 3
"""The machine may be busy with something else: of so many goes one has to be in time. All have to be right."""
MANAGER, CHANNEL, OFFICER, MASH_CHANNEL = "U0ANN", "C0ESCALATE", "U0MASH", "C0MASH"
STAYS_OPEN = {"response_action": "errors", "errors": {"raising": NOT_SAVED}}
"""Slack shows the form as it is then, with all that was typed, and this beside a field."""


@pytest.fixture(params=BOTH, ids=str)
def form(request):
    """The form that begins a ticket of each kind."""
    return request.param


@pytest.fixture
def start(start_bot, smalltown, form):
    town(smalltown, ROOT / "knowledge" / "england")
    knowledge = Guidance.of(load(layers_of(smalltown.parent, "smalltown")))
    given = {
        "managers": [MANAGER],
        "officers": [OFFICER],
        "escalations_channel": CHANNEL,
        "mash_channel": MASH_CHANNEL,
    }

    def started(**more):
        bot = start_bot(knowledge, **given, **more)
        bot.form = form
        return bot

    return started


@pytest.fixture
def bot(start):
    bot = start()
    bot.direct("what is private fostering")  # from now on the token is confirmed, and the asker known
    bot.settle()
    return bot


class Signed(Client):
    """People whose submissions are signed, and sent later."""

    def post(self, body, content_type, **headers):
        return body, {"Content-Type": content_type, **{name.replace("_", "-"): it for name, it in headers.items()}}


def sent_at_once(bot, submissions):
    """Send them all at the same time; the seconds and the answer of each. `submissions`: of a user and a view."""
    people = Signed(bot.slack, None)
    prepared = [sent_directly(people, bot.form, user, view) for user, view in submissions]

    async def one(http, body, headers):
        begun = time.monotonic()
        async with http.post(f"{bot.http.base_url}/slack/events", data=body, headers=headers) as answer:
            assert answer.status == 200
            await answer.read()
            return time.monotonic() - begun, Answer(await answer.text())

    async def everybody():
        async with (
            asyncio.timeout(2 * PATIENCE),
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http,
        ):
            return await asyncio.gather(*(one(http, *submission) for submission in prepared))

    return asyncio.run(everybody())


class Answer:
    status_code = 200

    def __init__(self, text):
        self.text = text


def pressed(bot, view="V1", user=ASKER):
    """Press the form's button; the seconds that Slack waited, and the answer."""
    begun = time.monotonic()
    answer = sent_directly(bot, bot.form, user, view)
    return time.monotonic() - begun, answer


def assert_recorded_once(bot, references):
    """What the database holds: these references, each once, with its first event and its messages, without a gap."""
    assert sorted(references) == [f"{bot.form.prefix}-2026-{number:04}" for number in range(1, len(references) + 1)]
    kept = bot.rows("SELECT reference, kind FROM tickets ORDER BY reference")
    assert kept == [{"reference": reference, "kind": bot.form.kind} for reference in sorted(references)]
    opened = Counter(row["ticket"] for row in bot.rows("SELECT ticket FROM events WHERE kind = 'opened'"))
    assert opened == dict.fromkeys(references, 1)
    told = Counter(row["ticket"] for row in bot.rows("SELECT ticket FROM outbox WHERE message LIKE 'Recorded as %'"))
    assert told == dict.fromkeys(references, 1)


def first(bot):
    """The first reference of the year."""
    return f"{bot.form.prefix}-2026-0001"


# Many at once


def test_two_hundred_people_at_once_are_each_acknowledged_in_time_and_recorded_once(bot):
    raisers, recorded, longest = {}, {}, []
    for go in range(GOES):
        people = [(f"U0P{number:03}", f"V{go}-{number:03}") for number in range(AT_ONCE)]
        raisers |= {view: user for user, view in people}
        longest.append(all_recorded(bot, people, recorded))
        if longest[-1] < SLACK_WAITS:
            break
    print(f"{AT_ONCE} at once, {bot.form}: the longest wait of each go {', '.join(f'{s:.2f} s' for s in longest)}")
    assert min(longest) < SLACK_WAITS
    assert_recorded_once(bot, list(recorded.values()))
    opened = "SELECT ticket, channel_user_id FROM events JOIN people ON id = person_id WHERE kind = 'opened'"
    raised_by = {row["ticket"]: row["channel_user_id"] for row in bot.rows(opened)}
    assert raised_by == {recorded[view]: user for view, user in raisers.items()}


def all_recorded(bot, waiting, recorded):
    """Send them all at once, and those that are to be sent again, until all are recorded; the longest wait."""
    longest, deadline = 0.0, time.monotonic() + 2 * PATIENCE
    while waiting:
        assert time.monotonic() < deadline
        answers = sent_at_once(bot, waiting)
        longest = max(longest, *(seconds for seconds, _ in answers))
        found = {view: reference_in(answer) for (_, view), (_, answer) in zip(waiting, answers, strict=True)}
        assert all(NOT_SAVED in answer.text for _, answer in answers if reference_in(answer) is None)
        recorded |= {view: reference for view, reference in found.items() if reference}
        waiting = [(user, view) for user, view in waiting if found[view] is None]
    return longest


def test_one_submission_that_comes_five_times_at_once_is_recorded_once_and_answered_the_same_each_time(bot):
    answers = [reference_in(answer) for _, answer in sent_at_once(bot, [(ASKER, "V1")] * 5)]
    assert answers == [first(bot)] * 5
    assert_recorded_once(bot, [first(bot)])
    bot.until_delivered()
    told = [call.text for call in bot.slack.taken("chat.postMessage") if "Recorded as" in call.text]
    assert len(told) == 1


def test_submissions_of_many_that_each_come_twice_at_once_are_each_recorded_once(bot):
    submissions = [(f"U0P{number:03}", f"V{number:03}") for number in range(25)] * 2
    answers = [reference_in(answer) for _, answer in sent_at_once(bot, submissions)]
    assert answers[:25] == answers[25:]
    assert_recorded_once(bot, answers[:25])


def test_the_same_submission_after_a_restart_is_answered_with_the_same_reference(start):
    bot = start()
    _, answer = pressed(bot)
    bot.stop()
    assert reference_in(pressed(start())[1]) == reference_in(answer) == first(bot)
    assert_recorded_once(bot, [first(bot)])


# What cannot be saved just now stays with whoever wrote it


@contextmanager
def writer_held(bot):
    """Within this the one writer is at work on something that does not end."""
    begun, released = threading.Event(), threading.Event()

    def work(tx):
        begun.set()
        assert released.wait(PATIENCE)

    held = bot.store.submit(work)
    try:
        assert begun.wait(PATIENCE)
        yield
    finally:
        released.set()
        held.result(PATIENCE)


@pytest.mark.parametrize("user", [ASKER, "U0NEW"], ids=["somebody known", "somebody new"])
def test_with_a_writer_that_hangs_the_form_stays_open_and_sent_again_it_is_recorded_once(bot, user):
    with writer_held(bot):
        seconds, answer = pressed(bot, user=user)
        assert seconds < SLACK_WAITS
        assert answer.json() == STAYS_OPEN
    assert bot.rows("SELECT * FROM tickets") == [], "what was not acknowledged is not recorded behind one's back"
    assert reference_in(pressed(bot, user=user)[1]) == first(bot)
    assert reference_in(pressed(bot, user=user)[1]) == first(bot)
    assert_recorded_once(bot, [first(bot)])


@pytest.mark.parametrize("user", [ASKER, "U0NEW"], ids=["somebody known", "somebody new"])
def test_with_a_full_queue_of_writes_the_form_stays_open_and_sent_again_it_is_recorded_once(start, monkeypatch, user):
    monkeypatch.setattr(database, "QUEUE_SIZE", 2)
    bot = start()
    bot.direct("what is private fostering")
    bot.settle()
    with writer_held(bot):
        for _ in range(2):
            bot.store.submit(lambda tx: None)
        with pytest.raises(database.Busy):
            bot.store.submit(lambda tx: None)
        for _ in range(3):
            seconds, answer = pressed(bot, user=user)
            assert seconds < 1, "that the queue is full is known at once"
            assert answer.json() == STAYS_OPEN
    assert reference_in(pressed(bot, user=user)[1]) == first(bot)
    assert_recorded_once(bot, [first(bot)])


def test_what_was_saved_too_late_to_be_acknowledged_has_the_same_reference_when_it_is_sent_again(bot):
    with closing(sqlite3.connect(bot.database)) as other:  # another process that writes for long
        other.execute("BEGIN IMMEDIATE")
        seconds, answer = pressed(bot)
        assert seconds < SLACK_WAITS
        assert answer.json() == STAYS_OPEN
        other.execute("ROLLBACK")
    bot.store.submit(lambda tx: None).result(PATIENCE)
    assert [row["reference"] for row in bot.rows("SELECT reference FROM tickets")] == [first(bot)]
    assert reference_in(pressed(bot)[1]) == first(bot)
    assert_recorded_once(bot, [first(bot)])


def test_of_several_who_wait_for_a_writer_that_hangs_each_can_send_again(bot):
    submissions = [(f"U0P{number}", f"V{number}") for number in range(10)]
    for user, view in submissions:
        bot.direct("what is private fostering", user=user, channel=f"D{view}")
    bot.settle()
    with writer_held(bot):
        for seconds, answer in sent_at_once(bot, submissions):
            assert seconds < SLACK_WAITS
            assert NOT_SAVED in answer.text
    with ThreadPoolExecutor(len(submissions)) as pool:
        answers = list(pool.map(lambda submission: pressed(bot, submission[1], submission[0])[1], submissions))
    assert_recorded_once(bot, [reference_in(answer) for answer in answers])


def test_without_a_database_the_form_stays_open(start):
    bot = start(store=False)
    _, answer = pressed(bot)
    assert answer.json() == STAYS_OPEN


def test_a_write_that_fails_half_way_leaves_nothing_and_sent_again_it_is_recorded(bot):
    with closing(sqlite3.connect(bot.database)) as other:
        other.execute("CREATE TRIGGER full BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'no room'); END")
        assert pressed(bot)[1].json() == STAYS_OPEN
        for table in ("tickets", "events", "event_bodies", "outbox", "counters"):
            assert bot.rows(f"SELECT * FROM {table}") == []
        other.execute("DROP TRIGGER full")
    assert reference_in(pressed(bot)[1]) == first(bot)
    assert_recorded_once(bot, [first(bot)])


def test_slack_that_does_not_say_who_somebody_is_holds_no_form_up(bot):
    bot.slack.plan("users.info", *[Hangs() for _ in range(3)])
    seconds, answer = pressed(bot, user="U0NEW")
    assert seconds < SLACK_WAITS
    assert reference_in(answer) == first(bot)
