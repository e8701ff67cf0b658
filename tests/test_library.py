"""The knowledge in use: loaded, exchanged, and what still serves when it cannot be read."""

import json
from datetime import UTC, date, datetime

import pytest

from bot.answering.guidance import COPY, Guidance
from bot.answering.library import Library, Listener

FRIDAY_NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = datetime(2026, 12, 1, 12, tzinfo=UTC)
FAULT = "topic: ["


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def open_library(smalltown, data):
    def opened(at=FRIDAY_NOON, **more):
        library = Library(smalltown.parent, "smalltown", data, lambda: at, **more)
        library.open()
        return library

    return opened


def numbers(contacts):
    return [number.display for now in contacts for number in now.contact.numbers]


def test_a_folder_without_faults_is_in_use_at_once(open_library):
    library = open_library()
    assert library.faults == ()
    assert list(library.knowledge.entries) == [
        "private-fostering.definition",
        "private-fostering.close-relative",
        "safer-sleep.position",
        "safer-sleep.room",
    ]
    assert library.directory.as_of is None


def test_a_broken_folder_says_every_fault_and_gives_no_guidance(open_library, smalltown):
    (smalltown / "safer-sleep.yaml").write_text(FAULT)
    (smalltown / "contacts.yaml").write_text("contacts: [{id: Front Door}]")
    library = open_library()
    assert (library.guidance, library.knowledge) == (None, None)
    assert {fault.partition(":")[0] for fault in library.faults} == {
        "smalltown/contacts.yaml",
        "smalltown/safer-sleep.yaml",
    }
    assert all(isinstance(fault, str) for fault in library.faults)


def test_without_a_copy_a_broken_folder_leaves_no_number(open_library, smalltown):
    (smalltown / "safer-sleep.yaml").write_text(FAULT)
    directory = open_library().directory
    assert directory.to_ring(FRIDAY_NOON) == ()
    card = directory.card(FRIDAY_NOON)
    assert "999" in card.first
    assert "101" in card.then
    assert (card.contacts, card.as_of) == ((), None)


def test_the_last_good_copy_serves_with_its_day_while_the_folder_is_broken(open_library, smalltown):
    open_library(at=FRIDAY_NOON)
    (smalltown / "safer-sleep.yaml").write_text(FAULT)
    directory = open_library(at=LATER).directory
    assert directory.as_of == date(2026, 11, 20)
    assert numbers(directory.to_ring(FRIDAY_NOON)) == ["01632 960001", "01632 960002"]
    card = directory.card(datetime(2026, 11, 20, 22, tzinfo=UTC))
    assert numbers(card.contacts) == ["01632 960002"]
    assert card.as_of == date(2026, 11, 20)


def test_a_folder_that_broke_while_it_was_in_use_stays_in_use_as_it_was(open_library, smalltown):
    library = open_library()
    version = library.knowledge.version
    (smalltown / "safer-sleep.yaml").write_text(FAULT)
    library.open()
    assert library.faults
    assert library.knowledge.version == version


def test_a_fault_that_was_put_right_is_forgotten(open_library, smalltown):
    good = (smalltown / "safer-sleep.yaml").read_text()
    (smalltown / "safer-sleep.yaml").write_text(FAULT)
    library = open_library()
    assert library.faults
    (smalltown / "safer-sleep.yaml").write_text(good)
    library.open()
    assert library.guidance is not None
    assert list(library.faults) == []
    assert library.directory.as_of is None


def test_the_copy_is_of_the_knowledge_that_was_opened_last(open_library, smalltown, data):
    open_library()
    contacts = smalltown / "contacts.yaml"
    contacts.write_text(contacts.read_text().replace("01632 960002", "01632 960003"))
    open_library(at=LATER)
    copy = json.loads((data / COPY).read_text())
    assert copy["saved"] == "2026-12-01"
    assert "01632 960003" in json.dumps(copy)
    assert sorted(file.name for file in data.iterdir()) == [COPY]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff", b'{"saved": "yesterday"}', b'{"saved": "2026-11-20"}']
)
def test_a_copy_that_cannot_be_read_is_as_good_as_none(open_library, smalltown, data, content):
    data.mkdir()
    (data / COPY).write_bytes(content)
    (smalltown / "safer-sleep.yaml").write_text(FAULT)
    card = open_library().directory.card(FRIDAY_NOON)
    assert "999" in card.first
    assert card.contacts == ()


def test_a_copy_that_cannot_be_saved_does_not_stop_the_guidance(open_library, data):
    data.touch()
    assert open_library().guidance is not None


def test_without_a_model_guidance_goes_on_by_words(open_library, tmp_path):
    library = open_library(semantic_model=tmp_path / "nowhere")
    before = library.guidance
    assert "matching by words alone" in library.add_meaning()
    assert library.guidance is before


def test_without_knowledge_there_is_nothing_to_index_by_meaning(open_library, smalltown):
    (smalltown / "safer-sleep.yaml").write_text(FAULT)
    library = open_library()
    assert library.add_meaning() == "no knowledge to index"
    assert library.guidance is None


def test_meaning_that_is_added_in_the_background_does_not_hold_the_caller(open_library, tmp_path, caplog):
    caplog.set_level("INFO")
    library = open_library(semantic_model=tmp_path / "nowhere")
    library.add_meaning_in_background().join(10)
    assert "matching by words alone" in caplog.text


def test_what_breaks_the_program_and_not_the_files_is_told_like_a_fault_and_what_is_in_use_stays(
    open_library, smalltown, monkeypatch
):
    library = open_library()
    before, told = library.guidance, []
    library.listener = Listener(faults=told.append)
    monkeypatch.setattr(Guidance, "of", lambda knowledge: 1 / 0)
    path = smalltown / "safer-sleep.yaml"
    path.write_text(path.read_text().replace("On the back", "On their back"))
    library._look()
    library._look()
    assert library.guidance is before
    assert library.faults == ("what was saved could not be taken in (ZeroDivisionError); the log says more",)
    assert told == [library.faults]
