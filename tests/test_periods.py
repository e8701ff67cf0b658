"""Periods: as people write them, in London's days, and the one before."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from year import LONDON

from bot.knowledge.partnership import Partnership
from bot.reporting.periods import NoPeriod, Period, month, parsed, reporting_year, week

TODAY = date(2026, 11, 18)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "first", "last", "name"),
    [
        ("", "2026-10-01", "2026-10-31", "October 2026"),
        ("this week", "2026-11-16", "2026-11-22", "2026-W47"),
        ("last week", "2026-11-09", "2026-11-15", "2026-W46"),
        ("  Last   WEEK ", "2026-11-09", "2026-11-15", "2026-W46"),
        ("this month", "2026-11-01", "2026-11-30", "November 2026"),
        ("last month", "2026-10-01", "2026-10-31", "October 2026"),
        ("this quarter", "2026-10-01", "2026-12-31", ""),
        ("last quarter", "2026-07-01", "2026-09-30", ""),
        ("this year", "2026-04-01", "2027-03-31", "2026/27"),
        ("last year", "2025-04-01", "2026-03-31", "2025/26"),
        ("2026-W01", "2025-12-29", "2026-01-04", "2026-W01"),
        ("2026-w53", "2026-12-28", "2027-01-03", "2026-W53"),
        ("2028-02", "2028-02-01", "2028-02-29", "February 2028"),
        ("2026-11-01 2026-11-30", "2026-11-01", "2026-11-30", ""),
        ("2026-11-18 2026-11-18", "2026-11-18", "2026-11-18", ""),
        ("2000-01", "2000-01-01", "2000-01-31", "January 2000"),
        ("2099-W53", "2099-12-28", "2100-01-03", "2099-W53"),
    ],
)
def test_a_period_as_people_write_it(text, first, last, name):
    period = parsed(text, TODAY, LONDON)
    assert (period.first.isoformat(), period.last.isoformat(), period.name) == (first, last, name)


@pytest.mark.parametrize(
    "text",
    [
        "yesterday", "next week", "last", "week", "2026", "2026-13", "2026-00", "2026-W00", "2025-W53", "2026-W54",
        "2026-1", "2026-W1", "26-11", "1999-12", "2100-01", "9999-W52", "0001-01", "2026-11-01",
        "2026-11-31 2026-12-01", "2026-11-30 2026-11-01", "2026-11-01 to 2026-11-30", "2026-11-01  x",
        "20261101 20261130", "2026-W46-1 2026-W46-2",
        "２０２６-１１", "2026-11'; DROP TABLE questions", "last week this week",
    ],
)  # fmt: skip
def test_what_is_no_period_is_said_to_be_none(text):
    with pytest.raises(NoPeriod, match="is no period; write last week"):
        parsed(text, TODAY, LONDON)


@pytest.mark.parametrize(
    ("first_month", "today", "this", "last"),
    [
        (4, date(2026, 3, 31), ("2025-04-01", "2025/26"), ("2024-04-01", "2024/25")),
        (4, date(2026, 4, 1), ("2026-04-01", "2026/27"), ("2025-04-01", "2025/26")),
        (9, date(2026, 4, 1), ("2025-09-01", "2025/26"), ("2024-09-01", "2024/25")),
        (1, date(2026, 12, 31), ("2026-01-01", "2026"), ("2025-01-01", "2025")),
        (12, date(1999, 12, 1), ("1999-12-01", "1999/00"), ("1998-12-01", "1998/99")),
    ],
)
def test_a_year_is_the_partnerships_reporting_year(first_month, today, this, last):
    for text, (first, name) in (("this year", this), ("last year", last)):
        period = parsed(text, today, LONDON, first_month)
        assert (period.first.isoformat(), period.name) == (first, name)
        assert period.days in (365, 366)


def test_the_month_with_which_the_reporting_year_begins_stands_in_the_partnerships_file():
    assert Partnership().reporting_year_from == 4
    assert Partnership(reporting_year_from=9).reporting_year_from == 9
    for wrong in (0, 13, "September"):
        with pytest.raises(ValidationError):
            Partnership(reporting_year_from=wrong)


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("2026-W01", "2025-W52 (22 December 2025 to 28 December 2025)"),
        ("2026-03", "February 2026 (1 February 2026 to 28 February 2026)"),
        ("this quarter", "1 July 2026 to 30 September 2026"),
        ("this year", "2025/26 (1 April 2025 to 31 March 2026)"),
        ("2026-11-16 2026-11-20", "11 November 2026 to 15 November 2026"),
        ("2026-11-16 2026-11-22", "9 November 2026 to 15 November 2026"),
        ("2026-01-01 2026-12-31", "1 January 2025 to 31 December 2025"),
        ("2026-02-01 2026-02-28", "January 2026 (1 January 2026 to 31 January 2026)"),
    ],
)
def test_the_period_before_is_of_the_same_kind(text, before):
    assert str(parsed(text, TODAY, LONDON).before()) == before


@given(st.dates(date(2001, 1, 1), date(2099, 1, 1)), st.integers(1, 12), st.integers(0, 800))
def test_periods_of_a_kind_do_not_overlap_and_leave_nothing_out(day, first_month, more):
    periods = (
        week(day, LONDON),
        month(day, LONDON),
        reporting_year(day, LONDON, first_month),
        Period(day, day + timedelta(days=more), LONDON),
    )
    for period in periods:
        assert period.first <= day <= period.last
        before = period.before()
        assert before.ends == period.begins
        assert before.last + timedelta(days=1) == period.first
        assert bool(before.name) == bool(period.name) or before == month(before.first, LONDON)
    assert [one.before() for one in periods[:3]] == [
        week(day - timedelta(days=7), LONDON),
        month(periods[1].first - timedelta(days=1), LONDON),
        reporting_year(periods[2].first - timedelta(days=1), LONDON, first_month),
    ]
