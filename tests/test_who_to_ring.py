"""Who is offered to ring at a moment: never a closed service first, and a warning where a number is old."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.answering.guidance import Directory
from bot.knowledge.dates import is_older
from bot.knowledge.loading import layers_of, load
from bot.knowledge.model import Contact
from bot.knowledge.partnership import Partnership
from handlers import wording

LONDON = ZoneInfo("Europe/London")
MINUTES = st.integers(0, 10 * 366 * 24 * 60).map(
    lambda minutes: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


def london(text):
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


@pytest.fixture(scope="module", params=["barnsley", "barnet"])
def directory(request):
    knowledge = load(layers_of(request.config.rootpath / "knowledge", request.param))
    return Directory(knowledge.contacts, knowledge.partnership)


def service(contact_id, hours="unknown", **more):
    source = {"title": "A page", "date": "2026-01-31"}
    return Contact.model_validate(
        {
            "id": contact_id,
            "name": contact_id,
            "numbers": [{"display": "999", "dial": "999"}],
            "hours": hours,
            "source": source,
        }
        | more
    )


def directory_of(*services, **settings):
    return Directory({one.id: one for one in services}, Partnership(**settings))


@settings(deadline=None, max_examples=300)
@given(moment=MINUTES, data=st.data())
def test_at_any_minute_of_ten_years_no_closed_service_comes_first(directory, moment, data):
    names = data.draw(st.lists(st.sampled_from(sorted(directory.contacts)), min_size=1, max_size=4, unique=True))

    offered = directory.in_order(names, moment)

    assert offered[0].opening.open is not False
    assert {now.contact.id for now in offered} >= set(names)
    assert directory.to_ring(moment)[0].opening.open is not False
    closed = [now.opening.open is False for now in offered]
    assert closed == sorted(closed)


@settings(deadline=None, max_examples=300)
@given(moment=MINUTES)
def test_a_closed_front_door_always_says_when_it_opens_and_who_is_there_until_then(directory, moment):
    door = directory.now(directory.contacts["front-door"], moment)

    if door.opening.open:
        assert (door.next is not None) is (door.opening.until - moment <= timedelta(hours=1))
    else:
        assert moment < door.opening.opens <= moment + timedelta(days=6)
        assert door.next == directory.contacts["emergency-duty-team"]
        assert directory.now(door.next, moment).opening.open


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2026-11-23 15:59", "open until 17:00"),
        ("2026-11-23 16:00", "closes at 17:00, ring now; after that night team, 999"),
        ("2026-11-23 16:59", "closes at 17:00, ring now; after that night team, 999"),
        ("2026-11-23 17:00", "opens tomorrow (Tuesday) 9:00; until then night team"),
        ("2026-11-24 08:59", "opens 9:00; until then night team"),
        ("2026-11-24 09:00", "open until 17:00"),
    ],
)
def test_in_its_last_hour_a_service_says_to_ring_now_and_who_takes_over(moment, words):
    door = service("door", {"mon-fri": "09:00-17:00"}, out_of_hours="night")
    night = service("night", {"when_closed": "door"}, name="night team (out of hours)")

    assert wording.hours(directory_of(door, night).now(door, london(moment))) == words


def test_where_all_that_was_asked_for_is_closed_somebody_who_is_there_comes_first():
    shut = service("shut", {"mon-fri": "09:00-17:00"})
    duty = service("duty", "always")
    services = directory_of(shut, duty, emergency_contacts=("duty",))

    assert [now.contact.id for now in services.in_order(["shut"], london("2026-11-22 12:00"))] == ["duty", "shut"]
    assert [now.contact.id for now in services.in_order(["shut"], london("2026-11-23 12:00"))] == ["shut"]


def test_whose_number_is_not_known_comes_after_whoever_can_be_reached_and_before_who_is_closed():
    unknown = service("unknown", "always", numbers=[], confirm=True, note="Ask for it on 101.")
    services = directory_of(unknown, service("shut", {"mon-fri": "09:00-17:00"}), service("line"))

    offered = services.in_order(["shut", "unknown", "line"], london("2026-11-22 12:00"))

    assert [now.contact.id for now in offered] == ["line", "unknown", "shut"]


# How old a number is


@pytest.mark.parametrize(
    ("source", "today", "older"),
    [
        ("2024-11-22", date(2026, 11, 22), False),
        ("2024-11-22", date(2026, 11, 23), True),
        ("2024-11", date(2026, 11, 30), False),
        ("2024-11", date(2026, 12, 1), True),
        ("2024", date(2026, 12, 31), False),
        ("2024", date(2027, 1, 1), True),
        ("2024-02-29", date(2026, 2, 28), False),
        ("2024-02-29", date(2026, 3, 1), True),
        ("undated", date(2026, 11, 22), False),
        (None, date(2026, 11, 22), False),
    ],
)
def test_a_source_is_too_old_from_the_day_after_the_months_that_are_allowed(source, today, older):
    assert is_older(source, 24, today) is older


def test_an_old_number_says_so_and_a_newer_one_does_not():
    line = service("line")

    before, after = (
        directory_of(line, number_max_age_months=6).now(line, london(f"2026-{day} 12:00"))
        for day in ("07-31", "08-01")
    )

    assert wording.number_as_of(before) == ""
    assert wording.number_as_of(after) == "old number: from a source of 31 January 2026, confirm locally"


def test_a_service_whose_number_is_not_known_says_so_on_the_emergency_card_too():
    known = service("known")
    unknown = service("unknown", numbers=[], confirm=True, note="Ask for it on 101.")
    services = directory_of(known, unknown, emergency_contacts=("unknown",))

    card = services.card(london("2026-11-22 12:00"))

    assert wording.card_lines(card)[2:] == ["unknown: number not known (hours not confirmed)", "Ask for it on 101."]
