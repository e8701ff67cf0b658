"""The page: asking, choosing, judging and reading, by whole pages and in place, and what holds when things break."""

import json
import re
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count, pairwise

import httpx
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from served import FRIDAY_NIGHT, FRIDAY_NOON, Parsed, Visitor, desk_of, listening

from bot.answering import messages
from bot.answering.guidance import Guidance
from bot.answering.library import Library
from bot.desk import Desk
from bot.knowledge.loading import load
from bot.pace import QUESTIONS
from bot.storage.database import Store, migrate
from handlers import wording
from handlers.web.guards import MAX_BODY_BYTES

QUESTION = "what is private fostering"
ENTRY = "private-fostering.definition"
NAMED = "is Jayden Kowalczyk of S70 2TA privately fostered"
IDENTIFYING = ("Jayden", "Kowalczyk", "S70 2TA")
DANGER = "he is strangling her now"
FAR_OFF = "my laptop will not print the quarterly invoices in colour"
EITHER_OF_TWO = "leaflet for new parents"
FRONT_DOOR, DUTY_TEAM = "tel:+441226772423", "tel:+441226787789"
BOTH = pytest.mark.parametrize("in_place", [False, True], ids=["whole page", "in place"])


@pytest.fixture
def desk(barnsley, tmp_path):
    desk = desk_of(barnsley, tmp_path)
    yield desk
    desk.store.close()


@pytest.fixture
def visitor(desk):
    return Visitor(desk)


@pytest.fixture
def in_smalltown(smalltown, tmp_path):
    """A visitor of Smalltown, where one question is as near to one entry as to another."""
    desk = desk_of(Guidance.of(load([smalltown])), tmp_path)
    yield Visitor(desk)
    desk.store.close()


def kept_on_disk(folder):
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


def telephones(page, **within):
    return [a["href"] for a in page.all("a", **within) if a["href"].startswith("tel:")]


# Asking


def test_the_home_page_has_a_box_with_a_label_the_topics_and_whom_to_ring(visitor, barnsley):
    page = Parsed(visitor.get("/"))
    box = page.one("textarea", id="text")
    assert page.one("label", **{"for": "text"}).text == "Your question, in your own words"
    assert page.one(id=box["aria-describedby"]).text.startswith("Leave out names")
    assert page.one("form")["method"] == "post"
    cards = [card.text for card in page.one("ul", of_class="topic-list") and page.all("li") if "entr" in card.text]
    assert [card.split("\n")[0] for card in cards] == [
        f"{topic.title} {count} {'entry' if count == 1 else 'entries'}"
        for topic in barnsley.knowledge.topics.values()
        for count in [len(barnsley.knowledge.entries_of(topic.id))]
    ]
    assert {"tel:999", "tel:101", FRONT_DOOR} <= set(telephones(page))


def test_a_question_without_javascript_gives_a_whole_page_with_the_reply(visitor, barnsley):
    response = visitor.ask(QUESTION)
    page = Parsed(response)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.text.startswith("<!doctype html>")
    assert page.status == "answered"
    assert barnsley.knowledge.entries[ENTRY].title in [heading.text for heading in page.all("h2")]
    assert page.one("p", of_class="asked").text == f"You asked {QUESTION}"
    assert page.one("textarea", id="text").text == ""
    assert page.one("input", id="after")["value"] == ENTRY
    assert "autofocus" not in page.one("textarea", id="text").attributes  # it would scroll past the answer


def test_a_question_asked_by_the_script_gives_the_piece_only(visitor):
    whole, piece = visitor.ask(QUESTION), visitor.ask(QUESTION, in_place=True)
    page = Parsed(piece)
    assert page.status == "answered"
    assert page.elements[0].classes == ["exchange"]
    assert not page.all("html") + page.all("textarea") + page.all(id="ring")
    assert page.one("input", id="after").attributes["hx-swap-oob"] == "true"
    pieces = re.compile(r'<article class="reply answered">.*?<form class="verdict"', re.DOTALL)
    assert pieces.findall(whole.text) == pieces.findall(piece.text)
    assert "HX-Request" in piece.headers["vary"]


@BOTH
def test_a_question_is_recorded_once_with_how_it_was_answered(visitor, in_place):
    visitor.ask(QUESTION, in_place=in_place)
    rows = visitor.rows("SELECT channel, text, status, entry, emergency, agency FROM questions")
    expected = {"channel": "web", "text": QUESTION, "status": "answered", "entry": ENTRY, "emergency": 0}
    assert rows == [{**expected, "agency": None}]


@BOTH
@pytest.mark.parametrize("text", ["", "  \n", "?!"])
def test_nothing_asked_is_told_how_to_ask(visitor, text, in_place):
    page = Parsed(visitor.ask(text, in_place=in_place))
    assert page.status == "empty"
    assert page.one("p", of_class="message").text == messages.EMPTY


@pytest.mark.parametrize(
    ("length", "status"), [(messages.MAX_QUESTION, "no_guidance"), (messages.MAX_QUESTION + 1, "too_long")]
)
def test_a_text_that_is_too_long_is_handed_back_and_one_that_is_just_short_enough_is_taken(visitor, length, status):
    text = "x" * length
    page = Parsed(visitor.ask(text))
    assert page.status == status
    assert page.one("textarea", id="text").text == (text if status == "too_long" else "")
    assert visitor.rows("SELECT text FROM questions") == [{"text": None if status == "too_long" else text}]


def test_who_asks_too_fast_is_told_and_gets_the_text_back_and_others_are_answered(desk):
    visitor, other = Visitor(desk), Visitor(desk, "192.0.2.2")
    for _ in range(QUESTIONS):
        assert Parsed(visitor.ask(QUESTION)).status == "answered"
    page = Parsed(visitor.ask(QUESTION))
    assert page.status == "busy"
    assert page.one("textarea", id="text").text == QUESTION
    assert Parsed(other.ask(QUESTION)).status == "answered"


def test_nobody_waits_while_a_long_text_is_looked_through(desk, monkeypatch):
    begun, released = threading.Event(), threading.Event()

    def slow_alarm(*asked):
        begun.set()
        assert released.wait(20)
        return Desk.alarm(desk, *asked)

    monkeypatch.setattr(desk, "alarm", slow_alarm)
    with listening(desk) as port, ThreadPoolExecutor(1) as pool:
        page = f"http://127.0.0.1:{port}/"
        long = pool.submit(httpx.post, page, data={"text": "word " * messages.MAX_QUESTION}, timeout=20)
        assert begun.wait(20)
        try:
            assert httpx.get(f"{page}guidance/{ENTRY}", timeout=10).status_code == 200
        finally:
            released.set()
        assert Parsed(long.result(20)).status == "too_long"


# What was typed comes back escaped

MARKUP = st.sampled_from(
    ["<script>alert(1)</script>", "</textarea>", "</p>", "<img src=x onerror=alert(1)>", '"', "'", '" autofocus x',
     "&", "&lt;", "&#39;", "<", ">", "-->", "<!--", "{{ 7 * 7 }}", "{% raw %}", "javascript:alert(1)", "\\", "$&"]
)  # fmt: skip
TYPED = st.lists(MARKUP | st.text(max_size=12), max_size=6).map("".join)
ADDRESSES = (f"2001:db8::{number:x}" for number in count(1))


@pytest.fixture(scope="module")
def escaping(barnsley, tmp_path_factory):
    desk = desk_of(barnsley, tmp_path_factory.mktemp("escaping"))
    yield Visitor(desk)
    desk.store.close()


def below_the_card(page):
    """Every element, and the names of its attributes, from what was asked on."""
    kinds = [(e.tag, e.classes, *e.attributes) for e in page.elements]
    return kinds[kinds.index(("p", ["asked"], "class")) :]


@hypothesis_settings(deadline=None, max_examples=60)
@given(TYPED, TYPED, st.booleans())
def test_whatever_is_typed_comes_back_as_text_and_adds_nothing_to_the_page(escaping, typed, after, in_place):
    text = f"born 3/4/2012 {typed}."  # a date of birth: the text is handed back in every way there is
    visitor = escaping.moved_to(next(ADDRESSES))
    page = Parsed(visitor.ask(text, in_place=in_place, after=after))
    plain = Parsed(visitor.ask("born 3/4/2012.", in_place=in_place))
    assert page.status == "identifiers"
    assert below_the_card(page) == below_the_card(plain)
    assert page.one("p", of_class="asked").text == f"You asked {text}"
    assert page.one("input", id="after")["value"] == after
    without = page.one("input", name="text")["value"]
    assert without.startswith("born [dob] ")
    assert f"“{without}”" in page.one("form", of_class="without").text
    if not in_place:
        assert page.one("textarea", id="text").text == text


@hypothesis_settings(deadline=None, max_examples=60)
@given(TYPED, TYPED, TYPED)
def test_no_text_no_agency_and_no_entry_before_breaks_a_reply(escaping, text, agency, after):
    visitor = escaping.moved_to(next(ADDRESSES))
    response = visitor.ask(text, agency=agency, after=after)
    page = Parsed(response)
    assert response.status_code == 200
    assert page.status != "error"
    assert not visitor.cookies
    assert {script["src"] for script in page.all("script")} == {"/static/htmx.min.js", "/static/page.js"}
    assert not [name for e in page.elements for name in e.attributes if name.startswith("on")]
    asked = "".join(e.text for e in page.all("p", of_class="asked"))
    assert asked == (f"You asked {text}" if text else "")


@pytest.mark.parametrize("length", [600, 601])
def test_a_question_is_repeated_up_to_600_characters(visitor, length):
    text = "is it private fostering " + "y" * (length - 24)
    asked = Parsed(visitor.ask(text)).one("p", of_class="asked").text
    assert (asked == f"You asked {text}") is (length == 600)
    assert len(asked) <= len("You asked ") + 600


# Identifiers


@BOTH
def test_a_text_that_names_somebody_is_handed_back_and_nothing_of_it_is_kept(visitor, tmp_path, in_place):
    page = Parsed(visitor.ask(NAMED, in_place=in_place))
    assert page.status == "identifiers"
    assert "a person's name and a postcode" in page.one("p", of_class="message").text
    assert FRONT_DOOR in telephones(page)
    if not in_place:
        assert page.one("textarea", id="text").text == NAMED
    assert [(row["status"], row["text"]) for row in visitor.rows("SELECT * FROM questions")] == [
        ("identifiers", None)
    ]
    kept = kept_on_disk(tmp_path)
    assert b"identifiers" in kept
    assert not [part for part in IDENTIFYING if part.encode() in kept]


def test_the_same_can_be_asked_without_what_identifies(visitor, tmp_path):
    form = Parsed(visitor.ask(NAMED, agency="school", after="mash.how-to-refer"))
    hidden = {field["name"]: field["value"] for field in form.all("input") if "id" not in field.attributes}
    assert hidden == {
        "text": "is [name] of [postcode] privately fostered", "agency": "school", "after": "mash.how-to-refer",
    }  # fmt: skip
    page = Parsed(visitor.post("/", hidden))
    assert page.status in ("answered", "choose")
    assert page.one("textarea", id="text").text == ""
    assert not [part for part in IDENTIFYING if part.encode() in kept_on_disk(tmp_path)]


# In danger


@BOTH
@pytest.mark.parametrize("text", [DANGER, f"{NAMED}, {DANGER}", DANGER + " and then" * 1000])
def test_the_emergency_card_stands_above_the_reply_whatever_the_reply_is(visitor, text, in_place):
    page = Parsed(visitor.ask(text, in_place=in_place))
    order = [e.classes[0] for e in page.elements if e.classes and e.classes[0] in ("emergency", "asked", "reply")]
    assert order == ["emergency", "asked", "reply"]
    card = page.one("section", of_class="emergency")
    assert card["role"] == "alert"
    assert messages.EMERGENCY_FIRST in card.text
    assert page.one("a", of_class="big-number")["href"] == "tel:999"
    assert visitor.rows("SELECT emergency FROM questions") == [{"emergency": 1}]


def test_a_question_that_tells_of_no_danger_gets_no_emergency_card(visitor):
    assert not Parsed(visitor.ask(QUESTION)).all(of_class="emergency")


@pytest.mark.parametrize(
    ("at", "number", "closed"), [(FRIDAY_NOON, FRONT_DOOR, DUTY_TEAM), (FRIDAY_NIGHT, DUTY_TEAM, FRONT_DOOR)]
)
def test_the_card_gives_the_number_that_is_answered_at_that_hour(barnsley, tmp_path, at, number, closed):
    desk = desk_of(barnsley, tmp_path, at)
    card = Visitor(desk).ask(DANGER, in_place=True).text.partition('class="asked"')[0]
    desk.store.close()
    assert f'href="{number}"' in card
    assert closed not in card


# "I work in"


def chosen(page):
    return [option["value"] for option in page.all("option") if "selected" in option.attributes]


def test_the_agency_that_is_chosen_is_remembered_changed_and_forgotten(visitor):
    assert chosen(Parsed(visitor.get("/"))) == []

    response = visitor.ask(QUESTION, agency="school")
    cookie = response.headers["set-cookie"]
    assert cookie.startswith("agency=school;")
    assert {"HttpOnly", "SameSite=lax", "Path=/", f"Max-Age={365 * 24 * 3600}"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert chosen(Parsed(response)) == chosen(Parsed(visitor.get("/"))) == ["school"]

    assert "set-cookie" not in visitor.ask(QUESTION, agency="school").headers
    visitor.ask(QUESTION, agency="gp")
    assert visitor.cookies["agency"] == "gp"
    assert chosen(Parsed(visitor.get("/"))) == ["gp"]

    assert chosen(Parsed(visitor.ask(QUESTION, agency=""))) == []
    assert "agency" not in visitor.cookies
    assert chosen(Parsed(visitor.get("/"))) == []
    recorded = [
        (row["agency"], row["agency_source"]) for row in visitor.rows("SELECT * FROM questions ORDER BY rowid")
    ]
    assert recorded == [("school", "declared"), ("school", "remembered"), ("gp", "declared"), (None, "unknown")]


def test_over_https_the_cookie_goes_nowhere_else(desk):
    assert "Secure" in Visitor(desk, site="https://page.test").ask(QUESTION, agency="gp").headers["set-cookie"]


@BOTH
def test_an_agency_that_is_not_known_is_ignored(visitor, in_place):
    response = visitor.ask(QUESTION, agency="astronauts", in_place=in_place)
    assert Parsed(response).status == "answered"
    assert not Parsed(response).all(of_class="for-you")
    assert "set-cookie" not in response.headers
    assert visitor.rows("SELECT agency, agency_source FROM questions") == [
        {"agency": None, "agency_source": "unknown"}
    ]


def test_a_cookie_with_an_agency_that_is_not_known_is_ignored(visitor):
    visitor.cookies.set("agency", "astronauts")
    response = visitor.get("/")
    assert response.status_code == 200
    assert chosen(Parsed(response)) == []


@BOTH
def test_the_line_for_the_asker_s_agency_is_shown_and_nobody_else_s(visitor, barnsley, in_place):
    lines = barnsley.knowledge.entries[ENTRY].for_agency
    for agency, kind in (("gp", "gp"), ("school", "school")):
        page = Parsed(visitor.ask(QUESTION, agency=agency, in_place=in_place))
        assert [p.text for p in page.all("p", of_class="for-you")] == [f"For you: {lines[kind]}"]
    assert "fire" not in lines
    assert not Parsed(visitor.ask(QUESTION, agency="fire", in_place=in_place)).all(of_class="for-you")


def test_the_line_for_the_remembered_agency_stands_in_the_entry_too(visitor, barnsley):
    assert not Parsed(visitor.get(f"/guidance/{ENTRY}")).all(of_class="for-you")
    visitor.ask(QUESTION, agency="gp")
    line = Parsed(visitor.get(f"/guidance/{ENTRY}")).one("p", of_class="for-you").text
    assert line == f"For you: {barnsley.knowledge.entries[ENTRY].for_agency['gp']}"


def test_the_police_are_told_of_their_own_powers(visitor):
    assert messages.EMERGENCY_FIRST_OWN_POWERS in visitor.ask(DANGER, agency="police").text
    assert messages.EMERGENCY_FIRST_OWN_POWERS not in visitor.ask(DANGER, agency="school").text


# Going on


def test_a_follow_up_uses_the_entry_before_it(visitor):
    after = Parsed(visitor.ask(QUESTION)).one("input", id="after")["value"]
    with_it, alone = (entries_shown(visitor.ask("when?", after=before)) for before in (after, ""))
    assert after == ENTRY
    assert with_it[0].startswith("private-fostering.")
    assert not alone or not alone[0].startswith("private-fostering.")


def entries_shown(response):
    """The entries that a reply names, best first."""
    return re.findall(r'href="/guidance/([\w.-]+)"', response.text)


def test_a_question_without_an_answer_leaves_the_entry_before_it_in_place(visitor):
    page = Parsed(visitor.ask(FAR_OFF, after=ENTRY))
    assert page.status == "no_guidance"
    assert page.one("input", id="after")["value"] == ENTRY


@BOTH
def test_did_you_mean_is_links_that_answer(in_smalltown, in_place):
    page = Parsed(in_smalltown.ask(EITHER_OF_TWO, in_place=in_place))
    assert page.status == "choose"
    links = page.all("a", of_class="choice")
    assert {link["href"] for link in links} >= {"/guidance/safer-sleep.position", "/guidance/safer-sleep.room"}
    for link in links:
        assert link["hx-get"] == link["href"]
        whole, piece = in_smalltown.get(link["href"]), in_smalltown.get(link["href"], in_place=True)
        assert Parsed(whole).one("h1").text == link.text
        assert link.text in [heading.text for heading in Parsed(piece).all("h2")]
        assert Parsed(piece).elements[0].classes == ["exchange"]
        assert link["href"].endswith(Parsed(piece).one("input", id="after")["value"])


def test_no_guidance_says_so_and_gives_the_numbers_and_the_topics(visitor, barnsley):
    page = Parsed(visitor.ask(FAR_OFF, in_place=True))
    assert page.status == "no_guidance"
    assert page.one("p", of_class="message").text == messages.NOT_FOUND
    assert FRONT_DOOR in telephones(page)
    assert [link["href"] for link in page.all("a", of_class="choice")] == [
        f"/guidance#{topic}" for topic in barnsley.knowledge.topics
    ]


# Was this helpful?


def judging(visitor, text=QUESTION):
    """The hidden fields of the form under an answer."""
    page = Parsed(visitor.ask(text, in_place=True))
    return {field["name"]: field["value"] for field in page.all("input", type="hidden") if field["name"] != "after"}


def verdicts(visitor):
    return [(row["helpful"], row["missing"]) for row in visitor.rows("SELECT * FROM verdicts ORDER BY at, rowid")]


@BOTH
def test_helpful_is_recorded_and_thanked_for(visitor, in_place):
    fields = judging(visitor)
    response = visitor.post("/verdict", {**fields, "helpful": "yes"}, in_place=in_place)
    assert "Thank you" in Parsed(response).one("p", role="status").text
    assert ("<!doctype html>" in response.text) is not in_place
    assert visitor.rows("SELECT question_id, helpful FROM verdicts") == [
        {"question_id": fields["question"], "helpful": 1}
    ]


@BOTH
def test_not_helpful_is_recorded_at_once_and_asks_what_was_missing(visitor, in_place):
    fields = judging(visitor)
    page = Parsed(visitor.post("/verdict", {**fields, "helpful": "no"}, in_place=in_place))
    box = page.one("textarea", name="missing")
    assert "What was missing?" in page.one("label", **{"for": box["id"]}).text
    assert verdicts(visitor) == [(0, None)]

    hidden = {field["name"]: field["value"] for field in page.all("input", type="hidden")}
    assert hidden == {**fields, "helpful": "no"}
    page = Parsed(
        visitor.post("/verdict", {**hidden, "missing": "  how to tell a host family \n"}, in_place=in_place)
    )
    assert "Thank you" in page.one("p", role="status").text
    assert verdicts(visitor) == [(0, None), (0, "how to tell a host family")]


@BOTH
def test_a_name_in_what_was_missing_is_handed_back_and_nothing_of_it_is_kept(visitor, tmp_path, in_place):
    fields = {**judging(visitor), "helpful": "no"}
    page = Parsed(visitor.post("/verdict", {**fields, "missing": NAMED}, in_place=in_place))
    assert page.one("textarea", name="missing").text == NAMED
    assert "a person's name and a postcode" in page.one("p", role="alert").text
    assert verdicts(visitor) == []
    assert not [part for part in IDENTIFYING if part.encode() in kept_on_disk(tmp_path)]


@hypothesis_settings(deadline=None, max_examples=25)
@given(TYPED)
def test_whatever_was_missing_comes_back_as_text(escaping, typed):
    visitor = escaping.moved_to(next(ADDRESSES))
    text = f"born 3/4/2012 {typed}."
    page = Parsed(visitor.post("/verdict", {**judging(visitor), "helpful": "no", "missing": text}, in_place=True))
    assert page.one("textarea").text == text
    assert [e.tag for e in page.elements] == ["form", "input", "input", "input", "label", "p", "textarea", "button"]


@pytest.mark.parametrize("length", [1000, 1001])
def test_what_was_missing_is_kept_up_to_1000_characters(visitor, length):
    visitor.post("/verdict", {**judging(visitor), "helpful": "no", "missing": "m" * length})
    assert verdicts(visitor) == [(0, "m" * 1000)]


@BOTH
@pytest.mark.parametrize("forged", ["", "0" * 64, "é", "of another question"])
def test_a_forged_signature_is_refused_and_nothing_is_recorded(visitor, forged, in_place):
    signature = judging(visitor)["signature"] if forged == "of another question" else forged
    fields = {**judging(visitor), "signature": signature, "helpful": "yes"}
    response = visitor.post("/verdict", fields, in_place=in_place)
    assert response.status_code == 400
    assert "Ask again" in response.text
    assert verdicts(visitor) == []


def test_small_talk_is_not_judged(visitor):
    page = Parsed(visitor.ask("hello"))
    assert page.status == "small_talk"
    assert not page.all("form", of_class="verdict")


# All guidance


def test_all_guidance_links_to_every_entry_under_its_topic(visitor, barnsley):
    page = Parsed(visitor.get("/guidance"))
    linked = {a["href"] for a in page.all("a") if a["href"].startswith("/guidance/")}
    assert linked == {f"/guidance/{full_id}" for full_id in barnsley.knowledge.entries}
    assert [section["id"] for section in page.all("section", of_class="topic")] == list(barnsley.knowledge.topics)


def test_every_entry_has_its_page_with_title_sources_dates_and_whether_it_is_approved(visitor, barnsley):
    knowledge = barnsley.knowledge
    assert len(knowledge.entries) > 50
    for full_id, entry in knowledge.entries.items():
        response = visitor.get(f"/guidance/{full_id}")
        page = Parsed(response)
        assert response.status_code == 200, full_id
        assert page.one("h1").text == entry.title
        assert page.one("title").text == f"{entry.title} – {knowledge.partnership.name}"
        sources = page.one("details").text
        assert all(wording.source(source) in sources for source in entry.sources), full_id
        dates = page.one("p", of_class="dates").text
        assert wording.compiled(entry) in dates, full_id
        assert full_id in dates
        drafts = [p.text for p in page.all("p", of_class="draft")]
        assert drafts == ([messages.draft(knowledge.partnership.name)] if entry.is_draft else []), full_id
        listed = page.one("article").text
        for contact in entry.contacts:
            assert knowledge.contacts[contact].name in listed, full_id


def test_an_approved_entry_bears_no_draft_notice_and_a_draft_does(smalltown, tmp_path):
    path = smalltown / "private-fostering.yaml"
    text = path.read_text("utf-8").replace(
        "title: What private fostering is\n",
        "title: What private fostering is\n    approval: {status: approved, by: Policy subgroup, on: 2026-10-01}\n",
    )
    path.write_text(text, "utf-8")
    desk = desk_of(Guidance.of(load([smalltown])), tmp_path)
    visitor = Visitor(desk)
    approved, draft = (
        visitor.get(f"/guidance/private-fostering.{name}") for name in ("definition", "close-relative")
    )
    desk.store.close()
    assert not Parsed(approved).all(of_class="draft")
    assert Parsed(draft).one(of_class="draft").text.startswith("Draft, not yet approved by the Smalltown")


@BOTH
@pytest.mark.parametrize(
    "entry_id", ["private-fostering.nothing", "nothing", "%3Cscript%3Ealert(1)%3C/script%3E", "x" * 3000]
)
def test_an_address_without_an_entry_gets_a_helpful_404(visitor, entry_id, in_place):
    response = visitor.get(f"/guidance/{entry_id}", in_place=in_place)
    page = Parsed(response)
    assert response.status_code == 404
    assert "alert(1)" not in response.text
    assert "look" in response.text
    if in_place:
        assert page.one(of_class="problem")["role"] == "alert"
        assert not page.all("html")
    else:
        assert {"/", "/guidance"} <= {a["href"] for a in page.all("a")}
        assert {"tel:999", FRONT_DOOR} <= set(telephones(page))


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nothing", 404), ("GET", "/verdict", 405), ("PUT", "/", 405)]
)
def test_an_address_without_a_page_says_where_to_go(visitor, method, path, status):
    response = visitor.send(method, path)
    assert response.status_code == status
    assert "There is no page at this address" in response.text
    assert "/guidance" in {a["href"] for a in Parsed(response).all("a")}


def every_page(visitor):
    """Pages of every kind, by what they are."""
    helpful = {**judging(visitor), "helpful": "no"}
    return {
        "home": visitor.get("/"),
        "answered": visitor.ask(QUESTION),
        "no guidance": visitor.ask(FAR_OFF),
        "choose": visitor.ask("thresholds"),
        "small talk": visitor.ask("hello"),
        "empty": visitor.ask(""),
        "identifiers": visitor.ask(NAMED),
        "emergency": visitor.ask(DANGER),
        "all guidance": visitor.get("/guidance"),
        "entry": visitor.get(f"/guidance/{ENTRY}"),
        "no entry": visitor.get("/guidance/nothing"),
        "missing": visitor.post("/verdict", helpful),
        "thanks": visitor.post("/verdict", {**helpful, "missing": "more"}),
    }


def test_on_every_page_the_headings_go_down_one_level_at_a_time_and_every_field_has_a_label(visitor):
    for kind, response in every_page(visitor).items():
        page = Parsed(response)
        levels = [int(e.tag[1]) for e in page.elements if re.fullmatch("h[1-6]", e.tag)]
        assert levels[0] == 1, kind
        assert levels.count(1) == 1, kind
        assert all(below <= above + 1 for above, below in pairwise(levels)), (kind, levels)
        labels = {label["for"] for label in page.all("label")}
        fields = page.all("textarea") + page.all("select")
        assert {field["id"] for field in fields} == labels, kind
        ids = [e["id"] for e in page.elements if "id" in e.attributes]
        assert len(ids) == len(set(ids)), kind


def test_no_page_holds_what_its_content_security_policy_forbids(visitor):
    for kind, response in every_page(visitor).items():
        page = Parsed(response)
        assert not page.all("style"), kind
        assert not [e for e in page.elements if {"style", "hx-on"} & e.attributes.keys()], kind
        assert all(script["src"].startswith("/static/") and not script.text for script in page.all("script")), kind
        for linked in page.all("link") + page.all("script"):
            address = linked.attributes.get("href") or linked["src"]
            assert visitor.get(address).status_code == 200, address


# Guards


@pytest.mark.parametrize("path", ["/", "/verdict"])
@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Origin": "http://elsewhere.test"}, False),
        ({"Origin": "http://page.test.elsewhere.test"}, False),
        ({"Origin": "http://page.test:81"}, False),
        ({"Origin": "http://page.test"}, True),
        ({"Origin": "null"}, True),  # what a browser sends from a page without a referrer, such as ours
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, False),
        ({}, True),
    ],
)
def test_a_form_from_another_site_is_refused_and_nothing_is_recorded(visitor, path, headers, taken):
    fields = {**judging(visitor), "helpful": "yes", "text": QUESTION}
    before = len(visitor.rows("SELECT id FROM questions UNION ALL SELECT id FROM verdicts"))
    response = visitor.send("POST", path, data=fields, headers=headers)
    recorded = len(visitor.rows("SELECT id FROM questions UNION ALL SELECT id FROM verdicts")) - before
    assert (response.status_code, recorded) == ((200, 1) if taken else (403, 0))


def over_a_socket(port, head, *parts):
    """Send a request as it stands and read the answer to its end."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: page.test\r\nConnection: close\r\n" + head + b"\r\n\r\n")
        for part in parts:
            connection.sendall(part)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.decode().splitlines(), body.decode()


FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"


@pytest.mark.parametrize("over", [0, 1, 4_000_000])
@pytest.mark.parametrize("announced", [True, False], ids=["announced", "chunked"])
def test_a_body_over_one_megabyte_is_refused_whether_it_is_announced_or_not(desk, announced, over):
    body = b"text=what+is+private+fostering&more="
    body += b"x" * (MAX_BODY_BYTES - len(body) + over)
    with listening(desk) as port:
        if announced:
            head, answer = over_a_socket(port, FORM + b"Content-Length: %d" % len(body), body)
        else:
            pieces = [body[i : i + 50_000] for i in range(0, len(body), 50_000)]
            chunks = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces]
            head, answer = over_a_socket(port, FORM + b"Transfer-Encoding: chunked", *chunks, b"0\r\n\r\n")
    assert head[0].split()[1] == ("413" if over else "200")
    assert ("1 MB" in answer) is bool(over)
    assert "999" in answer
    assert any(line.lower().startswith("content-security-policy:") for line in head)


@pytest.mark.parametrize("announced", ["", "-1", "1e3", "²"])
def test_a_size_that_is_no_number_is_refused(visitor, announced):
    headers = (
        {"Content-Length": announced.encode()}
        if announced.isascii()
        else {"Content-Length": announced.encode("latin-1")}
    )
    assert visitor.send("POST", "/", content=b"text=x", headers=headers).status_code == 413


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"--x\r\n"),
        ("multipart/form-data; boundary=x", b"nothing of the kind"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\nhi\r\n--x--\r\n"),
        ("application/x-www-form-urlencoded", b"&".join(b"f%d=1" % i for i in range(11))),
    ],
    ids=["no boundary", "no parts", "no name", "too many fields"],
)
def test_a_form_that_cannot_be_read_is_refused_in_our_own_words(visitor, kind, body):
    response = visitor.send("POST", "/", content=body, headers={"Content-Type": kind})
    assert response.status_code == 400
    assert Parsed(response).one("main").text.split("\n")[2] == "This form could not be read. Ask again, please."


@pytest.mark.parametrize("charset", ["utf-7", "unicode_escape", "punycode", "idna", "no-such"])
def test_half_a_character_in_a_form_breaks_nothing(visitor, charset):
    body = b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\ncot \\ud800 +2AA- xn--a\r\n--x--\r\n'
    headers = {"Content-Type": f"multipart/form-data; boundary=x; charset={charset}"}
    response = visitor.send("POST", "/", content=body, headers=headers)
    assert response.status_code in (200, 400)
    assert "cot" in response.text or response.status_code == 400


def test_an_upload_is_no_question(visitor):
    response = visitor.send("POST", "/", files={"text": ("Jayden Kowalczyk.docx", b"case note")})
    assert Parsed(response).status == "empty"
    assert "Kowalczyk" not in response.text


POLICY = {
    "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self'",
    "connect-src": "'self'", "form-action": "'self'", "base-uri": "'none'", "frame-ancestors": "'none'",
}  # fmt: skip


def test_every_answer_bears_the_headers_that_keep_the_page_to_itself(visitor, monkeypatch):
    answers = {
        "page": visitor.get("/"),
        "reply": visitor.ask(QUESTION),
        "piece": visitor.ask(QUESTION, in_place=True),
        "entry": visitor.get(f"/guidance/{ENTRY}"),
        "style": visitor.get("/static/page.css"),
        "alive": visitor.get("/healthz"),
        "ready": visitor.get("/readyz"),
        "refused": visitor.send("POST", "/", headers={"Sec-Fetch-Site": "cross-site"}),
        "forged": visitor.post("/verdict", {}),
        "no page": visitor.get("/nothing"),
        "no static file": visitor.get("/static/nothing"),
        "wrong method": visitor.send("DELETE", "/"),
        "too large": visitor.send("POST", "/", content=b"x" * (MAX_BODY_BYTES + 1)),
    }
    monkeypatch.setattr(Desk, "show", fails)
    answers["fault"] = visitor.get(f"/guidance/{ENTRY}")
    assert {answer.status_code for answer in answers.values()} == {200, 400, 403, 404, 405, 413, 500}
    for kind, answer in answers.items():
        policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
        assert policy == POLICY, kind
        assert answer.headers["x-content-type-options"] == "nosniff", kind
        assert answer.headers["referrer-policy"] == "no-referrer", kind
        assert answer.headers["cross-origin-opener-policy"] == "same-origin", kind


def test_what_was_asked_stays_in_no_cache_and_a_page_is_asked_for_anew(visitor):
    """The page says who is open now, and the script must fit the page."""
    assert visitor.ask(QUESTION).headers["cache-control"] == "no-store"
    assert visitor.get("/").headers["cache-control"] == "no-cache"
    assert visitor.get("/static/page.js").headers["cache-control"] == "no-cache"


# When something breaks

SECRET = "Jayden Kowalczyk at /srv/secret.py"


def fails(*_, **__):
    raise RuntimeError(SECRET)


def test_a_question_whose_answering_fails_is_told_so_and_the_next_one_is_answered(visitor, monkeypatch):
    monkeypatch.setattr("bot.desk.answering.answer", fails)
    response, piece = visitor.ask(QUESTION), visitor.ask(QUESTION, in_place=True)
    monkeypatch.undo()
    page = Parsed(response)
    assert response.status_code == piece.status_code == 200
    assert page.status == Parsed(piece).status == "error"
    assert page.one("p", of_class="message").text == messages.ERROR
    assert page.one("textarea", id="text").text == QUESTION
    assert FRONT_DOOR in telephones(page)
    assert not re.search(f"{SECRET}|RuntimeError|Traceback", response.text + piece.text)
    assert Parsed(visitor.ask(QUESTION)).status == "answered"


def test_in_danger_the_card_comes_also_when_answering_and_the_alarm_fail(visitor, monkeypatch):
    monkeypatch.setattr("bot.desk.answering.answer", fails)
    monkeypatch.setattr("bot.desk.answering.danger", fails)
    page = Parsed(visitor.ask(QUESTION))
    assert page.one("a", of_class="big-number")["href"] == "tel:999"
    assert page.status == "error"


@BOTH
@pytest.mark.parametrize("part", ["answer", "show", "judge", "alarm"])
def test_a_fault_of_ours_is_answered_without_a_word_of_how_it_happened(visitor, monkeypatch, part, in_place):
    fields = {**judging(visitor), "helpful": "yes"}
    monkeypatch.setattr(Desk, part, fails)
    response = {
        "answer": lambda: visitor.ask(QUESTION, in_place=in_place),
        "alarm": lambda: visitor.ask(QUESTION, in_place=in_place),
        "show": lambda: visitor.get(f"/guidance/{ENTRY}", in_place=in_place),
        "judge": lambda: visitor.post("/verdict", fields, in_place=in_place),
    }[part]()
    assert response.status_code == 500
    assert messages.ERROR in Parsed(response).elements[0].text
    assert ("tel:999" in response.text) is not in_place
    assert not re.search(f"{SECRET}|RuntimeError|Traceback|\\.py", response.text)


@pytest.fixture
def broken(smalltown, tmp_path):
    """A desk whose knowledge was in order yesterday and cannot be read today."""
    data = tmp_path / "data"
    yesterday = FRIDAY_NOON - timedelta(days=1)
    Library(smalltown.parent, "smalltown", data, lambda: yesterday).open()
    (smalltown / "private-fostering.yaml").write_text("topic: [", "utf-8")
    library = Library(smalltown.parent, "smalltown", data, lambda: FRIDAY_NIGHT)
    library.open()
    migrate(data / "safeguarding.db")
    desk = Desk(library, Store(data / "safeguarding.db"), lambda: FRIDAY_NIGHT)
    yield desk
    desk.store.close()


SMALLTOWN_DUTY_TEAM = "tel:+441632960002"


def test_with_broken_knowledge_the_page_still_gives_999_and_the_duty_number_of_the_last_good_copy(broken):
    visitor = Visitor(broken)
    for path in ("/", "/guidance"):
        response = visitor.get(path)
        assert response.status_code == 200
        assert "The guidance cannot be read just now" in response.text
        assert telephones(Parsed(response))[:3] == ["tel:999", "tel:999", SMALLTOWN_DUTY_TEAM]
    assert visitor.get(f"/guidance/{ENTRY}").status_code == 404


def test_with_broken_knowledge_a_question_is_told_so_and_handed_back(broken):
    page = Parsed(Visitor(broken).ask(QUESTION))
    assert page.status == "error"
    assert page.one("textarea", id="text").text == QUESTION
    assert SMALLTOWN_DUTY_TEAM in telephones(page)


@BOTH
def test_with_broken_knowledge_the_emergency_card_says_how_old_its_number_is(broken, in_place):
    card = Parsed(Visitor(broken).ask(DANGER, in_place=in_place)).one("section", of_class="emergency").text
    assert "01632 960002" in card
    assert "This number is from a copy saved on 19 November 2026" in card


def test_without_knowledge_and_without_a_copy_the_page_still_gives_999_and_101(tmp_path):
    library = Library(tmp_path / "none", "nowhere", tmp_path, lambda: FRIDAY_NIGHT)
    library.open()
    visitor = Visitor(Desk(library, None, lambda: FRIDAY_NIGHT))
    assert telephones(Parsed(visitor.get("/"))) == ["tel:999", "tel:999", "tel:101"]
    response = visitor.ask(DANGER)
    assert response.status_code == 200
    assert messages.EMERGENCY_THEN_UNKNOWN in Parsed(response).one("section", of_class="emergency").text


# Health


def test_alive_and_ready(visitor):
    alive, ready = visitor.get("/healthz"), visitor.get("/readyz")
    assert (alive.status_code, alive.text) == (200, "alive\n")
    assert ready.status_code == 200
    assert ready.json() == {
        "knowledge": True,
        "database": True,
        "ready": True,
        "unrecorded": 0,
        "switched_off": False,
        "review_refused": 0,
        "agencies_without_lead": 18,  # nobody has named Barnsley's leads yet
        "managers": False,
        "knowledge_version": visitor.desk.library.version,
        "knowledge_faults": [],
    }


def test_ready_says_when_the_knowledge_is_broken(broken):
    visitor = Visitor(broken)
    ready = visitor.get("/readyz")
    assert ready.status_code == 503
    body = ready.json()
    assert (body["knowledge"], body["database"], body["ready"], body["knowledge_version"]) == (
        False,
        True,
        False,
        None,
    )
    assert [fault.partition(" ")[0] for fault in body["knowledge_faults"]] == [
        "smalltown/private-fostering.yaml:2:1:"
    ]
    assert visitor.get("/healthz").status_code == 200


def no_database(folder):
    return None


def a_folder_that_went_away(folder):
    return Store(folder / "gone" / "safeguarding.db")


def a_file_that_is_no_database(folder):
    path = folder / "minutes.db"
    path.write_bytes(b"minutes of the policy subgroup\n" * 200)
    return Store(path)


@pytest.mark.parametrize("broken_store", [no_database, a_folder_that_went_away, a_file_that_is_no_database])
def test_with_a_broken_database_questions_are_answered_and_ready_says_so(barnsley, tmp_path, broken_store):
    desk = desk_of(barnsley, tmp_path)
    desk.store.close()
    desk.store = broken_store(tmp_path)
    visitor = Visitor(desk)
    fields = judging(visitor)
    assert Parsed(visitor.ask(QUESTION)).status == "answered"
    assert Parsed(visitor.ask(DANGER)).all(of_class="emergency")
    thanks = visitor.post("/verdict", {**fields, "helpful": "yes"}, in_place=True)
    assert "could not be saved" in thanks.text
    ready = visitor.get("/readyz")
    assert ready.status_code == 503
    body = json.loads(ready.text)
    assert (body["knowledge"], body["database"], body["ready"], body["unrecorded"]) == (True, False, False, 4)
    if desk.store:
        desk.store.close()
