"""The versions of the knowledge: what changed between two, one made usable again, and what was in use on a day."""

import dataclasses
import json
import re
from contextlib import closing
from datetime import UTC, date, datetime, timedelta

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlite_utils import Database

import app
from bot.answering.guidance import Guidance
from bot.config import ROOT
from bot.knowledge.loading import layers_of, load
from bot.knowledge.model import Approval, Contact, Entry, Number, Rule
from bot.knowledge.partnership import AgencyKind
from bot.knowledge.shapes import Source
from bot.knowledge.versions import Change, Field, Kind, NotReadable, Subject, changes, restored
from bot.storage import versions
from bot.storage.database import Store, connect, migrate, utc
from bot.storage.migrations import migrations

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
DEFINITION, RELATIVE = "private-fostering.definition", "private-fostering.close-relative"
ASK = "what is private fostering"


@pytest.fixture
def read(smalltown):
    """The knowledge as it stands in the folder, after so many changes of a text in a file."""

    def reading(*edits):
        for name, old, new in edits:
            edit(smalltown / f"{name}.yaml", old, new)
        return load([smalltown])

    return reading


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


# What changed


def test_nothing_changed_between_a_state_and_itself(read):
    assert changes(read(), read()) == []


def test_a_changed_entry_says_which_field_and_both_texts_by_line(read):
    before = read()
    after = read(
        ("private-fostering", "A grandparent, brother", "|\n      Not a cousin.\n      A grandparent, brother")
    )
    assert changes(before, after) == [
        Change(
            Kind.CHANGED,
            Subject.ENTRY,
            RELATIVE,
            "Who counts as a close relative",
            (
                Field(
                    "answer",
                    ("A grandparent, brother, sister, uncle, aunt or step-parent.",),
                    ("Not a cousin.", "A grandparent, brother, sister, uncle, aunt or step-parent."),
                ),
            ),
        )
    ]


def test_a_changed_title_is_told_under_the_new_one(read):
    (change,) = changes(read(), read(("safer-sleep", "title: Position", "title: Lying")))
    assert (change.kind, change.id, change.title) == (Kind.CHANGED, "safer-sleep.position", "Lying")
    assert change.fields == (Field("title", ("Position",), ("Lying",)),)


def test_a_new_and_a_removed_entry_say_all_that_they_hold(read):
    one, other = read(), read(("safer-sleep", "id: room", "id: own-room"))
    new, removed = changes(one, other)
    assert (new.kind, new.id, new.title) == (Kind.NEW, "safer-sleep.own-room", "Bedroom")
    assert (removed.kind, removed.id, removed.title) == (Kind.REMOVED, "safer-sleep.room", "Bedroom")
    held = {
        "title": ("Bedroom",),
        "answer": ("In your room for six months.",),
        "phrases": ("leaflet for new parents",),
    }
    assert {field.name: field.after for field in new.fields if field.name in held} == held
    assert {field.name: field.before for field in removed.fields if field.name in held} == held
    assert {field.before for field in new.fields} == {field.after for field in removed.fields} == {()}


def test_a_changed_service_says_its_number_as_people_read_it_and_as_it_is_dialled(read):
    before = read()
    after = read(("contacts", "01632 960002", "01632 960003"), ("contacts", "+441632960002", "+441632960003"))
    assert changes(before, after) == [
        Change(
            Kind.CHANGED,
            Subject.SERVICE,
            "duty-team",
            "Smalltown duty team",
            (
                Field(
                    "numbers",
                    ("display: 01632 960002; dial: +441632960002",),
                    ("display: 01632 960003; dial: +441632960003",),
                ),
            ),
        )
    ]


def test_a_new_and_a_removed_service_are_told(read):
    new, removed = changes(read(), read(("contacts", "id: front-door", "id: reception")))
    assert [(c.kind, c.subject, c.id, c.title) for c in (removed, new)] == [
        (Kind.NEW, Subject.SERVICE, "reception", "Smalltown front door"),
        (Kind.REMOVED, Subject.SERVICE, "front-door", "Smalltown front door"),
    ]


def test_entries_come_first_in_the_order_of_their_ids_and_then_services_and_settings(read):
    found = changes(
        read(),
        read(
            ("safer-sleep", "six months", "a year"),
            ("private-fostering", "28 days", "four weeks"),
            ("private-fostering", "A grandparent", "A grandmother"),
            ("contacts", "01632 960002", "01632 960003"),
            ("contacts", "01632 960001", "01632 960004"),
            ("partnership", "High School", "The High School"),
        ),
    )
    assert [(change.subject, change.id) for change in found] == [
        (Subject.ENTRY, RELATIVE),
        (Subject.ENTRY, DEFINITION),
        (Subject.ENTRY, "safer-sleep.room"),
        (Subject.SERVICE, "duty-team"),
        (Subject.SERVICE, "front-door"),
        (Subject.SETTINGS, "partnership"),
    ]


@pytest.mark.parametrize(
    ("name", "before", "after", "group", "field"),
    [
        (
            "partnership",
            "[front-door, duty-team]",
            "[duty-team]",
            "partnership",
            Field("emergency_contacts", ("front-door", "duty-team"), ("duty-team",)),
        ),
        (
            "partnership",
            "emergency_contacts",
            "topics: [safer-sleep]\nemergency_contacts",
            "partnership",
            Field("topics", (), ("safer-sleep",)),
        ),
        (
            "glossary",
            "[private fostering]",
            "[private fostering, pro forma]",
            "glossary",
            Field("pf", ("private fostering",), ("private fostering", "pro forma")),
        ),
        (
            "safer-sleep",
            "title: Safer sleep",
            "title: Babies asleep\nowner: The board",
            "topics",
            Field("safer-sleep", ("Safer sleep (no owner)",), ("Babies asleep (The board)",)),
        ),
        (
            "to-confirm",
            "Who answers.",
            "Who answers at night.",
            "to-confirm",
            Field("lado", ("Who answers.",), ("Who answers at night.",)),
        ),
        (
            "to-confirm",
            "Who answers.",
            "Who answers., contacts: [duty-team]",
            "to-confirm",
            Field("lado", ("Who answers.",), ("Who answers.", "waiting: duty-team")),
        ),
    ],
)
def test_changed_settings_are_told_by_group_both_ways(read, smalltown, name, before, after, group, field):
    (smalltown / "glossary.yaml").write_text("glossary: {PF: [private fostering]}\n")
    (smalltown / "to-confirm.yaml").write_text("to_confirm: [{id: lado, text: Who answers.}]\n")
    one, other = read(), read((name, before, after))
    assert changes(one, other) == [Change(Kind.CHANGED, Subject.SETTINGS, group, group, (field,))]
    back = Field(field.name, field.after, field.before)
    assert changes(other, one) == [Change(Kind.CHANGED, Subject.SETTINGS, group, group, (back,))]


OF_ENTRIES = {
    "title": "Otherwise",
    "answer": "Otherwise.",
    "must": (Rule(text="Tell.", basis="An Act"),),
    "should": (Rule(text="Write."),),
    "steps": ("Ring.", "Write."),
    "contacts": ("duty-team",),
    "for_agency": {AgencyKind.POLICE: "Use our form."},
    "confirm_locally": "The number.",
    "signpost": True,
    "sources": (Source(title="A report", date="2026"),),
    "compiled": date(2026, 11, 21),
    "approval": Approval(status="approved", by="The board", on=date(2026, 11, 21)),
    "review_by": date(2027, 11, 21),
    "phrases": ("otherwise",),
    "never": ("not this",),
    "related": ("safer-sleep.room",),
    "approved_before": date(2026, 1, 31),
    "draft_waits": True,
}
OF_SERVICES = {
    "name": "Otherwise",
    "numbers": (Number(display="01632 960009", dial="+441632960009"),),
    "email": "duty@example.org",
    "web": "https://example.org/",
    "hours": "unknown",
    "bank_holidays": "open",
    "out_of_hours": None,
    "source": Source(title="A report", date="2026"),
    "note": "Otherwise.",
    "confirm": True,
}


def test_the_fields_below_are_all_that_an_entry_and_a_service_have():
    assert OF_ENTRIES.keys() | {"topic", "id"} == {field.name for field in dataclasses.fields(Entry)}
    assert OF_SERVICES.keys() | {"id"} == Contact.model_fields.keys()


@pytest.mark.parametrize("name", OF_ENTRIES)
def test_a_change_of_any_field_of_an_entry_is_found_and_of_no_other(read, name):
    before = read()
    entry = dataclasses.replace(before.entries[DEFINITION], **{name: OF_ENTRIES[name]})
    after = dataclasses.replace(before, entries={**before.entries, DEFINITION: entry})
    ((kind, found),) = [(change.kind, change.fields) for change in changes(before, after)]
    assert (kind, [field.name for field in found]) == (Kind.CHANGED, [name])
    ((back, again),) = [(change.kind, change.fields) for change in changes(after, before)]
    assert (back, again) == (Kind.CHANGED, (Field(name, found[0].after, found[0].before),))


@pytest.mark.parametrize("name", OF_SERVICES)
def test_a_change_of_any_field_of_a_service_is_found_and_of_no_other(read, name):
    before = read()
    service = before.contacts["front-door"].model_copy(update={name: OF_SERVICES[name]})
    after = dataclasses.replace(before, contacts={**before.contacts, "front-door": service})
    (change,) = changes(before, after)
    assert (change.kind, [field.name for field in change.fields]) == (Kind.CHANGED, [name])


# A kept state made usable again


@pytest.mark.parametrize("partnership", ["barnsley", "barnet"])
def test_a_kept_state_of_a_shipped_partnership_is_the_same_again(partnership):
    original = load(layers_of(ROOT / "knowledge", partnership))
    again = restored(original.content, original.version)
    assert again == original
    assert list(again.topics) == list(original.topics)
    assert changes(original, again) == []
    assert again.content == original.content


def test_a_kept_state_answers_like_the_original(barnsley):
    again = Guidance.of(restored(barnsley.knowledge.content, barnsley.knowledge.version))
    for text in (ASK, "leaflet for new parents", "who is the lado", "how do I escalate", "quantum chromodynamics"):
        one, other = barnsley.matcher.rank(text), again.matcher.rank(text)
        assert other.confidence == pytest.approx(one.confidence)
        assert [c.entry_id for c in other.candidates[:1]] == [c.entry_id for c in one.candidates[:1]]


def test_a_kept_state_with_every_field_given_is_the_same_again(read, smalltown):
    entry = {
        "id": "one",
        "title": "Everything – “so” 🙂",
        "answer": "First.\n\n- Second\n",
        "must": [{"text": "Tell.", "basis": "An Act"}],
        "should": [{"text": "Write."}],
        "steps": ["Ring.", "Write."],
        "contacts": ["duty-team"],
        "for": {"police": "Use our form."},
        "confirm_locally": "The number.",
        "kind": "signpost",
        "sources": [{"title": "A report", "date": "2026", "url": "https://example.org/"}],
        "compiled": "2026-11-21",
        "approval": {"status": "approved", "by": "The board", "on": "2026-11-21"},
        "review_by": "2027-11-21",
        "phrases": ["everything"],
        "never": ["not this"],
        "related": ["safer-sleep.room"],
    }
    topic = {"topic": "everything", "title": "Everything", "owner": "The board", "entries": [entry]}
    (smalltown / "everything.yaml").write_text(json.dumps(topic, ensure_ascii=False), encoding="utf-8")
    (smalltown / "glossary.yaml").write_text("glossary: {PF: [private fostering]}\n")
    original = read()
    assert original.entries["everything.one"].signpost is True
    assert restored(original.content, original.version) == original


def test_a_topic_without_a_title_has_the_same_name_again(read):
    original = read(("private-fostering", "title: Private fostering\n", ""))
    again = restored(original.content, original.version)
    assert again.topics == original.topics


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "{}",
        "[]",
        "null",
        '"x"',
        "1",
        '{"entries": {}, "contacts": [], "topics": {}, "glossary": {}}',
        '{"entries": {"a.b": {}}, "contacts": [], "topics": {}, "glossary": {}, "partnership": {}}',
        '{"entries": {}, "contacts": [{}], "topics": {}, "glossary": {}, "partnership": {}}',
        '{"entries": {}, "contacts": [], "topics": {"a": {}}, "glossary": {}, "partnership": {}}',
        '{"entries": {}, "contacts": [], "topics": {}, "glossary": {}, "partnership": {"new": 1}}',
    ],
)
def test_what_another_release_kept_is_not_readable_and_says_which_version(content):
    with pytest.raises(NotReadable, match="version abc123 was kept by another release"):
        restored(content, "abc123")


PLAIN = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
ANY = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner), max_leaves=4
)


@hypothesis_settings(deadline=None, max_examples=200)
@given(st.fixed_dictionaries(dict.fromkeys(("entries", "contacts", "topics", "glossary", "partnership"), ANY)))
def test_whatever_was_kept_is_usable_or_not_readable_and_nothing_else(content):
    try:
        knowledge = restored(json.dumps(content), "abc123")
    except NotReadable:
        return
    assert knowledge.version == "abc123"


# Which version was in use


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "safeguarding.db"


@pytest.fixture
def store(path):
    migrate(path)
    store = Store(path)
    yield store
    store.close()


@pytest.fixture
def states(read):
    """Three states of the knowledge: A, B and C."""
    return (
        read(),
        read(("safer-sleep", "six months", "seven months")),
        read(("safer-sleep", "seven months", "eight months")),
    )


def use(store, knowledge, at):
    return store.submit(lambda tx: versions.use(tx, knowledge, at)).result(10)


def in_use_before(store, end):
    with store.reading() as tx:
        kept = versions.in_use_before(tx, end)
    return kept and kept.version


def came_into_use(store, start, end):
    with store.reading() as tx:
        return [(kept.version, kept.since) for kept in versions.came_into_use(tx, start, end)]


def tell(store, knowledge):
    """The version that was told before."""
    before = store.submit(lambda tx: versions.tell(tx, knowledge.version)).result(10)
    return before and (before.version, before.content)


def by_id(store, version):
    with store.reading() as tx:
        return versions.by_id(tx, version)


def test_a_version_counts_from_its_first_use_on(store, states):
    a, b, _ = states
    for hours, state in enumerate((a, a, b, b)):
        use(store, state, NOON + timedelta(hours=hours))
    assert came_into_use(store, NOON, NOON + timedelta(days=1)) == [
        (a.version, NOON),
        (b.version, NOON + timedelta(hours=2)),
    ]


def test_the_first_version_follows_none_that_was_told_and_each_other_one_does(store, states):
    a, b, c = states
    told = []
    for hours, state in enumerate((a, a, b, b, a, c)):
        use(store, state, NOON + timedelta(hours=hours))
        told.append(tell(store, state))
    kept = {state.version: (state.version, state.content) for state in states}
    assert told == [None, None, kept[a.version], None, kept[b.version], kept[a.version]]


def test_a_version_that_answered_and_was_not_told_is_no_version_to_judge_news_against(store, states):
    a, b, c = states
    use(store, a, NOON)
    tell(store, a)
    use(store, b, NOON + timedelta(hours=1))  # as `app.py ask` does
    use(store, c, NOON + timedelta(hours=2))
    assert tell(store, c) == (a.version, a.content)
    assert tell(store, c) is None


def test_back_at_the_version_that_was_told_last_there_is_nothing_to_tell(store, states):
    a, b, _ = states
    use(store, a, NOON)
    tell(store, a)
    use(store, b, NOON + timedelta(hours=1))
    use(store, a, NOON + timedelta(hours=2))
    assert tell(store, a) is None
    use(store, b, NOON + timedelta(hours=3))
    assert tell(store, b) == (a.version, a.content)


def test_a_version_that_comes_back_is_in_use_again_and_its_content_is_kept_once(store, states):
    a, b, _ = states
    times = [NOON + timedelta(hours=hours) for hours in range(3)]
    for state, at in zip((a, b, a), times, strict=True):
        use(store, state, at)
    assert came_into_use(store, NOON, NOON + timedelta(days=1)) == [
        (a.version, times[0]),
        (b.version, times[1]),
        (a.version, times[2]),
    ]
    assert [in_use_before(store, at + TICK) for at in times] == [a.version, b.version, a.version]
    with store.reading() as tx:
        kept = tx.all("SELECT version, first_used, content FROM knowledge_versions ORDER BY first_used")
        assert [tuple(row.values()) for row in kept] == [
            (a.version, utc(times[0]), a.content),
            (b.version, utc(times[1]), b.content),
        ]


def test_a_question_that_is_recorded_late_changes_nothing(store, states):
    a, b, _ = states
    use(store, a, NOON)
    use(store, b, NOON + timedelta(hours=1))
    use(store, a, NOON + timedelta(minutes=59))
    assert in_use_before(store, NOON + timedelta(days=1)) == b.version
    assert len(came_into_use(store, NOON, NOON + timedelta(days=1))) == 2


def test_of_two_versions_at_one_moment_the_later_one_is_in_use(store, states):
    a, b, c = states
    for state in (a, b, c):
        use(store, state, NOON)
    assert in_use_before(store, NOON + TICK) == c.version
    assert [version for version, _ in came_into_use(store, NOON, NOON + TICK)] == [s.version for s in (a, b, c)]


def test_before_the_first_version_nothing_was_in_use(store, states):
    assert in_use_before(store, NOON) is None
    assert came_into_use(store, NOON - timedelta(days=1), NOON + timedelta(days=1)) == []
    assert by_id(store, "a") == []
    use(store, states[0], NOON)
    assert in_use_before(store, NOON) is None
    assert in_use_before(store, NOON + TICK) == states[0].version


def test_a_span_holds_its_beginning_and_not_its_end(store, states):
    a, b, _ = states
    use(store, a, NOON)
    use(store, b, NOON + TICK)
    assert came_into_use(store, NOON, NOON + TICK) == [(a.version, NOON)]
    assert came_into_use(store, NOON + TICK, NOON + 2 * TICK) == [(b.version, NOON + TICK)]
    assert came_into_use(store, NOON + 2 * TICK, NOON + timedelta(days=1)) == []


def test_a_version_is_found_by_the_beginning_of_its_id_with_when_it_was_last_taken_into_use(store, states):
    a, b, _ = states
    for hours, state in enumerate((a, b, a)):
        use(store, state, NOON + timedelta(hours=hours))
    for name in (a.version, a.version[:6]):
        (kept,) = by_id(store, name)
        assert (kept.version, kept.content, kept.since) == (a.version, a.content, NOON + timedelta(hours=2))
    for nothing in ("zzz", f"{a.version}0", "%", "_", a.version.upper() + "x"):
        assert by_id(store, nothing) == []


def test_all_versions_that_begin_so_are_found(store, states):
    alike = [dataclasses.replace(state, version=f"abc{i}") for i, state in enumerate(states)]
    for state in alike:
        use(store, state, NOON)
    assert sorted(kept.version for kept in by_id(store, "abc")) == ["abc0", "abc1", "abc2"]
    assert [kept.version for kept in by_id(store, "abc1")] == ["abc1"]


def test_a_database_of_the_release_before_knows_its_versions_from_when_they_were_first_used(path, states):
    a, b, _ = states
    path.parent.mkdir()
    with closing(connect(path)) as connection:
        migrations.apply(Database(connection), stop_before="m003_knowledge_in_use_and_what_people_report")
        for state, at in ((b, NOON + timedelta(hours=1)), (a, NOON)):
            connection.execute(
                "INSERT INTO knowledge_versions VALUES (?, ?, ?)", (state.version, utc(at), state.content)
            )
    migrate(path)
    with closing(Store(path)) as store:
        assert came_into_use(store, NOON, NOON + timedelta(days=1)) == [
            (a.version, NOON),
            (b.version, NOON + timedelta(hours=1)),
        ]
        assert tell(store, b) is None, "what the release before had in use counts as told"
        use(store, a, NOON + timedelta(hours=2))
        assert tell(store, a) == (b.version, b.content)


# kb show --on


@pytest.fixture
def terminal(smalltown, tmp_path, monkeypatch):
    """A tiny partnership, a database of its own, time travel, and no settings of whoever runs the tests."""
    for line in ("HOST", "PORT", "SECRET_KEY", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "NEWS_CHANNEL", "MANAGERS"):
        monkeypatch.delenv(line, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PARTNERSHIP", "smalltown")
    monkeypatch.setenv("KNOWLEDGE_DIR", str(smalltown.parent))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/data/safeguarding.db")
    monkeypatch.setenv("ALLOW_TIME_TRAVEL", "1")


@pytest.fixture
def asked(terminal, read):
    """Ask at a time, with the definition as it is then; the version that answered."""

    def asking(at, definition="A child lives"):
        now = read().entries[DEFINITION].answer
        knowledge = read(("private-fostering", now.split(" with somebody")[0], definition))
        ran("ask", ASK, "--at", at)
        return knowledge.version

    return asking


def run(*arguments):
    """Run a command within this process; a traceback is a failure of the test."""
    result = CliRunner().invoke(app.main, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def ran(*arguments):
    """As `run`, of a command that must succeed; what it printed."""
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def failed(*arguments, code=1):
    """As `run`, of a command that must fail; what it said on standard error."""
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (code, ""), result.output
    if code == 1:
        assert len(result.stderr.splitlines()) == 1, result.stderr
    return result.stderr.rstrip("\n")


def shown_on(day, entry=DEFINITION):
    """What is said first, and the entry."""
    said, _, entry_text = ran("kb", "show", entry, "--on", day).partition("\n\n")
    return said, entry_text


def test_an_entry_is_shown_as_it_was_on_a_day(asked):
    first = asked("2026-11-18T10:05", "A child stayed")
    asked("2026-11-20T09:00", "A child lives")
    for day, name in (("2026-11-18", "18 November 2026"), ("2026-11-19", "19 November 2026")):
        said, entry = shown_on(day)
        assert said == f"[As it was on {name}: version {first}, in use since 18 November 2026, 10:05.]"
        assert entry.startswith("What private fostering is\n===")
        assert "A child stayed" in entry
    assert "A child lives" in shown_on("2026-11-20")[1]


@pytest.mark.parametrize(
    ("last", "first", "day", "next_day"),
    [
        ("2026-11-20T23:59", "2026-11-21T00:00", "2026-11-20", "2026-11-21"),
        ("2026-07-03T22:59+00:00", "2026-07-03T23:00+00:00", "2026-07-03", "2026-07-04"),  # summer time
        ("2026-03-29T22:59+00:00", "2026-03-29T23:00+00:00", "2026-03-29", "2026-03-30"),  # a day of 23 hours
        ("2026-03-28T23:59+00:00", "2026-03-29T00:00+00:00", "2026-03-28", "2026-03-29"),
        ("2026-10-25T23:59+00:00", "2026-10-26T00:00+00:00", "2026-10-25", "2026-10-26"),  # a day of 25 hours
        ("2026-10-24T22:59+00:00", "2026-10-24T23:00+00:00", "2026-10-24", "2026-10-25"),
    ],
)
def test_a_day_ends_at_midnight_by_londons_clock(asked, last, first, day, next_day):
    before, after = asked(last, "A child stayed"), asked(first, "A child lives")
    assert f"version {before}, in use since" in shown_on(day)[0]
    assert shown_on(day)[0].endswith(", 23:59.]")
    assert f"version {after}, in use since" in shown_on(next_day)[0]
    assert ", 00:00." in shown_on(next_day)[0]


def test_versions_that_came_and_went_on_the_day_are_named(asked):
    first, second = asked("2026-11-20T08:00", "A child stayed"), asked("2026-11-20T12:00", "A child stays")
    third = asked("2026-11-20T16:00", "A child lives")
    said, entry = shown_on("2026-11-20")
    assert said == (
        f"[As it was on 20 November 2026: version {third}, in use since 20 November 2026, 16:00. Other versions were "
        f"in use earlier that day: {first} since 20 November 2026, 08:00; {second} since 20 November 2026, 12:00.]"
    )
    assert "A child lives" in entry
    assert "Other versions" not in shown_on("2026-11-21")[0]


def test_a_version_that_came_back_on_the_day_is_the_one_shown(asked):
    first, second = asked("2026-11-20T08:00", "A child stayed"), asked("2026-11-20T12:00", "A child stays")
    assert asked("2026-11-20T16:00", "A child stayed") == first
    said, entry = shown_on("2026-11-20")
    assert f"version {first}, in use since 20 November 2026, 16:00." in said
    assert f"{second} since 20 November 2026, 12:00" in said
    assert "A child stayed" in entry


def test_the_version_that_the_day_began_with_is_named_when_another_came_that_day(asked):
    """Who asked that morning was answered from it."""
    first, second = asked("2026-11-18T08:00", "A child stayed"), asked("2026-11-20T15:00", "A child lives")
    said, _ = shown_on("2026-11-20")
    assert f"version {second}, in use since 20 November 2026, 15:00." in said
    assert f"{first} since 18 November 2026, 08:00" in said


def test_on_a_day_to_come_the_entry_is_shown_as_it_is_in_use(asked):
    version = asked("2026-11-20T08:00")
    assert f"version {version}" in shown_on("2036-11-20")[0]


def test_before_any_version_the_first_one_is_named(asked):
    asked("2026-11-20T08:00")
    assert failed("kb", "show", DEFINITION, "--on", "2026-11-19") == (
        "nothing was in use by 19 November 2026; the first version kept came into use on 20 November 2026, 08:00"
    )


def test_where_no_version_was_kept_that_is_said(terminal):
    assert failed("kb", "show", DEFINITION, "--on", "2026-11-19") == "nothing was in use by 19 November 2026 yet"


def test_an_entry_that_was_not_there_on_the_day_is_one_clear_line(asked, smalltown):
    version = asked("2026-11-18T08:00")
    edit(smalltown / "safer-sleep.yaml", "id: room", "id: own-room")
    asked("2026-11-20T08:00")
    assert failed("kb", "show", "safer-sleep.own-room", "--on", "2026-11-19") == (
        f"safer-sleep.own-room: there was no such entry on 19 November 2026 (version {version})"
    )
    assert shown_on("2026-11-19", "safer-sleep.room")[1].startswith("Bedroom")
    assert shown_on("2026-11-20", "safer-sleep.own-room")[1].startswith("Bedroom")


@pytest.mark.parametrize(
    "day", ["yesterday", "2026-13-01", "2026-02-29", "20261120", "2026-11-20T10:00", "", "²026-01-01"]
)
def test_what_is_no_day_is_bad_usage(asked, day):
    asked("2026-11-20T08:00")
    assert "is not a day; write it as 2026-05-03" in failed("kb", "show", DEFINITION, "--on", day, code=2)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-30", "9999-12-31"])
def test_the_first_and_the_last_day_of_the_calendar_end_no_command_with_a_traceback(asked, day):
    asked("2026-11-20T08:00")
    assert run("kb", "show", DEFINITION, "--on", day).exit_code in (0, 1, 2)


def test_a_broken_folder_does_not_keep_the_past_from_being_shown(asked, smalltown):
    asked("2026-11-20T08:00")
    (smalltown / "safer-sleep.yaml").write_text("topic: [")
    assert "A child lives" in shown_on("2026-11-20")[1]


def test_a_version_that_another_release_kept_is_one_clear_line(asked, path):
    version = asked("2026-11-20T08:00")
    with closing(connect(path)) as connection:
        connection.execute("UPDATE knowledge_versions SET content = '{}'")
    said = f"version {version} was kept by another release and cannot be read"
    assert failed("kb", "show", DEFINITION, "--on", "2026-11-20") == said
    assert failed("kb", "diff") == said
    assert failed("kb", "diff", "--from", version) == said


def test_what_is_no_database_is_one_clear_line(terminal, path):
    path.parent.mkdir()
    path.write_bytes(b"minutes of the policy subgroup\n" * 200)
    for command in (["kb", "show", DEFINITION, "--on", "2026-11-20"], ["kb", "diff"]):
        assert failed(*command).startswith(f"the database {path} cannot be used: ")


# kb diff


def test_the_files_differ_from_what_was_in_use_last_by_field_and_line(asked, read, smalltown):
    version = asked("2026-11-20T08:00")
    (smalltown / "icon.yaml").write_text(
        "topic: icon\ntitle: ICON\nentries: [{id: cry, title: Crying, answer: Cope.}]\n"
    )
    now = read(
        ("private-fostering", "A grandparent", "|\n      Not a cousin.\n      A grandparent"),
        ("safer-sleep", "id: room", "id: own-room"),
        ("contacts", "Smalltown duty team", "Smalltown night team"),
    )
    assert ran("kb", "diff").splitlines() == [
        f"From version {version}, in use since 20 November 2026, 08:00 to the files now ({now.version}):",
        "new icon.cry: Crying",
        f"changed {RELATIVE}: Who counts as a close relative",
        "  answer",
        "    + Not a cousin.",
        "      A grandparent, brother, sister, uncle, aunt or step-parent.",
        "new safer-sleep.own-room: Bedroom",
        "removed safer-sleep.room: Bedroom",
        "changed duty-team: Smalltown night team",
        "  name",
        "    - Smalltown duty team",
        "    + Smalltown night team",
        "changed topics: topics",
        "  icon",
        "    + ICON (no owner)",
    ]


def test_nothing_changed_is_said_where_the_files_are_what_was_in_use_last(asked):
    version = asked("2026-11-20T08:00")
    assert ran("kb", "diff").splitlines() == [
        f"From version {version}, in use since 20 November 2026, 08:00 to the files now ({version}):",
        "nothing changed",
    ]


def test_a_change_that_is_no_entry_and_no_service_is_not_called_nothing(asked, smalltown):
    """The card's own list of whom to ring, or what a word stands for."""
    asked("2026-11-20T08:00")
    edit(smalltown / "partnership.yaml", "[front-door, duty-team]", "[duty-team, front-door]")
    assert ran("kb", "diff").splitlines()[1:3] == ["changed partnership: partnership", "  emergency_contacts"]


def test_two_days_or_two_versions_are_compared(asked):
    first, second = asked("2026-11-18T08:00", "A child stayed"), asked("2026-11-20T08:00", "A child lives")
    asked("2026-11-21T08:00", "A child is living")
    printed = ran("kb", "diff", "--from", "2026-11-19", "--to", "2026-11-20")
    assert printed.splitlines()[0] == (
        f"From version {first}, in use since 18 November 2026, 08:00 "
        f"to version {second}, in use since 20 November 2026, 08:00:"
    )
    assert re.findall(r"^    [-+] (A child \w+)", printed, re.MULTILINE) == ["A child stayed", "A child lives"]
    assert ran("kb", "diff", "--from", first, "--to", second[:7]) == printed
    back = ran("kb", "diff", "--from", second, "--to", "2026-11-18")
    assert re.findall(r"^    [-+] (A child \w+)", back, re.MULTILINE) == ["A child lives", "A child stayed"]


def test_without_any_version_kept_there_is_nothing_to_compare_with(terminal):
    assert failed("kb", "diff") == "no version was kept yet: the bot has not answered from any"


@pytest.mark.parametrize("option", ["--from", "--to"])
@pytest.mark.parametrize("name", ["zzz", "yesterday", "", "%"])
def test_a_version_that_was_not_kept_is_one_clear_line(asked, option, name):
    asked("2026-11-20T08:00")
    assert failed("kb", "diff", option, name) == (
        f"{name}: no such version was kept; give a day (2026-05-03) or the id of a version"
    )


@pytest.mark.parametrize("option", ["--from", "--to"])
def test_a_beginning_that_several_versions_share_is_one_clear_line(asked, path, option):
    version = asked("2026-11-20T08:00")
    with closing(connect(path)) as connection:
        for table, columns in (("knowledge_versions", "first_used, content"), ("knowledge_in_use", "since, told")):
            connection.execute(
                f"INSERT INTO {table} (version, {columns}) "
                f"SELECT substr(version, 1, 8) || 'x', {columns} FROM {table}"
            )
    assert failed("kb", "diff", option, version[:8]) == (
        f"{version[:8]}: several versions begin so; give a day (2026-05-03) or the id of a version"
    )
    ran("kb", "diff", option, version)


@pytest.mark.parametrize("option", ["--from", "--to"])
def test_a_day_before_any_version_and_a_day_that_is_none_are_refused(asked, option):
    asked("2026-11-20T08:00")
    assert failed("kb", "diff", option, "2026-11-19").startswith("nothing was in use by 19 November 2026; ")
    assert "is not a day" in failed("kb", "diff", option, "2026-11-31", code=2)


def test_with_broken_files_there_is_no_state_now_and_two_kept_ones_still_compare(asked, smalltown):
    version = asked("2026-11-20T08:00")
    (smalltown / "safer-sleep.yaml").write_text("topic: [")
    assert failed("kb", "diff").startswith("smalltown/safer-sleep.yaml:")
    assert ran("kb", "diff", "--from", version, "--to", version).splitlines()[-1] == "nothing changed"
