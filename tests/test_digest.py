"""What stands in the weekly digests, who may read which of it, and how it looks in chat, a terminal and a mail."""

import email
import email.policy
import json
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from slack_limits import faults_of_message
from slack_stand_in import Refused
from slack_workspace import ASKER, home_of
from ticketing import AUDIT_KEY, TOWN, office_in, town

import app
from bot.answering.guidance import Guidance
from bot.config import ROOT
from bot.digests import Edition, Recipients, edition
from bot.knowledge.checks import check
from bot.knowledge.loading import layers_of, load
from bot.reporting.digest import Audience, Digest
from bot.reporting.figures import Figures, Scope
from bot.reporting.managers import OPEN_LISTED, QUIET
from bot.reporting.measures import MEASURED
from bot.reporting.periods import week
from bot.reporting.practitioners import FEWEST, first_sentences
from bot.storage import versions
from bot.storage.database import connect
from bot.tickets.ticket import Kind
from handlers import digest_text
from handlers.mail import digest_mail
from handlers.slack import digest_views

LONDON = ZoneInfo("Europe/London")
ENGLAND = ROOT / "knowledge" / "england"
MANAGERS, CHANNEL, NEWS = ("U0ANN", "U0BEN"), "C0DIGEST", "C0NEWS"
DIRECTLY = Recipients(MANAGERS, None, NEWS, "https://guidance.example.org")
IN_CHANNEL = Recipients(MANAGERS, CHANNEL, NEWS, "https://guidance.example.org")
ASKED, MISSED = "what is private fostering", "who counts as a close relative"
UNKNOWN = "quantum chromodynamics for bishops"
BEFORE, IN_THE_WEEK = (datetime(2026, 4, day, 10, tzinfo=UTC) for day in (14, 21))
MONDAY = datetime(2026, 4, 27, 8, 0, tzinfo=UTC)  # 9:00 in London
CONFIRMED = {
    "policy": "name: Resolution policy\ntimescales_confirmed: true\n",
    "feedback": "answered_by: social-care\ntimescales_confirmed: true\n",
}
LATE_WORDS = ("overdue", " late", " due", "Due ")


@pytest.fixture
def start(smalltown, tmp_path):
    """Starts the office of the small town; what is still open is closed afterwards."""
    started = []

    def starting(recipients=DIRECTLY, **policies):
        data = tmp_path / f"data{len(started)}"
        started.append(office_in(smalltown, ENGLAND, data, managers=MANAGERS, recipients=recipients, **policies))
        return started[-1]

    yield starting
    for office in started:
        office.close()


def ask(office, text, times=1, *, helpful=None, danger=False):
    for number in range(times):
        answered = office.desk.answer(text, channel="slack", asker=f"{text}{number}", emergency=danger)
        office.run(office.desk.record(answered))
        if helpful is not None:
            office.run(office.desk.judge(answered.question.id, helpful=helpful))


def two_weeks(office):
    """A week and the one before it; the clock stands on the Monday after them."""
    office.now = BEFORE
    ask(office, ASKED, 2, helpful=True)
    office.raise_(reason="referral-criteria")
    office.deliver()  # so that they are told
    office.now = IN_THE_WEEK
    ask(office, ASKED, 6)
    ask(office, MISSED, helpful=False)
    ask(office, UNKNOWN, 3)
    ask(office, ASKED, danger=True)
    office.raise_(receiving="gp")
    office.ask(day="2026-04-20")
    office.move(Kind.ACKNOWLEDGED, office.council_lead)
    office.move(Kind.WITHDRAWN, office.teacher, why="They agree now.")
    office.now = MONDAY


def digest_of(office, audience=Audience.MANAGERS, *, named="2026-W17", private=True):
    zone = ZoneInfo(office.library.knowledge.partnership.time_zone)
    year, number = map(int, named.split("-W"))
    one = edition(audience, week(date.fromisocalendar(year, number, 1), zone))
    return office.run(office.records.digests.made(one, private=private))


def queued(office):
    """Recipient -> the digest that waits for them."""
    rows = office.rows("SELECT recipient, message FROM outbox WHERE kind = 'digest'")
    return {row["recipient"]: Digest.from_json(row["message"]) for row in rows}


def text_of(digest, *, quoting=True):
    return "\n".join(digest_text.lines(digest, quoting=quoting))


def part(digest, beginning):
    """The lines of the part whose heading begins so; none where there is no such part."""
    return next((part.lines for part in digest.parts if part.heading.startswith(beginning)), ())


# For managers


def test_the_week_stands_beside_the_week_before(start):
    office = start()
    two_weeks(office)
    found = {one.name: (one.shown(one.now), one.shown(one.before)) for one in digest_of(office).measures}
    assert found == {
        "Questions": ("11", "2"),
        "Answered with an entry": ("8", "2"),
        "Without guidance": ("3", "0"),
        "Emergency card shown": ("1", "0"),
        "Answers that helped, of those judged": ("0%", "100%"),
        "Escalations raised": ("1", "1"),
        "Of these acknowledged by now": ("0", "1"),
        "Of these closed by now": ("0", "1"),
        "MASH feedback asked for": ("1", "0"),
        "Of these answered by now": ("0", "0"),
        "Office hours to the answer, median": ("–", "–"),
        "Calls without an adequate answer": ("0", "0"),
        "Other short records": ("0", "0"),
    }


def test_each_figure_is_the_one_that_pages_and_reports_show(start):
    office = start()
    two_weeks(office)
    digest = digest_of(office)
    with office.store.reading() as tx:
        for monday, value in ((date(2026, 4, 20), "now"), (date(2026, 4, 13), "before")):
            figures = Figures(tx, Scope(week(monday, LONDON)), office.library.knowledge, office.now)
            assert [getattr(one, value) for one in digest.measures] == [one.count(figures) for one in MEASURED]
        assert digest.measures[0].now == figures.questions_by_channel().total("questions") + 9


def test_what_could_not_be_answered_is_quoted_to_each_manager_alone_and_counted_in_a_channel(start):
    office = start()
    two_weeks(office)
    office.tick()
    told = queued(office)
    assert set(told) == {*MANAGERS, NEWS}
    for manager in MANAGERS:
        quoted = part(told[manager], "What could not be answered, or not well: 4")
        assert f"“{UNKNOWN}” (3 times)" in quoted
        assert f"“{MISSED}”" in quoted
    in_channel = digest_of(office, private=False)
    (said,) = part(in_channel, "What could not be answered, or not well: 4")
    assert "https://guidance.example.org/review" in said


@pytest.mark.parametrize("policies", [{}, CONFIRMED], ids=["provisional", "confirmed"])
def test_nothing_that_anybody_typed_is_in_a_channel_a_notification_or_a_mail(start, policies):
    office = start(IN_CHANNEL, **policies)
    two_weeks(office)
    office.tick()
    assert set(queued(office)) == {CHANNEL, NEWS}
    typed = [UNKNOWN, "turned down", "sees the child", "They agree now", MISSED.removesuffix("relative")]
    private = digest_of(office)
    shown = [
        *(json.dumps(digest_views.digest(made).as_arguments()) for made in queued(office).values()),
        digest_views.digest(private).text,
        digest_mail.message(private, None).decode(),
        text_of(private, quoting=False),
    ]
    for text in shown:
        for words in typed:
            assert words not in text


def test_while_timescales_are_not_confirmed_a_date_is_suggested_and_nothing_is_due_or_late(start):
    office = start()
    two_weeks(office)
    office.raise_(receiving="social-care")
    office.deliver()
    said = text_of(digest_of(office))
    assert "ESC-2026-0003: High School to Smalltown Council. Stage 1" in "".join(part(digest_of(office), "Its date"))
    assert "Suggested by Tuesday 28 April 2026 (provisional)." in said
    assert "Was expected by Tuesday 21 April 2026 (provisional)." in said
    office.now = datetime(2026, 4, 28, 23, 0, tzinfo=UTC)  # midnight in London
    said = text_of(digest_of(office))
    assert "Was suggested by Tuesday 28 April 2026 (provisional)." in said
    for words in LATE_WORDS:
        assert words not in said


def test_once_timescales_are_confirmed_a_date_is_due(start):
    office = start(**CONFIRMED)
    two_weeks(office)
    office.raise_(receiving="social-care")
    office.deliver()
    digest = digest_of(office)
    assert any("Due by Tuesday 28 April 2026." in line for line in part(digest, "Its date comes"))
    assert any("Was due by Tuesday 21 April 2026." in line for line in part(digest, "Past its date"))
    assert "provisional" not in text_of(digest)


def test_every_open_ticket_past_its_date_untold_or_silent_is_named_once(start):
    office = start()
    two_weeks(office)
    office.now = datetime(2026, 4, 28, 9, 0, tzinfo=UTC)  # five working days after the week's Tuesday
    office.tick()
    digest = digest_of(office)
    (expected,) = part(digest, "Past its date: 1")
    assert expected.startswith("MASH-2026-0001: High School to the MASH. Asked, no answer yet.")
    assert expected.endswith("Nothing was recorded since Tuesday 21 April 2026.")
    (untold,) = part(digest, "Nothing moves: 1")
    assert untold.startswith("ESC-2026-0002: High School to Green Surgery. Stage 1")
    assert "NOT YET TOLD. Whose move: High School." in untold
    assert part(digest, "Open now") == (
        "Escalations: 1 (2 to 5 working days).",
        "Feedback requests: 1 (2 to 5 working days).",
    )
    assert part(digest, "Closed in the week") == ("ESC-2026-0001: High School to Smalltown Council. Withdrawn.",)


def test_a_reading_or_a_reminder_is_no_movement(start):
    office = start()
    office.now = BEFORE
    office.raise_()
    office.deliver()
    office.now = MONDAY
    office.look(office.manager)
    office.tick()
    assert "Nothing was recorded since Tuesday 14 April 2026." in text_of(digest_of(office))


def test_a_week_without_anything_is_all_quiet(start):
    office = start()
    office.now = MONDAY
    digest = digest_of(office)
    assert (digest.lead, digest.measures) == (QUIET, ())
    assert {part.heading for part in digest.parts} == {"Guidance", "More"}
    office.now = IN_THE_WEEK
    ask(office, ASKED)
    office.now = MONDAY
    assert digest_of(office).lead.startswith(
        "1 question (0 the week before), 0 without guidance. 0 escalations raised"
    )
    assert digest_of(office, named="2026-W16").lead == QUIET
    after = digest_of(office, named="2026-W18")
    assert (after.lead, after.measures[0].before) == (QUIET, 1)


def test_what_is_still_open_makes_a_week_loud_in_which_nothing_happened(start):
    office = start()
    two_weeks(office)
    assert digest_of(office, named="2026-W20").lead != QUIET


def test_guidance_to_be_reviewed_is_named_and_drafts_are_counted(start, smalltown):
    file = smalltown / "safer-sleep.yaml"
    file.write_text(
        file.read_text("utf-8").replace("    title: Position\n", "    title: Position\n    review_by: 2026-04-26\n")
    )
    office = start()
    office.now = MONDAY - timedelta(days=1)
    assert part(digest_of(office), "Guidance") == ("5 of 5 entries are still draft.",)
    office.now = MONDAY
    reviewed, drafts = part(digest_of(office), "Guidance")
    assert reviewed == "1 entry to be reviewed by now: Position."
    assert drafts == "5 of 5 entries are still draft."


def test_messages_that_did_not_get_through_are_counted(start):
    office = start()
    office.now = BEFORE
    office.raise_()
    office.deliver(refuse=("U0TEAM",))
    office.now = MONDAY
    assert part(digest_of(office), "Delivery") == ("1 message did not get through, 0 given up: see `app.py doctor`.",)


# For practitioners


def plan(smalltown, *weeks):
    lines = "".join(f"  - {{week: {name}, entry: {entry}}}\n" for name, entry in weeks)
    (smalltown / "partnership.yaml").write_text(f"{TOWN}entries_of_the_week:\n{lines}", "utf-8")


def entry_of(office, named="2026-W18"):
    return digest_of(office, Audience.PRACTITIONERS, named=named).entry


def test_the_entry_of_the_week_is_the_planned_one_of_the_week_in_which_it_goes_out(start, smalltown):
    office = start()
    plan(smalltown, ("2026-W18", "safer-sleep.room"), ("2026-W19", "safer-sleep.gone"))
    assert office.library.refresh() or office.library.refresh(), office.library.faults
    two_weeks(office)
    digest = digest_of(office, Audience.PRACTITIONERS, named="2026-W18")
    assert digest.title == "Safeguarding guidance: week 2026-W18 (27 April 2026 to 3 May 2026)"
    assert digest.entry == "safer-sleep.room"
    assert part(digest, "Entry of the week: Bedroom") == (
        "Draft, not yet approved by the Smalltown Safeguarding Children Partnership.",
        "In your room for six months.",
        "All of it: ask me “Bedroom”, or read it at https://guidance.example.org/guidance/safer-sleep.room.",
    )
    office.tick()
    assert queued(office)[NEWS] == digest
    assert entry_of(office, "2026-W19") in office.library.knowledge.entries, "what is gone is not shown"


def test_without_a_plan_it_is_what_was_asked_most_and_of_few_questions_nothing_is_told(start):
    office = start()
    office.now = IN_THE_WEEK
    ask(office, MISSED, FEWEST - 1)
    turns = {entry_of(office, f"2026-W{number}") for number in range(20, 25)}
    assert len(turns) == 5, "each in its turn"
    ask(office, MISSED)
    assert entry_of(office) == "private-fostering.close-relative"
    ask(office, ASKED, FEWEST)
    assert entry_of(office) == "private-fostering.close-relative"
    ask(office, ASKED)
    assert entry_of(office) == "private-fostering.definition"
    assert entry_of(office, "2026-W19") == entry_of(office, "2026-W19")


def test_where_nothing_was_answered_it_is_what_people_missed(start):
    office = start()
    office.now = IN_THE_WEEK
    ask(office, UNKNOWN, FEWEST)
    assert [row["status"] for row in office.rows("SELECT DISTINCT status FROM questions")] == ["no_guidance"]
    nearest = office.library.guidance.matcher.rank(UNKNOWN).candidates[0].entry_id
    assert entry_of(office) == nearest


def test_what_changed_since_the_last_digest_is_told_once(start, smalltown):
    office = start()
    file = smalltown / "safer-sleep.yaml"
    first = office.library.knowledge
    file.write_text(file.read_text("utf-8").replace("In your room", "Beside your bed"), "utf-8")
    second = load(layers_of(smalltown.parent, "smalltown"))

    def changed(named):
        return part(digest_of(office, Audience.PRACTITIONERS, named=named), "What changed")

    for knowledge, at in ((first, BEFORE), (second, MONDAY)):
        office.store.submit(lambda tx, knowledge=knowledge, at=at: versions.use(tx, knowledge, at)).result()
    office.now = MONDAY + timedelta(days=30)
    assert [changed(f"2026-W{number}") for number in (17, 18, 20)] == [()] * 3
    head, line = changed("2026-W19")
    assert head.startswith("The guidance changed.")
    assert line == "Changed: Bedroom (answer) https://guidance.example.org/guidance/safer-sleep.room"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("**Ring** the [front door](https://x.org). Then wait.", "Ring the front door (https://x.org). Then wait."),
        ("One. " + "word " * 76 + "end. Four......", "One. " + "word " * 76 + "end. Four......"),
        ("One. " + "word " * 76 + "end. Four.......", "One. " + "word " * 76 + "end."),
        ("word " * 100, ("word " * 100)[:400] + "…"),
        ("- First\n- second", "• First • second"),
    ],
)
def test_the_beginning_of_an_entry_ends_with_a_whole_sentence(answer, said):
    assert first_sentences(answer) == said


# When


@pytest.mark.parametrize(
    ("audience", "named"), [(Audience.MANAGERS, "2026-W52"), (Audience.PRACTITIONERS, "2026-W53")]
)
def test_an_edition_is_named_by_the_week_that_its_readers_think_of(audience, named):
    one = Edition(audience, week(date(2026, 12, 28), LONDON))
    assert (one.week.name, one.told.name) == (named, "2026-W52")
    assert edition(audience, one.week) == one


def test_a_plan_that_names_what_there_is_not_is_a_fault_with_its_place(smalltown):
    town(smalltown, ENGLAND)
    plan(smalltown, ("2026-W46", "safer-sleep.room"), ("2026-W46", "safer-sleep.gone"))
    found = [str(fault) for fault in check(smalltown).faults if "entries_of_the_week" in str(fault)]
    line = TOWN.count("\n") + 3
    assert found == [
        f"smalltown/partnership.yaml:{line}:6: entries_of_the_week.1.week: 2026-W46 stands twice",
        f"smalltown/partnership.yaml:{line}:22: entries_of_the_week.1.entry: safer-sleep.gone: no such entry",
    ]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("digest: {day: monday}", "digest.day: "),
        ("digest: {time: 9am}", "digest.time: '9am' is not in the form that is needed here"),
        ("entries_of_the_week: [{week: 2026-46, entry: a.b}]", "week: '2026-46' is not in the form"),
        ("entries_of_the_week: [{week: 2027-W53, entry: a.b}]", "2027-W53: that year has no such week"),
    ],
)
def test_a_day_a_time_or_a_week_that_there_is_not_is_a_fault(smalltown, line, says):
    (smalltown / "partnership.yaml").write_text(f"{TOWN}{line}\n", "utf-8")
    assert any(says in str(fault) for fault in check(smalltown).faults)


# In Slack


@pytest.fixture
def bot(start_bot, smalltown):
    guidance = Guidance.of(load(layers_of(town(smalltown, ENGLAND).parent, "smalltown")))
    bot = start_bot(guidance, managers=MANAGERS)
    bot.records.digests.recipients = Recipients(MANAGERS, None, NEWS)  # once the clockwork has looked at November
    bot.now = IN_THE_WEEK
    for number in range(FEWEST):
        bot.direct(ASKED, user=f"U0P{number}")
        bot.settle()
    bot.direct(UNKNOWN)
    bot.settle()
    bot.slack.calls.clear()
    bot.now = MONDAY
    return bot


def posts_to(bot, recipient):
    return [sent for sent in bot.slack.taken("chat.postMessage") if sent.channel == recipient]


def test_managers_get_a_chart_and_a_table_and_practitioners_an_entry_to_open(bot):
    bot.tick()
    bot.until_delivered()
    for manager in MANAGERS:
        (sent,) = posts_to(bot, manager)
        by_type = {block["type"]: block for block in sent.blocks}
        cells = [[cell["text"] for cell in row] for row in by_type["data_table"]["rows"]]
        assert cells[:2] == [["Figure", "The week", "The week before"], ["Questions", "6", "0"]]
        before, now = by_type["data_visualization"]["chart"]["series"]
        assert (now["data"][0], before["data"][0]["value"]) == ({"label": "Questions", "value": 6}, 0)
        assert "Questions: 6 (the week before: 0)" in sent.text
        assert UNKNOWN in sent.shown
        assert UNKNOWN not in sent.text
    (sent,) = posts_to(bot, NEWS)
    assert UNKNOWN not in sent.shown
    bot.press(sent, "Open the entry")
    opened = bot.slack.wait_taken("chat.postMessage", 4)[-1]
    assert "A child lives with somebody who is no close relative" in opened.shown


def test_where_slack_takes_no_chart_the_figures_come_in_words(bot):
    bot.slack.plan("chat.postMessage", Refused("invalid_blocks"))
    bot.tick()
    bot.until_delivered()
    (sent,) = posts_to(bot, MANAGERS[0])
    assert {block["type"] for block in sent.blocks} == {"header", "section", "context"}
    assert any("Questions: 6 (the week before: 0)" in str(block) for block in sent.blocks)


def test_a_digest_is_sent_as_it_was_made_and_nothing_of_it_is_kept_afterwards(bot):
    bot.slack.plan("chat.postMessage", *[Refused("fatal_error")] * 3)
    bot.tick()
    bot.slack.wait_tried("chat.postMessage", 3)
    (kept,) = bot.rows("SELECT message FROM outbox WHERE recipient = ?", MANAGERS[0])
    wanted = digest_views.digest(Digest.from_json(kept["message"]))
    bot.direct(ASKED)
    bot.now += timedelta(hours=1)
    bot.until_delivered()
    (sent,) = posts_to(bot, MANAGERS[0])
    assert (sent.text, sent.blocks) == (wanted.text, wanted.blocks)
    assert {row["message"] for row in bot.rows("SELECT message FROM outbox WHERE kind = 'digest'")} == {""}


def test_a_manager_gets_a_copy_at_once_which_does_not_count_as_the_weeks(bot):
    home = home_of(bot, user=MANAGERS[0])
    assert home.buttons["Send the digest now"]["confirm"]["confirm"]["text"] == "Send"
    for _ in range(2):
        bot.on_home(home, home.buttons["Send the digest now"] | {"action_ts": "1777277000.1"}, user=MANAGERS[0])
    bot.settle()
    bot.until_delivered()
    (copy,) = posts_to(bot, MANAGERS[0])
    assert "week 2026-W17" in copy.text
    assert UNKNOWN in copy.shown
    assert posts_to(bot, MANAGERS[1]) == posts_to(bot, NEWS) == []
    assert "The digest of 2026-W17 comes under Messages." in bot.slack.taken("views.publish")[-1].shown
    assert bot.rows("SELECT * FROM digests") == []
    bot.tick()
    bot.until_delivered()
    assert [len(posts_to(bot, recipient)) for recipient in (*MANAGERS, NEWS)] == [2, 1, 1]


def test_nobody_but_a_manager_gets_a_copy(bot):
    home = home_of(bot, user=MANAGERS[0])
    bot.press_home(home, "Send the digest now", user=ASKER)
    bot.settle()
    assert "Send the digest now" not in home_of(bot, user=ASKER).buttons
    assert bot.rows("SELECT * FROM outbox WHERE kind = 'digest'") == []


def test_the_longest_digest_is_within_slacks_limits(start):
    office = start()
    two_weeks(office)
    office.now = IN_THE_WEEK
    for number in range(OPEN_LISTED + 8):
        office.raise_(receiving="gp")
        ask(office, f"{number} " + f"zebra crossing {number} " * 80)
    office.now = MONDAY + timedelta(days=7)
    made = digest_views.digest(digest_of(office))
    assert "ESC-2026-0041" in str(made.blocks)
    assert "and 9 more" in str(made.blocks)
    for attempt in (made, *made.simpler()):
        assert faults_of_message(attempt.as_arguments()) == []


# At the command line


@pytest.fixture
def command(smalltown, tmp_path, monkeypatch):
    """Runs `digest` on a database of two weeks: its result."""
    office = office_in(smalltown, ENGLAND, tmp_path / "data")
    two_weeks(office)
    office.close()
    (tmp_path / "data" / "audit.key").write_text(AUDIT_KEY, "ascii")
    for name, value in {
        "PARTNERSHIP": "smalltown",
        "KNOWLEDGE_DIR": str(smalltown.parent),
        "DATABASE_URL": f"sqlite:///{office.database}",
        "ALLOW_TIME_TRAVEL": "1",
        "SEMANTIC_MODEL": str(tmp_path / "none"),
        "MAIL_FROM": "Guidance bot <bot@example.org>",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    def run(*arguments, at="2026-04-27T09:00", code=0):
        result = CliRunner().invoke(app.main, ["digest", *arguments, *(["--at", at] if at else [])])
        assert result.exit_code == code, result.output
        return result

    run.database = office.database
    return run


def test_the_command_shows_what_will_be_sent_and_sends_nothing(command):
    shown = command("--for", "managers").stdout
    assert shown.startswith("Safeguarding guidance bot: week 2026-W17 (20 April 2026 to 26 April 2026)\n")
    assert "Questions: 11 (the week before: 2)" in shown
    assert f"“{UNKNOWN}” (3 times)" in shown
    assert command("--for", "managers", "--week", "2026-W17", at="2026-05-27T09:00").stdout.startswith(shown[:70])
    assert "Questions: 2 (the week before: 0)" in command("--for", "managers", "--week", "2026-W16").stdout
    entry = command("--for", "practitioners", "--week", "2026-W18").stdout
    assert "Entry of the week: What private fostering is" in entry
    with closing(connect(command.database)) as connection:
        assert connection.execute("SELECT count(*) FROM digests").fetchone()[0] == 0


def test_the_command_makes_a_mail_without_recipients_and_without_what_was_typed(command, tmp_path):
    command("--for", "managers", "--format", "eml", "--out", str(tmp_path / "digest.eml"))
    raw = (tmp_path / "digest.eml").read_bytes()
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert mail["Subject"] == "Safeguarding guidance bot: week 2026-W17 (20 April 2026 to 26 April 2026)"
    assert (mail["From"], mail["To"], mail["Cc"], mail["Bcc"]) == ("Guidance bot <bot@example.org>", None, None, None)
    text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert "Questions: 11 (the week before: 2)" in text
    assert "<td>Questions</td><td>11</td><td>2</td>" in html
    for content in (text, html):
        assert "ESC-2026-0002" in content
        assert UNKNOWN not in content
    assert command("--for", "managers", "--format", "eml").stdout_bytes.count(b"X-Unsent: 1") == 1


@pytest.fixture
def slack(stand_in, monkeypatch):
    for name, value in {
        "SLACK_BOT_TOKEN": "xoxb-test",
        "SLACK_SIGNING_SECRET": "s" * 32,
        "SLACK_API_URL": stand_in.api_url,
        "MANAGERS": ",".join(MANAGERS),
        "NEWS_CHANNEL": NEWS,
    }.items():
        monkeypatch.setenv(name, value)
    return stand_in


def test_the_command_sends_a_digest_once_to_everybody_who_gets_it(command, slack):
    said = command("--for", "managers", "--send").stdout
    assert said.startswith("The digest of 2026-W17 queued for 2 recipients; ")
    again = command("--for", "managers", "--send", at="2026-04-29T09:00").stdout
    assert again == "The digest of 2026-W17 was queued before; 0 messages delivered\n"
    sent = [one.channel for one in slack.taken("chat.postMessage") if "week 2026-W17" in one.text]
    assert sent == [*MANAGERS]
    assert "2026-W18 queued for 1 recipient" in command("--for", "practitioners", "--send").stdout


def test_the_doctor_says_who_gets_digests_and_whether_one_may_have_been_sent_twice(command, slack, monkeypatch):
    def finding():
        said = CliRunner().invoke(app.main, ["doctor"]).stdout
        return next(line for line in said.splitlines() if " digest: " in line)

    assert finding() == "ok    digest: mon 09:00; managers: 2, practitioners: 1"
    command("--for", "practitioners", "--send")
    with closing(connect(command.database)) as connection:
        connection.execute("UPDATE outbox SET repeats = 1 WHERE kind = 'digest'")
    assert finding().endswith("; sent twice, maybe: 1, since the bot died while one was on its way")
    monkeypatch.setenv("NEWS_CHANNEL", "")
    assert "practitioners: nobody" in finding()


def test_what_keeps_a_digest_from_being_sent_is_said_in_one_line(command, slack, monkeypatch, tmp_path):
    early = command("--for", "managers", "--week", "2026-W18", "--send", code=1)
    assert early.stderr == ("the digest of 2026-W18 goes out on Monday 4 May 2026, 9:00, and cannot be sent before\n")
    assert "cannot be written" in command("--for", "managers", "--out", str(tmp_path / "no" / "x"), code=1).stderr
    command("--for", "managers", "--week", "2026-04", code=2)
    monkeypatch.setenv("NEWS_CHANNEL", "")
    assert "set NEWS_CHANNEL" in command("--for", "practitioners", "--send", code=1).stderr
    for name in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"):
        monkeypatch.setenv(name, "")
    assert "Slack is not set" in command("--for", "managers", "--send", code=1).stderr
