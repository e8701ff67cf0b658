"""From which confidence on an entry answers or is offered: found from knowledge, written down, and read again."""

import json
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.answering.guidance import Guidance
from bot.answering.matching import calibrate, thresholds
from bot.answering.matching.calibrate import Question
from bot.answering.matching.matcher import Candidate, Matcher, Ranking
from bot.answering.matching.semantic import Encoder, NoModel
from bot.answering.matching.thresholds import Thresholds, Trial
from bot.answering.matching.words import Vocabulary
from bot.knowledge.loading import load

SUBJECTS = {
    "sofa": ["settee", "armchair", "couch", "sofa"],
    "smoke": ["smoking", "cigarettes", "vaping", "ashtray"],
    "warmth": ["temperature", "blankets", "heating", "radiator"],
    "referral": ["referral", "refer", "mash", "front door"],
    "consent": ["consent", "permission", "agreement", "refusal"],
    "lado": ["allegation", "staff", "coach", "teacher"],
}
WAYS = ["what about {}", "advice on {}", "who decides on {}", "is {} allowed", "{} and children", "a word on {}"]
FAR = [Question(text, frozenset()) for text in ("printer toner", "my payslip", "the car park", "a taxi to leeds")]


@pytest.fixture
def knowledge(tmp_path):
    """Six entries of two dozen phrases each."""
    entries = [
        {"id": name, "title": name, "answer": "x", "phrases": [way.format(word) for word in words for way in WAYS]}
        for name, words in SUBJECTS.items()
    ]
    (tmp_path / "made.yaml").write_text(json.dumps({"topic": "made", "entries": entries}), encoding="utf-8")
    return load([tmp_path])


def small_talk_of(knowledge):
    return list(Guidance.of(knowledge).small_talk.values())


def trial(confidence, entry="made.right", right="made.right"):
    return Trial(
        Ranking((Candidate(entry, confidence, confidence, None),), confidence),
        frozenset() if right is None else frozenset({right}),
    )


# What is shipped


@pytest.mark.parametrize("meaning", [False, True])
def test_the_shipped_thresholds_load_and_make_sense(meaning):
    found = thresholds.shipped(meaning=meaning)
    assert 0 < found.show <= found.answer < 1.5
    assert 0.5 < found.close < 1
    assert found.words_weight > 0


def test_words_and_meaning_have_thresholds_of_their_own():
    assert thresholds.shipped(meaning=False) != thresholds.shipped(meaning=True)


def test_what_is_written_is_read_again(tmp_path, monkeypatch):
    monkeypatch.setattr(thresholds, "FILE", tmp_path / "thresholds.json")
    words, meaning = Thresholds(0.4, 0.2, 0.9, 1.0), Thresholds(0.6, 0.3, 0.95, 1.5)
    thresholds.write(words, meaning)
    assert thresholds.shipped(meaning=False) == words
    assert thresholds.shipped(meaning=True) == meaning


# Finding them


def test_thresholds_are_found_from_a_folder_of_knowledge_alone(knowledge):
    found = calibrate.find(knowledge, small_talk_of(knowledge), None)
    assert 0 < found.show <= found.answer
    assert found.words_weight == 1.0
    guidance = Guidance.of(knowledge, thresholds=found)
    assert guidance.thresholds == found
    assert guidance.matcher.rank("advice on vaping").confidence >= found.answer
    assert guidance.matcher.rank("printer toner").confidence < found.answer


def test_the_same_folder_gives_the_same_thresholds(knowledge):
    small_talk = small_talk_of(knowledge)
    assert calibrate.find(knowledge, small_talk, None, FAR) == calibrate.find(knowledge, small_talk, None, FAR)


def test_questions_that_are_plainly_out_of_scope_lie_below_the_answer(knowledge):
    found = calibrate.find(knowledge, small_talk_of(knowledge), None, FAR)
    guidance = Guidance.of(knowledge, thresholds=found)
    confidences = [guidance.matcher.rank(question.text).confidence for question in FAR]
    assert sum(confidence >= found.answer for confidence in confidences) <= 1
    assert found.answer == pytest.approx(np.quantile(confidences, 0.95), abs=0.001)
    assert found.show == pytest.approx(np.quantile(confidences, 0.78), abs=0.001)


def test_meaning_chooses_how_much_words_count(knowledge):
    try:
        encoder = Encoder.installed()
    except NoModel as error:
        pytest.skip(f"matching by meaning is not tested: {error}")
    inside = [Question("is the settee alright", frozenset({"made.sofa"}))]
    found = calibrate.find(knowledge, [], encoder, [*inside, *FAR])
    assert found.words_weight in calibrate.WORDS_WEIGHTS
    assert 0 < found.show <= found.answer


def test_a_fifth_of_the_phrases_is_held_out_and_then_a_fifth_of_the_entries(knowledge):
    seen = []

    def make(entries, words_weight):
        seen.append((entries, words_weight))
        return Matcher(entries, Vocabulary(), None, words_weight)

    entries = list(knowledge.entries.values())
    trials = thresholds.held_out(entries, make, 0.7)
    (thinner, first_weight), (others, second_weight) = seen
    assert first_weight == second_weight == 0.7
    assert [len(entry.phrases) for entry in thinner] == [19] * 6  # of 24, without the 1st, 6th, ... 21st
    assert [entry.id for entry in others] == ["smoke", "warmth", "referral", "consent"]
    assert sum(bool(trial.right) for trial in trials) == 6 * 5
    assert sum(not trial.right for trial in trials) == 2 * 12
    absent = {"made.sofa", "made.lado"}
    assert all(t.ranking.best.entry_id not in absent for t in trials if not t.right)
    assert thresholds.accuracy(trials) > 0.8


# Choosing them


def test_accuracy_counts_the_questions_in_scope_whose_best_is_right():
    trials = [trial(0.9), trial(0.8), trial(0.9, entry="made.wrong"), trial(0.9, right=None)]
    assert thresholds.accuracy(trials) == pytest.approx(2 / 3)
    assert thresholds.accuracy([]) == 0
    assert thresholds.accuracy([Trial(Ranking((), 0.0), frozenset({"made.right"}))]) == 0


def test_without_questions_from_far_off_most_of_what_was_held_out_is_refused():
    held_out = [n / 100 for n in range(101)]
    trials = [trial(0.9), *(trial(c, right=None) for c in held_out)]
    chosen = thresholds.choose(trials, [], 0.3)
    assert astuple(chosen) == (thresholds.NEAR_REFUSED, thresholds.NEAR_NOT_SHOWN, 0.97, 0.3)
    assert 0.5 <= thresholds.NEAR_NOT_SHOWN <= thresholds.NEAR_REFUSED < 1


def test_questions_from_far_off_decide_where_there_are_any():
    trials = [trial(0.9), *(trial(c, right=None) for c in (0.7, 0.8))]
    far = [trial(n / 100, right=None) for n in range(101)]
    chosen = thresholds.choose(trials, far, 1.0)
    assert chosen.answer == pytest.approx(1 - thresholds.MOST_ANSWERED_OUT_OF_SCOPE)
    assert chosen.show == pytest.approx(1 - thresholds.MOST_SHOWN_OUT_OF_SCOPE)


@given(
    st.lists(st.floats(-1, 2), min_size=1, max_size=30),
    st.lists(st.floats(-1, 2), min_size=1, max_size=30),
    st.lists(st.floats(-1, 2), max_size=30),
)
@settings(max_examples=100, deadline=None)
def test_few_of_what_is_plainly_out_of_scope_is_answered_whatever_the_trials(inside, outside, far):
    trials = [trial(c) for c in inside] + [trial(c, right=None) for c in outside]
    chosen = thresholds.choose(trials, [trial(c, right=None) for c in far], 1.0)
    assert chosen.show <= chosen.answer
    if far:
        answered = sum(confidence > chosen.answer + 0.001 for confidence in far)
        assert answered <= thresholds.MOST_ANSWERED_OUT_OF_SCOPE * len(far) + 1
