"""The shortcuts in Slack: a question from anywhere, and guidance for a message of which nothing is kept."""

import pytest
from slack_stand_in import Hangs, Refused, Status, faults_of
from slack_workspace import ASKER, CHANNEL

from bot.answering import messages
from bot.answering.guidance import Guidance
from bot.knowledge.loading import layers_of, load
from bot.pace import QUESTIONS
from handlers.slack import shortcuts

DEFINITION = "what is private fostering"
UNKNOWN = "quantum chromodynamics"
NAMED = "Kayleigh Ramsbottom wants a leaflet"
DANGER = "dad is hitting the baby right now and I can hear it"


@pytest.fixture
def small(smalltown):
    """A partnership in which one question fits two entries."""
    return Guidance.of(load(layers_of(smalltown.parent, "smalltown")))


def the_form(bot, **more):
    bot.shortcut(**more)
    return bot.slack.wait_taken("views.open")[-1]


def refused(response):
    """What a form says beside its field."""
    content = response.json()
    assert content["response_action"] == "errors"
    assert set(content["errors"]) == {"question"}
    assert response.elapsed.total_seconds() < 3, "Slack waits for three seconds"
    return content["errors"]["question"]


def shown(response):
    """The view that a form turns into."""
    content = response.json()
    assert content["response_action"] == "update"
    assert response.elapsed.total_seconds() < 3, "Slack waits for three seconds"
    return content["view"]


# "Ask about safeguarding"


def test_the_shortcut_opens_a_form_that_warns_of_names_and_of_danger(bot):
    opened = the_form(bot)
    assert opened.arguments["trigger_id"]
    view = opened.arguments["view"]
    warning = view["blocks"][0]
    assert (warning["type"], warning["level"]) == ("alert", "warning")
    assert "no names" in warning["text"]["text"]
    assert "999" in warning["text"]["text"]
    assert (opened.box["block_id"], opened.box["element"]["max_length"]) == ("question", 3000)
    bot.stop()
    assert bot.slack.taken() == [opened]
    assert bot.rows() == []


def test_a_form_that_cannot_be_opened_is_told_to_the_asker(bot):
    bot.slack.plan("views.open", Refused("expired_trigger_id"))
    bot.shortcut()
    (told,) = bot.slack.wait_taken("chat.postMessage")
    assert told.channel == ASKER


def test_the_answer_stands_in_the_form_and_with_its_buttons_in_the_messages(bot, barnsley):
    view = shown(bot.submit(the_form(bot), DEFINITION))
    title = barnsley.knowledge.entries["private-fostering.definition"].title
    assert title in str(view)
    assert "submit" not in view
    assert not any(block["type"] in ("actions", "context_actions", "input") for block in view["blocks"])
    assert faults_of("views.open", {"view": view}) == []
    (answer,) = bot.slack.wait_taken("chat.postMessage")
    assert (answer.channel, answer.thread) == (ASKER, None)
    assert title in answer.text
    bot.stop()
    (kept,) = bot.rows()
    assert (kept["text"], kept["status"], kept["channel"]) == (DEFINITION, "answered", "slack")
    assert answer.buttons["Helpful"]["value"] == f"yes:{kept['id']}"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (DEFINITION, "answered"),
        ("leaflet for new parents", "choose"),
        (UNKNOWN, "no_guidance"),
        ("hello", "small_talk"),
        ("is this child at risk", "individual_case"),
    ],
)
def test_whatever_the_form_is_answered_with_is_shown_sent_and_recorded(start_bot, small, barnsley, text, status):
    bot = start_bot(small if status == "choose" else barnsley)
    view = shown(bot.submit(the_form(bot), text))
    (answer,) = bot.slack.wait_taken("chat.postMessage")
    bot.stop()
    assert view["blocks"]
    assert answer.channel == ASKER
    assert [(kept["text"], kept["status"]) for kept in bot.rows()] == [(text, status)]


def test_a_form_that_names_somebody_is_refused_beside_the_field_and_nothing_is_kept(bot, caplog):
    opened = the_form(bot)
    assert "a person's name" in refused(bot.submit(opened, NAMED, view_id="V0ONE"))
    bot.settle()
    assert bot.slack.taken("chat.postMessage") == []
    shown(bot.submit(opened, DEFINITION, view_id="V0ONE"))
    bot.slack.wait_taken("chat.postMessage")
    bot.stop()
    assert [(kept["text"], kept["status"]) for kept in bot.rows()] == [
        (None, "identifiers"),
        (DEFINITION, "answered"),
    ]
    for trace in (bot.on_disk().decode("latin-1"), caplog.text, *(call.shown for call in bot.slack.calls)):
        assert "Ramsbottom" not in trace
        assert "Kayleigh" not in trace


@pytest.mark.parametrize(("text", "status"), [("   ", "empty"), ("zebra crossing " * 199, "too_long")])
def test_a_form_with_too_little_or_too_much_stays_open_and_nothing_is_kept(bot, text, status):
    assert refused(bot.submit(the_form(bot), text)).strip()
    bot.stop()
    assert bot.slack.taken("chat.postMessage") == []
    assert [(kept["text"], kept["status"]) for kept in bot.rows()] == [(None, status)]
    assert b"zebra" not in bot.on_disk()


def test_an_asker_in_too_great_haste_keeps_the_form(bot):
    opened = the_form(bot)
    for _ in range(QUESTIONS):
        shown(bot.submit(opened, "hello"))
    assert refused(bot.submit(opened, "a zebra in the street"))
    bot.stop()
    assert bot.rows()[-1]["status"] == "busy"
    assert b"zebra" not in bot.on_disk()


def test_broken_knowledge_keeps_the_form_with_what_was_typed(bot):
    opened = the_form(bot)
    bot.desk.library.guidance = None
    assert refused(bot.submit(opened, DEFINITION))
    bot.stop()
    assert [(kept["text"], kept["status"]) for kept in bot.rows()] == [(None, "error")]


def test_a_form_without_a_database_is_answered_all_the_same(start_bot):
    bot = start_bot(store=False)
    shown(bot.submit(the_form(bot), DEFINITION))
    bot.slack.wait_taken("chat.postMessage")


def test_a_form_that_tells_of_danger_brings_the_card_to_its_writer_and_an_answer(bot):
    shown(bot.submit(the_form(bot), DANGER))
    sent = bot.slack.wait_taken("chat.postMessage", 2)
    assert {call.channel for call in sent} == {ASKER}
    assert [messages.EMERGENCY_FIRST in call.text for call in sent].count(True) == 1
    bot.stop()
    assert [kept["emergency"] for kept in bot.rows()] == [1]


def test_a_form_that_tells_of_danger_with_a_name_brings_the_card_and_stays_open(bot):
    said = refused(bot.submit(the_form(bot), f"{DANGER}, his name is Kayleigh Ramsbottom"))
    (card,) = bot.slack.wait_taken("chat.postMessage")
    assert messages.EMERGENCY_FIRST in card.text
    bot.stop()
    assert "Ramsbottom" not in said + card.shown


def test_a_form_that_tells_of_danger_is_answered_in_time_though_slack_hangs(bot):
    opened = the_form(bot)
    bot.slack.plan("chat.postMessage", hanging := Hangs())
    shown(bot.submit(opened, DANGER))
    hanging.release()
    bot.slack.wait_taken("chat.postMessage", 2)


def test_a_form_that_is_sent_twice_is_answered_in_the_messages_once_and_recorded_once(bot):
    opened = the_form(bot)
    for _ in range(2):
        shown(bot.submit(opened, DEFINITION, view_id="V0ONE"))
    bot.stop()
    assert len(bot.slack.taken("chat.postMessage")) == 1
    assert len(bot.rows()) == 1


# "Find guidance" on a message


def test_guidance_for_a_message_is_seen_by_the_asker_alone_and_says_so(bot, barnsley):
    bot.find_guidance(f"<@U0LEAD> {DEFINITION}")
    (answer,) = bot.slack.wait_taken("response_url")
    assert barnsley.knowledge.entries["private-fostering.definition"].title in answer.text
    assert (answer.arguments["response_type"], answer.arguments["replace_original"]) == ("ephemeral", False)
    assert shortcuts.ABOUT in str(answer.blocks[0])
    bot.stop()
    assert bot.slack.taken() == [answer]
    (kept,) = bot.rows()
    assert (kept["text"], kept["status"], kept["entry"]) == (None, "answered", "private-fostering.definition")
    assert answer.buttons["Helpful"]["value"] == f"yes:{kept['id']}"


@pytest.mark.parametrize("text", [f"the zebra foundation asks {DEFINITION}", f"zebra {UNKNOWN}", f"zebra {DANGER}"])
def test_nothing_of_the_message_is_kept_or_repeated(bot, caplog, text):
    bot.find_guidance(text)
    bot.slack.wait_taken("response_url")
    bot.stop()
    assert [kept["text"] for kept in bot.rows()] == [None]
    for trace in (bot.on_disk().decode("latin-1"), caplog.text, *(call.shown for call in bot.slack.calls)):
        assert "zebra" not in trace


def test_a_message_that_names_somebody_is_repeated_masked_at_most(bot, caplog):
    bot.find_guidance(NAMED)
    (answer,) = bot.slack.wait_taken("response_url")
    assert "a person's name" in answer.text
    bot.stop()
    assert [(kept["text"], kept["status"]) for kept in bot.rows()] == [(None, "identifiers")]
    for trace in (bot.on_disk().decode("latin-1"), caplog.text, *(call.shown for call in bot.slack.calls)):
        assert "Ramsbottom" not in trace
        assert "Kayleigh" not in trace


def test_a_message_that_tells_of_danger_brings_the_card_first_to_the_asker_alone(bot):
    bot.find_guidance(DANGER)
    card, answer = bot.slack.wait_taken("response_url", 2)
    assert messages.EMERGENCY_FIRST in card.text
    assert {call.arguments["response_type"] for call in (card, answer)} == {"ephemeral"}
    bot.stop()
    assert bot.slack.taken() == [card, answer]
    assert [(kept["text"], kept["emergency"]) for kept in bot.rows()] == [(None, 1)]


@pytest.mark.parametrize(
    "message",
    [
        "",
        "<@U0LEAD>",
        {"type": "message", "subtype": "tombstone", "ts": "1795602000.000100"},
        {"type": "message", "text": None, "files": [{"id": "F1"}], "ts": "1795602000.000100"},
        None,
    ],
)
def test_a_message_without_a_text_is_answered_too(bot, message):
    bot.find_guidance(message)
    (answer,) = bot.slack.wait_taken("response_url")
    assert answer.text.strip()
    bot.stop()
    assert [(kept["text"], kept["status"]) for kept in bot.rows()] == [(None, "empty")]


def test_a_message_shortcut_that_comes_twice_is_answered_once(bot):
    bot.find_guidance(DEFINITION, trigger_id="trigger-1")
    bot.find_guidance(DEFINITION, trigger_id="trigger-1")
    bot.stop()
    assert len(bot.slack.taken("response_url")) == 1
    assert len(bot.rows()) == 1


def test_a_response_address_that_has_gone_is_made_up_for_in_the_messages(bot):
    bot.slack.plan("response_url", Status(404), Status(404))
    bot.find_guidance(DEFINITION)
    (told,) = bot.slack.wait_taken("chat.postMessage")
    assert told.channel == ASKER
    bot.stop()
    assert CHANNEL not in [call.channel for call in bot.slack.taken("chat.postMessage")]


def test_a_message_that_names_somebody_cannot_be_asked_without_the_name_since_that_would_be_kept(bot):
    bot.find_guidance(NAMED)
    (said,) = bot.slack.wait_taken("response_url")
    assert "a person's name" in said.text
    assert not any("without" in label for label in said.buttons)
    assert "wants a leaflet" not in str(said.blocks)
    bot.stop()
    assert [row["text"] for row in bot.rows()] == [None]
