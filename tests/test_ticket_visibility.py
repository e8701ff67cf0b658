"""Who sees what of a ticket: role by role and surface by surface, from one table for each kind."""

import csv
import io
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from slack_workspace import ASKER, home_of
from ticketing import town

from bot.answering.guidance import Guidance
from bot.config import ROOT
from bot.knowledge.loading import layers_of, load
from bot.storage import escalations, feedback, history
from bot.storage.export import rows_as_csv

CHANNEL, MASH_CHANNEL = "C0ESCALATE", "C0MASH"
MANAGER, STRANGER, TALKER, COLLEAGUE = "U0ANN", "U0STRANGER", "U0TALKER", "U0COLLEAGUE"
DSL, HEAD, TEAM, OFFICER = "U0DSL", "U0HEAD", "U0TEAM", "U0MASH"
MONDAY = datetime(2026, 4, 27, 9, 0, tzinfo=UTC)
NOTHING = frozenset()


@dataclass(frozen=True)
class Case:
    """What may be seen of one kind of ticket."""

    command: str
    roles: Mapping[str, str]
    fields: Mapping[str, str]
    """What is looked for: its name, and how it is written."""
    typed: frozenset[str]
    """Those of them that somebody wrote, or that tell what was decided."""
    surfaces: Mapping[str, Mapping[str, frozenset[str]]]
    """What each role sees there; who is not named sees nothing."""
    everybody: Mapping[str, frozenset[str]]
    operator: Mapping[str, frozenset[str]]
    story: Callable
    """What happens before anybody looks."""
    exported: Callable


def by(roles, fields):
    return dict.fromkeys(roles, frozenset(fields))


# Escalations


def escalated(bot, fields):
    """Raised from a message, taken on by somebody whom the lead names, and answered with a view."""
    bot.message_shortcut("escalate_message", "a message")
    form = bot.submit(bot.slack.wait_taken("views.open")[-1], {"door": "decision"}).json()["view"]
    typed = {"disagree": f"{fields['typed']} one", "want": f"{fields['wanted']} two"}
    chosen = {"receiving": "social-care", "reason": "referral-criteria", "child_safe": "yes"}
    bot.submit(form, {**typed, **chosen, "own_reference": fields["case reference"]})
    bot.until_delivered()
    act(bot, "We have it", {"person": TALKER}, user=TEAM)
    act(bot, "Give our view", {"view": f"{fields['view']} three"}, user=TEAM)
    bot.until_delivered()


ESCALATION_FIELDS = {
    "reference": "ESC-2026-0001",
    "agencies": "High School to Smalltown Council",
    "reason": "A referral: its criteria",
    "typed": "zebrafield",
    "wanted": "elephantfield",
    "case reference": "CIN/2026-77",
    "view": "giraffefield",
    "link": "archives/",
}
PARTIES = (
    "raiser", "the raising agency's lead", "the receiving agency's lead", "the one whom the lead named", "manager",
)  # fmt: skip
TOLD = ("raiser", "the receiving agency's lead", "the one whom the lead named")
"""At the first stage; the others are told when it goes on, or when nobody acts."""
IN_SHORT = frozenset({"reference", "agencies"})
ESCALATIONS = Case(
    command="/escalate",
    roles={
        "raiser": ASKER,
        "the raising agency's lead": DSL,
        "the receiving agency's lead": TEAM,
        "the one whom the lead named": TALKER,
        "manager": MANAGER,
        "somebody of the same agency": COLLEAGUE,
        "somebody of the MASH": OFFICER,
        "stranger": STRANGER,
    },
    fields=ESCALATION_FIELDS,
    typed=frozenset({"typed", "wanted", "case reference", "view", "link"}),
    surfaces={
        "the view": by(PARTIES, ESCALATION_FIELDS.keys() - {"reason"}),
        "the copy for the record": by(PARTIES, ESCALATION_FIELDS),
        "Home": by(PARTIES, IN_SHORT),
        "the list": by(PARTIES, IN_SHORT),
        "messages to them": by(TOLD, IN_SHORT),
        "notification texts": by(TOLD, IN_SHORT),
    },
    everybody={
        "the channel's message": IN_SHORT,
        "the channel's notification text": IN_SHORT,
        "an answer to a question about it": NOTHING,
        "the log": NOTHING,
    },
    operator={"export": frozenset({"reference"}), "export events": frozenset({"reference"})},
    story=escalated,
    exported=lambda tx: (escalations.EXPORTED, escalations.exported(tx)),
)


# Feedback requests


def asked(bot, fields):
    """Asked when it was late, answered with what was decided, not enough, and waiting for the MASH again."""
    before = len(bot.slack.taken("views.open"))
    bot.command("", command="/mash-feedback")
    form = bot.slack.wait_taken("views.open", before + 1)[-1]
    chosen = {"day": "2026-04-13", "made_how": "phone", "made_to": "front-door", "needs": "decision", "changed": "no"}
    typed = {
        "council_reference": fields["the council's reference"],
        "own_reference": fields["own reference"],
        "phone": fields["telephone"],
    }
    bot.submit(form, {**chosen, **typed})
    bot.until_delivered()
    act(bot, "Told the referrer", {"outcome": "section-17", "note": f"{fields['note']} one"}, user=OFFICER)
    bot.until_delivered()
    act(bot, "No, not what I needed", {"lacking": "other", "why": f"{fields['why']} two"}, user=ASKER)
    bot.now = MONDAY + timedelta(hours=23)  # nine o'clock on Tuesday
    bot.tick()
    bot.until_delivered()


FEEDBACK_FIELDS = {
    "reference": "MASH-2026-0001",
    "agency": "MASH-2026-0001: High School",
    "how it was referred": "By phone only",
    "the council's reference": "CR/2026-55",
    "own reference": "SW/2026-77",
    "telephone": "01632 960456",
    "what was decided": "section 17",
    "note": "zebranote",
    "why": "giraffewhy",
}
WITHOUT_ANSWER = FEEDBACK_FIELDS.keys() - {"what was decided", "note"}
SIDE = ("referrer", "their agency's lead", "a lead whose work address is not known")
SHORT = frozenset({"reference", "agency"})
OPENED = {
    **by(("referrer", "their agency's lead", "somebody of the MASH", "manager"), FEEDBACK_FIELDS),
    **by(("a lead whose work address is not known",), WITHOUT_ANSWER),
}
REQUESTS = Case(
    command="/mash-feedback",
    roles={
        "referrer": ASKER,
        "their agency's lead": DSL,
        "a lead whose work address is not known": HEAD,
        "somebody of the MASH": OFFICER,
        "manager": MANAGER,
        "somebody of the same agency": COLLEAGUE,
        "a lead of the MASH's own agency": TEAM,
        "stranger": STRANGER,
    },
    fields=FEEDBACK_FIELDS,
    typed=frozenset(FEEDBACK_FIELDS.keys() - {"reference", "agency", "how it was referred"}),
    surfaces={
        "the view": OPENED,
        "the copy for the record": {role: fields - {"agency"} for role, fields in OPENED.items()},  # in other words
        "Home": by((*SIDE, "manager"), SHORT),  # the MASH sees there how many there are, and opens its list
        "the list": by((*SIDE, "manager"), SHORT),
        "the MASH's list": by(("somebody of the MASH", "manager"), SHORT),
        "messages to them": by(("referrer", "their agency's lead"), SHORT),
        "notification texts": by(("referrer", "their agency's lead"), SHORT),
    },
    everybody={
        "the channel's message": SHORT,
        "the channel's notification text": NOTHING,
        "an answer to a question about it": NOTHING,
        "the log": NOTHING,
    },
    operator={"export": frozenset({"reference"}), "export events": frozenset({"reference"})},
    story=asked,
    exported=lambda tx: (feedback.EXPORTED, feedback.exported(tx)),
)
CASES = {"escalation": ESCALATIONS, "feedback": REQUESTS}


# What is seen, once for each kind


@pytest.fixture(scope="module", params=CASES)
def looked(request, tmp_path_factory):
    """A kind of ticket, and what each role and everybody sees of one: made once, by people who use it."""
    import conftest
    from slack_stand_in import standing_in
    from slack_workspace import Workspace

    from handlers import clockwork

    folder = tmp_path_factory.mktemp("town") / "knowledge" / "smalltown"
    folder.mkdir(parents=True)
    for name in ("partnership", "contacts", "private-fostering", "safer-sleep"):
        content = getattr(conftest, name.upper().replace("-", "_"))
        (folder / f"{name}.yaml").write_text(content, encoding="utf-8")
    town(
        folder, ROOT / "knowledge" / "england", feedback="answered_by: social-care\nfeedback_content: code_and_note\n"
    )
    knowledge = Guidance.of(load(layers_of(folder.parent, "smalltown")))
    channels = {"escalations_channel": CHANNEL, "mash_channel": MASH_CHANNEL}
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    with pytest.MonkeyPatch.context() as patch, standing_in() as slack:
        patch.setattr(clockwork, "OUTBOX_SECONDS", 0.02)
        database = tmp_path_factory.mktemp("data") / "data" / "safeguarding.db"
        bot = Workspace(slack, database, knowledge, managers=[MANAGER], officers=[OFFICER], **channels)
        try:
            case = CASES[request.param]
            yield case, dict(_seen(bot, case, log))
        finally:
            bot.stop()
            logging.getLogger().removeHandler(handler)


def _seen(bot, case, log):
    bot.now, bot.case = MONDAY, case
    bot.slack.emails[DSL] = "dsl@school.example"
    for user in (ASKER, COLLEAGUE):
        bot.slack.emails[user] = f"{user}@school.example"
        bot.direct("what is private fostering", user=user)
        bot.settle()
    case.story(bot, case.fields)
    calls = bot.slack.taken("chat.postMessage")
    for role, user in case.roles.items():
        view, home = opened(bot, user), home_of(bot, user=user)
        yield ("the view", role), json.dumps(view) if view else ""
        yield ("the copy for the record", role), copied(bot, view, user)
        yield ("Home", role), home.shown
        yield ("the list", role), listed(bot, user)
        yield ("the MASH's list", role), mash_list(bot, home, user)
        mine = [call for call in calls if call.channel == user]
        yield ("messages to them", role), "\n".join(call.shown for call in mine)
        yield ("notification texts", role), "\n".join(call.text for call in mine)
    channels = [call for call in calls if call.channel in (CHANNEL, MASH_CHANNEL)] + bot.slack.taken("chat.update")
    assert channels
    yield "the channel's message", "\n".join(call.shown for call in channels)
    yield "the channel's notification text", "\n".join(call.text for call in channels)
    before = len(bot.slack.taken("chat.postMessage"))
    bot.direct("what became of that disagreement", user=STRANGER)
    yield "an answer to a question about it", bot.slack.wait_taken("chat.postMessage", before + 1)[-1].shown
    yield "the log", log.getvalue()
    with bot.store.reading() as tx:
        yield "export", as_csv(*case.exported(tx))
        yield "export events", as_csv(history.EXPORTED, history.exported(tx))


def opened(bot, user):
    """The view that somebody is shown; None where they are refused."""
    views, refusals = len(bot.slack.taken("views.open")), len(bot.slack.taken("response_url"))
    bot.command(bot.case.fields["reference"], user=user, command=bot.case.command)
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
    bot.command("list", user=user, command=bot.case.command)
    return bot.slack.wait_taken("response_url", before + 1)[-1].shown


def mash_list(bot, home, user):
    """What somebody sees who presses the button for the MASH's list, whether it is shown to them or not."""
    before = len(bot.slack.taken("views.open"))
    bot.on_home(home, {"type": "button", "action_id": "open_mash_list", "value": "home"}, user=user)
    bot.settle()
    return "\n".join(call.shown for call in bot.slack.taken("views.open")[before:])


def as_csv(columns, rows):
    out = io.StringIO()
    rows_as_csv(columns, rows, csv.writer(out))
    return out.getvalue()


def found_in(case, text):
    return {name for name, written in case.fields.items() if written in text}


def test_each_role_sees_on_each_surface_what_the_table_says(looked):
    case, seen = looked
    for surface, rights in case.surfaces.items():
        assert rights.keys() <= case.roles.keys()
        for role in case.roles:
            assert found_in(case, seen[surface, role]) == rights.get(role, NOTHING), (surface, role)


def test_what_everybody_or_the_operator_sees_holds_nothing_that_was_typed(looked):
    case, seen = looked
    for surface, fields in {**case.everybody, **case.operator}.items():
        assert found_in(case, seen[surface]) == fields, surface


def test_a_surface_of_another_kind_shows_nothing_of_it(looked):
    case, seen = looked
    others = {surface for surface, _ in filter(lambda key: isinstance(key, tuple), seen)} - case.surfaces.keys()
    for surface in others:
        for role in case.roles:
            assert found_in(case, seen[surface, role]) == set(), (surface, role)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_table_has_every_typed_field_and_no_message_holds_one(case):
    opened = case.surfaces["the view"], case.surfaces["the copy for the record"]
    assert {field for rights in opened for fields in rights.values() for field in fields} == case.fields.keys()
    for surface in ("messages to them", "notification texts", "Home", "the list", "the MASH's list"):
        assert all(not fields & case.typed for fields in case.surfaces.get(surface, {}).values())
    assert all(not fields & case.typed for fields in {**case.everybody, **case.operator}.values())
