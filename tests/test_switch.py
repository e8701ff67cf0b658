"""The switch: managers and the operator stop guidance, and only guidance; everybody is told why."""

import os
import subprocess
import sys
import time

import pytest
from slack_workspace import ASKER, home_of

from bot.config import ROOT

DEFINITION = "what is private fostering"
DANGER = "dad is hitting the baby right now and I can hear it"
MANAGER = "U0ANN"


def test_a_manager_switches_guidance_off_and_on_again_and_everybody_sees_why(start_bot):
    bot = start_bot(managers=[MANAGER])
    bot.press_home(home_of(bot, user=MANAGER), "Switch guidance off", user=MANAGER)
    (opened,) = bot.slack.wait_taken("views.open")
    assert bot.submit(opened, "The policy is being rewritten", user=MANAGER).content == b""
    bot.direct(DANGER)
    card, answer = bot.slack.wait_taken("chat.postMessage", 2)
    assert "999" in card.text
    assert "switched off for now: The policy is being rewritten" in answer.text
    assert "switched off for now: The policy is being rewritten" in home_of(bot).shown
    switched = bot.rows("SELECT off, reason, person_id IS NOT NULL AS who FROM switchings")
    assert switched == [{"off": 1, "reason": "The policy is being rewritten", "who": 1}]

    bot.press_home(home_of(bot, user=MANAGER), "Switch guidance on again", user=MANAGER)
    bot.settle()
    assert "switched off" not in home_of(bot).shown
    bot.direct(DEFINITION)
    assert "28 days" in bot.slack.wait_taken("chat.postMessage", 3)[2].text


def test_what_was_switched_off_stays_off_after_a_restart_and_hides_what_buttons_and_pages_show(start_bot):
    bot = start_bot(managers=[MANAGER])
    bot.direct(DEFINITION)
    bot.settle()
    (answer,) = bot.slack.taken("chat.postMessage")
    bot.press_home(home_of(bot, user=MANAGER), "Switch guidance off", user=MANAGER)
    bot.submit(bot.slack.wait_taken("views.open")[0], "An audit", user=MANAGER)
    bot.stop()
    bot = start_bot(managers=[MANAGER])
    bot.press(answer, next(name for name, b in answer.buttons.items() if b["action_id"].startswith("show_related")))
    assert "switched off for now: An audit" in bot.slack.wait_taken("chat.postMessage", 2)[1].text
    for address in ("/guidance", "/guidance/private-fostering.definition"):
        page = bot.http.get(address)
        assert page.status_code == 503
        assert "switched off for now: An audit" in page.text
        assert "28 days" not in page.text
    assert bot.http.get("/readyz").json()["switched_off"] is True


@pytest.mark.parametrize("reason", ["   ", "Kayleigh Ramsbottom complained"])
def test_a_reason_that_cannot_be_shown_keeps_the_form(start_bot, reason):
    bot = start_bot(managers=[MANAGER])
    bot.press_home(home_of(bot, user=MANAGER), "Switch guidance off", user=MANAGER)
    said = bot.submit(bot.slack.wait_taken("views.open")[0], reason, user=MANAGER).json()
    assert said["response_action"] == "errors"
    assert bot.rows("SELECT * FROM switchings") == []


def test_nobody_but_a_manager_switches(start_bot):
    bot = start_bot(managers=[MANAGER])
    home = home_of(bot, user=MANAGER)
    assert "Switch guidance off" not in home_of(bot).buttons
    bot.press_home(home, "Switch guidance off", user=ASKER)
    bot.slack.wait_taken("chat.postMessage")
    bot.press_home(home, "Switch guidance off", user=MANAGER)
    said = bot.submit(bot.slack.wait_taken("views.open")[0], "Mischief", user=ASKER).json()
    assert "Only the partnership's managers" in said["errors"]["reason"]
    bot.stop()
    assert bot.rows("SELECT * FROM switchings") == []


# From the command line


def run(*arguments, database, **more):
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{database}", **more}
    return subprocess.run(
        [sys.executable, "app.py", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_the_operator_switches_off_and_a_running_bot_notices(bot):
    done = run("switch", "off", "--reason", "The numbers are wrong", database=bot.database)
    assert (done.returncode, done.stdout) == (0, "Guidance is switched off: The numbers are wrong\n")
    deadline = time.monotonic() + 15
    while not bot.http.get("/readyz").json()["switched_off"]:
        assert time.monotonic() < deadline
    bot.direct(DEFINITION)
    assert "The numbers are wrong" in bot.slack.wait_taken("chat.postMessage")[0].text
    asked = run("ask", DEFINITION, database=bot.database)
    assert "switched off for now: The numbers are wrong" in " ".join(asked.stdout.split())
    assert run("switch", "on", database=bot.database).returncode == 0
    assert "28 days" in run("ask", DEFINITION, database=bot.database).stdout


@pytest.mark.parametrize("reason", ["", "Kayleigh Ramsbottom complained", "x" * 201])
def test_a_reason_that_cannot_be_shown_switches_nothing(tmp_path, reason):
    done = run("switch", "off", "--reason", reason, database=tmp_path / "data.db")
    assert done.returncode == 2
    assert "--reason" in done.stderr
    assert "Ramsbottom" not in done.stderr
    assert not (tmp_path / "data.db").exists()


def test_what_cannot_be_written_is_not_said_to_be_switched(tmp_path):
    (tmp_path / "data.db").mkdir()
    done = run("switch", "off", "--reason", "An audit", database=tmp_path / "data.db")
    assert done.returncode == 1
    assert "guidance is still on" in done.stderr
