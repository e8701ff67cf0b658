"""Home and the messages' prompts in Slack: what somebody sees who opens the app, and can ask from there."""

import threading
from datetime import UTC, datetime

import pytest
from slack_stand_in import Refused, Status
from slack_workspace import ASKER, DIRECT, WEDNESDAY_MORNING, home_of

from bot.answering import messages
from bot.answering.guidance import Guidance
from bot.knowledge.loading import layers_of, load
from bot.pace import QUESTIONS
from handlers.slack.home import PROMPTS

DEFINITION = "what is private fostering"
UNKNOWN = "quantum chromodynamics"
NAMED = "Kayleigh Ramsbottom wants a leaflet"
DANGER = "dad is hitting the baby right now and I can hear it"
FOR_THE_POLICE = "Use your own form as well."
FIGURES = "This week so far"
MANAGER = "U0ANN"


@pytest.fixture
def small_bot(start_bot, smalltown):
    """A bot for a town in which the police have a line of their own."""
    return start_bot(Guidance.of(load(layers_of(smalltown.parent, "smalltown"))))


def menu_of(home):
    blocks = home.arguments["view"]["blocks"]
    found = [e for b in blocks for e in b.get("elements", []) if e.get("action_id") == "choose_agency_home"]
    return found[0] if found else None


def ask(bot, text, **more):
    """Type a question into the box on Home; what came of it, without the first showing."""
    home = home_of(bot)
    bot.type_home(home, text, **more)
    bot.settle()
    calls = bot.slack.taken()
    return home, calls[calls.index(home) + 1 :]


# Opened


def test_home_holds_the_notice_of_a_draft_a_box_numbers_topics_and_the_agency(bot, barnsley):
    home = home_of(bot)
    assert home.arguments["user_id"] == ASKER
    view = home.arguments["view"]
    assert messages.draft(barnsley.knowledge.partnership.name) in str(view["blocks"][:2])
    box = home.box
    assert box["dispatch_action"] is True
    assert box["element"]["dispatch_action_config"] == {"trigger_actions_on": ["on_enter_pressed"]}
    assert "names" in box["hint"]["text"]
    assert "Who to ring now" in home.shown
    assert "tel:999" in home.shown
    assert {topic.title for topic in barnsley.knowledge.topics.values()} <= set(home.buttons)
    assert {agency.name for agency in barnsley.knowledge.partnership.agencies} <= set(home.buttons)
    assert "initial_option" not in menu_of(home)
    assert FIGURES not in home.shown
    ids = [e["action_id"] for b in view["blocks"] for e in b.get("elements", []) if "action_id" in e]
    assert len(ids) == len(set(ids))
    bot.stop()
    assert bot.slack.taken() == [home]
    assert bot.rows() == []


def test_guidance_that_is_approved_bears_no_notice(small_bot):
    drafts = any(entry.is_draft for entry in small_bot.desk.library.knowledge.entries.values())
    notice = messages.draft(small_bot.desk.library.knowledge.partnership.name)
    assert (notice in home_of(small_bot).shown) is drafts


def test_home_names_who_is_open_now_and_anew_when_asked(small_bot):
    home = home_of(small_bot)
    assert "Smalltown front door" in home.shown
    assert "open until 17:00" in home.shown
    small_bot.now = WEDNESDAY_MORNING.replace(hour=22)
    small_bot.press_home(home, "Who is open now?")
    anew = small_bot.slack.wait_taken("views.publish", 2)[1]
    assert anew.arguments["user_id"] == ASKER
    assert "open until 17:00" not in anew.shown
    assert "Smalltown duty team" in anew.shown


def test_home_is_shown_to_whoever_opens_it(bot):
    assert [home_of(bot, user=user).arguments["user_id"] for user in ("U0BEN", "U0CAT")] == ["U0BEN", "U0CAT"]


def test_the_figures_are_shown_to_managers_alone(start_bot):
    bot = start_bot(managers=[MANAGER, "S0LEADS", "Cat@council.example"])
    bot.slack.emails |= {"U0CAT": "cat@Council.example", "U0DEE": "dee@council.example"}
    for text in (DEFINITION, UNKNOWN, DANGER):
        bot.direct(text)
        bot.settle()
    bot.press(bot.slack.taken("chat.postMessage")[0], "Not helpful")
    bot.settle()
    shown = home_of(bot, user=MANAGER).shown
    assert FIGURES in shown
    assert "*This week so far* (2026-W48): 3 questions, " in shown
    assert ", 1 with the emergency card. 0% of 1 judged answers helped" in shown
    assert "*Last week* (2026-W47): 0 questions, " in shown
    assert UNKNOWN not in shown
    for user in ("U0BEN", "U0CAT"):  # in the group, and by the address
        assert FIGURES in home_of(bot, user=user).shown
    for user in (ASKER, "U0DEE"):
        assert FIGURES not in home_of(bot, user=user).shown


@pytest.mark.parametrize(
    ("now", "this", "last"),
    [
        (datetime(2026, 3, 29, 22, 59, tzinfo=UTC), "(2026-W13): 1 questions", "(2026-W12): 0 questions"),
        (datetime(2026, 3, 29, 23, 0, tzinfo=UTC), "(2026-W14): 0 questions", "(2026-W13): 1 questions"),
        (datetime(2026, 4, 5, 23, 0, tzinfo=UTC), "(2026-W15): 0 questions", "(2026-W14): 0 questions"),
    ],
)
def test_the_figures_are_those_of_this_week_and_of_last_week(start_bot, now, this, last):
    bot = start_bot(managers=[MANAGER])
    bot.now = datetime(2026, 3, 25, 10, 30, tzinfo=UTC)
    bot.direct(DEFINITION)
    bot.settle()
    bot.now = now  # midnight of London, from the Sunday on which the clocks went forward
    shown = home_of(bot, user=MANAGER).shown
    assert f"*This week so far* {this}" in shown
    assert f"*Last week* {last}" in shown


def test_broken_knowledge_leaves_the_numbers_and_the_box(bot):
    bot.desk.library.guidance = None
    home = home_of(bot)
    assert messages.ERROR.partition(".")[0] in home.shown
    assert "tel:999" in home.shown
    assert home.box


def test_without_a_database_home_is_shown_without_figures(start_bot):
    home = home_of(start_bot(store=False, managers=[MANAGER]), user=MANAGER)
    assert home.box
    assert FIGURES not in home.shown


def test_a_database_that_hangs_does_not_keep_home_away(start_bot):
    bot = start_bot(managers=[MANAGER])
    held, entered = threading.Event(), threading.Event()

    def hold(_):
        entered.set()
        held.wait(10)

    bot.store.submit(hold)
    assert entered.wait(10)
    try:
        home = home_of(bot, user=MANAGER)
        assert not held.is_set()
    finally:
        held.set()
    assert home.box


@pytest.mark.parametrize("answer", [Refused("not_enabled"), Refused("invalid_blocks"), Status(500)])
def test_a_home_that_cannot_be_shown_is_no_news_to_anybody(bot, answer, caplog):
    bot.slack.plan("views.publish", *[answer] * 3)
    bot.open_home()
    bot.stop()
    assert bot.slack.taken() == []
    assert "could not be shown" in caplog.text


def test_another_workspace_sees_no_home(bot):
    bot.event({"type": "app_home_opened", "user": ASKER, "channel": DIRECT, "tab": "home"}, team="T0OTHER")
    bot.stop()
    assert bot.slack.taken() == []


# Asked on Home


def test_a_question_from_home_is_answered_in_the_messages_once_and_the_box_is_emptied(bot, barnsley):
    home, calls = ask(bot, DEFINITION)
    answer, anew = calls
    assert (answer.method, answer.channel, answer.thread) == ("chat.postMessage", ASKER, None)
    assert barnsley.knowledge.entries["private-fostering.definition"].title in answer.text
    assert anew.method == "views.publish"
    assert "Messages" in anew.shown
    assert anew.box["block_id"] != home.box["block_id"], "else the box keeps its text"
    assert DEFINITION not in anew.shown
    bot.stop()
    (kept,) = bot.rows()
    assert (kept["text"], kept["status"], kept["channel"]) == (DEFINITION, "answered", "slack")
    assert answer.buttons["Helpful"]["value"] == f"yes:{kept['id']}"


def test_a_question_from_home_that_comes_twice_is_answered_once(bot):
    home = home_of(bot)
    for _ in range(2):
        bot.type_home(home, DEFINITION, action_ts="1795602700.000001")
    bot.stop()
    assert len(bot.slack.taken("chat.postMessage")) == 1
    assert len(bot.rows()) == 1


def test_an_emergency_on_home_brings_the_card_first(bot):
    _, calls = ask(bot, DANGER)
    card, answer, _ = calls
    assert messages.EMERGENCY_FIRST in card.text
    assert {card.channel, answer.channel} == {ASKER}
    bot.stop()
    assert [kept["emergency"] for kept in bot.rows()] == [1]


def test_a_name_on_home_keeps_the_box_and_nothing_is_kept(bot, caplog):
    _, calls = ask(bot, NAMED)
    (answer,) = calls
    assert (answer.method, answer.channel) == ("chat.postMessage", ASKER)
    assert "a person's name" in answer.text
    bot.stop()
    assert [(kept["text"], kept["status"]) for kept in bot.rows()] == [(None, "identifiers")]
    for trace in (bot.on_disk().decode("latin-1"), caplog.text, *(call.shown for call in bot.slack.calls)):
        assert "Ramsbottom" not in trace
        assert "Kayleigh" not in trace


def test_on_home_there_is_no_message_to_delete(bot):
    _, (answer,) = ask(bot, NAMED)
    assert "delete your message" not in answer.text


def test_too_long_a_question_on_home_keeps_the_box(bot):
    _, calls = ask(bot, "zebra crossing " * 199)
    assert [call.method for call in calls] == ["chat.postMessage"]
    bot.stop()
    assert [(kept["text"], kept["status"]) for kept in bot.rows()] == [(None, "too_long")]


def test_an_asker_on_home_in_too_great_haste_keeps_the_box(bot):
    home = home_of(bot)
    for _ in range(QUESTIONS):
        bot.type_home(home, "hello")
    bot.settle()
    shown = len(bot.slack.taken("views.publish"))
    bot.type_home(home, DEFINITION)
    bot.stop()
    assert len(bot.slack.taken("views.publish")) == shown
    assert bot.rows()[-1]["status"] == "busy"


def test_a_question_while_the_knowledge_is_broken_keeps_the_box(bot):
    home = home_of(bot)
    bot.desk.library.guidance = None
    bot.type_home(home, DEFINITION)
    bot.stop()
    assert [call.method for call in bot.slack.taken()] == ["views.publish", "chat.postMessage"]
    assert [(kept["text"], kept["status"]) for kept in bot.rows()] == [(None, "error")]


@pytest.mark.parametrize("fault", [Refused("internal_error"), Status(500)])
def test_an_answered_question_stands_recorded_though_home_cannot_be_shown(bot, fault):
    home = home_of(bot)
    bot.slack.plan("views.publish", *[fault] * 3)
    bot.type_home(home, DEFINITION)
    bot.stop()
    assert len(bot.slack.taken("chat.postMessage")) == 1
    assert [kept["status"] for kept in bot.rows()] == ["answered"]


def test_without_a_database_a_question_on_home_is_answered(start_bot):
    _, calls = ask(start_bot(store=False), DEFINITION)
    assert [call.method for call in calls] == ["chat.postMessage", "views.publish"]


# Buttons on Home


def test_a_topic_chosen_on_home_opens_in_the_messages_down_to_its_entries(bot, barnsley):
    bot.press_home(home_of(bot), barnsley.knowledge.topics["mash"].title)
    (listed,) = bot.slack.wait_taken("chat.postMessage")
    entries = barnsley.knowledge.entries_of("mash")
    assert (listed.channel, listed.thread) == (ASKER, None)
    assert {button["value"] for button in listed.buttons.values()} == {entry.full_id for entry in entries}


def test_a_topic_as_a_button_on_home_opens_in_the_messages(small_bot):
    home = home_of(small_bot)
    assert home.buttons["Safer sleep"]["type"] == "button"
    small_bot.press_home(home, "Safer sleep")
    (listed,) = small_bot.slack.wait_taken("chat.postMessage")
    assert listed.channel == ASKER
    assert {"Position", "Bedroom"} <= set(listed.buttons)


def test_who_got_no_answer_can_say_so_from_home(bot):
    home = home_of(bot)
    bot.press_home(home, "I rang: no adequate answer")
    (opened,) = bot.slack.wait_taken("views.open")
    assert opened.arguments["trigger_id"]
    assert opened.arguments["view"]["callback_id"] == "no_answer"


def test_an_agency_chosen_on_home_is_kept_shown_and_answers_fit_it(small_bot):
    small_bot.press_home(home_of(small_bot), "Town Police")
    anew = small_bot.slack.wait_taken("views.publish", 2)[1]
    assert "Noted: Town Police." in anew.shown
    assert menu_of(anew)["initial_option"]["value"] == "town-police"
    again = home_of(small_bot)
    assert menu_of(again)["initial_option"]["value"] == "town-police"
    assert "Noted" not in again.shown
    small_bot.type_home(again, DEFINITION)
    (answer,) = small_bot.slack.wait_taken("chat.postMessage")
    assert FOR_THE_POLICE in answer.shown
    small_bot.stop()
    assert [(row["agency"], row["agency_source"]) for row in small_bot.rows()] == [("town-police", "declared")]


def test_an_agency_that_cannot_be_kept_is_not_said_to_be(start_bot, smalltown):
    bot = start_bot(Guidance.of(load(layers_of(smalltown.parent, "smalltown"))), store=False)
    bot.press_home(home_of(bot), "Town Police")
    anew = bot.slack.wait_taken("views.publish", 2)[1]
    assert "Not saved" in anew.shown
    assert "initial_option" not in menu_of(anew)


def test_a_town_without_agencies_has_no_menu_for_them(start_bot, smalltown):
    file = smalltown / "partnership.yaml"
    file.write_text(file.read_text("utf-8").partition("agencies:")[0], "utf-8")
    home = home_of(start_bot(Guidance.of(load(layers_of(smalltown.parent, "smalltown")))))
    assert menu_of(home) is None
    assert "My agency" not in home.shown


# The messages' tab


def test_the_messages_tab_gets_prompts_that_the_bot_can_answer(bot):
    bot.open_home(tab="messages")
    (prompts,) = bot.slack.wait_taken("assistant.threads.setSuggestedPrompts")
    assert prompts.channel == DIRECT
    assert [(each["title"], each["message"]) for each in prompts.arguments["prompts"]] == list(PROMPTS)
    for _, message in PROMPTS:
        bot.direct(message)
        bot.settle()
    bot.stop()
    assert {row["status"] for row in bot.rows()} <= {"answered", "choose", "individual_case"}


@pytest.mark.parametrize("answer", [Refused("unknown_method"), Refused("missing_scope"), Status(500)])
def test_a_plan_without_prompts_is_silent_to_the_asker(bot, answer):
    bot.slack.plan("assistant.threads.setSuggestedPrompts", *[answer] * 3)
    bot.open_home(tab="messages")
    bot.stop()
    assert bot.slack.taken() == []


# The week day by day


def test_the_week_is_a_chart_and_a_table_in_the_messages_with_a_manager(start_bot):
    bot = start_bot(managers=[MANAGER])
    bot.now = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)  # the clocks go forward that night
    bot.direct(UNKNOWN)
    bot.settle()
    bot.now = datetime(2026, 3, 29, 23, 30, tzinfo=UTC)  # Monday in London
    for text in (DEFINITION, DANGER):
        bot.direct(text)
        bot.settle()
    bot.press_home(home_of(bot, user=MANAGER), "Day by day", user=MANAGER)
    (said,) = bot.slack.wait_taken("chat.postMessage", 5)[4:]
    assert said.channel == MANAGER
    by_type = {block["type"]: block for block in said.blocks}
    cells = [[cell["text"] for cell in row] for row in by_type["data_table"]["rows"]]
    assert cells[0] == ["Day", "Questions", "Without guidance", "Emergency card"]
    assert cells[5:] == [["Sat 28 Mar", "1", "1", "0"], ["Sun 29 Mar", "0", "0", "0"], ["Mon 30 Mar", "2", "0", "1"]]
    bars = by_type["data_visualization"]["chart"]
    assert [(point["label"], point["value"]) for point in bars["series"][0]["data"]][-2:] == [
        ("Sun 29 Mar", 0),
        ("Mon 30 Mar", 2),
    ]
    assert "Mon 30 Mar: 2 questions" in said.text
    assert UNKNOWN not in said.shown


def test_the_week_is_refused_to_whoever_is_no_manager_any_more(start_bot):
    bot = start_bot(managers=["S0LEADS"])
    home = home_of(bot, user="U0BEN")
    bot.press_home(home, "Day by day", user=ASKER)
    (said,) = bot.slack.wait_taken("chat.postMessage")
    assert "managers" in said.text
    assert "data_table" not in said.shown


def test_where_slack_takes_no_chart_the_figures_come_in_words(start_bot):
    bot = start_bot(managers=[MANAGER])
    bot.slack.plan("chat.postMessage", Refused("invalid_blocks"))
    bot.press_home(home_of(bot, user=MANAGER), "Day by day", user=MANAGER)
    (said,) = bot.slack.wait_taken("chat.postMessage")
    assert "Day by day" in said.text
    assert {block["type"] for block in said.blocks} == {"header", "context"}
