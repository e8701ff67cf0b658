"""The clock of feedback requests: when a referrer should have heard, who is prompted when. Days are written out."""

import re
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_escalation_clock import LONDON, london, plainly_after, plainly_working
from ticketing import office_in

from bot.config import ROOT
from bot.knowledge.feedback import ACKNOWLEDGEMENT, STRATEGY_MINUTES, MashFeedback
from bot.tickets.clock import Audience
from bot.tickets.feedback.clock import CONFIRM, HEARD_YET, LEAD_RINGS, OFFER, SEND_AGAIN, FeedbackClock
from bot.tickets.feedback.standing import age
from bot.tickets.feedback.state import UNANSWERED, FeedbackRequest, Stand
from bot.tickets.fields import InvalidForm
from bot.tickets.ticket import Kind

ENGLAND = ROOT / "knowledge" / "england"
LISTS = dict.fromkeys(("made_how", "made_to", "told_by", "outcomes"), ({"id": "one", "label": "One"},))
HOURS_8 = {"working_hours": 8}
RAISER, DEPUTY, PARTNERSHIP = Audience.RAISER, Audience.DEPUTY, Audience.PARTNERSHIP


def rules(**changes):
    """The rules as England's file has them."""
    given = {
        "timescales_confirmed": True,
        "decision": {"working_days": 1},
        "held_until": "12:00",
        "confirm_days": 5,
        "feedback_content": "told_only",
        "office": {},
        "prompts": {},
        "needs": [{"id": need, "label": need} for need in (ACKNOWLEDGEMENT, "decision", STRATEGY_MINUTES)],
    }
    return MashFeedback.model_validate({**given, **LISTS, **changes})


def clock(**changes):
    return FeedbackClock(rules(**changes), time_zone="Europe/London", region="ENG")


def at(text):
    """A moment of London's, such as "Thu 2026-04-02 16:50": that it is a Thursday is checked too."""
    weekday, _, rest = text.partition(" ")
    moment = london(rest)
    assert f"{moment:%a}" == weekday, text
    return moment


def shown(moment):
    return moment and moment.astimezone(LONDON).strftime("%a %Y-%m-%d %H:%M")


def state(referred, asked=None, stand=Stand.HELD, needs=("decision",), **changes):
    """A request about a referral of a moment, that was asked at another."""
    referred = at(referred) if isinstance(referred, str) else referred
    begun = (at(asked) if isinstance(asked, str) else asked) or referred
    given = {
        "reference": "MASH-2026-0001",
        "opened_at": begun,
        "raiser": "anna",
        "raising": "high-school",
        "policy": "v",
        "waiting_since": begun,
        "needs": needs,
        "referred_at": referred,
        "made_how": "phone",
        "made_to": "front-door",
        "stand": stand,
        "asked_at": None if stand is Stand.HELD else begun,
    }
    return FeedbackRequest(**{**given, **changes})


def prompts(clock, state, count=5):
    """The first prompts, each with its moment in London and for whom it is."""
    return [(step.step, shown(step.at), step.audience) for step in islice(clock.reminders(state), count)]


def story(clock, state):
    """Everything that is to come of a request that nobody answers."""
    days = {step: moment for step, moment, _ in prompts(clock, state)}
    moment, kind = clock.by_itself(state)
    assert kind is Kind.MASH_ASKED
    named = (HEARD_YET, LEAD_RINGS, OFFER, "partnership", "again-1")
    return [shown(clock.expected(state)), days[HEARD_YET], shown(moment), *(days[name] for name in named[1:])]


# From the referral on. Each row is worked out by hand with a calendar; prompts are at nine.

MONTH = {"Mar": 3, "Apr": 4, "May": 5, "Jun": 6, "Oct": 10, "Nov": 11, "Dec": 12, "Jan": 1}
ONE_DAY = """
referral               | expected         | heard yet, MASH  | lead rings | escalation | partnership | and again
Thu 2026-04-02 16:50   | Tue 7 Apr        | Wed 8 Apr        | Thu 9 Apr  | Fri 10 Apr | Mon 13 Apr  | Mon 20 Apr
Thu 2026-04-02 17:00   | Tue 7 Apr        | Wed 8 Apr        | Thu 9 Apr  | Fri 10 Apr | Mon 13 Apr  | Mon 20 Apr
Fri 2026-04-03 09:00   | Tue 7 Apr        | Wed 8 Apr        | Thu 9 Apr  | Fri 10 Apr | Mon 13 Apr  | Mon 20 Apr
Mon 2026-04-06 23:59   | Tue 7 Apr        | Wed 8 Apr        | Thu 9 Apr  | Fri 10 Apr | Mon 13 Apr  | Mon 20 Apr
Tue 2026-04-07 00:00   | Wed 8 Apr        | Thu 9 Apr        | Fri 10 Apr | Mon 13 Apr | Tue 14 Apr  | Tue 21 Apr
Fri 2026-06-12 22:00   | Mon 15 Jun       | Tue 16 Jun       | Wed 17 Jun | Thu 18 Jun | Fri 19 Jun  | Fri 26 Jun
Sat 2026-06-13 03:00   | Mon 15 Jun       | Tue 16 Jun       | Wed 17 Jun | Thu 18 Jun | Fri 19 Jun  | Fri 26 Jun
Sun 2026-06-14 23:59   | Mon 15 Jun       | Tue 16 Jun       | Wed 17 Jun | Thu 18 Jun | Fri 19 Jun  | Fri 26 Jun
Mon 2026-06-15 08:00   | Tue 16 Jun       | Wed 17 Jun       | Thu 18 Jun | Fri 19 Jun | Mon 22 Jun  | Mon 29 Jun
Fri 2026-05-01 16:59   | Tue 5 May        | Wed 6 May        | Thu 7 May  | Fri 8 May  | Mon 11 May  | Mon 18 May
Thu 2026-12-24 16:59   | Tue 29 Dec       | Wed 30 Dec       | Thu 31 Dec | Mon 4 Jan  | Tue 5 Jan   | Tue 12 Jan
Fri 2026-12-25 12:00   | Tue 29 Dec       | Wed 30 Dec       | Thu 31 Dec | Mon 4 Jan  | Tue 5 Jan   | Tue 12 Jan
Fri 2026-03-27 16:59   | Mon 30 Mar       | Tue 31 Mar       | Wed 1 Apr  | Thu 2 Apr  | Tue 7 Apr   | Tue 14 Apr
Sun 2026-03-29 00:30   | Mon 30 Mar       | Tue 31 Mar       | Wed 1 Apr  | Thu 2 Apr  | Tue 7 Apr   | Tue 14 Apr
Sun 2026-03-29 02:30   | Mon 30 Mar       | Tue 31 Mar       | Wed 1 Apr  | Thu 2 Apr  | Tue 7 Apr   | Tue 14 Apr
Fri 2026-10-23 16:59   | Mon 26 Oct       | Tue 27 Oct       | Wed 28 Oct | Thu 29 Oct | Fri 30 Oct  | Fri 6 Nov
Sun 2026-10-25 01:30   | Mon 26 Oct       | Tue 27 Oct       | Wed 28 Oct | Thu 29 Oct | Fri 30 Oct  | Fri 6 Nov
"""
"""The next working day until 17:00. Easter; a weekend; May Day; Christmas (28th for the 26th); both clocks."""


def day_of(text, year):
    """Such as "Tue 7 Apr" of the year, or of the next where it is January."""
    weekday, number, month = text.split()
    day = date(year + (month == "Jan"), MONTH[month], int(number))
    assert f"{day:%a}" == weekday, text
    return f"{day:%a %Y-%m-%d}"


def rows_of(table):
    _, *rows = table.strip().splitlines()
    for row in rows:
        referred, *days = (cell.strip() for cell in row.split("|"))
        yield referred, [day_of(text, int(referred[4:8])) for text in days]


@pytest.mark.parametrize(("referred", "days"), list(rows_of(ONE_DAY)))
def test_a_referrer_should_hear_by_the_end_of_the_next_working_day_and_is_prompted_day_by_day_from_then_on(
    referred, days
):
    expected, heard, *later = days
    asked = state(referred)
    assert story(clock(), asked) == [
        f"{expected} 17:00", f"{heard} 09:00", f"{heard} 12:00", *(f"{day} 09:00" for day in later)
    ]  # fmt: skip
    assert clock().due_of(asked).isoformat() == expected[4:]


def test_five_oclock_is_five_oclock_after_both_changes_of_the_clocks():
    forward, back = state("Fri 2026-03-27 16:59"), state("Fri 2026-10-23 16:59")
    assert clock().expected(forward).astimezone(UTC) == datetime(2026, 3, 30, 16, 0, tzinfo=UTC)
    assert clock().expected(back).astimezone(UTC) == datetime(2026, 10, 26, 17, 0, tzinfo=UTC)


def test_prompts_go_to_the_referrer_then_to_their_lead_then_to_the_partnership_and_never_end():
    held = state("Thu 2026-04-02 16:50")
    assert prompts(clock(), held, 7) == [
        (HEARD_YET, "Wed 2026-04-08 09:00", RAISER),
        (LEAD_RINGS, "Thu 2026-04-09 09:00", DEPUTY),
        (OFFER, "Fri 2026-04-10 09:00", RAISER),
        ("partnership", "Mon 2026-04-13 09:00", PARTNERSHIP),
        ("again-1", "Mon 2026-04-20 09:00", PARTNERSHIP),
        ("again-2", "Mon 2026-04-27 09:00", PARTNERSHIP),
        ("again-3", "Tue 2026-05-05 09:00", PARTNERSHIP),  # Monday is May Day
    ]
    assert list(islice(clock().reminders(held), 600))[-1].at.year > 2036


def test_without_a_time_the_referral_was_made_at_the_end_of_its_day():
    assert shown(clock().referred(date(2026, 4, 2), None)) == "Thu 2026-04-02 17:00"
    assert shown(clock().referred(date(2026, 4, 2), time(16, 50))) == "Thu 2026-04-02 16:50"
    assert shown(clock(office={"end": "16:30"}).referred(date(2026, 4, 2), None)) == "Thu 2026-04-02 16:30"


@pytest.mark.parametrize(
    ("hours", "referred", "expected", "heard"),
    [
        (8, "Thu 2026-04-02 16:50", "Tue 2026-04-07 16:50", "Wed 2026-04-08 09:00"),  # ten minutes, then 7 h 50 min
        (8, "Thu 2026-04-02 17:00", "Tue 2026-04-07 17:00", "Wed 2026-04-08 09:00"),
        (8, "Fri 2026-06-12 22:00", "Mon 2026-06-15 17:00", "Tue 2026-06-16 09:00"),
        (8, "Sat 2026-06-13 10:00", "Mon 2026-06-15 17:00", "Tue 2026-06-16 09:00"),
        (8, "Mon 2026-06-15 07:00", "Mon 2026-06-15 17:00", "Wed 2026-06-17 09:00"),  # asked on the second day
        (8, "Mon 2026-06-15 10:00", "Tue 2026-06-16 10:00", "Wed 2026-06-17 09:00"),
        (4, "Fri 2026-03-27 15:00", "Mon 2026-03-30 11:00", "Tue 2026-03-31 09:00"),  # over a change of the clocks
        (4, "Fri 2026-10-23 15:00", "Mon 2026-10-26 11:00", "Tue 2026-10-27 09:00"),
        (24, "Thu 2026-04-02 16:50", "Thu 2026-04-09 16:50", "Fri 2026-04-10 09:00"),  # never before it is late
        (1, "Thu 2026-12-24 16:30", "Tue 2026-12-29 09:30", "Wed 2026-12-30 09:00"),
    ],
)
def test_counted_in_hours_only_those_of_the_offices_pass(hours, referred, expected, heard):
    counted, asked = clock(decision={"working_hours": hours}), state(referred)
    assert shown(counted.expected(asked)) == expected
    assert shown(counted.heard_yet(asked)) == heard
    assert shown(counted.mash_is_asked(asked)) == heard.replace("09:00", "12:00")


def test_a_school_should_hear_before_its_own_day_ends_where_the_rules_say_so_and_nobody_else():
    early = clock(schools_before="15:00")
    assert shown(early.expected(state("Thu 2026-04-02 16:50", school=True))) == "Tue 2026-04-07 15:00"
    assert shown(early.expected(state("Thu 2026-04-02 16:50"))) == "Tue 2026-04-07 17:00"
    assert shown(clock().expected(state("Thu 2026-04-02 16:50", school=True))) == "Tue 2026-04-07 17:00"
    assert early.is_late(state("Thu 2026-04-02 16:50", school=True), at("Tue 2026-04-07 15:01"))
    assert not early.is_late(state("Thu 2026-04-02 16:50"), at("Tue 2026-04-07 15:01"))
    assert shown(early.heard_yet(state("Thu 2026-04-02 16:50", school=True))) == "Wed 2026-04-08 09:00"


@pytest.mark.parametrize(
    ("referred", "school", "expected"),
    [
        ("Mon 2026-06-15 09:00", False, "Mon 2026-06-15 17:00"),
        ("Mon 2026-06-15 17:00", False, "Mon 2026-06-15 17:00"),  # that day, at a time that was not given
        ("Mon 2026-06-15 17:01", False, "Tue 2026-06-16 17:00"),
        ("Fri 2026-06-12 22:00", False, "Mon 2026-06-15 17:00"),
        ("Sat 2026-06-13 10:00", False, "Mon 2026-06-15 17:00"),
        ("Mon 2026-06-15 14:59", True, "Mon 2026-06-15 15:00"),
        ("Mon 2026-06-15 15:01", True, "Tue 2026-06-16 15:00"),
    ],
)
def test_where_an_answer_is_expected_on_the_day_itself_it_is_not_expected_before_the_referral(
    referred, school, expected
):
    same_day = clock(decision={"working_days": 0}, schools_before="15:00")
    assert shown(same_day.expected(state(referred, school=school))) == expected


def test_strategy_minutes_run_on_their_own_days_and_not_on_those_of_the_decision():
    minutes = state("Thu 2026-04-02 16:50", needs=(STRATEGY_MINUTES,))
    assert story(clock(strategy_minutes={"working_days": 5}), minutes) == [
        "Mon 2026-04-13 17:00",
        "Tue 2026-04-14 09:00",
        "Tue 2026-04-14 12:00",
        "Wed 2026-04-15 09:00",
        "Thu 2026-04-16 09:00",
        "Fri 2026-04-17 09:00",
        "Fri 2026-04-24 09:00",
    ]
    assert shown(clock(strategy_minutes={"working_days": 5}).expected(state("Thu 2026-04-02 16:50"))) == (
        "Tue 2026-04-07 17:00"
    )


def test_strategy_minutes_without_a_time_limit_have_no_date_and_are_prompted_all_the_same():
    minutes = state("Thu 2026-04-02 16:50", stand=Stand.ASKED, needs=(STRATEGY_MINUTES,))
    assert clock().expected(minutes) is None
    assert clock().due_of(minutes) is None
    assert clock().by_itself(minutes) is None
    assert not clock().is_late(minutes, at("Tue 2027-06-15 12:00"))
    assert [step[:2] for step in prompts(clock(), minutes)] == [
        (HEARD_YET, "Wed 2026-04-08 09:00"),
        (LEAD_RINGS, "Thu 2026-04-09 09:00"),
        (OFFER, "Fri 2026-04-10 09:00"),
        ("partnership", "Mon 2026-04-13 09:00"),
        ("again-1", "Mon 2026-04-20 09:00"),
    ]


# Asked when it is late already


@pytest.mark.parametrize(
    ("asked", "days"),
    [
        ("Tue 2026-04-07 17:01", "Thu 9 Apr, Fri 10 Apr, Mon 13 Apr, Mon 20 Apr"),  # late for a minute
        ("Wed 2026-04-08 08:30", "Thu 9 Apr, Fri 10 Apr, Mon 13 Apr, Mon 20 Apr"),  # on the morning after
        ("Wed 2026-04-08 09:30", "Thu 9 Apr, Fri 10 Apr, Mon 13 Apr, Mon 20 Apr"),
        ("Wed 2026-04-08 22:00", "Thu 9 Apr, Fri 10 Apr, Mon 13 Apr, Mon 20 Apr"),
        ("Thu 2026-04-09 00:10", "Fri 10 Apr, Mon 13 Apr, Tue 14 Apr, Tue 21 Apr"),
        ("Fri 2026-04-24 11:00", "Mon 27 Apr, Tue 28 Apr, Wed 29 Apr, Thu 7 May"),  # long late
        ("Sat 2026-04-25 11:00", "Tue 28 Apr, Wed 29 Apr, Thu 30 Apr, Fri 8 May"),
        ("Fri 2026-05-01 11:00", "Tue 5 May, Wed 6 May, Thu 7 May, Thu 14 May"),
    ],
)
def test_what_is_asked_when_it_is_late_is_prompted_from_then_on_day_by_day_and_nobody_is_asked_whether_they_heard(
    asked, days
):
    late = state("Thu 2026-04-02 16:50", asked, stand=Stand.ASKED)
    assert clock().is_late(late, at(asked))
    lead, offer, partnership, again = (f"{day_of(text, 2026)} 09:00" for text in days.split(", "))
    assert prompts(clock(), late, 4) == [
        (LEAD_RINGS, lead, DEPUTY),
        (OFFER, offer, RAISER),
        ("partnership", partnership, PARTNERSHIP),
        ("again-1", again, PARTNERSHIP),
    ]
    assert clock().by_itself(late) is None


@pytest.mark.parametrize(
    ("needs", "given", "at_moment", "stand"),
    [
        ("decision", {}, "Thu 2026-04-02 16:55", Stand.HELD),
        ("decision", {}, "Tue 2026-04-07 17:00", Stand.HELD),  # expected by now, and not late
        ("decision", {}, "Tue 2026-04-07 17:01", Stand.ASKED),
        ("decision", {}, "Wed 2026-04-08 08:30", Stand.ASKED),
        ("decision", {}, "Fri 2026-05-15 11:00", Stand.ASKED),
        ("acknowledgement", {}, "Tue 2026-04-07 16:59", Stand.HELD),
        ("strategy-minutes", {}, "Thu 2026-04-02 16:55", Stand.ASKED),
        ("strategy-minutes", {"strategy_minutes": "{working_days: 5}"}, "Mon 2026-04-13 17:00", Stand.HELD),
        ("strategy-minutes", {"strategy_minutes": "{working_days: 5}"}, "Mon 2026-04-13 17:01", Stand.ASKED),
        ("decision", {"schools_before": '"15:00"'}, "Tue 2026-04-07 15:00", Stand.HELD),  # a school asks
        ("decision", {"schools_before": '"15:00"'}, "Tue 2026-04-07 15:01", Stand.ASKED),
        ("decision", {"decision": "{working_hours: 8}"}, "Tue 2026-04-07 16:50", Stand.HELD),
        ("decision", {"decision": "{working_hours: 8}"}, "Tue 2026-04-07 16:51", Stand.ASKED),
    ],
)
def test_it_is_held_until_it_is_late_and_reaches_the_mash_at_once_where_it_is(
    smalltown, tmp_path, needs, given, at_moment, stand
):
    feedback = "\n".join(["answered_by: social-care", *(f"{name}: {value}" for name, value in given.items())])
    office = office_in(smalltown, ENGLAND, tmp_path / "data", feedback=feedback, officers=["U0MASH"])
    try:
        office.now = at(at_moment)
        office.ask(day="2026-04-02", time="16:50", needs=needs)
        assert office.request().stand is stand
        assert [line.reference for line in office.run(office.feedback.queue(office.officer))] == (
            [] if stand is Stand.HELD else ["MASH-2026-0001"]
        )
    finally:
        office.close()


# After the answer, and while the referral has to be sent again


def test_an_answer_waits_for_the_referrers_word_for_five_working_days_and_then_lapses():
    told = state("Thu 2026-04-02 16:50", "Thu 2026-04-09 10:00", stand=Stand.ANSWERED)
    assert prompts(clock(), told) == [(CONFIRM, "Fri 2026-04-10 09:00", RAISER)]
    assert clock().due_of(told) == date(2026, 4, 16)
    assert clock().by_itself(told) == (at("Thu 2026-04-16 17:00"), Kind.LAPSED)
    assert clock(confirm_days=1).by_itself(told) == (at("Fri 2026-04-10 17:00"), Kind.LAPSED)


def test_who_has_to_send_it_again_is_reminded_on_the_next_morning_and_the_partnership_hears_on_the_one_after():
    missing = state("Thu 2026-04-02 16:50", "Fri 2026-04-10 16:00", stand=Stand.NOT_RECEIVED)
    assert prompts(clock(), missing, 4) == [
        (SEND_AGAIN, "Mon 2026-04-13 09:00", DEPUTY),
        ("partnership", "Tue 2026-04-14 09:00", PARTNERSHIP),
        ("again-1", "Tue 2026-04-21 09:00", PARTNERSHIP),
        ("again-2", "Tue 2026-04-28 09:00", PARTNERSHIP),
    ]
    assert clock().due_of(missing) is None


@pytest.mark.parametrize("stand", [Stand.CLOSED, Stand.WITHDRAWN])
def test_nothing_is_to_come_of_what_is_closed(stand):
    ended = state("Thu 2026-04-02 16:50", stand=stand, closed_at=at("Thu 2026-04-09 10:00"))
    assert (list(clock().reminders(ended)), clock().due_of(ended), clock().by_itself(ended)) == ([], None, None)


# Office time


@pytest.mark.parametrize(
    ("begun", "ended", "minutes"),
    [
        ("Thu 2026-04-02 16:50", "Tue 2026-04-07 09:20", 30),  # over Easter
        ("Thu 2026-04-02 16:50", "Tue 2026-04-07 16:50", 8 * 60),
        ("Thu 2026-04-02 17:00", "Tue 2026-04-07 09:00", 0),
        ("Fri 2026-06-12 22:00", "Mon 2026-06-15 09:01", 1),
        ("Sat 2026-06-13 10:00", "Sun 2026-06-14 20:00", 0),
        ("Mon 2026-06-15 09:00", "Mon 2026-06-15 17:00", 8 * 60),
        ("Mon 2026-06-15 07:00", "Mon 2026-06-15 22:00", 8 * 60),
        ("Fri 2026-03-27 16:00", "Mon 2026-03-30 10:00", 2 * 60),  # an hour is lost on Sunday, and none here
        ("Fri 2026-10-23 16:00", "Mon 2026-10-26 10:00", 2 * 60),
        ("Thu 2026-12-24 16:00", "Tue 2026-12-29 10:00", 2 * 60),
        ("Mon 2026-06-15 12:00", "Mon 2026-06-15 12:00", 0),
        ("Mon 2026-06-15 17:00", "Mon 2026-06-15 11:00", 0),  # told before the end of the day that stands for no time
    ],
)
def test_the_time_to_an_answer_is_that_of_the_offices(begun, ended, minutes):
    answered = state(begun, stand=Stand.ANSWERED, answered_at=at(ended))
    assert clock().time_to_answer(answered) == timedelta(minutes=minutes)
    assert clock().time_to_answer(state(begun)) is None


@pytest.mark.parametrize(
    ("moment", "allowed", "until"),
    [
        ("Thu 2026-04-02 16:50", 10, "Thu 2026-04-02 17:00"),
        ("Thu 2026-04-02 16:50", 11, "Tue 2026-04-07 09:01"),
        ("Sat 2026-06-13 10:00", 0, "Mon 2026-06-15 09:00"),
        ("Mon 2026-06-15 09:00", 480, "Mon 2026-06-15 17:00"),
        ("Mon 2026-06-15 17:00", 480, "Tue 2026-06-16 17:00"),
        ("Fri 2026-03-27 16:59", 481, "Mon 2026-03-30 17:00"),
        ("Fri 2026-10-23 16:59", 2 * 480 + 1, "Tue 2026-10-27 17:00"),
    ],
)
def test_so_much_office_time_ends_with_the_offices_day_and_not_on_the_next_morning(moment, allowed, until):
    assert shown(clock().office_time_after(at(moment), timedelta(minutes=allowed))) == until


MINUTES = st.datetimes(datetime(2026, 1, 1), datetime(2027, 6, 1)).map(
    lambda moment: moment.replace(second=0, microsecond=0, tzinfo=UTC)
)
ZONES = st.sampled_from([UTC, LONDON, ZoneInfo("Asia/Tokyo")])
MOMENTS = st.builds(lambda moment, zone: moment.astimezone(zone), MINUTES, ZONES)
OFFICES = st.builds(
    lambda begin, length: {"begin": f"{begin:02}:30", "end": f"{begin + length:02}:15"},
    begin=st.integers(0, 12),
    length=st.integers(1, 11),
)
ALLOWED = st.integers(0, 60 * 60).map(lambda minutes: timedelta(minutes=minutes))


def is_office_time(moment, office):
    local = moment.astimezone(LONDON)
    begin, end = (time.fromisoformat(office[name]) for name in ("begin", "end"))
    return plainly_working(local.date()) and begin <= local.time() < end


@settings(max_examples=60, deadline=None)
@given(office=OFFICES, begun=MOMENTS, length=st.integers(0, 5 * 24 * 60))
def test_office_time_is_what_counting_each_minute_gives(office, begun, length):
    start = begun.astimezone(UTC)
    plainly = sum(is_office_time(start + timedelta(minutes=minute), office) for minute in range(length))
    passed = clock(office=office).working_time(begun, start + timedelta(minutes=length))
    assert passed == timedelta(minutes=plainly)


@given(office=OFFICES, moments=st.tuples(MOMENTS, MOMENTS, MOMENTS))
def test_office_time_adds_up_and_never_runs_backwards(office, moments):
    first, second, third = sorted(moments)
    counted = clock(office=office)
    whole, parts = counted.working_time(first, third), counted.working_time(first, second)
    assert parts + counted.working_time(second, third) == whole
    assert timedelta() <= parts <= whole
    assert counted.working_time(third, first) == timedelta()


@given(office=OFFICES, moment=MOMENTS)
def test_nothing_passes_while_the_offices_are_closed(office, moment):
    counted = clock(office=office)
    opening = counted.next_office_time(moment)
    assert counted.working_time(moment, opening) == timedelta()
    assert (opening == moment) is is_office_time(moment, office)


@given(office=OFFICES, moment=MOMENTS, allowed=ALLOWED)
def test_after_so_much_office_time_just_so_much_has_passed(office, moment, allowed):
    counted = clock(office=office)
    until = counted.office_time_after(moment, allowed)
    assert counted.working_time(moment, until) == allowed
    if allowed:
        assert is_office_time(until - timedelta(minutes=1), office), "it ends with the last minute that counts"


@given(
    office=OFFICES,
    moments=st.tuples(MOMENTS, MOMENTS),
    allowed=st.tuples(ALLOWED, ALLOWED),
)
def test_what_begins_later_or_is_allowed_longer_ends_no_earlier(office, moments, allowed):
    counted = clock(office=office)
    (first, second), (less, more) = sorted(moments), sorted(allowed)
    assert counted.office_time_after(first, less) <= counted.office_time_after(second, less)
    assert counted.office_time_after(first, less) <= counted.office_time_after(first, more)


# What holds always

DECISIONS = st.one_of(
    st.builds(lambda days: {"working_days": days}, st.integers(0, 10)),
    st.builds(lambda hours: {"working_hours": hours}, st.integers(1, 40)),
)
CLOCKS = st.builds(
    clock,
    decision=DECISIONS,
    strategy_minutes=st.one_of(st.none(), DECISIONS),
    schools_before=st.sampled_from([None, "15:00"]),
    confirm_days=st.integers(1, 10),
)


@st.composite
def states(draw):
    """Requests in every stand, asked at or after the referral."""
    referred, stand = draw(MOMENTS), draw(st.sampled_from(Stand))
    asked = referred + draw(st.integers(0, 40 * 24)) * timedelta(hours=1)
    needs = draw(st.sampled_from([("decision",), (ACKNOWLEDGEMENT,), (STRATEGY_MINUTES,)]))
    return state(referred, asked, stand, needs, school=draw(st.booleans()))


@settings(max_examples=200)
@given(clock=CLOCKS, state=states())
def test_prompts_come_on_working_mornings_in_order_and_none_before_it_is_late_or_was_asked(clock, state):
    steps = list(islice(clock.reminders(state), 8))
    assert len(steps) == (0 if not state.is_open else 1 if state.stand is Stand.ANSWERED else 8)
    assert len({step.step for step in steps}) == len(steps)
    expected = clock.expected(state)
    for step in steps:
        local = step.at.astimezone(LONDON)
        assert plainly_working(local.date())
        assert local.time() == time(9)
        assert step.at > state.waiting_since
        if state.stand in UNANSWERED and expected is not None:
            assert step.at > expected
    for one, other in pairwise(steps):
        assert one.at < other.at


@settings(max_examples=200)
@given(clock=CLOCKS, moments=st.tuples(MOMENTS, MOMENTS), school=st.booleans())
def test_what_was_referred_later_is_never_expected_earlier(clock, moments, school):
    first, second = (clock.expected(state(moment, school=school)) for moment in sorted(moments))
    assert first <= second
    assert second >= max(moments)


@settings(max_examples=200)
@given(days=st.integers(1, 10), moment=MOMENTS)
def test_the_day_it_is_expected_is_counted_as_on_the_fingers(days, moment):
    expected = clock(decision={"working_days": days}).expected(state(moment))
    assert expected.astimezone(LONDON).date() == plainly_after(moment.astimezone(LONDON).date(), days)
    assert expected.astimezone(LONDON).time() == time(17)


@settings(max_examples=200)
@given(clock=CLOCKS, state=states())
def test_what_is_held_reaches_the_mash_after_the_referrer_was_asked_and_what_was_answered_lapses(clock, state):
    by_itself = clock.by_itself(state)
    assert (by_itself is not None) is (state.stand in (Stand.HELD, Stand.ANSWERED))
    if state.stand is Stand.HELD:
        moment, kind = by_itself
        assert kind is Kind.MASH_ASKED
        assert moment > clock.heard_yet(state)
        expected = clock.expected(state)
        assert expected is None or moment > expected
    if state.stand is Stand.ANSWERED:
        moment, kind = by_itself
        assert kind is Kind.LAPSED
        assert moment > state.waiting_since


# What is claimed while the times are provisional

CLAIMS = re.compile(r"\b(due|overdue|late)\b", re.IGNORECASE)
AGES = [
    # now, while it is provisional, once it is confirmed; expected by Tuesday 7 April at 17:00
    ("Thu 2026-04-02 17:30", "expected by Tuesday 7 April 2026", "due by Tuesday 7 April 2026"),
    ("Tue 2026-04-07 00:01", "expected today", "due today"),
    ("Tue 2026-04-07 17:00", "expected today", "due today"),
    (
        "Tue 2026-04-07 17:01",
        "less than a working day past what is expected",
        "less than a working day late",
    ),
    ("Wed 2026-04-08 09:00", "1 working day past what is expected", "1 working day late"),
    ("Sun 2026-04-12 12:00", "3 working days past what is expected", "3 working days late"),
    ("Tue 2026-05-05 09:00", "19 working days past what is expected", "19 working days late"),
]


@pytest.mark.parametrize(("now", "provisional", "confirmed"), AGES)
def test_an_answer_is_late_only_where_the_times_are_confirmed(now, provisional, confirmed):
    expected, asked = at("Tue 2026-04-07 17:00"), at("Thu 2026-04-02 17:00")
    assert age(clock(), expected, asked, at(now), confirmed=False) == provisional
    assert age(clock(), expected, asked, at(now), confirmed=True) == confirmed
    assert not CLAIMS.search(provisional)


def test_where_no_time_is_known_it_is_said_when_it_was_asked():
    for confirmed in (True, False):
        for now, said in (
            ("Thu 2026-04-02 17:30", "asked today"),
            ("Tue 2026-04-07 09:00", "asked 1 working day ago"),
            ("Wed 2026-04-08 09:00", "asked 2 working days ago"),
        ):
            assert age(clock(), None, at("Thu 2026-04-02 17:00"), at(now), confirmed=confirmed) == said


def seen_by_the_mash(office):
    """Everything that the MASH reads of all requests: its message of the day, its list, and each one opened."""
    found = office.list_of_the_day()
    opened = [office.look(office.officer, line.reference) for line in found.lines]
    for looked in opened:
        yield from looked.speaking.lines()
        yield from looked.speaking.history(looked.events)
        yield looked.speaking.title
        yield looked.speaking.age(office.now)
    yield found.summary()
    yield from (found.in_short(line) for line in found.lines)


@pytest.mark.parametrize("confirmed", [False, True], ids=["provisional", "confirmed"])
def test_to_the_mash_nothing_is_called_due_or_late_while_the_times_are_provisional(smalltown, tmp_path, confirmed):
    feedback = f"answered_by: social-care\ntimescales_confirmed: {str(confirmed).lower()}\n"
    office = office_in(smalltown, ENGLAND, tmp_path / "data", feedback=feedback, officers=["U0MASH"])
    try:
        office.now = at("Wed 2026-04-08 10:00")
        for day in ("2026-02-02", "2026-04-02", "2026-04-01", "2026-04-07"):
            office.ask(day=day)
        office.ask(needs=STRATEGY_MINUTES, day="2026-04-01")
        office.respond(Kind.FOUND, office.officer, "MASH-2026-0001")
        office.respond(Kind.UNMATCHED, office.officer, "MASH-2026-0002")
        text = "\n".join(seen_by_the_mash(office))
        assert bool(CLAIMS.search(text)) is confirmed, CLAIMS.findall(text)
        assert ("provisional" in text) is not confirmed
        assert bool(CLAIMS.search(office.list_of_the_day().summary())) is confirmed
    finally:
        office.close()


def test_the_message_of_the_day_counts_what_waits_by_age(smalltown, tmp_path):
    office = office_in(smalltown, ENGLAND, tmp_path / "data", officers=["U0MASH"])
    try:
        office.now = at("Wed 2026-04-08 10:00")
        for day in ("2026-02-02", "2026-03-30", "2026-04-02", "2026-04-01", "2026-04-07"):
            office.ask(day=day)
        office.ask(needs=STRATEGY_MINUTES, day="2026-04-01")
        assert office.list_of_the_day().summary() == (
            "5 feedback requests wait for the MASH. 4 past what is expected: 3 by 1 to 4 working days, 1 by 5 "
            "working days or more. Of 1 more the time is not over: the referrers should hear today."
        )
        office.now = at("Thu 2026-04-09 09:00")  # of the one that is held the referrer should have heard yesterday
        assert office.list_of_the_day().held == 0
        assert len(office.list_of_the_day().lines) == 5
    finally:
        office.close()


# What is typed of a referral's time


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"day": "2026-04-28"}, "day"),  # tomorrow
        ({"day": "2026-04-27", "time": "10:03"}, "time"),  # it is ten o'clock
        ({"day": "2026-04-27", "time": "25:00"}, "time"),
        ({"day": "1999-04-27"}, "day"),
        ({"day": ""}, "day"),
    ],
)
def test_a_referral_lies_behind(smalltown, tmp_path, given, problem):
    office = office_in(smalltown, ENGLAND, tmp_path / "data")
    try:
        with pytest.raises(InvalidForm) as refused:
            office.ask(**given)
        assert set(refused.value.problems) == {problem}
        office.ask(day="2026-04-27", time="10:02")  # clocks differ
        office.ask(day="2026-04-27")  # the end of today
        assert [shown(office.request(f"MASH-2026-000{n}").referred_at) for n in (1, 2)] == [
            "Mon 2026-04-27 10:02",
            "Mon 2026-04-27 17:00",
        ]
    finally:
        office.close()
