"""Slack: guests of the workspace are refused politely, and hear whom to ring."""

import pytest
from slack_stand_in import Refused, Status
from slack_workspace import ASKER, home_of

from bot.answering import messages

DEFINITION = "what is private fostering"
DANGER = "dad is hitting the baby right now and I can hear it"


def test_a_guest_is_refused_politely_and_alone_and_hears_whom_to_ring(bot):
    bot.slack.guests.add(ASKER)
    bot.mention(DEFINITION)
    bot.command(DEFINITION)
    (aside,) = bot.slack.wait_taken("chat.postEphemeral")
    (answer,) = bot.slack.wait_taken("response_url")
    home = home_of(bot)
    for said in (aside, answer, home):
        assert "does not serve guests" in said.shown
        assert "tel:999" in said.shown
        assert "01226" in said.shown
        assert said.buttons == {}
    bot.stop()
    assert bot.slack.taken("chat.postMessage") == []
    assert bot.rows() == []


def test_a_guest_who_tells_of_danger_is_served(bot):
    bot.slack.guests.add(ASKER)
    bot.direct(DANGER)
    card, _ = bot.slack.wait_taken("chat.postMessage", 2)
    assert "999" in card.text


@pytest.mark.parametrize("answer", [Refused("missing_scope"), Status(500)])
def test_nobody_is_taken_for_a_guest_because_slack_does_not_say(bot, answer):
    bot.slack.guests.add(ASKER)
    bot.slack.plan("users.info", *[answer] * 6)
    bot.direct(DEFINITION)
    bot.slack.wait_taken("chat.postMessage")


def test_whoever_asks_twice_is_looked_up_once(bot):
    for _ in range(2):
        bot.direct(DEFINITION)
        bot.settle()
    assert len(bot.slack.tried("users.info")) == 1


def test_a_stranger_who_tells_of_danger_gets_the_card_with_the_refusal(bot):
    said = bot.command(DANGER, team="T0AWAY").json()
    assert said["text"].startswith(messages.EMERGENCY_FIRST)
    assert "does not serve your workspace" in said["text"]
