"""Approvals: who approved which text, and that a change of what practitioners read is noticed."""

import json
import re
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from test_command_line import failed, ran, run

from bot.answering.answer import show
from bot.answering.guidance import Guidance
from bot.answering.reply import Asked
from bot.config import ROOT
from bot.knowledge import approvals, yaml_source
from bot.knowledge.checks import check
from bot.knowledge.loading import examine, layers_of, load
from bot.knowledge.merging import drafted
from bot.knowledge.model import Approval, Approved, Entry, Rule
from bot.knowledge.partnership import AgencyKind
from bot.knowledge.shapes import Source

COT, DEFINITION, ROOM = "sleep.cot", "private-fostering.definition", "safer-sleep.room"
BY, ON = "Policy subgroup", date(2027, 1, 12)
ASK = "where does a baby sleep"
DRAFT = "Draft, not yet approved by the Smalltown Safeguarding Children Partnership"
CHANGED = f"{DRAFT} (an earlier text was, on 12 January 2027)"
SLEEP = """
topic: sleep
title: Where babies sleep
entries:
  - id: cot
    title: Where a baby sleeps
    answer: |
      On the back, in a clear cot.

      - No pillow.
    must:
      - {text: Ring 999 in danger., basis: Common law}
    should:
      - {text: Ask about the sofa.}
    steps:
      - Look at the room.
      - Ask who sleeps where.
    contacts: [front-door]
    for: {police: Look at night too., gp: Ask at six weeks.}
    confirm_locally: Who gives out cots.
    kind: guidance
    sources:
      - {title: National advice, date: "2023", url: "https://example.org/advice"}
    compiled: 2026-11-21
    review_by: 2027-05-21
    phrases: [where does a baby sleep, which cot is right]
    never: [hotel with a cot]
    related: [safer-sleep.room]
"""


@pytest.fixture(autouse=True)
def here(smalltown, tmp_path, monkeypatch):
    """Smalltown with one entry that has everything, and nothing of the settings of whoever runs the tests."""
    for line in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "KNOWLEDGE_WRITABLE", "ALLOW_TIME_TRAVEL"):
        monkeypatch.delenv(line, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PARTNERSHIP", "smalltown")
    monkeypatch.setenv("KNOWLEDGE_DIR", str(smalltown.parent))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/data/safeguarding.db")
    (smalltown / "sleep.yaml").write_text(SLEEP, encoding="utf-8")
    return smalltown


@pytest.fixture
def read_only(monkeypatch):
    monkeypatch.setenv("KNOWLEDGE_WRITABLE", "0")


@pytest.fixture
def shows_approved(here):
    """The setting that keeps the approved text on show while a changed draft waits."""
    with (here / "partnership.yaml").open("a", encoding="utf-8") as file:
        file.write("changed_entries: show-approved\n")


def approve(*ids, by=BY, on=ON):
    return ran("kb", "approve", *ids, "--by", by, "--on", on)


def knowledge(here):
    return load(layers_of(here.parent, "smalltown"))


def entry(here, full_id=COT):
    return knowledge(here).entries[full_id]


def notice(here, full_id=COT):
    """What stands above the entry when it is shown alone."""
    return show(full_id, Asked("", datetime.now(UTC)), Guidance.of(knowledge(here))).draft


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    path.write_text(text.replace(old, new), encoding="utf-8")


def approved_files(here):
    return {path.name: path.read_bytes() for path in (here / "approved").glob("*")}


def statuses():
    return {row["id"]: row["approval"] for row in json.loads(ran("kb", "stats", "--json"))}


def flat(text):
    return " ".join(text.split())


# kb approve


def test_what_is_approved_is_kept_beside_the_knowledge_with_who_and_when(here):
    assert approve(COT) == "sleep.cot: approved by Policy subgroup on 12 January 2027\n"

    path = here / "approved" / "sleep.cot.yaml"
    kept = Approved.model_validate(yaml_source.read(path).data)
    assert list(approved_files(here)) == ["sleep.cot.yaml"]
    assert (kept.entry, kept.by, kept.on) == (COT, BY, ON)
    assert kept.text == approvals.text_of(entry(here))
    assert path.read_text(encoding="utf-8").startswith("# ")


def test_the_knowledge_itself_is_not_written_to(here):
    before = {path.name: path.read_bytes() for path in here.glob("*.yaml")}
    approve(COT)
    assert {path.name: path.read_bytes() for path in here.glob("*.yaml")} == before


def test_without_a_day_it_is_approved_today(here):
    before = datetime.now(UTC).date()
    ran("kb", "approve", COT, "--by", BY)
    assert before <= entry(here).approval.on <= datetime.now(UTC).date()


def test_several_entries_are_approved_at_once_and_no_other(here):
    printed = approve(COT, ROOM).splitlines()
    assert [line.partition(":")[0] for line in printed] == [COT, ROOM]
    assert {full_id for full_id, status in statuses().items() if status == "approved"} == {COT, ROOM}


def test_an_approved_entry_may_be_approved_again_on_another_day(here):
    approve(COT)
    approve(COT, by="Executive group", on=date(2028, 2, 29))
    assert entry(here).approval == Approval(status="approved", by="Executive group", on=date(2028, 2, 29))
    assert len(approved_files(here)) == 1


@pytest.mark.parametrize("unknown", ["sleep.gone", "cot", "", "bot.greeting", "../sleep.cot"])
@pytest.mark.parametrize("order", [1, -1])
def test_one_unknown_id_among_several_changes_nothing(here, unknown, order):
    ids = [COT, unknown][::order]
    said = failed("kb", "approve", *ids, "--by", BY)
    assert said == f"{unknown}: no such entry; `kb stats` lists them. Nothing was changed"
    assert not (here / "approved").exists()


def test_one_unknown_id_among_several_keeps_every_approval(here):
    approve(COT)
    failed("kb", "approve", COT, "sleep.gone", "--withdraw")
    assert not entry(here).is_draft


@pytest.mark.parametrize("name", ["Emma Smith", "Dr Priya Patel", "sarah jones", "emma.smith@example.org"])
def test_a_person_is_not_taken_for_a_role(here, name):
    said = failed("kb", "approve", COT, "--by", name)
    assert "looks like a person" in said
    assert "role or group" in said
    assert not (here / "approved").exists()


@pytest.mark.parametrize("role", [BY, "Executive group", "Designated doctor", "Head of safeguarding, quality: 'B'"])
def test_a_role_or_group_may_approve(here, role):
    approve(COT, by=f"  {role} ")
    assert entry(here).approval.by == role


@pytest.mark.parametrize("role", ["", "  ", "x" * 601], ids=["nothing", "spaces", "too long"])
def test_a_role_that_cannot_be_kept_is_one_clear_line(here, role):
    result = run("kb", "approve", COT, "--by", role)
    assert result.exit_code in (1, 2)
    assert result.stderr
    assert not (here / "approved").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--by", BY],
        [COT],
        [COT, "--by", BY, "--withdraw"],
        [COT, "--by", BY, "--on", "12 January 2027"],
        [COT, "--by", BY, "--on", "2027-02-29"],
        [COT, "--by", BY, "--on", ""],
    ],
    ids=" ".join,
)
def test_bad_usage_ends_with_2_and_changes_nothing(here, arguments):
    assert "Error: " in failed("kb", "approve", *arguments, code=2)
    assert not (here / "approved").exists()


def test_an_approval_that_is_withdrawn_leaves_a_draft_as_if_it_had_never_been(here):
    approve(COT, ROOM)
    assert ran("kb", "approve", COT, "--withdraw") == "sleep.cot: is a draft again\n"
    assert (entry(here).is_draft, entry(here).approved_before) == (True, None)
    assert notice(here) == DRAFT
    assert not entry(here, ROOM).is_draft


def test_the_approval_of_an_earlier_text_can_be_withdrawn_too(here):
    approve(COT)
    edit(here / "sleep.yaml", "- No pillow.", "- No pillow, no toys.")
    ran("kb", "approve", COT, "--withdraw")
    assert notice(here) == DRAFT


def test_to_withdraw_what_was_not_approved_says_so(here):
    assert ran("kb", "approve", COT, "--withdraw") == "sleep.cot: was not approved\n"


@pytest.mark.parametrize("options", [["--by", BY], ["--withdraw"]], ids=" ".join)
def test_nothing_is_approved_or_withdrawn_where_the_knowledge_is_changed_elsewhere(here, monkeypatch, options):
    approve(ROOM)
    before = approved_files(here)
    monkeypatch.setenv("KNOWLEDGE_WRITABLE", "0")
    assert failed("kb", "approve", COT, ROOM, *options).startswith("KNOWLEDGE_WRITABLE=0: ")
    assert approved_files(here) == before


@pytest.mark.parametrize("options", [["--by", BY], ["--withdraw"]], ids=" ".join)
def test_files_with_faults_are_named_and_nothing_is_changed(here, options):
    approve(ROOM)
    before = approved_files(here)
    edit(here / "sleep.yaml", "    title: Where a baby sleeps", "    titel: Where a baby sleeps")
    assert failed("kb", "approve", COT, ROOM, *options).startswith("smalltown/sleep.yaml:6:5: entries.0.titel: ")
    assert approved_files(here) == before


def test_an_approval_that_cannot_be_written_is_one_clear_line(here):
    (here / "approved").write_text("a file where the folder belongs")
    assert failed("kb", "approve", COT, "--by", BY).startswith("sleep.cot: cannot be written: ")


# Where an approval shows


def test_an_approved_entry_is_counted_as_approved():
    before = statuses()
    approve(COT)
    assert set(before.values()) == {"draft"}
    assert statuses() == before | {COT: "approved"}
    assert "5 entries, 4 draft" in ran("kb", "stats")


def test_an_approved_entry_has_no_notice_and_says_who_approved_it_and_when(here):
    assert notice(here) == DRAFT
    approve(COT)
    assert notice(here) is None
    printed = flat(ran("ask", ASK))
    assert (
        "Approved by Policy subgroup on 12 January 2027, compiled 21 November 2026, to be reviewed by 21 May 2027."
    ) in printed


def test_a_question_that_an_approved_entry_answers_is_answered_without_a_notice():
    """Entries that are offered beside it show no more than their titles, and have a notice of their own."""
    approve(COT)
    reply = json.loads(ran("ask", ASK, "--json"))
    assert (reply["status"], reply["answer_id"], reply["draft"]) == ("answered", COT, None)


def test_a_question_that_a_changed_entry_answers_is_answered_with_when_its_earlier_text_was_approved(here):
    approve(COT)
    edit(here / "sleep.yaml", "- No pillow.", "- No pillow, no toys.")
    assert json.loads(ran("ask", ASK, "--json"))["draft"] == CHANGED


def test_a_draft_does_not_say_who_approved_an_earlier_text(here):
    approve(COT)
    edit(here / "sleep.yaml", "- No pillow.", "- No pillow, no toys.")
    printed = flat(ran("ask", ASK))
    assert BY not in printed
    assert "Compiled 21 November 2026, to be reviewed by 21 May 2027." in printed


def test_the_approval_makes_another_version_of_the_knowledge(here):
    before = knowledge(here).version
    approve(COT)
    approved = knowledge(here).version
    ran("kb", "approve", COT, "--withdraw")
    assert approved != before
    assert knowledge(here).version == before


# A change of what practitioners read

READ = {
    "title": ("title: Where a baby sleeps", "title: Where any baby sleeps"),
    "title, only a letter's case": ("title: Where a baby sleeps", "title: Where a Baby sleeps"),
    "answer": ("On the back, in a clear cot.", "On the back, in a cot."),
    "answer, an item more": ("- No pillow.", "- No pillow.\n      - No toys."),
    "must": ("Ring 999 in danger.", "Ring 999."),
    "must, its basis": (", basis: Common law", ""),
    "must, all": ("    must:\n      - {text: Ring 999 in danger., basis: Common law}\n", ""),
    "should": ("Ask about the sofa.", "Ask about sofas."),
    "should, one more": ("{text: Ask about the sofa.}", "{text: Ask about the sofa.}\n      - {text: Note it.}"),
    "steps": ("Ask who sleeps where.", "Ask."),
    "steps, their order": (
        "- Look at the room.\n      - Ask who sleeps where.",
        "- Ask who sleeps where.\n      - Look at the room.",
    ),
    "contacts": ("contacts: [front-door]", "contacts: [duty-team]"),
    "contacts, one more": ("contacts: [front-door]", "contacts: [front-door, duty-team]"),
    "contacts, none": ("    contacts: [front-door]\n", ""),
    "for": ("Ask at six weeks.", "Ask at eight weeks."),
    "for, another profession": ("gp: Ask at six weeks.", "midwifery: Ask at six weeks."),
    "confirm_locally": ("Who gives out cots.", "Who gives out beds."),
    "confirm_locally, gone": ("    confirm_locally: Who gives out cots.\n", ""),
    "kind": ("kind: guidance", "kind: signpost"),
    "sources": ("title: National advice", "title: Local advice"),
    "sources, the date": ('date: "2023"', 'date: "2024"'),
    "sources, the address": ("https://example.org/advice", "https://example.org/other"),
}
MATCHED_BY = {
    "phrases": ("phrases: [where does a baby sleep, ", "phrases: [where does a baby sleep, in which bed, "),
    "phrases, one gone": (", which cot is right", ""),
    "never": ("never: [hotel with a cot]", "never: [hotel with a cot, cot sales]"),
    "related": ("related: [safer-sleep.room]", "related: [safer-sleep.position]"),
    "review_by": ("review_by: 2027-05-21", "review_by: 2027-11-21"),
}
LAYOUT = {
    "a comment": ("    title: Where a baby sleeps", "    # Agreed in June.\n    title: Where a baby sleeps"),
    "quotes": ("title: Where a baby sleeps", 'title: "Where a baby sleeps"'),
    "a year as a number": ('date: "2023"', "date: 2023"),
    "a usual value left out": ("    kind: guidance\n", ""),
    "the order of keys": ('{title: National advice, date: "2023", ', '{date: "2023", title: National advice, '),
    "the heading of the topic": ("title: Where babies sleep", "title: Sleep"),
}


@pytest.mark.parametrize("change", READ)
def test_a_change_of_what_practitioners_read_makes_a_draft_that_says_when_it_was_approved(here, change):
    approve(COT)
    edit(here / "sleep.yaml", *READ[change])
    assert notice(here) == CHANGED
    assert statuses()[COT] == "draft"
    assert (entry(here).approval, entry(here).approved_before) == (Approval(), ON)


@pytest.mark.parametrize("change", READ)
def test_a_change_that_is_taken_back_is_approved_again(here, change):
    approve(COT)
    approved = entry(here)
    edit(here / "sleep.yaml", *READ[change])
    (here / "sleep.yaml").write_text(SLEEP, encoding="utf-8")
    assert entry(here) == approved
    assert notice(here) is None


@pytest.mark.parametrize("change", MATCHED_BY)
def test_a_change_of_how_an_entry_is_found_keeps_the_approval_and_counts(here, change):
    approve(COT)
    before = entry(here)
    edit(here / "sleep.yaml", *MATCHED_BY[change])
    assert notice(here) is None
    assert statuses()[COT] == "approved"
    field = change.partition(",")[0]
    assert getattr(entry(here), field) != getattr(before, field)


@pytest.mark.parametrize("change", LAYOUT)
def test_the_same_text_in_another_layout_stays_approved(here, change):
    approve(COT)
    edit(here / "sleep.yaml", *LAYOUT[change])
    assert notice(here) is None


def test_a_change_of_one_entry_keeps_the_approval_of_the_others(here):
    approve(COT, ROOM)
    edit(here / "sleep.yaml", "- No pillow.", "- No pillow, no toys.")
    assert notice(here, ROOM) is None


def test_a_changed_draft_that_is_approved_is_approved_as_it_is_now(here):
    approve(COT)
    edit(here / "sleep.yaml", "- No pillow.", "- No pillow, no toys.")
    approve(COT, on=date(2027, 2, 1))
    assert notice(here) is None
    assert "No pillow, no toys." in entry(here).answer
    assert entry(here).approval.on == date(2027, 2, 1)


# changed_entries: show-approved


def test_the_approved_text_stays_on_show_while_the_changed_draft_waits(here, shows_approved):
    approve(COT)
    approved = entry(here)
    for change in READ.values():
        edit(here / "sleep.yaml", *change)
        assert replace(entry(here), draft_waits=False) == approved
        assert entry(here).draft_waits
        assert notice(here) is None
        (here / "sleep.yaml").write_text(SLEEP, encoding="utf-8")
    assert not entry(here).draft_waits


def test_the_review_lists_what_waits_behind_an_approved_text(here, shows_approved):
    approve(COT)
    assert "changed since approval" not in ran("kb", "review")
    edit(here / "sleep.yaml", "- No pillow.", "- No pillow, no toys.")
    printed = ran("kb", "review")
    assert "  changed since approval, to be approved again:\n    sleep.cot\n" in printed
    assert "5 entries, 4 draft" in printed
    assert [desk["changed"] for desk in json.loads(ran("kb", "review", "--json"))] == [[COT]]


def test_a_change_of_phrases_counts_at_once_while_the_approved_text_is_shown(here, shows_approved):
    approve(COT)
    edit(here / "sleep.yaml", "- No pillow.", "- No pillow, no toys.")
    edit(here / "sleep.yaml", *MATCHED_BY["phrases"])
    assert "in which bed" in entry(here).phrases
    assert "no toys" not in entry(here).answer


def test_to_approve_behind_the_text_on_show_approves_the_draft(here, shows_approved):
    approve(COT)
    edit(here / "sleep.yaml", "- No pillow.", "- No pillow, no toys.")
    approve(COT, on=date(2027, 2, 1))
    shown = entry(here)
    assert "No pillow, no toys." in shown.answer
    assert (shown.draft_waits, shown.approval.on) == (False, date(2027, 2, 1))
    assert "changed since approval" not in ran("kb", "review")


def test_to_withdraw_behind_the_text_on_show_shows_the_draft(here, shows_approved):
    approve(COT)
    edit(here / "sleep.yaml", "- No pillow.", "- No pillow, no toys.")
    ran("kb", "approve", COT, "--withdraw")
    assert "No pillow, no toys." in entry(here).answer
    assert notice(here) == DRAFT


def test_what_nobody_ever_approved_is_shown_as_the_draft_that_it_is(here, shows_approved):
    assert notice(here) == DRAFT
    assert not entry(here).draft_waits


# Layers


@pytest.fixture
def with_england(here):
    """England has the entry; Smalltown's file says whom to ring."""
    england = here.with_name("england")
    england.mkdir()
    text = "topic: sleep\ntitle: Sleep\nentries:\n  - id: cot\n    title: Cots\n    answer: On the back.\n"
    (england / "sleep.yaml").write_text(text)
    (here / "sleep.yaml").write_text("topic: sleep\nentries:\n  - id: cot\n    contacts: [front-door]\n")
    return england


def test_a_partnership_approves_what_both_layers_say_together(here, with_england):
    approve(COT)
    kept = Approved.model_validate(yaml_source.read(here / "approved" / "sleep.cot.yaml").data).text
    assert (kept.title, kept.answer, kept.contacts) == ("Cots", "On the back.", ("front-door",))
    assert not (with_england / "approved").exists()
    assert load([with_england]).entries[COT].is_draft


@pytest.mark.parametrize("layer", ["england", "smalltown"])
def test_a_change_of_either_layer_under_an_approval_is_noticed(here, with_england, layer):
    approve(COT)
    if layer == "england":
        edit(with_england / "sleep.yaml", "On the back.", "On the back, always.")
    else:
        edit(here / "sleep.yaml", "front-door", "duty-team")
    assert notice(here) == CHANGED


def test_a_change_of_england_that_the_partnership_replaces_keeps_the_approval(here, with_england):
    edit(here / "sleep.yaml", "contacts:", "answer: In Smalltown's cots.\n    contacts:")
    approve(COT)
    edit(with_england / "sleep.yaml", "On the back.", "On the back, always.")
    assert notice(here) is None


def test_the_approved_text_stays_on_show_when_england_changes_under_it(here, with_england, shows_approved):
    approve(COT)
    edit(with_england / "sleep.yaml", "On the back.", "On the back, always.")
    assert entry(here).answer == "On the back."
    assert entry(here).draft_waits


# What is wrong with an approval


def faults_of_approvals(here):
    return [fault for fault in check(here).faults if fault.file.startswith("smalltown/approved/")]


def kept_as(here, full_id, text):
    path = here / "approved" / f"{full_id}.yaml"
    path.write_text(text, encoding="utf-8")


def test_faultless_approvals_have_no_faults(here):
    approve(COT, ROOM)
    assert faults_of_approvals(here) == []


@pytest.mark.parametrize("gone", ["sleep.gone", "no-such-topic.gone"])
def test_the_approval_of_an_entry_that_is_not_there_is_named(here, gone):
    approve(COT)
    kept = (here / "approved" / "sleep.cot.yaml").read_text(encoding="utf-8")
    kept_as(here, gone, kept.replace(COT, gone))
    (fault,) = faults_of_approvals(here)
    assert str(fault).startswith(
        f"smalltown/approved/{gone}.yaml:2:1: entry: {gone}: no such entry; remove this file"
    )


def test_an_approval_under_another_entrys_name_is_named_and_approves_neither(here):
    approve(COT)
    (here / "approved" / "sleep.cot.yaml").rename(here / "approved" / f"{ROOM}.yaml")
    (fault,) = faults_of_approvals(here)
    assert fault.message == f"the file is named after another entry, {ROOM}"
    loaded = examine([here])
    assert loaded.knowledge.entries[COT].is_draft
    assert loaded.knowledge.entries[ROOM].is_draft


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("entry: [", "2:1: is not valid YAML"),
        ("", "1:1: should be keys"),
        ("entry: sleep.cot\nby: x\non: 2027-01-12\n", "1:1: text: is missing"),
        ("entry: sleep.cot\nby: x\non: 2027-13-12\ntext: {title: A, answer: B}\n", "3:1: on: '2027-13-12' is not a"),
        ("entry: sleep.cot\non: 2027-01-12\ntext: {title: A, answer: B}\n", "1:1: by: is missing"),
        ("entry: cot\nby: x\non: 2027-01-12\ntext: {title: A, answer: B}\n", "1:1: entry: 'cot' is not in the form"),
        (
            "entry: sleep.cot\nby: x\non: 2027-01-12\ntext: {title: A, answer: B, phrases: [c]}\n",
            "4:29: text.phrases: is not a key that the bot knows",
        ),
    ],
)
def test_an_approval_that_cannot_be_read_is_named_and_the_entry_is_not_taken_for_approved(here, text, place):
    approve(COT)
    kept_as(here, COT, text)
    (fault,) = faults_of_approvals(here)
    assert str(fault).startswith(f"smalltown/approved/sleep.cot.yaml:{place}")
    assert examine([here]).knowledge.entries[COT].is_draft
    result = run("kb", "check", here)
    assert result.exit_code == 1
    assert str(fault) in result.stderr


def test_no_further_approval_is_given_while_one_of_them_cannot_be_read(here):
    approve(COT)
    kept_as(here, COT, "entry: [\n")
    assert failed("kb", "approve", ROOM, "--by", BY).startswith("smalltown/approved/sleep.cot.yaml:")
    assert list(approved_files(here)) == ["sleep.cot.yaml"]


BY_HAND = f'approval: {{status: approved, by: {BY}, on: "2027-01-12"}}'


@pytest.fixture
def faultless(here):
    """A partnership in which even the strict check finds nothing, with one entry."""
    folder = here.with_name("tidytown")
    folder.mkdir()
    phrases = [f"may a {who} sleep in a {place}" for who in ("baby", "twin") for place in "abcdefgh"]
    (folder / "partnership.yaml").write_text("name: Tidytown Safeguarding Children Partnership\n")
    (folder / "sleep.yaml").write_text(
        "topic: sleep\nentries:\n  - id: cot\n    title: Cots\n    answer: On the back.\n    sources: [{title: A}]\n"
        f"    compiled: 2026-11-21\n    review_by: 2027-05-21\n    phrases: [{', '.join(phrases)}]\n"
    )
    return folder


def test_what_was_approved_by_hand_is_advised_against_and_fails_the_strict_check(faultless):
    assert run("kb", "check", faultless, "--strict").exit_code == 0
    edit(faultless / "sleep.yaml", "    sources:", f"    {BY_HAND}\n    sources:")

    lenient, strict = run("kb", "check", faultless), run("kb", "check", faultless, "--strict")
    assert (lenient.exit_code, strict.exit_code) == (0, 1)
    (advice,) = lenient.stderr.splitlines()
    assert advice.startswith("tidytown/sleep.yaml:6:5: entries.0.approval: was approved by hand")
    assert "`kb approve`" in advice
    assert advice.endswith("(advice)")


def test_what_the_command_approved_passes_the_strict_check(faultless, monkeypatch):
    monkeypatch.setenv("PARTNERSHIP", "tidytown")
    approve(COT)
    assert run("kb", "check", faultless, "--strict").exit_code == 0


def test_what_was_approved_by_hand_and_then_by_the_command_is_noticed_when_it_changes(here):
    edit(here / "sleep.yaml", "    kind: guidance", f"    {BY_HAND}\n    kind: guidance")
    assert any("by hand" in fault.message for fault in check(here).advice)
    approve(COT)
    assert not any("by hand" in fault.message for fault in check(here).advice)
    edit(here / "sleep.yaml", "- No pillow.", "- No pillow, no toys.")
    assert notice(here) == CHANGED


# Every entry, and every text


@pytest.mark.parametrize("partnership", ["barnsley", "barnet"])
def test_every_shipped_entry_that_is_approved_reads_back_as_approved(tmp_path, partnership):
    root = tmp_path / "copy"
    shutil.copytree(ROOT / "knowledge", root, ignore=shutil.ignore_patterns("approved"))
    entries = drafted(examine(layers_of(root, partnership)).sources)
    assert len(entries) > 100
    for item in entries.values():
        approvals.approve(root / partnership, item, BY, ON)

    loaded = examine(layers_of(root, partnership))

    assert loaded.faults == ()
    by_all = Approval(status="approved", by=BY, on=ON)
    assert {full_id for full_id, item in loaded.knowledge.entries.items() if item.approval != by_all} == set()
    assert {
        full_id for full_id, item in entries.items() if approvals.text_of(item) != _text(loaded, full_id)
    } == set()
    written = sorted(path.stem for path in (root / partnership / "approved").iterdir())
    assert written == sorted(entries)


def _text(loaded, full_id):
    return loaded.sources.approved[full_id].text


def text(longest):
    """Any text, and text of the marks that mean something to YAML. (U+0085 has a test of its own.)"""
    anything = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x85"), max_size=60)
    as_people_write = st.text("aé🙂 \t\n:#-'\"|>[]{}&*!%@`,?~0129.", max_size=longest)
    return st.one_of(anything, as_people_write).map(str.strip).filter(bool)


LINE, PROSE = text(200), text(600)
ENTRIES = st.builds(
    Entry,
    topic=st.just("sleep"),
    id=st.just("cot"),
    title=LINE,
    answer=PROSE,
    must=st.lists(st.builds(Rule, text=LINE, basis=st.none() | LINE), max_size=2).map(tuple),
    should=st.lists(st.builds(Rule, text=LINE), max_size=2).map(tuple),
    steps=st.lists(LINE, max_size=3).map(tuple),
    contacts=st.lists(st.sampled_from(["front-door", "111", "0"]), max_size=2).map(tuple),
    for_agency=st.dictionaries(st.sampled_from(AgencyKind), LINE, max_size=2),
    confirm_locally=st.none() | LINE,
    signpost=st.booleans(),
    sources=st.lists(
        st.builds(Source, title=LINE, date=st.sampled_from([None, "2023", "2023-05", "2023-05-31", "undated"])),
        max_size=2,
    ).map(tuple),
)


@hypothesis_settings(deadline=None, max_examples=300)
@given(ENTRIES, LINE)
def test_whatever_an_entry_says_its_approved_copy_reads_back_equal(item, by):
    with TemporaryDirectory() as folder:
        path = approvals.approve(Path(folder), item, by, ON)
        document = yaml_source.read(path)
    assert document.faults == []
    assert Approved.model_validate(document.data) == Approved(entry=COT, by=by, on=ON, text=approvals.text_of(item))


@pytest.mark.parametrize(
    "word", ["tRUE", "nULL", "NULL", "no", "~", "012", "1:30", "1_000", "2027-01-12", "=", r"a\Nb"]
)
def test_a_word_that_yaml_could_take_for_something_else_stays_a_word(here, word):
    edit(here / "sleep.yaml", "title: Where a baby sleeps", f'title: "{word}"')
    approve(COT)
    assert faults_of_approvals(here) == []
    assert not entry(here).is_draft


def test_the_approved_copy_reads_as_a_person_would_write_it(here):
    approve(COT)
    kept = (here / "approved" / "sleep.cot.yaml").read_text(encoding="utf-8")
    assert "  answer: |-\n    On the back, in a clear cot.\n\n    - No pillow.\n" in kept
    assert not re.search(r"phrases|never|related|review_by", kept)
