"""The review pages in a real browser: on a desk and a phone, with the keyboard, on paper, and without JavaScript."""

import csv
import re
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from reviewed import link_for
from served import listening
from year import lived_in, office_of_the_year

from bot.config import ROOT

pytestmark = pytest.mark.browser

AXE = (ROOT / "tests" / "axe" / "axe.min.js").read_text(encoding="utf-8")
DESK, PHONE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}, {"width": 320, "height": 640}
PAPER = {"width": 703, "height": 1017}
"""A4 within its margins, in pixels of a browser."""
BOTH = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
YEAR = "period=2026-04-01+2027-03-31"
PAGES = (
    "/review", "/review/figures", "/review/questions", "/review/escalations", "/review/feedback", "/review/records",
    "/review/guidance", "/review/deliveries", "/review/evidence",
)  # fmt: skip
PATIENCE_MS = 10_000


@pytest.fixture(scope="module")
def pool():
    """A thread beside the browser's: while it is open, no other event loop runs in this one."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.fixture(scope="module")
def office(pool, tmp_path_factory):
    """An office at the end of a year in which it was used."""
    folder = tmp_path_factory.mktemp("year")

    def lived():
        office = office_of_the_year(folder / "knowledge" / "yearly", folder / "data")
        lived_in(office, asked=300, raised=60)
        return office

    office = pool.submit(lived).result()
    yield office
    pool.submit(office.close).result()


@pytest.fixture
def link(pool, office):
    """The address of a new link."""
    return lambda: f"/review/enter?token={pool.submit(link_for, office.desk).result()}"


@pytest.fixture(scope="module")
def port(office):
    with listening(office.desk) as port:
        yield port


@pytest.fixture
def visit(chromium, port):
    """Opens a page of its own. At the end nothing may have gone wrong in any of them that was not expected."""
    contexts, complaints, expected = [], [], []

    def opened(size=DESK, *, javascript=True, expect=None):
        if expect:
            expected.append(expect)
        context = chromium.new_context(
            viewport=size,
            is_mobile=size in (PHONE, NARROW),
            has_touch=size in (PHONE, NARROW),
            java_script_enabled=javascript,
            reduced_motion="reduce",
            base_url=f"http://127.0.0.1:{port}",
            locale="en-GB",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [text for text in complaints if not any(re.search(part, text) for part in expected)] == []


@pytest.fixture
def manager(visit, link):
    """Opens a page of somebody who is signed in."""

    def opened(size=DESK, **more):
        page = visit(size, **more)
        page.goto(link())
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/review")
        return page

    return opened


def sideways(page):
    return page.evaluate("document.documentElement.scrollWidth - window.innerWidth")


def focused(page):
    return page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")


def tab_to(page, text):
    """Press Tab until something of that text has the focus."""
    for _ in range(150):
        page.keyboard.press("Tab")
        if focused(page).startswith(text):
            return
    raise AssertionError(f"{text} was not reached")


def seriously_wrong(page):
    """What axe finds that keeps somebody out."""
    page.evaluate(AXE)  # as the browser's own console would: the page itself may run nothing
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        (fault["id"], [node["html"][:160] for node in fault["nodes"]][:3])
        for fault in found["violations"]
        if fault["impact"] in ("serious", "critical")
    ]


# Getting in and out


@BOTH
@pytest.mark.parametrize("javascript", [True, False], ids=["with script", "without"])
def test_a_link_signs_in_by_its_button_and_signing_out_ends_it(visit, link, size, javascript):
    page = visit(size, javascript=javascript, expect="401")
    address = link()
    page.goto(address)
    assert page.get_by_role("button").count() == 1
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/review")
    assert page.get_by_role("heading", level=1).inner_text() == "Overview"
    assert not page.context.cookies()[0]["secure"]
    assert page.context.cookies()[0]["httpOnly"]

    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/review/sign-in*")
    assert page.get_by_role("heading", level=1).inner_text() == "You are signed out"
    page.goto("/review")
    page.wait_for_url("**/review/sign-in")
    page.goto(address)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="This link does not open the pages").wait_for()


def test_with_the_keyboard_only(visit, link):
    page = visit()
    page.goto(link())
    tab_to(page, "Sign in")
    page.keyboard.press("Enter")
    page.wait_for_url("**/review")

    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the content"
    page.keyboard.press("Enter")
    page.wait_for_url("**/review#main")
    tab_to(page, "period")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    tab_to(page, "Show")
    page.keyboard.press("Enter")
    page.wait_for_url("**period=last+week**")

    page.goto(f"/review?{YEAR}")
    tab_to(page, "What is counted")
    page.keyboard.press("Enter")
    assert page.locator("details[open]").count() == 1
    page.goto(f"/review/escalations?{YEAR}")
    tab_to(page, "ESC-")
    style = "getComputedStyle(document.activeElement)"
    assert page.evaluate(f"{style}.outlineStyle + {style}.outlineWidth") == "solid3px"
    page.keyboard.press("Enter")
    page.wait_for_url("**/review/tickets/ESC-*")
    tab_to(page, "find")
    page.keyboard.type("MASH-2026-0001")
    page.keyboard.press("Enter")
    page.wait_for_url("**/review/tickets/MASH-2026-0001")
    tab_to(page, "Sign out")
    page.keyboard.press("Enter")
    page.wait_for_url("**/review/sign-in*")


def test_a_link_in_another_site_leads_to_the_page_and_a_form_there_does_nothing(manager, port):
    page = manager(expect="401")
    page.goto(f"data:text/html,<a href='http://127.0.0.1:{port}/review/escalations'>from a message</a>")
    page.get_by_role("link").click()
    page.get_by_role("heading", name="Escalations", level=1).wait_for()
    page.goto(
        f"data:text/html,<form method=post action='http://127.0.0.1:{port}/review/sign-out'><button>win</button></form>"
    )
    page.get_by_role("button").click()
    page.wait_for_url("**/review/sign-out")
    page.goto("/review")
    assert page.get_by_role("heading", level=1).inner_text() == "Overview"


# Looking


@BOTH
@pytest.mark.parametrize("javascript", [True, False], ids=["with script", "without"])
def test_filters_narrow_what_is_shown_and_stay_while_one_goes_on(manager, size, javascript):
    page = manager(size, javascript=javascript)
    page.goto(f"/review?{YEAR}")
    everybody = int(page.locator(".tiles .big").first.inner_text().partition(":")[0])
    page.get_by_label("Agency", exact=True).select_option("hospital")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**agency=hospital**")
    assert "Yearly Hospital only" in page.locator("p.scope").inner_text()
    assert 0 < int(page.locator(".tiles .big").first.inner_text().partition(":")[0]) < everybody

    page.get_by_label("To", exact=True).fill("2026-09-30")
    page.get_by_role("button", name="Show").click()
    page.wait_for_load_state()
    assert "1 April 2026 to 30 September 2026, Yearly Hospital only" in page.locator("p.scope").inner_text()
    page.get_by_role("navigation", name="Review").get_by_role("link", name="Questions").click()
    page.wait_for_url("**/review/questions?**")
    assert "1 April 2026 to 30 September 2026, Yearly Hospital only" in page.locator("p.scope").inner_text()


@BOTH
def test_a_figure_leads_to_its_rows_and_a_row_to_its_history(manager, office, size):
    page = manager(size)
    page.goto(f"/review?{YEAR}")
    cell = page.get_by_role("group", name="Who escalates to whom").locator("td a").first
    count = int(cell.inner_text())
    cell.click()
    page.wait_for_url("**/review/escalations?**receiving=**")
    assert page.locator("p.means strong").first.inner_text() == str(count)
    assert page.locator(".list tbody tr").count() == min(count, 50)
    first = page.locator(".list tbody tr a").first
    reference = first.inner_text()
    before = len(office.rows("SELECT * FROM events WHERE ticket = :t AND kind = 'read'", t=reference))
    first.click()
    page.wait_for_url(f"**/review/tickets/{reference}")
    assert reference in page.get_by_role("heading", level=1).inner_text()
    assert page.locator(".history li").count() > 0
    after = office.rows("SELECT * FROM events WHERE ticket = :t AND kind = 'read'", t=reference)
    assert len(after) == before + 1


def test_a_spreadsheet_is_downloaded(manager):
    page = manager()
    page.goto(f"/review?{YEAR}")
    with page.expect_download() as loading:
        page.get_by_role("link", name="CSV of Questions by topic", exact=True).click()
    file = loading.value
    assert file.suggested_filename == "for-managers-questions-by-topic-2026-04-01-to-2027-03-31.csv"
    rows = list(csv.reader(file.path().read_text(encoding="utf-8-sig").splitlines()))
    shown = page.locator("section", has=page.locator("#h-topics")).locator("tbody tr")
    assert [row[0] for row in rows[1:]][: shown.count()] == [line.locator("th").inner_text() for line in shown.all()]


def test_a_search_finds_questions_and_says_how_many(manager):
    page = manager(PHONE)
    page.get_by_role("searchbox").or_(page.get_by_label("Reference, or words of questions")).fill("head lice")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("heading", name=re.compile("Found: [1-9]")).wait_for()
    assert "lice" not in page.url
    page.locator(".list a").first.click()
    page.get_by_role("heading", name="A question, and the reply as it was given").wait_for()


@pytest.mark.parametrize("size", [DESK, PHONE, NARROW], ids=["desk", "phone", "narrow"])
def test_nothing_scrolls_sideways(manager, size):
    page = manager(size)
    for address in (*PAGES, "/review/tickets/ESC-2026-0001", "/review/tickets/MASH-2026-0001"):
        page.goto(f"{address}?{YEAR}")
        assert sideways(page) <= 0, address
    page.goto(f"/review/evidence?{YEAR}&case=ESC-2026-0001&learning=yes")
    assert sideways(page) <= 0


# For a screen reader


@BOTH
def test_axe_finds_nothing_serious_on_any_page(manager, office, size):
    page = manager(size)
    question = office.rows("SELECT id FROM questions WHERE entry IS NOT NULL LIMIT 1")[0]["id"]
    closed = office.rows("SELECT reference FROM tickets WHERE outcome IS NOT NULL AND closed_at IS NOT NULL")[0]
    more = (f"/review/questions/{question}", "/review/tickets/ESC-2026-0001")
    case = f"/review/evidence?{YEAR}&case={closed['reference']}&learning=yes"
    for address in (*(f"{path}?{YEAR}" for path in PAGES), *more, case, "/review?period=2020-01"):
        page.goto(address)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert seriously_wrong(page) == [], address


@BOTH
def test_axe_finds_nothing_serious_at_the_door(visit, link, size):
    page = visit(size, expect="401")
    for address in ("/review/sign-in", link(), "/review/enter?token=x"):
        page.goto(address)
        assert seriously_wrong(page) == [], address


def test_every_table_has_a_caption_and_heads_that_say_what_they_head(manager):
    page = manager()
    for address in PAGES:
        page.goto(f"{address}?{YEAR}")
        for table in page.locator("table").all():
            assert table.locator("caption").count() == 1, address
            assert table.locator("th:not([scope])").count() == 0, address
        levels = [int(heading.evaluate("h => h.tagName[1]")) for heading in page.get_by_role("heading").all()]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(below <= above + 1 for above, below in pairwise(levels)), address


def test_a_chart_says_what_it_shows_and_has_its_table_beside_it(manager):
    page = manager()
    page.goto(f"/review?{YEAR}")
    chart = page.get_by_role("img", name="Questions over time")
    assert chart.locator("rect").count() >= 12
    table = page.get_by_role("group", name="Questions over time")
    assert table.locator("tbody tr").count() == 12
    titles = chart.locator("rect title").all_text_contents()
    assert any(re.fullmatch(r"\w{3}: \d+ without guidance", title) for title in titles)


# On paper


def test_on_paper_there_is_what_is_read_and_nothing_to_press(manager):
    page = manager(PAPER)
    page.emulate_media(media="print")
    for address in PAGES:
        page.goto(f"{address}?{YEAR}")
        assert page.locator(".on-paper").is_visible()
        assert "For managers, not for publication" in page.locator(".on-paper").inner_text()
        assert "1 April 2026 to 31 March 2027" in page.locator("p.scope").inner_text()
        for pressed in ("nav", "button", "select", "input", ".csv", "summary"):
            assert not [one for one in page.locator(pressed).all() if one.is_visible()], (address, pressed)
        assert sideways(page) <= 0, address
        is_cut = "table => table.scrollWidth > table.parentElement.clientWidth + 1"
        assert not [table for table in page.locator("table").all() if table.evaluate(is_cut)], address


def test_the_board_paper_is_a4_and_a_few_pages(manager):
    page = manager()
    page.goto(f"/review?{YEAR}")
    paper = page.pdf(prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", paper)
    assert {(round(float(width)), round(float(height))) for width, height in boxes} == {(595, 842)}
    assert 1 <= len(re.findall(rb"/Type /Page\b", paper)) <= 6
