"""Buttons and the form in Slack: each answers where it stands, and what was said of an answer is saved."""

import threading

import pytest
from slack_stand_in import Hangs, Refused
from slack_workspace import ASKER, CHANNEL

from bot.answering import messages
from bot.answering.guidance import Guidance
from bot.knowledge.loading import layers_of, load
from handlers.slack import buttons, feedback

DEFINITION = "what is private fostering"
UNKNOWN = "quantum chromodynamics"
SHARE = "Share this guidance here"
NAMED = "Kayleigh Ramsbottom has moved in with her aunt"
VERDICTS = "SELECT * FROM verdicts ORDER BY at, rowid"


@pytest.fixture
def small_bot(start_bot, smalltown):
    """A bot whose guidance is asked for a leaflet in two entries, so that a practitioner must choose."""
    return start_bot(Guidance.of(load(layers_of(smalltown.parent, "smalltown"))))


def asked(bot, how, text):
    """Ask in one of three ways; the answer, and the method by which what follows it must come."""
    getattr(bot, how)(text)
    bot.settle()
    method = "response_url" if how == "command" else "chat.postMessage"
    return bot.slack.taken(method)[-1], method


def answered_in_place(first, second):
    """Whether what a button brought stands where the button does."""
    if first.method == "response_url":
        assert second.arguments["response_type"] == "ephemeral"
        assert second.arguments["replace_original"] is False
    assert (second.method, second.channel) == (first.method, first.channel)
    return second.thread == first.thread


# Choosing


@pytest.mark.parametrize("how", ["mention", "direct", "command"])
def test_a_choice_is_answered_in_place(small_bot, how):
    choice, method = asked(small_bot, how, "leaflet for new parents")
    assert {"Position", "Bedroom"} <= set(choice.buttons)
    assert "On the back" not in choice.shown
    small_bot.press(choice, "Position")
    answer = small_bot.slack.wait_taken(method, 2)[1]
    assert "On the back, in a clear cot." in answer.text
    assert answered_in_place(choice, answer)
    small_bot.stop()
    assert small_bot.slack.taken() == [choice, answer]


@pytest.mark.parametrize("how", ["mention", "direct", "command"])
def test_a_topic_offered_where_there_is_no_guidance_opens_in_place_down_to_its_entries(bot, barnsley, how):
    nothing, method = asked(bot, how, UNKNOWN)
    assert messages.NOT_FOUND in nothing.text
    topic = barnsley.knowledge.topics["mash"]
    bot.press(nothing, topic.title)
    listed = bot.slack.wait_taken(method, 2)[1]
    entries = barnsley.knowledge.entries_of("mash")
    assert {button["value"] for button in listed.buttons.values()} == {entry.full_id for entry in entries}
    bot.press(listed, next(iter(listed.buttons)))
    answer = bot.slack.wait_taken(method, 3)[2]
    assert entries[0].title in answer.text
    assert answered_in_place(nothing, listed)
    assert answered_in_place(listed, answer)


@pytest.mark.parametrize("how", ["mention", "direct", "command"])
def test_a_related_entry_is_answered_in_place(bot, barnsley, how):
    first, method = asked(bot, how, DEFINITION)
    label, button = next((k, b) for k, b in first.buttons.items() if b["action_id"].startswith("show_related"))
    bot.press(first, label)
    second = bot.slack.wait_taken(method, 2)[1]
    assert barnsley.knowledge.entries[button["value"]].title in second.text
    assert answered_in_place(first, second)


def test_a_button_under_a_message_outside_any_thread_is_answered_in_a_thread_of_it(bot):
    shared_from, _ = asked(bot, "command", DEFINITION)
    bot.press(shared_from, SHARE)
    (shared,) = bot.slack.wait_taken("chat.postMessage")
    label = next(k for k, b in shared.buttons.items() if b["action_id"].startswith("show_related"))
    bot.press(shared, label)
    answer = bot.slack.wait_taken("chat.postMessage", 2)[1]
    assert (shared.thread, answer.thread) == (None, shared.ts)


def test_anybody_in_the_channel_may_press(bot):
    first, _ = asked(bot, "mention", DEFINITION)
    label = next(k for k, b in first.buttons.items() if b["action_id"].startswith("show_"))
    bot.press(first, label, user="U0OTHER")
    assert bot.slack.wait_taken("chat.postMessage", 2)[1].thread == first.thread


def test_a_press_that_comes_twice_is_answered_once_and_a_second_press_again(bot):
    first, _ = asked(bot, "command", DEFINITION)
    label = next(k for k, b in first.buttons.items() if b["action_id"].startswith("show_"))
    bot.press(first, label, action_ts="1795602700.000001")
    bot.press(first, label, action_ts="1795602700.000001")
    bot.press(first, label, action_ts="1795602700.000002")
    bot.stop()
    assert len(bot.slack.taken("response_url")) == 3


# Sharing


def test_sharing_posts_the_entry_and_never_the_question(bot, barnsley):
    question = "our zebra foundation wonders what is private fostering"
    answer, _ = asked(bot, "command", question)
    value = answer.buttons[SHARE]["value"]
    bot.press(answer, SHARE)
    (shared,) = bot.slack.wait_taken("chat.postMessage")
    assert (shared.channel, shared.thread) == (CHANNEL, None)
    assert barnsley.knowledge.entries[value].title in shared.text
    assert "zebra" not in shared.shown
    assert ASKER not in shared.shown
    bot.stop()
    assert bot.slack.taken() == [answer, shared]


@pytest.mark.parametrize("error", ["not_in_channel", "channel_not_found", "is_archived", "restricted_action"])
def test_sharing_where_the_bot_cannot_write_tells_the_asker(bot, error):
    answer, _ = asked(bot, "command", DEFINITION)
    bot.slack.plan("chat.postMessage", Refused(error))
    bot.press(answer, SHARE)
    told = bot.slack.wait_taken("response_url", 2)[1]
    assert told.text == buttons.NOT_IN_CHANNEL
    assert told.arguments["response_type"] == "ephemeral"
    bot.stop()
    assert bot.slack.taken("chat.postMessage") == []


# Old buttons


def test_a_button_that_this_version_does_not_know_is_answered(bot):
    answer, _ = asked(bot, "mention", DEFINITION)
    bot.press(answer, next(iter(answer.buttons)), action_id="raise_a_ticket_of_last_year")
    (told,) = bot.slack.wait_taken("response_url")
    assert told.text == messages.OLD_BUTTON
    assert told.arguments["response_type"] == "ephemeral"
    assert told.arguments["replace_original"] is False


@pytest.mark.parametrize(
    ("action_id", "value"),
    [
        ("show_entry_0", "private-fostering.removed-since"),
        ("show_related_2", ""),
        ("show_topic_1", "removed-since"),
        ("share_entry", "private-fostering.removed-since"),
    ],
)
def test_a_button_to_an_entry_or_a_topic_that_was_removed_is_answered(bot, action_id, value):
    answer, _ = asked(bot, "command", DEFINITION)
    bot.press(answer, SHARE, action_id=action_id, value=value)
    assert bot.slack.wait_taken("response_url", 2)[1].text == messages.OLD_BUTTON
    bot.stop()
    assert bot.slack.taken("chat.postMessage") == []


# Was it helpful?


def test_helpful_is_saved_and_the_asker_is_thanked(bot):
    answer, _ = asked(bot, "mention", DEFINITION)
    bot.press(answer, "Helpful")
    (thanks,) = bot.slack.wait_taken("response_url")
    assert thanks.text.startswith("Thank you")
    assert thanks.arguments["response_type"] == "ephemeral"
    (question,) = bot.rows()
    (verdict,) = bot.rows(VERDICTS)
    assert (verdict["question_id"], verdict["helpful"], verdict["missing"]) == (question["id"], 1, None)
    assert verdict["person_id"] == question["person_id"]


def test_not_helpful_is_saved_at_once_and_opens_a_form(bot):
    answer, _ = asked(bot, "mention", DEFINITION)
    bot.press(answer, "Not helpful", user="U0OTHER")
    (opened,) = bot.slack.wait_taken("views.open")
    assert opened.arguments["trigger_id"]
    bot.stop()
    (question,) = bot.rows()
    (verdict,) = bot.rows(VERDICTS)
    assert (verdict["question_id"], verdict["helpful"], verdict["missing"]) == (question["id"], 0, None)
    assert verdict["person_id"] != question["person_id"]


def test_not_helpful_is_saved_when_the_form_cannot_be_opened_any_more(bot):
    answer, _ = asked(bot, "mention", DEFINITION)
    bot.slack.plan("views.open", Refused("expired_trigger_id"))
    bot.press(answer, "Not helpful")
    bot.slack.wait_taken("response_url")
    bot.stop()
    assert [verdict["helpful"] for verdict in bot.rows(VERDICTS)] == [0]


def the_form(bot, how="mention"):
    answer, _ = asked(bot, how, DEFINITION)
    bot.press(answer, "Not helpful")
    return bot.slack.wait_taken("views.open")[-1]


def test_what_was_missing_is_saved_before_the_form_closes(bot):
    opened = the_form(bot)
    response = bot.submit(opened, "what to do when the carer refuses a visit")
    # The answer that closes the form has only just come, and the row is there.
    saved = bot.rows("SELECT * FROM verdicts WHERE missing IS NOT NULL")
    assert response.content == b""
    assert [row["missing"] for row in saved] == ["what to do when the carer refuses a visit"]
    assert [row["question_id"] for row in saved] == [bot.rows()[0]["id"]]


def test_the_forms_answer_waits_for_the_database(bot):
    opened = the_form(bot)
    held, entered = threading.Event(), threading.Event()

    def hold(_):
        entered.set()
        held.wait(10)

    bot.store.submit(hold)
    assert entered.wait(10)
    answers = []
    sender = threading.Thread(target=lambda: answers.append(bot.submit(opened, "the form for carers")))
    sender.start()
    sender.join(0.3)
    assert sender.is_alive(), "acknowledged before it was saved"
    held.set()
    sender.join(10)
    assert answers[0].content == b""
    assert bot.rows("SELECT missing FROM verdicts WHERE missing IS NOT NULL") == [{"missing": "the form for carers"}]


@pytest.mark.parametrize("presser", [ASKER, "U0NEVER0SEEN"])
def test_a_database_that_hangs_leaves_the_form_open_and_saves_it_once_on_the_next_try(bot, presser):
    opened = the_form(bot)
    held, entered = threading.Event(), threading.Event()

    def hold(_):
        entered.set()
        held.wait(10)

    bot.store.submit(hold)
    assert entered.wait(10)
    try:
        response = bot.submit(opened, "the form for carers", user=presser)
    finally:
        held.set()
    assert response.json() == {"response_action": "errors", "errors": {"missing": feedback.NOT_SAVED}}
    assert response.elapsed.total_seconds() < 3, "Slack waits for three seconds"
    assert bot.submit(opened, "the form for carers", user=presser).content == b""
    bot.stop()
    assert bot.rows("SELECT missing FROM verdicts WHERE missing IS NOT NULL") == [{"missing": "the form for carers"}]


def test_a_form_that_names_somebody_is_refused_beside_the_field_and_nothing_is_kept(bot, caplog):
    opened = the_form(bot)
    response = bot.submit(opened, NAMED)
    content = response.json()
    assert content["response_action"] == "errors"
    assert set(content["errors"]) == {opened.arguments["view"]["blocks"][0]["block_id"]}
    assert "a person's name" in content["errors"]["missing"]
    assert bot.submit(opened, "a child has moved in with an aunt").content == b""
    bot.stop()
    saved = bot.rows("SELECT missing FROM verdicts WHERE missing IS NOT NULL")
    assert saved == [{"missing": "a child has moved in with an aunt"}]
    for trace in (bot.on_disk().decode("latin-1"), caplog.text, *(call.shown for call in bot.slack.calls)):
        assert "Ramsbottom" not in trace
        assert "Kayleigh" not in trace


def test_a_form_that_names_somebody_is_refused_while_the_knowledge_is_broken(bot):
    opened = the_form(bot)
    bot.desk.library.guidance = None
    assert "a person's name" in bot.submit(opened, NAMED).json()["errors"]["missing"]
    bot.stop()
    assert b"Ramsbottom" not in bot.on_disk()


def test_a_form_without_a_database_says_that_it_is_not_saved(start_bot):
    bot = start_bot(store=False)
    opened = the_form(bot)
    response = bot.submit(opened, "the form for carers")
    assert response.json() == {"response_action": "errors", "errors": {"missing": feedback.NOT_SAVED}}


def test_helpful_without_a_database_says_that_it_is_not_saved(start_bot):
    bot = start_bot(store=False)
    answer, _ = asked(bot, "mention", DEFINITION)
    bot.press(answer, "Helpful")
    (told,) = bot.slack.wait_taken("response_url")
    assert "Not saved" in told.text
    assert "Send" not in told.text, "there is no such button here"


def test_a_form_that_tells_of_danger_brings_the_card_to_its_writer_and_is_saved(bot):
    opened = the_form(bot)
    assert bot.submit(opened, "dad is hitting the baby right now and I can hear it").content == b""
    (card,) = bot.slack.wait_taken("chat.postMessage", 2)[1:]
    assert card.channel == ASKER
    assert messages.EMERGENCY_FIRST in card.text
    assert len(bot.rows("SELECT * FROM verdicts WHERE missing IS NOT NULL")) == 1


def test_a_form_that_tells_of_danger_is_saved_in_time_though_slack_hangs(bot):
    opened = the_form(bot)
    bot.slack.plan("chat.postMessage", hanging := Hangs())
    response = bot.submit(opened, "dad is hitting the baby right now and I can hear it")
    assert response.content == b""
    assert response.elapsed.total_seconds() < 3
    hanging.release()
    assert messages.EMERGENCY_FIRST in bot.slack.wait_taken("chat.postMessage", 2)[1].text


def test_small_talk_is_not_asked_about(bot):
    answer, _ = asked(bot, "direct", "hello")
    assert "Helpful" not in answer.buttons


def test_every_judged_answer_carries_its_own_question(bot):
    asked(bot, "mention", DEFINITION)
    asked(bot, "direct", UNKNOWN)
    asked(bot, "command", "thresholds")
    bot.stop()
    values = {call.buttons["Helpful"]["value"] for call in bot.slack.taken()}
    assert values == {f"yes:{row['id']}" for row in bot.rows()}
