"""A saved file counts from the next question, whole or not at all; what cannot be used is said and kept out."""

import itertools
import os
import random
import re
import shutil
import threading
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime

import pytest
import yaml
from served import Visitor

from bot.answering.library import Library, Listener
from bot.answering.reply import Status
from bot.config import ROOT, read_settings
from bot.desk import Desk
from bot.knowledge.loading import examine, layers_of
from bot.storage.database import Store, connect, migrate
from handlers.server import FAULTS_SHOWN, open_library

FRIDAY_NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
PATIENCE = 15
"""Seconds after which a wait fails; far longer than anything here takes."""
ASK = "what is private fostering"
ROOM, IN_YOUR_ROOM, IN_THEIR_ROOM = "safer-sleep.room", "In your room for six months.", "In a room of their own."
HALF = "topic: safer-sleep\ntitle: Safer sleep\nentries:\n  - id: position\n    title: Pos"
BROKEN = "topic: safer-sleep\ntitle: Safer sleep\nentries:\n  - {id: room, title: [Bedroom\n"


class Told:
    """What a library told its listener."""

    def __init__(self):
        self.in_use, self.calls = [], []
        self.listener = Listener(lambda knowledge: self.in_use.append(knowledge.version), self.calls.append)

    @property
    def faults(self):
        """What was told of broken states; whole files are told without any fault."""
        return [faults for faults in self.calls if faults]


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def library(smalltown, tmp_path, told):
    library = Library(
        smalltown.parent, "smalltown", tmp_path / "data", lambda: FRIDAY_NOON, semantic_model=tmp_path / "no-model"
    )
    library.listener = told.listener
    library.open()
    assert library.faults == ()
    yield library
    library.stop()


@pytest.fixture
def sleep(smalltown):
    return smalltown / "safer-sleep.yaml"


@pytest.fixture
def desk(library):
    return Desk(library, None, lambda: FRIDAY_NOON)


def save(path, text):
    """Save as an editor does: beside it, then in its place."""
    partial = path.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def change(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    save(path, text.replace(old, new))


def looked_twice(library):
    """Whether either of two looks brought another state into use."""
    return library.refresh() | library.refresh()


def soon(holds, seconds=PATIENCE):
    """Wait until something holds; whether it did in time."""
    end = time.monotonic() + seconds
    nothing = threading.Event()
    while not holds():
        if time.monotonic() > end:
            return False
        nothing.wait(0.01)
    return True


def room(library):
    return library.knowledge.entries[ROOM].answer


# A look at the files


def test_a_saved_file_counts_when_two_looks_in_a_row_saw_the_same_files(library, sleep):
    before = library.version
    change(sleep, IN_YOUR_ROOM, IN_THEIR_ROOM)
    assert library.refresh() is False
    assert (library.version, room(library)) == (before, IN_YOUR_ROOM)
    assert library.refresh() is True
    assert library.version != before
    assert room(library) == IN_THEIR_ROOM


def test_a_file_that_is_still_being_written_is_looked_at_again_before_it_counts(library, sleep, told):
    whole = sleep.read_text().replace(IN_YOUR_ROOM, IN_THEIR_ROOM)
    with sleep.open("w") as file:
        for begin in range(0, len(whole), 50):
            file.write(whole[begin : begin + 50])
            file.flush()
            assert library.refresh() is False
            assert room(library) == IN_YOUR_ROOM
    assert library.refresh() is True
    assert room(library) == IN_THEIR_ROOM
    assert told.faults == []


def test_a_saved_file_is_taken_in_once(library, sleep, told):
    change(sleep, IN_YOUR_ROOM, IN_THEIR_ROOM)
    assert looked_twice(library) is True
    assert [library.refresh() for _ in range(5)] == [False] * 5
    assert told.in_use[1:] == [library.version]


def test_nothing_saved_is_nothing_to_take_in(library, told):
    guidance = library.guidance
    assert [library.refresh() for _ in range(5)] == [False] * 5
    assert library.guidance is guidance
    assert (told.in_use, told.calls) == ([library.version], [()])


def test_whole_files_are_told_at_the_start_and_with_each_version(library, sleep, told):
    change(sleep, IN_YOUR_ROOM, IN_THEIR_ROOM)
    looked_twice(library)
    assert (told.in_use[1:], told.calls) == ([library.version], [(), ()])


def test_the_next_question_is_answered_from_what_was_saved(library, desk, smalltown):
    change(smalltown / "private-fostering.yaml", "Tell the council.", "Tell the council within a week.")
    looked_twice(library)
    reply = desk.answer(ASK, channel="page", asker="U1").reply
    assert "within a week" in reply.entry.answer
    assert reply.knowledge_version == library.version


def test_a_number_that_was_saved_is_on_the_next_emergency_card_and_in_the_copy(library, desk, smalltown, tmp_path):
    change(smalltown / "contacts.yaml", "01632 960001", "01632 960007")
    looked_twice(library)
    card = desk.alarm("he is strangling her now")
    assert [number.display for now in card.contacts for number in now.contact.numbers] == ["01632 960007"]
    assert "01632 960007" in (tmp_path / "data" / "last-good-contacts.json").read_text()


def test_a_file_saved_in_place_counts_like_one_that_was_replaced(library, sleep):
    sleep.write_text(sleep.read_text().replace(IN_YOUR_ROOM, IN_THEIR_ROOM + " Near."))
    assert looked_twice(library) is True
    assert room(library) == IN_THEIR_ROOM + " Near."


def test_a_text_of_the_same_length_counts_too(library, sleep):
    change(sleep, "six months", "two months")
    assert looked_twice(library) is True
    assert room(library) == "In your room for two months."


def test_a_text_of_the_same_length_saved_in_place_under_its_old_time_counts_too(library, sleep):
    """As a copy does that keeps the times of what it copies."""
    old = sleep.stat()
    sleep.write_text(sleep.read_text().replace("six months", "two months"))
    os.utime(sleep, ns=(old.st_atime_ns, old.st_mtime_ns))
    assert looked_twice(library) is True
    assert room(library) == "In your room for two months."


def test_a_file_that_was_removed_takes_its_entries_with_it(library, sleep):
    sleep.unlink()
    assert looked_twice(library) is True
    assert {entry.topic for entry in library.knowledge.entries.values()} == {"private-fostering"}


@pytest.mark.parametrize("name", ["icon.yaml", "icon.yml"])
def test_a_new_file_brings_its_entries(library, smalltown, name):
    save(smalltown / name, "topic: icon\ntitle: ICON\nentries:\n  - {id: crying, title: Crying, answer: Cope.}\n")
    assert looked_twice(library) is True
    assert "icon.crying" in library.knowledge.entries


@pytest.mark.parametrize("name", [".#safer-sleep.yaml", ".safer-sleep.yaml.swp", "safer-sleep.yaml~", "notes.txt"])
def test_what_an_editor_leaves_beside_a_file_is_no_file_of_the_knowledge(library, smalltown, name, told):
    save(smalltown / name, "topic: [")
    assert looked_twice(library) is False
    assert (library.faults, told.faults) == ((), [])


def test_a_file_that_was_only_touched_changes_nothing(library, sleep, told):
    guidance = library.guidance
    os.utime(sleep, ns=(1, 1))
    assert looked_twice(library) is False
    assert library.guidance is guidance
    assert told.in_use == [library.version]


def test_a_file_saved_again_with_other_comments_is_the_same_version(library, sleep):
    before = library.version
    save(sleep, f"# Looked through.\n{sleep.read_text()}")
    assert looked_twice(library) is False
    assert library.version == before


def test_a_file_that_got_another_name_is_the_same_version(library, sleep, told):
    sleep.rename(sleep.with_name("sleeping.yaml"))
    assert looked_twice(library) is False
    assert (library.faults, told.in_use) == ((), [library.version])


def test_going_back_to_the_text_before_goes_back_to_its_version(library, sleep, told):
    first = library.version
    change(sleep, IN_YOUR_ROOM, IN_THEIR_ROOM)
    looked_twice(library)
    second = library.version
    change(sleep, IN_THEIR_ROOM, IN_YOUR_ROOM)
    assert looked_twice(library) is True
    assert told.in_use == [first, second, first]


# What cannot be used


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (HALF, "smalltown/safer-sleep.yaml:4:"),
        (BROKEN, "smalltown/safer-sleep.yaml:5:"),
        ("", "smalltown/safer-sleep.yaml:1:"),
        ("topic: safer-sleep\nentries:\n- id: room\n  titel: Room\n", "smalltown/safer-sleep.yaml:4:"),
    ],
    ids=["half-written", "not YAML", "empty", "a key nobody knows"],
)
def test_a_file_that_cannot_be_used_keeps_what_is_in_use_and_is_said_with_its_line(library, desk, sleep, text, place):
    guidance = library.guidance
    save(sleep, text)
    assert looked_twice(library) is False
    assert library.guidance is guidance
    assert any(fault.startswith(place) for fault in library.faults), library.faults
    assert desk.answer(ASK, channel="page", asker="U1").reply.status is Status.ANSWERED


def test_a_fault_in_one_file_keeps_a_good_change_in_another_from_use(library, sleep, smalltown):
    change(smalltown / "private-fostering.yaml", "Tell the council.", "Tell the council within a week.")
    save(sleep, BROKEN)
    assert looked_twice(library) is False
    assert "within a week" not in library.knowledge.entries["private-fostering.definition"].answer


def test_a_folder_without_any_file_keeps_what_is_in_use(library, smalltown):
    before = library.version
    for path in smalltown.iterdir():
        path.unlink()
    assert looked_twice(library) is False
    assert library.version == before
    assert library.faults == ("knowledge:1:1: no topic file was found",)


def test_a_broken_state_is_told_once_however_often_it_is_looked_at_or_saved(library, sleep, told):
    save(sleep, BROKEN)
    looked_twice(library)
    looked_twice(library)
    save(sleep, BROKEN)
    looked_twice(library)
    assert told.faults == [library.faults]


def test_another_broken_state_is_told_too(library, sleep, told):
    save(sleep, BROKEN)
    looked_twice(library)
    save(sleep, HALF)
    looked_twice(library)
    assert len(told.faults) == 2
    assert told.faults[0] != told.faults[1] == library.faults


def test_a_put_right_file_is_told_and_comes_into_use(library, sleep, told):
    good = sleep.read_text()
    save(sleep, BROKEN)
    looked_twice(library)
    broken = library.faults
    save(sleep, good.replace(IN_YOUR_ROOM, IN_THEIR_ROOM))
    assert looked_twice(library) is True
    assert (library.faults, told.calls, room(library)) == ((), [(), broken, ()], IN_THEIR_ROOM)
    assert told.in_use[1:] == [library.version]


def test_a_file_put_back_as_it_was_is_told_and_no_other_version_comes_into_use(library, sleep, told):
    good = sleep.read_text()
    save(sleep, BROKEN)
    looked_twice(library)
    broken = library.faults
    save(sleep, good)
    assert looked_twice(library) is False
    assert (library.faults, told.calls) == ((), [(), broken, ()])
    assert told.in_use == [library.version]


def test_the_same_fault_is_told_again_after_it_was_put_right(library, sleep, told):
    good = sleep.read_text()
    for text in (BROKEN, good, BROKEN):
        save(sleep, text)
        looked_twice(library)
    assert library.faults
    assert told.calls == [(), library.faults, (), library.faults]


def test_without_anything_in_use_a_put_right_file_comes_into_use(library, smalltown, sleep, tmp_path):
    good = sleep.read_text()
    save(sleep, BROKEN)
    broken = Library(smalltown.parent, "smalltown", tmp_path / "elsewhere", lambda: FRIDAY_NOON)
    broken.open()
    assert broken.version is None
    save(sleep, good)
    assert looked_twice(broken) is True
    assert (broken.version, broken.faults) == (library.version, ())


# Watching


def test_a_saved_file_is_in_use_within_two_seconds_and_nothing_more_after_the_stop(library, sleep):
    thread = library.watch()
    change(sleep, IN_YOUR_ROOM, IN_THEIR_ROOM)
    assert soon(lambda: room(library) == IN_THEIR_ROOM, 2)
    save(sleep, BROKEN)
    assert soon(lambda: library.faults, 2)
    library.stop()
    thread.join(2)
    assert not thread.is_alive()
    looks = library._looked_at
    save(sleep, HALF)
    assert not soon(lambda: library._looked_at != looks, 0.5)


def test_a_listener_that_fails_does_not_end_the_watching(library, sleep, caplog):
    def fails(_):
        raise ValueError("the listener")

    library.listener = Listener(fails, fails)
    library.watch()
    save(sleep, BROKEN)
    assert soon(lambda: "the knowledge could not be looked at" in caplog.text)
    change(sleep, BROKEN, f"topic: safer-sleep\nentries:\n- {{id: room, title: Room, answer: {IN_THEIR_ROOM}}}\n")
    assert soon(lambda: room(library) == IN_THEIR_ROOM)


# Questions meanwhile


class Asker(threading.Thread):
    """Somebody who asks without a pause, and what came back each time."""

    def __init__(self, desk):
        super().__init__(name="asker")
        self._desk, self._enough = desk, threading.Event()
        self.answers = []

    def run(self):
        for number in itertools.count():
            if self._enough.is_set():
                return
            reply = self._desk.answer(ASK, channel="page", asker=f"U{number}").reply
            answer = reply.entry.answer if reply.entry else None
            numbers = tuple(number.display for now in reply.contacts for number in now.contact.numbers)
            self.answers.append((reply.status, reply.knowledge_version, answer, numbers))

    @contextmanager
    def asking(self):
        self.start()
        try:
            yield self
        finally:
            self._enough.set()
            self.join(PATIENCE)
            assert not self.is_alive()


def test_every_question_asked_while_files_change_is_answered_from_one_whole_version_or_the_other(
    library, desk, smalltown
):
    fostering, contacts = smalltown / "private-fostering.yaml", smalltown / "contacts.yaml"
    old, new = "Tell the council. Ring 960001.", "Tell the council. Ring 960008."
    change(fostering, "Tell the council.", old)
    looked_twice(library)

    def answered_with(number):
        return sum(number in answer for _, _, answer, _ in asker.answers)

    with Asker(desk).asking() as asker:
        for turn in range(12):
            before, after = (old, new) if turn % 2 == 0 else (new, old)
            so_far = answered_with(after[-7:-1])
            change(fostering, before, after)
            change(contacts, f"01632 {before[-7:-1]}", f"01632 {after[-7:-1]}")
            assert looked_twice(library) is True
            assert soon(lambda: answered_with(after[-7:-1]) > so_far + 3), turn  # noqa: B023 - waited for in this turn
            whole = fostering.read_text()
            save(fostering, BROKEN)
            looked_twice(library)
            save(fostering, whole)
    assert {status for status, *_ in asker.answers} == {Status.ANSWERED}
    seen = {(version, answer[-7:-1], numbers[0][-6:]) for _, version, answer, numbers in asker.answers}
    assert len(seen) == 2
    assert {(answer, number) for _, answer, number in seen} == {("960001", "960001"), ("960008", "960008")}


# A start with files that cannot be used


@pytest.fixture
def start(smalltown, tmp_path):
    """Start as the server does, on the same database each time."""
    stores = []

    def starting(*, store=True):
        settings = read_settings(
            {
                "PARTNERSHIP": "smalltown",
                "KNOWLEDGE_DIR": str(smalltown.parent),
                "DATABASE_URL": f"sqlite:///{tmp_path}/data/bot.db",
            },
            tmp_path / "no.env",
        )
        migrate(settings.database)
        library = Library(settings.knowledge_dir, settings.partnership, settings.data_dir, lambda: FRIDAY_NOON)
        stores.append(Store(settings.database) if store else None)
        open_library(library, stores[-1], settings)
        return Desk(library, stores[-1], lambda: FRIDAY_NOON)

    yield starting
    for opened in stores:
        if opened is not None:
            opened.close()


def kept_as(tmp_path, content):
    """Put something else where the database keeps the content of the last version."""
    with closing(connect(tmp_path / "data" / "bot.db")) as connection:
        assert connection.execute("UPDATE knowledge_versions SET content = ?", (content,)).rowcount == 1


def test_a_start_with_broken_files_answers_from_the_knowledge_that_was_last_in_use(start, sleep):
    first = start().library
    change(sleep, IN_YOUR_ROOM, IN_THEIR_ROOM)
    assert looked_twice(first) is True
    save(sleep, BROKEN)
    desk = start()
    assert desk.library.faults
    assert desk.library.version == first.version
    assert room(desk.library) == IN_THEIR_ROOM
    assert desk.answer(ASK, channel="page", asker="U1").reply.status is Status.ANSWERED
    assert desk.library.directory.as_of is None


def test_after_such_a_start_a_put_right_file_counts_again(start, sleep):
    version = start().library.version
    good = sleep.read_text()
    save(sleep, BROKEN)
    library = start().library
    save(sleep, good)
    assert looked_twice(library) is False
    assert (library.version, library.faults) == (version, ())
    change(sleep, IN_YOUR_ROOM, IN_THEIR_ROOM)
    assert looked_twice(library) is True
    assert room(library) == IN_THEIR_ROOM


def test_a_start_with_the_broken_files_of_another_partnership_does_not_answer_for_the_one_before(
    start, smalltown, sleep
):
    start()
    change(smalltown / "partnership.yaml", "Smalltown", "Bigtown")
    save(sleep, BROKEN)
    desk = start()
    assert desk.library.guidance is None
    assert desk.answer(ASK, channel="page", asker="U1").reply.status is Status.ERROR


@pytest.mark.parametrize("text", ["name: [", "agencies: gp\n", ""])
def test_a_start_on_files_that_do_not_say_whose_they_are_answers_from_what_was_last_in_use(start, smalltown, text):
    version = start().library.version
    save(smalltown / "partnership.yaml", text)
    library = start().library
    assert library.faults
    assert library.version == version


def test_after_such_a_start_topics_stand_in_the_partnerships_order(start, smalltown, sleep):
    partnership = smalltown / "partnership.yaml"
    save(partnership, f"{partnership.read_text()}topics: [safer-sleep, private-fostering]\n")
    first = start().library
    save(sleep, BROKEN)
    again = start().library
    assert list(again.knowledge.topics) == list(first.knowledge.topics) == ["safer-sleep", "private-fostering"]


def test_a_first_start_with_broken_files_has_no_guidance(start, sleep):
    save(sleep, BROKEN)
    desk = start()
    assert desk.library.guidance is None
    assert desk.answer(ASK, channel="page", asker="U1").reply.status is Status.ERROR


def test_without_a_database_a_start_with_broken_files_has_the_copy_of_the_contacts(start, sleep):
    start()
    save(sleep, BROKEN)
    library = start(store=False).library
    assert library.guidance is None
    assert library.directory.as_of == FRIDAY_NOON.date()


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"entries": []}', '{"entries": {"a.b": {}}}'])
def test_where_the_kept_knowledge_cannot_be_read_the_copy_of_the_contacts_serves(start, sleep, tmp_path, content):
    start()
    kept_as(tmp_path, content)
    save(sleep, BROKEN)
    library = start().library
    assert library.guidance is None
    assert library.directory.as_of == FRIDAY_NOON.date()


# /readyz


def ready(desk):
    response = Visitor(desk).get("/readyz")
    return response.status_code, response.json()


def test_readiness_names_the_version_in_use_and_no_fault(start):
    desk = start()
    code, said = ready(desk)
    assert (code, said["ready"], said["knowledge"]) == (200, True, True)
    assert (said["knowledge_version"], said["knowledge_faults"]) == (desk.library.version, [])


def test_readiness_names_the_faults_while_the_version_before_goes_on(start, sleep):
    desk = start()
    version = desk.library.version
    good = sleep.read_text()
    save(sleep, BROKEN)
    looked_twice(desk.library)
    code, said = ready(desk)
    assert (code, said["ready"], said["knowledge_version"]) == (200, True, version)
    assert said["knowledge_faults"] == list(desk.library.faults)
    save(sleep, good.replace(IN_YOUR_ROOM, IN_THEIR_ROOM))
    looked_twice(desk.library)
    code, said = ready(start())
    assert (code, said["knowledge_version"], said["knowledge_faults"]) == (200, desk.library.version, [])


def test_readiness_fails_where_there_is_nothing_to_answer_from(start, sleep):
    save(sleep, BROKEN)
    code, said = ready(start())
    assert (code, said["ready"], said["knowledge"], said["knowledge_version"]) == (503, False, False, None)
    assert said["knowledge_faults"][0].startswith("smalltown/safer-sleep.yaml:5:")


@pytest.mark.parametrize(("faults", "shown"), [(FAULTS_SHOWN, FAULTS_SHOWN), (FAULTS_SHOWN + 1, FAULTS_SHOWN)])
def test_readiness_names_the_first_faults_only(start, sleep, faults, shown):
    desk = start()
    save(sleep, sleep.read_text() + "".join(f"wrong{i}: 1\n" for i in range(faults)))
    looked_twice(desk.library)
    assert len(desk.library.faults) == faults
    assert len(ready(desk)[1]["knowledge_faults"]) == shown


# A thousand random edits

SEEDS, EDITS = range(10), 100
COMPANION = "icon.yaml"
"""A topic that stands beside each edited file, and must not vanish with an edit of another."""
NASTY = (
    *"aZ0 :-,.#&*!|>'\"%@`[]{}?~\\/\n\r\t\0\ufeff\x85\u2028é🙂\ud7ff",
    "\n\n", ": ", "- ", "  ", " #", "---\n", "...\n", "<<: ", "'", '"', "!!int ", "!x ", "&a ", "*a", "\x1b", "\x7f",
)  # fmt: skip
LINES = (
    "  - id: room", "topic: mash", "entries:", "entries: []", "contacts:", "contacts: []", "title: x", "    answer:",
    "\ttitle: x", "---", "...", "? x", "- x", "x", "[", "}", "%YAML 9.9", "# x", "    approval: approved",
    "  - {id: extra, title: Extra, answer: Extra.}", "  -", "  - - id: x", "<<: {a: b}", "null: null",
)  # fmt: skip
VALUES = (
    "", "[]", "[a, b]", "[[[[[[[[[[[[[[[[a]]]]]]]]]]]]]]]]", "{}", "{a: b}", "~", "true", "no", "0", "-1", "12",
    "1e999", "9" * 30, "9" * 5000, "0x10", ".nan", "2026-13-01", "2026-02-30", "0000-00-00", "20261121",
    "21/11/2026", "tomorrow", "2026-11-21T25:00:00Z", "&a x", "*a", "!!python/object/apply:os.system [x]", "|", ">-",
    "'", '"', '"\\x"', '"\\ud800"', "x: y", "- a", "x" * 20_000, "a.b", "front-door", "http://", "@x", "`x`", "%x",
)  # fmt: skip
KEY = re.compile(r"^(\s*(?:- )?)([\w-]+)(:)(.*)$", re.DOTALL)
BYTES = (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\x00", b"\xfe\xff", b"\xef\xbb\xbf", b"\xf5\x80\x80\x80")


def _character(text, rng):
    at = rng.randrange(len(text))
    return rng.choice(
        [
            lambda: text[:at] + text[at + rng.randint(1, 4) :],
            lambda: text[: at + 1] + text[at:],
            lambda: text[:at] + text[at : at + 2][::-1] + text[at + 2 :],
            lambda: text[:at] + rng.choice(NASTY) + text[at:],
            lambda: text[:at] + rng.choice(NASTY) + text[at + 1 :],
        ]
    )()


def _line(text, rng):
    lines = text.splitlines(keepends=True)
    at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    match rng.randrange(6):
        case 0:
            del lines[at : at + rng.choice((1, 1, 2, 5, 20))]
        case 1:
            lines.insert(at, lines[at])
        case 2:
            lines[at], lines[other] = lines[other], lines[at]
        case 3:
            lines[at : at + 2] = reversed(lines[at : at + 2])
        case 4:
            lines.insert(at, f"{rng.choice(LINES)}\n")
        case 5:
            lines.insert(other, lines.pop(at))
    return "".join(lines)


def _indentation(text, rng):
    lines = text.splitlines(keepends=True)
    at = rng.randrange(len(lines))
    for number in range(at, min(len(lines), at + rng.choice((1, 1, 1, 3, 10)))):
        bare = lines[number].lstrip(" ")
        margin = len(lines[number]) - len(bare)
        lines[number] = rng.choice([" " * max(0, margin + rng.randint(-4, 4)), "\t", "\t" * (margin // 2)]) + bare
    return "".join(lines)


def _value(text, rng):
    return _of_a_key(text, rng, lambda margin, key, rest: f"{margin}{key}: {rng.choice(VALUES)}\n")


def _key(text, rng):
    def renamed(margin, key, rest):
        at = rng.randrange(len(key))
        other = rng.choice(
            [key[:at] + key[at + 1 :], key.upper(), key + "s", "x", "title", "id", "omit", "<<", "1", ""]
        )
        return f"{margin}{other}:{rest}"

    return _of_a_key(text, rng, renamed)


def _of_a_key(text, rng, edited):
    lines = text.splitlines(keepends=True)
    keyed = [number for number, line in enumerate(lines) if KEY.match(line)]
    number = rng.choice(keyed)
    margin, key, _, rest = KEY.match(lines[number]).groups()
    lines[number] = edited(margin, key, rest)
    return "".join(lines)


def _date(text, rng):
    found = list(re.finditer(r"\d{4}(-\d\d){0,2}", text))
    if not found:
        return _value(text, rng)
    one = rng.choice(found)
    return text[: one.start()] + rng.choice(VALUES) + text[one.end() :]


def _truncated(text, rng):
    return text[: rng.randrange(len(text))]


def _inner_bytes(text, rng):
    raw = text.encode()
    at = rng.randrange(len(raw))
    return raw[:at] + rng.choice(BYTES) + raw[at + rng.randint(0, 1) :]


EDIT = (_character, _character, _line, _line, _indentation, _value, _value, _key, _date, _truncated, _inner_bytes)


def edit(text, rng):
    """One random edit of a file, as bytes that differ from it."""
    while True:
        edited = rng.choice(EDIT)(text, rng)
        raw = edited if isinstance(edited, bytes) else edited.encode("utf-8", "surrogatepass")
        if raw != text.encode():
            return raw


def ids_in(raw):
    """The ids of entries and of services that a text still gives, read without any of our code."""
    try:
        data = yaml.load(raw.decode("utf-8-sig"), Loader=yaml.CBaseLoader)
    except (yaml.YAMLError, UnicodeDecodeError):
        return set()
    if not isinstance(data, dict):
        return set()

    def listed(key):
        items = data.get(key)
        return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []

    shown = [item for item in listed("entries") if item.get("omit", "").lower() != "true"]
    return {f"{data.get('topic')}.{item.get('id')}" for item in shown} | {
        item.get("id") for item in listed("contacts")
    }


class Edited:
    """One shipped file with what it stands on: the same file of England, the services, and one more topic.

    The whole of Barnsley takes ten times as long to read, and an edit meets no other part of it.
    """

    def __init__(self, root, name):
        for layer in ("england", "barnsley"):
            (root / layer).mkdir(parents=True)
            for wanted in {name, COMPANION, "contacts.yaml", "partnership.yaml"}:
                shipped = ROOT / "knowledge" / layer / wanted
                if shipped.is_file():
                    shutil.copy(shipped, root / layer)
        self.root, self.path = root, root / "barnsley" / name
        self.text = self.path.read_text(encoding="utf-8")
        whole = examine(layers_of(root, "barnsley"))
        assert whole.faults == (), "the shipped knowledge has faults before any edit"
        self.others = {full_id for full_id in whole.knowledge.entries if full_id.startswith("icon.")}
        self._library = None

    def wrong_with(self, raw):
        """What the bot does wrong with this content of the file; None where it does well."""
        self.path.write_bytes(raw)
        loaded = examine(layers_of(self.root, "barnsley"))
        if loaded.faults:
            named = {fault.line for fault in loaded.faults if fault.file == f"barnsley/{self.path.name}"}
            # What every partnership must define stands in England's file; that fault names this one in words.
            if all(f"this partnership's {self.path.name} lacks it" in fault.message for fault in loaded.faults):
                return None
            lines = raw.count(b"\n") + raw.count(b"\r") + raw.count(b"\xc2\x85") + raw.count(b"\xe2\x80\xa8") + 2
            if any(1 <= line <= lines for line in named):
                return None
            return f"the faults name no line of it: {loaded.faults[:2]}"
        there = loaded.knowledge.entries.keys() | loaded.knowledge.contacts.keys()
        wanted = ids_in(raw) | (self.others if self.path.name != COMPANION else set())
        return f"without a fault, these vanished: {wanted - there}" if wanted - there else None

    def keeps_answering(self, tmp_path):
        """Whether a library that is open over the folder answers, from whatever it holds in use."""
        if self._library is None:
            edited = self.path.read_bytes()
            self.path.write_text(self.text, encoding="utf-8")
            self._library = Library(self.root, "barnsley", tmp_path / f"data-{self.path.stem}", lambda: FRIDAY_NOON)
            self._library.open()
            self.path.write_bytes(edited)
        before = self._library.version
        used = looked_twice(self._library)
        assert used is (self._library.version != before)
        reply = (
            Desk(self._library, None, lambda: FRIDAY_NOON).answer("what is icon", channel="page", asker="U1").reply
        )
        return reply.status in (Status.ANSWERED, Status.CHOOSE) and reply.knowledge_version == self._library.version


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_edit_of_the_shipped_files_is_used_whole_or_refused_with_its_place(tmp_path, seed):
    rng = random.Random(20261122 + seed)
    names = sorted(path.name for path in (ROOT / "knowledge" / "barnsley").glob("*.yaml"))
    files = {}
    wrong = []
    for number in range(EDITS):
        name = rng.choice(names)
        if name not in files:
            files[name] = Edited(tmp_path / name.partition(".")[0], name)
        file = files[name]
        raw = edit(file.text, rng)
        if fault := file.wrong_with(raw):
            wrong.append((number, name, fault, _first_difference(file.text, raw)))
        if number % 20 == 19:
            assert file.keeps_answering(tmp_path), (number, name)
        file.path.write_text(file.text, encoding="utf-8")
    assert wrong == []


def _first_difference(text, raw):
    """Where an edit is, for the message of a test that fails."""
    before = text.encode()
    at = next((i for i, (a, b) in enumerate(zip(before, raw, strict=False)) if a != b), min(len(before), len(raw)))
    return at, before[max(0, at - 30) : at + 60], raw[max(0, at - 30) : at + 60]
