"""Every figure against a count of its own, over the raw rows of a year of use; and how soon they are counted."""

import time
from collections import Counter
from contextlib import closing
from datetime import UTC, date, datetime, timedelta

import pytest
from bench_figures import NOW, PERIODS, fill, period_of
from counted_apart import ALLOWED, Raw, at_least, middle, moment
from hypothesis import given
from hypothesis import strategies as st
from ticketing import OUTCOME, office_in
from year import LONDON, lived_in, office_of_the_year

from bot.answering.reply import Reply, Status
from bot.config import ROOT
from bot.reporting import questions as of_questions
from bot.reporting.figures import EVERY, FOR_MANAGERS, UNKNOWN, Figures, Scope, names_of
from bot.reporting.names import STATUSES
from bot.reporting.periods import Period, month, parsed, reporting_year, week
from bot.reporting.tables import median, percentile
from bot.storage import questions
from bot.storage.database import Store, Transaction, connect, migrate, utc
from bot.storage.questions import Question, new_id
from bot.tickets.ticket import Kind

ENGLAND = ROOT / "knowledge" / "england"
YEAR = reporting_year(date(2026, 4, 1), LONDON)
AUTUMN, SPRING = week(date(2026, 10, 25), LONDON), week(date(2027, 3, 28), LONDON)
"""The clocks go back on the Sunday of the one, and forward on the Sunday of the other."""
SCOPES = {
    "the year": Scope(YEAR),
    "a month": Scope(month(date(2026, 11, 1), LONDON)),
    "the month before": Scope(month(date(2026, 11, 1), LONDON).before()),
    "the week in which the clocks go back": Scope(AUTUMN),
    "the week in which the clocks go forward": Scope(SPRING),
    "an agency": Scope(YEAR, agency="high-school"),
    "an agency that nobody is": Scope(YEAR, agency="fire"),
    "a topic": Scope(YEAR, topic="mash"),
    "an agency, a topic, a quarter": Scope(
        parsed("2026-07-01 2026-09-30", date(2027, 4, 1), LONDON), agency="hospital", topic="private-fostering"
    ),
    "an empty period": Scope(month(date(2025, 11, 1), LONDON)),
}


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """An office after a year of use. Nobody changes it."""
    folder = tmp_path_factory.mktemp("year")
    office = office_of_the_year(folder / "knowledge" / "yearly", folder / "data")
    lived_in(office)
    yield office
    office.close()


@pytest.fixture(scope="module")
def raw(lived):
    return Raw(lived)


def table(office, name, scope=SCOPES["the year"]):
    """One figure of an office."""
    with office.store.reading() as tx:
        return EVERY[name](Figures(tx, scope, office.library.knowledge, office.now))


# Every figure, for every scope


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("scope", SCOPES.values(), ids=SCOPES)
def test_a_figure_is_what_the_raw_rows_say(lived, raw, scope, name):
    assert list(table(lived, name, scope).rows) == raw.count(scope)[name]


def test_in_the_year_there_is_of_everything(raw):
    """Else figures could agree on nothing."""
    counted = raw.count(SCOPES["the year"])
    assert all(counted.values())
    assert {row[0] for row in counted["escalations-by-stage"]} == set(ALLOWED)
    assert {"open", "withdrawn"} < {row[0] for row in counted["escalations-by-outcome"]}
    assert [row[0] for row in counted["days-by-stage"] if 0 < row[4] < row[1] and 0 < row[5] <= 1] == list(ALLOWED)
    ((asked, answered, over, in_time, _, judged, satisfied, escalated),) = counted["feedback"]
    assert 0 < escalated < judged < answered < asked
    assert 0 < over < asked
    assert 0 < in_time < 1
    assert 0 < satisfied < 1
    kinds = Counter(event["kind"] for event in raw.rows["events"])
    for kind in ("redirected", "reopened", "closed-unconfirmed", "made-urgent", "sent-again", "heard-already"):
        assert kinds[kind] > 1, kind
    assert any(one.closed and not one.answered and one.expected > one.closed for one in raw.requests if one.expected)
    assert len(raw.verdicts) < len(raw.rows["verdicts"])
    assert len({moment(row["at"]).astimezone(LONDON).utcoffset() for row in raw.rows["questions"]}) == 2


def test_the_change_against_the_period_before_is_that_of_two_counts(lived, raw):
    now = SCOPES["a month"]
    before = Scope(now.period.before())
    assert (before.period.name, before.period.ends) == ("October 2026", now.period.begins)
    for name, column in (("questions-by-status", "questions"), ("escalations-by-agencies", "escalations")):
        change = table(lived, name, now).total(column) - table(lived, name, before).total(column)
        assert change == sum(row[-1] for row in raw.count(now)[name]) - sum(
            row[-1] for row in raw.count(before)[name]
        )
        assert change != 0


# What stands around the numbers


def test_every_figure_is_whole(lived):
    for name in EVERY:
        found = table(lived, name)
        assert found.id == name
        assert found.title
        assert found.means.endswith(".")
        assert {len(row) for row in found.rows} == {len(found.heads)}
        counts = {column.name for column in found.columns if column.of is None}
        assert {column.of for column in found.columns if column.of} <= counts
        assert len(set(found.heads)) == len(found.heads)
        assert len({row[: len(found.by)] for row in found.rows}) == len(found.rows)
        assert found.as_objects() == [dict(zip(found.heads, row, strict=True)) for row in found.rows]
    assert EVERY.keys() > FOR_MANAGERS


def test_only_what_is_for_managers_holds_what_was_typed(lived, raw):
    typed = {row["text"] for row in raw.rows["questions"] if row["text"]}
    for name in EVERY:
        shown = {cell for row in table(lived, name).rows for cell in row}
        assert bool(typed & shown) == (name in FOR_MANAGERS)


def test_everything_that_is_counted_has_a_name(lived):
    names = names_of(lived.library.knowledge)
    assert set(STATUSES) == set(Status)
    for name in EVERY.keys() - FOR_MANAGERS:
        found = table(lived, name)
        for place, by in enumerate(found.by):
            ids = {row[place] for row in found.rows} - {UNKNOWN}
            assert by in ("age", "hour") or ids <= names[by].keys(), by
        assert found.named(names).columns == found.columns
    by_agencies = table(lived, "escalations-by-agencies").named(names)
    assert by_agencies.value("escalations", "High School", "Yearly Council") == table(
        lived, "escalations-by-agencies"
    ).value("escalations", "high-school", "social-care")
    assert by_agencies.value("escalations", "High School", "nobody") is None


def test_the_share_of_agencies_that_are_not_known_is_said(lived, raw):
    given = [row for row in raw.rows["questions"] if row["entry"] and row["at"] < utc(YEAR.ends)]
    unknown = sum(row["agency"] is None for row in given)
    assert unknown
    note = table(lived, "questions-by-topic-and-agency").note
    assert note == f"Of {unknown / len(given):.0%} of these the agency is not known."
    assert table(lived, "questions-by-topic-and-agency", SCOPES["an empty period"]).note == ""


@pytest.mark.parametrize("name", ["days-by-stage", "feedback", "feedback-by-agency"])
def test_no_share_in_time_is_given_of_times_that_were_not_confirmed(lived, name):
    before, after = (Scope(parsed(text, YEAR.last, LONDON)) for text in ("2026-07", "2026-11"))
    unconfirmed, confirmed = table(lived, name, before), table(lived, name, after)
    place = unconfirmed.heads.index("in time")
    assert {row[place] for row in unconfirmed.rows} == {None}
    assert "not confirmed" in unconfirmed.note
    assert any(row[place] is not None for row in confirmed.rows)
    assert confirmed.note == table(lived, name, SCOPES["an empty period"]).note == ""


# Where a period begins and ends


@pytest.fixture
def office(smalltown, tmp_path):
    office = office_in(smalltown, ENGLAND, tmp_path / "data", managers=["U0ANN"])
    yield office
    office.close()


def ask(office, at, *, status=Status.NO_GUIDANCE, text="what about head lice", entry=None, verdicts=()):
    """A question at some moment; its verdicts come later, in their order."""
    question = Question(new_id(), at, "web", text, Reply(status, entry=entry), emergency=False, ms=1.0)

    def work(tx):
        questions.record(tx, question, None)
        for number, helpful in enumerate(verdicts):
            later = at + timedelta(minutes=number + 1)
            assert questions.judge(tx, question.id, helpful=helpful, at=later, person_id=None)

    office.store.submit(work).result()


SHORTLY = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("day", "begins"),
    [
        (date(2026, 7, 6), datetime(2026, 7, 5, 23, tzinfo=UTC)),  # summer
        (date(2026, 12, 7), datetime(2026, 12, 7, 0, tzinfo=UTC)),  # winter
        (date(2026, 10, 25), datetime(2026, 10, 24, 23, tzinfo=UTC)),  # the day of 25 hours
        (date(2026, 10, 26), datetime(2026, 10, 26, 0, tzinfo=UTC)),
        (date(2027, 3, 28), datetime(2027, 3, 28, 0, tzinfo=UTC)),  # the day of 23 hours
        (date(2027, 3, 29), datetime(2027, 3, 28, 23, tzinfo=UTC)),
    ],
    ids=str,
)
def test_a_day_begins_at_midnight_in_london(office, day, begins):
    office.now = begins
    office.raise_()
    office.ask(day=(day - timedelta(days=3)).isoformat())
    ask(office, begins)
    ask(office, begins - SHORTLY, text="can we film in the playground")
    for name, counted in (("questions-by-status", "questions"), ("escalations-by-reason", "escalations")):
        on, before = (Scope(Period(one, one, LONDON)) for one in (day, day - timedelta(days=1)))
        assert table(office, name, on).total(counted) == 1
        assert table(office, name, before).total(counted) == (counted == "questions")
    assert table(office, "feedback", on).value("asked") == 1
    assert table(office, "feedback", before).value("asked") == 0
    assert [row[0] for row in table(office, "unanswered", before).rows] == ["can we film in the playground"]


@pytest.mark.parametrize(("period", "hours"), [(AUTUMN, 169), (SPRING, 167), (week(date(2026, 7, 1), LONDON), 168)])
def test_a_week_in_which_the_clocks_change_is_as_long_as_it_is(period, hours):
    assert period.ends.astimezone(UTC) - period.begins.astimezone(UTC) == timedelta(hours=hours)


# What was asked


def test_the_last_verdict_counts(office):
    begins = datetime(2026, 11, 2, 9, tzinfo=UTC)
    office.now = begins + timedelta(hours=1)
    scope = Scope(week(date(2026, 11, 2), LONDON))
    entry = next(iter(office.library.knowledge.entries.values()))
    for verdicts in ((True,), (True, False), (False, True), (False, False, True), ()):
        ask(office, begins, status=Status.ANSWERED, entry=entry, verdicts=verdicts)
    ask(office, begins, status=Status.CHOOSE, verdicts=(False,))  # a choice of three, which gave no entry
    assert table(office, "helpful", scope).rows == ((5, 3 / 5),)
    assert table(office, "questions-by-entry", scope).rows == ((entry.full_id, 5, 4, 3 / 4),)
    assert table(office, "unanswered", scope).total("questions") == 2


def test_of_very_many_that_were_not_answered_the_newest_are_compared(office, monkeypatch):
    monkeypatch.setattr(of_questions, "COMPARED", 3)
    begins = datetime(2026, 11, 2, 9, tzinfo=UTC)
    office.now = begins + timedelta(hours=1)
    scope = Scope(week(date(2026, 11, 2), LONDON))
    for number, text in enumerate(["head lice", "tattoos at school", "Tattoos at school?", "vaping"]):
        if number == 3:
            assert "newest" not in table(office, "unanswered", scope).means
        ask(office, begins + timedelta(minutes=number), text=text)
    found = table(office, "unanswered", scope)
    assert found.rows == (("tattoos at school", 2), ("vaping", 1))
    assert "these are the newest 3" in found.means


def test_a_short_question_does_not_swallow_the_longer_ones_that_hold_its_words(office):
    begins = datetime(2026, 11, 2, 9, tzinfo=UTC)
    office.now = begins + timedelta(hours=1)
    for text in ("referral", "my referral was turned down, what now", "who signs a referral"):
        ask(office, begins, text=text)
    assert len(table(office, "unanswered", Scope(week(date(2026, 11, 2), LONDON))).rows) == 3


# What was raised


ALL_OF_2026 = Scope(parsed("2026-01-01 2026-12-31", date(2027, 1, 1), LONDON))
CONFIRMED = "timescales_confirmed: true\n"


def at(office, text):
    office.now = datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(UTC)


def settle(office, *, by=None):
    """The council proposes an outcome, and the school agrees."""
    office.move(Kind.PROPOSED, office.council_lead, **OUTCOME)
    office.move(Kind.AGREED, by or office.teacher)


def stages(office):
    """Stage -> stages, median days, with confirmed days, in time."""
    found = table(office, "days-by-stage", ALL_OF_2026)
    return {row["stage"]: (row["stages"], row["median days"], row["in time"]) for row in found.as_objects()}


@pytest.fixture
def confirmed(smalltown, tmp_path):
    """An office whose times are confirmed, on Monday 27 April 2026 at 10:00."""
    office = office_in(
        smalltown,
        ENGLAND,
        tmp_path / "data",
        policy=CONFIRMED,
        feedback=f"answered_by: social-care\n{CONFIRMED}",
        managers=["U0ANN"],
    )
    yield office
    office.close()


def test_what_is_opened_again_keeps_when_it_was_acknowledged_first(confirmed):
    confirmed.raise_()
    confirmed.deliver()
    at(confirmed, "2026-04-27 13:00")
    confirmed.move(Kind.ACKNOWLEDGED, confirmed.council_lead)
    settle(confirmed)
    assert table(confirmed, "time-to-acknowledge", ALL_OF_2026).rows == ((1, 3.0, 3.0),)
    at(confirmed, "2026-06-01 10:00")
    confirmed.move(Kind.REOPENED, confirmed.teacher, why="It did not happen.")
    confirmed.deliver()
    assert table(confirmed, "time-to-acknowledge", ALL_OF_2026).rows == ((1, 3.0, 3.0),)


def test_a_stage_that_is_begun_again_counts_from_then_on(confirmed):
    confirmed.raise_()
    confirmed.deliver()
    at(confirmed, "2026-04-28 13:00")
    settle(confirmed)
    assert stages(confirmed) == {"stage-1": (1, 1, 1.0)}
    at(confirmed, "2026-06-01 10:00")
    confirmed.move(Kind.REOPENED, confirmed.teacher, why="It did not happen.")
    assert stages(confirmed) == {"stage-1": (1, 1, 1.0)}, "they do not know of it yet"
    confirmed.deliver()
    assert stages(confirmed) == {}, "it runs"
    at(confirmed, "2026-06-04 10:00")
    settle(confirmed)
    assert stages(confirmed) == {"stage-1": (1, 3, 0.0)}


def test_a_stage_that_is_not_begun_again_does_not_last_until_the_second_end(confirmed):
    confirmed.raise_(receiving="gp")
    confirmed.move(Kind.TOLD, confirmed.teacher, how="phone", whom="The manager")
    at(confirmed, "2026-04-28 13:00")
    confirmed.move(Kind.WITHDRAWN, confirmed.teacher, why="They changed it.")
    at(confirmed, "2026-06-01 10:00")
    confirmed.move(Kind.REOPENED, confirmed.teacher, why="They did not.")
    at(confirmed, "2026-06-05 10:00")
    confirmed.move(Kind.WITHDRAWN, confirmed.teacher, why="Now they did.")
    assert stages(confirmed) == {"stage-1": (1, 1, 1.0)}


def test_what_is_made_urgent_later_makes_no_stage_late_that_was_over(confirmed):
    confirmed.raise_()
    confirmed.deliver()
    at(confirmed, "2026-04-28 13:00")
    confirmed.move(Kind.HANDED_ON, confirmed.teacher, stage="stage-2", why="No agreement.")
    confirmed.deliver()
    assert stages(confirmed) == {"stage-1": (1, 1, 1.0)}
    at(confirmed, "2026-04-29 10:00")
    confirmed.move(Kind.MADE_URGENT, confirmed.teacher, why="The child goes home tomorrow.")
    assert stages(confirmed) == {"stage-1": (1, 1, 1.0)}
    at(confirmed, "2026-04-29 16:00")
    settle(confirmed)
    assert stages(confirmed) == {"stage-1": (1, 1, 1.0), "stage-2": (1, 1, 1.0)}, (
        "it has its working day from then on"
    )


@pytest.mark.parametrize(("ended", "in_time"), [("2026-04-28 23:59", 1.0), ("2026-04-29 00:01", 0.0)])
def test_a_stage_ends_in_time_until_the_end_of_its_last_day(confirmed, ended, in_time):
    confirmed.raise_()
    confirmed.deliver()
    at(confirmed, ended)
    settle(confirmed)
    assert [values[-1] for values in stages(confirmed).values()] == [in_time]


def test_an_outcome_that_nobody_answered_is_the_outcome_and_one_that_is_still_proposed_is_not(confirmed):
    confirmed.raise_()
    confirmed.deliver()
    confirmed.move(Kind.PROPOSED, confirmed.council_lead, **OUTCOME)
    assert table(confirmed, "escalations-by-outcome", ALL_OF_2026).rows == (("open", 1),)
    assert table(confirmed, "escalations-by-change", ALL_OF_2026).rows == ()
    at(confirmed, "2026-05-11 10:00")
    confirmed.tick()
    assert confirmed.state().closed_as is Kind.LAPSED
    assert table(confirmed, "escalations-by-outcome", ALL_OF_2026).rows == ((OUTCOME["outcome"], 1),)
    assert table(confirmed, "escalations-by-change", ALL_OF_2026).rows == ((OUTCOME["change"], 1),)


# What was asked of the MASH


@pytest.mark.parametrize(
    ("ended", "over", "in_time"),
    [
        ("2026-04-27 16:59", 0, None),  # withdrawn while there was time
        ("2026-04-27 17:01", 1, 0.0),  # withdrawn when it was late
    ],
)
def test_a_request_that_was_withdrawn_in_time_is_not_late_for_ever(confirmed, ended, over, in_time):
    confirmed.ask(day="2026-04-24")  # a Friday: expected by the end of Monday
    at(confirmed, ended)
    confirmed.respond(Kind.WITHDRAWN, confirmed.teacher, why="They rang.")
    at(confirmed, "2026-05-15 10:00")
    found = table(confirmed, "feedback", ALL_OF_2026)
    assert (found.value("over"), found.value("in time"), found.value("answered")) == (over, in_time, 0)


@pytest.mark.parametrize(("told", "in_time"), [("2026-04-27 17:00", 1.0), ("2026-04-27 17:01", 0.0)])
def test_a_referrer_is_told_in_time_until_the_moment_at_which_it_was_expected(confirmed, told, in_time):
    confirmed.ask(day="2026-04-24")
    at(confirmed, "2026-04-29 10:00")
    on = datetime.fromisoformat(told).replace(tzinfo=LONDON).isoformat()
    confirmed.respond(Kind.HEARD, confirmed.teacher, how="phone", on=on)
    found = table(confirmed, "feedback", ALL_OF_2026)
    assert (found.value("over"), found.value("in time")) == (1, in_time)


# Middle and ninth decile


@given(st.lists(st.integers(0, 30), max_size=40), st.sampled_from([1, 10, 50, 90, 99, 100]))
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(values, share):
    assert percentile(values, share / 100) == at_least(values, share)
    assert median(values) == middle(values)


# The database


def test_figures_that_are_read_together_are_of_one_moment(office):
    begins = datetime(2026, 11, 2, 9, tzinfo=UTC)
    office.now = begins + timedelta(hours=1)
    scope = Scope(week(date(2026, 11, 2), LONDON))
    ask(office, begins)
    with office.store.reading() as tx:
        figures = Figures(tx, scope, office.library.knowledge, office.now)
        assert figures.questions_by_status().total("questions") == 1
        ask(office, begins)
        assert figures.unanswered().total("questions") == 1
        office.raise_()
        assert figures.open_by_age().total("open") == 0
    assert table(office, "unanswered", scope).total("questions") == 2
    assert table(office, "open-by-age", scope).total("open") == 1


def test_a_file_of_the_version_before_has_its_stages_and_verdicts_filled_in(confirmed):
    confirmed.raise_()
    confirmed.deliver()
    at(confirmed, "2026-04-27 13:00")
    confirmed.move(Kind.ACKNOWLEDGED, confirmed.council_lead)
    settle(confirmed)
    ask(confirmed, confirmed.now, verdicts=(True, False))
    names = ("days-by-stage", "time-to-acknowledge", "helpful")
    before = {name: table(confirmed, name, ALL_OF_2026).rows for name in names}
    assert before["time-to-acknowledge"] == ((1, 3.0, 3.0),)
    tickets = confirmed.rows("SELECT * FROM tickets")
    reminded = len(confirmed.events())
    with closing(connect(confirmed.database)) as connection:
        for statement in (
            "DROP TABLE ticket_stages", "DROP INDEX tickets_by_opening", "DROP INDEX tickets_open",
            "DROP INDEX outbox_troubled", "DROP INDEX questions_by_group",
            "ALTER TABLE tickets DROP COLUMN acknowledged_minutes", "ALTER TABLE questions DROP COLUMN helpful",
            "CREATE INDEX questions_by_time ON questions (at)",
            "DELETE FROM _sqlite_migrations WHERE name = 'm008_figures'",
        ):  # fmt: skip
            connection.execute(statement)
    migrate(confirmed.database)
    assert table(confirmed, "helpful", ALL_OF_2026).rows == before["helpful"]
    assert table(confirmed, "days-by-stage", ALL_OF_2026).rows == ()
    confirmed.tick()
    assert {name: table(confirmed, name, ALL_OF_2026).rows for name in names} == before
    assert confirmed.rows("SELECT * FROM tickets") == tickets
    assert len(confirmed.events()) == reminded, "nobody is reminded once more"


class Explaining(Transaction):
    """Keeps how each statement is carried out."""

    def __init__(self, connection):
        super().__init__(connection)
        self.plans = {}

    def all(self, sql, **parameters):
        explained = super().all(f"EXPLAIN QUERY PLAN {sql}", **parameters)
        self.plans[sql] = [row["detail"] for row in explained]
        return super().all(sql, **parameters)

    def one(self, sql, **parameters):
        return next(iter(self.all(sql, **parameters)), None)


@pytest.fixture(scope="module")
def much(tmp_path_factory, barnsley):
    """A year with 100,000 questions and 5,000 tickets."""
    path = tmp_path_factory.mktemp("much") / "safeguarding.db"
    fill(path, barnsley.knowledge, 100_000, 5_000)
    return path


def test_no_table_is_gone_through_from_end_to_end_for_a_week(much, barnsley):
    with closing(connect(much)) as connection:
        tx = Explaining(connection)
        figures = Figures(tx, Scope(period_of(PERIODS[0])), barnsley.knowledge, NOW)
        for name in EVERY:
            EVERY[name](figures)
    plans = [step for steps in tx.plans.values() for step in steps]
    assert any("SEARCH questions USING COVERING INDEX questions_by_group (at>? AND at<?)" in step for step in plans)
    looked_through = {step for step in plans if step.startswith("SCAN")}
    assert looked_through <= {"SCAN outbox USING INDEX outbox_troubled"}, (
        "that index holds what is not through, and no more"
    )


@pytest.mark.parametrize("period", PERIODS)
def test_the_overviews_figures_of_100_000_questions_and_5_000_tickets_take_less_than_300_ms(much, barnsley, period):
    scope = Scope(period_of(period))
    store = Store(much)
    times = []
    for _ in range(5):
        begun = time.thread_time()
        with store.reading() as tx:
            figures = Figures(tx, scope, barnsley.knowledge, NOW)
            for name in EVERY.keys() - FOR_MANAGERS:
                EVERY[name](figures)
        times.append((time.thread_time() - begun) * 1000)
    store.close()
    assert min(times) < 300
