"""The reading age of an entry: how long its sentences and its words are, however its lines are wrapped."""

from textwrap import fill

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.knowledge.model import Entry, Rule
from bot.knowledge.partnership import AgencyKind
from bot.knowledge.reading_age import reading_age, text_reading_age
from bot.knowledge.shapes import Source


def entry(answer="Ring us.", **fields):
    return Entry(topic="t", id="a", title="A title", answer=answer, **fields)


def age(words, sentences, syllables):
    """Flesch-Kincaid's grade, and five years to the age in England."""
    return max(0.0, 0.39 * words / sentences + 11.8 * syllables / words - 15.59 + 5)


@pytest.mark.parametrize(
    ("text", "words", "sentences", "syllables"),
    [
        ("The cat sat on the mat.", 6, 1, 6),
        ("The cat sat on the mat", 6, 1, 6),
        ("The cat sat. The dog ran.", 6, 2, 6),
        ("Is it safe? Ring the front door!", 7, 2, 7),
        ("A baby needs a clear cot and a sober mother to be safe in the evening.", 16, 1, 21),
        ("Do not wait: ring. Ask first; then write.", 8, 4, 8),
        ("It's the council's form.", 4, 1, 5),
        ("It’s the council’s form.", 4, 1, 5),
    ],
)
def test_it_is_the_grade_of_words_sentences_and_syllables_and_five_years(text, words, sentences, syllables):
    assert text_reading_age(text) == pytest.approx(age(words, sentences, syllables))


@pytest.mark.parametrize(
    ("word", "syllables"),
    [
        ("cat", 1),
        ("safe", 1),
        ("the", 1),
        ("asked", 1),
        ("three", 1),
        ("table", 2),
        ("wanted", 2),
        ("needed", 2),
        ("baby", 2),
        ("family", 3),
        ("committee", 3),
        ("information", 4),
        ("CHILD", 1),
        ("hmm", 1),
    ],
)
def test_syllables_are_counted_as_they_are_spoken(word, syllables):
    assert text_reading_age(f"{word}.") == pytest.approx(age(1, 1, syllables))


@pytest.mark.parametrize("text", ["", " ", "\n\n", "...", "999", "28 - 30?"])
def test_a_text_without_words_has_the_age_nought(text):
    assert text_reading_age(text) == 0


def test_a_full_stop_inside_a_number_or_an_address_ends_no_sentence():
    assert text_reading_age("Wait 3.5 weeks then look at page a.b.c for it.") == pytest.approx(age(11, 1, 11))


def test_longer_sentences_and_longer_words_need_an_older_reader():
    short = "Ring us. Tell us what you saw. Ask what we will do."
    long_sentence = "Ring us and tell us what you saw and ask what we will do."
    long_words = "Telephone us. Communicate your observations. Ascertain our intentions."

    assert text_reading_age(short) < text_reading_age(long_sentence) < text_reading_age(long_words)


# An entry


def test_the_answer_the_duties_the_guidance_and_the_steps_of_an_entry_all_count():
    plain = reading_age(entry())
    hard = "Multidisciplinary professionals collaboratively investigate organisational vulnerabilities."

    assert reading_age(entry(hard)) > plain
    assert reading_age(entry(must=(Rule(text=hard),))) > plain
    assert reading_age(entry(should=(Rule(text=hard),))) > plain
    assert reading_age(entry(steps=(hard,))) > plain


def test_phrases_sources_and_what_rules_rest_on_do_not_count():
    plain = reading_age(entry(must=(Rule(text="Ring us."),)))
    hard = "Multidisciplinary professionals collaboratively investigate organisational vulnerabilities."
    rest = entry(
        must=(Rule(text="Ring us.", basis=hard),),
        phrases=(hard,),
        never=(hard,),
        sources=(Source(title=hard),),
        for_agency={AgencyKind.GP: hard},
    )

    assert reading_age(rest) == plain


def test_a_step_without_a_full_stop_is_still_a_sentence_of_its_own():
    with_stops = entry(steps=("Look at the room.", "Ask who sleeps there.", "Ring us."))
    without = entry(steps=("Look at the room", "Ask who sleeps there", "Ring us"))

    assert reading_age(without) == reading_age(with_stops)


def test_the_items_of_a_list_are_sentences_of_their_own():
    listed = entry("Ask these:\n\n- who lives there\n- who sleeps there\n- who cares for them")
    sentences = entry("Ask these. Who lives there. Who sleeps there. Who cares for them.")

    assert reading_age(listed) == pytest.approx(reading_age(sentences))


LONG = (
    "If the child lives with a friend of the family and the council has not arranged it and it will last for a month "
    "or more then you must tell the council about it as soon as you can and say who looks after the child now."
)


@pytest.mark.parametrize("width", [20, 40, 80, 118])
def test_an_answer_reads_at_the_same_age_however_its_lines_are_wrapped(width):
    assert reading_age(entry(fill(LONG, width))) == pytest.approx(reading_age(entry(LONG)))


# For every text

WORD = st.sampled_from(("ring", "the", "council", "about", "family", "today"))
SENTENCES = st.lists(st.lists(WORD, min_size=1, max_size=9))
TEXTS = SENTENCES.map(lambda sentences: " ".join(" ".join(words) + "." for words in sentences))


@settings(deadline=None, max_examples=200)
@given(text=TEXTS | st.text(max_size=80))
def test_no_text_has_an_age_below_nought(text):
    assert text_reading_age(text) >= 0


@settings(deadline=None, max_examples=200)
@given(text=TEXTS)
def test_a_text_said_twice_reads_at_the_same_age(text):
    assert text_reading_age(f"{text} {text}") == pytest.approx(text_reading_age(text))


@settings(deadline=None, max_examples=200)
@given(words=st.lists(WORD, min_size=2, max_size=30))
def test_cutting_a_sentence_in_two_never_makes_it_harder(words):
    middle = len(words) // 2
    cut = " ".join(words[:middle]) + ". " + " ".join(words[middle:]) + "."

    assert text_reading_age(cut) <= text_reading_age(" ".join(words) + ".")
