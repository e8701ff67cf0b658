"""All guidance as one sheet: at /guidance, as a file from `kb print`, on a phone, on a desk and on paper."""

import dataclasses
import re
import zlib
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import httpx
import pytest
import segno
from served import FRIDAY_NOON, KEY, Parsed, Visitor, desk_of, listening
from test_command_line import failed, ran
from ticketing import records_of

from bot.answering import messages
from bot.answering.guidance import Guidance
from bot.config import ROOT
from bot.knowledge.loading import layers_of, load
from bot.knowledge.markdown import parse, spans
from bot.knowledge.model import Approval, Contact, Number, Rule
from bot.knowledge.partnership import AgencyKind
from bot.knowledge.shapes import Source
from handlers import wording
from handlers.server import make_app
from handlers.web.guidance import VALID, standalone, valid_until

TODAY = FRIDAY_NOON.date()
DAY = timedelta(days=1)
ADDRESS = "https://guidance.example.org"
APPROVED = Approval(status="approved", by="Policy subgroup", on=date(2026, 10, 1))
PLACES = ("barnsley", "barnet")


@pytest.fixture(scope="module")
def knowledge():
    """The shipped knowledge of both partnerships; nobody changes it."""
    return {place: load(layers_of(ROOT / "knowledge", place)) for place in PLACES}


def served(knowledge, folder, public_url=None, **request):
    """The page /guidance of a running bot."""
    desk = desk_of(Guidance.of(knowledge), folder)
    visitor = Visitor(desk)
    visitor._transport = httpx.ASGITransport(make_app(desk, KEY, records_of(desk, enabled=False), None, public_url))
    response = visitor.send("GET", "/guidance", **request)
    desk.store.close()
    assert response.status_code == 200
    return response.text


@pytest.fixture(scope="module")
def sheets(knowledge, tmp_path_factory):
    """Each sheet as it is served and as it is printed, and the same parsed."""
    texts = {
        f"{place} {kind}": html
        for place, content in knowledge.items()
        for kind, html in (
            ("page", served(content, tmp_path_factory.mktemp(place), ADDRESS)),
            ("file", standalone(content, ADDRESS, FRIDAY_NOON)),
            ("file without address", standalone(content, None, FRIDAY_NOON)),
        )
    }
    return {name: (html, Parsed(html)) for name, html in texts.items()}


KINDS = [f"{place} {kind}" for place in PLACES for kind in ("page", "file", "file without address")]
EVERY_SHEET = pytest.mark.parametrize("name", KINDS)


@pytest.fixture
def sheet(sheets, name):
    return sheets[name][1]


@pytest.fixture
def shown(knowledge, name):
    """What a sheet is made of."""
    return knowledge[name.split()[0]]


def flat(text):
    return " ".join(text.split())


def runs(text):
    return flat("".join(span.text for span in spans(text)))


# What stands in it


@EVERY_SHEET
def test_every_entry_stands_there_whole_in_the_order_of_the_topics(sheet, shown):
    expected = [entry for topic in shown.topics for entry in shown.entries_of(topic)]
    assert len(expected) == len(shown.entries) > 50
    articles = sheet.all("article")
    assert [article["id"] for article in articles] == [entry.full_id for entry in expected]
    for article, entry in zip(articles, expected, strict=True):
        text = flat(article.text)
        assert text.startswith(flat(entry.title)), entry.full_id
        for block in parse(entry.answer):
            for item in block.items:
                assert flat("".join(span.text for span in item)) in text, entry.full_id
        for rule in (*entry.must, *entry.should):
            assert runs(rule.text) in text, entry.full_id
            assert flat(rule.basis or "") in text, entry.full_id
        assert ("You must" in text) is bool(entry.must) or "You must" in entry.answer
        for step in entry.steps:
            assert runs(step) in text, entry.full_id
        for kind, line in entry.for_agency.items():
            assert f"{wording.agency_kind(kind)}: {flat(line)}" in text, entry.full_id
        for contact in shown.contacts_of(entry):
            assert flat(f"{contact.name}: {wording.ways(contact)}") in text, entry.full_id
        assert flat(entry.confirm_locally or "") in text, entry.full_id
        for source in entry.sources:
            assert flat(wording.source(source)) in text, entry.full_id
        assert text.endswith(flat(wording.compiled(entry))), entry.full_id


@EVERY_SHEET
def test_no_link_within_the_sheet_is_dead_and_the_contents_name_every_topic_and_entry(sheet, shown):
    ids = [element["id"] for element in sheet.elements if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    within = [a for a in sheet.all("a") if a["href"].startswith("#")]
    assert {a["href"][1:] for a in within} <= set(ids)
    listed = [(a["href"], a.text) for a in within if a["href"][1:] in {*shown.topics, *shown.entries}]
    assert listed == [
        link
        for topic in shown.topics.values()
        for link in (
            (f"#{topic.id}", topic.title),
            *((f"#{entry.full_id}", entry.title) for entry in shown.entries_of(topic.id)),
        )
    ]
    assert {section["id"] for section in sheet.all("section", of_class="topic")} == set(shown.topics)


def rows_of(sheet, section):
    """Each line of a section's table, as its three cells."""
    start = sheet.elements.index(sheet.one("section", id=section))
    end = next((i for i, e in enumerate(sheet.elements) if i > start and e.tag in ("section", "nav")), None)
    cells = [flat(e.text) for e in sheet.elements[start:end] if e.tag == "td" or e.attributes.get("scope") == "row"]
    return [tuple(cells[i : i + 3]) for i in range(0, len(cells), 3)]


@EVERY_SHEET
def test_every_service_stands_there_with_its_number_its_timetable_and_how_old_the_number_is(sheet, shown):
    rows = rows_of(sheet, "services")
    assert len(rows) == len(shown.contacts)
    for (service, ways, when), contact in zip(rows, shown.contacts.values(), strict=True):
        assert service == flat(contact.name)
        assert ways == flat(wording.ways(contact))
        assert all(number.display in ways for number in contact.numbers)
        assert when.startswith(wording.timetable(contact, shown.contacts))
        assert contact.source is None or wording.seen(contact.source) in when
        assert ("confirm locally" in when) is contact.confirm
        assert flat(contact.note or "") in when


@EVERY_SHEET
def test_whom_to_ring_stands_on_top_with_999_first_and_says_when_and_not_whether_it_is_open(sheet, shown):
    (first, number, when), *duty = rows_of(sheet, "ring")
    assert (first, number, when) == ("Police or ambulance, in an emergency", "999", "day and night")
    wanted = [shown.contacts[name] for name in shown.partnership.emergency_contacts]
    assert [row[0] for row in duty] == [flat(contact.name) for contact in wanted]
    assert [row[1] for row in duty] == [flat(wording.ways(contact)) for contact in wanted]
    assert "Monday" in duty[0][2]
    assert duty[1][2].startswith("whenever ")
    order = [e.attributes.get("id") for e in sheet.elements if e.tag in ("section", "nav")]
    assert [name for name in order if name][:2] == ["ring", "contents"]
    assert sheet.one("p", of_class="danger").text.endswith("Ring 999 first.")
    for words in ("open until", "closes at", "ring now", "opens"):
        assert not [row for row in rows_of(sheet, "ring") + rows_of(sheet, "services") if words in row[2]]


@EVERY_SHEET
def test_the_head_says_whose_it_is_of_when_until_when_and_which_version(sheet, shown):
    head = flat(sheet.one("header").text)
    assert shown.partnership.name in head
    assert shown.partnership.name in sheet.one("title").text
    assert "As of 20 November 2026." in head
    assert f"Valid until {wording.day(valid_until(shown, TODAY))}" in head
    assert f"Version {shown.version}." in head


@EVERY_SHEET
def test_the_headings_go_down_one_level_at_a_time(sheet):
    levels = [int(e.tag[1]) for e in sheet.elements if re.fullmatch("h[1-6]", e.tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(below <= above + 1 for above, below in pairwise(levels))


def digits(text):
    return re.sub(r"\D", "", text)


def numbers_of(knowledge):
    numbers = {number for contact in knowledge.contacts.values() for number in contact.numbers}
    return {digits(text) for number in numbers for text in (number.display, number.dial)}


@pytest.mark.parametrize(("place", "other"), [PLACES, PLACES[::-1]])
def test_no_number_of_one_partnership_stands_on_another_s_sheet(sheets, knowledge, place, other):
    strange = numbers_of(knowledge[other]) - numbers_of(knowledge[place])
    assert strange
    for name, (html, _) in sheets.items():
        found = {number for number in strange if number in digits(html.replace("</", " x </"))}
        assert (found == set()) is name.startswith(place), name


def test_a_service_without_a_number_says_so(sheets):
    row = next(row for row in rows_of(sheets["barnet file"][1], "services") if "emergency duty team" in row[0])
    assert row[1] == wording.NOT_KNOWN
    assert "We do not know this team's number." in row[2]


# Draft or approved


def with_approvals(knowledge, approves):
    """The knowledge in which the entries are approved that `approves` says of, and no other."""
    entries = {
        full_id: dataclasses.replace(entry, approval=APPROVED if approves(number) else Approval())
        for number, (full_id, entry) in enumerate(knowledge.entries.items())
    }
    return dataclasses.replace(knowledge, entries=entries)


@pytest.mark.parametrize(
    ("approves", "drafts"),
    [
        (lambda number: False, "all"),
        (lambda number: number == 0, "some"),
        (lambda number: number % 2, "some"),
        (lambda number: number > 0, "some"),
        (lambda number: True, "none"),
    ],
    ids=["none approved", "one approved", "half approved", "one draft", "all approved"],
)
def test_the_sheet_says_what_is_draft(knowledge, approves, drafts):
    content = with_approvals(knowledge["barnsley"], approves)
    sheet = Parsed(standalone(content, None, FRIDAY_NOON))
    notices = [flat(p.text) for p in sheet.all("p", of_class="draft")]
    notice = messages.draft(content.partnership.name)
    open_ones = sum(entry.is_draft for entry in content.entries.values())
    match drafts:
        case "all":
            assert notices == [f"{notice}."]
        case "some":
            assert notices[0] == f"{notice}, but for the entries marked as approved."
            assert notices[1:] == ["Draft, not yet approved."] * open_ones
        case "none":
            assert notices == []
    for article in sheet.all("article"):
        text = flat(article.text)
        draft = content.entries[article["id"]].is_draft
        assert ("Approved by Policy subgroup on 1 October 2026" in text) is not draft
        assert ("Draft, not yet approved." in text) is (draft and drafts == "some")


def test_what_is_shipped_bears_the_notice(sheets, knowledge):
    for name, (_, sheet) in sheets.items():
        assert messages.draft(knowledge[name.split()[0]].partnership.name) in sheet.one("header").text


# Until when


@pytest.mark.parametrize(
    ("reviews", "days"),
    [
        ([None], 28),
        ([1], 1),
        ([27], 27),
        ([28], 28),
        ([29], 28),
        ([200, 12, None, 90], 12),
        ([0], 28),  # a review that is due already would leave no sheet to hang
        ([-3, 5], 5),
        ([-3], 28),
    ],
)
def test_a_sheet_is_valid_for_28_days_or_until_the_first_review(smalltown, reviews, days):
    knowledge = load([smalltown])
    due = [None if days is None else TODAY + timedelta(days=days) for days in (*reviews, *[None] * 4)]
    entries = {
        full_id: dataclasses.replace(entry, review_by=day)
        for day, (full_id, entry) in zip(due, knowledge.entries.items(), strict=False)
    }
    knowledge = dataclasses.replace(knowledge, entries=entries)
    assert VALID == 28 * DAY
    assert valid_until(knowledge, TODAY) == TODAY + timedelta(days=days)
    head = Parsed(standalone(knowledge, None, FRIDAY_NOON)).one("header").text
    assert f"Valid until {wording.day(TODAY + timedelta(days=days))}" in flat(head)


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 7, 1, 22, 59, tzinfo=UTC), "1 July 2026"),
        (datetime(2026, 7, 1, 23, 0, tzinfo=UTC), "2 July 2026"),
        (datetime(2026, 12, 1, 23, 59, tzinfo=UTC), "1 December 2026"),
        (datetime(2026, 12, 2, 0, 0, tzinfo=UTC), "2 December 2026"),
    ],
)
def test_the_day_of_the_sheet_is_the_partnership_s(smalltown, at, day):
    assert f"As of {day}." in flat(Parsed(standalone(load([smalltown]), None, at)).one("header").text)


# The address and its code


def code_of(address):
    return segno.make(address, micro=False).svg_inline(omitsize=True, border=2)


def test_the_page_bears_the_code_of_its_public_address(sheets):
    html, sheet = sheets["barnsley page"]
    assert code_of(f"{ADDRESS}/guidance") in html
    assert sheet.one(of_class="qr")["role"] == "img"
    assert f"{ADDRESS}/" in {a["href"] for a in sheet.all("a")}


def test_without_a_public_address_the_page_bears_the_code_of_the_address_it_was_asked_at(knowledge, tmp_path):
    html = served(knowledge["barnsley"], tmp_path)
    assert code_of("http://page.test/guidance") in html
    assert code_of(f"{ADDRESS}/guidance") not in html


def test_a_forged_address_is_text(knowledge, tmp_path):
    html = served(knowledge["barnet"], tmp_path, headers={"Host": 'page.test"><script>alert(1)</script>'})
    assert not Parsed(html).all("script")


def test_a_file_bears_the_code_only_where_there_is_an_address(sheets):
    html, sheet = sheets["barnsley file"]
    assert code_of(f"{ADDRESS}/guidance") in html
    assert len(sheet.all("svg")) == 1
    bare, sheet = sheets["barnsley file without address"]
    assert not sheet.all("svg") + sheet.all(of_class="qr")
    assert "The live page" not in bare


def test_the_titles_lead_to_the_live_page_where_there_is_one(sheets, knowledge):
    for kind, start in (("page", ""), ("file", ADDRESS)):
        links = {a["href"] for a in sheets[f"barnsley {kind}"][1].all("a")}
        assert {f"{start}/guidance/{full_id}" for full_id in knowledge["barnsley"].entries} <= links
    bare = sheets["barnsley file without address"][1]
    assert not [a for a in bare.all("a") if "/guidance/" in a["href"] and not a["href"].startswith("http")]


# A file that needs nothing else


@pytest.mark.parametrize("name", [name for name in KINDS if "file" in name])
def test_a_printed_file_asks_for_nothing_else(sheets, name):
    html, sheet = sheets[name]
    assert "/static" not in html
    loading = {
        "script",
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "audio",
        "video",
        "base",
        "form",
        "source",
        "use",
    }
    assert not loading & {element.tag for element in sheet.elements}
    for element in sheet.elements:
        assert not {"src", "srcset", "action", "background", "style"} & element.attributes.keys(), element
        assert not [attribute for attribute in element.attributes if attribute.startswith(("on", "hx-"))], element
        if "href" in element.attributes:
            assert element.tag == "a"
            assert element["href"].startswith(("#", "https://", "http://", "tel:", "mailto:")), element
    style = sheet.one("style").text
    assert style.strip()
    assert "url(" not in style
    assert "@import" not in style


def test_the_page_keeps_to_its_content_security_policy(sheets):
    _, sheet = sheets["barnsley page"]
    assert not sheet.all("style") + sheet.all("script")
    assert not [element for element in sheet.elements if "style" in element.attributes]
    assert [link["href"] for link in sheet.all("link", rel="stylesheet")] == ["/static/sheet.css"]
    assert sheet.all("a")[0]["href"] == "#main"


MARKUP = '<script>alert("1")</script> & <b>'


@pytest.fixture
def hostile(smalltown):
    """A partnership in which every text that an editor writes holds markup."""
    knowledge = load([smalltown])
    source = Source(title=MARKUP, date="2026", url='https://x.test/"><script>')
    contacts = {
        name: contact.model_copy(
            update={"name": MARKUP, "note": MARKUP, "source": source, "confirm": True,
                    "numbers": (Number(display=MARKUP, dial="999"),)}
        )
        for name, contact in knowledge.contacts.items()
    }  # fmt: skip
    rule = Rule(text=MARKUP, basis=MARKUP)
    entries = {
        full_id: dataclasses.replace(
            entry, title=MARKUP, answer=f"{MARKUP}\n\n- **{MARKUP}**\n\n1. [{MARKUP}](https://x.test/)", must=(rule,),
            should=(rule,), steps=(MARKUP,), for_agency={AgencyKind.GP: MARKUP}, confirm_locally=MARKUP,
            sources=(source,), contacts=("front-door",), approval=APPROVED.model_copy(update={"by": MARKUP}),
        )
        for full_id, entry in knowledge.entries.items()
    }  # fmt: skip
    return dataclasses.replace(
        knowledge,
        contacts=contacts,
        entries=entries,
        topics={name: dataclasses.replace(topic, title=MARKUP) for name, topic in knowledge.topics.items()},
        partnership=knowledge.partnership.model_copy(update={"name": MARKUP}),
    )


def test_what_an_editor_wrote_is_text_and_adds_nothing_to_the_page(hostile, tmp_path):
    for html in (standalone(hostile, ADDRESS, FRIDAY_NOON), served(hostile, tmp_path)):
        sheet = Parsed(html)
        assert not sheet.all("script") + sheet.all("b")
        article = sheet.all("article")[0]
        assert article.text.count(MARKUP) >= 12
        for place in ("title", "h1", "h2", "h3"):
            assert sheet.all(place)
        assert MARKUP in sheet.one("title").text
        assert MARKUP in sheet.one(id="ring").text
        assert MARKUP in sheet.one(id="contents").text
        assert MARKUP in sheet.one(id="services").text


def test_while_the_knowledge_cannot_be_read_the_page_says_so_and_gives_the_numbers(barnsley, tmp_path):
    desk = desk_of(barnsley, tmp_path)
    desk.library._copy = dataclasses.replace(barnsley.directory, as_of=TODAY)
    desk.library.guidance = None
    response = Visitor(desk).get("/guidance")
    desk.store.close()
    page = Parsed(response)
    assert "The guidance cannot be read just now." in page.one("main").text
    assert {"tel:999", "tel:101", "tel:+441226772423"} <= {a["href"] for a in page.all("a")}
    assert not page.all("article")


# `kb print`


@pytest.fixture
def here(smalltown, tmp_path, monkeypatch):
    """The command line on a tiny partnership, and nothing of the settings of whoever runs the tests."""
    for line in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "KNOWLEDGE_WRITABLE", "PUBLIC_URL"):
        monkeypatch.delenv(line, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PARTNERSHIP", "smalltown")
    monkeypatch.setenv("KNOWLEDGE_DIR", str(smalltown.parent))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/data/safeguarding.db")
    return smalltown


def day_of(html):
    return re.search(r"As of (\d+ \w+ \d{4})\.", Parsed(html).one("header").text).group(1)


def test_kb_print_prints_the_sheet_of_today(here, smalltown):
    before = datetime.now(UTC)
    html = ran("kb", "print")
    candidates = [standalone(load([smalltown]), None, at) for at in (before, datetime.now(UTC))]
    assert html.rstrip("\n") in [candidate.rstrip("\n") for candidate in candidates]
    assert day_of(html) in [day_of(candidate) for candidate in candidates]


@pytest.mark.parametrize("public_url", [None, ADDRESS, f"{ADDRESS}/"])
def test_kb_print_writes_a_file_and_says_what_to_do_with_it(here, tmp_path, monkeypatch, public_url):
    if public_url:
        monkeypatch.setenv("PUBLIC_URL", public_url)
    path = tmp_path / "sheet.html"
    said = ran("kb", "print", "--out", path)
    assert str(path) in said
    assert "open it in a browser and print" in said
    assert ("set PUBLIC_URL" in said) is (public_url is None)
    html = path.read_text("utf-8")
    assert (code_of(f"{ADDRESS}/guidance") in html) is (public_url is not None)
    assert (len(Parsed(html).all("svg")) == 1) is (public_url is not None)


def test_kb_print_of_broken_knowledge_is_one_line_and_leaves_the_file_that_is_there(here, tmp_path):
    path = tmp_path / "sheet.html"
    path.write_text("the sheet of last month")
    (here / "safer-sleep.yaml").write_text("topic: [")
    assert "safer-sleep.yaml" in failed("kb", "print", "--out", path)
    assert path.read_text() == "the sheet of last month"


def test_kb_print_to_a_place_that_cannot_be_written_is_one_line(here, tmp_path):
    path = tmp_path / "nowhere" / "sheet.html"
    assert failed("kb", "print", "--out", path) == f"{path}: No such file or directory"


def test_kb_print_needs_no_permission_to_write_the_knowledge(here, monkeypatch):
    monkeypatch.setenv("KNOWLEDGE_WRITABLE", "0")
    assert "<!doctype html>" in ran("kb", "print")


# How times and dates read


FRONT = Contact(id="front", name="Front door (by day)")


@pytest.mark.parametrize(
    ("hours", "bank_holidays", "words"),
    [
        ("always", "closed", "day and night"),
        ("unknown", "closed", "hours not confirmed"),
        ({"when_closed": "front"}, "closed", "whenever Front door is closed"),
        ({"when_closed": "gone"}, "closed", "whenever gone is closed"),
        ({"mon-fri": "09:00-17:00"}, "closed", "Monday to Friday 9:00 to 17:00, not on bank holidays"),
        ({"mon-fri": "09:00-17:00"}, "open", "Monday to Friday 9:00 to 17:00"),
        ({"mon-thu": "09:00-17:15", "fri": "09:00-17:00"}, "open",
         "Monday to Thursday 9:00 to 17:15; Friday 9:00 to 17:00"),
        ({"sat": "10:00-12:00"}, "open", "Saturday 10:00 to 12:00"),
        ({"sat-mon": "22:00-06:00"}, "open", "Saturday to Monday 22:00 to 6:00"),
        ({"mon-sun": "00:00-24:00"}, "open", "Monday to Sunday 0:00 to 24:00"),
        ({"wed": "00:30-01:05"}, "open", "Wednesday 0:30 to 1:05"),
    ],
)  # fmt: skip
def test_hours_read_as_a_timetable(hours, bank_holidays, words):
    contact = Contact.model_validate({"id": "team", "name": "Team", "hours": hours, "bank_holidays": bank_holidays})
    assert wording.timetable(contact, {"front": FRONT, "team": contact}) == words


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2024-05-09", "source of 9 May 2024"),
        ("2020-07", "source of July 2020"),
        ("2013", "source of 2013"),
        ("undated", "source undated"),
        (None, "source undated"),
    ],
)
def test_the_age_of_a_number_reads_as_its_source_s(day, words):
    assert wording.seen(Source(title="A page", date=day)) == words


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (AgencyKind.GP, "General practice"),
        (AgencyKind.EARLY_YEARS, "Early years"),
        (AgencyKind.SOCIAL_CARE, "Social care"),
        (AgencyKind.VOLUNTARY, "Voluntary and faith groups"),
        (AgencyKind.SCHOOL, "School"),
    ],
)
def test_professions_have_names(kind, words):
    assert wording.agency_kind(kind) == words


def test_every_profession_has_a_name_of_its_own():
    names = [wording.agency_kind(kind) for kind in AgencyKind]
    assert len(set(names)) == len(names)
    assert all(name[0].isupper() and "-" not in name for name in names)


# In a real browser. These stand last: while it is open, no other test of this thread could run an event loop.

PATIENCE_MS = 10_000
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1200, "height": 900}
SIZES = pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])


@pytest.fixture
def window(chromium):
    """Opens a window of a size. Nothing may have gone wrong in any of them, and none may ask for another machine."""
    contexts, complaints = [], []

    def opened(size, **more):
        context = chromium.new_context(viewport=size, is_mobile=size is PHONE, reduced_motion="reduce", **more)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda asked: None if _ours(asked.url) else complaints.append(asked.url))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def _ours(url):
    return url.startswith(("http://127.0.0.1:", "file:"))


@pytest.fixture
def desk(barnsley, tmp_path):
    desk = desk_of(barnsley, tmp_path)
    yield desk
    desk.store.close()


@pytest.fixture
def site(desk):
    with listening(desk) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def printed(knowledge, tmp_path):
    """The address of a file as `kb print` writes it."""
    path = tmp_path / "sheet.html"
    path.write_text(standalone(knowledge["barnsley"], ADDRESS, FRIDAY_NOON), "utf-8")
    return path.as_uri()


def sideways(page):
    return page.evaluate("document.documentElement.scrollWidth - window.innerWidth")


def in_view(page, element):
    box, height = element.bounding_box(), page.evaluate("window.innerHeight")
    return box["y"] > -1 and box["y"] + box["height"] < height + 1  # boxes lie between pixels


def focused(page):
    return page.evaluate("document.activeElement.textContent.trim()")


def tab_to(page, text):
    """Press Tab until something with this text has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if focused(page) == text:
            return
    raise AssertionError(f"Tab does not reach {text!r}")


@pytest.mark.browser
@SIZES
def test_neither_the_page_nor_the_file_scrolls_sideways(window, site, printed, size):
    page = window(size)
    for address in (f"{site}/guidance", printed):
        page.goto(address)
        assert sideways(page) <= 0, address
        assert page.locator("h1").inner_text() == "Safeguarding guidance"
        assert page.locator(".danger").evaluate("e => getComputedStyle(e).color") == "rgb(255, 255, 255)"


@pytest.mark.browser
@SIZES
def test_the_contents_lead_to_every_entry_with_the_keyboard_only(window, site, barnsley, size):
    page = window(size)
    page.goto(f"{site}/guidance")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the content"
    assert in_view(page, page.locator(".skip"))
    tab_to(page, "Contents")
    page.keyboard.press("Enter")
    page.wait_for_url("**/guidance#contents")
    topic = next(iter(barnsley.knowledge.topics))
    entry = barnsley.knowledge.entries_of(topic)[1]
    tab_to(page, entry.title)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/guidance#{entry.full_id}")
    assert in_view(page, page.locator(f"[id='{entry.full_id}'] h3"))


def streams_of(pdf):
    """What stands in a PDF, unpacked."""
    for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            yield zlib.decompress(packed)
        except zlib.error:
            continue


@pytest.mark.browser
def test_on_paper_the_file_is_text_and_nothing_of_the_screen(window, printed, knowledge):
    page = window(DESK)
    page.goto(printed)
    pdf = page.pdf(format="A4", prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF")
    pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
    assert 10 <= pages <= 120
    streams = list(streams_of(pdf))
    glyphs = sum(len(run) // 4 for stream in streams for run in re.findall(rb"<([0-9A-Fa-f]+)>\s*Tj", stream))
    words = sum(len(entry.answer) for entry in knowledge["barnsley"].entries.values())
    assert glyphs > words, "each character of each answer is there, as a letter and not as a picture"
    assert any(b"beginbfchar" in stream or b"beginbfrange" in stream for stream in streams), "and can be searched for"
    page.emulate_media(media="print")
    assert page.locator(".qr").is_visible()


@pytest.mark.browser
def test_on_paper_the_page_leaves_its_navigation_out(window, site):
    page = window(DESK)
    page.goto(f"{site}/guidance")
    assert page.locator("nav.screen").is_visible()
    page.emulate_media(media="print")
    assert not page.locator("nav.screen").is_visible()


# The two short forms in a browser


def rows(desk, sql):
    with desk.store.reading() as tx:
        return tx.all(sql)


def choose(page, name, value):
    """Choose one of some options with the keyboard: Tab to them, Space, and the arrows."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == name:
            break
    page.keyboard.press("Space")
    for _ in range(10):
        if page.evaluate("document.activeElement.checked && document.activeElement.value") == value:
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"the keyboard does not reach {value}")


@pytest.mark.browser
def test_at_a_phone_s_width_no_adequate_answer_is_said_in_place_with_the_keyboard_only(window, site, desk):
    page = window(PHONE)
    page.goto(site)
    page.locator("#text:focus").wait_for()
    page.evaluate("window.same_page = true")
    tab_to(page, "I rang and got no adequate answer")
    page.keyboard.press("Enter")
    form = page.locator(".no-answer-form form")
    form.wait_for()
    assert "Ring 999" in page.locator(".no-answer-form ol").inner_text()
    assert page.locator(".no-answer-form:focus").count() == 1, "Tab goes on from here, and a screen reader reads it"
    assert sideways(page) <= 0

    choose(page, "waited", "an-hour")
    choose(page, "did", "rang-999")
    tab_to(page, "Record this")
    page.keyboard.press("Enter")
    said = page.get_by_role("status").filter(has_text="Recorded as QR-2026-0001.")
    said.wait_for()
    assert page.locator(".no-answer-form:focus").count() == 1
    assert page.evaluate("window.same_page") is True
    assert sideways(page) <= 0
    assert page.locator(".no-answer-form form").count() == 0
    assert [(row["waited"], row["did"]) for row in rows(desk, "SELECT * FROM quick_records")] == [
        ("an-hour", "rang-999")
    ]


@pytest.mark.browser
@pytest.mark.parametrize("javascript", [True, False], ids=["in place", "whole page"])
def test_at_a_phone_s_width_the_form_works_with_and_without_script(window, site, desk, javascript):
    page = window(PHONE, java_script_enabled=javascript)
    page.goto(f"{site}/guidance/private-fostering.definition")
    page.get_by_role("link", name="I rang and got no adequate answer").first.click()
    page.get_by_label("When I rang").fill("2026-11-20T12:30")
    page.get_by_role("radio", name="nobody answered at all").check()
    page.get_by_role("radio", name="rang again").check()
    page.get_by_role("button", name="Record this").click()
    page.get_by_role("alert").wait_for()
    assert "Say when you rang" in page.get_by_role("alert").inner_text()
    assert page.get_by_role("radio", name="nobody answered at all").is_checked()
    assert page.get_by_label("When I rang").input_value() == "2026-11-20T12:30"
    page.get_by_label("When I rang").fill("2026-11-20T11:30")
    page.get_by_role("button", name="Record this").click()
    page.get_by_role("status").filter(has_text="Recorded as QR-2026-0001.").wait_for()
    assert page.locator("h1").count() == 1
    assert [row["did"] for row in rows(desk, "SELECT did FROM quick_records")] == ["rang-again"]


@pytest.mark.browser
@pytest.mark.parametrize("javascript", [True, False], ids=["in place", "whole page"])
def test_at_a_phone_s_width_a_correction_of_1000_characters_with_lines_is_kept_whole(window, site, desk, javascript):
    page = window(PHONE, java_script_enabled=javascript)
    page.goto(f"{site}/guidance/private-fostering.definition")
    page.get_by_role("link", name="Suggest a correction").click()
    text = "\n".join(["m" * 99] * 10)[:-3] + "end"
    page.get_by_role("textbox", name="What is wrong").fill(text)
    assert sideways(page) <= 0
    page.get_by_role("button", name="Send to the editors").click()
    page.get_by_role("status").filter(has_text="Thank you.").wait_for()
    assert page.locator("h1").count() == 1
    assert [row["text"] for row in rows(desk, "SELECT text FROM corrections")] == [text]


@pytest.mark.browser
def test_a_correction_is_sent_in_place_with_the_keyboard_only(window, site, desk):
    page = window(PHONE)
    page.goto(f"{site}/guidance/private-fostering.definition")
    tab_to(page, "Suggest a correction")
    page.keyboard.press("Enter")
    page.locator("textarea:focus").wait_for()
    page.keyboard.type("is Jayden Kowalczyk privately fostered")
    tab_to(page, "Send to the editors")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    page.locator("textarea:focus").fill("say 30 days")
    tab_to(page, "Send to the editors")
    page.keyboard.press("Enter")
    page.get_by_role("status").filter(has_text="Thank you.").wait_for()
    assert page.locator(".correction-form:focus").count() == 1
    assert [row["text"] for row in rows(desk, "SELECT text FROM corrections")] == ["say 30 days"]
