"""Who sees what of an escalation: role by role and surface by surface, from one table."""

import csv
import io
import json
import logging
from datetime import UTC, datetime

import pytest
from slack_workspace import ASKER, home_of
from ticketing import town

from bot.answering.guidance import Guidance
from bot.config import ROOT
from bot.knowledge.loading import layers_of, load
from bot.storage import history, tickets
from bot.storage.export import rows_as_csv

CHANNEL, MANAGER, STRANGER, TALKER = "C0ESCALATE", "U0ANN", "U0STRANGER", "U0TALKER"
ROLES = {
    "raiser": ASKER,
    "the raising agency's lead": "U0DSL",
    "the receiving agency's lead": "U0TEAM",
    "the one whom the lead named": TALKER,
    "manager": MANAGER,
    "somebody of the same agency": "U0COLLEAGUE",
    "stranger": STRANGER,
}
PARTIES = frozenset(ROLES) - {"somebody of the same agency", "stranger"}
TOLD = PARTIES - {"the raising agency's lead", "manager"}
"""At the first stage; those two are told when it goes on, or when nobody acts."""
FIELDS = {
    "reference": "ESC-2026-0001",
    "agencies": "High School to Smalltown Council",
    "reason": "A referral: its criteria",
    "typed": "zebrafield",
    "wanted": "elephantfield",
    "case reference": "CIN/2026-77",
    "view": "giraffefield",
    "link": "archives/",
}
TYPED = frozenset({"typed", "wanted", "case reference", "view", "link"})
NOTHING, EVERYTHING = frozenset(), frozenset(FIELDS)
IN_SHORT = frozenset({"reference", "agencies"})

SURFACES = {
    # surface: (who may see something of it, what they see)
    "the view": (PARTIES, EVERYTHING - {"reason"}),
    "the copy for the record": (PARTIES, EVERYTHING),
    "Home": (PARTIES, IN_SHORT),
    "the list": (PARTIES, IN_SHORT),
    "messages to them": (TOLD, IN_SHORT),
    "notification texts": (TOLD, IN_SHORT),
}
FOR_EVERYBODY = {
    "the channel's message": IN_SHORT,
    "the channel's notification text": IN_SHORT,
    "an answer to a question about it": NOTHING,
    "the log": NOTHING,
}
FOR_THE_OPERATOR = {"export escalations": frozenset({"reference"}), "export events": frozenset({"reference"})}


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What each role sees on each surface, and what everybody does: made once, by people who use it."""
    import conftest
    from slack_stand_in import standing_in
    from slack_workspace import Workspace

    from handlers import clockwork

    folder = tmp_path_factory.mktemp("town") / "knowledge" / "smalltown"
    folder.mkdir(parents=True)
    for name in ("partnership", "contacts", "private-fostering", "safer-sleep"):
        content = getattr(conftest, name.upper().replace("-", "_"))
        (folder / f"{name}.yaml").write_text(content, encoding="utf-8")
    town(folder, ROOT / "knowledge" / "england")
    knowledge = Guidance.of(load(layers_of(folder.parent, "smalltown")))
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    with pytest.MonkeyPatch.context() as patch, standing_in() as slack:
        patch.setattr(clockwork, "OUTBOX_SECONDS", 0.02)
        database = tmp_path_factory.mktemp("data") / "data" / "safeguarding.db"
        bot = Workspace(slack, database, knowledge, managers=[MANAGER], escalations_channel=CHANNEL)
        try:
            yield dict(_seen(bot, log))
        finally:
            bot.stop()
            logging.getLogger().removeHandler(handler)


def _seen(bot, log):
    bot.now = datetime(2026, 4, 27, 9, 0, tzinfo=UTC)
    for user in (ASKER, "U0COLLEAGUE"):
        bot.slack.emails[user] = f"{user}@school.example"
        bot.direct("what is private fostering", user=user)
        bot.settle()
    bot.message_shortcut("escalate_message", "a message")
    form = bot.submit(bot.slack.wait_taken("views.open")[-1], {"door": "decision"}).json()["view"]
    typed = {"disagree": f"{FIELDS['typed']} one", "want": f"{FIELDS['wanted']} two"}
    chosen = {"receiving": "social-care", "reason": "referral-criteria", "child_safe": "yes"}
    bot.submit(form, {**typed, **chosen, "own_reference": FIELDS["case reference"]})
    bot.until_delivered()
    act(bot, "We have it", {"person": TALKER}, user="U0TEAM")
    act(bot, "Give our view", {"view": f"{FIELDS['view']} three"}, user="U0TEAM")
    bot.until_delivered()
    calls = bot.slack.taken("chat.postMessage")
    for role, user in ROLES.items():
        view = opened(bot, user)
        yield ("the view", role), json.dumps(view) if view else ""
        yield ("the copy for the record", role), copied(bot, view, user)
        yield ("Home", role), home_of(bot, user=user).shown
        yield ("the list", role), listed(bot, user)
        mine = [call for call in calls if call.channel == user]
        yield ("messages to them", role), "\n".join(call.shown for call in mine)
        yield ("notification texts", role), "\n".join(call.text for call in mine)
    channels = [*[call for call in calls if call.channel == CHANNEL], *bot.slack.taken("chat.update")]
    yield "the channel's message", "\n".join(call.shown for call in channels)
    yield "the channel's notification text", "\n".join(call.text for call in channels)
    before = len(bot.slack.taken("chat.postMessage"))
    bot.direct("what became of that disagreement", user=STRANGER)
    yield "an answer to a question about it", bot.slack.wait_taken("chat.postMessage", before + 1)[-1].shown
    yield "the log", log.getvalue()
    with bot.store.reading() as tx:
        yield "export escalations", as_csv(tickets.EXPORTED, tickets.exported(tx))
        yield "export events", as_csv(history.EXPORTED, history.exported(tx))


def opened(bot, user):
    """The view that somebody is shown; None where they are refused."""
    views, refusals = len(bot.slack.taken("views.open")), len(bot.slack.taken("response_url"))
    bot.command(FIELDS["reference"], user=user, command="/escalate")
    bot.settle()
    now = bot.slack.taken("views.open")
    assert len(now) + len(bot.slack.taken("response_url")) == views + refusals + 1
    return now[-1].arguments["view"] if len(now) > views else None


def act(bot, label, filled, *, user):
    before = len(bot.slack.taken("views.push"))
    bot.press_in(opened(bot, user), label, user=user)
    bot.submit(bot.slack.wait_taken("views.push", before + 1)[-1], filled, user=user)


def copied(bot, view, user):
    if view is None:
        return ""
    before = len(bot.slack.taken("views.push"))
    bot.press_in(view, "Copy for the child's record", user=user)
    return json.dumps(bot.slack.wait_taken("views.push", before + 1)[-1].arguments["view"])


def listed(bot, user):
    before = len(bot.slack.taken("response_url"))
    bot.command("list", user=user, command="/escalate")
    return bot.slack.wait_taken("response_url", before + 1)[-1].shown


def as_csv(columns, rows):
    out = io.StringIO()
    rows_as_csv(columns, rows, csv.writer(out))
    return out.getvalue()


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("surface", SURFACES)
def test_each_role_sees_on_each_surface_what_the_table_says(seen, surface, role, field):
    may, fields = SURFACES[surface]
    shown = FIELDS[field] in seen[surface, role]
    assert shown == (role in may and field in fields)


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("surface", [*FOR_EVERYBODY, *FOR_THE_OPERATOR])
def test_what_everybody_or_the_operator_sees_holds_nothing_that_was_typed(seen, surface, field):
    assert (FIELDS[field] in seen[surface]) == (field in {**FOR_EVERYBODY, **FOR_THE_OPERATOR}[surface])


def test_the_table_has_every_typed_field_and_no_message_holds_one():
    messages = ("messages to them", "notification texts", "Home", "the list")
    assert all(not SURFACES[surface][1] & TYPED for surface in messages)
    assert all(not fields & TYPED for fields in FOR_EVERYBODY.values())
