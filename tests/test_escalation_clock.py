"""The clock of escalations: until when a stage lasts, and when somebody is reminded. Days are written out here."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.knowledge.policy import EscalationPolicy, Reminders
from bot.tickets.clock import Audience
from bot.tickets.escalations.clock import EscalationClock
from bot.tickets.escalations.state import Escalation, Stand, after
from bot.tickets.ticket import Event, Kind, Side
from bot.working_time import WorkingDays

LONDON = ZoneInfo("Europe/London")
LISTS = {
    "reasons": ({"id": "roles", "label": "Roles"},),
    "outcomes": ({"id": "changed", "label": "Changed"},),
    "changes": ({"id": "nothing-yet", "label": "Nothing yet"},),
}
STAGES = {"stage-1": 1, "stage-2": 2, "stage-3": 2, "stage-4": 5}

# https://www.gov.uk/bank-holidays.json, England and Wales, as published; copied by hand.
BANK_HOLIDAYS = {
    date.fromisoformat(day)
    for day in (
        "2026-01-01", "2026-04-03", "2026-04-06", "2026-05-04", "2026-05-25", "2026-08-31", "2026-12-25",
        "2026-12-28", "2027-01-01", "2027-03-26", "2027-03-29", "2027-05-03", "2027-05-31", "2027-08-30",
        "2027-12-27", "2027-12-28",
    )
}  # fmt: skip


def policy(**changes):
    given = {
        "name": "Resolution policy",
        "timescales_confirmed": True,
        "day_one": "next-working-day",
        "inside_one_agency": False,
        "stages": [
            {"id": name, "title": name, "who": "Somebody talks", "working_days": days}
            for name, days in STAGES.items()
        ],
        "urgent_stages": ["stage-1", "stage-2"],
        "answer_days": 5,
        "follow_up_days": 20,
        "reminders": Reminders(),
    }
    return EscalationPolicy(**{**given, **LISTS, **changes})


def clock(**changes):
    return EscalationClock(policy(**changes), time_zone="Europe/London", region="ENG")


def london(text):
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


def state(stand=Stand.TOLD, since="2026-06-15 10:00", **changes):
    """An escalation at its first stage that stands so since a moment of London's."""
    at = london(since) if isinstance(since, str) else since
    given = {"stage": "stage-1", "waiting_since": at, "stage_since": None if stand is Stand.NOT_TOLD else at}
    return Escalation(
        **{
            "reference": "ESC-2026-0001",
            "opened_at": at,
            "raiser": "anna",
            "raising": "school",
            "receiving": "council",
            "reason": "roles",
            "child_safe": "yes",
            "policy": "v",
            "stand": stand,
            **given,
            **changes,
        }
    )


def shown(steps, count=8):
    """The first reminders, each with its moment in London and for whom it is."""
    return [
        (step.step, step.at.astimezone(LONDON).strftime("%a %Y-%m-%d %H:%M"), step.audience)
        for step in islice(steps, count)
    ]


def plainly_working(day):
    return day.weekday() < 5 and day not in BANK_HOLIDAYS


def plainly_after(day, number):
    """The working day that is `number` after a day, counted on the fingers."""
    while number or not plainly_working(day):
        day += timedelta(days=1)
        number -= bool(number) and plainly_working(day)
    return day


# Working days

DAYS_OF_THE_LIST = [date(2026, 1, 1) + timedelta(days=n) for n in range(729)]  # until 30 December 2027


def test_the_working_days_of_two_years_are_those_of_the_published_list():
    working = WorkingDays("ENG")
    assert [day for day in DAYS_OF_THE_LIST if working.is_working(day) is not plainly_working(day)] == []


@settings(max_examples=200)
@given(day=st.dates(date(2026, 1, 1), date(2027, 9, 1)), count=st.integers(0, 60))
def test_working_days_are_counted_as_on_the_fingers(day, count):
    working = WorkingDays("ENG")
    found = working.after(day, count)
    assert found == plainly_after(day, count)
    assert working.between(day, found) == (count or (0 if plainly_working(day) else 1))
    if count:
        back = working.before(found, count)
        assert back <= found
        assert working.between(back, found) == count


def test_the_bank_holidays_are_those_of_the_partnerships_region():
    second_of_january = date(2026, 1, 2)
    assert WorkingDays("ENG").is_working(second_of_january)
    assert not WorkingDays("SCT").is_working(second_of_january)


def test_the_working_day_before_a_day_off_is_the_one_before_the_holiday():
    working = WorkingDays("ENG")
    assert working.before(date(2026, 5, 5), 1) == date(2026, 5, 1)
    assert working.before(date(2026, 5, 2), 0) == date(2026, 5, 5)  # as `after`
    assert working.between(date(2026, 5, 1), date(2026, 5, 1)) == 0
    assert working.between(date(2026, 5, 5), date(2026, 5, 1)) == 0


# Until when

DUE = [
    # told in London, stage, due
    ("2026-05-01 16:59", "stage-2", "2026-05-06"),  # a Friday; Monday 4 May is a bank holiday
    ("2026-05-01 17:00", "stage-2", "2026-05-06"),
    ("2026-05-01 23:59", "stage-2", "2026-05-06"),
    ("2026-05-02 00:00", "stage-2", "2026-05-06"),  # Saturday
    ("2026-05-03 12:00", "stage-2", "2026-05-06"),  # Sunday
    ("2026-05-04 12:00", "stage-2", "2026-05-06"),  # the bank holiday itself
    ("2026-05-05 00:00", "stage-2", "2026-05-07"),
    ("2026-05-01 16:59", "stage-1", "2026-05-05"),
    ("2026-05-01 16:59", "stage-4", "2026-05-11"),
    ("2026-04-02 10:00", "stage-1", "2026-04-07"),  # Maundy Thursday: Good Friday and Easter Monday are off
    ("2026-04-02 10:00", "stage-2", "2026-04-08"),
    ("2026-04-01 10:00", "stage-1", "2026-04-02"),
    ("2026-12-24 16:30", "stage-1", "2026-12-29"),  # the 26th is a Saturday: Monday 28th stands in for it
    ("2026-12-24 16:30", "stage-2", "2026-12-30"),
    ("2026-12-24 16:30", "stage-4", "2027-01-05"),  # 29, 30, 31 December, 4 and 5 January
    ("2026-12-25 10:00", "stage-1", "2026-12-29"),
    ("2026-12-31 10:00", "stage-1", "2027-01-04"),
    ("2027-12-24 10:00", "stage-1", "2027-12-29"),  # both holidays fall on the weekend
    ("2026-03-27 16:59", "stage-1", "2026-03-30"),  # the clocks go forward on Sunday 29 March
    ("2026-03-29 00:30", "stage-1", "2026-03-30"),
    ("2026-10-23 16:59", "stage-1", "2026-10-26"),  # and back on Sunday 25 October
    ("2026-10-25 01:30", "stage-1", "2026-10-26"),
]


@pytest.mark.parametrize(("told", "stage", "due"), DUE)
def test_a_stage_is_due_after_its_working_days(told, stage, due):
    assert clock().due(stage, london(told)) == date.fromisoformat(due)


def test_late_in_the_evening_of_utc_it_is_the_next_day_in_summer_and_the_same_in_winter():
    assert clock().due("stage-1", datetime(2026, 6, 15, 23, 30, tzinfo=UTC)) == date(2026, 6, 17)
    assert clock().due("stage-1", datetime(2026, 6, 15, 22, 59, tzinfo=UTC)) == date(2026, 6, 16)
    assert clock().due("stage-1", datetime(2026, 11, 16, 23, 30, tzinfo=UTC)) == date(2026, 11, 17)


def test_a_moment_means_the_same_in_every_zone():
    there = datetime(2026, 6, 16, 8, 30, tzinfo=ZoneInfo("Asia/Tokyo"))  # here it is half past midnight
    assert clock().due("stage-1", there) == clock().due("stage-1", there.astimezone(UTC)) == date(2026, 6, 17)


@pytest.mark.parametrize(
    ("told", "stage", "due"),
    [
        ("2026-06-15 10:00", "stage-1", "2026-06-15"),  # Monday: the day itself is the first
        ("2026-06-15 10:00", "stage-2", "2026-06-16"),
        ("2026-06-15 08:00", "stage-1", "2026-06-15"),
        ("2026-06-15 16:59", "stage-1", "2026-06-15"),
        ("2026-06-15 17:00", "stage-1", "2026-06-16"),  # nothing is left of the day
        ("2026-06-13 10:00", "stage-1", "2026-06-15"),  # Saturday
        ("2026-05-01 16:59", "stage-2", "2026-05-05"),
        ("2026-05-01 17:00", "stage-2", "2026-05-06"),
        ("2026-06-15 10:00", "stage-4", "2026-06-19"),
    ],
)
def test_a_policy_may_count_the_day_itself_as_the_first(told, stage, due):
    assert clock(day_one="same-day").due(stage, london(told)) == date.fromisoformat(due)


@pytest.mark.parametrize("day_one", ["next-working-day", "same-day"])
@pytest.mark.parametrize(
    ("told", "stage", "due"),
    [
        ("2026-06-15 09:00", "stage-1", "2026-06-15"),
        ("2026-06-15 06:00", "stage-2", "2026-06-15"),  # before the offices open
        ("2026-06-15 16:59", "stage-2", "2026-06-15"),
        ("2026-06-15 17:00", "stage-2", "2026-06-16"),
        ("2026-06-12 17:00", "stage-1", "2026-06-15"),  # Friday evening
        ("2026-06-13 10:00", "stage-1", "2026-06-15"),  # Saturday
        ("2026-06-13 20:00", "stage-1", "2026-06-15"),
        ("2026-05-01 17:30", "stage-1", "2026-05-05"),
        ("2026-12-25 10:00", "stage-2", "2026-12-29"),
    ],
)
def test_an_urgent_stage_lasts_for_one_working_day(told, stage, due, day_one):
    assert clock(day_one=day_one).due(stage, london(told), urgent=True) == date.fromisoformat(due)


def test_a_stage_that_the_policy_does_not_hurry_keeps_its_days():
    assert clock().due("stage-3", london("2026-06-15 10:00"), urgent=True) == date(2026, 6, 17)


def test_what_is_made_urgent_later_has_a_working_day_from_then_on():
    told = state(stage="stage-2")
    assert clock().due_of(told) == date(2026, 6, 17)

    def urgent_at(text):
        return after(told, Event("ESC-2026-0001", Kind.MADE_URGENT, london(text), Side.RAISING))

    assert clock().due_of(urgent_at("2026-06-16 10:00")) == date(2026, 6, 16)
    assert clock().due_of(urgent_at("2026-06-16 17:00")) == date(2026, 6, 17)
    assert clock().due_of(urgent_at("2026-06-23 10:00")) == date(2026, 6, 17)  # it is no later for that


@pytest.mark.parametrize("stand", [Stand.NOT_TOLD, Stand.MISDIRECTED, Stand.CLOSED, Stand.WITHDRAWN])
def test_no_date_runs_where_nobody_is_awaited_by_the_policy(stand):
    assert clock().due_of(state(stand)) is None
    assert clock().by_itself(state(stand)) is None


def test_a_proposed_outcome_lapses_at_the_end_of_the_last_day_for_an_answer():
    proposed = state(Stand.PROPOSED, "2026-05-01 16:59", proposed_by=Side.RAISING)
    assert clock().due_of(proposed) == date(2026, 5, 11)
    assert clock().by_itself(proposed) == (london("2026-05-11 17:00"), Kind.LAPSED)
    assert clock(answer_days=1).by_itself(proposed) == (london("2026-05-05 17:00"), Kind.LAPSED)


@pytest.mark.parametrize("stand", [Stand.TOLD, Stand.ACKNOWLEDGED, Stand.NOT_TOLD])
def test_nothing_but_a_proposed_outcome_lapses(stand):
    assert clock().by_itself(state(stand)) is None


# Reminders

MOVER, DEPUTY, PARTNERSHIP = Audience.MOVER, Audience.DEPUTY, Audience.PARTNERSHIP


def test_somebody_is_reminded_before_on_and_after_the_date_and_then_again_and_again():
    assert shown(clock().reminders(state(stage="stage-2", since="2026-05-01 16:59")), 8) == [
        ("before", "Wed 2026-05-06 09:00", MOVER),
        ("on", "Wed 2026-05-06 16:00", MOVER),
        ("after-1", "Thu 2026-05-07 09:00", MOVER),
        ("deputy", "Fri 2026-05-08 09:00", DEPUTY),
        ("partnership", "Mon 2026-05-11 09:00", PARTNERSHIP),
        ("again-1", "Mon 2026-05-18 09:00", PARTNERSHIP),
        ("again-2", "Tue 2026-05-26 09:00", PARTNERSHIP),  # Monday 25 May is a bank holiday
        ("again-3", "Tue 2026-06-02 09:00", PARTNERSHIP),
    ]


@pytest.mark.parametrize(
    ("stage", "before"),
    [
        ("stage-1", "Tue 2026-06-16 13:00"),  # of one day, half
        ("stage-2", "Wed 2026-06-17 09:00"),  # of two, one
        ("stage-4", "Thu 2026-06-18 13:00"),  # of five, two and a half
    ],
)
def test_the_first_reminder_comes_when_half_of_the_time_is_left(stage, before):
    assert shown(clock().reminders(state(stage=stage)), 1) == [("before", before, MOVER)]


@pytest.mark.parametrize(
    ("since", "steps"),
    [
        ("2026-06-15 10:00", [("before", "Mon 2026-06-15 13:00"), ("on", "Mon 2026-06-15 16:00")]),
        ("2026-06-15 12:59", [("before", "Mon 2026-06-15 13:00"), ("on", "Mon 2026-06-15 16:00")]),
        ("2026-06-15 13:00", [("on", "Mon 2026-06-15 16:00"), ("after-1", "Tue 2026-06-16 09:00")]),
        ("2026-06-15 16:30", [("on", "Mon 2026-06-15 16:30"), ("after-1", "Tue 2026-06-16 09:00")]),
        ("2026-06-15 17:00", [("before", "Tue 2026-06-16 13:00"), ("on", "Tue 2026-06-16 16:00")]),
        ("2026-06-13 03:00", [("before", "Mon 2026-06-15 13:00"), ("on", "Mon 2026-06-15 16:00")]),
    ],
)
def test_an_urgent_one_is_reminded_of_as_long_as_its_day_lasts(since, steps):
    told = state(since=since, urgent=True, urgent_since=london(since))
    assert [step[:2] for step in shown(clock().reminders(told), 2)] == steps


def test_where_no_date_runs_the_first_reminder_comes_on_the_next_working_morning():
    assert shown(clock().reminders(state(Stand.NOT_TOLD, "2026-05-01 12:00")), 3) == [
        ("after-1", "Tue 2026-05-05 09:00", MOVER),
        ("deputy", "Wed 2026-05-06 09:00", DEPUTY),
        ("partnership", "Thu 2026-05-07 09:00", PARTNERSHIP),
    ]


def test_where_the_date_had_passed_when_the_waiting_began_nobody_is_called_late_at_once():
    """As when an outcome is declined after the stage's own date, or a telling of long ago is recorded."""
    late = state(Stand.ACKNOWLEDGED, "2026-06-20 22:00", stage_since=london("2026-06-01 10:00"))  # a Saturday
    assert shown(clock().reminders(late), 3) == [
        ("after-1", "Mon 2026-06-22 09:00", MOVER),
        ("deputy", "Tue 2026-06-23 09:00", DEPUTY),
        ("partnership", "Wed 2026-06-24 09:00", PARTNERSHIP),
    ]


def test_reminders_keep_to_the_policys_own_days_and_hours():
    own = Reminders(begin="08:00", end="12:00", deputy_after=0, partnership_after=10, then_every=1)
    assert shown(clock(reminders=own).reminders(state(stage="stage-2")), 7) == [
        ("before", "Wed 2026-06-17 08:00", MOVER),
        ("on", "Wed 2026-06-17 11:00", MOVER),
        ("after-1", "Thu 2026-06-18 08:00", MOVER),
        ("deputy", "Thu 2026-06-18 08:00", DEPUTY),  # the day after the date at the earliest
        ("partnership", "Wed 2026-07-01 08:00", PARTNERSHIP),
        ("again-1", "Thu 2026-07-02 08:00", PARTNERSHIP),
        ("again-2", "Fri 2026-07-03 08:00", PARTNERSHIP),
    ]


def test_an_open_escalation_is_reminded_of_for_years():
    last = list(islice(clock().reminders(state()), 700))[-1]
    assert last.at.year > 2038


def test_a_proposed_outcome_is_reminded_of_within_the_days_for_an_answer():
    proposed = state(Stand.PROPOSED, "2026-06-15 10:00", proposed_by=Side.RAISING)
    assert [step[:2] for step in shown(clock().reminders(proposed), 3)] == [
        ("before", "Thu 2026-06-18 13:00"),
        ("on", "Mon 2026-06-22 16:00"),
        ("after-1", "Tue 2026-06-23 09:00"),  # by then it has lapsed
    ]


# After closing


def test_after_closing_both_are_asked_whether_they_filed_it_and_the_raiser_whether_it_happened():
    at = london("2026-12-23 15:00")
    closed = state(Stand.CLOSED, at, closed_at=at)
    assert shown(clock().reminders(closed)) == [
        ("filed", "Tue 2026-12-29 09:00", Audience.UNFILED),
        ("follow-up", "Mon 2027-01-25 09:00", Audience.RAISER),
    ]
    assert shown(clock(follow_up_days=1).reminders(closed)) == [
        ("follow-up", "Thu 2026-12-24 09:00", Audience.RAISER),
        ("filed", "Tue 2026-12-29 09:00", Audience.UNFILED),
    ]


@pytest.mark.parametrize(
    ("filed", "followed_up", "steps"),
    [
        (set(), False, ["filed", "follow-up"]),
        ({Side.RAISING}, False, ["filed", "follow-up"]),
        ({Side.RECEIVING}, True, ["filed"]),
        ({Side.RAISING, Side.RECEIVING}, False, ["follow-up"]),
        ({Side.RAISING, Side.RECEIVING}, True, []),
    ],
)
def test_nobody_is_asked_for_what_was_done(filed, followed_up, steps):
    at = london("2026-06-15 10:00")
    closed = state(Stand.CLOSED, at, closed_at=at, filed=frozenset(filed), followed_up=followed_up)
    assert [step.step for step in clock().reminders(closed)] == steps


def test_nothing_is_asked_of_a_withdrawn_one():
    at = london("2026-06-15 10:00")
    assert list(clock().reminders(state(Stand.WITHDRAWN, at, closed_at=at))) == []


# Office time


@pytest.mark.parametrize(
    ("moment", "office"),
    [
        ("2026-06-15 08:59", "2026-06-15 09:00"),
        ("2026-06-15 09:00", "2026-06-15 09:00"),
        ("2026-06-15 12:34", "2026-06-15 12:34"),
        ("2026-06-15 16:59", "2026-06-15 16:59"),
        ("2026-06-15 17:00", "2026-06-16 09:00"),
        ("2026-06-12 17:00", "2026-06-15 09:00"),
        ("2026-06-13 12:00", "2026-06-15 09:00"),
        ("2026-05-01 17:00", "2026-05-05 09:00"),
        ("2026-12-24 17:00", "2026-12-29 09:00"),
        ("2026-03-28 12:00", "2026-03-30 09:00"),
        ("2026-10-25 01:30", "2026-10-26 09:00"),
    ],
)
def test_the_next_office_time_is_now_or_the_next_opening(moment, office):
    assert clock().next_office_time(london(moment)) == london(office)


@pytest.mark.parametrize(
    ("moment", "morning"),
    [
        ("2026-06-15 08:59", "2026-06-16 09:00"),
        ("2026-06-15 12:00", "2026-06-16 09:00"),
        ("2026-06-12 12:00", "2026-06-15 09:00"),
        ("2026-05-02 12:00", "2026-05-05 09:00"),
    ],
)
def test_the_next_morning_is_that_of_the_next_working_day(moment, morning):
    assert clock().next_morning(london(moment)) == london(morning)


def test_nine_oclock_is_nine_oclock_in_summer_and_in_winter():
    assert clock().next_morning(london("2026-03-27 12:00")).astimezone(UTC).hour == 8
    assert clock().next_morning(london("2026-10-23 12:00")).astimezone(UTC).hour == 9


def test_the_working_days_that_passed_are_counted_by_the_partnerships_days():
    assert clock().working_days(london("2026-05-01 09:00"), london("2026-05-01 17:00")) == 0
    assert clock().working_days(london("2026-05-01 16:59"), london("2026-05-06 09:00")) == 2
    assert clock().working_days(datetime(2026, 6, 15, 23, 30, tzinfo=UTC), london("2026-06-16 12:00")) == 0


# What holds always

MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 10, 1), timezones=st.just(UTC))
REMINDERS = st.builds(
    lambda begin, length, deputy, later, every: Reminders(
        begin=f"{begin:02}:00",
        end=f"{begin + length:02}:30",
        deputy_after=deputy,
        partnership_after=deputy + later,
        then_every=every,
    ),
    begin=st.integers(0, 12),
    length=st.integers(2, 10),
    deputy=st.integers(0, 5),
    later=st.integers(0, 5),
    every=st.integers(1, 10),
)
CLOCKS = st.builds(
    clock,
    day_one=st.sampled_from(["next-working-day", "same-day"]),
    reminders=REMINDERS,
    answer_days=st.integers(1, 20),
    follow_up_days=st.integers(1, 60),
)


@given(clock=CLOCKS, stage=st.sampled_from(sorted(STAGES)), urgent=st.booleans(), told=MOMENTS)
def test_a_stage_is_never_due_on_a_day_off_nor_before_the_telling(clock, stage, urgent, told):
    due = clock.due(stage, told, urgent=urgent)
    assert plainly_working(due)
    assert due >= told.astimezone(LONDON).date()
    assert due <= plainly_after(told.astimezone(LONDON).date(), 6)


@given(clock=CLOCKS, stage=st.sampled_from(sorted(STAGES)), urgent=st.booleans(), told=st.tuples(MOMENTS, MOMENTS))
def test_a_date_never_moves_back_when_the_telling_moves_on(clock, stage, urgent, told):
    first, second = sorted(told)
    assert clock.due(stage, first, urgent=urgent) <= clock.due(stage, second, urgent=urgent)


@given(clock=CLOCKS, stage=st.sampled_from(sorted(STAGES)), told=MOMENTS)
def test_an_urgent_one_is_never_due_later(clock, stage, told):
    assert clock.due(stage, told, urgent=True) <= clock.due(stage, told)


@st.composite
def states(draw):
    """Escalations in every stand, the stage begun before or with the waiting."""
    stand, since = draw(st.sampled_from(Stand)), draw(MOMENTS)
    began = since - timedelta(hours=draw(st.integers(0, 2000))) * draw(st.booleans())
    urgent = draw(st.booleans())
    return state(
        stand,
        since,
        stage=draw(st.sampled_from(sorted(STAGES))),
        stage_since=None if stand is Stand.NOT_TOLD else began,
        proposed_by=draw(st.sampled_from([Side.RAISING, Side.RECEIVING])) if stand is Stand.PROPOSED else None,
        closed_at=since if stand in (Stand.CLOSED, Stand.WITHDRAWN) else None,
        urgent=urgent,
        urgent_since=began if urgent else None,
    )


def in_office(moment, hours):
    local = moment.astimezone(LONDON)
    return plainly_working(local.date()) and hours.opens <= local.time() < hours.closes


@settings(max_examples=300)
@given(hours=REMINDERS, day_one=st.sampled_from(["next-working-day", "same-day"]), state=states())
def test_reminders_come_on_working_days_between_the_hours_in_order_and_none_before_the_waiting_began(
    hours, day_one, state
):
    steps = list(islice(clock(reminders=hours, day_one=day_one).reminders(state), 10))
    assert len(steps) == (10 if state.is_open else {Stand.CLOSED: 2, Stand.WITHDRAWN: 0}[state.stand])
    assert len({step.step for step in steps}) == len(steps)
    for step in steps:
        assert in_office(step.at, hours), step
        assert step.at >= state.waiting_since, step
    for one, other in pairwise(steps):
        assert one.at.astimezone(UTC) <= other.at.astimezone(UTC), (one, other)


@settings(max_examples=200)
@given(clock=CLOCKS, state=states())
def test_a_date_that_is_awaited_is_a_working_day_and_lapses_in_office_time(clock, state):
    due, by_itself = clock.due_of(state), clock.by_itself(state)
    assert due is None or plainly_working(due)
    assert (by_itself is not None) is (state.stand is Stand.PROPOSED)
    if by_itself is not None:
        lapses, happens = by_itself
        assert happens is Kind.LAPSED
        assert lapses.astimezone(LONDON).date() == due
        assert lapses > state.waiting_since


@given(hours=REMINDERS, moment=MOMENTS)
def test_office_time_is_in_the_offices_hours_and_no_earlier_one_is_passed_over(hours, moment):
    office = clock(reminders=hours).next_office_time(moment)
    assert office >= moment
    assert in_office(office, hours)
    if office != moment:
        assert office.astimezone(LONDON).time() == hours.opens
        between = moment + (office - moment) / 2
        assert not in_office(between, hours)


def test_the_shortest_office_day_still_has_a_half_before_its_last_hour():
    short = Reminders(begin="09:00", end="11:00")
    assert [step[:2] for step in shown(clock(reminders=short).reminders(state()), 2)] == [
        ("before", "Tue 2026-06-16 10:00"),
        ("on", "Tue 2026-06-16 10:00"),
    ]
    assert time(9) == short.opens
