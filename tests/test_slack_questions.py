"""Questions in Slack: asked by mention, directly or by command, answered once and in the right place."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from slack_stand_in import BOT_ID, BOT_USER, HOME_TEAM
from slack_workspace import ASKER, CHANNEL, DIRECT

from bot.pace import QUESTIONS

DEFINITION = "what is private fostering"
TITLE = "What private fostering is"
UNKNOWN = "quantum chromodynamics"


def test_first(bot):
    bot.mention(DEFINITION)
    (call,) = bot.slack.wait_taken("chat.postMessage")
    print(call.text, call.thread, call.buttons)
    bot.stop()
    print(bot.rows())
    bot.direct
