"""What may be done with an escalation, by whom, while it stands how; and what must hold whatever people do."""

import asyncio
import random
from datetime import UTC, datetime, timedelta

import pytest
from ticketing import DEPUTY, MONDAY, OUTCOME, STRANGER, TALKER, TEACHER, TEAM, office_in

from bot.config import ROOT
from bot.ledger import NotFound, NotNow
from bot.storage.database import utc
from bot.tickets.escalations.moves import MOVES, is_open
from bot.tickets.escalations.quick import QuickForm, QuickKind
from bot.tickets.escalations.sides import may_decide, sides_of
from bot.tickets.escalations.state import OPEN, Escalation, Stand, folded
from bot.tickets.fields import FieldKind, InvalidForm
from bot.tickets.ticket import Event, Kind, Side

ENGLAND = ROOT / "knowledge" / "england"
REFERENCE = "ESC-2026-0001"
RAISING, RECEIVING, PARTNERSHIP = Side.RAISING, Side.RECEIVING, Side.PARTNERSHIP
WEDNESDAY = datetime(2026, 4, 29, 9, 0, tzinfo=UTC)


@pytest.fixture
def office(smalltown, tmp_path):
    office = office_in(smalltown, ENGLAND, tmp_path / "data", managers=["U0ANN"], channel="C0ESCALATE")
    yield office
    office.close()


# The table. Written by hand from the issue; what the code allows must be this and nothing more.

OPENS = """
not-told       raising      told talker view add urgent propose hand-on redirect snooze withdraw
not-told       receiving    acknowledge talker view add urgent propose hand-on wrong
not-told       partnership  told add urgent hand-on redirect
told           raising      talker view add urgent propose hand-on chase withdraw
told           receiving    acknowledge talker view add urgent propose hand-on wrong snooze
told           partnership  add urgent hand-on chase
acknowledged   raising      talker view add urgent propose hand-on chase withdraw
acknowledged   receiving    talker view add urgent propose hand-on wrong snooze
acknowledged   partnership  add urgent hand-on chase
wrong-agency   raising      talker view add urgent redirect snooze withdraw
wrong-agency   receiving    talker view add urgent
wrong-agency   partnership  add urgent redirect chase
proposed       raising      talker view add urgent hand-on chase withdraw
proposed       receiving    talker view add urgent agree decline hand-on snooze
proposed       partnership  add urgent hand-on chase
counter        raising      talker view add urgent agree decline hand-on snooze withdraw
counter        receiving    talker view add urgent hand-on
counter        partnership  add urgent hand-on chase
closed         raising      reopen file follow-up
closed         receiving    reopen file
closed         partnership  reopen follow-up
withdrawn      raising      reopen file
withdrawn      receiving    reopen file
withdrawn      partnership  reopen
last-not-told  raising      told talker view add urgent propose redirect snooze withdraw
last-not-told  receiving    talker view add urgent propose
last-not-told  partnership  told add urgent redirect decide
last-told      raising      talker view add urgent propose chase withdraw
last-told      receiving    acknowledge talker view add urgent propose wrong
last-told      partnership  add urgent snooze decide
last-proposed  raising      talker view add urgent chase withdraw
last-proposed  receiving    talker view add urgent agree decline snooze
last-proposed  partnership  add urgent chase decide
last-closed    raising      reopen file follow-up
last-closed    partnership  reopen follow-up
urgent         raising      talker view add propose hand-on chase withdraw
filed          raising      reopen follow-up
filed          receiving    reopen file
followed-up    raising      reopen file
followed-up    partnership  reopen
"""
"""How it stands, who looks, and every move that is open. `counter`: the receiving agency proposed."""

SHORT = {
    "told": Kind.TOLD,
    "acknowledge": Kind.ACKNOWLEDGED,
    "talker": Kind.TALKER_NAMED,
    "view": Kind.VIEW_GIVEN,
    "add": Kind.ADDED,
    "urgent": Kind.MADE_URGENT,
    "wrong": Kind.WRONG_AGENCY,
    "redirect": Kind.REDIRECTED,
    "hand-on": Kind.HANDED_ON,
    "propose": Kind.PROPOSED,
    "agree": Kind.AGREED,
    "decline": Kind.DECLINED,
    "decide": Kind.DECIDED,
    "withdraw": Kind.WITHDRAWN,
    "reopen": Kind.REOPENED,
    "file": Kind.FILED,
    "follow-up": Kind.FOLLOWED_UP,
    "chase": Kind.CHASED,
    "snooze": Kind.SNOOZED,
}
STANDING = {
    "not-told": {"stand": Stand.NOT_TOLD},
    "told": {"stand": Stand.TOLD},
    "acknowledged": {"stand": Stand.ACKNOWLEDGED},
    "wrong-agency": {"stand": Stand.MISDIRECTED},
    "proposed": {"stand": Stand.PROPOSED, "proposed_by": RAISING},
    "counter": {"stand": Stand.PROPOSED, "proposed_by": RECEIVING},
    "closed": {"stand": Stand.CLOSED, "closed_at": MONDAY},
    "withdrawn": {"stand": Stand.WITHDRAWN, "closed_at": MONDAY},
    "last-not-told": {"stand": Stand.NOT_TOLD, "last": True},
    "last-told": {"stand": Stand.TOLD, "last": True},
    "last-proposed": {"stand": Stand.PROPOSED, "proposed_by": RAISING, "last": True},
    "last-closed": {"stand": Stand.CLOSED, "closed_at": MONDAY, "last": True},
    "urgent": {"stand": Stand.TOLD, "urgent": True},
    "filed": {"stand": Stand.CLOSED, "closed_at": MONDAY, "filed": frozenset({RAISING})},
    "followed-up": {"stand": Stand.CLOSED, "closed_at": MONDAY, "followed_up": True},
}
TABLE = [(row.split()[0], Side(row.split()[1]), row.split()[2:]) for row in OPENS.strip().splitlines()]


def standing(**changes):
    given = {
        "reference": "ESC-2026-0001",
        "opened_at": MONDAY,
        "raiser": "anna",
        "raising": "high-school",
        "receiving": "social-care",
        "reason": "roles",
        "child_safe": "yes",
        "policy": "version",
        "stage": "stage-1",
        "stand": Stand.TOLD,
        "waiting_since": MONDAY,
    }
    return Escalation(**{**given, **changes})


@pytest.mark.parametrize(("stands", "side", "moves"), TABLE)
def test_a_side_may_do_what_the_table_says_and_nothing_else(stands, side, moves):
    state = standing(**STANDING[stands])
    found = {kind for kind, move in MOVES.items() if is_open(move, state, side, may_decide=True)}
    assert found == {SHORT[name] for name in moves}


def test_the_table_names_every_move_that_there_is():
    assert set(SHORT.values()) == set(MOVES)
    assert {Stand(state["stand"]) for state in STANDING.values()} == set(Stand)


@pytest.mark.parametrize("stands", STANDING)
def test_nobody_acts_as_the_bot(stands):
    state = standing(**STANDING[stands])
    assert not [kind for kind, move in MOVES.items() if is_open(move, state, Side.BOT, may_decide=True)]


@pytest.mark.parametrize("stands", [name for name in STANDING if name.startswith("last-")])
def test_a_manager_of_one_of_the_two_agencies_may_do_the_rest_but_not_decide(stands):
    state = standing(**STANDING[stands])
    allowed = {kind for kind, move in MOVES.items() if is_open(move, state, PARTNERSHIP, may_decide=True)}
    without = {kind for kind, move in MOVES.items() if is_open(move, state, PARTNERSHIP, may_decide=False)}
    assert without == allowed - {Kind.DECIDED}


@pytest.mark.parametrize(
    ("stands", "move"),
    [
        ("not-told", RAISING),
        ("told", RECEIVING),
        ("acknowledged", RECEIVING),
        ("wrong-agency", RAISING),
        ("proposed", RECEIVING),
        ("counter", RAISING),
        ("closed", None),
        ("withdrawn", None),
        ("last-not-told", RAISING),
        ("last-told", PARTNERSHIP),
        ("last-proposed", RECEIVING),
        ("last-closed", None),
    ],
)
def test_it_is_always_said_whose_move_it_is(stands, move):
    assert standing(**STANDING[stands]).move is move


# Events


def story(*events):
    """How it stands after events: (kind, side, data), an hour apart."""
    opening = {
        "raiser": "anna", "raising": "high-school", "receiving": "social-care", "reason": "roles",
        "child_safe": "yes", "policy": "v", "stage": "stage-1", "last": False,
    }  # fmt: skip
    told = [(Kind.OPENED, RAISING, opening), *events]
    return folded(
        Event(REFERENCE, kind, MONDAY + timedelta(hours=n), side, "anna", data, seq=n + 1)
        for n, (kind, side, data) in enumerate(told)
    )


def hour(number):
    return MONDAY + timedelta(hours=number)


TOLD = (Kind.TOLD, Side.BOT, {})
ACKNOWLEDGED = (Kind.ACKNOWLEDGED, RECEIVING, {})
PROPOSED = (Kind.PROPOSED, RAISING, OUTCOME)
ON = (Kind.HANDED_ON, RAISING, {"stage": "stage-2", "last": False})
REOPENED = (Kind.REOPENED, RAISING, {})


def test_an_escalation_begins_untold_and_waits_for_its_raiser():
    state = story()
    assert (state.stand, state.move, state.waiting_since, state.wait) == (Stand.NOT_TOLD, RAISING, MONDAY, 1)
    assert (state.stage_since, state.stages_told, state.closed_at) == (None, {}, None)


def test_the_stage_begins_when_the_other_agency_was_told_and_not_when_that_was_written_down():
    state = story((Kind.TOLD, RAISING, {"on": "2026-04-24T15:00:00+01:00", "how": "phone"}))
    assert state.stage_since == datetime(2026, 4, 24, 14, 0, tzinfo=UTC)
    assert state.stages_told == {"stage-1": state.stage_since}
    assert state.waiting_since == hour(1)


def test_the_first_acknowledgement_counts():
    state = story(TOLD, ACKNOWLEDGED, ON, TOLD, ACKNOWLEDGED)
    assert state.acknowledged_at == hour(2)
    assert state.stages_told == {"stage-1": hour(1), "stage-2": hour(4)}
    assert (state.stage, state.stage_since) == ("stage-2", hour(4))


def test_a_declined_outcome_leaves_the_stage_its_date_and_nothing_of_the_outcome():
    state = story(TOLD, ACKNOWLEDGED, PROPOSED, (Kind.DECLINED, RECEIVING, {}))
    assert (state.stand, state.stage_since, state.waiting_since) == (Stand.ACKNOWLEDGED, hour(1), hour(4))
    assert (state.outcome, state.proposed_by, state.proposer) == (None, None, None)


def test_an_outcome_declined_before_the_stage_began_leaves_it_untold():
    state = story(PROPOSED, (Kind.DECLINED, RECEIVING, {}))
    assert (state.stand, state.move) == (Stand.NOT_TOLD, RAISING)


@pytest.mark.parametrize("how", [ON, (Kind.WITHDRAWN, RAISING, {})])
def test_a_proposed_outcome_is_no_outcome_once_it_went_another_way(how):
    state = story(TOLD, PROPOSED, how)
    assert (state.outcome, state.proposed_by) == (None, None)


@pytest.mark.parametrize(
    "ending",
    [
        ((Kind.PROPOSED, RAISING, OUTCOME), (Kind.AGREED, RECEIVING, {})),
        ((Kind.PROPOSED, RAISING, OUTCOME), (Kind.LAPSED, Side.BOT, {})),
        ((Kind.DECIDED, PARTNERSHIP, OUTCOME),),
    ],
)
def test_it_closes_with_an_outcome_and_opens_again_as_if_untold(ending):
    closed = story(TOLD, *ending)
    assert (closed.stand, closed.closed_as, closed.outcome.outcome) == (
        Stand.CLOSED,
        ending[-1][0],
        "decision-changed",
    )
    again = story(TOLD, *ending, (Kind.FILED, RAISING, {}), (Kind.FOLLOWED_UP, RAISING, {}), REOPENED)
    assert (again.stand, again.outcome, again.closed_at, again.closed_as) == (Stand.NOT_TOLD, None, None, None)
    assert (again.filed, again.followed_up, again.stage_since) == (frozenset(), False, None)
    assert again.stage == "stage-1"


def test_the_right_agency_begins_anew():
    named = (Kind.TALKER_NAMED, RECEIVING, {"person": "tom"})
    ours = (Kind.TALKER_NAMED, RAISING, {"person": "olga"})
    wrong = (TOLD, ACKNOWLEDGED, named, ours, (Kind.WRONG_AGENCY, RECEIVING, {"better": "gp"}))
    assert (story(*wrong).stand, story(*wrong).move) == (Stand.MISDIRECTED, RAISING)
    state = story(*wrong, (Kind.REDIRECTED, RAISING, {"receiving": "gp"}))
    assert (state.receiving, state.stand) == ("gp", Stand.NOT_TOLD)
    assert (state.stages_told, state.acknowledged_at, state.stage_since) == ({}, None, None)
    assert state.named == {"raising": frozenset({"olga"})}


def test_reminders_begin_anew_with_each_move_that_is_waited_for():
    reminded = (
        (Kind.REMINDED, Side.BOT, {"step": "after-1"}),
        (Kind.SNOOZED, RAISING, {"until": MONDAY.isoformat()}),
    )
    assert (story(*reminded).reminded, story(*reminded).snoozed_until) == ({"after-1"}, MONDAY)
    for event in (TOLD, ON, PROPOSED, (Kind.WITHDRAWN, RAISING, {})):
        state = story(*reminded, event)
        assert (state.reminded, state.snoozed_until) == (frozenset(), None)
        assert state.wait == 4
    for event in ((Kind.ADDED, RAISING, {}), (Kind.CHASED, RAISING, {}), (Kind.MADE_URGENT, RAISING, {})):
        assert story(*reminded, event).reminded == {"after-1"}
        assert story(*reminded, event).wait == 1


# Who may


def test_the_two_agencies_those_they_named_and_managers_may_see_it_and_nobody_else(office):
    office.raise_()
    office.deliver()
    office.move(Kind.TALKER_NAMED, office.council_lead, person=TALKER)
    state = office.state()
    assert sides_of(state, office.teacher) == [RAISING]
    assert sides_of(state, office.school_lead) == [RAISING]
    assert sides_of(state, office.council_lead) == [RECEIVING]
    assert sides_of(state, office.viewer(DEPUTY, leads=["social-care"])) == [RECEIVING]
    assert sides_of(state, office.viewer(TALKER)) == [RECEIVING]
    assert sides_of(state, office.manager) == [PARTNERSHIP]
    assert sides_of(state, office.viewer("U0OPERATOR", operator=True)) == [PARTNERSHIP]
    for stranger in (
        office.viewer(STRANGER, agency="high-school"),  # a colleague
        office.viewer(STRANGER, agency="social-care"),
        office.viewer(STRANGER, leads=["gp"]),
        office.viewer(STRANGER),
    ):
        assert sides_of(state, stranger) == []
        with pytest.raises(NotFound):
            office.look(stranger)
        for kind in MOVES:
            with pytest.raises(NotFound):
                office.move(kind, stranger)


def test_an_unknown_reference_and_one_of_others_are_not_told_apart(office):
    office.raise_()
    for reference in (REFERENCE, "ESC-2026-0002", "", "'; DROP TABLE tickets"):
        with pytest.raises(NotFound):
            office.look(office.viewer(STRANGER), reference)
    with pytest.raises(NotFound):
        office.look(office.manager, "ESC-2026-0002")


def test_who_was_named_by_the_wrong_agency_sees_it_no_more(office):
    office.raise_()
    office.deliver()
    talker = office.viewer(TALKER)
    office.move(Kind.ACKNOWLEDGED, office.council_lead, person=TALKER)
    assert [line.reference for line in office.run(office.service.mine(talker))] == [REFERENCE]
    office.move(Kind.WRONG_AGENCY, office.council_lead, why="It is for health.", better="gp")
    office.move(Kind.REDIRECTED, office.teacher, receiving="gp")
    assert office.run(office.service.mine(talker)) == []
    for nobody in (talker, office.council_lead):
        with pytest.raises(NotFound):
            office.look(nobody)


def test_only_managers_who_have_no_part_in_it_decide(office):
    office.raise_(stage="stage-4", stage_why="A strategy meeting is tomorrow.")
    state = office.state()
    assert state.last
    assert may_decide(state, office.manager)
    assert may_decide(state, office.viewer("U0OPERATOR", operator=True))
    assert may_decide(state, office.viewer("U0ANN", manager=True, agency="gp"))
    assert not may_decide(state, office.teacher)
    for own in ("high-school", "social-care"):
        assert not may_decide(state, office.viewer("U0ANN", manager=True, agency=own))
        assert not may_decide(state, office.viewer("U0ANN", manager=True, leads=[own]))
        with pytest.raises(NotNow):
            office.move(Kind.DECIDED, office.viewer("U0ANN", manager=True, agency=own), **OUTCOME)
    assert not may_decide(state, office.viewer(TEACHER, manager=True))  # she raised it
    office.move(Kind.TALKER_NAMED, office.school_lead, person=TALKER)
    assert not may_decide(office.state(), office.viewer(TALKER, manager=True))
    assert office.move(Kind.DECIDED, office.manager, **OUTCOME).closed_as is Kind.DECIDED


def test_nobody_agrees_to_an_outcome_that_they_proposed_themselves(office):
    """Where one person acts for both agencies, or the policy has disagreements inside one."""
    office.raise_()
    office.deliver()
    both = office.viewer(TEAM, leads=["high-school", "social-care"])
    assert office.move(Kind.PROPOSED, both, **OUTCOME).proposed_by is RAISING
    assert Kind.AGREED not in {move.kind for move in office.look(both).moves}
    with pytest.raises(NotNow):
        office.move(Kind.AGREED, both)
    assert office.move(Kind.AGREED, office.viewer(DEPUTY, leads=["social-care"])).stand is Stand.CLOSED


def test_a_manager_who_recorded_it_for_a_stranger_speaks_for_them_too(office):
    recorded = {"raising": "gp", "received_on": "2026-04-24", "heard_by": "phone", "from_whom": "A practice nurse"}
    office.raise_(office.manager, for_somebody=True, **recorded)
    assert sides_of(office.state(), office.manager) == [RAISING, PARTNERSHIP]
    assert sides_of(office.state(), office.viewer("U0OTHER", manager=True)) == [PARTNERSHIP]
    assert office.state().raiser is None
    assert office.events()[0].side is PARTNERSHIP


def test_only_managers_record_for_somebody_else(office):
    recorded = {"raising": "gp", "received_on": "2026-04-24", "heard_by": "phone", "from_whom": "A practice nurse"}
    with pytest.raises(InvalidForm):
        office.raise_(office.teacher, for_somebody=True, **recorded)
    assert office.rows("SELECT * FROM tickets") == []


def test_a_manager_who_opens_anothers_record_leaves_an_event(office):
    office.raise_()
    for viewer in (office.teacher, office.council_lead):
        office.look(viewer)
    assert [event.kind for event in office.events()] == [Kind.OPENED]
    office.look(office.manager)
    assert [(event.kind, event.side) for event in office.events()][1:] == [(Kind.READ, PARTNERSHIP)]


def test_what_is_done_at_the_command_line_is_marked_so(office):
    office.raise_()
    office.move(Kind.TOLD, office.viewer("U0OPERATOR", operator=True), how="phone", whom="M")
    assert office.events()[-1].data["operator"] is True


# Once, and of two the first


def test_the_same_submission_gives_the_same_record(office):
    first = office.raise_(claim="view:V1")
    assert office.raise_(claim="view:V1").reference == first.reference == REFERENCE
    assert office.raise_(claim="view:V2").reference == "ESC-2026-0002"
    office.deliver()
    for _ in range(2):
        assert office.move(Kind.ACKNOWLEDGED, office.council_lead, claim="view:V3").stand is Stand.ACKNOWLEDGED
    assert [event.kind for event in office.events()] == [Kind.OPENED, Kind.TOLD, Kind.ACKNOWLEDGED]


def test_a_form_that_turned_into_another_has_the_same_address_and_gives_another_record(office):
    """Slack keeps a view's id when a quick record that settled nothing turns into the form for raising."""
    knowledge = office.library.knowledge
    form = QuickForm(QuickKind.TALK, knowledge.escalation, knowledge.partnership.agencies)
    talked = {
        "other": "social-care", "outcome": "not-settled", "both_told": "yes", "text": "Nothing.", "day": "2026-04-27",
    }  # fmt: skip
    filled = form.read(talked, office.service.guard, office.now)
    quick = office.service.quick(form.kind, filled, office.teacher, channel="slack", claim="view:V1")
    assert office.run(quick) == "QR-2026-0001"
    assert office.raise_(claim="view:V1").reference == REFERENCE


def test_of_two_who_agree_at_once_the_first_closes_it_and_the_other_hears_so(office):
    office.raise_()
    office.deliver()
    office.move(Kind.PROPOSED, office.teacher, **OUTCOME)
    one, other = office.council_lead, office.viewer(DEPUTY, leads=["social-care"])

    async def both():
        moves = (
            office.service.move(REFERENCE, Kind.AGREED, {}, viewer, claim=f"view:{n}")
            for n, viewer in enumerate((one, other))
        )
        return await asyncio.gather(*moves, return_exceptions=True)

    found = office.run(both())
    assert sorted(type(result).__name__ for result in found) == ["NotNow", "Speaking"]
    told = next(result for result in found if isinstance(result, NotNow))
    assert told.speaking.state.stand is Stand.CLOSED
    assert sum(event.kind is Kind.AGREED for event in office.events()) == 1


def test_a_form_that_is_not_whole_changes_nothing(office):
    office.raise_()
    office.deliver()
    before = len(office.events()), len(office.outbox())
    for kind, values in (
        (Kind.PROPOSED, {**OUTCOME, "agreed": ""}),
        (Kind.PROPOSED, {**OUTCOME, "outcome": "won"}),
        (Kind.HANDED_ON, {"stage": "stage-1", "why": "Back."}),
        (Kind.MADE_URGENT, {}),
        (Kind.ADDED, {}),
        (Kind.ADDED, {"own_reference": "two words"}),
    ):
        with pytest.raises(InvalidForm):
            office.move(kind, office.teacher, **values)
    assert (len(office.events()), len(office.outbox())) == before


# When they were told


@pytest.mark.parametrize(
    ("on", "taken"),
    [
        ("2026-04-27T09:29:59+00:00", False),  # before it was raised, at 9:30:40
        ("2026-04-27T09:30:00+00:00", True),  # the same minute
        ("2026-04-27T10:40", True),  # London's time
        ("2026-04-27T10:00:00+00:00", True),  # now
        ("2026-04-27T10:03:00+00:00", False),  # ahead
        ("2025-04-27T10:00:00+00:00", False),
    ],
)
def test_they_were_told_after_it_was_raised_and_not_ahead(office, on, taken):
    office.now = datetime(2026, 4, 27, 9, 30, 40, tzinfo=UTC)
    office.raise_(receiving="gp")
    office.now = datetime(2026, 4, 27, 10, 0, tzinfo=UTC)
    if taken:
        office.move(Kind.TOLD, office.teacher, how="phone", whom="Reception", on=on)
        assert office.state().stage_since <= office.now
    else:
        with pytest.raises(InvalidForm):
            office.move(Kind.TOLD, office.teacher, how="phone", whom="Reception", on=on)


def test_a_later_stage_was_not_told_before_the_one_that_went_before_it(office):
    office.raise_(receiving="gp")
    office.now = WEDNESDAY
    office.move(Kind.TOLD, office.teacher, how="phone", whom="Reception", on="2026-04-28T09:00:00+00:00")
    office.move(Kind.HANDED_ON, office.teacher, stage="stage-2", why="No answer.")
    told = {"how": "phone", "whom": "The practice manager"}
    with pytest.raises(InvalidForm):
        office.move(Kind.TOLD, office.teacher, **told, on="2026-04-28T08:59:00+00:00")
    assert office.move(Kind.TOLD, office.teacher, **told, on="2026-04-28T09:00:00+00:00").stage == "stage-2"


def test_one_that_a_manager_recorded_later_may_have_been_told_before(office):
    recorded = {"raising": "gp", "received_on": "2026-04-24", "heard_by": "letter", "from_whom": "A nurse"}
    office.raise_(office.manager, for_somebody=True, **recorded)
    office.deliver()  # told by the bot meanwhile: the stage began
    office.raise_(office.manager, for_somebody=True, **recorded)
    on = "2026-04-23T12:00:00+01:00"
    told = office.move(Kind.TOLD, office.manager, "ESC-2026-0002", how="phone", whom="The team", on=on)
    assert told.stage_since == datetime(2026, 4, 23, 11, 0, tzinfo=UTC)
    assert office.rows("SELECT due FROM tickets WHERE reference = 'ESC-2026-0002'") == [{"due": "2026-04-24"}]


def test_the_right_agency_is_neither_the_wrong_one_nor_ones_own(office):
    office.raise_()
    office.deliver()
    office.move(Kind.WRONG_AGENCY, office.council_lead, why="It is for health.")
    offered = office.service.fields(office.look(office.teacher), Kind.REDIRECTED)[0].options
    assert [option.id for option in offered] == ["gp"]


# Snoozed


def test_reminders_that_were_put_off_come_on_the_next_working_morning_and_the_date_stays(office):
    office.raise_()
    office.deliver()
    office.now = datetime(2026, 4, 28, 9, 0, tzinfo=UTC)
    office.move(Kind.SNOOZED, office.council_lead)
    (row,) = office.rows("SELECT * FROM tickets")
    assert (row["due"], row["next_look"]) == ("2026-04-28", utc(datetime(2026, 4, 29, 8, 0, tzinfo=UTC)))
    office.now = datetime(2026, 4, 28, 15, 30, tzinfo=UTC)
    office.tick()
    assert office.state().reminded == frozenset()
    office.now = datetime(2026, 4, 29, 8, 0, tzinfo=UTC)
    office.tick()
    assert office.state().reminded == {"before", "on", "after-1"}


@pytest.mark.parametrize(
    ("at", "reminded"),
    [
        (datetime(2026, 4, 29, 2, 0, tzinfo=UTC), False),  # the bot was stopped, and starts at night
        (datetime(2026, 4, 29, 7, 59, tzinfo=UTC), False),
        (datetime(2026, 4, 29, 8, 0, tzinfo=UTC), True),
        (datetime(2026, 4, 29, 15, 59, tzinfo=UTC), True),
        (datetime(2026, 4, 29, 16, 0, tzinfo=UTC), False),
        (datetime(2026, 5, 2, 12, 0, tzinfo=UTC), False),  # Saturday
        (datetime(2026, 5, 4, 12, 0, tzinfo=UTC), False),  # bank holiday
    ],
)
def test_what_comes_late_comes_in_office_time_too(office, at, reminded):
    office.raise_()
    office.deliver()
    queued = len(office.outbox())
    office.now = at
    office.tick()
    assert bool(office.state().reminded) is reminded
    assert (len(office.outbox()) > queued) is reminded
    (row,) = office.rows("SELECT next_look FROM tickets")
    assert row["next_look"] > utc(at)


# Whatever people do


class Walk:
    """People who do whatever is open to them, and things that are not, while time passes."""

    def __init__(self, office, seed):
        self.office, self.random = office, random.Random(seed)
        people = {
            "teacher": office.teacher,
            "school": office.school_lead,
            "council": office.council_lead,
            "talker": office.viewer(TALKER),
            "gp": office.viewer("U0GP", agency="gp", leads=["gp"]),
            "manager": office.manager,
            "theirs": office.viewer("U0THEIRS", agency="social-care", manager=True),
            "operator": office.viewer("U0OPERATOR", operator=True),
            "stranger": office.viewer(STRANGER, agency="high-school"),
        }
        self.people = list(people.values())
        self.seen = []

    def filled(self, fields):
        """Something for each field that has to be filled in, and for some of the others."""
        values = {}
        for field in fields:
            if field.optional and field.name != "note" and self.random.random() < 0.5:
                continue
            match field.kind:
                case FieldKind.CHOICE:
                    values[field.name] = self.random.choice(field.options).id
                case FieldKind.PERSON:
                    values[field.name] = self.random.choice([TALKER, TEACHER])
                case FieldKind.DATE:
                    values[field.name] = self.office.now.date().isoformat()
                case FieldKind.MOMENT:
                    values[field.name] = self.office.now.isoformat()
                case FieldKind.REFERENCE:
                    values[field.name] = "AB/12-34"
                case FieldKind.TEXT:
                    values[field.name] = f"What was said, number {self.random.randrange(1000)}."
        return values

    def counted(self):
        counts = "SELECT (SELECT count(*) FROM events) AS events, (SELECT count(*) FROM outbox) AS outbox"
        return self.office.rows(counts), self.office.rows("SELECT * FROM tickets")

    def step(self):
        office, by = self.office, self.random.choice(self.people)
        office.now += timedelta(minutes=self.random.choice([0, 1, 30, 600, 3000]))
        what = self.random.random()
        if what < 0.15:
            office.tick()
        elif what < 0.3:
            office.deliver(refuse=[TEAM] if self.random.random() < 0.5 else [])
        elif not sides_of(office.state(), by):
            self.refused(by, self.random.choice(list(MOVES)), NotFound)
        elif what < 0.45:
            looked = office.look(by)
            self.refused(by, self.random.choice([kind for kind in MOVES if MOVES[kind] not in looked.moves]), NotNow)
        else:
            looked = office.look(by)
            if looked.moves:
                move = self.random.choice(looked.moves)
                if move.kind is Kind.DECIDED:
                    parties = {looked.state.raising, looked.state.receiving}
                    assert by.manager or by.operator
                    assert by.person.agency not in parties
                office.move(move.kind, by, **self.filled(office.service.fields(looked, move.kind)))
        self.check()

    def refused(self, by, kind, error):
        before = self.counted()
        with pytest.raises(error):
            self.office.move(kind, by, **OUTCOME, why="No.", view="No.", note="No.", person=TALKER, stage="stage-2")
        assert self.counted() == before

    def check(self):
        events = self.office.events()
        # Earlier text never changes, nor anything else of what happened.
        assert events[: len(self.seen)] == self.seen
        self.seen = events
        state = folded(events)
        (row,) = self.office.rows("SELECT * FROM tickets")
        clock = self.office.run(self.office.service.speaking(REFERENCE)).clock
        due = clock.due_of(state)
        assert row == {
            **row,
            "raiser": state.raiser,
            "raising": state.raising,
            "receiving": state.receiving,
            "stage": state.stage,
            "stand": state.stand.value,
            "urgent": state.urgent,
            "move": state.move and state.move.value,
            "due": due and due.isoformat(),
            "acknowledged_at": state.acknowledged_at and utc(state.acknowledged_at),
            "closed_at": state.closed_at and utc(state.closed_at),
            "closed_as": state.closed_as and state.closed_as.value,
            "outcome": state.outcome and state.outcome.outcome,
        }
        named = {person for people in state.named.values() for person in people}
        assert {found["person_id"] for found in self.office.rows("SELECT * FROM ticket_people")} == named
        # Nothing open is ever silent.
        assert state.is_open is (state.stand in OPEN) is (row["closed_at"] is None)
        if state.is_open:
            assert row["next_look"] is not None
            assert state.move is not None
        if state.stand is Stand.CLOSED:
            assert state.outcome is not None
        if state.stand is not Stand.CLOSED and state.stand is not Stand.PROPOSED:
            assert state.outcome is None
        closings = (Kind.AGREED, Kind.DECIDED, Kind.LAPSED, Kind.WITHDRAWN)
        since = 0
        for event in events:
            since = 0 if event.kind is Kind.REOPENED else since + (event.kind in closings)
            assert since <= 1, "it was closed twice"
        proposals = [event for event in events if event.kind is Kind.PROPOSED]
        for event in events:
            if event.kind is Kind.AGREED:
                last = [proposal for proposal in proposals if proposal.seq < event.seq][-1]
                assert event.side is last.side.other
                assert event.person_id != last.person_id
            if event.kind is Kind.DECIDED:
                assert event.side is PARTNERSHIP

    def comes_back(self):
        """Left alone, the clockwork looks after it again and again, until it has lapsed."""
        office = self.office
        for _ in range(4):
            (row,) = office.rows("SELECT * FROM tickets")
            if row["next_look"] is None:
                assert not office.state().is_open
                return
            look = datetime.fromisoformat(row["next_look"])
            office.now = max(look, office.now)
            before = len(office.events())
            office.tick()
            (row,) = office.rows("SELECT * FROM tickets")
            assert row["next_look"] is None or row["next_look"] > utc(office.now)
            in_time = office.run(office.service.speaking(REFERENCE)).clock.next_office_time(office.now) == office.now
            new = [event.kind for event in office.events()[before:]]
            assert new == [Kind.LAPSED] or (set(new) == {Kind.REMINDED}) is in_time
            self.check()


@pytest.mark.parametrize("seed", range(24))
def test_whatever_people_do_it_holds(office, seed):
    office.raise_(receiving="social-care" if seed % 3 else "gp", urgent="yes" if seed % 4 == 0 else None)
    walk = Walk(office, seed)
    for _ in range(30):
        walk.step()
    walk.comes_back()
    with office.store.reading() as tx:
        assert list(office.service.ledger.history.verify(tx)) == []


def test_references_have_no_gaps_whatever_was_refused(office):
    for number in range(1, 6):
        with pytest.raises(InvalidForm):
            office.raise_(disagree="")
        assert office.raise_().reference == f"ESC-2026-{number:04}"
    office.now = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    assert office.raise_().reference == "ESC-2026-0006"
    office.now = datetime(2027, 1, 1, 0, 0, tzinfo=UTC)
    assert office.raise_().reference == "ESC-2027-0001"


def test_one_that_cannot_be_read_does_not_silence_the_others(office, caplog):
    office.raise_()
    policy = (office.library._layers[-1] / "escalation-policy.yaml").read_text("utf-8")
    office.policy_becomes(policy.replace("name: Resolution policy", "name: Another policy"))
    office.raise_()
    office.deliver()
    broken = "UPDATE policies SET content = '{}' WHERE content LIKE '%Resolution policy%'"
    assert office.run(office.store.write(lambda tx: tx.execute(broken))) == 1
    office.now = WEDNESDAY
    assert office.tick() == 1
    assert office.state("ESC-2026-0001").reminded == frozenset()
    assert office.state("ESC-2026-0002").reminded != frozenset()
    assert "ESC-2026-0001 could not be looked after: ValidationError" in caplog.text


def test_each_stage_has_its_date_from_its_own_telling(office):
    office.now = datetime(2026, 5, 1, 15, 59, tzinfo=UTC)  # Friday, 16:59 in London; Monday is a bank holiday
    office.raise_()
    due = "SELECT due FROM tickets"
    assert office.rows(due) == [{"due": None}]
    office.deliver()
    assert office.rows(due) == [{"due": "2026-05-05"}]
    office.move(Kind.HANDED_ON, office.teacher, stage="stage-2", why="No answer.")
    assert office.rows(due) == [{"due": None}]
    office.deliver()
    assert office.rows(due) == [{"due": "2026-05-06"}]
