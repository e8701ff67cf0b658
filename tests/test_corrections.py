"""Suggesting a correction to an entry, on the page, in Slack and in the terminal, and where the editors find it."""

import json
import logging
import re
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from served import FRIDAY_NOON, Parsed, Visitor, desk_of
from slack_stand_in import Hangs, faults_of
from slack_workspace import ASKER, rows_of
from test_command_line import ran, run
from test_slack_buttons import asked

from bot.answering import messages
from bot.config import ROOT
from bot.storage.database import utc
from handlers.command_line import forms as terminal_forms
from handlers.slack import feedback
from handlers.web.reports import MAX_CORRECTION, NOT_SAVED, OLD_FORM

ENTRY = "private-fostering.definition"
QUESTION = "what is private fostering"
SUGGESTED = "the number of days changed to 30, says the zebra circular"
NAMED = "Jayden Kowalczyk of S70 2TA was not privately fostered"
IDENTIFYING = ("Jayden", "Kowalczyk", "S70 2TA")
DANGER = "he is strangling her now"
BOTH = pytest.mark.parametrize("in_place", [False, True], ids=["whole page", "in place"])
CORRECTIONS = "SELECT * FROM corrections ORDER BY at, rowid"


@pytest.fixture
def desk(barnsley, tmp_path):
    desk = desk_of(barnsley, tmp_path)
    yield desk
    desk.store.close()


@pytest.fixture
def visitor(desk):
    return Visitor(desk)


def kept_on_disk(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def opened(visitor, entry=ENTRY, *, in_place=False):
    """The hidden fields of a form."""
    page = Parsed(visitor.get(f"/correction/{entry}", in_place=in_place))
    return {field["name"]: field["value"] for field in page.all("input", type="hidden")}


def send(visitor, fields, text=SUGGESTED, entry=ENTRY, *, in_place=False):
    return visitor.post(f"/correction/{entry}", {**fields, "text": text}, in_place=in_place)


def texts(visitor):
    return [row["text"] for row in visitor.rows(CORRECTIONS)]


def problem(response):
    said = Parsed(response).one(of_class="problem")
    assert said["role"] == "alert"
    return said.text


# On the page


def test_under_every_entry_is_a_link_to_a_form_about_it(visitor, barnsley):
    for full_id, entry in barnsley.knowledge.entries.items():
        link = Parsed(visitor.get(f"/guidance/{full_id}")).one("a", of_class="correct")
        assert link["href"] == link["hx-get"] == f"/correction/{full_id}"
        assert link["hx-target"] == "this"
        page = Parsed(visitor.get(link["href"], in_place=True))
        assert f"“{entry.title}”" in page.one("label").text, full_id


def test_an_answer_has_the_link_and_small_talk_has_none(visitor):
    assert Parsed(visitor.ask(QUESTION)).one("a", of_class="correct")["href"] == f"/correction/{ENTRY}"
    assert not Parsed(visitor.ask("hello")).all("a", of_class="correct")


@BOTH
def test_the_form_has_a_labelled_box_and_is_a_page_or_a_piece(visitor, in_place):
    response = visitor.get(f"/correction/{ENTRY}", in_place=in_place)
    page = Parsed(response)
    assert response.text.startswith("<!doctype html>") is not in_place
    if in_place:
        assert page.elements[0].classes == ["correction-form"]
    else:
        assert page.one("h1").text == "Suggest a correction"
    box = page.one("textarea")
    assert "Leave names out" in page.one("label", **{"for": box["id"]}).text
    assert (box["name"], box["maxlength"], box.text) == ("text", str(MAX_CORRECTION), "")
    form = next(form for form in page.all("form") if form["action"].startswith("/correction/"))
    assert form["method"] == "post"
    assert form["action"] == form["hx-post"] == f"/correction/{ENTRY}"
    assert (form["hx-target"], form["hx-swap"]) == ("closest .correction-form", "outerHTML")


@BOTH
def test_a_suggestion_is_recorded_and_its_owner_is_named(visitor, barnsley, in_place):
    response = send(visitor, opened(visitor), f"  {SUGGESTED}\n", in_place=in_place)
    page = Parsed(response)
    owner = barnsley.knowledge.owner_of(barnsley.knowledge.entries[ENTRY])
    said = next(p for p in page.all("p", role="status"))
    assert said.text.startswith("Thank you.")
    assert owner in said.text
    assert not page.all("textarea")
    (row,) = visitor.rows(CORRECTIONS)
    assert re.fullmatch(r"[0-9a-f]{8}", row.pop("id"))
    assert row == {
        "at": utc(FRIDAY_NOON), "entry": ENTRY, "knowledge_version": None, "text": SUGGESTED, "channel": "web",
        "person_id": None, "agency": None, "settled": None, "settled_as": None,
    }  # fmt: skip


def test_the_version_that_was_corrected_is_recorded_once_it_answered_a_question(visitor, barnsley):
    visitor.ask(QUESTION)
    send(visitor, opened(visitor))
    assert [row["knowledge_version"] for row in visitor.rows(CORRECTIONS)] == [barnsley.knowledge.version]


@pytest.mark.parametrize("agency", ["gp", "astronauts"])
def test_the_agency_that_is_remembered_is_recorded_where_there_is_such_a_one(visitor, agency):
    visitor.cookies.set("agency", agency)
    send(visitor, opened(visitor))
    assert [row["agency"] for row in visitor.rows(CORRECTIONS)] == [agency if agency == "gp" else None]


@BOTH
def test_what_names_somebody_is_handed_back_and_nothing_of_it_is_kept(visitor, tmp_path, in_place, caplog):
    fields = opened(visitor)
    response = send(visitor, fields, NAMED, in_place=in_place)
    page = Parsed(response)
    assert "a person's name and a postcode" in problem(response)
    assert page.one("textarea").text == NAMED
    assert texts(visitor) == []
    again = {field["name"]: field["value"] for field in page.all("input", type="hidden")}
    assert again == fields
    send(visitor, again, SUGGESTED, in_place=in_place)
    assert texts(visitor) == [SUGGESTED]
    kept = kept_on_disk(tmp_path)
    assert SUGGESTED.encode() in kept, "this is where it would be found"
    assert not [part for part in IDENTIFYING if part.encode() in kept]
    assert not [part for part in IDENTIFYING if part in caplog.text]


@BOTH
@pytest.mark.parametrize(("text", "saved"), [(DANGER, True), (f"{NAMED}, {DANGER}", False)])
def test_what_tells_of_danger_brings_the_emergency_card(visitor, text, saved, in_place):
    response = send(visitor, opened(visitor), text, in_place=in_place)
    page = Parsed(response)
    card = page.one("section", of_class="emergency")
    assert card["role"] == "alert"
    assert messages.EMERGENCY_FIRST in card.text
    ours = page.one("section", of_class="correction-form")
    assert ours.text.index(messages.EMERGENCY_FIRST) < ours.text.index("Thank you." if saved else NAMED)
    assert texts(visitor) == [text] * saved


def test_what_tells_of_no_danger_brings_no_card(visitor):
    assert not Parsed(send(visitor, opened(visitor))).all(of_class="emergency")
    assert not Parsed(visitor.get(f"/correction/{ENTRY}")).all(of_class="emergency")


@BOTH
@pytest.mark.parametrize("text", ["", "   \r\n\t"])
def test_an_empty_suggestion_is_asked_for(visitor, text, in_place):
    response = send(visitor, opened(visitor), text, in_place=in_place)
    assert problem(response) == "Write what is wrong, or what it should say."
    assert texts(visitor) == []


@pytest.mark.parametrize("length", [MAX_CORRECTION - 1, MAX_CORRECTION, MAX_CORRECTION + 1])
def test_a_suggestion_is_kept_up_to_1000_characters(visitor, length):
    send(visitor, opened(visitor), "m" * length)
    assert texts(visitor) == ["m" * min(length, 1000)]


def test_a_browser_s_line_breaks_take_nothing_away_from_the_1000_characters(visitor):
    typed = "\n".join("m" * 99 for _ in range(10)) + "end"
    assert len(typed) > MAX_CORRECTION - 2
    typed = typed[-MAX_CORRECTION:]
    send(visitor, opened(visitor), typed.replace("\n", "\r\n"))  # how every browser sends a text with lines
    assert texts(visitor) == [typed]


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "</textarea><b>", "{{ 7 * 7 }}", '" onfocus="x', "&lt;"]
)
def test_markup_comes_back_as_text_and_is_kept_as_typed(visitor, text):
    named = f"{NAMED} {text}"
    page = Parsed(send(visitor, opened(visitor), named, in_place=True))
    assert page.one("textarea").text == named
    assert [e.tag for e in page.elements] == ["section", "form", "input", "input", "label", "p", "textarea", "button"]
    send(visitor, opened(visitor), text)
    assert texts(visitor) == [text]


@pytest.fixture(scope="module")
def any_visitor(barnsley, tmp_path_factory):
    desk = desk_of(barnsley, tmp_path_factory.mktemp("anything"))
    yield Visitor(desk)
    desk.store.close()


@hypothesis_settings(deadline=None, max_examples=60)
@given(st.text(max_size=60))
def test_whatever_is_sent_is_thanked_for_or_handed_back(any_visitor, text):
    response = send(any_visitor, opened(any_visitor), text, in_place=True)
    page = Parsed(response)
    assert response.status_code == 200
    if page.all("p", role="status"):
        assert text.strip()
    else:
        assert problem(response)
        expected = text.encode("utf-8", "replace").decode().strip()
        assert page.one("textarea").text.split() == expected.split()


def test_the_same_form_sent_twice_is_one_suggestion(visitor):
    fields = opened(visitor)
    first, second = send(visitor, fields), send(visitor, fields, in_place=True)
    assert "Thank you." in first.text
    assert "Thank you." in second.text
    send(visitor, opened(visitor))
    assert texts(visitor) == [SUGGESTED] * 2


def test_a_button_pressed_eight_times_at_once_is_one_suggestion(desk, visitor):
    fields = opened(visitor)
    with ThreadPoolExecutor(8) as pool:
        responses = list(pool.map(lambda _: send(Visitor(desk), fields), range(8)))
    assert all("Thank you." in response.text for response in responses)
    assert texts(visitor) == [SUGGESTED]


@BOTH
@pytest.mark.parametrize(
    "entry", ["private-fostering.nothing", "nothing", "bot.greeting", "%3Cscript%3E", "x" * 3000]
)
def test_an_entry_that_is_not_there_gets_a_helpful_404(visitor, entry, in_place):
    fields = opened(visitor)
    for response in (
        visitor.get(f"/correction/{entry}", in_place=in_place),
        send(visitor, fields, entry=entry, in_place=in_place),
    ):
        page = Parsed(response)
        assert response.status_code == 404
        assert "There is no guidance of this name" in response.text
        assert "<script>" not in response.text
        if not in_place:
            assert {"/", "/guidance"} <= {a["href"] for a in page.all("a")}
    assert texts(visitor) == []


def test_while_the_knowledge_is_broken_nothing_is_taken_and_it_says_so(visitor, desk):
    fields = opened(visitor)
    desk.library.guidance = None
    assert send(visitor, fields).status_code == 404
    assert visitor.get(f"/correction/{ENTRY}").status_code == 404
    assert texts(visitor) == []


@BOTH
def test_while_the_database_is_broken_what_was_typed_stays(visitor, tmp_path, in_place, caplog):
    fields = opened(visitor)
    with closing(sqlite3.connect(tmp_path / "safeguarding.db")) as connection:
        connection.execute("ALTER TABLE corrections RENAME TO gone")
    response = send(visitor, fields, in_place=in_place)
    page = Parsed(response)
    assert problem(response) == NOT_SAVED
    assert page.one("textarea").text == SUGGESTED
    assert {field["name"]: field["value"] for field in page.all("input", type="hidden")} == fields
    assert "zebra" not in caplog.text
    with closing(sqlite3.connect(tmp_path / "safeguarding.db")) as connection:
        connection.execute("ALTER TABLE gone RENAME TO corrections")
    assert "Thank you." in send(visitor, fields, in_place=in_place).text
    assert texts(visitor) == [SUGGESTED]


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://elsewhere.test"}],
)
def test_a_form_of_another_site_is_refused(visitor, headers):
    fields = {**opened(visitor), "text": SUGGESTED}
    response = visitor.send("POST", f"/correction/{ENTRY}", data=fields, headers=headers)
    assert response.status_code == 403
    assert texts(visitor) == []
    own = {"Sec-Fetch-Site": "same-origin", "Origin": "http://page.test"}
    assert visitor.send("POST", f"/correction/{ENTRY}", data=fields, headers=own).status_code == 200
    assert texts(visitor) == [SUGGESTED]


@BOTH
@pytest.mark.parametrize("forged", ["", "0" * 64, "é", "of another form", "of the other kind"])
def test_a_form_that_we_did_not_hand_out_is_refused(visitor, forged, in_place):
    fields = opened(visitor)
    if forged == "of the other kind":
        page = Parsed(visitor.get("/no-answer/front-door"))
        fields = {field["name"]: field["value"] for field in page.all("input", type="hidden")}
    else:
        fields["signature"] = opened(visitor)["signature"] if forged == "of another form" else forged
    response = send(visitor, fields, in_place=in_place)
    assert response.status_code == 400
    assert OLD_FORM in response.text
    assert texts(visitor) == []


def test_nothing_that_was_typed_is_logged(visitor, caplog):
    caplog.set_level(logging.DEBUG)
    for text in (SUGGESTED, NAMED, f"{DANGER} zebra", "m" * 2000):
        send(visitor, opened(visitor), text)
    assert not [word for word in (*IDENTIFYING, "zebra", "strangling", "mmm") if word in caplog.text]


# In Slack

LABEL = "Suggest a correction"


def form_of(bot, how="mention", text=QUESTION, **press):
    """The form that the button under an answer opens."""
    answer, _ = asked(bot, how, text)
    bot.press(answer, LABEL, **press)
    return bot.slack.wait_taken("views.open")[-1]


@pytest.mark.parametrize("how", ["mention", "direct", "command"])
def test_the_button_opens_a_form_about_the_entry(bot, barnsley, how):
    view = form_of(bot, how).arguments["view"]
    assert view["private_metadata"] == ENTRY
    assert barnsley.knowledge.entries[ENTRY].title in view["blocks"][0]["text"]["text"]
    (field,) = (block for block in view["blocks"] if block["type"] == "input")
    assert field["block_id"] == "correction"
    assert field["element"]["max_length"] == MAX_CORRECTION
    assert "Leave out names" in field["hint"]["text"]


def test_what_is_no_entry_has_no_such_button(bot):
    for text in ("quantum chromodynamics", "hello"):
        answer, _ = asked(bot, "mention", text)
        assert LABEL not in answer.buttons


def test_in_slack_a_suggestion_is_recorded_before_it_is_acknowledged(bot, barnsley):
    opened = form_of(bot)
    answer = bot.submit(opened, f" {SUGGESTED}\n").json()
    (row,) = bot.rows(CORRECTIONS)  # read as soon as the acknowledgement is there
    assert answer["response_action"] == "update"
    assert faults_of("views.open", {"view": answer["view"]}) == []
    said = answer["view"]["blocks"][0]["text"]["text"]
    assert barnsley.knowledge.owner_of(barnsley.knowledge.entries[ENTRY]) in said
    (person,) = bot.rows("SELECT id, channel_user_id FROM people")
    assert person["channel_user_id"] == ASKER
    assert row.items() >= {
        "entry": ENTRY, "text": SUGGESTED, "channel": "slack", "person_id": person["id"], "settled": None,
        "knowledge_version": barnsley.knowledge.version,
    }.items()  # fmt: skip


def test_in_slack_what_names_somebody_is_refused_beside_the_field_and_nothing_is_kept(bot, caplog):
    caplog.set_level(logging.DEBUG)
    opened = form_of(bot)
    answer = bot.submit(opened, NAMED, view_id="V1").json()
    assert answer["response_action"] == "errors"
    assert "a person's name and a postcode" in answer["errors"]["correction"]
    assert bot.submit(opened, SUGGESTED, view_id="V1").json()["response_action"] == "update"
    bot.stop()
    assert [row["text"] for row in bot.rows(CORRECTIONS)] == [SUGGESTED]
    for trace in (bot.on_disk().decode("latin-1"), caplog.text, *(call.shown for call in bot.slack.calls)):
        assert not [part for part in IDENTIFYING if part in trace]
    assert "zebra" not in caplog.text


@pytest.mark.parametrize("text", ["", "  \n "])
def test_in_slack_an_empty_suggestion_is_asked_for(bot, text):
    answer = bot.submit(form_of(bot), text).json()
    assert answer["errors"] == {"correction": "Write what is wrong, or what it should say."}
    assert bot.rows(CORRECTIONS) == []


def test_in_slack_1000_characters_are_kept_whole(bot):
    bot.submit(form_of(bot), "m" * MAX_CORRECTION)
    assert [row["text"] for row in bot.rows(CORRECTIONS)] == ["m" * MAX_CORRECTION]


def test_in_slack_the_same_form_delivered_twice_is_one_suggestion(bot):
    opened = form_of(bot)
    first, second = (bot.submit(opened, SUGGESTED, view_id="V1").json() for _ in range(2))
    assert first == second
    bot.submit(opened, SUGGESTED, view_id="V2")
    assert len(bot.rows(CORRECTIONS)) == 2


@pytest.mark.parametrize(("text", "saved"), [(DANGER, 1), (f"{NAMED}, {DANGER}", 0), (f"{DANGER} & <!channel>", 1)])
def test_in_slack_what_tells_of_danger_brings_the_card_to_its_writer(bot, text, saved):
    bot.submit(form_of(bot), text)
    card = bot.slack.wait_taken("chat.postMessage", 2)[1]
    assert card.channel == ASKER
    assert messages.EMERGENCY_FIRST in card.text
    assert len(bot.rows(CORRECTIONS)) == saved


def test_in_slack_what_tells_of_danger_is_saved_in_time_though_slack_hangs(bot):
    opened = form_of(bot)
    bot.slack.plan("chat.postMessage", hanging := Hangs())
    response = bot.submit(opened, DANGER)
    assert response.json()["response_action"] == "update"
    assert response.elapsed.total_seconds() < 3
    hanging.release()
    assert messages.EMERGENCY_FIRST in bot.slack.wait_taken("chat.postMessage", 2)[1].text


def test_in_slack_a_database_that_hangs_leaves_the_form_open_and_saves_once_on_the_next_try(bot):
    opened = form_of(bot)
    held, entered = threading.Event(), threading.Event()

    def hold(_):
        entered.set()
        held.wait(10)

    bot.store.submit(hold)
    assert entered.wait(10)
    try:
        response = bot.submit(opened, SUGGESTED, view_id="V1")
    finally:
        held.set()
    assert response.json() == {"response_action": "errors", "errors": {"correction": feedback.NOT_SAVED}}
    assert response.elapsed.total_seconds() < 3, "Slack waits for three seconds"
    assert bot.submit(opened, SUGGESTED, view_id="V1").json()["response_action"] == "update"
    bot.stop()
    assert len(bot.rows(CORRECTIONS)) == 1


def test_in_slack_without_a_database_the_form_stays_open(start_bot):
    bot = start_bot(store=False)
    answer = bot.submit(form_of(bot), SUGGESTED).json()
    assert answer == {"response_action": "errors", "errors": {"correction": feedback.NOT_SAVED}}


@pytest.mark.parametrize("value", ["private-fostering.gone", "bot.greeting", "", "x" * 2000])
def test_in_slack_an_old_button_says_so(bot, value):
    answer, _ = asked(bot, "mention", QUESTION)
    bot.press(answer, LABEL, value=value)
    (told,) = bot.slack.wait_taken("response_url")
    assert told.text == messages.OLD_BUTTON
    assert bot.slack.taken("views.open") == []


def test_in_slack_half_a_character_does_not_cost_the_suggestion(bot):
    """JSON can carry half of a surrogate pair, which no file and no database can hold."""
    answer = bot.submit(form_of(bot), "say 30 days \ud83d").json()
    assert answer["response_action"] == "update"
    assert [row["text"] for row in bot.rows(CORRECTIONS)] == ["say 30 days ?"]


def test_in_slack_names_are_found_and_the_suggestion_taken_while_the_knowledge_is_broken(bot):
    opened = form_of(bot)
    bot.desk.library.guidance = None
    assert "a person's name" in bot.submit(opened, NAMED).json()["errors"]["correction"]
    answer = bot.submit(opened, SUGGESTED).json()
    assert "the editors" in answer["view"]["blocks"][0]["text"]["text"]
    assert [row["entry"] for row in bot.rows(CORRECTIONS)] == [ENTRY]


# In the terminal


@pytest.fixture
def here(smalltown, tmp_path, monkeypatch):
    """The command line on a tiny partnership, and nothing of the settings of whoever runs the tests."""
    for line in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "ALLOW_TIME_TRAVEL", "PUBLIC_URL"):
        monkeypatch.delenv(line, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PARTNERSHIP", "smalltown")
    monkeypatch.setenv("KNOWLEDGE_DIR", str(smalltown.parent))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/data/safeguarding.db")
    return smalltown


@pytest.fixture
def database(here, tmp_path):
    return tmp_path / "data" / "safeguarding.db"


def test_in_a_chat_correct_before_any_question_asks_for_one(database):
    printed = ran("chat", typed=f"correct\n{SUGGESTED}\n")
    assert "Ask a question first" in printed
    assert rows_of(database, CORRECTIONS) == []


@pytest.mark.parametrize("word", ["correct", " CORRECT "])
def test_in_a_chat_a_correction_is_about_the_entry_that_was_shown_last(database, word):
    printed = ran("chat", "--agency", "high-school", typed=f"{QUESTION}\n{word}\n{SUGGESTED}\n\n")
    assert f"What is wrong in {ENTRY}" in printed
    assert "Thank you. It is on the editors' list." in printed
    (row,) = rows_of(database, CORRECTIONS)
    expected = {"entry": ENTRY, "text": SUGGESTED, "channel": "terminal", "agency": "high-school", "person_id": None}
    assert row.items() >= expected.items()
    assert row["knowledge_version"]


def test_in_a_chat_a_correction_is_about_the_entry_that_was_picked(database):
    ran("chat", typed=f"leaflet for new parents\n2\ncorrect\n{SUGGESTED}\n")
    assert [row["entry"] for row in rows_of(database, CORRECTIONS)] == ["safer-sleep.room"]


def test_in_a_chat_the_word_within_a_question_is_a_question(database):
    ran("chat", typed="is it correct that a cousin is a close relative\n")
    assert len(rows_of(database, "SELECT id FROM questions")) == 1


@pytest.mark.parametrize("typed", ["correct\n", "correct\n\n", "correct\n  \n"])
def test_in_a_chat_an_empty_or_broken_off_correction_records_nothing(database, typed):
    printed = ran("chat", typed=f"{QUESTION}\n{typed}")
    assert "Nothing was" in printed
    assert rows_of(database, CORRECTIONS) == []


def test_in_a_chat_what_names_somebody_is_not_kept(database):
    printed = ran("chat", typed=f"{QUESTION}\ncorrect\n{NAMED}\n")
    assert "a person's name and a postcode" in printed
    assert "Thank you" not in printed
    assert rows_of(database, CORRECTIONS) == []
    assert not [part for part in IDENTIFYING if part.encode() in kept_on_disk(database.parent)]


@pytest.mark.parametrize(("text", "saved"), [(DANGER, 1), (f"{NAMED}, {DANGER}", 0)])
def test_in_a_chat_what_tells_of_danger_brings_the_card(database, text, saved):
    printed = " ".join(ran("chat", typed=f"{QUESTION}\ncorrect\n{text}\n").split())
    assert messages.EMERGENCY_FIRST in printed
    assert len(rows_of(database, CORRECTIONS)) == saved


def test_in_a_chat_without_a_database_it_says_that_nothing_was_saved(database):
    database.mkdir(parents=True)
    printed = run("chat", typed=f"{QUESTION}\ncorrect\n{SUGGESTED}\n").stdout
    assert terminal_forms.NOT_SAVED in printed
    assert "Thank you" not in printed


# Where the editors find it


@pytest.fixture
def editors(desk, tmp_path, here, monkeypatch):
    """The command line of the editors, on the same database as the page."""
    monkeypatch.setenv("PARTNERSHIP", "barnsley")
    monkeypatch.setenv("KNOWLEDGE_DIR", str(ROOT / "knowledge"))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/safeguarding.db")


def test_what_was_suggested_stands_in_the_review_with_its_owner_until_it_is_settled(visitor, barnsley, editors):
    send(visitor, opened(visitor), "say\r\n30 days")
    owner = barnsley.knowledge.owner_of(barnsley.knowledge.entries[ENTRY])
    desks = {own["owner"]: own["corrections"] for own in json.loads(ran("kb", "review", "--json"))}
    (found,) = desks[owner]
    assert (found["entry"], found["text"].split()) == (ENTRY, ["say", "30", "days"])
    assert not [other for other, listed in desks.items() if listed and other != owner]

    part = ran("kb", "review").partition(f"{owner}: ")[2].partition("\n\n")[0]
    assert f"{found['id']}  {ENTRY}, 20 November 2026: say 30 days" in part

    ran("kb", "review", "--changed", found["id"])
    assert found["id"] not in ran("kb", "review")
    assert [row["settled_as"] for row in visitor.rows(CORRECTIONS)] == ["changed"]


def test_what_was_suggested_in_slack_stands_there_too_also_of_an_entry_that_is_gone(bot, barnsley, here, monkeypatch):
    bot.submit(form_of(bot), SUGGESTED)
    bot.store.submit(lambda tx: tx.execute("UPDATE corrections SET entry = 'gone.gone'")).result(10)
    bot.stop()
    monkeypatch.setenv("PARTNERSHIP", "barnsley")
    monkeypatch.setenv("KNOWLEDGE_DIR", str(ROOT / "knowledge"))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{bot.database}")
    desks = {own["owner"]: own["corrections"] for own in json.loads(ran("kb", "review", "--json"))}
    (found,) = desks[barnsley.knowledge.partnership.owner]
    assert (found["entry"], found["text"]) == ("gone.gone", SUGGESTED)
