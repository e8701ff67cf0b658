"""The connections to Slack: kept open between messages, as many as are needed, and nothing made for a log."""

import logging

from slack_stand_in import Hangs
from slack_workspace import SECRET
from ticketing import records_of

from bot.answering.library import Library
from bot.config import ROOT, SlackSettings
from bot.desk import Desk, now
from handlers.slack.app import Slack

QUESTION = "what is private fostering"
MORE_THAN_A_POOL = 101


def test_messages_one_after_the_other_go_over_connections_that_stand_already(bot):
    bot.mention(QUESTION)
    bot.settle()
    made = bot.slack.connections
    for ask in (bot.mention, bot.direct, bot.command, bot.mention):
        ask(QUESTION)
        bot.settle()
    assert len(bot.slack.taken("chat.postMessage")) + len(bot.slack.taken("response_url")) == 5
    assert bot.slack.connections == made


def test_connections_that_slack_closed_are_replaced(bot):
    bot.mention(QUESTION)
    bot.settle()
    bot.slack.down = True
    bot.mention(QUESTION)
    bot.settle()
    made = bot.slack.connections
    bot.slack.down = False
    bot.mention(QUESTION)
    bot.settle()
    assert len(bot.slack.taken("chat.postMessage")) == 2
    assert bot.slack.connections == made + 1


def test_however_many_messages_hang_the_next_one_goes_out(bot):
    bot.direct(QUESTION, user="U0FIRST")
    bot.settle()
    hanging = [Hangs() for _ in range(MORE_THAN_A_POOL)]
    bot.slack.plan("chat.postMessage", *hanging)
    for number in range(MORE_THAN_A_POOL):
        bot.mention(QUESTION, user=f"U0HANGS{number}")
    bot.slack.wait_tried("chat.postMessage", 1 + MORE_THAN_A_POOL)
    bot.command(QUESTION, user="U0NEXT")
    bot.slack.wait_taken("response_url")
    bot.mention(QUESTION, user="U0NEXT")
    bot.slack.wait_taken("chat.postMessage", 2)
    for hang in hanging:
        hang.release()
    bot.settle()
    assert len(bot.slack.taken("chat.postMessage")) == 2 + MORE_THAN_A_POOL


def test_the_sdk_makes_no_text_of_a_message_for_its_log(tmp_path):
    """It asks its own logger alone, whose level is otherwise unset, which to it is below DEBUG."""
    desk = Desk(Library(ROOT / "knowledge", "nowhere", tmp_path, now), None)
    slack = Slack(desk, SlackSettings("xoxb-test", SECRET, "http://127.0.0.1:1/", frozenset()), records_of(desk))
    assert slack.app.client.logger.level > logging.DEBUG
