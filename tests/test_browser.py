"""The page in a real browser, on a desk and on a phone, with the keyboard, and without JavaScript."""

import re
from itertools import pairwise

import pytest
from served import desk_of, listening

from bot.answering.guidance import Guidance
from bot.desk import Desk
from bot.knowledge.loading import load

pytestmark = pytest.mark.browser

QUESTION = "what is private fostering"
NAMED = "is Jayden Kowalczyk privately fostered"
DANGER = "he is strangling her now"
FAR_OFF = "my laptop will not print the quarterly invoices in colour"
EITHER_OF_TWO = "leaflet for new parents"
DESK, PHONE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}, {"width": 320, "height": 640}
PATIENCE_MS = 10_000


@pytest.fixture
def desk(barnsley, tmp_path):
    desk = desk_of(barnsley, tmp_path)
    yield desk
    desk.store.close()


@pytest.fixture
def port(desk):
    with listening(desk) as port:
        yield port


@pytest.fixture
def visit(chromium, port):
    """Opens a page of its own. At the end nothing may have gone wrong in any of them that was not expected.

    It ends before the server does (`port`): a page that is still fetching its icon would complain.
    """
    contexts, complaints, expected = [], [], []

    def opened(port, size=DESK, *, javascript=True, expect=None):
        if expect:
            expected.append(expect)
        # Without motion a scroll has ended when it has begun.
        context = chromium.new_context(
            viewport=size,
            is_mobile=size is not DESK,
            has_touch=size is not DESK,
            java_script_enabled=javascript,
            reduced_motion="reduce",
            base_url=f"http://127.0.0.1:{port}",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto("/")
        page.locator("#text:focus").wait_for()  # a browser gives the focus a moment after the page is there
        return page

    yield opened
    for context in contexts:
        context.close()
    # What the content security policy forbids is said on the console too.
    assert [text for text in complaints if not any(re.search(part, text) for part in expected)] == []


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def page(visit, port, request):
    return visit(port, request.param)


def ask(page, text):
    """Ask in place, and wait for the answer."""
    before = page.locator(".exchange").count()
    page.locator("#text").fill(text)
    page.keyboard.press("Enter")
    return answer(page, before + 1)


def answer(page, number):
    """The answer of that number, when it is there and the page has done with it."""
    last = page.locator(".exchange").nth(number - 1)
    last.wait_for()
    page.locator(".htmx-request").first.wait_for(state="detached")
    return last


def status(exchange):
    return exchange.locator(".reply").get_attribute("class").split()[1]


def focused(page):
    return page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")


def in_view(page, element):
    box = element.bounding_box()
    top, height = page.evaluate("[0, window.innerHeight]")
    return top <= box["y"] and box["y"] + box["height"] <= height


# In place, with the keyboard


def test_a_question_is_asked_and_answered_with_the_keyboard_only(page):
    page.evaluate("window.same_page = true")
    assert focused(page) == "text"
    page.keyboard.press("Tab")
    assert focused(page) == "agency"
    page.keyboard.press("Tab")
    assert focused(page) == "Ask"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")

    exchange = answer(page, 1)
    assert status(exchange) == "answered"
    assert page.evaluate("window.same_page") is True
    assert page.locator("#text").input_value() == ""
    assert focused(page) == "text"
    assert in_view(page, exchange.locator("h2"))
    assert page.locator("#exchanges").get_attribute("aria-live") == "polite"
    assert not page.locator(".topics").is_visible()


def test_the_button_reached_with_tab_asks_too(page):
    page.keyboard.type(QUESTION)
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert status(answer(page, 1)) == "answered"
    assert focused(page) == "text"


def test_shift_and_enter_make_a_new_line_and_ask_nothing(page):
    page.keyboard.type("first line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("second line")
    assert page.locator("#text").input_value() == "first line\nsecond line"
    assert page.locator(".exchange").count() == 0
    page.keyboard.press("Enter")
    asked = answer(page, 1).locator(".asked").evaluate("element => element.textContent")
    assert asked.splitlines()[-2:] == ["You asked first line", "second line"]


def test_an_empty_box_asks_nothing(page):
    page.keyboard.press("Enter")
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    answer(page, 1)
    assert page.locator(".exchange").count() == 1


def test_enter_pressed_twice_asks_once(page, desk):
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    answer(page, 1)
    ask(page, "when?")
    assert page.locator(".exchange").count() == 2


def test_the_second_question_is_a_follow_up(page):
    ask(page, QUESTION)
    second = ask(page, "when?")
    assert status(second) in ("answered", "choose")
    entry = second.locator("[href^='/guidance/']").first
    assert entry.get_attribute("href").startswith("/guidance/private-fostering.")
    assert page.locator("#after").input_value().startswith("private-fostering.")
    assert page.locator("#after").count() == 1
    assert page.locator(".exchange").count() == 2
    assert in_view(page, second.locator(".asked"))


def test_what_is_typed_while_the_answer_is_on_its_way_stays_in_the_box(page):
    held = []
    page.route("**/", lambda route: held.append(route))
    page.keyboard.type(QUESTION)
    with page.expect_request("**/"):
        page.keyboard.press("Enter")
    page.keyboard.type(" and for how long")
    assert page.locator(".exchange").count() == 0
    held[0].continue_()
    answer(page, 1)
    assert page.locator("#text").input_value() == f"{QUESTION} and for how long"


def test_identifiers_keep_the_text_in_the_box_and_it_can_be_asked_without_them(page):
    exchange = ask(page, NAMED)
    assert status(exchange) == "identifiers"
    assert page.locator("#text").input_value() == NAMED
    assert focused(page) == "text"
    exchange.get_by_role("button", name="Ask without it").click()
    second = answer(page, 2)
    assert status(second) in ("answered", "choose")
    assert "Kowalczyk" not in second.inner_text()
    assert page.locator("#text").input_value() == ""


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_did_you_mean_answers_in_place_and_leaves_what_is_being_typed(visit, smalltown, tmp_path, size):
    desk = desk_of(Guidance.of(load([smalltown])), tmp_path)
    with listening(desk) as port:
        page = visit(port, size)
        choices = ask(page, EITHER_OF_TWO)
        assert status(choices) == "choose"
        page.keyboard.type("half a question")
        page.evaluate("window.same_page = true")
        choices.get_by_role("link", name="Bedroom").click()
        chosen = answer(page, 2)
        assert "In your room for six months." in chosen.inner_text()
        assert page.evaluate("window.same_page") is True
        assert page.locator("#after").input_value() == "safer-sleep.room"
        assert page.locator("#text").input_value() == "half a question"


def test_helpful_is_said_in_place(page, desk):
    exchange = ask(page, QUESTION)
    exchange.get_by_role("button", name="Yes").click()
    exchange.get_by_role("status").wait_for()
    assert "Thank you" in exchange.get_by_role("status").inner_text()
    assert verdicts(desk) == [(1, None)]


def test_what_was_missing_is_said_in_place_and_a_name_in_it_is_handed_back(page, desk):
    exchange = ask(page, QUESTION)
    exchange.get_by_role("button", name="No", exact=True).click()
    box = exchange.get_by_role("textbox", name="What was missing?")
    box.fill(NAMED)
    exchange.get_by_role("button", name="Send").click()
    exchange.get_by_role("alert").wait_for()
    assert box.input_value() == NAMED
    box.fill("what to tell a host family")
    exchange.get_by_role("button", name="Send").click()
    exchange.get_by_role("status").wait_for()
    assert page.locator(".exchange").count() == 1
    assert verdicts(desk) == [(0, None), (0, "what to tell a host family")]


def verdicts(desk):
    with desk.store.reading() as tx:
        rows = tx.all("SELECT helpful, missing FROM verdicts ORDER BY at, rowid")
    return [(row["helpful"], row["missing"]) for row in rows]


def test_the_agency_that_is_chosen_is_remembered(page, barnsley):
    line = barnsley.knowledge.entries["private-fostering.definition"].for_agency["gp"]
    page.get_by_role("combobox", name="I work in").select_option("gp")
    assert line in ask(page, QUESTION).inner_text()
    page.reload()
    assert page.get_by_role("combobox", name="I work in").input_value() == "gp"


# In danger


@pytest.mark.parametrize("javascript", [True, False], ids=["in place", "whole page"])
@pytest.mark.parametrize("size", [DESK, PHONE, NARROW], ids=["desk", "phone", "narrow"])
def test_the_emergency_card_is_seen_without_scrolling(visit, port, size, javascript):
    page = visit(port, size, javascript=javascript)
    for earlier in (QUESTION, DANGER):
        page.locator("#text").fill(earlier)
        page.get_by_role("button", name="Ask", exact=True).click()
        page.locator(".asked", has_text=earlier).wait_for()
    ring = page.get_by_role("link", name="Ring 999")
    assert ring.get_attribute("href") == "tel:999"
    assert in_view(page, ring)
    assert in_view(page, page.locator(".emergency .first"))


# On a narrow phone


def test_nothing_scrolls_sideways_at_320_pixels(visit, port):
    page = visit(port, NARROW, expect="404")
    asked = (QUESTION, DANGER, NAMED, FAR_OFF, "thresholds", "x" * 600, "is it " + "y" * 600)
    for text in (None, *asked):
        if text:
            ask(page, text)
        assert sideways(page) <= 0, text
    for path in ("/guidance", "/guidance/private-fostering.definition", "/guidance/escalation.stage-2", "/nothing"):
        page.goto(path)
        assert sideways(page) <= 0, path


def sideways(page):
    return page.evaluate("document.documentElement.scrollWidth - window.innerWidth")


def test_every_number_is_a_link_that_rings(page, barnsley):
    ask(page, DANGER)
    ask(page, QUESTION)
    links = {link.inner_text(): link.get_attribute("href") for link in page.locator("a[href^='tel:']").all()}
    listed = [number for contact in barnsley.knowledge.contacts.values() for number in contact.numbers]
    numbers = {number.display: f"tel:{number.dial}" for number in listed}
    assert {"999", "101"} < links.keys()
    assert all(links[text] == numbers[text] for text in links.keys() & numbers.keys())
    shown = set(re.findall(r"\b0\d{3,4} \d{3} ?\d{3,4}\b", page.locator("body").inner_text()))
    assert shown
    assert shown <= links.keys()


# For a screen reader


def test_everything_to_work_with_has_a_name(page):
    assert page.get_by_role("textbox", name="Your question, in your own words").get_attribute("id") == "text"
    assert page.get_by_role("combobox", name="I work in").count() == 1
    assert page.get_by_role("button", name="Ask", exact=True).count() == 1
    assert page.get_by_role("navigation", name="Main").count() == 1
    assert page.get_by_role("region", name="Who to ring now").count() == 1
    for role in ("banner", "main", "contentinfo"):
        assert page.get_by_role(role).count() == 1
    for text in (QUESTION, DANGER, NAMED, FAR_OFF):
        ask(page, text)
    for role in ("button", "link", "heading"):
        assert all(element.inner_text().strip() for element in page.get_by_role(role).all())
    levels = [int(h.evaluate("h => h.tagName[1]")) for h in page.get_by_role("heading").all()]
    assert levels[0] == 1
    assert all(below <= above + 1 for above, below in pairwise(levels)), levels
    assert page.get_by_role("alert").count() == 1


def test_the_first_tab_on_a_page_skips_to_its_content(page):
    page.goto("/guidance")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the content"
    assert in_view(page, page.locator(".skip"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/guidance#main")


# Without JavaScript


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_without_javascript_everything_works_by_whole_pages(visit, desk, port, size):
    page = visit(port, size, javascript=False)

    def asked(text):
        page.locator("#text").fill(text)
        page.get_by_role("button", name="Ask", exact=True).click()
        page.locator(".asked", has_text=text).wait_for()
        return page.locator(".exchange")

    page.get_by_role("combobox").select_option("gp")
    assert status(asked(QUESTION)) == "answered"
    assert page.locator("#text").input_value() == ""
    assert page.get_by_role("combobox").input_value() == "gp"
    assert in_view(page, page.locator(".exchange h2"))
    assert status(asked("when?")) in ("answered", "choose")

    page.get_by_role("button", name="No", exact=True).click()
    page.get_by_role("textbox", name="What was missing?").fill(NAMED)
    page.get_by_role("button", name="Send").click()
    page.get_by_role("alert").wait_for()
    page.get_by_role("textbox", name="What was missing?").fill("a leaflet")
    page.get_by_role("button", name="Send").click()
    page.get_by_role("status").wait_for()
    assert verdicts(desk) == [(0, None), (0, "a leaflet")]

    page.get_by_role("link", name="Ask another question").click()
    assert status(asked(NAMED)) == "identifiers"
    assert page.locator("#text").input_value() == NAMED
    page.get_by_role("button", name="Ask without it").click()
    page.locator(".asked", has_text="[name]").wait_for()
    page.locator(".choices a, .related a").first.click()
    page.wait_for_url("**/guidance/*")
    assert page.get_by_role("heading", level=1).count() == 1
    page.get_by_role("link", name="All guidance").first.click()
    page.wait_for_url(re.compile(r"/guidance(#.*)?$"))


# When something breaks


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_when_the_server_cannot_be_reached_the_page_says_so_and_keeps_the_text(visit, desk, size, barnsley, tmp_path):
    with listening(desk) as port:
        page = visit(port, size, expect="ERR_CONNECTION_REFUSED|Failed to fetch")
        ask(page, QUESTION)
    page.keyboard.type("when?")
    page.keyboard.press("Enter")
    notice = page.get_by_role("alert")
    notice.wait_for()
    assert "There was no answer" in notice.inner_text()
    assert "999" in notice.inner_text()
    assert in_view(page, notice)
    assert page.locator("#text").input_value() == "when?"

    (tmp_path / "again").mkdir()
    again = desk_of(barnsley, tmp_path / "again")
    with listening(again, port):
        page.keyboard.press("Enter")
        assert status(answer(page, 2)) in ("answered", "choose")
        assert notice.count() == 0
        assert page.locator("#text").input_value() == ""


def test_when_the_server_fails_the_page_says_so_and_keeps_the_text(visit, port, monkeypatch):
    page = visit(port, PHONE, expect="500")

    def fails(*_, **__):
        raise RuntimeError("not for practitioners")

    monkeypatch.setattr(Desk, "answer", fails)
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    notice = page.get_by_role("alert")
    notice.wait_for()
    assert "There was no answer" in notice.inner_text()
    assert page.locator("#text").input_value() == QUESTION
    assert page.locator(".exchange").count() == 0
    assert page.locator("h1").count() == 1
    monkeypatch.undo()
    page.keyboard.press("Enter")
    assert status(answer(page, 1)) == "answered"
    assert notice.count() == 0


def test_a_refusal_is_shown_in_place(visit, port):
    page = visit(port, PHONE, expect="400")
    exchange = ask(page, QUESTION)
    exchange.locator("[name=signature]").evaluate("field => { field.value = 'forged' }")
    exchange.get_by_role("button", name="Yes").click()
    exchange.get_by_role("alert").wait_for()
    assert "Ask again" in exchange.get_by_role("alert").inner_text()
    assert page.locator("h1").count() == 1


def test_a_text_over_one_megabyte_is_refused_in_place_and_kept(visit, port):
    page = visit(port, DESK, expect="413")
    page.evaluate("document.getElementById('text').value = 'word '.repeat(250000)")
    page.locator("#text").press("Enter")
    page.get_by_role("alert").wait_for()
    assert "1 MB at most" in page.get_by_role("alert").inner_text()
    assert len(page.locator("#text").input_value()) == 1_250_000
    assert in_view(page, page.get_by_role("alert"))
