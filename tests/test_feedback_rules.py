"""mash-feedback.yaml: layers, faults with their place, and the version that a request keeps."""

import re

import pytest
from ticketing import office_in, town

from bot.config import ROOT
from bot.knowledge.feedback import Carried, MashFeedbackSource, Prompts
from bot.knowledge.loading import examine, layers_of, load

KNOWLEDGE = ROOT / "knowledge"
ENGLAND = KNOWLEDGE / "england"
ENGLANDS = (ENGLAND / "mash-feedback.yaml").read_text("utf-8")
FILE = "smalltown/mash-feedback.yaml"


@pytest.fixture
def layered(smalltown):
    """What comes of England's rules and the small town's."""

    def layered(rules, england=ENGLANDS):
        town(smalltown, ENGLAND)
        (smalltown / "mash-feedback.yaml").write_text(rules, encoding="utf-8")
        base = smalltown.parent / "england"
        base.mkdir(exist_ok=True)
        (base / "mash-feedback.yaml").write_text(england, encoding="utf-8")
        return examine(layers_of(smalltown.parent, "smalltown"))

    return layered


# Layers


def test_a_partnership_replaces_field_by_field(layered):
    loaded = layered(
        "decision: {working_hours: 8}\n"
        "feedback_content: code\n"
        "answered_by: social-care\n"
        "told_by: [{id: screener, label: A screening officer}]\n"
    )
    assert loaded.faults == ()
    rules, england = loaded.knowledge.feedback, load(layers_of(KNOWLEDGE, "barnsley")).feedback
    assert (rules.decision.working_hours, rules.decision.working_days) == (8, None)
    assert rules.feedback_content is Carried.CODE
    assert [role.id for role in rules.told_by] == ["screener"]
    assert (rules.needs, rules.outcomes, rules.prompts) == (england.needs, england.outcomes, england.prompts)


@pytest.mark.parametrize("key", ["needs", "sources", "prompts", "office", "decision", "timescales_confirmed"])
def test_a_key_with_nothing_behind_it_leaves_what_england_has(layered, key):
    loaded = layered(f"confirm_days: 3\n{key}:\n")
    assert loaded.faults == ()
    plain = layered("confirm_days: 3\n").knowledge.feedback
    assert getattr(loaded.knowledge.feedback, key) == getattr(plain, key)


@pytest.mark.parametrize("partnership", ["barnsley", "barnet"])
def test_what_we_ship_is_provisional_carries_no_answer_and_claims_no_time_for_minutes(partnership):
    knowledge = load(layers_of(KNOWLEDGE, partnership))
    rules = knowledge.feedback
    assert rules.timescales_confirmed is False
    assert rules.feedback_content is Carried.TOLD_ONLY
    assert rules.strategy_minutes is None
    assert rules.decision.working_days == 1
    assert rules.sources
    assert rules.answered_by in knowledge.partnership.agency_by_id


# Faults


def faults_of(loaded):
    return [str(fault) for fault in loaded.faults]


FAULTS = [
    # the town's file, the line at fault, what is said
    ("confirm_days: 5\nneds: []\n", "2:1: neds: is not a key that the bot knows"),
    ("needs: []\n", "1:1: needs: is empty"),
    ("needs: [{id: a, label: A}, {id: a, label: B}]\n", "1:29: needs.1.id: a stands twice; it is already on line 1"),
    ("outcomes:\n  - {id: a, label: A}\n  - {id: a, label: B}\n", "3:6: outcomes.1.id: a stands twice"),
    ("told_by: [{id: a, label: ''}]\n", "1:19: told_by.0.label: is empty"),
    ("decision: {working_days: 1, working_hours: 8}\n", "1:1: decision: give `working_days` or `working_hours`"),
    ("decision: {}\n", "1:1: decision: give `working_days` or `working_hours`"),
    ("strategy_minutes: {days: 5}\n", "1:20: strategy_minutes.days: is not a key that the bot knows"),
    ("decision: {working_days: 61}\n", "1:12: decision.working_days: should be less than or equal to 60"),
    ("confirm_days: 0\n", "1:1: confirm_days: should be greater than or equal to 1"),
    ("schools_before: 3pm\n", "1:1: schools_before: '3pm' is not in the form that is needed here"),
    ("held_until: '24:00'\n", "1:1: held_until: '24:00' is not in the form"),
    ("feedback_content: everything\n", "1:1: feedback_content: should be 'told_only', 'code' or 'code_and_note'"),
    ("office: {begin: '17:00', end: '09:00'}\n", "1:1: office: `end` is later than `begin`"),
    ("office: {begin: '09:00', end: '09:00'}\n", "1:1: office: `end` is later than `begin`"),
    ("prompts: {heard_yet: 0}\n", "1:11: prompts.heard_yet: should be greater than or equal to 1"),
    (
        "prompts: {lead_rings: 2}\n",
        "1:1: prompts: each of `heard_yet`, `lead_rings`, `offer_escalation`, `partnership`",
    ),
    ("prompts: {offer_escalation: 6}\n", "1:1: prompts: each of"),
    ("timescales_confirmed: perhaps\n", "1:1: timescales_confirmed: "),
    ("confirm_days: 5\nanswered_by: navy\n", "2:1: answered_by: navy: no such agency in partnership.yaml"),
]


@pytest.mark.parametrize(("rules", "fault"), FAULTS)
def test_what_is_wrong_is_said_with_its_file_and_line(layered, rules, fault):
    assert [said[: len(f"{FILE}:{fault}")] for said in faults_of(layered(rules))] == [f"{FILE}:{fault}"]


@pytest.mark.parametrize(
    "rules",
    [
        "decision: {working_days: 0}\nstrategy_minutes: {working_hours: 200}\n",
        "prompts: {heard_yet: 1, lead_rings: 2, offer_escalation: 3, partnership: 4, then_every: 1}\n",
        "office: {begin: '00:00', end: '23:59'}\nschools_before: '15:00'\nconfirm_days: 60\n",
        "answered_by: gp\n",
    ],
)
def test_what_is_just_right_is_taken(layered, rules):
    assert faults_of(layered(rules)) == []


@pytest.mark.parametrize(
    "field", ["timescales_confirmed", "decision", "held_until", "confirm_days", "feedback_content", "office",
              "prompts", "needs", "made_how", "made_to", "told_by", "outcomes"],
)  # fmt: skip
def test_rules_that_no_layer_completes_say_what_they_lack(layered, field):
    kept = re.sub(rf"^{field}:.*\n(?:[ ].*\n)*", "", ENGLANDS, flags=re.MULTILINE)
    loaded = layered("answered_by: social-care\n", england=kept)
    assert faults_of(loaded) == [f"{FILE}:1:1: {field}: the mash feedback has no {field}"]
    assert loaded.knowledge.feedback is None


@pytest.mark.parametrize(
    ("partnership", "fault"),
    [
        ("name: [\n", "smalltown/partnership.yaml:"),
        ("agencies: [{id: high-school, name: High School, kind: academy}]\n", "smalltown/partnership.yaml:"),
        ("name: Here\n", f"{FILE}:1:1: answered_by: social-care: no such agency in partnership.yaml"),
    ],
    ids=["no file", "no list", "none listed"],
)
def test_an_agency_is_missed_only_where_agencies_could_be_read(layered, smalltown, partnership, fault):
    layered("answered_by: social-care\n")
    (smalltown / "partnership.yaml").write_text(partnership, encoding="utf-8")
    (said,) = faults_of(examine(layers_of(smalltown.parent, "smalltown")))
    assert said.startswith(fault)


def test_without_the_file_there_are_no_rules_and_no_fault(smalltown):
    knowledge = load(layers_of(smalltown.parent, "smalltown"))
    assert knowledge.feedback is None


# The version that a request keeps


def test_a_request_keeps_the_rules_that_it_began_under(smalltown, tmp_path):
    office = office_in(smalltown, ENGLAND, tmp_path / "data")
    office.ask()
    before = office.look(office.teacher, "MASH-2026-0001").speaking
    assert before.expected() == "expected by Monday 27 April 2026, 17:00 (provisional)"
    path = smalltown / "mash-feedback.yaml"
    changed = path.read_text("utf-8").replace("timescales_confirmed: false", "timescales_confirmed: true")
    path.write_text(changed.replace("decision: {working_days: 1}", "decision: {working_days: 3}"), encoding="utf-8")
    office.library.refresh()
    assert office.library.refresh(), office.library.faults
    office.ask()
    assert office.look(office.teacher, "MASH-2026-0001").speaking.expected() == before.expected()
    assert office.look(office.teacher, "MASH-2026-0002").speaking.expected() == (
        "due by Wednesday 29 April 2026, 17:00"
    )
    office.close()


# The guide for editors


def test_the_guide_for_editors_explains_every_key_and_every_choice():
    guide = (ROOT / "docs" / "editing.md").read_text("utf-8").partition("## Feedback from the MASH")[2]
    keys = {*MashFeedbackSource.model_fields, *Prompts.model_fields, *Carried}
    assert [key for key in keys if f"`{key}`" not in guide] == []


def test_the_example_in_the_guide_is_taken(layered):
    example = (
        (ROOT / "docs" / "editing.md").read_text("utf-8").partition("## Feedback from the MASH")[2].split("```")[1]
    )
    assert faults_of(layered(example.removeprefix("yaml").replace("council-social-care", "social-care"))) == []
