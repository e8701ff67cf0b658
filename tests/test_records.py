"""What the desk answers and keeps: a record of each question, and never a name."""

import asyncio
import dataclasses
import itertools
import logging
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.access import AgencySource, Person
from bot.answering.library import Library
from bot.answering.messages import MAX_QUESTION
from bot.answering.reply import Status
from bot.config import ROOT
from bot.desk import Desk, Known
from bot.pace import PER_SECONDS, QUESTIONS, REMEMBERED, Pace
from bot.storage import database, questions
from bot.storage.database import Store, migrate, utc

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
IDENTIFYING = ("Kowalczyk", "S70 2TA", "943 476 5919", "07700 900123", "jayden@example.org")
NAMED = f"is Jayden {' and '.join(IDENTIFYING)} privately fostered"
TYPED = {
    Status.ANSWERED: "what is private fostering",
    Status.CHOOSE: "leaflet for new parents",
    Status.NO_GUIDANCE: "quantum chromodynamics",
    Status.SMALL_TALK: "hello",
    Status.INDIVIDUAL_CASE: "would you refer this child? what is private fostering",
}


class Clock:
    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now

    def on(self, seconds):
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "safeguarding.db"


@pytest.fixture
def library(smalltown, path, clock):
    library = Library(smalltown.parent, "smalltown", path.parent, clock)
    library.open()
    assert library.faults == ()
    return library


@pytest.fixture
def store(path):
    migrate(path)
    store = Store(path)
    yield store
    store.close()


@pytest.fixture
def desk(library, store, clock):
    return Desk(library, store, clock)


def ask(desk, text, asker="U1", **known):
    return desk.answer(text, channel="slack", asker=asker, **known)


def known(desk, user="U1", thread="T0", claim=None):
    """What the desk knows before it answers."""
    return asyncio.run(desk.known("slack", user, thread, claim))


def asked(desk, text, **known):
    """Ask, and have it recorded."""
    answered = ask(desk, text, **known)
    assert asyncio.run(desk.record(answered)) is True
    return answered


def rows(store, table="questions"):
    with store.reading() as tx:
        return tx.all(f"SELECT * FROM {table} ORDER BY rowid")


def too_many(desk, asker="U1"):
    for _ in range(QUESTIONS):
        assert ask(desk, "hello", asker=asker).reply.status is Status.SMALL_TALK


class Broken:
    """A matcher that fails on every question, and says in its error what was typed."""

    def rank(self, text, after=None):
        raise ValueError(text)


def break_matching(library):
    library.guidance = dataclasses.replace(library.guidance, matcher=Broken())


# What is stored


@pytest.mark.parametrize("status", TYPED, ids=str)
def test_the_text_of_a_question_that_passed_the_identifiers_step_is_kept(desk, store, status):
    reply = asked(desk, TYPED[status]).reply
    assert reply.status is status
    (row,) = rows(store)
    assert (row["status"], row["text"], row["entry"]) == (status.value, TYPED[status], reply.answer_id)
    assert row["knowledge_version"] == desk.library.knowledge.version
    assert row["score"] == pytest.approx(reply.ranking.confidence, abs=1e-5)


def stopped(status, desk):
    """A text with identifiers in it that is stopped with `status`; what is needed for that is done to the desk."""
    match status:
        case Status.IDENTIFIERS:
            return NAMED
        case Status.TOO_LONG:
            # Nothing that the guard finds: what is stopped for its length is not kept either.
            return "case note of zebedeeville " * (MAX_QUESTION // 20)
        case Status.EMPTY:
            return "?!"
        case Status.BUSY:
            too_many(desk)
            return NAMED
        case Status.ERROR:
            break_matching(desk.library)
            return "what does zebedeeville do"
    raise AssertionError(status)


@pytest.mark.parametrize(
    "status", [Status.IDENTIFIERS, Status.TOO_LONG, Status.EMPTY, Status.BUSY, Status.ERROR], ids=str
)
def test_of_a_question_that_was_stopped_the_text_is_not_kept(desk, store, status):
    asked(desk, stopped(status, desk))
    (row,) = rows(store)
    assert (row["status"], row["text"], row["entry"], row["score"]) == (status.value, None, None, None)


def everything_on_disk(folder):
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()).lower()


def test_what_is_kept_can_be_found_on_disk(desk, store, path):
    """The control of the two tests below: they look in the right place."""
    asked(desk, TYPED[Status.ANSWERED])
    assert TYPED[Status.ANSWERED].encode() in everything_on_disk(path.parent)


@pytest.mark.parametrize("status", [Status.IDENTIFIERS, Status.TOO_LONG, Status.BUSY, Status.ERROR], ids=str)
def test_nothing_that_identifies_is_anywhere_on_disk_or_in_the_log(desk, store, path, caplog, status):
    caplog.set_level(logging.DEBUG)
    text = stopped(status, desk)
    answered = asked(desk, text, thread="T1")
    assert answered.reply.status is status
    assert path.with_name(f"{path.name}-wal").stat().st_size > 0
    while_open = everything_on_disk(path.parent)
    store.close()
    for disk in (while_open, everything_on_disk(path.parent)):
        assert b"t1" in disk
        for word in ("jayden", "zebedeeville", *IDENTIFYING):
            assert word.lower().encode() not in disk
    for word in ("jayden", "zebedeeville", *IDENTIFYING):
        assert word.lower() not in caplog.text.lower()


def test_an_identifier_is_not_kept_when_a_busy_asker_may_ask_again(desk, store, clock, path):
    too_many(desk)
    asked(desk, NAMED)
    clock.on(PER_SECONDS)
    assert asked(desk, NAMED).reply.status is Status.IDENTIFIERS
    assert asked(desk, "hello").reply.status is Status.SMALL_TALK
    disk = everything_on_disk(path.parent)
    assert b"hello" in disk
    assert b"kowalczyk" not in disk


def test_a_failed_answer_is_logged_by_its_place_and_not_by_its_words(desk, caplog):
    break_matching(desk.library)
    assert ask(desk, "what does zebedeeville do").reply.status is Status.ERROR
    assert "ValueError at test_records.py" in caplog.text
    assert "zebedeeville" not in caplog.text


def test_a_question_is_recorded_with_all_that_is_known_around_it(desk, store, clock):
    person = asyncio.run(desk.person("slack", "U1"))
    agency = desk.library.knowledge.partnership.agency_by_id["town-police"]
    known = {"person": person, "agency": agency, "agency_source": AgencySource.DECLARED, "thread": "T1"}
    answered = asked(desk, TYPED[Status.ANSWERED], emergency=True, **known)
    (row,) = rows(store)
    ms = row.pop("ms")
    assert 0 < ms < 60_000
    assert row == {
        "id": answered.question.id,
        "at": utc(NOON),
        "channel": "slack",
        "person_id": person.id,
        "agency": "town-police",
        "agency_source": "declared",
        "thread": "T1",
        "text": TYPED[Status.ANSWERED],
        "status": "answered",
        "emergency": 1,
        "entry": "private-fostering.definition",
        "score": round(answered.reply.ranking.confidence, 5),
        "knowledge_version": desk.library.knowledge.version,
        "helpful": None,
    }


def test_a_source_of_an_agency_is_recorded_only_with_an_agency(desk, store):
    asked(desk, "hello", agency_source=AgencySource.DECLARED)
    (row,) = rows(store)
    assert (row["agency"], row["agency_source"], row["person_id"]) == (None, "unknown", None)


QUESTION = st.sampled_from([*TYPED.values(), NAMED, "he is strangling her now", ""])
AROUND_A_QUESTION = st.tuples(st.text(max_size=40), QUESTION, st.text(max_size=40)).map("".join)
ASKERS = map(str, itertools.count())


@hypothesis_settings(deadline=None, max_examples=60)
@given(AROUND_A_QUESTION | st.text(min_size=MAX_QUESTION - 9))
def test_whatever_is_typed_gets_one_reply_and_can_be_recorded(whole_desk, text):
    answered = ask(whole_desk, text, asker=next(ASKERS))
    assert answered.reply.status in set(Status) - {Status.ERROR, Status.BUSY}
    assert asyncio.run(whole_desk.record(answered)) is True


@pytest.fixture(scope="module")
def whole_desk(tmp_path_factory, barnsley):
    """One desk on the knowledge that is shipped, for many questions."""
    path = tmp_path_factory.mktemp("data") / "safeguarding.db"
    migrate(path)
    store = Store(path)
    library = Library(ROOT / "knowledge", "barnsley", path.parent, Clock())
    library.guidance = barnsley
    yield Desk(library, store, Clock())
    store.close()


def test_a_text_with_half_an_emoji_is_answered_and_does_not_stop_the_record(desk, store):
    """JSON can carry half of a surrogate pair, which is no UTF-8; SQLite cannot take it as it is."""
    answered = ask(desk, "what is private fostering \ud83d")
    assert answered.reply.status is Status.ANSWERED
    assert asyncio.run(desk.record(answered)) in (True, False)
    assert len(rows(store)) + desk.unrecorded == 1


# Versions of the knowledge


def test_a_version_of_the_knowledge_is_kept_once_however_often_it_answers(desk, store, clock):
    for text in TYPED.values():
        asked(desk, text)
        clock.on(60)
    (version,) = rows(store, "knowledge_versions")
    knowledge = desk.library.knowledge
    assert version == {"version": knowledge.version, "first_used": utc(NOON), "content": knowledge.content}


def test_a_changed_knowledge_is_another_version(desk, store, smalltown):
    asked(desk, "hello")
    before = desk.library.knowledge.version
    file = smalltown / "safer-sleep.yaml"
    file.write_text(file.read_text().replace("in a clear cot", "in a clear cot, every time"))
    desk.library.open()
    asked(desk, "hello")
    first, second = rows(store, "knowledge_versions")
    assert (first["version"], second["version"]) == (before, desk.library.knowledge.version)
    assert "every time" in second["content"]
    assert "every time" not in first["content"]
    assert [row["knowledge_version"] for row in rows(store)] == [first["version"], second["version"]]


def test_a_question_never_names_a_version_that_it_was_not_answered_from(desk, store, smalltown):
    answered = ask(desk, "what is private fostering")
    file = smalltown / "safer-sleep.yaml"
    file.write_text(file.read_text().replace("clear cot", "clear, flat cot"))
    desk.library.open()
    assert asyncio.run(desk.record(answered)) is True
    (row,) = rows(store)
    assert row["knowledge_version"] in (None, answered.reply.knowledge_version)
    assert desk.library.knowledge.version != answered.reply.knowledge_version


# Verdicts


def test_whether_an_answer_helped_is_recorded_with_who_said_so(desk, store):
    person = asyncio.run(desk.person("slack", "U1"))
    answered = asked(desk, TYPED[Status.ANSWERED])
    judged = desk.judge(answered.question.id, helpful=False, person=person, missing="the form")
    assert asyncio.run(judged) is True
    (row,) = rows(store, "verdicts")
    assert row.pop("id")
    assert row == {
        "question_id": answered.question.id,
        "at": utc(NOON),
        "person_id": person.id,
        "helpful": 0,
        "missing": "the form",
    }


def test_the_last_verdict_on_a_question_counts(desk, store, clock):
    answered, unjudged = asked(desk, TYPED[Status.ANSWERED]), asked(desk, "hello")
    for helpful in (False, True):
        clock.on(1)
        asyncio.run(desk.judge(answered.question.id, helpful=helpful, missing=None if helpful else "the form"))
    with store.reading() as tx:
        exported = {row["id"]: (row["helpful"], row["missing"]) for row in questions.exported(tx)}
    assert exported == {answered.question.id: (1, None), unjudged.question.id: (None, None)}


def test_a_verdict_on_a_question_that_was_never_recorded_says_that_it_is_not_recorded(desk, store):
    assert asyncio.run(desk.judge("no-such-question", helpful=True)) is False
    assert rows(store, "verdicts") == []


# Threads, people and claims


def test_the_last_entry_of_a_thread_is_what_its_last_answer_was(desk, clock):
    assert known(desk, thread="T1").previous is None
    asked(desk, "what is private fostering", thread="T1")
    clock.on(1)
    asked(desk, "who counts as a close relative", thread="T1")
    clock.on(1)
    asked(desk, "what is private fostering", thread="T2")
    asked(desk, "what is private fostering")
    assert known(desk, thread="T1").previous == "private-fostering.close-relative"
    assert known(desk, thread="T2").previous == "private-fostering.definition"
    assert known(desk, thread="T3").previous is None


def test_a_question_without_an_answer_does_not_change_what_a_thread_is_about(desk, clock):
    asked(desk, "what is private fostering", thread="T1")
    for text in (NAMED, "quantum chromodynamics", "thanks"):
        clock.on(1)
        asked(desk, text, thread="T1")
    assert known(desk, thread="T1").previous == "private-fostering.definition"


def test_a_person_is_the_same_the_second_time_and_nobody_elses(desk, store):
    first, again, other = (asyncio.run(desk.person("slack", user)) for user in ("U1", "U1", "U2"))
    assert isinstance(first, Person)
    assert first == again
    assert first.id != other.id
    assert len(rows(store, "people")) == 2


def test_a_new_asker_is_added_once_and_known_from_then_on(desk, store):
    assert known(desk, user="U1").person == known(desk, user="U1").person == asyncio.run(desk.person("slack", "U1"))
    assert len(rows(store, "people")) == 1


def test_nobody_is_looked_up_for_an_event_that_is_done(desk, store):
    asyncio.run(desk.record(ask(desk, "hello"), claim="E1"))
    assert known(desk, user="U1", claim="E1") == Known(done=True)
    assert rows(store, "people") == []


def test_an_answer_does_not_wait_for_a_slow_disk_and_keeps_what_was_read_before(desk, store, monkeypatch):
    monkeypatch.setattr("bot.desk.KNOWN_SECONDS", 0.2)
    asked(desk, "what is private fostering", thread="T1")
    entered, opened = threading.Event(), threading.Event()

    def hold(tx):
        entered.set()
        assert opened.wait(10)

    held = store.submit(hold)
    assert entered.wait(10)
    assert known(desk, user="U2", thread="T1") == Known(previous="private-fostering.definition")
    opened.set()
    held.result(10)


def test_an_event_is_known_as_done_from_the_moment_its_question_is_recorded(desk):
    answered = ask(desk, "hello")
    assert known(desk, claim="E1").done is False
    assert asyncio.run(desk.record(answered, claim="E1")) is True
    assert known(desk, claim="E1").done is True
    assert known(desk, claim="E2").done is False


def test_what_was_done_is_still_known_after_a_restart(desk, library, store, path, clock):
    asyncio.run(desk.record(ask(desk, "hello"), claim="E1"))
    store.close()
    again = Store(path)
    assert known(Desk(library, again, clock), claim="E1").done is True
    again.close()


# A missing or broken database


def _none(path):
    return None


def _no_database(path):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"minutes of the policy subgroup\n" * 200)
    return Store(path)


def _a_folder(path):
    path.mkdir(parents=True)
    return Store(path)


def _no_tables(path):
    path.parent.mkdir(exist_ok=True)
    return Store(path)


def _closed(path):
    migrate(path)
    store = Store(path)
    store.close()
    return store


@pytest.mark.parametrize("make", [_none, _no_database, _a_folder, _no_tables, _closed])
def test_without_a_database_that_works_the_answer_goes_out_and_is_counted_as_unrecorded(library, path, clock, make):
    store = make(path)
    desk = Desk(library, store, clock)
    assert desk.alarm("he is strangling her now") is not None
    answered = ask(desk, "what is private fostering")
    assert answered.reply.status is Status.ANSWERED
    assert desk.unrecorded == 0
    assert asyncio.run(desk.record(answered, claim="E1")) is False
    assert desk.unrecorded == 1
    assert asyncio.run(desk.judge(answered.question.id, helpful=True)) is False
    assert asyncio.run(desk.person("slack", "U1")) is None
    assert known(desk, thread="T1").previous is None
    assert known(desk, claim="E1").done is False
    if store is not None:
        store.close()


def test_while_another_process_holds_the_database_the_answer_goes_out_unrecorded(desk, path, monkeypatch):
    monkeypatch.setattr(database, "BUSY_TIMEOUT_SECONDS", 0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answered = ask(desk, "what is private fostering")
        assert answered.reply.status is Status.ANSWERED
        assert asyncio.run(desk.record(answered)) is False
        assert known(desk, thread="T1").previous is None
    assert asyncio.run(desk.record(answered)) is True
    assert desk.unrecorded == 1


def test_with_a_full_queue_the_answer_goes_out_unrecorded_and_later_ones_are_recorded(desk, store):
    entered, opened = threading.Event(), threading.Event()

    def hold(tx):
        entered.set()
        assert opened.wait(10)

    held = store.submit(hold)
    assert entered.wait(10)
    last = [store.submit(lambda tx: None) for _ in range(database.QUEUE_SIZE)][-1]
    answered = ask(desk, "what is private fostering")
    assert answered.reply.status is Status.ANSWERED
    assert asyncio.run(desk.record(answered)) is False
    opened.set()
    held.result(10)
    last.result(20)
    asked(desk, "hello")
    assert desk.unrecorded == 1
    assert [row["text"] for row in rows(store)] == ["hello"]


def test_a_record_that_failed_leaves_no_claim_so_that_the_event_may_come_again(desk, store):
    store.submit(lambda tx: tx.execute("ALTER TABLE questions RENAME TO away")).result(10)
    assert asyncio.run(desk.record(ask(desk, "hello"), claim="E1")) is False
    store.submit(lambda tx: tx.execute("ALTER TABLE away RENAME TO questions")).result(10)
    assert known(desk, claim="E1").done is False
    assert asyncio.run(desk.record(ask(desk, "hello"), claim="E1")) is True


def test_a_database_that_fails_is_logged_without_what_was_typed(library, path, clock, caplog):
    desk = Desk(library, _no_tables(path), clock)
    asyncio.run(desk.record(ask(desk, "what is private fostering in zebedeeville")))
    assert "a record could not be written: OperationalError at database.py" in caplog.text
    assert "zebedeeville" not in caplog.text
    desk.store.close()


# Without knowledge


@pytest.fixture
def broken(smalltown, path, clock):
    (smalltown / "private-fostering.yaml").write_text("topic: [")
    library = Library(smalltown.parent, "smalltown", path.parent, clock)
    library.open()
    assert library.guidance is None
    return library


def test_without_knowledge_every_question_gets_an_error_and_is_recorded_without_its_text(broken, store, clock):
    desk = Desk(broken, store, clock)
    assert asked(desk, "what is private fostering").reply.status is Status.ERROR
    assert asked(desk, "hello").reply.status is Status.ERROR
    assert desk.show("private-fostering.definition") is None
    assert [(row["status"], row["text"], row["knowledge_version"]) for row in rows(store)] == [
        ("error", None, None),
        ("error", None, None),
    ]


def test_without_knowledge_an_emergency_still_gets_the_card(broken, store, clock):
    card = Desk(broken, store, clock).alarm("he is strangling her now")
    assert "999" in card.first
    assert card.contacts == ()


def test_no_card_comes_where_nothing_tells_of_danger(desk):
    assert desk.alarm("what is private fostering") is None
    assert desk.alarm("") is None


def test_the_card_names_who_is_open_now_and_the_polices_own_powers(desk, clock):
    police = desk.library.knowledge.partnership.agency_by_id["town-police"]
    assert [now.contact.id for now in desk.alarm("he is strangling her now").contacts] == ["front-door"]
    clock.on(12 * 3600)
    assert [now.contact.id for now in desk.alarm("he is strangling her now").contacts] == ["duty-team"]
    assert "own powers" in desk.alarm("he is strangling her now", police).first
    assert "own powers" not in desk.alarm("he is strangling her now").first


def test_the_card_comes_even_when_the_directory_fails(desk, library, caplog):
    def clock():
        raise OSError("no clock for zebedeeville")

    card = Desk(library, None, clock).alarm("he is strangling her now")
    assert "999" in card.first
    assert "OSError at test_records.py" in caplog.text
    assert "zebedeeville" not in caplog.text


def test_one_entry_is_shown_by_its_id_with_the_agencys_own_line(desk):
    police = desk.library.knowledge.partnership.agency_by_id["town-police"]
    reply = desk.show("private-fostering.definition", police)
    assert reply.answer_id == "private-fostering.definition"
    assert reply.for_agency == "Use your own form as well."
    assert desk.show("private-fostering.definition").for_agency is None
    assert desk.show("private-fostering.gone") is None


# Pace


def test_too_many_questions_of_one_asker_get_busy_and_the_next_one_is_answered_after_a_while(desk, clock):
    too_many(desk)
    busy = ask(desk, "hello").reply
    assert busy.status is Status.BUSY
    assert busy.give_back == "hello"
    assert busy.contacts
    clock.on(PER_SECONDS / QUESTIONS - 0.01)
    assert ask(desk, "hello").reply.status is Status.BUSY
    clock.on(0.02)
    assert ask(desk, "hello").reply.status is Status.SMALL_TALK
    assert ask(desk, "hello").reply.status is Status.BUSY


def test_another_asker_is_not_kept_waiting(desk):
    too_many(desk)
    assert ask(desk, "hello", asker="U1").reply.status is Status.BUSY
    assert ask(desk, "hello", asker="U2").reply.status is Status.SMALL_TALK


def test_after_a_minute_of_silence_the_whole_measure_is_there_again_and_not_more(desk, clock):
    too_many(desk)
    clock.on(PER_SECONDS * 10)
    too_many(desk)
    assert ask(desk, "hello").reply.status is Status.BUSY


def test_a_busy_asker_still_gets_the_card(desk):
    too_many(desk)
    assert ask(desk, "he is strangling her now").reply.status is Status.BUSY
    assert desk.alarm("he is strangling her now") is not None


@hypothesis_settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from([0, 0, 0, 0, 1, 2, 5, 60]), min_size=70, max_size=200))
def test_however_questions_are_spread_no_minute_holds_more_than_two_measures(steps):
    """The whole bucket at once, and what flows in during the minute."""
    pace, at, taken = Pace(), NOON, []
    for step in steps:
        at += timedelta(seconds=step)
        if not pace.too_fast("U1", at):
            taken.append(at)
    for first in taken:
        minute = [at for at in taken if first <= at < first + timedelta(seconds=PER_SECONDS)]
        assert len(minute) <= 2 * QUESTIONS


@hypothesis_settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(2, 100), max_size=100))
def test_who_asks_no_faster_than_the_measure_is_never_refused(steps):
    pace, at = Pace(), NOON
    for step in steps:
        at += timedelta(seconds=step)
        assert pace.too_fast("U1", at) is False


def test_a_clock_that_is_set_back_neither_refuses_nor_fails():
    pace = Pace()
    assert pace.too_fast("U1", NOON) is False
    assert pace.too_fast("U1", NOON - timedelta(hours=1)) is False


@pytest.mark.parametrize(("others", "refused"), [(REMEMBERED - 1, True), (REMEMBERED, False)])
def test_only_so_many_askers_are_remembered(others, refused):
    pace = Pace()
    for _ in range(QUESTIONS + 1):
        last = pace.too_fast("U1", NOON)
    assert last is True
    for i in range(others):
        pace.too_fast(f"other-{i}", NOON)
    assert pace.too_fast("U1", NOON) is refused
