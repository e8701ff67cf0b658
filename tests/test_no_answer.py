"""No adequate answer from a service: what to do next, and the record, on the page, in Slack and in the terminal."""

import asyncio
import csv
import dataclasses
import io
import json
import os
import re
import select
import signal
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from served import FRIDAY_NIGHT, FRIDAY_NOON, Parsed, Visitor, desk_of
from slack_stand_in import faults_of
from slack_workspace import ASKER, WEDNESDAY_MORNING, rows_of
from test_command_line import ran, run
from test_slack_buttons import asked

from bot.answering import messages
from bot.answering.guidance import Directory, Guidance
from bot.config import ROOT
from bot.knowledge.loading import layers_of, load
from bot.reports import Reports
from bot.storage import claims, quick_records
from bot.storage.database import Store, connect, migrate, utc
from bot.tickets.no_answer import (
    ENTRIES,
    LONGEST_AGO,
    Did,
    InvalidForm,
    NoAnswer,
    Waited,
    can_be_reported,
    next_step,
    parse,
)
from handlers.command_line import forms as terminal_forms
from handlers.slack import blocks
from handlers.web.reports import NOT_SAVED, OLD_FORM

FRONT_DOOR, DUTY_TEAM, POLICE, EMERGENCY = "front-door", "emergency-duty-team", "police-101", "emergency-999"
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
BOTH = pytest.mark.parametrize("in_place", [False, True], ids=["whole page", "in place"])
RECORDS = "SELECT * FROM quick_records ORDER BY at, reference"
FILLED = {"rang_at": "2026-11-20T11:40", "waited": "never-answered", "did": "rang-999"}


def london(text):
    """A moment of November, when London's time is UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# What to do now


def step_of(barnsley, contact, at):
    knowledge = barnsley.knowledge
    return next_step(knowledge.contacts[contact], barnsley.directory, knowledge.entries, at)


@pytest.mark.parametrize(
    ("contact", "at", "offered"),
    [
        (FRONT_DOOR, london("2026-11-20 08:59"), [DUTY_TEAM, POLICE]),
        (FRONT_DOOR, london("2026-11-20 09:00"), [POLICE]),
        (FRONT_DOOR, london("2026-11-20 16:59"), [POLICE]),
        (FRONT_DOOR, london("2026-11-20 17:00"), [DUTY_TEAM, POLICE]),
        (FRONT_DOOR, FRIDAY_NIGHT, [DUTY_TEAM, POLICE]),
        (FRONT_DOOR, london("2026-12-25 12:00"), [DUTY_TEAM, POLICE]),
        (DUTY_TEAM, london("2026-11-20 08:59"), [POLICE]),
        (DUTY_TEAM, london("2026-11-20 09:00"), [FRONT_DOOR, POLICE]),
        (DUTY_TEAM, london("2026-11-20 16:59"), [FRONT_DOOR, POLICE]),
        (DUTY_TEAM, london("2026-11-20 17:00"), [POLICE]),
        (DUTY_TEAM, FRIDAY_NIGHT, [POLICE]),
        (POLICE, FRIDAY_NOON, [FRONT_DOOR]),
        (POLICE, FRIDAY_NIGHT, [DUTY_TEAM]),
        ("lado", FRIDAY_NOON, [FRONT_DOOR, POLICE]),
        ("lado", FRIDAY_NIGHT, [DUTY_TEAM, POLICE]),
        ("forced-marriage-unit", FRIDAY_NIGHT, [DUTY_TEAM, "forced-marriage-out-of-hours", POLICE]),
    ],
)
def test_who_else_can_be_rung_is_open_now_and_never_the_service_itself(barnsley, contact, at, offered):
    assert [now.contact.id for now in step_of(barnsley, contact, at).contacts] == offered


@hypothesis_settings(deadline=None)
@given(st.data(), st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)))
def test_at_any_hour_999_comes_first_and_nothing_closed_is_offered(barnsley, data, at):
    contacts = barnsley.knowledge.contacts
    contact = data.draw(st.sampled_from([c for c in contacts.values() if can_be_reported(c)]))
    step = step_of(barnsley, contact.id, at)
    assert "Ring 999" in step.lines[0]
    assert step.lines[1].startswith(f"Otherwise ring {contact.name.partition(' (')[0]} again.")
    assert "still responsible" in step.lines[2]
    assert contact.id not in [now.contact.id for now in step.contacts]
    assert all(now.opening.open is not False for now in step.contacts)
    assert len({now.contact.id for now in step.contacts}) == len(step.contacts)
    assert step.contacts, "police are there day and night"


def test_what_to_read_next_is_what_the_knowledge_has(barnsley):
    assert [entry.full_id for entry in step_of(barnsley, DUTY_TEAM, FRIDAY_NIGHT).entries] == list(ENTRIES)
    contact = barnsley.knowledge.contacts[DUTY_TEAM]
    one = {ENTRIES[1]: barnsley.knowledge.entries[ENTRIES[1]]}
    assert next_step(contact, barnsley.directory, one, FRIDAY_NIGHT).entries == tuple(one.values())
    assert next_step(contact, barnsley.directory, {}, FRIDAY_NIGHT).entries == ()


def test_without_anybody_else_there_is_still_999_and_to_ring_again(smalltown):
    knowledge = load([smalltown])
    directory = Directory(knowledge.contacts, knowledge.partnership)
    step = next_step(knowledge.contacts["duty-team"], directory, knowledge.entries, FRIDAY_NIGHT)
    assert step.contacts == ()
    assert "999" in step.lines[0]


def test_every_service_with_a_number_can_be_reported_but_999(barnsley):
    contacts = barnsley.knowledge.contacts.values()
    can = {contact.id for contact in contacts if can_be_reported(contact)}
    assert can == {contact.id for contact in contacts if contact.numbers} - {EMERGENCY}
    assert {FRONT_DOOR, DUTY_TEAM, POLICE} < can
    assert "safeguarding-unit" not in can


# What was filled in


@pytest.fixture
def contact(barnsley):
    return barnsley.knowledge.contacts[DUTY_TEAM]


@pytest.mark.parametrize("waited", list(Waited))
@pytest.mark.parametrize("did", list(Did))
def test_every_choice_that_is_offered_can_be_recorded_and_has_words(contact, waited, did):
    record = parse(contact, FRIDAY_NOON, waited.value, did.value, FRIDAY_NOON)
    assert record == NoAnswer(DUTY_TEAM, FRIDAY_NOON, waited, did)
    assert waited.label
    assert did.label


@pytest.mark.parametrize(
    ("ago", "taken"),
    [
        (timedelta(0), True),
        (-MINUTE, True),
        (-MINUTE - timedelta(microseconds=1), False),
        (-2 * MINUTE, False),
        (LONGEST_AGO, True),
        (LONGEST_AGO + timedelta(microseconds=1), False),
    ],
)
def test_when_one_rang_is_at_most_seven_days_ago_and_not_in_the_future(contact, ago, taken):
    asked = (contact, FRIDAY_NOON - ago, "an-hour", "rang-again", FRIDAY_NOON)
    if taken:
        assert parse(*asked).rang_at == FRIDAY_NOON - ago
    else:
        with pytest.raises(InvalidForm) as caught:
            parse(*asked)
        assert list(caught.value.problems) == ["rang_at"]


@pytest.mark.parametrize(
    ("rang_at", "waited", "did", "wrong"),
    [
        (None, "an-hour", "rang-again", {"rang_at"}),
        (FRIDAY_NOON, "", "rang-again", {"waited"}),
        (FRIDAY_NOON, "AN-HOUR", "rang-again", {"waited"}),
        (FRIDAY_NOON, "rang-again", "rang-again", {"waited"}),
        (FRIDAY_NOON, "an-hour", "", {"did"}),
        (FRIDAY_NOON, "an-hour", "an-hour", {"did"}),
        (None, "", "None", {"rang_at", "waited", "did"}),
    ],
)
def test_each_field_that_is_missing_or_wrong_is_named(contact, rang_at, waited, did, wrong):
    with pytest.raises(InvalidForm) as caught:
        parse(contact, rang_at, waited, did, FRIDAY_NOON)
    assert set(caught.value.problems) == wrong
    assert all(what.endswith(".") for what in caught.value.problems.values())


# The record


@pytest.fixture
def desk(barnsley, tmp_path):
    desk = desk_of(barnsley, tmp_path)
    yield desk
    desk.store.close()


@pytest.fixture
def visitor(desk):
    return Visitor(desk)


def recorded(desk, *keys, at=None):
    """Record once for each claim, all at once; the references."""
    record = NoAnswer(DUTY_TEAM, at or desk.clock(), Waited.HOUR, Did.RANG_AGAIN)

    async def all_of_them():
        return await asyncio.gather(*(Reports(desk).no_answer(record, channel="web", claim=key) for key in keys))

    return asyncio.run(all_of_them())


def numbered(*numbers, year=2026):
    return [f"QR-{year}-{number:04d}" for number in numbers]


def test_many_at_once_are_numbered_without_gaps(desk, visitor):
    references = recorded(desk, *(f"form:{number}" for number in range(60)))
    assert sorted(references) == numbered(*range(1, 61))
    assert sorted(row["reference"] for row in visitor.rows(RECORDS)) == sorted(references)


def test_two_programs_on_one_file_number_without_gaps(desk, barnsley, tmp_path):
    (tmp_path / "other").mkdir()
    other = desk_of(barnsley, tmp_path / "other")
    other.store.close()
    other.store = Store(tmp_path / "safeguarding.db")
    try:
        with ThreadPoolExecutor(2) as pool:
            both = [
                pool.submit(recorded, each, *(f"{name}:{number}" for number in range(20)))
                for each, name in ((desk, "one"), (other, "two"))
            ]
        assert sorted(both[0].result() + both[1].result()) == numbered(*range(1, 41))
    finally:
        other.store.close()


def test_the_ten_thousandth_of_a_year_is_counted_on(desk):
    desk.store.submit(lambda tx: tx.execute("INSERT INTO counters VALUES ('QR-2026', 9998)")).result(10)
    assert recorded(desk, "a") + recorded(desk, "b") == ["QR-2026-9999", "QR-2026-10000"]


def test_what_fails_after_its_number_was_taken_leaves_no_gap(desk):
    record = NoAnswer(DUTY_TEAM, FRIDAY_NOON, Waited.HOUR, Did.RANG_AGAIN)

    def fails(tx):
        quick_records.add_no_answer(tx, record, at=FRIDAY_NOON, channel="web", person_id=None, agency=None)
        raise OSError("the disk is full")

    assert recorded(desk, "a") == numbered(1)
    with pytest.raises(OSError, match="disk"):
        desk.store.submit(fails).result(10)
    assert recorded(desk, "b") == numbered(2)


@pytest.mark.parametrize(
    ("at", "year"),
    [
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), 2026),
        (datetime(2027, 1, 1, tzinfo=UTC), 2027),
        (datetime(2027, 1, 1, 4, 59, 59, tzinfo=timezone(timedelta(hours=5))), 2026),
        (datetime(2027, 1, 1, 5, tzinfo=timezone(timedelta(hours=5))), 2027),
        (datetime(2026, 12, 31, 18, 59, tzinfo=timezone(timedelta(hours=-5))), 2026),
        (datetime(2026, 12, 31, 19, tzinfo=timezone(timedelta(hours=-5))), 2027),
    ],
)
def test_each_year_of_london_is_numbered_from_one(desk, at, year):
    recorded(desk, "before")
    desk.clock = lambda: at
    assert recorded(desk, "a", at=at) == numbered(2 if year == 2026 else 1, year=year)


def test_the_same_claim_gives_the_same_reference_also_after_a_restart(desk, tmp_path):
    assert recorded(desk, "form:a") == numbered(1)
    desk.store.close()
    desk.store = Store(tmp_path / "safeguarding.db")
    assert recorded(desk, "form:a", "form:a") == numbered(1, 1)
    assert recorded(desk, "form:b") == numbered(2)


def test_a_claim_keeps_what_came_of_it_until_it_is_forgotten(desk):
    recorded(desk, "form:a")
    assert desk.store.submit(lambda tx: claims.result_of(tx, "form:a")).result(10) == "QR-2026-0001"
    assert desk.store.submit(lambda tx: claims.result_of(tx, "form:")).result(10) is None
    for later, left in ((claims.KEPT, 0), (claims.KEPT + SECOND, 1)):
        forgotten = desk.store.submit(lambda tx, at=FRIDAY_NOON + later: claims.forget_old(tx, at)).result(10)
        assert forgotten == left


# On the page


def opened(visitor, contact=DUTY_TEAM, *, in_place=False):
    """The hidden fields of a form."""
    page = Parsed(visitor.get(f"/no-answer/{contact}", in_place=in_place))
    return {field["name"]: field["value"] for field in page.all("input", type="hidden")}


def send(visitor, fields, contact=DUTY_TEAM, *, in_place=False):
    return visitor.post(f"/no-answer/{contact}", fields, in_place=in_place)


def reference_on(response):
    found = re.search(r"Recorded as (QR-\d{4}-\d{4,})\.", Parsed(response).one(of_class="recorded").text)
    return found.group(1)


def problems_on(response):
    """Every problem that is said in the form."""
    return [said.text for said in Parsed(response).all(of_class="problem")]


@BOTH
def test_what_to_do_stands_above_a_form_in_which_every_field_has_a_label(visitor, barnsley, in_place):
    response = visitor.get(f"/no-answer/{DUTY_TEAM}", in_place=in_place)
    page = Parsed(response)
    assert response.status_code == 200
    assert response.text.startswith("<!doctype html>") is not in_place
    section = page.one("section", of_class="no-answer-form")
    if in_place:
        assert page.elements[0] is section
    else:
        assert page.one("h1").text == "No adequate answer"
    places = [section.text.index(text) for text in ("Ring 999", "ring again", "safeguarding lead", "When I rang")]
    assert places == sorted(places)
    dials = [a["href"] for a in page.all("a", of_class="number")]
    assert dials[:3] == ["tel:999", "tel:+441226772423", "tel:101"]
    assert [a["href"] for a in page.all("a") if a.text in {barnsley.knowledge.entries[e].title for e in ENTRIES}] == [
        f"/guidance/{full_id}" for full_id in ENTRIES
    ]
    form = next(form for form in page.all("form") if form["action"].startswith("/no-answer/"))
    assert form["method"] == "post"
    assert form["action"] == form["hx-post"] == f"/no-answer/{DUTY_TEAM}"
    when = page.one("input", type="datetime-local")
    assert (when["name"], when["value"]) == ("rang_at", "2026-11-20T12:00")
    assert page.one("label", **{"for": when["id"]}).text == "When I rang"
    assert "required" in when.attributes
    for name, kind in (("waited", Waited), ("did", Did)):
        radios = page.all("input", type="radio", name=name)
        assert [radio["value"] for radio in radios] == [option.value for option in kind]
        assert not [radio for radio in radios if "checked" in radio.attributes]
        assert all("required" in radio.attributes for radio in radios)
    assert [label.text.strip() for label in page.all("label", of_class="option")] == [
        option.label for option in (*Waited, *Did)
    ]
    assert [legend.text for legend in page.all("legend")] == ["How long I waited", "What I did"]


def test_the_time_in_the_form_is_the_partnership_s_and_is_kept_as_utc(barnsley, tmp_path):
    desk = desk_of(barnsley, tmp_path, datetime(2026, 7, 1, 12, 5, 40, tzinfo=UTC))
    visitor = Visitor(desk)
    page = Parsed(visitor.get(f"/no-answer/{DUTY_TEAM}"))
    assert page.one("input", name="rang_at")["value"] == "2026-07-01T13:05"
    send(visitor, opened(visitor) | FILLED | {"rang_at": "2026-07-01T12:45"})
    (row,) = visitor.rows(RECORDS)
    desk.store.close()
    assert row["rang_at"] == "2026-07-01T11:45:00.000000Z"
    assert row["at"] == "2026-07-01T12:05:40.000000Z"


@BOTH
def test_what_is_sent_is_recorded_and_the_reference_comes_back_below_what_to_do(visitor, in_place):
    response = send(visitor, opened(visitor) | FILLED, in_place=in_place)
    page = Parsed(response)
    assert response.status_code == 200
    assert reference_on(response) == "QR-2026-0001"
    said = page.one(of_class="recorded")
    assert said["role"] == "status"
    assert "not a referral" in said.text
    text = page.one("section", of_class="no-answer-form").text
    assert text.index("Ring 999") < text.index("Recorded as")
    assert not [form for form in page.all("form") if form["action"].startswith("/no-answer/")]
    assert visitor.rows(RECORDS) == [
        {
            "reference": "QR-2026-0001", "kind": "no-adequate-answer", "at": utc(FRIDAY_NOON), "channel": "web",
            "person_id": None, "agency": None, "contact": DUTY_TEAM, "rang_at": "2026-11-20T11:40:00.000000Z",
            "waited": "never-answered", "did": "rang-999", "data": "{}", "text": None,
        }
    ]  # fmt: skip


def test_the_form_opens_in_place_and_the_answer_takes_its_place(visitor):
    page = Parsed(visitor.get("/"))
    link = page.one("a", of_class="no-answer", href=f"/no-answer/{FRONT_DOOR}")
    assert link["hx-get"] == link["href"]
    assert link["hx-target"] == "this"
    form = Parsed(visitor.get(link["href"], in_place=True)).one("form")
    assert (form["hx-target"], form["hx-swap"]) == ("closest .no-answer-form", "outerHTML")


@pytest.mark.parametrize("agency", ["gp", "astronauts"])
def test_the_agency_that_is_remembered_is_recorded_where_there_is_such_a_one(visitor, agency):
    visitor.cookies.set("agency", agency)
    send(visitor, opened(visitor) | FILLED)
    assert [row["agency"] for row in visitor.rows(RECORDS)] == [agency if agency == "gp" else None]


def test_the_same_form_sent_twice_is_one_record_with_the_same_reference(visitor):
    fields = opened(visitor) | FILLED
    first, second = send(visitor, fields), send(visitor, fields, in_place=True)
    assert reference_on(first) == reference_on(second) == "QR-2026-0001"
    assert reference_on(send(visitor, opened(visitor) | FILLED)) == "QR-2026-0002"
    assert len(visitor.rows(RECORDS)) == 2


def test_a_button_pressed_eight_times_at_once_is_one_record(desk, visitor):
    fields = opened(visitor) | FILLED
    with ThreadPoolExecutor(8) as pool:
        responses = list(pool.map(lambda _: send(Visitor(desk), fields), range(8)))
    assert {reference_on(response) for response in responses} == {"QR-2026-0001"}
    assert len(visitor.rows(RECORDS)) == 1


@BOTH
@pytest.mark.parametrize(
    ("change", "count"),
    [
        ({"rang_at": ""}, 1),
        ({"rang_at": "yesterday"}, 1),
        ({"rang_at": "2026-13-40T10:00"}, 1),
        ({"rang_at": "0001-01-01T00:00"}, 1),
        ({"rang_at": "9999-12-31T23:59:59.999999-23:59"}, 1),
        ({"rang_at": "2026-11-20T12:02"}, 1),
        ({"rang_at": "2026-11-13T11:59"}, 1),
        ({"waited": ""}, 1),
        ({"waited": "for ever"}, 1),
        ({"did": "<b>"}, 1),
        ({"rang_at": "", "waited": "", "did": ""}, 3),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_the_rest_stays_filled_in(visitor, change, count, in_place):
    fields = opened(visitor) | FILLED | change
    response = send(visitor, fields, in_place=in_place)
    page = Parsed(response)
    assert len(problems_on(response)) == count
    assert all(p["role"] == "alert" for p in page.all(of_class="problem"))
    kept = {field["name"]: field["value"] for field in page.all("input", type="hidden")}
    assert kept == {name: fields[name] for name in ("number", "signature")}
    assert page.one("input", name="rang_at")["value"] == fields["rang_at"]
    checked = {f["name"]: f["value"] for f in page.all("input", type="radio") if "checked" in f.attributes}
    valid = {"waited": set(Waited), "did": set(Did)}
    assert checked == {name: fields[name] for name in valid if fields[name] in valid[name]}
    assert "Ring 999" in page.one("section", of_class="no-answer-form").text
    assert visitor.rows(RECORDS) == []
    assert reference_on(send(visitor, kept | FILLED)) == "QR-2026-0001"


@pytest.mark.parametrize(("rang_at", "taken"), [
    ("2026-11-20T12:01", True), ("2026-11-20T12:02", False), ("2026-11-13T12:00", True), ("2026-11-13T11:59", False),
])  # fmt: skip
def test_the_page_takes_times_of_the_last_seven_days(visitor, rang_at, taken):
    send(visitor, opened(visitor) | FILLED | {"rang_at": rang_at})
    assert len(visitor.rows(RECORDS)) == taken


@pytest.mark.parametrize(
    ("now", "rang_at", "kept"),
    [
        # Clocks went back on 25 October 2026 at 1:00 UTC: 1:30 was there twice, and the first of them counts.
        ("2026-10-25T00:40", "2026-10-25T01:30", "2026-10-25T00:30"),
        ("2026-10-25T02:00", "2026-10-25T01:30", "2026-10-25T00:30"),
        ("2026-10-25T03:00", "2026-10-25T02:00", "2026-10-25T02:00"),
        # Seven days are seven times 24 hours.
        ("2026-10-30T12:00", "2026-10-23T13:00", "2026-10-23T12:00"),
        ("2026-10-30T12:00", "2026-10-23T12:59", None),
        # And forward on 29 March 2026 at 1:00 UTC: 1:30 was never there, and is read as half past two.
        ("2026-03-29T01:45", "2026-03-29T01:30", "2026-03-29T01:30"),
        ("2026-03-29T01:45", "2026-03-29T02:30", "2026-03-29T01:30"),
        ("2026-04-04T12:00", "2026-03-28T12:00", "2026-03-28T12:00"),
        ("2026-04-04T12:00", "2026-03-28T11:59", None),
    ],
)
def test_times_around_a_change_of_the_clocks_are_read_as_the_partnership_s(barnsley, tmp_path, now, rang_at, kept):
    desk = desk_of(barnsley, tmp_path, datetime.fromisoformat(now).replace(tzinfo=UTC))
    visitor = Visitor(desk)
    send(visitor, opened(visitor) | FILLED | {"rang_at": rang_at})
    found = [row["rang_at"] for row in visitor.rows(RECORDS)]
    desk.store.close()
    assert found == ([f"{kept}:00.000000Z"] if kept else [])


@pytest.fixture(scope="module")
def any_visitor(barnsley, tmp_path_factory):
    desk = desk_of(barnsley, tmp_path_factory.mktemp("anything"))
    yield Visitor(desk)
    desk.store.close()


@hypothesis_settings(deadline=None, max_examples=80)
@given(
    st.text(max_size=30) | st.datetimes().map(str) | st.datetimes(timezones=st.timezones()).map(datetime.isoformat),
    st.text(max_size=10) | st.sampled_from(list(Waited)),
    st.text(max_size=10) | st.sampled_from(["<script>", '"', *Did]),
)
def test_whatever_is_sent_is_recorded_or_comes_back_as_text(any_visitor, rang_at, waited, did):
    fields = opened(any_visitor) | {"rang_at": rang_at, "waited": waited, "did": did}
    response = send(any_visitor, fields, in_place=True)
    page = Parsed(response)
    assert response.status_code == 200
    assert not page.all("script")
    if not page.all(of_class="recorded"):
        expected = rang_at.encode("utf-8", "replace").decode()
        assert page.one("input", name="rang_at")["value"].split() == expected.split()


@BOTH
@pytest.mark.parametrize("name", ["nothing", EMERGENCY, "safeguarding-unit", "%3Cscript%3E", "x" * 3000])
def test_a_service_that_cannot_be_reported_gets_a_helpful_404(visitor, name, in_place):
    fields = opened(visitor) | FILLED
    looked_at, sent = (
        visitor.get(f"/no-answer/{name}", in_place=in_place),
        send(visitor, fields, name, in_place=in_place),
    )
    for response in (looked_at, sent):
        page = Parsed(response)
        assert response.status_code == 404
        assert "There is no such service" in response.text
        assert "<script>" not in response.text
        if not in_place:
            assert {"tel:999", "tel:101"} <= {a["href"] for a in page.all("a")}
    assert visitor.rows(RECORDS) == []


def test_every_number_on_the_pages_has_the_link_but_999_and_each_link_leads_on(visitor, barnsley):
    seen = set()
    for full_id, entry in barnsley.knowledge.entries.items():
        page = Parsed(visitor.get(f"/guidance/{full_id}"))
        links = {a["href"].rpartition("/")[2] for a in page.all("a", of_class="no-answer")}
        listed = {c.id for c in barnsley.knowledge.contacts_of(entry) if can_be_reported(c)}
        assert listed <= links, full_id
        assert EMERGENCY not in links
        seen |= links
    assert any(EMERGENCY in entry.contacts for entry in barnsley.knowledge.entries.values())
    for name in seen:
        assert visitor.get(f"/no-answer/{name}").status_code == 200, name


@BOTH
def test_while_the_database_is_broken_what_was_filled_in_stays(visitor, tmp_path, in_place, caplog):
    fields = opened(visitor) | FILLED
    with closing(sqlite3.connect(tmp_path / "safeguarding.db")) as connection:
        connection.execute("ALTER TABLE quick_records RENAME TO gone")
    response = send(visitor, fields, in_place=in_place)
    page = Parsed(response)
    assert response.status_code == 200
    assert problems_on(response) == [NOT_SAVED]
    assert not page.all(of_class="recorded")
    kept = {f["name"]: f["value"] for f in page.all("input", type="hidden")}
    kept |= {"rang_at": page.one("input", name="rang_at")["value"]}
    kept |= {f["name"]: f["value"] for f in page.all("input", type="radio") if "checked" in f.attributes}
    assert kept == fields
    assert "quick_records" not in caplog.text
    with closing(sqlite3.connect(tmp_path / "safeguarding.db")) as connection:
        connection.execute("ALTER TABLE gone RENAME TO quick_records")
    assert reference_on(send(visitor, kept, in_place=in_place)) == "QR-2026-0001"
    assert len(visitor.rows(RECORDS)) == 1


def test_without_a_database_what_to_do_is_said_and_nothing_is_promised(visitor, desk):
    desk.store.close()
    desk.store, store = None, desk.store
    response = send(visitor, opened(visitor) | FILLED)
    desk.store = store
    assert problems_on(response) == [NOT_SAVED]
    assert "Ring 999" in response.text
    assert desk.unrecorded == 1


def test_while_the_knowledge_is_broken_a_service_of_the_last_copy_can_be_reported(visitor, desk, barnsley):
    desk.library._copy = dataclasses.replace(barnsley.directory, as_of=FRIDAY_NOON.date())
    desk.library.guidance = None
    response = send(visitor, opened(visitor) | FILLED)
    assert reference_on(response) == "QR-2026-0001"


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://elsewhere.test"}],
)
def test_a_form_of_another_site_is_refused(visitor, headers):
    fields = opened(visitor) | FILLED
    response = visitor.send("POST", f"/no-answer/{DUTY_TEAM}", data=fields, headers=headers)
    assert response.status_code == 403
    assert visitor.rows(RECORDS) == []
    own = {"Sec-Fetch-Site": "same-origin", "Origin": "http://page.test"}
    response = visitor.send("POST", f"/no-answer/{DUTY_TEAM}", data=fields, headers=own)
    assert reference_on(response) == "QR-2026-0001"


@BOTH
@pytest.mark.parametrize("forged", ["", "0" * 64, "é", "of another form", "of a correction", "no number"])
def test_a_form_that_we_did_not_hand_out_is_refused(visitor, forged, in_place):
    fields = opened(visitor) | FILLED
    if forged == "of another form":
        fields["signature"] = opened(visitor)["signature"]
    elif forged == "of a correction":
        page = Parsed(visitor.get("/correction/contacts.front-door"))
        fields |= {f["name"]: f["value"] for f in page.all("input", type="hidden")}
    elif forged == "no number":
        fields["number"] = ""
    else:
        fields["signature"] = forged
    response = send(visitor, fields, in_place=in_place)
    assert response.status_code == 400
    assert OLD_FORM in response.text
    assert visitor.rows(RECORDS) == []


# In Slack

LABEL = "I rang: no adequate answer"
DANGER = "he is strangling her now"
NOW = int(WEDNESDAY_MORNING.timestamp())
CHOSEN = {"service": FRONT_DOOR, "rang_at": NOW - 600, "waited": "20-minutes", "did": "told-safeguarding-lead"}


def form_of(bot, how="command", text="what is private fostering", **press):
    """The form that the button of a message opens."""
    message, _ = asked(bot, how, text)
    bot.press(message, LABEL, **press)
    return bot.slack.wait_taken("views.open")[-1]


def inputs(opened):
    return {block["block_id"]: block for block in opened.arguments["view"]["blocks"] if block["type"] == "input"}


def text_of(view):
    return "\n".join(block["text"]["text"] for block in view["blocks"] if block["type"] == "section")


@pytest.mark.parametrize(
    ("how", "text"),
    [
        ("mention", "what is private fostering"),
        ("direct", "what is private fostering"),
        ("command", "what is private fostering"),
        ("command", "contacts"),
        ("mention", "quantum chromodynamics"),
    ],
)
def test_the_button_under_answers_and_numbers_opens_the_form(bot, barnsley, how, text):
    view = form_of(bot, how, text).arguments["view"]
    said = text_of(view)
    assert said.index("999") < said.index("safeguarding lead") < said.index("Tell the partnership")
    assert "<tel:101|101>" in said
    assert "not a referral" in said


@pytest.mark.parametrize("how", ["mention", "direct", "command"])
def test_the_button_stands_on_the_emergency_card_too(bot, how):
    getattr(bot, how)(DANGER)
    bot.settle()
    card = next(call for call in bot.slack.taken() if messages.EMERGENCY_FIRST in call.text)
    assert card.buttons[LABEL]["value"] == FRONT_DOOR
    bot.press(card, LABEL)
    (opened,) = bot.slack.wait_taken("views.open")
    assert [option["value"] for option in inputs(opened)["service"]["element"]["options"]] == [FRONT_DOOR]


def test_a_message_without_a_service_has_no_button_and_999_is_in_none(bot, barnsley):
    names = [entry.title for entry in barnsley.knowledge.entries.values() if EMERGENCY in entry.contacts]
    for title in names[:5]:
        message, _ = asked(bot, "command", title)
        assert EMERGENCY not in message.buttons[LABEL]["value"].split(",")
    message, _ = asked(bot, "command", "hello")
    assert LABEL not in message.buttons


def test_the_form_asks_which_service_when_how_long_and_what_was_done(bot):
    opened = form_of(bot, "command", "contacts")
    fields = inputs(opened)
    assert list(fields) == ["service", "rang_at", "waited", "did"]
    assert [option["value"] for option in fields["service"]["element"]["options"]] == [FRONT_DOOR, DUTY_TEAM]
    assert fields["service"]["element"]["initial_option"]["value"] == FRONT_DOOR
    assert fields["rang_at"]["element"]["initial_date_time"] == NOW
    for name, kind in (("waited", Waited), ("did", Did)):
        offered = fields[name]["element"]["options"]
        assert [(o["value"], o["text"]["text"]) for o in offered] == [(o.value, o.label) for o in kind]


def test_at_night_the_form_begins_with_who_is_there(bot):
    bot.now = FRIDAY_NIGHT
    opened = form_of(bot, "command", "contacts")
    assert inputs(opened)["service"]["element"]["initial_option"]["value"] == DUTY_TEAM
    assert "01226 772423" not in text_of(opened.arguments["view"])


def test_what_is_sent_is_recorded_before_it_is_acknowledged(bot, barnsley):
    opened = form_of(bot)
    answer = bot.submit(opened, CHOSEN).json()
    (row,) = bot.rows(RECORDS)  # read as soon as the acknowledgement is there
    assert answer["response_action"] == "update"
    view = answer["view"]
    assert faults_of("views.open", {"view": view}) == []
    assert "Recorded as QR-2026-0001." in text_of(view)
    assert "Ring 999" in text_of(view)
    (person,) = bot.rows("SELECT id, channel_user_id FROM people")
    assert person["channel_user_id"] == ASKER
    assert row == {
        "reference": "QR-2026-0001", "kind": "no-adequate-answer", "at": utc(WEDNESDAY_MORNING), "channel": "slack",
        "person_id": person["id"], "agency": None, "contact": FRONT_DOOR,
        "rang_at": utc(WEDNESDAY_MORNING - timedelta(minutes=10)), "waited": "20-minutes",
        "did": "told-safeguarding-lead", "data": "{}", "text": None,
    }  # fmt: skip


def test_a_database_that_hangs_leaves_the_form_open_and_records_it_once_on_the_next_try(bot):
    opened = form_of(bot)
    held, entered = threading.Event(), threading.Event()

    def hold(_):
        entered.set()
        held.wait(10)

    bot.store.submit(hold)
    assert entered.wait(10)
    try:
        response = bot.submit(opened, CHOSEN, view_id="V1")
    finally:
        held.set()
    assert response.json()["response_action"] == "errors"
    assert response.elapsed.total_seconds() < 3, "Slack waits for three seconds"
    assert "QR-2026-0001" in text_of(bot.submit(opened, CHOSEN, view_id="V1").json()["view"])
    bot.stop()
    assert len(bot.rows(RECORDS)) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"rang_at": NOW + 61}, "rang_at"),
        ({"rang_at": NOW - int(LONGEST_AGO.total_seconds()) - 1}, "rang_at"),
        ({"rang_at": None}, "rang_at"),
        ({"waited": None}, "waited"),
        ({"did": None}, "did"),
    ],
)
def test_an_error_stands_at_its_field_and_nothing_is_recorded(bot, change, field):
    opened = form_of(bot)
    answer = bot.submit(opened, CHOSEN | change).json()
    assert answer["response_action"] == "errors"
    assert list(answer["errors"]) == [field]
    assert field in inputs(opened)
    assert bot.rows(RECORDS) == []


@pytest.mark.parametrize("rang_at", [NOW, NOW + 60, NOW - int(LONGEST_AGO.total_seconds())])
def test_a_time_at_the_bounds_is_taken(bot, rang_at):
    answer = bot.submit(form_of(bot), CHOSEN | {"rang_at": rang_at}).json()
    assert answer["response_action"] == "update"


def test_a_service_that_is_gone_when_the_form_is_sent_is_said_at_its_field(bot):
    opened = form_of(bot)
    bot.desk.library.guidance = None
    answer = bot.submit(opened, CHOSEN).json()
    assert answer == {
        "response_action": "errors",
        "errors": {"service": "This service is no longer listed."},
    }
    assert bot.rows(RECORDS) == []


def test_the_same_form_delivered_twice_is_one_record_with_the_same_reference(bot):
    opened = form_of(bot)
    first, second = (bot.submit(opened, CHOSEN, view_id="V1").json() for _ in range(2))
    assert first == second
    assert "QR-2026-0002" in text_of(bot.submit(opened, CHOSEN, view_id="V2").json()["view"])
    assert len(bot.rows(RECORDS)) == 2


@pytest.mark.parametrize("value", ["gone", EMERGENCY, "safeguarding-unit", "", f"gone,{EMERGENCY}", "x" * 2000])
def test_an_old_button_says_so(bot, value):
    message, _ = asked(bot, "mention", "what is private fostering")
    bot.press(message, LABEL, value=value)
    (told,) = bot.slack.wait_taken("response_url")
    assert told.text == messages.OLD_BUTTON
    assert bot.slack.taken("views.open") == []


def test_a_button_of_which_one_service_is_left_opens_the_form_for_that_one(bot):
    message, _ = asked(bot, "mention", "what is private fostering")
    bot.press(message, LABEL, value=f"gone,{DUTY_TEAM},{EMERGENCY}")
    (opened,) = bot.slack.wait_taken("views.open")
    assert [option["value"] for option in inputs(opened)["service"]["element"]["options"]] == [DUTY_TEAM]


def test_without_a_database_the_form_says_what_to_do_and_stays_open(start_bot):
    bot = start_bot(store=False)
    opened = form_of(bot)
    assert "Ring 999" in text_of(opened.arguments["view"])
    answer = bot.submit(opened, CHOSEN).json()
    assert answer["response_action"] == "errors"
    (said,) = answer["errors"].values()
    assert set(answer["errors"]) <= set(inputs(opened))
    assert "Not" in said
    assert "Send" not in said, "the button of this form is called Record this"


AMPERSANDS = "Barnsley & Penistone <duty> & " * 20


@pytest.fixture
def crowded(smalltown):
    """A partnership with many services that are always there, all of them with long names that need escaping."""
    names = [f"service-{number}" for number in range(120)]
    (smalltown / "partnership.yaml").write_text(
        json.dumps({"name": "Smalltown", "emergency_contacts": names[:20]}), "utf-8"
    )
    services = [
        {"id": name, "name": AMPERSANDS[:580] + name, "hours": "always",
         "numbers": [{"display": f"01632 96{number:04}", "dial": f"+44163296{number:04}"}]}
        for number, name in enumerate(names)
    ]  # fmt: skip
    (smalltown / "contacts.yaml").write_text(json.dumps({"contacts": services}), "utf-8")
    text = (smalltown / "private-fostering.yaml").read_text("utf-8")
    (smalltown / "private-fostering.yaml").write_text(
        text.replace("contacts: [front-door]", f"contacts: [{', '.join(names)}]"), "utf-8"
    )
    return Guidance.of(load(layers_of(smalltown.parent, "smalltown")))


def test_the_form_keeps_slack_s_limits_however_many_services_there_are(start_bot, crowded):
    bot = start_bot(crowded)
    opened = form_of(bot)
    offered = inputs(opened)["service"]["element"]["options"]
    assert len(offered) == 100
    answer = bot.submit(opened, CHOSEN | {"service": offered[-1]["value"]}).json()
    assert answer["response_action"] == "update"
    assert faults_of("views.open", {"view": answer["view"]}) == []


def test_no_choice_is_cut_in_slack():
    assert all(len(option.label) <= blocks.MAX_BUTTON for kind in (Waited, Did) for option in kind)


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


def test_in_a_chat_no_answer_says_what_to_do_before_it_asks_anything_and_records_the_rest(database):
    before = datetime.now(UTC)
    printed = ran("chat", "--agency", "high-school", typed="no answer\n1\ny\n2\n3\n\n")
    places = [printed.index(t) for t in ("Which service?", "Ring 999", "safeguarding lead", "Record it", "How long")]
    assert places == sorted(places)
    reference = f"QR-{before.year}-0001"
    assert f"Recorded as {reference}. It is not a referral." in printed
    (row,) = rows_of(database, RECORDS)
    first = re.search(r"1\. Smalltown (front door|duty team)", printed).group(1).replace(" ", "-")
    expected = {"reference": reference, "channel": "terminal", "contact": first, "waited": "an-hour",
                "did": "rang-another-service", "agency": "high-school", "person_id": None}  # fmt: skip
    assert row.items() >= expected.items()
    assert utc(before) <= row["rang_at"] <= row["at"] <= utc(datetime.now(UTC))


@pytest.mark.parametrize("typed", ["no answer", " No Answer ", "NO ANSWER"])
def test_the_words_open_the_form_however_they_are_written(database, typed):
    assert "Which service?" in ran("chat", typed=f"{typed}\n")


def test_the_words_within_a_question_are_a_question(database):
    printed = ran("chat", typed="there is no answer at the front door\n")
    assert "Which service?" not in printed
    assert len(rows_of(database, "SELECT id FROM questions")) == 1


def test_a_choice_that_is_not_offered_is_asked_again(database):
    printed = ran("chat", typed="no answer\n3\n0\n1\n\n5\n4\nnone\n6\n5\n")
    assert "Recorded as" in printed
    (row,) = rows_of(database, RECORDS)
    assert (row["waited"], row["did"]) == ("answered-without-help", "nothing-yet")


@pytest.mark.parametrize("typed", ["", "1\n", "1\ny\n", "1\ny\n2\n", "1\nn\n"])
def test_a_form_that_is_not_filled_in_to_its_end_records_nothing(database, typed):
    printed = ran("chat", typed=f"no answer\n{typed}")
    assert "Recorded as" not in printed
    assert ("Nothing was recorded." in printed) is not typed.endswith("n\n")
    assert rows_of(database, RECORDS) == []


def read_until(stream, text):
    """What a program has printed by the time it prints `text`."""
    seen = b""
    while text not in seen:
        ready, _, _ = select.select([stream], [], [], 30)
        assert ready, seen
        piece = os.read(stream.fileno(), 100_000)
        assert piece, seen
        seen += piece
    return seen


def test_ctrl_c_in_the_middle_records_nothing_and_the_chat_goes_on(database):
    command = [sys.executable, "-u", str(ROOT / "app.py"), "chat"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    # Tests that run in the background inherit a Ctrl-C that is ignored; somebody at a terminal does not.
    with subprocess.Popen(command, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL), **pipes) as chat:
        chat.stdin.write(b"no answer\n1\ny\n2\n")
        chat.stdin.flush()
        read_until(chat.stdout, b"What did you do?: ")
        chat.send_signal(signal.SIGINT)
        while not select.select([chat.stdout], [], [], 2)[0]:  # it may have come while Python could not take it
            chat.send_signal(signal.SIGINT)
        read_until(chat.stdout, b"Nothing was recorded.")
        shown, _ = chat.communicate(b"what is private fostering\n\n", timeout=30)
    assert b"28 days or more" in shown
    assert chat.returncode == 0
    assert rows_of(database, RECORDS) == []


def test_without_a_database_the_chat_says_what_to_do_and_that_nothing_was_saved(database):
    database.mkdir(parents=True)
    printed = run("chat", typed="no answer\n1\ny\n1\n1\n").stdout
    assert "Ring 999" in printed
    assert terminal_forms.NOT_SAVED in printed
    assert "Recorded as" not in printed


def test_a_chat_that_knows_no_service_says_999(here):
    (here / "contacts.yaml").write_text("topic: [")
    printed = run("chat", typed="no answer\n").stdout
    assert "In danger, ring 999." in printed
    assert "Which service?" not in printed


# Written out


@pytest.fixture
def three(database):
    """Three records of two channels, the oldest not the first that was added."""
    migrate(database)
    store = Store(database)

    def work(tx):
        tx.execute("INSERT INTO people (id, channel, channel_user_id) VALUES ('p1', 'slack', 'U0ANN')")
        for hour, channel, person, agency in (
            (13, "slack", "p1", None),
            (12, "web", None, "gp"),
            (14, "web", None, None),
        ):
            at = FRIDAY_NOON.replace(hour=hour)
            record = NoAnswer(DUTY_TEAM, at - MINUTE, Waited.NEVER, Did.RANG_999)
            quick_records.add_no_answer(tx, record, at=at, channel=channel, person_id=person, agency=agency)

    store.submit(work).result(10)
    store.close()
    return database


def test_quick_records_are_exported_as_csv_with_every_column_the_oldest_first(three):
    rows = list(csv.DictReader(io.StringIO(ran("export", "quick-records"))))
    assert [row["reference"] for row in rows] == numbered(2, 1, 3)
    assert rows[1] == {
        "reference": "QR-2026-0001", "kind": "no-adequate-answer", "at": "2026-11-20T13:00:00.000000Z",
        "channel": "slack", "person_id": "p1", "agency": "", "contact": DUTY_TEAM,
        "rang_at": "2026-11-20T12:59:00.000000Z", "waited": "never-answered", "did": "rang-999",
        "data": "{}", "text": "",
    }  # fmt: skip
    with closing(connect(three)) as connection:
        columns = [row["name"] for row in connection.execute("PRAGMA table_info(quick_records)")]
    assert list(rows[0]) == columns == list(quick_records.EXPORTED)


def test_quick_records_are_exported_as_json_with_the_same_content(three):
    rows = json.loads(ran("export", "quick-records", "--format", "json"))
    assert rows == rows_of(three, RECORDS)


def test_before_the_first_record_the_export_is_a_heading_or_an_empty_list(database):
    assert ran("export", "quick-records").split() == [",".join(quick_records.EXPORTED)]
    assert json.loads(ran("export", "quick-records", "--format", "json")) == []


def test_what_was_recorded_on_the_page_is_what_is_exported(visitor, desk, tmp_path, here, monkeypatch):
    send(visitor, opened(visitor) | FILLED)
    desk.store.close()
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/safeguarding.db")
    (row,) = json.loads(ran("export", "quick-records", "--format", "json"))
    assert row.items() >= {"reference": "QR-2026-0001", "contact": DUTY_TEAM, "did": "rang-999"}.items()
