"""What is due for the editors, what the partnership has still to confirm, and the questions that nobody answered."""

import json
import shlex
from contextlib import closing
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from test_command_line import failed, ran, run

from bot.answering.reply import Reply, Status
from bot.config import ROOT
from bot.gaps import gaps
from bot.knowledge.checks import check
from bot.knowledge.loading import layers_of, load
from bot.review import drafts_by_owner, review
from bot.storage import corrections, questions
from bot.storage.corrections import Correction
from bot.storage.database import Store, connect, migrate
from bot.storage.questions import Question, Unanswered

TODAY = date(2026, 11, 22)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
POLICY, HEALTH = "Policy subgroup", "Health subgroup"
COT, BATH, DEFINITION = "sleep.cot", "water.bath", "fostering.definition"
FILES = {
    "partnership": "name: Smalltown Safeguarding Children Partnership\nowner: Policy subgroup\n",
    "contacts": """
contacts:
  - id: front-door
    name: Front door
    numbers: [{display: "01632 960001", dial: "+441632960001"}]
    source: {title: Council page, date: 2026-11-01}
  - id: duty-team
    name: Duty team
    numbers: [{display: "01632 960002", dial: "+441632960002"}]
    source: {title: Council page, date: 2026-11-01}
    confirm: true
""",
    "fostering": """
topic: fostering
title: Private fostering
entries:
  - id: definition
    title: What private fostering is
    answer: A child lives with somebody who is no close relative for 28 days or more.
    phrases:
      - what is private fostering
      - who is privately fostered
""",
    "sleep": """
topic: sleep
title: Sleep
owner: Health subgroup
entries:
  - id: cot
    title: Cots
    answer: On the back, in a clear cot.
    confirm_locally: Who gives out cots.
    phrases:
      - which cot is right
      - where does a baby sleep
""",
    "water": """
topic: water
title: Water
owner: Health subgroup
entries:
  - id: bath
    title: Baths
    answer: Never leave a baby alone.
    phrases:
      - when to bath a baby
""",
}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A partnership with two owners, and nothing of the settings of whoever runs the tests."""
    folder = tmp_path / "knowledge" / "smalltown"
    folder.mkdir(parents=True)
    for name, text in FILES.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    for line in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "KNOWLEDGE_WRITABLE", "ALLOW_TIME_TRAVEL"):
        monkeypatch.delenv(line, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PARTNERSHIP", "smalltown")
    monkeypatch.setenv("KNOWLEDGE_DIR", str(folder.parent))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/data/safeguarding.db")
    return folder


@pytest.fixture
def shipped(here, monkeypatch):
    """The command line on Barnsley's knowledge, as it is shipped."""
    monkeypatch.setenv("PARTNERSHIP", "barnsley")
    monkeypatch.setenv("KNOWLEDGE_DIR", str(ROOT / "knowledge"))


@pytest.fixture
def database(here, tmp_path):
    path = tmp_path / "data" / "safeguarding.db"
    path.parent.mkdir()
    migrate(path)
    return path


@pytest.fixture
def write(database):
    """Write into the database within one transaction."""

    def writing(work):
        store = Store(database)
        try:
            return store.submit(work).result(10)
        finally:
            store.close()

    return writing


@pytest.fixture
def suggest(write):
    """Suggest a correction; its id."""

    def suggesting(entry, text, at=NOON, agency=None):
        return write(
            lambda tx: corrections.suggest(
                tx, entry, text, at=at, channel="web", knowledge_version=None, person_id=None, agency=agency
            )
        )

    return suggesting


@pytest.fixture
def asked(write):
    """Record that a question was asked so many times, how it ended, and the verdicts on it, one after the other."""

    def recording(text, *verdicts, times=1, ago=MINUTE, status=Status.NO_GUIDANCE):
        at = datetime.now(UTC) - ago

        def work(tx):
            for _ in range(times):
                question_id = questions.new_id()
                question = Question(question_id, at, "web", text, Reply(status), emergency=False, ms=1.0)
                questions.record(tx, question, None)
                for number, (helpful, missing) in enumerate(verdicts):
                    later = at + timedelta(seconds=number)
                    questions.judge(tx, question_id, helpful=helpful, at=later, person_id=None, missing=missing)

        write(work)

    return recording


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    path.write_text(text.replace(old, new), encoding="utf-8")


def knowledge(here):
    return load(layers_of(here.parent, "smalltown"))


def due_on(here, full_id, day):
    """Give an entry its day of review."""
    topic, _, entry_id = full_id.partition(".")
    edit(here / f"{topic}.yaml", f"- id: {entry_id}\n", f"- id: {entry_id}\n    review_by: {day}\n")


def desk_of(owner, here, suggested=(), today=TODAY):
    return next(desk for desk in review(knowledge(here), suggested, today) if desk.owner == owner)


def in_json(*arguments):
    return json.loads(ran("kb", *arguments, "--json"))


# kb review: whose, and how many


def test_each_owner_has_the_entries_of_their_topics_in_the_order_of_the_files(here):
    assert [(desk.owner, desk.entries) for desk in review(knowledge(here), (), TODAY)] == [(POLICY, 1), (HEALTH, 2)]
    lines = ran("kb", "review").splitlines()
    assert [line for line in lines if line and not line.startswith(" ")] == [
        "Policy subgroup: 1 entries, 1 draft",
        "Health subgroup: 2 entries, 2 draft",
    ]


def test_what_has_no_owner_belongs_to_nobody_named(here):
    (here / "partnership.yaml").write_text("name: Smalltown\n")
    edit(here / "sleep.yaml", "owner: Health subgroup\n", "")
    assert [desk.owner for desk in review(knowledge(here), (), TODAY)] == ["nobody named", HEALTH]


def test_drafts_are_counted_by_owner_and_approved_entries_are_not(here):
    assert drafts_by_owner(review(knowledge(here), (), TODAY)) == {POLICY: 1, HEALTH: 2}
    ran("kb", "approve", COT, "--by", POLICY)
    assert drafts_by_owner(review(knowledge(here), (), TODAY)) == {POLICY: 1, HEALTH: 1}
    assert [(desk["owner"], desk["entries"], desk["drafts"]) for desk in in_json("review")] == [
        (POLICY, 1, 1),
        (HEALTH, 2, 1),
    ]
    ran("kb", "approve", BATH, "--by", POLICY)
    assert drafts_by_owner(review(knowledge(here), (), TODAY))[HEALTH] == 0


def test_a_draft_of_which_an_earlier_text_was_approved_is_listed_as_changed(here):
    ran("kb", "approve", COT, BATH, "--by", POLICY)
    assert "changed since approval" not in ran("kb", "review")
    edit(here / "sleep.yaml", "in a clear cot", "in a cot")
    assert "  changed since approval, to be approved again:\n    sleep.cot\n" in ran("kb", "review")
    assert [desk["changed"] for desk in in_json("review")] == [[], [COT]]


def test_where_nothing_is_due_the_review_is_the_counts_alone(here):
    assert (
        ran("kb", "review").split()
        == "Policy subgroup: 1 entries, 1 draft Health subgroup: 2 entries, 2 draft".split()
    )
    empty = {"changed": [], "due": [], "corrections": [], "old_numbers": [], "to_confirm": []}
    assert in_json("review") == [
        {"owner": POLICY, "entries": 1, "drafts": 1, **empty},
        {"owner": HEALTH, "entries": 2, "drafts": 2, **empty},
    ]


# kb review: days


@pytest.mark.parametrize(("days", "due"), [(-400, 1), (-1, 1), (0, 1), (1, 1), (29, 1), (30, 1), (31, 0), (365, 0)])
def test_a_review_is_due_from_thirty_days_before_its_day(here, days, due):
    due_on(here, COT, TODAY + timedelta(days=days))
    assert [entry.full_id for entry in desk_of(HEALTH, here).due] == [COT] * due
    assert desk_of(POLICY, here).due == []


def test_reviews_are_listed_the_earliest_first(here):
    due_on(here, COT, TODAY + timedelta(days=2))
    due_on(here, BATH, TODAY - timedelta(days=2))
    assert [entry.full_id for entry in desk_of(HEALTH, here).due] == [BATH, COT]


@pytest.mark.parametrize(("days", "late"), [(-1, True), (0, False), (30, False)])
def test_a_review_is_late_from_the_day_after(here, days, late):
    day = datetime.now(UTC).date() + timedelta(days=days)
    due_on(here, COT, day)
    written = f"    sleep.cot: {day.day} {day:%B} {day.year}{', late' if late else ''}"
    lines = ran("kb", "review").splitlines()
    assert lines[lines.index("  due for review:") + 1] == written
    assert in_json("review")[1]["due"] == [{"id": COT, "review_by": day.isoformat()}]


# kb review: corrections


def test_a_correction_stands_with_the_owner_of_its_entry_oldest_first(here, suggest):
    later = suggest(COT, "A flat mattress\n  is missing.", at=NOON + timedelta(days=1))
    first = suggest(COT, "Say “own cot”.", agency="high-school")
    printed = ran("kb", "review").splitlines()
    at = printed.index("  corrections that people suggest (settle with --changed ID or --kept ID):")
    assert printed[at + 1 : at + 3] == [
        f"    {first}  sleep.cot, 20 November 2026: Say “own cot”.",
        f"    {later}  sleep.cot, 21 November 2026: A flat mattress is missing.",
    ]
    policy, health = in_json("review")
    assert policy["corrections"] == []
    assert [(item["id"], item["entry"], item["agency"]) for item in health["corrections"]] == [
        (first, COT, "high-school"),
        (later, COT, None),
    ]
    assert datetime.fromisoformat(health["corrections"][0]["at"]) == NOON


def test_a_correction_to_an_entry_that_is_gone_stands_with_the_partnerships_owner(here):
    orphan = Correction("abc", NOON, "sleep.gone", "It is gone.", None)
    assert desk_of(POLICY, here, [orphan]).corrections == [orphan]


@pytest.mark.parametrize(
    ("option", "said", "kept"), [("--changed", "was changed", "changed"), ("--kept", "stays", "kept")]
)
def test_a_settled_correction_is_no_longer_listed_and_keeps_how_it_was_settled(database, suggest, option, said, kept):
    settled, other = suggest(COT, "One."), suggest(BATH, "Two.")
    before = datetime.now(UTC)
    assert ran("kb", "review", option, settled).startswith(f"{settled}: settled, the entry {said}")
    assert [item["id"] for item in in_json("review")[1]["corrections"]] == [other]
    with closing(connect(database)) as connection:
        rows = {row["id"]: dict(row) for row in connection.execute("SELECT * FROM corrections")}
    assert (rows[settled]["settled_as"], rows[settled]["text"]) == (kept, "One.")
    assert before <= datetime.fromisoformat(rows[settled]["settled"]) <= datetime.now(UTC)
    assert (rows[other]["settled"], rows[other]["settled_as"]) == (None, None)


@pytest.mark.parametrize("option", ["--changed", "--kept"])
def test_an_unknown_correction_and_one_settled_before_are_one_clear_line(suggest, option):
    correction = suggest(COT, "One.")
    assert failed("kb", "review", option, "ffffffff") == "ffffffff: no such open correction; `kb review` lists them"
    assert len(in_json("review")[1]["corrections"]) == 1
    ran("kb", "review", "--changed", correction)
    assert failed("kb", "review", option, correction).startswith(f"{correction}: no such open correction")


def test_of_two_corrections_settled_at_once_neither_is_passed_over(suggest):
    one, two = suggest(COT, "One."), suggest(COT, "Two.")
    result = run("kb", "review", "--changed", one, "--kept", two)
    open_still = {item["id"] for item in in_json("review")[1]["corrections"]}
    assert open_still == (set() if result.exit_code == 0 else {one, two})


def test_an_empty_id_settles_nothing_and_says_so(suggest):
    suggest(COT, "One.")
    assert "no such open correction" in failed("kb", "review", "--changed", "")


# kb review: numbers and points


@pytest.mark.parametrize(
    ("seen", "listed"),
    [
        ("2026-11-22", False),
        ("2024-11-22", False),
        ("2024-11-21", True),
        ("2024-11", False),
        ("2024-10", True),
        ("2024", False),
        ("2023", True),
        ("undated", True),
    ],
)
def test_a_number_is_to_be_checked_once_its_source_is_older_than_two_years_or_undated(here, seen, listed):
    edit(
        here / "contacts.yaml",
        "source: {title: Council page, date: 2026-11-01}\n    confirm",
        f"source: {{title: Council page, date: {seen}}}\n    confirm",
    )
    assert [contact.id for contact in desk_of(POLICY, here).old_numbers] == ["duty-team"] * listed
    assert desk_of(HEALTH, here).old_numbers == []


def test_how_old_a_number_may_be_is_the_partnerships_choice(here):
    edit(
        here / "contacts.yaml",
        "2026-11-01}\n    confirm",
        "2024-11-21}\n    confirm",
    )
    for months, listed in ((24, ["duty-team"]), (25, [])):
        (here / "partnership.yaml").write_text(f"{FILES['partnership']}number_max_age_months: {months}\n")
        assert [contact.id for contact in desk_of(POLICY, here).old_numbers] == listed


def test_an_old_and_an_undated_number_are_listed_with_the_number_and_the_age_of_its_source(here):
    edit(here / "contacts.yaml", "2026-11-01}\n    confirm", "2014-08}\n    confirm")
    edit(here / "contacts.yaml", "date: 2026-11-01}", "date: undated}")
    lines = ran("kb", "review").splitlines()
    at = lines.index("  numbers from an old or undated source, to be checked:")
    assert lines[at + 1 : at + 3] == [
        "    front-door: 01632 960001 (undated)",
        "    duty-team: 01632 960002 (August 2014)",
    ]
    assert [desk["old_numbers"] for desk in in_json("review")] == [["front-door", "duty-team"], []]


POINTS = """to_confirm:
  - {id: cots, text: "Who gives out cots, and when.", entries: [sleep.cot]}
  - id: duty
    text: |
      The duty team:
      its hours.
    contacts: [duty-team]
"""


def test_the_points_to_confirm_are_numbered_under_the_partnerships_owner(here):
    (here / "to-confirm.yaml").write_text(POINTS)
    lines = ran("kb", "review").splitlines()
    at = lines.index("  2 points to confirm:")
    assert lines[at + 1 : at + 3] == ["    1. Who gives out cots, and when.", "    2. The duty team: its hours."]
    assert at < lines.index("Health subgroup: 2 entries, 2 draft")
    assert [desk["to_confirm"] for desk in in_json("review")] == [["cots", "duty"], []]


def test_the_review_of_the_shipped_knowledge_lists_its_points_and_its_drafts(shipped):
    desks = in_json("review")
    assert sum(desk["entries"] for desk in desks) == sum(desk["drafts"] for desk in desks)
    assert [len(desk["to_confirm"]) for desk in desks if desk["to_confirm"]] == [21]
    assert "  21 points to confirm:" in ran("kb", "review")


# kb stats


def test_the_figures_count_drafts_by_owner_and_points_to_confirm(here):
    (here / "to-confirm.yaml").write_text(POINTS)
    ran("kb", "approve", COT, "--by", POLICY)
    table = ran("kb", "stats").splitlines()
    assert "Policy subgroup: 1 entries, 1 draft" in table
    assert "Health subgroup: 2 entries, 1 draft" in table
    assert "2 points for the partnership to confirm (to-confirm.yaml); 1 entries say so" in table
    rows = {row["id"]: row for row in in_json("stats")}
    assert {full_id: row["to_confirm"] for full_id, row in rows.items()} == {DEFINITION: [], COT: ["cots"], BATH: []}
    assert {full_id: row["owner"] for full_id, row in rows.items()} == {DEFINITION: POLICY, COT: HEALTH, BATH: HEALTH}


def test_signposts_are_counted_apart_where_there_are_any(here):
    assert "signpost" not in ran("kb", "stats")
    edit(here / "water.yaml", "    title: Baths\n", "    title: Baths\n    kind: signpost\n")
    assert "2 entries of guidance, 1 signposts, which say who to ask" in ran("kb", "stats").splitlines()
    kinds = {row["id"]: row["kind"] for row in in_json("stats")}
    assert kinds == {DEFINITION: "guidance", COT: "guidance", BATH: "signpost"}


def test_barnsley_has_an_entry_for_every_id_of_the_fact_sheet_and_its_signposts_beside_them(shipped):
    facts = json.loads((ROOT / "tests" / "facts.json").read_text(encoding="utf-8"))
    ids = {full_id for full_id in facts if "." in full_id}
    rows = in_json("stats")
    signposts = [row["id"] for row in rows if row["kind"] == "signpost"]
    assert len(ids) == 97
    assert {row["id"] for row in rows if row["kind"] == "guidance"} == ids
    said = f"97 entries of guidance, {len(signposts)} signposts, which say who to ask"
    assert said in ran("kb", "stats").splitlines()


def test_barnsley_has_twenty_one_points_to_confirm_and_every_entry_that_waits_says_so(shipped):
    rows = in_json("stats")
    waiting = {point for row in rows for point in row["to_confirm"]}
    barnsley = load(layers_of(ROOT / "knowledge", "barnsley"))
    assert len(barnsley.to_confirm) == 21
    assert waiting <= {point.id for point in barnsley.to_confirm}
    assert [row["id"] for row in rows if row["to_confirm"] and not row["confirm_locally"]] == []
    assert [point.id for point in barnsley.to_confirm if not point.entries and not point.contacts] == []
    printed = ran("kb", "stats")
    assert "21 points for the partnership to confirm (to-confirm.yaml);" in printed


# to-confirm.yaml


def faults_of_points(here, text):
    (here / "to-confirm.yaml").write_text(text)
    faults = [str(fault) for fault in check(here).faults if fault.file == "smalltown/to-confirm.yaml"]
    return [fault.removeprefix("smalltown/to-confirm.yaml:") for fault in faults]


def test_points_that_every_entry_and_service_says_too_have_no_fault(here):
    assert faults_of_points(here, POINTS) == []
    assert faults_of_points(here, "to_confirm: []\n") == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("[sleep.cot]", "[sleep.sofa]", "2:65: to_confirm.0.entries.0: sleep.sofa: no such entry"),
        ("[sleep.cot]", "[sleep.cot, tents.any]", "2:76: to_confirm.0.entries.1: tents.any: no such entry"),
        (
            "[sleep.cot]",
            "[water.bath]",
            "2:65: to_confirm.0.entries.0: water.bath does not say so: it has no confirm_locally",
        ),
        ("[sleep.cot]", "[cot]", "2:65: to_confirm.0.entries.0: 'cot' is not in the form that is needed here"),
        (
            "[duty-team]",
            "[back-door]",
            "7:16: to_confirm.1.contacts.0: back-door: no such contact in contacts.yaml",
        ),
        (
            "[duty-team]",
            "[duty-team, front-door]",
            "7:27: to_confirm.1.contacts.1: front-door does not say so: set its `confirm: true`",
        ),
        ("id: duty\n", "id: cots\n", "3:5: to_confirm.1.id: cots stands twice; it is already on line 2"),
        ("contacts:", "contact:", "7:5: to_confirm.1.contact: is not a key that the bot knows"),
        ("id: duty\n", "id: Duty Team\n", "3:5: to_confirm.1.id: 'Duty Team' is not in the form"),
        ("to_confirm:\n", "confirm: x\nto_confirm:\n", "1:1: confirm: is not a key that the bot knows"),
    ],
)
def test_a_point_that_does_not_fit_is_named_where_it_stands(here, old, new, fault):
    assert POINTS.count(old) == 1
    (found,) = faults_of_points(here, POINTS.replace(old, new))
    assert found.startswith(fault)


def test_points_that_are_no_list_and_a_point_without_a_text_are_named(here):
    assert faults_of_points(here, "to_confirm: yes\n") == ["1:1: to_confirm: should be a list"]
    assert faults_of_points(here, "to_confirm:\n  - id: cots\n") == ["2:5: to_confirm.0.text: is missing"]


def test_a_point_waits_for_a_service_of_england_too(here):
    england = here.with_name("england")
    england.mkdir()
    (england / "contacts.yaml").write_text(
        "contacts:\n  - {id: helpline, name: H, web: 'https://example.org', source: {title: A}, confirm: true}\n"
    )
    assert faults_of_points(here, POINTS.replace("[duty-team]", "[helpline]")) == []


# kb gaps


def test_where_every_question_was_answered_there_is_no_gap(asked):
    asked("what is private fostering", status=Status.ANSWERED)
    assert ran("kb", "gaps") == "No question went unanswered in the last 90 days.\n"
    assert ran("kb", "gaps", "--days", "7") == "No question went unanswered in the last 7 days.\n"
    assert ran("kb", "gaps", "--json") == "[]\n"


def test_questions_that_are_alike_are_one_gap_and_the_most_frequent_comes_first(asked):
    asked("may a dog sleep in the nursery")
    asked("who pays for the taxi", times=2)
    asked("who pays for the  taxi\nhome", times=3)
    asked("Who pays for the TAXI home", times=1)
    first, second = in_json("gaps")
    assert (first["questions"][0], first["asked"]) == ("who pays for the taxi home", 6)
    assert set(first["questions"][1:]) == {"who pays for the taxi", "Who pays for the TAXI home"}
    assert (second["questions"], second["asked"]) == (["may a dog sleep in the nursery"], 1)
    printed = ran("kb", "gaps")
    assert printed.startswith("6 × who pays for the taxi home\n    also: ")
    assert "\n1 × may a dog sleep in the nursery\n" in printed


@pytest.mark.parametrize(
    ("status", "counts"),
    [(status, status is Status.NO_GUIDANCE) for status in Status],
    ids=[status.value for status in Status],
)
def test_only_a_question_without_guidance_counts_where_nobody_says_more(asked, status, counts):
    asked("who pays for the taxi", status=status)
    assert len(in_json("gaps")) == counts


def test_an_answer_that_did_not_help_is_a_gap_with_what_was_missing(asked):
    asked("which cot is right for twins", (False, "Whether one cot will do"), status=Status.ANSWERED)
    asked("which cot is right for twins", (False, None), status=Status.CHOOSE)
    (gap,) = in_json("gaps")
    assert (gap["asked"], gap["missing"], gap["nearest"]) == (2, ["Whether one cot will do"], COT)
    assert "    said to be missing: Whether one cot will do\n" in ran("kb", "gaps")


@pytest.mark.parametrize(
    ("verdicts", "counts"),
    [
        ([(True, None)], False),
        ([(False, "More"), (True, None)], False),
        ([(True, None), (False, "More")], True),
        ([(False, "More"), (False, "Most")], True),
    ],
)
def test_the_last_verdict_on_an_answer_counts(asked, verdicts, counts):
    asked("which cot is right for twins", *verdicts, status=Status.ANSWERED)
    assert [gap["missing"] for gap in in_json("gaps")] == [[verdicts[-1][1]]] * counts


@pytest.mark.parametrize(("option", "days"), [([], 90), (["--days", "1"], 1), (["--days", "3650"], 3650)])
def test_a_question_counts_for_so_many_days_and_no_longer(asked, option, days):
    asked("who pays for the taxi", ago=timedelta(days=days) - MINUTE)
    asked("may a dog sleep in the nursery", ago=timedelta(days=days) + MINUTE)
    assert [gap["questions"] for gap in in_json("gaps", *option)] == [["who pays for the taxi"]]


@pytest.mark.parametrize("days", ["0", "-1", "3651", "many", ""])
def test_days_that_are_no_number_of_days_are_bad_usage(here, days):
    assert "--days" in failed("kb", "gaps", "--days", days, code=2)


def test_a_gap_in_json_has_everything_that_the_text_says(asked):
    asked("which cot for twins", (False, "Twins"), times=2)
    (gap,) = in_json("gaps")
    assert gap == {
        "questions": ["which cot for twins"],
        "asked": 2,
        "nearest": COT,
        "nearest_title": "Cots",
        "missing": ["Twins"],
        "commands": [
            "python app.py kb new sleep.cot --phrase 'which cot for twins'",
            "python app.py kb new TOPIC.NAME --title TITLE --phrase 'which cot for twins'",
        ],
    }
    assert ran("kb", "gaps").splitlines() == [
        "2 × which cot for twins",
        "    said to be missing: Twins",
        "  if it belongs to “Cots”:",
        f"    {gap['commands'][0]}",
        "  else, as an entry of its own:",
        f"    {gap['commands'][1]}",
        "",
    ]


def test_where_there_are_no_entries_yet_a_question_can_only_become_one(here, asked):
    for topic in ("fostering", "sleep", "water"):
        (here / f"{topic}.yaml").write_text(f"topic: {topic}\nentries: []\n")
    asked("who pays for the taxi")
    (gap,) = in_json("gaps")
    assert (gap["nearest"], gap["nearest_title"], len(gap["commands"])) == (None, None, 1)
    printed = ran("kb", "gaps")
    assert "if it belongs to" not in printed
    assert "\n  as an entry of its own:\n    python app.py kb new TOPIC.NAME" in printed


def test_of_many_questions_and_wishes_a_few_are_shown(asked):
    for number in range(6):
        asked(f"who pays for the taxi {'x' * number}".strip(), (False, f"Wish {number}"))
    (gap,) = in_json("gaps")
    assert (len(gap["questions"]), gap["asked"], len(gap["missing"])) == (6, 6, 6)
    assert all(command.count("--phrase") == 4 for command in gap["commands"])
    printed = ran("kb", "gaps")
    assert (printed.count("also: "), printed.count("said to be missing: ")) == (3, 3)


# The commands that would close a gap

AWKWARD = [
    "mum's new partner: may he bath twins",
    'the mother said "no cot", what now',
    """it's "both" for the cot""",
    "which cot; rm -rf / for twins",
    "which cot $(date) `date` $HOME for twins",
    "which cot for twins? *.yaml & ! | > #1 \\ {a,b} [c]",
    "-- which cot for twins",
    "--title which cot for twins",
    "- which cot for twins",
    "which cot for twins – “own” 👶🏽",
    "which cot: for twins # and more",
]


def words(command):
    python, script, *arguments = shlex.split(command)
    assert (python, script) == ("python", "app.py")
    return arguments


@pytest.mark.parametrize("question", AWKWARD)
def test_the_command_for_the_nearest_entry_works_as_it_is_printed(here, asked, question):
    asked(question)
    (gap,) = in_json("gaps")
    command = gap["commands"][0]
    assert f"    {command}\n" in ran("kb", "gaps")
    assert ran(*words(command)).startswith(f"{gap['nearest']}: added to smalltown/")
    assert question in knowledge(here).entries[gap["nearest"]].phrases
    assert json.loads(ran("ask", "--json", "--", question))["answer_id"] == gap["nearest"]


@pytest.mark.parametrize("question", AWKWARD)
def test_the_command_for_an_entry_of_its_own_works_once_it_has_a_name_and_an_answer(here, asked, question):
    asked(question)
    command = in_json("gaps")[0]["commands"][-1]
    assert f"    {command}\n" in ran("kb", "gaps")
    filled = [{"TOPIC.NAME": "taxi.fares", "TITLE": "Fares"}.get(word, word) for word in words(command)]
    ran(*filled, "--answer", "The office pays.")
    assert knowledge(here).entries["taxi.fares"].phrases == (question,)


def test_the_command_for_several_questions_adds_them_all(here, asked):
    texts = ["which cot is it for twins", "which cot is it for 'twins'", "which cot is it for twins: one?"]
    for text in texts:
        asked(text)
    (gap,) = in_json("gaps")
    ran(*words(gap["commands"][0]))
    assert set(texts) <= set(knowledge(here).entries[COT].phrases)


def test_a_question_that_is_a_phrase_already_and_did_not_help_gets_no_command_that_must_fail(here, asked):
    """Its answer is to be improved; the phrase is there."""
    asked("which cot is right", (False, "Which one to buy"), status=Status.ANSWERED)
    (gap,) = in_json("gaps")
    for command in gap["commands"]:
        if "TOPIC.NAME" not in command:
            ran(*words(command))


@pytest.mark.parametrize("length", [400, 401, 1_900])
def test_a_question_that_is_too_long_for_a_phrase_gets_no_command_that_must_fail(here, asked, length):
    asked(("which cot is right for twins and for a baby that is " + "very " * 500 + "small")[: length - 1] + "?")
    (gap,) = in_json("gaps")
    for command in gap["commands"]:
        filled = [{"TOPIC.NAME": "taxi.fares", "TITLE": "Fares"}.get(word, word) for word in words(command)]
        ran(*filled, *(["--answer", "The office pays."] if "TOPIC.NAME" in command else []))


@hypothesis_settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.builds(
            Unanswered,
            text=st.one_of(
                st.text("abc '\"?", min_size=1, max_size=30),
                st.sampled_from(["who pays for the taxi", "which cot", "may a dog sleep in the nursery"]),
            ),
            times=st.integers(1, 5),
            missing=st.lists(st.sampled_from(["More", "Less"]), max_size=2, unique=True).map(tuple),
        ),
        max_size=8,
        unique_by=lambda question: question.text,
    )
)
def test_every_question_stands_in_exactly_one_gap_and_every_asking_is_counted(barnsley, unanswered):
    found = gaps(unanswered, barnsley)
    assert sorted(text for gap in found for text in gap.questions) == sorted(item.text for item in unanswered)
    assert sum(gap.asked for gap in found) == sum(item.times for item in unanswered)
    assert [gap.asked for gap in found] == sorted((gap.asked for gap in found), reverse=True)
    for gap in found:
        for command in gap.commands:
            given_ = [
                word for before, word in zip(words(command), words(command)[1:], strict=False) if before == "--phrase"
            ]
            assert given_ == list(gap.questions[:4])
