"""Layers of YAML become one knowledge base: what a partnership replaces, adds and omits, and its version."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.knowledge.loading import KnowledgeFault, layers_for, layers_of, load
from bot.knowledge.model import Approval, Rule
from bot.knowledge.partnership import AgencyKind
from bot.knowledge.shapes import Source

PROJECT = Path(__file__).resolve().parent.parent
SHIPPED = PROJECT / "knowledge"

ENGLAND = """
    topic: safer-sleep
    title: Safer sleep
    owner: England's owner
    entries:
      - id: sofa
        title: Sofas
        answer: Never sleep on a sofa with a baby.
        must: [{text: Ring 999 in danger., basis: Common law}]
        should: [{text: Ask about the sofa.}]
        steps: [Look at the room., Ask who sleeps where.]
        contacts: [helpline]
        for: {police: Look at night too., gp: Ask at the six week check.}
        confirm_locally: Who gives out cots.
        kind: signpost
        sources: [{title: National advice, date: "2023"}]
        compiled: 2026-11-21
        approval: {status: draft}
        review_by: 2027-05-21
        phrases: [slept on the settee, sofa with baby]
        never: [sofa delivery]
        related: [safer-sleep.cot]
      - id: cot
        title: Cots
        answer: On the back, in a clear cot.
        phrases: [what cot]
    """


def write(folder, **files):
    """Write each keyword as `<name>.yaml` into `folder`, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name.replace('_', '-')}.yaml").write_text(dedent(text), encoding="utf-8")
    return folder


@pytest.fixture
def root(tmp_path):
    """A knowledge folder with England's layer and an empty partnership, `smalltown`."""
    write(tmp_path / "england", safer_sleep=ENGLAND)
    write(tmp_path / "smalltown", partnership="name: Smalltown Safeguarding Children Partnership\n")
    return tmp_path


def local(root, lines, *, entry="sofa", name="safer-sleep"):
    """Load Smalltown with its own file on `entry`, which gives `lines` (YAML) and nothing else."""
    text = "topic: safer-sleep\nentries:\n  - id: " + entry + "\n"
    text += "".join(f"    {line}\n" for line in dedent(lines).strip("\n").splitlines())
    (root / "smalltown" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return load(layers_of(root, "smalltown"))


REPLACED = [
    ("title: Settees", "title", "Settees"),
    ("answer: Ask Smalltown's health visitors.", "answer", "Ask Smalltown's health visitors."),
    ("must: [{text: Tell us., basis: A local duty}]", "must", (Rule(text="Tell us.", basis="A local duty"),)),
    ("should: [{text: Note it.}]", "should", (Rule(text="Note it."),)),
    ("steps: [Ring us.]", "steps", ("Ring us.",)),
    ("contacts: [front-door]", "contacts", ("front-door",)),
    ("for: {school: Tell your lead.}", "for_agency", {AgencyKind.SCHOOL: "Tell your lead."}),
    ("confirm_locally: Who to ask.", "confirm_locally", "Who to ask."),
    ("kind: guidance", "signpost", False),
    ("sources: [{title: Our page, date: undated}]", "sources", (Source(title="Our page", date="undated"),)),
    ("compiled: 2026-12-01", "compiled", date(2026, 12, 1)),
    (
        "approval: {status: approved, by: Policy subgroup, on: 2027-01-12}",
        "approval",
        Approval(status="approved", by="Policy subgroup", on=date(2027, 1, 12)),
    ),
    ("review_by: 2028-01-01", "review_by", date(2028, 1, 1)),
]


@pytest.mark.parametrize(("line", "field", "expected"), REPLACED, ids=[field for _, field, _ in REPLACED])
def test_a_field_that_the_partnership_gives_replaces_englands_and_no_other(root, line, field, expected):
    england = load([root / "england"]).entries["safer-sleep.sofa"]
    merged = local(root, line).entries["safer-sleep.sofa"]

    assert getattr(merged, field) == expected
    assert getattr(england, field) != expected
    unchanged = {name: value for name, value in vars(england).items() if name != field}
    assert {name: value for name, value in vars(merged).items() if name != field} == unchanged


def test_a_field_given_as_nothing_takes_englands_away(root):
    merged = local(root, "confirm_locally: ~\nsteps: []\ncontacts: ~").entries["safer-sleep.sofa"]

    assert (merged.confirm_locally, merged.steps, merged.contacts) == (None, (), ())
    assert merged.answer == "Never sleep on a sofa with a baby."


@pytest.mark.parametrize(
    ("line", "field", "expected"),
    [
        ("phrases: [chesterfield]", "phrases", ("slept on the settee", "sofa with baby", "chesterfield")),
        ("never: [sofa bed prices]", "never", ("sofa delivery", "sofa bed prices")),
        ("related: [safer-sleep.room]", "related", ("safer-sleep.cot", "safer-sleep.room")),
    ],
)
def test_phrases_never_and_related_are_added_after_englands(root, line, field, expected):
    assert getattr(local(root, line).entries["safer-sleep.sofa"], field) == expected


def test_what_the_partnership_adds_and_england_has_already_stands_once(root):
    merged = local(root, "phrases: [sofa with baby, chesterfield, chesterfield]").entries["safer-sleep.sofa"]

    assert merged.phrases == ("slept on the settee", "sofa with baby", "chesterfield")


def test_an_entry_that_the_partnership_omits_is_gone_there_and_stays_in_england(root):
    merged = local(root, "omit: true")

    assert set(merged.entries) == {"safer-sleep.cot"}
    assert set(load([root / "england"]).entries) == {"safer-sleep.sofa", "safer-sleep.cot"}


@pytest.mark.parametrize("word", ["false", "no"])
def test_an_entry_that_is_not_omitted_stays(root, word):
    assert "safer-sleep.sofa" in local(root, f"omit: {word}").entries


def test_an_omitted_entry_leaves_its_phrases_behind_in_no_version_of_it(root):
    assert "slept on the settee" not in local(root, "omit: true").content


def test_an_entry_of_the_partnerships_own_is_added(root):
    merged = local(root, "title: Cot bank\nanswer: Ask the family hub.", entry="cot-bank")

    assert list(merged.entries) == ["safer-sleep.sofa", "safer-sleep.cot", "safer-sleep.cot-bank"]
    assert [entry.id for entry in merged.entries_of("safer-sleep")] == ["sofa", "cot", "cot-bank"]


@pytest.mark.parametrize(("given_", "lacking"), [("answer: Ask.", "title"), ("title: Cot bank", "answer")])
def test_an_entry_of_the_partnerships_own_needs_a_title_and_an_answer(root, given_, lacking):
    with pytest.raises(KnowledgeFault, match=rf"^smalltown/safer-sleep.yaml:3:5: .*cot-bank has no {lacking}$"):
        local(root, given_, entry="cot-bank")


@pytest.mark.parametrize("name", ["title", "answer"])
def test_a_title_or_an_answer_that_the_partnership_takes_away_is_lacking(root, name):
    with pytest.raises(KnowledgeFault, match=rf"^smalltown/safer-sleep.yaml:4:5: .*sofa has no {name}$"):
        local(root, f"{name}: ~")


def test_only_an_id_a_title_and_an_answer_are_needed_to_load(tmp_path):
    write(tmp_path, faq="topic: faq\nentries: [{id: hours, title: Hours, answer: Nine to five.}]\n")

    entry = load([tmp_path]).entries["faq.hours"]

    assert (entry.full_id, entry.title, entry.answer) == ("faq.hours", "Hours", "Nine to five.")
    assert entry.is_draft
    assert not entry.signpost
    assert entry.phrases == entry.contacts == entry.sources == ()
    assert entry.compiled is entry.review_by is None


def test_a_topic_keeps_englands_title_and_owner_until_the_partnership_gives_its_own(root):
    local(root, "title: Settees")
    assert vars(load(layers_of(root, "smalltown")).topics["safer-sleep"]) == {
        "id": "safer-sleep",
        "title": "Safer sleep",
        "owner": "England's owner",
    }

    write(root / "smalltown", safer_sleep="topic: safer-sleep\ntitle: Babies asleep\n")
    topic = load(layers_of(root, "smalltown")).topics["safer-sleep"]
    assert (topic.title, topic.owner) == ("Babies asleep", "England's owner")


def test_a_topic_without_a_title_is_called_by_its_id(tmp_path):
    write(tmp_path, any="topic: home-education\nentries: []\n")

    assert load([tmp_path]).topics["home-education"].title == "Home education"


def topics_in_order(root, partnership):
    write(root / "england", icon="topic: icon\nentries: []\n", voice="topic: voice\nentries: []\n")
    write(root / "smalltown", partnership=partnership, prevent="topic: prevent\nentries: []\n")
    return load(layers_of(root, "smalltown"))


@pytest.mark.parametrize(
    ("line", "order"),
    [
        ("", ["icon", "safer-sleep", "voice", "prevent"]),
        ("topics: []", ["icon", "safer-sleep", "voice", "prevent"]),
        ("topics: [voice, prevent, icon, safer-sleep]", ["voice", "prevent", "icon", "safer-sleep"]),
        ("topics: [prevent]", ["prevent", "icon", "safer-sleep", "voice"]),
        ("topics: [voice, safer-sleep, voice]", ["voice", "safer-sleep", "icon", "prevent"]),
        ("topics: [training, voice]", ["voice", "icon", "safer-sleep", "prevent"]),
    ],
    ids=["none given", "empty", "all", "one", "twice", "one that is not there"],
)
def test_topics_stand_in_the_partnerships_order_and_those_it_does_not_name_follow(root, line, order):
    assert list(topics_in_order(root, f"name: Smalltown\n{line}\n").topics) == order


def test_another_order_of_topics_is_another_version(root):
    one, other = (
        topics_in_order(root, f"name: S\ntopics: {order}\n") for order in ("[icon, voice]", "[voice, icon]")
    )
    assert one.version != other.version


def test_a_contact_of_the_partnership_stands_for_englands_whole(root):
    write(
        root / "england",
        contacts="""
            contacts:
              - {id: helpline, name: National helpline, web: "https://example.org", note: For adults.}
              - {id: childline, name: Childline}
            """,
    )
    write(root / "smalltown", contacts="contacts: [{id: helpline, name: Our helpline}]\n")

    contacts = load(layers_of(root, "smalltown")).contacts

    assert list(contacts) == ["helpline", "childline"]
    assert (contacts["helpline"].name, contacts["helpline"].note) == ("Our helpline", None)


def test_a_word_of_the_partnerships_glossary_stands_for_englands_and_the_others_stay(root):
    write(root / "england", glossary="glossary: {LAC: [looked after child], EDT: [emergency duty team]}\n")
    write(root / "smalltown", glossary="glossary: {edt: [out of hours team]}\n")

    glossary = load(layers_of(root, "smalltown")).glossary

    assert glossary == {"lac": ("looked after child",), "edt": ("out of hours team",)}


def test_the_contacts_of_an_entry_come_in_its_own_order(tmp_path):
    write(
        tmp_path,
        contacts="contacts: [{id: first, name: First}, {id: second, name: Second}]\n",
        faq="topic: faq\nentries: [{id: a, title: A, answer: Ring., contacts: [second, first]}]\n",
    )
    knowledge = load([tmp_path])

    assert [c.name for c in knowledge.contacts_of(knowledge.entries["faq.a"])] == ["Second", "First"]


@pytest.mark.parametrize("name", ["contacts", "partnership", "glossary", "anything-at-all"])
def test_a_file_with_a_topic_is_a_topic_whatever_it_is_called(tmp_path, name):
    write(tmp_path, **{name: "topic: contacts\nentries: [{id: front-door, title: Front door, answer: Ring it.}]\n"})

    assert set(load([tmp_path]).entries) == {"contacts.front-door"}


def test_a_topic_called_contacts_lies_over_englands_topic_of_another_file_name(root):
    write(root / "england", who_to_ring="topic: contacts\nentries: [{id: lado, title: LADO, answer: Ring.}]\n")
    write(root / "smalltown", contacts="topic: contacts\nentries: [{id: lado, answer: Ring in the week.}]\n")

    entry = load(layers_of(root, "smalltown")).entries["contacts.lado"]

    assert (entry.title, entry.answer) == ("LADO", "Ring in the week.")


def test_one_topic_may_stand_in_two_files_of_a_layer(tmp_path):
    write(
        tmp_path,
        sleep_a="topic: sleep\ntitle: Sleep\nentries: [{id: a, title: A, answer: A.}]\n",
        sleep_b="topic: sleep\nentries: [{id: b, title: B, answer: B.}]\n",
    )
    knowledge = load([tmp_path])

    assert [entry.full_id for entry in knowledge.entries_of("sleep")] == ["sleep.a", "sleep.b"]
    assert knowledge.topics["sleep"].title == "Sleep"


def test_files_that_are_hidden_or_no_yaml_are_passed_over_and_yml_is_read(tmp_path):
    topic = "topic: {0}\nentries: [{{id: a, title: A, answer: A.}}]\n"
    for name in ("read.yaml", "also.yml"):
        (tmp_path / name).write_text(topic.format(name.partition(".")[0]), encoding="utf-8")
    for name in (".hidden.yaml", "notes.txt", "old.yaml.bak", "swap.yaaml"):
        (tmp_path / name).write_text("not: [valid", encoding="utf-8")

    assert set(load([tmp_path]).topics) == {"read", "also"}


def test_a_folder_with_a_partnership_file_stands_on_england_and_any_other_alone(root):
    write(root / "faq", faq="topic: faq\nentries: [{id: a, title: A, answer: A.}]\n")

    assert layers_for(root / "smalltown") == [root / "england", root / "smalltown"]
    assert layers_for(root / "faq") == [root / "faq"]
    assert layers_for(root / "england") == [root / "england"]
    assert set(load(layers_for(root / "faq")).entries) == {"faq.a"}


def test_a_partnership_needs_no_england_beside_it(tmp_path):
    write(tmp_path / "alone", partnership="name: Alone\n", faq="topic: f\nentries: [{id: a, title: A, answer: A.}]\n")

    assert layers_of(tmp_path, "alone") == [tmp_path / "alone"]
    assert load(layers_for(tmp_path / "alone")).partnership.name == "Alone"


def test_a_folder_without_topics_cannot_be_loaded(tmp_path):
    with pytest.raises(KnowledgeFault, match="no topic file was found"):
        load([tmp_path])


def test_a_fault_that_stops_the_loading_lists_all_the_others_in_the_order_of_the_files(root):
    write(root / "england", b="topic: b\nentrys: []\n", a="topic: a\nentries: [{id: x, titel: X}]\n")

    with pytest.raises(KnowledgeFault) as caught:
        load(layers_of(root, "smalltown"))

    assert [(f.file, f.line, f.path) for f in caught.value.faults] == [
        ("england/a.yaml", 2, "entries.0.titel"),
        ("england/b.yaml", 2, "entrys"),
    ]
    assert str(caught.value).splitlines() == [str(fault) for fault in caught.value.faults]


# Versions

CONTENT = {
    "partnership": "name: Smalltown\nagencies: [{id: high-school, name: High School, kind: school}]\n",
    "contacts": """
        contacts:
          - {id: door, name: Door, numbers: [{display: "01632 960001", dial: "+441632960001"}], hours: unknown}
        """,
    "glossary": "glossary: {lac: [looked after child]}\n",
    "sleep": """
        topic: sleep
        title: Sleep
        owner: Us
        entries:
          - id: cot
            title: Cots
            answer: |
              On the back.

              In a clear cot.
            steps: [Look.]
            sources: [{title: Advice, date: "2023"}]
            approval: {status: draft}
            review_by: 2027-05-21
            phrases: [what cot, which cot]
            never: [cot prices]
          - {id: sofa, title: Sofas, answer: No sofas.}
        """,
    "crying": "topic: crying\nentries: [{id: plan, title: Plan, answer: Walk away.}]\n",
}


def version(folder, **files):
    write(folder, **{**CONTENT, **files})
    return load([folder]).version


def test_the_same_content_has_the_same_version_in_another_folder_and_after_a_second_reading(tmp_path):
    first = version(tmp_path / "one")

    assert load([tmp_path / "one"]).version == first
    assert version(tmp_path / "elsewhere" / "two") == first


@pytest.mark.parametrize(
    ("name", "rewritten"),
    [
        ("sleep", lambda text: text.replace("title: Sleep", "title: Sleep   # a comment")),
        ("sleep", lambda text: text.replace("owner: Us", "owner: 'Us'")),
        ("sleep", lambda text: text.replace("[what cot, which cot]", '["what cot",\n      which cot]')),
        ("sleep", lambda text: text.replace("    approval: {status: draft}\n", "")),
        ("contacts", lambda text: text.replace(", hours: unknown", "")),
        ("sleep", lambda text: text.replace("\n", "\r\n")),
        ("sleep", lambda text: "\ufeff" + text),
    ],
    ids=["comment", "quotes", "list", "draft left out", "default left out", "line ends", "byte order mark"],
)
def test_another_way_of_writing_the_same_content_has_the_same_version(tmp_path, name, rewritten):
    before = version(tmp_path)
    file = tmp_path / f"{name}.yaml"
    text = file.read_text(encoding="utf-8")
    assert rewritten(text) != text
    file.write_bytes(rewritten(text).encode())

    assert load([tmp_path]).version == before


def test_the_version_does_not_depend_on_the_names_of_files_or_the_order_of_entries(tmp_path):
    before = version(tmp_path / "one")
    write(tmp_path / "two", **{k: v for k, v in CONTENT.items() if k not in ("sleep", "crying")})
    head, _, rest = dedent(CONTENT["sleep"]).partition("  - id: cot")
    cot, _, sofa = ("  - id: cot" + rest).partition("  - {id: sofa")
    write(tmp_path / "two", zzz=head + "  - {id: sofa" + sofa + cot, aaa=CONTENT["crying"])

    assert load([tmp_path / "two"]).version == before


def test_layers_that_come_to_the_same_have_the_same_version(tmp_path):
    before = version(tmp_path / "one")
    write(tmp_path / "layers" / "england", sleep=CONTENT["sleep"].replace("No sofas.", "Never."))
    write(
        tmp_path / "layers" / "smalltown",
        **{k: v for k, v in CONTENT.items() if k != "sleep"},
        sleep="topic: sleep\nentries: [{id: sofa, answer: No sofas.}]\n",
    )

    assert load(layers_of(tmp_path / "layers", "smalltown")).version == before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("sleep", "On the back.", "On the  back."),
        ("sleep", "On the back.", "On the front."),
        ("sleep", "title: Cots", "title: Cot"),
        ("sleep", "title: Sleep", "title: Sleeping"),
        ("sleep", "owner: Us", "owner: Them"),
        ("sleep", "[Look.]", "[Look., Ask.]"),
        ("sleep", 'date: "2023"', 'date: "2024"'),
        ("sleep", "{status: draft}", "{status: approved, by: Us, on: 2027-01-12}"),
        ("sleep", "2027-05-21", "2027-05-22"),
        ("sleep", "[what cot, which cot]", "[what cot, which cot, cot]"),
        ("sleep", "[what cot, which cot]", "[which cot]"),
        ("sleep", "[cot prices]", "[]"),
        ("sleep", "id: sofa", "id: settee"),
        ("sleep", "answer: No sofas.", "answer: No sofas., kind: signpost"),
        ("crying", "topic: crying", "topic: coping"),
        ("contacts", "960001", "960002"),
        ("contacts", "hours: unknown", "hours: always"),
        ("contacts", "name: Door", "name: Front door"),
        ("glossary", "looked after child", "looked-after child"),
        ("partnership", "name: Smalltown", "name: Bigtown"),
        ("partnership", "kind: school", "kind: college"),
        ("partnership", "name: Smalltown", "name: Smalltown\nbank_holidays: WLS"),
    ],
)
def test_changed_content_has_another_version_and_the_old_comes_back_with_the_old_content(tmp_path, name, old, new):
    before = version(tmp_path)
    assert old in CONTENT[name]

    assert version(tmp_path, **{name: CONTENT[name].replace(old, new)}) != before
    assert version(tmp_path) == before


ANSWERS = st.text("ab \n.é", min_size=1, max_size=12).filter(lambda text: text.strip())


@settings(deadline=None, max_examples=60)
@given(one=ANSWERS, other=ANSWERS)
def test_two_answers_have_one_version_only_when_they_say_the_same(tmp_path_factory, one, other):
    folder = tmp_path_factory.mktemp("answers")

    def version_of(answer):
        text = json.dumps({"topic": "t", "entries": [{"id": "a", "title": "A", "answer": answer}]})
        (folder / "t.yaml").write_text(text, encoding="utf-8")
        return load([folder]).version

    assert (version_of(one) == version_of(other)) is (one.strip() == other.strip())


def test_a_version_is_the_hash_of_a_content_that_holds_every_word_of_the_entries(tmp_path):
    write(tmp_path, **CONTENT)
    knowledge = load([tmp_path])

    assert knowledge.version == hashlib.sha256(knowledge.content.encode()).hexdigest()[:16]
    kept = json.loads(knowledge.content)
    cot = kept["entries"]["sleep.cot"]
    assert cot["answer"] == "On the back.\n\nIn a clear cot."
    assert (cot["steps"], cot["phrases"], cot["review_by"]) == (["Look."], ["what cot", "which cot"], "2027-05-21")
    assert cot["sources"] == [{"title": "Advice", "date": "2023"}]
    assert kept["contacts"][0]["numbers"] == [{"display": "01632 960001", "dial": "+441632960001"}]


def test_another_process_finds_the_same_version(tmp_path):
    write(tmp_path, **CONTENT)
    program = "import sys; from pathlib import Path; from bot.knowledge.loading import load; "
    program += "print(load([Path(sys.argv[1])]).version)"

    found = {
        subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)],
            cwd=PROJECT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }

    assert found == {load([tmp_path]).version}


# What is shipped


@pytest.fixture(scope="module")
def barnsley():
    return load(layers_of(SHIPPED, "barnsley"))


def test_barnsley_has_every_entry_of_england(barnsley):
    england = load([SHIPPED / "england"])

    assert set(england.entries) <= set(barnsley.entries)
    assert set(england.contacts) < set(barnsley.contacts)
    for full_id, entry in england.entries.items():
        merged = barnsley.entries[full_id]
        assert merged.phrases[: len(entry.phrases)] == entry.phrases
        assert set(entry.never) <= set(merged.never)


def test_a_copy_of_the_shipped_knowledge_has_its_version(barnsley, tmp_path):
    shutil.copytree(SHIPPED, tmp_path / "copy")

    assert load(layers_of(tmp_path / "copy", "barnsley")).version == barnsley.version
