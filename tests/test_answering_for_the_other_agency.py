"""An agency that the bot does not reach is part of it too: what it says by telephone stands in the record."""

import pytest
from ticketing import TEACHER, office_in

from bot.config import ROOT
from bot.ledger import NotNow
from bot.storage import outbox
from bot.tickets.escalations.state import Stand
from bot.tickets.ticket import Kind, Side

OUTCOME = {
    "outcome": "decision-changed",
    "change": "seen-sooner",
    "child_safe": "yes",
    "voice": "no",
    "agreed": "They visit this week.",
}


@pytest.fixture
def office(smalltown, tmp_path):
    made = office_in(smalltown, ROOT / "knowledge" / "england", tmp_path / "data", managers=["U0ANN"])
    yield made
    made.close()


def kinds(office):
    return [event.kind for event in office.events()]


def test_a_manager_records_the_answer_of_an_agency_without_leads_and_it_says_so(office):
    office.raise_(receiving="gp")
    office.move(Kind.ACKNOWLEDGED, office.manager, talker="Practice manager")
    office.move(Kind.PROPOSED, office.teacher, **OUTCOME)
    state = office.move(Kind.AGREED, office.manager)
    assert state.stand is Stand.CLOSED
    assert kinds(office) == [Kind.OPENED, Kind.TOLD, Kind.ACKNOWLEDGED, Kind.PROPOSED, Kind.AGREED]
    agreed = office.events()[-1]
    assert (agreed.side, agreed.data["on_behalf"]) == (Side.RECEIVING, True)
    looked = office.look(office.manager)
    assert "Green Surgery, as the partnership was told: agreed" in "\n".join(looked.speaking.history(looked.events))


def test_nobody_answers_for_an_agency_that_the_bot_reaches(office):
    office.raise_()
    assert Kind.ACKNOWLEDGED not in {move.kind for move in office.look(office.manager).moves}
    with pytest.raises(NotNow):
        office.move(Kind.ACKNOWLEDGED, office.manager)


def test_a_manager_of_one_of_the_two_answers_for_neither(office):
    office.raise_(receiving="gp")
    for agency in ("gp", "high-school"):
        with pytest.raises(NotNow):
            office.move(Kind.ACKNOWLEDGED, office.viewer("U0BEN", manager=True, agency=agency))


def test_a_lead_who_opens_it_before_being_told_knows_of_it_and_the_clock_starts(office):
    office.raise_()
    assert office.state().stand is Stand.NOT_TOLD
    state = office.move(Kind.ACKNOWLEDGED, office.council_lead)
    assert (state.stand, state.stage_since) == (Stand.ACKNOWLEDGED, office.now)
    assert kinds(office) == [Kind.OPENED, Kind.TOLD, Kind.ACKNOWLEDGED]
    office.deliver()
    assert kinds(office).count(Kind.TOLD) == 1


def test_the_wrong_agency_may_say_so_before_it_was_told(office):
    office.raise_()
    state = office.move(Kind.WRONG_AGENCY, office.council_lead, why="It is the surgery's.")
    assert state.stand is Stand.MISDIRECTED


def test_where_the_lead_has_left_people_are_asked_to_tell_the_other_agency(office):
    office.raise_()
    office.run(office.records.upkeep.has_left("slack", "U0TEAM"))
    asked = [row for row in office.outbox() if "A text to send" in row["message"]]
    assert {row["recipient"] for row in asked} == {TEACHER, "U0ANN"}
    office.run(office.records.upkeep.has_left("slack", "U0TEAM"))
    assert len([row for row in office.outbox() if "A text to send" in row["message"]]) == len(asked)


def test_where_another_lead_is_told_nobody_is_asked_to(office):
    office.raise_()
    (telling,) = [row for row in office.outbox() if row["wait"] is not None]

    def tell_another(tx):
        outbox.queue(tx, "slack", "U0SECOND", "…", office.now, ticket=telling["ticket"], wait=telling["wait"])

    office.store.submit(tell_another).result()
    office.run(office.records.upkeep.has_left("slack", "U0TEAM"))
    assert not [row for row in office.outbox() if "A text to send" in row["message"]]
