"""Whoever adds and subtracts all that was ever published cannot work out a number of 1 to 4 that was hidden."""

import itertools
from contextlib import closing
from datetime import UTC, date, datetime

import pytest
from attacker import MOST, Puzzle
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from published_town import LONDON, Much, fill, knowledge_of

from bot.reporting import public_tables, published
from bot.reporting.disclosure import HIDDEN, Cut, Shown, alone, of_a_part, printed
from bot.reporting.families import FAMILIES, Counts, Lists
from bot.reporting.figures import Scope
from bot.reporting.periods import Period, month, reporting_year
from bot.reporting.public_tables import ALL
from bot.reporting.published import Length, NotPublished, length_of, parts
from bot.reporting.report import for_managers, for_publication
from bot.storage.database import Transaction, connect

NOW = datetime(2027, 6, 1, 10, tzinfo=UTC)
YEAR = reporting_year(date(2026, 6, 1), LONDON)
OTHERS, NOT_KNOWN = "Others, listed no longer", "Not known"
ENDED, TOLD = ("Withdrawn", "Open"), ("Told in time", "Told later", "Told")


# What an attacker makes of reports


class Reader(Puzzle):
    """Reads reports: which cells stand in more than one table, and what adds up to what."""

    def __init__(self):
        super().__init__()
        self.hidden = {}
        self.shown = {}

    def cell(self, name, value, *, least=0, impossible=False):
        """What one cell says. A cell that says nothing may be anything."""
        self.shown[name] = value
        match value:
            case int():
                self.know(name, value, value)
            case "<5":
                self.know(name, least, 4)
                self.hidden[name] = value
            case "5+":
                self.know(name, 5)
            case None:
                self.know(name, 0, 0 if impossible else MOST)

    def year(self, report):
        """A report of a reporting year."""
        tables = {table.id: table for table in report.tables}
        for family, down, over, name in ACROSS:
            self._across(family, down, over, tables[name])
        for family, by, name in BY:
            self._by(family, by, tables[name])
        self._ends(tables)
        for head, (family, by) in SIDES.items():
            for agency, value in _column(tables["by-agency"], head):
                if agency == ALL:
                    self.cell(("year", family), value)
                elif value is not None:
                    self.cell(("year", family, by, agency), value, least=_surely(by, agency))
        self._in_brief("year", report)
        self._in_part(tables)

    def _across(self, family, down, over, table):
        cells = {(one, other): value for one, other, value in table.rows}
        downs, overs = (list(dict.fromkeys(key[place] for key in cells)) for place in (0, 1))
        for (one, other), value in cells.items():
            # An agency does not raise an escalation with itself; two schools, counted together, may.
            itself = family == "escalations" and one == other not in (ALL, "School")
            least = _surely(over, other) if one == ALL else _surely(down, one) if other == ALL else 0
            self.cell(self._name(family, down, over, one, other), value, least=least, impossible=itself)
        # That these totals add up follows from the others.
        for one in downs:
            if one != ALL or over != "state":
                self.adds_up(
                    self._name(family, down, over, one, ALL),
                    [self._name(family, down, over, one, other) for other in overs if other != ALL],
                )
        for other in overs:
            if other != ALL or down != "what":
                self.adds_up(
                    self._name(family, down, over, ALL, other),
                    [self._name(family, down, over, one, other) for one in downs if one != ALL],
                )

    def _name(self, family, down, over, one, other):
        if other == ALL:
            return ("year", family) if one == ALL else ("year", family, down, one)
        return ("year", family, over, other) if one == ALL else ("year", family, down, one, over, other)

    def _by(self, family, by, table, period="year"):
        for value, number in table.rows:
            name = (period, family) if value == ALL else (period, family, by, value)
            self.cell(name, number, least=_surely(by, value))
        if any(value == ALL for value, _ in table.rows):
            self.adds_up((period, family), [(period, family, by, value) for value, _ in table.rows if value != ALL])

    def _ends(self, tables):
        """What is told only of some: of those that ended what changed, of those that were told how."""
        settled, told = ("year", "settled"), ("year", "told")
        outcomes = [name for name, _ in tables["escalations-by-outcome"].rows if name not in (*ENDED, ALL)]
        self.adds_up(settled, [("year", "escalations", "outcome", name) for name in outcomes])
        changes = [name for name, _ in tables["escalations-by-change"].rows]
        self.adds_up(settled, [("year", "escalations", "change", name) for name in changes])
        ways = [name for name, _ in tables["feedback-by-way"].rows]
        self.adds_up(told, [("year", "requests", "way", name) for name in ways])
        states = {state for _, state, _ in tables["feedback-by-agency"].rows} & {*TOLD}
        self.adds_up(told, [("year", "requests", "state", state) for state in states])

    def _in_part(self, tables):
        """A part of some records, and the rest of them."""
        self._row("emergencies", tables["emergencies"], ("year", "questions"))
        self._row("acknowledged", tables["time-to-acknowledge"], ("year", "escalations"))
        self._row("enough", tables["feedback-was-enough"], ("year", "requests"))
        self.adds_up(("year", "told"), [("enough", "what they needed"), "told, and did not say so"])
        others = next(
            name for name in self.shown if name[-1].startswith("No question for guidance") and len(name) == 4
        )
        self._row("helpful", tables["helpful"], ("year", "questions"), others)
        if tables["time-to-feedback"].rows[0][0] is not None:
            self.know(("year", "told"), 5)
        if tables["time-to-acknowledge"].value("median hours") is not None:
            self.know(("acknowledged", "acknowledged"), 5)

    def _row(self, name, table, whole, *others):
        counts = [column.name for column in table.columns if column.unit.value == "count"]
        for column in counts:
            self.cell((name, column), table.value(column))
        self.adds_up(whole, [*((name, column) for column in counts), *others, (name, "the rest")])

    def _in_brief(self, period, report):
        for name, value in _column(report.tables[0], "in the period"):
            family = (
                "requests" if name.startswith("Feedback") else "records" if name.startswith("Short") else name.lower()
            )
            self.cell((period, family), value)

    def shorter(self, period, report):
        """A report of a month or a quarter."""
        self._in_brief(period, report)
        for table in report.tables[1:]:
            self._by("questions", "what", table, period)

    def over_time(self, months, quarters):
        """A year is its quarters, a quarter its months."""
        for family in ("questions", "escalations", "requests", "records"):
            self.adds_up(("year", family), [(quarter, family) for quarter in quarters])
        for number, quarter in enumerate(quarters):
            self.adds_up((quarter, "questions"), [(one, "questions") for one in months[number * 3 : number * 3 + 3]])
        printed = {name for name in self.shown if name[1:3] == ("questions", "what") and len(name) == 4}
        by_what = {one for one, *_ in printed}
        for what in sorted({what for *_, what in printed}):
            names = [(one, "questions", "what", what) for one in months]
            for name in names:
                if name not in printed and name[0] in by_what:
                    self.know(name, 0, 0)  # what is on no list is listed wherever there is one
            self.adds_up(("year", "questions", "what", what), names)


ACROSS = (
    ("questions", "what", "agency", "questions-by-what-came-of-it-and-agency"),
    ("escalations", "raising", "receiving", "escalations-by-agencies"),
    ("requests", "agency", "state", "feedback-by-agency"),
    ("records", "kind", "agency", "records-by-kind"),
)
BY = (
    ("questions", "channel", "questions-by-channel"),
    ("escalations", "reason", "escalations-by-reason"),
    ("escalations", "stage", "escalations-by-stage"),
    ("escalations", "outcome", "escalations-by-outcome"),
    ("escalations", "change", "escalations-by-change"),
    ("requests", "way", "feedback-by-way"),
)
SIDES = {
    "questions": ("questions", "agency"),
    "escalations": ("escalations", "raising"),
    "feedback requests": ("requests", "agency"),
}


def _surely(by, value):
    """Whether there is one at least, since it would not be listed else."""
    return int(value == OTHERS or (by in ("agency", "raising", "receiving") and value == NOT_KNOWN))


def _column(table, head):
    place = table.heads.index(head)
    return [(row[0], row[place]) for row in table.rows]


def all_that_is_published(tx, knowledge, year=YEAR):
    """A reader of a year's report, and of those of all its quarters and months."""
    reader = Reader()
    annual = for_publication(tx, knowledge, year, NOW)
    reader.year(annual)
    quarters, months = (parts(year, length) for length in (Length.QUARTER, Length.MONTH))
    for period in (*quarters, *months):
        reader.shorter(str(period.first) + str(period.days > 31), for_publication(tx, knowledge, period, NOW))
    names = [[str(one.first) + str(one.days > 31) for one in some] for some in (months, quarters)]
    reader.over_time(*names)
    return reader


def each_cut(shown):
    """In place of `printed`: each number by itself."""
    return lambda ring: {
        cut.by: {key: shown(number) for key, number in cut.counts.items()} for cut in ring if cut.before is None
    }


# Fixtures


@pytest.fixture
def knowledge(smalltown):
    return knowledge_of(smalltown)


@pytest.fixture
def filled(tmp_path, knowledge):
    """Fills a database with records of the year, and opens it."""
    opened = []

    def filling(much, seed=1, year=YEAR):
        path = tmp_path / f"{len(opened)}.db"
        fill(path, knowledge, year.first, year.last, much, seed)
        opened.append(connect(path))
        return Transaction(opened[-1])

    yield filling
    for connection in opened:
        connection.close()


@pytest.fixture
def exactly(monkeypatch):
    """What every cell would be, if nothing were hidden."""

    def published_so(tx, knowledge):
        with monkeypatch.context() as patched:
            patched.setattr(published, "printed", each_cut(lambda number: Shown(number, number)))
            patched.setattr(public_tables, "of_a_part", lambda counts, _: {n: Shown(c, c) for n, c in counts.items()})
            reader = all_that_is_published(tx, knowledge)
        return reader.completed({name: value or 0 for name, value in reader.shown.items()})

    return published_so


# All that is published of a year


AMOUNTS = {
    "plenty": Much(6000, 500, 500, 400),
    "some": Much(700, 90, 80, 60),
    "few": Much(120, 22, 18, 15),
    "hardly any": Much(20, 6, 7, 5),
}


@pytest.mark.parametrize("seed", [1, 2, 5])
@pytest.mark.parametrize("much", AMOUNTS.values(), ids=AMOUNTS)
def test_nothing_hidden_can_be_worked_out_from_a_year_its_quarters_and_its_months(
    filled, knowledge, exactly, much, seed
):
    """Each hidden cell may be any of 1 to 4, with numbers for all others that fit whatever is printed."""
    tx = filled(much, seed)
    reader, truth = all_that_is_published(tx, knowledge), exactly(tx, knowledge)
    assert reader.hidden
    for name in reader.hidden:
        for value in (1, 2, 3, 4):
            assert reader.may_be(name, value, truth) is not None, (name, value)


def test_nothing_can_be_worked_out_where_the_expected_times_are_confirmed(tmp_path, smalltown, exactly):
    knowledge = knowledge_of(smalltown, confirmed=True)
    fill(tmp_path / "a.db", knowledge, YEAR.first, YEAR.last, Much(300, 60, 90, 30))
    with closing(connect(tmp_path / "a.db")) as connection:
        tx = Transaction(connection)
        reader, truth = all_that_is_published(tx, knowledge), exactly(tx, knowledge)
    assert ("year", "requests", "state", "Told in time") in reader.shown
    for name, value in itertools.product(reader.hidden, (1, 2, 3, 4)):
        assert reader.may_be(name, value, truth) is not None, (name, value)


@pytest.mark.parametrize("much", [AMOUNTS["some"], AMOUNTS["few"]], ids=["some", "few"])
def test_the_same_attack_works_out_numbers_where_only_they_are_hidden(filled, knowledge, exactly, monkeypatch, much):
    tx = filled(much)
    truth = exactly(tx, knowledge)
    monkeypatch.setattr(published, "printed", each_cut(alone))
    found = all_that_is_published(tx, knowledge)
    limits = found.concluded()
    worked_out = [name for name in found.hidden if limits[name] == (truth[name],) * 2 and 1 <= truth[name] <= 4]
    assert len(worked_out) > 3


def test_no_number_of_four_or_less_is_printed(filled, knowledge):
    for much in AMOUNTS.values():
        tx = filled(much)
        for period in (YEAR, *parts(YEAR, Length.QUARTER), *parts(YEAR, Length.MONTH)):
            for table in for_publication(tx, knowledge, period, NOW).tables:
                counts = [
                    number for number, column in enumerate(table.columns, len(table.by)) if column.unit == "count"
                ]
                numbers = [row[place] for row in table.rows for place in counts]
                assert not [number for number in numbers if isinstance(number, int) and number < 5]


def test_much_is_printed_where_there_is_much(filled, knowledge):
    """What is hidden for the sake of others is not more than has to be."""
    tx = filled(AMOUNTS["plenty"])
    cells = [value for table in for_publication(tx, knowledge, YEAR, NOW).tables for value in table.rows]
    shown = [value for row in cells for value in row if isinstance(value, int)]
    hidden = [value for row in cells for value in row if value in ("<5", "5+")]
    assert len(shown) > 10 * len(hidden)


@pytest.mark.parametrize("length", [Length.MONTH, Length.QUARTER])
def test_what_was_printed_of_the_period_before_is_said_again_and_nothing_else(filled, knowledge, length):
    tx = filled(AMOUNTS["few"])
    for before, after in itertools.pairwise(parts(YEAR, length)):
        earlier, later = (for_publication(tx, knowledge, period, NOW).tables[0] for period in (before, after))
        assert _column(later, "in the one before") == _column(earlier, "in the period")


def test_of_the_year_before_only_what_its_quarters_have_told_is_said(filled, tmp_path, knowledge):
    tx = filled(AMOUNTS["some"])
    after = Period(date(2027, 4, 1), date(2028, 3, 31), LONDON)
    quarters = [for_publication(tx, knowledge, one, NOW).tables[0] for one in parts(YEAR, Length.QUARTER)]
    later = for_publication(tx, knowledge, after, datetime(2028, 5, 1, tzinfo=UTC)).tables[0]
    for number, (_, before) in enumerate(_column(later, "in the one before")):
        told = [quarter.rows[number][1] for quarter in quarters]
        assert before == (sum(told) if all(isinstance(one, int) for one in told) else None)


# One ring of counts


def puzzle_of(ring, shown):
    """What is printed of a ring, and its sums: what comes to a node goes on from it."""
    puzzle, truth = Puzzle(), {}
    for cut in ring:
        for key, number in cut.counts.items():
            of_it = cut.before[key] if cut.before is not None else shown[cut.by][key]
            puzzle.know((cut.by, key), of_it.least, MOST if of_it.most is None else of_it.most)
            truth[cut.by, key] = number
    for left, right in itertools.pairwise([*ring, ring[0]]):
        common = [name for name in left.by if name in right.by]
        for values in {tuple(key[left.by.index(name)] for name in common) for key in left.counts}:
            sides = [
                [(cut.by, key) for key in cut.counts if tuple(key[cut.by.index(name)] for name in common) == values]
                for cut in (left, right)
            ]
            for side in sides:
                puzzle.adds_up((left.by, right.by, values), side)
    return puzzle, puzzle.completed(truth)


@st.composite
def rings(draw):
    """A table by two things, another by a third, and of the rows what was printed of two periods before."""
    downs, overs = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    number = st.one_of(st.integers(0, 6), st.integers(0, 30))
    both = {
        (f"row {down}", f"column {over}", when): draw(number)
        for down in range(downs)
        for over in range(overs)
        for when in ("first", "second")
    }
    total = sum(both.values())
    part = draw(st.integers(0, total))

    def cut(by, places, before=None, only=None):
        counts = {}
        for key, one in both.items():
            if only in (None, key[2]):
                own = tuple(key[place] for place in places)
                counts[own] = counts.get(own, 0) + one
        return Cut(by, counts, before=before)

    earlier = {
        when: printed([cut((), (), only=when), cut(("row",), (0,), only=when)]) for when in ("first", "second")
    }
    rows, totals = cut(("row", "when"), (0, 2)), cut(("when",), (2,))
    return [
        cut((), ()),
        Cut(("side",), {("a",): part, ("b",): total - part}),
        cut(("column",), (1,)),
        cut(("row", "column"), (0, 1)),
        cut(("row",), (0,)),
        Cut(rows.by, rows.counts, before={(row, when): earlier[when]["row",][row,] for row, when in rows.counts}),
        Cut(totals.by, totals.counts, before={(when,): earlier[when][()][()] for (when,) in totals.counts}),
    ]


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(rings())
def test_whatever_the_numbers_each_that_is_hidden_may_be_any_of_1_to_4(ring):
    shown = printed(ring)
    puzzle, truth = puzzle_of(ring, shown)
    for cut in ring:
        for key, of_it in (shown[cut.by] if cut.before is None else cut.before).items():
            if of_it.value == HIDDEN:
                for value in (1, 2, 3, 4):
                    assert puzzle.may_be((cut.by, key), value, truth) is not None, (cut.by, key, value)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(rings())
def test_what_is_printed_is_true_and_a_small_number_never_stands_there(ring):
    for cut in ring:
        for key, of_it in printed(ring).get(cut.by, {}).items():
            number = cut.counts[key]
            assert of_it.least <= number
            assert of_it.most is None or number <= of_it.most
            assert of_it.value is None or of_it.value == HIDDEN or number >= 5


def test_cuts_that_count_different_records_are_a_fault():
    with pytest.raises(ValueError, match="do not count the same records"):
        printed([Cut((), {(): 7}), Cut(("row",), {("a",): 3, ("b",): 3})])


def test_where_there_can_be_none_that_is_no_secret_and_nothing_is_printed():
    """Two agencies of which each could only raise something with itself."""
    pairs = {("a", "a"): 0, ("b", "b"): 0}
    sides = {("a",): 0, ("b",): 0}
    ring = [
        Cut((), {(): 0}),
        Cut(("raising",), sides),
        Cut(("raising", "receiving"), pairs, never=frozenset(pairs)),
        Cut(("receiving",), sides),
    ]
    assert {of_it.value for cut in printed(ring).values() for of_it in cut.values()} == {None}


@pytest.mark.parametrize(
    ("counts", "outside", "expected"),
    [
        ({"a": 5}, 8, ["5"]),
        ({"a": 4}, 8, ["<5"]),
        ({"a": 5}, 7, ["5+"]),
        ({"a": 0}, 0, ["<5"]),
        ({"a": 12, "b": 3}, 8, ["12", "<5"]),
        ({"a": 12, "b": 3}, 7, ["None", "None"]),
    ],
)
def test_a_part_of_the_records_is_told_where_enough_are_outside_of_it(counts, outside, expected):
    assert [str(one.value) for one in of_a_part(counts, outside).values()] == expected


@settings(deadline=None, max_examples=200)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=3), st.integers(0, 30))
def test_of_a_part_each_that_is_hidden_may_be_any_of_1_to_4(parts_of_it, outside):
    """The whole is known, since it may be printed; but of fewer than five it is not."""
    whole = sum(parts_of_it) + outside
    puzzle = Puzzle()
    puzzle.know("whole", whole if whole >= 5 else 0, whole if whole >= 5 else 4)
    counts = {str(place): number for place, number in enumerate(parts_of_it)}
    shown = of_a_part(counts, outside)
    for name, of_it in shown.items():
        puzzle.know(name, of_it.least, MOST if of_it.most is None else of_it.most)
    puzzle.adds_up("whole", [*shown, "outside"])
    truth = {**counts, "whole": whole, "outside": outside}
    for name, value in itertools.product((name for name in shown if shown[name].value == HIDDEN), (1, 2, 3, 4)):
        assert puzzle.may_be(name, value, truth) is not None


# The attacker


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_the_attacker_finds_all_that_is_possible_and_nothing_else(data):
    """Against every possibility, one by one."""
    names = ["a", "b", "c", "d"]
    truth = {name: data.draw(st.integers(0, 5)) for name in names}
    limits = {
        name: (data.draw(st.integers(0, truth[name])), data.draw(st.integers(truth[name], 6))) for name in names
    }
    whole = {"first": truth["a"] + truth["b"], "second": truth["b"] + truth["c"] + truth["d"]}
    slack = {name: data.draw(st.integers(0, 1)) for name in whole}
    puzzle = Puzzle()
    for name, (low, high) in limits.items():
        puzzle.know(name, low, high)
    for name, number in whole.items():
        puzzle.know(name, number - slack[name], number + slack[name])
    puzzle.adds_up("first", ["a", "b"])
    puzzle.adds_up("second", ["b", "c", "d"])
    possible = [
        dict(zip(names, numbers, strict=True))
        for numbers in itertools.product(*(range(low, high + 1) for low, high in limits.values()))
    ]
    possible = [
        one
        for one in possible
        if abs(one["a"] + one["b"] - whole["first"]) <= slack["first"]
        and abs(one["b"] + one["c"] + one["d"] - whole["second"]) <= slack["second"]
    ]
    for name, value in itertools.product(names, range(7)):
        found = puzzle.may_be(name, value, {**truth, **whole})
        assert (found is not None) == any(one[name] == value for one in possible)


# Periods, and agencies


@pytest.mark.parametrize(
    ("first", "last", "length"),
    [
        ("2026-11-01", "2026-11-30", Length.MONTH),
        ("2026-10-01", "2026-12-31", Length.QUARTER),
        ("2026-04-01", "2027-03-31", Length.YEAR),
        ("2028-02-01", "2028-02-29", Length.MONTH),
    ],
)
def test_whole_months_quarters_and_reporting_years_are_published(first, last, length):
    period = Period(date.fromisoformat(first), date.fromisoformat(last), LONDON)
    assert length_of(period, date(2030, 1, 1), 4) is length


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-11-02", "2026-11-08"),
        ("2026-11-01", "2026-11-29"),
        ("2026-11-02", "2026-12-01"),
        ("2026-11-01", "2026-12-31"),
        ("2026-11-01", "2027-01-31"),
        ("2026-01-01", "2026-12-31"),
        ("2026-04-01", "2028-03-31"),
    ],
)
def test_of_anything_else_nothing_is_published(first, last):
    period = Period(date.fromisoformat(first), date.fromisoformat(last), LONDON)
    with pytest.raises(NotPublished, match="no whole month, quarter or reporting year"):
        length_of(period, date(2030, 1, 1), 4)


def test_nothing_is_published_of_a_period_that_is_not_over():
    period = month(date(2026, 11, 5), LONDON)
    with pytest.raises(NotPublished, match="not over yet"):
        length_of(period, date(2026, 11, 30), 4)
    assert length_of(period, date(2026, 12, 1), 4) is Length.MONTH


def test_published_periods_of_one_length_do_not_overlap_and_hold_whole_shorter_ones():
    for length in (Length.QUARTER, Length.YEAR):
        for shorter in Length:
            if shorter < length:
                found = parts(YEAR, shorter)
                assert (found[0].first, found[-1].last) == (YEAR.first, YEAR.last)
                assert all(one.ends == other.begins for one, other in itertools.pairwise(found))


def test_agencies_are_counted_by_kind_where_most_would_be_hidden_and_that_is_said(filled, knowledge):
    few, plenty = (for_publication(filled(AMOUNTS[much]), knowledge, YEAR, NOW) for much in ("few", "plenty"))
    by_agency = [{table.id: table for table in report.tables}["by-agency"] for report in (few, plenty)]
    assert [row[0] for row in by_agency[0].rows[:2]] == ["School", "Social care"]
    assert by_agency[0].note == (
        "Agencies are counted by their kind, since most are below five by themselves. "
        "School: High School, Primary School."
    )
    assert [row[0] for row in by_agency[1].rows[:2]] == ["High School", "Primary School"]
    assert by_agency[1].note == ""


# Managers see everything


def test_for_managers_nothing_is_hidden(filled, knowledge):
    tx = filled(AMOUNTS["few"])
    report = for_managers(tx, knowledge, YEAR, NOW)
    assert report.marking == "For managers, not for publication"
    cells = [cell for table in report.tables for row in table.rows for cell in row]
    assert not {"<5", "5+"} & {*map(str, cells)}
    assert {1, 2, 3, 4} & {cell for cell in cells if isinstance(cell, int)}


def test_counts_that_are_published_are_those_of_the_figures(filled, knowledge):
    """Every family against the figures that managers see."""
    counts = Counts(filled(AMOUNTS["some"]), Scope(YEAR), knowledge, NOW)
    lists = Lists(knowledge)
    questions, escalations, requests, records = FAMILIES
    by_status = counts.questions_by_status()
    assert sum(questions.cut(counts, (), lists).counts.values()) == by_status.total("questions")
    what = questions.cut(counts, ("what",), lists).counts
    for topic, number in counts.questions_by_topic().rows:
        assert what[topic,] == number
    assert what["no_guidance",] == by_status.value("questions", "no_guidance")
    pairs = escalations.cut(counts, ("raising", "receiving"), lists).counts
    assert {(*row[:2],): row[2] for row in counts.escalations_by_agencies().rows} == {
        pair: number for pair, number in pairs.items() if number
    }
    for name, table in (("reason", counts.escalations_by_reason()), ("stage", counts.escalations_by_stage())):
        cut = escalations.cut(counts, (name,), lists).counts
        assert {row[0]: row[1] for row in table.rows} == {key[0]: number for key, number in cut.items() if number}
    outcomes = escalations.cut(counts, ("end", "outcome"), lists).counts
    assert dict(counts.escalations_by_outcome().rows) == {key[1]: n for key, n in outcomes.items() if n}
    changes = escalations.cut(counts, ("end", "change"), lists).counts
    assert dict(counts.escalations_by_change().rows) == {key[1]: n for key, n in changes.items() if n and key[1]}
    asked = requests.cut(counts, ("agency",), lists).counts
    assert {row[0]: row[1] for row in counts.feedback_by_agency().rows} == {k[0]: n for k, n in asked.items() if n}
    ways = requests.cut(counts, ("told", "way"), lists).counts
    assert dict(counts.feedback_by_way().rows) == {key[1]: n for key, n in ways.items() if n and key[1]}
    kinds = records.cut(counts, ("agency", "kind"), lists).counts
    assert {(*row[:2],): row[2] for row in counts.records_by_kind().rows} == {
        (kind, agency): number for (agency, kind), number in kinds.items() if number
    }
