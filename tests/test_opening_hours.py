"""Which service is open at a moment, until when, and when it opens next, to the minute."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.knowledge.hours import DAYS
from bot.knowledge.loading import layers_of, load
from bot.knowledge.model import Contact
from bot.working_time import Opening, OpeningHours, bank_holidays, in_words

LONDON = ZoneInfo("Europe/London")
MINUTE = timedelta(minutes=1)
WEEKDAYS = {"mon-fri": "09:00-17:00"}


def london(text, fold=0):
    return datetime.fromisoformat(text).replace(tzinfo=LONDON, fold=fold)


def contact(contact_id="door", hours=WEEKDAYS, **fields):
    return Contact(id=contact_id, name=contact_id, hours=hours, **fields)


def at(moment, hours=WEEKDAYS, *, region="ENG", partner=False, **fields):
    """The opening of a service with these hours, or of the one that stands in when it is closed."""
    contacts = {"door": contact(hours=hours, **fields), "duty": contact("duty", {"when_closed": "door"})}
    opening_hours = OpeningHours(contacts, time_zone="Europe/London", region=region)
    return opening_hours.at(contacts["duty" if partner else "door"], moment)


@pytest.fixture(scope="module")
def shipped(request):
    """Barnsley's knowledge, and the opening hours of its contacts."""
    knowledge = load(layers_of(request.config.rootpath / "knowledge", "barnsley"))
    partnership = knowledge.partnership
    return knowledge, OpeningHours(
        knowledge.contacts, time_zone=partnership.time_zone, region=partnership.bank_holidays
    )


# A week


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-23 08:59", False),
        ("2026-11-23 08:59:59.999999", False),
        ("2026-11-23 09:00", True),
        ("2026-11-23 16:59", True),
        ("2026-11-23 16:59:59.999999", True),
        ("2026-11-23 17:00", False),
        ("2026-11-23 00:00", False),
        ("2026-11-23 23:59", False),
        ("2026-11-27 12:00", True),
        ("2026-11-28 12:00", False),
        ("2026-11-29 12:00", False),
    ],
)
def test_a_service_of_the_working_week_opens_at_nine_and_closes_at_five(moment, is_open):
    assert at(london(moment)).open is is_open
    assert at(london(moment), partner=True).open is not is_open


def test_while_open_it_says_until_when_and_while_closed_when_it_opens():
    assert at(london("2026-11-23 09:00")) == Opening(open=True, until=london("2026-11-23 17:00"))
    assert at(london("2026-11-23 08:59")) == Opening(open=False, opens=london("2026-11-23 09:00"))
    assert at(london("2026-11-23 17:00")) == Opening(open=False, opens=london("2026-11-24 09:00"))


def test_on_a_friday_evening_it_opens_on_monday():
    assert at(london("2026-11-27 17:00")).opens == london("2026-11-30 09:00")
    assert at(london("2026-11-27 16:59")).until == london("2026-11-27 17:00")


def test_a_moment_of_another_zone_is_the_same_moment():
    assert at(datetime(2026, 7, 1, 8, 0, tzinfo=UTC)).open is True
    assert at(datetime(2026, 7, 1, 7, 59, tzinfo=UTC)).open is False
    assert at(datetime(2026, 7, 1, 3, 0, tzinfo=ZoneInfo("America/New_York"))).open is False
    assert at(datetime(2026, 7, 1, 4, 0, tzinfo=ZoneInfo("America/New_York"))).open is True


@pytest.mark.parametrize(
    ("days", "open_on"),
    [
        ("mon", "mon"),
        ("sat-sun", "sat sun"),
        ("fri-mon", "fri sat sun mon"),
        ("sun-sat", "sun mon tue wed thu fri sat"),
        ("mon-sun", "mon tue wed thu fri sat sun"),
        ("wed-wed", "wed"),
    ],
)
def test_a_span_of_days_holds_its_first_and_its_last_and_may_run_over_the_weekend(days, open_on):
    monday = london("2026-11-23 12:00")

    found = [name for i, name in enumerate(DAYS) if at(monday + timedelta(days=i), {days: "09:00-17:00"}).open]

    assert set(found) == set(open_on.split())


def test_a_day_with_two_spans_is_closed_between_them():
    hours = {"mon-fri": "09:00-12:00", "mon-thu": "13:00-17:00"}

    assert at(london("2026-11-23 11:59"), hours).until == london("2026-11-23 12:00")
    assert at(london("2026-11-23 12:00"), hours) == Opening(open=False, opens=london("2026-11-23 13:00"))
    assert at(london("2026-11-23 13:00"), hours).until == london("2026-11-23 17:00")
    assert at(london("2026-11-27 12:00"), hours).opens == london("2026-11-30 09:00")


def test_spans_that_meet_are_one():
    hours = {"mon-fri": "09:00-12:00", "mon-thu": "12:00-17:00"}

    assert at(london("2026-11-23 11:00"), hours).until == london("2026-11-23 17:00")
    assert at(london("2026-11-27 11:00"), hours).until == london("2026-11-27 12:00")


def test_a_late_evening_beside_the_weeks_hours_closes_late_on_that_day_only():
    hours = {"mon-fri": "09:00-17:00", "thu": "09:00-20:00"}

    assert at(london("2026-11-26 10:00"), hours).until == london("2026-11-26 20:00")
    assert at(london("2026-11-25 10:00"), hours).until == london("2026-11-25 17:00")


def test_a_span_to_midnight_runs_on_into_the_next_day():
    hours = {"fri": "18:00-24:00", "sat": "00:00-09:00"}

    assert at(london("2026-11-27 23:59"), hours).until == london("2026-11-28 09:00")
    assert at(london("2026-11-28 00:00"), hours).until == london("2026-11-28 09:00")
    assert at(london("2026-11-28 09:00"), hours).open is False


@pytest.mark.parametrize("hours", [{"mon-fri": "22:00-06:00"}, {"mon-fri": "22:00-24:00", "tue-sat": "00:00-06:00"}])
def test_hours_whose_end_is_not_after_their_start_run_on_into_the_next_day(hours):
    assert at(london("2026-11-23 05:59"), hours).open is False
    assert at(london("2026-11-24 23:00"), hours).until == london("2026-11-25 06:00")
    assert at(london("2026-11-25 05:59"), hours).until == london("2026-11-25 06:00")
    assert at(london("2026-11-25 06:00"), hours).opens == london("2026-11-25 22:00")
    assert at(london("2026-11-28 05:59"), hours).until == london("2026-11-28 06:00")


def test_a_night_that_begins_before_a_bank_holiday_ends_on_it_and_none_begins_on_it():
    hours = {"mon-sun": "22:00-06:00"}

    assert at(london("2026-05-04 05:59"), hours).until == london("2026-05-04 06:00")
    assert at(london("2026-05-04 23:00"), hours).opens == london("2026-05-05 22:00")


def test_a_day_and_night_service_that_keeps_bank_holidays_closes_for_the_next_of_them():
    opening = at(london("2026-12-20 12:00"), {"mon-sun": "00:00-24:00"})

    assert (opening.open, opening.until) == (True, london("2026-12-25 00:00"))


@pytest.mark.parametrize(
    "spell",
    [{"mon-sun": "00:00-24:00"}, {"mon-thu": "00:00-24:00", "fri-sun": "00:00-24:00"}, {"mon-sun": "09:00-09:00"}],
)
def test_hours_that_never_end_announce_no_change(spell):
    opening = at(london("2026-11-26 10:00"), spell, bank_holidays="open")

    assert (opening.open, opening.until) == (True, None)


# Bank holidays

ENGLISH_BANK_HOLIDAYS = {
    2024: "1 Jan, 29 Mar, 1 Apr, 6 May, 27 May, 26 Aug, 25 Dec, 26 Dec",
    2025: "1 Jan, 18 Apr, 21 Apr, 5 May, 26 May, 25 Aug, 25 Dec, 26 Dec",
    2026: "1 Jan, 3 Apr, 6 Apr, 4 May, 25 May, 31 Aug, 25 Dec, 28 Dec",
    2027: "1 Jan, 26 Mar, 29 Mar, 3 May, 31 May, 30 Aug, 27 Dec, 28 Dec",
    2028: "3 Jan, 14 Apr, 17 Apr, 1 May, 29 May, 28 Aug, 25 Dec, 26 Dec",
}


@pytest.mark.parametrize("year", ENGLISH_BANK_HOLIDAYS)
def test_the_weekdays_on_which_the_service_is_closed_are_the_governments_bank_holidays(year):
    noon = london(f"{year}-01-01 12:00")
    days = [noon + timedelta(days=i) for i in range(366 if year % 4 == 0 else 365)]

    closed = [f"{day.day} {day:%b}" for day in days if day.weekday() < 5 and not at(day).open]

    assert ", ".join(closed) == ENGLISH_BANK_HOLIDAYS[year]


def test_over_christmas_it_is_closed_from_the_eve_until_after_the_substitute_day():
    """In 2026 Boxing Day is a Saturday, so Monday 28 December stands for it."""
    reopens = london("2026-12-29 09:00")

    assert at(london("2026-12-24 16:59")) == Opening(open=True, until=london("2026-12-24 17:00"))
    for moment in ("2026-12-24 17:00", "2026-12-25 12:00", "2026-12-28 12:00", "2026-12-29 08:59"):
        assert at(london(moment)) == Opening(open=False, opens=reopens)
        assert at(london(moment), partner=True) == Opening(open=True, until=reopens)
    assert at(reopens).open is True


def test_when_christmas_day_and_boxing_day_fall_on_a_weekend_both_have_a_substitute():
    assert at(london("2027-12-24 17:00")).opens == london("2027-12-29 09:00")
    assert at(london("2027-12-24 16:59")).open is True


def test_a_new_years_day_on_a_saturday_closes_the_monday_after_from_the_old_year_on():
    assert at(london("2027-12-31 17:00")).opens == london("2028-01-04 09:00")


def test_a_day_before_a_bank_holiday_weekend_leads_to_the_tuesday():
    assert at(london("2026-05-01 17:00")).opens == london("2026-05-05 09:00")


def test_a_service_of_the_weekend_is_closed_on_a_bank_holiday_that_is_a_saturday_or_a_sunday():
    assert at(london("2027-12-25 12:00"), {"mon-sun": "09:00-17:00"}).open is False
    assert at(london("2027-12-25 12:00"), {"mon-sun": "09:00-17:00"}, bank_holidays="open").open is True


def test_a_service_that_keeps_bank_holidays_open_is_open_on_them():
    assert at(london("2026-12-25 12:00"), bank_holidays="open").open is True
    assert at(london("2026-12-24 17:00"), bank_holidays="open").opens == london("2026-12-25 09:00")


@pytest.mark.parametrize(
    ("region", "day", "closed"),
    [
        ("ENG", date(2026, 11, 30), False),
        ("SCT", date(2026, 11, 30), True),
        ("WLS", date(2026, 4, 6), True),
        ("SCT", date(2026, 4, 6), False),
        ("NIR", date(2026, 3, 17), True),
        ("ENG", date(2026, 3, 17), False),
    ],
)
def test_each_region_has_its_own_bank_holidays(region, day, closed):
    assert (day in bank_holidays(region, day.year)) is closed
    assert at(london(f"{day} 12:00"), region=region).open is not closed


# Summer time


@pytest.mark.parametrize(
    ("moment", "opens_utc"),
    [("2026-03-27 17:00", "2026-03-30T08:00+00:00"), ("2026-10-23 17:00", "2026-10-26T09:00+00:00")],
    ids=["the clocks go on", "the clocks go back"],
)
def test_after_a_weekend_on_which_the_clocks_change_it_opens_at_nine_by_the_new_clock(moment, opens_utc):
    opens = at(london(moment)).opens

    assert opens == datetime.fromisoformat(opens_utc)
    assert (opens.hour, opens.minute) == (9, 0)
    assert at(opens - MINUTE).open is False
    assert at(opens).open is True


@pytest.mark.parametrize(("friday", "hours"), [("2026-03-27", 63), ("2026-10-23", 65), ("2026-11-27", 64)])
def test_the_weekend_is_an_hour_shorter_in_spring_and_an_hour_longer_in_autumn(friday, hours):
    closing = london(f"{friday} 17:00")

    assert at(closing, partner=True).until.astimezone(UTC) - closing.astimezone(UTC) == timedelta(hours=hours)


def test_a_night_service_keeps_its_hours_by_the_clock_on_the_wall_when_the_clocks_change():
    hours = {"sat": "22:00-24:00", "sun": "00:00-06:00"}

    for day, utc_end in (("2026-03-28", "2026-03-29T05:00+00:00"), ("2026-10-24", "2026-10-25T06:00+00:00")):
        assert at(london(f"{day} 23:00"), hours).until == datetime.fromisoformat(utc_end)
        assert at(datetime.fromisoformat(utc_end) - MINUTE, hours).open is True
        assert at(datetime.fromisoformat(utc_end), hours).open is False


def test_both_hours_that_the_clock_shows_twice_belong_to_the_night():
    hours = {"sun": "00:00-06:00"}

    assert at(london("2026-10-25 01:30"), hours).open is True
    assert at(london("2026-10-25 01:30", fold=1), hours).open is True


# Always, never, unknown, and taking turns


def test_a_service_that_is_always_open_says_so_and_its_stand_in_is_always_closed():
    assert at(london("2026-12-25 03:00"), "always") == Opening(open=True, always=True)
    stand_in = at(london("2026-12-25 03:00"), "always", partner=True)
    assert (stand_in.open, stand_in.until, stand_in.opens) == (False, None, None)


def test_where_the_hours_are_unknown_neither_the_service_nor_its_stand_in_is_said_to_be_open():
    assert at(london("2026-11-23 12:00"), "unknown") == Opening(open=None)
    assert at(london("2026-11-23 12:00"), "unknown", partner=True) == Opening(open=None)


def test_a_stand_in_for_a_service_that_is_not_listed_or_itself_a_stand_in_is_unknown():
    contacts = {
        "a": contact("a", {"when_closed": "b"}),
        "b": contact("b", {"when_closed": "a"}),
        "c": contact("c", {"when_closed": "nobody"}),
    }
    hours = OpeningHours(contacts, time_zone="Europe/London", region="ENG")

    assert [hours.at(c, london("2026-11-23 12:00")) for c in contacts.values()] == [Opening(open=None)] * 3


def test_hours_without_a_day_are_refused():
    with pytest.raises(ValueError, match="cannot be read; write always"):
        contact(hours={})


def test_a_stand_in_changes_when_the_other_does():
    assert at(london("2026-11-23 08:59"), partner=True) == Opening(open=True, until=london("2026-11-23 09:00"))
    assert at(london("2026-11-23 09:00"), partner=True) == Opening(open=False, opens=london("2026-11-23 17:00"))


# In words


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2026-11-23 08:59", "opens 9:00"),
        ("2026-11-23 09:00", "open until 17:00"),
        ("2026-11-23 15:59", "open until 17:00"),
        ("2026-11-23 16:00", "closes at 17:00, ring now"),
        ("2026-11-23 16:59", "closes at 17:00, ring now"),
        ("2026-11-23 17:00", "opens tomorrow (Tuesday) 9:00"),
        ("2026-11-23 23:59", "opens tomorrow (Tuesday) 9:00"),
        ("2026-11-24 00:00", "opens 9:00"),
        ("2026-11-27 17:00", "opens Monday 9:00"),
        ("2026-11-28 23:59", "opens Monday 9:00"),
        ("2026-11-29 00:00", "opens tomorrow (Monday) 9:00"),
        ("2026-12-24 17:00", "opens Tuesday 9:00"),
    ],
)
def test_the_front_door_in_words(moment, words):
    assert in_words(at(london(moment)), london(moment)) == words


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2026-11-23 07:59", "open until 9:00"),
        ("2026-11-23 08:59", "closes at 9:00, ring now"),
        ("2026-11-23 09:00", "opens 17:00"),
        ("2026-11-23 17:00", "open until 9:00 on Tuesday"),
        ("2026-11-27 18:00", "open until 9:00 on Monday"),
        ("2026-12-24 18:00", "open until 9:00 on Tuesday"),
    ],
)
def test_the_emergency_duty_team_in_words(moment, words):
    assert in_words(at(london(moment), partner=True), london(moment)) == words


def test_a_service_of_one_day_a_week_names_the_date_from_a_week_away_on():
    hours = {"mon": "09:05-17:00"}

    assert in_words(at(london("2026-11-24 08:00"), hours), london("2026-11-24 08:00")) == "opens Monday 9:05"
    later = london("2026-11-23 18:00")
    assert in_words(at(later, hours), later) == "opens Monday 30 November 9:05"


def test_a_stand_in_that_is_open_for_a_week_does_not_sound_as_if_it_closed_today():
    moment = london("2026-11-23 18:00")
    early = london("2026-11-23 07:00")
    today = in_words(at(early, {"mon": "09:00-17:00"}, partner=True), early)

    words = in_words(at(moment, {"mon": "09:00-17:00"}, partner=True), moment)

    assert today == "open until 9:00"
    assert words.startswith("open until 9:00 on Monday 30 November")


def test_always_unknown_and_no_change_in_words():
    moment = london("2026-11-23 12:00")

    assert in_words(Opening(open=True, always=True), moment) == "open day and night"
    assert in_words(Opening(open=None), moment) == "hours not confirmed"
    assert in_words(Opening(open=True), moment) == "open now"
    assert in_words(Opening(open=False), moment) == "closed"
    assert in_words(at(moment, "always", partner=True), moment) == "closed"


def test_the_words_go_by_the_partnerships_clock_and_not_by_that_of_the_moment():
    moment = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)  # half past midnight on Thursday in London

    assert in_words(at(moment), moment) == "opens 9:00"


# Any minute of ten years

FIRST = datetime(2020, 1, 1, tzinfo=UTC)
MINUTES = st.integers(0, 10 * 366 * 24 * 60).map(lambda minutes: FIRST + minutes * MINUTE)


def front_door_open(moment):
    """Barnsley's front door by the clock and the calendar alone: weekdays nine to five, no bank holidays."""
    local = moment.astimezone(LONDON)
    return local.weekday() < 5 and 9 <= local.hour < 17 and local.date() not in bank_holidays("ENG", local.year)


def first_change(moment, state):
    """The first minute after `moment` at which `state` differs, found by trying each."""
    found = moment
    while state(found) == state(moment):
        found += MINUTE
    return found


@settings(deadline=None, max_examples=150)
@given(moment=MINUTES)
def test_at_any_minute_either_the_front_door_or_the_emergency_duty_team_is_open_until_the_announced_minute(
    shipped, moment
):
    knowledge, hours = shipped
    door = hours.at(knowledge.contacts["front-door"], moment)
    team = hours.at(knowledge.contacts["emergency-duty-team"], moment)

    assert {door.open, team.open} == {True, False}
    assert door.open is front_door_open(moment)
    change = first_change(moment, front_door_open)
    announced = (door.until, team.opens) if door.open else (door.opens, team.until)
    assert announced == (change, change)
    assert (door.opens if door.open else door.until) is None
    for minute, is_open in ((change - MINUTE, door.open), (change, not door.open)):
        assert hours.at(knowledge.contacts["front-door"], minute).open is is_open
        assert hours.at(knowledge.contacts["emergency-duty-team"], minute).open is not is_open


# Half hours, but none between one and two, which the clock skips or shows twice on one Sunday of the year.
HALF_HOURS = st.sampled_from([half for half in range(49) if half not in (2, 3)])
CLOCK = (
    st.tuples(HALF_HOURS, HALF_HOURS)
    .filter(lambda span: span[0] < span[1])
    .map(lambda span: "-".join(f"{half // 2:02d}:{half % 2 * 30:02d}" for half in span))
)
WEEKS = st.dictionaries(
    st.tuples(st.sampled_from(DAYS), st.sampled_from(DAYS)).map("-".join), CLOCK, min_size=1, max_size=3
)


def in_week(hours, local):
    """Whether one of the spans of a week holds a moment of the wall clock."""

    def covers(days):
        first, last = (DAYS.index(day) for day in days.split("-"))
        return (local.weekday() - first) % 7 <= (last - first) % 7

    return any(
        covers(days) and span.split("-")[0] <= f"{local:%H:%M}" < span.split("-")[1] for days, span in hours.items()
    )


@settings(deadline=None, max_examples=150)
@given(hours=WEEKS, moment=MINUTES)
def test_any_week_is_open_when_one_of_its_spans_holds_and_changes_at_the_announced_minute(hours, moment):
    def state(minute):
        return in_week(hours, minute.astimezone(LONDON))

    opening = at(moment, hours, bank_holidays="open")
    change = opening.until if opening.open else opening.opens
    half_hour = moment - timedelta(minutes=moment.minute % 30)
    later = [half_hour + count * timedelta(minutes=30) for count in range(1, 8 * 48)]

    assert opening.open is state(moment)
    assert change == next((minute for minute in later if state(minute) is not state(moment)), None)
