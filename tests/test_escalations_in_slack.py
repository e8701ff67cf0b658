"""Escalations over signed HTTP: raised, told, answered, handed on and closed, by both sides."""

import json
from datetime import UTC, datetime

import pytest
from slack_stand_in import buttons_of
from slack_workspace import ASKER, home_of
from ticketing import town

from bot.answering.guidance import Guidance
from bot.config import ROOT
from bot.knowledge.loading import layers_of, load

MONDAY = datetime(2026, 4, 27, 9, 0, tzinfo=UTC)  # 10:00 in London
MANAGER, LEAD, DEPUTY, DSL = "U0ANN", "U0TEAM", "U0DEPUTY", "U0DSL"
CHANNEL = "C0ESCALATE"
RAISED = {
    "receiving": "social-care",
    "reason": "referral-criteria",
    "disagree": "The referral was turned down although the child is at home alone every evening.",
    "want": "A social worker sees the child this week.",
    "child_safe": "yes",
}


@pytest.fixture
def knowledge(smalltown):
    town(smalltown, ROOT / "knowledge" / "england")
    return Guidance.of(load(layers_of(smalltown.parent, "smalltown")))


@pytest.fixture
def bot(start_bot, knowledge):
    bot = start_bot(knowledge, managers=[MANAGER], escalations_channel=CHANNEL)
    bot.now = MONDAY
    bot.slack.emails[ASKER] = "teacher@school.example"
    bot.direct("what is private fostering")
    bot.settle()
    bot.slack.calls.clear()
    return bot


def shown(answer):
    """What a form's answer shows."""
    return json.dumps(answer.json(), ensure_ascii=False)


def form_of(bot, *, user=ASKER, door="decision"):
    """The form for raising, past the door."""
    before = len(bot.slack.taken("views.open"))
    bot.command("", user=user, command="/escalate")
    opened = bot.slack.wait_taken("views.open", before + 1)[-1]
    return bot.submit(opened, {"door": door}, user=user).json()["view"]


def raise_one(bot, *, user=ASKER, view_id=None, **changes):
    """Raise an escalation; the answer to the form."""
    return bot.submit(form_of(bot, user=user), {**RAISED, **changes}, user=user, view_id=view_id)


def test_an_escalation_is_recorded_told_and_acknowledged(bot):
    answer = raise_one(bot)
    said = shown(answer)
    for words in ("ESC-2026-0001", "Stage 1", "This is not a referral, and nobody is watching it tonight", "960001"):
        assert words in said
    assert "provisional" in said
    assert RAISED["disagree"] not in said
    bot.until_delivered()
    told = {call.channel: call for call in bot.slack.taken("chat.postMessage")}
    assert {LEAD, CHANNEL, ASKER} <= set(told)
    assert "ESC-2026-0001" in told[LEAD].text
    (row,) = bot.rows("SELECT * FROM tickets")
    assert (row["stand"], row["due"], row["move"]) == ("told", "2026-04-28", "receiving")


def view_of(bot, reference="ESC-2026-0001", *, user=ASKER):
    """One escalation as it is shown to somebody."""
    before = len(bot.slack.taken("views.open"))
    bot.command(reference, user=user, command="/escalate")
    return bot.slack.wait_taken("views.open", before + 1)[-1].arguments["view"]


def moves(view):
    return {
        label for label, element in buttons_of(view["blocks"]).items() if element["action_id"].startswith("move_")
    }


def move(bot, label, filled=None, *, user, reference="ESC-2026-0001", view_id=None):
    """Do something with an escalation; the answer to its form."""
    before = len(bot.slack.taken("views.push"))
    bot.press_in(view_of(bot, reference, user=user), label, user=user)
    form = bot.slack.wait_taken("views.push", before + 1)[-1]
    return bot.submit(form, filled or {}, user=user, view_id=view_id)


def state(bot, reference="ESC-2026-0001"):
    (row,) = bot.rows("SELECT stand, stage, move, due FROM tickets WHERE reference = ?", reference)
    return row["stand"], row["stage"], row["move"], row["due"]


def kinds(bot, reference="ESC-2026-0001"):
    seldom = ("read", "reminded")
    rows = bot.rows("SELECT kind FROM events WHERE ticket = ? ORDER BY seq", reference)
    return [row["kind"] for row in rows if row["kind"] not in seldom]


def pass_time(bot, at):
    """Move the clock, and do what is due."""
    bot.now = at
    bot.tick()
    bot.until_delivered()


def test_what_is_shown_of_one_escalation_is_headed_with_its_reference(bot):
    raise_one(bot)
    bot.until_delivered()
    moved = move(bot, "We have it", user=LEAD).json()["view"]
    assert [view["title"]["text"] for view in (view_of(bot), moved)] == ["ESC-2026-0001", "ESC-2026-0001"]


def told(bot, user):
    """The texts that somebody was sent."""
    return [call.text for call in bot.slack.taken("chat.postMessage") if call.channel == user]


OUTCOME = {
    "outcome": "decision-changed",
    "change": "seen-sooner",
    "child_safe": "yes",
    "voice": "no",
    "agreed": "A social worker sees the child tomorrow after school.",
}


# Raising


def test_harm_by_somebody_who_works_with_children_goes_to_the_lado_and_nothing_is_recorded(bot):
    bot.command("", command="/escalate")
    (opened,) = bot.slack.wait_taken("views.open")
    said = shown(bot.submit(opened, {"door": "harm"}))
    assert "LADO" in said
    assert "960003" in said
    for door, word in (("conduct", "whistleblowing"), ("inside", "Your own agency")):
        assert word in shown(bot.submit(opened, {"door": door}))
    assert bot.rows("SELECT * FROM tickets") == []


@pytest.mark.parametrize("way", ["command", "shortcut", "home", "answer", "message"])
def test_an_escalation_can_be_raised_from_everywhere(bot, way):
    match way:
        case "command":
            bot.command("", command="/escalate")
        case "shortcut":
            bot.shortcut("raise_escalation")
        case "home":
            bot.press_home(home_of(bot), "Raise an escalation")
        case "message":
            bot.message_shortcut("escalate_message", "Kayleigh Ramsbottom was turned down")
        case "answer":
            bot.direct("who settles a disagreement about a decision")
            bot.settle()
            answer = bot.slack.taken("chat.postMessage")[-1]
            bot.press(answer, "Raise an escalation")
    (opened,) = bot.slack.wait_taken("views.open")
    view = bot.submit(opened, {"door": "decision"}).json()["view"]
    assert view["callback_id"] == "escalation"
    assert "ESC-2026-0001" in shown(bot.submit(view, RAISED))
    kept = bot.rows("SELECT body FROM event_bodies")[0]["body"]
    assert ("archives" in kept) == (way == "message")
    assert b"Ramsbottom" not in bot.on_disk()


def test_the_form_has_five_required_fields_and_warns_of_names(bot):
    view = form_of(bot)
    required = [block["block_id"] for block in view["blocks"] if block["type"] == "input" and not block["optional"]]
    assert required == ["receiving", "reason", "disagree", "want", "child_safe"]
    (alert,) = [block for block in view["blocks"] if block["type"] == "alert"]
    assert "No names" in alert["text"]["text"]


def test_somebody_whose_agency_is_not_known_is_asked_for_it(bot):
    view = form_of(bot, user="U0NEW")
    assert view["blocks"][2]["block_id"] == "raising"
    bot.submit(view, {**RAISED, "raising": "gp"}, user="U0NEW")
    assert bot.rows("SELECT raising FROM tickets") == [{"raising": "gp"}]


def test_names_are_refused_beside_their_fields_and_nothing_is_kept(bot):
    said = raise_one(bot, disagree="Kayleigh Ramsbottom was turned down", want="Ring me on 07700 900123").json()
    assert said["response_action"] == "errors"
    assert set(said["errors"]) == {"disagree", "want"}
    assert "a person's name" in said["errors"]["disagree"]
    assert bot.rows("SELECT * FROM tickets") == []
    assert b"Ramsbottom" not in bot.on_disk()


def test_a_child_who_is_not_safe_brings_the_card_and_a_question_before_the_record(bot):
    form = form_of(bot)
    again = bot.submit(form, {**RAISED, "child_safe": "no", "level": "Level 3"}, view_id="V0ONE").json()["view"]
    assert "ring 999" in json.dumps(again).lower()
    assert bot.rows("SELECT * FROM tickets") == []
    kept = {block["block_id"]: block["element"] for block in again["blocks"] if block["type"] == "input"}
    assert kept["disagree"]["initial_value"] == RAISED["disagree"]
    assert kept["level"]["initial_value"] == "Level 3"
    said = shown(bot.submit(again, {"done": "rang-999"}, view_id="V0ONE"))
    assert "ESC-2026-0001" in said
    (event,) = bot.rows("SELECT data FROM events WHERE kind = 'opened'")
    assert json.loads(event["data"])["done"] == "rang-999"


def test_danger_told_in_a_field_brings_the_card_to_the_writer_and_is_recorded(bot):
    said = shown(raise_one(bot, disagree="They closed it but dad is hitting the baby right now and I can hear it"))
    assert "ESC-2026-0001" in said
    assert "Emergency" in said
    bot.until_delivered()
    assert any("999" in text and "hitting" not in text for text in told(bot, ASKER))


def test_the_same_submission_twice_gives_one_record_and_the_same_reference(bot):
    form = form_of(bot)
    first = shown(bot.submit(form, RAISED, view_id="V0SAME"))
    again = shown(bot.submit(form, RAISED, view_id="V0SAME"))
    assert "ESC-2026-0001" in first
    assert "ESC-2026-0001" in again
    assert len(bot.rows("SELECT * FROM tickets")) == 1
    assert kinds(bot)[:1] == ["opened"]


def test_without_a_database_the_form_stays_open(start_bot, knowledge):
    bot = start_bot(knowledge)
    form = form_of(bot)
    bot.store.close()
    said = bot.submit(form, RAISED).json()
    assert said["response_action"] == "errors"
    assert "Not saved yet" in str(said["errors"])


# Both sides


def test_four_stages_with_both_sides_and_the_clock(bot):
    raise_one(bot)
    bot.until_delivered()
    assert state(bot) == ("told", "stage-1", "receiving", "2026-04-28")
    assert {"We have it", "Wrong agency", "Propose an outcome"} <= moves(view_of(bot, user=LEAD))
    move(bot, "We have it", {"talker": "Duty manager"}, user=LEAD)
    assert state(bot)[0] == "acknowledged"
    bot.until_delivered()
    assert any("says that it has it" in text for text in told(bot, ASKER))

    bot.now = datetime(2026, 4, 28, 15, 59, tzinfo=UTC)
    move(bot, "To the next stage", {"why": "They keep to their decision."}, user=ASKER)
    bot.until_delivered()
    assert state(bot) == ("told", "stage-2", "receiving", "2026-04-30")
    bot.now = datetime(2026, 4, 30, 9, 0, tzinfo=UTC)
    move(bot, "To the next stage", {"why": "No answer from the manager."}, user=ASKER)
    bot.until_delivered()
    # Friday 1 May, then Monday 4 May is a bank holiday.
    assert state(bot) == ("told", "stage-3", "receiving", "2026-05-05")
    assert told(bot, "U0SERVICE")
    assert "ESC-2026-0001" in told(bot, "U0HEAD")[0], "the raising agency's own lead of that stage hears of it"
    bot.now = datetime(2026, 5, 5, 15, 0, tzinfo=UTC)
    move(bot, "To the next stage", {"why": "Heads of service could not settle it."}, user="U0SERVICE")
    bot.until_delivered()
    assert state(bot) == ("told", "stage-4", "partnership", "2026-05-12")
    move(bot, "Record the partnership's decision", OUTCOME, user=MANAGER)
    bot.until_delivered()
    assert state(bot)[0] == "closed"
    assert any("Is it filed in your own system?" in text for text in told(bot, ASKER))
    assert kinds(bot) == [
        "opened",
        "other-agency-told",
        "acknowledged",
        *["handed-on", "other-agency-told"] * 3,
        "partnership-decided",
    ]


def test_the_other_agency_closes_it_by_agreeing_and_the_raiser_hears_so(bot):
    raise_one(bot)
    bot.until_delivered()
    move(bot, "Propose an outcome", OUTCOME, user=ASKER)
    assert state(bot)[:3] == ("outcome-proposed", "stage-1", "receiving")
    assert "We agree: close it" not in moves(view_of(bot, user=ASKER))
    said = shown(move(bot, "We agree: close it", user=LEAD))
    assert "Closed on Monday 27 April 2026" in said
    bot.until_delivered()
    assert any("agreed to the outcome; closed" in text for text in told(bot, ASKER))


def test_of_two_who_close_it_at_once_one_does_and_the_other_hears_so_politely(bot):
    raise_one(bot)
    bot.until_delivered()
    move(bot, "Propose an outcome", OUTCOME, user=ASKER)
    forms = []
    for user in (LEAD, "U0TEAM"):
        bot.press_in(view_of(bot, user=user), "We agree: close it", user=user)
        forms.append(bot.slack.wait_taken("views.push", len(forms) + 2)[-1])
    answers = [shown(bot.submit(form, {}, user=LEAD)) for form in forms]
    assert "Recorded: We agree" in answers[0]
    assert "Somebody was quicker" in answers[1]
    assert kinds(bot).count("outcome-agreed") == 1


def test_the_wrong_agency_says_so_and_the_right_one_is_told(bot):
    raise_one(bot, receiving="gp")
    bot.until_delivered()
    assert state(bot)[0] == "not-told"
    move(bot, "They have been told", {"how": "phone", "whom": "Practice manager"}, user=ASKER)
    assert state(bot)[::3] == ("told", "2026-04-28")
    move(bot, "Add something", {"note": "They say that it is social care's."}, user=ASKER)
    bot.now = datetime(2026, 4, 28, 9, 0, tzinfo=UTC)
    raise_one(bot)
    bot.until_delivered()
    move(
        bot,
        "Wrong agency",
        {"better": "gp", "why": "The surgery decided this."},
        user=LEAD,
        reference="ESC-2026-0002",
    )
    assert state(bot, "ESC-2026-0002")[::2] == ("wrong-agency", "raising")
    move(bot, "Name the right agency", {"receiving": "gp"}, user=ASKER, reference="ESC-2026-0002")
    assert state(bot, "ESC-2026-0002")[0] == "not-told"


def test_an_agency_that_nobody_can_reach_stands_as_not_yet_told_with_a_text_to_send(bot):
    said = shown(raise_one(bot, receiving="gp"))
    assert "NOT YET TOLD" in said
    bot.until_delivered()
    for user in (ASKER, MANAGER):
        (text,) = [text for text in told(bot, user) if "A text to send" in text]
        assert "We have raised ESC-2026-0001 under the Resolution policy" in text
        assert RAISED["disagree"] not in text
    assert "They have been told" in moves(view_of(bot, user=MANAGER))


def test_silence_goes_to_the_deputy_then_to_the_partnership_and_never_ends(bot):
    raise_one(bot)
    bot.until_delivered()
    bot.slack.calls.clear()
    pass_time(bot, datetime(2026, 4, 28, 12, 1, tzinfo=UTC))  # noon of the last day, and a minute
    assert ["A reminder" in text for text in told(bot, LEAD)] == [True]
    assert "Suggested by Tuesday 28 April" in told(bot, LEAD)[0]
    assert not any("due" in text.lower() for text in told(bot, LEAD))
    pass_time(bot, datetime(2026, 4, 30, 8, 1, tzinfo=UTC))
    assert any("deputies" in text for text in told(bot, DEPUTY))
    pass_time(bot, datetime(2026, 5, 1, 8, 1, tzinfo=UTC))
    assert any("the partnership is told" in text for text in told(bot, MANAGER))
    count = len(told(bot, MANAGER))
    pass_time(bot, datetime(2026, 6, 30, 8, 1, tzinfo=UTC))
    assert len(told(bot, MANAGER)) == count + 1, "after a long stop, one reminder and not a dozen"
    (row,) = bot.rows("SELECT next_look FROM tickets")
    assert row["next_look"] > "2026-06-30"


def test_a_proposal_that_nobody_answers_closes_as_not_confirmed(bot):
    raise_one(bot)
    bot.until_delivered()
    move(bot, "Propose an outcome", OUTCOME, user=ASKER)
    pass_time(bot, datetime(2026, 5, 5, 15, 59, tzinfo=UTC))
    assert state(bot)[0] == "outcome-proposed"
    pass_time(bot, datetime(2026, 5, 5, 16, 0, tzinfo=UTC))
    assert state(bot)[0] == "closed"
    assert any("not confirmed by the other agency" in text for text in told(bot, ASKER))
    assert any("not confirmed by the other agency" in text for text in told(bot, MANAGER))


def test_reminders_can_be_put_off_until_the_next_working_morning(bot):
    raise_one(bot)
    bot.until_delivered()
    pass_time(bot, datetime(2026, 4, 28, 12, 1, tzinfo=UTC))
    reminder = [call for call in bot.slack.taken("chat.postMessage") if call.channel == LEAD][-1]
    before = len(bot.slack.taken("views.open"))
    bot.press(reminder, "Remind us tomorrow", user=LEAD)
    form = bot.slack.wait_taken("views.open", before + 1)[-1]
    bot.submit(form, {}, user=LEAD)
    count = len(told(bot, LEAD))
    pass_time(bot, datetime(2026, 4, 28, 15, 1, tzinfo=UTC))
    assert len(told(bot, LEAD)) == count
    pass_time(bot, datetime(2026, 4, 29, 8, 1, tzinfo=UTC))
    assert len(told(bot, LEAD)) == count + 1


def test_weeks_after_closing_the_raiser_is_asked_whether_it_happened(bot):
    raise_one(bot)
    bot.until_delivered()
    move(bot, "Propose an outcome", OUTCOME, user=LEAD)
    move(bot, "We agree: close it", user=ASKER)
    move(bot, "Filed in our own system", user=ASKER)
    bot.until_delivered()
    pass_time(bot, datetime(2026, 4, 29, 8, 1, tzinfo=UTC))
    assert any("Is it filed" in text for text in told(bot, LEAD)[-1:])
    assert not any("Is it filed" in text for text in told(bot, ASKER)[-1:])
    pass_time(bot, datetime(2026, 5, 27, 8, 1, tzinfo=UTC))
    assert any("Did what was agreed happen?" in text for text in told(bot, ASKER))
    move(bot, "Say whether it happened", {"happened": "partly"}, user=ASKER)
    assert kinds(bot)[-1] == "followed-up"


def test_a_manager_of_one_of_the_agencies_may_chase_but_not_decide(bot):
    bot.press_home(home_of(bot, user=MANAGER), "High School", user=MANAGER)
    raise_one(bot, stage="stage-4", stage_why="It was tried before.")
    bot.until_delivered()
    assert "Record the partnership's decision" not in moves(view_of(bot, user=MANAGER))
    assert "Add something" in moves(view_of(bot, user=MANAGER))


def test_a_manager_records_one_for_somebody_who_rang(bot):
    bot.press_home(home_of(bot, user=MANAGER), "Record one for somebody who rang", user=MANAGER)
    form = bot.slack.wait_taken("views.open")[-1]
    filled = {
        **RAISED,
        "raising": "gp",
        "received_on": "2026-04-24",
        "heard_by": "phone",
        "from_whom": "Practice nurse",
    }
    assert "ESC-2026-0001" in shown(bot.submit(form, filled, user=MANAGER))
    (event,) = bot.rows("SELECT side, data FROM events WHERE kind = 'opened'")
    assert event["side"] == "partnership"
    assert json.loads(event["data"])["received_on"] == "2026-04-24"
    # The manager speaks for whoever rang.
    assert "Propose an outcome" in moves(view_of(bot, user=MANAGER))


def test_the_channel_has_one_message_that_is_kept_up_to_date_and_holds_nothing_typed(bot):
    raise_one(bot)
    bot.until_delivered()
    move(bot, "We have it", user=LEAD)
    bot.until_delivered()
    (posted,) = [call for call in bot.slack.taken("chat.postMessage") if call.channel == CHANNEL]
    updates = bot.slack.taken("chat.update")
    assert {call.arguments["ts"] for call in updates} == {posted.ts}
    assert "it is being talked about" in updates[-1].text
    for call in (posted, *updates):
        assert "ESC-2026-0001: High School to Smalltown Council" in call.text
        assert not any(typed in call.shown for typed in (RAISED["disagree"], RAISED["want"]))


# Seeing


def test_strangers_see_nothing_and_are_not_told_whether_it_exists(bot):
    raise_one(bot)
    bot.until_delivered()
    posted = next(call for call in bot.slack.taken("chat.postMessage") if call.channel == CHANNEL)
    for reference in ("ESC-2026-0001", "ESC-2026-0999"):
        bot.command(reference, user="U0STRANGER", command="/escalate")
    bot.press(posted, "Open ESC-2026-0001", user="U0STRANGER")
    refusals = {call.text for call in bot.slack.wait_taken("response_url", 3)}
    assert len(refusals) == 1
    assert "High School" not in refusals.pop()
    assert "ESC-" not in home_of(bot, user="U0STRANGER").shown


def test_a_managers_reading_of_anothers_record_is_an_event_and_the_raisers_is_none(bot):
    raise_one(bot)
    bot.until_delivered()
    view_of(bot)
    view_of(bot, user=LEAD)
    assert bot.rows("SELECT * FROM events WHERE kind = 'read'") == []
    assert RAISED["disagree"] in json.dumps(view_of(bot, user=MANAGER))
    (row,) = bot.rows("SELECT side, person_id FROM events WHERE kind = 'read'")
    assert row["side"] == "partnership"


def test_home_lists_mine_my_agencys_and_for_managers_all_that_are_open(bot):
    raise_one(bot)
    bot.until_delivered()
    for user, title in (
        (ASKER, "My requests"),
        (LEAD, "My agency's"),
        (DSL, "My agency's"),
        (MANAGER, "All that are"),
    ):
        home = home_of(bot, user=user)
        assert title in home.shown
        assert "Open ESC-2026-0001" in home.buttons
        assert RAISED["disagree"] not in home.shown


def test_the_copy_for_the_childs_record_is_plain_text_with_a_line_for_the_name(bot):
    raise_one(bot, own_reference="CIN/2026-7")
    bot.until_delivered()
    bot.press_in(view_of(bot), "Copy for the child's record")
    text = "".join(b["text"]["text"] for b in bot.slack.wait_taken("views.push")[-1].arguments["view"]["blocks"])
    for words in ("Child: ____", RAISED["disagree"], "CIN/2026-7", "Smalltown Safeguarding Children Partnership"):
        assert words in text


# Short records


def test_a_talk_that_settled_it_takes_six_taps_and_a_sentence(bot):
    bot.press_home(home_of(bot), "We have talked")  # one tap
    form = bot.slack.wait_taken("views.open")[-1]
    elements = {b["block_id"]: b["element"]["type"] for b in form.arguments["view"]["blocks"] if b["type"] == "input"}
    taps = {"static_select": 2, "radio_buttons": 1, "plain_text_input": 0, "datepicker": 0}
    assert 1 + sum(taps[kind] for kind in elements.values()) + 1 <= 6
    filled = {
        "other": "social-care",
        "outcome": "partly-changed",
        "both_told": "yes",
        "text": "They visit soon.",
    }
    assert "QR-2026-0001" in shown(bot.submit(form, filled))
    (row,) = bot.rows("SELECT kind, agency, data, text FROM quick_records")
    assert (row["kind"], row["text"]) == ("talk", "They visit soon.")
    assert json.loads(row["data"])["day"] == "2026-04-27"


def test_a_talk_that_settled_nothing_goes_on_to_an_escalation_with_what_is_known(bot):
    bot.press_home(home_of(bot), "We have talked")
    form = bot.slack.wait_taken("views.open")[-1]
    filled = {"other": "social-care", "outcome": "not-settled", "both_told": "yes", "text": "They keep to it."}
    view = bot.submit(form, filled).json()["view"]
    assert view["callback_id"] == "escalation"
    rest = {name: RAISED[name] for name in ("reason", "want", "child_safe")}
    assert "ESC-2026-0001" in shown(bot.submit(view, rest))
    kept = json.loads(bot.rows("SELECT body FROM event_bodies")[0]["body"])
    assert kept["disagree"] == "They keep to it."
    assert "QR-2026-0001" in kept["talks"]


@pytest.mark.parametrize(
    ("label", "filled"),
    [
        ("Considered, not escalated", {"other": "gp", "reason": "services", "why_not": "explained"}),
        ("This worked well", {"other": "gp", "text": "They rang back within the hour."}),
    ],
)
def test_the_other_short_records_are_kept_and_guarded(bot, label, filled):
    bot.press_home(home_of(bot), label)
    form = bot.slack.wait_taken("views.open")[-1]
    refused = bot.submit(form, {**filled, "text": "Kayleigh Ramsbottom was kind"}).json()
    assert set(refused["errors"]) == {"text"}
    assert "QR-2026-0001" in shown(bot.submit(form, filled))


@pytest.mark.parametrize("label", ["Copy for the child's record", "Add something"])
def test_where_the_records_cannot_be_read_nobody_hears_that_there_are_none(bot, label):
    raise_one(bot)
    bot.until_delivered()
    view = view_of(bot)
    bot.store.close()
    bot.press_in(view, label)
    (said,) = bot.slack.wait_taken("views.push")
    assert "cannot be read just now" in said.shown
    assert "There is no escalation" not in said.shown
