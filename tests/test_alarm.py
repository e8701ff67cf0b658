"""The alarm: a text that tells of a child in danger now shows the 999 card, whatever else works or does not."""

import json
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.answering import messages
from bot.answering.alarm import DROP, LIFT, THRESHOLD, WHOLE, patterns, raised, raised_by
from bot.answering.alarm.model import WEIGHTS, ModelUnusable, load
from bot.answering.guidance import COPY, NO_DIRECTORY, Guidance, last_good_copy, save_copy
from bot.config import ROOT
from bot.knowledge.loading import load as load_knowledge
from bot.knowledge.partnership import AgencyKind

FRIDAY_MORNING = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
FRIDAY_NIGHT = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
CHRISTMAS_MORNING = datetime(2026, 12, 25, 10, 0, tzinfo=UTC)
SATURDAY = date(2026, 11, 21)

QUESTIONS = [
    json.loads(line)
    for line in (ROOT / "tests" / "questions" / "dev-emergency.jsonl").read_text("utf-8").splitlines()
]
EMERGENCIES = [item["text"] for item in QUESTIONS if item["emergency"]]
EVERYDAY = [item["text"] for item in QUESTIONS if not item["emergency"]]

HARMLESS = (
    "The family support worker has been visiting every fortnight since spring. "
    "Attendance is up to ninety two percent this term. School said the new uniform fits. "
    "Mum signed the plan and we agreed the next date. "
)
IN_DANGER = "He is strangling her in the kitchen right now."


def narrative(length):
    """Harmless sentences, about `length` characters of them."""
    return HARMLESS * (length // len(HARMLESS) + 1)


# What is found


def test_every_emergency_of_the_developers_set_is_found():
    assert len(EMERGENCIES) >= 30
    assert [text for text in EMERGENCIES if not raised(text)] == []


def test_at_most_a_tenth_of_what_only_sounds_alarming_raises_it():
    assert len(EVERYDAY) >= 30
    false = [text for text in EVERYDAY if raised(text)]
    assert len(false) <= len(EVERYDAY) / 10, false


@pytest.mark.parametrize(
    ("now", "not_now"),
    [
        ("he's got a knife in school right now", "what is the policy on knives in school"),
        ("baby isn't breathing", "training on what to do when a baby isn't breathing"),
        ("she has taken a load of paracetamol, just now", "she took an overdose two years ago and is well"),
        ("mum's drunk and about to drive the kids home", "which leaflet covers drink driving"),
    ],
)
def test_the_present_raises_it_and_policy_training_and_the_past_do_not(now, not_now):
    assert raised(now)
    assert not raised(not_now)


def test_nothing_typed_raises_nothing():
    for text in ("", " ", "\n\n", "?", "…"):
        assert not raised(text)


def test_small_talk_raises_nothing(barnsley):
    phrases = [phrase for entry in barnsley.small_talk.values() for phrase in entry.phrases]
    assert len(phrases) > 50
    assert [phrase for phrase in phrases if raised(phrase)] == []


# Texts of any length


def test_an_emergency_in_the_last_sentence_of_forty_kilobytes_is_found():
    story = narrative(40_000)
    assert len(story) >= 40_000
    assert not raised(story)
    assert raised(story + IN_DANGER)


def test_nine_in_ten_emergencies_are_found_in_the_last_sentence_of_a_story():
    story = narrative(3_000)
    missed = [text for text in EMERGENCIES if not raised(story + text)]
    assert len(missed) <= len(EMERGENCIES) / 10, missed


@pytest.mark.parametrize("place", ["first", "middle", "last"])
@pytest.mark.parametrize("sentences", [True, False], ids=["with full stops", "without any"])
def test_an_emergency_is_found_wherever_it_stands(place, sentences):
    story = narrative(5_000)
    text = {
        "first": f"{IN_DANGER} {story}",
        "middle": f"{story}{IN_DANGER} {story}",
        "last": story + IN_DANGER,
    }[place]
    assert raised(text if sentences else text.replace(".", ""))


def test_a_long_harmless_story_raises_nothing_however_long_it_is():
    for length in (300, 4_000, 40_000):
        assert not raised(narrative(length)), length
        assert not raised(narrative(length).replace(".", "")), length


@given(st.integers(min_value=0, max_value=3 * WHOLE))
@settings(max_examples=60, deadline=None)
def test_no_number_of_words_before_an_emergency_hides_it(words):
    before = " ".join((narrative(8_000).split())[:words])
    assert raised(f"{before} {IN_DANGER}")
    assert raised(f"{before} {IN_DANGER}".replace(".", ""))


@pytest.mark.parametrize("words", [WHOLE - 1, WHOLE, WHOLE + 1])
def test_a_text_is_judged_on_both_sides_of_the_length_from_which_it_is_read_by_passages(words):
    filler = narrative(2_000).split()
    text = " ".join([*filler[: words - len(IN_DANGER.split())], *IN_DANGER.split()])
    assert len(text.split()) == words
    assert raised(text)
    assert not raised(" ".join(filler[:words]))


def test_capitals_odd_spaces_and_curly_apostrophes_hide_nothing():
    for text in (
        "THE BABY ISN'T BREATHING",
        "the baby isn’t breathing",
        "the  baby\nisn't \t breathing",
        "\u202ethe baby isn't breathing\u202c",
    ):
        assert raised(text), text


# Without the model


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"bias\t0.5\n", id="no weights"),
        pytest.param(b"bias\tabc\nknif\t1\t1\n", id="no bias"),
        pytest.param(b"bias\t0.5\nknif\t1.0\n", id="a column lacks"),
        pytest.param(b"bias\t0.5\nknif\t1.0\tmuch\n", id="no number"),
        pytest.param(b"bias\t0.5\nknif\t1.0\tnan\n", id="not a number"),
        pytest.param(b"\x00\xff\xfe" * 50, id="no text"),
        pytest.param(b"<<<<<<< HEAD\nbias\t0.5\nknif\t1.0\t1.0\n", id="a merge gone wrong"),
    ],
)
def test_damaged_weights_are_refused(tmp_path, content):
    path = tmp_path / "weights.tsv"
    path.write_bytes(content)
    with pytest.raises(ModelUnusable):
        load(path)


def test_missing_weights_are_refused(tmp_path):
    with pytest.raises(ModelUnusable):
        load(tmp_path / "weights.tsv")
    with pytest.raises(ModelUnusable):
        load(tmp_path)


def test_weights_that_were_cut_short_are_refused(tmp_path):
    lines = WEIGHTS.read_bytes().splitlines(keepends=True)
    path = tmp_path / "weights.tsv"
    path.write_bytes(b"".join(lines[: len(lines) // 2]))
    with pytest.raises(ModelUnusable):
        load(path)


def test_the_shipped_weights_load():
    assert len(load().weights) > 1_000


@pytest.mark.parametrize("damage", ["missing", "damaged"])
def test_a_bot_without_weights_runs_on_its_patterns_and_logs_why(tmp_path, damage):
    shutil.copytree(ROOT / "bot", tmp_path / "bot", ignore=shutil.ignore_patterns("lines", "__pycache__"))
    weights = tmp_path / WEIGHTS.relative_to(ROOT)
    if damage == "missing":
        weights.unlink()
    else:
        weights.write_bytes(weights.read_bytes()[:1000] + b"\xff\n")
    program = """
from bot.answering.alarm import raised
print([raised(t) for t in ("he has a knife to her throat", "baby not breathing", "what is private fostering", "")])
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stdout == "[True, True, False, False]\n"
    assert "the alarm runs on its patterns alone" in ran.stderr


def test_the_patterns_lift_and_drop_what_the_model_says_by_as_much_as_is_written():
    model = load()
    sentences = [text for text in EMERGENCIES + EVERYDAY if not any(mark in text for mark in ".!?\n")]
    assert len(sentences) > 20

    def judged(text):
        danger, elsewhere = patterns.tells_of_danger(text), patterns.is_about_something_else(text)
        return model.danger(text) + (LIFT if danger and not elsewhere else 0) - (DROP if elsewhere else 0)

    assert [raised(text) for text in sentences] == [judged(text) >= THRESHOLD for text in sentences]


def test_the_patterns_alone_find_the_plain_tellings_and_leave_the_rest():
    found = [text for text in EMERGENCIES if raised_by(text, None)]
    false = [text for text in EVERYDAY if raised_by(text, None)]
    assert len(found) >= len(EMERGENCIES) / 2
    assert len(false) <= len(EVERYDAY) / 10, false


def test_the_patterns_alone_find_an_emergency_at_the_end_of_a_long_story():
    assert raised_by(narrative(40_000) + IN_DANGER, None)
    assert not raised_by(narrative(40_000), None)


@pytest.mark.parametrize(
    ("danger", "elsewhere"),
    [
        ("he is hitting her", "policy on staff hitting back"),
        ("she swallowed a battery", "the laptop battery"),
        ("pan is on fire", "fire drill training"),
    ],
)
def test_the_words_of_danger_and_the_words_of_something_else_are_told_apart(danger, elsewhere):
    assert patterns.tells_of_danger(danger)
    assert patterns.is_about_something_else(elsewhere)
    assert not patterns.tells_of_danger(elsewhere)


# The card


def test_the_card_says_999_first_then_names_the_one_team_that_is_open(barnsley):
    for at, expected in (
        (FRIDAY_MORNING, "front-door"),
        (FRIDAY_NIGHT, "emergency-duty-team"),
        (CHRISTMAS_MORNING, "emergency-duty-team"),
    ):
        card = barnsley.directory.card(at)
        assert card.first.startswith("If a child is in danger now, ring 999 and ask for police or ambulance.")
        assert card.then == messages.EMERGENCY_THEN
        assert [now.contact.id for now in card.contacts] == [expected]
        assert card.contacts[0].opening.open
        assert card.as_of is None


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-20T08:59:59", "duty-team"),
        ("2026-11-20T09:00:00", "front-door"),
        ("2026-11-20T16:59:59", "front-door"),
        ("2026-11-20T17:00:00", "duty-team"),
    ],
)
def test_the_card_changes_hands_to_the_second(smalltown, moment, expected):
    directory = Guidance.of(load_knowledge([smalltown])).directory
    card = directory.card(datetime.fromisoformat(moment).replace(tzinfo=UTC))
    assert [now.contact.id for now in card.contacts] == [expected]


@pytest.mark.parametrize("kind", [None, *AgencyKind])
def test_police_and_ambulance_are_told_of_their_own_powers_and_all_others_to_ring_999(barnsley, kind):
    card = barnsley.directory.card(FRIDAY_NIGHT, kind)
    if kind in (AgencyKind.POLICE, AgencyKind.AMBULANCE):
        assert "your own powers and your control room" in card.first
        assert "999" in card.first
    else:
        assert card.first == messages.EMERGENCY_FIRST
    assert [now.contact.id for now in card.contacts] == ["emergency-duty-team"]


def test_the_card_without_any_knowledge_still_says_999_and_101():
    for kind in (None, AgencyKind.POLICE):
        card = NO_DIRECTORY.card(FRIDAY_NIGHT, kind)
        assert "999" in card.first
        assert "101" in card.then
        assert (card.contacts, card.as_of) == ((), None)


def test_the_card_without_a_team_that_is_open_says_how_to_find_it(smalltown):
    contacts = (smalltown / "contacts.yaml").read_text("utf-8").split("  - id: duty-team")[0]
    contacts = contacts.replace("    out_of_hours: duty-team\n", "")
    (smalltown / "contacts.yaml").write_text(contacts, encoding="utf-8")
    directory = Guidance.of(load_knowledge([smalltown])).directory
    assert [now.contact.id for now in directory.card(FRIDAY_MORNING).contacts] == ["front-door"]
    night = directory.card(FRIDAY_NIGHT)
    assert (night.contacts, night.then) == ((), messages.EMERGENCY_THEN_UNKNOWN)


def test_a_team_whose_hours_are_unknown_is_named_rather_than_none(smalltown):
    path = smalltown / "contacts.yaml"
    path.write_text(path.read_text("utf-8").replace('{mon-fri: "09:00-17:00"}', "unknown"), encoding="utf-8")
    card = Guidance.of(load_knowledge([smalltown])).directory.card(FRIDAY_NIGHT)
    assert [now.contact.id for now in card.contacts] == ["front-door"]
    assert card.contacts[0].hours == "hours not confirmed"


# The last good copy


def test_the_last_good_copy_gives_the_same_card_with_the_day_of_the_copy(barnsley, tmp_path):
    save_copy(barnsley.knowledge, tmp_path, SATURDAY)
    copy = last_good_copy(tmp_path)
    for at in (FRIDAY_MORNING, FRIDAY_NIGHT, CHRISTMAS_MORNING):
        for kind in (None, AgencyKind.POLICE):
            card, fresh = copy.card(at, kind), barnsley.directory.card(at, kind)
            assert card.as_of == SATURDAY
            assert (card.first, card.then, card.contacts) == (fresh.first, fresh.then, fresh.contacts)
    assert copy.contacts == barnsley.knowledge.contacts
    assert copy.partnership == barnsley.knowledge.partnership


def test_a_later_copy_replaces_an_earlier_one_and_leaves_nothing_half_written(barnsley, tmp_path):
    folder = tmp_path / "made" / "when needed"
    save_copy(barnsley.knowledge, folder, date(2026, 1, 1))
    save_copy(barnsley.knowledge, folder, SATURDAY)
    assert last_good_copy(folder).as_of == SATURDAY
    assert [path.name for path in folder.iterdir()] == [COPY]


def test_without_a_copy_there_is_no_directory(tmp_path):
    assert last_good_copy(tmp_path) is NO_DIRECTORY
    assert last_good_copy(tmp_path / "nowhere") is NO_DIRECTORY


@pytest.mark.parametrize(
    "content",
    [
        "",
        "not json",
        "[]",
        "null",
        "{}",
        '{"saved": "2026-11-21"}',
        '{"saved": "yesterday", "partnership": {}, "contacts": []}',
        '{"saved": 5, "partnership": {}, "contacts": []}',
        '{"saved": "2026-11-21", "partnership": {}, "contacts": null}',
        '{"saved": "2026-11-21", "partnership": {}, "contacts": [{"id": "front-door"}]}',
        '{"saved": "2026-11-21", "partnership": {"unknown": 1}, "contacts": []}',
        "\udcff",
    ],
)
def test_a_damaged_copy_is_logged_and_costs_no_card(tmp_path, caplog, content):
    (tmp_path / COPY).write_bytes(content.encode("utf-8", "surrogateescape"))
    directory = last_good_copy(tmp_path)
    assert directory is NO_DIRECTORY
    assert "999" in directory.card(FRIDAY_NIGHT).first
    assert "cannot be read" in caplog.text


def test_a_copy_that_cannot_be_saved_is_logged_and_stops_nothing(barnsley, tmp_path, caplog):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("", encoding="utf-8")
    save_copy(barnsley.knowledge, Path(in_the_way), SATURDAY)
    assert "could not be saved" in caplog.text
    assert in_the_way.read_text("utf-8") == ""


@pytest.mark.parametrize(
    "text",
    [
        "leaflet for new parents, he is hitting her now",
        "he is hitting her now, mum wants a leaflet",
        "policy question - dad is hitting the baby right now",
        "I wanted the training dates but he is strangling her right now",
    ],
)
def test_danger_in_one_clause_is_danger_whatever_the_rest_is_about(text):
    assert raised(text)


@pytest.mark.parametrize(
    "text",
    [
        "leaflet for new parents, he is feeding her now",
        "training on what to do when somebody is hitting a child now",
        "policy on a parent who is hitting a child, where is it now",
    ],
)
def test_a_clause_that_is_about_something_else_is_no_danger(text):
    assert not raised(text)
