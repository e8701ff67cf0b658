"""What may be done with a feedback request, by whom, while it stands how; every way to its end; what must hold."""

import asyncio
import json
import random
from datetime import UTC, datetime, timedelta

import pytest
from ticketing import DSL, MANAGER, MONDAY, OFFICER, RAISED, STRANGER, TEACHER, office_in

from bot.config import ROOT
from bot.ledger import NotFound, NotNow
from bot.storage import feedback as stored
from bot.storage.database import utc
from bot.storage.outbox import MessageKind
from bot.tickets.escalations.state import Stand as EscalationStand
from bot.tickets.feedback.moves import MOVES, NOT_ENOUGH
from bot.tickets.feedback.sides import sides_of
from bot.tickets.feedback.state import OPEN, WITH_MASH, Stand, folded
from bot.tickets.fields import FieldKind, InvalidForm
from bot.tickets.ticket import Kind, Side

ENGLAND = ROOT / "knowledge" / "england"
ONE, TWO = "MASH-2026-0001", "MASH-2026-0002"
OTHER_OFFICER = "U0MASH2"
LATE = {"day": "2026-04-13"}
TUESDAY = datetime(2026, 4, 28, 9, 1, tzinfo=UTC)  # 10:01 in London: what was referred on Friday is late
TOLD = {"how": "phone", "told_by": "manager"}
CARRIES = "answered_by: social-care\nfeedback_content: code_and_note\n"


@pytest.fixture
def start(smalltown, tmp_path):
    """Opens the office; what was opened is closed afterwards."""
    opened = []

    def start(**changes):
        given = {"managers": [MANAGER], "officers": [OFFICER, OTHER_OFFICER], "mash_channel": "C0MASH", **changes}
        opened.append(office_in(smalltown, ENGLAND, tmp_path / "data", **given))
        return opened[-1]

    yield start
    for office in opened:
        office.close()


@pytest.fixture
def office(start):
    return start()


def other_officer(office):
    return office.viewer(OTHER_OFFICER, mash=True)


def london(text):
    return datetime.fromisoformat(f"{text}:00+01:00")  # summer time


def kinds(office, reference=ONE):
    return [event.kind for event in office.events(reference)]


def row(office, reference=ONE):
    (found,) = office.rows("SELECT * FROM tickets WHERE reference = :reference", reference=reference)
    return found


def counted(office):
    counts = "SELECT (SELECT count(*) FROM events) AS events, (SELECT count(*) FROM outbox) AS outbox"
    return office.rows(counts), office.rows("SELECT * FROM tickets")


def queue(office):
    return [line.reference for line in office.run(office.feedback.queue(office.officer))]


# The table. Written by hand from the issue; what the code allows must be this and nothing more.

OPENS = """
held           referrer   heard add withdraw
held-late      referrer   not-heard heard add withdraw escalate
asked          referrer   heard add withdraw escalate
asked          officer    told found take unmatched not-received
taken          referrer   heard add withdraw escalate
taken          officer    told found unmatched not-received
found          referrer   heard add withdraw escalate
found          officer    told take unmatched not-received
unmatched      referrer   heard add withdraw escalate
unmatched      officer    told found not-received
not-received   referrer   resent add withdraw escalate
not-received   officer    told found
resent         referrer   heard add withdraw
answered       referrer   satisfied not-satisfied add withdraw escalate
answered       officer
arrived        referrer   satisfied not-satisfied add withdraw escalate
arrived        officer
not-satisfied  referrer   heard add withdraw escalate
not-satisfied  officer    told found take unmatched not-received
minutes        referrer   heard add withdraw escalate
minutes        officer    told found take unmatched not-received
escalated      referrer   heard add withdraw
escalated      officer    told found take unmatched not-received
closed         referrer   reopen escalate
closed         officer
heard          referrer   reopen escalate
withdrawn      referrer   reopen
"""
"""How it stands, who looks, and every move that is open; "escalate" goes on to an escalation.

What holds for the referrer holds for their agency's lead. Managers and the local operator look, and move nothing.
Whoever has no row sees nothing: nobody else at any time, and the MASH none of what was not asked of it.
"""
SHORT = {
    "told": Kind.ANSWERED,
    "found": Kind.FOUND,
    "take": Kind.TAKEN,
    "unmatched": Kind.UNMATCHED,
    "not-received": Kind.NOT_RECEIVED,
    "not-heard": Kind.NOT_HEARD,
    "heard": Kind.HEARD,
    "satisfied": Kind.SATISFIED,
    "not-satisfied": Kind.NOT_SATISFIED,
    "resent": Kind.RESENT,
    "add": Kind.ADDED,
    "withdraw": Kind.WITHDRAWN,
    "reopen": Kind.REOPENED,
    "escalate": Kind.ESCALATED,
}
TABLE = {}
for line in OPENS.strip().splitlines():
    stands, role, *moves = line.split()
    TABLE.setdefault(stands, {})[role] = {SHORT[name] for name in moves}
ANYTHING = {
    **TOLD, "why": "No more.", "lacking": "no-reasons", "own_reference": "A/1", "day": "2026-04-27",
    "made_how": "phone", "made_to": "front-door",
}  # fmt: skip
"""Something for every field that has to be filled in."""


def escalate(office, by=None, reference=ONE, *, claim=None, **changes):
    """Go on to an escalation; what is said of it."""
    by = by or office.teacher
    form, begun = office.feedback.escalation(office.look(by, reference), by)
    values = {**RAISED, **begun, **changes}
    return office.run(office.feedback.escalate(reference, form, values, by, claim=claim or office.claim()))


def bring_to(office, stands):
    """A request that stands so."""
    teacher, officer = office.teacher, office.officer
    steps = {
        "held": [],
        "held-late": [],
        "asked": [],
        "taken": [(Kind.TAKEN, other_officer(office))],
        "found": [(Kind.FOUND, officer)],
        "unmatched": [(Kind.UNMATCHED, other_officer(office))],
        "not-received": [(Kind.NOT_RECEIVED, officer)],
        "resent": [(Kind.NOT_RECEIVED, officer), (Kind.RESENT, teacher)],
        "answered": [(Kind.ANSWERED, officer)],
        "arrived": [(Kind.FOUND, officer)],
        "not-satisfied": [(Kind.TAKEN, officer), (Kind.ANSWERED, officer), (Kind.NOT_SATISFIED, teacher)],
        "minutes": [],
        "escalated": [],
        "closed": [(Kind.ANSWERED, officer), (Kind.SATISFIED, teacher)],
        "heard": [(Kind.HEARD, teacher)],
        "withdrawn": [(Kind.WITHDRAWN, teacher)],
    }[stands]
    needs = {"arrived": "acknowledgement", "minutes": "strategy-minutes"}.get(stands, "decision")
    held = stands in ("held", "held-late", "heard", "withdrawn")
    office.ask(needs=needs, **({} if held else LATE))
    for kind, by in steps:
        office.respond(kind, by, **ANYTHING)
    if stands == "escalated":
        escalate(office)
    if stands in ("held-late", "withdrawn", "minutes"):
        office.now = TUESDAY


@pytest.mark.parametrize("stands", TABLE)
def test_each_role_may_do_what_the_table_says_and_nothing_else(office, stands):
    bring_to(office, stands)
    rights = TABLE[stands]
    everybody = {
        "referrer": (office.teacher, rights["referrer"]),
        "lead": (office.school_lead, rights["referrer"]),
        "officer": (office.officer, rights.get("officer")),
        "manager": (office.manager, set()),
        "operator": (office.viewer("U0OPERATOR", operator=True), set()),
        "colleague": (office.viewer("U0COLLEAGUE", agency="high-school", address_of="high-school"), None),
        "the MASH's own agency": (office.council_lead, None),
        "another lead": (office.viewer("U0GP", agency="gp", leads=["gp"]), None),
        "stranger": (office.viewer(STRANGER), None),
    }
    for name, (viewer, allowed) in everybody.items():
        if allowed is None:
            with pytest.raises(NotFound):
                office.look(viewer, ONE)
        else:
            looked = office.look(viewer, ONE)
            found = {move.kind for move in looked.moves}
            found |= {Kind.ESCALATED} if office.feedback.may_escalate(looked, viewer) else set()
            assert found == allowed, name
    before = counted(office)
    for viewer, allowed in everybody.values():
        for kind in set(MOVES) - (allowed or set()):
            with pytest.raises(NotFound if allowed is None else NotNow):
                office.respond(kind, viewer, **ANYTHING)
    assert counted(office) == before, "what is refused leaves nothing"


def test_the_table_names_every_move_and_every_stand_that_there_is(office):
    assert set(SHORT.values()) == set(MOVES) | {Kind.ESCALATED}
    assert {kind for rights in TABLE.values() for kinds in rights.values() for kind in kinds} == set(SHORT.values())
    assert {move.kind for move in MOVES.values() if Side.BOT in move.sides} == set()
    assert {stand for move in MOVES.values() for stand in move.stands} == set(Stand)


def test_an_unknown_reference_and_one_of_others_are_not_told_apart(office):
    office.ask(**LATE)
    for reference in (ONE, TWO, "", "'; DROP TABLE tickets"):
        with pytest.raises(NotFound):
            office.run(office.feedback.look(reference, office.viewer(STRANGER)))


def test_a_manager_who_opens_anothers_request_leaves_an_event_and_the_parties_do_not(office):
    office.ask(**LATE)
    for viewer in (office.teacher, office.school_lead, office.officer):
        office.look(viewer, ONE)
    assert kinds(office) == [Kind.OPENED]
    office.look(office.manager, ONE)
    assert [(event.kind, event.side) for event in office.events(ONE)][1:] == [(Kind.READ, Side.PARTNERSHIP)]


# Every way to an end


def test_answered_and_what_was_needed(office):
    office.ask(day="2026-04-23", time="15:00", **{"needs": "decision,next-steps"})
    assert queue(office) == [ONE]
    office.respond(Kind.TAKEN, office.officer)
    office.respond(Kind.FOUND, office.officer)
    answered = office.respond(Kind.ANSWERED, office.officer, how="secure-e-mail", told_by="social-worker")
    assert (answered.stand, answered.move, queue(office)) == (Stand.ANSWERED, Side.RAISING, [])
    closed = office.respond(Kind.SATISFIED, office.teacher)
    assert (closed.stand, closed.closed_as, closed.is_open) == (Stand.CLOSED, Kind.SATISFIED, False)
    assert row(office) == {
        **row(office),
        "kind": "feedback",
        "referred_at": utc(london("2026-04-23T15:00")),
        "expected_at": utc(london("2026-04-24T17:00")),
        "asked_at": utc(MONDAY),
        "found_at": utc(MONDAY),
        "answered_at": utc(MONDAY),
        "working_minutes": 2 * 60 + 8 * 60 + 60,  # Thursday from three, Friday, Monday until ten
        "how_told": "secure-e-mail",
        "told_by": "social-worker",
        "satisfied": "yes",
        "closed_at": utc(MONDAY),
        "next_look": None,
        "due": None,
        "move": None,
    }


def test_the_day_on_which_the_referrer_was_told_counts_and_not_the_one_on_which_that_was_recorded(office):
    office.ask(day="2026-04-23", time="15:00")
    office.respond(Kind.ANSWERED, office.officer, **TOLD, on="2026-04-24T09:30")
    assert (row(office)["answered_at"], row(office)["working_minutes"]) == (utc(london("2026-04-24T09:30")), 150)
    assert row(office)["due"] == "2026-05-05", "the referrer's days run from when they could have heard here"


def test_not_what_was_needed_reopens_it_with_why_and_the_mash_has_it_again(office):
    office.ask(**LATE)
    office.respond(Kind.TAKEN, office.officer)
    office.respond(Kind.ANSWERED, office.officer, **TOLD)
    office.now = TUESDAY
    state = office.respond(Kind.NOT_SATISFIED, office.teacher, lacking="no-reasons", why="Nothing on thresholds.")
    assert (state.stand, state.asked_at, state.taken_by, state.satisfied) == (Stand.ASKED, TUESDAY, None, "no")
    assert (state.answered_at, state.how_told, state.told_by) == (None, None, None)
    assert (row(office)["answered_at"], row(office)["working_minutes"]) == (None, None)
    assert queue(office) == [ONE]
    looked = office.look(office.officer, ONE)
    shown = "\n".join(looked.speaking.history(looked.events))
    assert "It gives no reasons".lower() in shown
    assert "Nothing on thresholds." in shown
    again = office.respond(Kind.ANSWERED, office.officer, **TOLD)
    assert (again.stand, again.answered_at) == (Stand.ANSWERED, TUESDAY)
    assert office.respond(Kind.SATISFIED, office.teacher).satisfied == "yes"


@pytest.mark.parametrize("lacking", [option.id for option in NOT_ENOUGH])
def test_each_thing_that_can_be_missing_asks_the_mash_again(office, lacking):
    office.ask(**LATE)
    office.respond(Kind.ANSWERED, office.officer, **TOLD)
    assert office.respond(Kind.NOT_SATISFIED, office.teacher, lacking=lacking).stand is Stand.ASKED


def test_what_the_referrer_had_heard_already_closes_with_its_day_and_the_time_is_still_measured(office):
    office.ask(day="2026-04-24", time="15:00")
    state = office.respond(Kind.HEARD, office.teacher, how="phone", on="2026-04-27T09:30")
    assert (state.stand, state.closed_as, state.asked_at) == (Stand.CLOSED, Kind.HEARD, None)
    assert row(office)["answered_at"] == utc(london("2026-04-27T09:30"))
    assert row(office)["working_minutes"] == 150  # two hours on Friday, half an hour on Monday
    with office.store.reading() as tx:
        (exported,) = stored.exported(tx)
    assert (exported["working_hours"], exported["how_told"], exported["satisfied"]) == (2.5, "phone", None)
    assert queue(office) == [], "the MASH never hears of it"


def test_answered_before_it_was_asked(office):
    """The referrer had heard on the day before they asked; just now, where they do not say when."""
    office.ask(day="2026-04-13", time="09:00")
    office.respond(Kind.HEARD, office.teacher, how="in-person", on="2026-04-14T10:00")
    assert row(office)["working_minutes"] == 9 * 60
    office.ask(day="2026-04-24", time="16:00")
    office.respond(Kind.HEARD, office.teacher, TWO, how="phone")
    assert (row(office, TWO)["answered_at"], row(office, TWO)["working_minutes"]) == (utc(MONDAY), 120)


@pytest.mark.parametrize(
    ("kind", "on"),
    [
        (Kind.HEARD, "2026-04-12T23:59"),  # the day before the referral
        (Kind.ANSWERED, "2026-04-12T23:59"),
        (Kind.HEARD, "2026-04-27T10:03"),  # ahead
        (Kind.ANSWERED, "2026-04-27T10:03"),
    ],
)
def test_nobody_was_told_before_the_referral_or_after_now(office, kind, on):
    office.ask(**LATE)
    by = office.teacher if kind is Kind.HEARD else office.officer
    with pytest.raises(InvalidForm) as refused:
        office.respond(kind, by, **TOLD, on=on)
    assert set(refused.value.problems) == {"on"}
    assert kinds(office) == [Kind.OPENED]
    assert office.respond(kind, by, **TOLD, on="2026-04-13T09:00").answered_at is not None  # that day


def test_a_referral_that_was_not_received_is_sent_again_and_the_clock_starts_anew(office):
    office.ask(**LATE)
    office.now = TUESDAY
    office.tick()
    office.respond(Kind.FOUND, office.officer)
    state = office.respond(Kind.NOT_RECEIVED, office.officer)
    assert (state.stand, state.move, state.found_at, queue(office)) == (Stand.NOT_RECEIVED, Side.RAISING, None, [])
    assert row(office)["due"] is None
    sent = {"day": "2026-04-28", "time": "09:30", "made_how": "e-mail", "made_to": "front-door"}
    state = office.respond(Kind.RESENT, office.teacher, **sent)
    assert (state.stand, state.asked_at, state.made_how) == (Stand.HELD, None, "e-mail")
    assert state.referred_at == london("2026-04-28T09:30")
    assert state.reminded == frozenset()
    assert row(office)["expected_at"] == utc(london("2026-04-29T17:00"))
    with pytest.raises(NotFound):
        office.look(office.officer, ONE)
    office.now = london("2026-04-30T09:00")
    office.tick()
    assert office.request().reminded == {"heard-yet"}
    office.now = london("2026-04-30T12:00")
    office.tick()
    assert (office.request().stand, queue(office)) == (Stand.ASKED, [ONE])


def test_one_that_was_sent_again_long_ago_reaches_the_mash_at_once(office):
    office.ask(**LATE)
    office.respond(Kind.NOT_RECEIVED, office.officer)
    sent = {"day": "2026-04-14", "made_how": "e-mail", "made_to": "front-door"}
    assert office.respond(Kind.RESENT, office.teacher, **sent).stand is Stand.ASKED
    assert queue(office) == [ONE]


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        ({"day": "2026-04-12"}, "day"),
        ({"day": "2026-04-28"}, "day"),
        ({"day": "2026-04-27", "time": "10:03"}, "time"),
    ],
)
def test_it_was_sent_again_after_it_was_sent_and_not_ahead(office, sent, problem):
    office.ask(**LATE)
    office.respond(Kind.NOT_RECEIVED, office.officer)
    with pytest.raises(InvalidForm) as refused:
        office.respond(Kind.RESENT, office.teacher, made_how="phone", made_to="front-door", **sent)
    assert set(refused.value.problems) == {problem}


def test_where_only_an_acknowledgement_was_asked_that_it_was_found_is_the_answer(office):
    office.ask(needs="acknowledgement", **LATE)
    state = office.respond(Kind.FOUND, office.officer)
    assert (state.stand, state.how_told, state.answered_at) == (Stand.ANSWERED, "here", MONDAY)
    assert office.respond(Kind.SATISFIED, office.teacher).stand is Stand.CLOSED
    office.ask(needs="acknowledgement,decision", **LATE)
    assert office.respond(Kind.FOUND, office.officer, TWO).stand is Stand.FOUND


def test_one_that_cannot_be_matched_is_taken_on_by_who_rings_and_shows_them_the_referrers_work_contact(office):
    office.ask(phone="01632 960123", **LATE)
    state = office.respond(Kind.UNMATCHED, office.officer)
    assert (state.stand, state.move, state.taken_by) == (
        Stand.UNMATCHED, Side.RECEIVING, office.officer.person.id
    )  # fmt: skip
    assert queue(office) == [ONE], "it waits until the referrer was rung"
    assert office.run(office.feedback.address_of(state)) == TEACHER
    looked = office.look(other_officer(office), ONE)
    assert "01632 960123" in "\n".join(looked.speaking.history(looked.events))
    assert office.respond(Kind.FOUND, office.officer).stand is Stand.FOUND


def test_an_answer_on_which_the_referrer_says_nothing_closes_unconfirmed_after_five_working_days(office):
    office.ask(**LATE)
    office.respond(Kind.ANSWERED, office.officer, **TOLD)
    office.now = london("2026-05-05T16:59")  # five, with May Day between
    office.tick()
    assert office.request().stand is Stand.ANSWERED
    office.now = london("2026-05-05T17:00")
    office.tick()
    state = office.request()
    assert (state.stand, state.closed_as, state.satisfied) == (Stand.CLOSED, Kind.LAPSED, None)
    assert (office.events(ONE)[-1].side, row(office)["next_look"]) == (Side.BOT, None)
    assert row(office)["working_minutes"] is not None


def test_what_is_no_longer_needed_is_withdrawn_and_can_be_asked_again(office):
    office.ask(**LATE)
    assert office.respond(Kind.WITHDRAWN, office.teacher, why="The child moved.").stand is Stand.WITHDRAWN
    assert (queue(office), row(office)["closed_as"]) == ([], "withdrawn")
    office.now = TUESDAY
    state = office.respond(Kind.REOPENED, office.teacher, why="They moved back.")
    assert (state.stand, state.asked_at, state.closed_at) == (Stand.ASKED, TUESDAY, None)
    assert queue(office) == [ONE]


@pytest.mark.parametrize("ended", [Kind.WITHDRAWN, Kind.HEARD])
def test_what_is_asked_again_before_it_is_late_is_held_as_it_was(office, ended):
    office.ask()
    office.respond(ended, office.teacher, **ANYTHING)
    state = office.respond(Kind.REOPENED, office.teacher, why="That was another child.")
    assert (state.stand, state.asked_at, state.answered_at) == (Stand.HELD, None, None)
    assert queue(office) == []
    office.now = london("2026-04-28T12:00")
    office.tick()
    assert (office.request().stand, queue(office)) == (Stand.ASKED, [ONE])


def test_the_referrer_who_has_not_heard_asks_the_mash_before_noon(office):
    office.ask()
    office.now = london("2026-04-27T17:00")
    with pytest.raises(NotNow):
        office.respond(Kind.NOT_HEARD, office.teacher)  # it is not late yet
    office.now = london("2026-04-27T17:01")
    assert office.respond(Kind.NOT_HEARD, office.teacher).asked_at == office.now
    assert queue(office) == [ONE]
    office.now = london("2026-04-28T12:00")
    office.tick()
    assert kinds(office).count(Kind.MASH_ASKED) == 0


# On to an escalation


def test_who_disagrees_with_the_answer_escalates_and_the_request_closes(office):
    office.ask(**LATE)
    office.respond(Kind.ANSWERED, office.officer, **TOLD)
    _, begun = office.feedback.escalation(office.look(office.teacher, ONE), office.teacher)
    assert (begun["receiving"], begun["reason"]) == ("social-care", "referral-criteria")
    assert begun["talks"] == f"{ONE}: referred on 2026-04-13, asked on 2026-04-27, answered, and not agreed with."
    recorded = escalate(office)
    assert recorded.reference == "ESC-2026-0001"
    state = office.request()
    assert (state.stand, state.closed_as, state.satisfied, state.escalation) == (
        Stand.CLOSED, Kind.ESCALATED, "no", "ESC-2026-0001"
    )  # fmt: skip
    assert (row(office)["escalation"], row(office)["working_minutes"] is None) == ("ESC-2026-0001", False)
    assert office.events("ESC-2026-0001")[0].data["feedback"] == ONE
    assert office.state().stand is EscalationStand.NOT_TOLD


def test_who_heard_nothing_escalates_and_the_request_stays_open_and_is_not_offered_one_again(office):
    office.ask(**LATE)
    _, begun = office.feedback.escalation(office.look(office.teacher, ONE), office.teacher)
    assert begun["talks"].endswith("no answer yet.")
    assert begun["reason"] == "no-answer"
    escalate(office)
    state = office.request()
    assert (state.stand, state.escalation, queue(office)) == (Stand.ASKED, "ESC-2026-0001", [ONE])
    looked = office.look(office.teacher, ONE)
    assert not office.feedback.may_escalate(looked, office.teacher)
    assert "Linked with ESC-2026-0001." in looked.speaking.lines()
    for day in range(28, 31):
        office.now = london(f"2026-04-{day}T09:00")
        office.tick()
    assert office.request().reminded == {"lead-rings", "partnership"}, "prompts go on, without the offer"
    assert not [message for message in office.outbox() if "You can start the first stage" in message["message"]]
    office.respond(Kind.ANSWERED, office.officer, **TOLD)
    office.respond(Kind.SATISFIED, office.teacher)
    assert office.state().is_open, "the disagreement ends on its own"


def test_where_somebody_else_escalated_meanwhile_nothing_of_a_second_one_is_left(office):
    office.ask(**LATE)
    form, begun = office.feedback.escalation(office.look(office.teacher, ONE), office.teacher)
    escalate(office, office.school_lead)
    before = counted(office), office.rows("SELECT * FROM counters"), office.rows("SELECT * FROM claims")
    with pytest.raises(NotNow) as late:
        office.run(office.feedback.escalate(ONE, form, {**RAISED, **begun}, office.teacher, claim="view:V9"))
    assert late.value.speaking.state.escalation == "ESC-2026-0001"
    assert (counted(office), office.rows("SELECT * FROM counters"), office.rows("SELECT * FROM claims")) == before
    assert office.raise_().reference == "ESC-2026-0002", "and no number is lost"


def test_the_same_submission_escalates_once(office):
    office.ask(**LATE)
    form, begun = office.feedback.escalation(office.look(office.teacher, ONE), office.teacher)
    for _ in range(2):
        raising = office.feedback.escalate(ONE, form, {**RAISED, **begun}, office.teacher, claim="view:V9")
        assert office.run(raising).reference == "ESC-2026-0001"
    assert kinds(office).count(Kind.ESCALATED) == 1


def test_nobody_escalates_a_request_that_is_not_theirs(office):
    office.ask(**LATE)
    form, begun = office.feedback.escalation(office.look(office.teacher, ONE), office.teacher)
    for viewer, error in ((office.viewer(STRANGER), NotFound), (office.officer, NotNow), (office.manager, NotNow)):
        with pytest.raises(error):
            office.run(office.feedback.escalate(ONE, form, {**RAISED, **begun}, viewer, claim=office.claim()))
    assert office.rows("SELECT * FROM tickets WHERE kind = 'escalation'") == []


# Who is there, and who no longer is


@pytest.mark.parametrize("kind", [Kind.ANSWERED, Kind.TAKEN, Kind.NOT_RECEIVED])
def test_of_two_officers_at_once_the_first_does_it_and_the_other_hears_so(office, kind):
    office.ask(**LATE)
    officers = office.officer, other_officer(office)

    async def both():
        moves = (
            office.feedback.move(ONE, kind, ANYTHING, viewer, claim=f"view:{n}") for n, viewer in enumerate(officers)
        )
        return await asyncio.gather(*moves, return_exceptions=True)

    found = office.run(both())
    assert sorted(type(result).__name__ for result in found) == ["FeedbackSpeaking", "NotNow"]
    (told,) = [result for result in found if isinstance(result, NotNow)]
    assert told.speaking.state == office.request()
    assert kinds(office) == [Kind.OPENED, kind]


def test_an_officer_who_is_none_any_more_sees_nothing_and_what_they_took_on_stays_in_the_list(office):
    office.ask(**LATE)
    office.respond(Kind.TAKEN, office.officer)
    former = office.viewer(OFFICER)
    with pytest.raises(NotFound):
        office.look(former, ONE)
    for kind in MOVES:
        with pytest.raises(NotFound):
            office.respond(kind, former, **ANYTHING)
    assert office.run(office.feedback.told_several([ONE], TOLD, former, claim="view:V1")) == {ONE: False}
    for listed in (office.feedback.queue, office.feedback.mine, office.feedback.every):
        assert office.run(listed(former)) == []
    (line,) = office.run(office.feedback.queue(other_officer(office)))
    assert (line.reference, line.taken) == (ONE, True)
    assert office.respond(Kind.ANSWERED, other_officer(office), **TOLD).stand is Stand.ANSWERED


def test_what_a_referrer_asked_who_has_left_goes_over_to_their_agencys_lead(office):
    office.ask(**LATE)
    office.ask(office.viewer("U0OTHER", agency="high-school"), **LATE)
    before = len(office.outbox())
    office.run(office.records.upkeep.has_left("slack", TEACHER))
    (told,) = office.outbox()[before:]
    assert (told["recipient"], told["ticket"]) == (DSL, ONE)
    assert "the referrer has left" in told["message"].lower()
    assert (office.request().raiser_left, office.request(TWO).raiser_left) == (True, False)
    office.respond(Kind.ANSWERED, office.officer, **TOLD)
    assert office.outbox()[-1]["recipient"] == DSL
    assert office.respond(Kind.SATISFIED, office.school_lead).stand is Stand.CLOSED
    events = len(office.events(ONE))
    office.run(office.records.upkeep.has_left("slack", TEACHER))
    assert len(office.events(ONE)) == events


def test_where_an_agency_has_no_lead_the_managers_hear_what_the_referrer_who_left_would_have_heard(office):
    nurse = office.viewer("U0NURSE", agency="gp")
    office.ask(nurse, **LATE)
    office.run(office.records.upkeep.has_left("slack", "U0NURSE"))
    office.respond(Kind.NOT_RECEIVED, office.officer)
    told = [message for message in office.outbox() if message["recipient"] == MANAGER]
    assert len(told) == 2
    assert "lead takes it over" not in told[0]["message"]
    assert "mash has not received this referral" in told[1]["message"].lower()
    before = len(office.outbox())
    office.now = TUESDAY
    office.tick()
    (prompt,) = office.outbox()[before:]
    assert (prompt["recipient"], "Has it been sent again?" in prompt["message"]) == (MANAGER, True)


@pytest.fixture
def unreached(start):
    return start(officers=[], mash_channel=None)


def test_where_the_bot_reaches_nobody_of_the_mash_the_referrer_is_told_so_and_prompted_all_the_same(unreached):
    office = unreached
    said = "\n".join(office.ask(**LATE).lines)
    assert "NOBODY OF THE MASH IS TOLD" in said
    assert "Ring the front door yourself" in said
    assert "on the MASH's list" not in said
    for day in ("28", "29", "30"):
        office.now = london(f"2026-04-{day}T09:00")
        office.tick()
    assert office.request().reminded == {"lead-rings", "offer-escalation", "partnership"}
    assert {message["recipient"] for message in office.outbox()} == {TEACHER, DSL, MANAGER}
    assert not [message for message in office.outbox() if message["kind"] == MessageKind.LIST]


def test_what_is_held_does_not_promise_that_the_bot_asks_a_mash_that_it_does_not_reach(unreached):
    office = unreached
    office.ask()
    office.now = london("2026-04-28T09:00")
    office.tick()
    office.now = london("2026-04-28T12:00")
    office.tick()
    for message in office.outbox():
        assert "and then the MASH" not in message["message"]
        assert "Else the MASH is asked" not in message["message"]
    office.respond(Kind.ADDED, office.teacher, own_reference="A/1")
    text = "\n".join(office.look(office.teacher, ONE).speaking.lines())
    assert "the bot reaches nobody of the MASH" in text
    assert "the MASH was asked" not in text


@pytest.mark.parametrize(
    ("kind", "stand"),
    [(Kind.FOUND, Stand.FOUND), (Kind.NOT_RECEIVED, Stand.NOT_RECEIVED), (Kind.ANSWERED, Stand.ANSWERED)],
)
def test_a_manager_of_another_agency_records_what_they_were_told_by_a_mash_that_the_bot_does_not_reach(
    unreached, kind, stand
):
    office = unreached
    office.ask(**LATE)
    own = [
        office.viewer(MANAGER, manager=True, agency="high-school"),
        office.viewer(MANAGER, manager=True, leads=["high-school"]),
        office.viewer(TEACHER, manager=True),  # who asked
    ]
    for viewer in own:
        with pytest.raises(NotNow):
            office.respond(kind, viewer, **ANYTHING)
    assert office.respond(kind, office.manager, **ANYTHING).stand is stand
    event = office.events(ONE)[-1]
    assert (event.side, event.data["on_behalf"]) == (Side.RECEIVING, True)
    looked = office.look(office.teacher, ONE)
    assert "as the partnership was told" in "\n".join(looked.speaking.history(looked.events))
    for other in (Kind.TAKEN, Kind.UNMATCHED):
        with pytest.raises(NotNow):
            office.respond(other, office.manager)


# Once


def test_the_same_submission_gives_the_same_record(office):
    first = office.ask(claim="view:V1", **LATE)
    assert office.ask(claim="view:V1", **LATE).reference == first.reference == ONE
    assert office.ask(claim="view:V2", **LATE).reference == TWO
    for _ in range(2):
        assert office.respond(Kind.FOUND, office.officer, claim="view:V3").stand is Stand.FOUND
    assert kinds(office) == [Kind.OPENED, Kind.FOUND]
    assert len(office.outbox()) == 3


def test_several_that_are_closed_together_are_closed_once_and_those_that_were_quicker_are_left_alone(office):
    for _ in range(3):
        office.ask(**LATE)
    office.ask()  # held: the MASH does not see it
    office.respond(Kind.HEARD, office.teacher, TWO, how="phone")
    named = [f"MASH-2026-000{number}" for number in (1, 2, 3, 4, 1)] + ["MASH-2026-0099"]
    for _ in range(2):
        done = office.run(office.feedback.told_several(named, TOLD, office.officer, claim="view:V1"))
        assert {name for name, was in done.items() if was} == {ONE, "MASH-2026-0003"}
        assert set(done) == set(named)
    assert kinds(office) == [Kind.OPENED, Kind.ANSWERED]
    assert office.request("MASH-2026-0004").stand is Stand.HELD
    assert office.run(office.feedback.told_several(named, TOLD, office.teacher, claim="view:V2")) == dict.fromkeys(
        named, False
    )


def test_several_are_told_in_one_transaction_or_none_of_them(office):
    office.ask(**LATE)
    office.ask(day="2026-04-22")
    before = counted(office)
    told = {**TOLD, "on": "2026-04-20T10:00"}  # before the second was referred
    with pytest.raises(InvalidForm) as refused:
        office.run(office.feedback.told_several([ONE, TWO], told, office.officer, claim="view:V1"))
    assert set(refused.value.problems) == {"on"}
    assert counted(office) == before


def test_minutes_that_are_asked_beside_the_rest_are_a_request_of_their_own(office):
    for _ in range(2):  # sent twice, recorded once
        recorded = office.ask(needs="decision,strategy-minutes", own_reference="CP/7", claim="view:V1", changed="yes")
        said = "\n".join(recorded.lines)
        assert recorded.reference == ONE
        assert f"And {TWO}, on a clock of its own: The minutes of a strategy meeting" in said
        assert [line.split(",")[0].split(":")[0] for line in recorded.lines[:3]] == [
            "Something has changed", f"Recorded as {ONE}", f"And {TWO}"
        ]  # fmt: skip
    rest, minutes = office.request(ONE), office.request(TWO)
    assert (rest.needs, rest.stand) == (("decision",), Stand.HELD)
    assert (minutes.needs, minutes.stand) == (("strategy-minutes",), Stand.ASKED)
    assert office.events(TWO)[0].data["beside"] == ONE
    assert [event.typed for event in (*office.events(ONE), *office.events(TWO))] == [{"own_reference": "CP/7"}] * 2
    assert {line.reference for line in office.run(office.feedback.mine(office.teacher))} == {ONE, TWO}
    assert (queue(office), row(office, TWO)["expected_at"]) == ([TWO], None)
    office.respond(Kind.ANSWERED, office.officer, TWO, **TOLD)
    assert office.request(ONE).stand is Stand.HELD


def test_a_form_that_is_not_whole_changes_nothing(office):
    for given, problem in (
        ({"needs": ""}, "needs"),
        ({"needs": "decision,everything"}, "needs"),
        ({"made_how": "pigeon"}, "made_how"),
        ({"made_to": ""}, "made_to"),
        ({"changed": ""}, "changed"),
        ({"own_reference": "two words"}, "own_reference"),
        ({"phone": "ring me"}, "phone"),
    ):
        with pytest.raises(InvalidForm) as refused:
            office.ask(**given)
        assert set(refused.value.problems) == {problem}
    office.ask(**LATE)
    before = counted(office)
    for kind, by, values in (
        (Kind.ADDED, office.teacher, {}),
        (Kind.ADDED, office.teacher, {"phone": "x"}),
        (Kind.WITHDRAWN, office.teacher, {}),
        (Kind.HEARD, office.teacher, {"how": ""}),
        (Kind.ANSWERED, office.officer, {**TOLD, "how": "smoke"}),
        (Kind.ANSWERED, office.officer, {**TOLD, "told_by": "section-47"}),
    ):
        with pytest.raises(InvalidForm):
            office.respond(kind, by, **values)
    assert counted(office) == before
    assert office.rows("SELECT value FROM counters") == [{"value": 1}], "references have no gaps"


def test_a_request_keeps_the_rules_that_it_began_under(office):
    office.ask()
    rules = office.library._layers[-1] / "mash-feedback.yaml"
    given = rules.read_text("utf-8").replace("decision: {working_days: 1}", "decision: {working_days: 3}")
    rules.write_text(given, encoding="utf-8")
    office.library.refresh()
    assert office.library.refresh(), office.library.faults
    office.ask()
    office.respond(Kind.ADDED, office.teacher, own_reference="A/1")
    expected = [row(office, name)["expected_at"] for name in (ONE, TWO)]
    assert expected == [utc(london("2026-04-27T17:00")), utc(london("2026-04-29T17:00"))]


# Whatever people do


class Walk:
    """People who do whatever is open to them, and things that are not, while time passes."""

    def __init__(self, office, seed):
        self.office, self.random = office, random.Random(seed)
        self.people = [
            office.teacher, office.teacher, office.school_lead, office.officer, office.officer, other_officer(office),
            office.manager, office.viewer("U0THEIRS", agency="high-school", manager=True), office.viewer(STRANGER),
        ]  # fmt: skip
        self.seen, self.before = [], None

    def filled(self, fields):
        """Something for each field that has to be filled in, and for some of the others."""
        values = {}
        for field in fields:
            if field.optional and field.name != "own_reference" and self.random.random() < 0.5:
                continue
            match field.kind:
                case FieldKind.CHOICE:
                    values[field.name] = self.random.choice(field.options).id
                case FieldKind.DATE:
                    values[field.name] = self.office.now.date().isoformat()
                case FieldKind.MOMENT:
                    values[field.name] = self.office.now.isoformat()
                case FieldKind.REFERENCE:
                    values[field.name] = "AB/12-34"
                case FieldKind.PHONE:
                    values[field.name] = "01632 960123"
                case FieldKind.TEXT:
                    values[field.name] = f"Zebra number {self.random.randrange(1000)}."
        return values

    def step(self):
        office, by = self.office, self.random.choice(self.people)
        office.now += timedelta(minutes=self.random.choice([0, 1, 30, 600, 3000]))
        what = self.random.random()
        if what < 0.25:
            office.tick()
        elif not sides_of(office.request(), by):
            self.refused(by, self.random.choice(list(MOVES)), NotFound)
        elif what < 0.35:
            looked = office.look(by, ONE)
            self.refused(by, self.random.choice([kind for kind in MOVES if MOVES[kind] not in looked.moves]), NotNow)
        else:
            looked = office.look(by, ONE)
            if office.feedback.may_escalate(looked, by) and self.random.random() < 0.2:
                escalate(office, by)
            elif looked.moves:
                move = self.random.choice(looked.moves)
                office.respond(move.kind, by, **self.filled(office.feedback.fields(looked, move.kind)))
        self.check()

    def refused(self, by, kind, error):
        before = counted(self.office)
        with pytest.raises(error):
            self.office.respond(kind, by, **ANYTHING)
        assert counted(self.office) == before

    def check(self):
        office = self.office
        events = office.events(ONE)
        assert events[: len(self.seen)] == self.seen, "what happened never changes"
        state, speaking = folded(events), office.run(office.feedback.speaking(ONE))
        self.is_held_while_it_is_in_time(events[len(self.seen) :], speaking.clock)
        self.seen = events
        expected, due, took = (
            speaking.clock.expected(state), speaking.clock.due_of(state), speaking.clock.time_to_answer(state)
        )  # fmt: skip
        assert row(office) == {
            **row(office),
            "raiser": state.raiser,
            "stand": state.stand.value,
            "move": state.move and state.move.value,
            "due": due and due.isoformat(),
            "expected_at": expected and utc(expected),
            "asked_at": state.asked_at and utc(state.asked_at),
            "found_at": state.found_at and utc(state.found_at),
            "taken": int(state.taken_by is not None),
            "answered_at": state.answered_at and utc(state.answered_at),
            "working_minutes": None if took is None else took // timedelta(minutes=1),
            "closed_at": state.closed_at and utc(state.closed_at),
            "closed_as": state.closed_as and state.closed_as.value,
            "satisfied": state.satisfied,
            "escalation": state.escalation,
        }
        # Nothing open is ever silent, and nothing closed speaks.
        looked_after = row(office)["next_look"] is not None
        assert state.is_open is (state.stand in OPEN) is (state.closed_at is None) is looked_after
        # The MASH sees what it was asked, and has in its list what it has to answer.
        assert (Side.RECEIVING in sides_of(state, office.officer)) is (state.asked_at is not None)
        assert (queue(office) == [ONE]) is (state.stand in WITH_MASH)
        assert state.stand not in WITH_MASH or state.asked_at is not None
        # An answer stands where there is one, and only there.
        assert (state.answered_at is not None) >= (state.stand is Stand.ANSWERED)
        assert (state.stand in WITH_MASH | {Stand.HELD, Stand.NOT_RECEIVED}) <= (state.answered_at is None)
        assert "Zebra" not in json.dumps([dict(event.data) for event in events])
        assert "section" not in json.dumps([dict(event.data) for event in events])
        assert len([event for event in events if event.kind is Kind.ESCALATED]) <= 1

    def is_held_while_it_is_in_time(self, new, clock):
        """Nothing reaches the MASH before it is late."""
        state = folded(self.seen) if self.seen else None
        for event in new:
            was, state = state, folded([*self.seen, *new[: new.index(event) + 1]])
            if state.asked_at is not None and (was is None or was.asked_at is None):
                assert clock.is_late(state, event.at)

    def comes_back(self):
        """Left alone, the clockwork looks after it again and again, or it is closed."""
        office = self.office
        for _ in range(5):
            look = row(office)["next_look"]
            if look is None:
                assert not office.request().is_open
                return
            office.now = max(datetime.fromisoformat(look), office.now)
            before = len(office.events(ONE))
            office.tick()
            new = {event.kind for event in office.events(ONE)[before:]}
            assert not new or new <= {Kind.LAPSED, Kind.MASH_ASKED, Kind.REMINDED}
            assert row(office)["next_look"] is None or row(office)["next_look"] > utc(office.now)
            in_time = office.run(office.feedback.speaking(ONE)).clock.next_office_time(office.now) == office.now
            assert new or not in_time
            self.check()


@pytest.mark.parametrize("seed", range(16))
def test_whatever_people_do_it_holds(start, seed):
    office = start(feedback=CARRIES)
    needs = ("decision", "acknowledgement", "decision,next-steps", "acknowledgement")[seed % 4]
    office.ask(needs=needs, **(LATE if seed % 3 == 0 else {}))
    walk = Walk(office, seed)
    walk.check()
    for _ in range(30):
        walk.step()
    walk.comes_back()
    with office.store.reading() as tx:
        assert list(office.feedback.ledger.history.verify(tx)) == []
    per_day = "SELECT count(*) AS n FROM outbox WHERE kind = 'list' GROUP BY date(created)"
    assert {found["n"] for found in office.rows(per_day)} <= {1}


def test_one_that_cannot_be_read_does_not_silence_the_others(office, caplog):
    office.ask()
    rules = office.library._layers[-1] / "mash-feedback.yaml"
    rules.write_text(rules.read_text("utf-8").replace("confirm_days: 5", "confirm_days: 6"), encoding="utf-8")
    office.library.refresh()
    assert office.library.refresh(), office.library.faults
    office.ask()
    broken = "UPDATE policies SET content = '{}' WHERE content LIKE '%\"confirm_days\":5%'"
    assert office.run(office.store.write(lambda tx: tx.execute(broken))) == 1
    office.now = london("2026-04-28T09:00")
    assert office.tick() == 1
    assert (office.request(ONE).reminded, office.request(TWO).reminded) == (frozenset(), {"heard-yet"})
    assert f"{ONE} could not be looked after: ValidationError" in caplog.text
