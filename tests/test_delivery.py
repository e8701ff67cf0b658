"""What a ticket has to tell arrives, whatever Slack does meanwhile; and where it cannot, somebody sees that."""

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import groupby

import pytest
from slack_stand_in import PATIENCE, Hangs, Refused, Status, limited
from slack_workspace import ASKER, home_of
from ticket_load import BOTH, ESCALATION, FEEDBACK, reference_in, sent_directly
from ticketing import town

from bot import outbox as sending
from bot.answering.guidance import Guidance
from bot.config import ROOT
from bot.knowledge.loading import layers_of, load
from bot.storage import outbox
from bot.storage.database import Store, connect, migrate, utc
from bot.storage.outbox import MessageKind
from handlers import clockwork
from handlers.slack import app, call, people, ticket_views

MONDAY = datetime(2026, 4, 27, 9, 0, tzinfo=UTC)  # 10:00 in London
MANAGER, LEAD, DSL, CHANNEL = "U0ANN", "U0TEAM", "U0DSL", "C0ESCALATE"
EVERYBODY = "everybody"
ONE = "ESC-2026-0001"
TOLD = {ESCALATION.kind: (ASKER, CHANNEL, LEAD), FEEDBACK.kind: (ASKER,)}
"""Who is told when one of a kind begins."""
THEN = {ESCALATION.kind: ["opened", "other-agency-told"], FEEDBACK.kind: ["opened"]}
"""What has happened to it once they were."""


@pytest.fixture
def knowledge(smalltown):
    town(smalltown, ROOT / "knowledge" / "england")
    return Guidance.of(load(layers_of(smalltown.parent, "smalltown")))


@pytest.fixture
def start(start_bot, knowledge):
    def started():
        bot = start_bot(knowledge, managers=[MANAGER], escalations_channel=CHANNEL)
        bot.now = MONDAY
        return bot

    return started


@pytest.fixture
def bot(start):
    bot = start()
    bot.direct("what is private fostering")
    bot.settle()
    bot.slack.calls.clear()
    return bot


@pytest.fixture
def trouble(bot, monkeypatch):
    """Recipient -> how Slack answers for it, as long as it stands in here."""
    answers = {}
    usual = bot.slack.receive

    def receive(path, content_type, body):
        method = path.rpartition("/")[2]
        if method in ("chat.postMessage", "chat.update"):
            recipient = next((name for name in answers if name == EVERYBODY or f'"{name}"'.encode() in body), None)
            if recipient is not None:
                bot.slack.plan(method, answers[recipient])
        return usual(path, content_type, body)

    monkeypatch.setattr(bot.slack, "receive", receive)
    return answers


def raised(bot, view="V1", user=ASKER, form=ESCALATION, **changes):
    """The reference of an escalation that was raised and acknowledged, or of another kind of ticket."""
    reference = reference_in(sent_directly(bot, form, user, view, **changes))
    assert reference
    return reference


def until(condition):
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)
    return found


def rows(bot, recipient=None):
    """The messages, or those to one recipient, as they were queued."""
    where = "WHERE recipient = ?" if recipient else ""
    return bot.rows(f"SELECT * FROM outbox {where} ORDER BY rowid", *([recipient] if recipient else []))


def tried(bot, recipient, times):
    """Wait until a message to a recipient was tried so often and is not through; the message."""
    return until(
        lambda: next((r for r in rows(bot, recipient) if r["delivered"] is None and r["attempts"] == times), None)
    )


def settled(bot):
    """Wait until everything was tried that is due by the bot's clock and waits behind nothing that is not."""

    def nothing_due():
        with bot.store.reading() as tx:
            return not outbox.due(tx, "slack", bot.now)

    until(nothing_due)


def go_on(bot):
    """Let it be as late as it has to be for everything that waits, again and again, until nothing does."""
    settled(bot)
    while waiting := [row for row in rows(bot) if row["delivered"] is None and row["given_up"] is None]:
        bot.now = max([bot.now, *(datetime.fromisoformat(row["due"]) for row in waiting)])
        settled(bot)


def kinds(bot, reference=ONE):
    return [row["kind"] for row in bot.rows("SELECT kind FROM events WHERE ticket = ? ORDER BY seq", reference)]


def texts_to(bot, recipient):
    return [sent.text for sent in bot.slack.taken("chat.postMessage") if sent.channel == recipient]


def queued_for(bot, recipient):
    """The texts that a recipient has to get, in their order."""
    return [ticket_views.notice(row["message"], row["ticket"]).text for row in rows(bot, recipient)]


def assert_all_through_in_order(bot):
    for row in rows(bot):
        assert (row["delivered"] is not None, row["given_up"]) == (True, None)
    for recipient in {row["recipient"] for row in rows(bot) if row["kind"] != MessageKind.CARD}:
        assert [text for text, _ in groupby(texts_to(bot, recipient))] == queued_for(bot, recipient)


# Slack fails


@pytest.mark.parametrize("form", BOTH, ids=str)
@pytest.mark.parametrize(
    "answer",
    [
        Status(500),
        Status(502),
        Status(503, (("Retry-After", "90"),)),
        limited(30),
        Refused("fatal_error"),
        Refused("ratelimited"),
        Refused("token_revoked"),
        Refused("account_inactive"),
    ],
    ids=str,
)
def test_while_slack_takes_nothing_a_ticket_is_recorded_and_everything_is_told_later_in_its_order(
    bot, trouble, answer, form
):
    trouble[EVERYBODY] = answer
    one = raised(bot, form=form)
    for recipient in TOLD[form.kind]:
        tried(bot, recipient, 1)
    two = raised(bot, "V2", form=form)
    assert (one, two) == (f"{form.prefix}-2026-0001", f"{form.prefix}-2026-0002")
    assert bot.slack.taken("chat.postMessage") == []
    assert kinds(bot, one) == ["opened"], "nobody was told, so the clock does not run"
    trouble.clear()
    go_on(bot)
    assert_all_through_in_order(bot)
    for reference in (one, two):
        assert kinds(bot, reference) == THEN[form.kind]
    told = "SELECT at FROM events WHERE kind = 'other-agency-told'"
    assert all(row["at"] > utc(MONDAY) for row in bot.rows(told)), "the clock starts when they were told, not before"


@pytest.mark.parametrize("form", BOTH, ids=str)
def test_while_slack_is_down_a_ticket_is_recorded_and_everything_is_told_later(bot, form):
    bot.slack.down = True
    reference = raised(bot, form=form)
    for recipient in TOLD[form.kind]:
        tried(bot, recipient, 1)
    bot.slack.down = False
    go_on(bot)
    assert_all_through_in_order(bot)
    assert kinds(bot, reference) == THEN[form.kind]


def test_a_recipient_at_whom_slack_hangs_keeps_no_other_waiting_for_long(start, monkeypatch):
    for module in (app, call):
        monkeypatch.setattr(module, "SENDING_SECONDS", 0.5)
    bot = start()
    bot.slack.plan("chat.postMessage", Hangs(), Hangs())
    begun = time.monotonic()
    assert raised(bot) == ONE
    assert time.monotonic() - begun < 3
    until(lambda: LEAD in {sent.channel for sent in bot.slack.taken("chat.postMessage")})
    assert [row["last_error"] for row in rows(bot) if row["attempts"]] == ["TimeoutError", "TimeoutError"]
    go_on(bot)
    assert kinds(bot) == ["opened", "other-agency-told"]
    for recipient in (ASKER, LEAD):
        assert set(texts_to(bot, recipient)) == set(queued_for(bot, recipient))


@pytest.mark.parametrize("code", [429, 503])
def test_the_pause_that_slack_asks_for_is_kept_and_nobody_else_waits_for_it(bot, trouble, code):
    trouble[LEAD] = Status(code, (("Retry-After", "120"),))
    raised(bot)
    waiting = tried(bot, LEAD, 1)
    assert waiting["due"] == utc(MONDAY + timedelta(seconds=120))
    settled(bot)
    assert texts_to(bot, ASKER) == queued_for(bot, ASKER)
    trouble.clear()
    tries = len(bot.slack.tried("chat.postMessage"))
    bot.now = MONDAY + timedelta(seconds=119.999)
    raised(bot, "V2", user="U0OTHER")  # whose message shows that the outbox was looked at since
    until(lambda: texts_to(bot, "U0OTHER"))
    assert texts_to(bot, LEAD) == []
    bot.now = MONDAY + timedelta(seconds=120)
    settled(bot)
    assert texts_to(bot, LEAD) == queued_for(bot, LEAD)
    assert len(bot.slack.tried("chat.postMessage")) > tries


def test_what_is_refused_is_tried_again_after_a_time_that_doubles_up_to_an_hour(bot, trouble):
    trouble[LEAD] = Refused("fatal_error")
    raised(bot)
    pauses = []
    for attempt in range(1, 11):
        due = datetime.fromisoformat(tried(bot, LEAD, attempt)["due"])
        pauses.append(round((due - bot.now).total_seconds()))
        bot.now = due
    assert pauses == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    trouble.clear()
    go_on(bot)
    assert_all_through_in_order(bot)


def test_messages_to_a_recipient_who_cannot_be_reached_for_a_while_arrive_in_their_order(bot, trouble):
    trouble[LEAD] = Refused("fatal_error")
    for number in range(4):
        raised(bot, f"V{number}", user=f"U0P{number}")
        until(lambda number=number: texts_to(bot, f"U0P{number}"))
        bot.now += timedelta(seconds=20)
    assert texts_to(bot, LEAD) == []
    assert rows(bot, LEAD)[1]["attempts"] == 0, "the later ones wait behind the first"
    trouble.clear()
    go_on(bot)
    assert_all_through_in_order(bot)


def test_what_waited_for_a_long_stop_to_end_is_told_without_a_pause_after_each_score(start, monkeypatch, stand_in):
    monkeypatch.setattr(clockwork, "OUTBOX_SECONDS", 3600)
    bot = start()
    bot.stop()
    store = Store(bot.database)
    store.submit(
        lambda tx: [outbox.queue(tx, "slack", f"U0P{number % 7}", f"no. {number}", MONDAY) for number in range(65)]
    ).result(PATIENCE)
    store.close()
    start()
    arrived = stand_in.wait_taken("chat.postMessage", 65)
    assert [sent.text for sent in arrived] == [f"no. {number}" for number in range(65)]


# A channel that the bot is not in


@pytest.mark.parametrize("error", ["not_in_channel", "channel_not_found", "is_archived"])
def test_a_channel_that_refuses_the_bot_keeps_nobody_from_being_told_and_gets_its_message_later(bot, trouble, error):
    trouble[CHANNEL] = Refused(error)
    assert raised(bot) == ONE
    tried(bot, CHANNEL, 1)
    settled(bot)
    assert kinds(bot) == ["opened", "other-agency-told"]
    for recipient in (ASKER, LEAD):
        assert texts_to(bot, recipient) == queued_for(bot, recipient)
    assert [row["last_error"] for row in rows(bot, CHANNEL)] == [error, None]
    trouble.clear()
    go_on(bot)
    posted, updated = channel_calls(bot)
    assert (posted.method, updated.method) == ("chat.postMessage", "chat.update")
    assert "was told on" in posted.text, "it shows how it stands when it is posted"


@pytest.fixture
def given_up(bot, trouble, monkeypatch):
    """A bot whose message to the channel was given up after three attempts."""
    monkeypatch.setattr(outbox, "GIVEN_UP_AFTER", 3)
    trouble[CHANNEL] = Refused("is_archived")
    raised(bot)
    settled(bot)
    go_on(bot)
    assert [(row["attempts"], row["last_error"]) for row in rows(bot, CHANNEL)] == [(3, "is_archived")] * 2
    assert all(row["given_up"] for row in rows(bot, CHANNEL))
    return bot


def test_a_message_is_given_up_after_so_many_attempts_and_the_record_and_the_others_stand(given_up, trouble):
    bot = given_up
    assert kinds(bot) == ["opened", "other-agency-told"]
    (ticket,) = bot.rows("SELECT * FROM tickets")
    assert (ticket["reference"], ticket["stand"]) == (ONE, "told")
    for recipient in (ASKER, LEAD):
        assert texts_to(bot, recipient) == queued_for(bot, recipient)
    trouble.clear()
    raised(bot, "V2")
    settled(bot)
    assert [sent.method for sent in channel_calls(bot)] == ["chat.postMessage", "chat.update"], "the next one's"


def test_what_was_given_up_is_said_by_doctor(given_up):
    given_up.stop()
    command = [sys.executable, ROOT / "app.py", "doctor"]
    folder = given_up.database.parent
    settings = {"PATH": os.environ["PATH"], "DATABASE_URL": f"sqlite:///{given_up.database}"}
    said = subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True, timeout=2 * PATIENCE)
    assert said.returncode == 1
    (line,) = [line for line in said.stdout.splitlines() if "outbox" in line]
    for words in ("2 messages did not get through", CHANNEL, "is_archived", "given up"):
        assert words in line


def test_what_does_not_get_through_is_said_to_managers_on_home_and_to_nobody_else(given_up, trouble):
    bot = given_up
    trouble[LEAD] = Refused("fatal_error")
    raised(bot, "V2")
    tried(bot, LEAD, 1)
    home = home_of(bot, user=MANAGER).shown
    assert "Messages that did not get through: 4, 2 of them given up" in home
    assert f"is_archived in {CHANNEL} (3), fatal_error (1)" in home
    said = home[home.index("Messages that did not get through") :].partition("}")[0]
    assert LEAD not in said
    assert "did not get through" not in home_of(bot, user=ASKER).shown


def test_while_everything_gets_through_home_says_nothing_of_it(bot):
    raised(bot)
    settled(bot)
    assert "did not get through" not in home_of(bot, user=MANAGER).shown


# The channel's message


def channel_calls(bot):
    return [sent for sent in bot.slack.taken() if sent.method.startswith("chat.") and sent.channel == CHANNEL]


def test_the_channels_message_is_posted_once_and_then_kept_up_to_date(bot):
    raised(bot)
    settled(bot)
    posted, updated = channel_calls(bot)
    assert (posted.method, updated.method) == ("chat.postMessage", "chat.update")
    assert updated.arguments["ts"] == posted.ts
    assert "NOT YET TOLD" in posted.text
    assert "was told on" in updated.text
    assert "at home alone" not in posted.shown + updated.shown
    raised(bot, "V2")
    settled(bot)
    assert [sent.method for sent in channel_calls(bot)] == ["chat.postMessage", "chat.update"] * 2
    assert channel_calls(bot)[3].arguments["ts"] == channel_calls(bot)[2].ts != posted.ts


@pytest.mark.parametrize("error", ["message_not_found", "cant_update_message"])
def test_a_channels_message_that_somebody_deleted_is_posted_anew_and_kept_up_to_date_there(bot, error):
    bot.slack.plan("chat.update", Refused(error))
    raised(bot)
    settled(bot)
    first, anew = channel_calls(bot)
    assert (first.method, anew.method) == ("chat.postMessage", "chat.postMessage")
    assert "was told on" in anew.text
    bot.store.submit(
        lambda tx: outbox.queue(tx, "slack", CHANNEL, "", MONDAY, kind=MessageKind.CARD, ticket=ONE)
    ).result(PATIENCE)
    settled(bot)
    assert (channel_calls(bot)[2].method, channel_calls(bot)[2].arguments["ts"]) == ("chat.update", anew.ts)


def test_a_channels_message_that_cannot_be_updated_just_now_is_not_posted_twice(bot):
    bot.slack.plan("chat.update", Status(500), Refused("fatal_error"))
    raised(bot)
    tried(bot, CHANNEL, 1)
    go_on(bot)
    assert [sent.method for sent in channel_calls(bot)] == ["chat.postMessage", "chat.update"]


# Accounts that were closed


@pytest.fixture
def looked_up_each_time(monkeypatch):
    """Whether an account was closed is asked before each message, and not once in ten minutes."""
    monkeypatch.setattr(people, "KEPT_SECONDS", 0)


@pytest.mark.parametrize("form", BOTH, ids=str)
def test_what_somebody_raised_whose_account_was_closed_goes_over_to_their_agencys_lead(
    bot, trouble, looked_up_each_time, form
):
    trouble[EVERYBODY] = Refused("fatal_error")
    one, two = raised(bot, form=form), raised(bot, "V2", form=form)
    others = raised(bot, "V3", user="U0OTHER", form=form)
    for recipient in TOLD[form.kind]:
        tried(bot, recipient, 1)
    bot.slack.closed.add(ASKER)
    trouble.clear()
    go_on(bot)
    assert texts_to(bot, ASKER) == []
    assert [(row["last_error"], row["given_up"] is not None) for row in rows(bot, ASKER)] == [
        ("account_closed", True),
        ("account_closed", True),
    ]
    for reference in (one, two):
        assert sorted(kinds(bot, reference)) == [*THEN[form.kind], "raiser-left"]
        told = [text for text in texts_to(bot, DSL) if reference in text]
        assert "has left" in told[0]
        assert form is FEEDBACK or "was told" in told[-1]
    assert kinds(bot, others) == THEN[form.kind]
    assert len(texts_to(bot, "U0OTHER")) == (2 if form is ESCALATION else 1)
    stands = {row["stand"] for row in bot.rows("SELECT stand FROM tickets")}
    assert stands == {"told" if form is ESCALATION else "not-late-yet"}


def test_what_is_closed_already_stays_with_whoever_has_left(bot, looked_up_each_time):
    raised(bot)
    settled(bot)
    bot.store.submit(lambda tx: tx.execute("UPDATE tickets SET closed_at = :at", at=utc(MONDAY))).result(PATIENCE)
    bot.slack.closed.add(ASKER)
    bot.store.submit(lambda tx: outbox.queue(tx, "slack", ASKER, "News", MONDAY)).result(PATIENCE)
    settled(bot)
    assert [row["last_error"] for row in rows(bot, ASKER)] == [None, None, "account_closed"]
    assert kinds(bot) == ["opened", "other-agency-told"]


def test_of_a_group_those_who_are_there_are_told_and_it_is_given_up_only_where_nobody_can_be_told_later(
    bot, trouble, looked_up_each_time
):
    def queue(text):
        bot.store.submit(lambda tx: outbox.queue(tx, "slack", "S0LEADS", text, MONDAY)).result(PATIENCE)

    bot.slack.closed.add("U0ANN")
    queue("one")
    settled(bot)
    assert (texts_to(bot, "U0ANN"), texts_to(bot, "U0BEN")) == ([], ["one"])
    trouble["U0BEN"] = Refused("fatal_error")
    queue("two")
    settled(bot)
    assert (rows(bot)[1]["last_error"], rows(bot)[1]["given_up"]) == ("fatal_error", None)
    trouble.clear()
    go_on(bot)
    assert texts_to(bot, "U0BEN") == ["one", "two"]
    bot.slack.closed.add("U0BEN")
    queue("three")
    settled(bot)
    assert (rows(bot)[2]["last_error"], rows(bot)[2]["given_up"]) == ("account_closed", utc(bot.now))


def test_a_token_that_slack_takes_for_that_of_a_closed_account_costs_no_message_and_moves_no_ticket(bot, trouble):
    """Slack says "account_inactive" of the bot's own token, such as when the app was removed from the workspace."""
    trouble[EVERYBODY] = Refused("account_inactive")
    raised(bot)
    for recipient in (ASKER, CHANNEL, LEAD):
        tried(bot, recipient, 1)
    assert kinds(bot) == ["opened"]
    assert [row["given_up"] for row in rows(bot)] == [None] * 3
    trouble.clear()
    go_on(bot)
    assert_all_through_in_order(bot)


# Sent, and not marked


def test_a_message_that_was_sent_and_not_marked_is_sent_again_and_the_other_agency_was_told_once(bot):
    with closing(connect(bot.database)) as connection:
        connection.execute(
            f"CREATE TRIGGER lost BEFORE UPDATE OF delivered ON outbox WHEN old.recipient = '{LEAD}' "
            "BEGIN SELECT RAISE(ABORT, 'the bot dies here'); END"
        )
        raised(bot)
        until(lambda: len(texts_to(bot, LEAD)) >= 3)
        assert kinds(bot) == ["opened"], "told and marked, or neither"
        connection.execute("DROP TRIGGER lost")
    settled(bot)
    assert kinds(bot) == ["opened", "other-agency-told"]
    assert_all_through_in_order(bot)


def test_of_several_who_are_told_the_first_starts_the_clock_once(start_bot, smalltown):
    town(smalltown, ROOT / "knowledge" / "england")
    partnership = smalltown / "partnership.yaml"
    more = "leads:\n      - {role: Second team manager, slack: U0SECOND}\n      - role: Team manager\n"
    written = partnership.read_text("utf-8").replace("leads:\n      - role: Team manager\n", more)
    partnership.write_text(written, encoding="utf-8")
    bot = start_bot(Guidance.of(load(layers_of(smalltown.parent, "smalltown"))), managers=[MANAGER])
    bot.now = MONDAY
    raised(bot)
    settled(bot)
    assert kinds(bot) == ["opened", "other-agency-told"]
    assert {sent.channel for sent in bot.slack.taken("chat.postMessage")} == {ASKER, LEAD, "U0SECOND"}


def test_a_card_that_was_posted_and_not_marked_is_kept_up_to_date_all_the_same(bot):
    with closing(sqlite3.connect(bot.database, isolation_level=None, timeout=5)) as connection:
        connection.execute("CREATE TRIGGER lost BEFORE INSERT ON posted BEGIN SELECT RAISE(ABORT, 'dies here'); END")
        raised(bot)
        until(lambda: len(channel_calls(bot)) >= 2)
        connection.execute("DROP TRIGGER lost")
    settled(bot)
    last = channel_calls(bot)[-1]
    assert last.method == "chat.update"
    assert last.arguments["ts"] == [sent for sent in channel_calls(bot) if sent.method == "chat.postMessage"][-1].ts


def test_a_message_that_is_on_its_way_when_the_bot_is_stopped_is_sent_once(start):
    bot = start()
    bot.slack.plan("chat.postMessage", hanging := Hangs())
    raised(bot)
    bot.slack.wait_tried("chat.postMessage")
    bot.begin_stop()
    assert not bot.stopped_within(0.3)
    hanging.release()
    bot.stop()
    (sent,) = bot.slack.taken("chat.postMessage")
    again = start()
    go_on(again)
    assert_all_through_in_order(again)
    assert texts_to(again, sent.channel).count(sent.text) == 1


def test_what_went_through_is_not_sent_again_because_what_follows_from_it_failed(tmp_path, caplog):
    database = tmp_path / "data" / "safeguarding.db"
    migrate(database)
    store, sent = Store(database), []
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    store.submit(lambda tx: outbox.queue(tx, "slack", "U0ANN", "a zebra message", now)).result()

    async def send(waiting):
        sent.append(waiting.message)

    def fails(tx, waiting, at):
        raise ValueError("a zebra policy")

    for _ in range(2):
        asyncio.run(sending.deliver(store, "slack", send, lambda: now, fails))
    store.close()
    assert sent == ["a zebra message"]
    assert "could not be recorded" in caplog.text
    assert "zebra" not in caplog.text
