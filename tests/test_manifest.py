"""manifest.json and the handlers agree: what the one declares the other answers, and nothing more."""

import json
import re
from pathlib import Path

import pytest
from ticketing import records_of

from bot.answering.library import Library
from bot.config import ROOT, SlackSettings
from bot.desk import Desk, now
from bot.knowledge.loading import layers_of, load
from handlers.slack.app import Slack
from handlers.slack.asking import FEEDBACK
from handlers.slack.home import PROMPTS
from handlers.slack.questions import COMMAND
from handlers.slack.tickets import ESCALATE

MANIFEST = json.loads((ROOT / "manifest.json").read_text("utf-8"))
FEATURES = MANIFEST["features"]
LEAST = {
    "app_mentions:read": "mentions",
    "assistant:write": "the prompts of the Messages tab",
    "chat:write": "answers",
    "commands": "the command and the shortcuts",
    "im:history": "direct messages",
    "im:read": "direct messages",
    "im:write": "answers under Messages",
    "usergroups:read": "managers named as a group",
    "users:read": "managers and agencies by e-mail address",
    "users:read.email": "managers and agencies by e-mail address",
}
"""Every scope that the app asks for, and what for."""


@pytest.fixture
def registered(tmp_path):
    """The source of what the handlers register."""
    library = Library(ROOT / "knowledge", "barnsley", tmp_path, now, tmp_path)
    desk = Desk(library, None)
    settings = SlackSettings("xoxb-test", "secret", "http://127.0.0.1:1/", frozenset())
    slack = Slack(desk, settings, records_of(desk))
    assert slack.app is not None
    return (ROOT / "handlers" / "slack" / "app.py").read_text("utf-8")


def test_every_shortcut_and_event_has_a_handler_and_every_handler_is_declared(registered):
    declared = {shortcut["callback_id"]: shortcut["type"] for shortcut in FEATURES["shortcuts"]}
    handled = re.findall(r'app\.(global|message)_shortcut\("(\w+)"\)', registered)
    assert {callback: kind for kind, callback in handled} == declared

    events = {event.partition(".")[0] for event in MANIFEST["settings"]["event_subscriptions"]["bot_events"]}
    assert events == set(re.findall(r'app\.event\("(\w+)"\)', registered))


def test_the_commands_are_those_that_are_answered():
    assert [command["command"] for command in FEATURES["slash_commands"]] == [COMMAND, ESCALATE, FEEDBACK]


def test_the_prompts_are_those_that_the_bot_sets_itself():
    declared = [(prompt["title"], prompt["message"]) for prompt in FEATURES["agent_view"]["suggested_prompts"]]
    assert declared == list(PROMPTS)


def test_the_app_asks_for_the_least_and_never_to_read_channels():
    scopes = MANIFEST["oauth_config"]["scopes"]["bot"]
    assert scopes == sorted(LEAST)
    assert not any(scope.startswith(("channels:", "groups:", "mpim:")) for scope in scopes)


def test_the_description_holds_999_101_and_the_duty_numbers_of_the_knowledge():
    knowledge = load(layers_of(ROOT / "knowledge", "barnsley"))
    numbers = [n.display for name in ("front-door", "emergency-duty-team") for n in knowledge.contacts[name].numbers]
    about = MANIFEST["display_information"]
    for text in (about["description"], about["long_description"]):
        assert all(number in text for number in ("999", "101", *numbers))
    assert "draft" in about["long_description"]
    assert "not a referral" in about["long_description"]


def test_the_texts_are_within_slacks_limits():
    about = MANIFEST["display_information"]
    assert len(about["name"]) <= 35
    assert len(about["description"]) <= 140
    assert 174 <= len(about["long_description"]) <= 4000
    assert len(FEATURES["agent_view"]["agent_description"]) <= 300
    for shortcut in FEATURES["shortcuts"]:
        assert len(shortcut["name"]) <= 24
        assert len(shortcut["description"]) <= 150
    for command in FEATURES["slash_commands"]:
        assert len(command["description"]) <= 2000


def test_the_documents_name_every_scope_that_is_asked_for():
    install = Path(ROOT / "docs" / "install.md").read_text("utf-8")
    assert "manifest.json" in install
    assert [scope for scope in LEAST if f"`{scope}`" not in install] == []
