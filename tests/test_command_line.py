"""The command line: what each command prints, and how it ends."""

import csv
import fcntl
import io
import json
import os
import re
import select
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import app
from bot.answering.reply import Status
from bot.config import ROOT
from bot.storage import questions
from bot.storage.database import Store, connect, migrate, utc
from bot.storage.export import safe_cell

FOLLOW_UP = "and in summer?"
DANGER = "he is strangling her now"
ASK = "what is private fostering"
NAMED = "is Jayden Kowalczyk of S70 2TA privately fostered"
FAULT = "topic: ["
WEEKDAY, EVENING = "2026-11-20T10:00", "2026-11-20T22:30"
EVAL_KEYS = ["text", "answer_id", "shown", "alternatives", "status", "emergency", "score", "ms"]


def commands(group=app.main, above=()):
    for name, command in group.commands.items():
        yield (*above, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*above, name))


COMMANDS = [path for path in commands() if path != ("serve",)]


@pytest.fixture(autouse=True)
def environment(smalltown, tmp_path, monkeypatch):
    """A tiny partnership, a database of its own, and nothing of the settings of whoever runs the tests."""
    for line in ("HOST", "PORT", "SECRET_KEY", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "ALLOW_TIME_TRAVEL"):
        monkeypatch.delenv(line, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PARTNERSHIP", "smalltown")
    monkeypatch.setenv("KNOWLEDGE_DIR", str(smalltown.parent))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/data/safeguarding.db")


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def database(data):
    return data / "safeguarding.db"


@pytest.fixture
def broken(smalltown):
    """Break the knowledge in two places."""

    def breaking():
        (smalltown / "safer-sleep.yaml").write_text(FAULT)
        (smalltown / "private-fostering.yaml").write_text(FAULT)

    return breaking


@pytest.fixture
def time_travel(monkeypatch):
    monkeypatch.setenv("ALLOW_TIME_TRAVEL", "1")


def run(*arguments, typed=None):
    """Run a command within this process; a traceback is a failure of the test."""
    result = CliRunner().invoke(app.main, [str(argument) for argument in arguments], input=typed)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def ran(*arguments, typed=None):
    """As `run`, of a command that must succeed; what it printed."""
    result = run(*arguments, typed=typed)
    assert result.exit_code == 0, result.output
    return result.stdout


def failed(*arguments, code=1):
    """As `run`, of a command that must fail; the one line that it said on standard error."""
    result = run(*arguments)
    assert result.exit_code == code, result.output
    if code == 2:
        return result.stderr
    assert len(result.stderr.splitlines()) == 1, result.stderr
    return result.stderr.rstrip("\n")


def process(*arguments):
    """Run a command as its own process."""
    command = [sys.executable, str(ROOT / "app.py"), *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60, check=False)


def question_rows(database):
    with closing(connect(database)) as connection:
        return [dict(row) for row in connection.execute("SELECT * FROM questions ORDER BY rowid")]


def flat(text):
    """Without the line breaks that wrapping puts in."""
    return " ".join(text.split())


def lines_file(tmp_path, *items):
    file = tmp_path / "lines.jsonl"
    file.write_text("".join(f"{item if isinstance(item, str) else json.dumps(item)}\n" for item in items))
    return file


# Every command


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(path):
    help_text = ran(*path, "--help")
    assert help_text.startswith(f"Usage: main {' '.join(path)} ")
    assert "--help" in help_text
    about = help_text.splitlines()[2].strip()
    assert about


def test_help_without_a_command_lists_them_all_and_says_what_each_does():
    help_text = ran("--help")
    for name, command in app.main.commands.items():
        assert re.search(rf"^  {name} +\w", help_text, re.MULTILINE), name
        assert command.help


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["ask"],
        ["ask", "one", "two"],
        ["ask", ASK, "--nonsense"],
        ["chat", "--agency"],
        ["eval"],
        ["eval", "--queries", "missing.jsonl"],
        ["eval", "--queries", "."],
        ["eval", "--queries", "lines.jsonl", "--knowledge", "missing"],
        ["identifiers"],
        ["identifiers", "text", "--file", "lines.jsonl"],
        ["identifiers", "--file", "missing.jsonl"],
        ["kb", "nonsense"],
        ["kb", "check", "missing"],
        ["kb", "show"],
        ["kb", "explain"],
        ["export", "questions", "--format", "xlsx"],
        ["ticket", "show"],
        ["ticket", "list", "--kind", "quick-record"],
        ["ticket", "show", "ESC-2026-0001", "--copy", "--json"],
        ["tick", "now"],
        ["digest"],
        ["digest", "--for", "practitioners", "--week", "2026-11"],
        ["digest", "--for", "managers", "--send", "--format", "eml"],
        ["report", "--format", "xlsx"],
        ["report", "--period", "next month"],
        ["report", "--from", "2026-11-01"],
        ["report", "--from", "2026-11-30", "--to", "2026-11-01"],
        ["report", "--period", "last month", "--from", "2026-11-01", "--to", "2026-11-30"],
        ["report", "--period", "last week", "--for", "publication"],
        ["audit", "nonsense"],
    ],
    ids=" ".join,
)
def test_bad_usage_ends_with_2_and_prints_no_result(tmp_path, arguments):
    lines_file(tmp_path, {"text": ASK})
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Error: " in result.stderr


RUNS = {
    "ask": ["ask", ASK],
    "chat": ["chat"],
    "eval": ["eval", "--words-only", "--queries", "lines.jsonl"],
    "identifiers": ["identifiers", ASK],
    "kb check": ["kb", "check"],
    "kb stats": ["kb", "stats"],
    "kb show": ["kb", "show", "private-fostering.definition"],
    "kb explain": ["kb", "explain", ASK, "--words-only"],
    "kb diff": ["kb", "diff"],
    "kb approve": ["kb", "approve", "private-fostering.definition", "--by", "Policy subgroup"],
    "kb new": ["kb", "new", "private-fostering.definition", "--phrase", "a new way of asking"],
    "kb review": ["kb", "review"],
    "kb gaps": ["kb", "gaps"],
    "kb schema": ["kb", "schema"],
    "kb print": ["kb", "print"],
    "export questions": ["export", "questions"],
    "export quick-records": ["export", "quick-records"],
    "export escalations": ["export", "escalations"],
    "export feedback": ["export", "feedback"],
    "export events": ["export", "events"],
    "ticket list": ["ticket", "list"],
    "ticket show": ["ticket", "show", "ESC-2026-0001"],
    "tick": ["tick"],
    "digest": ["digest", "--for", "managers"],
    "review": ["review"],
    "report": ["report"],
    "audit verify": ["audit", "verify"],
    "switch off": ["switch", "off", "--reason", "an audit"],
    "switch on": ["switch", "on"],
    "doctor": ["doctor"],
}


def test_every_command_is_among_those_that_are_tried_below():
    groups = {("kb",), ("export",), ("switch",), ("ticket",), ("audit",)}
    assert {" ".join(path) for path in COMMANDS if path not in groups} == set(RUNS)


@pytest.mark.parametrize("arguments", RUNS.values(), ids=RUNS)
def test_with_a_wrong_setting_every_command_stops_with_that_one_line(tmp_path, monkeypatch, arguments):
    lines_file(tmp_path, {"text": ASK})
    monkeypatch.setenv("PORT", "http")
    assert failed(*arguments) == "PORT=http: a number from 1 to 65535 is needed"


@pytest.mark.parametrize(
    "name", ["eval", "identifiers", "kb stats", "kb show", "kb explain", "ticket show", "tick", "report"]
)
def test_with_broken_knowledge_a_command_that_needs_it_stops_with_one_line(tmp_path, broken, name):
    lines_file(tmp_path, {"text": ASK})
    broken()
    assert re.search(r"smalltown/private-fostering\.yaml:\d+:\d+: ", failed(*RUNS[name]))


def test_a_real_process_ends_with_0_1_or_2():
    helped = process("--help")
    assert (helped.returncode, helped.stderr) == (0, "")
    assert "Ask one question and print the one reply." in helped.stdout
    missing = process("kb", "show", "private-fostering.gone")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert missing.stderr == "private-fostering.gone: no such entry; `kb stats` lists them\n"
    assert process("kb", "nonsense").returncode == 2


# ask


def test_a_question_prints_the_entry_its_numbers_and_that_it_is_draft():
    printed = ran("ask", ASK)
    assert printed.startswith("[Draft, not yet approved by the Smalltown Safeguarding Children Partnership]")
    assert "A child lives with somebody who is no close relative for 28 days or more" in printed
    assert "01632 960001" in printed


def test_a_question_as_json_has_the_reply_and_nothing_else_on_standard_output():
    reply = json.loads(ran("ask", ASK, "--json"))
    assert reply["status"] == "answered"
    assert reply["answer_id"] == "private-fostering.definition"
    assert reply["shown"][0] == "private-fostering.definition"
    assert reply["answer"].startswith("A child lives with somebody")
    assert {contact["id"] for contact in reply["contacts"]} == {"front-door", "duty-team"}
    assert reply["draft"].endswith("Smalltown Safeguarding Children Partnership")
    assert (reply["emergency"], reply["emergency_card"], reply["for_agency"]) == (False, None, None)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (ASK, "answered"),
        ("leaflet for new parents", "choose"),
        ("quantum chromodynamics", "no_guidance"),
        ("hello", "small_talk"),
        (NAMED, "identifiers"),
        (f"would you refer this child? {ASK}", "individual_case"),
        ("word " * 500, "too_long"),
        ("?", "empty"),
        ("", "empty"),
    ],
)
def test_every_status_is_a_success_with_the_same_keys(database, text, status):
    reply = json.loads(ran("ask", text, "--json"))
    assert reply["status"] == status
    assert set(reply) == set(json.loads(ran("ask", ASK, "--json")))
    assert [row["status"] for row in question_rows(database)] == [status, "answered"]
    assert ran("ask", text).strip()


def test_an_emergency_prints_the_card_before_the_reply():
    printed = ran("ask", DANGER)
    assert flat(printed).index("ring 999") < flat(printed).index("01632 96000")
    card, _, rest = printed.rpartition("!" * 96)
    assert "999" in card
    assert rest.strip()


def test_an_emergency_as_json_holds_the_card(time_travel):
    reply = json.loads(ran("ask", DANGER, "--json", "--at", EVENING))
    assert reply["emergency"] is True
    assert "999" in reply["emergency_card"]["first"]
    assert [contact["id"] for contact in reply["emergency_card"]["contacts"]] == ["duty-team"]


def test_a_text_with_identifiers_is_handed_back_masked_and_kept_nowhere(data):
    reply = json.loads(ran("ask", NAMED, "--json"))
    assert reply["without"] == "is [name] of [postcode] privately fostered"
    assert [(NAMED[f["start"] : f["end"]], f["kind"]) for f in reply["found"]] == [
        ("Jayden Kowalczyk", "name"),
        ("S70 2TA", "postcode"),
    ]
    printed = ran("ask", NAMED)
    assert "To ask without it: is [name] of [postcode] privately fostered" in printed
    assert "kept nowhere" in printed
    for file in data.iterdir():
        assert b"kowalczyk" not in file.read_bytes().lower()


def test_a_question_is_recorded_as_asked_in_the_terminal(database):
    ran("ask", ASK, "--agency", "town-police")
    (row,) = question_rows(database)
    assert (row["channel"], row["text"], row["agency"], row["agency_source"]) == (
        "terminal",
        ASK,
        "town-police",
        "declared",
    )


def test_an_agency_gets_its_own_line_and_its_own_card():
    reply = json.loads(ran("ask", ASK, "--json", "--agency", "town-police"))
    assert reply["for_agency"] == "Use your own form as well."
    assert json.loads(ran("ask", ASK, "--json", "--agency", "high-school"))["for_agency"] is None
    assert "For you: Use your own form as well." in ran("ask", ASK, "--agency", "town-police")
    assert "own powers" in ran("ask", DANGER, "--agency", "town-police")
    assert "own powers" not in ran("ask", DANGER, "--agency", "high-school")


@pytest.mark.parametrize("command", [["ask", ASK], ["chat"]], ids=["ask", "chat"])
def test_an_unknown_agency_is_bad_usage_that_says_which_there_are(command):
    said = flat(failed(*command, "--agency", "navy", code=2))
    assert "'navy' is none of high-school, town-police" in said


def test_a_time_is_refused_where_time_travel_is_not_allowed(tmp_path, database):
    lines_file(tmp_path, {"text": ASK})
    assert failed("ask", ASK, "--at", WEEKDAY) == "--at needs ALLOW_TIME_TRAVEL=1"
    assert failed(*RUNS["eval"], "--at", WEEKDAY) == "--at needs ALLOW_TIME_TRAVEL=1"
    assert not database.exists()


@pytest.mark.parametrize(
    ("at", "hours", "recorded"),
    [
        ("2026-11-20T08:59", "opens 9:00; until then Smalltown duty team", "2026-11-20T08:59"),
        ("2026-11-20T09:00", "open until 17:00", "2026-11-20T09:00"),
        ("2026-07-03T15:59", "open until 17:00", "2026-07-03T14:59"),  # summer time: without a zone it is London's
        ("2026-07-03T16:59+00:00", "opens Monday 9:00; until then Smalltown duty team", "2026-07-03T16:59"),
        ("2026-07-03T15:59+01:00", "open until 17:00", "2026-07-03T14:59"),
    ],
)
def test_a_time_decides_who_is_open_and_when_the_question_was_asked(time_travel, database, at, hours, recorded):
    reply = json.loads(ran("ask", ASK, "--json", "--at", at))
    assert {contact["id"]: contact["hours"] for contact in reply["contacts"]}["front-door"] == hours
    assert question_rows(database)[0]["at"] == utc(datetime.fromisoformat(recorded).replace(tzinfo=UTC))


@pytest.mark.parametrize("at", ["yesterday", "2026-13-01", "22:30", ""])
def test_what_is_no_time_is_bad_usage(time_travel, at):
    assert "is not a time" in failed("ask", ASK, "--at", at, code=2)


def test_without_a_database_that_works_a_question_is_answered_and_said_to_go_unrecorded(data, database):
    data.mkdir()
    database.write_bytes(b"minutes of the policy subgroup\n" * 200)
    result = run("ask", ASK)
    assert result.exit_code == 0
    assert "What private fostering is" in result.stdout
    assert result.stderr.endswith("going on without a record\n")
    assert len(result.stderr.splitlines()) == 1


def test_the_card_waits_for_no_database(data, database):
    """Another process migrates just now, and takes its time."""
    data.mkdir()
    with (data / f"{database.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = [sys.executable, "-u", str(ROOT / "app.py"), "ask", DANGER]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as waiting:
            came, _, _ = select.select([waiting.stdout], [], [], 20)
            shown = os.read(waiting.stdout.fileno(), 100_000) if came else b""
            fcntl.flock(lock, fcntl.LOCK_UN)
            waiting.communicate(timeout=30)
    assert b"999" in shown


# ask, without knowledge


def test_with_broken_knowledge_an_emergency_still_prints_the_card_and_the_dated_number(broken):
    ran("ask", ASK)
    broken()
    result = process("ask", DANGER)
    assert result.returncode == 1
    today = datetime.now(UTC).date()
    printed = flat(result.stdout)
    assert printed.index("999") < printed.index("01632 96000")
    assert f"a copy saved on {today.day} {today:%B} {today.year}" in printed
    assert result.stderr.splitlines()[-1].startswith("the knowledge cannot be used: smalltown/")


def test_with_broken_knowledge_and_no_copy_the_card_names_999_and_101(broken):
    broken()
    result = run("ask", DANGER)
    assert result.exit_code == 1
    assert "999" in result.stdout
    assert "101" in result.stdout
    assert "01632" not in result.stdout


def test_with_broken_knowledge_an_emergency_of_an_agency_prints_the_card(broken):
    broken()
    assert "999" in run("ask", DANGER, "--agency", "town-police").stdout


def test_with_broken_knowledge_json_is_still_one_object_and_holds_the_card(broken):
    broken()
    result = run("ask", DANGER, "--json")
    assert result.exit_code == 1
    reply = json.loads(result.stdout)
    assert (reply["status"], reply["emergency"]) == ("error", True)
    assert "999" in reply["emergency_card"]["first"]


def test_with_broken_knowledge_a_plain_question_rings_no_alarm_and_ends_with_1(broken):
    broken()
    result = run("ask", ASK)
    assert result.exit_code == 1
    assert "Something went wrong on my side" in result.stdout
    assert "!!!" not in result.stdout
    assert result.stderr.splitlines()[-1].startswith("the knowledge cannot be used: ")


def test_no_reply_points_to_numbers_that_it_does_not_have(broken):
    broken()
    printed = flat(run("ask", ASK).stdout)
    assert "numbers below" not in printed


# chat


def test_a_chat_answers_each_line_until_an_empty_one(database):
    printed = ran("chat", typed=f"{ASK}\n\nwho counts as a close relative\n")
    assert "What private fostering is" in printed
    assert "A grandparent" not in printed
    assert [row["text"] for row in question_rows(database)] == [ASK]


def test_a_chat_ends_with_the_end_of_its_input():
    assert "What private fostering is" in ran("chat", typed=f"{ASK}\n")
    assert "An empty line ends the chat" in ran("chat", typed="")


def test_a_chat_is_one_thread_that_is_not_the_next_chats(database):
    ran("chat", typed=f"{ASK}\nhello\n")
    ran("chat", typed=f"{ASK}\n")
    threads = [row["thread"] for row in question_rows(database)]
    assert threads[0] == threads[1]
    assert threads[1] != threads[2]
    assert all(thread.startswith("terminal:") for thread in threads)


def test_in_a_chat_a_number_picks_from_the_choices():
    offered = ran("chat", typed="leaflet for new parents\n")
    assert "1. Position" in offered
    assert "2. Bedroom" in offered
    printed = ran("chat", typed="leaflet for new parents\n2\n")
    assert "In your room for six months." in printed
    assert "On the back" not in printed


@pytest.mark.parametrize("number", ["0", "4", "9" * 5000])
def test_in_a_chat_a_number_that_was_not_offered_is_a_question(database, number):
    ran("chat", typed=f"leaflet for new parents\n{number}\n")
    assert len(question_rows(database)) == 2


def test_in_a_chat_an_emergency_comes_first_and_names_are_kept_nowhere(data, database):
    printed = ran("chat", typed=f"{DANGER}\n{NAMED}\n")
    assert flat(printed).index("ring 999") < printed.index("01632")
    assert "[name] of [postcode]" in printed
    assert [row["emergency"] for row in question_rows(database)] == [1, 0]
    assert all(b"kowalczyk" not in file.read_bytes().lower() for file in data.iterdir())


def test_a_chat_with_broken_knowledge_still_prints_the_card(broken):
    broken()
    assert "999" in run("chat", "--", typed=f"{DANGER}\n").stdout


# eval


def evaluated(tmp_path, *items, options=("--words-only",)):
    file = lines_file(tmp_path, *items)
    return [json.loads(line) for line in ran("eval", "--queries", file, *options).splitlines()]


def test_a_measurement_is_one_line_a_question_in_the_same_order_with_the_same_keys(tmp_path):
    texts = [ASK, "leaflet for new parents", NAMED, DANGER, "quantum chromodynamics", "hello", "", "word " * 500, ASK]
    results = evaluated(tmp_path, *({"text": text} for text in texts))
    assert [result["text"] for result in results] == texts
    for result in results:
        assert list(result) == EVAL_KEYS
        assert result["answer_id"] is None or result["shown"][0] == result["answer_id"]
        assert len(result["shown"]) <= 3
        assert result["alternatives"]
        assert result["answer_id"] not in result["alternatives"]
        assert result["status"] in set(Status)
        assert isinstance(result["emergency"], bool)
        assert isinstance(result["score"], float)
        assert result["ms"] > 0
    assert [result["status"] for result in results] == [
        "answered",
        "choose",
        "identifiers",
        results[3]["status"],
        "no_guidance",
        "small_talk",
        "empty",
        "too_long",
        "answered",
    ]
    assert [result["emergency"] for result in results] == [text == DANGER for text in texts]


def test_a_real_process_prints_the_measurement_and_nothing_else(tmp_path):
    file = lines_file(tmp_path, {"text": ASK}, {"text": "hello"})
    result = process("eval", "--words-only", "--queries", str(file))
    assert (result.returncode, result.stderr) == (0, "")
    assert [json.loads(line)["text"] for line in result.stdout.splitlines()] == [ASK, "hello"]


def test_what_was_expected_and_other_keys_change_nothing(tmp_path):
    plain, *others = evaluated(
        tmp_path,
        {"text": ASK},
        {"text": ASK, "expect": ["safer-sleep.room"]},
        {"text": ASK, "expect": None, "kind": "plain", "answer_id": "x"},
    )
    for other in others:
        assert {**other, "ms": 0} == {**plain, "ms": 0}


def test_empty_lines_are_passed_over(tmp_path):
    assert [result["text"] for result in evaluated(tmp_path, "", {"text": ASK}, "  ", {"text": "hello"}, "")] == [
        ASK,
        "hello",
    ]


def test_a_file_without_questions_gives_no_line(tmp_path):
    assert evaluated(tmp_path) == []


def test_turns_give_one_line_each_as_one_thread(tmp_path):
    results = evaluated(
        tmp_path,
        {"turns": [{"text": ASK}, {"text": FOLLOW_UP}]},
        {"text": FOLLOW_UP},
        {"turns": [{"text": "who counts as a close relative"}, {"text": FOLLOW_UP}]},
    )
    assert [result["text"] for result in results] == [
        ASK,
        FOLLOW_UP,
        FOLLOW_UP,
        "who counts as a close relative",
        FOLLOW_UP,
    ]
    first, alone, second = results[1], results[2], results[4]
    assert (first["shown"] or first["alternatives"])[0] == "private-fostering.definition"
    assert (second["shown"] or second["alternatives"])[0] == "private-fostering.close-relative"
    assert alone["score"] < min(first["score"], second["score"])


def test_a_thread_does_not_run_on_into_the_next_line(tmp_path):
    alone, _, after = evaluated(tmp_path, {"text": FOLLOW_UP}, {"turns": [{"text": ASK}]}, {"text": FOLLOW_UP})
    assert {**alone, "ms": 0} == {**after, "ms": 0}


def test_a_measurement_into_a_file_leaves_standard_output_empty(tmp_path):
    file, out = lines_file(tmp_path, {"text": ASK}, {"text": "é’…"}), tmp_path / "out.jsonl"
    assert ran("eval", "--words-only", "--queries", file, "--out", out) == ""
    assert [json.loads(line)["text"] for line in out.read_text("utf-8").splitlines()] == [ASK, "é’…"]


def test_a_measurement_writes_no_database(tmp_path, data):
    evaluated(tmp_path, {"text": ASK})
    assert not data.exists()


def test_a_measurement_answers_as_the_chat_does(tmp_path):
    texts = [ASK, "leaflet for new parents", NAMED, "quantum chromodynamics", "hello"]
    for result in evaluated(tmp_path, *({"text": text} for text in texts)):
        reply = json.loads(ran("ask", result["text"], "--json"))
        for key in ("status", "answer_id", "shown", "emergency"):
            assert result[key] == reply[key], (result["text"], key)


@pytest.mark.parametrize("first", [ASK, "leaflet for new parents", "quantum chromodynamics", "hello"])
def test_a_follow_up_is_measured_as_the_chat_answers_it(tmp_path, database, first):
    measured = evaluated(tmp_path, {"turns": [{"text": first}, {"text": FOLLOW_UP}]})[1]
    ran("chat", typed=f"{first}\n{FOLLOW_UP}\n")
    answered = question_rows(database)[1]
    assert (answered["status"], answered["entry"]) == (measured["status"], measured["answer_id"])
    assert answered["score"] == pytest.approx(measured["score"], abs=1e-4)


def test_any_folder_of_topic_files_can_be_measured(tmp_path):
    folder = tmp_path / "faq"
    folder.mkdir()
    (folder / "library.yaml").write_text(
        "topic: library\nentries:\n"
        "  - {id: card, title: Library card, answer: Ask at the desk., phrases: [how do I get a library card]}\n"
        "  - {id: fines, title: Fines, answer: There are none., phrases: [what do late books cost]}\n"
    )
    (result,) = evaluated(
        tmp_path, {"text": "how do I get a library card"}, options=("--words-only", "--knowledge", folder)
    )
    assert (result["status"], result["answer_id"]) == ("answered", "library.card")
    assert result["alternatives"] == ["library.fines"]


def test_the_time_of_a_measurement_can_be_given(tmp_path, time_travel):
    assert evaluated(tmp_path, {"text": ASK}, options=("--words-only", "--at", WEEKDAY))[0]["status"] == "answered"


@pytest.mark.parametrize(
    "line",
    [
        "what is private fostering",
        "{",
        "5",
        "null",
        "[]",
        '"text"',
        "{}",
        '{"expect": null}',
        '{"text": null}',
        '{"text": 5}',
        '{"text": ["a"]}',
        '{"turns": null}',
        '{"turns": "abc"}',
        '{"turns": ["abc"]}',
        '{"turns": [{"text": "a"}, {}]}',
        '{"turns": [{"text": 5}]}',
    ],
)
def test_a_query_that_cannot_be_used_is_one_line_that_names_its_place(tmp_path, line):
    file = lines_file(tmp_path, {"text": ASK}, "", line)
    said = failed("eval", "--words-only", "--queries", file)
    assert str(file) in said
    assert "line 3" in said


def test_a_file_of_queries_that_is_not_utf_8_is_one_clear_line(tmp_path):
    file = tmp_path / "lines.jsonl"
    file.write_bytes(b'{"text": "caf\xe9"}\n')
    assert str(file) in failed("eval", "--words-only", "--queries", file)


def test_a_query_with_half_an_emoji_is_measured_like_any_other(tmp_path):
    file = lines_file(tmp_path, '{"text": "what is private fostering \\ud83d"}', {"text": ASK})
    printed = ran("eval", "--words-only", "--queries", file)
    answers = [json.loads(line)["answer_id"] for line in printed.splitlines()]
    assert answers == ["private-fostering.definition"] * 2


def test_a_place_that_cannot_be_written_to_is_one_clear_line(tmp_path):
    file = lines_file(tmp_path, {"text": ASK})
    assert "missing" in failed("eval", "--words-only", "--queries", file, "--out", tmp_path / "missing" / "out.jsonl")


# identifiers


def test_what_the_guard_finds_is_named_with_its_words():
    assert ran("identifiers", NAMED) == "a person's name: Jayden Kowalczyk; a postcode: S70 2TA\n"
    assert ran("identifiers", ASK) == "nothing that identifies a person\n"


def test_what_the_guard_finds_is_given_as_json_with_its_place():
    assert json.loads(ran("identifiers", NAMED, "--json")) == {
        "found": [{"kind": "name", "start": 3, "end": 19}, {"kind": "postcode", "start": 23, "end": 30}]
    }
    assert ran("identifiers", ASK, "--json") == '{"found": []}\n'


def test_a_file_gives_one_line_for_each_of_its_own(tmp_path):
    file = lines_file(tmp_path, {"text": ASK}, {"text": NAMED, "id": 7}, {"text": ""})
    found = [json.loads(line)["found"] for line in ran("identifiers", "--file", file, "--json").splitlines()]
    assert [[item["kind"] for item in items] for items in found] == [[], ["name", "postcode"], []]


def test_a_line_break_of_another_alphabet_within_a_text_makes_no_second_line(tmp_path):
    """JSON may hold these as they are; only a line feed ends a line of JSON Lines."""
    file = tmp_path / "lines.jsonl"
    texts = ["one\u2028two", "one\u2029two", "one\x85two"]
    lines = [json.dumps({"text": text}, ensure_ascii=False) for text in texts]
    file.write_text("\n".join(lines), encoding="utf-8")
    assert len(ran("identifiers", "--file", file, "--json").splitlines()) == 3
    results = ran("eval", "--words-only", "--queries", file).rstrip("\n").split("\n")
    assert [json.loads(result)["text"] for result in results] == texts


@pytest.mark.parametrize("line", ["{", "[]", "5", "{}", '{"text": null}', '{"text": 5}', '"text"'])
def test_a_line_without_a_text_is_one_clear_line(tmp_path, line):
    file = lines_file(tmp_path, {"text": ASK}, line)
    assert failed("identifiers", "--file", file, "--json") == f'{file}: each line must be a JSON object with "text"'


# kb


@pytest.fixture
def faultless(smalltown):
    """A folder in which a check finds no fault, and advice only."""
    folder = smalltown.with_name("faq")
    folder.mkdir()
    entry = {
        "id": "card",
        "title": "Library card",
        "answer": "Ask at the desk.",
        "phrases": ["how do I get a library card"],
        "sources": [{"title": "House rules", "date": "2026"}],
        "compiled": "2026-11-21",
        "review_by": "2027-05-21",
    }
    (folder / "library.yaml").write_text(json.dumps({"topic": "library", "title": "Library", "entries": [entry]}))
    return folder


def test_a_check_of_the_shipped_knowledge_finds_no_fault():
    assert re.fullmatch(r"\d+ entries, no faults\n", ran("kb", "check", ROOT / "knowledge" / "barnsley"))


def test_a_check_says_each_fault_with_its_place_and_ends_with_1(smalltown):
    (smalltown / "safer-sleep.yaml").write_text("topic: safer-sleep\nentries:\n  - id: room\n    titel: Bedroom\n")
    result = run("kb", "check", smalltown)
    assert (result.exit_code, result.stdout) == (1, "")
    *faults, last = result.stderr.splitlines()
    assert any(re.match(r"smalltown/safer-sleep\.yaml:4:\d+: .*titel", fault) for fault in faults)
    assert re.fullmatch(r"\d+ to put right in \d+ entries", last)
    assert run("kb", "check").stderr == result.stderr


def test_advice_counts_as_a_fault_in_a_strict_check_only(faultless):
    lenient, strict = run("kb", "check", faultless), run("kb", "check", faultless, "--strict")
    assert (lenient.exit_code, strict.exit_code) == (0, 1)
    assert "(advice)" in lenient.stderr
    assert lenient.stdout == "1 entries, no faults\n"


def test_the_figures_of_each_entry_are_a_list_of_objects_or_a_table():
    rows = json.loads(ran("kb", "stats", "--json"))
    assert [row["id"] for row in rows] == [
        "private-fostering.definition",
        "private-fostering.close-relative",
        "safer-sleep.position",
        "safer-sleep.room",
    ]
    keys = "id phrases words reading_age sources contacts approval review_by confirm_locally kind owner to_confirm"
    assert {tuple(row) for row in rows} == {tuple(keys.split())}
    assert (rows[0]["phrases"], rows[0]["contacts"], rows[0]["approval"]) == (3, 1, "draft")
    table = ran("kb", "stats").splitlines()
    assert len(table) == 8
    assert table[-3:-1] == [
        "nobody named: 4 entries, 4 draft",
        "0 points for the partnership to confirm (to-confirm.yaml); 0 entries say so",
    ]
    assert table[-1].startswith("4 entries, 4 draft;")


def test_there_are_figures_of_a_knowledge_without_entries_too(smalltown):
    for topic in ("private-fostering", "safer-sleep"):
        (smalltown / f"{topic}.yaml").write_text(f"topic: {topic}\nentries: []\n")
    assert json.loads(ran("kb", "stats", "--json")) == []
    assert ran("kb", "stats").splitlines()[-1].startswith("0 entries")


def test_an_entry_is_shown_whole():
    printed = ran("kb", "show", "private-fostering.definition")
    assert printed.startswith("What private fostering is\n===")
    assert "Tell the council." in printed


@pytest.mark.parametrize("unknown", ["private-fostering.gone", "definition", "", "bot.greeting"])
def test_an_entry_that_is_not_there_is_one_clear_line(unknown):
    assert failed("kb", "show", unknown) == f"{unknown}: no such entry; `kb stats` lists them"


def test_an_explanation_says_status_confidence_and_candidates():
    printed = ran("kb", "explain", ASK, "--words-only").splitlines()
    assert re.fullmatch(r"status answered; emergency.* no", printed[0])
    assert any(line.startswith("confidence ") for line in printed)
    candidates = [line for line in printed if "  private-fostering." in line]
    assert candidates[0].endswith("private-fostering.definition")
    assert ran("kb", "explain", DANGER, "--words-only").splitlines()[0].endswith(" yes")


# export


FORMULAS = ["=1+1 private fostering", "+1 private fostering", "-1 private fostering", "@private fostering"]
OTHERS = [ASK, 'say "private fostering", please', "private fostering\n=1+1", "private fostering; ü – 🙂"]


@pytest.fixture
def asked():
    for text in (*FORMULAS, *OTHERS, NAMED):
        ran("ask", "--", text)


def test_an_export_for_a_spreadsheet_holds_no_cell_that_would_run(asked):
    rows = list(csv.DictReader(io.StringIO(ran("export", "questions"), newline="")))
    assert [row["text"] for row in rows] == [*(f"'{text}" for text in FORMULAS), *OTHERS, ""]
    assert tuple(rows[0]) == questions.EXPORTED
    for row in rows:
        assert not any(re.match(r"\s*[=+\-@|%]", cell) for cell in row.values())


def test_an_export_as_json_is_a_list_of_objects_with_the_texts_as_they_were_typed(asked):
    rows = json.loads(ran("export", "questions", "--format", "json"))
    assert [row["text"] for row in rows] == [*FORMULAS, *OTHERS, None]
    assert {tuple(sorted(row)) for row in rows} == {tuple(sorted(questions.EXPORTED))}
    assert rows[-1]["status"] == "identifiers"


def test_an_export_has_every_column_of_a_question_and_its_verdict(database):
    migrate(database)
    with closing(connect(database)) as connection:
        columns = [row["name"] for row in connection.execute("PRAGMA table_info(questions)")]
    assert set(questions.EXPORTED) == {*columns, "helpful", "missing"}


def test_an_export_of_nothing_is_a_heading_or_an_empty_list():
    assert ran("export", "questions").splitlines() == [",".join(questions.EXPORTED)]
    assert json.loads(ran("export", "questions", "--format", "json")) == []


def test_an_export_holds_what_people_thought_and_what_was_missing(database):
    ran("ask", ASK)
    (row,) = question_rows(database)
    at = datetime(2026, 11, 21, tzinfo=UTC)

    def work(tx):
        questions.judge(tx, row["id"], helpful=False, at=at, person_id=None, missing="=HYPERLINK(1)")

    store = Store(database)
    store.submit(work).result(10)
    store.close()
    (exported,) = csv.DictReader(io.StringIO(ran("export", "questions"), newline=""))
    assert (exported["helpful"], exported["missing"]) == ("0", "'=HYPERLINK(1)")


def test_an_export_from_what_is_no_database_is_one_clear_line(data, database):
    data.mkdir()
    database.write_bytes(b"minutes of the policy subgroup\n" * 200)
    assert failed("export", "questions").startswith(f"the database {database} cannot be used")


@hypothesis_settings(deadline=None, max_examples=100)
@given(st.text(" ", max_size=3), st.sampled_from("=+-@\t\r\n|%"), st.text(max_size=20))
def test_a_cell_that_could_be_a_formula_gets_an_apostrophe(spaces, first, rest):
    assert safe_cell(spaces + first + rest) == f"'{spaces}{first}{rest}"


@hypothesis_settings(deadline=None, max_examples=100)
@given(st.text(max_size=20).filter(lambda text: not text.strip() or text.strip()[0].isalnum()))
def test_any_other_text_stays_as_it_is(text):
    if not text.lstrip(" ").startswith(("\t", "\r", "\n")):
        assert safe_cell(text) == text


@pytest.mark.parametrize(("value", "cell"), [(None, ""), (0, 0), (-0.5, -0.5), (1, 1), ("", "")])
def test_numbers_stay_numbers_and_nothing_stays_empty(value, cell):
    assert safe_cell(value) == cell
    assert type(safe_cell(value)) is type(cell)


# doctor


@pytest.fixture
def healthy(monkeypatch, faultless):
    monkeypatch.setenv("PARTNERSHIP", faultless.name)


def findings(result):
    return {what: state == "ok" for state, what in re.findall(r"^(ok|WRONG) +([^:]+): ", result.stdout, re.MULTILINE)}


def wrong_parts():
    result = run("doctor")
    found = findings(result)
    installed = {"knowledge", "database", "outbox", "secret key", "alarm", "meaning", "Slack"}
    assert set(found) == {*installed, "escalations", "MASH feedback", "digest"}
    wrong = {what for what, ok in found.items() if not ok}
    assert result.exit_code == (1 if wrong else 0)
    assert (result.stderr == "something is wrong; see the lines above\n") is bool(wrong)
    return wrong


def test_the_doctor_finds_nothing_wrong_where_all_is_well(healthy):
    assert wrong_parts() == set()


def test_the_doctor_says_when_the_knowledge_is_wrong(broken):
    broken()
    assert wrong_parts() == {"knowledge"}


def test_the_doctor_says_when_the_database_is_wrong(healthy, data, database):
    data.mkdir()
    database.write_bytes(b"minutes of the policy subgroup\n" * 200)
    assert wrong_parts() == {"database"}


def test_the_doctor_says_when_no_secret_key_is_set_where_others_can_reach_the_server(healthy, monkeypatch):
    monkeypatch.setenv("HOST", "0.0.0.0")
    assert wrong_parts() == {"secret key"}
    monkeypatch.setenv("SECRET_KEY", "k" * 32)
    assert wrong_parts() == set()


def test_the_doctor_says_when_the_model_that_was_named_is_not_there(healthy, monkeypatch, tmp_path):
    monkeypatch.setenv("SEMANTIC_MODEL", str(tmp_path))
    assert wrong_parts() == {"meaning"}


def test_the_doctor_says_when_the_folder_of_the_database_cannot_be_made(healthy, data):
    data.touch()
    assert wrong_parts() == {"database", "secret key"}


def test_the_doctor_shows_no_secret(healthy, monkeypatch):
    secrets = {
        "SECRET_KEY": "k" * 32 + "s3cret",
        "SLACK_BOT_TOKEN": "xoxb-s3cret",
        "SLACK_SIGNING_SECRET": "s3cret",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    result = run("doctor")
    assert result.exit_code == 0
    assert "s3cret" not in result.output
