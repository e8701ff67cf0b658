"""The operator's commands for tickets: `ticket`, `tick`, `export`, `audit verify`, and what `doctor` says."""

import csv
import io
import json
import re
import subprocess
import sys
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from chatting import town_at_the_command_line
from slack_stand_in import Hangs, limited
from test_command_line import failed, flat, process, ran, run
from ticketing import AUDIT_KEY, MANAGER, OUTCOME, RAISED, TEACHER, TEAM, Office

from bot.answering.guidance import Guidance
from bot.config import ROOT
from bot.knowledge.loading import layers_of, load
from bot.storage import escalations, feedback, history, quick_records
from bot.storage.database import Store, connect, migrate
from bot.tickets.escalations.state import Stand
from bot.tickets.feedback.state import Stand as FeedbackStand
from bot.tickets.ticket import Kind
from handlers import terminal_tickets

REFERENCE, REQUEST = "ESC-2026-0001", "MASH-2026-0001"
NONE_OPEN = "No escalation and no feedback request is open.\n"
ALL = [
    ["ticket", "list"],
    ["ticket", "show", REFERENCE],
    ["tick"],
    ["export", "escalations"],
    ["export", "feedback"],
    ["export", "events"],
    ["export", "quick-records"],
    ["audit", "verify"],
]


@pytest.fixture(autouse=True)
def here(smalltown, tmp_path, monkeypatch):
    folder = town_at_the_command_line(smalltown, tmp_path, monkeypatch)
    monkeypatch.setenv("ALLOW_TIME_TRAVEL", "1")
    return folder


@pytest.fixture
def data(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "audit.key").write_text(AUDIT_KEY)
    return tmp_path / "data"


@pytest.fixture
def office(here, data):
    """The service beside the commands, on the same database."""
    office = Office(here, data, managers=[MANAGER], channel="C0ESC")
    yield office
    office.close()


@pytest.fixture
def slack(stand_in, monkeypatch):
    """Slack is set, and stands on this machine."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    monkeypatch.setenv("SLACK_SIGNING_SECRET", "secret")
    monkeypatch.setenv("SLACK_API_URL", stand_in.api_url)
    monkeypatch.setenv("MANAGERS", MANAGER)
    monkeypatch.setenv("ESCALATIONS_CHANNEL", "C0ESC")
    return stand_in


def broken(data, database="safeguarding.db"):
    (data / database).write_bytes(b"minutes of the policy subgroup\n" * 200)


def confirmed(folder):
    """The partnership confirms its days; the file's new text."""
    policy = folder / "escalation-policy.yaml"
    text = policy.read_text("utf-8").replace("timescales_confirmed: false", "timescales_confirmed: true")
    assert "timescales_confirmed: true" in text
    policy.write_text(text, encoding="utf-8")
    return text


def times_confirmed(office, folder):
    """The partnership confirms the times of feedback, and the bot takes it in."""
    rules = folder / "mash-feedback.yaml"
    text = rules.read_text("utf-8").replace("timescales_confirmed: false", "timescales_confirmed: true")
    rules.write_text(text, encoding="utf-8")
    office.library.refresh()
    assert office.library.refresh(), office.library.faults


def closed(office, **changes):
    office.raise_(**changes)
    office.move(Kind.PROPOSED, office.teacher, **OUTCOME)
    office.move(Kind.AGREED, office.council_lead)


# ticket list


def test_before_anything_was_raised_the_lists_say_so():
    assert ran("ticket", "list") == NONE_OPEN
    assert ran("ticket", "list", "--all") == "No escalation and no feedback request was recorded yet.\n"
    assert ran("ticket", "list", "--kind", "escalation") == "No escalation is open.\n"
    assert ran("ticket", "list", "--kind", "feedback", "--all") == "No feedback request was recorded yet.\n"
    assert json.loads(ran("ticket", "list", "--json")) == []


def test_a_list_says_how_each_stands_whose_move_it_is_and_until_when(office):
    office.raise_()
    assert flat(ran("ticket", "list")) == (
        "ESC-2026-0001 High School to Smalltown Council Stage 1: practitioner with practitioner; NOT YET TOLD; "
        "whose move: High School"
    )
    office.move(Kind.TOLD, office.teacher, how="phone", whom="Team manager")
    assert flat(ran("ticket", "list")).endswith(
        "told, no answer yet; whose move: Smalltown Council; suggested by Tuesday 28 April 2026"
    )


def test_a_date_is_due_only_under_a_policy_whose_days_were_confirmed_when_it_began(office, here):
    office.raise_()
    office.move(Kind.TOLD, office.teacher, how="phone", whom="Team manager")
    office.policy_becomes(confirmed(here))
    office.raise_()
    office.move(Kind.TOLD, office.teacher, "ESC-2026-0002", how="phone", whom="Team manager")
    before, after = json.loads(ran("ticket", "list", "--json"))
    assert [(line["reference"], line["date_is"]) for line in (before, after)] == [
        ("ESC-2026-0001", "suggested"),
        ("ESC-2026-0002", "due"),
    ]
    assert re.findall(r"(\w+) by Tuesday", flat(ran("ticket", "list"))) == ["suggested", "due"]
    assert json.loads(ran("ticket", "show", "ESC-2026-0002", "--json"))["date_is"] == "due"


def test_those_that_are_closed_are_listed_only_with_all(office):
    closed(office)
    assert ran("ticket", "list") == NONE_OPEN
    assert flat(ran("ticket", "list", "--all")).endswith("Smalltown Council Closed on Monday 27 April 2026")
    (line,) = json.loads(ran("ticket", "list", "--all", "--json"))
    assert (line["stand"], line["outcome"], line["move"], line["due"]) == ("closed", "decision-changed", None, None)


def test_a_list_holds_nothing_that_was_typed_and_is_no_event(office):
    office.raise_()
    before = len(office.events())
    for options in ([], ["--all"], ["--json"]):
        assert "turned down" not in ran("ticket", "list", *options)
    assert len(office.events()) == before


def test_a_list_as_json_has_the_same_keys_for_each(office):
    office.raise_()
    closed(office, urgent="yes")
    keys = "reference kind opened_at raising receiving reason stage stand urgent move due date_is closed_at outcome"
    assert {tuple(line) for line in json.loads(ran("ticket", "list", "--all", "--json"))} == {tuple(keys.split())}


def test_agencies_that_are_no_longer_listed_stand_with_their_ids(office, here):
    office.raise_()
    for name, key in (("partnership", "id"), ("mash-feedback", "answered_by")):
        path = here / f"{name}.yaml"
        path.write_text(path.read_text("utf-8").replace(f"{key}: social-care", f"{key}: council"), encoding="utf-8")
    assert "High School to social-care" in ran("ticket", "list")
    assert "High School to social-care" in ran("ticket", "show", REFERENCE)


def test_both_kinds_are_listed_escalations_first_or_one_kind_alone(office):
    office.ask()
    office.raise_()
    for options, expected in (
        ([], [(REFERENCE, "escalation"), (REQUEST, "feedback")]),
        (["--kind", "escalation"], [(REFERENCE, "escalation")]),
        (["--kind", "feedback"], [(REQUEST, "feedback")]),
    ):
        lines = json.loads(ran("ticket", "list", "--json", *options))
        assert [(line["reference"], line["kind"]) for line in lines] == expected
        assert re.findall(r"^\w+-\d+-\d+", ran("ticket", "list", *options), re.MULTILINE) == [
            reference for reference, _ in expected
        ]


def test_a_list_says_how_a_request_stands_whose_move_it_is_and_by_when_an_answer_is_expected(office):
    office.ask()

    def standing():
        head, _, rest = flat(ran("ticket", "list")).partition("referral of Friday 24 April 2026 ")
        assert head == f"{REQUEST} High School: "
        return rest

    expected = "expected by Monday 27 April 2026, 17:00"
    assert standing() == f"Not late yet, so the MASH has not been asked; {expected}"
    office.now += timedelta(days=1, hours=2)
    office.tick()
    assert standing() == f"Asked, no answer yet; whose move: the MASH; {expected}"
    office.respond(Kind.TAKEN, office.officer)
    assert standing().startswith("Asked, no answer yet; somebody there is on it; whose move: the MASH; ")
    office.respond(Kind.NOT_RECEIVED, office.officer)
    assert standing() == "THE MASH HAS NOT RECEIVED THE REFERRAL; whose move: High School"
    office.respond(Kind.RESENT, office.teacher, day="2026-04-24", made_how="phone", made_to="front-door")
    office.respond(Kind.ANSWERED, office.officer, how="phone", told_by="manager")
    assert standing() == "The referrer was told; whose move: High School; closes after Wednesday 6 May 2026"
    office.respond(Kind.SATISFIED, office.teacher)
    assert ran("ticket", "list") == NONE_OPEN
    assert flat(ran("ticket", "list", "--all")).endswith("Closed on Tuesday 28 April 2026")


def test_an_answer_is_due_only_under_rules_whose_times_were_confirmed_when_it_was_asked(office, here):
    office.ask()
    times_confirmed(office, here)
    office.ask()
    lines = json.loads(ran("ticket", "list", "--json"))
    assert [(line["reference"], line["date_is"]) for line in lines] == [
        (REQUEST, "expected"),
        ("MASH-2026-0002", "due"),
    ]
    assert re.findall(r"(\w+) by Monday", flat(ran("ticket", "list"))) == ["expected", "due"]


def test_a_list_of_requests_as_json_has_the_same_keys_for_each_and_nothing_that_was_typed(office):
    office.ask(own_reference="AB/12", phone="01632 960000")
    office.ask(needs="strategy-minutes")
    office.ask(day="2026-04-10")
    office.respond(Kind.HEARD, office.teacher, "MASH-2026-0003", how="phone")
    printed = ran("ticket", "list", "--all", "--json")
    assert "AB/12" not in printed
    assert "960000" not in printed
    keys = (
        "reference kind opened_at raising setting referred_at expected_at stand taken move due date_is closed_at "
        "escalation"
    )
    assert {tuple(line) for line in json.loads(printed)} == {tuple(keys.split())}
    _, minutes, heard = json.loads(printed)
    assert (minutes["expected_at"], minutes["due"], minutes["date_is"]) == (None, None, None)
    assert (heard["stand"], heard["move"], heard["due"]) == ("closed", None, None)


def test_every_way_in_which_a_ticket_stands_has_its_words():
    assert set(terminal_tickets.STANDS) == set(Stand)
    assert set(terminal_tickets.FEEDBACK_STANDS) == set(FeedbackStand)


# ticket show


def test_one_escalation_is_shown_with_what_was_typed_and_that_is_an_event_of_the_operator(office):
    office.raise_()
    shown = flat(ran("ticket", "show", REFERENCE.lower()))
    for words in (
        "ESC-2026-0001: High School to Smalltown Council",
        "NOT YET TOLD",
        "A text to send",
        "What happened",
        RAISED["disagree"],
        "This is not a referral. In danger ring 999.",
    ):
        assert words in shown
    read = office.events()[-1]
    assert (read.kind, read.data) == (Kind.READ, {"operator": True})
    (person,) = office.rows("SELECT channel, channel_user_id FROM people WHERE id = :id", id=read.person_id)
    assert person == {"channel": "terminal", "channel_user_id": "local operator"}
    ran("ticket", "show", REFERENCE)
    assert [event.kind for event in office.events()].count(Kind.READ) == 2


@pytest.mark.parametrize("reference", ["ESC-2026-0002", "ESC-2026-1", "QR-2026-0001", "", "nonsense"])
def test_a_reference_that_there_is_not_is_one_clear_line_and_no_event(office, reference):
    office.raise_()
    said = failed("ticket", "show", reference)
    assert said == f"{reference}: no such ticket; `ticket list --all` lists them"
    assert len(office.events()) == 1


def test_the_copy_for_the_childs_record_is_plain_text_with_a_line_for_the_name(office):
    office.raise_()
    copy = ran("ticket", "show", REFERENCE, "--copy")
    looked = office.look(office.teacher)
    assert copy == looked.speaking.for_the_record(looked.events) + "\n"
    assert "Child: ____" in copy
    assert RAISED["want"] in copy


def test_one_escalation_as_json_has_its_events_and_what_can_be_done(office):
    closed(office)
    shown = json.loads(ran("ticket", "show", REFERENCE, "--json"))
    assert (shown["reference"], shown["stand"], shown["raising"]) == (REFERENCE, "closed", "high-school")
    assert shown["outcome"] == {
        "outcome": "decision-changed", "change": "seen-sooner", "child_safe": "yes", "voice": "yes",
    }  # fmt: skip
    assert [event["kind"] for event in shown["events"]] == ["opened", "outcome-proposed", "outcome-agreed"]
    assert shown["events"][0]["typed"]["disagree"] == RAISED["disagree"]
    assert set(shown["moves"]) == {"reopened", "followed-up"}


def test_one_request_is_shown_copied_or_printed_as_json_and_each_time_that_is_an_event(office):
    office.ask(day="2026-04-10", own_reference="AB/12", needs="decision")
    shown = flat(ran("ticket", "show", REQUEST.lower()))
    for words in (
        "MASH-2026-0001: High School, referral of Friday 10 April 2026",
        "Asked for: What was decided, and why.",
        "Expected by Monday 13 April 2026, 17:00 (provisional).",
        "The referrer's own reference: AB/12",
        "This is not a referral. In danger ring 999.",
    ):
        assert words in shown
    looked = office.look(office.teacher, REQUEST)
    assert ran("ticket", "show", REQUEST, "--copy") == looked.speaking.for_the_record(looked.events) + "\n"
    request = json.loads(ran("ticket", "show", REQUEST, "--json"))
    assert (request["kind"], request["needs"], request["stand"]) == ("feedback", ["decision"], "asked")
    assert (request["due"], request["date_is"]) == ("2026-04-13", "expected")
    assert set(request["moves"]) == {"referrer-told", "referral-found", "not-received"}
    assert request["events"][0]["typed"] == {"own_reference": "AB/12"}
    assert [event.kind for event in office.events(REQUEST)] == [Kind.OPENED, *[Kind.READ] * 3]


def test_a_copy_as_json_is_bad_usage():
    assert "--copy or --json" in failed("ticket", "show", REFERENCE, "--copy", "--json", code=2)


@pytest.mark.parametrize("options", [[], ["--copy"]], ids=["shown", "copied"])
def test_what_somebody_typed_commands_no_terminal(office, options):
    office.raise_(want="A visit\x1b]0;owned\x07 this\u202e week")
    printed = ran("ticket", "show", REFERENCE, *options)
    assert "A visit]0;owned this week" in flat(printed)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", printed)


def test_with_broken_knowledge_one_escalation_is_shown_from_what_was_last_in_use(office, here):
    office.raise_()
    ran("ask", "what is private fostering")  # what was answered from is kept
    (here / "partnership.yaml").write_text("name: [")
    assert "High School to Smalltown Council" in ran("ticket", "list")
    assert RAISED["disagree"] in flat(ran("ticket", "show", REFERENCE))


def test_with_broken_knowledge_and_none_before_the_list_is_shown_and_the_rest_says_why_not(office, here):
    office.raise_()
    (here / "partnership.yaml").write_text("name: [")
    assert "High School to Smalltown Council" in ran("ticket", "list")
    for command in (["ticket", "show", REFERENCE], ["tick"]):
        assert failed(*command).startswith("the knowledge cannot be used: smalltown/partnership.yaml:")
    assert len(office.events()) == 1


# Whatever is wrong


@pytest.mark.parametrize("command", ALL, ids=" ".join)
def test_a_database_that_cannot_be_used_is_one_clear_line(data, command):
    broken(data)
    assert failed(*command).startswith(f"the database {data / 'safeguarding.db'} cannot be used")


@pytest.mark.parametrize("command", [["ticket", "list"], ["ticket", "show", REFERENCE], ["tick"]], ids=" ".join)
def test_a_key_that_cannot_be_used_is_one_clear_line(data, command):
    (data / "audit.key").write_text("short")
    assert str(data / "audit.key") in failed(*command)


@pytest.mark.parametrize("command", [["ticket", "show", REFERENCE], ["tick"]], ids=" ".join)
def test_with_another_key_than_the_historys_nothing_is_added_to_it(office, data, command):
    office.raise_()
    (data / "audit.key").write_text("b" * 64)
    assert "is not the key of this database's history" in failed(*command)
    assert len(office.events()) == 1


def test_records_that_cannot_be_written_just_now_are_one_clear_line(office, monkeypatch):
    office.raise_()
    monkeypatch.setattr("bot.storage.database.BUSY_TIMEOUT_SECONDS", 0.1)
    with closing(connect(office.database)) as another:
        another.execute("BEGIN IMMEDIATE")
        assert "nothing is lost" in failed("ticket", "show", REFERENCE)
        office.now += timedelta(days=14)
        assert "nothing is lost" in failed("tick", "--at", office.now.isoformat())


# tick


def test_a_tick_with_nothing_due_does_nothing(office):
    assert ran("tick") == "0 tickets looked after; Slack is not set, so nothing was sent\n"
    office.raise_()
    assert ran("tick", "--at", "2026-04-27T10:05").startswith("0 tickets looked after")


def test_a_tick_reminds_and_closes_what_nobody_answered_once(office):
    office.raise_()
    office.move(Kind.PROPOSED, office.teacher, **OUTCOME)
    office.raise_()
    at = ("tick", "--at", "2026-05-06T10:00")  # the bank holiday lies between: the fifth working day is the 5th
    assert ran(*at).startswith("2 tickets looked after; ")
    assert office.state().closed_as is Kind.LAPSED
    assert office.state("ESC-2026-0002").reminded
    events = office.rows("SELECT * FROM events")
    assert ran(*at).startswith("0 tickets looked after; ")
    assert office.rows("SELECT * FROM events") == events


def test_a_tick_brings_to_the_mash_what_is_late_and_counts_tickets_of_each_kind(office):
    office.ask()
    office.raise_()
    at = ("tick", "--at", "2026-04-28T12:05")
    assert ran(*at).startswith("2 tickets looked after; ")
    assert office.request().stand is FeedbackStand.ASKED
    assert office.state().reminded
    assert ran(*at).startswith("0 tickets looked after; ")


def test_a_time_needs_time_travel_to_be_allowed(office, monkeypatch):
    monkeypatch.delenv("ALLOW_TIME_TRAVEL")
    office.raise_()
    assert failed("tick", "--at", "2026-05-06T10:00") == "--at needs ALLOW_TIME_TRAVEL=1"
    assert len(office.events()) == 1


def test_a_tick_delivers_what_waits_and_starts_the_clock_by_telling(office, slack):
    office.raise_()
    said = ran("tick", "--at", "2026-04-27T10:05")
    assert said == f"0 tickets looked after; {len(office.outbox())} messages delivered\n"
    assert sorted({call.channel for call in slack.taken("chat.postMessage")}) == ["C0ESC", TEACHER, TEAM]
    assert [call.channel for call in slack.taken("chat.update")] == ["C0ESC"]
    assert office.state().stand.value == "told"
    assert office.state().stage_since == datetime(2026, 4, 27, 9, 5, tzinfo=UTC)
    assert ran("tick", "--at", "2026-04-27T10:06") == "0 tickets looked after; 0 messages delivered\n"


def test_more_than_a_round_of_the_outbox_is_delivered_in_one_tick(office, slack):
    for _ in range(12):
        office.raise_()
    said = ran("tick", "--at", "2026-04-27T10:05")
    assert said == f"0 tickets looked after; {len(office.outbox())} messages delivered\n"
    assert len(office.outbox()) > 40
    assert office.rows("SELECT id FROM outbox WHERE delivered IS NULL") == []


def test_what_slack_does_not_take_waits_and_the_tick_succeeds(office, slack):
    office.raise_()
    slack.down = True
    assert ran("tick", "--at", "2026-04-27T10:05") == (
        "0 tickets looked after; 0 messages delivered, 3 still waiting\n"
    )
    slack.down = False
    said = ran("tick", "--at", "2026-04-27T10:06")
    assert said == f"0 tickets looked after; {len(office.outbox())} messages delivered\n"


def test_a_message_that_slack_asks_to_wait_with_keeps_no_other_waiting(office, slack):
    office.raise_()
    slack.plan("chat.postMessage", limited(120))
    ran("tick", "--at", "2026-04-27T10:05")
    waiting = office.rows("SELECT recipient, due FROM outbox WHERE delivered IS NULL AND attempts > 0")
    assert waiting == [{"recipient": TEACHER, "due": "2026-04-27T09:07:00.000000Z"}]
    assert {call.channel for call in slack.taken("chat.postMessage")} == {"C0ESC", TEAM}


def test_two_processes_that_tick_at_once_do_nothing_twice(office, slack):
    for _ in range(3):
        office.raise_()
    at = ("--at", "2026-05-06T10:00")
    slack.plan("chat.postMessage", hanging := Hangs())
    with ThreadPoolExecutor() as pool:
        both = [pool.submit(process, "tick", *at) for _ in range(2)]
        wait(both, timeout=60, return_when=FIRST_COMPLETED)  # the one that sends is held up meanwhile
        hanging.release()
    said = [ended.result() for ended in both]
    assert [ended.returncode for ended in said] == [0, 0], said
    ran("tick", *at)  # what the one left to the other
    steps = [(event.ticket, event.data["step"]) for number in (1, 2, 3)
             for event in office.events(f"ESC-2026-000{number}") if event.kind is Kind.REMINDED]  # fmt: skip
    assert steps
    assert len(set(steps)) == len(steps)
    queued = office.rows("SELECT kind FROM outbox")
    assert office.rows("SELECT id FROM outbox WHERE delivered IS NULL") == []
    assert len(slack.tried("chat.postMessage") + slack.tried("chat.update")) == len(queued)
    assert sum(int(re.match(r"\d+", ended.stdout)[0]) for ended in said) == 3


def test_only_one_process_sends_and_a_dead_one_holds_up_nobody(data):
    database = data / "safeguarding.db"
    migrate(database)
    here, there = Store(database), Store(database)
    with here.alone("outbox-slack") as first, there.alone("outbox-slack") as second, there.alone("x") as other:
        assert (first, second, other) == (True, False, True)
    held = f"""
from pathlib import Path
from bot.storage.database import Store
with Store(Path({str(database)!r})).alone("outbox-slack") as ours:
    print(ours, flush=True)
    input()
"""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", held], cwd=ROOT, **pipes) as holder:
        assert holder.stdout.readline() == b"True\n"
        with here.alone("outbox-slack") as ours:
            assert not ours
        holder.kill()
    with here.alone("outbox-slack") as ours:
        assert ours
    for store in (here, there):
        store.close()


def test_one_that_cannot_be_read_keeps_no_other_from_being_looked_after(office):
    office.raise_()
    office.raise_()
    policy = office.rows("SELECT version FROM policies")[0]["version"]

    def another_release(tx):
        tx.execute("INSERT INTO policies (version, content) VALUES ('old', '{}')")
        tx.execute("DROP TRIGGER events_are_never_changed")
        tx.execute(
            "UPDATE events SET data = replace(data, :policy, 'old') WHERE ticket = :t", policy=policy, t=REFERENCE
        )

    office.store.submit(another_release).result()
    assert ran("tick", "--at", "2026-05-06T10:00").startswith("1 ticket looked after; ")
    assert office.state("ESC-2026-0002").reminded


# export


def columns_of(office, table):
    return {row["name"] for row in office.rows(f"SELECT name FROM pragma_table_info('{table}')")}


def exported(what):
    rows = json.loads(ran("export", what, "--format", "json"))
    assert len(list(csv.DictReader(io.StringIO(ran("export", what), newline="")))) == len(rows)
    return rows


def test_an_export_has_every_column(office):
    of_tickets = {*escalations.EXPORTED, *feedback.EXPORTED} - {"working_hours"} | {"working_minutes", "taken"}
    assert of_tickets == columns_of(office, "tickets")
    assert set(history.EXPORTED) == columns_of(office, "events")
    assert set(quick_records.EXPORTED) == columns_of(office, "quick_records")
    kinds = {"escalations": escalations, "feedback": feedback, "events": history, "quick-records": quick_records}
    for what, columns in kinds.items():
        assert ran("export", what).splitlines() == [",".join(columns.EXPORTED)]
        assert exported(what) == []


def test_escalations_and_their_events_are_exported_without_what_was_typed(office):
    closed(office)
    (row,) = exported("escalations")
    assert (row["reference"], row["closed_as"], row["change"]) == (REFERENCE, "outcome-agreed", "seen-sooner")
    assert [event["kind"] for event in exported("events")] == ["opened", "outcome-proposed", "outcome-agreed"]
    for what in ("escalations", "events"):
        for form in ("csv", "json"):
            printed = ran("export", what, "--format", form)
            assert not any(typed in printed for typed in (RAISED["disagree"], RAISED["want"], OUTCOME["agreed"]))


def test_requests_are_exported_with_the_working_hours_until_they_were_answered_and_without_what_was_typed(office):
    office.ask(day="2026-04-24", time="16:00", own_reference="AB/12", phone="01632 960000")
    office.ask(day="2026-04-10")
    office.respond(Kind.ANSWERED, office.officer, "MASH-2026-0002", how="phone", told_by="manager")
    waits, answered = exported("feedback")
    assert (waits["reference"], waits["working_hours"], waits["answered_at"]) == (REQUEST, None, None)
    assert (answered["working_hours"], answered["how_told"], answered["told_by"]) == (81.0, "phone", "manager")
    for form in ("csv", "json"):
        printed = ran("export", "feedback", "--format", form)
        assert "AB/12" not in printed
        assert "960000" not in printed


def test_quick_records_are_exported_with_their_sentence_safe_for_a_spreadsheet(here):
    ran("chat", typed="worked well\n2\n=cmd: they rang back within the hour\n")
    (row,) = csv.DictReader(io.StringIO(ran("export", "quick-records"), newline=""))
    assert (row["kind"], row["text"]) == ("worked-well", "'=cmd: they rang back within the hour")


# audit verify


def test_a_history_that_is_whole_is_said_to_be_with_its_count(office):
    assert ran("audit", "verify") == "0 events: there is nothing to verify yet\n"
    office.raise_()
    assert ran("audit", "verify") == "1 event, whole\n"
    ran("ticket", "show", REFERENCE)
    assert ran("audit", "verify") == "2 events, whole\n"


def tampered(office, sql):
    with closing(connect(office.database)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in names:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute(sql)


@pytest.mark.parametrize(
    ("sql", "fault"),
    [
        ("UPDATE events SET kind = 'withdrawn' WHERE seq = 2", "event 2 of ESC-2026-0001 was changed"),
        (
            "UPDATE events SET at = '2026-04-26T09:00:00.000000Z' WHERE seq = 1",
            "event 1 of ESC-2026-0001 was changed",
        ),
        ("DELETE FROM events WHERE seq = 2", "event 2 is missing"),
        ('UPDATE event_bodies SET body = \'{"want":"x"}\' WHERE seq = 1', "the text of event 1 of ESC-2026-0001"),
    ],
    ids=["kind", "time", "removed", "text"],
)
def test_each_fault_of_a_history_is_said_and_ends_with_1(office, sql, fault):
    closed(office)
    tampered(office, sql)
    result = run("audit", "verify")
    *faults, last = result.stderr.splitlines()
    assert (result.exit_code, result.stdout) == (1, "")
    assert any(line.startswith(fault) for line in faults)
    assert re.fullmatch(r"\d faults? in the history of [23] events", last)


def test_a_text_that_was_removed_when_its_time_was_up_is_no_fault(office):
    office.raise_()
    tampered(office, "DELETE FROM event_bodies")
    assert ran("audit", "verify") == "1 event, whole\n"


def test_a_key_that_is_lost_is_said_and_no_other_is_made(office, data):
    office.raise_()
    (data / "audit.key").unlink()
    assert failed("audit", "verify") == f"{data / 'audit.key'} is missing: restore it with the database it belongs to"
    assert not (data / "audit.key").exists()
    (data / "audit.key").write_text("b" * 64)
    assert "was changed" in run("audit", "verify").stderr


# doctor


def said_by_the_doctor(what="escalations"):
    (line,) = (line for line in run("doctor").stdout.splitlines() if line[6:].startswith(f"{what}: "))
    return line


def test_the_doctor_says_what_is_to_be_done_for_escalations_and_calls_none_of_it_wrong(here):
    said = said_by_the_doctor()
    assert said.startswith("ok    escalations: to do: give a lead")
    for words in ("1 of 3 agencies (gp)", "MANAGERS", "timescales_confirmed"):
        assert words in said


def test_the_doctor_has_nothing_to_say_where_all_is_set(here, monkeypatch):
    monkeypatch.setenv("MANAGERS", MANAGER)
    confirmed(here)
    partnership = here / "partnership.yaml"
    text = partnership.read_text("utf-8").replace("kind: gp}", "kind: gp, leads: [{role: GP lead, slack: U0GPLEAD}]}")
    partnership.write_text(text, encoding="utf-8")
    assert said_by_the_doctor() == "ok    escalations: all is set"


def test_a_lead_who_is_away_with_a_deputy_whom_the_bot_cannot_tell_is_to_be_done(here):
    partnership = here / "partnership.yaml"
    away = "deputy: {role: Deputy}, away: [2026-01-01, 2126-01-01]}"
    text = partnership.read_text("utf-8").replace("slack: U0DSL, email: dsl@school.example}", f"slack: U0DSL, {away}")
    partnership.write_text(text, encoding="utf-8")
    assert "2 of 3 agencies (high-school, gp)" in said_by_the_doctor()


def test_without_a_policy_the_doctor_says_that_none_can_be_raised(here):
    (here / "escalation-policy.yaml").unlink()
    assert "no escalation-policy.yaml" in said_by_the_doctor()


def test_the_doctor_says_what_is_to_be_done_for_feedback_and_calls_none_of_it_wrong(here):
    assert said_by_the_doctor("MASH feedback") == (
        "ok    MASH feedback: to do: set MASH_OFFICERS: nobody of the MASH can open its list, as every request says; "
        "have the partnership confirm the times (timescales_confirmed in mash-feedback.yaml)"
    )


def test_a_channel_for_the_mash_is_not_enough_and_officers_need_slack(here, monkeypatch, slack):
    monkeypatch.setenv("MASH_CHANNEL", "C0MASH")
    assert "as every request says; MASH_CHANNEL alone gets no message" in said_by_the_doctor("MASH feedback")
    monkeypatch.setenv("MASH_OFFICERS", "U0MASH")
    assert "MASH_" not in said_by_the_doctor("MASH feedback")
    for name in ("MASH_CHANNEL", "ESCALATIONS_CHANNEL", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"):
        monkeypatch.delenv(name)
    assert "set Slack: the MASH sees its list only there" in said_by_the_doctor("MASH feedback")


@pytest.mark.parametrize("content", ["code", "code_and_note"])
def test_where_the_bot_carries_answers_every_agency_needs_its_domains(here, monkeypatch, slack, content):
    monkeypatch.setenv("MASH_OFFICERS", "U0MASH")
    rules = here / "mash-feedback.yaml"
    text = rules.read_text("utf-8").replace("timescales_confirmed: false", "timescales_confirmed: true")
    rules.write_text(text, encoding="utf-8")
    assert said_by_the_doctor("MASH feedback") == "ok    MASH feedback: all is set"
    rules.write_text(text.replace("feedback_content: told_only", f"feedback_content: {content}"), encoding="utf-8")
    said = said_by_the_doctor("MASH feedback")
    assert "2 of 3 agencies (social-care, gp) in partnership.yaml" in said
    assert said.endswith(f"nobody there can be shown what was decided (feedback_content: {content})")


def test_without_rules_the_doctor_says_that_nobody_can_ask(here):
    (here / "mash-feedback.yaml").unlink()
    assert "there is no mash-feedback.yaml" in said_by_the_doctor("MASH feedback")


def test_with_knowledge_that_cannot_be_read_the_doctor_looks_at_neither(here):
    (here / "partnership.yaml").write_text("name: [")
    for what in ("escalations", "MASH feedback"):
        assert said_by_the_doctor(what).endswith("not looked at, since the knowledge cannot be read")


def test_without_a_policy_nothing_is_due_and_nothing_is_listed(here):
    (here / "escalation-policy.yaml").unlink()
    assert ran("ticket", "list") == NONE_OPEN
    assert ran("tick").startswith("0 tickets looked after")


def test_a_real_process_prints_one_line(data):
    result = process("tick")
    assert (result.returncode, result.stdout.count("\n")) == (0, 1)
    assert process("ticket", "show", REFERENCE).stderr == (
        f"{REFERENCE}: no such ticket; `ticket list --all` lists them\n"
    )


# /readyz


def test_readiness_counts_the_agencies_without_a_lead_and_waits_for_none(start_bot):
    said = start_bot(managers=[MANAGER]).http.get("/readyz")
    assert said.status_code == 200
    assert (said.json()["ready"], said.json()["agencies_without_lead"], said.json()["managers"]) == (True, 18, True)


def test_without_a_policy_there_is_no_count(start_bot, lasting_smalltown):
    knowledge = Guidance.of(load(layers_of(lasting_smalltown.parent, "smalltown")))
    said = start_bot(knowledge).http.get("/readyz").json()
    assert (said["ready"], said["agencies_without_lead"], said["managers"]) == (True, None, False)
