"""escalation-policy.yaml: layers, faults, the version that a ticket keeps, and the words while it is unconfirmed."""

import dataclasses
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from ticketing import OUTCOME, RAISED, office_in, town

from bot.access import Person, Viewer
from bot.config import ROOT
from bot.escalations import EscalationLedger, Escalations
from bot.knowledge.loading import examine, layers_of, load
from bot.knowledge.policy import EscalationPolicy
from bot.ledger import NoPolicy
from bot.storage import tickets
from bot.tickets.clock import Audience, Reminder
from bot.tickets.escalations.clock import EscalationClock
from bot.tickets.escalations.notices import LABELS, Speaking
from bot.tickets.escalations.state import Escalation, Outcome, Stand
from bot.tickets.ticket import Event, Kind, Side

KNOWLEDGE = ROOT / "knowledge"
ENGLAND = KNOWLEDGE / "england"
ENGLANDS = (ENGLAND / "escalation-policy.yaml").read_text("utf-8")
NOON = datetime(2026, 6, 15, 11, 0, tzinfo=UTC)


@pytest.fixture
def office(smalltown, tmp_path):
    office = office_in(smalltown, ENGLAND, tmp_path / "data")
    yield office
    office.close()


@pytest.fixture
def layered(smalltown):
    """What comes of England's policy and one of the small town's."""

    def layered(policy, england=ENGLANDS):
        town(smalltown, ENGLAND)
        (smalltown / "escalation-policy.yaml").write_text(policy, encoding="utf-8")
        base = smalltown.parent / "england"
        base.mkdir(exist_ok=True)
        (base / "escalation-policy.yaml").write_text(england, encoding="utf-8")
        return examine(layers_of(smalltown.parent, "smalltown"))

    return layered


# Layers


def test_a_partnership_replaces_field_by_field(layered):
    loaded = layered(
        "name: Resolution policy\n"
        "answer_days: 3\n"
        "urgent_stages: [talk]\n"
        "stages:\n"
        "  - {id: talk, title: Talk, who: The two talk, working_days: 1}\n"
        "  - {id: stage-3, title: Heads, who: Heads talk, working_days: 4}\n"
    )
    assert loaded.faults == ()
    policy, england = loaded.knowledge.escalation, load(layers_of(KNOWLEDGE, "barnsley")).escalation
    assert (policy.name, policy.answer_days) == ("Resolution policy", 3)
    assert [(stage.id, stage.working_days) for stage in policy.stages] == [("talk", 1), ("stage-3", 4)]
    assert policy.reasons == england.reasons
    assert policy.reminders == england.reminders
    assert policy.follow_up_days == england.follow_up_days == 20
    assert policy.after("talk").id == "stage-3"
    assert policy.after("stage-3") is None
    assert policy.is_last("stage-3")
    assert not policy.is_last("talk")


def test_a_list_that_is_given_replaces_the_whole_list(layered):
    loaded = layered("reasons: [{id: other, label: Something else}]\nurgent_stages: []\n")
    assert loaded.faults == ()
    assert [reason.id for reason in loaded.knowledge.escalation.reasons] == ["other"]
    assert loaded.knowledge.escalation.urgent_stages == ()


@pytest.mark.parametrize("key", ["stages", "sources", "reminders", "name", "urgent_stages", "timescales_confirmed"])
def test_a_key_with_nothing_behind_it_leaves_what_england_has(layered, key):
    loaded = layered(f"inside_one_agency: true\n{key}:\n")
    assert loaded.faults == ()
    assert loaded.knowledge.escalation.inside_one_agency
    plain = layered("inside_one_agency: true\n").knowledge.escalation
    assert getattr(loaded.knowledge.escalation, key) == getattr(plain, key)


@pytest.mark.parametrize(
    ("partnership", "name"), [("barnsley", "Escalation policy"), ("barnet", "Resolution policy")]
)
def test_what_we_ship_is_provisional_and_says_where_it_is_from(partnership, name):
    policy = load(layers_of(KNOWLEDGE, partnership)).escalation
    assert policy.name == name
    assert policy.timescales_confirmed is False
    assert len(policy.stages) == 4
    assert policy.sources


def test_england_alone_claims_no_confirmed_timescale():
    assert "timescales_confirmed: false" in ENGLANDS


# Faults


def faults_of(loaded):
    return [str(fault) for fault in loaded.faults]


FAULTS = [
    # the town's file, the line at fault, what is said
    ("name: X\nanswer_days: 0\n", "2:1: answer_days: should be greater than or equal to 1"),
    ("stages: []\n", "1:1: stages: is empty"),
    ("name: X\nurgent_stages: [stage-1, stage-9]\n", "2:26: urgent_stages.1: stage-9: no such stage"),
    ("nmae: X\n", "1:1: nmae: is not a key that the bot knows"),
    ("day_one: tomorrow\n", "1:1: day_one: should be 'next-working-day' or 'same-day'"),
    ("timescales_confirmed: perhaps\n", "1:1: timescales_confirmed: "),
    (
        "name: X\nreasons:\n  - {id: a, label: A}\n  - {id: a, label: B}\n",
        "4:6: reasons.1.id: a stands twice; it is already on line 3",
    ),
    ("outcomes: [{id: a, label: A}, {id: a, label: B}]\n", "1:32: outcomes.1.id: a stands twice"),
    ("changes: [{id: a, label: A}, {id: a, label: B}]\n", "1:31: changes.1.id: a stands twice"),
    (
        "urgent_stages: []\nstages:\n"
        "  - {id: stage-3, title: A, who: B, working_days: 1}\n"
        "  - {id: stage-3, title: A, who: B, working_days: 1}\n",
        "4:6: stages.1.id: stage-3 stands twice",
    ),
    ("stages:\n  - {id: stage-1, title: A, who: B}\n", "2:5: stages.0.working_days: is missing"),
    (
        "stages:\n  - {id: stage-1, title: A, who: B, working_days: 61}\n",
        "2:37: stages.0.working_days: should be less than or equal to 60",
    ),
    ("stages:\n  - {id: Stage One, title: A, who: B, working_days: 1}\n", "2:6: stages.0.id: 'Stage One' is not in"),
    ("reasons: [{id: a, label: ''}]\n", "1:19: reasons.0.label: is empty"),
    ("reminders: {begin: 9am}\n", "1:13: reminders.begin: '9am' is not in the form that is needed here"),
    ("reminders: {begin: '24:00'}\n", "1:13: reminders.begin: '24:00' is not in the form"),
    ("reminders: {begin: '09:00', end: '10:59'}\n", "1:1: reminders: `end` is two hours after `begin`"),
    ("reminders: {begin: '17:00', end: '09:00'}\n", "1:1: reminders: `end` is two hours after `begin`"),
    ("reminders: {deputy_after: 4}\n", "1:1: reminders: the deputies are told before the partnership"),
    ("reminders: {then_every: 0}\n", "1:13: reminders.then_every: should be greater than or equal to 1"),
]


@pytest.mark.parametrize(("policy", "fault"), FAULTS)
def test_what_is_wrong_is_said_with_its_file_and_line(layered, policy, fault):
    found = faults_of(layered(policy))
    assert [said[: len("smalltown/escalation-policy.yaml:") + len(fault)] for said in found] == [
        f"smalltown/escalation-policy.yaml:{fault}"
    ]


@pytest.mark.parametrize(
    "policy",
    [
        "reminders: {begin: '09:00', end: '11:00'}\n",
        "reminders: {begin: '00:00', end: '23:59', deputy_after: 3, partnership_after: 3}\n",
        "reminders: {deputy_after: 1, partnership_after: 0}\n",  # both come on the day after the date
        "urgent_stages: [stage-4]\n",
        "answer_days: 60\nfollow_up_days: 250\n",
    ],
)
def test_what_is_just_right_is_taken(layered, policy):
    assert faults_of(layered(policy)) == []


@pytest.mark.parametrize("field", ["stages", "reasons", "outcomes", "changes", "answer_days", "reminders"])
def test_a_policy_that_no_layer_completes_says_what_it_lacks(layered, field):
    kept = re.sub(rf"^{field}:.*\n(?:[ ].*\n)*", "", ENGLANDS, flags=re.MULTILINE)
    loaded = layered("name: Resolution policy\n", england=kept)
    assert any(
        said.startswith("smalltown/escalation-policy.yaml:1:1: ") and f"the escalation policy has no {field}" in said
        for said in faults_of(loaded)
    )
    assert loaded.knowledge.escalation is None


def test_a_leads_stage_that_the_policy_does_not_have_is_named_where_it_stands(layered):
    found = faults_of(layered("urgent_stages: []\nstages: [{id: one, title: A, who: B, working_days: 1}]\n"))
    assert len(found) == 2  # two leads are named for stage-3
    for said in found:
        file, line, _ = said.split(":", 2)
        assert file == "smalltown/partnership.yaml"
        assert int(line) > 1
        assert "stage-3: no such stage in escalation-policy.yaml" in said


def test_urgent_stages_of_england_that_a_partnerships_own_stages_lack_are_a_fault(layered):
    loaded = layered("stages: [{id: one, title: A, who: B, working_days: 1}]\n")
    advice = "stage-1: no such stage; England's list names it: give `urgent_stages` of your own beside `stages`"
    assert f"smalltown/escalation-policy.yaml:1:1: urgent_stages.0: {advice}" in faults_of(loaded)


# No policy


def test_without_a_policy_nothing_can_be_raised(smalltown, tmp_path):
    class Empty:
        """A desk whose partnership gives no policy."""

        def __init__(self, knowledge):
            self.library = type("Library", (), {"knowledge": knowledge})()

    bare = load(layers_of(smalltown.parent, "smalltown"))
    assert bare.escalation is None
    viewer = Viewer(Person("anna", "slack"))
    for knowledge in (bare, None):
        with pytest.raises(NoPolicy):
            Escalations(EscalationLedger(Empty(knowledge), "key", None)).form(viewer)


# The version that a ticket keeps


def test_a_ticket_keeps_the_policy_that_it_began_under(office):
    office.raise_()
    office.deliver()
    before = office.look(office.teacher)
    assert before.speaking.until().startswith("suggested by Tuesday 28 April 2026 (provisional")
    path = office.library._layers[-1] / "escalation-policy.yaml"
    changed = path.read_text("utf-8").replace("name: Resolution policy", "name: Another policy")
    changed = changed.replace("timescales_confirmed: false", "timescales_confirmed: true")
    office.policy_becomes(changed.replace("working_days: 1", "working_days: 9"))

    looked = office.look(office.teacher)
    assert looked.state == before.state
    assert looked.speaking.policy == before.speaking.policy
    assert looked.speaking.until() == before.speaking.until()
    assert office.rows("SELECT due FROM tickets") == [{"due": "2026-04-28"}]
    stage_two = office.move(Kind.HANDED_ON, office.teacher, stage="stage-2", why="No answer.")
    assert stage_two.policy == before.state.policy

    office.raise_()
    office.deliver()
    later = office.look(office.teacher, "ESC-2026-0002")
    assert later.speaking.policy.name == "Another policy"
    assert later.speaking.until() == "due by Monday 11 May 2026"
    assert later.state.policy != before.state.policy
    assert office.rows("SELECT count(*) AS n FROM policies") == [{"n": 2}]


def test_a_stage_that_went_from_the_policy_stays_in_the_tickets_that_stand_at_it(office):
    office.raise_()
    path = office.library._layers[-1] / "escalation-policy.yaml"
    office.policy_becomes(path.read_text("utf-8").replace("stage-1", "first-talk"))
    looked = office.look(office.teacher)
    assert looked.speaking.stage == "Stage 1: practitioner with practitioner"
    offered = office.service.fields(looked, Kind.HANDED_ON)[0].options
    assert [option.id for option in offered] == ["stage-2", "stage-3", "stage-4"]
    office.move(Kind.HANDED_ON, office.teacher, stage="stage-2", why="No answer.")


def test_the_same_policy_is_kept_once(office):
    for _ in range(3):
        office.raise_()
    (row,) = office.rows("SELECT * FROM policies")
    with office.store.reading() as tx:
        assert tickets.policy(tx, row["version"], EscalationPolicy) == office.library.knowledge.escalation


# Words, while it is unconfirmed and after

MISUSED = re.compile(r"\b(?:over|past\s)?due\b|\blate\b|\bin time\b|\bdeadline\b|\bbreach|\bmust\b", re.IGNORECASE)
DATA = {
    **OUTCOME, "stage": "stage-2", "receiving": "gp", "better": "gp", "how": "phone", "happened": "partly",
    "step": "on", "until": NOON.isoformat(), "on": NOON.isoformat(), "person": "p", "done": "rang-999",
    "since": "2026-06-01", "received_on": "2026-06-01", "heard_by": "phone", "setting": "A school",
}  # fmt: skip


def every_state(policy):
    """An escalation in every stand, at every stage, urgent and not, on its date and long after."""
    outcome = Outcome("decision-changed", "seen-sooner", "yes", "no")
    for stand in Stand:
        for stage in policy.stages:
            for urgent in (False, True):
                told = NOON - timedelta(days=30 * urgent)
                yield Escalation(
                    reference="ESC-2026-0001",
                    opened_at=told,
                    raiser="anna",
                    raising="high-school",
                    receiving="social-care",
                    reason="roles",
                    child_safe="yes",
                    policy="v",
                    stage=stage.id,
                    stand=stand,
                    last=policy.is_last(stage.id),
                    urgent=urgent,
                    urgent_since=told if urgent else None,
                    stage_since=None if stand is Stand.NOT_TOLD else told,
                    waiting_since=told,
                    proposed_by=Side.RECEIVING if stand is Stand.PROPOSED else None,
                    outcome=outcome if stand in (Stand.PROPOSED, Stand.CLOSED) else None,
                    closed_at=NOON if stand in (Stand.CLOSED, Stand.WITHDRAWN) else None,
                    closed_as=Kind.LAPSED if stand is Stand.CLOSED else None,
                )


def every_event(state):
    """One of every kind, by every side, with everything that may stand in one."""
    typed = dict.fromkeys(LABELS, "words")
    for kind in Kind:
        for side in Side:
            yield Event(state.reference, kind, NOON, side, "anna", {**DATA, "child_safe": "yes"}, typed)


def every_text(speaking):
    """Everything that `Speaking` says, by the name of what says it."""
    state = speaking.state
    leads = [lead for agency in speaking.partnership.agencies for lead in agency.leads]
    events = list(every_event(state))
    steps = [*islice(speaking.clock.reminders(state), 7), *(Reminder("x", NOON, audience) for audience in Audience)]
    yield "title", speaking.title
    yield "stage", speaking.stage
    yield "until", speaking.until()
    yield "stands", speaking.stands()
    yield "lines", "\n".join(speaking.lines())
    yield "recorded", "\n".join([*speaking.recorded(leads, NOON), *speaking.recorded([], NOON)])
    yield "not_a_referral", speaking.not_a_referral(NOON) + speaking.not_a_referral(NOON + timedelta(hours=9))
    yield "other_name", speaking.other_name()
    yield "to_send", speaking.to_send() or ""
    yield "told", speaking.told()
    yield "tell_them", f"{speaking.tell_them('Head')}\n{speaking.tell_them(None)}"
    yield "ask_them", speaking.ask_them()
    yield "happened", "\n".join(speaking.happened(event) for event in events)
    yield "in_short", "\n".join(speaking.in_short(event) for event in events)
    yield "chosen", "\n".join(f"{heading}: {text}" for event in events for heading, text in speaking.chosen(event))
    yield "typed_labels", "\n".join(speaking.typed_labels.values())
    yield "reminder", "\n".join(speaking.reminder(step, NOON) for step in steps)
    yield "ask_whether_filed", speaking.ask_whether_filed()
    yield "ask_whether_it_happened", speaking.ask_whether_it_happened()
    yield "history", "\n".join(speaking.history(events))
    yield "copied", "\n".join(speaking.copied(events))
    yield "for_the_record", speaking.for_the_record(events)
    yield "agency", speaking.agency("high-school") + speaking.agency("gone") + speaking.agency(None)
    yield "side", "".join(speaking.side(side) for side in Side)
    yield "stage_title", speaking.stage_title("stage-1") + speaking.stage_title("gone")


@pytest.fixture(scope="module")
def knowledge():
    return load(layers_of(KNOWLEDGE, "barnsley"))


def speaking(knowledge, state, *, confirmed):
    policy = knowledge.escalation.model_copy(update={"timescales_confirmed": confirmed})
    clock = EscalationClock(policy, time_zone="Europe/London", region="ENG")
    return Speaking(state, policy, clock, knowledge.partnership)


def test_the_walk_over_the_words_leaves_none_out(knowledge):
    state = next(every_state(knowledge.escalation))
    walked = {name for name, _ in every_text(speaking(knowledge, state, confirmed=False))}
    fields = {field.name for field in dataclasses.fields(Speaking)}
    public = {name for name in dir(Speaking) if not name.startswith("_")} - fields
    assert public - walked == {"becoming", "zone"}


@pytest.mark.parametrize("stand", Stand)
def test_while_it_is_unconfirmed_nothing_is_due_or_overdue(knowledge, stand):
    for state in every_state(knowledge.escalation):
        if state.stand is stand:
            words = speaking(knowledge, state, confirmed=False)
            for name, text in every_text(words):
                found = MISUSED.search(text.replace("too late", ""))
                assert found is None, (name, found, text)
                if "suggested" in text and name != "recorded":
                    assert "provisional" in text
            if words.clock.due_of(state) is not None:
                assert words.until().startswith("suggested by ")
                assert "provisional" in words.until()


@pytest.mark.parametrize("stand", Stand)
def test_once_it_is_confirmed_a_date_is_due_and_nothing_is_provisional(knowledge, stand):
    dated = 0
    for state in every_state(knowledge.escalation):
        if state.stand is stand:
            words = speaking(knowledge, state, confirmed=True)
            for name, text in every_text(words):
                assert "provisional" not in text, (name, text)
                assert "suggested" not in text, (name, text)
            if words.clock.due_of(state) is not None:
                dated += 1
                assert words.until().startswith("due by ")
                assert "Due by " in words.reminder(Reminder("on", NOON, Audience.MOVER), NOON)
    assert bool(dated) is (stand in (Stand.TOLD, Stand.ACKNOWLEDGED, Stand.PROPOSED))


def test_an_urgent_stage_is_said_to_last_for_one_working_day(knowledge):
    at = {"stand": Stand.NOT_TOLD, "stage": "stage-2", "last": False, "urgent": False}
    state = replace(next(every_state(knowledge.escalation)), **at)
    assert "the policy allows 2 working days" in speaking(knowledge, state, confirmed=True).until()
    hurried = replace(state, urgent=True)
    assert "the policy allows 1 working day" in speaking(knowledge, hurried, confirmed=True).until()
    assert "1 working day is suggested" in speaking(knowledge, hurried, confirmed=False).until()
    not_hurried = replace(hurried, stage="stage-3")
    assert "the policy allows 2 working days" in speaking(knowledge, not_hurried, confirmed=True).until()


def test_whoever_is_told_is_not_told_that_they_do_not_know(knowledge):
    for state in every_state(knowledge.escalation):
        words = speaking(knowledge, state, confirmed=False)
        assert "NOT YET TOLD" not in words.told()
        assert ("has come to the partnership" in words.told()) is state.last
        assert ("was raised to your agency" in words.told()) is not state.last


def test_a_text_to_send_is_there_only_while_the_other_agency_was_not_told(knowledge):
    for state in every_state(knowledge.escalation):
        to_send = speaking(knowledge, state, confirmed=False).to_send()
        assert (to_send is not None) is (state.stand is Stand.NOT_TOLD)
        assert to_send is None or state.reference in to_send


def test_a_copy_for_the_record_does_not_give_a_proposed_outcome_for_the_outcome(knowledge):
    for state in every_state(knowledge.escalation):
        copied = speaking(knowledge, state, confirmed=False).for_the_record([])
        assert ("\nOutcome: " in copied) is (state.stand is Stand.CLOSED)
        assert ("\nProposed outcome, not agreed yet: " in copied) is (state.stand is Stand.PROPOSED)
        assert "Child: ____" in copied


def test_a_copy_for_the_record_holds_all_that_was_typed_and_chosen(office):
    values = {
        "level": "Level three", "own_reference": "AB/12-34", "since": "2026-04-20", "talks": "One by phone",
        "child_safe": "no", "done": "rang-duty-team",
    }  # fmt: skip
    office.raise_(link="https://town.slack.example/archives/C1/p1", **values)
    looked = office.look(office.teacher)
    copied = looked.speaking.for_the_record(looked.events)
    for text in (
        RAISED["disagree"],
        RAISED["want"],
        "Level three",
        "AB/12-34",
        "Monday 20 April 2026",
        "One by phone",
        "I rang the duty team",
        "https://town.slack.example/archives/C1/p1",
        "High School",
        "Smalltown Council",
        "A referral: its criteria, or that it was turned down",
        "child safe now: no",
    ):
        assert text in copied
