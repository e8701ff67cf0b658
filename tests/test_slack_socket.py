"""Slack in socket mode: what comes over the websocket is answered as over HTTP, once, whatever breaks."""

import logging
import random
import threading
import time

import pytest
from slack_stand_in import HOME_TEAM, PATIENCE, Hangs, Refused, Status
from slack_workspace import CHANNEL, DIRECT, Workspace, said
from socket_stand_in import Link

from bot.answering import messages
from handlers.slack import saving as saving_in_slack
from handlers.slack import socket
from handlers.slack.admission import NOT_HERE

DEFINITION = "what is private fostering"
NAMED = "what is private fostering, Kayleigh Ramsbottom has moved in with her aunt"
DANGER = "dad is hitting the baby right now and I can hear it"
SHARE = "Share this guidance here"
AWAY_TEAM = "T0AWAY"
VERDICTS = "SELECT missing FROM verdicts WHERE missing IS NOT NULL"


@pytest.fixture
def bot(start_linked, link):
    """The bot with Barnsley's guidance, connected in socket mode."""
    bot = start_linked()
    link.wait_connected()
    return bot


@pytest.fixture(params=["HTTP", "a websocket"])
def either(request):
    """The bot over each of the two ways, to be answered alike."""
    return request.getfixturevalue("start_bot" if request.param == "HTTP" else "start_linked")


@pytest.fixture
def title(barnsley):
    """Of the entry that answers DEFINITION."""
    return barnsley.knowledge.entries["private-fostering.definition"].title


@pytest.fixture
def impatient(monkeypatch):
    """What is broken is found, and tried again, after a moment."""
    monkeypatch.setattr(socket, "PING_SECONDS", 0.3)
    monkeypatch.setattr(socket, "ADDRESS_SECONDS", 0.5)


@pytest.fixture
def refusing(monkeypatch):
    """Set when the bot has begun to stop: its loop has turned to nothing else before it takes no more."""
    begun, refuse_more = threading.Event(), socket.Socket.refuse_more

    async def told(self, seconds):
        begun.set()
        await refuse_more(self, seconds)

    monkeypatch.setattr(socket.Socket, "refuse_more", told)
    return begun


# As over HTTP


@pytest.mark.parametrize(
    ("how", "method", "channel"),
    [
        ("mention", "chat.postMessage", CHANNEL),
        ("direct", "chat.postMessage", DIRECT),
        ("command", "response_url", CHANNEL),
    ],
)
def test_a_question_is_answered_over_either(either, title, how, method, channel):
    bot = either()
    assert getattr(bot, how)(DEFINITION).content == b""
    (answer,) = bot.slack.wait_taken(method)
    assert title in answer.text
    assert answer.channel == channel
    assert answer.arguments.get("response_type") == ("ephemeral" if how == "command" else None)
    bot.stop()
    assert said(bot) == [answer]
    assert [(kept["text"], kept["status"]) for kept in bot.rows()] == [(DEFINITION, "answered")]


def test_danger_brings_the_card_first_over_either(either):
    bot = either()
    bot.mention(DANGER)
    assert messages.EMERGENCY_FIRST in bot.slack.wait_taken("chat.postMessage", 2)[0].text


def test_a_button_is_answered_over_either(either, title):
    bot = either()
    bot.command(DEFINITION)
    (answer,) = bot.slack.wait_taken("response_url")
    assert bot.press(answer, SHARE).content == b""
    (shared,) = bot.slack.wait_taken("chat.postMessage")
    assert (shared.channel, title in shared.text) == (CHANNEL, True)


def not_helpful(bot):
    """Ask, say that the answer was not helpful, and get the form."""
    bot.command(DEFINITION)
    (answer,) = bot.slack.wait_taken("response_url")
    label = next(k for k, b in answer.buttons.items() if b.get("value", "").startswith("no:"))
    bot.press(answer, label)
    return bot.slack.wait_taken("views.open")[0]


def test_a_form_is_taken_over_either(either):
    bot = either()
    assert bot.submit(not_helpful(bot), "When the council must visit").content == b""
    assert bot.rows(VERDICTS) == [{"missing": "When the council must visit"}]


def test_a_form_that_names_somebody_is_handed_back_in_the_answer_to_it_over_either(either):
    bot = either()
    answer = bot.submit(not_helpful(bot), NAMED).json()
    assert answer["response_action"] == "errors"
    assert "a person's name" in answer["errors"]["missing"]
    assert bot.rows(VERDICTS) == []


def test_another_workspace_is_refused_over_either(either):
    bot = either()
    assert bot.command(DEFINITION, team=AWAY_TEAM).json()["text"].startswith(NOT_HERE)
    assert bot.event(bot.message("app_mention", DEFINITION), team=AWAY_TEAM).content == b""
    bot.stop()
    assert [call.text.startswith(NOT_HERE) for call in said(bot)] == [True]
    assert bot.rows() == []


def test_an_event_that_comes_twice_is_acknowledged_twice_and_answered_once_over_either(either):
    bot = either()
    bot.mention(DEFINITION, event_id="Ev1")
    bot.mention(DEFINITION, event_id="Ev1")
    bot.stop()
    assert [call.method for call in said(bot)] == ["chat.postMessage"]
    assert len(bot.rows()) == 1


# Only there


def test_in_socket_mode_nothing_is_taken_over_http(bot):
    body = bot.event_body(bot.message("app_mention", DEFINITION))
    assert Workspace.signed(bot, body).status_code == 404
    bot.stop()
    assert said(bot) == []


# Connecting


def test_readyz_says_whether_the_connection_stands(start_linked, link):
    link.refuses = True
    bot = start_linked()
    link.wait(lambda: link.refused, "attempt to connect")
    ready = bot.http.get("/readyz")
    assert (ready.status_code, ready.json()["slack"], ready.json()["database"]) == (503, False, True)


def test_readyz_is_200_once_the_connection_stands(bot):
    bot.wait_ready()
    assert bot.http.get("/readyz").json()["slack"] is True


def slack_is_down(stand_in, _, *, down):
    stand_in.down = down


def websockets_are_refused(_, link, *, down):
    link.refuses = down


@pytest.mark.parametrize("trouble", [slack_is_down, websockets_are_refused])
@pytest.mark.usefixtures("impatient")
def test_where_slack_is_not_reached_at_the_start_the_page_is_served_and_the_bot_connects_later(
    start_linked, stand_in, link, title, trouble
):
    trouble(stand_in, link, down=True)
    bot = start_linked()
    if trouble is websockets_are_refused:
        link.wait(lambda: link.refused, "attempt to connect")
    assert bot.http.get("/").status_code == 200
    assert bot.http.get("/healthz").status_code == 200
    assert bot.http.get("/readyz").json()["slack"] is False
    trouble(stand_in, link, down=False)
    link.wait_connected()
    bot.mention(DEFINITION)
    assert title in bot.slack.wait_taken("chat.postMessage")[0].text
    bot.wait_ready()


@pytest.mark.usefixtures("impatient")
def test_an_app_token_that_slack_does_not_take_is_said_in_the_log(start_linked, stand_in, link, caplog):
    stand_in.plan("apps.connections.open", Refused("invalid_auth"))
    bot = start_linked()
    link.wait_connected()
    bot.mention(DEFINITION)
    bot.stop()
    assert "invalid_auth" in caplog.text
    assert "xapp-test" not in caplog.text


def test_a_bot_that_never_connected_stops_at_once(start_linked, link):
    link.refuses = True
    bot = start_linked()
    link.wait(lambda: link.refused, "attempt to connect")
    bot.begin_stop()
    assert bot.stopped_within(5)


# Connecting again


@pytest.mark.parametrize("breaks", [Link.cut, Link.close, Link.ask_to_leave], ids=lambda breaks: breaks.__name__)
@pytest.mark.usefixtures("impatient")
def test_a_connection_that_breaks_is_opened_again_and_the_conversation_goes_on(bot, link, title, breaks):
    bot.mention("who counts as a close relative", ts="1795602600.000200")
    bot.until(bot.rows)
    breaks(link)
    link.wait_connected(2)
    bot.mention("and for a cousin?", ts="1795602660.000200", thread_ts="1795602600.000200")
    bot.slack.wait_taken("chat.postMessage", 2)
    bot.wait_ready()
    bot.stop()
    assert [kept["entry"] for kept in bot.rows()] == ["private-fostering.close-relative"] * 2


def test_what_is_asked_in_mid_conversation_is_not_understood_without_it(bot):
    bot.mention("and for a cousin?")
    bot.stop()
    assert [(kept["status"], kept["entry"]) for kept in bot.rows()] == [("choose", None)]


@pytest.mark.usefixtures("impatient")
def test_a_connection_on_which_nothing_is_answered_is_given_up_for_another(bot, link):
    link.mute = True
    link.wait_connected(2)
    link.mute = False
    bot.mention(DEFINITION)
    bot.slack.wait_taken("chat.postMessage")


@pytest.mark.parametrize("trouble", [slack_is_down, websockets_are_refused])
@pytest.mark.usefixtures("impatient")
def test_when_slack_is_away_for_a_while_the_bot_connects_when_it_is_back(bot, stand_in, link, trouble):
    bot.wait_ready()
    trouble(stand_in, link, down=True)
    link.close()
    bot.until(lambda: bot.http.get("/readyz").status_code == 503)
    if trouble is websockets_are_refused:
        link.wait(lambda: link.refused >= 2, "second attempt")
    trouble(stand_in, link, down=False)
    link.wait_connected(2)
    bot.mention(DEFINITION)
    bot.slack.wait_taken("chat.postMessage")


@pytest.mark.parametrize("breaks", [Link.cut, Link.close, Link.ask_to_leave], ids=lambda breaks: breaks.__name__)
@pytest.mark.usefixtures("impatient")
def test_questions_under_which_the_connection_breaks_are_answered_once_each(bot, link, breaks):
    users = [f"U{number}" for number in range(20)]
    asked = [bot.asks(DEFINITION, user=user, channel=f"C{user}") for user in users]
    breaks(link)
    link.wait_connected(2)
    for envelope in asked:
        link.wait_acknowledged(envelope)
    bot.slack.wait_taken("chat.postMessage", len(users))
    bot.stop()
    assert sorted(call.channel for call in said(bot)) == sorted(f"C{user}" for user in users)
    assert len(bot.rows()) == len(users)


@pytest.mark.usefixtures("impatient")
def test_an_answer_on_its_way_when_the_connection_breaks_arrives(bot, link):
    bot.slack.plan("chat.postMessage", hanging := Hangs())
    bot.mention(DEFINITION)
    bot.slack.wait_tried("chat.postMessage")
    link.cut()
    link.wait_connected(2)
    hanging.release()
    bot.slack.wait_taken("chat.postMessage")
    bot.stop()
    assert len(bot.rows()) == len(said(bot)) == 1


# Acknowledging


@pytest.mark.parametrize("answer", [Refused("fatal_error"), Refused("invalid_auth"), Status(400)], ids=str)
def test_what_comes_before_the_token_is_confirmed_is_left_to_slack_and_answered_later(bot, link, answer):
    bot.slack.plan("auth.test", answer)
    first = bot.asks(DEFINITION, user="U0FIRST")
    bot.slack.wait_tried("auth.test")
    second = bot.asks(DEFINITION, user="U0SECOND", channel="C0SECOND")
    link.wait_acknowledged(second)
    assert [envelope["envelope_id"] for envelope in link.unacknowledged()] == [first]
    link.send_again()
    link.wait_acknowledged(first)
    answers = bot.slack.wait_taken("chat.postMessage", 2)
    assert {call.channel for call in answers} == {CHANNEL, "C0SECOND"}
    bot.stop()
    assert said(bot) == answers


def test_of_five_hundred_envelopes_at_once_each_is_acknowledged_and_each_question_answered_and_recorded_once(
    start_linked, link
):
    away = start_linked()
    away.stop()
    channels = [f"C{number}" for number in range(400)]
    again = channels[::4]  # a quarter of the questions come twice: some soon after the first, some long after it
    random.Random(1).shuffle(deliveries := [*channels, *again])
    asked = [
        away.asks(DEFINITION, user=f"U{channel}", channel=channel, event_id=f"Ev{channel}") for channel in deliveries
    ]
    begun = time.monotonic()
    bot = start_linked()  # what waited comes at once
    for envelope in asked:
        link.wait_acknowledged(envelope)
    bot.slack.wait_taken("chat.postMessage", len(channels))
    bot.stop()
    assert time.monotonic() - begun < 20
    assert sorted(call.channel for call in said(bot)) == sorted(channels)
    assert sorted(kept["thread"].split(":")[1] for kept in bot.rows()) == sorted(channels)
    assert {name: len(told) for name, told in link.acknowledged.items()} == dict.fromkeys(asked, 1)
    assert (len(asked), link.connections) == (500, 2)


# Stopping


def test_sigterm_lets_twenty_answers_be_sent_and_leaves_later_questions_to_the_next_bot(
    bot, start_linked, link, refusing
):
    users = [f"U{number}" for number in range(20)]
    hanging = [Hangs() for _ in users]
    bot.slack.plan("chat.postMessage", *hanging)
    for user in users:
        bot.mention(DEFINITION, user=user, channel=f"C{user}")
    bot.slack.wait_tried("chat.postMessage", len(users))
    bot.begin_stop()
    assert refusing.wait(PATIENCE)
    late = [bot.asks(DEFINITION, user=f"U0LATE{number}", channel=f"C0LATE{number}") for number in range(3)]
    link.wait_read()
    assert bot.rows() == []
    for answer in hanging:
        answer.release()
    bot.stop()
    assert {call.channel for call in said(bot)} == {f"C{user}" for user in users}
    assert len(said(bot)) == len(bot.rows()) == len(users)
    assert [envelope["envelope_id"] for envelope in link.unacknowledged()] == late
    following = start_linked()
    for envelope in late:
        link.wait_acknowledged(envelope)
    following.slack.wait_taken("chat.postMessage", len(users) + len(late))
    following.stop()
    assert len(following.rows()) == len(users) + len(late)


def test_what_still_waits_for_the_token_when_the_bot_stops_is_left_to_the_next(bot, link, refusing):
    bot.slack.plan("auth.test", asking := Hangs())
    for number in (1, 2):
        bot.asks(DEFINITION, user=f"U{number}", channel=f"C{number}")
    bot.slack.wait_tried("auth.test")
    link.wait_read()
    bot.begin_stop()
    assert refusing.wait(PATIENCE)
    asking.release()
    bot.stop()
    assert len(link.unacknowledged()) == 2
    assert said(bot) == bot.rows() == []


def test_a_form_that_is_being_saved_when_the_bot_stops_is_acknowledged(bot, refusing, monkeypatch):
    opened = not_helpful(bot)
    held = Hangs()
    bot.store.submit(lambda _: held.wait())
    sent, saving, judge = [], threading.Event(), bot.desk.judge

    def judging(*arguments, **more):
        saving.set()
        return judge(*arguments, **more)

    monkeypatch.setattr(bot.desk, "judge", judging)
    monkeypatch.setattr(saving_in_slack, "SECONDS", PATIENCE)  # a busy machine may take longer than Slack would wait
    submitting = threading.Thread(target=lambda: sent.append(bot.submit(opened, "When the council must visit")))
    submitting.start()
    assert saving.wait(PATIENCE)
    bot.begin_stop()
    assert refusing.wait(PATIENCE)
    held.release()
    submitting.join(PATIENCE)
    bot.stop()
    assert [answer.content for answer in sent] == [b""]
    assert bot.rows(VERDICTS) == [{"missing": "When the council must visit"}]


# Names


@pytest.mark.usefixtures("impatient")
def test_nothing_that_was_typed_is_logged_whatever_breaks(start_linked, link, caplog):
    caplog.set_level(logging.DEBUG)
    bot = start_linked()
    link.wait_connected()
    bot.slack.plan("chat.postEphemeral", *[Status(500)] * 6)
    bot.slack.plan("response_url", Status(500), Status(500))
    bot.mention(NAMED)
    bot.command(NAMED)
    bot.slack.wait_taken("chat.postMessage", 2)
    broken = {"type": "event_callback", "team_id": HOME_TEAM, "event": {"type": "message", "text": NAMED}}
    link.send("events_api", broken)
    bot.asks(NAMED, event_id="Ev1")
    link.cut()
    link.wait_connected(2)
    bot.asks(NAMED, event_id="Ev2")
    bot.slack.wait_taken("chat.postEphemeral")
    bot.stop()
    assert "a request from Slack failed" in caplog.text
    for word in ("Ramsbottom", "Kayleigh", "aunt"):
        assert word not in caplog.text
