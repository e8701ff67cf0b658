"""The review pages: every figure as it is counted, each leading to its rows, and what reading leaves behind."""

import csv
import io
import re
from datetime import timedelta
from itertools import pairwise
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from reviewed import Manager
from ticketing import TEACHER, office_in
from year import lived_in, office_of_the_year

from bot.access import AgencySource
from bot.config import ROOT
from bot.reporting import evidence, over_time
from bot.reporting.figures import EVERY, Figures, Scope
from bot.reporting.names import names_of
from bot.reporting.periods import parsed
from bot.reporting.tables import Unit
from bot.storage import corrections, quick_records
from bot.tickets.no_answer import Did, NoAnswer, Waited
from bot.tickets.ticket import Kind
from handlers.web.review import words
from handlers.web.review.counted import ALL
from handlers.web.review.drilling import BEHIND, OPEN_BY_AGE

YEAR = "2026-04-01 2027-03-31"
SCOPES = (
    {"period": YEAR},
    {"period": "2026-10-01 2026-12-31"},
    {"period": YEAR, "agency": "high-school"},
    {"period": YEAR, "topic": "mash"},
    {"period": "2027-01", "agency": "hospital", "topic": "neglect"},
)
DISAGREE = "The strategy meeting went ahead without the school."
LEARNING = "Invite the school when the day is set."
OUTCOME = {
    "outcome": "decision-changed", "change": "seen-sooner", "child_safe": "yes", "voice": "yes",
    "agreed": "A visit on Thursday.", "learning": LEARNING,
}  # fmt: skip


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """An office at the end of a year in which it was used."""
    folder = tmp_path_factory.mktemp("year")
    office = office_of_the_year(folder / "knowledge" / "yearly", folder / "data")
    lived_in(office, asked=500, raised=60)

    def fail(tx):
        tx.execute("UPDATE outbox SET delivered = NULL, attempts = 3, last_error = 'refused' WHERE rowid < 4")
        tx.execute("UPDATE outbox SET given_up = created WHERE rowid < 3")

    office.run(office.store.write(fail))
    yield office
    office.close()


@pytest.fixture(scope="module")
def manager(lived):
    return Manager(lived.desk, records=lived.records).signed_in()


@pytest.fixture
def office(smalltown, tmp_path):
    """A small office in which nothing has happened yet."""
    office = office_in(smalltown, ROOT / "knowledge" / "england", tmp_path / "data")
    yield office
    office.close()


@pytest.fixture
def there(office):
    return Manager(office.desk, records=office.records).signed_in()


def address(path, **choices):
    return f"{path}?{urlencode(choices)}"


def counted(office, chosen):
    """Each table as it is counted, with names in place of ids."""
    knowledge = office.library.knowledge
    period = parsed(chosen["period"], office.now.date(), _zone(office))
    scope = Scope(period, chosen.get("agency"), chosen.get("topic"))
    with office.store.reading() as tx:
        figures = Figures(tx, scope, knowledge, office.now)
        return {name: figure(figures).named(names_of(knowledge)) for name, figure in EVERY.items()}


def _zone(office):
    return ZoneInfo(office.library.knowledge.partnership.time_zone)


def as_shown(table):
    """The rows of a table as a page shows them."""
    units = [None] * len(table.by) + [column.unit for column in table.columns]
    return [
        tuple(str(cell) if unit is None else words.number(cell, unit) for cell, unit in zip(row, units, strict=True))
        for row in table.rows
    ]


def spreadsheet(response):
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/csv")
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))


# Figures


@pytest.mark.parametrize("chosen", SCOPES, ids=lambda chosen: " ".join(chosen.values()))
def test_every_figure_stands_on_the_page_as_it_is_counted(lived, manager, chosen):
    page = manager.page(address("/review/figures", **chosen))
    for name, table in counted(lived, chosen).items():
        assert page.numbers(name) == as_shown(table), name
        assert table.means in page.text, name
        assert table.note in page.text, name


@pytest.mark.parametrize("chosen", SCOPES, ids=lambda chosen: " ".join(chosen.values()))
def test_each_number_leads_to_as_many_rows(manager, chosen):
    links = []
    for path in ("/review/figures", "/review"):
        links += manager.page(address(path, **chosen)).links
    assert len(links) > 30
    for where, number in dict(links).items():
        assert manager.listed(where) == number, where


def test_every_count_of_every_table_leads_somewhere(lived, manager):
    """All but two: shares of time are not counts of rows."""
    for name, table in counted(lived, {"period": YEAR}).items():
        counts = {column.name for column in table.columns if column.unit is Unit.COUNT}
        if name != OPEN_BY_AGE:
            assert set(BEHIND[name].columns) == counts, name
    assert set(ALL) == set(BEHIND) | {OPEN_BY_AGE}


def test_what_is_worded_alike_is_listed_together(lived, manager):
    page = manager.page(address("/review/figures", period=YEAR))
    (first, count), *_ = page.numbers("unanswered")
    where = next(link for link, number in page.links if "like=" in link and number == int(count))
    assert "head" not in where
    assert "lice" not in where
    rows = spreadsheet(manager.get(where.replace("/review/questions?", "/review/questions.csv?")))
    assert len(rows) - 1 == int(count) > 1
    assert {row[1].lower().strip("?") for row in rows[1:]} == {first.lower().strip("?")}


def test_tiles_compare_with_the_period_before(lived, manager):
    page = manager.page(address("/review", period="2026-10-01 2026-10-31"))
    now, before = (
        counted(lived, {"period": month})["questions-by-status"].total("questions")
        for month in ("2026-10", "2026-09")
    )
    assert "Compared with September 2026" in page.text
    assert f"Questions {now} : Questions {words.more(now, before)}" in page.text


@pytest.mark.parametrize(
    ("now", "before", "unit", "said"),
    [
        (5, 3, Unit.COUNT, "2 more, was 3"),
        (3, 5, Unit.COUNT, "2 fewer, was 5"),
        (3, 3, Unit.COUNT, "was 3 too"),
        (0.5, 0.25, Unit.SHARE, "25 points more, was 25 %"),
        (0.25, 0.5, Unit.SHARE, "25 points less, was 50 %"),
        (None, 0.5, Unit.SHARE, "was 50 %"),
        (0.5, None, Unit.SHARE, "nothing to compare with"),
        (2.5, 4.0, Unit.HOURS, "1.5 less, was 4"),
    ],
)
def test_a_change_is_said_in_words(now, before, unit, said):
    assert words.more(now, before, unit) == said


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (None, Unit.SHARE, "–"), (0, Unit.COUNT, "0"), (0.0, Unit.SHARE, "0 %"), (1234, Unit.COUNT, "1,234"),
        (0.425, Unit.SHARE, "42 %"), (3.0, Unit.DAYS, "3"), (3.46, Unit.HOURS, "3.5"), ("x", Unit.COUNT, "x"),
    ],
)  # fmt: skip
def test_numbers_read_well_and_nothing_is_no_nought(value, unit, said):
    assert words.number(value, unit) == said


def test_the_parts_of_a_period_are_all_of_it_and_never_overlap(lived):
    zone, today = _zone(lived), lived.now.date() + timedelta(days=4000)
    for text in ("2026-W46", "2026-02", "2026-10-01 2026-12-31", YEAR, "2024-03-05 2028-11-30"):
        period = parsed(text, lived.now.date(), zone)
        parts = over_time.spans(period, today)
        assert (parts[0].first, parts[-1].last) == (period.first, period.last)
        assert all(one.last + timedelta(days=1) == next_.first for one, next_ in pairwise(parts))
        assert len(parts) <= 31
        assert len({over_time.called(part) for part in parts}) == len(parts)


def test_what_is_still_to_come_is_not_drawn(lived):
    period = parsed(YEAR, lived.now.date(), _zone(lived))
    parts = over_time.spans(period, parsed("2026-08", lived.now.date(), _zone(lived)).first)
    assert [over_time.in_short(part) for part in parts] == ["Apr", "May", "Jun", "Jul", "Aug"]


def test_what_is_counted_over_time_is_what_is_counted_at_all(lived):
    for chosen in SCOPES:
        period = parsed(chosen["period"], lived.now.date(), _zone(lived))
        scope = Scope(period, chosen.get("agency"), chosen.get("topic"))
        tables = counted(lived, chosen)
        with lived.store.reading() as tx:
            asked, raised, settled = (
                count(tx, scope, lived.now.date())
                for count in (over_time.questions_over_time, over_time.tickets_over_time, over_time.settled)
            )
        assert asked.total("questions") == tables["questions-by-status"].total("questions")
        assert asked.total("no guidance") == (
            tables["questions-by-status"].value("questions", "No guidance found") or 0
        )
        assert raised.total("escalations") == tables["escalations-by-reason"].total("escalations")
        assert raised.total("feedback requests") == tables["feedback"].value("asked")
        assert settled.total("escalations") == tables["escalations-by-outcome"].total("escalations")


# Filters


def test_filters_stand_in_the_address_and_are_kept(manager):
    page = manager.page(address("/review", period="2026-10", agency="hospital", topic="mash"))
    assert "Yearly Hospital only, questions on Mash only" in page.text
    links = [link["href"] for link in page.all("a") if link["href"].startswith("/review/") and "?" in link["href"]]
    assert links
    assert all("period=2026-10" in link and "agency=hospital" in link for link in links)
    selected = [option["value"] for option in page.all("option") if "selected" in option.attributes]
    assert selected == ["2026-10", "hospital", "mash"]


def test_days_count_where_they_were_changed_and_the_period_where_that_was(manager):
    shown = {"was": "2026-10", "from": "2026-10-01", "to": "2026-10-31"}
    assert "October 2026" in manager.page(address("/review/figures", period="2026-10", **shown)).text
    moved = {**shown, "to": "2026-10-15"}
    assert (
        "1 October 2026 to 15 October 2026"
        in manager.page(address("/review/figures", period="2026-10", **moved)).text
    )
    chosen = manager.page(address("/review/figures", period="last month", **shown))
    assert "March 2027" in chosen.text


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"period": "soon"}, "is no period"),
        ({"period": "2026-13"}, "is no period"),
        ({"period": "2026-10", "was": "2026-10", "from": "2026-10-31", "to": "2026-10-01"}, "is no period"),
        ({"period": "<script>"}, "is no period"),
        ({"agency": "nowhere"}, "None in this period."),
        ({"agency": "' OR 1=1"}, ""),
        ({"topic": "x" * 500}, ""),
        ({"period": "2026-10\x00"}, "is no period"),
    ],
)
def test_an_address_that_makes_no_sense_is_answered_all_the_same(manager, wrong, says):
    page = manager.page(address("/review/figures", **wrong))
    assert says in page.text
    assert "<script>" not in page.html


@pytest.mark.parametrize("page", ["0", "-1", "x", "999999", "9" * 40, ""])
def test_a_page_of_a_list_that_there_is_not_is_answered_all_the_same(manager, page):
    assert manager.get(address("/review/questions", period=YEAR, page=page)).status_code == 200


def test_a_long_list_is_read_page_by_page(lived, manager):
    total = counted(lived, {"period": YEAR})["questions-by-status"].total("questions")
    seen, where, pages = [], address("/review/questions", period=YEAR), 0
    while where:
        page = manager.page(where)
        seen += [link["href"] for link in page.all("a") if re.fullmatch(r"/review/questions/\w{24}", link["href"])]
        where = next((link["href"] for link in page.all("a", rel="next")), None)
        pages += 1
    assert len(seen) == len(set(seen)) == total
    assert pages == -(-total // 50) > 5


def test_a_list_says_what_was_chosen_and_keeps_it_with_other_filters(manager):
    page = manager.page(address("/review/escalations", period=YEAR, receiving="social-care", stage="stage-2"))
    assert "to: Yearly Council" in page.text
    assert "stage: Stage 2: managers" in page.text
    hidden = {field["name"]: field["value"] for field in page.all("input", type="hidden")}
    assert hidden == {"was": YEAR, "receiving": "social-care", "stage": "stage-2"}


def test_questions_of_whom_the_agency_is_not_known_can_be_listed(lived, manager):
    unknown = lived.rows("SELECT count(*) AS n FROM questions WHERE agency IS NULL")[0]["n"]
    where = address("/review/questions", period=YEAR, agency="not-known")
    page = manager.page(where)
    assert page.listed == unknown
    assert "agency not known" in page.text
    assert {link for link in (a["href"] for a in page.all("a")) if link.startswith("/review?")} == {
        address("/review", period=YEAR)
    }


# Spreadsheets


@pytest.mark.parametrize("name", ALL)
def test_each_table_can_be_had_for_a_spreadsheet(lived, manager, name):
    response = manager.get(address(f"/review/figures/{name}.csv", period=YEAR))
    rows = spreadsheet(response)
    said = response.headers["content-disposition"]
    assert said == f'attachment; filename="for-managers-{name}-2026-04-01-to-2027-03-31.csv"'
    table = counted(lived, {"period": YEAR}).get(name)
    if table is not None:
        assert rows == [list(table.heads), *([_plain(cell) for cell in row] for row in table.rows)]


def _plain(cell):
    return "" if cell is None else str(cell)


def test_there_is_no_other_table(manager):
    assert manager.get("/review/figures/nothing.csv").status_code == 404


@pytest.mark.parametrize("name", ["questions", "escalations", "feedback", "records", "guidance", "deliveries"])
def test_each_list_can_be_had_for_a_spreadsheet(manager, name):
    where = address(f"/review/{name}", period=YEAR)
    rows = spreadsheet(manager.get(where.replace("?", ".csv?")))
    page = manager.page(where)
    assert len(rows) - 1 == page.listed > 0
    assert rows[0] == [head.text for head in page.all("th", scope="col")]


FORMULAS = ("=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", " =1+1", '=HYPERLINK("http://x.example","y")', "|calc")


def test_formulas_come_out_inert(office, there):
    for text in FORMULAS:
        answered = office.desk.answer(text, channel="web", asker=text)
        office.run(office.desk.record(answered))
        office.run(office.desk.judge(answered.question.id, helpful=False, missing=text))
    period = "2026-04-01 2026-12-31"
    for path in ("/review/questions.csv", "/review/figures/unanswered.csv"):
        rows = spreadsheet(there.get(address(path, period=period)))
        assert len(rows) > 4
        cells = [cell for row in rows for cell in row]
        assert not [cell for cell in cells if cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "|"))]


# One record


def test_reading_a_record_is_an_event_and_listing_it_is_none(office, there):
    reference = office.raise_(disagree=DISAGREE).reference
    listed = there.page("/review/escalations?period=2026-04")
    assert reference in listed.text
    assert DISAGREE not in listed.text
    there.get("/review/escalations.csv?period=2026-04")
    there.get("/review")
    assert there.reads() == 0
    page = there.page(f"/review/tickets/{reference}")
    assert DISAGREE in page.text
    assert "That you read this was recorded just now." in page.text
    assert there.reads(reference) == 1
    assert "Managers had read it once before" in there.page(f"/review/tickets/{reference}").text
    last = office.events()[-1]
    assert (last.kind, last.side.value, last.data) == (Kind.READ, "partnership", {"operator": True})


def test_a_feedback_request_is_read_in_the_same_way(office, there):
    reference = office.ask().reference
    assert "asked about the referral of" in there.page(f"/review/tickets/{reference.lower()}").text
    assert there.reads(reference) == 1


@pytest.mark.parametrize("reference", ["ESC-2026-0099", "MASH-2026-0099", "QR-2026-0001", "X", "ESC-2026-0001x"])
def test_a_record_that_there_is_not_is_not_there(office, there, reference):
    office.raise_()
    assert there.get(f"/review/tickets/{reference}").status_code == 404
    assert there.reads() == 0


def test_every_page_of_records_is_read_without_a_fault(lived, manager):
    for row in lived.rows("SELECT reference FROM tickets ORDER BY reference"):
        assert manager.get(f"/review/tickets/{row['reference']}").status_code == 200, row


def test_the_history_stays_whole(lived, manager):
    with lived.store.reading() as tx:
        assert list(lived.service.ledger.history.verify(tx)) == []


# A question


def ask(office, text, agency=None):
    known = office.library.knowledge.partnership.agency_by_id.get(agency)
    source = AgencySource.DECLARED if agency else AgencySource.UNKNOWN
    answered = office.desk.answer(text, channel="web", asker=text, agency=known, agency_source=source)
    office.run(office.desk.record(answered))
    return answered.question.id


def test_a_question_is_shown_with_the_entry_as_it_stood_when_it_was_given(office, smalltown, there):
    before = ask(office, "what is private fostering")
    path = smalltown / "private-fostering.yaml"
    path.write_text(path.read_text("utf-8").replace("for 28 days or more", "for thirty days or more"), "utf-8")
    office.library.refresh()
    assert office.library.refresh()
    office.now += timedelta(hours=1)
    after = ask(office, "what is private fostering")
    old, new = (there.page(f"/review/questions/{question}") for question in (before, after))
    assert "for 28 days or more" in old.text
    assert "for 28 days or more" not in new.text
    assert "for thirty days or more" in new.text
    for page in (old, new):
        assert "Draft, not yet approved by the Smalltown Safeguarding Children Partnership" in page.text
        assert "what is private fostering" in page.one("blockquote").text


def test_the_line_for_the_askers_agency_and_who_was_open_then_are_part_of_the_reply(office, smalltown, there):
    path = smalltown / "private-fostering.yaml"
    path.write_text(path.read_text("utf-8").replace("{police: Use", "{school: Use"), "utf-8")
    office.library.refresh()
    assert office.library.refresh()
    office.now = office.now.replace(hour=22)
    page = there.page(f"/review/questions/{ask(office, 'what is private fostering', 'high-school')}")
    assert "Use your own form as well." in page.text
    assert page.text.index("Smalltown duty team") < page.text.index("Smalltown front door")
    assert "High School" in page.text


def test_a_question_that_nothing_answered_says_so_and_one_that_named_somebody_has_no_text(office, there):
    assert "No entry answered it." in there.page(f"/review/questions/{ask(office, 'zzz qqq')}").text
    named = there.page(f"/review/questions/{ask(office, 'is Jayden Kowalczyk privately fostered')}")
    assert "The text was not kept." in named.text
    assert "Kowalczyk" not in named.html


def test_a_question_that_there_is_not_is_not_there(there):
    assert there.get("/review/questions/000000000000000000000000").status_code == 404


# Searching


def test_a_reference_leads_to_its_record(office, there):
    reference = office.raise_().reference
    for typed in (reference, f"  {reference.lower()} "):
        found = there.post("/review/search", {"words": typed})
        assert (found.status_code, found.headers["location"]) == (303, f"/review/tickets/{reference}")
    assert there.reads() == 0
    assert "There is no escalation" in there.post("/review/search", {"words": "ESC-2026-0099"}).text


def test_all_words_have_to_stand_in_a_question(office, there):
    for text in ("what is private fostering", "who is privately fostered", "100% attendance", "under_score"):
        ask(office, text)

    def found(typed):
        page = there.post("/review/search", {"words": typed})
        assert page.status_code == 200
        return re.findall(r"class=wide>(.*?)</td>", page.text)

    assert sorted(found("foster")) == ["what is private fostering", "who is privately fostered"]
    assert found("FOSTERING what") == ["what is private fostering"]
    assert found("%") == ["100% attendance"]
    assert found("r_s") == ["under_score"]
    assert found("zebra") == found("") == found("   ") == []


def test_what_is_searched_for_stands_in_no_address_and_comes_back_escaped(there):
    page = there.post("/review/search", {"words": "<b>zebra</b>"})
    assert "&lt;b&gt;zebra&lt;/b&gt;" in page.text
    assert "<b>" not in page.text
    assert not re.search(r'(href|action)="[^"]*zebra', page.text)


# Evidence


@pytest.fixture
def settled(office):
    """An escalation from start to close, in which something was learned."""
    office.raise_(disagree=DISAGREE)
    office.now += timedelta(hours=1)
    office.move(Kind.TOLD, office.teacher, how="phone", whom="The team manager")
    office.now += timedelta(hours=2)
    office.move(Kind.ACKNOWLEDGED, office.council_lead, talker="The deputy")
    office.now += timedelta(days=1)
    office.move(Kind.HANDED_ON, office.school_lead, stage="stage-2", why="They did not ring back.")
    office.move(Kind.TOLD, office.school_lead, how="phone", whom="The head")
    office.now += timedelta(days=1)
    office.move(Kind.PROPOSED, office.council_lead, **OUTCOME)
    office.now += timedelta(hours=1)
    office.move(Kind.AGREED, office.school_lead)
    return "ESC-2026-0001"


def test_the_case_holds_no_name_no_reference_and_nothing_that_was_typed(there, settled):
    page = there.page(address("/review/evidence", period="2026-04", case=settled))
    case = re.search(r'id="e-case".*?</section>', page.html, re.DOTALL)[0]
    typed = (DISAGREE, "They did not ring back.", "A visit on Thursday.", LEARNING, "The team manager", "The deputy")
    assert not [text for text in (*typed, "High School", "Smalltown", settled, TEACHER) if text in case]
    assert LEARNING not in page.text
    for said in (
        "School (raised it) and Social care (the other agency)", "27 April 2026", "The decision was changed",
        "The child was seen sooner", "Taken to Stage 2: managers", "The outcome was agreed, and it was closed",
    ):  # fmt: skip
        assert said in page.text


def test_learning_is_shown_only_where_the_manager_picks_it(there, settled):
    page = there.page(address("/review/evidence", period="2026-04", case=settled, learning="yes"))
    assert page.one("blockquote").text == LEARNING


def test_that_a_case_was_read_for_evidence_is_recorded_and_the_page_without_one_reads_none(there, settled):
    there.page("/review/evidence?period=2026-04")
    assert there.reads() == 0
    there.page(address("/review/evidence", period="2026-04", case=settled))
    assert there.reads(settled) == 1


@pytest.mark.parametrize("case", ["ESC-2026-0099", "MASH-2026-0001", "x", "' OR 1=1"])
def test_a_case_that_there_is_not_is_said(office, there, case):
    assert "There is no such escalation." in there.page(address("/review/evidence", case=case)).text


def test_only_what_ended_with_an_outcome_is_offered(office, there, settled):
    office.raise_()
    office.move(Kind.TOLD, office.teacher, "ESC-2026-0002", how="phone", whom="x")
    office.move(Kind.PROPOSED, office.council_lead, "ESC-2026-0002", **OUTCOME)
    options = [option["value"] for option in there.page("/review/evidence?period=2026-04").all("option")]
    assert settled in options
    assert "ESC-2026-0002" not in options


def test_guidance_that_changed_stands_there_with_its_days(office, smalltown, there, settled):
    ask(office, "what is private fostering")
    office.now += timedelta(days=3)
    suggested = office.now

    def suggest(tx):
        return corrections.suggest(
            tx, "private-fostering.definition", "It is 28 days.", at=office.now, channel="web",
            knowledge_version=None, person_id=None, agency=None,
        )  # fmt: skip

    correction = office.run(office.store.write(suggest))
    office.now += timedelta(days=4)
    path = smalltown / "private-fostering.yaml"
    path.write_text(path.read_text("utf-8").replace("28 days or more", "28 days and more"), "utf-8")
    office.library.refresh()
    assert office.library.refresh()
    ask(office, "what is private fostering")
    office.run(office.store.write(lambda tx: corrections.settle(tx, correction, "changed", office.now)))
    page = there.page("/review/evidence?period=2026-04")
    rows = re.search(r'id="e-changed".*?</section>', page.html, re.DOTALL)[0]
    cells = [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in re.findall(r"<t[hd][^>]*>.*?</t[hd]>", rows)]
    days = [f"{at.day} {at:%B} {at.year}" for at in (office.now, suggested)]
    assert cells[4:] == [days[0], "Changed", "What private fostering is", days[1]]
    assert "It is 28 days." not in page.text


@pytest.mark.parametrize("confirmed", [False, True])
def test_the_policy_says_whether_its_days_are_confirmed(smalltown, tmp_path, confirmed):
    policy = f"name: Resolution policy\ntimescales_confirmed: {str(confirmed).lower()}\n"
    office = office_in(smalltown, ROOT / "knowledge" / "england", tmp_path / "data", policy=policy)
    text = Manager(office.desk, records=office.records).signed_in().page("/review/evidence").text
    office.close()
    assert "Resolution policy" in text
    assert ("the partnership has not confirmed its timescales" in text) is not confirmed
    assert ("Working days, suggested" in text) is not confirmed


def test_the_trend_is_twelve_months_as_they_are_counted(lived, manager):
    rows = spreadsheet(manager.get(address("/review/evidence/trend.csv", period=YEAR)))
    assert len(rows) == 13
    for name, questions, _, escalations, requests, _ in rows[1:]:
        month = parsed(f"{name.split()[1]}-{_MONTHS[name.split()[0]]:02d}", lived.now.date(), _zone(lived))
        tables = counted(lived, {"period": f"{month.first} {month.last}"})
        assert int(questions) == tables["questions-by-status"].total("questions")
        assert int(escalations) == tables["escalations-by-agencies"].total("escalations")
        assert int(requests) == tables["feedback"].value("asked")


_MONTHS = {
    name: number
    for number, name in enumerate(
        "January February March April May June July August September October November December".split(), 1
    )
}


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_of_event_has_words_that_hold_nothing_of_the_case(kind):
    assert evidence.EVENTS[kind]


# What is not claimed, and what is not there yet


def test_while_times_are_not_confirmed_nothing_is_overdue_or_in_time(office, there):
    office.raise_()
    office.ask()
    office.now += timedelta(days=40)
    office.tick()
    for path in (
        "/review",
        "/review/escalations",
        "/review/feedback",
        "/review/evidence",
        "/review/tickets/ESC-2026-0001",
    ):
        text = there.page(f"{path}?period=2026-04").text.lower()
        assert "overdue" not in text, path
        assert not re.search(r"\d+ % in time|share in time(?! is given)", text), path
        assert "due by" not in text, path
    table = there.page("/review/figures?period=2026-04")
    assert table.numbers("feedback")[0][2:4] == ("0", "–")
    assert "No share in time is given" in table.text


@pytest.mark.parametrize("path", ["/review", "/review/figures", "/review/evidence"])
def test_where_nothing_happened_yet_each_page_says_so(there, path):
    text = there.page(path).text
    assert "raised in this period" in text or "None in this period." in text


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("questions", "No such question was asked"), ("escalations", "No such escalation was raised"),
        ("feedback", "No such feedback request was made"), ("records", "No such short record was kept"),
        ("deliveries", "Every message got through."),
    ],
)  # fmt: skip
def test_where_nothing_happened_yet_each_list_says_so(there, name, says):
    assert says in there.page(f"/review/{name}").text


def test_where_the_guidance_cannot_be_read_the_pages_say_so(office, smalltown, there):
    office.library.guidance = None
    response = there.get("/review")
    assert response.status_code == 503
    assert "What is recorded is not lost." in response.text


def test_short_records_say_what_was_chosen_and_no_sentence(office, there):
    rang = office.now - timedelta(hours=2)

    def keep(tx):
        record = NoAnswer("front-door", rang, Waited.HOUR, Did.RANG_999)
        quick_records.add_no_answer(tx, record, at=office.now, channel="web", person_id=None, agency="gp")
        quick_records.add(
            tx, "considered-not-escalated", {"other": "social-care", "reason": "roles", "why_not": "no-time"},
            "A sentence of theirs.", at=office.now, channel="slack", person_id=None, agency=None,
        )  # fmt: skip

    office.run(office.store.write(keep))
    page = there.page("/review/records?period=2026-04")
    assert "Smalltown front door, rang 27 Apr 2026, 08:00; waited: an hour or longer; then: rang 999" in page.text
    assert "with Smalltown Council; Roles and responsibilities: who does what; I had no time" in page.text
    assert "A sentence of theirs." not in page.text


def test_a_message_to_a_person_does_not_say_to_whom(lived, manager):
    stuck = lived.rows("SELECT recipient FROM outbox WHERE delivered IS NULL AND attempts > 0")
    page = manager.page("/review/deliveries")
    assert page.listed == len(stuck) > 2
    assert not [row for row in stuck if row["recipient"].startswith("U") and row["recipient"] in page.text]
