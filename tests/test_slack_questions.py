"""Questions in Slack: asked by mention, directly or by command, answered once and in the right place."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from slack_stand_in import BOT_ID, BOT_USER
from slack_workspace import ASKER, CHANNEL, DIRECT

from bot.answering import messages
from bot.pace import QUESTIONS

DEFINITION = "what is private fostering"
UNKNOWN = "quantum chromodynamics"


@pytest.fixture
def title(barnsley):
    """Of the entry that answers DEFINITION."""
    return barnsley.knowledge.entries["private-fostering.definition"].title


# Where an answer goes


def test_a_mention_is_answered_in_its_thread(bot, title):
    bot.mention(DEFINITION, ts="1795602600.000200")
    (answer,) = bot.slack.wait_taken("chat.postMessage")
    assert title in answer.text
    assert (answer.channel, answer.thread) == (CHANNEL, "1795602600.000200")
    bot.stop()
    assert bot.slack.taken() == [answer]
    (kept,) = bot.rows()
    assert (kept["text"], kept["status"], kept["channel"]) == (DEFINITION, "answered", "slack")
    assert kept["entry"] == "private-fostering.definition"


def test_a_mention_inside_a_thread_is_answered_in_that_thread(bot):
    bot.mention(DEFINITION, ts="1795602600.000200", thread_ts="1795600000.000100")
    (answer,) = bot.slack.wait_taken("chat.postMessage")
    assert answer.thread == "1795600000.000100"


@pytest.mark.parametrize("thread", [None, "1795600000.000100"])
def test_a_direct_message_is_answered_beside_it(bot, title, thread):
    bot.direct(DEFINITION, **({"thread_ts": thread} if thread else {}))
    (answer,) = bot.slack.wait_taken("chat.postMessage")
    assert title in answer.text
    assert (answer.channel, answer.thread) == (DIRECT, thread)


def test_an_answer_unfolds_no_addresses(bot):
    bot.mention(DEFINITION)
    (answer,) = bot.slack.wait_taken("chat.postMessage")
    assert answer.arguments["unfurl_links"] is answer.arguments["unfurl_media"] is False


def test_a_command_is_answered_to_the_asker_alone_who_may_share_it(bot, title):
    bot.command(DEFINITION)
    (answer,) = bot.slack.wait_taken("response_url")
    assert title in answer.text
    assert answer.arguments["response_type"] == "ephemeral"
    assert answer.arguments["replace_original"] is False
    assert "Share this guidance here" in answer.buttons
    bot.stop()
    assert bot.slack.taken() == [answer]
    assert [kept["text"] for kept in bot.rows()] == [DEFINITION]


def test_what_everybody_in_a_channel_sees_cannot_be_shared_again(bot):
    bot.mention(DEFINITION)
    (answer,) = bot.slack.wait_taken("chat.postMessage")
    assert "Share this guidance here" not in answer.buttons


def test_an_answer_says_that_it_is_a_draft(bot, barnsley):
    bot.mention(DEFINITION)
    (answer,) = bot.slack.wait_taken("chat.postMessage")
    notice = messages.draft(barnsley.knowledge.partnership.name)
    assert notice in answer.text
    assert notice in str(answer.blocks[0])


# A command's own words


@pytest.mark.parametrize("typed", ["help", "topics", "contacts", "Help", "  TOPICS ", "contacts\n"])
def test_a_sub_command_is_one_when_it_is_the_whole_text(bot, typed):
    bot.command(typed)
    (answer,) = bot.slack.wait_taken("response_url")
    assert answer.arguments["response_type"] == "ephemeral"
    bot.stop()
    assert bot.slack.taken() == [answer]
    assert bot.rows() == []


@pytest.mark.parametrize(
    "typed",
    [
        "report a child at risk",
        "help me with a referral",
        "help!",
        "topics on private fostering",
        "contacts for a school",
        "contact",
        "help topics",
    ],
)
def test_anything_more_than_a_sub_command_is_a_question(bot, typed):
    bot.command(typed)
    bot.slack.wait_taken("response_url")
    bot.stop()
    assert [kept["text"] for kept in bot.rows()] == [typed]


def test_a_sub_command_is_a_question_where_there_is_no_command(bot):
    bot.direct("contacts")
    bot.slack.wait_taken("chat.postMessage")
    bot.stop()
    assert [kept["text"] for kept in bot.rows()] == ["contacts"]


def test_help_says_what_the_bot_can_do_and_offers_every_topic(bot, barnsley):
    bot.command("help")
    (answer,) = bot.slack.wait_taken("response_url")
    assert barnsley.small_talk["bot.what-can-you-do"].title in answer.text
    assert "/safeguarding contacts" in answer.shown
    assert set(answer.buttons) == {topic.title for topic in barnsley.knowledge.topics.values()}


def test_contacts_gives_the_number_that_is_open_now_and_999(bot, barnsley):
    bot.now = bot.now.replace(hour=22)
    bot.command("contacts")
    (answer,) = bot.slack.wait_taken("response_url")
    duty = barnsley.knowledge.contacts["emergency-duty-team"]
    assert "999" in answer.text
    assert duty.numbers[0].display in answer.text
    assert answer.shown.index(duty.name) < answer.shown.index(barnsley.knowledge.contacts["front-door"].name)


def test_an_empty_command_says_how_to_ask(bot):
    bot.command("  ")
    (answer,) = bot.slack.wait_taken("response_url")
    assert answer.text == messages.EMPTY


# Conversations


def test_a_thread_remembers_what_was_asked_in_it(bot):
    bot.mention("who counts as a close relative", ts="1795602600.000200")
    bot.settle()
    bot.mention("and a cousin?", ts="1795602660.000200", thread_ts="1795602600.000200")
    bot.settle()
    threads = {kept["text"]: kept["thread"] for kept in bot.rows()}
    assert threads["who counts as a close relative"] == threads["and a cousin?"]
    assert [kept["entry"] for kept in bot.rows()] == ["private-fostering.close-relative"] * 2


def test_two_threads_are_two_conversations(bot):
    bot.mention("who counts as a close relative", ts="1795602600.000200")
    bot.mention("thresholds", ts="1795602660.000200")
    bot.direct("safer sleep")
    bot.slack.wait_taken("chat.postMessage", 3)
    bot.stop()
    assert len({kept["thread"] for kept in bot.rows()}) == 3


def test_twenty_people_who_ask_at_once_are_all_answered(bot, title):
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda n: bot.mention(DEFINITION, user=f"U{n}", channel=f"C{n}"), range(20)))
    answers = bot.slack.wait_taken("chat.postMessage", 20)
    assert {answer.channel for answer in answers} == {f"C{n}" for n in range(20)}
    assert all(title in answer.text for answer in answers)
    bot.stop()
    assert len(bot.slack.taken()) == len(bot.rows()) == 20
    assert len({kept["person_id"] for kept in bot.rows()}) == 20


def test_who_asks_too_fast_is_told_privately_and_others_are_answered(bot):
    for number in range(QUESTIONS):
        bot.mention(UNKNOWN, ts=f"1795602600.{number:06}")
    bot.slack.wait_taken("chat.postMessage", QUESTIONS)
    assert bot.slack.taken("chat.postEphemeral") == []
    bot.mention(UNKNOWN)
    (refusal,) = bot.slack.wait_taken("chat.postEphemeral")
    assert refusal.text == messages.BUSY
    assert refusal.arguments["user"] == ASKER
    bot.mention(UNKNOWN, user="U0OTHER")
    bot.slack.wait_taken("chat.postMessage", QUESTIONS + 1)


# Once


def test_an_event_that_comes_five_times_at_once_is_answered_once(bot):
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda _: bot.mention(DEFINITION, event_id="Ev1"), range(5)))
    bot.stop()
    assert [call.method for call in bot.slack.taken()] == ["chat.postMessage"]
    assert len(bot.rows()) == 1


def test_an_event_that_comes_again_after_a_restart_is_answered_once(start_bot):
    first = start_bot()
    first.mention(DEFINITION, event_id="Ev1")
    first.slack.wait_taken("chat.postMessage")
    first.stop()
    second = start_bot()
    second.mention(DEFINITION, event_id="Ev1")
    second.mention(UNKNOWN, event_id="Ev2")
    second.stop()
    assert [kept["text"] for kept in second.rows()] == [DEFINITION, UNKNOWN]
    assert len(second.slack.taken("chat.postMessage")) == 2


def test_the_same_words_in_two_events_are_two_questions(bot):
    bot.mention(DEFINITION, event_id="Ev1")
    bot.mention(DEFINITION, event_id="Ev2")
    bot.stop()
    assert len(bot.slack.taken("chat.postMessage")) == len(bot.rows()) == 2


def test_a_command_that_comes_twice_is_answered_once(bot):
    bot.command(DEFINITION, trigger_id="1.2.3")
    bot.command(DEFINITION, trigger_id="1.2.3")
    bot.stop()
    assert len(bot.slack.taken("response_url")) == len(bot.rows()) == 1


# Never


@pytest.mark.parametrize(
    "more",
    [
        {"bot_id": "B0OTHER"},
        {"bot_profile": {"id": "B0OTHER"}},
        {"subtype": "bot_message", "bot_id": "B0OTHER"},
        {"bot_id": BOT_ID, "user": BOT_USER},
        {"user": BOT_USER},
        {"user": "USLACKBOT"},
        {"user": None},
        {"subtype": "channel_join"},
        {"subtype": "message_changed"},
        {"subtype": "message_deleted", "hidden": True},
        # An edit of a mention comes as another mention, with an event id of its own.
        {"edited": {"user": ASKER, "ts": "1795602661.000000"}},
    ],
    ids=str,
)
def test_bots_edits_joins_slackbot_and_itself_are_never_answered(bot, more):
    bot.mention(DEFINITION, **more)
    bot.direct(DEFINITION, **more)
    bot.stop()
    assert bot.slack.taken() == []
    assert bot.rows() == []


def test_a_message_in_a_channel_that_does_not_mention_the_bot_is_not_answered(bot):
    bot.direct(DEFINITION, channel=CHANNEL, channel_type="channel")
    bot.direct(DEFINITION, channel="G0GROUP", channel_type="group")
    bot.direct(DEFINITION, channel="G0GROUP", channel_type="mpim")
    bot.stop()
    assert bot.slack.taken() == []
    assert bot.rows() == []


def test_a_mention_in_a_direct_message_is_answered_once(bot):
    bot.mention(DEFINITION, channel=DIRECT)
    bot.direct(f"<@{BOT_USER}> {DEFINITION}")
    bot.stop()
    assert len(bot.slack.taken("chat.postMessage")) == 1
    assert [kept["text"] for kept in bot.rows()] == [DEFINITION]


def test_other_events_are_acknowledged_and_not_answered(bot):
    bot.event({"type": "member_joined_channel", "user": ASKER, "channel": CHANNEL})
    bot.event({"type": "reaction_added", "user": ASKER, "reaction": "eyes", "item": {"type": "message"}})
    bot.stop()
    assert bot.slack.taken() == []


# Late


def test_an_answer_that_comes_over_two_minutes_late_says_so(bot):
    bot.mention(DEFINITION, ts=f"{(bot.now - timedelta(minutes=2, seconds=1)).timestamp():.6f}")
    (answer,) = bot.slack.wait_taken("chat.postMessage")
    assert answer.text.startswith(messages.late("10:27"))
    assert messages.late("10:27") in str(answer.blocks[0])


def test_an_answer_within_two_minutes_says_nothing_of_the_time(bot):
    bot.mention(DEFINITION, ts=f"{(bot.now - timedelta(minutes=2)).timestamp():.6f}")
    (answer,) = bot.slack.wait_taken("chat.postMessage")
    assert "You asked this at" not in answer.shown


def test_a_late_answer_gives_the_time_of_the_place_in_summer_too(bot):
    bot.now = bot.now.replace(month=7)
    bot.direct(DEFINITION, ts=f"{(bot.now - timedelta(hours=1)).timestamp():.6f}")
    (answer,) = bot.slack.wait_taken("chat.postMessage")
    assert answer.text.startswith("You asked this at 10:30")
