"""Feedback requests in `chat`, as scripts: what is typed, and what comes back for it."""

import json
from contextlib import closing
from datetime import UTC, datetime

import pytest
from chatting import FROM_SCHOOL, chatted, events_in, number_of, town_at_the_command_line
from slack_workspace import rows_of
from test_command_line import ran
from ticketing import AUDIT_KEY, Office

from bot.storage.database import connect
from bot.tickets.ticket import Kind, Side
from handlers.command_line.filling import Filling
from handlers.command_line.ticket_forms import GO_ON

YEAR = datetime.now(UTC).year
REFERENCE, ESCALATION = f"MASH-{YEAR}-0001", f"ESC-{YEAR}-0001"
NOTHING = "Nothing was recorded."
LONG_AGO = "2026-04-24"
BEGIN = ("feedback", "Ring 999 first", "it is none itself")
TODAY = [
    ("", "On which day did you refer?"),
    ("", "At what time?"),
    ("2", "How did you refer?"),
    ("1", "To whom?"),
    ("2, 3", "What do you need?"),
    ("1", "Has anything changed for the child since?"),
]
"""Of today, so that nothing is late yet."""
LATE = [(LONG_AGO, "On which day did you refer?"), *TODAY[1:]]
RECORD = [("", "Add more now?"), ("y", "Record it?", f"Recorded as {REFERENCE}: ")]
ON = [
    ("The referral was turned down", "What do you disagree with?"),
    ("A visit this week", "What do you want to happen?"),
    ("1", "Is the child safe now?"),
    ("", "Add more now?"),
]
"""An escalation goes on from a request: what is not known of it yet."""


@pytest.fixture(autouse=True)
def here(smalltown, tmp_path, monkeypatch):
    return town_at_the_command_line(smalltown, tmp_path, monkeypatch)


@pytest.fixture
def database(tmp_path):
    return tmp_path / "data" / "safeguarding.db"


def kinds(database):
    return [event["kind"] for event in events_in(database)]


def offered(reference=REFERENCE):
    """What can be done with a request just now."""
    shown = ran("chat", *FROM_SCHOOL, typed=f"ticket {reference}\n\n")
    return [
        line.partition(". ")[2] for line in shown.splitlines() if line.lstrip()[:2] in {f"{n}." for n in range(1, 10)}
    ]


# Asking


def test_a_request_is_asked_field_by_field_looked_at_confirmed_and_recorded(database):
    shown = chatted(BEGIN, *TODAY, *RECORD)
    for words in (
        "How did you refer? By phone, then in writing",
        "What do you need? What was decided, and why; What happens next, and what is asked of me",
        "(provisional). Basis: Working Together",
        "It is not late yet, so the MASH is not asked now.",
        "NOBODY OF THE MASH IS TOLD",
        "This is not a referral, and nobody is watching it tonight.",
        "01632 96000",
        f"Type `ticket {REFERENCE}` to open it.",
    ):
        assert words in shown
    (ticket,) = rows_of(database, "SELECT kind, raising, needs, stand, raiser FROM tickets")
    (person,) = rows_of(database, "SELECT id FROM people WHERE channel_user_id = 'local operator'")
    assert ticket == {
        "kind": "feedback",
        "raising": "high-school",
        "needs": "decision next-steps",
        "stand": "not-late-yet",
        "raiser": person["id"],
    }
    (event,) = events_in(database)
    assert json.loads(event["data"])["operator"] is True


def test_the_agency_is_asked_first_where_it_is_not_known_since_its_settings_depend_on_it(here, database):
    partnership = here / "partnership.yaml"
    text = partnership.read_text("utf-8").replace(
        "kind: school", "kind: school\n    settings: [North site, South site]"
    )
    partnership.write_text(text, encoding="utf-8")
    own = [("1", "1. High School", "Your agency"), ("2", "1. North site 2. South site", "Your setting")]
    chatted(BEGIN, *own, *TODAY, *RECORD, agency=())
    (ticket,) = rows_of(database, "SELECT raising, setting FROM tickets")
    assert ticket == {"raising": "high-school", "setting": "South site"}


def test_where_something_has_changed_the_number_to_ring_now_comes_before_the_rest_and_heads_the_record():
    changed = ("2", "Has anything changed", "ring now, and say that it is new", "01632 96000")
    chatted(
        BEGIN, *TODAY[:-1], changed, ("", "Add more now?"), ("y", "Something has changed: ring now", "Recorded as")
    )


@pytest.mark.parametrize("typed", ["2, 3", "2 3", "3,2,,3", " 2,3, "])
def test_several_numbers_are_taken_however_they_are_written(database, typed):
    chatted(BEGIN, *TODAY[:-2], (typed, "What do you need? (one or more)"), TODAY[-1], *RECORD)
    (ticket,) = rows_of(database, "SELECT needs FROM tickets")
    assert sorted(ticket["needs"].split()) == ["decision", "next-steps"]


@pytest.mark.parametrize("typed", ["0", "2, 5", "2-3", "decision", ",", "9" * 5000])
def test_numbers_that_are_not_offered_are_asked_again(database, typed):
    refused = (typed, "What do you need?", "Type numbers from 1 to 4, such as 1, 2.")
    chatted(BEGIN, *TODAY[:-2], refused, *TODAY[-2:], *RECORD)
    (ticket,) = rows_of(database, "SELECT needs FROM tickets")
    assert ticket["needs"] == "decision next-steps"


@pytest.mark.parametrize(
    ("changed", "first"), [("1", "Record it?"), ("2", "Something has changed")], ids=["no", "yes"]
)
def test_minutes_run_on_a_clock_of_their_own(database, changed, first):
    chatted(
        BEGIN,
        *TODAY[:-2],
        ("2, 4", "What do you need?"),
        (changed, "Has anything changed"),
        RECORD[0],
        (
            "y",
            first,
            f"Recorded as {REFERENCE}: What was decided, and why.",
            f"And MASH-{YEAR}-0002, on a clock of its own",
        ),
        ("tickets", REFERENCE, f"MASH-{YEAR}-0002"),
    )
    assert [row["needs"] for row in rows_of(database, "SELECT needs FROM tickets ORDER BY reference")] == [
        "decision",
        "strategy-minutes",
    ]


def test_times_references_and_numbers_are_asked_until_they_can_be_taken(database):
    chatted(
        BEGIN,
        LATE[0],
        ("25:00", "At what time?", "Write the time as 14:30."),
        ("half past nine", "Write the time as 14:30."),
        ("9:30", "At what time?"),
        *LATE[2:],
        ("y", "Add more now?"),
        ("", "The council's reference, if you have one"),
        ("AB 12", "Your own case reference", "no spaces"),
        ("AB/12",),
        ("ring my mobile", "Your work telephone", "Write a telephone number"),
        ("01632 960000 ext 12", "At what time? 09:30", "Your work telephone: 01632 960000 ext 12"),
        RECORD[1],
    )
    (ticket,) = rows_of(database, "SELECT referred_at FROM tickets")
    assert ticket["referred_at"] == "2026-04-24T08:30:00.000000Z"  # summer time
    (body,) = rows_of(database, "SELECT body FROM event_bodies")
    assert json.loads(body["body"]) == {"own_reference": "AB/12", "phone": "01632 960000 ext 12"}


SCRIPT = [typed for typed, *_ in [BEGIN, *LATE, *RECORD]]
NEEDED = [place for place, typed in enumerate(SCRIPT) if place > 1 and typed]


@pytest.mark.parametrize("stopped", NEEDED)
def test_an_empty_line_wherever_something_is_needed_records_nothing(database, stopped):
    printed = ran("chat", *FROM_SCHOOL, typed="".join(f"{line}\n" for line in [*SCRIPT[:stopped], "", "hello"]))
    assert NOTHING in printed
    assert rows_of(database, "SELECT * FROM tickets") == []
    assert rows_of(database, "SELECT text FROM questions") == [{"text": "hello"}]


def test_without_rules_the_form_says_so_before_anything_is_asked(here):
    (here / "mash-feedback.yaml").unlink()
    assert "On which day" not in chatted(("feedback", "the policy cannot be read. Ring your safeguarding lead."))


# The words


@pytest.mark.parametrize(
    "typed", ["Feedback", "MASH  feedback", "what became of my referral", "What became of my referral?"]
)
def test_a_whole_line_opens_the_form_however_it_is_written(typed):
    chatted((typed, "it is none itself"), ("", "On which day did you refer?"))


@pytest.mark.parametrize(
    "typed",
    ["mash feedback please", "how do I get feedback", "what became of my referral to the MASH", "ticket MASH-2026-1"],
)
def test_the_words_within_a_question_are_a_question(database, typed):
    chatted((typed,))
    assert rows_of(database, "SELECT text FROM questions") == [{"text": typed}]


# Looking and moving


def test_a_reference_that_there_is_not_says_who_may_open_one(database):
    chatted((f"ticket {REFERENCE}", "There is no feedback request of that reference that you may open.", "`tickets`"))
    assert events_in(database) == []


def test_a_request_is_listed_opened_answered_and_closed_by_numbers(database):
    chatted(BEGIN, *TODAY, *RECORD)
    chatted(
        (
            "tickets",
            f"{REFERENCE} High School: referral of",
            "Not late yet, so the MASH has not been asked; expected by",
        ),
    )
    chatted(BEGIN, *LATE, RECORD[0], ("y", f"Recorded as MASH-{YEAR}-0002"))
    late = f"MASH-{YEAR}-0002"
    told = [
        (f"Ticket {late.lower()}", "What happened", "1. Told the referrer"),
        ("1", "The answer itself goes by phone or secure e-mail.", "How were they told? [1]"),
        ("", "By whom? [1]"),
        ("2",),
        ("2026-04-23 10:00", "When?"),
        ("y", "Record “Told the referrer”?", "That is before the referral."),
        (
            "2026-04-28 10:30",
            "When?",
            "Recorded: Told the referrer.",
            "by phone on Tuesday 28 April 2026, 10:30, by a manager",
        ),
    ]
    chatted(
        *told,
        (
            "tickets",
            f"{late} High School: referral of Friday 24 April",
            "The referrer was told; whose move: High School; closes after",
        ),
    )
    asked, read, answered = (event for event in events_in(database) if event["ticket"] == late)
    assert (asked["kind"], read["kind"]) == ("opened", "read")
    assert (answered["kind"], answered["side"]) == ("referrer-told", Side.RECEIVING)
    assert json.loads(answered["data"])["on_behalf"] is True  # the bot reaches nobody of the MASH

    number = number_of("Yes, what I needed", late)
    chatted((f"ticket {late}",), (number,), ("y", "Record “Yes, what I needed”?", "Closed on"))
    assert late not in chatted(("tickets", REFERENCE)).partition("You>")[2]


def test_a_refused_answer_may_be_left_out_after_all(database):
    chatted(BEGIN, *LATE, *RECORD)
    heard = number_of("I had heard already", REFERENCE)
    chatted(
        (f"ticket {REFERENCE}",),
        (heard,),
        ("1", "How were you told?"),
        ("2026-04-23 10:00", "When?"),
        ("y", "That is before the referral."),
        ("", "When? (may stay empty)", "Recorded: I had heard already."),
    )
    assert kinds(database)[-1] == Kind.HEARD


def test_what_was_never_received_is_said_to_be_sent_again(database):
    chatted(BEGIN, *LATE, *RECORD)
    number = number_of("Not received: resend", REFERENCE)
    chatted((f"ticket {REFERENCE}",), (number,), ("y", "Recorded: Not received: resend.", "it has to be sent again"))
    chatted(
        (f"ticket {REFERENCE}",),
        (number_of("I have sent it again", REFERENCE), "Ring first, and send it again in writing."),
        ("2026-04-23", "On which day"),
        ("",),
        ("1",),
        ("1",),
        ("y", "That is before the referral that was not received."),
        ("", "On which day", "Recorded: I have sent it again."),
    )
    (ticket,) = rows_of(database, "SELECT stand FROM tickets")
    assert ticket["stand"] == "not-late-yet"  # it was sent today


# On to an escalation


def go_on():
    """Open the request, and go on to an escalation until it is confirmed."""
    return [(f"ticket {REFERENCE}", GO_ON), (number_of(GO_ON, REFERENCE), "Ring 999 first"), *ON]


def test_what_is_late_goes_on_to_an_escalation_with_what_is_known_filled_in(database):
    own = ("1", "1. High School", "Your agency")
    chatted(BEGIN, own, *LATE, *RECORD, agency=())
    shown = chatted(
        *go_on(), ("y", "Record it?", f"Recorded as {ESCALATION}: High School to Smalltown Council."), agency=()
    )
    for words in (
        "The other agency: Smalltown Council",
        "What is it about? No decision or feedback came after chasing",
        f"Talks held so far: {REFERENCE}: referred on {LONG_AGO}",
    ):
        assert words in shown
    assert "Your agency" not in shown  # it is the one that asked
    listed = chatted(("tickets", f"{ESCALATION} High School to Smalltown Council", f"{REFERENCE} High School"))
    assert f"linked with {ESCALATION}" in listed
    opened = next(event for event in events_in(database) if event["ticket"] == ESCALATION)
    assert json.loads(opened["data"])["feedback"] == REFERENCE
    assert (opened["side"], kinds(database)[-1]) == ("raising", Kind.ESCALATED)
    assert GO_ON not in offered()


def test_what_is_not_late_yet_does_not_go_on_to_an_escalation():
    chatted(BEGIN, *TODAY, *RECORD)
    assert "I had heard already" in offered()
    assert GO_ON not in offered()


def test_of_two_who_go_on_at_once_one_escalation_comes(database, monkeypatch):
    chatted(BEGIN, *LATE, *RECORD)
    script, confirm = go_on(), Filling.confirm

    def while_somebody_is_quicker(filling, question):
        monkeypatch.setattr(Filling, "confirm", confirm)
        chatted(*script, ("y", f"Recorded as {ESCALATION}"))
        confirm(filling, question)

    monkeypatch.setattr(Filling, "confirm", while_somebody_is_quicker)
    chatted(*script, ("y", "Somebody was quicker", f"Linked with {ESCALATION}"))
    assert rows_of(database, "SELECT count(*) AS n FROM tickets WHERE kind = 'escalation'") == [{"n": 1}]


def test_an_escalation_that_is_not_filled_in_leaves_the_request_as_it_was(database):
    chatted(BEGIN, *LATE, *RECORD)
    chatted(*go_on(), ("", "Record it?", NOTHING))
    assert Kind.ESCALATED not in kinds(database)
    assert GO_ON in offered()


def test_what_somebody_else_asked_is_theirs_to_close_and_to_escalate(here, database):
    database.parent.mkdir()
    (database.parent / "audit.key").write_text(AUDIT_KEY)
    with closing(Office(here, database.parent)) as office:
        office.ask(day="2026-04-10")
        assert offered("MASH-2026-0001") == ["Told the referrer", "Found it", "Not received: resend"]
        assert office.events("MASH-2026-0001")[-1].kind is Kind.READ


# Whatever is wrong


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
    chatted(BEGIN, *TODAY, RECORD[0], ("y", "Record it?", "Not saved yet"), ("y", f"Recorded as {REFERENCE}"))
    with closing(held[0]):
        assert kinds(database) == [Kind.OPENED]
