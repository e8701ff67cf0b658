"""Who is told of what happens to an escalation, once, and without a word of what anybody typed."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from ticketing import (
    DEPUTY,
    DSL,
    MANAGER,
    OUTCOME,
    SERVICE,
    TALKER,
    TEACHER,
    TEAM,
    TOWN,
    Office,
    office_in,
    town,
)

from bot.config import ROOT
from bot.storage import outbox
from bot.storage.outbox import MessageKind
from bot.tickets.escalations.quick import QuickForm, QuickKind
from bot.tickets.escalations.state import Stand
from bot.tickets.fields import FieldKind
from bot.tickets.ticket import Kind, Side

ENGLAND = ROOT / "knowledge" / "england"
CHANNEL, HEAD = "C0ESCALATE", "U0HEAD"
TOLD_BY_HAND = {"how": "phone", "whom": "The practice manager"}
TUESDAY_MORNING = datetime(2026, 4, 28, 8, 0, tzinfo=UTC)  # 9:00 in London


@pytest.fixture
def start(smalltown, tmp_path):
    """Opens the office; what was opened is closed afterwards."""
    opened = []

    def start(**changes):
        given = {"managers": [MANAGER], "channel": CHANNEL, **changes}
        opened.append(office_in(smalltown, ENGLAND, tmp_path / "data", **given))
        return opened[-1]

    yield start
    for office in opened:
        office.close()


@pytest.fixture
def office(start):
    return start()


def queued(office, since=0):
    """Who was told since: recipient -> the messages, in their order."""
    told = {}
    for message in office.outbox(since=since):
        told.setdefault(message["recipient"], []).append(message)
    return told


def last_row(office):
    return max((message["row"] for message in office.outbox()), default=0)


def whom(office, since=0):
    """Who was told since, each once; the channel's message apart."""
    messages = queued(office, since)
    assert {message["kind"] for message in messages.pop(CHANNEL, [])} <= {"card"}
    assert all(len(found) == 1 for found in messages.values()), messages
    return set(messages)


def told_of(office, kind, by, **values):
    """Who is told of a move."""
    since = last_row(office)
    office.move(kind, by, **values)
    return whom(office, since)


# Who is told

STAGE_ONE = [
    # what happens, who does it, what is filled in, who is told of it
    (Kind.ACKNOWLEDGED, "council", {}, {TEACHER}),
    (Kind.ACKNOWLEDGED, "deputy", {}, {TEACHER, TEAM}),
    (Kind.TALKER_NAMED, "council", {"person": TALKER}, {TEACHER, TALKER}),
    (Kind.TALKER_NAMED, "teacher", {"person": TALKER}, {TEAM, TALKER}),
    (Kind.VIEW_GIVEN, "council", {"view": "Our view."}, {TEACHER}),
    (Kind.VIEW_GIVEN, "school", {"view": "Our view."}, {TEACHER, TEAM}),
    (Kind.ADDED, "teacher", {"note": "More."}, {TEAM}),
    (Kind.MADE_URGENT, "teacher", {"why": "A meeting."}, {TEAM}),
    (Kind.PROPOSED, "teacher", OUTCOME, {TEAM}),
    (Kind.PROPOSED, "council", OUTCOME, {TEACHER}),
    (Kind.WRONG_AGENCY, "council", {"why": "For health."}, {TEACHER, MANAGER}),
    (Kind.CHASED, "teacher", {}, {TEAM}),
    (Kind.CHASED, "manager", {}, {TEACHER, TEAM}),
    (Kind.SNOOZED, "council", {}, set()),
    (Kind.WITHDRAWN, "teacher", {"why": "Settled."}, {TEAM}),
    (Kind.HANDED_ON, "teacher", {"stage": "stage-2", "why": "No answer."}, {TEAM, DSL}),
    (Kind.HANDED_ON, "council", {"stage": "stage-2", "why": "No agreement."}, {TEACHER, TEAM, DSL}),
    (Kind.HANDED_ON, "teacher", {"stage": "stage-3", "why": "No answer."}, {SERVICE, HEAD, TEAM}),
    (Kind.HANDED_ON, "teacher", {"stage": "stage-4", "why": "No answer."}, {MANAGER, TEAM, DSL}),
]


def by_name(office, name):
    return {
        "teacher": lambda: office.teacher,
        "school": lambda: office.school_lead,
        "council": lambda: office.council_lead,
        "deputy": lambda: office.viewer(DEPUTY, leads=["social-care"]),
        "manager": lambda: office.manager,
    }[name]()


@pytest.mark.parametrize(("kind", "by", "values", "told"), STAGE_ONE)
def test_at_the_first_stage_the_two_who_talk_are_told(office, kind, by, values, told):
    office.raise_()
    office.deliver()
    assert told_of(office, kind, by_name(office, by), **values) == told


CLOSING = [
    (Kind.AGREED, "council", {}, {TEACHER}),
    (Kind.DECLINED, "council", {"why": "It is not enough."}, {TEACHER}),
]


@pytest.mark.parametrize(("kind", "by", "values", "told"), CLOSING)
def test_whoever_proposed_an_outcome_hears_the_answer(office, kind, by, values, told):
    office.raise_()
    office.deliver()
    office.move(Kind.PROPOSED, office.teacher, **OUTCOME)
    since = last_row(office)
    office.move(kind, by_name(office, by), **values)
    assert whom(office, since) == told
    (message,) = queued(office, since)[TEACHER]
    assert ("Is it filed in your own system?" in message["message"]) is (kind is Kind.AGREED)


def test_at_a_later_stage_the_raisers_lead_is_told_too(office):
    office.raise_()
    office.deliver()
    office.move(Kind.HANDED_ON, office.teacher, stage="stage-2", why="No answer.")
    office.deliver()
    assert told_of(office, Kind.VIEW_GIVEN, office.council_lead, view="Ours.") == {TEACHER, DSL}
    assert told_of(office, Kind.ADDED, office.manager, note="More.") == {TEACHER, DSL, TEAM}


def test_at_the_last_stage_managers_are_told_of_everything(office):
    office.raise_(stage="stage-4", stage_why="A meeting is tomorrow.")
    since = last_row(office)
    office.deliver()  # told to the managers, which is an event too
    assert whom(office, since) == {TEACHER, DSL, TEAM, MANAGER}
    assert office.state().stand is Stand.TOLD
    assert told_of(office, Kind.VIEW_GIVEN, office.council_lead, view="Ours.") == {TEACHER, DSL, MANAGER}
    assert told_of(office, Kind.DECIDED, office.manager, **OUTCOME) == {TEACHER, DSL, TEAM}


def test_the_raiser_has_it_in_writing_and_the_other_agencys_lead_is_told(office):
    office.raise_()
    messages = queued(office)
    assert set(messages) == {CHANNEL, TEACHER, TEAM}
    (recorded,), (told,), (card,) = messages[TEACHER], messages[TEAM], messages[CHANNEL]
    assert "Recorded as ESC-2026-0001: High School to Smalltown Council." in recorded["message"]
    assert "The bot is telling Team manager of Smalltown Council now." in recorded["message"]
    assert "This is not a referral, and nobody is watching it tonight." in recorded["message"]
    assert "was raised to your agency" in told["message"]
    assert "It is not a referral." in told["message"]
    assert (told["kind"], told["wait"]) == (MessageKind.TICKET, 1)
    assert (card["kind"], card["message"]) == (MessageKind.CARD, "")


def test_nobody_is_told_of_what_they_did_themselves(office):
    office.raise_()
    office.deliver()
    for kind, values in ((Kind.ADDED, {"note": "More."}), (Kind.VIEW_GIVEN, {"view": "Ours."})):
        assert TEACHER not in told_of(office, kind, office.teacher, **values)
        assert TEAM not in told_of(office, kind, office.council_lead, **values)


def test_the_other_agency_hears_nothing_before_it_was_told_and_then_everything(office):
    office.raise_(receiving="gp")
    since = last_row(office)
    office.move(Kind.ADDED, office.teacher, note="More.")
    assert whom(office, since) == set()
    office.raise_()
    office.move(Kind.ADDED, office.teacher, "ESC-2026-0002", note="More.")
    assert len(queued(office)[TEAM]) == 1  # what tells them


def test_the_channel_is_told_of_each_event_but_of_what_is_silent(office):
    office.raise_()
    office.deliver()
    since = last_row(office)
    office.look(office.manager)
    office.move(Kind.SNOOZED, office.council_lead)
    assert queued(office, since) == {}
    office.move(Kind.ADDED, office.teacher, note="More.")
    (card,) = queued(office, since)[CHANNEL]
    assert (card["kind"], card["ticket"]) == (MessageKind.CARD, "ESC-2026-0001")


@pytest.mark.parametrize("changes", [{"channel": None}, {"managers": []}, {"channel": None, "managers": []}])
def test_without_a_channel_or_managers_the_two_are_told_all_the_same(start, changes):
    office = start(**changes)
    office.raise_()
    assert {TEACHER, TEAM} <= set(queued(office))
    assert (CHANNEL in queued(office)) is ("channel" not in changes)


def test_without_slack_nothing_waits_and_it_is_said_that_nobody_was_told(start):
    office = start(enabled=False)
    said = "\n".join(office.raise_().lines)
    assert office.outbox() == []
    assert "NOT YET TOLD: the bot cannot reach anybody of Smalltown Council" in said
    office.now += timedelta(days=30)
    office.now = office.now.replace(hour=10)
    office.tick()
    assert office.outbox() == []
    assert office.state().reminded


# Told, and when the clock starts


def test_the_clock_starts_when_the_message_went_through(office):
    office.raise_()
    office.now = datetime(2026, 5, 1, 15, 59, tzinfo=UTC)  # Slack did not answer until Friday
    office.deliver()
    state = office.state()
    assert (state.stand, state.stage_since) == (Stand.TOLD, office.now)
    event = office.events()[-1]
    assert (event.kind, event.side, event.person_id) == (Kind.TOLD, Side.BOT, None)
    assert office.rows("SELECT due FROM tickets") == [{"due": "2026-05-05"}]


def test_what_does_not_go_through_starts_no_clock(office):
    office.raise_()
    office.deliver(refuse=[TEAM])
    assert office.state().stand is Stand.NOT_TOLD
    office.now += timedelta(minutes=1)
    office.deliver()
    assert office.state().stand is Stand.TOLD


def test_of_two_who_are_told_the_first_starts_the_clock_and_once(office):
    office.raise_(stage="stage-4", stage_why="A meeting is tomorrow.")
    office.deliver()
    later = office.outbox()
    assert [event.kind for event in office.events()] == [Kind.OPENED, Kind.TOLD]
    with office.store.reading() as tx:
        assert outbox.due(tx, "slack", office.now) == []
    assert len(later) == len({message["id"] for message in later})


def test_a_message_of_a_stage_that_has_passed_starts_no_clock(office):
    office.raise_()
    office.move(Kind.TOLD, office.teacher, how="phone", whom="The team manager")
    office.move(Kind.HANDED_ON, office.teacher, stage="stage-3", why="No answer.")
    office.deliver(refuse=[SERVICE])  # that of the first stage goes through late
    assert office.state().stand is Stand.NOT_TOLD
    office.now += timedelta(minutes=1)
    office.deliver()
    assert (office.state().stage, office.state().stand) == ("stage-3", Stand.TOLD)


def test_an_agency_whom_the_bot_does_not_reach_is_told_by_people(office):
    said = "\n".join(office.raise_(receiving="gp").lines)
    assert "NOT YET TOLD" in said
    assert "press “They have been told”" in said
    messages = queued(office)
    assert set(messages) == {CHANNEL, TEACHER, MANAGER}
    for address in (TEACHER, MANAGER):
        text = messages[address][-1]["message"]
        assert "Tell Green Surgery, by phone or secure e-mail. A text to send:" in text
        assert "We have raised ESC-2026-0001 under the Resolution policy" in text
    office.deliver()
    assert office.state().stand is Stand.NOT_TOLD  # that the raiser was written to tells nobody else
    state = office.move(Kind.TOLD, office.teacher, **TOLD_BY_HAND)
    assert (state.stand, state.stage_since) == (Stand.TOLD, office.now)


def test_it_is_said_whom_to_tell_by_their_role(start, smalltown):
    office = start()
    partnership = TOWN.replace(", slack: U0SERVICE", "").replace(", slack: U0HEAD", "")
    (smalltown / "partnership.yaml").write_text(partnership, encoding="utf-8")
    office.library.refresh()
    assert office.library.refresh()
    office.raise_(stage="stage-3", stage_why="A meeting is tomorrow.")
    assert "Tell Head of service of Smalltown Council" in queued(office)[MANAGER][0]["message"]


def test_where_there_is_no_manager_the_raiser_is_asked_to_tell_the_partnership(start):
    office = start(managers=[])
    office.raise_(stage="stage-4", stage_why="A meeting is tomorrow.")
    text = queued(office)[TEACHER][-1]["message"]
    assert "Tell the partnership, by phone or secure e-mail" in text


# Leads, deputies, and those who left


@pytest.mark.parametrize(
    ("day", "told"),
    [
        (26, TEAM),
        (27, DEPUTY),
        (29, DEPUTY),
        (30, TEAM),
    ],
)
def test_while_a_lead_is_away_the_deputy_is_told(start, smalltown, tmp_path, day, told):
    folder = town(smalltown, ENGLAND)
    away = TOWN.replace("        slack: U0TEAM\n", "        slack: U0TEAM\n        away: [2026-04-27, 2026-04-29]\n")
    (folder / "partnership.yaml").write_text(away, encoding="utf-8")
    office = Office(folder, tmp_path / "data", now=datetime(2026, 4, day, 10, 0, tzinfo=UTC), managers=[MANAGER])
    try:
        recorded = office.raise_()
        assert set(queued(office)) == {TEACHER, told}
        role = "Team manager" if told == TEAM else "Deputy team manager"
        assert f"The bot is telling {role} of" in "\n".join(recorded.lines)
        office.deliver()
        assert told_of(office, Kind.ADDED, office.teacher, note="More.") == {told}
    finally:
        office.close()


def test_an_account_that_was_closed_hands_its_escalations_to_the_agencys_lead(office):
    office.raise_()
    office.raise_(office.viewer("U0OTHER", agency="high-school"))
    office.deliver()
    since = last_row(office)
    office.run(office.records.upkeep.has_left("slack", TEACHER))
    assert whom(office, since) == {DSL, TEAM, MANAGER}
    assert office.state().raiser_left
    assert office.events()[-1].kind is Kind.LEFT
    assert not office.state("ESC-2026-0002").raiser_left
    assert told_of(office, Kind.VIEW_GIVEN, office.council_lead, view="Ours.") == {DSL}
    assert office.move(Kind.WITHDRAWN, office.school_lead, why="Settled.").stand is Stand.WITHDRAWN
    events = len(office.events())
    for address in (TEACHER, "U0NEVER"):
        office.run(office.records.upkeep.has_left("slack", address))
    assert len(office.events()) == events


def test_somebody_who_was_named_is_told_from_then_on(office):
    office.raise_()
    office.deliver()
    since = last_row(office)
    office.move(Kind.ACKNOWLEDGED, office.council_lead, person=TALKER)  # two events: that they have it, and who talks
    assert {name: len(found) for name, found in queued(office, since).items()} == {TEACHER: 2, TALKER: 1, CHANNEL: 2}
    assert told_of(office, Kind.ADDED, office.teacher, note="More.") == {TEAM, TALKER}
    assert told_of(office, Kind.VIEW_GIVEN, office.viewer(TALKER), view="Ours.") == {TEACHER, TEAM}


def test_one_that_a_manager_recorded_is_told_to_that_manager_and_not_to_a_stranger(office):
    recorded = {"raising": "gp", "received_on": "2026-04-24", "heard_by": "phone", "from_whom": "A nurse"}
    office.raise_(office.manager, for_somebody=True, **recorded)
    assert set(queued(office)) == {CHANNEL, MANAGER, TEAM}
    office.deliver()
    assert told_of(office, Kind.ACKNOWLEDGED, office.council_lead) == {MANAGER}


# Reminders


def reminded(office, at):
    """Who is reminded by what the clockwork does at a moment."""
    since = last_row(office)
    office.now = at
    office.tick()
    return whom(office, since)


def london(day, hour):
    return datetime(2026, 4 if day > 20 else 5, day, hour - 1, 0, tzinfo=UTC)


def test_silence_goes_to_the_deputy_then_to_the_partnership_and_never_ends(office):
    office.raise_()
    office.deliver()  # Monday; due on Tuesday 28 April
    assert reminded(office, london(28, 12)) == set()
    assert reminded(office, london(28, 13)) == {TEAM, TEACHER}
    assert reminded(office, london(28, 16)) == {TEAM, TEACHER}
    assert reminded(office, london(29, 9)) == {TEAM, TEACHER}
    assert reminded(office, london(30, 9)) == {TEAM, TEACHER, DEPUTY}
    assert reminded(office, london(1, 9)) == {TEAM, TEACHER, DEPUTY, MANAGER}
    assert reminded(office, london(8, 9)) == set()  # the Monday was a bank holiday
    assert reminded(office, london(11, 9)) == {TEAM, TEACHER, DEPUTY, MANAGER}
    assert reminded(office, london(18, 9)) == {TEAM, TEACHER, DEPUTY, MANAGER}
    (message, *_) = [m for m in office.outbox() if m["kind"] == MessageKind.REMINDER]
    assert "suggested by Tuesday 28 April 2026" in message["message"].replace("Suggested", "suggested")


def test_a_reminder_that_was_sent_is_not_sent_again(office):
    office.raise_()
    office.deliver()
    assert reminded(office, london(28, 13)) == {TEAM, TEACHER}
    assert reminded(office, london(28, 13)) == set()
    assert reminded(office, london(28, 14)) == set()


def test_after_a_long_stop_nobody_hears_the_same_twice(office):
    office.raise_()
    office.deliver()
    since, office.now = last_row(office), london(1, 10)
    office.tick()
    texts = [message["message"].partition("\n")[0] for message in queued(office, since)[TEAM]]
    assert len(texts) == len(set(texts)) == 3
    assert len(queued(office, since)[MANAGER]) == 1
    assert office.state().reminded == {"before", "on", "after-1", "deputy", "partnership"}


def test_while_the_other_agency_is_not_told_the_raiser_is_reminded(office):
    office.raise_(receiving="gp")
    office.deliver()
    assert reminded(office, TUESDAY_MORNING) == {TEACHER}
    assert reminded(office, london(29, 9)) == {TEACHER, DSL}
    assert reminded(office, london(30, 9)) == {TEACHER, DSL, MANAGER}


def test_at_the_last_stage_the_managers_are_reminded(office):
    office.raise_(stage="stage-4", stage_why="A meeting is tomorrow.")
    office.deliver()  # Monday; due on Tuesday 5 May
    assert reminded(office, london(30, 13)) == {MANAGER}


def test_where_nobody_can_be_reached_for_an_answer_people_are_asked_to_ask(office):
    office.raise_(receiving="gp")
    office.move(Kind.TOLD, office.teacher, **TOLD_BY_HAND)
    assert told_of(office, Kind.PROPOSED, office.teacher, **OUTCOME) == {TEACHER, MANAGER}
    text = office.outbox()[-1]["message"]
    assert "the bot cannot reach anybody of the other side" in text
    assert "Without one it closes as not confirmed by them after Tuesday 5 May 2026." in text


def test_without_a_manager_the_raiser_is_reminded_at_the_last_stage(start):
    office = start(managers=[])
    office.raise_(stage="stage-4", stage_why="A meeting is tomorrow.")
    office.move(Kind.TOLD, office.teacher, how="phone", whom="The partnership's office")
    assert reminded(office, london(30, 13)) == {TEACHER, DSL}


def test_whoever_had_it_hears_that_it_went_on(office):
    office.raise_()
    office.deliver()
    office.move(Kind.HANDED_ON, office.teacher, stage="stage-2", why="No answer.")
    office.deliver()
    assert told_of(office, Kind.HANDED_ON, office.manager, stage="stage-3", why="No answer.") == {
        TEACHER, DSL, HEAD, TEAM, SERVICE,
    }  # fmt: skip
    text = queued(office)[TEAM][-1]["message"]
    assert "The partnership took it to Stage 3" in text
    assert "NOT YET TOLD: Smalltown Council does not know of this stage." in text


def test_who_puts_reminders_off_each_morning_keeps_none_from_the_deputy_and_the_partnership(office):
    office.raise_()
    office.deliver()  # Monday; due on Tuesday 28 April
    for day in (28, 29, 30):
        office.now = london(day, 9) - timedelta(minutes=1)
        office.move(Kind.SNOOZED, office.council_lead)
        assert reminded(office, london(day, 16)) == (set() if day < 30 else {TEAM, TEACHER, DEPUTY})
    office.now = london(1, 9) - timedelta(minutes=1)
    office.move(Kind.SNOOZED, office.council_lead)
    assert reminded(office, london(1, 9)) == {TEAM, TEACHER, DEPUTY, MANAGER}


def test_an_outcome_that_nobody_answers_closes_and_both_sides_and_managers_hear_so(office):
    office.raise_()
    office.deliver()
    office.move(Kind.PROPOSED, office.teacher, **OUTCOME)  # Monday; five working days, with a bank holiday
    assert reminded(office, london(30, 13)) == {TEAM}
    assert reminded(office, london(5, 16)) == {TEAM}
    office.now = london(5, 17) - timedelta(seconds=1)
    assert office.tick() == 0
    assert reminded(office, london(5, 17)) == {TEACHER, TEAM, MANAGER}
    state = office.state()
    assert (state.stand, state.closed_as, state.outcome.outcome) == (Stand.CLOSED, Kind.LAPSED, "decision-changed")
    assert office.events()[-1].side is Side.BOT


def test_after_closing_those_who_did_not_file_it_are_asked_once_and_the_raiser_weeks_later(office):
    office.raise_()
    office.deliver()
    office.move(Kind.PROPOSED, office.teacher, **OUTCOME)
    office.move(Kind.AGREED, office.council_lead)
    office.move(Kind.FILED, office.council_lead)
    assert reminded(office, london(28, 9)) == set()
    assert reminded(office, london(29, 9)) == {TEACHER}
    assert reminded(office, london(30, 9)) == set()
    assert reminded(office, london(26, 17).replace(month=5)) == set()
    assert reminded(office, london(27, 9).replace(month=5)) == {TEACHER}  # twenty working days, without the 25th
    assert reminded(office, datetime(2026, 8, 26, 10, 0, tzinfo=UTC)) == set()
    assert "Did what was agreed happen?" in office.outbox()[-1]["message"]


def test_what_was_raised_again_with_each_event_waits_once(office):
    """Every message has a name of its own: the same event announced twice is queued once."""
    office.raise_()
    office.deliver()
    office.now = london(28, 13)
    office.tick()
    names = [message["dedupe"] for message in office.outbox()]
    assert None not in names
    assert len(set(names)) == len(names)
    before = len(names)
    speaking = office.run(office.service.speaking("ESC-2026-0001"))

    def again(tx):
        for event in office.events():
            office.service.ledger.announcer.happened(tx, speaking, event)
        step = next(speaking.clock.reminders(speaking.state))
        office.service.ledger.announcer.remind(tx, speaking, step, office.now)

    office.run(office.store.write(again))
    assert len(office.outbox()) == before


# Nothing typed


def canaries(fields):
    """Something for every field, what is typed with a word that stands nowhere else."""
    values = {}
    for field in fields:
        match field.kind:
            case FieldKind.TEXT:
                values[field.name] = f"quxcanary about {field.name.replace('_', ' ')}"
            case FieldKind.REFERENCE:
                values[field.name] = "QUXCANARY/1"
            case FieldKind.CHOICE:
                values[field.name] = field.options[0].id
            case FieldKind.DATE:
                values[field.name] = "2026-04-01"
            case FieldKind.PERSON:
                values[field.name] = TALKER
    return values


STORY = [
    ("teacher", Kind.TOLD), ("council", Kind.ACKNOWLEDGED), ("council", Kind.TALKER_NAMED),
    ("council", Kind.VIEW_GIVEN), ("teacher", Kind.ADDED), ("manager", Kind.ADDED), ("teacher", Kind.MADE_URGENT),
    ("teacher", Kind.CHASED), ("council", Kind.PROPOSED), ("teacher", Kind.DECLINED), ("council", Kind.WRONG_AGENCY),
    ("teacher", Kind.REDIRECTED), ("teacher", Kind.SNOOZED), ("teacher", Kind.TOLD), ("teacher", Kind.HANDED_ON),
    ("teacher", Kind.PROPOSED), ("teacher", Kind.WITHDRAWN), ("teacher", Kind.REOPENED), ("teacher", Kind.PROPOSED),
    ("gp", Kind.AGREED), ("teacher", Kind.FILED), ("teacher", Kind.FOLLOWED_UP), ("manager", Kind.REOPENED),
    ("manager", Kind.HANDED_ON), ("manager", Kind.HANDED_ON), ("manager", Kind.DECIDED),
]  # fmt: skip


def test_nothing_that_was_typed_stands_in_any_message_nor_anywhere_but_in_the_history(office):
    teacher = office.teacher
    form = office.service.form(teacher)
    values = {**canaries(form.fields()), "receiving": "social-care", "urgent": "no"}
    link = "https://quxcanary.slack.example/archives/C1/p1"
    office.run(office.service.raise_(form, values, teacher, claim="view:V0", link=link))
    everybody = {"gp": office.viewer("U0GP", agency="gp", leads=["gp"])}
    done = set()
    for number, (by, kind) in enumerate(STORY):
        viewer = everybody.get(by) or by_name(office, by)
        fields = office.service.fields(office.look(viewer), kind)
        moving = office.service.move("ESC-2026-0001", kind, canaries(fields), viewer, claim=f"view:M{number}")
        office.run(moving)
        done.add(kind)
        if kind in (Kind.VIEW_GIVEN, Kind.DECLINED, Kind.SNOOZED, Kind.REOPENED, Kind.FILED):
            office.now += timedelta(days=9)
            office.tick()
        if number > 15:
            office.deliver()
    knowledge = office.library.knowledge
    for number, kind in enumerate(QuickKind):
        form = QuickForm(kind, knowledge.escalation, knowledge.partnership.agencies)
        filled = form.read(canaries(form.fields("2026-04-01")), office.service.guard, office.now)
        office.run(office.service.quick(kind, filled, teacher, channel="slack", claim=f"view:Q{number}"))
    office.run(office.records.upkeep.has_left("slack", TEACHER))

    assert len(done) == 19  # every move that there is
    assert len(office.outbox()) > 60
    names = [row["name"] for row in office.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
    held = {
        name for name in names if "quxcanary" in json.dumps(office.rows(f"SELECT * FROM {name}"), default=str).lower()
    }
    assert held == {"event_bodies", "quick_records"}
    for viewer in (teacher, office.manager):
        for listed in (office.service.mine, office.service.of_my_agencies, office.service.every):
            assert "quxcanary" not in repr(office.run(listed(viewer))).lower()
    with office.store.reading() as tx:
        assert list(office.service.ledger.history.verify(tx)) == []
