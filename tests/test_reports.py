"""`report` in each of its formats and for each of its readers, and in Slack for managers."""

import csv
import html
import io
import json
import re
import zlib
from collections import namedtuple
from contextlib import closing
from datetime import date, datetime
from html.parser import HTMLParser

import pytest
from click.testing import CliRunner
from published_town import LONDON, Much, fill, knowledge_of

import app
from bot.knowledge.loading import layers_of, load
from bot.reporting.figures import EVERY, Figures, Scope, names_of
from bot.reporting.periods import month, reporting_year
from bot.reporting.report import MARKED, for_managers, for_publication
from bot.reporting.tables import Column, Table, Unit
from bot.storage.database import Transaction, connect, migrate
from handlers.reports import objects, page, spreadsheet, text
from handlers.reports.grid import grid, number

NOW = "2027-05-02T10:00"
AT = datetime.fromisoformat(NOW).replace(tzinfo=LONDON)
YEAR = reporting_year(date(2026, 6, 1), LONDON)
NOVEMBER = month(date(2026, 11, 1), LONDON)
MUCH = Much(900, 90, 80, 60)
FORMATS = ("text", "csv", "json", "html")
MANAGER = "U0ANN"


@pytest.fixture
def knowledge(smalltown):
    return knowledge_of(smalltown)


@pytest.fixture
def database(tmp_path):
    return tmp_path / "data" / "safeguarding.db"


@pytest.fixture(autouse=True)
def environment(smalltown, tmp_path, database, monkeypatch):
    for name in ("HOST", "PORT", "SECRET_KEY", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PARTNERSHIP", "smalltown")
    monkeypatch.setenv("KNOWLEDGE_DIR", str(smalltown.parent))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{database}")
    monkeypatch.setenv("ALLOW_TIME_TRAVEL", "1")


@pytest.fixture
def year(knowledge, database):
    """A partnership with records of a year."""
    database.parent.mkdir()
    fill(database, knowledge, YEAR.first, YEAR.last, MUCH)
    return knowledge


@pytest.fixture
def reading(database):
    migrate_at = database
    migrate_at.parent.mkdir(exist_ok=True)
    migrate(migrate_at)
    with closing(connect(database)) as connection:
        yield Transaction(connection)


def run(*arguments, at=NOW):
    result = CliRunner().invoke(app.main, ["report", "--at", at, *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def ran(*arguments, at=NOW):
    result = run(*arguments, at=at)
    assert result.exit_code == 0, result.output
    return result.stdout


def tables_of(printed):
    return {table["id"]: table for table in json.loads(printed)["tables"]}


# For whom, and of which period


def test_without_options_it_is_for_publication_as_text_and_of_the_last_whole_month(year):
    printed = ran()
    assert printed.startswith("Take-up and results, April 2027 (1 April 2027 to 30 April 2027)\n")
    assert MARKED not in printed
    assert "“<5” stands for none to four." in printed


@pytest.mark.parametrize(
    ("options", "first", "last"),
    [
        ((), "2027-04-01", "2027-04-30"),
        (("--period", "last year"), "2026-04-01", "2027-03-31"),
        (("--period", "Last Quarter"), "2027-01-01", "2027-03-31"),
        (("--period", "2026-11"), "2026-11-01", "2026-11-30"),
        (("--from", "2026-11-01", "--to", "2026-11-30"), "2026-11-01", "2026-11-30"),
    ],
)
def test_whole_months_quarters_and_years_are_for_publication(year, options, first, last):
    made = json.loads(ran(*options, "--format", "json"))
    assert (made["from"], made["to"], made["for"], made["marking"]) == (first, last, "publication", None)


@pytest.mark.parametrize(
    "options",
    [("--period", "last week"), ("--period", "this month"), ("--from", "2026-11-02", "--to", "2026-11-30")],
)
def test_any_other_period_is_for_managers_and_that_is_said(year, options):
    result = run(*options, "--format", "json")
    made = json.loads(result.stdout)
    assert (made["for"], made["marking"]) == ("managers", MARKED)
    assert "nothing is published of it" in result.stderr
    refused = run(*options, "--for", "publication")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "--for managers has any period" in refused.stderr


def test_managers_get_any_period_in_full(year):
    made = json.loads(ran("--period", "2026-11", "--for", "managers", "--format", "json"))
    assert [table["id"] for table in made["tables"]] == ["in-brief", "by-agency", *EVERY]


def test_nothing_that_was_typed_is_ever_published(year):
    for period in ("last year", "2026-11", "last quarter"):
        assert "unanswered" not in tables_of(ran("--period", period, "--format", "json"))


def test_a_reporting_year_begins_when_the_partnership_says(year, smalltown):
    with (smalltown / "partnership.yaml").open("a", encoding="utf-8") as file:
        file.write("reporting_year_from: 9\n")
    made = json.loads(ran("--period", "last year", "--format", "json", at="2027-10-01T10:00"))
    assert (made["from"], made["to"], made["for"]) == ("2026-09-01", "2027-08-31", "publication")
    # A quarter of the calendar is none of that year: parts of two of its quarters would be told.
    assert json.loads(ran("--period", "last quarter", "--format", "json"))["for"] == "managers"


# What is said


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_says_that_the_guidance_is_a_draft_and_names_the_partnership(year, form):
    printed = re.sub(r"\s+", " ", ran("--period", "last year", "--format", form))
    assert "Draft, not yet approved by the Smalltown Safeguarding Children Partnership" in printed


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_defines_every_figure(year, form):
    tables = tables_of(ran("--period", "last year", "--format", "json")).values()
    printed = html.unescape(re.sub(r"\s+", " ", ran("--period", "last year", "--format", form)))
    for table in tables:
        assert table["definition"] in printed
        assert table["title"] in printed


def test_while_times_are_not_confirmed_none_is_called_in_time(year):
    printed = ran("--period", "last year")
    assert "None is called in time" in printed
    assert "Told in time" not in printed


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_for_managers_says_so_at_every_table(year, form):
    printed = ran("--for", "managers", "--period", "last year", "--format", form)
    count = len(EVERY) if form != "text" else 2
    assert printed.count(MARKED) >= count


@pytest.mark.parametrize("form", FORMATS)
def test_of_an_empty_period_it_is_said_plainly(knowledge, form):
    published = re.sub(r"\s+", " ", ran("--period", "2026-11", "--format", form))
    assert "There is nothing to publish of this period. In it there were fewer than five questions." in published
    full = re.sub(r"\s+", " ", ran("--period", "2026-11", "--for", "managers", "--format", form))
    assert "Nothing was asked, raised or recorded in this period." in full


def test_a_partnership_without_policies_reports_its_questions(smalltown, database, knowledge):
    database.parent.mkdir()
    fill(database, knowledge, YEAR.first, YEAR.last, Much(questions=200))
    for name in ("escalation-policy", "mash-feedback"):
        (smalltown / f"{name}.yaml").unlink()
    assert load(layers_of(smalltown.parent, "smalltown")).escalation is None
    found = tables_of(ran("--period", "last year", "--format", "json"))
    assert found["by-agency"]["rows"][-1] == {"agency": "All", "questions": 200}
    assert not [name for name in found if name.startswith(("escalations", "feedback"))]


def test_a_partnership_without_agencies_reports_what_is_asked(smalltown, database, knowledge):
    database.parent.mkdir()
    fill(database, knowledge, YEAR.first, YEAR.last, Much(questions=200))
    (smalltown / "partnership.yaml").write_text("name: Smalltown Safeguarding Children Partnership\n")
    (smalltown / "mash-feedback.yaml").unlink()
    found = tables_of(ran("--period", "last year", "--format", "json"))
    assert [row["agency"] for row in found["by-agency"]["rows"]] == ["Not known", "All"]
    assert {row["questions"] for row in found["by-agency"]["rows"]} == {200}


# All formats say the same


def test_csv_and_json_hold_the_tables_of_the_report(year, reading):
    for made in (for_publication(reading, year, YEAR, AT), for_managers(reading, year, NOVEMBER, AT)):
        found = json.loads(objects.report(made))["tables"]
        rows = list(csv.reader(io.StringIO(spreadsheet.report(made), newline="")))
        for table, as_object in zip(made.tables, found, strict=True):
            assert as_object["rows"] == [
                {name: round(cell, 4) if isinstance(cell, float) else cell for name, cell in row.items()}
                for row in table.as_objects()
            ]
            begin = rows.index([table.title])
            head = next(place for place in range(begin, len(rows)) if rows[place] == list(table.heads))
            as_rows = rows[head + 1 : head + 1 + len(table.rows)]
            for row, cells in zip(table.rows, as_rows, strict=True):
                expected = [
                    "–" if one is None else str(round(one, 4) if isinstance(one, float) else one) for one in row
                ]
                assert [cell.removeprefix("'") for cell in cells] == expected


def test_the_page_and_the_text_hold_the_same_numbers(year, reading):
    made = for_publication(reading, year, YEAR, AT)
    on_page, as_text = Page.of(page.report(made)), text.report(made)
    for table in made.tables:
        found = grid(table)
        lines = [[*line.heads, *line.cells] for line in found.lines]
        assert on_page.tables[table.id] == [[*found.corner, *found.columns], *lines]
        for column in found.columns[-1:]:
            assert column.split()[-1] in as_text
    for name, *numbers in made.tables[1].rows:
        (line,) = re.findall(rf"^{name} .*$", as_text.partition("section 11")[2].partition("\n\n")[0], re.MULTILINE)
        assert line.split()[-len(numbers) :] == [str(one or "–").replace("None", "–") for one in numbers]


def test_what_managers_get_are_the_figures(year, reading):
    made = {table.id: table for table in for_managers(reading, year, NOVEMBER, AT).tables}
    figures = Figures(reading, Scope(NOVEMBER), year, AT)
    for name, figure in EVERY.items():
        assert made[name] == figure(figures).named(names_of(year))
    asked = {row[0]: row[1] for row in made["by-agency"].rows}
    assert sum(asked.values()) == figures.questions_by_status().total("questions")
    raised = {row[0]: row[2] for row in made["by-agency"].rows}
    assert sum(raised.values()) == figures.escalations_by_agencies().total("escalations")
    answered = {row[0]: row[5] for row in made["by-agency"].rows}
    assert sum(answered.values()) == figures.feedback().value("answered")


def test_numbers_that_are_published_are_the_figures_where_nothing_is_hidden(year, reading):
    made = {table.id: table for table in for_publication(reading, year, YEAR, AT).tables}
    figures = Figures(reading, Scope(YEAR), year, AT)
    assert made["in-brief"].value("in the period", "Questions") == figures.questions_by_status().total("questions")
    names = names_of(year)
    for name in ("questions-by-channel", "escalations-by-reason", "escalations-by-outcome", "escalations-by-stage"):
        full = dict(EVERY[name](figures).named(names).rows)
        shown = {row[0]: row[1] for row in made[name].rows if isinstance(row[1], int) and row[0] != "All"}
        assert shown
        assert shown == {one: full[one] for one in shown}
    helped = figures.helpful()
    assert made["helpful"].value("share that helped") == pytest.approx(helped.value("helpful"))
    assert made["time-to-feedback"].value("median hours") == figures.feedback().value("median hours")


# A spreadsheet runs nothing


HOSTILE = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "|calc", "%0A=1")


def hostile(name):
    columns = (Column("questions"), Column(name))
    return Table(name, name, name, (name,), columns, tuple((one, 1, one) for one in HOSTILE), name)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_spreadsheet_runs_no_cell_of_it(year, reading, name):
    made = for_managers(reading, year, NOVEMBER, AT)
    made = type(made)(made.readers, name, made.period, made.made, (hostile(name),), (name,), name)
    for row in csv.reader(io.StringIO(spreadsheet.report(made), newline="")):
        for cell in row:
            assert not re.match(r"\s*[=+\-@|%\t]", cell) or cell.startswith("'")


def test_a_terminal_obeys_nothing_of_it(year, reading):
    made = for_managers(reading, year, NOVEMBER, AT)
    made = type(made)(made.readers, "\x1b[2J", made.period, made.made, (hostile("\x1b]0;x\x07"),))
    assert not set("\x1b\x07\x9b") & set(text.report(made))


# The page


class Page(HTMLParser):
    """What stands on a page: its tables, headings, and everything that it would fetch."""

    VOID = frozenset({"meta", "br", "hr", "img", "input", "link"})

    def __init__(self):
        super().__init__()
        self.open, self.headings, self.fetched, self.ids = [], [], [], []
        self.tables, self.scopes, self.captions, self.style = {}, [], 0, ""

    @classmethod
    def of(cls, whole):
        found = cls()
        found.feed(whole)
        found.close()
        assert found.open == []
        return found

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag not in self.VOID:
            self.open.append((tag, given))
        self.ids += [given["id"]] if "id" in given else []
        self.fetched += [given[name] for name in ("src", "href", "srcset", "action", "data") if name in given]
        match tag:
            case "h1" | "h2" | "h3":
                self.headings.append(tag)
            case "caption":
                self.captions += 1
            case "th":
                self.scopes.append(given.get("scope"))
            case "tr":
                self._table.append([])
            case "section":
                self.tables[given["id"]] = []
        if tag in ("th", "td"):
            self._table[-1].append("")

    @property
    def _table(self):
        return self.tables[next(reversed(self.tables))]

    def handle_endtag(self, tag):
        opened, _ = self.open.pop()
        assert opened == tag

    def handle_data(self, data):
        tags = [tag for tag, _ in self.open]
        if "style" in tags:
            self.style += data
        elif "th" in tags or "td" in tags:
            self._table[-1][-1] += data


@pytest.mark.parametrize("readers", ["publication", "managers"])
def test_the_page_needs_nothing_else_and_is_well_made(year, readers):
    whole = ran("--period", "last year", "--for", readers, "--format", "html")
    found = Page.of(whole)
    assert whole.startswith('<!doctype html>\n<html lang="en-GB">')
    assert found.fetched == []
    assert "url(" not in found.style
    assert "@import" not in found.style
    assert found.headings[0] == "h1"
    assert found.headings.count("h1") == 1
    assert found.headings.count("h2") == len(found.tables)
    assert set(found.scopes) == {"col", "row"}
    assert found.captions == sum(bool(rows) for rows in found.tables.values())
    assert len(set(found.ids)) == len(found.ids)
    assert "size: A4" in found.style
    assert "@media print" in found.style
    assert (MARKED in found.style) is (readers == "managers")


def test_what_is_typed_is_text_on_the_page(year, reading):
    made = for_managers(reading, year, NOVEMBER, AT)
    bad = "<script>alert(1)</script>"
    whole = page.report(type(made)(made.readers, bad, made.period, made.made, (hostile(bad),), (bad,), bad))
    assert bad not in whole
    assert "&lt;script&gt;" in whole


@pytest.mark.browser
def test_the_page_fits_a_phone_and_says_on_every_printed_page_for_whom_it_is(year, chromium, tmp_path):
    file = tmp_path / "report.html"
    run("--period", "last year", "--for", "managers", "--format", "html", "--out", file)
    browser_page = chromium.new_page(viewport={"width": 360, "height": 740})
    asked = []
    browser_page.on("request", lambda request: asked.append(request.url))
    browser_page.goto(file.as_uri())
    assert asked == [file.as_uri()]
    assert browser_page.evaluate("document.documentElement.scrollWidth") <= 360
    whole = file.read_text("utf-8")
    marked, unmarked = (
        printed_pages(browser_page, content) for content in (whole, re.sub(r"@page { @bottom.*? } }", "", whole))
    )
    assert marked.pages == unmarked.pages > 3
    assert marked.texts >= unmarked.texts + marked.pages
    browser_page.close()


Printed = namedtuple("Printed", "pages texts")


def printed_pages(browser_page, content):
    """How many pages it takes on paper, and how many pieces of text are set on them."""
    browser_page.set_content(content)
    file = browser_page.pdf(prefer_css_page_size=True)
    streams = re.findall(rb"/FlateDecode[^>]*>>\s*stream\r?\n(.*?)\r?\nendstream", file, re.DOTALL)
    texts = sum(len(re.findall(rb"\bTj\b", zlib.decompressobj().decompress(stream))) for stream in streams)
    return Printed(len(re.findall(rb"/Type\s*/Page\b", file)), texts)


# Files


@pytest.mark.parametrize("form", FORMATS)
def test_it_is_written_into_a_file(year, tmp_path, form):
    file = tmp_path / f"report.{form}"
    result = run("--period", "2026-11", "--format", form, "--out", file)
    assert (result.exit_code, result.stdout) == (0, "")
    written = file.read_bytes()
    assert (
        written.decode("utf-8-sig").replace("\r\n", "\n").strip()
        == ran("--period", "2026-11", "--format", form).replace("\r\n", "\n").strip()
    )
    assert written.startswith(b"\xef\xbb\xbf") is (form == "csv")


def test_a_place_that_cannot_be_written_to_is_one_clear_line(year, tmp_path):
    result = run("--out", tmp_path / "missing" / "report.txt")
    assert result.exit_code == 1
    assert result.stderr == f"{tmp_path}/missing/report.txt cannot be written: No such file or directory\n"


# A table as it is read


def test_what_is_counted_by_two_things_becomes_rows_and_columns():
    rows = (("a", "x", 1), ("b", "y", 2), ("a", "y", None))
    found = grid(Table("t", "T", "means", ("one", "other"), (Column("n"),), rows))
    assert (found.corner, found.columns, found.across) == (("one",), ("x", "y"), "other")
    assert [(line.heads, line.cells) for line in found.lines] == [(("a",), ("1", "–")), (("b",), ("0", "2"))]


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (None, Unit.COUNT, "–"),
        (0, Unit.COUNT, "0"),
        (1204, Unit.COUNT, "1,204"),
        ("<5", Unit.COUNT, "<5"),
        (0.425, Unit.SHARE, "42%"),
        (1.0, Unit.SHARE, "100%"),
        (3.55, Unit.HOURS, "3.5"),
        (4.0, Unit.DAYS, "4"),
    ],
)
def test_numbers_are_shown_as_people_read_them(value, unit, shown):
    assert number(value, unit) == shown
