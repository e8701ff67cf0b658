"""When Slack, the database, the knowledge or the bot itself fails: the asker hears, and the next one is answered."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta

import httpx
import pytest
from slack_stand_in import PATIENCE, Hangs, Refused, Status, limited
from slack_workspace import ASKER, CHANNEL, SECRET, WEDNESDAY_MORNING, Client, OverSocket, rows_of

from bot.answering import messages
from bot.answering.guidance import COPY
from bot.answering.library import Library
from bot.config import ROOT

DEFINITION = "what is private fostering"
DANGER = "dad is hitting the baby right now and I can hear it"
NAMED = "what is private fostering, Kayleigh Ramsbottom has moved in with her aunt"
SORRY = messages.ERROR


# Slack says "not now"


def test_a_post_that_is_too_fast_is_sent_again_when_slack_says_so(bot):
    bot.slack.plan("chat.postMessage", limited(1))
    bot.mention(DEFINITION)
    refused, sent = bot.slack.wait_tried("chat.postMessage", 2)
    assert sent.at - refused.at >= 1
    assert sent.arguments == refused.arguments
    bot.stop()
    assert bot.slack.taken() == [sent]
    assert [kept["status"] for kept in bot.rows()] == ["answered"]


def test_a_private_answer_that_is_too_fast_is_sent_again_when_slack_says_so(bot):
    bot.slack.plan("response_url", limited(0), limited(0))
    bot.command(DEFINITION)
    bot.slack.wait_tried("response_url", 3)
    bot.stop()
    assert len(bot.slack.taken("response_url")) == 1
    assert [kept["status"] for kept in bot.rows()] == ["answered"]


@pytest.mark.parametrize("code", [500, 503])
def test_a_post_that_failed_on_slacks_side_is_sent_again(bot, code):
    bot.slack.plan("chat.postMessage", Status(code), Status(code))
    bot.mention(DEFINITION)
    bot.slack.wait_taken("chat.postMessage")
    bot.stop()
    assert len(bot.slack.tried("chat.postMessage")) == 3
    assert len(bot.slack.taken()) == 1


def test_an_answer_that_cannot_be_posted_is_owned_up_to_privately_and_the_next_one_works(bot):
    bot.slack.plan("chat.postMessage", *[Status(500)] * 3)
    bot.mention(DEFINITION)
    (told,) = bot.slack.wait_taken("chat.postEphemeral")
    assert (told.channel, told.arguments["user"]) == (CHANNEL, ASKER)
    assert told.text == SORRY
    bot.mention(DEFINITION)
    bot.slack.wait_taken("chat.postMessage")


@pytest.mark.parametrize("error", ["restricted_action", "not_in_channel", "is_archived"])
def test_where_the_bot_may_not_write_the_asker_hears_directly(bot, error):
    bot.slack.plan("chat.postMessage", Refused(error))
    bot.slack.plan("chat.postEphemeral", Refused(error))
    bot.mention(DEFINITION)
    (told,) = bot.slack.wait_taken("chat.postMessage")
    assert told.channel == ASKER
    assert told.text == SORRY


@pytest.mark.parametrize("trouble", [Status(404), Status(500), Status(410)], ids=str)
def test_a_command_whose_response_address_fails_is_owned_up_to_directly(bot, trouble):
    bot.slack.plan("response_url", trouble, trouble)
    bot.command(DEFINITION)
    (told,) = bot.slack.wait_taken("chat.postMessage")
    assert (told.channel, told.text) == (ASKER, SORRY)
    bot.command(DEFINITION)
    bot.slack.wait_taken("response_url")


def test_blocks_that_slack_refuses_are_sent_as_text_alone(bot, barnsley):
    bot.slack.plan("chat.postMessage", Refused("invalid_blocks"))
    bot.mention(DEFINITION)
    (sent,) = bot.slack.wait_taken("chat.postMessage")
    assert barnsley.knowledge.entries["private-fostering.definition"].title in sent.text
    assert sent.blocks == []


def test_slack_that_is_down_while_an_answer_is_sent_stops_nothing(bot):
    bot.mention(DEFINITION)
    bot.slack.wait_taken("chat.postMessage")
    bot.slack.down = True
    bot.mention(DEFINITION)
    bot.command(DEFINITION)
    bot.settle()
    assert bot.http.get("/healthz").status_code == 200
    bot.slack.down = False
    bot.mention(DEFINITION)
    bot.slack.wait_taken("chat.postMessage", 2)


def test_the_first_request_after_slack_was_down_is_answered(bot):
    bot.slack.down = True
    body = bot.event_body(bot.message("app_mention", DEFINITION))
    assert bot.signed(body).status_code == 503, "so that Slack sends it again"
    bot.slack.down = False
    assert bot.signed(body, X_Slack_Retry_Num="1").status_code == 200
    bot.slack.wait_taken("chat.postMessage")


@pytest.mark.parametrize("answer", [Refused("fatal_error"), Refused("invalid_auth"), Status(400)], ids=str)
def test_the_first_request_is_not_lost_when_slack_does_not_confirm_the_token(bot, answer):
    bot.slack.plan("auth.test", answer)
    body = bot.event_body(bot.message("app_mention", DEFINITION))
    assert bot.signed(body).status_code == 503, "so that Slack sends it again"
    assert bot.signed(body).status_code == 200
    bot.slack.wait_taken("chat.postMessage")


def test_one_answer_that_hangs_holds_up_nobody_else(bot):
    bot.slack.plan("chat.postMessage", hanging := Hangs())
    bot.mention(DEFINITION, channel="C0SLOW")
    bot.slack.wait_tried("chat.postMessage")
    bot.mention(DEFINITION, channel="C0OTHER", user="U0OTHER")
    bot.command(DEFINITION, user="U0THIRD")
    (other,) = bot.slack.wait_taken("chat.postMessage")
    assert other.channel == "C0OTHER"
    bot.slack.wait_taken("response_url")
    hanging.release()
    assert bot.slack.wait_taken("chat.postMessage", 2)[0].channel == "C0SLOW"


def test_what_went_wrong_is_logged_without_a_word_of_what_was_typed(bot, caplog):
    bot.slack.plan("chat.postEphemeral", *[Status(500)] * 6)
    bot.slack.plan("response_url", Status(500), Status(500))
    bot.mention(NAMED)
    bot.command(NAMED)
    bot.slack.wait_taken("chat.postMessage", 2)
    bot.stop()
    assert "a request from Slack failed" in caplog.text
    assert "Ramsbottom" not in caplog.text
    assert "aunt" not in caplog.text
    assert all("Ramsbottom" not in call.shown for call in bot.slack.tried("chat.postMessage"))


# Danger, whatever fails


def is_card(call):
    return messages.EMERGENCY_FIRST in call.text and "tel:999" in call.shown


def test_an_emergency_card_that_cannot_be_posted_comes_privately(bot):
    bot.slack.plan("chat.postMessage", Refused("restricted_action"))
    bot.mention(DANGER)
    card, told = bot.slack.wait_taken("chat.postEphemeral", 2)
    assert is_card(card)
    assert card.arguments["user"] == ASKER
    assert told.text == SORRY


def test_an_emergency_card_for_a_command_whose_response_address_fails_comes_directly(bot):
    bot.slack.plan("response_url", *[Status(500)] * 3)
    bot.command(DANGER)
    card, _ = bot.slack.wait_taken("chat.postMessage", 2)
    assert is_card(card)
    assert card.channel == ASKER


def removed(path):
    for part in path.parent.glob(f"{path.name}*"):
        part.unlink()


def replaced_by_noise(path):
    for part in path.parent.glob(f"{path.name}*"):
        part.write_bytes(b"no database at all " * 1000)


def replaced_by_a_folder(path):
    removed(path)
    path.mkdir()


def made_to_refuse_writes(path):
    with closing(sqlite3.connect(path)) as connection:
        for table in ("people", "questions", "claims", "verdicts"):
            connection.execute(
                f"CREATE TRIGGER no_{table} BEFORE INSERT ON {table} BEGIN SELECT RAISE(FAIL, 'read-only'); END"
            )
        connection.commit()


@pytest.mark.parametrize("harm", [removed, replaced_by_noise, replaced_by_a_folder, made_to_refuse_writes])
def test_with_a_broken_database_the_card_comes_first_and_questions_are_answered(bot, barnsley, harm):
    harm(bot.database)
    bot.mention(DANGER)
    assert is_card(bot.slack.wait_taken("chat.postMessage", 2)[0])
    bot.command(DEFINITION)
    (answer,) = bot.slack.wait_taken("response_url")
    assert barnsley.knowledge.entries["private-fostering.definition"].title in answer.text


def test_without_a_database_the_card_comes_first_questions_are_answered_and_readyz_counts_them(start_bot):
    bot = start_bot(store=False)
    bot.mention(DANGER)
    card, _ = bot.slack.wait_taken("chat.postMessage", 2)
    assert is_card(card)
    bot.mention(DEFINITION)
    bot.slack.wait_taken("chat.postMessage", 3)
    ready = bot.http.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["database"] is False
    bot.stop()
    assert bot.desk.unrecorded == 2


@pytest.fixture
def broken_library(smalltown, tmp_path):
    """A library whose files became unreadable since it was last opened, twelve days ago."""

    def opened(at):
        library = Library(smalltown.parent, "smalltown", tmp_path / "data", lambda: at, tmp_path / "no-model")
        library.open()
        return library

    assert opened(WEDNESDAY_MORNING - timedelta(days=12)).guidance is not None
    (smalltown / "contacts.yaml").write_text("contacts: [", encoding="utf-8")
    (smalltown / "private-fostering.yaml").write_text(":", encoding="utf-8")
    broken = opened(WEDNESDAY_MORNING)
    assert broken.guidance is None
    return broken


@pytest.mark.parametrize("store", [True, False])
def test_with_broken_knowledge_the_card_has_999_and_the_dated_number_of_the_last_good_copy(
    start_bot, broken_library, store
):
    bot = start_bot(library=broken_library, store=store)
    bot.mention(DANGER)
    card, told = bot.slack.wait_taken("chat.postMessage", 2)
    assert is_card(card)
    assert "01632 960001" in card.text
    assert "13 November 2026" in card.text
    assert "13 November 2026" in str(card.blocks)
    assert told.text == SORRY
    assert "01632 960001" in str(told.blocks)


def test_with_neither_knowledge_nor_copy_nor_database_the_card_still_has_999(start_bot, broken_library, tmp_path):
    (tmp_path / "data" / COPY).unlink()
    broken_library.open()
    bot = start_bot(library=broken_library, store=False)
    bot.command(DANGER)
    card, _ = bot.slack.wait_taken("response_url", 2)
    assert is_card(card)
    assert messages.EMERGENCY_THEN_UNKNOWN in card.text


@pytest.mark.parametrize("typed", ["help", "topics"])
def test_with_broken_knowledge_a_sub_command_is_owned_up_to(start_bot, broken_library, typed):
    bot = start_bot(library=broken_library)
    bot.command(typed)
    assert bot.slack.wait_taken("response_url")[0].text == SORRY


def test_with_broken_knowledge_contacts_come_from_the_copy(start_bot, broken_library):
    bot = start_bot(library=broken_library)
    bot.command("contacts")
    assert "01632 960001" in bot.slack.wait_taken("response_url")[0].text


def test_with_broken_knowledge_old_buttons_are_answered(start_bot, broken_library):
    bot = start_bot()
    bot.command(DEFINITION)
    (answer,) = bot.slack.wait_taken("response_url")
    bot.desk.library = broken_library
    for label, button in list(answer.buttons.items()):
        if button["action_id"].startswith(("show_", "share_")):
            bot.press(answer, label)
    bot.stop()
    told = bot.slack.taken("response_url")[1:]
    assert len(told) >= 2
    assert {call.text for call in told} == {messages.OLD_BUTTON}


# Stopping


def test_an_answer_on_its_way_is_sent_and_recorded_before_the_bot_stops(bot):
    bot.slack.plan("chat.postMessage", hanging := Hangs())
    bot.mention(DEFINITION)
    bot.slack.wait_tried("chat.postMessage")
    bot.begin_stop()
    assert not bot.stopped_within(0.5)
    assert bot.rows() == []
    hanging.release()
    bot.stop()
    assert len(bot.slack.taken("chat.postMessage")) == 1
    assert [kept["status"] for kept in bot.rows()] == ["answered"]


@pytest.mark.parametrize("over", [Client, OverSocket], ids=["HTTP", "a websocket"])
def test_sigterm_lets_twenty_answers_on_their_way_be_sent_and_recorded(tmp_path, smalltown, stand_in, link, over):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    database = tmp_path / "data" / "safeguarding.db"
    settings = {
        "PARTNERSHIP": "smalltown",
        "KNOWLEDGE_DIR": str(smalltown.parent),
        "DATABASE_URL": f"sqlite:///{database}",
        "PORT": str(port),
        "SLACK_BOT_TOKEN": "xoxb-test",
        "SLACK_API_URL": stand_in.api_url,
        "SEMANTIC_MODEL": str(tmp_path / "no-model"),
    }
    settings |= {"SLACK_SIGNING_SECRET": SECRET} if over is Client else {"SLACK_APP_TOKEN": "xapp-test"}
    users = [f"U0{number:03}" for number in range(20)]
    with subprocess.Popen(
        [sys.executable, ROOT / "app.py", "serve"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], **settings},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            # The client waits for the server to listen: it tries to connect again, more and more slowly.
            transport = httpx.HTTPTransport(retries=8)
            slack = over(stand_in, httpx.Client(base_url=f"http://127.0.0.1:{port}", transport=transport))
            assert slack.http.get("/healthz").status_code == 200
            with stand_in.holding():
                for user in users:
                    slack.mention(DEFINITION, user=user, channel=f"C{user}")
                stand_in.wait_tried("chat.postMessage", len(users))
                slack.http.close()
                process.send_signal(signal.SIGTERM)
                with pytest.raises(subprocess.TimeoutExpired):
                    process.wait(0.5)
                assert rows_of(database, "SELECT * FROM questions") == []
            assert process.wait(PATIENCE) in (0, -signal.SIGTERM)
        finally:
            process.kill()
            logged = process.stderr.read()
    assert sorted(call.channel for call in stand_in.taken("chat.postMessage")) == [f"C{user}" for user in users]
    kept = rows_of(database, "SELECT text, status, thread FROM questions ORDER BY thread")
    assert [(row["text"], row["status"]) for row in kept] == [(DEFINITION, "answered")] * len(users)
    assert [row["thread"].split(":")[1] for row in kept] == [f"C{user}" for user in users]
    assert DEFINITION not in logged
    assert "Traceback" not in logged
