"""Escalations in `chat`, as scripts: what is typed, and what comes back for it."""

import os
import select
import signal
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime

import pytest
from chatting import FROM_SCHOOL, chatted, events_in, number_of, town_at_the_command_line
from slack_workspace import rows_of
from test_command_line import ran, run
from ticketing import AUDIT_KEY, RAISED, Office

from bot.config import ROOT
from bot.storage.database import connect
from bot.tickets.ticket import Side
from handlers.command_line import ticket_forms
from handlers.command_line.filling import Filling

YEAR = datetime.now(UTC).year
REFERENCE = f"ESC-{YEAR}-0001"
NAMED = "Jayden Kowalczyk was turned down"
DANGER = "dad is hitting the baby right now and I can hear it"
NOTHING = "Nothing was recorded."
TOLD_OFF = "seems to hold a person's name"
FIELDS = [
    ("1", "The other agency"),
    ("2", "What is it about?"),
    (RAISED["disagree"], "What do you disagree with?"),
    (RAISED["want"], "What do you want to happen?"),
    ("1", "Is the child safe now?"),
]
"""A school disagrees with the council (the first of the others), and each field is answered."""
BEGIN = [("escalate", "Ring 999 first"), ("1", "A decision or plan for a child")]
RECORD = [("", "Add more now?"), ("y", "Record it?", f"Recorded as {REFERENCE}")]
TELL = [
    (f"ticket {REFERENCE}", "What happened"),
    ("1", "1. They have been told"),
    ("1", "How were they told?"),
    ("Team manager", "Whom did you tell?"),
    ("", "Empty: just now"),
    ("y", "Record “They have been told”?", "Recorded: They have been told."),
]


@pytest.fixture(autouse=True)
def here(smalltown, tmp_path, monkeypatch):
    return town_at_the_command_line(smalltown, tmp_path, monkeypatch)


@pytest.fixture
def database(tmp_path):
    return tmp_path / "data" / "safeguarding.db"


def quick(database):
    return rows_of(database, "SELECT reference, kind, channel, agency, data, text FROM quick_records ORDER BY at")


# The door


def test_the_words_that_open_a_form_are_named_at_the_beginning():
    shown = chatted()
    for word in ("escalate", "feedback", "tickets", "ticket ESC-2026-0001", "we talked", "considered", "worked well"):
        assert f" {word} " in shown


@pytest.mark.parametrize(
    ("door", "words", "number"),
    [
        ("2", "This goes to the LADO", "01632 960003"),
        ("3", "This is for their manager first", ""),
        ("4", "Your own agency's route settles this", ""),
    ],
    ids=["harm", "conduct", "inside"],
)
def test_what_goes_another_way_is_sent_there_and_makes_no_record(database, door, words, number):
    shown = chatted(("escalate", "Ring 999 first"), (door, "What is it about?", words))
    assert number in shown
    assert "The other agency" not in shown
    assert rows_of(database, "SELECT * FROM tickets") == []


def test_a_disagreement_inside_one_agency_goes_on_where_the_policy_includes_it(here):
    policy = here / "escalation-policy.yaml"
    policy.write_text(policy.read_text("utf-8").replace("inside_one_agency: false", "inside_one_agency: true"))
    assert "The other agency" in chatted(("escalate",), ("4", "The other agency", NOTHING))


# Raising


def test_an_escalation_is_raised_field_by_field_looked_at_confirmed_and_recorded(database):
    shown = chatted(*BEGIN, *FIELDS, *RECORD)
    for words in (
        "The other agency: Smalltown Council",
        f"What do you disagree with? {RAISED['disagree']}",
        "High School to Smalltown Council",
        "Stage 1: practitioner with practitioner",
        "NOT YET TOLD",
        "This is not a referral, and nobody is watching it tonight.",
        "01632 96000",
        f"Type `ticket {REFERENCE}` to open it.",
    ):
        assert words in shown
    (ticket,) = rows_of(database, "SELECT reference, raising, receiving, reason, raiser FROM tickets")
    assert (ticket["raising"], ticket["receiving"], ticket["reason"]) == (
        "high-school",
        "social-care",
        "assessment-outcome",
    )
    (person,) = rows_of(database, "SELECT id, channel, channel_user_id FROM people")
    assert person == {"id": ticket["raiser"], "channel": "terminal", "channel_user_id": "local operator"}
    (event,) = events_in(database)
    assert '"operator":true' in event["data"]
    (body,) = rows_of(database, "SELECT body FROM event_bodies")
    assert RAISED["want"] in body["body"]


def test_whoever_says_no_agency_is_asked_for_it_and_is_not_offered_it_as_the_other(database):
    shown = chatted(
        *BEGIN,
        ("1", "1. High School", "Your agency"),
        *FIELDS,
        *RECORD,
        agency=(),
    )
    assert shown.count("1. High School") == 1
    (ticket,) = rows_of(database, "SELECT raising, receiving FROM tickets")
    assert ticket == {"raising": "high-school", "receiving": "social-care"}


def test_a_text_that_names_somebody_is_handed_back_and_what_stands_in_other_fields_stays(database):
    script = [*BEGIN, *FIELDS[:2]]
    script += [
        (NAMED, "What do you disagree with?", TOLD_OFF, "to edit (kept nowhere): > Jayden Kowalczyk",
         "Without it: [name] was turned down", "01632 96000"),
        *FIELDS[2:],
        *RECORD,
    ]  # fmt: skip
    chatted(*script)
    (ticket,) = rows_of(database, "SELECT reason FROM tickets")
    assert ticket["reason"] == "assessment-outcome"
    assert all(b"kowalczyk" not in file.read_bytes().lower() for file in database.parent.iterdir())


def test_a_text_that_is_too_long_is_handed_back_too(database):
    chatted(*BEGIN, *FIELDS[:2], ("word " * 250, "Say it in 1,000 characters at most"), *FIELDS[2:], *RECORD)
    assert len(events_in(database)) == 1


def test_a_text_that_tells_of_danger_brings_the_card_before_anything_else_and_is_recorded_all_the_same(database):
    script = [*BEGIN, *FIELDS[:2], (DANGER, "!!!", "ring 999", "!!!"), *FIELDS[3:], *RECORD]
    chatted(*script)
    assert len(events_in(database)) == 1


def test_where_the_child_is_not_safe_the_card_comes_and_what_was_done_is_asked_before_the_record(database):
    script = [*BEGIN, *FIELDS[:-1]]
    script += [
        ("2", "Is the child safe now?", "ring 999", "Do that first", "1. I rang 999", "What have you done about it?"),
        ("1", "What have you done about it? I rang 999"),
        *RECORD,
    ]
    script[-3] = ("1",)
    shown = chatted(*script)
    assert "What have you done about it? I rang 999" in shown
    assert '"done":"rang-999"' in events_in(database)[0]["data"]


@pytest.mark.parametrize("number", ["0", "9", "-1", "social-care", "9" * 5000])
def test_a_number_that_is_not_offered_is_asked_again(database, number):
    chatted(*BEGIN, (number, "The other agency", "Type a number from 1 to 2."), *FIELDS, *RECORD)
    assert len(events_in(database)) == 1


def test_more_can_be_added_at_once_and_an_empty_line_leaves_a_field_out(database):
    further = [
        ("y", "Add more now?"),
        ("1",),
        ("", "Level of need in dispute"),
        ("AB/12 3", "Your own case reference", "1 to 20 letters"),
        ("AB/123",),
        ("2126-01-01", "Since when do you disagree?", "That lies ahead"),
        ("last week", "Write the day as 2026-11-27"),
        ("2026-01-05",),
        ("Two calls", "Talks held so far"),
        ("", "Begin at another stage"),
        ("", "Why at that stage?"),
    ]
    shown = chatted(*BEGIN, *FIELDS, *further, RECORD[-1])
    assert "Your own case reference: AB/123" in shown
    assert "Level of need in dispute: " not in shown
    (event,) = events_in(database)
    assert '"since":"2026-01-05"' in event["data"]
    assert '"urgent":true' in event["data"]


def test_what_is_refused_when_all_is_looked_at_is_asked_again_and_the_rest_stays(database):
    further = [("y", "Add more now?"), *[("",)] * 5, ("2", "Begin at another stage"), ("", "Why at that stage?")]
    again = [
        ("y", "Record it?", "Say why it begins at a later stage."),
        ("The managers have talked", "Why at that stage? The managers have talked", "Record it?"),
    ]
    chatted(*BEGIN, *FIELDS, *further, *again, ("y", f"Recorded as {REFERENCE}"))
    (ticket,) = rows_of(database, "SELECT stage FROM tickets")
    assert ticket["stage"] == "stage-2"


SCRIPT = [typed for typed, *_ in [*BEGIN, *FIELDS, *RECORD]]


@pytest.mark.parametrize("stopped", [n for n in range(1, len(SCRIPT)) if SCRIPT[n] != ""])
def test_an_empty_line_wherever_something_is_needed_records_nothing(database, stopped):
    printed = ran("chat", *FROM_SCHOOL, typed="".join(f"{line}\n" for line in [*SCRIPT[:stopped], "", "hello"]))
    assert NOTHING in printed
    assert "Recorded as" not in printed
    assert rows_of(database, "SELECT * FROM tickets") == []
    assert rows_of(database, "SELECT text FROM questions") == [{"text": "hello"}]


@pytest.mark.parametrize("length", range(1, len(SCRIPT)))
def test_an_input_that_ends_early_records_nothing(database, length):
    printed = ran("chat", *FROM_SCHOOL, typed="".join(f"{line}\n" for line in SCRIPT[:length]))
    assert NOTHING in printed
    assert rows_of(database, "SELECT * FROM tickets") == []


def test_no_is_not_yes(database):
    chatted(*BEGIN, *FIELDS, ("", "Add more now?"), ("no", "Record it?", NOTHING))
    assert events_in(database) == []


def read_until(stream, text):
    seen = b""
    while text not in seen:
        ready, _, _ = select.select([stream], [], [], 30)
        assert ready, seen
        piece = os.read(stream.fileno(), 100_000)
        assert piece, seen
        seen += piece


def test_ctrl_c_in_a_field_records_nothing_and_the_chat_goes_on(database):
    command = [sys.executable, "-u", str(ROOT / "app.py"), "chat", *FROM_SCHOOL]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL), **pipes) as chat:
        chat.stdin.write(b"escalate\n1\n1\n2\n")
        chat.stdin.flush()
        read_until(chat.stdout, b"What do you disagree with? ")
        chat.send_signal(signal.SIGINT)
        while not select.select([chat.stdout], [], [], 2)[0]:
            chat.send_signal(signal.SIGINT)
        read_until(chat.stdout, NOTHING.encode())
        shown, _ = chat.communicate(b"tickets\n\n", timeout=30)
    assert b"No escalation and no feedback request is open." in shown
    assert rows_of(database, "SELECT * FROM tickets") == []


# The words


@pytest.mark.parametrize("typed", [" Escalate ", "ESCALATE", "escalate"])
def test_a_word_opens_its_form_however_it_is_written(typed):
    chatted((typed, "Ring 999 first", NOTHING))


@pytest.mark.parametrize(
    "typed",
    ["how do I escalate", "ticket", "ticket 7", "tickets please", "we talked to the parents", "ticket ESC-2026-1"],
)
def test_the_words_within_a_question_are_a_question(database, typed):
    chatted((typed,))
    assert rows_of(database, "SELECT text FROM questions") == [{"text": typed}]


# Looking and moving


def test_without_escalations_the_list_and_a_reference_say_so(database):
    chatted(
        ("tickets", "No escalation and no feedback request is open."),
        (f"ticket {REFERENCE}", "There is no escalation of that reference", "`tickets` lists those that are open."),
    )
    assert events_in(database) == []


def test_an_escalation_is_listed_opened_and_moved_by_numbers(database):
    chatted(*BEGIN, *FIELDS, *RECORD, ("tickets", f"{REFERENCE} High School to Smalltown Council", "NOT YET TOLD"))
    chatted(*TELL, ("tickets", "told, no answer yet; whose move: Smalltown Council; suggested by"))
    found = events_in(database)
    assert [event["kind"] for event in found] == ["opened", "read", "other-agency-told"]
    assert all('"operator":true' in event["data"] for event in found)


def test_a_reference_is_taken_in_whatever_letters(database):
    chatted(*BEGIN, *FIELDS, *RECORD, (f"Ticket {REFERENCE.lower()}", "What happened", "What do you want to do?"))


def test_choosing_nothing_changes_nothing_and_that_it_was_read_stays(database):
    shown = chatted(*BEGIN, *FIELDS, *RECORD, (f"ticket {REFERENCE}", "What do you want to do?"), ("", "You>"))
    assert NOTHING not in shown
    assert [event["kind"] for event in events_in(database)] == ["opened", "read"]


def test_a_move_that_is_not_confirmed_is_not_recorded(database):
    chatted(*BEGIN, *FIELDS, *RECORD, *TELL[:-1], ("", "Record “They have been told”?", NOTHING))
    assert [event["kind"] for event in events_in(database)] == ["opened", "read"]


def test_when_they_were_told_is_taken_by_the_clock_of_the_partnership(here, database):
    database.parent.mkdir()
    (database.parent / "audit.key").write_text(AUDIT_KEY)
    with closing(Office(here, database.parent)) as office:
        office.raise_()  # on 27 April 2026, by somebody else
        chatted(
            ("ticket ESC-2026-0001",),
            (number_of("They have been told", "ESC-2026-0001"),),
            ("1",),
            ("Team manager",),
            ("soon", "When?", "Write the day as"),
            ("2126-04-28 10:30", "When?", "That lies ahead"),
            ("2026-04-26 10:30", "When?"),
            ("y", "That is before it was raised here"),
            ("2026-04-28 10:30", "When?", "Recorded: They have been told.", "on Tuesday 28 April 2026, 10:30"),
        )
        assert office.state().stage_since == datetime(2026, 4, 28, 9, 30, tzinfo=UTC)
        assert office.events()[-1].side is Side.PARTNERSHIP


def test_a_refused_move_is_asked_again(database):
    chatted(*BEGIN, *FIELDS, *RECORD)
    chatted(
        (f"ticket {REFERENCE}",),
        (number_of("Add something", REFERENCE), "What is new?"),
        *[("",)] * 5,
        ("y", "Record “Add something”?", "Fill in one of these."),
        ("They rang back", "Recorded: Add something."),
    )
    (body,) = rows_of(database, "SELECT body FROM event_bodies ORDER BY seq DESC LIMIT 1")
    assert "They rang back" in body["body"]


def test_moves_that_need_a_member_of_slack_are_not_offered(database):
    shown = chatted(*BEGIN, *FIELDS, *RECORD, (f"ticket {REFERENCE}", "What do you want to do?"))
    assert "Say who will talk" not in shown


def test_a_move_names_the_stage_that_comes_next_and_an_empty_line_takes_it(database):
    chatted(*BEGIN, *FIELDS, *RECORD)
    chatted(
        (f"ticket {REFERENCE}",),
        (number_of("To the next stage", REFERENCE), "1. Stage 2: managers", "To which stage? [1]"),
        ("", "Why could it not be settled"),
        ("They did not ring back", "Record “To the next stage”?"),
        ("y", "Recorded: To the next stage.", "Stage 2: managers"),
    )
    assert events_in(database)[-1]["kind"] == "handed-on"


def test_who_comes_too_late_hears_how_it_stands(database, monkeypatch):
    chatted(*BEGIN, *FIELDS, *RECORD)
    confirm = Filling.confirm

    def while_somebody_is_quicker(filling, question):
        monkeypatch.setattr(Filling, "confirm", confirm)
        ran("chat", *FROM_SCHOOL, typed="".join(f"{typed}\n" for typed, *_ in TELL))
        confirm(filling, question)

    monkeypatch.setattr(Filling, "confirm", while_somebody_is_quicker)
    chatted(*TELL[:-1], ("y", "Somebody was quicker", "Smalltown Council was told on"))
    assert [event["kind"] for event in events_in(database)].count("other-agency-told") == 1


# Short records


def test_a_talk_that_settled_it_takes_four_numbers_and_a_sentence(database):
    chatted(
        ("we talked", "The other agency"),
        ("2", "What came of the talk?"),
        ("1", "Do both of you know"),
        ("1", "in a sentence"),
        ("A visit this week", "When did you talk?"),
        ("", f"Recorded as QR-{YEAR}-0001. It is not a referral"),
    )
    (row,) = quick(database)
    assert (row["kind"], row["channel"], row["agency"], row["text"]) == (
        "talk",
        "terminal",
        "high-school",
        "A visit this week",
    )
    assert '"operator": true' in row["data"]


TALKED = [
    ("we talked",),
    ("2", "4. Not settled"),
    ("4", "What came of the talk?"),
    ("1", "Do both of you know"),
    ("They will not visit",),
    ("", f"Recorded as QR-{YEAR}-0001", "It is not settled"),
]


def test_a_talk_that_settled_nothing_goes_on_to_an_escalation_with_what_is_known(database):
    rest = [("2", "What is it about?"), ("A visit", "What do you want"), ("1", "Is the child safe now?"), *RECORD]
    shown = chatted(*TALKED, *rest)
    assert "What do you disagree with? They will not visit" in shown
    assert "The other agency: Smalltown Council" in shown
    (body,) = rows_of(database, "SELECT body FROM event_bodies")
    assert f"(QR-{YEAR}-0001)" in body["body"]


def test_where_that_is_not_filled_in_the_talk_stands(database):
    shown = chatted(*TALKED, ("", f"No escalation was recorded; QR-{YEAR}-0001 stands."))
    assert NOTHING not in shown
    assert len(quick(database)) == 1
    assert events_in(database) == []


def test_what_was_considered_and_what_worked_well_are_recorded(database):
    chatted(
        ("considered",), ("2", "What was it about?"), ("1", "Why was it not escalated?"), ("4", "Anything to add?"),
        ("", f"Recorded as QR-{YEAR}-0001"),
        ("worked well",), ("2", "What worked well?"), (NAMED, TOLD_OFF), ("They rang back", f"QR-{YEAR}-0002"),
    )  # fmt: skip
    assert [(row["kind"], row["text"]) for row in quick(database)] == [
        ("considered-not-escalated", None),
        ("worked-well", "They rang back"),
    ]


@pytest.mark.parametrize("typed", [["we talked"], ["we talked", "2", "1"], ["considered", "2"], ["worked well", "2"]])
def test_a_short_record_that_is_not_filled_in_to_its_end_is_none(database, typed):
    chatted(*((line,) for line in typed), ("", NOTHING))
    assert quick(database) == []


# Whatever is wrong


WORDS = ["escalate", "feedback", "tickets", f"ticket {REFERENCE}", "we talked", "considered", "worked well"]


@pytest.mark.parametrize("word", WORDS)
def test_without_a_database_every_word_says_so_before_anything_is_asked(database, word):
    database.mkdir(parents=True)
    printed = run("chat", typed=f"{word}\nhello\n").stdout
    assert ticket_forms.CANNOT_READ in printed
    assert "The other agency" not in printed


@pytest.mark.parametrize("word", ["escalate", "we talked", "considered", "worked well"])
def test_without_a_policy_every_form_says_so(here, word):
    (here / "escalation-policy.yaml").unlink()
    chatted((word, "the policy cannot be read. Ring your safeguarding lead."))


def test_a_key_that_cannot_be_used_stops_no_chat(database):
    database.parent.mkdir()
    (database.parent / "audit.key").write_text("short")
    shown = chatted(("escalate", "Nothing can be recorded here"), ("what is private fostering", "28 days"))
    assert "audit.key" in shown


def test_what_cannot_be_saved_stays_and_is_saved_once_when_it_can_be(database, monkeypatch):
    monkeypatch.setattr("bot.storage.database.BUSY_TIMEOUT_SECONDS", 0.1)
    confirm, held = Filling.confirm, []

    def hold_and_let_go(filling, question):
        confirm(filling, question)
        if question == "Record it?":
            held.append(connect(database))
            held[0].execute("BEGIN IMMEDIATE")
        elif question == "Try again?":
            held[0].execute("ROLLBACK")

    monkeypatch.setattr(Filling, "confirm", hold_and_let_go)
    chatted(
        *BEGIN,
        *FIELDS,
        ("", "Add more now?"),
        ("y", "Record it?", "Not saved yet"),
        ("y", f"Recorded as {REFERENCE}"),
    )
    with closing(held[0]):
        assert len(events_in(database)) == 1
