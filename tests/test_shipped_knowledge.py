"""The knowledge that is shipped: nothing to put right, and every entry of the fact sheet's sections A to G."""

from pathlib import Path

import pytest

from bot.knowledge.checks import check
from bot.knowledge.loading import layers_of, load

SHIPPED = Path(__file__).resolve().parent.parent / "knowledge"

SECTIONS = {
    "thresholds": """
        overview level-1 level-2 level-3 level-4 early-help-or-referral section-17 section-47 step-up step-down
        consent when-in-doubt
        """,
    "escalation": """
        overview when-to-use immediate-risk stage-1 stage-2 stage-3 stage-4 recording monitoring
        """,
    "mash": """
        what-it-is make-a-referral good-referral tell-the-family what-happens-next decision-timescale
        feedback-expected feedback-not-received gp-referrals strategy-meetings strategy-minutes
        education-representative police-intelligence
        """,
    "private-fostering": """
        definition close-relative not-private-fostering notification council-duties examples how-to-report
        """,
    "safer-sleep": """
        key-messages sofa bed-sharing smoking temperature out-of-routine conversation
        """,
    "icon": """
        message coping-plan male-carers head-injury-signs
        """,
    "contacts": """
        emergency-999 police-non-emergency front-door emergency-duty-team lado safeguarding-unit ofsted
        nspcc-childline online-harm specialist-lines
        """,
}


@pytest.fixture(scope="module")
def barnsley():
    return load(layers_of(SHIPPED, "barnsley"))


def test_the_strict_check_finds_nothing_in_barnsleys_knowledge():
    checked = check(SHIPPED / "barnsley")

    assert [str(fault) for fault in (*checked.faults, *checked.advice)] == []
    assert not checked.failed(strict=True)


def test_the_check_finds_nothing_in_englands_knowledge_alone():
    assert [str(fault) for fault in check(SHIPPED / "england").faults] == []


def test_all_sixty_two_entries_are_there(barnsley):
    expected = {f"{topic}.{entry_id}" for topic, ids in SECTIONS.items() for entry_id in ids.split()}

    assert len(expected) == 62
    assert expected - set(barnsley.entries) == set()


def test_every_entry_has_fifteen_phrases_or_more(barnsley):
    assert {full_id: len(e.phrases) for full_id, e in barnsley.entries.items() if len(e.phrases) < 15} == {}


def test_every_entry_is_a_draft_that_nobody_has_approved(barnsley):
    approved = [e.full_id for e in barnsley.entries.values() if not e.is_draft or e.approval.by or e.approval.on]

    assert approved == []


def test_every_entry_has_a_source_a_day_of_writing_and_a_later_day_of_review(barnsley):
    lacking = [e.full_id for e in barnsley.entries.values() if not (e.sources and e.compiled and e.review_by)]

    assert lacking == []
    assert [e.full_id for e in barnsley.entries.values() if e.review_by <= e.compiled] == []


def test_every_contact_of_every_entry_can_be_reached(barnsley):
    for entry in barnsley.entries.values():
        reached = barnsley.contacts_of(entry)
        assert [contact.id for contact in reached] == list(entry.contacts)
        assert all(contact.numbers or contact.email or contact.web for contact in reached), entry.full_id
