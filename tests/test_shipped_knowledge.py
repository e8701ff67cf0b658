"""The knowledge that is shipped: nothing to put right, every entry of the fact sheet, and two partnerships apart."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.answering.guidance import Guidance
from bot.knowledge.approvals import text_of
from bot.knowledge.checks import check
from bot.knowledge.loading import layers_of, load
from bot.knowledge.reading_age import reading_age
from handlers import wording

SHIPPED = Path(__file__).resolve().parent.parent / "knowledge"

SHEET = frozenset(json.loads((Path(__file__).parent / "facts.json").read_text("utf-8"))) - {"barnet"}
"""The 97 ids of the fact sheet."""


@pytest.fixture(scope="module", params=["barnsley", "barnet"])
def folder(request):
    return SHIPPED / request.param


@pytest.fixture(scope="module")
def knowledge(folder):
    return load(layers_of(SHIPPED, folder.name))


def guidance_of(knowledge):
    return [entry for entry in knowledge.entries.values() if not entry.signpost]


def test_the_strict_check_finds_nothing_in_either_partnerships_knowledge(folder):
    checked = check(folder)

    assert [str(fault) for fault in (*checked.faults, *checked.advice)] == []
    assert not checked.failed(strict=True)


def test_the_check_finds_nothing_in_englands_knowledge_alone():
    assert [str(fault) for fault in check(SHIPPED / "england").faults] == []


def test_all_ninety_seven_entries_are_there_and_everything_else_is_a_signpost(knowledge):
    assert len(SHEET) == 97
    assert {entry.full_id for entry in guidance_of(knowledge)} == SHEET
    assert all(entry.topic == "no-guidance-yet" for entry in knowledge.entries.values() if entry.signpost)


def test_every_entry_is_asked_for_in_twenty_ways_or_more_and_has_near_misses(knowledge):
    few = {e.full_id: len(e.phrases) for e in knowledge.entries.values() if len(e.phrases) < 20}

    assert few == {}
    assert [e.full_id for e in knowledge.entries.values() if len(e.never) < 3] == []


def test_the_guidance_reads_at_twelve_in_the_middle_and_at_fifteen_at_most(knowledge):
    ages = sorted(reading_age(entry) for entry in guidance_of(knowledge))

    assert ages[len(ages) // 2] <= 12
    assert ages[-1] <= 15


def test_the_twenty_one_points_that_barnsley_has_to_confirm_stand_in_the_entries_that_wait_for_them():
    knowledge = load(layers_of(SHIPPED, "barnsley"))

    assert len(knowledge.to_confirm) == 21
    waiting = {full_id for point in knowledge.to_confirm for full_id in point.entries}
    assert [full_id for full_id in waiting if knowledge.entries[full_id].confirm_locally is None] == []


def test_barnet_shows_nothing_of_barnsleys():
    barnsley, barnet = (load(layers_of(SHIPPED, name)) for name in ("barnsley", "barnet"))
    england = load([SHIPPED / "england"])
    its_own = set(barnsley.contacts) - set(england.contacts)
    numbers = {n.dial for name in its_own for n in barnsley.contacts[name].numbers}
    addresses = {barnsley.contacts[name].email for name in its_own} - {None}

    assert len(numbers) >= 5
    assert {n.dial for contact in barnet.contacts.values() for n in contact.numbers} & numbers == set()
    assert {contact.email for contact in barnet.contacts.values()} & addresses == set()
    for entry in barnet.entries.values():
        said = text_of(entry).model_copy(update={"sources": ()}).model_dump_json()
        assert not re.search(r"Barnsley|South Yorkshire|01226", said), entry.full_id


def test_at_night_barnets_emergency_card_says_that_the_duty_teams_number_is_not_known():
    guidance = Guidance.of(load(layers_of(SHIPPED, "barnet")))

    night = " ".join(wording.card_lines(guidance.directory.card(datetime(2026, 11, 21, 23, tzinfo=UTC))))
    day = " ".join(wording.card_lines(guidance.directory.card(datetime(2026, 11, 20, 11, tzinfo=UTC))))

    assert "999" in night
    assert "number not known" in night
    assert "ask on 101" in night
    assert "020 8359 4066" in day
    assert "not known" not in day


def test_every_entry_is_a_draft_that_nobody_has_approved(knowledge):
    approved = [e.full_id for e in knowledge.entries.values() if not e.is_draft or e.approval.by or e.approval.on]

    assert approved == []


def test_every_entry_has_a_source_a_day_of_writing_and_a_later_day_of_review(knowledge):
    lacking = [e.full_id for e in knowledge.entries.values() if not (e.sources and e.compiled and e.review_by)]

    assert lacking == []
    assert [e.full_id for e in knowledge.entries.values() if e.review_by <= e.compiled] == []


def test_every_contact_of_every_entry_can_be_reached(knowledge):
    for entry in knowledge.entries.values():
        reached = knowledge.contacts_of(entry)
        assert [contact.id for contact in reached] == list(entry.contacts)
        assert all(c.numbers or c.email or c.web or (c.confirm and c.note) for c in reached), entry.full_id
