"""What an editor adds by a command: entries and phrases; and the schemas that check while they type."""

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from test_command_line import failed, ran, run

from bot.config import ROOT
from bot.knowledge import schema, yaml_source
from bot.knowledge.editing import NotAdded, add_entry, add_phrases
from bot.knowledge.loading import layers_of, load
from bot.knowledge.sources import NO_TOPIC_FILES

SHIPPED = ROOT / "knowledge"
RELATIVE = "private-fostering.close-relative"
ANSWER = "On the back, in a cot of its own. Ask the midwife."
SLEEP = """\
# Agreed with the midwives.
topic: sleep    # one topic
title: Where babies sleep

entries:
  # The commonest question.
  - id: cot
    title: Cots
    answer: |
      On the back.

      In a clear cot.
    phrases:
      - which cot is right     # asked in May
      - "a cot: new, or used?"
      - may a cot
        stand by the window
      # Nothing about prices here.
    related: [sleep.sofa]

  - id: sofa
    title: Sofas
    answer: Never.   # not even once
    related: [sleep.cot]

# The end.
"""


@pytest.fixture(autouse=True)
def here(smalltown, tmp_path, monkeypatch):
    """Smalltown, and nothing of the settings of whoever runs the tests."""
    for line in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "KNOWLEDGE_WRITABLE", "ALLOW_TIME_TRAVEL"):
        monkeypatch.delenv(line, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PARTNERSHIP", "smalltown")
    monkeypatch.setenv("KNOWLEDGE_DIR", str(smalltown.parent))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/data/safeguarding.db")
    (smalltown / "sleep.yaml").write_text(SLEEP, encoding="utf-8")
    return smalltown


@pytest.fixture
def with_england(here):
    """England has two entries on crying, of which Smalltown's files say nothing."""
    england = here.with_name("england")
    england.mkdir()
    (england / "crying.yaml").write_text(
        "topic: crying\ntitle: Crying\nentries:\n"
        "  - {id: plan, title: A plan, answer: Put the baby down., phrases: [it will not stop]}\n"
        "  - {id: sounds, title: Sounds, answer: Hush., phrases: [white noise]}\n"
    )
    return england


def state(here):
    """Every file below the knowledge's folder, as bytes."""
    return {path: path.read_bytes() for path in here.parent.rglob("*") if path.is_file()}


def knowledge(here):
    return load(layers_of(here.parent, "smalltown"))


def entry(here, full_id):
    return knowledge(here).entries[full_id]


def phrases_of(here, full_id):
    return entry(here, full_id).phrases


def options(phrases):
    return [part for phrase in phrases for part in ("--phrase", phrase)]


def assert_only_added(before, after):
    """Every line of `before` stands in `after`, in its order."""
    rest = iter(after.splitlines(keepends=True))
    missing = [line for line in before.splitlines(keepends=True) if line not in rest]
    assert missing == []


# A new entry


def test_a_new_entry_in_an_existing_topic_stands_at_its_end_as_a_draft(here):
    printed = ran("kb", "new", "sleep.twins", "--title", "Twins", "--answer", ANSWER, *options(["two cots", "twins"]))
    added = entry(here, "sleep.twins")
    assert printed.splitlines()[0] == "sleep.twins: added to smalltown/sleep.yaml"
    assert (added.title, added.answer, added.phrases) == ("Twins", ANSWER, ("two cots", "twins"))
    assert (added.is_draft, added.signpost) == (True, False)
    assert 170 < (added.review_by - added.compiled).days < 190
    assert [item.id for item in knowledge(here).entries_of("sleep")] == ["cot", "sofa", "twins"]


def test_a_new_entry_holds_everything_that_was_given(here):
    ran(
        *("kb", "new", "sleep.twins", "--title", "Twins: both", "--answer", "  One.\n\n- **Two**\n- Three: #4\n"),
        *("--contact", "front-door", "--contact", "duty-team", "--signpost"),
        *("--source", "National advice | 2023-05", "--source", "Our page|undated", "--source", "Children Act 1989"),
    )
    added = entry(here, "sleep.twins")
    assert (added.title, added.answer) == ("Twins: both", "One.\n\n- **Two**\n- Three: #4")
    assert (added.contacts, added.signpost) == (("front-door", "duty-team"), True)
    sources = [(source.title, source.date) for source in added.sources]
    assert sources == [("National advice", "2023-05"), ("Our page", "undated"), ("Children Act 1989", None)]


def test_the_rest_of_the_file_stays_as_it_was(here):
    ran("kb", "new", "sleep.twins", "--title", "Twins", "--answer", ANSWER)
    after = (here / "sleep.yaml").read_text(encoding="utf-8")
    assert after.startswith(SLEEP)
    assert "\n  - id: twins\n    title: Twins\n" in after


def test_no_other_file_is_touched_and_none_is_left_behind(here):
    before = state(here)
    ran("kb", "new", "sleep.twins", "--title", "Twins", "--answer", ANSWER)
    after = state(here)
    assert set(after) == set(before)
    assert [path.name for path in after if after[path] != before[path]] == ["sleep.yaml"]


def test_a_new_topic_is_begun_in_a_file_of_its_own_that_editors_can_check(here):
    printed = ran("kb", "new", "water.bath", "--title", "Baths", "--answer", ANSWER, "--topic-title", "In the water")
    assert printed.splitlines()[0] == "water.bath: added to smalltown/water.yaml"
    first, *rest = (here / "water.yaml").read_text(encoding="utf-8").splitlines()
    assert first == "# yaml-language-server: $schema=../schema/topic.json"
    assert rest[:4] == ["topic: water", "title: In the water", "entries:", "  - id: bath"]
    assert knowledge(here).topics["water"].title == "In the water"
    ran("kb", "new", "water.pond", "--title", "Ponds", "--answer", "Fence it.")
    assert [item.id for item in knowledge(here).entries_of("water")] == ["bath", "pond"]


def test_a_new_topic_without_a_heading_is_headed_by_its_name(here):
    ran("kb", "new", "open-water.pond", "--title", "Ponds", "--answer", "Fence it.")
    assert knowledge(here).topics["open-water"].title == "Open water"


def test_a_new_topic_takes_another_file_where_one_of_its_name_holds_something_else(here):
    before = state(here)
    ran("kb", "new", "contacts.helpline", "--title", "The helpline", "--answer", "Ring it.")
    assert (here / "topic-contacts.yaml").exists()
    assert {path: content for path, content in state(here).items() if path in before} == before


def test_a_new_entry_in_a_topic_of_england_goes_into_the_partnerships_own_file(here, with_england):
    before = state(with_england)
    ran("kb", "new", "crying.help", "--title", "Help", "--answer", "Ask.", "--topic-title", "Another heading")
    assert {path: state(here)[path] for path in before} == before
    assert yaml_source.read(here / "crying.yaml").data["topic"] == "crying"
    assert knowledge(here).topics["crying"].title == "Crying"
    assert [item.id for item in knowledge(here).entries_of("crying")] == ["plan", "sounds", "help"]


def test_a_topic_without_entries_yet_gets_its_first(here):
    (here / "water.yaml").write_text("topic: water\n# none yet\nentries: []\n")
    ran("kb", "new", "water.bath", "--title", "Baths", "--answer", ANSWER)
    assert entry(here, "water.bath").title == "Baths"
    assert "# none yet" in (here / "water.yaml").read_text()


@pytest.mark.parametrize(
    "refused",
    ["twins", "sleep.", ".twins", "sleep.Twins", "Sleep.twins", "sleep.the twins", "a.b.c", "sleep.-x", "../x.y", ""],
)
def test_an_id_that_is_no_id_is_bad_usage(here, refused):
    before = state(here)
    said = failed("kb", "new", refused, "--title", "Twins", "--answer", ANSWER, code=2)
    assert "is not in the form topic.name" in said
    assert state(here) == before


@pytest.mark.parametrize("part", ["sleep.{}", "{}.twins"])
def test_an_id_may_be_eighty_letters_long_and_no_longer(here, part):
    before = state(here)
    assert failed("kb", "new", part.format("x" * 81), "--title", "T", "--answer", "A.").startswith(
        "nothing was added"
    )
    assert state(here) == before
    ran("kb", "new", part.format("x" * 80), "--title", "T", "--answer", "A.")
    assert part.format("x" * 80) in knowledge(here).entries


def test_a_new_entry_without_a_title_is_bad_usage(here):
    before = state(here)
    assert "needs --title" in failed("kb", "new", "sleep.twins", "--answer", ANSWER, code=2)
    assert state(here) == before


def test_a_new_entry_without_an_answer_is_bad_usage_where_there_is_no_terminal(here):
    before = state(here)
    assert "needs --answer" in failed("kb", "new", "sleep.twins", "--title", "Twins", code=2)
    assert state(here) == before


@pytest.mark.parametrize("answer", ["", "  ", "\n\n"])
def test_an_empty_answer_is_refused(here, answer):
    before = state(here)
    said = failed("kb", "new", "sleep.twins", "--title", "Twins", "--answer", answer)
    assert said.startswith("nothing was added: ")
    assert state(here) == before


BREAKS = {
    "a title of spaces": ["--title", "  "],
    "a title that is too long": ["--title", "x" * 601],
    "an answer that is too long": ["--answer", "x" * 12_001],
    "a contact that is no id": ["--contact", "Front Door"],
    "a source of no date": ["--source", "Our page|2027-13"],
    "a source without a title": ["--source", "|2027"],
    "an empty phrase": ["--phrase", " "],
    "a phrase that is too long": ["--phrase", "x" * 401],
}


@pytest.mark.parametrize("topic", ["sleep", "water"])
@pytest.mark.parametrize("what", BREAKS)
def test_what_would_break_the_files_leaves_them_byte_for_byte_as_they_were(here, what, topic):
    before = state(here)
    given_ = {"--title": "Twins", "--answer": ANSWER} | dict([BREAKS[what]])
    said = failed("kb", "new", f"{topic}.twins", *(part for option in given_.items() for part in option))
    assert re.match(rf"nothing was added: smalltown/{topic}\.yaml:\d+:\d+: entries\.", said)
    assert state(here) == before


@pytest.mark.parametrize(
    "given_",
    [["--title", "x" * 600], ["--answer", "x" * 12_000], ["--phrase", "x" * 400], ["--answer", "topic: [\n---\n..."]],
    ids=["title", "answer", "phrase", "yaml"],
)
def test_what_is_just_short_enough_or_only_looks_like_yaml_is_added(here, given_):
    fields = {"--title": "Twins", "--answer": ANSWER} | dict([given_])
    ran("kb", "new", "sleep.twins", *(part for option in fields.items() for part in option))
    assert "sleep.twins" in knowledge(here).entries


def test_nothing_is_added_to_files_that_have_a_fault_already(here):
    (here / "safer-sleep.yaml").write_text("topic: [")
    before = state(here)
    assert "smalltown/safer-sleep.yaml:" in failed("kb", "new", "sleep.twins", "--title", "T", "--answer", "A.")
    assert state(here) == before


def test_an_entry_that_the_partnership_omits_is_not_begun_beside_it(here, with_england):
    (here / "crying.yaml").write_text("topic: crying\nentries:\n  - {id: plan, omit: true}\n")
    before = state(here)
    said = failed("kb", "new", "crying.plan", "--title", "Ours", "--answer", "A.")
    assert "crying.plan stands twice" in said
    assert state(here) == before


def test_a_file_in_which_the_entries_do_not_come_last_is_left_with_what_to_do_by_hand(here):
    (here / "sleep.yaml").write_text("topic: sleep\nentries:\n  - {id: cot, title: A, answer: B}\ntitle: Sleep\n")
    before = state(here)
    said = failed("kb", "new", "sleep.twins", "--title", "Twins", "--answer", ANSWER)
    assert said == (
        "nothing was added: smalltown/sleep.yaml: move `entries:` to the end of the file, so that it can be added to"
    )
    assert state(here) == before


@pytest.mark.parametrize(
    "entries", ["entries: [{id: cot, title: A, answer: B}]\n", "entries: [\n  {id: cot, title: A, answer: B}\n]\n"]
)
def test_a_list_of_entries_in_brackets_is_left_with_what_to_do_by_hand(here, entries):
    (here / "sleep.yaml").write_text(f"topic: sleep\n{entries}")
    before = state(here)
    said = failed("kb", "new", "sleep.twins", "--title", "Twins", "--answer", ANSWER)
    assert "put each item of `entries` on lines of its own, beginning with `- `" in said
    assert state(here) == before


def test_an_entry_is_added_at_the_indentation_of_the_others(here):
    (here / "sleep.yaml").write_text("topic: sleep\nentries:\n-   id: cot\n    title: A\n    answer: B\n\n\n")
    ran("kb", "new", "sleep.twins", "--title", "Twins", "--answer", ANSWER)
    assert "\n- id: twins\n  title: Twins\n" in (here / "sleep.yaml").read_text()
    assert {item.id for item in knowledge(here).entries_of("sleep")} == {"cot", "twins"}


# What the check still asks for


def test_what_the_check_still_asks_for_is_said(here):
    printed = ran("kb", "new", "water.bath", "--title", "Baths", "--answer", ANSWER, "--contact", "lifeguard")
    head, *asked = printed.splitlines()[1:]
    assert head == "`kb check --strict` still asks for:"
    assert sorted(re.sub(r"^ +smalltown/water\.yaml:\d+:\d+: entries\.0\.?", "", line) for line in asked) == [
        "contacts.0: lifeguard: no such contact in contacts.yaml",
        "phrases: water.bath has no phrases",
        "sources: water.bath has no sources",
    ]
    strict = run("kb", "check", here, "--strict").stderr
    assert all(line.strip() in strict for line in asked)


def test_nothing_more_is_said_of_an_entry_that_lacks_nothing(here):
    phrases = [f"may a {who} swim in the {place}" for who in ("baby", "twin", "bairn") for place in "abcde"]
    printed = ran(
        *("kb", "new", "water.bath", "--title", "Baths", "--answer", ANSWER, "--source", "Our page|2026"),
        *options(phrases),
    )
    assert printed == "water.bath: added to smalltown/water.yaml\n"


@pytest.mark.parametrize("taken_from", [RELATIVE, "water.bath"])
def test_a_phrase_that_another_entry_has_is_said_whichever_file_that_stands_in(here, taken_from):
    (here / "water.yaml").write_text(
        "topic: water\nentries:\n  - {id: bath, title: A, answer: B, phrases: [when to bath a baby]}\n"
    )
    phrase = phrases_of(here, taken_from)[0]
    printed = ran("kb", "new", "sleep.cot", "--phrase", phrase)
    assert f"{phrase!r} is also asked under" in printed


# More phrases

PHRASES = ["may the cot stand in the hall", "“cot” or crib?"]


def test_phrases_are_added_to_a_list_and_every_other_line_stays(here):
    before = phrases_of(here, "sleep.cot")
    printed = ran("kb", "new", "sleep.cot", *options(PHRASES))
    assert printed.splitlines()[0] == "sleep.cot: added to smalltown/sleep.yaml"
    assert phrases_of(here, "sleep.cot") == (*before, *PHRASES)
    after = (here / "sleep.yaml").read_text(encoding="utf-8")
    assert_only_added(SLEEP, after)
    assert len(after.splitlines()) == len(SLEEP.splitlines()) + len(PHRASES)


def test_phrases_are_added_to_the_last_list_of_a_file(here):
    text = "topic: sleep\nentries:\n  - id: cot\n    title: A\n    answer: B\n    phrases:\n    - one\n    - two"
    (here / "sleep.yaml").write_text(text)
    ran("kb", "new", "sleep.cot", *options(PHRASES))
    assert phrases_of(here, "sleep.cot") == ("one", "two", *PHRASES)
    assert (here / "sleep.yaml").read_text(encoding="utf-8").startswith(text + "\n")


def test_an_entry_without_phrases_gets_a_list_of_them(here):
    ran("kb", "new", "sleep.sofa", *options(PHRASES))
    assert phrases_of(here, "sleep.sofa") == tuple(PHRASES)
    assert phrases_of(here, "sleep.cot") == (
        "which cot is right",
        "a cot: new, or used?",
        "may a cot stand by the window",
    )
    assert_only_added(SLEEP, (here / "sleep.yaml").read_text(encoding="utf-8"))


def test_an_entry_whose_id_does_not_come_first_gets_phrases_too(here):
    (here / "sleep.yaml").write_text("topic: sleep\nentries:\n  - title: A\n    id: cot\n    answer: B\n")
    ran("kb", "new", "sleep.cot", *options(PHRASES))
    assert phrases_of(here, "sleep.cot") == tuple(PHRASES)


def test_phrases_for_an_entry_of_england_go_into_the_partnerships_own_file(here, with_england):
    before = state(with_england)
    ran("kb", "new", "crying.plan", *options(PHRASES))
    ran("kb", "new", "crying.plan", "--phrase", "a third")
    ran("kb", "new", "crying.sounds", "--phrase", "a fan")
    assert {path: state(here)[path] for path in before} == before
    assert phrases_of(here, "crying.plan") == ("it will not stop", *PHRASES, "a third")
    assert phrases_of(here, "crying.sounds") == ("white noise", "a fan")
    assert entry(here, "crying.plan").answer == "Put the baby down."


def test_phrases_that_an_entry_has_already_are_left_out(here):
    ran("kb", "new", "sleep.cot", *options(["Which COT is right", "new one", " new one ", "which cot is right"]))
    assert phrases_of(here, "sleep.cot")[3:] == ("new one",)


@pytest.mark.parametrize("phrases", [[], ["which cot is right"], ["Which COT is right "], [""], ["  "]])
def test_where_no_phrase_is_new_the_file_stays_as_it_is(here, phrases):
    before = state(here)
    assert failed("kb", "new", "sleep.cot", *options(phrases)).startswith("sleep.cot is there already; give it")
    assert state(here) == before


@pytest.mark.parametrize("option", ["--title", "--answer"])
def test_an_entry_that_is_there_is_not_written_over(here, option):
    before = state(here)
    said = failed("kb", "new", "sleep.cot", option, "Something else", "--phrase", "new one")
    assert said.startswith("sleep.cot is there already: change its title and answer in its file")
    assert state(here) == before


@pytest.mark.parametrize("listed", ["[one, two]", "[one,\n      two]", "[\n      one,\n      two\n      ]"])
def test_phrases_in_brackets_are_left_with_what_to_do_by_hand(here, listed):
    text = f"topic: sleep\nentries:\n  - id: cot\n    title: A\n    answer: B\n    phrases: {listed}\n"
    (here / "sleep.yaml").write_text(text)
    before = state(here)
    said = failed("kb", "new", "sleep.cot", *options(PHRASES))
    assert re.fullmatch(
        r"nothing was added: smalltown/sleep\.yaml:\d: put each phrase on a line of its own, beginning with `- `",
        said,
    )
    assert state(here) == before


@pytest.mark.parametrize("empty", ["[]", "", "~"])
def test_an_empty_list_of_phrases_is_left_with_what_to_do_by_hand(here, empty):
    text = f"topic: sleep\nentries:\n  - id: cot\n    title: A\n    phrases: {empty}\n    answer: B\n"
    (here / "sleep.yaml").write_text(text)
    before = state(here)
    said = failed("kb", "new", "sleep.cot", *options(PHRASES))
    assert said == "nothing was added: smalltown/sleep.yaml:5: `phrases` is empty; remove that line first"
    assert state(here) == before


def test_an_entry_that_the_command_made_without_phrases_can_be_given_some_by_the_command(here):
    ran("kb", "new", "sleep.twins", "--title", "Twins", "--answer", ANSWER)
    ran("kb", "new", "sleep.twins", *options(PHRASES))
    assert phrases_of(here, "sleep.twins") == tuple(PHRASES)


def test_an_entry_in_braces_is_left_as_it_is(here):
    (here / "sleep.yaml").write_text("topic: sleep\nentries:\n  - {id: cot, title: A, answer: B}\n")
    before = state(here)
    assert failed("kb", "new", "sleep.cot", *options(PHRASES)).startswith("nothing was added: smalltown/sleep.yaml")
    assert state(here) == before


def test_phrases_reach_an_entry_in_the_second_file_of_its_topic(here):
    (here / "zz-more.yaml").write_text("topic: sleep\nentries:\n  - id: tent\n    title: Tents\n    answer: No.\n")
    ran("kb", "new", "sleep.tent", *options(PHRASES))
    assert phrases_of(here, "sleep.tent") == tuple(PHRASES)


def test_a_hidden_copy_of_a_file_is_not_taken_for_the_file(here):
    """As some editors keep one beside the file."""
    (here / ".sleep.yaml").write_text(SLEEP, encoding="utf-8")
    ran("kb", "new", "sleep.cot", *options(PHRASES))
    assert phrases_of(here, "sleep.cot")[3:] == tuple(PHRASES)


def test_line_breaks_of_windows_stay(here):
    (here / "sleep.yaml").write_bytes(SLEEP.replace("\n", "\r\n").encode())
    ran("kb", "new", "sleep.cot", *options(PHRASES))
    ran("kb", "new", "sleep.twins", "--title", "Twins", "--answer", ANSWER)
    assert phrases_of(here, "sleep.cot")[3:] == tuple(PHRASES)
    after = (here / "sleep.yaml").read_bytes().decode()
    missing = [line for line in SLEEP.splitlines() if f"{line}\r\n" not in after]
    assert missing == []


def test_a_file_with_a_line_separator_in_a_text_gets_its_phrases_in_the_right_place(here):
    """YAML counts U+2028 as the end of a line."""
    (here / "sleep.yaml").write_text(
        SLEEP.replace("- which cot", '- "a\u2028b"\n      - which cot'), encoding="utf-8"
    )
    before = phrases_of(here, "sleep.cot")
    ran("kb", "new", "sleep.cot", *options(PHRASES))
    assert phrases_of(here, "sleep.cot") == (*before, *PHRASES)


# Whatever phrases hold

AWKWARD = [
    '"quoted"',
    "it's 'so'",
    "'",
    '"',
    "mum: no",
    "ends with:",
    "what # now",
    "# now",
    "- a dash",
    "-",
    "--- three",
    "? a question",
    "| a bar",
    "> more",
    "& and *",
    "* star",
    "! bang",
    "% percent",
    "@ at",
    "` tick",
    "[a, b]",
    "{a: b}",
    "a, b",
    "a  b",
    "a\tb",
    "\\n",
    "👶🏽 in 🛏️?",
    "£ – “ ” ü ж 你好 مرحبا",
    "true",
    "tRUE",
    "no",
    "null",
    "nULL",
    "~",
    "999",
    "0114",
    "1:30",
    "2027-01-12",
    "=",
    "<<",
    "a\nb",
    "a\n\n b",
    "a\x85b",
    "a\u2028b",
    "a\x07b",
    "a\ufeffb",
]
LONG = {
    "words": "may a baby sleep " * 23 + "here",
    "words and a colon": "a cot: new " * 36 + "?",
    "quotes": "'so' and \"so\" " * 28 + "?",
    "one word": "x" * 400,
    "emoji": "a 👶🏽 in a 🛏️ " * 28 + "?",
    "double spaces": "a  cot  " * 49 + "?",
    "a tab": "a cot\t" * 66 + "?",
}


@pytest.mark.parametrize("full_id", ["sleep.cot", "sleep.sofa", "crying.plan"])
@pytest.mark.parametrize("phrase", AWKWARD, ids=ascii)
def test_a_phrase_loads_exactly_as_it_was_given(here, with_england, phrase, full_id):
    before = phrases_of(here, full_id)
    ran("kb", "new", full_id, "--phrase", phrase, "--phrase", "an ordinary one")
    assert phrases_of(here, full_id) == (*before, phrase, "an ordinary one")


@pytest.mark.parametrize("full_id", ["sleep.cot", "sleep.sofa", "crying.plan"])
@pytest.mark.parametrize("what", LONG)
def test_a_very_long_phrase_loads_exactly_as_it_was_given(here, with_england, what, full_id):
    assert 300 < len(LONG[what]) <= 400
    before = phrases_of(here, full_id)
    ran("kb", "new", full_id, "--phrase", LONG[what])
    assert phrases_of(here, full_id) == (*before, LONG[what])


ANY_PHRASE = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x85"), max_size=60),
    st.text("ab 🙂é:#-'\"|>[]{}&*!%@`,?~0129.\\", max_size=90),
)
"""Any text of a line or so. (Long ones, and U+0085, have tests of their own.)"""


@hypothesis_settings(deadline=None, max_examples=150)
@given(
    st.lists(ANY_PHRASE.map(str.strip).filter(bool), min_size=1, max_size=4, unique=True),
    st.sampled_from(["sleep.cot", "sleep.sofa", "crying.plan"]),
)
def test_any_phrases_load_exactly_as_they_were_given(phrases, full_id):
    with TemporaryDirectory() as root:
        layers = [Path(root) / "england", Path(root) / "smalltown"]
        for layer in layers:
            layer.mkdir()
        (layers[0] / "crying.yaml").write_text(
            "topic: crying\nentries:\n  - {id: plan, title: A, answer: B, phrases: [it will not stop]}\n"
        )
        (layers[1] / "sleep.yaml").write_text(SLEEP, encoding="utf-8")
        before = load(layers).entries[full_id].phrases
        add_phrases(layers, full_id, phrases)
        assert load(layers).entries[full_id].phrases == tuple(dict.fromkeys((*before, *phrases)))
        assert_only_added(SLEEP, (layers[1] / "sleep.yaml").read_text(encoding="utf-8"))


@hypothesis_settings(deadline=None, max_examples=150)
@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x85"), max_size=80),
    st.text("ab \t\n🙂:#-'\"|>[]{}&*!%@`,?~01.", max_size=300),
)
def test_any_title_and_answer_load_exactly_as_they_were_given(title, answer):
    title, answer = title.strip() or "Twins", answer.strip() or "Yes."
    with TemporaryDirectory() as root:
        layer = Path(root) / "smalltown"
        layer.mkdir()
        (layer / "sleep.yaml").write_text(SLEEP, encoding="utf-8")
        add_entry([layer], "sleep", None, {"id": "twins", "title": title, "answer": answer})
        added = load([layer]).entries["sleep.twins"]
        assert (added.title, added.answer) == (title, answer)


def test_what_was_not_added_says_every_fault(here):
    with pytest.raises(NotAdded) as refused:
        add_entry([here], "sleep", None, {"id": "twins", "title": "x" * 601, "answer": "", "kind": "leaflet"})
    assert [fault.path.rpartition(".")[2] for fault in refused.value.faults] == ["title", "answer", "kind"]


# Where the knowledge is changed elsewhere


@pytest.mark.parametrize(
    "arguments",
    [["new", "sleep.cot", "--phrase", "new one"], ["new", "sleep.x", "--title", "X", "--answer", "X."], ["schema"]],
    ids=" ".join,
)
def test_commands_write_nothing_where_the_knowledge_is_changed_elsewhere(here, monkeypatch, arguments):
    before = state(here)
    monkeypatch.setenv("KNOWLEDGE_WRITABLE", "0")
    assert failed("kb", *arguments).startswith("KNOWLEDGE_WRITABLE=0: ")
    assert state(here) == before
    monkeypatch.setenv("KNOWLEDGE_WRITABLE", "1")
    ran("kb", *arguments)
    assert state(here) != before


# Schemas

SHIPPED_FILES = sorted(SHIPPED.glob("*/*.y*ml"))


def schema_of(path):
    """The name of the schema that a file has to keep to."""
    return path.stem if path.stem in NO_TOPIC_FILES else "topic"


@pytest.fixture(scope="module")
def checks():
    """Name -> what checks data against the schema of that name."""
    jsonschema = pytest.importorskip("jsonschema", reason="the development dependency jsonschema is not installed")
    kept = {name.removesuffix(".json"): json.loads(content) for name, content in schema.schemas().items()}
    for content in kept.values():
        jsonschema.Draft202012Validator.check_schema(content)
    formats = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return {name: jsonschema.Draft202012Validator(content, format_checker=formats) for name, content in kept.items()}


def complaints(checks, name, text):
    document = yaml_source.parse(dedent(text).encode(), yaml_source.Document("file"))
    assert document.faults == []
    return [f"{error.json_path}: {error.message}" for error in checks[name].iter_errors(document.data)]


def test_the_schemas_are_written_beside_the_knowledge_and_again_over_old_ones(here):
    names = sorted(f"schema/{name}" for name in schema.schemas())
    assert sorted(ran("kb", "schema").splitlines()) == names
    (here.parent / "schema" / "topic.json").write_text("{}")
    ran("kb", "schema")
    written = {path.name: path.read_text(encoding="utf-8") for path in (here.parent / "schema").iterdir()}
    assert written == schema.schemas()


def test_schemas_that_cannot_be_written_are_one_clear_line(here):
    (here.parent / "schema").write_text("a file where the folder belongs")
    assert failed("kb", "schema").startswith("the schemas cannot be written: ")


def test_the_committed_schemas_are_those_of_the_models():
    committed = {path.name: path.read_text(encoding="utf-8") for path in (SHIPPED / "schema").iterdir()}
    assert committed == schema.schemas(), "run `python app.py kb schema` and commit what it writes"


def test_the_folder_of_schemas_is_no_knowledge_of_a_partnership(here):
    before = knowledge(here).version
    ran("kb", "schema")
    assert knowledge(here).version == before


@pytest.mark.parametrize("path", SHIPPED_FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_first_line_of_a_shipped_file_names_its_schema(path):
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first == f"# yaml-language-server: $schema=../schema/{schema_of(path)}.json"
    assert (path.parent / first.partition("=")[2]).is_file()


@pytest.mark.parametrize("path", SHIPPED_FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_shipped_file_keeps_to_its_schema(checks, path):
    document = yaml_source.read(path)
    assert document.faults == []
    found = checks[schema_of(path)].iter_errors(document.data)
    assert [f"{error.json_path}: {error.message}" for error in found] == []


def test_what_the_command_writes_keeps_to_the_schema(checks, here, with_england):
    ran("kb", "new", "water.bath", "--title", "Baths", "--answer", ANSWER, "--source", "A|2026", "--topic-title", "W")
    ran("kb", "new", "crying.plan", *options(PHRASES))
    for name in ("water", "crying"):
        assert complaints(checks, "topic", (here / f"{name}.yaml").read_text(encoding="utf-8")) == []


RIGHT = {
    "topic": """
        topic: sleep
        entries:
          - id: cot
            title: Cots
            answer: On the back.
            for: {gp: Ask.}
            sources: [{title: A, date: 2023}, {title: B, date: 2023-05}, {title: C, date: undated}, {title: D}]
            compiled: 2026-11-21
            approval: {status: draft}
          - {id: sofa, omit: true}
        """,
    "contacts": """
        contacts:
          - {id: door, name: Door, numbers: [{display: 01632 960001, dial: "+441632960001"}], hours: unknown}
          - {id: duty, name: Duty, hours: {when_closed: door}, confirm: true}
          - {id: line, name: Line, hours: {mon-fri: "09:00-17:00"}}
        """,
    "partnership": "{name: Here, changed_entries: show-approved, agencies: [{id: gp, name: GP, kind: gp}]}",
    "glossary": "glossary: {LADO: [designated officer]}",
    "to-confirm": "to_confirm: [{id: hours, text: The hours., entries: [sleep.cot], contacts: [door]}]",
}
WRONG = [
    ("topic", "On the back.", "On the back.\n            anwser: x", "anwser"),
    ("topic", "topic: sleep", "topic: Safer Sleep", "$.topic"),
    ("topic", "topic: sleep", "title: Sleep", "'topic' is a required property"),
    ("topic", "id: cot", "id: the cot", "$.entries[0].id"),
    ("topic", "gp: Ask.", "wizard: Ask.", "wizard"),
    ("topic", "status: draft", "status: agreed", "agreed"),
    ("topic", "date: 2023-05", "date: May 2023", "May 2023"),
    ("topic", "title: Cots", "title: 12", "12"),
    ("topic", "omit: true", "omit: perhaps", "perhaps"),
    ("topic", "compiled: 2026-11-21", "compiled: yesterday", "yesterday"),
    ("contacts", "+441632960001", "01632 960001", "$.contacts[0].numbers[0].dial"),
    ("contacts", "confirm: true", "confirmed: true", "confirmed"),
    ("partnership", "show-approved", "show-nothing", "show-nothing"),
    ("partnership", "kind: gp", "kind: doctor", "doctor"),
    ("glossary", "[designated officer]", "designated officer", "$.glossary.LADO"),
    ("to-confirm", "sleep.cot", "cot", "$.to_confirm[0].entries[0]"),
    ("to-confirm", "text:", "say:", "say"),
]


@pytest.mark.parametrize("name", RIGHT)
def test_a_schema_has_no_complaint_about_what_is_right(checks, name):
    assert complaints(checks, name, RIGHT[name]) == []


@pytest.mark.parametrize(("name", "right", "wrong", "named"), WRONG, ids=[wrong for _, _, wrong, _ in WRONG])
def test_a_schema_complains_about_a_slip_where_it_stands(checks, name, right, wrong, named):
    assert RIGHT[name].count(right) == 1
    found = complaints(checks, name, RIGHT[name].replace(right, wrong))
    assert found
    assert any(named in complaint for complaint in found), found


@pytest.mark.parametrize("name", ["title", "answer", "phrases", "compiled", "review_by"])
def test_a_schema_says_what_a_key_is_for_while_it_is_typed(name):
    entry_schema = json.loads(schema.schemas()["topic.json"])["$defs"]["EntrySource"]["properties"]
    assert entry_schema[name]["description"]
