"""Conversations as scripts: what was typed, the status that came back, and the entry that was answered with or shown.

They run through the chat's own answering path, in one thread, by words alone.
"""

import json
from datetime import UTC, datetime

import pytest

from bot.answering.answer import answer
from bot.answering.evaluation import evaluate
from bot.answering.matching.matcher import is_elliptical
from bot.answering.reply import Asked
from bot.config import ROOT

FRIDAY_MORNING = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)

ANSWERED_OR_OFFERED = "answered or choose"
"""For questions that lie so near to several entries that either will do, so long as the right one is shown."""

SCRIPTS = {
    "a duty solicitor's evening": [
        ("hello", "small_talk", None),
        ("front door number", "answered", "contacts.front-door"),
        ("and out of hours?", "answered", "contacts.emergency-duty-team"),
        ("what about the police", "answered", "contacts.police-non-emergency"),
        ("ta", "small_talk", None),
    ],
    "a childminder and a lodger": [
        ("what is private fostering", "answered", "private-fostering.definition"),
        ("who counts as a close relative", "answered", "private-fostering.close-relative"),
        ("and a cousin?", "answered", "private-fostering.close-relative"),
        ("and how do I report it?", ANSWERED_OR_OFFERED, "private-fostering.how-to-report"),
        ("thanks", "small_talk", None),
        ("bye", "small_talk", None),
    ],
    "a health visitor before a visit": [
        ("can parents sleep with baby on the sofa", "answered", "safer-sleep.sofa"),
        ("and in bed?", "answered", "safer-sleep.bed-sharing"),
        ("what if they smoke", "answered", "safer-sleep.smoking"),
        ("is the room too hot for the baby", "answered", "safer-sleep.temperature"),
    ],
    "a teacher who is not heard": [
        ("mash have not told me the outcome of my referral", ANSWERED_OR_OFFERED, "mash.feedback-not-received"),
        ("how do I write up a disagreement", "answered", "escalation.recording"),
        ("stage 1 of the escalation policy", ANSWERED_OR_OFFERED, "escalation.stage-1"),
        ("and stage 2?", ANSWERED_OR_OFFERED, "escalation.stage-2"),
        ("and stage 3?", ANSWERED_OR_OFFERED, "escalation.stage-3"),
        ("who checks the escalation policy works", "answered", "escalation.monitoring"),
    ],
    "a family that says no": [
        ("do we need consent for early help", "answered", "thresholds.consent"),
        ("what if they say no?", "answered", "thresholds.consent"),
        ("is this family level 3", "individual_case", "thresholds.level-3"),
        ("should I tell parents before I refer", "answered", "mash.tell-the-family"),
    ],
    "a name slips in": [
        ("Callum Smith is being hit at home, what do I do", "identifiers", None),
        ("a child is being hit at home, what do I do", "answered", "contacts.emergency-999"),
        ("and out of hours?", "answered", "contacts.emergency-duty-team"),
    ],
    "not for this bot": [
        ("what's for lunch in the canteen", "no_guidance", None),
        ("printer broken", "no_guidance", None),
        ("", "empty", None),
        ("who do I ring out of hours", "answered", "contacts.emergency-duty-team"),
    ],
    "a pasted case note": [
        ("We met at ten and agreed the plan. " * 80, "too_long", None),
        ("does a gp have to refer in writing", "answered", "mash.gp-referrals"),
    ],
    "a crying baby": [
        ("what is icon", "answered", "icon.message"),
        ("what do I tell dads?", ANSWERED_OR_OFFERED, "icon.male-carers"),
        ("signs of a head injury in a baby", "answered", "icon.head-injury-signs"),
    ],
    "about staff": [
        ("lado", "answered", "contacts.lado"),
        ("and out of hours?", "answered", "contacts.emergency-duty-team"),
        ("ofsted number", "answered", "contacts.ofsted"),
    ],
}


def talk(guidance, *typed):
    """The results of one thread."""
    line = json.dumps({"turns": [{"text": text} for text in typed]})
    return list(evaluate([line], guidance, FRIDAY_MORNING))


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS.keys())
def test_a_conversation_goes_as_written(barnsley, script):
    results = talk(barnsley, *(typed for typed, _, _ in script))
    for (typed, status, expected), result in zip(script, results, strict=True):
        assert result["text"] == typed
        assert result["status"] in status.split(" or "), (typed, result["status"], result["shown"])
        if expected is None:
            assert result["shown"] == [], typed
        elif status == ANSWERED_OR_OFFERED:
            assert expected in result["shown"], (typed, result["shown"])
        else:
            assert result["answer_id"] == expected, (typed, result["answer_id"])


@pytest.mark.parametrize(
    ("before", "typed", "expected"),
    [
        ("who counts as a close relative", "and a cousin?", "private-fostering.close-relative"),
        ("bed sharing advice", "and if they smoke?", "safer-sleep.smoking"),
        ("do we need consent for early help", "what if they say no?", "thresholds.consent"),
    ],
)
def test_a_follow_up_leans_on_the_question_before_it(barnsley, before, typed, expected):
    alone = talk(barnsley, typed)[0]
    after = talk(barnsley, before, typed)[1]
    assert expected in after["shown"]
    assert after["score"] > alone["score"]


@pytest.mark.parametrize(
    ("before", "typed", "expected"),
    [
        ("what is a section 47 enquiry", "and section 17?", "thresholds.section-17"),
        ("smoking near a baby", "and room temperature?", "safer-sleep.temperature"),
        ("front door number", "and childline?", "contacts.nspcc-childline"),
    ],
)
def test_a_follow_up_that_names_something_else_is_answered_with_that(barnsley, before, typed, expected):
    results = talk(barnsley, before, typed)
    assert results[0]["status"] == "answered"
    assert results[1]["shown"][0] == expected


@pytest.mark.parametrize("typed", ["car parking", "lunch menu?", "pay day", "printer broken"])
@pytest.mark.parametrize("before", ["who counts as a close relative", "front door number", "smoking near a baby"])
def test_a_few_words_out_of_scope_are_not_answered_with_what_went_before(barnsley, before, typed):
    results = talk(barnsley, before, typed)
    assert results[0]["status"] == "answered"
    assert results[1]["answer_id"] is None


def test_small_talk_and_refused_text_between_do_not_break_the_thread(barnsley):
    for between in ("thanks", "", "???", "how do I claim mileage", "Callum Smith hit her", "We agreed it. " * 200):
        results = talk(barnsley, "who counts as a close relative", between, "and a cousin?")
        assert results[1]["shown"] == [], between
        assert results[2]["answer_id"] == "private-fostering.close-relative", between


def test_a_question_that_stands_on_its_own_is_answered_the_same_in_any_thread(barnsley):
    lines = (ROOT / "tests" / "questions" / "dev-inscope.jsonl").read_text("utf-8").splitlines()
    whole = [text for text in (json.loads(line)["text"] for line in lines) if not is_elliptical(text)]
    assert len(whole) > 100
    for text in whole:
        alone = answer(Asked(text, FRIDAY_MORNING), barnsley)
        assert answer(Asked(text, FRIDAY_MORNING, previous="contacts.front-door"), barnsley) == alone


def test_an_entry_that_is_gone_since_the_question_before_changes_nothing(barnsley):
    for text in ("and out of hours?", "what is private fostering"):
        alone = answer(Asked(text, FRIDAY_MORNING), barnsley)
        assert answer(Asked(text, FRIDAY_MORNING, previous="contacts.long-gone"), barnsley) == alone


def test_each_line_of_questions_is_a_thread_of_its_own(barnsley):
    lines = [json.dumps({"text": "who counts as a close relative"}), json.dumps({"text": "and a cousin?"})]
    second = list(evaluate(lines, barnsley, FRIDAY_MORNING))[1]
    alone = talk(barnsley, "and a cousin?")[0]
    assert {**second, "ms": 0} == {**alone, "ms": 0}


@pytest.mark.parametrize(
    ("example", "entry"),
    [
        ("mum refuses early help, what now?", "thresholds.consent"),
        ("who do i ring tonight?", "contacts.emergency-duty-team"),
        ("is a cousin private fostering?", "private-fostering.close-relative"),
    ],
)
def test_the_examples_that_the_bot_itself_gives_find_their_guidance(barnsley, example, entry):
    assert example.lower() in barnsley.small_talk["bot.greeting"].answer.lower()
    assert entry in talk(barnsley, example)[0]["shown"]
