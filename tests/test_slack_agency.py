"""The asker's agency in Slack: asked once, or worked out; and channels with rules of their own."""

import threading
from contextlib import closing

import pytest
from slack_stand_in import HOME_TEAM, Hangs, Refused, limited
from slack_workspace import ASKER, CHANNEL, rows_of
from sqlite_utils import Database

from bot.access import AgencySource
from bot.answering import messages
from bot.answering.guidance import Guidance
from bot.knowledge.loading import layers_of, load
from bot.storage import people
from bot.storage.database import connect, migrate
from bot.storage.migrations import migrations
from handlers.slack import render

DEFINITION = "what is private fostering"
DANGER = "dad is hitting the baby right now and I can hear it"
FOR_THE_POLICE = "Use your own form as well."
PEOPLE = "SELECT agency, agency_source, agency_asked FROM people"
PRIVATE, SILENT = "C0PRIVATE", "C0SILENT"


@pytest.fixture
def start_small(start_bot, smalltown):
    """Starts the bot for a town in which the police have a line of their own, and an e-mail domain."""
    file = smalltown / "partnership.yaml"
    file.write_text(
        file.read_text("utf-8").replace("kind: police}", "kind: police, domains: [police.example]}"), "utf-8"
    )
    guidance = Guidance.of(load(layers_of(smalltown.parent, "smalltown")))

    def start(**more):
        return start_bot(guidance, **more)

    return start


@pytest.fixture
def small_bot(start_small):
    return start_small()


def asks_for_agency(call):
    return render.AGENCY_QUESTION in call.shown


def answers(bot, method="chat.postMessage"):
    bot.settle()
    return bot.slack.taken(method)


def choose(bot, call, agency="Town Police"):
    """Choose an agency in the menu below an answer; what the bot says."""
    before = len(bot.slack.taken("response_url"))
    bot.press(call, agency)
    return bot.slack.wait_taken("response_url", before + 1)[-1]


# Asked


def test_a_direct_answer_asks_for_the_agency_once(small_bot):
    for _ in range(3):
        small_bot.direct(DEFINITION)
        small_bot.settle()
    first, *others = answers(small_bot)
    assert asks_for_agency(first)
    assert {"High School", "Town Police"} <= set(first.buttons)
    assert "What private fostering is" in first.text, "the answer comes first"
    assert not any(asks_for_agency(other) for other in others)
    small_bot.stop()
    assert small_bot.rows(PEOPLE) == [{"agency": None, "agency_source": "unknown", "agency_asked": 1}]


def test_a_private_answer_asks_for_the_agency_once(small_bot):
    small_bot.command(DEFINITION)
    small_bot.settle()
    small_bot.command(DEFINITION)
    assert [asks_for_agency(call) for call in answers(small_bot, "response_url")] == [True, False]


def test_whoever_was_asked_in_one_place_is_not_asked_in_another(small_bot):
    small_bot.command(DEFINITION)
    small_bot.settle()
    small_bot.direct(DEFINITION)
    assert [asks_for_agency(call) for call in answers(small_bot)] == [False]


def test_every_asker_is_asked_for_themselves(small_bot):
    for user in ("U0ANN", "U0BEN"):
        small_bot.direct(DEFINITION, user=user)
        small_bot.settle()
    assert [asks_for_agency(call) for call in answers(small_bot)] == [True, True]


def test_nobody_is_asked_in_a_channel_and_then_in_the_next_direct_answer(small_bot):
    small_bot.mention(DEFINITION)
    small_bot.settle()
    small_bot.direct(DEFINITION)
    assert [asks_for_agency(call) for call in answers(small_bot)] == [False, True]


def test_nobody_is_asked_again_after_a_restart(start_small):
    bot = start_small()
    bot.direct(DEFINITION)
    bot.stop()
    again = start_small()
    again.direct(DEFINITION)
    assert [asks_for_agency(call) for call in answers(again)] == [True, False]


def test_nobody_is_asked_where_there_are_no_agencies(start_bot, smalltown):
    file = smalltown / "partnership.yaml"
    file.write_text(file.read_text("utf-8").partition("agencies:")[0], "utf-8")
    bot = start_bot(Guidance.of(load(layers_of(smalltown.parent, "smalltown"))))
    bot.direct(DEFINITION)
    assert [asks_for_agency(call) for call in answers(bot)] == [False]


def test_without_a_database_nobody_is_asked(start_small):
    bot = start_small(store=False)
    bot.direct(DEFINITION)
    assert [asks_for_agency(call) for call in answers(bot)] == [False]


# Chosen


@pytest.mark.parametrize("how", ["direct", "command"])
def test_what_is_chosen_is_kept_as_declared_and_the_answers_then_fit(small_bot, how):
    method = "chat.postMessage" if how == "direct" else "response_url"
    getattr(small_bot, how)(DEFINITION)
    (first,) = answers(small_bot, method)
    assert FOR_THE_POLICE not in first.shown
    told = choose(small_bot, first)
    assert "Town Police" in told.text
    assert told.arguments["response_type"] == "ephemeral"
    assert small_bot.rows(PEOPLE)[0] | {"agency_asked": 1} == {
        "agency": "town-police",
        "agency_source": "declared",
        "agency_asked": 1,
    }
    getattr(small_bot, how)(DEFINITION)
    second = answers(small_bot, method)[-1]
    assert FOR_THE_POLICE in second.shown
    assert not asks_for_agency(second)
    small_bot.stop()
    kept = [(row["agency"], row["agency_source"]) for row in small_bot.rows()]
    assert kept == [(None, "unknown"), ("town-police", "declared")]


def test_what_was_chosen_is_known_after_a_restart(start_small):
    bot = start_small()
    bot.direct(DEFINITION)
    choose(bot, answers(bot)[0])
    bot.stop()
    again = start_small()
    again.direct(DEFINITION)
    second = answers(again)[-1]
    assert FOR_THE_POLICE in second.shown
    assert not asks_for_agency(second)


def test_somebody_who_chose_after_a_mention_is_not_asked_in_the_next_direct_answer(small_bot):
    small_bot.direct(DEFINITION, user="U0OTHER")
    (menu,) = answers(small_bot)
    small_bot.mention(DEFINITION)
    small_bot.settle()
    choose(small_bot, menu)  # as on Home
    small_bot.direct(DEFINITION)
    answer = answers(small_bot)[-1]
    assert FOR_THE_POLICE in answer.shown
    assert not asks_for_agency(answer)


def test_another_choice_replaces_the_first(small_bot):
    small_bot.direct(DEFINITION)
    (first,) = answers(small_bot)
    choose(small_bot, first)
    choose(small_bot, first, "High School")
    assert [(row["agency"], row["agency_source"]) for row in small_bot.rows(PEOPLE)] == [("high-school", "declared")]


def test_an_agency_that_was_removed_since_is_not_kept(small_bot):
    small_bot.direct(DEFINITION)
    (first,) = answers(small_bot)
    option = {"text": {"type": "plain_text", "text": "Old"}, "value": "closed-since"}
    small_bot.press(first, "Town Police", selected_option=option)
    (told,) = small_bot.slack.wait_taken("response_url")
    assert "Not saved" in told.text
    assert [row["agency"] for row in small_bot.rows(PEOPLE)] == [None]


# From the e-mail address


def test_an_e_mail_address_tells_the_agency_and_is_itself_not_kept(small_bot, caplog):
    small_bot.slack.emails[ASKER] = "ann.archer@police.example"
    small_bot.mention(DEFINITION)
    small_bot.settle()
    assert [(row["agency"], row["agency_source"]) for row in small_bot.rows(PEOPLE)] == [("town-police", "domain")]
    small_bot.direct(DEFINITION)
    answer = answers(small_bot)[-1]
    assert FOR_THE_POLICE in answer.shown
    assert not asks_for_agency(answer)
    small_bot.stop()
    assert [(row["agency"], row["agency_source"]) for row in small_bot.rows()][1] == ("town-police", "domain")
    assert b"archer" not in small_bot.on_disk()
    assert "archer" not in caplog.text


def test_an_address_elsewhere_tells_nothing(small_bot):
    small_bot.slack.emails[ASKER] = "ann@police.example.evil"
    small_bot.direct(DEFINITION)
    small_bot.settle()
    assert [row["agency"] for row in small_bot.rows(PEOPLE)] == [None]


def test_what_somebody_declared_stands_though_their_address_says_otherwise(small_bot):
    small_bot.slack.emails[ASKER] = "ann@police.example"
    small_bot.slack.plan("users.info", hanging := Hangs())
    small_bot.direct(DEFINITION)
    (first,) = small_bot.slack.wait_taken("chat.postMessage")
    choose(small_bot, first, "High School")
    hanging.release()
    small_bot.settle()
    assert [(row["agency"], row["agency_source"]) for row in small_bot.rows(PEOPLE)] == [("high-school", "declared")]
    small_bot.direct(DEFINITION)
    assert FOR_THE_POLICE not in answers(small_bot)[-1].shown
    small_bot.stop()
    assert small_bot.rows()[-1]["agency"] == "high-school"


@pytest.mark.parametrize("answer", [Refused("missing_scope"), Refused("user_not_found"), limited()])
def test_an_address_that_may_not_be_read_is_passed_over_in_silence(small_bot, answer):
    small_bot.slack.plan("users.info", *[answer] * 6)
    small_bot.mention(DEFINITION)
    (said,) = answers(small_bot)
    assert "What private fostering is" in said.text
    small_bot.stop()
    assert small_bot.slack.taken() == [said]


def test_an_address_tells_nothing_where_no_agency_has_a_domain(start_bot, smalltown):
    bot = start_bot(Guidance.of(load(layers_of(smalltown.parent, "smalltown"))))
    bot.slack.emails[ASKER] = "ann@school.example"
    bot.direct(DEFINITION)
    bot.settle()
    assert [row["agency"] for row in bot.rows(PEOPLE)] == [None]


def test_an_address_that_takes_long_delays_no_answer(small_bot):
    small_bot.slack.plan("users.info", hanging := Hangs())
    small_bot.mention(DEFINITION)
    small_bot.slack.wait_taken("chat.postMessage")
    hanging.release()


def test_a_database_that_hangs_delays_no_answer(small_bot):
    small_bot.mention(DEFINITION)
    small_bot.settle()
    held, entered = threading.Event(), threading.Event()

    def hold(_):
        entered.set()
        held.wait(10)

    small_bot.store.submit(hold)
    assert entered.wait(10)
    try:
        small_bot.direct(DEFINITION)
        small_bot.direct(DEFINITION)
        sent = small_bot.slack.wait_taken("chat.postMessage", 3)
        assert not held.is_set()
    finally:
        held.set()
    assert [asks_for_agency(call) for call in sent].count(True) == 1
    small_bot.stop()
    assert [row["agency_asked"] for row in small_bot.rows(PEOPLE)] == [1]


# From the workspace


def test_in_a_workspace_of_one_agency_nobody_is_asked_and_answers_fit_it(start_small):
    bot = start_small(team_agencies={HOME_TEAM: "town-police"})
    bot.direct(DEFINITION)
    bot.settle()
    bot.command(DEFINITION)
    bot.stop()
    for answer in bot.slack.taken():
        assert FOR_THE_POLICE in answer.shown
        assert not asks_for_agency(answer)
    assert [(row["agency"], row["agency_source"]) for row in bot.rows()] == [("town-police", "domain")] * 2


def test_what_somebody_declared_stands_though_the_workspace_is_anothers(start_small):
    bot = start_small()
    bot.direct(DEFINITION)
    choose(bot, answers(bot)[0], "High School")
    bot.stop()
    again = start_small(team_agencies={HOME_TEAM: "town-police"})
    again.direct(DEFINITION)
    again.stop()
    assert FOR_THE_POLICE not in again.slack.taken("chat.postMessage")[-1].shown
    assert (again.rows()[-1]["agency"], again.rows()[-1]["agency_source"]) == ("high-school", "declared")


# Channels with rules of their own


@pytest.fixture
def ruled(start_small):
    return start_small(private_channels=[PRIVATE], silent_channels=[SILENT])


def test_in_a_private_channel_only_the_asker_sees_the_answer(ruled):
    ruled.mention(DEFINITION, channel=PRIVATE, thread_ts="1795600000.000100")
    (answer,) = ruled.slack.wait_taken("chat.postEphemeral")
    assert (answer.channel, answer.arguments["user"], answer.thread) == (PRIVATE, ASKER, "1795600000.000100")
    assert "Share this guidance here" in answer.buttons
    assert not asks_for_agency(answer)
    ruled.stop()
    assert ruled.slack.taken() == [answer]
    assert [(row["text"], row["status"]) for row in ruled.rows()] == [(DEFINITION, "answered")]


def test_in_a_private_channel_only_the_asker_sees_the_card(ruled):
    ruled.mention(DANGER, channel=PRIVATE)
    card, answer = ruled.slack.wait_taken("chat.postEphemeral", 2)
    assert messages.EMERGENCY_FIRST in card.text
    assert {call.arguments["user"] for call in (card, answer)} == {ASKER}
    ruled.stop()
    assert ruled.slack.taken() == [card, answer]


@pytest.mark.parametrize(
    "text", [DEFINITION, "hello", "", "quantum chromodynamics", "Kayleigh Ramsbottom, a leaflet"]
)
def test_a_silent_channel_gets_nothing(ruled, text):
    ruled.mention(text, channel=SILENT)
    ruled.stop()
    assert ruled.slack.taken() == []
    assert ruled.rows() == []


def test_in_a_silent_channel_an_emergency_gets_the_card_for_the_asker_alone(ruled):
    ruled.mention(DANGER, channel=SILENT)
    (card,) = ruled.slack.wait_taken("chat.postEphemeral")
    assert messages.EMERGENCY_FIRST in card.text
    assert (card.channel, card.arguments["user"]) == (SILENT, ASKER)
    ruled.stop()
    assert ruled.slack.taken() == [card]


def test_other_channels_and_direct_messages_are_answered_as_ever(ruled):
    ruled.mention(DEFINITION, channel=CHANNEL)
    ruled.settle()
    ruled.direct(DEFINITION)
    ruled.stop()
    assert [call.method for call in ruled.slack.taken()] == ["chat.postMessage"] * 2


@pytest.mark.parametrize("channel", [PRIVATE, SILENT])
def test_a_command_is_answered_privately_in_every_channel(ruled, channel):
    ruled.command(DEFINITION, channel=channel)
    (answer,) = ruled.slack.wait_taken("response_url")
    ruled.stop()
    assert ruled.slack.taken() == [answer]


# In the database


def test_people_of_an_older_database_are_kept_and_count_as_not_yet_asked(tmp_path):
    file = tmp_path / "older.db"
    with closing(connect(file)) as connection:
        migrations.apply(Database(connection), stop_before="m004_agency_is_asked_once")
        connection.execute("INSERT INTO people (id, channel, channel_user_id) VALUES ('p1', 'slack', 'U0ASKER')")
        connection.commit()
    migrate(file)
    kept = rows_of(file, "SELECT id, agency, agency_source, agency_asked FROM people")
    assert kept == [{"id": "p1", "agency": None, "agency_source": "unknown", "agency_asked": 0}]


def test_an_address_never_replaces_what_stands_and_a_declaration_always_does(small_bot):
    small_bot.direct(DEFINITION)
    small_bot.settle()
    (row,) = small_bot.rows("SELECT id FROM people")
    steps = [
        ("town-police", "domain"),
        ("high-school", "domain"),
        ("high-school", "declared"),
        ("town-police", "domain"),
    ]
    stands = []
    for agency, source in steps:
        kept = AgencySource(source)
        small_bot.store.submit(lambda tx, a=agency, s=kept: people.set_agency(tx, row["id"], a, s)).result(10)
        stands += [(now["agency"], now["agency_source"]) for now in small_bot.rows(PEOPLE)]
    assert stands == [steps[0], steps[0], steps[2], steps[2]]
