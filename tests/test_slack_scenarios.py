"""Slack: every way to ask and every way that it ends, with and without danger, over HTTP and over a websocket."""

import itertools
import json
import logging
import time
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from datetime import timedelta

import httpx
import pytest
from slack_stand_in import standing_in
from slack_workspace import CHANNEL, Linked, Workspace
from socket_stand_in import Link

from bot import pace
from bot.answering import messages
from bot.answering.library import Library
from bot.answering.reply import Status
from bot.config import ROOT, SlackSettings
from bot.switch import Switch

ACKNOWLEDGED_SECONDS = 3
PRIVATE, SILENT = "C0PRIVATE", "C0SILENT"
NUMBER = "01632 960001"
"""Of the service that is open."""
DRAFT = "Draft, not yet approved by the Smalltown Safeguarding Children Partnership"
NAME = "Kayleigh Ramsbottom"
DANGER = ". Dad is hitting the baby right now"
REASON = "the front door moves today"


# How a question ends


@contextmanager
def nothing_wrong(bot):
    yield


@contextmanager
def asked_too_fast(bot):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pace, "QUESTIONS", 0)
        yield


@contextmanager
def switched_off(bot):
    bot.wait_for(Switch(bot.desk).turn(REASON, None))
    try:
        yield
    finally:
        bot.wait_for(Switch(bot.desk).turn(None, None))


@contextmanager
def broken_knowledge(bot):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bot.desk.library, "guidance", None)
        yield


@dataclass(frozen=True)
class Ending:
    """How a question ends: what is asked, what is said, and what becomes of the text."""

    text: str
    """With a word of its own in it, by which its traces are found."""
    says: str
    kept: bool = False
    """Whether the database has the text."""
    draft: bool = False
    """Whether guidance is shown, which nobody has approved."""
    number: bool = True
    """Whether a number is shown that can be rung now."""
    withheld: bool = False
    """Whether it is the writer's alone to read: in a channel it would point at the message."""
    handed_back: bool = False
    """Whether the writer gets the text to edit, where nobody else sees it."""
    form_stays: bool = False
    """Whether the form stays open, with the text in it."""
    can_tell_of_danger: bool = True
    trouble: Callable = nothing_wrong


ENDINGS = {
    Status.ANSWERED: Ending("what is private fostering {word}", "What private fostering is", kept=True, draft=True),
    Status.CHOOSE: Ending("leaflet for new parents {word}", messages.CHOOSE, kept=True, draft=True),
    Status.NO_GUIDANCE: Ending("quantum chromodynamics {word}", messages.NOT_FOUND, kept=True),
    Status.SMALL_TALK: Ending("thank you {word}", "You are welcome", kept=True, number=False),
    Status.IDENTIFIERS: Ending(
        f"{NAME} wants a leaflet {{word}}", "a person's name", withheld=True, handed_back=True, form_stays=True
    ),
    Status.INDIVIDUAL_CASE: Ending(
        "can you decide what is private fostering {word}", messages.INDIVIDUAL_CASE, kept=True, draft=True
    ),
    Status.TOO_LONG: Ending(
        "{word} " + "we met again and talked about housing " * 60,
        messages.TOO_LONG,
        withheld=True,
        handed_back=True,
        form_stays=True,
    ),
    Status.EMPTY: Ending(
        "?!", messages.EMPTY, number=False, withheld=True, form_stays=True, can_tell_of_danger=False
    ),
    Status.BUSY: Ending(
        f"what is private fostering {{word}} {NAME}",
        messages.BUSY,
        withheld=True,
        handed_back=True,
        form_stays=True,
        trouble=asked_too_fast,
    ),
    Status.SWITCHED_OFF: Ending(f"what is private fostering {{word}} {NAME}", REASON, trouble=switched_off),
    Status.ERROR: Ending(
        f"what is private fostering {{word}} {NAME}", messages.ERROR, form_stays=True, trouble=broken_knowledge
    ),
}


# How a question is asked


@dataclass(frozen=True)
class Place:
    """Where something is shown, and whether to the asker alone; ids are given by what they are (see `Visit`)."""

    channel: str
    thread: str | None = None
    alone: bool = False


@dataclass(frozen=True)
class Visit:
    """Somebody new who asks once. Every id is theirs alone, and says what it is."""

    bot: Workspace
    number: int

    @property
    def user(self):
        return f"U{self.number:06}"

    @property
    def messages(self):
        """The channel of their direct messages with the bot."""
        return f"D{self.number:06}"

    @property
    def ts(self):
        """Of their message."""
        return f"{self.bot.now.timestamp():.6f}"

    @property
    def thread(self):
        """The beginning of an older thread."""
        return f"{self.bot.now.timestamp() - 1_000_000:.6f}"

    @property
    def word(self):
        """Stands in their text, and nowhere else."""
        return f"zebra{self.number}x"

    def gets(self, method, opens):
        """What the bot shows to somebody who opens something."""
        before = len(self.bot.slack.taken(method))
        opens(user=self.user)
        return self.bot.slack.wait_taken(method, before + 1)[-1]

    def place_of(self, call):
        """Where a call shows something."""
        names = {
            self.user: "the asker",
            self.messages: "their messages",
            self.ts: "their question",
            self.thread: "the thread",
        }
        match call.method:
            case "chat.postEphemeral":
                assert call.arguments["user"] == self.user
            case "response_url":
                assert (call.arguments["response_type"], call.arguments["replace_original"]) == ("ephemeral", False)
        alone = call.method in ("chat.postEphemeral", "response_url")
        return Place(names.get(call.channel, call.channel), names.get(call.thread, call.thread), alone)


@dataclass(frozen=True)
class Surface:
    """A way to ask."""

    asks: Callable
    """Asks, with what `opens` brought; what Slack got for an answer."""
    listener: str
    """What the request is registered for at the bot."""
    shows: Place | None
    """Where an answer is shown, and the card before it."""
    card: Place | None = None
    """Where the card is shown, if elsewhere."""
    withheld: Place | None = None
    """Where it is shown, if elsewhere, what is the writer's alone to read."""
    hands_back: bool = False
    """Whether what is shown there is kept nowhere, so that it may hold what was typed."""
    keeps: bool = True
    """Whether the database may have the text."""
    records: bool = True
    is_form: bool = False
    opens: Callable = lambda visit: None
    """Opens what is asked from."""
    setting: str | None = None
    """The setting that makes a channel such a one."""


def mentions(visit, _, text, **more):
    return visit.bot.mention(text, user=visit.user, ts=visit.ts, **more)


def mentions_in_a_thread(visit, _, text):
    return mentions(visit, _, text, thread_ts=visit.thread)


def mentions_in_private(visit, _, text):
    return mentions(visit, _, text, channel=PRIVATE)


def mentions_in_silence(visit, _, text):
    return mentions(visit, _, text, channel=SILENT)


def writes(visit, _, text, **more):
    return visit.bot.direct(text, user=visit.user, channel=visit.messages, ts=visit.ts, **more)


def writes_in_a_thread(visit, _, text):
    return writes(visit, _, text, thread_ts=visit.thread)


def commands(visit, _, text):
    return visit.bot.command(text, user=visit.user)


def opens_home(visit):
    return visit.gets("views.publish", visit.bot.open_home)


def types_on_home(visit, home, text):
    return visit.bot.type_home(home, text, user=visit.user)


def opens_form(visit):
    return visit.gets("views.open", visit.bot.shortcut)


def sends_form(visit, form, text):
    return visit.bot.submit(form, text, user=visit.user)


def finds_guidance(visit, _, text):
    return visit.bot.find_guidance(text, user=visit.user)


def alone(channel, thread=None):
    return Place(channel, thread, alone=True)


SURFACES = {
    "a mention in a channel": Surface(
        mentions, "app_mention", Place(CHANNEL, "their question"), withheld=alone(CHANNEL), hands_back=True
    ),
    "a mention in a thread": Surface(
        mentions_in_a_thread,
        "app_mention",
        Place(CHANNEL, "the thread"),
        withheld=alone(CHANNEL, "the thread"),
        hands_back=True,
    ),
    "a mention in a private channel": Surface(
        mentions_in_private, "app_mention", alone(PRIVATE), hands_back=True, setting="private_channels"
    ),
    "a mention in a silent channel": Surface(
        mentions_in_silence,
        "app_mention",
        None,
        card=alone(SILENT),
        keeps=False,
        records=False,
        setting="silent_channels",
    ),
    "a direct message": Surface(writes, "message", Place("their messages")),
    "a thread in the Messages tab": Surface(writes_in_a_thread, "message", Place("their messages", "the thread")),
    "the command": Surface(commands, "/safeguarding", alone(CHANNEL), hands_back=True),
    "the box on Home": Surface(types_on_home, "ask_home", Place("the asker"), opens=opens_home),
    "the form": Surface(sends_form, "ask_safeguarding", Place("the asker"), opens=opens_form, is_form=True),
    "the shortcut on a message": Surface(finds_guidance, "find_guidance", alone(CHANNEL), keeps=False),
}


# All of them


@pytest.fixture(scope="module", params=[Workspace, Linked], ids=["HTTP", "a websocket"])
def bot(request, lasting_smalltown, tmp_path_factory):
    """One bot for all scenarios, over each of the two ways."""
    database = tmp_path_factory.mktemp("scenarios") / "data" / "safeguarding.db"
    with ExitStack() as ending:
        stand_in = ending.enter_context(standing_in())
        if request.param is Linked:
            stand_in.link = ending.enter_context(Link())
        library = Library(
            lasting_smalltown.parent, "smalltown", database.parent, lambda: Workspace.now, database.parent / "none"
        )
        library.open()
        bot = request.param(stand_in, database, library=library, private_channels=[PRIVATE], silent_channels=[SILENT])
        ending.callback(bot.stop)
        yield bot


@pytest.fixture(scope="module")
def numbers():
    """Of visits."""
    return itertools.count(1)


CELLS = [
    pytest.param(surface, status, danger, id=f"{name}, {status}{', danger' if danger else ''}")
    for (name, surface), (status, ending) in itertools.product(SURFACES.items(), ENDINGS.items())
    for danger in ((False, True) if ending.can_tell_of_danger else (False,))
]


@dataclass(frozen=True)
class Outcome:
    """What came of one question."""

    visit: Visit
    text: str
    acknowledged: httpx.Response
    shown: list
    """What the bot called to show something, oldest first."""
    rows: list

    @property
    def told(self):
        """The messages among it."""
        return [call for call in self.shown if call.method != "views.publish"]


def outcome_of(visit, surface, ending, *, danger):
    """Ask, see that it is acknowledged in time and that the card comes first, and deliver the same once more."""
    bot = visit.bot
    text = ending.text.format(word=visit.word) + (DANGER if danger else "")
    opened = surface.opens(visit)
    calls_before, rows_before = len(bot.slack.calls), len(bot.rows())
    with ending.trouble(bot):
        with bot.slack.holding():
            begun = time.monotonic()
            acknowledged = surface.asks(visit, opened, text)
            assert time.monotonic() - begun < ACKNOWLEDGED_SECONDS
            if danger:
                first = bot.slack.wait_shown(calls_before)
                assert [is_card(call) for call in first] == [True], "nothing comes before the card"
        bot.settle()
        shown, rows = bot.slack.shown(calls_before), bot.rows()
        again = bot.deliver_again()
        bot.settle()
    assert again.content == acknowledged.content
    assert bot.slack.shown(calls_before) == shown
    assert bot.rows() == rows
    return Outcome(visit, text, acknowledged, shown, rows[rows_before:])


@pytest.mark.parametrize(("surface", "status", "danger"), CELLS)
def test_whatever_is_asked_wherever_is_answered_as_promised(bot, numbers, caplog, surface, status, danger):
    caplog.set_level(logging.DEBUG)
    bot.now += timedelta(seconds=1)
    ending = ENDINGS[status]
    outcome = outcome_of(Visit(bot, next(numbers)), surface, ending, danger=danger)
    is_told_where_it_was_promised(outcome, surface, ending, danger=danger)
    if surface.is_form:
        is_said_in_the_form(outcome, ending, danger=danger)
    kept = ending.kept and surface.keeps
    found = [(row["status"], row["emergency"], row["text"]) for row in outcome.rows]
    assert found == ([(status, danger, outcome.text if kept else None)] if surface.records else [])
    leaves_no_trace(outcome, caplog.text, kept=kept, handed_back=surface.hands_back and ending.handed_back)


def is_told_where_it_was_promised(outcome, surface, ending, *, danger):
    places = [surface.card or surface.shows] if danger else []
    if surface.shows is not None and not (surface.is_form and ending.form_stays):
        places.append((surface.withheld if ending.withheld else None) or surface.shows)
    assert [outcome.visit.place_of(call) for call in outcome.told] == places
    assert [is_card(call) for call in outcome.told] == ([True, False] if danger else [False])[: len(places)]
    for call in outcome.told[danger:]:
        assert ending.says in call.text
        assert (DRAFT in call.text) == ending.draft
        holds_what_was_promised(json.dumps(call.blocks, ensure_ascii=False), ending)


def is_said_in_the_form(outcome, ending, *, danger):
    """Beside its field, or in what it turns into."""
    content = outcome.acknowledged.json()
    assert content["response_action"] == ("errors" if ending.form_stays else "update")
    said = content["errors"]["question"] if ending.form_stays else json.dumps(content["view"], ensure_ascii=False)
    holds_what_was_promised(said, ending)
    assert (messages.EMERGENCY_FIRST in said.partition(ending.says)[0]) == danger, "the card comes first"


def holds_what_was_promised(shown, ending):
    assert ending.says in shown
    assert (DRAFT in shown) == ending.draft
    assert NUMBER in shown or not ending.number


def is_card(call):
    return messages.EMERGENCY_FIRST in call.text and "tel:999" in call.shown


def leaves_no_trace(outcome, log, *, kept, handed_back):
    """Of a name nowhere, of the text where it is kept or handed back alone."""
    word = outcome.visit.word
    shown = outcome.acknowledged.text + "".join(call.shown for call in outcome.shown)
    assert ((NAME if NAME in outcome.text else word) in shown) == handed_back
    on_disk = outcome.visit.bot.on_disk().decode("latin-1")
    assert (word in on_disk) == kept
    for name in NAME.split():
        assert name not in on_disk + log
    assert word not in log


def test_the_table_has_every_status():
    assert set(ENDINGS) == set(Status)


def test_the_table_has_every_way_to_ask_and_every_kind_of_channel(bot):
    manifest = json.loads((ROOT / "manifest.json").read_text("utf-8"))
    declared = {event.partition(".")[0] for event in manifest["settings"]["event_subscriptions"]["bot_events"]}
    declared |= {command["command"] for command in manifest["features"]["slash_commands"]}
    declared |= {shortcut["callback_id"] for shortcut in manifest["features"]["shortcuts"]}
    boxes = {
        block["element"]["action_id"]
        for block in opens_home(Visit(bot, 0)).arguments["view"]["blocks"]
        if block["type"] == "input"
    }
    # These open forms, and ask nothing.
    tickets = {"/escalate", "raise_escalation", "escalate_message", "/mash-feedback", "ask_feedback"}
    assert {surface.listener for surface in SURFACES.values()} == declared - {"app_home_opened"} - tickets | boxes
    kinds = {field.name for field in fields(SlackSettings) if field.name.endswith("_channels")}
    assert {surface.setting for surface in SURFACES.values() if surface.setting} == kinds
