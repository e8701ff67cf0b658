"""What is told when the guidance changes or cannot be used, to whom, and that it gets through to Slack."""

import asyncio
import dataclasses
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from slack_stand_in import Refused, Status, limited
from slack_workspace import SECRET
from ticketing import records_of

from bot.answering.library import Library
from bot.bulletin import LONGEST_NEWS, Bulletin, fault_notice, news
from bot.config import ROOT, SlackSettings, read_settings
from bot.desk import Desk
from bot.knowledge.loading import load
from bot.outbox import NotSent, deliver
from bot.storage import claims, outbox, versions
from bot.storage.database import Store, connect, migrate, utc
from bot.storage.outbox import GIVEN_UP_AFTER, Waiting
from handlers.slack.app import Slack

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NAME = "Smalltown Safeguarding Children Partnership"
DRAFT = f"The guidance changed. Draft, not yet approved by the {NAME}, but for what is marked approved."
URL = "https://guidance.example.org"
APPROVED = "approval: {status: approved, by: The board, on: 2026-11-20}"
FAULTS = ("smalltown/safer-sleep.yaml:5:1: is not valid YAML", "smalltown/contacts.yaml:2:3: is missing")
CHANNEL, ANN, BEN = "C0NEWS", "U0ANN", "ben@council.example"


class Clock:
    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now

    def on(self, **by):
        self.now += timedelta(**by)


@pytest.fixture
def clock():
    return Clock()


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
def read(smalltown):
    """The knowledge as it stands in the folder, after so many changes of a text in a file."""

    def reading(*edits):
        for name, old, new in edits:
            edit(smalltown / f"{name}.yaml", old, new)
        return load([smalltown])

    return reading


def edit(file, old, new):
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def lines_of(before, after, url=None):
    """The lines of the news below the first, which says that the guidance changed."""
    head, *lines = news(before, after, url).splitlines()
    assert head == DRAFT
    return lines


# The text of the news


def test_news_name_what_is_new_changed_and_gone(read, smalltown):
    before = read()
    (smalltown / "icon.yaml").write_text(
        "topic: icon\ntitle: ICON\nentries: [{id: cry, title: Crying, answer: Cope.}]\n"
    )
    after = read(
        ("private-fostering", "28 days", "four weeks"),
        ("safer-sleep", "  - id: room", "  - {id: floor, title: Floor, answer: Never there.}\n  - id: own-room"),
        ("contacts", "01632 960001", "01632 960008"),
    )
    assert lines_of(before, after) == [
        "• New: Crying",
        "• Changed: What private fostering is (answer)",
        "• New: Floor",
        "• New: Bedroom",
        "• No longer there: Bedroom",
        "• Changed: Smalltown front door (numbers)",
    ]


def test_a_change_says_which_fields_in_the_words_of_a_reader(read):
    more = "for: {police: Ring first.}\n    confirm_locally: The number.\n    kind: signpost\n    steps: [Ring.]"
    (line,) = lines_of(read(), read(("private-fostering", "for: {police: Use your own form as well.}", more)))
    what, _, fields = line.removesuffix(")").partition(" (")
    assert what == "• Changed: What private fostering is"
    assert sorted(fields.split(", ")) == ["kind", "steps", "the lines for agencies", "what to confirm"]


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("private-fostering", "meaning of private fostering", "private fostering explained"),
        ("private-fostering", "    answer: A grandp", "    never: [foster carers]\n    answer: A grandp"),
        ("private-fostering", "    answer: A grandp", "    related: [safer-sleep.room]\n    answer: A grandp"),
        ("private-fostering", "    answer: A grandp", "    review_by: 2027-01-01\n    answer: A grandp"),
        ("private-fostering", "title: Private fostering", "title: Private fostering\nowner: The board"),
        ("partnership", "High School", "The High School"),
        ("partnership", "[front-door, duty-team]", "[duty-team]"),
        ("partnership", "name: S", "topics: [safer-sleep]\nname: S"),
        ("safer-sleep", "title: Safer sleep", "title: Babies asleep"),
        ("glossary", "private fostering", "pro forma"),
        ("to-confirm", "Who answers.", "Who answers at night."),
        ("partnership", "name: S", "# A comment.\nname: S"),
    ],
)
def test_where_only_what_no_practitioner_reads_changed_there_are_no_news(read, smalltown, name, old, new):
    (smalltown / "glossary.yaml").write_text("glossary: {PF: [private fostering]}\n")
    (smalltown / "to-confirm.yaml").write_text("to_confirm: [{id: lado, text: Who answers.}]\n")
    assert news(read(), read((name, old, new)), URL) is None


def test_of_an_entry_whose_phrases_changed_too_only_what_is_read_is_named(read):
    after = read(("private-fostering", "28 days", "4 weeks"), ("private-fostering", "who is pri", "who was pri"))
    edit_back = ("private-fostering", "4 weeks", "28 days")
    before = read(edit_back, ("private-fostering", "who was pri", "who is pri"))
    assert lines_of(before, after) == ["• Changed: What private fostering is (answer)"]


def test_what_is_approved_is_marked_and_what_is_only_approved_now_is_said_so(read):
    draft = read()
    approved = read(("safer-sleep", "    title: Bedroom", f"    title: Bedroom\n    {APPROVED}"))
    assert lines_of(draft, approved) == ["• Approved: Bedroom"]
    assert lines_of(draft, approved, URL) == [f"• Approved: Bedroom {URL}/guidance/safer-sleep.room"]
    changed = read(("safer-sleep", "six months", "a year"))
    assert lines_of(approved, changed) == ["• Changed: Bedroom (approved) (answer)"]
    assert lines_of(draft, changed) == ["• Changed: Bedroom (approved) (answer)"]


def test_an_approval_that_was_taken_back_is_not_said_to_be_given(read):
    draft = read()
    approved = read(("safer-sleep", "    title: Bedroom", f"    title: Bedroom\n    {APPROVED}"))
    assert "Approved" not in (news(approved, draft, None) or "")


def test_where_nothing_is_draft_nothing_is_said_of_drafts(read, smalltown):
    (smalltown / "safer-sleep.yaml").unlink()
    edit(smalltown / "private-fostering.yaml", "    answer: A ", f"    {APPROVED}\n    answer: A ")
    before, after = read(), read(("private-fostering", "28 days", "four weeks"))
    assert news(before, after, None).splitlines() == [
        "The guidance changed.",
        "• Changed: What private fostering is (approved) (answer)",
    ]


def test_links_lead_to_entries_that_are_there_and_to_nothing_else(read):
    before = read()
    after = read(
        ("private-fostering", "28 days", "four weeks"),
        ("safer-sleep", "id: room", "id: own-room"),
        ("contacts", "01632 960001", "01632 960008"),
    )
    assert lines_of(before, after, URL) == [
        f"• Changed: What private fostering is (answer) {URL}/guidance/private-fostering.definition",
        f"• New: Bedroom {URL}/guidance/safer-sleep.own-room",
        "• No longer there: Bedroom",
        "• Changed: Smalltown front door (numbers)",
    ]


@pytest.mark.parametrize(
    ("count", "url", "last"),
    [
        (LONGEST_NEWS, None, "• New: Number 20"),
        (LONGEST_NEWS + 1, None, "and 1 more"),
        (LONGEST_NEWS + 30, None, "and 30 more"),
        (LONGEST_NEWS + 1, URL, f"and 1 more: {URL}/guidance"),
    ],
)
def test_of_many_changes_the_first_twenty_are_named_and_the_others_counted(read, smalltown, count, url, last):
    before = read()
    entries = "".join(f"  - {{id: n-{i:02}, title: Number {i}, answer: Yes.}}\n" for i in range(1, count + 1))
    (smalltown / "icon.yaml").write_text(f"topic: icon\ntitle: ICON\nentries:\n{entries}")
    lines = lines_of(before, read(), url)
    assert len([line for line in lines if line.startswith("• New: Number")]) == min(count, LONGEST_NEWS)
    assert len(lines) == min(count, LONGEST_NEWS + 1)
    assert lines[-1] == last


# News, when a version comes into use


@pytest.fixture
def told(smalltown, path):
    """Settings of a bot that tells its news and its faults."""

    def settings(**more):
        environment = {
            "PARTNERSHIP": "smalltown",
            "KNOWLEDGE_DIR": str(smalltown.parent),
            "DATABASE_URL": f"sqlite:///{path}",
            "SLACK_BOT_TOKEN": "xoxb-test",
            "SLACK_SIGNING_SECRET": SECRET,
            "NEWS_CHANNEL": CHANNEL,
            "MANAGERS": f"{ANN} {BEN}",
            **more,
        }
        return read_settings(environment, path.parent / "no.env")

    return settings


@pytest.fixture
def bulletin(store, told, clock):
    return Bulletin(store, told(), clock)


@pytest.fixture
def states(read):
    """Three states of the knowledge: A, B and C."""
    return (
        read(),
        read(("safer-sleep", "six months", "seven months")),
        read(("safer-sleep", "seven months", "eight months")),
    )


def waiting(path):
    """Channel, recipient and message of all that was queued."""
    with closing(connect(path)) as connection:
        rows = connection.execute("SELECT channel, recipient, message FROM outbox ORDER BY created, rowid")
        return [tuple(row) for row in rows]


def in_use(path):
    with closing(connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT version FROM knowledge_in_use ORDER BY since, rowid")]


def come_into_use(bulletin, clock, *states):
    for state in states:
        clock.on(minutes=1)
        bulletin.in_use(state)


def test_the_first_version_is_kept_and_no_news(bulletin, clock, path, states):
    come_into_use(bulletin, clock, states[0])
    assert (in_use(path), waiting(path)) == ([states[0].version], [])


def test_another_version_is_news_once_for_the_news_channel(bulletin, clock, path, states):
    a, b, _ = states
    come_into_use(bulletin, clock, a, b, b)
    assert waiting(path) == [("slack", CHANNEL, f"{DRAFT}\n• Changed: Bedroom (answer)")]
    assert in_use(path) == [a.version, b.version]


def test_a_start_with_the_version_that_was_in_use_is_no_news_and_one_with_another_is(
    store, told, clock, path, states
):
    a, b, _ = states
    come_into_use(Bulletin(store, told(), clock), clock, a)
    come_into_use(Bulletin(store, told(), clock), clock, a)
    assert waiting(path) == []
    come_into_use(Bulletin(store, told(PUBLIC_URL=URL), clock), clock, b)
    ((_, _, message),) = waiting(path)
    assert message.endswith(f"• Changed: Bedroom (answer) {URL}/guidance/safer-sleep.room")


def test_a_version_that_comes_back_is_news_again(bulletin, clock, path, states):
    a, b, _ = states
    come_into_use(bulletin, clock, a, b, a)
    assert len(waiting(path)) == 2
    assert in_use(path) == [a.version, b.version, a.version]


def test_without_a_news_channel_each_version_is_kept_and_nothing_told(store, told, clock, path, states):
    come_into_use(Bulletin(store, told(NEWS_CHANNEL=""), clock), clock, *states)
    assert (len(in_use(path)), waiting(path)) == (3, [])


def test_a_version_with_nothing_to_read_anew_is_kept_and_nothing_told(bulletin, clock, path, read):
    before, after = read(), read(("private-fostering", "meaning of private fostering", "private fostering explained"))
    come_into_use(bulletin, clock, before, after)
    assert (in_use(path), waiting(path)) == ([before.version, after.version], [])


def test_news_are_queued_in_the_transaction_that_keeps_the_version_or_neither(bulletin, clock, path, states, caplog):
    a, b, _ = states
    come_into_use(bulletin, clock, a)
    with closing(connect(path)) as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'no room for zebedeeville'); END"
        )
        come_into_use(bulletin, clock, b)
        assert (in_use(path), waiting(path)) == ([a.version], [])
        connection.execute("DROP TRIGGER full")
    assert "a change of the knowledge could not be kept: IntegrityError at " in caplog.text
    assert "zebedeeville" not in caplog.text
    come_into_use(bulletin, clock, b)
    assert (in_use(path), len(waiting(path))) == ([a.version, b.version], 1)


def test_after_a_version_that_another_release_kept_the_next_one_is_kept_without_news(
    bulletin, clock, path, states, caplog
):
    a, b, c = states
    come_into_use(bulletin, clock, a)
    with closing(connect(path)) as connection:
        connection.execute("UPDATE knowledge_versions SET content = '{}'")
    come_into_use(bulletin, clock, b)
    assert (in_use(path), waiting(path)) == ([a.version, b.version], [])
    assert "what changed cannot be told" in caplog.text
    come_into_use(bulletin, clock, c)
    assert len(waiting(path)) == 1


def test_a_question_that_was_answered_and_recorded_a_moment_earlier_costs_no_news(
    bulletin, store, clock, path, states
):
    """The new guidance answers before the bulletin hears of it; so does `app.py ask` while the server is down."""
    a, b, _ = states
    come_into_use(bulletin, clock, a)
    clock.on(minutes=1)
    store.submit(lambda tx: versions.use(tx, b, clock())).result(10)
    come_into_use(bulletin, clock, b)
    assert [recipient for _, recipient, _ in waiting(path)] == [CHANNEL]


# Faults, for managers


def test_each_manager_is_told_once_of_a_broken_state(bulletin, clock, path):
    for _ in range(3):
        clock.on(minutes=1)
        bulletin.faults(FAULTS)
    assert [(channel, recipient) for channel, recipient, _ in waiting(path)] == [("slack", ANN), ("slack", BEN)]
    assert {message for *_, message in waiting(path)} == {fault_notice(FAULTS)}


def test_a_restart_with_the_same_faults_tells_nobody_again_and_with_others_it_does(store, told, clock, path):
    for faults in (FAULTS, FAULTS, FAULTS[:1]):
        clock.on(minutes=1)
        Bulletin(store, told(), clock).faults(faults)
    assert [message for _, recipient, message in waiting(path) if recipient == ANN] == [
        fault_notice(FAULTS),
        fault_notice(FAULTS[:1]),
    ]


def test_when_the_files_are_whole_again_each_manager_is_told_that(bulletin, clock, path):
    bulletin.faults(FAULTS)
    clock.on(minutes=1)
    bulletin.faults(())
    assert [message for _, recipient, message in waiting(path) if recipient == BEN] == [
        fault_notice(FAULTS),
        "The guidance files can be used again. What was saved counts from now on.",
    ]


def test_the_same_fault_is_told_again_after_it_was_said_to_be_put_right(bulletin, clock, path):
    for faults in (FAULTS, (), FAULTS):
        clock.on(minutes=1)
        bulletin.faults(faults)
    assert [message for _, recipient, message in waiting(path) if recipient == ANN] == [
        fault_notice(FAULTS),
        fault_notice(()),
        fault_notice(FAULTS),
    ]


def test_where_nothing_was_told_of_a_fault_whole_files_are_told_to_nobody(bulletin, clock, path):
    bulletin.faults(())
    assert waiting(path) == []
    for faults in (FAULTS, FAULTS[:1], (), (), ()):
        clock.on(minutes=1)
        bulletin.faults(faults)
    assert [message for _, recipient, message in waiting(path) if recipient == ANN] == [
        fault_notice(FAULTS),
        fault_notice(FAULTS[:1]),
        fault_notice(()),
    ]


def test_a_fault_of_many_days_is_told_once_and_its_end_too(store, told, clock, path):
    """Claims are forgotten after a week, but for those of a state that lasts."""
    Bulletin(store, told(), clock).faults(FAULTS)
    clock.on(days=30)
    store.submit(lambda tx: claims.forget_old(tx, clock())).result(10)
    Bulletin(store, told(), clock).faults(FAULTS)
    Bulletin(store, told(), clock).faults(())
    assert [message for _, recipient, message in waiting(path) if recipient == ANN] == [
        fault_notice(FAULTS),
        fault_notice(()),
    ]


def test_an_end_of_faults_releases_no_other_claim(store, bulletin, clock):
    store.submit(lambda tx: claims.claim(tx, "event:1", clock())).result(10)
    bulletin.faults(FAULTS)
    bulletin.faults(())
    with store.reading() as tx:
        assert [found["key"] for found in tx.all("SELECT key FROM claims")] == ["event:1"]


@pytest.mark.parametrize(
    "more",
    [{"MANAGERS": ""}, {"SLACK_BOT_TOKEN": "", "SLACK_SIGNING_SECRET": "", "NEWS_CHANNEL": ""}],
    ids=["no managers", "no Slack"],
)
def test_where_there_is_nobody_to_tell_or_no_way_nothing_is_queued(store, told, clock, path, more):
    bulletin = Bulletin(store, told(**more), clock)
    bulletin.faults(FAULTS)
    bulletin.faults(())
    assert waiting(path) == []


@pytest.mark.parametrize(("count", "more"), [(1, None), (2, "There are 1 more"), (40, "There are 39 more")])
def test_the_notice_holds_the_first_fault_with_its_place_and_counts_the_others(count, more):
    text = fault_notice([f"smalltown/safer-sleep.yaml:{line}:1: is missing" for line in range(5, 5 + count)])
    assert "\nsmalltown/safer-sleep.yaml:5:1: is missing" in text
    assert re.findall(r"There are \d+ more", text) == ([more] if more else [])
    assert "safer-sleep.yaml:6" not in text


# From the files to the outbox


@pytest.fixture
def start(smalltown, path, told, clock, store):
    """Start with what stands in the files, as the server does."""

    def starting():
        library = Library(smalltown.parent, "smalltown", path.parent, clock)
        bulletin = Bulletin(store, told(), clock)
        library.listener = bulletin.listener
        library.open(kept=bulletin.last_in_use)
        return library

    return starting


def looked_twice(library, clock):
    clock.on(minutes=1)
    return library.refresh() | library.refresh()


def test_what_is_saved_is_told_as_it_happens(start, clock, path, smalltown):
    library = start()
    sleep = smalltown / "safer-sleep.yaml"
    edit(sleep, "six months", "a year")
    looked_twice(library, clock)
    good = sleep.read_text()
    sleep.write_text("topic: [")
    looked_twice(library, clock)
    clock.on(minutes=1)
    restarted = start()
    assert restarted.version == library.version
    sleep.write_text(good)
    looked_twice(restarted, clock)
    assert [(recipient, message.partition(".")[0]) for _, recipient, message in waiting(path)] == [
        (CHANNEL, "The guidance changed"),
        (ANN, "The guidance files cannot be used as they were saved"),
        (BEN, "The guidance files cannot be used as they were saved"),
        (ANN, "The guidance files can be used again"),
        (BEN, "The guidance files can be used again"),
    ]
    assert "smalltown/safer-sleep.yaml:2:" in waiting(path)[1][2]
    assert "I go on answering from the version that was in use" in waiting(path)[1][2]


def test_managers_who_were_told_of_a_fault_hear_of_its_end_also_when_the_bot_was_down_meanwhile(
    start, clock, path, smalltown
):
    start()
    sleep = smalltown / "safer-sleep.yaml"
    good = sleep.read_text()
    sleep.write_text("topic: [")
    start()
    clock.on(minutes=1)
    sleep.write_text(good)
    start()
    start()
    told_ann = [message for _, recipient, message in waiting(path) if recipient == ANN]
    assert (len(told_ann), told_ann[-1]) == (2, fault_notice(()))


def test_where_there_is_nothing_to_go_on_answering_from_the_notice_says_what_is_given(start, path, smalltown):
    (smalltown / "safer-sleep.yaml").write_text("topic: [")
    library = start()
    assert library.guidance is None
    assert "where there was none, I only give the numbers to ring" in waiting(path)[0][2]


def test_a_database_that_fails_keeps_nothing_from_use(start, store, clock, smalltown, caplog):
    library = start()
    store.close()
    edit(smalltown / "safer-sleep.yaml", "six months", "a year")
    assert looked_twice(library, clock) is True
    assert "a year" in library.knowledge.entries["safer-sleep.room"].answer
    assert "a change of the knowledge could not be kept: Closed" in caplog.text


# Delivering


class Receiver:
    """Takes messages in a test's own way; what it took and what it was asked to take."""

    def __init__(self):
        self.taken, self.tried, self.refuses = [], [], {}

    async def send(self, waiting):
        recipient, message = waiting.recipient, waiting.message
        self.tried.append((recipient, message))
        if error := self.refuses.get(recipient):
            raise error
        self.taken.append((recipient, message))


@pytest.fixture
def receiver():
    return Receiver()


@pytest.fixture
def delivered(store, receiver, clock):
    """Deliver what is due; how many messages went through."""
    return lambda: asyncio.run(deliver(store, "slack", receiver.send, clock))


def queue(store, clock, *messages, recipient=CHANNEL, channel="slack"):
    def work(tx):
        for message in messages:
            outbox.queue(tx, channel, recipient, message, clock())

    store.submit(work).result(10)


def row(store, message="one"):
    with store.reading() as tx:
        return tx.one("SELECT * FROM outbox WHERE message = :message", message=message)


def test_messages_go_out_as_they_were_queued_whatever_the_clock_said_and_once(store, clock, delivered, receiver):
    queue(store, clock, "one", "two")
    clock.on(seconds=-1)
    queue(store, clock, "three")
    clock.on(seconds=1)
    assert delivered() == 3
    assert delivered() == 0
    assert receiver.taken == [(CHANNEL, "one"), (CHANNEL, "two"), (CHANNEL, "three")]
    assert (row(store)["delivered"], row(store)["attempts"]) == (utc(NOON), 0)


def test_a_message_of_another_channel_or_of_later_waits(store, clock, delivered, receiver):
    queue(store, clock, "by mail", channel="email")
    clock.on(seconds=1)
    queue(store, clock, "later")
    clock.on(seconds=-1)
    assert delivered() == 0
    clock.on(seconds=1, microseconds=-1)
    assert delivered() == 0
    clock.on(microseconds=1)
    assert delivered() == 1
    assert receiver.taken == [(CHANNEL, "later")]


def test_many_messages_go_out_in_several_turns(store, clock, delivered, receiver):
    queue(store, clock, *(str(number) for number in range(45)))
    assert [delivered() for _ in range(4)] == [20, 20, 5, 0]
    assert [message for _, message in receiver.taken] == [str(number) for number in range(45)]


def test_a_message_that_is_not_taken_keeps_no_other_recipient_waiting(store, clock, delivered, receiver):
    receiver.refuses[ANN] = NotSent("user_not_found")
    queue(store, clock, "one", recipient=ANN)
    queue(store, clock, "two")
    assert delivered() == 1
    assert receiver.taken == [(CHANNEL, "two")]


def test_a_later_message_does_not_overtake_an_earlier_one_to_the_same_recipient(store, clock, delivered, receiver):
    """ "It can be used again" before "it cannot be used" would leave a manager with the wrong one."""
    receiver.refuses[ANN] = NotSent("ratelimited")
    queue(store, clock, "it cannot be used", recipient=ANN)
    assert delivered() == 0
    receiver.refuses.clear()
    clock.on(seconds=1)
    queue(store, clock, "it can be used again", recipient=ANN)
    for _ in range(3):
        delivered()
        clock.on(minutes=1)
    assert [message for _, message in receiver.taken] == ["it cannot be used", "it can be used again"]


def test_a_message_that_waits_keeps_only_later_ones_to_its_recipient_waiting_until_it_is_given_up(
    store, clock, delivered, receiver, path
):
    receiver.refuses[ANN] = NotSent("user_disabled")
    queue(store, clock, "before", recipient=ANN)
    delivered()
    clock.on(seconds=1)
    receiver.refuses.clear()
    queue(store, clock, "after", recipient=ANN)
    queue(store, clock, "to another")
    assert delivered() == 1
    with closing(connect(path)) as connection:
        connection.execute("UPDATE outbox SET given_up = created WHERE message = 'before'")
    assert delivered() == 1
    assert receiver.taken == [(CHANNEL, "to another"), (ANN, "after")]


PAUSES = [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600, 3600, 3600]


def test_what_is_not_taken_is_tried_again_after_a_time_that_doubles_up_to_an_hour(store, clock, delivered, receiver):
    receiver.refuses[CHANNEL] = NotSent("not_in_channel")
    queue(store, clock, "one")
    for attempt, pause in enumerate(PAUSES, 1):
        assert delivered() == 0
        assert len(receiver.tried) == attempt
        assert (row(store)["attempts"], row(store)["last_error"]) == (attempt, "not_in_channel")
        clock.on(seconds=pause, microseconds=-1)
        delivered()
        assert len(receiver.tried) == attempt, f"tried again before {pause} s"
        clock.on(microseconds=1)
    receiver.refuses.clear()
    assert delivered() == 1
    assert receiver.taken == [(CHANNEL, "one")]


@pytest.mark.parametrize("pause", [timedelta(seconds=1), timedelta(minutes=2), timedelta(hours=5)])
def test_the_other_side_may_ask_for_a_pause_of_its_own(store, clock, delivered, receiver, pause):
    receiver.refuses[CHANNEL] = NotSent("ratelimited", pause)
    queue(store, clock, "one")
    delivered()
    receiver.refuses.clear()
    clock.on(seconds=pause.total_seconds(), microseconds=-1)
    assert delivered() == 0
    clock.on(microseconds=1)
    assert delivered() == 1


def test_after_sixty_attempts_in_a_little_over_two_days_a_message_is_given_up(store, clock, delivered, receiver):
    receiver.refuses[CHANNEL] = NotSent("channel_not_found")
    queue(store, clock, "one")
    for _ in range(GIVEN_UP_AFTER - 1):
        delivered()
        assert row(store)["given_up"] is None
        clock.now = datetime.fromisoformat(row(store)["due"])
    delivered()
    assert (row(store)["attempts"], row(store)["given_up"]) == (GIVEN_UP_AFTER, utc(clock()))
    assert timedelta(days=2) < clock() - NOON < timedelta(days=2, hours=12)
    clock.on(days=30)
    receiver.refuses.clear()
    assert delivered() == 0
    assert len(receiver.tried) == GIVEN_UP_AFTER
    with store.reading() as tx:
        (troubled,) = outbox.troubled(tx)
    assert (troubled["recipient"], troubled["last_error"]) == (CHANNEL, "channel_not_found")


def test_what_troubles_is_listed_with_what_was_given_up_first(store, clock, delivered, receiver, path):
    receiver.refuses[CHANNEL] = receiver.refuses[ANN] = NotSent("x")
    queue(store, clock, "young", recipient=ANN)
    queue(store, clock, "old")
    queue(store, clock, "untried", recipient=ANN, channel="email")
    queue(store, clock, "through", recipient=BEN)
    with closing(connect(path)) as connection:
        connection.execute("UPDATE outbox SET attempts = ? WHERE message = 'old'", (GIVEN_UP_AFTER - 1,))
    delivered()
    with store.reading() as tx:
        assert [(found["recipient"], found["given_up"]) for found in outbox.troubled(tx)] == [
            (CHANNEL, utc(NOON)),
            (ANN, None),
        ]


def test_a_message_that_was_sent_and_could_not_be_marked_is_sent_again(store, clock, delivered, receiver, path):
    queue(store, clock, "one")
    with closing(connect(path)) as connection:
        connection.execute("CREATE TRIGGER full BEFORE UPDATE ON outbox BEGIN SELECT RAISE(ABORT, 'no room'); END")
        with pytest.raises(sqlite3.IntegrityError):
            delivered()
        connection.execute("DROP TRIGGER full")
    assert delivered() == 1
    assert receiver.taken == [(CHANNEL, "one")] * 2


def test_the_log_says_the_kind_of_error_and_never_the_message(store, clock, delivered, receiver, caplog):
    receiver.refuses[CHANNEL] = NotSent("not_in_channel")
    queue(store, clock, "something of zebedeeville")
    delivered()
    assert "was not sent (not_in_channel), attempt 1" in caplog.text
    assert "zebedeeville" not in caplog.text


# Sending, to Slack


@pytest.fixture
def slack(stand_in, tmp_path, clock):
    library = Library(ROOT / "knowledge", "nowhere", tmp_path, clock)
    settings = SlackSettings("xoxb-test", SECRET, stand_in.api_url, frozenset())
    desk = Desk(library, None, clock)
    return Slack(desk, settings, records_of(desk))


def send(slack, recipient, message="The guidance changed."):
    asyncio.run(slack.delivery.send(Waiting("1", "slack", recipient, message, 0)))


def not_sent(slack, recipient=CHANNEL):
    with pytest.raises(NotSent) as caught:
        send(slack, recipient)
    return caught.value


def posted(stand_in):
    return [(call.channel, call.text) for call in stand_in.taken("chat.postMessage")]


@pytest.mark.parametrize("recipient", [CHANNEL, "G0NEWS", ANN, "W0ANN"])
def test_a_channel_or_a_person_gets_a_message_by_id(slack, stand_in, recipient):
    send(slack, recipient)
    assert posted(stand_in) == [(recipient, "The guidance changed.")]
    assert [call.method for call in stand_in.taken()] == ["chat.postMessage"]


def test_a_person_gets_a_message_by_e_mail_address(slack, stand_in):
    send(slack, "ann@council.example")
    assert [call.arguments["email"] for call in stand_in.taken("users.lookupByEmail")] == ["ann@council.example"]
    assert posted(stand_in) == [("U0ANN", "The guidance changed.")]


def test_an_address_that_begins_like_a_group_is_an_address(slack, stand_in):
    assert not_sent(slack, "Sam@council.example").kind == "users_not_found"
    assert stand_in.tried("usergroups.users.list") == []


def test_everybody_of_a_user_group_gets_a_message(slack, stand_in):
    send(slack, "S0LEADS")
    assert [call.arguments["usergroup"] for call in stand_in.taken("usergroups.users.list")] == ["S0LEADS"]
    assert posted(stand_in) == [("U0ANN", "The guidance changed."), ("U0BEN", "The guidance changed.")]


def test_one_of_a_group_who_cannot_be_reached_is_logged_and_costs_the_others_no_message(slack, stand_in, caplog):
    stand_in.plan("chat.postMessage", Refused("user_disabled"))
    send(slack, "S0LEADS")
    assert posted(stand_in) == [("U0BEN", "The guidance changed.")]
    assert "1 of 2 people of a group were not reached" in caplog.text


def test_a_group_of_whom_nobody_was_reached_was_not_told(slack, stand_in):
    stand_in.plan("chat.postMessage", Refused("user_disabled"), Refused("channel_not_found"))
    assert not_sent(slack, "S0LEADS").kind == "user_disabled"
    assert posted(stand_in) == []


def test_a_group_without_anybody_in_it_is_not_taken_for_told(slack):
    assert not_sent(slack, "S0EMPTY").kind == "nobody_in_the_group"


@pytest.mark.parametrize(
    ("recipient", "kind"), [("S0GONE", "no_such_subteam"), ("eve@council.example", "users_not_found")]
)
def test_nobody_there_is_said_in_slacks_word(slack, stand_in, recipient, kind):
    assert not_sent(slack, recipient).kind == kind
    assert posted(stand_in) == []


def test_a_refusal_is_said_in_slacks_word_and_asks_for_no_pause(slack, stand_in):
    stand_in.plan("chat.postMessage", Refused("not_in_channel"))
    refused = not_sent(slack)
    assert (refused.kind, refused.pause) == ("not_in_channel", None)


def test_a_rate_limit_is_left_to_the_outbox_at_once_so_that_nobody_else_waits_for_it(slack, stand_in):
    stand_in.plan("chat.postMessage", limited(120))
    limit = not_sent(slack)
    assert limit.kind
    assert limit.pause == timedelta(minutes=2)
    assert len(stand_in.tried("chat.postMessage")) == 1
    send(slack, CHANNEL)
    assert len(posted(stand_in)) == 1


@pytest.mark.parametrize(
    ("header", "pause"), [("120", timedelta(minutes=2)), ("soon", None), ("-1", None), ("", None)]
)
def test_the_pause_that_the_other_side_asks_for_is_handed_on(slack, stand_in, header, pause):
    stand_in.plan("chat.postMessage", *[Status(503, (("Retry-After", header),))] * 3)
    assert not_sent(slack).pause == pause


@pytest.mark.parametrize("status", [400, 404, 500, 502, 503])
def test_an_answer_that_is_not_slacks_is_an_error_with_a_name(slack, stand_in, status):
    stand_in.plan("chat.postMessage", *[Status(status)] * 3)
    assert not_sent(slack).kind not in ("", "None")


def test_no_answer_at_all_is_an_error_with_a_name(slack, stand_in):
    stand_in.down = True
    assert re.fullmatch(r"\w+Error", not_sent(slack).kind)


@pytest.mark.parametrize(
    "answer",
    [
        Status(200, (("Content-Type", "application/json"),)),
        Status(502, (("Content-Type", "application/json"),)),
        Status(503, (("Content-Type", "text/plain"),)),
        Status(429, (("Retry-After", "Fri, 20 Nov 2026 12:00:05 GMT"),)),
        Status(503, (("Retry-After", "9" * 30),)),
    ],
    ids=["no JSON", "no JSON, 502", "plain text", "a date to retry after", "a pause without end"],
)
def test_whatever_a_proxy_answers_the_message_is_not_sent_and_nothing_else_fails(slack, stand_in, answer):
    """Anything else that `send` raises would end the delivery of every message until the next start."""
    stand_in.plan("chat.postMessage", *[answer] * 4)
    assert not_sent(slack).kind


def test_a_message_is_shown_as_it_is_written_and_held_to_slacks_limits(slack, stand_in):
    send(slack, CHANNEL, "• Changed: <!channel> & <https://x.example|you>\n" + "• New: & <b>\n" * 900)
    ((_, text),) = posted(stand_in)
    assert "&lt;!channel&gt; &amp; " in text
    assert stand_in.faults == []


def test_news_of_the_entries_with_the_longest_titles_are_sent_whole(slack, stand_in, barnsley):
    knowledge = barnsley.knowledge
    longest = sorted(knowledge.entries, key=lambda name: len(knowledge.entries[name].title + name))[
        -LONGEST_NEWS - 9 :
    ]
    before = dataclasses.replace(
        knowledge, entries={name: entry for name, entry in knowledge.entries.items() if name not in longest}
    )
    text = news(before, knowledge, URL)
    send(slack, CHANNEL, text)
    (call,) = stand_in.taken("chat.postMessage")
    shown = "\n".join(block["text"]["text"] for block in call.blocks)
    assert shown.endswith(f"and 9 more: {URL}/guidance")


# All together


def test_what_waits_when_the_bot_starts_is_delivered_by_the_running_bot(start_bot, stand_in, path):
    migrate(path)
    with closing(Store(path)) as store:
        queue(store, lambda: NOON, "The guidance changed.")
        queue(store, lambda: NOON, "The guidance files can be used again.", recipient="S0LEADS")
    bot = start_bot()
    stand_in.wait_taken("chat.postMessage", 3)
    assert posted(stand_in) == [
        (CHANNEL, "The guidance changed."),
        ("U0ANN", "The guidance files can be used again."),
        ("U0BEN", "The guidance files can be used again."),
    ]
    bot.stop()
    assert [found["delivered"] is not None for found in bot.rows("SELECT delivered FROM outbox")] == [True, True]
