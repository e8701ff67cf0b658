"""Everything that the Slack handler can render, held to Slack's limits: shipped content, and hostile content."""

import html
import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slack_limits import BLOCKS_OF_MESSAGE, faults_of_message, faults_of_view

from bot.answering import messages
from bot.answering.answer import answer, show
from bot.answering.reply import Asked, ContactNow, EmergencyCard, Reply, Status
from bot.config import ROOT
from bot.knowledge.loading import layers_of, load
from bot.knowledge.model import Contact, Entry, Number, Rule, Topic
from bot.knowledge.partnership import AgencyKind
from bot.knowledge.shapes import Source
from bot.privacy import Found, Kind, mask
from bot.storage.questions import new_id
from bot.working_time import Opening
from handlers.slack import admission, blocks, buttons, forms, render, saving
from handlers.slack.feedback import NOT_NOTED
from handlers.slack.incoming import message, plain_text

MOMENTS = [datetime(2026, 11, 25, 10, 30, tzinfo=UTC), datetime(2026, 12, 26, 3, 0, tzinfo=UTC)]
AT = MOMENTS[0]
TYPED = {
    Status.ANSWERED: "what is private fostering",
    Status.CHOOSE: "leaflet for new parents",
    Status.NO_GUIDANCE: "quantum chromodynamics",
    Status.SMALL_TALK: "hello",
    Status.IDENTIFIERS: "is Jayden Kowalczyk of S70 2TA privately fostered",
    Status.INDIVIDUAL_CASE: "can you decide for me whether this is private fostering",
    Status.TOO_LONG: "we met again and talked about it. " * 1200,
    Status.EMPTY: "?",
}
ENTRIES = sorted(load(layers_of(ROOT / "knowledge", "barnsley")).entries)


def sound(outgoing):
    """Whether Slack takes a message and shows it as it is meant."""
    assert faults_of_message(outgoing.as_arguments()) == []
    return True


def every_way(reply):
    """A reply as each place renders it."""
    for private in (True, False):
        for hand_back in (True, False):
            for late in (None, messages.late("10:30")):
                yield render.reply(reply, question_id=new_id(), private=private, hand_back=hand_back, late=late)


def texts(blocks):
    """Every text in blocks, as people read it."""
    read = []
    for block in blocks:
        for part in (block, *block.get("elements", []), *block.get("child_blocks", [])):
            text = part.get("text", "")
            read.append(text["text"] if isinstance(text, dict) else text)
    return html.unescape("\n".join(read))


# What is shipped


@pytest.mark.parametrize("full_id", ENTRIES)
def test_an_entry_is_sound_and_whole_wherever_it_is_shown(barnsley, full_id):
    for at in MOMENTS:
        reply = show(full_id, Asked("", at), barnsley)
        for outgoing in every_way(reply):
            assert sound(outgoing)
            assert len(outgoing.blocks) < BLOCKS_OF_MESSAGE
            assert reply.draft in outgoing.text
        shown = texts(outgoing.blocks)
        assert reply.entry.title[:140] in shown
        for rule in (*reply.entry.must, *reply.entry.should):
            assert words(rule.text) <= words(shown)
        for step in (*reply.entry.steps, reply.entry.answer):
            assert words(step) <= words(shown)


def words(text):
    return set(re.findall(r"\w+", re.sub(r"https?://[^\s)|>]+", " ", text)))


def test_an_entrys_line_for_an_agency_is_sound_and_shown_to_that_agency_alone(barnsley):
    lines = 0
    for agency in barnsley.knowledge.partnership.agencies:
        for entry in barnsley.knowledge.entries.values():
            reply = show(entry.full_id, Asked("", AT, agency=agency), barnsley)
            assert reply.for_agency == entry.for_agency.get(agency.kind)
            outgoing = render.reply(reply, private=True)
            assert ("*For you:*" in str(outgoing.blocks)) is (reply.for_agency is not None)
            if reply.for_agency:
                lines += 1
                assert sound(outgoing)
                assert reply.for_agency in texts(outgoing.blocks)
    assert lines


@pytest.fixture(scope="module")
def replies(barnsley, tmp_path_factory):
    """A reply of every status, made by the steps that make it."""
    made = {}
    for status, text in TYPED.items():
        made[status] = answer(Asked(text, AT), barnsley)
    made[Status.BUSY] = answer(Asked("what is private fostering", AT, busy=True), barnsley)
    made[Status.SWITCHED_OFF] = answer(Asked("hello", AT, switched_off="the guidance is being renewed"), barnsley)
    made[Status.ERROR] = Reply(Status.ERROR, messages.ERROR, contacts=barnsley.directory.to_ring(AT))
    if made[Status.CHOOSE].status is not Status.CHOOSE:
        entries = tuple(barnsley.knowledge.entries.values())[:3]
        made[Status.CHOOSE] = Reply(Status.CHOOSE, messages.CHOOSE, others=entries)
    return made


@pytest.mark.parametrize("status", list(Status))
def test_a_reply_of_every_status_is_sound(replies, status):
    reply = replies[status]
    assert reply.status is status
    for outgoing in every_way(reply):
        assert sound(outgoing)
        assert (reply.message or reply.entry.title) in html.unescape(outgoing.text)


@pytest.mark.parametrize("status", list(Status))
def test_only_a_private_reply_repeats_what_was_typed(replies, status):
    reply = replies[status]
    openly = render.reply(reply, question_id=new_id(), private=False, hand_back=False)
    if reply.give_back is not None:
        assert reply.give_back[:40] not in html.unescape(str(openly.blocks)) + openly.text
        privately = render.reply(reply, private=True, hand_back=True)
        assert reply.give_back[:40] in html.unescape(str(privately.blocks))
        assert reply.give_back[:40] not in privately.text, "a notification shows the top-level text"
    assert "ask_without" not in str(openly.blocks)
    assert "share_entry" not in str(openly.blocks)


@pytest.mark.parametrize("status", list(Status))
def test_was_it_helpful_is_asked_of_guidance_alone(replies, status):
    outgoing = render.reply(replies[status], question_id=new_id(), private=True)
    guidance = {Status.ANSWERED, Status.CHOOSE, Status.NO_GUIDANCE, Status.INDIVIDUAL_CASE}
    assert ("verdict" in str(outgoing.blocks)) is (status in guidance)


def test_the_answers_to_small_talk_are_sound(barnsley):
    for entry in barnsley.small_talk.values():
        assert all(sound(outgoing) for outgoing in every_way(Reply(Status.SMALL_TALK, entry=entry)))


@pytest.mark.parametrize("at", MOMENTS)
@pytest.mark.parametrize("kind", [None, AgencyKind.SCHOOL, AgencyKind.POLICE])
def test_the_emergency_card_is_sound_and_begins_with_999(barnsley, at, kind):
    card = barnsley.directory.card(at, kind)
    outgoing = render.card(card)
    assert sound(outgoing)
    assert "<tel:999|" in outgoing.blocks[1]["text"]["text"]
    assert card.contacts[0].contact.numbers[0].display in outgoing.text


def test_the_emergency_card_without_contacts_is_sound_and_begins_with_999():
    outgoing = render.card(EmergencyCard(messages.EMERGENCY_FIRST, messages.EMERGENCY_THEN_UNKNOWN))
    assert sound(outgoing)
    assert "999" in outgoing.text


def test_topics_their_entries_contacts_and_notes_are_sound(barnsley):
    knowledge = barnsley.knowledge
    assert sound(render.topics(knowledge))
    for topic in knowledge.topics.values():
        listed = render.entries(topic.title, knowledge.entries_of(topic.id))
        assert sound(listed)
        assert str(listed.blocks).count("'type': 'button'") == len(knowledge.entries_of(topic.id)) <= 40
    for at in MOMENTS:
        assert sound(render.contacts(barnsley.directory.to_ring(at)))
        assert sound(render.contacts(tuple(barnsley.directory.now(c, at) for c in knowledge.contacts.values())))
    assert sound(render.contacts(()))
    notes = (
        messages.OLD_BUTTON,
        admission.NOT_HERE,
        saving.NOT_SAVED,
        NOT_NOTED,
        buttons.NOT_IN_CHANNEL,
    )
    assert all(sound(render.note(note)) for note in notes)


def test_the_form_is_sound_and_warns_of_names():
    form = forms.missing(new_id())
    assert faults_of_view(form) == []
    assert "Leave out names" in str(form)


# What somebody may write: an editor within the shapes that the files allow, an asker without any

MARKS = ["<!channel>", "<@U123>", "<#C1|general>", "&", "<", ">", "&lt;", "&amp;", "*", "_", "`", "|", "~", "\\"]
SCRIPTS = ["عاجل: اتصل", "\u202eevil\u202c", "👩‍👩‍👧‍👦", "🚨" * 9, "\u200b", "é" * 3, "&" * 50, "<" * 50, "a" * 90]
MARKDOWN = ["\n", "\n\n", "\n- ", "\n1. ", "**bold**", "[label](https://example.org/a?b=1&c=2)", "**", "[x]("]
HOSTILE = st.sampled_from(MARKS) | st.sampled_from(SCRIPTS) | st.sampled_from(MARKDOWN) | st.text(max_size=20)
HARSH = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


@st.composite
def written(draw, most, pieces=8):
    """A text as an editor may write it: any characters, not empty, at most so long."""
    parts = draw(st.lists(HOSTILE, min_size=1, max_size=pieces))
    times = draw(st.sampled_from([1, 1, 1, 7, 60]))
    return ("".join(parts) * times)[:most].strip() or "x"


LINE = written(600)
SHORT = written(600, pieces=3)
URL = st.none() | st.sampled_from(["https://example.org/a?b=1&c=2#d", "https://example.org/" + "a" * 900])
RULES = st.lists(st.builds(Rule, text=LINE, basis=st.none() | SHORT), max_size=12).map(tuple)
DATES = st.sampled_from([None, "undated", "2026", "2022-07-18"])
SOURCES = st.lists(st.builds(Source, title=SHORT, date=DATES, url=URL), max_size=12).map(tuple)
DISPLAY = written(60, pieces=2).map(lambda text: " ".join(text.split()) or "x")
NUMBERS = st.lists(st.builds(Number, display=DISPLAY, dial=st.just("+441226772423")), max_size=3)
SERVICE = st.builds(
    Contact,
    id=st.just("front-door"),
    name=SHORT,
    numbers=NUMBERS.map(tuple),
    email=st.none() | st.just("first.contact@example.org"),
    note=st.none() | LINE,
    source=st.none() | st.builds(Source, title=SHORT, date=st.just("2020-03")),
    confirm=st.booleans(),
)
OPEN = st.builds(ContactNow, contact=SERVICE, opening=st.just(Opening(open=True)), hours=st.just("open until 17:00"))
CONTACTS = st.lists(OPEN, max_size=6).map(tuple)


def entries_of_any_kind(title=SHORT):
    return st.builds(
        Entry,
        topic=st.just("topic"),
        id=st.text("abcdefghij", min_size=1, max_size=12),
        title=title,
        answer=written(12_000, pieces=30),
        must=RULES,
        should=RULES,
        steps=st.lists(LINE, max_size=25).map(tuple),
        confirm_locally=st.none() | LINE,
        sources=SOURCES,
        compiled=st.none() | st.just(date(2026, 11, 21)),
        review_by=st.none() | st.just(date(2027, 5, 21)),
    )


TITLED = st.lists(st.builds(Entry, topic=st.just("t"), id=st.just("e"), title=SHORT, answer=st.just("x")), max_size=3)


@HARSH
@given(
    entry=entries_of_any_kind(),
    others=TITLED,
    related=TITLED,
    contacts=CONTACTS,
    for_agency=st.none() | LINE,
    name=SHORT,
    question_id=st.none() | st.just(new_id()),
)
def test_any_entry_that_an_editor_may_write_is_sound(entry, others, related, contacts, for_agency, name, question_id):
    reply = Reply(
        Status.ANSWERED,
        entry=entry,
        others=tuple(others),
        related=tuple(related),
        contacts=contacts,
        for_agency=for_agency,
        draft=messages.draft(name),
    )
    for private in (True, False):
        assert sound(render.reply(reply, question_id=question_id, private=private))


@HARSH
@given(titles=st.lists(SHORT, min_size=1, max_size=70), heading=SHORT)
def test_any_list_of_entries_is_sound(titles, heading):
    listed = [Entry(topic="t", id=f"e{number}", title=title, answer="x") for number, title in enumerate(titles)]
    assert sound(render.entries(heading, listed))
    topics = tuple(Topic(f"t{number}", title, None) for number, title in enumerate(titles[:40]))
    for private in (True, False):
        assert sound(render.reply(Reply(Status.NO_GUIDANCE, messages.NOT_FOUND, topics=topics), private=private))


@HARSH
@given(contacts=CONTACTS, as_of=st.none() | st.just(date(2026, 11, 21)))
def test_any_contacts_are_sound(contacts, as_of):
    assert sound(render.contacts(contacts))
    assert sound(render.card(EmergencyCard(messages.EMERGENCY_FIRST, messages.EMERGENCY_THEN, contacts, as_of)))


@st.composite
def typed(draw):
    """What an asker may type, with where something identifying would be."""
    parts = draw(st.lists(HOSTILE, max_size=60))
    text = "".join(parts) * draw(st.sampled_from([1, 1, 5, 200]))
    text = text[:40_000]
    start = draw(st.integers(0, max(0, len(text) - 1)))
    found = (Found(start, min(len(text), start + 5), Kind.NAME),) if text else ()
    return text, found


@HARSH
@given(typed())
def test_any_text_that_is_handed_back_is_sound_and_literal(case):
    text, found = case
    without = mask(text, found) if 0 < len(text) <= messages.MAX_QUESTION else None
    for status in (Status.IDENTIFIERS, Status.TOO_LONG, Status.BUSY):
        reply = Reply(status, messages.TOO_LONG, found=found, give_back=text, without=without)
        for outgoing in every_way(reply):
            assert sound(outgoing)


@HARSH
@given(typed())
def test_a_text_that_fits_is_handed_back_whole(case):
    text = case[0][: render.MAX_HANDED_BACK]
    outgoing = render.reply(Reply(Status.TOO_LONG, messages.TOO_LONG, give_back=text), private=True, hand_back=True)
    handed_back = texts(outgoing.blocks)
    assert squeezed(text) in squeezed(handed_back)


def squeezed(text):
    """Without white space and the marks of quoting."""
    return re.sub(r"[\s>]+", "", text)


def test_a_text_that_does_not_fit_is_handed_back_with_a_sign_of_it():
    text = "we met again. " * 2000
    outgoing = render.reply(Reply(Status.TOO_LONG, messages.TOO_LONG, give_back=text), private=True, hand_back=True)
    assert texts(outgoing.blocks).rstrip().endswith("…")


@given(st.text(max_size=300), st.integers(2, 40))
def test_a_cut_text_is_short_enough_and_never_ends_within_an_escape(text, length):
    cut = blocks.cut(blocks.escape(text), length)
    assert len(cut) <= length
    assert re.fullmatch(r"(?:[^<>&]|&(?:amp|lt|gt);)*", cut)


@given(st.text(max_size=300))
def test_what_is_escaped_reads_as_it_was_typed(text):
    assert plain_text(blocks.escape(text)) == text.strip()


# What comes in


@given(st.text(alphabet=st.characters(exclude_characters="<>&"), max_size=80))
def test_a_mention_is_taken_out_of_a_question_and_the_rest_is_kept(text):
    assert plain_text(f"<@U0BOT> {text}") == text.strip()


@pytest.mark.parametrize(
    ("delivered", "read"),
    [
        ("<@U0BOT|guidance> hello", "hello"),
        ("see <https://example.org|example.org>", "see example.org"),
        ("see <https://example.org/a>", "see https://example.org/a"),
        ("ring <tel:01226772423|01226 772423>", "ring 01226 772423"),
        ("write to <mailto:a@example.org|a@example.org>", "write to a@example.org"),
        ("R&amp;D &lt;b&gt;", "R&D <b>"),
        ("&amp;lt;!channel&amp;gt;", "&lt;!channel&gt;"),
        ("<!channel> <!subteam^S1|@leads> <#C1|general> hello", "hello"),
        ("", ""),
    ],
)
def test_slacks_own_marks_are_undone(delivered, read):
    assert plain_text(delivered) == read


@pytest.mark.parametrize("event", [{}, {"type": "message"}, {"type": "app_mention", "user": None}])
def test_an_event_of_nobody_is_no_question(event):
    assert message(event, "U0BOT") is None
