"""What became of my referral? Over signed HTTP: asked, held, listed for the MASH, answered, and closed."""

import json
from datetime import UTC, datetime

import pytest
from slack_workspace import ASKER, home_of
from ticketing import town

from bot.answering.guidance import Guidance
from bot.config import ROOT
from bot.knowledge.loading import layers_of, load

MONDAY = datetime(2026, 4, 27, 9, 0, tzinfo=UTC)  # 10:00 in London
TUESDAY = datetime(2026, 4, 28, 8, 1, tzinfo=UTC)
MANAGER, OFFICER, OTHER_OFFICER, STRANGER = "U0ANN", "U0MASH", "U0MASH2", "U0NOBODY"
CHANNEL = "C0MASH"
ASKED = {"day": "2026-04-24", "made_how": "phone", "made_to": "front-door", "needs": "decision", "changed": "no"}
LATE = {**ASKED, "day": "2026-04-13"}
PHONE = "01632 960123 ext 4"


def guidance_of(smalltown, **files):
    town(smalltown, ROOT / "knowledge" / "england", **files)
    return Guidance.of(load(layers_of(smalltown.parent, "smalltown")))


@pytest.fixture
def start(start_bot, smalltown):
    def start(*, officers=(OFFICER, OTHER_OFFICER), **files):
        knowledge = guidance_of(smalltown, **files)
        bot = start_bot(knowledge, managers=[MANAGER], officers=officers, mash_channel=CHANNEL)
        bot.now = MONDAY
        bot.slack.emails[ASKER] = "teacher@school.example"
        bot.direct("what is private fostering")
        bot.settle()
        bot.slack.calls.clear()
        return bot

    return start


@pytest.fixture
def bot(start):
    return start()


def opened_by(bot, doing):
    """The view that is shown after something was done."""
    before = len(bot.slack.taken("views.open"))
    doing()
    return bot.slack.wait_taken("views.open", before + 1)[-1].arguments["view"]


def pushed_by(bot, doing):
    before = len(bot.slack.taken("views.push"))
    doing()
    return bot.slack.wait_taken("views.push", before + 1)[-1].arguments["view"]


def ask(bot, *, user=ASKER, view_id=None, **changes):
    """Ask; the answer to the form."""
    form = opened_by(bot, lambda: bot.command("", user=user, command="/mash-feedback"))
    return bot.submit(form, {**ASKED, **changes}, user=user, view_id=view_id)


def view_of(bot, reference="MASH-2026-0001", *, user=ASKER):
    return opened_by(bot, lambda: bot.command(reference, user=user, command="/mash-feedback"))


def respond(bot, label, filled=None, *, user, reference="MASH-2026-0001", view_id=None):
    """Do something with a request; the answer to its form."""
    form = pushed_by(bot, lambda: bot.press_in(view_of(bot, reference, user=user), label, user=user))
    return bot.submit(form, filled or {}, user=user, view_id=view_id)


def text_of(view_or_answer):
    body = view_or_answer if isinstance(view_or_answer, dict) else view_or_answer.json()
    return json.dumps(body, ensure_ascii=False)


def stand(bot, reference="MASH-2026-0001"):
    (row,) = bot.rows("SELECT stand FROM tickets WHERE reference = ?", reference)
    return row["stand"]


def pass_time(bot, at):
    bot.now = at
    bot.tick()
    bot.until_delivered()


def told(bot, recipient):
    return [call.text for call in bot.slack.taken("chat.postMessage") if call.channel == recipient]


def test_what_is_not_late_is_held_and_reaches_the_mash_on_the_day_it_is_late(bot):
    answer = text_of(ask(bot))
    for words in ("MASH-2026-0001", "not late yet", "Monday 27 April 2026, 17:00", "Tuesday 28 April", "960001"):
        assert words in answer
    pass_time(bot, TUESDAY)
    assert "Have you heard yet?" in told(bot, ASKER)[-1]
    assert told(bot, CHANNEL) == [], "the MASH hears of nothing that is held"
    prompt = [call for call in bot.slack.taken("chat.postMessage") if call.channel == ASKER][-1]
    assert {"I had heard already", "Not heard yet: ask the MASH"} <= set(prompt.buttons)
    confirm = opened_by(bot, lambda: bot.press(prompt, "Not heard yet: ask the MASH"))
    bot.submit(confirm, {})
    assert stand(bot) == "asked"
    assert told(bot, CHANNEL) == [], "one message a day, not one for each request"
    pass_time(bot, TUESDAY.replace(day=29))
    (message,) = told(bot, CHANNEL)
    assert "1 feedback request waits for the MASH" in message


def test_the_mash_finds_it_says_that_it_told_the_referrer_and_the_referrer_closes_it(bot):
    ask(bot, **LATE, phone=PHONE)
    home = home_of(bot, user=OFFICER)
    listed = opened_by(bot, lambda: bot.press_home(home, "Open the list", user=OFFICER))
    assert "MASH-2026-0001: High School" in text_of(listed)
    assert PHONE not in text_of(listed)
    shown = pushed_by(bot, lambda: bot.press_in(listed, "Open MASH-2026-0001", user=OFFICER))
    for contact in (f"<@{ASKER}>", "teacher@school.example", PHONE):
        assert contact in text_of(shown)
    form = pushed_by(bot, lambda: bot.press_in(shown, "Told the referrer", user=OFFICER))
    assert "What was decided?" not in text_of(form), "the answer itself goes by the secure route"
    bot.submit(form, {}, user=OFFICER)  # by phone, just now: nothing need be typed
    assert stand(bot) == "answered"
    bot.until_delivered()
    assert "told by phone" in told(bot, ASKER)[-1]
    assert "Is this what you needed?" in told(bot, ASKER)[-1]
    respond(bot, "Yes, what I needed", user=ASKER)
    (row,) = bot.rows("SELECT stand, satisfied, how_told, told_by FROM tickets")
    assert row == {"stand": "closed", "satisfied": "yes", "how_told": "phone", "told_by": "social-worker"}


def test_several_are_closed_together(bot):
    for _ in range(3):
        ask(bot, **LATE)
    listed = opened_by(bot, lambda: bot.press_home(home_of(bot, user=OFFICER), "Open the list", user=OFFICER))
    form = pushed_by(bot, lambda: bot.press_in(listed, "Several were told", user=OFFICER))
    respond(bot, "I had heard already", {"how": "phone"}, user=ASKER, reference="MASH-2026-0003")
    chosen = "mash-2026-0001,mash-2026-0002,mash-2026-0003"
    answer = bot.submit(form, {"references": chosen, "how": "secure-e-mail", "told_by": "manager"}, user=OFFICER)
    assert "Recorded for 2" in text_of(answer)
    assert "quicker: MASH-2026-0003" in text_of(answer)
    rows = bot.rows("SELECT stand, how_told FROM tickets ORDER BY reference")
    assert [row["stand"] for row in rows] == ["answered", "answered", "closed"]
    bot.until_delivered()
    assert sum("told by secure e-mail" in text for text in told(bot, ASKER)) == 2


def test_who_disagrees_goes_on_to_an_escalation_that_names_the_request_and_is_named_by_it(bot):
    ask(bot, **LATE)
    respond(bot, "Told the referrer", user=OFFICER)
    form = pushed_by(bot, lambda: bot.press_in(view_of(bot), "I disagree, or heard nothing"))
    elements = {block["block_id"]: block["element"] for block in form["blocks"] if block["type"] == "input"}
    assert elements["receiving"]["initial_option"]["value"] == "social-care"
    assert "MASH-2026-0001" in elements["talks"]["initial_value"]
    answer = bot.submit(form, {"disagree": "No visit.", "want": "A visit.", "child_safe": "yes"})
    assert "ESC-2026-0001" in text_of(answer)
    assert bot.rows("SELECT stand, closed_as, escalation FROM tickets WHERE kind = 'feedback'") == [
        {"stand": "closed", "closed_as": "escalated", "escalation": "ESC-2026-0001"}
    ]
    assert "ESC-2026-0001" in text_of(view_of(bot))
    escalation = opened_by(bot, lambda: bot.command("ESC-2026-0001", command="/escalate"))
    assert "MASH-2026-0001" in text_of(escalation)


def test_when_something_has_changed_the_first_line_says_ring_now(bot):
    answer = ask(bot, changed="yes").json()["view"]["blocks"]
    assert "ring now" in json.dumps(answer[0])
    assert "960001" in json.dumps(answer)


def test_what_was_decided_is_seen_only_on_opening_at_a_work_address_of_the_agency(start):
    bot = start(feedback="answered_by: social-care\nfeedback_content: code_and_note\n")
    ask(bot, **LATE)
    respond(bot, "Told the referrer", {"outcome": "section-17", "note": "A visit on Friday."}, user=OFFICER)
    bot.until_delivered()
    everything_sent = json.dumps([call.arguments for call in bot.slack.taken("chat.postMessage")], default=str)
    assert "section 17" not in everything_sent
    assert "A visit on Friday" not in everything_sent
    assert "section 17" in text_of(view_of(bot))


@pytest.mark.parametrize("surface", ["command", "shortcut", "home"])
def test_the_form_opens_from_every_surface(bot, surface):
    if surface == "command":
        view = opened_by(bot, lambda: bot.command("", command="/mash-feedback"))
    elif surface == "shortcut":
        view = opened_by(bot, lambda: bot.shortcut("ask_feedback"))
    else:
        view = opened_by(bot, lambda: bot.press_home(home_of(bot), "Ask the MASH"))
    assert view["callback_id"] == "feedback"


def test_strangers_and_the_mash_before_it_is_asked_open_nothing(bot):
    ask(bot)
    for user in (STRANGER, OFFICER):
        before = len(bot.slack.taken("response_url"))
        bot.command("MASH-2026-0001", user=user, command="/mash-feedback")
        refusal = bot.slack.wait_taken("response_url", before + 1)[-1]
        assert "There is no feedback request of that reference that you may open" in refusal.text
