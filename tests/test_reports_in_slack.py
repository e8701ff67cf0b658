"""`/safeguarding report` and its button on Home: for managers, privately, and for nobody else."""

from datetime import UTC, datetime

import pytest
from slack_stand_in import Refused
from slack_workspace import ASKER, home_of

from bot.reporting.report import MARKED, NOTHING

MANAGER = "U0ANN"
DEFINITION, UNKNOWN = "what is private fostering", "quantum chromodynamics"


@pytest.fixture
def bot(start_bot):
    """A bot that was asked in October, and is in November."""
    bot = start_bot(managers=[MANAGER])
    bot.now = datetime(2026, 10, 20, 10, tzinfo=UTC)
    for text in (DEFINITION, DEFINITION, UNKNOWN):
        bot.direct(text)
        bot.settle()
    bot.now = datetime(2026, 11, 25, 10, tzinfo=UTC)
    return bot


def said_to(bot, text, user=MANAGER):
    """What came of a sub-command."""
    bot.slack.taken()
    before = len(bot.slack.calls)
    bot.command(text, user=user)
    bot.settle()
    return bot.slack.shown(before)


def tables_of(said):
    return {
        block["caption"]: [[cell["text"] for cell in row] for row in block["rows"]]
        for block in said.blocks
        if block["type"] == "data_table"
    }


@pytest.mark.parametrize("text", ["report", "report last month", "Report  Last Month", "report 2026-10"])
def test_a_manager_gets_the_main_tables_privately(bot, text):
    (said,) = said_to(bot, text)
    assert said.method == "response_url"
    assert said.arguments["response_type"] == "ephemeral"
    assert "October 2026" in said.blocks[0]["text"]["text"]
    assert said.text.startswith("Take-up and results, October 2026")
    assert MARKED in said.text
    assert MARKED in str(said.blocks[1])
    brief = tables_of(said)["In brief"]
    assert brief[0] == ["figure", "in the period", "in the one before"]
    assert brief[1] == ["Questions", "3", "0"]
    assert set(tables_of(said)) == {
        "In brief", "Use by agency (for section 11)", "Questions by topic", "MASH feedback",
    }  # fmt: skip
    assert UNKNOWN not in said.shown
    assert bot.rows("SELECT count(*) AS n FROM questions")[0]["n"] == 3


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("report this month", "November 2026"),
        ("report last week", "2026-W47"),
        ("report last year", "2025/26"),
        ("report 2026-10-01 2026-10-19", "1 October 2026 to 19 October 2026"),
    ],
)
def test_any_period_can_be_asked_for(bot, text, period):
    (said,) = said_to(bot, text)
    assert period in said.text
    assert NOTHING in said.text


@pytest.mark.parametrize(
    "text", ["report a child at risk", "report next month", "report 2026-13", "reports", "how do I report last month"]
)
def test_anything_else_is_a_question_of_managers_too(bot, text):
    (said,) = said_to(bot, text)
    assert MARKED not in said.shown
    assert bot.rows("SELECT count(*) AS n FROM questions")[0]["n"] == 4


@pytest.mark.parametrize("text", ["report", "report last month"])
def test_of_anybody_else_it_is_a_question(bot, text):
    (said,) = said_to(bot, text, user=ASKER)
    assert MARKED not in said.shown
    assert "October 2026" not in said.shown
    assert bot.rows("SELECT count(*) AS n FROM questions")[0]["n"] == 4


def test_a_button_on_home_gives_managers_the_report_of_last_month(bot):
    bot.press_home(home_of(bot, user=MANAGER), "Report of last month", user=MANAGER)
    bot.settle()
    said = bot.slack.taken("chat.postMessage")[-1]
    assert said.channel == MANAGER
    assert tables_of(said)["In brief"][1] == ["Questions", "3", "0"]
    assert "Report of last month" not in home_of(bot, user=ASKER).shown


def test_whoever_is_no_manager_any_more_gets_no_report(bot):
    bot.press_home(home_of(bot, user=MANAGER), "Report of last month", user=ASKER)
    bot.settle()
    said = bot.slack.taken("chat.postMessage")[-1]
    assert said.text == "The figures are for the partnership's managers."


def test_where_slack_takes_no_tables_the_report_comes_in_words(bot):
    bot.slack.plan("response_url", Refused("invalid_blocks"))
    said = said_to(bot, "report")[-1]
    assert {block["type"] for block in said.blocks} <= {"header", "section", "context"}
    assert "Questions: in the period 3; in the one before 0" in said.shown
    assert MARKED in said.shown


def test_without_a_database_it_is_said_that_there_are_no_figures(start_bot):
    bot = start_bot(managers=[MANAGER], store=False)
    (said,) = said_to(bot, "report")
    assert said.text == "The figures cannot be read just now. Try again in a minute."
