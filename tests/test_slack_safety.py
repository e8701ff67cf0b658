"""Slack: who is let in, danger before everything, and no name kept or repeated."""

import json
import logging
import time
from urllib.parse import urlencode

import pytest
from slack_sdk.signature import SignatureVerifier
from slack_stand_in import HOME_TEAM, Hangs
from slack_workspace import ASKER, CHANNEL, DIRECT, FORM, JSON, SECRET

from bot.answering import messages
from handlers.slack.admission import NOT_HERE
from handlers.web.guards import MAX_BODY_BYTES

DEFINITION = "what is private fostering"
DANGER = "dad is hitting the baby right now and I can hear it"
AWAY_TEAM = "T0AWAY"
NAMES = ("Kayleigh", "Ramsbottom")
NAMED = "what is private fostering, Kayleigh Ramsbottom has moved in with her aunt"
ACTIVE = "<!channel> <@U123> <!here> <#C123|general> <!subteam^S1> &"
TYPED = "&lt;!channel&gt; &lt;@U123&gt; &amp;lt;!here&amp;gt; & &amp;"
"""As Slack delivers what somebody types literally."""


def question(bot, text=DEFINITION, **more):
    message = {"type": "app_mention", "user": ASKER, "text": text, "ts": f"{bot.now.timestamp():.6f}"}
    return bot.event_body({**message, "team": HOME_TEAM, "channel": CHANNEL, **more})


# Signatures


def is_refused(bot, response):
    assert response.status_code == 401
    bot.stop()
    assert bot.slack.calls == []
    assert bot.rows() == []
    return True


@pytest.mark.parametrize("age", [0, 295, -295])
def test_a_request_signed_within_five_minutes_is_taken(bot, age):
    assert bot.signed(question(bot), age=age).status_code == 200
    bot.slack.wait_taken("chat.postMessage")


@pytest.mark.parametrize("age", [302, -302, 86_400])
def test_a_request_signed_over_five_minutes_ago_or_ahead_is_refused(bot, age):
    assert is_refused(bot, bot.signed(question(bot), age=age))


def test_a_request_signed_with_another_secret_is_refused(bot):
    assert is_refused(bot, bot.signed(question(bot), secret="0" * 32))


def stamps(body, *, secret=SECRET):
    now = str(int(time.time()))
    return now, SignatureVerifier(secret).generate_signature(timestamp=now, body=body)


def test_a_body_that_was_changed_after_signing_is_refused(bot):
    now, signature = stamps(question(bot))
    changed = question(bot, "what are the thresholds")
    response = bot.post(changed, X_Slack_Request_Timestamp=now, X_Slack_Signature=signature)
    assert is_refused(bot, response)


@pytest.mark.parametrize("missing", [["signature"], ["time"], ["signature", "time"]], ids=str)
def test_a_request_without_its_signature_or_its_time_is_refused(bot, missing):
    body = question(bot)
    now, signature = stamps(body)
    headers = {}
    if "time" not in missing:
        headers["X_Slack_Request_Timestamp"] = now
    if "signature" not in missing:
        headers["X_Slack_Signature"] = signature
    assert is_refused(bot, bot.post(body, **headers))


@pytest.mark.parametrize("timestamp", ["", "yesterday", "1e9", "-1", "９９９", "9" * 5000])
def test_a_time_that_is_no_time_is_refused(bot, timestamp):
    body = question(bot)
    _, signature = stamps(body)
    response = bot.post(body, X_Slack_Request_Timestamp=timestamp.encode(), X_Slack_Signature=signature)
    assert is_refused(bot, response)


@pytest.mark.parametrize("signature", ["", "v0=", "v1=abc", "v0=é", "v0=" + "0" * 64])
def test_a_signature_that_is_none_is_refused(bot, signature):
    response = bot.post(
        question(bot), X_Slack_Request_Timestamp=str(int(time.time())), X_Slack_Signature=signature.encode()
    )
    assert is_refused(bot, response)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("{", JSON),
        ("[" * 100_000, JSON),
        ("[]", JSON),
        ("payload=%7B", FORM),
        ("", JSON),
        (urlencode({"ssl_check": "1", "command": "/safeguarding", "text": DEFINITION, "trigger_id": "1"}), FORM),
        (json.dumps({"type": "url_verification", "challenge": "x"}), JSON),
    ],
    ids=["half of an object", "deep", "a list", "half a payload", "nothing", "ssl_check", "url_verification"],
)
def test_nothing_is_read_of_a_request_that_is_not_signed(bot, body, content_type):
    assert is_refused(bot, bot.post(body, content_type))


def test_slacks_question_whether_the_address_is_ours_is_answered(bot):
    response = bot.signed(json.dumps({"type": "url_verification", "challenge": "abc", "token": "x"}))
    assert response.status_code == 200
    assert "abc" in response.text


def test_a_refused_request_leaves_nothing_of_its_text_in_the_log(start_bot, caplog):
    caplog.set_level(logging.DEBUG)
    bot = start_bot()
    bot.signed(question(bot, NAMED), secret="0" * 32)
    bot.signed(urlencode({"command": "/safeguarding", "text": NAMED}), FORM, age=400)
    bot.stop()
    assert not any(name in caplog.text for name in NAMES)


# Sizes


def padded(bot, size):
    body = question(bot)
    return body[:-1] + " " * (size - len(body)) + "}"


def test_a_body_of_one_megabyte_is_taken(bot):
    assert bot.signed(padded(bot, MAX_BODY_BYTES)).status_code == 200
    bot.slack.wait_taken("chat.postMessage")


def test_a_body_over_one_megabyte_is_refused(bot):
    assert bot.signed(padded(bot, MAX_BODY_BYTES + 1)).status_code == 413
    bot.stop()
    assert bot.slack.calls == []


def test_a_body_over_one_megabyte_that_does_not_say_so_is_refused(bot):
    body = padded(bot, MAX_BODY_BYTES + 1).encode()
    now, signature = stamps(body)
    chunks = (body[i : i + 65_536] for i in range(0, len(body), 65_536))
    assert bot.post(chunks, X_Slack_Request_Timestamp=now, X_Slack_Signature=signature).status_code == 413
    bot.stop()
    assert bot.slack.calls == []


def test_a_body_that_is_no_text_is_refused(bot):
    now, signature = stamps("x")
    response = bot.post(b"\xff\xfe{}", X_Slack_Request_Timestamp=now, X_Slack_Signature=signature)
    assert response.status_code in (400, 401)


# Workspaces


def test_another_workspace_gets_a_polite_private_line_for_a_command(bot):
    response = bot.command(DEFINITION, team=AWAY_TEAM)
    said = response.json()
    assert said["response_type"] == "ephemeral"
    assert said["text"].startswith(NOT_HERE)
    assert "999" in said["text"]
    assert "01226" in said["text"]
    bot.stop()
    assert bot.slack.taken() == []
    assert bot.rows() == []


@pytest.mark.parametrize(
    "where",
    [
        {"event": {"user_team": AWAY_TEAM}},
        {"event": {"team": AWAY_TEAM}},
        {"event": {"team": AWAY_TEAM, "user_team": AWAY_TEAM, "source_team": AWAY_TEAM}},
        {"event": {"source_team": AWAY_TEAM}},
        {"team": AWAY_TEAM},
    ],
    ids=str,
)
def test_a_stranger_in_a_shared_channel_is_told_alone_that_they_are_not_served_and_whom_to_ring(bot, where):
    assert bot.signed(stranger(bot, where)).content == b""
    bot.stop()
    (said,) = bot.slack.taken()
    assert (said.method, said.arguments["user"]) == ("chat.postEphemeral", ASKER)
    assert said.text.startswith(NOT_HERE)
    assert "999" in said.text
    assert bot.rows() == []


def stranger(bot, where):
    event = json.loads(question(bot))["event"] | where.get("event", {})
    return bot.event_body(event, team=where.get("team", HOME_TEAM))


def test_a_stranger_may_ask_where_the_settings_let_the_workspace_in(start_bot):
    bot = start_bot(team_ids=[HOME_TEAM, AWAY_TEAM])
    bot.signed(stranger(bot, {"event": {"user_team": AWAY_TEAM}}))
    bot.signed(question(bot))
    bot.slack.wait_taken("chat.postMessage", 2)
    bot.command(DEFINITION, team=AWAY_TEAM)
    bot.slack.wait_taken("response_url")


def test_the_settings_shut_out_even_the_bots_own_workspace(start_bot):
    bot = start_bot(team_ids=[AWAY_TEAM])
    bot.signed(question(bot))
    assert bot.command(DEFINITION).json()["text"].startswith(NOT_HERE)
    bot.stop()
    assert [call.method for call in bot.slack.taken()] == ["chat.postEphemeral"]


def test_a_strangers_press_is_refused_and_their_form_does_nothing(bot):
    bot.mention(DEFINITION)
    bot.settle()
    (answer,) = bot.slack.taken()
    bot.press(answer, "Helpful", team=AWAY_TEAM)
    bot.press(answer, "Not helpful")
    (opened,) = bot.slack.wait_taken("views.open")
    bot.submit(opened, "more about aunts", team=AWAY_TEAM)
    bot.stop()
    assert [call.text.startswith(NOT_HERE) for call in bot.slack.taken("response_url")] == [True]
    verdicts = bot.rows("SELECT helpful, missing FROM verdicts")
    assert verdicts == [{"helpful": 0, "missing": None}]


# Danger


def is_card(call):
    return messages.EMERGENCY_FIRST in call.text and "999" in str(call.blocks)


@pytest.mark.parametrize("how", ["mention", "direct"])
def test_the_emergency_card_comes_first_and_the_answer_after_it(bot, how):
    (bot.mention if how == "mention" else bot.direct)(DANGER)
    card, answer = bot.slack.wait_taken("chat.postMessage", 2)
    assert is_card(card)
    assert not is_card(answer)
    assert (card.channel, card.thread) == (answer.channel, answer.thread)
    bot.stop()
    assert [kept["emergency"] for kept in bot.rows()] == [1]


def test_the_emergency_card_for_a_command_comes_first_and_privately(bot):
    bot.command(DANGER)
    card, answer = bot.slack.wait_taken("response_url", 2)
    assert is_card(card)
    assert not is_card(answer)
    assert card.arguments["response_type"] == answer.arguments["response_type"] == "ephemeral"
    bot.stop()
    assert bot.slack.taken() == [card, answer]


def test_a_question_without_danger_brings_no_card(bot):
    bot.mention(DEFINITION)
    (answer,) = bot.slack.wait_taken("chat.postMessage")
    assert not is_card(answer)
    bot.stop()
    assert [kept["emergency"] for kept in bot.rows()] == [0]


def test_the_emergency_card_gives_the_number_that_is_open_now(bot, barnsley):
    by_day, by_night = (barnsley.knowledge.contacts[name] for name in ("front-door", "emergency-duty-team"))
    bot.mention(DANGER)
    assert by_day.numbers[0].display in bot.slack.wait_taken("chat.postMessage", 2)[0].text
    bot.now = bot.now.replace(hour=22)
    bot.mention(DANGER)
    assert by_night.numbers[0].display in bot.slack.wait_taken("chat.postMessage", 4)[2].text


@pytest.mark.parametrize("how", ["mention", "command"])
def test_danger_in_the_last_sentence_of_a_long_story_brings_the_card_first(bot, how):
    sentence = "On Monday the family came to the centre and we talked about housing, school and benefits. "
    story = (sentence * 500)[: 40_000 - len(DANGER)] + DANGER
    (bot.mention if how == "mention" else bot.command)(story)
    if how == "mention":
        (card,) = bot.slack.wait_taken("chat.postMessage")
        (answer,) = bot.slack.wait_taken("chat.postEphemeral")
        assert answer.arguments["user"] == ASKER
    else:
        card, answer = bot.slack.wait_taken("response_url", 2)
    assert is_card(card)
    assert card.at < answer.at
    assert messages.TOO_LONG in answer.text
    assert sentence.strip() in answer.shown, "the text is handed back"
    bot.stop()
    assert bot.slack.taken() == [card, answer]
    assert [(kept["status"], kept["text"], kept["emergency"]) for kept in bot.rows()] == [("too_long", None, 1)]


def test_a_long_story_without_danger_is_handed_back_with_no_card(bot):
    bot.mention("We talked about housing and school. " * 1000)
    (answer,) = bot.slack.wait_taken("chat.postEphemeral")
    assert messages.TOO_LONG in answer.text
    bot.stop()
    assert bot.slack.taken() == [answer]


def test_danger_with_a_name_in_it_brings_the_card_and_no_name(bot):
    bot.mention(f"{NAMES[0]} {NAMES[1]}'s {DANGER}")
    (card,) = bot.slack.wait_taken("chat.postMessage")
    assert is_card(card)
    bot.slack.wait_taken("chat.postEphemeral")
    bot.stop()
    assert bot.slack.taken("chat.postMessage") == [card]
    assert not any(name in card.shown for name in NAMES)


def test_the_emergency_card_waits_for_no_database(bot):
    held = Hangs()
    bot.store.submit(lambda _: held.wait())
    try:
        bot.mention(DANGER, user="U0NEVER0SEEN")
        (card,) = bot.slack.wait_taken("chat.postMessage")
        assert is_card(card)
    finally:
        held.release()
    bot.slack.wait_taken("chat.postMessage", 2)


def test_one_event_of_danger_brings_one_card(bot):
    for _ in range(3):
        bot.mention(DANGER, event_id="Ev1")
    bot.stop()
    assert [is_card(call) for call in bot.slack.taken()] == [True, False]


# Names


def traces(bot, caplog):
    """Everything that was kept or that others can read."""
    in_channels = [call.shown for call in bot.slack.calls if call.method == "chat.postMessage"]
    return [bot.on_disk().decode("latin-1"), caplog.text, *in_channels]


def test_a_name_in_a_mention_is_kept_nowhere_and_its_writer_is_told_privately(start_bot, caplog):
    caplog.set_level(logging.DEBUG)
    bot = start_bot()
    bot.mention(NAMED)
    (told,) = bot.slack.wait_taken("chat.postEphemeral")
    assert (told.channel, told.arguments["user"]) == (CHANNEL, ASKER)
    assert "a person's name" in told.text
    assert "please delete it" in told.text
    assert NAMED in told.shown, "the text is handed back"
    assert "Ask without it" in told.buttons
    assert not any(name in str(told.buttons) + told.text for name in NAMES)
    while_running = traces(bot, caplog)
    bot.stop()
    assert bot.slack.taken() == [told]
    for trace in (*while_running, *traces(bot, caplog)):
        assert not any(name in trace for name in NAMES)
    (kept,) = bot.rows()
    assert (kept["status"], kept["text"]) == ("identifiers", None)


def test_a_name_in_a_thread_is_told_of_in_that_thread(bot):
    bot.mention(NAMED, thread_ts="1795600000.000100")
    (told,) = bot.slack.wait_taken("chat.postEphemeral")
    assert told.thread == "1795600000.000100"


@pytest.mark.parametrize("how", ["mention", "direct", "command"])
def test_ask_without_it_answers_the_masked_question_privately(bot, barnsley, caplog, how):
    method = {"mention": "chat.postEphemeral", "direct": "chat.postMessage", "command": "response_url"}[how]
    getattr(bot, how)(NAMED)
    told = bot.slack.wait_taken(method)[0]
    bot.settle()
    bot.press(told, "Ask without it")
    answer = bot.slack.wait_taken("response_url", 2 if how == "command" else 1)[-1]
    assert barnsley.knowledge.entries["private-fostering.definition"].title in answer.shown
    assert answer.arguments["response_type"] == "ephemeral"
    bot.stop()
    assert [kept["text"] for kept in bot.rows()] == [
        None,
        "what is private fostering, [name] has moved in with her aunt",
    ]
    for trace in traces(bot, caplog):
        assert not any(name in trace for name in NAMES)


def test_a_name_in_a_direct_message_is_not_repeated_there(bot, caplog):
    bot.direct(NAMED)
    (told,) = bot.slack.wait_taken("chat.postMessage")
    assert told.channel == DIRECT
    assert "Please delete your message too" in told.text
    bot.stop()
    for trace in traces(bot, caplog):
        assert not any(name in trace for name in NAMES)


def test_a_name_in_a_command_is_handed_back_and_kept_nowhere(bot, caplog):
    bot.command(NAMED)
    (told,) = bot.slack.wait_taken("response_url")
    assert NAMED in told.shown
    assert "delete" not in told.text, "nobody else has seen it"
    bot.stop()
    for trace in traces(bot, caplog):
        assert not any(name in trace for name in NAMES)


def test_a_person_who_is_mentioned_is_left_out_of_the_question(bot):
    bot.mention("<@U0COLLEAGUE|kayleigh.ramsbottom> what is private fostering")
    bot.slack.wait_taken("chat.postMessage")
    bot.stop()
    assert [kept["text"] for kept in bot.rows()] == [DEFINITION]


# What was typed comes back literally


@pytest.mark.parametrize("how", ["mention", "direct", "command"])
@pytest.mark.parametrize("marks", [ACTIVE, TYPED], ids=["active", "typed"])
@pytest.mark.parametrize("rest", [NAMED, DEFINITION, DANGER, "quantum chromodynamics", "We met again. " * 500])
def test_nothing_that_somebody_typed_comes_back_active(bot, how, marks, rest):
    getattr(bot, how)(f"{marks} {rest} {marks}")
    bot.stop()
    assert bot.slack.taken()
    for call in bot.slack.taken():
        # The stand-in refuses text in which anything but a link is active; this says it once more.
        for text in texts_of(call.arguments):
            assert not any(mark in text for mark in ("<!", "<@", "<#"))


def texts_of(part):
    if isinstance(part, dict):
        for key, value in part.items():
            if isinstance(value, str):
                if key == "text":
                    yield value
            else:
                yield from texts_of(value)
    elif isinstance(part, list):
        for item in part:
            yield from texts_of(item)


def test_what_was_typed_literally_is_handed_back_as_it_was(bot):
    bot.command(f"{NAMED} &lt;!channel&gt; R&amp;D")
    (told,) = bot.slack.wait_taken("response_url")
    assert f"{NAMED} &lt;!channel&gt; R&amp;D" in told.shown
