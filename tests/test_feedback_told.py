"""Who is told what of a feedback request, and when; that the MASH is not buried; and that nothing typed is in it."""

import asyncio
import json
import threading
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from slack_stand_in import PATIENCE, Refused
from slack_workspace import ASKER
from test_escalation_clock import plainly_working
from ticketing import ASKED, DSL, MANAGER, MONDAY, OFFICER, STRANGER, TEACHER, Office, office_in, town

from bot.access import Viewer
from bot.answering.guidance import Guidance
from bot.config import ROOT
from bot.feedback import ANSWERS
from bot.knowledge.loading import layers_of, load
from bot.ledger import NotFound
from bot.storage import feedback as stored
from bot.storage import history, outbox
from bot.storage.outbox import MessageKind
from bot.tickets.feedback.moves import MOVES
from bot.tickets.feedback.state import Stand
from bot.tickets.fields import FieldKind
from bot.tickets.ticket import Kind

ENGLAND = ROOT / "knowledge" / "england"
ONE = "MASH-2026-0001"
CHANNEL, OTHER_OFFICER = "C0MASH", "U0MASH2"
LATE = {"day": "2026-04-13"}
TOLD = {"how": "phone", "told_by": "manager"}
CARRIES = "answered_by: social-care\nfeedback_content: code_and_note\n"


@pytest.fixture
def start(smalltown, tmp_path):
    """Opens the office; what was opened is closed afterwards."""
    opened = []

    def start(**changes):
        given = {"managers": [MANAGER], "officers": [OFFICER, OTHER_OFFICER], "mash_channel": CHANNEL, **changes}
        opened.append(office_in(smalltown, ENGLAND, tmp_path / "data", **given))
        return opened[-1]

    yield start
    for office in opened:
        office.close()


@pytest.fixture
def office(start):
    return start()


def london(text):
    """A moment of the summer of 2026 in London, such as "04-28 09:00"."""
    return datetime.fromisoformat(f"2026-{text}:00+01:00")


def last_row(office):
    return max((message["row"] for message in office.outbox()), default=0)


def told_by(office, doing):
    """Who is told of what is done: recipient -> how many messages, and the messages."""
    since = last_row(office)
    doing()
    messages = office.outbox(since=since)
    return dict(Counter(message["recipient"] for message in messages)), messages


def told_at(office, moment):
    """Who is told by what the clockwork does at a moment."""
    office.now = london(moment)
    return told_by(office, office.tick)[0]


def of_the_day(office, since=0):
    return [message for message in office.outbox(since=since) if message["kind"] == MessageKind.LIST]


# The referrer's side


def test_day_by_day_the_referrer_is_prompted_then_their_lead_then_the_partnership_and_the_mash_once_a_day(office):
    assert told_by(office, office.ask)[0] == {TEACHER: 1}  # has it in writing, with the number to ring
    assert told_at(office, "04-27 16:59") == {}
    assert told_at(office, "04-28 08:59") == {}
    assert told_at(office, "04-28 09:00") == {TEACHER: 1}, "heard yet?"
    assert told_at(office, "04-28 11:59") == {}
    assert told_at(office, "04-28 12:00") == {}, "it is in the MASH's list now, and that is no message"
    assert told_at(office, "04-29 09:00") == {CHANNEL: 1, TEACHER: 1, DSL: 1}, "the lead rings"
    assert told_at(office, "04-29 16:59") == {}
    assert told_at(office, "04-30 09:00") == {CHANNEL: 1, TEACHER: 1}, "the escalation is offered"
    assert told_at(office, "05-01 09:00") == {CHANNEL: 1, TEACHER: 1, DSL: 1, MANAGER: 1}, "the partnership"
    assert told_at(office, "05-04 12:00") == {}, "a bank holiday"
    for day in ("05", "06", "07", "08"):
        assert told_at(office, f"05-{day} 09:00") == {CHANNEL: 1}
    assert told_at(office, "05-11 09:00") == {CHANNEL: 1, TEACHER: 1, DSL: 1, MANAGER: 1}
    assert told_at(office, "05-18 09:00") == {CHANNEL: 1, TEACHER: 1, DSL: 1, MANAGER: 1}
    assert told_at(office, "05-26 09:00") == {CHANNEL: 1, TEACHER: 1, DSL: 1, MANAGER: 1}  # the 25th is one too
    texts = [message["message"] for message in office.outbox() if message["recipient"] == TEACHER]
    for text, said in zip(
        texts,
        ["Recorded as", "Have you heard yet?", "rings the front door", "first stage of the escalation policy",
         *["The partnership's managers are told too."] * 4],
        strict=True,
    ):  # fmt: skip
        assert said in text
        assert "ring now: do not wait for this" in text
        assert "This is not a referral" in text
    assert [message["kind"] for message in of_the_day(office)] == [MessageKind.LIST] * 10


def test_of_what_is_held_the_mash_hears_nothing(office):
    for number in range(3):
        office.ask(office.viewer(f"U0P{number}", agency="high-school"))
    for moment in ("04-27 17:00", "04-28 09:00", "04-28 11:59"):
        assert CHANNEL not in told_at(office, moment)
    assert office.run(office.feedback.queue(office.officer)) == []
    assert office.list_of_the_day().lines == ()


def test_after_a_long_stop_each_hears_the_last_of_what_they_would_have_heard(office):
    office.ask()
    assert told_at(office, "05-28 10:00") == {TEACHER: 3, DSL: 2, MANAGER: 1}
    texts = [message["message"] for message in office.outbox() if message["recipient"] == MANAGER]
    assert len(texts) == 1
    assert "Have you heard yet?" not in "".join(message["message"] for message in office.outbox())
    assert office.request().stand is Stand.ASKED
    assert told_at(office, "05-28 10:01") == {}
    assert told_at(office, "05-29 09:00") == {CHANNEL: 1}


def test_nobody_is_prompted_at_night_at_weekends_and_on_bank_holidays(office):
    office.ask()
    for moment in ("04-29 03:00", "04-29 08:59", "04-29 17:00", "05-02 12:00", "05-04 12:00"):
        assert told_at(office, moment) == {}
    assert told_at(office, "05-05 09:00") == {TEACHER: 3, DSL: 2, MANAGER: 1, CHANNEL: 1}


@pytest.mark.parametrize(
    ("steps", "told", "said"),
    [
        ([("officer", Kind.FOUND)], {TEACHER: 1}, "the mash has found the referral"),
        ([("officer", Kind.TAKEN)], {}, ""),
        ([("officer", Kind.UNMATCHED)], {TEACHER: 1}, "cannot match it to a referral, and will ring"),
        ([("officer", Kind.NOT_RECEIVED)], {TEACHER: 1}, "has not received this referral"),
        ([("officer", Kind.ANSWERED)], {TEACHER: 1}, "is this what you needed?"),
        ([("teacher", Kind.ADDED)], {}, ""),
        ([("teacher", Kind.HEARD)], {}, ""),
        ([("teacher", Kind.WITHDRAWN)], {}, ""),
        ([("teacher", Kind.WITHDRAWN), ("lead", Kind.REOPENED)], {TEACHER: 1}, "asked again"),
        ([("teacher", Kind.WITHDRAWN), ("teacher", Kind.REOPENED)], {}, ""),
        ([("officer", Kind.ANSWERED), ("teacher", Kind.SATISFIED)], {}, ""),
        ([("officer", Kind.ANSWERED), ("teacher", Kind.NOT_SATISFIED)], {}, ""),
        ([("officer", Kind.NOT_RECEIVED), ("teacher", Kind.RESENT)], {}, ""),
    ],
)
def test_of_a_move_the_referrer_hears_unless_they_made_it_and_the_mash_gets_no_message_for_one_request(
    office, steps, told, said
):
    office.ask(**LATE)
    people = {"officer": office.officer, "teacher": office.teacher, "lead": office.school_lead}
    values = {
        **TOLD, "why": "No.", "lacking": "other", "phone": "01632 960123", "day": "2026-04-27",
        "made_how": "phone", "made_to": "front-door",
    }  # fmt: skip
    *before, (by, kind) = steps
    for name, earlier in before:
        office.respond(earlier, people[name], **values)
    found, messages = told_by(office, lambda: office.respond(kind, people[by], **values))
    assert found == told
    assert all(said in message["message"].lower() for message in messages)


def test_an_answer_is_asked_about_once_more_and_its_end_is_told(office):
    office.ask(**LATE)
    office.respond(Kind.ANSWERED, office.officer, **TOLD)
    assert told_at(office, "04-28 09:00") == {TEACHER: 1}, "and nothing to the MASH: nothing waits for it"
    assert "Is it what you needed?" in office.outbox()[-1]["message"]
    for moment in ("04-29 09:00", "05-01 09:00", "05-05 16:59"):
        assert told_at(office, moment) == {}
    assert told_at(office, "05-05 17:00") == {TEACHER: 1}
    assert "closed, since the referrer did not say" in office.outbox()[-1]["message"].lower()


def test_below_a_prompt_stand_the_moves_that_answer_it_as_they_are_open_then(office):
    office.ask()
    feedback = office.feedback

    def buttons():
        return [move.kind for move in feedback.asked_of_the_referrer(office.run(feedback.speaking(ONE)))]

    assert buttons() == [Kind.HEARD]
    office.now = london("04-28 09:00")
    assert buttons() == [Kind.HEARD, Kind.NOT_HEARD]
    office.respond(Kind.NOT_HEARD, office.teacher)
    assert buttons() == [Kind.HEARD]
    office.respond(Kind.ANSWERED, office.officer, **TOLD)
    assert buttons() == [Kind.SATISFIED, Kind.NOT_SATISFIED]
    office.respond(Kind.SATISFIED, office.teacher)
    assert buttons() == []
    assert set(ANSWERS) <= set(MOVES)


def test_without_slack_nothing_waits_and_the_record_stands(start):
    office = start(enabled=False)
    office.ask(**LATE)
    office.now = london("04-28 09:00")
    office.tick()
    assert office.outbox() == []
    assert office.request().reminded


# The MASH's message of the day


def test_it_goes_out_at_nine_on_working_days_where_anything_waits_and_not_otherwise(office):
    office.ask(**LATE)
    days = {}
    office.now = london("04-28 00:00")
    while office.now < london("05-12 00:00"):
        since = last_row(office)
        office.tick()
        if found := of_the_day(office, since):
            assert [message["recipient"] for message in found] == [CHANNEL]
            days[office.now.date()] = office.now.strftime("%H:%M")
        office.now += timedelta(minutes=30)
    working = [date(2026, 4, 28) + timedelta(days=n) for n in range(14)]
    assert days == {day: "09:00" for day in working if plainly_working(day)}


def test_it_goes_out_once_however_late_the_first_look_is_and_however_many_there_are(office):
    office.ask(**LATE)
    for moment in ("04-28 11:00", "04-28 11:00", "04-28 11:30", "04-28 16:59", "04-28 22:00"):
        told_at(office, moment)
    assert len(of_the_day(office)) == 1


def test_what_begins_to_wait_in_the_course_of_a_day_is_told_on_the_next_morning(office):
    office.ask(**LATE)
    office.respond(Kind.ANSWERED, office.officer, **TOLD)
    assert told_at(office, "04-28 09:00") == {TEACHER: 1}
    office.ask(**LATE)
    for moment in ("04-28 09:30", "04-28 16:59"):
        assert CHANNEL not in told_at(office, moment)
    assert told_at(office, "04-29 09:00")[CHANNEL] == 1


def test_without_a_channel_each_officer_gets_it(start):
    office = start(mash_channel=None)
    office.ask(**LATE)
    told_at(office, "04-28 09:00")
    assert [message["recipient"] for message in of_the_day(office)] == [OFFICER, OTHER_OFFICER]


def test_without_rules_there_is_none_and_the_rest_goes_on(office):
    office.ask(**LATE)
    (office.library._layers[-1] / "mash-feedback.yaml").unlink()
    office.library.refresh()
    assert office.library.refresh(), office.library.faults
    assert told_at(office, "04-28 09:00") == {TEACHER: 1, DSL: 1}


def test_of_two_processes_that_look_at_once_one_sends_it(office, smalltown, tmp_path):
    given = {"managers": [MANAGER], "officers": [OFFICER], "mash_channel": CHANNEL}
    other = Office(smalltown, tmp_path / "data", **given)
    try:
        office.ask(**LATE)
        for day in ("04-28", "04-29", "04-30"):
            barrier = threading.Barrier(2)

            def look(one, day=day, barrier=barrier):
                one.now = london(f"{day} 09:00")
                barrier.wait(PATIENCE)
                for _ in range(3):
                    one.tick()

            threads = [threading.Thread(target=look, args=(one,)) for one in (office, other)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(PATIENCE)
                assert not thread.is_alive()
        assert len(of_the_day(office)) == 3
        assert Counter(message["recipient"] for message in office.outbox()) == {
            TEACHER: 4, DSL: 2, MANAGER: 1, CHANNEL: 3
        }  # fmt: skip
    finally:
        other.close()


SIXTY, PEOPLE = 60, 20
QUIET = range(11, 16)
"""From Monday 11 to Friday 15 May the MASH answers on the day whatever reaches it."""
MORNINGS = "04-29 04-30 05-01 05-05 05-06 05-07 05-08 05-11 05-19 05-20 05-21 05-22 05-26".split()
"""On which something waits: from the day after the first was late; not after the quiet days; 4 and 25 May are off."""


def test_sixty_requests_a_day_for_a_month_are_one_message_to_the_mash_on_each_working_day_on_which_any_waits(office):
    """Of each day's sixty, ten referrers hear in time; the MASH leaves some of the rest over night, or none."""
    feedback, names = office.feedback, [f"U0P{number:02}" for number in range(PEOPLE)]
    people = [office.viewer(name, agency="high-school") for name in names]
    waiting, held, mornings, asked, answered = set(), [], [], 0, 0
    day = date(2026, 4, 27)
    while day < date(2026, 5, 27):

        def at(clock, day=day):
            office.now = london(f"{day:%m-%d} {clock}")

        at("09:00")
        if plainly_working(day) and waiting:
            mornings.append(f"{day:%m-%d}")
        office.tick()
        if plainly_working(day):
            # What was asked on the working day before should have been answered by its end. Some heard.
            office.run(all_of(feedback.move(name, Kind.HEARD, TOLD, by, claim=name) for name, by in held[:10]))
            waiting |= {name for name, _ in held[10:]}  # at noon
            at("10:30")
            form, values = feedback.form(people[0]), {**ASKED, "day": f"{working_day_before(day)}"}
            asking = [people[number % PEOPLE] for number in range(SIXTY)]
            asks = (feedback.ask(form, values, by, claim=f"{day}:{n}") for n, by in enumerate(asking))
            held = [(found.reference, by) for found, by in zip(office.run(all_of(asks)), asking, strict=True)]
            at("12:00")
            office.tick()
            at("16:00")
            left = 0 if day.month == 5 and day.day in QUIET else 5
            told = sorted(waiting)[: len(waiting) - left]
            done = office.run(feedback.told_several(told, TOLD, office.officer, claim=f"told:{day}"))
            assert all(done.values())
            waiting -= set(told)
            asked, answered = asked + SIXTY, answered + len(told)
        at("17:00")
        office.tick()
        day += timedelta(days=1)
    sent = of_the_day(office)
    assert [datetime.fromisoformat(message["created"]) for message in sent] == [
        london(f"{morning} 09:00") for morning in mornings
    ]
    assert mornings == MORNINGS
    to_mash = [message for message in office.outbox() if message["recipient"] in (OFFICER, OTHER_OFFICER, CHANNEL)]
    assert to_mash == sent
    assert (asked, answered, len(waiting)) == (20 * SIXTY, 19 * 50 - 5, 5)
    print(f"{asked} requests, {answered} answered by the MASH, {len(sent)} messages to it")


async def all_of(work):
    return await asyncio.gather(*work)


def working_day_before(day):
    day -= timedelta(days=1)
    while not plainly_working(day):
        day -= timedelta(days=1)
    return day


# The channel is gone


def test_where_the_channel_is_gone_the_officers_get_the_list_and_the_managers_hear_why_once(start):
    office = start(managers=[MANAGER, "U0BEN"])
    office.ask(**LATE)
    told_at(office, "04-28 09:00")
    with office.store.reading() as tx:
        (waiting,) = [found for found in outbox.due(tx, "slack", office.now) if found.recipient == CHANNEL]

    def gone():
        office.run(office.feedback.channel_is_gone(waiting))

    found, messages = told_by(office, gone)
    assert found == {OFFICER: 1, OTHER_OFFICER: 1, MANAGER: 1, "U0BEN": 1}
    why = {message["recipient"] for message in messages if "MASH_CHANNEL" in message["message"]}
    assert why == {MANAGER, "U0BEN"}
    assert told_by(office, gone)[0] == {}, "the bot was killed before it could mark it, and tries it again"


@pytest.fixture
def bot(start_bot, smalltown):
    """A running bot behind the stand-in for Slack, with a request that waits for the MASH."""
    town(smalltown, ENGLAND)
    knowledge = Guidance.of(load(layers_of(smalltown.parent, "smalltown")))
    bot = start_bot(knowledge, managers=[MANAGER], officers=[OFFICER, OTHER_OFFICER], mash_channel=CHANNEL)
    bot.now = MONDAY
    bot.direct("what is private fostering")
    bot.settle()
    by, feedback = viewer(bot, ASKER, agency="high-school"), bot.records.feedback
    bot.wait_for(feedback.ask(feedback.form(by), {**ASKED, **LATE}, by, claim="view:V1"))
    bot.until_delivered()
    bot.slack.calls.clear()
    return bot


def viewer(bot, name, *, agency=None, **roles):
    return Viewer(replace(bot.wait_for(bot.desk.person("slack", name)), agency=agency), **roles)


def texts_to(bot, recipient):
    return [call.text for call in bot.slack.taken("chat.postMessage") if call.channel == recipient]


def morning_of(bot, moment):
    bot.now = london(moment)
    bot.tick()
    bot.until_delivered()


@pytest.mark.parametrize("error", ["is_archived", "channel_not_found", "not_in_channel"])
def test_a_channel_that_was_archived_hides_the_list_from_nobody(bot, error):
    bot.slack.plan("chat.postMessage", Refused(error))
    morning_of(bot, "04-28 09:00")
    for officer in (OFFICER, OTHER_OFFICER):
        (text,) = texts_to(bot, officer)
        assert "1 feedback request waits for the MASH" in text
    assert [text for text in texts_to(bot, MANAGER) if "MASH_CHANNEL" in text]
    (row,) = bot.rows("SELECT * FROM outbox WHERE recipient = ?", CHANNEL)
    assert (row["last_error"], row["given_up"] is not None, row["delivered"]) == (error, True, None)
    assert texts_to(bot, ASKER), "and nobody else waits for it"
    morning_of(bot, "04-29 09:00")  # it was opened again
    (text,) = texts_to(bot, CHANNEL)
    assert "1 feedback request waits for the MASH" in text
    assert len(texts_to(bot, OFFICER)) == 1


def test_what_slack_does_not_take_for_a_while_is_no_lost_channel(bot):
    bot.slack.plan("chat.postMessage", Refused("fatal_error"))
    morning_of(bot, "04-28 09:00")
    (row,) = bot.rows("SELECT * FROM outbox WHERE recipient = ?", CHANNEL)
    assert (row["last_error"], row["given_up"]) == ("fatal_error", None)
    assert texts_to(bot, OFFICER) == []
    bot.now = datetime.fromisoformat(row["due"])
    bot.until_delivered()
    assert len(texts_to(bot, CHANNEL)) == 1


def test_a_list_in_which_nothing_stands_any_more_when_it_goes_out_is_not_sent(bot):
    bot.slack.plan("chat.postMessage", Refused("fatal_error"))
    morning_of(bot, "04-28 09:00")
    officer = viewer(bot, OFFICER, mash=True)
    bot.wait_for(bot.records.feedback.move(ONE, Kind.ANSWERED, TOLD, officer, claim="view:V2"))
    bot.now += timedelta(minutes=1)
    bot.until_delivered()
    (row,) = bot.rows("SELECT * FROM outbox WHERE recipient = ?", CHANNEL)
    assert (row["delivered"] is not None, texts_to(bot, CHANNEL)) == (True, [])


# Nothing typed, and nothing of what was decided


CANARY = "quxcanary"
DECIDED, NOTE = "An assessment under section 17 (child in need)", f"{CANARY} will visit"
STORY = [
    ("teacher", Kind.ADDED), ("officer", Kind.TAKEN), ("officer", Kind.FOUND), ("officer", Kind.UNMATCHED),
    ("officer", Kind.NOT_RECEIVED), ("teacher", Kind.RESENT), ("teacher", Kind.NOT_HEARD), ("officer", Kind.ANSWERED),
    ("teacher", Kind.NOT_SATISFIED), ("officer", Kind.ANSWERED), ("teacher", Kind.SATISFIED),
    ("teacher", Kind.REOPENED), ("teacher", Kind.HEARD), ("lead", Kind.REOPENED), ("teacher", Kind.WITHDRAWN),
    ("teacher", Kind.REOPENED), ("officer", Kind.ANSWERED),
]  # fmt: skip


def canaries(fields):
    """Something for every field, what is typed with a word that stands nowhere else."""
    values = {}
    for field in fields:
        match field.kind:
            case FieldKind.TEXT:
                values[field.name] = NOTE if field.name == "note" else f"{CANARY} about {field.name}"
            case FieldKind.REFERENCE:
                values[field.name] = "QUXCANARY/1"
            case FieldKind.PHONE:
                values[field.name] = "07700 900123"
            case FieldKind.CHOICE:
                values[field.name] = "section-17" if field.name == "outcome" else field.options[0].id
            case FieldKind.CHOICES:
                values[field.name] = "decision"
            case FieldKind.DATE:
                values[field.name] = "2026-04-24"
    return values


def told_story(office):
    """A request to which everything happens; every move with everything filled in."""
    feedback, teacher = office.feedback, office.teacher
    people = {"teacher": teacher, "officer": office.officer, "lead": office.school_lead}
    form = feedback.form(teacher)
    values = {**canaries(form.fields()), **LATE, "changed": "yes"}
    office.run(feedback.ask(form, values, teacher, claim="view:V0"))
    done = set()
    for number, (by, kind) in enumerate(STORY):
        fields = feedback.fields(office.look(people[by], ONE), kind)
        moving = feedback.move(ONE, kind, canaries(fields), people[by], claim=f"view:M{number}")
        office.run(moving)
        done.add(kind)
        if kind is Kind.RESENT:
            office.now = london("04-28 17:30")
        if kind in (Kind.TAKEN, Kind.ANSWERED, Kind.NOT_SATISFIED):
            office.tick()
    assert done == set(MOVES)


def everything_but_the_history(office):
    """Every table but that of what was typed, every list and export, every message as it is rendered."""
    names = [row["name"] for row in office.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
    # The choices of the rules are no answer.
    for name in set(names) - {"event_bodies", "policies", "knowledge_versions"}:
        yield name, json.dumps(office.rows(f"SELECT * FROM {name}"), default=str, ensure_ascii=False)
    for viewer in (office.teacher, office.school_lead, office.officer, office.manager):
        feedback = office.feedback
        for listed in (feedback.mine, feedback.of_my_agencies, feedback.every, feedback.queue):
            yield listed.__name__, repr(office.run(listed(viewer)))
    found = office.list_of_the_day()
    yield "the list of the day", "\n".join([found.summary(), *map(found.in_short, found.lines)])
    with office.store.reading() as tx:
        yield "export feedback", repr(stored.exported(tx))
        yield "export events", repr(history.exported(tx))


def test_nothing_that_was_typed_or_decided_stands_anywhere_but_in_the_history(start):
    office = start(feedback=CARRIES)
    told_story(office)
    office.ask(**LATE)
    office.now = london("05-20 09:00")
    office.tick()
    office.run(office.records.upkeep.has_left("slack", TEACHER))
    assert len(office.outbox()) > 15
    bodies = json.dumps(office.rows("SELECT * FROM event_bodies"), ensure_ascii=False)
    for typed in (CANARY, "QUXCANARY", "07700 900123", DECIDED):
        assert typed in bodies, "the test types it"
    for place, text in everything_but_the_history(office):
        assert CANARY not in text.lower(), place
        assert "07700" not in text, place
        assert "section" not in text.lower(), place
    with office.store.reading() as tx:
        assert list(office.feedback.ledger.history.verify(tx)) == []


@pytest.mark.parametrize("content", ["told_only", "code", "code_and_note"])
def test_the_bot_carries_of_an_answer_what_the_rules_say_and_no_more(start, content):
    office = start(feedback=f"answered_by: social-care\nfeedback_content: {content}\n")
    office.ask(**LATE)
    fields = {field.name for field in office.feedback.fields(office.look(office.officer, ONE), Kind.ANSWERED)}
    carried = {"told_only": set(), "code": {"outcome"}, "code_and_note": {"outcome", "note"}}[content]
    assert fields & {"outcome", "note"} == carried
    assert {field.name for field in office.feedback.told_fields()} == fields
    office.respond(Kind.ANSWERED, office.officer, **TOLD, outcome="section-17", note="A visit on Friday.")
    typed = office.events(ONE)[-1].typed
    assert set(typed) == carried
    assert office.events(ONE)[-1].data == TOLD


SEES = [
    # who looks, whether what was decided is shown to them
    ({"name": TEACHER, "address_of": "high-school"}, True),
    ({"name": TEACHER, "agency": "high-school"}, False),  # which they only said
    ({"name": TEACHER, "address_of": "gp"}, False),
    ({"name": TEACHER}, False),
    ({"name": DSL, "leads": ["high-school"], "address_of": "high-school"}, True),
    ({"name": DSL, "leads": ["high-school"]}, False),
    ({"name": OFFICER, "mash": True}, True),
    ({"name": MANAGER, "manager": True}, True),
    ({"name": "local operator", "operator": True}, True),
]


@pytest.mark.parametrize(("who", "sees"), SEES)
def test_what_was_decided_is_shown_to_a_verified_work_address_of_the_referrers_agency_and_to_those_who_keep_it(
    start, who, sees
):
    office = start(feedback=CARRIES)
    office.ask(**LATE)
    office.respond(Kind.ANSWERED, office.officer, **TOLD, outcome="section-17", note=NOTE)
    if "manager" not in who:
        office.respond(Kind.NOT_SATISFIED, office.teacher, lacking="other", why=f"{CANARY} why")
        office.respond(Kind.ANSWERED, office.officer, **TOLD, outcome="section-17", note=NOTE)
    looked = office.look(office.viewer(**who), ONE)
    shown = "\n".join([*looked.speaking.history(looked.events), looked.speaking.for_the_record(looked.events)])
    assert (DECIDED in shown, NOTE in shown) == (sees, sees)
    assert ("not shown here" in shown) is not sees
    assert ("section" in repr(looked.events)) is sees
    assert "told by phone" in shown, "that they were told is shown to each of them"


def test_to_anybody_else_nothing_is_shown_whatever_address_they_have(start):
    office = start(feedback=CARRIES)
    office.ask(**LATE)
    office.respond(Kind.ANSWERED, office.officer, **TOLD, outcome="section-17")
    with pytest.raises(NotFound):
        office.look(office.viewer(STRANGER, agency="high-school", address_of="high-school"), ONE)


def test_a_referrer_hears_what_their_lead_did_for_them(start):
    office = start()
    office.ask(**LATE)
    before = len(office.outbox())
    office.respond(Kind.WITHDRAWN, office.school_lead, why="Settled by phone.")
    told = office.outbox()[before:]
    assert [message["recipient"] for message in told] == [TEACHER]
    assert "High School withdrew it" in told[0]["message"]
    assert "Settled by phone" not in told[0]["message"]
