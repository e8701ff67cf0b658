"""A question becomes a reply in fixed steps: which step stops it, with what, and on which side of each boundary."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from bot.answering import messages
from bot.answering.answer import answer, asks_to_decide, danger, show
from bot.answering.guidance import Guidance
from bot.answering.reply import Asked, Status
from bot.knowledge.loading import load
from bot.knowledge.partnership import AgencyKind
from bot.privacy import Kind

FRIDAY_MORNING = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
FRIDAY_NIGHT = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
CHRISTMAS_MORNING = datetime(2026, 12, 25, 10, 0, tzinfo=UTC)

IN_DANGER = "his stepdad has got him by the throat right now"
NAMED = "Callum Smith has a bruise"


def padded(text, length):
    """`text` made `length` characters long by words that name nobody."""
    return f"{text}{' and so on' * length}"[: length - 1] + "."


def ask(guidance, text, at=FRIDAY_MORNING, **around):
    return answer(Asked(text, at, **around), guidance)


def ring(reply):
    return [now.contact.id for now in reply.contacts]


@pytest.fixture
def town(smalltown):
    """The tiny partnership, indexed."""
    return Guidance.of(load([smalltown]))


@pytest.fixture
def town_with(smalltown):
    """The tiny partnership with one more topic file."""

    def make(topic_yaml, **thresholds):
        (smalltown / "more.yaml").write_text(topic_yaml, encoding="utf-8")
        return Guidance.of(load([smalltown]), **thresholds)

    return make


def with_thresholds(guidance, **changed):
    return replace(guidance, thresholds=replace(guidance.thresholds, **changed))


# The order of the steps


@pytest.mark.parametrize(
    ("text", "around", "status"),
    [
        (IN_DANGER, {"switched_off": "an audit"}, Status.SWITCHED_OFF),
        (IN_DANGER, {"busy": True}, Status.BUSY),
        (f"Callum Smith is hiding, {IN_DANGER}", {}, Status.IDENTIFIERS),
        ("We met at ten and agreed the plan. " * 80 + IN_DANGER.capitalize(), {}, Status.TOO_LONG),
        ("someone is battering a child next door this minute", {}, Status.ANSWERED),
    ],
)
def test_an_alarm_never_stops_the_rest_and_the_rest_never_stops_an_alarm(barnsley, text, around, status):
    assert danger(text)
    assert ask(barnsley, text, **around).status is status


def test_each_step_comes_before_all_that_follow(barnsley):
    everything = padded(NAMED, messages.MAX_QUESTION + 1)
    assert ask(barnsley, everything, switched_off="an audit", busy=True).status is Status.SWITCHED_OFF
    assert ask(barnsley, everything, busy=True).status is Status.BUSY
    assert ask(barnsley, everything).status is Status.IDENTIFIERS
    assert ask(barnsley, everything.replace("Callum Smith", "the lad here")).status is Status.TOO_LONG
    assert ask(barnsley, "what is private fostering").status is Status.ANSWERED


def test_switched_off_and_busy_come_before_empty(barnsley):
    assert ask(barnsley, "", switched_off="an audit").status is Status.SWITCHED_OFF
    assert ask(barnsley, "", busy=True).status is Status.BUSY
    assert ask(barnsley, "").status is Status.EMPTY


def test_the_same_question_at_the_same_time_gets_the_same_reply(barnsley):
    for text in ("what is private fostering", "leaflet", NAMED, "", "hello"):
        assert ask(barnsley, text) == ask(barnsley, text)


def test_every_reply_says_which_state_of_the_knowledge_it_comes_from(barnsley):
    for text in ("what is private fostering", NAMED, "", "hello", "printer broken", "x" * 3000):
        assert ask(barnsley, text).knowledge_version == barnsley.knowledge.version


# Switched off


def test_switched_off_gives_the_reason_and_whom_to_ring_and_no_guidance(barnsley):
    reply = ask(barnsley, "what is private fostering", switched_off="the policy is being rewritten.")
    assert "Guidance is switched off for now: the policy is being rewritten. Ask" in reply.message
    assert ring(reply) == ["front-door", "emergency-duty-team"]
    assert (reply.entry, reply.shown, reply.topics) == (None, (), ())


def test_an_empty_reason_switches_off_as_well(barnsley):
    assert ask(barnsley, "what is private fostering", switched_off="").status is Status.SWITCHED_OFF
    assert ask(barnsley, "what is private fostering", switched_off=None).status is Status.ANSWERED


# Busy


def test_busy_hands_the_text_back_with_whom_to_ring(barnsley):
    reply = ask(barnsley, "what is private fostering", busy=True)
    assert reply.give_back == "what is private fostering"
    assert reply.message == messages.BUSY
    assert ring(reply) == ["front-door", "emergency-duty-team"]
    assert reply.shown == ()


# Empty


@pytest.mark.parametrize("text", ["", " ", "\n\t", "?", "?!…", "👶", "\u200b\u200d", "---", "\x00"])
def test_what_holds_no_letter_and_no_digit_is_empty_and_the_topics_are_offered(barnsley, text):
    reply = ask(barnsley, text)
    assert reply.status is Status.EMPTY
    assert {topic.id for topic in reply.topics} == set(barnsley.knowledge.topics)


@pytest.mark.parametrize("text", ["9", "?a?", "é", "ش", "３"])
def test_a_single_letter_or_digit_is_not_empty(barnsley, text):
    assert ask(barnsley, text).status is not Status.EMPTY


# Identifiers


def test_what_names_somebody_is_handed_back_and_not_matched(barnsley):
    text = "Callum Smith, dob 12/03/2015, lives at 14 Acacia Avenue, what is private fostering"
    reply = ask(barnsley, text)
    assert reply.status is Status.IDENTIFIERS
    assert [found.kind for found in reply.found] == [Kind.NAME, Kind.DOB, Kind.ADDRESS]
    assert reply.give_back == text
    assert reply.without == "[name], dob [dob], lives at [address], what is private fostering"
    assert (reply.entry, reply.shown, reply.ranking.candidates) == (None, (), ())
    assert ring(reply) == ["front-door", "emergency-duty-team"]


def test_the_message_names_the_kinds_and_repeats_nothing(barnsley):
    reply = ask(barnsley, "Callum Smith and Jade Brown, dob 12/03/2015, ring 07700 900123")
    assert "a person's name, a date of birth and a telephone number" in reply.message
    for part in ("Callum", "Smith", "Jade", "2015", "07700"):
        assert part not in reply.message


def test_without_identifiers_is_offered_only_for_what_is_short_enough_to_ask(barnsley):
    most = ask(barnsley, padded(NAMED, messages.MAX_QUESTION))
    assert most.status is Status.IDENTIFIERS
    assert most.without.startswith("[name] has a bruise")
    more = ask(barnsley, padded(NAMED, messages.MAX_QUESTION + 1))
    assert more.status is Status.IDENTIFIERS
    assert more.without is None


def test_what_is_asked_without_identifiers_is_answered(barnsley):
    refused = ask(barnsley, "what is private fostering, Callum Smith lives with his aunt")
    again = ask(barnsley, refused.without)
    assert again.status in (Status.ANSWERED, Status.CHOOSE)
    assert "private-fostering.definition" in again.shown


# Too long


def test_two_thousand_characters_are_a_question_and_one_more_is_too_long(barnsley):
    longest = padded("what is private fostering", 2000)
    assert ask(barnsley, longest).status in (Status.ANSWERED, Status.CHOOSE, Status.NO_GUIDANCE)
    reply = ask(barnsley, padded("what is private fostering", 2001))
    assert reply.status is Status.TOO_LONG
    assert len(reply.give_back) == 2001
    assert "2,000 characters" in reply.message
    assert ring(reply) == ["front-door", "emergency-duty-team"]
    assert reply.shown == ()


# Match and decide


def test_a_confidence_equal_to_the_threshold_is_an_answer_and_below_it_a_choice(barnsley):
    text = "can parents nod off on the settee with a newborn"
    confidence = ask(barnsley, text).ranking.confidence
    alone = with_thresholds(barnsley, close=1.01, show=0.0)
    exactly = ask(with_thresholds(alone, answer=confidence), text)
    assert exactly.status is Status.ANSWERED
    assert exactly.answer_id == "safer-sleep.sofa"
    below = ask(with_thresholds(alone, answer=confidence + 1e-6), text)
    assert below.status is Status.CHOOSE
    assert below.answer_id is None
    assert below.shown[0] == "safer-sleep.sofa"


def test_a_confidence_equal_to_the_lower_threshold_is_shown_and_below_it_is_not(barnsley):
    text = "can parents nod off on the settee with a newborn"
    confidence = ask(barnsley, text).ranking.confidence
    assert ask(with_thresholds(barnsley, answer=9.0, show=confidence), text).status is Status.CHOOSE
    below = ask(with_thresholds(barnsley, answer=9.0, show=confidence + 1e-6), text)
    assert below.status is Status.NO_GUIDANCE
    assert below.shown == ()


def test_an_answer_stands_alone_only_when_the_second_is_not_as_good(barnsley):
    text = "can parents nod off on the settee with a newborn"
    first, second = ask(barnsley, text).ranking.candidates[:2]
    share = second.score / first.score
    assert ask(with_thresholds(barnsley, close=share + 1e-6), text).status is Status.ANSWERED
    assert ask(with_thresholds(barnsley, close=share - 1e-6), text).status is Status.CHOOSE


def test_a_phrase_of_two_entries_is_a_choice_between_them(town):
    reply = ask(town, "leaflet for new parents")
    assert reply.status is Status.CHOOSE
    assert set(reply.shown[:2]) == {"safer-sleep.position", "safer-sleep.room"}
    assert reply.answer_id is None
    assert reply.message == messages.CHOOSE
    assert ring(reply) == ["front-door"]


@pytest.mark.parametrize("text", ["printer broken", "how do I claim mileage", "qwertyuiop zxcvb"])
def test_what_the_knowledge_does_not_hold_is_said_with_whom_to_ring_and_the_topics(barnsley, text):
    reply = ask(barnsley, text)
    assert reply.status is Status.NO_GUIDANCE
    assert reply.message == messages.NOT_FOUND
    assert ring(reply) == ["front-door", "emergency-duty-team"]
    assert {topic.id for topic in reply.topics} == set(barnsley.knowledge.topics)
    assert (reply.entry, reply.others, reply.shown) == (None, (), ())


def test_an_answer_carries_its_entry_contacts_and_what_is_related_but_not_what_is_shown_already(barnsley):
    reply = ask(barnsley, "what is private fostering")
    assert reply.answer_id == "private-fostering.definition"
    assert reply.shown[0] == "private-fostering.definition"
    assert ring(reply) == ["private-fostering", "front-door"]
    related = [entry.full_id for entry in reply.related]
    assert 1 <= len(related) <= 3
    assert set(related) <= set(reply.entry.related) - set(reply.shown)


def test_no_more_than_three_different_entries_are_shown_and_never_small_talk(barnsley):
    phrases = [entry.phrases[0] for entry in barnsley.knowledge.entries.values()]
    small = [phrase for entry in barnsley.small_talk.values() for phrase in entry.phrases]
    shown = [ask(barnsley, text).shown for text in (*phrases, *small, "baby", "thresholds", "who do i ring tonight?")]
    assert max(map(len, shown)) == 3
    for ids in shown:
        assert len(set(ids)) == len(ids)
        assert set(ids) <= barnsley.knowledge.entries.keys()


# Small talk


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("hello", "bot.greeting"),
        ("Hiya!", "bot.greeting"),
        ("thanks", "bot.thanks"),
        ("ok thanks", "bot.thanks"),
        ("bye", "bot.goodbye"),
        ("what can you do?", "bot.what-can-you-do"),
    ],
)
def test_small_talk_is_answered_as_such(barnsley, text, entry):
    reply = ask(barnsley, text)
    assert reply.status is Status.SMALL_TALK
    assert reply.entry.full_id == entry
    assert (reply.answer_id, reply.shown, reply.draft, reply.contacts) == (None, (), None, ())


def test_small_talk_around_a_question_does_not_hide_it(barnsley):
    for text in ("hello, what is private fostering", "thanks. who counts as a close relative"):
        assert ask(barnsley, text).shown[0].startswith("private-fostering."), text


HELLO = """
topic: welcome
entries:
  - id: newcomers
    title: Newcomers
    answer: Ask for the induction pack.
    phrases: [{phrases}]
"""


@pytest.mark.parametrize("phrase", ["hello", "HELLO", "Hello!", "hello?"])
def test_a_loaded_entry_with_the_same_phrase_goes_before_small_talk(town_with, phrase):
    guidance = town_with(HELLO.format(phrases=f'"{phrase}"'))
    reply = ask(guidance, "hello")
    assert reply.status in (Status.ANSWERED, Status.CHOOSE)
    assert reply.shown[0] == "welcome.newcomers"


def test_an_entry_that_claims_half_of_a_small_talk_replaces_it_and_one_that_claims_less_does_not(town_with):
    phrases = Guidance.of(town_with(HELLO.format(phrases="welcome")).knowledge).small_talk["bot.goodbye"].phrases
    half = len(phrases) // 2
    claimed = ", ".join(f'"{phrase}"' for phrase in phrases[: len(phrases) - half])
    assert "bot.goodbye" not in town_with(HELLO.format(phrases=claimed)).small_talk
    claimed = ", ".join(f'"{phrase}"' for phrase in phrases[: len(phrases) - half - 1])
    kept = town_with(HELLO.format(phrases=claimed)).small_talk["bot.goodbye"].phrases
    assert kept == phrases[len(phrases) - half - 1 :]


# The bot never decides


@pytest.mark.parametrize(
    "text",
    [
        "is this child at risk",
        "can you tell me if this meets threshold",
        "is my family level 3",
        "yes or no, do I refer?",
        "does this child meet the threshold for section 47",
        "what would you do about a baby sleeping on the sofa",
    ],
)
def test_who_asks_the_bot_to_decide_hears_that_a_person_must_and_gets_the_guidance_that_comes_near(barnsley, text):
    reply = ask(barnsley, text)
    assert reply.status is Status.INDIVIDUAL_CASE
    assert reply.message == messages.INDIVIDUAL_CASE
    assert reply.entry is not None
    assert reply.contacts


@pytest.mark.parametrize(
    "text", ["you decide", "can you decide for me", "would you report this", "what level do you think this is"]
)
def test_a_bare_request_to_decide_is_not_taken_for_small_talk(barnsley, text):
    assert ask(barnsley, text).status is Status.INDIVIDUAL_CASE


def test_a_request_to_decide_without_any_guidance_near_it_says_whom_to_ring(barnsley):
    guidance = with_thresholds(barnsley, show=9.0, answer=9.0)
    reply = ask(guidance, "is this child at risk")
    assert reply.status is Status.INDIVIDUAL_CASE
    assert reply.message == messages.INDIVIDUAL_CASE_WITHOUT_GUIDANCE
    assert reply.shown == ()
    assert ring(reply) == ["front-door", "emergency-duty-team"]


@pytest.mark.parametrize(
    "text",
    [
        "what is the threshold for section 47",
        "who decides whether a referral meets the threshold",
        "what does level 3 mean",
        "should i tell parents before i refer",
        "children at risk of exploitation",
    ],
)
def test_a_question_about_how_decisions_are_made_asks_for_none(text):
    assert not asks_to_decide(text)


# For one kind of agency, drafts


def test_the_line_for_the_askers_agency_is_given_and_only_to_it(town):
    school, police = town.knowledge.partnership.agencies
    assert ask(town, "what is private fostering", agency=police).for_agency == "Use your own form as well."
    assert ask(town, "what is private fostering", agency=school).for_agency is None
    assert ask(town, "what is private fostering").for_agency is None
    assert ask(town, "who counts as a close relative", agency=police).for_agency is None


def test_a_draft_is_called_one_with_the_full_name_of_the_partnership(barnsley):
    notice = "Draft, not yet approved by the Barnsley Safeguarding Children Partnership"
    assert ask(barnsley, "what is private fostering").draft == notice
    assert ask(barnsley, "is this child at risk").draft == notice
    assert ask(barnsley, "printer broken").draft is None
    assert ask(barnsley, "hello").draft is None


APPROVED = """
topic: safer-sleep
entries:
  - id: {id}
    title: Approved advice
    answer: On the back, in a clear cot.
    approval: {{status: approved, by: Policy subgroup, on: 2027-01-12}}
    phrases: [{phrase}]
"""


def test_an_approved_answer_carries_no_notice_unless_a_draft_is_offered_beside_it(town_with):
    guidance = town_with(APPROVED.format(id="cots", phrase="where should the cot stand"))
    assert show("safer-sleep.cots", Asked("", FRIDAY_MORNING), guidance).draft is None
    choice = ask(guidance, "leaflet for new parents")
    assert choice.status is Status.CHOOSE
    assert choice.draft == "Draft, not yet approved by the Smalltown Safeguarding Children Partnership"


# Contacts


@pytest.mark.parametrize(
    ("moment", "order"),
    [
        ("2026-11-20T08:59:59", ["duty-team", "front-door"]),
        ("2026-11-20T09:00:00", ["front-door"]),
        ("2026-11-20T16:59:59", ["front-door"]),
        ("2026-11-20T17:00:00", ["duty-team", "front-door"]),
        ("2026-11-21T12:00:00", ["duty-team", "front-door"]),
        ("2026-12-25T12:00:00", ["duty-team", "front-door"]),
        ("2027-01-04T12:00:00", ["front-door"]),
    ],
)
def test_who_stands_in_for_a_closed_service_goes_before_it(town, moment, order):
    at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    assert ring(ask(town, "what is private fostering", at)) == order


@pytest.mark.parametrize("at", [FRIDAY_MORNING, FRIDAY_NIGHT, CHRISTMAS_MORNING])
def test_a_closed_service_never_stands_before_one_that_is_open_or_may_be(barnsley, at):
    mixed = 0
    for full_id in barnsley.knowledge.entries:
        contacts = show(full_id, Asked("", at), barnsley).contacts
        assert len({now.contact.id for now in contacts}) == len(contacts)
        closed = [now.opening.open is False for now in contacts]
        assert all(first <= second for first, second in pairwise(closed)), full_id
        mixed += len(set(closed)) == 2
    assert mixed


def test_summer_time_opens_the_front_door_an_hour_earlier_by_utc(town):
    before = datetime(2026, 7, 3, 7, 59, tzinfo=UTC)
    after = datetime(2026, 7, 3, 8, 0, tzinfo=UTC)
    assert ring(ask(town, "what is private fostering", before))[0] == "duty-team"
    assert ring(ask(town, "what is private fostering", after))[0] == "front-door"


def test_whom_to_ring_follows_the_hour_also_when_there_is_no_guidance(barnsley):
    assert ring(ask(barnsley, "printer broken", FRIDAY_MORNING))[0] == "front-door"
    assert ring(ask(barnsley, "printer broken", FRIDAY_NIGHT))[0] == "emergency-duty-team"
    assert ring(ask(barnsley, "printer broken", CHRISTMAS_MORNING))[0] == "emergency-duty-team"


def test_a_choice_names_the_one_service_that_is_open(town):
    assert ring(ask(town, "leaflet for new parents", FRIDAY_NIGHT)) == ["duty-team"]
    assert ring(ask(town, "leaflet for new parents", FRIDAY_MORNING)) == ["front-door"]


# Showing one entry


def test_an_unknown_entry_is_not_shown(barnsley):
    for unknown in (
        "",
        "private-fostering",
        "private-fostering.gone",
        "PRIVATE-FOSTERING.DEFINITION",
        "bot.greeting",
    ):
        assert show(unknown, Asked("", FRIDAY_MORNING), barnsley) is None


def test_an_entry_that_is_shown_is_the_one_that_answers(barnsley):
    police = next(a for a in barnsley.knowledge.partnership.agencies if a.kind is AgencyKind.POLICE)
    asked = Asked("999", FRIDAY_NIGHT, agency=police)
    shown, answered = show("contacts.emergency-999", asked, barnsley), answer(asked, barnsley)
    assert answered.status is shown.status is Status.ANSWERED
    assert answered.entry == shown.entry
    assert answered.for_agency == shown.for_agency
    assert "section 46" in shown.for_agency
    assert answered.contacts == shown.contacts
    assert answered.draft == shown.draft
    assert (shown.message, shown.others, shown.shown) == ("", (), ("contacts.emergency-999",))


def test_every_entry_can_be_shown_with_those_related_to_it_that_exist(barnsley):
    entries = barnsley.knowledge.entries
    for full_id, entry in entries.items():
        reply = show(full_id, Asked("", FRIDAY_MORNING), barnsley)
        assert reply.answer_id == full_id
        assert [related.full_id for related in reply.related] == [i for i in entry.related if i in entries][:3]
